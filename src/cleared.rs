//! What was looked at and found harmless, grouped by what it is and why. Reads what flow, reach and the pages decided; decides nothing about a finding and
//! quotes no scanned file.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::row::{ArgTest, Effect, Row, RowId, Slot, SlotName, Test};
use crate::detect::Context;
use crate::facts::What;
use crate::finding::{Alert, Cleared, ClearedKind, Location};
use crate::flow::{FlagState, SinkHit, Why, place};
use crate::matcher::{Decided, hit_key};
use crate::origin::{Mutable, Who};
use crate::reach::{Gate, Run, State, gates, instances};

/// Everything that was found harmless, in order of kind and name; of one thing the commonest reason first.
pub fn cleared(context: &Context, alerts: &[Alert], decided: &Decided) -> Vec<Cleared> {
    let mut board = Board::default();
    triggers(context, alerts, &mut board);
    gated(context, &mut board);
    sinks(context, alerts, decided, &mut board);
    pins(context, &mut board);
    let mut out: Vec<Cleared> = Vec::new();
    for ((kind, what), seen) in board.0 {
        let mut reasons: Vec<(String, BTreeSet<Location>)> = seen.reasons.into_iter().collect();
        reasons.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(&b.0)));
        let of = seen.all.len();
        out.extend(reasons.into_iter().map(|(reason, places)| Cleared {
            kind,
            what: what.clone(),
            reason,
            of,
            places: places.into_iter().collect(),
        }));
    }
    out
}

/// Places by kind and name: all of them, and the harmless ones by reason.
#[derive(Default)]
struct Board(BTreeMap<(ClearedKind, String), Seen>);

#[derive(Default)]
struct Seen {
    all: BTreeSet<Location>,
    reasons: BTreeMap<String, BTreeSet<Location>>,
}

impl Board {
    /// Notes a place; without a reason it is one that is told, or left open.
    fn add(&mut self, kind: ClearedKind, what: &str, at: Location, reason: Option<String>) {
        let seen = self.0.entry((kind, what.to_owned())).or_default();
        seen.all.insert(at);
        if let Some(reason) = reason {
            seen.reasons.entry(reason).or_default().insert(at);
        }
    }
}

/// Events that outsiders can cause: what a workflow makes of them.
fn triggers(context: &Context, alerts: &[Alert], board: &mut Board) {
    let told: BTreeSet<Location> = alerts.iter().flat_map(|a| &a.paths).filter_map(|p| p.hops.first()).map(|h| h.at).collect();
    let mut runs: BTreeMap<Location, Vec<&Run>> = BTreeMap::new();
    for run in &context.reach.runs {
        runs.entry(run.state.trigger).or_default().push(run);
    }
    for file in context.index.workflow_files() {
        let mut states: BTreeMap<Location, State> = BTreeMap::new();
        for state in instances::states(context.reachable(), file).into_iter().filter(|s| s.who >= Who::Peer) {
            states.entry(state.trigger).or_insert(state);
        }
        for (at, state) in states {
            let started = runs.get(&at).map(Vec::as_slice).unwrap_or_default();
            let reason = (!told.contains(&at)).then(|| of_trigger(&state, started));
            board.add(ClearedKind::Trigger, &format!("`{}` workflows", state.event), at, reason.flatten());
        }
    }
}

fn of_trigger(state: &State, runs: &[&Run]) -> Option<String> {
    let trees: Vec<&[Gate]> = runs
        .iter()
        .flat_map(|r| {
            let execs = r.execs.iter().filter(|e| e.tree && e.ungated >= Who::Peer).map(|e| e.gates.as_slice());
            execs.chain(r.checkouts.iter().map(|c| c.gates.as_slice()))
        })
        .collect();
    if runs.is_empty() {
        Some("no job starts for it".to_owned())
    } else if state.head || !state.privileged {
        Some("runs of forks hold no secret, and their token only reads".to_owned())
    } else if trees.iter().any(|gates| gates::author(Who::Anyone, gates) >= Who::Peer) {
        None
    } else if let Some(gates) = trees.first() {
        Some(format!("code of the fork runs only behind a gate ({})", families(gates)))
    } else {
        let fork = state.event.contains("pull_request") || state.event == "workflow_run";
        Some(if fork { "no code of the fork runs" } else { "nothing of an outsider runs" }.to_owned())
    }
}

/// Code and trees of contributors behind gates.
fn gated(context: &Context, board: &mut Board) {
    for run in context.reach.runs.iter().filter(|r| r.state.privileged && !r.state.head && !r.state.external) {
        for exec in run.execs.iter().filter(|e| e.tree && e.ungated >= Who::Peer) {
            let held = gates::author(exec.ungated, &exec.gates) < Who::Peer;
            board.add(ClearedKind::Gated, "runs of a contributor's code", exec.at, held.then(|| behind(&exec.gates)));
        }
        for checkout in &run.checkouts {
            let held = gates::author(Who::Anyone, &checkout.gates) < Who::Peer;
            board.add(ClearedKind::Checkout, "checkouts of a contributor's tree", checkout.cause, held.then(|| behind(&checkout.gates)));
        }
    }
}

fn families(gates: &[Gate]) -> String {
    let names: BTreeSet<&str> = gates.iter().filter(|g| g.code.is_some_and(|w| w < Who::Peer)).map(|g| g.family.as_str()).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

fn behind(gates: &[Gate]) -> String {
    let residual = gates.iter().find(|g| g.code.is_some_and(|w| w < Who::Peer)).map(|g| g.residual.as_str()).unwrap_or_default();
    let rest = if residual.is_empty() { String::new() } else { format!("; what remains: {residual}") };
    format!("a gate decides whose ({}){rest}", families(gates))
}

/// What rows call dangerous and no alert speaks of.
fn sinks(context: &Context, alerts: &[Alert], decided: &Decided, board: &mut Board) {
    let pointed: BTreeSet<Location> =
        alerts.iter().flat_map(|a| a.paths.iter().flat_map(|p| &p.hops).chain(&a.related).map(|h| h.at).chain([a.primary])).collect();
    for found in &context.flow.harmless {
        let row = context.catalog.row(found.row);
        let kinds = row.effects.iter().filter_map(|e| if let Effect::Sink { kind, .. } = e { Some(kind) } else { None });
        let reason = match found.why {
            Why::SafeWhen(test) => row.safe_when.get(test).map_or_else(|| "it is used safely".to_owned(), words),
            Why::Guarded => "a parameter switches it off, and no caller in sight switches it on".to_owned(),
            Why::RoundTrip => "it undoes what the program itself made".to_owned(),
            Why::Escaped => "what others give in it is escaped for its reader".to_owned(),
        };
        for kind in kinds {
            board.add(ClearedKind::Sink, &subject(row, kind), found.place, Some(reason.clone()));
        }
    }
    for hit in &context.flow.hits {
        let row = context.catalog.row(hit.row);
        if !matches!(row.effects.get(hit.effect as usize), Some(Effect::Sink { .. })) {
            continue;
        }
        let key = hit_key(hit);
        let told = decided.told.contains(&key) || pointed.contains(&hit.place);
        let what = subject(row, &hit.kind);
        match of_hit(context, hit, hit.row, decided.tests.contains(&key)).filter(|_| !told) {
            Some((ClearedKind::Open, reason)) => board.add(ClearedKind::Open, &what, hit.place, Some(reason)),
            found => board.add(ClearedKind::Sink, &what, hit.place, found.map(|f| f.1)),
        }
    }
}

/// The row's name and what it does: one call can be several things.
fn subject(row: &Row, kind: &str) -> String {
    format!("`{}` ({kind})", row.subject.name().trim_end_matches('*'))
}

/// Why a hit that nobody tells is harmless; nothing, where that is not what is known of it.
fn of_hit(context: &Context, hit: &SinkHit, row: RowId, in_tests: bool) -> Option<(ClearedKind, String)> {
    if hit.flag == FlagState::Safe {
        let flag = context.catalog.row(row).deciding();
        return Some((ClearedKind::Sink, format!("{flag} is safe here: set so, or by default in the versions allowed")));
    }
    let open = (!in_tests && hit.bytes.who < Who::Publisher) && (hit.bytes.open || !hit.bytes.known);
    let why = match (hit.bytes.who, hit.bytes.mutable) {
        (Who::Publisher, Mutable::Digest) => "what it takes from outside is fixed to a commit or hash",
        (Who::Publisher, Mutable::Release) => "what it takes from outside is fixed to a release",
        (who, _) if who >= Who::Publisher => return None,
        _ if in_tests => "it stands in a test, which makes what it reads",
        _ if hit.bytes.open => "its input is a parameter, and no caller in sight hands in anything from outside",
        _ if !hit.bytes.known => "where its input comes from is not all known, and nothing from outside was seen to reach it",
        (Who::Program, _) => "its input is what the program made itself",
        (Who::Repository, _) => "its input stands in this tree",
        _ => "its input is chosen by who runs it",
    };
    Some((if open { ClearedKind::Open } else { ClearedKind::Sink }, why.to_owned()))
}

/// References that cannot change, or that are the project's own.
fn pins(context: &Context, board: &mut Board) {
    for (node, fact) in context.facts.nodes() {
        let facts = context.facts.file(node.file);
        let at = |value| Location { file: node.file, range: facts.value(value).range };
        match &fact.what {
            What::Uses { target, .. } => {
                let Some(text) = facts.literal(*target).filter(|t| !t.starts_with("./") && !t.starts_with("docker://")) else { continue };
                let (name, version) = text.split_once('@').unwrap_or((&text, ""));
                let own = context.sources.is_own(node.file, name) || context.config.trust.action(name);
                let fixed = place::pin(version) == Mutable::Digest;
                board.add(ClearedKind::Pin, "actions", at(*target), pinned(fixed, own, "pinned to a commit"));
            }
            What::Image { reference, .. } => {
                let Some(text) = facts.literal(*reference).filter(|t| !t.contains(['{', '%'])) else { continue };
                let own = context.index.is_own_image(node.file, &text) || context.config.trust.image(&text);
                board.add(ClearedKind::Pin, "images", at(*reference), pinned(text.contains("@sha256:"), own, "pinned by digest"));
            }
            What::Requirement(r) if !r.name.is_empty() => {
                let at = Location { file: node.file, range: fact.range };
                board.add(ClearedKind::Pin, "requirements", at, (r.hashes > 0).then(|| "tied to hashes".to_owned()));
            }
            _ => {}
        }
    }
}

fn pinned(fixed: bool, own: bool, how: &str) -> Option<String> {
    match (fixed, own) {
        (true, _) => Some(how.to_owned()),
        (_, true) => Some("the project's own, or trusted by policy".to_owned()),
        _ => None,
    }
}

/// A `safe-when` test as a clause.
pub fn words(test: &ArgTest) -> String {
    let names = |all: &[SlotName]| {
        let name = |n: &SlotName| match n {
            SlotName::Name(name) => format!("`{name}`"),
            SlotName::Position(n) => format!("argument {}", n + 1),
            SlotName::Stdin => "standard input".to_owned(),
        };
        // A keyword says more than its position.
        all.iter().find(|n| matches!(n, SlotName::Name(_))).or(all.first()).map_or_else(|| "the argument".to_owned(), name)
    };
    let slot = match &test.slot {
        Slot::Arg(all) => names(all),
        Slot::From(_) => "every argument".to_owned(),
        Slot::Receiver => "the object".to_owned(),
        Slot::Callee => "the name".to_owned(),
        Slot::Result => "the result".to_owned(),
        Slot::Stdin => "standard input".to_owned(),
        Slot::Whole => "the text".to_owned(),
    };
    let list = |all: &[String]| all.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(" or ");
    match &test.test {
        Test::Present => format!("{slot} is given"),
        Test::Absent => format!("{slot} is not given"),
        Test::Is(all) | Test::Like(all) => format!("{slot} is {}", list(all)),
        Test::IsNot(all) | Test::Unlike(all) => format!("{slot} is not {}", list(all)),
        Test::Dynamic => format!("{slot} is computed"),
        Test::Wordless => format!("{slot} names nothing"),
        Test::Confined => format!("a check confines {slot}"),
        Test::SamePublisher(_) => format!("{slot} is an address of the same publisher"),
        Test::SharesNames(_) => format!("nobody can take a name of {slot} elsewhere"),
        Test::FixedHost => format!("the host of {slot} is fixed"),
        Test::Literal => format!("{slot} is a constant"),
        Test::Has(all) => format!("{slot} holds {}", list(all)),
        Test::Sets(all) => format!("{slot} sets {}", list(&all.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>())),
        Test::ResultOf(all) => format!("{slot} is what {} gave", list(all)),
        Test::Lacks(all) => format!("{slot} does not hold {}", list(all)),
    }
}
