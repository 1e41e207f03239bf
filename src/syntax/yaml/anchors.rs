//! Anchors, aliases and merge keys resolved by copy, and values that stand for something else: nothing, bytes as they are.

use std::collections::{BTreeMap, BTreeSet};

use super::{Core, DEPTH, Entry, Node, NodeKind, Scalar, Style};
use crate::source::Range;
use crate::text::Text;

/// How many nodes and bytes all aliases of a file may add together. Real files stay far below; a chain of doublings stops here.
const COPIES: usize = 60_000;
/// How many nodes its anchors may keep: each keeps all that stands below it.
const KEPT: usize = 300_000;
const COPIED_BYTES: usize = 8 << 20;

/// A value behind an anchor, with what a copy of it costs.
#[derive(Clone, Debug)]
struct Anchored {
    node: Node,
    nodes: usize,
    bytes: usize,
    height: usize,
}

/// Nodes and bytes that were copied.
#[derive(Debug, Default)]
struct Spent {
    nodes: usize,
    bytes: usize,
}

impl Spent {
    /// Takes a copy into account; false when it is too much.
    fn on(&mut self, nodes: usize, bytes: usize, most: usize) -> bool {
        let fits = self.nodes + nodes <= most && self.bytes + bytes <= COPIED_BYTES;
        if fits {
            self.nodes += nodes;
            self.bytes += bytes;
        }
        fits
    }
}

/// The anchors of a document and what their file spent on copies.
#[derive(Debug, Default)]
pub(super) struct Anchors<'a> {
    /// Nothing for a value too large to keep.
    named: BTreeMap<&'a str, Option<Anchored>>,
    weighed: usize,
    kept: Spent,
    followed: Spent,
}

/// Why an alias leads nowhere.
pub(super) enum Lost {
    /// No such anchor.
    Unknown,
    /// Its value is too large, or all of them together are.
    TooMuch,
}

impl<'a> Anchors<'a> {
    /// A new document begins: anchors end.
    pub fn forget(&mut self) {
        self.named.clear();
    }
    /// Remembers a value under an anchor's name.
    pub fn keep(&mut self, name: &'a str, node: &Node) {
        // Of anchors around anchors around much, not each weighs all of it.
        if self.weighed > KEPT {
            self.named.insert(name, None);
            return;
        }
        let (nodes, bytes, height) = weigh(node);
        self.weighed += nodes;
        let kept = self.kept.on(nodes, bytes, KEPT).then(|| Anchored { node: node.clone(), nodes, bytes, height });
        self.named.insert(name, kept);
    }
    /// The value of an alias at `place`, by copy.
    pub fn follow(&mut self, name: &str, place: Range, depth: usize) -> Result<Node, Lost> {
        let found = self.named.get(name).ok_or(Lost::Unknown)?.as_ref().ok_or(Lost::TooMuch)?;
        if depth + found.height > DEPTH || !self.followed.on(found.nodes, found.bytes, COPIES) {
            return Err(Lost::TooMuch);
        }
        Ok(Node { alias: Some(place), ..found.node.clone() })
    }
}

/// Puts the entries of `<<` where it stands. A key of the mapping itself wins over a merged one, an earlier merged one over a later.
pub(super) fn merge(entries: &mut Vec<Entry>) {
    let is_merge = |e: &Entry| e.key.scalar().is_some_and(|s| s.style == Style::Plain && s.text.as_str() == "<<");
    if !entries.iter().any(is_merge) {
        return;
    }
    let mut seen: BTreeSet<String> = entries.iter().filter(|e| !is_merge(e)).filter_map(|e| e.name().map(str::to_owned)).collect();
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

/// `range` with the last child, which may end in a line break.
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
