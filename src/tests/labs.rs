//! The labs: whole trees with the complete list of what is shown; each has a fixed twin.

use std::path::{Path, PathBuf};

use super::harness::{knowledge, scan};
use crate::discover::{Options, discover};
use crate::finding::Confidence;
use crate::report::overview;
use crate::triage::{Policy, triage};

#[test]
fn labs_show_exactly_what_they_expect() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/labs");
    let mut labs: Vec<PathBuf> = std::fs::read_dir(root).unwrap().flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    labs.sort();
    assert!(labs.len() >= 4, "two labs and their twins");
    let mut faults = Vec::new();
    for lab in labs {
        let name = lab.file_name().unwrap().to_string_lossy().into_owned();
        let (sources, notices) = discover(std::slice::from_ref(&lab), &Options::default()).unwrap();
        let (model, alerts) = scan(&sources, knowledge().0);
        let policy = Policy { preview: true, min_confidence: Confidence::Medium, ..Policy::default() };
        let mut report = triage(alerts, notices, &model.facts, &sources, &policy);
        report.cleared = model.cleared;
        let mut screen = Vec::new();
        overview::write(&report, &sources, false, &mut screen).unwrap();
        let screen = String::from_utf8(screen).unwrap();
        assert!(screen.lines().count() <= overview::MOST_LINES && screen.lines().all(|l| l.chars().count() <= overview::WIDTH), "{screen}");
        let mut found: Vec<String> = report
            .shown
            .iter()
            .map(|r| {
                let file = sources.file(r.alert.primary.file);
                let tail = file.path.rsplit_once(&format!("{name}/")).map_or(file.path.as_str(), |(_, t)| t);
                format!("{} {} {tail}:{}", r.alert.severity.name(), r.alert.rule, file.lines().line(r.alert.primary.range.start))
            })
            .collect();
        let text = std::fs::read_to_string(lab.join("expected.txt")).unwrap();
        let mut wanted: Vec<String> = text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned).collect();
        found.sort();
        wanted.sort();
        faults.extend(wanted.iter().filter(|w| !found.contains(w)).map(|w| format!("{name}: missing: {w}")));
        faults.extend(found.iter().filter(|f| !wanted.contains(f)).map(|f| format!("{name}: not expected: {f}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
