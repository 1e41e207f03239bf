//! Strings as the lexer sees them: where they end, what code stands in their replacement fields, which of them may be names.

use super::head;
use super::lexer::{CLASS, CLOSE, COMMENT, DIGIT, HIGH, Lexer, OPEN, QUOTE, SEPARATOR, WORD, hash, is_prefix};

/// A string that the lexer is inside of: f-strings nest.
#[derive(Clone, Copy)]
struct Frame {
    quote: u8,
    triple: bool,
    /// Brackets open inside the replacement field, its own brace included; 0 while in the literal part.
    depth: u32,
    /// Nested literal parts: a format specification inside a field.
    spec: bool,
}

impl Lexer<'_> {
    /// A string whose prefix begins at `start` and whose opening quote is at `self.at`.
    pub(super) fn string(&mut self, start: usize) {
        let prefix = self.bytes.get(start..self.at).unwrap_or_default();
        let formatted = prefix.iter().any(|b| matches!(b, b'f' | b'F' | b't' | b'T'));
        let raw = prefix.iter().any(|b| matches!(b, b'r' | b'R'));
        let (quote, triple) = self.opening();
        if formatted {
            self.formatted(Frame { quote, triple, depth: 0, spec: false });
            return;
        }
        let content = self.at;
        match self.plain_end(quote, triple) {
            Some(end) => {
                self.at = end + if triple { 3 } else { 1 };
                self.string = (start, content, end, self.at);
                if end - content <= 100 {
                    self.string_names(content, end, raw);
                    self.joined_names(start, content, end);
                }
            }
            None => {
                let end = self.bytes.len();
                self.notice(start, end, "ends inside a string: the rest is read as one block");
                self.at = end;
            }
        }
    }

    /// Skips the opening quotes.
    fn opening(&mut self) -> (u8, bool) {
        let quote = self.peek(0);
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        self.at += if triple { 3 } else { 1 };
        (quote, triple)
    }

    /// Where the closing quotes of a string without replacement fields begin. A string in single quotes ends with its line.
    fn plain_end(&self, quote: u8, triple: bool) -> Option<usize> {
        let mut at = self.at;
        while let Some(&b) = self.bytes.get(at) {
            if triple && b != quote && b != b'\\' {
                // Documentation is long.
                at += memchr::memchr2(quote, b'\\', self.bytes.get(at..)?)?;
                continue;
            }
            if b == quote {
                if !triple || (self.bytes.get(at + 1) == Some(&quote) && self.bytes.get(at + 2) == Some(&quote)) {
                    return Some(at);
                }
            } else if b == b'\\' {
                // Also in raw strings a backslash keeps the quote after it from closing.
                at += if self.bytes.get(at + 1) == Some(&b'\r') && self.bytes.get(at + 2) == Some(&b'\n') { 2 } else { 1 };
            } else if !triple && matches!(b, b'\n' | b'\r') {
                // Not Python. The line end is left in place so that what follows is read as statements.
                return Some(at.saturating_sub(1).max(self.at));
            }
            at += 1;
        }
        None
    }

    /// Names in a short string: `getattr(m, "load")`, `import_module("a.b")`.
    fn string_names(&mut self, start: usize, end: usize, raw: bool) {
        let content = self.bytes.get(start..end).unwrap_or_default();
        if content.iter().all(|b| matches!(CLASS[*b as usize], WORD | DIGIT) || *b == b'.' || *b == b':') {
            self.words_of(start, end);
        } else if !raw && content.contains(&b'\\') {
            let decoded = head::unescape(content);
            for word in decoded.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|w| !w.is_empty()) {
                self.name(hash(word.as_bytes(), 0, word.len()), start, end, true);
            }
        }
    }

    /// `"lo" "ad"` and `"lo" + "ad"` are one name.
    fn joined_names(&mut self, start: usize, content: usize, end: usize) {
        let between = self.bytes.get(self.joined_end..start).unwrap_or_default();
        let adjacent = self.joined_end > 0
            && between.len() < 200
            && between.iter().all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'\\' | b'+' | b'(' | b')'));
        let stretch = self.bytes.get(content..end).unwrap_or_default();
        let plain = stretch.iter().all(|b| matches!(CLASS[*b as usize], WORD | DIGIT) || *b == b'.');
        if !adjacent {
            self.joined.clear();
        }
        let already = !self.joined.is_empty();
        if plain && self.joined.len() < 200 {
            self.joined.extend_from_slice(stretch);
            if already {
                let text = std::mem::take(&mut self.joined);
                for word in text.split(|b| *b == b'.').filter(|w| !w.is_empty()) {
                    self.name(hash(word, 0, word.len()), content, end, true);
                }
                self.joined = text;
            }
        } else {
            self.joined.clear();
        }
        self.joined_end = self.at;
    }

    fn words_of(&mut self, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            let stop = self.word_end(at).min(end);
            if stop > at {
                self.name(hash(self.bytes, at, stop), at, stop, true);
            }
            at = stop + 1;
        }
    }

    /// An f-string: literal parts, replacement fields with any expression inside (quotes of the same kind too), nested format specifications.
    fn formatted(&mut self, first: Frame) {
        let begin = self.at;
        let mut stack = vec![first];
        while let Some(frame) = stack.last().copied() {
            let Some(&b) = self.bytes.get(self.at) else {
                self.notice(begin, self.at, "ends inside a string: the rest is read as one block");
                return;
            };
            if frame.depth == 0 || frame.spec {
                self.literal_part(b, frame, &mut stack);
            } else {
                self.field_part(b, frame, &mut stack);
            }
        }
    }

    fn literal_part(&mut self, b: u8, frame: Frame, stack: &mut Vec<Frame>) {
        let Some(top) = stack.last_mut() else { return };
        match b {
            b'{' if !frame.spec && self.peek(1) == b'{' => self.at += 2,
            b'{' => {
                if frame.spec {
                    stack.push(Frame { depth: 1, spec: false, ..frame });
                } else {
                    top.depth = 1;
                }
                self.at += 1;
            }
            b'}' if frame.spec => {
                top.spec = false;
                top.depth = 0;
                self.at += 1;
                self.leave_nested(stack);
            }
            // `\{x}` is a backslash and a field.
            b'\\' => self.at += if frame.spec || matches!(self.peek(1), b'{' | b'}') { 1 } else { 2 },
            _ if b == frame.quote && (!frame.triple || (self.peek(1) == b && self.peek(2) == b)) => {
                self.at += if frame.triple { 3 } else { 1 };
                // Fields of a format specification share the frame of their string: drop them all.
                while stack.pop().is_some_and(|f| f.spec) && stack.last().is_some_and(|f| f.spec) {}
            }
            b'\n' | b'\r' if !frame.triple => {
                // Not Python: the string is given up at its line end.
                stack.clear();
            }
            _ => self.at += 1,
        }
    }

    /// After a field closed: a field inside a format specification returns to it.
    fn leave_nested(&mut self, stack: &mut Vec<Frame>) {
        let nested = stack.len() > 1 && stack.get(stack.len() - 2).is_some_and(|f| f.spec);
        if nested && stack.last().is_some_and(|f| f.depth == 0) {
            stack.pop();
        }
    }

    fn field_part(&mut self, b: u8, frame: Frame, stack: &mut Vec<Frame>) {
        let Some(top) = stack.last_mut() else { return };
        match CLASS[b as usize] {
            WORD | HIGH => {
                let end = self.word_end(self.at);
                let word = self.bytes.get(self.at..end).unwrap_or_default();
                if word.len() <= 2 && matches!(self.bytes.get(end), Some(b'"' | b'\'')) && is_prefix(word) {
                    let formatted = word.iter().any(|b| matches!(b, b'f' | b'F' | b't' | b'T'));
                    let start = self.at;
                    self.at = end;
                    if formatted {
                        let (quote, triple) = self.opening();
                        stack.push(Frame { quote, triple, depth: 0, spec: false });
                    } else {
                        self.string(start);
                    }
                    return;
                }
                self.non_ascii |= !word.is_ascii();
                self.name(hash(self.bytes, self.at, end), self.at, end, false);
                self.at = end;
            }
            DIGIT => self.skip_word(),
            OPEN => {
                top.depth += 1;
                self.at += 1;
            }
            CLOSE => {
                top.depth -= 1;
                self.at += 1;
                self.leave_nested(stack);
            }
            QUOTE => {
                // Before Python 3.12 the quote of the string itself could not stand in a field; a field that is cut by it is not Python either way.
                self.string(self.at);
            }
            COMMENT => self.comment(),
            SEPARATOR if b == b':' && frame.depth == 1 => {
                top.spec = true;
                self.at += 1;
            }
            _ => self.at += 1,
        }
    }
}
