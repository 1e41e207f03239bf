//! Lookups inside workflows and actions: what a step owns at any depth, steps and jobs by their keys, outputs and variables by their names. A walk over steps
//! asks again and again, so all of it is read once.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use crate::facts::{Channel, FactId, FileFacts, What};
use crate::graph::{Node, forms};
use crate::source::FileId;

/// Writes of one variable that are all kept; of more, those that say something else.
const MANY: usize = 64;

/// Lookups of all workflow and action files.
#[derive(Debug, Default)]
pub struct Steps {
    /// What a step owns, at any depth, in order.
    within: FxHashMap<Node, Vec<FactId>>,
    /// (job or template, id in lower case) -> step.
    steps: FxHashMap<(Node, String), FactId>,
    /// (file, key in lower case) -> job.
    jobs: FxHashMap<(FileId, String), FactId>,
    /// (file, job in lower case, output in lower case) -> outputs.
    outputs: FxHashMap<(FileId, String, String), Vec<FactId>>,
    /// `uses:` of the steps of a job.
    uses: FxHashMap<Node, Vec<FactId>>,
    /// Mentions of secrets, by file.
    secrets: FxHashMap<FileId, Vec<FactId>>,
    /// (what sees it, name in lower case) -> writes of a variable: a workflow, job or step and what they own, a script, or the job for later steps.
    variables: FxHashMap<(Node, String), Vec<FactId>>,
}

impl Steps {
    /// Takes down the facts of one workflow or action.
    pub fn add(&mut self, file: FileId, facts: &FileFacts) {
        for (fact, found) in facts.iter() {
            for (owner, _) in facts.owners(fact).filter(|(_, f)| matches!(f.what, What::Step { .. })) {
                self.within.entry(Node { file, fact: owner }).or_default().push(fact);
            }
            match &found.what {
                What::Step { id: Some(id), .. } => {
                    if let Some(container) = found.owner {
                        self.steps.entry((Node { file, fact: container }, id.to_ascii_lowercase())).or_insert(fact);
                    }
                }
                What::Job { id, .. } => {
                    self.jobs.entry((file, id.to_ascii_lowercase())).or_insert(fact);
                }
                What::Output { name, .. } => {
                    let owner = found.owner.map(|o| &facts.fact(o).what);
                    let job = if let Some(What::Job { id, .. }) = owner { id.to_ascii_lowercase() } else { String::new() };
                    self.outputs.entry((file, job, name.to_ascii_lowercase())).or_default().push(fact);
                }
                What::Uses { .. } => {
                    let job = found.owner.and_then(|step| facts.fact(step).owner);
                    self.uses.entry(Node { file, fact: job.unwrap_or(fact) }).or_default().push(fact);
                }
                What::SecretRef { .. } => self.secrets.entry(file).or_default().push(fact),
                What::Write { channel, .. } => {
                    let around = |is: fn(&What) -> bool| facts.owners(fact).find(|(_, f)| is(&f.what)).map(|(id, _)| id);
                    let (name, holder) = match channel {
                        Channel::Env(name) => (name, found.owner),
                        Channel::Var(name) => (name, around(|w| matches!(w, What::Script { .. })).or(found.owner)),
                        Channel::RunnerEnv(Some(name)) => (name, around(|w| matches!(w, What::Job { .. } | What::Template { .. }))),
                        _ => continue,
                    };
                    let Some(holder) = holder else { continue };
                    self.variables.entry((Node { file, fact: holder }, name.to_ascii_lowercase())).or_default().push(fact);
                }
                _ => {}
            }
        }
        for (_, writes) in self.variables.iter_mut().filter(|((holder, _), writes)| holder.file == file && writes.len() > MANY) {
            *writes = forms::distinct(facts, writes);
        }
    }
    /// What a step owns at any depth.
    pub fn within(&self, step: Node) -> &[FactId] {
        found(&self.within, &step)
    }
    /// `uses:` of the steps of a job or template.
    pub fn uses(&self, job: Node) -> &[FactId] {
        found(&self.uses, &job)
    }
    /// Mentions of secrets in a file.
    pub fn secrets(&self, file: FileId) -> &[FactId] {
        found(&self.secrets, &file)
    }
    /// A step of a job or template by its id.
    pub fn step(&self, container: Node, id: &str) -> Option<FactId> {
        self.steps.get(&(container, id.to_ascii_lowercase())).copied()
    }
    /// A job by its key.
    pub fn job(&self, file: FileId, key: &str) -> Option<FactId> {
        self.jobs.get(&(file, key.to_ascii_lowercase())).copied()
    }
    /// Outputs of a job; of a template or reusable workflow with an empty key.
    pub fn outputs(&self, file: FileId, job: &str, name: &str) -> &[FactId] {
        found(&self.outputs, &(file, job.to_ascii_lowercase(), name.to_ascii_lowercase()))
    }
    /// Writes of a variable that all see that the holder owns.
    pub fn variables(&self, holder: Node, name: &str) -> &[FactId] {
        found(&self.variables, &(holder, name.to_ascii_lowercase()))
    }
}

fn found<'a, K: Eq + Hash>(map: &'a FxHashMap<K, Vec<FactId>>, key: &K) -> &'a [FactId] {
    map.get(key).map_or(&[], Vec::as_slice)
}
