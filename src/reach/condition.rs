//! Whether a condition holds in a start state: three-valued, with one family of gates saying no. Follows conditions through `env`, outputs of steps and
//! jobs, and functions of the platform. Knows rows and facts, no job as a whole.

use std::collections::BTreeSet;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::cond::{CmpOp, CondId, CondWhat, Status};
use crate::facts::{Channel, Expr, ExprWhat, FactId, FileFacts, V, ValueId, What};
use crate::finding::Location;
use crate::graph::Node;
use crate::origin::Who;
use crate::reach::carried::{compared, exported, reached, step_output};
use crate::reach::families::{Family, like, mentions};
use crate::reach::gates;
use crate::reach::sources::{self, Scope};
use crate::reach::{Context, State};

/// True, false, or either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tri {
    /// Never holds.
    No,
    /// May hold.
    Maybe,
    /// Always holds.
    Yes,
}

impl Tri {
    pub(super) fn not(self) -> Tri {
        match self {
            Tri::No => Tri::Yes,
            Tri::Maybe => Tri::Maybe,
            Tri::Yes => Tri::No,
        }
    }
    pub(super) fn known(b: bool) -> Tri {
        if b { Tri::Yes } else { Tri::No }
    }
}

/// Whether steps fail when these families say no, with where that was said: each step is asked about by every one behind it.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Of one step.
    pub(super) steps: std::cell::RefCell<FxHashMap<Said, (bool, BTreeSet<Location>)>>,
    /// Of all steps of a job or template: the place of the first that fails.
    pub(super) first: std::cell::RefCell<FxHashMap<Said, Option<Ending>>>,
    /// Checks of a step that end its scripts.
    pub(super) stops: std::cell::RefCell<FxHashMap<Said, Vec<FactId>>>,
}

/// The place of a step that ends its job, and the checks that say so.
pub(super) type Ending = (u32, BTreeSet<Location>);

/// Families that say no, by their places in the catalogue, and what they were asked about.
pub(super) type Said = (Rc<[usize]>, Node);

/// What conditions are judged in: a state, and the families of gates that say no.
pub(super) struct World<'a> {
    pub(super) context: Context<'a>,
    pub(super) state: &'a State,
    pub(super) active: Vec<&'a Family>,
    /// Their places in the catalogue, by which answers are kept.
    pub(super) asked: Rc<[usize]>,
    /// Checks of the active families that said no.
    pub(super) at: std::cell::RefCell<BTreeSet<Location>>,
    /// Carriers that were followed: those of one name may lead to each other in as many ways as there are.
    pub(super) followed: std::cell::Cell<u32>,
    /// Steps that were looked at.
    pub(super) known: &'a Known,
    /// Jobs that were looked at: many need the same ones, and what they need may go in a circle.
    pub(super) jobs: std::cell::RefCell<FxHashMap<Node, Tri>>,
}

pub(super) fn cond_at(facts: &FileFacts, id: CondId) -> &CondWhat {
    &facts.cond(id).what
}

pub(super) fn mark(world: &World, file: crate::source::FileId, range: crate::source::Range) -> bool {
    world.at.borrow_mut().insert(Location { file, range });
    true
}

/// The script a check stands in calls the family's API.
pub(super) fn script_mentions(facts: &FileFacts, check: FactId, family: &Family) -> bool {
    let script = facts.owners(check).find_map(|(_, f)| if let What::Script { text, .. } = &f.what { facts.literal_parts(*text) } else { None });
    script.is_some_and(|t| mentions(family, &t))
}

/// Whether a condition names one of these status functions.
pub fn says(facts: &FileFacts, id: CondId, wanted: &[Status]) -> bool {
    let mut stack = vec![id];
    let mut steps = 0;
    while let Some(id) = stack.pop() {
        steps += 1;
        if steps > 512 {
            return false;
        }
        match &facts.cond(id).what {
            CondWhat::And(ids) | CondWhat::Or(ids) => stack.extend(ids),
            CondWhat::Not(id) => stack.push(*id),
            CondWhat::Status(s) if wanted.contains(s) => return true,
            _ => {}
        }
    }
    false
}

pub(super) fn cond(world: &World, scope: &Scope, node: Node, id: CondId, depth: u32) -> Tri {
    let Some(depth) = depth.checked_sub(1) else { return Tri::Maybe };
    let facts = world.context.facts.file(node.file);
    match &facts.cond(id).what {
        CondWhat::And(ids) => ids.iter().map(|c| cond(world, scope, node, *c, depth)).min().unwrap_or(Tri::Yes),
        CondWhat::Or(ids) => ids.iter().map(|c| cond(world, scope, node, *c, depth)).max().unwrap_or(Tri::No),
        CondWhat::Not(c) => cond(world, scope, node, *c, depth).not(),
        CondWhat::Const(b) => Tri::known(*b),
        CondWhat::Atom(left, op, right) => atom(world, scope, node, *left, *op, *right, depth),
        CondWhat::Status(_) | CondWhat::Opaque => Tri::Maybe,
    }
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Side {
    Text(String),
    Context(String),
    List(Vec<String>),
    /// What a request of a script answered: its method, and the member of the answer.
    Answer(String, String),
    Other,
}

pub(super) fn side(facts: &FileFacts, value: ValueId) -> Side {
    match &facts.value(value).what {
        V::Str(t) => Side::Text(t.as_str().to_owned()),
        V::Num(n) => Side::Text(n.clone()),
        V::Bool(b) => Side::Text(b.to_string()),
        V::None => Side::Text(String::new()),
        V::Expr(e) => expr_side(e),
        V::Ref(_) | V::Attr(..) => answer(facts, value).unwrap_or(Side::Other),
        V::List(items, false) => items.iter().map(|i| facts.literal(*i)).collect::<Option<Vec<_>>>().map_or(Side::Other, Side::List),
        _ => Side::Other,
    }
}

/// A request of a script, or a member of what it answered.
fn answer(facts: &FileFacts, value: ValueId) -> Option<Side> {
    let (mut root, mut part) = sources::member(facts, value);
    // What a function of the script gives back may hold it under a name of its own.
    for _ in 0..8 {
        match &facts.value(root).what {
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Call(call) if call.is_javascript() => {
                    return Some(Side::Answer(call.name.rsplit('.').next().unwrap_or_default().to_owned(), part));
                }
                What::Assignment { value, .. } => {
                    let (inner, before) = sources::member(facts, *value);
                    part = [before, part].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(".");
                    root = inner;
                }
                _ => return None,
            },
            V::Dict(entries, _) => {
                let (name, rest) = part.split_once('.').map_or((part.as_str(), ""), |(name, rest)| (name, rest));
                let held = entries.iter().find(|(key, _)| facts.literal(*key).as_deref() == Some(name))?.1;
                let (inner, before) = sources::member(facts, held);
                part = [before, rest.to_owned()].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(".");
                root = inner;
            }
            _ => return None,
        }
    }
    None
}

fn expr_side(expr: &Expr) -> Side {
    match &expr.what {
        ExprWhat::Str(s) => Side::Text(s.clone()),
        ExprWhat::Num(n) => Side::Text(n.clone()),
        ExprWhat::Bool(b) => Side::Text(b.to_string()),
        ExprWhat::Null => Side::Text(String::new()),
        ExprWhat::Context(c) => Side::Context(c.clone()),
        // A list given as JSON text.
        ExprWhat::Call(name, args) if name == "fromjson" => match args.first().map(|a| &a.what) {
            Some(ExprWhat::Str(s)) => serde_json::from_str::<Vec<String>>(s).map_or(Side::Other, Side::List),
            _ => Side::Other,
        },
        _ => Side::Other,
    }
}

fn atom(world: &World, scope: &Scope, node: Node, left: ValueId, op: CmpOp, right: ValueId, depth: u32) -> Tri {
    let facts = world.context.facts.file(node.file);
    // One of several values: what each of those says that can be there.
    if let V::Phi(_) = &facts.value(left).what {
        let all = options(world, scope, node, left, depth);
        return agreed(all.into_iter().map(|o| atom(world, scope, node, o, op, if op == CmpOp::Truthy { o } else { right }, depth)));
    }
    let at = Location { file: node.file, range: facts.value(left).range.cover(facts.value(right).range) };
    let (left, right) = (resolved(world, node, left), resolved(world, node, right));
    let (l, r) = (side(facts, left), side(facts, right));
    match (&l, op, &r) {
        (Side::Text(a), CmpOp::Eq, Side::Text(b)) => return Tri::known(a.eq_ignore_ascii_case(b)),
        (Side::Text(a), CmpOp::Ne, Side::Text(b)) => return Tri::known(!a.eq_ignore_ascii_case(b)),
        (Side::Text(a), CmpOp::Truthy, _) => return Tri::known(truthy(a)),
        _ => {}
    }
    let context = match (&l, &r) {
        (Side::Context(c), _) | (_, Side::Context(c)) => c.clone(),
        (Side::Answer(..), _) | (_, Side::Answer(..)) => {
            let verdict = any_checked(world, &l, op, &r);
            if verdict != Tri::Maybe {
                world.at.borrow_mut().insert(at);
            }
            // A request that nobody is refused succeeds.
            return if verdict == Tri::Maybe && op == CmpOp::Succeeds { Tri::Yes } else { verdict };
        }
        _ => return Tri::Maybe,
    };
    if let Some(fixed) = fixed(world.state, &l, op, &r) {
        return fixed;
    }
    let verdict = any_checked(world, &l, op, &r);
    if verdict != Tri::Maybe {
        world.at.borrow_mut().insert(at);
        return verdict;
    }
    indirect(world, scope, node, &context, &l, op, &r, at, depth)
}

/// What a variable of a script was given, where a workflow, job or step around it says so by an expression.
fn resolved(world: &World, node: Node, value: ValueId) -> ValueId {
    let facts = world.context.facts.file(node.file);
    let name = match &facts.value(value).what {
        V::Env(name) => name,
        V::Join(parts) => match parts.as_slice() {
            [one] => return resolved(world, node, *one),
            _ => return value,
        },
        _ => return value,
    };
    let steps = world.context.index.steps();
    let given = facts.owners(node.fact).flat_map(|(fact, _)| steps.variables(Node { file: node.file, fact }, name)).find_map(|id| {
        let What::Write { channel: Channel::Env(_), value } = &facts.fact(*id).what else { return None };
        let inner = match &facts.value(*value).what {
            V::Join(parts) => *parts.first().filter(|_| parts.len() == 1)?,
            _ => *value,
        };
        matches!(facts.value(inner).what, V::Expr(_)).then_some(inner)
    });
    given.unwrap_or(value)
}

/// Whether a text is true where it is carried as one.
fn truthy(text: &str) -> bool {
    !(text.is_empty() || text == "false" || text == "0")
}

/// The values a choice can come down to in this world: those of branches that are not taken are left out.
pub(super) fn options(world: &World, scope: &Scope, node: Node, value: ValueId, depth: u32) -> Vec<ValueId> {
    let facts = world.context.facts.file(node.file);
    let (mut out, mut todo) = (Vec::new(), vec![value]);
    let mut seen = BTreeSet::new();
    while let Some(value) = todo.pop() {
        if !seen.insert(value) || seen.len() > 64 {
            continue;
        }
        match &facts.value(value).what {
            V::Phi(options) => todo.extend(options.iter().rev()),
            V::Ref(fact) => match (&facts.fact(*fact).what, depth.checked_sub(1)) {
                (What::Assignment { value: inner, .. }, Some(depth)) => {
                    if reached(world, scope, node, *fact, depth) {
                        todo.push(*inner);
                    }
                }
                _ => out.push(value),
            },
            _ => out.push(value),
        }
    }
    out
}

/// What all of them say, if they do.
pub(super) fn agreed(mut all: impl Iterator<Item = Tri>) -> Tri {
    let Some(first) = all.next() else { return Tri::Maybe };
    if all.all(|other| other == first) { first } else { Tri::Maybe }
}

/// What the state settles: the event, its action, the parent's event, whether there is a pull request.
pub(super) fn fixed(state: &State, l: &Side, op: CmpOp, r: &Side) -> Option<Tri> {
    let (context, other) = match (l, r) {
        (Side::Context(c), o) | (o, Side::Context(c)) => (c.as_str(), o),
        _ => return None,
    };
    let value = match context {
        "github.event_name" => Some(state.event.as_str()),
        "github.event.action" if !state.activity.is_empty() => Some(state.activity.as_str()),
        "github.event.workflow_run.event" => state.parent.as_deref(),
        _ => None,
    };
    if let Some(value) = value {
        return match (op, other) {
            (CmpOp::Eq, Side::Text(t)) => Some(Tri::known(t.eq_ignore_ascii_case(value))),
            (CmpOp::Ne, Side::Text(t)) => Some(Tri::known(!t.eq_ignore_ascii_case(value))),
            (CmpOp::Contains, Side::List(items)) => Some(Tri::known(items.iter().any(|i| i.eq_ignore_ascii_case(value)))),
            (CmpOp::StartsWith, Side::Text(t)) => Some(Tri::known(value.starts_with(t.as_str()))),
            // `contains('pull_request pull_request_target', github.event_name)`
            (CmpOp::Contains, Side::Text(t)) if matches!(r, Side::Context(_)) => Some(Tri::known(t.contains(value))),
            _ => None,
        };
    }
    let pull = state.event.starts_with("pull_request");
    let tag_only = matches!((op, other), (CmpOp::StartsWith, Side::Text(t)) if t.starts_with("refs/tags"));
    match context {
        "github.event.pull_request" if op == CmpOp::Truthy => Some(Tri::known(pull)),
        // An outsider chooses between an issue and a pull request of their own.
        "github.event.issue.pull_request" | "github.event.issue.pull_request.url" if op == CmpOp::Truthy => Some(Tri::Maybe),
        // Outside text starts no run on a tag.
        "github.ref" if tag_only && state.who > Who::Operator => Some(Tri::No),
        // A pull request runs on its own merge ref, never on a branch of the repository.
        "github.ref" if state.event == "pull_request" => match (op, other) {
            (CmpOp::Eq, Side::Text(t)) if t.starts_with("refs/heads/") => Some(Tri::No),
            (CmpOp::Ne, Side::Text(t)) if t.starts_with("refs/heads/") => Some(Tri::Yes),
            _ => None,
        },
        _ => None,
    }
}

/// What a check of the family says of an outsider.
fn checked(family: &Family, l: &Side, op: CmpOp, r: &Side) -> Tri {
    // A bot is nobody: outsiders can make one act.
    let trusted = |t: &str| if family.values.is_empty() { !t.ends_with("[bot]") } else { family.values.iter().any(|v| like(v, t)) };
    let is_owner = |c: &str| family.values.is_empty() && matches!(c, "github.repository_owner" | "github.event.repository.owner.login");
    let known = |side: &Side| match side {
        Side::Context(name) | Side::Answer(name, _) => family.by.iter().any(|b| like(b, name)),
        _ => false,
    };
    let other = match (l, r) {
        (l, r) if known(l) => r,
        (l, r) if known(r) => l,
        _ => return Tri::Maybe,
    };
    if let Side::Answer(_, part) = if known(l) { l } else { r } {
        // That the request succeeds, or that a member of its answer says yes (`permissions.push`).
        let word = if op == CmpOp::Succeeds { "succeeds" } else { part.rsplit('.').next().unwrap_or_default() };
        if matches!(op, CmpOp::Succeeds | CmpOp::Truthy) {
            return if family.values.iter().any(|v| v == word) { Tri::No } else { Tri::Maybe };
        }
    }
    match (op, other) {
        (CmpOp::Eq, Side::Text(t)) if trusted(t) => Tri::No,
        (CmpOp::Ne, Side::Text(t)) if trusted(t) => Tri::Yes,
        // A flag that is true (or, negated, false) of outsiders alone.
        (CmpOp::Eq, Side::Text(t)) if t == "true" && family.values.iter().any(|v| v == "false") => Tri::Yes,
        (CmpOp::Ne, Side::Text(t)) if t == "true" && family.values.iter().any(|v| v == "false") => Tri::No,
        (CmpOp::Truthy, _) if family.values.iter().any(|v| v == "false") => Tri::Yes,
        (CmpOp::Eq, Side::Context(c)) if is_owner(c) => Tri::No,
        (CmpOp::Ne, Side::Context(c)) if is_owner(c) => Tri::Yes,
        // A list that is kept out of sight, of settings or a file.
        (CmpOp::Contains, Side::Other) if family.values.is_empty() && known(r) => Tri::No,
        (CmpOp::Truthy, _) if family.values.iter().any(|v| v == "true") => Tri::No,
        (CmpOp::Eq, Side::Context(c)) if !family.values.is_empty() && trusted(c) => Tri::No,
        (CmpOp::Ne, Side::Context(c)) if !family.values.is_empty() && trusted(c) => Tri::Yes,
        (CmpOp::Contains, Side::List(items)) if !items.is_empty() && items.iter().all(|i| trusted(i)) => Tri::No,
        (CmpOp::Matches, Side::Text(pattern)) if words(pattern).is_some_and(|w| w.into_iter().all(trusted)) => Tri::No,
        (CmpOp::Contains, Side::Text(t)) if !t.is_empty() && t.split([' ', ',', '|']).filter(|w| !w.is_empty()).all(trusted) => Tri::No,
        _ => Tri::Maybe,
    }
}

/// The words of which a pattern takes one: a word, or `^(one|other)$`.
fn words(pattern: &str) -> Option<Vec<&str>> {
    let inner = pattern.strip_prefix('^').unwrap_or(pattern);
    let inner = inner.strip_suffix('$').unwrap_or(inner);
    let inner = inner.strip_prefix('(').and_then(|i| i.strip_suffix(')')).unwrap_or(inner);
    let is_plain = |w: &&str| !w.is_empty() && w.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/'));
    let words: Vec<&str> = inner.split('|').collect();
    words.iter().all(is_plain).then_some(words)
}

/// A gate carried by a step output, a job output or a variable.
#[allow(clippy::too_many_arguments)]
pub(super) fn indirect(world: &World, scope: &Scope, node: Node, context: &str, l: &Side, op: CmpOp, r: &Side, at: Location, depth: u32) -> Tri {
    const MOST: u32 = 64;
    let Some(depth) = depth.checked_sub(1).filter(|_| world.followed.get() < MOST) else { return Tri::Maybe };
    world.followed.set(world.followed.get() + 1);
    if !["steps.", "needs.", "env."].iter().any(|carrier| context.starts_with(carrier)) {
        return Tri::Maybe;
    }
    let facts = world.context.facts.file(node.file);
    let mut parts = context.splitn(4, '.');
    let (head, name, what, output) = (parts.next().unwrap_or_default(), parts.next(), parts.next(), parts.next());
    let other = if matches!(l, Side::Context(_)) { r } else { l };
    // What the carrier says of an outsider: `No` is the refusal.
    let carried = match (head, name, what, output) {
        ("steps", Some(step), Some("outputs"), Some(output)) => {
            let (told, carried) = step_output(world, scope, node, step, output, (op, other), depth);
            if told != Tri::Maybe {
                world.at.borrow_mut().insert(at);
                return told;
            }
            carried
        }
        ("needs", Some(job), Some("result"), None) => {
            let Some(result) = gates::result(world, node, job, scope) else { return Tri::Maybe };
            world.at.borrow_mut().insert(at);
            return match (op, other) {
                (CmpOp::Eq, Side::Text(t)) => Tri::known(t == result),
                (CmpOp::Ne, Side::Text(t)) => Tri::known(t != result),
                (CmpOp::Contains, Side::List(items)) => Tri::known(items.iter().any(|i| i == result)),
                _ => Tri::Maybe,
            };
        }
        ("needs", Some(job), Some("outputs"), Some(output)) => {
            let outputs = world.context.index.steps().outputs(node.file, job, output).iter();
            let given: Vec<(Node, ValueId)> = outputs
                .filter_map(|id| match &facts.fact(*id).what {
                    What::Output { value, .. } => Some((Node { file: node.file, fact: *id }, *value)),
                    _ => None,
                })
                .collect();
            let told = agreed(given.iter().map(|(here, v)| compared(world, scope, *here, &side(facts, *v), (op, other), depth)));
            if told != Tri::Maybe {
                world.at.borrow_mut().insert(at);
                return told;
            }
            // A context was followed as it is compared; of other values, that it is some text says nothing of which.
            let others = given.iter().filter(|(_, value)| !matches!(side(facts, *value), Side::Context(_)));
            let says = others.map(|(here, value)| value_says(world, scope, *here, *value, depth)).min().unwrap_or(Tri::Maybe);
            says.min(Tri::Maybe)
        }
        ("env", Some(variable), ..) => {
            let told = exported(world, scope, node, variable, (op, other), depth);
            if told != Tri::Maybe {
                world.at.borrow_mut().insert(at);
                return told;
            }
            facts
                .iter()
                .filter_map(|(id, f)| match &f.what {
                    What::Write { channel: Channel::Env(n), value } if n == variable => Some((id, *value)),
                    _ => None,
                })
                .map(|(id, value)| value_says(world, scope, Node { file: node.file, fact: id }, value, depth))
                .min()
                .unwrap_or(Tri::Maybe)
        }
        _ => Tri::Maybe,
    };
    if carried == Tri::Maybe {
        return Tri::Maybe;
    }
    world.at.borrow_mut().insert(at);
    let text =
        |t: &str| t.eq_ignore_ascii_case("false") || t.is_empty() || t == "0" || t.eq_ignore_ascii_case("no") || t.eq_ignore_ascii_case("none");
    match (op, other) {
        (CmpOp::Truthy, _) => carried,
        (CmpOp::Eq, Side::Text(t)) if text(t) => carried.not(),
        (CmpOp::Eq, Side::Text(_)) => carried,
        (CmpOp::Ne, Side::Text(t)) if text(t) => carried,
        (CmpOp::Ne, Side::Text(_)) => carried.not(),
        (CmpOp::Contains, Side::List(_)) => carried,
        _ => Tri::Maybe,
    }
}

/// What the first of the active families that knows a comparison says of it.
pub(super) fn any_checked(world: &World, l: &Side, op: CmpOp, r: &Side) -> Tri {
    world.active.iter().map(|family| checked(family, l, op, r)).find(|verdict| *verdict != Tri::Maybe).unwrap_or(Tri::Maybe)
}

/// The truth of a carried value in this world.
pub(super) fn value_says(world: &World, scope: &Scope, node: Node, value: ValueId, depth: u32) -> Tri {
    let facts = world.context.facts.file(node.file);
    match &facts.value(value).what {
        V::Expr(e) => expr_says(world, scope, node, e, depth),
        V::Join(parts) if parts.len() == 1 => parts.first().map_or(Tri::Maybe, |p| value_says(world, scope, node, *p, depth)),
        _ => Tri::Maybe,
    }
}

fn expr_says(world: &World, scope: &Scope, node: Node, expr: &Expr, depth: u32) -> Tri {
    let Some(depth) = depth.checked_sub(1) else { return Tri::Maybe };
    let at = Location { file: node.file, range: expr.range };
    let compare = |l: Side, op: CmpOp, r: Side| {
        let context = match (&l, &r) {
            (Side::Context(c), _) | (_, Side::Context(c)) => c.clone(),
            _ => return Tri::Maybe,
        };
        if let Some(f) = fixed(world.state, &l, op, &r) {
            return f;
        }
        match any_checked(world, &l, op, &r) {
            Tri::Maybe => indirect(world, scope, node, &context, &l, op, &r, at, depth),
            verdict => {
                world.at.borrow_mut().insert(at);
                verdict
            }
        }
    };
    match &expr.what {
        ExprWhat::Binary(op, l, r) => match op.as_str() {
            "&&" => expr_says(world, scope, node, l, depth).min(expr_says(world, scope, node, r, depth)),
            "||" => expr_says(world, scope, node, l, depth).max(expr_says(world, scope, node, r, depth)),
            "==" => compare(expr_side(l), CmpOp::Eq, expr_side(r)),
            "!=" => compare(expr_side(l), CmpOp::Ne, expr_side(r)),
            _ => Tri::Maybe,
        },
        ExprWhat::Not(e) => expr_says(world, scope, node, e, depth).not(),
        ExprWhat::Call(name, args) => match (name.as_str(), args.first(), args.get(1)) {
            ("contains", Some(l), Some(r)) => compare(expr_side(l), CmpOp::Contains, expr_side(r)),
            ("startswith", Some(l), Some(r)) => compare(expr_side(l), CmpOp::StartsWith, expr_side(r)),
            _ => Tri::Maybe,
        },
        ExprWhat::Context(c) => compare(Side::Context(c.clone()), CmpOp::Truthy, Side::Context(c.clone())),
        ExprWhat::Bool(b) => Tri::known(*b),
        _ => Tri::Maybe,
    }
}
