//! What a change writes into files of policy: configuration and what it extends, own pages and rows, the baseline. Compares texts; judges nothing.

use std::collections::BTreeSet;
use std::path::Path;

use toml_edit::Document;

use super::baseline;
use super::disk::slashed;
use crate::config::{Files, PLACES, home, resolve};
use crate::finding::PolicyChange;
use crate::platform::changed;

/// Most lines of one file that are listed.
const MOST_LINES: usize = 20;
/// As deep as files extend one another, and as directories of rules nest.
const DEPTH: usize = 8;

/// Lines that `head` has and `base` has not, in files of policy of the scanned paths (from the top) and in directories of rules.
pub fn policy_changes(base: &dyn Files, head: &dyn Files, scanned: &[String], rules: &[String]) -> Vec<PolicyChange> {
    let mut paths: BTreeSet<String> = BTreeSet::new();
    for path in scanned {
        let places = Path::new(path).ancestors().flat_map(|d| PLACES.iter().chain(&baseline::PLACES).map(move |p| slashed(&d.join(p))));
        paths.extend(places);
    }
    for path in paths.clone() {
        extended(head, &path, DEPTH, &mut paths);
    }
    for directory in rules {
        below(base, directory, DEPTH, &mut paths);
        below(head, directory, DEPTH, &mut paths);
    }
    let text = |files: &dyn Files, path: &str| files.read(path).ok().flatten().unwrap_or_default();
    paths.iter().flat_map(|path| lines(path, &text(base, path), &text(head, path))).collect()
}

/// Files that a policy file extends, and those that they extend.
fn extended(files: &dyn Files, path: &str, depth: usize, out: &mut BTreeSet<String>) {
    let Ok(Some(text)) = files.read(path) else { return };
    let Ok(document) = Document::parse(text) else { return };
    let of_tool = || document.get("tool")?.get("pipevet")?.get("extends");
    let Some(extends) = document.get("extends").or_else(of_tool) else { return };
    let one = extends.as_str().into_iter();
    let several = extends.as_array().into_iter().flatten().filter_map(|v| v.as_str());
    for name in one.chain(several) {
        let Ok(more) = resolve(files, home(path), name) else { continue };
        if depth > 0 && out.insert(more.clone()) {
            extended(files, &more, depth - 1, out);
        }
    }
}

/// Files below a directory of own pages and rows.
fn below(files: &dyn Files, directory: &str, depth: usize, out: &mut BTreeSet<String>) {
    for entry in files.list(directory).unwrap_or_default() {
        let path = if directory.is_empty() { entry.name } else { format!("{directory}/{}", entry.name) };
        match entry.directory {
            true if depth > 0 => below(files, &path, depth - 1, out),
            true => {}
            false => _ = out.insert(path),
        }
    }
}

/// What is new in one file, line by line.
fn lines(path: &str, base: &str, head: &str) -> Vec<PolicyChange> {
    let is_project = path.rsplit('/').next() == PLACES.last().copied();
    let mut ours = !is_project;
    let mut out = Vec::new();
    let new = changed::new_lines(base.as_bytes(), head.as_bytes());
    for (number, line) in (1u32..).zip(head.lines()) {
        let line = line.trim();
        // Of a project file only the tables of this tool are policy.
        if is_project && line.starts_with('[') {
            ours = line.trim_start_matches('[').starts_with("tool.pipevet");
        }
        if ours && !line.is_empty() && !line.starts_with('#') && new.contains(&number) {
            out.push(PolicyChange { place: (path.to_owned(), number), text: format!("writes `{}`", masked(clipped(line))) });
        }
    }
    if out.len() > MOST_LINES {
        let rest = out.len() - MOST_LINES;
        out.truncate(MOST_LINES);
        out.push(PolicyChange { place: (path.to_owned(), 1), text: format!("writes {rest} more lines") });
    }
    if out.is_empty() && !is_project && base != head {
        let text = if head.is_empty() { "goes away" } else { "loses lines" };
        out.push(PolicyChange { place: (path.to_owned(), 1), text: text.to_owned() });
    }
    out
}

/// A line of policy is short; one that is not is cut.
fn clipped(line: &str) -> &str {
    line.char_indices().nth(120).and_then(|(at, _)| line.get(..at)).unwrap_or(line)
}

/// A line of policy without what no policy is made of: long runs of letters and digits, and what stands before the `@` of an address, may be a
/// secret, and no front end has looked at pages, rows and the files above what is scanned.
fn masked(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for part in line.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let run = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let digits = run.chars().filter(char::is_ascii_digit).count();
        if run.len() >= LONGEST || run.len() >= 12 && digits > 0 {
            out.push_str("****");
            out.push_str(part.get(run.len()..).unwrap_or_default());
        } else {
            out.push_str(part);
        }
    }
    match out.split_once("://") {
        Some((before, after)) if after.contains('@') => format!("{before}://****@{}", after.rsplit('@').next().unwrap_or_default()),
        _ => out,
    }
}

/// Longer than any word of a rule id, key or value of policy.
const LONGEST: usize = 20;

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_line_of_policy_tells_no_secret() {
        for line in ["fail-on = \"never\"", "[rule.poisoned-pipeline-execution]", "orgs = [\"acme\", \"eve\"]", "until = 2027-01-31"] {
            assert_eq!(masked(line), line);
        }
        let token = format!("x = \"{}_{}\"", "hf", "AbCdEfGhIjKlMnOpQrStUvWxYz01234567");
        assert_eq!(masked(&token), "x = \"hf_****\"");
        assert_eq!(masked("indexes = [\"https://me:hunter2@acme.io/simple\"]"), "indexes = [\"https://****@acme.io/simple\"]");
    }
}
