//! The tree itself: layers, sizes, and that knowledge stands in rows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::catalog::Catalog;
use crate::catalog::row::Subject;

fn source_files() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut todo = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(directory) = todo.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().to_string_lossy().replace('\\', "/")
}

fn is_test(path: &Path) -> bool {
    let stem = path.file_stem().unwrap().to_string_lossy();
    let parent = path.parent().unwrap();
    let declared = [parent.join("mod.rs"), parent.with_extension("rs")];
    let only_for_tests = format!("#[cfg(test)]\nmod {stem};");
    if declared.iter().any(|f| std::fs::read_to_string(f).is_ok_and(|t| t.contains(&only_for_tests))) {
        return true;
    }
    let path = relative(path);
    path.starts_with("tests/") || path.ends_with("tests.rs") || path.contains("/tests/")
}

/// The code before the tests of a file.
fn code(text: &str) -> &str {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text.get(..end).unwrap()
}

/// Top-level module of a file below `src/`.
fn module(path: &Path) -> String {
    let path = relative(path);
    path.split('/').next().unwrap().trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_use_their_own_layer_or_one_above() {
    let table = include_str!("../lib.rs");
    let mut layer: BTreeMap<String, u32> = BTreeMap::new();
    for row in table.lines().filter_map(|l| l.strip_prefix("//! | ")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        if let Ok(n) = cells[0].parse() {
            layer.extend(cells[1].split(',').map(|m| (m.trim().to_owned(), n)));
        }
    }
    assert!(layer.len() > 15, "the table of src/lib.rs was not read");
    let used = regex::Regex::new(r"crate::(?:\{([^}]*)\}|([a-z_]+))").unwrap();
    let mut wrong = BTreeSet::new();
    for (path, text) in source_files().into_iter().filter(|(p, _)| !is_test(p)) {
        let own = module(&path);
        if own == "lib" || own == "main" {
            continue;
        }
        let Some(mine) = layer.get(&own) else {
            wrong.insert(format!("{own} has no row in the table of src/lib.rs"));
            continue;
        };
        // Links in comments name what they like.
        let text: String = code(&text).lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for found in used.captures_iter(&text) {
            let names = found.get(1).or(found.get(2)).unwrap().as_str();
            let names = names.split(',').map(|n| n.trim().split("::").next().unwrap().to_owned());
            for name in names {
                if layer.get(&name).is_some_and(|theirs| theirs > mine) {
                    wrong.insert(format!("{} uses crate::{name}, which is below it", relative(&path)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_and_folders_stay_readable() {
    let mut wrong = Vec::new();
    let mut folders: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (path, text) in source_files() {
        let lines = if is_test(&path) { text.lines().count() } else { code(&text).lines().count() };
        let most = 600;
        if lines > most {
            wrong.push(format!("{}: {lines} lines, more than {most}", relative(&path)));
        }
        if !is_test(&path) {
            *folders.entry(path.parent().unwrap().to_owned()).or_default() += lines;
        }
        if !text.starts_with("//! ") && !is_test(&path) {
            wrong.push(format!("{} does not begin with what it is", relative(&path)));
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    wrong.extend(
        folders
            .into_iter()
            .filter(|(f, lines)| *lines > 4000 && *f != root)
            .map(|(f, lines)| format!("{}: {lines} lines in one folder", relative(&f))),
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Names that rows own: programs, actions, packages, calls.
fn row_names() -> BTreeSet<String> {
    let words: BTreeSet<&str> =
        include_str!("../../rules/language-words.txt").lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    let mut names = BTreeSet::new();
    for row in &Catalog::builtin().unwrap().rows {
        match &row.subject {
            Subject::Call(n) | Subject::Action(n) | Subject::Package(n) | Subject::Image(n) => drop(names.insert(n.clone())),
            Subject::Command { program, .. } => drop(names.insert(program.trim_end_matches('*').to_owned())),
            _ => {}
        }
    }
    names.retain(|n| n.len() > 1 && !words.contains(n.as_str()));
    names
}

#[test]
fn names_of_programs_packages_and_calls_stand_in_rows_only() {
    let names = row_names();
    assert!(names.len() > 50);
    let literal = regex::Regex::new(r#""((?:[^"\\\n]|\\.)*)""#).unwrap();
    let mut wrong = BTreeSet::new();
    for (path, text) in source_files().into_iter().filter(|(p, _)| !is_test(p)) {
        let lines = code(&text).lines().filter(|l| !l.trim_start().starts_with("//") && !l.contains("include_str!"));
        for line in lines {
            for found in literal.captures_iter(line) {
                if names.contains(&found[1]) {
                    wrong.insert(format!("{}: \"{}\"", relative(&path), &found[1]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "say these in rules/models, or in rules/language-words.txt when they are syntax: {wrong:#?}");
}
