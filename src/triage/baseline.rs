//! A baseline: findings that a project has taken down, so that only what is new or worse counts. Data and its matching; reads no file.
//!
//! `pipevet-baseline/1`: one finding on a line, sorted, so that two branches that both add some merge. Of findings of secrets the cause is left out.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::compare::{Item, Route, Snapshot, change, item, matched};
use super::{Policy, fails, redact};
use crate::finding::{Change, Hidden, Report, Severity};
use crate::notice::{Notice, NoticeKind};
use crate::source::Sources;

/// The form of the file.
const SCHEMA: &str = "pipevet-baseline/1";

/// A baseline file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// As people know the file.
    pub file: String,
    /// Its entries with the lines they stand on.
    pub entries: Vec<(u32, Entry)>,
}

/// One finding taken down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// File, from the top of the repository.
    pub file: String,
    /// Rule id.
    pub rule: String,
    /// Level it had.
    pub severity: Severity,
    /// Names of enclosing constructs, outermost first.
    pub within: Vec<String>,
    /// The cause; empty for secrets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// `pipevet/v1`.
    pub v1: String,
    /// Its ways.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ways: BTreeSet<Route>,
    /// Why it may stay.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The last day on which it may, `2027-01-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Baseline {
    /// Reads a baseline; an error names the line.
    pub fn parse(file: &str, text: &str) -> Result<Baseline, String> {
        let mut entries = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim().trim_end_matches(',');
            // The frame of the file: brackets, and the line that says what it is.
            if line.is_empty() || matches!(line, "{" | "}" | "]" | "\"findings\": [" | "\"findings\": []") {
                continue;
            }
            if let Some(schema) = line.strip_prefix("\"schema\":") {
                if schema.trim().trim_matches('"') != SCHEMA {
                    return Err(format!("{file}:{number}: this is no {SCHEMA}; write it again with `pipevet baseline write`"));
                }
                continue;
            }
            let entry: Entry = serde_json::from_str(line).map_err(|e| format!("{file}:{number}: {e}"))?;
            entries.push((number, entry));
        }
        Ok(Baseline { file: file.to_owned(), entries })
    }
    /// What is shown, taken down. Reasons and days of `old` stay with the findings that they were given for.
    pub fn of(now: &Snapshot, is_secret: impl Fn(&str) -> bool, old: &Baseline) -> Baseline {
        let of_old = matched(now, &old.snapshot(), &BTreeMap::new());
        let mut all: Vec<Entry> = now
            .items
            .iter()
            .zip(of_old)
            // What an older baseline hides belongs into the new one.
            .filter(|(item, _)| matches!(item.hidden, None | Some(Hidden::Baselined(_))))
            .map(|(item, was)| {
                let was = was.and_then(|i| old.entries.get(i)).map(|e| &e.1);
                Entry {
                    file: item.file.clone(),
                    rule: item.rule.clone(),
                    severity: item.severity,
                    within: item.constructs.clone(),
                    cause: if is_secret(&item.rule) { String::new() } else { item.cause.clone() },
                    v1: item.v1.clone(),
                    ways: item.routes.clone(),
                    reason: was.map(|e| e.reason.clone()).unwrap_or_default(),
                    until: was.and_then(|e| e.until.clone()),
                }
            })
            .collect();
        all.sort();
        Baseline { file: old.file.clone(), entries: all.into_iter().map(|e| (0, e)).collect() }
    }
    /// As a file.
    pub fn text(&self) -> String {
        let lines: Vec<String> = self.entries.iter().filter_map(|(_, e)| serde_json::to_string(e).ok()).collect();
        let list = if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n]", lines.join(",\n")) };
        format!("{{\n\"schema\": \"{SCHEMA}\",\n\"findings\": {list}\n}}\n")
    }
    /// As what a run is held against.
    pub fn snapshot(&self) -> Snapshot {
        let items = self.entries.iter().map(|(line, e)| Item {
            file: e.file.clone(),
            line: *line,
            rule: e.rule.clone(),
            v1: e.v1.clone(),
            constructs: e.within.clone(),
            cause: e.cause.clone(),
            severity: e.severity,
            message: String::new(),
            routes: e.ways.clone(),
            hidden: None,
        });
        Snapshot { items: items.collect(), ..Snapshot::default() }
    }
    /// For each finding of a run the entry that it is, and whether each entry is stale: matches nothing, or is past its day.
    pub fn held(&self, now: &Snapshot, today: &str) -> (Vec<Option<usize>>, Vec<Option<Stale>>) {
        let pairs = matched(now, &self.snapshot(), &BTreeMap::new());
        let used: BTreeSet<usize> = pairs.iter().flatten().copied().collect();
        let stale = self.entries.iter().enumerate().map(|(i, (_, e))| match &e.until {
            _ if !used.contains(&i) => Some(Stale::Gone),
            Some(day) if day.as_str() < today => Some(Stale::Expired(day.clone())),
            _ => None,
        });
        (pairs, stale.collect())
    }
}

/// Why an entry has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Nothing is found any more.
    Gone,
    /// Its day is past.
    Expired(String),
}

impl Stale {
    /// One clause for people.
    pub fn text(&self) -> String {
        match self {
            Stale::Gone => "nothing of it is found any more".to_owned(),
            Stale::Expired(day) => format!("it held until {day}"),
        }
    }
}

/// Hides what a baseline holds and did not get worse; what it does not hold is new. Stale entries are told with their lines.
pub fn apply(report: &mut Report, now: &Snapshot, baseline: &Baseline, sources: &Sources, policy: &Policy) {
    let (pairs, stale) = baseline.held(now, &policy.today);
    let entry_of: BTreeMap<(&str, &str), usize> =
        now.items.iter().zip(&pairs).filter_map(|(item, pair)| Some(((item.file.as_str(), item.v1.as_str()), (*pair)?))).collect();
    let taken_down = baseline.snapshot();
    let mut shown = Vec::new();
    for mut reported in std::mem::take(&mut report.shown) {
        let own = item(&reported, None, sources);
        let held = entry_of.get(&(own.file.as_str(), own.v1.as_str())).copied().filter(|i| !matches!(stale.get(*i), Some(Some(_))));
        let was = held.and_then(|i| taken_down.items.get(i));
        let verdict = change(&own, was);
        if verdict == Change::Unchanged {
            let reason = held.and_then(|i| baseline.entries.get(i)).map(|(_, e)| e.reason.clone()).unwrap_or_default();
            report.hidden.push((reported, Hidden::Baselined(reason)));
            continue;
        }
        // A base says more than a baseline: what it knows as it is, is not this change's.
        reported.change.get_or_insert(verdict);
        shown.push(reported);
    }
    report.shown = shown;
    report.failing = report.shown.iter().filter(|r| r.counts() && fails(&r.alert, policy)).count();
    for ((line, entry), why) in baseline.entries.iter().zip(&stale) {
        let Some(why) = why else { continue };
        let text = format!(
            "{}:{line}: the entry for {} in {} has no effect: {}; `pipevet baseline prune` removes it",
            baseline.file,
            entry.rule,
            entry.file,
            why.text()
        );
        report.notices.push(Notice { file: None, range: None, kind: NoticeKind::Policy, text });
    }
    redact::redact(report, sources);
}
