//! What the detectors of this family share: a secret that was found, where it stands, and whether that is test code.

use std::collections::BTreeMap;

use crate::extract::notebook::texts::{self, Spot};
use crate::facts::{FactId, FileFacts, What};
use crate::source::{FileId, Kind, Range, SourceFile, Sources};

/// A secret in the tree. It has no `Debug`: its text must not slip into a message or a panic.
#[derive(Clone)]
pub struct Found {
    /// File.
    pub file: FileId,
    /// All bytes of the secret, so that reports can mask them.
    pub range: Range,
    /// The secret.
    pub text: String,
    /// What it is, for people: a vendor's token, a name, an instruction.
    pub name: String,
    /// What identifies it beside its place: a format or a target's name; never the secret and no line.
    pub cause: String,
    /// Doubts, one sentence each.
    pub doubts: Vec<String>,
    /// Whether it says itself that it opens little: it has ended, or shows what a link shows.
    pub minor: bool,
    /// Whether it is of a kind that tests make for themselves: a key to a server of theirs.
    pub made_for_tests: bool,
    /// The asset that it opens, where its form or name says so.
    pub reaches: Option<String>,
}

/// Whether a path is that of tests or their data.
pub fn is_test(path: &str) -> bool {
    const WORDS: [&str; 9] = ["test", "tests", "testing", "testdata", "fixtures", "mocks", "spec", "e2e", "conftest"];
    path.split('/').any(|segment| super::names::words(segment).iter().any(|w| WORDS.contains(&w.as_str())))
}

/// Where a secret stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// For people.
    pub text: String,
    /// The output of a cell: (cell, output). All that stands there goes with one edit.
    pub output: Option<(u32, u32)>,
}

/// Where each stands; of secrets in order of file and place.
pub fn places(all: &[Found], sources: &Sources) -> Vec<Place> {
    let mut out = Vec::with_capacity(all.len());
    for group in all.chunk_by(|a, b| a.file == b.file) {
        let Some(file) = group.first().map(|f| sources.file(f.file)) else { continue };
        let starts: Vec<u32> = group.iter().map(|f| f.range.start).collect();
        let spots = if file.kind == Kind::Notebook { texts::spots(&file.bytes, &starts) } else { vec![Spot::default(); starts.len()] };
        let whole = |spot: Spot| Place { text: place(file, spot), output: spot.cell.zip(spot.output) };
        out.extend(spots.into_iter().map(whole));
    }
    out
}

fn place(file: &SourceFile, spot: Spot) -> String {
    let of = |spot: Spot| match (spot.cell, spot.output) {
        (Some(cell), Some(output)) => format!("line {} of output {output} of cell {cell}", spot.line),
        (Some(cell), None) if spot.metadata => format!("the metadata of cell {cell}"),
        (Some(cell), None) => format!("line {} of cell {cell}", spot.line),
        _ => "the metadata of this notebook".to_owned(),
    };
    match file.kind {
        Kind::Workflow => "this workflow".to_owned(),
        Kind::Action => "this action".to_owned(),
        Kind::Dockerfile => "this Dockerfile".to_owned(),
        Kind::Notebook => of(spot),
        Kind::Python | Kind::Shell | Kind::Make => "this source file".to_owned(),
        _ => "this file".to_owned(),
    }
}

/// Stretches of one file that do not overlap.
#[derive(Clone, Debug, Default)]
pub struct Spans(BTreeMap<u32, u32>);

impl Spans {
    /// Whether a range has bytes in common with one of them.
    pub fn meet(&self, range: Range) -> bool {
        let before = self.0.range(..range.end).next_back();
        before.is_some_and(|(_, end)| *end > range.start)
    }
    /// Takes a range in, unless it meets one; whether it did.
    pub fn take(&mut self, range: Range) -> bool {
        let free = !self.meet(range);
        if free {
            self.0.insert(range.start, range.end);
        }
        free
    }
}

/// Whether a fact stands in a stage of an image.
pub fn in_stage(facts: &FileFacts, fact: FactId) -> bool {
    facts.owners(fact).any(|(_, owner)| matches!(owner.what, What::Stage { .. }))
}
