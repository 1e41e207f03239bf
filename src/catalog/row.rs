//! The shape of a row: what the world is, never what is wrong. Loaded from `rules/models/**/*.yml`, validated, and kept with its place.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use super::effect::{Effect, Elsewhere, Executes, Listing, Pin, Strength, Tree, Verdict};

/// Index of a row in [`crate::catalog::Catalog::rows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowId(pub u32);

/// One row: a subject and what is said of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it speaks of.
    pub subject: Subject,
    /// What it says; rows of alternatives share it.
    pub said: Arc<Said>,
}

impl Deref for Row {
    type Target = Said;

    fn deref(&self) -> &Said {
        &self.said
    }
}

/// What a row says of its subject, and the examples that prove it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Said {
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
    #[serde(borrow)]
    pub see: Cow<'static, str>,
    /// Code that must be reported. Tests ask; rows that are part of the program have left theirs behind.
    #[serde(skip)]
    pub bad: Vec<RowExample>,
    /// Code that must not.
    #[serde(skip)]
    pub ok: Vec<RowExample>,
    /// Rows (by subject) that a user row replaces.
    pub overrides: Option<String>,
    /// The file it stands in: a path below `rules/`, or as given for a user's.
    #[serde(borrow)]
    pub file: Cow<'static, str>,
    /// The 1-based line it begins at.
    pub line: u32,
    /// Whether a user gave it.
    pub user: bool,
}

impl Row {
    /// A row that a policy states in a table of its own: a user's subject and what it does, nothing else. `at` is its file and line.
    pub fn of_policy(subject: Subject, effects: Vec<Effect>, at: (String, u32)) -> Row {
        let said = Said {
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
            see: format!("{}:{}", at.0, at.1).into(),
            bad: Vec::new(),
            ok: Vec::new(),
            overrides: None,
            file: at.0.into(),
            line: at.1,
            user: true,
        };
        Row { subject, said: Arc::new(said) }
    }
}

/// What a row speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// A package index: its host, and the beginning of its path.
    Index(String),
    /// A tool of an agent, as lists of allowed tools name it.
    Tool(String),
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Promise {
    /// No credential, whatever it sounds like.
    Nothing,
    /// A password: people choose them.
    Password,
    /// A key or token: machines make them.
    Key,
}

/// How a framework finds a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EntrySubject {
    /// A decorator by qualified name or suffix (`.post`); of a class, with a method of it.
    Decorator(String, Option<String>),
    /// A base class and a method of it.
    Base(String, String),
    /// A function name in a file of that name glob.
    Function(String, String),
}

/// A format of tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SecretFormat {
    /// Id, shown and hashed into fingerprints.
    pub id: String,
    /// Vendor and kind, for people: `Hugging Face user token`.
    pub title: String,
    /// Bytes that must occur for the pattern to be tried.
    pub keywords: Vec<String>,
    /// The pattern, of the token alone; boundaries are added by the engine.
    pub pattern: String,
    /// Words of which one must stand beside the token, in any letter case; empty when its form says enough.
    pub near: Vec<String>,
    /// Texts of the token, or of what it decodes to, that say it is no secret: published examples, keys that everybody may have.
    pub public: Vec<String>,
    /// A structure to verify offline, when there is one.
    pub check: Option<SecretCheck>,
    /// Least Shannon entropy of the body per character, in hundredths of a bit.
    pub entropy: u32,
    /// The asset it can reach, as `credential` rows name them.
    pub reaches: Option<String>,
    /// The variable in which its vendor's programs look for it.
    pub environment: Option<String>,
    /// How long such a token is valid at most, for people, when that is less than a day or so: `1 hour`.
    pub lives: Option<String>,
}

/// A structure that can be verified offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SecretCheck {
    /// The last six characters are the base-62 CRC32 of what stands between prefix and them (GitHub, npm).
    Crc32Base62,
    /// The last seven characters are the base-36 CRC32 of all before them (GitLab's routable tokens).
    Crc32Base36,
    /// The last eight characters are the CRC32 of what stands before the last `_`, its bytes in hexadecimal and the lowest first (Grafana).
    Crc32Hex,
    /// Bech32: the last six characters are a checksum of the others (age).
    Bech32,
    /// A JSON Web Token: header and payload decode to JSON.
    Jwt,
    /// Base64 of JSON.
    Base64Json,
    /// Base64 of a readable text in parts with `:` between them: `user:password`.
    Base64Text,
    /// Base64 of 64 bytes, without a stray bit (Azure's account keys).
    Base64Of64,
    /// Base64 of a signed address.
    Base64Signed,
    /// A macaroon of the second format: a location, an identifier, caveats, a signature (PyPI).
    Macaroon,
    /// The query of a shared access signature: a version, permissions, an HMAC (Azure).
    Sas,
    /// A PEM block whose body is a key.
    Pem,
}

/// Where an argument of the subject stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SlotName {
    /// By position.
    Position(u32),
    /// By keyword, option or input name.
    Name(String),
    /// Standard input, where it is text or a file.
    Stdin,
}

/// A test of an argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgTest {
    /// Which argument.
    pub slot: Slot,
    /// What of it.
    pub test: Test,
}

/// The tests a row or page can make of one slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Addresses of package indexes whose names nobody can take on those in this slot, or on the public one where it is not given.
    SharesNames(Slot),
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    /// Qualified constructors it may come from; empty with `any`.
    pub types: Vec<String>,
    /// Any receiver: caps confidence at medium.
    pub any: bool,
    /// Methods of which one must have been called on the same object, with a test of its first argument.
    pub called: Option<(Vec<String>, Option<Test>)>,
}

/// A flag that decides whether a sink is safe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
