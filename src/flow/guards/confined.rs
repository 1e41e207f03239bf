//! Names that a check confines before they are used: to a list, to a directory, to what a function of the tree lets through. Says nothing of the bytes behind
//! them. Knows no origin.

use std::collections::BTreeSet;

use crate::catalog::row::Effect;
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{Call, OnFail, V, ValueId, What};
use crate::flow::channels::{fuel, key};
use crate::flow::checked::{inside, verified_key};
use crate::flow::guards::conjuncts;
use crate::flow::resolve::validators::{ends, parameter};
use crate::flow::solver::{Here, Solver};
use crate::flow::tables::{Bind, Given, given};
use crate::graph::Node;
use crate::origin::Who;

/// Parts of a value that are looked at.
const MOST_PARTS: u32 = 40;

/// What conditions confine: by key, and by value where a value has none.
#[derive(Default)]
struct Confined {
    keys: BTreeSet<String>,
    values: BTreeSet<ValueId>,
}

impl Solver<'_> {
    /// Whether all that outsiders may have chosen of a name was looked at by checks that stop before a fact is reached.
    pub fn is_confined(&mut self, at: Node, value: ValueId) -> bool {
        let Some(scope) = self.tables.scope(at) else { return false };
        let facts = self.file(at.file);
        let mut found = Confined::default();
        for cond in conjuncts(facts, facts.fact(at.fact).when) {
            self.confines(at, cond, true, true, &mut found);
        }
        for (fact, f) in facts.iter().skip(scope.0 as usize).take_while(|(fact, _)| *fact < at.fact) {
            let node = Node { fact, ..at };
            if self.tables.scope(node) != Some(scope) || !self.dominates(node, at) {
                continue;
            }
            match &f.what {
                What::Check { cond, on_fail } if *on_fail != OnFail::Log => self.confines(node, *cond, true, true, &mut found),
                What::Call(call) => self.confined_by(node, call, true, &mut found),
                _ => {}
            }
        }
        (!found.keys.is_empty() || !found.values.is_empty()) && self.is_within(self.here(at), value, &found, &mut MOST_PARTS.clone())
    }
    /// Whether a call hands over nothing but confined names for the parameters that a way depends on.
    pub fn hands_confined(&mut self, node: Node, function: Node, indices: &[u32], bind: Bind) -> bool {
        let (What::Call(call), What::Function { params, .. }) =
            (&self.file(node.file).fact(node.fact).what, &self.file(function.file).fact(function.fact).what)
        else {
            return false;
        };
        let mut any = false;
        for index in indices {
            let Given::Values(values) = given(call, params, *index, bind) else { continue };
            any |= !values.is_empty();
            if !values.into_iter().all(|value| self.is_confined(node, value)) {
                return false;
            }
        }
        any
    }
    /// Whether every part of a value that outsiders may have chosen is confined.
    fn is_within(&mut self, here: Here, value: ValueId, found: &Confined, fuel: &mut u32) -> bool {
        let Some(left) = fuel.checked_sub(1) else { return false };
        *fuel = left;
        if found.values.contains(&value) || self.key_of(here, value).is_some_and(|k| found.keys.contains(&k)) {
            return true;
        }
        let val = self.settled(|s| s.value(here, value));
        if val.name.who < Who::Publisher && val.bytes.who < Who::Publisher && !val.is_open() {
            return true;
        }
        let facts = self.file(here.at.file);
        let parts: Vec<ValueId> = match &facts.value(value).what {
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, .. } => vec![*value],
                What::Call(call) => call.receiver.into_iter().chain(call.args.iter().map(|a| a.value)).collect(),
                _ => return false,
            },
            V::Join(parts) | V::Phi(parts) | V::List(parts, _) => parts.clone(),
            V::Attr(base, _) | V::Index(base, _) => vec![*base],
            _ => return false,
        };
        !parts.is_empty() && parts.into_iter().all(|part| self.is_within(here, part, found, fuel))
    }
    fn key_of(&self, here: Here, value: ValueId) -> Option<String> {
        key(self.world, self.tables, here, value, &mut fuel()).filter(|k| !k.is_empty())
    }
    /// Adds what a condition confines when it holds, or when it does not; `deep`: also by functions that it calls.
    fn confines(&mut self, at: Node, cond: CondId, holds: bool, deep: bool, out: &mut Confined) {
        let facts = self.file(at.file);
        match &facts.cond(cond).what {
            CondWhat::And(parts) if holds => parts.iter().for_each(|p| self.confines(at, *p, holds, deep, out)),
            CondWhat::Or(parts) if !holds => parts.iter().for_each(|p| self.confines(at, *p, holds, deep, out)),
            CondWhat::Not(inner) => self.confines(at, *inner, !holds, deep, out),
            CondWhat::Atom(list, CmpOp::Contains, value) if holds && facts.literal(*list).is_none() => self.confine(at, *value, out),
            // As it is written a path may lead out of the directory that it begins with.
            CondWhat::Atom(value, CmpOp::StartsWith, _) if holds && self.is_computed(at, *value) => self.confine(at, *value, out),
            CondWhat::Atom(left, op @ (CmpOp::Eq | CmpOp::Ne), right) if holds == (*op == CmpOp::Eq) => {
                for (one, other) in [(*left, *right), (*right, *left)] {
                    let same = self.key_of(self.here(at), one).is_some_and(|k| self.key_of(self.here(at), other) == Some(k));
                    if facts.literal(other).is_some_and(|text| !text.is_empty()) || same {
                        self.confine(at, one, out);
                    }
                    self.looked_at_by(at, one, out);
                }
            }
            CondWhat::Atom(value, CmpOp::Truthy, _) if holds && deep => self.verdict(at, *value, out),
            CondWhat::Atom(value, CmpOp::Truthy, _) if holds => self.looked_at_by(at, *value, out),
            _ => {}
        }
    }
    fn confine(&self, at: Node, value: ValueId, out: &mut Confined) {
        out.values.insert(value);
        out.keys.extend(self.key_of(self.here(at), value));
    }
    fn is_computed(&self, at: Node, value: ValueId) -> bool {
        let facts = self.file(at.file);
        match facts.value(value).what {
            V::Ref(fact) => match &facts.fact(fact).what {
                What::Assignment { value, .. } => self.is_computed(Node { fact, ..at }, *value),
                what => matches!(what, What::Call(_)),
            },
            _ => false,
        }
    }
    /// Adds what a call confines whose result is a verdict.
    fn verdict(&mut self, at: Node, value: ValueId, out: &mut Confined) {
        let facts = self.file(at.file);
        let V::Ref(fact) = facts.value(value).what else { return };
        let node = Node { fact, ..at };
        match &facts.fact(fact).what {
            What::Assignment { value, .. } => self.verdict(at, *value, out),
            What::Call(call) => {
                self.looked_at(node, out);
                self.confined_by(node, call, false, out);
            }
            _ => {}
        }
    }
    /// Adds what a call looks at that rows say checks.
    fn looked_at_by(&self, at: Node, value: ValueId, out: &mut Confined) {
        if let V::Ref(fact) = self.file(at.file).value(value).what {
            self.looked_at(Node { fact, ..at }, out);
        }
    }
    fn looked_at(&self, node: Node, out: &mut Confined) {
        for (id, row) in self.rows(node) {
            for effect in &row.effects {
                let Effect::Checks { slot, .. } = effect else { continue };
                for value in self.slot_values(node, id, slot) {
                    self.confine(node, value, out);
                    if let V::List(parts, _) = &self.file(node.file).value(value).what {
                        parts.iter().for_each(|part| self.confine(node, *part, out));
                    }
                }
                out.keys.extend(verified_key(self.world, self.tables, node, slot, id));
            }
        }
    }
    /// Adds the arguments that the functions of the tree which a call reaches confine: those that stop it, or those that its verdict is about.
    fn confined_by(&mut self, node: Node, call: &Call, stops: bool, out: &mut Confined) {
        self.settled(|s| s.want_targets(node, call));
        let Some([reached]) = self.tables.reached.get(&node).map(Vec::as_slice) else { return };
        let reached = *reached;
        let What::Function { params, .. } = &self.file(reached.function.file).fact(reached.function.fact).what else { return };
        for index in self.confined_parameters(reached.function, stops) {
            if let Given::Values(values) = given(call, params, index, reached.bind) {
                values.iter().for_each(|value| self.confine(node, *value, out));
            }
        }
    }
    fn confined_parameters(&mut self, function: Node, stops: bool) -> Vec<u32> {
        let facts = self.file(function.file);
        let mut found = Confined::default();
        for (fact, f) in inside(self.world, function) {
            let at = Node { fact, ..function };
            if self.tables.scope(at) != Some(function.fact) {
                continue;
            }
            match &f.what {
                What::Check { cond, on_fail } if ends(*on_fail) => self.confines(at, *cond, true, false, &mut found),
                What::Check { cond, on_fail } if *on_fail != OnFail::Log && !stops => self.confines(at, *cond, true, false, &mut found),
                What::Return { value } if !stops => {
                    if let Some(cond) = facts.test(*value) {
                        self.confines(at, cond, true, false, &mut found);
                    }
                    self.looked_at_by(at, *value, &mut found);
                }
                _ => {}
            }
        }
        found.keys.iter().filter_map(|k| parameter(function, k)).collect()
    }
}
