//! Checks that stand in functions of their own: which parameters a function verifies before it comes back, and which of them what it gives back is a digest or
//! a verdict of. Knows no origin.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::facts::{Call, FactId, OnFail, V, ValueId, What};
use crate::flow::channels::{Writers, fuel, key};
use crate::flow::checked::{arguments, compared, inside};
use crate::flow::guards::conjuncts;
use crate::flow::solver::{Here, Solver, World};
use crate::flow::tables::{Bind, Given, Tables, given};
use crate::flow::value::Val;
use crate::graph::Node;
use crate::origin::{Origin, Who};
use crate::source::FileId;

/// Functions that call functions that check.
const LEVELS: usize = 3;
/// Calls that are asked for because of one value.
const MANY: usize = 16;

/// The parameter of a function that a key is.
pub(in crate::flow) fn parameter(function: Node, key: &str) -> Option<u32> {
    key.strip_prefix(&format!("\u{1}p{}.", function.fact.0))?.parse().ok()
}

/// What a call hands to a parameter, when it is one value.
fn handed(world: World, node: Node, call: &Call, function: Node, index: u32, bind: Bind) -> Option<ValueId> {
    let What::Function { params, .. } = &world.facts.fact(function).what else { return None };
    let _ = node;
    match given(call, params, index, bind) {
        Given::Values(values) if values.len() == 1 => values.first().copied(),
        _ => None,
    }
}

impl Writers {
    /// Calls of functions that compare a digest and stop their callers when it is another one verify what they are handed.
    pub(in crate::flow) fn refused(&mut self, world: World, tables: &Tables, refusing: &BTreeSet<Node>) {
        for function in refusing {
            for (node, _) in tables.callers.get(function).into_iter().flatten() {
                let What::Call(call) = &world.facts.fact(*node).what else { continue };
                let keys = arguments(world, tables, *node, call);
                self.checks.entry(node.file).or_default().extend(keys.into_iter().map(|key| (node.fact, Some(key))));
            }
        }
    }
    /// Carries checks that end a function to those who call it.
    pub(in crate::flow) fn carry(&mut self, world: World, tables: &Tables, ending: Vec<(Node, String)>) {
        let mut next: Vec<(Node, u32)> = Vec::new();
        for (check, key) in ending {
            let Some(function) = unconditional(world, tables, check) else { continue };
            next.extend(parameter(function, &key).map(|n| (function, n)));
        }
        for _ in 0..LEVELS {
            next.retain(|(function, n)| self.validating.entry(*function).or_default().insert(*n));
            let mut above = Vec::new();
            for (function, n) in std::mem::take(&mut next) {
                for (node, bind) in tables.callers.get(&function).into_iter().flatten() {
                    let What::Call(call) = &world.facts.fact(*node).what else { continue };
                    if tables.reached.get(node).is_none_or(|r| r.len() != 1) {
                        continue;
                    }
                    let Some(value) = handed(world, *node, call, function, n, *bind) else { continue };
                    let here = Here { at: *node, scope: tables.scope(*node) };
                    let Some(key) = key(world, tables, here, value, &mut fuel()) else { continue };
                    if let Some(outer) = unconditional(world, tables, *node) {
                        above.extend(parameter(outer, &key).map(|n| (outer, n)));
                    }
                    self.checks.entry(node.file).or_default().push((node.fact, Some(key)));
                }
            }
            next = above;
        }
    }
}

/// The function that a fact always comes to pass in, once it is called.
pub(in crate::flow) fn unconditional(world: World, tables: &Tables, node: Node) -> Option<Node> {
    let fact = world.facts.fact(node);
    let always = fact.when.is_none() && fact.handler.is_none();
    tables.scope(node).filter(|_| always).map(|fact| Node { fact, ..node })
}

impl Solver<'_> {
    /// The parameters that a function verifies before it comes back.
    pub fn validates(&self, function: Node) -> Vec<u32> {
        self.writers.validating.get(&function).into_iter().flatten().copied().collect()
    }
    /// Whether a value is what a function gives back after it verified it.
    pub(in crate::flow) fn comes_verified(&self, here: Here, value: ValueId) -> bool {
        let facts = self.file(here.at.file);
        let mut at = value;
        for _ in 0..8 {
            let V::Ref(fact) = facts.value(at).what else { return false };
            match &facts.fact(fact).what {
                What::Assignment { value, .. } => at = *value,
                What::Call(_) => {
                    let reached = self.tables.reached.get(&Node { file: here.at.file, fact }).map_or(&[][..], Vec::as_slice);
                    let given_back = |function: Node| {
                        let returned = self.tables.returns(function);
                        let checked = self.validates(function);
                        let is_checked = |v: &ValueId| matches!(self.file(function.file).value(*v).what, V::Param(n) if checked.contains(&n));
                        !returned.is_empty() && returned.iter().all(is_checked)
                    };
                    return !reached.is_empty() && reached.iter().all(|r| given_back(r.function));
                }
                _ => return false,
            }
        }
        false
    }
    /// What a function gives back; what it verified before it comes back is what the repository states.
    pub(in crate::flow) fn unless_verified(&mut self, function: Node, value: ValueId, val: Val) -> Val {
        let checked = self.writers.checks.contains_key(&function.file);
        if val.bytes.who < Who::Publisher && !(checked && val.is_open()) {
            return val;
        }
        let facts = self.file(function.file);
        let of_function = |at: &FactId| self.tables.scope(Node { fact: *at, ..function }) == Some(function.fact);
        let returns = inside(self.world, function).filter(|(_, f)| matches!(f.what, What::Return { value: v } if v == value)).map(|(at, _)| at);
        let returns: Vec<FactId> = returns.filter(of_function).collect();
        let Some(first) = returns.first().copied() else { return val };
        let here = |fact: FactId| Here { at: Node { fact, ..function }, scope: Some(function.fact) };
        self.ask_for_checks(here(first), value);
        let is_plain = matches!(facts.value(value).what, V::Ref(_) | V::Param(_));
        match key(self.world, self.tables, here(first), value, &mut fuel()) {
            Some(key) if is_plain && returns.iter().all(|at| self.verified(here(*at), &key, FactId(0))) => Val::content(Origin::REPOSITORY),
            _ => val,
        }
    }
    /// Whether a fact is only reached when a comparison said that the value behind a key is the one that was meant.
    pub(in crate::flow) fn confirmed(&self, node: Node, wanted: &str) -> bool {
        let facts = self.file(node.file);
        conjuncts(facts, facts.fact(node.fact).when).into_iter().any(|cond| {
            let mut keys = Vec::new();
            compared(self.world, self.tables, node, (cond, true), &mut fuel(), &mut keys);
            keys.iter().any(|k| k == wanted || k.is_empty())
        })
    }
    /// Whether what stops at a check lies on the way to a fact: the check is not in a branch that the fact is not in.
    pub(in crate::flow) fn dominates(&self, check: Node, fact: Node) -> bool {
        let facts = self.file(check.file);
        let around = conjuncts(facts, facts.fact(fact.fact).when);
        let stands = facts.fact(check.fact);
        let handler = stands.handler.is_none() || stands.handler == facts.fact(fact.fact).handler;
        handler && conjuncts(facts, stands.when).iter().all(|c| around.contains(c))
    }
    /// Asks for functions that are handed a value before it is used: they may check it.
    pub(in crate::flow) fn ask_for_checks(&mut self, here: Here, value: ValueId) {
        let Some(own) = key(self.world, self.tables, here, value, &mut fuel()) else { return };
        let place = (here.at.file, here.scope);
        if !self.handed.contains_key(&place) {
            let found = self.handed_in(here);
            self.handed.insert(place, found);
        }
        let calls: Vec<Node> = self.handed.get(&place).and_then(|h| h.get(&own)).into_iter().flatten().copied().collect();
        for node in calls.into_iter().filter(|n| n.fact < here.at.fact).take(MANY) {
            if let What::Call(call) = &self.file(node.file).fact(node.fact).what {
                self.settled(|s| s.want_targets(node, call));
            }
        }
    }
    /// Calls of a function that reach nothing known, by what they are handed.
    fn handed_in(&self, here: Here) -> HashMap<String, Vec<Node>> {
        let mut out: HashMap<String, Vec<Node>> = HashMap::new();
        let facts = self.file(here.at.file);
        for (fact, f) in facts.iter().skip(here.scope.map_or(0, |s| s.0 as usize)) {
            let node = Node { file: here.at.file, fact };
            let What::Call(call) = &f.what else { continue };
            if self.tables.scope(node) != here.scope || self.tables.reached.contains_key(&node) {
                continue;
            }
            for arg in call.args.iter().take(4) {
                if let Some(key) = key(self.world, self.tables, Here { at: node, scope: here.scope }, arg.value, &mut fuel()) {
                    out.entry(key).or_default().push(node);
                }
            }
        }
        out
    }
}

/// Calls of one place that are handed values, by key.
pub(in crate::flow) type Handed = HashMap<(FileId, Option<FactId>), HashMap<String, Vec<Node>>>;

/// Checks of parameters by the function that makes them.
pub(in crate::flow) type Validating = BTreeMap<Node, BTreeSet<u32>>;

/// Whether a failed check ends the function for good.
pub(in crate::flow) fn ends(on_fail: OnFail) -> bool {
    matches!(on_fail, OnFail::Raise | OnFail::Exit)
}

/// A check of a file and what it covers; none: all files of the script.
pub(in crate::flow) type Checked = (FactId, Option<String>);
