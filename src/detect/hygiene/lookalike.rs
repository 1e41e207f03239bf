//! Actions whose name is one letter off the name of an action that rows know, under another owner.

use std::collections::BTreeSet;

use super::told;
use crate::catalog::row::Subject;
use crate::detect::Context;
use crate::facts::What;
use crate::finding::{Alert, Location, Severity};
use crate::rule::placeholders::Values;

/// The cause is the reference. Distance one: a letter more, less, other, or two that changed places.
pub fn lookalike(context: &Context) -> Vec<Alert> {
    let Some(page) = context.rules.get("lookalike-action") else { return Vec::new() };
    let rows = context.catalog.iter().filter_map(|(_, row)| if let Subject::Action(name) = &row.subject { repository(name) } else { None });
    let known: BTreeSet<String> = rows.collect();
    let owners: BTreeSet<&str> = known.iter().filter_map(|k| k.split('/').next()).collect();
    let mut out = Vec::new();
    for (node, fact) in context.facts.nodes() {
        let What::Uses { target, .. } = &fact.what else { continue };
        let facts = context.facts.file(node.file);
        let Some(name) = facts.literal(*target).and_then(|t| repository(&t)) else { continue };
        let owner = name.split('/').next().unwrap_or_default();
        if known.contains(&name) || owners.contains(owner) || context.sources.is_own(node.file, &name) || context.config.trust.action(&name) {
            continue;
        }
        let Some(meant) = known.iter().find(|k| is_one_off(name.as_bytes(), k.as_bytes())) else { continue };
        let at = Location { file: node.file, range: facts.value(*target).range };
        let values = Values::from([("name", name), ("value", meant.clone())]);
        out.push(told(context, page, at, page.level.unwrap_or(Severity::High), &values, Vec::new()));
    }
    out
}

/// `owner/name` of a reference to another repository, in lower case.
fn repository(reference: &str) -> Option<String> {
    let name = reference.split('@').next()?.to_ascii_lowercase();
    let mut parts = name.split('/');
    let (owner, name) = (parts.next()?, parts.next()?);
    let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    (plain(owner) && plain(name) && !matches!(owner, "." | "$" | "..")).then(|| format!("{owner}/{name}"))
}

/// Whether two different names differ by one letter that is added, dropped or changed, or by two neighbours that changed places.
fn is_one_off(a: &[u8], b: &[u8]) -> bool {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (a.get(same..).unwrap_or_default(), b.get(same..).unwrap_or_default());
    match (a, b) {
        ([], []) => false,
        ([x, y, a @ ..], [v, w, b @ ..]) if x == w && y == v && a == b => true,
        ([_, rest @ ..], b) if rest == b => true,
        (a, [_, rest @ ..]) if rest == a => true,
        ([_, a @ ..], [_, b @ ..]) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_one_letter_off() {
        let table: &[(&str, &str, bool)] = &[
            ("actions/checkout", "actions/checkout", false),
            ("action/checkout", "actions/checkout", true),
            ("actionss/checkout", "actions/checkout", true),
            ("actiosn/checkout", "actions/checkout", true),
            ("octions/checkout", "actions/checkout", true),
            ("actions/checkout", "action/checkout", true),
            ("act/checkout", "actions/checkout", false),
            ("octions/checkouts", "actions/checkout", false),
        ];
        for (a, b, want) in table {
            assert_eq!(is_one_off(a.as_bytes(), b.as_bytes()), *want, "{a} {b}");
        }
        assert_eq!(repository("Actions/Checkout/sub@v4").as_deref(), Some("actions/checkout"));
        assert_eq!(repository("./local/x"), None);
        assert_eq!(repository("docker://x"), None);
    }
}
