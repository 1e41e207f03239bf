//! What stands in the lines of block collections: scalars, aliases, flow collections, and what is left of an entry that no reader takes.

use super::anchors::{Lost, null, raw};
use super::block::{ODD, Props, Reader};
use super::scan::{self, blank, break_len, gap, line_end, marker, spaces, trimmed};
use super::{Node, NodeKind, Scalar, Style, scalar};
use crate::notice::NoticeKind;
use crate::text::Text;

impl<'a> Reader<'a> {
    /// A value that is no block collection. `alone`: it stands in a line of its own, where a key could.
    pub fn inline(&mut self, parent: i64, alone: bool, mut props: Props<'a>, depth: usize) -> Node {
        // What is odd costs the deeper lines too: those of its key, or those below its own line.
        let odd = if alone { self.column() } else { parent };
        if alone {
            (props, self.last, self.at) = self.props(self.at);
        }
        let start = self.at;
        let node = match self.byte() {
            Some(b'*') => {
                let end = (start..).find(|p| gap(self.s, *p)).unwrap_or(start);
                self.alias(start, end, depth)
            }
            Some(b'"' | b'\'') => match self.quoted(start) {
                Some(end) => self.scalar(start, end, if self.s[start] == b'"' { Style::Double } else { Style::Single }, props.tag),
                None => self.left(start, odd),
            },
            Some(b'{') if alone && scan::template(self.s, start) => self.left(start, odd),
            Some(b'[' | b'{') => {
                self.odd = false;
                let node = self.flow_node(depth);
                if self.odd || !self.only() {
                    self.rest(odd);
                    self.notice(start, self.last, NoticeKind::PartlyUnderstood, ODD);
                }
                node
            }
            Some(b'|' | b'>') => match scalar::block(self.src, start, parent) {
                Some((text, end, style)) => self.block_scalar(start, end, text, style, props.tag),
                None => self.left(start, odd),
            },
            Some(b'%' | b'@' | b'`') => self.left(start, odd),
            _ => {
                let end = self.plain(start, parent, alone);
                self.scalar(start, end, Style::Plain, props.tag)
            }
        };
        let node = if self.only() { node } else { self.left(start, odd) };
        if alone { self.dress(node, props) } else { node }
    }
    /// Whether nothing but a comment follows in the line.
    fn only(&self) -> bool {
        let next = spaces(self.s, self.at);
        next >= self.s.len() || self.s[next] == b'#' || break_len(self.s, next) > 0
    }
    /// What is left of an entry that no reader takes.
    fn left(&mut self, start: usize, parent: i64) -> Node {
        self.rest(parent);
        self.raw(start, NoticeKind::PartlyUnderstood, ODD)
    }
    /// The bytes from `start` to where reading stopped.
    pub fn raw(&mut self, start: usize, kind: NoticeKind, why: &str) -> Node {
        self.notice(start, self.last, kind, why);
        raw(self.src, start, self.last)
    }
    /// The next line with something in it, if it is deeper than `parent`: its first token and its start.
    fn below(&self, end: usize, parent: i64) -> Option<(usize, usize)> {
        let (mut next, mut line) = (end, end);
        loop {
            let n = break_len(self.s, next);
            if n == 0 {
                break;
            }
            line = next + n;
            next = spaces(self.s, line);
        }
        let deeper = next < self.s.len() && !(next == line && marker(self.s, line)) && i64::try_from(next - line).is_ok_and(|c| c > parent);
        deeper.then_some((next, line))
    }
    /// To the end of the lines that are deeper than `parent`.
    pub fn rest(&mut self, parent: i64) {
        loop {
            let from = self.at;
            self.finish_line();
            let end = trimmed(self.s, from, self.at);
            if end > from {
                self.last = end;
            }
            match self.below(self.at, parent) {
                Some((next, line)) => (self.at, self.line) = (next, line),
                None => return,
            }
        }
    }
    /// Where a plain scalar ends.
    fn plain(&mut self, start: usize, parent: i64, alone: bool) -> usize {
        let mut from = start;
        loop {
            let mut stop = from;
            let commented = loop {
                match self.s.get(stop) {
                    None => break false,
                    Some(b'#') if stop > start && blank(self.s.get(stop - 1)) => break true,
                    Some(b'\n' | b'\r' | 0xc2 | 0xe2) if break_len(self.s, stop) > 0 => break false,
                    Some(_) => stop += 1,
                }
            };
            self.at = trimmed(self.s, from, stop);
            match self.below(stop, parent) {
                // Where keys may stand, a line with a key is one of them.
                Some((next, _)) if !commented && self.s[next] != b'#' && !(alone && scan::colon(self.s, next).is_some()) => from = next,
                _ => return self.at,
            }
        }
    }
    /// Where the quoted scalar that begins at `start` ends.
    pub fn quoted(&mut self, start: usize) -> Option<usize> {
        let kind = usize::from(self.s[start] == b'"');
        let end = scan::quoted_end(self.s, start, self.unclosed[kind]);
        self.unclosed[kind] |= end.is_none();
        end
    }
    /// A plain or quoted scalar; reading goes on behind it.
    pub fn scalar(&mut self, start: usize, end: usize, style: Style, tag: Option<&str>) -> Node {
        let quote = usize::from(style != Style::Plain);
        let text = scalar::flow(self.src, start + quote, end - quote, style);
        let core = scalar::core(text.as_str(), style, tag);
        (self.at, self.last) = (end, end);
        Node { range: self.src.range(start, end), alias: None, tag: None, kind: NodeKind::Scalar(Scalar { text, style, core }) }
    }
    fn block_scalar(&mut self, start: usize, end: usize, text: Text, style: Style, tag: Option<&str>) -> Node {
        let core = scalar::core(text.as_str(), style, tag);
        let header = line_end(self.s, start);
        if end <= header {
            self.finish_line();
        } else if let Some(at) = scan::comment(self.s, start, header) {
            self.comments.push((at, header));
        }
        (self.at, self.last) = (end.max(header), end);
        // The last break belongs to the text.
        let range = self.src.range(start, end);
        let range = if text.is_empty() { range } else { range.cover(text.whole()) };
        Node { range, alias: None, tag: None, kind: NodeKind::Scalar(Scalar { text, style, core }) }
    }
    /// What the alias between `start` and `end` stands for; reading goes on behind it.
    pub fn alias(&mut self, start: usize, end: usize, depth: usize) -> Node {
        (self.at, self.last) = (end, end);
        let place = self.src.range(start, end);
        let name = self.src.as_str().get(start + 1..end).unwrap_or_default();
        let (kind, why) = match self.anchors.follow(name, place, depth) {
            Ok(node) => return node,
            Err(Lost::Unknown) => (NoticeKind::PartlyUnderstood, format!("the alias `*{name}` names no anchor before it")),
            Err(Lost::TooMuch) => (NoticeKind::Limit, "aliases expand to too much; this one is not followed".to_owned()),
        };
        self.notice(start, end, kind, &why);
        null(place)
    }
}
