//! `pipevet fix`: scans, edits in memory, scans again, and writes the files that are better for it. Writes only files that lie in the paths it was given.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use super::args::{Check, Fix};
use super::check::{Outcome as Run, by_itself, held_by_baseline, widened};
use super::knowledge::Origin;
use super::progress::Progress;
use super::{FAILING, output};
use crate::finding::{Edit, Report, Safety};
use crate::fix::batch::{Batch, Outcome, Wanted};
use crate::fix::rounds;
use crate::report::{diff, escape, fixes};
use crate::source::{FileId, Sources};
use crate::triage::compare::Snapshot;
use crate::triage::redact;

/// Runs `pipevet fix`; the exit code.
pub fn run(fix: &Fix) -> anyhow::Result<u8> {
    let check = Check {
        paths: fix.paths.clone(),
        choices: fix.choices.clone(),
        baseline: fix.baseline.clone(),
        no_baseline: fix.no_baseline,
        no_ignore: fix.no_ignore,
        plans: true,
        ..Check::default()
    };
    let progress = Progress::start(true);
    let inside = check.paths.iter().map(|p| p.canonicalize().with_context(|| p.display().to_string())).collect::<anyhow::Result<Vec<_>>>()?;
    let check = widened(&check)?;
    let Run { knowledge, mut sources, report, policy, .. } = by_itself(&check, &progress)?;
    let (mut entries, mut wanted) = (Vec::new(), Vec::new());
    let mut more = 0;
    for reported in &report.shown {
        let Some(plan) = &reported.repair else { continue };
        let place = sources.file(reported.alert.primary.file);
        let line = place.lines().line(reported.alert.primary.range.start);
        let mut entry = fixes::Entry {
            file: place.shown.clone(),
            line,
            rule: reported.alert.rule.clone(),
            title: String::new(),
            note: String::new(),
            outcome: Outcome::Conflict,
        };
        match plan {
            Err(why) => entry.outcome = Outcome::Refused(why.clone()),
            Ok(repair) if repair.safety == Safety::Unsafe && !fix.unsafe_too => {
                more += 1;
                continue;
            }
            Ok(repair) if !repair.edits.iter().all(|e| is_inside(&sources.file(e.at.file).location, &inside)) => {
                entry.outcome = Outcome::Refused("what would be edited lies outside of the paths that were given".to_owned());
            }
            Ok(repair) => {
                (entry.title, entry.note) = (repair.title.clone(), repair.note.clone());
                wanted.push((entries.len(), Wanted { alert: reported.alert.clone(), repair: repair.clone() }));
            }
        }
        entries.push(entry);
    }
    progress.now(format!("trying {} edits", wanted.len()));
    let mut last = None;
    let (at, wanted): (Vec<usize>, Vec<Wanted>) = wanted.into_iter().unzip();
    let batch = rounds::apply(&mut sources, &report, &wanted, &mut |edited| {
        let (report, model) = knowledge.scan(edited, Vec::new(), &policy);
        last = Some(model.facts);
        report
    });
    for (i, outcome) in at.iter().copied().zip(&batch.outcomes) {
        if let Some(entry) = entries.get_mut(i) {
            entry.outcome = outcome.clone();
        }
    }
    drop(progress);
    let mut summary = Vec::new();
    if fix.diff {
        fixes::write(&entries, fixes::Look { dry: true, more }, &mut summary)?;
        output::deliver(&differences(&batch, &report, &mut sources)?, None)?;
        // What is read by a program is the difference alone.
        std::io::stderr().lock().write_all(&summary)?;
        return Ok(if batch.edits.is_empty() { 0 } else { FAILING });
    }
    // One file that cannot be written keeps nobody from the others.
    let mut unwritten: BTreeMap<FileId, String> = BTreeMap::new();
    for (file, before) in &batch.before {
        let edited = sources.file(*file);
        if let Err(why) = write(&edited.location, before, &edited.bytes, &inside) {
            unwritten.insert(*file, format!("{why:#}"));
        }
    }
    for (i, wanted) in at.into_iter().zip(&wanted) {
        let files = wanted.repair.edits.iter().map(|e| e.at.file);
        if let (Some(entry), Some(why)) = (entries.get_mut(i).filter(|e| e.outcome == Outcome::Made), files.filter_map(|f| unwritten.get(&f)).next())
        {
            entry.outcome = Outcome::Refused(format!("it could not be written: {why}"));
        }
    }
    fixes::write(&entries, fixes::Look { dry: false, more }, &mut summary)?;
    output::deliver(&summary, None)?;
    if !unwritten.is_empty() {
        let each: Vec<String> = unwritten.iter().map(|(file, why)| format!("{}: {why}", escape::visible(&sources.file(*file).shown))).collect();
        bail!("could not be written: {}", each.join("; "));
    }
    let failing = match (batch.after, last) {
        (Some(mut after), Some(facts)) => {
            let now = Snapshot::of(&after, &facts, &sources);
            held_by_baseline(&check, Origin::Disk, &mut after, &now, &sources, &policy)?;
            after.failing
        }
        _ => report.failing,
    };
    Ok(if failing > 0 { FAILING } else { 0 })
}

/// The edits as a unified diff, secrets shortened. Puts the files back as they were: places in the report are theirs.
fn differences(batch: &Batch, report: &Report, sources: &mut Sources) -> anyhow::Result<Vec<u8>> {
    let mut edited: Vec<(FileId, Vec<u8>)> = Vec::new();
    for (file, before) in &batch.before {
        if let Some(slot) = sources.files.get_mut(file.0 as usize) {
            let old = slot.with(before.clone());
            edited.push((*file, std::mem::replace(slot, old).bytes));
        }
    }
    let mut out = Vec::new();
    for (file, new) in edited {
        let source = sources.file(file);
        let replaced = |e: &Edit| (e.at.range.bounds(), e.text.len());
        let edits: Vec<diff::Replaced> = batch.edits.get(&file).into_iter().flatten().map(replaced).collect();
        diff::write(&source.uri, &source.bytes, &new, &edits, &redact::cleaner(report, sources, file), &mut out)?;
    }
    Ok(out)
}

fn is_inside(path: &Path, inside: &[PathBuf]) -> bool {
    path.canonicalize().is_ok_and(|real| inside.iter().any(|p| real.starts_with(p)))
}

/// Replaces a file that still is what was read.
fn write(path: &Path, before: &[u8], after: &[u8], inside: &[PathBuf]) -> anyhow::Result<()> {
    let now = std::fs::read(path)?;
    ensure!(is_inside(path, inside), "lies outside of the paths that were given");
    ensure!(now == before, "was changed by somebody else since it was read: nothing was written");
    // A file is replaced by another one in its directory: that alone would not ask whether this one may be written.
    ensure!(!path.metadata()?.permissions().readonly(), "is read-only");
    output::deliver(after, Some(path))
}
