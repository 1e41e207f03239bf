//! Whether what a call gives decides that a fact is reached: a condition around the fact asks for it, or a check above it that stops. The call may stand in a
//! function of the same file that is asked instead.

use std::collections::BTreeSet;

use crate::cond::{CondId, CondWhat};
use crate::facts::{FactId, FileFacts, OnFail, V, ValueId, What};
use crate::flow::guards::conjuncts;

/// Values that are looked at for one fact, at most.
const MOST: usize = 400;

/// The calls that decide whether one fact is reached.
#[derive(Debug, Default)]
pub(super) struct Deciding<'f> {
    calls: BTreeSet<FactId>,
    /// Last segments of what they call.
    names: BTreeSet<&'f str>,
}

impl<'f> Deciding<'f> {
    /// Those of a fact.
    pub(super) fn of(facts: &'f FileFacts, fact: FactId) -> Self {
        let scope = |id: FactId| facts.owners(id).find(|(_, f)| matches!(f.what, What::Function { .. })).map(|o| o.0);
        let own = scope(fact);
        let around = conjuncts(facts, facts.fact(fact).when);
        let mut conds = around.clone();
        // Before the function nothing of it stands.
        let first = own.map_or(0, |o| o.0 as usize);
        for (id, f) in facts.iter().skip(first).take_while(|(id, _)| *id < fact) {
            let What::Check { cond, on_fail } = f.what else { continue };
            if on_fail != OnFail::Log && scope(id) == own && conjuncts(facts, f.when).iter().all(|c| around.contains(c)) {
                conds.push(cond);
            }
        }
        let mut values = Vec::new();
        conds.into_iter().for_each(|cond| compared(facts, cond, &mut values));
        let mut out = Deciding::default();
        let mut seen = BTreeSet::new();
        while let Some(value) = values.pop() {
            if seen.len() > MOST || !seen.insert(value) {
                continue;
            }
            match &facts.value(value).what {
                V::Ref(at) => match &facts.fact(*at).what {
                    What::Assignment { value, .. } => values.push(*value),
                    What::Call(call) => {
                        out.calls.insert(*at);
                        out.names.insert(call.name.rsplit('.').next().unwrap_or(&call.name));
                        values.extend(call.receiver);
                        values.extend(call.args.iter().map(|a| a.value));
                    }
                    _ => {}
                },
                V::Attr(base, _) | V::Index(base, _) => values.push(*base),
                V::Phi(all) | V::Join(all) | V::Unknown(all) => values.extend(all),
                _ => {}
            }
        }
        out
    }
    /// Whether a call is one of them, or stands in a function of the file that one of them calls.
    pub(super) fn has(&self, facts: &FileFacts, call: FactId) -> bool {
        let called = |what: &What| matches!(what, What::Function { name, .. } if name.rsplit('.').next().is_some_and(|n| self.names.contains(n)));
        self.calls.contains(&call) || facts.owners(call).any(|(_, f)| called(&f.what))
    }
}

fn compared(facts: &FileFacts, cond: CondId, out: &mut Vec<ValueId>) {
    match &facts.cond(cond).what {
        CondWhat::And(parts) | CondWhat::Or(parts) => parts.iter().for_each(|c| compared(facts, *c, out)),
        CondWhat::Not(inner) => compared(facts, *inner, out),
        CondWhat::Atom(left, _, right) => out.extend([*left, *right]),
        CondWhat::Const(_) | CondWhat::Status(_) | CondWhat::Opaque => {}
    }
}
