//! Files as channels: which writer put the bytes behind a path. A path is compared by a symbolic key built from its form alone (text, parameter, field,
//! the very call that made it), so that equal keys mean the same place in one run. Knows no origin.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::row::{Effect, RowId, Slot, Strength, Tree};
use crate::facts::{Channel, ExprWhat, FactId, FileFacts, OnFail, V, ValueId, What};
use crate::flow::checked;
use crate::flow::guards::conjuncts;
use crate::flow::resolve::constants::{Shared, written_place};
use crate::flow::resolve::spots::Scene;
use crate::flow::resolve::starters::Starters;
use crate::flow::resolve::validators::{Checked, Validating, ends, unconditional};
use crate::flow::resolve::variables::{self, places};
use crate::flow::solver::{Here, Solver, World};
use crate::flow::tables::{Search, Tables};
use crate::flow::value::Val;
use crate::graph::Node;
use crate::origin::{Origin, Who};
use crate::source::{FileId, Kind};

/// How many values a key may look at.
const MAX_KEY: u32 = 200;
/// How many writers of one place are looked at.
const MAX_WRITERS: usize = 16;

/// The channel of storage that a program may make for itself.
const BUCKET: &str = "bucket";
/// What keys of such storage begin with.
const OF_BUCKET: &str = "\u{1}b";

/// Writers and verifications by key.
#[derive(Debug, Default)]
pub struct Writers {
    writers: BTreeMap<(FileId, String), Vec<FactId>>,
    /// Verified keys: after this fact, the bytes behind it are what the repository states. `None`: all files of the script.
    pub(super) checks: BTreeMap<FileId, Vec<Checked>>,
    /// Names of functions that may verify what was written and have no facts yet.
    pub asked: Vec<(FileId, String)>,
    /// Writers below a constant that several files may know.
    pub(super) shared: Shared,
    /// Parameters that functions verify before they come back.
    pub(super) validating: Validating,
    /// Commands that start the program which a module is part of.
    pub(super) starters: Starters,
}

impl Writers {
    /// Reads all facts that write or verify files.
    pub fn new(world: World, tables: &Tables) -> Writers {
        let mut out = Writers::default();
        let mut ending: Vec<(Node, String)> = Vec::new();
        let mut refusing: BTreeSet<Node> = BTreeSet::new();
        for (node, fact) in world.facts.nodes() {
            match &fact.what {
                What::Write { channel: Channel::File(path) | Channel::HostPath(path), .. } => out.add(world, tables, node, *path),
                What::Check { cond, on_fail } if *on_fail != OnFail::Log => {
                    let mut keys = Vec::new();
                    let digest = checked::compared(world, tables, node, (*cond, true), &mut fuel(), &mut keys);
                    refusing.extend(unconditional(world, tables, node).filter(|_| digest && ends(*on_fail)));
                    if ends(*on_fail) {
                        ending.extend(keys.iter().map(|k| (node, k.clone())));
                    }
                    let checks = out.checks.entry(node.file).or_default();
                    checks.extend(keys.into_iter().map(|k| (node.fact, Some(k).filter(|k| !k.is_empty()))));
                }
                _ => {}
            }
        }
        for (node, rows) in world.index.classified() {
            let facts = world.facts.file(node.file);
            for id in rows {
                let row = world.catalog.row(*id);
                let mut wrote = false;
                for effect in &row.effects {
                    match effect {
                        Effect::Writes { channel, name, basename, .. } if channel == "file" && !wrote => {
                            for value in world.catalog.slot(facts, node.fact, *id, name) {
                                wrote = true;
                                if *basename {
                                    let last = facts.literal(value).and_then(|t| url_base(&t).map(str::to_owned));
                                    if let Some(last) = last {
                                        out.insert(node, last);
                                    }
                                } else {
                                    out.add(world, tables, node, value);
                                }
                            }
                        }
                        Effect::Writes { channel, name, .. } if channel == BUCKET => {
                            for value in world.catalog.slot(facts, node.fact, *id, name) {
                                let here = Here { at: node, scope: tables.scope(node) };
                                if let Some(key) = key(world, tables, here, value, &mut fuel()) {
                                    out.insert(node, format!("{OF_BUCKET}{key}"));
                                }
                            }
                        }
                        Effect::Mounts { tree: Tree::Archive(file), at } => out.unpacked(world, tables, (node, *id), file, at.as_ref()),
                        Effect::Checks { slot, strength: Strength::Full } => {
                            let key = match &facts.fact(node.fact).what {
                                // A list of sums names the files itself.
                                What::Command(command) if !command.lenient => None,
                                What::Call(_) => match checked::verified_key(world, tables, node, slot, *id) {
                                    Some(key) if stops_alone(facts, node.fact) => Some(key),
                                    _ => continue,
                                },
                                _ => continue,
                            };
                            ending.extend(key.iter().map(|k| (node, k.clone())));
                            out.checks.entry(node.file).or_default().push((node.fact, key));
                        }
                        Effect::Matches(_) => {
                            let keys = checked::filtered(world, tables, node).into_iter().map(|k| (node.fact, Some(k)));
                            out.checks.entry(node.file).or_default().extend(keys);
                        }
                        _ => {}
                    }
                }
            }
        }
        out.helpers(world, tables);
        out.refused(world, tables, &refusing);
        out.carry(world, tables, ending);
        out.starts(world);
        out
    }
    /// Whether a file writes files.
    pub(super) fn writes_in(&self, file: FileId) -> bool {
        self.writers.range((file, String::new())..).next().is_some_and(|((f, _), _)| *f == file)
    }
    /// Functions of the tree that verify a file which was written in sight.
    fn helpers(&mut self, world: World, tables: &Tables) {
        let files: BTreeSet<FileId> = self.writers.keys().map(|(file, _)| *file).collect();
        for file in files {
            let facts = world.facts.file(file);
            for (fact, f) in facts.iter() {
                let What::Call(call) = &f.what else { continue };
                let node = Node { file, fact };
                let keys = checked::arguments(world, tables, node, call);
                if !keys.iter().any(|k| self.writers.contains_key(&(file, k.clone()))) || world.index.rows(world.catalog, node).next().is_some() {
                    continue;
                }
                self.asked.push((file, call.name.clone()));
                if tables.reached.get(&node).is_some_and(|to| to.iter().any(|to| checked::refuses(world, tables, to.function))) {
                    self.checks.entry(file).or_default().extend(keys.into_iter().map(|k| (fact, Some(k))));
                }
            }
        }
    }
    fn add(&mut self, world: World, tables: &Tables, node: Node, value: ValueId) {
        let here = Here { at: node, scope: tables.scope(node) };
        let facts = world.facts.file(node.file);
        let is_command = |fact: FactId| matches!(facts.fact(fact).what, What::Command(_));
        if is_command(node.fact) || facts.fact(node.fact).owner.is_some_and(is_command) {
            places(world, tables, here, value, &mut fuel()).into_iter().for_each(|key| self.insert(node, key));
        } else if let Some(key) = key(world, tables, here, value, &mut fuel()) {
            self.insert(node, key);
        }
        if world.index.kind(node.file) == Kind::Python
            && let Some(place) = written_place(world, tables, here, value)
        {
            self.shared.entry(place).or_default().push(node);
        }
    }
    /// An archive writes all below a directory; without one, what is usually named like the archive itself.
    fn unpacked(&mut self, world: World, tables: &Tables, (node, row): (Node, RowId), file: &Slot, at: Option<&Slot>) {
        let facts = world.facts.file(node.file);
        let slot = |slot: &Slot| world.catalog.slot(facts, node.fact, row, slot);
        let directories = at.map(slot).unwrap_or_default();
        for directory in &directories {
            self.add(world, tables, node, *directory);
        }
        if directories.is_empty() {
            for text in slot(file).into_iter().filter_map(|v| facts.literal(v)) {
                let base = text.rsplit('/').next().unwrap_or_default();
                let stem = base.rsplit_once('.').map_or("", |(stem, _)| stem);
                self.insert(node, stem.strip_suffix(".tar").unwrap_or(stem).to_owned());
            }
        }
    }
    fn insert(&mut self, node: Node, key: String) {
        if !key.is_empty() {
            self.writers.entry((node.file, key)).or_default().push(node.fact);
        }
    }
    /// Writers of a place, of what lies in it, or of a directory it lies in.
    pub(super) fn of(&self, file: FileId, key: &str) -> Vec<FactId> {
        let mut out: Vec<FactId> = Vec::new();
        let mut add = |key: &str| out.extend(self.writers.get(&(file, key.to_owned())).into_iter().flatten().copied());
        add(key);
        for (at, _) in key.match_indices('/').take(32) {
            add(key.get(..at).unwrap_or_default());
        }
        let below = format!("{key}/");
        for ((f, k), facts) in self.writers.range((file, below.clone())..).take(MAX_WRITERS) {
            if *f != file || !k.starts_with(&below) {
                break;
            }
            out.extend(facts.iter().copied());
        }
        out.sort_unstable();
        out.dedup();
        out
    }
}

impl Solver<'_> {
    /// What was written to the place that a value names, as far as this file shows; none when nobody writes there before.
    pub fn written(&mut self, here: Here, value: ValueId) -> Option<Val> {
        let file = here.at.file;
        let key = key(self.world, self.tables, here, value, &mut fuel())?;
        let mut found = self.writers.of(file, &key);
        if matches!(self.file(file).fact(here.at.fact).what, What::Command(_)) {
            let others = places(self.world, self.tables, here, value, &mut fuel());
            found.extend(others.iter().filter(|k| **k != key).flat_map(|k| self.writers.of(file, k)));
            found.sort_unstable();
            found.dedup();
        }
        let writers: Vec<Node> = found
            .into_iter()
            .map(|fact| Node { file, fact })
            .filter(|w| *w != here.at && (self.precedes(*w, here.at) || self.rebuilds(*w, here.at)))
            .take(MAX_WRITERS)
            .collect();
        let Some(first) = writers.first().map(|w| w.fact) else {
            return self.written_elsewhere(here, value).or_else(|| self.written_before_start(here, &key));
        };
        if self.verified(here, &key, first) {
            return Some(Val::content(Origin::REPOSITORY));
        }
        let mut out = Val::default();
        let mut later = true;
        for writer in writers {
            later &= !self.precedes(writer, here.at);
            out.join(&self.put(writer));
        }
        // What only a later line writes was written by an earlier run, unless the place itself is somebody else's.
        if later {
            let (at, place) = self.opened(here, value);
            let own = self.value(at, place);
            if own.bytes.who >= Who::Publisher {
                return None;
            }
        }
        Some(out)
    }
    /// Whether a row reads from storage that the program made itself: nobody else puts anything there.
    pub fn reads_own(&self, node: Node, id: RowId) -> bool {
        self.world.catalog.row(id).effects.iter().any(|effect| {
            let Effect::Reads { channel, name } = effect else { return false };
            channel == BUCKET
                && self.slot_values(node, id, name).into_iter().any(|value| {
                    let key = key(self.world, self.tables, self.here(node), value, &mut fuel());
                    key.is_some_and(|key| self.writers.writers.contains_key(&(node.file, format!("{OF_BUCKET}{key}"))))
                })
        })
    }
    /// Whether a check that stops on failure stands before a use and covers the value.
    pub fn is_verified(&self, here: Here, value: ValueId) -> bool {
        match key(self.world, self.tables, here, value, &mut fuel()) {
            Some(key) => self.verified(here, &key, FactId(0)) || self.comes_verified(here, value),
            None => self.comes_verified(here, value),
        }
    }
    pub(super) fn verified(&self, here: Here, key: &str, after: FactId) -> bool {
        let checks = self.writers.checks.get(&here.at.file).map_or(&[][..], Vec::as_slice);
        let python = !matches!(self.file(here.at.file).fact(here.at.fact).what, What::Command(_));
        if self.confirmed(here.at, key) {
            return true;
        }
        checks.iter().any(|(fact, k)| {
            let node = Node { file: here.at.file, fact: *fact };
            // A verification without a name covers what was brought before it.
            let covers = k.as_deref().map_or(after < *fact && after.0 > 0, |k| k == key);
            covers
                && *fact < here.at.fact
                && self.tables.scope(node) == self.tables.scope(here.at)
                && self.same_run(node, here.at)
                && (!python || self.dominates(node, here.at))
        })
    }
    /// Whether a writer comes before a reader: earlier in the same function, or anywhere in another one.
    pub(super) fn precedes(&self, writer: Node, reader: Node) -> bool {
        let apart = self.tables.scope(writer) != self.tables.scope(reader);
        self.same_run(writer, reader) && (apart || self.stands_before(writer, reader))
    }
    /// Whether one fact stands before another of the same function. Facts of text that a call is handed, and of parts that were read later, come last in order.
    fn stands_before(&self, first: Node, second: Node) -> bool {
        let facts = self.file(first.file);
        first.fact < second.fact || facts.fact(first.fact).range.end <= facts.fact(second.fact).range.start
    }
    /// Whether a later line of the same function writes what is read here only when it is there already: a store that a first run fills.
    fn rebuilds(&self, writer: Node, reader: Node) -> bool {
        if self.stands_before(writer, reader) || self.tables.scope(writer) != self.tables.scope(reader) || !self.same_run(writer, reader) {
            return false;
        }
        let facts = self.file(reader.file);
        let (read, write) = (facts.fact(reader.fact), facts.fact(writer.fact));
        let tried = write.handler.filter(|t| read.handler != Some(*t)).is_some_and(|t| facts.fact(t).range.contains(read.range));
        let (read, write) = (conjuncts(facts, read.when), conjuncts(facts, write.when));
        tried || read.iter().any(|c| !write.contains(c))
    }
    /// Whether two facts of a file see the same files: one job, one stage.
    fn same_run(&self, a: Node, b: Node) -> bool {
        let run = |n: Node| self.file(n.file).owners(n.fact).find(|(_, f)| matches!(f.what, What::Job { .. } | What::Stage { .. })).map(|o| o.0);
        run(a) == run(b)
    }
}

/// Whether a verifying call raises on its own: it stands as a statement, nobody looks at its result.
fn stops_alone(facts: &FileFacts, fact: FactId) -> bool {
    !facts.values.iter().any(|v| v.what == V::Ref(fact))
}

/// What [`key`] may spend.
pub fn fuel() -> u32 {
    MAX_KEY
}

/// The symbolic key of a path or object; none when it has none.
pub fn key(world: World, tables: &Tables, here: Here, value: ValueId, fuel: &mut u32) -> Option<String> {
    *fuel = fuel.checked_sub(1)?;
    let facts = world.facts.file(here.at.file);
    Some(match &facts.value(value).what {
        V::Str(text) => {
            let text = text.as_str();
            let text = text.strip_prefix("./").unwrap_or(text);
            if text.len() > 1_024 {
                return None;
            }
            trim(text).to_owned()
        }
        V::Num(n) => n.clone(),
        V::Param(n) => format!("\u{1}p{}.{n}", here.scope.map_or(0, |s| s.0)),
        V::Ref(fact) => return made(world, tables, here, *fact, fuel),
        V::Subst(fact) => format!("\u{1}c{}", fact.0),
        // What nobody knows is not the same place twice.
        V::Name(name) if matches!(name.as_str(), "?" | "!") => return None,
        V::Name(name) => {
            let assigned = tables.global(here.at.file, name);
            match (assigned, assigned.first().map(|f| &facts.fact(*f).what)) {
                ([_], Some(What::Assignment { value, .. })) => {
                    let at = Here { at: Node { fact: *assigned.first()?, ..here.at }, scope: None };
                    return key(world, tables, at, *value, fuel);
                }
                _ => constant(world, tables, here, name, fuel).unwrap_or_else(|| format!("\u{1}n{name}")),
            }
        }
        V::Attr(base, name) => match (&facts.value(*base).what, here.scope.and_then(|fact| tables.class(Node { fact, ..here.at }))) {
            (V::Param(0), Some(class)) => format!("\u{1}s{}.{name}", class.fact.0),
            _ => format!("{}.{name}", key(world, tables, here, *base, fuel)?),
        },
        V::Index(base, k) => format!("{}[{}]", key(world, tables, here, *base, fuel)?, key(world, tables, here, *k, fuel)?),
        V::Join(_) => {
            let mut out = String::new();
            joined(world, tables, here, value, &mut out, fuel)?;
            trim(out.strip_prefix("./").unwrap_or(&out)).to_owned()
        }
        V::Env(name) => variables::place(world, tables, here, name, fuel).unwrap_or_else(|| format!("${name}")),
        V::Expr(expr) => match &expr.what {
            ExprWhat::Context(c) => format!("${{{{{c}}}}}"),
            ExprWhat::Str(s) => s.clone(),
            _ => return None,
        },
        // A name that was put together in branches is the same wherever the same branches meet.
        V::Phi(options) => {
            let mut out = String::from("\u{1}o");
            for option in options.iter().take(8) {
                out.push('|');
                out.push_str(&key(world, tables, here, *option, fuel)?);
            }
            out
        }
        V::FileRead(_) | V::Bool(_) | V::None | V::Dict(..) | V::List(..) | V::Func(_) | V::Unknown(_) => return None,
        _ => return None,
    })
}

/// The key of joined text, added to what stands before it.
fn joined(world: World, tables: &Tables, here: Here, value: ValueId, out: &mut String, fuel: &mut u32) -> Option<()> {
    let V::Join(parts) = &world.facts.file(here.at.file).value(value).what else {
        // Below a directory that the program chose, a parameter's name is enough to know it again.
        let text = match named(world, here, value).filter(|_| is_rooted(out)) {
            Some(named) => named,
            None => key(world, tables, here, value, fuel)?,
        };
        out.push_str(&text);
        return Some(());
    };
    parts.iter().take(16).try_for_each(|part| joined(world, tables, here, *part, out, fuel))
}

/// Whether a key begins with something else than what callers hand over.
fn is_rooted(key: &str) -> bool {
    !key.is_empty() && !key.starts_with("\u{1}p")
}

/// A parameter by its name.
fn named(world: World, here: Here, value: ValueId) -> Option<String> {
    let facts = world.facts.file(here.at.file);
    match (&facts.value(value).what, here.scope.map(|f| &facts.fact(f).what)) {
        (V::Param(n), Some(What::Function { params, .. })) => params.get(*n as usize).map(|p| format!("\u{1}q{}", p.name)),
        _ => None,
    }
}

/// The key of a constant of another module, as far as it says the same in every file.
fn constant(world: World, tables: &Tables, here: Here, name: &str, fuel: &mut u32) -> Option<String> {
    let scene = Scene { index: world.index, facts: world.facts, tables };
    let [one] = scene.variable(here.at.file, name, &mut Search::default()).try_into().ok()?;
    let What::Assignment { value, .. } = &world.facts.fact(one).what else { return None };
    key(world, tables, Here { at: one, scope: None }, *value, fuel).filter(|k| !k.contains('\u{1}'))
}

/// The key of what a fact gives: a handle of a path is that path, what passes through is what went in, anything else is itself.
fn made(world: World, tables: &Tables, here: Here, fact: FactId, fuel: &mut u32) -> Option<String> {
    let facts = world.facts.file(here.at.file);
    let node = Node { file: here.at.file, fact };
    let at = Here { at: node, scope: tables.scope(node) };
    match &facts.fact(fact).what {
        // What cannot be told apart by its form is at least what this very assignment gave.
        What::Assignment { value, .. } => key(world, tables, at, *value, fuel).or_else(|| Some(format!("\u{1}c{}", fact.0))),
        What::Call(call) => {
            for (id, row) in world.index.rows(world.catalog, node) {
                for effect in &row.effects {
                    let slots = match effect {
                        Effect::Passes { from, to: Slot::Result } => from.as_slice(),
                        Effect::Reads { channel, name } if channel == "file" => std::slice::from_ref(name),
                        _ => continue,
                    };
                    let given: Vec<ValueId> = slots.iter().flat_map(|slot| world.catalog.slot(facts, fact, id, slot)).take(2).collect();
                    if let [value] = given.as_slice() {
                        return key(world, tables, at, *value, fuel);
                    }
                }
            }
            // A helper of the tree that is asked twice with the same arguments names the same place.
            let known = tables.reached.contains_key(&node) || world.index.is_left_out(node.file, &call.name, None);
            let own = call.receiver.is_some_and(|r| facts.value(r).what == V::Param(0)) && tables.class_around(node).is_some();
            let rooted = (own || call.receiver.is_none()) && names_below(world, tables, node, fuel);
            // A method that only rewrites what it is handed does not say where that lies.
            if known && (call.receiver.is_none() || rooted) {
                let argument = |value: ValueId, fuel: &mut u32| {
                    // What the tree computes out of a parameter lies where the tree decides, so the parameter's name is enough to know it again.
                    let text = named(world, at, value).or_else(|| key(world, tables, at, value, fuel));
                    // Below a directory of the program, what the helper is asked for is one of its own files, whatever it is called where it is asked.
                    if rooted { Some(text.filter(|t| !t.contains('\u{1}')).unwrap_or_default()) } else { text }
                };
                let args: Option<Vec<String>> = call.args.iter().take(8).map(|a| argument(a.value, fuel)).collect();
                if let Some(args) = args {
                    let name = call.name.rsplit('.').next().filter(|_| own).unwrap_or(&call.name);
                    let class = tables.class_around(node).filter(|_| own).map_or(String::new(), |c| format!("{}.", c.fact.0));
                    return Some(format!("\u{1}f{class}{name}({})", args.join(",")));
                }
            }
            Some(format!("\u{1}c{}", fact.0))
        }
        _ => Some(format!("\u{1}c{}", fact.0)),
    }
}

/// Whether the one helper that a call reaches gives places below something that does not come from its callers.
fn names_below(world: World, tables: &Tables, node: Node, fuel: &mut u32) -> bool {
    let Some([reached]) = tables.reached.get(&node).map(Vec::as_slice) else { return false };
    let Some([value]) = Some(tables.returns(reached.function)) else { return false };
    let inside = Here { at: reached.function, scope: Some(reached.function.fact) };
    key(world, tables, inside, *value, fuel).is_some_and(|k| is_rooted(&k) && !k.starts_with("\u{1}c"))
}

fn trim(text: &str) -> &str {
    if text.len() > 1 { text.trim_end_matches('/') } else { text }
}

/// The last segment of a URL's path.
fn url_base(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next()?;
    path.rsplit('/').next().filter(|s| !s.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_of_other_files_are_not_looked_at() {
        let mut writers = Writers::default();
        writers.insert(Node { file: FileId(2), fact: FactId(70) }, "out/model/weights".to_owned());
        writers.insert(Node { file: FileId(1), fact: FactId(3) }, "out/model".to_owned());
        assert_eq!(writers.of(FileId(1), "out"), [FactId(3)]);
        assert_eq!(writers.of(FileId(1), "out/model/weights/a"), [FactId(3)]);
        assert_eq!(writers.of(FileId(0), "out"), []);
    }
}
