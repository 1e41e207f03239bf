//! Calls: the callee's name, qualified as far as this file's imports and aliases settle it, and what a few forms of the language itself return.

use super::Lower;
use super::names::MAX_NAMES;
use super::text::{Piece, braces, normalise};
use crate::facts::{Arg, ArgName, Call, Target, V, ValueId, What};
use crate::source::Range;
use crate::syntax::python::Node;

impl<'t> Lower<'t, '_> {
    /// A call of `callee`. `receiver` is what the attribute was taken from.
    pub fn call(&mut self, node: Node<'t>, range: Range, callee: ValueId, receiver: Option<ValueId>) -> ValueId {
        let args = self.arguments(node);
        let result = self.call_with(range, callee, receiver, args.clone());
        self.changed_by(node, range, receiver, &args);
        result
    }

    pub fn call_with(&mut self, range: Range, callee: ValueId, receiver: Option<ValueId>, args: Vec<Arg>) -> ValueId {
        if let Some(value) = self.reflection(range, callee, &args) {
            return value;
        }
        // `getattr(x, "f")(…)` is `x.f(…)`.
        let receiver = receiver.or(match self.b.facts.value(callee).what {
            V::Attr(base, _) => Some(base),
            _ => None,
        });
        let names = self.names(callee);
        let args = self.with_partial(callee, args);
        let names = if names.is_empty() { vec![self.unrooted(callee)] } else { names };
        // Inside a function a name of the module can still come to mean more.
        let of_definition =
            matches!(self.b.facts.value(callee).what, V::Attr(..)) && receiver.is_some_and(|r| matches!(self.b.facts.value(r).what, V::Name(_)));
        let early = self.scopes.len() > 1 || of_definition;
        let mut results = Vec::new();
        for (i, name) in names.into_iter().take(MAX_NAMES).enumerate() {
            let fact = self.add(range, What::Call(Call { name, callee, receiver, args: args.clone() }));
            if early && i == 0 {
                self.early.push((fact, Vec::new()));
            }
            results.push(self.value(range, V::Ref(fact)));
        }
        self.mapped(range, callee, &args);
        let result = self.one_of(range, results);
        self.text_call(range, callee, receiver, &args).or_else(|| self.dictionary_call(range, callee, &args)).unwrap_or(result)
    }

    /// `map(f, xs)` and `filter(f, xs)` call `f` with the elements.
    fn mapped(&mut self, range: Range, callee: ValueId, args: &[Arg]) {
        if !matches!(&self.b.facts.value(callee).what, V::Name(n) if matches!(n.as_str(), "map" | "filter")) {
            return;
        }
        let [function, lists @ ..] = args else { return };
        let function = function.value;
        let mut inner = Vec::new();
        for (i, list) in lists.iter().enumerate() {
            let key = self.value(range, V::Unknown(Vec::new()));
            let value = self.value(range, V::Index(list.value, key));
            inner.push(Arg { name: ArgName::Position(u32::try_from(i).unwrap_or(0)), value });
        }
        for name in self.names(function) {
            self.add(range, What::Call(Call { name, callee: function, receiver: None, args: inner.clone() }));
        }
    }

    fn arguments(&mut self, node: Node<'t>) -> Vec<Arg> {
        let Some(list) = node.field("arguments") else { return Vec::new() };
        if list.kind() != "argument_list" {
            // `f(x for x in y)`.
            let value = self.expr(list);
            return vec![Arg { name: ArgName::Position(0), value }];
        }
        let mut out = Vec::new();
        let mut position = 0;
        for child in list.named() {
            match child.kind() {
                "keyword_argument" => {
                    let name = child.field("name").map(|n| normalise(n.text())).unwrap_or_default();
                    if let Some(value) = child.field("value") {
                        let value = self.expr(value);
                        out.push(Arg { name: ArgName::Keyword(name), value });
                    }
                }
                _ if child.text().starts_with("**") => {
                    let value = self.unstarred(child);
                    // `**{"a": 1}` written out is `a=1`.
                    let entries = match &self.b.facts.value(value).what {
                        V::Dict(entries, open) => Some((entries.clone(), *open)),
                        _ => None,
                    };
                    if let Some((entries, open)) = entries {
                        for (key, value) in entries {
                            if let Some(name) = self.b.facts.literal(key) {
                                out.retain(|a: &Arg| a.name != ArgName::Keyword(name.clone()));
                                out.push(Arg { name: ArgName::Keyword(name), value });
                            } else {
                                out.push(Arg { name: ArgName::KeywordRest, value });
                            }
                        }
                        if !open {
                            continue;
                        }
                    }
                    out.push(Arg { name: ArgName::KeywordRest, value });
                }
                _ if child.text().starts_with('*') => {
                    let value = self.unstarred(child);
                    if let V::List(items, false) = self.b.facts.value(self.through(value)).what.clone() {
                        for value in items {
                            out.push(Arg { name: ArgName::Position(position), value });
                            position += 1;
                        }
                        continue;
                    }
                    out.push(Arg { name: ArgName::Rest, value });
                }
                _ => {
                    let value = self.expr(child);
                    out.push(Arg { name: ArgName::Position(position), value });
                    position += 1;
                }
            }
        }
        out
    }

    fn text_of(&self, args: &[Arg], position: usize) -> Option<String> {
        let value = args.get(position).filter(|a| a.name == ArgName::Position(u32::try_from(position).unwrap_or(0)))?.value;
        match &self.b.facts.value(self.through(value)).what {
            V::Str(text) => Some(text.as_str().to_owned()),
            V::Join(_) => self.b.facts.literal(value),
            _ => None,
        }
    }

    /// The few texts that a value can be; of one that is literal at its beginning only, that with a `*`.
    fn texts_of(&self, value: ValueId) -> Option<Vec<String>> {
        let value = self.through(value);
        match &self.b.facts.value(value).what {
            V::Phi(options) if options.len() <= MAX_NAMES => {
                let all: Option<Vec<Vec<String>>> = options.iter().map(|o| self.texts_of(*o)).collect();
                all.map(|all| all.concat())
            }
            V::Join(parts) => {
                let texts: Vec<Option<String>> = parts.iter().map(|p| self.b.facts.literal(self.through(*p))).collect();
                let begins: String = texts.iter().map_while(|t| t.as_deref()).collect();
                let whole = texts.iter().all(Option::is_some);
                (!begins.is_empty()).then(|| vec![if whole { begins } else { format!("{begins}*") }])
            }
            V::Str(text) => Some(vec![text.as_str().to_owned()]),
            _ => None,
        }
    }

    /// Forms of the language that are a name in disguise: `getattr(m, "f")`, `__import__("m")`, `import_module("m")`, `vars(m)`.
    fn reflection(&mut self, range: Range, callee: ValueId, args: &[Arg]) -> Option<ValueId> {
        let names = self.names(callee);
        let name = names.first()?;
        let last = name.rsplit('.').next().unwrap_or(name);
        match last {
            "getattr" => {
                let attributes = self.texts_of(args.get(1)?.value)?;
                let base = args.first()?.value;
                let mut values: Vec<ValueId> = attributes.iter().map(|a| self.attribute(base, &normalise(a), range)).collect();
                values.extend(args.get(2).map(|default| default.value));
                Some(self.one_of(range, values))
            }
            "setattr" => {
                let [base, _, value] = args else { return None };
                let (base, value) = (base.value, value.value);
                for name in self.texts_of(args.get(1)?.value)? {
                    self.add(range, What::Assignment { target: Target::Attr(base, normalise(&name)), value });
                }
                None
            }
            "__import__" | "import_module" => {
                let module = self.text_of(args, 0)?;
                let module = if last == "__import__" && args.len() < 4 { module.split('.').next().unwrap_or_default().to_owned() } else { module };
                // The call stays a fact: a row may speak of it.
                let name = name.clone();
                self.add(range, What::Call(Call { name, callee, receiver: None, args: args.to_vec() }));
                let value = self.value(range, V::Name(module));
                self.imported.insert(value);
                Some(value)
            }
            "vars" if args.len() == 1 => {
                let base = args.first()?.value;
                Some(self.attribute(base, "__dict__", range))
            }
            _ => None,
        }
    }

    /// Calls that only put text together: `"{}".format(x)`, `", ".join([…])`, `os.path.join(…)`.
    fn text_call(&mut self, range: Range, callee: ValueId, receiver: Option<ValueId>, args: &[Arg]) -> Option<ValueId> {
        let V::Attr(_, method) = self.b.facts.value(callee).what.clone() else {
            let V::Name(name) = &self.b.facts.value(callee).what else { return None };
            if name.ends_with(".path.join") && args.iter().all(|a| matches!(a.name, ArgName::Position(_))) && !args.is_empty() {
                return Some(self.joined(range, &args.iter().map(|a| a.value).collect::<Vec<_>>(), Some("/")));
            }
            return None;
        };
        let receiver = self.through(receiver?);
        let V::Str(format) = self.b.facts.value(receiver).what.clone() else { return None };
        match method.as_str() {
            "format" => {
                let mut parts = Vec::new();
                let mut next = 0;
                for piece in braces(format.as_str()) {
                    let value = match piece {
                        Piece::Text(a, b) => Some(self.b.text(format.slice(a, b))),
                        Piece::Position(n) => {
                            let n = n.unwrap_or(next);
                            next = n + 1;
                            args.iter().find(|a| a.name == ArgName::Position(u32::try_from(n).unwrap_or(u32::MAX))).map(|a| a.value)
                        }
                        Piece::Name(n) => args.iter().find(|a| a.name == ArgName::Keyword(n.clone())).map(|a| a.value),
                        Piece::Number(n, name) => {
                            next = if name.is_none() { n.unwrap_or(next) + 1 } else { next };
                            Some(self.value(range, V::Unknown(Vec::new())))
                        }
                    };
                    let rest: Vec<ValueId> = args.iter().map(|a| a.value).collect();
                    parts.push(value.unwrap_or_else(|| self.value(range, V::Unknown(rest))));
                }
                Some(self.value(range, V::Join(parts)))
            }
            "join" => {
                let V::List(elements, false) = self.b.facts.value(args.first()?.value).what.clone() else { return None };
                Some(self.joined(range, &elements, Some(format.as_str())))
            }
            _ => None,
        }
    }

    /// Values with a separator between them.
    pub fn joined(&mut self, range: Range, values: &[ValueId], separator: Option<&str>) -> ValueId {
        let mut parts = Vec::new();
        for (i, value) in values.iter().enumerate() {
            if let Some(separator) = separator.filter(|_| i > 0) {
                parts.push(self.b.text(crate::text::Text::synthetic(separator, range)));
            }
            parts.push(*value);
        }
        self.value(range, V::Join(parts))
    }
}
