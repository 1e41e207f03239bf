//! Configuration of any kind to settings: one for every scalar, at its path. Images stand where compose and Kubernetes put them. Knows no tool's keys.

mod called;
mod dotenv;
mod json;
mod toml;
mod yaml;

pub use dotenv::dotenv;
pub use json::json;
pub(crate) use toml::settings as toml_settings;
pub use toml::toml;
pub use yaml::yaml;
pub(crate) use yaml::{YamlWalk, settings as yaml_settings};

use crate::facts::{Builder, ImageRole, V, What};
use crate::notice::NoticeKind;
use crate::source::Range;

/// Most settings that are kept of one file.
const MOST: usize = 20_000;
/// Nesting beyond this is left out.
const DEPTH: u32 = 120;

/// Adds one setting, and the image it names if its path says so. `whole` covers key and value. False when the file has too many.
fn add(path: &str, whole: Range, value: Range, what: V, b: &mut Builder) -> bool {
    if b.facts.items.len() >= MOST {
        if b.facts.notices.last().is_none_or(|n| n.kind != NoticeKind::Limit) {
            b.notice(whole, NoticeKind::Limit, "too many settings, the rest is left out");
        }
        return false;
    }
    let fact = super::manifest::setting(path.to_owned(), whole, value, what, b);
    if is_image(path)
        && let What::Setting { value, .. } = &b.facts.fact(fact).what
        && matches!(b.facts.value(*value).what, V::Str(_))
    {
        let reference = *value;
        b.construct(whole, path, true, |b| b.add(whole, What::Image { reference, role: ImageRole::Config }));
    }
    true
}

/// `image` of a compose service or of an element of a container list.
fn is_image(path: &str) -> bool {
    let segments: Vec<&str> = path.split('.').collect();
    let [before @ .., list, element, "image"] = segments.as_slice() else { return false };
    match *list {
        "services" => before.is_empty(),
        "containers" | "initContainers" | "ephemeralContainers" | "docker" => element.parse::<u32>().is_ok(),
        _ => false,
    }
}

/// `base.key`, or `key` at the root.
fn join(base: &str, key: &str) -> String {
    if base.is_empty() { key.to_owned() } else { format!("{base}.{key}") }
}

#[cfg(test)]
mod tests;
