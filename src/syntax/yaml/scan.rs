//! What can be said of YAML without its grammar: encodings, the masks the grammar needs, where quoted and block scalars and comments stand, and how
//! deep lines may nest. Line by line and total, so it also holds for text that the grammar loses.

use super::scalar::{block, break_len, marker};
use crate::source::Range;
use crate::text::Text;

/// The text of a file: UTF-8 (bad bytes replaced one for one) or UTF-16 with a byte-order mark; the mark itself is left out.
pub(super) fn decode(bytes: &[u8]) -> Result<Text, &'static str> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => Ok(utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Ok(utf16(rest, u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(Text::verbatim(rest, 3)),
        _ if bytes.iter().take(4096).filter(|b| **b == 0).count() > 8 => Err("binary, not read as YAML"),
        _ => Ok(Text::verbatim(bytes, 0)),
    }
}

fn utf16(rest: &[u8], unit: fn([u8; 2]) -> u16) -> Text {
    let mut out = Text::default();
    let mut at = 2;
    let units = rest.chunks_exact(2).map(|c| unit([c[0], c[1]]));
    for c in char::decode_utf16(units) {
        let (c, len) = c.map_or(('\u{fffd}', 2), |c| (c, c.len_utf16() * 2));
        out.push(c.encode_utf8(&mut [0; 4]), Range::new(at, at + len));
        at += len;
    }
    out
}

/// What the grammar is given: the same length, every line break of any reader a line feed, and no byte it takes for the end.
pub(super) fn masked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let n = break_len(bytes, at);
        let crlf = n == 2 && bytes[at] == b'\r';
        match bytes[at] {
            _ if crlf => out.extend(b"\r\n"),
            _ if n > 0 => {
                out.extend(std::iter::repeat_n(b' ', n - 1));
                out.push(b'\n');
            }
            0 => out.push(b' '),
            b => out.push(b),
        }
        at += n.max(1);
    }
    String::from_utf8(out).unwrap_or_default()
}

/// A line that begins outside every scalar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// First byte.
    pub start: usize,
    /// First byte that is no space, or the end of the line.
    pub text: usize,
    /// Blank, or nothing but a comment.
    pub bare: bool,
}

/// Where things stand, in order.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Lines whose beginning is structure.
    pub lines: Vec<Line>,
    /// Quoted scalars, quotes included.
    pub quoted: Vec<(usize, usize)>,
    /// Outermost flow collections, brackets included; one that never ends runs to the end of its document.
    pub flows: Vec<(usize, usize)>,
    /// Comments.
    pub comments: Vec<(usize, usize)>,
}

struct Scan<'a> {
    src: &'a Text,
    s: &'a [u8],
    out: Marks,
    flow: usize,
    /// Column of the innermost key or dash so far: what a block scalar must be indented beyond.
    parent: i64,
    line: usize,
}

/// Walks the text once.
pub(super) fn marks(src: &Text) -> Marks {
    let s = src.as_str().as_bytes();
    let mut scan = Scan { src, s, out: Marks::default(), flow: 0, parent: -1, line: 0 };
    let (mut at, mut in_plain) = (0, false);
    while at < s.len() {
        scan.line = at;
        let text = scan.spaces(at);
        let column = i64::try_from(text - at).unwrap_or(i64::MAX);
        let bare = text >= s.len() || break_len(s, text) > 0 || s[text] == b'#';
        let directive = s[at] == b'%' && !in_plain && scan.flow == 0;
        if marker(s, at) || directive {
            // Nothing goes on across the end of a document.
            if scan.flow > 0
                && let Some(open) = scan.out.flows.last_mut()
            {
                open.1 = at;
            }
            (scan.flow, scan.parent, in_plain) = (0, -1, false);
        }
        if directive {
            scan.out.lines.push(Line { start: at, text, bare });
            let end = scan.line_end(at);
            at = end + break_len(s, end);
            continue;
        }
        let goes_on = in_plain && scan.flow == 0 && column > scan.parent;
        if !goes_on && scan.flow == 0 {
            scan.out.lines.push(Line { start: at, text, bare });
        }
        if !bare && !goes_on && scan.flow == 0 {
            scan.parent = scan.parent.min(column - 1);
        }
        (at, in_plain) = if goes_on && !bare {
            let (next, open) = scan.plain(text, false);
            (next, open.unwrap_or(true))
        } else {
            scan.tokens(if marker(s, at) { at + 3 } else { text }, in_plain && bare)
        };
    }
    scan.out
}

impl Scan<'_> {
    fn spaces(&self, mut at: usize) -> usize {
        while matches!(self.s.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        at
    }
    fn line_end(&self, mut at: usize) -> usize {
        while at < self.s.len() && break_len(self.s, at) == 0 {
            at += 1;
        }
        at
    }
    fn gap(&self, at: usize) -> bool {
        at >= self.s.len() || matches!(self.s[at], b' ' | b'\t') || break_len(self.s, at) > 0
    }
    fn column(&self, at: usize) -> i64 {
        i64::try_from(at - self.line).unwrap_or(i64::MAX)
    }

    /// Tokens of a line from `at`, where a token may begin. Returns where the next line begins and whether a plain scalar may go on there.
    fn tokens(&mut self, mut at: usize, mut in_plain: bool) -> (usize, bool) {
        let s = self.s;
        loop {
            at = self.spaces(at);
            let n = break_len(s, at);
            if at >= s.len() || n > 0 {
                return (at + n, in_plain);
            }
            in_plain = false;
            match s[at] {
                b'#' => {
                    let end = self.line_end(at);
                    self.out.comments.push((at, end));
                    at = end;
                }
                quote @ (b'"' | b'\'') => {
                    let start = at;
                    let end = quoted_end(s, at, quote);
                    self.out.quoted.push((start, end));
                    at = self.spaces(end);
                    if s.get(at) == Some(&b':') && (self.flow > 0 || self.gap(at + 1)) {
                        self.key(start);
                        at += 1;
                    }
                }
                b'-' | b'?' | b':' if self.gap(at + 1) => {
                    self.key(at);
                    at += 1;
                }
                b'&' | b'*' | b'!' => {
                    let start = at;
                    while !(self.gap(at) || self.flow > 0 && matches!(s[at], b',' | b']' | b'}')) {
                        at += 1;
                    }
                    // An alias may be a key.
                    if s[start] == b'*' && s.get(self.spaces(at)) == Some(&b':') {
                        self.key(start);
                    }
                }
                b'|' | b'>' if self.flow == 0 && block(self.src, at, self.parent).is_some() => {
                    let end = block(self.src, at, self.parent).map_or(at, |(_, end, _)| end);
                    let header = self.line_end(at);
                    if let Some(hash) = s.get(at..header).and_then(|h| h.iter().position(|b| *b == b'#')) {
                        self.out.comments.push((at + hash, header));
                    }
                    let end = self.line_end(end.max(header));
                    return (end + break_len(s, end), false);
                }
                b'[' | b'{' => {
                    if self.flow == 0 {
                        self.out.flows.push((at, s.len()));
                    }
                    self.flow += 1;
                    at += 1;
                }
                b']' | b'}' if self.flow > 0 => {
                    self.flow -= 1;
                    at += 1;
                    if self.flow == 0
                        && let Some(last) = self.out.flows.last_mut()
                    {
                        last.1 = at;
                    }
                }
                b',' if self.flow > 0 => at += 1,
                _ => match self.plain(at, true) {
                    (next, Some(open)) => return (next, open),
                    (next, None) => at = next,
                },
            }
        }
    }
    fn key(&mut self, at: usize) {
        if self.flow == 0 {
            self.parent = self.column(at);
        }
    }
    /// A plain scalar from `at`: up to behind a key's colon or to a flow mark (and nothing more), or to the next line (and whether it may go on there).
    fn plain(&mut self, at: usize, may_be_key: bool) -> (usize, Option<bool>) {
        let mut p = at;
        while p < self.s.len() {
            let n = break_len(self.s, p);
            match self.s[p] {
                _ if n > 0 => return (p + n, Some(true)),
                b':' if may_be_key && (self.gap(p + 1) || (self.flow > 0 && matches!(self.s.get(p + 1), Some(b',' | b'[' | b']' | b'{' | b'}')))) => {
                    self.key(at);
                    return (p + 1, None);
                }
                b'#' if p > at && matches!(self.s.get(p - 1), Some(b' ' | b'\t')) => {
                    let end = self.line_end(p);
                    self.out.comments.push((p, end));
                    return (end + break_len(self.s, end), Some(false));
                }
                b',' | b']' | b'}' | b'[' | b'{' if self.flow > 0 && p > at => return (p, None),
                _ => p += 1,
            }
        }
        (p, Some(false))
    }
}

/// Where the quoted scalar that begins at `at` ends, its quote included.
pub(super) fn quoted_end(s: &[u8], at: usize, quote: u8) -> usize {
    let mut p = at + 1;
    while p < s.len() {
        match s[p] {
            b'\\' if quote == b'"' => p += 1,
            b if b == quote => {
                if quote == b'\'' && s.get(p + 1) == Some(&b'\'') {
                    p += 1;
                } else {
                    return p + 1;
                }
            }
            _ => {}
        }
        p += 1;
    }
    s.len()
}

/// An upper bound on how many collections can be open at once in the grammar's eyes: for each line the marks that can open one, summed over the
/// lines it may stand in.
pub(super) fn nesting(text: &str) -> usize {
    let mut open: Vec<(usize, usize)> = Vec::new();
    let (mut total, mut most) = (0, 0);
    for line in text.split('\n') {
        let body = line.trim_start_matches([' ', '\t', '\r']);
        if body.is_empty() {
            continue;
        }
        let indent = line.len() - body.len();
        while open.last().is_some_and(|(i, _)| *i >= indent) {
            total -= open.pop().map_or(0, |(_, n)| n);
        }
        let marks = 1 + body.split([' ', '\t', '\r']).filter(|w| matches!(*w, "-" | "?" | ":") || w.ends_with(':')).count();
        open.push((indent, marks));
        total += marks;
        most = most.max(total);
    }
    most
}
