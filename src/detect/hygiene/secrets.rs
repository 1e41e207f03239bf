//! Secrets that go further than they need: all of them at once, and parts of one that no mask covers.

use std::collections::BTreeSet;

use super::{files, told};
use crate::detect::Context;
use crate::facts::{Expr, ExprWhat, FactId, FileFacts, V, What};
use crate::finding::{Alert, Location, Severity, Tier};
use crate::flow::place::pin;
use crate::graph::Node;
use crate::origin::Mutable;
use crate::rule::Page;
use crate::rule::placeholders::Values;
use crate::source::{FileId, Range};

/// All secrets in one expression, and all secrets of the caller in a workflow of another owner.
pub fn all_exposed(context: &Context) -> Vec<Alert> {
    let Some(page) = context.rules.get("all-secrets-exposed") else { return Vec::new() };
    let mut out = Vec::new();
    for file in files(context) {
        let facts = context.facts.file(file);
        for (id, fact) in facts.iter() {
            match &fact.what {
                What::SecretRef { name } if name == "*" => out.extend(whole(context, page, file, fact.range)),
                What::Job { secrets_inherit: true, .. } => out.extend(inherited(context, page, file, id)),
                _ => {}
            }
        }
    }
    out
}

fn whole(context: &Context, page: &Page, file: FileId, range: Range) -> Option<Alert> {
    // The runner is given all of them as well when one is picked by a computed name, but the job takes one.
    let computed = context.sources.file(file).text_at(range).contains('[');
    let who = if computed { "the job, by a name that is computed," } else { "this expression" };
    let values = Values::from([("name", "every secret of the repository".to_owned()), ("value", who.to_owned())]);
    Some(aside(told(context, page, Location { file, range }, page.level?, &values, Vec::new()), computed))
}

fn inherited(context: &Context, page: &Page, file: FileId, job: FactId) -> Option<Alert> {
    let facts = context.facts.file(file);
    let owned = context.index.owned(Node { file, fact: job })?;
    let target = owned.iter().find_map(|id| if let What::Uses { target, .. } = &facts.fact(*id).what { Some(*target) } else { None })?;
    let text = facts.literal(target)?;
    let (name, reference) = text.split_once('@')?;
    if context.sources.is_own(file, name) || context.config.trust.action(name) {
        return None;
    }
    let values = Values::from([("name", "every secret of this repository".to_owned()), ("value", format!("`{name}`"))]);
    // What is fixed by its commit takes no more than what somebody could read in it.
    let fixed = pin(reference) == Mutable::Digest;
    Some(aside(told(context, page, Location { file, range: facts.value(target).range }, page.level?, &values, Vec::new()), fixed))
}

/// What is no more than untidy is told as hygiene.
fn aside(alert: Alert, untidy: bool) -> Alert {
    if untidy { Alert { tier: Tier::Hygiene, severity: Severity::Low, ..alert } } else { alert }
}

/// A part of a structured secret, which the platform does not know as one.
pub fn unredacted(context: &Context) -> Vec<Alert> {
    let Some(page) = context.rules.get("unredacted-secret") else { return Vec::new() };
    let mut out = Vec::new();
    for file in files(context) {
        for (name, range) in parsed(context.facts.file(file)) {
            let values = Values::from([("name", name)]);
            out.push(told(context, page, Location { file, range }, page.level.unwrap_or(Severity::Low), &values, Vec::new()));
        }
    }
    out
}

/// Secrets of which an expression takes a part, with the place of that part.
fn parsed(facts: &FileFacts) -> BTreeSet<(String, Range)> {
    let mut out = BTreeSet::new();
    for value in &facts.values {
        if let V::Expr(tree) = &value.what {
            look(tree, &mut out);
        }
    }
    out
}

fn look(tree: &Expr, out: &mut BTreeSet<(String, Range)>) {
    match &tree.what {
        ExprWhat::Index(of, key) => {
            if let ExprWhat::Call(name, args) = &of.what
                && name == "fromjson"
                && let Some(ExprWhat::Context(path)) = args.first().map(|a| &a.what)
                && let Some(secret) = path.strip_prefix("secrets.")
            {
                out.insert((secret.to_ascii_uppercase(), tree.range));
            }
            look(of, out);
            look(key, out);
        }
        ExprWhat::Call(_, args) => args.iter().for_each(|a| look(a, out)),
        ExprWhat::Not(inner) => look(inner, out),
        ExprWhat::Binary(_, l, r) => {
            look(l, out);
            look(r, out);
        }
        _ => {}
    }
}
