//! Functions that are handed over to be called: what a row says of `submit(f, x)` or `Thread(target=f, args=(x,))` becomes a call of `f`. Knows rows and facts.

use super::settled;
use crate::catalog::Catalog;
use crate::catalog::row::{Effect, RowId, Slot};
use crate::facts::{Arg, ArgName, Call, FactId, FileFacts, V, ValueId, What};

/// Arguments of one call that are followed.
const MANY: usize = 16;

/// The calls that rows say a call leads to.
pub(super) fn calls(facts: &mut FileFacts, catalog: &Catalog, id: FactId, rows: &[RowId]) -> Vec<Call> {
    let mut out: Vec<Call> = Vec::new();
    for row in rows {
        for effect in &catalog.row(*row).effects {
            let Effect::Calls { function, args, list, keywords, each } = effect else { continue };
            let slot = |facts: &FileFacts, slot: &Option<Slot>| slot.as_ref().map(|s| catalog.slot(facts, id, *row, s)).unwrap_or_default();
            let Some(callee) = catalog.slot(facts, id, *row, function).first().copied() else { continue };
            let mut values = slot(facts, args);
            for value in slot(facts, list) {
                if let V::List(items, false) = &facts.value(settled(facts, value)).what {
                    values.extend(items.clone());
                }
            }
            for value in slot(facts, each) {
                values.push(element(facts, value));
            }
            values.truncate(MANY);
            let position = |(n, value)| Arg { name: ArgName::Position(u32::try_from(n).unwrap_or(0)), value };
            let mut given: Vec<Arg> = values.into_iter().enumerate().map(position).collect();
            for value in slot(facts, keywords) {
                if let V::Dict(entries, _) = &facts.value(settled(facts, value)).what {
                    let named = entries.iter().filter_map(|(k, v)| Some(Arg { name: ArgName::Keyword(facts.literal(*k)?), value: *v }));
                    given.extend(named.take(MANY));
                }
            }
            let (name, receiver) = called(facts, callee);
            let call = Call { name, callee, receiver, args: given };
            if !out.contains(&call) {
                out.push(call);
            }
        }
    }
    out
}

/// What a loop over a value gives.
fn element(facts: &mut FileFacts, value: ValueId) -> ValueId {
    let range = facts.value(value).range;
    let mut add = |what| {
        let id = ValueId(u32::try_from(facts.values.len()).unwrap_or(u32::MAX));
        facts.values.push(crate::facts::Value { range, what });
        id
    };
    let key = add(V::Unknown(Vec::new()));
    add(V::Index(value, key))
}

/// The name and receiver of what is called, as a call written out would have them.
fn called(facts: &FileFacts, callee: ValueId) -> (String, Option<ValueId>) {
    match &facts.value(callee).what {
        V::Name(name) => (name.clone(), None),
        V::Func(function) => match &facts.fact(*function).what {
            What::Function { name, .. } => (name.clone(), None),
            _ => ("?".to_owned(), None),
        },
        V::Attr(base, name) => (format!("?.{name}"), Some(*base)),
        _ => ("?".to_owned(), None),
    }
}
