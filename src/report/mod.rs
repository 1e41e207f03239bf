//! Reports: one file per format, each a pure function of the report, the sources and what pages say of rules. Decides nothing about findings.
//!
//! Everything that comes from scanned files is escaped here, for where it goes; see [`escape`].

pub mod cleared;
pub mod diff;
pub mod escape;
pub mod fixes;
pub mod github;
pub mod json;
pub mod jsonl;
pub mod markdown;
pub mod overview;
pub mod policy;
pub mod sarif;
pub mod text;
pub mod why;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Hidden, Location, Report, Reported, Severity};
use crate::source::{FileId, Place, Range, SourceFile, Sources};
use crate::triage::redact;

/// What reports say of a rule; built from its page.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Rule id.
    pub id: String,
    /// One line.
    pub title: String,
    /// Risk class of the page; `secret` has its spans masked wherever lines are shown.
    pub class: String,
    /// Base band: the level under which the bare id stands.
    pub band: Severity,
    /// Measured share of right findings, 0 to 1.
    pub share: Option<f64>,
    /// Why it matters, in plain words; two or three sentences.
    pub why: String,
    /// The page for people, as Markdown.
    pub markdown: Cow<'static, str>,
    /// Framework ids by framework, as the page maps them: (`cwe`, [`CWE-502`]).
    pub frameworks: Vec<(String, Vec<String>)>,
}

/// The class of rules whose findings are secrets.
const SECRET: &str = "secret";

/// Spans that must not be shown whole, by file: the causes of all secret findings, hidden ones included, and every other place of the same text in
/// the files that lines are shown of.
fn masks(report: &Report, cards: &[Card], sources: &Sources) -> BTreeMap<FileId, Vec<Range>> {
    let mut out: BTreeMap<FileId, Vec<Range>> = BTreeMap::new();
    let all = report.shown.iter().chain(report.hidden.iter().map(|(r, _)| r));
    for reported in all.filter(|r| is_secret(&r.alert.rule, cards) && !r.alert.data.contains_key(redact::REFERENCE)) {
        out.entry(reported.alert.primary.file).or_default().push(reported.alert.primary.range);
    }
    let secrets = redact::secrets(report, sources);
    if !secrets.is_empty() {
        for file in report.shown.iter().map(|r| r.alert.primary.file).collect::<BTreeSet<FileId>>() {
            out.entry(file).or_default().extend(redact::places(file, &secrets, sources));
        }
    }
    out
}

/// Whether the findings of a rule are secrets.
pub fn is_secret(rule: &str, cards: &[Card]) -> bool {
    cards.iter().any(|c| c.id == rule && c.class == SECRET)
}

/// A location clipped to the line it begins on: first place, and the place after its last character.
struct Narrow<'a> {
    file: &'a SourceFile,
    range: Range,
    start: Place,
    end: Place,
}

/// One narrow line for a location; at least one character wide where the line has one.
fn narrow(at: Location, sources: &Sources) -> Option<Narrow<'_>> {
    let file = sources.files.get(at.file.0 as usize)?;
    let lines = file.lines();
    let start = at.range.start.min(u32::try_from(file.bytes.len()).unwrap_or(u32::MAX));
    let line = lines.range(lines.line(start));
    let whole = file.bytes.get(line.bounds()).unwrap_or_default();
    let ends = whole.iter().rev().take_while(|b| matches!(b, b'\n' | b'\r')).count();
    let last = line.end - u32::try_from(ends).unwrap_or_default();
    let wanted = at.range.end.max(start + 1).min(last.max(start));
    let range = Range { start, end: wanted };
    let (first, mut end) = (file.place(start), file.place(wanted));
    if end.line != first.line {
        end = first;
    }
    Some(Narrow { file, range, start: first, end })
}

/// `file:line`, as people write it.
fn whole_place(at: Location, sources: &Sources) -> String {
    sources.files.get(at.file.0 as usize).map_or_else(String::new, |f| format!("{}:{}", escape::visible(&f.shown), f.lines().line(at.range.start)))
}

/// As [`whole_place`], shorter beside a cause: the bare name in the file of the cause, the path from the root in its project.
fn place_of(at: Location, primary: Location, sources: &Sources) -> String {
    let Some(file) = sources.files.get(at.file.0 as usize) else { return String::new() };
    let same_root = sources.files.get(primary.file.0 as usize).is_some_and(|f| f.root == file.root);
    let name = match (at.file == primary.file, same_root) {
        (true, _) => file.shown.rsplit('/').next().unwrap_or(&file.shown),
        (_, true) => &file.path,
        _ => &file.shown,
    };
    format!("{}:{}", escape::visible(name), file.lines().line(at.range.start))
}

/// How many of each level, worst first; levels that do not occur are left out.
fn levels<'r>(all: impl Iterator<Item = &'r Reported>) -> Vec<(Severity, usize)> {
    let mut by_level: BTreeMap<Severity, usize> = BTreeMap::new();
    for reported in all {
        *by_level.entry(reported.alert.severity).or_default() += 1;
    }
    by_level.into_iter().rev().collect()
}

/// What a run keeps to itself and how to see it, preview rules apart: `3 hygiene (--hygiene)`.
fn not_shown(report: &Report) -> Vec<String> {
    let of = |want: fn(&Hidden) -> bool| report.hidden.iter().filter(|(_, why)| want(why)).count();
    let kinds: [(usize, &str); 8] = [
        (of(|w| *w == Hidden::Hygiene), "hygiene (--hygiene)"),
        (of(|w| *w == Hidden::Below), "below the level or confidence asked for (--all)"),
        (of(|w| matches!(w, Hidden::Ignored(_))), "ignored by comment"),
        (of(|w| *w == Hidden::Elsewhere), "in other files"),
        (of(|w| matches!(w, Hidden::Baselined(_))), "in the baseline"),
        (of(|w| *w == Hidden::Policy), "switched off"),
        (of(|w| matches!(w, Hidden::Absorbed(_))), "part of a path above"),
        (of(|w| matches!(w, Hidden::Repeated(_))), "told with another of the same"),
    ];
    let mut out: Vec<String> = kinds.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let dismissed = report.hidden.iter().filter_map(|(_, why)| if let Hidden::Dismissed { by, .. } = why { Some(by.as_str()) } else { None });
    let people: BTreeSet<&str> = dismissed.clone().collect();
    if !people.is_empty() {
        let people: Vec<String> = people.into_iter().map(escape::visible).collect();
        out.push(format!("{} dismissed on GitHub by {}", dismissed.count(), people.join(", ")));
    }
    out
}

/// With a capital at the front and a full stop at the end.
fn sentence(text: &str) -> String {
    let mut out = capital(text.trim());
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

/// With a capital at the front.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    first + chars.as_str()
}

/// At most this many characters, with an ellipsis for the rest.
fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

#[cfg(test)]
mod tests;
