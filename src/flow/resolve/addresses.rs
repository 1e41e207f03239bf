//! Tests of addresses that variables hold, or that are put together of parts: of one publisher, below a host, indexes that share their names.

use crate::catalog::glob;
use crate::catalog::row::{ArgTest, Listing, RowId, Slot, SlotName, Subject, Test};
use crate::catalog::slot::{OPEN, shapes};
use crate::facts::{Channel, V, ValueId, What};
use crate::flow::place;
use crate::flow::solver::Solver;
use crate::flow::value::Lit;
use crate::graph::Node;

/// How many facts before and after an environment variable are looked at for its neighbours.
const NEAR: usize = 256;
/// Addresses that parts are put together to, at most.
const MOST: usize = 16;

impl Solver<'_> {
    /// Whether a test of addresses holds.
    pub fn is_safe_address(&mut self, node: Node, id: RowId, test: &ArgTest) -> bool {
        match &test.test {
            Test::SamePublisher(other) => self.is_of_one_publisher(node, id, &test.slot, other),
            Test::SharesNames(other) => self.shares_names(node, id, &test.slot, other),
            Test::Like(patterns) if matches!(test.slot, Slot::From(_)) => self.are_like(node, id, &test.slot, patterns),
            Test::Like(patterns) => self.begins_like(node, id, &test.slot, patterns),
            _ => false,
        }
    }
    /// Whether two slots hold addresses of one publisher, as far as variables say what they hold unless somebody gives another.
    fn is_of_one_publisher(&mut self, node: Node, id: RowId, own: &Slot, other: &Slot) -> bool {
        let [own, other] = [own, other].map(|slot| {
            let val = self.settled(|s| s.slot(node, id, slot)).unwrap_or_default();
            val.consts.set.iter().map(Lit::text).collect::<Vec<String>>()
        });
        !own.is_empty() && !other.is_empty() && own.iter().all(|a| other.iter().all(|b| place::is_same_publisher(a, b)))
    }
    /// Whether what a slot holds begins as a pattern does that leaves its end open, whatever is put together behind it: an address below a host.
    fn begins_like(&mut self, node: Node, id: RowId, slot: &Slot, patterns: &[String]) -> bool {
        let heads: Vec<&str> = patterns.iter().filter_map(|p| p.strip_suffix('*')).filter(|p| p.len() > 1 && !p.contains(['*', '?', '['])).collect();
        let values = self.slot_values(node, id, slot);
        if heads.is_empty() || values.is_empty() {
            return false;
        }
        values.into_iter().all(|value| {
            let V::Join(parts) = &self.file(node.file).value(value).what else { return false };
            let Some(first) = parts.first().copied() else { return false };
            let known = self.settled(|s| s.at(node, first)).consts;
            known.all().is_some_and(|all| !all.is_empty() && all.iter().all(|l| heads.iter().any(|h| l.text().starts_with(h))))
        })
    }
    /// Whether everything in a slot is like a pattern, as far as variables say what they hold unless somebody gives another.
    fn are_like(&mut self, node: Node, id: RowId, slot: &Slot, patterns: &[String]) -> bool {
        let values = self.slot_values(node, id, slot);
        let is_like = |text: &String| patterns.iter().any(|p| glob::text(p, text));
        !values.is_empty() && values.into_iter().all(|value| self.texts(node, value).iter().all(is_like))
    }
    /// Whether no name of the indexes in one slot can be taken on those in the other, which is the public one where it is not given: each is known, or those in
    /// the first hold nothing but names that their publishers keep.
    fn shares_names(&mut self, node: Node, id: RowId, own: &Slot, other: &Slot) -> bool {
        let [own, other] = [own, other].map(|slot| self.addresses(node, id, slot));
        let catalog = self.world.catalog;
        let listings = |all: &[String]| all.iter().map(|a| catalog.listing(a)).collect::<Option<Vec<Listing>>>();
        let Some(own) = listings(&own).filter(|own| !own.is_empty()) else { return false };
        own.iter().all(|l| *l == Listing::Kept) || listings(&other).is_some()
    }
    /// The addresses that a slot is given, as far as variables say what they hold unless somebody gives another; what is not known is [`OPEN`].
    fn addresses(&mut self, node: Node, id: RowId, slot: &Slot) -> Vec<String> {
        let mut values = self.world.catalog.every(self.file(node.file), node.fact, id, slot);
        values.extend(self.neighbour(node, id, slot));
        let mut out = Vec::new();
        for value in values {
            let before = out.len();
            for text in self.texts(node, value) {
                out.extend(text.split_whitespace().map(str::to_owned));
            }
            // Nothing but the empty text is known of it: it is given another before it counts.
            if out.len() == before {
                out.push(OPEN.to_string());
            }
        }
        out
    }
    /// What a variable holds that is set where another is, or around it: `PIP_INDEX_URL` beside `PIP_EXTRA_INDEX_URL`.
    fn neighbour(&self, node: Node, id: RowId, slot: &Slot) -> Option<ValueId> {
        let (Subject::Setting(_), Slot::Arg(names)) = (&self.world.catalog.row(id).subject, slot) else { return None };
        let facts = self.file(node.file);
        let is_set = matches!(facts.fact(node.fact).what, What::Write { channel: Channel::Env(_) | Channel::Var(_), .. });
        let named = |have: &str| names.iter().any(|n| matches!(n, SlotName::Name(name) if name.eq_ignore_ascii_case(have)));
        let holds = |owner| owner == facts.fact(node.fact).owner || facts.owners(node.fact).any(|(o, _)| facts.fact(o).owner == owner);
        let near = facts.iter().skip((node.fact.0 as usize).saturating_sub(NEAR)).take(2 * NEAR).filter(|_| is_set);
        let set = near.filter_map(|(_, f)| match &f.what {
            What::Write { channel: Channel::Env(name) | Channel::Var(name), value } if named(name) && holds(f.owner) => Some(*value),
            _ => None,
        });
        set.last()
    }
    /// What a value may be, put together of what its parts may be.
    fn texts(&mut self, node: Node, value: ValueId) -> Vec<String> {
        let facts = self.file(node.file);
        let known = |solver: &mut Self, value: ValueId| {
            let consts = solver.settled(|s| s.at(node, value)).consts;
            let texts: Vec<String> = consts.set.iter().filter(|l| matches!(l, Lit::Str(_) | Lit::Num(_))).map(Lit::text).collect();
            let is_open = consts.all().is_none() && !matches!(facts.value(value).what, V::Join(_));
            let shaped = if is_open { shapes(facts, value) } else { None };
            shaped.or(Some(texts).filter(|_| !consts.many)).filter(|t| !t.is_empty() && t.len() <= MOST)
        };
        if let Some(whole) = known(self, value) {
            return whole;
        }
        let V::Join(parts) = &facts.value(value).what else { return vec![OPEN.to_string()] };
        let mut out = vec![String::new()];
        for part in parts.clone() {
            let ends = known(self, part).filter(|ends| ends.len() * out.len() <= MOST).unwrap_or_else(|| vec![OPEN.to_string()]);
            out = out.iter().flat_map(|head| ends.iter().map(move |end| format!("{head}{end}"))).collect();
        }
        out
    }
}
