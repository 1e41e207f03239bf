//! What is found does not depend on what was looked at first: asking for everything gives what asking on demand gives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::cases::literate;
use super::harness::{files, knowledge, scan, sources};
use crate::config::Config;
use crate::detect::is_of_texts;
use crate::discover::{Options, discover};
use crate::finding::Alert;
use crate::finding::VOUCHED;
use crate::outline::Wanted;
use crate::rule::{Page, examples};
use crate::scan::{Model, analyze, analyze_for, analyze_texts};
use crate::source::Sources;
use crate::triage::fingerprint::identify;

fn told(alerts: &[Alert], tree: &Sources) -> Vec<String> {
    let one = |a: &Alert| {
        let file = tree.file(a.primary.file);
        let (line, range) = (file.lines().line(a.primary.range.start), a.primary.range);
        format!("{}:{line} {range:?} {} {:?} {:?} {}", file.path, a.rule, a.severity, a.confidence, a.message)
    };
    let mut out: Vec<String> = alerts.iter().map(one).collect();
    out.sort();
    out
}

fn differences(tree: &Sources, name: &str) -> Vec<String> {
    let (catalog, rules) = knowledge();
    let some = told(&scan(tree, catalog).1, tree);
    let mut all = analyze_for(tree, catalog, rules, &Config::default(), &Wanted::everything(), None).1;
    all.retain(|a| !a.data.contains_key(VOUCHED));
    let all = told(&all, tree);
    let only =
        |a: &[String], b: &[String], word: &str| a.iter().filter(|x| !b.contains(x)).map(|x| format!("{name}: only {word}: {x}")).collect::<Vec<_>>();
    [only(&some, &all, "on demand"), only(&all, &some, "with everything")].concat()
}

/// Labs, literate cases and examples of pages.
fn fixtures() -> Vec<(String, Sources)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let listed = |dir: &Path| std::fs::read_dir(dir).unwrap().flatten().map(|e| e.path()).collect::<Vec<_>>();
    let mut cases: Vec<(String, Sources)> = Vec::new();
    for lab in listed(&root.join("labs")).into_iter().filter(|p| p.is_dir()) {
        cases.push((lab.display().to_string(), discover(std::slice::from_ref(&lab), &Options::default()).unwrap().0));
    }
    for file in literate("").into_iter().chain(literate("flow")) {
        let found = examples::cases(&std::fs::read_to_string(&file).unwrap(), 1);
        cases.extend(found.iter().map(|c| (format!("{}:{}", file.display(), c.line), sources(&files(c)))));
    }
    let pages = knowledge().1.pages.iter().flat_map(|p| p.examples.iter().map(|c| (format!("{}:{}", p.file, c.line), sources(&files(c)))));
    cases.extend(pages);
    cases
}

#[test]
fn asking_for_everything_finds_the_same() {
    let faults: Vec<String> = fixtures().par_iter().flat_map_iter(|(name, tree)| differences(tree, name)).collect();
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// What a selection of pages of texts finds is what all pages together find of them: places, words, fingerprints.
#[test]
fn asking_for_texts_alone_finds_the_same() {
    let (catalog, rules) = knowledge();
    let (config, pages) = (Config::default(), rules.pages.iter().filter(|p| is_of_texts(p)).collect::<Vec<&Page>>());
    let told = |(model, mut alerts): (Model, Vec<Alert>), tree: &Sources| {
        alerts.retain(|a| pages.iter().any(|p| p.id == a.rule));
        let mut out: Vec<String> =
            identify(alerts, &model.facts, tree).iter().map(|r| format!("{} {:?} {:?}", r.v1, r.constructs, r.alert)).collect();
        out.sort();
        out
    };
    let carriers: BTreeMap<String, String> = CARRIERS.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let cases: Vec<(String, Sources)> = fixtures().into_iter().chain([("carriers".to_owned(), sources(&carriers))]).collect();
    let compared = |(name, tree): &(String, Sources)| {
        let some = analyze_texts(tree, catalog, rules, &config, &pages, None);
        // There the whole tree is read.
        if some.0.short {
            return None;
        }
        let (some, all) = (told(some, tree), told(analyze(tree, catalog, rules, &config, None), tree));
        assert_eq!(some, all, "{name}");
        assert!(name != "carriers" || some.len() == CARRIERS.len(), "{some:#?}");
        Some(some.len())
    };
    let found: Vec<usize> = cases.par_iter().filter_map(compared).collect();
    assert!(found.len() > 200 && found.iter().sum::<usize>() > 30, "{} trees, {} findings", found.len(), found.iter().sum::<usize>());
}

/// Literals that only syntax tells of, and texts that are written in several pieces: one finding each.
const CARRIERS: [(&str, &str); 12] = [
    ("a.ipynb", r#"{"cells": [{"cell_type": "code", "source": ["!wandb login 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b\n"]}]}"#),
    (
        "b.ipynb",
        r#"{"cells": [{"cell_type": "code", "source": ["from huggingface_hub import login\n", "login('q7Rt2LxV9bNd4KfHs8ZpWc3YmJg6TeUa')"]}]}"#,
    ),
    ("c.ipynb", r#"{"cells": [{"cell_type": "code", "source": ["!run --api-token 'q7Rt2LxV9bNd4KfHs8ZpWc3YmJg6TeUa'\n"]}]}"#),
    ("d.ipynb", r#"{"cells": [{"cell_type": "code", "source": ["api_token", " = ", "\"q7Rt2LxV9b", "Nd4KfHs8ZpWc3YmJg6TeUa\""]}]}"#),
    (
        "e.ipynb",
        r#"{"cells": [{"cell_type": "code", "source": "x", "outputs": [{"data": {"text/html": "<td>api_token&#58; &quot;q7Rt2LxV9bNd4KfHs8ZpWc3YmJg6TeUa&quot;</td>"}}]}]}"#,
    ),
    (
        "f.ipynb",
        r#"{"cells": [{"cell_type": "code", "source": "x", "outputs": [{"text": ["API_TOKEN_2\t=\tq7Rt2LxV9bNd4KfHs8ZpWc3YmJg6TeUa\n"]}]}]}"#,
    ),
    ("g.ipynb", r#"{"metadata": {"api_token": "q7Rt2LxV9bNd4KfHs8ZpWc3YmJg6TeUa"}, "cells": []}"#),
    ("h.py", "def f():\n    def g():\n        return {\n            'api_token':\n                'q7Rt2LxV9bNd4KfHs8ZpWc3YmJg6TeUa',\n        }\n"),
    ("i.py", "import subprocess\nsubprocess.run(['hf', 'auth', 'login',\n    '--token', 'q7Rt2LxV9bNd4KfHs8ZpWc3YmJg6TeUa'])\n"),
    ("j.py", "import os\nos.system('API_TOKEN=q7Rt2LxV9bNd4KfHs8ZpWc3YmJg6TeUa ./run')\n"),
    ("k.py", "class C:\n    def f(self):\n        h = {'Authorization': 'Bearer q7Rt2LxV9bNd4KfHs8ZpWc3YmJg6TeUa'}\n"),
    ("l.py", "from azure.core.credentials import AzureKeyCredential\nc = AzureKeyCredential('q7Rt2LxV9bNd' 'V4KfHs8ZpWc3YmJg6TeUa')\n"),
];

/// Python files of one tree that are compared at once, at most.
const GROUP: usize = 400;

/// Directories below `dir` with at most [`GROUP`] Python files, largest first.
fn groups(dir: &Path, out: &mut Vec<PathBuf>) -> usize {
    let listed: Vec<PathBuf> = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
    let own = listed.iter().filter(|p| p.extension().is_some_and(|e| e == "py" || e == "ipynb")).count();
    let before = out.len();
    let below: usize = listed.iter().filter(|p| p.is_dir() && !p.is_symlink()).map(|p| groups(p, out)).sum();
    if own + below <= GROUP {
        out.truncate(before);
        out.extend((own + below > 0).then(|| dir.to_owned()));
    }
    own + below
}

/// A tenth of a corpus, drawn by the number in `PIPEVET_SEED` (0 to 9). `PIPEVET_CORPUS` names the directory; without it only fixtures are compared, above.
#[test]
fn asking_for_everything_finds_the_same_in_a_tenth_of_a_corpus() {
    let Some(corpus) = std::env::var_os("PIPEVET_CORPUS").map(PathBuf::from) else {
        println!("PIPEVET_CORPUS names no directory: only fixtures were compared");
        return;
    };
    let seed: u64 = std::env::var("PIPEVET_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    let mut all = Vec::new();
    groups(&corpus, &mut all);
    all.sort();
    assert!(!all.is_empty(), "no Python below {}", corpus.display());
    let drawn: Vec<&PathBuf> = if all.len() < 10 {
        all.iter().collect()
    } else {
        let number = |p: &Path| p.to_string_lossy().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        all.iter().filter(|p| number(p.strip_prefix(&corpus).unwrap()) % 10 == seed).collect()
    };
    let mut faults = Vec::new();
    for directory in &drawn {
        let tree = discover(std::slice::from_ref(*directory), &Options::default()).unwrap().0;
        faults.extend(differences(&tree, &directory.strip_prefix(&corpus).unwrap().display().to_string()));
    }
    println!("{} of {} directories compared", drawn.len(), all.len());
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}
