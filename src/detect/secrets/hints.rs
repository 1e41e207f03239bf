//! What must stand in a text, as it is written in its file or decoded, for a literal under a name that says secret to be found there. Passes more than is
//! found and never less, in one pass over the text: it decides which texts are decoded, and which files of a large tree are kept. Knows no name itself.

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::names::endings;
use super::{lexical, shape};
use crate::catalog::Catalog;

/// Bytes behind the last word of a name in which the quote of its literal stands: more than [`lexical::given`] goes over, each byte written as an escape, line
/// by line.
const REACH: usize = 1 << 10;
/// Bytes between the last word of a name and its sign, and between the sign and an unquoted value.
const GAP: usize = 160;
/// Texts whose shape is looked at closely; a text with more is worth decoding in any case.
pub const MOST: usize = 2_000;

/// A text as it stands: in a string of JSON, or as its reader has it.
#[derive(Clone, Copy, Debug)]
pub struct Written<'t> {
    /// The key that it is the value of, in JSON.
    pub key: &'t [u8],
    /// The text.
    pub bytes: &'t [u8],
    /// Whether it is written with escapes, several strings perhaps with what stands between them.
    pub escaped: bool,
    /// Whether its lines stand like this in the file, so that whatever is not in the file is not in it.
    pub copied: bool,
}

impl<'t> Written<'t> {
    /// A text as its reader has it.
    pub fn plain(bytes: &'t [u8]) -> Self {
        Written { key: b"", bytes, escaped: false, copied: false }
    }
}

/// The words that names of secrets end in.
#[derive(Debug)]
pub struct Hints {
    /// None where a row leaves open how a name ends.
    words: Option<AhoCorasick>,
}

impl Hints {
    /// As the rows of a catalogue have them.
    pub fn new(catalog: &Catalog) -> Self {
        let build = |mut words: Vec<String>| {
            // Headers of requests beside what is skimmed for.
            words.extend(lexical::ENDINGS.iter().chain(&["bearer"]).map(|w| (*w).to_owned()));
            words.sort();
            words.dedup();
            AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(&words).ok()
        };
        Hints { words: endings(catalog).and_then(build) }
    }

    /// Whether a name may say something of a value: the key of a text.
    pub fn may_name(&self, name: &[u8]) -> bool {
        !name.is_empty() && self.words.as_ref().is_none_or(|w| w.is_match(name))
    }

    /// Whether a literal with the shape of a secret may be given to a name that says so.
    pub fn may_give(&self, text: Written<'_>) -> bool {
        let Some(words) = &self.words else { return true };
        let markup =
            text.escaped && (matches!(text.key, b"html" | b"svg") || text.key.starts_with(b"text/html") || text.key.starts_with(b"image/svg"));
        let mut look = Look { bytes: text.bytes, escaped: text.escaped, markup, quotes: 0, left: MOST };
        words.find_overlapping_iter(text.bytes).any(|word| look.is_given(word.end()))
    }
}

/// A look at what stands behind words of a text.
struct Look<'t> {
    bytes: &'t [u8],
    escaped: bool,
    /// Whether characters may be written as entities.
    markup: bool,
    /// Quotes before this were looked at, and no secret stands behind them.
    quotes: usize,
    /// Shapes that may still be looked at.
    left: usize,
}

impl Look<'_> {
    fn at(&self, i: usize) -> Option<u8> {
        self.bytes.get(i).copied()
    }

    /// Whether what stands from `at` on may give a value to the name that ends there.
    fn is_given(&mut self, at: usize) -> bool {
        match self.at(at) {
            Some(b'"' | b'\'' | b'\\' | b' ' | b'\t' | b']' | b')' | b'=' | b':' | b',' | b'<' | b'>' | b'&') => {}
            // The name goes on, as far as its number or a separator: `API_KEY_2`.
            Some(b'0'..=b'9' | b'_' | b'-' | b'.') => {}
            _ => return false,
        }
        self.plainly(at) || self.quoted(at)
    }

    /// `name = value`, `name value`, quotes or none.
    fn plainly(&mut self, at: usize) -> bool {
        let tail =
            self.bytes.get(at..).unwrap_or_default().iter().take(81).take_while(|b| b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.')).count();
        let Some(before) = self.blank(at + tail) else { return true };
        let signed = usize::from(matches!(self.at(before), Some(b'=' | b':')));
        let Some(start) = self.blank(before + signed) else { return true };
        if start == at {
            return false;
        }
        let rest = self.bytes.get(start..).unwrap_or_default();
        let value = |b: &u8| {
            b.is_ascii_alphanumeric()
                || matches!(b, b'+' | b'/' | b'=' | b'_' | b'.' | b'~' | b'@' | b'%' | b':' | b'!' | b'$' | b'^' | b'&' | b'*' | b'#' | b'-')
        };
        let length = rest.iter().take(MAX + 1).take_while(|b| value(b)).count();
        let run = rest.get(..length).unwrap_or_default();
        let header = run.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'-')).count();
        self.is_secret(run, start + length) || header < length && self.is_secret(run.get(..header).unwrap_or_default(), start + header)
    }

    /// A sign, and within reach a literal in quotes.
    fn quoted(&mut self, at: usize) -> bool {
        let Some(sign) = self.soft(at) else { return true };
        match self.at(sign) {
            Some(b'=' | b':' | b',') => {}
            Some(b'o') if self.at(sign + 1) == Some(b'r') => {}
            _ => return false,
        }
        let end = (sign + REACH).min(self.bytes.len());
        let mut from = sign.max(self.quotes);
        while let Some(quote) = self.bytes.get(from..end).and_then(|b| memchr::memchr2(b'"', b'\'', b)).map(|i| from + i) {
            from = quote + 1;
            let inside = |b: &u8| !matches!(b, b'"' | b'\'' | b'\\') && !b.is_ascii_whitespace();
            let length = self.bytes.get(from..).unwrap_or_default().iter().take(MAX + 1).take_while(|b| inside(b)).count();
            let run = self.bytes.get(from..from + length).unwrap_or_default();
            if matches!(self.at(from + length), Some(b'"' | b'\'' | b'\\')) && self.is_secret(run, from + length) {
                return true;
            }
        }
        self.quotes = self.quotes.max(end);
        false
    }

    /// Whether a run of bytes that ends at `end` has the shape of a secret, or may have it when it is decoded.
    fn is_secret(&mut self, run: &[u8], end: usize) -> bool {
        let goes_on = self.escaped && (self.bytes.get(end..end + 2) == Some(b"\\/") || self.seam(end).is_some() && !run.is_empty());
        if goes_on || run.len() >= 8 && self.markup && run.contains(&b'&') {
            return true;
        }
        if !(8..=MAX).contains(&run.len()) || !may_be_random(run) {
            return false;
        }
        let Some(left) = self.left.checked_sub(1) else { return true };
        self.left = left;
        std::str::from_utf8(run).is_ok_and(is_shaped)
    }

    /// The end of what may stand between a name or a sign and its neighbour: blanks and quotes. None where only decoding tells.
    fn blank(&self, from: usize) -> Option<usize> {
        self.past(from, |b| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'<' | b'>'))
    }

    /// The same with closing brackets.
    fn soft(&self, from: usize) -> Option<usize> {
        self.past(from, |b| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'<' | b'>' | b']' | b')'))
    }

    fn past(&self, from: usize, is_soft: impl Fn(u8) -> bool) -> Option<usize> {
        let mut at = from;
        while at - from < GAP {
            match self.at(at) {
                Some(b'"') if self.escaped && self.seam(at).is_some() => at = self.seam(at)?,
                Some(b) if is_soft(b) => at += 1,
                Some(b'\\') => match self.at(at + 1) {
                    Some(b'"' | b'\'' | b't' | b'\\') => at += 2,
                    // A line that goes on.
                    _ => return Some(at),
                },
                Some(b'&') if self.markup => return None,
                _ => return Some(at),
            }
        }
        None
    }

    /// Behind the quotes and comma between two strings of a list.
    fn seam(&self, quote: usize) -> Option<usize> {
        let white = |from: usize| from + self.bytes.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_whitespace()).count();
        let comma = (self.at(quote) == Some(b'"')).then(|| white(quote + 1)).filter(|i| self.at(*i) == Some(b','))?;
        let next = white(comma + 1);
        (self.at(next) == Some(b'"')).then_some(next + 1)
    }
}

/// Longest literal that is looked at.
const MAX: usize = 300;

/// Whether a text has the shape of a secret, whatever its name is.
pub fn is_shaped(text: &str) -> bool {
    shape::is_key(text) || shape::is_password(text) || shape::is_uuid(text)
}

/// A cheap necessary condition of a shape: a digit, or capitals between small letters, or the length of a UUID.
pub fn may_be_random(run: &[u8]) -> bool {
    run.iter().any(u8::is_ascii_digit)
        || run.len() == 36
        || run.len() >= 20 && run.iter().any(u8::is_ascii_uppercase) && run.iter().any(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::super::names::promise;
    use super::*;
    use crate::text::Text;

    /// Whatever is skimmed from a text is hinted at, as the text stands and as a notebook writes it: in one string, line by line, in pieces.
    #[test]
    fn what_is_skimmed_is_hinted_at() {
        let catalog = Catalog::builtin().unwrap();
        let hints = Hints::new(&catalog);
        let names = [
            "token",
            "API_KEY_2",
            "my.db_password",
            "hf_token1",
            "secret-",
            "x[\"HF_TOKEN\"]",
            "getenv('MY_KEY'",
            "Bearer",
            "--hub-token",
            "'db_pass'",
        ];
        let gaps = [
            " = ",
            "=",
            ": ",
            ":\t",
            " ",
            ", ",
            ": Optional[str] = ",
            " = (\n    ",
            " = f(\n\t",
            "') or ",
            ", type=str, help='a b c', default=",
            " := ",
            " => ",
            " = \\\n  ",
        ];
        let values = [
            "Zk3xPq9LmT7vRw2YbN5cHd8J",
            "k9#mPq2$vX7z",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
            "jgxfGiyIENbCrGqOogBrzAHrI",
            "a/b+Zk3xPq9LmT7vRw2YbN5cHd8J==",
        ];
        let quotes = [("\"", "\""), ("'", "'"), ("", ""), ("r\"", "\""), ("\\\"", "\\\""), ("(\"", "\")")];
        let mut count = 0;
        for name in names {
            for gap in gaps {
                for value in values {
                    for (open, close) in quotes {
                        let source = format!("x = 1\n{name}{gap}{open}{value}{close}\ny");
                        let text = Text::verbatim(source.as_bytes(), 0);
                        let all = [lexical::given(&text), lexical::lines(&text, true), lexical::bearers(&text)].concat();
                        if !all.iter().any(|g| is_shaped(&g.text) && promise(&g.name, &catalog).is_some()) {
                            continue;
                        }
                        count += 1;
                        assert!(hints.may_give(Written::plain(source.as_bytes())), "{source}");
                        let lines: Vec<&str> = source.split_inclusive('\n').collect();
                        // A name is looked for in one piece.
                        let (begin, end) = value.split_at(5);
                        let pieces = ["x = 1\n", name, gap, open, begin, end, close, "\ny"];
                        for json in [serde_json::json!(source), serde_json::json!(lines), serde_json::json!(pieces)] {
                            for json in [serde_json::to_string(&json).unwrap(), serde_json::to_string_pretty(&json).unwrap()] {
                                let inner = json.trim_matches(['[', ']', '\n', ' ']);
                                let written = Written { key: b"source", bytes: inner.as_bytes(), escaped: true, copied: false };
                                assert!(hints.may_give(written), "{inner}");
                            }
                        }
                    }
                }
            }
        }
        assert!(count > 1_000, "{count}");
    }

    /// Prose, programs and logs that speak of tokens and keys and give none.
    #[test]
    fn what_gives_nothing_is_no_hint() {
        let catalog = Catalog::builtin().unwrap();
        let hints = Hints::new(&catalog);
        for text in [
            "the key idea: tokens are passed to the model, one token at a time",
            "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')\npad_token = '[PAD]'",
            "for key, value in config.items():\n    print(key, value)",
            "d = {'key': 'value', 'token': os.environ['HF_TOKEN']}",
            "api_key = 'YOUR_API_KEY'",
        ] {
            assert!(!hints.may_give(Written::plain(text.as_bytes())), "{text}");
        }
    }
}
