//! The graph as plain data: all facts of all files, and the edges between them. Computes nothing.

use std::collections::BTreeMap;

mod forms;
pub mod imports;
pub mod index;
pub mod paths;
mod published;
pub mod steps;

use crate::facts::{Fact, FactId, FileFacts, Value, ValueId};
use crate::source::{FileId, Range};

/// A fact of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// File.
    pub file: FileId,
    /// Fact.
    pub fact: FactId,
}

/// What an edge says. The evidence range is in the file of `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// A command or step runs a script, module, notebook or target.
    Runs,
    /// A command builds a Dockerfile.
    Builds,
    /// A module imports another.
    Imports,
    /// A call resolves to a function of the tree.
    Calls,
    /// `uses: ./path` or a reusable workflow of the tree.
    Uses,
    /// A workflow starts another (`workflow_run`, dispatch).
    Dispatches,
    /// A command installs a package or a manifest.
    Installs,
}

/// One edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// From.
    pub from: Node,
    /// What it says.
    pub kind: EdgeKind,
    /// To.
    pub to: Node,
    /// Evidence in the file of `from`.
    pub evidence: Range,
    /// Whether the target is certain; base names under an unknown directory are not.
    pub certain: bool,
}

/// All facts, by file.
#[derive(Debug, Default)]
pub struct Facts {
    /// Indexed by [`FileId`].
    pub files: Vec<FileFacts>,
}

impl Facts {
    /// The facts of a file.
    pub fn file(&self, id: FileId) -> &FileFacts {
        &self.files[id.0 as usize]
    }
    /// A fact.
    pub fn fact(&self, node: Node) -> &Fact {
        self.file(node.file).fact(node.fact)
    }
    /// A value.
    pub fn value(&self, file: FileId, id: ValueId) -> &Value {
        self.file(file).value(id)
    }
    /// Every fact of the files that `wanted` says, in order.
    pub fn nodes_of(&self, wanted: impl Fn(FileId) -> bool) -> impl Iterator<Item = (Node, &Fact)> {
        let files = self.files.iter().enumerate().map(|(i, facts)| (FileId(u32::try_from(i).unwrap_or(u32::MAX)), facts));
        files.filter(move |(file, _)| wanted(*file)).flat_map(|(file, facts)| facts.iter().map(move |(fact, f)| (Node { file, fact }, f)))
    }
    /// Every fact of every file, in order.
    pub fn nodes(&self) -> impl Iterator<Item = (Node, &Fact)> {
        self.nodes_of(|_| true)
    }
}

/// The edges, both ways.
#[derive(Debug, Default)]
pub struct Graph {
    /// All edges, sorted.
    pub edges: Vec<Edge>,
    out: BTreeMap<Node, Vec<u32>>,
    into: BTreeMap<Node, Vec<u32>>,
}

impl Graph {
    /// Sorts, removes repeats, indexes.
    pub fn new(mut edges: Vec<Edge>) -> Self {
        edges.sort();
        edges.dedup();
        let mut graph = Graph { edges, ..Graph::default() };
        for (i, edge) in graph.edges.iter().enumerate() {
            let i = u32::try_from(i).unwrap_or(u32::MAX);
            graph.out.entry(edge.from).or_default().push(i);
            graph.into.entry(edge.to).or_default().push(i);
        }
        graph
    }
    /// Edges that leave a node, of one kind.
    pub fn from(&self, node: Node, kind: EdgeKind) -> impl Iterator<Item = &Edge> {
        self.out.get(&node).into_iter().flatten().map(|i| &self.edges[*i as usize]).filter(move |e| e.kind == kind)
    }
    /// Edges of one kind that leave any fact of a file.
    pub fn of_file(&self, file: FileId, kind: EdgeKind) -> impl Iterator<Item = &Edge> {
        let start = self.edges.partition_point(|e| e.from.file < file);
        self.edges.iter().skip(start).take_while(move |e| e.from.file == file).filter(move |e| e.kind == kind)
    }
    /// Edges that reach a node, of one kind.
    pub fn into(&self, node: Node, kind: EdgeKind) -> impl Iterator<Item = &Edge> {
        self.into.get(&node).into_iter().flatten().map(|i| &self.edges[*i as usize]).filter(move |e| e.kind == kind)
    }
}
