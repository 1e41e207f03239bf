//! GitHub-flavoured Markdown for a job summary or a pull-request comment: what a change lets whom do, worst first, then what it fixes and adds to policy.
//!
//! Knows the sizes GitHub takes. What does not fit is left out whole, alert by alert, and counted; no word, code span or escape is ever cut in two.

use std::io::{self, Write};

use super::{Card, capital, clipped, count, escape, levels, not_shown, place_of, whole_place};
use crate::finding::{Change, Comparison, Hop, Report, Reported};
use crate::source::Sources;

/// The most that is written.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of UTF-8.
    pub bytes: usize,
    /// Units of UTF-16, which are never fewer than characters.
    pub characters: usize,
}

/// What GitHub takes as the summary of one step.
pub const SUMMARY: Limits = Limits { bytes: 1 << 20, characters: usize::MAX };
/// What GitHub takes as a comment. A caller that adds a marker of its own takes its length off.
pub const COMMENT: Limits = Limits { bytes: usize::MAX, characters: 65_536 };

/// Characters of one sentence; hops of one way; alerts whose way is shown unfolded; lines of each list of what is fixed and of policy.
const MOST_TEXT: usize = 600;
const MOST_HOPS: usize = 40;
const UNFOLDED: usize = 5;
const MOST_LINES: usize = 30;

/// Writes the findings that count (all that are shown when nothing was compared) within `limits`.
pub fn write(report: &Report, sources: &Sources, cards: &[Card], limits: Limits, out: &mut dyn Write) -> io::Result<()> {
    let counting: Vec<&Reported> = report.shown.iter().filter(|r| r.counts()).collect();
    let page = Page { sources, cards };
    let mut room = Room(limits);
    let mut text = head(report, counting.len());
    room.take(&text);
    let tail = tail(report, &mut Room(limits.half()));
    room.take(&tail);
    // Room for the sentence that counts what is left out, and for the heading of the short list.
    room.take(&" ".repeat(300));
    let full = counting.iter().enumerate().map_while(|(i, r)| room.fits(page.alert(r, i >= UNFOLDED)));
    let before = text.len();
    let mut written = 0;
    for block in full {
        text.push_str(&block);
        written += 1;
    }
    let rest = counting.get(written..).unwrap_or_default();
    let lines: Vec<String> = rest.iter().map_while(|r| room.fits(page.line(r))).collect();
    if !lines.is_empty() {
        text.push_str(if text.len() > before { "### In short\n\n" } else { "" });
        lines.iter().for_each(|l| text.push_str(l));
        text.push('\n');
    }
    if rest.len() > lines.len() {
        let left = count(rest.len() - lines.len(), "further finding is", "further findings are");
        text.push_str(&format!("{left} left out here, for size. `pipevet check` lists all.\n\n"));
    }
    text.push_str(&tail);
    out.write_all(text.trim_end().as_bytes())?;
    out.write_all(b"\n")
}

/// What may still be written.
struct Room(Limits);

impl Room {
    fn take(&mut self, text: &str) -> bool {
        let (bytes, characters) = (text.len(), text.encode_utf16().count());
        let fits = bytes <= self.0.bytes && characters <= self.0.characters;
        if fits {
            self.0.bytes -= bytes;
            self.0.characters -= characters;
        }
        fits
    }
    fn fits(&mut self, text: String) -> Option<String> {
        self.take(&text).then_some(text)
    }
}

impl Limits {
    fn half(self) -> Limits {
        Limits { bytes: self.bytes / 2, characters: self.characters / 2 }
    }
}

fn head(report: &Report, counting: usize) -> String {
    let Some(c) = &report.comparison else {
        let levels: Vec<String> = levels(report.shown.iter()).iter().map(|(s, n)| format!("{n} {}", s.name())).collect();
        return if counting == 0 {
            "## pipevet: no findings\n\n".to_owned()
        } else {
            format!("## pipevet: {} ({})\n\n", count(counting, "finding", "findings"), levels.join(", "))
        };
    };
    let of = |is: fn(&Change) -> bool| report.shown.iter().filter(|r| r.change.as_ref().is_some_and(is)).count();
    let (new, worse) = (of(|c| *c == Change::New), of(|c| matches!(c, Change::Worse(_))));
    let title = match (new, worse) {
        (0, 0) => "nothing new".to_owned(),
        (n, 0) => format!("this change adds {}", count(n, "finding", "findings")),
        (0, n) => format!("this change makes {} worse", count(n, "finding", "findings")),
        (n, m) => format!("this change adds {} and makes {m} worse", count(n, "finding", "findings")),
    };
    let known = of(|c| *c == Change::Unchanged);
    format!("## pipevet: {title}\n\nAgainst {}: {new} new, {worse} worse, {} fixed, {known} unchanged.\n\n", escape::code(&c.base), c.fixed.len())
}

/// What stands below the findings.
fn tail(report: &Report, room: &mut Room) -> String {
    let mut out = report.comparison.as_ref().map(|c| policy(c, room) + &fixed(c, room)).unwrap_or_default();
    let hidden = not_shown(report);
    if !hidden.is_empty() {
        out.push_str(&format!("Not shown: {}.\n\n", hidden.iter().map(|h| escape::markdown(h)).collect::<Vec<_>>().join(", ")));
    }
    let unclear = if report.notices.is_empty() {
        String::new()
    } else {
        format!(" {} on what was not understood: `pipevet check -v`.", count(report.notices.len(), "notice", "notices"))
    };
    out.push_str(&format!("{} read.{unclear}\n", count(report.files, "file", "files")));
    out
}

fn policy(c: &Comparison, room: &mut Room) -> String {
    let title = if c.base_policy { "This change would add to policy, with effect only after merge" } else { "This change adds to policy" };
    let lines = c.policy.iter().map(|p| format!("- {} ({})\n", words(&p.text), escape::code(&format!("{}:{}", p.place.0, p.place.1))));
    list(title, lines, room)
}

fn fixed(c: &Comparison, room: &mut Room) -> String {
    let lines = c.fixed.iter().map(|f| {
        let place = escape::code(&format!("{}:{}", f.place.0, f.place.1));
        format!("- {}: {} ({}, was {place})\n", f.severity.name(), words(&f.message), escape::code(&f.rule))
    });
    list("Fixed", lines, room)
}

fn list(title: &str, lines: impl ExactSizeIterator<Item = String>, room: &mut Room) -> String {
    let all = lines.len();
    if all == 0 {
        return String::new();
    }
    let kept: Vec<String> = lines.take(MOST_LINES).map_while(|l| room.fits(l)).collect();
    let more = if kept.len() < all { format!("- and {} more\n", all - kept.len()) } else { String::new() };
    format!("### {title}\n\n{}{more}\n", kept.concat())
}

struct Page<'a> {
    sources: &'a Sources,
    cards: &'a [Card],
}

impl Page<'_> {
    fn alert(&self, reported: &Reported, folded: bool) -> String {
        let alert = &reported.alert;
        let mut out = format!("### {}: {}\n\n{}", capital(alert.severity.name()), words(&alert.message), self.facts(reported));
        let hops = alert.paths.first().map(|p| p.hops.as_slice()).unwrap_or_default();
        let (way, fold) = (self.hops(hops, reported), folded && !hops.is_empty());
        if fold {
            out.push_str(&format!("<details><summary>The way, {}</summary>\n\n{way}</details>\n\n", count(hops.len(), "step", "steps")));
        } else {
            out.push_str(&way);
        }
        if alert.paths.len() > 1 {
            out.push_str(&format!("{} there.\n\n", count(alert.paths.len() - 1, "more way leads", "more ways lead")));
        }
        for hop in alert.related.iter().take(MOST_HOPS) {
            out.push_str(&format!("- see {}: {}\n", self.place(hop, reported), words(&hop.text)));
        }
        if !alert.related.is_empty() {
            out.push('\n');
        }
        let mut say = |label: &str, texts: &[&String]| {
            let texts: Vec<String> = texts.iter().filter(|t| !t.is_empty()).map(|t| words(t)).collect();
            if !texts.is_empty() {
                out.push_str(&format!("**{label}:** {}\n\n", texts.join("; ")));
            }
        };
        say("Fix", &[&alert.fix]);
        say("Fine if", &[&alert.fine_if]);
        say("Assumes", &alert.assumes.iter().collect::<Vec<_>>());
        say("Doubts", &alert.doubts.iter().collect::<Vec<_>>());
        out
    }

    /// New or worse, the place, the rule.
    fn facts(&self, reported: &Reported) -> String {
        let change = match &reported.change {
            Some(Change::New) => "**New** at ".to_owned(),
            Some(Change::Worse(why)) => format!("**Worse** ({}) at ", words(why)),
            _ => String::new(),
        };
        let alert = &reported.alert;
        let title = self.cards.iter().find(|c| c.id == alert.rule).map(|c| format!(": {}", words(&c.title))).unwrap_or_default();
        format!("{change}{} · {}{title}\n\n", escape::code(&whole_place(alert.primary, self.sources)), escape::code(&alert.rule))
    }

    fn hops(&self, hops: &[Hop], reported: &Reported) -> String {
        let mut out = String::new();
        for (i, hop) in hops.iter().take(MOST_HOPS).enumerate() {
            out.push_str(&format!("{}. {}: {}\n", i + 1, self.place(hop, reported), words(&hop.text)));
        }
        if hops.len() > MOST_HOPS {
            out.push_str(&format!("\nand {} more steps\n", hops.len() - MOST_HOPS));
        }
        if !hops.is_empty() {
            out.push('\n');
        }
        out
    }

    fn place(&self, hop: &Hop, reported: &Reported) -> String {
        escape::code(&place_of(hop.at, reported.alert.primary, self.sources))
    }

    fn line(&self, reported: &Reported) -> String {
        let alert = &reported.alert;
        let place = escape::code(&whole_place(alert.primary, self.sources));
        format!("- {}: {} ({place}, {})\n", alert.severity.name(), words(&alert.message), escape::code(&alert.rule))
    }
}

fn words(text: &str) -> String {
    escape::markdown(&clipped(text.trim(), MOST_TEXT))
}
