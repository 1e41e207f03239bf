//! Detectors that `match:` cannot say, one file each, and the table by which pages name them.

pub mod secrets;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::finding::Alert;
use crate::flow::Flow;
use crate::graph::{Facts, Graph};
use crate::rule::RuleSet;
use crate::source::Sources;

/// Everything a rule may look at.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// All facts.
    pub facts: &'a Facts,
    /// The edges.
    pub graph: &'a Graph,
    /// Origins at sinks.
    pub flow: &'a Flow,
    /// Rows and levels.
    pub catalog: &'a Catalog,
    /// Pages: a detector takes its sentences from its own.
    pub rules: &'a RuleSet,
    /// Trust and policy.
    pub config: &'a Config,
}

/// A hand-written rule.
pub type Detector = fn(&Context<'_>) -> Vec<Alert>;

/// Detectors by the name that pages use.
pub const TABLE: &[(&str, Detector)] = &[
    ("poisoned_pipeline_execution", later),
    ("publish_credential_exposed", later),
    ("script_injection", later),
    ("self_hosted_runner_exposed", later),
    ("untrusted_checkout", later),
];

/// Stands in until reach gives what these need.
fn later(_: &Context<'_>) -> Vec<Alert> {
    Vec::new()
}
