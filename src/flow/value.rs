//! The abstract value: what is known of a value as two origins, a set of literals, and the parameters that are still to be filled in. A finite
//! join-semilattice whose bottom is [`Val::default`]; knows no fact and no row.

use std::sync::Arc;

use crate::catalog::row::RowId;
use crate::finding::Location;
use crate::graph::Node;
use crate::origin::{Mutable, Origin, Who};

/// How many literals a value keeps before it is "any".
pub const MAX_LITERALS: usize = 8;
/// How many parameters a value keeps before the rest counts as unknown.
const MAX_DEPS: usize = 24;
/// How many producing calls a value keeps.
const MAX_MAKERS: usize = 4;

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lit {
    /// Nothing is given.
    Absent,
    /// Null.
    None,
    /// A truth value.
    Bool(bool),
    /// A number as written.
    Num(String),
    /// Text.
    Str(String),
    /// A qualified name: a class, a constant of a library.
    Name(String),
}

impl Lit {
    /// As text, as tests of rows compare it.
    pub fn text(&self) -> String {
        match self {
            Lit::Absent => String::new(),
            Lit::None => "none".to_owned(),
            Lit::Bool(b) => b.to_string(),
            Lit::Num(s) | Lit::Str(s) | Lit::Name(s) => s.clone(),
        }
    }
}

/// The literals a value may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Consts {
    /// Sorted.
    pub set: Vec<Lit>,
    /// Others are possible.
    pub top: bool,
    /// There are too many to keep any.
    pub many: bool,
    /// The value may be this very parameter.
    pub params: Vec<(Node, u32)>,
}

impl Consts {
    /// Any value.
    pub fn any() -> Self {
        Consts { top: true, ..Consts::default() }
    }
    /// One literal.
    pub fn one(lit: Lit) -> Self {
        Consts { set: vec![lit], ..Consts::default() }
    }
    /// Whether nothing is known yet.
    pub fn is_bottom(&self) -> bool {
        self.set.is_empty() && !self.top && self.params.is_empty()
    }
    /// All literals, when they are all known.
    pub fn all(&self) -> Option<&[Lit]> {
        (!self.top && self.params.is_empty() && !self.set.is_empty()).then_some(&self.set)
    }
    /// The text, when it is one known string.
    pub fn text(&self) -> Option<&str> {
        match self.all()? {
            [Lit::Str(s)] => Some(s),
            _ => None,
        }
    }
    fn join(&mut self, other: &Consts) {
        self.top |= other.top;
        self.many |= other.many;
        union(&mut self.params, &other.params);
        union(&mut self.set, &other.set);
        self.many |= self.set.len() > MAX_LITERALS;
        self.top |= self.many || self.params.len() > MAX_DEPS;
        if self.many {
            self.set.clear();
        }
        if self.top {
            self.params.clear();
        }
    }
}

/// Which origin of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Who chose the text.
    Name,
    /// Who can write what is behind it.
    Bytes,
}

/// How a fetch is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PinState {
    /// Settled here.
    Fixed(Mutable),
    /// By this parameter of the same function.
    By(u32),
    /// By the end of the name itself (`name@ref`).
    Suffix,
}

/// What of a parameter is joined in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// One of its origins.
    Own(Side),
    /// What a hub or host serves under that name.
    Fetched(PinState),
}

/// A parameter that is still to be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dep {
    /// The function, template or script.
    pub of: Node,
    /// Position of the parameter.
    pub index: u32,
    /// The side of this value that it joins.
    pub to: Side,
    /// What of the argument.
    pub part: Part,
}

/// Which calls made a value: the base of round trips.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Made {
    /// Qualified names of producing calls, sorted.
    pub by: Vec<String>,
    /// Something else may have made it.
    pub other: bool,
}

impl Made {
    /// Put together below a host that the program states.
    pub fn below_host() -> Self {
        Made { by: vec!["://".to_owned()], other: false }
    }
    /// Made by anything.
    pub const OTHER: Made = Made { by: Vec::new(), other: true };
    /// Made by either.
    pub fn join(&mut self, other: &Made) {
        self.other |= other.other;
        union(&mut self.by, &other.by);
        if self.by.len() > MAX_MAKERS {
            self.other = true;
        }
        if self.other {
            self.by.clear();
        }
    }
}

/// Where the outermost origin of a value was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Who writes there.
    pub who: Who,
    /// Place.
    pub at: Location,
    /// One clause for people.
    pub text: String,
    /// The row that says so, and which effect.
    pub row: Option<(RowId, u32)>,
    /// The name outside, when literal.
    pub subject: Option<String>,
}

/// What is known of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Val {
    /// Who chose it, or the name it is.
    pub name: Origin,
    /// Who can write what is behind it; of a value that is content: the content.
    pub bytes: Origin,
    /// Parameters to fill in, sorted.
    pub deps: Vec<Dep>,
    /// Literals.
    pub consts: Consts,
    /// What made it.
    pub made: Made,
    /// Where its outermost origin was read.
    pub source: Option<Arc<Source>>,
}

impl Val {
    /// Both origins, no literal.
    pub fn content(origin: Origin) -> Self {
        Val { name: origin, bytes: origin, consts: Consts::any(), made: Made::OTHER, ..Val::default() }
    }
    /// Nothing is known: a lower bound.
    pub fn unknown() -> Self {
        Val::content(Origin::UNKNOWN)
    }
    /// Something this program computes.
    pub fn program() -> Self {
        Val::content(Origin::PROGRAM)
    }
    /// A literal of the source, that is no path.
    pub fn literal(lit: Lit) -> Self {
        Val { consts: Consts::one(lit), ..Val::content(Origin::REPOSITORY) }
    }
    /// A parameter.
    pub fn param(of: Node, index: u32) -> Self {
        let dep = |side| Dep { of, index, to: side, part: Part::Own(side) };
        Val { deps: vec![dep(Side::Name), dep(Side::Bytes)], consts: Consts { params: vec![(of, index)], ..Consts::default() }, ..Val::default() }
    }
    /// Least upper bound.
    pub fn join(&mut self, other: &Val) {
        self.name = self.name.join(other.name);
        self.bytes = self.bytes.join(other.bytes);
        union(&mut self.deps, &other.deps);
        if self.deps.len() > MAX_DEPS {
            self.deps.truncate(MAX_DEPS);
            self.name.known = false;
            self.bytes.known = false;
        }
        self.consts.join(&other.consts);
        self.made.join(&other.made);
        self.source = better(self.source.take(), other.source.clone());
    }
    /// Joins and says whether anything changed.
    pub fn grow(&mut self, other: &Val) -> bool {
        let before = self.clone();
        self.join(other);
        before != *self
    }
    /// A value computed from this one: origins stay, identity is lost.
    #[must_use]
    pub fn derived(mut self) -> Self {
        self.consts = Consts::any();
        self.made = Made::OTHER;
        self
    }
    /// A lower bound of the same.
    #[must_use]
    pub fn less_known(mut self) -> Self {
        self.name.known = false;
        self.bytes.known = false;
        self
    }
    /// The value as a further part of a text: who chose it decides what lies there, not what lies where it alone would lead.
    #[must_use]
    pub fn further(mut self) -> Self {
        let outside = self.bytes.who >= Who::Publisher;
        self.bytes = if outside { self.bytes } else { self.name };
        let own = |d: &Dep, side| d.part == Part::Own(side);
        let names: Vec<Dep> = self.deps.iter().filter(|d| d.to == Side::Name && own(d, Side::Name)).map(|d| Dep { to: Side::Bytes, ..*d }).collect();
        self.deps.retain(|d| d.to == Side::Name || !own(d, Side::Bytes));
        union(&mut self.deps, &names);
        self
    }
    /// The content behind a name: both origins are those of the bytes.
    #[must_use]
    pub fn read(self) -> Self {
        let mut deps = Vec::new();
        for dep in self.deps.iter().filter(|d| d.to == Side::Bytes) {
            deps.push(Dep { to: Side::Name, ..*dep });
            deps.push(*dep);
        }
        deps.sort_unstable();
        deps.dedup();
        Val { name: self.bytes, deps, consts: Consts::any(), made: Made::OTHER, ..self }
    }
    /// The same with a source, unless it has an outer one.
    #[must_use]
    pub fn from_source(mut self, source: Source) -> Self {
        self.source = better(self.source.take(), Some(Arc::new(source)));
        self
    }
    /// The outermost of both sides.
    pub fn who(&self) -> Who {
        self.name.who.max(self.bytes.who)
    }
    /// Whether a parameter of a function is part of it.
    pub fn is_open(&self) -> bool {
        !self.deps.is_empty() || !self.consts.params.is_empty()
    }
    /// The functions whose parameters are part of it, in order.
    pub fn functions(&self) -> Vec<Node> {
        let mut out: Vec<Node> = self.deps.iter().map(|d| d.of).chain(self.consts.params.iter().map(|p| p.0)).collect();
        out.sort_unstable();
        out.dedup();
        out
    }
    /// The value with the parameters of `of` filled in. `arg` gives the argument of a position, `fetch` what a host serves under an argument's name.
    #[must_use]
    pub fn fill(&self, of: Node, arg: &mut dyn FnMut(u32) -> Val, fetch: &mut dyn FnMut(&Val, PinState) -> Val) -> Val {
        if !self.deps.iter().any(|d| d.of == of) && !self.consts.params.iter().any(|p| p.0 == of) {
            return self.clone();
        }
        let mut out = self.clone();
        out.deps.retain(|d| d.of != of);
        out.consts.params.retain(|p| p.0 != of);
        for dep in self.deps.iter().filter(|d| d.of == of) {
            let given = arg(dep.index);
            let (given, side) = match dep.part {
                Part::Own(side) => (given, side),
                Part::Fetched(pin) => (fetch(&given, pin), Side::Bytes),
            };
            let origin = if side == Side::Name { given.name } else { given.bytes };
            let target = if dep.to == Side::Name { &mut out.name } else { &mut out.bytes };
            *target = target.join(origin);
            let rest: Vec<Dep> = given.deps.iter().filter(|d| d.to == side).map(|d| Dep { to: dep.to, ..*d }).collect();
            let mut sorted = rest;
            sorted.sort_unstable();
            sorted.dedup();
            union(&mut out.deps, &sorted);
            out.source = better(out.source.take(), given.source);
        }
        for (_, index) in self.consts.params.iter().filter(|p| p.0 == of) {
            let given = arg(*index);
            out.consts.join(&given.consts);
            out.made.join(&given.made);
        }
        if out.deps.len() > MAX_DEPS {
            out.deps.truncate(MAX_DEPS);
            out = out.less_known();
        }
        out
    }
    /// The value when nobody fills its parameters in: `open` if outsiders can, else a lower bound.
    #[must_use]
    pub fn closed(&self, open: bool) -> Val {
        let mut out = self.clone();
        for dep in &self.deps {
            let target = if dep.to == Side::Name { &mut out.name } else { &mut out.bytes };
            if open {
                target.open = true;
            } else {
                target.known = false;
            }
        }
        if !self.consts.params.is_empty() {
            out.made = Made::OTHER;
            out.consts = Consts::any();
        }
        out.deps.clear();
        out
    }
}

/// The source of the outer origin; among equals the first in the files.
fn better(a: Option<Arc<Source>>, b: Option<Arc<Source>>) -> Option<Arc<Source>> {
    match (a, b) {
        (Some(a), Some(b)) => {
            let key = |s: &Source| (std::cmp::Reverse(s.who), s.at.file, s.at.range, s.text.clone(), s.row, s.subject.clone());
            Some(if key(&b) < key(&a) { b } else { a })
        }
        (a, b) => a.or(b),
    }
}

/// Adds the members of a sorted set to another.
fn union<T: Ord + Clone>(into: &mut Vec<T>, from: &[T]) {
    for item in from {
        if let Err(at) = into.binary_search(item) {
            into.insert(at, item.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::FactId;
    use crate::origin::Via;
    use crate::source::{FileId, Range};
    use proptest::prelude::*;

    fn node(n: u32) -> Node {
        Node { file: FileId(0), fact: FactId(n) }
    }
    fn origins() -> impl Strategy<Value = Origin> {
        let who = proptest::sample::select(vec![Who::Program, Who::Repository, Who::Operator, Who::Publisher, Who::Peer, Who::Anyone]);
        let mutable = proptest::sample::select(vec![Mutable::Digest, Mutable::Release, Mutable::Moving]);
        (who, mutable, 0u16..4, any::<bool>(), any::<bool>()).prop_map(|(who, mutable, via, open, known)| Origin {
            who,
            mutable,
            via: Via(via),
            open,
            known,
        })
    }
    fn vals() -> impl Strategy<Value = Val> {
        let lits = proptest::collection::vec(0u8..12, 0..6);
        let params = proptest::collection::vec((0u32..2, 0u32..2), 0..2);
        let source = proptest::option::of((0usize..3, 0usize..2));
        (origins(), origins(), lits, any::<bool>(), params, any::<bool>(), source).prop_map(|(name, bytes, lits, top, params, other, source)| {
            let mut v = Val { name, bytes, ..Val::default() };
            for l in lits {
                v.consts.join(&Consts::one(Lit::Num(l.to_string())));
                v.made.join(&Made { by: vec![l.to_string()], other: false });
            }
            if top {
                v.consts.join(&Consts::any());
            }
            if other {
                v.made.join(&Made::OTHER);
            }
            for (f, i) in params {
                v.join(&Val::param(node(f), i));
            }
            if let Some((at, text)) = source {
                let at = Location { file: FileId(0), range: Range::new(at, at + 1) };
                v = v.from_source(Source { who: bytes.who, at, text: text.to_string(), row: None, subject: None });
            }
            v
        })
    }
    fn joined(a: &Val, b: &Val) -> Val {
        let mut out = a.clone();
        out.join(b);
        out
    }

    proptest! {
        #[test]
        fn join_is_a_least_upper_bound(a in vals(), b in vals(), c in vals()) {
            prop_assert_eq!(joined(&a, &b), joined(&b, &a));
            prop_assert_eq!(joined(&joined(&a, &b), &c), joined(&a, &joined(&b, &c)));
            prop_assert_eq!(joined(&a, &a), a.clone());
            prop_assert_eq!(joined(&a, &Val::default()), a.clone());
            prop_assert_eq!(joined(&joined(&a, &b), &a), joined(&a, &b));
        }
        #[test]
        fn filling_in_grows_with_the_argument(v in vals(), a in vals(), b in vals()) {
            let more = joined(&a, &b);
            let fetch = &mut |v: &Val, _| v.clone();
            let small = v.fill(node(0), &mut |_| a.clone(), fetch);
            let big = v.fill(node(0), &mut |_| more.clone(), fetch);
            prop_assert_eq!(joined(&small, &big), big);
        }
    }

    #[test]
    fn a_parameter_becomes_its_argument() {
        let p = Val::param(node(1), 0);
        let arg = Val::literal(Lit::Str("x".into()));
        assert_eq!(p.fill(node(1), &mut |_| arg.clone(), &mut |v, _| v.clone()), arg);
        assert_eq!(p.fill(node(2), &mut |_| arg.clone(), &mut |v, _| v.clone()), p);
        assert!(p.closed(true).bytes.open && p.closed(false).bytes.open.eq(&false));
    }
}
