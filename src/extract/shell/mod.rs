//! Shell text to facts: scripts, `run:` blocks, `RUN` instructions, recipes, `!` lines. Knows no program; of the platform it knows the runner's own
//! files (`GITHUB_ENV` and its kin).
//!
//! Words keep their parts and quoting. `$X` is [`crate::facts::V::Env`], `$1` is `Param(0)`, `$@` and `$*` are `Name("@")`, `$0`, `$?` and the like are
//! `Name` of their sign. What a `$( … )` runs are facts that stand before the command it is part of.

use crate::extract::{Hole, ignores, python};
use crate::facts::{Builder, FactId, FileFacts, Language, Stdin, V, ValueId, What, Word};
use crate::notice::NoticeKind;
use crate::source::Range;
use crate::syntax::bash::{self, Gap};
use crate::text::Text;

mod builtin;
mod condition;
mod program;
mod redirect;
mod runner;
mod value;
mod walk;

pub use builtin::below;

#[cfg(test)]
pub(crate) mod tests;

/// Adds a [`What::Script`] and the commands of `text` under the current owner; gives the script. Holes must be ordered and apart.
pub fn script(text: &Text, holes: &[Hole], b: &mut Builder) -> FactId {
    script_in(text, holes, None, b)
}

/// The same for a script that starts in a directory of its own. Text that a command runs starts where the command does, and reads what it reads.
pub fn script_in(text: &Text, holes: &[Hole], cwd: Option<ValueId>, b: &mut Builder) -> FactId {
    read(text, holes, cwd, false, b)
}

/// Words outside any command (of a Dockerfile instruction).
pub fn words(words: &[bash::Word], b: &mut Builder) -> Vec<Word> {
    let program = bash::Program::default();
    let mut walk = walk::Walk::new(&program, &[], false);
    words.iter().map(|w| walk.word(w, b)).collect()
}

/// The facts of a shell file; of one whose first line names Python, those of its Python.
pub fn file(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    let text = Text::verbatim(bytes, 0);
    match interpreter(text.as_str()) {
        // A shell that is handed the file does not look at its first line; only languages that a shell could not read are left to others.
        None | Some(Language::Shell | Language::Other | Language::Cmd) => {
            read(&text, &[], None, true, &mut b);
        }
        Some(language) => {
            let range = text.whole();
            let value = b.text(text.clone());
            let script = b.add(range, What::Script { language, text: value });
            if language == Language::Python {
                b.within(script, |b| python::snippet(&text, &[], b));
            }
        }
    }
    b.finish()
}

/// The language that a `#!` line names; `None` without one.
pub fn interpreter(text: &str) -> Option<Language> {
    let line = text.trim_start_matches('\u{feff}').lines().next()?.strip_prefix("#!")?;
    let mut words = line.split_whitespace().map(|w| w.rsplit('/').next().unwrap_or(w));
    let mut program = words.next()?;
    if program == "env" {
        program = words.find(|w| !w.starts_with('-') && !w.contains('='))?;
    }
    Some(language(program))
}

/// The language that a program of this name (or path) reads.
pub fn language(program: &str) -> Language {
    let program = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let program = program.strip_suffix(".exe").unwrap_or(program);
    let stem = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    match stem {
        "sh" | "bash" | "dash" | "ash" | "ksh" | "mksh" | "zsh" | "rbash" | "busybox" => Language::Shell,
        "python" | "pypy" | "ipython" => Language::Python,
        "pwsh" | "powershell" => Language::PowerShell,
        "node" | "nodejs" | "bun" | "deno" => Language::JavaScript,
        "cmd" => Language::Cmd,
        _ => Language::Other,
    }
}

fn read(text: &Text, holes: &[Hole], cwd: Option<ValueId>, statements: bool, b: &mut Builder) -> FactId {
    let gaps: Vec<Gap> = holes.iter().enumerate().map(|(id, h)| Gap { start: h.start, end: h.end, id }).collect();
    let program = bash::parse(text, &gaps);
    let whole = with_holes(text, holes, b);
    let script = b.add(text.whole(), What::Script { language: Language::Shell, text: whole });
    if statements {
        for comment in &program.comments {
            ignores::record(comment.as_str(), comment.whole(), &mut b.facts);
        }
    }
    for problem in &program.problems {
        let kind = if problem.limit { NoticeKind::Limit } else { NoticeKind::PartlyUnderstood };
        b.notice(problem.range, kind, problem.text);
    }
    let mut walk = walk::Walk::new(&program, holes, statements);
    walk.scope.cwd = cwd;
    if let Some(What::Command(outer)) = b.owner().map(|o| &b.facts.fact(o).what) {
        walk.scope.cwd = cwd.or(outer.cwd);
        if !matches!(outer.stdin, Stdin::Text(_)) {
            walk.scope.stdin = outer.stdin;
        }
    }
    b.within(script, |b| {
        walk.list(&program.body, b);
    });
    script
}

/// The output of a script: that of the last command in it. `first` is the number of facts before it.
pub fn output_since(first: usize, range: Range, b: &mut Builder) -> ValueId {
    let last = b.facts.items.iter().enumerate().skip(first).rev().find(|(_, f)| matches!(f.what, What::Command(_)));
    let what = last.map_or(V::Unknown(Vec::new()), |(i, _)| V::Subst(FactId(u32::try_from(i).unwrap_or(u32::MAX))));
    b.value(range, what)
}

/// A text whose holes are values: a string, or a join.
pub fn with_holes(text: &Text, holes: &[Hole], b: &mut Builder) -> ValueId {
    if holes.is_empty() {
        return b.text(text.clone());
    }
    let mut parts = Vec::new();
    let mut at = 0;
    for hole in holes {
        if hole.start > at {
            parts.push(b.text(text.slice(at, hole.start)));
        }
        parts.push(hole.value);
        at = hole.end.max(at);
    }
    if at < text.len() {
        parts.push(b.text(text.slice(at, text.len())));
    }
    if let [only] = parts.as_slice() {
        return *only;
    }
    b.value(text.whole(), V::Join(parts))
}
