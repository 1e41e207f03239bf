//! What was not understood, and where. A notice never removes a finding and never changes the exit code.

use serde::{Deserialize, Serialize};

use crate::source::{FileId, Range};

/// Why something was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// A parser lost part of the text; the rest is scanned.
    PartlyUnderstood,
    /// The file could not be read or is not text.
    Unreadable,
    /// A cap on size, depth, count or time was reached.
    Limit,
    /// The same key twice in one mapping; both are kept.
    DuplicateKey,
    /// A script, module, action or target that is named but not found.
    Unresolved,
    /// Files that were left out: ignored, a symbolic link, a Git LFS pointer.
    LeftOut,
    /// An ignore comment or policy entry that matched nothing or is malformed.
    Policy,
}

/// A notice of one file, before the file has an id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalNotice {
    /// Where.
    pub range: Range,
    /// Why.
    pub kind: NoticeKind,
    /// One sentence for people, without a final full stop.
    pub text: String,
}

/// A notice of the run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Notice {
    /// The file, unless it concerns the run as a whole.
    pub file: Option<FileId>,
    /// Where in the file.
    pub range: Option<Range>,
    /// Why.
    pub kind: NoticeKind,
    /// One sentence for people, without a final full stop.
    pub text: String,
}

/// A word as faults quote it. What a person meant as a name stands there whole; anything else may be a secret that was put in the wrong place, and is
/// shortened as one.
pub fn said(word: &str) -> String {
    let length = word.chars().count();
    let named = |c: char| c.is_ascii_alphabetic() || matches!(c, '-' | '_' | '.' | '/' | ' ');
    let lower = !word.chars().any(|c| c.is_ascii_uppercase());
    if length < 6 || word.chars().all(named) && (length <= 12 || lower && length <= 40) {
        return format!("`{word}`");
    }
    let shown: String = word.chars().take((length / 6).min(4)).collect();
    format!("`{shown}…` ({length} characters)")
}
