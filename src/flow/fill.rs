//! What a function needs, seen from a call that fills its parameters, or where nobody does. Knows no sink.

use std::collections::BTreeMap;

use crate::facts::{FactId, ParamKind, V, What};
use crate::flow::guards::Guard;
use crate::flow::guards::told::Told;
use crate::flow::sinks::Needs;
use crate::flow::solver::{Here, Solver};
use crate::flow::tables::Bind;
use crate::flow::transfer::rows::pinned;
use crate::flow::value::{Lit, Part, PinState, Source, Val};
use crate::flow::{place, transfer};
use crate::graph::{EdgeKind, Node};
use crate::origin::{Mutable, Origin, Who};

/// Calls that fill the parameters of a function, template or script.
pub fn callers(solver: &Solver, function: Node) -> Vec<(Node, Bind)> {
    if let Some(callers) = solver.tables.callers.get(&function) {
        return callers.clone();
    }
    let graph = solver.world.graph;
    let mut out: Vec<(Node, Bind)> =
        graph.into(function, EdgeKind::Uses).chain(graph.into(function, EdgeKind::Runs)).map(|e| (e.from, Bind::Plain)).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// The needs of a function seen from one of its calls.
pub fn fill(solver: &mut Solver, needs: &Needs, function: Node, call: Node, bind: Bind) -> Needs {
    fill_as(solver, needs, (function, call, bind), false)
}

/// The same, where what lies behind the sink's value counts.
pub fn fill_named(solver: &mut Solver, needs: &Needs, function: Node, call: Node, bind: Bind) -> Needs {
    fill_as(solver, needs, (function, call, bind), true)
}

fn fill_as(solver: &mut Solver, needs: &Needs, (function, call, bind): (Node, Node, Bind), named: bool) -> Needs {
    let what = &solver.file(call.file).fact(call.fact).what;
    match what {
        What::Call(c) => {
            let indices = needs.clone();
            solver.settled(|s| {
                let filled = indices.map(|v| s.fill(call, c, function, bind, v));
                if !named {
                    return filled;
                }
                Needs { value: s.fill_named(call, c, function, bind, &indices.value), ..filled }
            })
        }
        What::Uses { with, .. } => {
            let template = solver.file(function.file);
            let inputs: Vec<(u32, FactId)> = transfer::workflow::inputs(template).collect();
            let needs = needs.clone();
            solver.settled(|s| {
                let mut arg = |index: u32| {
                    let input = inputs.iter().find(|i| i.0 == index).map(|i| (i.1, &template.fact(i.1).what));
                    let Some((fact, What::Input { name, default, .. })) = input else { return Val::unknown() };
                    match (with.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)), default) {
                        (Some((_, value)), _) => s.at(call, *value),
                        (None, Some(default)) => s.at(Node { file: function.file, fact }, *default),
                        (None, None) => Val::program(),
                    }
                };
                let mut memo: BTreeMap<u32, Val> = BTreeMap::new();
                needs.map(|v| v.fill(function, &mut |i| memo.entry(i).or_insert_with(|| arg(i)).clone(), &mut |v, _| v.clone()))
            })
        }
        What::Command(command) => {
            // `$1` is the first word after the script's own name.
            let target = solver.world.index.path(function.file);
            let base = target.rsplit('/').next().unwrap_or(target);
            let file = solver.file(call.file);
            let at = command.words.iter().position(|w| file.word(w).is_some_and(|t| t == base || t.ends_with(&format!("/{base}"))));
            let needs = needs.clone();
            solver.settled(|s| {
                let mut memo: BTreeMap<u32, Val> = BTreeMap::new();
                let mut arg = |i: u32| {
                    let word = at.and_then(|at| command.words.get(at + 1 + i as usize));
                    memo.entry(i).or_insert_with(|| word.map_or_else(Val::program, |w| s.at(call, w.value))).clone()
                };
                needs.map(|v| v.fill(function, &mut arg, &mut |v, _| v.clone()))
            })
        }
        _ => close(solver, needs, function, false),
    }
}

/// The needs when nobody fills a function's parameters in: defaults, else open (or unknown, when outsiders cannot call it).
pub fn close(solver: &mut Solver, needs: &Needs, function: Node, open: bool) -> Needs {
    let facts = solver.file(function.file);
    let params = match &facts.fact(function.fact).what {
        What::Function { params, .. } => params.as_slice(),
        _ => &[],
    };
    let outer = Here { at: function, scope: solver.tables.scope(function) };
    let close_one = |s: &mut Solver, val: &Val, flag: bool, asks: bool| {
        let mut arg = |index: u32| {
            let param = params.get(index as usize);
            let default = param.and_then(|p| p.default).map(|v| s.value(outer, v));
            if flag {
                // Whoever is asked for a yes or a no, and has to say it, says no as long as nobody knows better.
                let theirs = Val { name: Origin { open: true, ..Origin::PROGRAM }, ..Val::literal(Lit::Absent) };
                return default.unwrap_or_else(|| if asks && open { theirs } else { Val::unknown() });
            }
            let rest = param.is_some_and(|p| matches!(p.kind, ParamKind::Rest | ParamKind::KeywordRest));
            let origin = if open { Origin { open: true, ..Origin::PROGRAM } } else { Origin::UNKNOWN };
            let mut val = Val::content(origin);
            if let Some(default) = default.filter(|_| !rest) {
                val.join(&default);
            }
            val
        };
        let mut fetch = |name: &Val, pin: PinState| {
            // What a default names is fetched; an argument that nobody passes is not guessed at.
            let mut out = Val::content(Origin { open: name.bytes.open, known: name.bytes.known, ..Origin::PROGRAM });
            let _ = pin;
            out.source = name.source.clone();
            out
        };
        val.fill(function, &mut arg, &mut fetch)
    };
    let needs = needs.clone();
    solver.settled(|s| {
        let mut value = close_one(s, &needs.value, false, false);
        let named = by_default(s, &needs.value, function);
        // Which of several ways callers out of sight mean is theirs to say.
        let theirs = |g: &&Guard| open && named.is_none() && g.told != Told::True && g.value.consts.params.iter().any(|p| p.0 == function);
        let guards = needs.guards.iter().filter(|g| !theirs(g)).map(|g| g.of(close_one(s, &g.value, true, g.asks))).collect();
        if let Some(named) = &named {
            value.join(named);
        }
        Needs {
            value,
            flags: needs.flags.iter().map(|v| v.as_ref().map(|v| close_one(s, v, true, false))).collect(),
            safe: needs.safe.iter().map(|v| v.as_ref().map(|v| close_one(s, v, true, false))).collect(),
            guards,
            choices: needs.choices.iter().filter(|c| c.of != function).cloned().collect(),
        }
    })
}

/// What a host serves under the names that a function takes by default.
fn by_default(solver: &mut Solver, value: &Val, function: Node) -> Option<Val> {
    let What::Function { params, .. } = &solver.file(function.file).fact(function.fact).what else { return None };
    let outer = Here { at: function, scope: solver.tables.scope(function) };
    let fetched = |d: &&crate::flow::value::Dep| d.of == function && matches!(d.part, Part::Fetched(_));
    let named = value.deps.iter().filter(fetched).filter_map(|d| params.get(d.index as usize)?.default);
    let named: Vec<crate::facts::ValueId> = named.filter(|v| solver.file(function.file).value(*v).what != V::None).collect();
    let first = *named.first()?;
    let args: Vec<Option<Val>> = params.iter().map(|p| p.default.map(|v| solver.value(outer, v))).collect();
    let pin_of = |index: u32| args.get(index as usize).cloned().flatten().map_or(Mutable::Moving, |v| pinned(&v.consts, place::pin));
    let mut out = value.fill(function, &mut |index| args.get(index as usize).cloned().flatten().unwrap_or_default(), &mut |name, pin| {
        let pin = if let PinState::By(index) = pin { PinState::Fixed(pin_of(index)) } else { pin };
        solver.fetched(function, name, pin)
    });
    if out.bytes.who >= Who::Publisher && out.source.is_none() {
        let at = crate::finding::Location { file: function.file, range: solver.file(function.file).value(first).range };
        let subject = solver.outside_name(function, &out.consts);
        let text = subject.as_ref().map_or_else(|| "named by default".to_owned(), |name| format!("names `{name}` by default"));
        let who = out.bytes.who;
        out = out.from_source(Source { who, at, text, row: None, subject });
    }
    Some(out)
}

/// Whether outsiders of the tree can call a function or template.
pub fn is_public(solver: &Solver, function: Node) -> bool {
    match &solver.file(function.file).fact(function.fact).what {
        What::Function { public, .. } => *public && !solver.world.index.is_test(function.file),
        What::Workflow { callable, .. } => *callable,
        What::Template { .. } => true,
        _ => false,
    }
}
