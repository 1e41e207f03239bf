//! Workflow commands: lines of a log that the runner turns into annotations on the lines of a change. Knows GitHub's escapes and levels, no limit of a step.

use std::io::{self, Write};

use super::{Card, count, escape, narrow, sentence};
use crate::finding::{Change, Report, Reported, Severity};
use crate::source::Sources;

/// What GitHub shows of one step, for each level.
pub const MOST: usize = 10;

/// Writes one command for each finding that counts, worst first and no more than `most`, then a plain line that says how many are left.
pub fn write(report: &Report, sources: &Sources, cards: &[Card], most: usize, out: &mut dyn Write) -> io::Result<()> {
    let counting: Vec<&Reported> = report.shown.iter().filter(|r| r.counts()).collect();
    for reported in counting.iter().take(most) {
        command(reported, sources, cards, out)?;
    }
    if counting.len() > most {
        writeln!(
            out,
            "pipevet: {} more without an annotation; the job summary or `pipevet check` lists all",
            count(counting.len() - most, "finding", "findings")
        )?;
    }
    Ok(())
}

/// A remark on a line, in words that are safe to print but not yet escaped for a command.
pub struct Remark {
    /// Level of the finding.
    pub severity: Severity,
    /// File from the top of the repository, line, first and last column; none for a place that is gone.
    pub place: Option<(String, u32, u32, u32)>,
    /// One line.
    pub title: String,
    /// What it lets whom do, and the fix.
    pub text: String,
}

/// What is said of one finding.
pub fn remark(reported: &Reported, sources: &Sources, cards: &[Card]) -> Remark {
    let alert = &reported.alert;
    let about = cards.iter().find(|c| c.id == alert.rule).map_or(alert.rule.as_str(), |c| c.title.as_str());
    let mut text = sentence(&escape::visible(&alert.message));
    if let Some(Change::Worse(why)) = &reported.change {
        text.push_str(&format!("\nWorse than before: {}", sentence(&escape::visible(why))));
    }
    for (label, more) in [("Fix", &alert.fix), ("Fine if", &alert.fine_if)] {
        if !more.is_empty() {
            text.push_str(&format!("\n{label}: {}", escape::visible(more)));
        }
    }
    Remark {
        severity: alert.severity,
        // The end column of an annotation is the last one that is marked.
        place: narrow(alert.primary, sources).map(|at| {
            let (from, to) = (at.start.column, at.end.column.saturating_sub(1).max(at.start.column));
            (at.file.uri.clone(), at.start.line, from, to)
        }),
        title: escape::visible(&format!("{}: {about} ({})", alert.severity.name(), alert.rule)),
        text,
    }
}

fn command(reported: &Reported, sources: &Sources, cards: &[Card], out: &mut dyn Write) -> io::Result<()> {
    let Remark { severity, place, title, text } = remark(reported, sources, cards);
    let level = match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    };
    let place = place.map_or_else(String::new, |(file, line, from, to)| {
        format!("file={},line={line},endLine={line},col={from},endColumn={to},", escape::command_property(&file))
    });
    writeln!(out, "::{level} {place}title={}::{}", escape::command_property(&title), escape::command_data(&text))
}
