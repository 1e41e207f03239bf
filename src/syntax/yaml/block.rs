//! Documents, block collections and what stands in their lines, read in one walk from the first byte to the last. Takes what readers take; what none of
//! them takes costs the entry it stands in: its bytes stay as they are, with a notice. Knows no workflow and no configuration.

use super::anchors::{self, Anchors, null};
use super::scan::{self, break_len, gap, line_end, marker, spaces, trimmed};
use super::{DEPTH, Entry, Node, NodeKind, Style, Yaml};
use crate::notice::{LocalNotice, NoticeKind};
use crate::source::Range;
use crate::text::Text;

pub(super) const ODD: &str = "not understood as YAML";
pub(super) const DEEP: &str = "nested too deep; what lies deeper is not read";

/// Walks a text. Columns are counted in bytes; `parent` is the column of the enclosing block collection, -1 when there is none.
pub(super) struct Reader<'a> {
    pub src: &'a Text,
    /// Its bytes.
    pub s: &'a [u8],
    /// The next byte to read.
    pub at: usize,
    /// Where the line begins that the next token stands in.
    pub line: usize,
    /// Where the last token that belongs to a value ends.
    pub last: usize,
    /// Whether something in brackets did not fit.
    pub odd: bool,
    /// Quotes that were seen to end nowhere in this document: those that follow are looked for in their line only, so that each byte is asked once.
    pub unclosed: [bool; 2],
    pub anchors: Anchors<'a>,
    pub comments: Vec<(usize, usize)>,
    notices: Vec<LocalNotice>,
}

/// Anchor and tag before a value.
#[derive(Clone, Copy, Default)]
pub(super) struct Props<'a> {
    pub anchor: Option<&'a str>,
    pub tag: Option<&'a str>,
}

/// All documents of a text.
pub(super) fn documents(src: &Text) -> Yaml {
    let s = src.as_str().as_bytes();
    let (anchors, comments, notices) = (Anchors::default(), Vec::new(), Vec::new());
    let mut reader = Reader { src, s, at: 0, line: 0, last: 0, odd: false, unclosed: [false; 2], anchors, comments, notices };
    let mut documents = Vec::new();
    loop {
        reader.skip();
        if reader.at >= s.len() {
            break;
        }
        if reader.at == reader.line && s[reader.at] == b'%' {
            reader.finish_line();
            continue;
        }
        let mark = reader.at == reader.line && marker(s, reader.at);
        if mark {
            let end = s[reader.at] == b'.';
            reader.at += 3;
            reader.last = reader.at;
            if end {
                continue;
            }
        }
        reader.anchors.forget();
        reader.unclosed = [false; 2];
        documents.push(reader.value(-1, false, true, 0));
    }
    let comments = reader.comments.iter().map(|(start, end)| src.slice(*start, *end)).collect();
    Yaml { documents, comments, notices: reader.notices }
}

/// A line that is no entry.
fn stray(key: Node) -> Entry {
    let end = Range { start: key.range.end, end: key.range.end };
    Entry { value: null(end), key, merged: None }
}

impl<'a> Reader<'a> {
    /// Tells what was not understood.
    pub fn notice(&mut self, start: usize, end: usize, kind: NoticeKind, text: &str) {
        self.notices.push(LocalNotice { range: self.src.range(start, end), kind, text: text.to_owned() });
    }
    pub fn byte(&self) -> Option<u8> {
        self.s.get(self.at).copied()
    }
    pub fn nothing(&self, at: usize) -> Node {
        null(self.src.range(at, at))
    }
    /// To the next token, across blanks, comments and lines.
    pub fn skip(&mut self) {
        loop {
            match self.byte() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'#') => self.finish_line(),
                // A byte-order mark may begin any line; readers count it as one column.
                Some(0xef) if self.at == self.line && self.s[self.at..].starts_with("\u{feff}".as_bytes()) => {
                    self.at += 3;
                    self.line = self.at - 1;
                }
                Some(b'\n' | b'\r' | 0xc2 | 0xe2) => match break_len(self.s, self.at) {
                    0 => return,
                    n => {
                        self.at += n;
                        self.line = self.at;
                    }
                },
                _ => return,
            }
        }
    }
    /// To the end of a line of which nothing is read but its comment.
    pub fn finish_line(&mut self) {
        let end = line_end(self.s, self.at);
        if let Some(at) = scan::comment(self.s, self.at, end) {
            self.comments.push((at, end));
        }
        self.at = end;
    }
    /// Whether the document ends before the next token.
    pub fn ended(&self) -> bool {
        self.at >= self.s.len() || (self.at == self.line && (marker(self.s, self.at) || self.directive()))
    }
    fn directive(&self) -> bool {
        self.s[self.at..].starts_with(b"%YAML ") || self.s[self.at..].starts_with(b"%TAG ")
    }
    pub fn column(&self) -> i64 {
        i64::try_from(self.at - self.line).unwrap_or(i64::MAX)
    }
    fn indicator(&self, mark: u8) -> bool {
        self.byte() == Some(mark) && gap(self.s, self.at + 1)
    }
    /// Whether the next token, the first of its line, belongs to what a collection at column `parent` holds. A list may stand at the column of its key.
    fn inside(&self, parent: i64, list: bool) -> bool {
        let column = self.column();
        !self.ended() && (column > parent || (list && column == parent && self.indicator(b'-')))
    }
    /// Anchors and tags from `at` on in one line, where the last of them ends and what follows begins.
    pub fn props(&self, at: usize) -> (Props<'a>, usize, usize) {
        let (mut props, mut end, mut next) = (Props::default(), at, at);
        while matches!(self.s.get(next), Some(b'&' | b'!')) {
            end = next;
            while !gap(self.s, end) {
                end += 1;
            }
            self.prop(&mut props, next, end);
            next = spaces(self.s, end);
        }
        (props, end, next)
    }
    pub fn prop(&self, props: &mut Props<'a>, start: usize, end: usize) {
        let src = self.src.as_str();
        match self.s[start] {
            b'&' => props.anchor = src.get(start + 1..end),
            _ => props.tag = src.get(start..end),
        }
    }
    /// A value with what stands before it.
    pub fn dress(&mut self, mut node: Node, props: Props<'a>) -> Node {
        if let Some(tag) = props.tag {
            node.tag = Some(tag.to_owned());
        }
        if let Some(name) = props.anchor {
            self.anchors.keep(name, &node);
        }
        node
    }

    /// The value behind an indicator. `list`: it may be a list at its parent's own column; `compact`: a collection may begin in this very line.
    fn value(&mut self, parent: i64, list: bool, compact: bool, depth: usize) -> Node {
        let (mut end, mut block, mut below) = (self.at, compact, false);
        let mut props = Props::default();
        loop {
            let line = self.line;
            self.skip();
            below |= self.line != line;
            block |= below;
            if self.ended() || (below && !self.inside(parent, list)) {
                self.last = end;
                let node = self.nothing(end);
                return self.dress(node, props);
            }
            if !matches!(self.byte(), Some(b'&' | b'!')) {
                break;
            }
            let (more, stop, next) = self.props(self.at);
            // Before a key they are the key's.
            if block && !(next >= self.s.len() || self.s[next] == b'#' || break_len(self.s, next) > 0) {
                break;
            }
            props = Props { anchor: more.anchor.or(props.anchor), tag: more.tag.or(props.tag) };
            (end, self.at) = (stop, next);
        }
        let node = if depth > DEPTH {
            let start = self.at;
            self.rest(parent);
            self.raw(start, NoticeKind::Limit, DEEP)
        } else if block {
            self.block(parent, depth)
        } else {
            self.inline(parent, false, props, depth)
        };
        self.dress(node, props)
    }
    /// Lines from here on that are deeper than `parent`: a collection, or a value that stands alone.
    fn block(&mut self, parent: i64, depth: usize) -> Node {
        let start = self.at;
        let mut column = self.column();
        let list = column == parent;
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        // How many items are lines that are none, and where lists begin and end.
        let (mut strays, mut listed) = (0, (start, start));
        loop {
            let (at, here) = (self.at, self.column());
            if self.indicator(b'-') {
                self.at += 1;
                if items.len() == strays {
                    listed.0 = at;
                }
                items.push(self.value(here, false, true, depth + 1));
                listed.1 = self.last;
            } else if let Some(entry) = self.entry(here, depth) {
                entries.push(entry);
            } else {
                // Among entries a scalar does not go on in lines where entries may begin.
                let within = if at == start { parent } else { here };
                let node = self.inline(within, true, Props::default(), depth);
                let end = self.last;
                self.skip();
                if at == start && !self.inside(parent, list) {
                    self.last = end;
                    return node;
                }
                self.last = end;
                let key = self.raw(at, NoticeKind::PartlyUnderstood, ODD);
                if entries.is_empty() {
                    strays += 1;
                    items.push(key);
                } else {
                    entries.push(stray(key));
                }
            }
            if here > column {
                self.notice(at, self.last, NoticeKind::PartlyUnderstood, ODD);
            }
            column = here;
            self.skip();
            if !self.inside(parent, list) {
                break;
            }
        }
        if items.len() == strays {
            entries.splice(0..0, items.drain(..).map(stray));
        }
        let kind = if entries.is_empty() {
            NodeKind::Seq(items)
        } else {
            if !items.is_empty() {
                self.notice(start, self.last, NoticeKind::PartlyUnderstood, "list elements between keys");
                let range = self.src.range(listed.0, listed.1);
                let value = Node { range, alias: None, tag: None, kind: NodeKind::Seq(items) };
                entries.push(Entry { key: null(range), value, merged: None });
            }
            anchors::merge(&mut entries);
            NodeKind::Map(entries)
        };
        // Comments and blank lines behind its last entry are still the collection's.
        let comment = self.comments.last().map_or(0, |c| c.1);
        self.last = if self.at >= self.s.len() { self.at } else { self.last.max(comment) };
        let range = anchors::covering(self.src.range(start, self.last), &kind);
        Node { range, alias: None, tag: None, kind }
    }
    /// A key with its value, if one begins here.
    fn entry(&mut self, column: i64, depth: usize) -> Option<Entry> {
        let start = self.at;
        let explicit = self.indicator(b'?');
        let key = if explicit {
            self.at += 1;
            self.value(column, true, true, depth + 1)
        } else if self.indicator(b':') {
            self.nothing(start)
        } else {
            let (props, before, at) = self.props(start);
            let (end, colon) = self.key(at)?;
            self.at = at;
            let node = match self.s[at] {
                _ if end == at => self.nothing(before),
                b'[' | b'{' => {
                    self.odd = false;
                    let node = self.flow_node(depth + 1);
                    if self.odd {
                        self.notice(at, end, NoticeKind::PartlyUnderstood, ODD);
                    }
                    node
                }
                b'*' => self.alias(at, end, depth + 1),
                b'"' => self.scalar(at, end, Style::Double, props.tag),
                b'\'' => self.scalar(at, end, Style::Single, props.tag),
                _ => self.scalar(at, end, Style::Plain, props.tag),
            };
            self.at = colon;
            self.dress(node, props)
        };
        if explicit {
            let end = self.last;
            self.skip();
            if self.ended() || self.column() != column || !self.indicator(b':') {
                return Some(Entry { value: self.nothing(end), key, merged: None });
            }
        }
        let compact = explicit || self.at == start;
        self.at += 1;
        let value = self.value(column, true, compact, depth + 1);
        Some(Entry { key, value, merged: None })
    }
    /// Where a key that begins at `at` ends, and its colon.
    fn key(&self, at: usize) -> Option<(usize, usize)> {
        let end = match self.s.get(at)? {
            b'"' | b'\'' => scan::quoted_end(self.s, at, true)?,
            b'[' | b'{' => scan::brackets_end(self.s, at)?,
            b'|' | b'>' => return None,
            _ => {
                let colon = scan::colon(self.s, at)?;
                return Some((trimmed(self.s, at, colon), colon));
            }
        };
        let colon = spaces(self.s, end);
        (self.s.get(colon) == Some(&b':') && gap(self.s, colon + 1)).then_some((end, colon))
    }
}
