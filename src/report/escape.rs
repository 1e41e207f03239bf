//! Escapes for text of scanned files: terminals and logs, workflow commands, Markdown, SARIF messages, URIs, JSON. Pure functions of text.

use std::io::{self, Write};

/// Whether a character could move a cursor, reorder or hide text, or break a line.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// One line for people. Unsafe characters are written out as `\u{202e}`; what a CI log would take for a command is broken up.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push(' '),
            c if is_unsafe(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    // A runner's log takes `::name` at the start of a line and `##[name]` anywhere for commands.
    let mut out = out.replace("##[", "#\\u{23}[");
    let indent = out.len() - out.trim_start().len();
    if out.get(indent..).is_some_and(|rest| rest.starts_with("::")) {
        out.replace_range(indent..indent + 1, "\\u{3a}");
    }
    out
}

/// Text inside a SARIF message: visible, and with the characters of embedded links escaped.
pub fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if matches!(c, '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// What stands after the `::` of a workflow command. Line ends of the text itself are meant.
pub fn command_data(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(visible).collect();
    lines.join("\n").replace('%', "%25").replace('\n', "%0A")
}

/// A property of a workflow command, such as `file` or `title`.
pub fn command_property(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' | '\r' | '\n' | ':' | ',' => out.push_str(&format!("%{:02X}", u32::from(c))),
            c if is_unsafe(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.replace("##[", "#%23[")
}

/// Words of GitHub-flavoured Markdown on one line. What stands between a pair of backticks stays code; any other word that Markdown, HTML or GitHub
/// (mentions, references, addresses, commits, emoji) could read as more than a word becomes code as well: inside code nothing is read.
pub fn markdown(text: &str) -> String {
    let visible = visible(text);
    let mut pieces: Vec<(Piece, String)> = Vec::new();
    let parts: Vec<&str> = visible.split('`').collect();
    for (i, part) in parts.iter().enumerate() {
        // The last backtick of an odd number opens nothing.
        if i % 2 == 1 && i + 1 < parts.len() {
            add(&mut pieces, Piece::Quoted, if part.is_empty() { "``" } else { part });
            continue;
        }
        if i % 2 == 1 {
            add(&mut pieces, Piece::Odd, "`");
        }
        for word in part.split_inclusive(' ') {
            let (word, space) = word.strip_suffix(' ').map_or((word, ""), |w| (w, " "));
            let (before, core, after) = edges(word);
            let kind = if is_plain(core) { Piece::Words } else { Piece::Odd };
            for (kind, text) in [(Piece::Words, before), (kind, core), (Piece::Words, after), (Piece::Words, space)] {
                add(&mut pieces, kind, text);
            }
        }
    }
    pieces.into_iter().map(|(kind, text)| if kind == Piece::Words { text } else { code(&text) }).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Piece {
    Words,
    /// Code, because the text has backticks around it.
    Quoted,
    /// Code, because it could be read as more than words.
    Odd,
}

/// Adds to what is there where the kind is the same: two code spans that touch would be read as one fence, and odd words in a row are one span.
fn add(pieces: &mut Vec<(Piece, String)>, kind: Piece, text: &str) {
    if text.is_empty() {
        return;
    }
    if kind == Piece::Odd
        && let [.., (Piece::Odd, _), (Piece::Words, space)] = pieces.as_slice()
        && space == " "
    {
        pieces.pop();
        add(pieces, kind, &format!(" {text}"));
        return;
    }
    match pieces.last_mut() {
        Some((last, before)) if (*last == Piece::Words) == (kind == Piece::Words) => before.push_str(text),
        _ => pieces.push((kind, text.to_owned())),
    }
}

/// A word without the punctuation of a sentence around it.
fn edges(word: &str) -> (&str, &str, &str) {
    let core = word.trim_start_matches(['(', '"', '\'']);
    let (before, core) = word.split_at(word.len() - core.len());
    let close = if core.contains('(') { '.' } else { ')' };
    let inner = core.trim_end_matches([close, '"', '\'', ',', ';', ':', '.', '?', '…']);
    let (core, after) = core.split_at(inner.len());
    // `1.` and `1)` begin a list.
    if !core.is_empty() && core.bytes().all(|b| b.is_ascii_digit()) && after.starts_with(['.', ')']) { ("", word, "") } else { (before, core, after) }
}

/// Whether nothing but a word can be read in it.
fn is_plain(word: &str) -> bool {
    let letters = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '-' | '…' | '–' | '—' | '→' | '·');
    // A key of a tracker (`GH-1`) and a commit are linked.
    let key = word.as_bytes().windows(2).any(|w| w[0] == b'-' && w[1].is_ascii_digit());
    let commit = word.len() >= 7 && word.bytes().all(|b| b.is_ascii_hexdigit());
    word.chars().all(letters) && !word.starts_with('-') && !key && !commit
}

/// A code span of GitHub-flavoured Markdown, with a fence that the text does not hold. Empty text gives none.
pub fn code(text: &str) -> String {
    let text = visible(text);
    if text.is_empty() {
        return text;
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // A space on both sides is taken off again; without it a backtick at the edge would join the fence.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A relative path as a URI reference: every byte but letters, digits, `-._~` and the `/` between segments is percent-encoded.
pub fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Writes a value as indented JSON in which unsafe characters stand as `\uXXXX`: the data is whole, and printing it does nothing.
pub fn write_json<T: serde::Serialize>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Guarded(serde_json::ser::PrettyFormatter::new()));
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// As [`write_json`], on one line.
pub fn write_json_line<T: serde::Serialize>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Guarded(serde_json::ser::CompactFormatter));
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

struct Guarded<F>(F);

impl<F: serde_json::ser::Formatter> serde_json::ser::Formatter for Guarded<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return out.write_all(fragment.as_bytes());
        }
        let mut from = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_unsafe(*c)) {
            out.write_all(fragment.get(from..at).unwrap_or_default().as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            from = at + c.len_utf8();
        }
        out.write_all(fragment.get(from..).unwrap_or_default().as_bytes())
    }
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }
    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }
    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }
    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }
    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_reader_passes() {
        assert_eq!(visible("a\u{1b}[2J\u{202e}b\nc\u{85}"), "a\\u{1b}[2J\\u{202e}b\\nc\\u{85}");
        assert_eq!(visible("  ::set-output name=x::y"), "  \\u{3a}:set-output name=x::y");
        assert_eq!(visible("x ##[error]y"), "x #\\u{23}[error]y");
        assert_eq!(message("[a](1)\\"), "\\[a\\](1)\\\\");
        assert_eq!(uri("a b/ü:#?.py"), "a%20b/%C3%BC%3A%23%3F.py");
    }

    #[test]
    fn workflow_commands_end_where_they_are_meant_to() {
        assert_eq!(command_data("50%\r\n::warning::x\u{202e}\n##[error]y"), "50%25%0A\\u{3a}:warning::x\\u{202e}%0A#\\u{23}[error]y");
        assert_eq!(command_property("a,b:c%\r\nd::\u{7}"), "a%2Cb%3Ac%25%0D%0Ad%3A%3A\\u{7}");
    }

    /// What a reader of Markdown makes of it: the words that are no code, after a look that nothing but words and code is in it.
    fn words_beside_code(markdown: &str) -> Result<String, String> {
        use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
        let mut words = String::new();
        for event in Parser::new_ext(&format!("x {markdown}"), Options::all()) {
            match event {
                Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                Event::Code(_) => words.push('\u{1}'),
                Event::Text(text) => words.push_str(&text),
                other => return Err(format!("{other:?}")),
            }
        }
        Ok(words)
    }

    #[test]
    fn words_stay_words_and_all_else_is_code() {
        let cases = [
            ("whoever writes `a b` (or c), runs HF_TOKEN.", "whoever writes `a b` (or c), runs `HF_TOKEN`."),
            ("ask @root, see #1 and GH-2: www.x.io", "ask `@root`, see `#1` and `GH-2`: `www.x.io`"),
            ("if a_b (x): [t.s] a_b = \"read\"", "if `a_b` (x): `[t.s] a_b =` \"read\""),
            ("1. x <b>y</b> `", "`1.` x `` <b>y</b> ` ``"),
            ("a``b` c", "a``` `` ```b`` ` `` c"),
            ("- + deadbeef0", "`- + deadbeef0`"),
            ("40-digit pre-commit", "40-digit pre-commit"),
        ];
        for (text, want) in cases {
            assert_eq!(markdown(text), want, "{text}");
        }
        assert_eq!((code(""), code("`"), code(" a"), code("a``b")), ("".into(), "`` ` ``".into(), "`  a `".into(), "```a``b```".into()));
    }

    proptest::proptest! {
        #[test]
        fn markdown_says_nothing_but_words_and_code(text in "\\PC*|[`@#<>&*_\\[\\](){}!|~$:./^=+a1f \n\r\u{202e}'\"-]{0,60}") {
            let words = words_beside_code(&markdown(&text));
            proptest::prop_assert!(words.is_ok(), "{:?} from {:?}", words, markdown(&text));
            let words = words.unwrap();
            proptest::prop_assert!(!words.contains(['@', '#', '<', '>', '&', '*', '_', '[', ']', '`', '$', '~', '/', '\\', '|']), "{:?}", words);
            proptest::prop_assert!(!words.contains("www."));
        }

        #[test]
        fn a_code_span_holds_its_text(text in "[`a \n#@<]{1,12}") {
            use pulldown_cmark::{Event, Parser};
            let span = format!("x{}y", code(&text));
            let found: Vec<String> = Parser::new(&span).filter_map(|e| if let Event::Code(c) = e { Some(c.to_string()) } else { None }).collect();
            let want = visible(&text);
            // A span of spaces alone is not stripped.
            let found: Vec<&str> = found.iter().map(|f| if f.trim().is_empty() { want.as_str() } else { f }).collect();
            proptest::prop_assert_eq!(found, [want.as_str()]);
        }

        #[test]
        fn json_is_the_same_data_and_prints_safely(text in "\\PC*|[\u{0}-\u{20}\u{80}-\u{9f}\u{2028}-\u{202e}\u{e0001}a]*") {
            let mut out = Vec::new();
            write_json(&serde_json::json!({ "k": [text.clone()] }), &mut out).unwrap();
            let out = String::from_utf8(out).unwrap();
            proptest::prop_assert!(!out.chars().any(|c| is_unsafe(c) && c != '\n'));
            let back: serde_json::Value = serde_json::from_str(&out).unwrap();
            proptest::prop_assert_eq!(back["k"][0].as_str(), Some(text.as_str()));
            proptest::prop_assert!(!visible(&text).chars().any(is_unsafe));
        }
    }
}
