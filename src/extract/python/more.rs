//! Parts of a file that are asked for after others: their facts come behind those that stand already, so that nothing is read twice. What a name means in them
//! is what it means in the whole file; a part that could change what names mean in others has the file read anew.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::{Scope, ScopeKind};
use super::{Lower, Unit, cut, units};
use crate::facts::{Builder, FactId, FileFacts, ValueId, What};
use crate::outline::{Outline, Part};
use crate::source::Range;

/// What the walk of a module leaves for parts that are asked for later.
#[derive(Debug, Default)]
pub struct Walked {
    scope: Option<Scope>,
    imports: BTreeMap<String, BTreeSet<String>>,
    others: BTreeSet<String>,
    definitions: BTreeSet<String>,
    aliases: BTreeMap<String, BTreeSet<String>>,
    stars: Vec<String>,
    imported: BTreeSet<ValueId>,
    early: Vec<(FactId, Vec<String>)>,
    loops: u32,
    errors_told: usize,
    limit_noted: bool,
}

/// A class of the module that stands already.
struct Shell {
    fact: FactId,
    range: Range,
    name: String,
}

impl Lower<'_, '_> {
    /// What more parts of the module build on.
    pub(super) fn walked(mut self) -> Walked {
        Walked {
            scope: self.scopes.pop(),
            imports: self.imports,
            others: self.others,
            definitions: self.definitions,
            aliases: self.aliases,
            stars: self.stars,
            imported: self.imported,
            early: self.early,
            loops: self.loops,
            errors_told: self.errors_told,
            limit_noted: self.limit_noted,
        }
    }
    /// Goes on where another walk of the module ended.
    fn go_on(&mut self, walked: Walked) {
        self.told = self.b.facts.items.len();
        self.scopes.splice(.., walked.scope);
        self.imports = walked.imports;
        self.others = walked.others;
        self.definitions = walked.definitions;
        self.aliases = walked.aliases;
        self.stars = walked.stars;
        self.imported = walked.imported;
        self.early = walked.early;
        self.loops = walked.loops;
        self.errors_told = walked.errors_told;
        self.limit_noted = walked.limit_noted;
    }
}

/// The facts of `before` with those of the parts that `after` has besides. None when all of the file has to be read: a statement of the module is among
/// them, or they tell more of what was read before.
pub fn add(facts: FileFacts, walked: Walked, bytes: &[u8], outline: &Outline, before: &[Part], after: &[Part]) -> Option<(FileFacts, Walked)> {
    let new = |part: &Part| before.binary_search(part).is_err();
    let count = outline.blocks.len();
    let blocks: Vec<usize> = after.iter().copied().take_while(|p| *p < count).filter(new).collect();
    if !blocks.iter().filter_map(|b| outline.blocks.get(*b)).all(|b| b.is_plain_function() || b.is_plain_class()) {
        return None;
    }
    let methods: Vec<Part> = after.iter().copied().skip_while(|p| *p < count).filter(new).collect();
    // Methods of classes that were read before, class by class.
    let mut classes: BTreeMap<usize, Vec<Part>> = BTreeMap::new();
    for part in &methods {
        let block = outline.method(*part)?.block;
        if blocks.binary_search(&block).is_err() {
            classes.entry(block).or_default().push(*part);
        }
    }
    let texts = units(bytes, outline, &blocks, &methods);
    let mut members: Vec<(Shell, Unit)> = Vec::new();
    for (block, parts) in &classes {
        let block = outline.blocks.get(*block)?;
        let name = block.defines.first().filter(|_| block.is_plain_class())?;
        let is_it =
            |(_, f): &(FactId, &crate::facts::Fact)| matches!(&f.what, What::Class { name: n, .. } if n == name) && f.owner == Some(FactId(0));
        let (fact, class) = facts.iter().filter(|(_, f)| block.range.contains(f.range)).find(is_it)?;
        let shell = Shell { fact, range: class.range, name: name.clone() };
        members.push((shell, Unit::new(cut::methods(bytes, outline, name, parts), Vec::new())));
    }
    let module = FactId(0);
    let mut b = Builder::resume(facts, module);
    let mut lower = Lower::new(&mut b, module, std::iter::empty());
    lower.go_on(walked);
    let names = (lower.imports.len(), lower.others.len());
    for tree in texts.iter().chain(members.iter().map(|m| &m.1)).filter_map(|u| u.tree.as_ref()) {
        lower.survey(tree.root());
    }
    if names != (lower.imports.len(), lower.others.len()) {
        return None;
    }
    for unit in &texts {
        lower.unit(unit);
    }
    for (class, unit) in &members {
        lower.members(unit, class);
    }
    let (walked, renamed) = lower.finish();
    (!renamed).then(|| (b.finish(), walked))
}

impl<'t> Lower<'t, '_> {
    /// Methods of a class that was read before.
    fn members(&mut self, unit: &'t Unit, class: &Shell) {
        let Some(root) = self.begin(unit) else { return };
        let body = root.named().into_iter().find(|n| n.kind() == "class_definition").and_then(|n| n.field("body"));
        let public = self.is_public(&class.name);
        self.b.enter(class.fact);
        self.b.open(class.range, class.name.clone(), false);
        self.push_scope(Scope::new(ScopeKind::Class, Some(class.fact), format!("{}.", class.name), public));
        if let Some(body) = body {
            self.block(body);
        }
        if let Some(scope) = self.scopes.pop() {
            self.settle(scope);
        }
        self.b.shut();
        self.b.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::python::read;
    use crate::facts::Target;
    use crate::outline::outline;

    const SOURCE: &str = r#"
import torch
from os import system as run

LOAD = torch.load
TABLE = {"a": run}


def first(path):
    """Documentation that is long enough to be left out of what is read."""
    return LOAD(path)


@torch.no_grad()
def second(x):
    TABLE["a"](x)
    return Kept(x).data


class Kept(Base):
    size = 1

    def __init__(self, path):
        self.path = path

    @property
    def data(self):
        if not self.path:
            raise ValueError
        return LOAD(self.path)

    def both(self):
        return [run(p) for p in (self.path, first(self.path))]


class Last(Kept):
    def both(self):
        return super().both()
"#;

    /// What facts say, whatever their ids and order.
    fn told(facts: &FileFacts) -> Vec<String> {
        let owner = |f: &crate::facts::Fact| f.owner.map(|o| facts.fact(o).range);
        let mut out: Vec<String> = facts
            .items
            .iter()
            .map(|f| (f, owner(f)))
            .map(|(f, o)| match &f.what {
                What::Call(c) => {
                    format!("{:?} in {o:?}: call {} ({}), under {:?}", f.range, c.name, c.args.len(), f.when.map(|c| facts.cond(c).range))
                }
                What::Assignment { target: Target::Name(n) | Target::Global(n) | Target::Attr(_, n), .. } => {
                    format!("{:?} in {o:?}: sets {n}", f.range)
                }
                What::Function { name, public, .. } => format!("{:?} in {o:?}: function {name} {public}", f.range),
                other => format!("{:?} in {o:?}: {:?}", f.range, std::mem::discriminant(other)),
            })
            .collect();
        // A `pass` that stood for methods that were not asked for is nowhere in the file.
        out.extend(facts.constructs.iter().filter(|c| !c.range.is_empty()).map(|c| format!("construct {:?} {} {}", c.range, c.name, c.ignorable)));
        out.sort();
        out.dedup();
        out
    }

    #[test]
    fn parts_that_come_later_are_read_as_if_they_had_come_at_once() {
        let bytes = SOURCE.as_bytes();
        let o = outline(bytes);
        let all = o.all();
        let whole = told(&read(bytes, &o, &all).0);
        let later = |part: &Part| o.method(*part).is_some() || o.blocks.get(*part).is_some_and(|b| b.is_plain_function() || b.is_plain_class());
        let (later, mut parts): (Vec<Part>, Vec<Part>) = all.into_iter().partition(later);
        let (mut facts, mut walked) = read(bytes, &o, &parts);
        // Last first: nothing may depend on the order in which parts are asked for.
        for part in later.into_iter().rev() {
            let mut after = parts.clone();
            after.push(part);
            after.extend(o.method(part).map(|m| m.block));
            after.sort_unstable();
            after.dedup();
            (facts, walked) = add(facts, walked, bytes, &o, &parts, &after).unwrap();
            parts = after;
        }
        assert_eq!(told(&facts), whole);
    }

    #[test]
    fn what_tells_more_of_what_was_read_has_the_file_read_again() {
        let source = "import torch\nclass K:\n    def use(self):\n        self.load(1)\n    def make(self):\n        self.load = torch.load\nX = 1\ndef g():\n    global X\n    X = 2\n";
        let o = outline(source.as_bytes());
        let method = |name: &str| o.blocks.len() + o.methods.iter().position(|m| m.name == name).unwrap();
        let before = vec![0, 1, method("use")];
        let more = |part: Part| {
            let (facts, walked) = read(source.as_bytes(), &o, &before);
            let mut after = before.clone();
            after.push(part);
            after.sort_unstable();
            add(facts, walked, source.as_bytes(), &o, &before, &after).is_some()
        };
        // The field is what the method calls; a statement of the module; a function that sets a variable of it.
        assert!(!more(method("make")) && !more(2) && !more(3));
    }
}
