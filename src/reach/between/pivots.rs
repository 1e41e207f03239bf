//! Ways from one job into another that no line of either names: caches of the default branch, which every job restores that asks for them, and machines
//! that run more than one job. Knows runs and rows, no rule.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::What;
use crate::finding::{Hop, Location};
use crate::graph::Node;
use crate::reach::between::caches::Cached;
use crate::reach::{Asset, Carrier, Context, Publish, Run};
use crate::source::FileId;

/// Jobs that publish one kind of thing and that one way leads into, as far as they are told: the level is that of the kind, and every step carries them.
const EACH: usize = 4;

/// A job that publishes, and the way into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pivot {
    /// The job that restores the cache or runs on the machine.
    pub job: Node,
    /// The label of the machine; none: by a cache.
    pub machine: Option<String>,
    /// The cache that is restored.
    pub restored: Option<Cached>,
    /// Whether it is one of the few that every step is told of.
    pub told: bool,
    /// What whoever goes that way gets.
    pub asset: Asset,
}

/// Ways into jobs that publish, each kind of thing once. A run that a contributor brings publishes nothing.
pub fn pivots<'r>(context: Context, runs: impl Iterator<Item = &'r Run>) -> Vec<Pivot> {
    let mut out: Vec<Pivot> = Vec::new();
    let (mut known, mut of_job) = (BTreeSet::new(), BTreeSet::new());
    let mut counts: BTreeMap<(u32, String, String), usize> = BTreeMap::new();
    let inside: Vec<&Run> = runs.filter(|r| !r.state.head && !r.state.external).collect();
    let mut by_file: BTreeMap<FileId, Vec<&Run>> = BTreeMap::new();
    for run in inside.iter().filter(|r| !r.publishes.is_empty()) {
        by_file.entry(run.job.file).or_default().push(run);
    }
    for run in inside {
        let Some(job) = id(context, run.job) else { continue };
        let file = context.sources.file(run.job.file).path.rsplit('/').next().unwrap_or_default().to_owned();
        let mut add = |publish: &Publish, by: &str, machine: Option<&str>, restored: Option<&Cached>, hop: Hop, asset: Asset| {
            let told = counts.entry((context.index.root(run.job.file), by.to_owned(), publish.asset.clone())).or_insert(0);
            // A comment is no release.
            let place = restored.map(|r| r.at);
            if publish.asset != "comment" && known.insert((run.job, by.to_owned(), publish.asset.clone(), place)) {
                let first = *told < EACH && of_job.insert((run.job, by.to_owned(), publish.asset.clone()));
                if !first && restored.is_none() {
                    return;
                }
                *told += usize::from(first);
                let published = publish.name.as_deref().unwrap_or("what it made");
                let onward = vec![hop, Hop { at: publish.at, text: format!("publishes {published}") }];
                let (machine, restored) = (machine.map(str::to_owned), restored.cloned());
                out.push(Pivot { job: run.job, machine, restored, told: first, asset: Asset { onward, ..asset } });
            }
        };
        let asset = |kind: &str, name: String, how: &str, carrier, at: Location| Asset {
            kind: kind.to_owned(),
            name,
            how: how.to_owned(),
            carrier,
            at,
            assumed: false,
            onward: Vec::new(),
        };
        for (restored, before) in &run.restores {
            let later = run.publishes.iter().skip(*before);
            // What this job made is published by one that waits for it.
            let waits = by_file.get(&run.job.file).into_iter().flatten().filter(|r| r.state == run.state && needs(context, r.job, &job));
            for publish in later.chain(waits.flat_map(|r| &r.publishes)) {
                let text = format!("`{job}` restores {}: caches of the default branch are its own", restored.what);
                let hop = Hop { at: restored.at, text };
                let how = "can be filled from here: a cache of the default branch is everybody's";
                let name = format!("the caches of `{job}` ({file})");
                add(publish, "cache", None, Some(restored), hop, asset(&publish.asset, name, how, Carrier::Environment, run.state.trigger));
            }
        }
        if let Some((label, at)) = &run.own_runner {
            for publish in &run.publishes {
                let hop = Hop { at: *at, text: format!("`{job}` runs on such a machine as well") };
                // Whether machines of that label are kept is known of those that say so themselves.
                let kind = if label.contains("self-hosted") { publish.asset.as_str() } else { "self-hosted-host" };
                let name = format!("what `{job}` ({file}) publishes from {label}");
                add(publish, label, Some(label), None, hop, asset(kind, name, "is in reach of whoever stays on the machine", Carrier::Machine, *at));
            }
        }
    }
    // Those that every step is told of come first.
    out.sort_by_key(|p| !p.told);
    out
}

/// The key of a job.
fn id(context: Context, job: Node) -> Option<String> {
    match &context.facts.fact(job).what {
        What::Job { id, .. } => Some(id.clone()),
        _ => None,
    }
}

/// Whether a job waits for the one of that key.
fn needs(context: Context, job: Node, key: &str) -> bool {
    matches!(&context.facts.fact(job).what, What::Job { needs, .. } if needs.iter().any(|n| n == key))
}
