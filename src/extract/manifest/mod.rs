//! Dependency manifests to requirements: what a project asks to be installed, from where, and how firmly it is pinned. Knows no package.

mod conda;
mod ini;
mod lock;
mod pep508;
mod pyproject;
mod requirements;

pub use conda::conda;
pub use ini::ini;
pub(crate) use lock::{json_lock, toml_lock};
pub(crate) use pep508::{normalised, parse as specifier};
pub use pyproject::pyproject;
pub use requirements::requirements;

use crate::facts::{Builder, FactId, Requirement, RequirementFrom, V, What};
use crate::source::Range;
use crate::text::Text;

/// Most requirements that are kept of one file.
pub(crate) const MOST: usize = 20_000;

/// Adds a requirement line. Text that is no requirement is left out.
fn add(text: &Text, from: RequirementFrom, group: Option<&str>, b: &mut Builder) -> Option<FactId> {
    let requirement = pep508::parse(text.as_str())?;
    let group = group.map(str::to_owned);
    Some(push(text.whole(), Requirement { from, group, ..requirement }, b))
}

/// Adds a requirement inside a construct of its name.
fn push(range: Range, requirement: Requirement, b: &mut Builder) -> FactId {
    let name = match (requirement.name.as_str(), &requirement.url) {
        ("", Some(url)) => url.split(['#', '?']).next().unwrap_or_default().to_owned(),
        (name, _) => name.to_owned(),
    };
    b.construct(range, name, true, |b| b.add(range, What::Requirement(Box::new(requirement))))
}

/// Adds a setting inside a construct of its path. `whole` covers key and value.
pub(crate) fn setting(path: String, whole: Range, value: Range, what: V, b: &mut Builder) -> FactId {
    let value = b.value(value, what);
    b.construct(whole, path.clone(), true, |b| b.add(whole, What::Setting { path, value }))
}

#[cfg(test)]
mod tests;
