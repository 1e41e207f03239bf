//! Python to facts: modules, functions, calls with qualified names, assignments with what reaches them, checks and entries. Knows no row: a call is
//! a call, whatever its name.
//!
//! The walk follows control flow once: names hold the definitions that reach a point, branches merge, loops and closures leave values that are
//! completed when the loop or function ends (a value may so lead back to itself, always through a [`crate::facts::V::Ref`]).

mod bind;
mod call;
mod collect;
mod cond;
mod control;
mod cut;
mod define;
mod expr;
mod more;
mod names;
mod scope;
mod stmt;
mod strings;
mod text;

use std::collections::{BTreeMap, BTreeSet};

pub use more::{Walked, add};

use crate::extract::Hole;
use crate::facts::{Builder, Fact, FactId, FileFacts, Language, V, ValueId, What};
use crate::notice::NoticeKind;
use crate::outline::{Outline, Part};
use crate::source::Range;
use crate::syntax::python::{Node, Tree, parse};
use crate::text::Text;
use scope::{Scope, ScopeKind};

/// Nesting of expressions that is followed at once; what is deeper is read after its statement.
const EXPRESSION_DEPTH: usize = 60;
/// CPython refuses deeper indentation.
const STATEMENT_DEPTH: usize = 100;

/// The facts of the chosen parts of a file, ascending. A part not chosen has no facts.
pub fn module(bytes: &[u8], outline: &Outline, parts: &[Part]) -> FileFacts {
    read(bytes, outline, parts).0
}

/// The same with what is kept for parts that are asked for later: [`add`].
pub fn read(bytes: &[u8], outline: &Outline, parts: &[Part]) -> (FileFacts, Walked) {
    let count = outline.blocks.len();
    let blocks: Vec<usize> = parts.iter().copied().take_while(|p| *p < count).collect();
    let texts = units(bytes, outline, &blocks, parts.get(blocks.len()..).unwrap_or_default());
    let mut b = Builder::default();
    b.facts.notices.extend(outline.notices.iter().cloned());
    let whole = Range::new(0, bytes.len());
    let module = b.add(whole, What::Module { language: Language::Python });
    b.enter(module);
    b.open(whole, "", false);
    // A comment may stand in a part that nobody asked for.
    crate::extract::ignores::hash_comments(bytes, &mut b.facts);
    let mut lower = Lower::new(&mut b, module, &texts);
    lower.comments_are_read = true;
    // What a name means does not depend on what was asked for.
    for block in outline.blocks.iter().filter(|b| b.is_plain_function() || b.is_plain_class()) {
        lower.others.extend(block.defines.iter().cloned());
        lower.definitions.extend(block.defines.iter().cloned());
    }
    for unit in &texts {
        lower.unit(unit);
    }
    let (walked, _) = lower.finish();
    b.shut();
    b.leave();
    (b.finish(), walked)
}

/// The texts of blocks, with those of their methods that were chosen.
fn units(bytes: &[u8], outline: &Outline, blocks: &[usize], methods: &[Part]) -> Vec<Unit> {
    let mut texts = Vec::new();
    let mut at = 0;
    while let Some(first) = blocks.get(at).and_then(|b| outline.blocks.get(*b)) {
        // Neighbouring blocks are parsed together.
        let mut end = first.range.end;
        let mut next = at + 1;
        while let Some(block) = blocks.get(next).and_then(|b| outline.blocks.get(*b)).filter(|b| b.range.start == end) {
            end = block.range.end;
            next += 1;
        }
        let run = blocks.get(at..next).unwrap_or_default();
        let unit = Unit::new(cut::text(bytes, outline, run, methods), Vec::new());
        let split = next - at > 1 && unit.tree.as_ref().is_none_or(|t| t.root().broken());
        if split {
            // One block that is not Python must not take its neighbours along.
            texts.extend(run.chunks(1).map(|block| Unit::new(cut::text(bytes, outline, block, methods), Vec::new())));
        } else {
            texts.push(unit);
        }
        at = next;
    }
    texts
}

/// The facts of a file of which no part was chosen: that it is there, so that what runs or imports it has a target.
pub fn unread(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    b.add(Range::new(0, bytes.len()), What::Module { language: Language::Python });
    crate::extract::ignores::hash_comments(bytes, &mut b.facts);
    b.finish()
}

/// The facts of a text that is Python (`python -c`, a heredoc, a literal given to `exec`), under the current owner. Returns its Module fact.
pub fn snippet(text: &Text, holes: &[Hole], b: &mut Builder) -> FactId {
    let module = b.add(text.whole(), What::Module { language: Language::Python });
    let units = [Unit::new(text.clone(), holes.iter().map(|h| Stop { start: h.start, end: h.end, what: StopWhat::Value(h.value) }).collect())];
    let around = imports_around(b);
    b.enter(module);
    let mut lower = Lower::new(b, module, &units);
    // What the module around it imports, code given to `exec` can name.
    for (alias, qualified) in around {
        lower.imports.entry(alias).or_default().insert(qualified);
    }
    for unit in &units {
        lower.unit(unit);
    }
    lower.finish();
    b.leave();
    module
}

/// Names imported by the module that the walk stands in, with what they stand for.
fn imports_around(b: &Builder) -> Vec<(String, String)> {
    let Some(owner) = b.owner() else { return Vec::new() };
    let is_module = |id: FactId| matches!(b.facts.fact(id).what, What::Module { .. });
    let Some(module) = std::iter::once(owner).chain(b.facts.owners(owner).map(|o| o.0)).find(|o| is_module(*o)) else { return Vec::new() };
    let mut out = Vec::new();
    for (id, fact) in b.facts.iter().skip(module.0 as usize) {
        let What::Import { module: from, name, alias, level } = &fact.what else { continue };
        if alias != "*" && b.facts.owners(id).find(|o| is_module(o.0)).is_some_and(|o| o.0 == module) {
            out.push((alias.clone(), bind::qualified(from, name.as_deref(), alias, *level)));
        }
    }
    out
}

/// A stretch that is not Python and stands as an identifier.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    pub start: usize,
    pub end: usize,
    pub what: StopWhat,
}

/// What a [`Stop`] is.
#[derive(Clone, Debug)]
pub(super) enum StopWhat {
    /// A value that is already there.
    Value(ValueId),
    /// A shell script, read when the walk comes to it.
    Shell(Text),
    /// A change of the working directory.
    Directory(Text),
    /// An environment variable is set: name, value.
    Env(String, Text),
    /// Nothing that matters.
    Nothing,
    /// Words before a statement; they are blanked so that the statement stays.
    Prefix,
}

/// A text that is parsed on its own and shares its scope with the others of its module.
pub(super) struct Unit {
    pub text: Text,
    pub tree: Option<Tree>,
    pub stops: BTreeMap<usize, Stop>,
}

impl Unit {
    /// Parses `text`, its stops masked.
    pub fn new(text: Text, stops: Vec<Stop>) -> Unit {
        let text = if stops.is_empty() { text } else { text.masked(|s| mask(s, &stops)).unwrap_or(text) };
        let tree = parse(text.as_str());
        Unit { text, tree, stops: stops.into_iter().map(|s| (s.start, s)).collect() }
    }
}

fn mask(source: &str, stops: &[Stop]) -> String {
    let mut bytes = source.as_bytes().to_vec();
    for stop in stops {
        let end = stop.end.min(bytes.len());
        if let Some(stretch) = bytes.get_mut(stop.start.min(end)..end) {
            if matches!(stop.what, StopWhat::Prefix) {
                // `%time x` becomes `0;    x`.
                stretch.fill(b' ');
                for (slot, b) in stretch.iter_mut().zip(*b"0;") {
                    *slot = b;
                }
            } else {
                stretch.fill(b'_');
            }
        }
    }
    // Only whole characters are replaced when the stops are on character boundaries; if not, the text stays as it is.
    String::from_utf8(bytes).unwrap_or_else(|_| source.to_owned())
}

/// The state of the walk.
pub(super) struct Lower<'t, 'b> {
    pub b: &'b mut Builder,
    pub unit: Option<&'t Unit>,
    scopes: Vec<Scope>,
    /// The scope that holds module-level names; scopes of functions look there last.
    pub imports: BTreeMap<String, BTreeSet<String>>,
    /// Names the module binds in another way than by import.
    pub others: BTreeSet<String>,
    /// Functions and classes of the module's top level.
    pub definitions: BTreeSet<String>,
    /// Module-level names that stand for a qualified name: `L = torch.load`.
    pub aliases: BTreeMap<String, BTreeSet<String>>,
    /// Modules of `from m import *`.
    pub stars: Vec<String>,
    /// Values that stand for an imported thing, so that attributes extend the name.
    pub imported: BTreeSet<ValueId>,
    /// Calls in functions, with names that facts of their own have: named again when more is known.
    pub early: Vec<(FactId, Vec<String>)>,
    /// Facts before this one were told when the module was read before.
    pub told: usize,
    pub depth: usize,
    pub statements: usize,
    pub deferred: Vec<(Node<'t>, ValueId)>,
    pub loops: u32,
    pub limit_noted: bool,
    pub errors_told: usize,
    /// Stops of this unit that the walk has come to.
    pub stopped: BTreeSet<usize>,
    /// The directory that a notebook has changed to.
    pub cwd: Option<ValueId>,
    /// Whether ignore comments are read already, of the file as a whole.
    pub comments_are_read: bool,
}

impl<'t, 'b> Lower<'t, 'b> {
    pub fn new(b: &'b mut Builder, module: FactId, units: impl IntoIterator<Item = &'t Unit>) -> Self {
        let mut lower = Lower {
            b,
            unit: None,
            scopes: vec![Scope::new(ScopeKind::Module, Some(module), String::new(), true)],
            imports: BTreeMap::new(),
            others: BTreeSet::new(),
            definitions: BTreeSet::new(),
            aliases: BTreeMap::new(),
            stars: Vec::new(),
            imported: BTreeSet::new(),
            early: Vec::new(),
            told: 0,
            depth: 0,
            statements: 0,
            deferred: Vec::new(),
            loops: 0,
            limit_noted: false,
            errors_told: 0,
            stopped: BTreeSet::new(),
            cwd: None,
            comments_are_read: false,
        };
        for tree in units.into_iter().filter_map(|u| u.tree.as_ref()) {
            lower.survey(tree.root());
        }
        lower
    }

    /// Comes to a unit: tells of what it is not understood of, and gives its root.
    fn begin(&mut self, unit: &'t Unit) -> Option<Node<'t>> {
        self.unit = Some(unit);
        self.comments(unit);
        let Some(tree) = &unit.tree else {
            let range = unit.text.whole();
            self.b.notice(range, NoticeKind::Limit, "too involved to parse: not read");
            return None;
        };
        let root = tree.root();
        if root.broken() {
            // A file that is no Python at all is told so a few times, not at every line.
            let left = 3_usize.saturating_sub(self.errors_told);
            for error in root.errors(left) {
                self.errors_told += 1;
                let range = self.range(error);
                self.b.notice(range, NoticeKind::PartlyUnderstood, "not understood as Python here; the rest is read");
            }
        }
        self.stopped.clear();
        Some(root)
    }

    /// Walks one unit in the module's scope.
    pub fn unit(&mut self, unit: &'t Unit) {
        let Some(root) = self.begin(unit) else { return };
        self.block(root);
        // Commands in what the grammar lost.
        for stop in unit.stops.values() {
            if !self.stopped.contains(&stop.start) && !matches!(stop.what, StopWhat::Value(_)) {
                self.stopped_at(stop);
            }
        }
    }

    /// Completes what closures left open. Gives what more parts of the module build on, and whether a fact that stood before `first` is told anew.
    pub fn finish(mut self) -> (Walked, bool) {
        let renamed = self.name_again();
        while self.scopes.len() > 1 {
            if let Some(scope) = self.scopes.pop() {
                self.settle(scope);
            }
        }
        (self.walked(), renamed)
    }

    pub fn range(&self, node: Node<'t>) -> Range {
        self.span(node.start(), node.end())
    }
    pub fn span(&self, start: usize, end: usize) -> Range {
        self.unit.map_or(Range::default(), |u| u.text.range(start, end))
    }
    pub fn add(&mut self, range: Range, what: What) -> FactId {
        self.b.add(range, what)
    }
    pub fn fact(&self, id: FactId) -> &Fact {
        self.b.facts.fact(id)
    }
    pub fn value(&mut self, range: Range, what: V) -> ValueId {
        self.b.value(range, what)
    }
    pub fn unknown(&mut self, node: Node<'t>, parts: Vec<ValueId>) -> ValueId {
        let range = self.range(node);
        self.value(range, V::Unknown(parts))
    }
    fn scope(&mut self) -> &mut Scope {
        // The module's scope is only popped by `finish`.
        if self.scopes.is_empty() {
            self.scopes.push(Scope::new(ScopeKind::Module, None, String::new(), true));
        }
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    /// Ignore comments, where they are not read from the file as a whole.
    fn comments(&mut self, unit: &'t Unit) {
        let Some(tree) = unit.tree.as_ref() else { return };
        if self.comments_are_read || !unit.text.as_str().contains("pipevet:") {
            return;
        }
        let mut stack = vec![tree.root()];
        while let Some(node) = stack.pop() {
            if node.is_comment() {
                let range = self.range(node);
                crate::extract::ignores::record(node.text(), range, &mut self.b.facts);
            } else {
                stack.extend(node.children().into_iter().rev());
            }
        }
    }
}

#[cfg(test)]
mod hidden_tests;
#[cfg(test)]
mod tests;
