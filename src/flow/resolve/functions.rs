//! Functions and classes as values: what a call reaches when its callee is no plain name. A parameter, an element of a table, what a function gave back, an
//! object that can be called, a name that another module hands on. Found in rounds, since what a parameter holds depends on who calls.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::catalog::Catalog;
use crate::catalog::row::RowId;
use crate::facts::{Call, FactId, FileFacts, Target, V, What};
use crate::flow::resolve::spots::{Scene, Spot, last, module_of};
use crate::flow::tables::local::Local;
use crate::flow::tables::{Bind, Given, Reached, Search, Tables, definition, given, is_class_method, is_static};
use crate::graph::imports::MOST_REEXPORTS;
use crate::graph::index::Index;
use crate::graph::{Facts, Node};
use crate::source::FileId;

/// Rounds of finding who calls whom; each knows the callers that the one before found.
const ROUNDS: usize = 4;
/// Things that one callee can be.
const MANY: usize = 16;

/// What a value is when it is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Callee {
    /// A function of the tree, and whether an object fills its first parameter.
    Function(Node, bool),
    /// A class of the tree.
    Class(Node),
    /// Something of a library, by its qualified name.
    Library(String),
}

/// What was found of one call.
#[derive(Default)]
struct Found {
    /// Nothing that is found of other calls adds to it.
    last: bool,
    reached: Vec<Reached>,
    names: Vec<String>,
    made: Vec<Node>,
}

/// Completes what names alone do not settle, and gives rows that speak of calls because of it.
pub fn settle<'f>(tables: &mut Tables, index: &Index, facts: &'f Facts, catalog: &Catalog) -> Vec<(Node, Vec<RowId>)> {
    let open: Vec<(Node, &Call)> = {
        let scene = Scene { index, facts, tables };
        let of_file = |(i, file): (usize, &'f FileFacts)| scene.dynamic(FileId(u32::try_from(i).unwrap_or(u32::MAX)), file);
        facts.files.par_iter().enumerate().flat_map_iter(of_file).collect()
    };
    let of_file = |(i, l): (usize, &Arc<Local>)| {
        let file = FileId(u32::try_from(i).unwrap_or(u32::MAX));
        l.decorated.iter().map(|fact| Node { file, fact: *fact }).collect::<Vec<_>>()
    };
    let decorated: Vec<Node> = tables.local.iter().enumerate().flat_map(of_file).collect();
    let mut names: Vec<Vec<String>> = vec![Vec::new(); open.len()];
    // What is found of most calls does not depend on what is found of others.
    let mut asking: Vec<usize> = (0..open.len()).collect();
    for _ in 0..ROUNDS {
        let scene = Scene { index, facts, tables };
        let found: Vec<(usize, Found)> = asking.par_iter().filter_map(|i| open.get(*i).map(|(node, call)| (*i, scene.found(*node, call)))).collect();
        let given: Vec<(Node, Node)> = decorated.par_iter().flat_map_iter(|f| scene.decorators_of(*f).into_iter().map(move |d| (d, *f))).collect();
        let mut grew = false;
        for (decorator, function) in given {
            let all = tables.decorates.entry(decorator).or_default();
            grew |= !all.contains(&function);
            if !all.contains(&function) {
                all.push(function);
            }
        }
        asking.clear();
        for (i, found) in found {
            let (Some((node, _)), Some(names)) = (open.get(i), names.get_mut(i)) else { continue };
            if !found.last {
                asking.push(i);
            }
            for to in found.reached {
                let reached = tables.reached.entry(*node).or_default();
                if !reached.contains(&to) {
                    reached.push(to);
                    reached.sort_unstable();
                    tables.calls(index, *node, to);
                    if let Some(callers) = tables.callers.get_mut(&to.function) {
                        callers.sort_unstable();
                        callers.dedup();
                    }
                    grew = true;
                }
            }
            let made = tables.made.entry(*node).or_default();
            grew |= *made != found.made || *names != found.names;
            *made = found.made;
            *names = found.names;
        }
        if !grew {
            break;
        }
    }
    tables.made.retain(|_, classes| !classes.is_empty());
    let outside = {
        let scene = Scene { index, facts, tables };
        let found =
            facts.files.par_iter().enumerate().flat_map_iter(|(i, file)| scene.set_outside(FileId(u32::try_from(i).unwrap_or(u32::MAX)), file));
        found.collect::<Vec<_>>()
    };
    for (class, name, node) in outside {
        tables.fields_elsewhere.push(class, &name, node);
    }
    let mut rows: Vec<(Node, Vec<RowId>)> = Vec::new();
    for ((node, _), names) in open.iter().zip(&names) {
        let mut all: Vec<RowId> = names.iter().flat_map(|name| catalog.classify_as(facts.file(node.file), node.fact, name)).collect();
        all.retain(|row| !tables.made.get(node).is_some_and(|made| made.iter().all(|class| is_hardened(tables, facts, *class, catalog, *row))));
        if !all.is_empty() {
            rows.push((*node, all));
        }
    }
    let scene = Scene { index, facts, tables };
    rows.par_extend(
        facts.files.par_iter().enumerate().flat_map_iter(|(i, file)| scene.typed(FileId(u32::try_from(i).unwrap_or(u32::MAX)), file, catalog)),
    );
    rows.sort();
    rows
}

/// Whether a class overrides what its library leaves to it, and refuses something there.
fn is_hardened(tables: &Tables, facts: &Facts, class: Node, catalog: &Catalog, row: RowId) -> bool {
    let refuses = |method: Node| {
        let raises = |(fact, f): (FactId, &crate::facts::Fact)| {
            matches!(f.what, What::Raise { .. }) && tables.scope(Node { file: method.file, fact }) == Some(method.fact)
        };
        facts.file(method.file).iter().skip(method.fact.0 as usize).any(raises)
    };
    catalog.row(row).hardened_by.iter().any(|name| tables.method(class, name).is_some_and(refuses))
}

impl Scene<'_> {
    /// The calls of a file of which names do not say what they reach.
    fn dynamic(self, file: FileId, facts: &FileFacts) -> Vec<(Node, &Call)> {
        let mut known: HashMap<&str, bool> = HashMap::new();
        let mut out = Vec::new();
        for (fact, f) in facts.iter() {
            let What::Call(call) = &f.what else { continue };
            let node = Node { file, fact };
            if self.tables.reached.contains_key(&node) {
                continue;
            }
            let dynamic = match &facts.value(call.callee).what {
                // What a name means does not depend on where in the file it stands, nested functions apart, and those are reached by name.
                _ if !call.name.starts_with('?') => *known.entry(&call.name).or_insert_with(|| self.may_be_more(node, &call.name)),
                V::Attr(base, _) => !matches!(facts.value(*base).what, V::Str(_) | V::Join(_) | V::List(..) | V::Dict(..) | V::Num(_)),
                _ => true,
            };
            if dynamic {
                out.push((node, call));
            }
        }
        out
    }
    /// Whether a name that reaches no function is more than the name of something of a library.
    fn may_be_more(self, node: Node, name: &str) -> bool {
        match definition(self.index, self.facts, node, name) {
            // A class without a constructor of its own: a library's may be the one.
            Some(_) => true,
            None if name.contains('.') => module_of(self.index, node.file, name).is_some() || self.is_own(node, name),
            None => !self.tables.global(node.file, name).is_empty(),
        }
    }
    /// Whether the first segment of a name is a class or variable of its file.
    fn is_own(self, node: Node, name: &str) -> bool {
        let head = name.split('.').next().unwrap_or_default();
        definition(self.index, self.facts, node, head).is_some() || !self.tables.global(node.file, head).is_empty()
    }
    fn spot(self, node: Node, value: crate::facts::ValueId) -> Spot {
        Spot { file: node.file, scope: self.tables.scope(node), value }
    }
    /// What a call reaches.
    fn found(self, node: Node, call: &Call) -> Found {
        let mut out = Found::default();
        let mut search = Search::default();
        let spot = self.spot(node, call.callee);
        let callees = if call.name.starts_with('?') { self.callees(spot, &mut search) } else { self.named(spot, &call.name, &mut search) };
        for callee in callees.into_iter().take(MANY) {
            match callee {
                Callee::Function(function, bound) => {
                    out.reached.push(Reached { function, bind: if bound { Bind::New } else { Bind::Plain } });
                }
                Callee::Class(class) => {
                    out.made.push(class);
                    match self.tables.method(class, "__init__") {
                        Some(function) => out.reached.push(Reached { function, bind: Bind::New }),
                        None => out.names.extend(self.library_bases(class)),
                    }
                }
                Callee::Library(name) => out.names.push(name),
            }
        }
        out.last = !search.by_calls;
        out.reached.sort_unstable();
        out.reached.dedup();
        out.names.sort();
        out.names.dedup();
        out.made.sort_unstable();
        out.made.dedup();
        out
    }
    /// The functions that a function's decorators hand it to.
    fn decorators_of(self, function: Node) -> Vec<Node> {
        let What::Function { decorators, .. } = &self.facts.fact(function).what else { return Vec::new() };
        let mut out = Vec::new();
        for decorator in decorators.iter().take(4) {
            for callee in self.callees(self.spot(function, *decorator), &mut Search::default()) {
                if let Callee::Function(decorator, false) = callee {
                    out.push(decorator);
                }
            }
        }
        out
    }
    /// What a value is when it is called.
    pub fn callees(self, spot: Spot, search: &mut Search) -> Vec<Callee> {
        let mut out = Vec::new();
        for form in self.forms(spot, search) {
            if out.len() >= MANY || !search.spend() {
                break;
            }
            let node = |fact: FactId| Node { file: form.file, fact };
            match self.what(form) {
                V::Func(fact) => out.push(Callee::Function(node(*fact), false)),
                V::Name(name) => out.extend(self.named(form, name, search)),
                V::Attr(base, name) => out.extend(self.attribute(Spot { value: *base, ..form }, name, search)),
                V::Param(n) => out.extend(self.argument(form, *n, search)),
                V::Ref(fact) => {
                    let at = node(*fact);
                    let What::Call(call) = &self.facts.fact(at).what else { continue };
                    let objects = self.tables.classes_of(self.index, self.facts, form.file, form.value, form.scope, search);
                    let called = objects.iter().filter_map(|class| self.tables.method(*class, "__call__"));
                    out.extend(called.map(|function| Callee::Function(function, true)));
                    if let ("type", [one]) = (call.name.as_str(), call.args.as_slice()) {
                        let classes = self.tables.classes_of(self.index, self.facts, form.file, one.value, form.scope, search);
                        out.extend(classes.into_iter().map(Callee::Class));
                    }
                    // What the called function gives back.
                    search.by_calls = true;
                    for function in self.reached(at, call) {
                        for value in self.tables.returns(function).iter().take(4) {
                            out.extend(self.callees(Spot { file: function.file, scope: Some(function.fact), value: *value }, search));
                        }
                    }
                }
                _ => {}
            }
        }
        out.sort();
        out.dedup();
        out.truncate(MANY);
        out
    }
    fn reached(self, at: Node, call: &Call) -> Vec<Node> {
        let known: Vec<Node> = self.tables.reached.get(&at).into_iter().flatten().map(|r| r.function).take(4).collect();
        if !known.is_empty() || call.name.starts_with('?') {
            return known;
        }
        definition(self.index, self.facts, at, &call.name).filter(|d| matches!(self.facts.fact(*d).what, What::Function { .. })).into_iter().collect()
    }
    /// What a name is: of the tree, or of a library that some module of the tree imports.
    fn named(self, spot: Spot, name: &str, search: &mut Search) -> Vec<Callee> {
        if let Some(found) = self.definition(spot, name) {
            return match &self.facts.fact(found).what {
                What::Class { .. } => vec![Callee::Class(found)],
                _ => vec![Callee::Function(found, is_class_method(self.facts.file(found.file), found.fact))],
            };
        }
        let variable = self.variable(spot.file, name, search);
        if !variable.is_empty() && search.spend() {
            let mut out = Vec::new();
            for node in variable.into_iter().take(4) {
                if let What::Assignment { value, .. } = &self.facts.fact(node).what {
                    out.extend(self.callees(self.spot(node, *value), search));
                }
            }
            return out;
        }
        // A member that a class of the tree has from a library, or that an object of the module has.
        if let Some((head, member)) = name.rsplit_once('.').filter(|_| !name.starts_with('?')) {
            if let Some(class) = self.definition(spot, head).filter(|c| matches!(self.facts.fact(*c).what, What::Class { .. })) {
                return self.inherited(class, member);
            }
            let mut out = Vec::new();
            for node in self.variable(spot.file, head, search).into_iter().take(4) {
                if let What::Assignment { value, .. } = &self.facts.fact(node).what {
                    out.extend(self.attribute(self.spot(node, *value), member, search));
                }
            }
            if !out.is_empty() {
                return out;
            }
        }
        self.libraries(spot.file, name, MOST_REEXPORTS).into_iter().map(Callee::Library).collect()
    }
    /// A method of a class, with what stands in for it below; else what the class has from a library.
    fn inherited(self, class: Node, name: &str) -> Vec<Callee> {
        let own = |function: Node| Callee::Function(function, !is_static(self.facts.file(function.file), function.fact));
        let found: Vec<Callee> = match name.strip_suffix('*') {
            Some(begins) => self.tables.methods_like(class, begins).into_iter().map(own).collect(),
            None => self.tables.method_of_all(class, name).into_iter().map(own).collect(),
        };
        if !found.is_empty() {
            return found;
        }
        if let What::Class { name: outer, .. } = &self.facts.fact(class).what
            && let Some(inner) = self.index.local(class.file, &format!("{outer}.{name}"), 0)
            && matches!(self.facts.fact(inner).what, What::Class { .. })
        {
            return vec![Callee::Class(inner)];
        }
        self.library_bases(class).into_iter().map(|base| Callee::Library(format!("{base}.{name}"))).collect()
    }
    /// `base.name` when it is called.
    fn attribute(self, base: Spot, name: &str, search: &mut Search) -> Vec<Callee> {
        if let V::Ref(fact) = self.what(base)
            && let What::Call(call) = &self.facts.file(base.file).fact(*fact).what
            && call.name == "super"
        {
            let class = self.tables.class_around(Node { file: base.file, fact: *fact });
            let bases = class.map(|c| self.tables.bases_of(c)).unwrap_or_default();
            let found: Vec<Callee> = bases.iter().filter_map(|b| self.tables.method(*b, name)).map(|f| Callee::Function(f, true)).collect();
            if !found.is_empty() {
                return found;
            }
            let libraries = class.map(|c| self.library_bases(c)).unwrap_or_default();
            return libraries.into_iter().map(|b| Callee::Library(format!("{b}.{name}"))).collect();
        }
        let classes = self.tables.classes_of(self.index, self.facts, base.file, base.value, base.scope, search);
        if name == "__class__" {
            return classes.into_iter().map(Callee::Class).collect();
        }
        let mut out: Vec<Callee> = classes.into_iter().take(MANY).flat_map(|class| self.inherited(class, name)).collect();
        if out.is_empty() && search.spend() {
            // A class that is a value.
            for callee in self.callees(base, search) {
                match callee {
                    Callee::Class(class) => out.extend(self.inherited(class, name)),
                    Callee::Library(library) => out.push(Callee::Library(format!("{library}.{name}"))),
                    Callee::Function(..) => {}
                }
            }
        }
        out
    }
    /// What callers hand over, decorators included; else the default.
    fn argument(self, spot: Spot, n: u32, search: &mut Search) -> Vec<Callee> {
        let Some(function) = spot.scope.map(|fact| Node { file: spot.file, fact }) else { return Vec::new() };
        let What::Function { params, .. } = &self.facts.fact(function).what else { return Vec::new() };
        if n == 0
            && let Some(class) = self.tables.class(function)
        {
            return if is_class_method(self.facts.file(function.file), function.fact) { vec![Callee::Class(class)] } else { Vec::new() };
        }
        search.by_calls = true;
        let mut out = Vec::new();
        if n == 0 {
            out.extend(self.tables.decorates.get(&function).into_iter().flatten().map(|f| Callee::Function(*f, false)));
        }
        if let Some(default) = params.get(n as usize).and_then(|p| p.default) {
            out.extend(self.callees(self.spot(function, default), search));
        }
        for (node, bind) in self.tables.callers.get(&function).into_iter().flatten().take(MANY) {
            let What::Call(call) = &self.facts.fact(*node).what else { continue };
            let Given::Values(values) = given(call, params, n, *bind) else { continue };
            for value in values {
                if search.spend() {
                    out.extend(self.callees(self.spot(*node, value), search));
                }
            }
        }
        out
    }
    /// The names of a library that a name of the tree stands for: modules hand on what they import.
    fn libraries(self, file: FileId, name: &str, hops: u32) -> Vec<String> {
        let Some((module, rest)) = module_of(self.index, file, name) else {
            return if name.starts_with(['.', '?']) { Vec::new() } else { vec![name.to_owned()] };
        };
        self.handed_on(module, rest, hops)
    }
    /// The same of a name of a module.
    fn handed_on(self, module: FileId, rest: &str, hops: u32) -> Vec<String> {
        let head = rest.split('.').next().unwrap_or_default();
        let more = rest.strip_prefix(head).unwrap_or_default();
        let imports = self.index.imports();
        let mut out: Vec<String> = imports.libraries(module, head).take(4).map(|library| format!("{library}{more}")).collect();
        if let Some((origin, original)) = imports.origin(module, head) {
            out.extend(hops.checked_sub(1).map(|hops| self.handed_on(origin, &format!("{original}{more}"), hops)).unwrap_or_default());
        }
        out
    }
    /// The names of the library classes that a class of the tree derives from, nearest first.
    pub fn library_bases(self, class: Node) -> Vec<String> {
        let mut out = Vec::new();
        for class in self.tables.bases(class) {
            let What::Class { bases, .. } = &self.facts.fact(class).what else { continue };
            for base in bases {
                let V::Name(name) = &self.facts.value(class.file, *base).what else { continue };
                if definition(self.index, self.facts, class, name).is_none() {
                    out.extend(self.libraries(class.file, name, MOST_REEXPORTS));
                }
            }
        }
        out.truncate(MANY);
        out
    }
    /// Fields of objects of the tree that are assigned outside of their class: class, field, assignment.
    fn set_outside(self, file: FileId, facts: &FileFacts) -> Vec<(Node, String, Node)> {
        let mut out = Vec::new();
        for (fact, f) in facts.iter() {
            let What::Assignment { target: Target::Attr(base, name), .. } = &f.what else { continue };
            let node = Node { file, fact };
            if facts.value(*base).what == V::Param(0) && self.tables.class_around(node).is_some() {
                continue;
            }
            let classes = self.tables.classes_of(self.index, self.facts, file, *base, self.tables.scope(node), &mut Search::default());
            out.extend(classes.into_iter().map(|class| (class, name.clone(), node)));
        }
        out
    }
    /// Rows of methods whose receiver is known only through a field, a parameter or another file.
    fn typed(self, file: FileId, facts: &FileFacts, catalog: &Catalog) -> Vec<(Node, Vec<RowId>)> {
        let mut out = Vec::new();
        for (fact, f) in facts.iter() {
            let What::Call(call) = &f.what else { continue };
            let Some(receiver) = call.receiver.filter(|_| catalog.has_typed(last(&call.name))) else { continue };
            let node = Node { file, fact };
            let mut search = Search::default();
            let mut types = Vec::new();
            for form in self.forms(self.spot(node, receiver), &mut search) {
                let V::Ref(made) = self.what(form) else { continue };
                let made = Node { file: form.file, fact: *made };
                let What::Call(made_by) = &self.facts.fact(made).what else { continue };
                match definition(self.index, self.facts, made, &made_by.name) {
                    Some(class) if matches!(self.facts.fact(class).what, What::Class { .. }) => types.extend(self.library_bases(class)),
                    Some(_) => {}
                    None => types.extend(self.libraries(made.file, &made_by.name, MOST_REEXPORTS)),
                }
            }
            let rows = catalog.classify_typed(facts, fact, &types);
            if !rows.is_empty() {
                out.push((node, rows));
            }
        }
        out
    }
}
