//! `requirements*.txt` and constraints files: specifiers, and options as settings under `pip.`.

use crate::extract::ignores;
use crate::facts::{Builder, FileFacts, RequirementFrom, V};
use crate::notice::NoticeKind;
use crate::source::Range;
use crate::text::Text;

/// Reads a requirements or constraints file.
pub fn requirements(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    let file = decode(bytes);
    ignores::hash_comments(bytes, &mut b.facts);
    for line in logical_lines(&file) {
        line_facts(&line, RequirementFrom::Requirements, &mut b);
        if b.facts.items.len() >= super::MOST {
            b.notice(line.whole(), NoticeKind::Limit, "too many requirements, the rest is left out");
            break;
        }
    }
    b.finish()
}

/// The facts of one logical line: an option, or a specifier.
pub(super) fn line_facts(line: &Text, from: RequirementFrom, b: &mut Builder) {
    let s = line.as_str();
    let trimmed = trim(line, 0, s.len());
    if !trimmed.as_str().starts_with('-') {
        if super::add(&trimmed, from, None, b).is_none() && !trimmed.is_empty() {
            b.notice(trimmed.whole(), NoticeKind::PartlyUnderstood, "neither a requirement nor an option");
        }
        return;
    }
    let s = trimmed.as_str();
    let (name, at) = if let Some(long) = s.strip_prefix("--") {
        let end = long.find([' ', '\t', '=']).unwrap_or(long.len());
        (long.get(..end).unwrap_or_default().to_owned(), 2 + end)
    } else {
        let short = s.get(1..2).unwrap_or_default();
        (SHORT.iter().find(|(c, _)| *c == short).map_or(short, |(_, long)| *long).to_owned(), (1 + short.len()).min(s.len()))
    };
    let rest = s.get(at..).unwrap_or_default();
    let skipped = rest.len() - rest.trim_start_matches([' ', '\t', '=']).len();
    let value = unquoted(&trim(&trimmed, at + skipped, s.len()));
    if name == EDITABLE {
        if super::add(&value, from, None, b).is_none() && !value.is_empty() {
            // A bare directory name: a path, not a package.
            let url = Some(value.as_str().to_owned());
            super::push(trimmed.whole(), crate::facts::Requirement { url, from, ..Default::default() }, b);
        }
        return;
    }
    let (range, what) = if value.is_empty() { (trimmed.whole(), V::Bool(true)) } else { (value.whole(), V::text(value)) };
    super::setting(format!("pip.{name}"), trimmed.whole(), range, what, b);
}

const EDITABLE: &str = "editable";
const SHORT: [(&str, &str); 5] = [("r", "requirement"), ("c", "constraint"), ("i", "index-url"), ("f", "find-links"), ("e", EDITABLE)];

/// UTF-8, or UTF-16 with a byte-order mark (what PowerShell's redirection writes).
fn decode(bytes: &[u8]) -> Text {
    let wide = match bytes {
        [0xff, 0xfe, rest @ ..] => Some((rest, u16::from_le_bytes as fn([u8; 2]) -> u16)),
        [0xfe, 0xff, rest @ ..] => Some((rest, u16::from_be_bytes as fn([u8; 2]) -> u16)),
        _ => None,
    };
    let Some((rest, unit)) = wide else {
        let skip = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        return Text::verbatim(bytes.get(skip..).unwrap_or_default(), skip);
    };
    let units = rest.chunks_exact(2).map(|c| unit([c.first().copied().unwrap_or(0), c.get(1).copied().unwrap_or(0)]));
    let mut out = Text::default();
    let mut at = 2;
    for c in char::decode_utf16(units) {
        let c = c.unwrap_or('?');
        let len = 2 * c.len_utf16();
        out.push(c.encode_utf8(&mut [0; 4]), Range::new(at, at + len));
        at += len;
    }
    out
}

/// Lines joined over `\`, without comments and blank lines.
fn logical_lines(file: &Text) -> Vec<Text> {
    let mut out = Vec::new();
    let mut open = Text::default();
    let mut at = 0;
    for line in file.as_str().split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let code = without_comment(body);
        let joined = code.len() == body.len() && code.ends_with('\\');
        open.append(&file.slice(at, at + code.len() - usize::from(joined)));
        at += line.len();
        if !joined {
            out.push(std::mem::take(&mut open));
        }
    }
    out.push(open);
    out.retain(|t| !t.as_str().trim().is_empty());
    out
}

/// A comment begins at `#` at the start or after white space.
fn without_comment(line: &str) -> &str {
    let at =
        line.char_indices().scan(' ', |before, (i, c)| Some((std::mem::replace(before, c), i, c))).find(|(b, _, c)| *c == '#' && b.is_whitespace());
    line.get(..at.map_or(line.len(), |(_, i, _)| i)).unwrap_or_default()
}

fn trim(text: &Text, start: usize, end: usize) -> Text {
    let s = text.as_str().get(start..end).unwrap_or_default();
    let lead = s.len() - s.trim_start().len();
    text.slice(start + lead, start + lead + s.trim().len())
}

fn unquoted(text: &Text) -> Text {
    let s = text.as_str();
    let quoted = s.len() >= 2 && ['"', '\''].iter().any(|q| s.starts_with(*q) && s.ends_with(*q));
    if quoted { text.slice(1, s.len() - 1) } else { text.clone() }
}
