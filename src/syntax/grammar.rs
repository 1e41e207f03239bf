//! What the languages have in common that tree-sitter reads: a parsed text, its nodes, and a budget for parsing. Knows no language.

use std::cell::RefCell;
use std::thread::LocalKey;

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

/// Parses a text with the parser of a thread, made when it is first asked for. `None` only if the parser gives up (it has a budget that grows with the text).
pub(super) fn parse(
    slot: &'static LocalKey<RefCell<Option<tree_sitter::Parser>>>,
    language: impl Into<tree_sitter::Language>,
    text: String,
) -> Option<Tree> {
    let tree = slot.with(|slot| {
        let mut slot = slot.borrow_mut();
        if slot.is_none() {
            let mut parser = tree_sitter::Parser::new();
            parser.set_language(&language.into()).ok()?;
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
    /// The smallest node with a name that covers a stretch of the text.
    pub fn covering(self, start: usize, end: usize) -> Option<Node<'t>> {
        self.node.named_descendant_for_byte_range(start, end).map(|node| Node { node, text: self.text })
    }
    /// The node it is a child of.
    pub fn parent(self) -> Option<Node<'t>> {
        self.node.parent().map(|node| Node { node, text: self.text })
    }
    /// Named children, comments and line continuations left out.
    pub fn named(self) -> Vec<Node<'t>> {
        let mut cursor = self.node.walk();
        let children = self.node.named_children(&mut cursor);
        children.filter(|n| !n.is_extra()).map(|node| Node { node, text: self.text }).collect()
    }
    /// Whether it has exactly one named child, comments and line continuations left out.
    pub fn has_one(self) -> bool {
        let mut cursor = self.node.walk();
        self.node.named_children(&mut cursor).filter(|n| !n.is_extra()).take(2).count() == 1
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
