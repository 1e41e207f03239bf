//! Switches that choose of which class an object is made: `Sandbox() if sandbox else Plain()`. Knows no origin.

use crate::catalog::row::RowId;
use crate::catalog::slot::is_type;
use crate::cond::CondId;
use crate::facts::{FileFacts, V, ValueId, What};
use crate::flow::guards::{Guard, conjuncts};
use crate::flow::solver::Solver;
use crate::graph::Node;
use crate::source::Range;

/// Values that are looked at for one object.
const MOST: u32 = 40;

/// What an object may be made by, and what must hold, or must not, for it.
struct Maker {
    name: String,
    under: Vec<(CondId, bool)>,
}

impl Solver<'_> {
    /// What must be so for the object of a call to be of the class that a row speaks of, where one of several makers is of it, and where it takes somebody's
    /// consent.
    pub fn class_guards(&mut self, node: Node, row: RowId) -> Vec<Guard> {
        let facts = self.file(node.file);
        let What::Call(call) = &facts.fact(node.fact).what else { return Vec::new() };
        let Some(receiver) = call.receiver else { return Vec::new() };
        let mut makers = Vec::new();
        makers_of(facts, receiver, &mut Vec::new(), &mut makers, &mut MOST.clone());
        let row = self.world.catalog.row(row);
        let of_row: Vec<&Maker> = makers.iter().filter(|m| is_type(row, &m.name)).collect();
        let [one] = of_row.as_slice() else { return Vec::new() };
        let mut out: Vec<Guard> = one.under.iter().filter_map(|(cond, holds)| self.guard_of(node, *cond, *holds, true)).collect();
        out.retain(|g| self.is_off_by_default(g));
        out
    }
}

fn makers_of(facts: &FileFacts, value: ValueId, under: &mut Vec<(CondId, bool)>, out: &mut Vec<Maker>, fuel: &mut u32) {
    let Some(left) = fuel.checked_sub(1) else { return };
    *fuel = left;
    let before = under.len();
    match &facts.value(value).what {
        V::Name(name) => out.push(Maker { name: name.clone(), under: under.clone() }),
        V::Ref(fact) => {
            let found = facts.fact(*fact);
            under.extend(conjuncts(facts, found.when).into_iter().map(|c| (c, true)));
            match &found.what {
                What::Assignment { value, .. } => makers_of(facts, *value, under, out, fuel),
                What::Call(call) if matches!(facts.value(call.callee).what, V::Name(_)) => {
                    out.push(Maker { name: call.name.clone(), under: under.clone() })
                }
                // Of a class that a name holds there is a call for each that it may be.
                What::Call(call) => {
                    let mut classes = Vec::new();
                    makers_of(facts, call.callee, under, &mut classes, fuel);
                    out.extend(classes.into_iter().filter(|m| call.name.starts_with('?') || m.name == call.name));
                }
                _ => {}
            }
        }
        V::Phi(options) => {
            let test = test_in(facts, facts.value(value).range).filter(|_| options.len() == 2);
            for (n, option) in options.iter().enumerate() {
                under.extend(test.map(|cond| (cond, n == 0)));
                makers_of(facts, *option, under, out, fuel);
                under.truncate(before);
            }
        }
        _ => {}
    }
    under.truncate(before);
}

/// The condition of a conditional expression: the widest that stands in it.
fn test_in(facts: &FileFacts, range: Range) -> Option<CondId> {
    let inside = facts.conds.iter().enumerate().filter(|(_, c)| range.contains(c.range));
    // Of one range the first is what was written, later ones are its opposite.
    let widest = inside.min_by_key(|(_, c)| std::cmp::Reverse(c.range.end - c.range.start));
    widest.and_then(|(i, _)| u32::try_from(i).ok()).map(CondId)
}
