//! What stands on a line, which rows speak of it, and what runs it. Words for facts; decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Here, Point, Topic};
use crate::facts::{ArgName, Channel, Level, What};
use crate::finding::Location;
use crate::flow::place;
use crate::graph::{EdgeKind, Node};
use crate::origin::Mutable;

/// Most things told of one kind.
const MOST: usize = 12;
/// Characters of one of them.
const MOST_TEXT: usize = 160;
/// Characters of a value that is computed.
const MOST_VALUE: usize = 60;

/// The facts of a line: those that begin on it; where none does, the smallest that covers it and says more than where things stand.
pub fn standing(here: &Here) -> Vec<Node> {
    let facts = here.context.model.facts.file(here.file);
    let of = |id| Node { file: here.file, fact: id };
    let told = |id| words(here, of(id)).is_some();
    let begin: Vec<Node> = facts
        .iter()
        .filter(|(id, f)| here.begins(Location { file: here.file, range: f.range }) && told(*id))
        .map(|(id, _)| of(id))
        .take(MOST)
        .collect();
    if !begin.is_empty() {
        return begin;
    }
    let around = facts.iter().filter(|(id, f)| here.meets(f.range) && told(*id));
    around.min_by_key(|(_, f)| f.range.len()).map(|(id, _)| of(id)).into_iter().collect()
}

/// Says what a fact is and which rows speak of it.
pub fn describe(here: &Here, node: Node, points: &mut Vec<Point>) {
    let context = here.context;
    let fact = context.model.facts.fact(node);
    let mut say = |topic, text: String| points.push(Point { topic, at: None, text });
    if let Some(text) = words(here, node) {
        say(Topic::Fact, text);
    }
    for (_, row) in context.model.index.rows(context.catalog, node) {
        let effects: BTreeSet<&str> = row.effects.iter().map(|e| e.key()).collect();
        let effects = effects.into_iter().collect::<Vec<_>>().join(", ");
        say(Topic::Row, format!("`{}` ({}:{}): {effects}", row.subject.text(), row.file, row.line));
    }
    if let What::Uses { target, .. } = &fact.what
        && let Some(version) = context.model.facts.file(node.file).literal(*target).as_deref().and_then(|t| t.split_once('@')).map(|t| t.1)
    {
        say(Topic::Origin, format!("`{version}` is {}", mutable(place::pin(version))));
    }
}

/// What a reference can do later.
pub(super) fn mutable(mutable: Mutable) -> &'static str {
    match mutable {
        Mutable::Digest => "a commit or hash: it cannot change",
        Mutable::Release => "a release: its publisher could move it, and seldom does",
        Mutable::Moving => "no fixed version: it changes when its publisher changes it",
    }
}

/// A fact for people, as it is written; nothing for what only says where things stand.
fn words(here: &Here, node: Node) -> Option<String> {
    let facts = here.context.model.facts.file(node.file);
    let fact = facts.fact(node.fact);
    let value = |v| here.text(facts.value(v).range, MOST_VALUE);
    let text = match &fact.what {
        What::Call(call) => {
            let args: Vec<String> = call
                .args
                .iter()
                .map(|a| match &a.name {
                    ArgName::Keyword(name) => format!("{name}={}", value(a.value)),
                    _ => value(a.value),
                })
                .collect();
            let name = call.name.trim_start_matches(crate::facts::Call::JAVASCRIPT);
            let name = name.strip_prefix("?.").map_or_else(|| name.to_owned(), |n| format!("….{n}"));
            format!("call `{name}({})`", args.join(", "))
        }
        What::Command(_) => format!("command `{}`", here.text(fact.range, MOST_TEXT)),
        What::Uses { target, .. } => format!("action `{}`", here.text(facts.value(*target).range, MOST_TEXT)),
        What::Image { reference, .. } => format!("image `{}`", here.text(facts.value(*reference).range, MOST_TEXT)),
        What::Requirement(_) => format!("requirement `{}`", here.text(fact.range, MOST_TEXT)),
        What::Setting { path, value: v } => format!("setting `{path}` = `{}`", value(*v)),
        What::Write { channel: Channel::Env(name) | Channel::RunnerEnv(Some(name)), .. } => format!("variable `{name}` is set"),
        What::Write { channel: Channel::Output(Some(name)), .. } => format!("output `{name}` is set"),
        What::Write { channel: Channel::File(name), .. } => format!("file `{}` is written", value(*name)),
        What::Permission { scope, level } => {
            let level = match level {
                Level::None => "none",
                Level::Read => "read",
                Level::Write => "write",
            };
            format!("permission `{scope}: {level}`")
        }
        What::Trigger { event, .. } => format!("event `{event}`"),
        What::Runner { labels, group } => format!("runner `{}`", labels.iter().chain(group).map(|l| value(*l)).collect::<Vec<_>>().join(", ")),
        What::SecretRef { name } => format!("secret `{name}`"),
        What::Import { module, name, .. } => format!("import of `{module}{}`", name.as_deref().map(|n| format!(".{n}")).unwrap_or_default()),
        What::Function { name, .. } => format!("function `{name}`"),
        What::Check { .. } => "check that stops what follows when it fails".to_owned(),
        _ => return None,
    };
    Some(cut(&text, MOST_TEXT + 20))
}

/// On one line, and of at most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// For a line of a workflow: who starts its job, behind which gates, and what is in reach of it.
pub fn jobs(here: &Here, points: &mut Vec<Point>) {
    let model = &here.context.model;
    let mut told: BTreeMap<String, Option<Location>> = BTreeMap::new();
    for run in &model.reach.runs {
        let Some(step) = run.steps.iter().find(|s| s.step.file == here.file && here.meets(model.facts.fact(s.step).range)) else { continue };
        let state = &run.state;
        let power = match (state.head, state.privileged) {
            (true, _) => "reads the workflow from the change, and holds no secret",
            (_, true) => "with the secrets and a token that can be given write scopes",
            _ => "without secrets",
        };
        let gates: Vec<String> = step.gates.iter().map(|g| format!("{} at {}", g.family, here.place(g.at))).collect();
        let gates = if gates.is_empty() { "no gate before it".to_owned() } else { format!("gates: {}", gates.join(", ")) };
        let assets: BTreeSet<&str> = step.assets.iter().filter(|a| !a.assumed).map(|a| a.name.as_str()).collect();
        let assets = if assets.is_empty() { String::new() } else { format!("; in reach: {}", assets.into_iter().collect::<Vec<_>>().join(", ")) };
        let started = format!("`{}` starts it ({}), {power}; {gates}{assets}", state.event, state.who.name());
        told.insert(started, Some(state.trigger));
    }
    points.extend(told.into_iter().take(MOST).map(|(text, at)| Point { topic: Topic::Job, at, text }));
}

/// What of the tree runs this file.
pub fn reached(here: &Here, points: &mut Vec<Point>) {
    let graph = &here.context.model.graph;
    let kinds = [EdgeKind::Runs, EdgeKind::Builds, EdgeKind::Installs, EdgeKind::Uses];
    let edges = graph.edges.iter().filter(|e| e.to.file == here.file && e.from.file != here.file && kinds.contains(&e.kind));
    let places: BTreeSet<Location> = edges.map(|e| Location { file: e.from.file, range: e.evidence }).collect();
    points.extend(places.into_iter().take(3).map(|at| Point { topic: Topic::Reached, at: Some(at), text: "this file is run from there".to_owned() }));
}
