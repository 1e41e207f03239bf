//! Literals given to names in program text, read as a person skims it: a name that ends in a secret word, then `=`, `:` or `,`, then a string. Used for
//! Python and notebooks, where facts exist only for the blocks that rows ask for; comments and outputs are read as well.

use std::sync::OnceLock;

use regex::Regex;

use crate::source::Range;
use crate::text::Text;

/// A string literal under a name.
pub struct Given {
    /// The name, dots and dashes included.
    pub name: String,
    /// The bytes of the literal without its quotes.
    pub range: Range,
    /// The literal.
    pub text: String,
    /// Where it begins in the text that was read.
    pub start: usize,
}

/// Words a secret's name may end in; a superset of what [`super::names::promise`] accepts.
pub const ENDINGS: [&str; 12] =
    ["token", "secret", "password", "passwd", "passphrase", "pwd", "pass", "key", "apikey", "credential", "credentials", "pat"];

/// Every literal of eight characters and more under a name with such an ending.
pub fn given(text: &Text) -> Vec<Given> {
    let (Some(pattern), Some(words)) = (pattern(), words()) else { return Vec::new() };
    let source = text.as_str();
    let mut out = Vec::new();
    let mut at = 0;
    for word in words.find_overlapping_iter(source) {
        // Most words are followed by more of a name, or by nothing that could give them a value: not worth the pattern.
        let next = source.as_bytes().get(word.end());
        let gives = next.is_some_and(|b| matches!(b, b'"' | b'\'' | b'\\' | b' ' | b'\t' | b']' | b')' | b'=' | b':' | b','));
        if word.start() < at || !gives {
            continue;
        }
        let rest = source.get(word.end()..).unwrap_or_default();
        let Some(value) = pattern.captures(rest).and_then(|c| c.name("value")) else { continue };
        at = word.end();
        let before = source.get(..word.start()).unwrap_or_default().as_bytes();
        let length = before.iter().rev().take(80).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
        let name = source.get(word.start() - length..word.end()).unwrap_or_default().trim_start_matches(['-', '.']).to_owned();
        let start = word.end() + value.start();
        out.push(Given { name, range: text.range(start, word.end() + value.end()), text: value.as_str().to_owned(), start });
    }
    out
}

/// What the lines of a plain file give to names, quotes or none: `name = value`, `name: value`, `password value`.
pub fn lines(text: &Text) -> Vec<Given> {
    static LINE: OnceLock<Option<Regex>> = OnceLock::new();
    let line = r#"(?m)(?:^|[ \t{])["']?(?P<name>[A-Za-z_][A-Za-z0-9_.-]{1,80})["']?(?:[ \t]{0,20}[=:][ \t]{0,20}|[ \t]{1,20})["']?(?P<value>[^\s"']{8,300})"#;
    let Some(line) = LINE.get_or_init(|| Regex::new(line).ok()) else { return Vec::new() };
    let given = line.captures_iter(text.as_str()).filter_map(|c| Some((c.name("name")?, c.name("value")?)));
    given
        .map(|(name, value)| Given {
            name: name.as_str().to_owned(),
            range: text.range(value.start(), value.end()),
            text: value.as_str().to_owned(),
            start: value.start(),
        })
        .collect()
}

fn words() -> Option<&'static aho_corasick::AhoCorasick> {
    static WORDS: OnceLock<Option<aho_corasick::AhoCorasick>> = OnceLock::new();
    let build =
        || aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(aho_corasick::AhoCorasickKind::DFA)).build(ENDINGS).ok();
    WORDS.get_or_init(build).as_ref()
}

/// A cheap necessary condition.
pub fn may_match(bytes: &[u8]) -> bool {
    static WORDS: OnceLock<Option<aho_corasick::AhoCorasick>> = OnceLock::new();
    let words = ["token", "secret", "pass", "pwd", "key", "credential", "_pat", "-pat"];
    let searcher = WORDS.get_or_init(|| aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok());
    searcher.as_ref().is_some_and(|w| w.is_match(bytes))
}

fn pattern() -> Option<&'static Regex> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    // After the name: the end of a subscript or string, a type, the sign (a comma only after a string, as in `getenv("KEY", "…")`), a call that wraps
    // the literal, prefixes of the literal.
    let rest = r#"(?:\\?["'][ \t]{0,4},|\\?["']?[ \t]{0,4}[\])]?[ \t]{0,20}(?::[ \t]{0,4}[A-Za-z_][A-Za-z_\[\], .|]{0,40})?[=:]>?)[ \t]{0,20}(?:\\?\n[ \t]{0,40})?(?:[A-Za-z_.]{1,30}\()?[rbufRBUF]{0,2}\\?["'](?P<value>[^"'\s\\]{8,300})\\?["']"#;
    PATTERN.get_or_init(|| Regex::new(&format!(r"\A{rest}")).ok()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_literals() {
        let source = r#"
api_key = "abcdefgh1"
os.environ["HF_TOKEN"] = 'abcdefgh2'
client(base, db_password="abcdefgh3", x=1)
cfg = {"apiKey": "abcdefgh4", 'token' : r'abcdefgh5'}
API_TOKEN: Optional[str] = "abcdefgh6"
secret = SecretStr("abcdefgh7")
os.getenv("MY_KEY", "abcdefgh8")
if token == "abcdefgh9": pass
tokens = ["abcdefgh9"]
self.assertEqual(token, "abcdefgh9")
keyword = "abcdefgh9"
# old_password = "abcdefgha"
short_key = "abc"
"#;
        let text = Text::verbatim(source.as_bytes(), 0);
        let shown: Vec<(String, String)> = given(&text).into_iter().map(|g| (g.name, g.text)).collect();
        let expected = [
            ("api_key", "abcdefgh1"),
            ("HF_TOKEN", "abcdefgh2"),
            ("db_password", "abcdefgh3"),
            ("apiKey", "abcdefgh4"),
            ("token", "abcdefgh5"),
            ("API_TOKEN", "abcdefgh6"),
            ("secret", "abcdefgh7"),
            ("MY_KEY", "abcdefgh8"),
            ("old_password", "abcdefgha"),
        ];
        assert_eq!(shown, expected.map(|(n, t)| (n.to_owned(), t.to_owned())));
    }
}
