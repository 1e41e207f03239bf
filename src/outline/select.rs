//! Which parts to ask for. Names select; then everything a selected part needs in its own file, and everything that uses an alias of what was
//! wanted, is selected as well. More than needed is slow, less is a hole: every doubt selects.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::head::refers;
use super::{BlockKind, ImportedName, Method, Outline, Part, name_hash};

/// A name of interest, as the catalogue writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WantedName {
    /// Dotted name; only its last segment without `*` must occur in the block.
    pub name: String,
    /// Identifiers of which one of each list must occur in the file for the name to count (the library of a common name); none: the name counts alone.
    pub companions: Vec<Vec<String>>,
}

/// What flow asks for of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// The blocks that define it.
    Definition,
    /// The blocks that use it, in its own file and wherever it is imported.
    Uses,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    everything: bool,
    /// Hash of the identifier that selects -> companions (alternatives, each lists of which one must occur).
    names: BTreeMap<u32, Vec<Vec<Vec<u32>>>>,
    /// One bit for each value of a hash's low half that a name has: nearly all identifiers end here.
    filter: Vec<u64>,
    /// (module, name) pairs that flow asked for.
    grown: BTreeSet<(String, String, Ask)>,
    /// What is to be defined, by module.
    definitions: BTreeMap<String, Vec<String>>,
    /// What is used, under every segment of its module and under its name: an import is looked up, not held against all of them.
    by_segment: BTreeMap<String, Vec<Use>>,
    by_name: BTreeMap<String, Vec<Use>>,
}

/// Something whose uses are asked for.
#[derive(Clone, Debug)]
struct Use {
    module: String,
    /// What is imported: a function, class or variable.
    head: String,
    /// The method, when it is one.
    member: Option<String>,
}

impl Wanted {
    /// All blocks of all files.
    pub fn everything() -> Self {
        Wanted { everything: true, ..Wanted::default() }
    }
    /// The catalogue's names.
    pub fn new(names: impl IntoIterator<Item = WantedName>) -> Self {
        let mut wanted = Wanted::default();
        for name in names {
            let plain = name.name.split('.').rev().find(|s| !s.is_empty() && !s.contains('*'));
            if let Some(plain) = plain {
                let companions = name.companions.iter().map(|any| any.iter().map(|c| name_hash(c)).collect()).collect();
                wanted.names.entry(name_hash(plain)).or_default().push(companions);
            }
        }
        wanted.filter = vec![0; 1 << 10];
        for hash in wanted.names.keys() {
            if let Some(word) = wanted.filter.get_mut((hash & 0xffff) as usize / 64) {
                *word |= 1 << (hash & 63);
            }
        }
        for alternatives in wanted.names.values_mut() {
            alternatives.sort();
            alternatives.dedup();
        }
        wanted
    }
    /// Asks for a function, class, method (`Class.method`) or variable of a module (dotted, as link resolves it). True if that is new.
    pub fn grow(&mut self, module: &str, name: &str, ask: Ask) -> bool {
        if !self.grown.insert((module.to_owned(), name.to_owned(), ask)) {
            return false;
        }
        if ask == Ask::Definition {
            self.definitions.entry(module.to_owned()).or_default().push(name.to_owned());
            return true;
        }
        let (head, member) = name.split_once('.').map_or((name, None), |(head, rest)| (head, rest.rsplit('.').next()));
        let used = Use { module: module.to_owned(), head: head.to_owned(), member: member.map(str::to_owned) };
        for segment in module.split('.').collect::<BTreeSet<_>>() {
            self.by_segment.entry(segment.to_owned()).or_default().push(used.clone());
        }
        self.by_name.entry(head.to_owned()).or_default().push(used);
        true
    }
    /// Forgets what was asked for so far, once all files were selected by it; it is not asked for again.
    pub fn settle(&mut self) {
        self.definitions.clear();
        self.by_segment.clear();
        self.by_name.clear();
    }
    fn alternatives(&self, hash: u32) -> Option<&Vec<Vec<Vec<u32>>>> {
        let word = self.filter.get((hash & 0xffff) as usize / 64)?;
        if word >> (hash & 63) & 1 == 0 {
            return None;
        }
        self.names.get(&hash)
    }
    /// Whether all blocks are asked for.
    pub fn is_everything(&self) -> bool {
        self.everything
    }
}

impl WantedName {
    /// A qualified name (`a.b.c`): its last segment counts in files that name its root. A name without dot counts alone.
    pub fn qualified(name: &str) -> Self {
        let root = name.split('.').next().unwrap_or_default();
        let companions = if name.contains('.') && !root.is_empty() && !root.contains('*') { vec![vec![root.to_owned()]] } else { Vec::new() };
        WantedName { name: name.to_owned(), companions }
    }
}

/// The parts of a file that are asked for, in order.
pub fn select(outline: &Outline, bytes: &[u8], wanted: &Wanted) -> Vec<Part> {
    select_as(outline, bytes, wanted, &[])
}

/// As [`select`], for a file that can be imported under the dotted names `own`: pairs that name it select its definitions and their uses.
pub fn select_as(outline: &Outline, bytes: &[u8], wanted: &Wanted, own: &[&str]) -> Vec<Part> {
    if wanted.everything {
        return outline.all();
    }
    let mut mentioned: HashMap<u32, bool> = HashMap::new();
    let mut hits = |h: u32| wanted.alternatives(h).is_some_and(|a| companions_met(outline, &mut mentioned, a));
    let mut found = Found::default();
    for part in 0..outline.count() {
        if outline.names(part).iter().any(|h| hits(*h)) {
            found.add(outline, bytes, part, &mut hits);
        }
    }
    for (i, _) in outline.blocks.iter().enumerate().filter(|(_, b)| b.non_ascii) {
        found.parts.push(i);
        found.parts.extend(outline.methods_of(i).map(|m| m.0));
    }
    found.asked(outline, bytes, wanted, own);
    found.close(outline, bytes, &[])
}

/// What of a file is asked for besides `before`, which was selected already, with it; only what was grown since then counts. Selecting is a closure
/// over sets, so that two selections together are the selection of both.
pub fn select_more(outline: &Outline, bytes: &[u8], wanted: &Wanted, own: &[&str], before: &[Part]) -> Option<Vec<Part>> {
    let mut found = Found::default();
    found.asked(outline, bytes, wanted, own);
    if found.parts.iter().all(|p| before.binary_search(p).is_ok()) && found.aliases.is_empty() {
        return None;
    }
    let after = found.close(outline, bytes, before);
    (after.len() > before.len()).then_some(after)
}

/// What a closure begins with.
#[derive(Default)]
struct Found {
    parts: Vec<Part>,
    /// Hashes of names that stand for something of interest.
    aliases: Vec<u32>,
}

impl Found {
    fn add(&mut self, outline: &Outline, bytes: &[u8], part: Part, interesting: &mut dyn FnMut(u32) -> bool) {
        self.parts.push(part);
        self.aliases.extend(aliased(outline, bytes, part, interesting));
        self.aliases.extend(bound(outline, bytes, part, interesting));
    }
    /// What flow asked for.
    fn asked(&mut self, outline: &Outline, bytes: &[u8], wanted: &Wanted, own: &[&str]) {
        let marks = marks(outline, wanted, own);
        if !marks.is_empty() {
            for part in (0..outline.count()).filter(|p| marks.mark(outline, *p)) {
                self.add(outline, bytes, part, &mut |h| marks.any.contains(&h));
            }
        }
        self.parts.extend(definitions(outline, wanted, own));
    }
    fn close(self, outline: &Outline, bytes: &[u8], before: &[Part]) -> Vec<Part> {
        if self.parts.is_empty() {
            return before.to_vec();
        }
        let mut chosen = Chosen::new(outline);
        for part in before {
            chosen.parts[*part] = true;
        }
        self.parts.into_iter().for_each(|part| chosen.add(part));
        upwards(outline, bytes, &mut chosen, self.aliases);
        chosen.downwards();
        (0..outline.count()).filter(|i| chosen.parts[*i]).collect()
    }
}

/// `mentioned` remembers, for one file, which companions some part of it names.
fn companions_met(outline: &Outline, mentioned: &mut HashMap<u32, bool>, alternatives: &[Vec<Vec<u32>>]) -> bool {
    let mut names = |c: u32| *mentioned.entry(c).or_insert_with(|| (0..outline.count()).any(|p| outline.mentions(p, c)));
    alternatives.iter().any(|all| all.iter().all(|any| any.iter().any(|c| names(*c))))
}

/// Fields that a part assigns in a statement that refers to something of interest without calling it: `self.read = torch.load`. What a call gives is a
/// value, and values are flow's to follow.
fn aliased(outline: &Outline, bytes: &[u8], part: Part, interesting: &mut dyn FnMut(u32) -> bool) -> Vec<u32> {
    let mut out = Vec::new();
    let mut last = None;
    for assigned in outline.assigns(part) {
        let refers = match last {
            Some((statement, refers)) if statement == assigned.statement => refers,
            _ => refers(bytes.get(assigned.statement.bounds()).unwrap_or_default(), interesting),
        };
        last = Some((assigned.statement, refers));
        if refers {
            out.push(assigned.name);
        }
    }
    out
}

/// Names of the module that a part binds in the same way, or imports under another name.
fn bound(outline: &Outline, bytes: &[u8], part: Part, interesting: &mut dyn FnMut(u32) -> bool) -> Vec<u32> {
    let Some(block) = outline.blocks.get(part) else { return Vec::new() };
    let refers = match block.kind {
        BlockKind::Statement | BlockKind::Function | BlockKind::Class => false,
        BlockKind::Import => {
            let renamed = outline.imports.iter().filter(|i| i.block == part && !i.alias.is_empty());
            let of = |i: &ImportedName| i.name.as_deref().unwrap_or(&i.module).rsplit('.').next().map_or(0, name_hash);
            return renamed.filter(|i| interesting(of(i))).map(|i| name_hash(&i.alias)).collect();
        }
        BlockKind::Assign | BlockKind::Compound => refers(bytes.get(block.range.bounds()).unwrap_or_default(), interesting),
    };
    // Functions and classes are no aliases; what they declare global may be.
    let globals = matches!(block.kind, BlockKind::Function | BlockKind::Class) && block.defines.len() > 1;
    if refers || globals { block.defines.iter().map(|d| name_hash(d)).collect() } else { Vec::new() }
}

/// What is chosen so far.
struct Chosen<'o> {
    outline: &'o Outline,
    parts: Vec<bool>,
    /// Parts whose names were not followed yet.
    work: Vec<Part>,
}

impl<'o> Chosen<'o> {
    fn new(outline: &'o Outline) -> Self {
        Chosen { outline, parts: vec![false; outline.count()], work: Vec::new() }
    }
    fn add(&mut self, part: Part) {
        if self.parts.get(part).is_none_or(|p| *p) {
            return;
        }
        self.parts[part] = true;
        self.work.push(part);
        if let Some(method) = self.outline.method(part) {
            self.add(method.block);
        }
    }
    /// What a chosen part names is chosen where it is defined: all that says what a name means. Functions and methods are not: flow asks for those
    /// whose values matter. Imports say what names mean and cost nothing.
    fn downwards(&mut self) {
        let mut definers: HashMap<u32, Vec<usize>> = HashMap::new();
        for (i, block) in self.outline.blocks.iter().enumerate() {
            if block.kind == BlockKind::Import {
                self.add(i);
            } else if !block.is_plain_function() {
                block.defines.iter().for_each(|name| definers.entry(name_hash(name)).or_default().push(i));
            }
        }
        while let Some(part) = self.work.pop() {
            for hash in self.outline.names(part) {
                definers.get(hash).into_iter().flatten().for_each(|block| self.add(*block));
            }
        }
    }
}

/// An alias of something wanted is wanted: `L = torch.load` at the top makes every part that names `L` interesting, and so on along aliases and
/// fields. Functions and classes are not aliases: their callers come with flow's pairs.
fn upwards(outline: &Outline, bytes: &[u8], chosen: &mut Chosen, mut aliases: Vec<u32>) {
    let mut seen: HashSet<u32> = aliases.iter().copied().collect();
    while let Some(alias) = aliases.pop() {
        for part in 0..chosen.parts.len() {
            if outline.mentions(part, alias) {
                chosen.add(part);
                let mut more = aliased(outline, bytes, part, &mut |h| h == alias);
                more.extend(bound(outline, bytes, part, &mut |h| h == alias));
                aliases.extend(more.into_iter().filter(|h| seen.insert(*h)));
            }
        }
    }
}

/// Hashes that make a part a use of something flow asked for.
#[derive(Default)]
struct Marks {
    /// Anywhere.
    any: HashSet<u32>,
    /// In statements of the module and heads of classes: `x = Class()` there is no call of a method, but a name of what has it.
    outside: HashSet<u32>,
}

impl Marks {
    fn is_empty(&self) -> bool {
        self.any.is_empty() && self.outside.is_empty()
    }
    /// `bound` is what the used thing is called in the file.
    fn add(&mut self, used: &Use, bound: &str) {
        match used.member.as_deref() {
            // A constructor is called by the name of its class.
            None | Some("__init__") => {
                self.any.insert(name_hash(bound));
            }
            Some(member) => {
                self.any.insert(name_hash(member));
                self.outside.insert(name_hash(bound));
            }
        }
    }
    fn mark(&self, outline: &Outline, part: Part) -> bool {
        let outside = outline.blocks.get(part).is_some_and(|b| b.kind != BlockKind::Function);
        outline.names(part).iter().any(|h| self.any.contains(h) || (outside && self.outside.contains(h)))
    }
}

/// What makes a part a use of something flow asked for.
fn marks(outline: &Outline, wanted: &Wanted, own: &[&str]) -> Marks {
    let mut marks = Marks::default();
    if wanted.by_name.is_empty() {
        return marks;
    }
    let last = |dotted: &str| dotted.rsplit('.').next().unwrap_or_default().to_owned();
    let under = |segment: &str| wanted.by_segment.get(segment).into_iter().flatten();
    for own in own {
        under(&last(own)).filter(|u| u.module == *own).for_each(|u| marks.add(u, &u.head));
    }
    for import in &outline.imports {
        let whole = match &import.name {
            Some(n) if import.module.is_empty() => n.clone(),
            Some(n) => format!("{}.{n}", import.module),
            None => import.module.clone(),
        };
        let imported = import.name.as_deref();
        let bound = |u: &Use| if import.alias.is_empty() { u.head.clone() } else { import.alias.clone() };
        // Imported by name from the module, or all of it. `from . import f` does not name the package.
        let from = |u: &Use| same_module(&import.module, &u.module) || (import.module.is_empty() && import.level > 0);
        if imported == Some("*") {
            wanted.by_name.values().flatten().filter(|u| from(u)).for_each(|u| marks.add(u, &u.head));
        } else {
            let named = imported.and_then(|n| wanted.by_name.get(n)).into_iter().flatten();
            named.filter(|u| from(u)).for_each(|u| marks.add(u, &bound(u)));
        }
        // The module itself.
        for used in under(&last(&whole)) {
            if same_module(&whole, &used.module) || imported.is_some_and(|n| last(&used.module) == n) {
                marks.add(used, &used.head);
            }
        }
    }
    marks
}

/// Parts that define something flow asked for.
fn definitions(outline: &Outline, wanted: &Wanted, own: &[&str]) -> Vec<Part> {
    let mut out = Vec::new();
    for name in own.iter().filter_map(|own| wanted.definitions.get(*own)).flatten() {
        let (head, member) = name.split_once('.').map_or((name.as_str(), ""), |(head, rest)| (head, rest.split('.').next().unwrap_or_default()));
        let hash = name_hash(member);
        for (i, _) in outline.blocks.iter().enumerate().filter(|(_, b)| b.defines.iter().any(|d| d == head)) {
            out.push(i);
            let is = |m: &Method| m.name == member || m.assigns.iter().any(|a| a.name == hash);
            out.extend(outline.methods_of(i).filter(|(_, m)| is(m)).map(|m| m.0));
        }
    }
    out
}

/// Functions, methods and fields of a file that the chosen parts leave out, as hashes of a name of the module and of a member (0 for none), sorted.
pub fn left_out(outline: &Outline, parts: &[Part]) -> Vec<(u32, u32)> {
    let mut out = Vec::new();
    let chosen = |part: Part| parts.binary_search(&part).is_ok();
    for (i, block) in outline.blocks.iter().enumerate() {
        if !chosen(i) {
            out.extend(block.defines.iter().map(|d| (name_hash(d), 0)));
            continue;
        }
        for (_, method) in outline.methods_of(i).filter(|(part, _)| !chosen(*part)) {
            let members = || std::iter::once(name_hash(&method.name)).chain(method.assigns.iter().map(|a| a.name));
            out.extend(block.defines.iter().flat_map(|class| members().map(|m| (name_hash(class), m))));
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Whether an import of `written` can mean `module` or a package that hands on what `module` defines: one is the other's tail at a dot, or part of it
/// (roots and relative imports are settled by link, not here).
fn same_module(written: &str, module: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_none_or(|b| *b == b'.');
    let part_of = |short: &str, long: &str| {
        let bytes = long.as_bytes();
        long.match_indices(short).any(|(at, _)| edge(at.checked_sub(1).and_then(|i| bytes.get(i))) && edge(bytes.get(at + short.len())))
    };
    !written.is_empty() && (part_of(written, module) || (written.ends_with(module) && part_of(module, written)))
}
