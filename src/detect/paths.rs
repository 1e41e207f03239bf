//! What the path detectors share: from runs of jobs to ways, and from ways with one cause to one alert.

use std::collections::BTreeMap;

use crate::detect::Context;
use crate::finding::{Alert, Confidence, Hop, Location, Path, Severity, Tier};
use crate::origin::Who;
use crate::reach::{Asset, Gate, State};

/// A way to a cause, before it is joined with others.
#[derive(Clone, Debug)]
pub struct Way {
    /// The cause and its text.
    pub cause: (Location, String),
    /// The way.
    pub path: Path,
    /// The asset's name, empty when nothing is in reach.
    pub asset: String,
    /// Who it is, for people: "anyone who comments on a pull request".
    pub origin: String,
    /// Gates that hold on it.
    pub gates: Vec<Gate>,
    /// What it takes for granted.
    pub assumes: Vec<String>,
    /// Doubts.
    pub doubts: Vec<String>,
}

/// The worst asset in reach for somebody, with the level it gives. Without any: nothing, at the level of that.
pub fn worst(context: &Context, assets: &[Asset], who: Who) -> (Severity, Option<Asset>) {
    let none = context.catalog.path_severity("none", who);
    let level = |a: &Asset| context.catalog.path_severity(&a.kind, who);
    // Equal levels: what is stated before what is assumed, then the order of the list.
    let best = assets.iter().filter(|a| !trusted(context, a)).min_by_key(|a| (std::cmp::Reverse(level(a)), a.assumed));
    match best.filter(|a| level(a) >= none) {
        Some(a) => (level(a), Some(a.clone())),
        None => (none, None),
    }
}

/// A secret the project says can only read.
fn trusted(context: &Context, asset: &Asset) -> bool {
    context.policy.trust.secrets.get(&asset.name).is_some_and(|t| t == "read")
}

/// The way that ends at the worst asset in reach.
pub fn way(context: &Context, state: &State, who: Who, cause: (Location, String), mut hops: Vec<Hop>, assets: &[Asset], gates: &[Gate]) -> Way {
    let (severity, asset) = worst(context, assets, who);
    let mut assumes = Vec::new();
    let mut doubts = Vec::new();
    if who >= Who::Peer {
        assumes.push("the repository is public".to_owned());
    }
    if let Some(asset) = &asset {
        hops.push(Hop { at: asset.at, text: format!("{} {}", asset.name, asset.how) });
        if asset.assumed {
            assumes.push("the repository's default token can write".to_owned());
            doubts.push("the default token may be read-only".to_owned());
        }
    }
    for gate in gates.iter().filter(|g| g.family == "environment") {
        assumes.push("the environment has required reviewers".to_owned());
        let _ = gate;
    }
    let path = Path { severity, who, asset: asset.as_ref().map(|a| a.kind.clone()).unwrap_or_default(), hops };
    Way { cause, path, asset: asset.map(|a| a.name).unwrap_or_default(), origin: origin(state, who), gates: gates.to_vec(), assumes, doubts }
}

/// Who starts a run, for people.
pub fn origin(state: &State, who: Who) -> String {
    if who == Who::Publisher {
        return "whoever publishes it".to_owned();
    }
    if who < Who::Peer {
        return "an outsider, once a maintainer lets the run start,".to_owned();
    }
    let event = state.parent.as_deref().unwrap_or(&state.event);
    let does = match event {
        "issue_comment" => "comments on an issue or pull request",
        "issues" => "opens an issue",
        "discussion" | "discussion_comment" => "writes in a discussion",
        "workflow_run" | "pull_request" | "pull_request_target" | "pull_request_review" | "pull_request_review_comment" => "opens a pull request",
        "fork" => "forks the repository",
        "watch" => "stars the repository",
        "gollum" => "edits the wiki",
        _ => "causes the event",
    };
    format!("anyone who {does}")
}

/// One alert for each cause: its ways worst first, the worst giving level and message.
pub fn alerts(context: &Context, rule: &str, ways: Vec<Way>, message: &dyn Fn(&Way) -> String) -> Vec<Alert> {
    let mut by_cause: BTreeMap<Location, Vec<Way>> = BTreeMap::new();
    for way in ways {
        by_cause.entry(way.cause.0).or_default().push(way);
    }
    let mut out = Vec::new();
    for (primary, mut ways) in by_cause {
        ways.sort_by(|a, b| b.path.severity.cmp(&a.path.severity).then(a.doubts.len().cmp(&b.doubts.len())).then(a.path.cmp(&b.path)));
        ways.dedup_by(|a, b| a.path == b.path);
        let Some(first) = ways.first() else { continue };
        let page = context.rules.page(rule);
        let reaches = !first.path.asset.is_empty() && first.path.asset != "comment";
        let mut related: Vec<Hop> = ways.iter().flat_map(|w| &w.gates).map(|g| Hop { at: g.at, text: format!("gate: {}; {}", g.family, g.residual) }).collect();
        related.sort();
        related.dedup();
        out.push(Alert {
            rule: rule.to_owned(),
            tier: if reaches { Tier::Path } else { Tier::Risk },
            severity: first.path.severity,
            confidence: Confidence::after(first.doubts.len()),
            primary,
            cause: first.cause.1.clone(),
            message: message(first),
            fix: page.map(|p| p.fix.clone()).unwrap_or_default(),
            fine_if: page.and_then(|p| p.fine_if.clone()).unwrap_or_default(),
            assumes: first.assumes.clone(),
            doubts: first.doubts.clone(),
            paths: ways.iter().map(|w| w.path.clone()).collect(),
            related,
            part_of: None,
            data: BTreeMap::from([("asset".to_owned(), first.asset.clone())]),
        });
    }
    out
}
