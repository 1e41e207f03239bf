//! Names and what they hold at one point of the walk: layered environments that branches push and merge, loops that come back, closures that are
//! settled when their function ends. Knows no syntax.

use std::collections::{BTreeMap, BTreeSet};

use crate::cond::CondId;
use crate::facts::{FactId, ValueId};

/// A definition that can reach a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Def {
    /// A value that refers to no other definition of a name.
    Value(ValueId),
    /// Whatever a later round of this loop leaves.
    Back(u32),
}

/// More values than this are gathered into one choice.
const MANY: usize = 24;

/// One layer of names; the layers below it hold what was there before a branch began.
pub(super) type Layer = BTreeMap<String, Vec<Def>>;

/// The form of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Module,
    Class,
    Function,
    /// Comprehension: its names are seen inside it alone, assignment expressions go outwards.
    Inner,
}

/// What a branch leaves.
#[derive(Debug, Default)]
pub(super) struct Branch {
    pub layer: Layer,
    pub dead: bool,
}

/// A loop being walked.
#[derive(Debug, Default)]
pub(super) struct Loop {
    pub id: u32,
    /// Values to complete when the loop ends.
    pub waiting: Vec<(ValueId, String)>,
    /// Environments at `break` and `continue`, relative to the loop's start.
    pub breaks: Vec<Branch>,
    pub continues: Vec<Branch>,
    /// Layers open when the loop's body began.
    pub depth: usize,
}

/// One scope.
#[derive(Debug)]
pub(super) struct Scope {
    pub kind: ScopeKind,
    /// The function, class or module.
    pub owner: Option<FactId>,
    /// Qualified name, with the separator that names inside it need: empty, `Class.`, `f.<locals>.`.
    pub prefix: String,
    /// Whether functions in it can be reached from outside.
    pub public: bool,
    pub layers: Vec<Layer>,
    pub dead: bool,
    /// Every name bound anywhere in the scope.
    pub locals: BTreeSet<String>,
    pub globals: BTreeSet<String>,
    pub nonlocals: BTreeSet<String>,
    /// Every definition in order, for closures and handlers.
    pub log: Vec<(String, Def)>,
    /// The same by name.
    history: BTreeMap<String, Vec<Def>>,
    /// Values that inner functions read and that are completed when this scope ends.
    pub captured: Vec<(ValueId, String)>,
    pub loops: Vec<Loop>,
    /// What holds in the rest of a block, after a condition that goes on with the next round of a loop or ends it.
    pub skipping: Option<CondId>,
}

impl Scope {
    pub fn new(kind: ScopeKind, owner: Option<FactId>, prefix: String, public: bool) -> Self {
        Scope {
            kind,
            owner,
            prefix,
            public,
            layers: vec![Layer::new()],
            dead: false,
            locals: BTreeSet::new(),
            globals: BTreeSet::new(),
            nonlocals: BTreeSet::new(),
            log: Vec::new(),
            history: BTreeMap::new(),
            captured: Vec::new(),
            loops: Vec::new(),
            skipping: None,
        }
    }
    /// The definitions that reach here.
    pub fn get(&self, name: &str) -> Option<&[Def]> {
        self.layers.iter().rev().find_map(|l| l.get(name)).map(Vec::as_slice)
    }
    /// One definition replaces all.
    pub fn set(&mut self, name: &str, def: Def) {
        self.record(name, def);
        self.put(name, vec![def]);
    }
    pub fn put(&mut self, name: &str, defs: Vec<Def>) {
        if let Some(layer) = self.layers.last_mut() {
            layer.insert(name.to_owned(), defs);
        }
    }
    /// A definition joins those that reach here.
    pub fn join(&mut self, name: &str, def: Def) {
        let mut defs = self.get(name).map(<[Def]>::to_vec).unwrap_or_default();
        if !defs.contains(&def) {
            defs.push(def);
        }
        self.put(name, defs);
    }
    /// All definitions of a name that were ever made here.
    pub fn all(&self, name: &str) -> &[Def] {
        self.history.get(name).map(Vec::as_slice).unwrap_or_default()
    }
    /// Remembers a definition without making it the one that reaches here.
    pub fn record(&mut self, name: &str, def: Def) {
        self.log.push((name.to_owned(), def));
        let all = self.history.entry(name.to_owned()).or_default();
        // More than this are not told apart where all count.
        if all.len() < 64 {
            all.push(def);
        }
    }
    /// The value of a name changed in place: where nothing branched it was never anything else.
    pub fn replace(&mut self, name: &str, before: &[Def], after: Vec<Def>) {
        let straight = self.layers.len() == 1;
        for (old, new) in before.iter().zip(&after).filter(|(old, new)| old != new) {
            let known = self.history.get_mut(name).and_then(|all| all.iter_mut().find(|d| *d == old));
            match known.filter(|_| straight) {
                Some(known) => *known = *new,
                None => self.record(name, *new),
            }
        }
        self.put(name, after);
    }
    /// Begins a branch.
    pub fn push(&mut self) {
        self.layers.push(Layer::new());
    }
    /// Ends a branch and says what it leaves.
    pub fn pop(&mut self) -> Branch {
        let layer = if self.layers.len() > 1 { self.layers.pop().unwrap_or_default() } else { Layer::new() };
        Branch { layer, dead: std::mem::take(&mut self.dead) }
    }
    /// Continues with whatever one of the branches leaves. If none is left alive, what follows is dead, but is still read.
    /// Returns the names that more than `MANY` values reach now.
    pub fn merge(&mut self, branches: Vec<Branch>) -> Vec<String> {
        let dead = branches.iter().all(|b| b.dead) && !branches.is_empty();
        let alive: Vec<&Branch> = branches.iter().filter(|b| dead || !b.dead).collect();
        let names: BTreeSet<&String> = alive.iter().flat_map(|b| b.layer.keys()).collect();
        let mut merged: Vec<(String, Vec<Def>)> = Vec::new();
        for name in names {
            let mut defs: Vec<Def> = Vec::new();
            for branch in &alive {
                let from = branch.layer.get(name).map(Vec::as_slice).or_else(|| self.get(name)).unwrap_or_default();
                for def in from {
                    if !defs.contains(def) {
                        defs.push(*def);
                    }
                }
            }
            merged.push((name.clone(), defs));
        }
        let mut many = Vec::new();
        for (name, defs) in merged {
            if defs.len() > MANY {
                many.push(name.clone());
            }
            self.put(&name, defs);
        }
        self.dead = dead;
        many
    }
    /// What differs from the state when `depth` layers were open: for `break` and `continue`.
    pub fn since(&self, depth: usize) -> Branch {
        let mut layer = Layer::new();
        for l in self.layers.iter().skip(depth) {
            for (name, defs) in l {
                layer.insert(name.clone(), defs.clone());
            }
        }
        Branch { layer, dead: false }
    }
}
