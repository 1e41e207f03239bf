//! Assignments as rows read them: which name is given another value, what a function that is assigned sets a keyword to, and environment variables that a
//! call or an assignment writes. Knows rows and facts.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::catalog::row::{Effect, Row, RowId, Slot, SlotName};
use crate::catalog::slot::{Argument, keyword, literals, same};
use crate::facts::{ArgName, FactId, FileFacts, Target, V, ValueId, What};

/// Values looked at for one name or keyword.
const MAX_STEPS: usize = 64;

impl Catalog {
    /// Rows of the name that an assignment gives another value: `a.b`, or `a.b[]` for an entry of it.
    pub(in crate::catalog) fn assigned(&self, facts: &FileFacts, target: &Target) -> Vec<RowId> {
        let names = match target {
            Target::Name(name) | Target::Global(name) => vec![name.clone()],
            Target::Attr(base, name) => names(facts, *base, 0).into_iter().map(|b| format!("{b}.{name}")).collect(),
            Target::Index(base, _) => names(facts, *base, 0).into_iter().map(|b| format!("{b}[]")).collect(),
        };
        names.iter().flat_map(|n| self.named("assign", n)).collect()
    }

    /// Rows of the environment variables that a call or an assignment writes, as its own rows say.
    pub(in crate::catalog) fn environment(&self, facts: &FileFacts, id: FactId, own: &[RowId]) -> Vec<RowId> {
        let named = own.iter().filter_map(|r| written(self.row(*r)).map(|(name, _)| (*r, name)));
        let texts = named.flat_map(|(row, name)| self.slot(facts, id, row, name)).filter_map(|v| facts.literal(v));
        texts.flat_map(|name| self.setting(&name)).collect()
    }

    /// What a call, an assignment or the words before a command write to the environment, for a row of the variable.
    pub(in crate::catalog) fn exported(&self, facts: &FileFacts, id: FactId, row: RowId) -> Argument {
        let own = match &facts.fact(id).what {
            What::Command(command) => {
                let named = command.env.iter().filter(|(name, _)| self.setting(name).contains(&row));
                return crate::catalog::slot::many(named.map(|(_, value)| *value).collect());
            }
            What::Call(call) => self.calls(facts, &crate::catalog::python::objects::Objects::default(), id, call),
            What::Assignment { target, .. } => self.assigned(facts, target),
            _ => Vec::new(),
        };
        let values = own.into_iter().filter_map(|r| Some((r, written(self.row(r))?.1?)));
        let values: Vec<ValueId> = values.flat_map(|(row, value)| self.slot(facts, id, row, value)).collect();
        crate::catalog::slot::many(values)
    }
}

/// The slots of the name and the value of an environment variable that a row writes.
fn written(row: &Row) -> Option<(&Slot, Option<&Slot>)> {
    row.effects.iter().find_map(|effect| match effect {
        Effect::Writes { channel, name, value, .. } if channel == "env" => Some((name, value.as_ref())),
        _ => None,
    })
}

/// What stands in a slot of an assignment: `0` the value, `key` the subscript.
pub(in crate::catalog) fn argument(target: &Target, value: ValueId, slot: &Slot) -> Argument {
    let Slot::Arg(names) = slot else { return Argument::Absent };
    let found = names.iter().find_map(|name| match (name, target) {
        (SlotName::Position(0), _) => Some(value),
        (SlotName::Name(name), Target::Index(_, key)) if name == "key" => Some(*key),
        _ => None,
    });
    found.map_or(Argument::Absent, |v| Argument::Values(vec![v]))
}

/// Whether a value is a function that sets a keyword to a literal for what it calls: one with arguments filled in, or one of this file.
pub(in crate::catalog) fn sets(facts: &FileFacts, value: ValueId, name: &str, literal: &str) -> bool {
    set_by(facts, value, name).into_iter().any(|v| literals(facts, v).is_some_and(|all| all.iter().any(|text| same(literal, text))))
}

/// The names a value stands for, `?` where its root is not one.
fn names(facts: &FileFacts, value: ValueId, depth: usize) -> BTreeSet<String> {
    if depth > 8 {
        return BTreeSet::new();
    }
    match &facts.value(value).what {
        V::Name(name) => BTreeSet::from([name.clone()]),
        V::Attr(base, name) => names(facts, *base, depth + 1).into_iter().map(|b| format!("{b}.{name}")).collect(),
        V::Phi(options) => options.iter().take(4).flat_map(|v| names(facts, *v, depth + 1)).collect(),
        V::Ref(fact) => match &facts.fact(*fact).what {
            What::Assignment { value, target: Target::Name(_) } => names(facts, *value, depth + 1),
            _ => BTreeSet::from(["?".to_owned()]),
        },
        _ => BTreeSet::from(["?".to_owned()]),
    }
}

/// What a function sets a keyword to: where its arguments are filled in, in the calls it makes, and in the dictionaries it fills.
fn set_by(facts: &FileFacts, value: ValueId, name: &str) -> Vec<ValueId> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    let mut todo = vec![value];
    while let Some(at) = todo.pop() {
        if !seen.insert(at) || seen.len() > MAX_STEPS {
            continue;
        }
        match &facts.value(at).what {
            V::Phi(options) => todo.extend(options),
            V::Func(function) => out.extend(set_inside(facts, *function, name)),
            V::Name(function) => {
                let defined = facts.iter().filter(|(_, f)| matches!(&f.what, What::Function { name, .. } if name == function));
                defined.for_each(|(id, _)| out.extend(set_inside(facts, id, name)));
            }
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, .. } => todo.push(*value),
                What::Call(call) => {
                    if let Some(Argument::Values(values)) = keyword(facts, &call.args, name) {
                        out.extend(values);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

fn set_inside(facts: &FileFacts, function: FactId, name: &str) -> Vec<ValueId> {
    let inside = facts.iter().skip(function.0 as usize).filter(|(id, _)| facts.owners(*id).any(|(owner, _)| owner == function));
    let is_key = |v: ValueId| facts.literal(v).as_deref() == Some(name);
    let mut out = Vec::new();
    for (_, fact) in inside {
        match &fact.what {
            What::Assignment { target: Target::Index(_, key), value } if is_key(*key) => out.push(*value),
            What::Call(call) => {
                if let Some(Argument::Values(values)) = keyword(facts, &call.args, name) {
                    out.extend(values);
                }
                let fills = call.name.rsplit('.').next() == Some("setdefault");
                let at = |n: u32| call.args.iter().find(|a| a.name == ArgName::Position(n)).map(|a| a.value);
                out.extend(at(1).filter(|_| fills && at(0).is_some_and(is_key)));
            }
            _ => {}
        }
    }
    out
}
