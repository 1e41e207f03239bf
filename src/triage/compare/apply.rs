//! Puts what comparing found into a report: how each finding stands, what is fixed, what policy the change adds, and which place of a new finding
//! the change itself holds. Knows no format.

use std::collections::{BTreeMap, BTreeSet};

use super::{Item, Snapshot, change, item, matched};
use crate::finding::{Change, Comparison, Fixed, Hop, Location, PolicyChange, Report, Reported};
use crate::source::Sources;
use crate::triage::{Policy, fails, line_hash, redact};

/// What a report is held against.
pub struct Base<'b> {
    /// For people.
    pub shown: String,
    /// Its findings.
    pub snapshot: &'b Snapshot,
    /// Paths of this tree and those they had in the base.
    pub renamed: &'b BTreeMap<String, String>,
    /// Whether the change is an outsider's, and policy the base's.
    pub outsider: bool,
    /// Lines of this tree that the change wrote, by file from the top of the repository.
    pub added: &'b BTreeMap<String, BTreeSet<u32>>,
    /// What it changes in files of policy.
    pub policy: Vec<PolicyChange>,
}

/// Says of every finding shown how it stands against the base, and counts anew what fails.
pub fn apply(report: &mut Report, now: &Snapshot, base: &Base<'_>, sources: &Sources, policy: &Policy) {
    let pairs = matched(now, base.snapshot, base.renamed);
    let at: BTreeMap<(&str, &str), usize> = now.items.iter().enumerate().map(|(i, it)| ((it.file.as_str(), it.v1.as_str()), i)).collect();
    for reported in &mut report.shown {
        let own = item(reported, None, sources);
        let was = at.get(&(own.file.as_str(), own.v1.as_str())).and_then(|i| pairs.get(*i).copied().flatten());
        let change = change(&own, was.and_then(|b| base.snapshot.items.get(b)));
        // Where a secret stands is what has to be masked: that place stays.
        if change != Change::Unchanged && !redact::is_secret(&reported.alert) {
            into_change(reported, base.added, sources);
        }
        reported.change = Some(change);
    }
    let kept: BTreeSet<usize> = pairs.iter().flatten().copied().collect();
    let gone = base.snapshot.items.iter().enumerate().filter(|(i, it)| it.hidden.is_none() && !kept.contains(i));
    let mut fixed: Vec<Fixed> = gone.map(|(_, it)| fixed(it)).collect();
    fixed.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    let policy_changes = base.policy.iter().cloned().chain(added_comments(now, base)).collect();
    report.comparison = Some(Comparison { base: base.shown.clone(), fixed, policy: policy_changes, base_policy: base.outsider });
    report.shown.sort_by_key(|r| !r.counts());
    redact::redact(report, sources);
    report.failing = report.shown.iter().filter(|r| r.counts() && fails(&r.alert, policy)).count();
}

fn fixed(item: &Item) -> Fixed {
    Fixed {
        severity: item.severity,
        rule: item.rule.clone(),
        message: item.message.clone(),
        place: (item.file.clone(), item.line),
        v1: item.v1.clone(),
    }
}

/// Ignore comments that the base does not have.
fn added_comments(now: &Snapshot, base: &Base<'_>) -> Vec<PolicyChange> {
    let there = base.snapshot.accepted(base.renamed);
    now.comments
        .iter()
        .filter(|(key, _)| !there.contains(key))
        .map(|(key, comment)| {
            let reason = if comment.reason.is_empty() { "no reason given" } else { &comment.reason };
            PolicyChange { place: (key.file.clone(), comment.line), text: format!("ignores {}: {reason}", key.rule) }
        })
        .collect()
}

/// A review shows a finding only on lines of the change: where its cause is not one, the first place of its way that is one stands for it.
fn into_change(reported: &mut Reported, added: &BTreeMap<String, BTreeSet<u32>>, sources: &Sources) {
    let inside = |at: Location| {
        let file = sources.files.get(at.file.0 as usize)?;
        added.get(&file.uri)?.contains(&file.lines().line(at.range.start)).then_some(())
    };
    let alert = &mut reported.alert;
    if inside(alert.primary).is_some() {
        return;
    }
    let hops = alert.paths.iter().flat_map(|p| &p.hops).chain(&alert.related);
    let Some(first) = hops.map(|h| h.at).find(|at| inside(*at).is_some()) else { return };
    let cause = Hop { at: alert.primary, text: "the cause".to_owned() };
    if !alert.paths.iter().flat_map(|p| &p.hops).any(|h| h.at == cause.at) {
        alert.related.push(cause);
    }
    alert.primary = first;
    if let Some(file) = sources.files.get(first.file.0 as usize) {
        let line = file.lines().line(first.range.start);
        reported.line_hash = line_hash::of_line(&line_hash::first_lines(&file.bytes, line), line);
    }
}
