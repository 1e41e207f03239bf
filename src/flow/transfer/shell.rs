//! The meaning of commands and of environment variables: what a command prints, and who sets a variable where it is read.

use crate::facts::{Channel, Command, FactId, FileFacts, Stdin, ValueId, What};
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
        let mut setters = setters(facts, self.tables.setters(node.file, name), node.fact);
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

/// The values that a variable may have where a fact stands, nearest scope first; with the fact that sets each, the last first. One more than
/// [`MAX_SETTERS`] says that there are others.
fn setters(facts: &FileFacts, sets: &[FactId], reader: FactId) -> Vec<(FactId, ValueId)> {
    let value = |id: FactId| match &facts.fact(id).what {
        What::Write { channel: Channel::Env(_) | Channel::Var(_), value }
        | What::Setting { value, .. }
        | What::Input { default: Some(value), .. } => Some((id, *value)),
        _ => None,
    };
    for (owner, holder) in facts.owners(reader) {
        // In a script what comes later has not happened yet; a mapping holds as a whole.
        let ordered = matches!(holder.what, What::Script { .. } | What::Function { .. } | What::Stage { .. });
        let before = if ordered { sets.partition_point(|id| *id < reader) } else { sets.len() };
        let near = sets.iter().take(before).rev().filter(|id| held(facts, **id, owner));
        let found: Vec<(FactId, ValueId)> = near.filter_map(|id| value(*id)).take(MAX_SETTERS + 1).collect();
        if !found.is_empty() {
            return found;
        }
    }
    let job = |id: FactId| facts.owners(id).find(|(_, f)| matches!(f.what, What::Job { .. } | What::Template { .. })).map(|o| o.0);
    let lasting = |id: &FactId| match &facts.fact(*id).what {
        What::Write { channel: Channel::RunnerEnv(_), value } if *id < reader && job(*id) == job(reader) => Some((*id, *value)),
        _ => None,
    };
    sets.iter().rev().filter_map(lasting).take(MAX_SETTERS + 1).collect()
}

/// Whether a setter stands directly in an owner, or in a command of it.
fn held(facts: &FileFacts, setter: FactId, owner: FactId) -> bool {
    let Some(above) = facts.fact(setter).owner else { return false };
    above == owner || (matches!(facts.fact(above).what, What::Command(_)) && facts.fact(above).owner == Some(owner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_assignments_the_nearest_are_looked_at() {
        for (lines, looked_at) in [(3, 3), (MAX_SETTERS, MAX_SETTERS), (5_000, MAX_SETTERS + 1)] {
            let facts = crate::extract::shell::file(format!("{}eval \"$x\"\nx=1\n", "x=$x$x\n".repeat(lines)).as_bytes());
            let sets: Vec<FactId> = facts.iter().filter(|(_, f)| matches!(f.what, What::Write { .. })).map(|f| f.0).collect();
            let eval = |id: &FactId| facts.word_text(*id).starts_with("eval");
            let reader = facts.iter().map(|f| f.0).find(eval).unwrap();
            let found = setters(&facts, &sets, reader);
            assert_eq!((sets.len(), found.len()), (lines + 1, looked_at));
            // The last line comes after the reader.
            assert_eq!(found.first().map(|f| f.0), sets.get(lines - 1).copied());
        }
    }
}
