//! Fills the facts of a file in the order they are read. Knows what encloses what, no language.

use super::{Construct, Fact, FactId, FileFacts, V, Value, ValueId, What};
use crate::cond::{Cond, CondId};
use crate::notice::{LocalNotice, NoticeKind};
use crate::source::Range;
use crate::text::Text;

/// Fills a [`FileFacts`]; keeps the enclosing owner, condition, handler and construct while a front end walks.
#[derive(Debug, Default)]
pub struct Builder {
    /// What was built so far.
    pub facts: FileFacts,
    owners: Vec<(FactId, u32)>,
    top: u32,
    conds: Vec<CondId>,
    handlers: Vec<FactId>,
    constructs: Vec<u32>,
}

impl Builder {
    /// Continues `facts`, under `owner` (for text that a row calls code).
    pub fn resume(facts: FileFacts, owner: FactId) -> Self {
        let order = facts.items.iter().filter(|f| f.owner == Some(owner)).map(|f| f.order + 1).max().unwrap_or(0);
        let mut builder = Builder { facts, ..Builder::default() };
        let fact = builder.facts.fact(owner);
        let (range, when, handler) = (fact.range, fact.when, fact.handler);
        builder.owners.push((owner, order));
        builder.conds.extend(when);
        builder.handlers.extend(handler);
        builder.constructs.extend(builder.facts.construct_at(range));
        builder
    }
    /// Adds a fact under the current owner, condition and handler.
    pub fn add(&mut self, range: Range, what: What) -> FactId {
        let id = FactId(u32::try_from(self.facts.items.len()).unwrap_or(u32::MAX));
        let (owner, order) = match self.owners.last_mut() {
            Some((owner, next)) => (Some(*owner), next),
            None => (None, &mut self.top),
        };
        let fact = Fact { owner, order: *order, when: self.conds.last().copied(), handler: self.handlers.last().copied(), range, what };
        *order += 1;
        self.facts.items.push(fact);
        id
    }
    /// Adds a value.
    pub fn value(&mut self, range: Range, what: V) -> ValueId {
        let id = ValueId(u32::try_from(self.facts.values.len()).unwrap_or(u32::MAX));
        self.facts.values.push(Value { range, what });
        id
    }
    /// Adds literal text.
    pub fn text(&mut self, text: Text) -> ValueId {
        self.value(text.whole(), V::text(text))
    }
    /// Adds a condition.
    pub fn cond(&mut self, range: Range, what: crate::cond::CondWhat) -> CondId {
        let id = CondId(u32::try_from(self.facts.conds.len()).unwrap_or(u32::MAX));
        self.facts.conds.push(Cond { range, what });
        id
    }
    /// Adds a notice.
    pub fn notice(&mut self, range: Range, kind: NoticeKind, text: impl Into<String>) {
        self.facts.notices.push(LocalNotice { range, kind, text: text.into() });
    }
    /// Runs `body` with `owner` as the enclosing fact.
    pub fn within<T>(&mut self, owner: FactId, body: impl FnOnce(&mut Self) -> T) -> T {
        self.enter(owner);
        let out = body(self);
        self.leave();
        out
    }
    /// Makes `owner` the enclosing fact until the matching [`Builder::leave`]; for walks that cannot be closures.
    pub fn enter(&mut self, owner: FactId) {
        // What a fact owns comes after it.
        let owned = self.facts.items.get(owner.0 as usize..).unwrap_or_default();
        let next = owned.iter().rev().find(|f| f.owner == Some(owner)).map_or(0, |f| f.order + 1);
        self.owners.push((owner, next));
    }
    /// Ends the innermost [`Builder::enter`].
    pub fn leave(&mut self) {
        self.owners.pop();
    }
    /// Adds a condition to the enclosing ones until the matching [`Builder::lift`].
    pub fn restrict(&mut self, cond: CondId) {
        let whole = match self.conds.last() {
            Some(outer) => {
                let range = self.facts.cond(cond).range;
                let both = vec![*outer, cond];
                self.cond(range, crate::cond::CondWhat::And(both))
            }
            None => cond,
        };
        self.conds.push(whole);
    }
    /// Ends the innermost [`Builder::restrict`].
    pub fn lift(&mut self) {
        self.conds.pop();
    }
    /// Enters a handler of `try_fact` until the matching [`Builder::caught`].
    pub fn catch(&mut self, try_fact: FactId) {
        self.handlers.push(try_fact);
    }
    /// Ends the innermost [`Builder::catch`].
    pub fn caught(&mut self) {
        self.handlers.pop();
    }
    /// Opens a named construct until the matching [`Builder::shut`].
    pub fn open(&mut self, range: Range, name: impl Into<String>, ignorable: bool) {
        let id = u32::try_from(self.facts.constructs.len()).unwrap_or(u32::MAX);
        let parent = self.constructs.last().copied();
        self.facts.constructs.push(Construct { range, name: name.into(), parent, ignorable });
        self.constructs.push(id);
    }
    /// Ends the innermost [`Builder::open`].
    pub fn shut(&mut self) {
        self.constructs.pop();
    }
    /// The enclosing fact.
    pub fn owner(&self) -> Option<FactId> {
        self.owners.last().map(|o| o.0)
    }
    /// Runs `body` under one more condition: the conjunction with the enclosing one is what its facts carry.
    pub fn under<T>(&mut self, cond: CondId, body: impl FnOnce(&mut Self) -> T) -> T {
        self.restrict(cond);
        let out = body(self);
        self.lift();
        out
    }
    /// Runs `body` in a handler of `try_fact`.
    pub fn handling<T>(&mut self, try_fact: FactId, body: impl FnOnce(&mut Self) -> T) -> T {
        self.catch(try_fact);
        let out = body(self);
        self.caught();
        out
    }
    /// Runs `body` inside a named construct.
    pub fn construct<T>(&mut self, range: Range, name: impl Into<String>, ignorable: bool, body: impl FnOnce(&mut Self) -> T) -> T {
        self.open(range, name, ignorable);
        let out = body(self);
        self.shut();
        out
    }
    /// The facts.
    pub fn finish(self) -> FileFacts {
        self.facts
    }
}
