//! Commands that run a script, module, notebook, make target, Dockerfile or console script of the tree, or install what a manifest of it names.

use std::collections::BTreeMap;

use crate::catalog::row::{Effect, Executes};
use crate::facts::{Command, FileFacts, What};
use crate::graph::paths::{base, join};
use crate::graph::{Edge, EdgeKind, Node};
use crate::link::{Linker, place};
use crate::notice::{Notice, NoticeKind};
use crate::source::{FileId, Kind, Range};

/// Adds `Runs`, `Builds` and `Installs` edges.
pub fn link(linker: Linker, file: FileId, edges: &mut Vec<Edge>, notices: &mut Vec<Notice>) {
    for (id, fact) in linker.facts.file(file).iter() {
        let node = Node { file, fact: id };
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
    cut(notices);
}

/// Things one file runs that are not in sight, listed at most; a generated script would bury all else.
const MOST: usize = 100;

fn cut(notices: &mut Vec<Notice>) {
    let mut count: BTreeMap<Option<FileId>, usize> = BTreeMap::new();
    notices.retain(|n| {
        let seen = count.entry(n.file).or_default();
        *seen += usize::from(n.kind == NoticeKind::Unresolved);
        n.kind != NoticeKind::Unresolved || *seen <= MOST
    });
    for (file, n) in count.into_iter().filter(|(_, n)| *n > MOST) {
        let text = format!("{} more things that it runs are not in this tree", n - MOST);
        notices.push(Notice { file, range: None, kind: NoticeKind::Limit, text });
    }
}

/// What rows say the fact executes.
fn by_row(linker: Linker, node: Node, edges: &mut Vec<Edge>, notices: &mut Vec<Notice>) {
    let facts = linker.facts.file(node.file);
    let evidence = facts.fact(node.fact).range;
    for (id, row) in linker.index.rows(linker.catalog, node) {
        for effect in &row.effects {
            let slot = |slot| linker.catalog.slot(facts, node.fact, id, slot);
            if let Effect::Installs { manifest: Some(s), .. } = effect {
                let files = slot(s).into_iter().filter_map(|value| place::file(linker, node, value));
                files.for_each(|(file, certain)| push(linker, edges, node, EdgeKind::Installs, file, evidence, certain));
            }
            let Effect::Executes { what } = effect else { continue };
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
                        match file {
                            Some(file) => push(linker, edges, node, EdgeKind::Runs, file, evidence, true),
                            // Of a package of the tree; any other is installed.
                            None if name
                                .split_once('.')
                                .is_some_and(|(package, _)| module(linker, node, &format!("{package}.__init__")).is_some()) =>
                            {
                                unresolved(node, facts.value(value).range, &name, notices);
                            }
                            None => {}
                        }
                    }
                }
                Executes::Targets(from) => targets(linker, node, *from, edges, notices),
                Executes::Dockerfile(file, context) => dockerfile(linker, node, slot(file), slot(context), edges, notices),
                Executes::ConsoleScript => {}
                Executes::Tree | Executes::Stdin | Executes::Text(_) | Executes::Packages | Executes::Address(..) | Executes::Elsewhere(_) => {}
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

fn targets(linker: Linker, node: Node, from: u32, edges: &mut Vec<Edge>, notices: &mut Vec<Notice>) {
    let facts = linker.facts.file(node.file);
    let evidence = facts.fact(node.fact).range;
    let root = linker.index.root(node.file);
    let words = place::literals(facts, node.fact);
    let option = |name: &str| words.iter().position(|w| w.as_deref() == Some(name)).and_then(|i| words.get(i + 1).cloned().flatten());
    let dir = join(&place::directory(linker, node).unwrap_or_default(), option("-C").as_deref().unwrap_or(""));
    let names = option("-f").map_or_else(|| ["GNUmakefile", "makefile", "Makefile"].map(str::to_owned).to_vec(), |name| vec![name]);
    let file = names.iter().find_map(|n| linker.index.at(root, &join(&dir, n)));
    let Some(file) = file else { return };
    let make = linker.facts.file(file);
    let first = 1 + from as usize;
    let operands = words.iter().enumerate().skip(first).filter(|(i, _)| !matches!(words.get(i - 1), Some(Some(w)) if w == "-C" || w == "-f"));
    let mut wanted: Vec<String> = operands.filter_map(|(_, w)| w.clone()).filter(|w| !w.starts_with('-') && !w.contains('=')).collect();
    if wanted.is_empty() {
        wanted.extend(make.items.iter().find_map(|f| match &f.what {
            What::Setting { path, value } if path == "default" => make.literal(*value),
            _ => None,
        }));
    }
    // A pattern or an included file may still make it.
    let closed = !make.items.iter().any(|f| {
        matches!(&f.what, What::Function { name, .. } if name.contains('%')) || matches!(&f.what, What::Setting { path, .. } if path == "include")
    });
    for target in wanted.iter().filter(|t| closed && !t.contains(['/', '.', '%']) && !makes(make, t)) {
        unresolved(node, evidence, &format!("make {target}"), notices);
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

/// Whether a makefile has a rule for a target, with or without a recipe.
fn makes(make: &FileFacts, target: &str) -> bool {
    make.items.iter().any(|f| match &f.what {
        What::Function { name, .. } => name == target,
        What::Setting { path, .. } => path.strip_prefix("needs.") == Some(target),
        _ => false,
    })
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

fn push(linker: Linker, edges: &mut Vec<Edge>, from: Node, kind: EdgeKind, file: FileId, evidence: Range, certain: bool) {
    if let Some(to) = linker.index.top(linker.facts, file).filter(|to| to.file != from.file) {
        edges.push(Edge { from, kind, to, evidence, certain });
    }
}

/// A literal relative path of a kind that is read, which is not in the tree.
fn missing(linker: Linker, node: Node, value: crate::facts::ValueId, notices: &mut Vec<Notice>) {
    let facts = linker.facts.file(node.file);
    let Some(path) = facts.literal(value).filter(|p| !p.starts_with(['-', '/', '~']) && !p.contains(['*', '{', ' ', '\n'])) else {
        return;
    };
    let known = [".py", ".sh", ".ipynb", ".bash"].iter().any(|e| path.ends_with(e)) || base(&path).starts_with("Dockerfile");
    let generated = matches!(linker.index.kind(node.file), Kind::Dockerfile);
    if known && !generated {
        unresolved(node, facts.value(value).range, &path, notices);
    }
}

fn unresolved(node: Node, range: Range, what: &str, notices: &mut Vec<Notice>) {
    let text = format!("runs `{what}`, which is not in this tree");
    notices.push(Notice { file: Some(node.file), range: Some(range), kind: NoticeKind::Unresolved, text });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_cannot_bury_the_rest_in_notices() {
        let unseen = |file: u32| Notice { file: Some(FileId(file)), range: None, kind: NoticeKind::Unresolved, text: "x".into() };
        let mut notices: Vec<Notice> = (0..250).map(|_| unseen(0)).chain([unseen(1)]).collect();
        cut(&mut notices);
        let of = |file: u32| notices.iter().filter(|n| n.file == Some(FileId(file))).count();
        assert_eq!((of(0), of(1)), (MOST + 1, 1));
        assert!(notices.iter().any(|n| n.text.starts_with("150 more")));
    }
}
