//! Block boundaries, imports and names of a Python file without a grammar, and which blocks to ask for. A lexer that knows strings, brackets,
//! comments and indentation; it must not know what a name means, and it never decides that something is harmless: a block that is not selected has
//! simply not been asked for.

mod asked;
mod head;
mod lexer;
mod select;
mod strings;
mod wanted;

pub use asked::{Ask, Asked};
pub use select::{left_out, select, select_around, select_more};
pub use wanted::{Counts, Form, Wanted, WantedName};

use crate::notice::LocalNotice;
use crate::source::Range;

/// What a file consists of at its top level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Top-level blocks in file order. They do not overlap; comments and blank lines between them belong to the block before.
    pub blocks: Vec<Block>,
    /// Methods of all class blocks, in file order.
    pub methods: Vec<Method>,
    /// Every import statement, function-local ones too, one entry per bound name.
    pub imports: Vec<ImportedName>,
    /// Contents of long strings that are statements by themselves: nobody reads them, and there is much of them. In file order.
    pub documentation: Vec<Range>,
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
    /// Sorted hashes ([`name_hash`]) of the identifiers in it, strings and comments apart; short strings that are identifiers or dotted names count.
    /// Those of a class's methods stand with the methods.
    pub names: Vec<u32>,
    /// What statements of a class body outside its methods assign.
    pub assigns: Vec<Assigned>,
    /// An identifier has a byte outside ASCII: Python normalises such names, so hashes say nothing.
    pub non_ascii: bool,
}

impl Block {
    /// A class that binds nothing but itself.
    pub fn is_plain_class(&self) -> bool {
        self.kind == BlockKind::Class && self.defines.len() == 1
    }
    /// A function that binds nothing but itself.
    pub fn is_plain_function(&self) -> bool {
        self.kind == BlockKind::Function && self.defines.len() == 1
    }
}

/// A field that a statement of a class assigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// Hash of its name.
    pub name: u32,
    /// The statement.
    pub statement: Range,
}

/// What can be asked for on its own: the block of that index, a class without its methods; from `blocks.len()` on, methods in order.
pub type Part = usize;

impl Outline {
    /// All parts.
    pub fn all(&self) -> Vec<Part> {
        (0..self.count()).collect()
    }
    /// How many parts there are.
    pub fn count(&self) -> usize {
        self.blocks.len() + self.methods.len()
    }
    /// The methods of a class block, with their parts.
    pub fn methods_of(&self, block: usize) -> impl Iterator<Item = (Part, &Method)> {
        let first = self.methods.partition_point(|m| m.block < block);
        let methods = self.methods.iter().enumerate().skip(first).take_while(move |(_, m)| m.block == block);
        methods.map(|(i, m)| (self.blocks.len() + i, m))
    }
    /// The method that a part is.
    pub fn method(&self, part: Part) -> Option<&Method> {
        self.methods.get(part.checked_sub(self.blocks.len())?)
    }
    /// Identifiers of a part.
    pub fn names(&self, part: Part) -> &[u32] {
        let block = self.blocks.get(part).map(|b| &b.names);
        block.or_else(|| self.method(part).map(|m| &m.names)).map_or(&[], Vec::as_slice)
    }
    /// Fields that a part assigns.
    pub fn assigns(&self, part: Part) -> &[Assigned] {
        let block = self.blocks.get(part).map(|b| &b.assigns);
        block.or_else(|| self.method(part).map(|m| &m.assigns)).map_or(&[], Vec::as_slice)
    }
    /// Whether an identifier of this hash stands in a part.
    pub fn mentions(&self, part: Part, hash: u32) -> bool {
        self.names(part).binary_search(&hash).is_ok()
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

/// A function in the body of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// From `def` (or the first decorator) to the next statement of the class body.
    pub range: Range,
    /// Index of the block of its class.
    pub block: usize,
    /// As [`Block::names`].
    pub names: Vec<u32>,
    /// Fields of any object that it assigns, and names it declares global.
    pub assigns: Vec<Assigned>,
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
