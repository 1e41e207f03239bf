//! Workflows that a step of another one sets off: whoever can start that step starts them too, with what the step hands over. One call deep: what such a
//! workflow sets off in turn is started by its own triggers.

use crate::catalog::row::Effect;
use crate::catalog::slot::OPEN;
use crate::facts::{Command, FileFacts, V, ValueId, What, Word};
use crate::finding::{Hop, Location};
use crate::graph::{EdgeKind, Node};
use crate::notice::{Notice, NoticeKind};
use crate::origin::Who;
use crate::reach::between::names::Name;
use crate::reach::instances::{self, Instance};
use crate::reach::sources::{Query, Scope, Source};
use crate::reach::{Context, Gate, Sent, State, gates};
use crate::source::FileId;

/// Calls of one workflow that are followed, at most.
const CALLS: usize = 16;

/// States in which outsiders start a workflow through a step of another, beside those its own triggers give.
pub(in crate::reach) fn states(context: Context, file: FileId, own: &[State], notices: &mut Vec<Notice>) -> Vec<State> {
    let mut out: Vec<State> = Vec::new();
    for (fact, trigger) in context.facts.file(file).iter() {
        let What::Trigger { event, .. } = &trigger.what else { continue };
        let Some(base) = own.iter().find(|s| s.event == *event && s.sent.is_none()) else { continue };
        if event == "workflow_run" {
            continue;
        }
        for (n, edge) in context.graph.into(Node { file, fact }, EdgeKind::Dispatches).enumerate() {
            if n >= CALLS {
                let text = format!("more than {CALLS} steps start this workflow; the rest is not followed");
                notices.push(Notice { file: Some(file), range: Some(trigger.range), kind: NoticeKind::Limit, text });
                break;
            }
            for state in instances::states(context, edge.from.file).into_iter().filter(|s| s.privileged && !s.head && s.who >= Who::Peer) {
                let Some(gates) = held_back(context, edge.from, &state) else { continue };
                let (parent, who) = (Some(state.event.clone()), state.who);
                let sent = Some(Box::new(Sent { by: edge.from, state, gates }));
                out.push(State { parent, who, sent, ..base.clone() });
            }
        }
    }
    out.sort();
    out.dedup();
    out
}

/// What dominates a call, its own refusal among them; nothing, when it does not run in that state.
fn held_back(context: Context, call: Node, state: &State) -> Option<Vec<Gate>> {
    let facts = context.facts.file(call.file);
    let owner = |is: fn(&What) -> bool| facts.owners(call.fact).find(|(_, f)| is(&f.what)).map(|(fact, _)| Node { file: call.file, fact });
    let job = owner(|w| matches!(w, What::Job { .. }))?;
    let step = owner(|w| matches!(w, What::Step { .. })).unwrap_or(job);
    let instance = Instance { job, state: state.clone(), scope: Scope::default(), callers: Vec::new() };
    let all = gates::Gates::new(context, &instance);
    let mut gates = all.of(step, &instance.scope)?;
    gates.extend(all.inside(step, call, &instance.scope)?);
    let refusal = context.index.admits(context.catalog, call, &state.event).map(|who| Gate {
        family: "the caller's own check".to_owned(),
        start: Some(who),
        code: None,
        text: None,
        texts: Vec::new(),
        residual: "it turns away accounts without write access, and hands over what others wrote".to_owned(),
        at: Location { file: call.file, range: facts.fact(call.fact).range },
    });
    gates.extend(refusal);
    Some(gates)
}

impl Query<'_> {
    /// What the step that set this run off handed over under a name; `None` when nothing did.
    pub(in crate::reach) fn handed_over(&mut self, name: &str, at: Location, depth: u32, hops: &[Hop]) -> Option<()> {
        let sent = self.state.sent.as_deref()?;
        let facts = self.context.facts.file(sent.by.file);
        let call = Location { file: sent.by.file, range: facts.fact(sent.by.fact).range };
        let mut way = vec![Hop { at: call, text: "starts this workflow with it".to_owned() }];
        way.extend_from_slice(hops);
        for (id, row) in self.context.index.rows(self.context.catalog, sent.by) {
            for effect in &row.effects {
                let Effect::Dispatches { values, .. } = effect else { continue };
                if values.is_empty() {
                    // The thread: all of it is what people wrote, but for numbers and commits.
                    let last = name.rsplit('.').next().unwrap_or_default();
                    let fixed = matches!(last, "sha" | "number" | "id" | "full_name" | "login" | "clone_url" | "html_url" | "url");
                    let source = Source {
                        who: self.state.who,
                        arbitrary: !fixed,
                        lines: !fixed,
                        moving: last != "sha",
                        branch: last == "ref",
                        agent: false,
                        guess: false,
                        file: false,
                        name: name.to_owned(),
                        at,
                        hops: way.clone(),
                    };
                    self.out.insert(source);
                    continue;
                }
                let slots = || values.iter().flat_map(|s| self.context.catalog.slot(facts, sent.by.fact, id, s));
                let given: Vec<_> = match &facts.fact(sent.by.fact).what {
                    What::Command(c) => {
                        let given = fields(facts, c, name);
                        // All of a request at once, as JSON.
                        let body = |v: &ValueId| Name::of(facts, *v).head().trim_start().starts_with('{');
                        if given.is_empty() { slots().filter(body).flat_map(|v| member(facts, v, name)).collect() } else { given }
                    }
                    What::Call(_) => slots().map(|v| entry(facts, v, name)).collect(),
                    _ => slots().flat_map(|v| member(facts, v, name)).collect(),
                };
                let mut inner = self.asked_in(&sent.state);
                given.into_iter().for_each(|value| inner.value(&Scope::default(), sent.by, value, depth, &way));
                let found = std::mem::take(&mut inner.out);
                self.out.extend(found);
            }
        }
        Some(())
    }
}

/// What a command gives a name: `-f name=value`, `-f inputs[name]=value`, any number of times.
fn fields(facts: &FileFacts, command: &Command, name: &str) -> Vec<ValueId> {
    let last = name.rsplit('.').next().unwrap_or_default();
    let begins = [format!("{last}="), format!("inputs[{last}]="), format!("client_payload[{last}]=")];
    let is = |w: &&Word| w.parts.first().and_then(|p| facts.literal(p.value)).is_some_and(|t| begins.iter().any(|b| t.starts_with(b)));
    command.words.iter().filter(is).map(|w| w.value).collect()
}

/// What an object that is written out holds under a name (`inputs.tag`, `client_payload.pr.title`), else all of it.
fn entry(facts: &FileFacts, value: ValueId, name: &str) -> ValueId {
    let path = name.split_once("client_payload.").map_or_else(|| name.rsplit('.').next().unwrap_or_default(), |(_, path)| path);
    let mut at = value;
    for key in path.split('.') {
        let V::Dict(entries, _) = &facts.value(at).what else { break };
        let found = entries.iter().rev().find(|(k, _)| facts.literal(*k).is_some_and(|k| k.eq_ignore_ascii_case(key)));
        let Some((_, value)) = found else { break };
        at = *value;
    }
    at
}

/// What JSON that is put together as a text holds under a name; all of it, where it names nothing.
fn member(facts: &FileFacts, value: ValueId, name: &str) -> Vec<ValueId> {
    let V::Join(parts) = &facts.value(value).what else { return vec![value] };
    let last = name.rsplit('.').next().unwrap_or_default();
    let (mut text, mut open) = (String::new(), Vec::new());
    for part in parts {
        match facts.literal(*part) {
            Some(literal) => text.push_str(&literal),
            None => {
                open.push((text.len(), *part));
                text.push(OPEN);
            }
        }
    }
    // A name as JSON has it: `"name":`.
    let named = |wanted: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let ends = text.match_indices('"').filter(|(at, _)| text.get(at + 1..).is_some_and(|rest| rest.trim_start().starts_with(':')));
        let is = |at: &usize| text.get(..*at).and_then(|t| t.rsplit_once('"')).is_some_and(|(_, key)| wanted(key));
        ends.map(|(at, _)| at).filter(is).collect()
    };
    let found = named(&|key| key.eq_ignore_ascii_case(last));
    if found.is_empty() && named(&|_| true).is_empty() {
        return vec![value];
    }
    let ranges: Vec<(usize, usize)> = found
        .into_iter()
        .take(CALLS)
        .map(|at| {
            let from = at + 1 + text.get(at + 1..).map_or(0, |rest| rest.find(':').map_or(0, |colon| colon + 1));
            let rest = text.get(from..).unwrap_or_default();
            let begins = rest.len() - rest.trim_start().len();
            let quoted = rest.get(begins..).is_some_and(|r| r.starts_with('"'));
            let inner = rest.get(begins + usize::from(quoted)..).unwrap_or_default();
            let end = if quoted { inner.find('"') } else { inner.find([',', '}', '\n']) };
            (from, from + begins + usize::from(quoted) + end.unwrap_or(inner.len()))
        })
        .collect();
    open.into_iter().filter(|(at, _)| ranges.iter().any(|(from, to)| from <= at && at < to)).map(|(_, part)| part).collect()
}
