//! Dictionaries and lists that are built in sight: `{}`, `dict()`, `d[k] = v`, `update`, `append` and the like. A name holds a new value after each of them,
//! so that what a call is given through `**d` is what stands there by then.

use super::Lower;
use super::scope::{Def, ScopeKind};
use super::text::normalise;
use crate::facts::{Arg, ArgName, Target, V, ValueId, What};
use crate::source::Range;
use crate::syntax::python::Node;

/// Entries of one collection that are kept apart.
const MANY: usize = 64;
/// Alternatives of one name that are changed one by one.
const ALTERNATIVES: usize = 4;

/// A change of a collection.
enum Change {
    /// These entries, the later ones winning; more may come when `open`.
    Entries(Vec<(ValueId, ValueId)>, bool),
    /// An entry, unless there is one.
    Default(ValueId, ValueId),
    /// An entry goes.
    Without(ValueId),
    /// Elements at the end; more may come when `open`.
    Elements(Vec<ValueId>, bool),
    /// Nothing is left.
    Empty,
}

impl<'t> Lower<'t, '_> {
    /// `dict(a=1, **more)` as the dictionary it is.
    pub(super) fn dictionary_call(&mut self, range: Range, callee: ValueId, args: &[Arg]) -> Option<ValueId> {
        if !matches!(&self.b.facts.value(callee).what, V::Name(n) if n == "dict") || self.others.contains("dict") {
            return None;
        }
        let (entries, open) = self.entries_of(range, args);
        Some(self.value(range, V::Dict(entries, open)))
    }

    /// What arguments put into a dictionary.
    fn entries_of(&mut self, range: Range, args: &[Arg]) -> (Vec<(ValueId, ValueId)>, bool) {
        let (mut entries, mut open) = (Vec::new(), false);
        for arg in args {
            if let ArgName::Keyword(name) = &arg.name {
                let key = self.b.text(crate::text::Text::synthetic(name, range));
                entries.push((key, arg.value));
            } else if let V::Dict(inner, more) = &self.b.facts.value(self.through(arg.value)).what {
                open |= *more;
                entries.extend(inner.clone());
            } else {
                open = true;
                let key = self.value(range, V::Unknown(vec![arg.value]));
                entries.push((key, arg.value));
            }
        }
        (entries, open)
    }

    /// `a | b` of dictionaries in sight.
    pub(super) fn merged(&mut self, range: Range, left: ValueId, right: ValueId) -> Option<ValueId> {
        let dictionary = |value| match &self.b.facts.value(self.through(value)).what {
            V::Dict(entries, open) => Some((entries.clone(), *open)),
            _ => None,
        };
        let ((mut entries, a), (more, b)) = (dictionary(left)?, dictionary(right)?);
        entries.extend(more);
        Some(self.value(range, V::Dict(entries, a || b)))
    }

    /// `base[key] = value`.
    pub(super) fn entered(&mut self, base: Node<'t>, place: Range, key: ValueId, value: ValueId) {
        if base.kind() == "identifier" {
            let name = normalise(base.text());
            self.change(&name, place, &Change::Entries(vec![(key, value)], false));
        }
    }

    /// `del base[key]`.
    pub(super) fn removed(&mut self, target: Node<'t>, value: ValueId) {
        if let (Some(base), V::Index(_, key)) = (target.field("value"), &self.b.facts.value(value).what)
            && base.kind() == "identifier"
        {
            let key = *key;
            let place = self.range(target);
            self.change(&normalise(base.text()), place, &Change::Without(key));
        }
    }

    /// A method of a collection changes what the name holds; of a field, what the field may hold.
    pub(super) fn changed_by(&mut self, call: Node<'t>, range: Range, receiver: Option<ValueId>, args: &[Arg]) {
        let Some(function) = call.field("function").filter(|f| f.kind() == "attribute") else { return };
        let method = function.field("attribute").map(|a| normalise(a.text())).unwrap_or_default();
        let Some(change) = self.change_of(&method, range, args) else { return };
        let Some(object) = function.field("object") else { return };
        if object.kind() == "identifier" {
            let name = normalise(object.text());
            self.change(&name, range, &change);
        }
        let Some(receiver) = receiver else { return };
        let what = match change {
            Change::Elements(values, _) => V::List(values, true),
            Change::Entries(entries, _) => V::Dict(entries, true),
            Change::Default(key, value) => V::Dict(vec![(key, value)], true),
            Change::Without(_) | Change::Empty => return,
        };
        if matches!(self.b.facts.value(receiver).what, V::Name(_)) && !self.imported.contains(&receiver) {
            // A variable of the module, changed in a function.
            let entries = match &what {
                V::Dict(entries, _) => entries.clone(),
                V::List(items, _) => {
                    let key = self.value(range, V::Unknown(Vec::new()));
                    items.iter().map(|i| (key, *i)).collect()
                }
                _ => Vec::new(),
            };
            for (key, value) in entries {
                self.add(range, What::Assignment { target: Target::Index(receiver, key), value });
            }
            return;
        }
        if let V::Attr(base, name) = self.b.facts.value(receiver).what.clone()
            && !self.imported.contains(&receiver)
        {
            let value = self.value(range, what);
            self.add(range, What::Assignment { target: Target::Attr(base, name), value });
        }
    }

    fn change_of(&mut self, method: &str, range: Range, args: &[Arg]) -> Option<Change> {
        let position = |n: usize| args.get(n).filter(|a| matches!(a.name, ArgName::Position(_))).map(|a| a.value);
        Some(match (method, args.len()) {
            ("update", 1..) => {
                let (entries, open) = self.entries_of(range, args);
                Change::Entries(entries, open)
            }
            ("setdefault", 1..=2) => {
                let none = self.value(range, V::None);
                Change::Default(position(0)?, position(1).unwrap_or(none))
            }
            ("pop", 1..=2) => Change::Without(position(0)?),
            ("append" | "add" | "appendleft" | "put", 1) => Change::Elements(vec![position(0)?], false),
            ("insert", 2) => Change::Elements(vec![position(1)?], true),
            ("extend", 1) => match &self.b.facts.value(self.through(position(0)?)).what {
                V::List(values, open) => Change::Elements(values.clone(), *open),
                _ => {
                    let key = self.value(range, V::Unknown(Vec::new()));
                    let element = self.value(range, V::Index(position(0)?, key));
                    Change::Elements(vec![element], true)
                }
            },
            ("clear", 0) => Change::Empty,
            _ => return None,
        })
    }

    /// Gives a name of this scope what its collection is after a change.
    fn change(&mut self, name: &str, place: Range, change: &Change) {
        let at = self.scopes.iter().rposition(|s| s.kind != ScopeKind::Inner).unwrap_or(0);
        let Some(defs) = self.scopes.get(at).and_then(|s| s.get(name)).map(<[Def]>::to_vec) else { return };
        if defs.len() > ALTERNATIVES {
            return;
        }
        let mut after = Vec::new();
        for def in &defs {
            let mut new = match def {
                Def::Value(value) => self.changed(*value, change),
                Def::Back(_) => None,
            };
            // Other modules see what the variable holds after all of it.
            if let Some(value) = new.filter(|_| at == 0) {
                let fact = self.add(place, What::Assignment { target: Target::Name(name.to_owned()), value });
                new = Some(self.value(place, V::Ref(fact)));
            }
            let new = new.map(Def::Value);
            after.push(new.unwrap_or(*def));
        }
        if after != defs
            && let Some(scope) = self.scopes.get_mut(at)
        {
            scope.replace(name, &defs, after);
        }
    }

    fn changed(&mut self, value: ValueId, change: &Change) -> Option<ValueId> {
        let before = self.b.facts.value(self.through(value));
        let range = before.range;
        let literal = |key: ValueId| self.b.facts.literal(self.through(key));
        let what = match (&before.what, change) {
            (V::Dict(have, open), Change::Entries(more, opens)) if have.len() + more.len() <= MANY => {
                V::Dict(have.iter().chain(more).copied().collect(), *open || *opens)
            }
            (V::Dict(have, open), Change::Default(key, value)) => {
                let wanted = literal(*key);
                let known = wanted.is_some() && have.iter().any(|(k, _)| literal(*k) == wanted);
                if known || have.len() >= MANY {
                    return None;
                }
                // What may be there already counts first.
                V::Dict(std::iter::once((*key, *value)).chain(have.iter().copied()).collect(), *open)
            }
            (V::Dict(have, open), Change::Without(key)) => {
                let wanted = literal(*key)?;
                V::Dict(have.iter().filter(|(k, _)| literal(*k).as_ref() != Some(&wanted)).copied().collect(), *open)
            }
            (V::List(have, open), Change::Elements(more, opens)) if have.len() + more.len() <= MANY => {
                V::List(have.iter().chain(more).copied().collect(), *open || *opens)
            }
            (V::List(have, open), Change::Entries(more, _)) if have.len() + more.len() <= MANY => {
                V::List(have.iter().copied().chain(more.iter().map(|(_, v)| *v)).collect(), *open)
            }
            (V::Dict(..), Change::Empty) => V::Dict(Vec::new(), false),
            (V::List(..), Change::Empty) => V::List(Vec::new(), false),
            _ => return None,
        };
        Some(self.value(range, what))
    }
}
