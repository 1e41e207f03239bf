//! Whether a fact is only reached when whoever starts, configures or calls the program switches it on, by a switch of a name that says so: `if args.insecure:`,
//! `if verify: return …` above it. The program carries out what it was told, and the finding would stand where it is told so.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{ArgName, Call, FactId, FileFacts, OnFail, Target, V, ValueId, What};
use crate::flow::guards::conjuncts;
use crate::rule::pattern::Switches;

/// Definitions followed from a condition to what names it, at most.
const STEPS: usize = 4;
/// Checks above a fact that are looked at: the nearest.
const MOST_CHECKS: usize = 32;
/// Forms of a dictionary that are looked at.
const MOST_FORMS: usize = 256;

/// What decides in one file that something is reached: made once, asked for each candidate.
pub(super) struct OnDemand<'a> {
    facts: &'a FileFacts,
    /// Assignments by what they give.
    handed: FxHashMap<ValueId, Vec<FactId>>,
    /// Checks that leave, by the function they stand in, in order.
    checks: FxHashMap<Option<FactId>, Vec<FactId>>,
    /// Whether something of the file gives a name that truth itself.
    given: Mutex<FxHashMap<(String, bool), bool>>,
}

impl<'a> OnDemand<'a> {
    pub fn of(facts: &'a FileFacts) -> Self {
        let mut out = OnDemand { facts, handed: FxHashMap::default(), checks: FxHashMap::default(), given: Mutex::default() };
        for (id, f) in facts.iter() {
            match &f.what {
                What::Assignment { value, .. } => out.handed.entry(*value).or_default().push(id),
                What::Check { on_fail, .. } if *on_fail != OnFail::Log && f.handler.is_none() => {
                    out.checks.entry(function(facts, id)).or_default().push(id);
                }
                _ => {}
            }
        }
        out
    }

    /// Whether a condition around a fact, around what is handed to it in `slot`, or of a check above it that leaves, is such a switch. `flag`: the keyword
    /// that opens the sink; where only a dictionary in sight gives it, what puts it there counts.
    pub fn is_switched(&self, fact: FactId, slot: Option<ValueId>, flag: Option<&str>, switches: &Switches) -> bool {
        let handed = slot.and_then(|s| self.handed.get(&s)).into_iter().flatten().copied();
        std::iter::once(fact).chain(handed).any(|id| self.is_on_demand(id, switches))
            || self.passed(fact).into_iter().any(|cond| self.is_switch(fact, cond, true, switches))
            || flag.is_some_and(|flag| self.is_put_on_demand(fact, flag, switches))
    }

    fn is_on_demand(&self, fact: FactId, switches: &Switches) -> bool {
        conjuncts(self.facts, self.facts.fact(fact).when).into_iter().any(|cond| self.is_switch(fact, cond, true, switches))
    }

    /// What holds where a fact is reached because checks above it, in the same function, leave otherwise.
    fn passed(&self, fact: FactId) -> Vec<CondId> {
        let facts = self.facts;
        let around = conjuncts(facts, facts.fact(fact).when);
        let checks = self.checks.get(&function(facts, fact)).map_or(&[][..], Vec::as_slice);
        let above = checks.partition_point(|id| *id < fact);
        let mut out = Vec::new();
        for id in checks.iter().take(above).rev().take(MOST_CHECKS) {
            let f = facts.fact(*id);
            if let What::Check { cond, .. } = f.what
                && conjuncts(facts, f.when).iter().all(|c| around.contains(c))
            {
                out.extend(conjuncts(facts, Some(cond)));
            }
        }
        out
    }

    /// Whether a call gets a keyword out of dictionaries alone (`**d`, `d.get("flag")`, `d["flag"]`), and each that has it got it where such a switch is on.
    fn is_put_on_demand(&self, fact: FactId, flag: &str, switches: &Switches) -> bool {
        let facts = self.facts;
        let What::Call(call) = &facts.fact(fact).what else { return false };
        let is_flag = |key: ValueId| facts.literal(key).is_some_and(|k| k == flag);
        let mut next: Vec<ValueId> = Vec::new();
        for arg in &call.args {
            match &arg.name {
                ArgName::Keyword(k) if k == flag => match looked_up_in(facts, arg.value, flag) {
                    Some(dictionary) => next.push(dictionary),
                    None => return false,
                },
                ArgName::KeywordRest => next.push(arg.value),
                _ => {}
            }
        }
        let (mut found, mut left) = (false, MOST_FORMS);
        while let Some(at) = next.pop() {
            let Some(fewer) = left.checked_sub(1) else { return false };
            left = fewer;
            match &facts.value(at).what {
                V::Phi(either) => next.extend(either),
                V::Ref(id) => match &facts.fact(*id).what {
                    What::Assignment { value, .. } => next.push(*value),
                    _ => return false,
                },
                V::Dict(entries, _) => {
                    for (_, value) in entries.iter().filter(|(key, _)| is_flag(*key)) {
                        let puts = self.handed.get(value).map_or(&[][..], Vec::as_slice);
                        let is_put = |id: &FactId| matches!(&facts.fact(*id).what, What::Assignment { target: Target::Index(..), .. });
                        if !puts.iter().any(|id| is_put(id) && self.is_on_demand(*id, switches)) {
                            return false;
                        }
                        found = true;
                    }
                }
                _ => return false,
            }
        }
        found
    }

    fn is_switch(&self, fact: FactId, cond: CondId, holds: bool, switches: &Switches) -> bool {
        let facts = self.facts;
        let (value, wants) = match &facts.cond(cond).what {
            CondWhat::Not(inner) => return self.is_switch(fact, *inner, !holds, switches),
            // None of them holds: each is off.
            CondWhat::Or(parts) if !holds => return parts.iter().take(MOST_CHECKS).any(|part| self.is_switch(fact, *part, false, switches)),
            CondWhat::Atom(value, CmpOp::Truthy, _) => (*value, holds),
            CondWhat::Atom(value, op @ (CmpOp::Eq | CmpOp::Ne), other) => match truth(facts, *other) {
                Some(truth) => (*value, (holds == (*op == CmpOp::Eq)) == truth),
                None => return false,
            },
            _ => return false,
        };
        let Some(name) = asked(facts, fact, value, wants) else { return false };
        let name = name.to_ascii_lowercase();
        let has = |words: &[String]| words.iter().any(|w| name.contains(w.as_str()));
        // `insecure` is no `secure`.
        let meant = if wants { has(&switches.on) } else { has(&switches.off) && !has(&switches.on) };
        meant && !self.is_given(name, wants)
    }

    /// Whether something of the file gives a name the wanted truth itself: a default of a parameter, a field, a variable.
    fn is_given(&self, name: String, wants: bool) -> bool {
        let asked = (name, wants);
        if let Some(known) = self.given.lock().unwrap_or_else(PoisonError::into_inner).get(&asked) {
            return *known;
        }
        let same = |other: &str| other.eq_ignore_ascii_case(&asked.0);
        let truth = |v: ValueId| self.facts.value(v).what == V::Bool(wants);
        let known = self.facts.items.iter().any(|f| match &f.what {
            What::Function { params, .. } => params.iter().any(|p| same(&p.name) && p.default.is_some_and(truth)),
            What::Assignment { target: Target::Name(n) | Target::Global(n) | Target::Attr(_, n), value } => same(n) && truth(*value),
            _ => false,
        });
        self.given.lock().unwrap_or_else(PoisonError::into_inner).insert(asked, known);
        known
    }
}

/// The collection that a value is the entry of that name of.
fn looked_up_in(facts: &FileFacts, value: ValueId, name: &str) -> Option<ValueId> {
    let is_name = |key: ValueId| facts.literal(key).is_some_and(|k| k == name);
    match &facts.value(value).what {
        V::Index(base, key) => is_name(*key).then_some(*base),
        V::Ref(fact) => match &facts.fact(*fact).what {
            What::Call(call) if call.name.rsplit('.').next() == Some("get") => {
                call.receiver.filter(|_| call.args.first().is_some_and(|key| is_name(key.value)))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The function that a fact stands in.
fn function(facts: &FileFacts, fact: FactId) -> Option<FactId> {
    facts.owners(fact).find(|(_, f)| matches!(f.what, What::Function { .. })).map(|(id, _)| id)
}

/// The truth that a literal of a setting stands for: `True`, `"false"`, `1`.
fn truth(facts: &FileFacts, value: ValueId) -> Option<bool> {
    let text = match &facts.value(value).what {
        V::Bool(b) => return Some(*b),
        V::Num(n) => n.clone(),
        V::Str(text) => text.as_str().to_ascii_lowercase(),
        _ => return None,
    };
    match text.as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The name of the switch that a value is; none when what is written with it already says what is wanted.
fn asked(facts: &FileFacts, fact: FactId, value: ValueId, wants: bool) -> Option<String> {
    let mut at = value;
    for _ in 0..STEPS {
        match &facts.value(at).what {
            V::Attr(_, name) | V::Env(name) | V::Name(name) => return Some(name.rsplit('.').next().unwrap_or(name).to_owned()),
            V::Index(_, key) => return facts.literal(*key),
            V::Param(n) => return parameter(facts, fact, *n),
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

/// The name of a parameter of the function that a fact stands in.
fn parameter(facts: &FileFacts, fact: FactId, n: u32) -> Option<String> {
    let What::Function { params, .. } = &facts.fact(function(facts, fact)?).what else { return None };
    params.get(n as usize).map(|p| p.name.clone())
}
