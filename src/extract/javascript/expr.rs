//! Expressions as values: texts and their parts, members of what is known, functions, collections.

use super::cond::operator;
use super::{Walk, names};
use crate::facts::{Expr, ExprWhat, V, ValueId};
use crate::source::Range;
use crate::syntax::javascript::Node;
use crate::text::Text;

/// Parts of a joined text and elements of a list that are kept apart.
pub(super) const PARTS: usize = 256;
/// Alternatives whose members are looked at one by one.
const ALTERNATIVES: usize = 8;

impl<'t> Walk<'t, '_> {
    /// The value of an expression.
    pub fn expr(&mut self, node: Node<'t>) -> ValueId {
        let range = self.range(node);
        let read = self.deeper(node, |w| w.read_expr(node, range));
        read.unwrap_or_else(|| self.unknown(range, Vec::new()))
    }

    fn read_expr(&mut self, node: Node<'t>, range: Range) -> ValueId {
        if self.is_test(node) {
            let cond = self.cond(node);
            return self.answer(cond, range);
        }
        match node.kind() {
            "identifier" | "shorthand_property_identifier" | "undefined" => self.identifier(node, range),
            "string" | "template_string" => self.string(node, range),
            "number" => self.value(range, V::Num(node.text().to_owned())),
            "true" => self.value(range, V::Bool(true)),
            "false" => self.value(range, V::Bool(false)),
            "null" => self.value(range, V::None),
            "regex" => {
                let text = self.text.slice(node.start(), node.end());
                self.value(range, V::text(text))
            }
            "parenthesized_expression" | "sequence_expression" | "spread_element" | "yield_expression" => {
                let all: Vec<ValueId> = node.named().into_iter().map(|n| self.expr(n)).collect();
                all.last().copied().unwrap_or_else(|| self.unknown(range, Vec::new()))
            }
            "await_expression" => {
                let value = node.named().into_iter().next().map(|n| self.expr(n));
                let value = value.unwrap_or_else(|| self.unknown(range, Vec::new()));
                self.awaited(value);
                value
            }
            "member_expression" => match (node.field("object"), node.field("property")) {
                (Some(object), Some(property)) => {
                    let base = self.expr(object);
                    self.member(base, property.text(), range)
                }
                _ => self.unknown(range, Vec::new()),
            },
            "subscript_expression" => match (node.field("object"), node.field("index")) {
                (Some(object), Some(index)) => {
                    let (base, key) = (self.expr(object), self.expr(index));
                    self.entry(base, key, range)
                }
                _ => self.unknown(range, Vec::new()),
            },
            "call_expression" => self.call(node, range),
            "new_expression" => self.made(node, range),
            "binary_expression" => self.operation(node, range),
            "ternary_expression" => self.ternary(node, range),
            "assignment_expression" => self.assignment(node, range),
            "augmented_assignment_expression" => self.augmented(node, range),
            "arrow_function" | "function_expression" | "generator_function" | "method_definition" => self.closure(node),
            "object" => self.object(node, range),
            "array" => {
                let (items, open) = self.items(node);
                self.value(range, V::List(items, open))
            }
            _ => {
                // Parts of what has no form here, and of what the grammar could not read.
                let parts: Vec<ValueId> = node.named().into_iter().map(|n| self.part(n)).collect();
                self.unknown(range, parts)
            }
        }
    }

    /// A part of something that has no form: a statement where one stands.
    fn part(&mut self, node: Node<'t>) -> ValueId {
        let kind = node.kind();
        if kind.ends_with("_statement") || kind.ends_with("_declaration") {
            let range = self.range(node);
            self.stmt(node);
            return self.unknown(range, Vec::new());
        }
        self.expr(node)
    }

    fn identifier(&mut self, node: Node<'t>, range: Range) -> ValueId {
        let next = self.holes.partition_point(|h| h.start < node.start());
        if let Some(hole) = self.holes.get(next).filter(|h| h.end <= node.end()) {
            return hole.value;
        }
        match node.text() {
            "undefined" => self.value(range, V::None),
            name => match self.lookup(name) {
                Some(value) => self.here(value, range),
                None => self.name(range, names::global(name)),
            },
        }
    }

    /// The value of a name as it is read here: what is told of it points at the place that reads it.
    fn here(&mut self, value: ValueId, range: Range) -> ValueId {
        const PARTS: usize = 16;
        let what = self.what(value);
        let small = match what {
            V::Expr(_) | V::Env(_) | V::Attr(..) | V::Index(..) | V::Ref(_) => true,
            V::Unknown(parts) | V::Phi(parts) => parts.len() <= PARTS,
            _ => false,
        };
        if !small || self.closures.contains_key(&value) {
            return value;
        }
        let what = what.clone();
        let read = self.value(range, what);
        if let Some(test) = self.tests.get(&value).copied() {
            self.tests.insert(read, test);
        }
        read
    }

    /// A literal text; what stands in it for something else is a part of its own.
    fn string(&mut self, node: Node<'t>, range: Range) -> ValueId {
        let (mut text, mut parts) = (Text::default(), Vec::new());
        for child in node.named() {
            match child.kind() {
                "string_fragment" => self.fragment(child, &mut text, &mut parts),
                "escape_sequence" => {
                    let at = self.range(child);
                    text.push(&names::unescaped(child.text()), at);
                }
                _ => {
                    self.flush(&mut text, &mut parts);
                    let inner = child.named();
                    let value = inner.into_iter().map(|n| self.expr(n)).last();
                    parts.extend(value);
                }
            }
        }
        if parts.is_empty() {
            return self.value(range, V::text(text));
        }
        self.flush(&mut text, &mut parts);
        if let ([one], "string") = (parts.as_slice(), node.kind()) {
            return *one;
        }
        self.value(range, V::Join(parts))
    }

    fn fragment(&mut self, node: Node<'t>, text: &mut Text, parts: &mut Vec<ValueId>) {
        let mut at = node.start();
        let first = self.holes.partition_point(|h| h.start < node.start());
        for hole in self.holes.get(first..).unwrap_or_default().iter().take_while(|h| h.end <= node.end()) {
            text.append(&self.text.slice(at, hole.start));
            self.flush(text, parts);
            parts.push(hole.value);
            at = hole.end;
        }
        text.append(&self.text.slice(at, node.end()));
    }

    fn flush(&mut self, text: &mut Text, parts: &mut Vec<ValueId>) {
        if !text.is_empty() {
            let text = std::mem::take(text);
            parts.push(self.b.text(text));
        }
    }

    /// `base.name`.
    pub fn member(&mut self, base: ValueId, name: &str, range: Range) -> ValueId {
        match self.what(base).clone() {
            V::Name(of) => match names::member(&of, name) {
                names::Member::Name(full) => self.name(range, full),
                names::Member::Variable(variable) => self.value(range, V::Env(variable)),
                names::Member::Contexts(contexts) => {
                    let all = contexts.into_iter().map(|c| self.context(range, c)).collect();
                    self.one_of(range, all)
                }
            },
            // A length is a number, whatever it is the length of.
            _ if name == "length" => self.unknown(range, Vec::new()),
            V::Expr(tree) => match &tree.what {
                ExprWhat::Context(of) => self.context(range, format!("{of}.{}", name.to_ascii_lowercase())),
                _ => self.unknown(range, vec![base]),
            },
            V::Dict(entries, open) => {
                let found = entries.iter().rev().find(|(k, _)| self.b.facts.literal(*k).as_deref() == Some(name));
                match found {
                    Some((_, value)) => *value,
                    None if open => self.value(range, V::Attr(base, name.to_owned())),
                    None => self.value(range, V::None),
                }
            }
            V::Phi(options) if options.len() <= ALTERNATIVES => {
                let all = options.into_iter().map(|o| self.deep_member(o, name, range)).collect();
                self.one_of(range, all)
            }
            _ => self.value(range, V::Attr(base, name.to_owned())),
        }
    }

    /// The member of one of several values; assignments are seen through once.
    fn deep_member(&mut self, base: ValueId, name: &str, range: Range) -> ValueId {
        let inner = self.through(base);
        match self.what(inner) {
            V::Phi(_) => self.value(range, V::Attr(inner, name.to_owned())),
            _ => self.member(inner, name, range),
        }
    }

    /// What an assignment holds.
    pub fn through(&self, value: ValueId) -> ValueId {
        match self.what(value) {
            V::Ref(fact) => match &self.b.facts.fact(*fact).what {
                crate::facts::What::Assignment { value, .. } => *value,
                _ => value,
            },
            _ => value,
        }
    }

    fn context(&mut self, range: Range, name: String) -> ValueId {
        self.value(range, V::Expr(Box::new(Expr { range, what: ExprWhat::Context(name) })))
    }

    /// `base[key]`.
    pub fn entry(&mut self, base: ValueId, key: ValueId, range: Range) -> ValueId {
        match (self.what(base).clone(), self.what(key).clone()) {
            (V::List(items, _), V::Num(n)) => match n.parse::<usize>().ok().and_then(|n| items.get(n)) {
                Some(item) => *item,
                None => self.unknown(range, vec![base]),
            },
            (V::Expr(tree), V::Num(_)) if matches!(tree.what, ExprWhat::Context(_)) => self.element(base, range),
            (_, V::Str(text)) => self.member(base, text.as_str(), range),
            // Some entry of a table of the program; of the environment nothing can be said.
            (V::Name(_), _) => self.unknown(range, Vec::new()),
            _ => self.value(range, V::Index(base, key)),
        }
    }

    /// One of the elements of a collection.
    pub fn element(&mut self, list: ValueId, range: Range) -> ValueId {
        match self.what(list).clone() {
            V::List(items, false) => self.one_of(range, items),
            V::Expr(tree) => match &tree.what {
                ExprWhat::Context(of) => self.context(range, format!("{of}.*")),
                _ => self.unknown(range, vec![list]),
            },
            _ => {
                let key = self.unknown(range, Vec::new());
                self.value(range, V::Index(list, key))
            }
        }
    }

    fn operation(&mut self, node: Node<'t>, range: Range) -> ValueId {
        let op = operator(node);
        let (mut sides, mut at) = (Vec::new(), node);
        while at.kind() == "binary_expression" && operator(at) == op {
            sides.extend(at.field("right"));
            let Some(left) = at.field("left") else { break };
            at = left;
        }
        sides.push(at);
        let values: Vec<ValueId> = sides.into_iter().rev().map(|n| self.expr(n)).collect();
        match op {
            "+" => self.joined(range, values),
            "||" | "??" => self.one_of(range, values),
            // What is left of it only decides.
            "&&" => values.last().copied().unwrap_or_else(|| self.unknown(range, Vec::new())),
            _ => self.unknown(range, Vec::new()),
        }
    }

    /// Parts put together to one text.
    pub fn joined(&mut self, range: Range, values: Vec<ValueId>) -> ValueId {
        let mut parts = Vec::new();
        for value in values {
            match self.what(value) {
                V::Join(inner) if inner.len() < PARTS => parts.extend(inner.clone()),
                _ => parts.push(value),
            }
        }
        self.value(range, V::Join(parts))
    }

    fn ternary(&mut self, node: Node<'t>, range: Range) -> ValueId {
        let (Some(test), Some(first), Some(second)) = (node.field("condition"), node.field("consequence"), node.field("alternative")) else {
            return self.unknown(range, Vec::new());
        };
        let cond = self.cond(test);
        let not = self.not(cond);
        let (mut yes, mut no) = (None, None);
        let taken = self.arm(Some(cond), |w| {
            yes = Some(w.expr(first));
            false
        });
        let other = self.arm(Some(not), |w| {
            no = Some(w.expr(second));
            false
        });
        self.join(Some(cond), taken, other, range);
        match (yes, no) {
            (Some(yes), Some(no)) => self.choice("", Some(cond), yes, no, range),
            _ => self.unknown(range, Vec::new()),
        }
    }

    fn object(&mut self, node: Node<'t>, range: Range) -> ValueId {
        let (mut entries, mut open) = (Vec::new(), false);
        for part in node.named() {
            let at = self.range(part);
            match part.kind() {
                "pair" => {
                    let Some(value) = part.field("value").map(|n| self.expr(n)) else { continue };
                    match part.field("key").and_then(|k| self.key(k)) {
                        Some(key) => entries.push((self.b.text(Text::synthetic(&key, at)), value)),
                        None => open = true,
                    }
                }
                "shorthand_property_identifier" => {
                    let value = self.identifier(part, at);
                    entries.push((self.b.text(self.text.slice(part.start(), part.end())), value));
                }
                "spread_element" => {
                    let value = self.expr(part);
                    match self.what(value).clone() {
                        V::Dict(inner, more) if inner.len() < PARTS => {
                            entries.extend(inner);
                            open |= more;
                        }
                        _ => open = true,
                    }
                }
                _ => {
                    let value = self.expr(part);
                    if let Some(name) = part.field("name") {
                        entries.push((self.b.text(self.text.slice(name.start(), name.end())), value));
                    }
                }
            }
        }
        self.value(range, V::Dict(entries, open))
    }

    /// A key as it is written; none where it is computed.
    pub fn key(&mut self, node: Node<'t>) -> Option<String> {
        match node.kind() {
            "property_identifier" | "number" => Some(node.text().to_owned()),
            _ => {
                let value = match node.kind() {
                    "computed_property_name" => self.expr(node.named().into_iter().next()?),
                    _ => self.expr(node),
                };
                self.b.facts.literal(value)
            }
        }
    }

    /// The elements of a list or of arguments; lists that are spread stand for their elements.
    pub fn items(&mut self, node: Node<'t>) -> (Vec<ValueId>, bool) {
        let (mut items, mut open) = (Vec::new(), false);
        for part in node.named() {
            let value = self.expr(part);
            match (part.kind(), self.what(value)) {
                ("spread_element", V::List(inner, false)) if inner.len() < PARTS => items.extend(inner.clone()),
                ("spread_element", _) => {
                    items.push(value);
                    open = true;
                }
                _ => items.push(value),
            }
        }
        (items, open)
    }

    /// A function of the text: read where it is called.
    pub fn closure(&mut self, node: Node<'t>) -> ValueId {
        let range = self.range(node);
        let value = self.unknown(range, Vec::new());
        self.closures.insert(value, node);
        self.functions.insert(node.start(), node);
        value
    }
}
