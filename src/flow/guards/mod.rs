//! Parameters that must be true, or false, before a fact is reached at all: `if not allow: raise` above it, `if allow:` around it; and variables of the
//! environment that must say so. Knows no row.

mod confined;
mod consent;
mod inspected;
mod made;
pub mod refused;
pub mod told;

use std::collections::BTreeSet;

use crate::catalog::python::objects::names_in;
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{ArgName, FactId, FileFacts, OnFail, Target, V, ValueId, What};
use crate::flow::resolve::spots::last;
use crate::flow::resolve::validators::ends;
use crate::flow::solver::Solver;
use crate::flow::value::{Lit, Val};
use crate::graph::Node;
use crate::origin::Who;
use crate::outline::{Ask, name_hash};
use crate::source::{FileId, Kind};
use told::Told;

/// How many parts of a condition are looked at.
const MAX_PARTS: usize = 32;

/// A value that decides whether a fact is reached, and the truth it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The value; a parameter where the fact stands.
    pub value: Val,
    /// The truth that lets through.
    pub wants: bool,
    /// Whether anything else is an error: consent is asked for, and not only which of two ways is meant.
    pub strict: bool,
    /// What must be so of the value, or must not.
    pub told: Told,
    /// Whether the value only says yes or no, so that nothing at all is a no.
    pub asks: bool,
}

impl Guard {
    /// One that nobody in sight lets through.
    pub fn withheld() -> Guard {
        Guard { value: Val::literal(Lit::Bool(false)), wants: true, strict: true, told: Told::True, asks: true }
    }
    /// Whether every value it can have refuses, or a yes is up to those who start the program or call it from elsewhere: they are who is asked.
    pub fn refuses(&self) -> bool {
        let no = |lit: &Lit| (self.asks && matches!(lit, Lit::None | Lit::Absent) && self.wants) || self.told.holds(lit) == Some(!self.wants);
        self.value.consts.all().is_some_and(|all| all.iter().all(no)) || self.is_theirs(no)
    }
    /// Whether whoever starts the program, or calls it from elsewhere, says yes or no.
    fn is_theirs(&self, no: impl Fn(&Lit) -> bool) -> bool {
        let (name, consts) = (self.value.name, &self.value.consts);
        let by_caller = name.who <= Who::Operator && name.open && consts.top && !consts.many && consts.set.iter().all(no);
        self.asks && self.strict && self.wants && !self.value.is_open() && (by_caller || name.who == Who::Operator)
    }
    /// The same guard of another value.
    pub fn of(&self, value: Val) -> Guard {
        Guard { value, wants: self.wants, strict: self.strict, told: self.told.clone(), asks: self.asks }
    }
}

impl Solver<'_> {
    /// What guards a fact: conditions around it, and checks above it that stop.
    pub fn guards(&mut self, node: Node) -> Vec<Guard> {
        let Some(scope) = self.tables.scope(node) else { return self.guards_of_module(node) };
        let facts = self.file(node.file);
        let around = conjuncts(facts, facts.fact(node.fact).when);
        let mut all: Vec<(CondId, bool)> = around.iter().map(|c| (*c, false)).collect();
        for (fact, f) in facts.iter().skip(scope.0 as usize).take_while(|(fact, _)| *fact < node.fact) {
            let What::Check { cond, on_fail } = f.what else { continue };
            let here = Node { fact, ..node };
            let above = self.tables.scope(here) == Some(scope) && on_fail != OnFail::Log && f.handler.is_none();
            if above && conjuncts(facts, f.when).iter().all(|c| around.contains(c)) {
                all.extend(conjuncts(facts, Some(cond)).into_iter().map(|c| (c, ends(on_fail))));
            }
        }
        let mut out = self.constructed(Node { fact: scope, ..node });
        for (cond, strict) in all {
            let cond = if strict { self.without_opt_ins(node, cond) } else { cond };
            if strict && self.is_opt_in(node, cond) {
                out.push(Guard::withheld());
                continue;
            }
            out.extend(self.guard_of(node, cond, true, strict));
        }
        out
    }
    /// What guards a fact that a module does when it is imported: checks above it that stop as long as the environment does not give its consent.
    fn guards_of_module(&mut self, node: Node) -> Vec<Guard> {
        if self.world.index.kind(node.file) != Kind::Python {
            return Vec::new();
        }
        let facts = self.file(node.file);
        let around = conjuncts(facts, facts.fact(node.fact).when);
        let checks = self.tables.of(node.file).map_or(&[][..], |l| l.module_checks.as_slice());
        let above = checks.partition_point(|fact| *fact < node.fact);
        let near: Vec<FactId> = checks.iter().take(above).rev().take(MAX_PARTS).copied().collect();
        for fact in near {
            let f = facts.fact(fact);
            if let What::Check { cond, .. } = f.what
                && conjuncts(facts, f.when).iter().all(|c| around.contains(c))
                && conjuncts(facts, Some(cond)).into_iter().any(|c| self.is_opt_in(Node { fact, ..node }, c))
            {
                return vec![Guard::withheld()];
            }
        }
        Vec::new()
    }
    /// What guards all methods of a class: what its constructor refuses to make an object without.
    fn constructed(&mut self, method: Node) -> Vec<Guard> {
        let Some(class) = self.tables.class(method) else { return Vec::new() };
        self.wanted.insert((class.file, format!("{}.__init__", self.class_name(class)), Ask::Definition));
        let Some(constructor) = self.tables.method(class, "__init__").filter(|c| *c != method && c.file == class.file) else { return Vec::new() };
        let facts = self.file(constructor.file);
        let checks: Vec<(FactId, CondId)> = facts
            .iter()
            .skip(constructor.fact.0 as usize + 1)
            .take_while(|(_, f)| facts.fact(constructor.fact).range.contains(f.range))
            .filter(|(fact, f)| {
                self.tables.scope(Node { fact: *fact, ..constructor }) == Some(constructor.fact) && f.when.is_none() && f.handler.is_none()
            })
            .filter_map(|(fact, f)| if let What::Check { cond, on_fail } = f.what { ends(on_fail).then_some((fact, cond)) } else { None })
            .collect();
        let of_object = |g: &Guard| g.value.consts.params.is_empty();
        let guards = checks.into_iter().flat_map(|(fact, cond)| conjuncts(facts, Some(cond)).into_iter().map(move |c| (fact, c)));
        guards.filter_map(|(fact, cond)| self.guard_of(Node { fact, ..constructor }, cond, true, true)).filter(of_object).collect()
    }
    /// What is left of alternatives while no variable of the environment gives consent in their place.
    fn without_opt_ins(&mut self, node: Node, cond: CondId) -> CondId {
        let CondWhat::Or(parts) = &self.file(node.file).cond(cond).what else { return cond };
        let mut left = parts.iter().copied().take(MAX_PARTS).filter(|part| !self.is_opt_in(node, *part)).collect::<Vec<_>>();
        match (left.pop(), left.is_empty()) {
            (Some(one), true) => one,
            _ => cond,
        }
    }
    /// Whether a parameter says yes or no and nothing else, by its annotation or by its default.
    fn says_yes_or_no(&self, node: Node, index: u32) -> bool {
        let facts = self.file(node.file);
        let Some(What::Function { params, .. }) = self.tables.scope(node).map(|f| &facts.fact(f).what) else { return false };
        let Some(param) = params.get(index as usize) else { return false };
        match (param.annotation, param.default) {
            (Some(annotation), _) => {
                let names = names_in(facts, annotation);
                names.contains("bool") && names.iter().all(|n| n == "bool" || last(n) == "Optional")
            }
            (None, default) => default.is_some_and(|v| matches!(facts.value(v).what, V::Bool(_))),
        }
    }
    /// The guard that a condition is which must hold, or must not.
    fn guard_of(&mut self, node: Node, cond: CondId, holds: bool, strict: bool) -> Option<Guard> {
        let facts = self.file(node.file);
        let (inner, wants) = match facts.cond(cond).what {
            CondWhat::Not(inner) => (inner, !holds),
            _ => (cond, holds),
        };
        let (value, wants) = match facts.cond(inner).what {
            CondWhat::Atom(value, CmpOp::Truthy, _) => (value, wants),
            // `self.allow is not True`.
            CondWhat::Atom(value, op @ (CmpOp::Eq | CmpOp::Ne), other) if matches!(facts.value(value).what, V::Attr(..)) => {
                let V::Bool(truth) = facts.value(other).what else { return None };
                (value, wants == ((op == CmpOp::Eq) == truth))
            }
            _ => return self.compared(node, &facts.cond(inner).what, wants, strict),
        };
        match &facts.value(value).what {
            V::Param(n) => {
                // Who says it counts here too.
                let of = Node { fact: self.tables.scope(node)?, ..node };
                Some(Guard { value: Val::param(of, *n), wants, strict, told: Told::True, asks: self.says_yes_or_no(node, *n) })
            }
            V::Attr(base, field) if facts.value(*base).what == V::Param(0) => {
                let guard = Guard { value: self.settled(|s| s.at(node, value)), wants, strict, told: Told::True, asks: false };
                let off = if guard.refuses() { self.is_never_set(node, field, wants) } else { self.is_off_by_default(&guard) };
                off.then_some(guard)
            }
            _ => None,
        }
    }
    /// What guards a call and is off unless somebody gives consent: whoever calls the function that it stands in, or the environment. Also what callers of that
    /// function decide by what they hand over.
    pub fn opt_ins(&mut self, call: Node) -> Vec<Guard> {
        let mut guards = self.guards(call);
        guards.retain(|g| g.refuses() || g.told != Told::True || g.asks || self.is_off_by_default(g));
        guards
    }
    /// Whether a guard waits for somebody's consent.
    pub fn is_consent(&self, guard: &Guard) -> bool {
        (guard.asks && guard.strict && guard.wants) || self.is_off_by_default(guard)
    }
    /// Whether a guard is a parameter that refuses when nobody hands anything over.
    fn is_off_by_default(&self, guard: &Guard) -> bool {
        let off = |(of, index): &(Node, u32)| {
            let What::Function { params, .. } = &self.file(of.file).fact(of.fact).what else { return false };
            let default = params.get(*index as usize).and_then(|p| p.default);
            default.is_some_and(|v| self.file(of.file).value(v).what == V::Bool(!guard.wants))
        };
        let consts = &guard.value.consts;
        guard.told == Told::True
            && !consts.top
            && !consts.params.is_empty()
            && consts.params.iter().all(off)
            && consts.set.iter().all(|l| *l == Lit::Bool(!guard.wants))
    }
    /// Whether nothing hands a field that a class states to an object or gives it another value there.
    fn is_never_set(&mut self, node: Node, field: &str, wants: bool) -> bool {
        let class = self.tables.class_around(node);
        let mut family = BTreeSet::new();
        if let Some(class) = class {
            self.wanted.insert((class.file, self.class_name(class).to_owned(), Ask::Uses));
            family = self.tables.family(class).into_iter().map(|c| last(self.class_name(c)).to_owned()).collect();
        }
        let name = name_hash(field);
        let files = self.tables.local.iter().enumerate().map(|(i, l)| (FileId(u32::try_from(i).unwrap_or(u32::MAX)), l));
        let mut given = files.filter(|(file, l)| l.gives_other_than(name, !wants) && !self.world.index.is_test(*file));
        !given.any(|(file, _)| self.is_set_in(file, field, wants, &family))
    }
    /// Whether something of a file gives a field of one of these classes, or of any object, another value than what refuses. What is handed on under the same
    /// name is said where it comes from.
    fn is_set_in(&self, file: FileId, field: &str, wants: bool, family: &BTreeSet<String>) -> bool {
        let facts = self.file(file);
        let handed_on = |v: ValueId, node: Node| match &facts.value(v).what {
            V::Attr(_, name) => name == field,
            V::Param(n) => match self.tables.scope(node).map(|f| &facts.fact(f).what) {
                Some(What::Function { params, .. }) => params.get(*n as usize).is_some_and(|p| p.name == field),
                _ => false,
            },
            other => *other == V::Bool(!wants),
        };
        let is_class = |segment: &str| segment.starts_with(char::is_uppercase);
        // Of a large family not all are known.
        let few = family.len() < MAX_PARTS;
        let of_others = |name: &str| few && name.split('.').any(is_class) && !name.split('.').any(|s| family.contains(s));
        facts.iter().any(|(fact, f)| {
            let node = Node { file, fact };
            match &f.what {
                What::Call(call) => {
                    let given = call.args.iter().find(|a| matches!(&a.name, ArgName::Keyword(k) if k == field));
                    given.is_some_and(|a| !of_others(&call.name) && !handed_on(a.value, node))
                }
                What::Assignment { target: Target::Attr(base, name), value } if name == field => {
                    let own = matches!(facts.value(*base).what, V::Param(0)).then(|| self.tables.class_around(node)).flatten();
                    !own.is_some_and(|c| of_others(self.class_name(c))) && !handed_on(*value, node)
                }
                _ => false,
            }
        })
    }
}

/// The parts of a condition that must all hold.
pub fn conjuncts(facts: &FileFacts, cond: Option<CondId>) -> Vec<CondId> {
    let mut out = Vec::new();
    let mut next: Vec<CondId> = cond.into_iter().collect();
    while let Some(id) = next.pop().filter(|_| out.len() < MAX_PARTS) {
        match &facts.cond(id).what {
            CondWhat::And(parts) => next.extend(parts),
            _ => out.push(id),
        }
    }
    out
}
