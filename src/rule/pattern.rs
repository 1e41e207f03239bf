//! The grammar of `match:`: one subject, conditions on it, up to two further subjects tied to it, what cancels, what to point at. Data only; the
//! matcher evaluates it.

mod read;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::row::{ArgTest, Slot, Test};
use crate::facts::{ImageRole, Level, RequirementFrom};
use crate::origin::{Mutable, Via, Who};
pub use read::{PLACES, pattern};

/// What a page matches.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pattern {
    /// What it speaks of.
    pub first: Matched,
    /// Others that must be there too; at most two.
    pub and: Vec<Further>,
    /// What cancels.
    pub unless: Vec<Unless>,
    /// What makes it less sure: conditions of the first subject, and what they say, a step of confidence each.
    pub doubts: Vec<(Vec<Field>, Vec<String>)>,
    /// What to point at.
    pub primary: Option<Primary>,
}

/// A subject with its conditions; all must hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Matched {
    /// The subject.
    pub subject: Subject,
    /// The conditions.
    pub fields: Vec<Field>,
}

/// A further subject.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Further {
    /// The subject.
    pub matched: Matched,
    /// How it is tied to the first.
    pub tie: Tie,
}

/// What cancels a match.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Unless {
    /// Conditions of the first subject.
    Fields(Vec<Field>),
    /// Another subject.
    Further(Further),
}

/// A tie to the first subject; all that are given must hold.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Tie {
    /// The scope both stand in.
    pub same: Option<Same>,
    /// Comes later in it.
    pub after: bool,
    /// Comes earlier in it.
    pub before: bool,
    /// The first stands in its handler.
    pub handler_of: bool,
    /// What it gives decides that the first is reached.
    pub decides: bool,
}

/// A scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Same {
    /// A step, or a `RUN`.
    Step,
    /// A job, or an image stage.
    Job,
    /// A function, or the module outside functions.
    Function,
    /// The object a method is called on.
    Receiver,
    /// A file.
    File,
}

/// The subjects of pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// A sink that flow found.
    Sink {
        /// Which facts.
        form: Form,
        /// Kinds.
        kinds: Vec<String>,
        /// A flag that its row must have.
        flag: Option<String>,
    },
    /// A fact whose rows state an effect.
    Effect {
        /// Which facts.
        form: Form,
        /// The effect key.
        effect: Option<String>,
        /// For `installs`.
        ecosystem: Option<String>,
    },
    /// `uses:`.
    Uses,
    /// An image.
    Image(Vec<ImageRole>),
    /// A dependency.
    Requirement(Vec<RequirementFrom>),
    /// A token scope.
    Permission(Vec<String>, Vec<Level>),
    /// A configuration value.
    Setting(String),
    /// A written environment variable.
    Env(String),
    /// A runner.
    Runner,
    /// An event.
    Trigger(Vec<String>),
    /// A mention of a secret.
    SecretRef,
    /// A write to a channel.
    Write(Vec<String>),
    /// A platform expression.
    Expression(Vec<String>),
    /// A script.
    Script,
    /// A workflow.
    Workflow,
    /// A job.
    Job,
    /// An image stage.
    Stage,
    /// A step.
    Step,
}

/// Which facts a subject with rows is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Any.
    Any,
    /// Python calls.
    Call,
    /// Commands.
    Command,
    /// Actions.
    Action,
    /// Settings and environment variables.
    Setting,
    /// Images.
    Image,
    /// Scripts.
    Script,
}

/// A condition on the subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Field {
    /// Origin of the name (sinks, expressions).
    Name(OriginTest),
    /// Origin of the bytes.
    Bytes(OriginTest),
    /// Test of the name (facts).
    Called(Test),
    /// State of the flag.
    Flag(Vec<FlagWord>),
    /// The sink's argument.
    Slot(Test),
    /// Any argument.
    Arg(ArgTest),
    /// The outside name.
    Outside(Test),
    /// A method called on the same object.
    ReceiverCalled(Vec<String>),
    /// A version that the project allows.
    Version(BTreeMap<String, String>),
    /// Kind of file.
    Place(Vec<String>),
    /// Tests, examples, benchmarks.
    TestCode(bool),
    /// Test code proper.
    TestFile(bool),
    /// The same function gives back what was there before.
    PutBack(bool),
    /// Is, or stands in, a step that somebody this far outside can make run, gates applied.
    StartedBy(Vec<Compare<Who>>),
    /// Is a sink of one of these kinds.
    Kind(Vec<String>),
    /// Is reached only when a switch of such a name says so.
    Switched(Switches),
    /// Something in sight says what the argument is.
    Stated(bool),
    /// The argument is an address that names the project or its owner.
    OwnAddress(bool),
    /// Stands in a list of packages that installers may take which ask indexes in order.
    InOrder(bool),
    /// Calls what the package it stands in defines.
    OwnCallee(bool),
    /// After `@`.
    Ref(Test),
    /// `remote`, `local`, `docker`.
    Form(Vec<String>),
    /// Image tag.
    Tag(Test),
    /// Version part.
    Spec(Test),
    /// URL.
    Url(Test),
    /// Hashes are stated.
    Hashed(bool),
    /// `workflow` or `job`.
    Of(String),
    /// A value.
    Value(Test),
    /// Origin of a written value.
    ValueOrigin(OriginTest),
    /// A runner's label.
    Label(Test),
    /// Thrown away after the job.
    Hosted(bool),
    /// Who starts.
    Who(Vec<Compare<Who>>),
    /// With secrets and write token.
    Privileged(bool),
    /// A failure does not stop.
    Lenient(bool),
    /// Stands in an `except`.
    Handled(bool),
    /// Is reached only where a condition holds.
    Conditional(bool),
    /// A script's language.
    Language(Vec<String>),
    /// `permissions:` is stated.
    Permissions(bool),
}

/// States of a flag, as pages name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlagWord {
    /// No flag.
    None,
    /// Safe.
    Safe,
    /// Unsafe.
    Unsafe,
    /// Safe, but a version does not honour it.
    Hole,
    /// A version decides that the project does not state.
    Unsettled,
    /// Computed.
    Dynamic,
}

/// `x`, `>=x`, `<=x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compare<T> {
    /// Equal.
    Is(T),
    /// At least.
    AtLeast(T),
    /// At most.
    AtMost(T),
}

impl<T: PartialOrd> Compare<T> {
    /// Whether a value passes.
    pub fn holds(&self, value: &T) -> bool {
        match self {
            Compare::Is(t) => value == t,
            Compare::AtLeast(t) => value >= t,
            Compare::AtMost(t) => value <= t,
        }
    }
}

/// Parts of names of switches that somebody else sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switches {
    /// Of those that are on when a fact is reached.
    pub on: Vec<String>,
    /// Of those that are off then.
    pub off: Vec<String>,
}

/// Conditions on an origin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OriginTest {
    /// Who; one of them.
    pub who: Vec<Compare<Who>>,
    /// Mutability; one of them. Counts only from publisher up: below, nothing moves, and it holds.
    pub mutable: Vec<Compare<Mutable>>,
    /// Any of these labels.
    pub via: Vec<Via>,
    /// None of these labels.
    pub not_via: Vec<Via>,
    /// Whether a parameter others can set is part of it.
    pub open: Option<bool>,
    /// Whether it is known.
    pub known: Option<bool>,
}

/// What to point at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Primary {
    /// The callee, program or `uses:`.
    Callee,
    /// The sink's argument.
    Slot,
    /// The part after `@` or `:`.
    Ref,
    /// The value.
    Value,
    /// Where the outside bytes come in: the download, of what is run several times.
    Source,
    /// An argument.
    Arg(Slot),
}

impl Pattern {
    /// Sink kinds it names.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        let further = self.and.iter().map(|f| &f.matched).chain(self.unless.iter().filter_map(|u| match u {
            Unless::Further(f) => Some(&f.matched),
            Unless::Fields(_) => None,
        }));
        std::iter::once(&self.first)
            .chain(further)
            .flat_map(|m| match &m.subject {
                Subject::Sink { kinds, .. } => kinds.as_slice(),
                _ => &[],
            })
            .map(String::as_str)
    }
}
