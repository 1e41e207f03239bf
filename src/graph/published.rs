//! Accounts of a container registry that a tree itself pushes to: what is built on their images is built on the project's own. Names are followed
//! through `env` and the outputs of earlier steps as far as rows say so.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalog::row::Effect;
use crate::catalog::{Catalog, image_name};
use crate::facts::{Channel, ExprWhat, FileFacts, V, ValueId, What};
use crate::graph::index::FileIndex;
use crate::graph::{Facts, Node};
use crate::source::FileId;

/// The asset of rows that push an image.
const IMAGES: &str = "container-registry";
/// Names inside names that are followed, at most.
const DEEPEST: u32 = 6;
/// Stands for what is not literal.
const OPEN: char = '\u{0}';

/// What each file says by itself.
type Rows = [Arc<FileIndex>];

/// (file, account) of every image that a workflow, script or Makefile pushes.
pub(super) fn accounts(classified: &Rows, facts: &Facts, catalog: &Catalog) -> BTreeSet<(FileId, String)> {
    let mut out = BTreeSet::new();
    let all = classified.iter().enumerate().flat_map(|(i, f)| {
        let file = FileId(u32::try_from(i).unwrap_or(u32::MAX));
        f.rows.iter().map(move |(fact, rows)| (Node { file, fact: *fact }, rows))
    });
    for (node, rows) in all {
        for id in rows {
            for effect in &catalog.row(*id).effects {
                let Effect::Publishes { asset, slot: Some(slot) } = effect else { continue };
                if asset != IMAGES {
                    continue;
                }
                for value in catalog.slot(facts.file(node.file), node.fact, *id, slot) {
                    let text = spelled(classified, facts, catalog, node.file, value, DEEPEST);
                    let names = text.split(|c: char| c.is_whitespace() || c == ',').filter_map(account);
                    out.extend(names.map(|name| (node.file, name.to_owned())));
                }
            }
        }
    }
    out
}

/// The account of an image: the segment before its name, behind a host.
pub(super) fn account(image: &str) -> Option<&str> {
    let name = image_name(image);
    let path = match name.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) => rest,
        _ => name,
    };
    path.split_once('/').map(|(account, _)| account).filter(|a| !a.is_empty() && !a.contains(OPEN))
}

/// A value as text; what is not literal is [`OPEN`].
fn spelled(classified: &Rows, facts: &Facts, catalog: &Catalog, file: FileId, value: ValueId, depth: u32) -> String {
    let here = facts.file(file);
    let Some(depth) = depth.checked_sub(1) else { return OPEN.to_string() };
    let follow = |v: ValueId| spelled(classified, facts, catalog, file, v, depth);
    match &here.value(value).what {
        V::Join(parts) => parts.iter().map(|p| follow(*p)).collect(),
        V::Env(name) => variable(here, name).map_or_else(|| OPEN.to_string(), follow),
        V::Expr(expr) => {
            let ExprWhat::Context(path) = &expr.what else { return OPEN.to_string() };
            match path.split('.').collect::<Vec<_>>().as_slice() {
                ["env", name] => variable(here, name).map_or_else(|| OPEN.to_string(), follow),
                ["steps", step, "outputs", _] => {
                    let values = passed(classified, here, catalog, file, step);
                    if values.is_empty() { OPEN.to_string() } else { values.into_iter().map(|v| follow(v) + "\n").collect() }
                }
                _ => OPEN.to_string(),
            }
        }
        _ => here.literal(value).unwrap_or_else(|| OPEN.to_string()),
    }
}

/// What a file sets a variable to.
fn variable(facts: &FileFacts, name: &str) -> Option<ValueId> {
    facts.items.iter().find_map(|f| match &f.what {
        What::Write { channel: Channel::Env(n) | Channel::Var(n), value } if n.eq_ignore_ascii_case(name) => Some(*value),
        _ => None,
    })
}

/// Inputs that rows say an action hands on to its outputs.
fn passed(classified: &Rows, facts: &FileFacts, catalog: &Catalog, file: FileId, step: &str) -> Vec<ValueId> {
    let named = |owner| matches!(&facts.fact(owner).what, What::Step { id: Some(id), .. } if id == step);
    let uses = facts.iter().filter(|(_, f)| matches!(f.what, What::Uses { .. }) && f.owner.is_some_and(named));
    let mut out = Vec::new();
    for (fact, _) in uses {
        for id in classified.get(file.0 as usize).map_or(&[][..], |f| f.of(fact)) {
            for effect in &catalog.row(*id).effects {
                if let Effect::Passes { from, .. } = effect {
                    out.extend(from.iter().flat_map(|slot| catalog.slot(facts, fact, *id, slot)));
                }
            }
        }
    }
    out
}
