//! Rule pages: front matter, text and examples, loaded and validated. Knows rows (their kinds and tables), no fact.
//!
//! The format is documented in `rules/README.md`.

pub mod edits;
pub mod examples;
pub mod page;
pub mod pattern;
pub mod placeholders;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::catalog::Catalog;
use crate::catalog::fields::{Fault, LoadError, nearest};
use crate::catalog::load::halved;
use crate::catalog::row::Effect;
use crate::catalog::shipped::shipped;
use crate::finding::{Severity, Tier};
use examples::Case;
use pattern::Pattern;

/// The word by which a page speaks of configuration that an image build of the tree copies.
pub const COPIED: &str = "copied";

/// One rule.
#[derive(Clone, Debug)]
pub struct Page {
    /// Kebab-case id.
    pub id: String,
    /// One line.
    pub title: String,
    /// Risk class of `severity.yml`.
    pub class: String,
    /// The level, for classes whose pages state it.
    pub level: Option<Severity>,
    /// Another level where the finding stands in such a file (kind of file, or [`COPIED`]), or is of that kind of sink.
    pub level_in: Vec<(String, Severity)>,
    /// Base band in SARIF.
    pub band: Severity,
    /// How far it is.
    pub status: Status,
    /// From which edition it is on by default.
    pub edition: String,
    /// What kind of alert.
    pub tier: Tier,
    /// What was measured by hand.
    pub precision: Option<Precision>,
    /// Ids of other tools for the same thing.
    pub also_known_as: BTreeMap<String, Vec<String>>,
    /// STRIDE words.
    pub stride: Vec<String>,
    /// Ids by framework.
    pub frameworks: BTreeMap<String, Vec<String>>,
    /// Findings of one file whose argument is the same are told once.
    pub once: bool,
    /// What finds it.
    pub by: By,
    /// Template of the sentence.
    pub message: String,
    /// Template of the smallest change.
    pub fix: String,
    /// What edits remove its findings: the first that fits is made.
    pub edits: Vec<edits::EditRule>,
    /// Template of when it is no problem; may be empty.
    pub fine_if: String,
    /// Templates of what it assumes.
    pub assumes: Vec<String>,
    /// The text after the front matter.
    pub markdown: String,
    /// The section `## Why`, as written.
    pub why: String,
    /// The examples, which are tests.
    pub examples: Vec<Case>,
    /// The file.
    pub file: String,
    /// Whether a user gave it.
    pub user: bool,
}

/// How far a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Not yet shown by default.
    Preview,
    /// Measured.
    Stable,
    /// On its way out.
    Deprecated,
}

impl Status {
    /// All, as pages write them.
    pub const NAMES: [(&'static str, Status); 3] = [("preview", Status::Preview), ("stable", Status::Stable), ("deprecated", Status::Deprecated)];
    /// As pages write it.
    pub fn name(self) -> &'static str {
        Status::NAMES.iter().find(|(_, s)| *s == self).map_or("preview", |(n, _)| n)
    }
}

/// Findings read by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    /// Share that was right, 0 to 1.
    pub share: f64,
    /// Of how many.
    pub of: u32,
    /// Where they came from.
    pub corpus: String,
    /// When.
    pub date: String,
}

/// What finds a rule's alerts.
#[derive(Clone, Debug)]
pub enum By {
    /// The page's `match:`.
    Match(Box<Pattern>),
    /// A function of this name in `src/detect/`.
    Detector(String),
}

/// A framework that pages refer to.
#[derive(Clone, Debug, Deserialize)]
pub struct Framework {
    /// Its version.
    pub version: String,
    /// Id to name.
    pub ids: BTreeMap<String, String>,
}

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
        let frameworks: BTreeMap<String, Framework> = serde_json::from_str(&shipped().frameworks).map_err(|e| {
            let place = |n: usize| u32::try_from(n).unwrap_or(1);
            vec![LoadError { file: "frameworks.json".to_owned(), line: place(e.line()), column: place(e.column()), text: e.to_string() }]
        })?;
        let mut set = RuleSet { pages: Vec::new(), frameworks };
        let mut errors = Vec::new();
        let of_program = shipped().pages.iter().map(|(p, c)| (p.as_ref(), c.as_ref(), false));
        let files: Vec<(&str, &str, bool)> = of_program.chain(user.iter().map(|(p, c)| (p.as_str(), c.as_str(), true))).collect();
        let read = |(file, content, user): &(&str, &str, bool)| page::page(file, content, *user, catalog, &set.frameworks);
        for ((file, content, _), page) in files.iter().zip(halved(&files, read)) {
            match page {
                Ok(page) => {
                    if let Some(fault) = set.conflict(&page, catalog, detectors) {
                        errors.push(fault.place(file, content, 1, u32::MAX));
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
