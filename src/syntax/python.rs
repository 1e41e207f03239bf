//! Python behind a thin wall: parse a text, walk its nodes. Masks come first, so that the grammar reads what CPython reads. Knows no names.

use std::cell::RefCell;

/// A parsed text.
pub struct Tree {
    tree: tree_sitter::Tree,
    text: String,
}

/// A node of a [`Tree`]. Offsets are bytes of the parsed text.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    node: tree_sitter::Node<'t>,
    text: &'t str,
}

thread_local! {
    static PARSER: RefCell<Option<tree_sitter::Parser>> = const { RefCell::new(None) };
}

/// Parses a text after [`mask`]ing it. `None` only if the parser gives up (it has a budget that grows with the text).
pub fn parse(text: &str) -> Option<Tree> {
    let text = mask(text);
    let tree = PARSER.with(|slot| {
        let mut slot = slot.borrow_mut();
        if slot.is_none() {
            let mut parser = tree_sitter::Parser::new();
            parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
            *slot = Some(parser);
        }
        let parser = slot.as_mut()?;
        // Error recovery can be quadratic; the callback runs once in a fixed number of operations.
        let budget = 2_000 + text.len() / 8;
        let mut ticks = 0_usize;
        let mut progress = |_: &tree_sitter::ParseState| {
            ticks += 1;
            if ticks > budget { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
        };
        let bytes = text.as_bytes();
        let options = tree_sitter::ParseOptions::new().progress_callback(&mut progress);
        let tree = parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options));
        parser.reset();
        tree
    })?;
    Some(Tree { tree, text })
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

impl Tree {
    /// The module node.
    pub fn root(&self) -> Node<'_> {
        Node { node: self.tree.root_node(), text: &self.text }
    }
}

impl<'t> Node<'t> {
    /// The grammar's name of the node.
    pub fn kind(self) -> &'static str {
        self.node.kind()
    }
    /// First byte.
    pub fn start(self) -> usize {
        self.node.start_byte()
    }
    /// One past the last byte.
    pub fn end(self) -> usize {
        self.node.end_byte()
    }
    /// Its text, masks applied.
    pub fn text(self) -> &'t str {
        self.text.get(self.start()..self.end()).unwrap_or_default()
    }
    /// The child of a field.
    pub fn field(self, name: &str) -> Option<Node<'t>> {
        self.node.child_by_field_name(name).map(|node| Node { node, text: self.text })
    }
    /// Children of a field.
    pub fn fields(self, name: &str) -> Vec<Node<'t>> {
        let mut cursor = self.node.walk();
        self.node.children_by_field_name(name, &mut cursor).map(|node| Node { node, text: self.text }).collect()
    }
    /// Named children, comments and line continuations left out.
    pub fn named(self) -> Vec<Node<'t>> {
        let mut cursor = self.node.walk();
        let children = self.node.named_children(&mut cursor);
        children.filter(|n| !n.is_extra()).map(|node| Node { node, text: self.text }).collect()
    }
    /// All children, comments too.
    pub fn children(self) -> Vec<Node<'t>> {
        let mut cursor = self.node.walk();
        self.node.children(&mut cursor).map(|node| Node { node, text: self.text }).collect()
    }
    /// Whether the grammar lost its way inside.
    pub fn broken(self) -> bool {
        self.node.has_error()
    }
    /// Whether this node is what the grammar could not read, or something it made up.
    pub fn is_error(self) -> bool {
        self.node.is_error() || self.node.is_missing()
    }
    /// Whether this is a comment.
    pub fn is_comment(self) -> bool {
        self.node.kind() == "comment"
    }
    /// The outermost unreadable nodes inside, in order, at most `max`.
    pub fn errors(self, max: usize) -> Vec<Node<'t>> {
        let mut out = Vec::new();
        let mut stack = vec![self];
        while let Some(node) = stack.pop() {
            if out.len() == max {
                break;
            }
            if node.is_error() {
                out.push(node);
            } else if node.broken() {
                stack.extend(node.children().into_iter().rev());
            }
        }
        out
    }
}
