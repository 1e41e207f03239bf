//! Rule pages: front matter, text and examples, loaded and validated. Knows rows (their kinds and tables), no fact.
//!
//! The format is documented in `rules/README.md`.

pub mod edits;
pub mod examples;
pub mod page;
pub mod pattern;
pub mod placeholders;
mod shape;
mod shipped;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::catalog::fields::{Fault, LoadError, nearest};
use crate::catalog::row::Effect;
use crate::finding::Tier;
pub use shape::*;

/// All pages.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// Sorted by id.
    pub pages: Vec<Page>,
    /// What ids of frameworks mean.
    pub frameworks: BTreeMap<String, Framework>,
}

impl RuleSet {
    /// Built-in pages and those of user files, given as (path as shown, content). `detectors` are the names that `detector:` may use.
    pub fn load(user: &[(String, String)], catalog: &Catalog, detectors: &[&str]) -> Result<RuleSet, Vec<LoadError>> {
        let (frameworks, shipped) = shipped::pages(&catalog.severities)?;
        let mut set = RuleSet { pages: Vec::with_capacity(shipped.len()), frameworks };
        let mut errors = Vec::new();
        let own: Vec<_> = user.iter().map(|(file, content)| page::page(file, content, true, &catalog.severities, &set.frameworks)).collect();
        for page in shipped.into_iter().map(Ok).chain(own) {
            match page {
                Ok(page) => {
                    if let Some(fault) = set.conflict(&page, catalog, detectors) {
                        errors.push(fault.place(&page.file, &page.text, 1, u32::MAX));
                    }
                    set.pages.push(page);
                }
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        set.pages.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(set)
    }
    /// The page of an id.
    pub fn get(&self, id: &str) -> Option<&Page> {
        self.pages.binary_search_by(|p| p.id.as_str().cmp(id)).ok().and_then(|i| self.pages.get(i))
    }
    /// The id nearest to a misspelt one.
    pub fn nearest(&self, id: &str) -> Option<&str> {
        nearest(id, self.pages.iter().map(|p| p.id.as_str()))
    }
    /// Rules by what other tools call them: `tool/rule`.
    pub fn aliases(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for page in &self.pages {
            for (tool, theirs) in page.also_known_as.iter().flat_map(|(tool, ids)| ids.iter().map(move |id| (tool, id))) {
                out.entry(format!("{tool}/{theirs}")).or_default().insert(page.id.clone());
            }
        }
        out
    }
    /// One Markdown table row for each rule, for the README.
    pub fn table(&self) -> String {
        let mut out = String::from("| rule | what it finds | level | status |\n|---|---|---|---|\n");
        for p in &self.pages {
            let tier = if p.tier == Tier::Hygiene { ", hygiene" } else { "" };
            out.push_str(&format!("| [{}](rules/{}) | {} | {}{tier} | {} |\n", p.id, p.file, p.title, p.band.name(), p.status.name()));
        }
        out
    }

    /// What is wrong with a page beside the others and the rows.
    fn conflict(&self, page: &Page, catalog: &Catalog, detectors: &[&str]) -> Option<Fault> {
        if let Some(other) = self.pages.iter().find(|p| p.id == page.id) {
            return Some(Fault::new(format!("`{}` is also the id of {}", page.id, other.file)).under("id"));
        }
        match &page.by {
            By::Detector(name) if !detectors.contains(&name.as_str()) => {
                let hint = nearest(name, detectors.iter().copied()).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
                Some(Fault::new(format!("there is no detector `{name}`{hint}")).under("detector"))
            }
            By::Detector(_) => None,
            By::Match(pattern) => {
                let unheard = pattern
                    .kinds()
                    .find(|kind| !catalog.rows.iter().any(|r| r.effects.iter().any(|e| matches!(e, Effect::Sink { kind: k, .. } if k == kind))))?;
                Some(Fault::new(format!("no row has a sink of kind `{unheard}`: the rule would never speak")).under("match"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
