//! Rules about what a workflow says in one place: conditions that decide nothing, secrets that go further than they need, names that look like others.
//! What such a place does to the level, whether outsiders come there, is asked of reach; no way is walked here.

mod bots;
mod caches;
mod carried;
mod conditions;
mod encoded;
mod lookalike;
mod secrets;
mod sent;

use std::collections::{BTreeMap, BTreeSet};

use crate::detect::Context;
use crate::finding::{Alert, Confidence, Location, Severity};
use crate::graph::Node;
use crate::origin::Who;
use crate::rule::Page;
use crate::rule::placeholders::{Values, fill};
use crate::source::{FileId, Kind, Range};

pub use bots::spoofable;
pub use caches::restored;
pub use conditions::{always_true, never_holds, unsound_contains};
pub use encoded::encoded_script;
pub use lookalike::lookalike;
pub use secrets::{all_exposed, unredacted};
pub use sent::{sent_out, unmasked};

/// A finding of one place: the sentences are the page's.
pub fn told(context: &Context, page: &Page, at: Location, level: Severity, values: &Values, doubts: Vec<String>) -> Alert {
    let source = context.sources.file(at.file);
    // One narrow line; what stands on several begins there.
    let end = source.lines().range(source.lines().line(at.range.start)).end;
    let range = Range { start: at.range.start, end: at.range.end.min(end.max(at.range.start)) };
    Alert {
        rule: page.id.clone(),
        tier: page.tier,
        severity: level,
        confidence: Confidence::after(doubts.len()),
        primary: Location { file: at.file, range },
        cause: source.text_at(at.range).split_whitespace().collect::<Vec<_>>().join(" "),
        message: fill(&page.message, values),
        fix: fill(&page.fix, values),
        fine_if: fill(&page.fine_if, values),
        assumes: Vec::new(),
        doubts,
        paths: Vec::new(),
        related: Vec::new(),
        part_of: None,
        data: BTreeMap::new(),
    }
}

/// Workflows and actions.
fn files<'a>(context: &Context<'a>) -> impl Iterator<Item = FileId> + use<'a> {
    context.sources.iter().filter(|(_, f)| matches!(f.kind, Kind::Workflow | Kind::Action)).map(|(id, _)| id)
}

/// Jobs and steps that an outsider can start with the repository's own secrets and token.
fn open_to_outsiders(context: &Context) -> BTreeSet<Node> {
    let runs = context.reach.runs.iter().filter(|r| r.state.who >= Who::Peer && r.state.privileged && !r.state.head && !r.state.external);
    runs.flat_map(|r| r.steps.iter().map(|s| s.step).chain([r.job])).collect()
}
