//! What brings a tree into the workspace: checkouts in all their shapes, clones, artifacts of another run, and what a checkout refuses by itself.

use crate::catalog::row::{Slot, Tree};
use crate::facts::{ValueId, What};
use crate::finding::{Hop, Location};
use crate::graph::Node;
use crate::graph::paths::{base, join};
use crate::link::place;
use crate::origin::{Mutable, Who};
use crate::reach::sources::{Outside, Source, View};
use crate::reach::walk::{Here, Walk, inside, shown, starts};
use crate::reach::{Checkout, Gate, Outflow, Publish, gates};

/// A tree in the workspace.
#[derive(Clone, Debug)]
pub(super) struct Mount {
    /// Who writes it, before gates.
    pub(super) who: Who,
    pub(super) mutable: Mutable,
    pub(super) cause: Location,
    pub(super) cause_text: String,
    /// What it is, for people.
    pub(super) name: String,
    pub(super) hops: Vec<Hop>,
    pub(super) gates: Vec<Gate>,
    /// Whether it is an artifact of another run.
    pub(super) artifact: bool,
    /// Index into `checkouts`, when it is one of an outsider's.
    pub(super) checkout: Option<usize>,
}

impl<'a> Walk<'a> {
    /// Where this job asks about values.
    pub(super) fn view<'v>(&self, outside: &'v [Outside]) -> View<'v>
    where
        'a: 'v,
    {
        View { context: self.context, state: &self.instance.state, outside }
    }

    /// What outsiders wrote into directories of the job so far.
    pub(super) fn outside(&self) -> Vec<Outside> {
        let theirs = self.mounts.iter().filter(|(_, m)| m.who >= Who::Peer);
        let outside = theirs.map(|(dir, m)| Outside {
            job: self.instance.job,
            dir: dir.clone(),
            who: m.who,
            name: m.name.clone(),
            artifact: m.artifact,
            hops: m.hops.clone(),
        });
        outside.collect()
    }

    /// Puts a tree into the workspace.
    pub(super) fn mount(&mut self, here: &Here, node: Node, tree: &Tree, dir: Option<ValueId>, slot: &dyn Fn(&Slot) -> Option<ValueId>) {
        let facts = self.context.facts.file(node.file);
        let range = facts.fact(node.fact).range;
        let whole = match &facts.fact(node.fact).what {
            What::Uses { target, .. } => facts.value(*target).range,
            _ => range,
        };
        let state = self.state();
        let look = |value: ValueId| self.view(&here.outside).of(&here.scope, node, value);
        // (who, moving, cause, what is checked out, hops)
        let (found, value): (Vec<Source>, Option<ValueId>) = match tree {
            Tree::Checkout { repository, reference } => {
                let reference = slot(reference);
                let repository = slot(repository);
                let mut found: Vec<Source> = reference.map(look).unwrap_or_default();
                let named = repository.map(look).unwrap_or_default();
                let value = if found.is_empty() && !named.is_empty() { repository } else { reference };
                found.extend(named);
                // Looked up in this repository, where only writers make branches.
                if repository.is_none() {
                    found.retain(|s| !s.branch);
                }
                if reference.is_none() && repository.is_none() && state.head && state.who >= Who::Peer {
                    let at = Location { file: node.file, range: whole };
                    let name = "the pull request's merge commit".to_owned();
                    found.push(Source::tree(state.who, true, &name, at));
                }
                (found, value)
            }
            Tree::PullRequest => {
                let at = Location { file: node.file, range };
                let name = "the head of a pull request".to_owned();
                let who = if state.who >= Who::Peer { state.who } else { Who::Operator };
                (vec![Source::tree(who, true, &name, at)], None)
            }
            Tree::Clone { url, reference } => {
                let mut found: Vec<Source> = slot(url).map(look).unwrap_or_default();
                found.extend(slot(reference).map(look).unwrap_or_default());
                (found, slot(url))
            }
            Tree::Fetched(s) => {
                let refspec = slot(s).map(|v| shown(self.context, node, facts.value(v).range)).unwrap_or_default();
                let name = refspec.trim_matches(['"', '\'', '`']).split_once(':').map_or("FETCH_HEAD", |(_, local)| local).to_owned();
                let who = if state.who >= Who::Peer { state.who } else { Who::Operator };
                let at = Location { file: node.file, range };
                let source = "the head of a pull request".to_owned();
                self.fetched.push((name, Source::tree(who, true, &source, at)));
                return;
            }
            Tree::Ref(s) => {
                // A branch is one of this repository; what a command printed is no more than a name.
                let mut found: Vec<Source> = slot(s).map(look).unwrap_or_default();
                found.retain(|source| !source.arbitrary);
                let named = slot(s).map(|v| shown(self.context, node, facts.value(v).range)).unwrap_or_default();
                let fetched = self.fetched.iter().filter(|(name, _)| named.trim_matches(['"', '\'', '`']) == *name);
                found.extend(fetched.map(|(_, source)| source.clone()));
                (found, slot(s))
            }
            // Artifacts of this run are its own; those of the run that started this one are as outside as that one.
            Tree::Artifact(_) if state.event == "workflow_run" && state.who >= Who::Peer && fetches_other_run(facts, node) => {
                let at = Location { file: node.file, range: whole };
                let name = "an artifact of the run that started this one".to_owned();
                (vec![Source::tree(state.who, false, &name, at)], None)
            }
            Tree::Artifact(_) | Tree::Cache(_) | Tree::Archive(_) => return,
        };
        let at = match dir.map(|d| place::named(facts, d)) {
            None => match tree {
                Tree::Clone { url, .. } => {
                    slot(url).and_then(|u| facts.literal(u)).map(|u| base(u.trim_end_matches('/')).trim_end_matches(".git").to_owned())
                }
                _ => Some(String::new()),
            },
            Some(Some(place::Named::Relative(d) | place::Named::Rooted(d))) => Some(d),
            Some(_) => None,
        };
        let cwd = if matches!(facts.fact(node.fact).what, What::Uses { .. }) { String::new() } else { self.directory(node).unwrap_or_default() };
        let at = join(&cwd, &at.unwrap_or_else(|| "?".to_owned()));
        let Some(worst) = found.into_iter().max_by_key(|s| (s.who, s.moving)) else {
            // The repository's own tree (or another's that is named in full) replaces what was there.
            if matches!(tree, Tree::Checkout { .. }) {
                self.mounts.remove(&at);
            }
            return;
        };
        let cause = Location { file: node.file, range: value.map_or(whole, |v| facts.value(v).range) };
        let cause_text = value.map_or_else(|| shown(self.context, node, whole), |v| shown(self.context, node, facts.value(v).range));
        let refused = self.refusal(node);
        let mut gates = here.gates.clone();
        if let (Some(gate), true) = (&refused, worst.who >= Who::Peer && ends_job(facts, here.step)) {
            // It fails where the tree is an outsider's: whoever comes behind it has passed that.
            self.refused = Some(Gate { start: gate.code, text: gate.code, ..gate.clone() });
        }
        gates.extend(refused);
        let what = shown(self.context, node, cause.range);
        let check = match gates.first() {
            None if worst.who >= Who::Peer => "; no check of who is behind it comes before",
            _ => "",
        };
        let mut hops = vec![Hop { at: state.trigger, text: starts(state) }];
        hops.extend(worst.hops.iter().filter(|h| h.at.range != cause.range).cloned());
        let verb = if matches!(tree, Tree::Artifact(_)) { "unpacks" } else { "checks out" };
        hops.push(Hop { at: cause, text: format!("{verb} {}{check}", if value.is_some() { what } else { worst.name.clone() }) });
        let code = gates.iter().filter_map(|g| g.code).fold(worst.who, Who::min);
        // Results of another run are read as data, until something of them is executed.
        let told = worst.who >= Who::Peer && !matches!(tree, Tree::Artifact(_));
        if told {
            self.run.checkouts.push(Checkout {
                step: here.step,
                cause,
                cause_text: cause_text.clone(),
                who: gates::capped(code, &gates),
                gates: gates.clone(),
                hops: hops.clone(),
                assets: here.assets.clone(),
            });
        }
        let mutable = if worst.moving { Mutable::Moving } else { Mutable::Digest };
        let artifact = matches!(tree, Tree::Artifact(_));
        let checkout = told.then(|| self.run.checkouts.len() - 1);
        self.mounts.insert(at, Mount { who: worst.who, mutable, cause, cause_text, name: worst.name, hops, gates, artifact, checkout });
    }

    /// Something is published that an argument names inside a directory of an outsider's artifact, or from there.
    pub(super) fn outflow(&mut self, here: &Here, node: Node, publish: Publish) {
        let facts = self.context.facts.file(node.file);
        let arguments: Vec<ValueId> = match &facts.fact(node.fact).what {
            What::Command(c) => c.words.iter().skip(1).map(|w| w.value).collect(),
            What::Uses { with, .. } => with.iter().map(|(_, v)| *v).collect(),
            _ => return,
        };
        let cwd = if matches!(facts.fact(node.fact).what, What::Uses { .. }) { String::new() } else { self.directory(node).unwrap_or_default() };
        let named = arguments.into_iter().filter_map(|v| match place::named(facts, v) {
            Some(place::Named::Relative(p)) => Some(join(&cwd, &p)),
            Some(place::Named::Rooted(p)) => Some(join("", &p)),
            _ => None,
        });
        let named: Vec<String> = named.chain([cwd.clone()]).collect();
        // A tree is told where it is checked out; an artifact that lies beside the repository's own files is told by the directory it has to itself.
        let of = |path: &String| self.mounts.iter().find(|(dir, m)| m.artifact && !dir.is_empty() && inside(path, dir)).map(|(_, m)| m.clone());
        let Some(mount) = named.iter().find_map(of).filter(|m| m.who >= Who::Peer) else { return };
        let mut gates = mount.gates.clone();
        gates.extend(here.gates.iter().filter(|g| !mount.gates.contains(g)).cloned());
        let who = gates::capped(gates::author(mount.who, &gates), &gates);
        let mut hops = mount.hops;
        hops.push(Hop { at: publish.at, text: format!("publishes {}", publish.name.as_deref().unwrap_or("it")) });
        self.run.outflows.push(Outflow { publish, who, hops, gates });
    }

    /// The checkout action's own refusal of fork refs, for the events and versions its row names.
    fn refusal(&self, node: Node) -> Option<Gate> {
        let facts = self.context.facts.file(node.file);
        let What::Uses { target, with } = &facts.fact(node.fact).what else { return None };
        if !matches!(self.state().event.as_str(), "pull_request_target" | "workflow_run") {
            return None;
        }
        let reference = facts.literal(*target)?;
        let (action, version) = reference.split_once('@')?;
        let opted_out = with.iter().any(|(n, v)| n == "allow-unsafe-pr-checkout" && facts.literal(*v).is_none_or(|t| t != "false"));
        if opted_out {
            return None;
        }
        let family = self.context.families.all.iter().find(|f| f.names(action, version))?;
        Some(family.gate(Location { file: node.file, range: facts.value(*target).range }))
    }
}

/// Whether a failure of the step ends the job: it runs whenever the job does, and nothing is let pass.
fn ends_job(facts: &crate::facts::FileFacts, step: Node) -> bool {
    matches!(facts.fact(step.fact).what, What::Step { lenient: false, .. }) && gates::own_condition(facts, step).is_none()
}

/// Whether an artifact action names another run.
fn fetches_other_run(facts: &crate::facts::FileFacts, node: Node) -> bool {
    match &facts.fact(node.fact).what {
        What::Uses { with, .. } => with.iter().any(|(n, _)| n.contains("run") || n.contains("workflow") || n == "github-token"),
        _ => true,
    }
}
