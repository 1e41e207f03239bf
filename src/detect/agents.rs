//! Agents in jobs: who can instruct them, in which trees they work, which of their tools are wider than they look, and whose answers are run.

use std::collections::BTreeSet;

use crate::catalog::agent::Power;
use crate::detect::Context;
use crate::detect::hygiene::told as told_at;
use crate::detect::paths::{Way, alerts, place, way};
use crate::finding::{Alert, Hop, Severity};
use crate::origin::Who;
use crate::reach::{AgentRun, Run, agents, gates, walk};
use crate::rule::placeholders::Values;

/// Text of an outsider that the model takes for instructions. The cause is the agent: the text may come on several ways.
pub fn instructed(context: &Context) -> Vec<Alert> {
    let mut ways = Vec::new();
    for (run, agent) in at_work(context) {
        let Some(text) = agent.texts.first() else { continue };
        let mut hops = vec![Hop { at: run.state.trigger, text: walk::starts(&run.state) }];
        hops.extend(text.hops.iter().cloned());
        hops.push(Hop { at: agent.at, text: format!("{} reads {} as instructions", agent.name, text.name) });
        ways.extend(told(context, run, agent, agents::instructed_by(agent), hops));
    }
    alerts(context, "agent-instructed-by-outsiders", ways)
}

/// Files of an outsider's tree that the agent takes instructions and settings from.
pub fn in_outside_tree(context: &Context) -> Vec<Alert> {
    let mut ways = Vec::new();
    for (run, agent) in at_work(context) {
        let Some((who, brought, behind)) = &agent.tree else { continue };
        // Whoever runs code of that tree already needs no agent.
        if run.execs.iter().any(|e| e.tree && e.step <= agent.step) {
            continue;
        }
        let mut hops = brought.clone();
        hops.push(Hop { at: agent.at, text: format!("{} reads instructions and settings from that tree", agent.name) });
        let all: Vec<_> = agent.gates.iter().chain(behind).cloned().collect();
        let who = gates::capped(gates::author(*who, &all), &all);
        ways.extend(told(context, run, agent, who, hops));
    }
    alerts(context, "agent-in-outside-tree", ways)
}

/// Entries of a list that look narrow and run any command, where strangers can instruct the agent. The cause is the list.
pub fn shells(context: &Context) -> Vec<Alert> {
    let Some(page) = context.rules.get("agent-tool-is-a-shell") else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for (run, agent) in at_work(context).filter(|(_, a)| a.texts.first().is_some_and(|t| t.who >= Who::Peer)) {
        let Some((how, at)) = agent.powers.get(&Power::Shell) else { continue };
        // A name without brackets says plainly what it is.
        if how.contains('(') && seen.insert(*at) {
            let values = Values::from([("name", how.clone()), ("place", place(context, run))]);
            out.push(told_at(context, page, *at, page.level.unwrap_or(Severity::Medium), &values, Vec::new()));
        }
    }
    out
}

/// Agents of jobs that outsiders do not bring themselves.
fn at_work<'a>(context: &Context<'a>) -> impl Iterator<Item = (&'a Run, &'a AgentRun)> {
    let runs = context.reach.runs.iter().filter(|r| !r.state.head);
    runs.flat_map(|run| run.agents.iter().map(move |agent| (run, agent)))
}

/// The way on from an agent: what it may do, and what that reaches.
fn told(context: &Context, run: &Run, agent: &AgentRun, who: Who, mut hops: Vec<Hop>) -> Option<Way> {
    let (power, (how, at)) = agent.powers.iter().next_back().filter(|(p, _)| **p > Power::Read)?;
    let does = match power {
        Power::Shell => "runs commands",
        Power::Edit => "writes files and commits",
        Power::Web | Power::Read => "fetches addresses",
    };
    hops.push(Hop { at: *at, text: format!("it {does}: {how}") });
    let at = (agent.at, agent.name.clone());
    let mut found = way(context, run, who, at, hops, &agent.assets, &agent.gates);
    if found.asset.is_empty() {
        return None;
    }
    // Without commands it takes more than one step from an edit to a credential.
    if *power < Power::Shell {
        found.path.severity = found.path.severity.min(Severity::Medium);
    }
    if who >= Who::Peer && run.state.event == "schedule" {
        found.origin = "anyone who writes in a thread that it reads".to_owned();
    }
    found.assumes.push("the model follows what it is told there".to_owned());
    Some(found)
}
