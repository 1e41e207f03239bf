//! `uses: ./path` and `uses: $/path`, reusable workflows of the tree, `workflow_run` parents by name, and workflows that a step starts by a call.

use crate::catalog::row::Effect;
use crate::facts::{FileFacts, V, ValueId, What};
use crate::graph::paths::{base, join};
use crate::graph::{Edge, EdgeKind, Node};
use crate::link::Linker;
use crate::notice::{Notice, NoticeKind};
use crate::source::{FileId, Kind};

/// Adds `Uses` and `Dispatches` edges.
pub fn link(linker: Linker, file: FileId, edges: &mut Vec<Edge>, notices: &mut Vec<Notice>) {
    for (id, fact) in linker.facts.file(file).iter() {
        let node = Node { file, fact: id };
        if linker.index.kind(node.file) == Kind::Workflow {
            dispatches(linker, node, edges);
        }
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
                for parent in parents(facts, filters).into_iter().flatten() {
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

/// Triggers of the tree that a step sets off.
fn dispatches(linker: Linker, node: Node, edges: &mut Vec<Edge>) {
    let facts = linker.facts.file(node.file);
    for (id, row) in linker.index.rows(linker.catalog, node) {
        for effect in &row.effects {
            let Effect::Dispatches { event: sent, to, .. } = effect else { continue };
            let name = to.as_ref().and_then(|s| linker.catalog.slot(facts, node.fact, id, s).into_iter().next());
            let name = name.and_then(|v| target(facts, v)).or_else(|| event_type(facts, node));
            let root = linker.index.root(node.file);
            for file in linker.index.workflow_files().filter(|f| linker.index.root(*f) == root) {
                let theirs = linker.facts.file(file);
                let called = |name: &str| base(linker.index.path(file)) == base(name) || linker.index.workflow(root, name).contains(&file);
                for (fact, trigger) in theirs.iter() {
                    let What::Trigger { event, types, .. } = &trigger.what else { continue };
                    let meant = match &name {
                        _ if event != sent => false,
                        None => true,
                        // Types of the event, or commands from which they are made.
                        Some(name) if !types.is_empty() => types.iter().any(|t| t == name || says(name, t.strip_suffix("-command").unwrap_or(t))),
                        Some(name) => event == "repository_dispatch" || called(name),
                    };
                    if meant {
                        let evidence = facts.fact(node.fact).range;
                        edges.push(Edge { from: node, kind: EdgeKind::Dispatches, to: Node { file, fact }, evidence, certain: name.is_some() });
                    }
                }
            }
        }
    }
}

/// The workflows that a run follows, by their names; `None` for one whose name is not literal.
pub fn parents(facts: &FileFacts, filters: &[(String, ValueId)]) -> Vec<Option<String>> {
    let named = filters.iter().filter(|(name, _)| name == "workflows");
    let each = named.flat_map(|(_, value)| match &facts.value(*value).what {
        V::List(items, _) => items.clone(),
        _ => vec![*value],
    });
    each.map(|v| facts.literal(v)).collect()
}

/// The workflow or event that a value names; none, where it is a number or not known. Of an address, the part before its end.
fn target(facts: &FileFacts, value: ValueId) -> Option<String> {
    let last = match &facts.value(value).what {
        V::Join(parts) => parts.last().copied().unwrap_or(value),
        _ => value,
    };
    if let Some((before, _)) = facts.literal(last).as_deref().and_then(|t| t.rsplit_once("/dispatches")) {
        let name = before.rsplit_once("workflows/").map(|(_, name)| name)?;
        return Some(name.to_owned()).filter(|n| !n.bytes().all(|b| b.is_ascii_digit()));
    }
    facts.literal(value).filter(|n| !n.is_empty() && !n.bytes().all(|b| b.is_ascii_digit()))
}

/// The event that a field of a command names.
fn event_type(facts: &FileFacts, node: Node) -> Option<String> {
    let What::Command(command) = &facts.fact(node.fact).what else { return None };
    command.words.iter().find_map(|w| facts.word(w)?.strip_prefix("event_type=").map(str::to_owned))
}

/// Whether a text has that word in it.
fn says(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).any(|w| w == word)
}

fn local(linker: Linker, node: Node, path: &str) -> Option<Node> {
    let root = linker.index.root(node.file);
    let path = join("", path);
    let inside = |name: &str| linker.index.at(root, &join(&path, name));
    let file = linker.index.at(root, &path).or_else(|| inside("action.yml")).or_else(|| inside("action.yaml")).or_else(|| inside("Dockerfile"))?;
    linker.index.top(linker.facts, file)
}
