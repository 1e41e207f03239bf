//! Commands that are the shell's own: what they assign, where they go.

use crate::extract::shell::walk::Walk;
use crate::facts::{Builder, Channel, Command, FactId, Stdin, V, ValueId, What, Word};
use crate::source::Range;
use crate::text::Text;

/// `[` and `test`.
pub fn is_test(program: &str) -> bool {
    matches!(program, "[" | "test")
}

/// Whether a command prints nothing of interest: its output is no part of what a group writes.
pub fn silent(fact: FactId, b: &Builder) -> bool {
    const SILENT: [&str; 18] = [
        ":",
        "true",
        "false",
        "cd",
        "set",
        "shift",
        "exit",
        "return",
        "unset",
        "trap",
        "umask",
        "wait",
        "shopt",
        "read",
        "mapfile",
        "readarray",
        "break",
        "continue",
    ];
    let What::Command(command) = &b.facts.fact(fact).what else { return false };
    command.words.first().and_then(|w| b.facts.word(w)).is_some_and(|p| SILENT.contains(&p.as_str()))
}

/// `export`, `declare` and their kin: adds the assignments. False when the command does something else (prints, names functions).
pub fn declares(program: &str, words: &[Word], b: &mut Builder) -> bool {
    if !matches!(program, "export" | "declare" | "typeset" | "local" | "readonly") {
        return false;
    }
    let mut exported = program == "export";
    let mut found = false;
    for word in words.iter().skip(1) {
        let literal = b.facts.word(word);
        if let Some(flags) = literal.as_deref().and_then(|l| l.strip_prefix('-')) {
            exported |= flags.contains('x');
            continue;
        }
        let Some((name, value)) = assigned(word, b) else { continue };
        found = true;
        let value = match value {
            Some(value) => value,
            // `export NAME` hands on what the variable holds.
            None if exported => b.value(word.range, V::Env(name.clone())),
            None => continue,
        };
        let channel = if exported { Channel::Env(name) } else { Channel::Var(name) };
        b.add(word.range, What::Write { channel, value });
    }
    found
}

/// Splits the word `NAME=value` (or `NAME`) of a declaration.
fn assigned(word: &Word, b: &mut Builder) -> Option<(String, Option<ValueId>)> {
    let V::Str(first) = &b.facts.value(word.parts.first()?.value).what else { return None };
    let text = first.clone();
    let name_len = text.as_str().bytes().position(|c| !(c.is_ascii_alphanumeric() || c == b'_')).unwrap_or(text.len());
    let name = text.as_str().get(..name_len).filter(|n| !n.is_empty())?.to_owned();
    if name_len == text.len() && word.parts.len() == 1 {
        return Some((name, None));
    }
    let rest = text.as_str().get(name_len..)?;
    let skip = name_len
        + if rest.starts_with('=') {
            1
        } else if rest.starts_with("+=") {
            2
        } else {
            return None;
        };
    let tail = text.slice(skip, text.len());
    let mut values = Vec::new();
    if !tail.is_empty() {
        values.push(b.text(tail));
    }
    values.extend(word.parts.iter().skip(1).map(|p| p.value));
    Some((name, Some(one(word.range, values, b))))
}

fn one(range: Range, values: Vec<ValueId>, b: &mut Builder) -> ValueId {
    let mut text = Text::default();
    for value in &values {
        match &b.facts.value(*value).what {
            V::Str(t) => text.append(t),
            _ => return if let [only] = values.as_slice() { *only } else { b.value(range, V::Join(values)) },
        }
    }
    let range = if text.is_empty() { Range { start: range.end, end: range.end } } else { text.whole() };
    b.value(range, V::text(text))
}

/// `read`, `mapfile`, `printf -v`: variables they set.
pub fn assigns(program: &str, command: FactId, words: &[Word], stdin: Stdin, b: &mut Builder) {
    let range = b.facts.fact(command).range;
    let valued: &str = match program {
        "read" => "adinNptu",
        "mapfile" | "readarray" => "CcdnOsut",
        "printf" => {
            if words.get(1).and_then(|w| b.facts.word(w)).as_deref() == Some("-v")
                && let Some(name) = words.get(2).and_then(|w| b.facts.word(w))
            {
                let values = words.iter().skip(3).map(|w| w.value).collect();
                let value = b.value(range, V::Join(values));
                b.add(range, What::Write { channel: Channel::Var(name), value });
            }
            return;
        }
        _ => return,
    };
    let value = match stdin {
        Stdin::Inherited => b.value(range, V::Unknown(Vec::new())),
        Stdin::Pipe(fact) => b.value(range, V::Subst(fact)),
        Stdin::File(file) => b.value(range, V::FileRead(file)),
        Stdin::Text(text) => text,
    };
    let mut names = Vec::new();
    let mut skip = false;
    for word in words.iter().skip(1) {
        let Some(text) = b.facts.word(word) else { continue };
        if skip {
            skip = false;
            continue;
        }
        match text.strip_prefix('-') {
            // A flag that takes a value takes the rest of its word, or the next word.
            Some(flags) => {
                if let Some(at) = flags.find(|c| valued.contains(c)) {
                    let attached = flags.get(at + 1..).unwrap_or_default();
                    skip = attached.is_empty() && !flags.ends_with('a');
                }
            }
            None => names.push((text, word.range)),
        }
    }
    if names.is_empty() {
        names.push((if program == "read" { "REPLY" } else { "MAPFILE" }.to_owned(), range));
    }
    for (name, range) in names {
        b.add(range, What::Write { channel: Channel::Var(name), value });
    }
}

/// One of several working directories; `None` is where the script starts.
pub fn one_of(range: Range, dirs: &[Option<ValueId>], b: &mut Builder) -> Option<ValueId> {
    let mut distinct: Vec<Option<ValueId>> = Vec::new();
    for dir in dirs {
        if !distinct.contains(dir) {
            distinct.push(*dir);
        }
    }
    if let [only] = distinct.as_slice() {
        return *only;
    }
    let values = distinct.iter().map(|d| d.unwrap_or_else(|| b.value(range, V::text(Text::synthetic(".", range))))).collect();
    Some(b.value(range, V::Phi(values)))
}

/// `inside` as seen from the directory `from`.
pub fn below(range: Range, from: Option<ValueId>, inside: ValueId, b: &mut Builder) -> ValueId {
    let absolute = starts_with_slash(inside, b);
    match from {
        Some(from) if !absolute => {
            let slash = b.value(range, V::text(Text::synthetic("/", range)));
            b.value(range, V::Join(vec![from, slash, inside]))
        }
        _ => inside,
    }
}

fn starts_with_slash(value: ValueId, b: &Builder) -> bool {
    let mut value = value;
    for _ in 0..8 {
        match &b.facts.value(value).what {
            V::Str(t) => return t.as_str().starts_with(['/', '~']),
            V::Join(parts) => match parts.first() {
                Some(first) => value = *first,
                None => return false,
            },
            _ => return false,
        }
    }
    false
}

impl Walk<'_> {
    /// `cd`, `pushd`, `popd`: where the following commands run.
    pub fn directory(&mut self, program: &str, range: Range, words: &[Word], b: &mut Builder) {
        match program {
            "cd" | "pushd" | "chdir" => {}
            "popd" => {
                self.scope.cwd = self.stack.pop().unwrap_or(None);
                return;
            }
            _ => return,
        }
        let operand = words.iter().skip(1).find(|w| b.facts.word(w).is_none_or(|t| !t.starts_with('-') || t == "-"));
        if program == "pushd" && self.stack.len() < 64 {
            self.stack.push(self.scope.cwd);
        }
        let literal = operand.and_then(|w| b.facts.word(w));
        self.scope.cwd = match (operand, literal.as_deref()) {
            (None, _) => Some(b.value(range, V::Env("HOME".to_owned()))),
            (Some(_), Some("-")) => Some(b.value(range, V::Env("OLDPWD".to_owned()))),
            (Some(_), Some("." | "")) => self.scope.cwd,
            (Some(word), _) => Some(below(word.range, self.scope.cwd, word.value, b)),
        };
    }
}

/// The name of a command's program, when it is literal.
pub fn program(fact: FactId, b: &Builder) -> Option<String> {
    let What::Command(Command { words, .. }) = &b.facts.fact(fact).what else { return None };
    let program = words.first().and_then(|w| b.facts.word(w))?;
    Some(program.rsplit('/').next().unwrap_or_default().to_owned())
}
