use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::catalog::Catalog;
use crate::catalog::row::Subject;
use crate::config::Config;
use crate::detect::TABLE;
use crate::discover::kind::{Named, by_name};
use crate::facts::FileFacts;
use crate::outline::Wanted;
use crate::rule::RuleSet;
use crate::source::Sources;

/// What formats find in a file.
fn known_in(formats: &Formats<'_>, kind: Kind, source: &str) -> Vec<Found> {
    let file = SourceFile::new("x", kind, source.as_bytes().to_vec());
    let scanner = Scanner { formats, wrapped: &Wrapped::new(formats, false) };
    let texts = carriers::texts(&file, &FileFacts::default(), &|t| formats.may_match(t.bytes));
    known::known(FileId(0), &file, &texts, &scanner).found
}

/// The ids of formats found in a file.
fn found(formats: &Formats<'_>, kind: Kind, source: &str) -> Vec<String> {
    known_in(formats, kind, source).into_iter().map(|f| f.cause).collect()
}

#[test]
fn every_format_finds_its_example_and_nothing_else() {
    let catalog = Catalog::builtin().unwrap();
    let formats = Formats::new(catalog.iter().map(|(_, row)| row), "2026-11-23", true);
    let (mut count, mut wrong) = (0, Vec::new());
    let mut expect = |kind: Kind, source: &str, id: Option<&str>| {
        let found = found(&formats, kind, source);
        if !found.iter().map(String::as_str).eq(id) {
            wrong.push(format!("{found:?} and not {id:?} in {source}"));
        }
    };
    for (_, row) in catalog.iter() {
        let Subject::Secret(format) = &row.subject else { continue };
        count += 1;
        for example in &row.bad {
            expect(Kind::Python, &example.code, Some(&format.id));
            // The same source as a line of a notebook cell.
            let cell = serde_json::json!({ "cells": [{ "source": [format!("{}\n", example.code), "y"] }] }).to_string();
            expect(Kind::Notebook, &cell, Some(&format.id));
            // The token in prose and as the content of escaped HTML.
            let token: String = example.code.trim_start_matches("x = ").trim_matches(['"', '\'']).replace("\" \"", "").replace("' '", "");
            let html = serde_json::json!({ "text/html": [format!("<td>{token}</td>")] }).to_string();
            expect(Kind::Notebook, &html, Some(&format.id));
        }
        for example in &row.ok {
            expect(Kind::Python, &example.code, None);
        }
        assert!(!row.bad.is_empty(), "{}", format.id);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 95, "{count} formats");
}

/// Formats, expired or not, and doubts of what is found on a day.
fn told(today: &str, kind: Kind, source: &str) -> Vec<(String, bool, Vec<String>)> {
    let catalog = Catalog::builtin().unwrap();
    let formats = Formats::new(catalog.iter().map(|(_, row)| row), today, true);
    known_in(&formats, kind, source).into_iter().map(|f| (f.cause, f.minor, f.doubts)).collect()
}

#[test]
fn what_has_ended_is_told_with_its_day() {
    // The end of this one is a second of 2018-01-18.
    let token = ["eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9", "eyJzdWIiOiJyb2JvdCIsImV4cCI6MTUxNjIzOTAyMn0", "q7Rt2LxV9bNd4KfHs8ZpWc3YmJg6TeUa"].join(".");
    let source = format!("x = '{token}'\n");
    for (today, doubts) in [("2018-01-18", vec![]), ("2018-01-19", vec!["it expired on 2018-01-18".to_owned()]), ("", vec![])] {
        assert_eq!(told(today, Kind::Python, &source), [("json-web-token".to_owned(), !doubts.is_empty(), doubts)], "{today}");
    }
    let short = "ya29.".to_owned() + &"q7Rt2LxV9bNd4KfHs8ZpWc3YmJg6TeUa".repeat(2);
    let doubt = vec!["tokens of this kind are valid for 1 hour".to_owned()];
    assert_eq!(told("2026-11-23", Kind::Python, &short), [("google-access-token".to_owned(), false, doubt)]);
}

#[test]
fn a_form_that_says_too_little_needs_a_word_beside_it() {
    let token = "sk-".to_owned() + "9f86d081884c7d659a2feaa0c55ad015";
    for (source, kind, found) in [
        (format!("DeepSeek(api_key='{token}')"), Kind::Python, true),
        (format!("api_key = '{token}'  # of deepseek"), Kind::Python, true),
        (format!("api_key = '{token}'{}# deepseek", " ".repeat(110)), Kind::Python, false),
        (format!("api_key = '{token}'"), Kind::Python, false),
        (format!("{{\"deepseek\": \"{token}\"}}"), Kind::Json, true),
        (format!("{{\"cells\": [{{\"source\": [\"DEEPSEEK = \\\"{token}\\\"\"]}}]}}"), Kind::Notebook, true),
    ] {
        assert_eq!(told("", kind, &source).len(), usize::from(found), "{source}");
    }
    // A format of several strings, in a file of JSON.
    let login = r#"{"username": "ada", "key": "9f86d081884c7d659a2feaa0c55ad015"}"#;
    assert_eq!(told("", Kind::Json, login).first().map(|f| f.0.as_str()), Some("kaggle-credentials"));
}

/// Runs the three detectors over files in memory; gives (rule, path, line, text at the span).
fn run(files: &[(&str, &str)]) -> Vec<(String, String, u32, String)> {
    let mut sources = Sources { roots: vec![".".into()], files: Vec::new(), ..Sources::default() };
    for (path, text) in files {
        let Named::Kind(kind) = by_name(Path::new(&format!("/r/{path}"))) else { panic!("{path}") };
        sources.files.push(SourceFile::new(*path, kind, text.as_bytes().to_vec()));
    }
    let catalog = Catalog::builtin().unwrap();
    let rules = RuleSet::load(&[], &catalog, &TABLE.iter().map(|(n, _)| *n).collect::<Vec<_>>()).unwrap();
    let model = crate::scan::model(&sources, &catalog, &Wanted::everything(), None);
    let config = Config::default();
    let context = Context {
        sources: &sources,
        index: &model.index,
        facts: &model.facts,
        graph: &model.graph,
        flow: &model.flow,
        reach: &model.reach,
        catalog: &catalog,
        rules: &rules,
        config: &config,
        secrets: &Secrets::default(),
    };
    let alerts = [known_format(&context), assigned_literal(&context), in_image(&context)].concat();
    alerts
        .iter()
        .filter(|a| !a.data.contains_key(VOUCHED))
        .map(|a| {
            let file = sources.file(a.primary.file);
            let text = file.text_at(a.primary.range);
            assert!(a.data.contains_key("reference") || !a.message.contains(&text), "{}", a.message);
            (a.rule.clone(), file.path.clone(), file.lines().line(a.primary.range.start), text)
        })
        .collect()
}

#[test]
fn the_examples_of_the_pages_hold() {
    for id in ["secret-known-format", "secret-assigned-literal", "secret-in-image"] {
        let catalog = Catalog::builtin().unwrap();
        let rules = RuleSet::load(&[], &catalog, &TABLE.iter().map(|(n, _)| *n).collect::<Vec<_>>()).unwrap();
        for case in &rules.get(id).unwrap().examples {
            let files: Vec<(&str, &str)> = case.files.iter().map(|f| (f.path.as_str(), f.text.as_str())).collect();
            let found: Vec<_> = run(&files).into_iter().filter(|(rule, ..)| rule == id).collect();
            for file in &case.files {
                let lines: BTreeSet<u32> = found.iter().filter(|(_, path, ..)| *path == file.path).map(|(_, _, line, _)| *line).collect();
                let marked: BTreeSet<u32> = file.marks.iter().filter(|m| m.cell.is_none()).map(|m| m.line).collect();
                let cells = file.marks.iter().any(|m| m.cell.is_some());
                assert!(
                    if cells { lines.len() == 1 } else { lines == marked },
                    "{id} {} {}: {lines:?} not {marked:?} {found:?}",
                    case.title,
                    file.path
                );
            }
        }
    }
}

#[test]
fn one_value_in_one_output_is_one_finding() {
    let token = ["hf_KGpOyQNcdOyZbkBF", "TFoOxtzHqSTZHEsviz"].concat();
    let cell = |id: &str, lines: usize| {
        let line = format!("\"{token}\\n\"");
        format!(
            r#"{{"cell_type": "code", "id": "{id}", "metadata": {{}}, "source": ["x = '{token}'"], "outputs": [{{"output_type": "stream", "name": "stdout", "text": [{}]}}]}}"#,
            vec![line; lines].join(", ")
        )
    };
    let notebook =
        |lines: usize| format!(r#"{{"cells": [{}, {}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}"#, cell("a", lines), cell("b", lines));
    assert_eq!(run(&[("n.ipynb", &notebook(3))]).len(), 4, "two sources, two outputs");
    // Every line wants an edit of its own.
    assert_eq!(run(&[("a.py", &format!("x = '{token}'\ny = '{token}'\n"))]).len(), 2);
    let begin = std::time::Instant::now();
    assert_eq!(run(&[("n.ipynb", &notebook(20_000))]).len(), 4);
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}
