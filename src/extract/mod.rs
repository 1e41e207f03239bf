//! Bytes to facts, one file per kind, total and pure. Knows no other file and no row.

use crate::facts::ValueId;

pub mod action;
pub mod config;
pub mod dockerfile;
pub mod expressions;
pub mod github;
pub mod ignores;
pub mod javascript;
pub mod make;
pub mod manifest;
pub mod notebook;
pub mod python;
pub mod shell;
pub mod windows;

/// Raised whenever the same bytes give other facts, or facts take another form: what earlier runs kept is then not used. A test holds it against the facts
/// of all fixtures.
pub const VERSION: u32 = 12;

/// A stretch of a text that is replaced before the text's language sees it (`${{ … }}` in a `run:`, `$(VAR)` in a recipe, a computed part of a string
/// that is code). The front end masks it with identifier characters of the same length and puts `value` where it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// First byte in the decoded text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What stands there.
    pub value: ValueId,
}
