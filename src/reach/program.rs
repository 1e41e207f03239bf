//! What of a Python program runs when its entry does: module bodies that are imported, functions that are called, methods of classes that are
//! made. Knows edges and facts, no rule.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::facts::What;
use crate::finding::{Hop, Location};
use crate::graph::{EdgeKind, Node};
use crate::reach::Context;
use crate::source::{FileId, Range};

/// Module bodies and functions that one entry is taken to reach, at most.
const MOST: usize = 2_000;

/// Where code stands: a module's body (its first fact), or a function or class.
type Unit = Node;

/// Edges of a file by the code they leave: where to, the evidence, and the word for it.
type Leaving = BTreeMap<Unit, Vec<(Node, Range, &'static str)>>;

/// What an entry reaches, each with the step that brought it there.
#[derive(Debug)]
pub(super) struct Program {
    brought: BTreeMap<Unit, Option<(Unit, Hop)>>,
}

/// Follows a program from its entry, nearest first, so that the way told is the shortest. Every function of the entry's own file counts: who runs a
/// script means what stands in it.
pub(super) fn from(context: Context, entry: Node) -> Program {
    let mut program = Program { brought: BTreeMap::from([(body(entry), None)]) };
    let mut queue = VecDeque::from([body(entry)]);
    for (fact, found) in context.facts.file(entry.file).iter() {
        if matches!(found.what, What::Function { .. }) {
            let unit = Node { file: entry.file, fact };
            program.brought.entry(unit).or_insert(None);
            queue.push_back(unit);
        }
    }
    // Edges by the code they leave, of each file once.
    let mut known: BTreeMap<FileId, Leaving> = BTreeMap::new();
    while let Some(unit) = queue.pop_front() {
        let edges = known.entry(unit.file).or_insert_with(|| leaving(context, unit.file));
        for (to, range, does) in edges.get(&unit).cloned().unwrap_or_default() {
            let name = match (does, &context.facts.fact(to).what) {
                ("calls", What::Function { name, .. } | What::Class { name, .. }) => name.clone(),
                _ => context.sources.file(to.file).path.clone(),
            };
            let hop = Hop { at: Location { file: unit.file, range }, text: format!("{does} `{name}`") };
            add(&mut program, &mut queue, to, (unit, hop.clone()));
            // An object may have any of its methods called.
            for method in methods(context, to) {
                add(&mut program, &mut queue, method, (unit, hop.clone()));
            }
        }
    }
    program
}

fn leaving(context: Context, file: FileId) -> Leaving {
    let mut out = Leaving::new();
    let imports = context.graph.of_file(file, EdgeKind::Imports).map(|e| (e.from, (body(e.to), e.evidence, "imports")));
    let calls = context.graph.of_file(file, EdgeKind::Calls).map(|e| (e.from, (e.to, e.evidence, "calls")));
    for (node, edge) in imports.chain(calls) {
        out.entry(unit(context, node)).or_default().push(edge);
    }
    out
}

fn add(program: &mut Program, queue: &mut VecDeque<Unit>, unit: Unit, by: (Unit, Hop)) {
    if program.brought.len() < MOST && !program.brought.contains_key(&unit) {
        program.brought.insert(unit, Some(by));
        queue.push_back(unit);
    }
}

impl Program {
    /// The files it comes to, in order.
    pub(super) fn files(&self) -> impl Iterator<Item = FileId> {
        self.brought.keys().map(|unit| unit.file).collect::<BTreeSet<FileId>>().into_iter()
    }
    /// Whether the program comes to a fact.
    pub(super) fn reaches(&self, context: Context, node: Node) -> bool {
        self.brought.contains_key(&body(node)) && self.brought.contains_key(&unit(context, node))
    }
    /// The way from the entry to a fact; none when the program does not come there.
    pub(super) fn way(&self, context: Context, node: Node) -> Option<Vec<Hop>> {
        let mut hops = Vec::new();
        let mut at = self.brought.get(&unit(context, node))?;
        while let Some((from, hop)) = at {
            hops.push(hop.clone());
            at = self.brought.get(from)?;
        }
        hops.reverse();
        Some(hops)
    }
}

fn body(node: Node) -> Unit {
    Node { file: node.file, fact: crate::facts::FactId(0) }
}

/// The innermost function around a fact, else the module's body.
fn unit(context: Context, node: Node) -> Unit {
    let facts = context.facts.file(node.file);
    let function = facts.owners(node.fact).find(|(_, f)| matches!(f.what, What::Function { .. }));
    function.map_or_else(|| body(node), |(fact, _)| Node { file: node.file, fact })
}

fn methods(context: Context, class: Node) -> Vec<Node> {
    if !matches!(context.facts.fact(class).what, What::Class { .. }) {
        return Vec::new();
    }
    let facts = context.facts.file(class.file);
    let own = facts.iter().filter(|(_, f)| matches!(f.what, What::Function { .. }) && f.owner == Some(class.fact));
    own.map(|(fact, _)| Node { file: class.file, fact }).collect()
}
