//! `rules/severity.yml`: the only place where a level is decided. Risk class and origin give the level of a risk, asset and walker that of a path.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::fields::{Fault, Fields, LoadError, Read, Value, labels, mapping, one_of, text, texts, yaml};
use super::row::Verdict;
use crate::finding::Severity;
use crate::origin::{Mutable, Origin, Via, Who};

/// The tables.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Severities {
    risk: BTreeMap<String, Risk>,
    stated: Vec<String>,
    path: Vec<PathRow>,
    kinds: BTreeMap<String, Kind>,
}

/// Levels of a class by who can write the bytes; none is no finding.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Risk {
    title: String,
    program: Option<Severity>,
    repository: Option<Severity>,
    operator: Option<Severity>,
    release: Option<Severity>,
    moving: Option<Severity>,
    peer: Option<Severity>,
    anyone: Option<Severity>,
    open: Option<Severity>,
    unsettled: Option<Severity>,
    holed: Option<Severity>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct PathRow {
    title: String,
    assets: Vec<String>,
    anyone: Severity,
    outsider: Severity,
    operator: Severity,
}

/// A kind of sink.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kind {
    /// Risk class.
    pub class: String,
    /// What its sinks say of a parameter that others can set.
    pub when_open: Verdict,
    /// What they say of an origin that is not known.
    pub when_unknown: Verdict,
    /// Labels of which a source must have one; none: any source counts.
    pub from: Via,
    /// Ends of names of files that are none of its: formats without code.
    pub unlike: Vec<String>,
}

impl Severities {
    /// Reads the tables.
    pub fn load(file: &str, source: &str) -> Result<Severities, LoadError> {
        let value = yaml(file, source, 1)?;
        read(&value).map_err(|fault| fault.place(file, source, 1, u32::MAX))
    }
    /// Level of a risk by class and origin of the bytes; none: no finding. An open parameter counts with its own column when the rest is lower.
    pub fn risk(&self, class: &str, origin: Origin) -> Option<Severity> {
        let risk = self.risk.get(class)?;
        match (origin.who, origin.mutable) {
            (Who::Program, _) => risk.program,
            (Who::Repository, _) => risk.repository,
            (Who::Operator, _) => risk.operator,
            (Who::Publisher, Mutable::Digest) => risk.repository,
            (Who::Publisher, Mutable::Release) => risk.release,
            (Who::Publisher, Mutable::Moving) => risk.moving,
            (Who::Peer, _) => risk.peer,
            (Who::Anyone, _) => risk.anyone,
        }
    }
    /// Names that [`Severities::set`] takes: risk classes, then assets.
    pub fn adjustable(&self) -> impl Iterator<Item = &str> {
        self.risk.keys().map(String::as_str).chain(self.assets())
    }
    /// Columns of a risk class or asset; `None` when it is neither.
    pub fn columns(&self, row: &str) -> Option<&'static [&'static str]> {
        if self.risk.contains_key(row) { Some(&RISK_COLUMNS) } else { self.knows_asset(row).then_some(&PATH_COLUMNS) }
    }
    /// Gives a cell of the tables another level: `row` is a risk class or one asset, `column` who can write or walk. Unknown names change nothing.
    pub fn set(&mut self, row: &str, column: &str, level: Option<Severity>) {
        if let Some(risk) = self.risk.get_mut(row) {
            let cells = [
                &mut risk.program,
                &mut risk.repository,
                &mut risk.operator,
                &mut risk.release,
                &mut risk.moving,
                &mut risk.peer,
                &mut risk.anyone,
                &mut risk.open,
                &mut risk.unsettled,
                &mut risk.holed,
            ];
            for (_, cell) in RISK_COLUMNS.into_iter().zip(cells).filter(|(name, _)| *name == column) {
                *cell = level;
            }
            return;
        }
        let Some(at) = self.path.iter().position(|r| r.assets.iter().any(|a| a == row)) else { return };
        // The asset gets a row of its own, where it stands in the ranking; the others of its row keep theirs.
        let shared = self.path.remove(at);
        let own = shared.assets.iter().position(|a| a == row).unwrap_or_default();
        let (before, after) = (shared.assets.iter().take(own).cloned().collect(), shared.assets.iter().skip(own + 1).cloned().collect());
        let mut one = PathRow { assets: vec![row.to_owned()], ..shared.clone() };
        for (_, cell) in PATH_COLUMNS.into_iter().zip([&mut one.anyone, &mut one.outsider, &mut one.operator]).filter(|(name, _)| *name == column) {
            *cell = level.unwrap_or(Severity::Info);
        }
        let rest = |assets: Vec<String>| PathRow { assets, ..shared.clone() };
        let split = [rest(before), one, rest(after)].into_iter().filter(|r| !r.assets.is_empty());
        self.path.splice(at..at, split);
    }
    /// Level of a sink of this class whose argument is a parameter that others can set, where the row says `report`.
    pub fn open(&self, class: &str) -> Option<Severity> {
        self.risk.get(class)?.open
    }
    /// The most that a sink of this class counts while a version that the project does not state decides whether it is safe.
    pub fn unsettled(&self, class: &str) -> Option<Severity> {
        self.risk.get(class)?.unsettled
    }
    /// The most that a sink of this class counts where what makes it safe is asked for, and only the version does not keep to it.
    pub fn holed(&self, class: &str) -> Option<Severity> {
        self.risk.get(class)?.holed
    }
    /// Level of a path: what is in reach (an asset, or `none`) and who can walk it with every gate applied.
    pub fn path(&self, asset: &str, who: Who) -> Severity {
        let Some(row) = self.path.iter().find(|r| r.assets.iter().any(|a| a == asset)) else { return Severity::Low };
        match who {
            Who::Anyone => row.anyone,
            Who::Peer | Who::Publisher => row.outsider,
            Who::Program | Who::Repository | Who::Operator => row.operator,
        }
    }
    /// Position of an asset in the ranking, worst first; unknown ones last.
    pub fn rank(&self, asset: &str) -> usize {
        self.path.iter().flat_map(|r| &r.assets).position(|a| a == asset).unwrap_or(usize::MAX)
    }
    /// A kind of sink.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }
    /// Names of all kinds.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().map(String::as_str)
    }
    /// Names of all assets, worst first.
    pub fn assets(&self) -> impl Iterator<Item = &str> {
        self.path.iter().flat_map(|r| &r.assets).map(String::as_str)
    }
    /// Whether an asset of that name is ranked.
    pub fn knows_asset(&self, name: &str) -> bool {
        self.assets().any(|a| a == name)
    }
    /// Names of all classes: those of the table, then those whose pages state a level.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.risk.keys().chain(&self.stated).map(String::as_str)
    }
    /// Whether pages of this class state their own level.
    pub fn is_stated(&self, class: &str) -> bool {
        self.stated.iter().any(|c| c == class)
    }
    /// The tables as Markdown, for `pipevet explain severity`.
    pub fn explain(&self) -> String {
        let level = |s: Option<Severity>| s.map_or("none", Severity::name);
        let mut out = String::from("# Severity\n\nThe level of a risk: what happens, and who can write the bytes.\n\n");
        out.push_str("| risk class | program | repository | operator | publisher, release | publisher, moving | peer | anyone | open parameter | at most, while the version is unsettled | at most, where only the version has a hole |\n");
        out.push_str("|---|---|---|---|---|---|---|---|---|---|---|\n");
        for (class, r) in &self.risk {
            let cells = [r.program, r.repository, r.operator, r.release, r.moving, r.peer, r.anyone, r.open].map(level).join(" | ");
            let _ = writeln!(out, "| {class}: {} | {cells} | {} | {} |", r.title, level(r.unsettled), level(r.holed));
        }
        let _ = writeln!(out, "\nPages of these classes state their own level: {}.", self.stated.join(", "));
        out.push_str("\nThe level of a path: what is in reach, and who can walk it once every gate is applied.\n\n");
        out.push_str("| in reach | anyone | another outsider | operator |\n|---|---|---|---|\n");
        for r in &self.path {
            let _ = writeln!(out, "| {} ({}) | {} | {} | {} |", r.title, r.assets.join(", "), r.anyone.name(), r.outsider.name(), r.operator.name());
        }
        out
    }
}

/// Columns of a risk class, in the order of the table.
const RISK_COLUMNS: [&str; 10] = ["program", "repository", "operator", "release", "moving", "peer", "anyone", "open", "unsettled", "holed"];
/// Columns of a path.
const PATH_COLUMNS: [&str; 3] = ["anyone", "outsider", "operator"];
/// Levels as tables name them.
pub const LEVELS: [(&str, Option<Severity>); 6] = [
    ("none", None),
    ("info", Some(Severity::Info)),
    ("low", Some(Severity::Low)),
    ("medium", Some(Severity::Medium)),
    ("high", Some(Severity::High)),
    ("critical", Some(Severity::Critical)),
];
const VERDICTS: [(&str, Verdict); 3] = [("report", Verdict::Report), ("info", Verdict::Info), ("silent", Verdict::Silent)];

fn level(value: &Value) -> Read<Option<Severity>> {
    one_of(value, &LEVELS)
}

fn certain(value: &Value) -> Read<Severity> {
    level(value)?.ok_or_else(|| Fault::new("a path has a level"))
}

fn read(value: &Value) -> Read<Severities> {
    let fields = Fields::of(value, "severity.yml")?;
    let out = Severities {
        risk: fields.need("risk", |v| named(v, risk))?,
        stated: fields.need("stated", texts)?,
        path: fields.each("path", path_row)?,
        kinds: fields.need("kinds", |v| named(v, kind))?,
    };
    fields.finish()?;
    for (name, kind) in &out.kinds {
        if !out.classes().any(|c| c == kind.class) {
            return Err(Fault::new(format!("there is no class `{}`", kind.class)).under(name).under("kinds"));
        }
    }
    Ok(out)
}

fn named<T>(value: &Value, read: fn(&Value) -> Read<T>) -> Read<BTreeMap<String, T>> {
    let entries = mapping(value).ok_or_else(|| Fault::new("expected a mapping"))?;
    entries
        .iter()
        .map(|e| {
            let name = text(&e.key)?;
            let item = read(&e.value).map_err(|e| e.under(&name))?;
            Ok((name, item))
        })
        .collect()
}

fn risk(value: &Value) -> Read<Risk> {
    let fields = Fields::of(value, "a risk class")?;
    let (release, moving) = fields.need("publisher", |v| {
        let pins = Fields::of(v, "`publisher`")?;
        let both = (pins.need("release", level)?, pins.need("moving", level)?);
        pins.finish()?;
        Ok(both)
    })?;
    let out = Risk {
        title: fields.need("title", text)?,
        program: fields.need("program", level)?,
        repository: fields.need("repository", level)?,
        operator: fields.need("operator", level)?,
        release,
        moving,
        peer: fields.need("peer", level)?,
        anyone: fields.need("anyone", level)?,
        open: fields.need("open", level)?,
        unsettled: fields.need("unsettled", level)?,
        holed: fields.need("holed", level)?,
    };
    fields.finish()?;
    Ok(out)
}

fn path_row(value: &Value) -> Read<PathRow> {
    let fields = Fields::of(value, "a path row")?;
    let out = PathRow {
        title: fields.need("title", text)?,
        assets: fields.need("assets", texts)?,
        anyone: fields.need("anyone", certain)?,
        outsider: fields.need("outsider", certain)?,
        operator: fields.need("operator", certain)?,
    };
    fields.finish()?;
    Ok(out)
}

fn kind(value: &Value) -> Read<Kind> {
    let fields = Fields::of(value, "a kind")?;
    let out = Kind {
        class: fields.need("class", text)?,
        when_open: fields.need("when-open", |v| one_of(v, &VERDICTS))?,
        when_unknown: fields.need("when-unknown", |v| one_of(v, &VERDICTS))?,
        from: fields.read("from", labels)?.unwrap_or_default(),
        unlike: fields.read("unlike", texts)?.unwrap_or_default(),
    };
    fields.finish()?;
    Ok(out)
}
