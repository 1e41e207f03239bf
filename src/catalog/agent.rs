//! Agents: language models that are handed text and can act. What rows say of them, from YAML.

use serde::{Deserialize, Serialize};

use super::fields::{Fields, Read, Value, named, texts, truth};
use super::load::slot;
use super::row::Slot;

/// What an agent can do beside answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Power {
    /// Reads files and threads.
    Read,
    /// Fetches addresses, and so sends what it knows away.
    Web,
    /// Writes files, comments or commits.
    Edit,
    /// Runs commands.
    Shell,
}

impl Power {
    /// As rows write them.
    pub const NAMES: [(&'static str, Power); 4] = [("read", Power::Read), ("web", Power::Web), ("edit", Power::Edit), ("shell", Power::Shell)];
}

/// An agent as its row describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Text that the model takes as instructions.
    pub prompt: Vec<Slot>,
    /// Whether the tool itself hands over the thread of the event: title, body, comments.
    pub thread: bool,
    /// Whether it takes instructions and settings from files of the working directory.
    pub project: bool,
    /// Lists of tools it may use without being asked; also arguments and settings that hold such a list.
    pub allow: Vec<Slot>,
    /// Lists of tools it may not use.
    pub deny: Vec<Slot>,
    /// Whether such a list adds to what it can do anyway; else it takes the place of that.
    pub adds: bool,
    /// What it can do when nothing is listed.
    pub default: Vec<Power>,
    /// Globs of the outputs that carry its answer.
    pub outputs: Vec<String>,
}

impl Agent {
    /// Every slot it names.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.prompt.iter().chain(&self.allow).chain(&self.deny)
    }
}

/// The `agent` effect of a row.
pub fn agent(value: &Value) -> Read<Agent> {
    let fields = Fields::of(value, "`agent`")?;
    let agent = Agent {
        prompt: fields.each("prompt", slot)?,
        thread: fields.read("thread", truth)?.unwrap_or(false),
        project: fields.read("project", truth)?.unwrap_or(false),
        allow: fields.each("allow", slot)?,
        deny: fields.each("deny", slot)?,
        adds: fields.read("adds", truth)?.unwrap_or(false),
        default: fields.read("default", powers)?.unwrap_or_default(),
        outputs: fields.read("outputs", texts)?.unwrap_or_default(),
    };
    fields.finish()?;
    Ok(agent)
}

/// A list of powers; `none` alone is the empty list.
pub fn powers(value: &Value) -> Read<Vec<Power>> {
    let words = texts(value)?;
    if words == ["none"] {
        return Ok(Vec::new());
    }
    words.iter().map(|w| named(w, &Power::NAMES)).collect()
}
