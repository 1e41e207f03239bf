//! Text for people at a terminal or in a log: each alert with its line, its way, its fix; then one line that counts. Knows widths and colours, no file.

use std::io::{self, Write};

use annotate_snippets::renderer::{AnsiColor, Effects, Style};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Card, Narrow, count, escape, levels, masks, narrow, not_shown, place_of};
use crate::finding::{Change, Comparison, Confidence, Hidden, Hop, Location, Report, Reported, Severity};
use crate::notice::Notice;
use crate::source::{FileId, Range, Sources};

/// How to write.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// With colours.
    pub color: bool,
    /// Only one line for each alert, and the counts.
    pub quiet: bool,
    /// Every notice and every hidden alert, one line each.
    pub verbose: bool,
    /// The time, which is not the same in two runs.
    pub time: bool,
}

/// Columns of the source line shown before and after the cause when a line is long.
const AROUND: usize = 60;
/// Hops shown of one way, and further ways that are named.
const MOST_HOPS: usize = 40;
const MOST_WAYS: usize = 3;

/// Writes the alerts, worst first, and the counts.
pub fn write(report: &Report, sources: &Sources, cards: &[Card], style: Look, out: &mut dyn Write) -> io::Result<()> {
    let masks = masks(report, cards, sources);
    let page = Page { sources, style, hidden_spans: &masks };
    for reported in report.shown.iter().filter(|r| r.counts()) {
        if style.quiet {
            page.line(reported, None, out)?;
        } else {
            page.alert(reported, out)?;
        }
    }
    if style.verbose {
        for reported in report.shown.iter().filter(|r| !r.counts()) {
            page.line(reported, Some("unchanged"), out)?;
        }
        for (reported, why) in &report.hidden {
            page.line(reported, Some(&reason(why)), out)?;
        }
        for notice in &report.notices {
            page.notice(notice, out)?;
        }
    }
    if let Some(comparison) = &report.comparison {
        page.comparison(comparison, report, out)?;
    }
    page.counts(report, out)
}

struct Page<'a> {
    sources: &'a Sources,
    style: Look,
    hidden_spans: &'a std::collections::BTreeMap<FileId, Vec<Range>>,
}

impl Page<'_> {
    fn alert(&self, reported: &Reported, out: &mut dyn Write) -> io::Result<()> {
        let alert = &reported.alert;
        let doubt = if alert.confidence == Confidence::High { String::new() } else { format!(", {} confidence", alert.confidence.name()) };
        let new = if reported.change == Some(Change::New) { ", new" } else { "" };
        let name = self.paint(severity_style(alert.severity), alert.severity.name());
        let message = self.paint(Style::new().effects(Effects::BOLD), &escape::visible(&alert.message));
        writeln!(out, "{name}  {message}  [{}{doubt}{new}]", alert.rule)?;
        if let Some(place) = narrow(alert.primary, self.sources) {
            self.snippet(&place, alert.primary, alert.severity, out)?;
        }
        if let Some(first) = alert.paths.first() {
            self.hops(&first.hops, alert.primary, true, out)?;
        }
        self.hops(&alert.related, alert.primary, false, out)?;
        for other in alert.paths.iter().skip(1).take(MOST_WAYS) {
            let ends = [other.hops.first(), other.hops.last()]
                .map(|h| h.map(|h| format!("{} ({})", escape::visible(&h.text), place_of(h.at, alert.primary, self.sources))));
            let [Some(from), Some(to)] = ends else { continue };
            writeln!(out, "  also: {from} … {to}")?;
        }
        if alert.paths.len() > MOST_WAYS + 1 {
            writeln!(out, "  also: {} more ways", alert.paths.len() - MOST_WAYS - 1)?;
        }
        if let Some(Change::Worse(why)) = &reported.change {
            self.field("Worse", &[why], out)?;
        }
        self.field("Fix", &[&alert.fix], out)?;
        self.field("Fine if", &[&alert.fine_if], out)?;
        self.field("Assumes", &alert.assumes.iter().collect::<Vec<_>>(), out)?;
        self.field("Doubts", &alert.doubts.iter().collect::<Vec<_>>(), out)?;
        writeln!(out)
    }

    fn snippet(&self, place: &Narrow<'_>, primary: Location, severity: Severity, out: &mut dyn Write) -> io::Result<()> {
        let line = place.file.lines().range(place.start.line);
        let spans = self.hidden_spans.get(&primary.file).map(Vec::as_slice).unwrap_or_default();
        let (text, from, to) = excerpt(&place.file.bytes, line, place.range, spans);
        let path = format!("{}:{}:{}", escape::visible(&place.file.shown), place.start.line, place.start.column);
        writeln!(out, "  {} {path}", self.paint(AnsiColor::BrightBlue.on_default().effects(Effects::BOLD), "-->"))?;
        let snippet =
            Snippet::source(text.as_str()).line_start(place.start.line as usize).fold(false).annotation(AnnotationKind::Primary.span(from..to));
        let group = Group::with_level(Level::ERROR).element(snippet);
        let renderer = if self.style.color { Renderer::styled().error(severity_style(severity)) } else { Renderer::plain() };
        let drawn = renderer.term_width(usize::from(u16::MAX)).render(&[group]);
        for line in drawn.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn hops(&self, hops: &[Hop], primary: Location, numbered: bool, out: &mut dyn Write) -> io::Result<()> {
        let places: Vec<String> = hops.iter().take(MOST_HOPS).map(|h| place_of(h.at, primary, self.sources)).collect();
        let width = places.iter().map(|p| p.chars().count()).max().unwrap_or_default().min(48);
        for (i, (hop, place)) in hops.iter().zip(&places).enumerate() {
            let mark = if numbered { format!("{:>3}", i + 1) } else { "see".to_owned() };
            writeln!(out, "  {mark}  {place:width$}  {}", escape::visible(&hop.text))?;
        }
        if hops.len() > MOST_HOPS {
            writeln!(out, "  ...  and {} more", hops.len() - MOST_HOPS)?;
        }
        Ok(())
    }

    fn field(&self, label: &str, texts: &[&String], out: &mut dyn Write) -> io::Result<()> {
        let label = format!("{:9}", format!("{label}:"));
        for (i, text) in texts.iter().filter(|t| !t.is_empty()).enumerate() {
            let lead = if i == 0 { self.paint(Style::new().effects(Effects::BOLD), &label) } else { " ".repeat(9) };
            writeln!(out, "  {lead}{}", escape::visible(text))?;
        }
        Ok(())
    }

    /// One line for an alert.
    fn line(&self, reported: &Reported, why: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
        let alert = &reported.alert;
        let place = self.sources.files.get(alert.primary.file.0 as usize).map_or_else(String::new, |file| {
            let at = file.place(alert.primary.range.start);
            format!("{}:{}:{}", escape::visible(&file.shown), at.line, at.column)
        });
        let name = self.paint(severity_style(alert.severity), alert.severity.name());
        let change = match &reported.change {
            Some(Change::New) => Some("new".to_owned()),
            Some(Change::Worse(why)) => Some(format!("worse: {}", escape::visible(why))),
            _ => None,
        };
        let why = why.map(str::to_owned).or(change).map(|w| format!("  ({w})")).unwrap_or_default();
        writeln!(out, "{place}: {name}: {} [{}]{why}", escape::visible(&alert.message), alert.rule)
    }

    fn notice(&self, notice: &Notice, out: &mut dyn Write) -> io::Result<()> {
        let file = notice.file.and_then(|f| self.sources.files.get(f.0 as usize));
        let place = file.map_or_else(String::new, |file| {
            let line = file.lines().line(notice.range.unwrap_or_default().start);
            format!("{}:{line}: ", escape::visible(&file.shown))
        });
        writeln!(out, "{place}notice: {}", escape::visible(&notice.text))
    }

    /// What is fixed, what the change does to policy, and the counts against the base.
    fn comparison(&self, comparison: &Comparison, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        for fixed in comparison.fixed.iter().filter(|_| self.style.verbose) {
            let (file, line) = &fixed.place;
            let place = format!("{}:{line}", escape::visible(file));
            writeln!(out, "{place}: fixed: {} [{}]", escape::visible(&fixed.message), fixed.rule)?;
        }
        if !comparison.policy.is_empty() {
            let when = if comparison.base_policy { "would change with this, after merge" } else { "changes with this" };
            writeln!(out, "Policy {when}:")?;
        }
        for change in &comparison.policy {
            writeln!(out, "  {}:{}  {}", escape::visible(&change.place.0), change.place.1, escape::visible(&change.text))?;
        }
        let of = |is: fn(&Change) -> bool| report.shown.iter().filter(|r| r.change.as_ref().is_some_and(is)).count();
        let (new, worse, unchanged) = (of(|c| *c == Change::New), of(|c| matches!(c, Change::Worse(_))), of(|c| *c == Change::Unchanged));
        let fixed = comparison.fixed.len();
        let more = if self.style.verbose || fixed + unchanged == 0 { "" } else { " (-v lists them)" };
        writeln!(out, "Against {}: {new} new, {worse} worse, {fixed} fixed, {unchanged} unchanged{more}", escape::visible(&comparison.base))
    }

    fn counts(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let (hidden, preview) = (not_shown(report), report.hidden.iter().filter(|(_, why)| *why == Hidden::Preview).count());
        if preview > 0 {
            writeln!(out, "{}: --preview", count(preview, "finding of preview rules", "findings of preview rules"))?;
        }
        if !hidden.is_empty() {
            writeln!(out, "Not shown: {}", hidden.join(", "))?;
        }
        let counting = report.shown.iter().filter(|r| r.counts());
        let found = if counting.clone().next().is_none() {
            format!("No {}findings", if report.comparison.is_some() { "new " } else { "" })
        } else {
            let levels: Vec<String> =
                levels(counting.clone()).iter().map(|(s, n)| self.paint(severity_style(*s), &format!("{n} {}", s.name()))).collect();
            format!("{} ({})", count(counting.count(), "finding", "findings"), levels.join(", "))
        };
        let files = count(report.files, "file", "files");
        let more = if report.notices.is_empty() || self.style.verbose { "" } else { " (-v lists them)" };
        let notices = count(report.notices.len(), "notice", "notices");
        let time = if self.style.time { format!(", {}.{:02} s", report.elapsed_ms / 1000, report.elapsed_ms % 1000 / 10) } else { String::new() };
        writeln!(out, "{found} in {files}, {notices}{more}{time}")
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.style.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// The line as shown, and the span of the cause in it. Secrets are masked but for four characters, unsafe characters written out, long lines cut.
fn excerpt(bytes: &[u8], line: Range, cause: Range, masks: &[Range]) -> (String, usize, usize) {
    // A file may hold very many; those of this line are few.
    let masks: Vec<Range> = masks.iter().copied().filter(|m| m.start < line.end && line.start < m.end).collect();
    let text = crate::text::utf8_same_length(bytes.get(line.bounds()).unwrap_or_default());
    let (mut out, mut from, mut to) = (String::new(), None, None);
    let before = text.char_indices().take_while(|(i, _)| line.start as usize + i < cause.start as usize).count();
    let inside = text.char_indices().filter(|(i, _)| cause.bounds().contains(&(line.start as usize + i))).count();
    let skip = if before > 2 * AROUND { before - AROUND } else { 0 };
    if skip > 0 {
        out.push('…');
    }
    let last = skip.max(before) + inside.min(3 * AROUND) + AROUND;
    for (n, (i, c)) in text.trim_end_matches(['\n', '\r']).char_indices().enumerate().skip(skip) {
        if n >= last {
            out.push('…');
            break;
        }
        let at = line.start as usize + i;
        if at >= cause.start as usize {
            from.get_or_insert(out.len());
        }
        if at >= cause.end as usize {
            to.get_or_insert(out.len());
        }
        let masked = masks.iter().any(|m| m.bounds().contains(&at) && at >= m.start as usize + 4);
        match c {
            _ if masked => out.push('*'),
            '\u{feff}' if at == 0 => {}
            // Widths stay what people see in an editor that shows a tab as four columns.
            '\t' => out.push_str("    "),
            c => out.push_str(&escape::visible(c.encode_utf8(&mut [0; 4]))),
        }
    }
    let from = from.unwrap_or(out.len());
    let to = to.unwrap_or(out.len()).max(from);
    (out.replace("##[", "#_["), from, to)
}

pub(super) fn severity_style(severity: Severity) -> Style {
    let color = match severity {
        Severity::Critical => return AnsiColor::BrightRed.on_default().effects(Effects::BOLD.insert(Effects::UNDERLINE)),
        Severity::High => AnsiColor::BrightRed,
        Severity::Medium => AnsiColor::BrightYellow,
        Severity::Low => AnsiColor::BrightCyan,
        Severity::Info => AnsiColor::BrightBlue,
    };
    color.on_default().effects(Effects::BOLD)
}

fn reason(why: &Hidden) -> String {
    match why {
        Hidden::Preview => "preview rule".to_owned(),
        Hidden::Hygiene => "hygiene".to_owned(),
        Hidden::Below => "below the level or confidence asked for".to_owned(),
        Hidden::Ignored(reason) => format!("ignored: {}", escape::visible(reason)),
        Hidden::Elsewhere => "in other files than those asked for".to_owned(),
        Hidden::Baselined(reason) if reason.is_empty() => "in the baseline".to_owned(),
        Hidden::Baselined(reason) => format!("in the baseline: {}", escape::visible(reason)),
        Hidden::Policy => "switched off".to_owned(),
        Hidden::Absorbed(by) => format!("part of path {by}"),
        Hidden::Repeated(by) => format!("told with {by}"),
        Hidden::Dismissed { by, reason } if reason.is_empty() => format!("dismissed on GitHub by {}", escape::visible(by)),
        Hidden::Dismissed { by, reason } => format!("dismissed on GitHub by {}: {}", escape::visible(by), escape::visible(reason)),
    }
}
