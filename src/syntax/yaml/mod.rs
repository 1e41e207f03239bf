//! YAML as a value tree in which every scalar, key and alias knows its bytes. Reads what the consumers of CI files read, and of a document that none of
//! them takes every entry that can be told. Knows no workflow and no configuration.

use std::collections::BTreeSet;

use crate::notice::{LocalNotice, NoticeKind};
use crate::source::Range;
use crate::text::Text;

mod anchors;
mod block;
mod flow;
mod inline;
mod scalar;
mod scan;

#[cfg(test)]
mod tests;

/// Nesting beyond this is not followed; what lies deeper stays raw text.
pub const DEPTH: usize = 100;

/// Notices of one text beyond this number are counted, not listed.
const NOTICES: usize = 100;

/// A stream of documents with what stands beside them.
#[derive(Clone, Debug, Default)]
pub struct Yaml {
    /// One root for each document, in order.
    pub documents: Vec<Node>,
    /// Comments, from `#` to the end of the line, in order.
    pub comments: Vec<Text>,
    /// What was not understood.
    pub notices: Vec<LocalNotice>,
}

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where the value stands, without anchor and tag. Behind an alias this is where the *anchored* value stands.
    pub range: Range,
    /// Where the alias stands, when this value was reached through one (the outermost).
    pub alias: Option<Range>,
    /// The tag as written (`!!str`, `!reference`), when there is one.
    pub tag: Option<String>,
    /// What it is.
    pub kind: NodeKind,
}

/// The forms of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// A scalar.
    Scalar(Scalar),
    /// A sequence.
    Seq(Vec<Node>),
    /// A mapping in file order. A key that stands twice is here twice.
    Map(Vec<Entry>),
}

/// A scalar: its decoded text, and what the core schema makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// Decoded text with its map.
    pub text: Text,
    /// How it was written.
    pub style: Style,
    /// Its type under the core schema (tags applied).
    pub core: Core,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`.
    Single,
    /// `"…"`.
    Double,
    /// `|`.
    Literal,
    /// `>`.
    Folded,
    /// Bytes that no reading settled: the text is what stands there.
    Raw,
}

/// The core schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    /// Nothing, `~`, `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number; the text has its digits.
    Num,
    /// Text.
    Str,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key; nearly always a scalar.
    pub key: Node,
    /// The value; an absent one is a null scalar with an empty range behind the key.
    pub value: Node,
    /// Where the alias of the merge key (`<<`) stands that brought this entry.
    pub merged: Option<Range>,
}

/// The documents of a file and what was not understood.
pub fn parse(bytes: &[u8]) -> (Vec<Node>, Vec<LocalNotice>) {
    let yaml = read(bytes);
    (yaml.documents, yaml.notices)
}

/// Everything a file says, comments included.
pub fn read(bytes: &[u8]) -> Yaml {
    match scan::decode(bytes) {
        Ok(text) => read_text(&text),
        Err(why) => {
            let notice = LocalNotice { range: Range::new(0, bytes.len().min(1)), kind: NoticeKind::Unreadable, text: why.to_owned() };
            Yaml { notices: vec![notice], ..Yaml::default() }
        }
    }
}

/// Everything an embedded text says (front matter, a heredoc); ranges are those of the file the text maps to.
pub fn read_text(text: &Text) -> Yaml {
    let mut yaml = block::documents(text);
    for document in &yaml.documents {
        duplicates(document, &mut yaml.notices);
    }
    yaml.comments.sort_by_key(|c| c.whole());
    yaml.notices.sort();
    yaml.notices.dedup();
    if let Some(next) = yaml.notices.get(NOTICES) {
        let text = format!("{} more places in this file were not understood", yaml.notices.len() - NOTICES);
        let rest = LocalNotice { range: next.range, kind: NoticeKind::Limit, text };
        yaml.notices.truncate(NOTICES);
        yaml.notices.push(rest);
    }
    yaml
}

impl Node {
    /// The scalar, if it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(s) => Some(s),
            _ => None,
        }
    }
    /// The decoded text of a scalar, whatever its core type; null gives nothing.
    pub fn text(&self) -> Option<&Text> {
        self.scalar().filter(|s| s.core != Core::Null).map(|s| &s.text)
    }
    /// The decoded text as a string slice.
    pub fn as_str(&self) -> Option<&str> {
        self.text().map(Text::as_str)
    }
    /// Whether this is null or absent.
    pub fn is_null(&self) -> bool {
        self.scalar().is_some_and(|s| s.core == Core::Null)
    }
    /// The truth value of a boolean scalar.
    pub fn as_bool(&self) -> Option<bool> {
        match self.scalar()?.core {
            Core::Bool(b) => Some(b),
            _ => None,
        }
    }
    /// The elements of a sequence; nothing for other kinds.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            NodeKind::Seq(items) => items,
            _ => &[],
        }
    }
    /// The entries of a mapping; nothing for other kinds.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            NodeKind::Map(entries) => entries,
            _ => &[],
        }
    }
    /// The value of a key. Of two equal keys the last counts, as in most readers; who must not miss one walks [`Node::entries`].
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rev().find(|e| e.name() == Some(key)).map(|e| &e.value)
    }
    /// Where the value is used: the alias if there is one, else the value itself.
    pub fn place(&self) -> Range {
        self.alias.unwrap_or(self.range)
    }
}

impl Entry {
    /// The key as text; nothing when it is no scalar. A null key is its text (`~`, empty).
    pub fn name(&self) -> Option<&str> {
        self.key.scalar().map(|s| s.text.as_str())
    }
    /// From the key to the end of the value (only the key, when the value stands elsewhere).
    pub fn range(&self) -> Range {
        if self.value.alias.is_some() || self.merged.is_some() { self.key.range } else { self.key.range.cover(self.value.range) }
    }
}

/// Keys that stand twice; what came through an alias is told once, where it stands.
fn duplicates(node: &Node, notices: &mut Vec<LocalNotice>) {
    if node.alias.is_some() {
        return;
    }
    match &node.kind {
        NodeKind::Scalar(_) => {}
        NodeKind::Seq(items) => items.iter().for_each(|n| duplicates(n, notices)),
        NodeKind::Map(entries) => {
            let mut seen = BTreeSet::new();
            for (i, entry) in entries.iter().enumerate().filter(|(_, e)| e.merged.is_none()) {
                // In a short mapping looking back is cheaper than a set.
                let twice = entry.name().is_some_and(|name| {
                    let short = entries.len() <= 12;
                    if short { entries.iter().take(i).any(|e| e.merged.is_none() && e.name() == Some(name)) } else { !seen.insert(name) }
                });
                if twice {
                    let name = entry.name().unwrap_or_default();
                    let text = format!("the key `{name}` stands twice in one mapping; both are read");
                    notices.push(LocalNotice { range: entry.key.range, kind: NoticeKind::DuplicateKey, text });
                }
                duplicates(&entry.value, notices);
            }
        }
    }
}
