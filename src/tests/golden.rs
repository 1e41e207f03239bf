//! Facts of all fixtures, held against what they were: what a cache kept must not outlive the reader that made it.

use std::collections::BTreeMap;
use std::path::Path;

use super::harness::{files, knowledge, sources};
use crate::discover::{Options, discover};
use crate::extract;
use crate::outline;
use crate::rule::examples;
use crate::scan;
use crate::source::{Kind, Sources};

/// Of every fixture the hash of kind and bytes, and that of its facts in the form a cache keeps.
fn told() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let listed = |dir: &Path| std::fs::read_dir(dir).unwrap().flatten().map(|e| e.path()).collect::<Vec<_>>();
    let mut trees: Vec<Sources> = Vec::new();
    for lab in listed(&root.join("labs")).into_iter().filter(|p| p.is_dir()) {
        trees.push(discover(std::slice::from_ref(&lab), &Options::default()).unwrap().0);
    }
    for file in listed(&root).into_iter().filter(|p| p.extension().is_some_and(|e| e == "md")) {
        trees.extend(examples::cases(&std::fs::read_to_string(&file).unwrap(), 1).iter().map(|c| sources(&files(c))));
    }
    trees.extend(knowledge().1.pages.iter().flat_map(|p| &p.examples).map(|c| sources(&files(c))));
    let short = |hash: blake3::Hash| hash.to_hex().chars().take(16).collect::<String>();
    let mut out = BTreeMap::new();
    for file in trees.iter().flat_map(|t| &t.files) {
        let outline = (file.kind == Kind::Python).then(|| outline::outline(&file.bytes));
        let (facts, _) = scan::read(file, outline.as_ref(), &outline.as_ref().map(outline::Outline::all).unwrap_or_default());
        let content = [format!("{:?}\n", file.kind).as_bytes(), &file.bytes].concat();
        let kept = postcard::to_stdvec(&facts).unwrap();
        assert_eq!(postcard::from_bytes::<crate::facts::FileFacts>(&kept).unwrap(), facts, "{}: what is kept is what was read", file.path);
        out.insert(short(blake3::hash(&content)), short(blake3::hash(&kept)));
    }
    out
}

#[test]
fn facts_change_only_with_the_version_of_the_extractor() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/facts.golden");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let (first, rest) = text.split_once('\n').unwrap_or_default();
    let version = format!("version {}", extract::VERSION);
    let before: BTreeMap<String, String> = rest.lines().filter_map(|l| l.split_once(' ')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let now = told();
    assert!(now.len() > 200, "{} fixtures", now.len());
    let changed: Vec<&String> = now.iter().filter(|(k, v)| before.get(*k).is_some_and(|b| b != *v)).map(|(k, _)| k).collect();
    assert!(
        changed.is_empty() || first != version,
        "the facts of {} fixtures changed: bump the extractor version (extract::VERSION), then UPDATE=1 cargo test extractor",
        changed.len()
    );
    // New fixtures are taken up with the next update; until then they say nothing.
    if std::env::var_os("UPDATE").is_some() {
        let lines: String = now.iter().map(|(k, v)| format!("{k} {v}\n")).collect();
        std::fs::write(&path, format!("{version}\n{lines}")).unwrap();
    } else {
        assert_eq!(first, version, "testdata/facts.golden is of another version: UPDATE=1 cargo test extractor");
        let known = now.keys().filter(|k| before.contains_key(*k)).count();
        assert!(known * 2 > now.len(), "most fixtures are not recorded: UPDATE=1 cargo test extractor");
    }
}
