//! Artifacts on their way from one job to another: what jobs upload under which names, what outsiders had a hand in, and which of it a download can mean.
//! Knows runs, facts and what rows say of actions, no rule.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::row::Effect;
use crate::facts::{FileFacts, V, ValueId, What};
use crate::finding::{Hop, Location};
use crate::graph::Node;
use crate::graph::paths::base;
use crate::origin::Who;
use crate::reach::between::names::Name;
use crate::reach::instances::Instance;
use crate::reach::mount::Mount;
use crate::reach::sources::View;
use crate::reach::walk::{Here, Walk, inside, starts};
use crate::reach::{Context, Gate, Run, State};
use crate::source::FileId;

/// What a job uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Under which name.
    name: Name,
    /// What outsiders have to do with it, if anything.
    outside: Option<Brought>,
    /// Whether their code ran in the job before: it has the runner, which uploads under any name.
    code: bool,
}

/// What an outsider brought into a job by way of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::reach) struct Brought {
    /// Who wrote it, before gates.
    pub(in crate::reach) who: Who,
    /// What it is, for people.
    pub(in crate::reach) name: String,
    /// The event that started the run it comes from.
    pub(in crate::reach) event: String,
    /// From the trigger of that run on.
    pub(in crate::reach) hops: Vec<Hop>,
    /// Gates before it left that run.
    pub(in crate::reach) gates: Vec<Gate>,
    /// What makes it doubtful.
    pub(in crate::reach) doubts: Vec<String>,
}

/// An upload and the job that makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    job: Node,
    callers: Vec<Node>,
    state: State,
    upload: Upload,
}

/// Uploads of all runs, by the workflow and event that started them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left(BTreeMap<(FileId, String), Vec<Kept>>);

/// Uploads that are told apart for one workflow and event; with more, each may be any.
const MOST: usize = 256;
/// Jobs that a job waits for which are looked at.
const WAITED: usize = 1_000;

impl Left {
    /// Reads the runs of a pass.
    pub(in crate::reach) fn of(instances: &[Instance], runs: &[Option<Run>]) -> Left {
        let mut out = Left::default();
        for (instance, run) in instances.iter().zip(runs) {
            let Some(run) = run.as_ref().filter(|r| !r.state.head && !r.state.external) else { continue };
            for upload in &run.uploads {
                let kept = out.0.entry((run.state.trigger.file, run.state.event.clone())).or_default();
                let mut upload = upload.clone();
                if kept.len() >= MOST {
                    // What is not told apart may be what is asked for; the first of an outsider's stands for the others.
                    if kept.len() > MOST || upload.outside.is_none() {
                        continue;
                    }
                    upload.name = Name::any();
                }
                kept.push(Kept { job: run.job, callers: instance.callers.clone(), state: run.state.clone(), upload });
            }
        }
        out
    }
}

impl Walk<'_> {
    /// An upload: of what an outsider's code left behind, of an outsider's tree, or of texts that outsiders wrote.
    pub(in crate::reach) fn uploads(&mut self, here: &Here, node: Node, (name, unnamed): (Option<ValueId>, Option<&str>), paths: &[ValueId]) {
        if self.state().head {
            return;
        }
        let facts = self.context.facts.file(node.file);
        let range = facts.fact(node.fact).range;
        let known = name.map_or_else(|| unnamed.map_or_else(Name::any, Name::exact), |v| Name::of(facts, v));
        let shown = name.and_then(|v| facts.literal(v)).or_else(|| unnamed.map(str::to_owned));
        let hop = Hop {
            at: Location { file: node.file, range },
            text: format!("uploads it as {}", shown.map_or_else(|| "an artifact".to_owned(), |n| format!("`{n}`"))),
        };
        let event = self.state().event.clone();
        let brought = |who: Who, name: String, hops: &[Hop], gates: Vec<Gate>| Brought {
            who,
            name,
            event: event.clone(),
            hops: hops.iter().cloned().chain([hop.clone()]).collect(),
            gates,
            doubts: Vec::new(),
        };
        let ran = self.run.execs.iter().find(|e| e.tree && e.ungated >= Who::Peer);
        let code = ran.is_some();
        let outside = ran.map(|e| brought(e.ungated, "an artifact of a job that ran an outsider's code".to_owned(), &e.hops, e.gates.clone()));
        let outside = outside.or_else(|| {
            let (_, mount) = self.holding(paths, node)?;
            Some(brought(mount.who, mount.name.clone(), &mount.hops, mount.gates.clone()))
        });
        let outside = match outside {
            Some(outside) => Some(outside),
            None => self.texts_of(here).map(|who| {
                let start = Hop { at: self.state().trigger, text: starts(self.state()) };
                brought(who, "an artifact with texts of outsiders".to_owned(), &[start], here.gates.clone())
            }),
        };
        self.run.uploads.push(Upload { name: known, outside, code });
    }

    /// A tree of an outsider in or around one of the paths.
    pub(in crate::reach) fn holding(&self, paths: &[ValueId], node: Node) -> Option<(&String, &Mount)> {
        let facts = self.context.facts.file(node.file);
        let around = |path: &str| {
            let path = path.trim().trim_start_matches("./").trim_end_matches('/');
            let fixed = path.split(['*', '?', '[', '!']).next().unwrap_or_default().trim_end_matches('/').to_owned();
            let whole = fixed.is_empty() || fixed == ".";
            self.mounts.iter().find(|(dir, m)| m.who >= Who::Peer && (whole || dir.is_empty() || inside(&fixed, dir) || inside(dir, &fixed)))
        };
        let mut found = None;
        for value in paths {
            match facts.literal(*value) {
                Some(text) => {
                    // A path outside of the workspace holds no tree.
                    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with(['!', '/', '~'])).collect();
                    found = found.or_else(|| lines.into_iter().find_map(around));
                }
                None => found = found.or_else(|| around("")),
            }
        }
        found
    }

    /// Who wrote texts that the steps of the job have put into files or scripts so far.
    fn texts_of(&mut self, here: &Here) -> Option<Who> {
        if self.state().who < Who::Peer {
            return None;
        }
        // Each step is asked once, however many uploads come after it.
        let (from, known) = self.texts;
        let view = View { context: self.context, state: self.state(), outside: &here.outside };
        let wrote = self.run.steps.iter().skip(from).filter_map(|step| {
            let file = step.step.file;
            let facts = self.context.facts.file(file);
            let texts = self.context.index.steps().within(step.step).iter().flat_map(|fact| {
                let node = Node { file, fact: *fact };
                let of = |value: ValueId| view.of(&step.scope, node, value);
                match &facts.fact(*fact).what {
                    What::Script { text, .. } => of(*text),
                    What::Write { value, .. } => of(*value),
                    What::Uses { with, .. } => with.iter().flat_map(|(_, v)| of(*v)).collect(),
                    What::Command(_) => view.of_output(&step.scope, node),
                    _ => Vec::new(),
                }
            });
            texts.filter(|s| s.arbitrary && s.who >= Who::Peer).map(|s| s.who).max()
        });
        let found = wrote.max().max(known);
        self.texts = (self.run.steps.len(), found);
        found
    }

    /// What of an outsider's a download brings; nothing, when all it can mean is the repository's own.
    pub(in crate::reach) fn downloads(&mut self, node: Node, name: Option<ValueId>, of: (bool, Option<ValueId>)) -> Option<Brought> {
        let facts = self.context.facts.file(node.file);
        let wanted = name.map_or_else(Name::any, |v| Name::glob(facts, v));
        let state = self.state();
        let start = Hop { at: state.trigger, text: starts(state) };
        let other = fetches_other_run(facts, node);
        if other && state.event == "workflow_run" && state.who >= Who::Peer {
            let plain = Brought {
                who: state.who,
                name: "an artifact of the run that started this one".to_owned(),
                event: state.parent.clone().unwrap_or_else(|| state.event.clone()),
                hops: vec![start.clone()],
                gates: Vec::new(),
                doubts: Vec::new(),
            };
            let Some(parents) = parents(self.context, state) else { return Some(plain) };
            self.run.fetches = true;
            let Some(left) = self.left else { return Some(plain) };
            let key = |file: &FileId| (*file, plain.event.clone());
            let kept: Vec<&Kept> = parents.iter().filter_map(|f| left.0.get(&key(f))).flatten().collect();
            let named: Vec<&&Kept> = kept.iter().filter(|k| k.upload.name.may_be(&wanted)).collect();
            // Where nobody is seen to upload it, it may come from what is not in sight.
            if named.is_empty() {
                return Some(plain);
            }
            let own = worst(named.iter().map(|k| &k.upload), kept.iter().map(|k| &k.upload))?;
            return Some(Brought { hops: own.hops.iter().cloned().chain([start]).collect(), ..own });
        }
        if let (true, workflow) = of
            && !state.head
            && let Some((file, hop, who)) = self.latest(node, workflow)
        {
            let name = format!("an artifact of the latest run of {}, which may be one of a fork", base(self.context.index.path(file)));
            let event = hop.text.split(':').next().unwrap_or_default().to_owned();
            return Some(Brought { who, name, event, hops: vec![hop, start], gates: Vec::new(), doubts: Vec::new() });
        }
        if other || state.head || state.who < Who::Peer {
            return None;
        }
        self.run.fetches = true;
        let kept = self.left?.0.get(&(state.trigger.file, state.event.clone()))?;
        let before = self.waited();
        let is_before = |k: &&Kept| k.state == *state && std::iter::once(&k.job).chain(&k.callers).any(|j| before.contains(j));
        let kept: Vec<&Kept> = kept.iter().filter(is_before).collect();
        let named = kept.iter().filter(|k| k.upload.name.may_be(&wanted));
        worst(named.map(|k| &k.upload), kept.iter().map(|k| &k.upload))
    }

    /// A file that something is written to which may be a fetched artifact.
    pub(in crate::reach) fn packs(&mut self, node: Node, name: ValueId, value: ValueId) {
        if self.packed.is_empty() {
            return;
        }
        let facts = self.context.facts.file(node.file);
        let (mut todo, mut steps) = (vec![value], 0);
        while let Some(value) = todo.pop() {
            steps += 1;
            if steps > MOST {
                return;
            }
            match &facts.value(value).what {
                V::Ref(fact) | V::Subst(fact) => match &facts.fact(*fact).what {
                    What::Assignment { value, .. } => todo.push(*value),
                    _ => self.keeps(node, name, Node { file: node.file, fact: *fact }),
                },
                V::Attr(base, _) | V::Index(base, _) => todo.push(*base),
                V::Join(parts) | V::Phi(parts) | V::Unknown(parts) | V::List(parts, _) => todo.extend(parts),
                _ => {}
            }
        }
    }

    /// What a fact fetched goes to a file of that name.
    pub(in crate::reach) fn keeps(&mut self, node: Node, name: ValueId, from: Node) {
        let Some(found) = self.packed.get(&from) else { return };
        let tail = Name::of(self.context.facts.file(node.file), name);
        let kept = base(tail.tail()).to_owned();
        let range = self.context.facts.fact(node).range;
        let mut found = found.clone();
        found.hops.push(Hop { at: Location { file: node.file, range }, text: format!("writes it to {kept}") });
        self.archives.insert(kept, found);
    }

    /// What is in an archive that was fetched before.
    pub(in crate::reach) fn archive(&self, facts: &FileFacts, file: ValueId) -> Option<Brought> {
        self.archives.get(base(Name::of(facts, file).tail())).cloned()
    }

    /// The workflow that is named, or this one, where contributors bring the workflow itself: its trigger, and who starts it.
    fn latest(&self, node: Node, workflow: Option<ValueId>) -> Option<(FileId, Hop, Who)> {
        let facts = self.context.facts.file(node.file);
        let file = match workflow {
            None => self.state().trigger.file,
            Some(value) => {
                let name = facts.literal(value)?;
                let root = self.context.index.root(node.file);
                let called = |f: &FileId| self.context.index.root(*f) == root && base(self.context.index.path(*f)) == base(&name);
                let named = self.context.index.workflow(root, &name).iter().next().copied();
                self.context.index.workflow_files().find(called).or(named)?
            }
        };
        let theirs = self.context.facts.file(file);
        let mut starts = theirs.iter().filter_map(|(_, f)| if let What::Trigger { event, .. } = &f.what { Some((event, f.range)) } else { None });
        starts.find_map(|(event, range)| {
            let effects = self.context.catalog.trigger(event).into_iter().flat_map(|id| &self.context.catalog.row(id).effects);
            let who = effects.filter_map(|e| if let Effect::Starts { who, head: true, .. } = e { Some(*who) } else { None }).max()?;
            let text = format!("{event}: any user can start this, with a workflow of their own");
            (who >= Who::Peer).then_some((file, Hop { at: Location { file, range }, text }, who))
        })
    }

    /// Jobs that this one waits for, and those that the jobs calling it wait for.
    fn waited(&self) -> BTreeSet<Node> {
        let mut todo: Vec<Node> = std::iter::once(self.instance.job).chain(self.instance.callers.iter().copied()).collect();
        let mut out = BTreeSet::new();
        while let Some(job) = todo.pop() {
            let What::Job { needs, .. } = &self.context.facts.fact(job).what else { continue };
            for fact in needs.iter().filter_map(|key| self.context.index.steps().job(job.file, key)) {
                let needed = Node { file: job.file, fact };
                if out.len() < WAITED && out.insert(needed) {
                    todo.push(needed);
                }
            }
        }
        out
    }
}

/// The workflows whose end starts this run by that event, when it is not one whose workflow contributors bring: they upload under any name. `None` as well
/// when none of them stands in this tree.
fn parents(context: Context, state: &State) -> Option<Vec<FileId>> {
    let parent = state.parent.as_deref()?;
    let effects = context.catalog.trigger(parent).into_iter().flat_map(|id| &context.catalog.row(id).effects);
    if effects.into_iter().any(|e| matches!(e, Effect::Starts { head: true, .. })) {
        return None;
    }
    let facts = context.facts.file(state.trigger.file);
    let (trigger, _) = facts.iter().find(|(_, f)| f.range == state.trigger.range && matches!(f.what, What::Trigger { .. }))?;
    let edges = context.graph.into(Node { file: state.trigger.file, fact: trigger }, crate::graph::EdgeKind::Dispatches);
    let starts = |file: &FileId| context.facts.file(*file).iter().any(|(_, f)| matches!(&f.what, What::Trigger { event, .. } if event == parent));
    let files: Vec<FileId> = edges.map(|e| e.from.file).filter(starts).collect();
    (!files.is_empty()).then_some(files)
}

/// The worst of what is uploaded under the name; else what code of outsiders, which has the runner, may have put in its place.
fn worst<'u>(named: impl Iterator<Item = &'u Upload>, all: impl Iterator<Item = &'u Upload>) -> Option<Brought> {
    let plain = named.filter_map(|u| u.outside.as_ref()).max_by_key(|b| b.who);
    plain.cloned().or_else(|| {
        let found = all.filter(|u| u.code).filter_map(|u| u.outside.as_ref()).max_by_key(|b| b.who)?.clone();
        let doubts = vec!["the job uploads under another name: it takes the runner's own token to replace this one".to_owned()];
        Some(Brought { doubts, ..found })
    })
}

/// Whether an artifact action names another run.
fn fetches_other_run(facts: &FileFacts, node: Node) -> bool {
    match &facts.fact(node.fact).what {
        What::Uses { with, .. } => with.iter().any(|(n, _)| n.contains("run") || n.contains("workflow") || n == "github-token"),
        _ => true,
    }
}
