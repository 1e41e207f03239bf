//! Edges between facts, one file per kind. Each reads the index and all facts and adds edges; none knows a rule or computes an origin.

pub mod calls;
pub mod place;
pub mod runs;
pub mod uses;

use crate::catalog::Catalog;
use crate::graph::index::Index;
use crate::graph::{Edge, Facts, Graph};
use crate::notice::Notice;

/// What a link function may read.
#[derive(Clone, Copy, Debug)]
pub struct Linker<'a> {
    /// Lookups.
    pub index: &'a Index,
    /// Facts of all files.
    pub facts: &'a Facts,
    /// Rows.
    pub catalog: &'a Catalog,
}

/// The edges that do not depend on which functions were looked into: what is used, run and installed; and what is named but not there.
pub fn link(index: &Index, facts: &Facts, catalog: &Catalog) -> (Graph, Vec<Notice>) {
    let linker = Linker { index, facts, catalog };
    let mut edges: Vec<Edge> = Vec::new();
    let mut notices = Vec::new();
    uses::link(linker, &mut edges, &mut notices);
    runs::link(linker, &mut edges, &mut notices);
    notices.sort();
    notices.dedup();
    (Graph::new(edges), notices)
}

/// The same with calls and imports between Python modules: of the facts that stand at the end.
pub fn with_calls(graph: Graph, index: &Index, facts: &Facts, catalog: &Catalog) -> Graph {
    let mut edges = graph.edges;
    calls::link(Linker { index, facts, catalog }, &mut edges);
    Graph::new(edges)
}
