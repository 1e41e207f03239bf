//! Token formats as one scanner: a keyword prefilter over all formats, and each format's pattern compiled when a keyword of it is first met. Knows the
//! rows, no file and no fact.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::Regex;

use super::shape;
use super::verify::{self, Candidate, Held};
use crate::catalog::load::format::compile;
use crate::catalog::row::{Row, SecretCheck, SecretFormat, Subject};
use crate::source::Range;
use crate::text::Text;

/// All token formats of a catalogue, ready to scan.
#[derive(Debug)]
pub struct Formats<'r> {
    formats: Vec<&'r SecretFormat>,
    patterns: Vec<OnceLock<Option<Regex>>>,
    /// The keywords of all, and for each the format it belongs to: put together for the first text that may hold one.
    keywords: OnceLock<(Option<AhoCorasick>, Vec<usize>)>,
    /// Whether so much is searched that the fastest automaton pays, which takes longest to build.
    much: bool,
    /// The day on which this is asked, `2026-11-23`; empty: nothing has expired.
    today: &'r str,
}

/// A token in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Index for [`Formats::get`].
    pub format: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Whether a checksum or structure was verified.
    pub verified: bool,
    /// Whether it says itself that it opens little: it has ended, or shows what a link shows.
    pub minor: bool,
    /// Why it may be less than it looks, one sentence each.
    pub doubts: Vec<String>,
}

/// The share of the possible entropy that a body needs when its row states no floor.
const FLOOR: f64 = 0.7;

/// Ends of the paths of links that let whoever has them see something.
const SHOWN: [&str; 3] = ["/embed/", "/share/", "/shared/"];

/// How far from a token a word that its row asks for may stand, in bytes of the file.
const NEAR: usize = 100;

impl<'r> Formats<'r> {
    /// Collects the formats among rows. `much`: so much is searched that the automaton that takes longest to build pays.
    pub fn new(rows: impl Iterator<Item = &'r Row>, today: &'r str, much: bool) -> Self {
        let formats: Vec<&SecretFormat> = rows
            .filter_map(|row| match &row.subject {
                Subject::Secret(format) => Some(format.as_ref()),
                _ => None,
            })
            .collect();
        Formats { patterns: formats.iter().map(|_| OnceLock::new()).collect(), keywords: OnceLock::new(), much, formats, today }
    }
    fn automaton(&self) -> &(Option<AhoCorasick>, Vec<usize>) {
        self.keywords.get_or_init(|| {
            let of_format = |(i, f): (usize, &&'r SecretFormat)| f.keywords.iter().flat_map(|k| forms(k)).map(|k| (i, k)).collect::<Vec<_>>();
            let (owners, words): (Vec<usize>, Vec<String>) = self.formats.iter().enumerate().flat_map(of_format).unzip();
            (AhoCorasick::builder().kind(self.much.then_some(AhoCorasickKind::DFA)).build(&words).ok(), owners)
        })
    }
    /// A format by index.
    pub fn get(&self, index: usize) -> &'r SecretFormat {
        self.formats[index]
    }
    /// The keywords of all formats.
    pub fn keywords(&self) -> impl Iterator<Item = &'r str> {
        self.formats.iter().flat_map(|f| f.keywords.iter().map(String::as_str))
    }
    /// The same as they may be written in a file.
    pub fn written(&self) -> impl Iterator<Item = String> {
        self.formats.iter().flat_map(|f| f.keywords.iter().flat_map(|k| forms(k)))
    }
    /// Whether any keyword occurs.
    pub fn may_match(&self, bytes: &[u8]) -> bool {
        self.automaton().0.as_ref().is_some_and(|k| k.is_match(bytes))
    }
    /// Every token in a text of a file with these bytes, in order of format, then place. `refuted` gets what has the form of one and says itself that it is
    /// none.
    pub fn scan(&self, read: &Text, file: &[u8], refuted: &mut Vec<Range>) -> Vec<Token> {
        let text = read.as_str().as_bytes();
        let (Some(keywords), owners) = self.automaton() else { return Vec::new() };
        let mut hit = vec![false; self.formats.len()];
        for found in keywords.find_overlapping_iter(text) {
            if let Some(format) = owners.get(found.pattern().as_usize()) {
                hit[*format] = true;
            }
        }
        let mut out = Vec::new();
        let beside = |format: usize, start: usize, end: usize| {
            let range = read.range(start, end);
            let beside = (range.start as usize).saturating_sub(NEAR)..(range.end as usize).saturating_add(NEAR).min(file.len());
            is_near(self.formats[format], file.get(beside).unwrap_or_default())
        };
        for (index, _) in hit.iter().enumerate().filter(|(_, h)| **h) {
            let pattern = self.patterns[index].get_or_init(|| compile(&self.formats[index].pattern).ok());
            if let Some(pattern) = pattern {
                let none = self.scan_one(index, pattern, text, &beside, &mut out);
                refuted.extend(none.into_iter().map(|(start, end)| read.range(start, end)));
            }
        }
        out
    }
    /// Tokens of one format to `out`; gives the bounds of what is refuted.
    fn scan_one(
        &self,
        index: usize,
        pattern: &Regex,
        text: &[u8],
        beside: &dyn Fn(usize, usize, usize) -> bool,
        out: &mut Vec<Token>,
    ) -> Vec<(usize, usize)> {
        let mut refuted = Vec::new();
        let mut at = 0;
        while let Some(captures) = pattern.captures_at(text, at) {
            let Some(whole) = captures.get(0) else { break };
            let body = captures.name("body").unwrap_or(whole);
            at = whole.start() + 1;
            if !(begins(text, whole.start()) && ends(text, whole.end())) {
                continue;
            }
            let format = self.formats[index];
            let after = text.get(whole.end()..).unwrap_or_default();
            let candidate = Candidate { whole: whole.as_bytes(), body: body.as_bytes(), after };
            let held = match format.check {
                Some(check) => verify::holds(check, candidate),
                None => Some(Held::default()),
            };
            let Some(held) = held else {
                refuted.extend(format.check.filter(is_checksum).map(|_| (whole.start(), whole.end())));
                continue;
            };
            let random = format.check == Some(SecretCheck::Pem) || is_random(format, body.as_bytes(), whole.as_bytes());
            if is_public(format, whole.as_bytes(), &held) {
                refuted.push((whole.start(), whole.end() + held.extra));
                continue;
            }
            if !random || !beside(index, whole.start(), whole.end()) {
                continue;
            }
            at = whole.end() + held.extra;
            let expired = held.until.filter(|day| day.as_str() < self.today);
            let mut doubts: Vec<String> = expired.iter().map(|day| format!("it expired on {day}")).collect();
            doubts.extend(held.doubt.map(str::to_owned));
            let shown = SHOWN.iter().any(|link| text.get(..whole.start()).unwrap_or_default().ends_with(link.as_bytes()));
            if shown {
                doubts.push("a link that is meant to be passed on holds it".to_owned());
            }
            if let (Some(lives), None) = (&format.lives, &expired) {
                doubts.push(format!("tokens of this kind are valid for {lives}"));
            }
            let (start, end) = (whole.start(), at);
            out.push(Token { format: index, start, end, verified: format.check.is_some(), minor: expired.is_some() || held.minor || shown, doubts });
        }
        refuted
    }
}

/// A keyword as it may be written: in JSON that is not decoded yet a quote is escaped.
fn forms(keyword: &str) -> impl Iterator<Item = String> {
    std::iter::once(keyword.to_owned()).chain(keyword.contains('"').then(|| keyword.replace('"', "\\\"")))
}

/// Whether only chance could make what fails it look like a token: it is none.
fn is_checksum(check: &SecretCheck) -> bool {
    matches!(check, SecretCheck::Crc32Base62 | SecretCheck::Crc32Base36 | SecretCheck::Crc32Hex | SecretCheck::Bech32)
}

/// Whether a word that the format asks for stands there.
fn is_near(format: &SecretFormat, beside: &[u8]) -> bool {
    format.near.is_empty() || format.near.iter().any(|word| beside.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes())))
}

/// Whether the token, or what it decodes to, says that everybody may have it.
fn is_public(format: &SecretFormat, whole: &[u8], held: &Held) -> bool {
    let has = |text: &[u8], mark: &str| text.windows(mark.len()).any(|w| w == mark.as_bytes());
    format.public.iter().any(|mark| has(whole, mark) || has(held.text.as_bytes(), mark))
}

/// A token does not begin inside a word. The letter of an escape (`\n`) in undecoded text is no word.
fn begins(text: &[u8], start: usize) -> bool {
    let before = |n: usize| start.checked_sub(n).and_then(|i| text.get(i)).copied();
    match before(1) {
        None => true,
        Some(b'n' | b'r' | b't') if before(2) == Some(b'\\') => true,
        // A colour of a terminal (`ESC [ 3 1 m`), as error outputs of notebooks have them.
        Some(b'm') => {
            let code = text.get(start.saturating_sub(12)..start - 1).unwrap_or_default();
            code.iter().rposition(|b| !(b.is_ascii_digit() || *b == b';')).is_some_and(|i| code.get(i.wrapping_sub(1)..=i) == Some(b"\x1b["))
        }
        Some(b) => !(b.is_ascii_alphanumeric() || b == b'_'),
    }
}

/// Nor does it end inside one.
fn ends(text: &[u8], end: usize) -> bool {
    match (text.get(end), text.get(end + 1)) {
        (None, _) => true,
        (Some(b'-'), Some(next)) => !next.is_ascii_alphanumeric(),
        (Some(b), _) => !(b.is_ascii_alphanumeric() || *b == b'_'),
    }
}

fn is_random(format: &SecretFormat, body: &[u8], whole: &[u8]) -> bool {
    let prefix = format.keywords.iter().filter(|k| body.starts_with(k.as_bytes())).map(String::len).max().unwrap_or(0);
    let measured = body.get(prefix..).unwrap_or(body);
    let floor = f64::from(format.entropy) / 100.0;
    let random = if format.entropy > 0 { verify::entropy(measured) >= floor } else { verify::entropy_share(measured) >= FLOOR };
    random && !shape::is_example(&String::from_utf8_lossy(if body.len() < whole.len() { body } else { whole }))
}
