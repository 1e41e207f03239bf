//! Answers about lines of a small tree: what decided, in each way in which something can be an alert or be none.

use std::collections::BTreeMap;

use super::harness::{knowledge, scan, sources};
use crate::triage::{Policy, Standing, triage};
use crate::why::{Context, why};

const SHA: &str = "@11bd71901bbe5b1630ceea73d27597364c9af683";

#[test]
fn every_kind_of_decision_is_told() {
    let workflow = format!(
        "on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-latest\n    if: github.event.pull_request.head.repo.full_name == github.repository\n\
         \x20   env:\n      T: ${{{{ secrets.HF_TOKEN }}}}\n    steps:\n      - uses: actions/checkout{SHA}\n        with:\n\
         \x20         ref: ${{{{ github.event.pull_request.head.sha }}}}\n      - run: make test\n      - uses: some/action@v1\n"
    );
    let open = workflow.replace("    if: github.event.pull_request.head.repo.full_name == github.repository\n", "");
    let python = "import torch, pickle, requests\nx = 1\ntorch.load(p, weights_only=True)\n\
        pickle.loads(requests.get('https://get.example.com/m').content)\n\
        pickle.loads(requests.get('https://get.example.com/n').content)  # pipevet: ignore[unsafe-pickle-load] known\n";
    let files = BTreeMap::from([
        (".github/workflows/gated.yml".to_owned(), workflow),
        (".github/workflows/open.yml".to_owned(), open),
        ("a.py".to_owned(), python.to_owned()),
        ("odd.sh".to_owned(), "#!/bin/sh\nif true; then\n  echo )\n".to_owned()),
    ]);
    let sources = sources(&files);
    let (catalog, rules) = knowledge();
    let (model, alerts) = scan(&sources, catalog);
    let standing = rules.pages.iter().map(|p| (p.id.clone(), Standing::Stable)).collect();
    let mut report = triage(alerts, model.notices.clone(), &model.facts, &sources, &Policy { rules: standing, ..Policy::default() });
    report.cleared = model.cleared.clone();
    let context = Context { sources: &sources, model: &model, report: &report, catalog, rules };
    let mut out = Vec::new();
    let asked = [("gated.yml", vec![1, 9, 12, 13]), ("open.yml", vec![1, 10, 11]), ("a.py", vec![2, 3, 4, 5]), ("odd.sh", vec![3])];
    for (name, lines) in asked {
        let (file, source) = sources.iter().find(|(_, f)| f.path.ends_with(name)).unwrap();
        for line in lines {
            crate::report::why::write((&source.shown, line), &why(&context, file, line), &sources, &mut out).unwrap();
        }
    }
    insta::assert_snapshot!("why", String::from_utf8(out).unwrap());
}
