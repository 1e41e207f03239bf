//! The classes of the tree that a value can be an object of, where names alone do not say: what a function gives back, what callers hand over, what an
//! annotation says, what stands in a table or a property.

use crate::facts::{FactId, V, ValueId, What};
use crate::flow::resolve::spots::{Scene, Spot};
use crate::flow::tables::{Bind, Given, Search, Tables, definition, given};
use crate::graph::index::Index;
use crate::graph::{Facts, Node};
use crate::source::FileId;

/// Values of one kind that are looked at.
const FEW: usize = 4;

/// Wrappers of types that stand for what is in them.
const TRANSPARENT: [&str; 6] = ["Optional", "Union", "Annotated", "Final", "ClassVar", "Required"];

impl Tables {
    /// Of the result of a call that names no class.
    pub(in crate::flow) fn classes_made(&self, index: &Index, facts: &Facts, call: Node, function: Option<Node>, search: &mut Search) -> Vec<Node> {
        search.by_calls = true;
        let mut out = self.made.get(&call).cloned().unwrap_or_default();
        let reached = self.reached.get(&call).into_iter().flatten().filter(|r| r.bind != Bind::New || !is_constructor(facts, r.function));
        let functions: Vec<Node> = function.into_iter().chain(reached.map(|r| r.function)).take(FEW).collect();
        for function in functions {
            out.extend(self.classes_returned(index, facts, function, search));
        }
        out
    }
    /// Of what a function gives back.
    fn classes_returned(&self, index: &Index, facts: &Facts, function: Node, search: &mut Search) -> Vec<Node> {
        let values = self.returns(function).iter().take(FEW);
        values.flat_map(|v| self.classes_of(index, facts, function.file, *v, Some(function.fact), search)).collect()
    }
    /// Of a parameter that nothing says the type of: what callers hand over.
    pub(in crate::flow) fn classes_given(&self, index: &Index, facts: &Facts, function: Node, n: u32, search: &mut Search) -> Vec<Node> {
        let What::Function { params, .. } = &facts.fact(function).what else { return Vec::new() };
        search.by_calls = true;
        let mut out = Vec::new();
        for (node, bind) in self.callers.get(&function).into_iter().flatten().take(FEW) {
            let What::Call(call) = &facts.fact(*node).what else { continue };
            if let Given::Values(values) = given(call, params, n, *bind) {
                out.extend(values.iter().take(FEW).flat_map(|v| self.classes_of(index, facts, node.file, *v, self.scope(*node), search)));
            }
        }
        out
    }
    /// Of an attribute that a method computes.
    pub(in crate::flow) fn classes_computed(&self, index: &Index, facts: &Facts, class: Node, name: &str, search: &mut Search) -> Vec<Node> {
        let Some(method) = self.method(class, name) else { return Vec::new() };
        self.classes_returned(index, facts, method, search)
    }
    /// Of a variable of another module, or an element of a table.
    pub(in crate::flow) fn classes_elsewhere(
        &self,
        index: &Index,
        facts: &Facts,
        (file, value, scope): (FileId, ValueId, Option<FactId>),
        search: &mut Search,
    ) -> Vec<Node> {
        let scene = Scene { index, facts, tables: self };
        let spot = Spot { file, scope, value };
        let forms = scene.forms(spot, search);
        let others = forms.into_iter().filter(|f| *f != spot).take(FEW);
        others.flat_map(|f| self.classes_of(index, facts, f.file, f.value, f.scope, search)).collect()
    }
    /// The classes that an annotation names.
    pub(in crate::flow) fn classes_named(&self, index: &Index, facts: &Facts, function: Node, annotation: ValueId, search: &mut Search) -> Vec<Node> {
        let mut out = Vec::new();
        let mut todo = vec![annotation];
        while let Some(value) = todo.pop() {
            if !search.spend() {
                break;
            }
            let name = match &facts.value(function.file, value).what {
                V::Name(name) => name.clone(),
                // A type may be written as text, to be read later.
                V::Str(text) if text.as_str().chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.') => text.as_str().to_owned(),
                V::Index(wrapper, inner) => {
                    let transparent = match &facts.value(function.file, *wrapper).what {
                        V::Name(name) => TRANSPARENT.contains(&name.rsplit('.').next().unwrap_or(name)),
                        _ => false,
                    };
                    todo.extend(transparent.then_some(*inner));
                    continue;
                }
                V::List(parts, _) | V::Unknown(parts) => {
                    todo.extend(parts.iter().take(FEW));
                    continue;
                }
                _ => continue,
            };
            match definition(index, facts, function, &name) {
                Some(class) if matches!(facts.fact(class).what, What::Class { .. }) => out.push(class),
                Some(_) => {}
                None => search.names.push((function.file, name)),
            }
        }
        out
    }
}

fn is_constructor(facts: &Facts, function: Node) -> bool {
    matches!(&facts.fact(function).what, What::Function { name, .. } if name.ends_with("__init__"))
}
