//! Edits as a unified diff, as `patch` and editors read it. Secrets are shortened in it as everywhere, and what could move a cursor is written out: a file of
//! which a line does not stand there as it is says so, for that part is to be read and not applied. Knows no finding.

use std::io::{self, Write};

use super::escape;

/// Lines shown around what changes.
const AROUND: usize = 3;

/// A stretch of lines that differ: those of the old text, those of the new one.
#[derive(Clone, Copy, Debug)]
struct Block {
    old: (usize, usize),
    new: (usize, usize),
}

/// Bytes of the old text that are replaced, in order, and how long what stands there instead is.
pub type Replaced = (std::ops::Range<usize>, usize);

/// Writes how a file differs. `clean` shortens the secrets in a line.
pub fn write(name: &str, old: &[u8], new: &[u8], edits: &[Replaced], clean: &dyn Fn(&mut String), out: &mut dyn Write) -> io::Result<()> {
    let (before, after) = (lines(old), lines(new));
    let blocks = blocks(old, new, edits, &before, &after);
    let mut body = Vec::new();
    let mut altered = false;
    let mut line = |mark: char, text: &[u8], out: &mut Vec<u8>| -> io::Result<()> {
        let (text, ends) = match text {
            [rest @ .., b'\r', b'\n'] => (rest, "\r\n"),
            [rest @ .., b'\n'] => (rest, "\n"),
            rest => (rest, "\n\\ No newline at end of file\n"),
        };
        let plain = String::from_utf8_lossy(text);
        let mut shown = plain.split('\t').map(escape::visible).collect::<Vec<_>>().join("\t");
        clean(&mut shown);
        altered |= shown.as_bytes() != text;
        write!(out, "{mark}{shown}{ends}")
    };
    let mut at = 0;
    while let Some(first) = blocks.get(at) {
        let mut next = at + 1;
        while blocks.get(next).is_some_and(|b| blocks.get(next - 1).is_some_and(|last| b.old.0 <= last.old.1 + 2 * AROUND)) {
            next += 1;
        }
        let group = blocks.get(at..next).unwrap_or_default();
        let last = group.last().unwrap_or(first);
        let lead = first.old.0.min(AROUND);
        let tail = (before.len() - last.old.1).min(AROUND);
        let span = |from: usize, to: usize| match to - from {
            1 => format!("{}", from + 1),
            0 => format!("{from},0"),
            n => format!("{},{n}", from + 1),
        };
        let (old_span, new_span) = (span(first.old.0 - lead, last.old.1 + tail), span(first.new.0 - lead, last.new.1 + tail));
        writeln!(body, "@@ -{old_span} +{new_span} @@")?;
        let mut from = first.old.0 - lead;
        for block in group {
            before.get(from..block.old.0).unwrap_or_default().iter().try_for_each(|l| line(' ', l, &mut body))?;
            before.get(block.old.0..block.old.1).unwrap_or_default().iter().try_for_each(|l| line('-', l, &mut body))?;
            after.get(block.new.0..block.new.1).unwrap_or_default().iter().try_for_each(|l| line('+', l, &mut body))?;
            from = block.old.1;
        }
        before.get(from..last.old.1 + tail).unwrap_or_default().iter().try_for_each(|l| line(' ', l, &mut body))?;
        at = next;
    }
    if body.is_empty() {
        return Ok(());
    }
    let name = escape::visible(name);
    if altered {
        writeln!(out, "# {name}: secrets and control characters are not shown as they stand: this part is to be read, not to be applied")?;
    }
    writeln!(out, "--- a/{name}\n+++ b/{name}")?;
    out.write_all(&body)
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|b| *b == b'\n').collect()
}

/// The lines that each edit touches; edits that share a line are one block. Lines that stay as they are at the ends of a block are not of it.
fn blocks(old: &[u8], new: &[u8], edits: &[Replaced], before: &[&[u8]], after: &[&[u8]]) -> Vec<Block> {
    let starts = |lines: &[&[u8]]| -> Vec<usize> {
        let lengths = lines.iter().scan(0, |at, l| {
            *at += l.len();
            Some(*at - l.len())
        });
        lengths.collect()
    };
    let (old_starts, new_starts) = (starts(before), starts(after));
    // The line of a byte, and one past the line of the byte before another.
    let first = |starts: &[usize], at: usize| starts.partition_point(|s| *s <= at).saturating_sub(1);
    let past = |starts: &[usize], at: usize, len: usize| if at >= len { starts.len() } else { starts.partition_point(|s| *s < at.max(1)) };
    let mut out: Vec<Block> = Vec::new();
    let mut shift = 0_usize;
    let mut gone = 0_usize;
    for (range, len) in edits {
        let at = (range.start + shift).saturating_sub(gone);
        (shift, gone) = (shift + len, gone + range.len());
        let o = (first(&old_starts, range.start), past(&old_starts, range.end + 1, old.len()));
        let n = (first(&new_starts, at), past(&new_starts, at + len + 1, new.len()));
        match out.last_mut() {
            Some(last) if o.0 < last.old.1 => (last.old.1, last.new.1) = (last.old.1.max(o.1), last.new.1.max(n.1)),
            _ => out.push(Block { old: (o.0, o.1.max(o.0)), new: (n.0, n.1.max(n.0)) }),
        }
    }
    for block in &mut out {
        let same = |o: usize, n: usize| before.get(o).is_some_and(|l| after.get(n) == Some(l));
        while block.old.0 < block.old.1 && block.new.0 < block.new.1 && same(block.old.0, block.new.0) {
            (block.old.0, block.new.0) = (block.old.0 + 1, block.new.0 + 1);
        }
        while block.old.0 < block.old.1 && block.new.0 < block.new.1 && same(block.old.1 - 1, block.new.1 - 1) {
            (block.old.1, block.new.1) = (block.old.1 - 1, block.new.1 - 1);
        }
    }
    out.retain(|b| b.old.0 < b.old.1 || b.new.0 < b.new.1);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(old: &str, edits: &[(usize, usize, &str)]) -> String {
        let mut new = String::new();
        let mut at = 0;
        for (start, end, text) in edits {
            new.push_str(old.get(at..*start).unwrap());
            new.push_str(text);
            at = *end;
        }
        new.push_str(old.get(at..).unwrap());
        let replaced: Vec<Replaced> = edits.iter().map(|(s, e, t)| (*s..*e, t.len())).collect();
        let mut out = Vec::new();
        write("a.py", old.as_bytes(), new.as_bytes(), &replaced, &|_| {}, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_that_change_stand_between_those_that_stay() {
        let old = "a\nb\nc\nd\ne\n";
        assert_eq!(diff(old, &[(4, 5, "C")]), "--- a/a.py\n+++ b/a.py\n@@ -1,5 +1,5 @@\n a\n b\n-c\n+C\n d\n e\n");
        assert_eq!(diff(old, &[(0, 0, "x\n")]), "--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,4 @@\n+x\n a\n b\n c\n");
        assert_eq!(diff(old, &[(4, 6, "")]), "--- a/a.py\n+++ b/a.py\n@@ -1,5 +1,4 @@\n a\n b\n-c\n d\n e\n");
        assert_eq!(
            diff("a", &[(0, 1, "b")]),
            "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
        );
        assert_eq!(diff(old, &[]), "");
    }

    #[test]
    fn distant_changes_are_apart() {
        let old = "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let out = diff(old, &[(0, 1, "x"), (18, 19, "y\nz")]);
        assert_eq!(out, "--- a/a.py\n+++ b/a.py\n@@ -1,4 +1,4 @@\n-0\n+x\n 1\n 2\n 3\n@@ -7,4 +7,5 @@\n 6\n 7\n 8\n-9\n+y\n+z\n");
    }

    #[test]
    fn what_is_not_shown_as_it_stands_is_said() {
        let mut out = Vec::new();
        write("a.py", b"k = 'sesame'\n", b"k = 1\n", &[(4..12, 1)], &|t| *t = t.replace("sesame", "s…"), &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with("# a.py: ") && out.contains("-k = 's…'\n+k = 1\n") && !out.contains("sesame"));
    }
}
