//! Carries sinks from the function they stand in to the calls that fill its parameters, and decides where a finding stands: at the outermost call of the
//! tree that supplies an outside value; at the sink for all others together; nowhere if nothing reaches it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::catalog::row::{Effect, Row, Test};
use crate::facts::What;
use crate::finding::Hop;
use crate::flow::entries::{Entry, enter};
use crate::flow::fill::{callers, close, fill, fill_named, is_public};
use crate::flow::guards::Guard;
use crate::flow::guards::refused::{OptIns, is_refused, is_withheld};
use crate::flow::place;
use crate::flow::resolve::forward::MAX_FORWARD;
use crate::flow::resolve::undo::{is_object, undone};
use crate::flow::sinks::{Needs, Sink, flags, safe_by, worse};
use crate::flow::solver::Solver;
use crate::flow::tables::{Bind, is_static};
use crate::flow::value::{Lit, Source, Val};
use crate::flow::versions::Versions;
use crate::flow::{FlagState, Harmless, SinkHit, Why};
use crate::graph::Node;
use crate::notice::{Notice, NoticeKind};
use crate::origin::{Origin, Via, Who};
use crate::source::Range;

/// How many calls a chain has at most.
const MAX_CHAIN: usize = 12;
/// The same where only data comes in: who names a model or a data set stands near. In tests nobody else names one.
const MAX_DATA_CHAIN: usize = 2;
/// How many sinks one function's parameters keep: the `main` of a script hands one object to all that it does.
const MAX_SINKS: usize = 64;
/// How many open ways one sink keeps.
pub(super) const MAX_WAYS: usize = 64;

/// A sink on its way up.
#[derive(Clone)]
struct Way {
    sink: usize,
    needs: Needs,
    /// Calls from the sink outwards.
    chain: Vec<Node>,
    /// How many of them lead to the one that supplies an outside value; none as long as none does.
    supplied: Option<usize>,
    /// Whether one of them hands over what is kept in a field or a variable of a module.
    kept: bool,
    /// Whether what is still open are parameters of functions that nobody calls or hands on.
    lone: Option<bool>,
    /// The class that the object of the function which is open must be of.
    of: Option<Node>,
}

/// An end of a way: nothing is open any more.
struct End {
    needs: Needs,
    /// Calls from the sink to the one that supplies the value.
    chain: Vec<Node>,
    /// Whether the value was kept on the way.
    kept: bool,
    /// Whether nobody calls what it ends in.
    lone: bool,
}

impl End {
    fn of(needs: Needs, way: &Way) -> End {
        let calls = way.supplied.unwrap_or(way.chain.len());
        End { needs, chain: way.chain.iter().take(calls).copied().collect(), kept: way.kept, lone: way.lone == Some(true) }
    }
}

/// What sinks came to.
#[derive(Debug, Default)]
pub struct Lifted {
    /// All hits, in no order.
    pub hits: Vec<SinkHit>,
    /// Functions that carry one: who calls them may stand in a block that was not looked at yet.
    pub asking: BTreeSet<Node>,
    /// Functions through which more ways lead than were followed.
    pub cut: BTreeSet<Node>,
}

/// Carries sinks to where values come in.
pub fn lift(solver: &mut Solver, versions: &Versions, entries: &BTreeMap<Node, Entry>, sinks: &[(Sink, Needs)]) -> Lifted {
    let mut ends: Vec<Vec<End>> = sinks.iter().map(|_| Vec::new()).collect();
    let mut ways_left: Vec<usize> = vec![MAX_WAYS; sinks.len()];
    let mut seen: HashMap<(usize, Node, Option<Node>), Vec<Needs>> = HashMap::new();
    let mut held: BTreeMap<Node, BTreeSet<usize>> = BTreeMap::new();
    let mut asking: BTreeSet<Node> = BTreeSet::new();
    let mut cut: BTreeSet<Node> = BTreeSet::new();
    let mut opt_ins = OptIns::new();
    let mut level: Vec<Way> = sinks
        .iter()
        .enumerate()
        .map(|(sink, (_, needs))| Way { sink, needs: needs.clone(), chain: Vec::new(), supplied: None, kept: false, lone: None, of: None })
        .collect();
    while !level.is_empty() {
        let mut next: Vec<Way> = Vec::new();
        for way in level {
            let functions = way.needs.functions();
            // An outside value is there already: what else may come in does not move the finding.
            let (sink, _) = &sinks[way.sink];
            let given = way.needs.value.who() >= Who::Publisher && way.needs.value.consts.params.is_empty();
            let settled = given || way.needs.guards.iter().any(Guard::refuses) || is_off(solver, versions, sink, &way.needs);
            let Some(function) = functions.first().copied().filter(|_| !settled) else {
                // Callers add nothing to the value any more; whether any of them gives the consent that is asked for before it is reached is up to them.
                let mut guards = way.needs.guards.clone();
                if !functions.is_empty() {
                    guards.retain(|g| g.refuses() || (g.strict && is_withheld(solver, entries, g, &mut Vec::new())));
                }
                let stands = way.chain.last().copied().unwrap_or(sink.node);
                if guards.is_empty() && given && is_refused(solver, entries, stands, &mut opt_ins, MAX_FORWARD) {
                    guards.push(Guard::withheld());
                }
                let open = Needs { guards, ..way.needs.clone() };
                let needs = functions.iter().fold(open, |needs, f| close(solver, &needs, *f, false));
                ends[way.sink].push(End::of(needs, &way));
                continue;
            };
            if let Some(entry) = entries.get(&function) {
                let mut needs = enter(solver, &way.needs, function, entry);
                if needs.value.who() >= Who::Publisher {
                    needs.guards.retain(|g| g.refuses() || (g.strict && is_withheld(solver, entries, g, &mut Vec::new())));
                }
                let needs = functions.iter().fold(needs, |n, f| close(solver, &n, *f, false));
                // Outsiders fill in this function's parameters: what stands in it hands them over, whatever else was filled in since.
                let inside = way.chain.iter().rposition(|call| solver.function(*call) == function).map(|at| at + 1);
                ends[way.sink].push(End::of(needs, &Way { supplied: way.supplied.or(inside), ..way.clone() }));
            }
            let near = if solver.world.index.is_test(function.file) { 0 } else { MAX_DATA_CHAIN };
            if way.chain.len() >= near && solver.world.catalog.takes_data(&sink.kind) {
                let needs = close(solver, &way.needs, function, is_public(solver, function));
                next.push(Way { needs, ..way });
                continue;
            }
            if way.chain.len() >= MAX_FORWARD && solver.world.catalog.only_from(&sink.kind).is_some() {
                let needs = close(solver, &way.needs, function, false);
                next.push(Way { needs, ..way });
                continue;
            }
            // What rows say of a function is its summary, wherever it is called: its body adds nothing to that.
            if solver.world.catalog.stands_for(solver.world.index.path(function.file), &solver.called(function)) {
                let needs = close(solver, &way.needs, function, is_public(solver, function));
                next.push(Way { needs, ..way });
                continue;
            }
            let called = callers(solver, function).into_iter();
            let callers: Vec<(Node, Bind, Option<Node>)> =
                called.filter_map(|(call, bind)| solver.kin(function, call, bind, way.of).map(|of| (call, bind, of))).collect();
            let sinks_here = held.entry(function).or_default();
            let full = sinks_here.len() >= MAX_SINKS && !sinks_here.contains(&way.sink);
            let stuck = full || way.chain.len() >= MAX_CHAIN || ways_left[way.sink] == 0;
            if stuck && !callers.is_empty() {
                cut.insert(function);
            } else {
                sinks_here.insert(way.sink);
                // What counts with few sources alone is followed from those.
                if solver.world.catalog.only_from(&sink.kind).is_none() && !by_receiver(solver, function, &way.needs) {
                    asking.insert(function);
                }
            }
            if callers.is_empty() && entries.contains_key(&function) {
                continue;
            }
            if (stuck || callers.is_empty()) && way.needs.choices.iter().any(|c| c.of == function && !solver.default_chosen(c)) {
                // Nobody in sight hands over what would make it a sink.
                continue;
            }
            if stuck || callers.is_empty() {
                let needs = close(solver, &way.needs, function, is_public(solver, function));
                let lone = Some(way.lone != Some(false) && way.chain.is_empty() && callers.is_empty() && solver.is_lone(function, sink.node));
                next.push(Way { needs, lone, ..way });
                continue;
            }
            let done = seen.entry((way.sink, function, way.of)).or_default();
            if done.contains(&way.needs) {
                continue;
            }
            done.push(way.needs.clone());
            for (call, bind, of) in callers {
                if ways_left[way.sink] == 0 {
                    cut.insert(function);
                    break;
                }
                if way.chain.contains(&call) {
                    continue;
                }
                if bind == Bind::Receiver {
                    solver.want_override(call);
                }
                let Some(choices) = solver.choices(&way.needs.choices, function, call, bind) else { continue };
                ways_left[way.sink] -= 1;
                let indices = way.needs.indices(function);
                let (handed, kept) = match &solver.file(call.file).fact(call.fact).what {
                    What::Call(c) => (solver.hands_over(c, function, &indices, bind), solver.hands_kept(call, c, function, &indices, bind)),
                    _ => (true, false),
                };
                let fill = if is_named(solver, sink) { fill_named } else { fill };
                let mut needs = fill(solver, &way.needs, function, call, bind);
                needs.choices = choices;
                needs.choices.extend(solver.chosen_function(call, function));
                let asked = opt_ins.entry(call).or_insert_with(|| solver.opt_ins(call));
                // Where what is handed on ends as other formats do, another loader is meant.
                if asked.iter().any(|g| g.wants && g.told.ends_like(solver.world.catalog.unlike(&sink.kind))) {
                    continue;
                }
                // What a caller refuses before it calls, it refuses for the sink.
                for guard in asked {
                    // Of other comparisons those count that are made of what the same callers hand over.
                    let handed = |p: &(Node, u32)| needs.value.deps.iter().any(|d| d.of == p.0);
                    let counts = guard.refuses() || solver.is_consent(guard) || guard.value.consts.params.iter().all(handed);
                    if counts && !needs.guards.contains(guard) {
                        needs.guards.push(guard.clone());
                    }
                }
                let confines = sink.row.is_some_and(|(id, _)| solver.world.catalog.row(id).safe_when.iter().any(|t| t.test == Test::Confined));
                if confines && solver.hands_confined(call, function, &indices, bind) {
                    needs.guards.push(Guard::withheld());
                }
                let mut chain = way.chain.clone();
                // What only defaults decide stands where it was.
                chain.extend(handed.then_some(call));
                let outside = needs.value.who() >= Who::Publisher && way.needs.value.who() < Who::Publisher;
                let supplied = way.supplied.or(outside.then_some(chain.len()));
                next.push(Way { sink: way.sink, needs, chain, supplied, kept: way.kept || kept, lone: way.lone, of });
            }
        }
        level = next;
    }
    let mut hits = Vec::new();
    for ((sink, _), ends) in sinks.iter().zip(ends) {
        finish(solver, versions, sink, ends, &mut hits);
    }
    Lifted { hits, asking, cut }
}

/// Puts hits in order of their places; two rows of one subject may say the same.
pub fn once(hits: &mut Vec<SinkHit>) {
    hits.sort();
    let mut said: BTreeSet<(Node, crate::finding::Location, String, Option<crate::facts::ValueId>, FlagState, Origin)> = BTreeSet::new();
    hits.retain(|h| said.insert((h.at, h.place, h.kind.clone(), h.slot, h.flag.clone(), h.bytes)));
}

/// Says through what more ways lead than were followed.
pub fn notices(solver: &Solver, cut: &BTreeSet<Node>) -> Vec<Notice> {
    let notice = |function: &Node| Notice {
        file: Some(function.file),
        range: Some(head_range(solver, *function)),
        kind: NoticeKind::Limit,
        text: format!("too many ways lead through `{}`; the shortest were followed", solver.called(*function)),
    };
    cut.iter().map(notice).collect()
}

/// A hit at a call that supplies an outside value.
struct Outer {
    hit: SinkHit,
    /// Where the value comes in.
    source: Option<crate::finding::Location>,
    /// Whether it was kept on the way.
    kept: bool,
}

/// One hit for each call that supplies an outside value, and one at the sink for all others.
fn finish(solver: &mut Solver, versions: &Versions, sink: &Sink, ends: Vec<End>, hits: &mut Vec<SinkHit>) {
    let row = sink.row.map(|(id, _)| solver.world.catalog.row(id));
    let mut inner: Option<SinkHit> = None;
    let mut outer: Vec<Outer> = Vec::new();
    let mut harmless: Option<Why> = None;
    let effect = sink.row.and_then(|(id, n)| solver.world.catalog.row(id).effects.get(n as usize));
    let reports = effect.is_some_and(Effect::reports_open);
    let named = is_named(solver, sink);
    for End { mut needs, chain, kept, lone } in ends {
        if (named && is_far(solver, row, &needs.value)) || is_made_up(solver, &needs.value) {
            continue;
        }
        if (sink.own || (lone && named && reports)) && needs.value.bytes.open {
            // Whoever chooses the name gets what the program kept under it, or calls what nobody calls: that is who runs it.
            needs.value.bytes = Origin { open: false, who: needs.value.bytes.who.max(Who::Operator), ..needs.value.bytes };
        }
        if let Some(why) = row.and_then(|row| is_harmless(solver, row, sink, &needs)) {
            harmless.get_or_insert(why);
            continue;
        }
        let state = row.map_or(FlagState::None, |row| flags(versions, sink.node.file, &row.flags, &needs.flags));
        let outside = needs.value.bytes.who >= Who::Publisher;
        let at_sink = !outside;
        let Some(hit) = hit(solver, sink, &needs, if at_sink { &[] } else { &chain }, state) else { continue };
        if !outside {
            inner = Some(merge(inner, hit));
            continue;
        }
        match outer.iter_mut().find(|o| o.hit.place == hit.place && o.hit.bytes == hit.bytes) {
            Some(old) => {
                old.hit = merge(Some(old.hit.clone()), hit);
                old.kept &= kept;
            }
            None => outer.push(Outer { hit, source: needs.value.source.as_ref().map(|s| s.at), kept }),
        }
    }
    // What was told where it is handed over, or from a field already, is not told again wherever the field is read.
    outer.sort_by_key(|o| (o.kept, o.hit.place));
    let mut once: Vec<Outer> = Vec::new();
    for one in outer {
        let again = |o: &Outer| o.source == one.source && o.hit.flag == one.hit.flag && o.hit.bytes.who >= one.hit.bytes.who;
        if !(one.kept && one.source.is_some() && once.iter().any(again)) {
            once.push(one);
        }
    }
    let outer: Vec<SinkHit> = once.into_iter().map(|o| o.hit).collect();
    if let (Some(why), Some((row, _)), None, true) = (harmless, sink.row, &inner, outer.is_empty()) {
        solver.harmless.push(Harmless { at: sink.node, place: point(solver, sink), row, why });
    }
    let covered = inner.as_ref().is_some_and(|i| outer.iter().any(|o| o.place == i.place));
    hits.extend(outer);
    hits.extend(inner.filter(|_| !covered));
}

/// Whether the bytes behind what a sink is given count, and not its text.
fn is_named(solver: &Solver, sink: &Sink) -> bool {
    let effect = sink.row.and_then(|(id, n)| solver.world.catalog.row(id).effects.get(n as usize));
    matches!(effect, Some(Effect::Sink { bytes: true, .. }))
}

/// Whether the flags of a sink are all set, and make it harmless, whoever calls.
fn is_off(solver: &Solver, versions: &Versions, sink: &Sink, needs: &Needs) -> bool {
    let Some((row, _)) = sink.row else { return false };
    let closed = needs.flags.iter().flatten().all(|val| val.consts.params.is_empty());
    closed && flags(versions, sink.node.file, &solver.world.catalog.row(row).flags, &needs.flags) == FlagState::Safe
}

/// Why what fills the needs of a sink does no harm, if it does none.
fn is_harmless(solver: &Solver, row: &Row, sink: &Sink, needs: &Needs) -> Option<Why> {
    if needs.guards.iter().any(Guard::refuses) {
        Some(Why::Guarded)
    } else if undone(solver, row, &solver.called(sink.node), &needs.value) || is_object(solver, sink, &needs.value) {
        Some(Why::RoundTrip)
    } else if solver.is_escaped(&needs.value.made, &sink.kind) {
        Some(Why::Escaped)
    } else {
        safe_by(&row.safe_when, &needs.safe).map(Why::SafeWhen)
    }
}

/// Whether a place is named by a model that was loaded, or by what a model wrote, over calls that nobody knows: neither is a file, and what lies under a name
/// that was made of it they do not say. What a sink fetches itself it may well fetch by such an object.
fn is_far(solver: &Solver, sink: Option<&Row>, value: &Val) -> bool {
    let Some((id, effect)) = value.source.as_ref().and_then(|s| s.row).filter(|_| !value.bytes.known) else { return false };
    let row = solver.world.catalog.row(id);
    let Some(Effect::Returns { via, path: false, .. }) = row.effects.get(effect as usize) else { return false };
    sink.is_some_and(|sink| !sink.has("returns")) && (via.has(Via::LLM) || (row.has("sink") && !via.has(Via::WEB)))
}

/// Whether a test states an address at which nobody serves anything: what it gets stands in the test.
fn is_made_up(solver: &Solver, value: &Val) -> bool {
    let source = value.source.as_deref().filter(|s| solver.world.index.is_test(s.at.file));
    source.and_then(|s| s.subject.as_deref()).is_some_and(place::is_reserved)
}

/// Two ways that end in the same place.
fn merge(old: Option<SinkHit>, hit: SinkHit) -> SinkHit {
    let Some(old) = old else { return hit };
    SinkHit {
        name: old.name.join(hit.name),
        bytes: old.bytes.join(hit.bytes),
        flag: worse(old.flag.clone(), hit.flag),
        // Of several outside names the first stands for all; inside ones that differ say nothing.
        subject: match (old.subject, hit.subject) {
            (a, b) if a == b => a,
            (a, b) if hit.bytes.who >= Who::Publisher => a.into_iter().chain(b).min(),
            _ => None,
        },
        stated: old.stated || hit.stated,
        ..old
    }
}

fn hit(solver: &mut Solver, sink: &Sink, needs: &Needs, chain: &[Node], flag: FlagState) -> Option<SinkHit> {
    let source: Option<&Source> = needs.value.source.as_deref();
    let from = source.and_then(|s| s.row);
    let (row, effect) = sink.row.or(from)?;
    let place_at = chain.last().copied().unwrap_or(sink.node);
    let place = match chain.last() {
        Some(call) => solver.head(*call),
        None => point(solver, sink),
    };
    let mut hops = Vec::new();
    if let Some(source) = source.filter(|s| s.who >= Who::Publisher) {
        hops.push(Hop { at: source.at, text: source.text.clone() });
    }
    for call in chain.iter().rev() {
        hops.push(Hop { at: solver.head(*call), text: format!("handed to `{}`", solver.called(*call)) });
    }
    let name = solver.called(sink.node);
    let text = match (name.is_empty(), sink.row) {
        (false, _) => format!("reaches `{name}`"),
        (true, Some(_)) => "run as a program".to_owned(),
        (true, None) => "pasted into this script".to_owned(),
    };
    hops.push(Hop { at: point(solver, sink), text });
    hops.dedup_by(|a, b| a.at == b.at);
    let mut doubts = sink.doubts.clone();
    if sink.hidden && chain.is_empty() {
        doubts.push("more arguments may be passed through `**`".to_owned());
    }
    if let FlagState::Unsettled(floor) = &flag {
        doubts.push(format!("the project does not ask for `{floor}`, which would settle it"));
    }
    if needs.value.bytes.who >= Who::Publisher && !needs.value.bytes.known {
        doubts.push("it passes through calls whose effect is not known".to_owned());
    }
    if needs.value.bytes.who >= Who::Publisher
        && let Some(function) = solver.inspected(sink.node, sink.slot, chain)
    {
        doubts.push(format!("`{}` looks at it before, and may refuse it", solver.called(function)));
    }
    // The name outside; of what stays inside, the name as written.
    let outer = source.filter(|s| s.who >= Who::Publisher && needs.value.bytes.who >= Who::Publisher).and_then(|s| s.subject.clone());
    let subject = outer.or_else(|| match needs.value.bytes.who >= Who::Publisher {
        true => solver.outside_name(place_at, &needs.value.consts),
        false => needs.value.consts.text().map(str::to_owned),
    });
    Some(SinkHit {
        at: sink.node,
        row,
        effect,
        kind: sink.kind.clone(),
        slot: sink.slot,
        name: needs.value.name,
        bytes: needs.value.bytes,
        place,
        place_at,
        hops,
        flag,
        subject,
        stated: source.is_some() || needs.value.consts.set.iter().any(|l| !matches!(l, Lit::Absent | Lit::None) && !l.text().is_empty()),
        doubts,
    })
}

/// Where a finding at the sink points: the row's primary slot, the pasted expression, else the callee.
fn point(solver: &Solver, sink: &Sink) -> crate::finding::Location {
    let file = solver.file(sink.node.file);
    let range = match sink.row {
        None => sink.slot.map(|v| file.value(v).range),
        Some((id, _)) => solver
            .world
            .catalog
            .row(id)
            .primary
            .as_ref()
            .and_then(|slot| solver.slot_values(sink.node, id, slot).first().copied())
            .map(|v| file.value(v).range),
    };
    let head = solver.head(sink.node);
    crate::finding::Location { range: range.unwrap_or(head.range), ..head }
}

fn head_range(solver: &Solver, node: Node) -> Range {
    solver.file(node.file).fact(node.fact).range
}

/// Whether all that is open is the object a method belongs to: its class says what that holds, whoever calls.
fn by_receiver(solver: &Solver, function: Node, needs: &Needs) -> bool {
    needs.indices(function) == [0] && solver.tables.class(function).is_some() && !is_static(solver.file(function.file), function.fact)
}
