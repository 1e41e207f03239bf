//! What a job comes to execute: scripts, modules and packages of the tree that a command enters, and code that others choose. Knows the walk it belongs to.

use super::{Here, Walk, shown};
use crate::facts::{Requirement, What};
use crate::finding::{Hop, Location};
use crate::flow::place::brings;
use crate::flow::{FlagState, SinkHit};
use crate::graph::{EdgeKind, Node};
use crate::origin::{Mutable, Who};
use crate::reach::mount::Mount;
use crate::reach::{Context, Exec, StepRun, gates, program};

impl Walk<'_> {
    /// Enters what the command runs, when it stands in this repository.
    pub(super) fn follow(&mut self, here: &Here, node: Node, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let dir = self.directory(node).unwrap_or_default();
        let targets: Vec<Node> =
            self.context.graph.from(node, EdgeKind::Runs).chain(self.context.graph.from(node, EdgeKind::Builds)).map(|e| e.to).collect();
        for edge in self.context.graph.from(node, EdgeKind::Installs) {
            let mut here = here.clone();
            here.trail.push(self.enters(node));
            for (fact, found) in self.context.facts.file(edge.to.file).iter() {
                if let What::Requirement(r) = &found.what {
                    self.installs(&here, Node { file: edge.to.file, fact }, r);
                }
            }
        }
        for to in targets {
            if !self.entered.insert((to, dir.clone(), here.assets.clone())) {
                continue;
            }
            let mut here = here.clone();
            here.trail.push(self.enters(node));
            match &self.context.facts.fact(to).what {
                What::Module { .. } => self.module(&here, to),
                _ => self.inside(&here, to, depth),
            }
        }
    }

    /// The hop from a command to what it runs.
    pub(super) fn enters(&self, node: Node) -> Hop {
        let range = self.context.facts.fact(node).range;
        let at = Location { file: node.file, range };
        Hop { at, text: format!("runs `{}`", shown(self.context, node, range)) }
    }

    /// A Python module or notebook of the tree and what it runs: outside code that it loads runs here.
    pub(super) fn module(&mut self, here: &Here, module: Node) {
        let program = program::from(self.context, module);
        let context = self.context;
        for node in program.files().flat_map(|file| context.index.classified_in(file)) {
            if program.reaches(context, node) {
                self.publishes(node);
            }
        }
        for hit in context.flow.hits.iter().filter(|h| is_moving_code(context, h)) {
            let Some(way) = program.way(context, hit.place_at) else { continue };
            let mut here = here.clone();
            here.trail.extend(way);
            self.hit(&here, hit);
        }
    }

    /// A package whose build script its publisher can change from one run to the next.
    pub(super) fn installs(&mut self, here: &Here, node: Node, requirement: &Requirement) {
        let Some(url) =
            requirement.url.as_ref().filter(|_| brings(requirement).mutable == Mutable::Moving && brings(requirement).who >= Who::Publisher)
        else {
            return;
        };
        let at = Location { file: node.file, range: self.context.facts.fact(node).range };
        let hop = Hop { at, text: "installs it: its build script runs".to_owned() };
        self.exec_outside(here, at, url.clone(), url.trim_start_matches("git+").to_owned(), vec![hop], Vec::new());
    }

    /// Outside code named by the fact itself: a sink hit that executes what a publisher can change.
    pub(super) fn dependencies(&mut self, here: &Here, node: Node) {
        let start = self.context.flow.hits.partition_point(|h| h.at < node);
        let hits: Vec<_> = self.context.flow.hits.iter().skip(start).take_while(|h| h.at == node).cloned().collect();
        for hit in hits {
            self.hit(here, &hit);
        }
    }

    pub(super) fn hit(&mut self, here: &Here, hit: &SinkHit) {
        if !is_moving_code(self.context, hit) {
            return;
        }
        let subject = hit.subject.clone().unwrap_or_default();
        let text = self.context.facts.file(hit.place.file).word_text(hit.place_at.fact);
        let cause_text = if subject.is_empty() { text } else { subject.clone() };
        self.exec_outside(here, hit.place, cause_text, subject, hit.hops.clone(), hit.doubts.clone());
    }

    /// What runs after the attacker already runs the same code adds nothing, unless it has more in reach.
    pub(super) fn is_told(&self, here: &Here, same: impl Fn(&Exec) -> bool) -> bool {
        self.run.execs.iter().filter(|e| same(e)).any(|e| here.assets.iter().all(|a| e.assets.contains(a)))
    }

    pub(in crate::reach) fn exec_tree(&mut self, here: &Here, at: Location, mount: &Mount, text: String) {
        self.used.extend(mount.checkout);
        if self.is_told(here, |e| e.tree && e.cause == mount.cause) {
            return;
        }
        let mut gates = mount.gates.clone();
        gates.extend(here.gates.iter().filter(|g| !mount.gates.contains(g)).cloned());
        let code = gates.iter().filter_map(|g| g.code).fold(mount.who, Who::min);
        let mut hops = mount.hops.clone();
        hops.extend(here.trail.iter().cloned());
        hops.push(Hop { at, text });
        let who = gates::capped(code, &gates);
        if who >= Who::Peer && self.first.is_none() {
            // Steps of an action of the tree stand for the one that uses it.
            let own = |s: &&StepRun| self.context.facts.fact(s.step).owner == Some(self.instance.job.fact) && s.step.file == self.instance.job.file;
            let step = self.run.steps.iter().rev().find(own);
            self.first = step.map(|s| (self.context.facts.fact(s.step).order, self.run.execs.len()));
        }
        self.run.execs.push(Exec {
            step: here.step,
            at,
            who,
            ungated: mount.who,
            mutable: mount.mutable,
            hops,
            cause: mount.cause,
            cause_text: mount.cause_text.clone(),
            tree: true,
            subject: String::new(),
            gates,
            assets: here.assets.clone(),
            event: mount.artifact.as_ref().map(|s| s.event.clone()),
            doubts: mount.artifact.as_ref().map(|s| s.doubts.clone()).unwrap_or_default(),
        });
    }

    pub(super) fn exec_outside(&mut self, here: &Here, cause: Location, cause_text: String, subject: String, hops: Vec<Hop>, doubts: Vec<String>) {
        if self.is_told(here, |e| !e.tree && e.cause == cause) {
            return;
        }
        let mut all = vec![Hop { at: self.state().trigger, text: format!("{} starts the job", self.state().event) }];
        all.extend(here.trail.iter().cloned());
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
            event: None,
            doubts,
        });
    }
}

/// Whether a sink executes what a publisher can change.
fn is_moving_code(context: Context, hit: &SinkHit) -> bool {
    let moves = hit.bytes.who == Who::Publisher && hit.bytes.mutable == Mutable::Moving;
    moves && !matches!(hit.flag, FlagState::Safe) && context.catalog.runs_code(&hit.kind)
}
