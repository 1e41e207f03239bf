//! What a row says of a result: origins of what a call returns, pins, channels that it reads. The same for calls, commands and actions.

use crate::catalog::row::{Effect, Pin, Row, RowId, Slot, Subject, Tree};
use crate::facts::{ValueId, What};
use crate::flow::place::{self, Place};
use crate::flow::sinks::{is_address, unfetched};
use crate::flow::solver::{Here, Solver};
use crate::flow::value::{Consts, Dep, Lit, Made, Part, PinState, Side, Source, Val};
use crate::graph::Node;
use crate::origin::{Mutable, Origin, Via, Who};

/// How many archives are opened one inside the other.
const MAX_UNPACKED: usize = 2;
/// How many copies are followed to what they were made of.
const MAX_COPIED: usize = 3;

impl Solver<'_> {
    /// What a `returns` effect gives at a fact.
    pub fn row_returns(&mut self, node: Node, which: (RowId, u32), (who, via): (Who, Via), pin: &Pin, path: bool) -> Val {
        let at = self.head(node);
        let callee = self.called(node);
        if who != Who::Publisher {
            let mutable = if who > Who::Publisher { Mutable::Moving } else { Mutable::Digest };
            let origin = Origin { who, mutable, via, ..Origin::PROGRAM };
            let mut val = Val::content(origin);
            if path {
                val.name = Origin::PROGRAM;
            }
            if who > Who::Publisher {
                val = val.from_source(Source { who, at, text: format!("`{callee}` brings what others send"), row: Some(which), subject: None });
            }
            return val;
        }
        if let Some(mut val) = self.certain(node, which.0) {
            if path {
                val.name = Origin::PROGRAM;
            }
            return val;
        }
        if let (Pin::Fixed(mutable), Subject::Setting(_)) = (pin, &self.world.catalog.row(which.0).subject) {
            // A switch of a configuration does not say what it is applied to; the row says that this comes from outside.
            let val = Val::content(Origin { via, ..Origin::publisher(*mutable) });
            let text = format!("`{callee}` applies to what comes from outside");
            return val.from_source(Source { who, at, text, row: Some(which), subject: None });
        }
        let subject = self.slot(node, which.0, &Solver::subject_slot(self.world.catalog.row(which.0))).unwrap_or_default();
        let subject = unfetched(subject, via);
        let state = self.pin(node, which.0, pin);
        let mut val = self.fetched(node, &subject, state);
        val.bytes.via = if val.bytes.who >= Who::Publisher { val.bytes.via.with(via) } else { val.bytes.via };
        if path {
            val.name = Origin::PROGRAM;
            val.deps.retain(|d| d.to == Side::Bytes);
        } else {
            val = val.read();
        }
        val.consts = Consts::any();
        val.made = Made::OTHER;
        if val.bytes.who >= Who::Publisher {
            let name = self.outside_name(node, &subject.consts);
            let text = match &name {
                Some(name) => format!("`{callee}` gets `{name}`"),
                None => format!("`{callee}` gets it from outside"),
            };
            let subject = name.or_else(|| val.source.as_ref().and_then(|s| s.subject.clone()));
            val.source = Some(std::sync::Arc::new(Source { who: val.bytes.who, at, text, row: Some(which), subject }));
        }
        val
    }
    /// What comes from outside whatever its name looks like, as the row says; none where the name decides.
    pub fn certain(&mut self, node: Node, id: RowId) -> Option<Val> {
        let row = self.world.catalog.row(id);
        let found = row.effects.iter().enumerate().find_map(|(i, e)| match e {
            Effect::Returns { certain: true, who, pin, via, .. } => Some((u32::try_from(i).unwrap_or(u32::MAX), *who, pin, *via)),
            _ => None,
        });
        let (effect, who, pin, via) = found?;
        let mutable = match self.pin(node, id, pin) {
            PinState::Fixed(mutable) => mutable,
            PinState::Suffix | PinState::By(_) => Mutable::Moving,
        };
        let name = self.slot(node, id, &Solver::subject_slot(row)).unwrap_or_default().consts.text().map(str::to_owned);
        let callee = self.called(node);
        let text = match &name {
            Some(name) => format!("`{callee}` gets `{name}`"),
            None => format!("`{callee}` gets it from outside"),
        };
        let val = Val::content(Origin { who, mutable, via, ..Origin::PROGRAM });
        Some(val.from_source(Source { who, at: self.head(node), text, row: Some((id, effect)), subject: name }))
    }
    /// What hubs and hosts serve under a name. Deferred for a name that is a parameter.
    pub fn fetched(&self, node: Node, name: &Val, pin: PinState) -> Val {
        let mut bytes = Origin::PROGRAM;
        let mut deps: Vec<Dep> = Vec::new();
        for lit in &name.consts.set {
            let Lit::Str(text) = lit else {
                bytes.known &= !matches!(lit, Lit::Name(_));
                continue;
            };
            let (place, tracked) = self.place(node.file, text);
            let mutable = match pin {
                PinState::Fixed(m) => m,
                PinState::Suffix => place::suffix(text),
                PinState::By(_) => Mutable::Moving,
            };
            bytes = bytes.join(match place {
                Place::Hub => Origin::publisher(mutable),
                Place::Url { .. } if mutable == Mutable::Digest => Origin::REPOSITORY,
                Place::Url { plain } => Origin { mutable, ..place::store(Place::Url { plain }, false) },
                Place::Unclear => Origin { known: false, ..Origin::OPERATOR },
                Place::Path | Place::Loopback | Place::Other => place::store(place, tracked),
            });
        }
        let mut out = Val { consts: Consts::any(), made: Made::OTHER, source: name.source.clone(), ..Val::default() };
        if name.consts.top {
            // Not a literal: what is known of its bytes, as a lower bound unless an earlier download already says who serves it.
            let known = name.bytes.who >= Who::Publisher;
            let behind = match pin {
                // An address that is put together is fixed by the same digest or revision as one in full.
                PinState::Fixed(Mutable::Digest) if known && is_address(name) => Origin::REPOSITORY,
                PinState::Fixed(mutable) if known && is_address(name) => Origin { mutable: mutable.min(name.bytes.mutable), ..name.bytes },
                _ => name.bytes,
            };
            bytes = bytes.join(Origin { known: known && name.bytes.known, ..behind });
            deps.extend(name.deps.iter().filter(|d| d.to == Side::Bytes).map(|d| match d.part {
                Part::Own(_) if !known => Dep { part: Part::Own(Side::Bytes), ..*d },
                _ => *d,
            }));
        }
        for (of, index) in &name.consts.params {
            let pin = match pin {
                PinState::By(_) if *of != self.function(node) => PinState::Fixed(Mutable::Moving),
                same => same,
            };
            deps.push(Dep { of: *of, index: *index, to: Side::Bytes, part: Part::Fetched(pin) });
        }
        deps.sort_unstable();
        deps.dedup();
        out.bytes = bytes;
        out.deps = deps;
        out
    }
    /// Of the literals a name may be, the first that names something outside; the only one in any case.
    pub fn outside_name(&self, node: Node, consts: &Consts) -> Option<String> {
        let outside = |text: &&str| matches!(self.place(node.file, text).0, Place::Hub | Place::Url { .. });
        let texts = || consts.set.iter().filter_map(|l| if let Lit::Str(text) = l { Some(text.as_str()) } else { None });
        consts.text().or_else(|| texts().find(outside)).map(str::to_owned)
    }
    /// How the row's pin stands at a fact.
    pub fn pin(&mut self, node: Node, row: RowId, pin: &Pin) -> PinState {
        let (slot, read): (&Slot, fn(&str) -> Mutable) = match pin {
            Pin::Fixed(mutable) => return PinState::Fixed(*mutable),
            Pin::Suffix(_) => return PinState::Suffix,
            Pin::Revision(slot) => (slot, place::pin),
            Pin::Version(slot) => (slot, place::version),
            Pin::Hash(slot) => (slot, |_| Mutable::Digest),
        };
        let Some(given) = self.slot(node, row, slot) else { return PinState::Fixed(Mutable::Moving) };
        if let ([], false, [(of, index)]) = (given.consts.set.as_slice(), given.consts.top, given.consts.params.as_slice())
            && *of == self.function(node)
            && !matches!(pin, Pin::Hash(_))
        {
            return PinState::By(*index);
        }
        if given.consts.top && given.bytes.who >= Who::Publisher && is_address(&given) {
            // The address itself is all that could fix it: its own parts say what they can.
            return PinState::Fixed(given.bytes.mutable);
        }
        PinState::Fixed(pinned(&given.consts, read))
    }
    /// The function, or file, whose parameters a fact sees.
    pub fn function(&self, node: Node) -> Node {
        Node { file: node.file, fact: self.tables.scope(node).unwrap_or(crate::facts::FactId(0)) }
    }
    /// What a `reads` effect gives; none for channels that flow does not follow.
    pub fn read_channel(&mut self, node: Node, row: RowId, channel: &str, name: &Slot) -> Option<Val> {
        let values = self.slot_values(node, row, name);
        match channel {
            "file" => {
                let mut out = Val::default();
                for value in values {
                    let val = self.at(node, value);
                    out.join(&self.behind(self.here(node), value, val).read());
                }
                Some(out)
            }
            "env" => {
                let file = self.file(node.file);
                let is_secret = |v: &ValueId| file.literal(*v).is_some_and(|name| self.world.catalog.names_secret(&name));
                let via = if values.iter().any(is_secret) { Via::ENV.with(Via::SECRET) } else { Via::ENV };
                Some(Val::content(Origin { via, ..Origin::OPERATOR }))
            }
            "socket" => Some(Val::content(Origin { who: Who::Peer, mutable: Mutable::Moving, via: Via::SOCKET, ..Origin::PROGRAM })),
            _ => None,
        }
    }
    /// The bytes behind a path: what was written there before, else what its own value says.
    pub fn behind(&mut self, here: Here, value: ValueId, val: Val) -> Val {
        let Some(written) = self.written(here, value) else { return val };
        Val { name: val.name, ..written }
    }
    /// What a loader gives that rows say no more of than what it reads: what it has read.
    pub fn loaded(&mut self, node: Node) -> Option<Val> {
        let mut out: Option<Val> = None;
        for (id, row) in self.sure_rows(node) {
            for effect in &row.effects {
                let Effect::Sink { slot: Some(slot), bytes: true, .. } = effect else { continue };
                for value in self.slot_values(node, id, slot) {
                    let val = self.at(node, value);
                    let read = self.behind(self.here(node), value, val).read();
                    out.get_or_insert_default().join(&read);
                }
            }
        }
        out
    }
    /// What a writer put into its channel.
    pub fn put(&mut self, node: Node) -> Val {
        let mut out = Val::default();
        let name = self.called(node);
        for (id, row) in self.rows(node) {
            for effect in &row.effects {
                if let Effect::Mounts { tree: Tree::Archive(file), .. } = effect {
                    // What is unpacked is what the archive holds. Of one that seems to come out of itself, or out of many others, its own name
                    // decides.
                    let within = self.unpacking.len() >= MAX_UNPACKED || self.unpacking.contains(&node);
                    self.unpacking.push(node);
                    for value in self.slot_values(node, id, file) {
                        let val = self.at(node, value);
                        let val = if within { val } else { self.behind(self.here(node), value, val) };
                        out.join(&val.read());
                    }
                    self.unpacking.pop();
                    continue;
                }
                let Effect::Writes { value, .. } = effect else { continue };
                let mut val = match value {
                    Some(Slot::Result) | None => match self.returns_of(node, id, row) {
                        Some(val) => val.read(),
                        // Only opened: what is put there others say.
                        None => {
                            out.join(&Val { consts: crate::flow::value::Consts::any(), ..Val::default() });
                            break;
                        }
                    },
                    // A copy holds what lies at the place it is made of.
                    Some(slot) if row.effects.iter().any(|e| matches!(e, Effect::Passes { to: Slot::Arg(_), .. })) => {
                        // Of one that is made of its own copy its own name decides.
                        let within = self.unpacking.len() >= MAX_COPIED || self.unpacking.contains(&node);
                        self.unpacking.push(node);
                        let mut val = Val::default();
                        for value in self.slot_values(node, id, slot) {
                            let named = self.at(node, value);
                            let lies = if within { named } else { self.behind(self.here(node), value, named) };
                            val.join(&lies.read());
                        }
                        self.unpacking.pop();
                        val
                    }
                    Some(slot) => {
                        let put = self.slot_values(node, id, slot);
                        // What was found to be what was meant before it is put there is that wherever it is read again.
                        match !put.is_empty() && put.iter().all(|v| self.is_verified(self.here(node), *v)) {
                            true => Val::content(Origin::REPOSITORY),
                            false => self.slot(node, id, slot).map(Val::read).unwrap_or_default(),
                        }
                    }
                };
                val.made = Made { by: vec![name.clone()], other: false };
                out.join(&val);
                break;
            }
        }
        if let What::Write { value, .. } = &self.file(node.file).fact(node.fact).what {
            out.join(&self.at(node, *value).read());
        }
        out
    }
    fn returns_of(&mut self, node: Node, id: RowId, row: &Row) -> Option<Val> {
        if self.reads_own(node, id) {
            return Some(Val::program());
        }
        let (i, effect) = row.effects.iter().enumerate().find(|(_, e)| matches!(e, Effect::Returns { .. }))?;
        let Effect::Returns { who, pin, via, path, .. } = effect else { return None };
        Some(self.row_returns(node, (id, u32::try_from(i).unwrap_or(u32::MAX)), (*who, *via), pin, *path))
    }
}

/// What literals say of a pin: the weakest of them. A value that is no literal is taken as a fixed version: somebody decided it.
pub fn pinned(consts: &Consts, read: fn(&str) -> Mutable) -> Mutable {
    let mut out = if consts.top || !consts.params.is_empty() { Mutable::Release } else { Mutable::Digest };
    for lit in &consts.set {
        out = out.max(match lit {
            Lit::Absent | Lit::None | Lit::Bool(false) => Mutable::Moving,
            Lit::Bool(true) => Mutable::Digest,
            Lit::Num(text) | Lit::Str(text) => read(text),
            Lit::Name(_) => Mutable::Release,
        });
    }
    out
}
