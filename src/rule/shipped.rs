//! The pages that are part of the program, as rows are: see `catalog::shipped`.

use std::collections::BTreeMap;

use super::{Framework, Page};
use crate::catalog::fields::LoadError;
use crate::catalog::severity::Severities;
use crate::catalog::shipped;

/// What frameworks are, and the pages, by path.
pub type Pages = (BTreeMap<String, Framework>, Vec<Page>);

/// As the program has them.
#[cfg(not(test))]
pub fn pages(_: &Severities) -> Result<Pages, Vec<LoadError>> {
    shipped::taken_down(include_bytes!(concat!(env!("OUT_DIR"), "/pages"))).map_err(|e| vec![e])
}

/// As they are written.
#[cfg(test)]
pub fn pages(severities: &Severities) -> Result<Pages, Vec<LoadError>> {
    let frameworks: BTreeMap<String, Framework> = serde_json::from_str(&shipped::shipped().frameworks).unwrap();
    let (mut pages, mut errors) = (Vec::new(), Vec::new());
    for (path, text) in &shipped::shipped().pages {
        match super::page::page(path, text, false, severities, &frameworks) {
            Ok(page) => pages.push(page),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok((frameworks, pages)) } else { Err(errors) }
}
