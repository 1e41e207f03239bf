//! What the detectors of this family share: a secret that was found, whether it stands in test code, and whether a comment vouches for it.

use crate::facts::{FactId, FileFacts, LiteralPlace, What};
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
}

/// Comments of this and other scanners that vouch for a line.
const ALLOWED: [&[u8]; 4] = [b"gitleaks:allow", b"pragma: allowlist secret", b"betterleaks:allow", b"trufflehog:ignore"];

/// Whether a comment on a line of the range, as it stands in the file, says that this secret is known to be none.
pub fn is_allowed(file: &SourceFile, range: Range) -> bool {
    let start = file.lines().range(file.lines().line(range.start)).start;
    let end = file.lines().range(file.lines().line(range.end.max(range.start + 1) - 1)).end;
    // A notebook may be one line; what is far away vouches for something else.
    let start = start.max(range.start.saturating_sub(REACH)) as usize;
    let end = end.min(range.end.saturating_add(REACH)) as usize;
    let lines = file.bytes.get(start..end).unwrap_or_default();
    ALLOWED.iter().any(|mark| lines.windows(mark.len()).any(|w| w == *mark))
}

/// How far beside a secret, on its line, a comment may stand, in bytes.
const REACH: u32 = 400;

/// Whether a path is that of tests or their data.
pub fn is_test(path: &str) -> bool {
    let mut segments: Vec<String> = path.split('/').map(str::to_ascii_lowercase).collect();
    let file = segments.pop().unwrap_or_default();
    let folders = ["test", "tests", "testing", "testdata", "test_data", "fixtures", "__tests__", "mocks", "spec", "unit_tests", "e2e"];
    segments.iter().any(|s| folders.contains(&s.as_str())) || file.starts_with("test_") || file.contains("_test.") || file.starts_with("conftest.")
}

/// Where it stands, for people.
pub fn place(file: &SourceFile, facts: &FileFacts, range: Range) -> String {
    let literal = facts.iter().filter(|(_, f)| f.range.contains(range)).filter_map(|(id, f)| match &f.what {
        What::Literal { place, .. } => Some((f.range.len(), *place, id)),
        _ => None,
    });
    let innermost = literal.min_by_key(|(len, ..)| *len);
    let cell = cell_of(facts, range);
    match (innermost.map(|(_, place, _)| place), cell) {
        (Some(LiteralPlace::Output), Some(n)) => format!("an output of cell {n}"),
        (_, Some(n)) => format!("cell {n}"),
        (Some(LiteralPlace::Output), None) => "an output of this notebook".to_owned(),
        (Some(LiteralPlace::Comment), None) => "a comment".to_owned(),
        _ => match file.kind {
            Kind::Workflow => "this workflow",
            Kind::Action => "this action",
            Kind::Dockerfile => "this Dockerfile",
            Kind::Notebook => "this notebook",
            Kind::Python | Kind::Shell | Kind::Make => "this source file",
            _ => "this file",
        }
        .to_owned(),
    }
}

fn cell_of(facts: &FileFacts, range: Range) -> Option<u32> {
    let cells = facts.iter().filter(|(_, f)| f.range.contains(range)).filter_map(|(_, f)| match f.what {
        What::Cell { index, .. } => Some((f.range.len(), index)),
        _ => None,
    });
    cells.min().map(|(_, index)| index)
}

/// Whether two findings speak of the same bytes.
pub fn overlap(a: &Found, b: &Found) -> bool {
    a.file == b.file && a.range.start < b.range.end && b.range.start < a.range.end
}

/// Whether a fact stands in a stage of an image.
pub fn in_stage(facts: &FileFacts, fact: FactId) -> bool {
    facts.owners(fact).any(|(_, owner)| matches!(owner.what, What::Stage { .. }))
}
