//! TOML with a range on every key and value. Parsing is total: a line the grammar rejects is blanked, reported, and the rest is read. Knows no file's
//! meaning.

use toml_edit::{Document, Item};

use crate::notice::{LocalNotice, NoticeKind};
use crate::source::Range;
use crate::text::{Text, utf8_same_length};

/// A value of a TOML document.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands; for a table what its header or braces cover.
    pub range: Range,
    /// What it is.
    pub what: Toml,
}

/// The forms of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Toml {
    /// A string, decoded.
    Str(Text),
    /// A truth value.
    Bool(bool),
    /// A number or a date, as written.
    Num(String),
    /// An array, or an array of tables.
    List(Vec<Node>),
    /// A table of any form, in file order.
    Table(Vec<(Key, Node)>),
}

/// A key of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Decoded.
    pub text: String,
    /// Where it was read last.
    pub range: Range,
}

impl Node {
    /// The entry of a table.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(k, _)| k.text == key).map(|(_, v)| v)
    }
    /// The value at keys joined by `.`.
    pub fn at(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, key| node.get(key))
    }
    /// The entries of a table; none for anything else.
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.what {
            Toml::Table(entries) => entries,
            _ => &[],
        }
    }
    /// The elements of an array; none for anything else.
    pub fn elements(&self) -> &[Node] {
        match &self.what {
            Toml::List(nodes) => nodes,
            _ => &[],
        }
    }
    /// The text of a string.
    pub fn text(&self) -> Option<&Text> {
        match &self.what {
            Toml::Str(text) => Some(text),
            _ => None,
        }
    }
    /// The text of a string, as `str`.
    pub fn as_str(&self) -> Option<&str> {
        self.text().map(Text::as_str)
    }
}

/// How many lines may be rejected before the rest is given up.
const REPAIRS: usize = 24;
/// Longest file that is parsed, in bytes.
const LONGEST: usize = 32 << 20;

/// Parses a document. The root is a table; what was not understood is in the notices.
pub fn parse(bytes: &[u8]) -> (Node, Vec<LocalNotice>) {
    let mut notices = Vec::new();
    let whole = Range::new(0, bytes.len());
    let empty = Node { range: whole, what: Toml::Table(Vec::new()) };
    if bytes.len() > LONGEST {
        notices.push(LocalNotice { range: Range::new(0, 0), kind: NoticeKind::Limit, text: "TOML file too large, not read".into() });
        return (empty, notices);
    }
    let original = utf8_same_length(bytes);
    let mut text = mask(&original);
    for _ in 0..REPAIRS {
        let error = match Document::parse(text.as_str()) {
            Ok(document) => {
                let root = item(document.as_item(), &original, whole, 0).unwrap_or(empty);
                return (Node { range: whole, ..root }, notices);
            }
            Err(error) => error,
        };
        let at = error.span().map_or(0, |s| s.start).min(text.len());
        let (start, end) = line_around(&text, at);
        let blank = text.get(start..end).unwrap_or_default().trim().is_empty();
        // A complaint about an empty line is about something unfinished before it: give up on what follows.
        let end = if blank { text.len() } else { end };
        notices.push(LocalNotice {
            range: Range::new(start, end),
            kind: NoticeKind::PartlyUnderstood,
            text: format!("not valid TOML, left out: {}", error.message().lines().next().unwrap_or_default()),
        });
        let masked: String = text.char_indices().flat_map(|(i, c)| blanked(c, i >= start && i < end)).collect();
        text = masked;
    }
    let text = "too many lines are not valid TOML, the file is not read".into();
    notices.push(LocalNotice { range: Range::new(0, 0), kind: NoticeKind::PartlyUnderstood, text });
    (empty, notices)
}

/// Same length: a byte-order mark and lone carriage returns become what the grammar takes.
fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    if let Some(after) = text.strip_prefix('\u{feff}') {
        out.push_str("   ");
        rest = after;
    }
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(if c == '\r' && chars.peek() != Some(&'\n') { '\n' } else { c });
    }
    out
}

fn blanked(c: char, hit: bool) -> impl Iterator<Item = char> {
    let n = if hit && c != '\n' { c.len_utf8() } else { 1 };
    std::iter::repeat_n(if hit && c != '\n' { ' ' } else { c }, n)
}

fn line_around(text: &str, at: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let start = bytes.iter().take(at).rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let end = bytes.iter().skip(at).position(|b| *b == b'\n').map_or(bytes.len(), |i| at + i);
    (start, end)
}

/// The library limits nesting to 80; the cap here is a second belt.
const DEPTH: u32 = 200;

fn item(item: &Item, source: &str, around: Range, depth: u32) -> Option<Node> {
    if depth > DEPTH {
        return None;
    }
    match item {
        Item::None => None,
        Item::Value(v) => value(v, source, around, depth),
        Item::Table(table) => {
            let range = span(table.span(), around);
            let mut entries = Vec::with_capacity(table.len());
            for (name, child) in table.iter() {
                let key = Key { text: name.to_owned(), range: span(table.key(name).and_then(|k| k.span()), range) };
                let inner = span(child.span(), key.range);
                entries.extend(self::item(child, source, inner, depth + 1).map(|node| (key, node)));
            }
            Some(Node { range, what: Toml::Table(entries) })
        }
        Item::ArrayOfTables(tables) => {
            let range = span(tables.span(), around);
            let nodes = tables.iter().filter_map(|t| self::item(&Item::Table(t.clone()), source, span(t.span(), range), depth + 1)).collect();
            Some(Node { range, what: Toml::List(nodes) })
        }
    }
}

fn value(value: &toml_edit::Value, source: &str, around: Range, depth: u32) -> Option<Node> {
    if depth > DEPTH {
        return None;
    }
    let range = span(value.span(), around);
    let what = match value {
        toml_edit::Value::String(_) => Toml::Str(string(source, range)),
        toml_edit::Value::Boolean(b) => Toml::Bool(*b.value()),
        toml_edit::Value::Array(array) => Toml::List(array.iter().filter_map(|v| self::value(v, source, range, depth + 1)).collect()),
        toml_edit::Value::InlineTable(table) => {
            let mut entries = Vec::with_capacity(table.len());
            for (name, child) in table.iter() {
                let key = Key { text: name.to_owned(), range: span(table.key(name).and_then(|k| k.span()), range) };
                entries.extend(self::value(child, source, key.range, depth + 1).map(|node| (key, node)));
            }
            Toml::Table(entries)
        }
        _ => Toml::Num(source.get(range.bounds()).unwrap_or_default().to_owned()),
    };
    Some(Node { range, what })
}

fn span(span: Option<std::ops::Range<usize>>, otherwise: Range) -> Range {
    span.map_or(otherwise, |s| Range::new(s.start, s.end))
}

/// Decodes a string as it stands in the file, quotes and all.
fn string(source: &str, range: Range) -> Text {
    let raw = source.get(range.bounds()).unwrap_or_default();
    let start = range.start as usize;
    let mut out = Text::default();
    for (quote, escapes) in [("\"\"\"", true), ("'''", false), ("\"", true), ("'", false)] {
        let Some(body) = raw.strip_prefix(quote).and_then(|r| r.strip_suffix(quote)) else { continue };
        let mut at = start + quote.len();
        let mut body = body;
        if quote.len() == 3 {
            let trimmed = body.strip_prefix("\r\n").or_else(|| body.strip_prefix('\n')).unwrap_or(body);
            at += body.len() - trimmed.len();
            body = trimmed;
        }
        if !escapes {
            out.push(body, Range::new(at, at + body.len()));
            return out;
        }
        while let Some(slash) = body.find('\\') {
            let plain = body.get(..slash).unwrap_or_default();
            out.push(plain, Range::new(at, at + plain.len()));
            let rest = body.get(slash..).unwrap_or_default();
            let (decoded, len) = escape(rest);
            out.push(&decoded, Range::new(at + slash, at + slash + len));
            at += slash + len;
            body = rest.get(len..).unwrap_or_default();
        }
        out.push(body, Range::new(at, at + body.len()));
        return out;
    }
    out.push(raw, range);
    out
}

/// The text of an escape at the start of `rest` (which begins with a backslash) and its length.
fn escape(rest: &str) -> (String, usize) {
    let Some(c) = rest.chars().nth(1) else { return ("\\".into(), 1) };
    let one = |s: &str| (s.to_owned(), 2);
    match c {
        'n' => one("\n"),
        't' => one("\t"),
        'r' => one("\r"),
        'b' => one("\u{8}"),
        'f' => one("\u{c}"),
        'e' => one("\u{1b}"),
        '"' | '\\' => one(c.encode_utf8(&mut [0; 4])),
        'x' | 'u' | 'U' => {
            let digits = if c == 'x' {
                2
            } else if c == 'u' {
                4
            } else {
                8
            };
            let decoded = rest.get(2..2 + digits).and_then(|h| u32::from_str_radix(h, 16).ok()).and_then(char::from_u32);
            decoded.map_or(("\\".into(), 1), |d| (d.to_string(), 2 + digits))
        }
        c if c.is_whitespace() => {
            let after = rest.get(1..).unwrap_or_default();
            (String::new(), 1 + after.len() - after.trim_start().len())
        }
        _ => ("\\".into(), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_stands_where_it_was_read() {
        let source =
            "a = \"x\\ty\" # c\n[t.'q k']\nb = ['one', \"\"\"\ntwo \\\n   three\"\"\"]\n[[p]]\nn = 1\n[[p]]\nn = { d = 2020-01-01, e = 'f' }\n";
        let (root, notices) = parse(source.as_bytes());
        assert!(notices.is_empty(), "{notices:?}");
        assert_eq!(root.at("a").and_then(Node::as_str), Some("x\ty"));
        let list = root.get("t").and_then(|t| t.get("q k")).and_then(|t| t.get("b")).unwrap();
        assert_eq!(list.elements().iter().filter_map(Node::as_str).collect::<Vec<_>>(), ["one", "two three"]);
        let three = list.elements()[1].text().unwrap().range(4, 9);
        assert_eq!(source.get(three.bounds()).unwrap(), "three");
        let p = root.get("p").unwrap().elements();
        assert_eq!(p[1].at("n.d").unwrap().what, Toml::Num("2020-01-01".into()));
        let e = p[1].at("n.e").unwrap();
        assert_eq!(source.get(e.range.bounds()).unwrap(), "'f'");
        let (key, _) = &p[1].entries()[0];
        assert_eq!(source.get(key.range.bounds()).unwrap(), "n");
    }

    #[test]
    fn a_bad_line_costs_only_itself() {
        let source = "a = 1\nb = = 2\nc = 'three'\n";
        let (root, notices) = parse(source.as_bytes());
        assert_eq!(root.at("c").and_then(Node::as_str), Some("three"));
        assert_eq!(notices.len(), 1);
        assert_eq!(source.get(notices[0].range.bounds()).unwrap(), "b = = 2");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(proptest::prop_oneof![proptest::num::u8::ANY, proptest::sample::select(b"[]{}='\"\n.#a1\\ ".to_vec())], 0..120)) {
            let (root, notices) = parse(&bytes);
            for notice in notices {
                proptest::prop_assert!(notice.range.end as usize <= bytes.len());
            }
            proptest::prop_assert!(matches!(root.what, Toml::Table(_)));
        }
    }
}
