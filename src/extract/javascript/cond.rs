//! Tests: comparisons, membership, what a name stands for that holds the answer to one.

use super::Walk;
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{V, ValueId};
use crate::source::Range;
use crate::syntax::javascript::Node;

impl<'t> Walk<'t, '_> {
    /// The negation.
    pub fn not(&mut self, cond: CondId) -> CondId {
        let found = self.b.facts.cond(cond);
        match found.what {
            CondWhat::Not(inner) => inner,
            CondWhat::Const(known) => {
                let range = found.range;
                self.b.cond(range, CondWhat::Const(!known))
            }
            _ => {
                let range = found.range;
                self.b.cond(range, CondWhat::Not(cond))
            }
        }
    }

    /// A comparison of two values.
    pub fn compare(&mut self, range: Range, left: ValueId, op: CmpOp, right: ValueId) -> CondId {
        self.b.cond(range, CondWhat::Atom(left, op, right))
    }

    /// What must hold for an expression to be true.
    pub fn cond(&mut self, node: Node<'t>) -> CondId {
        let range = self.range(node);
        let read = self.deeper(node, |w| w.read_cond(node, range));
        read.unwrap_or_else(|| self.b.cond(range, CondWhat::Opaque))
    }

    fn read_cond(&mut self, node: Node<'t>, range: Range) -> CondId {
        match node.kind() {
            "parenthesized_expression" => {
                if let [inner] = node.named().as_slice() {
                    return self.cond(*inner);
                }
            }
            "unary_expression" if operator(node) == "!" => {
                if let Some(inner) = node.field("argument") {
                    let inner = self.cond(inner);
                    return self.not(inner);
                }
            }
            "binary_expression" => {
                if let Some(cond) = self.binary(node, range) {
                    return cond;
                }
            }
            "call_expression" => {
                if let Some(cond) = self.asked(node, range) {
                    return cond;
                }
            }
            _ => {}
        }
        let value = self.expr(node);
        self.truth(value, range)
    }

    /// What must hold for a value to be true.
    pub fn truth(&mut self, value: ValueId, range: Range) -> CondId {
        if let Some(cond) = self.tests.get(&value) {
            return *cond;
        }
        match self.what(value) {
            V::Bool(known) => {
                let known = *known;
                self.b.cond(range, CondWhat::Const(known))
            }
            _ => self.compare(range, value, CmpOp::Truthy, value),
        }
    }

    fn binary(&mut self, node: Node<'t>, range: Range) -> Option<CondId> {
        let op = operator(node);
        if matches!(op, "&&" | "||") {
            // A chain leans to the left, as deep as it is long.
            let (mut sides, mut at) = (Vec::new(), node);
            while at.kind() == "binary_expression" && operator(at) == op {
                sides.extend(at.field("right"));
                let Some(left) = at.field("left") else { break };
                at = left;
            }
            sides.push(at);
            let sides: Vec<CondId> = sides.into_iter().rev().map(|n| self.cond(n)).collect();
            return Some(self.b.cond(range, if op == "&&" { CondWhat::And(sides) } else { CondWhat::Or(sides) }));
        }
        let cmp = match op {
            "==" | "===" => CmpOp::Eq,
            "!=" | "!==" => CmpOp::Ne,
            "<" | "<=" | ">" | ">=" => CmpOp::Order,
            "in" => CmpOp::Contains,
            _ => return None,
        };
        let (left, right) = (node.field("left")?, node.field("right")?);
        if let Some(cond) = self.position(left, op, right, range) {
            return Some(cond);
        }
        let (left, right) = (self.expr(left), self.expr(right));
        // `true === x` and `x === true` are x.
        for (test, other) in [(left, right), (right, left)] {
            if let (Some(cond), V::Bool(known), CmpOp::Eq | CmpOp::Ne) = (self.tests.get(&test).copied(), self.what(other).clone(), cmp) {
                return Some(if known == (cmp == CmpOp::Eq) { cond } else { self.not(cond) });
            }
        }
        Some(if op == "in" { self.compare(range, right, cmp, left) } else { self.compare(range, left, cmp, right) })
    }

    /// `list.indexOf(x) >= 0` and its kin are questions of membership.
    fn position(&mut self, left: Node<'t>, op: &str, right: Node<'t>, range: Range) -> Option<CondId> {
        let function = left.field("function").filter(|f| left.kind() == "call_expression" && f.kind() == "member_expression")?;
        if function.field("property").map(Node::text) != Some("indexOf") {
            return None;
        }
        let found = match (op, right.text()) {
            (">=", "0") | (">" | "!==" | "!=", "-1") => true,
            ("<", "0") | ("===" | "==", "-1") => false,
            _ => return None,
        };
        let list = self.expr(function.field("object")?);
        let item = self.expr(left.field("arguments")?.named().into_iter().next()?);
        let cond = self.compare(range, list, CmpOp::Contains, item);
        Some(if found { cond } else { self.not(cond) })
    }

    /// A method that answers a question.
    fn asked(&mut self, node: Node<'t>, range: Range) -> Option<CondId> {
        let function = node.field("function").filter(|f| f.kind() == "member_expression")?;
        let op = question(function.field("property")?.text())?;
        let first = node.field("arguments")?.named().into_iter().next()?;
        let object = self.expr(function.field("object")?);
        if matches!(self.what(object), V::Name(_)) {
            return None;
        }
        if op == CmpOp::Succeeds {
            return self.any(object, first, range);
        }
        let item = self.expr(first);
        Some(if op == CmpOp::Matches { self.compare(range, item, op, object) } else { self.compare(range, object, op, item) })
    }

    /// `list.some(x => x === y)` asks whether the list holds y.
    fn any(&mut self, list: ValueId, test: Node<'t>, range: Range) -> Option<CondId> {
        let test = self.expr(test);
        let function = *self.closures.get(&test)?;
        let each = self.element(list, range);
        let answer = self.inline(function, &[each], range);
        let cond = self.truth(answer, range);
        match self.b.facts.cond(cond).what {
            CondWhat::Atom(left, CmpOp::Eq, right) if self.what(left) == self.what(each) => Some(self.compare(range, list, CmpOp::Contains, right)),
            CondWhat::Atom(left, CmpOp::Eq, right) if self.what(right) == self.what(each) => Some(self.compare(range, list, CmpOp::Contains, left)),
            _ => Some(cond),
        }
    }

    /// Whether an expression asks something: its value is of use as an answer alone.
    pub fn is_test(&self, node: Node<'t>) -> bool {
        const LOOKED_AT: usize = 32;
        let mut todo = vec![node];
        let mut steps = 0;
        while let Some(at) = todo.pop().filter(|_| steps < LOOKED_AT) {
            steps += 1;
            match (at.kind(), operator(at)) {
                ("parenthesized_expression", _) => todo.extend(at.named()),
                ("unary_expression", "!") => return true,
                // A chain in which one part is an answer.
                ("binary_expression", "&&" | "||") => todo.extend(at.field("left").into_iter().chain(at.field("right"))),
                ("binary_expression", "==" | "===" | "!=" | "!==" | "<" | "<=" | ">" | ">=" | "in") => return true,
                ("call_expression", _) => {
                    let function = at.field("function").filter(|f| f.kind() == "member_expression");
                    let object = function.and_then(|f| f.field("object"));
                    let name = function.and_then(|f| f.field("property")).map(Node::text);
                    if name.is_some_and(|n| question(n).is_some()) && object.is_some_and(|o| o.kind() != "identifier" || self.is_value(o)) {
                        return true;
                    }
                }
                _ => {}
            }
        }
        false
    }

    /// Whether a name holds something of this text, no module or global.
    fn is_value(&self, name: Node<'t>) -> bool {
        self.lookup(name.text()).is_some_and(|v| !matches!(self.what(v), V::Name(_)))
    }
}

/// The question that a method of this name answers.
fn question(method: &str) -> Option<CmpOp> {
    Some(match method {
        "includes" | "has" => CmpOp::Contains,
        "startsWith" => CmpOp::StartsWith,
        "endsWith" => CmpOp::EndsWith,
        "test" => CmpOp::Matches,
        "some" => CmpOp::Succeeds,
        _ => return None,
    })
}

/// The operator of an expression; empty where there is none.
pub(super) fn operator(node: Node<'_>) -> &str {
    node.field("operator").map(Node::text).unwrap_or_default()
}
