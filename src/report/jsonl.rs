//! JSON, one object on each line, for scripts and coding agents that read as they go. Field names and meanings are those of [`super::json`].
//!
//! The first field of each line is `record`: `alert` (worst first, shown before hidden; `id` is its `pipevet/v1` and stays when lines move), `fixed` and
//! `policy` (with a base), `suppressed` and `cleared` (when asked for), `notice`, and last `summary`, whose presence says that nothing is missing.

use std::io::{self, Write};

use serde::Serialize;

use super::{Card, escape, json};
use crate::finding::{Change, Report};
use crate::source::Sources;

/// Writes the report.
pub fn write(report: &Report, sources: &Sources, cards: &[Card], extra: json::Extra, out: &mut dyn Write) -> io::Result<()> {
    let shown = report.shown.iter().map(|r| (r, None));
    let rest = report.hidden.iter().filter(|_| extra.hidden).map(|(r, why)| (r, Some(why)));
    for (reported, why) in shown.chain(rest) {
        let record = Record { record: "alert", id: Some(&reported.v1), body: json::alert(reported, why, sources, cards) };
        escape::write_json_line(&record, out)?;
    }
    for fixed in report.comparison.iter().flat_map(|c| &c.fixed) {
        escape::write_json_line(&Record { record: "fixed", id: Some(&fixed.v1), body: json::fixed(fixed) }, out)?;
    }
    for change in report.comparison.iter().flat_map(|c| &c.policy) {
        escape::write_json_line(&Record { record: "policy", id: None, body: json::policy(change) }, out)?;
    }
    for suppressed in report.suppressed.iter().filter(|_| extra.suppressed) {
        escape::write_json_line(&Record { record: "suppressed", id: None, body: json::cleared(suppressed, sources) }, out)?;
    }
    for cleared in report.cleared.iter().filter(|_| extra.cleared) {
        escape::write_json_line(&Record { record: "cleared", id: None, body: json::cleared(cleared, sources) }, out)?;
    }
    for notice in &report.notices {
        escape::write_json_line(&Record { record: "notice", id: None, body: json::notice(notice, sources) }, out)?;
    }
    let count = |is: fn(&Change) -> bool| report.shown.iter().filter(|r| r.change.as_ref().is_some_and(is)).count();
    let against = report.comparison.as_ref().map(|c| Against {
        base: &c.base,
        new: count(|c| *c == Change::New),
        worse: count(|c| matches!(c, Change::Worse(_))),
        unchanged: count(|c| *c == Change::Unchanged),
        fixed: c.fixed.len(),
        policy_from_base: c.base_policy,
    });
    let body = Whole { schema: "pipevet-report/1", tool: json::TOOL, counts: json::summary(report), comparison: against };
    escape::write_json_line(&Record { record: "summary", id: None, body }, out)
}

#[derive(Serialize)]
struct Record<'a, T> {
    record: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(flatten)]
    body: T,
}

#[derive(Serialize)]
struct Whole<'a> {
    schema: &'static str,
    tool: json::Tool,
    #[serde(flatten)]
    counts: json::Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Against<'a>>,
}

#[derive(Serialize)]
struct Against<'a> {
    base: &'a str,
    new: usize,
    worse: usize,
    unchanged: usize,
    fixed: usize,
    policy_from_base: bool,
}
