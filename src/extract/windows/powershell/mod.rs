//! PowerShell: statements, pipelines, words and expressions, each read to the end and said again in the words of a shell. Case does not matter to it, so that names of
//! its own commands come out in small letters; `$(…)`, methods and blocks run where they stand.

mod commands;
mod words;

use super::{UNKNOWN, put};
use crate::text::Text;

/// Blocks and parentheses inside each other that are read; what lies deeper is a value that nobody knows.
const DEPTH: u32 = 40;

/// The script as a shell would say it.
pub(super) fn as_shell(source: &Text) -> Text {
    let mut reader = Reader { source, text: source.as_str(), bytes: source.as_str().as_bytes(), at: 0, blocks: Vec::new(), depth: 0 };
    reader.statements(None, 0)
}

struct Reader<'t> {
    source: &'t Text,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Blocks that were handed to the command that is being read: they run.
    blocks: Vec<Text>,
    /// How many `$(…)` stand around.
    depth: u32,
}

/// What a pipeline gave.
struct Piece {
    text: Text,
    /// Whether it is a word and no command.
    word: bool,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }
    fn takes(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }
    fn say(&self, out: &mut Text, text: &str) {
        put(out, self.source, self.at, text);
    }
    /// As [`Reader::say`], of what closes: it stands with what was read last.
    fn shut(&self, out: &mut Text, text: &str) {
        put(out, self.source, self.at.saturating_sub(1), text);
    }
    fn said(&self, text: &str) -> Text {
        let mut out = Text::default();
        self.say(&mut out, text);
        out
    }
    /// Passes over one character, whatever it is.
    fn skip(&mut self) {
        self.at += self.rest().chars().next().map_or(1, char::len_utf8);
    }
    /// Spaces, continued lines and comments inside a statement; line ends too between statements.
    fn gap(&mut self, lines: bool) {
        loop {
            match self.peek(0) {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\n' | b';') if lines => self.at += 1,
                Some(b'`') if self.rest().starts_with("`\n") => self.at += 2,
                Some(b'`') if self.rest().starts_with("`\r\n") => self.at += 3,
                Some(b'<') if self.peek(1) == Some(b'#') => {
                    self.at += self.rest().find("#>").map_or(self.rest().len(), |n| n + 2);
                }
                Some(b'#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => return,
            }
        }
    }
    /// Passes over what one bracket opens; text and comments inside are what they are.
    fn balanced(&mut self) {
        let mut open = 0_usize;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'`' => {
                    self.at += 1;
                    self.skip();
                    continue;
                }
                b'\'' | b'"' | b'@' if self.passes_text() => continue,
                b'#' | b'<' if open > 0 => {
                    let before = self.at;
                    self.gap(false);
                    if self.at > before {
                        continue;
                    }
                }
                b'(' | b'{' | b'[' => open += 1,
                b')' | b'}' | b']' => open = open.saturating_sub(1),
                _ => {}
            }
            self.skip();
            if open == 0 {
                return;
            }
        }
    }
    /// Passes over text in quotes that begins here, if any does.
    fn passes_text(&mut self) -> bool {
        let rest = self.rest();
        let close = match rest.get(..2) {
            Some("@\"") => "\n\"@",
            Some("@'") => "\n'@",
            _ if rest.starts_with('\'') => "'",
            _ if rest.starts_with('"') => "\"",
            _ => return false,
        };
        self.at += if close.len() > 1 { 2 } else { 1 };
        let quoted = close == "\"";
        while self.at < self.bytes.len() && !self.rest().starts_with(close) {
            self.at += usize::from(quoted && self.peek(0) == Some(b'`'));
            self.skip();
        }
        self.at = (self.at + close.len()).min(self.bytes.len());
        true
    }
    /// The end of a statement that nobody reads.
    fn pass_statement(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' | b';' | b'}' | b')' => return,
                b'\'' | b'"' | b'@' if self.passes_text() => {}
                b'(' | b'{' | b'[' => self.balanced(),
                _ => self.skip(),
            }
        }
    }
    fn bare(&self) -> &str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// Statements up to what closes them.
    fn statements(&mut self, close: Option<u8>, depth: u32) -> Text {
        let mut out = Text::default();
        loop {
            self.gap(true);
            match self.peek(0) {
                None => return out,
                found if found == close => {
                    self.at += 1;
                    return out;
                }
                _ => {}
            }
            let (before, outer) = (self.at, std::mem::take(&mut self.blocks));
            out.append(&self.statement(depth));
            for block in std::mem::replace(&mut self.blocks, outer) {
                self.say(&mut out, "\n");
                out.append(&block);
            }
            self.say(&mut out, "\n");
            if self.at == before {
                self.skip();
            }
        }
    }

    fn statement(&mut self, depth: u32) -> Text {
        if depth > DEPTH {
            self.balanced();
            return Text::default();
        }
        match self.peek(0) {
            Some(b'{') => return self.block(depth),
            Some(b')' | b'}') => {
                self.at += 1;
                return Text::default();
            }
            Some(b'$' | b'[') if !self.rest().starts_with("${{") => {
                let start = self.at;
                if let Some(found) = self.assignment(depth) {
                    return found;
                }
                self.at = start;
            }
            _ => {}
        }
        let word = self.bare().to_ascii_lowercase();
        let length = word.len();
        let mut out = Text::default();
        match word.as_str() {
            "if" | "elseif" | "while" | "foreach" | "for" | "switch" => {
                self.at += length;
                self.conditional(&word, depth, &mut out);
            }
            "function" | "filter" => {
                self.at += length;
                self.gap(false);
                let name = self.bare().to_owned();
                out.append(&self.source.slice(self.at, self.at + name.len()));
                self.at += name.len();
                self.gap(true);
                if self.peek(0) == Some(b'(') {
                    self.balanced();
                    self.gap(true);
                }
                self.say(&mut out, "() {\n");
                self.body(depth, &mut out);
                self.say(&mut out, "}");
            }
            "try" | "finally" | "do" | "begin" | "process" | "end" | "trap" | "catch" => {
                self.at += length;
                while self.peek(0).is_some_and(|b| b != b'{' && b != b'\n') {
                    self.skip();
                }
                self.gap(true);
                out.append(&self.block(depth));
            }
            "param" | "until" | "using" => {
                self.at += length;
                self.gap(true);
                if self.peek(0) == Some(b'(') {
                    self.balanced();
                } else {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
            }
            "throw" => {
                self.pass_statement();
                self.say(&mut out, "exit 1");
            }
            "return" => {
                self.at += length;
                out = self.pipeline(depth).text;
            }
            _ => {
                let piece = self.pipeline(depth);
                if piece.word {
                    self.say(&mut out, "echo ");
                }
                out.append(&piece.text);
            }
        }
        out
    }

    /// `{ … }`, what it runs.
    fn block(&mut self, depth: u32) -> Text {
        self.gap(true);
        if self.peek(0) != Some(b'{') {
            return Text::default();
        }
        if depth > DEPTH {
            self.balanced();
            return Text::default();
        }
        self.at += 1;
        self.statements(Some(b'}'), depth + 1)
    }

    /// A block where a shell wants at least one command.
    fn body(&mut self, depth: u32, out: &mut Text) {
        let block = self.block(depth);
        if block.as_str().trim().is_empty() {
            self.say(out, ":\n");
        }
        out.append(&block);
    }

    /// `if (…) { … } else { … }` and loops.
    fn conditional(&mut self, word: &str, depth: u32, out: &mut Text) {
        self.gap(true);
        if let Some(each) = (word == "foreach").then(|| self.each(depth)).flatten() {
            out.append(&each);
            self.say(out, "; do\n");
            self.body(depth, out);
            self.say(out, "done");
            return;
        }
        let asked = self.condition(depth);
        match word {
            "switch" => return self.cases(depth, out),
            "if" | "elseif" => self.say(out, "if "),
            _ => self.say(out, "while "),
        }
        let is_loop = !matches!(word, "if" | "elseif");
        out.append(&asked);
        self.say(out, if is_loop { "; do\n" } else { "; then\n" });
        self.body(depth, out);
        if is_loop {
            self.say(out, "done");
            return;
        }
        loop {
            let end = self.at;
            self.gap(true);
            let next = self.bare().to_ascii_lowercase();
            match next.as_str() {
                "elseif" => {
                    self.at += next.len();
                    self.gap(true);
                    self.say(out, "elif ");
                    let asked = self.condition(depth);
                    out.append(&asked);
                    self.say(out, "; then\n");
                    self.body(depth, out);
                }
                "else" => {
                    self.at += next.len();
                    self.say(out, "else\n");
                    self.body(depth, out);
                    break;
                }
                _ => {
                    self.at = end;
                    break;
                }
            }
        }
        self.say(out, "fi");
    }

    /// `{ value { … } … }` of a `switch`: each block runs for some value.
    fn cases(&mut self, depth: u32, out: &mut Text) {
        self.gap(true);
        if self.peek(0) != Some(b'{') {
            return;
        }
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'}' => {
                    self.at += 1;
                    return;
                }
                b'{' => {
                    self.say(out, "if [ -n \"$!\" ]; then\n");
                    self.body(depth + 1, out);
                    self.say(out, "fi\n");
                }
                b'\'' | b'"' | b'@' if self.passes_text() => {}
                b'(' | b'[' => self.balanced(),
                b'#' | b'<' => {
                    let before = self.at;
                    self.gap(false);
                    self.at = self.at.max(before + 1);
                }
                _ => self.skip(),
            }
        }
    }

    /// `(…)` behind a keyword: comparisons of two values, and values that have to be something, with `-and`, `-or`, `-not` and brackets.
    fn condition(&mut self, depth: u32) -> Text {
        let start = self.at;
        if self.takes("(") && depth <= DEPTH {
            let found = self.tests(depth + 1);
            self.gap(true);
            if let Some(found) = found.filter(|_| self.takes(")")) {
                return found;
            }
        }
        self.at = start;
        if self.peek(0) == Some(b'(') {
            self.balanced();
        }
        self.said("[ -n \"$!\" ]")
    }

    /// Tests with `-and` and `-or` between them: one is as strong as the other, here as in a shell.
    fn tests(&mut self, depth: u32) -> Option<Text> {
        let mut out = self.test(depth)?;
        loop {
            self.gap(true);
            let operator = self.bare().to_ascii_lowercase();
            let sign = match operator.as_str() {
                "-and" => " && ",
                "-or" => " || ",
                _ => return Some(out),
            };
            self.at += operator.len();
            self.say(&mut out, sign);
            out.append(&self.test(depth)?);
        }
    }

    fn test(&mut self, depth: u32) -> Option<Text> {
        if depth > DEPTH {
            return None;
        }
        self.gap(true);
        let not = self.takes("!") || self.bare().eq_ignore_ascii_case("-not") && self.passes(4);
        self.gap(true);
        if let Some(inner) = self.grouped(depth) {
            let mut out = self.said(if not { "! { " } else { "{ " });
            out.append(&inner);
            self.shut(&mut out, "; }");
            return Some(out);
        }
        let left = self.operand(depth + 1)?;
        self.gap(true);
        let mut out = self.said("[ ");
        let operator = self.bare().to_ascii_lowercase();
        let sign = match operator.as_str() {
            "-eq" | "-ieq" | "-ceq" if !not => " = ",
            "-ne" | "-ine" | "-cne" if !not => " != ",
            "-and" | "-or" | "" => "",
            _ => return None,
        };
        if sign.is_empty() {
            self.say(&mut out, if not { "-z " } else { "-n " });
            out.append(&left);
        } else {
            self.at += operator.len();
            self.gap(true);
            let right = self.operand(depth + 1)?;
            out.append(&left);
            self.say(&mut out, sign);
            out.append(&right);
        }
        self.shut(&mut out, " ]");
        Some(out)
    }

    /// Tests in brackets of their own, where those are no part of a value.
    fn grouped(&mut self, depth: u32) -> Option<Text> {
        let start = self.at;
        let found = if self.takes("(") { self.tests(depth + 1) } else { None };
        self.gap(true);
        if let Some(found) = found.filter(|_| self.takes(")")) {
            let end = self.at;
            self.gap(true);
            let next = self.bare().to_ascii_lowercase();
            if matches!(next.as_str(), "" | "-and" | "-or") && !matches!(self.peek(0), Some(b'.' | b'[' | b':')) {
                self.at = end;
                return Some(found);
            }
        }
        self.at = start;
        None
    }

    fn passes(&mut self, bytes: usize) -> bool {
        self.at += bytes;
        true
    }

    /// `($name in values)` of a loop.
    fn each(&mut self, depth: u32) -> Option<Text> {
        let start = self.at;
        let found = self.takes("(").then(|| self.each_of(depth)).flatten();
        self.gap(true);
        if let Some(found) = found.filter(|_| self.takes(")")) {
            return Some(found);
        }
        self.at = start;
        None
    }

    fn each_of(&mut self, depth: u32) -> Option<Text> {
        self.gap(true);
        let (_, from, to) = self.variable()?;
        self.gap(true);
        if !self.bare().eq_ignore_ascii_case("in") {
            return None;
        }
        self.at += 2;
        self.gap(true);
        let values = self.expression(depth + 1)?;
        let mut out = self.said("for ");
        out.append(&self.source.slice(from, to));
        self.say(&mut out, " in ");
        out.append(&values);
        Some(out)
    }

    /// `$name = …`, `$env:NAME += …`, `[string]$name = …`.
    fn assignment(&mut self, depth: u32) -> Option<Text> {
        while self.peek(0) == Some(b'[') {
            self.balanced();
            self.gap(false);
        }
        let (exported, from, to) = self.variable()?;
        self.gap(false);
        let adds = self.rest().starts_with("+=");
        if !adds && (self.peek(0) != Some(b'=') || self.peek(1) == Some(b'=')) {
            return None;
        }
        self.at += if adds { 2 } else { 1 };
        self.gap(true);
        let value = self.pipeline(depth);
        let mut out = self.said(if exported { "export " } else { "" });
        out.append(&self.source.slice(from, to));
        self.say(&mut out, if adds { "+=" } else { "=" });
        if value.word {
            out.append(&value.text);
        } else {
            self.say(&mut out, "\"$(");
            out.append(&value.text);
            self.shut(&mut out, ")\"");
        }
        Some(out)
    }
}
