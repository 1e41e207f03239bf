//! Consent that the environment gives: what a condition is while no variable of the environment says anything. Knows no sink.

use std::collections::BTreeSet;

use crate::catalog::row::{Effect, RowId, Slot};
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{Call, Channel, V, ValueId, What};
use crate::flow::resolve::spots::last;
use crate::flow::solver::{Here, Solver};
use crate::flow::tables::{Given, Reached, Search, given};
use crate::flow::value::Lit;
use crate::graph::Node;

/// How many values and conditions one question looks at.
const FUEL: u32 = 60;

/// What `strtobool` takes for a yes. Python 3.11 docs, distutils.util.
const YES: [&str; 6] = ["y", "yes", "t", "true", "on", "1"];

/// What a value is while the environment says nothing.
#[derive(Clone, Debug)]
struct Unset {
    lit: Lit,
    /// A variable of the environment decides.
    asked: bool,
}

/// A function whose result is asked for, and the call that asks.
#[derive(Clone, Copy)]
struct Asked<'f> {
    call: Node,
    reached: Reached,
    outer: Option<&'f Asked<'f>>,
}

impl Solver<'_> {
    /// Whether only a variable of the environment, which is off unless somebody sets it, makes a condition hold.
    pub(in crate::flow) fn is_opt_in(&mut self, node: Node, cond: CondId) -> bool {
        let found = self.unset_cond(self.here(node), cond, None, &mut FUEL.clone());
        found.is_some_and(|u| u.asked && u.lit == Lit::Bool(false))
    }
    fn unset_cond(&mut self, here: Here, cond: CondId, asked: Option<&Asked>, fuel: &mut u32) -> Option<Unset> {
        *fuel = fuel.checked_sub(1)?;
        let truth = |lit: bool, asked: bool| Some(Unset { lit: Lit::Bool(lit), asked });
        let facts = self.file(here.at.file);
        match &facts.cond(cond).what {
            CondWhat::Const(b) => truth(*b, false),
            CondWhat::Not(inner) => {
                let inner = self.unset_cond(here, *inner, asked, fuel)?;
                truth(!is_true(&inner.lit), inner.asked)
            }
            CondWhat::And(parts) => {
                let parts: Vec<Option<Unset>> = parts.iter().map(|p| self.unset_cond(here, *p, asked, fuel)).collect();
                let off = parts.iter().flatten().any(|u| u.asked && !is_true(&u.lit));
                if off { truth(false, true) } else { self.all_known(parts, true) }
            }
            CondWhat::Or(parts) => {
                let parts: Vec<Option<Unset>> = parts.iter().map(|p| self.unset_cond(here, *p, asked, fuel)).collect();
                self.all_known(parts, false)
            }
            CondWhat::Atom(value, CmpOp::Truthy, _) => {
                // Where the text of a variable is used as well, it is the text that is missing, and no consent.
                if self.is_used(here, *value) {
                    return None;
                }
                let of = self.unset(here, *value, asked, fuel)?;
                truth(is_true(&of.lit), of.asked)
            }
            CondWhat::Atom(left, op @ (CmpOp::Eq | CmpOp::Ne), right) => {
                let (left, right) = (self.unset(here, *left, asked, fuel)?, self.unset(here, *right, asked, fuel)?);
                // Compared with nothing, it is its presence that is asked for.
                let told = left.lit != Lit::None || right.lit != Lit::None;
                if told { truth((left.lit == right.lit) == (*op == CmpOp::Eq), left.asked || right.asked) } else { None }
            }
            CondWhat::Atom(list, CmpOp::Contains, value) => {
                let members = self.members(here, *list)?;
                let value = self.unset(here, *value, asked, fuel)?;
                let mut all = Vec::new();
                for (here, member) in members {
                    all.push(self.unset(here, member, asked, fuel)?.lit);
                }
                truth(all.contains(&value.lit), value.asked)
            }
            _ => None,
        }
    }
    /// Parts of which all are known: whether all of them, or any of them, hold.
    fn all_known(&self, parts: Vec<Option<Unset>>, every: bool) -> Option<Unset> {
        let parts: Vec<Unset> = parts.into_iter().collect::<Option<_>>()?;
        let holds = if every { parts.iter().all(|u| is_true(&u.lit)) } else { parts.iter().any(|u| is_true(&u.lit)) };
        Some(Unset { lit: Lit::Bool(holds), asked: parts.iter().any(|u| u.asked) })
    }
    fn unset(&mut self, here: Here, value: ValueId, asked: Option<&Asked>, fuel: &mut u32) -> Option<Unset> {
        *fuel = fuel.checked_sub(1)?;
        let facts = self.file(here.at.file);
        let plain = |lit: Lit| Some(Unset { lit, asked: false });
        match &facts.value(value).what {
            V::Str(text) => plain(Lit::Str(text.as_str().to_owned())),
            V::Bool(b) => plain(Lit::Bool(*b)),
            V::Num(n) => plain(Lit::Num(n.clone())),
            V::None => plain(Lit::None),
            V::Param(n) => self.unset_argument(*n, asked, fuel),
            V::Name(name) => {
                // What stands there may not have been looked at yet.
                self.settled(|s| s.at(here.at, value));
                let [one] = self.scene().variable(here.at.file, name, &mut Search::default()).try_into().ok()?;
                let What::Assignment { value, .. } = &self.file(one.file).fact(one.fact).what else { return None };
                self.unset(self.here(one), *value, None, fuel)
            }
            V::Ref(fact) => {
                let node = Node { fact: *fact, ..here.at };
                match &facts.fact(*fact).what {
                    What::Assignment { value, .. } => self.unset(self.here(node), *value, asked, fuel),
                    What::Call(call) => self.unset_call(node, call, asked, fuel),
                    _ => None,
                }
            }
            V::Unknown(_) => {
                let cond = facts.test(value)?;
                self.unset_cond(here, cond, asked, fuel)
            }
            _ => None,
        }
    }
    /// What a function that reads the environment was handed.
    fn unset_argument(&mut self, n: u32, asked: Option<&Asked>, fuel: &mut u32) -> Option<Unset> {
        let Asked { call: node, reached, outer } = *asked?;
        let (What::Call(call), What::Function { params, .. }) =
            (&self.file(node.file).fact(node.fact).what, &self.world.facts.fact(reached.function).what)
        else {
            return None;
        };
        match given(call, params, n, reached.bind) {
            Given::Values(values) => match values.as_slice() {
                [one] => self.unset(self.here(node), *one, outer, fuel),
                _ => None,
            },
            Given::Default(value) => self.unset(self.here(reached.function), value, None, fuel),
            Given::New | Given::Unknown => None,
        }
    }
    fn unset_call(&mut self, node: Node, call: &Call, asked: Option<&Asked>, fuel: &mut u32) -> Option<Unset> {
        let here = self.here(node);
        if let Some(row) = self.environment_row(node) {
            let names = self.read_names(node, row);
            let [name] = names.as_slice() else { return None };
            let name = self.unset(here, *name, asked, fuel)?;
            if self.is_set_in_sight(&name.lit.text()) {
                return None;
            }
            let default = match self.defaults(node, row).as_slice() {
                [] => Lit::None,
                [one] => self.unset(here, *one, asked, fuel)?.lit,
                _ => return None,
            };
            return Some(Unset { lit: default, asked: true });
        }
        match (call.name.as_str(), call.args.as_slice(), call.receiver) {
            ("bool", [one], None) => {
                let one = self.unset(here, one.value, asked, fuel)?;
                return Some(Unset { lit: Lit::Bool(is_true(&one.lit)), ..one });
            }
            ("int", [one], None) => {
                let one = self.unset(here, one.value, asked, fuel)?;
                return Some(Unset { lit: Lit::Num(one.lit.text()), ..one });
            }
            ("str", [one], None) => return self.unset(here, one.value, asked, fuel),
            (name, [one], None) if last(name) == "strtobool" => {
                let one = self.unset(here, one.value, asked, fuel)?;
                return Some(Unset { lit: Lit::Bool(YES.contains(&one.lit.text().to_lowercase().as_str())), ..one });
            }
            (name, [], Some(receiver)) => {
                let change: fn(&str) -> String = match last(name) {
                    "lower" | "casefold" => str::to_lowercase,
                    "upper" => str::to_uppercase,
                    "strip" => |t| t.trim().to_owned(),
                    _ => return None,
                };
                let of = self.unset(here, receiver, asked, fuel)?;
                let Lit::Str(text) = &of.lit else { return None };
                return Some(Unset { lit: Lit::Str(change(text)), ..of });
            }
            _ => {}
        }
        self.settled(|s| s.want_targets(node, call));
        let [reached] = self.tables.reached.get(&node)?.as_slice() else { return None };
        let reached = *reached;
        let [returned] = self.tables.returns(reached.function) else { return None };
        let inner = Here { at: reached.function, scope: Some(reached.function.fact) };
        self.unset(inner, *returned, Some(&Asked { call: node, reached, outer: asked }), fuel)
    }
    /// The members of a list in sight.
    fn members(&mut self, here: Here, list: ValueId) -> Option<Vec<(Here, ValueId)>> {
        let spot = crate::flow::resolve::spots::Spot { file: here.at.file, scope: here.scope, value: list };
        let [form] = self.scene().forms(spot, &mut Search::default()).try_into().ok()?;
        let V::List(items, false) = self.scene().what(form) else { return None };
        let at = Here { at: Node { file: form.file, ..here.at }, scope: form.scope };
        Some(items.iter().map(|i| (at, *i)).collect())
    }
    /// The row by which a call reads a variable of the environment.
    fn environment_row(&self, node: Node) -> Option<RowId> {
        let reads = |e: &Effect| matches!(e, Effect::Reads { channel, .. } if channel == "env");
        self.sure_rows(node).into_iter().find(|(_, row)| row.effects.iter().any(reads)).map(|(id, _)| id)
    }
    fn read_names(&self, node: Node, id: RowId) -> Vec<ValueId> {
        let effects = self.world.catalog.row(id).effects.iter();
        let slots = effects.filter_map(|e| if let Effect::Reads { name, .. } = e { Some(name) } else { None });
        slots.flat_map(|slot| self.slot_values(node, id, slot)).collect()
    }
    fn defaults(&self, node: Node, id: RowId) -> Vec<ValueId> {
        let effects = self.world.catalog.row(id).effects.iter();
        let slots = effects.filter_map(|e| if let Effect::Passes { from, to: Slot::Result } = e { Some(from) } else { None });
        slots.flatten().flat_map(|slot| self.slot_values(node, id, slot)).collect()
    }
    /// Whether a value is what a variable holds, as it is, and more than whether it is there may be asked of it.
    fn is_used(&self, here: Here, value: ValueId) -> bool {
        let facts = self.file(here.at.file);
        let mut at = value;
        let mut kept = false;
        for _ in 0..8 {
            let V::Ref(fact) = facts.value(at).what else { return false };
            match &facts.fact(fact).what {
                What::Assignment { value, .. } => (at, kept) = (*value, true),
                What::Call(_) => {
                    let node = Node { fact, ..here.at };
                    return self.environment_row(node).is_some_and(|row| kept || self.is_read_again(node, row));
                }
                _ => return false,
            }
        }
        false
    }
    /// Whether a file reads the variable of a call in another place too.
    fn is_read_again(&self, node: Node, row: RowId) -> bool {
        let facts = self.file(node.file);
        let texts = |values: Vec<ValueId>| values.into_iter().filter_map(|v| facts.literal(v)).collect::<Vec<_>>();
        let own = texts(self.read_names(node, row));
        let calls = facts.iter().filter(|(fact, f)| *fact != node.fact && matches!(f.what, What::Call(_)));
        let mut others = calls.map(|(fact, _)| Node { fact, ..node });
        let indexed = |key: &ValueId| facts.literal(*key).is_some_and(|text| own.contains(&text));
        own.is_empty()
            || others.any(|other| self.environment_row(other).is_some_and(|row| texts(self.read_names(other, row)).iter().any(|t| own.contains(t))))
            || facts.values.iter().any(|v| matches!(&v.what, V::Index(_, key) if indexed(key)))
    }
    /// Whether something of the tree, tests apart, gives a variable of the environment a value.
    fn is_set_in_sight(&mut self, name: &str) -> bool {
        if self.set_variables.is_none() {
            self.set_variables = Some(self.variables_set());
        }
        self.set_variables.as_ref().is_some_and(|all| all.contains(name))
    }
    fn variables_set(&self) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        let of_program = |node: Node| !self.world.index.is_test(node.file);
        for (_, fact) in self.world.facts.nodes().filter(|(node, _)| of_program(*node)) {
            match &fact.what {
                What::Write { channel: Channel::Env(name) | Channel::Var(name), .. } => out.insert(name.clone()),
                What::Setting { path, .. } => out.insert(last(path).to_owned()),
                _ => false,
            };
        }
        for (node, rows) in self.world.index.classified().filter(|(node, _)| of_program(*node)) {
            for id in rows {
                for effect in &self.world.catalog.row(*id).effects {
                    let Effect::Writes { channel, name, .. } = effect else { continue };
                    if channel == "env" {
                        out.extend(self.slot_values(node, *id, name).into_iter().filter_map(|v| self.file(node.file).literal(v)));
                    }
                }
            }
        }
        out
    }
}

/// Python's truth of a literal.
fn is_true(lit: &Lit) -> bool {
    match lit {
        Lit::Bool(b) => *b,
        Lit::Str(s) => !s.is_empty(),
        Lit::Num(n) => n.parse::<f64>() != Ok(0.0),
        Lit::Name(_) => true,
        Lit::None | Lit::Absent => false,
    }
}
