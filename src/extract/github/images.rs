//! Images of `container:` and `services:`, with what a matrix lists for them. Knows no image.

use std::collections::BTreeSet;

use crate::extract::expressions::{self, Mentions};
use crate::extract::github::scripts::Constants;
use crate::extract::github::{each, environment_writes, key, owned, settings};
use crate::facts::{Builder, ExprWhat, ImageRole, What};
use crate::syntax::expr;
use crate::syntax::yaml::{Node, NodeKind};
use crate::text::Text;

/// Values of a matrix that one image is looked at with, at most.
const CHOICES: usize = 32;

/// The node that names the image of a `container:` or a service.
pub(super) fn image_of(node: &Node) -> Option<&Node> {
    let named = if matches!(node.kind, NodeKind::Map(_)) { node.get("image") } else { Some(node) };
    named.filter(|n| n.text().is_some_and(|t| !t.is_empty()))
}

/// A container or service: its image, the environment of its steps, and all else as settings.
pub(super) fn image(node: &Node, path: &str, role: ImageRole, constants: &Constants, b: &mut Builder) {
    let Some(named) = image_of(node) else { return };
    let mut mentions = Mentions::new();
    let reference = expressions::value(named, &mut mentions, b);
    let image = owned(named.range, What::Image { reference, role }, mentions, b);
    for choice in named.text().map(|t| choices(t, constants)).unwrap_or_default() {
        let range = choice.whole();
        let reference = b.text(choice);
        b.add(range, What::Image { reference, role });
    }
    if role == ImageRole::Container {
        // The steps run in this container, so its environment is theirs.
        each(node, "env").for_each(|n| environment_writes(n, b));
    }
    b.within(image, |b| {
        for entry in node.entries() {
            match entry.name() {
                Some("image") => {}
                Some("env") if role == ImageRole::Container => {}
                Some("env") => environment_writes(&entry.value, b),
                _ => settings(&entry.value, &format!("{path}.{}", key(entry)), b),
            }
        }
    });
}

/// The images that a reference with one value of the matrix in it stands for. What is nothing but that value stands where the matrix lists it.
fn choices(text: &Text, constants: &Constants) -> Vec<Text> {
    let fences = expr::fences(text.as_str());
    let [fence] = fences.as_slice() else { return Vec::new() };
    let ExprWhat::Context(context) = expr::parse(&fence.inner(text)).what else { return Vec::new() };
    if !context.starts_with("matrix.") {
        return Vec::new();
    }
    let (before, after) = (text.slice(0, fence.start), text.slice(fence.end, text.len()));
    let whole = before.as_str().trim().is_empty() && after.as_str().trim().is_empty();
    let mut seen = BTreeSet::new();
    // `container: ${{ matrix.container }}` may be given a mapping.
    let is_named = |name: &str| name == context || whole && name.strip_suffix(".image").is_some_and(|n| n == context);
    let named = constants.iter().filter(|(name, value)| is_named(name) && !value.as_str().trim().is_empty());
    let distinct = named.filter(|(_, value)| seen.insert(value.as_str())).take(CHOICES);
    let filled = |value: &Text| {
        if whole { value.clone() } else { Text::synthetic(&format!("{}{}{}", before.as_str(), value.as_str(), after.as_str()), text.whole()) }
    };
    distinct.map(|(_, value)| filled(value)).collect()
}
