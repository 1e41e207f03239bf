//! What was looked at and found harmless, as text: one line for each reason with how many of how many, then the places. Knows no rule.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::{count, escape, whole_place};
use crate::finding::{Cleared, ClearedKind, Location, Report};
use crate::source::Sources;

/// Places named below one reason, unless all are asked for.
const MOST_PLACES: usize = 4;

/// Writes every reason with its places; `verbose` names every place.
pub fn write(report: &Report, sources: &Sources, verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    groups(&report.cleared, sources, verbose, out)?;
    writeln!(
        out,
        "{} looked at and found harmless in {}; {} not listed here: pipevet check",
        count(total(report), "place", "places"),
        count(report.files, "file", "files"),
        count(report.shown.len(), "finding", "findings"),
    )
}

/// Writes what stands beside comments that silence other tools.
pub fn write_suppressed(report: &Report, sources: &Sources, verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    groups(&report.suppressed, sources, verbose, out)?;
    let places: BTreeSet<Location> = report.suppressed.iter().flat_map(|g| g.places.iter().copied()).collect();
    writeln!(
        out,
        "{} beside a comment that silences another tool, in {}; pipevet is not silenced by these",
        count(places.len(), "place", "places"),
        count(report.files, "file", "files"),
    )
}

fn groups(all: &[Cleared], sources: &Sources, verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut last = None;
    for group in all {
        let first = last.is_none();
        if last.replace(group.kind) != Some(group.kind) {
            writeln!(out, "{}{}", if first { "" } else { "\n" }, title(group.kind))?;
        }
        let of = if group.kind == ClearedKind::Open { String::new() } else { format!(" of {}", group.of) };
        writeln!(out, "  {}{of} {}: {}", group.places.len(), escape::visible(&group.what), escape::visible(&group.reason))?;
        let most = if verbose { usize::MAX } else { MOST_PLACES };
        for at in group.places.iter().take(most) {
            writeln!(out, "      {}", whole_place(*at, sources))?;
        }
        if group.places.len() > most {
            writeln!(out, "      and {} more (-v lists them)", group.places.len() - most)?;
        }
    }
    if all.is_empty() { Ok(()) } else { writeln!(out) }
}

/// How many places were cleared.
pub fn total(report: &Report) -> usize {
    report.cleared.iter().filter(|c| c.kind != ClearedKind::Open).map(|c| c.places.len()).sum()
}

fn title(kind: ClearedKind) -> &'static str {
    match kind {
        ClearedKind::Trigger => "Events that outsiders can cause",
        ClearedKind::Gated => "Code of contributors behind a gate",
        ClearedKind::Checkout => "Trees of contributors behind a gate",
        ClearedKind::Sink => "Dangerous calls, commands and settings",
        ClearedKind::Open => "Not settled: quiet, but not found harmless",
        ClearedKind::Pin => "References that cannot change",
        ClearedKind::Suppressed => "Dangerous calls, commands and settings that another tool is told to pass over",
    }
}
