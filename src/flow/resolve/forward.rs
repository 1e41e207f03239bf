//! Follows what few sources give forwards, to the sinks that count with it alone: which function takes it, which hands it back, where it is kept. Asks for the
//! blocks on these ways; what stands in them is followed by flow as everything else is. The other direction, from every such sink to its callers, would
//! lead through most of a tree: files are opened and queries are run everywhere.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::catalog::row::Effect;
use crate::facts::{Target, V, ValueId, What};
use crate::flow::entries::Entry;
use crate::flow::solver::Solver;
use crate::flow::value::Val;
use crate::graph::Node;
use crate::origin::Via;
use crate::source::{FileId, Kind};

/// Calls, returns and fields between a source and what is looked at for its sake.
pub const MAX_FORWARD: usize = 3;

/// What is known to hold such a value.
struct Held {
    labels: Via,
    /// Parameters that are handed one.
    params: HashSet<(Node, u32)>,
    /// Files in which one stands, and how far from a source.
    files: BTreeMap<FileId, usize>,
}

impl Held {
    fn reach(&mut self, file: FileId, distance: usize) {
        self.files.entry(file).or_insert(distance);
    }
    fn has(&self, val: &Val) -> bool {
        let param = |of: Node, index: u32| self.params.contains(&(of, index));
        val.bytes.via.meets(self.labels)
            || val.name.via.meets(self.labels)
            || val.deps.iter().any(|d| param(d.of, d.index))
            || val.consts.params.iter().any(|p| param(p.0, p.1))
    }
}

impl Solver<'_> {
    /// Asks for all that takes what sources of the followed labels give.
    pub fn follow_sources(&mut self, entries: &BTreeMap<Node, Entry>) {
        let labels = self.world.catalog.followed();
        let mut held = Held { labels, params: HashSet::new(), files: BTreeMap::new() };
        let gives = |e: &Effect| matches!(e, Effect::Returns { via, .. } if via.meets(labels));
        let index = self.world.index;
        let sources = index.classified().filter(|(_, rows)| rows.iter().any(|id| self.world.catalog.row(*id).effects.iter().any(gives)));
        held.files = sources.map(|(node, _)| (node.file, 0)).collect();
        for (function, _) in entries.iter().filter(|(_, entry)| entry.gives(labels)) {
            let What::Function { params, .. } = &self.world.facts.fact(*function).what else { continue };
            held.reach(function.file, 0);
            held.params.extend((0..u32::try_from(params.len()).unwrap_or(0)).map(|i| (*function, i)));
        }
        // Nothing of a program takes what its tests hold.
        held.files.retain(|f, _| matches!(index.kind(*f), Kind::Python | Kind::Notebook) && !index.is_test(*f));
        let mut seen: HashMap<FileId, usize> = HashMap::new();
        for _ in 0..=MAX_FORWARD {
            let before = (held.params.len(), held.files.len());
            for (file, distance) in held.files.clone() {
                // A file is read again only when more is known to hold something.
                if distance < MAX_FORWARD && seen.insert(file, held.params.len()) != Some(held.params.len()) {
                    self.follow_in(file, distance + 1, &mut held);
                }
            }
            if before == (held.params.len(), held.files.len()) {
                break;
            }
        }
    }
    fn follow_in(&mut self, file: FileId, next: usize, held: &mut Held) {
        let facts = self.file(file);
        for (fact, found) in facts.iter() {
            let node = Node { file, fact };
            match &found.what {
                What::Call(call) => {
                    for (n, arg) in call.args.iter().enumerate() {
                        if !self.holds(node, arg.value, held) {
                            continue;
                        }
                        self.want_targets(node, call);
                        for to in self.tables.reached.get(&node).cloned().unwrap_or_default() {
                            if let Some(index) = self.filled(to, n, &arg.name) {
                                held.params.insert((to.function, index));
                                held.reach(to.function.file, next);
                            }
                        }
                    }
                }
                What::Return { value } => {
                    if let Some(function) = self.tables.scope(node).filter(|_| self.holds(node, *value, held)) {
                        let function = Node { file, fact: function };
                        self.want_callers(function);
                        self.tables.callers.get(&function).into_iter().flatten().for_each(|c| held.reach(c.0.file, next));
                    }
                }
                What::Assignment { target, value } if self.outlives(node, target) && self.holds(node, *value, held) => {
                    self.want_keeper(node, target);
                    let class = self.tables.scope(node).and_then(|f| self.tables.class(Node { file, fact: f }));
                    class.map(|c| self.tables.family(c)).unwrap_or_default().into_iter().for_each(|c| held.reach(c.file, next));
                }
                _ => {}
            }
        }
    }
    /// Whether what is assigned can be read by another function.
    fn outlives(&self, node: Node, target: &Target) -> bool {
        match target {
            Target::Name(name) | Target::Global(name) => self.tables.global(node.file, name).contains(&node.fact),
            Target::Attr(..) | Target::Index(..) => true,
        }
    }
    fn holds(&mut self, node: Node, value: ValueId, held: &Held) -> bool {
        if matches!(self.file(node.file).value(value).what, V::Str(_) | V::Bool(_) | V::Num(_) | V::None | V::Func(_)) {
            return false;
        }
        let val = self.settled(|s| s.at(node, value));
        // What calls that nobody knows made of it is no longer what the source gave.
        val.bytes.known && held.has(&val)
    }
}
