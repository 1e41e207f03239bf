//! Conditions of `if`, `while`, `assert` and conditional expressions.

use super::Lower;
use super::text::normalise;
use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{V, ValueId};
use crate::source::Range;
use crate::syntax::python::Node;

impl<'t> Lower<'t, '_> {
    /// Reads a condition; the calls in it become facts.
    pub fn cond(&mut self, node: Node<'t>) -> CondId {
        self.depth += 1;
        let id = if self.depth > super::EXPRESSION_DEPTH { self.truth(node) } else { self.condition(node) };
        self.depth -= 1;
        id
    }

    fn condition(&mut self, node: Node<'t>) -> CondId {
        let range = self.range(node);
        match node.kind() {
            "parenthesized_expression" => match node.named().as_slice() {
                [only] => self.cond(*only),
                _ => self.truth(node),
            },
            "not_operator" => {
                let Some(inner) = node.field("argument") else { return self.truth(node) };
                let inner = self.cond(inner);
                self.b.cond(range, CondWhat::Not(inner))
            }
            "boolean_operator" => {
                let and = node.field("operator").is_some_and(|o| o.text() == "and");
                // `a and b and c` leans left: unrolled, so that its length is no depth.
                let mut parts = Vec::new();
                let mut at = node;
                while at.kind() == "boolean_operator" && at.field("operator").is_some_and(|o| (o.text() == "and") == and) {
                    parts.extend(at.field("right"));
                    let Some(left) = at.field("left") else { break };
                    at = left;
                }
                parts.push(at);
                let parts: Vec<CondId> = parts.into_iter().rev().map(|p| self.cond(p)).collect();
                self.b.cond(range, if and { CondWhat::And(parts) } else { CondWhat::Or(parts) })
            }
            "true" => self.b.cond(range, CondWhat::Const(true)),
            "false" | "none" => self.b.cond(range, CondWhat::Const(false)),
            "comparison_operator" => self.comparison(node),
            "call" => {
                let method = node.field("function").filter(|f| f.kind() == "attribute");
                let name = method.and_then(|m| m.field("attribute")).map(|a| normalise(a.text()));
                let op = match name.as_deref() {
                    Some("startswith") => CmpOp::StartsWith,
                    Some("endswith") => CmpOp::EndsWith,
                    _ => return self.truth(node),
                };
                let args = node.field("arguments").map(Node::named).unwrap_or_default();
                match (method.and_then(|m| m.field("object")), args.as_slice()) {
                    (Some(object), [arg]) => {
                        let (left, right) = (self.expr(object), self.expr(*arg));
                        self.b.cond(range, CondWhat::Atom(left, op, right))
                    }
                    _ => self.truth(node),
                }
            }
            _ => self.truth(node),
        }
    }

    fn truth(&mut self, node: Node<'t>) -> CondId {
        let value = self.expr(node);
        let range = self.range(node);
        self.b.cond(range, CondWhat::Atom(value, CmpOp::Truthy, value))
    }

    fn comparison(&mut self, node: Node<'t>) -> CondId {
        let range = self.range(node);
        let operands = node.named();
        let operators: Vec<String> = node.fields("operators").iter().map(|o| o.text().split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        let values: Vec<ValueId> = operands.iter().map(|o| self.expr(*o)).collect();
        let mut atoms = Vec::new();
        for (pair, op) in values.windows(2).zip(&operators) {
            let [left, right] = pair else { continue };
            atoms.push(self.compare(range, *left, op, *right));
        }
        match atoms.as_slice() {
            [only] => *only,
            [] => self.b.cond(range, CondWhat::Opaque),
            _ => self.b.cond(range, CondWhat::And(atoms)),
        }
    }

    fn compare(&mut self, range: Range, left: ValueId, op: &str, right: ValueId) -> CondId {
        let atom = match op {
            "==" | "is" => CondWhat::Atom(left, CmpOp::Eq, right),
            "!=" | "<>" | "is not" => CondWhat::Atom(left, CmpOp::Ne, right),
            "in" => CondWhat::Atom(right, CmpOp::Contains, left),
            "not in" => {
                let inner = self.b.cond(range, CondWhat::Atom(right, CmpOp::Contains, left));
                CondWhat::Not(inner)
            }
            _ => CondWhat::Atom(left, CmpOp::Order, right),
        };
        self.b.cond(range, atom)
    }

    /// The values that a condition looks at.
    pub fn compared(&self, cond: CondId) -> Vec<ValueId> {
        let mut out = Vec::new();
        let mut next = vec![cond];
        while let Some(id) = next.pop() {
            match &self.b.facts.cond(id).what {
                CondWhat::And(parts) | CondWhat::Or(parts) => next.extend(parts.iter().rev()),
                CondWhat::Not(inner) => next.push(*inner),
                CondWhat::Atom(left, CmpOp::Truthy, _) => out.push(*left),
                CondWhat::Atom(left, _, right) => out.extend([*left, *right]),
                CondWhat::Const(_) | CondWhat::Status(_) | CondWhat::Opaque => {}
            }
        }
        out
    }

    /// The opposite.
    pub fn negate(&mut self, cond: CondId) -> CondId {
        let negated = self.b.facts.cond(cond);
        let range = negated.range;
        if let CondWhat::Not(inner) = negated.what {
            return inner;
        }
        self.b.cond(range, CondWhat::Not(cond))
    }

    /// Whether a condition is `__name__ == "__main__"`.
    pub fn is_main(&self, cond: CondId) -> bool {
        let CondWhat::Atom(a, CmpOp::Eq, b) = self.b.facts.cond(cond).what else { return false };
        let is_name = |v: ValueId| matches!(&self.b.facts.value(v).what, V::Name(n) if n == "__name__");
        let is_main = |v: ValueId| self.b.facts.literal(v).as_deref() == Some("__main__");
        (is_name(a) && is_main(b)) || (is_name(b) && is_main(a))
    }
}
