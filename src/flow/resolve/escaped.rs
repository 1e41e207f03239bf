//! Values that are escaped for a reader: quoted for a shell, coded so that no sign of them means anything. What the calls are, rows say.

use crate::facts::{Call, ValueId};
use crate::flow::solver::{Here, Solver};
use crate::flow::value::{Made, Val};
use crate::graph::Node;

impl Solver<'_> {
    /// Whether all that made a value escapes it for a kind of sink.
    pub fn is_escaped(&self, made: &Made, kind: &str) -> bool {
        !made.other && !made.by.is_empty() && made.by.iter().all(|name| self.world.catalog.escapes(name).contains(&kind))
    }
    /// What made a text of parts: the calls that escaped those which are not literal, when they all are.
    pub fn escaped_parts(&self, parts: &[Val]) -> Option<Made> {
        let mut out = Made::default();
        for part in parts.iter().filter(|p| p.consts.all().is_none()) {
            let escaped =
                !part.made.other && !part.made.by.is_empty() && part.made.by.iter().all(|name| !self.world.catalog.escapes(name).is_empty());
            if !escaped {
                return None;
            }
            out.join(&part.made);
        }
        (!out.other && !out.by.is_empty()).then_some(out)
    }
    /// A list of values.
    pub fn list_of(&mut self, here: Here, items: &[ValueId]) -> Val {
        let vals: Vec<Val> = items.iter().map(|v| self.value(here, *v)).collect();
        let mut out = Val::default();
        vals.iter().for_each(|val| out.join(val));
        Val { made: self.escaped_parts(&vals).unwrap_or(Made::OTHER), ..out.derived() }
    }
    /// As [`Solver::escaped_parts`], of what a call that hands values on is given.
    pub fn escaped_arguments(&mut self, node: Node, call: &Call) -> Option<Made> {
        let given: Vec<ValueId> = call.receiver.into_iter().chain(call.args.iter().map(|a| a.value)).collect();
        let vals: Vec<Val> = given.into_iter().map(|v| self.at(node, v)).collect();
        self.escaped_parts(&vals)
    }
}
