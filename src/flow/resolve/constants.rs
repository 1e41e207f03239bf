//! Places that one constant names for several files: what one module writes below it, another reads. Knows no origin.

use std::collections::BTreeMap;

use crate::catalog::row::{Effect, Slot};
use crate::facts::{Target, V, ValueId, What};
use crate::flow::channels::{fuel, key};
use crate::flow::resolve::spots::Scene;
use crate::flow::solver::{Here, Solver, World};
use crate::flow::tables::{Search, Tables};
use crate::flow::value::Val;
use crate::graph::Node;
use crate::outline::Ask;

/// Steps to the constant behind a path.
const DEPTH: u32 = 8;
/// Writers of one place.
const MANY: usize = 16;

/// Writers by constant and what follows it.
pub(in crate::flow) type Shared = BTreeMap<(Node, String), Vec<Node>>;

/// The constant of a module that a path begins with, and the rest of the path.
pub(in crate::flow) fn place(world: World, tables: &Tables, here: Here, value: ValueId, depth: u32) -> Option<(Node, String)> {
    let depth = depth.checked_sub(1)?;
    let facts = world.facts.file(here.at.file);
    match &facts.value(value).what {
        V::Name(name) => {
            let scene = Scene { index: world.index, facts: world.facts, tables };
            match scene.variable(here.at.file, name, &mut Search::default()).as_slice() {
                [one] => Some((*one, String::new())),
                _ => None,
            }
        }
        V::Ref(fact) => {
            let node = Node { file: here.at.file, fact: *fact };
            let at = Here { at: node, scope: tables.scope(node) };
            match &facts.fact(*fact).what {
                What::Assignment { target: Target::Name(name), .. } if tables.global(node.file, name) == [*fact] => Some((node, String::new())),
                What::Assignment { value, .. } => place(world, tables, at, *value, depth),
                What::Call(_) => {
                    for (id, row) in world.index.rows(world.catalog, node) {
                        for effect in &row.effects {
                            let slots = match effect {
                                Effect::Passes { from, to: Slot::Result } => from.as_slice(),
                                Effect::Reads { name, .. } => std::slice::from_ref(name),
                                _ => continue,
                            };
                            let values: Vec<ValueId> = slots.iter().flat_map(|s| world.catalog.slot(facts, *fact, id, s)).collect();
                            if let [one] = values.as_slice() {
                                return place(world, tables, at, *one, depth);
                            }
                        }
                    }
                    None
                }
                _ => None,
            }
        }
        V::Join(parts) => {
            let (first, rest) = parts.split_first()?;
            let (constant, mut below) = place(world, tables, here, *first, depth)?;
            for part in rest.iter().take(MANY) {
                let text = key(world, tables, here, *part, &mut fuel())?;
                below.push_str(&text);
            }
            // What only this file can name is not the same in another.
            (!below.contains('\u{1}')).then_some((constant, below))
        }
        _ => None,
    }
}

impl Solver<'_> {
    /// What other files of the program put where a constant that they share says.
    pub(in crate::flow) fn written_elsewhere(&mut self, here: Here, value: ValueId) -> Option<Val> {
        let (constant, below) = place(self.world, self.tables, here, value, DEPTH)?;
        if let What::Assignment { target: Target::Name(name), .. } = &self.file(constant.file).fact(constant.fact).what {
            self.wanted.insert((constant.file, name.clone(), Ask::Uses));
        }
        let writers: Vec<Node> = self.writers.shared.get(&(constant, below))?.iter().copied().filter(|w| w.file != here.at.file).take(MANY).collect();
        let mut out: Option<Val> = None;
        for writer in writers {
            out.get_or_insert_default().join(&self.put(writer));
        }
        out
    }
}

/// The constant and the rest of a path that is written.
pub(in crate::flow) fn written_place(world: World, tables: &Tables, here: Here, value: ValueId) -> Option<(Node, String)> {
    place(world, tables, here, value, DEPTH)
}
