//! Flow collections (`[…]`, `{…}`). Takes what readers take, and an odd byte for one element; one that never ends goes on to the end of its document.

use super::anchors::{self, raw};
use super::block::{DEEP, Props, Reader};
use super::scan::{blank, break_len, flow_stop, line_end, trimmed};
use super::{DEPTH, Entry, Node, NodeKind, Style};
use crate::notice::NoticeKind;

impl Reader<'_> {
    fn word(&self) -> usize {
        let mut end = self.at + 1;
        while !flow_stop(self.s, end) {
            end += 1;
        }
        end
    }
    /// The value that begins here, inside brackets or with them.
    pub fn flow_node(&mut self, depth: usize) -> Node {
        let mut props = Props::default();
        // Nothing stands directly behind what came before.
        let mut end = self.last;
        while matches!(self.byte(), Some(b'&' | b'!')) {
            end = self.word();
            self.prop(&mut props, self.at, end);
            self.at = end;
            self.skip();
        }
        let start = self.at;
        let dressed = props.anchor.is_some() || props.tag.is_some();
        let bare = |b| matches!(b, b',' | b']' | b'}') || (b == b':' && dressed && flow_stop(self.s, start + 1));
        let node = if self.ended() || self.byte().is_some_and(bare) {
            self.last = end;
            self.nothing(end)
        } else if depth > DEPTH {
            self.brackets();
            self.notice(start, self.last, NoticeKind::Limit, DEEP);
            raw(self.src, start, self.last)
        } else {
            match self.s[start] {
                open @ (b'[' | b'{') => self.collection(open, depth),
                b'"' | b'\'' => self.flow_quoted(props.tag),
                b'*' => self.alias(start, self.word(), depth),
                _ => {
                    let end = self.flow_plain();
                    self.scalar(start, end, Style::Plain, props.tag)
                }
            }
        };
        self.dress(node, props)
    }
    fn flow_quoted(&mut self, tag: Option<&str>) -> Node {
        let start = self.at;
        if let Some(end) = self.quoted(start) {
            let style = if self.s[start] == b'"' { Style::Double } else { Style::Single };
            return self.scalar(start, end, style, tag);
        }
        self.odd = true;
        self.at = line_end(self.s, start);
        self.last = trimmed(self.s, start, self.at);
        raw(self.src, start, self.last)
    }
    /// Where the plain scalar that begins here ends.
    fn flow_plain(&self) -> usize {
        let (mut p, mut line) = (self.at, self.at);
        // Behind the last byte that is no blank.
        let mut end = p;
        while let Some(b) = self.s.get(p) {
            match b {
                b',' | b'[' | b']' | b'{' | b'}' => break,
                b':' if flow_stop(self.s, p + 1) => break,
                b'#' if p == line || blank(self.s.get(p - 1)) => break,
                b' ' | b'\t' => p += 1,
                b'\n' | b'\r' | 0xc2 | 0xe2 if break_len(self.s, p) > 0 => {
                    p += break_len(self.s, p);
                    line = p;
                    if super::scan::marker(self.s, p) {
                        break;
                    }
                }
                _ => {
                    p += 1;
                    end = p;
                }
            }
        }
        end
    }
    fn collection(&mut self, open: u8, depth: usize) -> Node {
        let start = self.at;
        let close = if open == b'[' { b']' } else { b'}' };
        let (mut items, mut entries) = (Vec::new(), Vec::new());
        let mut parted = true;
        self.at += 1;
        self.last = self.at;
        loop {
            self.skip();
            if self.ended() {
                self.odd = true;
                break;
            }
            match self.s[self.at] {
                b if b == close => {
                    self.at += 1;
                    self.last = self.at;
                    break;
                }
                b',' => {
                    parted = true;
                    self.at += 1;
                    self.last = self.at;
                }
                b']' | b'}' => {
                    self.odd = true;
                    self.at += 1;
                    self.last = self.at;
                }
                _ => {
                    // Two values without a comma: `{ a: ${{ b }} }` is what no reader takes.
                    self.odd |= !parted;
                    parted = false;
                    let begin = self.at;
                    let (entry, paired) = self.flow_entry(depth + 1);
                    self.at = self.at.max(begin + 1);
                    if open == b'{' {
                        entries.push(entry);
                    } else if paired {
                        let range = self.src.range(begin, self.last);
                        items.push(Node { range, alias: None, tag: None, kind: NodeKind::Map(vec![entry]) });
                    } else {
                        items.push(entry.key);
                    }
                }
            }
        }
        anchors::merge(&mut entries);
        let kind = if open == b'[' { NodeKind::Seq(items) } else { NodeKind::Map(entries) };
        Node { range: self.src.range(start, self.last), alias: None, tag: None, kind }
    }
    /// A key with its value, or a key alone; whether it is a pair.
    fn flow_entry(&mut self, depth: usize) -> (Entry, bool) {
        // Readers of YAML 1.1 want no space behind it.
        let explicit = self.s[self.at] == b'?';
        if explicit {
            self.at += 1;
            self.last = self.at;
            self.skip();
        }
        let key = self.flow_node(depth);
        let end = self.last;
        self.skip();
        let json = key.scalar().is_none_or(|s| s.style != Style::Plain);
        if self.ended() || self.s[self.at] != b':' || !(json || flow_stop(self.s, self.at + 1)) {
            return (Entry { key, value: self.nothing(end), merged: None }, explicit);
        }
        self.at += 1;
        self.last = self.at;
        self.skip();
        let value = self.flow_node(depth);
        (Entry { key, value, merged: None }, true)
    }
    /// Behind a value of which only the brackets are counted.
    fn brackets(&mut self) {
        let mut open = 0usize;
        loop {
            self.skip();
            if self.ended() {
                return;
            }
            match self.s[self.at] {
                b'[' | b'{' => open += 1,
                b']' | b'}' if open <= 1 => {
                    self.at += open;
                    self.last = self.last.max(self.at);
                    return;
                }
                b']' | b'}' => open -= 1,
                b',' if open == 0 => return,
                b'"' | b'\'' if flow_stop(self.s, self.at - 1) => {
                    if let Some(end) = self.quoted(self.at) {
                        self.at = end - 1;
                    }
                }
                _ => {}
            }
            self.at += 1;
            self.last = self.at;
        }
    }
}
