//! `pipevet check`: from paths to a report. Puts the layers together and decides nothing about findings.

use std::time::Instant;

use super::args::{Check, Format};
use super::knowledge::Knowledge;
use super::progress::Progress;
use super::{FAILING, output};
use crate::discover::{self, discover};
use crate::finding::{Confidence, Report, Severity};
use crate::report::{json, sarif, text};
use crate::source::Sources;
use crate::triage::Policy;

/// What a run found, with all that reports need.
pub struct Outcome {
    /// Pages, rows, policy.
    pub knowledge: Knowledge,
    /// What was read.
    pub sources: Sources,
    /// What was found.
    pub report: Report,
}

/// Scans and writes; the exit code.
pub fn run(check: &Check) -> anyhow::Result<u8> {
    let Outcome { knowledge, sources, report } = outcome(check)?;
    let mut out = Vec::new();
    match check.format {
        Format::Text => {
            let color = output::colored(check.color, check.output.as_deref());
            let look = text::Look { color, quiet: check.quiet, verbose: check.verbose, time: true };
            text::write(&report, &sources, &knowledge.cards, look, &mut out)?;
        }
        Format::Json => json::write(&report, &sources, &knowledge.cards, check.all, &mut out)?,
        Format::Sarif => sarif::write(&report, &sources, &knowledge.cards, sarif::Limits::default(), &mut out)?,
    }
    output::deliver(&out, check.output.as_deref())?;
    Ok(if report.failing > 0 { FAILING } else { 0 })
}

/// Scans; writes nothing.
pub fn outcome(check: &Check) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let progress = Progress::start(!check.quiet);
    let knowledge = Knowledge::load(&check.rules, &check.paths)?;
    let policy = policy(check, &knowledge)?;
    progress.now("looking for files");
    let (sources, notices) = discover(&check.paths, &discover::Options { no_ignore: check.no_ignore })?;
    progress.now(format!("reading {} files", sources.files.len()));
    let mut report: Report = knowledge.scan(&sources, notices, &policy);
    report.elapsed_ms = started.elapsed().as_millis();
    Ok(Outcome { knowledge, sources, report })
}

fn policy(check: &Check, knowledge: &Knowledge) -> anyhow::Result<Policy> {
    for rule in check.select.iter().chain(&check.ignore) {
        knowledge.known(rule)?;
    }
    let default = Policy::default();
    let (severity, confidence) = if check.all {
        (Severity::Info, Confidence::Low)
    } else {
        (knowledge.config.min_severity.unwrap_or(default.min_severity), knowledge.config.min_confidence.unwrap_or(default.min_confidence))
    };
    Ok(Policy {
        rules: knowledge.standing.clone(),
        select: check.select.clone(),
        ignore: check.ignore.iter().cloned().chain(knowledge.newer().into_iter().filter(|r| !check.select.contains(r))).collect(),
        preview: check.preview || check.all || knowledge.config.preview,
        hygiene: check.hygiene || check.all || knowledge.config.hygiene,
        min_severity: check.min_severity.unwrap_or(severity),
        min_confidence: check.min_confidence.unwrap_or(confidence),
        fail_on: check.fail_on.map_or(knowledge.fail_on, |g| g.0),
    })
}
