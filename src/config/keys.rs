//! Every key of a policy file: its shape, its default and one line about it. What is read, the JSON schema, the table for users and `pipevet config` rest on
//! this one table. Knows no effect of a key.

use serde_json::{Map, Value, json};

use super::node::{Node, Origin, What};
use crate::catalog::fields::{LoadError, nearest};
use crate::catalog::load::{self, SUBJECTS};
use crate::catalog::severity::{LEVELS, Severities};
use crate::notice::said;

/// One key of a table.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What its value may be.
    pub shape: Shape,
    /// Whether its table makes no sense without it.
    pub required: bool,
    /// What holds when nobody says anything; empty: nothing.
    pub default: &'static str,
    /// One line for users.
    pub about: &'static str,
}

/// What a value may be.
#[derive(Debug)]
pub enum Shape {
    /// `true` or `false`.
    Truth,
    /// A text.
    Text,
    /// Year and month, `2026.11`.
    Edition,
    /// A day, `2027-01-31`.
    Day,
    /// The beginning of a `pipevet/v1` fingerprint.
    Fingerprint,
    /// A text or a list of them.
    Texts,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// An asset of the severity tables.
    Asset,
    /// A table with these keys.
    Table(&'static [Key]),
    /// A table whose keys are names of this kind, each with such a value.
    Map(&'static str, &'static Shape),
    /// Levels by column, for a risk class or an asset.
    Cells,
    /// Tables of one name, each with these keys.
    Tables(&'static [Key]),
    /// Rows, in the format of row files.
    Rows,
}

const GATES: [&str; 6] = ["critical", "high", "medium", "low", "info", "never"];
const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];
const CONFIDENCES: [&str; 3] = ["high", "medium", "low"];

const fn key(name: &'static str, shape: Shape, default: &'static str, about: &'static str) -> Key {
    Key { name, shape, required: false, default, about }
}

const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, required: true, default: "", about }
}

/// The keys of a policy file.
pub const POLICY: &[Key] = &[
    key("extends", Shape::Texts, "", "policy files whose entries come first: keys here override theirs, lists are joined"),
    key("edition", Shape::Edition, "", "rules that came after this year and month stay off"),
    key("fail-on", Shape::OneOf(&GATES), "high", "level from which a finding of high confidence fails the run"),
    key("min-severity", Shape::OneOf(&SEVERITIES), "medium", "least level shown; paths are shown at any level"),
    key("min-confidence", Shape::OneOf(&CONFIDENCES), "medium", "least confidence shown"),
    key("mode", Shape::OneOf(&["enforce", "observe"]), "enforce", "`observe` reports and never fails"),
    key("preview", Shape::Truth, "false", "show rules that are not yet measured"),
    key("hygiene", Shape::Truth, "false", "show pins, permissions and users"),
    key("pinning", Shape::OneOf(&["release", "commit"]), "release", "`commit`: a release tag counts as a name that can move"),
    key("rules", Shape::Texts, "", "directories with own rule pages (`.md`) and rows (`.yml`)"),
    key("rule", Shape::Map("rule", &Shape::Table(RULE)), "", "what is different for one rule"),
    key("trust", Shape::Table(TRUST), "", "what counts as your own"),
    key("assets", Shape::Map("secret", &Shape::Asset), "", "what a secret opens, by its name or a glob of it; `none`: nothing worth taking"),
    key("severity", Shape::Map("class or asset", &Shape::Cells), "", "other levels in the tables of `pipevet explain severity`"),
    key("ignore", Shape::Tables(IGNORE), "", "findings that somebody looked at and accepts"),
    key("row", Shape::Rows, "", "rows of your own, as in row files"),
];

const RULE: &[Key] =
    &[key("level", Shape::OneOf(&SEVERITIES), "", "the level of all its findings"), key("enabled", Shape::Truth, "", "`false` switches it off")];

const TRUST: &[Key] = &[
    key("orgs", Shape::Texts, "", "owners on model hubs and forges (globs)"),
    key("buckets", Shape::Texts, "", "`s3://bucket/prefix` and the like"),
    key("registries", Shape::Texts, "", "hosts or prefixes of image registries and other downloads"),
    key("indexes", Shape::Texts, "", "package indexes"),
    key("actions", Shape::Texts, "", "`owner/name`, `owner/*` or `owner` of actions"),
    key("runners", Shape::Texts, "", "labels of runners that are thrown away after each job (globs)"),
    key("secrets", Shape::Map("secret", &Shape::OneOf(&["read", "none"])), "", "what a secret can do at most, by its name or a glob of it"),
];

const IGNORE: &[Key] = &[
    required("rule", Shape::Text, "the rule it is about"),
    key("path", Shape::Text, "", "a file, a directory or a glob, from the directory of the policy"),
    key("fingerprint", Shape::Fingerprint, "", "one finding: the first 8 or more digits of its fingerprint"),
    required("reason", Shape::Text, "why this is accepted"),
    key("until", Shape::Day, "", "the last day on which it holds"),
];

/// What holds when nobody says anything.
pub fn defaults() -> Node {
    let value = |k: &Key| match k.shape {
        Shape::Truth => What::Truth(k.default == "true"),
        _ => What::Text(k.default.to_owned()),
    };
    let all = POLICY.iter().filter(|k| !k.default.is_empty());
    Node { from: Origin::Default, what: What::Table(all.map(|k| (k.name.to_owned(), Node { from: Origin::Default, what: value(k) })).collect()) }
}

/// Everything that is wrong with a policy. Where one text stands for a list it becomes one.
pub fn check(policy: &mut Node, severities: &Severities) -> Vec<LoadError> {
    let mut faults = Vec::new();
    table(policy, POLICY, "", severities, &mut faults);
    faults
}

fn table(node: &mut Node, keys: &[Key], path: &str, severities: &Severities, faults: &mut Vec<LoadError>) {
    let named = |path: &str| if path.is_empty() { "the policy".to_owned() } else { format!("`{path}`") };
    let from = node.from.clone();
    let What::Table(entries) = &mut node.what else {
        faults.push(from.fault(format!("{} is a table, not {}", named(path), node.kind())));
        return;
    };
    for (name, entry) in entries.iter_mut() {
        let Some(key) = keys.iter().find(|k| k.name == name) else {
            let hint = hint(name, keys.iter().map(|k| k.name));
            faults.push(entry.from.fault(format!("{} has no key {}{hint}", named(path), said(name))));
            continue;
        };
        let inner = if path.is_empty() { name.clone() } else { format!("{}.{name}", path.trim_matches(['[', ']'])) };
        value(entry, &key.shape, &inner, severities, faults);
    }
    for key in keys.iter().filter(|k| k.required && !entries.contains_key(k.name)) {
        faults.push(from.fault(format!("{} needs `{}`", named(path), key.name)));
    }
}

fn value(node: &mut Node, shape: &Shape, path: &str, severities: &Severities, faults: &mut Vec<LoadError>) {
    let fault = |what: String| node.from.fault(what);
    let text = node.text();
    match shape {
        Shape::Truth if matches!(node.what, What::Truth(_)) => {}
        Shape::Truth => faults.push(fault(format!("`{path}` is true or false, not {}", node.kind()))),
        Shape::Text if text.is_some_and(|t| !t.trim().is_empty()) => {}
        Shape::Text if text.is_some() => faults.push(fault(format!("`{path}` is empty"))),
        Shape::Edition if text.is_some_and(is_edition) => {}
        Shape::Edition => faults.push(fault(format!("`{path}` is a year and a month in quotes: \"2026.11\""))),
        Shape::Day if text.is_some_and(is_day) => {}
        Shape::Day => faults.push(fault(format!("`{path}` is a day: \"2027-01-31\""))),
        Shape::Fingerprint if text.is_some_and(|t| t.len() >= 8 && t.bytes().all(|b| b.is_ascii_hexdigit())) => {}
        Shape::Fingerprint => faults.push(fault(format!("`{path}` is 8 or more hexadecimal digits, as reports print them"))),
        Shape::Text => faults.push(fault(format!("`{path}` is a text, not {}", node.kind()))),
        Shape::OneOf(words) => faults.extend(one_of(node, path, words)),
        Shape::Asset => faults.extend(one_of(node, path, &severities.assets().collect::<Vec<_>>())),
        Shape::Texts => {
            let wrong = node.items().iter().find(|i| i.text().is_none());
            if let Some(wrong) = wrong {
                faults.push(wrong.from.fault(format!("`{path}` is a list of texts; this is {}", wrong.kind())));
            } else if let What::Text(_) = node.what {
                node.what = What::List(vec![node.clone()]);
            }
        }
        Shape::Table(keys) => table(node, keys, &format!("[{path}]"), severities, faults),
        Shape::Cells => cells(node, path, severities, faults),
        Shape::Map(_, shape) => {
            let What::Table(entries) = &mut node.what else {
                faults.push(node.from.fault(format!("`[{path}]` is a table, not {}", node.kind())));
                return;
            };
            for (name, entry) in entries {
                value(entry, shape, &format!("{path}.{name}"), severities, faults);
            }
        }
        Shape::Tables(keys) => {
            let What::List(items) = &mut node.what else {
                faults.push(node.from.fault(format!("write `[[{path}]]`, once for each")));
                return;
            };
            for item in items {
                table(item, keys, &format!("[[{path}]]"), severities, faults);
            }
        }
        Shape::Rows => {
            for item in node.items() {
                if let Err(fault) = row(item, severities) {
                    faults.push(fault);
                }
            }
        }
    }
}

/// The rows that an entry of `[[row]]` is; several when its subject has alternatives.
pub fn row(item: &Node, severities: &Severities) -> Result<Vec<crate::catalog::row::Row>, LoadError> {
    let (file, line) = match &item.from {
        Origin::File { file, line, .. } => (file.to_string(), *line),
        other => (other.to_string(), 1),
    };
    load::row(&item.value(), (&file, line), true, severities).map_err(|fault| item.innermost(&fault.keys).from.fault(fault.text))
}

fn cells(node: &Node, path: &str, severities: &Severities, faults: &mut Vec<LoadError>) {
    let name = path.rsplit_once('.').map_or(path, |(_, name)| name);
    let Some(columns) = severities.columns(name) else {
        let hint = hint(name, severities.adjustable());
        faults.push(node.from.fault(format!("the severity tables have no class or asset {}{hint}", said(name))));
        return;
    };
    if !matches!(node.what, What::Table(_)) {
        faults.push(node.from.fault(format!("`[{path}]` is a table of levels, not {}", node.kind())));
    }
    for (column, cell) in node.table() {
        if columns.contains(&column) {
            // Of a path there is always something to say.
            let least = usize::from(!columns.contains(&"program"));
            let levels: Vec<&str> = LEVELS.iter().skip(least).map(|(n, _)| *n).collect();
            faults.extend(one_of(cell, &format!("{path}.{column}"), &levels));
        } else {
            let hint = hint(column, columns.iter().copied());
            faults.push(cell.from.fault(format!("`[{path}]` has no column {}{hint}: it has {}", said(column), columns.join(", "))));
        }
    }
}

fn one_of(node: &Node, path: &str, words: &[&str]) -> Option<LoadError> {
    let all = words.join(", ");
    match node.text() {
        Some(word) if words.contains(&word) => None,
        Some(word) => Some(node.from.fault(format!("{} is none of {all}{}", said(word), hint(word, words.iter().copied())))),
        None => Some(node.from.fault(format!("`{path}` is one of {all}, not {}", node.kind()))),
    }
}

fn hint<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> String {
    nearest(word, known).map_or(String::new(), |k| format!("; did you mean `{k}`?"))
}

fn is_edition(text: &str) -> bool {
    let month = text.split_once('.').filter(|(year, month)| year.len() == 4 && month.len() == 2);
    month.is_some_and(|(year, month)| year.bytes().all(|b| b.is_ascii_digit()) && month.parse::<u8>().is_ok_and(|m| (1..=12).contains(&m)))
}

fn is_day(text: &str) -> bool {
    text.parse::<toml_edit::Datetime>().is_ok_and(|d| d.date.is_some() && d.time.is_none())
}

/// The JSON schema of a policy file, for editors.
pub fn schema(severities: &Severities) -> Value {
    let mut out = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Policy of pipevet",
        "description": "pipevet.toml, .github/pipevet.toml, or [tool.pipevet] of pyproject.toml",
    });
    if let (Value::Object(out), Value::Object(table)) = (&mut out, table_schema(POLICY, severities)) {
        out.extend(table);
    }
    out
}

fn table_schema(keys: &[Key], severities: &Severities) -> Value {
    let property = |k: &Key| {
        let mut value = shape_schema(&k.shape, severities);
        if let Value::Object(value) = &mut value {
            value.insert("description".to_owned(), json!(k.about));
            if !k.default.is_empty() {
                value.insert("default".to_owned(), if matches!(k.shape, Shape::Truth) { json!(k.default == "true") } else { json!(k.default) });
            }
        }
        (k.name.to_owned(), value)
    };
    let properties: Map<String, Value> = keys.iter().map(property).collect();
    let required: Vec<&str> = keys.iter().filter(|k| k.required).map(|k| k.name).collect();
    let mut out = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if let (Value::Object(out), false) = (&mut out, required.is_empty()) {
        out.insert("required".to_owned(), json!(required));
    }
    out
}

fn shape_schema(shape: &Shape, severities: &Severities) -> Value {
    match shape {
        Shape::Truth => json!({ "type": "boolean" }),
        Shape::Text => json!({ "type": "string", "pattern": "\\S" }),
        Shape::Edition => json!({ "type": "string", "pattern": "^[0-9]{4}\\.(0[1-9]|1[0-2])$" }),
        Shape::Day => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        Shape::Fingerprint => json!({ "type": "string", "pattern": "^[0-9a-fA-F]{8,}$" }),
        Shape::Texts => json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] }),
        Shape::OneOf(words) => json!({ "enum": words }),
        Shape::Asset => json!({ "enum": severities.assets().collect::<Vec<_>>() }),
        Shape::Table(keys) => table_schema(keys, severities),
        Shape::Map(_, Shape::Cells) => {
            let cells = |row: &str| {
                let columns = severities.columns(row).unwrap_or_default();
                let least = usize::from(!columns.contains(&"program"));
                let levels: Vec<&str> = LEVELS.iter().skip(least).map(|(n, _)| *n).collect();
                let columns: Map<String, Value> = columns.iter().map(|c| ((*c).to_owned(), json!({ "enum": levels }))).collect();
                json!({ "type": "object", "additionalProperties": false, "properties": columns })
            };
            let rows: Map<String, Value> = severities.adjustable().map(|r| (r.to_owned(), cells(r))).collect();
            json!({ "type": "object", "additionalProperties": false, "properties": rows })
        }
        Shape::Map(_, shape) => json!({ "type": "object", "additionalProperties": shape_schema(shape, severities) }),
        Shape::Cells => json!({ "type": "object" }),
        Shape::Tables(keys) => json!({ "type": "array", "items": table_schema(keys, severities) }),
        Shape::Rows => {
            let subjects: Vec<Value> = SUBJECTS.iter().map(|s| json!({ "required": [s] })).collect();
            json!({ "type": "array", "items": { "type": "object", "required": ["see"], "oneOf": subjects } })
        }
    }
}

/// The table for users: one line for each key.
pub fn markdown() -> String {
    let mut out = String::from("| key | value | default | |\n|---|---|---|---|\n");
    lines(POLICY, "", &mut out);
    out
}

fn lines(keys: &[Key], path: &str, out: &mut String) {
    for key in keys {
        let name = format!("{path}{}", key.name);
        let line = |name: &str, value: &str| {
            let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
            let need = if key.required { "; required" } else { "" };
            format!("| `{name}` | {value} | {default} | {}{need} |\n", key.about.replace('|', "\\|"))
        };
        match &key.shape {
            Shape::Table(inner) => {
                out.push_str(&line(&format!("[{name}]"), "table"));
                lines(inner, &format!("{name}."), out);
            }
            Shape::Tables(inner) => {
                out.push_str(&line(&format!("[[{name}]]"), "tables"));
                lines(inner, &format!("{name}."), out);
            }
            Shape::Rows => out.push_str(&line(&format!("[[{name}]]"), "tables")),
            Shape::Map(of, Shape::Table(inner)) => {
                out.push_str(&line(&format!("[{name}.<{of}>]"), "table"));
                lines(inner, &format!("{name}.<{of}>."), out);
            }
            Shape::Map(of, Shape::Cells) => out.push_str(&line(&format!("[{name}.<{of}>]"), "levels by column")),
            Shape::Map(of, shape) => out.push_str(&line(&format!("{name}.<{of}>"), &written(shape))),
            shape => out.push_str(&line(&name, &written(shape))),
        }
    }
}

fn written(shape: &Shape) -> String {
    match shape {
        Shape::Truth => "`true`, `false`".to_owned(),
        Shape::Edition => "`\"2026.11\"`".to_owned(),
        Shape::Day => "`2027-01-31`".to_owned(),
        Shape::Texts => "text or list".to_owned(),
        Shape::OneOf(words) => words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", "),
        Shape::Asset => "an asset of `pipevet explain severity`".to_owned(),
        _ => "text".to_owned(),
    }
}
