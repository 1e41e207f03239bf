//! What a run knows before it reads a tree: rule pages, rows, policy. Loads them; the only place that knows how they are loaded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::catalog::Catalog;
use crate::catalog::fields::LoadError;
use crate::catalog::severity::Severities;
use crate::config::{Config, PLACES};
use crate::detect;
use crate::finding::{Report, Severity};
use crate::graph::Facts;
use crate::notice::{Notice, NoticeKind};
use crate::report::Card;
use crate::rule::{Page, RuleSet, Status};
use crate::scan;
use crate::source::Sources;
use crate::triage::{Policy, Standing, triage};

/// Pages, rows and policy.
#[derive(Debug)]
pub struct Knowledge {
    /// Rows and levels.
    pub catalog: Catalog,
    /// Pages.
    pub rules: RuleSet,
    /// Trust and policy.
    pub config: Config,
    /// What reports say of each rule, by id.
    pub cards: Vec<Card>,
    /// Whether each rule counts by default.
    pub standing: BTreeMap<String, Standing>,
    /// Level from which a run fails, when the command line does not say.
    pub fail_on: Option<Severity>,
}

impl Knowledge {
    /// Built-in pages and rows, those of `directories`, and the policy of what is scanned.
    pub fn load(directories: &[PathBuf], scanned: &[PathBuf]) -> anyhow::Result<Knowledge> {
        let (config, home) = policy(scanned)?;
        let (mut rows, mut pages) = (Vec::new(), Vec::new());
        let own = config.rules.iter().map(|d| home.join(d));
        for directory in own.chain(directories.iter().cloned()) {
            collect(&directory, &mut rows, &mut pages).with_context(|| directory.display().to_string())?;
        }
        let catalog = Catalog::load(&rows, config.rows.clone()).map_err(listed)?;
        let detectors: Vec<&str> = detect::TABLE.iter().map(|(name, _)| *name).collect();
        let rules = RuleSet::load(&pages, &catalog, &detectors).map_err(listed)?;
        let unknown = config.unknown_rules(|id| rules.get(id).is_some(), |id| rules.nearest(id));
        if !unknown.is_empty() {
            return Err(listed(unknown));
        }
        let standing =
            rules.pages.iter().map(|p| (p.id.clone(), if p.status == Status::Preview { Standing::Preview } else { Standing::Stable })).collect();
        let cards = rules.pages.iter().map(card).collect();
        let fail_on = if config.observe { None } else { config.fail_on.unwrap_or(Some(Severity::High)) };
        Ok(Knowledge { catalog, rules, config, cards, standing, fail_on })
    }
    /// The findings of a tree, and the facts they rest on.
    pub fn scan(&self, sources: &Sources, notices: Vec<Notice>, policy: &Policy) -> (Report, Facts) {
        let (mut model, alerts) = scan::analyze(sources, &self.catalog, &self.rules, &self.config);
        model.notices.extend(notices);
        // A weakened row is told in every run, so that it is never forgotten.
        model.notices.extend(self.catalog.overridden.iter().map(|(subject, by)| Notice {
            file: None,
            range: None,
            kind: NoticeKind::Policy,
            text: format!("the built-in row `{subject}` is replaced by {by}"),
        }));
        let report = triage(alerts, model.notices, &model.facts, sources, policy);
        (report, model.facts)
    }
    /// Rules that the edition of the policy does not have yet.
    pub fn newer(&self) -> Vec<String> {
        let Some(edition) = &self.config.edition else { return Vec::new() };
        self.rules.pages.iter().filter(|p| p.edition > *edition).map(|p| p.id.clone()).collect()
    }
    /// The card of a rule, or an error that names the nearest rule there is.
    pub fn known(&self, rule: &str) -> anyhow::Result<&Card> {
        if let Some(card) = self.cards.iter().find(|c| c.id == rule) {
            return Ok(card);
        }
        match self.rules.nearest(rule) {
            Some(id) => anyhow::bail!("there is no rule `{rule}`; did you mean `{id}`? `pipevet rules` lists all"),
            None => anyhow::bail!("there is no rule `{rule}`; `pipevet rules` lists all"),
        }
    }
}

/// What reports need of a page.
pub fn card(page: &Page) -> Card {
    Card {
        id: page.id.clone(),
        title: page.title.clone(),
        class: page.class.clone(),
        band: page.band,
        share: page.precision.as_ref().map(|p| p.share),
        why: page.why.split_whitespace().collect::<Vec<_>>().join(" "),
        markdown: page.markdown.clone(),
        frameworks: page.frameworks.iter().map(|(k, ids)| (k.clone(), ids.clone())).collect(),
    }
}

/// The policy of what is scanned, and the directory that its paths start from: the first policy file of the first scanned path that has one, there or
/// above it up to the top of its repository.
fn policy(scanned: &[PathBuf]) -> anyhow::Result<(Config, PathBuf)> {
    let severities = Severities::builtin().map_err(|e| listed(vec![e]))?;
    for directory in scanned.iter().flat_map(|p| upwards(p)) {
        for place in PLACES {
            let path = directory.join(place);
            if !path.is_file() {
                continue;
            }
            let shown = path.display().to_string();
            let text = std::fs::read_to_string(&path).with_context(|| shown.clone());
            // A project file that is broken, or no TOML at all (a template), is no policy unless it speaks of this tool.
            if place == PROJECT && !text.as_ref().is_ok_and(|t| t.contains("tool.pipevet")) {
                continue;
            }
            let text = text?;
            let config = Config::parse(&shown, &text, &severities).map_err(|e| listed(vec![e]))?;
            if config.file.is_some() {
                return Ok((config, directory.clone()));
            }
        }
    }
    Ok((Config::default(), PathBuf::new()))
}

/// The one of [`PLACES`] that others use as well.
const PROJECT: &str = "pyproject.toml";

/// A path and the directories above it, as far as the same repository goes.
fn upwards(path: &Path) -> Vec<PathBuf> {
    let mut out = vec![path.to_owned()];
    if !path.join(".git").exists()
        && let Ok(real) = path.canonicalize()
        && let Some(top) = real.ancestors().position(|d| d.join(".git").exists())
    {
        out.extend(real.ancestors().skip(1).take(top).map(Path::to_owned));
    }
    out
}

/// Files of a directory of own rules: pages end in `.md`, rows in `.yml`; `README.md` is for people.
fn collect(directory: &Path, rows: &mut Vec<(String, String)>, pages: &mut Vec<(String, String)>) -> anyhow::Result<()> {
    let mut entries = std::fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type()?);
        let extension = path.extension().and_then(|e| e.to_str());
        if kind.is_dir() {
            collect(&path, rows, pages)?;
        } else if kind.is_file() && matches!(extension, Some("md" | "yml" | "yaml")) && entry.file_name() != "README.md" {
            let shown = path.display().to_string();
            let content = std::fs::read_to_string(&path).with_context(|| shown.clone())?;
            if extension == Some("md") { pages.push((shown, content)) } else { rows.push((shown, content)) }
        }
    }
    Ok(())
}

/// Every fault on a line of its own, with its file and line.
fn listed(errors: Vec<LoadError>) -> anyhow::Error {
    anyhow::anyhow!(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}
