//! Conditions of a job that runs a stranger's tree, and who gets past them.

use std::collections::BTreeMap;

use super::harness::{knowledge, scan, sources};
use crate::finding::Severity;

/// The level of the way through a job under this condition; `None` when an outsider has no way.
fn level(condition: &str) -> Option<Severity> {
    let workflow = format!(
        "on:\n  pull_request_target:\n    types: [opened, labeled]\npermissions: {{ contents: write }}\njobs:\n  a:\n    if: {condition}\n    runs-on: ubuntu-latest\n    \
         steps:\n      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8\n        with:\n          \
         ref: ${{{{ github.event.pull_request.head.sha }}}}\n      - run: make\n"
    );
    let tree = sources(&BTreeMap::from([(".github/workflows/a.yml".to_owned(), workflow)]));
    let (_, alerts) = scan(&tree, knowledge().0);
    alerts.iter().filter(|a| a.rule == "poisoned-pipeline-execution").map(|a| a.severity).max()
}

#[test]
fn doors_beside_each_other_are_as_wide_as_the_widest() {
    let label = "github.event.label.name == 'run'";
    let own = "!github.event.pull_request.head.repo.fork";
    let member = "github.event.pull_request.author_association == 'MEMBER'";
    let draft = "github.event.pull_request.draft == false";
    let held = Some(Severity::Low);
    for (condition, want) in [
        (draft.to_owned(), Some(Severity::Critical)),
        (label.to_owned(), held),
        (format!("{label} && {draft}"), held),
        (format!("{label} || {draft}"), Some(Severity::Critical)),
        (format!("{label} || {own}"), held),
        (format!("({label}) || github.event_name == 'push' || ({own} && {draft})"), held),
        (format!("{label} || {own} || {draft}"), Some(Severity::Critical)),
    ] {
        assert_eq!(level(&format!("\"{condition}\"")), want, "{condition}");
    }
    // Nobody from outside is a member; with a label beside it, somebody may be let in.
    assert!(level(&format!("\"{member}\"")).is_none_or(|l| l <= Severity::Low));
    assert_eq!(level(&format!("\"{member} || {label}\"")), held);
}
