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
                check(case, &page.id, &page.file, false, &mut out);
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
                check(case, &rule, &name, case.title.starts_with("FP:") || case.title.starts_with("FN:"), &mut out);
            }
            out
        })
        .collect();
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}
