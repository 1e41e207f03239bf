//! Lookups that flow needs over all facts: what files say by themselves, and across them classes, overrides and callers. Computes no origin.

pub mod local;
mod named;

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::catalog::Catalog;
use crate::facts::{ArgName, Call, FactId, FileFacts, Param, ParamKind, V, ValueId, What};
use crate::flow::resolve::functions;
use crate::flow::tables::local::{Local, all};
use crate::flow::tables::named::Named;
use crate::graph::index::Index;
use crate::graph::{Facts, Node};
use crate::source::FileId;

/// How many values are looked at to find the class of one.
const HOPS: u32 = 40;
/// Classes related to one, at most.
const MOST_RELATED: usize = 64;
/// How many overrides a method call reaches.
pub(super) const MAX_TARGETS: usize = 16;

/// How the arguments of a call meet the parameters of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bind {
    /// First argument, first parameter.
    Plain,
    /// The receiver is the first parameter.
    Receiver,
    /// A new object is the first parameter.
    New,
}

/// A function that a call reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reached {
    /// The function.
    pub function: Node,
    /// How arguments are bound.
    pub bind: Bind,
}

/// What a parameter receives at a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// These values of the caller's file, joined.
    Values(Vec<ValueId>),
    /// The parameter's default.
    Default(ValueId),
    /// A new object.
    New,
    /// Cannot be told (`*args`, `**kwargs`), besides these values.
    Unknown,
}

/// The lookups.
#[derive(Debug, Default)]
pub struct Tables {
    /// What each file says by itself.
    pub(super) local: Vec<Arc<Local>>,
    /// Assignments of a field of an object from outside its class.
    pub(super) fields_elsewhere: Named<Node, Vec<Node>>,
    /// Classes whose object a call makes that names alone do not tell.
    pub(super) made: FxHashMap<Node, Vec<Node>>,
    /// Functions that are handed to a function as their decorator.
    pub(super) decorates: FxHashMap<Node, Vec<Node>>,
    pub(super) bases: FxHashMap<Node, Vec<Node>>,
    pub(super) derived: FxHashMap<Node, Vec<Node>>,
    /// Calls that reach a function, in order.
    pub callers: FxHashMap<Node, Vec<(Node, Bind)>>,
    /// Functions that a call reaches, in order.
    pub reached: FxHashMap<Node, Vec<Reached>>,
}

impl Tables {
    /// Reads what files say of each other; `local` is what each says by itself.
    pub fn new(index: &Index, facts: &Facts, local: &[Arc<Local>]) -> Tables {
        let mut tables = Tables { local: local.to_vec(), ..Tables::default() };
        tables.classes(index, facts);
        for (node, reached) in tables.targets(index, facts) {
            for to in &reached {
                tables.calls(index, node, *to);
            }
            tables.reached.insert(node, reached);
        }
        tables
    }
    /// Reads all facts, and adds rows that speak of calls by what their callee turned out to be.
    pub fn settled(index: &mut Index, facts: &Facts, catalog: &Catalog, local: &[Arc<Local>]) -> Tables {
        let mut tables = Tables::new(index, facts, local);
        for (node, rows) in functions::settle(&mut tables, index, facts, catalog) {
            index.speak(node, &rows);
        }
        tables
    }
    /// Takes down a call of a function. What a test calls proves nothing about other callers, nor does what derives from a class there.
    pub(super) fn calls(&mut self, index: &Index, node: Node, to: Reached) {
        if counts(index, node.file, to.function.file) {
            self.callers.entry(to.function).or_default().push((node, to.bind));
        }
    }
    /// Every call that reaches a function of the tree, in order.
    fn targets(&self, index: &Index, facts: &Facts) -> Vec<(Node, Vec<Reached>)> {
        let of_file = |(i, file): (usize, &FileFacts)| {
            let calls = file.iter().filter_map(|(fact, f)| match &f.what {
                What::Call(call) => Some((Node { file: id(i), fact }, call)),
                _ => None,
            });
            let reached = calls.map(|(node, call)| (node, self.resolve(index, facts, node, call)));
            reached.filter(|(_, r)| !r.is_empty()).collect::<Vec<_>>()
        };
        facts.files.par_iter().enumerate().map(of_file).flatten_iter().collect()
    }
    /// The function a fact stands in.
    pub fn scope(&self, node: Node) -> Option<FactId> {
        *self.of(node.file)?.scopes.get(node.fact.0 as usize)?
    }
    /// What a file says by itself.
    pub(in crate::flow) fn of(&self, file: FileId) -> Option<&Local> {
        self.local.get(file.0 as usize).map(|l| &**l)
    }
    /// Values that a function returns.
    pub fn returns(&self, function: Node) -> &[ValueId] {
        self.of(function.file).and_then(|l| l.returns.get(&function.fact)).map_or(&[], Vec::as_slice)
    }
    /// Facts that set a variable of that name, letter case apart, in order.
    pub fn setters(&self, file: FileId, name: &str) -> &[FactId] {
        self.of(file).map_or(&[], |l| all(&l.setters, &name.to_ascii_lowercase()))
    }
    /// Whether a bare name is the root of a module that the file imports.
    pub fn imports(&self, file: FileId, name: &str) -> bool {
        self.of(file).is_some_and(|l| l.imported.contains(name))
    }
    /// Assignments of a module variable.
    pub fn global(&self, file: FileId, name: &str) -> &[FactId] {
        self.of(file).map_or(&[], |l| all(&l.globals, name))
    }
    /// The class a method stands in.
    pub fn class(&self, function: Node) -> Option<Node> {
        let class = *self.of(function.file)?.class_of.get(&function.fact)?;
        Some(Node { fact: class, ..function })
    }
    /// Assignments of a field in a class or its bases.
    pub fn field(&self, class: Node, name: &str) -> Vec<Node> {
        let mut out = Vec::new();
        self.up(class, |c| {
            out.extend(self.own_fields(c, name));
            false
        });
        out
    }
    /// Assignments of a field in the body or the methods of a class.
    pub(super) fn own_fields(&self, class: Node, name: &str) -> impl Iterator<Item = Node> {
        let facts = self.of(class.file).map_or(&[][..], |l| l.fields.all(class.fact, name));
        facts.iter().map(move |fact| Node { fact: *fact, ..class })
    }
    /// The method in the body of a class.
    pub(super) fn own_method(&self, class: Node, name: &str) -> Option<Node> {
        let method = *self.of(class.file)?.methods.get(class.fact, name)?;
        Some(Node { fact: method, ..class })
    }
    /// The method of a class, own or inherited.
    pub fn method(&self, class: Node, name: &str) -> Option<Node> {
        let mut found = None;
        self.up(class, |c| {
            found = self.own_method(c, name);
            found.is_some()
        });
        found
    }
    /// A class and what it derives from, nearest first.
    pub fn bases(&self, class: Node) -> Vec<Node> {
        let mut out = Vec::new();
        self.up(class, |c| {
            out.push(c);
            false
        });
        out
    }
    /// A class with its bases and all that derives from it.
    pub fn family(&self, class: Node) -> Vec<Node> {
        let mut out = self.bases(class);
        let mut at = 0;
        let mut below = vec![class];
        while let Some(c) = below.get(at).copied().filter(|_| below.len() < MOST_RELATED) {
            for d in self.derived.get(&c).into_iter().flatten() {
                if below.len() < MOST_RELATED && !below.contains(d) {
                    below.push(*d);
                }
            }
            at += 1;
        }
        out.extend(below.into_iter().skip(1));
        out
    }
    /// The classes of the tree that a value can be an object of.
    pub fn classes_of(&self, index: &Index, facts: &Facts, file: FileId, value: ValueId, scope: Option<FactId>, search: &mut Search) -> Vec<Node> {
        if !search.spend() {
            return Vec::new();
        }
        let f = facts.file(file);
        let mut out = match &f.value(value).what {
            V::Ref(fact) => {
                let node = Node { file, fact: *fact };
                match &f.fact(*fact).what {
                    What::Call(call) => match definition(index, facts, node, &call.name) {
                        Some(def) if matches!(facts.fact(def).what, What::Class { .. }) => vec![def],
                        None if !self.made.contains_key(&node) && !self.reached.contains_key(&node) => {
                            search.names.push((file, call.name.clone()));
                            search.by_calls = true;
                            Vec::new()
                        }
                        function => self.classes_made(index, facts, node, function, search),
                    },
                    What::Assignment { value, .. } => self.classes_of(index, facts, file, *value, self.scope(node), search),
                    _ => Vec::new(),
                }
            }
            V::Param(n) => match scope.map(|fact| Node { file, fact }) {
                Some(function) => match self.class(function) {
                    Some(class) if *n == 0 && !is_static(f, function.fact) => vec![class],
                    _ => {
                        let said = self.annotated(index, facts, function, *n, search);
                        if said.is_empty() { self.classes_given(index, facts, function, *n, search) } else { said }
                    }
                },
                None => Vec::new(),
            },
            V::Attr(base, name) => {
                let mut out = Vec::new();
                for class in self.classes_of(index, facts, file, *base, scope, search) {
                    search.members.push((class, name.clone()));
                    let fields = self.field(class, name);
                    if fields.is_empty() {
                        out.extend(self.classes_computed(index, facts, class, name, search));
                    }
                    for node in fields.into_iter().take(4) {
                        if let What::Assignment { value, .. } = &facts.fact(node).what {
                            out.extend(self.classes_of(index, facts, node.file, *value, self.scope(node), search));
                        }
                    }
                }
                out
            }
            V::Phi(options) => options.iter().take(8).flat_map(|o| self.classes_of(index, facts, file, *o, scope, search)).collect(),
            V::Name(name) if !name.contains('.') => {
                let mut out = Vec::new();
                for fact in self.global(file, name).iter().take(4) {
                    if let What::Assignment { value, .. } = &f.fact(*fact).what {
                        out.extend(self.classes_of(index, facts, file, *value, None, search));
                    }
                }
                out
            }
            V::Name(_) | V::Index(..) => self.classes_elsewhere(index, facts, (file, value, scope), search),
            _ => Vec::new(),
        };
        out.sort_unstable();
        out.dedup();
        out.truncate(MAX_TARGETS);
        out
    }

    fn annotated(&self, index: &Index, facts: &Facts, function: Node, n: u32, search: &mut Search) -> Vec<Node> {
        let What::Function { params, .. } = &facts.fact(function).what else { return Vec::new() };
        let Some(annotation) = params.get(n as usize).and_then(|p| p.annotation) else { return Vec::new() };
        self.classes_named(index, facts, function, annotation, search)
    }
    fn classes(&mut self, index: &Index, facts: &Facts) {
        let classes = self.local.clone();
        let classes = classes.iter().enumerate().flat_map(|(i, l)| l.classes.iter().map(move |fact| Node { file: id(i), fact: *fact }));
        for node in classes {
            let What::Class { bases, .. } = &facts.fact(node).what else { continue };
            for base in bases {
                let name = match &facts.value(node.file, *base).what {
                    V::Name(name) => name.clone(),
                    _ => continue,
                };
                let Some(base) = definition(index, facts, node, &name).filter(|d| *d != node && matches!(facts.fact(*d).what, What::Class { .. }))
                else {
                    continue;
                };
                self.bases.entry(node).or_default().push(base);
                if counts(index, node.file, base.file) {
                    self.derived.entry(base).or_default().push(node);
                }
            }
        }
    }
    /// Visits a class and its bases, nearest first, until `visit` says so.
    pub(super) fn up(&self, class: Node, mut visit: impl FnMut(Node) -> bool) {
        let mut seen = vec![class];
        let mut at = 0;
        while let Some(c) = seen.get(at).copied() {
            if visit(c) {
                return;
            }
            for base in self.bases.get(&c).into_iter().flatten() {
                if !seen.contains(base) && seen.len() < MOST_RELATED {
                    seen.push(*base);
                }
            }
            at += 1;
        }
    }
    fn resolve(&self, index: &Index, facts: &Facts, node: Node, call: &Call) -> Vec<Reached> {
        let mut out = Vec::new();
        let method = call.name.rsplit('.').next().unwrap_or_default();
        if let Some(receiver) = call.receiver {
            for class in self.classes_of(index, facts, node.file, receiver, self.scope(node), &mut Search::default()) {
                self.overrides(facts, class, method, &mut out);
            }
        }
        if out.is_empty() && !call.name.starts_with('?') {
            match definition(index, facts, node, &call.name) {
                Some(def) if matches!(facts.fact(def).what, What::Class { .. }) => {
                    if let Some(function) = self.method(def, "__init__") {
                        out.push(Reached { function, bind: Bind::New });
                    }
                }
                Some(def) => {
                    let bind = match self.class(def) {
                        Some(_) if is_class_method(facts.file(def.file), def.fact) => Bind::New,
                        _ => Bind::Plain,
                    };
                    out.push(Reached { function: def, bind });
                }
                None => {}
            }
        }
        out.sort_unstable();
        out.dedup();
        out.truncate(MAX_TARGETS);
        out
    }
    /// The method of a class and of all classes derived from it.
    fn overrides(&self, facts: &Facts, class: Node, method: &str, out: &mut Vec<Reached>) {
        let mut bind = |function: Node| {
            let bind = if is_static(facts.file(function.file), function.fact) { Bind::Plain } else { Bind::Receiver };
            out.push(Reached { function, bind });
        };
        if let Some(function) = self.method(class, method) {
            bind(function);
        }
        let mut seen = vec![class];
        let mut at = 0;
        while let Some(c) = seen.get(at).copied() {
            for d in self.derived.get(&c).into_iter().flatten() {
                if !seen.contains(d) && seen.len() < MOST_RELATED {
                    seen.push(*d);
                    if let Some(function) = self.own_method(*d, method) {
                        bind(function);
                    }
                }
            }
            at += 1;
        }
    }
}

/// What [`Tables::classes_of`] and `spots` may spend, and what it asked for on its way, found or not.
#[derive(Debug)]
pub struct Search {
    fuel: u32,
    /// Names that no fact defines.
    pub names: Vec<(FileId, String)>,
    /// Fields of classes.
    pub members: Vec<(Node, String)>,
    /// Whether it looked at who calls whom: it may find more once more of that is known.
    pub by_calls: bool,
}

impl Search {
    /// Whether another step may be taken.
    pub fn spend(&mut self) -> bool {
        let left = self.fuel.checked_sub(1);
        self.fuel = left.unwrap_or(0);
        left.is_some()
    }
}

impl Default for Search {
    fn default() -> Self {
        Search { fuel: HOPS, names: Vec::new(), members: Vec::new(), by_calls: false }
    }
}

fn id(i: usize) -> FileId {
    FileId(u32::try_from(i).unwrap_or(u32::MAX))
}

/// Whether what one file does with something of another says anything of it.
fn counts(index: &Index, user: FileId, of: FileId) -> bool {
    user == of || !index.is_test(user) || index.is_test(of)
}

/// The function or class that a name means where `node` stands: nested functions first, then the file, then imports.
pub fn definition(index: &Index, facts: &Facts, node: Node, name: &str) -> Option<Node> {
    if !name.contains('.') {
        let file = facts.file(node.file);
        let own = std::iter::once(file.fact(node.fact)).chain(file.owners(node.fact).map(|o| o.1));
        for owner in own {
            if let What::Function { name: outer, .. } = &owner.what
                && let Some(def) = index.local(node.file, &format!("{outer}.<locals>.{name}"), 0)
            {
                return Some(def);
            }
        }
    }
    index.definition(node.file, name)
}

/// What the parameter at `index` receives.
pub fn given(call: &Call, params: &[Param], index: u32, bind: Bind) -> Given {
    let Some(param) = params.get(index as usize) else { return Given::Unknown };
    let shift = u32::from(bind != Bind::Plain);
    if index == 0 && bind == Bind::New {
        return Given::New;
    }
    if index == 0 && bind == Bind::Receiver {
        return call.receiver.map_or(Given::Unknown, |r| Given::Values(vec![r]));
    }
    let positional = |i: u32| call.args.iter().find(|a| a.name == ArgName::Position(i)).map(|a| a.value);
    let keyword = |name: &str| call.args.iter().find(|a| matches!(&a.name, ArgName::Keyword(k) if k == name)).map(|a| a.value);
    let has = |form: ArgName| call.args.iter().any(|a| a.name == form);
    match param.kind {
        ParamKind::Rest => {
            let from = index.saturating_sub(shift);
            let values: Vec<ValueId> = call
                .args
                .iter()
                .filter(|a| matches!(a.name, ArgName::Position(i) if i >= from) || a.name == ArgName::Rest)
                .map(|a| a.value)
                .collect();
            Given::Values(values)
        }
        ParamKind::KeywordRest => {
            let named = |k: &str| params.iter().any(|p| p.name == k);
            let values: Vec<ValueId> = call
                .args
                .iter()
                .filter(|a| matches!(&a.name, ArgName::Keyword(k) if !named(k)) || a.name == ArgName::KeywordRest)
                .map(|a| a.value)
                .collect();
            Given::Values(values)
        }
        ParamKind::Plain | ParamKind::Keyword => {
            if let Some(value) = keyword(&param.name) {
                return Given::Values(vec![value]);
            }
            let place = (param.kind == ParamKind::Plain).then(|| index.checked_sub(shift)).flatten();
            if let Some(value) = place.and_then(positional) {
                return Given::Values(vec![value]);
            }
            if has(ArgName::Rest) || has(ArgName::KeywordRest) {
                return Given::Unknown;
            }
            param.default.map_or(Given::Unknown, Given::Default)
        }
    }
}

/// Whether a function has a decorator of that bare name.
fn decorated(file: &FileFacts, function: FactId, name: &str) -> bool {
    let What::Function { decorators, .. } = &file.fact(function).what else { return false };
    decorators.iter().any(|d| matches!(&file.value(*d).what, V::Name(n) if n == name))
}

/// Whether a method is given no object.
pub fn is_static(file: &FileFacts, function: FactId) -> bool {
    decorated(file, function, "staticmethod")
}

/// Whether the first parameter of a function is its class.
pub fn is_class_method(file: &FileFacts, function: FactId) -> bool {
    decorated(file, function, "classmethod")
}
