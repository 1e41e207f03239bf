//! Escapes for text of scanned files: terminals and logs, SARIF messages, URIs, JSON. Pure functions of text.

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

struct Guarded<'i>(serde_json::ser::PrettyFormatter<'i>);

impl serde_json::ser::Formatter for Guarded<'_> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
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

    proptest::proptest! {
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
