//! What a template is given in one call of it: texts of its expressions as far as the call settles them, and which rows then speak of what it uses.
//! Knows calls and rows, no step and no agent.

use crate::catalog::python::objects::Objects;
use crate::catalog::row::{ArgTest, Effect, Row, RowId, Slot, SlotName, Test};
use crate::catalog::slot::{OPEN, holds_text};
use crate::facts::{Expr, ExprWhat, V, ValueId, What};
use crate::finding::Location;
use crate::flow::SinkHit;
use crate::graph::Node;
use crate::origin::Origin;
use crate::reach::Context;
use crate::reach::sources::Scope;

/// Values that one question looks at, at most.
const MOST: u32 = 2_000;
/// Longest text that is put together.
const LONGEST: usize = 256 * 1024;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Text(String),
    Truth(bool),
}

impl Said {
    fn text(self) -> String {
        match self {
            Said::Text(text) => text,
            Said::Truth(yes) => yes.to_string(),
        }
    }
    fn holds(&self) -> bool {
        match self {
            Said::Text(text) => !text.is_empty(),
            Said::Truth(yes) => *yes,
        }
    }
}

/// The text of a value in this call; nothing, where none of it is known. What is not known of it is one character, [`OPEN`].
pub(super) fn text(context: Context, scope: &Scope, node: Node, value: ValueId) -> Option<String> {
    Reader { context, left: MOST }.value(scope, node, value).map(Said::text)
}

/// Rows that speak of a fact in this call: those of an action whose inputs a template hands on are chosen by what the call gives.
pub(super) fn rows<'a>(context: Context<'a>, scope: &Scope, node: Node) -> Vec<(RowId, &'a Row)> {
    let ids = match handed_on(context, scope, node) {
        true => {
            let facts = context.facts.file(node.file);
            let mut rows = context.catalog.classify_words(facts, &Objects::default(), node.fact);
            rows.retain(|id| context.catalog.row(*id).when.iter().all(|test| holds(context, scope, node, *id, test)));
            rows
        }
        false => context.index.rows_of(node).to_vec(),
    };
    ids.into_iter().map(|id| (id, context.catalog.row(id))).collect()
}

/// Settings of an action that a call chooses and that are a sink by what they say: told where the call says it.
pub(super) fn chosen(context: Context, scope: &Scope, node: Node, rows: &[(RowId, &Row)]) -> Vec<SinkHit> {
    let own = context.index.rows_of(node);
    let mut out = Vec::new();
    for (id, row) in rows.iter().filter(|(id, _)| !own.contains(id)) {
        for (n, effect) in row.effects.iter().enumerate() {
            let Effect::Sink { kind, slot: Some(slot), .. } = effect else { continue };
            for value in context.catalog.slot(context.facts.file(node.file), node.fact, *id, slot) {
                let Some((at, value)) = origin(context, scope, node, value) else { continue };
                let place = Location { file: at.file, range: context.facts.file(at.file).value(value).range };
                out.push(SinkHit {
                    at,
                    row: *id,
                    effect: u32::try_from(n).unwrap_or(0),
                    kind: kind.clone(),
                    slot: Some(value),
                    name: Origin::PROGRAM,
                    bytes: Origin::PROGRAM,
                    place,
                    place_at: at,
                    hops: Vec::new(),
                    flag: crate::flow::FlagState::None,
                    subject: None,
                    stated: true,
                    doubts: Vec::new(),
                });
            }
        }
    }
    out
}

/// Whether a fact uses an action with something that came into its template from a call in sight.
fn handed_on(context: Context, scope: &Scope, node: Node) -> bool {
    let What::Uses { with, .. } = &context.facts.fact(node).what else { return false };
    let facts = context.facts.file(node.file);
    scope.caller().is_some() && with.iter().any(|(_, value)| facts.literal(*value).is_none())
}

/// Whether a test of a row holds in this call. An input that is given as an empty text is none.
fn holds(context: Context, scope: &Scope, node: Node, row: RowId, test: &ArgTest) -> bool {
    let facts = context.facts.file(node.file);
    let asked = || context.catalog.holds(facts, node.fact, row, test);
    let (Slot::Arg(names), What::Uses { with, .. }) = (&test.slot, &facts.fact(node.fact).what) else { return asked() };
    let named = |name: &SlotName| match name {
        SlotName::Name(name) => with.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| *v),
        _ => None,
    };
    let Some(said) = names.iter().find_map(named).and_then(|value| text(context, scope, node, value)) else { return asked() };
    match &test.test {
        _ if said.is_empty() => holds_text(None, &test.test),
        Test::Literal | Test::Is(_) if said.contains(OPEN) => false,
        Test::Dynamic => said.contains(OPEN),
        tested => holds_text(Some(&said), tested),
    }
}

/// The value of a call, as far out as it is handed on unchanged.
fn origin(context: Context, scope: &Scope, node: Node, value: ValueId) -> Option<(Node, ValueId)> {
    let facts = context.facts.file(node.file);
    let inner = match &facts.value(value).what {
        V::Join(parts) if parts.len() == 1 => *parts.first()?,
        _ => value,
    };
    match &facts.value(inner).what {
        V::Expr(expr) => {
            let ExprWhat::Context(name) = &expr.what else { return None };
            let (uses, outer) = scope.caller()?;
            let What::Uses { with, .. } = &context.facts.fact(uses).what else { return None };
            let given = with.iter().find(|(n, _)| name.strip_prefix("inputs.").is_some_and(|i| n.eq_ignore_ascii_case(i)))?.1;
            origin(context, &outer, uses, given)
        }
        _ => facts.literal(value).map(|_| (node, value)),
    }
}

struct Reader<'a> {
    context: Context<'a>,
    left: u32,
}

impl Reader<'_> {
    fn value(&mut self, scope: &Scope, node: Node, value: ValueId) -> Option<Said> {
        self.left = self.left.checked_sub(1)?;
        let facts = self.context.facts.file(node.file);
        match &facts.value(value).what {
            V::Expr(expr) => self.expr(scope, node, expr),
            V::Join(parts) if parts.len() == 1 => self.value(scope, node, *parts.first()?),
            V::Join(parts) => {
                let mut out = String::new();
                for part in parts {
                    match self.value(scope, node, *part) {
                        Some(said) => out.push_str(&said.text()),
                        None => out.push(OPEN),
                    }
                    if out.len() > LONGEST {
                        return None;
                    }
                }
                Some(Said::Text(out))
            }
            V::Bool(yes) => Some(Said::Truth(*yes)),
            _ => facts.literal(value).map(Said::Text),
        }
    }

    fn expr(&mut self, scope: &Scope, node: Node, expr: &Expr) -> Option<Said> {
        self.left = self.left.checked_sub(1)?;
        match &expr.what {
            ExprWhat::Str(text) | ExprWhat::Num(text) => Some(Said::Text(text.clone())),
            ExprWhat::Bool(yes) => Some(Said::Truth(*yes)),
            ExprWhat::Null => Some(Said::Text(String::new())),
            ExprWhat::Context(name) => self.input(scope, node, name.strip_prefix("inputs.")?),
            ExprWhat::Not(inner) => Some(Said::Truth(!self.expr(scope, node, inner)?.holds())),
            ExprWhat::Binary(op, left, right) => {
                let said = self.expr(scope, node, left)?;
                match op.as_str() {
                    "&&" if said.holds() => self.expr(scope, node, right),
                    "||" if !said.holds() => self.expr(scope, node, right),
                    "&&" | "||" => Some(said),
                    "==" | "!=" => {
                        let (left, right) = (said.text(), self.expr(scope, node, right)?.text());
                        let known = !left.contains(OPEN) && !right.contains(OPEN);
                        known.then(|| Said::Truth(left.eq_ignore_ascii_case(&right) == (op == "==")))
                    }
                    _ => None,
                }
            }
            ExprWhat::Call(name, args) if name == "format" => {
                let (first, rest) = args.split_first()?;
                let pattern = self.expr(scope, node, first)?.text();
                let rest: Vec<String> = rest.iter().map(|a| self.expr(scope, node, a).map_or_else(|| OPEN.to_string(), Said::text)).collect();
                formatted(&pattern, &rest).map(Said::Text)
            }
            _ => None,
        }
    }

    /// An input: what the call gives, else its default, else nothing.
    fn input(&mut self, scope: &Scope, node: Node, name: &str) -> Option<Said> {
        let (uses, outer) = scope.caller()?;
        let What::Uses { with, .. } = &self.context.facts.fact(uses).what else { return None };
        let declared = self.context.facts.file(node.file).iter().find_map(|(id, f)| match &f.what {
            What::Input { name: n, kind, default, .. } if n.eq_ignore_ascii_case(name) => Some((id, kind.as_deref(), *default)),
            _ => None,
        });
        let said = match (with.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)), declared) {
            (Some((_, given)), _) => self.value(&outer, uses, *given)?,
            (None, Some((id, _, Some(default)))) => self.value(scope, Node { file: node.file, fact: id }, default)?,
            (None, _) => Said::Text(String::new()),
        };
        match declared {
            // A workflow's input of that type is a truth value; an action is handed texts.
            Some((_, Some("boolean"), _)) => Some(Said::Truth(said.text() == "true")),
            _ => Some(Said::Text(said.text())),
        }
    }
}

/// `format('{0} and {1}', …)`; braces are doubled.
fn formatted(pattern: &str, args: &[String]) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let brace = if found.starts_with('{') { "{" } else { "}" };
        if let Some(after) = found.strip_prefix(brace).and_then(|r| r.strip_prefix(brace)) {
            out.push_str(brace);
            rest = after;
            continue;
        }
        let (number, after) = found.strip_prefix('{')?.split_once('}')?;
        out.push_str(args.get(number.parse::<usize>().ok()?)?);
        rest = after;
        if out.len() > LONGEST {
            return None;
        }
    }
    out.push_str(rest);
    Some(out)
}
