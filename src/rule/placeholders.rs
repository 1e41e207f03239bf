//! Placeholders in the sentences of pages: which there are, and how they are filled.

use std::collections::BTreeMap;

use crate::catalog::fields::{Fault, Read, nearest};

/// Every placeholder, with what it stands for.
pub const KNOWN: [(&str, &str); 17] = [
    ("name", "outside name, action, image, package, secret or setting"),
    ("owner", "its part before the first `/`"),
    ("ref", "tag, branch or version"),
    ("value", "the value"),
    ("callee", "the call, program or action as written"),
    ("place", "where it runs: `this notebook`, ``the job `eval` ``"),
    ("origin", "who can choose the bytes, in words"),
    ("flag", "the flag that decides"),
    ("floor", "the version that settles it"),
    ("unless", "the version on which it depends, as the end of a sentence; empty when it depends on none"),
    ("remedy", "what settles the flag, as the beginning of a sentence; empty without a flag"),
    ("scope", "a token scope"),
    ("level", "what is granted"),
    ("line", "the line of the cause"),
    ("asset", "what is in reach"),
    ("event", "what starts the workflow"),
    ("gets", "what whoever has a secret can do: `use it`, or what the tree publishes by it"),
];

/// Values by placeholder.
pub type Values = BTreeMap<&'static str, String>;

/// Rejects placeholders that do not exist and braces that are open.
pub fn check(template: &str) -> Read<()> {
    for piece in pieces(template) {
        match piece {
            Piece::Text(_) => {}
            Piece::Open => return Err(Fault::new("a `{` without `}`; write `{{` for a brace")),
            Piece::Name(name) => {
                if !KNOWN.iter().any(|(k, _)| *k == name) {
                    let hint = nearest(name, KNOWN.iter().map(|(k, _)| *k)).map_or(String::new(), |k| format!("; did you mean `{{{k}}}`?"));
                    return Err(Fault::new(format!("there is no placeholder `{{{name}}}`{hint}")));
                }
            }
        }
    }
    Ok(())
}

/// The template with its placeholders filled; one without value is "it".
pub fn fill(template: &str, values: &Values) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    for piece in pieces(template) {
        match piece {
            Piece::Text(t) => out.push_str(t),
            Piece::Open => {}
            Piece::Name(name) => out.push_str(values.get(name).map_or("it", String::as_str)),
        }
    }
    // A sentence may begin with a placeholder whose words begin in lower case; it stays as it is, for messages begin in lower case.
    out.replace("`it`", "it")
}

enum Piece<'t> {
    Text(&'t str),
    Name(&'t str),
    Open,
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push(Piece::Text(rest.get(..at).unwrap_or("")));
        let tail = rest.get(at..).unwrap_or("");
        if tail.starts_with("{{") || tail.starts_with("}}") {
            out.push(Piece::Text(tail.get(..1).unwrap_or("")));
            rest = tail.get(2..).unwrap_or("");
        } else if tail.starts_with('}') {
            out.push(Piece::Text("}"));
            rest = tail.get(1..).unwrap_or("");
        } else if let Some(end) = tail.find('}') {
            out.push(Piece::Name(tail.get(1..end).unwrap_or("")));
            rest = tail.get(end + 1..).unwrap_or("");
        } else {
            out.push(Piece::Open);
            rest = tail.get(1..).unwrap_or("");
        }
    }
    out.push(Piece::Text(rest));
    out
}
