//! Agents at work in a job: what of an outsider's reaches the model as text or as a tree, and what it may do then. Knows rows and facts, no rule.

pub mod tools;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::agent::{Agent, Power};
use crate::catalog::row::{Effect, Row, RowId, Slot, SlotName, Subject};
use crate::catalog::slot::OPEN;
use crate::facts::{Channel, Stdin, V, ValueId, What};
use crate::finding::{Hop, Location};
use crate::graph::{Node, index};
use crate::origin::{Via, Who};
use crate::reach::mount::Mount;
use crate::reach::sources::{Scope, Source};
use crate::reach::walk::{Here, Walk};
use crate::reach::{AgentRun, Asset, Carrier, Gate, gates, given};
use tools::Listed;

/// Events whose thread an agent may be handed: what began it is a text that somebody wrote.
const THREADS: [&str; 8] = [
    "issues",
    "issue_comment",
    "pull_request",
    "pull_request_target",
    "pull_request_review",
    "pull_request_review_comment",
    "discussion",
    "discussion_comment",
];

impl Walk<'_> {
    /// What a fact that is an agent is told and may do. Nothing, when nobody from outside has a say in it.
    pub(super) fn agents(&mut self, here: &Here, node: Node, rows: &[(RowId, &Row)]) {
        for (id, row) in rows {
            for effect in &row.effects {
                if let Effect::Agent(agent) = effect {
                    self.agent(here, node, (*id, agent), rows);
                    return;
                }
            }
        }
    }

    fn agent(&mut self, here: &Here, node: Node, (row, agent): (RowId, &Agent), rows: &[(RowId, &Row)]) {
        let facts = self.context.facts.file(node.file);
        let (at, name) = match &facts.fact(node.fact).what {
            What::Uses { target, .. } => {
                let text = facts.literal(*target).unwrap_or_default();
                (facts.value(*target).range, text.split('@').next().unwrap_or_default().to_owned())
            }
            _ => (facts.fact(node.fact).range, self.context.catalog.row(row).subject.name()),
        };
        let at = Location { file: node.file, range: at };
        let powers = self.powers(here, node, (row, agent), rows);
        let mut gates = here.gates.clone();
        gates.extend(self.admission(rows, at, &name));
        let told = self.told(here, node, row, agent, &powers);
        let tree = if agent.project { self.worked_in(node) } else { None };
        if told.is_empty() && tree.is_none() {
            return;
        }
        let assets = here.assets.iter().filter_map(|a| within(a, &powers)).collect();
        let (texts, tree) = (told, tree.map(|m| (m.who, m.hops, m.gates)));
        let run = AgentRun { step: here.step, at, name, texts, tree, powers, gates, assets, scope: here.scope.clone() };
        self.run.agents.push(run);
    }

    /// What the agent may do, each power with the place that gives it.
    fn powers(&self, here: &Here, node: Node, (row, agent): (RowId, &Agent), rows: &[(RowId, &Row)]) -> BTreeMap<Power, (String, Location)> {
        let facts = self.context.facts.file(node.file);
        let whole = Location { file: node.file, range: facts.fact(node.fact).range };
        let mut out = BTreeMap::new();
        let (mut lists, mut denied) = (Vec::new(), BTreeSet::new());
        let mut read = |slots: &[Slot], denies: bool, lists: &mut Vec<(Listed, Location)>| {
            for slot in slots {
                for value in self.argument(node, row, slot) {
                    let listed = tools::read(&self.filled(&here.scope, node, value), denies);
                    denied.extend(listed.denied.iter().map(|t| tools::normal(t)));
                    lists.push((listed, Location { file: node.file, range: facts.value(value).range }));
                }
            }
        };
        read(&agent.allow, false, &mut lists);
        read(&agent.deny, true, &mut Vec::new());
        let limited = lists.iter().any(|(l, _)| l.limits);
        let all = lists.iter().any(|(l, _)| l.all);
        for (listed, at) in &lists {
            for entry in &listed.allowed {
                let name = tools::normal(entry);
                if denied.contains(&name) {
                    continue;
                }
                for power in self.context.catalog.tool(&name).unwrap_or_default() {
                    out.entry(power).or_insert_with(|| (format!("may use `{entry}`"), *at));
                }
            }
        }
        let refused: BTreeSet<Power> = denied.iter().flat_map(|name| self.context.catalog.tool(name).unwrap_or_default()).collect();
        for power in &agent.default {
            if !refused.contains(power) && (!limited || agent.adds && !all) {
                out.entry(*power).or_insert_with(|| ("may do so by default".to_owned(), whole));
            }
        }
        for (_, row) in rows {
            for effect in &row.effects {
                if let Effect::Powers(given) = effect {
                    out.extend(given.iter().map(|p| (*p, ("is told to ask nobody".to_owned(), whole))));
                }
            }
        }
        out
    }

    /// The text of a value, with what callers of a template hand over in its place; other expressions are left out.
    fn filled(&self, scope: &Scope, node: Node, value: ValueId) -> String {
        let facts = self.context.facts.file(node.file);
        match &facts.value(value).what {
            V::Join(_) | V::Expr(_) => given::text(self.context, scope, node, value).unwrap_or_default().replace(OPEN, ""),
            _ => facts.literal_parts(value).unwrap_or_default(),
        }
    }

    /// What stands in a slot; of an action also a variable of that name, where it is in capitals and its step or job sets it.
    fn argument(&self, node: Node, row: RowId, slot: &Slot) -> Vec<ValueId> {
        let facts = self.context.facts.file(node.file);
        let found = self.context.catalog.slot(facts, node.fact, row, slot);
        let (true, What::Uses { .. }, Slot::Arg(names)) = (found.is_empty(), &facts.fact(node.fact).what, slot) else { return found };
        let owners: BTreeSet<_> = facts.owners(node.fact).map(|(id, _)| id).collect();
        let variable = |n: &str| names.iter().any(|s| matches!(s, SlotName::Name(s) if s == n && !s.bytes().any(|b| b.is_ascii_lowercase())));
        let set = facts.iter().filter(|(_, f)| f.owner.is_some_and(|o| owners.contains(&o))).filter_map(|(_, f)| match &f.what {
            What::Write { channel: Channel::Env(name), value } if variable(name) => Some(*value),
            _ => None,
        });
        set.collect()
    }

    /// The action's own refusal of whoever may not write, as its row says.
    fn admission(&self, rows: &[(RowId, &Row)], at: Location, name: &str) -> Option<Gate> {
        index::admits(rows.iter().flat_map(|(_, row)| &row.effects), &self.state().event).map(|who| Gate {
            family: "agent's own check".to_owned(),
            start: Some(who),
            code: None,
            text: None,
            texts: Vec::new(),
            residual: format!("{name} refuses to start for accounts without write access, and still reads what they wrote"),
            at,
        })
    }

    /// Texts of outsiders that reach the model, each once.
    fn told(&self, here: &Here, node: Node, row: RowId, agent: &Agent, powers: &BTreeMap<Power, (String, Location)>) -> Vec<Source> {
        let facts = self.context.facts.file(node.file);
        let state = self.state();
        let mut found = Vec::new();
        let mut prompt = String::new();
        for slot in &agent.prompt {
            for value in self.argument(node, row, slot) {
                found.extend(self.view(&here.outside).of(&here.scope, node, value));
                prompt.push_str(&self.filled(&here.scope, node, value));
                prompt.push('\n');
            }
            if let (Slot::Stdin, What::Command(command)) = (slot, &facts.fact(node.fact).what)
                && let Stdin::Pipe(from) = command.stdin
            {
                found.extend(self.view(&here.outside).of_output(&here.scope, Node { file: node.file, fact: from }));
            }
        }
        let at = Location { file: node.file, range: facts.fact(node.fact).range };
        let written = |name: &str, text: &str| Source::free(state.who, name.to_owned(), at, vec![Hop { at, text: text.to_owned() }]);
        if agent.thread && THREADS.contains(&state.event.as_str()) {
            found.push(written("the thread of the event", "is handed the title, body and comments of the thread"));
        }
        found.extend(self.variables(here, node, &prompt, powers));
        // What it is told to look up, or may: threads that anyone writes in. On a schedule nobody has to start it.
        let who = if state.event == "schedule" { Who::Anyone } else { state.who };
        let readers = self.readers();
        let looked_up = readers.iter().find(|r| prompt.contains(r.as_str())).cloned();
        if let Some(command) = looked_up.or_else(|| self.may_look_up(here, node, row, agent, &readers)) {
            let text = format!("reads what people wrote, with `{command}`");
            found.push(Source { who, ..written("a thread that it looks up", &text) });
        }
        found.retain(|s| s.arbitrary && s.who >= Who::Peer && gates::lets_through(&here.gates, s));
        found.sort_by(|a, b| b.who.cmp(&a.who).then(a.cmp(b)));
        found.dedup_by(|a, b| a.name == b.name);
        found
    }

    /// Variables around the step that hold text of outsiders, when the prompt names them or the agent can print its environment.
    fn variables(&self, here: &Here, node: Node, prompt: &str, powers: &BTreeMap<Power, (String, Location)>) -> Vec<Source> {
        let facts = self.context.facts.file(node.file);
        let owners: BTreeSet<_> = facts.owners(node.fact).map(|(id, _)| id).collect();
        let mut out = Vec::new();
        for (fact, found) in facts.iter() {
            let What::Write { channel: Channel::Env(name), value } = &found.what else { continue };
            let near = found.owner.is_some_and(|o| owners.contains(&o));
            if near && (powers.contains_key(&Power::Shell) || prompt.contains(name.as_str())) {
                let inner = Node { file: node.file, fact };
                let hop =
                    Hop { at: Location { file: node.file, range: found.range }, text: format!("puts it into {name}, where the agent finds it") };
                let from = self.view(&here.outside).of(&here.scope, inner, *value);
                out.extend(from.into_iter().map(|s| Source { hops: s.hops.iter().cloned().chain([hop.clone()]).collect(), ..s }));
            }
        }
        out
    }

    /// Commands that print what people wrote, as a prompt or a list would say them.
    fn readers(&self) -> Vec<String> {
        let rows = self.context.catalog.of_kind("command").filter_map(|(_, row)| {
            let Subject::Command { program, sub } = &row.subject else { return None };
            let prints = row.effects.iter().any(|e| matches!(e, Effect::Returns { who, via, .. } if *who >= Who::Peer && via.has(Via::PR_TEXT)));
            (prints && !sub.is_empty()).then(|| std::iter::once(program).chain(sub).cloned().collect::<Vec<_>>().join(" "))
        });
        rows.collect()
    }

    /// The same among the tools it may use.
    fn may_look_up(&self, here: &Here, node: Node, row: RowId, agent: &Agent, readers: &[String]) -> Option<String> {
        let values = agent.allow.iter().flat_map(|s| self.argument(node, row, s));
        let mut allowed = values.flat_map(|v| tools::read(&self.filled(&here.scope, node, v), false).allowed);
        allowed.find_map(|entry| {
            let name = tools::normal(&entry);
            if self.context.catalog.tool_reads(&name) {
                return Some(entry);
            }
            let command = name.split_once('(').map(|(_, rest)| rest.trim_end_matches(')').to_owned())?;
            readers.iter().find(|r| command.contains(r.as_str())).cloned()
        })
    }

    /// The outsider's tree that the agent works in.
    fn worked_in(&self, node: Node) -> Option<Mount> {
        let directory = match &self.context.facts.fact(node).what {
            What::Uses { .. } => String::new(),
            _ => self.directory(node).unwrap_or_default(),
        };
        self.mount_of(&directory).filter(|m| m.who >= Who::Peer)
    }
}

/// What an agent with these powers can do with an asset; nothing, when it cannot get at it.
fn within(asset: &Asset, powers: &BTreeMap<Power, (String, Location)>) -> Option<Asset> {
    let has = |p| powers.contains_key(&p);
    // Commands reach all there is; who fetches addresses sends away what files and variables hold.
    let written = matches!(asset.kind.as_str(), "repository-write" | "comment");
    let reaches = has(Power::Shell) || has(Power::Web) && asset.carrier != Carrier::Machine || has(Power::Edit) && written;
    reaches.then(|| asset.clone())
}

/// Who can instruct an agent by text, behind its gates.
pub fn instructed_by(run: &AgentRun) -> Who {
    let text = run.texts.iter().map(|s| s.who).max().unwrap_or(Who::Program);
    gates::capped(text, &run.gates)
}
