//! JavaScript that a workflow holds, to facts: calls by qualified name, values of the platform's contexts, what is written into its channels, and
//! comparisons whose failure ends the step. Knows no row: a call is a call, whatever its name.
//!
//! The walk follows control flow once. Names hold what reaches a point; where branches meet, a name holds one of several values, each an assignment under
//! the condition that brings it. Functions of the text are read where they are called, as often as the text's own length allows.

mod assign;
mod call;
mod cond;
mod expr;
mod method;
mod names;
mod pattern;
mod platform;
mod scope;
mod stmt;

use std::collections::{BTreeMap, BTreeSet};

use crate::cond::{CondId, CondWhat};
use crate::extract::Hole;
use crate::facts::{Builder, FactId, V, ValueId, What};
use crate::notice::NoticeKind;
use crate::source::Range;
use crate::syntax::javascript::{Node, parse};
use crate::text::Text;
use scope::Change;

/// Nesting that is followed; what is deeper is told and not read.
const DEPTH: usize = 150;
/// Functions inside functions that are read where they are called.
const FRAMES: usize = 8;
/// Conditions that later statements are read under, at most.
const HELD: usize = 64;

/// Adds the facts of a text that is JavaScript, under the current owner. Holes must be ordered and apart.
pub fn snippet(text: &Text, holes: &[Hole], b: &mut Builder) {
    let masked = text.masked(|s| mask(s, holes)).unwrap_or_else(|| text.clone());
    let Some(tree) = parse(masked.as_str()) else {
        return b.notice(text.whole(), NoticeKind::Limit, "too involved to parse: not read");
    };
    for error in tree.root().errors(3) {
        b.notice(text.range(error.start(), error.end()), NoticeKind::PartlyUnderstood, "not understood as JavaScript here; the rest is read");
    }
    let mut walk = Walk {
        b,
        text: &masked,
        holes,
        scopes: vec![BTreeMap::new()],
        journal: Vec::new(),
        closures: BTreeMap::new(),
        tests: BTreeMap::new(),
        conds: Vec::new(),
        lost: false,
        left: false,
        catches: Vec::new(),
        frames: Vec::new(),
        functions: BTreeMap::new(),
        walked: BTreeSet::new(),
        fuel: 64 * 1024 + 2 * text.len(),
        depth: 0,
        limit_told: false,
    };
    walk.block(tree.root());
    walk.release(0);
    walk.uncalled();
}

/// The same length, with identifier characters for what is put in before JavaScript sees the text.
fn mask(source: &str, holes: &[Hole]) -> String {
    let mut bytes = source.as_bytes().to_vec();
    for hole in holes {
        let end = hole.end.min(bytes.len());
        if let Some(stretch) = bytes.get_mut(hole.start.min(end)..end) {
            stretch.fill(b'_');
        }
    }
    // Only whole characters are replaced when the holes are on character boundaries; if not, the text stays as it is.
    String::from_utf8(bytes).unwrap_or_else(|_| source.to_owned())
}

/// A function that is being read.
struct Frame {
    /// Where it begins: one that calls itself is not read again inside itself.
    start: usize,
    /// Conditions that held where it was called.
    conds: usize,
    /// What it gives.
    returns: Vec<ValueId>,
}

/// The state of the walk.
struct Walk<'t, 'b> {
    b: &'b mut Builder,
    text: &'b Text,
    holes: &'b [Hole],
    /// Names by function, innermost last.
    scopes: Vec<BTreeMap<String, ValueId>>,
    /// Names that were given a value, with what they held before.
    journal: Vec<Change>,
    /// Values that are functions of the text.
    closures: BTreeMap<ValueId, Node<'t>>,
    /// Values that are the answer to a test.
    tests: BTreeMap<ValueId, CondId>,
    /// Conditions of the text itself under which the current place is reached.
    conds: Vec<CondId>,
    /// Whether there were more of them than are kept.
    lost: bool,
    /// Whether some way through what is being read has left the function.
    left: bool,
    /// Of each `try` around: whether what it catches ends the step with failure.
    catches: Vec<bool>,
    frames: Vec<Frame>,
    /// Functions that were met, by where they begin.
    functions: BTreeMap<usize, Node<'t>>,
    /// Those that were read.
    walked: BTreeSet<usize>,
    /// Bytes of functions that may still be read where they are called.
    fuel: usize,
    depth: usize,
    limit_told: bool,
}

impl<'t> Walk<'t, '_> {
    fn range(&self, node: Node<'t>) -> Range {
        self.text.range(node.start(), node.end())
    }
    fn value(&mut self, range: Range, what: V) -> ValueId {
        self.b.value(range, what)
    }
    fn add(&mut self, range: Range, what: What) -> FactId {
        self.b.add(range, what)
    }
    fn what(&self, value: ValueId) -> &V {
        &self.b.facts.value(value).what
    }
    fn unknown(&mut self, range: Range, parts: Vec<ValueId>) -> ValueId {
        self.value(range, V::Unknown(parts))
    }
    fn name(&mut self, range: Range, name: impl Into<String>) -> ValueId {
        self.value(range, V::Name(name.into()))
    }

    /// Reads one level deeper; nothing where that is too deep.
    fn deeper<T>(&mut self, node: Node<'t>, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= DEPTH {
            if !std::mem::replace(&mut self.limit_told, true) {
                let range = self.range(node);
                self.b.notice(range, NoticeKind::Limit, "nested too deep: not read");
            }
            return None;
        }
        self.depth += 1;
        let out = read(self);
        self.depth -= 1;
        Some(out)
    }

    /// Reads what follows under one more condition, until the matching [`Walk::release`].
    fn hold(&mut self, cond: CondId) {
        if self.conds.len() < HELD {
            self.b.restrict(cond);
            self.conds.push(cond);
        } else {
            self.lost = true;
        }
    }

    /// What follows is reached on some ways alone, and which is not known.
    fn doubt(&mut self, range: Range) {
        if self.conds.last().is_none_or(|c| self.b.facts.cond(*c).what != CondWhat::Opaque) {
            let may = self.b.cond(range, CondWhat::Opaque);
            self.hold(may);
        }
    }

    /// Takes back conditions down to the first `left`.
    fn release(&mut self, left: usize) {
        while self.conds.len() > left {
            self.conds.pop();
            self.b.lift();
        }
    }

    /// All conditions of the text from the nth on as one; none when there is none.
    fn path(&mut self, from: usize) -> Option<CondId> {
        match self.conds.get(from..).unwrap_or_default() {
            [] => None,
            [one] => Some(*one),
            many => {
                let many = many.to_vec();
                let range = many.last().map(|c| self.b.facts.cond(*c).range).unwrap_or_default();
                Some(self.b.cond(range, CondWhat::And(many)))
            }
        }
    }

    /// Functions that nobody called where it could be seen: others may.
    fn uncalled(&mut self) {
        while let Some(function) = self.functions.iter().find(|(start, _)| !self.walked.contains(start)).map(|f| *f.1) {
            let range = self.range(function);
            let may = self.b.cond(range, CondWhat::Opaque);
            self.hold(may);
            self.walked.insert(function.start());
            self.function(function, &[]);
            self.release(0);
        }
    }
}

#[cfg(test)]
mod tests;
