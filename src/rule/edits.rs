//! The `edit:` of a page: what kind of edit removes its findings. Names of calls and of the environment stand in the page, of arguments in the row.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::fields::{Fault, Fields, Read, Value, one_of, pairs, text, texts, truth};
use crate::finding::Safety;

/// One way to remove the findings of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditRule {
    /// What is edited.
    pub kind: EditKind,
    /// Whether it may be done unseen.
    pub safety: Safety,
    /// What is left for a person to do; may be empty.
    pub note: String,
    /// Names: of a program that has one of them this edit is none, and the next one counts.
    pub unless: Vec<String>,
    /// When an unsafe edit is safe all the same.
    pub safe_when: Option<SafeWhen>,
}

/// What makes an unsafe edit of a call's argument safe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeWhen {
    /// The versions that the project takes have the safe value by default.
    pub default: bool,
    /// What the program loads is the state of its own models.
    pub states: Option<States>,
}

/// How programs keep the state of models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct States {
    /// Qualified names of calls that write something to a path.
    pub writers: Vec<String>,
    /// The argument of theirs that is written.
    pub what: Vec<ArgumentName>,
    /// The argument that says where to.
    pub to: Vec<ArgumentName>,
    /// Methods that give a state.
    pub givers: Vec<String>,
}

/// Kinds of edits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EditKind {
    /// Another function is called.
    CallRenamed {
        /// Qualified name -> name of the function beside it.
        names: BTreeMap<String, String>,
        /// Arguments that it does not take.
        drop: Vec<ArgumentName>,
    },
    /// The argument that the row calls its flag goes; without it the call is safe.
    ArgumentDropped,
    /// The argument that the row calls its flag is given its safe value.
    ArgumentSet,
    /// The output of a cell that holds the finding goes.
    OutputCleared,
    /// A literal is read from the environment.
    LiteralToEnvironment {
        /// The module that has the environment.
        module: String,
        /// Its table: `os.environ`.
        table: String,
        /// Calls that look a variable up and take what to give when there is none: `os.getenv`.
        lookups: Vec<String>,
        /// Calls that set a variable: name, then value.
        setters: Vec<String>,
    },
}

impl EditKind {
    /// Whether the call is edited in which a finding lies.
    pub fn is_of_calls(&self) -> bool {
        matches!(self, EditKind::CallRenamed { .. } | EditKind::ArgumentDropped | EditKind::ArgumentSet)
    }
}

/// An argument of a call, by position or by keyword.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArgumentName {
    /// By position, from 0.
    Position(usize),
    /// By keyword.
    Keyword(String),
}

#[derive(Clone, Copy)]
enum Kind {
    Renamed,
    Dropped,
    Set,
    Cleared,
    Environment,
}

const KINDS: [(&str, Kind); 5] = [
    ("call-renamed", Kind::Renamed),
    ("argument-dropped", Kind::Dropped),
    ("argument-set", Kind::Set),
    ("output-cleared", Kind::Cleared),
    ("literal-to-environment", Kind::Environment),
];
const SAFETIES: [(&str, Safety); 2] = [("safe", Safety::Safe), ("unsafe", Safety::Unsafe)];

/// Reads one entry of `edit:`.
pub fn edit(value: &Value) -> Read<EditRule> {
    let f = Fields::of(value, "`edit`")?;
    let safety = f.need("safety", |v| one_of(v, &SAFETIES))?;
    let note = f.read("note", text)?.unwrap_or_default();
    let unless = f.read("unless", texts)?.unwrap_or_default();
    let safe_when = f.read("safe-when", safe_when)?;
    let kind = match f.need("kind", |v| one_of(v, &KINDS))? {
        Kind::Renamed => EditKind::CallRenamed {
            names: f.need("names", names)?,
            drop: f.read("drop", texts)?.unwrap_or_default().into_iter().map(argument).collect(),
        },
        Kind::Dropped => EditKind::ArgumentDropped,
        Kind::Set => EditKind::ArgumentSet,
        Kind::Cleared => EditKind::OutputCleared,
        Kind::Environment => {
            let table = f.need("table", text)?;
            let module = table.split('.').next().unwrap_or_default().to_owned();
            if module.len() == table.len() || !table.split('.').all(is_name) {
                return Err(Fault::new(format!("`{table}` is no name inside a module")).under("table"));
            }
            let lookups = f.read("lookups", texts)?.unwrap_or_default();
            let setters = f.read("setters", texts)?.unwrap_or_default();
            EditKind::LiteralToEnvironment { module, table, lookups, setters }
        }
    };
    f.finish()?;
    if safe_when.is_some() && (safety == Safety::Safe || !kind.is_of_calls()) {
        return Err(Fault::new("only an unsafe edit of a call has a `safe-when`").under("safe-when"));
    }
    Ok(EditRule { kind, safety, note, unless, safe_when })
}

fn safe_when(value: &Value) -> Read<SafeWhen> {
    let f = Fields::of(value, "`safe-when`")?;
    let out = SafeWhen { default: f.read("default", truth)?.unwrap_or_default(), states: f.read("states", states)? };
    f.finish()?;
    Ok(out)
}

fn states(value: &Value) -> Read<States> {
    let f = Fields::of(value, "`states`")?;
    let arguments = |value: &Value| -> Read<Vec<ArgumentName>> { Ok(texts(value)?.into_iter().map(argument).collect()) };
    let out = States {
        writers: f.need("writers", texts)?,
        what: f.need("what", arguments)?,
        to: f.need("to", arguments)?,
        givers: f.need("givers", texts)?,
    };
    f.finish()?;
    Ok(out)
}

fn names(value: &Value) -> Read<BTreeMap<String, String>> {
    let names = pairs(value)?;
    match names.iter().find(|(_, new)| !is_name(new)) {
        Some((old, new)) => Err(Fault::new(format!("`{new}` is no name of a function")).under(old)),
        None => Ok(names),
    }
}

fn argument(name: String) -> ArgumentName {
    name.parse().map(ArgumentName::Position).unwrap_or(ArgumentName::Keyword(name))
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()) && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
