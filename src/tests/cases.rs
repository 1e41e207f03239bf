//! Examples of pages and the literate cases of `testdata/<rule-id>.md`.

use std::path::Path;

use rayon::prelude::*;

use super::harness::{check, knowledge};
use crate::rule::examples;

#[test]
fn examples_of_pages_are_reported_where_they_are_marked() {
    let pages = &knowledge().1.pages;
    let faults: Vec<String> = pages
        .par_iter()
        .flat_map_iter(|page| {
            let mut out = Vec::new();
            for case in &page.examples {
                check(case, &page.id, &page.file, &mut out);
            }
            out
        })
        .collect();
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn cases_are_reported_where_they_are_marked() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "md")).collect();
    files.sort();
    let faults: Vec<String> = files
        .par_iter()
        .flat_map_iter(|path| {
            let rule = path.file_stem().unwrap().to_string_lossy().into_owned();
            let name = format!("testdata/{rule}.md");
            let mut out = Vec::new();
            if knowledge().1.get(&rule).is_none() {
                return vec![format!("{name}: there is no such rule")];
            }
            let cases = examples::cases(&std::fs::read_to_string(path).unwrap(), 1);
            if cases.is_empty() {
                out.push(format!("{name}: no case"));
            }
            for case in &cases {
                check(case, &rule, &name, &mut out);
            }
            out
        })
        .collect();
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_rule_table_of_the_readme_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (begin, end) = ("<!-- rules: begin -->", "<!-- rules: end -->");
    let (before, rest) = text.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let wanted = format!("{before}{begin}\n{}{end}{after}", knowledge().1.table());
    if text != wanted {
        assert!(std::env::var_os("UPDATE").is_some(), "the rule table of README.md is out of date: UPDATE=1 cargo test readme");
        std::fs::write(file, wanted).unwrap();
    }
}
