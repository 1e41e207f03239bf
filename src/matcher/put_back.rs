//! Whether something that a program switches for all of its process is put back again in the same function: what stands between is all that it concerns.

use crate::catalog::slot::dotted;
use crate::facts::{ArgName, FactId, FileFacts, Target, V, ValueId, What};

/// Calls that take a variable out of the environment.
const TAKES_OUT: [&str; 3] = ["os.environ.pop", "os.environ.__delitem__", "os.unsetenv"];

/// Whether a later fact of the same owner gives the name or the entry that a fact sets another value, or takes it away.
pub(super) fn is_put_back(facts: &FileFacts, fact: FactId) -> bool {
    let Some(set) = set(facts, &facts.fact(fact).what) else { return false };
    let scope = |id: FactId| facts.owners(id).map(|o| o.0).find(|o| matches!(facts.fact(*o).what, What::Function { .. }));
    let own = scope(fact);
    // What a block is run in concerns whatever is written there.
    let around = |f: FactId| match &facts.fact(f).what {
        What::Function { decorators, .. } => decorators.iter().filter_map(|d| dotted(facts, *d)).any(|d| d.ends_with("contextmanager")),
        _ => false,
    };
    if own.is_some_and(around) {
        return false;
    }
    facts.iter().skip(fact.0 as usize + 1).any(|(id, f)| scope(id) == own && is_same(facts, &set, &f.what))
}

/// A name that is given another value, and the entry of it.
type Set = (String, Option<String>);

/// What a fact sets: `a.b = x`, `a.b["K"] = x`, `os.environ.setdefault("K", x)`.
fn set(facts: &FileFacts, what: &What) -> Option<Set> {
    match what {
        What::Assignment { target: Target::Attr(base, name), .. } => Some((format!("{}.{name}", dotted(facts, *base)?), None)),
        What::Assignment { target: Target::Index(base, key), .. } => Some((dotted(facts, *base)?, Some(facts.literal(*key)?))),
        What::Call(call) => Some((call.name.rsplit_once('.')?.0.to_owned(), Some(facts.literal(first(&call.args)?)?))),
        _ => None,
    }
}

fn is_same(facts: &FileFacts, (name, key): &Set, what: &What) -> bool {
    match what {
        What::Assignment { value, .. } => {
            let again = set(facts, what).is_some_and(|(n, k)| n == *name && k == *key);
            // The same literal once more is no other value.
            again && !matches!(facts.value(*value).what, V::Str(_) | V::Bool(true) | V::Num(_))
        }
        What::Call(call) if TAKES_OUT.contains(&call.name.as_str()) => first(&call.args).and_then(|v| facts.literal(v)) == *key && key.is_some(),
        _ => false,
    }
}

fn first(args: &[crate::facts::Arg]) -> Option<ValueId> {
    args.iter().find(|a| a.name == ArgName::Position(0)).map(|a| a.value)
}
