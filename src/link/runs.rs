//! Commands that run a script, module, notebook, make target, Dockerfile or console script of the tree.

use crate::catalog::row::{Effect, Executes};
use crate::facts::{Command, What};
use crate::graph::index::{base, join};
use crate::graph::{Edge, EdgeKind, Node};
use crate::link::{Linker, place};
use crate::notice::{Notice, NoticeKind};
use crate::source::{FileId, Kind};

/// Adds `Runs` and `Builds` edges.
pub fn link(linker: Linker, edges: &mut Vec<Edge>, notices: &mut Vec<Notice>) {
    for (node, fact) in linker.facts.nodes() {
        match &fact.what {
            What::Command(command) => {
                let before = edges.len();
                by_row(linker, node, edges, notices);
                if edges.len() == before {
                    by_program(linker, node, command, edges);
                }
            }
            What::Call(_) | What::Uses { .. } => by_row(linker, node, edges, notices),
            _ => {}
        }
    }
}

/// What rows say the fact executes.
fn by_row(linker: Linker, node: Node, edges: &mut Vec<Edge>, notices: &mut Vec<Notice>) {
    let facts = linker.facts.file(node.file);
    let evidence = facts.fact(node.fact).range;
    for (id, row) in linker.index.rows(linker.catalog, node) {
        for effect in &row.effects {
            let Effect::Executes { what } = effect else { continue };
            let slot = |slot| linker.catalog.slot(facts, node.fact, id, slot);
            match what {
                Executes::File(s) | Executes::Notebook(s) => {
                    for value in slot(s) {
                        match place::file(linker, node, value) {
                            Some((file, certain)) => push(linker, edges, node, EdgeKind::Runs, file, evidence, certain),
                            None => missing(linker, node, value, notices),
                        }
                    }
                }
                Executes::Module(s) => {
                    for value in slot(s) {
                        let Some(name) = facts.literal(value) else { continue };
                        let file = linker.index.module(node.file, &format!("{name}.__main__"), 0).or_else(|| module(linker, node, &name));
                        if let Some(file) = file {
                            push(linker, edges, node, EdgeKind::Runs, file, evidence, true);
                        }
                    }
                }
                Executes::Targets(from) => targets(linker, node, *from, edges),
                Executes::Dockerfile(file, context) => dockerfile(linker, node, slot(file), slot(context), edges, notices),
                Executes::ConsoleScript => {}
                Executes::Tree | Executes::Stdin | Executes::Text(_) | Executes::Packages | Executes::Workflow(_) => {}
            }
        }
    }
}

/// A module seen from the directory the command runs in, else from anywhere in the project.
fn module(linker: Linker, node: Node, name: &str) -> Option<FileId> {
    let root = linker.index.root(node.file);
    let dir = place::directory(linker, node).unwrap_or_default();
    let path = join(&dir, &name.replace('.', "/"));
    linker.index.at(root, &format!("{path}.py")).or_else(|| linker.index.module(node.file, name, 0))
}

/// A program word that is itself a path of the tree, `source`d files, and console scripts of the project.
fn by_program(linker: Linker, node: Node, command: &Command, edges: &mut Vec<Edge>) {
    let facts = linker.facts.file(node.file);
    let Some(program) = command.words.first() else { return };
    let evidence = facts.fact(node.fact).range;
    let literal = facts.word(program);
    let run = |word: &crate::facts::Word, edges: &mut Vec<Edge>| {
        for part in word.parts.iter().take(1) {
            // A word of several parts is joined text: its first part carries the path only when it is alone.
            if word.parts.len() == 1
                && let Some((file, certain)) = place::file(linker, node, part.value)
            {
                push(linker, edges, node, EdgeKind::Runs, file, evidence, certain);
            }
        }
    };
    match literal.as_deref() {
        Some("source" | ".") => {
            if let Some(word) = command.words.get(1) {
                run(word, edges);
            }
        }
        Some(name) if !name.contains('/') => {
            let root = linker.index.root(node.file);
            let Some(target) = linker.index.console_script(root, name) else { return };
            let (module, function) = target.split_once(':').unwrap_or((target, ""));
            let found = linker.index.definition(node.file, &format!("{module}.{function}"));
            let found = found.or_else(|| linker.index.module(node.file, module, 0).and_then(|f| linker.index.top(linker.facts, f)));
            if let Some(to) = found {
                edges.push(Edge { from: node, kind: EdgeKind::Runs, to, evidence, certain: true });
            }
        }
        _ => run(program, edges),
    }
}

fn targets(linker: Linker, node: Node, from: u32, edges: &mut Vec<Edge>) {
    let facts = linker.facts.file(node.file);
    let evidence = facts.fact(node.fact).range;
    let root = linker.index.root(node.file);
    let words = place::literals(facts, node.fact);
    let named = words.iter().position(|w| w.as_deref() == Some("-C")).and_then(|i| words.get(i + 1).cloned().flatten());
    let dir = join(&place::directory(linker, node).unwrap_or_default(), named.as_deref().unwrap_or(""));
    let file = ["Makefile", "makefile", "GNUmakefile"].iter().find_map(|n| linker.index.at(root, &join(&dir, n)));
    let Some(file) = file else { return };
    let make = linker.facts.file(file);
    let first = 1 + from as usize;
    let mut wanted: Vec<String> = words.iter().skip(first).flatten().filter(|w| !w.starts_with('-') && !w.contains('=')).cloned().collect();
    if wanted.is_empty() {
        wanted.extend(make.items.iter().find_map(|f| match &f.what {
            What::Setting { path, value } if path == "default" => make.literal(*value),
            _ => None,
        }));
    }
    // Prerequisites run too.
    let mut seen = std::collections::BTreeSet::new();
    while let Some(target) = wanted.pop() {
        if !seen.insert(target.clone()) {
            continue;
        }
        for (id, fact) in make.iter() {
            match &fact.what {
                What::Function { name, .. } if *name == target => {
                    edges.push(Edge { from: node, kind: EdgeKind::Runs, to: Node { file, fact: id }, evidence, certain: true });
                }
                What::Setting { path, value } if path.strip_prefix("needs.") == Some(target.as_str()) => wanted.extend(make.literal(*value)),
                _ => {}
            }
        }
    }
}

fn dockerfile(
    linker: Linker,
    node: Node,
    files: Vec<crate::facts::ValueId>,
    contexts: Vec<crate::facts::ValueId>,
    edges: &mut Vec<Edge>,
    notices: &mut Vec<Notice>,
) {
    let facts = linker.facts.file(node.file);
    let evidence = facts.fact(node.fact).range;
    if let Some(value) = files.first() {
        match place::file(linker, node, *value) {
            Some((file, certain)) => push(linker, edges, node, EdgeKind::Builds, file, evidence, certain),
            None => missing(linker, node, *value, notices),
        }
        return;
    }
    let dir = match contexts.first().map(|c| place::named(facts, *c)) {
        None => String::new(),
        Some(Some(place::Named::Relative(d) | place::Named::Rooted(d))) => d,
        Some(_) => return,
    };
    let dir = join(&place::directory(linker, node).unwrap_or_default(), &dir);
    if let Some(file) = linker.index.at(linker.index.root(node.file), &join(&dir, "Dockerfile")) {
        push(linker, edges, node, EdgeKind::Builds, file, evidence, true);
    }
}

fn push(linker: Linker, edges: &mut Vec<Edge>, from: Node, kind: EdgeKind, file: FileId, evidence: crate::source::Range, certain: bool) {
    if let Some(to) = linker.index.top(linker.facts, file).filter(|to| to.file != from.file) {
        edges.push(Edge { from, kind, to, evidence, certain });
    }
}

/// A literal relative path of a kind that is read, which is not in the tree.
fn missing(linker: Linker, node: Node, value: crate::facts::ValueId, notices: &mut Vec<Notice>) {
    let facts = linker.facts.file(node.file);
    let Some(path) = facts.literal(value).filter(|p| p.contains('.') && !p.starts_with(['-', '/', '~']) && !p.contains(['*', '{', ' ', '\n'])) else {
        return;
    };
    let known = [".py", ".sh", ".ipynb", ".bash"].iter().any(|e| path.ends_with(e));
    let generated = matches!(linker.index.kind(node.file), Kind::Dockerfile);
    if known && !generated {
        notices.push(Notice {
            file: Some(node.file),
            range: Some(facts.value(value).range),
            kind: NoticeKind::Unresolved,
            text: format!("runs `{}`, which is not in this tree", base(&path)),
        });
    }
}
