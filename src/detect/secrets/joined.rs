//! What a secret can reach, where the tree says so: the job that it stands in, or that runs the file it stands in, publishes something by it.

use crate::detect::Context;
use crate::facts::What;
use crate::finding::{Hop, Location};
use crate::graph::{EdgeKind, Node};
use crate::reach::{Publish, Run};

use super::found::Found;

/// What a job publishes that a secret opens, and the hops from the secret to it.
pub fn published(context: &Context<'_>, found: &Found) -> Option<(String, Vec<Hop>)> {
    let opens = found.reaches.as_deref()?;
    let of = |run: &Run| run.publishes.iter().find(|p| p.asset == opens && p.name.is_some()).cloned();
    let told = |run: &Run, publish: Publish, mut hops: Vec<Hop>| {
        let name = publish.name?;
        hops.push(Hop { at: publish.at, text: format!("{} publishes {name}", job(context, run.job)) });
        Some((name, hops))
    };
    for run in &context.reach.runs {
        let Some(publish) = of(run) else { continue };
        if stands_in(context, found, run.job) {
            return told(run, publish, Vec::new());
        }
        if let Some(by) = runs(context, found, run.job) {
            let hop = Hop { at: by, text: "the file is run here".to_owned() };
            return told(run, publish, vec![hop]);
        }
    }
    None
}

/// Whether a job holds the secret or runs its file, so that what the job publishes matters.
pub fn may_be(context: &Context<'_>, found: &Found) -> bool {
    let jobs = || context.reach.runs.iter().map(|run| run.job);
    found.reaches.is_some() && jobs().any(|job| stands_in(context, found, job) || runs(context, found, job).is_some())
}

/// Whether the secret stands in the job, or beside all jobs of its workflow.
fn stands_in(context: &Context<'_>, found: &Found, job: Node) -> bool {
    let facts = context.facts.file(job.file);
    let elsewhere = || facts.iter().any(|(_, f)| matches!(f.what, What::Job { .. }) && f.range.contains(found.range));
    job.file == found.file && (facts.fact(job.fact).range.contains(found.range) || !elsewhere())
}

/// Where a step of the job runs the file of the secret.
fn runs(context: &Context<'_>, found: &Found, job: Node) -> Option<Location> {
    let facts = context.facts.file(job.file);
    let whole = facts.fact(job.fact).range;
    let edges = context.graph.edges.iter().filter(|e| e.kind == EdgeKind::Runs && e.to.file == found.file && e.from.file == job.file);
    edges.map(|e| Location { file: job.file, range: facts.fact(e.from.fact).range }).find(|at| whole.contains(at.range))
}

fn job(context: &Context<'_>, job: Node) -> String {
    match &context.facts.file(job.file).fact(job.fact).what {
        What::Job { id, .. } => format!("the job `{id}`"),
        _ => "the job".to_owned(),
    }
}
