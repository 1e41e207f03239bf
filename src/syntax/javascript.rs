//! JavaScript behind a thin wall: parse a text, walk its nodes. Knows no names.

use std::cell::RefCell;

pub use super::grammar::{Node, Tree};

thread_local! {
    static PARSER: RefCell<Option<tree_sitter::Parser>> = const { RefCell::new(None) };
}

/// Parses a text; NUL is blank. `None` only if the parser gives up (it has a budget that grows with the text).
pub fn parse(text: &str) -> Option<Tree> {
    super::grammar::parse(&PARSER, tree_sitter_javascript::LANGUAGE, text.replace('\0', " "))
}
