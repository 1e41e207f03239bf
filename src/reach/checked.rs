//! Variables of a script that a check has looked at: what does not fit stops there, so what comes after has a known shape. Knows facts alone.

use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{FactId, FileFacts, OnFail, V, ValueId, What};

/// Parts of one condition that are looked at, at most.
const MOST: usize = 64;

/// Whether a condition around a fact, or a check before it in the same script that stops, compares the variable with a text or pattern that is written out.
pub(super) fn is_shaped(facts: &FileFacts, checks: &[FactId], at: FactId, variable: &str) -> bool {
    let script = |id| facts.owners(id).find(|(_, f)| matches!(f.what, What::Script { .. })).map(|(id, _)| id);
    let Some(own) = script(at) else { return false };
    let before = facts.fact(at).range.start;
    if facts.fact(at).when.is_some_and(|when| compares(facts, when, variable)) {
        return true;
    }
    checks.iter().any(|id| match (&facts.fact(*id).what, facts.fact(*id).range) {
        (What::Check { cond, on_fail: OnFail::Exit | OnFail::Return }, range) if range.start < before && script(*id) == Some(own) => {
            compares(facts, *cond, variable)
        }
        _ => false,
    })
}

/// Whether all that passes a condition has compared the variable.
fn compares(facts: &FileFacts, cond: CondId, variable: &str) -> bool {
    let (mut todo, mut steps) = (vec![cond], 0);
    while let Some(id) = todo.pop() {
        steps += 1;
        if steps > MOST {
            return false;
        }
        match &facts.cond(id).what {
            CondWhat::And(ids) => todo.extend(ids),
            CondWhat::Not(inner) => {
                if let CondWhat::Not(twice) = &facts.cond(*inner).what {
                    todo.push(*twice);
                }
            }
            CondWhat::Atom(left, op, right) => {
                let is = |v: ValueId| named(facts, v, variable);
                let fits = match op {
                    CmpOp::Eq => is(*left) && facts.literal(*right).is_some() || is(*right) && facts.literal(*left).is_some(),
                    CmpOp::Matches => is(*left) && facts.literal(*right).is_some_and(|p| confines(&p)),
                    _ => false,
                };
                if fits {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

fn named(facts: &FileFacts, value: ValueId, variable: &str) -> bool {
    match &facts.value(value).what {
        V::Env(name) => name == variable,
        V::Join(parts) => matches!(parts.as_slice(), [one] if named(facts, *one, variable)),
        _ => false,
    }
}

/// Whether a pattern holds at both ends and lets no sign through that means anything to a shell.
fn confines(pattern: &str) -> bool {
    let Some(inner) = pattern.strip_prefix('^').and_then(|p| p.strip_suffix('$')) else { return false };
    let free = inner.replace("\\.", "").contains('.') || inner.contains("[^") || inner.contains("\\S") || inner.contains("\\W");
    !free && !inner.contains(['`', ';', '"', '\'', ' ', '&'])
}
