//! Control flow: branches, loops, handlers, and what each leaves behind.

use super::Lower;
use super::scope::{Branch, Def, Loop, ScopeKind};
use crate::cond::CondWhat;
use crate::facts::{EntryKind, V, ValueId, What};
use crate::syntax::python::Node;

impl<'t> Lower<'t, '_> {
    pub(super) fn conditional_statement(&mut self, node: Node<'t>) {
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
                self.block(body);
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
            self.block(body);
            let branch = self.scope().pop();
            self.merge(vec![branch]);
        }
        if !breaks.is_empty() {
            let mut all = breaks;
            all.push(Branch::default());
            self.merge(all);
        }
    }

    pub(super) fn for_loop(&mut self, node: Node<'t>) {
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
            self.block(body);
        }
        self.end_loop(node.field("alternative"));
    }

    pub(super) fn while_loop(&mut self, node: Node<'t>) {
        let body = node.field("body");
        let end = body.map_or(node.end(), |b| b.start());
        self.begin_loop(&[node]);
        let cond = self.head(node, end, |l| node.field("condition").map(|c| l.cond(c)));
        if let Some(cond) = cond {
            self.b.restrict(cond);
        }
        if let Some(body) = body {
            self.block(body);
        }
        if cond.is_some() {
            self.b.lift();
        }
        self.end_loop(node.field("alternative"));
    }

    /// The fact's range is the `try` with its body; handlers and `else` refer to it.
    pub(super) fn try_statement(&mut self, node: Node<'t>) {
        let Some(body) = node.field("body") else { return self.block(node) };
        let range = self.span(node.start(), body.end());
        let fact = self.add(range, What::Try);
        let logged = self.scope().log.len();
        self.scope().push();
        self.block(body);
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
                        self.block(body);
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
                self.block(part);
            }
            self.scope().dead |= dead;
        }
    }

    fn handler(&mut self, clause: Node<'t>) {
        let parts = clause.named();
        for part in &parts {
            match part.kind() {
                "block" => self.block(*part),
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

    pub(super) fn with_statement(&mut self, node: Node<'t>) {
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
            self.block(body);
        }
    }

    pub(super) fn match_statement(&mut self, node: Node<'t>) {
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
                self.block(body);
            }
            self.b.lift();
            branches.push(self.scope().pop());
        }
        branches.push(Branch::default());
        self.merge(branches);
    }
}
