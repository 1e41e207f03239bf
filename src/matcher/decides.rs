//! Whether what a call gives decides that a fact is reached: a condition around the fact asks for it, or a check above it that stops. The call may stand in a
//! function of the same file that is asked instead.

use std::collections::BTreeSet;

use crate::cond::{CondId, CondWhat};
use crate::facts::{FactId, FileFacts, OnFail, V, ValueId, What};
use crate::flow::guards::conjuncts;

/// Values that are looked at for one fact, at most.
const MOST: usize = 400;

/// Whether what the call `asked` gives decides that `fact` is reached.
pub(super) fn decides(facts: &FileFacts, asked: FactId, fact: FactId) -> bool {
    let scope = |id: FactId| facts.owners(id).find(|(_, f)| matches!(f.what, What::Function { .. })).map(|o| o.0);
    let own = scope(fact);
    let around = conjuncts(facts, facts.fact(fact).when);
    let mut conds = around.clone();
    for (id, f) in facts.iter().take_while(|(id, _)| *id < fact) {
        let What::Check { cond, on_fail } = f.what else { continue };
        if on_fail != OnFail::Log && scope(id) == own && conjuncts(facts, f.when).iter().all(|c| around.contains(c)) {
            conds.push(cond);
        }
    }
    let mut values = Vec::new();
    conds.into_iter().for_each(|cond| compared(facts, cond, &mut values));
    let mut seen = BTreeSet::new();
    while let Some(value) = values.pop() {
        if seen.len() > MOST || !seen.insert(value) {
            continue;
        }
        match &facts.value(value).what {
            V::Ref(at) if *at == asked => return true,
            V::Ref(at) => match &facts.fact(*at).what {
                What::Assignment { value, .. } => values.push(*value),
                What::Call(call) => {
                    if holds(facts, &call.name, asked) {
                        return true;
                    }
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
    false
}

fn compared(facts: &FileFacts, cond: CondId, out: &mut Vec<ValueId>) {
    match &facts.cond(cond).what {
        CondWhat::And(parts) | CondWhat::Or(parts) => parts.iter().for_each(|c| compared(facts, *c, out)),
        CondWhat::Not(inner) => compared(facts, *inner, out),
        CondWhat::Atom(left, _, right) => out.extend([*left, *right]),
        CondWhat::Const(_) | CondWhat::Status(_) | CondWhat::Opaque => {}
    }
}

/// Whether a function of the file that is called by that name holds a fact.
fn holds(facts: &FileFacts, called: &str, fact: FactId) -> bool {
    let last = called.rsplit('.').next().unwrap_or(called);
    facts.owners(fact).any(|(_, f)| matches!(&f.what, What::Function { name, .. } if name.rsplit('.').next() == Some(last)))
}
