//! Conditions whose outcome the way they are written settles, whatever happens: text around an expression, a text in place of a comparison, values that the
//! platform never finds equal, and a search in a text where a list was meant.

use std::collections::BTreeSet;

use super::{files, open_to_outsiders, told};
use crate::catalog::row::Effect;
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::detect::Context;
use crate::facts::{Expr, ExprWhat, FileFacts, V, ValueId, What};
use crate::finding::{Alert, Location, Severity};
use crate::graph::Node;
use crate::origin::Who;
use crate::reach::gates::own_condition;
use crate::rule::placeholders::Values;
use crate::source::{FileId, Kind, Range};

/// Parts of one condition that are looked at, at most.
const PARTS: usize = 4_000;

/// What is settled about a part of a condition, and why.
struct Settled {
    range: Range,
    holds: bool,
    why: String,
}

/// Conditions, or parts of them, that let everything through.
pub fn always_true(context: &Context) -> Vec<Alert> {
    all_settled(context, "condition-always-true", true)
}

/// Conditions, or parts of them, that let nothing through.
pub fn never_holds(context: &Context) -> Vec<Alert> {
    all_settled(context, "condition-never-holds", false)
}

fn all_settled(context: &Context, rule: &str, wanted: bool) -> Vec<Alert> {
    let Some(page) = context.rules.get(rule) else { return Vec::new() };
    let open = open_to_outsiders(context);
    let mut out = Vec::new();
    for (node, cond) in conditions(context) {
        for found in settled(context, node.file, cond).into_iter().filter(|s| s.holds == wanted) {
            let lets_in = wanted && open.contains(&node);
            let level = if lets_in { Severity::Medium } else { page.level.unwrap_or(Severity::Low) };
            let at = Location { file: node.file, range: found.range };
            out.push(told(context, page, at, level, &Values::from([("name", found.why)]), Vec::new()));
        }
    }
    out
}

/// `contains` of a text and of what an outsider writes: each piece of the text passes.
pub fn unsound_contains(context: &Context) -> Vec<Alert> {
    let Some(page) = context.rules.get("unsound-contains") else { return Vec::new() };
    let open = open_to_outsiders(context);
    let mut out = Vec::new();
    for (node, cond) in conditions(context) {
        let facts = context.facts.file(node.file);
        for (id, positive) in parts(facts, cond) {
            let CondWhat::Atom(list, CmpOp::Contains, sought) = &facts.cond(id).what else { continue };
            let (V::Str(_), V::Expr(expr)) = (&facts.value(*list).what, &facts.value(*sought).what) else { continue };
            let ExprWhat::Context(path) = &expr.what else { continue };
            if !positive || !outsiders_write(context, facts, path) {
                continue;
            }
            let level = if open.contains(&node) { Severity::Medium } else { page.level.unwrap_or(Severity::Low) };
            let at = Location { file: node.file, range: facts.cond(id).range };
            out.push(told(context, page, at, level, &Values::from([("name", path.clone())]), Vec::new()));
        }
    }
    out
}

/// Whether an outsider chooses what a context holds in the events of this file.
fn outsiders_write(context: &Context, facts: &FileFacts, path: &str) -> bool {
    let events: BTreeSet<&str> =
        facts.items.iter().filter_map(|f| if let What::Trigger { event, .. } = &f.what { Some(event.as_str()) } else { None }).collect();
    let rows = context.catalog.context(path);
    rows.iter().flat_map(|row| &context.catalog.row(*row).effects).any(|effect| match effect {
        Effect::Controlled { who, events: when, .. } => *who >= Who::Peer && (when.is_empty() || when.iter().any(|e| events.contains(e.as_str()))),
        _ => false,
    })
}

/// The own conditions of jobs and steps.
pub(super) fn conditions(context: &Context) -> Vec<(Node, CondId)> {
    let mut out = Vec::new();
    for file in files(context) {
        let facts = context.facts.file(file);
        let stated = facts.iter().filter(|(_, f)| matches!(f.what, What::Job { .. } | What::Step { .. }));
        out.extend(stated.map(|(fact, _)| Node { file, fact }).filter_map(|node| Some((node, own_condition(facts, node)?))));
    }
    out
}

/// A condition with all its parts, each with whether it counts as it is (or negated).
fn parts(facts: &FileFacts, whole: CondId) -> Vec<(CondId, bool)> {
    let mut out = vec![(whole, true)];
    let mut at = 0;
    while let Some((id, positive)) = out.get(at).copied().filter(|_| at < PARTS) {
        match &facts.cond(id).what {
            CondWhat::And(ids) | CondWhat::Or(ids) => out.extend(ids.iter().map(|i| (*i, positive))),
            CondWhat::Not(inner) => out.push((*inner, !positive)),
            _ => {}
        }
        at += 1;
    }
    out
}

fn settled(context: &Context, file: FileId, whole: CondId) -> Vec<Settled> {
    let facts = context.facts.file(file);
    let text = |range| context.sources.file(file).text_at(range);
    let mut out = Vec::new();
    for (id, positive) in parts(facts, whole) {
        let cond = facts.cond(id);
        match &cond.what {
            // The reader makes this of a text with more than one whole expression in it.
            CondWhat::Const(true) if text(cond.range).contains("${{") => {
                let alone = text(cond.range).trim_end_matches(['\n', '\r', ' ', '\t']).ends_with("}}") && text(cond.range).trim_start().starts_with("${{");
                let one = text(cond.range).matches("${{").count() == 1;
                let why = if alone && one { "a line break or blank behind `}}` makes a text of it" } else { "what stands around `${{ }}` makes a text of it" };
                out.push(Settled { range: cond.range, holds: positive, why: why.to_owned() });
            }
            CondWhat::Or(ids) => {
                let literal = |i: &&CondId| matches!(facts.cond(**i).what, CondWhat::Const(true)) && text(facts.cond(**i).range).starts_with('\'');
                out.extend(ids.iter().filter(literal).map(|i| {
                    let range = facts.cond(*i).range;
                    Settled { range, holds: positive, why: format!("{} is compared with nothing, and a text is true", text(range)) }
                }));
            }
            CondWhat::Atom(left, op @ (CmpOp::Eq | CmpOp::Ne), right) => {
                let never = [(*left, *right), (*right, *left)].into_iter().find_map(|(a, b)| unequal(context, file, a, b));
                out.extend(never.map(|why| Settled { range: cond.range, holds: (*op == CmpOp::Ne) == positive, why }));
            }
            _ => {}
        }
    }
    out
}

/// Why the platform never finds two values equal: it makes numbers of a truth value and of a text, and most texts are none.
fn unequal(context: &Context, file: FileId, a: ValueId, b: ValueId) -> Option<String> {
    let facts = context.facts.file(file);
    match (&facts.value(a).what, &facts.value(b).what) {
        (V::Str(word), V::Expr(expr)) if is_truth(context, file, expr, 64) => {
            let word = word.as_str().trim();
            let number = word.is_empty() || word.parse::<f64>().is_ok();
            (!number).then(|| format!("the left side is true or false and never the text `'{word}'`"))
        }
        (V::Bool(true), V::Expr(expr)) if is_text(context, file, expr) => Some("the left side is a text and never the truth value `true`".to_owned()),
        _ => None,
    }
}

/// Whether an expression gives a truth value, whatever it is about.
fn is_truth(context: &Context, file: FileId, expr: &Expr, depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match &expr.what {
        ExprWhat::Bool(_) | ExprWhat::Not(_) => true,
        ExprWhat::Call(name, _) => matches!(name.as_str(), "contains" | "startswith" | "endswith" | "always" | "success" | "failure" | "cancelled"),
        ExprWhat::Binary(op, a, b) => match op.as_str() {
            "&&" | "||" => is_truth(context, file, a, depth) && is_truth(context, file, b, depth),
            _ => true,
        },
        ExprWhat::Context(path) => input_kinds(context, file, path).is_some_and(|kinds| kinds.iter().all(|k| k == "boolean")),
        _ => false,
    }
}

/// Whether an expression gives a text: outputs and variables are texts whatever was put into them.
fn is_text(context: &Context, file: FileId, expr: &Expr) -> bool {
    let ExprWhat::Context(path) = &expr.what else { return false };
    let names: Vec<&str> = path.split('.').collect();
    match names.as_slice() {
        ["steps" | "needs", _, "outputs", _] | ["env" | "vars", _] | ["github", "event", "inputs", _] => true,
        _ => input_kinds(context, file, path).is_some_and(|kinds| kinds.iter().all(|k| k == "string" || k == "choice")),
    }
}

/// The types that an input is declared with in this file; none for what is no input of it. Those of an action are texts.
fn input_kinds(context: &Context, file: FileId, path: &str) -> Option<Vec<String>> {
    let wanted = path.strip_prefix("inputs.")?;
    let action = context.sources.file(file).kind == Kind::Action;
    let declared = context.facts.file(file).items.iter().filter_map(|f| match &f.what {
        What::Input { name, kind, .. } if name.eq_ignore_ascii_case(wanted) => Some(kind.clone().filter(|_| !action).unwrap_or_else(|| "string".to_owned())),
        _ => None,
    });
    Some(declared.collect::<Vec<_>>()).filter(|k| !k.is_empty())
}
