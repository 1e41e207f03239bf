//! Functions of the tree that look at a value before it is handed on, and may stop over it: what they refuse is not followed, that they refuse something is a
//! doubt. Knows no row and no origin of its own.

use crate::catalog::row::Effect;
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{FactId, FileFacts, V, ValueId, What};
use crate::flow::channels::{fuel, key};
use crate::flow::checked::inside;
use crate::flow::guards::conjuncts;
use crate::flow::resolve::validators::ends;
use crate::flow::solver::{Here, Solver};
use crate::flow::tables::{Given, given};
use crate::flow::value::Val;
use crate::graph::Node;
use crate::origin::Who;
use crate::source::Kind;

/// Values and conditions that are looked at in one function.
const MOST: u32 = 400;
/// Calls between a function and the one that stops.
const LEVELS: usize = 3;

impl Solver<'_> {
    /// The function that looks at what a chain of calls hands on, each from inside the one after it, and may stop before it comes to pass.
    pub fn inspected(&mut self, sink: Node, slot: Option<ValueId>, chain: &[Node]) -> Option<Node> {
        // What the sink itself fetches by a name is looked at by nobody before.
        let fetches = self.rows(sink).iter().any(|(_, row)| row.has("returns"));
        if fetches || self.world.index.kind(sink.file) != Kind::Python {
            return None;
        }
        let own = slot.map(|value| (sink, vec![value]));
        let handed = |node: &Node| match &self.file(node.file).fact(node.fact).what {
            What::Call(call) => Some((*node, call.args.iter().map(|a| a.value).collect())),
            _ => None,
        };
        let places: Vec<(Node, Vec<ValueId>)> = own.into_iter().chain(chain.iter().filter_map(handed)).collect();
        places.into_iter().find_map(|(node, values)| self.inspected_at(node, &values))
    }
    fn inspected_at(&mut self, node: Node, values: &[ValueId]) -> Option<Node> {
        let here = self.here(node);
        here.scope?;
        let mut inspector = None;
        for value in values {
            // One that may have come in different ways is looked at in each that matters.
            let ways = match &self.file(node.file).value(*value).what {
                V::Phi(ways) => ways.clone(),
                _ => vec![*value],
            };
            for way in ways {
                let val = self.settled(|s| s.value(here, way));
                if !is_foreign(&val) {
                    continue;
                }
                self.ask_for_checks(here, way);
                inspector = Some(self.inspector(here, way)?);
            }
        }
        inspector
    }
    /// The function that is handed a value above a fact.
    fn inspector(&self, here: Here, value: ValueId) -> Option<Node> {
        let own = key(self.world, self.tables, here, value, &mut fuel())?;
        let facts = self.file(here.at.file);
        let mut around = conjuncts(facts, facts.fact(here.at.fact).when);
        if let V::Ref(fact) = facts.value(value).what {
            around.extend(conjuncts(facts, facts.fact(fact).when));
        }
        let above = facts.iter().skip(here.scope?.0 as usize).take_while(|(fact, _)| *fact < here.at.fact);
        let mut calls = above.filter_map(|(fact, f)| if let What::Call(call) = &f.what { Some((fact, f, call)) } else { None });
        calls.find_map(|(fact, f, call)| {
            let node = Node { fact, ..here.at };
            let before = self.tables.scope(node) == here.scope && f.handler.is_none() && conjuncts(facts, f.when).iter().all(|c| around.contains(c));
            let [reached] = self.tables.reached.get(&node)?.as_slice() else { return None };
            let What::Function { params, .. } = &self.world.facts.fact(reached.function).what else { return None };
            let at = Here { at: node, scope: here.scope };
            let is_it = |index: &u32| {
                let Given::Values(values) = given(call, params, *index, reached.bind) else { return false };
                matches!(values.as_slice(), [one] if key(self.world, self.tables, at, *one, &mut fuel()).is_some_and(|k| k == own))
            };
            let index = (0..u32::try_from(params.len()).ok()?).filter(|_| before).find(is_it)?;
            // What is called for what it gives back is no mere look.
            let stops = self.stops_by(node, here) || !self.is_kept(node) && self.stops_over(reached.function, index, LEVELS);
            stops.then_some(reached.function)
        })
    }
    /// Whether a function may stop over what a parameter of it holds.
    fn stops_over(&self, function: Node, index: u32, levels: usize) -> bool {
        let Some(levels) = levels.checked_sub(1) else { return false };
        let mut left = MOST;
        inside(self.world, function).any(|(fact, f)| match &f.what {
            What::Check { cond, on_fail } if ends(*on_fail) => self.looks_at(function, *cond, index, &mut left),
            What::Call(call) => {
                let Some([reached]) = self.tables.reached.get(&Node { fact, ..function }).map(Vec::as_slice) else { return false };
                let What::Function { params, .. } = &self.world.facts.fact(reached.function).what else { return false };
                let mut handed = (0..u32::try_from(params.len()).unwrap_or(0)).filter(|n| match given(call, params, *n, reached.bind) {
                    Given::Values(values) => values.iter().any(|v| self.comes_from(function, *v, index, &mut left)),
                    _ => false,
                });
                reached.function != function && handed.any(|n| self.stops_over(reached.function, n, levels))
            }
            _ => false,
        })
    }
    /// Whether what a call gives back is kept.
    fn is_kept(&self, call: Node) -> bool {
        let facts = self.file(call.file);
        let mut after = facts
            .iter()
            .skip(call.fact.0 as usize + 1)
            .take_while(|(fact, _)| self.tables.scope(Node { fact: *fact, ..call }) == self.tables.scope(call));
        after.any(|(_, f)| match &f.what {
            What::Assignment { value, .. } | What::Return { value } => is_result(facts, *value, call.fact),
            What::Call(other) => other.receiver.iter().chain(other.args.iter().map(|a| &a.value)).any(|v| is_result(facts, *v, call.fact)),
            _ => false,
        })
    }
    /// Whether a check in the same function stops over what a call gives back.
    fn stops_by(&self, call: Node, here: Here) -> bool {
        let facts = self.file(call.file);
        let mut checks = facts.iter().skip(call.fact.0 as usize).take_while(|(fact, _)| *fact < here.at.fact);
        checks.any(|(fact, f)| match f.what {
            What::Check { cond, on_fail } => {
                let same = self.tables.scope(Node { fact, ..call }) == here.scope;
                same && ends(on_fail) && self.is_about(call, cond, &mut MOST.clone())
            }
            _ => false,
        })
    }
    /// Whether a condition is about what a call gives back.
    fn is_about(&self, call: Node, cond: CondId, left: &mut u32) -> bool {
        let Some(fewer) = left.checked_sub(1) else { return false };
        *left = fewer;
        let facts = self.file(call.file);
        match &facts.cond(cond).what {
            CondWhat::And(all) | CondWhat::Or(all) => all.iter().any(|c| self.is_about(call, *c, left)),
            CondWhat::Not(inner) => self.is_about(call, *inner, left),
            CondWhat::Atom(a, _, b) => [a, b].into_iter().any(|v| is_result(facts, *v, call.fact)),
            _ => false,
        }
    }
    /// Whether a condition asks what a parameter holds, and not only whether there is one or of which type it is.
    fn looks_at(&self, function: Node, cond: CondId, index: u32, left: &mut u32) -> bool {
        let Some(fewer) = left.checked_sub(1) else { return false };
        *left = fewer;
        let facts = self.file(function.file);
        match &facts.cond(cond).what {
            CondWhat::And(all) | CondWhat::Or(all) => all.iter().any(|c| self.looks_at(function, *c, index, left)),
            CondWhat::Not(inner) => self.looks_at(function, *inner, index, left),
            CondWhat::Atom(a, op, b) => {
                let bare = *op == CmpOp::Truthy || matches!(facts.value(*b).what, V::None);
                let asks = !(self.is_of_form(function, *a) || bare && matches!(facts.value(*a).what, V::Param(_) | V::None));
                asks && [a, b].into_iter().any(|v| self.comes_from(function, *v, index, left))
            }
            _ => false,
        }
    }
    /// Whether rows say of the call that gave a value that nothing of what it was handed is in it: a question about type, length or whether there is one.
    fn is_of_form(&self, function: Node, value: ValueId) -> bool {
        let V::Ref(fact) = self.file(function.file).value(value).what else { return false };
        let own = |e: &Effect| matches!(e, Effect::Returns { who: Who::Program, .. });
        self.world.index.effects(self.world.catalog, Node { fact, ..function }).any(own)
    }
    /// Whether a value is made of a parameter.
    fn comes_from(&self, function: Node, value: ValueId, index: u32, left: &mut u32) -> bool {
        let Some(fewer) = left.checked_sub(1) else { return false };
        *left = fewer;
        let facts = self.file(function.file);
        let mut any = |values: &[ValueId]| values.iter().any(|v| self.comes_from(function, *v, index, left));
        match &facts.value(value).what {
            V::Param(n) => *n == index,
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, .. } => any(&[*value]),
                What::Call(call) => {
                    let args: Vec<ValueId> = call.receiver.into_iter().chain(call.args.iter().map(|a| a.value)).collect();
                    any(&args)
                }
                _ => false,
            },
            V::Attr(base, _) => any(&[*base]),
            V::Index(base, key) => any(&[*base, *key]),
            V::Join(parts) | V::Phi(parts) | V::Unknown(parts) | V::List(parts, _) => any(parts),
            _ => false,
        }
    }
}

/// Whether a value is from outside, or is what callers hand over.
fn is_foreign(val: &Val) -> bool {
    val.who() >= Who::Publisher || !val.deps.is_empty()
}

/// Whether a value is what a call gives back.
fn is_result(facts: &FileFacts, value: ValueId, call: FactId) -> bool {
    let mut at = value;
    for _ in 0..LEVELS {
        let V::Ref(fact) = facts.value(at).what else { return false };
        match &facts.fact(fact).what {
            _ if fact == call => return true,
            What::Assignment { value, .. } => at = *value,
            _ => return false,
        }
    }
    false
}
