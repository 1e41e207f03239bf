//! Rows earn their place: without a row its `bad` goes unreported, without one of its predicates one of its examples changes.

use rayon::prelude::*;

use super::harness::knowledge;
use super::rows::{faults, firsts};
use crate::catalog::Catalog;
use crate::catalog::row::Row;

/// Predicates that no example proves yet. This number only goes down.
const UNPROVEN: usize = 17;

/// The catalogue with every row of one place changed, or gone.
fn changed(catalog: &Catalog, place: &(String, u32), change: impl Fn(&mut Row) -> bool) -> Catalog {
    let mut rows = catalog.rows.clone();
    rows.retain_mut(|r| r.at != *place || change(r));
    Catalog::of(rows, catalog.severities.clone()).unwrap()
}

/// What of a row can be taken away without any of its examples noticing.
fn survivors(row: &Row, catalog: &Catalog) -> Vec<String> {
    let place = format!("rules/{}:{}: {}", row.at.0, row.at.1, row.subject.text());
    let lives = |change: &dyn Fn(&mut Row) -> bool| {
        let catalog = changed(catalog, &row.at, change);
        faults(row, &catalog).is_empty()
    };
    let mut out = Vec::new();
    if !row.bad.is_empty() && lives(&|_| false) {
        out.push(format!("{place}: the whole row"));
    }
    for i in 0..row.when.len() {
        if lives(&|r| {
            r.when.remove(i);
            true
        }) {
            out.push(format!("{place}: when, number {}", i + 1));
        }
    }
    for i in 0..row.safe_when.len() {
        if lives(&|r| {
            r.safe_when.remove(i);
            true
        }) {
            out.push(format!("{place}: safe-when, number {}", i + 1));
        }
    }
    for i in 0..row.flags.len() {
        if lives(&|r| {
            r.flags.remove(i);
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
