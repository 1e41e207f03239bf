//! The strings of a JSON text without a tree: what a scanner of very large files needs. Reads brackets and quotes, not grammar, so a damaged file gives
//! what there is. Knows no schema.

use crate::source::Range;
use crate::text::Text;

use super::Reader;

/// Where a value stands, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'b> {
    /// Under a key of an object, as written.
    Key(&'b [u8]),
    /// At an index of a list.
    Item(u32),
}

/// A string, or the strings that follow each other in one list; the bytes between the quotes of each.
#[derive(Clone, Copy, Debug)]
pub struct Strings<'a> {
    /// The whole file.
    pub bytes: &'a [u8],
    /// Inner bounds of each string, at least one.
    pub parts: &'a [(usize, usize)],
}

impl Strings<'_> {
    /// The file range from the first string to the last.
    pub fn range(&self) -> Range {
        Range::new(self.parts.first().map_or(0, |p| p.0), self.parts.last().map_or(0, |p| p.1))
    }
    /// The bytes from the first string to the last, escapes, quotes and commas between them and all.
    pub fn written(&self) -> &[u8] {
        self.bytes.get(self.range().bounds()).unwrap_or_default()
    }
    /// The raw bytes of each string, escapes and all.
    pub fn raw(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().map(|(start, end)| self.bytes.get(*start..*end).unwrap_or_default())
    }
    /// All strings as one text.
    pub fn joined(&self) -> Text {
        let mut out = Text::default();
        self.parts.iter().for_each(|part| out.append(&decode(self.bytes, *part)));
        out
    }
    /// Each string as a text; one that ends its line goes on in the next one.
    pub fn lines(&self) -> Vec<Text> {
        let mut out: Vec<Text> = Vec::new();
        for part in self.parts {
            let text = decode(self.bytes, *part);
            match out.last_mut() {
                Some(last) if last.as_str().ends_with('\n') => last.append(&text),
                _ => out.push(text),
            }
        }
        out
    }
}

fn decode(bytes: &[u8], (start, end): (usize, usize)) -> Text {
    let mut reader = Reader { bytes: bytes.get(..end).unwrap_or(bytes), at: start, notices: Vec::new(), skip: |_| false, joined: |_| false, told: 0 };
    reader.contents()
}

/// Deeper nesting is read as if it were not there.
const DEPTH: usize = 500;

/// As [`walk_with_keys`], of values alone.
pub fn walk<'b>(bytes: &'b [u8], wanted: &mut dyn FnMut(&[Step<'b>]) -> bool, found: &mut dyn FnMut(&[Step<'b>], Strings<'_>)) {
    walk_with_keys(bytes, wanted, &mut |_, _| (), found);
}

/// Goes through all string values. `wanted` is asked when the value of a key begins; what it refuses is passed over unread. `found` gets the strings of a
/// value together; a list has then been counted up to the item behind them. Keys are no values: `named` gets each of them, with the path that it ends.
pub fn walk_with_keys<'b>(
    bytes: &'b [u8],
    wanted: &mut dyn FnMut(&[Step<'b>]) -> bool,
    named: &mut dyn FnMut(&[Step<'b>], Strings<'_>),
    found: &mut dyn FnMut(&[Step<'b>], Strings<'_>),
) {
    let mut path: Vec<Step<'b>> = Vec::new();
    // Whether the innermost object waits for a key.
    let mut keys: Vec<bool> = Vec::new();
    let mut parts: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    // Brackets that are read as if they were not there.
    let mut deeper = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if !parts.is_empty() && matches!(byte, b'{' | b'[' | b'}' | b']') {
            found(&path, Strings { bytes, parts: &parts });
            parts.clear();
        }
        match byte {
            b'{' | b'[' if path.len() < DEPTH => {
                path.push(if byte == b'{' { Step::Key(b"") } else { Step::Item(0) });
                keys.push(byte == b'{');
            }
            b'{' | b'[' => deeper += 1,
            b'}' | b']' if deeper > 0 => deeper -= 1,
            b'}' | b']' => {
                path.pop();
                keys.pop();
            }
            b',' => match path.last_mut() {
                Some(Step::Item(n)) => *n = n.saturating_add(1),
                _ => keys.iter_mut().last().into_iter().for_each(|k| *k = true),
            },
            b':' => {
                keys.iter_mut().last().into_iter().for_each(|k| *k = false);
                if !wanted(&path) {
                    at = past(bytes, at);
                }
            }
            b'"' => {
                let end = string_end(bytes, at);
                match (path.last_mut(), keys.last()) {
                    (Some(Step::Key(key)), Some(true)) => {
                        *key = bytes.get(at..end).unwrap_or_default();
                        named(&path, Strings { bytes, parts: &[(at, end)] });
                    }
                    (Some(Step::Item(_)), _) => parts.push((at, end)),
                    _ => found(&path, Strings { bytes, parts: &[(at, end)] }),
                }
                at = end + 1;
            }
            _ => {}
        }
    }
    if !parts.is_empty() {
        found(&path, Strings { bytes, parts: &parts });
    }
}

/// The closing quote of a string, given the byte behind its opening one; the end of the text when there is none.
pub fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        if bytes.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

/// The end of the value that begins at or behind `at`: behind its last byte, before the comma or bracket that follows it.
pub fn past(bytes: &[u8], at: usize) -> usize {
    let mut at = at + bytes.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_whitespace()).count();
    let (open, close) = match bytes.get(at) {
        Some(b'"') => return (string_end(bytes, at + 1) + 1).min(bytes.len()),
        Some(b'{') => (b'{', b'}'),
        Some(b'[') => (b'[', b']'),
        _ => {
            let plain = |b: &&u8| !matches!(b, b',' | b'}' | b']');
            return at + bytes.get(at..).unwrap_or_default().iter().take_while(plain).count();
        }
    };
    let mut depth = 0_usize;
    while let Some(found) = memchr::memchr3(b'"', open, close, bytes.get(at..).unwrap_or_default()) {
        at += found + 1;
        match bytes.get(at - 1) {
            Some(b'"') => at = (string_end(bytes, at) + 1).min(bytes.len()),
            Some(b) if *b == open => depth += 1,
            _ => depth -= 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(source: &str, refused: &str) -> Vec<String> {
        let mut out = Vec::new();
        let mut wanted = |path: &[Step<'_>]| path.last() != Some(&Step::Key(refused.as_bytes()));
        walk(source.as_bytes(), &mut wanted, &mut |path, strings| {
            let steps: Vec<String> = path
                .iter()
                .map(|s| match s {
                    Step::Key(k) => String::from_utf8_lossy(k).into_owned(),
                    Step::Item(n) => n.to_string(),
                })
                .collect();
            for text in strings.lines() {
                for (start, end, from) in text.linear_runs() {
                    assert_eq!(text.as_str().get(start..end), source.get(from..from + end - start));
                }
                out.push(format!("{}={:?}", steps.join("."), text.as_str()));
            }
        });
        out
    }

    #[test]
    fn strings_come_with_their_path() {
        let table: &[(&str, &[&str])] = &[
            (r#"{"a": {"b": "x"}, "c": ["y\n", "z", "w"]}"#, &["a.b=\"x\"", "c.2=\"y\\nz\"", "c.2=\"w\""]),
            (r#"{"no": {"a": ["[", "}"], "b": {}}, "c": "x"}"#, &["c=\"x\""]),
            (r#"{"no": "\"\\", "c": 1, "d": "x"}"#, &["d=\"x\""]),
            (r#"{"no": 12, "d": ["x", {"e": "y"}, "z"]}"#, &["d.1=\"x\"", "d.1.e=\"y\"", "d.2=\"z\""]),
            (r#"{"a": "unfinished \" "#, &["a=\"unfinished \\\" \""]),
            (r#"{"a": ["x\n", "y"#, &["a.1=\"x\\ny\""]),
            (r#"]]}} "a": "b"#, &["=\"a\"", "=\"b\""]),
            (r#"{"no": {"a": "#, &[]),
            ("", &[]),
        ];
        for (source, want) in table {
            assert_eq!(show(source, "no"), *want, "{source}");
        }
        assert_eq!(show(&"[".repeat(100_000), "no"), Vec::<String>::new());
        let deep = format!("{{\"a\": {}{}, \"b\": \"x\"}}", "[".repeat(600), "]".repeat(600));
        assert_eq!(show(&deep, "no"), ["b=\"x\""]);
    }
}
