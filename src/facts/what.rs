//! The closed list of facts, and the few lists that they choose from. About form alone.

use serde::{Deserialize, Serialize};

use super::code::{Call, Command, Param, Requirement, Target};
use super::{FactId, ValueId};
use crate::cond::CondId;

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
    Requirement(Box<Requirement>),
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
