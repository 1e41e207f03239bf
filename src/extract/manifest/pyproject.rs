//! `pyproject.toml`: every dependency table that build front ends and project managers read, and every scalar as a setting.

use super::pep508::normalised;
use super::{add, push};
use crate::extract::{config, ignores};
use crate::facts::{Builder, FileFacts, Requirement, RequirementFrom};
use crate::syntax::toml::{self, Node, Toml};

/// Tables at these paths map groups to lists of specifiers; `*` stands for one key, whose name is the group.
const LISTS: [(&str, Option<&str>); 11] = [
    ("project.dependencies", None),
    ("project.optional-dependencies.*", None),
    ("dependency-groups.*", None),
    ("build-system.requires", Some("build-system")),
    ("tool.uv.dev-dependencies", Some("dev")),
    ("tool.uv.constraint-dependencies", Some("constraint")),
    ("tool.uv.override-dependencies", Some("override")),
    ("tool.pdm.dev-dependencies.*", None),
    ("tool.hatch.envs.*.dependencies", None),
    ("tool.hatch.envs.*.extra-dependencies", None),
    ("tool.rye.dev-dependencies", Some("dev")),
];
/// Tables at these paths map names to versions or tables of version and source.
const TABLES: [(&str, Option<&str>); 6] = [
    ("tool.poetry.dependencies", None),
    ("tool.poetry.dev-dependencies", Some("dev")),
    ("tool.poetry.group.*.dependencies", None),
    ("tool.uv.sources", Some("source")),
    ("packages", None),
    ("dev-packages", Some("dev")),
];

/// Reads a `pyproject.toml`.
pub fn pyproject(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    ignores::hash_comments(bytes, &mut b.facts);
    let (root, notices) = toml::parse(bytes);
    b.facts.notices.extend(notices);
    dependencies(&root, &mut b);
    config::toml_settings(&root, &mut b);
    b.finish()
}

/// Adds what the dependency tables of a document state.
pub(super) fn dependencies(root: &Node, b: &mut Builder) {
    for (path, group) in LISTS {
        for (found, list) in matching(root, path) {
            for element in list.elements() {
                if let Some(text) = element.text() {
                    add(text, RequirementFrom::Project, group.or(found.as_deref()), b);
                }
            }
        }
    }
    for (path, group) in TABLES {
        for (found, table) in matching(root, path) {
            for (key, value) in table.entries() {
                named(&key.text, key.range.cover(value.range), value, group.or(found.as_deref()), b);
            }
        }
    }
}

/// A dependency given as `name = "^1"`, `name = { git = … }`, or a list of such tables.
fn named(name: &str, range: crate::source::Range, value: &Node, group: Option<&str>, b: &mut Builder) {
    let mut requirement =
        Requirement { name: normalised(name), group: group.map(str::to_owned), from: RequirementFrom::Project, ..Requirement::default() };
    match &value.what {
        Toml::Str(version) => {
            version.as_str().clone_into(&mut requirement.spec);
            push(range, requirement, b);
        }
        Toml::Table(_) => {
            value.get("version").and_then(Node::as_str).unwrap_or_default().clone_into(&mut requirement.spec);
            requirement.marker = value.get("markers").or_else(|| value.get("marker")).and_then(Node::as_str).map(str::to_owned);
            requirement.url = location(value);
            push(range, requirement, b);
        }
        Toml::List(choices) => choices.iter().filter(|c| matches!(c.what, Toml::Table(_))).for_each(|c| named(name, c.range, c, group, b)),
        _ => {}
    }
}

/// `git`, `url` or `path` of a dependency table, a repository in pip's form `git+URL@ref`.
fn location(table: &Node) -> Option<String> {
    let text = |key: &str| table.get(key).and_then(Node::as_str);
    if let Some(url) = text("git") {
        let reference = ["rev", "ref", "tag", "branch"].iter().find_map(|k| text(k)).map(|r| format!("@{r}")).unwrap_or_default();
        return Some(format!("git+{url}{reference}"));
    }
    text("url").or_else(|| text("path")).or_else(|| text("file")).map(str::to_owned)
}

/// The nodes at a path, each with the key that the last `*` stood for.
fn matching<'a>(root: &'a Node, path: &str) -> Vec<(Option<String>, &'a Node)> {
    let mut found: Vec<(Option<String>, &Node)> = vec![(None, root)];
    for segment in path.split('.') {
        found = found
            .into_iter()
            .flat_map(|(group, node)| -> Vec<(Option<String>, &Node)> {
                match segment {
                    "*" => node.entries().iter().map(|(k, v)| (Some(k.text.clone()), v)).collect(),
                    key => node.get(key).map(|v| (group, v)).into_iter().collect(),
                }
            })
            .collect();
    }
    found
}
