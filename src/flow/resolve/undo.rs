//! What a sink undoes: bytes that the same program made, and objects that were loaded already. Knows no origin.

use crate::catalog::row::{Effect, Row};
use crate::flow::sinks::Sink;
use crate::flow::solver::Solver;
use crate::flow::value::Val;

/// Whether all that made a value is undone by the sink: its row says so of the maker, or the maker's row of the sink.
pub fn undone(solver: &Solver, row: &Row, sink: &str, value: &Val) -> bool {
    let made = &value.made;
    let trips =
        |row: &Row, call: &str| row.effects.iter().any(|e| matches!(e, Effect::RoundTripOf(calls) if calls.iter().any(|c| same_call(c, call))));
    !made.other && !made.by.is_empty() && made.by.iter().all(|m| trips(row, m) || solver.rows_named(m).any(|r| trips(r, sink)))
}

/// Whether a value is what the same load gave: an object, and no place to load from.
pub fn is_object(solver: &Solver, sink: &Sink, value: &Val) -> bool {
    let called = solver.called(sink.node);
    let made = &value.made;
    !made.other && !made.by.is_empty() && made.by.iter().all(|m| *m == called)
}

/// Whether a call is the one a row names, in full or by its last segments.
pub fn same_call(named: &str, call: &str) -> bool {
    named == call || (named.starts_with('.') && (call.ends_with(named) || named.strip_prefix('.') == Some(call)))
}
