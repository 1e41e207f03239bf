//! What flow computed of a dangerous call, command or setting: where its value comes from, what its flag decides, which level that gives.

use super::{Here, Point, Topic};
use crate::cleared;
use crate::flow::{FlagState, SinkHit, Why};
use crate::graph::Node;
use crate::origin::{Origin, Who};

/// Says what is known of the sinks of a fact.
pub fn describe(here: &Here, node: Node, points: &mut Vec<Point>) {
    let context = here.context;
    for hit in context.model.flow.hits.iter().filter(|h| h.at == node || h.place_at == node) {
        of_hit(here, hit, points);
    }
    for found in context.model.flow.harmless.iter().filter(|h| h.at == node) {
        let row = context.catalog.row(found.row);
        let text = match found.why {
            Why::SafeWhen(test) => row.safe_when.get(test).map(|t| format!("safe, because {}", cleared::words(t))),
            Why::Guarded => Some("a parameter switches it off where it is called".to_owned()),
            Why::RoundTrip => Some("it undoes what the program itself made".to_owned()),
            Why::Escaped => Some("what others give in it is escaped for its reader".to_owned()),
        };
        points.extend(text.map(|text| Point { topic: Topic::Flag, at: None, text: format!("`{}`: {text}", row.subject.name()) }));
    }
}

fn of_hit(here: &Here, hit: &SinkHit, points: &mut Vec<Point>) {
    let catalog = here.context.catalog;
    let row = catalog.row(hit.row);
    let subject = hit.subject.as_deref().map(|s| format!(" (`{s}`)")).unwrap_or_default();
    let mut say = |topic, at, text| points.push(Point { topic, at, text });
    say(Topic::Origin, None, format!("for `{}`: what reaches it{subject} is {}", hit.kind, origin(hit.bytes)));
    for hop in hit.hops.iter().filter(|h| !here.begins(h.at)) {
        say(Topic::Origin, Some(hop.at), format!("for `{}`: {}", hit.kind, hop.text));
    }
    let name = row.deciding();
    let flag = match &hit.flag {
        FlagState::None => None,
        FlagState::Safe => Some("is safe: set so, or by default in every version that the project allows".to_owned()),
        FlagState::Unsafe => Some("is unsafe: set so, or by default in a version that the project allows".to_owned()),
        FlagState::Hole(floor) => Some(format!("is set safely, but only `{floor}` keeps to it, and the project takes an older one")),
        FlagState::Unsettled(floor) => Some(format!("depends on the version: `{floor}` in the project's requirements would settle it")),
        FlagState::Dynamic => Some("is computed".to_owned()),
    };
    if let Some(flag) = flag {
        say(Topic::Flag, None, format!("{name} {flag}"));
    }
    let Some(class) = catalog.class_of(&hit.kind) else { return };
    let level = match catalog.severities.risk(class, hit.bytes) {
        Some(level) => format!("class `{class}` from `{}` is {} in the table of levels", hit.bytes.who.name(), level.name()),
        None => format!("class `{class}` from `{}` is no finding in the table of levels", hit.bytes.who.name()),
    };
    say(Topic::Level, None, level);
}

fn origin(origin: Origin) -> String {
    let who = match origin.who {
        Who::Program => "made by the program itself",
        Who::Repository => "from this tree",
        Who::Operator => "chosen by who runs it",
        Who::Publisher => "from an outside account",
        Who::Peer => "from any host that can connect",
        Who::Anyone => "from anyone",
    };
    let moves = if origin.who == Who::Publisher { format!("; {}", super::facts::mutable(origin.mutable)) } else { String::new() };
    let open = if origin.open { "; or a parameter, which callers out of sight fill" } else { "" };
    let known = if origin.known { "" } else { "; part of where it comes from is not known" };
    format!("{who}{moves}{open}{known}")
}
