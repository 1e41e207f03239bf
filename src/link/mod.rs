//! Edges between facts, one file per kind. Each reads the index and all facts and adds edges; none knows a rule or computes an origin.

pub mod calls;
pub mod place;
pub mod runs;
pub mod uses;

use rayon::prelude::*;

use crate::catalog::Catalog;
use crate::graph::index::Index;
use crate::graph::{Edge, Facts, Graph};
use crate::notice::Notice;
use crate::source::FileId;

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
    let of_file = |file: u32| {
        let (mut edges, mut notices) = (Vec::new(), Vec::new());
        uses::link(linker, FileId(file), &mut edges, &mut notices);
        runs::link(linker, FileId(file), &mut edges, &mut notices);
        (edges, notices)
    };
    let files = u32::try_from(facts.files.len()).unwrap_or(u32::MAX);
    let (edges, notices): (Vec<Vec<Edge>>, Vec<Vec<Notice>>) = (0..files).into_par_iter().map(of_file).unzip();
    let (edges, mut notices) = (edges.concat(), notices.concat());
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
