//! Secrets that stand in the tree. A token format that is recognised, a literal given to a name that says secret, a credential that an image keeps: one
//! detector each over one engine. No more than four characters and the length of a secret ever leave this module.

mod assigned;
mod carriers;
mod checksums;
mod formats;
mod found;
mod image;
mod joined;
mod keys;
mod known;
mod lexical;
mod names;
mod repeated;
mod shape;
mod standing;
mod urls;
mod verify;
mod vouched;
mod wrapped;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rayon::prelude::*;

use self::formats::Formats;
use self::found::{Found, is_test};
use self::vouched::Vouchers;
use self::wrapped::Wrapped;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::detect::Context;
use crate::facts::FileFacts;
use crate::finding::{Alert, Confidence, Location, Severity, VOUCHED};
use crate::rule::placeholders::{Values, fill};
use crate::source::{FileId, Kind, SourceFile, Sources};

/// Tokens whose vendor is plain from their form.
pub fn known_format(context: &Context<'_>) -> Vec<Alert> {
    alerts(context, "secret-known-format", |s| &s.known)
}

/// Literals given to names that say secret, and passwords inside addresses; not those whose format is known.
pub fn assigned_literal(context: &Context<'_>) -> Vec<Alert> {
    alerts(context, "secret-assigned-literal", |s| &s.assigned)
}

/// Credentials that an image keeps in its layers or its history.
pub fn in_image(context: &Context<'_>) -> Vec<Alert> {
    alerts(context, "secret-in-image", |s| &s.in_image)
}

/// The secrets of a tree, looked for once, when the first detector asks for them.
#[derive(Default)]
pub struct Secrets {
    /// Files that hold none, as is known already.
    without: BTreeSet<FileId>,
    scanned: OnceLock<Scanned>,
}

impl Secrets {
    /// Secrets of a tree in which these files are known to hold none.
    pub fn without(files: BTreeSet<FileId>) -> Self {
        Secrets { without: files, scanned: OnceLock::new() }
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

/// What was found, by rule, in order of file and place. One secret is in one of them: the rule that names the vendor says more.
#[derive(Default)]
struct Scanned {
    known: Vec<Found>,
    assigned: Vec<Found>,
    in_image: Vec<Found>,
    vouchers: Vouchers,
}

/// What files are searched with.
pub struct Scanner<'r> {
    formats: &'r Formats<'r>,
    wrapped: Wrapped,
}

/// Finds tokens of known formats in the texts of notebooks and Python files, before anything else is known of them.
pub struct Sieve<'r> {
    formats: Formats<'r>,
}

impl<'r> Sieve<'r> {
    /// With the formats of a catalogue.
    pub fn new(catalog: &'r Catalog, config: &'r Config) -> Self {
        Sieve { formats: Formats::new(catalog.iter().map(|(_, row)| row), &config.today) }
    }
    /// Whether a file holds a token.
    pub fn keeps(&self) -> impl Fn(&SourceFile) -> bool + Sync {
        let scanner = Scanner::new(&self.formats);
        move |file| {
            let may_matter = |_: &[u8], text: &[u8]| self.formats.may_match(text) || scanner.wrapped.may_match(text);
            let texts = carriers::texts(file, &FileFacts::default(), &may_matter);
            !known::known(FileId(0), file, &texts, &scanner).found.is_empty()
        }
    }
    /// The files that hold one.
    pub fn kept(&self, sources: &Sources) -> BTreeSet<FileId> {
        let files: Vec<(FileId, &SourceFile)> = sources.iter().filter(|(_, f)| matches!(f.kind, Kind::Notebook | Kind::Python)).collect();
        let keeps = self.keeps();
        files.par_iter().filter_map(|(id, file)| keeps(file).then_some(*id)).collect()
    }
}

impl<'r> Scanner<'r> {
    fn new(formats: &'r Formats<'r>) -> Self {
        Scanner { wrapped: Wrapped::new(formats), formats }
    }
}

impl Scanned {
    fn new(context: &Context<'_>) -> Self {
        let formats = Formats::new(context.catalog.iter().map(|(_, row)| row), &context.config.today);
        let scanner = Scanner::new(&formats);
        let files: Vec<(FileId, &SourceFile)> = context.sources.iter().filter(|(id, _)| !context.secrets.without.contains(id)).collect();
        let found: Vec<[Vec<Found>; 3]> = files.par_iter().map(|(id, file)| in_file(context, *id, file, &scanner)).collect();
        let mut out = Scanned { vouchers: Vouchers::new(context.sources), ..Scanned::default() };
        for [known, assigned, in_image] in found {
            out.known.extend(known);
            out.assigned.extend(assigned);
            out.in_image.extend(in_image);
        }
        out
    }
}

fn in_file(context: &Context<'_>, id: FileId, file: &SourceFile, scanner: &Scanner<'_>) -> [Vec<Found>; 3] {
    let facts = context.facts.file(id);
    let may_matter = |key: &[u8], text: &[u8]| {
        scanner.formats.may_match(text)
            || lexical::may_match(key)
            || lexical::may_match(text)
            || scanner.wrapped.may_match(text)
            || urls::may_match(text)
    };
    let texts = carriers::texts(file, facts, &may_matter);
    let known::Known { found: known, told } = known::known(id, file, &texts, scanner);
    // What looks like a vendor's token and is none opens nothing, whatever its name is.
    let is_new = |f: &Found| !told.meet(f.range);
    let mut assigned = assigned::assigned(id, file, &texts, context);
    assigned.retain(is_new);
    let mut in_image = if file.kind == Kind::Dockerfile { image::image(id, file, context) } else { Vec::new() };
    in_image.retain(is_new);
    [known, assigned, in_image]
}

fn alerts(context: &Context<'_>, rule: &str, of: fn(&Scanned) -> &Vec<Found>) -> Vec<Alert> {
    let Some(page) = context.rules.get(rule) else { return Vec::new() };
    let scanned = context.secrets.scanned.get_or_init(|| Scanned::new(context));
    let mut out = Vec::new();
    let all = of(scanned);
    let places = found::places(all, context.sources);
    let vouched: Vec<Option<String>> = all.iter().map(|f| scanned.vouchers.reason(context.sources.file(f.file), f)).collect();
    let repeated = repeated::repeated(all, &places, &vouched, context.sources);
    for (((found, place), vouched), repeated) in all.iter().cloned().zip(places).zip(vouched).zip(repeated) {
        let Some(repeated) = repeated else { continue };
        let source = context.sources.file(found.file);
        let mut values = Values::new();
        values.insert("name", found.name.clone());
        values.insert("value", masked(&found.text));
        values.insert("place", place.text);
        let joined = joined::published(context, &found);
        values.insert("gets", joined.as_ref().map_or_else(|| "use it".to_owned(), |(name, _)| format!("publish {name}")));
        let level = page.level.unwrap_or(page.band);
        let mut data = BTreeMap::from([("secret".to_owned(), found.cause.clone())]);
        if found.text.is_empty() {
            data.insert("reference".to_owned(), "yes".to_owned());
        }
        data.extend(vouched.map(|why| (VOUCHED.to_owned(), why)));
        out.push(Alert {
            rule: page.id.clone(),
            tier: page.tier,
            severity: match (found.minor, is_test(&source.path)) {
                (true, _) => Severity::Low,
                (_, true) if found.made_for_tests => lower(lower(level)),
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
            related: joined.map(|(_, hops)| hops).unwrap_or_default().into_iter().chain(repeated).collect(),
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
