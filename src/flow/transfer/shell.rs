//! The meaning of commands and of environment variables: what a command prints, and who sets a variable where it is read.

use crate::facts::{Command, Stdin, What};
use crate::flow::resolve::variables::setters;
use crate::flow::solver::{Cell, Solver};
use crate::flow::value::Val;
use crate::graph::{EdgeKind, Node};
use crate::origin::{Origin, Via};
use crate::source::Kind;

/// How many assignments of one variable are looked at where it is read.
const MAX_SETTERS: usize = 64;

impl Solver<'_> {
    /// Standard output of a command: what a row says, else what goes in.
    pub fn command(&mut self, node: Node, command: &Command) -> Val {
        if let Some(val) = self.row_result(node) {
            return val;
        }
        let facts = self.file(node.file);
        let name = command.words.first().and_then(|w| facts.word(w)).unwrap_or_default();
        // A function of the same script prints what its commands print; that is not followed, its arguments are.
        let mut out = Val::default();
        for word in command.words.iter().skip(1) {
            out.join(&self.at(node, word.value));
        }
        if let Some(val) = self.stdin(node) {
            out.join(&val);
        }
        match name.as_str() {
            "echo" | "printf" if command.words.len() == 2 => out,
            "echo" | "printf" => out.derived(),
            _ => out.derived().less_known(),
        }
    }
    /// What stands on standard input; none when it is the script's own.
    pub fn stdin(&mut self, node: Node) -> Option<Val> {
        let What::Command(command) = &self.file(node.file).fact(node.fact).what else { return None };
        match command.stdin {
            Stdin::Inherited => None,
            Stdin::Pipe(from) => Some(self.fact(Node { file: node.file, fact: from }).read()),
            Stdin::File(value) => {
                let val = self.at(node, value);
                Some(self.behind(self.here(node), value, val).read())
            }
            Stdin::Text(value) => Some(self.at(node, value)),
        }
    }
    /// An environment or shell variable where a fact stands: the nearest setter, else the caller of the script, else whoever starts the run.
    pub fn environment(&mut self, node: Node, name: &str) -> Val {
        let facts = self.file(node.file);
        let mut setters = setters(facts, self.tables.setters(node.file, name), node.fact, MAX_SETTERS + 1);
        if !setters.is_empty() {
            // Of very many the nearest are looked at, or a script that sets one variable from itself line by line costs their square.
            let cut = setters.len() > MAX_SETTERS;
            setters.truncate(MAX_SETTERS);
            let mut out = Val::default();
            for (at, value) in setters {
                out.join(&self.at(Node { file: node.file, fact: at }, value));
            }
            return if cut { out.derived().less_known() } else { out };
        }
        if let Some(context) = name.strip_prefix("GITHUB_")
            && matches!(self.world.index.kind(node.file), Kind::Workflow | Kind::Action)
        {
            return self.context(node, &format!("github.{}", context.to_ascii_lowercase()));
        }
        let mut out = Val::default();
        let mut called = false;
        if let Some(top) = self.world.index.top(self.world.facts, node.file) {
            let callers: Vec<Node> = self.world.graph.into(top, EdgeKind::Runs).map(|e| e.from).filter(|n| n.file != node.file).take(16).collect();
            for caller in callers {
                called = true;
                out.join(&self.get(Cell::Env(caller, name.to_owned())));
            }
        }
        if called { out } else { Val::content(Origin { via: Via::ENV, ..Origin::OPERATOR }) }
    }
}
