//! Members of classes over all files: fields and methods of a class, its bases and what derives from it; elements that are put into collections.

use crate::facts::FactId;
use crate::flow::tables::local::all;
use crate::flow::tables::{MAX_TARGETS, Tables};
use crate::graph::Node;
use crate::source::FileId;

impl Tables {
    /// Assignments of elements of a variable of a module.
    pub fn put(&self, file: FileId, name: &str) -> &[FactId] {
        self.of(file).map_or(&[], |l| all(&l.puts, name))
    }
    /// Assignments of elements of a field of a class, its bases and what derives from it.
    pub fn put_in_field(&self, class: Node, name: &str) -> Vec<Node> {
        let family = self.family(class);
        let of = |c: Node| self.of(c.file).map_or(&[][..], |l| l.puts_in_field.all(c.fact, name)).iter().map(move |fact| Node { fact: *fact, ..c });
        family.into_iter().flat_map(of).collect()
    }
    /// Imports of a module that bind a name.
    pub fn aliases(&self, file: FileId, name: &str) -> &[FactId] {
        self.of(file).map_or(&[], |l| all(&l.aliases, name))
    }
    /// Assignments of a field in a class, its bases and what derives from it.
    pub fn field_of_all(&self, class: Node, name: &str) -> Vec<Node> {
        let mut out = Vec::new();
        for class in self.family(class) {
            out.extend(self.own_fields(class, name));
            out.extend(self.fields_elsewhere.all(class, name));
        }
        out
    }
    /// The classes of the tree that a class names as its bases.
    pub fn bases_of(&self, class: Node) -> Vec<Node> {
        self.bases.get(&class).cloned().unwrap_or_default()
    }
    /// The method of a class, own or inherited, and those that stand in for it below.
    pub fn method_of_all(&self, class: Node, name: &str) -> Vec<Node> {
        let own = self.method(class, name);
        let below = self.family(class).into_iter().filter_map(|c| self.own_method(c, name));
        let mut out: Vec<Node> = own.into_iter().chain(below.filter(|_| own.is_some())).collect();
        out.sort_unstable();
        out.dedup();
        out.truncate(MAX_TARGETS);
        out
    }
    /// The methods of a class and its bases whose names begin like this.
    pub fn methods_like(&self, class: Node, begins: &str) -> Vec<Node> {
        let above = self.bases(class);
        let of =
            |c: Node| self.of(c.file).into_iter().flat_map(move |l| l.methods.of(c.fact)).map(move |(name, fact)| (name, Node { fact: *fact, ..c }));
        let named = above.into_iter().flat_map(of).filter(|(name, _)| name.starts_with(begins));
        let mut out: Vec<Node> = named.map(|n| n.1).collect();
        out.sort_unstable();
        out.truncate(MAX_TARGETS);
        out
    }
    /// The class in one of whose methods a fact stands.
    pub fn class_around(&self, node: Node) -> Option<Node> {
        self.scope(node).and_then(|fact| self.class(Node { fact, ..node }))
    }
}
