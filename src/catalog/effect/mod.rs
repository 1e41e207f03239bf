//! What rows say that their subjects do. Knows the vocabulary of facts and origins alone.

use serde::{Deserialize, Serialize};

use super::agent::{Agent, Power};
use super::row::{Promise, Slot};
use crate::facts::Language;
use crate::origin::{Mutable, Via, Who};

/// What comes of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Strength {
    /// A failure stops.
    Full,
    /// It can be forged, or fails without a word.
    Weak,
    /// It says a digest: what is compared with it is verified.
    Digest,
}

/// Whose names a package index serves, beside the public one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listing {
    /// Names that its publisher keeps on the public index too.
    Kept,
    /// Those of the public index: it is that index, or copies it.
    Public,
}

/// What the subject does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Bytes or a name reach something dangerous. `kind` maps to a class in `severity.yml`.
    Sink {
        /// e.g. `unsafe-deserialization`, `remote-code-load`, `model-download`, `shell`, `dynamic-code`.
        kind: String,
        /// The dangerous argument; absent: the subject as a whole.
        slot: Option<Slot>,
        /// True: the bytes behind the argument matter; false: the text itself.
        bytes: bool,
        /// What to do when the origin is open or unknown.
        when_open: Verdict,
        /// See `when_open`.
        when_unknown: Verdict,
    },
    /// The result's origin.
    Returns {
        /// Who chooses the bytes.
        who: Who,
        /// How the mutability is found.
        pin: Pin,
        /// Labels.
        via: Via,
        /// True: the result is a *name* (a path) whose bytes have this origin; false: the result is the bytes.
        path: bool,
        /// Globs of the outputs of an action that carry it; empty: all.
        outputs: Vec<String>,
        /// It comes from there whatever the name looks like.
        certain: bool,
        /// Attributes and keys of the result of which the row does not speak: whoever made them, it was not this origin.
        except: Vec<String>,
        /// Whether it is free text; what has a shape of its own (`structured`) cannot carry code.
        arbitrary: bool,
        /// What is fetched, where it is not the argument of the sink and not the first one.
        subject: Option<Slot>,
    },
    /// The result, or `to`, has the origin of these arguments.
    Passes {
        /// From.
        from: Vec<Slot>,
        /// To; [`Slot::Result`] by default.
        to: Slot,
    },
    /// Reads a channel named by a slot.
    Reads {
        /// `file`, `env`, `artifact`, `cache`, `socket`.
        channel: String,
        /// Its name.
        name: Slot,
    },
    /// Writes a channel named by a slot.
    Writes {
        /// `file`, `env`, `output`, `artifact`, `cache`, `socket`.
        channel: String,
        /// Its name; for `basename` of a URL see `basename`.
        name: Slot,
        /// The name is the last segment of the slot's URL.
        basename: bool,
        /// What is written; absent: what the row's `returns` says.
        value: Option<Slot>,
        /// The name where none is given.
        unnamed: Option<String>,
    },
    /// Puts a tree somewhere.
    Mounts {
        /// What tree.
        tree: Tree,
        /// Directory it lands in; absent: the working directory.
        at: Option<Slot>,
    },
    /// Runs code.
    Executes {
        /// From where.
        what: Executes,
    },
    /// Runs another command or text.
    Wraps {
        /// The argument vector begins at this operand, …
        argv_from: Option<u32>,
        /// … or is the list of words in this slot …
        list: Option<Slot>,
        /// … or this slot is text …
        text: Option<Slot>,
        /// … in this language, …
        language: Option<Language>,
        /// … or this slot is a command line that no shell reads: its words, then those of `list`.
        program: Option<Slot>,
        /// Where it runs.
        cwd: Option<Slot>,
    },
    /// What it runs sees neither environment nor host; `workspace`: the files of the working directory go along (an image build's context).
    Isolates {
        /// Whether they do.
        workspace: bool,
    },
    /// Publishes something.
    Publishes {
        /// Asset kind, as in `severity.yml`.
        asset: String,
        /// What.
        slot: Option<Slot>,
    },
    /// Uses a credential.
    ConsumesCredential {
        /// Asset kind it opens.
        asset: String,
        /// The argument that carries it; absent: the environment.
        slot: Option<Slot>,
        /// Whether it stays on the machine, so that all later steps have it.
        leaves: bool,
        /// Globs of the outputs that carry a credential made of it.
        outputs: Vec<String>,
    },
    /// For `credential` rows: what such a secret opens.
    Opens {
        /// Asset kind.
        asset: String,
    },
    /// Verifies an argument.
    Checks {
        /// Which.
        slot: Slot,
        /// What comes of it.
        strength: Strength,
    },
    /// A gate: caps who starts the job and whose code runs.
    Caps {
        /// Who may start it behind this gate.
        start: Option<Who>,
        /// Whose code runs behind it.
        code: Option<Who>,
        /// Who wrote the texts of the event behind it.
        text: Option<Who>,
        /// What remains, for people.
        residual: String,
        /// Context globs, actions or commands by which the gate is recognised.
        by: Vec<String>,
        /// Literals that pass the gate; empty: any.
        values: Vec<String>,
        /// Contexts that whoever passes the check wrote.
        texts: Vec<String>,
        /// Activity types of pull requests in which the check means that somebody acted just now; empty: all.
        types: Vec<String>,
    },
    /// Undoes the other call: `pickle.loads(pickle.dumps(x))` is silent.
    RoundTripOf(Vec<String>),
    /// The result is what a person answered.
    Asks,
    /// The result holds no sign that means anything to what these kinds of sinks hand it to.
    Escapes(Vec<String>),
    /// For `secret-name` and `secret-file` rows: what such a name says of what it holds.
    Promises(Promise),
    /// Of a package index: whose names it serves.
    Names(Listing),
    /// Of an account: the accounts of the same owner.
    BelongsTo(Vec<String>),
    /// For `trigger` rows: what the event means.
    Starts {
        /// Who can start it.
        who: Who,
        /// Whether the job has a write token and secrets when an outsider starts it.
        privileged: bool,
        /// Whether it runs in the cache scope of the default branch.
        default_scope: bool,
        /// Activity types when `types:` is absent.
        types: Vec<String>,
        /// What `actions/checkout` without `ref` brings: `base` or `head`.
        head: bool,
        /// The event that a contributor can have the workflow before start by, whatever that names itself.
        added: Option<String>,
    },
    /// For `context` rows: who writes it and how freely.
    Controlled {
        /// Who.
        who: Who,
        /// Whether the text is free (`arbitrary`), or has a shape that cannot carry code (`structured`).
        arbitrary: bool,
        /// Whether it can hold line breaks.
        lines: bool,
        /// Events in which it can be set by an outsider; empty: all.
        events: Vec<String>,
        /// All that it can be, where that is a closed list of words.
        values: Vec<String>,
    },
    /// For `runner` rows: a machine of the platform that is thrown away after the job.
    Hosted,
    /// For `action` rows: uses the job's token to read at most.
    ReadsOnly,
    /// Installs packages named by operands; each becomes a requirement.
    Installs {
        /// First operand that is a package; none: what is installed is no matter of versions (a distribution's own, signed archive).
        from: Option<u32>,
        /// The ecosystem: `pypi`, `npm`, `conda`, `apt`.
        ecosystem: String,
        /// Files that name more of them (`-r requirements.txt`).
        manifest: Option<Slot>,
        /// Only the first operand is a package, the rest are its arguments (`npx`).
        only: bool,
        /// Options and variables that say up to which day releases count.
        until: Option<Slot>,
    },
    /// For `entry` rows, and for calls that are handed a function: its parameters come from outside.
    Enters {
        /// Who.
        who: Who,
        /// Labels.
        via: Via,
        /// Parameter names that do not (self, dependencies).
        except: Vec<String>,
        /// Names that the annotation or default of a parameter mentions that does not.
        except_types: Vec<String>,
        /// Of a call: where the function stands, or the object whose methods are entered.
        slot: Option<Slot>,
    },
    /// A function that is handed over is called.
    Calls {
        /// The function.
        function: Slot,
        /// Its arguments: these values in order,
        args: Option<Slot>,
        /// the elements of this list,
        list: Option<Slot>,
        /// the entries of this dictionary by name,
        keywords: Option<Slot>,
        /// one element of each of these.
        each: Option<Slot>,
    },
    /// A language model that acts on what it is told.
    Agent(Box<Agent>),
    /// Gives an agent these powers, or is a tool that has them.
    Powers(Vec<Power>),
    /// Starts a workflow of the repository by a call.
    Dispatches {
        /// The event that starts it.
        event: String,
        /// Which: a workflow's file or name, types of an event, commands of a thread; absent or not literal: any.
        to: Option<Slot>,
        /// What is handed over; none: the thread that it was started from.
        values: Vec<Slot>,
    },
    /// Succeeds where a line of its input matches the pattern in this slot.
    Matches(Slot),
    /// Picks fields out of an answer: what a slot says of them (`.[].number`, `number,title`).
    Selects {
        /// Slots that name fields; the first that is given decides.
        slot: Vec<Slot>,
        /// Paths of fields whose shape is fixed: numbers, commits, closed lists.
        plain: Vec<String>,
        /// Paths of fields that the project itself chooses.
        own: Vec<String>,
        /// Paths of fields that are names of branches, which say nothing of whose branch it is.
        branch: Vec<String>,
    },
    /// Options of the program run commands, load code or choose what is written.
    OptionsAct,
    /// Of several indexes it takes the first that has a name, not the highest version of all.
    InOrder,
    /// What it prints of text that goes through: `true`, no sign that means anything; `false`, no line break.
    Cleans(bool),
    /// Refuses by itself whoever is further outside.
    Admits {
        /// The widest it lets in.
        who: Who,
        /// Events in which it asks; none: in all.
        events: Vec<String>,
    },
}

/// What a sink says when its origin is open or unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// At the level of the known part, one step less sure.
    Report,
    /// As information.
    Info,
    /// Nothing.
    #[default]
    Silent,
}

/// How the mutability of a published thing is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pin {
    /// Fixed by the row.
    Fixed(Mutable),
    /// A revision argument: 40 hex digits are a digest, a version-shaped tag a release, anything else or nothing moves.
    Revision(Slot),
    /// A `#ref`, `@ref` or `:ref` suffix of the slot itself.
    Suffix(Slot),
    /// A hash argument: present (not None) is a digest, absent moves.
    Hash(Slot),
    /// A version argument: exact is a release, absent moves.
    Version(Slot),
}

/// A tree that a row mounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tree {
    /// A checkout by repository and ref slots (`actions/checkout`): contexts in them decide; both absent: the event's own tree.
    Checkout {
        /// Repository.
        repository: Slot,
        /// Ref.
        reference: Slot,
    },
    /// The head of a pull request (`gh pr checkout`).
    PullRequest,
    /// The head of a pull request as a ref that a later command may check out (`git fetch origin pull/N/head:topic`), by refspec slot.
    Fetched(Slot),
    /// Another repository by URL slot and ref slot.
    Clone {
        /// URL.
        url: Slot,
        /// Ref.
        reference: Slot,
    },
    /// A ref of the repository already there (`git checkout REF`).
    Ref(Slot),
    /// An artifact.
    Artifact {
        /// Its name or a glob of names; absent: all of a run.
        name: Slot,
        /// The workflow whose latest run is meant; absent: runs are named in another way.
        of: Option<Slot>,
        /// Whether runs of forks are taken for that one as well.
        forks: bool,
        /// Whether what comes is the archive itself, which something else unpacks.
        packed: bool,
    },
    /// A cache.
    Cache {
        /// What its key is made from.
        key: Slot,
        /// Beginnings of keys that do as well; without it the action makes keys of its own.
        restore: Option<Slot>,
    },
    /// An archive by file slot.
    Archive(Slot),
}

/// What is executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Executes {
    /// Code that the tree in the working directory chooses (build scripts, tests, configuration).
    Tree,
    /// The file named by a slot.
    File(Slot),
    /// A module by dotted name.
    Module(Slot),
    /// Targets of a make-like tool from the nth operand on.
    Targets(u32),
    /// Standard input.
    Stdin,
    /// The text of a slot.
    Text(Slot),
    /// Code of the packages it installs.
    Packages,
    /// A Dockerfile: file slot and context slot.
    Dockerfile(Slot, Slot),
    /// A notebook.
    Notebook(Slot),
    /// A console script of the project or an installed package.
    ConsoleScript,
    /// What is fetched from an address that fits one of these patterns: a package of a repository at a commit.
    Address(Slot, Vec<String>),
    /// A commit of the repository, or the tree in the working directory, by a service elsewhere.
    Elsewhere(Box<Elsewhere>),
}

/// A service that runs what it is handed, on a machine of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The commit; none: the tree in the working directory.
    pub commit: Option<Slot>,
    /// Texts there that mean the head of a pull request.
    pub pulls: Vec<String>,
    /// What such a run holds: a kind of asset,
    pub holds: String,
    /// and what that is called.
    pub name: String,
}
