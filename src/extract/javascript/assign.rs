//! Assignments: names, patterns that take values apart, members of what a name holds.

use super::Walk;
use super::cond::operator;
use super::expr::PARTS;
use crate::facts::{V, ValueId};
use crate::source::Range;
use crate::syntax::javascript::Node;
use crate::text::Text;

impl<'t> Walk<'t, '_> {
    /// `left = right`.
    pub fn assignment(&mut self, node: Node<'t>, range: Range) -> ValueId {
        let value = node.field("right").map(|n| self.expr(n)).unwrap_or_else(|| self.b.value(range, V::Unknown(Vec::new())));
        if let Some(left) = node.field("left") {
            self.bind(left, value, false);
        }
        value
    }

    /// `left += right` and its kin.
    pub fn augmented(&mut self, node: Node<'t>, range: Range) -> ValueId {
        let (Some(left), Some(right)) = (node.field("left"), node.field("right")) else { return self.unknown(range, Vec::new()) };
        let (old, new) = (self.expr(left), self.expr(right));
        let value = match operator(node) {
            "+=" => {
                let long = matches!(self.what(old), V::Join(parts) if parts.len() >= PARTS);
                if long { self.unknown(range, vec![old, new]) } else { self.joined(range, vec![old, new]) }
            }
            "||=" | "??=" | "&&=" => self.one_of(range, vec![old, new]),
            _ => self.unknown(range, Vec::new()),
        };
        self.bind(left, value, false);
        value
    }

    /// Gives the names of a pattern their values. `new`: they are declared here.
    pub fn bind(&mut self, pattern: Node<'t>, value: ValueId, new: bool) {
        self.deeper(pattern, |w| w.read_pattern(pattern, value, new));
    }

    fn read_pattern(&mut self, pattern: Node<'t>, value: ValueId, new: bool) {
        let range = self.range(pattern);
        match pattern.kind() {
            "identifier" | "shorthand_property_identifier_pattern" => {
                if new {
                    self.declare(pattern.text(), value);
                } else {
                    self.assign(pattern.text(), value);
                }
            }
            "object_pattern" => {
                for part in pattern.named() {
                    let at = self.range(part);
                    match part.kind() {
                        "shorthand_property_identifier_pattern" => {
                            let inner = self.member(value, part.text(), at);
                            self.bind(part, inner, new);
                        }
                        "object_assignment_pattern" => {
                            let Some(left) = part.field("left") else { continue };
                            let inner = self.member(value, left.text(), at);
                            let inner = self.or_default(inner, part.field("right"), at);
                            self.bind(left, inner, new);
                        }
                        "pair_pattern" => {
                            let (Some(key), Some(inner)) = (part.field("key"), part.field("value")) else { continue };
                            let name = self.key(key).unwrap_or_default();
                            let found = self.member(value, &name, at);
                            self.bind(inner, found, new);
                        }
                        _ => self.bind(part, value, new),
                    }
                }
            }
            "array_pattern" => {
                for (i, part) in pattern.named().into_iter().enumerate() {
                    let at = self.range(part);
                    let key = self.value(at, V::Num(i.to_string()));
                    let inner = self.entry(value, key, at);
                    self.bind(part, inner, new);
                }
            }
            "assignment_pattern" => {
                if let Some(left) = pattern.field("left") {
                    let inner = self.or_default(value, pattern.field("right"), range);
                    self.bind(left, inner, new);
                }
            }
            "rest_pattern" | "parenthesized_expression" => {
                for inner in pattern.named() {
                    self.bind(inner, value, new);
                }
            }
            "member_expression" | "subscript_expression" => self.store(pattern, value, range),
            _ => {}
        }
    }

    fn or_default(&mut self, value: ValueId, default: Option<Node<'t>>, range: Range) -> ValueId {
        let Some(default) = default.map(|n| self.expr(n)) else { return value };
        match self.what(value) {
            V::None => default,
            _ => self.one_of(range, vec![value, default]),
        }
    }

    /// `x.a = value`: the name that holds the object holds more now.
    fn store(&mut self, target: Node<'t>, value: ValueId, range: Range) {
        let Some(object) = target.field("object") else { return };
        let key = match (target.field("property"), target.field("index")) {
            (Some(property), _) => Some(property.text().to_owned()),
            (_, Some(index)) => {
                let key = self.expr(index);
                self.b.facts.literal(key)
            }
            _ => None,
        };
        let base = self.expr(object);
        if let (V::Name(name), Some(key)) = (self.what(base), key.as_deref()) {
            let full = format!("{name}.{key}");
            return self.set_member(&full, value, range);
        }
        if object.kind() != "identifier" {
            return;
        }
        let more = match (self.what(base).clone(), key) {
            (V::Dict(mut entries, open), Some(key)) if entries.len() < PARTS => {
                let key = self.b.text(Text::synthetic(&key, range));
                entries.push((key, value));
                self.value(range, V::Dict(entries, open))
            }
            _ => self.unknown(range, vec![base, value]),
        };
        self.assign(object.text(), more);
    }
}
