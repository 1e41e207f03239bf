//! Alerts as plain data: what was found, how bad, how sure, and along which path. Knows no format and computes nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::notice::Notice;
use crate::origin::Who;
use crate::source::{FileId, Range};

/// One scale, from harmless to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Small.
    Low,
    /// Real.
    Medium,
    /// Serious.
    High,
    /// An outsider reaches what matters most.
    Critical,
}

impl Severity {
    /// As written in pages, options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
    /// The severity of a name.
    pub fn named(name: &str) -> Option<Severity> {
        [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical].into_iter().find(|s| s.name() == name)
    }
}

/// How sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Two or more doubts.
    Low,
    /// One doubt.
    Medium,
    /// None.
    High,
}

impl Confidence {
    /// As written in options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
    /// The confidence of a name.
    pub fn named(name: &str) -> Option<Confidence> {
        [Confidence::Low, Confidence::Medium, Confidence::High].into_iter().find(|c| c.name() == name)
    }
    /// High, less one step for each doubt.
    pub fn after(doubts: usize) -> Confidence {
        match doubts {
            0 => Confidence::High,
            1 => Confidence::Medium,
            _ => Confidence::Low,
        }
    }
}

/// What kind of alert it is: decides what is shown by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// An outsider reaches an asset.
    Path,
    /// A local risk.
    Risk,
    /// Pins, permissions, users.
    Hygiene,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// File.
    pub file: FileId,
    /// Bytes.
    pub range: Range,
}

/// One step of a path, or a related place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// Where the evidence stands.
    pub at: Location,
    /// What happens there, one clause. Text of scanned files in it is raw: reports escape it.
    pub text: String,
}

/// A way from an outsider to an asset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// How bad this way alone is.
    pub severity: Severity,
    /// Who can walk it, gates applied.
    pub who: Who,
    /// What it ends at: an asset kind of `severity.yml`, or empty.
    pub asset: String,
    /// Families of the gates that hold on it, sorted: one fewer is a way that got wider.
    pub gates: Vec<String>,
    /// Steps in order.
    pub hops: Vec<Hop>,
}

/// Key of [`Alert::data`] of findings about what is taken as data: one about code of the same reference says more.
pub const TAKES_DATA: &str = "takes-data";
/// Key of [`Alert::data`]: findings of one rule and file with the same value are one decision, told once. Triage takes it away again.
pub const ONCE: &str = "once";
/// Key of [`Alert::data`] that says who vouches for the span in another scanner's manner; such an alert is hidden with that reason.
pub const VOUCHED: &str = "vouched";

/// A finding. Identity is (rule, cause).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Rule id.
    pub rule: String,
    /// Tier of the rule, or [`Tier::Path`] when a path lifts it.
    pub tier: Tier,
    /// Level.
    pub severity: Severity,
    /// Sureness.
    pub confidence: Confidence,
    /// The cause: the smallest span whose edit removes the alert, on one line where possible.
    pub primary: Location,
    /// The cause as text, for the fingerprint; white space is folded.
    pub cause: String,
    /// One sentence: who, through what, gets what.
    pub message: String,
    /// The smallest change.
    pub fix: String,
    /// When this is no problem.
    pub fine_if: String,
    /// What the verdict assumes, each with the key that settles it.
    pub assumes: Vec<String>,
    /// Doubts that lowered the confidence.
    pub doubts: Vec<String>,
    /// Ways, worst first; empty for a purely local finding.
    pub paths: Vec<Path>,
    /// Other places worth seeing.
    pub related: Vec<Hop>,
    /// `pipevet/v1` of the path alert this belongs to.
    pub part_of: Option<String>,
    /// Extra data for JSON: sink kind, origin, row.
    pub data: BTreeMap<String, String>,
}

/// Whether an edit keeps what a program does, for every input it is meant to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// It does.
    Safe,
    /// A person looks at it first: a program may need something it did not need before, or refuse what it took.
    Unsafe,
}

impl Safety {
    /// As pages and reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Safety::Safe => "safe",
            Safety::Unsafe => "unsafe",
        }
    }
}

/// Bytes of a file that are replaced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What goes.
    pub at: Location,
    /// What stands there instead.
    pub text: String,
}

/// Edits that remove a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// What they do, for people: an imperative clause.
    pub title: String,
    /// Whether they may be made unseen.
    pub safety: Safety,
    /// The edits, in order, none over another.
    pub edits: Vec<Edit>,
    /// What is left for a person to do; may be empty.
    pub note: String,
}

/// An alert with its identity, after triage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The alert.
    pub alert: Alert,
    /// Names of enclosing constructs, outermost first.
    pub constructs: Vec<String>,
    /// `pipevet/v1`.
    pub v1: String,
    /// `pipevet/path-v1`, when there are paths.
    pub path_v1: Option<String>,
    /// `primaryLocationLineHash`.
    pub line_hash: String,
    /// How it stands against the base; `None` when nothing was compared.
    pub change: Option<Change>,
    /// The edits that would remove it, or why there are none; nothing where its rule knows no edit, or nobody asked.
    pub repair: Option<Result<Repair, String>>,
}

impl Reported {
    /// Whether it can fail a run: with a base only what is new or worse.
    pub fn counts(&self) -> bool {
        !matches!(self.change, Some(Change::Unchanged))
    }
}

/// How a finding stands against the base.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The base does not have it.
    New,
    /// The base has it, and it got worse: why, one clause.
    Worse(String),
    /// The base has it as it is.
    Unchanged,
}

/// What a run was compared with, and what came of it beside [`Reported::change`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The base, for people: `main (1a2b3c4d5e6f)`.
    pub base: String,
    /// Findings that the base shows and this tree no longer has.
    pub fixed: Vec<Fixed>,
    /// What this change adds to policy: ignores, settings, rows, pages.
    pub policy: Vec<PolicyChange>,
    /// Whether policy comes from the base alone, because the change is an outsider's.
    pub base_policy: bool,
}

/// A finding of the base that is gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fixed {
    /// Level it had.
    pub severity: Severity,
    /// Rule id.
    pub rule: String,
    /// Its sentence.
    pub message: String,
    /// File and line in the base.
    pub place: (String, u32),
    /// `pipevet/v1`.
    pub v1: String,
}

/// One thing that a change adds to policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyChange {
    /// File and line.
    pub place: (String, u32),
    /// One sentence for people, without a final full stop.
    pub text: String,
}

/// Why an alert is not shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hidden {
    /// Its rule is preview.
    Preview,
    /// Its tier is hygiene.
    Hygiene,
    /// Below the severity or confidence asked for.
    Below,
    /// An ignore comment; the reason.
    Ignored(String),
    /// Neither it nor a step of its ways stands in a file that was asked for.
    Elsewhere,
    /// The baseline holds it; the reason, if one is given.
    Baselined(String),
    /// Configuration switched the rule off, or `--select`/`--ignore`.
    Policy,
    /// Part of the path alert of this fingerprint.
    Absorbed(String),
    /// The same decision as that of the alert of this fingerprint, which names this place too.
    Repeated(String),
    /// Dismissed on GitHub.
    Dismissed {
        /// Login of who did it.
        by: String,
        /// Why, in GitHub's words and theirs.
        reason: String,
    },
}

/// What was looked at and found harmless, or left open, for one reason. Holds names of rows, never text of a scanned file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// What kind of place it is.
    pub kind: ClearedKind,
    /// What was looked at, in the plural: "`torch.load`", "`pull_request_target` workflows".
    pub what: String,
    /// Why these are harmless, one clause.
    pub reason: String,
    /// How many of that there are in all, harmless or not.
    pub of: usize,
    /// The harmless ones, in order.
    pub places: Vec<Location>,
}

/// What kind of place was cleared, in the order in which people care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClearedKind {
    /// An event that outsiders can cause.
    Trigger,
    /// Code of an outsider that runs behind a gate.
    Gated,
    /// A tree of an outsider behind a gate.
    Checkout,
    /// A dangerous call, command or setting.
    Sink,
    /// A reference that cannot change.
    Pin,
    /// A dangerous call, command or setting beside a comment that silences another tool.
    Suppressed,
    /// A dangerous call, command or setting that nothing from outside was seen to reach, where not all is known: quiet, but not harmless.
    Open,
}

/// The outcome of a run, as reports see it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is shown: worst first, then by place.
    pub shown: Vec<Reported>,
    /// What is not, and why.
    pub hidden: Vec<(Reported, Hidden)>,
    /// What was not understood.
    pub notices: Vec<Notice>,
    /// Files read, by kind.
    pub files: usize,
    /// Milliseconds; only text output prints it.
    pub elapsed_ms: u128,
    /// How many of what is shown fail the gate.
    pub failing: usize,
    /// What was looked at and found harmless.
    pub cleared: Vec<Cleared>,
    /// What stands beside a comment that silences another tool.
    pub suppressed: Vec<Cleared>,
    /// What it was compared with, if anything.
    pub comparison: Option<Comparison>,
}
