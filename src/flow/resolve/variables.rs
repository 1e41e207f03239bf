//! Variables of scripts: which values one may have where it is read, and which places those values name. Knows no origin.

use crate::facts::{Channel, FactId, FileFacts, V, ValueId, What};
use crate::flow::channels::key;
use crate::flow::guards::conjuncts;
use crate::flow::solver::{Here, World};
use crate::flow::tables::Tables;
use crate::graph::Node;

/// Assignments of one variable that a place may come from.
const MOST: usize = 4;
/// What one variable may spend of what a key may.
const FUEL: u32 = 24;

/// The values that a variable may have where a fact stands, nearest scope first; with the fact that sets each, the last first. At most `most`.
pub(in crate::flow) fn setters(facts: &FileFacts, sets: &[FactId], reader: FactId, most: usize) -> Vec<(FactId, ValueId)> {
    let value = |id: FactId| match &facts.fact(id).what {
        What::Write { channel: Channel::Env(_) | Channel::Var(_), value }
        | What::Setting { value, .. }
        | What::Input { default: Some(value), .. } => Some((id, *value)),
        _ => None,
    };
    // What a command runs for another has facts that come last; it happens where the outer one stands.
    let mut happens = reader;
    for (owner, holder) in facts.owners(reader) {
        // In a script what comes later has not happened yet; a mapping holds as a whole.
        let ordered = matches!(holder.what, What::Script { .. } | What::Function { .. } | What::Stage { .. });
        let before = if ordered { sets.partition_point(|id| *id < happens) } else { sets.len() };
        let near = sets.iter().take(before).rev().filter(|id| held(facts, **id, owner));
        let found: Vec<(FactId, ValueId)> = near.filter_map(|id| value(*id)).take(most).collect();
        if !found.is_empty() {
            return found;
        }
        if matches!(holder.what, What::Command(_)) {
            happens = happens.min(owner);
        }
    }
    let job = |id: FactId| facts.owners(id).find(|(_, f)| matches!(f.what, What::Job { .. } | What::Template { .. })).map(|o| o.0);
    let lasting = |id: &FactId| match &facts.fact(*id).what {
        What::Write { channel: Channel::RunnerEnv(_), value } if *id < reader && job(*id) == job(reader) => Some((*id, *value)),
        _ => None,
    };
    sets.iter().rev().filter_map(lasting).take(most).collect()
}

/// Whether a setter stands directly in an owner, or in a command of it.
fn held(facts: &FileFacts, setter: FactId, owner: FactId) -> bool {
    let Some(above) = facts.fact(setter).owner else { return false };
    above == owner || (matches!(facts.fact(above).what, What::Command(_)) && facts.fact(above).owner == Some(owner))
}

/// The key of the place that a variable names: that of the value it was surely given last; none where branches differ or nothing in sight gives it one.
pub(in crate::flow) fn place(world: World, tables: &Tables, here: Here, name: &str, fuel: &mut u32) -> Option<String> {
    let facts = world.facts.file(here.at.file);
    let [(setter, value)] = setters(facts, tables.setters(here.at.file, name), here.at.fact, 1).try_into().ok()?;
    let at = Node { fact: setter, ..here.at };
    if !surely(facts, setter, here.at.fact) {
        return None;
    }
    spent(fuel, |fuel| key(world, tables, Here { at, scope: tables.scope(at) }, value, fuel))
}

/// Every key by which the place that a value names may be known: its own, and those of what branches and loops may have given a variable.
pub(in crate::flow) fn places(world: World, tables: &Tables, here: Here, value: ValueId, fuel: &mut u32) -> Vec<String> {
    let facts = world.facts.file(here.at.file);
    let mut out: Vec<String> = key(world, tables, here, value, fuel).into_iter().collect();
    let mut todo = vec![(here, value)];
    while let Some((at, value)) = todo.pop().filter(|_| out.len() < MOST * MOST) {
        match &facts.value(value).what {
            V::Phi(options) | V::List(options, _) => todo.extend(options.iter().take(MOST).map(|option| (at, *option))),
            V::Env(name) => {
                for (setter, value) in setters(facts, tables.setters(at.at.file, name), at.at.fact, MOST) {
                    let node = Node { fact: setter, ..at.at };
                    todo.push((Here { at: node, scope: tables.scope(node) }, value));
                    if surely(facts, setter, at.at.fact) {
                        break;
                    }
                }
            }
            _ => out.extend(spent(fuel, |fuel| key(world, tables, at, value, fuel))),
        }
        let Some(left) = fuel.checked_sub(1) else { break };
        *fuel = left;
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Whether a fact has come to pass wherever another one does that stands below it.
fn surely(facts: &FileFacts, first: FactId, then: FactId) -> bool {
    let around = conjuncts(facts, facts.fact(then).when);
    conjuncts(facts, facts.fact(first).when).iter().all(|c| around.contains(c))
}

/// Spends a part of what is left.
fn spent<T>(fuel: &mut u32, spend: impl FnOnce(&mut u32) -> T) -> T {
    let given = FUEL.min(*fuel);
    let mut left = given;
    let out = spend(&mut left);
    *fuel -= given - left;
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_assignments_the_nearest_are_looked_at() {
        for (lines, looked_at) in [(3, 3), (64, 64), (5_000, 64)] {
            let facts = crate::extract::shell::file(format!("{}eval \"$x\"\nx=1\n", "x=$x$x\n".repeat(lines)).as_bytes());
            let sets: Vec<FactId> = facts.iter().filter(|(_, f)| matches!(f.what, What::Write { .. })).map(|f| f.0).collect();
            let eval = |id: &FactId| facts.word_text(*id).starts_with("eval");
            let reader = facts.iter().map(|f| f.0).find(eval).unwrap();
            let found = setters(&facts, &sets, reader, 64);
            assert_eq!((sets.len(), found.len()), (lines + 1, looked_at));
            // The last line comes after the reader.
            assert_eq!(found.first().map(|f| f.0), sets.get(lines - 1).copied());
        }
    }
}
