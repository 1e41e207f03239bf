//! Where functions that matter are kept and handed to: what a block that was not looked at may call without naming it. Asks for those blocks.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use rayon::prelude::*;

use crate::catalog::row::Effect;
use crate::facts::{ArgName, FactId, Target, V, ValueId, What};
use crate::flow::resolve::spots::last;
use crate::flow::solver::Solver;
use crate::flow::tables::{Bind, Reached, Search, definition};
use crate::graph::Node;
use crate::outline::Ask;
use crate::source::{FileId, Kind};

/// Rounds of handing on.
const ROUNDS: usize = 4;
/// Parts of a value that are looked at.
const PARTS: u32 = 100;

fn parts() -> u32 {
    PARTS
}

/// Functions that matter and where they went.
pub struct Escapes {
    /// Functions of the tree that carry a sink.
    held: HashSet<Node>,
    /// Last segments of all names that matter: most values end here.
    words: HashSet<String>,
    /// Parameters that hold one.
    params: HashSet<(Node, u32)>,
}

impl Escapes {
    /// Of functions that carry sinks, or that rows call sinks.
    pub fn new(solver: &Solver, held: HashSet<Node>) -> Self {
        let mut words: HashSet<String> = held.iter().map(|f| last(&solver.called(*f)).to_owned()).collect();
        words.insert("<lambda>".to_owned());
        let sinks = solver.world.catalog.rows.iter().filter(|r| r.effects.iter().any(|e| matches!(e, Effect::Sink { .. })));
        words.extend(sinks.filter(|r| r.subject.kind() == "call").map(|r| last(&r.subject.name()).to_owned()));
        Escapes { held, words, params: HashSet::new() }
    }
    /// Asks for what they are handed to, and for users of what they are kept in; each solver looks at files of its own.
    pub fn ask_for_keepers(mut self, shares: &mut [(Solver, Range<u32>)]) {
        for _ in 0..ROUNDS {
            let before = self.params.len();
            let found: Vec<HashSet<(Node, u32)>> = shares.par_iter_mut().map(|(solver, files)| solver.hand_on(&self, files)).collect();
            self.params.extend(found.into_iter().flatten());
            if self.params.len() == before {
                break;
            }
        }
    }
}

impl Solver<'_> {
    /// The parameters that are handed one in some files.
    fn hand_on(&mut self, escapes: &Escapes, files: &Range<u32>) -> HashSet<(Node, u32)> {
        let world = self.world;
        let mut out: HashSet<(Node, u32)> = HashSet::new();
        for (node, fact) in world.facts.nodes_of(|file| files.contains(&file.0) && matches!(world.index.kind(file), Kind::Python | Kind::Notebook)) {
            match &fact.what {
                What::Call(call) => {
                    for (n, arg) in call.args.iter().enumerate() {
                        if !self.matters(escapes, node, arg.value, &mut parts()) {
                            continue;
                        }
                        self.want_targets(node, call);
                        for to in self.tables.reached.get(&node).cloned().unwrap_or_default() {
                            out.extend(self.filled(to, n, &arg.name).map(|i| (to.function, i)));
                        }
                    }
                }
                What::Function { decorators, .. } if escapes.held.contains(&node) => {
                    for decorator in decorators {
                        self.want_callee(node.file, *decorator);
                    }
                }
                What::Return { value } => {
                    if let Some(scope) = self.tables.scope(node).filter(|_| self.matters(escapes, node, *value, &mut parts())) {
                        let name = self.called(Node { fact: scope, ..node });
                        self.want_uses(node.file, &name);
                    }
                }
                What::Assignment { target, value } if self.matters(escapes, node, *value, &mut parts()) => self.want_keeper(node, target),
                _ => {}
            }
        }
        out.extend(self.tables.decorates.iter().filter(|(_, given)| given.iter().any(|f| escapes.held.contains(f))).map(|(d, _)| (*d, 0)));
        out
    }
    /// A call of a method of that name reaches what carries a sink once the class of its object is known.
    pub fn want_receivers(&mut self, members: &BTreeSet<String>, files: &Range<u32>) {
        for (node, fact) in self.world.facts.nodes_of(|file| files.contains(&file.0)) {
            if let What::Call(call) = &fact.what
                && let Some(receiver) = call.receiver
                && call.name.rsplit('.').next().is_some_and(|m| members.contains(m))
                && !self.tables.reached.contains_key(&node)
            {
                self.want_receiver(node, receiver);
            }
        }
    }
    /// The parameter that the nth argument of a call fills.
    pub fn filled(&self, to: Reached, n: usize, name: &ArgName) -> Option<u32> {
        let What::Function { params, .. } = &self.file(to.function.file).fact(to.function.fact).what else { return None };
        match name {
            ArgName::Keyword(name) => params.iter().position(|p| p.name == *name).and_then(|i| u32::try_from(i).ok()),
            _ => u32::try_from(n).ok().map(|n| n + u32::from(to.bind != Bind::Plain)),
        }
    }
    /// Asks for whoever calls a function. A method is also called through the classes that inherit it, and an override through the class it stands in for.
    pub fn want_callers(&mut self, function: Node) {
        let name = self.called(function);
        if name.is_empty() || name.contains('<') || self.world.index.kind(function.file) != Kind::Python {
            return;
        }
        let Some(class) = self.tables.class(function) else {
            self.wanted.insert((function.file, name, Ask::Uses));
            return;
        };
        self.want_bases(class);
        let member = last(&name);
        // A method may be chosen by a name that is put together: `"read_" + how`.
        let begins = member.match_indices('_').filter(|(at, _)| *at > 0).filter_map(|(at, _)| member.get(..=at));
        let spelled: Vec<&str> = begins.chain([member]).collect();
        for of in self.tables.bases(class) {
            let class_name = self.class_name(of);
            // An object of a base is perhaps one of this class; a base that has no such method is not asked for it.
            let ask = match of == class {
                true => Ask::Calls,
                false if member != "__init__" && self.world.index.imports().has_member(of.file, class_name, member) => Ask::Uses,
                false => continue,
            };
            for member in &spelled {
                self.wanted.insert((of.file, format!("{class_name}.{member}"), ask));
            }
        }
    }
    /// Whether a value is, or holds, a function that matters.
    fn matters(&self, escapes: &Escapes, node: Node, value: ValueId, fuel: &mut u32) -> bool {
        let Some(left) = fuel.checked_sub(1) else { return false };
        *fuel = left;
        let facts = self.file(node.file);
        let mut any = |values: &[ValueId]| values.iter().any(|v| self.matters(escapes, node, *v, fuel));
        match &facts.value(value).what {
            V::Name(name) => {
                escapes.words.contains(last(name))
                    && match definition(self.world.index, self.world.facts, node, name) {
                        Some(function) => escapes.held.contains(&function),
                        None => self.world.catalog.qualified(name).iter().any(|r| self.world.catalog.row(*r).has("sink")),
                    }
            }
            V::Func(function) => escapes.held.contains(&Node { file: node.file, fact: *function }),
            V::Attr(base, name) => {
                escapes.words.contains(name.as_str()) && {
                    let scope = self.tables.scope(node);
                    let classes = self.tables.classes_of(self.world.index, self.world.facts, node.file, *base, scope, &mut Search::default());
                    classes.iter().any(|c| self.tables.method(*c, name).is_some_and(|m| escapes.held.contains(&m)))
                }
            }
            V::Param(n) => self.tables.scope(node).is_some_and(|s| escapes.params.contains(&(Node { fact: s, ..node }, *n))),
            V::Phi(values) | V::List(values, _) => any(values),
            V::Dict(entries, _) => entries.iter().any(|(_, v)| self.matters(escapes, node, *v, fuel)),
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, .. } => self.matters(escapes, Node { fact: *fact, ..node }, *value, fuel),
                // `partial(f, …)` holds `f`.
                What::Call(call) => call.args.iter().take(2).any(|a| {
                    matches!(facts.value(a.value).what, V::Name(_) | V::Func(_)) && self.matters(escapes, Node { fact: *fact, ..node }, a.value, fuel)
                }),
                _ => false,
            },
            _ => false,
        }
    }
    /// Asks for users of what an assignment fills.
    pub(super) fn want_keeper(&mut self, node: Node, target: &Target) {
        match target {
            Target::Name(name) | Target::Global(name) if self.tables.global(node.file, name).contains(&node.fact) => self.want_uses(node.file, name),
            Target::Name(_) | Target::Global(_) => {
                // A name in the body of a class is a field of it.
                if let Some(class) =
                    self.file(node.file).fact(node.fact).owner.filter(|o| matches!(self.file(node.file).fact(*o).what, What::Class { .. }))
                {
                    let name = if let Target::Name(n) | Target::Global(n) = target { n.clone() } else { String::new() };
                    let class = Node { fact: class, ..node };
                    self.want_uses(class.file, &format!("{}.{name}", self.class_name(class)));
                }
            }
            Target::Attr(base, name) => self.want_field_users(node, *base, name),
            Target::Index(base, _) => match &self.file(node.file).value(*base).what {
                V::Name(name) => {
                    let held = self.scene().variable(node.file, name, &mut Search::default());
                    for variable in held.into_iter().take(2) {
                        if let What::Assignment { target: Target::Name(name), .. } = &self.file(variable.file).fact(variable.fact).what {
                            self.want_uses(variable.file, name);
                        }
                    }
                }
                V::Attr(base, name) => self.want_field_users(node, *base, name),
                _ => {}
            },
        }
    }
    fn want_field_users(&mut self, node: Node, base: ValueId, name: &str) {
        let scope: Option<FactId> = self.tables.scope(node);
        let classes = self.tables.classes_of(self.world.index, self.world.facts, node.file, base, scope, &mut Search::default());
        for class in classes.into_iter().take(4) {
            self.want_uses(class.file, &format!("{}.{name}", self.class_name(class)));
        }
    }
    /// Asks for the function of the tree that a decorator is, or that gives it.
    fn want_callee(&mut self, file: FileId, value: ValueId) {
        match &self.file(file).value(value).what {
            V::Name(name) => self.want(file, name),
            V::Ref(fact) => {
                if let What::Call(call) = &self.file(file).fact(*fact).what {
                    self.want(file, &call.name);
                }
            }
            _ => {}
        }
    }
    fn want_uses(&mut self, file: FileId, name: &str) {
        if !name.is_empty() && !name.contains('<') && self.world.index.kind(file) == Kind::Python {
            self.wanted.insert((file, name.to_owned(), Ask::Uses));
        }
    }
    /// Asks for the bases of a class that are not known yet.
    pub fn want_bases(&mut self, class: Node) {
        for class in self.tables.bases(class) {
            let What::Class { bases, .. } = &self.file(class.file).fact(class.fact).what else { continue };
            for base in bases {
                if let V::Name(name) = &self.file(class.file).value(*base).what {
                    self.want(class.file, name);
                }
            }
        }
    }
}
