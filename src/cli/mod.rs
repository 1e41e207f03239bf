//! The command line: arguments in, exit code out. The only place that reads arguments and the environment, prints, and sizes the thread pool.
//!
//! Exit codes: 0 nothing to fail on, 1 findings that fail the gate, 2 a usage, configuration or rule-page error, 4 an internal error.

#[cfg(feature = "github")]
mod action;
#[cfg(feature = "git")]
mod against;
mod args;
mod baseline;
mod check;
mod complete;
mod describe;
mod disk;
mod fix;
mod init;
mod kept;
pub(crate) mod knowledge;
#[cfg(feature = "github")]
mod online;
mod output;
#[cfg(feature = "git")]
mod policy_changes;
mod progress;
mod why;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};

/// Findings fail the gate.
const FAILING: u8 = 1;
/// The call, the configuration or a page is wrong.
const USAGE: u8 = 2;
/// A bug.
const INTERNAL: u8 = 4;

/// What a build that cannot talk to GitHub says of what needs it.
#[cfg(not(feature = "github"))]
const WITHOUT_GITHUB: &str = "this pipevet was built without GitHub; released binaries have it, and so has `cargo install pipevet --features github`";

/// Runs the program. Never panics; a panic inside becomes exit code 4 and tells the place in this program, never what was being read.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        // The message of a panic may hold text of a scanned file: it is not printed.
        let _ = writeln!(std::io::stderr(), "pipevet: internal error at {place}; this is a bug in pipevet, not in what it reads");
    }));
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    match std::panic::catch_unwind(|| dispatch(arguments)) {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(error)) => {
            for line in format!("{error:#}").lines() {
                let _ = writeln!(std::io::stderr(), "pipevet: {}", crate::report::escape::visible(line));
            }
            ExitCode::from(USAGE)
        }
        Err(_) => ExitCode::from(INTERNAL),
    }
}

fn dispatch(arguments: Arguments) -> anyhow::Result<u8> {
    let (check, plain) = match arguments.command {
        None => (arguments.check, true),
        Some(Command::Check(check)) => (check, false),
        Some(Command::Fix(fix)) => return pool(fix.jobs)?.install(|| fix::run(&fix)),
        Some(Command::Config(config)) => return pool(None)?.install(|| describe::config(&config)),
        Some(Command::Explain(explain)) => return describe::explain(&explain),
        Some(Command::Rules(rules)) => return describe::rules(&rules),
        Some(Command::Why(asked)) => return pool(asked.jobs)?.install(|| why::run(asked)),
        Some(Command::Init(init)) => return init::run(&init),
        Some(Command::Completions(shell)) => return complete::run(shell.shell),
        Some(Command::Baseline(command)) => return pool(None)?.install(|| baseline::run(&command)),
        #[cfg(feature = "github")]
        Some(Command::Action) => return pool(None)?.install(action::action),
        #[cfg(not(feature = "github"))]
        Some(Command::Action) => anyhow::bail!("{WITHOUT_GITHUB}"),
    };
    pool(check.jobs)?.install(|| check::run(&check, plain))
}

/// Front ends recurse to a depth that is capped, but deeper than the default stack of a worker allows in a debug build.
fn pool(threads: Option<usize>) -> anyhow::Result<rayon::ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).stack_size(64 << 20).build()?)
}

#[cfg(test)]
mod tests;
