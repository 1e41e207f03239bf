//! SARIF 2.1.0 as GitHub reads it. GitHub takes a level from the rule only, so every level of a rule is a rule of its own here; knows no other format.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde_json::json;
use serde_sarif::sarif::{
    ArtifactChange, ArtifactContent, ArtifactLocation, CodeFlow, Fix, Invocation, Location as SarifLocation, Message, MultiformatMessageString,
    Notification, PhysicalLocation, PropertyBag, Region, Replacement, ReportingConfiguration, ReportingDescriptor, ReportingDescriptorReference,
    Result as SarifResult, ResultLevel, Run, RunAutomationDetails, Sarif, ThreadFlow, ThreadFlowLocation, Tool, ToolComponent,
};

use super::{Card, clipped, escape, narrow, sentence};
use crate::finding::{Change, Hidden, Hop, Location, Repair, Report, Reported, Safety, Severity, Tier};
use crate::notice::{Notice, NoticeKind};
use crate::source::{FileId, Sources};

/// How much is written, and what code scanning keeps apart.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// Most results that are no paths.
    pub risks: usize,
    /// Most results in all; GitHub shows no more than 5,000.
    pub results: usize,
    /// Category of the log with a `/` at the end. Code scanning takes a log for the successor of the last one of its category, and closes what is gone.
    pub category: &'a str,
}

impl Default for Limits<'_> {
    fn default() -> Self {
        Limits { risks: 100, results: 5_000, category: "pipevet/" }
    }
}

/// Most ways of one alert, hops of one way, and notices that are written.
const MOST_PATHS: usize = 20;
const MOST_HOPS: usize = 500;
const MOST_RELATED: usize = 100;
const MOST_NOTICES: usize = 300;
/// GitHub refuses a rule with more tags than twice this, and shows this many.
const MOST_TAGS: usize = 10;
const BANDS: [Severity; 5] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

/// Writes what is shown, and what was dismissed on GitHub: an alert that is no longer uploaded is closed there, and what was said of it is lost. Other
/// hidden alerts are left out, for GitHub would open them.
pub fn write(report: &Report, sources: &Sources, cards: &[Card], limits: Limits<'_>, out: &mut dyn Write) -> io::Result<()> {
    let rules: Vec<ReportingDescriptor> = cards.iter().flat_map(|c| BANDS.iter().map(|b| descriptor(c, *b))).collect();
    let index: BTreeMap<&str, i64> = rules.iter().enumerate().map(|(i, r)| (r.id.as_str(), i64::try_from(i).unwrap_or_default())).collect();
    let (kept, left) = capped(report, sources, limits);
    let results = kept.iter().filter_map(|(r, repeats)| result(r, *repeats, sources, cards, &index)).collect::<Vec<_>>();
    let driver = ToolComponent::builder()
        .name("pipevet")
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .rules(rules.clone())
        .notifications(NOTICES.iter().map(|(kind, text)| notice_descriptor(*kind, text)).collect::<Vec<_>>())
        .build();
    let invocation = Invocation::builder().execution_successful(true).tool_execution_notifications(notifications(report, &left, sources)).build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .automation_details(RunAutomationDetails::builder().id(limits.category).build())
        .column_kind(json!("unicodeCodePoints"))
        .invocations(vec![invocation])
        .results(results)
        .build();
    let log = Sarif::builder().schema("https://json.schemastore.org/sarif-2.1.0.json").version(json!("2.1.0")).runs(vec![run]).build();
    escape::write_json(&log, out)
}

/// Id of a rule at a level: bare at its base band.
fn banded(card: &Card, band: Severity) -> String {
    if band == card.band { card.id.clone() } else { format!("{}/{}", card.id, band.name()) }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

fn descriptor(card: &Card, band: Severity) -> ReportingDescriptor {
    // GitHub sorts by these numbers; each lies inside the band of the same name.
    let number = match band {
        Severity::Critical => Some("9.5"),
        Severity::High => Some("8.0"),
        Severity::Medium => Some("5.5"),
        Severity::Low => Some("2.0"),
        Severity::Info => None,
    };
    let mut more = BTreeMap::from([("precision".to_owned(), json!(precision(card.share)))]);
    more.extend(number.map(|n| ("security-severity".to_owned(), json!(n))));
    let text = |text: &str| MultiformatMessageString::builder().text(clipped(&escape::visible(text), 1000)).build();
    let why = if card.why.is_empty() { &card.title } else { &card.why };
    let markdown = if card.markdown.is_empty() { card.title.as_str() } else { &card.markdown };
    ReportingDescriptor::builder()
        .id(banded(card, band))
        .name(pascal(&card.id))
        .short_description(text(&sentence(&card.title)))
        .full_description(text(&sentence(why)))
        .help(MultiformatMessageString::builder().text(format!("{} See `pipevet explain {}`.", sentence(why), card.id)).markdown(markdown).build())
        .default_configuration(ReportingConfiguration::builder().level(json!(level(band))).build())
        .properties(PropertyBag::builder().tags(tags(card, number.is_some())).additional_properties(more).build())
        .build()
}

/// `security` (which only counts beside a number), then weaknesses in the form code scanning knows, then the other frameworks.
fn tags(card: &Card, security: bool) -> Vec<String> {
    let weakness = |ids: &(String, Vec<String>)| ids.0 == "cwe";
    let cwes = card.frameworks.iter().filter(|f| weakness(f)).flat_map(|(_, ids)| ids.iter().map(|id| format!("external/cwe/{}", id.to_lowercase())));
    let others = card.frameworks.iter().filter(|f| !weakness(f)).flat_map(|(name, ids)| {
        let short = name.replace('_', "-");
        ids.iter().map(move |id| format!("external/{short}/{}", id.to_lowercase()))
    });
    security.then(|| "security".to_owned()).into_iter().chain(cwes).chain(others).take(MOST_TAGS).collect()
}

fn precision(share: Option<f64>) -> &'static str {
    match share {
        Some(s) if s >= 0.95 => "very-high",
        Some(s) if s >= 0.9 => "high",
        Some(s) if s < 0.7 => "low",
        _ => "medium",
    }
}

/// What is written: one result for each rule, file and line, the worst, with the number of others there; and what the caps left out, by rule.
fn capped<'r>(report: &'r Report, sources: &Sources, limits: Limits<'_>) -> (Vec<(&'r Reported, usize)>, BTreeMap<&'r str, usize>) {
    let mut at_line: BTreeMap<(&str, u32, u32), usize> = BTreeMap::new();
    let mut kept: Vec<(&Reported, usize)> = Vec::new();
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    let mut risks = 0;
    let dismissed = report.hidden.iter().filter(|(_, why)| matches!(why, Hidden::Dismissed { .. })).map(|(r, _)| r);
    for reported in report.shown.iter().chain(dismissed) {
        let place = reported.alert.primary;
        let Some(file) = sources.files.get(place.file.0 as usize) else { continue };
        let key = (reported.alert.rule.as_str(), place.file.0, file.lines().line(place.range.start));
        if let Some(i) = at_line.get(&key) {
            if let Some(first) = kept.get_mut(*i) {
                first.1 += 1;
            }
            continue;
        }
        let is_risk = reported.alert.tier != Tier::Path;
        // What a change brings is never cut for what was there.
        let brought = matches!(reported.change, Some(Change::New | Change::Worse(_)));
        if !brought && (kept.len() >= limits.results || is_risk && risks >= limits.risks) {
            *left.entry(&reported.alert.rule).or_default() += 1;
            continue;
        }
        risks += usize::from(is_risk);
        at_line.insert(key, kept.len());
        kept.push((reported, 0));
    }
    (kept, left)
}

fn result(reported: &Reported, repeats: usize, sources: &Sources, cards: &[Card], index: &BTreeMap<&str, i64>) -> Option<SarifResult> {
    let alert = &reported.alert;
    let id = cards.iter().find(|c| c.id == alert.rule).map_or_else(|| alert.rule.clone(), |c| banded(c, alert.severity));
    let first = alert.paths.first().map(|p| p.hops.as_slice()).unwrap_or_default();
    let linked: Vec<&Hop> = first.iter().chain(&alert.related).filter(|h| narrow(h.at, sources).is_some()).take(MOST_RELATED).collect();
    let mut fingerprints =
        BTreeMap::from([("primaryLocationLineHash".to_owned(), reported.line_hash.clone()), ("pipevet/v1".to_owned(), reported.v1.clone())]);
    fingerprints.extend(reported.path_v1.clone().map(|p| ("pipevet/path-v1".to_owned(), p)));
    let related = linked.iter().enumerate().filter_map(|(i, h)| location(h.at, Some(&h.text), Some(number(i + 1)), sources)).collect::<Vec<_>>();
    let flows = alert
        .paths
        .iter()
        .take(MOST_PATHS)
        .map(|p| flow(&p.hops, sources))
        .filter(|f| f.thread_flows.iter().any(|t| !t.locations.is_empty()))
        .collect::<Vec<_>>();
    let level = match level(alert.severity) {
        "error" => ResultLevel::Error,
        "warning" => ResultLevel::Warning,
        _ => ResultLevel::Note,
    };
    let more = BTreeMap::from([
        ("severity".to_owned(), json!(alert.severity.name())),
        ("confidence".to_owned(), json!(alert.confidence.name())),
        ("tier".to_owned(), json!(alert.tier)),
    ]);
    let mut result = SarifResult::builder()
        .message(Message::builder().text(message(reported, &linked, repeats)).build())
        .locations(vec![location(alert.primary, None, None, sources)?])
        .partial_fingerprints(fingerprints)
        .level(level)
        .properties(PropertyBag::builder().additional_properties(more).build())
        .build();
    result.rule_index = index.get(id.as_str()).copied();
    result.rule_id = Some(id);
    result.baseline_state = reported.change.as_ref().map(|c| match c {
        Change::New => json!("new"),
        Change::Worse(_) => json!("updated"),
        Change::Unchanged => json!("unchanged"),
    });
    result.related_locations = (!related.is_empty()).then_some(related);
    result.fixes = reported.repair.as_ref().and_then(|r| r.as_ref().ok()).and_then(|r| repair(r, sources)).map(|f| vec![f]);
    result.code_flows = (!flows.is_empty()).then_some(flows);
    Some(result)
}

/// Planned edits, for editors. They are not tried: that takes a scan each; `pipevet fix` does.
fn repair(repair: &Repair, sources: &Sources) -> Option<Fix> {
    let mut changes: BTreeMap<FileId, Vec<Replacement>> = BTreeMap::new();
    for edit in &repair.edits {
        let file = sources.files.get(edit.at.file.0 as usize)?;
        let (start, end) = (file.place(edit.at.range.start), file.place(edit.at.range.end));
        let region = Region::builder()
            .start_line(i64::from(start.line))
            .start_column(i64::from(start.column))
            .end_line(i64::from(end.line))
            .end_column(i64::from(end.column))
            .build();
        let content = ArtifactContent::builder().text(edit.text.as_str()).build();
        changes.entry(edit.at.file).or_default().push(Replacement::builder().deleted_region(region).inserted_content(content).build());
    }
    let change = |(file, replacements): (FileId, Vec<Replacement>)| {
        let location = ArtifactLocation::builder().uri(escape::uri(&sources.file(file).uri)).build();
        ArtifactChange::builder().artifact_location(location).replacements(replacements).build()
    };
    let careful = if repair.safety == Safety::Unsafe { "; look at it before you take it" } else { "" };
    let note = if repair.note.is_empty() { String::new() } else { format!(" ({})", repair.note) };
    let text = sentence(&format!("{}{note}{careful}", repair.title));
    let description = Message::builder().text(escape::message(&text)).build();
    Some(Fix::builder().description(description).artifact_changes(changes.into_iter().map(change).collect::<Vec<_>>()).build())
}

/// The sentence (GitHub shows the first where space is short), the hops as links, then what to do about it.
fn message(reported: &Reported, linked: &[&Hop], repeats: usize) -> String {
    let alert = &reported.alert;
    let mut out = escape::message(&sentence(&alert.message));
    if repeats > 0 {
        out.push_str(&format!(" ({repeats} more of this rule on the same line.)"));
    }
    for (i, hop) in linked.iter().enumerate() {
        out.push_str(&format!("\n{n}. [{}]({n})", escape::message(&hop.text), n = i + 1));
    }
    if alert.paths.len() > 1 {
        out.push_str(&format!("\nWays in all: {}.", alert.paths.len()));
    }
    let mut say = |label: &str, text: &str| {
        if !text.is_empty() {
            out.push_str(&format!("\n{label}: {}", escape::message(text)));
        }
    };
    say("Fix", &alert.fix);
    say("Fine if", &alert.fine_if);
    say("Assumes", &alert.assumes.join("; "));
    out
}

fn flow(hops: &[Hop], sources: &Sources) -> CodeFlow {
    let steps = hops.iter().take(MOST_HOPS).filter_map(|h| location(h.at, Some(&h.text), None, sources));
    let steps = steps.map(|l| ThreadFlowLocation::builder().location(l).build()).collect::<Vec<_>>();
    CodeFlow::builder().thread_flows(vec![ThreadFlow::builder().locations(steps).build()]).build()
}

fn location(at: Location, text: Option<&str>, id: Option<i64>, sources: &Sources) -> Option<SarifLocation> {
    let place = narrow(at, sources)?;
    let region = Region::builder()
        .start_line(i64::from(place.start.line))
        .start_column(i64::from(place.start.column))
        .end_line(i64::from(place.start.line))
        .end_column(i64::from(place.end.column))
        .build();
    let physical =
        PhysicalLocation::builder().artifact_location(ArtifactLocation::builder().uri(escape::uri(&place.file.uri)).build()).region(region).build();
    let mut out = SarifLocation::builder().physical_location(physical).build();
    out.message = text.map(|t| Message::builder().text(escape::message(t)).build());
    out.id = id;
    Some(out)
}

/// What each kind of notice says in general.
const NOTICES: [(NoticeKind, &str); 7] = [
    (NoticeKind::PartlyUnderstood, "Part of a file was not understood; the rest is scanned."),
    (NoticeKind::Unreadable, "A file could not be read, or is not text."),
    (NoticeKind::Limit, "A limit on size, depth or count was reached."),
    (NoticeKind::DuplicateKey, "A mapping names the same key twice; both are kept."),
    (NoticeKind::Unresolved, "A script, module, action or target is named but not found."),
    (NoticeKind::LeftOut, "Files were left out of the scan."),
    (NoticeKind::Policy, "An ignore comment or policy entry matches nothing, or is malformed."),
];

fn notice_id(kind: NoticeKind) -> String {
    json!(kind).as_str().unwrap_or_default().to_owned()
}

fn notice_level(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::PartlyUnderstood | NoticeKind::Unreadable | NoticeKind::Limit => "warning",
        NoticeKind::DuplicateKey | NoticeKind::Unresolved | NoticeKind::LeftOut | NoticeKind::Policy => "note",
    }
}

fn notice_descriptor(kind: NoticeKind, text: &str) -> ReportingDescriptor {
    let words = || MultiformatMessageString::builder().text(text).build();
    ReportingDescriptor::builder()
        .id(notice_id(kind))
        .short_description(words())
        .full_description(words())
        .help(words())
        .default_configuration(ReportingConfiguration::builder().level(json!(notice_level(kind))).build())
        .build()
}

fn notifications(report: &Report, left: &BTreeMap<&str, usize>, sources: &Sources) -> Vec<Notification> {
    let own = |kind, text| Notice { file: None, range: None, kind, text };
    let mut all = Vec::new();
    if !left.is_empty() {
        let total: usize = left.values().sum();
        let by_rule = left.iter().map(|(rule, n)| format!("{rule} {n}")).collect::<Vec<_>>().join(", ");
        all.push(own(NoticeKind::Limit, format!("{total} further findings are not in this file ({by_rule}); pipevet check --format json has all")));
    }
    all.extend(report.notices.iter().take(MOST_NOTICES).cloned());
    if report.notices.len() > MOST_NOTICES {
        all.push(own(NoticeKind::Limit, format!("{} further notices are not in this file", report.notices.len() - MOST_NOTICES)));
    }
    let seen: BTreeSet<&Notice> = all.iter().collect();
    let place = |n: &Notice| location(Location { file: n.file?, range: n.range.unwrap_or_default() }, None, None, sources);
    seen.into_iter()
        .map(|notice| {
            let reference = ReportingDescriptorReference::builder().id(notice_id(notice.kind)).build();
            let mut out = Notification::builder()
                .message(Message::builder().text(escape::message(&sentence(&notice.text))).build())
                .descriptor(reference)
                .level(json!(notice_level(notice.kind)))
                .build();
            out.locations = place(notice).map(|l| vec![l]);
            out
        })
        .collect()
}

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn pascal(id: &str) -> String {
    id.split('-').map(|w| sentence(w).trim_end_matches('.').to_owned()).collect()
}
