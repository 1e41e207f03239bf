//! `pipevet baseline`: takes findings down in a file, says what of it is stale, and removes that. Knows where the file lies, not how it is matched.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::args::{BaselineCheck, BaselineCommand, BaselineWrite, Check, Choices};
use super::check::{Outcome, by_itself};
use super::knowledge::Origin;
use super::progress::Progress;
use super::{FAILING, output};
use crate::report::escape;
use crate::triage::baseline::Baseline;

/// Where a baseline is looked for when the call names none: there, and above as far as the repository goes.
pub const PLACES: [&str; 2] = ["pipevet-baseline.json", ".github/pipevet-baseline.json"];

/// The baseline of a call: the file it names, else the project's; `None` when there is none.
pub fn find(named: &Option<PathBuf>, scanned: &[PathBuf], origin: Origin<'_>) -> anyhow::Result<Option<Baseline>> {
    let read = |text: &str, shown: &str| Baseline::parse(shown, text).map(Some).map_err(anyhow::Error::msg);
    if let Some(path) = named {
        let name = path.file_name().with_context(|| format!("{} is no file", path.display()))?.to_string_lossy().into_owned();
        let (files, directory) = origin.around(path).with_context(|| format!("{}: there is no such file", path.display()))?;
        let inside = if directory.is_empty() { name } else { format!("{directory}/{name}") };
        let text = files.read(&inside).map_err(anyhow::Error::msg)?.with_context(|| format!("{}: there is no such file", files.shown(&inside)))?;
        return read(&text, &files.shown(&inside));
    }
    for (files, directory) in scanned.iter().filter_map(|p| origin.around(p)) {
        for above in Path::new(&directory).ancestors() {
            for place in PLACES {
                let path = above.join(place).to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
                if let Some(text) = files.read(&path).map_err(|e| anyhow::anyhow!("{}: {e}", files.shown(&path)))? {
                    return read(&text, &files.shown(&path));
                }
            }
        }
    }
    Ok(None)
}

/// Runs `pipevet baseline`; the exit code.
pub fn run(command: &BaselineCommand) -> anyhow::Result<u8> {
    match command {
        BaselineCommand::Write(write) => self::write(write),
        BaselineCommand::Check(check) => stale(check, false),
        BaselineCommand::Prune(check) => stale(check, true),
    }
}

/// What a run finds that no baseline hides, and the baseline it would have.
fn scanned(paths: &[PathBuf], choices: &Choices, named: &Option<PathBuf>) -> anyhow::Result<(Outcome, Option<Baseline>)> {
    let check = Check { paths: paths.to_vec(), choices: choices.clone(), no_baseline: true, quiet: true, ..Check::default() };
    Ok((by_itself(&check, &Progress::start(true))?, find(named, paths, Origin::Disk)?))
}

fn write(write: &BaselineWrite) -> anyhow::Result<u8> {
    let named = write.output.as_ref().filter(|p| p.exists()).cloned();
    let (outcome, old) = scanned(&write.paths, &write.choices, &named)?;
    let is_secret = |rule: &str| crate::report::is_secret(rule, &outcome.knowledge.cards);
    let mut new = Baseline::of(&outcome.snapshot, is_secret, &old.clone().unwrap_or_default());
    for (_, entry) in &mut new.entries {
        if entry.reason.is_empty() {
            entry.reason = write.reason.clone().unwrap_or_default();
        }
        entry.until = entry.until.take().or_else(|| write.until.clone());
    }
    let path = match (&write.output, &old) {
        (Some(path), _) => path.clone(),
        (None, Some(old)) => PathBuf::from(&old.file),
        (None, None) => top(&write.paths)?.join("pipevet-baseline.json"),
    };
    output::deliver(new.text().as_bytes(), Some(&path))?;
    let text = format!("{} findings in {}; only what is new or worse counts from now on\n", new.entries.len(), path.display());
    output::deliver(text.as_bytes(), None)?;
    Ok(0)
}

/// The top of the repository of the first path, else its directory.
fn top(paths: &[PathBuf]) -> anyhow::Result<PathBuf> {
    let first = paths.first().context("no path")?;
    let real = first.canonicalize().with_context(|| first.display().to_string())?;
    let directory = if real.is_dir() { real.as_path() } else { real.parent().unwrap_or(&real) };
    Ok(directory.ancestors().find(|d| d.join(".git").exists()).unwrap_or(directory).to_owned())
}

/// Lists entries that have no effect; with `prune` they are removed, else the exit code tells.
fn stale(check: &BaselineCheck, prune: bool) -> anyhow::Result<u8> {
    let (outcome, baseline) = scanned(&check.paths, &check.choices, &check.baseline)?;
    let Some(mut baseline) = baseline else { bail!("there is no baseline; `pipevet baseline write` makes one") };
    let (_, why) = baseline.held(&outcome.snapshot, &outcome.policy.today);
    let mut text = String::new();
    for ((line, entry), why) in baseline.entries.iter().zip(&why) {
        let Some(why) = why else { continue };
        let line = format!("{}:{line}: {} in {}: {}", baseline.file, entry.rule, entry.file, why.text());
        text.push_str(&format!("{}\n", escape::visible(&line)));
    }
    let count = why.iter().flatten().count();
    let of = baseline.entries.len();
    if prune && count > 0 {
        let mut keep = why.iter().map(Option::is_none);
        baseline.entries.retain(|_| keep.next().unwrap_or(true));
        output::deliver(baseline.text().as_bytes(), Some(Path::new(&baseline.file)))?;
    }
    let did = if prune { "removed" } else { "have no effect" };
    text.push_str(&format!("{count} of {of} entries {did}\n"));
    output::deliver(text.as_bytes(), None)?;
    Ok(if count > 0 && !prune { FAILING } else { 0 })
}
