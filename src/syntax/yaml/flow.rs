//! Flow collections (`[…]`, `{…}`) read without the grammar, for texts it loses. Takes what readers take, and an odd byte for one element; knows no lines:
//! whoever calls has turned breaks and comments inside the brackets into spaces.

use super::scan::quoted_end;
use super::tree::{self, Reader};
use super::{DEPTH, Entry, Node, NodeKind, Scalar, Style, scalar};
use crate::notice::NoticeKind;

/// Reads the value at a place of `masked`.
pub(super) struct Flow<'a, 'b> {
    /// What the grammar saw: breaks and comments are spaces.
    pub masked: &'b [u8],
    /// Where anchors, notices and the original text are.
    pub reader: &'b mut Reader<'a>,
    /// Whether something did not fit.
    pub odd: bool,
}

impl Flow<'_, '_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.masked.get(at).copied()
    }
    fn spaces(&self, mut at: usize) -> usize {
        while matches!(self.byte(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        at
    }
    /// Whether a word ends here.
    fn stop(&self, at: usize) -> bool {
        self.byte(at).is_none_or(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}'))
    }
    fn word(&self, at: usize) -> (String, usize) {
        let end = (at..=self.masked.len()).find(|p| self.stop(*p)).unwrap_or(self.masked.len());
        (self.reader.src.as_str().get(at..end).unwrap_or_default().to_owned(), end)
    }
    /// The value at `at`, and where it ends.
    pub fn node(&mut self, at: usize, depth: usize) -> (Node, usize) {
        let mut at = self.spaces(at);
        let (mut anchor, mut tag) = (None, None);
        while let Some(mark @ (b'&' | b'!')) = self.byte(at) {
            let (word, end) = self.word(at + 1);
            match mark {
                b'&' => anchor = Some(word),
                _ => tag = Some(format!("!{word}")),
            }
            at = self.spaces(end);
        }
        let (mut node, end) = self.value(at, depth, tag.as_deref());
        node.tag = tag.or(node.tag);
        if let Some(name) = anchor {
            self.reader.anchor(name, &node);
        }
        (node, end)
    }
    fn value(&mut self, at: usize, depth: usize, tag: Option<&str>) -> (Node, usize) {
        if depth > DEPTH {
            let range = self.reader.src.range(at, self.masked.len());
            self.reader.notice(range, NoticeKind::Limit, "nested too deep; what lies deeper is not read");
            return (tree::raw(self.reader.src, at, self.masked.len()), self.masked.len());
        }
        match self.byte(at) {
            Some(open @ (b'[' | b'{')) => self.collection(at, open, depth),
            Some(quote @ (b'"' | b'\'')) => {
                let end = quoted_end(self.masked, at, quote);
                let style = if quote == b'"' { Style::Double } else { Style::Single };
                (self.scalar(at, end, style, tag), end)
            }
            Some(b'*') => {
                let (name, end) = self.word(at + 1);
                let range = self.reader.src.range(at, end);
                (self.reader.alias(&name, range, depth), end)
            }
            _ => {
                let colon = |p: usize| self.byte(p) == Some(b':') && self.stop(p + 1);
                let mark = |p: usize| self.byte(p).is_none_or(|b| matches!(b, b',' | b'[' | b']' | b'{' | b'}'));
                let mut end = (at..self.masked.len()).find(|p| mark(*p) || colon(*p)).unwrap_or(self.masked.len());
                while end > at && matches!(self.byte(end - 1), Some(b' ' | b'\t' | b'\n' | b'\r')) {
                    end -= 1;
                }
                (self.scalar(at, end, Style::Plain, tag), end)
            }
        }
    }
    fn scalar(&self, start: usize, end: usize, style: Style, tag: Option<&str>) -> Node {
        let quote = usize::from(style != Style::Plain);
        let src = self.reader.src;
        let text = scalar::flow(src, start + quote, end.saturating_sub(quote).max(start + quote), style);
        let core = scalar::core(text.as_str(), style, tag);
        Node { range: src.range(start, end), alias: None, tag: None, kind: NodeKind::Scalar(Scalar { text, style, core }) }
    }
    fn collection(&mut self, start: usize, open: u8, depth: usize) -> (Node, usize) {
        let close = if open == b'[' { b']' } else { b'}' };
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        let mut at = start + 1;
        let mut parted = true;
        loop {
            at = self.spaces(at);
            match self.byte(at) {
                None => {
                    self.odd = true;
                    break;
                }
                Some(b) if b == close => {
                    at += 1;
                    break;
                }
                Some(b',') => {
                    parted = true;
                    at += 1;
                }
                Some(b']' | b'}') => {
                    self.odd = true;
                    at += 1;
                }
                Some(_) => {
                    // Two values without a comma: `{ a: ${{ b }} }` is what no reader takes.
                    self.odd |= !parted;
                    parted = false;
                    let begin = at;
                    let (entry, paired, end) = self.entry(at, depth + 1);
                    at = end.max(at + 1);
                    if open == b'{' {
                        entries.push(entry);
                    } else if paired {
                        let range = self.reader.src.range(begin, end);
                        items.push(Node { range, alias: None, tag: None, kind: NodeKind::Map(vec![entry]) });
                    } else {
                        items.push(entry.key);
                    }
                }
            }
        }
        tree::merge(&mut entries);
        let kind = if open == b'[' { NodeKind::Seq(items) } else { NodeKind::Map(entries) };
        (Node { range: self.reader.src.range(start, at), alias: None, tag: None, kind }, at)
    }
    /// A key with its value, or a key alone; whether it is a pair; where it ends.
    fn entry(&mut self, at: usize, depth: usize) -> (Entry, bool, usize) {
        let explicit = self.byte(at) == Some(b'?') && self.stop(at + 1);
        let (key, end) = self.node(if explicit { at + 1 } else { at }, depth);
        let colon = self.spaces(end);
        let json = key.scalar().is_none_or(|s| s.style != Style::Plain);
        let nothing = tree::null(self.reader.src.range(end, end));
        if self.byte(colon) != Some(b':') || !(json || self.stop(colon + 1)) {
            return (Entry { key, value: nothing, merged: None }, explicit, end);
        }
        let next = self.spaces(colon + 1);
        if self.byte(next).is_none_or(|b| matches!(b, b',' | b']' | b'}')) {
            return (Entry { key, value: nothing, merged: None }, true, colon + 1);
        }
        let (value, end) = self.node(next, depth);
        (Entry { key, value, merged: None }, true, end)
    }
}
