//! Pipelines and commands of PowerShell, and those of its own commands that a shell has as well: what prints, writes files, goes elsewhere, runs text.

use super::{Piece, Reader, UNKNOWN};
use crate::text::Text;

/// A command with its arguments.
struct Said {
    name: String,
    words: Vec<Text>,
    redirects: Text,
}

/// An argument of a command of PowerShell's own: `-Name`, `-Name:value`, or a value.
fn parameter(word: Text, words: &mut Vec<Text>) {
    let text = word.as_str();
    let name = text.strip_prefix('-').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_alphanumeric).count());
    let end = name + 1;
    if name == 0 || !matches!(text.as_bytes().get(end), None | Some(b':')) {
        words.push(word);
        return;
    }
    let small = text.get(..end).unwrap_or_default().to_ascii_lowercase();
    words.push(Text::synthetic(&small, word.range(0, end)));
    if text.len() > end + 1 {
        words.push(word.slice(end + 1, text.len()));
    }
}

impl Reader<'_> {
    /// Commands with `|`, `&&` and `||` between them, or one value.
    pub(super) fn pipeline(&mut self, depth: u32) -> Piece {
        let mut out = Text::default();
        let mut single = None;
        // Whether what was said goes into the next command.
        let mut open = false;
        loop {
            self.gap(false);
            let first = out.is_empty() && single.is_none();
            let before = self.at;
            if self.is_value() && first {
                match self.expression(depth) {
                    Some(value) => {
                        let mut redirects = Text::default();
                        self.gap(false);
                        if self.redirect(depth, &mut redirects) {
                            self.say(&mut out, "echo ");
                            out.append(&value);
                            out.append(&redirects);
                        } else {
                            single = Some(value);
                        }
                    }
                    None => break,
                }
            } else {
                let Some(said) = self.command(depth) else { break };
                let printed = single.take();
                self.chained(printed, said, open, &mut out);
            }
            self.gap(false);
            let next = ["&&", "||", "|"].into_iter().find(|sign| self.rest().starts_with(sign));
            let Some(next) = next.filter(|_| self.at > before) else { break };
            self.at += next.len();
            self.gap(true);
            // What takes a value without a pipe stands alone; a pipe is said where the next command is known.
            if next != "|" {
                if let Some(value) = single.take() {
                    self.say(&mut out, "echo ");
                    out.append(&value);
                }
                self.say(&mut out, if next == "&&" { " && " } else { " || " });
                open = false;
            } else {
                open = single.is_none();
            }
        }
        match single {
            Some(text) if out.is_empty() => Piece { text, word: true },
            Some(value) => {
                self.say(&mut out, "echo ");
                out.append(&value);
                Piece { text: out, word: false }
            }
            None => Piece { text: out, word: false },
        }
    }

    /// Whether a value begins here and no command.
    fn is_value(&self) -> bool {
        match self.peek(0) {
            Some(b'$') => !self.rest().starts_with("${{"),
            Some(b'"' | b'\'' | b'(' | b'[' | b'@' | b'!') => true,
            Some(b'-') => self.rest().starts_with("-not "),
            Some(b) => b.is_ascii_digit(),
            None => false,
        }
    }

    fn command(&mut self, depth: u32) -> Option<Said> {
        let called = matches!(self.peek(0), Some(b'&')) || (self.peek(0) == Some(b'.') && matches!(self.peek(1), Some(b' ' | b'"' | b'\'' | b'$')));
        let sourced = self.peek(0) == Some(b'.');
        if called {
            self.at += 1;
            self.gap(false);
            if self.peek(0) == Some(b'{') {
                let block = self.block(depth);
                self.blocks.push(block);
                return Some(Said { name: ":".to_owned(), words: vec![self.said(":")], redirects: Text::default() });
            }
        }
        let mut program = self.word(depth)?;
        let cmdlet = program.as_str().split_once('-').is_some_and(|(verb, noun)| {
            let letters = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric());
            letters(verb) && noun.starts_with(|c: char| c.is_ascii_uppercase()) && letters(noun)
        });
        if cmdlet {
            program = Text::synthetic(&program.as_str().to_ascii_lowercase(), program.whole());
        }
        if called && program.as_str().contains('\\') {
            let double = program.as_str().replace("\\\\", "/");
            let text = if double.starts_with('\'') { double.replace('\\', "/") } else { double };
            program = Text::synthetic(&text, program.whole());
        }
        let name = program.as_str().to_ascii_lowercase();
        // Case matters to programs, and not to what is PowerShell's own.
        let own = cmdlet || matches!(name.as_str(), "iwr" | "irm" | "iex" | "saps" | "sc" | "ac" | "ii");
        let mut words = if sourced && called { vec![self.said("."), program] } else { vec![program] };
        let mut redirects = Text::default();
        loop {
            self.gap(false);
            let start = self.at;
            match self.peek(0) {
                Some(b'{') => {
                    let block = self.block(depth);
                    self.blocks.push(block);
                    words.push(self.said(UNKNOWN));
                }
                Some(b',') => self.at += 1,
                Some(b'@') if self.peek(1) == Some(b'(') => {
                    // A list of arguments.
                    self.at += 2;
                    loop {
                        self.gap(true);
                        let before = self.at;
                        match self.expression(depth + 1) {
                            Some(value) => words.push(value),
                            None if self.takes(")") || self.peek(0).is_none() => break,
                            None => self.skip(),
                        }
                        self.at = self.at.max(before + 1);
                    }
                }
                _ if self.redirect(depth, &mut redirects) => {}
                _ => match self.word(depth) {
                    Some(word) if own => parameter(word, &mut words),
                    Some(word) => words.push(word),
                    None => return Some(Said { name, words, redirects }),
                },
            }
            if self.at == start {
                return Some(Said { name, words, redirects });
            }
        }
    }

    /// `> file`, `2>&1`, `*>> file`.
    fn redirect(&mut self, depth: u32, out: &mut Text) -> bool {
        let rest = self.rest();
        let sign = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '*');
        if !sign.starts_with('>') {
            return false;
        }
        let arrows = if sign.starts_with(">>") { 2 } else { 1 };
        self.at += rest.len() - sign.len() + arrows;
        if self.takes("&1") {
            return true;
        }
        self.gap(false);
        if let Some(word) = self.word(depth) {
            self.say(out, if arrows == 2 { " >> " } else { " > " });
            out.append(&word);
        }
        true
    }

    /// Says a command behind what goes into it.
    fn chained(&self, printed: Option<Text>, said: Said, open: bool, out: &mut Text) {
        let piped = open || printed.is_some();
        let echo = |out: &mut Text, printed: Option<Text>| {
            if let Some(value) = printed {
                self.say(out, "echo ");
                out.append(&value);
            }
        };
        let Said { name, words, redirects } = said;
        let given = |names: &[&str]| {
            let at = words.iter().position(|w| names.iter().any(|n| w.as_str().eq_ignore_ascii_case(n)))?;
            words.get(at + 1).cloned()
        };
        // Values that stand for themselves, options and what they take apart.
        let plain = |valued: &[&str]| {
            let mut taken = false;
            let mut rest = Vec::new();
            for word in words.iter().skip(1) {
                let option = word.as_str().starts_with('-');
                if !option && !taken {
                    rest.push(word.clone());
                }
                taken = option && valued.iter().any(|v| word.as_str().eq_ignore_ascii_case(v));
            }
            rest
        };
        let append = words.iter().any(|w| w.as_str().eq_ignore_ascii_case("-append"));
        let to = |out: &mut Text, append: bool, path: &Text| {
            self.say(out, if append { " >> " } else { " > " });
            out.append(path);
        };
        const PATHS: [&str; 3] = ["-path", "-filepath", "-literalpath"];
        const VALUED: [&str; 7] = ["-path", "-filepath", "-literalpath", "-value", "-encoding", "-width", "-inputobject"];
        match name.as_str() {
            "out-file" | "set-content" | "add-content" | "sc" | "ac" => {
                let mut operands = plain(&VALUED).into_iter();
                let path = given(&PATHS).or_else(|| operands.next());
                let value = given(&["-value", "-inputobject"]).or_else(|| operands.next());
                if let (false, Some(value)) = (piped, value) {
                    echo(out, Some(value));
                } else {
                    echo(out, printed);
                }
                if let Some(path) = path {
                    to(out, append || matches!(name.as_str(), "add-content" | "ac"), &path);
                }
                return;
            }
            // Nothing is shown.
            "out-null" | "out-host" | "out-default" | "write-host" | "write-output" if piped => {
                echo(out, printed);
                return;
            }
            "invoke-expression" | "iex" if piped => {
                echo(out, printed);
                self.say(out, " | ");
                out.append(&Text::synthetic("sh", words.first().map_or_else(|| self.said(" ").whole(), Text::whole)));
                return;
            }
            _ => {}
        }
        echo(out, printed);
        if piped {
            self.say(out, " | ");
        }
        let program = match name.as_str() {
            "invoke-expression" | "iex" => Some("eval"),
            "write-output" | "write-host" | "write-verbose" | "write-information" | "echo" | "write" => Some("echo"),
            "set-location" | "push-location" | "sl" | "pushd" | "chdir" => Some("cd"),
            "start-process" | "saps" | "invoke-item" | "ii" => Some(""),
            _ => None,
        };
        let Some(program) = program else {
            words.iter().enumerate().for_each(|(i, word)| {
                self.say(out, if i > 0 { " " } else { "" });
                out.append(word);
            });
            out.append(&redirects);
            return;
        };
        if let Some(word) = words.first().filter(|_| !program.is_empty()) {
            out.append(&Text::synthetic(program, word.whole()));
        }
        let options = ["-workingdirectory", "-foregroundcolor", "-backgroundcolor", "-verb", "-windowstyle", "-credential", "-separator"];
        for (i, word) in plain(&options).iter().enumerate() {
            self.say(out, if i > 0 || !program.is_empty() { " " } else { "" });
            out.append(word);
        }
        out.append(&redirects);
    }
}
