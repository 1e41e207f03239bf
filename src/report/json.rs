//! JSON: everything a run knows, in a shape that stays. Computes nothing; times are left out so that equal inputs give equal bytes.
//!
//! The shape, `pipevet-report/1`: `summary` counts; `alerts` are what is shown, worst first; `hidden` (only when asked for) are the rest, each with
//! `hidden.reason` and `hidden.detail`; `cleared` (only when asked for) are the places that were looked at and found harmless;
//! `suppressed` (only when asked for) are those beside comments that silence other tools; `repair` of an alert holds edits that would remove it; `notices` say what was not understood. Lines and columns begin at 1, columns count Unicode code points,
//! bytes begin at 0, ends are exclusive. Keys may be added, never renamed or given another meaning.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{Card, escape, is_secret};
use crate::finding::{Change, Cleared, ClearedKind, Comparison, Fixed, Hidden, Hop, Location, PolicyChange, Report, Reported, Safety};
use crate::notice::{Notice, NoticeKind};
use crate::source::{FileId, Range, Sources};

/// What is written beside what is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extra {
    /// The alerts that are not shown, with why.
    pub hidden: bool,
    /// What was looked at and found harmless.
    pub cleared: bool,
    /// What stands beside comments that silence other tools.
    pub suppressed: bool,
}

/// Writes the report.
pub fn write(report: &Report, sources: &Sources, cards: &[Card], extra: Extra, out: &mut dyn Write) -> io::Result<()> {
    let alert = |reported, why| alert(reported, why, sources, cards);
    let whole = Whole {
        schema: "pipevet-report/1",
        tool: TOOL,
        summary: summary(report),
        alerts: report.shown.iter().map(|r| alert(r, None)).collect(),
        cleared: extra.cleared.then(|| report.cleared.iter().map(|c| cleared(c, sources)).collect()),
        suppressed: extra.suppressed.then(|| report.suppressed.iter().map(|c| cleared(c, sources)).collect()),
        hidden: extra.hidden.then(|| report.hidden.iter().map(|(r, why)| alert(r, Some(why))).collect()),
        notices: report.notices.iter().map(|n| notice(n, sources)).collect(),
        comparison: report.comparison.as_ref().map(|c| comparison(c, report)),
    };
    escape::write_json(&whole, out)
}

#[derive(Serialize)]
struct Whole<'a> {
    schema: &'static str,
    tool: Tool,
    summary: Summary,
    alerts: Vec<AlertOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<Vec<AlertOut<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared: Option<Vec<ClearedOut<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<Vec<ClearedOut<'a>>>,
    notices: Vec<NoticeOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<ComparisonOut<'a>>,
}

#[derive(Serialize)]
struct ComparisonOut<'a> {
    base: &'a str,
    new: usize,
    worse: usize,
    unchanged: usize,
    fixed: Vec<FixedOut<'a>>,
    policy: Vec<PolicyOut<'a>>,
    policy_from_base: bool,
}

#[derive(Serialize)]
pub(super) struct FixedOut<'a> {
    rule: &'a str,
    severity: &'static str,
    message: &'a str,
    file: &'a str,
    line: u32,
    fingerprint: &'a str,
}

#[derive(Serialize)]
pub(super) struct PolicyOut<'a> {
    file: &'a str,
    line: u32,
    text: &'a str,
}

#[derive(Serialize)]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
}

pub(super) const TOOL: Tool = Tool { name: "pipevet", version: env!("CARGO_PKG_VERSION") };

#[derive(Serialize)]
pub(super) struct Summary {
    files: usize,
    alerts: usize,
    failing: usize,
    hidden: BTreeMap<&'static str, usize>,
    notices: usize,
}

#[derive(Serialize)]
pub(super) struct AlertOut<'a> {
    rule: &'a str,
    title: Option<&'a str>,
    severity: &'static str,
    confidence: &'static str,
    tier: crate::finding::Tier,
    message: &'a str,
    location: Option<Place>,
    constructs: &'a [String],
    cause: Option<&'a str>,
    fix: &'a str,
    fine_if: &'a str,
    assumes: &'a [String],
    doubts: &'a [String],
    paths: Vec<PathOut<'a>>,
    related: Vec<HopOut<'a>>,
    fingerprints: BTreeMap<&'static str, &'a str>,
    part_of: Option<&'a str>,
    /// `new`, `worse` or `unchanged` against the base; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'static str>,
    /// Why it is worse.
    #[serde(skip_serializing_if = "Option::is_none")]
    change_reason: Option<&'a str>,
    data: &'a BTreeMap<String, String>,
    /// The edits that would remove it, as planned: `pipevet fix` tries them before it writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    repair: Option<RepairOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<HiddenOut<'a>>,
}

#[derive(Serialize)]
struct RepairOut<'a> {
    title: &'a str,
    safety: Safety,
    note: &'a str,
    edits: Vec<EditOut<'a>>,
}

#[derive(Serialize)]
struct EditOut<'a> {
    location: Option<Place>,
    text: &'a str,
}

#[derive(Serialize)]
struct HiddenOut<'a> {
    reason: &'static str,
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
}

#[derive(Serialize)]
struct PathOut<'a> {
    severity: &'static str,
    who: crate::origin::Who,
    asset: &'a str,
    gates: &'a [String],
    hops: Vec<HopOut<'a>>,
}

#[derive(Serialize)]
struct HopOut<'a> {
    location: Option<Place>,
    text: &'a str,
}

/// A place: `file` as shown to people, `uri` from the top of the repository.
#[derive(Serialize)]
pub(super) struct Place {
    file: String,
    uri: String,
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
    start_byte: u32,
    end_byte: u32,
}

#[derive(Serialize)]
pub(super) struct ClearedOut<'a> {
    kind: ClearedKind,
    what: &'a str,
    reason: &'a str,
    count: usize,
    of: usize,
    places: Vec<Place>,
}

#[derive(Serialize)]
pub(super) struct NoticeOut<'a> {
    kind: NoticeKind,
    text: &'a str,
    location: Option<Place>,
}

pub(super) fn summary(report: &Report) -> Summary {
    let mut hidden: BTreeMap<&'static str, usize> = BTreeMap::new();
    for (_, why) in &report.hidden {
        *hidden.entry(reason(why).0).or_default() += 1;
    }
    Summary { files: report.files, alerts: report.shown.len(), failing: report.failing, hidden, notices: report.notices.len() }
}

fn comparison<'a>(c: &'a Comparison, report: &Report) -> ComparisonOut<'a> {
    let count = |is: fn(&Change) -> bool| report.shown.iter().filter(|r| r.change.as_ref().is_some_and(is)).count();
    ComparisonOut {
        base: &c.base,
        new: count(|c| *c == Change::New),
        worse: count(|c| matches!(c, Change::Worse(_))),
        unchanged: count(|c| *c == Change::Unchanged),
        fixed: c.fixed.iter().map(fixed).collect(),
        policy: c.policy.iter().map(policy).collect(),
        policy_from_base: c.base_policy,
    }
}

pub(super) fn fixed(f: &Fixed) -> FixedOut<'_> {
    FixedOut { rule: &f.rule, severity: f.severity.name(), message: &f.message, file: &f.place.0, line: f.place.1, fingerprint: &f.v1 }
}

pub(super) fn policy(p: &PolicyChange) -> PolicyOut<'_> {
    PolicyOut { file: &p.place.0, line: p.place.1, text: &p.text }
}

pub(super) fn alert<'a>(reported: &'a Reported, why: Option<&'a Hidden>, sources: &Sources, cards: &'a [Card]) -> AlertOut<'a> {
    let a = &reported.alert;
    let mut fingerprints = BTreeMap::from([("primaryLocationLineHash", reported.line_hash.as_str()), ("pipevet/v1", reported.v1.as_str())]);
    fingerprints.extend(reported.path_v1.as_deref().map(|p| ("pipevet/path-v1", p)));
    AlertOut {
        rule: &a.rule,
        title: cards.iter().find(|c| c.id == a.rule).map(|c| c.title.as_str()),
        severity: a.severity.name(),
        confidence: a.confidence.name(),
        tier: a.tier,
        message: &a.message,
        location: place(a.primary.file, a.primary.range, sources),
        constructs: &reported.constructs,
        cause: (!is_secret(&a.rule, cards)).then_some(a.cause.as_str()),
        fix: &a.fix,
        fine_if: &a.fine_if,
        assumes: &a.assumes,
        doubts: &a.doubts,
        paths: a
            .paths
            .iter()
            .map(|p| PathOut {
                severity: p.severity.name(),
                who: p.who,
                asset: &p.asset,
                gates: &p.gates,
                hops: p.hops.iter().map(|h| hop(h, sources)).collect(),
            })
            .collect(),
        related: a.related.iter().map(|h| hop(h, sources)).collect(),
        fingerprints,
        part_of: a.part_of.as_deref(),
        change: reported.change.as_ref().map(|c| match c {
            Change::New => "new",
            Change::Worse(_) => "worse",
            Change::Unchanged => "unchanged",
        }),
        change_reason: match &reported.change {
            Some(Change::Worse(why)) => Some(why),
            _ => None,
        },
        data: &a.data,
        repair: reported.repair.as_ref().and_then(|r| r.as_ref().ok()).map(|r| RepairOut {
            title: &r.title,
            safety: r.safety,
            note: &r.note,
            edits: r.edits.iter().map(|e| EditOut { location: place(e.at.file, e.at.range, sources), text: &e.text }).collect(),
        }),
        hidden: why.map(|w| {
            let (reason, detail) = reason(w);
            let by = if let Hidden::Dismissed { by, .. } = w { Some(by.as_str()) } else { None };
            HiddenOut { reason, detail, by }
        }),
    }
}

pub(super) fn cleared<'a>(cleared: &'a Cleared, sources: &Sources) -> ClearedOut<'a> {
    let places: Vec<Place> = cleared.places.iter().filter_map(|at| place(at.file, at.range, sources)).collect();
    ClearedOut { kind: cleared.kind, what: &cleared.what, reason: &cleared.reason, count: cleared.places.len(), of: cleared.of, places }
}

fn hop<'a>(hop: &'a Hop, sources: &Sources) -> HopOut<'a> {
    let Location { file, range } = hop.at;
    HopOut { location: place(file, range, sources), text: &hop.text }
}

pub(super) fn notice<'a>(notice: &'a Notice, sources: &Sources) -> NoticeOut<'a> {
    let location = notice.file.and_then(|f| place(f, notice.range.unwrap_or_default(), sources));
    NoticeOut { kind: notice.kind, text: &notice.text, location }
}

pub(super) fn place(file: FileId, range: Range, sources: &Sources) -> Option<Place> {
    let file = sources.files.get(file.0 as usize)?;
    let (start, end) = (file.place(range.start), file.place(range.end));
    Some(Place {
        file: file.shown.clone(),
        uri: file.uri.clone(),
        start_line: start.line,
        start_column: start.column,
        end_line: end.line,
        end_column: end.column,
        start_byte: file.cuts.original(range.start),
        end_byte: file.cuts.original(range.end),
    })
}

fn reason(why: &Hidden) -> (&'static str, Option<&str>) {
    match why {
        Hidden::Preview => ("preview", None),
        Hidden::Hygiene => ("hygiene", None),
        Hidden::Below => ("below", None),
        Hidden::Ignored(reason) => ("ignored", Some(reason)),
        Hidden::Elsewhere => ("elsewhere", None),
        Hidden::Baselined(reason) => ("baselined", Some(reason)),
        Hidden::Policy => ("policy", None),
        Hidden::Absorbed(by) => ("absorbed", Some(by)),
        Hidden::Repeated(by) => ("repeated", Some(by)),
        Hidden::Dismissed { reason, .. } => ("dismissed", Some(reason)),
    }
}
