use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::catalog::Catalog;
use crate::catalog::row::Subject;
use crate::config::Config;
use crate::detect::TABLE;
use crate::discover::kind::{Named, by_name};
use crate::outline::Wanted;
use crate::rule::RuleSet;
use crate::source::Sources;

/// The ids of formats found in a file.
fn found(formats: &Formats<'_>, kind: Kind, source: &str) -> Vec<String> {
    let file = SourceFile::new("x", kind, source.as_bytes().to_vec());
    known::in_file(FileId(0), &file, &FileFacts::default(), formats).into_iter().map(|f| f.cause).collect()
}

#[test]
fn every_format_finds_its_example_and_nothing_else() {
    let catalog = Catalog::builtin().unwrap();
    let formats = Formats::new(catalog.iter().map(|(_, row)| row), "2026-11-23");
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
    };
    let alerts = [known_format(&context), assigned_literal(&context), in_image(&context)].concat();
    alerts
        .iter()
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
