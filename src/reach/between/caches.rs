//! Caches by their keys: what a job can restore, and what jobs save that an outsider's tree is part of. Code of an outsider needs no key: it has the runner,
//! which saves under any. A tree that is only there goes where the job's own steps put it. Knows facts and what rows say, no rule.

use std::collections::BTreeSet;

use crate::catalog::row::{Effect, Row, RowId, Slot, Tree};
use crate::facts::{FileFacts, ValueId, What};
use crate::finding::{Hop, Location};
use crate::graph::Node;
use crate::origin::Who;
use crate::reach::Asset;
use crate::reach::between::names::Name;
use crate::reach::walk::Walk;

/// Saves of one job that are looked at.
const MOST: usize = 16;

/// What a step restores or saves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cached {
    /// The step's action.
    pub at: Location,
    /// What it is, for people.
    pub what: String,
    /// Its key, and beginnings of keys that do as well.
    keys: Vec<Name>,
    /// Its paths, where all of them are known. Entries of other paths are never taken.
    paths: Option<BTreeSet<String>>,
}

impl Cached {
    /// Of a row that speaks of a fact.
    pub(in crate::reach) fn of(walk: &Walk, node: Node, (id, row): (RowId, &Row), key: &Slot, restore: Option<&Slot>, path: Option<&Slot>) -> Cached {
        let facts = walk.context.facts.file(node.file);
        let slot = |s: &Slot| walk.context.catalog.slot(facts, node.fact, id, s);
        let at = match &facts.fact(node.fact).what {
            What::Uses { target, .. } => facts.value(*target).range,
            _ => facts.fact(node.fact).range,
        };
        let keys = match restore {
            Some(restore) => {
                let exact = slot(key).into_iter().map(|v| Name::of(facts, v));
                exact.chain(slot(restore).into_iter().flat_map(|v| Name::lines(facts, v))).collect()
            }
            // Keys that the action makes itself are like none of another.
            None => vec![Name::begins(&row.subject.name())],
        };
        let given: Vec<ValueId> = path.map(slot).unwrap_or_default();
        let texts: Option<Vec<String>> = given.iter().map(|v| facts.literal(*v)).collect();
        let set = |texts: Vec<String>| texts.iter().flat_map(|t| t.lines()).map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()).collect();
        let paths = texts.filter(|t| !t.is_empty()).map(set);
        Cached { at: Location { file: node.file, range: at }, what: format!("what {} keeps", row.subject.name()), keys, paths }
    }

    /// Whether what one saves is what the other may restore.
    fn may_restore(&self, saved: &Cached) -> bool {
        let same = match (&self.paths, &saved.paths) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let Some(key) = saved.keys.first() else { return true };
        same && self.keys.iter().any(|k| k.may_begin(key))
    }
}

impl Walk<'_> {
    /// A step that saves: what of it, is known when the job ends.
    pub(in crate::reach) fn saves(&mut self, node: Node, (id, row): (RowId, &Row), key: &Slot, path: Option<&Slot>) {
        let state = self.state();
        if state.default_scope && !state.head && state.who >= Who::Peer && self.saved.len() < MOST {
            // It is saved under its key alone.
            let cached = Cached::of(self, node, (id, row), key, Some(key), path);
            let facts = self.context.facts.file(node.file);
            let paths = path.map(|s| self.context.catalog.slot(facts, node.fact, id, s)).unwrap_or_default();
            self.saved.push((node, cached, paths));
        }
    }

    /// Trees of outsiders that the job saves where a job that publishes restores them: told with the checkout.
    pub(in crate::reach) fn carries(&mut self) {
        for (node, saved, paths) in std::mem::take(&mut self.saved) {
            let Some((_, mount)) = self.holding(&paths, node) else { continue };
            let Some(checkout) = mount.checkout.and_then(|at| self.run.checkouts.get_mut(at)) else { continue };
            let job = self.instance.job;
            let root = self.context.index.root(job.file);
            let others = self.pivots.iter().filter(|p| p.job != job && self.context.index.root(p.job.file) == root);
            let reached = others.filter(|p| p.restored.as_ref().is_some_and(|r| r.may_restore(&saved)));
            let hop = Hop { at: saved.at, text: "saves it under a key that other jobs restore".to_owned() };
            checkout.carried.extend(reached.take(MOST).map(|p| {
                let onward = std::iter::once(hop.clone()).chain(p.asset.onward.iter().cloned()).collect();
                Asset { onward, ..p.asset.clone() }
            }));
        }
    }
}

/// The slots of a row that saves a cache.
pub(in crate::reach) fn saving(effect: &Effect) -> Option<(&Slot, Option<&Slot>)> {
    match effect {
        Effect::Writes { channel, name, value, .. } if channel == "cache" => Some((name, value.as_ref())),
        _ => None,
    }
}

/// The slots of a row that restores one.
pub(in crate::reach) fn restoring(effect: &Effect) -> Option<(&Slot, Option<&Slot>, Option<&Slot>)> {
    match effect {
        Effect::Mounts { tree: Tree::Cache { key, restore }, at } => Some((key, restore.as_ref(), at.as_ref())),
        _ => None,
    }
}

impl Name {
    /// Names that begin with a text.
    fn begins(text: &str) -> Name {
        Name::exact(text).open()
    }

    /// One for each line.
    fn lines(facts: &FileFacts, value: ValueId) -> Vec<Name> {
        Name::of(facts, value).split_lines()
    }
}
