//! Conda environment files: match specs, the nested pip list, channels and variables as settings.

use super::pep508::normalised;
use super::{push, requirements};
use crate::extract::config::{YamlWalk, yaml_settings};
use crate::extract::ignores;
use crate::facts::{Builder, FileFacts, Requirement, RequirementFrom};
use crate::syntax::yaml::{self, Node};
use crate::text::Text;

/// Reads a conda environment file.
pub fn conda(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    ignores::hash_comments(bytes, &mut b.facts);
    let (documents, notices) = yaml::parse(bytes);
    b.facts.notices.extend(notices);
    for document in &documents {
        for entry in document.entries() {
            if entry.name() == Some("dependencies") {
                entry.value.items().iter().for_each(|item| dependency(item, &mut b));
            }
        }
        yaml_settings(document, &YamlWalk { skip: vec!["dependencies"] }, &mut b);
    }
    b.finish()
}

fn dependency(item: &Node, b: &mut Builder) {
    if let Some(text) = item.text() {
        match_spec(text, b);
        return;
    }
    // `- pip:` with a list of what a requirements file may hold.
    for entry in item.entries() {
        for line in entry.value.items() {
            if let Some(text) = line.text() {
                requirements::line_facts(text, RequirementFrom::Requirements, b);
            }
        }
    }
}

/// `channel::name`, then `=version=build`, ` version build`, `>=1,<2`, or `[version=…]`.
fn match_spec(text: &Text, b: &mut Builder) {
    let s = text.as_str();
    if s.starts_with('-') {
        return;
    }
    let spec = s.rsplit_once("::").map_or(s, |(_, after)| after).trim();
    let end = spec.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(spec.len());
    let (name, rest) = spec.split_at_checked(end).unwrap_or((spec, ""));
    if name.is_empty() {
        return;
    }
    let requirement = Requirement { name: normalised(name), spec: rest.trim().to_owned(), from: RequirementFrom::Conda, ..Requirement::default() };
    push(text.whole(), requirement, b);
}
