//! Origins of values: who chose this name, who can write these bytes. Computes summaries and sink hits over all files, and returns what else it
//! wants to see. Knows rows and facts, no rule.

pub mod channels;
pub mod checked;
pub mod entries;
mod fill;
pub mod guards;
pub mod lift;
pub mod place;
pub mod resolve;
pub mod sinks;
pub mod solver;
pub mod tables;
pub mod transfer;
pub mod value;
pub mod versions;

use std::collections::BTreeSet;
use std::ops::Range;

use rayon::prelude::*;

use crate::catalog::Catalog;
use crate::catalog::row::RowId;
use crate::facts::{ValueId, What};
use crate::finding::{Hop, Location};
use crate::graph::index::Index;
use crate::graph::{EdgeKind, Facts, Graph, Node};
use crate::notice::Notice;
use crate::origin::{Origin, Who};
use crate::outline::Ask;
use crate::source::{FileId, Kind};
use channels::Writers;
use resolve::escapes::Escapes;
use resolve::forward::MAX_FORWARD;
use solver::{Solver, World};
use tables::Tables;
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
    /// Whether anything in sight says what the argument is, in part or in full.
    pub stated: bool,
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
    /// What others give in it is escaped for the reader.
    Escaped,
}

/// What flow has computed.
#[derive(Debug, Default)]
pub struct Flow {
    /// All sinks that are reached, ordered by place.
    pub hits: Vec<SinkHit>,
    /// Names of modules whose blocks were needed, and what of them.
    pub wanted: BTreeSet<(FileId, String, Ask)>,
    /// Which versions the projects allow.
    pub versions: Versions,
    /// Sinks that were found harmless, in order.
    pub harmless: Vec<Harmless>,
    /// What was cut.
    pub notices: Vec<Notice>,
}

/// How many solvers share the files. It does not depend on the machine, so that what is cut does not either.
const SHARES: usize = 8;

/// Computes origins and sinks over all files. `round` counts how often more of them was asked for.
pub fn solve(round: usize, tables: &Tables, index: &Index, facts: &Facts, graph: &Graph, catalog: &Catalog) -> Flow {
    let world = World { index, facts, graph, catalog };
    let (versions, writers) = rayon::join(|| Versions::new(index, facts), || Writers::new(world, tables));
    let mut asker = Solver::new(world, tables, &writers);
    let entries = entries::entries(&mut asker);
    // A value is computed by each solver that needs it: the least fixpoint is the same for all.
    let carry = |files: Range<u32>| {
        let mut solver = Solver::new(world, tables, &writers);
        let sinks = solver.sinks(&files);
        let lifted = lift::lift(&mut solver, &versions, &entries, &sinks);
        (solver, files, lifted)
    };
    let follow = || {
        writers.asked.iter().for_each(|(file, name)| asker.want(*file, name));
        // Each round is a call further from the sources: later ones add nothing.
        if round <= MAX_FORWARD {
            asker.follow_sources(&entries);
        }
    };
    let (shares, ()) = rayon::join(|| shares(facts).into_par_iter().map(carry).collect::<Vec<_>>(), follow);
    let (mut hits, mut asking, mut cut) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let mut solvers: Vec<(Solver, Range<u32>)> = Vec::new();
    for (solver, files, mut lifted) in shares {
        hits.append(&mut lifted.hits);
        asking.append(&mut lifted.asking);
        cut.append(&mut lifted.cut);
        solvers.push((solver, files));
    }
    lift::once(&mut hits);
    asking.iter().for_each(|function| asker.want_callers(*function));
    let members: BTreeSet<String> = asking.iter().filter_map(|f| asker.called(*f).rsplit_once('.').map(|n| n.1.to_owned())).collect();
    solvers.par_iter_mut().for_each(|(solver, files)| solver.want_receivers(&members, files));
    Escapes::new(&asker, asking.into_iter().collect()).ask_for_keepers(&mut solvers);
    ask_for_callers(&mut asker, &hits);
    let notices = lift::notices(&asker, &cut);
    let mut out = Flow { hits, wanted: asker.wanted, versions, harmless: asker.harmless, notices };
    for (mut solver, _) in solvers {
        out.wanted.append(&mut solver.wanted);
        out.harmless.append(&mut solver.harmless);
    }
    out.harmless.sort_unstable();
    out.harmless.dedup();
    out
}

/// Neighbouring files with about as many facts in each share.
fn shares(facts: &Facts) -> Vec<Range<u32>> {
    let all: usize = facts.files.iter().map(|f| f.items.len()).sum();
    let most = all / SHARES + 1;
    let (mut out, mut first, mut held) = (Vec::new(), 0, 0);
    let mut id = 0;
    for file in &facts.files {
        id += 1;
        held += file.items.len();
        if held >= most {
            out.push(first..id);
            (first, held) = (id, 0);
        }
    }
    out.push(first..id);
    out
}

/// Code of others that a function runs counts wherever the function is called: what leads there is looked at too, one caller further each round.
fn ask_for_callers(solver: &mut Solver, hits: &[SinkHit]) {
    let world = solver.world;
    let code = |hit: &&SinkHit| hit.bytes.who >= Who::Publisher && world.catalog.runs_code(&hit.kind);
    // Only what some command runs, with all that it imports, can be on a way.
    let runs = world.graph.edges.iter().filter(|e| e.kind == EdgeKind::Runs);
    let started: BTreeSet<FileId> = runs.map(|e| e.to.file).filter(|f| world.index.kind(*f) == Kind::Python).collect();
    let reached = world.index.imports().reached_from(started);
    let mut seen = BTreeSet::new();
    let mut next: Vec<Node> = hits.iter().filter(code).map(|hit| hit.place_at).collect();
    while let Some(node) = next.pop() {
        if !reached.contains(&node.file) {
            continue;
        }
        let facts = world.facts.file(node.file);
        let around = std::iter::once((node.fact, facts.fact(node.fact))).chain(facts.owners(node.fact));
        for (fact, found) in around {
            let (What::Function { name, .. } | What::Class { name, .. }) = &found.what else { continue };
            let unit = Node { file: node.file, fact };
            if !seen.insert(unit) {
                continue;
            }
            let head = name.split('.').next().unwrap_or(name).to_owned();
            solver.wanted.insert((node.file, head, Ask::Uses));
            next.extend(solver.tables.callers.get(&unit).into_iter().flatten().map(|c| c.0));
        }
    }
}

#[cfg(test)]
mod tests;
