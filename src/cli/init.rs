//! `pipevet init`: a policy with its defaults written out, and the workflow that holds pull requests against it. Writes new files only.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::args::{Choices, Init};
use super::knowledge::{Knowledge, Origin};
use super::output;
use crate::report::escape::visible;

const POLICY: &str = include_str!("init_files/policy.toml");
const WORKFLOW: &str = include_str!("init_files/workflow.yml");
/// The release of the action that workflows pin: repository, commit, version. The only place that says so; set after each release.
const RELEASE: &str = include_str!("init_files/release.txt");
/// Where the workflow goes, from the top of the repository.
const WORKFLOW_PATH: &str = ".github/workflows/pipevet.yml";

/// Writes what is not there yet, and says what was written and what to do next.
pub fn run(init: &Init) -> anyhow::Result<u8> {
    let start = init.directory.canonicalize().with_context(|| init.directory.display().to_string())?;
    let top = start.ancestors().find(|d| d.join(".git").exists()).unwrap_or(&start).to_owned();
    let mut said = String::new();
    let knowledge = Knowledge::load(&Choices::default(), std::slice::from_ref(&top), Origin::Disk);
    // A policy that is wrong is one all the same, and nothing is written beside it.
    let policy = match &knowledge {
        Ok(k) => k.config.file.clone(),
        Err(_) => Some("the policy that is there (it has a fault: `pipevet check` shows it)".to_owned()),
    };
    match policy {
        Some(file) => writeln!(said, "kept    {}: this repository has a policy", visible(&file))?,
        None => {
            let newest = knowledge.ok().and_then(|k| k.rules.pages.into_iter().map(|p| p.edition).max()).unwrap_or_default();
            put(&top, "pipevet.toml", &POLICY.replace("@EDITION@", &newest), &mut said)?;
        }
    }
    let mut words = RELEASE.split_whitespace();
    let (action, commit, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let branch = default_branch(&top);
    let workflow = [("@BRANCH@", branch.as_str()), ("@ACTION@", action), ("@COMMIT@", commit), ("@VERSION@", version)]
        .iter()
        .fold(WORKFLOW.to_owned(), |text, (mark, with)| text.replace(mark, with));
    let written = put(&top, WORKFLOW_PATH, &workflow, &mut said)?;
    said.push_str("\nNext:\n");
    if written && commit.bytes().all(|b| b == b'0') {
        writeln!(said, "  put repository and commit of the release you use in place of {action}@000…: this build knows of no release")?;
    }
    said.push_str("  commit both files on a branch and open a pull request: it fails only for what it adds or makes worse\n");
    said.push_str("  pipevet                  where to begin with what is there\n");
    said.push_str("  pipevet why FILE:LINE    why a place is an alert or is none\n");
    output::deliver(said.as_bytes(), None)?;
    Ok(0)
}

/// Writes a new file below `top`; whether it did. One that is there stays as it is, and no link leads out of the repository.
fn put(top: &Path, path: &str, text: &str, said: &mut String) -> anyhow::Result<bool> {
    let file = top.join(path);
    let directory = file.parent().map_or_else(|| top.to_owned(), Path::to_owned);
    // Directories that are there are looked at before one is made: a link among them may lead anywhere.
    let real = directory.ancestors().find_map(|d| d.canonicalize().ok()).unwrap_or_default();
    if !real.starts_with(top) {
        bail!("{} leads out of the repository; nothing was written there", directory.display());
    }
    std::fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    let shown = visible(&relative(&file));
    match std::fs::OpenOptions::new().write(true).create_new(true).open(&file) {
        Ok(mut out) => {
            out.write_all(text.as_bytes()).with_context(|| shown.clone())?;
            writeln!(said, "wrote   {shown}")?;
            Ok(true)
        }
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            writeln!(said, "kept    {shown}: it is there already, and nothing is overwritten")?;
            Ok(false)
        }
        Err(e) => Err(e).context(shown),
    }
}

/// A path from the working directory where it lies inside.
fn relative(path: &Path) -> String {
    let here = std::env::current_dir().and_then(|d| d.canonicalize()).unwrap_or_default();
    let path = path.strip_prefix(&here).map_or_else(|_| path.to_owned(), PathBuf::from);
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// The branch that a clone began with, else the one that is checked out, else `main`. Read as text; git is not run.
fn default_branch(top: &Path) -> String {
    let named = |file: &str, before: &str| {
        let text = std::fs::read_to_string(top.join(".git").join(file)).ok()?;
        let name = text.trim().strip_prefix("ref: ")?.strip_prefix(before)?.to_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
        (!name.is_empty() && name.chars().all(plain)).then_some(name)
    };
    let of_clone = named("refs/remotes/origin/HEAD", "refs/remotes/origin/");
    of_clone.or_else(|| named("HEAD", "refs/heads/")).unwrap_or_else(|| "main".to_owned())
}
