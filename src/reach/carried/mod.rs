//! Gates that an output of a step carries, and checks that scripts make themselves: what was written there, and under which conditions. Knows rows and
//! facts, no job as a whole.

use std::collections::BTreeSet;

use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{Channel, FactId, FileFacts, Language, V, ValueId, What};
use crate::finding::Location;
use crate::graph::Node;
use crate::reach::condition::{Side, Tri, World, agreed, any_checked, cond, fixed, indirect, options, side, value_says};
use crate::reach::families::{Family, mentions};
use crate::reach::sources::Scope;
use stops::{conditions, is_behind, stops};

mod stops;

/// Conditions inside conditions that are followed.
const DEPTH: u32 = 64;

/// What an output of the named step says of a comparison with it, and, where that is not known, whether it refuses an outsider (`No`): the step is a check
/// of an active family.
pub(super) fn step_output(world: &World, scope: &Scope, node: Node, step: &str, output: &str, (op, other): (CmpOp, &Side), depth: u32) -> (Tri, Tri) {
    let unknown = (Tri::Maybe, Tri::Maybe);
    if world.active.is_empty() {
        return unknown;
    }
    let names = |text: &str| world.active.iter().any(|family| mentions(family, text));
    let is_by = |action: &str| world.active.iter().any(|family| family.by.iter().any(|b| b.eq_ignore_ascii_case(action)));
    let facts = world.context.facts.file(node.file);
    let mut written = Vec::new();
    // Whether a write of a shell's was left out, and whether one may write any output.
    let (mut skipped, mut any) = (false, false);
    let mut carried = None;
    let container = std::iter::once((node.fact, facts.fact(node.fact)))
        .chain(facts.owners(node.fact))
        .find(|(_, f)| matches!(f.what, What::Job { .. } | What::Template { .. }));
    let steps = world.context.index.steps();
    let Some(found) = container.and_then(|(fact, _)| steps.step(Node { file: node.file, fact }, step)) else { return unknown };
    let whole = Node { file: node.file, fact: found };
    for (inner, f) in steps.within(whole).iter().map(|id| (*id, facts.fact(*id))) {
        let here = Node { file: node.file, fact: inner };
        match &f.what {
            What::Uses { target, .. } => {
                let target = facts.literal(*target).unwrap_or_default();
                if is_by(target.split('@').next().unwrap_or_default()) {
                    return (Tri::Maybe, Tri::No);
                }
            }
            // What a script of this language answers, its writes tell.
            What::Script { language: Language::JavaScript, .. } => {}
            What::Script { text, .. } if facts.literal_parts(*text).is_some_and(|t| names(&t)) => return (Tri::Maybe, Tri::No),
            What::Write { channel: Channel::Output(Some(n)), value } if n.eq_ignore_ascii_case(output) => {
                if in_javascript(facts, inner) {
                    if reached(world, scope, here, inner, depth) {
                        written.extend(options(world, scope, here, *value, depth).into_iter().map(|v| (here, v)));
                    }
                    carried = carried.or(Some(Tri::Maybe));
                } else if reached(world, scope, here, inner, depth) && !is_behind(facts, &stops(world, scope, whole, depth), inner) {
                    let says = value_says(world, scope, here, *value, depth);
                    if says != Tri::Maybe {
                        return (Tri::Maybe, says);
                    }
                    written.extend(options(world, scope, here, *value, depth).into_iter().map(|v| (here, v)));
                } else {
                    skipped = true;
                }
            }
            What::Write { channel: Channel::Output(None), .. } => {
                any |= reached(world, scope, here, inner, depth) && !is_behind(facts, &stops(world, scope, whole, depth), inner);
            }
            _ => {}
        }
    }
    // What a shell writes without a check may be written again by a program that is not in sight.
    if carried.is_none() && (any || !skipped) {
        return unknown;
    }
    let told = said(world, scope, node, &written, (op, other), depth);
    if written.is_empty() {
        return (told, Tri::Maybe);
    }
    // A member of the answer was compared as it is.
    let opaque = |v: ValueId| !matches!(side(facts, v), Side::Answer(..)) && world.active.iter().any(|family| made_from(facts, v, family));
    let refuses = written.iter().all(|(_, v)| opaque(*v));
    (told, if refuses { Tri::No } else { Tri::Maybe })
}

/// Whether a fact of a script can be reached in this world, once the script runs: what decides that is another question, asked of the step.
pub(super) fn reached(world: &World, scope: &Scope, node: Node, fact: FactId, depth: u32) -> bool {
    let facts = world.context.facts.file(node.file);
    conditions(facts, fact).into_iter().all(|id| cond(world, scope, node, id, depth) != Tri::No)
}

/// The same of a step as a whole: a check before it in a shell may end the script.
pub(super) fn comes_to(world: &World, scope: &Scope, step: Node, node: Node) -> bool {
    let facts = world.context.facts.file(node.file);
    let ended = || step.file == node.file && !in_javascript(facts, node.fact) && is_behind(facts, &stops(world, scope, step, DEPTH), node.fact);
    reached(world, scope, node, node.fact, DEPTH) && !ended()
}

/// What all that may have been written says of a comparison with it.
fn said(world: &World, scope: &Scope, node: Node, written: &[(Node, ValueId)], (op, other): (CmpOp, &Side), depth: u32) -> Tri {
    let facts = world.context.facts.file(node.file);
    if written.is_empty() {
        // Whatever would write it is not reached.
        return compared(world, scope, node, &Side::Text(String::new()), (op, other), depth);
    }
    agreed(written.iter().map(|(here, v)| compared(world, scope, *here, &side(facts, *v), (op, other), depth)))
}

/// What a variable that scripts of the same job export says of a comparison with it.
pub(super) fn exported(world: &World, scope: &Scope, node: Node, variable: &str, (op, other): (CmpOp, &Side), depth: u32) -> Tri {
    let facts = world.context.facts.file(node.file);
    let job = |id: FactId| facts.owners(id).find(|(_, f)| matches!(f.what, What::Job { .. } | What::Template { .. })).map(|o| o.0);
    let (mut written, mut any) = (Vec::new(), false);
    let Some(holder) = job(node.fact) else { return Tri::Maybe };
    let written_here = world.context.index.steps().variables(Node { file: node.file, fact: holder }, variable);
    for (id, fact) in written_here.iter().map(|id| (*id, facts.fact(*id))) {
        let What::Write { channel: Channel::RunnerEnv(Some(name)), value } = &fact.what else { continue };
        if !name.eq_ignore_ascii_case(variable) || !in_javascript(facts, id) {
            continue;
        }
        any = true;
        let here = Node { file: node.file, fact: id };
        if reached(world, scope, here, id, depth) {
            written.extend(options(world, scope, here, *value, depth).into_iter().map(|v| (here, v)));
        }
    }
    if any && !world.active.is_empty() { said(world, scope, node, &written, (op, other), depth) } else { Tri::Maybe }
}

/// What a value that was carried says of a comparison with it.
pub(super) fn compared(world: &World, scope: &Scope, node: Node, value: &Side, (op, other): (CmpOp, &Side), depth: u32) -> Tri {
    let other = if op == CmpOp::Truthy { value } else { other };
    match (value, op, other) {
        (Side::Text(a), CmpOp::Eq, Side::Text(b)) => Tri::known(a.eq_ignore_ascii_case(b)),
        (Side::Text(a), CmpOp::Ne, Side::Text(b)) => Tri::known(!a.eq_ignore_ascii_case(b)),
        (Side::Text(a), CmpOp::Truthy, _) => Tri::known(!a.is_empty()),
        (Side::Text(a), CmpOp::Contains, Side::List(items)) => Tri::known(items.iter().any(|i| i.eq_ignore_ascii_case(a))),
        (Side::Answer(..), ..) => any_checked(world, value, op, other),
        (Side::Context(c), ..) => match fixed(world.state, value, op, other) {
            Some(fixed) => fixed,
            None => match any_checked(world, value, op, other) {
                Tri::Maybe => {
                    let at = Location { file: node.file, range: world.context.facts.fact(node).range };
                    indirect(world, scope, node, c, value, op, other, at, depth)
                }
                verdict => verdict,
            },
        },
        _ => Tri::Maybe,
    }
}

/// Whether a fact stands in JavaScript, whose checks say themselves what must hold.
pub(super) fn in_javascript(facts: &FileFacts, fact: FactId) -> bool {
    let script = facts.owners(fact).find_map(|(_, f)| if let What::Script { language, .. } = &f.what { Some(*language) } else { None });
    script == Some(Language::JavaScript)
}

/// Whether a value is computed from what a request of the family answered, in a way that has no form: a rank, a table, a helper out of sight.
pub(super) fn made_from(facts: &FileFacts, value: ValueId, family: &Family) -> bool {
    let (mut todo, mut seen) = (vec![value], BTreeSet::new());
    while let Some(value) = todo.pop() {
        if !seen.insert(value) || seen.len() > 256 {
            continue;
        }
        match &facts.value(value).what {
            V::Attr(base, _) => todo.push(*base),
            V::Index(base, key) => todo.extend([*base, *key]),
            V::Dict(entries, _) => todo.extend(entries.iter().map(|(_, v)| *v)),
            V::Phi(parts) | V::Unknown(parts) | V::List(parts, _) | V::Join(parts) => todo.extend(parts),
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Call(call) => {
                    let last = call.name.rsplit('.').next().unwrap_or_default();
                    if call.is_javascript() && family.by.iter().any(|b| b == last) {
                        return true;
                    }
                }
                What::Assignment { value, .. } => todo.push(*value),
                _ => {}
            },
            _ => {}
        }
    }
    false
}

/// Whether a condition compares what a request of the family answered with something that is not in sight.
pub(super) fn asks(facts: &FileFacts, id: CondId, family: &Family) -> bool {
    let (mut todo, mut steps) = (vec![id], 0);
    while let Some(id) = todo.pop() {
        steps += 1;
        if steps > 512 {
            return false;
        }
        match &facts.cond(id).what {
            CondWhat::And(ids) | CondWhat::Or(ids) => todo.extend(ids),
            CondWhat::Not(id) => todo.push(*id),
            CondWhat::Atom(_, CmpOp::Succeeds, _) => {}
            CondWhat::Atom(left, op, right) => {
                let sides = [side(facts, *left), side(facts, *right)];
                let plain = sides.iter().all(|s| matches!(s, Side::Answer(..) | Side::Text(_) | Side::List(_))) && *op != CmpOp::Order;
                if !plain && [left, right].into_iter().any(|v| made_from(facts, *v, family)) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}
