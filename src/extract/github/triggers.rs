//! `on:` in its three shapes: an event, a list of events, a mapping of events to filters. Knows no event but those that declare inputs.

use super::{each, entries, key, outputs, owned, strings};
use crate::extract::expressions::{self, Mentions};
use crate::facts::{Builder, V, What};
use crate::notice::NoticeKind;
use crate::syntax::yaml::{Node, NodeKind};

/// Event names of an `on:`.
pub(super) fn names(node: &Node) -> impl Iterator<Item = &str> {
    let listed = if node.scalar().is_some() { std::slice::from_ref(node) } else { node.items() };
    // A list element may be a mapping of one event.
    let inner = listed.iter().flat_map(|n| n.entries().iter().filter_map(|e| e.name()));
    listed.iter().filter_map(Node::as_str).chain(inner).chain(node.entries().iter().filter_map(|e| e.name()))
}

/// A trigger for each event.
pub(super) fn triggers(node: &Node, b: &mut Builder) {
    match &node.kind {
        NodeKind::Scalar(_) => match node.as_str() {
            Some(event) => {
                b.add(node.place(), What::Trigger { event: event.to_owned(), types: Vec::new(), filters: Vec::new() });
            }
            None => b.notice(node.place(), NoticeKind::PartlyUnderstood, "`on` names no event"),
        },
        NodeKind::Seq(items) => items.iter().for_each(|n| triggers(n, b)),
        NodeKind::Map(events) => events.iter().for_each(|e| trigger(&key(e), e.key.place(), &e.value, b)),
    }
}

fn trigger(event: &str, range: crate::source::Range, node: &Node, b: &mut Builder) {
    let mut mentions = Mentions::new();
    let mut types = Vec::new();
    let mut filters = Vec::new();
    for entry in node.entries() {
        match entry.name() {
            Some("types") => types.extend(strings(&entry.value)),
            Some("inputs" | "outputs") => {}
            Some("secrets") => {
                let names = entry.value.entries().iter().map(|e| expressions::value(&e.key, &mut mentions, b)).collect();
                let value = b.value(entry.value.range, V::List(names, false));
                filters.push(("secrets".to_owned(), value));
            }
            _ => filters.push((key(entry), expressions::value(&entry.value, &mut mentions, b))),
        }
    }
    // `schedule` is a list of mappings.
    for item in node.items() {
        filters.extend(item.entries().iter().map(|e| (key(e), expressions::value(&e.value, &mut mentions, b))).collect::<Vec<_>>());
    }
    let trigger = owned(range, What::Trigger { event: event.to_owned(), types, filters }, mentions, b);
    b.within(trigger, |b| {
        each(node, "inputs").for_each(|n| inputs(n, b));
        each(node, "outputs").for_each(|n| outputs(n, b));
    });
}

/// `inputs:` of a dispatch, a reusable workflow or an action.
pub(crate) fn inputs(node: &Node, b: &mut Builder) {
    for entry in entries(node, "inputs", b) {
        let mut mentions = Mentions::new();
        let default = entry.value.get("default").filter(|n| !n.is_null()).map(|n| expressions::value(n, &mut mentions, b));
        let what = What::Input {
            name: key(entry),
            kind: entry.value.get("type").and_then(Node::as_str).map(str::to_owned),
            default,
            required: entry.value.get("required").and_then(Node::as_bool).unwrap_or(false),
        };
        owned(entry.range(), what, mentions, b);
    }
}
