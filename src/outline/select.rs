//! Which parts to ask for. Names select; then everything a selected part needs in its own file, and everything that uses an alias of what was
//! wanted, is selected as well. More than needed is slow, less is a hole: every doubt selects.

use std::collections::{HashMap, HashSet};

use super::head::refers;
use super::wanted::stretches;
use super::{Asked, Block, BlockKind, ImportedName, Outline, Part, Wanted, name_hash};
use crate::source::Range;

/// The parts of a file that are asked for, in order.
pub fn select(outline: &Outline, bytes: &[u8], wanted: &Wanted) -> Vec<Part> {
    if wanted.is_everything() {
        return outline.all();
    }
    let mut found = Found::default();
    for (part, names) in wanted.hits(outline, bytes) {
        found.add(outline, bytes, part, &mut |h| names.contains(&h));
    }
    for (i, _) in outline.blocks.iter().enumerate().filter(|(_, b)| b.non_ascii) {
        found.parts.push(i);
        found.parts.extend(outline.methods_of(i).map(|m| m.0));
    }
    found.close(outline, bytes, &[])
}

/// What of a file is asked for besides `before`, which was selected already, with it. Selecting is a closure over sets, so that two selections together are
/// the selection of both.
pub fn select_more(outline: &Outline, bytes: &[u8], asked: &Asked, before: &[Part]) -> Option<Vec<Part>> {
    let mut found = Found::default();
    for part in asked.using(outline, bytes) {
        found.add(outline, bytes, part, &mut |h| asked.wants(h));
    }
    if asked.has_uses() {
        // Imports of all that a module has hand things on, and name none of them.
        found.parts.extend(outline.imports.iter().filter(|i| i.name.as_deref() == Some("*")).map(|i| i.block));
    }
    found.parts.extend(asked.defining(outline));
    if found.parts.iter().all(|p| before.binary_search(p).is_ok()) && found.aliases.is_empty() {
        return None;
    }
    let after = found.close(outline, bytes, before);
    (after.len() > before.len()).then_some(after)
}

/// The parts of a file that stand in any of these ranges, with what they need in their own file.
pub fn select_around(outline: &Outline, bytes: &[u8], ranges: &[Range]) -> Vec<Part> {
    let mut apart: Vec<Range> = ranges.to_vec();
    apart.sort();
    apart.dedup_by(|next, last| {
        let meets = next.start <= last.end;
        if meets {
            *last = last.cover(*next);
        }
        meets
    });
    let met = |s: &Range| apart.get(apart.partition_point(|r| r.end <= s.start)).is_some_and(|r| r.start < s.end);
    let meets = |part: &Part| stretches(outline, *part).iter().any(met);
    Found { parts: (0..outline.count()).filter(meets).collect(), ..Found::default() }.close(outline, bytes, &[])
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
    /// whose values matter. Imports say what names mean and cost nothing. A statement of the module may change or check what a chosen variable holds
    /// (`parts.append(x)`, `verify(data)`).
    fn downwards(&mut self) {
        let mut definers: HashMap<u32, Vec<usize>> = HashMap::new();
        let mut users: HashMap<u32, Vec<usize>> = HashMap::new();
        for (i, block) in self.outline.blocks.iter().enumerate() {
            match block.kind {
                BlockKind::Import => self.add(i),
                BlockKind::Statement => block.names.iter().for_each(|hash| users.entry(*hash).or_default().push(i)),
                _ => {}
            }
            if block.kind != BlockKind::Import && !block.is_plain_function() {
                block.defines.iter().for_each(|name| definers.entry(name_hash(name)).or_default().push(i));
            }
        }
        loop {
            while let Some(part) = self.work.pop() {
                for hash in self.outline.names(part) {
                    definers.get(hash).into_iter().flatten().for_each(|block| self.add(*block));
                }
                let variables = self.outline.blocks.get(part).filter(|b| matches!(b.kind, BlockKind::Assign | BlockKind::Compound));
                for name in variables.into_iter().flat_map(|b| &b.defines) {
                    users.get(&name_hash(name)).into_iter().flatten().for_each(|block| self.add(*block));
                }
            }
            self.stops();
            if self.work.is_empty() {
                return;
            }
        }
    }
    /// A statement of the module that can stop the program is a check of the variables that it names: of those that are followed, it is looked at too.
    fn stops(&mut self) {
        let blocks = || self.outline.blocks.iter().enumerate();
        let variables: HashSet<u32> = blocks()
            .filter(|(i, b)| self.parts.get(*i) == Some(&true) && matches!(b.kind, BlockKind::Assign | BlockKind::Compound))
            .flat_map(|(_, b)| b.defines.iter().map(|name| name_hash(name)))
            .collect();
        let words: Vec<u32> = STOPS.iter().map(|word| name_hash(word)).collect();
        let statement = |b: &Block| matches!(b.kind, BlockKind::Compound | BlockKind::Statement);
        let stop = |i: usize| words.iter().any(|w| self.outline.mentions(i, *w));
        let open: Vec<Part> = blocks()
            .filter(|(i, b)| self.parts.get(*i) == Some(&false) && statement(b) && stop(*i) && b.names.iter().any(|n| variables.contains(n)))
            .map(|(i, _)| i)
            .collect();
        open.into_iter().for_each(|part| self.add(part));
    }
}

/// Words of statements that end a program or a block.
const STOPS: [&str; 6] = ["raise", "assert", "exit", "_exit", "abort", "quit"];

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
