//! Interprets jobs step by step: which trees are mounted, whose code runs, behind which gates, with what in reach. Knows rows and facts, no rule.
//!
//! A job is walked once for each start state that its triggers allow. The walk is bounded and ordered; what it finds are [`Exec`]s (code of an
//! outsider runs) and [`Checkout`]s (an outsider's tree is brought in), each with the gates that dominate it and the assets in reach from there.

pub mod assets;
mod carried;
mod condition;
pub mod gates;
pub mod instances;
mod mount;
mod program;
pub mod sources;
pub mod walk;

use crate::catalog::Catalog;
use crate::finding::{Hop, Location};
use crate::flow::Flow;
use crate::graph::index::Index;
use crate::graph::{Facts, Graph, Node};
use crate::notice::Notice;
use crate::origin::{Mutable, Who};
use crate::source::Sources;

/// What reach may read.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The files, for the text of a cause.
    pub sources: &'a Sources,
    /// Lookups.
    pub index: &'a Index,
    /// Facts of all files.
    pub facts: &'a Facts,
    /// Edges.
    pub graph: &'a Graph,
    /// Rows.
    pub catalog: &'a Catalog,
    /// Origins and sink hits.
    pub flow: &'a Flow,
}

/// What may start a job, and what that gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct State {
    /// Event.
    pub event: String,
    /// Activity type; empty when the event has none.
    pub activity: String,
    /// For `workflow_run`: the event of the parent run.
    pub parent: Option<String>,
    /// Who can start it, before gates.
    pub who: Who,
    /// Whether the job has the repository's secrets and a token that can be given write scopes.
    pub privileged: bool,
    /// Whether it runs in the cache scope of the default branch.
    pub default_scope: bool,
    /// Whether the run takes the contributor's tree: a checkout without `ref` brings it, and the workflow itself is read from it.
    pub head: bool,
    /// Where the event is named.
    pub trigger: Location,
}

/// A gate that dominates a step in a state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gate {
    /// Family, as the row names it.
    pub family: String,
    /// Caps of who starts it.
    pub start: Option<Who>,
    /// Caps of whose code runs.
    pub code: Option<Who>,
    /// Caps of who wrote the texts of the event.
    pub text: Option<Who>,
    /// What remains, for people.
    pub residual: String,
    /// Where the check stands.
    pub at: Location,
}

/// What holds an asset, and so what a sandbox takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carrier {
    /// Variables, inputs and the memory of the runner.
    Environment,
    /// Files of the workspace, where checkout leaves the job's token.
    Workspace,
    /// The machine itself.
    Machine,
}

/// Something worth stealing or poisoning, in reach of a step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asset {
    /// Kind, as in `severity.yml`.
    pub kind: String,
    /// What it is called: a secret's name, `contents: write`, a runner label.
    pub name: String,
    /// How it is in reach, one clause.
    pub how: String,
    /// What holds it.
    pub carrier: Carrier,
    /// Where it stands.
    pub at: Location,
    /// Whether it is assumed rather than stated (a default token).
    pub assumed: bool,
}

/// Code that an outsider chooses runs.
#[derive(Clone, Debug)]
pub struct Exec {
    /// The step.
    pub step: Node,
    /// The command, action or call that runs it.
    pub at: Location,
    /// Who chooses the code, gates applied.
    pub who: Who,
    /// Who would without gates.
    pub ungated: Who,
    /// Whether it can change.
    pub mutable: Mutable,
    /// How the code got here, from the trigger to the execution.
    pub hops: Vec<Hop>,
    /// The span whose edit removes it: the `ref` of a checkout, the reference of an action.
    pub cause: Location,
    /// That span as text.
    pub cause_text: String,
    /// Whether the code is a tree brought in by a checkout (else: a dependency that moves).
    pub tree: bool,
    /// The outside name, for dependencies.
    pub subject: String,
    /// Gates that dominate it.
    pub gates: Vec<Gate>,
    /// What is in reach from here on.
    pub assets: Vec<Asset>,
    /// Doubts, one sentence each.
    pub doubts: Vec<String>,
}

/// A tree of an outsider is brought in.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// The step.
    pub step: Node,
    /// The `ref` value, else the `uses:` or command.
    pub cause: Location,
    /// That span as text.
    pub cause_text: String,
    /// Who chooses the tree, gates applied.
    pub who: Who,
    /// Gates that dominate it.
    pub gates: Vec<Gate>,
    /// From the trigger to the checkout.
    pub hops: Vec<Hop>,
    /// What is in reach of later steps.
    pub assets: Vec<Asset>,
}

/// A step that can run in a state, with what it may reach.
#[derive(Clone, Debug)]
pub struct StepRun {
    /// The step.
    pub step: Node,
    /// Who can make it run, gates applied.
    pub who: Who,
    /// Gates that dominate it.
    pub gates: Vec<Gate>,
    /// What is in reach from here on.
    pub assets: Vec<Asset>,
    /// Values of the enclosing templates.
    pub scope: sources::Scope,
}

/// Something that a job publishes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Publish {
    /// Asset kind, as the row says.
    pub asset: String,
    /// The command, call or action.
    pub at: Location,
    /// What is published, where it is literal.
    pub name: Option<String>,
}

/// One job in one start state.
#[derive(Clone, Debug)]
pub struct Run {
    /// The job.
    pub job: Node,
    /// The state.
    pub state: State,
    /// Steps that can run, in order, composite ones expanded.
    pub steps: Vec<StepRun>,
    /// Code of outsiders.
    pub execs: Vec<Exec>,
    /// Trees of outsiders.
    pub checkouts: Vec<Checkout>,
    /// What the job itself publishes, in order.
    pub publishes: Vec<Publish>,
    /// Labels of a runner that is not thrown away, when it is one.
    pub own_runner: Option<(String, Location)>,
    /// The gates of the job as a whole.
    pub gates: Vec<Gate>,
}

/// All runs, in order of file, job, state.
#[derive(Debug, Default)]
pub struct Reach {
    /// The runs.
    pub runs: Vec<Run>,
    /// What was cut or not understood.
    pub notices: Vec<Notice>,
}

/// Interprets every job of every workflow.
pub fn reach(context: Context) -> Reach {
    let mut out = Reach::default();
    for instance in instances::instances(context, &mut out.notices) {
        out.runs.extend(walk::walk(context, &instance));
    }
    out
}
