//! Binding and reading names: what a function binds, what a name holds here, assignment targets, and the settling of closures.

use std::collections::BTreeSet;

use super::scope::{Def, Scope, ScopeKind};
use super::text::normalise;
use super::{Lower, Stop, StopWhat};
use crate::facts::{Channel, Target, V, ValueId, What};
use crate::source::Range;
use crate::syntax::python::Node;

/// One name that an import statement binds.
pub(super) struct Bound<'t> {
    pub module: String,
    pub name: Option<String>,
    pub alias: String,
    pub level: u32,
    pub node: Node<'t>,
}

impl Bound<'_> {
    /// What the bound name stands for.
    pub fn qualified(&self) -> String {
        qualified(&self.module, self.name.as_deref(), &self.alias, self.level)
    }
}

/// What an imported name stands for: `torch`, `os.path`, `.mod.f`.
pub(super) fn qualified(module: &str, name: Option<&str>, alias: &str, level: u32) -> String {
    let dots = ".".repeat(level as usize);
    match name {
        Some(name) if module.is_empty() => format!("{dots}{name}"),
        Some(name) => format!("{dots}{module}.{name}"),
        // `import a.b` binds `a`.
        None if module.split('.').next() == Some(alias) => alias.to_owned(),
        None => module.to_owned(),
    }
}

/// What an import statement binds.
pub(super) fn bound_by(node: Node<'_>) -> Vec<Bound<'_>> {
    let from = node.kind() != "import_statement";
    let (mut level, mut module) = (0, String::new());
    if node.kind() == "future_import_statement" {
        module.push_str("__future__");
    } else if from {
        let written: String = node.field("module_name").map(|m| squeeze(m.text())).unwrap_or_default();
        level = u32::try_from(written.bytes().take_while(|b| *b == b'.').count()).unwrap_or(0);
        module = normalise(written.trim_start_matches('.'));
    }
    let mut out = Vec::new();
    for part in node.fields("name") {
        let (name, alias) = if part.kind() == "aliased_import" {
            (part.field("name").map(|n| squeeze(n.text())), part.field("alias").map(|a| normalise(a.text())))
        } else {
            (Some(squeeze(part.text())), None)
        };
        let name = normalise(&name.unwrap_or_default());
        if from {
            let alias = alias.unwrap_or_else(|| name.clone());
            out.push(Bound { module: module.clone(), name: Some(name), alias, level, node: part });
        } else {
            let alias = alias.unwrap_or_else(|| name.split('.').next().unwrap_or_default().to_owned());
            out.push(Bound { module: name, name: None, alias, level: 0, node: part });
        }
    }
    if let Some(star) = node.named().into_iter().find(|n| n.kind() == "wildcard_import") {
        out.push(Bound { module, name: Some("*".to_owned()), alias: String::new(), level, node: star });
    }
    out
}

/// Text without white space and line continuations (`torch . nn`).
fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\\').collect()
}

/// The dotted name an expression is, if it is one.
pub(super) fn dotted(node: Node<'_>) -> Option<String> {
    let mut segments = Vec::new();
    let mut at = node;
    loop {
        match at.kind() {
            "attribute" => {
                segments.push(normalise(at.field("attribute")?.text()));
                at = at.field("object")?;
            }
            "identifier" => {
                segments.push(normalise(at.text()));
                segments.reverse();
                return Some(segments.join("."));
            }
            "parenthesized_expression" => at = at.named().first().copied()?,
            _ => return None,
        }
    }
}

/// Names bound in a body, its nested functions and classes apart.
#[derive(Default)]
pub(super) struct Names {
    pub locals: BTreeSet<String>,
    pub globals: BTreeSet<String>,
    pub nonlocals: BTreeSet<String>,
}

/// What a body binds.
pub(super) fn names_bound(body: Node<'_>) -> Names {
    let mut names = Names::default();
    let mut stack = vec![body];
    while let Some(node) = stack.pop() {
        match node.kind() {
            "function_definition" | "class_definition" => {
                names.locals.extend(node.field("name").map(|n| normalise(n.text())));
                continue;
            }
            "lambda" | "string" | "comment" => continue,
            "import_statement" | "import_from_statement" => {
                names.locals.extend(bound_by(node).into_iter().map(|b| b.alias));
                continue;
            }
            "global_statement" => names.globals.extend(node.named().into_iter().map(|n| normalise(n.text()))),
            "nonlocal_statement" => names.nonlocals.extend(node.named().into_iter().map(|n| normalise(n.text()))),
            "assignment" | "augmented_assignment" | "for_statement" => {
                targets(node.field("left"), &mut names.locals);
            }
            "named_expression" => targets(node.field("name"), &mut names.locals),
            "as_pattern" => targets(node.field("alias"), &mut names.locals),
            "except_clause" => targets(node.field("alias"), &mut names.locals),
            "case_pattern" => targets(Some(node), &mut names.locals),
            _ => {}
        }
        stack.extend(node.named());
    }
    names.locals.remove("");
    names.locals.retain(|n| !names.globals.contains(n) && !names.nonlocals.contains(n));
    names
}

fn targets(node: Option<Node<'_>>, out: &mut BTreeSet<String>) {
    let mut stack: Vec<Node<'_>> = node.into_iter().collect();
    while let Some(node) = stack.pop() {
        match node.kind() {
            "identifier" => {
                out.insert(normalise(node.text()));
            }
            "attribute" | "subscript" | "call" | "string" => {}
            _ => stack.extend(node.named()),
        }
    }
}

impl<'t> Lower<'t, '_> {
    /// First look at a module: what its top level imports and binds, wherever in it. Functions see all of it when they run.
    pub fn survey(&mut self, root: Node<'t>) {
        // Of functions only `global` statements matter here.
        let globals = memchr::memmem::find(root.text().as_bytes(), b"global").is_some();
        let mut stack: Vec<(Node<'t>, bool)> = vec![(root, true)];
        let mut assigned: Vec<(String, String)> = Vec::new();
        while let Some((node, top)) = stack.pop() {
            match node.kind() {
                "function_definition" | "class_definition" if top => {
                    let name = node.field("name").map(|n| normalise(n.text())).unwrap_or_default();
                    self.others.insert(name.clone());
                    self.definitions.insert(name);
                    stack.extend(node.field("body").filter(|_| globals).map(|b| (b, false)));
                    continue;
                }
                "import_statement" | "import_from_statement" if top => {
                    for bound in bound_by(node) {
                        if bound.alias.is_empty() {
                            self.stars.push(format!("{}{}", ".".repeat(bound.level as usize), bound.module));
                        } else {
                            self.imports.entry(bound.alias.clone()).or_default().insert(bound.qualified());
                        }
                    }
                    continue;
                }
                "assignment" => {
                    let left = node.field("left").filter(|l| l.kind() == "identifier").map(|l| normalise(l.text()));
                    if let (true, Some(left), Some(right)) = (top, left, node.field("right").and_then(dotted)) {
                        assigned.push((left, right));
                    } else if top {
                        targets(node.field("left"), &mut self.others);
                    }
                }
                "for_statement" | "augmented_assignment" if top => targets(node.field("left"), &mut self.others),
                "named_expression" if top => targets(node.field("name"), &mut self.others),
                "as_pattern" | "except_clause" if top => targets(node.field("alias"), &mut self.others),
                "global_statement" => self.others.extend(node.named().into_iter().map(|n| normalise(n.text()))),
                "lambda" | "string" | "comment" => continue,
                _ => {}
            }
            // Those stand among statements.
            stack.extend(node.named().into_iter().filter(|n| top || !n.kind().ends_with("expression")).map(|n| (n, top)));
        }
        // Aliases of aliases take a few rounds at most.
        for _ in 0..4 {
            for (left, right) in &assigned {
                let (root, rest) = right.split_once('.').map_or((right.as_str(), ""), |(a, b)| (a, b));
                let mut roots: BTreeSet<String> = self.imports.get(root).cloned().unwrap_or_default();
                roots.extend(self.aliases.get(root).cloned().unwrap_or_default());
                let full = roots.iter().map(|r| if rest.is_empty() { r.clone() } else { format!("{r}.{rest}") });
                let full: Vec<String> = full.take(4).collect();
                if !full.is_empty() {
                    self.aliases.entry(left.clone()).or_default().extend(full);
                }
            }
        }
        self.others.extend(assigned.into_iter().map(|(left, _)| left));
    }

    /// A value for a bare name of the module, as functions see it.
    fn global(&mut self, name: &str, range: Range) -> ValueId {
        let names = self.imports.get(name).cloned().unwrap_or_default();
        let mut values: Vec<ValueId> = Vec::new();
        for qualified in names.iter().take(4) {
            let id = self.value(range, V::Name(qualified.clone()));
            self.imported.insert(id);
            values.push(id);
        }
        if values.is_empty() || self.others.contains(name) {
            values.push(self.value(range, V::Name(name.to_owned())));
        }
        self.one_of(range, values)
    }

    /// One value, or a choice.
    pub fn one_of(&mut self, range: Range, mut values: Vec<ValueId>) -> ValueId {
        match values.pop() {
            Some(only) if values.is_empty() => only,
            Some(last) => {
                values.push(last);
                self.value(range, V::Phi(values))
            }
            None => self.value(range, V::Unknown(Vec::new())),
        }
    }

    /// What a name holds where `node` stands.
    pub fn read(&mut self, node: Node<'t>) -> ValueId {
        if let Some(value) = self.stop(node) {
            return value;
        }
        let name = normalise(node.text());
        let range = self.range(node);
        self.read_name(&name, range)
    }

    fn stop(&mut self, node: Node<'t>) -> Option<ValueId> {
        let unit = self.unit?;
        if unit.stops.is_empty() {
            return None;
        }
        let stop = unit.stops.get(&node.start())?;
        self.stopped.insert(stop.start);
        Some(self.stopped_at(stop))
    }

    /// What a stop stands for.
    pub fn stopped_at(&mut self, stop: &'t Stop) -> ValueId {
        let range = self.span(stop.start, stop.end);
        match &stop.what {
            StopWhat::Value(value) => *value,
            StopWhat::Shell(text) => {
                self.runs_module(text, range);
                let script = self.shell(text);
                self.value(range, V::Subst(script))
            }
            StopWhat::Directory(text) => {
                self.change_directory(text);
                self.value(range, V::Unknown(Vec::new()))
            }
            StopWhat::Env(name, text) => {
                let value = self.b.text(text.clone());
                self.add(range, What::Write { channel: Channel::Env(name.clone()), value });
                value
            }
            StopWhat::Nothing | StopWhat::Prefix => self.value(range, V::Unknown(Vec::new())),
        }
    }

    /// Whether this module binds a name anywhere.
    pub fn knows(&self, name: &str) -> bool {
        self.others.contains(name) || self.imports.contains_key(name) || self.scopes.iter().any(|s| s.get(name).is_some())
    }

    pub fn read_name(&mut self, name: &str, range: Range) -> ValueId {
        let mut inner = true;
        for i in (0..self.scopes.len()).rev() {
            let Some(scope) = self.scopes.get_mut(i) else { continue };
            match scope.kind {
                // Class names are seen in the class body alone.
                ScopeKind::Class if !inner => continue,
                _ if scope.globals.contains(name) => break,
                _ if scope.nonlocals.contains(name) => {
                    // Its own writes count as well as the owner's.
                    if let Some(defs) = scope.get(name).map(<[Def]>::to_vec) {
                        return self.reach(range, name, i, &defs);
                    }
                    inner = false;
                    continue;
                }
                ScopeKind::Module if !inner => break,
                _ => {}
            }
            let kind = scope.kind;
            if inner || kind == ScopeKind::Inner {
                if let Some(defs) = scope.get(name).map(<[Def]>::to_vec) {
                    return self.reach(range, name, i, &defs);
                }
                if kind == ScopeKind::Function && scope.locals.contains(name) {
                    return self.value(range, V::Name(name.to_owned()));
                }
            } else if kind == ScopeKind::Function && (scope.locals.contains(name) || scope.get(name).is_some()) {
                return self.captured(i, name, range);
            }
            if kind != ScopeKind::Inner {
                inner = false;
            }
        }
        self.global(name, range)
    }

    /// The value of definitions that reach a use. Definitions of later rounds of a loop are filled in when the loop ends.
    fn reach(&mut self, range: Range, name: &str, scope: usize, defs: &[Def]) -> ValueId {
        let mut values = Vec::new();
        let mut backs = Vec::new();
        for def in defs {
            match def {
                Def::Value(v) => values.push(*v),
                Def::Back(id) => backs.push(*id),
            }
        }
        if backs.is_empty() {
            if let [only] = values.as_slice() {
                // The same definition, read at this place.
                let what = self.b.facts.value(*only).what.clone();
                let copy = self.value(range, what);
                if self.imported.contains(only) {
                    self.imported.insert(copy);
                }
                return copy;
            }
            return self.one_of(range, values);
        }
        let phi = self.value(range, V::Phi(values));
        for id in backs {
            let found = self.scopes.get_mut(scope).and_then(|s| s.loops.iter_mut().find(|l| l.id == id));
            if let Some(found) = found {
                found.waiting.push((phi, name.to_owned()));
            }
        }
        phi
    }

    /// A name of an enclosing function: every definition it makes anywhere may be there when the inner one runs.
    fn captured(&mut self, scope: usize, name: &str, range: Range) -> ValueId {
        let Some(owner) = self.scopes.get_mut(scope) else { return self.value(range, V::Unknown(Vec::new())) };
        let defs = owner.all(name).to_vec();
        let known: Vec<ValueId> = defs.iter().filter_map(|d| if let Def::Value(v) = d { Some(*v) } else { None }).collect();
        let is_import = |l: &Self| !known.is_empty() && known.iter().all(|v| matches!(l.b.facts.value(*v).what, V::Name(_) | V::Func(_)));
        if is_import(self) {
            // Imports and functions need no owner; what is bound later joins at the end.
            if let [only] = known.as_slice() {
                let what = self.b.facts.value(*only).what.clone();
                let copy = self.value(range, what);
                if self.imported.contains(only) {
                    self.imported.insert(copy);
                }
                return copy;
            }
        }
        let phi = self.value(range, V::Phi(known));
        if let Some(owner) = self.scopes.get_mut(scope) {
            owner.captured.push((phi, name.to_owned()));
        }
        phi
    }

    /// Ends a scope: completes what inner functions read of it. A captured parameter becomes an assignment of the function, so that its number is
    /// never taken for a parameter of the inner one.
    pub(super) fn settle(&mut self, scope: Scope) {
        let mut done: Vec<(String, Vec<ValueId>)> = Vec::new();
        for (phi, name) in &scope.captured {
            if !done.iter().any(|(n, _)| n == name) {
                let mut values = Vec::new();
                for def in scope.all(name) {
                    let Def::Value(v) = *def else { continue };
                    let value = self.b.facts.value(v).clone();
                    if matches!(value.what, V::Param(_)) {
                        if let Some(owner) = scope.owner {
                            self.b.enter(owner);
                            let fact = self.add(value.range, What::Assignment { target: Target::Name(name.clone()), value: v });
                            self.b.leave();
                            values.push(self.value(value.range, V::Ref(fact)));
                        }
                    } else {
                        values.push(v);
                    }
                }
                done.push((name.clone(), values));
            }
            let values = done.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default();
            if let Some(value) = self.b.facts.values.get_mut(phi.0 as usize) {
                value.what = match values.as_slice() {
                    [only] => V::Phi(vec![*only]),
                    _ => V::Phi(values),
                };
            }
        }
    }

    /// Binds a name to an assignment (or anything else that holds `value`) and says so.
    pub fn bind(&mut self, name: &str, range: Range, value: ValueId) {
        let target = if self.is_global(name) { Target::Global(name.to_owned()) } else { Target::Name(name.to_owned()) };
        let fact = self.add(range, What::Assignment { target, value });
        let reference = self.value(range, V::Ref(fact));
        self.define(name, reference);
    }

    fn is_global(&self, name: &str) -> bool {
        self.scopes.iter().rev().find(|s| s.kind != ScopeKind::Inner).is_some_and(|s| s.globals.contains(name))
    }

    /// The name now holds `value`, without a fact (imports, functions).
    pub fn define(&mut self, name: &str, value: ValueId) {
        let def = Def::Value(value);
        let at = self.scopes.iter().rposition(|s| s.kind != ScopeKind::Inner).unwrap_or(0);
        let Some(scope) = self.scopes.get_mut(at) else { return };
        if scope.globals.contains(name) {
            return;
        }
        scope.set(name, def);
        if scope.nonlocals.contains(name) {
            for outer in self.scopes.iter_mut().take(at).rev() {
                if outer.kind == ScopeKind::Function && (outer.locals.contains(name) || outer.get(name).is_some()) {
                    outer.record(name, def);
                    outer.join(name, def);
                    break;
                }
            }
        }
    }

    /// Binds a name of a comprehension.
    pub fn define_inner(&mut self, name: &str, value: ValueId) {
        self.scope().set(name, Def::Value(value));
    }

    /// Assigns `value` to a target: names, attributes, subscripts, and element by element to tuples.
    pub fn assign(&mut self, target: Node<'t>, value: ValueId, range: Range) {
        let mut work = vec![(target, value, range)];
        while let Some((target, value, range)) = work.pop() {
            match target.kind() {
                "identifier" | "keyword_identifier" => {
                    let name = normalise(target.text());
                    self.bind(&name, range, value);
                }
                "attribute" => {
                    let base = target.field("object").map(|o| self.expr(o));
                    let name = target.field("attribute").map(|a| normalise(a.text())).unwrap_or_default();
                    if let Some(base) = base {
                        self.add(range, What::Assignment { target: Target::Attr(base, name), value });
                    }
                }
                "subscript" => {
                    let base = target.field("value").map(|o| self.expr(o));
                    let key = self.key(target);
                    if let Some(base) = base {
                        self.add(range, What::Assignment { target: Target::Index(base, key), value });
                    }
                    if let Some(base) = target.field("value") {
                        self.entered(base, range, key, value);
                    }
                }
                "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" | "list" | "expression_list" => {
                    let parts = target.named();
                    let elements = match &self.b.facts.value(value).what {
                        V::List(elements, false) if elements.len() == parts.len() => Some(elements.clone()),
                        _ => None,
                    };
                    let starred = parts.iter().position(|p| p.kind() == "list_splat_pattern" || p.kind() == "list_splat");
                    let mut each = Vec::new();
                    for (i, part) in parts.iter().enumerate() {
                        let place = self.range(*part);
                        let element = match &elements {
                            Some(elements) if starred.is_none() => elements.get(i).copied().unwrap_or(value),
                            _ if starred.is_some_and(|s| i >= s) => self.value(place, V::Unknown(vec![value])),
                            _ => {
                                let index = self.value(place, V::Num(i.to_string()));
                                self.value(place, V::Index(value, index))
                            }
                        };
                        each.push((*part, element, place));
                    }
                    work.extend(each.into_iter().rev());
                }
                _ => {
                    let inner = target.named();
                    if let [only] = inner.as_slice() {
                        work.push((*only, value, range));
                    } else {
                        for part in inner {
                            let place = self.range(part);
                            let piece = self.value(place, V::Unknown(vec![value]));
                            work.push((part, piece, place));
                        }
                    }
                }
            }
        }
    }
}
