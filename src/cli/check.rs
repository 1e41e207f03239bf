//! `pipevet check`: from paths to a report. Puts the layers together and decides nothing about findings.

use std::time::Instant;

#[cfg(feature = "git")]
use super::against;
use super::args::{Check, Format};
use super::knowledge::{Knowledge, Origin};
#[cfg(feature = "github")]
use super::online::respect_dismissals;
use super::progress::Progress;
use super::{FAILING, kept, output};
use crate::discover;
use crate::finding::Report;
use crate::notice::Notice;
#[cfg(feature = "git")]
use crate::platform::changed;
use crate::report::{cleared, github, json, jsonl, markdown, overview, sarif, text};
use crate::source::Sources;
#[cfg(feature = "git")]
use crate::triage::compare;
use crate::triage::compare::Snapshot;
use crate::triage::{Policy, baseline};

/// What a run found, with all that reports need.
pub struct Outcome {
    /// Pages, rows, policy.
    pub knowledge: Knowledge,
    /// What was read.
    pub sources: Sources,
    /// What was found.
    pub report: Report,
    /// By what it was judged.
    pub policy: Policy,
    /// All of it, as it is taken down.
    pub snapshot: Snapshot,
}

/// Scans and writes; the exit code.
///
/// `plain`: nothing but `pipevet` was said, without a command. That asks for the first screen, where nothing else asks for the list.
pub fn run(check: &Check, plain: bool) -> anyhow::Result<u8> {
    let Outcome { knowledge, sources, report, .. } = outcome(check)?;
    let mut out = Vec::new();
    let extra = json::Extra { hidden: check.choices.all, cleared: check.cleared, suppressed: check.suppressed };
    match check.format {
        Format::Text if plain && !check.quiet && !check.verbose && !check.cleared && !check.suppressed && report.comparison.is_none() => {
            overview::write(&report, &sources, output::colored(check.color, check.output.as_deref()), &mut out)?;
        }
        Format::Text if check.cleared => cleared::write(&report, &sources, check.verbose, &mut out)?,
        Format::Text if check.suppressed => cleared::write_suppressed(&report, &sources, check.verbose, &mut out)?,
        Format::Text => {
            let color = output::colored(check.color, check.output.as_deref());
            let look = text::Look { color, quiet: check.quiet, verbose: check.verbose, time: true };
            text::write(&report, &sources, &knowledge.cards, look, &mut out)?;
        }
        Format::Json => json::write(&report, &sources, &knowledge.cards, extra, &mut out)?,
        Format::Jsonl => jsonl::write(&report, &sources, &knowledge.cards, extra, &mut out)?,
        Format::Github => github::write(&report, &sources, &knowledge.cards, github::MOST, &mut out)?,
        Format::Markdown => markdown::write(&report, &sources, &knowledge.cards, markdown::SUMMARY, &mut out)?,
        Format::Sarif => sarif::write(&report, &sources, &knowledge.cards, sarif::Limits::default(), &mut out)?,
    }
    output::deliver(&out, check.output.as_deref())?;
    let code = if report.failing > 0 { FAILING } else { 0 };
    left_standing((knowledge, sources, report));
    Ok(code)
}

/// Leaves what stands until the program ends to the system, which takes it back at once: piece by piece it takes a tenth of a short run.
fn left_standing<T>(what: T) {
    std::mem::forget(what);
}

/// Scans; writes nothing.
pub fn outcome(check: &Check) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let progress = Progress::start(!check.quiet);
    progress.now("looking for files");
    let check = &widened(check)?;
    let mut outcome = scanned(check, &progress)?;
    if check.respect_dismissals {
        progress.now("asking GitHub what was dismissed");
        respect_dismissals(&mut outcome.report, &outcome.sources, &outcome.policy)?;
    }
    outcome.report.elapsed_ms = started.elapsed().as_millis();
    Ok(outcome)
}

#[cfg(not(feature = "github"))]
fn respect_dismissals(_: &mut Report, _: &Sources, _: &Policy) -> anyhow::Result<()> {
    anyhow::bail!("--respect-dismissals: {}", super::WITHOUT_GITHUB)
}

/// A file is never judged alone: who can run it stands elsewhere in its repository. So that is read, and the file says what is shown.
pub fn widened(check: &Check) -> anyhow::Result<Check> {
    let mut wide = check.clone();
    for path in &mut wide.paths {
        let real = path.canonicalize().map_err(|e| anyhow::anyhow!("{}: {}", path.display(), discover::reason(&e)))?;
        let top = real.ancestors().skip(1).find(|d| d.join(".git").exists());
        if let Some(top) = top.filter(|_| real.is_file() && discover::kind::by_name(&real) != discover::kind::Named::No) {
            *path = top.to_owned();
            wide.only.push(real);
        }
    }
    if !wide.only.is_empty() {
        let whole = check.paths.iter().filter_map(|p| p.canonicalize().ok()).filter(|p| !wide.only.contains(p));
        wide.only.extend(whole.collect::<Vec<_>>());
    }
    Ok(wide)
}

#[cfg(not(feature = "git"))]
fn scanned(check: &Check, progress: &Progress) -> anyhow::Result<Outcome> {
    anyhow::ensure!(check.base.is_none(), "--base reads git objects, and this build has none of that (cargo feature `git`)");
    by_itself(check, progress)
}

#[cfg(feature = "git")]
fn scanned(check: &Check, progress: &Progress) -> anyhow::Result<Outcome> {
    match against::against(check)? {
        Some(base) => compared(check, &base, progress),
        None => by_itself(check, progress),
    }
}

/// Scans the working tree and compares it with nothing, whatever run this is part of.
#[cfg(feature = "git")]
pub fn by_itself(check: &Check, progress: &Progress) -> anyhow::Result<Outcome> {
    let (tracked, notices) = against::tracked(&check.paths);
    alone(check, tracked, notices, progress)
}

/// Scans the working tree.
#[cfg(not(feature = "git"))]
pub fn by_itself(check: &Check, progress: &Progress) -> anyhow::Result<Outcome> {
    alone(check, Vec::new(), Vec::new(), progress)
}

/// The working tree by itself.
fn alone(check: &Check, tracked: Vec<discover::Tracked>, mut notices: Vec<Notice>, progress: &Progress) -> anyhow::Result<Outcome> {
    let options = discover::Options { no_ignore: check.no_ignore, tracked, one_repository: false, whole: check.plans };
    // What is asked for decides what is read; mostly that is everything.
    let all = || check.choices.select.is_empty().then(|| discover::discover(&check.paths, &options));
    let (knowledge, found) = rayon::join(|| Knowledge::load(&check.choices, &check.paths, Origin::Disk), all);
    let mut knowledge = knowledge?;
    knowledge.cache = kept::open(check, &mut notices);
    knowledge.plans = plans(check);
    let policy = policy(check, &knowledge)?;
    let (mut sources, left_out) = match found {
        Some(found) => found?,
        None => knowledge.discover(&check.paths, &options, &policy)?,
    };
    let told = notices.clone();
    notices.extend(left_out);
    progress.now(format!("reading {} files", sources.files.len()));
    let (mut report, mut model) = knowledge.scan(&sources, notices, &policy);
    if model.short {
        let (whole, left_out) = discover::discover(&check.paths, &options)?;
        sources = whole;
        (report, model) = knowledge.scan(&sources, [told, left_out].concat(), &policy);
    }
    kept::save(knowledge.cache.as_ref(), &mut report);
    let now = Snapshot::of(&report, &model.facts, &sources);
    left_standing(model);
    held_by_baseline(check, Origin::Disk, &mut report, &now, &sources, &policy)?;
    Ok(Outcome { knowledge, sources, report, policy, snapshot: now })
}

/// A change, held against its base. Both sides are judged by the same rows and pages: what differs is the change alone.
#[cfg(feature = "git")]
fn compared(check: &Check, against: &against::Against, progress: &Progress) -> anyhow::Result<Outcome> {
    let revisions = against.revisions()?;
    let mut knowledge = Knowledge::load(&check.choices, &check.paths, revisions.policy())?;
    let mut policy = policy(check, &knowledge)?;
    let mut trees = revisions.trees(check)?;
    knowledge.cache = Some(kept::for_comparison(check, &mut trees.notices));
    progress.now(format!("reading {} files of the base", trees.base.files.len()));
    let base = if trees.equal {
        None
    } else {
        let (report, model) = knowledge.scan(&trees.base, Vec::new(), &policy);
        Some(Snapshot::of(&report, &model.facts, &trees.base))
    };
    if against.outsider {
        policy.comments = base.as_ref().map(|b| b.accepted(&trees.renamed));
    }
    progress.now(format!("reading {} files", trees.head.files.len()));
    knowledge.plans = plans(check);
    let (mut report, model) = knowledge.scan(&trees.head, trees.notices, &policy);
    kept::save(knowledge.cache.as_ref(), &mut report);
    let now = Snapshot::of(&report, &model.facts, &trees.head);
    left_standing(model);
    let added = changed::added(&trees.head, &trees.base, &trees.renamed);
    let base = compare::apply::Base {
        shown: against.shown(),
        snapshot: base.as_ref().unwrap_or(&now),
        renamed: &trees.renamed,
        outsider: against.outsider,
        added: &added,
        policy: revisions.policy_changes(&knowledge.config),
    };
    compare::apply::apply(&mut report, &now, &base, &trees.head, &policy);
    held_by_baseline(check, revisions.policy(), &mut report, &now, &trees.head, &policy)?;
    Ok(Outcome { knowledge, sources: trees.head, report, policy, snapshot: now })
}

/// Whether somebody reads the edits that would remove a finding: programs do.
fn plans(check: &Check) -> bool {
    check.plans || matches!(check.format, Format::Json | Format::Jsonl | Format::Sarif)
}

/// Hides what the project's baseline holds, if it has one.
pub fn held_by_baseline(
    check: &Check,
    origin: Origin<'_>,
    report: &mut Report,
    now: &Snapshot,
    sources: &Sources,
    policy: &Policy,
) -> anyhow::Result<()> {
    if check.no_baseline {
        return Ok(());
    }
    if let Some(baseline) = super::baseline::find(&check.baseline, &check.paths, origin)? {
        baseline::apply(report, now, &baseline, sources, policy);
    }
    Ok(())
}

pub(super) fn policy(check: &Check, knowledge: &Knowledge) -> anyhow::Result<Policy> {
    let choices = &check.choices;
    for rule in choices.select.iter().chain(&choices.ignore) {
        knowledge.known(rule)?;
    }
    let config = &knowledge.config;
    Ok(Policy {
        rules: knowledge.standing.clone(),
        aliases: knowledge.rules.aliases(),
        select: choices.select.clone(),
        only: check.only.clone(),
        ignore: choices.ignore.iter().cloned().chain(knowledge.newer().into_iter().filter(|r| !choices.select.contains(r))).collect(),
        preview: config.preview,
        hygiene: config.hygiene,
        min_severity: config.min_severity,
        min_confidence: config.min_confidence,
        fail_on: config.fail_on,
        comments: None,
        ignores: config.ignores.clone(),
        home: config.home.clone(),
        today: config.today.clone(),
        whole: knowledge.whole,
    })
}
