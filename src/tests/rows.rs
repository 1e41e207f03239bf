//! `bad` and `ok` of every row, each as a small tree.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::harness::{knowledge, scan, sources};
use crate::catalog::Catalog;
use crate::catalog::row::{Effect, Row, RowExample, Subject};
use crate::finding::{Alert, Severity, Tier};

/// The tree of an example: its code in a file that fits the subject.
pub fn tree(row: &Row, example: &RowExample) -> BTreeMap<String, String> {
    let code = &example.code;
    let indented = |by: usize| code.lines().map(|l| format!("{}{l}\n", " ".repeat(by))).collect::<String>();
    let job = "jobs:\n  example:\n    runs-on: ubuntu-latest\n    steps:\n";
    let (path, text) = match &row.subject {
        Subject::Call(_) | Subject::Method(_) | Subject::Assign(_) | Subject::Suffix { .. } | Subject::Entry(_) => ("example.py", with_imports(code)),
        Subject::Command { .. } => ("example.sh", format!("{code}\n")),
        Subject::Action(_) | Subject::ActionShape(_) => (".github/workflows/example.yml", format!("on: push\n{job}{}", indented(6))),
        Subject::Context(_) => {
            let events = "on:\n  issues:\n    types: [opened]\n  issue_comment:\n  pull_request_target:\n";
            (".github/workflows/example.yml", format!("{events}{job}      - run: |\n{}", indented(10)))
        }
        Subject::Image(_) => ("Dockerfile", format!("{code}\n")),
        Subject::Setting(_) => ("config.yaml", format!("{code}\n")),
        Subject::Account(_) | Subject::Index(_) | Subject::Package(_) | Subject::Comment(_) | Subject::Tool(_) => {
            ("requirements.txt", format!("{code}\n"))
        }
        Subject::SecretFile(_) => ("Dockerfile", format!("FROM scratch\n{code}\n")),
        Subject::Secret(_) | Subject::SecretName(_) => ("example.py", format!("{code}\n")),
        Subject::Trigger(_) | Subject::Runner(_) | Subject::Credential(_) | Subject::Gate(_) => {
            (".github/workflows/example.yml", format!("{code}\n"))
        }
    };
    let path = example.path.clone().unwrap_or_else(|| path.to_owned());
    let text = if example.path.is_some() { format!("{code}\n") } else { text };
    let mut out = BTreeMap::from([(path, text)]);
    for (package, spec) in &example.project {
        let spec = if spec.starts_with(|c: char| c.is_ascii_digit()) { format!("=={spec}") } else { spec.clone() };
        out.entry("requirements.txt".to_owned()).or_default().push_str(&format!("{package}{spec}\n"));
    }
    out
}

/// Adds imports of the roots of dotted names, and of well-known names that examples use bare, when no import stands there.
fn with_imports(code: &str) -> String {
    if code.lines().any(|l| l.trim_start().starts_with("import ") || l.trim_start().starts_with("from ")) {
        return format!("{code}\n");
    }
    let mut roots = BTreeSet::new();
    let mut bare = BTreeSet::new();
    let bytes = code.as_bytes();
    let part = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'.';
    let mut at = 0;
    let mut quote = None;
    while at < bytes.len() {
        let b = bytes[at];
        match quote {
            Some(q) => {
                quote = (b != q).then_some(q);
                at += 1;
            }
            None if b == b'\'' || b == b'"' => {
                quote = Some(b);
                at += 1;
            }
            None if b.is_ascii_alphabetic() || b == b'_' => {
                let end = (at..bytes.len()).find(|i| !part(bytes[*i])).unwrap_or(bytes.len());
                let word = code.get(at..end).unwrap();
                let before = code.get(..at).unwrap();
                match word.split_once('.') {
                    Some((root, _)) if before.trim_end().ends_with(['=', '(', ',', ' ']) || at == 0 || before.ends_with('\n') => {
                        roots.insert(root.to_owned());
                    }
                    None => {
                        bare.insert(word.to_owned());
                    }
                    _ => {}
                }
                at = end;
            }
            None if b == b'.' => {
                at += 1;
                at = (at..bytes.len()).find(|i| !part(bytes[*i])).unwrap_or(bytes.len());
            }
            None => at += 1,
        }
    }
    let assigned = |name: &str| code.lines().any(|l| l.split_once('=').is_some_and(|(left, _)| left.split(',').any(|n| n.trim() == name)));
    let mut out = String::new();
    for root in roots.iter().filter(|r| !assigned(r)) {
        out.push_str(&format!("import {root}\n"));
    }
    // Names of classes and functions that some row knows are imported from where that row says.
    for name in bare.iter().filter(|n| !assigned(n) && !roots.contains(*n)) {
        let known = knowledge().0.rows.iter().find_map(|r| match &r.subject {
            Subject::Call(full) => full.rsplit_once('.').filter(|(module, last)| last == name && *module != "builtins" && !module.contains('*')),
            _ => None,
        });
        if let Some((module, _)) = known {
            out.push_str(&format!("from {module} import {name}\n"));
        }
    }
    out + code + "\n"
}

/// Rules that report an example.
pub fn rules(row: &Row, example: &RowExample, catalog: &Catalog) -> BTreeSet<String> {
    let tree = sources(&tree(row, example));
    let local = |id: &str| knowledge().1.get(id).is_some_and(|p| p.tier != Tier::Hygiene);
    let (_, alerts) = scan(&tree, catalog);
    let named = example.rule.as_deref();
    // Who calls is all that an entry says: a parameter that others can set is told of without one, at the lowest level.
    let enters = row.effects.iter().any(|e| matches!(e, Effect::Enters { .. }));
    // A format earns its place by being the one that is named.
    let other = |a: &Alert| matches!(&row.subject, Subject::Secret(f) if a.data.get("secret").is_some_and(|s| *s != f.id));
    let told = alerts.into_iter().filter(|a| (!enters || a.severity > Severity::Info) && !other(a));
    told.map(|a| a.rule).filter(|r| local(r) || named == Some(r)).collect()
}

/// What is wrong with the examples of a row.
pub fn faults(row: &Row, catalog: &Catalog) -> Vec<String> {
    let place = format!("rules/{}:{}: {}", row.file, row.line, row.subject.text());
    let own: BTreeSet<&String> = row.bad.iter().filter_map(|b| b.rule.as_ref()).collect();
    let mut out = Vec::new();
    for example in &row.bad {
        let found = rules(row, example, catalog);
        if example.rule.as_ref().map_or(found.is_empty(), |r| !found.contains(r)) {
            out.push(format!("{place}: bad is not reported (found {found:?}): {}", example.code));
        }
    }
    for example in &row.ok {
        let mut found = rules(row, example, catalog);
        if let Some(rule) = &example.rule {
            found.retain(|f| f == rule);
        } else if !own.is_empty() {
            found.retain(|f| own.contains(f));
        }
        if !found.is_empty() {
            out.push(format!("{place}: ok is reported as {found:?}: {}", example.code));
        }
    }
    out
}

/// One row of each place: alternatives share their examples, the first stands for all.
pub fn firsts(catalog: &Catalog) -> Vec<&Row> {
    let mut seen = BTreeSet::new();
    catalog.rows.iter().filter(|r| !(r.bad.is_empty() && r.ok.is_empty()) && seen.insert((&r.file, r.line))).collect()
}

#[test]
fn examples_of_rows_hold() {
    let (catalog, rules) = knowledge();
    let rows = firsts(catalog);
    let mut all: Vec<String> = rows.par_iter().flat_map_iter(|row| faults(row, catalog)).collect();
    for row in &rows {
        for rule in row.bad.iter().chain(&row.ok).filter_map(|e| e.rule.as_deref()).filter(|r| rules.get(r).is_none()) {
            all.push(format!("rules/{}:{}: there is no rule `{rule}`", row.file, row.line));
        }
    }
    assert!(all.is_empty(), "{} faults\n{}", all.len(), all.join("\n"));
}
