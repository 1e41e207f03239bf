//! Variables of a script that a check has looked at: what does not fit stops there, so what comes after has a known shape. Knows facts, and what rows say of
//! commands that compare.

use crate::catalog::row::Effect;
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{FactId, FileFacts, OnFail, Stdin, V, ValueId, What};
use crate::graph::Node;
use crate::reach::Context;

/// Parts of one condition that are looked at, at most.
const MOST: usize = 64;

/// What a check says of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// Nothing.
    Free,
    /// A line of it fits; text with line breaks may have others.
    Line,
    /// All of it fits.
    Whole,
}

/// What a condition around a fact, or a check before it in the same script that stops, says of a variable: it compares it with a text or pattern that is
/// written out.
pub(super) fn shape(context: Context, at: Node, checks: &[FactId], variable: &str) -> Shape {
    let facts = context.facts.file(at.file);
    let script = |id| facts.owners(id).find(|(_, f)| matches!(f.what, What::Script { .. })).map(|(id, _)| id);
    let Some(own) = script(at.fact) else { return Shape::Free };
    let before = facts.fact(at.fact).range.start;
    let asked = Asked { context, facts, at, variable };
    let around = facts.fact(at.fact).when.map(|when| asked.fits(when, true, &mut 0));
    let earlier = checks.iter().filter_map(|id| match (&facts.fact(*id).what, facts.fact(*id).range) {
        (What::Check { cond, on_fail: OnFail::Exit | OnFail::Return }, range) if range.start < before && script(*id) == Some(own) => {
            Some(asked.fits(*cond, true, &mut 0))
        }
        _ => None,
    });
    around.into_iter().chain(earlier).max().unwrap_or(Shape::Free)
}

struct Asked<'a> {
    context: Context<'a>,
    facts: &'a FileFacts,
    at: Node,
    variable: &'a str,
}

impl Asked<'_> {
    /// What all that passes a condition (or fails it, where it is not `wanted`) has of the variable.
    fn fits(&self, cond: CondId, wanted: bool, steps: &mut usize) -> Shape {
        *steps += 1;
        if *steps > MOST {
            return Shape::Free;
        }
        let (ids, all) = match &self.facts.cond(cond).what {
            CondWhat::Not(inner) => return self.fits(*inner, !wanted, steps),
            CondWhat::And(ids) => (ids, wanted),
            CondWhat::Or(ids) => (ids, !wanted),
            CondWhat::Atom(left, op, right) => return self.compares(*left, *op, *right, wanted),
            _ => return Shape::Free,
        };
        let shapes: Vec<Shape> = ids.iter().map(|id| self.fits(*id, wanted, steps)).collect();
        // Of what must hold together one is enough; of what may hold instead each must do.
        let found = if all { shapes.into_iter().max() } else { shapes.into_iter().min() };
        found.unwrap_or(Shape::Free)
    }

    fn compares(&self, left: ValueId, op: CmpOp, right: ValueId, wanted: bool) -> Shape {
        let is = |v: ValueId| self.named(v);
        let fits = match (op, wanted) {
            (CmpOp::Eq, true) | (CmpOp::Ne, false) => {
                is(left) && self.facts.literal(right).is_some() || is(right) && self.facts.literal(left).is_some()
            }
            (CmpOp::Matches, true) => is(left) && self.facts.literal(right).is_some_and(|p| confines(&p)),
            (CmpOp::Succeeds, true) => return if self.succeeds(left) { Shape::Line } else { Shape::Free },
            _ => false,
        };
        if fits { Shape::Whole } else { Shape::Free }
    }

    /// Whether a command that compares its input with a pattern is handed the variable and nothing else.
    fn succeeds(&self, value: ValueId) -> bool {
        let V::Subst(fact) = self.facts.value(value).what else { return false };
        let What::Command(command) = &self.facts.fact(fact).what else { return false };
        let handed = match command.stdin {
            Stdin::Text(text) => self.named(text),
            Stdin::Pipe(from) => {
                let What::Command(prints) = &self.facts.fact(from).what else { return false };
                let mut operands = prints.words.iter().skip(1).filter(|w| self.facts.word(w).is_none());
                operands.next().is_some_and(|w| self.named(w.value)) && operands.next().is_none()
            }
            _ => false,
        };
        let node = Node { file: self.at.file, fact };
        handed
            && self.context.index.rows(self.context.catalog, node).any(|(id, row)| {
                let patterns = row.effects.iter().filter_map(|e| if let Effect::Matches(slot) = e { Some(slot) } else { None });
                let mut given = patterns.flat_map(|slot| self.context.catalog.slot(self.facts, fact, id, slot));
                given.any(|v| self.facts.literal(v).is_some_and(|p| confines(&p)))
            })
    }

    fn named(&self, value: ValueId) -> bool {
        match &self.facts.value(value).what {
            V::Env(name) => name == self.variable,
            V::Join(parts) => {
                // The line break that a text handed over ends with.
                let mut parts = parts.iter().filter(|p| self.facts.literal(**p).is_none_or(|t| !t.trim().is_empty()));
                parts.next().is_some_and(|one| self.named(*one)) && parts.next().is_none()
            }
            _ => false,
        }
    }
}

/// Whether a pattern holds at both ends and lets no sign through that means anything to a shell.
fn confines(pattern: &str) -> bool {
    let Some(inner) = pattern.strip_prefix('^').and_then(|p| p.strip_suffix('$')) else { return false };
    let free = inner.replace("\\.", "").contains('.') || inner.contains("[^") || inner.contains("\\S") || inner.contains("\\W");
    !free && !inner.contains(['`', ';', '"', '\'', ' ', '&'])
}
