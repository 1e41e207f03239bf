//! Words and expressions of PowerShell: text, variables, calls of methods, what stands in parentheses.

use super::{DEPTH, Piece, Reader, UNKNOWN};
use crate::text::Text;

impl Reader<'_> {
    /// `$name`, `${name}`, `$env:NAME`, `$script:name`: whether it is one of the environment, and where its name stands.
    pub(super) fn variable(&mut self) -> Option<(bool, usize, usize)> {
        let rest = self.rest().strip_prefix('$')?;
        let braced = rest.starts_with('{') && !rest.starts_with("{{");
        let from = self.at + 1 + usize::from(braced);
        let body = self.text.get(from..)?;
        let end = body.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(body.len());
        let whole = body.get(..end)?.trim_end_matches(':');
        let scope = whole.rfind(':').map_or(0, |n| n + 1);
        let exported = whole.get(..scope).is_some_and(|s| s.eq_ignore_ascii_case("env:"));
        let name = whole.get(scope..)?;
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || !name.is_ascii() {
            return None;
        }
        self.at = from + whole.len();
        if braced && !self.takes("}") {
            return None;
        }
        Some((exported, from + scope, from + whole.len()))
    }

    /// A variable as it stands inside quotes.
    fn expanded(&mut self, out: &mut Text) {
        let start = self.at;
        if self.rest().starts_with("$(") {
            self.at += 2;
            self.say(out, "$(");
            let inner = self.nested();
            out.append(&inner);
            self.shut(out, ")");
            return;
        }
        match self.variable() {
            Some((_, from, to)) => {
                self.say(out, "${");
                out.append(&self.source.slice(from, to));
                self.shut(out, "}");
            }
            None => {
                self.at = start + 1;
                self.say(out, "\\$");
            }
        }
    }

    /// What stands in `$(…)`, its bracket already read.
    fn nested(&mut self) -> Text {
        self.depth += 1;
        let inner = if self.depth > DEPTH {
            self.at -= 1;
            self.balanced();
            Text::default()
        } else {
            self.statements(Some(b')'), self.depth)
        };
        self.depth -= 1;
        inner
    }

    /// Text in double quotes, up to `close`.
    fn quoted(&mut self, close: &str, out: &mut Text) {
        self.shut(out, "\"");
        while self.at < self.bytes.len() {
            if self.rest().starts_with(close) {
                self.at += close.len();
                if close == "\"" && self.takes("\"") {
                    self.say(out, "\\\"");
                    continue;
                }
                break;
            }
            if self.hole(out) {
                continue;
            }
            let start = self.at;
            match self.peek(0) {
                Some(b'$') => self.expanded(out),
                Some(b'`') => {
                    self.at += 1;
                    let next = self.peek(0);
                    self.skip();
                    match next {
                        Some(b'n') => self.say(out, "\n"),
                        Some(b'$' | b'"' | b'\\' | b'`') => {
                            self.say(out, "\\");
                            out.append(&self.source.slice(start + 1, self.at.min(self.bytes.len())));
                        }
                        _ => out.append(&self.source.slice(start + 1, self.at.min(self.bytes.len()))),
                    }
                }
                Some(b'"' | b'\\') => {
                    self.say(out, "\\");
                    self.at += 1;
                    out.append(&self.source.slice(start, self.at));
                }
                _ => {
                    let stop = |c: char| matches!(c, '$' | '`' | '"' | '\\' | '\n');
                    let rest = self.rest();
                    let first = rest.chars().next().map_or(1, char::len_utf8);
                    let length = rest.get(first..).map_or(rest.len(), |r| r.find(stop).map_or(rest.len(), |n| n + first));
                    self.at += length;
                    out.append(&self.source.slice(start, self.at));
                }
            }
        }
        self.shut(out, "\"");
    }

    /// Text in single quotes, up to `close`.
    fn literal(&mut self, close: &str, out: &mut Text) {
        self.shut(out, "'");
        let doubled = close == "'";
        loop {
            let length = self.rest().find(close).unwrap_or(self.rest().len());
            let part = self.source.slice(self.at, self.at + length);
            // A quote inside text between lines of its own ends no text here.
            for (i, piece) in part.as_str().split('\'').enumerate() {
                if i > 0 {
                    self.say(out, "'\\''");
                }
                let start = piece.as_ptr() as usize - part.as_str().as_ptr() as usize;
                out.append(&part.slice(start, start + piece.len()));
            }
            self.at = (self.at + length + close.len()).min(self.bytes.len());
            if !(doubled && self.takes("'")) {
                break;
            }
            self.say(out, "'\\''");
        }
        self.shut(out, "'");
    }

    /// A place that the platform fills in, as it stands.
    fn hole(&mut self, out: &mut Text) -> bool {
        if !self.rest().starts_with("${{") {
            return false;
        }
        let length = self.rest().find("}}").map_or(self.rest().len(), |n| n + 2);
        out.append(&self.source.slice(self.at, self.at + length));
        self.at += length;
        true
    }

    /// An argument or the name of a program; nothing where none begins.
    pub(super) fn word(&mut self, depth: u32) -> Option<Text> {
        let mut out = Text::default();
        let start = self.at;
        loop {
            let at = self.at;
            match self.peek(0) {
                None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'|' | b')' | b'}' | b'>' | b'<' | b'&') => break,
                // Several values, but for what is said of an option.
                Some(b',') if at == start || !out.as_str().starts_with('-') => break,
                Some(b'{') => break,
                Some(b'#') if at == start => break,
                Some(b'(') if at != start => break,
                Some(b'"' | b'\'' | b'$' | b'(') => match self.operand(depth) {
                    Some(part) => out.append(&part),
                    None => break,
                },
                Some(b'@') if at == start => match self.operand(depth) {
                    Some(part) => out.append(&part),
                    None => break,
                },
                Some(b'\\') => {
                    self.say(&mut out, "/");
                    self.at += 1;
                }
                Some(b'`') => {
                    if self.rest().starts_with("`\n") || self.rest().starts_with("`\r") {
                        break;
                    }
                    self.at += 1;
                    self.say(&mut out, "\\");
                    let from = self.at;
                    self.skip();
                    out.append(&self.source.slice(from, self.at.min(self.bytes.len())));
                }
                Some(_) => {
                    let stop = |c: char| " \t\r\n;|)}><&,{(\"'$\\`".contains(c);
                    let rest = self.rest();
                    let first = rest.chars().next().map_or(1, char::len_utf8);
                    let length = rest.get(first..).map_or(rest.len(), |r| r.find(stop).map_or(rest.len(), |n| n + first));
                    self.at += length;
                    out.append(&self.source.slice(at, self.at));
                }
            }
        }
        (self.at > start).then_some(out)
    }

    /// Text, a variable, a number, a type, or what brackets hold, with the members that are taken from it.
    pub(super) fn operand(&mut self, depth: u32) -> Option<Text> {
        let mut out = Text::default();
        let deep = depth > DEPTH;
        let rest = self.rest();
        if rest.starts_with("@\"") || rest.starts_with("@'") {
            let close = if rest.starts_with("@\"") { "\n\"@" } else { "\n'@" };
            self.at += 2;
            self.at += self.rest().find('\n').map_or(0, |n| if self.rest().get(..n).is_some_and(|l| l.trim().is_empty()) { n + 1 } else { 0 });
            if close.contains('"') {
                self.quoted(close, &mut out)
            } else {
                self.literal(close, &mut out)
            }
            return Some(out);
        }
        match self.peek(0)? {
            b'"' => {
                self.at += 1;
                self.quoted("\"", &mut out);
            }
            b'\'' => {
                self.at += 1;
                self.literal("'", &mut out);
            }
            b'$' if self.hole(&mut out) => return Some(out),
            b'$' => {
                self.say(&mut out, "\"");
                self.expanded(&mut out);
                self.shut(&mut out, "\"");
                match out.as_str() {
                    "\"${true}\"" | "\"${True}\"" => out = self.said("true"),
                    "\"${false}\"" | "\"${False}\"" => out = self.said("false"),
                    "\"${null}\"" => out = self.said("''"),
                    "\"${PSScriptRoot}\"" => out = self.said("."),
                    "\"${_}\"" => out = self.said(UNKNOWN),
                    other if other.eq_ignore_ascii_case("\"${lastexitcode}\"") => out = self.said("\"$?\""),
                    _ => {}
                }
            }
            b'@' if matches!(self.peek(1), Some(b'(')) && !deep => {
                self.at += 1;
                return self.operand(depth);
            }
            b'@' if matches!(self.peek(1), Some(b'{')) => {
                self.at += 1;
                self.balanced();
                return Some(self.said(UNKNOWN));
            }
            b'@' => {
                self.at += 1;
                let length = self.bare().len();
                if length == 0 {
                    return None;
                }
                self.at += length;
                return Some(self.said(UNKNOWN));
            }
            b'(' if !deep => {
                self.at += 1;
                self.gap(true);
                let piece = self.pipeline(depth + 1);
                self.gap(true);
                // Whatever else stands there is not understood.
                while self.peek(0).is_some_and(|b| b != b')') {
                    let before = self.at;
                    self.balanced();
                    self.at = self.at.max(before + 1);
                }
                self.at += 1;
                out = self.inner(piece);
            }
            b'[' if !deep => {
                self.balanced();
                out = self.said(UNKNOWN);
                // `[type]value` is the value.
                if matches!(self.peek(0), Some(b'$' | b'"' | b'\'' | b'(')) {
                    out = self.operand(depth + 1)?;
                }
            }
            b'(' | b'[' => {
                self.balanced();
                out = self.said(UNKNOWN);
            }
            b if b.is_ascii_digit() => {
                let length = self.rest().find(|c: char| !(c.is_alphanumeric() || c == '.')).unwrap_or(self.rest().len());
                out.append(&self.source.slice(self.at, self.at + length));
                self.at += length;
            }
            _ => return None,
        }
        self.members(out, depth)
    }

    /// `.Name`, `::Name`, `[…]`, `.Name(…)` behind a value: a method is a command of that name, and what it gives is what it prints.
    fn members(&mut self, mut value: Text, depth: u32) -> Option<Text> {
        loop {
            let skip = match (self.peek(0), self.peek(1)) {
                (Some(b'.'), Some(b)) if b.is_ascii_alphabetic() => 1,
                (Some(b':'), Some(b':')) => 2,
                (Some(b'['), _) => {
                    self.balanced();
                    value = self.said(UNKNOWN);
                    continue;
                }
                _ => return Some(value),
            };
            // `$dir.txt` in a word is a member as well.
            self.at += skip;
            let from = self.at;
            self.at += self.bare().len();
            let to = self.at;
            // A member of an answer (`.Content`, `.Hash`) says what the answer says.
            if self.peek(0) != Some(b'(') || depth > DEPTH {
                continue;
            }
            // `.ToLower()`, `.Trim()`: text stays what it says.
            if self.takes("()") {
                continue;
            }
            self.at += 1;
            let mut out = self.said("\"$(.");
            let name = self.text.get(from..to).unwrap_or_default().to_ascii_lowercase();
            out.append(&Text::synthetic(&name, self.source.range(from, to)));
            loop {
                self.gap(true);
                if self.peek(0).is_none() || self.takes(")") {
                    break;
                }
                let before = self.at;
                match self.expression(depth + 1) {
                    Some(argument) => {
                        self.say(&mut out, " ");
                        out.append(&argument);
                    }
                    None if self.takes(",") => {}
                    None => self.balanced(),
                }
                self.at = self.at.max(before + 1);
            }
            self.shut(&mut out, ")\"");
            value = out;
        }
    }

    /// Values with operators between them: `+` puts text together, `,` makes several of them, of the others the left side is kept.
    pub(super) fn expression(&mut self, depth: u32) -> Option<Text> {
        if depth > DEPTH {
            self.balanced();
            return Some(self.said(UNKNOWN));
        }
        let unary = matches!(self.peek(0), Some(b'!')) || self.rest().starts_with("-not ");
        if unary {
            self.at += if self.peek(0) == Some(b'!') { 1 } else { 5 };
            self.gap(false);
        }
        let mut out = self.operand(depth)?;
        loop {
            let end = self.at;
            self.gap(false);
            let operator = self.bare();
            let named = operator.starts_with('-') && operator.len() > 1;
            let (skip, joined) = match self.peek(0) {
                Some(b'+') => (1, Some("")),
                Some(b',') => (1, Some(" ")),
                Some(b'*' | b'/' | b'%') => (1, None),
                Some(b'-') if named && operator.eq_ignore_ascii_case("-f") => (2, Some("")),
                Some(b'-') => (operator.len().max(1), None),
                _ => {
                    self.at = end;
                    return Some(out);
                }
            };
            self.at += skip;
            self.gap(true);
            let Some(other) = self.operand(depth + 1) else { return Some(out) };
            if let Some(between) = joined {
                self.say(&mut out, between);
                out.append(&other);
            }
        }
    }

    /// What brackets hold, as a word.
    fn inner(&self, piece: Piece) -> Text {
        if piece.word {
            return piece.text;
        }
        let mut out = self.said("\"$(");
        out.append(&piece.text);
        self.shut(&mut out, ")\"");
        out
    }
}
