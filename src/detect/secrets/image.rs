//! `secret-in-image`: what an image keeps in its layers or its history although a build only needed it for a moment.

use super::found::Found;
use super::names::promise;
use super::shape;
use crate::detect::Context;
use crate::facts::{Command, FactId, FileFacts, V, ValueId, What};
use crate::source::{FileId, Range, SourceFile};

/// Credentials that the image of a Dockerfile keeps.
pub fn image(id: FileId, file: &SourceFile, context: &Context<'_>) -> Vec<Found> {
    let (facts, catalog) = (context.facts.file(id), context.catalog);
    let secret_name = |name: &str| promise(name, catalog).is_some();
    let last = facts.iter().filter(|(_, f)| matches!(f.what, What::Stage { .. })).map(|(id, _)| id).last();
    let mut out: Vec<Found> = Vec::new();
    for (fact, found) in facts.iter() {
        let Some((stage, _)) = facts.owners(fact).find(|(_, o)| matches!(o.what, What::Stage { .. })) else { continue };
        let hit = match &found.what {
            What::Setting { path, value } => path.strip_prefix("ENV.").filter(|n| secret_name(n)).and_then(|name| env(facts, name, *value)),
            What::Input { name, default, .. } if secret_name(name) => argument(facts, stage, fact, name, *default),
            What::Command(command) => copied(file, command, found.range, context, id),
            _ => None,
        };
        let Some((range, text, name, cause)) = hit else { continue };
        let doubts = if Some(stage) == last { Vec::new() } else { vec!["the stage may not be part of the final image".to_owned()] };
        let found = Found { file: id, range, text, name, cause, doubts, minor: false, made_for_tests: false, reaches: None };
        if !out.iter().any(|o| o.cause == found.cause) {
            out.push(found);
        }
    }
    out
}

type Hit = (Range, String, String, String);

/// `ENV NAME=literal`, or `ENV NAME=$ARG`: readable in the configuration of the image.
fn env(facts: &FileFacts, name: &str, value: ValueId) -> Option<Hit> {
    let found = facts.value(value);
    let by_argument = |name: &str| facts.iter().any(|(_, f)| matches!(&f.what, What::Input { name: n, .. } if n == name));
    let variable = match &found.what {
        V::Env(variable) => Some(variable),
        V::Join(parts) => parts.iter().find_map(|p| match &facts.value(*p).what {
            V::Env(variable) => Some(variable),
            _ => None,
        }),
        _ => None,
    };
    if let Some(variable) = variable.filter(|v| by_argument(v)) {
        return Some((found.range, String::new(), format!("ENV {name}, set from the build argument {variable},"), format!("ENV {name}")));
    }
    let text = facts.literal(value)?;
    (shape::is_key(&text) || shape::is_password(&text)).then(|| (found.range, text, format!("ENV {name}"), format!("ENV {name}")))
}

/// `ARG NAME` that a later `RUN` of the stage uses, or that has a default: readable in the history of the image.
fn argument(facts: &FileFacts, stage: FactId, argument: FactId, name: &str, default: Option<ValueId>) -> Option<Hit> {
    let cause = format!("ARG {name}");
    if let Some((value, text)) = default.and_then(|d| Some((d, facts.literal(d)?))).filter(|(_, t)| shape::is_key(t) || shape::is_password(t)) {
        return Some((facts.value(value).range, text, cause.clone(), cause));
    }
    let used = facts.iter().skip(argument.0 as usize).any(|(id, f)| match &f.what {
        What::Script { text, .. } if facts.owners(id).any(|(o, _)| o == stage) => mentions(facts, *text, name),
        _ => false,
    });
    used.then(|| (facts.fact(argument).range, String::new(), format!("{cause}, used by RUN,"), cause))
}

/// Whether `$NAME` or `${NAME` occurs in a script.
fn mentions(facts: &FileFacts, text: ValueId, name: &str) -> bool {
    let text = match &facts.value(text).what {
        V::Str(text) => text.as_str().to_owned(),
        V::Join(parts) => return parts.iter().any(|p| mentions(facts, *p, name)),
        V::Env(variable) => return variable == name,
        _ => return false,
    };
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + name.len()..).unwrap_or_default();
        (before.ends_with('$') || before.ends_with("${")) && !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// `COPY .netrc …`: a layer keeps the file, even when a later one removes it.
///
/// What stands in the tree is no secret of the build: what it holds is read by itself.
fn copied(file: &SourceFile, command: &Command, range: Range, context: &Context<'_>, id: FileId) -> Option<Hit> {
    let facts = context.facts.file(id);
    let words: Vec<String> = command.words.iter().map(|w| facts.word(w).unwrap_or_default()).collect();
    let instruction = words.first().filter(|w| matches!(w.as_str(), "COPY" | "ADD"))?;
    if words.iter().any(|w| w.starts_with("--from")) {
        return None;
    }
    let operands: Vec<&String> = words.iter().skip(1).filter(|w| !w.starts_with("--")).collect();
    let (_, sources) = operands.split_last()?;
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let in_tree = |name: &str| {
        let name = name.trim_start_matches("./");
        let beside = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        context.sources.files.iter().any(|f| f.root == file.root && (f.path == name || f.path == beside))
    };
    let source = sources.iter().find(|s| context.catalog.is_secret_file(s) && !in_tree(s))?;
    Some((range, String::new(), format!("{instruction} {source}"), format!("{instruction} {source}")))
}
