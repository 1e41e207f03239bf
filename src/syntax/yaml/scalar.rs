//! Scalars: five styles decoded to text whose every byte maps to where it was read. Knows no structure beyond the scalar.

use super::scan::{blank, break_len, line_end, marker, spaces, trimmed};
use super::{Core, Style};
use crate::text::Text;

/// The text between `start` and `end` of a plain or quoted scalar (quotes left out), unfolded and unescaped.
pub(super) fn flow(src: &Text, start: usize, end: usize, style: Style) -> Text {
    let s = src.as_str().as_bytes();
    let s = s.get(..end.min(s.len())).unwrap_or_default();
    let mut out = Text::default();
    let (mut at, mut done) = (start, start);
    while at < s.len() {
        match s[at] {
            b'\n' | b'\r' | 0xc2 | 0xe2 if break_len(s, at) > 0 => {
                let kept = trimmed(s, done, at);
                out.push_part(src, done, kept);
                at = breaks(src, s, at, kept, true, &mut out);
                done = at;
            }
            b'\\' if style == Style::Double => {
                out.push_part(src, done, at);
                if break_len(s, at + 1) > 0 {
                    at = breaks(src, s, at + 1, at, false, &mut out);
                } else {
                    let (decoded, len) = escape(src.as_str(), at, s.len());
                    out.push(decoded.encode_utf8(&mut [0; 4]), src.range(at, at + len));
                    at += len;
                }
                done = at;
            }
            b'\'' if style == Style::Single && s.get(at + 1) == Some(&b'\'') => {
                out.push_part(src, done, at);
                out.push("'", src.range(at, at + 2));
                at += 2;
                done = at;
            }
            _ => at += 1,
        }
    }
    out.push_part(src, done, s.len());
    out
}

/// Folds the breaks that begin at `at`: one is a space (or nothing, when escaped), each further one a line feed. Returns where text goes on.
fn breaks(src: &Text, s: &[u8], at: usize, from: usize, fold: bool, out: &mut Text) -> usize {
    let brk = break_len(s, at);
    let first = at + brk;
    let mut at = spaces(s, first);
    let mut more = false;
    if fold && break_len(s, first - brk) == 3 {
        out.push_part(src, first - brk, first);
        more = true;
    }
    while break_len(s, at) > 0 {
        let brk = break_len(s, at);
        let next = spaces(s, at + brk);
        if brk == 3 {
            out.push_part(src, at, at + brk);
        } else {
            out.push("\n", src.range(at, next));
        }
        at = next;
        more = true;
    }
    if fold && !more {
        out.push(" ", src.range(from, at));
    }
    at
}

/// One escape of a double-quoted scalar: what it stands for and its length. An unknown one stands for itself.
fn escape(s: &str, at: usize, end: usize) -> (char, usize) {
    let hex = |from: usize, n: usize| {
        let digits = s.get(from..(from + n).min(end)).filter(|d| d.len() == n && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let simple = match s.as_bytes().get(at + 1).filter(|_| at + 1 < end) {
        Some(b'0') => '\0',
        Some(b'a') => '\u{7}',
        Some(b'b') => '\u{8}',
        Some(b't' | b'\t') => '\t',
        Some(b'n') => '\n',
        Some(b'v') => '\u{b}',
        Some(b'f') => '\u{c}',
        Some(b'r') => '\r',
        Some(b'e') => '\u{1b}',
        Some(c @ (b' ' | b'"' | b'/' | b'\\')) => *c as char,
        Some(b'N') => '\u{85}',
        Some(b'_') => '\u{a0}',
        Some(b'L') => '\u{2028}',
        Some(b'P') => '\u{2029}',
        Some(c @ (b'x' | b'u' | b'U')) => {
            let n = match c {
                b'x' => 2,
                b'u' => 4,
                _ => 8,
            };
            let Some(code) = hex(at + 2, n) else { return ('\\', 1) };
            // JSON writes characters beyond the first plane as two escapes.
            if (0xd800..0xdc00).contains(&code)
                && s.get(at + 6..at + 8) == Some("\\u")
                && let Some(low) = hex(at + 8, 4).filter(|l| (0xdc00..0xe000).contains(l))
            {
                let whole = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                return (char::from_u32(whole).unwrap_or('\u{fffd}'), 12);
            }
            return (char::from_u32(code).unwrap_or('\u{fffd}'), n + 2);
        }
        _ => return ('\\', 1),
    };
    (simple, 2)
}

/// A block scalar whose header (`|` or `>`) stands at `at`. `indent` is the column of the enclosing block collection, -1 when there is none.
/// Returns the text and where the scalar ends (behind its last content line, without the break); nothing when no header stands there.
pub(super) fn block(src: &Text, at: usize, indent: i64) -> Option<(Text, usize, Style)> {
    let s = src.as_str().as_bytes();
    let style = match s.get(at)? {
        b'|' => Style::Literal,
        b'>' => Style::Folded,
        _ => return None,
    };
    let (mut chomp, mut stated) = (b' ', None);
    let mut p = at + 1;
    while let Some(c @ (b'+' | b'-' | b'0'..=b'9')) = s.get(p) {
        match c {
            b'+' | b'-' => chomp = *c,
            digit => stated = Some(i64::from(digit - b'0')),
        }
        p += 1;
    }
    let header_end = p;
    p = spaces(s, p);
    if s.get(p) == Some(&b'#') && p > header_end {
        p = line_end(s, p);
    }
    if p < s.len() && break_len(s, p) == 0 {
        return None;
    }
    let mut end = header_end;
    let mut line = p + break_len(s, p);
    let mut width = stated.map(|n| usize::try_from(indent.max(0) + n).unwrap_or(0));
    let mut out = Text::default();
    // The break behind the last content line, waiting to be folded, and the blank lines behind it.
    let mut pending: Option<(usize, usize)> = None;
    let mut empty: Vec<(usize, usize)> = Vec::new();
    let (mut after_spaced, mut widest) = (false, 0);
    while line < s.len() {
        let mut text = line;
        while s.get(text) == Some(&b' ') && width.is_none_or(|w| text - line < w) {
            text += 1;
        }
        let brk = break_len(s, text);
        if brk > 0 {
            if width.is_none() {
                // Readers take the widest leading blank line for the indent if it is wider than the first content line.
                widest = widest.max(text - line);
            }
            empty.push((text, brk));
            line = text + brk;
            continue;
        }
        if text == s.len() {
            break;
        }
        let column = text - line;
        let least = usize::try_from(indent + 1).unwrap_or(0);
        if width.is_none() && column >= least {
            width = Some(column.max(widest));
        }
        // No reader takes the start of a line for content; the grammar of YAML 1.2 does.
        let outside = column == 0 && (marker(s, text) || matches!(s[text], b'#' | b'%'));
        if outside || width.is_none_or(|w| column < w) {
            break;
        }
        let spaced = blank(s.get(text));
        if let Some((b, n)) = pending {
            if style == Style::Folded && !spaced && !after_spaced && n < 3 {
                if empty.is_empty() {
                    out.push(" ", src.range(b, text));
                }
            } else {
                one_break(&mut out, src, b, n);
            }
        }
        for (b, n) in empty.drain(..) {
            one_break(&mut out, src, b, n);
        }
        let stop = line_end(s, text);
        out.push_part(src, text, stop);
        end = stop;
        after_spaced = spaced;
        let n = break_len(s, stop);
        pending = (n > 0).then_some((stop, n));
        line = stop + n;
    }
    if chomp != b'-'
        && let Some((b, n)) = pending
    {
        one_break(&mut out, src, b, n);
    }
    if chomp == b'+' {
        for (b, n) in empty {
            one_break(&mut out, src, b, n);
        }
    }
    Some((out, end, style))
}

fn one_break(out: &mut Text, src: &Text, at: usize, len: usize) {
    if len == 3 {
        // LS and PS are kept.
        out.push_part(src, at, at + len);
    } else {
        out.push("\n", src.range(at, at + len));
    }
}

/// The core type of a scalar.
pub(super) fn core(text: &str, style: Style, tag: Option<&str>) -> Core {
    let by_shape = || match text {
        "" | "~" | "null" | "Null" | "NULL" => Core::Null,
        "true" | "True" | "TRUE" => Core::Bool(true),
        "false" | "False" | "FALSE" => Core::Bool(false),
        _ if number(text) => Core::Num,
        _ => Core::Str,
    };
    match tag {
        Some("!!null") => Core::Null,
        Some("!!bool") => by_shape(),
        Some("!!int" | "!!float") if number(text) => Core::Num,
        Some(_) => Core::Str,
        None if style == Style::Plain => by_shape(),
        None => Core::Str,
    }
}

fn number(text: &str) -> bool {
    if !text.starts_with(|c: char| matches!(c, '0'..='9' | '.' | '-' | '+')) {
        return false;
    }
    let all = |s: &str, f: fn(&u8) -> bool| !s.is_empty() && s.as_bytes().iter().all(f);
    if let Some(rest) = text.strip_prefix("0x") {
        return all(rest, u8::is_ascii_hexdigit);
    }
    if let Some(rest) = text.strip_prefix("0o") {
        return all(rest, |b| (b'0'..b'8').contains(b));
    }
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(body, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = body.split_once(['e', 'E']).map_or((body, None), |(m, e)| (m, Some(e)));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    digits(whole)
        && digits(part)
        && !(whole.is_empty() && part.is_empty())
        && exponent.is_none_or(|e| all(e.strip_prefix(['-', '+']).unwrap_or(e), u8::is_ascii_digit))
}
