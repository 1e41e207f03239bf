//! Identity of alerts: names that survive edits elsewhere. Hashes names and texts; knows no policy.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::facts::FileFacts;
use crate::finding::{Alert, Location, Path, Reported};
use crate::graph::Facts;
use crate::source::{FileId, Range, SourceFile, Sources};
use crate::triage::line_hash;

/// Gives every alert its construct chain and its three fingerprints. `alerts` must hold one for each rule and cause.
pub fn identify(mut alerts: Vec<Alert>, facts: &Facts, sources: &Sources) -> Vec<Reported> {
    alerts.sort_by(|a, b| (a.primary, &a.rule).cmp(&(b.primary, &b.rule)));
    let mut chains = Chains::new(facts);
    let hashes = line_hashes(&alerts, sources);
    let mut equals: BTreeMap<(FileId, String, Vec<String>, String), u64> = BTreeMap::new();
    let mut out = Vec::with_capacity(alerts.len());
    for alert in alerts {
        let place = alert.primary;
        let constructs = chains.names(place);
        let cause = folded(&alert.cause);
        let ordinal = equals.entry((place.file, alert.rule.clone(), constructs.clone(), cause.clone())).or_default();
        let v1 = v1(&alert.rule, &constructs, &cause, *ordinal);
        *ordinal += 1;
        let path_v1 = (!alert.paths.is_empty()).then(|| path_v1(&alert.paths, &mut chains, sources));
        let line_hash = hashes.get(&(place.file, place.range.start)).cloned().unwrap_or_default();
        out.push(Reported { alert, constructs, v1, path_v1, line_hash, change: None, repair: None });
    }
    out
}

/// The line hash of each place at which an alert stands. Each file is read once, and of its lines only those are kept.
fn line_hashes(alerts: &[Alert], sources: &Sources) -> BTreeMap<(FileId, u32), String> {
    let groups: Vec<&[Alert]> = alerts.chunk_by(|a, b| a.primary.file == b.primary.file).collect();
    let of_file = |group: &&[Alert]| {
        let places = group.iter().map(|a| a.primary);
        let file = places.clone().next().and_then(|p| sources.files.get(p.file.0 as usize));
        let last = |f: &SourceFile| places.clone().map(|p| f.lines().line(p.range.start)).max().unwrap_or(1);
        let hashes = file.map(|f| (f.lines(), line_hash::first_lines(&f.bytes, last(f))));
        let of_place =
            |at: Location| hashes.as_ref().map(|(lines, all)| ((at.file, at.range.start), line_hash::of_line(all, lines.line(at.range.start))));
        places.filter_map(of_place).collect::<Vec<_>>()
    };
    groups.par_iter().flat_map_iter(of_file).collect()
}

/// `pipevet/v1`: rule, chain of names, cause, and which among equals. No file, no line, no message, no level.
fn v1(rule: &str, chain: &[String], cause: &str, ordinal: u64) -> String {
    let mut hash = blake3::Hasher::new();
    field(&mut hash, b"pipevet/v1");
    field(&mut hash, rule.as_bytes());
    hash.update(&(chain.len() as u64).to_le_bytes());
    chain.iter().for_each(|name| field(&mut hash, name.as_bytes()));
    field(&mut hash, cause.as_bytes());
    hash.update(&ordinal.to_le_bytes());
    hash.finalize().to_hex().chars().take(32).collect()
}

/// `pipevet/path-v1`: one short hash for each way, sorted, joined by commas, so that a new way on a known alert can be told.
fn path_v1(paths: &[Path], chains: &mut Chains<'_>, sources: &Sources) -> String {
    let mut all: Vec<String> = paths
        .iter()
        .map(|path| {
            let mut hash = blake3::Hasher::new();
            field(&mut hash, b"pipevet/path-v1");
            for hop in &path.hops {
                let chain = chains.names(hop.at);
                hash.update(&(chain.len() as u64).to_le_bytes());
                chain.iter().for_each(|name| field(&mut hash, name.as_bytes()));
                let text = sources.files.get(hop.at.file.0 as usize).map(|f| f.text_at(hop.at.range)).unwrap_or_default();
                field(&mut hash, folded(&text).as_bytes());
            }
            hash.finalize().to_hex().chars().take(16).collect()
        })
        .collect();
    all.sort();
    all.dedup();
    all.join(",")
}

/// White space folded to single blanks.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The length goes before the bytes: no two lists of fields give the same stream.
fn field(hash: &mut blake3::Hasher, bytes: &[u8]) {
    hash.update(&(bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

/// Looks constructs up by place. Constructs nest, so the innermost one that covers a range is the last to begin before it, or an ancestor of that one.
pub struct Chains<'f> {
    facts: &'f Facts,
    by_start: BTreeMap<FileId, Vec<u32>>,
}

impl<'f> Chains<'f> {
    /// An empty index, filled file by file as it is asked.
    pub fn new(facts: &'f Facts) -> Self {
        Chains { facts, by_start: BTreeMap::new() }
    }
    /// Indices of the constructs around a place, innermost first.
    pub fn around(&mut self, at: Location) -> Vec<u32> {
        let Some(file) = self.facts.files.get(at.file.0 as usize) else { return Vec::new() };
        let order = self.by_start.entry(at.file).or_insert_with(|| sorted(file));
        let construct = |i: u32| file.constructs.get(i as usize);
        let last = order.partition_point(|i| construct(*i).is_some_and(|c| c.range.start <= at.range.start));
        let mut next = last.checked_sub(1).and_then(|i| order.get(i)).copied();
        let mut out = Vec::new();
        while let Some(i) = next {
            let Some(c) = construct(i) else { break };
            if c.range.contains(at.range) {
                out.push(i);
            }
            next = c.parent.filter(|p| *p < i);
        }
        out
    }
    /// Every chain of names in a file.
    pub fn all(&self, file: FileId) -> BTreeSet<Vec<String>> {
        let Some(facts) = self.facts.files.get(file.0 as usize) else { return BTreeSet::new() };
        let mut named: Vec<Vec<String>> = Vec::with_capacity(facts.constructs.len());
        for construct in &facts.constructs {
            // A parent stands before its children.
            let mut chain = construct.parent.and_then(|p| named.get(p as usize)).cloned().unwrap_or_default();
            chain.push(construct.name.clone());
            named.push(chain);
        }
        named.into_iter().collect()
    }
    /// Names of the constructs around a place, outermost first.
    pub fn names(&mut self, at: Location) -> Vec<String> {
        let mut around = self.around(at);
        around.reverse();
        let Some(file) = self.facts.files.get(at.file.0 as usize) else { return Vec::new() };
        around.iter().filter_map(|i| file.constructs.get(*i as usize)).map(|c| c.name.clone()).collect()
    }
}

fn sorted(file: &FileFacts) -> Vec<u32> {
    let mut order: Vec<u32> = (0..u32::try_from(file.constructs.len()).unwrap_or(u32::MAX)).collect();
    let range = |i: u32| file.constructs.get(i as usize).map_or(Range::default(), |c| c.range);
    order.sort_by_key(|i| (range(*i).start, std::cmp::Reverse(range(*i).end), *i));
    order
}
