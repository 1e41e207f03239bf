//! `pipevet why`: scans as `check` does, then asks the model about one line. Finds out why a file was not read where it was not.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

#[cfg(feature = "git")]
use super::against;
use super::args::{Check, ListFormat, Why};
use super::knowledge::{Knowledge, Origin};
use super::progress::Progress;
use super::{check, output};
use crate::discover::{Options, discover};
use crate::notice::Notice;
use crate::report::why as report;
use crate::source::{FileId, Sources};
use crate::triage::baseline;
use crate::triage::compare::Snapshot;
use crate::why::{Context as Asked, Point, Topic, why};

/// Says why a place is an alert or is none.
pub fn run(asked: Why) -> anyhow::Result<u8> {
    let (name, line) = place(&asked.place)?;
    let real = Path::new(&name).canonicalize().with_context(|| name.clone())?;
    if !real.is_file() {
        bail!("{name} is no file");
    }
    let paths = if asked.paths.is_empty() { vec![around(&real)] } else { asked.paths.clone() };
    let progress = Progress::start(true);
    let knowledge = Knowledge::load(&asked.choices, &paths, Origin::Disk)?;
    let policy = check::policy(&Check { choices: asked.choices, ..Check::default() }, &knowledge)?;
    #[cfg(feature = "git")]
    let (tracked, mut notices) = against::tracked(&paths);
    #[cfg(not(feature = "git"))]
    let (tracked, mut notices) = (Vec::new(), Vec::new());
    let (sources, left_out) = discover(&paths, &Options { tracked, ..Options::default() })?;
    let found = sources.iter().find(|(_, f)| f.location == real).map(|(id, _)| id);
    let mut out = Vec::new();
    let Some(file) = found else {
        let text = unread(&real, &name, &paths, &sources, &left_out);
        let answer =
            crate::why::Why { verdict: "no alert: this file was not read".to_owned(), points: vec![Point { topic: Topic::Notice, at: None, text }] };
        return told(asked.format, (&name, line), &answer, &sources, &mut out);
    };
    let lines = sources.file(file).lines().count();
    if line == 0 || line > lines {
        bail!("{name} has {lines} lines");
    }
    notices.extend(left_out);
    progress.now(format!("reading {} files", sources.files.len()));
    let (mut found, model) = knowledge.look(&sources, notices, &policy);
    if let Some(accepted) = super::baseline::find(&None, &paths, Origin::Disk)? {
        let now = Snapshot::of(&found, &model.facts, &sources);
        baseline::apply(&mut found, &now, &accepted, &sources, &policy);
    }
    drop(progress);
    let asked_of = Asked { sources: &sources, model: &model, report: &found, catalog: &knowledge.catalog, rules: &knowledge.rules };
    let answer = why(&asked_of, FileId(file.0), line);
    told(asked.format, (&sources.file(file).shown, line), &answer, &sources, &mut out)
}

fn told(format: ListFormat, place: (&str, u32), answer: &crate::why::Why, sources: &Sources, out: &mut Vec<u8>) -> anyhow::Result<u8> {
    match format {
        ListFormat::Text => report::write(place, answer, sources, out)?,
        ListFormat::Json => report::write_json(place, answer, sources, out)?,
    }
    output::deliver(out, None)?;
    Ok(0)
}

/// `FILE:LINE`, or `FILE:LINE:COLUMN` as reports print it.
fn place(text: &str) -> anyhow::Result<(String, u32)> {
    let number = |t: &str| t.split_once(':').map_or(t, |(line, _)| line).parse::<u32>().ok();
    let mut at = text.len();
    for _ in 0..2 {
        let Some(colon) = text.get(..at).and_then(|t| t.rfind(':')) else { break };
        let (file, rest) = (text.get(..colon).unwrap_or_default(), text.get(colon + 1..).unwrap_or_default());
        if let Some(line) = number(rest).filter(|_| Path::new(file).exists()) {
            return Ok((file.to_owned(), line));
        }
        at = colon;
    }
    bail!("{text}: expected a file that exists and a line, FILE:LINE")
}

/// What is scanned when nothing is said: the working directory when the file lies in it, else the repository around the file.
fn around(file: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|d| d.canonicalize()).unwrap_or_default();
    let directory = file.parent().unwrap_or(file);
    let top = directory.ancestors().find(|d| d.join(".git").exists()).unwrap_or(directory);
    if file.starts_with(&here) && here.starts_with(top) { PathBuf::from(".") } else { top.to_owned() }
}

/// Why a file is not among what was read.
fn unread(real: &Path, name: &str, paths: &[PathBuf], sources: &Sources, notices: &[Notice]) -> String {
    let base = real.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if let Some(notice) = notices.iter().find(|n| n.file.is_none() && n.text.contains(&base)) {
        return notice.text.clone();
    }
    let scanned: Vec<PathBuf> = paths.iter().filter_map(|p| p.canonicalize().ok()).collect();
    if !scanned.iter().any(|p| real.starts_with(p)) {
        return format!("{name} lies outside of what was scanned");
    }
    if sources.unread.iter().any(|(_, path)| real.ends_with(path)) {
        return "nothing reads files of this name or kind".to_owned();
    }
    let all = discover(paths, &Options { no_ignore: true, ..Options::default() });
    if all.is_ok_and(|(all, _)| all.files.iter().any(|f| f.location == real)) {
        return "an ignore file or a directory of installed packages leaves it out; `pipevet check --no-ignore` reads it".to_owned();
    }
    let alone = discover(&[real.to_owned()], &Options::default());
    let why = alone.ok().and_then(|(_, notices)| notices.into_iter().next()).map(|n| n.text);
    why.unwrap_or_else(|| "nothing reads files of this name or kind".to_owned())
}
