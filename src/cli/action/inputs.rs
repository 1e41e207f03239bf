//! Inputs of the Action, from the variables that `action.yml` sets, and what the runner says of the run. Reads them and judges nothing but their form.

use std::path::PathBuf;

use anyhow::bail;
use serde_json::Value;

use crate::platform::event::{self, Change};

/// What a workflow wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// Arguments of `pipevet check` that follow from them.
    pub arguments: Vec<String>,
    /// Category in code scanning, with a `/` at the end: two runs of one job with other paths must not take the place of each other.
    pub category: String,
    /// Report and never fail.
    pub observe: bool,
    /// Whether to upload to code scanning.
    pub upload: Upload,
    /// Keep a comment on the pull request.
    pub comment: bool,
    /// Write the job summary.
    pub summary: bool,
    /// Annotate lines when nothing is uploaded.
    pub annotations: bool,
    /// Leave out what was dismissed on GitHub.
    pub respect_dismissals: bool,
}

/// Whether to upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upload {
    /// When the token may.
    Auto,
    /// Or fail.
    Always,
    /// Not at all.
    Never,
}

/// The run this is part of.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The change that asks to be merged, if the event is about one.
    pub change: Option<Change>,
    /// Whether it runs on the default branch, for no change.
    pub default_branch: bool,
    /// `refs/heads/main`, `refs/pull/7/merge`.
    pub reference: String,
    /// The commit the run is for.
    pub commit: String,
    /// Whether the token is one that GitHub gives to changes of outsiders, which may only read.
    pub read_only: bool,
    /// Where logs may be left.
    pub temporary: PathBuf,
    /// Files that the runner reads: outputs and the job summary.
    pub outputs: Option<PathBuf>,
    /// See [`Run::outputs`].
    pub summary: Option<PathBuf>,
}

/// Reads the inputs; `var` gives the value of a variable, if it is set to anything.
pub fn inputs(var: impl Fn(&str) -> Option<String>) -> anyhow::Result<Inputs> {
    let choice = |name: &str, allowed: &[&'static str]| -> anyhow::Result<&'static str> {
        let first = allowed.first().copied().unwrap_or_default();
        let Some(value) = var(&format!("PIPEVET_{}", name.to_uppercase().replace('-', "_"))) else { return Ok(first) };
        match allowed.iter().find(|a| **a == value.trim()) {
            Some(found) => Ok(found),
            None => bail!("input `{name}`: `{}` is none of {}", value.trim(), allowed.join(", ")),
        }
    };
    let truth = |name: &str, default: bool| -> anyhow::Result<bool> {
        Ok(choice(name, if default { &["true", "false"] } else { &["false", "true"] })? == "true")
    };
    let mut arguments = vec!["check".to_owned(), "--quiet".to_owned()];
    for (variable, option) in [("PIPEVET_CONFIG", "--config"), ("PIPEVET_BASE", "--base"), ("PIPEVET_FAIL_ON", "--fail-on")] {
        // One piece, so that no value is taken for an option.
        arguments.extend(var(variable).map(|value| format!("{option}={}", value.trim())));
    }
    arguments.push("--".to_owned());
    let paths: Vec<String> = var("PIPEVET_PATHS").unwrap_or_default().lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect();
    let whole = paths.iter().all(|p| matches!(p.as_str(), "." | "./"));
    let category = if whole { "pipevet/".to_owned() } else { format!("pipevet/{}/", paths.join("+")) };
    arguments.extend(if paths.is_empty() { vec![".".to_owned()] } else { paths });
    Ok(Inputs {
        arguments,
        category,
        observe: choice("mode", &["enforce", "observe"])? == "observe",
        upload: match choice("upload", &["auto", "always", "never"])? {
            "always" => Upload::Always,
            "never" => Upload::Never,
            _ => Upload::Auto,
        },
        comment: choice("comment", &["auto", "never"])? == "auto",
        summary: truth("summary", true)?,
        annotations: truth("annotations", true)?,
        respect_dismissals: truth("respect-dismissals", true)?,
    })
}

/// Reads what the runner says.
pub fn run(var: impl Fn(&str) -> Option<String>) -> anyhow::Result<Run> {
    let text = |name: &str| var(name).unwrap_or_default();
    let event = match var("GITHUB_EVENT_PATH") {
        Some(path) => event::read(path.as_ref())?,
        None => Value::Null,
    };
    let (name, reference) = (text("GITHUB_EVENT_NAME"), text("GITHUB_REF"));
    let change = event::change(&event);
    let default = event["repository"]["default_branch"].as_str().map(|b| format!("refs/heads/{b}"));
    // A schedule runs nowhere else, and its event names no branch.
    let default_branch = change.is_none() && (default.is_some_and(|d| d == reference) || name == "schedule");
    let fork = change.as_ref().is_some_and(|c| c.fork);
    Ok(Run {
        read_only: fork && name != "pull_request_target",
        change,
        default_branch,
        reference,
        commit: text("GITHUB_SHA"),
        temporary: var("RUNNER_TEMP").map_or_else(std::env::temp_dir, PathBuf::from),
        outputs: var("GITHUB_OUTPUT").map(PathBuf::from),
        summary: var("GITHUB_STEP_SUMMARY").map(PathBuf::from),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: &[(&str, &str)]) -> anyhow::Result<Inputs> {
        let set: Vec<(String, String)> = set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        inputs(|name| set.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()))
    }

    #[test]
    fn inputs_become_arguments_that_cannot_be_taken_for_options() {
        let plain = of(&[]).unwrap();
        assert_eq!(
            (plain.arguments.as_slice(), plain.category.as_str()),
            (["check", "--quiet", "--", "."].map(str::to_owned).as_slice(), "pipevet/")
        );
        assert_eq!((plain.upload, plain.comment, plain.summary, plain.annotations, plain.observe), (Upload::Auto, true, true, true, false));
        let set =
            of(&[("PIPEVET_PATHS", "a b\n\n  --output=x \r\n"), ("PIPEVET_BASE", "--help"), ("PIPEVET_FAIL_ON", "low"), ("PIPEVET_UPLOAD", "never")]);
        let set = set.unwrap();
        assert_eq!(set.arguments, ["check", "--quiet", "--base=--help", "--fail-on=low", "--", "a b", "--output=x"]);
        assert_eq!((set.upload, set.category.as_str()), (Upload::Never, "pipevet/a b+--output=x/"));
        let wrong = of(&[("PIPEVET_MODE", "warn")]).unwrap_err().to_string();
        assert!(wrong.contains("`mode`") && wrong.contains("enforce, observe"), "{wrong}");
        assert!(of(&[("PIPEVET_SUMMARY", "yes")]).is_err());
    }
}
