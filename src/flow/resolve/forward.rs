//! Follows what few sources give forwards, to the sinks that count with it alone: which function takes it, which hands it back, where it is kept. Asks for the
//! blocks on these ways; what stands in them is followed by flow as everything else is. The other direction, from every such sink to its callers, would
//! lead through most of a tree: files are opened and queries are run everywhere.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::catalog::row::Effect;
use crate::facts::{FactId, Target, V, ValueId, What};
use crate::flow::entries::Entry;
use crate::flow::solver::Solver;
use crate::flow::value::Val;
use crate::graph::Node;
use crate::graph::paths::is_test;
use crate::origin::Via;
use crate::source::{FileId, Kind};

/// Rounds over the files on a way; each is one call further.
const ROUNDS: usize = 8;

/// What is known to hold such a value.
struct Held {
    labels: Via,
    /// Parameters that are handed one.
    params: HashSet<(Node, u32)>,
    /// Files in which one stands.
    files: BTreeSet<FileId>,
}

impl Held {
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
        let mut held = Held { labels: self.world.catalog.followed(), params: HashSet::new(), files: BTreeSet::new() };
        let gives = |e: &Effect| matches!(e, Effect::Returns { via, .. } if via.meets(held.labels));
        for (node, rows) in self.world.index.classified() {
            if rows.iter().any(|id| self.world.catalog.row(*id).effects.iter().any(gives)) {
                held.files.insert(node.file);
            }
        }
        for (function, _) in entries.iter().filter(|(_, entry)| entry.gives(held.labels)) {
            let What::Function { params, .. } = &self.world.facts.fact(*function).what else { continue };
            held.files.insert(function.file);
            held.params.extend((0..u32::try_from(params.len()).unwrap_or(0)).map(|i| (*function, i)));
        }
        // Nothing of a program takes what its tests hold.
        let index = self.world.index;
        held.files.retain(|f| matches!(index.kind(*f), Kind::Python | Kind::Notebook) && !is_test(index.path(*f)));
        let mut seen: HashMap<FileId, usize> = HashMap::new();
        for _ in 0..ROUNDS {
            let before = (held.params.len(), held.files.len());
            for file in held.files.clone() {
                // A file is read again only when more is known to hold something.
                if seen.insert(file, held.params.len()) != Some(held.params.len()) {
                    self.follow_in(file, &mut held);
                }
            }
            if before == (held.params.len(), held.files.len()) {
                break;
            }
        }
    }
    fn follow_in(&mut self, file: FileId, held: &mut Held) {
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
                                held.files.insert(to.function.file);
                            }
                        }
                    }
                }
                What::Return { value } => {
                    if let Some(function) = self.tables.scope(node).filter(|_| self.holds(node, *value, held)) {
                        let function = Node { file, fact: function };
                        self.want_callers(function);
                        held.files.extend(self.tables.callers.get(&function).into_iter().flatten().map(|c| c.0.file));
                    }
                }
                What::Assignment { target, value } if self.outlives(node, target) && self.holds(node, *value, held) => {
                    self.want_keeper(node, target);
                    let class = self.tables.scope(node).and_then(|f| self.tables.class(Node { file, fact: f }));
                    held.files.extend(class.map(|c| self.tables.family(c)).unwrap_or_default().into_iter().map(|c| c.file));
                }
                _ => {}
            }
        }
    }
    /// Whether what is assigned can be read by another function.
    fn outlives(&self, node: Node, target: &Target) -> bool {
        match target {
            Target::Name(name) | Target::Global(name) => self.tables.global(node.file, name).contains(&FactId(node.fact.0)),
            Target::Attr(..) | Target::Index(..) => true,
        }
    }
    fn holds(&mut self, node: Node, value: ValueId, held: &Held) -> bool {
        if matches!(self.file(node.file).value(value).what, V::Str(_) | V::Bool(_) | V::Num(_) | V::None | V::Func(_)) {
            return false;
        }
        let val = self.settled(|s| s.at(node, value));
        held.has(&val)
    }
}
