//! Sinks: which values reach what a row calls dangerous, and what decides whether it is. Origins of parameters stay open here; `lift` carries them to
//! the callers.

use std::ops::Range;

use crate::catalog::row::{ArgTest, Effect, Flag, Pin, Row, RowId, Slot, SlotName, Subject, Test};
use crate::catalog::slot::{Argument, OPEN, holds_text, in_sight, shape};
use crate::facts::{ArgName, Call, ExprWhat, FactId, FileFacts, V, ValueId, What};
use crate::flow::channels::{fuel, key};
use crate::flow::guards::Guard;
use crate::flow::resolve::choices::Choice;
use crate::flow::solver::{Here, Solver, is_vague};
use crate::flow::value::{Consts, Dep, Lit, Made, Part, PinState, Side, Source, Val};
use crate::flow::versions::Versions;
use crate::flow::{FlagState, Harmless, Why};
use crate::graph::Node;
use crate::origin::{Origin, Via, Who};
use crate::source::{FileId, Kind};

/// A sink that a row states, where a fact is.
#[derive(Clone, Debug)]
pub struct Sink {
    /// The call, command, action, setting or script.
    pub node: Node,
    /// The row and which of its effects; none for text that is pasted into a script.
    pub row: Option<(RowId, u32)>,
    /// Its kind.
    pub kind: String,
    /// The dangerous argument.
    pub slot: Option<ValueId>,
    /// Doubts about the sink itself.
    pub doubts: Vec<String>,
    /// Whether more arguments may come through `**`, unless a caller in sight says which.
    pub hidden: bool,
    /// Whether the program writes itself what it reads here under a name that callers choose.
    pub own: bool,
}

/// What a sink depends on, parameters still open. One type, so that lifting fills in all of it the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The dangerous argument: who chose it, who can write what is behind it.
    pub value: Val,
    /// Values of the row's flags, in order; none when absent.
    pub flags: Vec<Option<Val>>,
    /// Values that the row's `safe-when` tests look at, in order; none when absent.
    pub safe: Vec<Option<Val>>,
    /// What must be true, or false, for the sink to be reached.
    pub guards: Vec<Guard>,
    /// What callers must have handed over for it to be this sink.
    pub choices: Vec<Choice>,
}

impl Needs {
    /// Every value, to change it.
    pub fn map(&self, mut change: impl FnMut(&Val) -> Val) -> Needs {
        Needs {
            value: change(&self.value),
            flags: self.flags.iter().map(|v| v.as_ref().map(&mut change)).collect(),
            safe: self.safe.iter().map(|v| v.as_ref().map(&mut change)).collect(),
            guards: self.guards.iter().map(|g| g.of(change(&g.value))).collect(),
            choices: self.choices.clone(),
        }
    }
    /// The parameters of a function that are part of it.
    pub fn indices(&self, function: Node) -> Vec<u32> {
        let mut out: Vec<u32> = Vec::new();
        for val in std::iter::once(&self.value).chain(self.flags.iter().chain(&self.safe).flatten()).chain(self.guards.iter().map(|g| &g.value)) {
            out.extend(val.consts.params.iter().filter(|p| p.0 == function).map(|p| p.1));
        }
        for dep in self.value.deps.iter().filter(|d| d.of == function) {
            out.push(dep.index);
            if let Part::Fetched(PinState::By(pin)) = dep.part {
                out.push(pin);
            }
        }
        out.extend(self.choices.iter().filter(|c| c.of == function).map(|c| c.index));
        out.sort_unstable();
        out.dedup();
        out
    }
    /// The functions whose parameters are still open.
    pub fn functions(&self) -> Vec<Node> {
        let mut out = self.value.functions();
        for val in self.flags.iter().chain(&self.safe).flatten().chain(self.guards.iter().map(|g| &g.value)) {
            // Only literals of flags and tests count.
            out.extend(val.consts.params.iter().map(|p| p.0));
        }
        out.extend(self.choices.iter().map(|c| c.of));
        out.sort_unstable();
        out.dedup();
        out
    }
}

impl Solver<'_> {
    /// All sinks of all files, in order, with what they need.
    pub fn sinks(&mut self, files: &Range<u32>) -> Vec<(Sink, Needs)> {
        let mut out = Vec::new();
        let index = self.world.index;
        for (node, rows) in index.classified().filter(|(node, _)| files.contains(&node.file.0)) {
            for id in rows {
                self.row_sinks(node, *id, &mut out);
            }
        }
        for (node, fact) in self.world.facts.nodes_of(|file| files.contains(&file.0)) {
            match &fact.what {
                What::Script { text, .. } => self.script_sinks(node, *text, &mut out),
                What::Call(call) => self.want_field(node, call),
                _ => {}
            }
        }
        out.sort_by_key(|(sink, _)| (sink.node, sink.row, sink.slot));
        out
    }

    /// Whether a row speaks of a method of a field shows where the field is given its value.
    fn want_field(&mut self, node: Node, call: &Call) {
        let facts = self.file(node.file);
        let Some(receiver) = call.receiver else { return };
        let V::Attr(base, _) = &facts.value(receiver).what else { return };
        if !matches!(facts.value(*base).what, V::Param(0)) {
            return;
        }
        let method = call.name.rsplit('.').next().unwrap_or_default();
        let typed = |row: &Row| row.receiver.as_ref().is_some_and(|r| !r.types.is_empty()) && row.has("sink");
        if self.world.catalog.methods(method).any(|(id, row)| typed(row) && self.rows(node).iter().all(|r| r.0 != id)) {
            self.want_receiver(node, receiver);
        }
    }
    fn row_sinks(&mut self, node: Node, id: RowId, out: &mut Vec<(Sink, Needs)>) {
        let row = self.world.catalog.row(id);
        let facts = self.file(node.file);
        if !row.effects.iter().any(|e| matches!(e, Effect::Sink { .. })) || !self.was_called(node, id) {
            return;
        }
        if is_vague(row)
            && let What::Call(call) = &facts.fact(node.fact).what
        {
            // What the tree defines itself says more than a name.
            self.settled(|s| s.want_targets(node, call));
            if self.tables.reached.contains_key(&node) {
                return;
            }
        }
        for class in self.tables.made.get(&node).cloned().unwrap_or_default() {
            row.hardened_by.iter().for_each(|method| self.want_member(class, method));
        }
        if let Some(test) = self.world.catalog.safe_by(facts, node.fact, id) {
            self.harmless.push(Harmless { at: node, place: self.head(node), row: id, why: Why::SafeWhen(test) });
            return;
        }
        if let Some(test) = row.safe_when.iter().position(|t| self.is_slot_confined(node, id, t)) {
            self.harmless.push(Harmless { at: node, place: self.head(node), row: id, why: Why::SafeWhen(test) });
            return;
        }
        if let Some(test) = row.safe_when.iter().position(|t| self.is_safe_address(node, id, t)) {
            self.harmless.push(Harmless { at: node, place: self.head(node), row: id, why: Why::SafeWhen(test) });
            return;
        }
        let mut doubts = Vec::new();
        if row.receiver.as_ref().is_some_and(|r| r.any) {
            doubts.push("the type of the object is not known".to_owned());
        }
        if matches!(row.subject, Subject::Setting(_))
            && row.effects.iter().any(|e| matches!(e, Effect::Returns { .. }))
            && row.effects.iter().any(|e| matches!(e, Effect::Sink { slot: None, .. }))
        {
            doubts.push("what the setting is applied to is not known".to_owned());
        }
        let hidden = hides_keywords(facts, node);
        let mut guards = self.guards(node);
        guards.extend(self.class_guards(node, id));
        let choices: Vec<Choice> = self.chosen_row(node, id).into_iter().collect();
        for (i, effect) in row.effects.iter().enumerate() {
            let Effect::Sink { kind, slot, bytes, .. } = effect else { continue };
            if self.is_argument(node, kind) {
                continue;
            }
            let tells = effect.tells_open();
            let values = slot.as_ref().map(|s| self.slot_values(node, id, s)).unwrap_or_default();
            let Some(value) = self.settled(|s| s.sink_value(node, id, slot.as_ref(), &values, *bytes)) else { continue };
            let flags = row.flags.iter().map(|f| self.flag(node, id, f)).collect();
            let safe = row.safe_when.iter().map(|t| self.settled(|s| s.slot(node, id, &t.slot))).collect();
            let effect = u32::try_from(i).unwrap_or(u32::MAX);
            let own = tells && value.is_open() && self.is_own(node, row, &values);
            let sink = Sink { node, row: Some((id, effect)), kind: kind.clone(), slot: values.first().copied(), doubts: doubts.clone(), hidden, own };
            out.push((sink, Needs { value, flags, safe, guards: guards.clone(), choices: choices.clone() }));
        }
    }
    /// Whether a setting is an argument of an object that the configuration asks for, and rows say of that call what this one says of the setting.
    fn is_argument(&self, node: Node, kind: &str) -> bool {
        let facts = self.file(node.file);
        let What::Setting { value, .. } = &facts.fact(node.fact).what else { return false };
        let range = facts.value(*value).range;
        let is_sink = |e: &Effect| matches!(e, Effect::Sink { kind: k, .. } if k == kind);
        let says = |id| self.world.index.effects(self.world.catalog, Node { fact: id, ..node }).any(is_sink);
        let takes = |v: ValueId| facts.value(v).range == range;
        facts.iter().any(|(id, f)| matches!(&f.what, What::Call(call) if call.args.iter().any(|a| takes(a.value)) && says(id)))
    }
    fn is_slot_confined(&mut self, node: Node, id: RowId, test: &ArgTest) -> bool {
        if test.test != Test::Confined {
            return false;
        }
        let values = self.slot_values(node, id, &test.slot);
        !values.is_empty() && values.into_iter().all(|value| self.is_confined(node, value))
    }
    /// Text that the platform pastes into a script.
    fn script_sinks(&mut self, node: Node, text: ValueId, out: &mut Vec<(Sink, Needs)>) {
        let facts = self.file(node.file);
        let parts = match &facts.value(text).what {
            V::Join(parts) => parts.clone(),
            V::Expr(_) => vec![text],
            _ => return,
        };
        for part in parts {
            let V::Expr(expr) = &facts.value(part).what else { continue };
            if matches!(expr.what, ExprWhat::Str(_) | ExprWhat::Num(_) | ExprWhat::Bool(_)) {
                continue;
            }
            let mut value = self.settled(|s| s.at(node, part));
            // Only the text counts: a fixed shape cannot carry commands.
            text_alone(&mut value);
            if value.name.who < Who::Peer && value.deps.is_empty() {
                continue;
            }
            let sink = Sink { node, row: None, kind: "script".to_owned(), slot: Some(part), doubts: Vec::new(), hidden: false, own: false };
            out.push((sink, Needs { value, ..Needs::default() }));
        }
    }
    /// What reaches a sink; none when its argument is absent.
    fn sink_value(&mut self, node: Node, id: RowId, slot: Option<&Slot>, values: &[ValueId], bytes: bool) -> Option<Val> {
        let row = self.world.catalog.row(id);
        let pin: Option<(&Pin, Via)> = row.effects.iter().find_map(|e| match e {
            Effect::Returns { who: Who::Publisher, pin, via, .. } => Some((pin, *via)),
            _ => None,
        });
        let here = self.here(node);
        let Some(slot) = slot else {
            // The subject as a whole: what it brings, else what it is given.
            return Some(match self.row_result(node) {
                Some(val) => val,
                None => match &self.file(node.file).fact(node.fact).what {
                    What::Setting { value, .. } | What::Write { value, .. } | What::Assignment { value, .. } => self.at(node, *value),
                    _ => Val::program(),
                },
            });
        };
        let mut val = self.slot(node, id, slot)?;
        if *slot == Slot::Receiver
            && let Some(brought) = self.row_result(node)
        {
            // What the object brings is what the method hands on.
            val = Val { consts: val.consts.clone(), ..brought };
        }
        for value in values {
            if self.is_verified(here, *value) {
                return Some(Val::content(Origin::REPOSITORY));
            }
            if val.who() >= Who::Publisher || val.is_open() {
                self.ask_for_checks(here, *value);
            }
        }
        if !bytes {
            text_alone(&mut val);
            return Some(val);
        }
        if let Some(brought) = self.certain(node, id) {
            return Some(Val { name: val.name, consts: val.consts, ..brought });
        }
        let mut written: Option<Val> = None;
        for value in values {
            if let Some(w) = self.written(here, *value) {
                written.get_or_insert_default().join(&w);
            }
        }
        if let Some(written) = written {
            return Some(Val { name: val.name, consts: val.consts, ..written });
        }
        // What is run by a name that is computed is a file; that of which nobody in sight wrote one is a command of the machine, whatever its name came from.
        if *slot == Slot::Callee
            && let What::Command(command) = &self.file(node.file).fact(node.fact).what
            && self.file(node.file).program(command).is_none()
            && !(self.world.index.kind(node.file) == Kind::Python && val.is_open())
        {
            return None;
        }
        let Some((pin, via)) = pin else { return Some(val) };
        let state = self.pin(node, id, pin);
        let val = unfetched(val, via);
        let mut fetched = self.fetched(node, &val, state);
        if fetched.bytes.who >= Who::Publisher {
            fetched.bytes.via = fetched.bytes.via.with(via);
            if fetched.source.is_none() {
                let subject = self.outside_name(node, &val.consts);
                let text = match &subject {
                    Some(name) => format!("`{}` gets `{name}`", self.called(node)),
                    None => format!("`{}` gets it from outside", self.called(node)),
                };
                let source = Source { who: fetched.bytes.who, at: self.head(node), text, row: None, subject };
                fetched = fetched.from_source(source);
            }
        }
        let names: Vec<_> = val.deps.iter().filter(|d| d.to == Side::Name).copied().collect();
        fetched.deps.extend(names);
        fetched.deps.sort_unstable();
        fetched.deps.dedup();
        Some(Val { name: val.name, consts: val.consts, made: val.made, ..fetched })
    }
    fn flag(&mut self, node: Node, id: RowId, flag: &Flag) -> Option<Val> {
        let slot = Slot::Arg(vec![SlotName::Name(flag.name.clone())]);
        match self.world.catalog.argument(self.file(node.file), node.fact, id, &slot) {
            Argument::Absent => None,
            Argument::Unknown => self.settled(|s| s.spread_slot(node, id, &slot)),
            Argument::Switch(_) => Some(Val::literal(Lit::Bool(true))),
            Argument::Values(values) => Some(self.settled(|s| s.all(node, &values))),
        }
    }
    /// Whether the receiver had one of the methods called on it that the row asks for.
    pub fn was_called(&self, node: Node, id: RowId) -> bool {
        let row = self.world.catalog.row(id);
        let Some((methods, test)) = row.receiver.as_ref().and_then(|r| r.called.as_ref()) else { return true };
        let facts = self.file(node.file);
        let What::Call(call) = &facts.fact(node.fact).what else { return true };
        let object = |at: Node, value: ValueId| key(self.world, self.tables, Here { at, scope: self.tables.scope(at) }, value, &mut fuel());
        let Some(own) = call.receiver.and_then(|r| object(node, r)) else { return false };
        for (fact, f) in facts.iter() {
            let What::Call(other) = &f.what else { continue };
            if !other.name.rsplit('.').next().is_some_and(|last| methods.iter().any(|m| m == last)) {
                continue;
            }
            let at = Node { file: node.file, fact };
            if other.receiver.and_then(|r| object(at, r)).as_ref() != Some(&own) {
                continue;
            }
            let Some(test) = test else { return true };
            if holds_text(address(facts, fact, other).as_deref(), test) {
                return true;
            }
        }
        false
    }
}

/// A name for what a row fetches. An address that is only part of it, and that nobody has fetched before, says nothing of an entry of a hub: settings and
/// descriptions often carry both. Rows that follow addresses say so.
pub fn unfetched(mut name: Val, via: Via) -> Val {
    if name.consts.top && is_address(&name) && !via.has(Via::WEB) {
        name.bytes = Origin { open: name.bytes.open, ..Origin::UNKNOWN };
        name.source = None;
    }
    name
}

/// Whether the outermost part of a value is an address that the source states and nobody has fetched yet.
pub fn is_address(val: &Val) -> bool {
    val.source.as_ref().is_some_and(|s| s.row.is_none() && s.subject.as_ref().is_some_and(|t| t.contains("://")))
}

/// The address that a method is given, for a test of it. One put together at run time, or whose host is not known, is taken as the outer one unless its
/// literal parts say otherwise; of one in parts the host decides.
fn address(facts: &FileFacts, at: FactId, call: &Call) -> Option<String> {
    let whole = call.args.first()?.value;
    let V::List(parts, _) = &facts.value(whole).what else { return shape(facts, whole) };
    let host = *parts.first()?;
    let host = match &facts.value(host).what {
        V::Param(n) => default_of(facts, at, *n).unwrap_or(host),
        _ => host,
    };
    Some(shape(facts, host).unwrap_or_else(|| OPEN.to_string()))
}

/// The default of a parameter of the function that a fact stands in.
fn default_of(facts: &FileFacts, at: FactId, index: u32) -> Option<ValueId> {
    facts.owners(at).find_map(|(_, f)| match &f.what {
        What::Function { params, .. } => Some(params.get(index as usize)?.default),
        _ => None,
    })?
}

/// Makes the text itself what counts: both origins are those of the name.
fn text_alone(val: &mut Val) {
    val.bytes = val.name;
    val.deps.retain(|d| d.to == Side::Name);
    let both: Vec<Dep> = val.deps.iter().map(|d| Dep { to: Side::Bytes, ..*d }).collect();
    val.deps.extend(both);
    val.deps.sort_unstable();
}

/// Whether keywords come from a dictionary that cannot be seen.
fn hides_keywords(facts: &crate::facts::FileFacts, node: Node) -> bool {
    match &facts.fact(node.fact).what {
        What::Call(call) => call.args.iter().any(|a| a.name == ArgName::KeywordRest && !in_sight(facts, a.value)),
        _ => false,
    }
}

/// Which of a row's `safe-when` tests holds for what was filled in, if any.
pub fn safe_by(tests: &[crate::catalog::row::ArgTest], values: &[Option<Val>]) -> Option<usize> {
    tests.iter().zip(values).position(|(test, value)| match value {
        None => test.test == Test::Absent,
        Some(val) if val.consts.all() == Some(&[Lit::Absent]) => test.test == Test::Absent,
        Some(val) => match &test.test {
            Test::Present => true,
            Test::Absent => false,
            Test::Dynamic => val.consts.top,
            Test::FixedHost if val.made == Made::below_host() => true,
            test => val.consts.all().is_some_and(|all| all.iter().all(|l| holds_text(Some(&l.text()), test))),
        },
    })
}

/// What the flags of a row decide, the worst of them.
pub fn flags(versions: &Versions, file: FileId, flags: &[Flag], values: &[Option<Val>]) -> FlagState {
    let states = flags.iter().zip(values).map(|(flag, value)| match value {
        None => versions.absent(file, flag),
        Some(val) => given(versions, file, flag, &val.consts),
    });
    states.max_by_key(rank).unwrap_or_default()
}

/// The worse of two states.
pub fn worse(a: FlagState, b: FlagState) -> FlagState {
    if rank(&b) > rank(&a) { b } else { a }
}

fn given(versions: &Versions, file: FileId, flag: &Flag, consts: &Consts) -> FlagState {
    let Some(all) = consts.all() else { return FlagState::Dynamic };
    let one = |lit: &Lit| match lit {
        Lit::None | Lit::Absent => versions.absent(file, flag),
        Lit::Name(_) => FlagState::Dynamic,
        lit if holds_text(Some(&lit.text()), &Test::Is(vec![flag.safe.clone()])) => versions.safe(file, flag),
        _ => versions.unsafe_value(file, flag),
    };
    all.iter().map(one).max_by_key(rank).unwrap_or_default()
}

fn rank(state: &FlagState) -> u8 {
    match state {
        FlagState::None => 0,
        FlagState::Safe => 1,
        FlagState::Unsettled(_) => 2,
        FlagState::Dynamic => 3,
        FlagState::Hole(_) => 4,
        FlagState::Unsafe => 5,
    }
}
