//! What flow asks of one file: uses of a name that is known there, and definitions. Which file knows a name of which module is settled before.

use std::collections::{BTreeSet, HashSet};

use super::{BlockKind, Method, Outline, Part, name_hash};

/// What flow asks for of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// The blocks that define it.
    Definition,
    /// The blocks that use it, in its own file and wherever it is imported.
    Uses,
}

/// What is asked for of one file.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Hashes that make a part a use, anywhere.
    pub(super) any: HashSet<u32>,
    /// The same in statements of the module and heads of classes: `x = Class()` there is no call of a method, but a name of what has it.
    outside: HashSet<u32>,
    /// Names of the module, with a member or none.
    definitions: BTreeSet<(String, String)>,
}

impl Asked {
    /// Asks for uses of what is called `bound` in the file (a hash), or of a member of it.
    pub fn uses(&mut self, bound: u32, member: Option<&str>) {
        match member {
            // A constructor is called by the name of its class.
            None | Some("__init__") => {
                self.any.insert(bound);
            }
            Some(member) => {
                self.any.insert(name_hash(member));
                self.outside.insert(bound);
            }
        }
    }
    /// Asks for the definition of a function, class, variable, or of a member of a class (`Class.member`).
    pub fn definition(&mut self, name: &str) {
        let (head, member) = name.split_once('.').map_or((name, ""), |(head, rest)| (head, rest.split('.').next().unwrap_or_default()));
        self.definitions.insert((head.to_owned(), member.to_owned()));
    }
    /// Whether uses of anything are asked for.
    pub(super) fn has_uses(&self) -> bool {
        !(self.any.is_empty() && self.outside.is_empty())
    }
    /// Parts that use something.
    pub(super) fn using<'a>(&'a self, outline: &'a Outline) -> impl Iterator<Item = Part> + 'a {
        let parts = if self.has_uses() { outline.count() } else { 0 };
        (0..parts).filter(move |part| {
            let outside = outline.blocks.get(*part).is_some_and(|b| b.kind != BlockKind::Function);
            outline.names(*part).iter().any(|h| self.any.contains(h) || (outside && self.outside.contains(h)))
        })
    }
    /// Parts that define something.
    pub(super) fn defining(&self, outline: &Outline) -> Vec<Part> {
        let mut out = Vec::new();
        for (head, member) in &self.definitions {
            let hash = name_hash(member);
            for (i, _) in outline.blocks.iter().enumerate().filter(|(_, b)| b.defines.iter().any(|d| d == head)) {
                out.push(i);
                let is = |m: &Method| m.name == *member || m.assigns.iter().any(|a| a.name == hash);
                out.extend(outline.methods_of(i).filter(|(_, m)| is(m)).map(|m| m.0));
            }
        }
        out
    }
}
