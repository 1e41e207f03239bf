//! One dependency specifier: name, extras, version, URL, marker, hashes. Form alone; no version is compared.

use crate::facts::Requirement;

/// Reads a specifier as pip does: PEP 508, a bare URL or VCS reference, or a path. Per-requirement options after it are counted or skipped.
pub fn parse(line: &str) -> Option<Requirement> {
    let (line, hashes) = options(line);
    let line = line.trim();
    if line.is_empty() || line.starts_with('-') {
        return None;
    }
    let mut out = Requirement { hashes, ..Requirement::default() };
    if is_location(line) {
        let (url, marker) = split_marker(line, &[" ;", "; "]);
        out.name = egg(url).map(normalised).unwrap_or_default();
        out.url = Some(url.to_owned());
        out.marker = marker;
        return Some(out);
    }
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(line.len());
    let name = line.get(..end).unwrap_or_default();
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    out.name = normalised(name);
    let mut rest = line.get(end..).unwrap_or_default().trim_start();
    if rest.starts_with('[') {
        rest = rest.split_once(']').map_or("", |(_, after)| after).trim_start();
    }
    if let Some(url) = rest.strip_prefix('@') {
        let (url, marker) = split_marker(url.trim(), &[";"]);
        out.url = Some(url.to_owned());
        out.marker = marker;
        return Some(out);
    }
    let (spec, marker) = split_marker(rest, &[";"]);
    let spec = spec.strip_prefix('(').and_then(|s| s.strip_suffix(')')).unwrap_or(spec).trim();
    if !spec.is_empty() && !spec.starts_with(['=', '<', '>', '!', '~']) {
        return None;
    }
    out.spec = spec.to_owned();
    out.marker = marker;
    Some(out)
}

/// Lower case, runs of `-`, `_` and `.` as one `-`.
pub fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.trim().chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

/// Cuts ` --hash=…` and other options off the end; gives the number of hashes.
fn options(line: &str) -> (&str, u32) {
    let cut = line.match_indices(" --").chain(line.match_indices("\t--")).map(|(i, _)| i).min().unwrap_or(line.len());
    let (head, tail) = line.split_at_checked(cut).unwrap_or((line, ""));
    let hashes = tail.matches("--hash").count();
    (head, u32::try_from(hashes).unwrap_or(u32::MAX))
}

fn is_location(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    let file = word.split(['#', '?', ';']).next().unwrap_or_default();
    // `name@ https://…` is a name with a URL; the scheme must come first.
    let scheme = word.split_once("://").is_some_and(|(s, _)| s.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-')));
    scheme
        || word.starts_with("file:")
        || matches!(word, "." | "..")
        || ["./", "../", "/", "~/", ".["].iter().any(|p| word.starts_with(p))
        || [".whl", ".tar.gz", ".zip", ".tar.bz2"].iter().any(|e| file.ends_with(e))
}

/// Splits at the first of `marks`. pip cuts `name @ url;marker` at any semicolon, a line that is a bare URL only where a space stands beside it.
fn split_marker<'a>(text: &'a str, marks: &[&str]) -> (&'a str, Option<String>) {
    let at = marks.iter().filter_map(|m| text.find(m)).min();
    match at.and_then(|i| text.split_at_checked(i)) {
        Some((head, tail)) => (head.trim(), Some(tail.trim().trim_start_matches(';').trim().to_owned()).filter(|m| !m.is_empty())),
        None => (text.trim(), None),
    }
}

/// The project name in `#egg=name[extra]&…`.
fn egg(url: &str) -> Option<&str> {
    let (_, fragment) = url.split_once('#')?;
    let name = fragment.split('&').find_map(|part| part.strip_prefix("egg="))?;
    name.split('[').next().filter(|n| !n.is_empty())
}
