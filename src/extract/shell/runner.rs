//! The runner's own files: `GITHUB_ENV`, `GITHUB_PATH`, `GITHUB_OUTPUT`, and the older commands on standard output. Lines `NAME=value`, or `NAME<<DELIMITER` with
//! the value's lines up to the delimiter.

use crate::extract::shell::builtin;
use crate::extract::shell::walk::Walk;
use crate::facts::{Builder, Channel, Command, FactId, Stdin, V, ValueId, What, Word};
use crate::source::Range;
use crate::syntax::bash::{Piece, Word as Ast};
use crate::text::Text;

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunnerFile {
    /// `GITHUB_ENV`.
    Env,
    /// `GITHUB_PATH`.
    Path,
    /// `GITHUB_OUTPUT`.
    Output,
}

/// A value of several lines that has begun.
#[derive(Clone, Debug)]
pub struct Open {
    file: RunnerFile,
    name: String,
    delimiter: String,
}

/// A stretch of what is written: text, or something computed.
#[derive(Clone, Debug)]
pub enum Bit {
    /// Literal.
    Text(Text),
    /// Computed, with a key by which equal ones are told.
    Value(ValueId, String),
}

/// One line of it.
pub type Line = Vec<Bit>;

/// The file that the name of a redirection stands for.
pub fn file_of(target: &Ast) -> Option<RunnerFile> {
    let [part] = target.parts.as_slice() else { return None };
    let (Piece::Variable(name) | Piece::Expansion(name, ..)) = &part.what else { return None };
    named(name)
}

fn named(name: &str) -> Option<RunnerFile> {
    match name {
        "GITHUB_ENV" => Some(RunnerFile::Env),
        "GITHUB_PATH" => Some(RunnerFile::Path),
        "GITHUB_OUTPUT" => Some(RunnerFile::Output),
        _ => None,
    }
}

/// What a command prints, line by line, as far as its form says: `echo`, `printf`, `cat` of a here-document. Anything else is one line computed by it.
pub fn content(command: FactId, b: &mut Builder) -> Vec<Line> {
    let fact = b.facts.fact(command);
    let range = fact.range;
    let What::Command(Command { words, stdin, .. }) = fact.what.clone() else { return Vec::new() };
    let operands = words.get(1..).unwrap_or_default();
    match builtin::program(command, b).as_deref() {
        Some("echo") => {
            let flag = |w: &&Word| {
                b.facts.word(w).is_some_and(|t| t.len() > 1 && t.starts_with('-') && t.bytes().skip(1).all(|c| matches!(c, b'n' | b'e' | b'E')))
            };
            let flags = operands.iter().take_while(flag).count();
            let escapes = operands.iter().take(flags).any(|w| b.facts.word(w).is_some_and(|t| t.contains('e')));
            let mut bits = Vec::new();
            for (i, word) in operands.iter().enumerate().skip(flags) {
                if i > flags {
                    bits.push(Bit::Text(Text::synthetic(" ", Range { start: word.range.start, end: word.range.start })));
                }
                bits.extend(bits_of(word, b));
            }
            split(bits, escapes)
        }
        Some("printf") => split(formatted(operands, b), true),
        Some("cat") if operands.is_empty() => match stdin {
            Stdin::Text(text) => split(flat(text, b), false),
            _ => vec![vec![whole(command, range, b)]],
        },
        _ => vec![vec![whole(command, range, b)]],
    }
}

/// Whether the form of a command says what it prints: then that text is what a pipe or file gets.
pub fn prints_text(command: FactId, b: &Builder) -> bool {
    let What::Command(Command { words, stdin, .. }) = &b.facts.fact(command).what else { return false };
    match builtin::program(command, b).as_deref() {
        Some("echo") => true,
        Some("printf") => words.get(1).and_then(|w| b.facts.word(w)).is_none_or(|w| w != "-v"),
        Some("cat") => words.len() == 1 && matches!(stdin, Stdin::Text(_)),
        _ => false,
    }
}

/// What such a command prints, as one value.
pub fn printed_text(command: FactId, b: &mut Builder) -> ValueId {
    let fact = b.facts.fact(command);
    let range = fact.range;
    if let What::Command(Command { words, stdin: Stdin::Text(text), .. }) = &fact.what
        && words.len() == 1
    {
        return *text;
    }
    let mut bits: Line = Vec::new();
    for line in content(command, b) {
        bits.extend(line);
        bits.push(Bit::Text(Text::synthetic("\n", Range { start: range.end, end: range.end })));
    }
    let mut merged: Line = Vec::new();
    for bit in bits {
        match (merged.last_mut(), bit) {
            (Some(Bit::Text(before)), Bit::Text(text)) => before.append(&text),
            (_, bit) => merged.push(bit),
        }
    }
    value(merged, range, b)
}

fn whole(command: FactId, range: Range, b: &mut Builder) -> Bit {
    Bit::Value(b.value(range, V::Subst(command)), String::new())
}

fn bits_of(word: &Word, b: &Builder) -> Line {
    word.parts.iter().map(|p| bit(p.value, b)).collect()
}

fn bit(value: ValueId, b: &Builder) -> Bit {
    match &b.facts.value(value).what {
        V::Str(text) => Bit::Text(Text::clone(text)),
        V::Env(name) => Bit::Value(value, format!("${name}")),
        _ => Bit::Value(value, format!("#{}", value.0)),
    }
}

/// The parts of a text value.
fn flat(value: ValueId, b: &Builder) -> Line {
    match &b.facts.value(value).what {
        V::Join(parts) => parts.iter().map(|p| bit(*p, b)).collect(),
        _ => vec![bit(value, b)],
    }
}

/// What `printf` prints: its format with the arguments in place.
fn formatted(operands: &[Word], b: &Builder) -> Line {
    let mut bits = Vec::new();
    let Some((format, mut args)) = operands.split_first() else { return bits };
    // The format is used again while arguments are left.
    for round in 0..16 {
        if round > 0 && args.is_empty() {
            break;
        }
        let before = args.len();
        for part in bits_of(format, b) {
            let Bit::Text(text) = part else {
                bits.push(part);
                continue;
            };
            let (mut from, mut at) = (0, 0);
            let bytes = text.as_str().as_bytes();
            while let Some(c) = bytes.get(at) {
                if *c != b'%' {
                    at += 1;
                    continue;
                }
                let flags = bytes.iter().skip(at + 1).take_while(|c| matches!(c, b'-' | b'+' | b' ' | b'0'..=b'9' | b'.' | b'#' | b'*')).count();
                let end = at + flags + 2;
                if bytes.get(at + 1) != Some(&b'%') {
                    bits.push(Bit::Text(text.slice(from, at)));
                    if let Some((first, rest)) = args.split_first() {
                        bits.extend(bits_of(first, b));
                        args = rest;
                    }
                    from = end;
                }
                at = end;
            }
            bits.push(Bit::Text(text.slice(from, text.len())));
        }
        if args.len() == before {
            break;
        }
    }
    bits
}

/// Lines of what is printed; `\n` as two characters ends one too when `escapes`.
fn split(bits: Line, escapes: bool) -> Vec<Line> {
    let mut lines = vec![Vec::new()];
    let mut push = |bit: Bit, new: bool| {
        if new {
            lines.push(Vec::new());
        }
        if let Some(line) = lines.last_mut()
            && !matches!(&bit, Bit::Text(t) if t.is_empty())
        {
            line.push(bit);
        }
    };
    for bit in bits {
        let Bit::Text(text) = bit else {
            push(bit, false);
            continue;
        };
        let bytes = text.as_str().as_bytes();
        let (mut from, mut at, mut new) = (0, 0, false);
        while let Some(c) = bytes.get(at) {
            let width = match c {
                b'\n' => 1,
                b'\\' if escapes && bytes.get(at + 1) == Some(&b'n') => 2,
                _ => 0,
            };
            if width > 0 {
                push(Bit::Text(text.slice(from, at)), new);
                from = at + width;
                new = true;
            }
            at += width.max(1);
        }
        push(Bit::Text(text.slice(from, text.len())), new);
    }
    lines.retain(|l| !l.is_empty());
    lines
}

fn key(line: &[Bit]) -> String {
    line.iter()
        .map(|b| match b {
            Bit::Text(t) => t.as_str().to_owned(),
            Bit::Value(_, key) => key.clone(),
        })
        .collect::<String>()
        .trim()
        .to_owned()
}

fn value(line: Line, range: Range, b: &mut Builder) -> ValueId {
    let mut values: Vec<ValueId> = Vec::new();
    for bit in line {
        match bit {
            Bit::Text(t) if t.is_empty() => {}
            Bit::Text(t) => values.push(b.text(t)),
            Bit::Value(v, _) => values.push(v),
        }
    }
    match values.as_slice() {
        [only] => *only,
        [] => b.value(Range { start: range.end, end: range.end }, V::text(Text::default())),
        _ => b.value(range, V::Join(values)),
    }
}

/// `NAME=rest` or `NAME<<rest`: the name, whether the second form, and the rest.
fn head(line: &[Bit]) -> Option<(String, bool, Line)> {
    let Bit::Text(first) = line.first()? else { return None };
    let text = first.as_str();
    let equals = text.find('=');
    let open = text.find("<<");
    let (at, width) = match (equals, open) {
        (Some(e), Some(o)) if o < e => (o, 2),
        (None, Some(o)) => (o, 2),
        (Some(e), _) => (e, 1),
        (None, None) => return None,
    };
    let name = text.get(..at)?.trim().to_owned();
    let named = !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.'));
    let mut rest = vec![Bit::Text(first.slice(at + width, first.len()))];
    rest.extend(line.iter().skip(1).cloned());
    named.then_some((name, width == 2, rest))
}

impl Walk<'_> {
    /// Lines that `command` writes to a file of the runner.
    pub fn lines(&mut self, file: RunnerFile, command: FactId, lines: Vec<Line>, b: &mut Builder) {
        let range = b.facts.fact(command).range;
        for line in lines {
            if file == RunnerFile::Path {
                let value = value(line, range, b);
                b.add(range, What::Write { channel: Channel::RunnerPath, value });
                continue;
            }
            if let Some(open) = self.open.clone().filter(|o| o.file == file) {
                if key(&line) == open.delimiter {
                    self.open = None;
                } else {
                    write(file, Some(open.name), line, range, b);
                }
                continue;
            }
            match head(&line) {
                Some((name, true, rest)) => self.open = Some(Open { file, name, delimiter: key(&rest) }),
                Some((name, false, rest)) => write(file, Some(name), rest, range, b),
                None => write(file, None, line, range, b),
            }
        }
    }

    /// A command that is handed the name of a file of the runner and gets what it writes there on standard input (`… | tee -a "$GITHUB_ENV"`).
    pub fn through(&mut self, command: FactId, words: &[Word], stdin: Stdin, b: &mut Builder) {
        let Some(file) = words.iter().skip(1).find_map(|w| match &b.facts.value(w.value).what {
            V::Env(name) => named(name),
            _ => None,
        }) else {
            return;
        };
        let lines = match stdin {
            Stdin::Pipe(from) => content(from, b),
            Stdin::Text(text) => split(flat(text, b), false),
            Stdin::File(name) => {
                let read = b.value(b.facts.value(name).range, V::FileRead(name));
                vec![vec![Bit::Value(read, String::new())]]
            }
            Stdin::Inherited => return,
        };
        self.lines(file, command, lines, b);
    }
}

fn write(file: RunnerFile, name: Option<String>, line: Line, range: Range, b: &mut Builder) {
    let value = value(line, range, b);
    let channel = match file {
        RunnerFile::Env => Channel::RunnerEnv(name),
        RunnerFile::Path => Channel::RunnerPath,
        RunnerFile::Output => Channel::Output(name),
    };
    b.add(range, What::Write { channel, value });
}

/// `echo "::set-output name=NAME::value"` and its kin, printed to the log.
pub fn printed(command: FactId, b: &mut Builder) {
    if !matches!(builtin::program(command, b).as_deref(), Some("echo" | "printf")) {
        return;
    }
    let range = b.facts.fact(command).range;
    for line in content(command, b) {
        let Some(Bit::Text(first)) = line.first() else { continue };
        let Some((order, at)) = first.as_str().strip_prefix("::").and_then(|t| Some((t, t.find("::")?))) else { continue };
        let head = order.get(..at).unwrap_or_default();
        let (verb, name) = head.split_once(" name=").map_or((head, None), |(v, n)| (v, Some(n.to_owned())));
        let channel = match verb.trim() {
            "set-output" => Channel::Output(name),
            "set-env" => Channel::RunnerEnv(name),
            "add-path" => Channel::RunnerPath,
            _ => continue,
        };
        let mut rest = vec![Bit::Text(first.slice(at + 4, first.len()))];
        rest.extend(line.iter().skip(1).cloned());
        let value = value(rest, range, b);
        b.add(range, What::Write { channel, value });
    }
}
