//! The vocabulary: what a file contains, about form alone. Owned, ordered, serialisable; the waist of the program.
//!
//! Nothing here carries a judgement, and nothing is dropped because no row names it. All ranges are bytes of the original file, however deep the
//! text was embedded. Extraction fills these types from syntax and platform protocol alone; what a *row* says about a command, call or action is
//! added by `catalog::classify`.

mod build;
mod code;
mod value;

use serde::{Deserialize, Serialize};

pub use build::Builder;
pub use code::{Arg, ArgName, Call, Command, Param, ParamKind, Requirement, RequirementFrom, Stdin, Target, Word, WordPart};
pub use value::{Expr, ExprWhat, V, Value};

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

/// The closed list of facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// A Python module or a notebook. `language` is the kernel's or the file's.
    Module {
        /// Its language.
        language: Language,
    },
    /// A workflow of a CI system.
    Workflow {
        /// `name:`, as other workflows refer to it.
        name: Option<ValueId>,
        /// Whether `on:` includes `workflow_call`.
        callable: bool,
    },
    /// A composite, JavaScript or container action.
    Template {
        /// How it runs.
        runs: TemplateKind,
        /// Its `name:`.
        name: Option<ValueId>,
    },
    /// A Dockerfile stage.
    Stage {
        /// `AS name`.
        name: Option<String>,
        /// Position in the file, from 0.
        index: u32,
    },
    /// A notebook cell.
    Cell {
        /// Position in the file, from 1 (as people count).
        index: u32,
        /// nbformat id.
        id: Option<String>,
        /// What it holds.
        kind: CellKind,
        /// `execution_count`.
        count: Option<u32>,
        /// `metadata.tags`.
        tags: Vec<String>,
    },
    /// An event that starts a workflow.
    Trigger {
        /// The event, e.g. `pull_request_target`.
        event: String,
        /// `types:`; empty means the event's defaults.
        types: Vec<String>,
        /// Filters and parameters as written: (`branches`, value), (`workflows`, value), (`paths-ignore`, value) …
        filters: Vec<(String, ValueId)>,
    },
    /// A job.
    Job {
        /// Its key.
        id: String,
        /// `needs:`.
        needs: Vec<String>,
        /// `environment:` (its name).
        environment: Option<ValueId>,
        /// `container:` image, also as an [`What::Image`] fact.
        container: Option<ValueId>,
        /// `strategy.matrix` as a dictionary value.
        matrix: Option<ValueId>,
        /// `defaults.run.working-directory`, the workflow's default when the job has none.
        working_directory: Option<ValueId>,
        /// `continue-on-error: true`.
        lenient: bool,
        /// `uses:` stands in a [`What::Uses`] fact owned by the job.
        secrets_inherit: bool,
    },
    /// A step of a job or of a composite action.
    Step {
        /// `id:`.
        id: Option<String>,
        /// `name:`.
        name: Option<ValueId>,
        /// `shell:`, or the default that applies.
        shell: Option<ValueId>,
        /// `working-directory:`, or the default that applies.
        working_directory: Option<ValueId>,
        /// `continue-on-error: true`.
        lenient: bool,
    },
    /// `uses:` of a step or job. The inputs are `with:`.
    Uses {
        /// The reference as written: `owner/name/path@ref`, `./path`, `docker://image`.
        target: ValueId,
        /// `with:`, in file order. `with.args`/`entrypoint` included.
        with: Vec<(String, ValueId)>,
    },
    /// One simple command, however it was reached.
    Command(Command),
    /// A text of commands: a shell file, a `run:` block, a `RUN`, a recipe, a `!` line. Commands are owned by it.
    Script {
        /// Shell or other language it is in.
        language: Language,
        /// The text as written, `${{ }}` included, as a value ([`V::Join`] of text and expressions where there are any).
        text: ValueId,
    },
    /// A function, in Python or shell.
    Function {
        /// Qualified inside its module: `Class.method`, `outer.<locals>.inner`.
        name: String,
        /// Parameters in order.
        params: Vec<Param>,
        /// Decorators as values.
        decorators: Vec<ValueId>,
        /// Whether others can call it: not nested, and no segment of the name begins with one underscore.
        public: bool,
    },
    /// A class.
    Class {
        /// Qualified inside its module.
        name: String,
        /// Bases as values.
        bases: Vec<ValueId>,
    },
    /// An import. `from m import n as a` is (m, Some(n), a); `import m.n` binds `m`; `from m import *` has name `*`.
    Import {
        /// Module as written, without leading dots.
        module: String,
        /// The name imported from it.
        name: Option<String>,
        /// The name bound here.
        alias: String,
        /// Number of leading dots.
        level: u32,
    },
    /// A call.
    Call(Call),
    /// `target = value`. Subscript and attribute targets are targets too.
    Assignment {
        /// What is assigned.
        target: Target,
        /// The value.
        value: ValueId,
    },
    /// `return value`.
    Return {
        /// The value.
        value: ValueId,
    },
    /// `raise value`.
    Raise {
        /// The exception.
        value: Option<ValueId>,
    },
    /// A `try`; what stands in its handlers refers to it by [`Fact::handler`].
    Try,
    /// An input of a template, a dispatch or a reusable workflow; a make or Docker `ARG`.
    Input {
        /// Name.
        name: String,
        /// `type:` as written (`string`, `boolean`, `choice` …).
        kind: Option<String>,
        /// Default.
        default: Option<ValueId>,
        /// Whether it must be given.
        required: bool,
    },
    /// An output of a job, template or reusable workflow.
    Output {
        /// Name.
        name: String,
        /// Value.
        value: ValueId,
    },
    /// Bytes go into a channel.
    Write {
        /// Which.
        channel: Channel,
        /// What is written.
        value: ValueId,
    },
    /// Bytes come out of a channel.
    Read {
        /// Which.
        channel: Channel,
    },
    /// A test whose failure stops something.
    Check {
        /// What must hold to go on.
        cond: CondId,
        /// What happens otherwise.
        on_fail: OnFail,
    },
    /// A value at a path of a configuration file, or an `ENV` of an image.
    Setting {
        /// Keys and indices joined by `.`: `serving.trust_remote_code`, `services.0.image`.
        path: String,
        /// The scalar.
        value: ValueId,
    },
    /// A decorator, base class or name by which a framework calls a function.
    EntryMark {
        /// Which form.
        kind: EntryKind,
        /// The qualified decorator or base, or the bare name.
        name: String,
    },
    /// The owner runs `inner` (set after classification by rows: `sudo`, `bash -c`, `docker run`).
    Wraps {
        /// The first fact of what is run inside.
        inner: FactId,
    },
    /// A container image that is run or built on.
    Image {
        /// The reference as written.
        reference: ValueId,
        /// What for.
        role: ImageRole,
    },
    /// A mention of a stored secret: `secrets.NAME`, a `--mount=type=secret`.
    SecretRef {
        /// Name, upper case as written.
        name: String,
    },
    /// A token scope. `scope` is `*` for `read-all`/`write-all`/`{}`.
    Permission {
        /// Which scope.
        scope: String,
        /// What is granted.
        level: Level,
    },
    /// What a job runs on.
    Runner {
        /// Labels, expressions included.
        labels: Vec<ValueId>,
        /// Runner group.
        group: Option<ValueId>,
    },
    /// A dependency line of a manifest, or a package argument of an installer.
    Requirement(Requirement),
    /// A literal of interest on its own: a string of Python, a cell output, a value of a data file. Never code.
    Literal {
        /// The text.
        value: ValueId,
        /// Where it was met.
        place: LiteralPlace,
    },
}

/// A language of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// sh, bash, dash, ksh, zsh.
    Shell,
    /// Python.
    Python,
    /// PowerShell.
    PowerShell,
    /// cmd.exe.
    Cmd,
    /// JavaScript.
    JavaScript,
    /// Anything else.
    Other,
}

/// How an action runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TemplateKind {
    /// Steps of its own.
    Composite,
    /// node.
    JavaScript,
    /// A container.
    Container,
    /// Not said, or not known.
    Unknown,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellKind {
    /// Code.
    Code,
    /// Markdown.
    Markdown,
    /// Raw.
    Raw,
}

/// What a check does when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFail {
    /// The process ends with failure.
    Exit,
    /// An exception.
    Raise,
    /// The function returns early.
    Return,
    /// Only a message: a weak check.
    Log,
}

/// The form of an entry mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// `@app.post("/x")`.
    Decorator,
    /// `class H(BaseHandler)`.
    Base,
    /// A name a framework looks for.
    Name,
    /// `if __name__ == "__main__"`.
    Main,
}

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageRole {
    /// `FROM`.
    Base,
    /// `COPY --from=image`, `RUN --mount=from=`.
    CopyFrom,
    /// A job's container.
    Container,
    /// A job's service.
    Service,
    /// `uses: docker://`.
    Action,
    /// Named in a configuration file (compose, Kubernetes, cog).
    Config,
}

/// A level of a token scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Write.
    Write,
}

/// Where a literal was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LiteralPlace {
    /// A string of source code that no other fact holds.
    Source,
    /// A comment or documentation string.
    Comment,
    /// An output of a notebook cell.
    Output,
    /// Markdown or raw text of a notebook.
    Prose,
    /// A scalar of a data or configuration file.
    Data,
}

/// A channel: where bytes go and come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Channel {
    /// An environment variable of what follows in the owner.
    Env(String),
    /// `GITHUB_ENV`: environment of later steps. The name when the line's shape settles it.
    RunnerEnv(Option<String>),
    /// `GITHUB_PATH`.
    RunnerPath,
    /// `GITHUB_OUTPUT` of the enclosing step. The name when the line's shape settles it.
    Output(Option<String>),
    /// A job's output.
    JobOutput(String),
    /// A file of the workspace.
    File(ValueId),
    /// A path outside it.
    HostPath(ValueId),
    /// A workflow artifact.
    Artifact(ValueId),
    /// A cache entry.
    Cache(ValueId),
    /// Something published: (kind, id).
    Published(String, ValueId),
    /// A socket.
    Socket(ValueId),
    /// A shell variable.
    Var(String),
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
    /// The literal text of a whole word.
    pub fn word(&self, word: &Word) -> Option<String> {
        word.parts.iter().map(|p| self.literal(p.value)).collect()
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
