//! Why a place is an alert or is none: what stands on the line, which rows speak of it, where its value comes from, and what decided. Reads the model and
//! the report as they are; decides nothing and finds nothing.

mod facts;
mod sinks;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::catalog::Catalog;
use crate::finding::{ClearedKind, Hidden, Location, Report, Reported};
use crate::rule::RuleSet;
use crate::scan::Model;
use crate::source::{FileId, Range, Sources};
use crate::triage::redact;

/// Everything that is asked.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// What is known of them.
    pub model: &'a Model,
    /// What came of it.
    pub report: &'a Report,
    /// Rows and levels.
    pub catalog: &'a Catalog,
    /// Pages.
    pub rules: &'a RuleSet,
}

/// What can be said of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// One sentence: whether an alert stands there.
    pub verdict: String,
    /// What decided, from what stands there to what became of it.
    pub points: Vec<Point>,
}

/// One thing that is known of a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// What it is about.
    pub topic: Topic,
    /// Where it stands, when that is another place.
    pub at: Option<Location>,
    /// One clause. Text of scanned files in it is raw, but holds no secret.
    pub text: String,
}

/// What a point is about, in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// An alert that is shown, or why one is not.
    Alert,
    /// A step of a path.
    Path,
    /// What stands on the line.
    Fact,
    /// A row that speaks of it.
    Row,
    /// Where a value comes from.
    Origin,
    /// What a flag and the versions decide.
    Flag,
    /// What level the tables give.
    Level,
    /// Who starts the job, behind which gates.
    Job,
    /// What runs this file.
    Reached,
    /// Why it is harmless.
    Harmless,
    /// What was not settled.
    Open,
    /// What was not understood.
    Notice,
}

/// What is known of a 1-based line of a file.
pub fn why(context: &Context, file: FileId, line: u32) -> Why {
    let clean = redact::cleaner(context.report, context.sources, file);
    let here = Here { context: *context, file, range: context.sources.file(file).lines().range(line), clean: &clean };
    let mut points = Vec::new();
    here.alerts(&mut points);
    let told = points.len();
    here.cleared(&mut points);
    let nodes = facts::standing(&here);
    for node in &nodes {
        facts::describe(&here, *node, &mut points);
        sinks::describe(&here, *node, &mut points);
    }
    facts::jobs(&here, &mut points);
    facts::reached(&here, &mut points);
    for notice in context.report.notices.iter().filter(|n| n.file == Some(file)) {
        if notice.range.is_none_or(|r| here.meets(r)) {
            points.push(Point { topic: Topic::Notice, at: None, text: notice.text.clone() });
        }
    }
    // Kinds in their order; what was told first of a kind stays first.
    points.sort_by_key(|p| p.topic);
    let mut seen = BTreeSet::new();
    points.retain(|p| seen.insert(p.clone()));
    let verdict = verdict(&points, told > 0, nodes.is_empty());
    points.iter_mut().for_each(|p| clean(&mut p.text));
    Why { verdict, points }
}

fn verdict(points: &[Point], told: bool, empty: bool) -> String {
    let first = |topic| points.iter().find(|p| p.topic == topic).map(|p| p.text.as_str());
    let words = match (first(Topic::Alert), first(Topic::Path)) {
        (Some(text), _) if text.starts_with(SHOWN) => "an alert stands here",
        (Some(_), _) => "a finding stands here and is not shown",
        (_, Some(_)) if told => "no alert of its own: it is a step of another one's path",
        _ if first(Topic::Harmless).is_some() => "no alert: it was looked at and found harmless",
        _ if first(Topic::Open).is_some() => "no alert: nothing from outside was seen to reach it, and that is not settled",
        _ if empty && first(Topic::Notice).is_some() => "no alert: this line was not understood",
        _ if empty => "no alert: nothing on this line is anything that a row, a rule or a link between files looks at",
        _ if first(Topic::Row).is_some() => "no alert: rows speak of it, and none of what they say is dangerous here",
        _ => "no alert: no row speaks of what stands here",
    };
    words.to_owned()
}

/// How the point of a shown alert begins.
const SHOWN: &str = "shown: ";

/// The line that is asked about.
#[derive(Clone, Copy)]
struct Here<'a> {
    context: Context<'a>,
    file: FileId,
    range: Range,
    /// Shortens secrets in text of files.
    clean: &'a dyn Fn(&mut String),
}

impl Here<'_> {
    /// Whether a range begins on the line, or covers it.
    fn meets(&self, range: Range) -> bool {
        range.start < self.range.end.max(self.range.start + 1) && range.end.max(range.start + 1) > self.range.start
    }
    fn begins(&self, at: Location) -> bool {
        at.file == self.file && self.range.start <= at.range.start && at.range.start < self.range.end.max(self.range.start + 1)
    }
    /// The text of a range as it is written, on one line: secrets are shortened before it is cut, and nothing that a language decodes is shown.
    fn text(&self, range: Range, most: usize) -> String {
        let mut text = self.context.sources.file(self.file).text_at(range);
        (self.clean)(&mut text);
        facts::cut(&text, most)
    }
    /// `file:line` of another place.
    fn place(&self, at: Location) -> String {
        let file = self.context.sources.file(at.file);
        format!("{}:{}", file.shown, file.lines().line(at.range.start))
    }

    fn alerts(&self, points: &mut Vec<Point>) {
        let report = self.context.report;
        let shown = report.shown.iter().map(|r| (r, None));
        for (reported, hidden) in shown.chain(report.hidden.iter().map(|(r, why)| (r, Some(why)))) {
            let alert = &reported.alert;
            if self.begins(alert.primary) {
                let how = hidden.map_or_else(|| SHOWN.to_owned(), |h| format!("not shown, {}: ", self.reason(h, reported)));
                let mut say = |topic, text| points.push(Point { topic, at: None, text });
                say(Topic::Alert, format!("{how}{}, {} [{}]", alert.severity.name(), alert.message, alert.rule));
                say(Topic::Level, self.level(reported));
                continue;
            }
            let steps = alert.paths.iter().flat_map(|p| &p.hops).chain(&alert.related);
            if let (Some(hop), None) = (steps.into_iter().find(|h| self.begins(h.at)), hidden) {
                let text = format!("{} (of: {}, {} [{}])", hop.text, alert.severity.name(), alert.message, alert.rule);
                points.push(Point { topic: Topic::Path, at: Some(alert.primary), text });
            }
        }
    }

    fn reason(&self, why: &Hidden, reported: &Reported) -> String {
        let alert = &reported.alert;
        match why {
            Hidden::Preview => "its rule is not measured yet (--preview)".to_owned(),
            Hidden::Hygiene => "it is hygiene (--hygiene)".to_owned(),
            Hidden::Below => {
                format!("its level {} or confidence {} is below what is asked for (--all)", alert.severity.name(), alert.confidence.name())
            }
            Hidden::Ignored(reason) if reason.is_empty() => "an ignore comment covers it".to_owned(),
            Hidden::Ignored(reason) => format!("an ignore comment covers it ({reason})"),
            Hidden::Elsewhere => "only other files were asked for".to_owned(),
            Hidden::Baselined(_) => "the baseline holds it".to_owned(),
            Hidden::Dismissed { .. } => "somebody dismissed it on the forge".to_owned(),
            Hidden::Policy => "policy switches its rule off".to_owned(),
            Hidden::Absorbed(by) | Hidden::Repeated(by) => {
                let report = self.context.report;
                let whole = report.shown.iter().chain(report.hidden.iter().map(|(r, _)| r)).find(|r| r.v1 == *by);
                whole.map_or_else(
                    || "another alert says it".to_owned(),
                    |w| format!("the alert at {} says it ({})", self.place(w.alert.primary), w.alert.rule),
                )
            }
        }
    }

    /// How the level and the confidence came about.
    fn level(&self, reported: &Reported) -> String {
        let alert = &reported.alert;
        let page = self.context.rules.get(&alert.rule);
        let data = |key: &str| alert.data.get(key).map(String::as_str);
        let from = match (alert.paths.first(), page.and_then(|p| p.level), page) {
            (Some(path), ..) => {
                let asset = if path.asset.is_empty() { "nothing" } else { &path.asset };
                format!("{} can walk it, with `{asset}` in reach", path.who.name())
            }
            (None, Some(_), _) => "its page states it".to_owned(),
            (None, None, Some(page)) => {
                let who = data("who").unwrap_or("program");
                let mutable =
                    data("mutable").filter(|_| matches!(who, "publisher" | "peer" | "anyone")).map(|m| format!(", {m}")).unwrap_or_default();
                format!("class `{}` from `{who}`{mutable}, in the table of levels", page.class)
            }
            _ => "policy sets it".to_owned(),
        };
        let doubts = if alert.doubts.is_empty() { String::new() } else { format!(" ({})", alert.doubts.join("; ")) };
        format!("{} because {from}; confidence {}{doubts}", alert.severity.name(), alert.confidence.name())
    }

    fn cleared(&self, points: &mut Vec<Point>) {
        for group in &self.context.report.cleared {
            if group.places.iter().any(|at| self.begins(*at)) {
                let topic = if group.kind == ClearedKind::Open { Topic::Open } else { Topic::Harmless };
                points.push(Point { topic, at: None, text: format!("{}: {}", group.what, group.reason) });
            }
        }
    }
}
