//! Rows earn their place: without a row its `bad` goes unreported, without one of its predicates one of its examples changes.

use std::sync::Arc;

use rayon::prelude::*;

use super::harness::knowledge;
use super::rows::{faults, firsts};
use crate::catalog::Catalog;
use crate::catalog::row::{Row, Subject};

/// Predicates that no example proves yet. This number only goes down.
const UNPROVEN: usize = 17;

/// The catalogue with every row of one place changed, or gone. Of rows that name calls only those are in it that could speak of one of `examples`.
fn changed(catalog: &Catalog, row: &Row, change: impl Fn(&mut Row) -> bool) -> Catalog {
    let examples: String = row.bad.iter().chain(&row.ok).map(|e| e.code.as_str()).collect::<Vec<_>>().join("\n");
    let may_speak = |r: &Row| match &r.subject {
        Subject::Call(name) | Subject::Method(name) | Subject::Suffix { name, .. } => {
            let word = name.rsplit('.').find(|s| !s.is_empty() && !s.contains('*'));
            word.is_none_or(|w| w.starts_with("__") || examples.contains(w))
        }
        _ => true,
    };
    let same = |r: &Row| (&r.file, r.line) == (&row.file, row.line);
    let mut rows: Vec<Row> = catalog.rows.iter().filter(|r| same(r) || may_speak(r)).cloned().collect();
    rows.retain_mut(|r| !same(r) || change(r));
    Catalog::of(rows, catalog.severities.clone()).unwrap()
}

/// What of a row can be taken away without any of its examples noticing.
fn survivors(row: &Row, catalog: &Catalog) -> Vec<String> {
    let place = format!("rules/{}:{}: {}", row.file, row.line, row.subject.text());
    let lives = |change: &dyn Fn(&mut Row) -> bool| {
        let catalog = changed(catalog, row, change);
        faults(row, &catalog).is_empty()
    };
    let mut out = Vec::new();
    if !row.bad.is_empty() && lives(&|_| false) {
        out.push(format!("{place}: the whole row"));
    }
    for i in 0..row.when.len() {
        if lives(&|r| {
            Arc::make_mut(&mut r.said).when.remove(i);
            true
        }) {
            out.push(format!("{place}: when, number {}", i + 1));
        }
    }
    for i in 0..row.safe_when.len() {
        if lives(&|r| {
            Arc::make_mut(&mut r.said).safe_when.remove(i);
            true
        }) {
            out.push(format!("{place}: safe-when, number {}", i + 1));
        }
    }
    for i in 0..row.flags.len() {
        if lives(&|r| {
            Arc::make_mut(&mut r.said).flags.remove(i);
            true
        }) {
            out.push(format!("{place}: flag, number {}", i + 1));
        }
    }
    out
}

#[test]
fn nothing_of_a_row_can_go_unnoticed() {
    let catalog = knowledge().0;
    let all: Vec<String> = firsts(catalog).par_iter().flat_map_iter(|row| survivors(row, catalog)).collect();
    assert!(all.len() <= UNPROVEN, "{} survivors, {UNPROVEN} are allowed\n{}", all.len(), all.join("\n"));
}
