//! The first screen: at most [`MOST_LINES`] lines of at most [`WIDTH`] columns that say where to begin. The worst ways in, the edits that close most, and
//! counts for all the rest with the flags that show it. Knows no rule; what does not occur takes no line.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use annotate_snippets::renderer::{Effects, Style};

use super::text::severity_style;
use super::{capital, cleared, count, escape, levels, not_shown, whole_place};
use crate::finding::{Alert, ClearedKind, Hidden, Location, Report, Reported, Severity};
use crate::notice::NoticeKind;
use crate::source::{FileId, Sources};

/// Lines of the whole screen.
pub const MOST_LINES: usize = 24;
/// Columns of a line; what is longer is cut.
pub const WIDTH: usize = 100;
const MOST_WAYS: usize = 3;
const MOST_EDITS: usize = 2;

/// Writes the screen.
pub fn write(report: &Report, sources: &Sources, color: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut screen = Screen { color, lines: Vec::new() };
    screen.say(&head(report));
    let ways = ways(&report.shown);
    let edits = edits(&report.shown, sources);
    if !ways.is_empty() {
        screen.title(if ways.len() == 1 { "The way in" } else { "The worst ways in" });
    }
    for (reported, more) in &ways {
        let more = if *more > 0 { format!(" (and {more} more like it)") } else { String::new() };
        let alert = &reported.alert;
        let place = short(&whole_place(alert.primary, sources)) + &more;
        screen.way(alert.severity, &escape::visible(&capital(&alert.message)), &place);
    }
    if !edits.is_empty() {
        screen.title(if edits.len() == 1 { "The edit that closes most" } else { "The two edits that close most" });
    }
    for edit in &edits {
        let place = short(&whole_place(edit.at, sources));
        screen.say(&format!("  {:8}  {place}: {}", format!("closes {}", edit.closes), escape::visible(&edit.what)));
        screen.say(&format!("            {}", escape::visible(&capital(edit.fix))));
    }
    let rest = rest(report, ways.len());
    if !rest.is_empty() {
        screen.title("The rest");
        rest.iter().for_each(|line| screen.say(&format!("  {line}")));
    }
    screen.blank();
    screen.say(&next(ways.first().map(|w| w.0)));
    for line in screen.lines.iter().take(MOST_LINES) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

struct Screen {
    color: bool,
    lines: Vec<String>,
}

impl Screen {
    fn say(&mut self, text: &str) {
        self.lines.push(cut(text, WIDTH));
    }
    fn blank(&mut self) {
        self.lines.push(String::new());
    }
    fn title(&mut self, text: &str) {
        self.blank();
        self.lines.push(self.paint(Style::new().effects(Effects::BOLD), text));
    }
    /// Two lines: who can do what, and where. The place stands whole at the end of the second, what is left of the sentence before it.
    fn way(&mut self, severity: Severity, text: &str, place: &str) {
        let label = self.paint(severity_style(severity), &format!("{:8}", severity.name()));
        let room = WIDTH - 12;
        let (first, left) = match broken(text, room) {
            Some((first, left)) => (first, cut(left, room.saturating_sub(columns(place) + 2)) + "  "),
            None => (text, String::new()),
        };
        self.lines.push(format!("  {label}  {}", cut(first, room)));
        self.say(&format!("            {left}{place}"));
    }
    fn paint(&self, style: Style, text: &str) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// Columns of a character. Wide ones take two; of some that are not wide, two are assumed.
fn wide(c: char) -> usize {
    if u32::from(c) < 0x1100 || ('\u{2010}'..='\u{2027}').contains(&c) { 1 } else { 2 }
}

fn columns(text: &str) -> usize {
    text.chars().map(wide).sum()
}

/// The end of a long path: the file says more than the way to it.
fn short(place: &str) -> String {
    let most = WIDTH / 2;
    if columns(place) <= most {
        return place.to_owned();
    }
    let mut room = most - 1;
    let tail: Vec<char> = place
        .chars()
        .rev()
        .take_while(|c| {
            let fits = wide(*c) <= room;
            room = room.saturating_sub(if fits { wide(*c) } else { room });
            fits
        })
        .collect();
    let tail: String = tail.into_iter().rev().collect();
    // From a whole segment on, where there is one.
    format!("…{}", tail.find('/').and_then(|at| tail.get(at..)).unwrap_or(&tail))
}

/// A text that is too long for a line, at the last space that fits.
fn broken(text: &str, most: usize) -> Option<(&str, &str)> {
    if columns(text) <= most {
        return None;
    }
    let mut used = 0;
    let spaces = text.char_indices().take_while(|(_, c)| {
        used += wide(*c);
        used <= most
    });
    let at = spaces.filter(|(_, c)| *c == ' ').last().map_or(0, |(at, _)| at);
    Some(text.split_at(at)).filter(|_| at > 0).map(|(first, left)| (first, left.trim_start()))
}

/// A line of at most `most` columns.
fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut room = most.saturating_sub(1);
    let kept = text.chars().take_while(|c| {
        let fits = wide(*c) <= room;
        room = room.saturating_sub(if fits { wide(*c) } else { room });
        fits
    });
    kept.collect::<String>().trim_end().to_owned() + "…"
}

fn head(report: &Report) -> String {
    let files = count(report.files, "file", "files");
    if report.shown.is_empty() {
        return format!("No way in found in {files}");
    }
    let levels: Vec<String> = levels(report.shown.iter()).iter().map(|(s, n)| format!("{n} {}", s.name())).collect();
    format!("{} ({}) in {files}", count(report.shown.len(), "finding", "findings"), levels.join(", "))
}

/// The worst, paths before risks; those of one rule that stand in one file or say the same are one, with how many stand behind it.
fn ways(shown: &[Reported]) -> Vec<(&Reported, usize)> {
    let mut order: Vec<&Reported> = shown.iter().collect();
    order.sort_by_key(|r| (Reverse(r.alert.severity), Reverse(r.alert.confidence), r.alert.tier));
    if order.len() <= MOST_WAYS {
        return order.into_iter().map(|r| (r, 0)).collect();
    }
    let mut groups: Vec<(&Reported, usize)> = Vec::new();
    for reported in order {
        let alert = &reported.alert;
        let like = |other: &Alert| other.rule == alert.rule && (other.primary.file == alert.primary.file || other.message == alert.message);
        match groups.iter_mut().find(|(first, _)| like(&first.alert)) {
            Some((_, more)) => *more += 1,
            None => groups.push((reported, 0)),
        }
    }
    groups.truncate(MOST_WAYS);
    groups
}

/// An edit of one line.
struct Edit<'r> {
    at: Location,
    /// What stands there.
    what: String,
    /// What the worst finding that it closes says to do.
    fix: &'r str,
    closes: usize,
}

/// The lines through which most findings lead: the one that closes most, then the one that closes most of what is left; among equals the one that closes
/// the worst.
fn edits<'r>(shown: &'r [Reported], sources: &Sources) -> Vec<Edit<'r>> {
    let line = |at: Location| Some((at.file, sources.files.get(at.file.0 as usize)?.lines().line(at.range.start)));
    // A finding is closed when every one of its ways is; a purely local one has a single way.
    let mut left: Vec<usize> = Vec::with_capacity(shown.len());
    let mut through: BTreeMap<(FileId, u32), BTreeSet<(usize, usize)>> = BTreeMap::new();
    for (i, reported) in shown.iter().enumerate() {
        let ways = ways_of(&reported.alert);
        left.push(ways.len());
        for (n, places) in ways.iter().enumerate() {
            for key in places.iter().filter_map(|at| line(*at)) {
                through.entry(key).or_default().insert((i, n));
            }
        }
    }
    let causes: BTreeSet<(FileId, u32)> = shown.iter().filter_map(|r| line(r.alert.primary)).collect();
    let mut out = Vec::new();
    while out.len() < MOST_EDITS {
        let closed = |ways: &BTreeSet<(usize, usize)>| -> Vec<usize> {
            let mut cut: BTreeMap<usize, usize> = BTreeMap::new();
            ways.iter().for_each(|(i, _)| *cut.entry(*i).or_default() += 1);
            cut.into_iter().filter(|(i, n)| left.get(*i) == Some(n)).map(|(i, _)| i).collect()
        };
        // Findings stand worst first. Of equals the line that is a finding's own cause: its fix is about that line.
        let best = through
            .iter()
            .map(|(key, ways)| (closed(ways), *key))
            .max_by_key(|(closed, key)| (closed.len(), Reverse(closed.first().copied()), causes.contains(key), Reverse(*key)));
        let Some((closed, key)) = best.filter(|(closed, _)| !closed.is_empty()) else { break };
        out.extend(closed.first().and_then(|i| shown.get(*i)).and_then(|worst| edit(&worst.alert, key, closed.len(), line)));
        let gone = through.remove(&key).unwrap_or_default();
        for ways in through.values_mut() {
            ways.retain(|w| !gone.contains(w));
        }
        for (i, _) in gone {
            left[i] -= 1;
        }
    }
    out
}

fn edit(worst: &Alert, key: (FileId, u32), closes: usize, line: impl Fn(Location) -> Option<(FileId, u32)>) -> Option<Edit<'_>> {
    let hops = worst.paths.iter().flat_map(|p| &p.hops).chain(&worst.related);
    let hop = hops.into_iter().find(|h| line(h.at) == Some(key));
    let at = hop.map_or(worst.primary, |h| h.at);
    let what = hop.map_or_else(|| worst.message.clone(), |h| h.text.clone());
    Some(Edit { at, what, fix: &worst.fix, closes })
}

/// For each way of a finding the places whose edit breaks it: every hop but the event that starts it.
fn ways_of(alert: &Alert) -> Vec<Vec<Location>> {
    if alert.paths.is_empty() {
        return vec![alert.related.iter().map(|h| h.at).chain([alert.primary]).collect()];
    }
    alert.paths.iter().map(|p| p.hops.iter().skip(1).map(|h| h.at).chain([alert.primary]).collect()).collect()
}

/// What the screen does not show, with the flags that do.
fn rest(report: &Report, told: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut more = Vec::new();
    if report.shown.len() > told {
        more.push(format!("{} more (check)", report.shown.len() - told));
    }
    let preview = report.hidden.iter().filter(|(_, why)| *why == Hidden::Preview).count();
    more.extend((preview > 0).then(|| format!("{preview} of preview rules (--preview)")));
    more.extend(not_shown(report));
    if !more.is_empty() {
        out.push(format!("Findings: {}", more.join(", ")));
    }
    let harmless = cleared::total(report);
    if harmless > 0 {
        // What people fear most first, else what there is most of.
        let group = report.cleared.iter().filter(|c| c.kind != ClearedKind::Open);
        let best = group.max_by_key(|c| (c.kind <= ClearedKind::Checkout, c.places.len()));
        let such = best.map(|c| format!("; {} of {} {}: {}", c.places.len(), c.of, c.what, c.reason)).unwrap_or_default();
        out.push(format!("Harmless (check --cleared): {}{such}", count(harmless, "place", "places")));
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for notice in &report.notices {
        *kinds.entry(of_kind(notice.kind)).or_default() += 1;
    }
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        out.push(format!("Not understood (check -v): {}", kinds.join(", ")));
    }
    out
}

fn of_kind(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::PartlyUnderstood => "partly read",
        NoticeKind::Unreadable => "unreadable",
        NoticeKind::Limit => "cut at a limit",
        NoticeKind::DuplicateKey => "double keys",
        NoticeKind::Unresolved => "named but not found",
        NoticeKind::LeftOut => "left out",
        NoticeKind::Policy => "about policy",
    }
}

fn next(worst: Option<&Reported>) -> String {
    match worst {
        Some(first) => format!("Next: pipevet check · pipevet explain {} · pipevet init", first.alert.rule),
        None => "Next: pipevet init writes a policy and a workflow that keep it so".to_owned(),
    }
}
