//! Which stored secrets a command of a workflow is handed: in its words, through variables, substitutions and pipes. Of one file, and of its text alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::extract::expressions;
use crate::facts::{Channel, FactId, FileFacts, Stdin, Target, V, ValueId, What};

/// Steps from a value to where a secret is named, at most.
const DEPTH: u32 = 16;
/// Values looked at for one command, at most.
const VALUES: usize = 2_000;

/// What a command is handed.
#[derive(Debug, Default)]
pub struct Carried {
    /// Names of secrets; `*` is all of them.
    pub secrets: BTreeSet<String>,
    /// The whole environment is in it.
    pub environment: bool,
}

/// The variables of a file, by what they are set for, and the commands whose output something else takes.
pub struct Carriers<'a> {
    facts: &'a FileFacts,
    variables: BTreeMap<(FactId, &'a str), ValueId>,
    taken: BTreeSet<FactId>,
}

impl<'a> Carriers<'a> {
    /// Reads a file.
    pub fn new(facts: &'a FileFacts) -> Self {
        let mut variables = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (_, fact) in facts.iter() {
            match &fact.what {
                What::Write { channel: Channel::Env(name), value } => {
                    variables.extend(fact.owner.map(|o| ((o, name.as_str()), *value)));
                }
                // What goes into a file is not printed.
                What::Write { channel: Channel::File(_) | Channel::HostPath(_) | Channel::RunnerEnv(_) | Channel::Output(_), .. } => {
                    taken.extend(fact.owner)
                }
                What::Command(command) => {
                    if let Stdin::Pipe(from) = command.stdin {
                        taken.insert(from);
                    }
                }
                _ => {}
            }
        }
        for value in &facts.values {
            if let V::Subst(fact) | V::Fifo(fact) = value.what {
                taken.insert(fact);
            }
        }
        Carriers { facts, variables, taken }
    }
    /// Whether what a command prints ends in the log.
    pub fn is_printed(&self, command: FactId) -> bool {
        !self.taken.contains(&command)
    }
    /// What a command is handed.
    pub fn of(&self, command: FactId) -> Carried {
        let mut look = Look { carriers: self, out: Carried::default(), left: VALUES };
        look.command(command, DEPTH);
        look.out
    }
    /// What a command reads from its standard input.
    pub fn input_of(&self, command: FactId) -> Carried {
        let mut look = Look { carriers: self, out: Carried::default(), left: VALUES };
        if let What::Command(found) = &self.facts.fact(command).what {
            look.input(command, found.stdin, DEPTH);
        }
        look.out
    }
}

struct Look<'a> {
    carriers: &'a Carriers<'a>,
    out: Carried,
    left: usize,
}

impl Look<'_> {
    fn command(&mut self, id: FactId, depth: u32) {
        let facts = self.carriers.facts;
        let What::Command(command) = &facts.fact(id).what else { return };
        let Some(depth) = depth.checked_sub(1) else { return };
        let words: Vec<Option<String>> = command.words.iter().take(3).map(|w| facts.word(w)).collect();
        let word = |i: usize| words.get(i).and_then(Option::as_deref);
        // Shells and every system have these two: without operands they print all variables.
        let lists = matches!((word(0), word(1)), (Some("env" | "printenv" | "set"), None) | (Some("export" | "declare"), Some("-p" | "-x")));
        self.out.environment |= lists;
        for word in command.words.iter().skip(1) {
            self.value(id, word.value, depth);
        }
        self.input(id, command.stdin, depth);
    }
    fn input(&mut self, id: FactId, stdin: Stdin, depth: u32) {
        match stdin {
            Stdin::Pipe(from) => self.command(from, depth),
            Stdin::Text(text) => self.value(id, text, depth),
            Stdin::File(_) | Stdin::Inherited => {}
        }
    }
    fn value(&mut self, at: FactId, value: ValueId, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        let facts = self.carriers.facts;
        match &facts.value(value).what {
            V::Expr(tree) => {
                let mut mentions = expressions::Mentions::new();
                expressions::secrets(tree, &mut mentions);
                self.out.secrets.extend(mentions.into_iter().map(|m| m.0));
            }
            V::Env(name) => {
                let owners = facts.owners(at).map(|(o, _)| o);
                let set = owners.chain([at]).find_map(|o| self.carriers.variables.get(&(o, name.as_str())));
                if let Some(value) = set {
                    self.value(at, *value, depth);
                }
            }
            V::Join(parts) | V::Phi(parts) | V::Unknown(parts) | V::List(parts, _) => parts.iter().for_each(|p| self.value(at, *p, depth)),
            V::Subst(from) | V::Fifo(from) => self.command(*from, depth),
            V::Ref(from) => match &facts.fact(*from).what {
                What::Assignment { value, target: Target::Name(_) } | What::Write { channel: Channel::Var(_) | Channel::Env(_), value } => {
                    self.value(*from, *value, depth);
                }
                _ => {}
            },
            _ => {}
        }
    }
}
