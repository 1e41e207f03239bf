//! Secrets that stand in the tree. A token format that is recognised, a literal given to a name that says secret, a credential that an image keeps: one
//! detector each over one engine. No more than four characters and the length of a secret ever leave this module.

mod assigned;
mod carriers;
mod checksums;
mod formats;
mod found;
mod image;
mod keys;
mod known;
mod lexical;
mod names;
mod shape;
mod urls;
mod verify;

use std::collections::BTreeMap;

use rayon::prelude::*;

use self::formats::Formats;
use self::found::{Found, is_test, overlap, place};
use crate::detect::Context;
use crate::facts::FileFacts;
use crate::finding::{Alert, Confidence, Location, Severity};
use crate::rule::placeholders::{Values, fill};
use crate::source::{FileId, Kind, SourceFile};

/// Tokens whose vendor is plain from their form.
pub fn known_format(context: &Context<'_>) -> Vec<Alert> {
    alerts(context, "secret-known-format", known_in(context, &files(context)))
}

/// Literals given to names that say secret, and passwords inside addresses; not those whose format is known.
pub fn assigned_literal(context: &Context<'_>) -> Vec<Alert> {
    let mut found: Vec<Found> = files(context)
        .into_par_iter()
        .flat_map_iter(|(id, file, facts)| assigned::assigned(id, file, facts, context.catalog, context.index))
        .collect();
    without_known(context, &mut found);
    alerts(context, "secret-assigned-literal", found)
}

/// Credentials that an image keeps in its layers or its history.
pub fn in_image(context: &Context<'_>) -> Vec<Alert> {
    let images = files(context).into_iter().filter(|(_, file, _)| file.kind == Kind::Dockerfile);
    let mut found: Vec<Found> = images.flat_map(|(id, file, facts)| image::image(id, file, facts, context.catalog)).collect();
    without_known(context, &mut found);
    alerts(context, "secret-in-image", found)
}

type File<'a> = (FileId, &'a SourceFile, &'a FileFacts);

fn files<'a>(context: &Context<'a>) -> Vec<File<'a>> {
    context.sources.iter().map(|(id, file)| (id, file, context.facts.file(id))).collect()
}

fn known_in(context: &Context<'_>, files: &[File<'_>]) -> Vec<Found> {
    known::known(files, &Formats::new(context.catalog.iter().map(|(_, row)| row), &context.config.today))
}

/// One secret is one alert: the rule that names the vendor says more.
fn without_known(context: &Context<'_>, found: &mut Vec<Found>) {
    let mut files = files(context);
    files.retain(|(id, ..)| found.iter().any(|f| f.file == *id));
    let known = known_in(context, &files);
    found.retain(|f| !known.iter().any(|k| overlap(k, f)));
}

fn alerts(context: &Context<'_>, rule: &str, found: Vec<Found>) -> Vec<Alert> {
    let Some(page) = context.rules.get(rule) else { return Vec::new() };
    let mut out = Vec::with_capacity(found.len());
    for found in found {
        let source = context.sources.file(found.file);
        let mut values = Values::new();
        values.insert("name", found.name.clone());
        values.insert("value", masked(&found.text));
        values.insert("place", place(source, context.facts.file(found.file), found.range));
        let level = page.level.unwrap_or(page.band);
        let mut data = BTreeMap::from([("secret".to_owned(), found.cause.clone())]);
        if found.text.is_empty() {
            data.insert("reference".to_owned(), "yes".to_owned());
        }
        out.push(Alert {
            rule: page.id.clone(),
            tier: page.tier,
            severity: match (found.expired, is_test(&source.path)) {
                (true, _) => Severity::Low,
                (_, true) => lower(level),
                _ => level,
            },
            confidence: Confidence::after(found.doubts.len()),
            primary: Location { file: found.file, range: found.range },
            cause: found.cause,
            message: fill(&page.message, &values),
            fix: fill(&page.fix, &values),
            fine_if: fill(&page.fine_if, &values),
            assumes: page.assumes.iter().map(|a| fill(a, &values)).collect(),
            doubts: found.doubts,
            paths: Vec::new(),
            related: Vec::new(),
            part_of: None,
            data,
        });
    }
    out
}

fn lower(level: Severity) -> Severity {
    match level {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        _ => Severity::Info,
    }
}

/// How a secret is shown to people: its first characters, never more than four nor more than a sixth, and its length.
fn masked(secret: &str) -> String {
    let length = secret.chars().count();
    let shown: String = secret.chars().take((length / 6).min(4)).collect();
    format!("{shown}… ({length} characters)")
}

#[cfg(test)]
mod tests;
