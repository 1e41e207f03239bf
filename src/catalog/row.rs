//! The shape of a row: what the world is, never what is wrong. Loaded from `rules/models/**/*.yml`, validated, and kept with its place.

use std::collections::BTreeMap;

use crate::facts::Language;
use crate::origin::{Mutable, Via, Who};

/// Index of a row in [`crate::catalog::Catalog::rows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub u32);

/// One row: a subject, what it does, and the examples that prove it.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it speaks of.
    pub subject: Subject,
    /// What the subject does.
    pub effects: Vec<Effect>,
    /// For commands: options with a value that no slot of the row names.
    pub valued: Vec<String>,
    /// For commands: options end at the first operand.
    pub leading: bool,
    /// What must be so for the row to apply at all (a flag is given, an argument is a literal that matches).
    pub when: Vec<ArgTest>,
    /// What makes its sinks harmless.
    pub safe_when: Vec<ArgTest>,
    /// For calls and methods: modules, one of which the file must import.
    pub corroborate: Vec<String>,
    /// For methods: what the receiver must be, or must have had called on it.
    pub receiver: Option<Receiver>,
    /// Methods by which a class of the tree that derives from what the row speaks of decides what goes through.
    pub hardened_by: Vec<String>,
    /// Flags (keyword arguments, options) that decide.
    pub flags: Vec<Flag>,
    /// The slot an alert points at; the callee, program or `uses:` when absent.
    pub primary: Option<Slot>,
    /// Where the fact comes from.
    pub see: String,
    /// Code that must be reported.
    pub bad: Vec<RowExample>,
    /// Code that must not.
    pub ok: Vec<RowExample>,
    /// Rows (by subject) that a user row replaces.
    pub overrides: Option<String>,
    /// File (path below `rules/`, or as given for a user's) and 1-based line it stands at.
    pub at: (String, u32),
    /// Whether a user gave it.
    pub user: bool,
}

impl Row {
    /// A row that a policy states in a table of its own: a user's subject and what it does, nothing else. `at` is its file and line.
    pub fn of_policy(subject: Subject, effects: Vec<Effect>, at: (String, u32)) -> Row {
        Row {
            subject,
            effects,
            valued: Vec::new(),
            leading: false,
            when: Vec::new(),
            safe_when: Vec::new(),
            corroborate: Vec::new(),
            receiver: None,
            hardened_by: Vec::new(),
            flags: Vec::new(),
            primary: None,
            see: format!("{}:{}", at.0, at.1),
            bad: Vec::new(),
            ok: Vec::new(),
            overrides: None,
            at,
            user: true,
        }
    }
}

/// What a row speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A call by qualified name; `*` as a last segment matches any name, `Auto*` a prefix, `{a,b}` alternatives are expanded on loading.
    Call(String),
    /// A method by bare name on a receiver that `receiver:` describes.
    Method(String),
    /// An assignment to a qualified name, `torch.load = …`; with `[]` at the end, to an entry of it.
    Assign(String),
    /// The last segments of a name whose root is unknown: `.from_pretrained`. Needs one of `corroborate` to occur in the file.
    Suffix {
        /// Segments, joined by `.`.
        name: String,
        /// Keywords, one of which must be imported or named in the same file.
        corroborate: Vec<String>,
    },
    /// A program with leading subcommands. Options of the program are skipped before the subcommand.
    Command {
        /// Base name of the program, `*` suffix allowed (`python3*`).
        program: String,
        /// Subcommands, in order (`pip install`, `-m pip`).
        sub: Vec<String>,
    },
    /// An action `owner/name[/path]`, without its ref.
    Action(String),
    /// An unlisted action by the names of its inputs.
    ActionShape(Vec<String>),
    /// A container image by repository glob.
    Image(String),
    /// A configuration path glob (`**.trust_remote_code`), an environment name, or an option of a launcher.
    Setting(String),
    /// A function that a framework calls: a decorator, base class with method, or file with function name.
    Entry(EntrySubject),
    /// An event.
    Trigger(String),
    /// A platform context glob: `github.event.issue.title`, `github.head_ref`.
    Context(String),
    /// A runner label or group glob.
    Runner(String),
    /// A secret or environment name glob.
    Credential(String),
    /// A gate, by family name; how it is recognised stands in its effects.
    Gate(String),
    /// A package by normalised name.
    Package(String),
    /// An account of a hub or forge.
    Account(String),
    /// A comment that silences another tool, in lower case, as a glob.
    Comment(String),
    /// A token format, by id.
    Secret(Box<SecretFormat>),
    /// A glob of the words of a name, in lower case and joined with `_`.
    SecretName(String),
    /// A file by the end of its path.
    SecretFile(String),
}

/// What a name promises of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// No credential, whatever it sounds like.
    Nothing,
    /// A password: people choose them.
    Password,
    /// A key or token: machines make them.
    Key,
}

/// How a framework finds a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntrySubject {
    /// A decorator by qualified name or suffix (`.post`); of a class, with a method of it.
    Decorator(String, Option<String>),
    /// A base class and a method of it.
    Base(String, String),
    /// A function name in a file of that name glob.
    Function(String, String),
}

/// A format of tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretFormat {
    /// Id, shown and hashed into fingerprints.
    pub id: String,
    /// Vendor and kind, for people: `Hugging Face user token`.
    pub title: String,
    /// Bytes that must occur for the pattern to be tried.
    pub keywords: Vec<String>,
    /// The pattern, of the token alone; boundaries are added by the engine.
    pub pattern: String,
    /// A structure to verify offline, when there is one.
    pub check: Option<SecretCheck>,
    /// Least Shannon entropy of the body per character, in hundredths of a bit.
    pub entropy: u32,
    /// The asset it can reach, as `credential` rows name them.
    pub reaches: Option<String>,
}

/// A structure that can be verified offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretCheck {
    /// The last six characters are the base-62 CRC32 of what stands between prefix and them (GitHub, npm).
    Crc32Base62,
    /// A JSON Web Token: header and payload decode to JSON.
    Jwt,
    /// Base64 of JSON.
    Base64Json,
    /// A PEM block whose body decodes.
    Pem,
}

/// Where an argument of the subject stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// A call: position or keyword, first given wins. A command: operand by position (after program, subcommand and options), or option by name
    /// (`--revision`, `-r`). An action: input by name. `[0, f]` in a row.
    Arg(Vec<SlotName>),
    /// All positional arguments or operands from the nth on.
    From(u32),
    /// The receiver of a method.
    Receiver,
    /// The callee, program or `uses:` itself.
    Callee,
    /// What the call returns; a command's standard output.
    Result,
    /// Standard input.
    Stdin,
    /// The whole text of a script or run block.
    Whole,
}

/// One way to name an argument.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlotName {
    /// By position.
    Position(u32),
    /// By keyword, option or input name.
    Name(String),
    /// Standard input, where it is text or a file.
    Stdin,
}

/// A test of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgTest {
    /// Which argument.
    pub slot: Slot,
    /// What of it.
    pub test: Test,
}

/// The tests a row or page can make of one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Given at all.
    Present,
    /// Not given.
    Absent,
    /// A literal that equals one of these (`true`, `SafeLoader`, `data`; a dotted name by its last segment as well).
    Is(Vec<String>),
    /// Given, and no literal that equals one of these.
    IsNot(Vec<String>),
    /// A literal that one of these anchored globs matches.
    Like(Vec<String>),
    /// A literal that none of these globs matches (given).
    Unlike(Vec<String>),
    /// Not a literal.
    Dynamic,
    /// A literal without letters, underscores and quotes: a class of characters that names nothing.
    Wordless,
    /// An address whose host stands in the source, whatever follows it.
    FixedHost,
    /// An address of whoever the address in this slot belongs to.
    SamePublisher(Slot),
    /// A name that a check which stops has confined: to a list, to a directory, to what a function of the tree lets through.
    Confined,
    /// A literal.
    Literal,
    /// A list or table in sight, with an element that one of these globs matches.
    Has(Vec<String>),
    /// What one of these calls gave, unchanged and unchecked.
    ResultOf(Vec<String>),
    /// A function that sets these keywords to these literals for what it calls.
    Sets(BTreeMap<String, String>),
    /// A list in sight, all of it literal, without one.
    Lacks(Vec<String>),
}

/// What a receiver must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Qualified constructors it may come from; empty with `any`.
    pub types: Vec<String>,
    /// Any receiver: caps confidence at medium.
    pub any: bool,
    /// Methods of which one must have been called on the same object, with a test of its first argument.
    pub called: Option<(Vec<String>, Option<Test>)>,
}

/// A flag that decides whether a sink is safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Argument, option or setting name; empty where the version alone decides.
    pub name: String,
    /// The literal that makes it safe (`true`, `false`).
    pub safe: String,
    /// Package -> version from which the safe value is the default; of several, all must say so.
    pub default_since: BTreeMap<String, String>,
    /// Package -> version from which the safe value is honoured.
    pub honoured_since: BTreeMap<String, String>,
    /// Package -> version specifiers in which even the safe value does not hold, with a reference.
    pub holes: Vec<(BTreeMap<String, String>, String)>,
    /// Package -> version from which the flag is gone, and with it what an unsafe value allowed.
    pub removed_since: BTreeMap<String, String>,
    /// Absent means safe, whatever the version.
    pub default_safe: bool,
}

/// What the subject does.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        /// … in this language.
        language: Option<Language>,
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
        /// Whether a failure stops.
        full: bool,
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
    },
    /// Undoes the other call: `pickle.loads(pickle.dumps(x))` is silent.
    RoundTripOf(Vec<String>),
    /// The result is what a person answered.
    Asks,
    /// The result holds no sign that means anything to what these kinds of sinks hand it to.
    Escapes(Vec<String>),
    /// For `secret-name` and `secret-file` rows: what such a name says of what it holds.
    Promises(Promise),
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
    },
    /// For `context` rows: who writes it and how freely.
    Controlled {
        /// Who.
        who: Who,
        /// Whether the text is free (`arbitrary`), or has a shape that cannot carry code (`structured`).
        arbitrary: bool,
        /// Events in which it can be set by an outsider; empty: all.
        events: Vec<String>,
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
}

/// What a sink says when its origin is open or unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// An artifact by name slot.
    Artifact(Slot),
    /// A cache by key slot.
    Cache(Slot),
    /// An archive by file slot.
    Archive(Slot),
}

/// What is executed.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// A workflow by file name (`gh workflow run`).
    Workflow(Slot),
    /// A console script of the project or an installed package.
    ConsoleScript,
}

/// An example of a row: a snippet of the subject's own language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowExample {
    /// The code; imports of the call's root module are added for Python when absent.
    pub code: String,
    /// Package versions of the project.
    pub project: BTreeMap<String, String>,
    /// The rule that must (or must not) report.
    pub rule: Option<String>,
    /// The file it stands in; one that fits the subject when absent.
    pub path: Option<String>,
}
