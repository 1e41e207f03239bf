//! What a script no longer comes to: a check before it has ended the script, which may well be a success. Knows facts, and the world that conditions are
//! judged in.

use std::rc::Rc;

use crate::cond::{CondId, CondWhat};
use crate::facts::{FactId, FileFacts, OnFail, What};
use crate::graph::Node;
use crate::reach::carried::in_javascript;
use crate::reach::condition::{Said, Tri, World, cond};
use crate::reach::sources::Scope;

/// Checks of one script that are kept, at most: the first that says no is as good as all.
const MOST: usize = 64;

/// Checks of a step's shell scripts that end them in this world; asked once for each set of families.
pub(super) fn stops(world: &World, scope: &Scope, step: Node, depth: u32) -> Vec<FactId> {
    let key: Said = (Rc::clone(&world.asked), step);
    if let Some(found) = world.known.stops.borrow().get(&key) {
        return found.clone();
    }
    let facts = world.context.facts.file(step.file);
    let ends = |id: FactId| {
        let What::Check { cond: must, on_fail: OnFail::Exit | OnFail::Return } = &facts.fact(id).what else { return false };
        let holds = |c: CondId| cond(world, scope, Node { file: step.file, fact: id }, c, depth);
        // JavaScript says itself, of all that follows, under which conditions.
        !in_javascript(facts, id) && conditions(facts, id).into_iter().all(|c| holds(c) == Tri::Yes) && holds(*must) == Tri::No
    };
    let found: Vec<FactId> = world.context.index.checks(step).iter().copied().filter(|id| ends(*id)).take(MOST).collect();
    world.known.stops.borrow_mut().insert(key, found.clone());
    found
}

/// Whether a check that ends the script comes before a fact: in what the fact stands in, and not as the condition of what is done before leaving.
pub(super) fn is_behind(facts: &FileFacts, stops: &[FactId], fact: FactId) -> bool {
    if stops.is_empty() {
        return false;
    }
    let around = around(facts, fact);
    let (range, is_owner) = (facts.fact(fact).range, |wanted: FactId| facts.owners(fact).any(|(id, _)| id == wanted));
    stops.iter().any(|stop| {
        let What::Check { cond: must, .. } = &facts.fact(*stop).what else { return false };
        let holder = facts.owners(*stop).find(|(_, f)| matches!(f.what, What::Script { .. } | What::Function { .. }));
        facts.fact(*stop).range.start < range.start
            && holder.is_some_and(|(id, _)| is_owner(id))
            && !around.iter().any(|c| opposite(facts, *c, *must) || opposite(facts, *must, *c))
    })
}

fn opposite(facts: &FileFacts, one: CondId, other: CondId) -> bool {
    matches!(&facts.cond(one).what, CondWhat::Not(inner) if *inner == other)
}

/// The conditions around a fact inside its script, one by one.
pub(super) fn conditions(facts: &FileFacts, fact: FactId) -> Vec<CondId> {
    around(facts, fact).into_iter().filter(|id| !matches!(facts.cond(*id).what, CondWhat::And(_))).collect()
}

/// The same, and what several of them are together.
fn around(facts: &FileFacts, fact: FactId) -> Vec<CondId> {
    let outer = facts.owners(fact).find(|(_, f)| matches!(f.what, What::Script { .. })).and_then(|(_, f)| f.when);
    let (mut todo, mut out): (Vec<CondId>, Vec<CondId>) = (facts.fact(fact).when.into_iter().collect(), Vec::new());
    while let Some(id) = todo.pop() {
        if Some(id) == outer {
            continue;
        }
        // What encloses comes first.
        if let CondWhat::And(ids) = &facts.cond(id).what {
            todo.extend(ids);
        }
        out.push(id);
    }
    out
}
