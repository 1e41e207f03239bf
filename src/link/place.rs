//! Where a command runs and which file a word names: working directories, the workspace, unknown prefixes. Paths are relative to the project root.

use crate::facts::{ExprWhat, FactId, FileFacts, V, ValueId, What};
use crate::graph::Node;
use crate::graph::paths::{join, parent};
use crate::link::Linker;
use crate::source::{FileId, Kind};

/// A path as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// Relative to the directory the command runs in.
    Relative(String),
    /// Relative to the project root (`$GITHUB_WORKSPACE/x`).
    Rooted(String),
    /// Relative to the directory of the action (`github.action_path`).
    Action(String),
    /// Only the end is literal: `"$DIR"/tools/x.py`.
    Tail(String),
    /// Absolute on the machine.
    Absolute(String),
}

/// The path a value spells, if at least its end is literal.
pub fn named(facts: &FileFacts, value: ValueId) -> Option<Named> {
    let mut base = Base::Here;
    let mut rest = String::new();
    flatten(facts, value, 16, &mut |part| match part {
        Part::Text(t) => rest.push_str(t),
        Part::Base(b) if rest.is_empty() => base = b,
        Part::Base(_) => {
            base = Base::Unknown;
            rest.clear();
        }
    });
    let trimmed = rest.trim_start_matches('/');
    if trimmed.is_empty() && base != Base::Workspace {
        return None;
    }
    Some(match base {
        Base::Here if rest.starts_with('/') => Named::Absolute(rest),
        Base::Here => Named::Relative(rest),
        Base::Workspace => Named::Rooted(trimmed.to_owned()),
        Base::Action => Named::Action(trimmed.to_owned()),
        Base::Unknown if rest.starts_with('/') || rest.contains('/') => Named::Tail(trimmed.to_owned()),
        Base::Unknown => return None,
    })
}

/// The directories a fact's commands may start in, best first; the flag says whether the first is certain.
pub fn start(linker: Linker, node: Node) -> (Vec<String>, bool) {
    let facts = linker.facts.file(node.file);
    let path = linker.index.path(node.file);
    let here = parent(path).to_owned();
    for (_, owner) in std::iter::once((node.fact, facts.fact(node.fact))).chain(facts.owners(node.fact)) {
        if let What::Step { working_directory: Some(dir), .. } | What::Job { working_directory: Some(dir), .. } = &owner.what {
            return match named(facts, *dir) {
                Some(Named::Relative(d) | Named::Rooted(d)) => (vec![join("", &d)], true),
                Some(Named::Action(d)) => (vec![join(&here, &d)], true),
                _ => (vec![String::new()], false),
            };
        }
    }
    match linker.index.kind(node.file) {
        Kind::Workflow | Kind::Action => (vec![String::new()], true),
        Kind::Make | Kind::Notebook => (vec![here], true),
        _ => (vec![String::new(), here], false),
    }
}

/// The file a value names, seen from a command; `accept` tells which files count (`x` or `x/__main__.py`). The flag says whether it is certain.
pub fn file(linker: Linker, node: Node, value: ValueId) -> Option<(FileId, bool)> {
    let facts = linker.facts.file(node.file);
    let root = linker.index.root(node.file);
    let find = |path: &str| linker.index.at(root, path);
    match named(facts, value)? {
        Named::Relative(path) => {
            let (starts, certain) = start(linker, node);
            let cwd = match &facts.fact(node.fact).what {
                What::Command(c) => c.cwd,
                _ => None,
            };
            let dirs: Vec<String> = match cwd.map(|c| named(facts, c)) {
                None => starts,
                Some(Some(Named::Relative(d))) => starts.iter().map(|s| join(s, &d)).collect(),
                Some(Some(Named::Rooted(d))) => vec![d],
                Some(_) => return tail(linker, root, &path),
            };
            let hit = dirs.iter().find_map(|d| find(&join(d, &path)));
            hit.map(|f| (f, certain)).or_else(|| if certain && cwd.is_none() { None } else { tail(linker, root, &path) })
        }
        Named::Rooted(path) => find(&join("", &path)).map(|f| (f, true)),
        Named::Action(path) => find(&join(parent(linker.index.path(node.file)), &path)).map(|f| (f, true)),
        Named::Tail(path) => tail(linker, root, &path),
        // Images copy the tree to a directory of their own: the end of the path decides, when it is the only one.
        Named::Absolute(path) => path.trim_start_matches('/').split_once('/').and_then(|(_, rest)| tail(linker, root, rest)),
    }
}

/// The one file whose path ends like this.
fn tail(linker: Linker, root: u32, path: &str) -> Option<(FileId, bool)> {
    let path = join("", path);
    if path.is_empty() || path.starts_with("..") {
        return None;
    }
    match linker.index.ending(root, &path).as_slice() {
        [one] => Some((*one, false)),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Here,
    Workspace,
    Action,
    Unknown,
}

enum Part<'a> {
    Text(&'a str),
    Base(Base),
}

fn flatten(facts: &FileFacts, value: ValueId, depth: u32, out: &mut impl FnMut(Part)) {
    let Some(depth) = depth.checked_sub(1) else { return out(Part::Base(Base::Unknown)) };
    match &facts.value(value).what {
        V::Str(t) => out(Part::Text(t.as_str())),
        V::Num(n) => out(Part::Text(n)),
        V::Join(parts) => parts.iter().for_each(|p| flatten(facts, *p, depth, out)),
        V::Env(name) => out(Part::Base(match name.as_str() {
            "GITHUB_WORKSPACE" => Base::Workspace,
            "GITHUB_ACTION_PATH" => Base::Action,
            _ => Base::Unknown,
        })),
        V::Expr(e) => out(Part::Base(match &e.what {
            ExprWhat::Context(c) if c == "github.workspace" => Base::Workspace,
            ExprWhat::Context(c) if c == "github.action_path" => Base::Action,
            _ => Base::Unknown,
        })),
        V::Phi(options) if !options.is_empty() => match options.iter().find(|o| facts.literal(**o).is_some()) {
            Some(o) => flatten(facts, *o, depth, out),
            None => out(Part::Base(Base::Unknown)),
        },
        _ => out(Part::Base(Base::Unknown)),
    }
}

/// The literal directory a command runs in relative to the project root, when known.
pub fn directory(linker: Linker, node: Node) -> Option<String> {
    let facts = linker.facts.file(node.file);
    let (starts, certain) = start(linker, node);
    let first = starts.into_iter().next().filter(|_| certain)?;
    match &facts.fact(node.fact).what {
        What::Command(c) => match c.cwd.map(|c| named(facts, c)) {
            None => Some(first),
            Some(Some(Named::Relative(d))) => Some(join(&first, &d)),
            Some(Some(Named::Rooted(d))) => Some(d),
            Some(_) => None,
        },
        _ => Some(first),
    }
}

/// The value of the words of a command from the nth on, as literals; `None` for a word that is not literal.
pub fn literals(facts: &FileFacts, fact: FactId) -> Vec<Option<String>> {
    match &facts.fact(fact).what {
        What::Command(c) => c.words.iter().map(|w| facts.word(w)).collect(),
        _ => Vec::new(),
    }
}
