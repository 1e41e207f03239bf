//! Block boundaries, imports and names of a Python file without a grammar, and which blocks to ask for. A lexer that knows strings, brackets,
//! comments and indentation; it must not know what a name means, and it never decides that something is harmless: a block that is not selected has
//! simply not been asked for.

mod head;
mod lexer;
mod select;
mod strings;

pub use select::{Wanted, WantedName, select, select_as};

use crate::notice::LocalNotice;
use crate::source::Range;

/// What a file consists of at its top level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Top-level blocks in file order. They do not overlap; comments and blank lines between them belong to the block before.
    pub blocks: Vec<Block>,
    /// Every import statement, function-local ones too, one entry per bound name.
    pub imports: Vec<ImportedName>,
    /// What the lexer could not follow.
    pub notices: Vec<LocalNotice>,
}

/// A top-level block: one statement at column 0 with everything indented below it, its decorators and its `else`/`except` parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its bytes.
    pub range: Range,
    /// Its form.
    pub kind: BlockKind,
    /// Names it binds in the module: the function or class, imported names, assignment targets (`x` for `x.a = …` too), `global` names.
    pub defines: Vec<String>,
    /// Parameter names of a function, in order.
    pub params: Vec<String>,
    /// Bases of a class as written (dotted names only).
    pub bases: Vec<String>,
    /// Decorators as written, without `@` and arguments.
    pub decorators: Vec<String>,
    /// Methods of a class.
    pub methods: Vec<Method>,
    /// Sorted hashes ([`name_hash`]) of the identifiers in it, strings and comments apart; short strings that are identifiers or dotted names count.
    pub names: Vec<u32>,
    /// An identifier has a byte outside ASCII: Python normalises such names, so hashes say nothing.
    pub non_ascii: bool,
}

impl Block {
    /// Whether an identifier of this hash stands in the block.
    pub fn mentions(&self, hash: u32) -> bool {
        self.names.binary_search(&hash).is_ok()
    }
}

/// The form of a top-level block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockKind {
    /// `def` or `async def`.
    Function,
    /// `class`.
    Class,
    /// Nothing but imports.
    Import,
    /// An assignment.
    Assign,
    /// `if`, `try`, `for`, `while`, `with`, `match`.
    Compound,
    /// Anything else.
    Statement,
}

/// A method in a class block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// From `def` (or the first decorator) to the next statement of the class body.
    pub range: Range,
}

/// One name bound by an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedName {
    /// Module as written, without leading dots.
    pub module: String,
    /// Name imported from it; `*` for all.
    pub name: Option<String>,
    /// The name bound here; empty for `*`.
    pub alias: String,
    /// Leading dots.
    pub level: u32,
    /// The statement.
    pub range: Range,
    /// Index of the block it stands in.
    pub block: usize,
}

/// Reads the outline of a file. Total: any bytes give an outline that covers them.
pub fn outline(bytes: &[u8]) -> Outline {
    lexer::run(bytes)
}

/// Hash of an identifier as it is kept in [`Block::names`]. Two names may share a hash: a hash only ever selects more.
pub fn name_hash(name: &str) -> u32 {
    lexer::hash(name.as_bytes(), 0, name.len())
}

#[cfg(test)]
mod tests;
