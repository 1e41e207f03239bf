//! Identity of alerts: names that survive edits elsewhere. Hashes names and texts; knows no policy.

use std::collections::{BTreeMap, BTreeSet};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::facts::FileFacts;
use crate::finding::{Alert, Location, Path, Reported};
use crate::graph::Facts;
use crate::source::{FileId, Range, Sources};
use crate::triage::line_hash;

/// Gives every alert its construct chain and its three fingerprints. `alerts` must hold one for each rule and cause.
pub fn identify(mut alerts: Vec<Alert>, facts: &Facts, sources: &Sources) -> Vec<Reported> {
    alerts.sort_by(|a, b| (a.primary, &a.rule).cmp(&(b.primary, &b.rule)));
    let mut chains = Chains::new(facts);
    let mut files: Vec<FileId> = alerts.iter().map(|a| a.primary.file).collect();
    files.dedup();
    let hash = |id: &FileId| Some((*id, line_hash::line_hashes(&sources.files.get(id.0 as usize)?.bytes)));
    let hashes: BTreeMap<FileId, Vec<String>> = files.par_iter().filter_map(hash).collect();
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
        let line_hash = sources.files.get(place.file.0 as usize).map_or_else(String::new, |file| {
            hashes.get(&place.file).map_or_else(String::new, |lines| line_hash::of_line(lines, file.lines().line(place.range.start)))
        });
        out.push(Reported { alert, constructs, v1, path_v1, line_hash, change: None, repair: None });
    }
    out
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
