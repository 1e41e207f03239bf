//! Findings that people dismissed on GitHub. Knows how an alert there is told apart from others, not how alerts are fetched.

use std::collections::BTreeMap;

use super::{Policy, fails};
use crate::finding::{Change, Hidden, Report, Reported};
use crate::source::Sources;

/// A dismissed alert, as GitHub tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dismissal {
    /// Its number there.
    pub number: u64,
    /// Rule id in SARIF, with a band or without.
    pub rule: String,
    /// File, from the root of the repository.
    pub path: String,
    /// Line, from 1, at the commit it was last seen at.
    pub line: u32,
    /// The message that was shown.
    pub message: String,
    /// Login of who dismissed it.
    pub by: String,
    /// `won't fix: only used in tests`.
    pub reason: String,
}

/// Moves what was dismissed from shown to hidden, and counts anew what fails.
///
/// GitHub does not give fingerprints back. An alert is the same when rule (whatever its level), file, line and sentence are. Without the line it is the
/// same when it is the only one of that rule and sentence, here and there: lines move. Without the sentence (a new version of pipevet may word it
/// anew) the line is enough, but not for what a change adds: nobody has seen that yet. Each dismissal hides one finding at most, and in doubt a finding
/// counts.
pub fn dismiss(report: &mut Report, dismissed: &[Dismissal], sources: &Sources, policy: &Policy) {
    if dismissed.is_empty() {
        return;
    }
    let places: Vec<Option<(String, u32)>> = report.shown.iter().map(|r| place(r, sources)).collect();
    let mut free: Vec<Option<&Dismissal>> = dismissed.iter().map(Some).collect();
    let mut by: BTreeMap<usize, &Dismissal> = BTreeMap::new();
    for pass in [Pass::Exact, Pass::Moved, Pass::Reworded] {
        for (i, reported) in report.shown.iter().enumerate() {
            let Some((path, line)) = places.get(i).and_then(Option::as_ref) else { continue };
            if by.contains_key(&i) || pass == Pass::Reworded && !matches!(reported.change, None | Some(Change::Unchanged)) {
                continue;
            }
            let here = |d: &&Dismissal| d.path == *path && d.rule.split('/').next() == Some(&reported.alert.rule);
            let same_words = |d: &Dismissal| plain(&d.message).starts_with(&plain(&reported.alert.message));
            let fits = |d: &&Dismissal| match pass {
                Pass::Exact => d.line == *line && same_words(d),
                Pass::Moved => same_words(d),
                Pass::Reworded => d.line == *line,
            };
            if pass == Pass::Moved {
                let alike =
                    |other: &Reported| other.alert.rule == reported.alert.rule && plain(&other.alert.message) == plain(&reported.alert.message);
                let twins = report.shown.iter().zip(&places).filter(|(o, p)| p.as_ref().is_some_and(|p| p.0 == *path) && alike(o)).count();
                if twins > 1 || dismissed.iter().filter(here).filter(fits).count() > 1 {
                    continue;
                }
            }
            let found = free.iter_mut().find(|d| d.as_ref().is_some_and(|d| here(d) && fits(d)));
            if let Some(dismissal) = found.and_then(Option::take) {
                by.insert(i, dismissal);
            }
        }
    }
    let shown = std::mem::take(&mut report.shown);
    for (i, reported) in shown.into_iter().enumerate() {
        match by.get(&i) {
            Some(d) => report.hidden.push((reported, Hidden::Dismissed { by: d.by.clone(), reason: d.reason.clone() })),
            None => report.shown.push(reported),
        }
    }
    report.hidden.sort_by(|a, b| super::order(&a.0.alert).cmp(&super::order(&b.0.alert)));
    report.failing = report.shown.iter().filter(|r| r.counts() && fails(&r.alert, policy)).count();
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Exact,
    Moved,
    Reworded,
}

fn place(reported: &Reported, sources: &Sources) -> Option<(String, u32)> {
    let at = reported.alert.primary;
    let file = sources.files.get(at.file.0 as usize)?;
    Some((file.uri.clone(), file.lines().line(at.range.start)))
}

/// Letters and digits of the first line: escapes, a capital at the front and a stop at the end differ between here and there.
fn plain(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
