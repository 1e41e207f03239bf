//! The text of the parts that were asked for, as one piece that the grammar can read: classes without the methods that nobody asked for. Knows ranges,
//! no grammar.

use crate::outline::{Outline, Part};
use crate::source::Range;
use crate::text::Text;

/// The text of neighbouring blocks. Of their methods only those of `methods` (ascending) are in it; a `pass` stands for others, so that no body is empty.
/// Documentation is left out of its quotes.
pub fn text(bytes: &[u8], outline: &Outline, blocks: &[usize], methods: &[Part]) -> Text {
    let mut out = Text::default();
    let (Some(first), Some(last)) = (blocks.first().and_then(|b| outline.blocks.get(*b)), blocks.last().and_then(|b| outline.blocks.get(*b))) else {
        return out;
    };
    let mut at = if first.range.start == 0 && bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { first.range.start as usize };
    let mut left_out = false;
    let take = |out: &mut Text, from: usize, to: usize| take(bytes, outline, out, from, to);
    for block in blocks {
        let end = outline.blocks.get(*block).map_or(at, |b| b.range.end as usize);
        for (_, method) in outline.methods_of(*block).filter(|(part, _)| methods.binary_search(part).is_err()) {
            let (start, stop) = (method.range.start as usize, method.range.end as usize);
            // One `pass` for a row of them.
            if !(left_out && bytes.get(at..start).unwrap_or_default().trim_ascii().is_empty()) {
                take(&mut out, at, start);
                out.push("pass\n", Range::new(start, start));
            }
            // What follows in the class keeps its indentation.
            let white = bytes.get(..stop).unwrap_or_default().iter().rev().take_while(|b| matches!(b, b' ' | b'\t' | 0x0c)).count();
            at = if stop < end { stop - white } else { stop };
            left_out = true;
        }
    }
    take(&mut out, at, last.range.end as usize);
    out
}

/// Methods of a class (ascending), below a head that stands for its own: what else is in it was read before.
pub fn methods(bytes: &[u8], outline: &Outline, class: &str, methods: &[Part]) -> Text {
    let mut out = Text::default();
    for method in methods.iter().filter_map(|part| outline.method(*part)) {
        let (start, end) = (method.range.start as usize, method.range.end as usize);
        if out.is_empty() {
            out.push(&format!("class {class}:\n"), Range::new(start, start));
        }
        let white = bytes.get(..start).unwrap_or_default().iter().rev().take_while(|b| matches!(b, b' ' | b'\t' | 0x0c)).count();
        let body = bytes.get(start..end).unwrap_or_default().trim_ascii_end().len();
        take(bytes, outline, &mut out, start - white, start + body);
        out.push("\n", Range::new(start + body, start + body));
    }
    out
}

/// Appends a stretch of a file, documentation left out of its quotes.
fn take(bytes: &[u8], outline: &Outline, out: &mut Text, mut from: usize, to: usize) {
    let first = outline.documentation.partition_point(|d| (d.end as usize) <= from);
    for range in outline.documentation.iter().skip(first).take_while(|d| (d.start as usize) < to) {
        let (start, end) = ((range.start as usize).max(from), (range.end as usize).min(to));
        if start > from || !out.is_empty() {
            out.append(&Text::verbatim(bytes.get(from..start).unwrap_or_default(), from));
        }
        from = end;
    }
    let rest = Text::verbatim(bytes.get(from..to).unwrap_or_default(), from);
    if out.is_empty() {
        *out = rest;
    } else {
        out.append(&rest);
    }
}
