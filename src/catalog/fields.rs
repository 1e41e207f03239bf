//! Reading of hand-written YAML mappings: typed fields, and errors that name the place and the nearest known key. Knows no row and no page.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use crate::notice::said;
use crate::origin::Via;
use crate::source::{LineIndex, Range};
use crate::syntax::yaml::{self, Core, Entry, Node, NodeKind, Scalar, Style};
use crate::text::Text;

/// A value as it was written.
pub type Value = Node;

/// A fault in a row, page, table or policy file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoadError {
    /// The file, as it was given.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// 1-based column.
    pub column: u32,
    /// One sentence for people, without a final full stop.
    pub text: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.text)
    }
}

impl std::error::Error for LoadError {}

/// A fault before its place is known: the words to look for in the item, innermost last, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Keys on the way to it.
    pub keys: Vec<String>,
    /// One sentence.
    pub text: String,
}

impl Fault {
    /// A fault that concerns the item as a whole.
    pub fn new(text: impl Into<String>) -> Self {
        Fault { keys: Vec::new(), text: text.into() }
    }
    /// The same fault inside the value of `key`.
    #[must_use]
    pub fn under(mut self, key: &str) -> Self {
        self.keys.insert(0, key.to_owned());
        self
    }
    /// Gives the fault its place: the innermost of its keys that is found, in order, in `source` from `first` (1-based) on, before line `end`.
    pub fn place(self, file: &str, source: &str, first: u32, end: u32) -> LoadError {
        let (mut line, mut column) = (first, 1);
        let mut from = 0;
        let lines: Vec<(u32, &str)> =
            (1..).zip(source.lines()).skip(first.saturating_sub(1) as usize).take(end.saturating_sub(first) as usize).collect();
        'keys: for key in &self.keys {
            for (i, (number, text)) in lines.iter().enumerate().skip(from) {
                let start = if *number == line { column as usize } else { 0 };
                let tail = text.char_indices().nth(start.saturating_sub(1)).map_or("", |(at, _)| text.get(at..).unwrap_or(""));
                if let Some(at) = key_in(tail, key) {
                    column = u32::try_from(start.saturating_sub(1) + tail.get(..at).unwrap_or("").chars().count()).unwrap_or(0) + 1;
                    line = *number;
                    from = i;
                    continue 'keys;
                }
            }
        }
        LoadError { file: file.to_owned(), line, column, text: self.text }
    }
}

fn key_in(text: &str, key: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|t| t.find(key)) {
        let start = at + found;
        let before = text.get(..start).and_then(|t| t.chars().next_back());
        let after = text.get(start + key.len()..).and_then(|t| t.chars().next());
        let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == '.';
        if !before.is_some_and(part) && !after.is_some_and(part) {
            return Some(start);
        }
        at = start + key.len().max(1);
    }
    None
}

/// Result of reading a field.
pub type Read<T> = Result<T, Fault>;

/// A mapping that remembers which keys were asked for: [`Fields::finish`] rejects the others.
#[derive(Debug)]
pub struct Fields<'a> {
    entries: &'a [Entry],
    what: &'a str,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    /// The mapping in `value`; `what` names it in errors (`a row`, `` `sink` ``).
    pub fn of(value: &'a Value, what: &'a str) -> Read<Self> {
        match mapping(value) {
            Some(entries) => Ok(Fields { entries, what, known: RefCell::default() }),
            None => Err(Fault::new(format!("{what} must be a mapping, not {}", kind(value)))),
        }
    }
    /// The value of a key.
    pub fn get(&self, key: &'static str) -> Option<&'a Value> {
        self.known.borrow_mut().push(key);
        self.entries.iter().find(|e| e.name() == Some(key)).map(|e| &e.value).filter(|v| !v.is_null())
    }
    /// Whether the key stands there, with a value.
    pub fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }
    /// Reads the value of a key.
    pub fn read<T>(&self, key: &'static str, read: impl FnOnce(&'a Value) -> Read<T>) -> Read<Option<T>> {
        self.get(key).map(|v| read(v).map_err(|e| e.under(key))).transpose()
    }
    /// Reads the value of a key that must be there.
    pub fn need<T>(&self, key: &'static str, read: impl FnOnce(&'a Value) -> Read<T>) -> Read<T> {
        self.read(key, read)?.ok_or_else(|| Fault::new(format!("{} needs `{key}`", self.what)))
    }
    /// Reads one mapping or a list of them.
    pub fn each<T>(&self, key: &'static str, mut read: impl FnMut(&'a Value) -> Read<T>) -> Read<Vec<T>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        list(value).iter().map(|v| read(v).map_err(|e| e.under(key))).collect()
    }
    /// Rejects keys that nobody asked for.
    pub fn finish(self) -> Read<()> {
        let known = self.known.into_inner();
        for entry in self.entries {
            let name = text(&entry.key)?;
            if !known.contains(&name.as_str()) {
                let hint = nearest(&name, known.iter().copied()).map_or(String::new(), |k| format!("; did you mean `{k}`?"));
                return Err(Fault::new(format!("{} has no key {}{hint}", self.what, said(&name))).under(&name));
            }
        }
        Ok(())
    }
}

/// The known word nearest to a misspelt one, if any is near.
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let limit = (word.chars().count() / 3).max(1) + 1;
    known.map(|k| (distance(word, k), k)).filter(|(d, _)| *d <= limit).min().map(|(_, k)| k)
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut last = i;
        let mut left = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(0);
            let cell = (last + usize::from(ca != *cb)).min(above + 1).min(left + 1);
            last = above;
            if let Some(slot) = row.get_mut(j + 1) {
                *slot = cell;
            }
            left = cell;
        }
        if let Some(slot) = row.first_mut() {
            *slot = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// What a value is, for errors.
pub fn kind(value: &Value) -> &'static str {
    match &value.kind {
        _ if is_tagged(value) => "a tagged value",
        NodeKind::Scalar(scalar) => match scalar.core {
            Core::Null => "nothing",
            Core::Bool(_) => "a truth value",
            Core::Num => "a number",
            Core::Str => "a text",
        },
        NodeKind::Seq(_) => "a list",
        NodeKind::Map(_) => "a mapping",
    }
}

/// Whether a tag gives the value a meaning of its own, which nothing here knows.
fn is_tagged(value: &Value) -> bool {
    value.tag.as_deref().is_some_and(|t| !t.starts_with("!!"))
}

/// The entries of a mapping.
pub fn mapping(value: &Value) -> Option<&[Entry]> {
    match &value.kind {
        NodeKind::Map(entries) if !is_tagged(value) => Some(entries),
        _ => None,
    }
}

/// The items of a list; a value that is none stands for itself.
pub fn list(value: &Value) -> &[Value] {
    match &value.kind {
        NodeKind::Seq(items) if !is_tagged(value) => items,
        _ => std::slice::from_ref(value),
    }
}

/// A text that is written as one: no number, no truth value.
pub fn word(value: &Value) -> Option<&str> {
    value.scalar().filter(|s| s.core == Core::Str && !is_tagged(value)).map(|s| s.text.as_str())
}

/// A number as it is written.
pub fn number(value: &Value) -> Option<&str> {
    value.scalar().filter(|s| s.core == Core::Num && !is_tagged(value)).map(|s| s.text.as_str())
}

/// A scalar as text.
pub fn text(value: &Value) -> Read<String> {
    if let Some(n) = number(value).filter(|n| n.contains('.')) {
        return Err(Fault::new(format!("put quotes around {n}: without them it is a number, and 2.10 would be 2.1")));
    }
    match value.as_str().filter(|_| !is_tagged(value)) {
        Some(text) => Ok(text.to_owned()),
        None => Err(Fault::new(format!("expected a text, not {}", kind(value)))),
    }
}

/// One text or a list of texts.
pub fn texts(value: &Value) -> Read<Vec<String>> {
    list(value).iter().map(text).collect()
}

/// A truth value.
pub fn truth(value: &Value) -> Read<bool> {
    value.as_bool().ok_or_else(|| Fault::new(format!("expected true or false, not {}", kind(value))))
}

/// A small number.
pub fn count(value: &Value) -> Read<u32> {
    number(value).and_then(|n| n.parse().ok()).ok_or_else(|| Fault::new(format!("expected a whole number, not {}", kind(value))))
}

/// A number with a fraction.
pub fn fraction(value: &Value) -> Option<f64> {
    number(value)?.parse().ok()
}

/// A mapping of texts.
pub fn pairs(value: &Value) -> Read<BTreeMap<String, String>> {
    match mapping(value) {
        Some(entries) => entries.iter().map(|e| Ok((text(&e.key)?, text(&e.value)?))).collect(),
        None => Err(Fault::new(format!("expected a mapping, not {}", kind(value)))),
    }
}

/// One of a closed list of names.
pub fn one_of<T: Copy>(value: &Value, names: &[(&'static str, T)]) -> Read<T> {
    named(&text(value)?, names)
}

/// What a name of a closed list means.
pub fn named<T: Copy>(word: &str, names: &[(&'static str, T)]) -> Read<T> {
    names.iter().find(|(n, _)| *n == word).map(|(_, t)| *t).ok_or_else(|| {
        let all: Vec<&str> = names.iter().map(|(n, _)| *n).collect();
        let hint = nearest(word, all.iter().copied()).map_or(String::new(), |k| format!("; did you mean `{k}`?"));
        Fault::new(format!("{} is none of {}{hint}", said(word), all.join(", ")))
    })
}

/// Labels of origins.
pub fn labels(value: &Value) -> Read<Via> {
    texts(value)?.iter().try_fold(Via::default(), |all, name| {
        let label = Via::named(name).ok_or_else(|| {
            let names: Vec<&str> = Via::NAMES.iter().map(|(n, _)| *n).collect();
            Fault::new(format!("{} is none of {}", said(name), names.join(", ")))
        })?;
        Ok(all.with(label))
    })
}

/// Parses YAML; merge keys are applied. What is not understood whole is an error, with its place.
pub fn yaml(file: &str, source: &str, first_line: u32) -> Result<Value, LoadError> {
    let read = yaml::read_text(&Text::verbatim(source.as_bytes(), 0));
    let fault = |at: u32, text: String| {
        let place = LineIndex::new(source.as_bytes()).place(source.as_bytes(), at);
        LoadError { file: file.to_owned(), line: place.line + first_line - 1, column: place.column, text }
    };
    if let Some(notice) = read.notices.first() {
        return Err(fault(notice.range.start, notice.text.clone()));
    }
    let mut documents = read.documents.into_iter();
    match (documents.next(), documents.next()) {
        (one, None) => Ok(one.unwrap_or_else(|| scalar("", Core::Null))),
        (_, Some(second)) => Err(fault(second.range.start, "a second document begins here; one is read".to_owned())),
    }
}

/// A value that stands in no YAML.
pub fn made(kind: NodeKind) -> Value {
    Value { range: Range::default(), alias: None, tag: None, kind }
}

/// A scalar that stands in no YAML.
pub fn scalar(text: &str, core: Core) -> Value {
    let mut all = Text::default();
    all.push(text, Range::default());
    made(NodeKind::Scalar(Scalar { text: all, style: Style::Plain, core }))
}
