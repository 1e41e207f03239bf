//! Objects that a configuration asks for by their dotted path, as the calls they are: `_target_` of Hydra, `_component_` of torchtune, `class_path`
//! with `init_args` of jsonargparse. What the framework makes of a mapping is what a program would call.

use crate::facts::{Arg, ArgName, Builder, Call, V, ValueId, What};
use crate::notice::NoticeKind;
use crate::source::Range;
use crate::syntax::yaml::{Entry, Node, NodeKind};

/// Keys whose value is the path of what is called with the keys beside it. Hydra docs, instantiating objects; torchtune docs, configs.
const BESIDE: [&str; 2] = ["_target_", "_component_"];
/// The key of jsonargparse, whose arguments stand in [`INIT`]. jsonargparse docs, class type and sub-classes.
const CLASS: &str = "class_path";
/// The arguments of [`CLASS`].
const INIT: &str = "init_args";
/// Positional arguments of Hydra.
const POSITIONS: &str = "_args_";
/// Values that the calls of one document are made of, at most.
const MOST: usize = 100_000;

/// A node with what it stands in.
#[derive(Clone, Copy)]
struct At<'a, 'n> {
    root: &'n Node,
    node: &'n Node,
    up: Option<&'a At<'a, 'n>>,
    depth: u32,
    /// How many values there were before the first call.
    first: usize,
}

impl<'n> At<'_, 'n> {
    fn inner<'b>(&'b self, node: &'n Node) -> At<'b, 'n> {
        At { node, up: Some(self), depth: self.depth + 1, ..*self }
    }

    /// What `${a.b}` refers to in this file, `${.a}` and `${..a}` from here; none for what is filled in elsewhere. OmegaConf docs, interpolation.
    fn referred(&self, text: &str) -> Option<&'n Node> {
        let path = text.strip_prefix("${")?.strip_suffix('}')?;
        let relative = path.trim_start_matches('.');
        let from = match path.len() - relative.len() {
            0 => self.root,
            levels => (0..levels).try_fold(*self, |at, _| at.up.copied())?.node,
        };
        relative.split('.').try_fold(from, step)
    }
}

fn step<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match key.parse::<usize>() {
        Ok(n) if !node.items().is_empty() => node.items().get(n),
        _ => node.get(key),
    }
}

/// Adds the calls that a document asks for, inner ones first.
pub(super) fn calls(root: &Node, b: &mut Builder) {
    let first = b.facts.values.len();
    below(&At { root, node: root, up: None, depth: 0, first }, b);
    if b.facts.values.len() > first + MOST {
        b.notice(root.range, NoticeKind::Limit, "too many arguments of objects, the rest is not known");
    }
}

fn below(at: &At, b: &mut Builder) {
    match &at.node.kind {
        NodeKind::Seq(items) if at.depth <= super::DEPTH => items.iter().for_each(|n| below(&at.inner(n), b)),
        NodeKind::Map(_) if target(at.node).is_some() => {
            value(at, b);
        }
        NodeKind::Map(entries) if at.depth <= super::DEPTH => entries.iter().for_each(|e| below(&at.inner(&e.value), b)),
        _ => {}
    }
}

fn target(node: &Node) -> Option<(&Entry, &str)> {
    let entry = node.entries().iter().find(|e| e.name().is_some_and(|n| BESIDE.contains(&n) || n == CLASS))?;
    let path = entry.value.as_str()?;
    let named = |s: &str| s.chars().all(|c| c.is_alphanumeric() || c == '_') && !s.starts_with(|c: char| c.is_ascii_digit()) && !s.is_empty();
    (path.contains('.') && path.split('.').all(named)).then_some((entry, path))
}

fn value(at: &At, b: &mut Builder) -> ValueId {
    let node = at.node;
    if at.depth > super::DEPTH || b.facts.values.len() > at.first + MOST {
        return b.value(node.range, V::Unknown(Vec::new()));
    }
    let what = match &node.kind {
        NodeKind::Scalar(scalar) if scalar.text.as_str().contains("${") => match at.referred(scalar.text.as_str()) {
            Some(other) => return value(&At { node: other, up: None, depth: at.depth + 1, ..*at }, b),
            None => V::Unknown(Vec::new()),
        },
        NodeKind::Scalar(scalar) => super::yaml::scalar(scalar),
        NodeKind::Seq(items) => V::List(items.iter().map(|n| value(&at.inner(n), b)).collect(), false),
        NodeKind::Map(entries) => match target(node) {
            Some(target) => return call(at, target, b),
            None => {
                let pair = |e: &Entry, b: &mut Builder| {
                    let key = e.key.text().cloned().map_or(V::Unknown(Vec::new()), V::text);
                    (b.value(e.key.range, key), value(&at.inner(&e.value), b))
                };
                V::Dict(entries.iter().map(|e| pair(e, b)).collect(), false)
            }
        },
    };
    b.value(node.range, what)
}

fn call(at: &At, (entry, path): (&Entry, &str), b: &mut Builder) -> ValueId {
    let of_class = entry.name() == Some(CLASS);
    let holder = if of_class { at.node.get(INIT).map(|n| at.inner(n)) } else { Some(*at) };
    let mut args = Vec::new();
    for argument in holder.map(|h| h.node.entries()).unwrap_or_default() {
        let given = holder.as_ref().unwrap_or(at).inner(&argument.value);
        let name = argument.name().unwrap_or("?");
        if !of_class && name == POSITIONS {
            for (i, item) in argument.value.items().iter().enumerate() {
                let name = ArgName::Position(u32::try_from(i).unwrap_or(u32::MAX));
                args.push(Arg { name, value: value(&given.inner(item), b) });
            }
        } else if of_class || !(name.starts_with('_') && name.ends_with('_')) {
            args.push(Arg { name: ArgName::Keyword(name.to_owned()), value: value(&given, b) });
        }
    }
    let whole = if entry.key.range.end <= entry.value.range.start { entry.key.range.cover(entry.value.range) } else { entry.value.range };
    let callee = dotted(entry.value.range, path, b);
    let name = path.to_owned();
    let fact = b.construct(whole, path, true, |b| b.add(whole, What::Call(Call { name, callee, receiver: None, args })));
    b.value(whole, V::Ref(fact))
}

fn dotted(range: Range, path: &str, b: &mut Builder) -> ValueId {
    let mut parts = path.split('.');
    let first = b.value(range, V::Name(parts.next().unwrap_or_default().to_owned()));
    parts.fold(first, |base, name| b.value(range, V::Attr(base, name.to_owned())))
}
