//! What a value is made of, followed through assignments, branches, modules, fields and collections of all files: by form alone, without an origin. A
//! value of one file can so lead to values of another.

use crate::facts::{ArgName, Call, FactId, Target, V, ValueId, What};
use crate::flow::tables::{Search, Tables, definition};
use crate::graph::imports::MOST_REEXPORTS;
use crate::graph::index::Index;
use crate::graph::{Facts, Node};
use crate::source::FileId;

/// Alternatives that are followed at one place.
const MANY: usize = 16;

/// A value where it stands: parameters are those of `scope`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// The file.
    pub file: FileId,
    /// The function it is read in.
    pub scope: Option<FactId>,
    /// The value.
    pub value: ValueId,
}

/// Which elements of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// That of a literal key or place.
    At(String),
    /// Any.
    Any,
    /// What a loop over it gives: of a dictionary the keys.
    Each,
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'w> {
    /// Names of all files.
    pub index: &'w Index,
    /// Facts of all files.
    pub facts: &'w Facts,
    /// Fields, classes, callers.
    pub tables: &'w Tables,
}

impl<'w> Scene<'w> {
    /// What stands at a spot.
    pub fn what(self, spot: Spot) -> &'w V {
        &self.facts.value(spot.file, spot.value).what
    }
    /// The forms that a value may have: behind names, fields, branches and elements. One that leads nowhere is its own.
    pub fn forms(self, spot: Spot, search: &mut Search) -> Vec<Spot> {
        let mut out: Vec<Spot> = Vec::new();
        let mut seen = vec![spot];
        let mut at = 0;
        while let Some(spot) = seen.get(at).copied() {
            at += 1;
            if out.len() >= MANY || !search.spend() {
                break;
            }
            let next = self.behind(spot, search);
            if next.is_empty() && !out.contains(&spot) {
                out.push(spot);
            }
            for spot in next.into_iter().take(MANY) {
                if !seen.contains(&spot) {
                    seen.push(spot);
                }
            }
        }
        out
    }
    /// One step behind a value; nothing when it is what it is.
    fn behind(self, spot: Spot, search: &mut Search) -> Vec<Spot> {
        let here = |value: ValueId| Spot { value, ..spot };
        match self.what(spot) {
            V::Ref(fact) => match &self.facts.file(spot.file).fact(*fact).what {
                What::Assignment { value, .. } => {
                    let node = Node { file: spot.file, fact: *fact };
                    vec![Spot { file: spot.file, scope: self.tables.scope(node), value: *value }]
                }
                What::Call(call) => self.given_by(spot, call, search),
                _ => Vec::new(),
            },
            V::Phi(options) => options.iter().map(|o| here(*o)).collect(),
            V::Name(name) => self.values(self.variable(spot.file, name, search)),
            V::Attr(base, name) => self.values(self.field(here(*base), name, search)),
            V::Index(table, key) => self.elements(here(*table), &self.key(here(*key), search), search).0,
            _ => Vec::new(),
        }
    }
    /// `table.get(key, default)`.
    pub fn given_by(self, spot: Spot, call: &Call, search: &mut Search) -> Vec<Spot> {
        let here = |value: ValueId| Spot { value, ..spot };
        let (Some(receiver), [key, default @ ..]) = (call.receiver, call.args.as_slice()) else { return Vec::new() };
        if last(&call.name) != "get" || default.len() > 1 || !matches!(self.what(here(call.callee)), V::Attr(..) | V::Name(_)) {
            return Vec::new();
        }
        let (mut found, _) = self.elements(here(receiver), &self.key(here(key.value), search), search);
        if !found.is_empty() {
            found.extend(default.iter().map(|d| here(d.value)));
        }
        found
    }
    fn values(self, facts: Vec<Node>) -> Vec<Spot> {
        let value = |node: Node| match &self.facts.fact(node).what {
            What::Assignment { value, .. } => Some(Spot { file: node.file, scope: self.tables.scope(node), value: *value }),
            _ => None,
        };
        facts.into_iter().filter_map(value).collect()
    }
    /// Assignments of a variable of this or another module, of a constant of a class, of a field of an object that a module holds.
    pub fn variable(self, file: FileId, name: &str, search: &mut Search) -> Vec<Node> {
        let of = |file: FileId, name: &str| self.tables.global(file, name).iter().map(|fact| Node { file, fact: *fact }).collect::<Vec<_>>();
        if !name.contains('.') {
            let own = of(file, name);
            if !own.is_empty() || name.starts_with('_') {
                return own;
            }
            return self.index.starred(file).iter().map(|m| of(*m, name)).find(|f| !f.is_empty()).unwrap_or_default();
        }
        let Some((mut module, rest)) = module_of(self.index, file, name) else {
            // `Class.CONSTANT` of this file.
            let Some((head, member)) = name.split_once('.').filter(|_| !name.starts_with(['.', '?'])) else { return Vec::new() };
            return self.member(file, head, member, search);
        };
        let (mut head, member) = rest.split_once('.').map_or((rest, None), |(head, rest)| (head, Some(rest)));
        for _ in 0..MOST_REEXPORTS {
            let found = match member {
                None => of(module, head),
                Some(member) => self.member(module, head, member, search),
            };
            if !found.is_empty() {
                return found;
            }
            let starred = self.index.starred(module).iter().find(|m| !self.tables.global(**m, head).is_empty());
            (module, head) = match (self.index.imports().origin(module, head), starred) {
                (Some(origin), _) => origin,
                (None, Some(origin)) => (*origin, head),
                (None, None) => break,
            };
        }
        Vec::new()
    }
    /// A member of a class, or of the object that a variable holds. What an enumeration calls the value of a constant is the constant.
    fn member(self, module: FileId, head: &str, member: &str, search: &mut Search) -> Vec<Node> {
        let (name, rest) = member.split_once('.').map_or((member, None), |(name, rest)| (name, Some(rest)));
        if rest.is_some_and(|r| r != "value") || !search.spend() {
            return Vec::new();
        }
        let mut classes: Vec<Node> = match self.index.local(module, head, 0) {
            Some(class) if matches!(self.facts.fact(class).what, What::Class { .. }) => vec![class],
            _ => Vec::new(),
        };
        if classes.is_empty() {
            let held = self.values(self.tables.global(module, head).iter().map(|fact| Node { file: module, fact: *fact }).collect());
            for spot in held.into_iter().take(4) {
                classes.extend(self.tables.classes_of(self.index, self.facts, spot.file, spot.value, spot.scope, search));
            }
        }
        classes.into_iter().flat_map(|class| self.assigned(class, name, search)).collect()
    }
    /// Assignments of a field of the classes that a value is an object of, or of the class that it is.
    fn field(self, base: Spot, name: &str, search: &mut Search) -> Vec<Node> {
        if let V::Name(class) = self.what(base) {
            let found = self.variable(base.file, &format!("{class}.{name}"), search);
            if !found.is_empty() {
                return found;
            }
        }
        let mut classes = self.tables.classes_of(self.index, self.facts, base.file, base.value, base.scope, search);
        if classes.is_empty() && name == "value" {
            // A constant of an enumeration stands for its value.
            return match self.what(base) {
                V::Attr(class, constant) => self.field(Spot { value: *class, ..base }, constant, search),
                _ => Vec::new(),
            };
        }
        classes.truncate(MANY);
        classes.into_iter().flat_map(|class| self.assigned(class, name, search)).collect()
    }
    fn assigned(self, class: Node, name: &str, search: &mut Search) -> Vec<Node> {
        search.members.push((class, name.to_owned()));
        self.tables.field_of_all(class, name)
    }
    /// Which elements a key means.
    pub fn key(self, key: Spot, search: &mut Search) -> Key {
        let facts = self.facts.file(key.file);
        if let Some(text) = facts.literal(key.value) {
            return Key::At(text);
        }
        match self.what(key) {
            V::Unknown(parts) if parts.is_empty() => Key::Each,
            V::Unknown(_) | V::Param(_) => Key::Any,
            _ => match self.forms(key, search).as_slice() {
                [one] => self.facts.file(one.file).literal(one.value).map_or(Key::Any, Key::At),
                _ => Key::Any,
            },
        }
    }
    /// Elements of a collection that is built in sight, and whether these are all.
    pub fn elements(self, table: Spot, key: &Key, search: &mut Search) -> (Vec<Spot>, bool) {
        let mut out = Vec::new();
        let mut whole = true;
        if let (V::Index(pairs, each), Key::At(place)) = (self.what(table), key)
            && self.key(Spot { value: *each, ..table }, search) == Key::Each
        {
            let found = self.pair(Spot { value: *pairs, ..table }, place, search);
            if !found.is_empty() {
                return (found, true);
            }
        }
        for form in self.forms(table, search) {
            let here = |value: ValueId| Spot { value, ..form };
            match self.what(form) {
                V::Dict(entries, open) => {
                    whole &= !open;
                    self.entries(form, entries, key, search, &mut out);
                }
                V::List(items, open) => {
                    let place = if let Key::At(text) = key { text.parse::<usize>().ok() } else { None };
                    match place.and_then(|n| items.get(n)) {
                        Some(one) if !open => out.push(here(*one)),
                        _ => out.extend(items.iter().map(|i| here(*i))),
                    }
                    whole &= !open;
                }
                V::Ref(fact) => match &self.facts.file(form.file).fact(*fact).what {
                    What::Call(call) => {
                        let (found, all) = self.copied(form, call, key, search);
                        whole &= all;
                        out.extend(found);
                    }
                    _ => whole = false,
                },
                _ => whole = false,
            }
        }
        // What is put into it elsewhere.
        for (file, fact) in self.put(table, search) {
            let What::Assignment { target: Target::Index(_, k), value } = &self.facts.file(file).fact(fact).what else { continue };
            let scope = self.tables.scope(Node { file, fact });
            let same = match (key, self.facts.file(file).literal(*k)) {
                (Key::At(wanted), Some(have)) => *wanted == have,
                _ => true,
            };
            if same {
                let value = if *key == Key::Each { *k } else { *value };
                out.push(Spot { file, scope, value });
            }
        }
        out.sort_unstable();
        out.dedup();
        let all = out.len() <= MANY;
        out.truncate(MANY);
        (out, whole && all)
    }
    fn entries(self, form: Spot, entries: &[(ValueId, ValueId)], key: &Key, search: &mut Search, out: &mut Vec<Spot>) {
        let facts = self.facts.file(form.file);
        let here = |value: ValueId| Spot { value, ..form };
        let mut last: Option<Spot> = None;
        for (k, v) in entries {
            let have = facts.literal(*k);
            match (key, &have) {
                // Another dictionary that is spread out in this one.
                (Key::At(_), None) if self.what(here(*k)) == &V::Unknown(vec![*v]) => {
                    let (found, _) = if search.spend() { self.elements(here(*v), key, search) } else { (Vec::new(), false) };
                    out.extend(found);
                }
                (Key::At(wanted), Some(have)) if wanted == have => last = Some(here(*v)),
                (Key::At(_), Some(_)) => {}
                (Key::Each, _) => out.push(here(*k)),
                _ => out.push(here(*v)),
            }
        }
        out.extend(last);
    }
    /// Collections that hold what another holds.
    fn copied(self, form: Spot, call: &Call, key: &Key, search: &mut Search) -> (Vec<Spot>, bool) {
        let here = |value: ValueId| Spot { value, ..form };
        let any = if *key == Key::Each { Key::Each } else { Key::Any };
        if !search.spend() {
            return (Vec::new(), false);
        }
        match (last(&call.name), call.receiver, call.args.as_slice()) {
            ("values", Some(receiver), []) => self.elements(here(receiver), &Key::Any, search),
            ("keys", Some(receiver), []) => self.elements(here(receiver), &Key::Each, search),
            ("copy", Some(receiver), []) => self.elements(here(receiver), key, search),
            ("list" | "tuple" | "set" | "sorted" | "reversed" | "iter" | "next" | "frozenset" | "deepcopy" | "copy", _, [one, ..])
                if one.name == ArgName::Position(0) =>
            {
                self.elements(here(one.value), &any, search)
            }
            _ => (Vec::new(), false),
        }
    }
    /// One half of the pairs that a loop over `items()`, `enumerate` or `zip` gives.
    fn pair(self, pairs: Spot, place: &str, search: &mut Search) -> Vec<Spot> {
        let mut out = Vec::new();
        for form in self.forms(pairs, search) {
            let V::Ref(fact) = self.what(form) else { continue };
            let What::Call(call) = &self.facts.file(form.file).fact(*fact).what else { continue };
            let here = |value: ValueId| Spot { value, ..form };
            let argument = |n: usize| call.args.get(n).filter(|a| matches!(a.name, ArgName::Position(_))).map(|a| here(a.value));
            let found = match (last(&call.name), call.receiver, place) {
                ("items", Some(receiver), "0") => Some((here(receiver), Key::Each)),
                ("items", Some(receiver), "1") => Some((here(receiver), Key::Any)),
                ("enumerate", None, "1") => argument(0).map(|a| (a, Key::Each)),
                ("zip", None, n) => n.parse().ok().and_then(argument).map(|a| (a, Key::Each)),
                _ => None,
            };
            if let Some((table, key)) = found.filter(|_| search.spend()) {
                out.extend(self.elements(table, &key, search).0);
            }
        }
        out
    }
    /// Assignments of elements of the variable or field that holds a collection.
    fn put(self, table: Spot, search: &mut Search) -> Vec<(FileId, FactId)> {
        match self.what(table) {
            V::Name(name) => match module_of(self.index, table.file, name) {
                _ if !name.contains('.') => self.tables.put(table.file, name).iter().map(|f| (table.file, *f)).collect(),
                Some((module, rest)) if !rest.contains('.') => {
                    let (module, rest) = self.index.imports().origin(module, rest).unwrap_or((module, rest));
                    self.tables.put(module, rest).iter().map(|f| (module, *f)).collect()
                }
                _ => Vec::new(),
            },
            V::Attr(base, name) => {
                let classes = self.tables.classes_of(self.index, self.facts, table.file, *base, table.scope, search);
                classes.into_iter().flat_map(|c| self.tables.put_in_field(c, name)).map(|n| (n.file, n.fact)).collect()
            }
            _ => Vec::new(),
        }
    }
    /// The function or class that a name means at a spot.
    pub fn definition(self, spot: Spot, name: &str) -> Option<Node> {
        definition(self.index, self.facts, Node { file: spot.file, fact: spot.scope.unwrap_or(FactId(0)) }, name)
    }
}

/// The last segment of a name.
pub fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The module file of a dotted name, and what is left of the name.
pub fn module_of<'n>(index: &Index, file: FileId, name: &'n str) -> Option<(FileId, &'n str)> {
    let plain = name.trim_start_matches('.');
    let level = u32::try_from(name.len() - plain.len()).unwrap_or(0);
    let cuts: Vec<usize> = plain.match_indices('.').map(|m| m.0).collect();
    for cut in cuts.into_iter().rev() {
        if let Some(module) = index.module(file, plain.get(..cut)?, level) {
            return Some((module, plain.get(cut + 1..)?));
        }
    }
    // `from . import x`: the package itself.
    if level > 0 { index.module(file, "", level).map(|module| (module, plain)) } else { None }
}
