//! Many edits at once, on one baseline: which go together, and whether the tree is better with them. Edited files are scanned again in memory; an edit whose
//! finding stays, or that brings something new, is taken back. Writes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::extract::notebook;
use crate::finding::{Alert, Edit, Repair, Report, Reported};
use crate::notice::NoticeKind;
use crate::source::{FileId, Kind, SourceFile, Sources};
use crate::syntax::python::parse;

/// Scans with something taken back each time; then whole files are.
const ROUNDS: usize = 6;

/// A finding with the edits that should remove it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The finding.
    pub alert: Alert,
    /// The edits.
    pub repair: Repair,
}

/// What became of edits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They are made, and the finding is gone.
    Made,
    /// Others were made in the same place, again and again: the next run sees to it.
    Conflict,
    /// They are not made, for a reason.
    Refused(String),
}

/// A tree with its edits.
#[derive(Debug, Default)]
pub struct Batch {
    /// What became of each wanted one, in their order.
    pub outcomes: Vec<Outcome>,
    /// The edits that were made, by file, in order.
    pub edits: BTreeMap<FileId, Vec<Edit>>,
    /// Edited files as they were.
    pub before: BTreeMap<FileId, Vec<u8>>,
    /// What a scan of the edited tree says, where something was edited.
    pub after: Option<Report>,
}

/// Makes those edits in `sources` that go together. `report` is what a scan of it says; `scan` looks again.
pub(super) fn once(sources: &mut Sources, report: &Report, wanted: &[Wanted], scan: &mut dyn FnMut(&Sources) -> Report) -> Batch {
    let mut outcomes = chosen(wanted);
    let mut batch = Batch::default();
    for round in 0.. {
        let made: Vec<&Wanted> = wanted.iter().zip(&outcomes).filter(|(_, o)| **o == Outcome::Made).map(|(w, _)| w).collect();
        batch.edits = by_file(&made);
        batch.before = edited(sources, &batch.edits);
        if made.is_empty() {
            batch.after = None;
            break;
        }
        let after = scan(sources);
        let faults = Verdict { sources, before: report, after: &after, wanted, outcomes: &outcomes, batch: &batch }.faults();
        if faults.is_empty() {
            batch.after = Some(after);
            break;
        }
        for (file, bytes) in std::mem::take(&mut batch.before) {
            replace(sources, file, bytes);
        }
        let files: BTreeSet<FileId> = faults.keys().filter_map(|i| wanted.get(*i)).flat_map(|w| &w.repair.edits).map(|e| e.at.file).collect();
        for (i, outcome) in outcomes.iter_mut().enumerate().filter(|(_, o)| **o == Outcome::Made) {
            let near = |w: &Wanted| w.repair.edits.iter().any(|e| files.contains(&e.at.file));
            if let Some(why) = faults.get(&i) {
                *outcome = Outcome::Refused(why.clone());
            } else if round >= 2 * ROUNDS || round >= ROUNDS && wanted.get(i).is_some_and(near) {
                *outcome = Outcome::Refused("too many edits of this file were taken back".to_owned());
            }
        }
    }
    batch.outcomes = outcomes;
    batch
}

/// Which edits go together: the first by place wins. Equal edits are one, and serve several findings.
fn chosen(wanted: &[Wanted]) -> Vec<Outcome> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|i| wanted.get(*i).map(|w| (w.repair.edits.first().map(|e| e.at), *i)));
    let mut outcomes = vec![Outcome::Conflict; wanted.len()];
    let mut taken: BTreeSet<Edit> = BTreeSet::new();
    for i in order {
        let (Some(one), Some(outcome)) = (wanted.get(i), outcomes.get_mut(i)) else { continue };
        if one.repair.edits.iter().all(|edit| is_free(edit, &taken)) {
            taken.extend(one.repair.edits.iter().cloned());
            *outcome = Outcome::Made;
        }
    }
    outcomes
}

/// Whether an edit touches no other one. Those taken do not touch each other, so only neighbours can.
fn is_free(edit: &Edit, taken: &BTreeSet<Edit>) -> bool {
    let touches = |other: &Edit| {
        let (a, b) = (edit.at.range, other.at.range);
        // Where two texts are put in one place nothing says which comes first.
        let same = a.is_empty() && b.is_empty() && a.start == b.start;
        other.at.file == edit.at.file && other != edit && (same || a.start < b.end && b.start < a.end)
    };
    let before = taken.range(..edit).rev().take(2);
    let after = taken.range(edit..).take(2);
    !before.chain(after).any(touches)
}

fn by_file(made: &[&Wanted]) -> BTreeMap<FileId, Vec<Edit>> {
    let mut out: BTreeMap<FileId, BTreeSet<Edit>> = BTreeMap::new();
    for edit in made.iter().flat_map(|w| &w.repair.edits) {
        out.entry(edit.at.file).or_default().insert(edit.clone());
    }
    out.into_iter().map(|(file, edits)| (file, edits.into_iter().collect())).collect()
}

/// Bytes with edits made; they are in order and do not overlap.
pub fn with_edits(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for edit in edits {
        let range = edit.at.range.bounds();
        out.extend_from_slice(bytes.get(at..range.start).unwrap_or_default());
        out.extend_from_slice(edit.text.as_bytes());
        at = range.end.max(at);
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}

/// Makes edits; gives what was there.
fn edited(sources: &mut Sources, edits: &BTreeMap<FileId, Vec<Edit>>) -> BTreeMap<FileId, Vec<u8>> {
    let one = |(file, edits): (&FileId, &Vec<Edit>)| {
        let new = with_edits(&sources.file(*file).bytes, edits);
        (*file, replace(sources, *file, new))
    };
    edits.iter().map(one).collect()
}

fn replace(sources: &mut Sources, file: FileId, bytes: Vec<u8>) -> Vec<u8> {
    let Some(slot) = sources.files.get_mut(file.0 as usize) else { return Vec::new() };
    let new = slot.with(bytes);
    std::mem::replace(slot, new).bytes
}

/// Rule, file, first byte.
type Key<'k> = (&'k str, FileId, u32);

/// What a scan of the edited tree says of the edits.
struct Verdict<'v> {
    sources: &'v Sources,
    before: &'v Report,
    after: &'v Report,
    wanted: &'v [Wanted],
    outcomes: &'v [Outcome],
    batch: &'v Batch,
}

impl Verdict<'_> {
    /// The edits that have to go, and why.
    fn faults(&self) -> BTreeMap<usize, String> {
        let made = || self.wanted.iter().enumerate().filter(|(i, _)| self.outcomes.get(*i) == Some(&Outcome::Made));
        let mut fixed: BTreeMap<Key<'_>, usize> = BTreeMap::new();
        for (_, one) in made() {
            *fixed.entry(key(&one.alert)).or_default() += 1;
        }
        // What should be there: all that was, at its new place, but for what was to go.
        let mut left: BTreeMap<Key<'_>, usize> = BTreeMap::new();
        for alert in alerts(self.before) {
            match fixed.get_mut(&key(alert)).filter(|n| **n > 0) {
                Some(n) => *n -= 1,
                None => *left.entry(self.moved(key(alert))).or_default() += 1,
            }
        }
        let mut extra: BTreeMap<Key<'_>, &Alert> = BTreeMap::new();
        for alert in alerts(self.after) {
            match left.get_mut(&key(alert)).filter(|n| **n > 0) {
                Some(n) => *n -= 1,
                None => _ = extra.insert(key(alert), alert),
            }
        }
        let mut out = BTreeMap::new();
        for (i, one) in made() {
            if let Some(left) = extra.get(&self.moved(key(&one.alert))) {
                out.insert(i, format!("the finding would still be there: {}", left.fix));
            }
        }
        let own: BTreeSet<Key<'_>> = made().map(|(_, w)| self.moved(key(&w.alert))).collect();
        for (found, alert) in extra.iter().filter(|(k, _)| !own.contains(*k)) {
            let (rule, file, at) = *found;
            if let Some(i) = self.nearest(file, at).filter(|i| self.wanted.get(*i).is_some_and(|w| alert.severity >= w.alert.severity)) {
                out.entry(i).or_insert_with(|| format!("`{rule}` would be found instead"));
            }
        }
        let told = |report: &Report| {
            let mut all: BTreeMap<(FileId, NoticeKind, String), Vec<u32>> = BTreeMap::new();
            for notice in &report.notices {
                let Some(file) = notice.file.filter(|f| self.batch.edits.contains_key(f)) else { continue };
                all.entry((file, notice.kind, notice.text.clone())).or_default().push(notice.range.unwrap_or_default().start);
            }
            all
        };
        let before = told(self.before);
        for (what, places) in told(self.after) {
            if places.len() > before.get(&what).map_or(0, Vec::len)
                && let Some(i) = places.last().and_then(|at| self.nearest(what.0, *at))
            {
                out.entry(i).or_insert_with(|| "the file would be understood less well".to_owned());
            }
        }
        for (file, bytes) in &self.batch.before {
            let now = self.sources.file(*file);
            let was = now.with(bytes.clone());
            if broken(now) > broken(&was)
                && let Some(i) = self.nearest(*file, u32::MAX)
            {
                out.entry(i).or_insert_with(|| "the file would no longer be Python".to_owned());
            }
        }
        out
    }

    /// Where something stands after the edits.
    fn moved<'k>(&self, (rule, file, at): Key<'k>) -> Key<'k> {
        (rule, file, moved(self.batch.edits.get(&file).map(Vec::as_slice).unwrap_or_default(), at))
    }

    /// The edits that were made last before a place of the edited file, else the first of the file.
    fn nearest(&self, file: FileId, at: u32) -> Option<usize> {
        let made = self.wanted.iter().enumerate().filter(|(i, _)| self.outcomes.get(*i) == Some(&Outcome::Made));
        let places = made.flat_map(|(i, w)| w.repair.edits.iter().filter(|e| e.at.file == file).map(move |e| (e.at.range.start, i)));
        let places: Vec<(u32, usize)> = places.map(|(start, i)| (self.moved(("", file, start)).2, i)).collect();
        places.iter().filter(|(start, _)| *start <= at).max().or(places.iter().min()).map(|(_, i)| *i)
    }
}

/// Where a byte of a file stands after edits of it; the first one put in, where it goes itself.
pub(super) fn moved(edits: &[Edit], at: u32) -> u32 {
    let mut shift = 0_i64;
    for edit in edits {
        let range = edit.at.range;
        let len = i64::try_from(edit.text.len()).unwrap_or(0);
        if range.end <= at && !(range.start == at && range.is_empty() && edit.text.is_empty()) {
            shift += len - i64::try_from(range.len()).unwrap_or(0);
        } else if range.start <= at {
            let inside = i64::from(at - range.start);
            return u32::try_from(i64::from(at) + shift - inside).unwrap_or(u32::MAX);
        }
    }
    u32::try_from(i64::from(at) + shift).unwrap_or(u32::MAX)
}

/// What a report shows at a place under a rule.
pub(super) fn found<'r>(report: &'r Report, rule: &str, file: FileId, at: u32) -> Option<&'r Reported> {
    let is = |alert: &Alert| alert.rule == rule && alert.primary.file == file && alert.primary.range.start == at;
    report.shown.iter().find(|r| is(&r.alert))
}

fn key(alert: &Alert) -> Key<'_> {
    (&alert.rule, alert.primary.file, alert.primary.range.start)
}

fn alerts(report: &Report) -> impl Iterator<Item = &Alert> {
    report.shown.iter().chain(report.hidden.iter().map(|(r, _)| r)).map(|r| &r.alert)
}

/// Programs of a file that the grammar loses its way in.
fn broken(file: &SourceFile) -> usize {
    let is_broken = |text: &str| parse(text).is_none_or(|tree| tree.root().broken());
    match file.kind {
        Kind::Python => usize::from(is_broken(&String::from_utf8_lossy(&file.bytes))),
        Kind::Notebook => notebook::python(&file.bytes).iter().filter(|(_, masked)| is_broken(masked)).count(),
        _ => 0,
    }
}
