//! Conditions whose outcome the way they are written settles, whatever happens: text around an expression, a text in place of a comparison, values that the
//! platform never finds equal, and a search in a text where a list was meant.

use std::collections::{BTreeMap, BTreeSet};

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

/// What a file says once for all its conditions.
struct Stated<'a> {
    facts: &'a FileFacts,
    /// The events that start it.
    events: BTreeSet<&'a str>,
    /// Types of its inputs, by name in lower case. Those of an action are texts, whatever it says of them.
    inputs: BTreeMap<String, BTreeSet<&'a str>>,
}

impl<'a> Stated<'a> {
    fn of(context: &Context<'a>, file: FileId) -> Self {
        let facts = context.facts.file(file);
        let action = context.sources.file(file).kind == Kind::Action;
        let (mut events, mut inputs) = (BTreeSet::new(), BTreeMap::<String, BTreeSet<&str>>::new());
        for fact in &facts.items {
            match &fact.what {
                What::Trigger { event, .. } => drop(events.insert(event.as_str())),
                What::Input { name, kind, .. } => {
                    let kind = kind.as_deref().filter(|_| !action).unwrap_or("string");
                    inputs.entry(name.to_ascii_lowercase()).or_default().insert(kind);
                }
                _ => {}
            }
        }
        Stated { facts, events, inputs }
    }
    /// Whether a context is an input of one of these types alone.
    fn is_input(&self, path: &str, kinds: &[&str]) -> bool {
        let declared = path.strip_prefix("inputs.").and_then(|name| self.inputs.get(name));
        declared.is_some_and(|all| all.iter().all(|k| kinds.contains(k)))
    }
}

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
    for file in files(context) {
        let stated = Stated::of(context, file);
        let text = |range| context.sources.file(file).text_at(range);
        for (node, cond) in conditions(&stated, file) {
            for found in settled(&stated, &text, cond).into_iter().filter(|s| s.holds == wanted) {
                let lets_in = wanted && open.contains(&node);
                let level = if lets_in { Severity::Medium } else { page.level.unwrap_or(Severity::Low) };
                let at = Location { file, range: found.range };
                out.push(told(context, page, at, level, &Values::from([("name", found.why)]), Vec::new()));
            }
        }
    }
    out
}

/// `contains` of a text and of what an outsider writes: each piece of the text passes.
pub fn unsound_contains(context: &Context) -> Vec<Alert> {
    let Some(page) = context.rules.get("unsound-contains") else { return Vec::new() };
    let open = open_to_outsiders(context);
    let mut out = Vec::new();
    for file in files(context) {
        let stated = Stated::of(context, file);
        for (node, cond) in conditions(&stated, file) {
            for (id, positive) in parts(stated.facts, cond) {
                let CondWhat::Atom(list, CmpOp::Contains, sought) = &stated.facts.cond(id).what else { continue };
                let (V::Str(all), V::Expr(expr)) = (&stated.facts.value(*list).what, &stated.facts.value(*sought).what) else { continue };
                let ExprWhat::Context(path) = &expr.what else { continue };
                if !positive || !outsiders_write(context, &stated, path, all.as_str()) {
                    continue;
                }
                let level = if open.contains(&node) { Severity::Medium } else { page.level.unwrap_or(Severity::Low) };
                let at = Location { file, range: stated.facts.cond(id).range };
                out.push(told(context, page, at, level, &Values::from([("name", path.clone())]), Vec::new()));
            }
        }
    }
    out
}

/// Whether an outsider chooses what a context holds in the events of this file, and a piece of the text can be it: of a closed list of words only those
/// count that stand in the text as part of another.
fn outsiders_write(context: &Context, stated: &Stated, path: &str, text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let stray = |value: &String| {
        let value = value.to_ascii_lowercase();
        text.contains(&value) && !words.contains(&value.as_str())
    };
    let rows = context.catalog.context(path);
    rows.iter().flat_map(|row| &context.catalog.row(*row).effects).any(|effect| match effect {
        Effect::Controlled { who, events, values, .. } => {
            let theirs = *who >= Who::Peer && (events.is_empty() || events.iter().any(|e| stated.events.contains(e.as_str())));
            theirs && (values.is_empty() || values.iter().any(stray))
        }
        _ => false,
    })
}

/// The own conditions of jobs and steps.
fn conditions(stated: &Stated, file: FileId) -> Vec<(Node, CondId)> {
    let conditional = stated.facts.iter().filter(|(_, f)| matches!(f.what, What::Job { .. } | What::Step { .. }));
    conditional.map(|(fact, _)| Node { file, fact }).filter_map(|node| Some((node, own_condition(stated.facts, node)?))).collect()
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

fn settled(stated: &Stated, text: &dyn Fn(Range) -> String, whole: CondId) -> Vec<Settled> {
    let facts = stated.facts;
    let mut out = Vec::new();
    for (id, positive) in parts(facts, whole) {
        let cond = facts.cond(id);
        match &cond.what {
            // The reader makes this of a text with more than one whole expression in it.
            CondWhat::Const(true) if text(cond.range).contains("${{") => {
                let why = around(&text(cond.range));
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
                let never = [(*left, *right), (*right, *left)].into_iter().find_map(|(a, b)| unequal(stated, a, b));
                out.extend(never.map(|why| Settled { range: cond.range, holds: (*op == CmpOp::Ne) == positive, why }));
            }
            _ => {}
        }
    }
    out
}

/// What makes a text of an expression.
fn around(condition: &str) -> &'static str {
    let whole = condition.trim();
    let alone = whole.starts_with("${{") && whole.ends_with("}}") && whole.matches("${{").count() == 1;
    if alone { "a line break or blank behind `}}` makes a text of it" } else { "what stands around `${{ }}` makes a text of it" }
}

/// Why the platform never finds two values equal: it makes numbers of a truth value and of a text, and most texts are none.
fn unequal(stated: &Stated, a: ValueId, b: ValueId) -> Option<String> {
    match (&stated.facts.value(a).what, &stated.facts.value(b).what) {
        (V::Str(word), V::Expr(expr)) if is_truth(stated, expr, 64) => {
            let word = word.as_str().trim();
            let number = word.is_empty() || word.parse::<f64>().is_ok();
            (!number).then(|| format!("one side is true or false and never the text `'{word}'`"))
        }
        (V::Bool(true), V::Expr(expr)) if is_text(stated, expr) => Some("one side is a text and never the truth value `true`".to_owned()),
        _ => None,
    }
}

/// Whether an expression gives a truth value, whatever it is about.
fn is_truth(stated: &Stated, expr: &Expr, depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match &expr.what {
        ExprWhat::Bool(_) | ExprWhat::Not(_) => true,
        ExprWhat::Call(name, _) => matches!(name.as_str(), "contains" | "startswith" | "endswith" | "always" | "success" | "failure" | "cancelled"),
        ExprWhat::Binary(op, a, b) => match op.as_str() {
            "&&" | "||" => is_truth(stated, a, depth) && is_truth(stated, b, depth),
            _ => true,
        },
        ExprWhat::Context(path) => stated.is_input(path, &["boolean"]),
        _ => false,
    }
}

/// Whether an expression gives a text: outputs and variables are texts whatever was put into them.
fn is_text(stated: &Stated, expr: &Expr) -> bool {
    let ExprWhat::Context(path) = &expr.what else { return false };
    let names: Vec<&str> = path.split('.').collect();
    match names.as_slice() {
        ["steps" | "needs", _, "outputs", _] | ["env" | "vars", _] | ["github", "event", "inputs", _] => true,
        _ => stated.is_input(path, &["string", "choice"]),
    }
}
