//! Whether a program loads nothing but the state of its models: it wrote such a state to the very path itself. Reads facts; which calls write and give a state
//! stands in the page.

use std::collections::BTreeMap;

use crate::facts::{ArgName, Call, Fact, FactId, FileFacts, Target, V, ValueId, What};
use crate::rule::edits::{ArgumentName, States};

/// Values that are looked through for one answer, at most.
const DEPTH: usize = 24;

/// Whether what a call loads is a state, as far as its file says. `path`: where it is read from.
pub fn is_state(facts: &FileFacts, load: FactId, path: Option<ValueId>, states: &States) -> bool {
    path.is_some_and(|path| was_written(facts, load, path, states))
}

/// Whether the file writes to a path, and nothing but states.
fn was_written(facts: &FileFacts, load: FactId, path: ValueId, states: &States) -> bool {
    let writes = |(id, fact): (FactId, &'_ Fact)| match &fact.what {
        What::Call(call) if states.writers.contains(&call.name) => Some((id, given(call, &states.to)?, given(call, &states.what))),
        _ => None,
    };
    let all: Vec<_> = facts.iter().filter_map(writes).collect();
    if all.is_empty() {
        return false;
    }
    let same = Same { facts, assigned: Assigned::new(facts) };
    let mut here = all.into_iter().filter(|(id, to, _)| same.is((load, path), (*id, *to), DEPTH)).peekable();
    here.peek().is_some() && here.all(|(_, _, what)| what.is_some_and(|v| gives_state(facts, v, states, DEPTH)))
}

fn given(call: &Call, names: &[ArgumentName]) -> Option<ValueId> {
    let is = |arg: &ArgName, name: &ArgumentName| match (arg, name) {
        (ArgName::Position(at), ArgumentName::Position(wanted)) => usize::try_from(*at) == Ok(*wanted),
        (ArgName::Keyword(word), ArgumentName::Keyword(wanted)) => word == wanted,
        _ => false,
    };
    call.args.iter().find(|a| names.iter().any(|n| is(&a.name, n))).map(|a| a.value)
}

/// Whether a value is a state, or a dictionary of states and literals.
fn gives_state(facts: &FileFacts, value: ValueId, states: &States, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match &facts.value(value).what {
        V::Ref(fact) => match &facts.fact(*fact).what {
            What::Call(call) => states.givers.iter().any(|g| last(&call.name) == g),
            What::Assignment { value, .. } => gives_state(facts, *value, states, depth),
            _ => false,
        },
        V::Dict(entries, false) => {
            let literal = |v: ValueId| matches!(facts.value(v).what, V::Str(_) | V::Num(_) | V::Bool(_) | V::None);
            let mut values = entries.iter().map(|(_, v)| *v).filter(|v| !literal(*v)).peekable();
            values.peek().is_some() && values.all(|v| gives_state(facts, v, states, depth))
        }
        V::Phi(all) => !all.is_empty() && all.iter().all(|v| gives_state(facts, *v, states, depth)),
        _ => false,
    }
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// How often the assignments of a file give something of a name a value.
#[derive(Default)]
struct Assigned<'f> {
    names: BTreeMap<&'f str, usize>,
    attributes: BTreeMap<&'f str, usize>,
    keys: BTreeMap<&'f str, usize>,
}

impl<'f> Assigned<'f> {
    fn new(facts: &'f FileFacts) -> Self {
        let mut out = Assigned::default();
        for fact in &facts.items {
            let What::Assignment { target, .. } = &fact.what else { continue };
            match target {
                Target::Name(name) | Target::Global(name) => *out.names.entry(name).or_default() += 1,
                Target::Attr(_, name) => *out.attributes.entry(name).or_default() += 1,
                Target::Index(_, key) => {
                    if let V::Str(text) = &facts.value(*key).what {
                        *out.keys.entry(text.as_str()).or_default() += 1;
                    }
                }
            }
        }
        out
    }
}

struct Same<'f> {
    facts: &'f FileFacts,
    assigned: Assigned<'f>,
}

impl Same<'_> {
    /// Whether two values, each of the function in which a fact stands, are plainly one: the same text, or the same variable, given a value once.
    fn is(&self, a: (FactId, ValueId), b: (FactId, ValueId), depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let of = |x: ValueId, y: ValueId| self.is((a.0, x), (b.0, y), depth);
        let once = |counts: &BTreeMap<&str, usize>, name: &str| counts.get(name).is_none_or(|n| *n < 2);
        match (&self.facts.value(a.1).what, &self.facts.value(b.1).what) {
            (V::Str(x), V::Str(y)) => x.as_str() == y.as_str(),
            (V::Num(x), V::Num(y)) => x == y,
            (V::Ref(x), V::Ref(y)) => x == y,
            (V::Param(x), V::Param(y)) => x == y && self.is_one_scope(a.0, b.0, *x == 0),
            (V::Name(x), V::Name(y)) => x == y && once(&self.assigned.names, x),
            (V::Attr(x, name), V::Attr(y, other)) => name == other && of(*x, *y) && once(&self.assigned.attributes, name),
            (V::Index(x, i), V::Index(y, j)) => match (&self.facts.value(*i).what, &self.facts.value(*j).what) {
                (V::Str(i), V::Str(j)) => i.as_str() == j.as_str() && of(*x, *y) && once(&self.assigned.keys, i.as_str()),
                _ => false,
            },
            (V::Join(x), V::Join(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| of(*x, *y)),
            _ => false,
        }
    }

    /// Whether two facts stand in one function; of the object itself, in functions of one class.
    fn is_one_scope(&self, a: FactId, b: FactId, of_class: bool) -> bool {
        let function = |id: FactId| self.facts.owners(id).find(|(_, f)| matches!(f.what, What::Function { .. })).map(|(id, _)| id);
        let class = |id: FactId| self.facts.owners(function(id)?).next().filter(|(_, f)| matches!(f.what, What::Class { .. })).map(|(id, _)| id);
        function(a) == function(b) || of_class && class(a).is_some() && class(a) == class(b)
    }
}
