//! What a program verifies before it goes on: conditions that compare a digest, and functions of the tree that compute one. Knows no origin.

use crate::catalog::row::{Effect, RowId, Slot, Strength};
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{Call, Command, Fact, FactId, OnFail, Stdin, V, ValueId, What};
use crate::flow::channels::{fuel, key};
use crate::flow::resolve::variables::setters;
use crate::flow::solver::{Here, World};
use crate::flow::tables::Tables;
use crate::graph::Node;

/// How many facts of a function are looked at.
const MOST: usize = 400;
/// How many arguments of a call.
const ARGUMENTS: usize = 8;
/// Digits of the shortest digest that cannot be forged, or of a beginning of one that is as good.
const DIGITS: usize = 32;

/// Keys of what a condition verifies where it holds (or fails, where it is not `wanted`): a comparison of something computed by a `checks` row, or a command
/// that finds a digest in what such a one prints. An empty key stands for all files that a list of sums names. Says whether there is one at all.
pub fn compared(world: World, tables: &Tables, node: Node, (cond, wanted): (CondId, bool), fuel: &mut u32, out: &mut Vec<String>) -> bool {
    let Some(left) = fuel.checked_sub(1) else { return false };
    *fuel = left;
    let facts = world.facts.file(node.file);
    let mut seen = false;
    match &facts.cond(cond).what {
        // Of what must hold together one is enough, of what may hold instead each must do.
        CondWhat::And(all) if wanted => all.iter().for_each(|c| seen |= compared(world, tables, node, (*c, true), fuel, out)),
        CondWhat::Or(all) if !wanted => all.iter().for_each(|c| seen |= compared(world, tables, node, (*c, false), fuel, out)),
        CondWhat::And(all) | CondWhat::Or(all) => {
            let mut shared: Option<Vec<String>> = None;
            for one in all.iter().take(ARGUMENTS) {
                let mut keys = Vec::new();
                seen |= compared(world, tables, node, (*one, wanted), fuel, &mut keys);
                shared = Some(match shared {
                    Some(before) => before.into_iter().filter(|k| keys.contains(k)).collect(),
                    None => keys,
                });
            }
            out.extend(shared.into_iter().flatten());
        }
        CondWhat::Not(inner) => seen = compared(world, tables, node, (*inner, !wanted), fuel, out),
        CondWhat::Atom(value, CmpOp::Succeeds, _) if wanted => {
            if let V::Subst(fact) = facts.value(*value).what {
                seen = found(world, tables, node, fact, fuel, out);
            }
        }
        // That a command prints something says what it looked for is there.
        CondWhat::Atom(value, CmpOp::Truthy, _) if wanted && is_printed(world, node, *value) => {
            if let V::Subst(fact) = facts.value(*value).what {
                seen = found(world, tables, node, fact, fuel, out);
            }
        }
        CondWhat::Atom(left, CmpOp::Matches, right) if wanted && may_be_digest(world, node, *right) => {
            seen = digested(world, tables, node, *left, fuel, out);
        }
        CondWhat::Atom(left, op @ (CmpOp::Eq | CmpOp::Ne | CmpOp::Truthy | CmpOp::Contains | CmpOp::StartsWith), right)
            if wanted != (*op == CmpOp::Ne) =>
        {
            for value in [left, right] {
                seen |= digested(world, tables, node, *value, fuel, out);
            }
        }
        _ => {}
    }
    seen
}

/// Whether a value is what a command prints.
fn is_printed(world: World, node: Node, value: ValueId) -> bool {
    let facts = world.facts.file(node.file);
    matches!(facts.value(value).what, V::Subst(fact) if matches!(facts.fact(fact).what, What::Command(_)))
}

/// Keys of what a command verifies that succeeds: it checks a list of sums, or finds a digest in what another one prints.
fn found(world: World, tables: &Tables, node: Node, fact: FactId, fuel: &mut u32, out: &mut Vec<String>) -> bool {
    let at = Node { file: node.file, fact };
    let facts = world.facts.file(node.file);
    let What::Command(command) = &facts.fact(fact).what else { return false };
    for (id, row) in world.index.rows(world.catalog, at) {
        for effect in &row.effects {
            match effect {
                Effect::Checks { strength: Strength::Full, .. } => {
                    out.push(String::new());
                    return true;
                }
                Effect::Matches(pattern) => {
                    let digest = world.catalog.slot(facts, fact, id, pattern).into_iter().any(|p| may_be_digest(world, at, p));
                    if let (true, Some(value)) = (digest, fed(command)) {
                        return match value {
                            Fed::By(before) => given(world, tables, at, before, fuel, out),
                            Fed::Text(text) => digested(world, tables, at, text, fuel, out),
                        };
                    }
                }
                _ => {}
            }
        }
    }
    false
}

/// What a command reads.
enum Fed {
    By(FactId),
    Text(ValueId),
}

fn fed(command: &Command) -> Option<Fed> {
    match command.stdin {
        Stdin::Pipe(before) => Some(Fed::By(before)),
        Stdin::Text(text) => Some(Fed::Text(text)),
        _ => None,
    }
}

/// Keys of what a command verifies that fails, and ends the script, where it does not find a digest in what another one prints.
pub fn filtered(world: World, tables: &Tables, node: Node) -> Vec<String> {
    let facts = world.facts.file(node.file);
    let mut keys = Vec::new();
    let goes_on = |f: &Fact| matches!(&f.what, What::Command(Command { stdin: Stdin::Pipe(before), .. }) if *before == node.fact);
    let last = !facts.items.iter().skip(node.fact.0 as usize + 1).take(ARGUMENTS).any(goes_on);
    if last && matches!(&facts.fact(node.fact).what, What::Command(c) if !c.lenient) {
        found(world, tables, node, node.fact, &mut fuel(), &mut keys);
    }
    keys
}

/// Whether a pattern may be a digest: it has as many hexadecimal digits in a row as one, or is what the script keeps under a name.
fn may_be_digest(world: World, node: Node, pattern: ValueId) -> bool {
    let facts = world.facts.file(node.file);
    match &facts.value(pattern).what {
        V::Env(_) | V::Param(_) | V::Expr(_) => true,
        V::Join(parts) => parts.iter().take(ARGUMENTS).any(|p| may_be_digest(world, node, *p)),
        _ => facts.literal(pattern).is_some_and(|text| text.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() >= DIGITS)),
    }
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
            let given = setters(facts, tables.setters(node.file, name), node.fact, 1);
            if let [(_, value)] = given.as_slice() {
                seen = digested(world, tables, node, *value, fuel, out);
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
    let mut named = false;
    for (id, row) in world.index.rows(world.catalog, at) {
        for effect in &row.effects {
            if let Effect::Checks { slot, strength: Strength::Full | Strength::Digest } = effect {
                seen = true;
                let key = verified_key(world, tables, at, slot, id);
                named |= key.is_some();
                out.extend(key);
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
        // What it computes a digest of is a file that another command prints.
        What::Command(Command { stdin: Stdin::Pipe(before), .. }) if seen && !named => {
            out.extend(printed(world, tables, Node { fact: *before, ..at }))
        }
        // What a filter cuts out of what it gets.
        What::Command(Command { stdin: Stdin::Pipe(before), .. }) => seen |= given(world, tables, node, *before, fuel, out),
        _ => {}
    }
    seen
}

/// Keys of the files that a command prints.
fn printed(world: World, tables: &Tables, node: Node) -> Vec<String> {
    let here = Here { at: node, scope: tables.scope(node) };
    let mut out = Vec::new();
    for (id, row) in world.index.rows(world.catalog, node) {
        for effect in &row.effects {
            let Effect::Reads { channel, name } = effect else { continue };
            if channel == "file" {
                let files = world.catalog.slot(world.facts.file(node.file), node.fact, id, name);
                out.extend(files.into_iter().take(ARGUMENTS).filter_map(|file| key(world, tables, here, file, &mut fuel())));
            }
        }
    }
    out
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
            compared(world, tables, Node { fact, ..function }, (*cond, true), &mut fuel(), &mut Vec::new())
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
