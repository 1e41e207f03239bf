//! The texts of a file in which a secret may stand, decoded as its consumer decodes them: the file itself, strings of JSON, texts of notebooks, values of
//! facts, and string literals joined over `+`. Knows no format of tokens.

use super::hints::Written;
use crate::extract::notebook::texts;
use crate::facts::{FileFacts, V, ValueId};
use crate::source::{Kind, SourceFile};
use crate::syntax::json::strings::walk;
use crate::text::Text;

/// A text of a file.
pub struct Carried {
    /// The key that it is the value of, in notebooks.
    pub key: Option<String>,
    /// The text.
    pub text: Text,
}

/// Every text worth scanning. `may_matter` gets a text as it is written in the file and says whether something can be there at all; texts that cannot matter
/// are not even copied.
pub fn texts(file: &SourceFile, facts: &FileFacts, may_matter: &dyn Fn(Written<'_>) -> bool) -> Vec<Carried> {
    let split = |key: &[u8], bytes: &[u8]| may_matter(Written { key, bytes, escaped: true, copied: false }) || gap(bytes, 0).is_some();
    let may_hold = |text: &str| may_matter(Written::plain(text.as_bytes()));
    let mut out: Vec<Carried> = match file.kind {
        Kind::Notebook => texts::texts(&file.bytes, &split).into_iter().map(|f| Carried { key: Some(f.key), text: f.text }).collect(),
        Kind::Json => json(file, may_matter),
        _ if may_matter(Written { copied: true, ..Written::plain(&file.bytes) }) || gap(&file.bytes, 0).is_some() => {
            vec![alone(Text::verbatim(&file.bytes, 0))]
        }
        _ => Vec::new(),
    };
    // Those without the places between literals first: half of a secret may look like a whole one.
    let folds = |c: &Carried| Some(Carried { key: c.key.clone(), text: folded(&c.text)? });
    let matters =
        |c: &Carried| may_matter(Written { key: c.key.as_deref().unwrap_or_default().as_bytes(), ..Written::plain(c.text.as_str().as_bytes()) });
    let joined: Vec<Carried> = out.iter().filter_map(folds).filter(matters).collect();
    out.splice(0..0, joined);
    if matches!(file.kind, Kind::Python | Kind::Notebook) {
        // Facts exist only for what was asked for; what is found must not depend on it.
        return out;
    }
    for value in &facts.values {
        match &value.what {
            V::Str(text) if may_matter(Written { copied: text.is_copied(&file.bytes), ..Written::plain(text.as_str().as_bytes()) }) => {
                out.push(alone(Text::clone(text)));
            }
            V::Join(parts) if parts.len() > 1 => out.extend(joined_parts(facts, parts).filter(|t| may_hold(t.as_str())).map(alone)),
            _ => {}
        }
    }
    out
}

fn alone(text: Text) -> Carried {
    Carried { key: None, text }
}

/// Strings of a JSON file; the lines of one text, in a list, are one.
fn json(file: &SourceFile, may_matter: &dyn Fn(Written<'_>) -> bool) -> Vec<Carried> {
    let mut out = Vec::new();
    walk(&file.bytes, &mut |_| true, &mut |_, strings| {
        let bytes = strings.written();
        let hidden = || memchr::memmem::find(bytes, b"\\u00").is_some();
        if may_matter(Written { key: b"", bytes, escaped: true, copied: false }) || hidden() {
            out.extend(strings.lines().into_iter().map(alone));
        }
    });
    out
}

/// Parts of a join as one text; what is no literal is a line end, over which no token reaches.
fn joined_parts(facts: &FileFacts, parts: &[ValueId]) -> Option<Text> {
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
/// Gives the closing quote of the first and the end of the opening quote of the second. Quotes may be escaped, as in a string of JSON.
fn gap(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let token = |i: Option<&u8>| i.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'=' | b'+' | b'/' | b'.' | b'~' | b'-'));
    let white = |from: usize| {
        let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'\\');
        from + bytes.get(from..).unwrap_or_default().iter().take(WHITE).take_while(blank).count()
    };
    let mut from = at + 1;
    while let Some(quote) = memchr::memchr2(b'"', b'\'', bytes.get(from..)?).map(|i| from + i) {
        from = quote + 1;
        let escaped = bytes.get(quote - 1) == Some(&b'\\') && quote > 1;
        if !token(bytes.get(quote - 1 - usize::from(escaped))) {
            continue;
        }
        let mut end = white(quote + 1);
        if bytes.get(end) == Some(&b'+') {
            end = white(end + 1);
        }
        // The second literal may have a prefix of its own.
        end += usize::from(matches!(bytes.get(end), Some(b'f' | b'F' | b'r' | b'R' | b'b' | b'B')));
        end += usize::from(escaped && bytes.get(end) == Some(&b'\\'));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn all(kind: Kind, source: &str) -> Vec<String> {
        let file = SourceFile::new("x", kind, source.as_bytes().to_vec());
        texts(&file, &FileFacts::default(), &|t| t.bytes.windows(2).any(|w| w == b"ab"))
            .iter()
            .map(|t| {
                for (start, end, from) in t.text.linear_runs() {
                    assert_eq!(t.text.as_str().get(start..end), source.get(from..from + end - start));
                }
                t.text.as_str().to_owned()
            })
            .collect()
    }

    #[test]
    fn strings_of_json_are_decoded_and_lines_joined() {
        let source = r#"{"source": ["x = \"ab\"\n", "y"], "k": "a", "z": "\u0061b", "open: ab"#;
        assert_eq!(all(Kind::Notebook, source), ["x = \"ab\"\ny", "ab"]);
        assert_eq!(all(Kind::Json, source), ["x = \"ab\"\ny", "ab"]);
    }

    #[test]
    fn media_is_passed_over() {
        let media = "aB0/".repeat(2000);
        assert_eq!(all(Kind::Notebook, &format!(r#"{{"image/png": "{media}ab\n", "x": "ab"}}"#)), ["ab"]);
    }

    #[test]
    fn literals_are_joined() {
        let after = |kind: Kind, source: &str| all(kind, source).into_iter().next();
        assert_eq!(after(Kind::Python, "x = 'a' 'b'\n").unwrap(), "x = 'ab'\n");
        assert_eq!(after(Kind::Python, "x = \"a\" + \\\n  f\"b\"\n").unwrap(), "x = \"ab\"\n");
        assert_eq!(after(Kind::Python, "x = 'a', 'b'\n"), None);
        assert_eq!(after(Kind::Notebook, r#"{"source": ["x = \"ab\"\n", "x = \"a\" + \"b\"\n"]}"#).unwrap(), "x = \"ab\"\nx = \"ab\"\n");
    }
}
