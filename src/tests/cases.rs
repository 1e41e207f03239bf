//! Examples of pages, and literate cases: `testdata/<rule-id>.md` runs that rule alone, `testdata/flow/<mechanism>.md` all rules that any line of it is marked
//! with. A line that is not marked must not be reported by them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
                check(case, &[&page.id], &page.file, &mut out);
            }
            out
        })
        .collect();
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// The Markdown files of a folder below `testdata`.
pub fn literate(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "md")).collect();
    files.sort();
    files
}

#[test]
fn cases_are_reported_where_they_are_marked() {
    let files: Vec<(PathBuf, bool)> = literate("").into_iter().map(|f| (f, false)).chain(literate("flow").into_iter().map(|f| (f, true))).collect();
    let faults: Vec<String> = files
        .par_iter()
        .flat_map_iter(|(path, mechanism)| {
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            let name = if *mechanism { format!("testdata/flow/{stem}.md") } else { format!("testdata/{stem}.md") };
            let cases = examples::cases(&std::fs::read_to_string(path).unwrap(), 1);
            let marks = cases.iter().flat_map(|c| &c.files).flat_map(|f| &f.marks).map(|m| m.word.as_str());
            let rules: BTreeSet<&str> = if *mechanism { marks.filter(|w| *w != "path").collect() } else { BTreeSet::from([stem.as_str()]) };
            let rules: Vec<&str> = rules.into_iter().collect();
            let mut out: Vec<String> =
                rules.iter().filter(|r| knowledge().1.get(r).is_none()).map(|r| format!("{name}: there is no rule `{r}`")).collect();
            if cases.is_empty() || rules.is_empty() {
                out.push(format!("{name}: no case, or no mark"));
            }
            // Only those whose heading holds this: for one that is worked on.
            let only = std::env::var("PIPEVET_CASE").unwrap_or_default();
            for case in cases.iter().filter(|c| c.title.contains(&only) || name.contains(&only)) {
                check(case, &rules, &name, &mut out);
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
