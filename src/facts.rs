//! The vocabulary: what a file contains, about form alone. Owned, ordered, serialisable; the waist of the program.
//!
//! Nothing here carries a judgement, and nothing is dropped because no row names it. All ranges are bytes of the original file, however deep the
//! text was embedded. Extraction fills these types from syntax and platform protocol alone; what a *row* says about a command, call or action is
//! added by `catalog::classify`.

mod build;
mod code;
mod value;
mod what;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use build::Builder;
pub use code::{Arg, ArgName, Call, Command, Param, ParamKind, Requirement, RequirementFrom, Stdin, Target, Word, WordPart};
pub use value::{Expr, ExprWhat, V, Value};
pub use what::{CellKind, Channel, EntryKind, ImageRole, Language, Level, OnFail, TemplateKind, What};

use crate::cond::{Cond, CondId};
use crate::notice::LocalNotice;
use crate::source::Range;

/// Index of a fact in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FactId(pub u32);

/// Index of a value in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ValueId(pub u32);

/// Everything a file says. Ranges are file-local, there is no path and no file id: a rename is a cache hit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Facts; an owner comes before what it owns.
    pub items: Vec<Fact>,
    /// Conditions.
    pub conds: Vec<Cond>,
    /// Values.
    pub values: Vec<Value>,
    /// Named enclosing things, for ignores and fingerprints.
    pub constructs: Vec<Construct>,
    /// Ignore comments.
    pub ignores: Vec<Ignore>,
    /// What was not understood.
    pub notices: Vec<LocalNotice>,
    /// Values inside words, sorted: filled by `catalog::unwrap`, because only rows know which options take a value.
    pub tails: Vec<Tail>,
}

/// What follows `=` or the letter of a short option in a word of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tail {
    /// The command.
    pub command: FactId,
    /// Index of the word.
    pub word: u32,
    /// Decoded bytes of the word before the value.
    pub skip: u32,
    /// The value.
    pub value: ValueId,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// What it stands in: step -> job -> workflow; call -> function -> class -> module.
    pub owner: Option<FactId>,
    /// Source order inside the owner: steps, cells, statements.
    pub order: u32,
    /// The innermost enclosing condition (conjunctions are built by [`Builder::under`]).
    pub when: Option<CondId>,
    /// The `try` (a [`What::Try`]) whose `except` or `else` this stands in.
    pub handler: Option<FactId>,
    /// Where it was read.
    pub range: Range,
    /// What it is.
    pub what: What,
}

/// A named enclosing thing. Ignores cover one; fingerprints hash the chain of names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Construct {
    /// What it covers.
    pub range: Range,
    /// The name that survives edits: job id; step id, else name, else uses or first command; qualified function; cell id, else hash of its first line.
    pub name: String,
    /// The enclosing construct.
    pub parent: Option<u32>,
    /// Whether an ignore comment in or above it covers all of it (steps, instructions, statements, cells), or it only names (workflows, classes).
    pub ignorable: bool,
}

/// An ignore comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignore {
    /// The comment.
    pub range: Range,
    /// Rule ids.
    pub rules: Vec<String>,
    /// The reason given.
    pub reason: String,
}

impl FileFacts {
    /// Gives back the room that is left to grow: facts are kept long.
    pub fn shrink(&mut self) {
        self.items.shrink_to_fit();
        self.values.shrink_to_fit();
        self.conds.shrink_to_fit();
        self.constructs.shrink_to_fit();
    }
    /// A fact.
    pub fn fact(&self, id: FactId) -> &Fact {
        &self.items[id.0 as usize]
    }
    /// A value.
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0 as usize]
    }
    /// A condition.
    pub fn cond(&self, id: CondId) -> &Cond {
        &self.conds[id.0 as usize]
    }
    /// The condition that a value is: a comparison or a negation that is handed on.
    pub fn test(&self, id: ValueId) -> Option<CondId> {
        let range = self.value(id).range;
        self.conds.iter().position(|c| c.range == range).and_then(|i| u32::try_from(i).ok()).map(CondId)
    }
    /// All facts with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FactId, &Fact)> {
        self.items.iter().enumerate().map(|(i, f)| (FactId(u32::try_from(i).unwrap_or(u32::MAX)), f))
    }
    /// The owners of a fact, innermost first.
    pub fn owners(&self, id: FactId) -> impl Iterator<Item = (FactId, &Fact)> {
        let mut at = self.fact(id).owner;
        std::iter::from_fn(move || {
            let id = at?;
            let fact = self.fact(id);
            at = fact.owner;
            Some((id, fact))
        })
    }
    /// The literal text of a value: a string, or a join whose parts are all literal.
    pub fn literal(&self, id: ValueId) -> Option<String> {
        match &self.value(id).what {
            V::Str(t) => Some(t.as_str().to_owned()),
            V::Num(n) => Some(n.clone()),
            V::Bool(b) => Some(b.to_string()),
            V::Join(parts) => parts.iter().map(|p| self.literal(*p)).collect(),
            _ => None,
        }
    }
    /// The literal parts of a text, one after the other; none of what is no text.
    pub fn literal_parts(&self, id: ValueId) -> Option<String> {
        match &self.value(id).what {
            V::Str(text) => Some(text.as_str().to_owned()),
            V::Join(parts) => Some(parts.iter().filter_map(|p| self.literal_parts(*p)).collect()),
            _ => None,
        }
    }
    /// The literal text of a whole word.
    pub fn word(&self, word: &Word) -> Option<String> {
        self.spelled(word).map(Cow::into_owned)
    }
    /// The same, as it stands in the facts where it is in one piece.
    pub fn spelled(&self, word: &Word) -> Option<Cow<'_, str>> {
        if let [one] = word.parts.as_slice()
            && let V::Str(text) = &self.value(one.value).what
        {
            return Some(Cow::Borrowed(text.as_str()));
        }
        word.parts.iter().map(|p| self.literal(p.value)).collect::<Option<String>>().map(Cow::Owned)
    }
    /// The words of a command as text for people; what is not literal is shown as `…`.
    pub fn word_text(&self, id: FactId) -> String {
        match &self.fact(id).what {
            What::Command(c) => c.words.iter().map(|w| self.word(w).unwrap_or_else(|| "…".to_owned())).collect::<Vec<_>>().join(" "),
            _ => String::new(),
        }
    }
    /// The name or path of a command's program, as far as it is literal: a variable in it may be empty (`curl$X`), and of a path below something computed
    /// (`"$VENV/bin/pip"`) the last segments are what rows name.
    pub fn program(&self, command: &Command) -> Option<String> {
        let word = command.words.first()?;
        let literal: String = word.parts.iter().filter_map(|p| self.literal(p.value)).collect();
        (!literal.is_empty()).then_some(literal)
    }
    /// The innermost construct that covers a range.
    pub fn construct_at(&self, range: Range) -> Option<u32> {
        let mut best: Option<(usize, u32)> = None;
        for (i, c) in self.constructs.iter().enumerate() {
            if c.range.contains(range) && best.is_none_or(|(len, _)| c.range.len() <= len) {
                best = Some((c.range.len(), u32::try_from(i).unwrap_or(u32::MAX)));
            }
        }
        best.map(|(_, i)| i)
    }
}
