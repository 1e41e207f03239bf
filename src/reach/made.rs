//! Credentials that steps of a job make: logins that stay on the machine, and tokens that later steps take from outputs. Read once for a job.

use std::collections::BTreeMap;

use crate::catalog::glob;
use crate::catalog::row::Effect;
use crate::facts::{ExprWhat, FileFacts, V, ValueId, What};
use crate::finding::Location;
use crate::graph::Node;
use crate::reach::instances::children;
use crate::reach::{Asset, Carrier, Context};
use crate::source::Range;

/// A credential, and the steps that have it.
#[derive(Clone, Debug)]
pub struct Made {
    /// What it is.
    pub(super) asset: Asset,
    /// Where it is there: behind the step at that place, or up to the last step that takes it.
    there: There,
}

#[derive(Clone, Copy, Debug)]
enum There {
    After(u32),
    UpTo(u32),
}

impl Made {
    /// Whether a step at that place has it, or a later one.
    pub(super) fn is_there(&self, from: u32) -> bool {
        match self.there {
            There::After(order) => order < from,
            There::UpTo(order) => from <= order,
        }
    }
}

/// What the steps of a job make, each kind and name once: from the first that leaves it, up to the last that takes it.
pub(super) fn of_job(context: Context, job: Node) -> Vec<Made> {
    let facts = context.facts.file(job.file);
    let uses = context.index.steps().uses(job);
    if uses.is_empty() {
        return Vec::new();
    }
    let taken = taken(context, facts, job);
    let mut out: BTreeMap<(String, String), Made> = BTreeMap::new();
    for uses in uses.iter().map(|fact| Node { file: job.file, fact: *fact }) {
        let Some(maker) = facts.fact(uses.fact).owner else { continue };
        let (What::Step { id, .. }, What::Uses { target, .. }) = (&facts.fact(maker).what, &facts.fact(uses.fact).what) else { continue };
        let rows = context.index.rows(context.catalog, uses).flat_map(|(id, row)| row.effects.iter().map(move |e| (id, e)));
        for (row, effect) in rows {
            let Effect::ConsumesCredential { asset, leaves, outputs, slot } = effect else { continue };
            // The job's own token is told by its scopes.
            let given = slot.iter().flat_map(|s| context.catalog.slot(facts, uses.fact, row, s));
            if given.into_iter().any(|v| is_own_token(facts, v)) {
                continue;
            }
            let action = facts.literal(*target).unwrap_or_default().split('@').next().unwrap_or_default().to_owned();
            let mut add = |name: String, how: &str, range: Range, there: There| {
                let at = Location { file: job.file, range };
                let (kind, how, carrier) = (asset.clone(), how.to_owned(), Carrier::Environment);
                let asset = Asset { kind, name, how, carrier, at, assumed: false, onward: Vec::new() };
                let known = out.entry((asset.kind.clone(), asset.name.clone())).or_insert_with(|| Made { asset: asset.clone(), there });
                if let (There::UpTo(before), There::UpTo(now)) = (known.there, there)
                    && before < now
                {
                    *known = Made { asset, there };
                }
            };
            if *leaves {
                let there = There::After(facts.fact(maker).order);
                add(format!("what {action} logged in with"), "stays on the machine for later steps", facts.value(*target).range, there);
            }
            let Some(read) = id.as_ref().and_then(|id| taken.get(&id.to_ascii_lowercase())) else { continue };
            let last = read.iter().filter(|(output, ..)| outputs.iter().any(|o| glob::text(o, output))).max_by_key(|(_, order, _)| *order);
            if let Some((_, order, range)) = last {
                add(format!("the token of {action}"), "is handed to this or a later step", *range, There::UpTo(*order));
            }
        }
    }
    out.into_values().collect()
}

/// Outputs of steps that steps of the job read, by the id of the step: output, place of the reader, where it stands.
fn taken(context: Context, facts: &FileFacts, job: Node) -> BTreeMap<String, Vec<(String, u32, Range)>> {
    let steps = children(context, job).into_iter().map(|n| facts.fact(n.fact)).filter(|f| matches!(f.what, What::Step { .. }));
    let mut places: Vec<(Range, u32)> = steps.map(|f| (f.range, f.order)).collect();
    places.sort_by_key(|(range, _)| range.start);
    let mut out: BTreeMap<String, Vec<(String, u32, Range)>> = BTreeMap::new();
    for value in &facts.values {
        let V::Expr(e) = &value.what else { continue };
        let ExprWhat::Context(path) = &e.what else { continue };
        let Some((id, output)) = path.strip_prefix("steps.").and_then(|rest| rest.split_once(".outputs.")) else { continue };
        let before = places.partition_point(|(range, _)| range.start <= value.range.start);
        let place = before.checked_sub(1).and_then(|i| places.get(i)).filter(|(range, _)| range.contains(value.range));
        if let Some((_, order)) = place {
            out.entry(id.to_owned()).or_default().push((output.to_owned(), *order, value.range));
        }
    }
    out
}

/// Whether a value is the token that every job has.
fn is_own_token(facts: &FileFacts, value: ValueId) -> bool {
    match &facts.value(value).what {
        V::Expr(e) => matches!(&e.what, ExprWhat::Context(path) if path == "github.token" || path == "secrets.github_token"),
        V::Join(parts) => matches!(parts.as_slice(), [one] if is_own_token(facts, *one)),
        _ => false,
    }
}
