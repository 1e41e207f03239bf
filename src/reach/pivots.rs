//! Caches as a way from one job into another: what is written in the scope of the default branch is restored by every job that asks for it, also by
//! those that publish. Knows runs and rows, no rule.

use crate::finding::Hop;
use crate::graph::Node;
use crate::reach::{Asset, Carrier, Context, Run};

/// A job that restores caches and publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pivot {
    /// The job.
    pub job: Node,
    /// What whoever fills its caches gets.
    pub asset: Asset,
}

/// Jobs that restore caches before they publish something, each kind of thing once. A run that a contributor brings publishes nothing.
pub fn pivots(context: Context, runs: &[Run]) -> Vec<Pivot> {
    let mut out: Vec<Pivot> = Vec::new();
    for run in runs.iter().filter(|r| !r.state.head) {
        let Some((restored, what)) = run.restores.first() else { continue };
        let job = match &context.facts.fact(run.job).what {
            crate::facts::What::Job { id, .. } => id.clone(),
            _ => continue,
        };
        let file = context.sources.file(run.job.file).path.rsplit('/').next().unwrap_or_default();
        for publish in &run.publishes {
            let known = out.iter().any(|p| p.job == run.job && p.asset.kind == publish.asset);
            // A comment is no release.
            if known || publish.asset == "comment" {
                continue;
            }
            let published = publish.name.as_deref().unwrap_or("what it made");
            let onward = vec![
                Hop { at: *restored, text: format!("`{job}` restores {what}: caches of the default branch are its own") },
                Hop { at: publish.at, text: format!("publishes {published}") },
            ];
            let asset = Asset {
                kind: publish.asset.clone(),
                name: format!("the caches of `{job}` ({file})"),
                how: "can be filled from here: a cache of the default branch is everybody's".to_owned(),
                carrier: Carrier::Environment,
                at: run.state.trigger,
                assumed: false,
                onward,
            };
            out.push(Pivot { job: run.job, asset });
        }
    }
    out
}
