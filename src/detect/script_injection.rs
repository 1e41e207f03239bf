//! Text of an outsider is pasted into a script by an expression, before any shell quotes it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::catalog::row::{Effect, Executes, Slot};
use crate::detect::Context;
use crate::detect::paths::{Way, alerts, guessed, way};
use crate::facts::{FactId, FileFacts, V, ValueId, What};
use crate::finding::{Alert, Hop, Location};
use crate::graph::Node;
use crate::origin::Who;
use crate::reach::sources::{Outside, View};
use crate::reach::{Asset, Context as Reachable, Run, State, StepRun, gates, walk};
use crate::source::FileId;

/// Expressions in `run:` and in inputs that are code. The cause is the expression.
pub fn detect(context: &Context) -> Vec<Alert> {
    alerts(context, "script-injection", pasted(context, false))
}

/// The same for what an agent answered whom an outsider can instruct.
pub fn answers(context: &Context) -> Vec<Alert> {
    alerts(context, "agent-answer-executed", pasted(context, true))
}

fn pasted(context: &Context, agent: bool) -> Vec<Way> {
    let reachable = context.reachable();
    let mut ways = Vec::new();
    let holding = holding(context);
    for run in context.reach.runs.iter().filter(|r| r.state.who >= Who::Peer) {
        for step in &run.steps {
            let code = code(reachable, step.step);
            // Most steps hand nothing of their own to an interpreter.
            let outside = if code.is_empty() { Vec::new() } else { holding.beside(run, step) };
            for (node, value) in code {
                for part in parts(reachable.facts.file(node.file), value) {
                    let range = reachable.facts.value(node.file, part).range;
                    let view = View { context: reachable, state: &run.state, outside: &outside };
                    let found = view.of(&step.scope, node, part);
                    let Some(worst) = found
                        .into_iter()
                        .filter(|s| s.arbitrary && s.agent == agent && s.who >= Who::Peer && gates::lets_through(&step.gates, s))
                        .max_by_key(|s| (s.who, !s.guess))
                    else {
                        continue;
                    };
                    let at = Location { file: node.file, range };
                    let text = context.sources.file(node.file).text_at(range);
                    let who = gates::capped(worst.who, &step.gates);
                    let mut hops = vec![Hop { at: run.state.trigger, text: walk::starts(&run.state) }];
                    hops.extend(step.trail.iter().cloned());
                    hops.extend(worst.hops.iter().filter(|h| h.at != at).cloned());
                    hops.push(Hop { at, text: format!("{} is pasted into the script as it is", worst.name) });
                    // Who brings the workflow itself needs no gap in it: there it is told at the lowest level.
                    let reached: &[Asset] = if run.state.head { &[] } else { &step.assets };
                    let mut found = way(context, run, who, (at, text), hops, reached, &step.gates);
                    found.name = worst.name.clone();
                    found.doubts.extend(guessed(&worst));
                    ways.push(found);
                }
            }
        }
    }
    ways
}

/// What others hold, by the job that waits for them and its state.
type Waited = BTreeMap<(Node, State), Rc<[Outside]>>;

/// Runs with files of outsiders in their workspace.
pub(super) struct Holding<'a> {
    context: Reachable<'a>,
    runs: BTreeMap<FileId, Vec<&'a Run>>,
    /// What the jobs that a job waits for hold.
    waited: RefCell<Waited>,
}

/// All such runs.
pub(super) fn holding<'a>(context: &Context<'a>) -> Holding<'a> {
    let mut runs: BTreeMap<FileId, Vec<&Run>> = BTreeMap::new();
    for run in context.reach.runs.iter().filter(|r| r.ran.is_some() || r.steps.last().is_some_and(|s| !s.outside.is_empty())) {
        runs.entry(run.job.file).or_default().push(run);
    }
    Holding { context: context.reachable(), runs, waited: RefCell::default() }
}

impl Holding<'_> {
    /// What outsiders wrote where this step or a job that its own waits for can read it: outputs carry it from one to the other.
    pub(super) fn beside(&self, run: &Run, step: &StepRun) -> Vec<Outside> {
        let Some(runs) = self.runs.get(&run.job.file) else { return step.outside.clone() };
        let key = (run.job, run.state.clone());
        let known = self.waited.borrow().get(&key).cloned();
        let theirs = known.unwrap_or_else(|| {
            let waited = self.waited_for(run.job);
            let beside = runs.iter().filter(|r| waited.contains(&r.job.fact) && r.state == run.state);
            let theirs: Rc<[Outside]> = beside.flat_map(|r| r.steps.last().into_iter().flat_map(|s| &s.outside).chain(&r.ran)).cloned().collect();
            self.waited.borrow_mut().insert(key, Rc::clone(&theirs));
            theirs
        });
        step.outside.iter().chain(theirs.iter()).cloned().collect()
    }

    /// The jobs that a job waits for, and those that these wait for.
    fn waited_for(&self, job: Node) -> BTreeSet<FactId> {
        let facts = self.context.facts.file(job.file);
        let (mut found, mut todo) = (BTreeSet::new(), vec![job.fact]);
        while let Some(fact) = todo.pop() {
            let What::Job { needs, .. } = &facts.fact(fact).what else { continue };
            let jobs = needs.iter().filter_map(|key| self.context.index.steps().job(job.file, key));
            todo.extend(jobs.filter(|fact| found.insert(*fact)));
        }
        found.remove(&job.fact);
        found
    }
}

/// The texts a step hands to an interpreter.
fn code(context: Reachable, step: Node) -> Vec<(Node, ValueId)> {
    let facts = context.facts.file(step.file);
    let mut out = Vec::new();
    for (fact, found) in context.index.steps().within(step).iter().map(|id| (*id, facts.fact(*id))) {
        let node = Node { file: step.file, fact };
        match &found.what {
            What::Script { text, .. } => out.push((node, *text)),
            What::Uses { .. } | What::Command(_) | What::Call(_) => {
                for (id, row) in context.index.rows(context.catalog, node) {
                    for effect in &row.effects {
                        let slot: &Slot = match effect {
                            Effect::Executes { what: Executes::Text(slot) } | Effect::Wraps { text: Some(slot), .. } => slot,
                            // No shell reads it, but who writes its beginning chooses the program.
                            Effect::Wraps { program: Some(slot), .. } => {
                                let lines = context.catalog.slot(facts, fact, id, slot);
                                out.extend(lines.into_iter().map(|v| (node, beginning(facts, v))));
                                continue;
                            }
                            _ => continue,
                        };
                        out.extend(context.catalog.slot(facts, fact, id, slot).into_iter().map(|v| (node, v)));
                    }
                }
            }
            _ => {}
        }
    }
    out.sort();
    out.dedup();
    out
}

/// The part that a text begins with.
fn beginning(facts: &FileFacts, value: ValueId) -> ValueId {
    match &facts.value(value).what {
        V::Join(parts) => parts.first().copied().unwrap_or(value),
        _ => value,
    }
}

/// The parts of a text that do not stand in it as they are written: expressions of the platform, and what a program puts its text together from.
fn parts(facts: &FileFacts, value: ValueId) -> Vec<ValueId> {
    let (mut todo, mut out) = (vec![value], Vec::new());
    while let Some(value) = todo.pop() {
        match &facts.value(value).what {
            V::Join(parts) => todo.extend(parts),
            V::Str(_) | V::Num(_) | V::Bool(_) | V::None => {}
            _ => out.push(value),
        }
    }
    out
}
