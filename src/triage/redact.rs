//! Takes the secrets that were found out of everything a report says: another rule may quote the line, a construct may be named after the address, a
//! notice may repeat the word in which one stands. Lines of files are masked where they are shown.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use rayon::prelude::*;
use regex::bytes::Regex;

use crate::finding::{Alert, Hidden, Report};
use crate::source::{FileId, Range, Sources};

/// Key of [`Alert::data`] that marks a span as a secret; its value names the format or the target.
pub const SECRET: &str = "secret";
/// Key of [`Alert::data`] beside it, when the span is the name of a secret and not the secret.
pub const REFERENCE: &str = "reference";
/// Shorter texts are too common to be taken out of sentences.
const SHORTEST: usize = 6;

/// What stands between the literals that one secret is put together from.
const SEPARATORS: fn(char) -> bool = |c| c.is_whitespace() || matches!(c, '"' | '\'' | '+' | '\\');

/// Whether the primary span of an alert is a secret.
pub fn is_secret(alert: &Alert) -> bool {
    alert.data.contains_key(SECRET) && !alert.data.contains_key(REFERENCE)
}

/// The secrets of a report as they stand in the files, and as they read without the quotes and breaks between their parts; longest first.
pub fn secrets(report: &Report, sources: &Sources) -> Vec<String> {
    let all = report.shown.iter().chain(report.hidden.iter().map(|(r, _)| r)).filter(|r| is_secret(&r.alert));
    let mut out: Vec<String> = all
        .map(|r| sources.file(r.alert.primary.file).text_at(r.alert.primary.range))
        .flat_map(|text| [text.split(SEPARATORS).collect(), text])
        .filter(|text| text.len() >= SHORTEST)
        .collect();
    out.extend(in_addresses(report, sources));
    out.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    out.dedup();
    out
}

/// What stands before the `@` of addresses in files that the report speaks of: no rule need have found it, a sentence may quote the address.
fn in_addresses(report: &Report, sources: &Sources) -> Vec<String> {
    let alerts = report.shown.iter().chain(report.hidden.iter().map(|(r, _)| r)).map(|r| &r.alert);
    let files: BTreeSet<FileId> = alerts
        .flat_map(|a| {
            let hops = a.paths.iter().flat_map(|p| &p.hops).chain(&a.related).map(|h| h.at.file);
            hops.chain([a.primary.file])
        })
        .chain(report.notices.iter().filter_map(|n| n.file))
        .collect();
    files.into_par_iter().flat_map_iter(|file| addresses_of(file, sources)).collect()
}

fn addresses_of(file: FileId, sources: &Sources) -> Vec<String> {
    static ADDRESS: OnceLock<Option<Regex>> = OnceLock::new();
    // A password of any user, or a token in place of one; what a variable brings is none.
    // Also what stands in the query of one under a name that says secret.
    let pattern = || {
        let user = r#"://(?:[^\s/@:'"]*:([^\s/@'"${}<>]{6,})|([^\s/@:'"${}<>]{16,}))@"#;
        let query = r#"[?&](?i:[a-z_-]*(?:token|key|secret|password|passwd|pwd|sig|signature))=([^\s&'"${}<>()]{8,})"#;
        Regex::new(&format!("{user}|{query}")).ok()
    };
    let Some(pattern) = ADDRESS.get_or_init(pattern) else { return Vec::new() };
    let bytes = &sources.file(file).bytes;
    let secrets = pattern.captures_iter(bytes).filter_map(|c| c.get(1).or_else(|| c.get(2)).or_else(|| c.get(3)));
    let all = secrets.map(|m| m.as_bytes()).chain(in_options(bytes));
    // A word (`password`, `postgres`) is nobody's secret, and sentences are made of words.
    let word = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_lowercase);
    all.filter(|m| !word(m)).map(|m| String::from_utf8_lossy(m).into_owned()).collect()
}

/// What programs are given to log in with: the second half of a user and a password, or a password by itself. Written as words of a line or as strings of
/// a list.
fn in_options(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    static OPTION: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = || {
        let between = r#"(?:[\s"',=\\]{1,8})"#;
        let login = format!(r#"(?:-u|--user|--proxy-user|--auth){between}?[^\s:"'\\=,]{{1,64}}:([^\s"'\\${{}}<>]{{6,}})"#);
        let alone = format!(r#"--(?:[a-z]+-)?password{between}([^\s"'\\${{}}<>]{{6,}})"#);
        Regex::new(&format!("{login}|{alone}")).ok()
    };
    let found = OPTION.get_or_init(pattern).iter().flat_map(move |p| p.captures_iter(bytes));
    // An option begins a word.
    let begins = |at: usize| at.checked_sub(1).and_then(|i| bytes.get(i)).is_none_or(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'-' | b'_'));
    let inner = move |c: regex::bytes::Captures<'_>| -> Option<std::ops::Range<usize>> {
        c.get(0).filter(|m| begins(m.start()))?;
        c.get(1).or_else(|| c.get(2)).map(|m| m.range())
    };
    // The word may be an address (`-u git+https://…`): what stands in front of its host is looked at elsewhere.
    let is_address = |bytes: &&[u8]| bytes.starts_with(b"//");
    found.filter_map(inner).filter_map(|range| bytes.get(range)).filter(move |b| !is_address(b))
}

/// Shortens every secret to its first characters, wherever a sentence or a name of the report holds it.
pub fn redact(report: &mut Report, sources: &Sources) {
    let clean = shortening(&secrets(report, sources));
    for (_, why) in &mut report.hidden {
        if let Hidden::Ignored(reason) | Hidden::Baselined(reason) | Hidden::Dismissed { reason, .. } = why {
            clean(reason);
        }
    }
    if let Some(comparison) = &mut report.comparison {
        comparison.policy.iter_mut().for_each(|change| clean(&mut change.text));
        comparison.fixed.iter_mut().for_each(|fixed| clean(&mut fixed.message));
    }
    for reported in report.shown.iter_mut().chain(report.hidden.iter_mut().map(|(r, _)| r)) {
        let alert = &mut reported.alert;
        let lists = alert.assumes.iter_mut().chain(&mut alert.doubts).chain(alert.data.values_mut()).chain(&mut reported.constructs);
        let hops = alert.paths.iter_mut().flat_map(|p| &mut p.hops).chain(&mut alert.related).map(|h| &mut h.text);
        [&mut alert.message, &mut alert.fix, &mut alert.fine_if, &mut alert.cause].into_iter().chain(lists).chain(hops).for_each(&clean);
    }
    report.notices.iter_mut().map(|n| &mut n.text).for_each(&clean);
}

/// What shortens every secret of a report, and those of addresses in `also`, in a text that quotes lines of scanned files: also the parts of one that is put
/// together from several literals.
pub fn cleaner(report: &Report, sources: &Sources, also: FileId) -> impl Fn(&mut String) {
    let mut all = secrets(report, sources);
    all.extend(addresses_of(also, sources));
    let parts = all.iter().filter(|s| s.contains(SEPARATORS)).flat_map(|s| s.split(SEPARATORS).skip(1));
    // What is shown of a secret is its beginning alone.
    let rest: Vec<String> = parts.filter(|p| p.len() >= SHORTEST).map(str::to_owned).collect();
    let heads = all.iter().filter_map(|s| s.split(SEPARATORS).next()).filter(|p| p.len() >= SHORTEST).map(str::to_owned).collect::<Vec<_>>();
    all.extend(heads);
    shortening_with(&all, &rest)
}

fn shortening(secrets: &[String]) -> impl Fn(&mut String) + use<> {
    shortening_with(secrets, &[])
}

/// Shortens `secrets`, and takes `rest` out.
fn shortening_with(secrets: &[String], rest: &[String]) -> impl Fn(&mut String) + use<> {
    let all: Vec<&String> = secrets.iter().chain(rest).collect();
    let searcher = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&all).ok().filter(|_| !all.is_empty());
    let begin = |s: &String| s.chars().take((s.chars().count() / 6).min(4)).chain(['…']).collect();
    let short: Vec<String> = secrets.iter().map(begin).chain(rest.iter().map(|_| "…".to_owned())).collect();
    move |text: &mut String| {
        if let Some(searcher) = searcher.as_ref().filter(|s| s.is_match(text.as_str())) {
            *text = searcher.replace_all(text, &short);
        }
    }
}

/// Every place of a secret in a file, found or repeated.
pub fn places(file: FileId, secrets: &[String], sources: &Sources) -> Vec<Range> {
    let Ok(searcher) = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(secrets) else { return Vec::new() };
    searcher.find_iter(&sources.file(file).bytes).map(|m| Range::new(m.start(), m.end())).collect()
}
