//! Which jobs run in which states: triggers with their activity types, `workflow_run` parents, and reusable workflows once for each caller.

use crate::catalog::row::Effect;
use crate::facts::{Expr, ExprWhat, TemplateKind, V, What};
use crate::finding::Location;
use crate::graph::{EdgeKind, Node};
use crate::link::uses;
use crate::notice::{Notice, NoticeKind};
use crate::origin::Who;
use crate::reach::between::sent;
use crate::reach::sources::Scope;
use crate::reach::{Context, State};
use crate::source::{FileId, Kind, Range};

/// A job, the state it runs in, and the calls that led to it.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The job.
    pub job: Node,
    /// The state.
    pub state: State,
    /// Callers' values, when a reusable workflow.
    pub scope: Scope,
    /// Jobs that call it, outermost first.
    pub callers: Vec<Node>,
}

/// Cap on instances of a run.
const MOST: usize = 10_000;
/// Cap on calls from workflow to workflow.
const DEEPEST: usize = 10;

/// All instances, in order. More than the cap leaves a notice.
pub fn instances(context: Context, notices: &mut Vec<Notice>) -> Vec<Instance> {
    let mut out = Vec::new();
    for file in context.index.workflow_files() {
        let own = states(context, file);
        let sent = sent::states(context, file, &own, notices);
        for state in own.into_iter().chain(sent) {
            add(context, file, &state, &Scope::default(), &[], &mut out);
        }
    }
    for (job, state) in external(context) {
        if out.len() < MOST {
            out.push(Instance { job, state, scope: Scope::default(), callers: Vec::new() });
        }
    }
    if out.len() >= MOST {
        notices.push(Notice {
            file: None,
            range: None,
            kind: NoticeKind::Limit,
            text: format!("more than {MOST} ways to start a job; the rest is not followed"),
        });
    }
    out
}

/// Templates that nobody in this tree calls: actions with steps and reusable workflows. Whoever calls them brings the event, so each is walked in all events
/// that outsiders can cause with the caller's own token.
fn external(context: Context) -> Vec<(Node, State)> {
    let mut out = Vec::new();
    for (node, fact) in context.facts.nodes_of(|file| matches!(context.index.kind(file), Kind::Action | Kind::Workflow)) {
        let facts = context.facts.file(node.file);
        let (called, jobs) = match &fact.what {
            What::Template { runs: TemplateKind::Composite, .. } => (node, vec![node]),
            What::Trigger { event, .. } if event == "workflow_call" => {
                let jobs = facts.iter().filter(|(_, f)| matches!(f.what, What::Job { .. })).map(|(fact, _)| Node { file: node.file, fact });
                (context.index.top(context.facts, node.file).unwrap_or(node), jobs.collect())
            }
            _ => continue,
        };
        if context.graph.into(called, EdgeKind::Uses).next().is_some() {
            continue;
        }
        let range = if matches!(fact.what, What::Template { .. }) { Range { end: fact.range.start, ..fact.range } } else { fact.range };
        for (id, row) in context.catalog.of_kind("trigger") {
            for effect in &context.catalog.row(id).effects {
                let Effect::Starts { who, privileged: true, default_scope, types, head: false, .. } = effect else { continue };
                if *who < Who::Peer {
                    continue;
                }
                let state = State {
                    event: row.subject.name(),
                    activity: types.first().cloned().unwrap_or_default(),
                    parent: None,
                    who: *who,
                    privileged: true,
                    default_scope: *default_scope,
                    head: false,
                    trigger: Location { file: node.file, range },
                    external: true,
                    added: false,
                    sent: None,
                };
                out.extend(jobs.iter().map(|job| (*job, state.clone())));
            }
        }
    }
    out
}

fn add(context: Context, file: FileId, state: &State, scope: &Scope, callers: &[Node], out: &mut Vec<Instance>) {
    if callers.len() > DEEPEST {
        return;
    }
    for (fact, job) in context.facts.file(file).iter() {
        if !matches!(job.what, What::Job { .. }) || out.len() >= MOST {
            continue;
        }
        let node = Node { file, fact };
        let called = children(context, node).into_iter().find_map(|uses| {
            let edge = context.graph.from(uses, EdgeKind::Uses).next()?;
            matches!(context.facts.fact(edge.to).what, What::Workflow { .. }).then_some((uses, edge.to))
        });
        match called {
            Some((uses, target)) => {
                let mut chain = callers.to_vec();
                chain.push(node);
                add(context, target.file, state, &scope.called(uses), &chain, out);
            }
            None => out.push(Instance { job: node, state: state.clone(), scope: scope.clone(), callers: callers.to_vec() }),
        }
    }
}

/// The facts a fact owns directly.
pub fn children(context: Context, node: Node) -> Vec<Node> {
    if let Some(owned) = context.index.owned(node) {
        return owned.iter().map(|fact| Node { file: node.file, fact: *fact }).collect();
    }
    let facts = context.facts.file(node.file);
    facts.iter().filter(|(_, f)| f.owner == Some(node.fact)).map(|(fact, _)| Node { file: node.file, fact }).collect()
}

/// The states a workflow's own triggers allow. `workflow_call` is no state: its callers have them.
pub fn states(context: Context, file: FileId) -> Vec<State> {
    let mut out = Vec::new();
    for (fact, trigger) in context.facts.file(file).iter() {
        let What::Trigger { event, types, filters } = &trigger.what else { continue };
        if event == "workflow_call" {
            continue;
        }
        let node = Node { file, fact };
        let base = State {
            event: event.clone(),
            activity: String::new(),
            parent: None,
            who: Who::Operator,
            privileged: true,
            default_scope: true,
            head: false,
            trigger: Location { file, range: trigger.range },
            external: false,
            added: false,
            sent: None,
        };
        let mut defaults = Vec::new();
        let mut state = base;
        let mut added = None;
        for effect in context.catalog.trigger(event).into_iter().flat_map(|id| &context.catalog.row(id).effects) {
            if let Effect::Starts { who, privileged, default_scope, types, head, added: event } = effect {
                state.who = *who;
                state.privileged = *privileged;
                state.default_scope = *default_scope;
                state.head = *head;
                added.clone_from(event);
                defaults.clone_from(types);
            }
        }
        if event == "workflow_run" {
            let root = context.index.root(file);
            let named = uses::parents(context.facts.file(file), filters);
            let missing = named.iter().any(|n| n.as_ref().is_none_or(|n| context.index.workflow(root, n).is_empty()));
            // A list of branches holds back runs that are read from the head of a pull request.
            added = added.filter(|_| !filters.iter().any(|(name, _)| name == "branches"));
            out.extend(parents(context, node, &state, (missing, added)));
            continue;
        }
        let types = if types.is_empty() { &defaults } else { types };
        let told = if tells_apart(context, file) { types.len() } else { 1 };
        if types.is_empty() {
            out.push(state);
        } else {
            out.extend(types.iter().take(told).map(|t| State { activity: t.clone(), ..state.clone() }));
        }
    }
    out
}

/// Whether anything in a workflow can depend on the activity of its event: it asks for the action or for labels, or calls a workflow that may.
fn tells_apart(context: Context, file: FileId) -> bool {
    let facts = context.facts.file(file);
    let asks = |path: &str| {
        path.starts_with("github.event") && (path.contains("action") || path.contains("label")) || path == "github.event" || path == "github"
    };
    let calls =
        facts.iter().any(|(_, f)| matches!(f.what, What::Uses { .. }) && f.owner.is_some_and(|o| matches!(facts.fact(o).what, What::Job { .. })));
    calls || facts.values.iter().any(|v| matches!(&v.what, V::Expr(e) if mentions(e, &asks)))
}

fn mentions(expr: &Expr, asks: &dyn Fn(&str) -> bool) -> bool {
    match &expr.what {
        ExprWhat::Context(path) => asks(path),
        ExprWhat::Call(_, args) => args.iter().any(|a| mentions(a, asks)),
        ExprWhat::Not(inner) => mentions(inner, asks),
        ExprWhat::Binary(_, a, b) | ExprWhat::Index(a, b) => mentions(a, asks) || mentions(b, asks),
        _ => false,
    }
}

/// A run that follows another is as outside as what starts that one. A parent that is not in this tree may be started by anyone. `added`: the event that a
/// contributor can put into a parent that names none of the kind, as their runs are read from what they propose.
fn parents(context: Context, node: Node, state: &State, (missing, added): (bool, Option<String>)) -> Vec<State> {
    let mut out: Vec<State> = Vec::new();
    let mut theirs = false;
    let mut found = false;
    for edge in context.graph.into(node, EdgeKind::Dispatches) {
        found = true;
        for (_, trigger) in context.facts.file(edge.from.file).iter() {
            let What::Trigger { event, .. } = &trigger.what else { continue };
            let effects = context.catalog.trigger(event).into_iter().flat_map(|id| &context.catalog.row(id).effects);
            let starts = effects.filter_map(|e| if let Effect::Starts { who, head, .. } = e { Some((*who, *head)) } else { None }).next();
            let (who, head) = starts.unwrap_or((Who::Operator, false));
            theirs |= head;
            out.push(State { activity: "completed".to_owned(), parent: Some(event.clone()), who, ..state.clone() });
        }
    }
    if missing {
        out.push(State { activity: "completed".to_owned(), parent: None, ..state.clone() });
    }
    if let Some(event) = added.filter(|_| found && !theirs && !missing) {
        out.push(State { activity: "completed".to_owned(), parent: Some(event), added: true, ..state.clone() });
    }
    out.sort();
    out.dedup();
    out
}
