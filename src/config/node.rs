//! Policy as it was written: values that know where each comes from, and how one text is laid over another. Knows no key.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use toml_edit::{Document, Item, TableLike};

use crate::catalog::fields::{LoadError, Value, made, scalar};
use crate::source::LineIndex;
use crate::syntax::yaml::{Core, Entry, NodeKind};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of a policy file, as people know it; 1-based.
    File {
        /// The file.
        file: Arc<str>,
        /// Its line.
        line: u32,
        /// The column.
        column: u32,
    },
    /// An option of the call, with its dashes.
    Flag(&'static str),
}

impl Origin {
    /// A fault of what stands here.
    pub fn fault(&self, text: impl Into<String>) -> LoadError {
        let text = text.into();
        match self {
            Origin::File { file, line, column } => LoadError { file: file.to_string(), line: *line, column: *column, text },
            other => LoadError { file: other.to_string(), line: 1, column: 1, text },
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { file, line, .. } => write!(f, "{file}:{line}"),
            Origin::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A value and where it comes from; of an entry of a table, where its key stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Node {
    /// Where it comes from.
    #[serde(skip)]
    pub from: Origin,
    /// The value.
    pub what: What,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum What {
    /// A text, or a date as it is written.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Any other number.
    Float(f64),
    /// A truth value.
    Truth(bool),
    /// A list, or tables of one name.
    List(Vec<Node>),
    /// A table.
    Table(BTreeMap<String, Node>),
}

impl Node {
    /// An empty table.
    pub fn empty() -> Node {
        Node { from: Origin::Default, what: What::Table(BTreeMap::new()) }
    }
    /// What an option of the call says, at a key of the outermost table.
    pub fn flag(flag: &'static str, what: What) -> Node {
        Node { from: Origin::Flag(flag), what }
    }
    /// Reads TOML; of a project file what stands below `tool.pipevet`, else nothing.
    pub fn read(file: &str, source: &str, project: bool) -> Result<Option<Node>, LoadError> {
        let text = Text { file: file.into(), source, lines: LineIndex::new(source.as_bytes()) };
        let document = Document::parse(source).map_err(|e| text.at(e.span()).fault(e.message().trim()))?;
        let root: &dyn TableLike = document.as_table();
        let table = if project {
            root.get("tool").and_then(Item::as_table_like).and_then(|t| t.get("pipevet")).and_then(Item::as_table_like)
        } else {
            Some(root)
        };
        Ok(table.map(|t| Node { from: text.at(None), what: text.table(t) }))
    }
    /// The entries of a table; none of anything else.
    pub fn table(&self) -> impl Iterator<Item = (&str, &Node)> {
        let table = if let What::Table(table) = &self.what { Some(table) } else { None };
        table.into_iter().flatten().map(|(k, n)| (k.as_str(), n))
    }
    /// An entry of a table.
    pub fn get(&self, key: &str) -> Option<&Node> {
        if let What::Table(table) = &self.what { table.get(key) } else { None }
    }
    /// The items of a list; a value that is none stands for itself.
    pub fn items(&self) -> &[Node] {
        if let What::List(items) = &self.what { items } else { std::slice::from_ref(self) }
    }
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let What::Text(text) = &self.what { Some(text) } else { None }
    }
    /// What it is, for people.
    pub fn kind(&self) -> &'static str {
        match self.what {
            What::Text(_) => "a text",
            What::Number(_) | What::Float(_) => "a number",
            What::Truth(_) => "a truth value",
            What::List(_) => "a list",
            What::Table(_) => "a table",
        }
    }
    /// This laid over another: tables key by key, lists after those of the other; anything else replaces.
    pub fn over(self, below: Node) -> Node {
        let what = match (self.what, below.what) {
            (What::Table(own), What::Table(mut all)) => {
                for (key, node) in own {
                    let node = match all.remove(&key) {
                        Some(other) => node.over(other),
                        None => node,
                    };
                    all.insert(key, node);
                }
                What::Table(all)
            }
            (What::List(own), What::List(mut all)) => {
                all.extend(own);
                What::List(all)
            }
            (own, _) => own,
        };
        Node { from: self.from, what }
    }
    /// The innermost of these keys that stands here: what a fault is about.
    pub fn innermost(&self, keys: &[String]) -> &Node {
        let Some((first, rest)) = keys.split_first() else { return self };
        let found = match &self.what {
            What::Table(table) => table.get(first),
            What::List(items) => items.iter().find(|i| i.get(first).is_some()).and_then(|i| i.get(first)),
            _ => None,
        };
        found.map_or_else(|| self.innermost(rest), |inner| inner.innermost(rest))
    }
    /// The value as rows are read from.
    pub fn value(&self) -> Value {
        match &self.what {
            What::Text(text) => scalar(text, Core::Str),
            What::Number(n) => scalar(&n.to_string(), Core::Num),
            What::Float(n) => scalar(&n.to_string(), Core::Num),
            What::Truth(b) => scalar(&b.to_string(), Core::Bool(*b)),
            What::List(items) => made(NodeKind::Seq(items.iter().map(Node::value).collect())),
            What::Table(table) => {
                let entry = |(key, value): (&String, &Node)| Entry { key: scalar(key, Core::Str), value: value.value(), merged: None };
                made(NodeKind::Map(table.iter().map(entry).collect()))
            }
        }
    }
}

/// A file whose places are told by line and column.
struct Text<'s> {
    file: Arc<str>,
    source: &'s str,
    lines: LineIndex,
}

impl Text<'_> {
    fn at(&self, span: Option<std::ops::Range<usize>>) -> Origin {
        let place = self.lines.place(self.source.as_bytes(), span.and_then(|s| u32::try_from(s.start).ok()).unwrap_or(0));
        Origin::File { file: Arc::clone(&self.file), line: place.line, column: place.column }
    }
    fn table(&self, table: &dyn TableLike) -> What {
        let mut out = BTreeMap::new();
        for (key, item) in table.iter() {
            let span = table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
            if let Some(what) = self.item(item) {
                out.insert(key.to_owned(), Node { from: self.at(span), what });
            }
        }
        What::Table(out)
    }
    fn item(&self, item: &Item) -> Option<What> {
        match item {
            Item::None => None,
            Item::Value(value) => Some(self.scalar(value)),
            Item::Table(table) => Some(self.table(table)),
            Item::ArrayOfTables(all) => Some(What::List(all.iter().map(|t| Node { from: self.at(t.span()), what: self.table(t) }).collect())),
        }
    }
    fn scalar(&self, value: &toml_edit::Value) -> What {
        match value {
            toml_edit::Value::String(s) => What::Text(s.value().clone()),
            toml_edit::Value::Integer(n) => What::Number(*n.value()),
            toml_edit::Value::Float(n) => What::Float(*n.value()),
            toml_edit::Value::Boolean(b) => What::Truth(*b.value()),
            toml_edit::Value::Datetime(d) => What::Text(d.value().to_string()),
            toml_edit::Value::Array(all) => What::List(all.iter().map(|v| Node { from: self.at(v.span()), what: self.scalar(v) }).collect()),
            toml_edit::Value::InlineTable(table) => self.table(table),
        }
    }
}
