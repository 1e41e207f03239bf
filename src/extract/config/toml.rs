//! TOML settings, and the packages of locks that are written in it.

use super::{DEPTH, add, join};
use crate::extract::{ignores, manifest};
use crate::facts::{Builder, FileFacts, V};
use crate::source::Range;
use crate::syntax::toml::{self, Node, Toml};

/// Reads a TOML file that has no front end of its own.
pub fn toml(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    ignores::hash_comments(bytes, &mut b.facts);
    let (root, notices) = toml::parse(bytes);
    b.facts.notices.extend(notices);
    let locked = manifest::toml_lock(&root, &mut b);
    for (key, node) in root.entries() {
        if Some(key.text.as_str()) != locked && !walk(&key.text, key.range, node, 0, &mut b) {
            break;
        }
    }
    b.finish()
}

/// Adds a setting for every scalar below `root`.
pub(crate) fn settings(root: &Node, b: &mut Builder) {
    walk("", Range::new(0, 0), root, 0, b);
}

fn walk(path: &str, key: Range, node: &Node, depth: u32, b: &mut Builder) -> bool {
    if depth > DEPTH {
        return true;
    }
    let scalar = |what: V, b: &mut Builder| {
        let whole = if key.end <= node.range.start && !key.is_empty() { key.cover(node.range) } else { node.range };
        add(path, whole, node.range, what, b)
    };
    match &node.what {
        Toml::Str(text) => {
            let range = if text.is_empty() { node.range } else { text.whole() };
            let whole = if key.end <= node.range.start && !key.is_empty() { key.cover(node.range) } else { node.range };
            add(path, whole, range, V::text(text.clone()), b)
        }
        Toml::Bool(value) => scalar(V::Bool(*value), b),
        Toml::Num(text) => scalar(V::Num(text.clone()), b),
        Toml::List(nodes) => nodes.iter().enumerate().all(|(i, n)| walk(&join(path, &i.to_string()), n.range, n, depth + 1, b)),
        Toml::Table(entries) => entries.iter().all(|(k, n)| walk(&join(path, &k.text), k.range, n, depth + 1, b)),
    }
}
