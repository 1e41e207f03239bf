//! Statements: control flow over the layered names, checks, definitions.

use super::scope::{Branch, Def, Scope};
use super::text::normalise;
use super::{Lower, STATEMENT_DEPTH};
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{OnFail, V, ValueId, What};
use crate::notice::NoticeKind;
use crate::syntax::python::Node;

impl<'t> Lower<'t, '_> {
    /// The statements of a block.
    pub fn block(&mut self, node: Node<'t>) {
        if self.statements >= STATEMENT_DEPTH {
            if !std::mem::replace(&mut self.limit_noted, true) {
                let range = self.range(node);
                self.b.notice(range, NoticeKind::Limit, "indented deeper than Python allows: not read");
            }
            return;
        }
        self.statements += 1;
        let mut skipped = 0;
        for child in node.named() {
            self.scope().skipping = None;
            self.statement(child);
            // What follows in this round of a loop is only reached when the condition did not hold.
            if let Some(holds) = self.scope().skipping.take().filter(|_| skipped < 50) {
                self.b.restrict(holds);
                skipped += 1;
            }
        }
        for _ in 0..skipped {
            self.b.lift();
        }
        self.statements -= 1;
    }

    pub fn statement(&mut self, node: Node<'t>) {
        match node.kind() {
            "if_statement" => self.conditional_statement(node),
            "for_statement" => self.for_loop(node),
            "while_statement" => self.while_loop(node),
            "try_statement" => self.try_statement(node),
            "with_statement" => self.with_statement(node),
            "match_statement" => self.match_statement(node),
            "function_definition" | "class_definition" => self.definition(node, Vec::new()),
            "decorated_definition" => {
                let decorators = node.named().into_iter().filter(|n| n.kind() == "decorator").collect();
                if let Some(inner) = node.field("definition") {
                    self.definition(inner, decorators);
                }
            }
            "ERROR" | "block" | "module" => self.block(node),
            _ => {
                let range = self.range(node);
                self.b.open(range, "", true);
                self.simple(node);
                self.catch_up();
                self.b.shut();
            }
        }
    }

    /// The head of a compound statement is a construct of its own: an ignore on it covers its expressions, not its body.
    pub(super) fn head<T>(&mut self, node: Node<'t>, end: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        let range = self.span(node.start(), end.max(node.start()));
        self.b.open(range, "", true);
        let out = read(self);
        self.catch_up();
        self.b.shut();
        out
    }

    fn simple(&mut self, node: Node<'t>) {
        let range = self.range(node);
        match node.kind() {
            "expression_statement" => self.expression_statement(node),
            "import_statement" | "import_from_statement" | "future_import_statement" => self.import(node),
            "return_statement" => {
                let value = match node.named().as_slice() {
                    [] => self.value(range, V::None),
                    [only] => self.expr(*only),
                    _ => {
                        let parts = self.parts(node);
                        self.value(range, V::List(parts, false))
                    }
                };
                self.add(range, What::Return { value });
                self.scope().dead = true;
            }
            "raise_statement" => {
                let cause = node.field("cause");
                let value = node.named().into_iter().find(|n| cause.is_none_or(|c| c.start() != n.start())).map(|n| self.expr(n));
                if let Some(cause) = cause {
                    self.expr(cause);
                }
                self.add(range, What::Raise { value });
                self.scope().dead = true;
            }
            "assert_statement" => {
                let parts = node.named();
                if let Some(test) = parts.first() {
                    let cond = self.cond(*test);
                    self.add(range, What::Check { cond, on_fail: OnFail::Raise });
                }
                for message in parts.iter().skip(1) {
                    self.expr(*message);
                }
            }
            "break_statement" | "continue_statement" => {
                let is_break = node.kind() == "break_statement";
                let scope = self.scope();
                if let Some(depth) = scope.loops.last().map(|l| l.depth) {
                    let branch = scope.since(depth);
                    if let Some(inner) = scope.loops.last_mut() {
                        if is_break { inner.breaks.push(branch) } else { inner.continues.push(branch) }
                    }
                }
                self.scope().dead = true;
            }
            "delete_statement" => {
                for target in node.named() {
                    if target.kind() != "identifier" {
                        let value = self.expr(target);
                        self.removed(target, value);
                    }
                }
            }
            "global_statement" | "nonlocal_statement" | "pass_statement" | "comment" => {}
            // Also what the grammar takes for one: `type(x).a = y`.
            "type_alias_statement" => {
                self.parts(node);
            }
            // Python 2.
            "exec_statement" | "print_statement" => {
                let word = if node.kind() == "exec_statement" { "exec" } else { "print" };
                let callee = self.value(range, V::Name(word.to_owned()));
                let args = node.named();
                let args = args.into_iter().enumerate().map(|(i, n)| {
                    let value = self.expr(n);
                    crate::facts::Arg { name: crate::facts::ArgName::Position(u32::try_from(i).unwrap_or(0)), value }
                });
                let args = args.collect();
                self.call_with(range, callee, None, args);
            }
            _ => {
                self.expr(node);
            }
        }
    }

    fn expression_statement(&mut self, node: Node<'t>) {
        let children = node.named();
        for child in &children {
            match child.kind() {
                "assignment" => self.assignment(*child),
                "augmented_assignment" => self.augmented(*child),
                _ => {
                    self.expr(*child);
                }
            }
        }
        if let [only] = children.as_slice()
            && only.kind() == "call"
            && self.is_exit(*only)
        {
            self.scope().dead = true;
        }
    }

    /// `a = b = value`: the value once, then each target.
    fn assignment(&mut self, node: Node<'t>) {
        let mut chain = vec![node];
        let mut last = node;
        while let Some(right) = last.field("right").filter(|r| r.kind() == "assignment") {
            chain.push(right);
            last = right;
        }
        let Some(right) = last.field("right") else {
            if let Some(annotation) = last.field("type") {
                self.parts(annotation);
            }
            if let Some(left) = last.field("left").filter(|l| l.kind() != "identifier") {
                self.expr(left);
            }
            return;
        };
        let value = self.expr(right);
        for link in chain {
            let range = self.range(link);
            if let Some(annotation) = link.field("type") {
                self.parts(annotation);
            }
            if let Some(left) = link.field("left") {
                self.assign(left, value, range);
            }
        }
    }

    fn augmented(&mut self, node: Node<'t>) {
        let (Some(left), Some(right)) = (node.field("left"), node.field("right")) else { return };
        let old = self.expr(left);
        let new = self.expr(right);
        let range = self.range(node);
        let adds = node.field("operator").is_some_and(|o| o.text() == "+=");
        let value = self.value(range, if adds { V::Join(vec![old, new]) } else { V::Unknown(vec![old, new]) });
        self.assign(left, value, range);
    }

    fn import(&mut self, node: Node<'t>) {
        for bound in super::bind::bound_by(node) {
            let range = self.range(bound.node);
            let qualified = bound.qualified();
            let alias = if bound.alias.is_empty() { "*".to_owned() } else { bound.alias.clone() };
            self.add(range, What::Import { module: bound.module, name: bound.name, alias, level: bound.level });
            if bound.alias.is_empty() {
                continue;
            }
            let value = self.value(range, V::Name(qualified));
            self.imported.insert(value);
            self.define(&bound.alias, value);
        }
    }

    /// `if not ok: raise`: going on means `ok`. `other` is the `else` part, or the body itself when more parts follow.
    pub(super) fn check(&mut self, test: Node<'t>, cond: CondId, body: Option<Node<'t>>, other: Option<Node<'t>>) {
        let range = self.range(test);
        if other.is_none()
            && body.and_then(|b| b.named().last().copied()).is_some_and(|last| matches!(last.kind(), "continue_statement" | "break_statement"))
        {
            let holds = self.negate(cond);
            self.scope().skipping = Some(holds);
            return;
        }
        let stops = body.and_then(|b| self.ending(b));
        let other_stops = other.filter(|o| body.is_none_or(|b| b.start() != o.start())).and_then(|o| self.ending(o));
        match (stops, other_stops) {
            (Some(on_fail), None) => {
                let holds = self.negate(cond);
                self.add(range, What::Check { cond: holds, on_fail });
            }
            (None, Some(on_fail)) => {
                self.add(range, What::Check { cond, on_fail });
            }
            (None, None) if other.is_none() => {
                // Only calls behind a negative test: perhaps a message.
                let negative = matches!(self.b.facts.cond(cond).what, CondWhat::Not(_) | CondWhat::Atom(_, CmpOp::Ne, _));
                let says = body.is_some_and(|b| {
                    let statements = b.named();
                    !statements.is_empty()
                        && statements.iter().all(|s| matches!(s.named().as_slice(), [c] if s.kind() == "expression_statement" && c.kind() == "call"))
                });
                if negative && says {
                    let holds = self.negate(cond);
                    self.add(range, What::Check { cond: holds, on_fail: OnFail::Log });
                }
            }
            _ => {}
        }
    }

    /// How a block ends what it stands in, if it does.
    pub(super) fn ending(&self, body: Node<'t>) -> Option<OnFail> {
        let last = *body.named().last()?;
        match last.kind() {
            "raise_statement" => Some(OnFail::Raise),
            "return_statement" => Some(OnFail::Return),
            "expression_statement" => {
                let call = *last.named().first()?;
                (call.kind() == "call" && self.is_exit(call)).then_some(OnFail::Exit)
            }
            _ => None,
        }
    }

    /// `sys.exit()`, `exit()`, `os._exit()`, `os.abort()`.
    fn is_exit(&self, call: Node<'t>) -> bool {
        let name = call.field("function").and_then(super::bind::dotted).unwrap_or_default();
        matches!(name.as_str(), "exit" | "quit") || ["sys.exit", "os._exit", "os.abort"].contains(&name.as_str())
    }

    /// Continues after branches. Many definitions of one name become one choice of them, so that long chains of branches stay cheap.
    pub(super) fn merge(&mut self, branches: Vec<Branch>) {
        for name in self.scope().merge(branches) {
            let defs = self.scope().get(&name).map(<[Def]>::to_vec).unwrap_or_default();
            let values: Vec<ValueId> = defs.iter().filter_map(|d| if let Def::Value(v) = d { Some(*v) } else { None }).collect();
            let Some(first) = values.first() else { continue };
            let range = self.b.facts.value(*first).range;
            let mut kept: Vec<Def> = defs.into_iter().filter(|d| matches!(d, Def::Back(_))).collect();
            kept.push(Def::Value(self.value(range, V::Phi(values))));
            self.scope().put(&name, kept);
        }
    }

    pub fn is_public(&mut self, name: &str) -> bool {
        // What restores an object is handed what the object itself gave away.
        let hidden = (name.starts_with('_') && !name.starts_with("__")) || name == "__setstate__";
        self.scope().public && !hidden
    }

    pub(super) fn push_scope(&mut self, scope: Scope) {
        self.scopes.push(scope);
    }

    pub fn simple_name(&mut self, node: Option<Node<'t>>) -> String {
        node.map(|n| normalise(n.text())).unwrap_or_default()
    }
}
