//! What a program verifies before it goes on: conditions that compare a digest, and functions of the tree that compute one. Knows no origin.

use crate::catalog::row::{Effect, RowId, Slot, Strength};
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{Call, Channel, Command, Fact, FactId, OnFail, Stdin, V, ValueId, What};
use crate::flow::channels::{fuel, key};
use crate::flow::solver::{Here, World};
use crate::flow::tables::Tables;
use crate::graph::Node;

/// How many facts of a function are looked at.
const MOST: usize = 400;
/// How many arguments of a call.
const ARGUMENTS: usize = 8;

/// Keys of what a condition verifies: a comparison of something computed by a `checks` row. Says whether there is one at all.
pub fn compared(world: World, tables: &Tables, node: Node, cond: CondId, fuel: &mut u32, out: &mut Vec<String>) -> bool {
    let Some(left) = fuel.checked_sub(1) else { return false };
    *fuel = left;
    let mut seen = false;
    match &world.facts.file(node.file).cond(cond).what {
        CondWhat::And(all) => all.iter().for_each(|c| seen |= compared(world, tables, node, *c, fuel, out)),
        CondWhat::Not(inner) => seen = compared(world, tables, node, *inner, fuel, out),
        CondWhat::Atom(left, CmpOp::Eq | CmpOp::Ne | CmpOp::Truthy | CmpOp::Contains | CmpOp::StartsWith | CmpOp::Succeeds, right) => {
            for value in [left, right] {
                seen |= digested(world, tables, node, *value, fuel, out);
            }
        }
        _ => {}
    }
    seen
}

fn digested(world: World, tables: &Tables, node: Node, value: ValueId, fuel: &mut u32, out: &mut Vec<String>) -> bool {
    let Some(left) = fuel.checked_sub(1) else { return false };
    *fuel = left;
    let facts = world.facts.file(node.file);
    let mut seen = false;
    match &facts.value(value).what {
        V::Ref(fact) | V::Subst(fact) => seen = given(world, tables, node, *fact, fuel, out),
        // What a script keeps under a name: the last it was given above.
        V::Env(name) => {
            let written = |f: &Fact| match &f.what {
                What::Write { channel: Channel::Var(n) | Channel::Env(n), value } if n == name => Some(*value),
                _ => None,
            };
            let above = facts.items.get(..node.fact.0 as usize).unwrap_or_default();
            if let Some(value) = above.iter().rev().take(MOST).find_map(written) {
                seen = digested(world, tables, node, value, fuel, out);
            }
        }
        V::Attr(base, _) | V::Index(base, _) => seen = digested(world, tables, node, *base, fuel, out),
        V::Join(parts) | V::Phi(parts) | V::Unknown(parts) => {
            parts.iter().take(ARGUMENTS).for_each(|p| seen |= digested(world, tables, node, *p, fuel, out));
        }
        _ => {}
    }
    seen
}

/// The same of what a fact gives: a call, an assignment, or what a command prints.
fn given(world: World, tables: &Tables, node: Node, fact: FactId, fuel: &mut u32, out: &mut Vec<String>) -> bool {
    let Some(left) = fuel.checked_sub(1) else { return false };
    *fuel = left;
    let mut seen = false;
    let at = Node { file: node.file, fact };
    for (id, row) in world.index.rows(world.catalog, at) {
        for effect in &row.effects {
            if let Effect::Checks { slot, strength: Strength::Full | Strength::Digest } = effect {
                seen = true;
                out.extend(verified_key(world, tables, at, slot, id));
            }
        }
    }
    match &world.facts.fact(at).what {
        What::Assignment { value, .. } => seen |= digested(world, tables, node, *value, fuel, out),
        What::Call(call) if tables.reached.get(&at).is_some_and(|to| to.iter().any(|to| hashes(world, to.function))) => {
            seen = true;
            out.extend(arguments(world, tables, at, call));
        }
        What::Call(call) => {
            for inner in call.receiver.iter().chain(call.args.iter().map(|a| &a.value)).take(ARGUMENTS) {
                seen |= digested(world, tables, node, *inner, fuel, out);
            }
        }
        // What a filter cuts out of what it gets.
        What::Command(Command { stdin: Stdin::Pipe(before), .. }) => seen |= given(world, tables, node, *before, fuel, out),
        _ => {}
    }
    seen
}

/// The key of what a verifying call looks at.
pub fn verified_key(world: World, tables: &Tables, node: Node, slot: &Slot, row: RowId) -> Option<String> {
    let value = *world.catalog.slot(world.facts.file(node.file), node.fact, row, slot).first()?;
    key(world, tables, Here { at: node, scope: tables.scope(node) }, value, &mut fuel())
}

/// Keys of what a call is given.
pub fn arguments(world: World, tables: &Tables, node: Node, call: &Call) -> Vec<String> {
    let here = Here { at: node, scope: tables.scope(node) };
    call.args.iter().take(ARGUMENTS).filter_map(|a| key(world, tables, here, a.value, &mut fuel())).filter(|k| !k.is_empty()).collect()
}

/// Whether a function computes a digest that cannot be forged.
pub fn hashes(world: World, function: Node) -> bool {
    inside(world, function).any(|(fact, _)| {
        let rows = world.index.rows(world.catalog, Node { fact, ..function });
        rows.flat_map(|(_, row)| &row.effects).any(|e| matches!(e, Effect::Checks { strength: Strength::Full | Strength::Digest, .. }))
    })
}

/// Whether a function compares a digest and stops its caller when it is another one.
pub fn refuses(world: World, tables: &Tables, function: Node) -> bool {
    inside(world, function).any(|(fact, f)| match &f.what {
        What::Check { cond, on_fail } if *on_fail != OnFail::Log => {
            compared(world, tables, Node { fact, ..function }, *cond, &mut fuel(), &mut Vec::new())
        }
        _ => false,
    })
}

/// The facts of a function.
pub fn inside<'a>(world: World<'a>, function: Node) -> impl Iterator<Item = (FactId, &'a Fact)> {
    let facts = world.facts.file(function.file);
    let range = facts.fact(function.fact).range;
    facts.iter().skip(function.fact.0 as usize + 1).take_while(move |(_, f)| range.contains(f.range)).take(MOST)
}
