//! String literals as values: one mapped text, or parts joined when there are replacement fields.

use super::Lower;
use super::text::{Piece, decode, is_number, opening, percents};
use crate::facts::{FileFacts, V, ValueId};
use crate::source::Range;
use crate::syntax::python::Node;
use crate::text::Text;

/// Whether a value is text for sure.
pub(super) fn is_textual(facts: &FileFacts, value: ValueId) -> bool {
    matches!(facts.value(value).what, V::Str(_) | V::Join(_))
}

impl<'t> Lower<'t, '_> {
    /// One literal.
    pub fn string(&mut self, node: Node<'t>) -> ValueId {
        let mut parts = Vec::new();
        let mut text = Text::default();
        self.pieces(node, &mut text, &mut parts);
        self.assemble(node, text, parts)
    }

    /// Literals written one after the other are one.
    pub fn strings(&mut self, node: Node<'t>) -> ValueId {
        let mut parts = Vec::new();
        let mut text = Text::default();
        for literal in node.named() {
            if literal.kind() == "string" {
                self.pieces(literal, &mut text, &mut parts);
            } else {
                let value = self.expr(literal);
                self.flush(&mut text, &mut parts);
                parts.push(value);
            }
        }
        self.assemble(node, text, parts)
    }

    fn assemble(&mut self, node: Node<'t>, mut text: Text, mut parts: Vec<ValueId>) -> ValueId {
        let range = self.range(node);
        if parts.is_empty() {
            return self.value(range, V::text(text));
        }
        self.flush(&mut text, &mut parts);
        self.value(range, V::Join(parts))
    }

    fn flush(&mut self, text: &mut Text, parts: &mut Vec<ValueId>) {
        if !text.is_empty() {
            let text = std::mem::take(text);
            parts.push(self.b.text(text));
        }
    }

    /// Appends the decoded text of a literal; replacement fields become parts.
    fn pieces(&mut self, node: Node<'t>, text: &mut Text, parts: &mut Vec<ValueId>) {
        let literal = node.text();
        let head = opening(literal);
        let children = node.children();
        let close = children.last().filter(|c| c.kind() == "string_end" && !c.is_error()).map_or(node.end(), |c| c.start());
        let mut at = (node.start() + head.len).min(close);
        for child in children.iter().filter(|c| c.kind() == "interpolation" || c.is_error()) {
            let (start, end) = (child.start().clamp(at, close), child.end().clamp(at, close));
            self.stretch(at, start, node, text, parts);
            self.flush(text, parts);
            let range = self.range(*child);
            let fields: Vec<ValueId> = self.field_values(*child);
            let field = match fields.as_slice() {
                [only] => *only,
                _ => self.value(range, V::Unknown(fields)),
            };
            parts.push(field);
            at = end;
        }
        self.stretch(at, close, node, text, parts);
    }

    /// Decodes a stretch of a literal. What a platform puts into the source there (`"${{ … }}"`) is a part of its own.
    fn stretch(&mut self, mut at: usize, end: usize, node: Node<'t>, text: &mut Text, parts: &mut Vec<ValueId>) {
        let Some(unit) = self.unit else { return };
        let head = opening(node.text());
        let formatted = node.text().get(..head.len).unwrap_or_default().contains(['f', 'F', 't', 'T']);
        for stop in unit.stops.range(at..end.max(at)).map(|(_, s)| s).filter(|s| s.end <= end) {
            if let super::StopWhat::Value(value) = stop.what {
                decode(&unit.text, at, stop.start, head, formatted, text);
                self.flush(text, parts);
                parts.push(value);
                at = stop.end;
            }
        }
        decode(&unit.text, at, end, head, formatted, text);
    }

    /// The expression of a replacement field, then those of its format specification.
    fn field_values(&mut self, field: Node<'t>) -> Vec<ValueId> {
        let mut first = field.field("expression").map(|e| self.expr(e)).into_iter().collect::<Vec<_>>();
        let number = field.named().iter().any(|n| n.kind() == "format_specifier" && is_number(n.text().trim_start_matches(':')));
        if number {
            // Digits and signs, whatever the value is.
            first.clear();
            first.push(self.unknown(field, Vec::new()));
        }
        let rest: Vec<Node<'t>> = match field.field("expression") {
            Some(e) => field.named().into_iter().filter(|n| n.start() >= e.end() && n.kind() != "type_conversion").collect(),
            None => field.named(),
        };
        for node in rest {
            let inner = self.parts(node);
            // A format specification does not choose the text, but calls in it are calls.
            if first.is_empty() {
                first = inner;
            }
        }
        first
    }

    /// `"…%s…" % value`.
    pub fn percent(&mut self, range: Range, format: ValueId, right: Node<'t>) -> ValueId {
        let arguments = self.expr(right);
        let V::Str(text) = self.b.facts.value(format).what.clone() else {
            return self.value(range, V::Join(vec![format, arguments]));
        };
        let values = match &self.b.facts.value(arguments).what {
            V::List(values, false) if right.kind() != "list" => values.clone(),
            _ => vec![arguments],
        };
        let named = match &self.b.facts.value(arguments).what {
            V::Dict(entries, _) => entries.clone(),
            _ => Vec::new(),
        };
        let mut next = values.into_iter();
        let mut parts = Vec::new();
        for piece in percents(text.as_str()) {
            let value = match piece {
                Piece::Text(a, b) => Some(self.b.text(text.slice(a, b))),
                Piece::Position(_) => next.next(),
                Piece::Name(name) => named.iter().find(|(k, _)| self.b.facts.literal(*k).as_deref() == Some(&name)).map(|(_, v)| *v),
                Piece::Number(_, name) => {
                    if name.is_none() {
                        next.next();
                    }
                    Some(self.value(range, V::Unknown(Vec::new())))
                }
            };
            parts.push(value.unwrap_or_else(|| self.value(range, V::Unknown(vec![arguments]))));
        }
        self.value(range, V::Join(parts))
    }
}
