//! Expressions to values. Chains that lean left (`a.b().c[d]`, `a + b + c`) are unrolled; what nests deeper than the cap is read after its statement.

use super::scope::{Scope, ScopeKind};
use super::strings::is_textual;
use super::text::normalise;
use super::{EXPRESSION_DEPTH, Lower};
use crate::facts::{Target, V, ValueId, What};
use crate::source::Range;
use crate::syntax::python::Node;

impl<'t> Lower<'t, '_> {
    /// The value of an expression; its calls and assignments become facts in the order they are evaluated.
    pub fn expr(&mut self, node: Node<'t>) -> ValueId {
        if self.depth >= EXPRESSION_DEPTH {
            let placeholder = self.unknown(node, Vec::new());
            self.deferred.push((node, placeholder));
            return placeholder;
        }
        self.depth += 1;
        let value = self.dispatch(node);
        self.depth -= 1;
        value
    }

    /// Reads what was too deep; called when a statement is complete.
    pub fn catch_up(&mut self) {
        let depth = std::mem::take(&mut self.depth);
        while let Some((node, placeholder)) = self.deferred.pop() {
            let value = self.expr(node);
            let what = self.b.facts.value(value).what.clone();
            if let Some(slot) = self.b.facts.values.get_mut(placeholder.0 as usize) {
                slot.what = what;
            }
        }
        self.depth = depth;
    }

    fn dispatch(&mut self, node: Node<'t>) -> ValueId {
        let range = self.range(node);
        match node.kind() {
            "identifier" => self.read(node),
            "attribute" | "call" | "subscript" | "await" => self.chain(node),
            "parenthesized_expression" => self.first(node),
            "string" => self.string(node),
            "concatenated_string" => self.strings(node),
            "integer" | "float" => self.value(range, V::Num(node.text().to_owned())),
            "true" => self.value(range, V::Bool(true)),
            "false" => self.value(range, V::Bool(false)),
            "none" => self.value(range, V::None),
            "binary_operator" => self.binary(node),
            "boolean_operator" => self.boolean(node),
            "unary_operator" => self.unary(node),
            "conditional_expression" => self.conditional(node),
            "comparison_operator" | "not_operator" => {
                // The condition of the same range says how the values are compared.
                let cond = self.cond(node);
                let parts = self.compared(cond);
                self.value(range, V::Unknown(parts))
            }
            "list" | "tuple" | "set" | "expression_list" | "pattern_list" => self.list(node),
            "dictionary" => self.dictionary(node),
            "list_comprehension" | "set_comprehension" | "generator_expression" | "dictionary_comprehension" => self.comprehension(node),
            "lambda" => self.lambda(node),
            "named_expression" => self.named_expression(node),
            "yield" => {
                let value = self.parts(node);
                let value = self.one_of(range, value);
                self.add(range, What::Return { value });
                self.unknown(node, Vec::new())
            }
            "keyword_argument" => match node.field("value") {
                Some(value) => self.expr(value),
                None => self.unknown(node, Vec::new()),
            },
            // Statements can only stand here when the grammar lost its way.
            kind if kind.ends_with("_statement") || kind.ends_with("_definition") || kind == "block" => {
                self.statement(node);
                self.unknown(node, Vec::new())
            }
            _ => {
                let parts = self.parts(node);
                self.value(range, V::Unknown(parts))
            }
        }
    }

    /// Values of all named children.
    pub fn parts(&mut self, node: Node<'t>) -> Vec<ValueId> {
        node.named().into_iter().map(|n| self.expr(n)).collect()
    }

    /// The value behind a star.
    pub fn unstarred(&mut self, node: Node<'t>) -> ValueId {
        if node.kind().contains("splat") { self.first(node) } else { self.expr(node) }
    }

    /// The only child's value, or that of all of them.
    pub fn first(&mut self, node: Node<'t>) -> ValueId {
        match node.named().as_slice() {
            [only] => self.expr(*only),
            _ => {
                let parts = self.parts(node);
                self.unknown(node, parts)
            }
        }
    }

    /// `root.attr(…)[…]`: from the root outwards.
    fn chain(&mut self, node: Node<'t>) -> ValueId {
        let mut links = Vec::new();
        let mut at = node;
        // The grammar reads `*f(x)` as a call of `*f`: the star is no part of the call.
        let mut splat = None;
        let root = loop {
            let inner = match at.kind() {
                "attribute" => at.field("object"),
                "call" => at.field("function"),
                "subscript" => at.field("value"),
                "await" | "parenthesized_expression" => match at.named().as_slice() {
                    [only] => Some(*only),
                    _ => None,
                },
                "list_splat" | "list_splat_pattern" | "dictionary_splat" | "dictionary_splat_pattern" if !links.is_empty() => {
                    let inner = at.named().first().copied();
                    splat = inner.map(Node::start);
                    inner
                }
                _ => None,
            };
            match inner {
                Some(inner) => {
                    links.push(at);
                    at = inner;
                }
                None => break at,
            }
        };
        let chained = matches!(root.kind(), "attribute" | "call" | "subscript" | "await" | "parenthesized_expression");
        let mut value = if chained {
            // Something the grammar made up: read what there is.
            let parts = self.parts(root);
            self.unknown(root, parts)
        } else {
            self.expr(root)
        };
        let mut receiver: Option<ValueId> = None;
        while let Some(link) = links.pop() {
            let range = self.span(splat.unwrap_or(0).max(link.start()), link.end());
            match link.kind() {
                "attribute" => {
                    let name = link.field("attribute").map(|a| normalise(a.text())).unwrap_or_default();
                    receiver = Some(value);
                    value = self.attribute(value, &name, range);
                }
                "call" => {
                    value = self.call(link, range, value, receiver);
                    receiver = None;
                }
                "subscript" => {
                    let key = self.key(link);
                    value = self.element(value, key, range);
                    receiver = None;
                }
                _ => {}
            }
        }
        value
    }

    /// `base.name`; attributes of something imported extend its name.
    pub fn attribute(&mut self, base: ValueId, name: &str, range: Range) -> ValueId {
        if self.imported.contains(&base)
            && let V::Name(root) = &self.b.facts.value(base).what
        {
            let dot = if root.ends_with('.') { "" } else { "." };
            let full = format!("{root}{dot}{name}");
            let value = self.value(range, V::Name(full));
            self.imported.insert(value);
            return value;
        }
        self.value(range, V::Attr(base, name.to_owned()))
    }

    /// `base[key]`; the module tables of the language give the thing itself.
    fn element(&mut self, base: ValueId, key: ValueId, range: Range) -> ValueId {
        let literal = match &self.b.facts.value(self.through(key)).what {
            V::Str(text) => Some(text.as_str().to_owned()),
            _ => None,
        };
        if let Some(literal) = literal {
            let table = match &self.b.facts.value(base).what {
                V::Name(name) if name.ends_with(".modules") && self.imported.contains(&base) => Some(None),
                V::Name(name) => name.strip_suffix(".__dict__").map(|owner| Some(owner.to_owned())),
                _ => None,
            };
            match table {
                Some(None) => {
                    let value = self.value(range, V::Name(literal));
                    self.imported.insert(value);
                    return value;
                }
                Some(Some(owner)) => {
                    let value = self.value(range, V::Name(format!("{owner}.{literal}")));
                    self.imported.insert(value);
                    return value;
                }
                None => {}
            }
            if let V::Attr(owner, dict) = self.b.facts.value(base).what.clone()
                && dict == "__dict__"
            {
                return self.value(range, V::Attr(owner, literal));
            }
            // `globals()["f"]` is `f`.
            if let V::Ref(fact) = self.b.facts.value(base).what
                && matches!(&self.fact(fact).what, What::Call(c) if c.args.is_empty() && matches!(c.name.as_str(), "globals" | "locals" | "vars"))
            {
                return self.read_name(&literal, range);
            }
        }
        self.value(range, V::Index(base, key))
    }

    /// The key of a subscript.
    pub fn key(&mut self, node: Node<'t>) -> ValueId {
        match node.fields("subscript").as_slice() {
            [only] => self.expr(*only),
            several => {
                let parts: Vec<ValueId> = several.iter().map(|n| self.expr(*n)).collect();
                let range = self.range(node);
                self.value(range, V::List(parts, false))
            }
        }
    }

    fn binary(&mut self, node: Node<'t>) -> ValueId {
        let mut steps = Vec::new();
        let mut at = node;
        while at.kind() == "binary_operator" {
            steps.push(at);
            let Some(left) = at.field("left") else { break };
            at = left;
        }
        let mut value = if at.kind() == "binary_operator" { self.unknown(at, Vec::new()) } else { self.expr(at) };
        // A join that this expression built itself may grow; one that a name holds may not.
        let mut own_join = false;
        while let Some(step) = steps.pop() {
            let range = self.range(step);
            let Some(right) = step.field("right") else { continue };
            let operator = step.field("operator").map(|o| o.text()).unwrap_or_default();
            if operator == "%" && is_textual(&self.b.facts, value) {
                value = self.percent(range, value, right);
                own_join = false;
                continue;
            }
            let right = self.expr(right);
            match operator {
                "+" if own_join => {
                    if let Some(slot) = self.b.facts.values.get_mut(value.0 as usize) {
                        slot.range = range;
                        if let V::Join(parts) = &mut slot.what {
                            parts.push(right);
                        }
                    }
                }
                "+" => {
                    value = self.value(range, V::Join(vec![value, right]));
                    own_join = true;
                }
                "/" if is_textual(&self.b.facts, value) || is_textual(&self.b.facts, right) => {
                    value = self.joined(range, &[value, right], Some("/"));
                    own_join = false;
                }
                _ => {
                    let dictionary = if operator == "|" { self.merged(range, value, right) } else { None };
                    value = dictionary.unwrap_or_else(|| self.value(range, V::Unknown(vec![value, right])));
                    own_join = false;
                }
            }
        }
        value
    }

    fn boolean(&mut self, node: Node<'t>) -> ValueId {
        let mut parts = Vec::new();
        let mut at = node;
        while at.kind() == "boolean_operator" {
            parts.extend(at.field("right"));
            let Some(left) = at.field("left") else { break };
            at = left;
        }
        if at.kind() != "boolean_operator" {
            parts.push(at);
        }
        let values: Vec<ValueId> = parts.into_iter().rev().map(|p| self.expr(p)).collect();
        let range = self.range(node);
        self.one_of(range, values)
    }

    fn unary(&mut self, node: Node<'t>) -> ValueId {
        let range = self.range(node);
        let Some(inner) = node.field("argument") else { return self.unknown(node, Vec::new()) };
        let value = self.expr(inner);
        match &self.b.facts.value(value).what {
            V::Num(n) if node.text().starts_with('-') => {
                let text = format!("-{n}");
                self.value(range, V::Num(text))
            }
            _ => self.value(range, V::Unknown(vec![value])),
        }
    }

    fn conditional(&mut self, node: Node<'t>) -> ValueId {
        // `a if c else b if d else e` leans right: unrolled.
        let mut values = Vec::new();
        let mut restricted = 0;
        let mut at = node;
        loop {
            let parts = at.named();
            let ("conditional_expression", [yes, test, no]) = (at.kind(), parts.as_slice()) else {
                values.push(if at.kind() == "conditional_expression" { self.unknown(at, Vec::new()) } else { self.expr(at) });
                break;
            };
            let cond = self.cond(*test);
            self.b.restrict(cond);
            values.push(self.expr(*yes));
            self.b.lift();
            let negated = self.negate(cond);
            if restricted < 16 {
                self.b.restrict(negated);
                restricted += 1;
            }
            at = *no;
        }
        for _ in 0..restricted {
            self.b.lift();
        }
        let range = self.range(node);
        self.one_of(range, values)
    }

    fn list(&mut self, node: Node<'t>) -> ValueId {
        let mut open = false;
        let mut values = Vec::new();
        for child in node.named() {
            if child.text().starts_with('*') {
                let value = self.unstarred(child);
                match &self.b.facts.value(value).what {
                    V::List(inner, false) => values.extend(inner.clone()),
                    _ => {
                        open = true;
                        let range = self.range(child);
                        let key = self.value(range, V::Unknown(Vec::new()));
                        values.push(self.value(range, V::Index(value, key)));
                    }
                }
            } else {
                values.push(self.expr(child));
            }
        }
        let range = self.range(node);
        self.value(range, V::List(values, open))
    }

    fn dictionary(&mut self, node: Node<'t>) -> ValueId {
        let mut open = false;
        let mut entries = Vec::new();
        for child in node.named() {
            if child.kind() == "pair" {
                let key = child.field("key").map(|k| self.expr(k));
                let value = child.field("value").map(|v| self.expr(v));
                if let (Some(key), Some(value)) = (key, value) {
                    entries.push((key, value));
                }
            } else {
                let value = self.first(child);
                let inner = match &self.b.facts.value(self.through(value)).what {
                    V::Dict(inner, false) if child.kind() == "dictionary_splat" => Some(inner.clone()),
                    _ => None,
                };
                match inner {
                    // Written out in sight: later keys win, so they come later.
                    Some(inner) => entries.extend(inner),
                    None => {
                        open = true;
                        let key = self.unknown(child, vec![value]);
                        entries.push((key, value));
                    }
                }
            }
        }
        let range = self.range(node);
        self.value(range, V::Dict(entries, open))
    }

    fn comprehension(&mut self, node: Node<'t>) -> ValueId {
        let prefix = self.scope().prefix.clone();
        let owner = self.scope().owner;
        self.scopes.push(Scope::new(ScopeKind::Inner, owner, prefix, false));
        let mut restricted = 0;
        let children = node.named();
        let body = node.field("body");
        for clause in children.iter().filter(|c| body.is_none_or(|b| b.start() != c.start())) {
            match clause.kind() {
                "for_in_clause" => {
                    let parts = clause.named();
                    let Some(left) = clause.field("left") else { continue };
                    let iterated: Vec<ValueId> = parts.iter().filter(|p| p.start() >= left.end()).map(|p| self.expr(*p)).collect();
                    let place = self.range(left);
                    let iterated = self.one_of(place, iterated);
                    let key = self.value(place, V::Unknown(Vec::new()));
                    let element = self.value(place, V::Index(iterated, key));
                    self.assign_inner(left, element);
                }
                "if_clause" => {
                    for test in clause.named() {
                        let cond = self.cond(test);
                        self.b.restrict(cond);
                        restricted += 1;
                    }
                }
                _ => {}
            }
        }
        let range = self.range(node);
        let result = match body {
            Some(pair) if pair.kind() == "pair" => {
                let key = pair.field("key").map(|k| self.expr(k));
                let value = pair.field("value").map(|v| self.expr(v));
                let entries = key.zip(value).into_iter().collect();
                V::Dict(entries, true)
            }
            Some(body) => V::List(vec![self.expr(body)], true),
            None => V::Unknown(Vec::new()),
        };
        let result = self.value(range, result);
        for _ in 0..restricted {
            self.b.lift();
        }
        if let Some(scope) = self.scopes.pop() {
            self.settle(scope);
        }
        result
    }

    /// Comprehension targets: names of the comprehension, without a fact.
    fn assign_inner(&mut self, target: Node<'t>, value: ValueId) {
        let mut work = vec![(target, value)];
        while let Some((target, value)) = work.pop() {
            match target.kind() {
                "identifier" => {
                    let name = normalise(target.text());
                    self.define_inner(&name, value);
                }
                "pattern_list" | "tuple_pattern" | "list_pattern" => {
                    for (i, part) in target.named().into_iter().enumerate() {
                        let place = self.range(part);
                        let index = self.value(place, V::Num(i.to_string()));
                        let element = self.value(place, V::Index(value, index));
                        work.push((part, element));
                    }
                }
                "attribute" | "subscript" => {
                    let range = self.range(target);
                    self.assign(target, value, range);
                }
                _ => work.extend(target.named().into_iter().map(|n| (n, value))),
            }
        }
    }

    fn named_expression(&mut self, node: Node<'t>) -> ValueId {
        let range = self.range(node);
        let value = node.field("value").map(|v| self.expr(v));
        let value = value.unwrap_or_else(|| self.unknown(node, Vec::new()));
        let name = node.field("name").map(|n| normalise(n.text())).unwrap_or_default();
        let fact = self.add(range, What::Assignment { target: Target::Name(name.clone()), value });
        let reference = self.value(range, V::Ref(fact));
        self.define(&name, reference);
        reference
    }
}
