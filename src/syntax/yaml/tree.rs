//! From the grammar's tree to ours: anchors, aliases and merge keys resolved, scalars decoded from the original text.

use std::collections::BTreeMap;

use tree_sitter::Node as Cst;

use super::{Core, DEPTH, Entry, Node, NodeKind, Scalar, Style, scalar};
use crate::notice::{LocalNotice, NoticeKind};
use crate::source::Range;
use crate::text::Text;

/// How many nodes and bytes all aliases of a file may add together. Real files stay far below; a chain of doublings stops here.
const COPIES: usize = 60_000;
const COPIED_BYTES: usize = 8 << 20;

/// A value behind an anchor, with what a copy of it costs.
#[derive(Clone, Debug)]
struct Anchored {
    node: Node,
    nodes: usize,
    bytes: usize,
    height: usize,
}

/// Converts trees of one text; anchors live from one to the next until [`Reader::forget`].
pub(super) struct Reader<'a> {
    /// The original text; what the grammar saw has the same length.
    pub src: &'a Text,
    /// What was not understood.
    pub notices: Vec<LocalNotice>,
    anchors: BTreeMap<String, Anchored>,
    copies: usize,
    copied: usize,
}

/// Parses what the grammar sees. Nothing when it gives up, or the text nests so deep that the grammar's scanner would not hold it.
pub(super) fn grammar(text: &str) -> Option<tree_sitter::Tree> {
    // The scanner keeps about 250 indents and counts rows in 16 bits.
    if super::scan::nesting(text) > 110 || text.bytes().filter(|b| *b == b'\n').count() > 30_000 {
        return None;
    }
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_yaml::LANGUAGE.into()).ok()?;
    // Counted work, not time: the same text always ends the same way.
    let mut left = 200 + text.len() / 64;
    let mut spend = |_: &tree_sitter::ParseState| {
        left = left.saturating_sub(1);
        if left == 0 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    };
    let bytes = text.as_bytes();
    let options = tree_sitter::ParseOptions::new().progress_callback(&mut spend);
    parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options))
}

impl<'a> Reader<'a> {
    /// A reader of one text.
    pub fn new(src: &'a Text) -> Self {
        Reader { src, notices: Vec::new(), anchors: BTreeMap::new(), copies: 0, copied: 0 }
    }
    /// A new document begins: anchors end.
    pub fn forget(&mut self) {
        self.anchors.clear();
    }
    /// Tells what was not understood.
    pub fn notice(&mut self, range: Range, kind: NoticeKind, text: &str) {
        self.notices.push(LocalNotice { range, kind, text: text.to_owned() });
    }
    /// The node of a `block_node` or `flow_node`. `base` is what to add to the tree's offsets, `indent` the column of the enclosing block collection.
    pub fn node(&mut self, cst: Cst, base: usize, indent: i64, depth: usize) -> Node {
        let range = self.src.range(cst.start_byte() + base, cst.end_byte() + base);
        if depth > DEPTH {
            self.notice(range, NoticeKind::Limit, "nested too deep; what lies deeper is not read");
            return raw(self.src, cst.start_byte() + base, cst.end_byte() + base);
        }
        let (mut anchor, mut tag, mut value) = (None, None, None);
        let mut cursor = cst.walk();
        for child in cst.named_children(&mut cursor) {
            match child.kind() {
                "anchor" => anchor = Some(self.slice(child, base + 1)),
                "tag" => tag = Some(self.slice(child, base)),
                "comment" => {}
                _ => value = Some(child),
            }
        }
        let mut node = match value {
            Some(value) => self.value(value, base, indent, depth, tag.as_deref()),
            None => null(Range { start: range.end, end: range.end }),
        };
        node.tag = tag.or(node.tag);
        if let Some(name) = anchor {
            self.anchor(name, &node);
        }
        node
    }
    /// Remembers a value under an anchor's name.
    pub fn anchor(&mut self, name: String, node: &Node) {
        let (nodes, bytes, height) = weigh(node);
        if bytes < COPIED_BYTES {
            self.anchors.insert(name, Anchored { node: node.clone(), nodes, bytes, height });
        }
    }
    /// The value of an alias, by copy.
    pub fn alias(&mut self, name: &str, place: Range, depth: usize) -> Node {
        let Some(found) = self.anchors.get(name) else {
            self.notice(place, NoticeKind::PartlyUnderstood, &format!("the alias `*{name}` names no anchor before it"));
            return null(place);
        };
        self.copies += found.nodes;
        self.copied += found.bytes;
        if self.copies > COPIES || self.copied > COPIED_BYTES || depth + found.height > DEPTH {
            self.copies -= found.nodes;
            self.copied -= found.bytes;
            self.notice(place, NoticeKind::Limit, "aliases expand to too much; this one is not followed");
            return null(place);
        }
        let mut node = found.node.clone();
        node.alias = Some(place);
        node
    }

    fn slice(&self, cst: Cst, base: usize) -> String {
        // `base` is one more for anchors and aliases, whose mark is left out.
        let s = self.src.as_str();
        let extra = usize::from(matches!(cst.kind(), "anchor" | "alias"));
        s.get(cst.start_byte() + base..cst.end_byte() + base - extra).unwrap_or_default().to_owned()
    }
    fn value(&mut self, cst: Cst, base: usize, indent: i64, depth: usize, tag: Option<&str>) -> Node {
        let (start, end) = (cst.start_byte() + base, cst.end_byte() + base);
        let range = self.src.range(start, end);
        let column = || i64::try_from(cst.start_position().column).unwrap_or(i64::MAX);
        let kind = match cst.kind() {
            "plain_scalar" => self.flow_scalar(start, end, Style::Plain, tag),
            "single_quote_scalar" => self.flow_scalar(start, end, Style::Single, tag),
            "double_quote_scalar" => self.flow_scalar(start, end, Style::Double, tag),
            "block_scalar" => {
                let (text, end, style) = scalar::block(self.src, start, indent).unwrap_or_else(|| (self.src.slice(start, end), end, Style::Raw));
                let core = scalar::core(text.as_str(), style, tag);
                // The last break belongs to the text.
                let range = self.src.range(start, end);
                let range = if text.is_empty() { range } else { range.cover(text.whole()) };
                return Node { range, alias: None, tag: None, kind: NodeKind::Scalar(Scalar { text, style, core }) };
            }
            "alias" => {
                let name = self.src.as_str().get(start + 1..end).unwrap_or_default().to_owned();
                return self.alias(&name, range, depth);
            }
            "block_mapping" => self.mapping(cst, base, column(), depth),
            "flow_mapping" => self.mapping(cst, base, indent, depth),
            "block_sequence" => {
                let mut items = Vec::new();
                let mut cursor = cst.walk();
                for item in cst.named_children(&mut cursor).filter(|c| c.kind() == "block_sequence_item") {
                    let mut inner = item.walk();
                    let node = item.named_children(&mut inner).find(|c| matches!(c.kind(), "block_node" | "flow_node"));
                    items.push(match node {
                        Some(node) => self.node(node, base, column(), depth + 1),
                        None => null(self.src.range(item.start_byte() + base + 1, item.start_byte() + base + 1)),
                    });
                }
                NodeKind::Seq(items)
            }
            "flow_sequence" => {
                let mut items = Vec::new();
                let mut cursor = cst.walk();
                for item in cst.named_children(&mut cursor) {
                    match item.kind() {
                        "flow_node" => items.push(self.node(item, base, indent, depth + 1)),
                        "flow_pair" => {
                            let range = self.src.range(item.start_byte() + base, item.end_byte() + base);
                            let mut entries = Vec::new();
                            self.pair(item, base, indent, depth + 1, &mut entries);
                            items.push(Node { range, alias: None, tag: None, kind: NodeKind::Map(entries) });
                        }
                        _ => {}
                    }
                }
                NodeKind::Seq(items)
            }
            _ => return raw(self.src, start, end),
        };
        Node { range: covering(range, &kind), alias: None, tag: None, kind }
    }
    fn flow_scalar(&self, start: usize, end: usize, style: Style, tag: Option<&str>) -> NodeKind {
        let quote = usize::from(style != Style::Plain);
        let text = scalar::flow(self.src, start + quote, end.saturating_sub(quote), style);
        let core = scalar::core(text.as_str(), style, tag);
        NodeKind::Scalar(Scalar { text, style, core })
    }
    fn mapping(&mut self, cst: Cst, base: usize, indent: i64, depth: usize) -> NodeKind {
        let mut entries = Vec::new();
        let mut cursor = cst.walk();
        for child in cst.named_children(&mut cursor) {
            match child.kind() {
                "block_mapping_pair" | "flow_pair" => self.pair(child, base, indent, depth, &mut entries),
                "flow_node" => {
                    let key = self.node(child, base, indent, depth + 1);
                    let end = Range { start: key.place().end, end: key.place().end };
                    entries.push(Entry { key, value: null(end), merged: None });
                }
                _ => {}
            }
        }
        merge(&mut entries);
        NodeKind::Map(entries)
    }
    fn pair(&mut self, cst: Cst, base: usize, indent: i64, depth: usize, entries: &mut Vec<Entry>) {
        let start = self.src.range(cst.start_byte() + base, cst.start_byte() + base);
        let end = self.src.range(cst.end_byte() + base, cst.end_byte() + base);
        let key = cst.child_by_field_name("key").map_or_else(|| null(start), |k| self.node(k, base, indent, depth + 1));
        let value = cst.child_by_field_name("value").map_or_else(|| null(end), |v| self.node(v, base, indent, depth + 1));
        entries.push(Entry { key, value, merged: None });
    }
}

/// Puts the entries of `<<` where it stands. A key of the mapping itself wins over a merged one, an earlier merged one over a later.
pub(super) fn merge(entries: &mut Vec<Entry>) {
    let is_merge = |e: &Entry| e.key.scalar().is_some_and(|s| s.style == Style::Plain && s.text.as_str() == "<<");
    if !entries.iter().any(is_merge) {
        return;
    }
    let mut seen: std::collections::BTreeSet<String> = entries.iter().filter(|e| !is_merge(e)).filter_map(|e| e.name().map(str::to_owned)).collect();
    let mut out = Vec::with_capacity(entries.len());
    for entry in entries.drain(..) {
        let merged = is_merge(&entry);
        let sources: &[Node] = match &entry.value.kind {
            NodeKind::Map(_) if merged => std::slice::from_ref(&entry.value),
            NodeKind::Seq(items) if merged && items.iter().all(|i| matches!(i.kind, NodeKind::Map(_))) => items,
            _ => {
                out.push(entry);
                continue;
            }
        };
        for source in sources {
            for inner in source.entries() {
                if inner.name().is_none_or(|n| seen.insert(n.to_owned())) {
                    out.push(Entry { merged: Some(source.place()), ..inner.clone() });
                }
            }
        }
    }
    *entries = out;
}

/// `range` with the last child, which may end in a line break that the grammar leaves out.
pub(super) fn covering(range: Range, kind: &NodeKind) -> Range {
    match kind {
        NodeKind::Seq(items) => items.last().filter(|n| n.alias.is_none()).map_or(range, |n| range.cover(n.range)),
        NodeKind::Map(entries) => entries.last().map_or(range, |e| range.cover(if e.merged.is_some() { range } else { e.range() })),
        NodeKind::Scalar(_) => range,
    }
}

/// A null that stands at `range`.
pub(super) fn null(range: Range) -> Node {
    let text = Text::default();
    Node { range, alias: None, tag: None, kind: NodeKind::Scalar(Scalar { text, style: Style::Plain, core: Core::Null }) }
}

/// Bytes as they stand.
pub(super) fn raw(src: &Text, start: usize, end: usize) -> Node {
    let text = src.slice(start, end);
    Node { range: src.range(start, end), alias: None, tag: None, kind: NodeKind::Scalar(Scalar { text, style: Style::Raw, core: Core::Str }) }
}

/// Nodes, bytes and height of a value.
fn weigh(node: &Node) -> (usize, usize, usize) {
    let add = |(n, b, h): (usize, usize, usize), child: &Node| {
        let (cn, cb, ch) = weigh(child);
        (n + cn, b + cb, h.max(ch + 1))
    };
    match &node.kind {
        NodeKind::Scalar(s) => (1, s.text.len(), 1),
        NodeKind::Seq(items) => items.iter().fold((1, 0, 1), add),
        NodeKind::Map(entries) => entries.iter().fold((1, 0, 1), |w, e| add(add(w, &e.key), &e.value)),
    }
}
