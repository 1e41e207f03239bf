//! The text of a `run:`: given to the front end of its language, with what would otherwise hide in it: commands that a matrix or environment supplies, and
//! plain commands between the lines of PowerShell or cmd. Knows no program.

use crate::extract::expressions::{self, Mentions};
use crate::extract::{Hole, ignores, javascript, python, shell, windows};
use crate::facts::{Builder, Expr, ExprWhat, FactId, Language, V, What};
use crate::syntax::yaml::{Node, NodeKind};
use crate::text::Text;

/// How many texts of one job are kept, and how many may stand for one expression.
const TEXTS: usize = 256;
const CHOICES: usize = 16;

/// Literal texts that contexts can stand for: (`matrix.cmd`, text), (`env.cmd`, text). A name may be there more than once.
pub(super) type Constants = Vec<(String, Text)>;

/// Adds what an `env:` sets literally.
pub(super) fn environment(node: &Node, out: &mut Constants) {
    node.entries().iter().for_each(|e| texts(&e.value, &format!("env.{}", super::key(e).to_ascii_lowercase()), 0, out));
}

/// Adds what a `matrix:` lists literally.
pub(super) fn matrix(node: &Node, out: &mut Constants) {
    for entry in node.entries() {
        match entry.name() {
            Some("exclude") => {}
            Some("include") => texts(&entry.value, "matrix", 0, out),
            _ => texts(&entry.value, &format!("matrix.{}", super::key(entry).to_ascii_lowercase()), 0, out),
        }
    }
}

fn texts(node: &Node, path: &str, depth: usize, out: &mut Constants) {
    if depth > 6 || out.len() >= TEXTS {
        return;
    }
    match &node.kind {
        NodeKind::Scalar(_) => out.extend(node.text().filter(|t| !t.as_str().contains("${{")).map(|t| (path.to_owned(), t.clone()))),
        NodeKind::Seq(items) => items.iter().for_each(|n| texts(n, path, depth + 1, out)),
        NodeKind::Map(entries) => {
            entries.iter().for_each(|e| texts(&e.value, &format!("{path}.{}", super::key(e).to_ascii_lowercase()), depth + 1, out));
        }
    }
}

/// Adds a script with what it runs.
pub(super) fn script(text: &Text, language: Language, constants: &Constants, b: &mut Builder) {
    let (_, holes) = expressions::split(text, b);
    let mut mentions = Mentions::new();
    expressions::note(&holes, &mut mentions, b);
    let script = if language == Language::Shell {
        shell::script(text, &holes, b)
    } else {
        let value = expressions::template(text, &mut Mentions::new(), b);
        b.add(text.whole(), What::Script { language, text: value })
    };
    comments(text, b);
    b.within(script, |b| {
        match language {
            Language::Python => drop(python::snippet(text, &holes, b)),
            Language::JavaScript => javascript::snippet(text, &holes, b),
            Language::PowerShell | Language::Cmd => drop(shell_script(&windows::as_shell(text, language), b)),
            _ => {}
        }
        if !matches!(language, Language::Python | Language::JavaScript) {
            supplied(text, &holes, constants, b);
        }
        expressions::mention(mentions, b);
    });
}

/// A comment of the script covers the step as one of the workflow does.
fn comments(text: &Text, b: &mut Builder) {
    for (at, line) in lines(text.as_str()).filter(|(_, l)| l.contains("pipevet:")) {
        if let Some((before, _)) = line.split_once('#') {
            ignores::record(line.get(before.len()..).unwrap_or_default(), text.range(at + before.len(), at + line.len()), &mut b.facts);
        }
    }
}

/// An expression where a command begins runs what it stands for: each literal text it can be is a script inside this one.
fn supplied(text: &Text, holes: &[Hole], constants: &Constants, b: &mut Builder) {
    for hole in holes {
        let before = text.as_str().get(..hole.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default().trim_end();
        if !(line.trim_start().is_empty() || line.ends_with(['&', '|', ';', '('])) {
            continue;
        }
        let V::Expr(tree) = &b.facts.value(hole.value).what else { continue };
        let Expr { what: ExprWhat::Context(context), .. } = tree.as_ref() else { continue };
        let choices: Vec<&Text> = constants.iter().filter(|(name, _)| name == context).map(|(_, t)| t).take(CHOICES).collect();
        for choice in choices {
            shell_script(choice, b);
        }
    }
}

fn shell_script(text: &Text, b: &mut Builder) -> FactId {
    let (_, holes) = expressions::split(text, b);
    shell::script(text, &holes, b)
}

/// Lines with where they begin.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len() + 1;
        Some((start, line))
    })
}
