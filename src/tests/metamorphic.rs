//! What is written otherwise and means the same is found the same: twenty seed findings, each under every rewriting that applies to it. A finding survives
//! with its rule, level, confidence and cause; it disappears with its fix.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::literate;
use super::harness::{files, knowledge, scan, sources};
use super::rewrite::{self, Tree};
use crate::rule::examples::{self, Case};

/// Where a seed stands (a page or a file of `testdata`), its heading, its rule, and the edits that fix all of its findings.
type Seed = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const SEEDS: &[Seed] = &[
    ("unsafe-checkpoint-load", "From a hub, with the protection off", "unsafe-checkpoint-load", &[("weights_only=False", "weights_only=True")]),
    ("unsafe-checkpoint-load", "With a version that does not protect yet", "unsafe-checkpoint-load", &[("torch==2.4.1", "torch==2.10.0")]),
    ("unsafe-checkpoint-load", "From an address", "unsafe-checkpoint-load", &[("scorer.pth\"", "scorer.pth\", weights_only=True")]),
    ("unsafe-checkpoint-load", "Through a helper in another file", "unsafe-checkpoint-load", &[("weights_only=False", "weights_only=True")]),
    (
        "unsafe-pickle-load",
        "A downloaded model",
        "unsafe-pickle-load",
        &[("pickle.load(f)", "f.read()"), ("joblib.load(", "open("), ("pd.read_pickle", "pd.read_csv")],
    ),
    ("unsafe-pickle-load", "A request", "unsafe-pickle-load", &[("pickle.loads(body)", "len(body)")]),
    (
        "pickle-over-socket",
        "Message queues",
        "pickle-over-socket",
        &[("tcp://*:5555", "ipc:///tmp/jobs"), ("tcp://0.0.0.0:5556", "ipc:///tmp/answers")],
    ),
    ("unsafe-yaml-load", "Chosen on the command line", "unsafe-yaml-load", &[("yaml.unsafe_load", "yaml.safe_load")]),
    ("remote-code-trusted", "Models", "remote-code-trusted", &[("trust_remote_code=True", "trust_remote_code=False")]),
    (
        "config-code-executed",
        "A configuration that came with a model",
        "config-code-executed",
        &[("hf_hub_download(\"acme/scorer\", \"config.yaml\")", "\"config.yaml\"")],
    ),
    (
        "dynamic-code-executed",
        "Downloads",
        "dynamic-code-executed",
        &[
            ("exec(requests.get(\"https://snippets.example.com/patch.py\").text)", "print(1)"),
            ("subprocess.run(command, shell=True)", "subprocess.run([\"train\", command])"),
            ("os.system(\"train \" + command)", "subprocess.run([\"train\", command])"),
        ],
    ),
    ("dynamic-code-executed", "A request", "dynamic-code-executed", &[("eval(", "str(")]),
    ("flow/summaries", "The hops of a way, over four files", "unsafe-pickle-load", &[("pickle.loads(data)", "data.decode()")]),
    (
        "flow/summaries",
        "A wrapper around a loader, with the switch as its parameter",
        "remote-code-trusted",
        &[("\"acme/a\", True", "\"acme/a\", False"), ("trust=True, revision=\"main\"", "trust=False")],
    ),
    ("flow/classes", "A template method that calls what is overridden elsewhere", "unsafe-pickle-load", &[("pickle.loads(data)", "data.decode()")]),
    ("flow/origins", "The last writer of a file", "unsafe-pickle-load", &[("pickle.load(open(\"b.pkl\", \"rb\"))", "print(\"b.pkl\")")]),
    ("flow/control", "A generator function", "unsafe-pickle-load", &[("pickle.loads(body)", "print(body)")]),
    (
        "flow/text",
        "A path of a parameter, joined",
        "unsafe-pickle-load",
        &[("snapshot_download(\"acme/scorer\")", "snapshot_download(\"acme/scorer\", revision=\"3d9f1b0c4a5e6f708192a3b4c5d6e7f801234567\")")],
    ),
    ("flow/checks", "Consent that a flag withholds, over two functions", "unsafe-pickle-load", &[(", trusted=True", "")]),
    ("flow/entries", "A command line", "unsafe-pickle-load", &[("pickle.load(f)", "f.read()")]),
];

/// What of a finding must survive. Quotes, line breaks and the names of locals are how it is written.
fn told(tree: &Tree, rule: &str, names: &BTreeMap<String, String>) -> Vec<String> {
    let sources = sources(tree);
    let (_, alerts) = scan(&sources, knowledge().0);
    let mut out: Vec<String> = alerts
        .iter()
        .filter(|a| a.rule == rule)
        .map(|a| {
            // The callee, then the name outside, which is none of the program's.
            let (callee, outside) = a.cause.rsplit_once(' ').unwrap_or((&a.cause, ""));
            let callee = rewrite::plain(&rewrite::renamed(callee, names));
            format!("{} {:?} {:?} {callee} {}", a.rule, a.severity, a.confidence, rewrite::plain(outside))
        })
        .collect();
    out.sort();
    out
}

fn cases(place: &str) -> Vec<Case> {
    if let Some(page) = knowledge().1.get(place) {
        return page.examples.clone();
    }
    let (folder, stem) = place.split_once('/').unwrap_or(("", place));
    let path = literate(folder).into_iter().find(|p| p.file_stem().is_some_and(|s| s == stem)).unwrap();
    examples::cases(&std::fs::read_to_string(path).unwrap(), 1)
}

fn seed((place, title, ..): &Seed) -> Tree {
    let case = cases(place).into_iter().find(|c| c.title == *title).unwrap_or_else(|| panic!("{place} has no `{title}`"));
    // What marks a line is a comment of this program's tests.
    files(&case).into_iter().map(|(path, text)| (path, rewrite::unmarked(&text))).collect()
}

#[test]
fn a_finding_survives_every_rewriting_of_the_same_program() {
    assert!(SEEDS.len() >= 20);
    let mut faults = Vec::new();
    let mut applied: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (number, seed_) in SEEDS.iter().enumerate() {
        let (place, title, rule, _) = seed_;
        let tree = seed(seed_);
        let before = told(&tree, rule, &BTreeMap::new());
        if before.is_empty() {
            faults.push(format!("{place}: {title}: nothing is reported as {rule}"));
        }
        for (name, rewriting) in rewrite::ALL {
            let Some((other, names)) = rewriting(&tree) else { continue };
            assert_ne!(other, tree, "{name}");
            applied.entry(name).or_default().insert(number);
            let expected: Vec<String> = if names.is_empty() { before.clone() } else { told(&tree, rule, &names) };
            let after = told(&other, rule, &BTreeMap::new());
            if after != expected {
                let text: String = other.iter().map(|(p, t)| format!("--- {p}\n{t}")).collect();
                faults.push(format!("{place}: {title}: {name}\n  want {expected:#?}\n  got  {after:#?}\n{text}"));
            }
        }
    }
    for (name, _) in rewrite::ALL {
        let seeds = applied.get(name).map_or(0, BTreeSet::len);
        assert!(seeds >= 8, "`{name}` applies to {seeds} seeds only");
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_finding_disappears_with_its_fix() {
    let mut faults = Vec::new();
    for seed_ in SEEDS {
        let (place, title, rule, fix) = seed_;
        let mut tree = seed(seed_);
        for (from, to) in *fix {
            let before = tree.clone();
            tree.values_mut().for_each(|text| *text = text.replace(from, to));
            assert_ne!(before, tree, "{place}: {title}: `{from}` stands nowhere");
        }
        let after = told(&tree, rule, &BTreeMap::new());
        if !after.is_empty() {
            faults.push(format!("{place}: {title}: {after:?}"));
        }
        // And a rewriting does not bring it back.
        for (name, rewriting) in rewrite::ALL {
            let Some((other, _)) = rewriting(&tree) else { continue };
            let after = told(&other, rule, &BTreeMap::new());
            if !after.is_empty() {
                faults.push(format!("{place}: {title}: fixed, then {name}: {after:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}
