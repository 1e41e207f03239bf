//! What a parameter is compared with before a fact is reached: `if kind == "pickle":` around it, `if path.endswith(".json"): return` above it. What callers
//! hand over decides; what no caller in sight hands over stays open. Knows no row.

use super::Guard;
use crate::cond::{CmpOp, CondWhat};
use crate::facts::{V, ValueId, What};
use crate::flow::resolve::spots::Spot;
use crate::flow::solver::Solver;
use crate::flow::tables::Search;
use crate::flow::value::Lit;
use crate::graph::Node;

/// Members of a list, and alternatives of a condition, that are compared.
const MOST: usize = 64;
/// Calls and parts between a text and what it was made of.
const MOST_STEPS: usize = 8;

/// What is asked of the value of a guard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Told {
    /// Whether it is true.
    #[default]
    True,
    /// Whether it is one of these.
    In(Vec<Lit>),
    /// Whether it begins so.
    Begins(String),
    /// Whether it ends so.
    Ends(String),
    /// Whether one of these holds.
    Any(Vec<Told>),
}

impl Told {
    /// Whether it holds only of what ends like one of these.
    pub fn ends_like(&self, tails: &[String]) -> bool {
        match self {
            Told::Ends(with) => tails.iter().any(|tail| tail.eq_ignore_ascii_case(with)),
            Told::Any(all) => !all.is_empty() && all.iter().all(|told| told.ends_like(tails)),
            _ => false,
        }
    }
    /// Whether it holds for a literal, as far as that can be told. Only truth values tell of truth: an argument that is left out for another reason is no
    /// consent that was withheld.
    pub fn holds(&self, lit: &Lit) -> Option<bool> {
        match (self, lit) {
            (_, Lit::Name(_) | Lit::Absent) => None,
            (Told::True, Lit::Bool(b)) => Some(*b),
            (Told::In(all), lit) => any(all.iter().map(|one| same(one, lit))),
            (Told::Any(all), lit) => any(all.iter().map(|told| told.holds(lit))),
            (Told::Begins(with), Lit::Str(text)) => Some(text.starts_with(with.as_str())),
            (Told::Ends(with), Lit::Str(text)) => ends(text, with),
            _ => None,
        }
    }
}

/// Whether a text ends so. Of what only small letters, or a part of an address, make the difference, nothing can be told.
fn ends(text: &str, with: &str) -> Option<bool> {
    let (small, tail) = (text.to_ascii_lowercase(), with.to_ascii_lowercase());
    let alike = if text.contains("://") { small.contains(&tail) } else { small.ends_with(&tail) };
    if !text.ends_with(with) && alike { None } else { Some(text.ends_with(with)) }
}

/// Whether one of several holds, as far as that can be told.
fn any(all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let all: Vec<Option<bool>> = all.collect();
    if all.contains(&Some(true)) { Some(true) } else { all.into_iter().collect::<Option<Vec<bool>>>().map(|_| false) }
}

/// Whether two literals are the same value. Numbers and truth values are each other's (`True == 1`), and are not compared here.
fn same(a: &Lit, b: &Lit) -> Option<bool> {
    match (a, b) {
        (Lit::Str(a), Lit::Str(b)) => Some(a == b),
        (Lit::Bool(a), Lit::Bool(b)) => Some(a == b),
        (Lit::Num(a), Lit::Num(b)) => Some(a.parse::<f64>().ok()? == b.parse::<f64>().ok()?),
        (Lit::None, Lit::None) => Some(true),
        (Lit::Bool(_), Lit::Num(_)) | (Lit::Num(_), Lit::Bool(_)) => None,
        (Lit::Name(_) | Lit::Absent, _) | (_, Lit::Name(_) | Lit::Absent) => None,
        _ => Some(false),
    }
}

impl Solver<'_> {
    /// The guard that a comparison of a parameter is which must hold, or must not.
    pub(super) fn compared(&mut self, node: Node, cond: &CondWhat, holds: bool, strict: bool) -> Option<Guard> {
        if let CondWhat::Or(parts) = cond {
            if parts.len() > MOST {
                return None;
            }
            let parts: Vec<Guard> = parts.iter().map(|part| self.guard_of(node, *part, true, strict)).collect::<Option<_>>()?;
            let first = parts.first()?;
            let same = parts.iter().all(|g| g.wants && g.value == first.value);
            let value = first.value.clone();
            return same.then(|| Guard { value, wants: holds, strict, told: Told::Any(parts.into_iter().map(|g| g.told).collect()), asks: false });
        }
        let CondWhat::Atom(left, op, right) = *cond else { return None };
        let facts = self.file(node.file);
        let is_param = |value: ValueId| matches!(facts.value(value).what, V::Param(_));
        let (value, told, wants) = match op {
            CmpOp::Eq | CmpOp::Ne => {
                let (value, other) = if is_param(left) { (left, right) } else { (right, left) };
                (value, Told::In(vec![self.literal_at(node, other)?]), holds == (op == CmpOp::Eq))
            }
            CmpOp::Contains => (right, Told::In(self.listed(node, left)?), holds),
            CmpOp::EndsWith if matches!(facts.value(right).what, V::List(..)) => {
                let ends = self.listed(node, right)?.into_iter().map(|lit| if let Lit::Str(text) = lit { Some(Told::Ends(text)) } else { None });
                (self.made_of(node, left), Told::Any(ends.collect::<Option<_>>()?), holds)
            }
            CmpOp::StartsWith | CmpOp::EndsWith => {
                let Lit::Str(with) = self.literal_at(node, right)? else { return None };
                match op {
                    CmpOp::EndsWith => (self.made_of(node, left), Told::Ends(with), holds),
                    _ => (left, Told::Begins(with), holds),
                }
            }
            _ => return None,
        };
        is_param(value).then(|| Guard { value: self.settled(|s| s.at(node, value)), wants, strict, told, asks: false })
    }
    /// What a text was made of that ends like it: the path of an address, another spelling.
    fn made_of(&self, node: Node, value: ValueId) -> ValueId {
        let facts = self.file(node.file);
        let mut at = value;
        for _ in 0..MOST_STEPS {
            at = match &facts.value(at).what {
                V::Attr(base, _) if !matches!(facts.value(*base).what, V::Param(_)) => *base,
                V::Ref(fact) => match &facts.fact(*fact).what {
                    What::Assignment { value, .. } => *value,
                    What::Call(_) => match self.handle(Node { fact: *fact, ..node }) {
                        Some(inner) => inner,
                        None => return value,
                    },
                    _ => return value,
                },
                _ => return at,
            };
        }
        value
    }
    fn literal_at(&mut self, node: Node, value: ValueId) -> Option<Lit> {
        let val = self.settled(|s| s.at(node, value));
        match val.consts.all()? {
            [one] => Some(one.clone()),
            _ => None,
        }
    }
    /// The members of a list, or the keys of a dictionary, that is written out in sight.
    fn listed(&mut self, node: Node, list: ValueId) -> Option<Vec<Lit>> {
        // What stands there may not have been looked at yet.
        self.settled(|s| s.at(node, list));
        let spot = Spot { file: node.file, scope: self.tables.scope(node), value: list };
        let [form] = self.scene().forms(spot, &mut Search::default()).try_into().ok()?;
        let members: Vec<ValueId> = match self.scene().what(form) {
            V::List(items, false) => items.clone(),
            V::Dict(entries, false) => entries.iter().map(|e| e.0).collect(),
            _ => return None,
        };
        let facts = self.file(form.file);
        let literal = |member: ValueId| match &facts.value(member).what {
            V::Str(text) => Some(Lit::Str(text.as_str().to_owned())),
            V::Num(number) => Some(Lit::Num(number.clone())),
            V::Bool(truth) => Some(Lit::Bool(*truth)),
            V::None => Some(Lit::None),
            _ => None,
        };
        if members.len() > MOST { None } else { members.into_iter().map(literal).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_told_is_told() {
        let text = |s: &str| Lit::Str(s.to_owned());
        let number = |s: &str| Lit::Num(s.to_owned());
        let kinds = Told::In(vec![text("a"), number("0")]);
        let told = [text("a"), text("b"), number("0.0"), number("3"), Lit::None, Lit::Bool(false), Lit::Name("m.A".to_owned()), Lit::Absent];
        let expected = [Some(true), Some(false), Some(true), Some(false), Some(false), None, None, None];
        assert_eq!(told.map(|lit| kinds.holds(&lit)), expected);
        assert_eq!(Told::In(vec![Lit::None]).holds(&text("")), Some(false));
        assert_eq!(Told::Ends(".pt".to_owned()).holds(&text("a.pt")), Some(true));
        let pickle = Told::Ends(".pkl".to_owned());
        let told = ["https://a/b.pkl?c=1", "a.PKL", "https://a/b.pt?c=1", "a.pkl"].map(|lit| pickle.holds(&text(lit)));
        assert_eq!(told, [None, None, Some(false), Some(true)]);
        assert_eq!(Told::Begins("https:".to_owned()).holds(&Lit::None), None);
        let either = Told::Any(vec![Told::Begins("http:".to_owned()), Told::Begins("https:".to_owned())]);
        assert_eq!([text("https://a"), text("a"), number("1")].map(|lit| either.holds(&lit)), [Some(true), Some(false), None]);
        assert_eq!([Lit::Bool(true), Lit::None, text("")].map(|lit| Told::True.holds(&lit)), [Some(true), None, None]);
    }
}
