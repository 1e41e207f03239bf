//! YAML settings.

use super::{DEPTH, add, called, join};
use crate::extract::ignores;
use crate::facts::{Builder, FileFacts, V};
use crate::source::Range;
use crate::syntax::yaml::{self, Core, Node, NodeKind, Scalar, Style};

/// Reads a YAML file that has no front end of its own.
pub fn yaml(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    ignores::hash_comments(bytes, &mut b.facts);
    let (documents, notices) = yaml::parse(bytes);
    b.facts.notices.extend(notices);
    for document in &documents {
        if !settings(document, &YamlWalk::default(), &mut b) {
            break;
        }
    }
    b.finish()
}

/// The value that the core schema makes of a scalar.
pub(super) fn scalar(scalar: &Scalar) -> V {
    match (scalar.core, scalar.style) {
        (Core::Null, _) => V::None,
        (Core::Bool(value), _) => V::Bool(value),
        (Core::Num, Style::Plain) => V::Num(scalar.text.as_str().to_owned()),
        _ => V::text(scalar.text.clone()),
    }
}

/// What a walk leaves out.
#[derive(Debug, Default)]
pub(crate) struct YamlWalk {
    /// Root keys that another reader takes.
    pub skip: Vec<&'static str>,
}

/// Adds a setting for every scalar below `root`. False when the file has too many.
pub(crate) fn settings(root: &Node, how: &YamlWalk, b: &mut Builder) -> bool {
    let all = match &root.kind {
        NodeKind::Map(entries) => entries
            .iter()
            .filter(|e| !e.name().is_some_and(|n| how.skip.contains(&n)))
            .all(|e| walk(e.name().unwrap_or("?"), e.key.range, &e.value, 0, b)),
        _ => walk("", Range::new(0, 0), root, 0, b),
    };
    called::calls(root, b);
    all
}

fn walk(path: &str, key: Range, node: &Node, depth: u32, b: &mut Builder) -> bool {
    if depth > DEPTH {
        return true;
    }
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            let range = node.range;
            let whole = if node.alias.is_none() && key.end <= range.start && !key.is_empty() { key.cover(range) } else { range };
            add(path, whole, range, self::scalar(scalar), b)
        }
        NodeKind::Seq(items) => items.iter().enumerate().all(|(i, n)| walk(&join(path, &i.to_string()), n.range, n, depth + 1, b)),
        NodeKind::Map(entries) => entries.iter().all(|e| walk(&join(path, e.name().unwrap_or("?")), e.key.range, &e.value, depth + 1, b)),
    }
}
