//! Imports that reach a module of the tree.

use crate::facts::What;
use crate::graph::{Edge, EdgeKind, Node};
use crate::link::Linker;

/// Adds `Imports` edges. Calls are left to flow, which knows the classes.
pub fn link(linker: Linker, edges: &mut Vec<Edge>) {
    for (node, fact) in linker.facts.nodes() {
        let What::Import { module, name, level, .. } = &fact.what else { continue };
        if let Some(to) = imported(linker, node, module, name.as_deref(), *level).filter(|to| *to != node) {
            edges.push(Edge { from: node, kind: EdgeKind::Imports, to, evidence: fact.range, certain: true });
        }
    }
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
