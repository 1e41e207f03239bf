//! The one comment on a pull request: made when there is something to say, edited in place, deleted when there is nothing left, and untouched when
//! nothing changed. Knows whose comment is whose, not what it says.

use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::Purpose;
use super::{Failure, GitHub, Kind};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// There was none, and there is something to say.
    Created,
    /// It said something else.
    Edited,
    /// There is nothing left to say.
    Deleted,
    /// It says this already, or there is none and nothing to say.
    Unchanged,
}

/// What a comment says.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// Markdown.
    pub text: &'a str,
    /// What has to differ for the comment to be edited: the text without what changes by itself, such as the commit of the base.
    pub substance: &'a str,
}

/// The first line of our comment, which GitHub does not show. `category` tells the comments of several runs on one pull request apart.
pub fn first_line(category: &str, substance: &str) -> String {
    format!("{}{}: this comment is kept up to date -->", opening(category), digest(substance))
}

fn opening(category: &str) -> String {
    format!("<!-- pipevet {} ", digest(category))
}

fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect()
}

/// GitHub refuses a comment with more characters.
pub const MOST: usize = 65_536;

const READ: Purpose = Purpose { what: "read the comments of the pull request", permission: "pull-requests: read", scanning: false };
const WRITE: Purpose = Purpose { what: "comment on the pull request", permission: "pull-requests: write", scanning: false };

#[derive(Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Option<User>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    login: String,
}

/// Brings the comment of a category on pull request `number` to what is `said`; `None`: there is nothing to say.
///
/// Anyone can write our first line into a comment of their own, so only a comment by the same author as the token's is ever touched.
pub fn settle(github: &GitHub, number: u64, category: &str, said: Option<Said<'_>>) -> Result<Settled, Failure> {
    let first = said.map(|s| first_line(category, s.substance));
    let wanted = said.zip(first.as_ref()).map(|(s, first)| format!("{first}\n{}", s.text.trim_end()));
    let opening = opening(category);
    if wanted.as_ref().is_some_and(|w| w.chars().count() > MOST) {
        return Err(Failure::new(Kind::TooLarge, WRITE, &format!("{MOST} characters are the most")));
    }
    let repository = &github.access.repository;
    let marked: Vec<Comment> = github
        .pages::<Comment>(&format!("/repos/{repository}/issues/{number}/comments"), READ)?
        .into_iter()
        .filter(|c| c.body.as_ref().is_some_and(|b| b.starts_with(&opening)))
        .collect();
    let mine: Vec<Comment> = if marked.is_empty() {
        marked
    } else {
        let me = whoami(github)?;
        marked.into_iter().filter(|c| c.user.as_ref().is_some_and(|u| u.login == me)).collect()
    };
    let route = |id: u64| format!("/repos/{repository}/issues/comments/{id}");
    let mut old = mine.into_iter();
    let settled = match (old.next(), wanted) {
        (None, None) => Settled::Unchanged,
        (None, Some(body)) => {
            let _: Value = github.post(&format!("/repos/{repository}/issues/{number}/comments"), &json!({ "body": body }), WRITE)?;
            Settled::Created
        }
        (Some(comment), None) => {
            github.delete(&route(comment.id), WRITE)?;
            Settled::Deleted
        }
        (Some(comment), _) if comment.body.as_ref().and_then(|b| b.lines().next()) == first.as_deref() => Settled::Unchanged,
        (Some(comment), Some(body)) => {
            github.patch(&route(comment.id), &json!({ "body": body }), WRITE)?;
            Settled::Edited
        }
    };
    // A try whose answer was lost can leave a second one behind.
    for stray in old {
        github.delete(&route(stray.id), WRITE)?;
    }
    Ok(settled)
}

#[derive(Deserialize)]
struct Viewer {
    data: Option<ViewerData>,
}

#[derive(Deserialize)]
struct ViewerData {
    viewer: User,
}

/// Login of who the token speaks for. The REST interface does not tell the token of a job; GraphQL does.
fn whoami(github: &GitHub) -> Result<String, Failure> {
    let api = github.access.api.trim_end_matches('/');
    let address = api.strip_suffix("/api/v3").map_or_else(|| format!("{api}/graphql"), |host| format!("{host}/api/graphql"));
    let viewer: Viewer = github.post(&address, &json!({ "query": "query { viewer { login } }" }), READ)?;
    viewer.data.map(|d| d.viewer.login).ok_or_else(|| Failure::new(Kind::Denied, READ, "the token's own name is not told"))
}
