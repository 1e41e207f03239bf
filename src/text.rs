//! Decoded text with an offset map: a YAML scalar, a heredoc body, a notebook cell, a string literal. Knows no language.
//!
//! A [`Text`] maps each of its bytes to bytes of the *original file*, however deep it is embedded: taking a [`Text::slice`] of a mapped text, or
//! [`Text::push`]ing parts together, keeps the map, so maps compose by construction and no front end ever adds offsets itself.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::source::Range;

/// A stretch of decoded bytes and the file bytes it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Run {
    /// First decoded byte.
    at: u32,
    /// The file bytes. When as long as the decoded stretch the map is byte for byte; otherwise (an escape) every decoded byte maps to the whole.
    from: Range,
}

/// Decoded text and where each byte of it stands in the file. Runs are ordered, cover the text without gaps, and are maximal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Text {
    text: String,
    /// Nearly always one, which needs no memory of its own.
    runs: SmallVec<[Run; 1]>,
}

impl Text {
    /// A whole file (or any stretch of it beginning at `start`) that needs no decoding. Invalid UTF-8 is replaced, one `?` for each bad byte,
    /// so that the map stays byte for byte.
    pub fn verbatim(bytes: &[u8], start: usize) -> Self {
        let run = Run { at: 0, from: Range::new(start, start + bytes.len()) };
        Text { text: utf8_same_length(bytes), runs: SmallVec::from_iter((!bytes.is_empty()).then_some(run)) }
    }
    /// Text that stands nowhere byte for byte: all of it maps to `range`.
    pub fn synthetic(text: &str, range: Range) -> Self {
        let mut out = Text::default();
        out.push(text, range);
        out
    }
    /// The decoded text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// Length in decoded bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }
    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
    /// Appends decoded text that was read from `from`.
    pub fn push(&mut self, decoded: &str, from: Range) {
        if decoded.is_empty() {
            return;
        }
        let at = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(decoded);
        if let Some(last) = self.runs.last() {
            let linear = last.from.len() == (at - last.at) as usize;
            if linear && last.from.end == from.start && from.len() == decoded.len() {
                let last = self.runs.len() - 1;
                self.runs[last].from.end = from.end;
                return;
            }
        }
        self.runs.push(Run { at, from });
    }
    /// Appends another text with its map.
    pub fn append(&mut self, other: &Text) {
        for (i, run) in other.runs.iter().enumerate() {
            let end = other.runs.get(i + 1).map_or(other.text.len(), |r| r.at as usize);
            self.push(other.text.get(run.at as usize..end).unwrap_or_default(), run.from);
        }
    }
    /// The part at a range of decoded bytes, with its map. Bounds inside a character are moved outwards to its ends.
    pub fn slice(&self, start: usize, end: usize) -> Text {
        let mut out = Text::default();
        out.push_part(self, start, end);
        out
    }
    /// Appends what [`Text::slice`] gives.
    pub fn push_part(&mut self, of: &Text, start: usize, end: usize) {
        let mut start = start.min(of.text.len());
        let mut end = end.clamp(start, of.text.len());
        while !of.text.is_char_boundary(start) {
            start -= 1;
        }
        while !of.text.is_char_boundary(end) {
            end += 1;
        }
        let first = of.runs.partition_point(|r| (r.at as usize) <= start).saturating_sub(1);
        for (i, run) in of.runs.iter().enumerate().skip(first) {
            let run_end = of.runs.get(i + 1).map_or(of.text.len(), |r| r.at as usize);
            let (s, e) = (start.max(run.at as usize), end.min(run_end));
            if s >= e {
                if run.at as usize >= end {
                    break;
                }
                continue;
            }
            self.push(of.text.get(s..e).unwrap_or_default(), Self::map_in(*run, run_end, s, e));
        }
    }
    /// The file range of a range of decoded bytes: from the first byte's place to the last byte's. An empty range maps to an empty range.
    pub fn range(&self, start: usize, end: usize) -> Range {
        let start = start.min(self.text.len());
        let end = end.clamp(start, self.text.len());
        if start == end {
            let at = self.offset(start);
            return Range { start: at, end: at };
        }
        let (a, a_end) = self.run_at(start);
        let (b, b_end) = self.run_at(end - 1);
        let first = Self::map_in(a, a_end, start, (start + 1).min(a_end));
        let last = Self::map_in(b, b_end, end - 1, end);
        Range { start: first.start, end: last.end.max(first.start) }
    }
    /// The file range of the whole text.
    pub fn whole(&self) -> Range {
        self.range(0, self.text.len())
    }
    /// Whether each of its lines stands byte for byte in the file it was read from, line ends apart.
    pub fn is_copied(&self, file: &[u8]) -> bool {
        let text = self.text.as_bytes();
        let same = |(start, end, from): (usize, usize, usize)| {
            let begins = start == 0 || text.get(start - 1) == Some(&b'\n');
            begins && text.get(start..end).is_some_and(|t| file.get(from..from + t.len()) == Some(t))
        };
        self.linear_runs().count() == self.runs.len() && self.linear_runs().all(same)
    }
    /// The decoded byte that stands at a byte of the file, where the text has it.
    pub fn position(&self, at: u32) -> Option<usize> {
        self.runs.iter().enumerate().find_map(|(i, run)| {
            let end = self.runs.get(i + 1).map_or(self.text.len(), |r| r.at as usize);
            let linear = run.from.len() == end - run.at as usize;
            let inside = run.from.start <= at && at < run.from.end;
            inside.then(|| run.at as usize + if linear { (at - run.from.start) as usize } else { 0 })
        })
    }
    /// Where each stretch that is byte for byte the file's stands: (decoded start, decoded end, file start).
    pub fn linear_runs(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        self.runs.iter().enumerate().filter_map(|(i, run)| {
            let end = self.runs.get(i + 1).map_or(self.text.len(), |r| r.at as usize);
            (run.from.len() == end - run.at as usize).then_some((run.at as usize, end, run.from.start as usize))
        })
    }
    /// The same text with some bytes replaced (masks): `replace` must keep the length. The map is unchanged.
    pub fn masked(&self, replace: impl FnOnce(&str) -> String) -> Option<Text> {
        let text = replace(&self.text);
        (text.len() == self.text.len()).then(|| Text { text, runs: self.runs.clone() })
    }

    fn run_at(&self, at: usize) -> (Run, usize) {
        let i = self.runs.partition_point(|r| (r.at as usize) <= at).saturating_sub(1);
        let run = self.runs.get(i).copied().unwrap_or(Run { at: 0, from: Range::default() });
        (run, self.runs.get(i + 1).map_or(self.text.len(), |r| r.at as usize))
    }
    fn offset(&self, at: usize) -> u32 {
        if at == self.text.len() && at > 0 {
            let (run, end) = self.run_at(at - 1);
            return Self::map_in(run, end, at - 1, at).end;
        }
        let (run, end) = self.run_at(at);
        Self::map_in(run, end, at, at).start
    }
    fn map_in(run: Run, run_end: usize, start: usize, end: usize) -> Range {
        if run.from.len() == run_end - run.at as usize {
            let base = run.from.start as usize;
            Range::new(base + start - run.at as usize, base + end - run.at as usize)
        } else {
            run.from
        }
    }
}

/// UTF-8 text of the same length: every byte that is not part of valid UTF-8 becomes `?`.
pub fn utf8_same_length(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| '?'));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Text {
        // File: `ab\tcd` with a two-byte escape at 2..4, preceded by ten bytes.
        let mut t = Text::default();
        t.push("ab", Range::new(10, 12));
        t.push("\t", Range::new(12, 14));
        t.push("cd", Range::new(14, 16));
        t
    }

    #[test]
    fn ranges_map_through_escapes() {
        let t = sample();
        assert_eq!(t.range(0, 5), Range::new(10, 16));
        assert_eq!(t.range(2, 3), Range::new(12, 14));
        assert_eq!(t.range(3, 4), Range::new(14, 15));
        assert_eq!(t.range(5, 5), Range::new(16, 16));
    }

    #[test]
    fn slices_and_joins_compose() {
        let t = sample();
        let s = t.slice(1, 4);
        assert_eq!(s.as_str(), "b\tc");
        assert_eq!(s.range(2, 3), Range::new(14, 15));
        let mut joined = t.slice(0, 1);
        joined.append(&t.slice(3, 5));
        assert_eq!(joined.as_str(), "acd");
        assert_eq!(joined.range(1, 3), Range::new(14, 16));
    }

    #[test]
    fn bad_bytes_keep_their_length() {
        assert_eq!(utf8_same_length(b"a\xff\xc3b"), "a??b");
    }

    proptest::proptest! {
        #[test]
        fn a_slice_of_a_slice_is_the_direct_slice(parts in proptest::collection::vec(("[a-z]{1,4}", 0usize..3), 1..8), a in 0usize..20, b in 0usize..20, c in 0usize..20, d in 0usize..20) {
            let mut t = Text::default();
            let mut at = 100;
            for (s, extra) in &parts {
                t.push(s, Range::new(at, at + s.len() + extra));
                at += s.len() + extra + 1;
            }
            let (a, b) = (a.min(t.len()), b.min(t.len()));
            let (a, b) = (a.min(b), a.max(b));
            let inner = t.slice(a, b);
            let (c, d) = (c.min(inner.len()), d.min(inner.len()));
            let (c, d) = (c.min(d), c.max(d));
            let twice = inner.slice(c, d);
            let direct = t.slice(a + c, a + d);
            proptest::prop_assert_eq!(twice.as_str(), direct.as_str());
            if c < d {
                // Cutting an escape run keeps pointing inside it, so a slice never points outside what the direct slice covers.
                proptest::prop_assert!(direct.whole().contains(twice.whole()));
                proptest::prop_assert_eq!(t.range(a + c, a + d), direct.whole());
            }
        }
    }
}
