//! Bytes of YAML: the encoding of a file, line breaks, and where words, quoted scalars and comments end. Knows no structure.

use crate::source::Range;
use crate::text::Text;

/// The text of a file: UTF-8 (bad bytes replaced one for one) or UTF-16 with a byte-order mark; the mark itself is left out.
pub(super) fn decode(bytes: &[u8]) -> Result<Text, &'static str> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => Ok(utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Ok(utf16(rest, u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(Text::verbatim(rest, 3)),
        _ if bytes.get(..4096).unwrap_or(bytes).iter().filter(|b| **b == 0).count() > 8 => Err("binary, not read as YAML"),
        _ => Ok(Text::verbatim(bytes, 0)),
    }
}

fn utf16(rest: &[u8], unit: fn([u8; 2]) -> u16) -> Text {
    let mut out = Text::default();
    let mut at = 2;
    let units = rest.chunks_exact(2).map(|c| unit([c[0], c[1]]));
    for c in char::decode_utf16(units) {
        let (c, len) = c.map_or(('\u{fffd}', 2), |c| (c, c.len_utf16() * 2));
        out.push(c.encode_utf8(&mut [0; 4]), Range::new(at, at + len));
        at += len;
    }
    out
}

/// Length in bytes of the line break at `at`: LF, CR, CRLF, and the three breaks that only readers of YAML 1.1 know (NEL, LS, PS).
pub(super) fn break_len(s: &[u8], at: usize) -> usize {
    match s.get(at) {
        Some(b'\n') => 1,
        Some(b'\r') if s.get(at + 1) == Some(&b'\n') => 2,
        Some(b'\r') => 1,
        Some(0xc2) if s.get(at + 1) == Some(&0x85) => 2,
        Some(0xe2) if s.get(at + 1) == Some(&0x80) && matches!(s.get(at + 2), Some(0xa8 | 0xa9)) => 3,
        _ => 0,
    }
}

/// A space or a tab.
pub(super) fn blank(b: Option<&u8>) -> bool {
    matches!(b, Some(b' ' | b'\t'))
}

/// Behind the spaces and tabs at `at`.
pub(super) fn spaces(s: &[u8], mut at: usize) -> usize {
    while blank(s.get(at)) {
        at += 1;
    }
    at
}

/// Before the spaces and tabs that end at `end`, but not before `start`.
pub(super) fn trimmed(s: &[u8], start: usize, mut end: usize) -> usize {
    while end > start && blank(s.get(end - 1)) {
        end -= 1;
    }
    end
}

/// Whether a space, a break or the end stands at `at`.
pub(super) fn gap(s: &[u8], at: usize) -> bool {
    at >= s.len() || blank(s.get(at)) || break_len(s, at) > 0
}

/// Where the line that `at` stands in ends, its break left out.
pub(super) fn line_end(s: &[u8], mut at: usize) -> usize {
    while let Some(b) = s.get(at) {
        if matches!(b, b'\n' | b'\r' | 0xc2 | 0xe2) && break_len(s, at) > 0 {
            break;
        }
        at += 1;
    }
    at
}

/// `---` or `...` at the start of a line.
pub(super) fn marker(s: &[u8], at: usize) -> bool {
    matches!(s.get(at..at + 3), Some(b"---" | b"...")) && gap(s, at + 3)
}

/// Whether a word inside brackets ends at `at`.
pub(super) fn flow_stop(s: &[u8], at: usize) -> bool {
    gap(s, at) || matches!(s[at], b',' | b'[' | b']' | b'{' | b'}')
}

/// Where the quoted scalar that begins at `at` ends, its quote included. Nothing when it does not end before its document, or (`short`) its line.
pub(super) fn quoted_end(s: &[u8], at: usize, short: bool) -> Option<usize> {
    let quote = *s.get(at)?;
    let mut p = at + 1;
    loop {
        match *s.get(p)? {
            b'\\' if quote == b'"' && break_len(s, p + 1) == 0 => p += 2,
            b if b == quote => {
                if quote == b'"' || s.get(p + 1) != Some(&b'\'') {
                    return Some(p + 1);
                }
                p += 2;
            }
            b'\n' | b'\r' | 0xc2 | 0xe2 => {
                let n = break_len(s, p);
                p += n.max(1);
                if n > 0 && (short || marker(s, p)) {
                    return None;
                }
            }
            _ => p += 1,
        }
    }
}

/// Where the collection in brackets that begins at `at` ends, if it does so in its line.
pub(super) fn brackets_end(s: &[u8], at: usize) -> Option<usize> {
    let (mut p, mut open) = (at, 0usize);
    loop {
        match *s.get(p)? {
            b'[' | b'{' => open += 1,
            b']' | b'}' if open == 1 => return Some(p + 1),
            b']' | b'}' => open = open.checked_sub(1)?,
            b'"' | b'\'' if flow_stop(s, p - 1) || s[p - 1] == b':' => {
                p = quoted_end(s, p, true)?;
                continue;
            }
            b'#' if blank(s.get(p.wrapping_sub(1))) => return None,
            _ if break_len(s, p) > 0 => return None,
            _ => {}
        }
        p += 1;
    }
}

/// Where the colon behind a plain key that begins at `at` stands, if one does in this line.
pub(super) fn colon(s: &[u8], at: usize) -> Option<usize> {
    let mut p = at;
    loop {
        match *s.get(p)? {
            b':' if gap(s, p + 1) => return Some(p),
            b'#' if p > at && blank(s.get(p - 1)) => return None,
            b'\n' | b'\r' | 0xc2 | 0xe2 if break_len(s, p) > 0 => return None,
            _ => p += 1,
        }
    }
}

/// Where the comment of a line that nothing else is known of begins.
pub(super) fn comment(s: &[u8], start: usize, end: usize) -> Option<usize> {
    let (mut at, mut unclosed) = (start, false);
    while at < end {
        let quoted = matches!(s[at], b'"' | b'\'') && !unclosed;
        match s[at] {
            b'#' if at == start || blank(s.get(at - 1)) => return Some(at),
            _ if quoted => {
                let stop = quoted_end(s, at, true);
                unclosed = stop.is_none();
                at = stop.unwrap_or(at + 1);
            }
            _ => at += 1,
        }
    }
    None
}

/// Whether a line of Jinja (`{% … %}`, `{# … #}`) begins at `at`, which no reader takes for a mapping.
pub(super) fn template(s: &[u8], at: usize) -> bool {
    let line = s.get(at..line_end(s, at)).unwrap_or_default();
    line.starts_with(b"{%") || (line.starts_with(b"{#") && line.windows(2).skip(2).any(|w| w == b"#}"))
}
