//! What was found harmless is said with its reason; what is told is never among it.

use std::collections::BTreeMap;

use super::harness::{knowledge, scan, sources};
use crate::finding::ClearedKind;

const SHA: &str = "@11bd71901bbe5b1630ceea73d27597364c9af683";

#[test]
fn harmless_places_have_reasons_and_findings_are_none_of_them() {
    let target = |steps: &str, when: &str| {
        format!(
            "on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-latest\n{when}    env:\n      T: ${{{{ secrets.HF_TOKEN }}}}\n    steps:\n{steps}"
        )
    };
    let fork = format!(
        "      - uses: actions/checkout{SHA}\n        with:\n          ref: ${{{{ github.event.pull_request.head.sha }}}}\n      - run: make test\n"
    );
    let gate = "    if: github.event.pull_request.head.repo.full_name == github.repository\n";
    let files = BTreeMap::from([
        (".github/workflows/label.yml".to_owned(), target(&format!("      - uses: actions/labeler{SHA}\n"), "")),
        (".github/workflows/gated.yml".to_owned(), target(&fork, gate)),
        (".github/workflows/bad.yml".to_owned(), target(&fork, "")),
        (
            "a.py".to_owned(),
            "import torch, pickle, requests\ntorch.load(p, weights_only=True)\npickle.loads(requests.get('https://get.example.com/m').content)\npickle.loads(pickle.dumps(1))\n".to_owned(),
        ),
    ]);
    let sources = sources(&files);
    let (model, alerts) = scan(&sources, knowledge().0);
    let found: Vec<String> = model
        .cleared
        .iter()
        .filter(|c| c.kind != ClearedKind::Open)
        .map(|c| {
            let places = c.places.iter().map(|at| {
                let file = sources.file(at.file);
                format!("{}:{}", file.path.rsplit('/').next().unwrap(), file.lines().line(at.range.start))
            });
            format!("{} of {} {}: {} [{}]", c.places.len(), c.of, c.what, c.reason, places.collect::<Vec<_>>().join(" "))
        })
        .collect();
    insta::assert_snapshot!("cleared", found.join("\n"));
    let bad = alerts.iter().find(|a| a.rule == "poisoned-pipeline-execution").unwrap();
    assert!(sources.file(bad.primary.file).path.ends_with("bad.yml"), "the gate holds in the other");
    let told = alerts.iter().find(|a| sources.file(a.primary.file).path == "a.py").map(|a| a.primary).unwrap();
    assert!(model.cleared.iter().all(|c| !c.places.contains(&told)));
}

#[test]
fn what_other_tools_are_told_to_pass_over_is_listed() {
    let source = [
        "import pickle, yaml, torch",
        "from urllib.request import urlopen",
        "a = pickle.loads(urlopen('https://get.example.com/a').read())  # nosec B301 - our own server",
        "b = pickle.load(open('b', 'rb'))  # noqa: S301",
        "# nosemgrep: avoid-pickle",
        "c = torch.load(",
        "    'c.pt',",
        "    weights_only=False,",
        ")",
        "d = pickle.load(open('d', 'rb'))  # noqa: E501",
        "e = pickle.load(open('e', 'rb'))  # nosecret here",
        "f = len('x')  # nosec",
        "",
    ];
    let sources = sources(&BTreeMap::from([("a.py".to_owned(), source.join("\n"))]));
    let (model, _) = scan(&sources, knowledge().0);
    let lines = |c: &crate::finding::Cleared| c.places.iter().map(|at| sources.file(at.file).lines().line(at.range.start)).collect::<Vec<_>>();
    let found: Vec<String> =
        model.suppressed.iter().map(|c| format!("{} of {} {}: {} {:?}", c.places.len(), c.of, c.what, c.reason, lines(c))).collect();
    assert_eq!(
        found,
        [
            "1 of 1 places beside `# noqa:*s3??*` of ruff, flake8: pickle-load; unsafe-pickle-load (low) [4]",
            "1 of 1 places beside `# nosec *` of bandit: pickle-load; unsafe-pickle-load (high) [3]",
            "1 of 1 places beside `# nosemgrep:*` of semgrep: checkpoint-load; unsafe-checkpoint-load (low) [6]",
        ]
    );
}
