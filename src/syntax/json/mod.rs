//! JSON as the value tree that [`super::yaml`] has, every string with an exact map through its escapes. Reads what is there: trailing commas,
//! comments, several documents and a missing end leave a notice, never a loss. Knows no schema.

pub mod strings;

use super::yaml::{Core, Entry, Node, NodeKind, Scalar, Style};
use crate::notice::{LocalNotice, NoticeKind};
use crate::source::Range;
use crate::text::{Text, utf8_same_length};

/// Nesting beyond this is passed over.
const DEPTH: usize = 100;

/// The documents of a text (nearly always one) and what was not understood.
pub fn parse(bytes: &[u8]) -> (Vec<Node>, Vec<LocalNotice>) {
    parse_without(bytes, |_| false)
}

/// As [`parse`]; the value of a key for which `skip` holds (media payloads) is passed over and stands as an empty raw scalar with its range.
pub fn parse_without(bytes: &[u8], skip: fn(&str) -> bool) -> (Vec<Node>, Vec<LocalNotice>) {
    parse_joined(bytes, skip, |_| false)
}

/// As [`parse_without`]; the list under a key for which `joined` holds is the lines of one text, and stands as that: a node for each of them would take many
/// times the room of a short line.
pub fn parse_joined(bytes: &[u8], skip: fn(&str) -> bool, joined: fn(&str) -> bool) -> (Vec<Node>, Vec<LocalNotice>) {
    let mut reader = Reader { bytes, at: if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }, notices: Vec::new(), skip, joined, told: 0 };
    let mut documents = Vec::new();
    loop {
        reader.blank();
        let before = reader.at;
        if before >= bytes.len() {
            break;
        }
        documents.push(reader.value(0));
        if reader.at == before {
            reader.at += 1;
        }
    }
    (documents, reader.notices)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    notices: Vec<LocalNotice>,
    skip: fn(&str) -> bool,
    joined: fn(&str) -> bool,
    told: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn notice(&mut self, start: usize, end: usize, kind: NoticeKind, text: &str) {
        // A file that is no JSON at all needs to be told once.
        self.told += 1;
        if self.told <= 5 {
            self.notices.push(LocalNotice { range: Range::new(start, end), kind, text: text.to_owned() });
        }
    }

    /// White space and comments.
    fn blank(&mut self) {
        while let Some(b) = self.peek() {
            match b {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'/' if self.bytes.get(self.at + 1) == Some(&b'/') => self.until(|rest| rest.first() == Some(&b'\n')),
                b'/' if self.bytes.get(self.at + 1) == Some(&b'*') => {
                    self.at += 2;
                    self.until(|rest| rest.starts_with(b"*/"));
                    self.at = (self.at + 2).min(self.bytes.len());
                }
                _ => break,
            }
        }
    }

    fn until(&mut self, stop: impl Fn(&[u8]) -> bool) {
        while self.at < self.bytes.len() && !stop(self.bytes.get(self.at..).unwrap_or_default()) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Node {
        let start = self.at;
        match self.peek() {
            Some(b'{' | b'[') if depth >= DEPTH => {
                self.pass();
                self.notice(start, self.at, NoticeKind::Limit, "nested too deeply: passed over");
                self.raw(start)
            }
            Some(b'{') => self.map(depth),
            Some(b'[') => self.seq(depth),
            Some(b'"') => {
                let text = self.string();
                node(start, self.at, text, Style::Double, Core::Str)
            }
            _ => self.word(),
        }
    }

    fn map(&mut self, depth: usize) -> Node {
        let start = self.at;
        self.at += 1;
        let mut entries = Vec::new();
        loop {
            self.blank();
            let here = self.at;
            match self.peek() {
                None => {
                    self.notice(start, here, NoticeKind::PartlyUnderstood, "the file ends inside an object");
                    break;
                }
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(b']' | b':') => {
                    self.notice(here, here + 1, NoticeKind::PartlyUnderstood, "not expected in an object");
                    self.at += 1;
                }
                Some(_) => {
                    let key = self.value(depth + 1);
                    self.blank();
                    let value = if self.peek() == Some(b':') {
                        self.at += 1;
                        self.blank();
                        let from = self.at;
                        if key.as_str().is_some_and(|k| (self.skip)(k)) {
                            self.pass();
                            self.raw(from)
                        } else if matches!(self.peek(), None | Some(b'}' | b',' | b']')) {
                            node(from, from, Text::default(), Style::Plain, Core::Null)
                        } else if self.peek() == Some(b'[') && depth + 1 < DEPTH && key.as_str().is_some_and(|k| (self.joined)(k)) {
                            let mut text = Text::default();
                            self.items(depth + 1, &mut |line| line.text().into_iter().for_each(|t| text.append(t)));
                            node(from, self.at, text, Style::Double, Core::Str)
                        } else {
                            self.value(depth + 1)
                        }
                    } else {
                        self.notice(key.range.start as usize, self.at, NoticeKind::PartlyUnderstood, "a key without a value");
                        node(self.at, self.at, Text::default(), Style::Plain, Core::Null)
                    };
                    entries.push(Entry { key, value, merged: None });
                    if self.at == here {
                        self.at += 1;
                    }
                }
            }
        }
        Node { range: Range::new(start, self.at), alias: None, tag: None, kind: NodeKind::Map(entries) }
    }

    fn seq(&mut self, depth: usize) -> Node {
        let start = self.at;
        let mut items = Vec::new();
        self.items(depth, &mut |item| items.push(item));
        Node { range: Range::new(start, self.at), alias: None, tag: None, kind: NodeKind::Seq(items) }
    }

    /// The items of the list that begins here.
    fn items(&mut self, depth: usize, found: &mut dyn FnMut(Node)) {
        let start = self.at;
        self.at += 1;
        loop {
            self.blank();
            let here = self.at;
            match self.peek() {
                None => {
                    self.notice(start, here, NoticeKind::PartlyUnderstood, "the file ends inside a list");
                    break;
                }
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(b'}' | b':') => {
                    self.notice(here, here + 1, NoticeKind::PartlyUnderstood, "not expected in a list");
                    self.at += 1;
                }
                Some(_) => {
                    found(self.value(depth + 1));
                    if self.at == here {
                        self.at += 1;
                    }
                }
            }
        }
    }

    /// A number, `true`, `null`, or whatever stands there without quotes.
    fn word(&mut self) -> Node {
        let start = self.at;
        while self.peek().is_some_and(|b| !matches!(b, b',' | b':' | b']' | b'}' | b'[' | b'{' | b'"' | b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        let stretch = self.bytes.get(start..self.at).unwrap_or_default();
        let text = Text::verbatim(stretch, start);
        let core = match stretch {
            b"true" => Core::Bool(true),
            b"false" => Core::Bool(false),
            b"null" => Core::Null,
            b"NaN" | b"Infinity" | b"-Infinity" => Core::Num,
            [b'-' | b'0'..=b'9', ..] => Core::Num,
            _ => {
                self.notice(start, self.at.max(start + 1).min(self.bytes.len()), NoticeKind::PartlyUnderstood, "not JSON here");
                Core::Str
            }
        };
        node(start, self.at, text, Style::Plain, core)
    }

    /// Passes over one value without reading it: brackets and strings are all that counts.
    fn pass(&mut self) {
        self.at = strings::past(self.bytes, self.at);
    }

    fn raw(&self, start: usize) -> Node {
        node(start, self.at, Text::default(), Style::Raw, Core::Str)
    }

    /// A string, at its opening quote.
    fn string(&mut self) -> Text {
        let start = self.at;
        self.at += 1;
        let out = self.contents();
        if self.at >= self.bytes.len() {
            self.notice(start, self.at, NoticeKind::PartlyUnderstood, "the file ends inside a string");
        }
        self.at = (self.at + 1).min(self.bytes.len());
        out
    }

    /// What stands up to the closing quote, decoded; stops at the quote, or at the end of the text.
    fn contents(&mut self) -> Text {
        let mut out = Text::default();
        loop {
            let from = self.at;
            let length = memchr::memchr2(b'"', b'\\', self.bytes.get(from..).unwrap_or_default());
            self.at = length.map_or(self.bytes.len(), |l| from + l);
            self.keep(&mut out, from);
            if self.peek() != Some(b'\\') {
                return out;
            }
            self.escape(&mut out);
        }
    }

    fn keep(&self, out: &mut Text, from: usize) {
        let stretch = self.bytes.get(from..self.at).unwrap_or_default();
        match std::str::from_utf8(stretch) {
            Ok(text) => out.push(text, Range::new(from, self.at)),
            Err(_) => out.push(&utf8_same_length(stretch), Range::new(from, self.at)),
        }
    }

    fn escape(&mut self, out: &mut Text) {
        let start = self.at;
        let simple = match self.bytes.get(start + 1) {
            Some(b'n') => "\n",
            Some(b't') => "\t",
            Some(b'r') => "\r",
            Some(b'b') => "\u{8}",
            Some(b'f') => "\u{c}",
            Some(b'/') => "/",
            Some(b'\\') => "\\",
            Some(b'"') => "\"",
            Some(b'u') => {
                let (c, len) = self.unicode(start);
                self.at = (start + len).min(self.bytes.len());
                out.push(c.encode_utf8(&mut [0; 4]), Range::new(start, self.at));
                return;
            }
            _ => {
                // Not JSON; the backslash stands for itself.
                self.at += 1;
                out.push("\\", Range::new(start, start + 1));
                return;
            }
        };
        self.at += 2;
        out.push(simple, Range::new(start, start + 2));
    }

    /// `\uXXXX`, with its second half when it is the first of a surrogate pair.
    fn unicode(&self, start: usize) -> (char, usize) {
        let unit = |at: usize| {
            let digits = self.bytes.get(at + 2..at + 6)?;
            let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            u32::from_str_radix(digits, 16).ok()
        };
        let Some(first) = unit(start) else { return ('\u{fffd}', 2) };
        if (0xd800..0xdc00).contains(&first)
            && self.bytes.get(start + 6..start + 8) == Some(b"\\u")
            && let Some(second) = unit(start + 6).filter(|s| (0xdc00..0xe000).contains(s))
        {
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return (char::from_u32(code).unwrap_or('\u{fffd}'), 12);
        }
        (char::from_u32(first).unwrap_or('\u{fffd}'), 6)
    }
}

fn node(start: usize, end: usize, text: Text, style: Style, core: Core) -> Node {
    Node { range: Range::new(start, end), alias: None, tag: None, kind: NodeKind::Scalar(Scalar { text, style, core }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(node: &Node) -> String {
        match &node.kind {
            NodeKind::Scalar(s) => format!("{:?}{}", s.core, if s.core == Core::Str { format!(" {:?}", s.text.as_str()) } else { String::new() }),
            NodeKind::Seq(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
            NodeKind::Map(e) => {
                format!("{{{}}}", e.iter().map(|e| format!("{}: {}", e.name().unwrap_or("?"), show(&e.value))).collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn what_is_there_is_read() {
        for (source, expected, notices) in [
            (r#"{"a": [1, true, null, "x"], "a": {}}"#, r#"{a: [Num, Bool(true), Null, Str "x"], a: {}}"#, 0),
            ("\u{feff}{\"a\": 1,} // c\n", "{a: Num}", 0),
            ("{\"a\": [1, /* x */ 2", "{a: [Num, Num]}", 2),
            ("{\"a\": \"x", "{a: Str \"x\"}", 2),
            ("{\"a\" 1, b: 2}", "{a: Null, Num: Null, b: Num}", 3),
            (r#"{"image/png": "AAAA", "b": 1}"#, r#"{image/png: Str "", b: Num}"#, 0),
            ("]", "Str \"\"", 1),
            ("", "", 0),
        ] {
            let (documents, found) = parse_without(source.as_bytes(), |k| k.starts_with("image/"));
            let shown = documents.iter().map(show).collect::<Vec<_>>().join(" ");
            let shown = shown.replace("1: Null", "Num: Null");
            assert_eq!((shown.as_str(), found.len()), (expected, notices), "{source}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(parse(deep.as_bytes()).1.len(), 5);
    }

    #[test]
    fn strings_map_through_their_escapes() {
        let source = r#"["a\"b\né\u00e9\ud83d\ude00z\ud800"]"#;
        let (documents, _) = parse(source.as_bytes());
        let text = documents[0].items()[0].text().unwrap();
        assert_eq!(text.as_str(), "a\"b\néé😀z\u{fffd}");
        let at = |needle: &str| {
            let start = text.as_str().find(needle).unwrap();
            source.get(text.range(start, start + needle.len()).bounds()).unwrap()
        };
        assert_eq!(at("\"b"), "\\\"b");
        assert_eq!(at("😀"), "\\ud83d\\ude00");
        assert_eq!(at("z"), "z");
    }
}
