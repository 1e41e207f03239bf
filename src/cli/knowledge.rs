//! What a run knows before it reads a tree: rule pages, rows, policy. Loads them; the only place that knows how they are loaded.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;

use super::args::Choices;
use super::disk::Disk;
use crate::cache::Cache;
use crate::catalog::Catalog;
use crate::catalog::fields::LoadError;
use crate::catalog::severity::Severities;
use crate::config::{Config, Files, resolve};
use crate::detect;
use crate::discover::{BadPath, Options, discover, sifted};
use crate::finding::Report;
use crate::fix;
use crate::notice::{Notice, NoticeKind};
use crate::report::Card;
use crate::rule::{Page, RuleSet, Status};
use crate::scan::{self, Model};
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
    /// Facts of earlier runs, when they are to be used.
    pub cache: Option<Cache>,
    /// Whether edits are planned for what is found.
    pub plans: bool,
    /// Whether all that the policy speaks of is scanned, so that what matches nothing is stale.
    pub whole: bool,
}

impl Knowledge {
    /// What a run knows: built-in pages and rows, those of the policy of what is scanned, and those that the command line names.
    pub fn load(choices: &Choices, scanned: &[PathBuf], origin: Origin<'_>) -> anyhow::Result<Knowledge> {
        let severities = Severities::builtin().map_err(|e| listed(vec![e]))?;
        let (config, files) = policy(choices, scanned, origin, &severities)?;
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        let config = Config { today, ..config.with(choices.node(), &severities) };
        let named: Vec<(Box<dyn Files + '_>, String)> = choices.rules.iter().filter_map(|d| origin.directory(d)).collect();
        let named: Vec<(&dyn Files, &str)> = named.iter().map(|(files, directory)| (&**files, directory.as_str())).collect();
        let inside = |p: &PathBuf| origin.around(p).is_some_and(|(_, directory)| Path::new(&config.home).starts_with(directory));
        let whole = files.is_some() && scanned.iter().any(|p| p.is_dir() && inside(p));
        let knowledge = Knowledge::of(config, files.as_deref(), &named)?;
        Ok(Knowledge { whole, ..knowledge })
    }
    /// What a run with this policy knows. `files` is where the policy was read from: its `rules` are read there. `more` are further directories.
    pub fn of(config: Config, files: Option<&dyn Files>, more: &[(&dyn Files, &str)]) -> anyhow::Result<Knowledge> {
        let mut own = Own::default();
        let of_policy = config.rules.iter().filter_map(|r| Some((files?, r.as_str())));
        for (files, directory) in of_policy.chain(more.iter().copied()) {
            collect(files, directory, &mut own)?;
        }
        let mut catalog = Catalog::load(&own.rows, config.rows.clone()).map_err(listed)?;
        config.severity.iter().for_each(|(row, column, level)| catalog.severities.set(row, column, *level));
        let detectors: Vec<&str> = detect::TABLE.iter().map(|(name, _)| *name).collect();
        let rules = RuleSet::load(&own.pages, &catalog, &detectors).map_err(listed)?;
        let unknown = config.unknown_rules(|id| rules.get(id).is_some(), |id| rules.nearest(id));
        if !unknown.is_empty() {
            return Err(listed(unknown));
        }
        let standing =
            rules.pages.iter().map(|p| (p.id.clone(), if p.status == Status::Preview { Standing::Preview } else { Standing::Stable })).collect();
        let cards = rules.pages.iter().map(card).collect();
        Ok(Knowledge { catalog, rules, config, cards, standing, cache: None, plans: false, whole: false })
    }
    /// The findings of a tree, with the edits that are planned, and all that is known of it.
    pub fn scan(&self, sources: &Sources, notices: Vec<Notice>, policy: &Policy) -> (Report, Model) {
        let (mut report, model) = self.look(sources, notices, policy);
        if self.plans {
            fix::plan(&mut report, sources, &model.facts, &model.flow, &self.catalog, &self.rules);
        }
        (report, model)
    }
    /// The findings of a tree, and all that is known of it. Notices and what was cleared stand in the report.
    pub fn look(&self, sources: &Sources, notices: Vec<Notice>, policy: &Policy) -> (Report, Model) {
        let (cache, asked) = (self.cache.as_ref(), self.texts_alone(policy));
        let of_texts = asked.map(|pages| scan::analyze_texts(sources, &self.catalog, &self.rules, &self.config, &pages, cache));
        let whole = || scan::analyze(sources, &self.catalog, &self.rules, &self.config, cache);
        let (mut model, alerts) = of_texts.filter(|(model, _)| !model.short || sources.sifted).unwrap_or_else(whole);
        model.notices.extend(notices);
        // A weakened row is told in every run, so that it is never forgotten.
        model.notices.extend(self.catalog.overridden.iter().map(|(subject, by)| Notice {
            file: None,
            range: None,
            kind: NoticeKind::Policy,
            text: format!("the built-in row `{subject}` is replaced by {by}"),
        }));
        let mut report = triage(alerts, std::mem::take(&mut model.notices), &model.facts, sources, policy);
        report.cleared = std::mem::take(&mut model.cleared);
        report.suppressed = std::mem::take(&mut model.suppressed);
        (report, model)
    }
    /// The pages that are asked for, where all of them look at texts.
    fn texts_alone(&self, policy: &Policy) -> Option<Vec<&Page>> {
        let pages: Option<Vec<&Page>> = policy.select.iter().map(|id| self.rules.get(id).filter(|p| detect::is_of_texts(p))).collect();
        pages.filter(|p| !p.is_empty())
    }
    /// Finds and reads files. Where only texts are asked about, those in which nothing can be found are let go as soon as they are read.
    pub fn discover(&self, paths: &[PathBuf], options: &Options, policy: &Policy) -> Result<(Sources, Vec<Notice>), BadPath> {
        let Some(pages) = self.texts_alone(policy) else { return discover(paths, options) };
        let sieve = detect::Sieve::new(&pages, &self.catalog, &self.config);
        let (mut sources, notices) = sifted(paths, options, &|file| sieve.keeps(file))?;
        sources.sifted = true;
        Ok((sources, notices))
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
        markdown: match &page.text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(page.body..).unwrap_or("")),
            Cow::Owned(_) => Cow::Owned(page.markdown().to_owned()),
        },
        frameworks: page.frameworks.iter().map(|(k, ids)| (k.clone(), ids.clone())).collect(),
    }
}

/// Where policy, pages and rows are read from.
#[derive(Clone, Copy)]
pub enum Origin<'r> {
    /// The disk.
    Disk,
    #[cfg_attr(not(feature = "git"), expect(dead_code, reason = "only git has revisions"))]
    /// A revision, for all that lies below the top of its repository; what lies elsewhere is whoever's runs this, and read from disk.
    Revision(&'r dyn Files, &'r Path),
}

/// Files, and a directory of them.
pub type Directory<'r> = (Box<dyn Files + 'r>, String);

impl<'r> Origin<'r> {
    /// The files around a path, and the directory it is or lies in.
    pub fn around(self, path: &Path) -> Option<Directory<'r>> {
        let Some((files, inside)) = self.inside(path) else {
            return Disk::around(path).map(|(disk, directory)| (Box::new(disk) as Box<dyn Files>, directory));
        };
        let is_file = matches!(files.read(&inside), Ok(Some(_)));
        let directory = if is_file { inside.rsplit_once('/').map_or("", |(above, _)| above).to_owned() } else { inside };
        Some((Box::new(files), directory))
    }
    /// A directory that the command line names.
    fn directory(self, path: &Path) -> Option<Directory<'r>> {
        match self.inside(path) {
            Some((files, inside)) => Some((Box::new(files), inside)),
            None => Some((Box::new(Disk::at(path)), String::new())),
        }
    }
    /// The revision, and a path seen from its top, when the path lies below it. The path need not be on disk.
    fn inside(self, path: &Path) -> Option<(&'r dyn Files, String)> {
        let Origin::Revision(files, top) = self else { return None };
        let mut whole = std::env::current_dir().and_then(|d| d.canonicalize()).ok()?;
        for part in path.components() {
            match part {
                Component::ParentDir => _ = whole.pop(),
                Component::CurDir => {}
                part => whole.push(part),
            }
        }
        let whole = whole.canonicalize().unwrap_or(whole);
        let inside = whole.strip_prefix(top).ok()?;
        Some((files, inside.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")))
    }
}

/// The policy of what is scanned, and where it was read: `--config`, else that of the first scanned path that has one.
fn policy<'r>(
    choices: &Choices,
    scanned: &[PathBuf],
    origin: Origin<'r>,
    severities: &Severities,
) -> anyhow::Result<(Config, Option<Box<dyn Files + 'r>>)> {
    if let Some(file) = &choices.config {
        let name = file.file_name().with_context(|| format!("{} is no file", file.display()))?.to_string_lossy();
        let (files, directory) = origin.around(file).with_context(|| format!("{}: there is no such file", file.display()))?;
        let path = resolve(&*files, &directory, &name).map_err(anyhow::Error::msg)?;
        let config = Config::load(&*files, &path, severities).map_err(listed)?;
        return Ok((config, Some(files)));
    }
    for (files, directory) in scanned.iter().filter_map(|p| origin.around(p)) {
        let config = Config::find(&*files, &directory, severities).map_err(listed)?;
        if config.file.is_some() {
            return Ok((config, Some(files)));
        }
    }
    Ok((Config::default(), None))
}

/// Files of a directory of own rules: pages end in `.md`, rows in `.yml`; `README.md` is for people.
fn collect(files: &dyn Files, directory: &str, own: &mut Own) -> anyhow::Result<()> {
    for entry in files.list(directory).map_err(|e| anyhow::anyhow!("{}: {e}", files.shown(directory)))? {
        let path = if directory.is_empty() { entry.name.clone() } else { format!("{directory}/{}", entry.name) };
        let list = match entry.name.rsplit_once('.') {
            _ if entry.directory => {
                collect(files, &path, own)?;
                continue;
            }
            Some((_, "md")) if entry.name != "README.md" => &mut own.pages,
            Some((_, "yml" | "yaml")) => &mut own.rows,
            _ => continue,
        };
        let shown = files.shown(&path);
        if let Some(content) = files.read(&path).map_err(|e| anyhow::anyhow!("{shown}: {e}"))? {
            list.push((shown, content));
        }
    }
    Ok(())
}

/// Rows and pages of users, as (path as shown, content).
#[derive(Default)]
struct Own {
    rows: Vec<(String, String)>,
    pages: Vec<(String, String)>,
}

/// Every fault on a line of its own, with its file and line.
fn listed(errors: Vec<LoadError>) -> anyhow::Error {
    anyhow::anyhow!(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}
