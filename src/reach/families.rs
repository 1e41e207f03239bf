//! Families of gates, as rows name them: what a check has to look like to hold an outsider back, and which files have anything that could be one. Knows rows
//! and facts, no condition and no job.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::catalog::Catalog;
use crate::catalog::row::{Effect, Subject};
use crate::facts::{Expr, ExprWhat, FileFacts, V, What};
use crate::finding::Location;
use crate::origin::Who;
use crate::reach::{Gate, State};
use crate::source::FileId;

/// All families of a catalogue, and what is known of the files of a tree.
#[derive(Debug, Default)]
pub struct Families {
    /// In catalogue order.
    pub all: Vec<Family>,
    /// For each file: places in `all` of those that something in it could be a check of.
    asked: Vec<OnceLock<Vec<usize>>>,
}

impl Families {
    /// The families of these rows, for a tree of so many files.
    pub fn new(catalog: &Catalog, files: usize) -> Families {
        let mut all = Vec::new();
        for (_, row) in catalog.of_kind("gate") {
            let Subject::Gate(name) = &row.subject else { continue };
            for effect in &row.effects {
                if let Effect::Caps { start, code, text, residual, by, values, texts, types } = effect {
                    let (name, residual, by) = (name.clone(), residual.clone(), by.clone());
                    let (values, texts, types) = (values.clone(), texts.clone(), types.clone());
                    all.push(Family { name, start: *start, code: *code, text: *text, residual, by, values, texts, types });
                }
            }
        }
        Families { all, asked: (0..files).map(|_| OnceLock::new()).collect() }
    }

    /// Places of the families that something in a file could be a check of, in order. All others say the same of whatever stands there.
    pub fn in_file(&self, facts: &FileFacts, file: FileId) -> &[usize] {
        self.asked.get(file.0 as usize).map_or(&[], |kept| kept.get_or_init(|| self.met(facts)))
    }

    fn met(&self, facts: &FileFacts) -> Vec<usize> {
        let mut contexts = BTreeSet::new();
        facts.values.iter().filter_map(|v| if let V::Expr(e) = &v.what { Some(e) } else { None }).for_each(|e| named(e, &mut contexts));
        let (mut methods, mut actions, mut scripts, mut environment) = (BTreeSet::new(), BTreeSet::new(), Vec::new(), false);
        for (_, fact) in facts.iter() {
            match &fact.what {
                What::Call(call) if call.is_javascript() => {
                    methods.insert(call.name.rsplit('.').next().unwrap_or_default());
                }
                What::Uses { target, .. } => actions.extend(facts.literal(*target).map(|t| t.split('@').next().unwrap_or_default().to_owned())),
                What::Script { text, .. } => scripts.extend(facts.literal_parts(*text)),
                What::Job { environment: Some(_), .. } => environment = true,
                _ => {}
            }
        }
        let is_met = |family: &Family| {
            let by = |name: &str| family.by.iter().any(|b| like(b, name));
            (environment && family.by.iter().any(|b| b == "environment"))
                || contexts.iter().chain(&methods).any(|name| by(name))
                || actions.iter().any(|action| by(action))
                || scripts.iter().any(|text| mentions(family, text))
        };
        (0..).zip(&self.all).filter(|(_, family)| is_met(family)).map(|(i, _)| i).collect()
    }
}

/// The contexts that an expression names.
fn named<'e>(expr: &'e Expr, out: &mut BTreeSet<&'e str>) {
    match &expr.what {
        ExprWhat::Context(path) => {
            out.insert(path);
        }
        ExprWhat::Call(_, args) => args.iter().for_each(|a| named(a, out)),
        ExprWhat::Not(inner) => named(inner, out),
        ExprWhat::Binary(_, a, b) | ExprWhat::Index(a, b) => {
            named(a, out);
            named(b, out);
        }
        _ => {}
    }
}

/// A family of gates, from its row.
#[derive(Clone, Debug)]
pub struct Family {
    /// Name.
    pub name: String,
    pub(super) start: Option<Who>,
    pub(super) code: Option<Who>,
    pub(super) text: Option<Who>,
    pub(super) residual: String,
    pub(super) by: Vec<String>,
    pub(super) values: Vec<String>,
    pub(super) texts: Vec<String>,
    pub(super) types: Vec<String>,
}

impl Family {
    /// Whether an action at a version is this family (its row names both).
    pub fn names(&self, action: &str, version: &str) -> bool {
        self.by.iter().any(|b| b.eq_ignore_ascii_case(action)) && self.values.iter().any(|v| like(v, version))
    }
    /// Whether a check of this family says that somebody acted in this state. A label that was set once is still there when its run starts by a push.
    pub fn acts_in(&self, state: &State) -> bool {
        self.types.is_empty() || self.types.contains(&state.activity)
    }
    /// Whether a comparison of a context with a literal is a check of this family that the literal passes.
    pub fn passes(&self, context: &str, literal: &str) -> bool {
        self.by.iter().any(|b| like(b, context)) && (self.values.is_empty() || self.values.iter().any(|v| like(v, literal)))
    }
    /// Whether it caps anything.
    pub fn holds_back(&self) -> bool {
        self.start.is_some() || self.code.is_some()
    }
    /// The gate at a place.
    pub fn gate(&self, at: Location) -> Gate {
        Gate {
            family: self.name.clone(),
            start: self.start,
            code: self.code,
            text: self.text,
            texts: self.texts.clone(),
            residual: self.residual.clone(),
            at,
        }
    }
    /// The gate at a place in a state. A check that somebody passed earlier leaves an outsider who got somebody to do so once.
    pub fn gate_in(&self, state: &State, at: Location) -> Gate {
        let gate = self.gate(at);
        if self.acts_in(state) { gate } else { Gate { start: gate.start.map(|who| who.max(Who::Peer)), code: None, text: None, ..gate } }
    }
}

/// Whether a text calls what a family goes by.
pub(super) fn mentions(family: &Family, text: &str) -> bool {
    family.by.iter().any(|b| {
        let mut rest = text;
        // A command pattern: its pieces in order. A plain word: as it stands.
        (b.contains(' ') || b.chars().all(char::is_alphanumeric))
            && b.split('*').all(|piece| match rest.split_once(piece) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            })
    })
}

/// An anchored glob over contexts and literals, letter case apart.
pub fn like(pattern: &str, text: &str) -> bool {
    let mut rest = text.bytes();
    // Most are plain, and most of the others differ where they begin.
    for b in pattern.bytes() {
        if matches!(b, b'*' | b'?' | b'[') {
            return crate::catalog::glob::text(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase());
        }
        if !rest.next().is_some_and(|t| t.eq_ignore_ascii_case(&b)) {
            return false;
        }
    }
    rest.next().is_none()
}
