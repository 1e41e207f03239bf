//! Statements: control flow over the layered names, checks, definitions.

use super::scope::{Branch, Def, Loop, Scope, ScopeKind};
use super::text::normalise;
use super::{Lower, STATEMENT_DEPTH};
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{EntryKind, LiteralPlace, OnFail, V, ValueId, What};
use crate::notice::NoticeKind;
use crate::syntax::python::Node;

impl<'t> Lower<'t, '_> {
    /// The statements of a block. `documented`: a literal at its beginning is documentation.
    pub fn block(&mut self, node: Node<'t>, documented: bool) {
        if self.statements >= STATEMENT_DEPTH {
            if !std::mem::replace(&mut self.limit_noted, true) {
                let range = self.range(node);
                self.b.notice(range, NoticeKind::Limit, "indented deeper than Python allows: not read");
            }
            return;
        }
        self.statements += 1;
        for (i, child) in node.named().into_iter().enumerate() {
            let doc = documented && i == 0;
            self.statement_in(child, doc);
        }
        self.statements -= 1;
    }

    pub fn statement(&mut self, node: Node<'t>) {
        self.statement_in(node, false);
    }

    fn statement_in(&mut self, node: Node<'t>, doc: bool) {
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
            "ERROR" | "block" | "module" => self.block(node, false),
            _ => {
                let range = self.range(node);
                self.b.open(range, "", true);
                self.simple(node, doc);
                self.catch_up();
                self.b.shut();
            }
        }
    }

    /// The head of a compound statement is a construct of its own: an ignore on it covers its expressions, not its body.
    fn head<T>(&mut self, node: Node<'t>, end: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        let range = self.span(node.start(), end.max(node.start()));
        self.b.open(range, "", true);
        let out = read(self);
        self.catch_up();
        self.b.shut();
        out
    }

    fn simple(&mut self, node: Node<'t>, doc: bool) {
        let range = self.range(node);
        match node.kind() {
            "expression_statement" => self.expression_statement(node, doc),
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
                        self.expr(target);
                    }
                }
            }
            "global_statement" | "nonlocal_statement" | "pass_statement" | "comment" | "type_alias_statement" => {}
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
                self.call_with(node, callee, None, args);
            }
            _ => {
                self.expr(node);
            }
        }
    }

    fn expression_statement(&mut self, node: Node<'t>, doc: bool) {
        let children = node.named();
        for child in &children {
            match child.kind() {
                "assignment" => self.assignment(*child),
                "augmented_assignment" => self.augmented(*child),
                "string" | "concatenated_string" => {
                    let value = self.expr(*child);
                    let range = self.range(*child);
                    let place = if doc { LiteralPlace::Comment } else { LiteralPlace::Source };
                    self.add(range, What::Literal { value, place });
                }
                _ => {
                    self.expr(*child);
                }
            }
        }
        if let [only] = children.as_slice() {
            if only.kind() == "call" && self.is_exit(*only) {
                self.scope().dead = true;
            }
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

    fn conditional_statement(&mut self, node: Node<'t>) {
        // `if … elif … else`: each part stands under the negation of those before it.
        let mut branches: Vec<Branch> = Vec::new();
        let mut parts = vec![(node.field("condition"), node.field("consequence"), node)];
        for part in node.fields("alternative") {
            if part.kind() == "elif_clause" {
                parts.push((part.field("condition"), part.field("consequence"), part));
            } else {
                parts.push((None, part.field("body"), part));
            }
        }
        let has_else = parts.last().is_some_and(|p| p.0.is_none() && parts.len() > 1);
        let mut restricted = 0;
        for (i, (test, body, clause)) in parts.iter().copied().enumerate() {
            let end = body.map_or(clause.end(), |b| b.start());
            let cond = test.map(|test| self.head(clause, end, |l| l.cond(test)));
            if let (Some(cond), Some(test)) = (cond, test) {
                if self.is_main(cond) {
                    let range = self.range(test);
                    self.add(range, What::EntryMark { kind: EntryKind::Main, name: "__main__".to_owned() });
                }
                self.b.restrict(cond);
            }
            self.scope().push();
            if let Some(body) = body {
                self.block(body, false);
            }
            branches.push(self.scope().pop());
            if let (Some(cond), Some(test)) = (cond, test) {
                self.b.lift();
                let alone = parts.len() == i + 1 || (has_else && parts.len() == i + 2);
                self.check(test, cond, body, if alone { parts.get(i + 1).and_then(|p| p.1) } else { body });
                if parts.len() > i + 1 && restricted < 50 {
                    let negated = self.negate(cond);
                    self.b.restrict(negated);
                    restricted += 1;
                }
            }
        }
        for _ in 0..restricted {
            self.b.lift();
        }
        if !has_else {
            branches.push(Branch::default());
        }
        self.merge(branches);
    }

    /// `if not ok: raise`: going on means `ok`. `other` is the `else` part, or the body itself when more parts follow.
    fn check(&mut self, test: Node<'t>, cond: CondId, body: Option<Node<'t>>, other: Option<Node<'t>>) {
        let range = self.range(test);
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
    fn ending(&self, body: Node<'t>) -> Option<OnFail> {
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

    fn begin_loop(&mut self, body: &[Node<'t>]) {
        self.loops += 1;
        let id = self.loops;
        let mut names = std::collections::BTreeSet::new();
        for part in body {
            names.extend(super::bind::names_bound(*part).locals);
        }
        let scope = self.scope();
        scope.push();
        for name in names {
            if scope.get(&name).is_some() || scope.kind == ScopeKind::Function || scope.kind == ScopeKind::Module {
                scope.join(&name, Def::Back(id));
            }
        }
        let depth = scope.layers.len() - 1;
        scope.loops.push(Loop { id, depth, ..Loop::default() });
    }

    /// Ends a loop: what later rounds see is filled in, and what follows sees the state before the loop or after any round.
    fn end_loop(&mut self, otherwise: Option<Node<'t>>) {
        let scope = self.scope();
        let end = scope.pop();
        let Some(done) = scope.loops.pop() else { return };
        let mut again: Vec<Branch> = done.continues;
        again.push(end);
        let resolve = |name: &str, branches: &[Branch]| {
            let mut defs: Vec<Def> = Vec::new();
            for branch in branches.iter().filter(|b| !b.dead) {
                for def in branch.layer.get(name).into_iter().flatten() {
                    if *def != Def::Back(done.id) && !defs.contains(def) {
                        defs.push(*def);
                    }
                }
            }
            defs
        };
        for (phi, name) in &done.waiting {
            let defs = resolve(name, &again);
            let mut values = Vec::new();
            for def in defs {
                match def {
                    Def::Value(v) => values.push(v),
                    Def::Back(outer) => {
                        if let Some(outer) = self.scope().loops.iter_mut().find(|l| l.id == outer) {
                            outer.waiting.push((*phi, name.clone()));
                        }
                    }
                }
            }
            if let Some(V::Phi(all)) = self.b.facts.values.get_mut(phi.0 as usize).map(|v| &mut v.what) {
                for v in values {
                    if !all.contains(&v) && v != *phi {
                        all.push(v);
                    }
                }
            }
        }
        // What leaves the loop refers to no round of it.
        let clean = |branches: Vec<Branch>, again: &[Branch]| -> Vec<Branch> {
            let mut out = branches;
            for branch in &mut out {
                for (name, defs) in &mut branch.layer {
                    if defs.contains(&Def::Back(done.id)) {
                        defs.retain(|d| *d != Def::Back(done.id));
                        for def in resolve(name, again) {
                            if !defs.contains(&def) {
                                defs.push(def);
                            }
                        }
                    }
                }
            }
            out
        };
        let breaks = clean(done.breaks, &again);
        let ends = clean(again.iter().map(|b| Branch { layer: b.layer.clone(), dead: b.dead }).collect(), &again);
        let mut after = ends;
        after.push(Branch::default());
        self.merge(after);
        if let Some(body) = otherwise.and_then(|o| o.field("body")) {
            self.scope().push();
            self.block(body, false);
            let branch = self.scope().pop();
            self.merge(vec![branch]);
        }
        if !breaks.is_empty() {
            let mut all = breaks;
            all.push(Branch::default());
            self.merge(all);
        }
    }

    fn for_loop(&mut self, node: Node<'t>) {
        let (left, right, body) = (node.field("left"), node.field("right"), node.field("body"));
        let end = body.map_or(node.end(), |b| b.start());
        let iterated = self.head(node, end, |l| right.map(|r| l.expr(r)));
        self.begin_loop(&[node]);
        if let (Some(left), Some(iterated)) = (left, iterated) {
            let range = self.range(left);
            let key = self.value(range, V::Unknown(Vec::new()));
            let element = self.value(range, V::Index(iterated, key));
            self.assign(left, element, range);
            self.catch_up();
        }
        if let Some(body) = body {
            self.block(body, false);
        }
        self.end_loop(node.field("alternative"));
    }

    fn while_loop(&mut self, node: Node<'t>) {
        let body = node.field("body");
        let end = body.map_or(node.end(), |b| b.start());
        self.begin_loop(&[node]);
        let cond = self.head(node, end, |l| node.field("condition").map(|c| l.cond(c)));
        if let Some(cond) = cond {
            self.b.restrict(cond);
        }
        if let Some(body) = body {
            self.block(body, false);
        }
        if cond.is_some() {
            self.b.lift();
        }
        self.end_loop(node.field("alternative"));
    }

    /// The fact's range is the `try` with its body; handlers and `else` refer to it.
    fn try_statement(&mut self, node: Node<'t>) {
        let Some(body) = node.field("body") else { return self.block(node, false) };
        let range = self.span(node.start(), body.end());
        let fact = self.add(range, What::Try);
        let logged = self.scope().log.len();
        self.scope().push();
        self.block(body, false);
        let mut through = self.scope().pop();
        // Any definition of the body may or may not have happened when a handler runs.
        let partial: Vec<(String, Def)> = self.scope().log.get(logged..).map(<[_]>::to_vec).unwrap_or_default();
        let mut branches = Vec::new();
        let mut last = None;
        for clause in node.named() {
            match clause.kind() {
                "except_clause" | "except_group_clause" => {
                    self.scope().push();
                    for (name, def) in &partial {
                        self.scope().join(name, *def);
                    }
                    self.b.catch(fact);
                    self.handler(clause);
                    self.b.caught();
                    branches.push(self.scope().pop());
                }
                "else_clause" => {
                    self.scope().layers.push(std::mem::take(&mut through.layer));
                    self.b.catch(fact);
                    if let Some(body) = clause.field("body") {
                        self.block(body, false);
                    }
                    self.b.caught();
                    let dead = through.dead;
                    through = self.scope().pop();
                    through.dead |= dead;
                }
                "finally_clause" => last = Some(clause),
                _ => {}
            }
        }
        branches.insert(0, through);
        self.merge(branches);
        if let Some(clause) = last {
            // It runs in every case, what ended the branches before it or not.
            let dead = std::mem::take(&mut self.scope().dead);
            for (name, def) in &partial {
                self.scope().join(name, *def);
            }
            for part in clause.named() {
                self.block(part, false);
            }
            self.scope().dead |= dead;
        }
    }

    fn handler(&mut self, clause: Node<'t>) {
        let parts = clause.named();
        for part in &parts {
            match part.kind() {
                "block" => self.block(*part, false),
                "as_pattern" => {
                    let end = part.end();
                    self.head(clause, end, |l| l.as_pattern(*part, true));
                }
                _ => {
                    let end = part.end();
                    self.head(clause, end, |l| {
                        l.expr(*part);
                    });
                }
            }
        }
    }

    /// `value as target`. A caught exception is not its class.
    fn as_pattern(&mut self, node: Node<'t>, caught: bool) {
        let range = self.range(node);
        let alias = node.field("alias");
        let value = node.named().into_iter().find(|n| alias.is_none_or(|a| a.start() != n.start())).map(|n| self.expr(n));
        let mut value = value.unwrap_or_else(|| self.unknown(node, Vec::new()));
        if caught {
            value = self.value(range, V::Unknown(vec![value]));
        }
        if let Some(alias) = alias {
            self.assign(alias, value, range);
        }
    }

    fn with_statement(&mut self, node: Node<'t>) {
        let body = node.field("body");
        let end = body.map_or(node.end(), |b| b.start());
        self.head(node, end, |l| {
            let mut stack: Vec<Node<'t>> = node.named().into_iter().filter(|n| n.kind() != "block").rev().collect();
            while let Some(item) = stack.pop() {
                match item.kind() {
                    "as_pattern" => l.as_pattern(item, false),
                    "with_clause" | "with_item" => stack.extend(item.named().into_iter().rev()),
                    // `with (open(a) as f, open(b) as g):` may come as a tuple.
                    "tuple" | "parenthesized_expression" => stack.extend(item.named().into_iter().rev()),
                    _ => {
                        l.expr(item);
                    }
                }
            }
        });
        if let Some(body) = body {
            self.block(body, false);
        }
    }

    fn match_statement(&mut self, node: Node<'t>) {
        let subjects = node.fields("subject");
        let end = node.field("body").map_or(node.end(), |b| b.start());
        let range = self.range(node);
        let subject = self.head(node, end, |l| {
            let values: Vec<ValueId> = subjects.iter().map(|s| l.expr(*s)).collect();
            l.one_of(range, values)
        });
        let mut branches = Vec::new();
        let cases = node.field("body").map(Node::named).unwrap_or_default();
        for case in cases {
            if case.kind() != "case_clause" {
                self.statement(case);
                continue;
            }
            self.scope().push();
            let body = case.field("consequence");
            let guard = case.field("guard");
            for pattern in case.named().into_iter().filter(|n| n.kind() == "case_pattern") {
                let mut names = std::collections::BTreeSet::new();
                names.extend(super::bind::names_bound(pattern).locals);
                let place = self.range(pattern);
                for name in names {
                    let part = self.value(place, V::Unknown(vec![subject]));
                    self.bind(&name, place, part);
                }
            }
            let place = self.range(case);
            let mut conds = vec![self.b.cond(place, CondWhat::Opaque)];
            for test in guard.map(Node::named).unwrap_or_default() {
                conds.push(self.cond(test));
            }
            let cond = if conds.len() == 1 { conds[0] } else { self.b.cond(place, CondWhat::And(conds)) };
            self.catch_up();
            self.b.restrict(cond);
            if let Some(body) = body {
                self.block(body, false);
            }
            self.b.lift();
            branches.push(self.scope().pop());
        }
        branches.push(Branch::default());
        self.merge(branches);
    }

    /// Continues after branches. Many definitions of one name become one choice of them, so that long chains of branches stay cheap.
    fn merge(&mut self, branches: Vec<Branch>) {
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
        let hidden = name.starts_with('_') && !name.starts_with("__");
        self.scope().public && !hidden
    }

    pub(super) fn push_scope(&mut self, scope: Scope) {
        self.scopes.push(scope);
    }

    pub fn simple_name(&mut self, node: Option<Node<'t>>) -> String {
        node.map(|n| normalise(n.text())).unwrap_or_default()
    }
}
