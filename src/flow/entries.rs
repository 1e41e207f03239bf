//! Where outsiders come in: functions that rows say a framework calls, by decorator, base class, file, or because a call hands them over; and what their
//! parameters are then.

use std::collections::BTreeMap;

use crate::catalog::glob;
use crate::catalog::python::objects::names_in;
use crate::catalog::row::{Effect, EntrySubject, Slot, Subject};
use crate::facts::{ArgName, FactId, FileFacts, Param, Target, V, ValueId, What};
use crate::finding::Location;
use crate::flow::sinks::Needs;
use crate::flow::solver::Solver;
use crate::flow::tables::{Search, definition, is_static};
use crate::flow::value::{Source, Val};
use crate::graph::Node;
use crate::graph::paths::base;
use crate::origin::{Mutable, Origin, Via, Who};
use crate::source::FileId;

/// How many values are looked at to find the functions that one argument hands over.
const HOPS: usize = 40;

/// Who fills a function's parameters in, and which parameters not.
#[derive(Clone, Debug)]
pub struct Entry {
    origin: Origin,
    except: Vec<String>,
    except_types: Vec<String>,
}

impl Entry {
    fn of(effect: &Effect) -> Option<(Entry, Option<&Slot>)> {
        let Effect::Enters { who, via, except, except_types, slot } = effect else { return None };
        let mutable = if *who >= Who::Publisher { Mutable::Moving } else { Mutable::Digest };
        let origin = Origin { who: *who, mutable, via: Via::default().with(*via), ..Origin::PROGRAM };
        Some((Entry { origin, except: except.clone(), except_types: except_types.clone() }, slot.as_ref()))
    }
    /// Whether what comes in has one of these labels.
    pub fn gives(&self, labels: Via) -> bool {
        self.origin.via.meets(labels)
    }
    /// Two rows of one function: what either says comes from outside.
    fn join(&mut self, other: &Entry) {
        self.origin = self.origin.join(other.origin);
        self.except.retain(|e| other.except.contains(e));
        self.except_types.retain(|e| other.except_types.contains(e));
    }
    fn fills(&self, facts: &FileFacts, param: &Param) -> bool {
        let mentions = |value: Option<ValueId>| {
            value.is_some_and(|v| names_in(facts, v).iter().any(|name| self.except_types.iter().any(|t| glob::path(t, name))))
        };
        !self.except.contains(&param.name) && !mentions(param.annotation) && !mentions(param.default)
    }
}

/// The needs when outsiders fill a function's parameters in.
pub fn enter(solver: &mut Solver, needs: &Needs, function: Node, entry: &Entry) -> Needs {
    let facts = solver.file(function.file);
    let What::Function { params, name, .. } = &facts.fact(function.fact).what else { return needs.clone() };
    let at = Location { file: function.file, range: facts.fact(function.fact).range };
    let text = format!("callers of `{name}` choose it");
    // The object a method stands in is the program's.
    let bound = solver.tables.class(function).is_some() && !is_static(facts, function.fact);
    needs.map(|v| {
        v.fill(
            function,
            &mut |index| match params.get(solver.keyword_of(index).map_or(index, |(rest, _)| rest) as usize) {
                Some(p) if !(bound && index == 0) && entry.fills(facts, p) => {
                    let val = Val::content(entry.origin);
                    if entry.origin.who >= Who::Publisher {
                        val.from_source(Source { who: entry.origin.who, at, text: text.clone(), row: None, subject: None })
                    } else {
                        val
                    }
                }
                _ => Val::program(),
            },
            &mut |v, _| v.clone(),
        )
    })
}

/// Functions that a row says outsiders call. Asks for those that are handed over from files which were not looked at.
pub fn entries(solver: &mut Solver) -> BTreeMap<Node, Entry> {
    let mut unknown = Vec::new();
    let out = known(solver, &mut unknown);
    unknown.iter().for_each(|(file, name)| solver.want(*file, name));
    out
}

fn known(solver: &Solver, unknown: &mut Vec<(FileId, String)>) -> BTreeMap<Node, Entry> {
    let mut out: BTreeMap<Node, Entry> = BTreeMap::new();
    // Nobody outside calls what a test defines: the test does, with what it made.
    let mut add = |function: Node, entry: &Entry| {
        if solver.world.index.is_test(function.file) {
            return;
        }
        out.entry(function).and_modify(|old| old.join(entry)).or_insert_with(|| entry.clone());
    };
    // Marks of classes, until their methods are known.
    let mut marked: BTreeMap<Node, Vec<(&str, Entry)>> = BTreeMap::new();
    for (node, rows) in solver.world.index.classified() {
        let facts = solver.file(node.file);
        for id in rows {
            let row = solver.world.catalog.row(*id);
            for (entry, slot) in row.effects.iter().filter_map(Entry::of) {
                match (&facts.fact(node.fact).what, &row.subject) {
                    (What::EntryMark { .. }, Subject::Entry(EntrySubject::Base(_, m) | EntrySubject::Decorator(_, Some(m)))) => {
                        if let Some(owner) = facts.fact(node.fact).owner {
                            marked.entry(Node { file: node.file, fact: owner }).or_default().push((m, entry));
                        }
                    }
                    (What::EntryMark { .. }, _) => {
                        let function = facts.owners(node.fact).find(|(_, f)| matches!(f.what, What::Function { .. }));
                        function.iter().for_each(|f| add(Node { file: node.file, fact: f.0 }, &entry));
                    }
                    (What::Call(_), _) => {
                        for value in slot.map(|s| solver.slot_values(node, *id, s)).unwrap_or_default() {
                            functions(solver, node, value, unknown).into_iter().for_each(|f| add(f, &entry));
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    let files: Vec<(&str, &str, Entry)> = solver
        .world
        .catalog
        .of_kind("entry")
        .filter_map(|(_, row)| match &row.subject {
            Subject::Entry(EntrySubject::Function(file, function)) => Some((file.as_str(), function.as_str(), &row.effects)),
            _ => None,
        })
        .flat_map(|(file, function, effects)| effects.iter().filter_map(Entry::of).map(move |(entry, _)| (file, function, entry)))
        .collect();
    for (node, fact) in solver.world.facts.nodes() {
        let What::Function { name, .. } = &fact.what else { continue };
        let path = base(solver.world.index.path(node.file));
        files.iter().filter(|(file, function, _)| function == name && glob::text(file, path)).for_each(|(_, _, entry)| add(node, entry));
        let Some(class) = solver.tables.class(node) else { continue };
        let member = name.rsplit('.').next().unwrap_or(name);
        // What a framework calls on a class it calls on all that derive from it.
        for marks in solver.tables.bases(class).iter().filter_map(|c| marked.get(c)) {
            marks.iter().filter(|(method, _)| fits(method, member)).for_each(|(_, entry)| add(node, entry));
        }
    }
    out
}

/// A glob does not mean what a class keeps to itself.
fn fits(pattern: &str, member: &str) -> bool {
    pattern == member || (pattern.contains('*') && !member.starts_with('_') && glob::text(pattern, member))
}

/// The functions that an argument hands over: named, nested, bound to an object, in a list, or with some arguments filled in. Of an object all public
/// methods of its class, of a class as well.
fn functions(solver: &Solver, at: Node, value: ValueId, unknown: &mut Vec<(FileId, String)>) -> Vec<Node> {
    let facts = solver.file(at.file);
    let world = solver.world;
    let mut out = Vec::new();
    let mut todo = vec![value];
    for _ in 0..HOPS {
        let Some(value) = todo.pop() else { break };
        match &facts.value(value).what {
            V::Func(fact) => out.push(Node { file: at.file, fact: *fact }),
            V::Phi(all) | V::List(all, _) => todo.extend(all),
            V::Dict(entries, _) => todo.extend(entries.iter().map(|e| e.1)),
            V::Name(name) => match definition(world.index, world.facts, at, name) {
                Some(found) if matches!(world.facts.fact(found).what, What::Class { .. }) => out.extend(methods(solver, found)),
                Some(found) => out.push(found),
                None => {
                    unknown.push((at.file, name.clone()));
                    todo.extend(solver.tables.global(at.file, name).iter().filter_map(|fact| assigned(facts, *fact)));
                }
            },
            V::Attr(object, member) => {
                let scope = solver.tables.scope(at);
                for class in solver.tables.classes_of(world.index, world.facts, at.file, *object, scope, &mut Search::default()) {
                    out.extend(solver.tables.method(class, member));
                }
            }
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, .. } => todo.push(*value),
                What::Call(call) => {
                    let scope = solver.tables.scope(at);
                    let classes = solver.tables.classes_of(world.index, world.facts, at.file, value, scope, &mut Search::default());
                    // `View.as_view()` hands the class over.
                    if classes.is_empty() {
                        todo.extend(call.receiver);
                    }
                    classes.into_iter().for_each(|class| out.extend(methods(solver, class)));
                    // `partial(f, …)` and wrappers of the kind.
                    todo.extend(call.args.iter().filter(|a| a.name == ArgName::Position(0)).map(|a| a.value));
                }
                _ => {}
            },
            _ => {}
        }
    }
    out.retain(|n| matches!(world.facts.fact(*n).what, What::Function { .. }));
    out.sort_unstable();
    out.dedup();
    out
}

fn assigned(facts: &FileFacts, fact: FactId) -> Option<ValueId> {
    match &facts.fact(fact).what {
        What::Assignment { target: Target::Name(_) | Target::Global(_), value } => Some(*value),
        _ => None,
    }
}

/// The public methods of a class, and what calling an object of it calls.
fn methods(solver: &Solver, class: Node) -> Vec<Node> {
    let own = |n: &Node| solver.tables.class(*n).is_some_and(|c| solver.tables.bases(class).contains(&c));
    let named = |n: &Node| {
        let name = solver.called(*n);
        let member = name.rsplit('.').next().unwrap_or_default().to_owned();
        !member.starts_with('_') || member == "__call__"
    };
    let file = solver.file(class.file);
    let nodes = file.iter().filter(|(_, f)| matches!(f.what, What::Function { .. })).map(|(fact, _)| Node { file: class.file, fact });
    nodes.filter(|n| own(n) && named(n)).collect()
}
