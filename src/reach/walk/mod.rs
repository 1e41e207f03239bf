//! The walk of one job in one state: steps in order, trees as they are mounted, code as it is executed. Composite actions are walked in place, and
//! scripts, make targets and reusable pieces of the tree are entered as long as the tree they stand in is the repository's own.

mod entered;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::row::{Effect, Executes, Slot};
use crate::facts::{Channel, ValueId, What};
use crate::finding::{Hop, Location};
use crate::graph::paths::join;
use crate::graph::{EdgeKind, Node};
use crate::link::{Linker, place};
use crate::origin::{Mutable, Who};
use crate::reach::between::artifacts::{Brought, Left};
use crate::reach::between::caches::{self, Cached};
use crate::reach::between::pivots::Pivot;
use crate::reach::instances::{Instance, children};
use crate::reach::made::{self, Made};
use crate::reach::mount::Mount;
use crate::reach::sources::{Outside, Scope, Source};
use crate::reach::{Asset, Carrier, Context, Gate, Publish, Run, State, StepRun, assets, gates, given};
use crate::source::Range;

/// How deep scripts that run scripts are followed.
const DEEPEST: u32 = 5;

/// The state of a walk.
pub(super) struct Walk<'a> {
    pub(super) context: Context<'a>,
    linker: Linker<'a>,
    pub(super) instance: &'a Instance,
    pub(super) pivots: &'a [Pivot],
    pub(super) left: Option<&'a Left>,
    /// Artifacts that came as archives, by what fetched them.
    pub(super) packed: BTreeMap<Node, Brought>,
    /// The same, by the name of the file they were written to.
    pub(super) archives: BTreeMap<String, Brought>,
    pub(super) gates: gates::Gates<'a>,
    /// Secrets of the job.
    given: Vec<assets::Given>,
    /// Credentials that its steps make.
    made: Vec<Made>,
    /// Directory -> what is there. The empty path is the workspace.
    pub(super) mounts: BTreeMap<String, Mount>,
    /// Files that the job wrote over a tree.
    written: BTreeSet<String>,
    /// Heads of pull requests that were fetched and not checked out: the ref as written, and where.
    pub(super) fetched: Vec<(String, Source)>,
    pub(super) used: BTreeSet<usize>,
    /// Steps that were asked for texts of outsiders, and who wrote any.
    pub(super) texts: (usize, Option<Who>),
    /// Caches that the job saves, with their paths.
    pub(super) saved: Vec<(Node, Cached, Vec<ValueId>)>,
    /// The place of the first step of the job that runs an outsider's tree, and which execution that is.
    pub(super) first: Option<(u32, usize)>,
    /// What an earlier step of the job refused by itself.
    pub(super) refused: Option<Gate>,
    pub(super) run: Run,
    entered: BTreeSet<(Node, String, Vec<Asset>)>,
}

/// A place in a step, as the commands there see it.
#[derive(Clone)]
pub(super) struct Here {
    pub(super) step: Node,
    pub(super) gates: Vec<Gate>,
    pub(super) assets: Vec<Asset>,
    pub(super) scope: Scope,
    /// What outsiders wrote into the workspace before the step.
    pub(super) outside: Vec<Outside>,
    /// How the walk came here from the step: scripts, targets and actions of the tree.
    pub(super) trail: Vec<Hop>,
}

/// Walks a job; nothing, when it does not start in that state.
///
/// `pivots` are jobs that whoever runs code here reaches through caches.
/// `left` is what other jobs upload; `None` while that is not known.
pub fn walk(context: Context, instance: &Instance, pivots: &[Pivot], left: Option<&Left>) -> Option<Run> {
    let gates = gates::Gates::new(context, instance);
    let job_gates = gates.of(instance.job, &instance.scope)?;
    let own_runner = assets::own_runner(context, instance.job);
    let run = Run {
        job: instance.job,
        state: instance.state.clone(),
        steps: Vec::new(),
        execs: Vec::new(),
        elsewhere: Vec::new(),
        checkouts: Vec::new(),
        agents: Vec::new(),
        chosen: Vec::new(),
        publishes: Vec::new(),
        outflows: Vec::new(),
        restores: Vec::new(),
        ran: None,
        uploads: Vec::new(),
        fetches: false,
        own_runner,
        gates: job_gates,
    };
    let linker = Linker { index: context.index, facts: context.facts, catalog: context.catalog };
    let mut walk = Walk {
        context,
        linker,
        instance,
        pivots,
        left,
        packed: BTreeMap::new(),
        archives: BTreeMap::new(),
        gates,
        given: assets::given(context, instance.job),
        made: made::of_job(context, instance.job),
        mounts: BTreeMap::new(),
        written: BTreeSet::new(),
        fetched: Vec::new(),
        used: BTreeSet::new(),
        texts: (0, None),
        saved: Vec::new(),
        first: None,
        refused: None,
        run,
        entered: BTreeSet::new(),
    };
    walk.steps(instance.job, &instance.scope, Vec::new(), DEEPEST);
    walk.run.ran = walk.ran();
    walk.carries();
    // A checkout whose tree somebody executes is told by that execution.
    let used = walk.used;
    let mut index = 0;
    walk.run.checkouts.retain(|_| {
        index += 1;
        !used.contains(&(index - 1))
    });
    Some(walk.run)
}

impl<'a> Walk<'a> {
    pub(super) fn state(&self) -> &'a State {
        &self.instance.state
    }

    /// The steps a job or composite action owns.
    fn steps(&mut self, owner: Node, scope: &Scope, trail: Vec<Hop>, depth: u32) {
        for step in children(self.context, owner) {
            if !matches!(self.context.facts.fact(step).what, What::Step { .. }) {
                continue;
            }
            let Some(mut gates) = self.gates.of(step, scope) else { continue };
            gates.extend(self.refused.clone().filter(|_| !gates::is_fearless(self.context, step)));
            let mut assets = assets::of_step(self.context, self.instance, step, (&self.given, &self.made), self.run.own_runner.as_ref());
            let root = |job: Node| self.context.index.root(job.file);
            let others = self.pivots.iter().take_while(|p| p.told).filter(|p| p.job != self.instance.job && root(p.job) == root(self.instance.job));
            let reached = others.filter(|p| match &p.machine {
                Some(label) => self.run.own_runner.as_ref().is_some_and(|(own, _)| own == label),
                None => self.instance.state.default_scope,
            });
            assets.extend(reached.map(|p| p.asset.clone()));
            let who = gates::capped(self.state().who, &gates);
            let outside = self.outside();
            let here = Here { step, gates, assets, scope: scope.clone(), outside: outside.clone(), trail: trail.clone() };
            let (gates, assets, scope) = (here.gates.clone(), here.assets.clone(), scope.clone());
            self.run.steps.push(StepRun { step, who, gates, assets, scope, outside, trail: trail.clone() });
            self.inside(&here, step, depth);
        }
    }

    /// The facts of a step, script, make target or shell function, in order.
    fn inside(&mut self, here: &Here, owner: Node, depth: u32) {
        let facts = self.context.facts.file(owner.file);
        let owned: Vec<Node> = match &facts.fact(owner.fact).what {
            What::Step { .. } => self.context.index.steps().within(owner).iter().map(|fact| Node { file: owner.file, fact: *fact }).collect(),
            _ => {
                let inside = facts.iter().filter(|(id, _)| facts.owners(*id).any(|(o, _)| o == owner.fact));
                inside.map(|(fact, _)| Node { file: owner.file, fact }).collect()
            }
        };
        for node in owned {
            match &facts.fact(node.fact).what {
                What::Uses { target, .. } => self.uses(&self.seen_from(here, node), node, *target, depth),
                What::Command(_) | What::Call(_) => self.acts(&self.seen_from(here, node), node, depth),
                What::Write { channel: Channel::File(name), value } => {
                    self.replaces(node, *name);
                    self.packs(node, *name, *value);
                }
                What::Requirement(r) => self.installs(&self.seen_from(here, node), node, r),
                _ => {}
            }
        }
    }

    /// What a fact sees of a step: less, where it or a wrapper around it isolates what it runs.
    fn seen_from<'h>(&self, here: &'h Here, node: Node) -> Cow<'h, Here> {
        let around = self.context.facts.file(node.file).owners(node.fact).map(|(fact, _)| Node { file: node.file, fact });
        let effects = std::iter::once(node).chain(around).flat_map(|n| self.context.index.effects(self.context.catalog, n));
        let isolated = effects.filter_map(|e| if let Effect::Isolates { workspace } = e { Some(*workspace) } else { None }).min();
        match isolated {
            None => Cow::Borrowed(here),
            Some(workspace) => {
                let assets = here.assets.iter().filter(|a| workspace && a.carrier == Carrier::Workspace && !a.assumed).cloned().collect();
                Cow::Owned(Here { assets, ..here.clone() })
            }
        }
    }

    fn uses(&mut self, here: &Here, node: Node, target: ValueId, depth: u32) {
        let facts = self.context.facts.file(node.file);
        let range = facts.value(target).range;
        let reference = facts.literal(target).unwrap_or_default();
        let checked_out = reference.strip_prefix("./").map(|path| join("", path.split('@').next().unwrap_or(path)));
        // `$/` is this repository at the commit that runs, whatever a checkout has put into the workspace.
        if checked_out.is_some() || reference.starts_with("$/") {
            if let Some(mount) = checked_out.and_then(|path| self.mount_of(&path)).filter(|m| m.who >= Who::Peer) {
                let at = Location { file: node.file, range };
                self.exec_tree(here, at, &mount, format!("runs the action {reference} of that checkout"));
                return;
            }
            let edge = self.context.graph.from(node, EdgeKind::Uses).next().map(|e| e.to);
            if let (Some(to), Some(depth)) = (edge, depth.checked_sub(1)) {
                let at = Location { file: node.file, range };
                let trail = here.trail.iter().cloned().chain([Hop { at, text: format!("uses {reference}") }]).collect();
                self.steps(to, &here.scope.called(node), trail, depth);
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
        let rows = given::rows(self.context, &here.scope, node);
        self.run.chosen.extend(given::chosen(self.context, &here.scope, node, &rows));
        for (id, row) in &rows {
            for effect in &row.effects {
                if let Some((key, restore, path)) = caches::restoring(effect) {
                    let cached = Cached::of(self, node, (*id, row), key, restore, path);
                    self.run.restores.push((cached, self.run.publishes.len()));
                }
                if let Some((key, path)) = caches::saving(effect) {
                    self.saves(node, (*id, row), key, path);
                }
                if let Effect::Mounts { tree, at } = effect {
                    let slot = |s: &Slot| self.context.catalog.slot(facts, node.fact, *id, s);
                    let dir = at.as_ref().and_then(|s| slot(s).into_iter().next());
                    self.mount(here, node, tree, dir, &|s: &Slot| slot(s).into_iter().next());
                }
            }
        }
        for (id, row) in &rows {
            for effect in &row.effects {
                let Effect::Writes { channel, name, basename: false, value, unnamed } = effect else { continue };
                let slot = |s: &Slot| self.context.catalog.slot(facts, node.fact, *id, s);
                match channel.as_str() {
                    "file" => slot(name).into_iter().for_each(|name| {
                        self.replaces(node, name);
                        self.keeps(node, name, node);
                    }),
                    "artifact" => {
                        let paths = value.as_ref().map(slot).unwrap_or_default();
                        let name = slot(name).into_iter().next();
                        self.uploads(here, node, (name, unnamed.as_deref()), &paths);
                    }
                    _ => {}
                }
            }
        }
        for publish in self.publishes(node) {
            self.outflow(here, node, publish);
        }
        self.agents(here, node, &rows);
        let executes = rows.iter().flat_map(|(id, r)| r.effects.iter().map(move |e| (*id, e)));
        let mut entered = false;
        for (id, effect) in executes {
            let Effect::Executes { what } = effect else { continue };
            if let Executes::Address(at, like) = what {
                self.fetched_and_run(here, node, self.context.catalog.slot(facts, node.fact, id, at), like);
                continue;
            }
            if let Executes::Elsewhere(there) = what {
                let commit = there.commit.as_ref().map(|s| self.context.catalog.slot(facts, node.fact, id, s));
                self.run_elsewhere(here, node, commit, there);
                continue;
            }
            entered = true;
            let slot = |s: &Slot| self.context.catalog.slot(facts, node.fact, id, s).into_iter().next();
            match what {
                Executes::File(s) | Executes::Notebook(s) => self.file(here, node, slot(s), depth),
                Executes::Dockerfile(file, context) => self.file(here, node, slot(file).or_else(|| slot(context)), depth),
                // A module that is not in sight is an installed one.
                Executes::Module(_) if self.context.graph.from(node, EdgeKind::Runs).next().is_none() => {}
                Executes::Tree | Executes::Targets(_) | Executes::ConsoleScript | Executes::Module(_) => {
                    self.tree(here, node);
                    self.follow(here, node, depth);
                }
                Executes::Packages => self.follow(here, node, depth),
                Executes::Stdin | Executes::Text(_) | Executes::Address(..) | Executes::Elsewhere(_) => {}
            }
        }
        if !entered {
            self.program(here, node, depth);
        }
        self.dependencies(here, node);
    }

    /// What rows say a fact publishes.
    fn publishes(&mut self, node: Node) -> Vec<Publish> {
        let mut out = Vec::new();
        let facts = self.context.facts.file(node.file);
        for (id, row) in self.context.index.rows(self.context.catalog, node) {
            for effect in &row.effects {
                let Effect::Publishes { asset, slot } = effect else { continue };
                let values = slot.as_ref().map(|s| self.context.catalog.slot(facts, node.fact, id, s)).unwrap_or_default();
                let name = values.into_iter().find_map(|v| facts.literal(v)).filter(|n| !n.contains('\n'));
                let at = Location { file: node.file, range: facts.fact(node.fact).range };
                let publish = Publish { asset: asset.clone(), at, name };
                if !self.run.publishes.contains(&publish) {
                    self.run.publishes.push(publish.clone());
                }
                out.push(publish);
            }
        }
        out
    }

    /// A file that the job writes itself is no longer what a tree brought.
    fn replaces(&mut self, node: Node, name: ValueId) {
        let Some(path) = self.path(node, name).filter(|path| self.mounts.keys().any(|at| inside(path, at) || at.is_empty())) else { return };
        self.written.insert(path);
    }

    /// A program word that is a path, or a script that is sourced.
    fn program(&mut self, here: &Here, node: Node, depth: u32) {
        let facts = self.context.facts.file(node.file);
        let What::Command(command) = &facts.fact(node.fact).what else { return };
        let Some(first) = command.words.first() else { return };
        match facts.word(first).as_deref() {
            Some(p) if p.contains('/') => self.file(here, node, Some(first.value), depth),
            Some(_) => self.follow(here, node, depth),
            // `"$GITHUB_WORKSPACE/run.sh"`.
            None if facts.program(command).is_some_and(|p| p.contains('/')) => self.file(here, node, Some(first.value), depth),
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
        if let Some(mount) = self.worked_on(node) {
            let range = facts.fact(node.fact).range;
            let words = facts.word_text(node.fact);
            self.exec_tree(here, Location { file: node.file, range }, &mount, format!("`{}` runs code of that checkout", short(&words)));
        }
    }

    /// The outsider's tree that a command works on.
    pub(super) fn worked_on(&self, node: Node) -> Option<Mount> {
        let facts = self.context.facts.file(node.file);
        let What::Command(command) = &facts.fact(node.fact).what else { return None };
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
        found
    }

    /// The path a value names from the project root, as far as it is literal.
    fn path(&self, node: Node, value: ValueId) -> Option<String> {
        match place::named(self.context.facts.file(node.file), value)? {
            place::Named::Relative(p) => Some(join(&self.directory(node).unwrap_or_default(), &p)),
            place::Named::Rooted(p) => Some(join("", &p)),
            _ => None,
        }
    }

    pub(super) fn directory(&self, node: Node) -> Option<String> {
        place::directory(self.linker, node)
    }

    /// The mount a path lies in: the longest prefix.
    pub(super) fn mount_of(&self, path: &str) -> Option<Mount> {
        if self.written.contains(path) {
            return None;
        }
        self.mounts.iter().filter(|(at, _)| at.is_empty() || inside(path, at)).max_by_key(|(at, _)| at.len()).map(|(_, m)| m.clone())
    }
}

/// Whether `path` is `dir` or lies in it.
pub(super) fn inside(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// How a state starts, for people.
pub fn starts(state: &State) -> String {
    let event = &state.event;
    if state.external {
        return format!("called by a workflow that {event} starts, which any user can cause");
    }
    match (state.who, &state.parent) {
        (Who::Anyone, Some(parent)) if state.added => {
            format!("{event}: runs after a workflow that any user can have start, with the trigger {parent} added to it in a pull request")
        }
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

/// The text of a range on one line, cut.
pub(super) fn shown(context: Context, node: Node, range: Range) -> String {
    short(&context.sources.file(node.file).text_at(range))
}

fn short(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(80) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or(&text)),
        None => text,
    }
}
