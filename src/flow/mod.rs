//! Origins of values: who chose this name, who can write these bytes. Computes summaries and sink hits over all files, and returns what else it
//! wants to see. Knows rows and facts, no rule.

pub mod channels;
pub mod guards;
pub mod lift;
pub mod place;
pub mod sinks;
pub mod solver;
pub mod tables;
pub mod transfer;
pub mod value;
pub mod versions;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::catalog::row::RowId;
use crate::facts::{ValueId, What};
use crate::finding::{Hop, Location};
use crate::graph::index::{Index, MOST_REEXPORTS};
use crate::graph::{EdgeKind, Facts, Graph, Node};
use crate::notice::Notice;
use crate::origin::{Origin, Who};
use crate::outline::Ask;
use solver::{Solver, World};
use versions::Versions;

/// A sink that a row names, with the origins that reach it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SinkHit {
    /// The call, command, action or setting.
    pub at: Node,
    /// The row, and which of its effects.
    pub row: RowId,
    /// Index of the `sink` effect in the row.
    pub effect: u32,
    /// Sink kind, as the row says.
    pub kind: String,
    /// The value in the slot, in the file of `at`.
    pub slot: Option<ValueId>,
    /// Origin of the name.
    pub name: Origin,
    /// Origin of the bytes.
    pub bytes: Origin,
    /// Where the finding stands: the outermost in-tree call that supplies the outside value, else the sink.
    pub place: Location,
    /// The fact at `place`.
    pub place_at: Node,
    /// From the source of the bytes to the sink.
    pub hops: Vec<Hop>,
    /// What a flag of the row decides here.
    pub flag: FlagState,
    /// The outside name, when literal: a model id, a URL.
    pub subject: Option<String>,
    /// Doubts, one sentence each.
    pub doubts: Vec<String>,
}

/// What a deciding flag says at one call.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlagState {
    /// The row has none.
    #[default]
    None,
    /// Set to the safe value, or safe by default at every version the project allows.
    Safe,
    /// Set to the unsafe value, or unsafe by default.
    Unsafe,
    /// Safe value, but a version the project allows does not honour it: the floor that would.
    Hole(String),
    /// Depends on a version the project does not state: the floor that would settle it.
    Unsettled(String),
    /// Not a literal; a parameter takes its default joined with in-tree callers first.
    Dynamic,
}

/// A sink that a row names and that was found harmless where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Harmless {
    /// The call, command, action or setting.
    pub at: Node,
    /// Where a finding would point.
    pub place: Location,
    /// The row.
    pub row: RowId,
    /// What decided.
    pub why: Why,
}

/// What makes a sink harmless before its origin is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// This one of the row's `safe-when` tests holds.
    SafeWhen(usize),
    /// A parameter switches it off, and no caller in sight switches it on.
    Guarded,
    /// It undoes what the program itself did.
    RoundTrip,
}

/// What flow has computed.
#[derive(Debug, Default)]
pub struct Flow {
    /// All sinks that are reached, ordered by place.
    pub hits: Vec<SinkHit>,
    /// (module, name) pairs whose blocks were needed, and what of them.
    pub wanted: BTreeSet<(String, String, Ask)>,
    /// Which versions the projects allow.
    pub versions: Versions,
    /// Sinks that were found harmless, in order.
    pub harmless: Vec<Harmless>,
    /// What was cut.
    pub notices: Vec<Notice>,
}

/// The dotted path of a module file from its root, as [`Flow::wanted`] says it.
pub fn module_name(path: &str) -> String {
    let stem = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py")).unwrap_or(path);
    stem.replace('/', ".")
}

/// Computes origins and sinks over all files.
pub fn solve(index: &Index, facts: &Facts, graph: &Graph, catalog: &Catalog) -> Flow {
    let versions = Versions::new(index, facts);
    let mut solver = Solver::new(World { index, facts, graph, catalog });
    let sinks = solver.sinks();
    let (hits, notices) = lift::lift(&mut solver, &versions, &sinks);
    ask_for_callers(&mut solver, &hits);
    ask_through_reexports(&mut solver);
    let mut harmless = solver.harmless;
    harmless.sort_unstable();
    harmless.dedup();
    Flow { hits, wanted: solver.wanted, versions, harmless, notices }
}

/// Code of others that a function runs counts wherever the function is called: what leads there is looked at too, one caller further each round.
fn ask_for_callers(solver: &mut Solver, hits: &[SinkHit]) {
    let world = solver.world;
    let code = |hit: &&SinkHit| hit.bytes.who >= Who::Publisher && world.catalog.runs_code(&hit.kind);
    let mut seen = BTreeSet::new();
    let mut next: Vec<Node> = hits.iter().filter(code).map(|hit| hit.place_at).collect();
    while let Some(node) = next.pop() {
        let facts = world.facts.file(node.file);
        let around = std::iter::once((node.fact, facts.fact(node.fact))).chain(facts.owners(node.fact));
        for (fact, found) in around {
            let (What::Function { name, .. } | What::Class { name, .. }) = &found.what else { continue };
            let unit = Node { file: node.file, fact };
            if !seen.insert(unit) {
                continue;
            }
            let head = name.split('.').next().unwrap_or(name).to_owned();
            solver.wanted.insert((module_name(world.index.path(node.file)), head, Ask::Uses));
            next.extend(world.graph.into(unit, EdgeKind::Calls).map(|e| e.from));
        }
    }
}

/// Who uses a name may know it from a module that only hands it on.
fn ask_through_reexports(solver: &mut Solver) {
    let index = solver.world.index;
    let head = |name: &str| name.split('.').next().unwrap_or(name).to_owned();
    let mut known: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for (module, name, _) in solver.wanted.iter().filter(|w| w.2 == Ask::Uses) {
        known.entry((module.clone(), head(name))).or_default().insert(name.clone());
    }
    // Each round follows what hands on the names of the round before.
    for _ in 0..MOST_REEXPORTS {
        let mut more = Vec::new();
        let names: BTreeSet<&str> = known.keys().map(|(_, name)| name.as_str()).collect();
        for (file, alias, origin, original) in index.reexports_of(&names) {
            let Some(asked) = known.get(&(module_name(index.path(origin)), original.to_owned())) else { continue };
            let here = module_name(index.path(file));
            let renamed = asked.iter().map(|n| format!("{alias}{}", n.strip_prefix(original).unwrap_or_default()));
            more.extend(renamed.map(|n| (here.clone(), n)));
        }
        let mut grew = false;
        for (module, name) in more {
            grew |= known.entry((module.clone(), head(&name))).or_default().insert(name.clone());
            solver.wanted.insert((module, name, Ask::Uses));
        }
        if !grew {
            break;
        }
    }
}

#[cfg(test)]
mod tests;
