//! Redirections: what standard input is, which files are written.

use crate::extract::shell::runner::{self, RunnerFile};
use crate::extract::shell::walk::Walk;
use crate::facts::{Builder, Channel, FactId, Stdin, V, ValueId, What};
use crate::syntax::bash::{Redirect, RedirectOp};

/// Where standard output goes.
#[derive(Clone, Debug)]
pub struct Sink {
    /// The file's name.
    pub file: ValueId,
    /// Which of the runner's files it is, if one.
    pub runner: Option<RunnerFile>,
}

/// What the redirections of a command amount to.
#[derive(Clone, Debug, Default)]
pub struct Set {
    /// Standard input, when set.
    pub stdin: Option<Stdin>,
    /// Standard output, when it goes to a file.
    pub sink: Option<Sink>,
    /// Files read.
    pub reads: Vec<ValueId>,
    /// Files written besides the sink.
    pub writes: Vec<ValueId>,
}

/// Reads redirections in order; the last of each descriptor wins.
pub fn read(walk: &mut Walk, redirects: &[Redirect], b: &mut Builder) -> Set {
    let mut set = Set::default();
    for redirect in redirects {
        match redirect.op {
            RedirectOp::Document => {
                let program = walk.program;
                let Some(body) = redirect.body.and_then(|i| program.bodies.get(i)) else { continue };
                let text = walk.value(body, b);
                if redirect.fd.unwrap_or(0) == 0 {
                    set.stdin = Some(Stdin::Text(text));
                }
            }
            RedirectOp::String => {
                let text = walk.value(&redirect.target, b);
                set.stdin = Some(Stdin::Text(text));
            }
            RedirectOp::Read => {
                let file = walk.value(&redirect.target, b);
                if redirect.fd.unwrap_or(0) == 0 {
                    // `< <(command)` is the command's output, not a file.
                    set.stdin = Some(match &b.facts.value(file).what {
                        V::Fifo(fact) => Stdin::Pipe(*fact),
                        _ => Stdin::File(file),
                    });
                }
                set.reads.push(file);
            }
            RedirectOp::Write | RedirectOp::WriteBoth => {
                let file = walk.value(&redirect.target, b);
                match redirect.fd {
                    None | Some(1) => {
                        let earlier = set.sink.replace(Sink { file, runner: runner::file_of(&redirect.target) });
                        set.writes.extend(earlier.map(|s| s.file));
                    }
                    Some(2) => {}
                    Some(_) => set.writes.push(file),
                }
            }
            RedirectOp::Duplicate => {
                walk.value(&redirect.target, b);
            }
        }
    }
    set
}

/// `command` writes what `reader` reads, unless that reads something else.
pub fn feed(reader: FactId, command: FactId, b: &mut Builder) {
    if let Some(What::Command(inner)) = b.facts.items.get_mut(reader.0 as usize).map(|f| &mut f.what)
        && inner.stdin == Stdin::Inherited
    {
        inner.stdin = Stdin::Pipe(command);
    }
}

impl Walk<'_> {
    /// Standard output of `command` goes into `sink`: its own, or that of an enclosing group.
    pub fn into(&mut self, command: FactId, sink: Sink, own: bool, b: &mut Builder) {
        let range = if own { b.facts.value(sink.file).range } else { b.facts.fact(command).range };
        if let V::Fifo(reader) = b.facts.value(sink.file).what {
            return feed(reader, command, b);
        }
        match sink.runner {
            Some(kind) => {
                let lines = runner::content(command, b);
                self.lines(kind, command, lines, b);
            }
            None => {
                let value = if runner::prints_text(command, b) {
                    runner::printed_text(command, b)
                } else {
                    b.value(b.facts.fact(command).range, V::Subst(command))
                };
                b.add(range, What::Write { channel: Channel::File(sink.file), value });
            }
        }
    }
}
