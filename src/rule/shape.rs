//! The shape of a rule page: what its front matter, text and examples say. Data only; `page` reads it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::edits::EditRule;
use super::examples::Case;
use super::pattern::Pattern;
use crate::finding::{Severity, Tier};

/// The word by which a page speaks of configuration that an image build of the tree copies.
pub const COPIED: &str = "copied";

/// One rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    pub edits: Vec<EditRule>,
    /// Template of when it is no problem; may be empty.
    pub fine_if: String,
    /// Templates of what it assumes.
    pub assumes: Vec<String>,
    /// The whole file, as written.
    #[serde(borrow)]
    pub text: Cow<'static, str>,
    /// Where in it the text after the front matter begins.
    pub body: usize,
    /// The section `## Why`, as written.
    pub why: String,
    /// The examples, which are tests: pages that are part of the program have left theirs behind.
    #[serde(skip)]
    pub examples: Vec<Case>,
    /// The file.
    pub file: String,
    /// Whether a user gave it.
    pub user: bool,
}

impl Page {
    /// The text after the front matter.
    pub fn markdown(&self) -> &str {
        self.text.get(self.body..).unwrap_or("")
    }
}

/// How far a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum By {
    /// The page's `match:`.
    Match(Box<Pattern>),
    /// A function of this name in `src/detect/`.
    Detector(String),
}

/// A framework that pages refer to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Framework {
    /// Its version.
    pub version: String,
    /// Id to name.
    pub ids: BTreeMap<String, String>,
}
