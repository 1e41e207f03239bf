//! `.env` files: `NAME=value` lines with shell-like quotes.

use super::add;
use crate::extract::ignores;
use crate::facts::{Builder, FileFacts, V};
use crate::source::Range;
use crate::text::Text;

/// Reads a `.env` file; each name is a setting. Lines that are no assignment are skipped.
pub fn dotenv(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    ignores::hash_comments(bytes, &mut b.facts);
    let skip = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let file = Text::verbatim(bytes.get(skip..).unwrap_or_default(), skip);
    let s = file.as_str();
    let mut at = 0;
    while at < s.len() {
        let rest = s.get(at..).unwrap_or_default();
        let line_len = rest.find('\n').map_or(rest.len(), |i| i + 1);
        let line = rest.get(..line_len).unwrap_or_default();
        let (next, entry) = assignment(line, at, s);
        if let Some((name, value_start, value_end)) = entry {
            let value = file.slice(value_start, value_end);
            let start = at + line.len() - line.trim_start().len();
            let range = file.range(value_start, value_end);
            let whole = Range { start: file.range(start, start).start, end: range.end };
            if !add(&name, whole, range, V::text(value), &mut b) {
                break;
            }
        }
        at = next.max(at + line_len);
    }
    b.finish()
}

/// The name and value range of a line that begins at `at`, and where reading goes on (a quoted value may span lines).
fn assignment(line: &str, at: usize, all: &str) -> (usize, Option<(String, usize, usize)>) {
    let end = at + line.len();
    let body = line.trim_start();
    if body.starts_with('#') {
        return (end, None);
    }
    let Some(eq) = line.find('=') else { return (end, None) };
    let name = line.get(..eq).unwrap_or_default().trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')) {
        return (end, None);
    }
    let raw = line.get(eq + 1..).unwrap_or_default();
    let lead = raw.len() - raw.trim_start_matches([' ', '\t']).len();
    let start = at + eq + 1 + lead;
    let raw = raw.trim();
    for quote in ['"', '\''] {
        if raw.starts_with(quote) {
            let body = all.get(start + 1..).unwrap_or_default();
            // A closing quote far away is a missing one.
            if let Some(close) = body.find(quote).filter(|c| *c < 8192) {
                let close = start + 1 + close;
                let next = all.get(close..).unwrap_or_default().find('\n').map_or(all.len(), |i| close + i + 1);
                return (next, Some((name.to_owned(), start + 1, close)));
            }
        }
    }
    let plain = raw.split(" #").next().unwrap_or_default().trim_end();
    (end, Some((name.to_owned(), start, start + plain.len())))
}
