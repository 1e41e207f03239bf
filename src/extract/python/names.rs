//! What a callee is called: names followed through imports, aliases, tables of functions, partial application and fields, as far as one file says.

use std::collections::BTreeMap;

use super::Lower;
use super::scope::Def;
use crate::facts::{Arg, ArgName, FactId, Target, V, ValueId, What};

/// More candidates for one callee than this are cut.
pub(super) const MAX_NAMES: usize = 4;
/// Values looked at for one callee.
const BUDGET: usize = 80;

/// One search for names.
struct Search {
    out: Vec<String>,
    budget: usize,
}

impl Search {
    fn add(&mut self, name: String) {
        let name = name.strip_suffix(".__call__").map_or(name.clone(), str::to_owned);
        if !self.out.contains(&name) && self.out.len() < MAX_NAMES {
            self.out.push(name);
        }
    }
}

impl Lower<'_, '_> {
    /// The qualified names a value can stand for; empty when its root is unknown.
    pub fn names(&self, value: ValueId) -> Vec<String> {
        let mut search = Search { out: Vec::new(), budget: BUDGET };
        self.names_of(value, false, 0, &mut search);
        search.out
    }

    /// `root`: an attribute is taken from it.
    fn names_of(&self, value: ValueId, root: bool, depth: usize, search: &mut Search) {
        if depth > 10 || search.budget == 0 {
            return;
        }
        search.budget -= 1;
        match &self.b.facts.value(value).what {
            V::Name(name) if self.imported.contains(&value) => search.add(name.clone()),
            V::Name(name) => self.bare(name, root, depth, search),
            V::Attr(base, name) => {
                let mut bases = Search { out: Vec::new(), budget: search.budget };
                self.names_of(*base, true, depth + 1, &mut bases);
                search.budget = bases.budget;
                for base in bases.out {
                    search.add(format!("{base}{}{name}", if base.ends_with('.') { "" } else { "." }));
                }
            }
            V::Phi(values) => values.iter().for_each(|v| self.names_of(*v, root, depth + 1, search)),
            V::Func(fact) => {
                if let What::Function { name, .. } = &self.fact(*fact).what {
                    search.add(name.clone());
                }
            }
            // A table of functions: any of them, unless the key says which.
            V::Index(table, key) => match &self.b.facts.value(self.through(*table)).what {
                V::List(values, _) => {
                    let place = self.b.facts.literal(self.through(*key)).and_then(|k| k.parse::<usize>().ok());
                    match place.and_then(|p| values.get(p)) {
                        Some(one) => self.names_of(*one, root, depth + 1, search),
                        None => values.iter().for_each(|v| self.names_of(*v, root, depth + 1, search)),
                    }
                }
                V::Dict(entries, _) => {
                    let wanted = self.b.facts.literal(self.through(*key));
                    for (key, value) in entries {
                        if wanted.is_none() || self.b.facts.literal(*key).is_none_or(|k| Some(k) == wanted) {
                            self.names_of(*value, root, depth + 1, search);
                        }
                    }
                }
                _ => {}
            },
            // A default can be what is called.
            V::Param(n) => {
                let function = self.scopes.iter().rev().filter_map(|s| s.owner).find_map(|o| match &self.fact(o).what {
                    What::Function { params, .. } => Some(params),
                    _ => None,
                });
                if let Some(default) = function.and_then(|p| p.get(*n as usize)).and_then(|p| p.default) {
                    self.names_of(default, root, depth + 1, search);
                }
            }
            V::Ref(fact) => match &self.fact(*fact).what {
                What::Assignment { value, .. } => self.names_of(*value, root, depth + 1, search),
                What::Call(_) => {
                    if let Some((inner, _)) = self.wrapped(value) {
                        self.names_of(inner, root, depth + 1, search);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// A name of the module: whatever the module assigned to it, itself, or one of what `import *` may have brought.
    fn bare(&self, name: &str, root: bool, depth: usize, search: &mut Search) {
        let before = search.out.len();
        if let Some(aliases) = self.aliases.get(name) {
            aliases.iter().cloned().for_each(|a| search.add(a));
        }
        if self.others.contains(name) {
            let module = self.scopes.first();
            for def in module.map(|m| m.all(name)).unwrap_or_default() {
                let Def::Value(value) = *def else { continue };
                if !matches!(&self.b.facts.value(value).what, V::Name(n) if n == name && !self.imported.contains(&value)) {
                    self.names_of(value, root, depth + 1, search);
                }
            }
        }
        if search.out.len() == before || self.definitions.contains(name) {
            // An attribute of a variable is nothing that a bare name could qualify.
            if !root || self.definitions.contains(name) || name.contains('.') {
                search.add(name.to_owned());
            }
            if !self.others.contains(name) && !self.imports.contains_key(name) && !name.contains('.') {
                for module in &self.stars {
                    search.add(if module.ends_with('.') { format!("{module}{name}") } else { format!("{module}.{name}") });
                }
            }
        }
    }

    /// For the result of `partial(f, …)` or `staticmethod(f)`: `f` and the arguments that are already there.
    fn wrapped(&self, value: ValueId) -> Option<(ValueId, Vec<Arg>)> {
        let V::Ref(fact) = &self.b.facts.value(self.through(value)).what else { return None };
        let What::Call(call) = &self.fact(*fact).what else { return None };
        let last = call.name.rsplit('.').next().unwrap_or_default();
        if !matches!(last, "partial" | "staticmethod" | "classmethod") {
            return None;
        }
        let (first, rest) = call.args.split_first()?;
        (first.name == ArgName::Position(0)).then(|| (first.value, rest.to_vec()))
    }

    /// The arguments of a call with those of the partial application that it completes; of two equal keywords the later counts.
    pub fn with_partial(&self, callee: ValueId, args: Vec<Arg>) -> Vec<Arg> {
        let Some((_, before)) = self.wrapped(callee).filter(|(_, before)| !before.is_empty()) else { return args };
        let given = |name: &ArgName| matches!(name, ArgName::Keyword(_)) && args.iter().any(|a| a.name == *name);
        let mut all: Vec<Arg> = before.into_iter().filter(|a| !given(&a.name)).collect();
        all.extend(args.iter().cloned());
        let mut position = 0;
        for arg in &mut all {
            if let ArgName::Position(n) = &mut arg.name {
                *n = position;
                position += 1;
            }
        }
        all
    }

    /// `?.a.b` for attributes of something unknown.
    pub fn unrooted(&self, callee: ValueId) -> String {
        let mut segments: Vec<&str> = Vec::new();
        let mut at = callee;
        while let V::Attr(base, name) = &self.b.facts.value(at).what {
            segments.push(name);
            at = *base;
        }
        segments.push("?");
        segments.reverse();
        segments.join(".")
    }

    /// Names calls in functions again: by the end of the module more may be known than when they were read. A call that can mean several things has one fact
    /// for each. Says whether a fact changed that was told when the module was read before.
    pub fn name_again(&mut self) -> bool {
        let mut early = std::mem::take(&mut self.early);
        let fields = self.fields();
        let mut renamed = false;
        for (fact, told) in &mut early {
            let fact = *fact;
            let What::Call(call) = &self.fact(fact).what else { continue };
            let old = call.name.clone();
            let mut names = self.names(call.callee);
            if let V::Attr(base, name) = &self.b.facts.value(call.callee).what {
                let of_class = matches!(&self.b.facts.value(*base).what, V::Name(n) if self.definitions.contains(n));
                if of_class || matches!(self.b.facts.value(*base).what, V::Param(0)) {
                    names.extend(fields.get(name.as_str()).into_iter().flatten().flat_map(|v| self.names(*v)));
                }
            }
            names.dedup();
            let Some((first, rest)) = names.split_first() else { continue };
            if names.contains(&old) && names.len() == 1 {
                continue;
            }
            renamed |= *first != old && (fact.0 as usize) < self.told;
            let mut also = self.fact(fact).clone();
            if let Some(What::Call(call)) = self.b.facts.items.get_mut(fact.0 as usize).map(|f| &mut f.what) {
                call.name = first.clone();
            }
            let known = self.b.facts.items.iter().skip(fact.0 as usize + 1).take(MAX_NAMES);
            told.extend(known.filter_map(|f| if let What::Call(c) = &f.what { (f.range == also.range).then(|| c.name.clone()) } else { None }));
            let more: Vec<String> = rest.iter().filter(|n| !told.contains(n)).take(MAX_NAMES).cloned().collect();
            for name in more {
                if let What::Call(call) = &mut also.what {
                    call.name.clone_from(&name);
                }
                told.push(name);
                self.b.facts.items.push(also.clone());
            }
        }
        self.early = early;
        renamed
    }

    /// Attributes that hold a function: `self.load = torch.load`, `load = torch.load` in a class.
    fn fields(&self) -> BTreeMap<String, Vec<ValueId>> {
        let mut out: BTreeMap<String, Vec<ValueId>> = BTreeMap::new();
        for fact in &self.b.facts.items {
            let What::Assignment { target, value } = &fact.what else { continue };
            let name = match target {
                Target::Attr(base, name) if !self.imported.contains(base) => name,
                Target::Name(name) if self.is_class(fact.owner) => name,
                _ => continue,
            };
            if !self.names(*value).is_empty() {
                let values = out.entry(name.clone()).or_default();
                if values.len() < MAX_NAMES {
                    values.push(*value);
                }
            }
        }
        out
    }

    fn is_class(&self, owner: Option<FactId>) -> bool {
        owner.is_some_and(|o| matches!(self.fact(o).what, What::Class { .. }))
    }

    /// Follows a name to the one value it was given.
    pub fn through(&self, mut value: ValueId) -> ValueId {
        for _ in 0..6 {
            match &self.b.facts.value(value).what {
                V::Ref(fact) => {
                    let What::Assignment { value: inner, .. } = &self.fact(*fact).what else { break };
                    value = *inner;
                }
                V::Name(name) if !self.imported.contains(&value) => {
                    let defs = self.scopes.first().map(|m| m.all(name)).unwrap_or_default();
                    let [Def::Value(only)] = defs else { break };
                    if matches!(&self.b.facts.value(*only).what, V::Name(n) if n == name) {
                        break;
                    }
                    value = *only;
                }
                _ => break,
            }
        }
        value
    }
}
