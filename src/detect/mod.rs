//! Detectors that `match:` cannot say, one file each, and the table by which pages name them.

mod agents;
mod arguments;
pub mod exposed;
mod hygiene;
pub mod idle;
mod notebook_output;
pub mod paths;
pub mod permissions;
mod poisoned_pipeline;
mod runner_files;
pub mod script_injection;
pub mod secrets;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::finding::Alert;
use crate::flow::Flow;
use crate::graph::index::Index;
use crate::graph::{Facts, Graph};
use crate::reach::{self, Reach};
use crate::rule::{By, Page, RuleSet};
use crate::source::{SourceFile, Sources};

/// Everything a rule may look at.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// Lookups.
    pub index: &'a Index,
    /// All facts.
    pub facts: &'a Facts,
    /// The edges.
    pub graph: &'a Graph,
    /// Origins at sinks.
    pub flow: &'a Flow,
    /// Jobs and what runs in them.
    pub reach: &'a Reach,
    /// Rows and levels.
    pub catalog: &'a Catalog,
    /// Pages: a detector takes its sentences from its own.
    pub rules: &'a RuleSet,
    /// Trust and policy.
    pub config: &'a Config,
    /// Secrets of the tree.
    pub secrets: &'a secrets::Secrets,
}

impl<'a> Context<'a> {
    /// What reach reads, for detectors that follow values of jobs themselves.
    pub fn reachable(&self) -> reach::Context<'a> {
        let Context { sources, index, facts, graph, catalog, flow, .. } = *self;
        reach::Context { sources, index, facts, graph, catalog, flow, families: &self.reach.families }
    }
}

/// A hand-written rule.
pub type Detector = fn(&Context<'_>) -> Vec<Alert>;

/// Detectors that say of a notebook or a Python file what its bytes alone tell: where nothing else is asked for, most need not be read.
const OF_TEXTS: &[&str] = &["notebook_output_runs", "secret_assigned_literal", "secret_in_image", "secret_known_format"];

/// Detectors of secrets.
const OF_SECRETS: &[&str] = &["secret_assigned_literal", "secret_in_image", "secret_known_format"];

/// Whether a page is found by one of them.
pub fn is_of_texts(page: &Page) -> bool {
    matches!(&page.by, By::Detector(name) if OF_TEXTS.contains(&name.as_str()))
}

/// Whether a page tells of secrets, which are looked for once for all of them.
pub fn is_of_secrets(page: &Page) -> bool {
    matches!(&page.by, By::Detector(name) if OF_SECRETS.contains(&name.as_str()))
}

/// Tells of notebooks and Python files whether pages of texts find anything there, before anything else is known of them.
pub struct Sieve<'r> {
    secrets: Option<secrets::Sieve<'r>>,
    outputs: bool,
}

impl<'r> Sieve<'r> {
    /// For these pages.
    pub fn new(pages: &[&Page], catalog: &'r Catalog, config: &'r Config) -> Self {
        let asks = |name: &str| pages.iter().any(|p| matches!(&p.by, By::Detector(by) if by == name));
        let (known, named) = (asks("secret_known_format"), asks("secret_assigned_literal"));
        Sieve { secrets: (known || named).then(|| secrets::Sieve::new(catalog, config, named)), outputs: asks("notebook_output_runs") }
    }
    /// Whether something is found in a file.
    pub fn keeps(&self, file: &SourceFile) -> bool {
        self.outputs && notebook_output::any(file) || self.secrets.as_ref().is_some_and(|s| s.keeps(file))
    }
}

/// Detectors by the name that pages use.
pub const TABLE: &[(&str, Detector)] = &[
    ("agent_answer_executed", script_injection::answers),
    ("agent_in_outside_tree", agents::in_outside_tree),
    ("agent_instructed", agents::instructed),
    ("agent_tool_is_a_shell", agents::shells),
    ("all_secrets_exposed", hygiene::all_exposed),
    ("approved_commit_can_change", poisoned_pipeline::outrun),
    ("argument_injection", arguments::injected),
    ("bot_condition_spoofable", hygiene::spoofable),
    ("cache_restored", hygiene::restored),
    ("condition_always_true", hygiene::always_true),
    ("condition_never_holds", hygiene::never_holds),
    ("encoded_script_run", hygiene::encoded_script),
    ("excessive_permissions", permissions::excessive),
    ("lookalike_action", hygiene::lookalike),
    ("notebook_output_runs", notebook_output::runs),
    ("poisoned_pipeline_execution", poisoned_pipeline::executed),
    ("publish_credential_exposed", exposed::publish_credential),
    ("runner_environment_injection", runner_files::injected),
    ("script_injection", script_injection::detect),
    ("secret_assigned_literal", secrets::assigned_literal),
    ("secret_in_image", secrets::in_image),
    ("secret_known_format", secrets::known_format),
    ("secret_sent_out", hygiene::sent_out),
    ("secret_unmasked_in_log", hygiene::unmasked),
    ("self_hosted_runner_exposed", exposed::self_hosted_runner),
    ("unredacted_secret", hygiene::unredacted),
    ("unsound_contains", hygiene::unsound_contains),
    ("untrusted_artifact_published", poisoned_pipeline::published),
    ("untrusted_checkout", poisoned_pipeline::checked_out),
];
