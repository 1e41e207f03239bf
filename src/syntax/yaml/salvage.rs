//! How a text is read: by the grammar; if that loses anything, with line breaks in quoted scalars and flow collections masked; if that still does, entry
//! by entry, so that an oddity costs the entry it stands in and nothing else. Knows the order of attempts, not the grammar.

use super::flow::Flow;
use super::scan::{self, Line};
use super::tree::{self, Reader};
use super::{Core, Entry, Node, NodeKind, Scalar, Style, Yaml, scalar};
use crate::notice::NoticeKind;
use crate::text::Text;

/// How many levels are taken apart by lines before what is left stays raw.
const LEVELS: usize = 60;

/// How often the grammar may be tried on a text, counted in its bytes. What is tried no more is read by lines alone.
const TRIES: usize = 6;

/// All documents of a text.
pub(super) fn documents(src: &Text) -> Yaml {
    let masked = scan::masked(src.as_str());
    let mut reader = Reader::new(src);
    let mut comments = Vec::new();
    if let Some(tree) = clean(&masked) {
        let documents = from_tree(&tree, &mut reader, &mut comments);
        return Yaml { documents, comments, notices: reader.notices };
    }
    let marks = scan::marks(src);
    let masked = joined(masked, &marks);
    let documents = match clean(&masked) {
        Some(tree) => from_tree(&tree, &mut reader, &mut Vec::new()),
        None => Lines { src, tries: masked.len() * TRIES, masked: masked.into_bytes(), lines: marks.lines, reader: &mut reader }.documents(),
    };
    comments.extend(marks.comments.iter().map(|(start, end)| src.slice(*start, *end)));
    Yaml { documents, comments, notices: reader.notices }
}

fn clean(text: &str) -> Option<tree_sitter::Tree> {
    tree::grammar(text).filter(|t| !t.root_node().has_error())
}

/// Line breaks inside quoted scalars and flow collections become spaces, and so do comments there: the grammar wants the lines indented, readers do not.
fn joined(masked: String, marks: &scan::Marks) -> String {
    let mut bytes = masked.into_bytes();
    let mut comments = marks.comments.iter().peekable();
    for (start, end) in &marks.flows {
        while let Some((s, e)) = comments.next_if(|c| c.0 < *end) {
            if s >= start {
                bytes.get_mut(*s..*e).unwrap_or_default().fill(b' ');
            }
        }
    }
    for (start, end) in &marks.comments {
        // Directly behind a quote: a comment for readers, an error for the grammar.
        if start.checked_sub(1).and_then(|b| bytes.get(b)).is_some_and(|b| matches!(b, b'"' | b'\'' | b']' | b'}')) {
            bytes.get_mut(*start..*end).unwrap_or_default().fill(b' ');
        }
    }
    for (start, end) in marks.quoted.iter().chain(&marks.flows) {
        for b in bytes.get_mut(*start..*end).unwrap_or_default() {
            if matches!(*b, b'\n' | b'\r') {
                *b = b' ';
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

fn from_tree(tree: &tree_sitter::Tree, reader: &mut Reader, comments: &mut Vec<Text>) -> Vec<Node> {
    let mut documents = Vec::new();
    let mut cursor = tree.walk();
    for document in tree.root_node().named_children(&mut cursor).filter(|c| c.kind() == "document") {
        reader.forget();
        documents.push(match content(document) {
            Some(node) => reader.node(node, 0, -1, 0),
            None => tree::null(reader.src.range(document.end_byte(), document.end_byte())),
        });
    }
    // By number: every node of the tree is asked.
    let comment = tree.language().id_for_node_kind("comment", true);
    let mut walk = tree.walk();
    loop {
        if walk.node().kind_id() == comment {
            comments.push(reader.src.slice(walk.node().start_byte(), walk.node().end_byte()));
        }
        if walk.goto_first_child() || walk.goto_next_sibling() {
            continue;
        }
        loop {
            if !walk.goto_parent() {
                return documents;
            }
            if walk.goto_next_sibling() {
                break;
            }
        }
    }
}

fn content(document: tree_sitter::Node) -> Option<tree_sitter::Node> {
    let mut cursor = document.walk();
    document.named_children(&mut cursor).find(|c| matches!(c.kind(), "block_node" | "flow_node"))
}

/// A text that the grammar loses, by its lines.
struct Lines<'a, 'b> {
    src: &'a Text,
    masked: Vec<u8>,
    lines: Vec<Line>,
    reader: &'b mut Reader<'a>,
    /// Bytes that the grammar may still be tried on.
    tries: usize,
}

impl Lines<'_, '_> {
    fn documents(mut self) -> Vec<Node> {
        let (mut starts, mut fresh) = (vec![0], true);
        for i in 0..self.lines.len() {
            let Line { start, text, .. } = self.lines[i];
            let mark = self.masked.get(start).copied();
            if start == text && mark == Some(b'%') && fresh {
                let end = self.line_end(start);
                self.blank(i, start, end);
            } else if start == text && scalar::marker(&self.masked, start) {
                if !fresh || mark == Some(b'.') {
                    starts.push(i);
                }
                self.blank(i, start, start + 3);
                fresh = true;
            }
            fresh &= self.lines[i].bare;
        }
        let ends: Vec<usize> = starts.iter().skip(1).copied().chain([self.lines.len()]).collect();
        let mut out = Vec::new();
        for (from, to) in starts.into_iter().zip(ends) {
            self.reader.forget();
            // What follows `...` is no document unless something stands there.
            if out.is_empty() || !self.empty(from, to) {
                out.push(self.chunk(from, to, -1, 0));
            }
        }
        out
    }
    fn empty(&self, from: usize, to: usize) -> bool {
        self.lines.get(from..to).unwrap_or_default().iter().all(|l| l.bare)
    }
    fn line_end(&self, at: usize) -> usize {
        at + self.masked.get(at..).and_then(|m| m.iter().position(|b| matches!(b, b'\n' | b'\r'))).unwrap_or(self.masked.len().saturating_sub(at))
    }
    fn spaces(&self, mut at: usize) -> usize {
        while matches!(self.masked.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        at
    }
    fn gap(&self, at: usize) -> bool {
        self.masked.get(at).is_none_or(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
    }
    /// Where a row of lines ends: where the next one begins.
    fn end(&self, to: usize) -> usize {
        self.lines.get(to).map_or(self.masked.len(), |l| l.start)
    }
    /// Takes a mark out of a line; what follows moves nowhere.
    fn blank(&mut self, line: usize, start: usize, end: usize) {
        self.masked.get_mut(start..end).unwrap_or_default().fill(b' ');
        let text = self.spaces(end);
        self.lines[line].text = text;
        self.lines[line].bare = self.gap(text) || self.masked.get(text) == Some(&b'#');
    }
    fn column(&self, line: usize) -> i64 {
        self.lines.get(line).map_or(0, |l| i64::try_from(l.text - l.start).unwrap_or(0))
    }
    fn dash(&self, line: usize) -> bool {
        self.lines.get(line).is_some_and(|l| self.masked.get(l.text) == Some(&b'-') && self.gap(l.text + 1))
    }
    /// What the grammar makes of these lines alone, if it loses nothing.
    fn whole(&mut self, from: usize, to: usize, indent: i64, depth: usize) -> Option<Node> {
        let start = self.lines.get(from)?.start;
        let text = String::from_utf8_lossy(self.masked.get(start..self.end(to))?).into_owned();
        self.tries = self.tries.checked_sub(text.len())?;
        let tree = clean(&text)?;
        let root = tree.root_node();
        let mut cursor = root.walk();
        let mut documents = root.named_children(&mut cursor).filter(|c| c.kind() == "document");
        match (documents.next(), documents.next()) {
            (Some(one), None) => content(one).map(|node| self.reader.node(node, start, indent, depth)),
            _ => None,
        }
    }
    /// The value that these lines hold.
    fn chunk(&mut self, from: usize, to: usize, indent: i64, depth: usize) -> Node {
        let Some(first) = (from..to).find(|i| !self.lines[*i].bare) else {
            let at = self.lines.get(from).map_or(self.src.len(), |l| l.start);
            return tree::null(self.src.range(at, at));
        };
        if let Some(node) = self.whole(first, to, indent, depth) {
            return node;
        }
        if depth > LEVELS {
            return self.raw(self.lines[first].text, self.end(to), "nested too deep; what lies deeper is not read");
        }
        let column = self.column(first);
        let mut groups = vec![first];
        for i in first + 1..to {
            let nested = self.column(i) > column || (self.column(i) == column && self.dash(i) && !groups.last().is_some_and(|g| self.dash(*g)));
            if !self.lines[i].bare && !nested {
                groups.push(i);
            }
        }
        let ends: Vec<usize> = groups.iter().skip(1).copied().chain([to]).collect();
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        let alone = groups.len() == 1;
        for (from, to) in groups.into_iter().zip(ends) {
            let node = if alone { None } else { self.whole(from, to, indent, depth) };
            match node.map(|n| n.kind) {
                Some(NodeKind::Seq(more)) => items.extend(more),
                Some(NodeKind::Map(more)) => entries.extend(more),
                _ if self.dash(from) => {
                    let at = self.lines[from].text;
                    self.blank(from, at, at + 1);
                    items.push(self.chunk(from, to, column, depth + 1));
                }
                _ => match self.key(self.lines[from].text) {
                    Some((end, colon)) => entries.push(self.entry(from, to, (end, colon), column, depth)),
                    None if alone => return self.value(self.lines[from].text, from, to, indent, depth),
                    None => {
                        let key = self.raw(self.lines[from].text, self.end(to), "not understood as YAML");
                        entries.push(Entry { value: tree::null(key.range), key, merged: None });
                    }
                },
            }
        }
        let range = self.src.range(self.lines[first].text, self.trimmed(self.lines[first].text, self.end(to)));
        if !items.is_empty() && entries.is_empty() {
            return Node { range, alias: None, tag: None, kind: NodeKind::Seq(items) };
        }
        if !items.is_empty() {
            self.reader.notice(range, NoticeKind::PartlyUnderstood, "list elements between keys");
            let kind = NodeKind::Seq(items);
            let key = tree::null(range);
            entries.push(Entry { key, value: Node { range, alias: None, tag: None, kind }, merged: None });
        }
        tree::merge(&mut entries);
        Node { range, alias: None, tag: None, kind: NodeKind::Map(entries) }
    }
    /// Where a key that begins at `at` ends, and its colon.
    fn key(&self, at: usize) -> Option<(usize, usize)> {
        let end = match self.masked.get(at)? {
            quote @ (b'"' | b'\'') => scan::quoted_end(self.masked.get(..self.line_end(at))?, at, *quote),
            b'[' | b'{' | b'|' | b'>' => return None,
            _ => {
                let line = self.masked.get(at..self.line_end(at))?;
                let colon = (0..line.len()).find(|i| line[*i] == b':' && self.gap(at + i + 1))?;
                if line.get(..colon).is_some_and(|k| k.windows(2).any(|w| matches!(w, b" #" | b"\t#"))) {
                    return None;
                }
                self.trimmed(at, at + colon)
            }
        };
        let colon = self.spaces(end);
        (self.masked.get(colon) == Some(&b':') && self.gap(colon + 1)).then_some((end, colon))
    }
    fn entry(&mut self, from: usize, to: usize, (end, colon): (usize, usize), column: i64, depth: usize) -> Entry {
        let at = self.lines[from].text;
        let key = self.flow_scalar(at, end);
        let value = self.value(colon + 1, from, to, column, depth);
        Entry { key, value, merged: None }
    }
    /// The value that begins at `at` in line `from`: in that line, or in those below it.
    fn value(&mut self, at: usize, from: usize, to: usize, indent: i64, depth: usize) -> Node {
        let mut at = self.spaces(at);
        let (mut anchor, mut tag) = (None, None);
        while let Some(mark @ (b'&' | b'!')) = self.masked.get(at).copied() {
            let end = (at..self.masked.len()).find(|p| self.gap(*p)).unwrap_or(self.masked.len());
            let word = self.src.as_str().get(at..end).unwrap_or_default().to_owned();
            if mark == b'&' {
                anchor = word.get(1..).map(str::to_owned);
            } else {
                tag = Some(word);
            }
            at = self.spaces(end);
        }
        let mut node = self.plain_value(at, from, to, indent, depth, tag.as_deref());
        node.tag = tag.or(node.tag);
        if let Some(name) = anchor {
            self.reader.anchor(name, &node);
        }
        node
    }
    fn plain_value(&mut self, at: usize, from: usize, to: usize, indent: i64, depth: usize, tag: Option<&str>) -> Node {
        let end = self.trimmed(at, self.end(to));
        let first = self.masked.get(at).copied().unwrap_or(b'\n');
        if matches!(first, b'\n' | b'\r' | b'#') {
            return if from + 1 < to { self.chunk(from + 1, to, indent, depth + 1) } else { tree::null(self.src.range(at, at)) };
        }
        if let Some((text, end, style)) = scalar::block(self.src, at, indent) {
            let core = scalar::core(text.as_str(), style, tag);
            let range = self.src.range(at, end);
            let range = if text.is_empty() { range } else { range.cover(text.whole()) };
            return Node { range, alias: None, tag: None, kind: NodeKind::Scalar(Scalar { text, style, core }) };
        }
        match first {
            b'*' => {
                let stop = (at..end).find(|p| self.gap(*p)).unwrap_or(end);
                let name = self.src.as_str().get(at + 1..stop).unwrap_or_default().to_owned();
                self.reader.alias(&name, self.src.range(at, stop), depth)
            }
            quote @ (b'"' | b'\'') if self.only(self.quoted_end(at, end, quote), end) => self.flow_scalar(at, self.quoted_end(at, end, quote)),
            b'[' | b'{' => {
                let masked = self.masked.get(..end).unwrap_or_default();
                let mut flow = Flow { masked, reader: self.reader, odd: false };
                let (node, stop) = flow.node(at, depth);
                if flow.odd || !self.only(stop, end) {
                    self.reader.notice(self.src.range(at, end), NoticeKind::PartlyUnderstood, "not understood as YAML");
                }
                node
            }
            b'"' | b'\'' | b'%' | b'@' | b'`' | b'|' | b'>' => self.raw(at, end, "not understood as YAML"),
            _ => {
                // Lines that a plain scalar goes on in are no lines of their own, so only its first line can end in a comment.
                let line = self.src.as_str().as_bytes().get(at..self.line_end(at).min(end)).unwrap_or_default();
                let comment = line.windows(2).position(|w| matches!(w, b" #" | b"\t#")).map(|n| self.trimmed(at, at + n));
                self.flow_scalar(at, comment.unwrap_or(end))
            }
        }
    }
    fn quoted_end(&self, at: usize, end: usize, quote: u8) -> usize {
        scan::quoted_end(self.masked.get(..end).unwrap_or_default(), at, quote)
    }
    /// Whether nothing but a comment follows in the line.
    fn only(&self, at: usize, end: usize) -> bool {
        at >= end
            || self.masked.get(at) == Some(&b'#')
            || (self.gap(at) && self.masked.get(self.spaces(at)).is_some_and(|b| matches!(b, b'#' | b'\n' | b'\r')))
    }
    fn flow_scalar(&mut self, start: usize, end: usize) -> Node {
        let (style, quote) = match self.masked.get(start) {
            Some(b'"') => (Style::Double, 1),
            Some(b'\'') => (Style::Single, 1),
            _ => (Style::Plain, 0),
        };
        let text = scalar::flow(self.src, start + quote, end.saturating_sub(quote).max(start + quote), style);
        let core = if style == Style::Plain { scalar::core(text.as_str(), style, None) } else { Core::Str };
        Node { range: self.src.range(start, end), alias: None, tag: None, kind: NodeKind::Scalar(Scalar { text, style, core }) }
    }
    fn trimmed(&self, start: usize, end: usize) -> usize {
        let end = end.min(self.masked.len());
        let text = self.masked.get(start..end).unwrap_or_default();
        start + text.len() - text.iter().rev().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count()
    }
    fn raw(&mut self, start: usize, end: usize, why: &str) -> Node {
        let end = self.trimmed(start, end);
        self.reader.notice(self.src.range(start, end), NoticeKind::PartlyUnderstood, why);
        tree::raw(self.src, start, end)
    }
}
