//! Which blocks to ask for. Names select; then everything a selected block needs in its own file, and everything that uses an alias of what was
//! wanted, is selected as well. More than needed is slow, less is a hole: every doubt selects.

use std::collections::{BTreeMap, BTreeSet};

use super::{BlockKind, Outline, name_hash};

/// A name of interest, as the catalogue writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WantedName {
    /// Dotted name; only its last segment without `*` must occur in the block.
    pub name: String,
    /// Identifiers of which one must occur in the file for the name to count (the library of a common name); none: the name counts alone.
    pub companions: Vec<String>,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    everything: bool,
    /// Hash of the identifier that selects -> companions (alternatives, each a list of which one must occur).
    names: BTreeMap<u32, Vec<Vec<u32>>>,
    /// One bit for each value of a hash's low half that a name has: nearly all identifiers end here.
    filter: Vec<u64>,
    /// (module, name) pairs that flow asked for.
    grown: BTreeSet<(String, String)>,
    /// The same pairs under every segment of their module, and under their name: an import is looked up, not held against all of them.
    by_segment: BTreeMap<String, Vec<(String, String)>>,
    by_name: BTreeMap<String, Vec<(String, String)>>,
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
                let companions = name.companions.iter().map(|c| name_hash(c)).collect();
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
    /// Asks for a function, class or variable of a module (dotted, as link resolves it), its definition and its uses. True if that is new.
    pub fn grow(&mut self, module: &str, name: &str) -> bool {
        let pair = (module.to_owned(), name.to_owned());
        if !self.grown.insert(pair.clone()) {
            return false;
        }
        for segment in module.split('.').collect::<BTreeSet<_>>() {
            self.by_segment.entry(segment.to_owned()).or_default().push(pair.clone());
        }
        self.by_name.entry(name.to_owned()).or_default().push(pair);
        true
    }
    fn alternatives(&self, hash: u32) -> Option<&Vec<Vec<u32>>> {
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
        let companions = if name.contains('.') && !root.is_empty() && !root.contains('*') { vec![root.to_owned()] } else { Vec::new() };
        WantedName { name: name.to_owned(), companions }
    }
}

/// The blocks of a file that are asked for, in order.
pub fn select(outline: &Outline, bytes: &[u8], wanted: &Wanted) -> Vec<usize> {
    select_as(outline, bytes, wanted, &[])
}

/// As [`select`], for a file that can be imported under the dotted names `own`: pairs that name it select its definitions and their uses.
pub fn select_as(outline: &Outline, _bytes: &[u8], wanted: &Wanted, own: &[&str]) -> Vec<usize> {
    let count = outline.blocks.len();
    if wanted.everything {
        return (0..count).collect();
    }
    let mut chosen = vec![false; count];
    let mut work: Vec<usize> = Vec::new();
    let mut mentioned: BTreeMap<u32, bool> = BTreeMap::new();
    for (i, block) in outline.blocks.iter().enumerate() {
        if block.non_ascii
            || block.names.iter().any(|h| wanted.alternatives(*h).is_some_and(|alternatives| companions_met(outline, &mut mentioned, alternatives)))
        {
            chosen[i] = true;
            work.push(i);
        }
    }
    for i in grown_uses(outline, wanted, own) {
        if !std::mem::replace(&mut chosen[i], true) {
            work.push(i);
        }
    }
    if work.is_empty() {
        return Vec::new();
    }
    let mut definers: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (i, block) in outline.blocks.iter().enumerate() {
        for name in &block.defines {
            definers.entry(name_hash(name)).or_default().push(i);
        }
    }
    upwards(outline, &mut chosen, &mut work);
    // Downwards: what a selected block names is selected where it is defined.
    while let Some(i) = work.pop() {
        let Some(block) = outline.blocks.get(i) else { continue };
        for hash in &block.names {
            for definer in definers.get(hash).into_iter().flatten() {
                if !std::mem::replace(&mut chosen[*definer], true) {
                    work.push(*definer);
                }
            }
        }
    }
    for import in outline.imports.iter().filter(|i| i.alias.is_empty()) {
        if let Some(slot) = chosen.get_mut(import.block) {
            *slot = true;
        }
    }
    (0..count).filter(|i| chosen[*i]).collect()
}

/// `mentioned` remembers, for one file, which companions some block of it names.
fn companions_met(outline: &Outline, mentioned: &mut BTreeMap<u32, bool>, alternatives: &[Vec<u32>]) -> bool {
    let mut names = |c: u32| *mentioned.entry(c).or_insert_with(|| outline.blocks.iter().any(|b| b.mentions(c)));
    alternatives.iter().any(|any| any.is_empty() || any.iter().any(|c| names(*c)))
}

/// An alias of something wanted is wanted: `L = torch.load` at the top makes every block that names `L` interesting, and so on along aliases.
/// Functions and classes are not aliases: their callers come with flow's pairs.
fn upwards(outline: &Outline, chosen: &mut [bool], work: &mut Vec<usize>) {
    let mut aliases: Vec<u32> = Vec::new();
    let mut seen: BTreeSet<u32> = BTreeSet::new();
    let add = |i: usize, aliases: &mut Vec<u32>, seen: &mut BTreeSet<u32>| {
        let Some(block) = outline.blocks.get(i) else { return };
        if block.kind == BlockKind::Statement {
            return;
        }
        // The name of a function or class is its first definition; what follows was declared global inside it.
        let own = match block.kind {
            BlockKind::Function | BlockKind::Class => block.defines.len().min(1),
            _ => 0,
        };
        if own == block.defines.len() && own > 0 {
            return;
        }
        aliases.extend(block.defines.iter().map(|d| name_hash(d)).filter(|h| seen.insert(*h)));
    };
    for i in work.clone() {
        add(i, &mut aliases, &mut seen);
    }
    while let Some(alias) = aliases.pop() {
        for (i, block) in outline.blocks.iter().enumerate() {
            if !chosen[i] && block.mentions(alias) {
                chosen[i] = true;
                work.push(i);
                add(i, &mut aliases, &mut seen);
            }
        }
    }
}

/// Blocks that define or use a pair flow asked for.
fn grown_uses(outline: &Outline, wanted: &Wanted, own: &[&str]) -> Vec<usize> {
    let mut hashes: BTreeSet<u32> = BTreeSet::new();
    if wanted.grown.is_empty() {
        return Vec::new();
    }
    let last = |dotted: &str| dotted.rsplit('.').next().unwrap_or_default().to_owned();
    let under = |segment: &str| wanted.by_segment.get(segment).into_iter().flatten();
    for own in own {
        hashes.extend(under(&last(own)).filter(|(module, _)| module == own).map(|(_, name)| name_hash(name)));
    }
    for import in &outline.imports {
        let whole = match &import.name {
            Some(n) if import.module.is_empty() => n.clone(),
            Some(n) => format!("{}.{n}", import.module),
            None => import.module.clone(),
        };
        let imported = import.name.as_deref();
        let bound = |name: &str| name_hash(if import.alias.is_empty() { name } else { &import.alias });
        // Imported by name from the module, or all of it.
        for (module, name) in under(&last(&import.module)) {
            if same_module(&import.module, module) && (imported == Some(name.as_str()) || imported == Some("*")) {
                hashes.insert(bound(name));
            }
        }
        // `from . import f`, `from . import *`: the package is not named.
        if import.module.is_empty() && import.level > 0 {
            let pairs = imported.and_then(|n| wanted.by_name.get(n)).into_iter().flatten();
            hashes.extend(pairs.map(|(_, name)| bound(name)));
            if imported == Some("*") {
                hashes.extend(wanted.by_name.keys().map(|name| name_hash(name)));
            }
        }
        // The module itself.
        for (module, name) in under(&last(&whole)) {
            if same_module(&whole, module) || imported.is_some_and(|n| last(module) == n) {
                hashes.insert(name_hash(name));
            }
        }
    }
    let blocks = outline.blocks.iter().enumerate();
    blocks.filter(|(_, b)| hashes.iter().any(|h| b.mentions(*h))).map(|(i, _)| i).collect()
}

/// Whether an import of `written` can mean `module`: one is the other's tail at a dot (roots and relative imports are settled by link, not here).
fn same_module(written: &str, module: &str) -> bool {
    let tail = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !written.is_empty() && (tail(module, written) || tail(written, module) || module.split('.').any(|s| s == written))
}
