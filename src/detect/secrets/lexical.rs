//! Literals given to names in program text, read as a person skims it: a name that ends in a secret word, then `=`, `:` or `,`, then a string. Used for
//! Python and notebooks, where facts exist only for the blocks that rows ask for; comments and outputs are read as well.

use std::sync::OnceLock;

use regex::Regex;

use crate::source::Range;
use crate::text::Text;

/// A string literal under a name.
#[derive(Clone)]
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

/// What lines give to names, quotes or none: `name = value`, `name: value`, `export NAME=value`; where `spaced`, also `name value`.
pub fn lines(text: &Text, spaced: bool) -> Vec<Given> {
    static SIGNED: OnceLock<Option<Regex>> = OnceLock::new();
    static SPACED: OnceLock<Option<Regex>> = OnceLock::new();
    let name = r#"(?m)(?:^|[ \t{,;!#"'])(?P<name>[A-Za-z_][A-Za-z0-9_.-]{1,80})["']?"#;
    let value = r#"["']?(?P<value>[A-Za-z0-9+/=_.~@%:!$^&*#-]{8,300})["']?(?:[ \t\r,;})]|$)"#;
    let sign = r"[ \t]{0,20}[=:][ \t]{0,20}";
    let pattern = match spaced {
        false => SIGNED.get_or_init(|| Regex::new(&format!("{name}{sign}{value}")).ok()),
        true => SPACED.get_or_init(|| Regex::new(&format!(r"{name}(?:{sign}|[ \t]{{1,20}}){value}")).ok()),
    };
    let Some(pattern) = pattern else { return Vec::new() };
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = pattern.captures_at(text.as_str(), at) {
        let (Some(name), Some(value)) = (c.name("name"), c.name("value")) else { break };
        // What looks like a value may be the next name: `machine h login u password p`.
        at = name.end();
        let range = text.range(value.start(), value.end());
        out.push(Given { name: name.as_str().to_owned(), range, text: value.as_str().to_owned(), start: value.start() });
    }
    out
}

/// What headers of requests give: `Authorization: Bearer …`.
pub fn bearers(text: &Text) -> Vec<Given> {
    static BEARER: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = || Regex::new(r"\b(?P<name>[Bb]earer)[ \t]{1,4}(?P<value>[A-Za-z0-9._~+/=-]{16,300})").ok();
    let Some(pattern) = BEARER.get_or_init(pattern) else { return Vec::new() };
    let values = pattern.captures_iter(text.as_str()).filter_map(|c| c.name("value"));
    values
        .map(|v| Given { name: "bearer_token".to_owned(), range: text.range(v.start(), v.end()), text: v.as_str().to_owned(), start: v.start() })
        .collect()
}

/// What the lines of a cell give to names that are no Python: magics, commands, and all of a cell that a magic takes.
pub fn magics(text: &Text) -> Vec<Given> {
    let source = text.as_str();
    if source.trim_start().starts_with("%%") {
        return lines(text, false);
    }
    let mut out = Vec::new();
    let mut at = 0;
    for line in source.split_inclusive('\n') {
        let words = line.trim_start();
        if words.starts_with(['%', '!']) {
            let spaced = words.starts_with("%env ") || words.starts_with("%set_env ");
            out.extend(lines(&text.slice(at, at + line.len()), spaced).into_iter().map(|g| Given { start: at + g.start, ..g }));
        }
        at += line.len();
    }
    out
}

fn words() -> Option<&'static aho_corasick::AhoCorasick> {
    static WORDS: OnceLock<Option<aho_corasick::AhoCorasick>> = OnceLock::new();
    let build =
        || aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(aho_corasick::AhoCorasickKind::DFA)).build(ENDINGS).ok();
    WORDS.get_or_init(build).as_ref()
}

fn pattern() -> Option<&'static Regex> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    // After the name: the end of a subscript or string, a type, the sign (a comma only after a string, as in `getenv("KEY", "…")`, perhaps with the
    // `default=` of an option), a call or bracket around the literal, prefixes of the literal.
    let rest = r#"(?:\\?["'][ \t]{0,4}\)[ \t]{1,4}or[ \t]{1,4}|\\?["'][ \t]{0,4},(?:[^()\n]{0,120}?\bdefault[ \t]{0,4}=)?|\\?["']?[ \t]{0,4}[\])]?[ \t]{0,20}(?::[ \t]{0,4}[A-Za-z_][A-Za-z_\[\], .|]{0,40})?[=:]>?)[ \t]{0,20}(?:\\?\n[ \t]{0,40})?(?:[A-Za-z0-9_.]{0,30}\([ \t\n]{0,40})?[rbufRBUF]{0,2}\\?["'](?P<value>[^"'\s\\]{8,300})\\?["']"#;
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
wrapped_token = (
    "abcdefghb")
add("--hub-token", type=str, default="abcdefghc")
api_key = os.getenv("YOUR_KEY") or "abcdefghd"
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
            ("wrapped_token", "abcdefghb"),
            ("hub-token", "abcdefghc"),
            ("api_key", "YOUR_KEY"),
            ("YOUR_KEY", "abcdefghd"),
        ];
        assert_eq!(shown, expected.map(|(n, t)| (n.to_owned(), t.to_owned())));
    }

    #[test]
    fn lines_and_magics() {
        let shown = |given: Vec<Given>| given.into_iter().map(|g| format!("{}={}", g.name, g.text)).collect::<Vec<_>>();
        let text = |source: &str| Text::verbatim(source.as_bytes(), 0);
        let netrc = "machine h.example login someone password abcdefgh1\n";
        assert!(shown(lines(&text(netrc), true)).contains(&"password=abcdefgh1".to_owned()));
        let values = "A_KEY=abcdefgh1\nb_token: 'abcdefgh2'\nc_key = f(abcdefgh3)\n\"d_key\": \"abcdefgh4\",\n";
        assert_eq!(shown(lines(&text(values), false)), ["A_KEY=abcdefgh1", "b_token=abcdefgh2", "d_key=abcdefgh4"]);
        let cell = "a_key = abcdefgh1\n%env B_KEY abcdefgh2\n!C_KEY='abcdefgh3' run --x\n!export D_KEY=abcdefgh4\n";
        assert_eq!(shown(magics(&text(cell))), ["B_KEY=abcdefgh2", "C_KEY=abcdefgh3", "D_KEY=abcdefgh4"]);
        assert_eq!(shown(magics(&text("%%writefile .env\nA_KEY=abcdefgh1\n"))), ["A_KEY=abcdefgh1"]);
    }
}
