//! Parameters that must be true, or false, before a fact is reached at all: `if not allow: raise` above it, `if allow:` around it. Knows no row.

use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{FileFacts, OnFail, V, What};
use crate::flow::solver::Solver;
use crate::flow::value::{Lit, Val};
use crate::graph::Node;

/// How many parts of a condition are looked at.
const MAX_PARTS: usize = 32;

/// A value that decides whether a fact is reached, and the truth it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The value; a parameter where the fact stands.
    pub value: Val,
    /// The truth that lets through.
    pub wants: bool,
}

impl Guard {
    /// Whether every value it can have refuses. Only truth values count: an argument that is left out for another reason is no consent that was withheld.
    pub fn refuses(&self) -> bool {
        self.value.consts.all().is_some_and(|all| all.iter().all(|lit| *lit == Lit::Bool(!self.wants)))
    }
}

impl Solver<'_> {
    /// What guards a fact: conditions around it, and checks above it that stop.
    pub fn guards(&mut self, node: Node) -> Vec<Guard> {
        let Some(scope) = self.tables.scope(node) else { return Vec::new() };
        let facts = self.file(node.file);
        let around = conjuncts(facts, facts.fact(node.fact).when);
        let mut all = around.clone();
        for (fact, f) in facts.iter().skip(scope.0 as usize).take_while(|(fact, _)| *fact < node.fact) {
            let What::Check { cond, on_fail } = f.what else { continue };
            let here = Node { fact, ..node };
            let above = self.tables.scope(here) == Some(scope) && on_fail != OnFail::Log && f.handler.is_none();
            if above && conjuncts(facts, f.when).iter().all(|c| around.contains(c)) {
                all.extend(conjuncts(facts, Some(cond)));
            }
        }
        let mut out = Vec::new();
        for cond in all {
            let (inner, wants) = match facts.cond(cond).what {
                CondWhat::Not(inner) => (inner, false),
                _ => (cond, true),
            };
            if let CondWhat::Atom(value, CmpOp::Truthy, _) = facts.cond(inner).what
                && matches!(facts.value(value).what, V::Param(_))
            {
                out.push(Guard { value: self.settled(|s| s.at(node, value)), wants });
            }
        }
        out
    }
}

/// The parts of a condition that must all hold.
pub fn conjuncts(facts: &FileFacts, cond: Option<CondId>) -> Vec<CondId> {
    let mut out = Vec::new();
    let mut next: Vec<CondId> = cond.into_iter().collect();
    while let Some(id) = next.pop().filter(|_| out.len() < MAX_PARTS) {
        match &facts.cond(id).what {
            CondWhat::And(parts) => next.extend(parts),
            _ => out.push(id),
        }
    }
    out
}
