//! Calls: the callee's name, qualified as far as this file's imports and aliases settle it, and what a few forms of the language itself return.

use super::Lower;
use super::text::{Piece, braces, normalise};
use crate::facts::{Arg, ArgName, Call, FactId, V, ValueId, What};
use crate::source::Range;
use crate::syntax::python::Node;

/// More candidates for one callee than this are cut.
const MAX_NAMES: usize = 4;

impl<'t> Lower<'t, '_> {
    /// A call of `callee`. `receiver` is what the attribute was taken from.
    pub fn call(&mut self, node: Node<'t>, range: Range, callee: ValueId, receiver: Option<ValueId>) -> ValueId {
        let args = self.arguments(node);
        self.call_with(range, callee, receiver, args)
    }

    pub fn call_with(&mut self, range: Range, callee: ValueId, receiver: Option<ValueId>, args: Vec<Arg>) -> ValueId {
        if let Some(value) = self.reflection(range, callee, &args) {
            return value;
        }
        let names = self.names(callee, 0);
        let open = names.is_empty();
        let names = if open { vec![self.unrooted(callee)] } else { names };
        let mut results = Vec::new();
        for name in names.into_iter().take(MAX_NAMES) {
            let fact = self.add(range, What::Call(Call { name, callee, receiver, args: args.clone() }));
            if open {
                self.unnamed.push(fact);
            }
            results.push(self.value(range, V::Ref(fact)));
        }
        let result = self.one_of(range, results);
        self.text_call(range, callee, receiver, &args).unwrap_or(result)
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

    /// The qualified names a value can stand for; empty when its root is unknown.
    pub fn names(&self, value: ValueId, depth: usize) -> Vec<String> {
        self.names_of(value, depth, false)
    }

    /// `root`: an attribute is taken from it.
    fn names_of(&self, value: ValueId, depth: usize, root: bool) -> Vec<String> {
        if depth > 8 {
            return Vec::new();
        }
        let mut out: Vec<String> = Vec::new();
        let mut add = |name: String| {
            if !out.contains(&name) && out.len() < MAX_NAMES {
                out.push(name);
            }
        };
        match &self.b.facts.value(value).what {
            V::Name(name) => {
                let bare = !self.imported.contains(&value);
                match self.aliases.get(name) {
                    Some(aliases) if bare => {
                        aliases.iter().cloned().for_each(&mut add);
                        if self.imports.contains_key(name) {
                            add(name.clone());
                        }
                    }
                    _ => {
                        // An attribute of a variable is nothing that a bare name could qualify.
                        if !(bare && root) || self.definitions.contains(name) || name.contains('.') {
                            add(name.clone());
                        }
                        // A name that nothing here binds may come from any `import *`.
                        if bare && !self.others.contains(name) && !self.imports.contains_key(name) && !name.contains('.') {
                            self.stars.iter().map(|m| if m.ends_with('.') { format!("{m}{name}") } else { format!("{m}.{name}") }).for_each(&mut add);
                        }
                    }
                }
            }
            V::Attr(base, name) => {
                for base in self.names_of(*base, depth + 1, true) {
                    add(format!("{base}.{name}"));
                }
            }
            V::Phi(values) => values.iter().flat_map(|v| self.names_of(*v, depth + 1, root)).for_each(add),
            V::Func(fact) => {
                if let What::Function { name, .. } = &self.fact(*fact).what {
                    add(name.clone());
                }
            }
            V::Ref(fact) => {
                if let What::Assignment { value, .. } = &self.fact(*fact).what {
                    let value = *value;
                    // An alias, not the result of something.
                    if matches!(self.b.facts.value(value).what, V::Name(_) | V::Attr(..) | V::Phi(_) | V::Func(_) | V::Ref(_)) {
                        self.names_of(value, depth + 1, root).into_iter().for_each(add);
                    }
                }
            }
            _ => {}
        }
        out
    }

    /// `?.a.b` for attributes of something unknown.
    pub fn unrooted(&self, callee: ValueId) -> String {
        let mut segments: Vec<&str> = Vec::new();
        let mut at = callee;
        while let V::Attr(base, name) = &self.b.facts.value(at).what {
            segments.push(name);
            at = *base;
        }
        segments.push("?");
        segments.reverse();
        segments.join(".")
    }

    /// Names calls again whose callee a closure had left open.
    pub fn name_again(&mut self) {
        let waiting: Vec<FactId> = std::mem::take(&mut self.unnamed);
        for fact in waiting {
            let What::Call(call) = &self.fact(fact).what else { continue };
            let name = self.names(call.callee, 0).into_iter().next();
            match name {
                Some(name) => {
                    if let Some(What::Call(call)) = self.b.facts.items.get_mut(fact.0 as usize).map(|f| &mut f.what) {
                        call.name = name;
                    }
                }
                None => self.unnamed.push(fact),
            }
        }
    }

    fn text_of(&self, args: &[Arg], position: usize) -> Option<String> {
        let value = args.get(position).filter(|a| a.name == ArgName::Position(u32::try_from(position).unwrap_or(0)))?.value;
        match &self.b.facts.value(self.through(value)).what {
            V::Str(text) => Some(text.as_str().to_owned()),
            V::Join(_) => self.b.facts.literal(value),
            _ => None,
        }
    }

    /// Follows an assigned constant.
    pub fn through(&self, mut value: ValueId) -> ValueId {
        for _ in 0..4 {
            let V::Ref(fact) = &self.b.facts.value(value).what else { break };
            let What::Assignment { value: inner, .. } = &self.fact(*fact).what else { break };
            value = *inner;
        }
        value
    }

    /// Forms of the language that are a name in disguise: `getattr(m, "f")`, `__import__("m")`, `import_module("m")`, `vars(m)`.
    fn reflection(&mut self, range: Range, callee: ValueId, args: &[Arg]) -> Option<ValueId> {
        let names = self.names(callee, 0);
        let name = names.first()?;
        let last = name.rsplit('.').next().unwrap_or(name);
        match last {
            "getattr" => {
                let attribute = self.text_of(args, 1)?;
                let base = args.first()?.value;
                let mut value = self.attribute(base, &normalise(&attribute), range);
                if let Some(default) = args.get(2) {
                    let both = vec![value, default.value];
                    value = self.value(range, V::Phi(both));
                }
                Some(value)
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
