//! Gates: conditions that an outsider cannot meet. A family of gates dominates a step when its condition is definitely false once every check of
//! that family says no, what the state fixes is set, and all else is unknown.

use crate::catalog::row::{Effect, Subject};
use crate::cond::{CondId, CondWhat, Status};
use crate::facts::{FileFacts, OnFail, What};
use crate::finding::Location;
use crate::graph::Node;
use crate::origin::Who;
use crate::reach::carried::{asks, in_javascript};
use crate::reach::condition::{Family, Known, Tri, World, cond, cond_at, mark, says, script_mentions};
use crate::reach::instances::{Instance, children};
use crate::reach::sources::Scope;
use crate::reach::{Context, Gate};

/// All families, in catalogue order.
pub fn families(context: Context) -> Vec<Family> {
    let mut out = Vec::new();
    for (_, row) in context.catalog.iter() {
        let Subject::Gate(name) = &row.subject else { continue };
        for effect in &row.effects {
            if let Effect::Caps { start, code, text, residual, by, values } = effect {
                let (name, residual, by, values) = (name.clone(), residual.clone(), by.clone(), values.clone());
                out.push(Family { name, start: *start, code: *code, text: *text, residual, by, values });
            }
        }
    }
    out
}

/// Whether a step can run in a state at all, and which gates dominate it. `None`: it does not run in that state.
pub(super) fn of_step<'f>(
    context: Context<'f>,
    instance: &'f Instance,
    families: &'f [Family],
    known: &'f Known,
    step: Node,
    scope: &Scope,
) -> Option<Vec<Gate>> {
    let world = |active: Vec<&'f Family>| World {
        context,
        state: &instance.state,
        active,
        followed: std::cell::Cell::default(),
        known,
        at: std::cell::RefCell::default(),
        jobs: std::cell::RefCell::default(),
    };
    if runs(&world(Vec::new()), instance, step, scope) == Tri::No {
        return None;
    }
    let mut gates = Vec::new();
    // The contributor brings the workflow too, and leaves such a condition out.
    if instance.state.head {
        return Some(gates);
    }
    let place = |world: &World| {
        let at = world.at.borrow().iter().next().copied();
        at.unwrap_or(Location { file: step.file, range: context.facts.fact(step).range })
    };
    let able: Vec<&Family> = families.iter().filter(|f| f.start.is_some() || f.code.is_some()).collect();
    for family in &able {
        let world = world(vec![*family]);
        if runs(&world, instance, step, scope) == Tri::No {
            gates.push(family.gate(place(&world)));
        }
    }
    if gates.is_empty() {
        // Doors beside each other, each with a check of its own: who comes in passes one of them.
        let mut needed: Vec<&Family> = able.iter().copied().filter(|f| f.start.is_some()).collect();
        let all = world(needed.clone());
        if runs(&all, instance, step, scope) == Tri::No {
            for family in needed.clone() {
                let rest: Vec<&Family> = needed.iter().copied().filter(|f| f.name != family.name).collect();
                if runs(&world(rest.clone()), instance, step, scope) == Tri::No {
                    needed = rest;
                }
            }
            gates.extend(one_of(&needed, place(&all)));
        }
    }
    Some(gates)
}

/// The gate that several checks are of which one has to be passed: as wide as the widest.
fn one_of(families: &[&Family], at: Location) -> Option<Gate> {
    let first = families.first()?.gate(at);
    let widest =
        |cap: fn(&Family) -> Option<Who>| families.iter().map(|f| cap(f)).collect::<Option<Vec<Who>>>().and_then(|caps| caps.into_iter().max());
    let words = |word: fn(&Family) -> &str, joint: &str| families.iter().map(|f| word(f)).collect::<Vec<_>>().join(joint);
    Some(Gate {
        family: words(|f| &f.name, " or "),
        start: widest(|f| f.start),
        code: widest(|f| f.code),
        text: widest(|f| f.text),
        residual: words(|f| &f.residual, "; or: "),
        ..first
    })
}

/// Whose code it is behind gates.
pub fn author(who: Who, gates: &[Gate]) -> Who {
    gates.iter().filter_map(|g| g.code).fold(who, Who::min)
}

/// Who can make something run behind gates.
pub fn capped(who: Who, gates: &[Gate]) -> Who {
    gates.iter().filter_map(|g| g.start).fold(who, Who::min)
}

/// The caller's condition, the job's, the needed jobs', the step's, and no earlier rejecting step.
fn runs(world: &World, instance: &Instance, step: Node, scope: &Scope) -> Tri {
    let mut all = Tri::Yes;
    for caller in &instance.callers {
        all = all.min(job_runs(world, *caller, &Scope::default(), 6));
    }
    all = all.min(job_runs(world, instance.job, &instance.scope, 6));
    let facts = world.context.facts.file(step.file);
    let fact = facts.fact(step.fact);
    if let Some(when) = fact.when {
        all = all.min(cond(world, scope, step, when, 64));
    }
    if all == Tri::No {
        return Tri::No;
    }
    let fearless = fact.when.is_some_and(|w| says(facts, w, &[Status::Always, Status::Failure]));
    if !fearless && rejected_before(world, step, scope) {
        return Tri::No;
    }
    all
}

/// A job's own condition and those of the jobs it needs.
fn job_runs(world: &World, job: Node, scope: &Scope, depth: u32) -> Tri {
    let known = world.jobs.borrow_mut().insert(job, Tri::Maybe);
    let found = known.unwrap_or_else(|| needed(world, job, scope, depth));
    world.jobs.borrow_mut().insert(job, found);
    found
}

fn needed(world: &World, job: Node, scope: &Scope, depth: u32) -> Tri {
    let Some(depth) = depth.checked_sub(1) else { return Tri::Maybe };
    let facts = world.context.facts.file(job.file);
    let fact = facts.fact(job.fact);
    let mut all = fact.when.map_or(Tri::Yes, |w| cond(world, scope, job, w, 64));
    let What::Job { needs, environment, .. } = &fact.what else { return all };
    if let Some(environment) = environment
        && world.active.iter().any(|family| family.by.iter().any(|b| b == "environment"))
    {
        world.at.borrow_mut().insert(Location { file: job.file, range: facts.value(*environment).range });
        return Tri::No;
    }
    if fact.when.is_some_and(|w| says(facts, w, &[Status::Always, Status::Failure])) {
        return all;
    }
    let beside =
        fact.owner.filter(|_| !needs.is_empty()).map(|owner| children(world.context, Node { file: job.file, fact: owner })).unwrap_or_default();
    for needed in beside {
        if matches!(&facts.fact(needed.fact).what, What::Job { id, .. } if needs.contains(id)) {
            all = all.min(job_runs(world, needed, scope, depth));
            let last = children(world.context, needed).into_iter().rfind(|n| matches!(world.context.facts.fact(*n).what, What::Step { .. }));
            if last.is_some_and(|l| rejected_before(world, l, scope) || rejects(world, l, scope)) {
                return Tri::No;
            }
        }
    }
    all
}

/// Whether an earlier step of the same container rejects in this world.
fn rejected_before(world: &World, step: Node, scope: &Scope) -> bool {
    let facts = world.context.facts.file(step.file);
    let fact = facts.fact(step.fact);
    let Some(owner) = fact.owner else { return false };
    children(world.context, Node { file: step.file, fact: owner }).into_iter().any(|other| {
        let earlier = facts.fact(other.fact);
        matches!(earlier.what, What::Step { lenient: false, .. }) && earlier.order < fact.order && rejects(world, other, scope)
    })
}

/// Whether a step fails the job here; asked once for each set of families.
fn rejects(world: &World, step: Node, scope: &Scope) -> bool {
    let key = (world.active.iter().map(|f| f.name.clone()).collect(), step);
    if let Some((verdict, at)) = world.known.borrow().get(&key) {
        world.at.borrow_mut().extend(at);
        return *verdict;
    }
    let before = world.at.take();
    let verdict = refuses(world, step, scope);
    let found = world.at.take();
    world.at.borrow_mut().extend(before.into_iter().chain(found.iter().copied()));
    world.known.borrow_mut().insert(key, (verdict, found));
    verdict
}

/// A step that fails the job here: a check of an active family that says no, or a script whose own check cannot hold.
fn refuses(world: &World, step: Node, scope: &Scope) -> bool {
    let active: Vec<&Family> = world.active.iter().copied().filter(|f| f.start.is_some()).collect();
    let facts = world.context.facts.file(step.file);
    // A step that is sure to run for an outsider alone and always fails: the check stands in its condition.
    if let Some(own) = own_condition(facts, step) {
        if active.is_empty() || cond(world, scope, step, own, 64) != Tri::Yes {
            return false;
        }
        if fails(facts, step) {
            return true;
        }
    }
    for id in world.context.index.checks(step).iter().copied() {
        let fact = facts.fact(id);
        let named = match &fact.what {
            What::Uses { target, .. } => {
                let target = facts.literal(*target).unwrap_or_default();
                let action = target.split('@').next().unwrap_or_default();
                active.iter().any(|family| family.by.iter().any(|b| b.eq_ignore_ascii_case(action)))
            }
            What::Check { cond: must, on_fail: OnFail::Exit } if in_javascript(facts, id) => {
                let here = Node { file: step.file, fact: id };
                cond(world, scope, here, *must, 64) == Tri::No || active.iter().any(|family| asks(facts, *must, family))
            }
            What::Check { cond, on_fail: OnFail::Exit } => {
                let cond = cond_at(facts, *cond);
                matches!(cond, CondWhat::Atom(..)) && active.iter().any(|family| script_mentions(facts, id, family))
            }
            _ => false,
        };
        if named {
            return mark(world, step.file, fact.range);
        }
    }
    false
}

/// The condition of a fact itself, without that of what it stands in.
fn own_condition(facts: &FileFacts, node: Node) -> Option<CondId> {
    let fact = facts.fact(node.fact);
    let outer = fact.owner.and_then(|o| facts.fact(o).when);
    match (fact.when, outer) {
        (Some(all), Some(outer)) if all == outer => None,
        (Some(all), Some(outer)) => match cond_at(facts, all) {
            CondWhat::And(ids) if ids.first() == Some(&outer) => ids.get(1).copied(),
            _ => Some(all),
        },
        (all, _) => all,
    }
}

/// Whether every run of a step fails: it ends with a non-zero status under no condition but its own.
fn fails(facts: &FileFacts, step: Node) -> bool {
    let own = facts.fact(step.fact).when;
    facts.iter().filter(|(id, f)| f.when == own && facts.owners(*id).any(|(o, _)| o == step.fact)).any(|(_, f)| match &f.what {
        What::Command(c) => {
            let word = |i: usize| c.words.get(i).and_then(|w| facts.word(w));
            word(0).as_deref() == Some("exit") && word(1).is_some_and(|s| s != "0")
        }
        What::Check { cond, on_fail: OnFail::Exit } => matches!(cond_at(facts, *cond), CondWhat::Const(false)),
        _ => false,
    })
}
