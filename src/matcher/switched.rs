//! Whether a fact is only reached when whoever starts, configures or calls the program switches it on, by a switch of a name that says so: `if args.insecure:`.
//! The program carries out what it was told, and the finding would stand where it is told so.

use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{ArgName, Call, FactId, FileFacts, Target, V, ValueId, What};
use crate::flow::guards::conjuncts;
use crate::rule::pattern::Switches;

/// Definitions followed from a condition to what names it, at most.
const STEPS: usize = 4;

/// Whether a condition around a fact, or around what is handed to it in `slot`, is such a switch.
pub(super) fn is_switched(facts: &FileFacts, fact: FactId, slot: Option<ValueId>, switches: &Switches) -> bool {
    let handed = facts.iter().filter(|(_, f)| matches!(&f.what, What::Assignment { value, .. } if Some(*value) == slot)).map(|(id, _)| id);
    let places = std::iter::once(fact).chain(handed);
    let around = places.flat_map(|id| conjuncts(facts, facts.fact(id).when));
    around.into_iter().any(|cond| is_switch(facts, cond, switches))
}

fn is_switch(facts: &FileFacts, cond: CondId, switches: &Switches) -> bool {
    let (cond, wants) = match facts.cond(cond).what {
        CondWhat::Not(inner) => (inner, false),
        _ => (cond, true),
    };
    let CondWhat::Atom(value, CmpOp::Truthy, _) = facts.cond(cond).what else { return false };
    let Some(name) = asked(facts, value, wants) else { return false };
    let name = name.to_ascii_lowercase();
    let words = if wants { &switches.on } else { &switches.off };
    words.iter().any(|w| name.contains(w.as_str())) && !is_given(facts, &name, wants)
}

/// The name of the switch that a value is; none when what is written with it already says what is wanted.
fn asked(facts: &FileFacts, value: ValueId, wants: bool) -> Option<String> {
    let mut at = value;
    for _ in 0..STEPS {
        match &facts.value(at).what {
            V::Attr(_, name) | V::Env(name) | V::Name(name) => return Some(name.rsplit('.').next().unwrap_or(name).to_owned()),
            V::Index(_, key) => return facts.literal(*key),
            V::Param(n) => return parameter(facts, at, *n),
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, .. } => at = *value,
                What::Call(call) => return looked_up(facts, call, wants),
                _ => return None,
            },
            _ => return None,
        }
    }
    None
}

/// `config.get("insecure", False)`, `os.environ.get("INSECURE")`, `getattr(args, "insecure", False)`: what nobody sets is the default.
fn looked_up(facts: &FileFacts, call: &Call, wants: bool) -> Option<String> {
    let position = |n: u32| call.args.iter().find(|a| a.name == ArgName::Position(n)).map(|a| a.value);
    let (key, default) = if call.name == "getattr" { (position(1)?, position(2)) } else { (position(0)?, position(1)) };
    let given = match default.map(|v| &facts.value(v).what) {
        None | Some(V::None) => false,
        Some(V::Bool(b)) => *b,
        Some(V::Str(text)) => !text.as_str().is_empty(),
        Some(_) => return None,
    };
    (given != wants).then(|| facts.literal(key)).flatten()
}

/// The name of a parameter of the function whose text holds the value.
fn parameter(facts: &FileFacts, value: ValueId, n: u32) -> Option<String> {
    let range = facts.value(value).range;
    let around = facts.iter().filter(|(_, f)| f.range.contains(range));
    let params = around.filter_map(|(_, f)| if let What::Function { params, .. } = &f.what { Some(params) } else { None }).last()?;
    params.get(n as usize).map(|p| p.name.clone())
}

/// Whether something of the file gives a name the wanted truth itself: a default of a parameter, a field, a variable.
fn is_given(facts: &FileFacts, name: &str, wants: bool) -> bool {
    let same = |other: &str| other.eq_ignore_ascii_case(name);
    let truth = |v: ValueId| facts.value(v).what == V::Bool(wants);
    facts.items.iter().any(|f| match &f.what {
        What::Function { params, .. } => params.iter().any(|p| same(&p.name) && p.default.is_some_and(truth)),
        What::Assignment { target: Target::Name(n) | Target::Global(n) | Target::Attr(_, n), value } => same(n) && truth(*value),
        _ => false,
    })
}
