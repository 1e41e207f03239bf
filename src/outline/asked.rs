//! What flow asks of one file: uses of a name that is known there, and definitions. Which file knows a name of which module is settled before.

use std::collections::{BTreeSet, HashSet};

use super::wanted::{Taken, seen_in, taken_from};
use super::{BlockKind, Method, Outline, Part, name_hash};

/// What flow asks for of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// The blocks that define it.
    Definition,
    /// The blocks that use it, in its own file and wherever it is imported.
    Uses,
    /// The blocks that may call a method (`Class.method`): on objects of the class, and of all that inherits it.
    Calls,
}

/// What is asked for of one file.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Names that make a part a use, however they stand there.
    names: HashSet<u32>,
    /// Names of methods and fields, which are taken from something, or named in text.
    members: HashSet<u32>,
    /// Names of classes of which methods are asked for, in statements of the module: `app.add(Handler())` there calls none, but hands on what has it.
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
                self.names.insert(bound);
            }
            Some(member) => {
                self.member(member);
                self.outside.insert(bound);
            }
        }
    }
    /// Asks for whatever takes a member of that name from something.
    pub fn member(&mut self, name: &str) {
        self.members.insert(name_hash(name));
    }
    /// Asks for the definition of a function, class, variable, or of a member of a class (`Class.member`).
    pub fn definition(&mut self, name: &str) {
        let (head, member) = name.split_once('.').map_or((name, ""), |(head, rest)| (head, rest.split('.').next().unwrap_or_default()));
        self.definitions.insert((head.to_owned(), member.to_owned()));
    }
    /// Whether uses of anything are asked for.
    pub(super) fn has_uses(&self) -> bool {
        !(self.names.is_empty() && self.members.is_empty() && self.outside.is_empty())
    }
    /// Whether uses of a name are asked for.
    pub(super) fn wants(&self, name: u32) -> bool {
        self.names.contains(&name) || self.members.contains(&name)
    }
    /// Parts that use something.
    pub(super) fn using<'a>(&'a self, outline: &'a Outline, bytes: &'a [u8]) -> impl Iterator<Item = Part> + 'a {
        let parts = if self.has_uses() { outline.count() } else { 0 };
        (0..parts).filter(move |part| {
            let mentions = |set: &HashSet<u32>| outline.names(*part).iter().any(|h| set.contains(h));
            let outside = outline.blocks.get(*part).is_some_and(|b| matches!(b.kind, BlockKind::Assign | BlockKind::Compound | BlockKind::Statement));
            (outside && mentions(&self.outside))
                || (mentions(&self.names) && !self.only_hands_on(outline, bytes, *part))
                || (mentions(&self.members) && self.takes(outline, bytes, *part))
        })
    }
    /// Whether a part only imports what is asked for, or names it as a base of a class: whoever uses that is asked for on its own.
    fn only_hands_on(&self, outline: &Outline, bytes: &[u8], part: Part) -> bool {
        let block = match outline.blocks.get(part) {
            Some(block) if block.kind == BlockKind::Import => return true,
            Some(block) if block.kind == BlockKind::Class => block,
            _ => return false,
        };
        let named = |segment: &str| self.names.contains(&name_hash(segment));
        let as_base = block.bases.iter().flat_map(|b| b.split('.')).filter(|s| named(s)).count();
        as_base > 0 && seen_in(outline, bytes, part).iter().filter(|s| self.names.contains(&s.hash)).count() <= as_base
    }
    /// Whether a part takes a member from something: a variable of that name is none, nor is the method itself.
    fn takes(&self, outline: &Outline, bytes: &[u8], part: Part) -> bool {
        let seen = seen_in(outline, bytes, part);
        let wanted = |i: &usize| seen.get(*i).is_some_and(|s| self.members.contains(&s.hash));
        (0..seen.len()).filter(wanted).any(|i| seen.get(i).is_some_and(|s| s.quoted) || taken_from(bytes, &seen, i) != Taken::Free)
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
