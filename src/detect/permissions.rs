//! Tokens that may write in jobs that only read. What a job does with its token is known from rows: actions that read at most, commands that publish.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::row::{Effect, Executes};
use crate::detect::Context;
use crate::detect::idle::skipped;
use crate::facts::{Expr, ExprWhat, FactId, FileFacts, Level, V, What};
use crate::finding::{Alert, Confidence, Location, Severity, Tier};
use crate::graph::{EdgeKind, Node};
use crate::rule::placeholders::{Values, fill};

/// The cause is the scope, where it is granted.
pub fn excessive(context: &Context) -> Vec<Alert> {
    let Some(page) = context.rules.get("excessive-permissions") else { return Vec::new() };
    let mut out = Vec::new();
    let mut idle = BTreeMap::new();
    for (node, fact) in context.facts.nodes() {
        let What::Permission { scope, level: Level::Write } = &fact.what else { continue };
        let off = idle.entry(node.file).or_insert_with(|| skipped(context.facts.file(node.file)));
        let runs =
            |job: &Node| has_steps(context, *job) && !matches!(&context.facts.fact(*job).what, What::Job { id, .. } if off.contains(id.as_str()));
        let jobs: Vec<Node> = holders(context, node).into_iter().filter(runs).collect();
        // No job writes all there is to write.
        let whole = jobs.first().filter(|_| scope == "*");
        let Some(job) = jobs.iter().find(|job| only_reads(context, **job)).or(whole).copied() else { continue };
        let What::Job { id, .. } = &context.facts.fact(job).what else { continue };
        let scope = if scope == "*" { "everything" } else { scope };
        let values = Values::from([("name", id.clone()), ("scope", scope.to_owned())]);
        let primary = Location { file: node.file, range: fact.range };
        out.push(Alert {
            rule: page.id.clone(),
            tier: Tier::Hygiene,
            severity: page.level.unwrap_or(Severity::Low),
            confidence: Confidence::High,
            primary,
            cause: context.sources.file(node.file).text_at(fact.range),
            message: fill(&page.message, &values),
            fix: fill(&page.fix, &values),
            fine_if: fill(&page.fine_if, &values),
            assumes: Vec::new(),
            doubts: Vec::new(),
            paths: Vec::new(),
            related: Vec::new(),
            part_of: None,
            data: BTreeMap::new(),
        });
    }
    out
}

/// The jobs a permission counts for: its own, or all of the workflow that state none.
fn holders(context: &Context, permission: Node) -> Vec<Node> {
    let facts = context.facts.file(permission.file);
    let Some(owner) = facts.fact(permission.fact).owner else { return Vec::new() };
    let node = |fact| Node { file: permission.file, fact };
    if matches!(facts.fact(owner).what, What::Job { .. }) {
        return vec![node(owner)];
    }
    let states = |job: FactId| facts.iter().any(|(_, f)| f.owner == Some(job) && matches!(f.what, What::Permission { .. }));
    facts.iter().filter(|(id, f)| matches!(f.what, What::Job { .. }) && !states(*id)).map(|(id, _)| node(id)).collect()
}

/// Whether a job has steps of its own; what it calls states elsewhere what it needs.
fn has_steps(context: &Context, job: Node) -> bool {
    context.facts.file(job.file).iter().any(|(_, f)| f.owner == Some(job.fact) && matches!(f.what, What::Step { .. }))
}

/// Whether nothing in a job can want to write: no action but those that read at most, no mention of the token, no command that publishes.
fn only_reads(context: &Context, job: Node) -> bool {
    let facts = context.facts.file(job.file);
    let inside = || facts.iter().filter(|(id, _)| facts.owners(*id).any(|(o, _)| o == job.fact));
    let reads = |fact| context.index.effects(context.catalog, Node { file: job.file, fact }).any(|e| matches!(e, Effect::ReadsOnly));
    let uses = inside().any(|(id, f)| matches!(f.what, What::Uses { .. }) && !reads(id));
    let asks = inside().any(|(_, f)| matches!(&f.what, What::SecretRef { name } if name == "GITHUB_TOKEN")) || names_token(facts, job.fact);
    !uses && !asks && !publishes(context, job)
}

/// Whether an expression inside a fact hands the token on.
fn names_token(facts: &FileFacts, job: FactId) -> bool {
    let range = facts.fact(job).range;
    facts.values.iter().any(|v| matches!(&v.what, V::Expr(e) if range.contains(v.range) && mentions(e)))
}

fn mentions(expr: &Expr) -> bool {
    match &expr.what {
        ExprWhat::Context(path) => path == "github.token",
        ExprWhat::Call(_, args) => args.iter().any(mentions),
        ExprWhat::Binary(_, a, b) => mentions(a) || mentions(b),
        ExprWhat::Index(a, b) => mentions(a) || mentions(b),
        _ => false,
    }
}

/// Whether a command of the job, or of what it runs in this tree, publishes, or runs something that is not in sight.
fn publishes(context: &Context, job: Node) -> bool {
    let mut seen = BTreeSet::from([job]);
    let mut next = vec![job];
    while let Some(owner) = next.pop() {
        for node in inside(context, owner) {
            let ran = [EdgeKind::Runs, EdgeKind::Builds, EdgeKind::Imports].into_iter().flat_map(|kind| context.graph.from(node, kind));
            let ran: Vec<Node> = ran.map(|e| e.to).collect();
            let does = context.index.effects(context.catalog, node).any(|e| match e {
                Effect::Publishes { .. } => true,
                Effect::Executes { what: Executes::File(_) | Executes::Targets(_) | Executes::Notebook(_) } => ran.is_empty(),
                _ => false,
            });
            if does {
                return true;
            }
            next.extend(ran.into_iter().filter(|to| seen.insert(*to)));
        }
    }
    false
}

/// What a job, make target or function owns; of any other first fact, all of its file.
fn inside(context: &Context, owner: Node) -> Vec<Node> {
    let facts = context.facts.file(owner.file);
    let part = matches!(facts.fact(owner.fact).what, What::Job { .. } | What::Function { .. });
    let of = |id| !part || facts.owners(id).any(|(o, _)| o == owner.fact);
    facts.iter().filter(|(id, _)| of(*id)).map(|(fact, _)| Node { file: owner.file, fact }).collect()
}
