//! Tokens inside base64 or hexadecimal: `b64decode("…")`, `Authorization: Basic …`, the values of a Kubernetes secret. One layer is taken off.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::formats::{Formats, Token};
use super::verify;
use crate::source::Range;
use crate::text::Text;

/// Finds runs that may hold a token.
#[derive(Debug)]
pub struct Wrapped {
    /// The keywords with those of the formats themselves: one look tells whether a text holds any.
    any: Option<AhoCorasick>,
    /// Put together for the first text that may hold one.
    keywords: OnceLock<Option<AhoCorasick>>,
    words: Vec<String>,
    /// How many of the first keywords begin a run; the others stand before one.
    starts: usize,
}

/// What stands before a run that is decoded.
const BEFORE: [&str; 5] = ["b64decode", "Basic ", "atob(", "fromhex", "unhexlify"];
/// Bytes between such a word and its run, at most.
const NEAR: usize = 24;
/// Shorter runs hold no token.
const SHORTEST: usize = 20;
/// Longer runs are media.
const LONGEST: usize = 8 << 10;

impl Wrapped {
    /// What the keywords of these formats become when they are encoded. `much`: so much is searched that the fastest automaton pays, which takes longest
    /// to build.
    pub fn new(formats: &Formats<'_>, much: bool) -> Self {
        let mut words: Vec<String> = Vec::new();
        for keyword in formats.keywords() {
            // Three bytes are four digits; what is left over depends on what follows.
            let whole = keyword.len() / 3 * 3;
            words.extend(keyword.as_bytes().get(..whole).filter(|k| !k.is_empty()).map(verify::encode));
            let hex: String = keyword.bytes().map(|b| format!("{b:02x}")).collect();
            words.extend([hex.to_ascii_uppercase(), hex]);
        }
        words.sort();
        words.dedup();
        let starts = words.len();
        words.extend(BEFORE.map(str::to_owned));
        let mut all: Vec<String> = words.iter().cloned().chain(formats.written()).collect();
        all.sort();
        all.dedup();
        let any = AhoCorasick::builder().kind(much.then_some(AhoCorasickKind::DFA)).build(&all).ok();
        Wrapped { any, keywords: OnceLock::new(), words, starts }
    }

    /// A cheap necessary condition of a token, wrapped or not.
    pub fn may_match_any(&self, bytes: &[u8]) -> bool {
        self.any.as_ref().is_some_and(|k| k.is_match(bytes))
    }

    fn keywords(&self) -> Option<&AhoCorasick> {
        self.keywords.get_or_init(|| AhoCorasick::new(&self.words).ok()).as_ref()
    }

    /// A cheap necessary condition.
    pub fn may_match(&self, bytes: &[u8]) -> bool {
        self.keywords().is_some_and(|k| k.is_match(bytes))
    }

    /// Every run that holds a token: the token, its text, and where the run stands in a file with these bytes.
    pub fn scan(&self, read: &Text, file: &[u8], formats: &Formats<'_>) -> Vec<(Token, String, Range)> {
        let text = read.as_str().as_bytes();
        let mut out = Vec::new();
        let mut done = 0;
        for hit in self.keywords().into_iter().flat_map(|k| k.find_overlapping_iter(text)) {
            let begins = hit.pattern().as_usize() < self.starts;
            let Some(start) = (if begins { Some(hit.start()) } else { next(text, hit.end()) }) else { continue };
            let inside = start > 0 && text.get(start - 1).is_some_and(digit);
            if start < done || inside {
                continue;
            }
            let length = text.get(start..).unwrap_or_default().iter().take(LONGEST + 1).take_while(|b| digit(b)).count();
            let run = text.get(start..start + length).unwrap_or_default();
            done = start + length;
            if !(SHORTEST..=LONGEST).contains(&run.len()) {
                continue;
            }
            for inner in [unhex(run), verify::decode(run)].into_iter().flatten() {
                // Tokens are text.
                let Ok(inner) = String::from_utf8(inner) else { continue };
                let range = read.range(start, start + length);
                let found = formats.scan(&Text::synthetic(&inner, range), file, &mut Vec::new()).into_iter().next();
                if let Some((token, secret)) = found.and_then(|t| Some((t.clone(), inner.get(t.start..t.end)?.to_owned()))) {
                    out.push((token, secret, range));
                    break;
                }
            }
        }
        out
    }
}

/// The run that begins within reach.
fn next(text: &[u8], from: usize) -> Option<usize> {
    let reach = text.get(from..).unwrap_or_default();
    let mut at = 0;
    while at < NEAR.min(reach.len()) {
        let length = reach.get(at..).unwrap_or_default().iter().take(SHORTEST).take_while(|b| digit(b)).count();
        if length >= SHORTEST {
            return Some(from + at);
        }
        at += length + 1;
    }
    None
}

fn digit(b: &u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=')
}

fn unhex(run: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: &u8| char::from(*b).to_digit(16);
    let pairs = run.chunks(2).map(|pair| match pair {
        [a, b] => u8::try_from(digit(a)? * 16 + digit(b)?).ok(),
        _ => None,
    });
    pairs.collect()
}
