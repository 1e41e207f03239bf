//! What vouches for a secret in the manner of other scanners: a comment beside it, a list of places, a baseline of hashes. Whoever reviewed it said that it
//! opens nothing.

use std::collections::{BTreeMap, BTreeSet};

use sha1::{Digest, Sha1};

use super::found::Found;
use crate::discover::kind::LISTS;
use crate::source::{Kind, Range, SourceFile, Sources};
use crate::syntax::json;

/// Comments that vouch for the line they stand on.
const MARKS: [&str; 4] = ["gitleaks:allow", "betterleaks:allow", "trufflehog:ignore", "pragma: allowlist secret"];
/// Comments that vouch for the line below.
const MARKS_ABOVE: [&str; 1] = ["pragma: allowlist nextline secret"];
/// How far beside a secret, on its line, a comment may stand, in bytes.
const REACH: u32 = 400;

/// What the files of a tree vouch for.
#[derive(Debug, Default)]
pub struct Vouchers {
    /// By the list: (file, line).
    places: BTreeMap<&'static str, BTreeSet<(Place, u32)>>,
    /// By the list: file and SHA-1 of the secret, in hexadecimal.
    hashes: BTreeMap<&'static str, BTreeSet<(Place, String)>>,
}

/// A file: the top of its repository, and its path from there.
type Place = (String, String);

impl Vouchers {
    /// Reads the lists at the tops of what is scanned, and of the repositories that it is a part of.
    pub fn new(sources: &Sources) -> Self {
        let mut out = Vouchers::default();
        for file in sources.files.iter().filter(|f| f.kind == Kind::Plain).chain(&sources.lists) {
            let Some(name) = LISTS.into_iter().find(|name| *name == file.path) else { continue };
            // A list of a repository inside another one speaks of that alone.
            let home = file.uri.strip_suffix(file.path.as_str()).unwrap_or_default();
            let at = |path: String| (top(file), format!("{home}{path}"));
            // A baseline is an object; a list of places never begins as one.
            if file.bytes.trim_ascii_start().starts_with(b"{") {
                out.hashes.entry(name).or_default().extend(hashes(&file.bytes).into_iter().map(|(path, hash)| (at(path), hash)));
            } else {
                let text = String::from_utf8_lossy(&file.bytes);
                out.places.entry(name).or_default().extend(text.lines().filter_map(place).map(|(path, line)| (at(path), line)));
            }
        }
        out
    }

    /// Who vouches for a secret, if anyone does.
    pub fn reason(&self, file: &SourceFile, found: &Found) -> Option<String> {
        if let Some(mark) = comment(file, found) {
            return Some(mark.to_owned());
        }
        let (place, line) = ((top(file), file.uri.clone()), file.lines().line(found.range.start));
        let listed = self.places.iter().find(|(_, places)| places.contains(&(place.clone(), line)));
        if let Some((name, _)) = listed {
            return Some((*name).to_owned());
        }
        if found.text.is_empty() || self.hashes.is_empty() {
            return None;
        }
        let hash = sha1(found.text.as_bytes());
        self.hashes.iter().find(|(_, hashes)| hashes.contains(&(place.clone(), hash.clone()))).map(|(name, _)| (*name).to_owned())
    }
}

/// The top of a file's repository: equal for its files, and for those of no other one.
fn top(file: &SourceFile) -> String {
    let location = file.location.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
    location.strip_suffix(file.uri.as_str()).unwrap_or_default().to_owned()
}

fn comment(file: &SourceFile, found: &Found) -> Option<&'static str> {
    let holds = |text: &[u8], mark: &&&str| memchr::memmem::find(text, mark.as_bytes()).is_some();
    let (own, above) = if file.kind == Kind::Notebook { in_notebook(file, found.range) } else { in_file(file, found.range) };
    MARKS.iter().find(|mark| holds(own, mark)).or_else(|| MARKS_ABOVE.iter().find(|mark| holds(above, mark))).copied()
}

/// The lines on which a secret stands, and the line above.
fn in_file(file: &SourceFile, range: Range) -> (&[u8], &[u8]) {
    let lines = file.lines();
    let (first, last) = (lines.line(range.start), lines.line(range.end.max(range.start + 1) - 1));
    let start = lines.range(first).start.max(range.start.saturating_sub(REACH));
    let end = lines.range(last).end.min(range.end.saturating_add(REACH));
    let text = |start: u32, end: u32| file.bytes.get(start as usize..end as usize).unwrap_or_default();
    let above = first.checked_sub(1).filter(|n| *n > 0).map(|n| lines.range(n));
    (text(start, end), above.map(|r| text(r.start.max(r.end.saturating_sub(REACH)), r.end)).unwrap_or_default())
}

/// The same of a notebook: lines end at `\n` and at the quotes of their strings.
fn in_notebook(file: &SourceFile, range: Range) -> (&[u8], &[u8]) {
    let bytes = file.bytes.as_slice();
    let ends = |at: usize| match bytes.get(at) {
        Some(b'"') => at == 0 || bytes.get(at - 1) != Some(&b'\\'),
        Some(b'n') => at > 0 && bytes.get(at - 1) == Some(&b'\\') && bytes.get(at.wrapping_sub(2)) != Some(&b'\\'),
        _ => false,
    };
    let reach = REACH as usize;
    let before = |from: usize| (from.saturating_sub(reach)..from).rev().find(|at| ends(*at)).map_or(from.saturating_sub(reach), |at| at + 1);
    let (from, to) = (range.start as usize, range.end as usize);
    let start = before(from);
    let end = (to..(to + reach).min(bytes.len())).find(|at| ends(*at)).unwrap_or((to + reach).min(bytes.len()));
    // Over the end of the line before, and the quotes, comma and white space between two strings of a list.
    let between = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b',' | b'n' | b'\\');
    let gap = bytes.get(..start).unwrap_or_default().iter().rev().take(40).take_while(|b| between(b)).count();
    let above = bytes.get(before(start - gap)..start - gap).unwrap_or_default();
    (bytes.get(start..end).unwrap_or_default(), above)
}

/// File and line of an entry; its other parts say which scanner's rule meant it in which revision.
fn place(entry: &str) -> Option<(String, u32)> {
    let entry = entry.trim();
    if entry.starts_with('#') {
        return None;
    }
    let parts: Vec<&str> = entry.split(':').collect();
    let [.., file, _, line] = parts.as_slice() else { return None };
    Some(((*file).to_owned(), line.parse().ok()?))
}

/// What a baseline holds, but for what its auditor called a secret.
fn hashes(bytes: &[u8]) -> Vec<(String, String)> {
    let (documents, _) = json::parse(bytes);
    let results = documents.first().and_then(|d| d.get("results"));
    let mut out = Vec::new();
    for entry in results.map(|r| r.entries()).unwrap_or_default() {
        let Some(file) = entry.name() else { continue };
        for item in entry.value.items() {
            let real = item.get("is_secret").is_some_and(|n| n.text().is_some_and(|t| t.as_str() == "true"));
            let hash = item.get("hashed_secret").and_then(|n| n.as_str()).filter(|_| !real);
            out.extend(hash.map(|h| (file.to_owned(), h.to_ascii_lowercase())));
        }
    }
    out
}

fn sha1(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_lists() {
        assert_eq!(place("0123abcd:a/b.py:generic-api-key:12"), Some(("a/b.py".to_owned(), 12)));
        assert_eq!(place("a/b.py:generic-api-key:12"), Some(("a/b.py".to_owned(), 12)));
        assert_eq!(place("# a/b.py:generic-api-key:12"), None);
        assert_eq!(place("a/b.py:12x"), None);
    }

    #[test]
    fn baselines_name_hashes_that_are_no_secrets() {
        let source = br#"{"results": {"a.py": [{"hashed_secret": "AB", "line_number": 1}, {"hashed_secret": "cd", "is_secret": true}, {"hashed_secret": "ef", "is_secret": false}], "b": 1}}"#;
        assert_eq!(hashes(source), [("a.py".to_owned(), "ab".to_owned()), ("a.py".to_owned(), "ef".to_owned())]);
        assert_eq!(hashes(b"{"), []);
        assert_eq!(sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }
}
