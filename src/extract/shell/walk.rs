//! Statements to facts, in the order the shell runs them.

use std::collections::BTreeMap;
use std::ops::Range as Span;

use crate::cond::{CmpOp, CondId, CondWhat};
use crate::extract::Hole;
use crate::extract::shell::program::Variables;
use crate::extract::shell::{builtin, condition, redirect, runner, value};
use crate::facts::{Builder, Channel, Command, FactId, OnFail, Stdin, V, ValueId, What, Word};
use crate::source::Range;
use crate::syntax::bash::{Join, Kind, Program, Statement};

/// Conditions of one list of `&&` and `||` that are kept; what follows stands under these alone, which only weakens them.
const LINKS: usize = 24;

/// What a statement finds when it starts.
#[derive(Clone, Default)]
pub struct Scope {
    /// The working directory, when something changed it.
    pub cwd: Option<ValueId>,
    /// Standard input.
    pub stdin: Stdin,
    /// Where standard output goes, when a group or `exec` redirected it.
    pub sink: Option<redirect::Sink>,
    /// Standard output goes into a pipe or a substitution.
    pub piped: bool,
    /// In a shell of its own: leaving it does not end the script.
    pub sub: bool,
    /// A failure does not stop the script.
    pub lenient: bool,
}

/// What is known of a statement after it was walked.
pub enum Status {
    /// It succeeds when this holds.
    Cond(CondId),
    /// It succeeds when this command does.
    Fact(FactId),
    /// Not known.
    Unknown,
}

/// How a list of statements surely leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The script, as a failure.
    Failed,
    /// The script, as a success.
    Done,
    /// What it stands in: the function, or a file that was read in.
    Returned,
}

impl End {
    fn on_fail(self) -> OnFail {
        if self == End::Failed { OnFail::Exit } else { OnFail::Return }
    }
}

/// Walks one text.
pub struct Walk<'a> {
    /// Values of the text's holes.
    pub holes: &'a [Hole],
    /// What applies to the next statement.
    pub scope: Scope,
    /// Facts of `>( … )` of the command at hand: their input is its output.
    pub receivers: Vec<Span<usize>>,
    /// A value of several lines that is being written to a file of the runner.
    pub open: Option<runner::Open>,
    /// Directories of `pushd`.
    pub stack: Vec<Option<ValueId>>,
    pub(super) program: &'a Program,
    variables: Variables,
    exiting: BTreeMap<String, End>,
    statements: bool,
    status: Status,
    /// The command that ran last: `$?` is its.
    last: Option<FactId>,
}

impl<'a> Walk<'a> {
    /// Walks `program`; every statement is a construct when `statements`.
    pub fn new(program: &'a Program, holes: &'a [Hole], statements: bool) -> Self {
        Walk {
            holes,
            scope: Scope::default(),
            receivers: Vec::new(),
            open: None,
            stack: Vec::new(),
            program,
            variables: Variables::default(),
            exiting: BTreeMap::new(),
            statements,
            status: Status::Unknown,
            last: None,
        }
    }

    /// Runs `body` in another scope and comes back.
    pub fn scoped<T>(&mut self, scope: Scope, body: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.scope, scope);
        let out = body(self);
        self.scope = outer;
        out
    }

    /// Statements; gives the commands that write to its standard output.
    pub fn list(&mut self, body: &[Statement], b: &mut Builder) -> Vec<FactId> {
        let mut outputs = Vec::new();
        for statement in body {
            let named = self.statements
                && matches!(statement.what, Kind::Simple { .. } | Kind::Pipeline(_) | Kind::List(..) | Kind::Not(_) | Kind::Function(..));
            let mut printed = if named {
                let ignorable = !matches!(statement.what, Kind::Function(..));
                b.construct(statement.range, name(statement), ignorable, |b| self.statement(statement, b))
            } else {
                self.statement(statement, b)
            };
            outputs.append(&mut printed);
        }
        outputs
    }

    fn statement(&mut self, statement: &Statement, b: &mut Builder) -> Vec<FactId> {
        if statement.background {
            let scope = Scope { lenient: true, sub: true, ..self.scope.clone() };
            return self.scoped(scope, |walk| walk.foreground(statement, b));
        }
        self.foreground(statement, b)
    }

    fn foreground(&mut self, statement: &Statement, b: &mut Builder) -> Vec<FactId> {
        let range = statement.range;
        if let Kind::Simple { assigns, words } = &statement.what {
            return self.simple(range, assigns, words, &statement.redirects, b);
        }
        if let Kind::Function(name, body) = &statement.what {
            self.function(range, name, body, b);
            return Vec::new();
        }
        // Redirections of a compound command are those of everything in it.
        let set = redirect::read(self, &statement.redirects, b);
        let outer = (self.scope.stdin, self.scope.sink.clone(), self.scope.piped);
        if let Some(stdin) = set.stdin {
            self.scope.stdin = stdin;
        }
        if let Some(sink) = set.sink {
            self.scope.sink = Some(sink);
            self.scope.piped = false;
        }
        let outputs = self.compound(range, &statement.what, b);
        (self.scope.stdin, self.scope.sink, self.scope.piped) = outer;
        outputs
    }

    fn compound(&mut self, range: Range, what: &Kind, b: &mut Builder) -> Vec<FactId> {
        match what {
            Kind::Simple { .. } | Kind::Function(..) => Vec::new(),
            Kind::Pipeline(stages) => self.pipeline(range, stages, b),
            Kind::List(first, rest) => self.and_or(range, first, rest, b),
            Kind::Not(inner) => {
                let scope = Scope { lenient: true, ..self.scope.clone() };
                let outputs = self.scoped(scope, |walk| walk.statement(inner, b));
                let cond = self.succeeds(range, b);
                self.status = Status::Cond(b.cond(range, CondWhat::Not(cond)));
                outputs
            }
            Kind::Group(body) => self.list(body, b),
            Kind::Subshell(body) => {
                let scope = Scope { sub: true, ..self.scope.clone() };
                self.scoped(scope, |walk| walk.list(body, b))
            }
            Kind::If(arms, otherwise) => self.branches(range, arms, otherwise, b),
            Kind::Loop { until, cond, body } => {
                let mut outputs = self.condition(cond, false, b);
                let mut holds = self.succeeds(range, b);
                if *until {
                    holds = b.cond(range, CondWhat::Not(holds));
                }
                outputs.append(&mut b.under(holds, |b| self.list(body, b)));
                self.status = Status::Unknown;
                outputs
            }
            Kind::For { name, words, body } => {
                if !name.is_empty() {
                    let values: Vec<ValueId> = match words {
                        Some(words) => self.words(words, b).iter().map(|w| w.value).collect(),
                        None => vec![b.value(range, V::Name("@".to_owned()))],
                    };
                    let value = match values.as_slice() {
                        [only] => *only,
                        _ => b.value(range, V::Phi(values)),
                    };
                    let first = b.facts.items.len();
                    b.add(range, What::Write { channel: Channel::Var(name.clone()), value });
                    self.variables.note(first, b);
                }
                self.status = Status::Unknown;
                self.list(body, b)
            }
            Kind::Case(subject, items) => self.case(range, subject, items, b),
            Kind::Test(words) => {
                let words: Vec<Word> = words.iter().map(|w| self.word(w, b)).collect();
                self.status = Status::Cond(self.test(range, &words, b));
                Vec::new()
            }
            Kind::Arithmetic(parts) => {
                let word = crate::syntax::bash::Word { range, parts: parts.clone() };
                let value = self.value(&word, b);
                self.status = Status::Cond(b.cond(range, CondWhat::Atom(value, CmpOp::Truthy, value)));
                Vec::new()
            }
        }
    }

    fn pipeline(&mut self, range: Range, stages: &[Statement], b: &mut Builder) -> Vec<FactId> {
        let mut stdin = self.scope.stdin;
        let mut outputs = Vec::new();
        for (i, stage) in stages.iter().enumerate() {
            let last = i + 1 == stages.len();
            let sink = if last { self.scope.sink.clone() } else { None };
            let scope = Scope { stdin, sink, piped: !last || self.scope.piped, sub: true, ..self.scope.clone() };
            outputs = self.scoped(scope, |walk| walk.statement(stage, b));
            stdin = match outputs.as_slice() {
                [only] if !last && runner::prints_text(*only, b) => Stdin::Text(runner::printed_text(*only, b)),
                [] => Stdin::Text(b.value(stage.range, V::Unknown(Vec::new()))),
                [only] => Stdin::Pipe(*only),
                many => Stdin::Text(value::output(range, many, b)),
            };
        }
        outputs
    }

    fn and_or(&mut self, range: Range, first: &Statement, rest: &[(Join, Statement)], b: &mut Builder) -> Vec<FactId> {
        // Where a failure of each element leads: to the next `||`.
        let mut forgiving = vec![self.scope.lenient; rest.len() + 1];
        let mut next = None;
        for (i, (join, statement)) in rest.iter().enumerate().rev() {
            if *join == Join::Or {
                next = Some(self.leaves(std::slice::from_ref(statement)).is_none() && !is_false(statement));
            }
            if let (Some(next), Some(slot)) = (next, forgiving.get_mut(i)) {
                *slot = next;
            }
        }
        let lenient = |walk: &Self, i: usize| Scope { lenient: forgiving.get(i).copied().unwrap_or_default(), ..walk.scope.clone() };
        let scope = lenient(self, 0);
        let mut outputs = self.kept(scope, |walk| walk.statement(first, b));
        let mut so_far = self.succeeds(first.range, b);
        for (i, (join, statement)) in rest.iter().enumerate() {
            let holds = if *join == Join::And { so_far } else { b.cond(first.range, CondWhat::Not(so_far)) };
            let leaves = self.leaves(std::slice::from_ref(statement));
            if let Some(on_fail) = leaves.filter(|_| !self.scope.sub) {
                let cond = if *join == Join::Or { so_far } else { b.cond(first.range, CondWhat::Not(so_far)) };
                b.add(range, What::Check { cond, on_fail });
            }
            let scope = lenient(self, i + 1);
            outputs.append(&mut b.under(holds, |b| self.kept(scope, |walk| walk.statement(statement, b))));
            if i < LINKS {
                let this = self.succeeds(statement.range, b);
                let range = first.range.cover(statement.range);
                so_far = b.cond(range, if *join == Join::And { CondWhat::And(vec![so_far, this]) } else { CondWhat::Or(vec![so_far, this]) });
            }
        }
        self.status = Status::Cond(so_far);
        outputs
    }

    /// Runs `body` with another leniency; everything else it changes stays changed.
    fn kept<T>(&mut self, scope: Scope, body: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.scope.lenient, scope.lenient);
        let out = body(self);
        self.scope.lenient = before;
        out
    }

    /// The statements of a condition; `decides` when its failure ends the script.
    fn condition(&mut self, cond: &[Statement], decides: bool, b: &mut Builder) -> Vec<FactId> {
        self.status = Status::Unknown;
        let scope = Scope { lenient: !decides, ..self.scope.clone() };
        self.kept(scope, |walk| walk.list(cond, b))
    }

    fn branches(&mut self, range: Range, arms: &[(Vec<Statement>, Vec<Statement>)], otherwise: &[Statement], b: &mut Builder) -> Vec<FactId> {
        let mut outputs = Vec::new();
        let mut earlier: Option<CondId> = None;
        let before = self.scope.cwd;
        let mut dirs = Vec::new();
        for (i, (cond, body)) in arms.iter().enumerate() {
            let leaves = self.leaves(body);
            let decides = self.leaves(otherwise).is_some();
            outputs.append(&mut self.under(earlier, b, |walk, b| walk.condition(cond, decides, b)));
            let at = cond.first().map_or(range, |s| s.range);
            let holds = self.succeeds(at, b);
            if let Some(on_fail) = leaves.filter(|_| !self.scope.sub) {
                let fine = b.cond(at, CondWhat::Not(holds));
                self.under(earlier, b, |_, b| b.add(at, What::Check { cond: fine, on_fail }));
            }
            let here = match earlier {
                Some(earlier) => b.cond(at, CondWhat::And(vec![earlier, holds])),
                None => holds,
            };
            outputs.append(&mut b.under(here, |b| self.list(body, b)));
            dirs.push(std::mem::replace(&mut self.scope.cwd, before));
            if i >= LINKS {
                continue;
            }
            let not = b.cond(at, CondWhat::Not(holds));
            earlier = Some(match earlier {
                Some(earlier) => b.cond(at, CondWhat::And(vec![earlier, not])),
                None => not,
            });
        }
        if let (Some(on_fail), Some(none)) = (self.leaves(otherwise).filter(|_| !self.scope.sub), earlier) {
            let some = b.cond(range, CondWhat::Not(none));
            b.add(range, What::Check { cond: some, on_fail });
        }
        outputs.append(&mut self.under(earlier, b, |walk, b| walk.list(otherwise, b)));
        dirs.push(self.scope.cwd);
        self.scope.cwd = builtin::one_of(range, &dirs, b);
        self.status = Status::Unknown;
        outputs
    }

    fn case(
        &mut self,
        range: Range,
        subject: &crate::syntax::bash::Word,
        items: &[(Vec<crate::syntax::bash::Word>, Vec<Statement>)],
        b: &mut Builder,
    ) -> Vec<FactId> {
        let subject = self.value(subject, b);
        let mut outputs = Vec::new();
        let mut matched: Vec<CondId> = Vec::new();
        for (patterns, body) in items {
            let mut any = Vec::new();
            let mut default = false;
            for pattern in patterns {
                default |= pattern.literal().as_deref() == Some("*");
                let value = self.value(pattern, b);
                let plain = pattern.literal().is_some_and(|p| !p.contains(['*', '?', '[', '\\', '(']));
                let op = if plain { CmpOp::Eq } else { CmpOp::Matches };
                any.push(b.cond(pattern.range, CondWhat::Atom(subject, op, value)));
            }
            let holds = if default {
                let before = b.cond(range, CondWhat::Or(matched.clone()));
                if let Some(on_fail) = self.leaves(body).filter(|_| !self.scope.sub) {
                    b.add(range, What::Check { cond: before, on_fail });
                }
                b.cond(range, CondWhat::Not(before))
            } else {
                let any = b.cond(range, CondWhat::Or(any));
                if let Some(on_fail) = self.leaves(body).filter(|_| !self.scope.sub) {
                    let fine = b.cond(range, CondWhat::Not(any));
                    b.add(range, What::Check { cond: fine, on_fail });
                }
                any
            };
            if !default && matched.len() < 256 {
                matched.push(holds);
            }
            outputs.append(&mut b.under(holds, |b| self.list(body, b)));
        }
        self.status = Status::Unknown;
        outputs
    }

    fn under<T>(&mut self, cond: Option<CondId>, b: &mut Builder, body: impl FnOnce(&mut Self, &mut Builder) -> T) -> T {
        match cond {
            Some(cond) => b.under(cond, |b| body(self, b)),
            None => body(self, b),
        }
    }

    fn function(&mut self, range: Range, name: &str, body: &Statement, b: &mut Builder) {
        if let Some(end @ (End::Failed | End::Done)) = self.end(std::slice::from_ref(body)) {
            self.exiting.insert(name.to_owned(), end);
        }
        let what = What::Function { name: name.to_owned(), params: Vec::new(), decorators: Vec::new(), public: false };
        let function = b.add(range, what);
        b.within(function, |b| {
            self.scoped(Scope::default(), |walk| walk.list(std::slice::from_ref(body), b));
        });
        self.status = Status::Unknown;
    }

    fn simple(
        &mut self,
        range: Range,
        assigns: &[crate::syntax::bash::Assign],
        words: &[crate::syntax::bash::Word],
        redirects: &[crate::syntax::bash::Redirect],
        b: &mut Builder,
    ) -> Vec<FactId> {
        let outer = std::mem::take(&mut self.receivers);
        let first = b.facts.items.len();
        let mut env: Vec<(String, ValueId)> = Vec::new();
        for assign in assigns {
            self.value(&crate::syntax::bash::Word { range: assign.range, parts: assign.index.clone() }, b);
            env.push((assign.name.clone(), self.value(&assign.value, b)));
        }
        let words = self.words(words, b);
        let set = redirect::read(self, redirects, b);
        let receivers = std::mem::replace(&mut self.receivers, outer);
        if words.is_empty() {
            for (assign, (name, value)) in assigns.iter().zip(env) {
                b.add(assign.range, What::Write { channel: Channel::Var(name), value });
            }
            // `X=$(command)` succeeds when the command does.
            let last = b.facts.items.iter().enumerate().skip(first).rev().find(|(_, f)| matches!(f.what, What::Command(_)));
            self.status = last.map_or(Status::Unknown, |(i, _)| Status::Fact(FactId(u32::try_from(i).unwrap_or(u32::MAX))));
            self.variables.note(first, b);
            return Vec::new();
        }
        let mut outputs = Vec::new();
        let (readings, last_only) = self.variables.readings(words, b);
        for words in readings {
            if last_only {
                outputs.clear();
            }
            let Some((command, redirected)) = self.command(range, env.clone(), words, set.clone(), b) else { continue };
            for i in receivers.iter().cloned().flatten() {
                redirect::feed(FactId(u32::try_from(i).unwrap_or(u32::MAX)), command, b);
            }
            if !redirected && !builtin::silent(command, b) {
                outputs.push(command);
            }
        }
        self.variables.note(first, b);
        outputs
    }

    /// A command with words; the fact, and whether its standard output goes to a file.
    fn command(
        &mut self,
        range: Range,
        env: Vec<(String, ValueId)>,
        words: Vec<Word>,
        set: redirect::Set,
        b: &mut Builder,
    ) -> Option<(FactId, bool)> {
        let program = words.first().and_then(|w| b.facts.word(w)).unwrap_or_default();
        if builtin::is_test(&program) {
            let mut operands = words.get(1..).unwrap_or_default();
            if program == "[" && operands.last().and_then(|w| b.facts.word(w)).as_deref() == Some("]") {
                operands = operands.get(..operands.len() - 1).unwrap_or_default();
            }
            self.status = Status::Cond(self.test(range, operands, b));
            return None;
        }
        if program == "exec" && words.len() == 1 {
            // Redirects what follows in this shell.
            if let Some(stdin) = set.stdin {
                self.scope.stdin = stdin;
            }
            if let Some(sink) = set.sink {
                self.scope.sink = Some(sink);
                self.scope.piped = false;
            }
            return None;
        }
        if builtin::declares(&program, &words, b) {
            self.status = Status::Unknown;
            return None;
        }
        let stdin = set.stdin.unwrap_or(self.scope.stdin);
        let command = Command { words, env, stdin, cwd: self.scope.cwd, lenient: self.scope.lenient };
        let words = command.words.clone();
        let fact = b.add(range, What::Command(command));
        self.status = Status::Fact(fact);
        self.last = Some(fact);
        let own = set.sink.is_some();
        let sink = set.sink.or_else(|| if self.scope.piped { None } else { self.scope.sink.clone() });
        let redirected = sink.is_some();
        b.within(fact, |b| {
            for file in set.reads {
                b.add(b.facts.value(file).range, What::Read { channel: Channel::File(file) });
            }
            for file in set.writes {
                let value = b.value(range, V::Subst(fact));
                b.add(b.facts.value(file).range, What::Write { channel: Channel::File(file), value });
            }
            match sink {
                Some(sink) => self.into(fact, sink, own, b),
                None => runner::printed(fact, b),
            }
            self.through(fact, &words, stdin, b);
        });
        builtin::assigns(&program, fact, &words, stdin, b);
        self.directory(&program, range, &words, b);
        Some((fact, redirected))
    }

    /// The condition that the words of a test state; of `$? = 0`, that the command before succeeded.
    fn test(&self, range: Range, words: &[Word], b: &mut Builder) -> CondId {
        let cond = condition::test(range, words, b);
        let CondWhat::Atom(left, op, right) = b.facts.cond(cond).what else { return cond };
        let asks = b.facts.value(left).what == V::Name("?".to_owned()) && b.facts.literal(right).as_deref() == Some("0");
        let Some(last) = self.last.filter(|_| asks && matches!(op, CmpOp::Eq | CmpOp::Ne | CmpOp::Order)) else { return cond };
        let value = b.value(range, V::Subst(last));
        let fine = b.cond(range, CondWhat::Atom(value, CmpOp::Succeeds, value));
        if op == CmpOp::Eq { fine } else { b.cond(range, CondWhat::Not(fine)) }
    }

    /// The condition that the statement just walked succeeded.
    pub fn succeeds(&mut self, range: Range, b: &mut Builder) -> CondId {
        match self.status {
            Status::Cond(cond) => cond,
            Status::Fact(fact) => {
                let value = b.value(range, V::Subst(fact));
                b.cond(range, CondWhat::Atom(value, CmpOp::Succeeds, value))
            }
            Status::Unknown => b.cond(range, CondWhat::Opaque),
        }
    }

    /// What it means for a condition before a list of statements that they leave, when they surely do.
    fn leaves(&self, body: &[Statement]) -> Option<OnFail> {
        self.end(body).map(End::on_fail)
    }

    fn end(&self, body: &[Statement]) -> Option<End> {
        body.iter().find_map(|s| self.end_of(s))
    }

    fn end_of(&self, statement: &Statement) -> Option<End> {
        if statement.background {
            return None;
        }
        match &statement.what {
            Kind::Simple { words, .. } => {
                let program = words.first()?.literal()?;
                let code = words.get(1).and_then(|w| w.literal());
                match program.as_str() {
                    "exit" if code.as_deref() == Some("0") => Some(End::Done),
                    "exit" => Some(End::Failed),
                    "return" => Some(End::Returned),
                    _ => self.exiting.get(&program).copied(),
                }
            }
            Kind::Group(body) => self.end(body),
            // `echo … && exit 1` leaves when the message was printed, which is as good as always.
            Kind::List(first, rest) => {
                self.end_of(first).or_else(|| rest.iter().take_while(|(join, _)| *join == Join::And).find_map(|(_, s)| self.end_of(s)))
            }
            Kind::If(arms, otherwise) => {
                let last = self.end(otherwise)?;
                arms.iter().all(|(_, body)| self.end(body).is_some()).then_some(last)
            }
            _ => None,
        }
    }
}

fn is_false(statement: &Statement) -> bool {
    matches!(&statement.what, Kind::Simple { words, .. } if words.first().and_then(|w| w.literal()).as_deref() == Some("false"))
}

/// A name for a statement that survives edits around it: its first two literal words.
fn name(statement: &Statement) -> String {
    match &statement.what {
        Kind::Simple { assigns, words } => {
            let literal = words.iter().map_while(|w| w.literal()).take(2).collect::<Vec<_>>();
            let assigned = assigns.first().map(|a| a.name.clone()).unwrap_or_default();
            if literal.is_empty() { assigned } else { literal.join(" ") }
        }
        Kind::Pipeline(stages) => stages.first().map(name).unwrap_or_default(),
        Kind::List(first, _) | Kind::Not(first) => name(first),
        Kind::Function(name, _) => name.clone(),
        _ => String::new(),
    }
}
