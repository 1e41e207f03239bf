//! What brings a tree into the workspace: checkouts in all their shapes, clones, artifacts of another run, and what a checkout refuses by itself.

use crate::catalog::glob;
use crate::catalog::row::{Elsewhere, Slot, Tree};
use crate::catalog::slot::{OPEN, shape};
use crate::facts::{FileFacts, V, ValueId, What};
use crate::finding::{Hop, Location};
use crate::graph::Node;
use crate::graph::paths::{base, join};
use crate::link::place;
use crate::origin::{Mutable, Who};
use crate::reach::between::artifacts::Brought;
use crate::reach::sources::{Held, Outside, Source, View};
use crate::reach::walk::{Here, Walk, inside, shown, starts};
use crate::reach::{Asset, Carrier, Checkout, Exec, Gate, Outflow, Publish, gates};

/// How an artifact was sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// The event that started the run it comes from.
    pub(super) event: String,
    /// What makes that doubtful.
    pub(super) doubts: Vec<String>,
}

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
    /// What brought it, where it is an artifact of another job.
    pub(super) artifact: Option<Sent>,
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
            held: Held::Directory { dir: dir.clone(), artifact: m.artifact.is_some() },
            who: m.who,
            name: m.name.clone(),
            hops: m.hops.clone(),
        });
        outside.collect()
    }

    /// Outputs of the job that an outsider's code can set: those of the step that runs it first, and of all behind that one. Who brings the workflow itself
    /// needs none.
    pub(super) fn ran(&self) -> Option<Outside> {
        if self.state().head {
            return None;
        }
        let (from, exec) = self.first.and_then(|(from, exec)| Some((from, self.run.execs.get(exec)?)))?;
        let job = self.instance.job;
        let name = match &self.context.facts.fact(job).what {
            What::Job { id, .. } => format!("what `{id}` hands on, which ran an outsider's code"),
            _ => return None,
        };
        Some(Outside { job, held: Held::Outputs { from }, who: exec.ungated, name, hops: exec.hops.clone() })
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
        let mut brought: Option<Brought> = None;
        let look = |value: ValueId| self.view(&here.outside).of(&here.scope, node, value);
        // (who, moving, cause, what is checked out, hops)
        let (found, value): (Vec<Source>, Option<ValueId>) = match tree {
            Tree::Checkout { repository, reference } => {
                let reference = slot(reference);
                let repository = slot(repository);
                let mut found: Vec<Source> = reference.map(look).unwrap_or_default();
                let named = repository.map(look).unwrap_or_default();
                // One checkout has one cause in all states: the ref, unless that is written out and only the repository is chosen.
                let chosen = reference.is_some_and(|v| facts.literal(v).is_none());
                let value = if named.is_empty() || chosen { reference } else { repository };
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
            Tree::Artifact { .. } | Tree::Archive(_) => {
                let found = match tree {
                    Tree::Artifact { name, of, forks, packed } => {
                        let found = self.downloads(node, slot(name), (*forks, of.as_ref().and_then(slot)));
                        if *packed {
                            self.packed.extend(found.map(|f| (node, f)));
                            return;
                        }
                        found
                    }
                    Tree::Archive(file) => slot(file).and_then(|v| self.archive(facts, v)),
                    _ => None,
                };
                let Some(found) = found else { return };
                let at = Location { file: node.file, range: whole };
                let source = Source { hops: found.hops.clone(), ..Source::tree(found.who, false, &found.name, at) };
                brought = Some(found);
                (vec![source], None)
            }
            Tree::Cache { .. } => return,
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
        for gate in brought.iter().flat_map(|b| &b.gates) {
            if !gates.contains(gate) {
                gates.push(gate.clone());
            }
        }
        // What is merged into such a tree already is no other one.
        let known = self.mounts.get(&at).filter(|_| matches!(tree, Tree::Ref(_)));
        if known.is_some_and(|m| m.who >= worst.who && m.gates.iter().all(|g| gates.contains(g))) {
            return;
        }
        let what = shown(self.context, node, cause.range);
        let check = match gates.first() {
            None if worst.who >= Who::Peer => "; no check of who is behind it comes before",
            _ => "",
        };
        // What another job left comes by the way of that one.
        let start = Hop { at: state.trigger, text: starts(state) };
        let mut hops: Vec<Hop> = if brought.is_some() { Vec::new() } else { vec![start] };
        hops.extend(worst.hops.iter().filter(|h| h.at != cause).cloned());
        let verb = if brought.is_some() { "unpacks" } else { "checks out" };
        hops.push(Hop { at: cause, text: format!("{verb} {}{check}", if value.is_some() { what } else { worst.name.clone() }) });
        let code = gates.iter().filter_map(|g| g.code).fold(worst.who, Who::min);
        // Results of another run are read as data, until something of them is executed.
        let told = worst.who >= Who::Peer && brought.is_none();
        if told {
            self.run.checkouts.push(Checkout {
                step: here.step,
                cause,
                cause_text: cause_text.clone(),
                who: gates::capped(code, &gates),
                gates: gates.clone(),
                hops: hops.clone(),
                assets: here.assets.clone(),
                carried: Vec::new(),
            });
        }
        let mutable = if worst.moving { Mutable::Moving } else { Mutable::Digest };
        let artifact = brought.map(|b| Sent { event: b.event, doubts: b.doubts });
        let checkout = told.then(|| self.run.checkouts.len() - 1);
        self.mounts.insert(at, Mount { who: worst.who, mutable, cause, cause_text, name: worst.name, hops, gates, artifact, checkout });
    }

    /// Code runs that is fetched from an address: of an outsider, where they chose the repository or the commit.
    pub(super) fn fetched_and_run(&mut self, here: &Here, node: Node, addresses: Vec<ValueId>, like: &[String]) {
        let facts = self.context.facts.file(node.file);
        for value in addresses {
            if !like.iter().any(|pattern| glob::text(pattern, &address(facts, value))) {
                continue;
            }
            let Some(mount) = self.brought(here, node, value, &[]) else { continue };
            let at = Location { file: node.file, range: facts.fact(node.fact).range };
            let line = shown(self.context, node, at.range);
            self.exec_tree(here, at, &mount, format!("`{line}` runs code from there"));
        }
    }

    /// A service elsewhere is told to run what an outsider wrote: it holds what the service gives it, and nothing of this job.
    pub(super) fn run_elsewhere(&mut self, here: &Here, node: Node, commit: Option<Vec<ValueId>>, there: &Elsewhere) {
        let facts = self.context.facts.file(node.file);
        let found = match commit {
            Some(values) => values.into_iter().find_map(|value| self.brought(here, node, value, &there.pulls)),
            None => self.worked_on(node),
        };
        let Some(mount) = found else { return };
        self.used.extend(mount.checkout);
        let (range, name) = match &facts.fact(node.fact).what {
            What::Uses { target, .. } => (facts.value(*target).range, facts.literal(*target).unwrap_or_default()),
            _ => (facts.fact(node.fact).range, format!("`{}`", shown(self.context, node, facts.fact(node.fact).range))),
        };
        let at = Location { file: node.file, range };
        let how = "is what the run there has".to_owned();
        let (kind, held) = (there.holds.clone(), there.name.clone());
        let asset = Asset { kind, name: held, how, carrier: Carrier::Machine, at, assumed: false, onward: Vec::new() };
        let mut gates = mount.gates;
        gates.extend(here.gates.iter().filter(|g| !gates.contains(g)).cloned().collect::<Vec<_>>());
        let mut hops = mount.hops;
        hops.extend(here.trail.iter().cloned());
        hops.push(Hop { at, text: format!("{} has that built and run elsewhere", name.split('@').next().unwrap_or_default()) });
        self.run.elsewhere.push(Exec {
            step: here.step,
            at,
            who: gates::capped(gates::author(mount.who, &gates), &gates),
            ungated: mount.who,
            mutable: mount.mutable,
            hops,
            cause: mount.cause,
            cause_text: mount.cause_text,
            tree: true,
            subject: String::new(),
            gates,
            assets: vec![asset],
            event: None,
            doubts: vec!["what a run there may do is said where it is set up, out of sight".to_owned()],
        });
    }

    /// The tree of an outsider that an address or commit means; nothing, where all it can mean is the project's own.
    fn brought(&self, here: &Here, node: Node, value: ValueId, pulls: &[String]) -> Option<Mount> {
        let facts = self.context.facts.file(node.file);
        let state = self.state();
        let text = address(facts, value);
        let mut found = self.view(&here.outside).of(&here.scope, node, value);
        // A branch that nothing but its name says is one of the repository that is written out.
        if found.iter().all(|s| s.branch) {
            found.clear();
        }
        let cause = Location { file: node.file, range: facts.value(value).range };
        // A commit that is named settles what a branch or number beside it means.
        let fixed = found.iter().any(|s| !s.moving && !s.arbitrary);
        let pull = text.contains("refs/pull/") || text.contains("#pull/") || pulls.iter().any(|p| glob::text(p, &text));
        if pull {
            let who = if state.who >= Who::Peer { state.who } else { Who::Operator };
            found.push(Source::tree(who, !fixed, "the head of a pull request", cause));
        }
        let worst = found.into_iter().max_by_key(|s| (s.who, s.moving)).filter(|s| s.who >= Who::Peer)?;
        let what = shown(self.context, node, cause.range);
        let mut hops = vec![Hop { at: state.trigger, text: starts(state) }];
        hops.extend(worst.hops.iter().filter(|h| h.at != cause).cloned());
        hops.push(Hop { at: cause, text: format!("fetches {what}") });
        let mutable = if worst.moving && !fixed { Mutable::Moving } else { Mutable::Digest };
        let (name, gates) = (worst.name, here.gates.clone());
        Some(Mount { who: worst.who, mutable, cause, cause_text: what, name, hops, gates, artifact: None, checkout: None })
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
        let of =
            |path: &String| self.mounts.iter().find(|(dir, m)| m.artifact.is_some() && !dir.is_empty() && inside(path, dir)).map(|(_, m)| m.clone());
        let Some(mount) = named.iter().find_map(of).filter(|m| m.who >= Who::Peer) else { return };
        let mut gates = mount.gates.clone();
        gates.extend(here.gates.iter().filter(|g| !mount.gates.contains(g)).cloned());
        let who = gates::capped(gates::author(mount.who, &gates), &gates);
        let mut hops = mount.hops;
        hops.push(Hop { at: publish.at, text: format!("publishes {}", publish.name.as_deref().unwrap_or("it")) });
        let Sent { event, doubts } = mount.artifact.unwrap_or_default();
        self.run.outflows.push(Outflow { publish, who, hops, gates, event, doubts });
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

/// The text of an address; what is not known of it is one character.
fn address(facts: &FileFacts, value: ValueId) -> String {
    match &facts.value(value).what {
        V::Join(parts) => parts.iter().map(|p| address(facts, *p)).collect(),
        _ => shape(facts, value).unwrap_or_else(|| OPEN.to_string()),
    }
}

/// Whether a failure of the step ends the job: it runs whenever the job does, and nothing is let pass.
fn ends_job(facts: &FileFacts, step: Node) -> bool {
    matches!(facts.fact(step.fact).what, What::Step { lenient: false, .. }) && gates::own_condition(facts, step).is_none()
}
