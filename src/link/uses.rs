//! `uses: ./path` and `uses: $/path`, reusable workflows of the tree, and `workflow_run` parents by name.

use crate::facts::What;
use crate::graph::paths::join;
use crate::graph::{Edge, EdgeKind, Node};
use crate::link::Linker;
use crate::notice::{Notice, NoticeKind};

/// Adds `Uses` and `Dispatches` edges.
pub fn link(linker: Linker, edges: &mut Vec<Edge>, notices: &mut Vec<Notice>) {
    for (node, fact) in linker.facts.nodes() {
        match &fact.what {
            What::Uses { target, .. } => {
                let facts = linker.facts.file(node.file);
                let Some(reference) = facts.literal(*target) else { continue };
                let Some(path) = reference.strip_prefix("./").or_else(|| reference.strip_prefix("$/")) else { continue };
                let path = path.split('@').next().unwrap_or(path);
                let evidence = facts.value(*target).range;
                match local(linker, node, path) {
                    Some(to) => edges.push(Edge { from: node, kind: EdgeKind::Uses, to, evidence, certain: true }),
                    None => notices.push(Notice {
                        file: Some(node.file),
                        range: Some(evidence),
                        kind: NoticeKind::Unresolved,
                        text: format!("no action or workflow at `{path}` in this tree; another checkout may bring it"),
                    }),
                }
            }
            What::Trigger { event, filters, .. } if event == "workflow_run" => {
                let facts = linker.facts.file(node.file);
                for (_, value) in filters.iter().filter(|(name, _)| name == "workflows") {
                    let Some(parent) = facts.literal(*value) else { continue };
                    for file in linker.index.workflow(linker.index.root(node.file), &parent) {
                        if let Some(from) = linker.index.top(linker.facts, *file) {
                            let evidence = linker.facts.fact(from).range;
                            edges.push(Edge { from, kind: EdgeKind::Dispatches, to: node, evidence, certain: true });
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

fn local(linker: Linker, node: Node, path: &str) -> Option<Node> {
    let root = linker.index.root(node.file);
    let path = join("", path);
    let inside = |name: &str| linker.index.at(root, &join(&path, name));
    let file = linker.index.at(root, &path).or_else(|| inside("action.yml")).or_else(|| inside("action.yaml")).or_else(|| inside("Dockerfile"))?;
    linker.index.top(linker.facts, file)
}
