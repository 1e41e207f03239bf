//! What vouches for a secret in the manner of other scanners: a comment beside it, a list of places, a baseline of hashes. Whoever reviewed it said that it
//! opens nothing.

use std::collections::{BTreeMap, BTreeSet};

use sha1::{Digest, Sha1};

use super::found::Found;
use crate::source::{Kind, SourceFile, Sources};
use crate::syntax::json;

/// Comments that vouch for the line they stand on.
const MARKS: [&str; 4] = ["gitleaks:allow", "betterleaks:allow", "trufflehog:ignore", "pragma: allowlist secret"];
/// Comments that vouch for the line below.
const MARKS_ABOVE: [&str; 1] = ["pragma: allowlist nextline secret"];
/// Lists of places: `commit:file:rule:line` or `file:rule:line`.
const PLACES: [&str; 2] = [".gitleaksignore", ".betterleaksignore"];
/// A baseline of hashes.
const BASELINE: &str = ".secrets.baseline";
/// How far beside a secret, on its line, a comment may stand, in bytes. A notebook may be one line.
const REACH: u32 = 400;

/// What the files of a tree vouch for.
#[derive(Debug, Default)]
pub struct Vouchers {
    /// By the list: (file, line).
    places: BTreeMap<&'static str, BTreeSet<(String, u32)>>,
    /// File and SHA-1 of the secret, in hexadecimal.
    hashes: BTreeSet<(String, String)>,
}

impl Vouchers {
    /// Reads the lists at the tops of what is scanned.
    pub fn new(sources: &Sources) -> Self {
        let mut out = Vouchers::default();
        for file in sources.files.iter().filter(|f| f.kind == Kind::Plain) {
            if let Some(name) = PLACES.into_iter().find(|name| *name == file.path) {
                let places = out.places.entry(name).or_default();
                places.extend(String::from_utf8_lossy(&file.bytes).lines().filter_map(place));
            } else if file.path == BASELINE {
                out.hashes.extend(hashes(&file.bytes));
            }
        }
        out
    }

    /// Who vouches for a secret, if anyone does.
    pub fn reason(&self, file: &SourceFile, found: &Found) -> Option<String> {
        if let Some(mark) = comment(file, found) {
            return Some(mark.to_owned());
        }
        let line = file.lines().line(found.range.start);
        let listed = self.places.iter().find(|(_, places)| places.contains(&(file.uri.clone(), line)));
        if let Some((name, _)) = listed {
            return Some((*name).to_owned());
        }
        let hashed = !found.text.is_empty() && self.hashes.contains(&(file.uri.clone(), sha1(found.text.as_bytes())));
        hashed.then(|| BASELINE.to_owned())
    }
}

fn comment(file: &SourceFile, found: &Found) -> Option<&'static str> {
    let lines = file.lines();
    let (first, last) = (lines.line(found.range.start), lines.line(found.range.end.max(found.range.start + 1) - 1));
    let start = lines.range(first).start.max(found.range.start.saturating_sub(REACH));
    let end = lines.range(last).end.min(found.range.end.saturating_add(REACH));
    let text = |start: u32, end: u32| file.bytes.get(start as usize..end as usize).unwrap_or_default();
    let holds = |text: &[u8], mark: &&&str| memchr::memmem::find(text, mark.as_bytes()).is_some();
    let own = text(start, end);
    if let Some(mark) = MARKS.iter().find(|mark| holds(own, mark)) {
        return Some(mark);
    }
    let above = first.checked_sub(1).filter(|n| *n > 0).map(|n| lines.range(n));
    let above = above.map(|r| text(r.start.max(r.end.saturating_sub(REACH)), r.end)).unwrap_or_default();
    MARKS_ABOVE.iter().find(|mark| holds(above, mark)).copied()
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
