//! The meaning of platform expressions: contexts, inputs, outputs of steps and jobs, matrix values.

use crate::catalog::row::Effect;
use crate::facts::{Channel, Expr, ExprWhat, FactId, FileFacts, V, ValueId, What};
use crate::flow::solver::{Cell, Solver};
use crate::flow::value::{Consts, Lit, Source, Val};
use crate::graph::{EdgeKind, Node};
use crate::origin::{Mutable, Origin, Via, Who};

/// How deep an expression is followed.
const MAX_EXPR: u32 = 60;
/// How many callers' events are asked for.
const MAX_CALLERS: usize = 32;

impl Solver<'_> {
    /// A platform expression where a fact stands.
    pub fn expression(&mut self, node: Node, expr: &Expr) -> Val {
        self.expr(node, expr, MAX_EXPR)
    }

    fn expr(&mut self, node: Node, expr: &Expr, depth: u32) -> Val {
        let Some(depth) = depth.checked_sub(1) else { return Val::unknown() };
        match &expr.what {
            ExprWhat::Str(s) => self.literal(node.file, s, expr.range),
            ExprWhat::Num(n) => Val::literal(Lit::Num(n.clone())),
            ExprWhat::Bool(b) => Val::literal(Lit::Bool(*b)),
            ExprWhat::Null => Val::literal(Lit::None),
            ExprWhat::Context(path) => {
                let mut val = self.context(node, path);
                if let Some(source) = &val.source
                    && source.at.file == node.file
                    && source.at.range.is_empty()
                {
                    let at = crate::finding::Location { file: node.file, range: expr.range };
                    val.source = Some(std::sync::Arc::new(Source { at, ..(**source).clone() }));
                }
                val
            }
            ExprWhat::Call(name, args) => match name.as_str() {
                "contains" | "startswith" | "endswith" | "hashfiles" | "success" | "failure" | "always" | "cancelled" => Val::program(),
                _ => {
                    let mut out = Val::default();
                    for arg in args {
                        out.join(&self.expr(node, arg, depth));
                    }
                    out.derived()
                }
            },
            ExprWhat::Not(_) => Val::program(),
            ExprWhat::Binary(op, left, right) => match op.as_str() {
                "&&" => self.expr(node, right, depth),
                "||" => {
                    let mut out = self.expr(node, left, depth);
                    out.join(&self.expr(node, right, depth));
                    out
                }
                _ => Val::program(),
            },
            ExprWhat::Index(base, _) => self.expr(node, base, depth).derived(),
            ExprWhat::Bad(_) => Val::unknown(),
        }
    }
    /// A context, in lower case, where a fact stands. Text that an outsider types freely has an outside *name*; what has a fixed shape (a commit, a
    /// number) has a name of the repository, and only what stands behind it is the outsider's.
    pub fn context(&mut self, node: Node, path: &str) -> Val {
        let parts: Vec<&str> = path.split('.').collect();
        match parts.as_slice() {
            ["env", name] => return self.get(Cell::Env(node, (*name).to_owned())),
            ["inputs", name] | ["github", "event", "inputs", name] => return self.input(node, name),
            ["steps", step, "outputs", name] => return self.step_output(node, step, name),
            ["needs", job, "outputs", name] => return self.job_output(node, job, name),
            ["matrix", rest @ ..] => return self.matrix(node, rest),
            ["secrets", ..] | ["vars", ..] => return Val::content(Origin { via: Via::ENV, ..Origin::OPERATOR }),
            _ => {}
        }
        let mut out: Option<Val> = None;
        for id in self.world.catalog.context(path) {
            for (i, effect) in self.world.catalog.row(id).effects.iter().enumerate() {
                let Effect::Controlled { who, arbitrary, events, .. } = effect else { continue };
                if !events.is_empty() && !self.starts(node, events) {
                    continue;
                }
                let mutable = if *who >= Who::Publisher { Mutable::Moving } else { Mutable::Digest };
                let origin = Origin { who: *who, mutable, via: Via::PR_TEXT, ..Origin::PROGRAM };
                let name = if *arbitrary { origin } else { Origin::REPOSITORY };
                let mut val = Val { name, ..Val::content(origin) };
                if *who >= Who::Publisher {
                    let effect = u32::try_from(i).unwrap_or(u32::MAX);
                    let at = crate::finding::Location { file: node.file, range: crate::source::Range::default() };
                    let source = Source {
                        who: *who,
                        at,
                        text: format!("`{path}` is written by others"),
                        row: Some((id, effect)),
                        subject: Some(path.to_owned()),
                    };
                    val = val.from_source(source);
                }
                out.get_or_insert_default().join(&val);
            }
        }
        out.unwrap_or_else(|| Val { consts: Consts::any(), ..Val::content(Origin::REPOSITORY) })
    }
    /// Whether one of these events can start what a fact stands in; a template is started by what calls it.
    fn starts(&self, node: Node, events: &[String]) -> bool {
        let mut seen = vec![node.file];
        let mut at = 0;
        let mut any = false;
        while let Some(file) = seen.get(at).copied() {
            at += 1;
            let facts = self.file(file);
            let mut callable = matches!(facts.items.first().map(|f| &f.what), Some(What::Template { .. }));
            for fact in &facts.items {
                let What::Trigger { event, .. } = &fact.what else { continue };
                any = true;
                if events.iter().any(|e| e == event) {
                    return true;
                }
                callable |= event == "workflow_call";
            }
            if !callable {
                continue;
            }
            let Some(top) = self.world.index.top(self.world.facts, file) else { continue };
            for edge in self.world.graph.into(top, EdgeKind::Uses).take(MAX_CALLERS) {
                any = true;
                if !seen.contains(&edge.from.file) && seen.len() < MAX_CALLERS {
                    seen.push(edge.from.file);
                }
            }
        }
        // Nobody is known to start it: what it would do if anyone did.
        !any
    }
    /// An input: a parameter of what is called; of what people dispatch, the operator's.
    fn input(&mut self, node: Node, name: &str) -> Val {
        let facts = self.file(node.file);
        let mut out: Option<Val> = None;
        for (index, input) in inputs(facts) {
            let fact = facts.fact(input);
            if !matches!(&fact.what, What::Input { name: n, .. } if n.eq_ignore_ascii_case(name)) {
                continue;
            }
            let event = fact.owner.map(|o| &facts.fact(o).what);
            let val = match event {
                Some(What::Trigger { event, .. }) if event != "workflow_call" => Val::content(Origin { via: Via::CLI, ..Origin::OPERATOR }),
                // What no caller in sight sets is what the default says.
                _ if let Some(default) = self.settled_default(node, input) => self.at(Node { file: node.file, fact: input }, default),
                _ => Val::param(Node { file: node.file, fact: FactId(0) }, index),
            };
            out.get_or_insert_default().join(&val);
        }
        out.unwrap_or_else(Val::unknown)
    }
    /// The default of an input that every caller of the tree leaves alone.
    fn settled_default(&self, node: Node, input: FactId) -> Option<ValueId> {
        let What::Input { name, default: Some(default), .. } = &self.file(node.file).fact(input).what else { return None };
        let top = self.world.index.top(self.world.facts, node.file)?;
        let sets = |uses: Node| match &self.world.facts.fact(uses).what {
            What::Uses { with, .. } => with.iter().any(|(n, _)| n.eq_ignore_ascii_case(name)),
            _ => true,
        };
        let mut callers = self.world.graph.into(top, EdgeKind::Uses).peekable();
        callers.peek()?;
        callers.all(|edge| !sets(edge.from)).then_some(*default)
    }
    fn step_output(&mut self, node: Node, step: &str, name: &str) -> Val {
        let facts = self.file(node.file);
        let job = facts
            .owners(node.fact)
            .chain(std::iter::once((node.fact, facts.fact(node.fact))))
            .find(|(_, f)| matches!(f.what, What::Job { .. } | What::Template { .. }))
            .map(|o| o.0);
        let steps = self.world.index.steps();
        let found = job.and_then(|fact| steps.step(Node { file: node.file, fact }, step));
        // Steps name outputs of steps, each of which may name others more than once.
        found.map_or_else(Val::unknown, |step| self.get(Cell::Output(Node { file: node.file, fact: step }, name.to_ascii_lowercase())))
    }
    fn job_output(&mut self, node: Node, job: &str, name: &str) -> Val {
        let found = self.world.index.steps().outputs(node.file, job, name).first().copied();
        found.map_or_else(Val::unknown, |fact| self.get(Cell::Output(Node { file: node.file, fact }, String::new())))
    }
    /// What a step writes as an output of that name, or what an output of a job is given.
    pub fn output(&mut self, of: Node, name: &str) -> Val {
        let facts = self.file(of.file);
        if let What::Output { value, .. } = &facts.fact(of.fact).what {
            return self.at(of, *value);
        }
        let mut out: Option<Val> = None;
        for (id, fact) in self.world.index.steps().within(of).iter().map(|id| (*id, facts.fact(*id))) {
            let val = match &fact.what {
                What::Write { channel: Channel::Output(to), value } if to.as_deref().is_none_or(|n| n.eq_ignore_ascii_case(name)) => {
                    self.at(Node { file: of.file, fact: id }, *value)
                }
                What::Uses { .. } => self.fact(Node { file: of.file, fact: id }),
                _ => continue,
            };
            out.get_or_insert_default().join(&val);
        }
        out.unwrap_or_else(Val::unknown)
    }
    fn matrix(&mut self, node: Node, keys: &[&str]) -> Val {
        let facts = self.file(node.file);
        let matrix = facts.owners(node.fact).find_map(|(id, f)| match &f.what {
            What::Job { matrix: Some(m), .. } => Some((id, *m)),
            _ => None,
        });
        let Some((job, value)) = matrix else { return Val::unknown() };
        let mut values = vec![value];
        let mut found = Vec::new();
        entries(facts, value, keys.first().copied().unwrap_or("*"), 8, &mut found);
        if !found.is_empty() {
            values = found;
        }
        let leaves: Vec<ValueId> = values.iter().flat_map(|v| leaves(facts, *v)).take(64).collect();
        let at = Node { file: node.file, fact: job };
        self.all(at, &leaves)
    }
}

/// The inputs of a file, with their positions.
pub fn inputs(facts: &FileFacts) -> impl Iterator<Item = (u32, FactId)> + '_ {
    facts.iter().filter(|(_, f)| matches!(f.what, What::Input { .. })).enumerate().map(|(i, (id, _))| (u32::try_from(i).unwrap_or(u32::MAX), id))
}

/// Values under a key, in a matrix and its `include`.
fn entries(facts: &FileFacts, value: ValueId, key: &str, depth: u32, out: &mut Vec<ValueId>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match &facts.value(value).what {
        V::Dict(all, _) => {
            for (k, v) in all {
                let name = facts.literal(*k).unwrap_or_default();
                if name.eq_ignore_ascii_case(key) {
                    out.push(*v);
                } else if name == "include" {
                    entries(facts, *v, key, depth, out);
                }
            }
        }
        V::List(items, _) => items.iter().for_each(|i| entries(facts, *i, key, depth, out)),
        _ => {}
    }
}

/// The scalars below a value.
fn leaves(facts: &FileFacts, value: ValueId) -> Vec<ValueId> {
    let mut out = Vec::new();
    let mut todo = vec![value];
    while let Some(v) = todo.pop() {
        match &facts.value(v).what {
            V::List(items, _) if out.len() < 64 => todo.extend(items.iter().rev()),
            V::Dict(all, _) if out.len() < 64 => todo.extend(all.iter().rev().map(|e| e.1)),
            _ => out.push(v),
        }
    }
    out
}
