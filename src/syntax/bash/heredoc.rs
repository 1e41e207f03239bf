//! Here-documents: where the shell says a body ends, and what is expanded in it.

use crate::syntax::bash::cursor::{Pending, Reader, masked};
use crate::syntax::bash::{Gap, Part, Word};
use crate::text::Text;

impl Reader<'_> {
    /// Reads the body of a here-document that begins at the current line.
    pub fn document(&mut self, pending: Pending) {
        let start = self.pos;
        let mut body = Text::default();
        let mut gaps = Vec::new();
        let (mut close, mut loose) = (None, None);
        let mut at = start;
        while at < self.end {
            let (line_start, line_end, next) = self.logical_line(at, !pending.quoted);
            let seen = self.line_bytes(line_start, line_end, &pending);
            let trimmed = seen.strip_suffix(b"\r").unwrap_or(&seen);
            if seen == pending.delimiter || (pending.cr && trimmed == pending.delimiter) {
                close = Some((at, next));
                break;
            }
            if loose.is_none() && trimmed == pending.delimiter {
                loose = Some((at, next));
            }
            at = next;
        }
        // Without an exact last line the shell takes all the rest. One that differs only by a CR is taken instead: it will be exact where line ends
        // are converted.
        let (body_end, next) = close.or(loose).unwrap_or((self.end, self.end));
        if close.is_none() && loose.is_none() {
            self.problem(start.saturating_sub(1), start, "a here-document runs to the end of the text");
        }
        let mut at = start;
        while at < body_end {
            let line_end = self.bytes.get(at..body_end).and_then(|b| b.iter().position(|c| *c == b'\n')).map_or(body_end, |n| at + n + 1);
            let from = if pending.tabs { self.after_tabs(at, line_end) } else { at };
            self.copy(from, line_end, &mut body, &mut gaps);
            at = line_end;
        }
        self.pos = next;
        let whole = self.range(start, body_end);
        let parts = if pending.quoted {
            let bytes = masked(&body, &gaps);
            let mut parts = Vec::new();
            Reader::new(&body, &gaps, &bytes, 0..bytes.len(), 0).raw(0, bytes.len(), true, &mut parts);
            parts
        } else {
            self.inner(&body, &gaps, |inner| inner.expanded())
        };
        if let Some(slot) = self.out.bodies.get_mut(pending.index - self.base) {
            *slot = Word { range: whole, parts };
        }
    }

    /// Reads `text`, decoded from a part of this one, with a reader of its own.
    pub fn inner<T>(&mut self, text: &Text, gaps: &[Gap], read: impl FnOnce(&mut Reader) -> T) -> T {
        let bytes = masked(text, gaps);
        let mut inner = Reader::new(text, gaps, &bytes, 0..bytes.len(), self.base);
        inner.depth = self.depth;
        inner.out = std::mem::take(&mut self.out);
        let value = read(&mut inner);
        self.out = inner.out;
        value
    }

    /// Appends a stretch of the text to `out`, and its gaps to `gaps`.
    pub fn copy(&self, start: usize, end: usize, out: &mut Text, gaps: &mut Vec<Gap>) {
        let base = out.len();
        let first = self.gaps.partition_point(|g| g.end <= start);
        for gap in self.gaps.iter().skip(first).take_while(|g| g.start < end) {
            let (s, e) = (gap.start.max(start), gap.end.min(end));
            gaps.push(Gap { start: base + s - start, end: base + e - start, id: gap.id });
        }
        out.append(&self.text.slice(start, end));
    }

    fn after_tabs(&self, start: usize, end: usize) -> usize {
        start + self.bytes.get(start..end).unwrap_or_default().iter().take_while(|c| **c == b'\t').count()
    }

    /// Start, end (without line end) and the start of the next of the line at `at`; lines joined by a backslash are one when `joined`.
    fn logical_line(&self, at: usize, joined: bool) -> (usize, usize, usize) {
        let mut from = at;
        loop {
            let rest = self.bytes.get(from..self.end).unwrap_or_default();
            let Some(n) = rest.iter().position(|c| *c == b'\n') else { return (at, self.end, self.end) };
            let line = rest.get(..n).unwrap_or_default();
            let slashes = line.iter().rev().take_while(|c| **c == b'\\').count();
            if !joined || slashes % 2 == 0 {
                return (at, from + n, from + n + 1);
            }
            from += n + 1;
        }
    }

    /// What the shell compares with the delimiter.
    fn line_bytes(&self, start: usize, end: usize, pending: &Pending) -> Vec<u8> {
        let start = if pending.tabs { self.after_tabs(start, end) } else { start };
        let line = self.bytes.get(start..end).unwrap_or_default();
        // Longer than the delimiter and a CR is enough to tell a difference: long lines are not copied.
        let enough = pending.delimiter.len() + 2;
        let mut out = Vec::with_capacity(enough);
        let mut at = 0;
        while let (Some(c), true) = (line.get(at), out.len() < enough) {
            match (c, line.get(at + 1)) {
                (0, _) => at += 1,
                (b'\\', Some(b'\n')) if !pending.quoted => at += 2,
                _ => {
                    out.push(*c);
                    at += 1;
                }
            }
        }
        out
    }

    /// The parts of an unquoted body.
    fn expanded(&mut self) -> Vec<Part> {
        let mut parts = Vec::new();
        self.quoted_run(None, &mut parts);
        parts
    }
}
