//! Parts of objects: what rows say of an attribute of what a call gives, and what an object that was made with something hands on.

use crate::catalog::row::Effect;
use crate::facts::{ArgName, Call, V, ValueId, What};
use crate::flow::resolve::spots::Spot;
use crate::flow::sinks::is_address;
use crate::flow::solver::{Here, Solver};
use crate::flow::tables::Search;
use crate::flow::value::Val;
use crate::graph::Node;
use crate::origin::Origin;

/// How many steps from a part to the whole are looked at.
const MOST_PARTS: usize = 12;

impl<'a> Solver<'a> {
    /// What is known of an attribute of what a call gave: what a row says of it, or the keyword of that name with which the object was made.
    pub fn part(&mut self, here: Here, base: ValueId, name: &str) -> Option<Val> {
        if self.is_unsaid(here, base, name) {
            return Some(Val::program());
        }
        let V::Ref(fact) = &self.file(here.at.file).value(base).what else { return None };
        let at = Node { fact: *fact, ..here.at };
        let call = self.made_by(at)?;
        if self.world.catalog.reads(name)
            && let Some(val) = self.named(at.file, &format!("{}.{name}", call.name))
        {
            return Some(val);
        }
        let given = call.args.iter().find(|a| matches!(&a.name, ArgName::Keyword(k) if k == name))?;
        is_capital(&call.name).then(|| self.at(at, given.value))
    }
    /// Whether a value is an object that a call made of which no row speaks, or part of one.
    pub fn is_made(&self, node: Node, value: ValueId) -> bool {
        let here = self.here(node);
        self.wholes(here, value).iter().any(|at| !self.says_result(*at))
    }
    /// Whether an attribute belongs to a result, but is none of what its row speaks of.
    pub fn is_unsaid(&self, here: Here, base: ValueId, name: &str) -> bool {
        if !self.world.catalog.excepts(name) {
            return false;
        }
        let wholes = self.wholes(here, base);
        let excepts = |at: &Node| {
            let rows = self.sure_rows(*at);
            let mut effects = rows.iter().flat_map(|(_, row)| &row.effects);
            effects.any(|e| matches!(e, Effect::Returns { except, .. } if except.iter().any(|x| x == name)))
        };
        !wholes.is_empty() && wholes.iter().all(excepts)
    }
    /// The calls that gave the objects of which a value is part: none when something else may be the whole.
    fn wholes(&self, here: Here, value: ValueId) -> Vec<Node> {
        let mut out = Vec::new();
        let mut spots = vec![Spot { file: here.at.file, scope: here.scope, value }];
        for _ in 0..MOST_PARTS {
            let Some(spot) = spots.pop() else { return out };
            for form in self.scene().forms(spot, &mut Search::default()) {
                let whole = |value| Spot { value, ..form };
                match &self.file(form.file).value(form.value).what {
                    V::Ref(fact) => {
                        let at = Node { file: form.file, fact: *fact };
                        match self.made_by(at).and_then(|call| call.receiver) {
                            // What a method of a part gives is taken for a part.
                            Some(receiver) if !self.brings(at) && !self.tables.reached.contains_key(&at) => spots.push(whole(receiver)),
                            _ => out.push(at),
                        }
                    }
                    V::Attr(base, _) | V::Index(base, _) => spots.push(whole(*base)),
                    _ => return Vec::new(),
                }
            }
        }
        Vec::new()
    }
    /// Whether rows say where the result of a call comes from, not only that it passes.
    fn brings(&self, at: Node) -> bool {
        self.sure_rows(at).iter().any(|(_, row)| row.has("returns"))
    }
    fn made_by(&self, at: Node) -> Option<&'a Call> {
        match &self.file(at.file).fact(at.fact).what {
            What::Call(call) => Some(call),
            _ => None,
        }
    }
}

/// What an object that was made with an address gives: nothing is known of it, whoever answers there.
pub fn elsewhere(val: Val) -> Val {
    if !is_address(&val) {
        return val;
    }
    Val { bytes: Origin { open: val.bytes.open, via: val.bytes.via, ..Origin::UNKNOWN }, source: None, ..val }
}

/// Whether a name is that of a class, by how it is written.
pub fn is_capital(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|last| last.trim_start_matches('_').starts_with(|c: char| c.is_ascii_uppercase()))
}
