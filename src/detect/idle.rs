//! Jobs and steps that never run, as their own condition says (`if: false`) or that of a job they wait for. What is found in them waits for nobody. Knows no rule but by its class.

use std::collections::{BTreeMap, BTreeSet};

use crate::cond::{CondId, CondWhat, Status};
use crate::detect::Context;
use crate::facts::{Fact, FileFacts, What};
use crate::finding::Alert;
use crate::reach::gates::says;
use crate::source::{FileId, Kind, Range};

/// Nesting of conditions that is followed.
const DEPTH: u32 = 64;

/// The class of what is read where it stands, whether it runs or not.
const WRITTEN_OUT: &str = "secret";

/// Places of a tree that never run.
#[derive(Debug, Default)]
pub struct Idle {
    /// In order, none inside another.
    places: BTreeMap<FileId, Vec<Range>>,
}

impl Idle {
    /// Those of all workflows and actions.
    pub fn of(context: &Context) -> Idle {
        let files = context.sources.iter().filter(|(_, f)| matches!(f.kind, Kind::Workflow | Kind::Action));
        Idle { places: files.map(|(id, _)| (id, places(context.facts.file(id)))).filter(|(_, p)| !p.is_empty()).collect() }
    }

    /// Whether an alert is about something that would have to run.
    pub fn covers(&self, context: &Context, alert: &Alert) -> bool {
        let (Some(places), range) = (self.places.get(&alert.primary.file), alert.primary.range) else { return false };
        let before = places.partition_point(|p| p.start <= range.start);
        let within = before.checked_sub(1).and_then(|i| places.get(i)).is_some_and(|p| p.contains(range));
        within && context.rules.get(&alert.rule).is_some_and(|page| page.class != WRITTEN_OUT)
    }
}

/// Whether a job or step never runs by its own condition.
fn is_off(facts: &FileFacts, fact: &Fact) -> bool {
    fact.when.is_some_and(|when| constant(facts, when, DEPTH) == Some(false))
}

/// Keys of the jobs that never run: those that are off, and those that wait for one of them, for a job that is skipped did not succeed. Whoever asks for the
/// outcome himself (`always()`, `!cancelled()`) may run all the same.
pub(super) fn skipped(facts: &FileFacts) -> BTreeSet<&str> {
    let asks = |f: &Fact| f.when.is_some_and(|w| says(facts, w, &[Status::Always, Status::Failure, Status::Cancelled, Status::Success]));
    let mut waiting: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut todo = Vec::new();
    for (_, fact) in facts.iter() {
        let What::Job { id, needs, .. } = &fact.what else { continue };
        if is_off(facts, fact) {
            todo.push(id.as_str());
        } else if !asks(fact) {
            needs.iter().for_each(|needed| waiting.entry(needed).or_default().push(id));
        }
    }
    let mut out = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if out.insert(id) {
            todo.extend(waiting.get(id).into_iter().flatten());
        }
    }
    out
}

fn places(facts: &FileFacts) -> Vec<Range> {
    let units = || facts.iter().map(|(_, f)| f).filter(|f| matches!(f.what, What::Job { .. } | What::Step { .. }));
    let skipped = skipped(facts);
    let is_skipped = |f: &Fact| matches!(&f.what, What::Job { id, .. } if skipped.contains(id.as_str()));
    let waits = |f: &Fact| is_skipped(f) || f.owner.is_some_and(|job| is_skipped(facts.fact(job)));
    let (off, on): (Vec<&Fact>, Vec<&Fact>) = units().partition(|f| is_off(facts, f) || waits(f));
    // An alias runs elsewhere what stands here.
    let mut starts: Vec<u32> = on.iter().map(|f| f.range.start).collect();
    starts.sort_unstable();
    let runs_elsewhere = |range: Range| starts.get(starts.partition_point(|s| *s < range.start)).is_some_and(|s| *s < range.end);
    let mut ranges: Vec<Range> = off.iter().map(|f| f.range).filter(|r| !runs_elsewhere(*r)).collect();
    ranges.sort_unstable_by_key(|r| (r.start, std::cmp::Reverse(r.end)));
    let mut out: Vec<Range> = Vec::new();
    for range in ranges {
        if out.last().is_none_or(|last| !last.contains(range)) {
            out.push(range);
        }
    }
    out
}

/// What a condition is whatever happens.
fn constant(facts: &FileFacts, id: CondId, depth: u32) -> Option<bool> {
    let depth = depth.checked_sub(1)?;
    let all = |ids: &[CondId], deciding: bool| {
        let known: Vec<Option<bool>> = ids.iter().map(|c| constant(facts, *c, depth)).collect();
        if known.contains(&Some(deciding)) { Some(deciding) } else { known.iter().all(Option::is_some).then_some(!deciding) }
    };
    match &facts.cond(id).what {
        CondWhat::Const(known) => Some(*known),
        CondWhat::Not(inner) => constant(facts, *inner, depth).map(|known| !known),
        CondWhat::And(ids) => all(ids, false),
        CondWhat::Or(ids) => all(ids, true),
        _ => None,
    }
}
