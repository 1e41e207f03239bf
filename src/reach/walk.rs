//! The walk of one job in one state: steps in order, trees as they are mounted, code as it is executed. Composite actions are walked in place, and
//! scripts, make targets and reusable pieces of the tree are entered as long as the tree they stand in is the repository's own.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::row::{Effect, Executes, Slot, Tree};
use crate::facts::{ValueId, What};
use crate::finding::{Hop, Location};
use crate::graph::index::{base, join};
use crate::graph::{EdgeKind, Node};
use crate::link::{Linker, place};
use crate::origin::{Mutable, Who};
use crate::reach::gates::Family;
use crate::reach::instances::{Instance, children};
use crate::reach::sources::{Scope, Source};
use crate::reach::{Asset, Checkout, Context, Exec, Gate, Run, State, StepRun, assets, gates, sources};
use crate::source::Range;

/// How deep scripts that run scripts are followed.
const DEEPEST: u32 = 5;

/// A tree in the workspace.
#[derive(Clone, Debug)]
struct Mount {
    /// Who writes it, before gates.
    who: Who,
    mutable: Mutable,
    cause: Location,
    cause_text: String,
    hops: Vec<Hop>,
    gates: Vec<Gate>,
    /// Index into `checkouts`, when an outsider's.
    checkout: usize,
}

struct Walk<'a> {
    context: Context<'a>,
    linker: Linker<'a>,
    instance: &'a Instance,
    families: Vec<Family>,
    /// Directory -> what is there. The empty path is the workspace.
    mounts: BTreeMap<String, Mount>,
    used: BTreeSet<usize>,
    run: Run,
    entered: BTreeSet<(Node, String)>,
}

/// One step, as the commands in it see it.
#[derive(Clone)]
struct Here {
    step: Node,
    gates: Vec<Gate>,
    assets: Vec<Asset>,
    scope: Scope,
}

/// Walks a job.
pub fn walk(context: Context, instance: &Instance) -> Run {
    let own_runner = assets::own_runner(context, instance.job);
    let run = Run {
        job: instance.job,
        state: instance.state.clone(),
        steps: Vec::new(),
        execs: Vec::new(),
        checkouts: Vec::new(),
        own_runner,
        gates: Vec::new(),
    };
    let families = gates::families(context);
    let linker = Linker { index: context.index, facts: context.facts, catalog: context.catalog };
    let mut walk = Walk { context, linker, instance, families, mounts: BTreeMap::new(), used: BTreeSet::new(), run, entered: BTreeSet::new() };
    if let Some(job_gates) = gates::of_step(context, instance, &walk.families, instance.job, &instance.scope) {
        walk.run.gates = job_gates;
        walk.steps(instance.job, &instance.scope, DEEPEST);
        // A checkout whose tree somebody executes is told by that execution.
        let used = walk.used.clone();
        let mut index = 0;
        walk.run.checkouts.retain(|_| {
            index += 1;
            !used.contains(&(index - 1))
        });
    }
    walk.run
}

impl<'a> Walk<'a> {
    fn state(&self) -> &'a State {
        &self.instance.state
    }

    /// The steps a job or composite action owns.
    fn steps(&mut self, owner: Node, scope: &Scope, depth: u32) {
        for step in children(self.context, owner) {
            if !matches!(self.context.facts.fact(step).what, What::Step { .. }) {
                continue;
            }
            let Some(gates) = gates::of_step(self.context, self.instance, &self.families, step, scope) else { continue };
            let assets = assets::of_step(self.context, self.instance, step, self.run.own_runner.as_ref());
            let who = gates::capped(self.state().who, &gates);
            let here = Here { step, gates, assets, scope: scope.clone() };
            self.run.steps.push(StepRun { step, who, gates: here.gates.clone(), assets: here.assets.clone(), scope: scope.clone() });
            self.inside(&here, step, depth);
        }
    }

    /// The facts of a step, script, make target or shell function, in order.
    fn inside(&mut self, here: &Here, owner: Node, depth: u32) {
        let facts = self.context.facts.file(owner.file);
        let owned: Vec<Node> =
            facts.iter().filter(|(id, _)| facts.owners(*id).any(|(o, _)| o == owner.fact)).map(|(fact, _)| Node { file: owner.file, fact }).collect();
        for node in owned {
            match &facts.fact(node.fact).what {
                What::Uses { target, .. } => self.uses(here, node, *target, depth),
                What::Command(_) | What::Call(_) => self.acts(here, node, depth),
                _ => {}
            }
        }
    }

    fn uses(&mut self, here: &Here, node: Node, target: ValueId, depth: u32) {
        let facts = self.context.facts.file(node.file);
        let range = facts.value(target).range;
        let reference = facts.literal(target).unwrap_or_default();
        if let Some(path) = reference.strip_prefix("./") {
            let path = join("", path.split('@').next().unwrap_or(path));
            if let Some(mount) = self.mount_of(&path).filter(|m| m.who >= Who::Peer) {
                let at = Location { file: node.file, range };
                self.exec_tree(here, at, &mount, format!("runs the action {reference} of that checkout"));
                return;
            }
            let edge = self.context.graph.from(node, EdgeKind::Uses).next().map(|e| e.to);
            if let (Some(to), Some(depth)) = (edge, depth.checked_sub(1)) {
                self.steps(to, &here.scope.called(node), depth);
            }
            return;
        }
        self.acts(here, node, depth);
        let Some((action, version)) = reference.split_once('@') else { return };
        if pin(version) == Mutable::Moving && !action.starts_with("docker://") {
            let at = Location { file: node.file, range };
            let hop = Hop { at, text: format!("runs {action} at `{version}`, which its publisher can move") };
            self.exec_outside(here, at, reference.clone(), reference, vec![hop], Vec::new());
        }
    }

    /// What rows say a command, call or action does to this job.
    fn acts(&mut self, here: &Here, node: Node, depth: u32) {
        let facts = self.context.facts.file(node.file);
        let rows: Vec<_> = self.context.index.rows(self.context.catalog, node).collect();
        for (id, row) in &rows {
            for effect in &row.effects {
                if let Effect::Mounts { tree, at } = effect {
                    let slot = |s: &Slot| self.context.catalog.slot(facts, node.fact, *id, s);
                    let dir = at.as_ref().and_then(|s| slot(s).into_iter().next());
                    self.mount(here, node, tree, dir, &|s: &Slot| slot(s).into_iter().next());
                }
            }
        }
        let executes = rows.iter().flat_map(|(id, r)| r.effects.iter().map(move |e| (*id, e)));
        let mut entered = false;
        for (id, effect) in executes {
            let Effect::Executes { what } = effect else { continue };
            entered = true;
            let slot = |s: &Slot| self.context.catalog.slot(facts, node.fact, id, s).into_iter().next();
            match what {
                Executes::File(s) | Executes::Notebook(s) => self.file(here, node, slot(s), depth),
                Executes::Dockerfile(file, context) => self.file(here, node, slot(file).or_else(|| slot(context)), depth),
                Executes::Tree | Executes::Targets(_) | Executes::ConsoleScript | Executes::Module(_) => {
                    self.tree(here, node);
                    self.follow(here, node, depth);
                }
                Executes::Stdin | Executes::Text(_) | Executes::Packages | Executes::Workflow(_) => {}
            }
        }
        if !entered {
            self.program(here, node, depth);
        }
        self.dependencies(here, node);
    }

    /// A program word that is a path, or a script that is sourced.
    fn program(&mut self, here: &Here, node: Node, depth: u32) {
        let facts = self.context.facts.file(node.file);
        let What::Command(command) = &facts.fact(node.fact).what else { return };
        let Some(first) = command.words.first() else { return };
        match facts.word(first).as_deref() {
            Some("source" | ".") => self.file(here, node, command.words.get(1).map(|w| w.value), depth),
            Some(p) if p.contains('/') => self.file(here, node, Some(first.value), depth),
            Some(_) => self.follow(here, node, depth),
            None => {}
        }
    }

    /// Execution of a named file: of an outsider's tree, else enter it.
    fn file(&mut self, here: &Here, node: Node, value: Option<ValueId>, depth: u32) {
        let facts = self.context.facts.file(node.file);
        let Some(value) = value else { return self.follow(here, node, depth) };
        let path = self.path(node, value);
        if let Some((path, mount)) = path.and_then(|p| self.mount_of(&p).map(|m| (p, m))).filter(|(_, m)| m.who >= Who::Peer) {
            let at = Location { file: node.file, range: facts.fact(node.fact).range };
            let shown = facts.literal(value).unwrap_or(path);
            self.exec_tree(here, at, &mount, format!("runs {shown} of that checkout"));
            return;
        }
        self.follow(here, node, depth);
    }

    /// Execution of whatever the directory holds.
    fn tree(&mut self, here: &Here, node: Node) {
        let facts = self.context.facts.file(node.file);
        let What::Command(command) = &facts.fact(node.fact).what else { return };
        let cwd = self.directory(node);
        let mut found = cwd.as_deref().map_or_else(|| self.mounts.values().next().cloned(), |d| self.mount_of(d)).filter(|m| m.who >= Who::Peer);
        for word in command.words.iter().skip(1) {
            // `pip install ./pr`, `make -C pr`: an operand inside another mount decides.
            let path = facts.word(word).filter(|w| !w.starts_with('-')).map(|w| join(cwd.as_deref().unwrap_or(""), &w));
            let other = path.and_then(|p| self.mounts.iter().find(|(at, _)| !at.is_empty() && inside(&p, at)).map(|(_, m)| m.clone()));
            if let Some(other) = other.filter(|m| m.who >= Who::Peer) {
                found = Some(other);
            }
        }
        if let Some(mount) = found {
            let range = facts.fact(node.fact).range;
            let words = facts.word_text(node.fact);
            self.exec_tree(here, Location { file: node.file, range }, &mount, format!("`{}` runs code of that checkout", short(&words)));
        }
    }

    /// Enters what the command runs, when it stands in this repository.
    fn follow(&mut self, here: &Here, node: Node, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let dir = self.directory(node).unwrap_or_default();
        let targets: Vec<Node> =
            self.context.graph.from(node, EdgeKind::Runs).chain(self.context.graph.from(node, EdgeKind::Builds)).map(|e| e.to).collect();
        for to in targets {
            if !self.entered.insert((to, dir.clone())) {
                continue;
            }
            match &self.context.facts.fact(to).what {
                What::Module { .. } => self.module(here, to),
                _ => self.inside(here, to, depth),
            }
        }
    }

    /// A Python module or notebook of the tree and what it imports: outside code that it loads runs here.
    fn module(&mut self, here: &Here, module: Node) {
        let mut files = vec![module.file];
        let mut seen = BTreeSet::new();
        while let Some(file) = files.pop() {
            if !seen.insert(file) || seen.len() > 200 {
                continue;
            }
            for edge in self.context.graph.of_file(file, EdgeKind::Imports) {
                files.push(edge.to.file);
            }
        }
        let hits: Vec<_> = self.context.flow.hits.iter().filter(|h| seen.contains(&h.at.file)).cloned().collect();
        for hit in hits {
            self.hit(here, &hit);
        }
    }

    /// Outside code named by the fact itself: a sink hit that executes what a publisher can change.
    fn dependencies(&mut self, here: &Here, node: Node) {
        let start = self.context.flow.hits.partition_point(|h| h.at < node);
        let hits: Vec<_> = self.context.flow.hits.iter().skip(start).take_while(|h| h.at == node).cloned().collect();
        for hit in hits {
            self.hit(here, &hit);
        }
    }

    fn hit(&mut self, here: &Here, hit: &crate::flow::SinkHit) {
        let moves = hit.bytes.who == Who::Publisher && hit.bytes.mutable == Mutable::Moving;
        if !moves || matches!(hit.flag, crate::flow::FlagState::Safe) || self.context.catalog.class_of(&hit.kind) != Some("code-execution") {
            return;
        }
        let subject = hit.subject.clone().unwrap_or_default();
        let text = self.context.facts.file(hit.place.file).word_text(hit.place_at.fact);
        let cause_text = if subject.is_empty() { text } else { subject.clone() };
        self.exec_outside(here, hit.place, cause_text, subject, hit.hops.clone(), hit.doubts.clone());
    }

    fn exec_tree(&mut self, here: &Here, at: Location, mount: &Mount, text: String) {
        self.used.insert(mount.checkout);
        // What runs after the attacker already runs code from the same tree adds nothing.
        if self.run.execs.iter().any(|e| e.tree && e.cause == mount.cause) {
            return;
        }
        let mut gates = mount.gates.clone();
        gates.extend(here.gates.iter().filter(|g| !mount.gates.contains(g)).cloned());
        let code = gates.iter().filter_map(|g| g.code).fold(mount.who, Who::min);
        let mut hops = mount.hops.clone();
        hops.push(Hop { at, text });
        self.run.execs.push(Exec {
            step: here.step,
            at,
            who: gates::capped(code, &gates),
            ungated: mount.who,
            mutable: mount.mutable,
            hops,
            cause: mount.cause,
            cause_text: mount.cause_text.clone(),
            tree: true,
            subject: String::new(),
            gates,
            assets: here.assets.clone(),
            doubts: Vec::new(),
        });
    }

    fn exec_outside(&mut self, here: &Here, cause: Location, cause_text: String, subject: String, hops: Vec<Hop>, doubts: Vec<String>) {
        if self.run.execs.iter().any(|e| !e.tree && e.cause == cause) {
            return;
        }
        let mut all = vec![Hop { at: self.state().trigger, text: format!("{} starts the job", self.state().event) }];
        all.extend(hops);
        self.run.execs.push(Exec {
            step: here.step,
            at: cause,
            who: Who::Publisher,
            ungated: Who::Publisher,
            mutable: Mutable::Moving,
            hops: all,
            cause,
            cause_text,
            tree: false,
            subject,
            gates: Vec::new(),
            assets: here.assets.clone(),
            doubts,
        });
    }

    /// Puts a tree into the workspace.
    fn mount(&mut self, here: &Here, node: Node, tree: &Tree, dir: Option<ValueId>, slot: &dyn Fn(&Slot) -> Option<ValueId>) {
        let facts = self.context.facts.file(node.file);
        let range = facts.fact(node.fact).range;
        let whole = match &facts.fact(node.fact).what {
            What::Uses { target, .. } => facts.value(*target).range,
            _ => range,
        };
        let state = self.state();
        let look = |value: ValueId| sources::of(self.context, state, &here.scope, node, value);
        // (who, moving, cause, what is checked out, hops)
        let (found, value): (Vec<Source>, Option<ValueId>) = match tree {
            Tree::Checkout { repository, reference } => {
                let reference = slot(reference);
                let repository = slot(repository);
                let mut found: Vec<Source> = reference.map(look).unwrap_or_default();
                let named = repository.map(look).unwrap_or_default();
                let value = if found.is_empty() && !named.is_empty() { repository } else { reference };
                found.extend(named);
                if reference.is_none() && repository.is_none() && state.head && state.who >= Who::Peer {
                    let at = Location { file: node.file, range: whole };
                    let name = "the pull request's merge commit".to_owned();
                    found.push(Source { who: state.who, arbitrary: false, moving: true, name, at, hops: Vec::new() });
                }
                (found, value)
            }
            Tree::PullRequest => {
                let at = Location { file: node.file, range };
                let name = "the head of a pull request".to_owned();
                let who = if state.who >= Who::Peer { state.who } else { Who::Operator };
                (vec![Source { who, arbitrary: false, moving: true, name, at, hops: Vec::new() }], None)
            }
            Tree::Clone { url, reference } => {
                let mut found: Vec<Source> = slot(url).map(look).unwrap_or_default();
                found.extend(slot(reference).map(look).unwrap_or_default());
                (found, slot(url))
            }
            Tree::Ref(s) => (slot(s).map(look).unwrap_or_default(), slot(s)),
            // Artifacts of this run are its own; those of the run that started this one are as outside as that one.
            Tree::Artifact(_) if state.event == "workflow_run" && state.who >= Who::Peer && fetches_other_run(facts, node) => {
                let at = Location { file: node.file, range: whole };
                let name = "an artifact of the run that started this one".to_owned();
                (vec![Source { who: state.who, arbitrary: false, moving: false, name, at, hops: Vec::new() }], None)
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
        if worst.who >= Who::Peer {
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
        let checkout = self.run.checkouts.len().wrapping_sub(1);
        self.mounts.insert(at, Mount { who: worst.who, mutable, cause, cause_text, hops, gates, checkout });
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
        let family = self.families.iter().find(|f| f.names(action, version))?;
        Some(family.gate(Location { file: node.file, range: facts.value(*target).range }))
    }

    /// The path a value names from the project root, as far as it is literal.
    fn path(&self, node: Node, value: ValueId) -> Option<String> {
        match place::named(self.context.facts.file(node.file), value)? {
            place::Named::Relative(p) => Some(join(&self.directory(node).unwrap_or_default(), &p)),
            place::Named::Rooted(p) => Some(join("", &p)),
            _ => None,
        }
    }

    fn directory(&self, node: Node) -> Option<String> {
        place::directory(self.linker, node)
    }

    /// The mount a path lies in: the longest prefix.
    fn mount_of(&self, path: &str) -> Option<Mount> {
        self.mounts.iter().filter(|(at, _)| at.is_empty() || inside(path, at)).max_by_key(|(at, _)| at.len()).map(|(_, m)| m.clone())
    }
}

/// Whether `path` is `dir` or lies in it.
fn inside(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// How a state starts, for people.
pub fn starts(state: &State) -> String {
    let event = &state.event;
    match (state.who, &state.parent) {
        (Who::Anyone, Some(parent)) => format!("{event}: runs after a workflow that {parent} starts, which any user can cause"),
        (Who::Anyone, None) => format!("{event}: any user can start this"),
        _ => format!("{event} starts this"),
    }
}

/// The mutability of an action's version.
pub fn pin(version: &str) -> Mutable {
    let hex = version.len() == 40 && version.bytes().all(|b| b.is_ascii_hexdigit());
    let rest = version.strip_prefix('v').unwrap_or(version);
    let release = rest.starts_with(|c: char| c.is_ascii_digit())
        || version.contains("/v")
        || version
            .rsplit(['-', '/'])
            .next()
            .is_some_and(|s| s.strip_prefix('v').unwrap_or(s).starts_with(|c: char| c.is_ascii_digit()) && s.contains('.'));
    match (hex, release) {
        (true, _) => Mutable::Digest,
        (_, true) => Mutable::Release,
        _ => Mutable::Moving,
    }
}

/// Whether an artifact action names another run.
fn fetches_other_run(facts: &crate::facts::FileFacts, node: Node) -> bool {
    match &facts.fact(node.fact).what {
        What::Uses { with, .. } => with.iter().any(|(n, _)| n.contains("run") || n.contains("workflow") || n == "github-token"),
        _ => true,
    }
}

fn shown(context: Context, node: Node, range: Range) -> String {
    short(&context.sources.file(node.file).text_at(range))
}

fn short(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(80) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or(&text)),
        None => text,
    }
}
