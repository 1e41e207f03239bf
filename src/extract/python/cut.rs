//! The text of the parts that were asked for, as one piece that the grammar can read: classes without the methods that nobody asked for. Knows ranges,
//! no grammar.

use crate::outline::{Outline, Part};
use crate::source::Range;
use crate::text::Text;

/// The text of neighbouring blocks. Of their methods only those of `methods` (ascending) are in it; a `pass` stands for others, so that no body is empty.
pub fn text(bytes: &[u8], outline: &Outline, blocks: &[usize], methods: &[Part]) -> Text {
    let mut out = Text::default();
    let (Some(first), Some(last)) = (blocks.first().and_then(|b| outline.blocks.get(*b)), blocks.last().and_then(|b| outline.blocks.get(*b))) else {
        return out;
    };
    let mut at = if first.range.start == 0 && bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { first.range.start as usize };
    let mut left_out = false;
    for block in blocks {
        let end = outline.blocks.get(*block).map_or(at, |b| b.range.end as usize);
        for (_, method) in outline.methods_of(*block).filter(|(part, _)| methods.binary_search(part).is_err()) {
            let (start, stop) = (method.range.start as usize, method.range.end as usize);
            let between = bytes.get(at..start).unwrap_or_default();
            // One `pass` for a row of them.
            if !(left_out && between.trim_ascii().is_empty()) {
                out.append(&Text::verbatim(between, at));
                out.push("pass\n", Range::new(start, start));
            }
            // What follows in the class keeps its indentation.
            let white = bytes.get(..stop).unwrap_or_default().iter().rev().take_while(|b| matches!(b, b' ' | b'\t' | 0x0c)).count();
            at = if stop < end { stop - white } else { stop };
            left_out = true;
        }
    }
    let end = last.range.end as usize;
    let rest = Text::verbatim(bytes.get(at..end).unwrap_or_default(), at);
    if out.is_empty() {
        return rest;
    }
    out.append(&rest);
    out
}
