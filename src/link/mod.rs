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

/// All edges, and what is named but not there.
pub fn link(index: &Index, facts: &Facts, catalog: &Catalog) -> (Graph, Vec<Notice>) {
    let linker = Linker { index, facts, catalog };
    let mut edges: Vec<Edge> = Vec::new();
    let mut notices = Vec::new();
    calls::link(linker, &mut edges);
    uses::link(linker, &mut edges, &mut notices);
    runs::link(linker, &mut edges, &mut notices);
    notices.sort();
    notices.dedup();
    (Graph::new(edges), notices)
}
