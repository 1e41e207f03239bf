//! Caches that a job restores before it publishes: what they hold was not made by this run.

use std::collections::BTreeSet;

use super::told;
use crate::detect::Context;
use crate::finding::{Alert, Severity};
use crate::rule::placeholders::Values;

/// What users take as it is. Sites and comments are made anew at the next run.
const TAKEN: [&str; 4] = ["model-registry", "package-registry", "container-registry", "release"];

/// The cause is what restores.
pub fn restored(context: &Context) -> Vec<Alert> {
    let Some(page) = context.rules.get("cache-in-release") else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for run in context.reach.runs.iter().filter(|r| !r.state.head) {
        for (restored, before) in &run.restores {
            let Some(publish) = run.publishes.iter().skip(*before).find(|p| TAKEN.contains(&p.asset.as_str())) else { continue };
            if seen.insert(restored.at) {
                let name = publish.name.clone().unwrap_or_else(|| publish.asset.replace('-', " "));
                let values = Values::from([("name", name), ("value", restored.what.clone())]);
                out.push(told(context, page, restored.at, page.level.unwrap_or(Severity::Low), &values, Vec::new()));
            }
        }
    }
    out
}
