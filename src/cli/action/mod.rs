//! `pipevet action`: a run of the Action once the program is in place. Scans, then tells it wherever people look, and always says how it ended. Reads no
//! argument: everything comes from the variables and files of the runner.

mod inputs;
mod tell;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use clap::Parser;

use super::args::{Arguments, Command, Gate};
use super::check::{self, Outcome};
use super::{FAILING, USAGE, online, output};
use crate::finding::{Change, Report, Severity};
use crate::report::{escape, markdown, sarif, text};
use inputs::{Inputs, Run};

/// Runs; the exit code. Outputs are there whatever happens.
pub fn action() -> anyhow::Result<u8> {
    let var = |name: &str| online::first(&[name]);
    let run = inputs::run(var)?;
    // The last value of an output is the one that holds: these stand when the run ends before it knows better.
    Outputs::default().write(&run)?;
    let ended = inputs::inputs(var).and_then(|inputs| scan(&inputs, &run));
    if let Err(error) = &ended {
        failed(error, &run);
    }
    ended
}

fn scan(inputs: &Inputs, run: &Run) -> anyhow::Result<u8> {
    let arguments = Arguments::try_parse_from(std::iter::once("pipevet".to_owned()).chain(inputs.arguments.iter().cloned()));
    // What clap says of an argument is for a terminal: its first paragraph is the fault.
    let arguments =
        arguments.map_err(|e| anyhow::anyhow!("{}", e.to_string().split("\n\n").next().unwrap_or_default().trim_start_matches("error: ")))?;
    let Some(Command::Check(mut check)) = arguments.command else { anyhow::bail!("no check") };
    if inputs.observe || run.default_branch {
        check.choices.fail_on = Some(Gate(None));
    }
    let mut outcome = check::outcome(&check)?;
    if inputs.respect_dismissals && online::access().is_ok() {
        online::respect_dismissals(&mut outcome.report, &outcome.sources, &outcome.policy)?;
    }
    let Outcome { knowledge, sources, report, .. } = &outcome;

    let mut log = Vec::new();
    let limits = sarif::Limits { category: &inputs.category, ..sarif::Limits::default() };
    sarif::write(report, sources, &knowledge.cards, limits, &mut log)?;
    let file = run.temporary.join("pipevet.sarif");
    output::deliver(&log, Some(&file))?;
    Outputs::of(report, &file).write(run)?;

    let mut out = Vec::new();
    let look = text::Look { color: false, quiet: false, verbose: false, time: true };
    text::write(report, sources, &knowledge.cards, look, &mut out)?;
    output::deliver(&out, None)?;
    if inputs.summary {
        let mut page = Vec::new();
        markdown::write(report, sources, &knowledge.cards, markdown::SUMMARY, &mut page)?;
        append(run.summary.as_deref(), &page)?;
    }
    let mut told = tell::tell(inputs, run, &outcome, &log)?;
    told.say(&verdict(inputs, run, &outcome));
    output::deliver(&told.lines, None)?;
    Ok(match (told.broken, report.failing > 0) {
        (true, _) => USAGE,
        (false, true) => FAILING,
        (false, false) => 0,
    })
}

/// How the run ends, and by what.
fn verdict(inputs: &Inputs, run: &Run, outcome: &Outcome) -> String {
    let failing = outcome.report.failing;
    match outcome.policy.fail_on {
        Some(level) if failing > 0 => format!("this run fails: {failing} of high confidence from level {} on", level.name()),
        Some(level) => format!("this run passes: nothing of high confidence from level {} on", level.name()),
        None if inputs.observe => "this run passes: `mode` is `observe`".to_owned(),
        None if run.default_branch => "this run passes: on the default branch none fails".to_owned(),
        None => "this run passes: policy lets none fail".to_owned(),
    }
}

/// What later steps can ask for.
struct Outputs {
    sarif_file: String,
    new: String,
    worse: String,
    fixed: String,
    highest: String,
}

impl Default for Outputs {
    fn default() -> Self {
        let unknown = || "unknown".to_owned();
        Outputs { sarif_file: String::new(), new: unknown(), worse: unknown(), fixed: unknown(), highest: unknown() }
    }
}

impl Outputs {
    /// Without a base everything that is shown is new.
    fn of(report: &Report, file: &Path) -> Outputs {
        let worse = report.shown.iter().filter(|r| matches!(r.change, Some(Change::Worse(_)))).count();
        let counting = report.shown.iter().filter(|r| r.counts());
        let highest = counting.clone().map(|r| r.alert.severity).max();
        Outputs {
            sarif_file: file.display().to_string(),
            new: (counting.count() - worse).to_string(),
            worse: worse.to_string(),
            fixed: report.comparison.as_ref().map_or(0, |c| c.fixed.len()).to_string(),
            highest: highest.map_or("none", Severity::name).to_owned(),
        }
    }
    fn write(&self, run: &Run) -> anyhow::Result<()> {
        let Outputs { sarif_file, new, worse, fixed, highest } = self;
        // A line end in a path would begin an output of its own.
        let sarif_file = sarif_file.replace(['\r', '\n'], "");
        let lines = format!("sarif-file={sarif_file}\nnew={new}\nworse={worse}\nfixed={fixed}\nhighest-severity={highest}\n");
        append(run.outputs.as_deref(), lines.as_bytes())
    }
}

/// Says where people look that there is no result, and why.
fn failed(error: &anyhow::Error, run: &Run) {
    let error = escape::visible(&format!("{error:#}").lines().collect::<Vec<_>>().join("; "));
    let page = format!("## pipevet could not finish\n\n{}\n", escape::markdown(&error));
    // The error itself is what is reported; that it could not be written here as well changes nothing.
    let _ = append(run.summary.as_deref(), page.as_bytes());
    let _ = output::deliver(format!("::error title=pipevet could not finish::{}\n", escape::command_data(&error)).as_bytes(), None);
}

fn append(to: Option<&Path>, bytes: &[u8]) -> anyhow::Result<()> {
    let Some(path) = to else { return Ok(()) };
    let written = OpenOptions::new().append(true).create(true).open(path).and_then(|mut file| file.write_all(bytes));
    written.with_context(|| path.display().to_string())
}
