//! Python behind a thin wall: parse a text, walk its nodes. Masks come first, so that the grammar reads what CPython reads. Knows no names.

use std::cell::RefCell;

pub use super::grammar::{Node, Tree};

thread_local! {
    static PARSER: RefCell<Option<tree_sitter::Parser>> = const { RefCell::new(None) };
}

/// Parses a text after [`mask`]ing it. `None` only if the parser gives up (it has a budget that grows with the text).
pub fn parse(text: &str) -> Option<Tree> {
    super::grammar::parse(&PARSER, tree_sitter_python::LANGUAGE, mask(text))
}

/// Same length, and read by the grammar as CPython reads the original: a lone CR ends a line, NUL and a byte-order mark are blank.
pub fn mask(text: &str) -> String {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|b| matches!(b, b'\r' | 0)) {
        return continued(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\r' if chars.peek() != Some(&'\n') => '\n',
            '\0' => ' ',
            c => c,
        });
    }
    continued(out)
}

/// The grammar's scanner reads a run of empty continuation lines once for each of them. A long run is blanked: at the beginning of a line it becomes
/// blank lines, elsewhere white space.
fn continued(text: String) -> String {
    const LONG: usize = 32;
    if !text.contains("\\\n\\\n\\\n\\\n") {
        return text;
    }
    let mut bytes = text.into_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes.get(at..).unwrap_or_default().chunks(2).take_while(|c| *c == b"\\\n").count();
        if run < LONG {
            at += 1.max(run * 2);
            continue;
        }
        let before = bytes.get(..at).unwrap_or_default();
        let fresh = before.iter().rev().take_while(|b| **b != b'\n').all(u8::is_ascii_whitespace);
        for pair in bytes.get_mut(at..at + run * 2).unwrap_or_default().chunks_mut(2) {
            pair.copy_from_slice(if fresh { b" \n" } else { b"  " });
        }
        at += run * 2;
    }
    // Only ASCII was put in the place of ASCII.
    String::from_utf8(bytes).unwrap_or_default()
}
