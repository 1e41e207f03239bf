//! What outsiders can write into a value of a workflow: contexts followed through `env`, step and job outputs, `inputs` and matrices, and what requests to
//! the platform answer. The answer is a list of sources, each with the way it came.

use std::collections::BTreeSet;

use crate::catalog::glob;
use crate::catalog::row::Effect;
use crate::facts::{Call, Channel, Expr, ExprWhat, FactId, FileFacts, V, ValueId, What};
use crate::finding::{Hop, Location};
use crate::graph::{EdgeKind, Node};
use crate::origin::Who;
use crate::reach::checked::{self, Shape};
use crate::reach::{Context, State, fields};
use crate::source::{FileId, Range};

mod held;

/// The calls a value stands under: for each template, the `uses:` that brought us there. Innermost last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    uses: Vec<Node>,
}

impl Scope {
    /// One call deeper.
    #[must_use]
    pub fn called(&self, uses: Node) -> Scope {
        let mut uses_chain = self.uses.clone();
        uses_chain.push(uses);
        Scope { uses: uses_chain }
    }
    /// The call that led here and the scope it stands in.
    pub fn caller(&self) -> Option<(Node, Scope)> {
        let (last, rest) = self.uses.split_last()?;
        Some((*last, Scope { uses: rest.to_vec() }))
    }
}

/// Something an outsider writes, as it reaches a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Who writes it.
    pub who: Who,
    /// Whether it is free text that can carry code.
    pub arbitrary: bool,
    /// Whether it can hold line breaks.
    pub lines: bool,
    /// Whether it names something that can change after the event (a branch); a commit does not.
    pub moving: bool,
    /// Whether it is a bare branch name, which says nothing of the repository it is a branch of.
    pub branch: bool,
    /// Whether it is what an agent answered that an outsider could instruct.
    pub agent: bool,
    /// Whether it is what a program or action printed that was handed the text, and does with it what is not in sight.
    pub guess: bool,
    /// Whether it is what stands in a file, or the name of one.
    pub file: bool,
    /// The context, or the action or command that fetched it.
    pub name: String,
    /// Where it is mentioned.
    pub at: Location,
    /// From there to the value.
    pub hops: Vec<Hop>,
}

impl Source {
    /// A tree that somebody brings, which is no text.
    pub(super) fn tree(who: Who, moving: bool, name: &str, at: Location) -> Source {
        let name = name.to_owned();
        Source { who, arbitrary: false, lines: false, moving, branch: false, agent: false, guess: false, file: false, name, at, hops: Vec::new() }
    }
    /// Text that somebody writes as they like, whenever they like.
    pub(super) fn free(who: Who, name: String, at: Location, hops: Vec<Hop>) -> Source {
        Source { arbitrary: true, lines: true, hops, ..Source::tree(who, true, &name, at) }
    }
}

/// Depth of indirection that is followed.
const DEEPEST: u32 = 24;
/// Values that one question looks at, at most.
const MOST: usize = 2_000;

/// What somebody from outside wrote into a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// The job.
    pub job: Node,
    /// What holds it.
    pub held: Held,
    /// Who wrote it.
    pub who: Who,
    /// What it is, for people.
    pub name: String,
    /// How it came there.
    pub hops: Vec<Hop>,
}

/// What holds something of outsiders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// A directory, from the workspace on (empty: the workspace); an artifact lies beside the repository's own files.
    Directory {
        /// The directory.
        dir: String,
        /// Whether it is an artifact.
        artifact: bool,
    },
    /// All outputs of the steps from this place on: code of outsiders ran there.
    Outputs {
        /// The place of the first such step.
        from: u32,
    },
}

impl Outside {
    /// The directory, and whether it is an artifact.
    fn directory(&self) -> Option<(&str, bool)> {
        if let Held::Directory { dir, artifact } = &self.held { Some((dir, *artifact)) } else { None }
    }
}

/// Where values are asked about.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What there is.
    pub context: Context<'a>,
    /// How the job was started.
    pub state: &'a State,
    /// Files of outsiders.
    pub outside: &'a [Outside],
}

impl View<'_> {
    /// The sources of a value at `node`.
    pub fn of(self, scope: &Scope, node: Node, value: ValueId) -> Vec<Source> {
        let mut query = self.query();
        query.value(scope, node, value, DEEPEST, &[]);
        query.out.into_iter().collect()
    }
    /// The sources of what a command prints.
    pub fn of_output(self, scope: &Scope, node: Node) -> Vec<Source> {
        let mut query = self.query();
        query.command(scope, node, "", DEEPEST, &[]);
        query.out.into_iter().collect()
    }
}

impl<'a> View<'a> {
    fn query(self) -> Query<'a> {
        Query { context: self.context, state: self.state, outside: self.outside, out: BTreeSet::new(), seen: BTreeSet::new() }
    }
}

pub(super) struct Query<'a> {
    pub(super) context: Context<'a>,
    pub(super) state: &'a State,
    outside: &'a [Outside],
    pub(super) out: BTreeSet<Source>,
    seen: BTreeSet<(FileId, ValueId, usize)>,
}

impl<'a> Query<'a> {
    /// A question of its own, asked where another workflow ran.
    pub(super) fn asked_in(&self, state: &'a State) -> Query<'a> {
        Query { state, outside: &[], out: BTreeSet::new(), seen: self.seen.clone(), ..*self }
    }

    pub(super) fn facts(&self, file: FileId) -> &'a FileFacts {
        self.context.facts.file(file)
    }

    pub(super) fn value(&mut self, scope: &Scope, node: Node, value: ValueId, depth: u32, hops: &[Hop]) {
        let Some(depth) = depth.checked_sub(1) else { return };
        if self.seen.len() >= MOST || !self.seen.insert((node.file, value, scope.uses.len())) {
            return;
        }
        let found = self.facts(node.file).value(value);
        match &found.what {
            V::Expr(e) => self.expr(scope, node, e, depth, hops),
            V::Join(parts) | V::Phi(parts) | V::Unknown(parts) | V::List(parts, _) => {
                parts.iter().for_each(|p| self.value(scope, node, *p, depth, hops))
            }
            V::Dict(entries, _) => entries.iter().for_each(|(_, v)| self.value(scope, node, *v, depth, hops)),
            V::Attr(..) | V::Index(..) => {
                let (root, path) = member(self.facts(node.file), value);
                match &self.facts(node.file).value(root).what {
                    V::Ref(fact) => self.made(scope, Node { file: node.file, fact: *fact }, &path, depth, hops),
                    _ => self.value(scope, node, root, depth, hops),
                }
            }
            V::Env(name) => self.environment(scope, node, name, found.range, depth, hops),
            V::FileRead(name) => self.file(node, *name, hops),
            V::Ref(fact) => self.made(scope, Node { file: node.file, fact: *fact }, "", depth, hops),
            V::Subst(fact) => self.command(scope, Node { file: node.file, fact: *fact }, "", depth, hops),
            _ => {}
        }
    }

    /// Contexts that can flow to the result of an expression: not what is only compared.
    fn expr(&mut self, scope: &Scope, node: Node, expr: &Expr, depth: u32, hops: &[Hop]) {
        match &expr.what {
            ExprWhat::Context(name) => self.context(scope, node, name, expr.range, depth, hops),
            ExprWhat::Call(name, args) => match name.as_str() {
                "contains" | "startswith" | "endswith" | "hashfiles" | "success" | "failure" | "always" | "cancelled" => {}
                _ => args.iter().for_each(|a| self.expr(scope, node, a, depth, hops)),
            },
            ExprWhat::Binary(op, left, right) => match op.as_str() {
                // `a && b` gives b, or a when a is false: an empty or false value carries nothing.
                "&&" => self.expr(scope, node, right, depth, hops),
                "||" => {
                    self.expr(scope, node, left, depth, hops);
                    self.expr(scope, node, right, depth, hops);
                }
                _ => {}
            },
            ExprWhat::Index(base, _) => self.expr(scope, node, base, depth, hops),
            _ => {}
        }
    }

    fn context(&mut self, scope: &Scope, node: Node, name: &str, range: Range, depth: u32, hops: &[Hop]) {
        let here = Location { file: node.file, range };
        let mut way = hops.to_vec();
        way.insert(0, Hop { at: here, text: format!("reads {name}") });
        let mut parts = name.splitn(4, '.');
        match (parts.next().unwrap_or_default(), parts.next(), parts.next(), parts.next()) {
            ("env", Some(variable), ..) => self.environment(scope, node, variable, range, depth, &way),
            ("inputs", Some(input), ..) => self.input(scope, node, input, depth, &way),
            ("github", Some("event"), Some("inputs"), Some(input)) => self.input(scope, node, input, depth, &way),
            ("github", Some("event"), Some("client_payload"), Some(_)) if self.state.sent.is_some() => {
                self.handed_over(name, here, depth, &way);
            }
            ("steps", Some(step), Some("outputs"), Some(output)) => self.step_output(scope, node, step, output, depth, &way),
            ("needs", Some(job), Some("outputs"), Some(output)) => self.job_output(scope, node, job, output, depth, &way),
            ("matrix", ..) => self.matrix(scope, node, depth, &way),
            _ => self.platform(name, here, way),
        }
    }

    /// A context of the platform: rows say who writes it.
    fn platform(&mut self, name: &str, at: Location, hops: Vec<Hop>) {
        for id in self.context.catalog.context(name) {
            for effect in &self.context.catalog.row(id).effects {
                let Effect::Controlled { who, arbitrary, lines, events, .. } = effect else { continue };
                if !events.is_empty() && !events.contains(&self.state.event) {
                    continue;
                }
                let last = name.rsplit('.').next().unwrap_or_default();
                let branch = *arbitrary && matches!(last, "head_ref" | "ref" | "ref_name" | "label" | "head_branch" | "default_branch");
                let moving = !(last == "sha" || last.ends_with("_sha") || last == "id" || last == "after");
                let who = (*who).min(self.state.who.max(Who::Operator));
                self.out.insert(Source {
                    who,
                    arbitrary: *arbitrary,
                    lines: *lines,
                    moving,
                    branch,
                    agent: false,
                    guess: false,
                    file: false,
                    name: name.to_owned(),
                    at,
                    hops: hops.clone(),
                });
            }
        }
    }

    /// A variable: the nearest writes that stand before or around the node.
    fn environment(&mut self, scope: &Scope, node: Node, name: &str, range: Range, depth: u32, hops: &[Hop]) {
        let facts = self.facts(node.file);
        let owners: Vec<_> = std::iter::once(node.fact).chain(facts.owners(node.fact).map(|(id, _)| id)).collect();
        let job = facts.owners(node.fact).find(|(_, f)| matches!(f.what, What::Job { .. } | What::Template { .. })).map(|(id, _)| id);
        let mut found = false;
        let holders = owners.iter().map(|fact| Node { file: node.file, fact: *fact });
        let writes: BTreeSet<FactId> = holders.flat_map(|holder| self.context.index.steps().variables(holder, name)).copied().collect();
        let mut checked = None;
        for (id, fact) in writes.into_iter().map(|id| (id, facts.fact(id))) {
            let What::Write { channel, value } = &fact.what else { continue };
            let near = fact.owner.is_some_and(|o| owners.contains(&o)) || matches!(channel, Channel::Var(_));
            let reaches = match channel {
                Channel::Env(n) | Channel::Var(n) => n.eq_ignore_ascii_case(name) && near && same_script(facts, id, node.fact),
                Channel::RunnerEnv(Some(n)) => {
                    n.eq_ignore_ascii_case(name)
                        && job.is_some()
                        && facts.owners(id).any(|(o, _)| Some(o) == job)
                        && comes_later(facts, id, node.fact)
                }
                _ => false,
            };
            if reaches {
                found = true;
                let shape = *checked.get_or_insert_with(|| self.shape(node, name));
                if shape == Shape::Whole {
                    break;
                }
                let way = with(hops, Hop { at: Location { file: node.file, range: fact.range }, text: format!("puts it into {name}") });
                let written = Node { file: node.file, fact: id };
                let before = std::mem::take(&mut self.out);
                self.value(scope, written, *value, depth, &way);
                if matches!(channel, Channel::Var(_)) {
                    self.expanded(written, *value, &way);
                }
                // What was compared line by line is free only where it can have more than one.
                let found = std::mem::replace(&mut self.out, before);
                self.out.extend(found.into_iter().filter(|s| shape == Shape::Free || s.lines));
            }
        }
        // Protocol variables repeat contexts.
        let context = match name {
            "GITHUB_HEAD_REF" => Some("github.head_ref"),
            "GITHUB_REF_NAME" => Some("github.ref_name"),
            "GITHUB_REF" => Some("github.ref"),
            "GITHUB_ACTOR" => Some("github.actor"),
            _ => None,
        };
        if let (false, Some(context)) = (found, context) {
            self.platform(context, Location { file: node.file, range }, hops.to_vec());
        }
    }

    /// What a check of the same step has said of a variable before.
    fn shape(&self, node: Node, name: &str) -> Shape {
        let facts = self.facts(node.file);
        let step = facts.owners(node.fact).find(|(_, f)| matches!(f.what, What::Step { .. }));
        step.map_or(Shape::Free, |(fact, _)| checked::shape(self.context, node, self.context.index.checks(Node { file: node.file, fact }), name))
    }

    fn input(&mut self, scope: &Scope, node: Node, name: &str, depth: u32, hops: &[Hop]) {
        // The platform refuses what is no number or truth value.
        let typed = |f: &crate::facts::Fact| matches!(&f.what, What::Input { name: n, kind: Some(kind), .. } if n.eq_ignore_ascii_case(name) && matches!(kind.as_str(), "boolean" | "number"));
        if self.facts(node.file).iter().any(|(_, f)| typed(f)) {
            return;
        }
        if let Some((uses, outer)) = scope.caller() {
            let What::Uses { with: inputs, .. } = &self.context.facts.fact(uses).what else { return };
            if let Some((_, value)) = inputs.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
                let at = Location { file: uses.file, range: self.facts(uses.file).value(*value).range };
                let way = with(hops, Hop { at, text: format!("passes it as {name}") });
                self.value(&outer, uses, *value, depth, &way);
                return;
            }
        }
        let at = Location { file: node.file, range: self.context.facts.fact(node).range };
        self.handed_over(name, at, depth, hops);
        for (id, fact) in self.facts(node.file).iter() {
            if let What::Input { name: n, default: Some(value), .. } = &fact.what
                && n.eq_ignore_ascii_case(name)
            {
                self.value(scope, Node { file: node.file, fact: id }, *value, depth, hops);
            }
        }
    }

    fn step_output(&mut self, scope: &Scope, node: Node, step: &str, output: &str, depth: u32, hops: &[Hop]) {
        let facts = self.facts(node.file);
        // Steps are named inside one job or template.
        let Some(container) = container(facts, node) else { return };
        let steps = self.context.index.steps();
        let Some(id) = steps.step(Node { file: node.file, fact: container }, step) else { return };
        if matches!(facts.fact(node.fact).what, What::Output { .. }) {
            self.printed_there(Node { file: node.file, fact: container }, facts.fact(id).order, node, output, hops);
        }
        for (inner, fact) in steps.within(Node { file: node.file, fact: id }).iter().map(|id| (*id, facts.fact(*id))) {
            let inner_node = Node { file: node.file, fact: inner };
            match &fact.what {
                What::Write { channel: Channel::Output(n), value } if n.as_deref().is_none_or(|n| n.eq_ignore_ascii_case(output)) => {
                    let way = with(hops, Hop { at: Location { file: node.file, range: fact.range }, text: format!("sets the output {output}") });
                    self.value(scope, inner_node, *value, depth, &way);
                }
                What::Uses { .. } => self.uses_output(scope, inner_node, output, depth, hops),
                _ => {}
            }
        }
    }

    fn uses_output(&mut self, scope: &Scope, uses: Node, output: &str, depth: u32, hops: &[Hop]) {
        let at = Location { file: uses.file, range: self.context.facts.fact(uses).range };
        for effect in self.context.index.effects(self.context.catalog, uses) {
            if let Effect::Returns { who, outputs, .. } = effect {
                if !outputs.is_empty() && !outputs.iter().any(|o| glob::text(o, output)) {
                    continue;
                }
                let who = (*who).min(self.state.who.max(Who::Operator));
                let name = format!("the output `{output}` of {}", shown(self.facts(uses.file), uses));
                self.out.insert(Source::free(who, name, at, with(hops, Hop { at, text: "fetches it".to_owned() })));
            }
        }
        self.answer(scope, uses, output, depth, hops);
        self.read_by(uses, hops);
        for edge in self.context.graph.from(uses, EdgeKind::Uses) {
            for (id, fact) in self.facts(edge.to.file).iter() {
                if let What::Output { name, value } = &fact.what
                    && name.eq_ignore_ascii_case(output)
                {
                    self.value(&scope.called(uses), Node { file: edge.to.file, fact: id }, *value, depth, hops);
                }
            }
        }
    }

    /// An output that carries what an agent answered: as outside as what it was told.
    fn answer(&mut self, scope: &Scope, uses: Node, output: &str, depth: u32, hops: &[Hop]) {
        let facts = self.facts(uses.file);
        let at = Location { file: uses.file, range: self.context.facts.fact(uses).range };
        for (id, row) in self.context.index.rows(self.context.catalog, uses) {
            for effect in &row.effects {
                let Effect::Agent(agent) = effect else { continue };
                if !agent.outputs.iter().any(|o| glob::text(o, output)) {
                    continue;
                }
                let mut inner = Query { out: BTreeSet::new(), seen: self.seen.clone(), ..*self };
                for slot in &agent.prompt {
                    for value in self.context.catalog.slot(facts, uses.fact, id, slot) {
                        inner.value(scope, uses, value, depth, hops);
                    }
                }
                let name = format!("the answer of {}", shown(facts, uses));
                let told = inner.out.into_iter().filter(|s| s.arbitrary);
                self.out.extend(told.map(|s| {
                    let hops = s.hops.iter().cloned().chain([Hop { at, text: "answers it".to_owned() }]).collect();
                    Source { agent: true, name: name.clone(), moving: true, branch: false, hops, ..s }
                }));
            }
        }
    }

    fn job_output(&mut self, scope: &Scope, node: Node, job: &str, output: &str, depth: u32, hops: &[Hop]) {
        let facts = self.facts(node.file);
        for id in self.context.index.steps().outputs(node.file, job, output) {
            if let What::Output { value, .. } = &facts.fact(*id).what {
                // The value is read where the output stands: inside its own job.
                self.value(scope, Node { file: node.file, fact: *id }, *value, depth, hops);
            }
        }
    }

    fn matrix(&mut self, scope: &Scope, node: Node, depth: u32, hops: &[Hop]) {
        let facts = self.facts(node.file);
        let job = facts.owners(node.fact).find_map(|(_, f)| if let What::Job { matrix: Some(m), .. } = &f.what { Some(*m) } else { None });
        if let Some(matrix) = job {
            self.value(scope, node, matrix, depth, hops);
        }
    }

    /// What an assignment holds, or a part of what a call or command gives.
    fn made(&mut self, scope: &Scope, node: Node, part: &str, depth: u32, hops: &[Hop]) {
        match &self.context.facts.fact(node).what {
            What::Assignment { value, .. } => self.value(scope, node, *value, depth, hops),
            _ => self.command(scope, node, part, depth, hops),
        }
    }

    /// The output of a command or call: what rows say it returns, and what its words and input carry. `part`: the member of it that is read.
    fn command(&mut self, scope: &Scope, node: Node, part: &str, depth: u32, hops: &[Hop]) {
        let Some(chosen) = fields::chosen(self.context, node) else { return self.printed(scope, node, part, depth, hops) };
        // What it picks out of an answer decides what an outsider can put there.
        let mut inner = Query { out: BTreeSet::new(), seen: self.seen.clone(), ..*self };
        inner.printed(scope, node, part, depth, hops);
        self.out.extend(inner.out.into_iter().filter_map(|source| chosen.of(source)));
    }

    fn printed(&mut self, scope: &Scope, node: Node, part: &str, depth: u32, hops: &[Hop]) {
        let fact = self.context.facts.fact(node);
        let at = Location { file: node.file, range: fact.range };
        let mut settled = false;
        let effects = self.context.index.rows(self.context.catalog, node).flat_map(|(id, row)| row.effects.iter().map(move |e| (id, e)));
        for (row, effect) in effects {
            let Effect::Returns { who, outputs, arbitrary, subject, .. } = effect else { continue };
            settled = true;
            if *who == Who::Repository {
                let named = subject.as_ref().map(|s| self.context.catalog.slot(self.facts(node.file), node.fact, row, s)).unwrap_or_default();
                let below = named.first().map_or(Some(String::new()), |v| self.facts(node.file).literal(*v));
                let below = below.unwrap_or_default();
                self.tree_here(node, below.split(['*', '?']).next().unwrap_or_default(), hops);
            }
            if *who > Who::Operator && (outputs.is_empty() || outputs.iter().any(|o| glob::text(o, part))) {
                let who = (*who).min(self.state.who.max(Who::Operator));
                let text = "fetches it".to_owned();
                let (name, branch) = match &fact.what {
                    // The name of a branch says nothing of the repository it is a branch of.
                    What::Call(call) => {
                        let branch = *arbitrary && matches!(part.rsplit('.').next(), Some("ref" | "label"));
                        (format!("`{part}` of {}", call.name.trim_start_matches(Call::JAVASCRIPT)), branch)
                    }
                    _ => (self.facts(node.file).word_text(node.fact), false),
                };
                let arbitrary = *arbitrary;
                let hops = with(hops, Hop { at, text });
                self.out.insert(Source {
                    who,
                    arbitrary,
                    lines: arbitrary,
                    moving: true,
                    branch,
                    agent: false,
                    guess: false,
                    file: false,
                    name,
                    at,
                    hops,
                });
            }
        }
        if settled {
            return;
        }
        if matches!(fact.what, What::Command(_) | What::Call(_)) {
            self.read_by(node, hops);
        }
        if let What::Command(command) = &fact.what {
            for word in command.words.iter().skip(1) {
                self.value(scope, node, word.value, depth, hops);
                if word.parts.iter().all(|p| !p.quoted) {
                    self.expanded(node, word.value, hops);
                }
            }
            match command.stdin {
                crate::facts::Stdin::Text(v) => self.value(scope, node, v, depth, hops),
                crate::facts::Stdin::File(v) => self.file(node, v, hops),
                crate::facts::Stdin::Pipe(from) => self.command(scope, Node { file: node.file, fact: from }, "", depth.saturating_sub(1), hops),
                _ => {}
            }
        }
    }
}

/// What a value is a member of, and which: `data.head.sha`. Elements of lists are no part of the name.
pub(super) fn member(facts: &FileFacts, value: ValueId) -> (ValueId, String) {
    let (mut at, mut names) = (value, Vec::new());
    // Chains are as long as they are written; what is further in decides nothing.
    for _ in 0..64 {
        match &facts.value(at).what {
            V::Attr(base, name) => {
                names.push(name.as_str());
                at = *base;
            }
            V::Index(base, _) => at = *base,
            _ => break,
        }
    }
    names.reverse();
    (at, names.join("."))
}

/// The action a fact uses, without its version.
fn shown(facts: &FileFacts, uses: Node) -> String {
    match &facts.fact(uses.fact).what {
        What::Uses { target, .. } => facts.literal(*target).unwrap_or_default().split('@').next().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

/// The job a fact stands in.
fn job_of(facts: &FileFacts, node: Node) -> Option<Node> {
    let job = facts.owners(node.fact).find(|(_, f)| matches!(f.what, What::Job { .. }))?;
    Some(Node { file: node.file, fact: job.0 })
}

/// The job or template a fact stands in.
fn container(facts: &FileFacts, node: Node) -> Option<crate::facts::FactId> {
    std::iter::once((node.fact, facts.fact(node.fact)))
        .chain(facts.owners(node.fact))
        .find(|(_, f)| matches!(f.what, What::Job { .. } | What::Template { .. }))
        .map(|(id, _)| id)
}

/// Whether a step reads what another one set for those behind it.
fn comes_later(facts: &FileFacts, write: FactId, read: FactId) -> bool {
    let order = |id| facts.owners(id).find(|(_, f)| matches!(f.what, What::Step { .. })).map(|(_, f)| f.order);
    let itself = |id: FactId| if let What::Step { .. } = facts.fact(id).what { Some(facts.fact(id).order) } else { None };
    match (order(write), itself(read).or_else(|| order(read))) {
        (Some(write), Some(read)) => write < read,
        _ => true,
    }
}

/// Variables of a script are seen in that script alone; what workflows, jobs and steps set is seen in all they own.
fn same_script(facts: &FileFacts, write: crate::facts::FactId, read: crate::facts::FactId) -> bool {
    let script = |id| facts.owners(id).find(|(_, f)| matches!(f.what, What::Script { .. })).map(|(id, _)| id);
    let of_write = script(write);
    of_write.is_none() || of_write == script(read) || of_write == Some(read)
}

fn with(hops: &[Hop], hop: Hop) -> Vec<Hop> {
    let mut out = vec![hop];
    out.extend_from_slice(hops);
    out
}
