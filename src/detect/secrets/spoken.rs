//! Where the syntax of Python and of notebooks is asked about literals: behind a call or a command that rows say takes a credential, behind an option or a
//! variable of the environment whose name says secret. Few files have a text with the shape of a key there; only they are read for it, and what is found in a
//! file depends on nothing but that file and the rows.

use std::collections::{BTreeMap, HashMap};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::carriers::Carried;
use super::hints::{MOST, Written, is_shaped, may_be_random};
use super::names::{endings, promise};
use super::shape;
use crate::catalog::row::{Effect, RowId, Subject};
use crate::catalog::{Catalog, unwrap};
use crate::extract;
use crate::facts::{FactId, FileFacts};
use crate::graph::index::FileIndex;
use crate::outline;
use crate::source::{Kind, Range, SourceFile};

/// Bytes behind a call or a command in which its literals stand.
const REACH: usize = 600;
/// Bytes behind an option in which its value stands, and before the last word of a command in which the one before it does.
const BESIDE: usize = 120;
/// Longest literal that is looked at.
const MAX: usize = 512;
/// Longest name that is looked at.
const NAME: usize = 80;

/// Bytes of a text.
type Stretch = std::ops::Range<usize>;

/// The words of rows that take a credential.
#[derive(Debug)]
pub struct Spoken<'c> {
    catalog: &'c Catalog,
    /// The last word of each; none where a row leaves it open.
    words: Option<AhoCorasick>,
    /// For each word: what stands before it in each of its rows, the nearest of it.
    before: Vec<Vec<String>>,
    /// What the names end in that say secret; none where a row leaves it open.
    endings: Option<Vec<String>>,
}

/// What a file's own syntax says.
#[derive(Default)]
pub struct Said {
    /// Its facts.
    pub facts: FileFacts,
    /// The rows that speak of them.
    index: FileIndex,
}

impl Said {
    /// Rows that speak of a fact.
    pub fn rows(&self, fact: FactId) -> &[RowId] {
        self.index.of(fact)
    }
}

impl<'c> Spoken<'c> {
    /// Of the rows of a catalogue.
    pub fn new(catalog: &'c Catalog) -> Self {
        let takes = |e: &Effect| matches!(e, Effect::ConsumesCredential { slot: Some(_), .. });
        let mut words: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut open = false;
        for (_, row) in catalog.iter().filter(|(_, r)| r.effects.iter().any(takes)) {
            let command = matches!(row.subject, Subject::Command { .. });
            if !command && !matches!(row.subject, Subject::Call(_) | Subject::Method(_) | Subject::Suffix { .. }) {
                continue;
            }
            let name = row.subject.name();
            let plain = |w: &&str| !w.is_empty() && !w.starts_with('-') && !w.contains(['*', '?']);
            let mut from_last = name.rsplit([' ', '.']).filter(plain);
            match from_last.next() {
                // A call may go by another name of its module; a command is all of its words.
                Some(word) => words.entry(word.to_owned()).or_default().push(from_last.next().filter(|_| command).unwrap_or_default().to_owned()),
                None => open = true,
            }
        }
        let build = || AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(words.keys()).ok();
        Spoken { catalog, words: (!open).then(build).flatten(), before: words.values().cloned().collect(), endings: endings(catalog) }
    }

    /// Whether the syntax of a text is worth asking about.
    pub fn may_say(&self, text: Written<'_>) -> bool {
        self.places(text).next().is_some()
    }

    /// What the syntax of a file says, where it is worth asking: of the parts of a Python file in which such a place stands.
    pub fn said(&self, file: &SourceFile, texts: &[Carried]) -> Option<Said> {
        let is_code = |c: &&Carried| file.kind == Kind::Python || matches!(c.key.as_deref(), Some("source" | "input"));
        let mut code = texts.iter().filter(is_code).map(|c| (&c.text, Written::plain(c.text.as_str().as_bytes())));
        let facts = match file.kind {
            Kind::Notebook => code.any(|(_, t)| self.may_say(t)).then(|| extract::notebook::notebook(&file.bytes))?,
            Kind::Python => {
                let places: Vec<Range> = code.flat_map(|(text, t)| self.places(t).map(|p| text.range(p.start, p.end))).collect();
                let outline = (!places.is_empty()).then(|| outline::outline(&file.bytes))?;
                extract::python::module(&file.bytes, &outline, &outline::select_around(&outline, &file.bytes, &places))
            }
            _ => return None,
        };
        let facts = unwrap::unwrap(facts, self.catalog);
        Some(Said { index: FileIndex::new(file.kind, &facts, self.catalog), facts })
    }

    /// Stretches of a text whose syntax is worth asking about.
    fn places<'s>(&'s self, text: Written<'s>) -> impl Iterator<Item = Stretch> + 's {
        self.of_rows(text).chain(self.of_options(text)).chain(self.of_environment(text))
    }

    /// Behind a call or a command.
    fn of_rows<'s>(&'s self, text: Written<'s>) -> impl Iterator<Item = Stretch> + 's {
        let open = self.words.is_none().then_some(0..text.bytes.len());
        let mut asked = 0;
        let words = self.words.iter().flat_map(move |words| words.find_overlapping_iter(text.bytes));
        let spoken = words.filter_map(move |word| {
            let stands = begins(text, word.start()) && !text.bytes.get(word.end()).is_some_and(is_name);
            let around = text.bytes.get(word.start().saturating_sub(BESIDE)..word.start()).unwrap_or_default();
            let follows = |before: &String| before.is_empty() || memchr::memmem::find(around, before.as_bytes()).is_some();
            let spoken = || self.before.get(word.pattern().as_usize()).is_some_and(|all| all.iter().any(follows));
            let found = stands && spoken() && shaped(text, word.end(), REACH, &mut asked, &shape::is_key);
            found.then(|| word.start()..(word.end() + REACH).min(text.bytes.len()))
        });
        open.into_iter().chain(spoken)
    }

    /// Behind an option.
    fn of_options<'s>(&'s self, text: Written<'s>) -> impl Iterator<Item = Stretch> + 's {
        let mut asked = 0;
        let mut known = Known::default();
        memchr::memmem::find_iter(text.bytes, b"--").filter_map(move |dashes| {
            let name = text.bytes.get(dashes + 2..).unwrap_or_default();
            let length = name.iter().take(NAME).take_while(|b| is_name(b) || **b == b'-').count();
            let name = name.get(..length).unwrap_or_default();
            let end = dashes + 2 + length;
            let found = known.promises(name, self) && shaped(text, end, BESIDE, &mut asked, &is_shaped);
            found.then(|| dashes..(end + BESIDE).min(text.bytes.len()))
        })
    }

    /// Behind a variable that a command is given: `NAME=value`.
    fn of_environment<'s>(&'s self, text: Written<'s>) -> impl Iterator<Item = Stretch> + 's {
        let mut known = Known::default();
        let mut left = MOST;
        memchr::memchr_iter(b'=', text.bytes).filter_map(move |sign| {
            let value = text.bytes.get(sign + 1..).unwrap_or_default();
            let run = value.get(..value.iter().take(MAX + 1).take_while(|b| is_part(b)).count()).unwrap_or_default();
            if !(8..=MAX).contains(&run.len()) || !may_be_random(run) {
                return None;
            }
            let before = text.bytes.get(..sign).unwrap_or_default();
            let length = before.iter().rev().take(NAME).take_while(|b| is_name(b)).count();
            let start = sign - length;
            let start = start + usize::from(text.escaped && start > 0 && text.bytes.get(start - 1) == Some(&b'\\'));
            if !known.promises(text.bytes.get(start..sign).unwrap_or_default(), self) {
                return None;
            }
            left = left.saturating_sub(1);
            (left == 0 || trimmed(run).is_some_and(is_shaped)).then(|| start..sign + 1 + run.len())
        })
    }
}

/// What names promise, each asked once.
#[derive(Default)]
struct Known<'t>(HashMap<&'t [u8], bool>);

impl<'t> Known<'t> {
    fn promises(&mut self, name: &'t [u8], spoken: &Spoken<'_>) -> bool {
        let number = |b: &&u8| b.is_ascii_digit() || matches!(b, b'_' | b'-');
        let last = name.get(..name.len() - name.iter().rev().take_while(number).count()).unwrap_or_default();
        let ends = |ending: &String| last.len().checked_sub(ending.len()).is_some_and(|at| last[at..].eq_ignore_ascii_case(ending.as_bytes()));
        if !spoken.endings.as_ref().is_none_or(|all| all.iter().any(ends)) {
            return false;
        }
        let asked = || std::str::from_utf8(name).is_ok_and(|name| promise(name, spoken.catalog).is_some());
        *self.0.entry(name).or_insert_with(asked)
    }
}

/// Whether a text of a shape stands among the `reach` bytes from `start` on. `asked`: before it, none stands that was not found already.
fn shaped(text: Written<'_>, start: usize, reach: usize, asked: &mut usize, is: &dyn Fn(&str) -> bool) -> bool {
    let end = (start + reach).min(text.bytes.len());
    let mut at = start.max(*asked);
    while at < end {
        let rest = text.bytes.get(at..).unwrap_or_default();
        if text.escaped && rest.first() == Some(&b'\\') {
            at += 2;
            continue;
        }
        let length = rest.iter().take(MAX + 1).take_while(|b| is_part(b)).count();
        let word = rest.get(..length).unwrap_or_default();
        if (8..=MAX).contains(&length) && may_be_random(word) && variants(word).filter_map(trimmed).any(is) {
            *asked = at;
            return true;
        }
        at += length.max(1);
    }
    *asked = at.max(*asked);
    false
}

/// Bytes of a name.
fn is_name(b: &u8) -> bool {
    b.is_ascii_alphanumeric() || *b == b'_'
}

/// Whether a word begins there: the letter of an escape is no part of it.
fn begins(text: Written<'_>, start: usize) -> bool {
    let before = |n: usize| start.checked_sub(n).and_then(|i| text.bytes.get(i));
    !before(1).is_some_and(is_name) || text.escaped && before(2) == Some(&b'\\')
}

/// Bytes of a word: no white space, no quotes, no backslash.
fn is_part(b: &u8) -> bool {
    b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'`' | b'\\')
}

/// What of a word may be a literal: all of it, what follows a sign, what follows the letter of an option.
fn variants(word: &[u8]) -> impl Iterator<Item = &[u8]> {
    let behind = memchr::memchr_iter(b'=', word).take(8).filter_map(|at| word.get(at + 1..));
    let option = word.get(2..).filter(|_| word.starts_with(b"-"));
    std::iter::once(word).chain(behind).chain(option)
}

/// Without brackets and separators around it.
fn trimmed(word: &[u8]) -> Option<&str> {
    let word = std::str::from_utf8(word).ok()?;
    Some(word.trim_matches(['(', ')', '[', ']', '{', '}', ',', ';', '|', '&', '<', '>']))
}
