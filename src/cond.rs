//! Conditions: one type for `if:` of a workflow, tests of a shell, `if` and `assert` of Python. Knows no gate and no rule.

use serde::{Deserialize, Serialize};

use crate::facts::ValueId;
use crate::source::Range;

/// Index of a condition in [`crate::facts::FileFacts::conds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CondId(pub u32);

/// A condition with the range it was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cond {
    /// Where it stands.
    pub range: Range,
    /// What it says.
    pub what: CondWhat,
}

/// The forms of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CondWhat {
    /// All hold.
    And(Vec<CondId>),
    /// At least one holds.
    Or(Vec<CondId>),
    /// Does not hold.
    Not(CondId),
    /// A comparison. A bare value is `value Truthy value`.
    Atom(ValueId, CmpOp, ValueId),
    /// Always or never.
    Const(bool),
    /// The platform's status functions: `success`, `failure`, `always`, `cancelled`.
    Status(Status),
    /// Not understood: may be either.
    Opaque,
}

/// Status functions of a workflow `if:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// No earlier step or needed job failed.
    Success,
    /// One failed.
    Failure,
    /// In every case.
    Always,
    /// The run was cancelled.
    Cancelled,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CmpOp {
    /// Equal, with the platform's coercions.
    Eq,
    /// Not equal.
    Ne,
    /// `<`, `<=`, `>`, `>=`: ordered, direction not kept apart.
    Order,
    /// The left contains the right (`contains(left, right)`, `right in left`).
    Contains,
    /// The left starts with the right.
    StartsWith,
    /// The left ends with the right.
    EndsWith,
    /// The left matches the pattern on the right (`=~`, `re.match`, a `case` glob).
    Matches,
    /// The left is true in the platform's sense; the right repeats the left.
    Truthy,
    /// A command succeeds; both sides are its substitution.
    Succeeds,
}
