//! Jobs and steps that never run, as their own condition says: `if: false`. What is found in them waits for nobody. Knows no rule but by its class.

use std::collections::BTreeMap;

use crate::cond::{CondId, CondWhat};
use crate::detect::Context;
use crate::facts::{Fact, FileFacts, What};
use crate::finding::Alert;
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

/// Whether a job or step never runs.
pub(super) fn is_off(facts: &FileFacts, fact: &Fact) -> bool {
    fact.when.is_some_and(|when| constant(facts, when, DEPTH) == Some(false))
}

fn places(facts: &FileFacts) -> Vec<Range> {
    let units = || facts.iter().map(|(_, f)| f).filter(|f| matches!(f.what, What::Job { .. } | What::Step { .. }));
    let (off, on): (Vec<&Fact>, Vec<&Fact>) = units().partition(|f| is_off(facts, f));
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
