//! `$'…'`: the one kind of quotes whose text is decoded.

use crate::syntax::bash::Part;
use crate::syntax::bash::cursor::{GAP, Reader};

impl Reader<'_> {
    /// After `$'`.
    pub(super) fn ansi(&mut self, start: usize, parts: &mut Vec<Part>) {
        let mut cut = false;
        while let Some(c) = self.byte(self.pos) {
            match c {
                b'\'' => {
                    self.pos += 1;
                    return;
                }
                GAP if !cut => self.gap_or_literal(true, parts),
                b'\\' => {
                    let (char, len) = ansi_escape(self.bytes.get(self.pos + 1..self.end).unwrap_or_default());
                    let mut end = (self.pos + 1 + len).min(self.end);
                    // Never inside a character.
                    while self.byte(end).is_some_and(|c| c & 0xc0 == 0x80) {
                        end += 1;
                    }
                    match char {
                        Some('\0') => cut = true,
                        Some(c) if !cut => self.push_decoded(c.encode_utf8(&mut [0; 4]), self.pos, end, true, parts),
                        None if !cut => self.push(self.pos, end, true, parts),
                        _ => {}
                    }
                    self.pos = end;
                }
                _ => {
                    let rest = self.bytes.get(self.pos + 1..self.end).unwrap_or_default();
                    let end = rest.iter().position(|c| matches!(*c, b'\'' | b'\\' | GAP)).map_or(self.end, |n| self.pos + 1 + n);
                    if !cut {
                        self.push(self.pos, end, true, parts);
                    }
                    self.pos = end;
                }
            }
        }
        self.open_at(start);
    }
}

/// The character an escape of `$'…'` stands for (`None`: the backslash is text too), and how many bytes follow the backslash.
fn ansi_escape(rest: &[u8]) -> (Option<char>, usize) {
    let digits = |from: usize, most: usize, radix: u32| {
        let run = rest.iter().skip(from).take(most).take_while(|c| char::from(**c).is_digit(radix)).count();
        let value = rest.iter().skip(from).take(run).fold(0u32, |v, c| v.wrapping_mul(radix) + char::from(*c).to_digit(radix).unwrap_or(0));
        (char::from_u32(value).unwrap_or('\u{fffd}'), run)
    };
    match rest.first() {
        Some(b'n') => (Some('\n'), 1),
        Some(b't') => (Some('\t'), 1),
        Some(b'r') => (Some('\r'), 1),
        Some(b'a') => (Some('\u{7}'), 1),
        Some(b'b') => (Some('\u{8}'), 1),
        Some(b'e' | b'E') => (Some('\u{1b}'), 1),
        Some(b'f') => (Some('\u{c}'), 1),
        Some(b'v') => (Some('\u{b}'), 1),
        Some(c @ (b'\\' | b'\'' | b'"' | b'?')) => (Some(char::from(*c)), 1),
        Some(b'0'..=b'7') => {
            let (c, n) = digits(0, 3, 8);
            (Some(char::from_u32(u32::from(c) & 0xff).unwrap_or(c)), n)
        }
        Some(kind @ (b'x' | b'u' | b'U')) => {
            let most = match kind {
                b'x' => 2,
                b'u' => 4,
                _ => 8,
            };
            let (c, n) = digits(1, most, 16);
            if n == 0 { (None, 1) } else { (Some(c), n + 1) }
        }
        Some(b'c') => (rest.get(1).map(|c| char::from(c & 0x1f)), 2.min(rest.len())),
        Some(_) => (None, 1),
        None => (None, 0),
    }
}
