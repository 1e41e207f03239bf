//! A check run with annotations, for more of them than a log may hold. Knows GitHub's sizes, not what is annotated.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::Purpose;
use super::{Failure, GitHub};

/// A remark on a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Annotation {
    /// File, from the root of the repository.
    pub path: String,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// How loud.
    #[serde(rename = "annotation_level")]
    pub level: Level,
    /// A line above the message, plain text.
    pub title: String,
    /// Plain text.
    pub message: String,
}

/// How loud an annotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Notice,
    /// A risk.
    Warning,
    /// A serious risk.
    Failure,
}

/// How the check ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Conclusion {
    /// Nothing to fail on.
    Success,
    /// Something to look at, and nothing to fail on.
    Neutral,
    /// The gate fails.
    Failure,
}

/// A check run.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// Its name in the list of checks.
    pub name: &'a str,
    /// The commit it stands at.
    pub commit: &'a str,
    /// How it ends.
    pub conclusion: Conclusion,
    /// One line, plain text.
    pub title: &'a str,
    /// Markdown, at most 65,535 characters.
    pub summary: &'a str,
    /// Any number of them.
    pub annotations: &'a [Annotation],
}

const PURPOSE: Purpose = Purpose { what: "annotate the commit", permission: "checks: write", scanning: false };

/// GitHub takes this many in one request; each further request adds to them.
const BATCH: usize = 50;

#[derive(Deserialize)]
struct Created {
    id: u64,
}

/// Makes the check run with the first annotations, adds the others, and concludes it with the last.
pub fn publish(github: &GitHub, check: &Check<'_>) -> Result<(), Failure> {
    let repository = &github.access.repository;
    let mut batches = check.annotations.chunks(BATCH).peekable();
    let output = |annotations: &[Annotation]| json!({ "title": check.title, "summary": check.summary, "annotations": annotations });
    let first = output(batches.next().unwrap_or_default());
    let mut body = json!({ "name": check.name, "head_sha": check.commit, "output": first });
    conclude(&mut body, batches.peek().is_none(), check);
    let created: Created = github.post(&format!("/repos/{repository}/check-runs"), &body, PURPOSE)?;
    while let Some(batch) = batches.next() {
        let mut body = json!({ "output": output(batch) });
        conclude(&mut body, batches.peek().is_none(), check);
        github.patch(&format!("/repos/{repository}/check-runs/{}", created.id), &body, PURPOSE)?;
    }
    Ok(())
}

fn conclude(body: &mut Value, last: bool, check: &Check<'_>) {
    let Some(fields) = body.as_object_mut() else { return };
    if last {
        fields.insert("status".to_owned(), json!("completed"));
        fields.insert("conclusion".to_owned(), json!(check.conclusion));
    } else {
        fields.insert("status".to_owned(), json!("in_progress"));
    }
}
