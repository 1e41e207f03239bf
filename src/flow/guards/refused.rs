//! Consent that callers withhold: whether whoever leads to a sink refuses to, as long as nobody says otherwise. Knows no origin.

use std::collections::{BTreeMap, HashMap};

use crate::flow::entries::Entry;
use crate::flow::fill::{callers, close, fill};
use crate::flow::guards::Guard;
use crate::flow::lift::MAX_WAYS;
use crate::flow::resolve::forward::MAX_FORWARD;
use crate::flow::sinks::Needs;
use crate::flow::solver::Solver;
use crate::graph::Node;
use crate::source::Kind;

/// What guards calls, as far as it was asked for.
pub type OptIns = HashMap<Node, Vec<Guard>>;

/// Whether whoever calls the function that a call stands in refuses to, as long as nobody gives consent.
pub fn is_refused(solver: &mut Solver, entries: &BTreeMap<Node, Entry>, at: Node, opt_ins: &mut OptIns, depth: usize) -> bool {
    let (Some(scope), Some(depth)) = (solver.tables.scope(at), depth.checked_sub(1)) else { return false };
    let function = Node { fact: scope, ..at };
    if entries.contains_key(&function) || solver.world.index.kind(at.file) != Kind::Python {
        return false;
    }
    solver.want_callers(function);
    let mut callers = callers(solver, function);
    callers.retain(|(call, _)| !solver.world.index.is_test(call.file));
    !callers.is_empty()
        && callers.len() <= MAX_WAYS
        && callers.into_iter().all(|(call, _)| {
            let guards = opt_ins.entry(call).or_insert_with(|| solver.opt_ins(call)).clone();
            guards.iter().any(|g| (g.strict && is_withheld(solver, entries, g, &mut Vec::new())) || is_denied(solver, g))
                || is_refused(solver, entries, call, opt_ins, depth)
        })
}

/// Whether everybody says no to what a function that only its own file knows is asked: nobody out of sight can say yes.
fn is_denied(solver: &mut Solver, guard: &Guard) -> bool {
    let functions = guard.value.functions();
    let [function] = functions.as_slice() else { return false };
    if !guard.asks || !solver.is_known_here_alone(*function) {
        return false;
    }
    solver.want_callers(*function);
    let mut callers = callers(solver, *function);
    callers.retain(|(call, _)| !solver.world.index.is_test(call.file));
    let needs = Needs { guards: vec![guard.clone()], ..Needs::default() };
    let all = !callers.is_empty() && callers.len() <= MAX_WAYS;
    all && callers.into_iter().all(|(call, bind)| fill(solver, &needs, *function, call, bind).guards.iter().all(Guard::refuses))
}

/// Whether nobody in sight gives the consent that a guard waits for. What a test gives is given to what the test made.
pub fn is_withheld(solver: &mut Solver, entries: &BTreeMap<Node, Entry>, guard: &Guard, above: &mut Vec<Node>) -> bool {
    if guard.refuses() {
        return true;
    }
    let functions = guard.value.functions();
    let [function] = functions.as_slice() else { return false };
    if above.contains(function) || above.len() >= MAX_FORWARD || entries.contains_key(function) {
        return false;
    }
    solver.want_callers(*function);
    let mut callers = callers(solver, *function);
    callers.retain(|(call, _)| !solver.world.index.is_test(call.file));
    let needs = Needs { guards: vec![guard.clone()], ..Needs::default() };
    if callers.is_empty() {
        return close(solver, &needs, *function, false).guards.iter().all(Guard::refuses);
    }
    above.push(*function);
    let withheld = callers.len() <= MAX_WAYS
        && callers
            .into_iter()
            .all(|(call, bind)| fill(solver, &needs, *function, call, bind).guards.iter().all(|g| is_withheld(solver, entries, g, above)));
    above.pop();
    withheld
}
