//! What a value holds, and which call it comes from: the tests `has` and `result-of` of rows, as far as one file tells. Knows facts.

use std::collections::BTreeSet;

use crate::catalog::glob;
use crate::catalog::slot::dotted;
use crate::cond::{CondId, CondWhat};
use crate::facts::{Arg, FactId, FileFacts, OnFail, Target, V, ValueId, What};

/// Values looked at for one test.
const MAX_STEPS: usize = 400;

/// Whether a list or table in sight holds an element that one of these globs matches: a text, or a name in full or by its last segment.
pub(in crate::catalog) fn has(facts: &FileFacts, value: ValueId, globs: &[String]) -> bool {
    let fits = |text: &str| globs.iter().any(|g| glob::text(g, text));
    let mut inside = BTreeSet::new();
    let mut todo = vec![(value, false)];
    while let Some((at, element)) = todo.pop() {
        if !inside.insert((at, element)) || inside.len() > MAX_STEPS {
            continue;
        }
        match &facts.value(at).what {
            V::List(items, _) => todo.extend(items.iter().map(|v| (*v, true))),
            V::Dict(entries, _) => todo.extend(entries.iter().flat_map(|(k, v)| [(*k, true), (*v, true)])),
            V::Phi(options) | V::Join(options) if !element => todo.extend(options.iter().map(|v| (*v, false))),
            V::Phi(options) => todo.extend(options.iter().map(|v| (*v, true))),
            V::Ref(fact) => {
                if let What::Assignment { value, target: Target::Name(_) | Target::Global(_) } = &facts.fact(*fact).what {
                    todo.push((*value, element));
                }
            }
            _ if element => {
                let text = facts.literal(at).or_else(|| dotted(facts, at));
                if text.is_some_and(|t| fits(&t) || t.rsplit('.').next().is_some_and(fits)) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// The elements of a list in sight; none when it is something else, or not all of it is literal.
pub(in crate::catalog) fn texts(facts: &FileFacts, value: ValueId) -> Option<Vec<String>> {
    let mut at = value;
    for _ in 0..MAX_STEPS {
        match &facts.value(at).what {
            V::List(items, false) => return items.iter().map(|v| facts.literal(*v)).collect(),
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, target: Target::Name(_) | Target::Global(_) } => at = *value,
                _ => return None,
            },
            _ => return None,
        }
    }
    None
}

/// Whether a value is what one of these calls gave, as it is, and no check that stops looks at it.
pub(in crate::catalog) fn is_result_of(facts: &FileFacts, value: ValueId, calls: &[String]) -> bool {
    let mut seen = BTreeSet::new();
    let mut todo = vec![value];
    while let Some(at) = todo.pop() {
        if !seen.insert(at) || seen.len() > MAX_STEPS {
            continue;
        }
        match &facts.value(at).what {
            V::Phi(options) => todo.extend(options),
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, .. } => todo.push(*value),
                What::Call(call) if calls.iter().any(|c| glob::path(c, &call.name)) => return !is_checked(facts, *fact),
                _ => {}
            },
            _ => {}
        }
    }
    false
}

/// Whether a check whose failure stops mentions what a call gave.
fn is_checked(facts: &FileFacts, call: FactId) -> bool {
    facts.items.iter().any(|f| match f.what {
        What::Check { cond, on_fail } if on_fail != OnFail::Log => {
            let around = f.when.into_iter().chain([cond]);
            around.flat_map(|c| compared(facts, c)).any(|v| mentions(facts, v, call))
        }
        _ => false,
    })
}

/// The values that a condition looks at.
fn compared(facts: &FileFacts, cond: CondId) -> Vec<ValueId> {
    let mut out = Vec::new();
    let mut todo = vec![cond];
    while let Some(at) = todo.pop().filter(|_| out.len() < MAX_STEPS) {
        match &facts.cond(at).what {
            CondWhat::And(parts) | CondWhat::Or(parts) => todo.extend(parts),
            CondWhat::Not(inner) => todo.push(*inner),
            CondWhat::Atom(left, _, right) => out.extend([*left, *right]),
            _ => {}
        }
    }
    out
}

/// Whether a value is made from what a call gave.
fn mentions(facts: &FileFacts, value: ValueId, call: FactId) -> bool {
    let mut seen = BTreeSet::new();
    let mut todo = vec![value];
    while let Some(at) = todo.pop() {
        if !seen.insert(at) || seen.len() > MAX_STEPS {
            continue;
        }
        match &facts.value(at).what {
            V::Ref(fact) if *fact == call => return true,
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, .. } => todo.push(*value),
                What::Call(c) => todo.extend(c.receiver.into_iter().chain(c.args.iter().map(|a: &Arg| a.value))),
                _ => {}
            },
            V::Phi(all) | V::Join(all) | V::List(all, _) | V::Unknown(all) => todo.extend(all),
            V::Attr(base, _) => todo.push(*base),
            V::Index(base, key) => todo.extend([*base, *key]),
            _ => {}
        }
    }
    false
}
