//! The event that started a GitHub Actions run, as far as comparing needs it. Reads the event file as data; asks GitHub nothing.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

/// A change that asks to be merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Number of the pull request; none for a merge queue.
    pub number: Option<u64>,
    /// Commit of the target branch when the event was made.
    pub base: String,
    /// The target branch.
    pub base_ref: String,
    /// Last commit of the change.
    pub head: String,
    /// Whether the change comes from another repository than the one it is meant for.
    pub fork: bool,
}

/// The change that an event is about; `None` for events without one.
pub fn change(event: &Value) -> Option<Change> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    if let Some(group) = event.get("merge_group").filter(|g| g.is_object()) {
        let base_ref = text(&group["base_ref"]);
        let base_ref = base_ref.strip_prefix("refs/heads/").unwrap_or(&base_ref).to_owned();
        return Some(Change { number: None, base: text(&group["base_sha"]), base_ref, head: text(&group["head_sha"]), fork: false });
    }
    let pull = event.get("pull_request").filter(|p| p.is_object())?;
    // A fork that was deleted has no name any more; it was another repository all the same.
    let (from, to) = (&pull["head"]["repo"]["full_name"], &pull["base"]["repo"]["full_name"]);
    Some(Change {
        number: pull["number"].as_u64(),
        base: text(&pull["base"]["sha"]),
        base_ref: text(&pull["base"]["ref"]),
        head: text(&pull["head"]["sha"]),
        fork: !from.is_string() || from != to,
    })
}

/// The change of the run that this program is part of, by the variables a runner sets.
pub fn of_this_run() -> anyhow::Result<Option<Change>> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let (Some(_), Some(path)) = (set("GITHUB_ACTIONS"), set("GITHUB_EVENT_PATH")) else { return Ok(None) };
    read(Path::new(&path)).map(|event| change(&event))
}

/// An event file.
pub fn read(path: &Path) -> anyhow::Result<Value> {
    let bytes = std::fs::read(path).with_context(|| format!("the event file {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("the event file {} is no JSON", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forks_are_told_by_the_repository_they_come_from() {
        let pull = |from: Value| {
            change(&json!({ "pull_request": { "number": 7, "head": { "sha": "b", "repo": from },
                "base": { "sha": "a", "ref": "main", "repo": { "full_name": "acme/scorer" } } } }))
        };
        let own = pull(json!({ "full_name": "acme/scorer" })).unwrap();
        assert_eq!((own.fork, own.number, own.base.as_str(), own.head.as_str(), own.base_ref.as_str()), (false, Some(7), "a", "b", "main"));
        assert!(pull(json!({ "full_name": "eve/scorer" })).unwrap().fork);
        assert!(pull(Value::Null).unwrap().fork, "a deleted fork is none of ours");
        assert_eq!(change(&json!({ "ref": "refs/heads/main", "commits": [] })), None);
        let queued = change(&json!({ "merge_group": { "base_sha": "a", "head_sha": "b", "base_ref": "refs/heads/main" } })).unwrap();
        assert_eq!((queued.fork, queued.base_ref.as_str(), queued.number), (false, "main", None));
    }
}
