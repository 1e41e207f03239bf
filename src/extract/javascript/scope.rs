//! Names and what they hold: one table for each function, a journal of changes, and what a name holds where branches meet.

use std::collections::BTreeMap;

use super::Walk;
use crate::cond::{CondId, CondWhat};
use crate::facts::{Call, Target, V, ValueId, What};
use crate::source::Range;

/// Values a name may hold after many branches; what is more is one that is not known.
const CHOICES: usize = 16;

/// A name was given a value.
pub(super) struct Change {
    scope: usize,
    name: String,
    before: Option<ValueId>,
}

/// What a branch did: whether it ends all that follows, and the names it changed, with what they held before and hold after it.
pub(super) struct Arm {
    pub ends: bool,
    /// Whether some way through it leaves the function.
    pub left: bool,
    /// The conditions that a statement of the branch laid on what follows it.
    pub held: Vec<CondId>,
    changes: BTreeMap<(usize, String), (Option<ValueId>, ValueId)>,
}

impl Walk<'_, '_> {
    /// What a name holds here.
    pub fn lookup(&self, name: &str) -> Option<ValueId> {
        self.scopes.iter().rev().find_map(|s| s.get(name)).copied()
    }

    /// Gives a name of this function a value.
    pub fn declare(&mut self, name: &str, value: ValueId) {
        self.put(self.scopes.len().saturating_sub(1), name, value);
    }

    /// Gives a name a value where it was declared.
    pub fn assign(&mut self, name: &str, value: ValueId) {
        let declared = self.scopes.iter().rposition(|s| s.contains_key(name));
        self.put(declared.unwrap_or(0), name, value);
    }

    fn put(&mut self, scope: usize, name: &str, value: ValueId) {
        if let Some(names) = self.scopes.get_mut(scope) {
            let before = names.insert(name.to_owned(), value);
            self.journal.push(Change { scope, name: name.to_owned(), before });
        }
    }

    /// Reads a branch, under a condition when there is one; names are put back to what they were before it.
    pub fn arm(&mut self, cond: Option<CondId>, read: impl FnOnce(&mut Self) -> bool) -> Arm {
        let (mark, outer) = (self.journal.len(), self.conds.len());
        if let Some(cond) = cond {
            self.hold(cond);
        }
        let inner = self.conds.len();
        let before = std::mem::replace(&mut self.left, false);
        let ends = read(self);
        let left = std::mem::replace(&mut self.left, before);
        self.left |= left;
        let held = self.conds.get(inner..).unwrap_or_default().to_vec();
        self.release(outer);
        let mut changes = BTreeMap::new();
        for change in self.journal.drain(mark..).rev().collect::<Vec<_>>() {
            let Some(names) = self.scopes.get_mut(change.scope) else { continue };
            let now = match change.before {
                Some(before) => names.insert(change.name.clone(), before),
                None => names.remove(&change.name),
            };
            let entry = changes.entry((change.scope, change.name));
            if let Some(now) = now {
                entry.and_modify(|(b, _)| *b = change.before).or_insert((change.before, now));
            }
        }
        Arm { ends, left, held, changes }
    }

    /// Where two branches meet: each name holds what the branch that was taken left in it. `cond` brings the first, its negation the second.
    pub fn join(&mut self, cond: Option<CondId>, first: Arm, second: Arm, range: Range) {
        let mut names: Vec<(usize, String)> = first.changes.keys().chain(second.changes.keys()).cloned().collect();
        names.sort();
        names.dedup();
        for key in names {
            let before = first.changes.get(&key).or_else(|| second.changes.get(&key)).and_then(|c| c.0);
            let after = |arm: &Arm| arm.changes.get(&key).map(|c| c.1).or(before).filter(|_| !arm.ends);
            let value = match (after(&first), after(&second)) {
                (Some(a), Some(b)) if a != b => self.choice(&key.1, cond, a, b, range),
                (Some(one), _) | (None, Some(one)) => one,
                (None, None) => continue,
            };
            self.put(key.0, &key.1, value);
        }
    }

    /// One of two values: the first when the condition holds.
    pub fn choice(&mut self, name: &str, cond: Option<CondId>, first: ValueId, second: ValueId, range: Range) -> ValueId {
        let Some(cond) = cond else { return self.one_of(range, vec![first, second]) };
        let not = self.not(cond);
        let options = [(cond, first), (not, second)].map(|(cond, value)| self.when(name, cond, value, range));
        self.value(range, V::Phi(options.to_vec()))
    }

    /// A value that is there only when a condition holds: the value of an assignment under it.
    pub fn when(&mut self, name: &str, cond: CondId, value: ValueId, range: Range) -> ValueId {
        let target = Target::Name(format!("{}{name}", Call::JAVASCRIPT));
        let fact = self.b.under(cond, |b| b.add(range, What::Assignment { target, value }));
        self.value(range, V::Ref(fact))
    }

    /// One of several values, whichever.
    pub fn one_of(&mut self, range: Range, values: Vec<ValueId>) -> ValueId {
        if let [one] = values.as_slice() {
            return *one;
        }
        let mut all: Vec<ValueId> = Vec::new();
        for value in values {
            match self.what(value) {
                V::Phi(options) if options.len() <= CHOICES => all.extend(options.clone()),
                _ => all.push(value),
            }
        }
        all.sort();
        all.dedup();
        match all.as_slice() {
            [] => self.value(range, V::None),
            [one] => *one,
            many if many.len() > CHOICES => self.unknown(range, all),
            _ => self.value(range, V::Phi(all)),
        }
    }

    /// Reads something that is done never, once or often.
    pub fn perhaps(&mut self, cond: CondId, range: Range, read: impl FnOnce(&mut Self)) {
        let done = self.arm(Some(cond), |w| {
            read(w);
            false
        });
        let left = done.left;
        let never = self.arm(None, |_| false);
        self.join(None, done, never, range);
        if left {
            self.doubt(range);
        }
    }

    /// The answer to a test as a value.
    pub fn answer(&mut self, cond: CondId, range: Range) -> ValueId {
        if let CondWhat::Const(known) = self.b.facts.cond(cond).what {
            return self.value(range, V::Bool(known));
        }
        let (yes, no) = (self.value(range, V::Bool(true)), self.value(range, V::Bool(false)));
        let value = self.choice("", Some(cond), yes, no, range);
        self.tests.insert(value, cond);
        value
    }
}
