//! Interprets jobs step by step: which trees are mounted, whose code runs, behind which gates, with what in reach. Knows rows and facts, no rule.
//!
//! A job is walked once for each start state that its triggers allow. The walk is bounded and ordered; what it finds are [`Exec`]s (code of an
//! outsider runs) and [`Checkout`]s (an outsider's tree is brought in), each with the gates that dominate it and the assets in reach from there.

pub mod agents;
pub mod assets;
pub mod between;
mod carried;
mod checked;
mod condition;
pub mod families;
mod fields;
pub mod gates;
mod given;
pub mod instances;
mod made;
mod mount;
mod program;
pub mod sources;
pub mod walk;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::catalog::Catalog;
use crate::catalog::agent::Power;
use crate::finding::{Hop, Location};
use crate::flow::{Flow, SinkHit};
use crate::graph::index::Index;
use crate::graph::{Facts, Graph, Node};
use crate::notice::Notice;
use crate::origin::{Mutable, Who};
use crate::reach::between::{artifacts, caches, pivots};
use crate::reach::families::Families;
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
    /// Families of gates.
    pub families: &'a Families,
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
    /// Whether nobody in this tree calls it: the event is that of some caller out of sight.
    pub external: bool,
    /// Whether the workflow before it starts by an event that a contributor has to add to it.
    pub added: bool,
    /// The step that sets it off, and the state that one runs in.
    pub sent: Option<Box<Sent>>,
}

/// What sets a workflow off by a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sent {
    /// The action or command that calls.
    pub by: Node,
    /// How its own job was started.
    pub state: State,
    /// What dominates the call: whoever is held back there does not start this run, and what somebody let in still is whose it was.
    pub gates: Vec<Gate>,
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
    /// Contexts that whoever passes it wrote.
    pub texts: Vec<String>,
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
    /// The way on, where it lies in another job.
    pub onward: Vec<Hop>,
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
    /// The event that started the run it comes from, where it is not this one.
    pub event: Option<String>,
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
    /// What jobs publish that restore what this one saves of the tree.
    pub carried: Vec<Asset>,
}

/// An agent at work whom an outsider has something to say to.
#[derive(Clone, Debug)]
pub struct AgentRun {
    /// The step.
    pub step: Node,
    /// The `uses:` or command.
    pub at: Location,
    /// The action or program.
    pub name: String,
    /// Texts of outsiders that reach it, from the outermost.
    pub texts: Vec<sources::Source>,
    /// An outsider's tree it works in: who wrote it, how it came there, behind which gates.
    pub tree: Option<(Who, Vec<Hop>, Vec<Gate>)>,
    /// What it may do, and what gives it that.
    pub powers: BTreeMap<Power, (String, Location)>,
    /// Gates that dominate it, its own refusal among them.
    pub gates: Vec<Gate>,
    /// What it can get at with these powers.
    pub assets: Vec<Asset>,
    /// Values of the enclosing templates.
    pub scope: sources::Scope,
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
    /// What outsiders wrote into the workspace before it.
    pub outside: Vec<sources::Outside>,
    /// How the job comes to it: actions of the tree.
    pub trail: Vec<Hop>,
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

/// What an outsider wrote is published as the project's own.
#[derive(Clone, Debug)]
pub struct Outflow {
    /// What is published, and where.
    pub publish: Publish,
    /// Who wrote it, gates applied.
    pub who: Who,
    /// From the trigger to the publishing.
    pub hops: Vec<Hop>,
    /// Gates that dominate it.
    pub gates: Vec<Gate>,
    /// The event that started the run it comes from.
    pub event: String,
    /// Doubts, one sentence each.
    pub doubts: Vec<String>,
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
    /// The same on machines of other services, which hold what those give them.
    pub elsewhere: Vec<Exec>,
    /// Trees of outsiders.
    pub checkouts: Vec<Checkout>,
    /// Agents that outsiders have a say in.
    pub agents: Vec<AgentRun>,
    /// Settings of actions in templates that a call of this job chooses.
    pub chosen: Vec<SinkHit>,
    /// What the job itself publishes, in order.
    pub publishes: Vec<Publish>,
    /// What of outsiders it publishes.
    pub outflows: Vec<Outflow>,
    /// Caches that it restores, and how much it had published before.
    pub restores: Vec<(caches::Cached, usize)>,
    /// Outputs that an outsider's code can set.
    pub ran: Option<sources::Outside>,
    /// What it uploads.
    pub uploads: Vec<artifacts::Upload>,
    /// Whether it downloads what other jobs of this tree upload.
    pub fetches: bool,
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
    /// The families of gates that were asked about.
    pub families: Families,
}

impl Reach {
    /// Settings that jobs choose by calls of templates, each once.
    pub fn chosen(&mut self) -> Vec<SinkHit> {
        let mut all: Vec<SinkHit> = self.runs.iter_mut().flat_map(|run| std::mem::take(&mut run.chosen)).collect();
        all.sort();
        all.dedup();
        all
    }
}

/// Jobs that hand an artifact on, one after the other, as far as they are followed.
const RELAYS: usize = 4;

/// Interprets every job of every workflow.
pub fn reach(context: Context) -> Reach {
    let mut out = Reach::default();
    let instances = instances::instances(context, &mut out.notices);
    let mut walked: Vec<_> = instances.par_iter().map(|instance| walk::walk(context, instance, &[], None)).collect();
    // What a job downloads depends on what others upload, which may be what they have downloaded themselves.
    let mut left = artifacts::Left::of(&instances, &walked);
    for _ in 0..RELAYS {
        let again = |(instance, run): (&instances::Instance, Option<Run>)| match run {
            Some(run) if run.fetches => walk::walk(context, instance, &[], Some(&left)),
            run => run,
        };
        walked = instances.par_iter().zip(walked).map(again).collect();
        let now = artifacts::Left::of(&instances, &walked);
        if now == left {
            break;
        }
        left = now;
    }
    let pivots = pivots::pivots(context, walked.iter().flatten());
    // What outsiders leave in caches of the default branch or on a machine is in reach of other jobs: these are walked again, with that in view.
    let again = |instance: &instances::Instance, run: Option<Run>| {
        let leaves = instance.state.default_scope || run.as_ref().is_some_and(|r| r.own_runner.is_some());
        let leaves = leaves && !instance.state.external && instance.state.who >= Who::Peer && !pivots.is_empty();
        if leaves { walk::walk(context, instance, &pivots, Some(&left)) } else { run }
    };
    let all: Vec<_> = instances.par_iter().zip(walked).map(|(instance, run)| again(instance, run)).collect();
    out.runs.extend(all.into_iter().flatten());
    out
}
