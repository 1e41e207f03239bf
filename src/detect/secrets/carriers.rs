//! The texts of a file in which a token may stand, decoded as its consumer decodes them: the file itself, strings of JSON, values of facts, and string
//! literals joined over `+`. Knows no format of tokens.

use crate::facts::{FileFacts, V, ValueId};
use crate::source::{Kind, Range, SourceFile};
use crate::text::Text;

/// Every text worth scanning. `may_match` says whether a text can hold a token at all; texts that cannot are not even copied.
pub fn texts(file: &SourceFile, facts: &FileFacts, may_match: &dyn Fn(&[u8]) -> bool) -> Vec<Text> {
    let mut out = Vec::new();
    let whole = match file.kind {
        Kind::Json | Kind::Notebook => json_strings(&file.bytes),
        _ => {
            let any = may_match(&file.bytes) || gap(&file.bytes, 0).is_some();
            if any { vec![Text::verbatim(&file.bytes, 0)] } else { Vec::new() }
        }
    };
    for text in whole {
        let folded = folded(&text).filter(|t| may_match(t.as_str().as_bytes()));
        if may_match(text.as_str().as_bytes()) {
            out.push(text);
        }
        out.extend(folded);
    }
    if matches!(file.kind, Kind::Python | Kind::Notebook) {
        // Facts exist only for what was asked for; what is found must not depend on it.
        return out;
    }
    for value in &facts.values {
        match &value.what {
            V::Str(text) if may_match(text.as_str().as_bytes()) => out.push(text.clone()),
            V::Join(parts) if parts.len() > 1 => out.extend(joined(facts, parts).filter(|t| may_match(t.as_str().as_bytes()))),
            _ => {}
        }
    }
    out
}

/// Parts of a join as one text; what is no literal is a line end, over which no token reaches.
fn joined(facts: &FileFacts, parts: &[ValueId]) -> Option<Text> {
    let mut out = Text::default();
    let mut literals = 0;
    for part in parts {
        let value = facts.value(*part);
        match &value.what {
            V::Str(text) => {
                literals += 1;
                out.append(text);
            }
            _ => out.push("\n", value.range),
        }
    }
    (literals > 1).then_some(out)
}

/// The first place from `at` on between two string literals that are one: `"ab" + "cd"`, `'ab' 'cd'`. The bytes beside it could belong to a token.
/// Gives the closing quote of the first and the end of the opening quote of the second.
fn gap(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let token = |i: Option<&u8>| i.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'=' | b'+' | b'/' | b'.' | b'~' | b'-'));
    let white = |from: usize| {
        let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'\\');
        from + bytes.get(from..).unwrap_or_default().iter().take(WHITE).take_while(blank).count()
    };
    let mut from = at + 1;
    while let Some(quote) = memchr::memchr2(b'"', b'\'', bytes.get(from..)?).map(|i| from + i) {
        from = quote + 1;
        if !token(bytes.get(quote - 1)) {
            continue;
        }
        let mut end = white(quote + 1);
        if bytes.get(end) == Some(&b'+') {
            end = white(end + 1);
        }
        if matches!(bytes.get(end), Some(b'"' | b'\'')) && token(bytes.get(end + 1)) {
            return Some((quote, end + 1));
        }
    }
    None
}

/// White space between two literals, at most.
const WHITE: usize = 80;

/// The text without the places between its literals; nothing when there is none.
fn folded(text: &Text) -> Option<Text> {
    let mut out = Text::default();
    let mut kept = 0;
    while let Some((start, end)) = gap(text.as_str().as_bytes(), kept) {
        out.append(&text.slice(kept, start));
        kept = end;
    }
    if kept == 0 {
        return None;
    }
    out.append(&text.slice(kept, text.len()));
    Some(out)
}

/// The strings of a JSON file, decoded; consecutive elements of an array are one text (the lines of a notebook cell). Total: it reads quotes, not
/// grammar, so a truncated file gives what there is.
fn json_strings(bytes: &[u8]) -> Vec<Text> {
    let mut out: Vec<Text> = Vec::new();
    let mut at = 0;
    let mut joins = false;
    while let Some(quote) = bytes.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'"')).map(|i| at + i) {
        let gap = bytes.get(at..quote).unwrap_or_default();
        // Only a comma between two strings, and the first ended its line: the same array of lines.
        joins = joins && gap.iter().all(|b| b.is_ascii_whitespace() || *b == b',');
        if let Some(end) = payload(bytes, quote + 1) {
            at = end + 1;
            continue;
        }
        let (text, end) = json_string(bytes, quote + 1);
        match out.last_mut() {
            Some(last) if joins => last.append(&text),
            _ => out.push(text),
        }
        joins = out.last().is_some_and(|t| t.as_str().ends_with('\n'));
        at = end + 1;
    }
    out
}

/// Where a media payload ends that begins here: a long string of nothing but base64 and its line breaks.
fn payload(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start..)?;
    let media = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\\');
    let head = rest.get(..PAYLOAD)?;
    if !head.iter().all(media) {
        return None;
    }
    let length = rest.iter().position(|b| !media(b))?;
    (rest.get(length) == Some(&b'"')).then_some(start + length)
}

/// Strings of this length and more, all base64, are media.
const PAYLOAD: usize = 4096;

/// Decodes from behind the opening quote; gives the text and the offset of the closing quote.
fn json_string(bytes: &[u8], start: usize) -> (Text, usize) {
    let mut out = Text::default();
    let mut at = start;
    while let Some(len) = bytes.get(at..).map(|rest| rest.iter().position(|b| matches!(b, b'"' | b'\\')).unwrap_or(rest.len())) {
        let plain = bytes.get(at..at + len).unwrap_or_default();
        out.append(&Text::verbatim(plain, at));
        at += len;
        if bytes.get(at) != Some(&b'\\') {
            break;
        }
        let (decoded, len) = json_escape(bytes.get(at..).unwrap_or_default());
        out.push(decoded.encode_utf8(&mut [0; 4]), Range::new(at, at + len));
        at += len;
    }
    (out, at.min(bytes.len()))
}

fn json_escape(rest: &[u8]) -> (char, usize) {
    match rest.get(1) {
        Some(b'n') => ('\n', 2),
        Some(b't') => ('\t', 2),
        Some(b'r') => ('\r', 2),
        Some(b'b' | b'f') => (' ', 2),
        Some(b'u') => {
            let code = rest.get(2..6).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u32::from_str_radix(h, 16).ok());
            code.map_or(('\\', 1), |c| (char::from_u32(c).unwrap_or('?'), 6))
        }
        Some(b) if b.is_ascii() => (char::from(*b), 2),
        _ => ('\\', 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(kind: Kind, source: &str) -> Vec<String> {
        let file = SourceFile::new("x", kind, source.as_bytes().to_vec());
        texts(&file, &FileFacts::default(), &|t| t.windows(2).any(|w| w == b"ab"))
            .iter()
            .map(|t| {
                for (start, end, from) in t.linear_runs() {
                    assert_eq!(t.as_str().get(start..end), source.get(from..from + end - start));
                }
                t.as_str().to_owned()
            })
            .collect()
    }

    #[test]
    fn strings_of_json_are_decoded_and_lines_joined() {
        let source = r#"{"source": ["x = \"ab\"\n", "y"], "k": "a", "z": "\u0061b", "open: ab"#;
        assert_eq!(all(Kind::Notebook, source), ["x = \"ab\"\ny", "ab", "open: ab"]);
    }

    #[test]
    fn media_is_passed_over() {
        let media = "aB0/".repeat(2000);
        assert_eq!(all(Kind::Notebook, &format!(r#"{{"image/png": "{media}ab\n", "x": "ab"}}"#)), ["ab"]);
    }

    #[test]
    fn literals_are_joined() {
        assert_eq!(all(Kind::Python, "x = 'a' 'b'\n"), ["x = 'ab'\n"]);
        assert_eq!(all(Kind::Python, "x = \"a\" + \\\n  \"b\"\n"), ["x = \"ab\"\n"]);
        assert_eq!(all(Kind::Python, "x = 'a', 'b'\n"), Vec::<String>::new());
        assert_eq!(all(Kind::Notebook, r#"{"source": ["x = \"a\" + \"b\"\n"]}"#), ["x = \"ab\"\n"]);
    }
}
