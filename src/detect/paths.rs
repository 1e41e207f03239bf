//! What the path detectors share: from runs of jobs to ways, and from ways with one cause to one alert.

use std::collections::BTreeMap;

use crate::detect::Context;
use crate::facts::What;
use crate::finding::{Alert, Confidence, Hop, Location, Path, Severity, Tier};
use crate::origin::Who;
use crate::reach::sources::Source;
use crate::reach::{Asset, Gate, Run, State};
use crate::rule::placeholders::{Values, fill};

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
    /// What `{name}` of the page's sentences means.
    pub name: String,
    /// The job, for people.
    pub place: String,
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
    let assets: Vec<Asset> = assets.iter().filter_map(|a| allowed(context, a)).collect();
    let level = |a: &Asset| context.catalog.path_severity(&a.kind, who);
    // Equal levels: what is stated before what is assumed, then the order of the list.
    let best = assets.iter().min_by_key(|a| (std::cmp::Reverse(level(a)), a.assumed));
    match best.filter(|a| level(a) >= none) {
        Some(a) => (level(a), Some(a.clone())),
        None => (none, None),
    }
}

/// The asset as policy sees it: a secret that can only read publishes nothing, one that can do nothing is none.
fn allowed(context: &Context, asset: &Asset) -> Option<Asset> {
    match context.config.trust.secret(&asset.name) {
        None => Some(asset.clone()),
        Some("none") => None,
        Some(_) => Some(Asset { kind: "other-secret".to_owned(), ..asset.clone() }),
    }
}

/// The way that ends at the worst asset in reach.
///
/// `name` is the asset's until a detector says otherwise.
pub fn way(context: &Context, run: &Run, who: Who, cause: (Location, String), mut hops: Vec<Hop>, assets: &[Asset], gates: &[Gate]) -> Way {
    let (severity, asset) = worst(context, assets, who);
    let mut assumes = Vec::new();
    let mut doubts = Vec::new();
    if who >= Who::Peer {
        assumes.push("the repository is public".to_owned());
    }
    if let Some(asset) = &asset {
        hops.push(Hop { at: asset.at, text: format!("{} {}", asset.name, asset.how) });
        hops.extend(asset.onward.iter().cloned());
        // What the job does with it is what an attacker can do.
        if let (true, Some(used)) = (asset.onward.is_empty(), run.publishes.iter().filter(|p| p.asset == asset.kind).max_by_key(|p| p.name.is_some()))
        {
            let what = used.name.as_deref().unwrap_or("with it");
            hops.push(Hop { at: used.at, text: format!("publishes {what}: so can they") });
        }
        if asset.assumed && !run.state.external {
            assumes.push("the repository's default token can write".to_owned());
            doubts.push("the default token may be read-only".to_owned());
        }
    }
    if run.state.external {
        assumes.push(format!("a workflow calls this on {}, with a token that can write", run.state.event));
        doubts.push("nothing in this tree calls it".to_owned());
    }
    if run.state.added {
        assumes.push("runs of outside contributors start without approval".to_owned());
        doubts.push("the workflow that this one follows names no pull requests: a contributor has to add that trigger in theirs".to_owned());
    }
    assumes.extend(gates.iter().filter(|g| g.family == "environment").map(|_| "the environment has required reviewers".to_owned()).take(1));
    let mut families: Vec<String> = gates.iter().map(|g| g.family.clone()).collect();
    families.sort();
    families.dedup();
    let path = Path { severity, who, asset: asset.as_ref().map(|a| a.kind.clone()).unwrap_or_default(), gates: families, hops };
    let name = asset.as_ref().map_or_else(|| "a token that can only read".to_owned(), |a| a.name.clone());
    let place = place(context, run);
    let asset = asset.map(|a| a.name).unwrap_or_default();
    Way { cause, path, asset, origin: origin(&run.state, who), name, place, gates: gates.to_vec(), assumes, doubts }
}

/// The job of a run, for people.
pub fn place(context: &Context, run: &Run) -> String {
    match &context.facts.fact(run.job).what {
        What::Job { id, .. } => format!("the job `{id}`"),
        What::Template { .. } => "this action".to_owned(),
        _ => "this job".to_owned(),
    }
}

/// Who starts a run, for people.
pub fn origin(state: &State, who: Who) -> String {
    starter(state.parent.as_deref().unwrap_or(&state.event), who)
}

/// Who causes an event, for people.
pub fn starter(event: &str, who: Who) -> String {
    if who == Who::Publisher {
        return "whoever publishes it".to_owned();
    }
    if who < Who::Peer {
        return "an outsider, once a maintainer lets the run start,".to_owned();
    }
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
///
/// The sentences are the page's. Without a page of that id there is no such rule, and nothing to say.
pub fn alerts(context: &Context, rule: &str, ways: Vec<Way>) -> Vec<Alert> {
    let Some(page) = context.rules.get(rule) else { return Vec::new() };
    let mut by_cause: BTreeMap<Location, Vec<Way>> = BTreeMap::new();
    for way in ways {
        by_cause.entry(way.cause.0).or_default().push(way);
    }
    let mut out = Vec::new();
    for (primary, mut ways) in by_cause {
        ways.sort_by(|a, b| b.path.severity.cmp(&a.path.severity).then(a.doubts.len().cmp(&b.doubts.len())).then(a.path.cmp(&b.path)));
        ways.dedup_by(|a, b| a.path == b.path);
        let Some(first) = ways.first() else { continue };
        let values = Values::from([
            ("origin", first.origin.clone()),
            ("name", first.name.clone()),
            ("place", first.place.clone()),
            ("asset", first.asset.clone()),
        ]);
        let reaches = !first.path.asset.is_empty() && first.path.asset != "comment";
        let mut related: Vec<Hop> =
            ways.iter().flat_map(|w| &w.gates).map(|g| Hop { at: g.at, text: format!("gate: {}; {}", g.family, g.residual) }).collect();
        related.sort();
        related.dedup();
        out.push(Alert {
            rule: rule.to_owned(),
            tier: if reaches { Tier::Path } else { Tier::Risk },
            severity: first.path.severity,
            confidence: Confidence::after(first.doubts.len()),
            primary,
            cause: first.cause.1.clone(),
            message: fill(&page.message, &values),
            fix: fill(&page.fix, &values),
            fine_if: fill(&page.fine_if, &values),
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

/// The doubt about a text that went through something of which nothing says what it prints.
pub fn guessed(source: &Source) -> Option<String> {
    source.guess.then(|| "what is printed of that file is not in sight".to_owned())
}
