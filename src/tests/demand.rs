//! What is found does not depend on what was looked at first: asking for everything gives what asking on demand gives.

use std::path::Path;

use rayon::prelude::*;

use super::harness::{files, knowledge, scan, sources};
use crate::config::Config;
use crate::discover::{Options, discover};
use crate::finding::Alert;
use crate::outline::Wanted;
use crate::rule::examples;
use crate::scan::analyze_for;
use crate::source::Sources;

fn told(alerts: &[Alert]) -> Vec<String> {
    let mut out: Vec<String> =
        alerts.iter().map(|a| format!("{} {:?} {:?} {:?} {}", a.rule, a.primary, a.severity, a.confidence, a.message)).collect();
    out.sort();
    out
}

fn differences(tree: &Sources, name: &str) -> Vec<String> {
    let (catalog, rules) = knowledge();
    let some = told(&scan(tree, catalog).1);
    let all = told(&analyze_for(tree, catalog, rules, &Config::default(), &Wanted::everything(), None).1);
    let only =
        |a: &[String], b: &[String], word: &str| a.iter().filter(|x| !b.contains(x)).map(|x| format!("{name}: only {word}: {x}")).collect::<Vec<_>>();
    [only(&some, &all, "on demand"), only(&all, &some, "with everything")].concat()
}

#[test]
fn asking_for_everything_finds_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let listed = |dir: &Path| std::fs::read_dir(dir).unwrap().flatten().map(|e| e.path()).collect::<Vec<_>>();
    let mut cases: Vec<(String, Sources)> = Vec::new();
    for lab in listed(&root.join("labs")).into_iter().filter(|p| p.is_dir()) {
        cases.push((lab.display().to_string(), discover(std::slice::from_ref(&lab), &Options::default()).unwrap().0));
    }
    for file in listed(&root).into_iter().filter(|p| p.extension().is_some_and(|e| e == "md")) {
        let found = examples::cases(&std::fs::read_to_string(&file).unwrap(), 1);
        cases.extend(found.iter().map(|c| (format!("{}:{}", file.display(), c.line), sources(&files(c)))));
    }
    let pages = knowledge().1.pages.iter().flat_map(|p| p.examples.iter().map(|c| (format!("{}:{}", p.file, c.line), sources(&files(c)))));
    cases.extend(pages);
    let faults: Vec<String> = cases.par_iter().flat_map_iter(|(name, tree)| differences(tree, name)).collect();
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}
