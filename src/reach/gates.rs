//! Gates: conditions that an outsider cannot meet. A family of gates dominates a step when its condition is definitely false once every check of
//! that family says no, what the state fixes is set, and all else is unknown.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::cond::{CondId, CondWhat, Status};
use crate::facts::{FileFacts, OnFail, What};
use crate::finding::Location;
use crate::graph::Node;
use crate::origin::Who;
use crate::reach::carried::{asks, comes_to, in_javascript};
pub use crate::reach::condition::says;
use crate::reach::condition::{Known, Said, Tri, World, cond, cond_at, mark, script_mentions};
use crate::reach::families::{Family, like};
use crate::reach::instances::{Instance, children};
use crate::reach::sources::{Scope, Source};
use crate::reach::{Context, Gate, State};
use crate::source::FileId;

/// Gates of the steps of one job in one state. What the job's own conditions say is worked out once for each set of families.
pub struct Gates<'a> {
    context: Context<'a>,
    instance: &'a Instance,
    /// By the families that say no: what is known of the job, and which checks said so.
    jobs: RefCell<FxHashMap<Rc<[usize]>, Verdict>>,
    /// Steps of the job that end it, for each set of families.
    known: Known,
    /// Place of the first step that can end the job.
    first: OnceCell<Option<u32>>,
    /// Gates of steps that nothing but the job's own conditions holds back.
    plain: RefCell<Option<Option<Vec<Gate>>>>,
}

/// Whether something runs, and the checks that decided.
type Verdict = (Tri, BTreeSet<Location>);

impl<'a> Gates<'a> {
    /// For one job in one state.
    pub fn new(context: Context<'a>, instance: &'a Instance) -> Gates<'a> {
        Gates { context, instance, jobs: RefCell::default(), known: Known::default(), first: OnceCell::new(), plain: RefCell::default() }
    }

    /// Whether a step (or the job itself) can run in the state at all, and which gates dominate it. `None`: it does not run in that state.
    pub fn of(&self, step: Node, scope: &Scope) -> Option<Vec<Gate>> {
        if !self.is_plain(step) {
            return self.found(step, scope);
        }
        // Where the step stands is told of it alone: a gate without a place of its own is rare, and then it is the job's.
        let known = self.plain.borrow().clone();
        known.unwrap_or_else(|| {
            let found = self.found(step, scope);
            *self.plain.borrow_mut() = Some(found.clone());
            found
        })
    }

    /// Whether a step has no condition of its own and no step before it can end the job.
    fn is_plain(&self, step: Node) -> bool {
        let facts = self.context.facts.file(step.file);
        let fact = facts.fact(step.fact);
        let Some(owner) = fact.owner.filter(|_| step.file == self.instance.job.file) else { return false };
        let first = self.first.get_or_init(|| {
            let steps = children(self.context, self.instance.job).into_iter().filter(|n| matches!(facts.fact(n.fact).what, What::Step { .. }));
            steps.filter(|n| self.may_reject(*n)).map(|n| facts.fact(n.fact).order).min()
        });
        let job = self.instance.job.fact;
        owner == job && fact.when == facts.fact(job).when && first.is_none_or(|first| fact.order <= first)
    }

    /// Whether a step can end the job, by its form: it has a condition, a check, or an action that is one.
    fn may_reject(&self, step: Node) -> bool {
        let facts = self.context.facts.file(step.file);
        let by = |action: &str| self.families().iter().any(|f| f.by.iter().any(|b| b.eq_ignore_ascii_case(action)));
        facts.fact(step.fact).when != facts.fact(self.instance.job.fact).when
            || self.context.index.checks(step).iter().any(|id| match &facts.fact(*id).what {
                What::Uses { target, .. } => by(facts.literal(*target).unwrap_or_default().split('@').next().unwrap_or_default()),
                _ => true,
            })
    }

    fn found(&self, step: Node, scope: &Scope) -> Option<Vec<Gate>> {
        if self.runs(&[], step, scope).0 == Tri::No {
            return None;
        }
        let mut gates = Vec::new();
        let state = &self.instance.state;
        // Whom insiders alone can start holds nobody back.
        if state.who < Who::Peer {
            return Some(gates);
        }
        let sent = state.sent.iter().flat_map(|s| s.gates.iter().cloned());
        let place = |at: &BTreeSet<Location>| {
            let whole = Location { file: step.file, range: self.context.facts.fact(step).range };
            at.iter().next().copied().unwrap_or(whole)
        };
        let met = self.met(step);
        // Whatever is no check of them, all others say the same, those that let everybody start apart: one is asked for all.
        let mut others: [Option<Verdict>; 2] = [None, None];
        for (i, family) in self.families().iter().enumerate().filter(|(_, f)| f.holds_back()) {
            let asked = || self.runs(&[i], step, scope);
            let other = &mut others[usize::from(family.start.is_some())];
            let (runs, at) = if met.contains(&i) { asked() } else { other.get_or_insert_with(asked).clone() };
            if runs == Tri::No {
                gates.push(family.gate_in(state, place(&at)));
            }
        }
        if gates.is_empty() {
            // Doors beside each other, each with a check of its own: who comes in passes one of them.
            let starts = |i: &usize| self.families().get(*i).is_some_and(|f| f.start.is_some());
            let mut needed: Vec<usize> = met.into_iter().filter(starts).collect();
            let (all, at) = self.runs(&needed, step, scope);
            if !needed.is_empty() && all == Tri::No {
                for family in needed.clone() {
                    let rest: Vec<usize> = needed.iter().copied().filter(|i| *i != family).collect();
                    if self.runs(&rest, step, scope).0 == Tri::No {
                        needed = rest;
                    }
                }
                let doors: Vec<&Family> = needed.iter().filter_map(|i| self.families().get(*i)).collect();
                gates.extend(one_of(state, &doors, place(&at)));
            }
        }
        gates.extend(sent);
        Some(gates)
    }

    /// All families, in catalogue order.
    fn families(&self) -> &'a [Family] {
        &self.context.families.all
    }

    /// Places of the families that something around a step could be a check of.
    fn met(&self, step: Node) -> Vec<usize> {
        let files: BTreeSet<FileId> = self.instance.callers.iter().chain([&self.instance.job, &step]).map(|n| n.file).collect();
        let met = files.iter().flat_map(|file| self.context.families.in_file(self.context.facts.file(*file), *file));
        met.copied().collect::<BTreeSet<usize>>().into_iter().collect()
    }

    /// Gates inside the script of a step around one of its facts, or before it. `None`: what the script itself says never lets it come there.
    pub(super) fn inside(&self, step: Node, fact: Node, scope: &Scope) -> Option<Vec<Gate>> {
        let comes = |active: &[usize]| {
            let fresh = Known::default();
            let world = self.world(&Rc::from(active), BTreeSet::new(), &fresh);
            (comes_to(&world, scope, step, fact), world.at.into_inner())
        };
        if !comes(&[]).0 {
            return None;
        }
        let state = &self.instance.state;
        let met = if state.who >= Who::Peer { self.met(fact) } else { Vec::new() };
        let able = met.into_iter().filter_map(|i| Some((i, self.families().get(i)?))).filter(|(_, f)| f.holds_back());
        let whole = Location { file: fact.file, range: self.context.facts.fact(fact).range };
        let gates = able.filter_map(|(i, family)| {
            let (comes, at) = comes(&[i]);
            (!comes).then(|| family.gate_in(state, at.iter().next().copied().unwrap_or(whole)))
        });
        Some(gates.collect())
    }

    /// The world in which these families say no.
    fn world<'w>(&'w self, asked: &Rc<[usize]>, at: BTreeSet<Location>, known: &'w Known) -> World<'w> {
        let active = asked.iter().filter_map(|i| self.families().get(*i)).collect();
        World {
            context: self.context,
            state: &self.instance.state,
            active,
            asked: Rc::clone(asked),
            known,
            followed: Cell::default(),
            at: RefCell::new(at),
            jobs: RefCell::default(),
        }
    }

    /// The caller's condition, the job's, the needed jobs', the step's, and no earlier rejecting step.
    fn runs(&self, active: &[usize], step: Node, scope: &Scope) -> Verdict {
        let known = self.jobs.borrow().get(active).cloned();
        let asked: Rc<[usize]> = Rc::from(active);
        let (job, at) = known.unwrap_or_else(|| {
            let world = self.world(&asked, BTreeSet::new(), &self.known);
            let mut all = Tri::Yes;
            for caller in &self.instance.callers {
                all = all.min(job_runs(&world, *caller, &Scope::default(), 6));
            }
            all = all.min(job_runs(&world, self.instance.job, &self.instance.scope, 6));
            let found = (all, world.at.into_inner());
            self.jobs.borrow_mut().insert(Rc::clone(&asked), found.clone());
            found
        });
        if job == Tri::No {
            return (job, at);
        }
        // A template is walked for each call, with other values.
        let fresh = Known::default();
        let world = self.world(&asked, at, if step.file == self.instance.job.file { &self.known } else { &fresh });
        let own = step_runs(&world, step, scope);
        (job.min(own), world.at.into_inner())
    }
}

/// The gate that several checks are of which one has to be passed: as wide as the widest.
fn one_of(state: &State, families: &[&Family], at: Location) -> Option<Gate> {
    let gates: Vec<Gate> = families.iter().map(|f| f.gate_in(state, at)).collect();
    let first = gates.first()?.clone();
    let widest = |cap: fn(&Gate) -> Option<Who>| gates.iter().map(cap).collect::<Option<Vec<Who>>>().and_then(|caps| caps.into_iter().max());
    let words = |word: fn(&Family) -> &str, joint: &str| families.iter().map(|f| word(f)).collect::<Vec<_>>().join(joint);
    Some(Gate {
        family: words(|f| &f.name, " or "),
        start: widest(|f| f.start),
        code: widest(|f| f.code),
        text: widest(|f| f.text),
        texts: Vec::new(),
        residual: words(|f| &f.residual, "; or: "),
        ..first
    })
}

/// Whose code it is behind gates.
pub fn author(who: Who, gates: &[Gate]) -> Who {
    gates.iter().filter_map(|g| g.code).fold(who, Who::min)
}

/// Whether behind gates an outsider still wrote a text.
pub fn lets_through(gates: &[Gate], source: &Source) -> bool {
    !gates.iter().any(|g| g.text.is_some_and(|t| t < Who::Peer) || g.texts.iter().any(|t| like(t, &source.name)))
}

/// Who can make something run behind gates.
pub fn capped(who: Who, gates: &[Gate]) -> Who {
    gates.iter().filter_map(|g| g.start).fold(who, Who::min)
}

/// A step's own condition, and no earlier rejecting step.
fn step_runs(world: &World, step: Node, scope: &Scope) -> Tri {
    let facts = world.context.facts.file(step.file);
    let own = facts.fact(step.fact).when.map_or(Tri::Yes, |when| cond(world, scope, step, when, 64));
    let refused = own != Tri::No && !is_fearless(world.context, step) && rejected_before(world, step, scope);
    if refused { Tri::No } else { own }
}

/// What a condition asks that also holds after something failed or was skipped: `!cancelled()` is such a condition.
const ANYWAY: [Status; 3] = [Status::Always, Status::Failure, Status::Cancelled];

/// Whether a step also runs after an earlier one failed.
pub(super) fn is_fearless(context: Context, step: Node) -> bool {
    let facts = context.facts.file(step.file);
    own_condition(facts, step).is_some_and(|w| says(facts, w, &ANYWAY))
}

/// How a needed job ended in this world, where that is sure: it did not start, or a step of it failed.
pub(super) fn result(world: &World, near: Node, key: &str, scope: &Scope) -> Option<&'static str> {
    let job = Node { file: near.file, fact: world.context.index.steps().job(near.file, key)? };
    if job_runs(world, job, scope, 6) == Tri::No {
        return Some("skipped");
    }
    let last = children(world.context, job).into_iter().rfind(|n| matches!(world.context.facts.fact(*n).what, What::Step { .. }))?;
    (rejected_before(world, last, scope) || rejects(world, last, scope)).then_some("failure")
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
    // A job without a name of one has none.
    if let Some(environment) = environment
        && facts.literal(*environment).as_deref() != Some("")
        && world.active.iter().any(|family| family.by.iter().any(|b| b == "environment"))
    {
        world.at.borrow_mut().insert(Location { file: job.file, range: facts.value(*environment).range });
        return Tri::No;
    }
    if fact.when.is_some_and(|w| says(facts, w, &ANYWAY)) {
        return all;
    }
    for needed in needs.iter().filter_map(|key| world.context.index.steps().job(job.file, key)) {
        let needed = Node { file: job.file, fact: needed };
        all = all.min(job_runs(world, needed, scope, depth));
        let last = children(world.context, needed).into_iter().rfind(|n| matches!(world.context.facts.fact(*n).what, What::Step { .. }));
        if last.is_some_and(|l| rejected_before(world, l, scope) || rejects(world, l, scope)) {
            return Tri::No;
        }
    }
    all
}

/// Whether an earlier step of the same container rejects in this world.
fn rejected_before(world: &World, step: Node, scope: &Scope) -> bool {
    let facts = world.context.facts.file(step.file);
    let fact = facts.fact(step.fact);
    let Some(owner) = fact.owner.map(|fact| Node { file: step.file, fact }) else { return false };
    let key: Said = (Rc::clone(&world.asked), owner);
    let known = world.known.first.borrow().get(&key).cloned();
    let first = known.unwrap_or_else(|| {
        let before = world.at.take();
        let fails = |other: &Node| matches!(facts.fact(other.fact).what, What::Step { lenient: false, .. }) && rejects(world, *other, scope);
        let mut steps = children(world.context, owner);
        steps.sort_by_key(|n| facts.fact(n.fact).order);
        let found = steps.iter().find(|n| fails(n)).map(|n| (facts.fact(n.fact).order, world.at.take()));
        world.at.replace(before);
        world.known.first.borrow_mut().insert(key, found.clone());
        found
    });
    match first {
        Some((order, at)) if order < fact.order => {
            world.at.borrow_mut().extend(at);
            true
        }
        _ => false,
    }
}

/// Whether a step fails the job here; asked once for each set of families.
fn rejects(world: &World, step: Node, scope: &Scope) -> bool {
    let key = (Rc::clone(&world.asked), step);
    if let Some((verdict, at)) = world.known.steps.borrow().get(&key) {
        world.at.borrow_mut().extend(at);
        return *verdict;
    }
    let before = world.at.take();
    let verdict = refuses(world, step, scope);
    let found = world.at.take();
    world.at.borrow_mut().extend(before.into_iter().chain(found.iter().copied()));
    world.known.steps.borrow_mut().insert(key, (verdict, found));
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
        if fails(world.context, step) {
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
            What::Check { cond: must, on_fail: OnFail::Exit } => {
                let asked = matches!(cond_at(facts, *must), CondWhat::Atom(..)) && active.iter().any(|family| script_mentions(facts, id, family));
                asked || !active.is_empty() && cond(world, scope, Node { file: step.file, fact: id }, *must, 64) == Tri::No
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
pub fn own_condition(facts: &FileFacts, node: Node) -> Option<CondId> {
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
fn fails(context: Context, step: Node) -> bool {
    let facts = context.facts.file(step.file);
    let own = facts.fact(step.fact).when;
    let mut inside = children(context, step);
    while let Some(node) = inside.pop() {
        let fact = facts.fact(node.fact);
        let ends = match &fact.what {
            What::Command(c) => {
                let word = |i: usize| c.words.get(i).and_then(|w| facts.word(w));
                word(0).as_deref() == Some("exit") && word(1).is_some_and(|s| s != "0")
            }
            What::Check { cond, on_fail: OnFail::Exit } => matches!(cond_at(facts, *cond), CondWhat::Const(false)),
            _ => false,
        };
        if ends && fact.when == own {
            return true;
        }
        inside.extend(children(context, node));
    }
    false
}
