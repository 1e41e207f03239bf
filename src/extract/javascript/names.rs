//! Qualified names: globals, modules, members. What the platform's toolkit hands to a script under `context` is a context of the platform.

use crate::facts::Call;

/// What a member of a named thing is.
pub(super) enum Member {
    /// A longer name.
    Name(String),
    /// Contexts of the platform; more than one where the event decides.
    Contexts(Vec<String>),
    /// A variable of the environment.
    Variable(String),
}

/// The toolkit's table of the run.
const RUN: &str = "js:context";

/// The name of something that no scope of the text holds.
pub(super) fn global(name: &str) -> String {
    match name {
        // The client goes by two names.
        "octokit" => format!("{}github", Call::JAVASCRIPT),
        name => format!("{}{name}", Call::JAVASCRIPT),
    }
}

/// The name of a module: the toolkit's own packages are called as the globals are that stand for them.
pub(super) fn module(name: &str) -> String {
    let name = name.strip_prefix("node:").or_else(|| name.strip_prefix("@actions/")).unwrap_or(name);
    format!("{}{}", Call::JAVASCRIPT, name.replace('/', "."))
}

/// Whether a module is named by where it lies.
pub(super) fn is_path(name: &str) -> bool {
    name.starts_with(['.', '/'])
}

/// What `name.member` is.
pub(super) fn member(of: &str, member: &str) -> Member {
    let contexts = |all: &[&str]| Member::Contexts(all.iter().map(|c| format!("github.{c}")).collect());
    match (of, member) {
        ("js:github", "context") => Member::Name(RUN.to_owned()),
        (RUN, "payload") => contexts(&["event"]),
        (RUN, "repo" | "issue") => Member::Name(format!("{RUN}.{member}")),
        ("js:context.repo" | "js:context.issue", "owner") => contexts(&["repository_owner"]),
        ("js:context.repo" | "js:context.issue", "repo") => contexts(&["event.repository.name"]),
        ("js:context.issue", "number") => contexts(&["event.issue.number", "event.pull_request.number"]),
        (RUN, _) => Member::Contexts(vec![format!("github.{}", snake(member))]),
        ("js:process.env", _) => Member::Variable(member.to_owned()),
        // The client's methods stand below `rest`; older ones stood beside it.
        ("js:github", "rest" | "request" | "graphql" | "paginate" | "hook" | "log" | "auth" | "getOctokit") => Member::Name(format!("{of}.{member}")),
        ("js:github", _) => Member::Name(format!("{of}.rest.{member}")),
        _ => Member::Name(format!("{of}.{member}")),
    }
}

/// `runId` as the platform writes it: `run_id`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// An escape sequence as it is meant.
pub(super) fn unescaped(written: &str) -> String {
    let body = written.strip_prefix('\\').unwrap_or(written);
    let hex = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).map(String::from);
    match body.chars().next() {
        Some('n') => "\n".to_owned(),
        Some('t') => "\t".to_owned(),
        Some('r') => "\r".to_owned(),
        Some('b' | 'f' | 'v') => " ".to_owned(),
        Some('0') if body.len() == 1 => "\0".to_owned(),
        Some('\n' | '\r' | '\u{2028}' | '\u{2029}') => String::new(),
        Some('x') => hex(body.get(1..).unwrap_or_default()).unwrap_or_default(),
        Some('u') => hex(body.get(1..).unwrap_or_default().trim_matches(['{', '}'])).unwrap_or_default(),
        _ => body.to_owned(),
    }
}
