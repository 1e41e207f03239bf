//! The parts of code facts: commands, calls, parameters, requirements. About form alone.

use serde::{Deserialize, Serialize};

use super::{FactId, ValueId};
use crate::source::Range;

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Name.
    pub name: String,
    /// Default.
    pub default: Option<ValueId>,
    /// Form.
    pub kind: ParamKind,
    /// Type annotation, as a value when it is a name.
    pub annotation: Option<ValueId>,
}

/// The form of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParamKind {
    /// By position or keyword.
    Plain,
    /// By keyword only.
    Keyword,
    /// `*args`.
    Rest,
    /// `**kwargs`.
    KeywordRest,
}

/// One simple command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Words; the first is the program.
    pub words: Vec<Word>,
    /// `NAME=value` before the program.
    pub env: Vec<(String, ValueId)>,
    /// What standard input is.
    pub stdin: Stdin,
    /// Directory relative to where the script starts, when `cd` changed it.
    pub cwd: Option<ValueId>,
    /// Whether a failure does not stop the script (`|| true`, no `-e` in force and not last).
    pub lenient: bool,
}

/// A word of a command: parts that are joined without space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Where it stands.
    pub range: Range,
    /// The whole word as one value: the part's own when there is one, a [`V::Join`] of them otherwise. Slots of rows name this.
    pub value: ValueId,
    /// Its parts, with their quoting.
    pub parts: Vec<WordPart>,
}

/// A part of a word.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WordPart {
    /// The value: literal text, a variable, a substitution, an expression.
    pub value: ValueId,
    /// Whether it stands in quotes: `$X` splits and globs, `"$X"` does not.
    pub quoted: bool,
}

/// Standard input of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Stdin {
    /// The script's own.
    #[default]
    Inherited,
    /// The output of another command.
    Pipe(FactId),
    /// A file.
    File(ValueId),
    /// A heredoc or here-string; also a [`V::Join`] of [`V::Subst`] when several commands of a group write into one pipe (`{ a; b; } | c`).
    Text(ValueId),
}

/// A call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Qualified name when imports settle it (`torch.load`), or the dotted text with an unknown root kept apart (`?.load` for `x.load` of an unknown
    /// `x`; `pkg.module.f` for a function of this project stays relative to its import). Of JavaScript it begins with [`Call::JAVASCRIPT`].
    pub name: String,
    /// The callee expression; its range is what an alert points at.
    pub callee: ValueId,
    /// For `a.b(…)`: the value of `a`.
    pub receiver: Option<ValueId>,
    /// Arguments in order.
    pub args: Vec<Arg>,
}

impl Call {
    /// What names of JavaScript begin with: names of one language say nothing of another.
    pub const JAVASCRIPT: &str = "js:";
    /// Whether it is a call of JavaScript.
    pub fn is_javascript(&self) -> bool {
        self.name.starts_with(Call::JAVASCRIPT)
    }
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arg {
    /// How it is passed.
    pub name: ArgName,
    /// The value.
    pub value: ValueId,
}

/// How an argument is passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArgName {
    /// By position, from 0.
    Position(u32),
    /// By keyword.
    Keyword(String),
    /// `*value`.
    Rest,
    /// `**value`.
    KeywordRest,
}

/// The target of an assignment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Target {
    /// A name of this scope.
    Name(String),
    /// A name of the module, assigned in a function that declares it `global`.
    Global(String),
    /// `base.name`.
    Attr(ValueId, String),
    /// `base[key]`.
    Index(ValueId, ValueId),
}

/// A dependency as a manifest or installer states it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Requirement {
    /// Normalised name (lower case, `-`); empty for a bare URL or path.
    pub name: String,
    /// Version part as written (`>=2.0,<3`, `==1.2.3`, empty).
    pub spec: String,
    /// A URL or VCS reference (`git+https://…@ref`), when given.
    pub url: Option<String>,
    /// How many hashes are stated.
    pub hashes: u32,
    /// Whether releases count up to a stated day only.
    pub dated: bool,
    /// Environment marker, as written.
    pub marker: Option<String>,
    /// Group or extra it belongs to (`dev`, `test`), when known.
    pub group: Option<String>,
    /// Which kind of file or command states it.
    pub from: RequirementFrom,
}

/// What states a requirement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequirementFrom {
    /// A requirements or constraints file.
    #[default]
    Requirements,
    /// `[project.dependencies]` and its like.
    Project,
    /// A lock file.
    Lock,
    /// A conda environment.
    Conda,
    /// An install command.
    Command,
}
