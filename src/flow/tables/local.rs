//! Lookups of one file: the function a fact stands in, returns, variables, fields, methods. It depends on that file alone, so that it is made anew only when the
//! facts of the file change. Knows no other file.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::facts::{ArgName, Channel, FactId, FileFacts, OnFail, Target, V, ValueId, What};
use crate::flow::tables::named::Named;
use crate::outline::name_hash;

/// Entries of a module by name.
type ByName = FxHashMap<Box<str>, Vec<FactId>>;

/// What one file says by itself.
#[derive(Debug, Default)]
pub struct Local {
    /// Per fact: the function it stands in.
    pub(in crate::flow) scopes: Vec<Option<FactId>>,
    /// The class that a method stands in.
    pub(in crate::flow) class_of: FxHashMap<FactId, FactId>,
    /// Values returned by a function.
    pub(in crate::flow) returns: FxHashMap<FactId, Vec<ValueId>>,
    /// Assignments of a name at module level.
    pub(in crate::flow) globals: ByName,
    /// Assignments of a field by class, in any of its methods or its body.
    pub(in crate::flow) fields: Named<FactId, Vec<FactId>>,
    /// Methods by class.
    pub(in crate::flow) methods: Named<FactId, FactId>,
    /// Roots of modules that are imported.
    pub(in crate::flow) imported: FxHashSet<Box<str>>,
    /// Assignments of elements of a variable of the module.
    pub(in crate::flow) puts: ByName,
    /// Assignments of elements of a field, by class.
    pub(in crate::flow) puts_in_field: Named<FactId, Vec<FactId>>,
    /// Imports of the module by the name they bind.
    pub(in crate::flow) aliases: ByName,
    /// Setters of a variable by lower-case name; of what lasts for a job, and of what the nearest owner decides.
    pub(in crate::flow) setters: ByName,
    /// All classes, in order.
    pub(in crate::flow) classes: Vec<FactId>,
    /// Checks of the module itself that end it, in order.
    pub(in crate::flow) module_checks: Vec<FactId>,
    /// Functions that have a decorator, in order.
    pub(in crate::flow) decorated: Vec<FactId>,
    /// Hashes of keywords of calls and of fields that are given anything but true (1), anything but false (2), sorted. A hash that two names share gives more.
    given: Vec<(u32, u8)>,
    /// Hashes of names that are kept, handed over or given back as values, sorted.
    values: Vec<u32>,
}

/// The entries of a name.
pub(in crate::flow) fn all<'e>(entries: &'e ByName, name: &str) -> &'e [FactId] {
    entries.get(name).map_or(&[], Vec::as_slice)
}

fn push(entries: &mut ByName, name: &str, fact: FactId) {
    match entries.get_mut(name) {
        Some(all) => all.push(fact),
        None => {
            entries.insert(name.into(), vec![fact]);
        }
    }
}

impl Local {
    /// Reads the facts of a file.
    pub fn new(file: &FileFacts) -> Local {
        let mut out = Local { scopes: Vec::with_capacity(file.items.len()), ..Local::default() };
        let mut classes: Vec<Option<FactId>> = Vec::with_capacity(file.items.len());
        let mut given: FxHashMap<u32, u8> = FxHashMap::default();
        for (fact, f) in file.iter() {
            let owner = f.owner.filter(|o| o.0 < fact.0);
            let above = owner.map(|o| &file.fact(o).what);
            let scope = match above {
                Some(What::Function { .. }) => owner,
                Some(What::Class { .. }) => None,
                _ => owner.and_then(|o| out.scopes.get(o.0 as usize).copied().flatten()),
            };
            let class = match above {
                Some(What::Class { .. }) => owner,
                Some(What::Function { .. }) | None => None,
                _ => owner.and_then(|o| classes.get(o.0 as usize).copied().flatten()),
            };
            out.scopes.push(scope);
            classes.push(class);
            match &f.what {
                What::Call(call) => {
                    for arg in &call.args {
                        if let ArgName::Keyword(name) = &arg.name {
                            *given.entry(name_hash(name)).or_default() |= other_than(file, arg.value);
                        }
                    }
                }
                What::Assignment { target, value } => {
                    if let Target::Attr(_, name) = target {
                        *given.entry(name_hash(name)).or_default() |= other_than(file, *value);
                    }
                    out.assignment(file, fact, target, scope, class);
                }
                What::Check { on_fail: OnFail::Raise | OnFail::Exit, .. } if scope.is_none() && class.is_none() && f.handler.is_none() => {
                    out.module_checks.push(fact);
                }
                what => out.other(file, fact, what, scope, class),
            }
        }
        out.values = kept(file);
        out.given = given.into_iter().collect();
        out.given.sort_unstable();
        out.given.shrink_to_fit();
        out
    }
    fn other(&mut self, file: &FileFacts, fact: FactId, what: &What, scope: Option<FactId>, class: Option<FactId>) {
        match what {
            What::Class { .. } => self.classes.push(fact),
            What::Function { name, decorators, .. } => {
                if !decorators.is_empty() {
                    self.decorated.push(fact);
                }
                let Some(class) = class else { return };
                self.class_of.insert(fact, class);
                if !sets_property(file, fact) {
                    self.methods.set(class, name.rsplit('.').next().unwrap_or(name), fact);
                }
            }
            What::Write { channel: Channel::Env(name) | Channel::Var(name) | Channel::RunnerEnv(Some(name)), .. } | What::Input { name, .. } => {
                push(&mut self.setters, &name.to_ascii_lowercase(), fact);
            }
            What::Setting { path, .. } => {
                if let Some(name) = path.strip_prefix("ENV.") {
                    push(&mut self.setters, &name.to_ascii_lowercase(), fact);
                }
            }
            What::Import { module, alias, .. } => {
                self.imported.insert(module.split('.').next().unwrap_or(module).into());
                if scope.is_none() && class.is_none() {
                    push(&mut self.aliases, alias, fact);
                }
            }
            What::Return { value } => {
                if let Some(scope) = scope {
                    self.returns.entry(scope).or_default().push(*value);
                }
            }
            _ => {}
        }
    }
    fn assignment(&mut self, file: &FileFacts, fact: FactId, target: &Target, scope: Option<FactId>, class: Option<FactId>) {
        let around = || scope.and_then(|s| self.class_of.get(&s)).copied();
        let own = |base: &ValueId| matches!(file.value(*base).what, V::Param(0));
        match target {
            Target::Global(name) => push(&mut self.globals, name, fact),
            Target::Name(name) => match (scope, class) {
                (None, Some(class)) => self.fields.push(class, name, fact),
                (None, None) => push(&mut self.globals, name, fact),
                _ => {}
            },
            Target::Attr(base, name) => {
                if let Some(class) = around().filter(|_| own(base)) {
                    self.fields.push(class, name, fact);
                }
            }
            Target::Index(base, _) => match &file.value(*base).what {
                V::Name(name) if !name.contains('.') => push(&mut self.puts, name, fact),
                V::Attr(base, name) => {
                    if let Some(class) = around().filter(|_| own(base)) {
                        self.puts_in_field.push(class, name, fact);
                    }
                }
                _ => {}
            },
        }
    }
    /// Whether a name is kept, handed over or given back as a value.
    pub(in crate::flow) fn is_value(&self, name: &str) -> bool {
        self.values.binary_search(&name_hash(name)).is_ok()
    }
    /// Whether a keyword or a field of that name may be given anything but this truth.
    pub(in crate::flow) fn gives_other_than(&self, name: u32, truth: bool) -> bool {
        let at = self.given.binary_search_by_key(&name, |g| g.0);
        at.ok().and_then(|at| self.given.get(at)).is_some_and(|g| g.1 & if truth { 1 } else { 2 } != 0)
    }
}

/// Names that stand as elements, arguments, or what is assigned or returned.
fn kept(file: &FileFacts) -> Vec<u32> {
    let mut out = Vec::new();
    let mut keep = |value: &ValueId| {
        if let V::Name(name) = &file.value(*value).what
            && !name.contains('.')
        {
            out.push(name_hash(name));
        }
    };
    for value in &file.values {
        match &value.what {
            V::Dict(entries, _) => entries.iter().for_each(|e| keep(&e.1)),
            V::List(items, _) | V::Phi(items) => items.iter().for_each(&mut keep),
            _ => {}
        }
    }
    for (_, fact) in file.iter() {
        match &fact.what {
            What::Call(call) => call.args.iter().for_each(|a| keep(&a.value)),
            What::Assignment { value, .. } | What::Return { value } => keep(value),
            _ => {}
        }
    }
    out.sort_unstable();
    out.dedup();
    out.shrink_to_fit();
    out
}

/// Which truths a value is not: 1 for true, 2 for false.
fn other_than(file: &FileFacts, value: ValueId) -> u8 {
    match file.value(value).what {
        V::Bool(true) => 2,
        V::Bool(false) => 1,
        _ => 3,
    }
}

/// Whether a function only takes what is assigned to a property of its name.
fn sets_property(file: &FileFacts, function: FactId) -> bool {
    let What::Function { decorators, .. } = &file.fact(function).what else { return false };
    decorators.iter().any(|d| matches!(&file.value(*d).what, V::Attr(_, n) if matches!(n.as_str(), "setter" | "deleter")))
}
