//! Policy: `pipevet.toml`, with a place for every fault. Knows rows and levels, no fact and no rule.
//!
//! The keys: `edition`, `fail-on`, `min-severity`, `min-confidence`, `mode`, `pinning`, `preview`, `hygiene`, `rules`, `[[row]]`, `[rule.<id>]` with `level` and
//! `enabled`, and `[trust]`. Rule ids are checked by [`Config::unknown_rules`], because pages may come from directories that this file names.

mod files;

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};
use toml_edit::{Document, Item, TableLike};

use crate::catalog::fields::{Fault, Fields, LoadError, Read, kind, one_of, text, texts, truth};
use crate::catalog::glob;
use crate::catalog::load;
use crate::catalog::row::Row;
use crate::catalog::severity::Severities;
use crate::finding::{Confidence, Severity};
use crate::source::{LineIndex, Range};
pub use files::{Entry, Files, home, resolve};

/// Where policy is looked for, in order; the last is `[tool.pipevet]` of a project file.
pub const PLACES: [&str; 3] = ["pipevet.toml", ".github/pipevet.toml", "pyproject.toml"];

/// The one of [`PLACES`] that others use as well.
const PROJECT: &str = "pyproject.toml";

/// What a project wants.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file it came from, as people know it.
    pub file: Option<String>,
    /// The directory that its paths start from, from the top of the files it was read from.
    pub home: String,
    /// Rules newer than this are off.
    pub edition: Option<String>,
    /// Level from which a run fails; `Some(None)` is `never`.
    pub fail_on: Option<Option<Severity>>,
    /// Least level shown.
    pub min_severity: Option<Severity>,
    /// Least confidence shown.
    pub min_confidence: Option<Confidence>,
    /// Report and never fail.
    pub observe: bool,
    /// Release pins count like branches.
    pub commit_pins: bool,
    /// Show preview rules.
    pub preview: bool,
    /// Show hygiene.
    pub hygiene: bool,
    /// Directories with pages and rows, from the top of the files it was read from.
    pub rules: Vec<String>,
    /// Rows of its own.
    pub rows: Vec<Row>,
    /// By rule id: what it changes.
    pub rule: BTreeMap<String, RuleSetting>,
    /// Whom it trusts.
    pub trust: Trust,
}

/// What policy changes of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSetting {
    /// Its level.
    pub level: Option<Severity>,
    /// Whether it runs.
    pub enabled: bool,
    /// Where the table stands.
    pub range: Range,
    /// Line and column of it.
    pub place: (u32, u32),
}

/// Whom a project trusts; globs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Owners on model hubs and forges.
    pub orgs: Vec<String>,
    /// `s3://bucket/prefix` and the like.
    pub buckets: Vec<String>,
    /// Hosts or prefixes of image registries and of other downloads.
    pub registries: Vec<String>,
    /// Package indexes.
    pub indexes: Vec<String>,
    /// `owner/name` or `owner/*` of actions.
    pub actions: Vec<String>,
    /// Runner labels whose machines are thrown away after each job.
    pub runners: Vec<String>,
    /// Secret name -> `read` or `none`: what it can do at most.
    pub secrets: BTreeMap<String, String>,
}

impl Config {
    /// The policy of a directory: the first policy file there or above it, up to the top. Without one, the default.
    pub fn find(files: &dyn Files, directory: &str, severities: &Severities) -> Result<Config, LoadError> {
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
    /// The policy in a file that must be there.
    pub fn load(files: &dyn Files, path: &str, severities: &Severities) -> Result<Config, LoadError> {
        let shown = files.shown(path);
        let fault = |text: String| LoadError { file: shown.clone(), line: 1, column: 1, text };
        let text = files.read(path).map_err(fault)?.ok_or_else(|| fault("there is no such file".to_owned()))?;
        let mut config = Config::parse(&shown, &text, severities)?;
        config.home = home(path).to_owned();
        config.rules = config.rules.iter().map(|r| resolve(files, &config.home, r).map_err(fault)).collect::<Result<_, _>>()?;
        Ok(config)
    }
    /// Reads a policy file. `pyproject` takes `[tool.pipevet]` alone; without it there is nothing.
    pub fn parse(file: &str, source: &str, severities: &Severities) -> Result<Config, LoadError> {
        let lines = LineIndex::new(source.as_bytes());
        let at = |offset: usize, text: String| {
            let place = lines.place(source.as_bytes(), u32::try_from(offset).unwrap_or(0));
            LoadError { file: file.to_owned(), line: place.line, column: place.column, text }
        };
        let document = Document::parse(source).map_err(|e| at(e.span().map_or(0, |s| s.start), e.message().trim().to_owned()))?;
        let own = file.rsplit('/').next() == Some(PROJECT);
        let root: &dyn TableLike = document.as_table();
        let table = if own {
            root.get("tool").and_then(Item::as_table_like).and_then(|t| t.get("pipevet")).and_then(Item::as_table_like)
        } else {
            Some(root)
        };
        let Some(table) = table else { return Ok(Config::default()) };
        let value = Value::Mapping(mapping(table));
        let place = |range: Range| {
            let p = lines.place(source.as_bytes(), range.start);
            (p.line, p.column)
        };
        let mut config = read(&value, file, table, &place, severities).map_err(|fault| {
            let range = find(table, &fault.keys).unwrap_or_default();
            at(range.start as usize, fault.text)
        })?;
        config.file = Some(file.to_owned());
        Ok(config)
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
                let (line, column) = setting.place;
                LoadError { file: self.file.clone().unwrap_or_default(), line, column, text: format!("there is no rule `{id}`{hint}") }
            })
            .collect()
    }
}

impl Trust {
    /// Whether an outside name is trusted: a URL by bucket, registry or index, `owner/name` by owner.
    pub fn covers(&self, name: &str) -> bool {
        let plain = name.strip_prefix("git+").unwrap_or(name);
        let Some((scheme, rest)) = plain.split_once("://") else {
            let owner = plain.split('/').next().unwrap_or(plain);
            return plain.contains('/') && self.orgs.iter().any(|o| glob::text(o, owner));
        };
        if scheme == "hf" {
            return self.covers(rest.split_once('/').map_or(rest, |(kind, more)| if kind == "datasets" || kind == "spaces" { more } else { rest }));
        }
        let after_host = rest.split_once('/').map_or("", |(_, p)| p);
        let owner = after_host.split('/').next().unwrap_or("");
        let listed = self.buckets.iter().chain(&self.registries).chain(&self.indexes).any(|p| under(p, plain, rest));
        listed || (!owner.is_empty() && self.orgs.iter().any(|o| glob::text(o, owner)))
    }
    /// Whether an action is trusted.
    pub fn action(&self, name: &str) -> bool {
        let owner = name.split('/').next().unwrap_or(name);
        self.actions.iter().any(|a| glob::text(a, name) || a == owner) || self.orgs.iter().any(|o| glob::text(o, owner))
    }
    /// Whether an image is trusted, by registry and path without tag.
    pub fn image(&self, name: &str) -> bool {
        self.registries.iter().any(|r| under(r, name, name))
    }
    /// Whether a runner is thrown away after each job.
    pub fn runner(&self, label: &str) -> bool {
        self.runners.iter().any(|r| glob::text(r, label))
    }
}

/// Whether `name` (with or without its scheme) lies under a prefix or host, or matches a glob. `example.com` does not cover `example.com.evil`.
fn under(prefix: &str, whole: &str, without_scheme: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    if prefix.contains('*') {
        return glob::text(prefix, whole) || glob::text(prefix, without_scheme);
    }
    [whole, without_scheme].iter().any(|name| name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':', '?', '@'])))
}

const LEVELS: [(&str, Severity); 5] = crate::rule::page::LEVELS;
const CONFIDENCES: [(&str, Confidence); 3] = [("low", Confidence::Low), ("medium", Confidence::Medium), ("high", Confidence::High)];

fn read(value: &Value, file: &str, table: &dyn TableLike, place: &dyn Fn(Range) -> (u32, u32), severities: &Severities) -> Read<Config> {
    let f = Fields::of(value, "the policy")?;
    let fail_on = |v: &Value| if v.as_str() == Some("never") { Ok(None) } else { one_of(v, &LEVELS).map(Some) };
    let config = Config {
        file: None,
        home: String::new(),
        edition: f.read("edition", text)?,
        fail_on: f.read("fail-on", fail_on)?,
        min_severity: f.read("min-severity", |v| one_of(v, &LEVELS))?,
        min_confidence: f.read("min-confidence", |v| one_of(v, &CONFIDENCES))?,
        observe: f.read("mode", |v| one_of(v, &[("enforce", false), ("observe", true)]))?.unwrap_or(false),
        commit_pins: f.read("pinning", |v| one_of(v, &[("commit", true), ("release", false)]))?.unwrap_or(false),
        preview: f.read("preview", truth)?.unwrap_or(false),
        hygiene: f.read("hygiene", truth)?.unwrap_or(false),
        rules: f.read("rules", texts)?.unwrap_or_default(),
        rows: rows(&f, file, table, place, severities)?,
        rule: f.read("rule", |v| rules(v, table, place))?.unwrap_or_default(),
        trust: f.read("trust", trust)?.unwrap_or_default(),
    };
    f.finish()?;
    Ok(config)
}

fn rows(f: &Fields<'_>, file: &str, table: &dyn TableLike, place: &dyn Fn(Range) -> (u32, u32), severities: &Severities) -> Read<Vec<Row>> {
    let spans: Vec<Range> = match table.get("row").and_then(Item::as_array_of_tables) {
        Some(tables) => tables.iter().map(|t| range(t.span())).collect(),
        None => Vec::new(),
    };
    let mut at = 0;
    let all = f.each("row", |v| {
        let line = spans.get(at).map_or(1, |r| place(*r).0);
        at += 1;
        load::row(v, (file, line), true, severities)
    })?;
    Ok(all.concat())
}

fn rules(value: &Value, table: &dyn TableLike, place: &dyn Fn(Range) -> (u32, u32)) -> Read<BTreeMap<String, RuleSetting>> {
    let Value::Mapping(map) = value else { return Err(Fault::new(format!("expected `[rule.<id>]`, not {}", kind(value)))) };
    let mut out = BTreeMap::new();
    for (key, value) in map {
        let id = text(key)?;
        let f = Fields::of(value, "a rule's table").map_err(|e| e.under(&id))?;
        let level = f.read("level", |v| one_of(v, &LEVELS)).map_err(|e| e.under(&id))?;
        let enabled = f.read("enabled", truth).map_err(|e| e.under(&id))?.unwrap_or(true);
        f.finish().map_err(|e| e.under(&id))?;
        let range = find(table, &["rule".to_owned(), id.clone()]).unwrap_or_default();
        out.insert(id, RuleSetting { level, enabled, range, place: place(range) });
    }
    Ok(out)
}

fn trust(value: &Value) -> Read<Trust> {
    let f = Fields::of(value, "`[trust]`")?;
    let list = |key| Ok::<Vec<String>, Fault>(f.read(key, texts)?.unwrap_or_default());
    let out = Trust {
        orgs: list("orgs")?,
        buckets: list("buckets")?,
        registries: list("registries")?,
        indexes: list("indexes")?,
        actions: list("actions")?,
        runners: list("runners")?,
        secrets: f.read("secrets", secrets)?.unwrap_or_default(),
    };
    f.finish()?;
    Ok(out)
}

fn secrets(value: &Value) -> Read<BTreeMap<String, String>> {
    let Value::Mapping(map) = value else { return Err(Fault::new("expected `NAME = \"read\"`")) };
    map.iter()
        .map(|(k, v)| {
            let name = text(k)?;
            let can = one_of(v, &[("read", "read"), ("none", "none")]).map_err(|e| e.under(&name))?;
            Ok((name, can.to_owned()))
        })
        .collect()
}

/// TOML as the values that rows and pages are read from.
fn mapping(table: &dyn TableLike) -> Mapping {
    table.iter().map(|(k, v)| (Value::from(k), item(v))).collect()
}

fn item(item: &Item) -> Value {
    match item {
        Item::None => Value::Null,
        Item::Value(v) => scalar(v),
        Item::Table(t) => Value::Mapping(mapping(t)),
        Item::ArrayOfTables(all) => Value::Sequence(all.iter().map(|t| Value::Mapping(mapping(t))).collect()),
    }
}

fn scalar(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(s) => Value::from(s.value().as_str()),
        toml_edit::Value::Integer(n) => Value::from(*n.value()),
        toml_edit::Value::Float(n) => Value::from(*n.value()),
        toml_edit::Value::Boolean(b) => Value::from(*b.value()),
        toml_edit::Value::Datetime(d) => Value::from(d.value().to_string()),
        toml_edit::Value::Array(all) => Value::Sequence(all.iter().map(scalar).collect()),
        toml_edit::Value::InlineTable(t) => Value::Mapping(mapping(t)),
    }
}

fn range(span: Option<std::ops::Range<usize>>) -> Range {
    span.map_or(Range::default(), |s| Range::new(s.start, s.end))
}

/// The place of the innermost of these keys that stands in the file: the key itself, else its value.
fn find(table: &dyn TableLike, keys: &[String]) -> Option<Range> {
    let (first, rest) = keys.split_first()?;
    let own = table.get_key_value(first).map(|(k, i)| k.span().or_else(|| i.span()));
    let inner = match table.get(first) {
        Some(Item::ArrayOfTables(all)) => all.iter().find_map(|t| find(t, rest)),
        Some(item) => item.as_table_like().and_then(|t| find(t, rest)),
        None => return find(table, rest),
    };
    inner.or_else(|| own.flatten().map(|s| range(Some(s))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::builtin;

    fn parse(file: &str, text: &str) -> Result<Config, String> {
        let severities = Severities::load("s", builtin::SEVERITY).unwrap();
        Config::parse(file, text, &severities).map_err(|e| e.to_string())
    }

    #[test]
    fn policy_is_read_with_places() {
        let text = "edition = \"2026.11\"\nfail-on = \"medium\"\nmode = \"observe\"\nrules = [\"own\"]\n\n[rule.unpinned-action]\nlevel = \"high\"\n\n\
            [trust]\norgs = [\"acme\", \"acme-*\"]\nbuckets = [\"s3://acme-data\"]\nregistries = [\"ghcr.io/acme\"]\n[trust.secrets]\nHF_TOKEN = \"read\"\n\n\
            [[row]]\ncall = \"acme.load\"\nsee = \"us\"\nsink = { kind = \"pickle-load\", slot = [0, \"f\"], bytes = true }\n";
        let config = parse("pipevet.toml", text).unwrap();
        assert_eq!((config.fail_on, config.observe), (Some(Some(Severity::Medium)), true));
        assert_eq!((config.level("unpinned-action"), config.enabled("x")), (Some(Severity::High), true));
        assert_eq!(config.rows.iter().map(|r| (r.subject.text(), r.at.1, r.user)).collect::<Vec<_>>(), [("call acme.load".to_owned(), 16, true)]);
        assert_eq!(
            config.unknown_rules(|_| false, |_| Some("x"))[0].to_string(),
            "pipevet.toml:6:7: there is no rule `unpinned-action`; did you mean `x`?"
        );
        let trust = &config.trust;
        for (name, yes) in [
            ("acme/model", true),
            ("acme-x/m", true),
            ("acme", false),
            ("evil/acme", false),
            ("s3://acme-data/x", true),
            ("s3://acme-data-2/x", false),
            ("hf://datasets/acme/d", true),
            ("https://github.com/acme/r", true),
            ("git+https://github.com/acme/r@main", true),
            ("https://evil.io/x/acme", false),
        ] {
            assert_eq!(trust.covers(name), yes, "{name}");
        }
        assert!(trust.image("ghcr.io/acme/x:1") && !trust.image("ghcr.io/acmexx"));
    }

    #[test]
    fn faults_name_key_and_place() {
        let cases = [
            ("fail_on = \"high\"\n", "1:1: the policy has no key `fail_on`; did you mean `fail-on`?"),
            ("x = \n", "1:5: "),
            ("[trust]\norg = []\n", "2:1: `[trust]` has no key `org`; did you mean `orgs`?"),
            ("a = 1\n", "1:1: the policy has no key `a`"),
            ("[rule.x]\nlevl = \"high\"\n", "2:1: a rule's table has no key `levl`; did you mean `level`?"),
            ("\n[[row]]\ncall = \"a.b\"\nsee = \"x\"\nsink = { kind = \"shel\" }\n", "5:10: severity.yml has no kind `shel`"),
            ("mode = \"obsrve\"\n", "1:1: `obsrve` is none of enforce, observe; did you mean `observe`?"),
        ];
        for (text, want) in cases {
            let got = parse("p/pipevet.toml", text).unwrap_err();
            assert!(got.strip_prefix("p/pipevet.toml:").unwrap().starts_with(want), "{text}: {got}");
        }
        assert!(parse("pyproject.toml", "[tool.other]\nx = 1\n").unwrap().file.is_none());
        assert!(parse("pyproject.toml", "[tool.pipevet]\nx = 1\n").unwrap_err().starts_with("pyproject.toml:2:1"));
    }
}
