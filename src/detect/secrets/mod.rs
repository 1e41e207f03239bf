//! Secrets that stand in the tree. A token format that is recognised, a literal given to a name that says secret, a credential that an image keeps: one
//! detector each over one engine. No more than four characters and the length of a secret ever leave this module.

mod assigned;
mod carriers;
mod checksums;
mod formats;
mod found;
mod hints;
mod image;
mod joined;
mod keys;
mod known;
mod lexical;
mod names;
mod repeated;
mod shape;
mod spoken;
mod standing;
mod urls;
mod verify;
mod vouched;
mod wrapped;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rayon::prelude::*;

use self::assigned::Syntax;
use self::formats::Formats;
use self::found::{Found, is_test};
use self::hints::{Hints, Written};
use self::spoken::Spoken;
use self::vouched::Vouchers;
use self::wrapped::Wrapped;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::detect::Context;
use crate::facts::FileFacts;
use crate::finding::{Alert, Confidence, Location, Severity, VOUCHED};
use crate::graph::Node;
use crate::rule::placeholders::{Values, fill};
use crate::source::{FileId, Kind, SourceFile};

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
    /// Looks for them: before detectors ask, which would wait for each other.
    pub fn look(&self, context: &Context<'_>) {
        self.scanned(context);
    }
    fn scanned(&self, context: &Context<'_>) -> &Scanned {
        self.scanned.get_or_init(|| Scanned::new(context))
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
#[derive(Clone, Copy)]
struct Scanner<'s, 'r> {
    formats: &'s Formats<'r>,
    wrapped: &'s Wrapped,
}

impl Scanner<'_, '_> {
    /// Whether a token may be found in a text.
    fn may_match(&self, bytes: &[u8]) -> bool {
        self.wrapped.may_match_any(bytes)
    }
}

/// What files are searched with for literals under names.
struct Names<'r> {
    catalog: &'r Catalog,
    hints: Hints,
    spoken: Spoken<'r>,
}

impl<'r> Names<'r> {
    fn new(catalog: &'r Catalog) -> Self {
        Names { catalog, hints: Hints::new(catalog), spoken: Spoken::new(catalog) }
    }
    /// Whether one may be found in a text.
    fn may_match(&self, kind: Kind, text: Written<'_>) -> bool {
        let code = match kind {
            Kind::Python => true,
            Kind::Notebook => matches!(text.key, b"source" | b"input"),
            _ => false,
        };
        self.hints.may_name(text.key) || self.hints.may_give(text) || urls::may_match(text.bytes) || code && self.spoken.may_say(text)
    }
}

/// Finds secrets in notebooks and Python files before anything else is known of them: what is found there depends on nothing but the file and the rows.
pub struct Sieve<'r> {
    formats: Formats<'r>,
    wrapped: Wrapped,
    names: Option<Names<'r>>,
}

impl<'r> Sieve<'r> {
    /// With the rows of a catalogue. Literals under names are looked for where `named`.
    pub fn new(catalog: &'r Catalog, config: &'r Config, named: bool) -> Self {
        let formats = Formats::new(catalog.iter().map(|(_, row)| row), &config.today, true);
        Sieve { wrapped: Wrapped::new(&formats, true), formats, names: named.then(|| Names::new(catalog)) }
    }
    /// Whether a file holds a secret.
    pub fn keeps(&self, file: &SourceFile) -> bool {
        let scanner = Scanner { formats: &self.formats, wrapped: &self.wrapped };
        is_text(file) && !in_text(FileId(0), file, &scanner, self.names.as_ref()).iter().all(Vec::is_empty)
    }
}

/// Bytes of a tree from which the automaton that takes longest to build is worth it.
const MUCH: usize = 8 << 20;

/// Whether a file is searched as text, its syntax asked only where that matters.
fn is_text(file: &SourceFile) -> bool {
    matches!(file.kind, Kind::Notebook | Kind::Python)
}

impl Scanned {
    fn new(context: &Context<'_>) -> Self {
        let files: Vec<(FileId, &SourceFile)> = context.sources.iter().filter(|(id, _)| !context.secrets.without.contains(id)).collect();
        if files.is_empty() {
            return Scanned::default();
        }
        let much = context.sources.files.iter().map(|f| f.bytes.len()).sum::<usize>() > MUCH;
        let formats = Formats::new(context.catalog.iter().map(|(_, row)| row), &context.config.today, much);
        let (wrapped, names) = (Wrapped::new(&formats, much), Names::new(context.catalog));
        let scanner = Scanner { formats: &formats, wrapped: &wrapped };
        let in_file = |id: FileId, file: &SourceFile| {
            if is_text(file) {
                let [known, assigned] = in_text(id, file, &scanner, Some(&names));
                return [known, assigned, Vec::new()];
            }
            in_other(context, id, file, &scanner, &names)
        };
        let found: Vec<[Vec<Found>; 3]> = files.par_iter().map(|(id, file)| in_file(*id, file)).collect();
        let mut out = Scanned { vouchers: Vouchers::new(context.sources), ..Scanned::default() };
        for [known, assigned, in_image] in found {
            out.known.extend(known);
            out.assigned.extend(assigned);
            out.in_image.extend(in_image);
        }
        out
    }
}

/// Tokens, and literals under names, of a notebook or a Python file.
fn in_text(id: FileId, file: &SourceFile, scanner: &Scanner<'_, '_>, names: Option<&Names<'_>>) -> [Vec<Found>; 2] {
    let may_matter = |text: Written<'_>| scanner.may_match(text.bytes) || names.is_some_and(|n| n.may_match(file.kind, text));
    let texts = carriers::texts(file, &FileFacts::default(), &may_matter);
    let known::Known { found: known, told } = known::known(id, file, &texts, scanner);
    let Some(names) = names else { return [known, Vec::new()] };
    let said = names.spoken.said(file, &texts);
    let rows = |fact| said.as_ref().map_or(&[][..], |s| s.rows(fact));
    let syntax = said.as_ref().map(|s| Syntax { facts: &s.facts, rows: &rows });
    let mut assigned = assigned::assigned(id, file, &texts, syntax, &names.hints, names.catalog);
    // What looks like a vendor's token and is none opens nothing, whatever its name is.
    assigned.retain(|f| !told.meet(f.range));
    [known, assigned]
}

/// The same of a file of another kind, and what an image keeps.
fn in_other(context: &Context<'_>, id: FileId, file: &SourceFile, scanner: &Scanner<'_, '_>, names: &Names<'_>) -> [Vec<Found>; 3] {
    let facts = context.facts.file(id);
    // Most texts are lines of a file in which no token can be found: they are not looked through once more.
    let holds = OnceCell::new();
    let may_hold = |text: Written<'_>| (!text.copied || *holds.get_or_init(|| scanner.may_match(&file.bytes))) && scanner.may_match(text.bytes);
    let may_matter = |text: Written<'_>| may_hold(text) || names.may_match(file.kind, text);
    let texts = carriers::texts(file, facts, &may_matter);
    let known::Known { found: known, told } = known::known(id, file, &texts, scanner);
    let is_new = |f: &Found| !told.meet(f.range);
    let rows = |fact| context.index.own_rows(Node { file: id, fact });
    let mut assigned = assigned::assigned(id, file, &texts, Some(Syntax { facts, rows: &rows }), &names.hints, names.catalog);
    assigned.retain(is_new);
    let mut in_image = if file.kind == Kind::Dockerfile { image::image(id, file, context) } else { Vec::new() };
    in_image.retain(is_new);
    [known, assigned, in_image]
}

/// Whether a job holds or runs what opens something, so that files which were not read say what it can reach.
pub fn is_joined(context: &Context<'_>) -> bool {
    let scanned = context.secrets.scanned.get();
    scanned.is_some_and(|s| s.known.iter().chain(&s.assigned).any(|found| joined::may_be(context, found)))
}

fn alerts(context: &Context<'_>, rule: &str, of: fn(&Scanned) -> &Vec<Found>) -> Vec<Alert> {
    let Some(page) = context.rules.get(rule) else { return Vec::new() };
    let scanned = context.secrets.scanned(context);
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
