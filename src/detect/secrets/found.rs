//! What the detectors of this family share: a secret that was found, where it stands, and whether that is test code.

use crate::extract::notebook::texts::{self, Spot};
use crate::facts::{FactId, FileFacts, What};
use crate::source::{FileId, Kind, Range, SourceFile};

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
    /// Whether it says itself that it is no longer valid.
    pub expired: bool,
    /// The asset that it opens, where its form or name says so.
    pub reaches: Option<String>,
}

/// Whether a path is that of tests or their data.
pub fn is_test(path: &str) -> bool {
    let mut segments: Vec<String> = path.split('/').map(str::to_ascii_lowercase).collect();
    let file = segments.pop().unwrap_or_default();
    let folders = ["test", "tests", "testing", "testdata", "test_data", "fixtures", "__tests__", "mocks", "spec", "unit_tests", "e2e"];
    segments.iter().any(|s| folders.contains(&s.as_str())) || file.starts_with("test_") || file.contains("_test.") || file.starts_with("conftest.")
}

/// Where it stands, for people.
pub fn place(file: &SourceFile, range: Range) -> String {
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
        Kind::Notebook => of(texts::spot(&file.bytes, range.start)),
        Kind::Python | Kind::Shell | Kind::Make => "this source file".to_owned(),
        _ => "this file".to_owned(),
    }
}

/// Whether two findings speak of the same bytes.
pub fn overlap(a: &Found, b: &Found) -> bool {
    a.file == b.file && a.range.start < b.range.end && b.range.start < a.range.end
}

/// Whether a fact stands in a stage of an image.
pub fn in_stage(facts: &FileFacts, fact: FactId) -> bool {
    facts.owners(fact).any(|(_, owner)| matches!(owner.what, What::Stage { .. }))
}
