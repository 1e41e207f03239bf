//! From alerts to a report: identity, ignores, policy, absorption, order. Filters and names; never computes a finding and never drops one unseen.

pub mod baseline;
pub mod compare;
pub mod dismissals;
pub mod fingerprint;
pub mod ignores;
pub mod line_hash;
mod once;
pub mod redact;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::config::Ignore;
use crate::finding::{Alert, Confidence, Hidden, Report, Reported, Severity, TAKES_DATA, Tier};
use crate::graph::Facts;
use crate::notice::Notice;
use crate::source::{FileId, Sources};

/// Whether a rule counts by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Measured; on by default.
    Stable,
    /// Not yet measured; on with `--preview`.
    Preview,
}

/// What this project and this run want to see and to fail on.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Every rule that exists, with its standing.
    pub rules: BTreeMap<String, Standing>,
    /// Rules by what another tool calls them: `tool/rule`. An ignore comment of that tool means them.
    pub aliases: BTreeMap<String, BTreeSet<String>>,
    /// Only these rules, when not empty.
    pub select: Vec<String>,
    /// Never these.
    pub ignore: Vec<String>,
    /// Files and directories, real paths, whose alerts are shown; empty is all. What is read does not depend on it.
    pub only: Vec<PathBuf>,
    /// Show preview rules.
    pub preview: bool,
    /// Show hygiene.
    pub hygiene: bool,
    /// Least level shown.
    pub min_severity: Severity,
    /// Least confidence shown.
    pub min_confidence: Confidence,
    /// Level from which a finding of high confidence fails the run; `None` never fails.
    pub fail_on: Option<Severity>,
    /// Ignore comments that count; `None` is all. Those of the base when the change is an outsider's.
    pub comments: Option<BTreeSet<ignores::CommentKey>>,
    /// Ignores of the policy file.
    pub ignores: Vec<Ignore>,
    /// The directory of the policy, from the top of the repository: what paths of [`Policy::ignores`] start from.
    pub home: String,
    /// The day of the run, `2026-11-23`, for ignores that expire; empty: none does.
    pub today: String,
    /// Whether all that the policy speaks of is scanned: an ignore that covers nothing is then stale.
    pub whole: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            rules: BTreeMap::new(),
            aliases: BTreeMap::new(),
            select: Vec::new(),
            only: Vec::new(),
            ignore: Vec::new(),
            preview: false,
            hygiene: false,
            min_severity: Severity::Medium,
            min_confidence: Confidence::Medium,
            fail_on: Some(Severity::High),
            comments: None,
            ignores: Vec::new(),
            home: String::new(),
            today: String::new(),
            whole: false,
        }
    }
}

/// Names every alert, decides what is shown and why the rest is not. `notices` are those of the run so far; triage adds its own.
pub fn triage(alerts: Vec<Alert>, notices: Vec<Notice>, facts: &Facts, sources: &Sources, policy: &Policy) -> Report {
    let merged = merge(alerts);
    let mut all = fingerprint::identify(merged, facts, sources);
    let (ignored, ignore_notices) = ignores::apply(&all, facts, sources, policy);
    let mut hidden: Vec<Option<Hidden>> = all
        .iter()
        .zip(ignored)
        .map(|(r, reason)| {
            if unwanted(&r.alert.rule, policy) {
                return Some(Hidden::Policy);
            }
            reason.map(Hidden::Ignored).or_else(|| by_policy(&r.alert, policy))
        })
        .collect();
    absorb(&mut all, &mut hidden);
    once::tell(&mut all, &mut hidden);
    for (reported, why) in all.iter().zip(&mut hidden) {
        if matches!(why, None | Some(Hidden::Preview | Hidden::Hygiene | Hidden::Below)) && !asked_for(&reported.alert, sources, policy) {
            *why = Some(Hidden::Elsewhere);
        }
    }
    let mut report = Report { files: sources.files.len(), ..Report::default() };
    for (reported, why) in all.into_iter().zip(hidden) {
        match why {
            Some(why) => report.hidden.push((reported, why)),
            None => report.shown.push(reported),
        }
    }
    report.shown.sort_by(|a, b| order(&a.alert).cmp(&order(&b.alert)));
    report.hidden.sort_by(|a, b| order(&a.0.alert).cmp(&order(&b.0.alert)));
    report.failing = report.shown.iter().filter(|r| r.counts() && fails(&r.alert, policy)).count();
    report.notices = notices;
    report.notices.extend(ignore_notices);
    report.notices.sort();
    report.notices.dedup();
    redact::redact(&mut report, sources);
    report
}

/// Whether an alert, or a step of one of its ways, stands in a file that was asked for.
fn asked_for(alert: &Alert, sources: &Sources, policy: &Policy) -> bool {
    let inside = |file: FileId| sources.files.get(file.0 as usize).is_some_and(|f| policy.only.iter().any(|p| f.location.starts_with(p)));
    let hops = alert.paths.iter().flat_map(|p| &p.hops).chain(&alert.related);
    policy.only.is_empty() || inside(alert.primary.file) || hops.into_iter().any(|h| inside(h.at.file))
}

/// Worst first, then surest, then by place, then by rule.
fn order(a: &Alert) -> impl Ord + use<'_> {
    (std::cmp::Reverse(a.severity), std::cmp::Reverse(a.confidence), a.primary, &a.rule)
}

fn fails(alert: &Alert, policy: &Policy) -> bool {
    policy.fail_on.is_some_and(|least| alert.severity >= least && alert.confidence == Confidence::High)
}

fn unwanted(rule: &str, policy: &Policy) -> bool {
    let named = |list: &[String]| list.iter().any(|r| r == rule);
    named(&policy.ignore) || !policy.select.is_empty() && !named(&policy.select)
}

fn by_policy(alert: &Alert, policy: &Policy) -> Option<Hidden> {
    // A rule asked for by name is shown, preview and hygiene or not.
    let asked = policy.select.contains(&alert.rule);
    if !policy.preview && !asked && policy.rules.get(&alert.rule) == Some(&Standing::Preview) {
        return Some(Hidden::Preview);
    }
    if !policy.hygiene && !asked && alert.tier == Tier::Hygiene {
        return Some(Hidden::Hygiene);
    }
    // A path is always shown: its level already says how far an outsider comes.
    let quiet =
        alert.tier != Tier::Path && alert.severity < policy.min_severity && !(alert.tier == Tier::Hygiene && policy.min_severity <= Severity::Medium);
    (quiet || alert.confidence < policy.min_confidence).then_some(Hidden::Below)
}

/// One alert for each rule and cause: the worst and surest speaks, ways and places of all are kept.
fn merge(alerts: Vec<Alert>) -> Vec<Alert> {
    let mut by_identity: BTreeMap<(FileId, crate::source::Range, String), Vec<Alert>> = BTreeMap::new();
    for alert in alerts {
        by_identity.entry((alert.primary.file, alert.primary.range, alert.rule.clone())).or_default().push(alert);
    }
    by_identity
        .into_values()
        .filter_map(|mut same| {
            same.sort_by(|a, b| (order(a), &a.message, &a.cause).cmp(&(order(b), &b.message, &b.cause)));
            let mut rest = same.into_iter();
            let mut first = rest.next()?;
            for other in rest {
                first.paths.extend(other.paths);
                first.related.extend(other.related);
                first.assumes.extend(other.assumes);
                first.tier = first.tier.min(other.tier);
            }
            first.paths.sort_by(|a, b| (std::cmp::Reverse(a.severity), a.hops.len(), a).cmp(&(std::cmp::Reverse(b.severity), b.hops.len(), b)));
            first.paths.dedup();
            first.related.sort();
            first.related.dedup();
            let mut seen = BTreeSet::new();
            first.assumes.retain(|a| seen.insert(a.clone()));
            Some(first)
        })
        .collect()
}

/// Hides local findings inside the path alert that already says them; marks those that stay with the path they are part of.
fn absorb(all: &mut [Reported], hidden: &mut [Option<Hidden>]) {
    // A path alert that is itself switched off cannot stand in for a finding; one that a person has looked at and ignored can.
    let stands: Vec<usize> =
        (0..all.len()).filter(|i| !all[*i].alert.paths.is_empty() && matches!(hidden[*i], None | Some(Hidden::Ignored(_)))).collect();
    let mut at_cause: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    let mut at_hop: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
    for i in &stands {
        at_cause.entry(all[*i].alert.primary).or_default().push(*i);
        for hop in all[*i].alert.paths.iter().flat_map(|p| &p.hops) {
            at_hop.entry(hop.at).or_default().insert(*i);
        }
    }
    let origins = |i: &usize| hidden[*i].is_none() && all[*i].alert.data.contains_key("mutable") && !all[*i].alert.data.contains_key(TAKES_DATA);
    let code: BTreeMap<_, usize> = (0..all.len()).filter(origins).map(|i| (all[i].alert.primary, i)).collect();
    let hops = |r: &Reported| -> BTreeSet<_> { r.alert.paths.iter().flat_map(|p| &p.hops).map(|h| h.at).collect() };
    // The strongest of several takes a finding in, so that none is taken in by one that is itself taken in.
    let strength = |r: &Reported| (r.alert.severity, hops(r).len(), r.alert.paths.len());
    for i in 0..all.len() {
        let alert = &all[i].alert;
        let fits = |j: &&usize| {
            let other = &all[**j].alert;
            **j != i
                && other.severity >= alert.severity
                && (alert.paths.is_empty() || hops(&all[i]).is_subset(&hops(&all[**j])) && (strength(&all[**j]), **j) > (strength(&all[i]), i))
        };
        let same_cause = at_cause.get(&alert.primary).and_then(|js| js.iter().filter(fits).max_by_key(|j| strength(&all[**j])).copied());
        // The finding stands where something comes in, the path where it runs: each names the other's place.
        let meets = |j: &&usize| {
            let cause = all[**j].alert.primary;
            alert.related.iter().any(|h| h.at.file == cause.file && (h.at.range.contains(cause.range) || cause.range.contains(h.at.range)))
        };
        let same_way = at_hop.get(&alert.primary).and_then(|js| js.iter().filter(fits).filter(meets).max_by_key(|j| strength(&all[**j])).copied());
        // Code and data of one call come from one name: the edit that fixes the code fixes both.
        let told = alert.data.get(TAKES_DATA).and_then(|_| code.get(&alert.primary).copied()).filter(|j| all[*j].alert.severity > alert.severity);
        if let Some(j) = same_cause.or(same_way).or(told) {
            let whole = all[j].v1.clone();
            all[i].alert.part_of = Some(whole.clone());
            if hidden[i].is_none() {
                hidden[i] = Some(Hidden::Absorbed(whole));
            }
        } else if alert.paths.is_empty() && alert.part_of.is_none() {
            let whole = at_hop.get(&alert.primary).and_then(|js| js.first()).map(|j| all[*j].v1.clone());
            all[i].alert.part_of = whole;
        }
    }
}

#[cfg(test)]
mod tests;
