//! Where the objects of a Python file come from, as far as that file tells: what a variable or a field was given, what a parameter is annotated with.
//! Knows facts, no row.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::slot::dotted;
use crate::facts::{FactId, FileFacts, Target, V, ValueId, What};

/// Values looked at for one object.
const BUDGET: u32 = 60;
/// Assignments of one name that are looked at.
const MOST: usize = 4;

/// What one file gives to its variables and to the fields of its objects.
#[derive(Debug, Default)]
pub struct Objects {
    globals: BTreeMap<String, Vec<(FactId, ValueId)>>,
    fields: BTreeMap<String, Vec<(FactId, ValueId)>>,
    imports: BTreeSet<String>,
}

/// Names that an object may go by.
#[derive(Debug, Default)]
struct Types {
    /// Of calls that made it and of annotations.
    made: BTreeSet<String>,
    /// As it is written.
    written: BTreeSet<String>,
    left: u32,
}

impl Objects {
    /// Reads the assignments and imports of a file.
    pub fn of(facts: &FileFacts) -> Self {
        let mut out = Objects::default();
        for (id, fact) in facts.iter() {
            match &fact.what {
                What::Assignment { target: Target::Attr(base, name), value } if matches!(facts.value(*base).what, V::Param(0)) => {
                    keep(&mut out.fields, name, id, *value);
                }
                What::Assignment { target: Target::Global(name), value } => keep(&mut out.globals, name, id, *value),
                What::Assignment { target: Target::Name(name), value } => {
                    let inside = facts.owners(id).any(|(_, f)| matches!(f.what, What::Function { .. } | What::Class { .. }));
                    if !inside {
                        keep(&mut out.globals, name, id, *value);
                    }
                }
                What::Import { module, name, .. } => {
                    out.imports.extend(module.split('.').next().map(str::to_owned));
                    out.imports.insert(module.clone());
                    out.imports.extend(name.clone());
                }
                _ => {}
            }
        }
        out
    }
    /// Whether the file imports one of these.
    pub fn imports(&self, names: &[String]) -> bool {
        names.iter().any(|n| self.imports.contains(n))
    }
    /// Names an object may go by where `at` stands: constructors, annotations, and how it is written.
    pub fn types(&self, facts: &FileFacts, at: FactId, value: ValueId) -> BTreeSet<String> {
        let mut types = self.look(facts, at, value);
        types.made.append(&mut types.written);
        types.made
    }
    /// The same without how it is written: what is an object, and not the class or module itself.
    pub fn constructors(&self, facts: &FileFacts, at: FactId, value: ValueId) -> BTreeSet<String> {
        self.look(facts, at, value).made
    }
    /// What an assignment gives a value to, in full: `module.name.field`, or the class of the object and the field.
    pub fn targets(&self, facts: &FileFacts, at: FactId, target: &Target) -> BTreeSet<String> {
        match target {
            Target::Name(name) | Target::Global(name) => {
                let inside = facts.owners(at).any(|(_, f)| matches!(f.what, What::Function { .. } | What::Class { .. }));
                if inside && matches!(target, Target::Name(_)) { BTreeSet::new() } else { BTreeSet::from([name.clone()]) }
            }
            Target::Attr(base, name) => {
                let mut out: BTreeSet<String> = self.types(facts, at, *base).into_iter().map(|t| format!("{t}.{name}")).collect();
                out.extend(variable(facts, *base).map(|t| format!("{t}.{name}")));
                out
            }
            Target::Index(..) => BTreeSet::new(),
        }
    }

    fn look(&self, facts: &FileFacts, at: FactId, value: ValueId) -> Types {
        let mut types = Types { left: BUDGET, ..Types::default() };
        self.look_at(facts, at, value, &mut types);
        types
    }
    fn look_at(&self, facts: &FileFacts, at: FactId, value: ValueId, types: &mut Types) {
        let Some(left) = types.left.checked_sub(1) else { return };
        types.left = left;
        match &facts.value(value).what {
            V::Phi(all) => all.iter().for_each(|v| self.look_at(facts, at, *v, types)),
            V::Name(name) => {
                types.written.insert(name.clone());
                self.given(facts, self.globals.get(name), types);
            }
            V::Attr(base, name) => {
                types.written.extend(dotted(facts, value));
                if matches!(facts.value(*base).what, V::Param(0)) {
                    self.given(facts, self.fields.get(name), types);
                }
            }
            V::Param(n) => {
                let function = facts.owners(at).find_map(|(_, f)| if let What::Function { params, .. } = &f.what { Some(params) } else { None });
                if let Some(annotation) = function.and_then(|p| p.get(*n as usize)).and_then(|p| p.annotation) {
                    types.made.extend(names_in(facts, annotation));
                }
            }
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Call(call) => {
                    types.made.insert(call.name.clone());
                    // What a method of a known object gives: `sqlite3.connect.cursor`.
                    if let (Some(receiver), Some(method)) = (call.receiver, call.name.rsplit('.').next()) {
                        let mut of = Types { left: types.left, ..Types::default() };
                        self.look_at(facts, *fact, receiver, &mut of);
                        types.left = of.left;
                        types.made.extend(of.made.iter().map(|t| format!("{t}.{method}")));
                    }
                }
                What::Assignment { value, .. } => self.look_at(facts, *fact, *value, types),
                _ => {}
            },
            _ => {}
        }
    }
    fn given(&self, facts: &FileFacts, values: Option<&Vec<(FactId, ValueId)>>, types: &mut Types) {
        for (at, value) in values.into_iter().flatten() {
            self.look_at(facts, *at, *value, types);
        }
    }
}

fn keep(map: &mut BTreeMap<String, Vec<(FactId, ValueId)>>, name: &str, id: FactId, value: ValueId) {
    let values = map.entry(name.to_owned()).or_default();
    if values.len() < MOST {
        values.push((id, value));
    }
}

/// `a.b.c` of attributes of a variable, by the name of the variable.
fn variable(facts: &FileFacts, value: ValueId) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let mut at = value;
    while parts.len() < 8 {
        match &facts.value(at).what {
            V::Attr(base, name) => {
                parts.push(name);
                at = *base;
            }
            V::Ref(fact) => {
                let What::Assignment { target: Target::Name(name) | Target::Global(name), .. } = &facts.fact(*fact).what else { return None };
                parts.push(name);
                parts.reverse();
                return Some(parts.join("."));
            }
            _ => return None,
        }
    }
    None
}

/// All names that an annotation or a default mentions: of `Annotated[Session, Depends(session)]` all three.
pub fn names_in(facts: &FileFacts, value: ValueId) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut todo = vec![value];
    for _ in 0..BUDGET {
        let Some(at) = todo.pop() else { break };
        match &facts.value(at).what {
            V::Name(name) => {
                out.insert(name.clone());
            }
            V::Attr(base, _) => match dotted(facts, at) {
                Some(name) => {
                    out.insert(name);
                }
                None => todo.push(*base),
            },
            V::Index(base, key) => todo.extend([*base, *key]),
            V::Phi(all) | V::Unknown(all) | V::List(all, _) | V::Join(all) => todo.extend(all),
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Call(call) => {
                    out.insert(call.name.clone());
                }
                What::Assignment { value, .. } => todo.push(*value),
                _ => {}
            },
            _ => {}
        }
    }
    out
}
