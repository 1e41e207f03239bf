//! Words: quoting, expansions, substitutions.

use crate::syntax::bash::cursor::{GAP, Reader, Stop};
use crate::syntax::bash::{Gap, Part, Piece, Word};
use crate::text::Text;

/// What a word is read for; decides what brackets mean in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// A command, a redirection, a list.
    Command,
    /// The right side of `=~`.
    Regex,
}

impl Reader<'_> {
    /// Reads a word; `None` when there is none.
    pub fn word(&mut self, purpose: For) -> Option<Word> {
        self.peek();
        let start = self.pos;
        let mut parts = Vec::new();
        let (mut groups, mut group_at) = (0u32, start);
        while let Some(c) = self.peek() {
            match c {
                b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' if self.plain => self.literal(&mut parts, false),
                b'<' | b'>' if self.second() == Some(b'(') => self.process(c == b'>', &mut parts),
                b'(' if self.opens_array(&parts) => self.array(&mut parts),
                b'(' if purpose == For::Regex || groups > 0 || self.opens_group(&parts) => {
                    if groups == 0 {
                        group_at = self.pos;
                    }
                    groups += 1;
                    self.literal(&mut parts, false);
                }
                b')' if groups > 0 => {
                    groups -= 1;
                    self.literal(&mut parts, false);
                }
                b'|' if groups > 0 || (purpose == For::Regex && self.second() != Some(b'|')) => self.literal(&mut parts, false),
                // Up to its bracket a pattern is nothing but text and expansions, line ends included.
                b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'<' | b'>' if groups > 0 => self.literal(&mut parts, false),
                _ if self.at_delimiter() => break,
                b'\'' => self.single(&mut parts),
                b'"' => self.double(&mut parts),
                b'$' => self.dollar(false, &mut parts),
                b'`' => self.backtick(false, &mut parts),
                b'\\' => self.escape(&mut parts),
                GAP => self.gap_or_literal(false, &mut parts),
                _ => self.plain(&mut parts),
            }
        }
        if groups > 0 {
            self.open_at(group_at);
        }
        if self.pos == start {
            return None;
        }
        Some(Word { range: self.range(start, self.pos), parts })
    }

    /// Text between quotes `start..end`, without expansion; the shell never sees NUL bytes.
    pub fn raw(&mut self, start: usize, end: usize, quoted: bool, parts: &mut Vec<Part>) {
        let mut at = start;
        while at < end {
            match self.byte(at) {
                Some(0) => at += 1,
                Some(GAP) if self.gap(at).is_some() => {
                    let gap = self.gap(at).map_or(at + 1, |g| self.push_gap(g, at, quoted, parts));
                    at = gap.min(end).max(at + 1);
                }
                _ => {
                    let rest = self.bytes.get(at + 1..end).unwrap_or_default();
                    let next = rest.iter().position(|c| *c == 0 || *c == GAP).map_or(end, |n| at + 1 + n);
                    self.push(at, next, quoted, parts);
                    at = next;
                }
            }
        }
    }

    /// Reads text in double quotes up to the closing one, or a here-document up to its end (`close` absent).
    pub fn quoted_run(&mut self, close: Option<u8>, parts: &mut Vec<Part>) -> bool {
        while let Some(c) = self.peek() {
            match c {
                _ if Some(c) == close => {
                    self.step();
                    return true;
                }
                b'\\' => {
                    let escapes = match self.byte(self.pos + 1) {
                        Some(b'$' | b'`' | b'\\') => true,
                        other => other.is_some() && other == close,
                    };
                    if escapes {
                        self.pos += 1;
                    }
                    self.literal_byte(parts, true);
                }
                b'$' => self.dollar(true, parts),
                b'`' => self.backtick(true, parts),
                GAP => self.gap_or_literal(true, parts),
                _ => {
                    let rest = self.bytes.get(self.pos + 1..self.end).unwrap_or_default();
                    let stop = |c: &u8| matches!(*c, b'\\' | b'$' | b'`' | GAP | 0) || Some(*c) == close;
                    let end = rest.iter().position(stop).map_or(self.end, |n| self.pos + 1 + n);
                    self.push(self.pos, end, true, parts);
                    self.pos = end;
                }
            }
        }
        false
    }

    /// `$…` in or out of quotes.
    fn dollar(&mut self, quoted: bool, parts: &mut Vec<Part>) {
        let start = self.pos;
        let Some(next) = self.second() else { return self.literal(parts, quoted) };
        if self.plain && !matches!(next, b'{' | b'a'..=b'z' | b'A'..=b'Z' | b'_') {
            return self.literal(parts, quoted);
        }
        match next {
            b'(' if self.enter() => {
                self.step();
                self.step();
                let what = if self.peek() == Some(b'(') && self.is_arithmetic(self.pos) {
                    self.step();
                    let inner = self.arithmetic(b'(', b')');
                    self.eat(b')');
                    Piece::Arithmetic(inner)
                } else {
                    Piece::Substitution(self.enclosed())
                };
                self.leave();
                self.part(start, quoted, what, parts);
            }
            b'[' if self.enter() => {
                self.step();
                self.step();
                let inner = self.arithmetic(b'[', b']');
                self.leave();
                self.part(start, quoted, Piece::Arithmetic(inner), parts);
            }
            b'{' if self.enter() => {
                self.step();
                self.step();
                let what = self.braces(start, quoted);
                self.leave();
                self.part(start, quoted, what, parts);
            }
            b'\'' if !quoted => {
                self.step();
                self.step();
                self.ansi(start, parts);
            }
            b'"' if !quoted => {
                self.step();
                self.double(parts);
            }
            b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-' | b'0'..=b'9' => {
                self.step();
                self.step();
                self.part(start, quoted, Piece::Variable(char::from(next).to_string()), parts);
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                self.step();
                let name = self.name();
                self.part(start, quoted, Piece::Variable(name), parts);
            }
            _ => self.literal(parts, quoted),
        }
    }

    /// The body of `$(`, `<(` and their like, up to and with `)`.
    fn enclosed(&mut self) -> Vec<crate::syntax::bash::Statement> {
        let open = self.pos;
        let documents = self.base + self.out.bodies.len();
        self.stops.push(Stop::Paren);
        let body = self.list();
        self.stops.pop();
        // A here-document that begins here and has no body yet ends here for most shells: the lines that follow are commands. (bash from 5.2 on reads
        // them as its body; what is only text there is seen as commands, not the other way round.)
        let before = self.pending.len();
        self.pending.retain(|p| p.index < documents);
        if self.pending.len() < before {
            self.problem(open, self.pos, "a here-document has no body inside its substitution");
        }
        if !self.eat(b')') {
            self.problem(open.saturating_sub(2), open, "a substitution does not close");
        }
        body
    }

    fn process(&mut self, output: bool, parts: &mut Vec<Part>) {
        let start = self.pos;
        self.step();
        if !self.enter() {
            return self.step();
        }
        self.step();
        let body = self.enclosed();
        self.leave();
        self.part(start, false, Piece::Process(body, output), parts);
    }

    fn array(&mut self, parts: &mut Vec<Part>) {
        let start = self.pos;
        self.step();
        if !self.enter() {
            return;
        }
        let mut words = Vec::new();
        loop {
            self.lines();
            match self.peek() {
                Some(b')') => {
                    self.step();
                    break;
                }
                None => {
                    self.open_at(start);
                    break;
                }
                // The shell gives up on this line and goes on with the next.
                Some(b'|' | b'&' | b';' | b'<' | b'>') if self.second() != Some(b'(') => {
                    self.open_at(self.pos);
                    break;
                }
                Some(_) => match self.word(For::Command) {
                    Some(word) => words.push(word),
                    None => self.step(),
                },
            }
        }
        self.leave();
        self.part(start, false, Piece::Array(words), parts);
    }

    /// What is expanded in an arithmetic expression, up to and with the closing bracket.
    pub fn arithmetic(&mut self, open: u8, close: u8) -> Vec<Part> {
        let start = self.pos;
        let mut parts = Vec::new();
        let mut depth = 0u32;
        while let Some(c) = self.peek() {
            match c {
                b'$' => self.dollar(true, &mut parts),
                b'`' => self.backtick(true, &mut parts),
                b'\\' => {
                    self.step();
                    self.pos = (self.pos + 1).min(self.end);
                }
                GAP => self.gap_or_literal(true, &mut parts),
                _ if c == close && depth == 0 => {
                    self.step();
                    parts.retain(|p| !matches!(p.what, Piece::Text(_)));
                    return parts;
                }
                _ => {
                    depth = if c == open { depth + 1 } else { depth - u32::from(c == close) };
                    self.step();
                }
            }
        }
        self.open_at(start.saturating_sub(1));
        parts
    }

    /// Whether the `(` at `at`, itself behind a `(`, opens arithmetic: its own closing bracket is directly followed by another.
    pub fn is_arithmetic(&self, at: usize) -> bool {
        let mut depth = 0u32;
        let mut at = at;
        while let Some(c) = self.byte(at) {
            match c {
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        return self.byte(self.seen(at + 1)) == Some(b')');
                    }
                }
                b'\\' => at += 1,
                b'\'' | b'"' => {
                    let rest = self.bytes.get(at + 1..self.end).unwrap_or_default();
                    let Some(n) = rest.iter().position(|b| *b == c) else { return false };
                    at += n + 1;
                }
                _ => {}
            }
            at += 1;
        }
        false
    }

    /// After `${`.
    fn braces(&mut self, start: usize, quoted: bool) -> Piece {
        if matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'|')) {
            // bash 5.3 and ksh: a substitution that runs in this shell.
            self.eat(b'|');
            self.stops.push(Stop::Brace);
            let body = self.list();
            self.stops.pop();
            if !self.eat(b'}') {
                self.problem(start, start + 2, "a substitution does not close");
            }
            return Piece::Substitution(body);
        }
        let mut transformed = false;
        if let (Some(b'!' | b'#'), Some(second)) = (self.peek(), self.second())
            && (second.is_ascii_alphanumeric() || matches!(second, b'_' | b'@' | b'*'))
        {
            transformed = true;
            self.step();
        }
        let mut name = self.name();
        if name.is_empty()
            && let Some(c @ (b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-' | GAP)) = self.peek()
        {
            self.step();
            name.push(char::from(c));
        }
        let mut operand = Vec::new();
        if self.peek() == Some(b'[') {
            self.step();
            operand = self.arithmetic(b'[', b']');
        }
        let mut op = "";
        let colon = self.peek() == Some(b':');
        let sign = if colon { self.second() } else { self.peek() };
        match sign {
            Some(b'}') if !colon && !transformed && operand.is_empty() => {
                self.step();
                return Piece::Variable(name);
            }
            Some(c @ (b'-' | b'=' | b'?' | b'+')) if !transformed => {
                op = match c {
                    b'-' => "-",
                    b'=' => "=",
                    b'?' => "?",
                    _ => "+",
                };
                if colon {
                    self.step();
                }
                self.step();
            }
            _ => {}
        }
        self.operand(start, quoted, !op.is_empty(), &mut operand);
        Piece::Expansion(name, op, operand)
    }

    /// The operand of `${name<op>…}` up to and with `}`. In double quotes a single quote is only text where a value stands (`-`, `+` and so on).
    fn operand(&mut self, start: usize, quoted: bool, value: bool, parts: &mut Vec<Part>) {
        while let Some(c) = self.peek() {
            match c {
                b'}' => return self.step(),
                b'\'' if !(quoted && value) => self.single(parts),
                b'"' => self.double(parts),
                b'$' => self.dollar(quoted, parts),
                b'`' => self.backtick(quoted, parts),
                b'\\' => self.escape(parts),
                b'<' | b'>' if !quoted && self.second() == Some(b'(') => self.process(c == b'>', parts),
                GAP => self.gap_or_literal(quoted, parts),
                _ => self.literal(parts, quoted),
            }
        }
        self.open_at(start);
    }

    fn single(&mut self, parts: &mut Vec<Part>) {
        let open = self.pos;
        let rest = self.bytes.get(open + 1..self.end).unwrap_or_default();
        let close = match rest.iter().position(|c| *c == b'\'') {
            Some(n) => open + 1 + n,
            None => {
                self.open_at(open);
                self.end
            }
        };
        let before = parts.len();
        self.raw(open + 1, close, true, parts);
        self.mark_empty(open, before, parts);
        self.pos = (close + 1).min(self.end);
    }

    fn double(&mut self, parts: &mut Vec<Part>) {
        let open = self.pos;
        self.step();
        let before = parts.len();
        if !self.quoted_run(Some(b'"'), parts) {
            self.open_at(open);
        }
        self.mark_empty(open, before, parts);
    }

    /// Empty quotes are a part too: they make an empty word.
    fn mark_empty(&mut self, open: usize, before: usize, parts: &mut Vec<Part>) {
        if parts.len() == before && before == 0 {
            let range = self.range(open + 1, open + 1);
            parts.push(Part { range, quoted: true, what: Piece::Text(Text::default()) });
        }
    }

    fn backtick(&mut self, quoted: bool, parts: &mut Vec<Part>) {
        let start = self.pos;
        if self.plain {
            return self.literal(parts, quoted);
        }
        if !self.enter() {
            return self.step();
        }
        self.pos += 1;
        let (mut code, mut gaps) = (Text::default(), Vec::new());
        let mut from = self.pos;
        let mut closed = false;
        while let Some(c) = self.byte(self.pos) {
            match c {
                b'`' => {
                    closed = true;
                    break;
                }
                b'\\' => {
                    let next = self.byte(self.pos + 1);
                    if matches!(next, Some(b'`' | b'\\' | b'$')) || (quoted && next == Some(b'"')) {
                        self.copy(from, self.pos, &mut code, &mut gaps);
                        from = self.pos + 1;
                    }
                    self.pos += 2;
                }
                _ => self.pos += 1,
            }
        }
        self.pos = self.pos.min(self.end);
        self.copy(from, self.pos, &mut code, &mut gaps);
        let body = self.inner(&code, &gaps, |inner| inner.list_to_end());
        if closed {
            self.pos += 1;
        } else {
            self.open_at(start);
        }
        self.leave();
        self.part(start, quoted, Piece::Substitution(body), parts);
    }

    fn escape(&mut self, parts: &mut Vec<Part>) {
        if self.byte(self.pos + 1).is_none() && self.plain {
            return self.literal_byte(parts, false);
        }
        self.pos += 1;
        // At the very end of the text a backslash is nothing.
        if self.byte(self.pos).is_some() {
            self.literal_byte(parts, true);
        }
    }

    /// Letters, digits and underscores from here on.
    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek() {
            if !(c.is_ascii_alphanumeric() || c == b'_') {
                break;
            }
            name.push(char::from(c));
            self.step();
        }
        name
    }

    /// A `(` behind `NAME=`.
    fn opens_array(&self, parts: &[Part]) -> bool {
        let Some(Part { quoted: false, what: Piece::Text(text), .. }) = parts.last() else { return false };
        text.as_str().ends_with('=') && (Word { range: text.whole(), parts: parts.to_vec() }).assignment().is_some_and(|a| a.value.parts.is_empty())
    }

    /// A `(` of an extended pattern: behind one of `?*+@!`, and not the `()` of a function.
    fn opens_group(&self, parts: &[Part]) -> bool {
        let Some(Part { quoted: false, what: Piece::Text(text), .. }) = parts.last() else { return false };
        text.as_str().ends_with(['?', '*', '+', '@', '!']) && self.second() != Some(b')')
    }

    fn plain(&mut self, parts: &mut Vec<Part>) {
        let rest = self.bytes.get(self.pos + 1..self.end).unwrap_or_default();
        let special = |c: &u8| {
            matches!(*c, b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' | b'\'' | b'"' | b'$' | b'`' | b'\\' | GAP | 0)
        };
        let end = rest.iter().position(special).map_or(self.end, |n| self.pos + 1 + n);
        self.push(self.pos, end, false, parts);
        self.pos = end;
    }

    pub(super) fn gap_or_literal(&mut self, quoted: bool, parts: &mut Vec<Part>) {
        match self.gap(self.pos) {
            Some(gap) => self.pos = self.push_gap(gap, self.pos, quoted, parts).min(self.end).max(self.pos + 1),
            None => self.literal(parts, quoted),
        }
    }

    fn push_gap(&self, gap: Gap, at: usize, quoted: bool, parts: &mut Vec<Part>) -> usize {
        parts.push(Part { range: self.range(at, gap.end), quoted, what: Piece::Gap(gap.id) });
        gap.end
    }

    /// The next byte that the shell sees, as text.
    fn literal(&mut self, parts: &mut Vec<Part>, quoted: bool) {
        self.peek();
        self.literal_byte(parts, quoted);
    }

    /// The character at the very place, as text.
    fn literal_byte(&mut self, parts: &mut Vec<Part>, quoted: bool) {
        let mut end = (self.pos + 1).min(self.end);
        while end < self.end && self.byte(end).is_some_and(|c| c & 0xc0 == 0x80) {
            end += 1;
        }
        if self.byte(self.pos) != Some(0) {
            self.push(self.pos, end, quoted, parts);
        }
        self.pos = end;
    }

    pub(super) fn push(&self, start: usize, end: usize, quoted: bool, parts: &mut Vec<Part>) {
        let slice = self.text.slice(start, end);
        match parts.last_mut() {
            Some(Part { range, quoted: q, what: Piece::Text(text) }) if *q == quoted => {
                text.append(&slice);
                *range = text.whole();
            }
            _ => parts.push(Part { range: slice.whole(), quoted, what: Piece::Text(slice) }),
        }
    }

    pub(super) fn push_decoded(&self, decoded: &str, start: usize, end: usize, quoted: bool, parts: &mut Vec<Part>) {
        let from = self.range(start, end);
        match parts.last_mut() {
            Some(Part { range, quoted: q, what: Piece::Text(text) }) if *q == quoted => {
                text.push(decoded, from);
                *range = text.whole();
            }
            _ => parts.push(Part { range: from, quoted, what: Piece::Text(Text::synthetic(decoded, from)) }),
        }
    }

    fn part(&self, start: usize, quoted: bool, what: Piece, parts: &mut Vec<Part>) {
        parts.push(Part { range: self.range(start, self.pos), quoted, what });
    }
}
