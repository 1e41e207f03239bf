//! Calls: their qualified names and arguments, functions of the text, modules.

use super::{FRAMES, Frame, Walk, names};
use crate::cond::CmpOp;
use crate::facts::{Arg, ArgName, Call, FactId, OnFail, V, ValueId, What};
use crate::source::Range;
use crate::syntax::javascript::Node;

/// Arguments of one call that are kept.
const ARGUMENTS: usize = 64;

impl<'t> Walk<'t, '_> {
    /// `f(…)`.
    pub fn call(&mut self, node: Node<'t>, range: Range) -> ValueId {
        let Some(function) = node.field("function") else { return self.unknown(range, Vec::new()) };
        if function.kind() == "member_expression"
            && let (Some(object), Some(property)) = (function.field("object"), function.field("property"))
        {
            return self.called_on(node, object, property, range);
        }
        let callee = if function.kind() == "import" { self.name_of(function, "import") } else { self.expr(function) };
        let args = self.arguments(node);
        if let Some(found) = self.closures.get(&callee).copied() {
            return self.inline(found, &args, range);
        }
        match self.what(callee) {
            V::Name(name) => {
                let name = name.clone();
                self.named(name, callee, args, range)
            }
            _ => {
                let name = format!("{}?", Call::JAVASCRIPT);
                self.emit(name, callee, None, &args, range);
                self.hand_over(&args, range)
            }
        }
    }

    fn name_of(&mut self, node: Node<'t>, name: &str) -> ValueId {
        let range = self.range(node);
        self.name(range, names::global(name))
    }

    /// `object.property(…)`.
    fn called_on(&mut self, node: Node<'t>, object: Node<'t>, property: Node<'t>, range: Range) -> ValueId {
        // What is thrown inside goes to the handler.
        let handler = node.field("arguments").filter(|_| property.text() == "catch").and_then(|a| a.named().into_iter().next());
        if let Some(handler) = handler {
            self.catches.push(super::stmt::refuses_as_handed(handler));
        }
        let base = self.expr(object);
        if handler.is_some() {
            self.catches.pop();
        }
        let at = self.text.range(object.start(), property.end());
        let callee = match self.what(base) {
            V::Name(_) | V::Dict(..) => self.member(base, property.text(), at),
            _ => self.value(at, V::Attr(base, property.text().to_owned())),
        };
        let args = self.arguments(node);
        if let Some(found) = self.closures.get(&callee).copied() {
            return self.inline(found, &args, range);
        }
        match self.what(callee) {
            V::Name(name) => {
                let name = name.clone();
                self.named(name, callee, args, range)
            }
            _ => {
                let name = format!("{}?.{}", Call::JAVASCRIPT, property.text());
                self.emit(name, callee, Some(base), &args, range);
                self.method(object, property.text(), base, &args, range)
            }
        }
    }

    /// `new F(…)`: of what is only a container, what it holds.
    pub fn made(&mut self, node: Node<'t>, range: Range) -> ValueId {
        let Some(constructor) = node.field("constructor") else { return self.unknown(range, Vec::new()) };
        let callee = self.expr(constructor);
        let args = self.arguments(node);
        let V::Name(name) = self.what(callee).clone() else { return self.unknown(range, args) };
        self.emit(name.clone(), callee, None, &args, range);
        match (name.as_str(), args.first()) {
            ("js:Set" | "js:Array" | "js:Map", Some(held)) => *held,
            ("js:Promise", Some(body)) => match self.closures.get(body).copied() {
                Some(body) => self.inline(body, &[], range),
                None => self.unknown(range, args),
            },
            ("js:Date" | "js:RegExp", _) => self.unknown(range, Vec::new()),
            _ => self.unknown(range, args),
        }
    }

    /// The values of the arguments, or of the template of a tag.
    fn arguments(&mut self, node: Node<'t>) -> Vec<ValueId> {
        let Some(list) = node.field("arguments") else { return Vec::new() };
        if list.kind() == "arguments" { self.items(list).0 } else { vec![self.expr(list)] }
    }

    /// Adds the call. Entries of an object that is handed over can be named as keywords are.
    pub fn emit(&mut self, name: String, callee: ValueId, receiver: Option<ValueId>, values: &[ValueId], range: Range) -> FactId {
        let mut args: Vec<Arg> = Vec::new();
        for (n, value) in values.iter().take(ARGUMENTS).enumerate() {
            args.push(Arg { name: ArgName::Position(u32::try_from(n).unwrap_or(u32::MAX)), value: *value });
        }
        if let Some(V::Dict(entries, _)) = values.last().map(|v| self.what(*v)) {
            let named = entries.iter().filter_map(|(k, v)| Some(Arg { name: ArgName::Keyword(self.b.facts.literal(*k)?), value: *v }));
            args.extend(named.take(ARGUMENTS));
        }
        self.add(range, What::Call(Call { name, callee, receiver, args }))
    }

    /// A call of something with a name.
    fn named(&mut self, name: String, callee: ValueId, args: Vec<ValueId>, range: Range) -> ValueId {
        let first = args.first().copied();
        match name.as_str() {
            "js:require" | "js:import" => {
                let fact = self.emit(name, callee, None, &args, range);
                return match first.and_then(|f| self.b.facts.literal(f)) {
                    Some(module) if !names::is_path(&module) => self.name(range, names::module(&module)),
                    // Data, which is read and not run.
                    Some(file) if file.ends_with(".json") => self.value(range, V::Ref(fact)),
                    _ => self.unknown(range, args),
                };
            }
            // What goes through all pages calls what it is handed.
            "js:github.paginate" | "js:github.paginate.iterator" => {
                if let Some(V::Name(inner)) = first.map(|f| self.what(f)) {
                    let inner = inner.clone();
                    let rest = args.get(1..).unwrap_or_default().to_vec();
                    let fact = self.emit(inner, callee, None, &rest, range);
                    self.hand_over(&rest, range);
                    return self.value(range, V::Ref(fact));
                }
            }
            "js:util.promisify" => {
                self.emit(name, callee, None, &args, range);
                return first.unwrap_or_else(|| self.b.value(range, V::Unknown(Vec::new())));
            }
            "js:github.getOctokit" => {
                self.emit(name, callee, None, &args, range);
                return self.name(range, names::global("github"));
            }
            // It calls what it is handed, and gives what that gives.
            "js:core.group" => {
                self.emit(name, callee, None, &args, range);
                let body = args.get(1).and_then(|b| self.closures.get(b).copied());
                return match body {
                    Some(body) => self.inline(body, &[], range),
                    None => self.unknown(range, args),
                };
            }
            _ => {}
        }
        let fact = self.emit(name.clone(), callee, None, &args, range);
        if let Some(value) = self.platform(&name, &args, range) {
            return value;
        }
        if args.iter().any(|a| self.closures.contains_key(a)) {
            self.hand_over(&args, range);
        }
        self.value(range, V::Ref(fact))
    }

    /// Functions that are handed to something else may be called by it; what they give may be in what it gives.
    pub fn hand_over(&mut self, args: &[ValueId], range: Range) -> ValueId {
        let mut parts = Vec::new();
        for arg in args {
            match self.closures.get(arg).copied() {
                Some(found) => parts.extend(self.perhaps_inline(found, &[], range)),
                None => parts.push(*arg),
            }
        }
        self.unknown(range, parts)
    }

    /// Reads a function that something else calls, if it does.
    pub fn perhaps_inline(&mut self, function: Node<'t>, args: &[ValueId], range: Range) -> Option<ValueId> {
        let mut value = None;
        let may = self.b.cond(range, crate::cond::CondWhat::Opaque);
        self.perhaps(may, range, |w| value = Some(w.inline(function, args, range)));
        value
    }

    /// Reads a function of the text as it is called here.
    pub fn inline(&mut self, function: Node<'t>, args: &[ValueId], range: Range) -> ValueId {
        let cost = function.end() - function.start();
        let again = self.frames.iter().any(|f| f.start == function.start());
        if again || self.frames.len() >= FRAMES || self.fuel < cost {
            return self.unknown(range, args.to_vec());
        }
        self.fuel -= cost;
        self.walked.insert(function.start());
        self.function(function, args)
    }

    /// Reads a function with these arguments; others are not known.
    pub fn function(&mut self, function: Node<'t>, args: &[ValueId]) -> ValueId {
        let range = self.range(function);
        let conds = self.conds.len();
        let left = std::mem::replace(&mut self.left, false);
        self.scopes.push(Default::default());
        self.frames.push(Frame { start: function.start(), conds, returns: Vec::new() });
        let params: Vec<Node<'t>> = match (function.field("parameter"), function.field("parameters")) {
            (Some(one), _) => vec![one],
            (_, Some(list)) => list.named(),
            _ => Vec::new(),
        };
        for (n, param) in params.into_iter().enumerate() {
            let at = self.range(param);
            let value = match (param.kind(), args.get(n)) {
                ("rest_pattern", _) => self.value(at, V::List(args.get(n..).unwrap_or_default().to_vec(), false)),
                (_, Some(value)) => *value,
                ("assignment_pattern", None) => self.value(at, V::None),
                (_, None) => self.unknown(at, Vec::new()),
            };
            self.bind(param, value, true);
        }
        match function.field("body") {
            Some(body) if body.kind() == "statement_block" => {
                self.block(body);
            }
            Some(body) => {
                let value = self.expr(body);
                self.frames.iter_mut().last().into_iter().for_each(|f| f.returns.push(value));
            }
            None => {}
        }
        self.release(conds);
        self.left = left;
        self.scopes.pop();
        let returns = self.frames.pop().map(|f| f.returns).unwrap_or_default();
        self.one_of(range, returns)
    }

    /// What is waited for has come: where a request of the platform fails, what follows is not reached, and the step fails unless that is caught.
    pub fn awaited(&mut self, value: ValueId) {
        let V::Ref(fact) = self.what(value) else { return };
        let What::Call(call) = &self.b.facts.fact(*fact).what else { return };
        if !call.name.starts_with("js:github.") {
            return;
        }
        let range = self.b.facts.fact(*fact).range;
        let cond = self.compare(range, value, CmpOp::Succeeds, value);
        let on_fail = self.thrown();
        if on_fail == OnFail::Exit {
            self.add(range, What::Check { cond, on_fail });
        }
        self.hold(cond);
    }
}
