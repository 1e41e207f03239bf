//! What a run of the Action tells GitHub: code scanning, else annotations; and the comment. Decides where, and says in one line each what it did and why.

use super::inputs::{Inputs, Run, Upload};
use crate::cli::check::Outcome;
use crate::cli::online;
use crate::finding::{Comparison, Report, Reported, Severity};
use crate::platform::git::Repository;
use crate::platform::github::checks::{self, Annotation, Check, Conclusion, Level};
use crate::platform::github::comment::{self, Said, Settled};
use crate::platform::github::sarif::{self, Log, Processed};
use crate::platform::github::{Failure, GitHub};
use crate::report::{escape, github, markdown};

/// What was told.
pub struct Told {
    /// Lines for the log: workflow commands and sentences.
    pub lines: Vec<u8>,
    /// Whether something failed that the workflow insists on.
    pub broken: bool,
}

/// Uploads, annotates, comments, as far as wanted and allowed.
pub fn tell(inputs: &Inputs, run: &Run, outcome: &Outcome, log: &[u8]) -> anyhow::Result<Told> {
    let mut told = Told { lines: Vec::new(), broken: false };
    let github = online::access().and_then(|access| Ok(GitHub::new(access)?)).map_err(|e| format!("{e:#}"));
    let uploaded = match upload(inputs, run, &github, log) {
        Ok(said) => {
            told.say(&said);
            true
        }
        Err(why) if inputs.upload == Upload::Always => {
            let why = escape::command_data(&escape::visible(&why));
            told.lines.extend(format!("::error title=pipevet could not upload::{why}\n").into_bytes());
            told.broken = true;
            false
        }
        Err(why) => {
            told.say(&format!("not uploaded to code scanning: {why}"));
            false
        }
    };
    if !uploaded && inputs.annotations {
        annotate(run, outcome, github.as_ref().ok(), &mut told)?;
    }
    if let Some(number) = run.change.as_ref().and_then(|c| c.number).filter(|_| inputs.comment) {
        let said = keep_comment(inputs, run, number, outcome, &github)?;
        told.say(&said);
    }
    Ok(told)
}

impl Told {
    /// Adds a sentence on a line of its own; nothing for an empty one.
    pub fn say(&mut self, sentence: &str) {
        if !sentence.is_empty() {
            self.lines.extend(format!("pipevet: {}\n", escape::visible(sentence)).into_bytes());
        }
    }
}

const FORK: &str = "this change comes from a fork, whose token may only read";

/// What was uploaded, or why nothing was.
fn upload(inputs: &Inputs, run: &Run, github: &Result<GitHub, String>, log: &[u8]) -> Result<String, String> {
    if inputs.upload == Upload::Never {
        return Err("`upload` is `never`".to_owned());
    }
    if run.read_only {
        return Err(FORK.to_owned());
    }
    let github = github.as_ref().map_err(String::clone)?;
    let (commit, reference) = scanned(run)?;
    let processed = sarif::upload(github, &Log { sarif: log, commit: &commit, reference: &reference }).map_err(|f| f.to_string())?;
    Ok(match processed {
        Processed::Complete => format!("uploaded to code scanning for {reference}"),
        Processed::Pending => format!("uploaded to code scanning for {reference}; GitHub is still reading it"),
    })
}

/// The commit that was scanned, and the name under which code scanning keeps it. Alerts under a wrong name would close those that are right.
fn scanned(run: &Run) -> Result<(String, String), String> {
    let head = match std::env::current_dir().map_err(anyhow::Error::from).and_then(|here| Repository::around(&here)) {
        Ok(Some(repository)) => repository.commit("HEAD").ok().flatten().map(|c| c.id.to_string()),
        // Checked out without git: there is nothing else it could be.
        Ok(None) => Some(run.commit.clone()),
        Err(error) => return Err(format!("the commit that is checked out cannot be read: {error:#}")),
    };
    let Some(head) = head else { return Err("what is checked out has no commit".to_owned()) };
    if head == run.commit {
        return Ok((head, run.reference.clone()));
    }
    match run.change.as_ref().and_then(|c| Some((c, c.number?))) {
        Some((change, number)) if change.head == head => Ok((head, format!("refs/pull/{number}/head"))),
        _ => Err(format!("what is checked out ({head}) is not what this run is for ({})", run.commit)),
    }
}

/// Annotations on lines: a few as lines of the log; more than the log may hold as a check run, when the token may.
fn annotate(run: &Run, outcome: &Outcome, github: Option<&GitHub>, told: &mut Told) -> anyhow::Result<()> {
    let Outcome { knowledge, sources, report, .. } = outcome;
    let counting: Vec<&Reported> = report.shown.iter().filter(|r| r.counts()).collect();
    if let Some(github) = github.filter(|_| counting.len() > github::MOST && !run.read_only) {
        let annotations: Vec<Annotation> =
            counting.iter().take(MOST_ANNOTATIONS).filter_map(|r| annotation(github::remark(r, sources, &knowledge.cards))).collect();
        let conclusion = if report.failing > 0 { Conclusion::Failure } else { Conclusion::Neutral };
        let title = format!("{} findings", counting.len());
        let mut summary = Vec::new();
        markdown::write(report, sources, &knowledge.cards, short_of(markdown::COMMENT, 1), &mut summary)?;
        let check = Check {
            name: "pipevet findings",
            commit: run.change.as_ref().map_or(&run.commit, |c| &c.head),
            conclusion,
            title: &title,
            summary: &String::from_utf8_lossy(&summary),
            annotations: &annotations,
        };
        match checks::publish(github, &check) {
            Ok(()) => {
                told.say(&format!("{} lines annotated in the check `{}`", annotations.len(), check.name));
                return Ok(());
            }
            Err(why) => told.say(&format!("annotated in the log alone: {why}")),
        }
    }
    Ok(github::write(report, sources, &knowledge.cards, github::MOST, &mut told.lines)?)
}

/// Most annotations of a check run: ten requests.
const MOST_ANNOTATIONS: usize = 500;

fn annotation(remark: github::Remark) -> Option<Annotation> {
    let (path, line, ..) = remark.place?;
    let level = match remark.severity {
        Severity::Critical | Severity::High => Level::Failure,
        Severity::Medium => Level::Warning,
        Severity::Low | Severity::Info => Level::Notice,
    };
    // GitHub takes 255 characters of a title and 64 KiB of a message.
    let short = |text: String, most: usize| if text.chars().count() > most { text.chars().take(most - 1).chain(['…']).collect() } else { text };
    Some(Annotation { path, start_line: line, end_line: line, level, title: short(remark.title, 255), message: short(remark.text, 16_000) })
}

/// What became of the comment; empty when there is nothing worth a line.
fn keep_comment(inputs: &Inputs, run: &Run, number: u64, outcome: &Outcome, github: &Result<GitHub, String>) -> anyhow::Result<String> {
    let Outcome { knowledge, sources, report, .. } = outcome;
    // Without a comparison nothing is known of what the change does.
    let Some(comparison) = &report.comparison else { return Ok(String::new()) };
    let page = |report: &Report| -> anyhow::Result<String> {
        let mut text = Vec::new();
        let limits = short_of(markdown::COMMENT, comment::first_line("", "").len() + 1);
        markdown::write(report, sources, &knowledge.cards, limits, &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    };
    let speaks = report.shown.iter().any(Reported::counts) || !comparison.policy.is_empty();
    let text = if speaks { Some(page(report)?) } else { None };
    if run.read_only {
        return Ok(if text.is_some() { format!("no comment: {FORK}") } else { String::new() });
    }
    let github = match github {
        Ok(github) => github,
        Err(why) => return Ok(format!("no comment: {why}")),
    };
    // Where the base stands now and how much was read is worth no edit.
    let lasting =
        Report { comparison: Some(Comparison { base: String::new(), ..comparison.clone() }), files: 0, notices: Vec::new(), ..report.clone() };
    let substance = page(&lasting)?;
    let said = text.as_ref().map(|text| Said { text, substance: &substance });
    Ok(match comment::settle(github, number, &inputs.category, said) {
        Ok(Settled::Created) => format!("commented on pull request {number}"),
        Ok(Settled::Edited) => format!("changed the comment on pull request {number}"),
        Ok(Settled::Deleted) => format!("deleted the comment on pull request {number}: there is nothing left to say"),
        Ok(Settled::Unchanged) => String::new(),
        Err(Failure { .. }) if text.is_none() => String::new(),
        Err(why) => format!("no comment: {why}"),
    })
}

fn short_of(limits: markdown::Limits, by: usize) -> markdown::Limits {
    markdown::Limits { characters: limits.characters - by, ..limits }
}
