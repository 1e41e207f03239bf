//! String literals: escapes decoded with their map, replacement fields of the old formatting forms found. Knows no scope.

use crate::text::Text;

/// The parts of a literal's head: how long its prefix and quotes are, and what they mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    pub len: usize,
    pub raw: bool,
    pub bytes: bool,
}

/// Reads prefix and quotes.
pub(super) fn opening(literal: &str) -> Opening {
    let prefix = literal.bytes().take_while(u8::is_ascii_alphabetic).count();
    let letters = literal.get(..prefix).unwrap_or_default().to_ascii_lowercase();
    let quotes = literal.get(prefix..).unwrap_or_default();
    let triple = quotes.starts_with("\"\"\"") || quotes.starts_with("'''");
    Opening { len: prefix + if triple { 3 } else { 1 }, raw: letters.contains('r'), bytes: letters.contains('b') }
}

/// Decodes `source[start..end]`, the inside of a literal or a stretch of one. `doubled`: `{{` and `}}` stand for one brace (f-strings).
/// The source is read through the text's map, CRLF and CR become LF as in CPython.
pub(super) fn decode(code: &Text, start: usize, end: usize, opening: Opening, doubled: bool, out: &mut Text) {
    let source = code.as_str().get(start..end).unwrap_or_default();
    let plain = !source.bytes().any(|b| b == b'\r' || (b == b'\\' && !opening.raw) || (doubled && matches!(b, b'{' | b'}')));
    if plain {
        out.append(&code.slice(start, end));
        return;
    }
    let bytes = source.as_bytes();
    let mut at = 0;
    let mut from = 0;
    let flush = |out: &mut Text, from: usize, at: usize| out.append(&code.slice(start + from, start + at));
    while let Some(&b) = bytes.get(at) {
        let next = bytes.get(at + 1).copied();
        let (text, len) = match b {
            b'\r' => (Some("\n".to_owned()), if next == Some(b'\n') { 2 } else { 1 }),
            b'{' | b'}' if doubled && next == Some(b) => (Some(char::from(b).to_string()), 2),
            b'\\' if !opening.raw => escape(source, at, opening.bytes),
            _ => {
                at += 1;
                continue;
            }
        };
        if let Some(text) = text {
            flush(out, from, at);
            out.push(&text, code.range(start + at, start + at + len));
            from = at + len;
        }
        at += len;
    }
    flush(out, from, bytes.len());
}

/// One escape sequence: what it stands for (`None`: itself) and its length.
fn escape(source: &str, at: usize, is_bytes: bool) -> (Option<String>, usize) {
    let bytes = source.as_bytes();
    let Some(&kind) = bytes.get(at + 1) else { return (None, 1) };
    let simple = |c: &str| (Some(c.to_owned()), 2);
    let coded = |digits: usize, skip: usize, radix: u32| {
        let text = source.get(at + skip..at + skip + digits).unwrap_or_default();
        let code = u32::from_str_radix(text, radix).ok();
        // A lone surrogate has no character; it is kept visible.
        let c = code.map(|c| char::from_u32(if is_bytes { c & 0xff } else { c }).unwrap_or('\u{fffd}'));
        match c {
            Some(c) if text.len() == digits && !text.starts_with('+') => (Some(c.to_string()), skip + digits),
            _ => (None, 2),
        }
    };
    match kind {
        b'\r' => (Some(String::new()), if bytes.get(at + 2) == Some(&b'\n') { 3 } else { 2 }),
        b'\n' => simple(""),
        b'\\' => simple("\\"),
        b'\'' => simple("'"),
        b'"' => simple("\""),
        b'a' => simple("\x07"),
        b'b' => simple("\x08"),
        b'f' => simple("\x0c"),
        b'n' => simple("\n"),
        b'r' => simple("\r"),
        b't' => simple("\t"),
        b'v' => simple("\x0b"),
        b'0'..=b'7' => {
            let digits = bytes.iter().skip(at + 1).take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
            coded(digits, 1, 8)
        }
        b'x' => coded(2, 2, 16),
        b'u' if !is_bytes => coded(4, 2, 16),
        b'U' if !is_bytes => coded(8, 2, 16),
        b'N' if !is_bytes && bytes.get(at + 2) == Some(&b'{') => {
            // Character names would need a table of a megabyte.
            match source.get(at..).and_then(|s| s.find('}')) {
                Some(len) => (Some("\u{fffd}".to_owned()), len + 1),
                None => (None, 2),
            }
        }
        _ => {
            let len = source.get(at + 1..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8);
            (None, 1 + len)
        }
    }
}

/// A part of a format string: literal text, or a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(usize, usize),
    /// By position; `None` takes the next.
    Position(Option<usize>),
    Name(String),
    /// As [`Piece::Position`] or [`Piece::Name`], written as a number: its text is digits and signs.
    Number(Option<usize>, Option<String>),
}

/// Whether a format specification writes a number, whatever it is given.
pub(super) fn is_number(specification: &str) -> bool {
    let kind = specification.chars().last();
    kind.is_some_and(|k| "bdeEfFgGnoxX%".contains(k)) && specification.chars().all(|c| "bdeEfFgGnoxX%<>=^+-# ,._:".contains(c) || c.is_ascii_digit())
}

/// Splits a `str.format` text; field access behind a name (`{0.x}`) counts as the whole field.
pub(super) fn braces(format: &str) -> Vec<Piece> {
    let bytes = format.as_bytes();
    let mut out = Vec::new();
    let (mut at, mut from) = (0, 0);
    while let Some(&b) = bytes.get(at) {
        let next = bytes.get(at + 1).copied();
        if matches!(b, b'{' | b'}') && next == Some(b) {
            out.push(Piece::Text(from, at + 1));
            at += 2;
            from = at;
        } else if b == b'{' {
            out.push(Piece::Text(from, at));
            let mut depth = 0;
            let len = bytes.iter().skip(at).position(|b| {
                depth += i32::from(*b == b'{') - i32::from(*b == b'}');
                depth == 0
            });
            let end = len.map_or(bytes.len(), |l| at + l);
            let field = format.get(at + 1..end).unwrap_or_default();
            let name: String = field.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let position: Option<usize> = name.parse().ok();
            let number = field.split_once(':').is_some_and(|(_, specification)| is_number(specification));
            out.push(match position {
                _ if number => Piece::Number(position, (position.is_none() && !name.is_empty()).then_some(name)),
                Some(n) => Piece::Position(Some(n)),
                None if name.is_empty() => Piece::Position(None),
                None => Piece::Name(name),
            });
            at = end + 1;
            from = at.min(bytes.len());
        } else {
            at += 1;
        }
    }
    out.push(Piece::Text(from, bytes.len()));
    out.retain(|p| !matches!(p, Piece::Text(a, b) if a >= b));
    out
}

/// Splits a `%` format text.
pub(super) fn percents(format: &str) -> Vec<Piece> {
    let bytes = format.as_bytes();
    let mut out = Vec::new();
    let (mut at, mut from) = (0, 0);
    while let Some(&b) = bytes.get(at) {
        if b != b'%' {
            at += 1;
            continue;
        }
        let start = at;
        at += 1;
        let mut name = None;
        if bytes.get(at) == Some(&b'(') {
            let end = bytes.iter().skip(at).position(|b| *b == b')').map_or(bytes.len(), |l| at + l);
            name = format.get(at + 1..end).map(str::to_owned);
            at = end + 1;
        }
        while bytes.get(at).is_some_and(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b' ' | b'#' | b'*')) {
            at += 1;
        }
        let kind = bytes.get(at).copied();
        at += 1;
        match kind {
            Some(b'%') => {
                out.push(Piece::Text(from, start + 1));
                from = at;
            }
            Some(c) if c.is_ascii_alphabetic() => {
                out.push(Piece::Text(from, start));
                out.push(match name {
                    name if "diouxXeEfFgG".contains(char::from(c)) => Piece::Number(None, name),
                    Some(name) => Piece::Name(name),
                    None => Piece::Position(None),
                });
                from = at;
            }
            _ => {}
        }
    }
    out.push(Piece::Text(from.min(bytes.len()), bytes.len()));
    out.retain(|p| !matches!(p, Piece::Text(a, b) if a >= b));
    out
}

/// The letters, digits and ligatures that Python's normalisation turns into ASCII in identifiers.
pub(super) fn normalise(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    let mut out = String::new();
    for c in name.chars() {
        let code = c as u32;
        let folded = match code {
            0xff01..=0xff5e => char::from_u32(code - 0xff01 + 0x21),
            // Mathematical alphanumerics: thirteen alphabets of 52 letters, then digits.
            0x1d400..=0x1d6a3 => {
                let i = (code - 0x1d400) % 52;
                char::from_u32(if i < 26 { 0x41 + i } else { 0x61 + i - 26 })
            }
            0x1d7ce..=0x1d7ff => char::from_u32(0x30 + (code - 0x1d7ce) % 10),
            0x00aa => Some('a'),
            0x00ba => Some('o'),
            0x017f => Some('s'),
            0x2071 | 0x1d62 | 0x2139 | 0x2148 | 0x2170 => Some('i'),
            0x207f | 0x2099 => Some('n'),
            0x2090 | 0x1d43 => Some('a'),
            0x2091 | 0x1d49 | 0x212f | 0x2147 => Some('e'),
            0x2092 | 0x1d52 | 0x2134 => Some('o'),
            0x2093 | 0x2179 | 0x02e3 => Some('x'),
            0x2095 | 0x02b0 | 0x210e => Some('h'),
            0x2096 | 0x1d4f => Some('k'),
            0x2097 | 0x02e1 | 0x2113 | 0x217c => Some('l'),
            0x2098 | 0x1d50 | 0x217f => Some('m'),
            0x209a | 0x1d56 => Some('p'),
            0x209b | 0x02e2 => Some('s'),
            0x209c | 0x1d57 => Some('t'),
            0x1d47 => Some('b'),
            0x1d9c | 0x217d => Some('c'),
            0x1d48 | 0x2146 | 0x217e => Some('d'),
            0x1da0 => Some('f'),
            0x1d4d | 0x210a => Some('g'),
            0x02b2 | 0x2149 => Some('j'),
            0x02b3 | 0x1d63 => Some('r'),
            0x1d58 | 0x1d64 => Some('u'),
            0x1d5b | 0x1d65 | 0x2174 => Some('v'),
            0x02b7 => Some('w'),
            0x02b8 => Some('y'),
            0x1dbb => Some('z'),
            0xfb00 => {
                out.push('f');
                Some('f')
            }
            0xfb01 => {
                out.push('f');
                Some('i')
            }
            0xfb02 => {
                out.push('f');
                Some('l')
            }
            0xfb05 | 0xfb06 => {
                out.push('s');
                Some('t')
            }
            _ => Some(c),
        };
        out.extend(folded);
    }
    out
}
