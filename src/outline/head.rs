//! What the head of one statement says: names bound, parameters, bases, imports. Works on the bytes of that statement alone.

use super::ImportedName;
use super::lexer::hash;
use crate::notice::{LocalNotice, NoticeKind};
use crate::source::Range;

/// A token of a head: a word, or one byte of anything else. Strings are one `"`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a [u8]),
    Byte(u8),
}

/// Tokens of `bytes`, white space, comments and line continuations left out.
struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;
    fn next(&mut self) -> Option<Token<'a>> {
        self.at = blank(self.bytes, self.at);
        let b = *self.bytes.get(self.at)?;
        let len = word_len(self.bytes, self.at);
        if len > 0 {
            let word = self.bytes.get(self.at..self.at + len)?;
            self.at += len;
            return Some(Token::Word(word));
        }
        self.at += 1;
        if matches!(b, b'"' | b'\'') {
            while let Some(&c) = self.bytes.get(self.at) {
                self.at += if c == b'\\' { 2 } else { 1 };
                if c == b {
                    break;
                }
            }
            return Some(Token::Byte(b'"'));
        }
        Some(Token::Byte(b))
    }
}

fn tokens(bytes: &[u8]) -> Tokens<'_> {
    Tokens { bytes, at: 0 }
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

fn text(word: &[u8]) -> String {
    String::from_utf8_lossy(word).into_owned()
}

/// Length of the word at `at`; 0 when there is none.
pub(super) fn word_len(bytes: &[u8], at: usize) -> usize {
    bytes.get(at..).unwrap_or_default().iter().take_while(|b| is_word(**b)).count()
}

/// The first byte from `at` on that is not white space, comment or line continuation.
pub(super) fn blank(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&b) = bytes.get(at) {
        match b {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'\\' => at += 1,
            b'#' => {
                while bytes.get(at).is_some_and(|b| !matches!(b, b'\n' | b'\r')) {
                    at += 1;
                }
            }
            _ => break,
        }
    }
    at
}

/// Whether statements can stand behind a `:` of a statement with this first word.
pub(super) fn is_compound(word: &[u8]) -> bool {
    matches!(
        word,
        b"if" | b"elif" | b"else" | b"try" | b"except" | b"finally" | b"for" | b"while" | b"with" | b"match" | b"case" | b"async" | b"def" | b"class"
    )
}

/// The first word.
pub(super) fn identifier(rest: &[u8]) -> String {
    match tokens(rest).next() {
        Some(Token::Word(word)) => text(word),
        _ => String::new(),
    }
}

/// A dotted name at the beginning.
pub(super) fn dotted(rest: &[u8]) -> String {
    let mut out = String::new();
    let mut last_was_word = false;
    for token in tokens(rest) {
        match token {
            Token::Word(word) if !last_was_word => {
                out.push_str(&String::from_utf8_lossy(word));
                last_was_word = true;
            }
            Token::Byte(b'.') if last_was_word => {
                out.push('.');
                last_was_word = false;
            }
            _ => break,
        }
    }
    out
}

/// Comma-separated names (`global a, b`).
pub(super) fn list(rest: &[u8]) -> Vec<String> {
    tokens(rest)
        .filter_map(|t| match t {
            Token::Word(w) => Some(text(w)),
            Token::Byte(_) => None,
        })
        .collect()
}

/// Dotted names between the parentheses of a class head; keyword arguments left out.
pub(super) fn bases(rest: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    arguments(rest, |first, name, keyword| {
        if !first.is_empty() && !keyword {
            out.push(name.to_owned());
        }
    });
    out
}

/// Parameter names of a function head.
pub(super) fn params(rest: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    arguments(rest, |first, _, _| {
        if !first.is_empty() {
            out.push(first.to_owned());
        }
    });
    out
}

/// For each element of the first parenthesised list: its first word, the dotted name it begins with, and whether `=` follows.
fn arguments(rest: &[u8], mut each: impl FnMut(&str, &str, bool)) {
    let mut depth = 0;
    let (mut first, mut name, mut keyword, mut ended) = (String::new(), String::new(), false, false);
    for token in tokens(rest) {
        match token {
            Token::Byte(b'(' | b'[' | b'{') => {
                depth += 1;
                ended |= depth > 1;
            }
            Token::Byte(b')' | b']' | b'}') => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            Token::Byte(b',') if depth == 1 => {
                each(&first, &name, keyword);
                (first, name, keyword, ended) = (String::new(), String::new(), false, false);
            }
            Token::Byte(b':') if depth == 0 => return,
            Token::Word(word) if depth == 1 && !ended => {
                if first.is_empty() {
                    first = text(word);
                }
                name.push_str(&String::from_utf8_lossy(word));
            }
            Token::Byte(b'.') if depth == 1 && !ended => name.push('.'),
            Token::Byte(b'*') => {}
            Token::Byte(b) if depth == 1 => {
                keyword |= b == b'=' && !ended;
                ended = true;
            }
            _ => {}
        }
    }
    each(&first, &name, keyword);
}

/// The names an import binds. `rest` begins after `import` or `from`.
pub(super) fn imports(from: bool, rest: &[u8], range: Range, block: usize, out: &mut Vec<ImportedName>) {
    let mut tokens = tokens(rest).peekable();
    let (mut level, mut module) = (0, String::new());
    if from {
        while let Some(token) = tokens.peek() {
            match token {
                Token::Byte(b'.') if module.is_empty() => level += 1,
                Token::Byte(b'.') => module.push('.'),
                Token::Word(b"import") => break,
                Token::Word(word) => module.push_str(&String::from_utf8_lossy(word)),
                Token::Byte(_) => return,
            }
            tokens.next();
        }
        tokens.next();
    }
    let (mut name, mut alias, mut aliased) = (String::new(), None, false);
    let mut flush = |name: &mut String, alias: &mut Option<String>| {
        let name = std::mem::take(name);
        let alias = alias.take();
        if name.is_empty() {
            return;
        }
        let entry = if from {
            let alias = alias.unwrap_or_else(|| if name == "*" { String::new() } else { name.clone() });
            ImportedName { module: module.clone(), name: Some(name), alias, level, range, block }
        } else {
            let alias = alias.unwrap_or_else(|| name.split('.').next().unwrap_or_default().to_owned());
            ImportedName { module: name, name: None, alias, level: 0, range, block }
        };
        out.push(entry);
    };
    for token in tokens {
        match token {
            Token::Byte(b'(' | b')') => {}
            Token::Byte(b',') => {
                flush(&mut name, &mut alias);
                aliased = false;
            }
            Token::Byte(b'.') => name.push('.'),
            Token::Byte(b'*') => name.push('*'),
            Token::Word(b"as") => aliased = true,
            Token::Word(word) if aliased => alias = Some(text(word)),
            Token::Word(word) => name.push_str(&String::from_utf8_lossy(word)),
            Token::Byte(_) => break,
        }
    }
    flush(&mut name, &mut alias);
}

/// Names bound by the head of `for`, `with`, `except`, `if`, `while`: loop targets, `as` names, `:=` targets.
pub(super) fn bound(rest: &[u8], loop_head: bool, out: &mut Vec<String>) {
    let mut before_in = loop_head;
    let mut after_as = false;
    let mut last: Option<&[u8]> = None;
    let mut tokens = tokens(rest).peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(b"in") => before_in = false,
            Token::Word(b"as") => after_as = true,
            Token::Word(word) => {
                if before_in || after_as {
                    out.push(text(word));
                }
                last = Some(word);
                continue;
            }
            Token::Byte(b':') => {
                if tokens.peek() == Some(&Token::Byte(b'=')) {
                    out.extend(last.map(text));
                }
                after_as = false;
            }
            Token::Byte(b'(' | b')' | b'*') => {}
            // `as (a, b)` binds both; `open(p) as f, open(q)` does not bind `open`, but saying so is harmless.
            Token::Byte(_) => {}
        }
        last = None;
    }
}

/// Names bound by an assignment (`a = b = …`, `a, (b, c) = …`, `a: T = …`, `a += …`) and by `:=` before the first `=`.
pub(super) fn targets(statement: &[u8], out: &mut Vec<String>) {
    let mut pending: Vec<&[u8]> = Vec::new();
    let mut annotated = false;
    let mut depth = 0_i32;
    let mut attribute = false;
    let mut tokens = tokens(statement).peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(b"lambda" | b"if" | b"for" | b"await" | b"yield" | b"return" | b"raise" | b"not" | b"and" | b"or") => return,
            Token::Word(word) => {
                if !annotated && !attribute {
                    pending.push(word);
                }
                attribute = false;
                continue;
            }
            Token::Byte(b'.') => {
                attribute = true;
                continue;
            }
            Token::Byte(b'(') => {
                // A call is no target, but what stands before it may be one (`f(x).a = 1` binds nothing that matters).
                depth += 1;
            }
            Token::Byte(b'[') => depth += 1,
            Token::Byte(b')' | b']') => depth -= 1,
            Token::Byte(b':') if tokens.peek() == Some(&Token::Byte(b'=')) => {
                out.extend(pending.iter().map(|w| text(w)));
                return;
            }
            Token::Byte(b':') if depth == 0 => annotated = true,
            Token::Byte(b'=') if depth == 0 => {
                if tokens.peek() == Some(&Token::Byte(b'=')) {
                    return;
                }
                out.extend(pending.drain(..).map(text));
                annotated = false;
            }
            Token::Byte(b'{' | b'"') if depth == 0 => return,
            Token::Byte(_) => {}
        }
        attribute = false;
    }
}

/// Names of fields that a statement in a class assigns: what stands behind a point before `=`; with `own`, in the class body itself, plain names as
/// well. Too many do no harm.
pub(super) fn assigned<'a>(statement: &'a [u8], word: &[u8], own: bool) -> impl Iterator<Item = &'a [u8]> {
    let mut out: Vec<&[u8]> = Vec::new();
    let binds = matches!(word, b"for" | b"with" | b"global");
    // Most statements assign nothing: they are not read.
    if binds || memchr::memchr(b'=', statement).is_some() {
        let mut depth = 0_i32;
        let (mut point, mut kept) = (false, 0);
        let mut tokens = tokens(statement).peekable();
        while let Some(token) = tokens.next() {
            match token {
                Token::Word(name) if point || own || word == b"global" => out.push(name),
                Token::Byte(b'(' | b'[' | b'{') => depth += 1,
                Token::Byte(b')' | b']' | b'}') => depth -= 1,
                Token::Byte(b'=') if depth == 0 => {
                    if tokens.peek() == Some(&Token::Byte(b'=')) {
                        break;
                    }
                    kept = out.len();
                }
                _ => {}
            }
            point = token == Token::Byte(b'.');
        }
        if !binds {
            out.truncate(kept);
        }
    }
    out.into_iter()
}

/// Whether a name of interest stands somewhere without being called there. Strings are read as well: `getattr(m, "name")`.
pub(super) fn refers(bytes: &[u8], interesting: &mut dyn FnMut(u32) -> bool) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        let len = word_len(bytes, at);
        if len > 0 && bytes.get(blank(bytes, at + len)) != Some(&b'(') && interesting(hash(bytes, at, at + len)) {
            return true;
        }
        at += len.max(1);
    }
    false
}

/// A byte string with its `\x`, `\u`, `\U` and octal escapes replaced, others kept.
pub(super) fn unescape(content: &[u8]) -> String {
    let mut out = String::new();
    let mut at = 0;
    while let Some(&b) = content.get(at) {
        at += 1;
        if b != b'\\' {
            out.push(char::from(b));
            continue;
        }
        let (radix, max) = match content.get(at) {
            Some(b'x') => (16, 2),
            Some(b'u') => (16, 4),
            Some(b'U') => (16, 8),
            Some(b'0'..=b'7') => (8, 3),
            _ => continue,
        };
        at += usize::from(radix == 16);
        let digits = content.get(at..).unwrap_or_default().iter().take(max).take_while(|b| char::from(**b).is_digit(radix)).count();
        let code = std::str::from_utf8(content.get(at..at + digits).unwrap_or_default()).ok().and_then(|d| u32::from_str_radix(d, radix).ok());
        out.extend(code.and_then(char::from_u32));
        at += digits;
    }
    out
}

/// A notice when the file declares an encoding in which the bytes do not mean what they seem to: `# coding: utf-7` can hide a statement in a comment.
pub(super) fn encoding_notice(bytes: &[u8]) -> Option<LocalNotice> {
    let mut start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    for _ in 0..2 {
        let rest = bytes.get(start..)?;
        let len = rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
        let line = rest.get(..len)?;
        let trimmed = line.trim_ascii_start();
        if !trimmed.is_empty() && trimmed.first() != Some(&b'#') {
            return None;
        }
        if let Some(name) = declared(trimmed) {
            let plain = ["utf", "utf8", "ascii", "usascii", "latin", "latin1", "iso88591", "iso885915", "cp1252", "windows1252", "utf8sig"];
            let folded: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
            if !plain.contains(&folded.as_str()) {
                let text = format!("declares the encoding {name}: read as UTF-8, so code that this encoding hides is not seen");
                return Some(LocalNotice { range: Range::new(start, start + len), kind: NoticeKind::PartlyUnderstood, text });
            }
            return None;
        }
        start += len + if rest.get(len) == Some(&b'\r') && rest.get(len + 1) == Some(&b'\n') { 2 } else { 1 };
    }
    None
}

fn declared(comment: &[u8]) -> Option<String> {
    let at = comment.windows(6).position(|w| w == b"coding")? + 6;
    let rest = comment.get(at..)?;
    if !matches!(rest.first(), Some(b':' | b'=')) {
        return None;
    }
    let rest = rest.get(1..)?.trim_ascii_start();
    let len = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')).count();
    (len > 0).then(|| text(rest.get(..len).unwrap_or_default()))
}
