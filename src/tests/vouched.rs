//! Secrets that somebody vouches for, in the manner of this and of other scanners: hidden with the reason, and only those.

use std::collections::BTreeMap;

use super::harness::{knowledge, sources};
use crate::config::Config;
use crate::finding::Hidden;
use crate::scan;
use crate::source::{Kind, SourceFile, Sources};
use crate::triage::{Policy, triage};

/// Made up, and put together here so that no scanner takes this file for a leak.
const TOKEN: [&str; 2] = ["hf_KGpOyQNcdOyZbkBF", "TFoOxtzHqSTZHEsviz"];

/// (file, reason or `shown`) of every secret of a tree.
fn told(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let files: BTreeMap<String, String> = files.iter().map(|(path, text)| ((*path).to_owned(), text.replace("@", &TOKEN.concat()))).collect();
    told_of(&sources(&files))
}

/// The same of what was read already.
fn told_of(sources: &Sources) -> Vec<(String, String)> {
    let (catalog, rules) = knowledge();
    let (model, alerts) = scan::analyze(sources, catalog, rules, &Config::default(), None);
    let alerts = alerts.into_iter().filter(|a| a.rule.starts_with("secret-")).collect();
    let report = triage(alerts, Vec::new(), &model.facts, sources, &Policy { preview: true, ..Policy::default() });
    let place = |r: &crate::finding::Reported| {
        let file = sources.file(r.alert.primary.file);
        format!("{}:{}", file.path, file.lines().line(r.alert.primary.range.start))
    };
    let hidden = report.hidden.iter().map(|(r, why)| (place(r), if let Hidden::Ignored(why) = why { why.clone() } else { format!("{why:?}") }));
    let mut out: Vec<(String, String)> = report.shown.iter().map(|r| (place(r), "shown".to_owned())).chain(hidden).collect();
    out.sort();
    out
}

#[test]
fn comments_lists_and_baselines_vouch_for_what_they_name() {
    let baseline = r##"{"results": {"d.py": [{"hashed_secret": "#", "line_number": 9}]}}"##;
    let hash: String = <sha1::Sha1 as sha1::Digest>::digest(TOKEN.concat().as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    let files = [
        ("a.py", "x = '@'\ny = '@'  # gitleaks:allow\n"),
        ("b.py", "# pragma: allowlist nextline secret\nx = '@'\ny = '@'\n"),
        ("c.py", "x = '@'\ny = '@'\n"),
        ("d.py", "x = '@'\n"),
        (".gitleaksignore", "# reviewed\n0123:c.py:generic-api-key:2\n"),
        (".secrets.baseline", &baseline.replace('#', &hash)),
    ];
    let want = [
        ("a.py:1", "shown"),
        ("a.py:2", "gitleaks:allow"),
        ("b.py:2", "pragma: allowlist nextline secret"),
        ("b.py:3", "shown"),
        ("c.py:1", "shown"),
        ("c.py:2", ".gitleaksignore"),
        ("d.py:1", ".secrets.baseline"),
    ];
    assert_eq!(told(&files), want.map(|(p, w)| (p.to_owned(), w.to_owned())));
}

#[test]
fn a_tag_covers_its_cell() {
    let cell = |tags: &str| {
        format!(r#"{{"cell_type": "code", "id": "{tags}", "metadata": {{"tags": [{tags:?}]}}, "outputs": [{{"text": "@"}}], "source": "x = '@'"}}"#)
    };
    for between in ["\n", ""] {
        let cells = ["pipevet-ignore", "pipevet-ignore:secret-known-format", "other"].map(cell).join(&format!(",{between}"));
        let found = told(&[("n.ipynb", &format!(r#"{{"cells": [{between}{cells}{between}], "nbformat": 4}}"#))]);
        let reasons: Vec<&str> = found.iter().map(|(_, why)| why.as_str()).collect();
        let mut sorted = reasons.clone();
        sorted.sort_unstable();
        let one = "cell tag pipevet-ignore";
        let rule = "cell tag pipevet-ignore:secret-known-format";
        assert_eq!(sorted, [one, one, rule, rule, "shown", "shown"], "{between:?} {found:?}");
    }
}

#[test]
fn lists_above_what_was_asked_for_count_and_are_of_their_own_repository() {
    let file = |top: &str, uri: &str, kind: Kind, text: &str| {
        let mut file = SourceFile::new(uri, kind, text.replace('@', &TOKEN.concat()).into_bytes());
        file.location = std::path::Path::new(top).join(uri);
        file
    };
    let files = [("/one", "sub/a.py"), ("/one", "sub/b.py"), ("/two", "sub/a.py")].map(|(top, uri)| file(top, uri, Kind::Python, "x = '@'\n"));
    let mut sources = Sources { roots: vec!["/one".into(), "/two".into()], files: files.into(), ..Sources::default() };
    sources.files[2].root = 1;
    sources.lists.push(file("/one", ".gitleaksignore", Kind::Plain, "sub/a.py:generic-api-key:1\n"));
    let want = [("sub/a.py:1", ".gitleaksignore"), ("sub/a.py:1", "shown"), ("sub/b.py:1", "shown")];
    assert_eq!(told_of(&sources), want.map(|(p, w)| (p.to_owned(), w.to_owned())));
}
