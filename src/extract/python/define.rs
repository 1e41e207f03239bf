//! Functions, lambdas and classes.

use super::Lower;
use super::bind::names_bound;
use super::scope::{Def, Scope, ScopeKind};
use super::text::normalise;
use crate::facts::{EntryKind, FactId, Param, ParamKind, V, ValueId, What};
use crate::syntax::python::Node;

impl<'t> Lower<'t, '_> {
    /// `def` and `class`, with their decorators.
    pub fn definition(&mut self, node: Node<'t>, decorators: Vec<Node<'t>>) {
        let first = decorators.first().map_or(node.start(), |d| d.start());
        let body = node.field("body");
        let head_end = body.map_or(node.end(), |b| b.start());
        let head = self.span(first, head_end);
        self.b.open(head, "", true);
        let mut marks = Vec::new();
        for decorator in decorators {
            let range = self.range(decorator);
            let value = self.first(decorator);
            marks.push((range, value, self.called_name(value)));
        }
        let name = self.simple_name(node.field("name"));
        let qualified = format!("{}{name}", self.scope().prefix);
        let public = self.is_public(&name);
        let at_module = self.scope().kind == ScopeKind::Module;
        let range = self.range(node);
        let value = if node.kind() == "class_definition" {
            let (fact, bases) = self.class_head(node, &qualified, range);
            self.catch_up();
            self.b.shut();
            self.b.enter(fact);
            self.b.open(range, qualified.clone(), false);
            for (place, base) in bases {
                let name = self.names(base).into_iter().next().unwrap_or_default();
                self.add(place, What::EntryMark { kind: EntryKind::Base, name });
            }
            for (place, _, name) in marks {
                self.add(place, What::EntryMark { kind: EntryKind::Decorator, name });
            }
            self.push_scope(Scope::new(ScopeKind::Class, Some(fact), format!("{qualified}."), public));
            if let Some(body) = body {
                self.block(body);
            }
            if let Some(scope) = self.scopes.pop() {
                self.settle(scope);
            }
            self.b.shut();
            self.b.leave();
            V::Name(qualified)
        } else {
            let values = marks.iter().map(|m| m.1).collect();
            let params = self.params(node.field("parameters"));
            if let Some(annotation) = node.field("return_type") {
                self.parts(annotation);
            }
            self.catch_up();
            self.b.shut();
            let fact = self.add(range, What::Function { name: qualified.clone(), params: params.0, decorators: values, public });
            self.b.enter(fact);
            self.b.open(range, qualified.clone(), false);
            for (place, _, name) in marks {
                self.add(place, What::EntryMark { kind: EntryKind::Decorator, name });
            }
            self.function_scope(fact, &qualified, &params.1, body);
            if let Some(body) = body {
                self.block(body);
            }
            if let Some(scope) = self.scopes.pop() {
                self.settle(scope);
            }
            self.b.shut();
            self.b.leave();
            if at_module { V::Name(qualified) } else { V::Func(fact) }
        };
        let place = node.field("name").map_or(range, |n| self.range(n));
        let value = self.value(place, value);
        self.define(&name, value);
    }

    fn function_scope(&mut self, fact: FactId, qualified: &str, params: &[(String, Node<'t>)], body: Option<Node<'t>>) {
        let mut scope = Scope::new(ScopeKind::Function, Some(fact), format!("{qualified}.<locals>."), false);
        let names = body.map(names_bound).unwrap_or_default();
        scope.locals = names.locals;
        scope.globals = names.globals;
        scope.nonlocals = names.nonlocals;
        self.push_scope(scope);
        for (i, (name, node)) in params.iter().enumerate() {
            let range = self.range(*node);
            let value = self.value(range, V::Param(u32::try_from(i).unwrap_or(u32::MAX)));
            self.scope().set(name, Def::Value(value));
        }
    }

    fn class_head(&mut self, node: Node<'t>, qualified: &str, range: crate::source::Range) -> (FactId, Vec<(crate::source::Range, ValueId)>) {
        let mut bases = Vec::new();
        for base in node.field("superclasses").map(Node::named).unwrap_or_default() {
            let value = self.expr(base);
            if base.kind() != "keyword_argument" {
                bases.push((self.range(base), value));
            }
        }
        let values = bases.iter().map(|b| b.1).collect();
        (self.add(range, What::Class { name: qualified.to_owned(), bases: values }), bases)
    }

    /// The name of a decorator: of what is called, when it is a call.
    fn called_name(&self, value: ValueId) -> String {
        if let V::Ref(fact) = self.b.facts.value(value).what
            && let What::Call(call) = &self.fact(fact).what
        {
            return call.name.clone();
        }
        self.names(value).into_iter().next().unwrap_or_else(|| self.unrooted(value))
    }

    /// Parameters with defaults and annotations, read where the function is defined, and the nodes of their names.
    fn params(&mut self, list: Option<Node<'t>>) -> (Vec<Param>, Vec<(String, Node<'t>)>) {
        let mut params = Vec::new();
        let mut names = Vec::new();
        let mut keyword_only = false;
        for node in list.map(Node::named).unwrap_or_default() {
            let mut kind = if keyword_only { ParamKind::Keyword } else { ParamKind::Plain };
            let mut name_node = match node.kind() {
                "default_parameter" | "typed_default_parameter" => node.field("name"),
                "typed_parameter" => node.named().first().copied(),
                "keyword_separator" => {
                    keyword_only = true;
                    continue;
                }
                "positional_separator" => continue,
                _ => Some(node),
            };
            while let Some(n) = name_node.filter(|n| matches!(n.kind(), "list_splat_pattern" | "dictionary_splat_pattern")) {
                kind = if n.kind() == "list_splat_pattern" { ParamKind::Rest } else { ParamKind::KeywordRest };
                keyword_only = true;
                name_node = n.named().first().copied();
            }
            let Some(name_node) = name_node else { continue };
            let name = normalise(name_node.text());
            let default = node.field("value").map(|v| self.expr(v));
            let annotation = node.field("type").map(|t| self.first(t));
            params.push(Param { name: name.clone(), default, kind, annotation });
            names.push((name, name_node));
        }
        (params, names)
    }

    pub fn lambda(&mut self, node: Node<'t>) -> ValueId {
        let (params, names) = self.params(node.field("parameters"));
        let qualified = format!("{}<lambda>", self.scope().prefix);
        let range = self.range(node);
        let fact = self.add(range, What::Function { name: qualified.clone(), params, decorators: Vec::new(), public: false });
        self.b.enter(fact);
        self.function_scope(fact, &qualified, &names, None);
        if let Some(body) = node.field("body") {
            let value = self.expr(body);
            let place = self.range(body);
            self.add(place, What::Return { value });
        }
        if let Some(scope) = self.scopes.pop() {
            self.settle(scope);
        }
        self.b.leave();
        self.value(range, V::Func(fact))
    }
}
