//! Texts with platform expressions in them, as values: what a scalar of a workflow or action becomes. Knows no key of either.

use crate::extract::Hole;
use crate::facts::{Builder, Expr, V, ValueId, What};
use crate::source::Range;
use crate::syntax::expr;
use crate::syntax::yaml::{Core, Node, NodeKind};
use crate::text::Text;

/// Secrets that were met while values were made, waiting for the fact they belong to.
pub type Mentions = Vec<(String, Range)>;

/// The parts of a text, in order, and where its expressions stand in it.
pub fn split(text: &Text, b: &mut Builder) -> (Vec<ValueId>, Vec<Hole>) {
    let (mut parts, mut holes) = (Vec::new(), Vec::new());
    let mut at = 0;
    for fence in expr::fences(text.as_str()) {
        if at < fence.start {
            parts.push(b.text(text.slice(at, fence.start)));
        }
        let tree = expr::parse(&fence.inner(text));
        let value = b.value(text.range(fence.start, fence.end), V::Expr(Box::new(tree)));
        parts.push(value);
        holes.push(Hole { start: fence.start, end: fence.end, value });
        at = fence.end;
    }
    if at < text.len() {
        parts.push(b.text(text.slice(at, text.len())));
    }
    (parts, holes)
}

/// A text as one value: literal, expression, or both joined. Secrets it names are noted.
pub fn template(text: &Text, mentions: &mut Mentions, b: &mut Builder) -> ValueId {
    let (parts, holes) = split(text, b);
    note(&holes, mentions, b);
    match parts.as_slice() {
        [] => b.text(text.clone()),
        [one] => *one,
        _ => b.value(text.whole(), V::Join(parts)),
    }
}

/// Notes the secrets that expressions name.
pub fn note(holes: &[Hole], mentions: &mut Mentions, b: &Builder) {
    for hole in holes {
        if let V::Expr(tree) = &b.facts.value(hole.value).what {
            secrets(tree, mentions);
        }
    }
}

/// Notes the secrets that an expression names. The job's token is one, under the name it has in the environment; `*` is all of them.
pub fn secrets(tree: &Expr, mentions: &mut Mentions) {
    let mut found = Vec::new();
    expr::contexts(tree, &mut found);
    for (context, range) in found {
        let name = match context.split_once('.') {
            Some(("secrets", "*" | "[?]")) => "*".to_owned(),
            Some(("secrets", name)) => name.to_ascii_uppercase(),
            Some(("github", "token")) => "GITHUB_TOKEN".to_owned(),
            None if context == "secrets" => "*".to_owned(),
            None if context == "github" => "GITHUB_TOKEN".to_owned(),
            _ => continue,
        };
        mentions.push((name, range));
    }
}

/// Adds a fact for each noted secret, under the current owner.
pub fn mention(mentions: Mentions, b: &mut Builder) {
    for (name, range) in mentions {
        b.add(range, What::SecretRef { name });
    }
}

/// A whole node as a value: scalars as templates, collections with all they hold. An expression in the place of a collection stays an expression.
pub fn value(node: &Node, mentions: &mut Mentions, b: &mut Builder) -> ValueId {
    match &node.kind {
        NodeKind::Scalar(s) => match s.core {
            Core::Null => b.value(node.range, V::None),
            Core::Bool(value) => b.value(node.range, V::Bool(value)),
            Core::Num => b.value(node.range, V::Num(s.text.as_str().to_owned())),
            Core::Str => {
                let id = template(&s.text, mentions, b);
                // An empty text has no place of its own.
                if s.text.is_empty() { b.value(node.range, V::text(Text::default())) } else { id }
            }
        },
        NodeKind::Seq(items) => {
            let items = items.iter().map(|n| value(n, mentions, b)).collect();
            b.value(node.range, V::List(items, false))
        }
        NodeKind::Map(entries) => {
            let entries = entries.iter().map(|e| (value(&e.key, mentions, b), value(&e.value, mentions, b))).collect();
            b.value(node.range, V::Dict(entries, false))
        }
    }
}
