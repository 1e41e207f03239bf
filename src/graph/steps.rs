//! Lookups inside workflows and actions: what a step owns at any depth, steps and jobs by their keys, outputs and variables by their names. A walk over steps
//! asks again and again, so all of it is read once.

use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::facts::{Channel, FactId, FileFacts, What};
use crate::graph::index::FileIndex;
use crate::graph::{Node, forms};
use crate::source::FileId;

/// Writes of one variable that are all kept; of more, those that say something else.
const MANY: usize = 64;

/// Lookups of one workflow or action.
#[derive(Debug, Default)]
pub struct OfFile {
    /// What a fact owns directly.
    owned: FxHashMap<FactId, Vec<FactId>>,
    /// Uses and checks inside a step, at any depth.
    checks: FxHashMap<FactId, Vec<FactId>>,
    /// What a step owns, at any depth, in order.
    within: FxHashMap<FactId, Vec<FactId>>,
    /// (job or template, id in lower case) -> step.
    steps: FxHashMap<(FactId, String), FactId>,
    /// Key in lower case -> job.
    jobs: FxHashMap<String, FactId>,
    /// (job in lower case, output in lower case) -> outputs.
    outputs: FxHashMap<(String, String), Vec<FactId>>,
    /// `uses:` of the steps of a job.
    uses: FxHashMap<FactId, Vec<FactId>>,
    /// Mentions of secrets.
    secrets: Vec<FactId>,
    /// (what sees it, name in lower case) -> writes of a variable: a workflow, job or step and what they own, a script, or the job for later steps.
    variables: FxHashMap<(FactId, String), Vec<FactId>>,
}

impl OfFile {
    /// Takes down the facts of one workflow or action.
    pub fn new(facts: &FileFacts) -> OfFile {
        let mut out = OfFile::default();
        for (fact, found) in facts.iter() {
            if let Some(owner) = found.owner {
                out.owned.entry(owner).or_default().push(fact);
            }
            for (owner, _) in facts.owners(fact).filter(|(_, f)| matches!(f.what, What::Step { .. })) {
                out.within.entry(owner).or_default().push(fact);
                if matches!(found.what, What::Uses { .. } | What::Check { .. }) {
                    out.checks.entry(owner).or_default().push(fact);
                }
            }
            match &found.what {
                What::Step { id: Some(id), .. } => {
                    if let Some(container) = found.owner {
                        out.steps.entry((container, id.to_ascii_lowercase())).or_insert(fact);
                    }
                }
                What::Job { id, .. } => {
                    out.jobs.entry(id.to_ascii_lowercase()).or_insert(fact);
                }
                What::Output { name, .. } => {
                    let owner = found.owner.map(|o| &facts.fact(o).what);
                    let job = if let Some(What::Job { id, .. }) = owner { id.to_ascii_lowercase() } else { String::new() };
                    out.outputs.entry((job, name.to_ascii_lowercase())).or_default().push(fact);
                }
                What::Uses { .. } => {
                    let job = found.owner.and_then(|step| facts.fact(step).owner);
                    out.uses.entry(job.unwrap_or(fact)).or_default().push(fact);
                }
                What::SecretRef { .. } => out.secrets.push(fact),
                What::Write { channel, .. } => {
                    let around = |is: fn(&What) -> bool| facts.owners(fact).find(|(_, f)| is(&f.what)).map(|(id, _)| id);
                    let (name, holder) = match channel {
                        Channel::Env(name) => (name, found.owner),
                        Channel::Var(name) => (name, around(|w| matches!(w, What::Script { .. })).or(found.owner)),
                        Channel::RunnerEnv(Some(name)) => (name, around(|w| matches!(w, What::Job { .. } | What::Template { .. }))),
                        _ => continue,
                    };
                    let Some(holder) = holder else { continue };
                    out.variables.entry((holder, name.to_ascii_lowercase())).or_default().push(fact);
                }
                _ => {}
            }
        }
        for (_, writes) in out.variables.iter_mut().filter(|(_, writes)| writes.len() > MANY) {
            *writes = forms::distinct(facts, writes);
        }
        out
    }
}

/// Lookups of all workflow and action files.
#[derive(Clone, Copy, Debug)]
pub struct Steps<'i> {
    /// By [`FileId`].
    pub(super) files: &'i [Arc<FileIndex>],
}

impl<'i> Steps<'i> {
    fn of(self, file: FileId) -> Option<&'i OfFile> {
        self.files.get(file.0 as usize).map(|f| &f.steps)
    }
    /// What a fact owns directly.
    pub fn owned(self, node: Node) -> &'i [FactId] {
        self.of(node.file).map_or(&[], |f| found(&f.owned, &node.fact))
    }
    /// Uses and checks inside a step, at any depth.
    pub fn checks(self, step: Node) -> &'i [FactId] {
        self.of(step.file).map_or(&[], |f| found(&f.checks, &step.fact))
    }
    /// What a step owns at any depth.
    pub fn within(self, step: Node) -> &'i [FactId] {
        self.of(step.file).map_or(&[], |f| found(&f.within, &step.fact))
    }
    /// `uses:` of the steps of a job or template.
    pub fn uses(self, job: Node) -> &'i [FactId] {
        self.of(job.file).map_or(&[], |f| found(&f.uses, &job.fact))
    }
    /// Mentions of secrets in a file.
    pub fn secrets(self, file: FileId) -> &'i [FactId] {
        self.of(file).map_or(&[], |f| &f.secrets)
    }
    /// A step of a job or template by its id.
    pub fn step(self, container: Node, id: &str) -> Option<FactId> {
        self.of(container.file)?.steps.get(&(container.fact, id.to_ascii_lowercase())).copied()
    }
    /// A job by its key.
    pub fn job(self, file: FileId, key: &str) -> Option<FactId> {
        self.of(file)?.jobs.get(&key.to_ascii_lowercase()).copied()
    }
    /// Outputs of a job; of a template or reusable workflow with an empty key.
    pub fn outputs(self, file: FileId, job: &str, name: &str) -> &'i [FactId] {
        self.of(file).map_or(&[], |f| found(&f.outputs, &(job.to_ascii_lowercase(), name.to_ascii_lowercase())))
    }
    /// Writes of a variable that all see that the holder owns.
    pub fn variables(self, holder: Node, name: &str) -> &'i [FactId] {
        self.of(holder.file).map_or(&[], |f| found(&f.variables, &(holder.fact, name.to_ascii_lowercase())))
    }
}

fn found<'a, K: Eq + Hash>(map: &'a FxHashMap<K, Vec<FactId>>, key: &K) -> &'a [FactId] {
    map.get(key).map_or(&[], Vec::as_slice)
}
