use super::*;
use crate::catalog::Catalog;
use crate::catalog::row::Subject;
use crate::facts::FileFacts;
use crate::source::{Kind, SourceFile};

/// The ids of formats found in a file.
fn found(formats: &Formats<'_>, kind: Kind, source: &str) -> Vec<String> {
    let file = SourceFile::new("x", kind, source.as_bytes().to_vec());
    let texts = carriers::texts(&file, &FileFacts::default(), &|t| formats.may_match(t));
    texts.iter().flat_map(|t| formats.scan(t.as_str().as_bytes())).map(|t| formats.get(t.format).id.clone()).collect()
}

#[test]
fn every_format_finds_its_example_and_nothing_else() {
    let catalog = Catalog::builtin().unwrap();
    let formats = Formats::new(catalog.iter().map(|(_, row)| row));
    let mut count = 0;
    for (_, row) in catalog.iter() {
        let Subject::Secret(format) = &row.subject else { continue };
        count += 1;
        for example in &row.bad {
            assert_eq!(found(&formats, Kind::Python, &example.code), [format.id.as_str()], "{}", example.code);
            // The same source as a line of a notebook cell.
            let cell = serde_json::json!({ "cells": [{ "source": [format!("{}\n", example.code), "y"] }] }).to_string();
            assert_eq!(found(&formats, Kind::Notebook, &cell), [format.id.as_str()], "{cell}");
            // The token alone, in prose and as an attribute of escaped HTML.
            let token: String = example.code.trim_start_matches("x = ").trim_matches('"').replace("\" \"", "");
            let html = serde_json::json!({ "text/html": [format!("<td>{token}</td>")] }).to_string();
            assert_eq!(found(&formats, Kind::Notebook, &html), [format.id.as_str()], "{html}");
        }
        for example in &row.ok {
            assert_eq!(found(&formats, Kind::Python, &example.code), Vec::<String>::new(), "{}", example.code);
        }
        assert!(!row.bad.is_empty(), "{}", format.id);
    }
    assert!(count > 35);
}
