//! Policy: `pipevet.toml`, with a place for every fault. Knows rows and levels, no fact and no rule.
//!
//! The keys stand in [`keys`]. Rule ids are checked by [`Config::unknown_rules`], because pages may come from directories that the policy names.

mod files;
pub mod keys;
mod node;
mod trust;

use std::collections::BTreeMap;

use crate::catalog::fields::LoadError;
use crate::catalog::row::{Effect, Row, Subject};
use crate::catalog::severity::{self, Severities};
use crate::finding::{Confidence, Severity};
use crate::notice::said;
pub use files::{Entry, Files, MOST, home, resolve};
pub use node::{Node, Origin, What};
pub use trust::Trust;

/// Where policy is looked for, in order; the last is `[tool.pipevet]` of a project file.
pub const PLACES: [&str; 3] = ["pipevet.toml", ".github/pipevet.toml", PROJECT];

/// The one of [`PLACES`] that others use as well.
const PROJECT: &str = "pyproject.toml";

/// Most policy files that extend one another in a row.
const DEPTH: usize = 8;

/// What a project wants.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from, as people know it.
    pub file: Option<String>,
    /// The directory that its paths start from, from the top of the files it was read from.
    pub home: String,
    /// Rules newer than this are off.
    pub edition: Option<String>,
    /// Level from which a run fails; `None` never fails.
    pub fail_on: Option<Severity>,
    /// Least level shown.
    pub min_severity: Severity,
    /// Least confidence shown.
    pub min_confidence: Confidence,
    /// Release pins count like branches.
    pub commit_pins: bool,
    /// Show preview rules.
    pub preview: bool,
    /// Show hygiene.
    pub hygiene: bool,
    /// Directories with pages and rows, from the top of the files it was read from.
    pub rules: Vec<String>,
    /// Rows of its own; what `[assets]` says are rows as well.
    pub rows: Vec<Row>,
    /// By rule id: what it changes.
    pub rule: BTreeMap<String, RuleSetting>,
    /// Whom it trusts.
    pub trust: Trust,
    /// Cells of the severity tables that it changes: class or asset, column, level.
    pub severity: Vec<(String, String, Option<Severity>)>,
    /// Findings that it accepts.
    pub ignores: Vec<Ignore>,
    /// The day of the run, `2026-11-23`: what ends on a day before has ended. Empty: nothing has.
    pub today: String,
    /// Everything as it was written, defaults below it.
    pub tree: Node,
}

/// What policy changes of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSetting {
    /// Its level.
    pub level: Option<Severity>,
    /// Whether it runs.
    pub enabled: bool,
    /// Where the table stands.
    pub from: Origin,
}

/// Findings that somebody looked at and accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// The rule.
    pub rule: String,
    /// A file, a directory or a glob, from the home of the policy.
    pub path: Option<String>,
    /// The beginning of a fingerprint, in lower case.
    pub fingerprint: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, `2027-01-31`.
    pub until: Option<String>,
    /// Where it stands.
    pub from: Origin,
}

impl Default for Config {
    fn default() -> Self {
        Config::of(keys::defaults(), &Severities::default())
    }
}

impl Config {
    /// The policy of a directory: the first policy file there or above it, up to the top. Without one, the default.
    pub fn find(files: &dyn Files, directory: &str, severities: &Severities) -> Result<Config, Vec<LoadError>> {
        let mut at = Some(directory);
        while let Some(directory) = at {
            for place in PLACES {
                let path = if directory.is_empty() { place.to_owned() } else { format!("{directory}/{place}") };
                let text = files.read(&path);
                // A project file that is broken, or no TOML at all (a template), is no policy unless it speaks of this tool.
                if place == PROJECT && !matches!(&text, Ok(Some(t)) if t.contains("tool.pipevet")) || matches!(text, Ok(None)) {
                    continue;
                }
                let config = Config::load(files, &path, severities)?;
                if config.file.is_some() {
                    return Ok(config);
                }
            }
            at = if directory.is_empty() { None } else { Some(directory.rsplit_once('/').map_or("", |(above, _)| above)) };
        }
        Ok(Config::default())
    }
    /// The policy in a file that must be there, with what it extends. A project file that does not speak of this tool is no policy.
    pub fn load(files: &dyn Files, path: &str, severities: &Severities) -> Result<Config, Vec<LoadError>> {
        let mut stack = Vec::new();
        let shown = files.shown(path);
        let whole = Origin::File { file: shown.as_str().into(), line: 1, column: 1 };
        let Some(tree) = read(files, path, &whole, &mut stack, severities)? else { return Ok(Config::default()) };
        let config = Config::of(tree.over(keys::defaults()), severities);
        Ok(Config { file: Some(shown), home: home(path).to_owned(), ..config })
    }
    /// The policy with what the call says on top of it.
    #[must_use]
    pub fn with(self, call: Node, severities: &Severities) -> Config {
        let config = Config::of(call.over(self.tree), severities);
        Config { file: self.file, home: self.home, today: self.today, ..config }
    }
    /// Whether a rule runs.
    pub fn enabled(&self, rule: &str) -> bool {
        self.rule.get(rule).is_none_or(|r| r.enabled)
    }
    /// The level policy gives a rule.
    pub fn level(&self, rule: &str) -> Option<Severity> {
        self.rule.get(rule).and_then(|r| r.level)
    }
    /// Faults for `[rule.<id>]` tables whose rule does not exist; `nearest` finds the rule that was meant.
    pub fn unknown_rules<'k>(&self, exists: impl Fn(&str) -> bool, nearest: impl Fn(&str) -> Option<&'k str>) -> Vec<LoadError> {
        let unknown = self.rule.iter().filter(|(id, _)| !exists(id));
        unknown
            .map(|(id, setting)| {
                let hint = nearest(id).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
                setting.from.fault(format!("there is no rule {}{hint}", said(id)))
            })
            .collect()
    }

    /// A checked tree as the program uses it. Every key of [`keys::POLICY`] is read here, and only those.
    fn of(tree: Node, severities: &Severities) -> Config {
        let text = |key| tree.get(key).and_then(Node::text);
        let truth = |key| matches!(tree.get(key), Some(Node { what: What::Truth(true), .. }));
        let named = |key| text(key).and_then(Severity::named);
        let observe = text("mode") == Some("observe");
        let of_files = |n: &&Node| !matches!(n.from, Origin::Flag(_));
        let rules = tree.get("rules").map(Node::items).unwrap_or_default().iter().filter(of_files).filter_map(Node::text).map(str::to_owned);
        let own = tree.get("row").map(Node::items).unwrap_or_default().iter();
        Config {
            file: None,
            home: String::new(),
            edition: text("edition").map(str::to_owned),
            fail_on: if observe { None } else { named("fail-on") },
            min_severity: named("min-severity").unwrap_or(Severity::Medium),
            min_confidence: text("min-confidence").and_then(Confidence::named).unwrap_or(Confidence::Medium),
            commit_pins: text("pinning") == Some("commit"),
            preview: truth("preview"),
            hygiene: truth("hygiene"),
            rules: rules.collect(),
            rows: assets(&tree).chain(own.flat_map(|n| keys::row(n, severities).unwrap_or_default())).collect(),
            rule: entries(&tree, "rule").map(|(id, n)| (id.to_owned(), setting(n))).collect(),
            trust: tree.get("trust").map(Trust::of).unwrap_or_default(),
            severity: cells(&tree),
            ignores: tree.get("ignore").map(Node::items).unwrap_or_default().iter().filter_map(ignore).collect(),
            today: String::new(),
            tree,
        }
    }
}

/// The tree of a policy file laid over those that it extends; `None` when a project file does not speak of this tool. `said` is where it is named.
fn read(files: &dyn Files, path: &str, said: &Origin, stack: &mut Vec<String>, severities: &Severities) -> Result<Option<Node>, Vec<LoadError>> {
    let one = |text: String| vec![said.fault(text)];
    let shown = files.shown(path);
    if stack.iter().any(|p| p == path) {
        return Err(one(format!("`{shown}` extends itself by way of this")));
    }
    if stack.len() >= DEPTH {
        return Err(one(format!("more than {DEPTH} policy files extend one another")));
    }
    let text = files.read(path).map_err(|e| one(format!("{shown}: {e}")))?.ok_or_else(|| {
        let named = matches!(said, Origin::File { .. });
        one(format!("there is no file {}", if named { files::said_path(&shown) } else { shown.clone() }))
    })?;
    let project = path.rsplit('/').next() == Some(PROJECT);
    let Some(mut own) = Node::read(&shown, &text, project).map_err(|e| vec![e])? else { return Ok(None) };
    let mut faults = keys::check(&mut own, severities);
    let home = home(path);
    resolve_rules(&mut own, files, home, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let What::Table(table) = &mut own.what else { return Ok(Some(own)) };
    let extends = table.get("extends").cloned();
    stack.push(path.to_owned());
    let mut below: Option<Node> = None;
    for node in extends.iter().flat_map(Node::items) {
        let path = resolve(files, home, node.text().unwrap_or_default()).map_err(|e| vec![node.from.fault(e)])?;
        let none = || vec![node.from.fault(format!("{} has no [tool.pipevet]", files.shown(&path)))];
        let mut more = read(files, &path, &node.from, stack, severities)?.ok_or_else(none)?;
        if let What::Table(table) = &mut more.what {
            // What that file extends is said by its own lines; here it has been read.
            table.remove("extends");
        }
        below = Some(match below {
            Some(earlier) => more.over(earlier),
            None => more,
        });
    }
    stack.pop();
    Ok(Some(match below {
        Some(below) => own.over(below),
        None => own,
    }))
}

/// Directories of rules from the top of the files: files that extend one another lie in different ones.
fn resolve_rules(policy: &mut Node, files: &dyn Files, home: &str, faults: &mut Vec<LoadError>) {
    let What::Table(table) = &mut policy.what else { return };
    let Some(Node { what: What::List(items), .. }) = table.get_mut("rules") else { return };
    for item in items {
        match resolve(files, home, item.text().unwrap_or_default()) {
            Ok(path) => item.what = What::Text(path),
            Err(text) => faults.push(item.from.fault(text)),
        }
    }
}

fn entries<'n>(tree: &'n Node, key: &str) -> impl Iterator<Item = (&'n str, &'n Node)> {
    tree.get(key).into_iter().flat_map(Node::table)
}

fn setting(node: &Node) -> RuleSetting {
    RuleSetting {
        level: node.get("level").and_then(Node::text).and_then(Severity::named),
        enabled: !matches!(node.get("enabled"), Some(Node { what: What::Truth(false), .. })),
        from: node.from.clone(),
    }
}

fn ignore(node: &Node) -> Option<Ignore> {
    let text = |key| node.get(key).and_then(Node::text).map(str::to_owned);
    Some(Ignore {
        rule: text("rule")?,
        path: text("path").map(|p| p.trim_start_matches("./").trim_end_matches('/').to_owned()),
        fingerprint: text("fingerprint").map(|f| f.to_ascii_lowercase()),
        reason: text("reason")?,
        until: text("until"),
        from: node.from.clone(),
    })
}

/// `[assets]` as rows of credentials. Whole names come first, then the longest globs: the first row that matches decides.
fn assets(tree: &Node) -> impl Iterator<Item = Row> {
    let mut all: Vec<(&str, &Node)> = entries(tree, "assets").collect();
    all.sort_by_key(|(name, _)| (name.contains(['*', '?']), std::cmp::Reverse(name.len())));
    all.into_iter().map(|(name, node)| {
        let (file, line) = if let Origin::File { file, line, .. } = &node.from { (file.to_string(), *line) } else { (String::new(), 1) };
        let asset = node.text().unwrap_or_default().to_owned();
        Row::of_policy(Subject::Credential(name.to_ascii_uppercase()), vec![Effect::Opens { asset }], (file, line))
    })
}

fn cells(tree: &Node) -> Vec<(String, String, Option<Severity>)> {
    let level = |n: &Node| severity::LEVELS.iter().find(|(name, _)| n.text() == Some(name)).and_then(|(_, level)| *level);
    let rows = entries(tree, "severity");
    rows.flat_map(|(row, n)| n.table().map(move |(column, cell)| (row.to_owned(), column.to_owned(), level(cell)))).collect()
}

#[cfg(test)]
mod tests;
