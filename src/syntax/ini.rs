//! INI as Python's `configparser` reads it: sections, `key = value`, indented continuation lines, whole-line comments. Total; knows no file's meaning.

use crate::source::Range;
use crate::text::Text;

/// A key with its lines of value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Section it stands in, trimmed; empty before the first.
    pub section: String,
    /// Key, trimmed.
    pub key: String,
    /// Where the key stands.
    pub key_range: Range,
    /// The value, one trimmed text for each line that has one.
    pub lines: Vec<Text>,
}

impl Entry {
    /// Key and value.
    pub fn range(&self) -> Range {
        self.lines.iter().fold(self.key_range, |range, line| range.cover(line.whole()))
    }
}

/// All entries, in order. Lines that are none of it are skipped.
pub fn parse(bytes: &[u8]) -> Vec<Entry> {
    let skip = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let file = Text::verbatim(bytes.get(skip..).unwrap_or_default(), skip);
    let mut out: Vec<Entry> = Vec::new();
    let mut section = String::new();
    // How far the entry whose value may go on is indented: its further lines are indented more.
    let mut open: Option<usize> = None;
    let mut at = 0;
    for line in file.as_str().split_inclusive(['\n', '\r']) {
        let start = at;
        at += line.len();
        let body = line.trim();
        if body.is_empty() {
            continue;
        }
        if body.starts_with(['#', ';']) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let text = |from: usize, to: usize| file.slice(start + indent + from, start + indent + to);
        if open.is_some_and(|own| indent > own) {
            if let Some(entry) = out.last_mut() {
                entry.lines.push(text(0, body.len()));
            }
            continue;
        }
        if let Some(name) = body.strip_prefix('[').and_then(|b| b.split(']').next()) {
            section = name.trim().to_owned();
            open = None;
            continue;
        }
        let cut = body.find(['=', ':']);
        let key = body.get(..cut.unwrap_or(body.len())).unwrap_or_default().trim_end();
        let mut entry = Entry { section: section.clone(), key: key.to_owned(), key_range: text(0, key.len()).whole(), lines: Vec::new() };
        if let Some(cut) = cut {
            let rest = body.get(cut + 1..).unwrap_or_default();
            let lead = rest.len() - rest.trim_start().len();
            if lead < rest.len() {
                entry.lines.push(text(cut + 1 + lead, body.len()));
            }
        }
        out.push(entry);
        open = Some(indent);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_span_indented_lines() {
        let source =
            b"[global]\r\nindex-url: https://a/ # kept\n; no\n[options]\ninstall_requires =\n    a>=1\n\n    # c\n    b\nzip_safe = no\nflag\n";
        let entries = parse(source);
        let shown: Vec<_> =
            entries.iter().map(|e| (e.section.as_str(), e.key.as_str(), e.lines.iter().map(Text::as_str).collect::<Vec<_>>())).collect();
        assert_eq!(
            shown,
            [
                ("global", "index-url", vec!["https://a/ # kept"]),
                ("options", "install_requires", vec!["a>=1", "b"]),
                ("options", "zip_safe", vec!["no"]),
                ("options", "flag", vec![]),
            ]
        );
        let indented = parse(b"['remote \"o\"']\n    user = a\n    password = b\n      c\n");
        assert_eq!(indented.iter().map(|e| (e.key.as_str(), e.lines.len())).collect::<Vec<_>>(), [("user", 1), ("password", 2)]);
        for entry in &entries {
            assert_eq!(&source[entry.key_range.bounds()], entry.key.as_bytes());
            for line in &entry.lines {
                assert_eq!(&source[line.whole().bounds()], line.as_str().as_bytes());
            }
        }
    }
}
