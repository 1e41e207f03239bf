//! Calls and imports that reach a function, class or module of the tree.

use rayon::prelude::*;

use crate::facts::{Fact, What};
use crate::graph::{Edge, EdgeKind, Node};
use crate::link::Linker;
use crate::source::FileId;

/// Adds `Calls` and `Imports` edges. Methods of unknown receivers are left to flow, which knows the classes.
pub fn link(linker: Linker, edges: &mut Vec<Edge>) {
    let of_file = |i: usize| {
        let file = FileId(u32::try_from(i).unwrap_or(u32::MAX));
        linker.facts.file(file).iter().filter_map(move |(fact, f)| edge(linker, Node { file, fact }, f)).collect::<Vec<_>>()
    };
    edges.extend((0..linker.facts.files.len()).into_par_iter().map(of_file).flatten_iter().collect::<Vec<_>>());
}

fn edge(linker: Linker, node: Node, fact: &Fact) -> Option<Edge> {
    let (to, kind) = match &fact.what {
        What::Call(call) if !call.name.starts_with('?') => (linker.index.definition(node.file, &call.name), EdgeKind::Calls),
        What::Import { module, name, level, .. } => (imported(linker, node, module, name.as_deref(), *level), EdgeKind::Imports),
        _ => return None,
    };
    let to = to.filter(|to| *to != node)?;
    Some(Edge { from: node, kind, to, evidence: fact.range, certain: true })
}

fn imported(linker: Linker, node: Node, module: &str, name: Option<&str>, level: u32) -> Option<Node> {
    let index = linker.index;
    let submodule = name.and_then(|n| {
        let dotted = if module.is_empty() { n.to_owned() } else { format!("{module}.{n}") };
        index.module(node.file, &dotted, level)
    });
    let file = submodule.or_else(|| if module.is_empty() { None } else { index.module(node.file, module, level) })?;
    index.top(linker.facts, file)
}
