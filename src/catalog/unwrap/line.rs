//! A command line that no shell reads: words apart by spaces, double quotes around what belongs together. Knows no program.

use crate::extract::Hole;
use crate::facts::{Builder, V, Word, WordPart};
use crate::source::Range;
use crate::text::Text;

/// The words of a text; what is not literal is part of the word it stands in, whatever it holds.
pub(super) fn words(text: &Text, holes: &[Hole], b: &mut Builder) -> Vec<Word> {
    let mut out = Vec::new();
    let mut word = Open::default();
    let mut quoted = false;
    let mut holes = holes.iter().peekable();
    let mut chars = text.as_str().char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if let Some(hole) = holes.next_if(|h| h.start == at) {
            word.flush(b, quoted);
            word.parts.push(WordPart { value: hole.value, quoted });
            word.cover(text.range(hole.start, hole.end));
            while chars.next_if(|(i, _)| *i < hole.end).is_some() {}
            continue;
        }
        match c {
            '"' => {
                word.flush(b, quoted);
                word.open = true;
                quoted = !quoted;
            }
            c if c.is_whitespace() && !quoted => word.end(&mut out, b, quoted),
            '\\' if quoted && chars.peek().is_some_and(|(_, c)| *c == '"') => {
                if let Some((i, c)) = chars.next() {
                    word.take(text, i, i + c.len_utf8());
                }
            }
            c => word.take(text, at, at + c.len_utf8()),
        }
    }
    word.end(&mut out, b, quoted);
    out
}

/// A word that is not at its end.
#[derive(Default)]
struct Open {
    text: Text,
    parts: Vec<WordPart>,
    range: Option<Range>,
    open: bool,
}

impl Open {
    fn take(&mut self, text: &Text, start: usize, end: usize) {
        self.text.append(&text.slice(start, end));
        self.cover(text.range(start, end));
    }
    fn cover(&mut self, range: Range) {
        self.range = Some(self.range.map_or(range, |r| r.cover(range)));
        self.open = true;
    }
    fn flush(&mut self, b: &mut Builder, quoted: bool) {
        if !self.text.is_empty() {
            let value = b.text(std::mem::take(&mut self.text));
            self.parts.push(WordPart { value, quoted });
        }
    }
    fn end(&mut self, out: &mut Vec<Word>, b: &mut Builder, quoted: bool) {
        self.flush(b, quoted);
        if !std::mem::take(&mut self.open) {
            return;
        }
        let (parts, range) = (std::mem::take(&mut self.parts), self.range.take().unwrap_or_default());
        let value = match parts.as_slice() {
            [one] => one.value,
            [] => b.value(range, V::text(Text::default())),
            many => {
                let values = many.iter().map(|p| p.value).collect();
                b.value(range, V::Join(values))
            }
        };
        out.push(Word { range, value, parts });
    }
}
