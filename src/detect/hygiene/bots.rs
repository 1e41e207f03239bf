//! A condition that lets a bot through by the name of who acted last: an outsider can make a bot the last one to act on a pull request of their own.

use super::told;
use crate::catalog::row::Effect;
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::detect::Context;
use crate::facts::{ExprWhat, FileFacts, V, ValueId};
use crate::finding::{Alert, Location, Severity};
use crate::graph::Node;
use crate::origin::Who;
use crate::reach::families::Family;
use crate::reach::{Run, StepRun};
use crate::rule::placeholders::Values;
use crate::source::Range;

/// The gate by which rows know such a condition.
const FAMILY: &str = "bot-actor";
/// Parts of one condition that are looked at, at most.
const DEPTH: u32 = 64;

/// Steps that publish or run an outsider's code behind nothing but such a condition. The cause is the comparison.
pub fn spoofable(context: &Context) -> Vec<Alert> {
    let Some(page) = context.rules.get("bot-condition-spoofable") else { return Vec::new() };
    let all = &context.reach.families.all;
    let Some(bots) = all.iter().find(|f| f.name == FAMILY) else { return Vec::new() };
    let fits = |families: &[&Family], facts: &FileFacts, a: ValueId, b: ValueId| match (&facts.value(a).what, &facts.value(b).what) {
        (V::Expr(e), V::Str(name)) => matches!(&e.what, ExprWhat::Context(c) if families.iter().any(|f| f.passes(c, name.as_str()))),
        _ => false,
    };
    let checks: Vec<&Family> = all.iter().filter(|f| f.holds_back()).collect();
    let is_bot = |facts: &FileFacts, a, b| fits(&[bots], facts, a, b) || fits(&[bots], facts, b, a);
    let is_other = |facts: &FileFacts, a, b| !is_bot(facts, a, b) && (fits(&checks, facts, a, b) || fits(&checks, facts, b, a));
    let mut out = Vec::new();
    for run in context.reach.runs.iter().filter(|r| r.state.who >= Who::Peer && r.state.privileged && !r.state.head && !r.state.external) {
        for step in &run.steps {
            let facts = context.facts.file(step.step.file);
            let Some(when) = facts.fact(step.step.fact).when else { continue };
            let Some(bots) = needed(facts, when, &|a, b| is_bot(facts, a, b), DEPTH) else { continue };
            // Gates of other places hold an outsider back whatever the name of the bot is worth, and so does another check beside it.
            let elsewhere = step.gates.iter().any(|g| g.at.file != step.step.file || !bots.contains(&g.at.range));
            if elsewhere || needed(facts, when, &|a, b| is_other(facts, a, b), DEPTH).is_some() {
                continue;
            }
            let Some(does) = does(context, run, step) else { continue };
            for range in bots {
                let at = Location { file: step.step.file, range };
                let text = context.sources.file(at.file).text_at(range);
                let values = Values::from([("name", text), ("value", does.clone())]);
                out.push(told(context, page, at, page.level.unwrap_or(Severity::High), &values, Vec::new()));
            }
        }
    }
    out
}

/// The wanted comparisons of which one must hold for the condition to hold; none when it can hold without.
fn needed(facts: &FileFacts, id: CondId, wanted: &dyn Fn(ValueId, ValueId) -> bool, depth: u32) -> Option<Vec<Range>> {
    let depth = depth.checked_sub(1)?;
    match &facts.cond(id).what {
        CondWhat::And(ids) => ids.iter().find_map(|i| needed(facts, *i, wanted, depth)),
        CondWhat::Or(ids) => {
            let all: Option<Vec<Vec<Range>>> = ids.iter().map(|i| needed(facts, *i, wanted, depth)).collect();
            all.map(|a| a.concat()).filter(|a| !a.is_empty())
        }
        CondWhat::Atom(a, CmpOp::Eq, b) if wanted(*a, *b) => Some(vec![facts.value(*a).range.cover(facts.value(*b).range)]),
        _ => None,
    }
}

/// What the step does that an outsider would want: it publishes, merges or approves, or it runs a tree of theirs.
fn does(context: &Context, run: &Run, step: &StepRun) -> Option<String> {
    let facts = context.facts.file(step.step.file);
    let mut todo = vec![step.step];
    while let Some(node) = todo.pop() {
        if context.index.effects(context.catalog, node).any(|e| matches!(e, Effect::Publishes { asset, .. } if asset != "comment")) {
            let words = facts.word_text(node.fact);
            let words = if words.is_empty() { context.sources.file(node.file).text_at(facts.fact(node.fact).range) } else { words };
            return Some(words.split_whitespace().take(4).collect::<Vec<_>>().join(" "));
        }
        todo.extend(context.index.owned(node).unwrap_or_default().iter().rev().map(|fact| Node { file: node.file, fact: *fact }));
    }
    run.execs.iter().find(|e| e.tree && e.step == step.step).map(|_| "the contributor's own code".to_owned())
}
