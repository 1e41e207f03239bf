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

fn command(reported: &Reported, sources: &Sources, cards: &[Card], out: &mut dyn Write) -> io::Result<()> {
    let alert = &reported.alert;
    let level = match alert.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    };
    let place = narrow(alert.primary, sources).map_or_else(String::new, |at| {
        let file = escape::command_property(&at.file.uri);
        // The end column of an annotation is the last one that is marked.
        format!(
            "file={file},line={},endLine={},col={},endColumn={},",
            at.start.line,
            at.start.line,
            at.start.column,
            at.end.column.saturating_sub(1).max(at.start.column)
        )
    });
    let about = cards.iter().find(|c| c.id == alert.rule).map_or(alert.rule.as_str(), |c| c.title.as_str());
    let title = escape::command_property(&format!("{}: {about} ({})", alert.severity.name(), alert.rule));
    let mut text = sentence(&escape::visible(&alert.message));
    if let Some(Change::Worse(why)) = &reported.change {
        text.push_str(&format!("\nWorse than before: {}", sentence(&escape::visible(why))));
    }
    for (label, more) in [("Fix", &alert.fix), ("Fine if", &alert.fine_if)] {
        if !more.is_empty() {
            text.push_str(&format!("\n{label}: {}", escape::visible(more)));
        }
    }
    writeln!(out, "::{level} {place}title={title}::{}", escape::command_data(&text))
}
