//! JSON settings, and the packages of locks that are written in it.

use super::YamlWalk;
use crate::extract::manifest;
use crate::facts::{Builder, FileFacts};
use crate::syntax::json;
use crate::syntax::yaml::Node;

/// Reads a JSON file that has no front end of its own.
pub fn json(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    let (documents, notices) = json::parse(bytes);
    b.facts.notices.extend(notices);
    for document in &documents {
        let how = YamlWalk { skip: lock(document, &mut b) };
        if !super::yaml_settings(document, &how, &mut b) {
            break;
        }
    }
    b.finish()
}

/// Adds the packages of a lock: `default` and `develop` map names to tables with hashes. Gives the keys that held them.
fn lock(root: &Node, b: &mut Builder) -> Vec<&'static str> {
    let mut held = Vec::new();
    for key in ["default", "develop"] {
        let packages = root.get(key).map(Node::entries).unwrap_or_default();
        if !packages.iter().any(|p| p.value.get("hashes").is_some()) {
            continue;
        }
        held.push(key);
        for package in packages {
            let fields: Vec<(&str, &str)> = package.value.entries().iter().filter_map(|e| Some((e.name()?, e.value.as_str()?))).collect();
            let hashes = package.value.get("hashes").map_or(0, |h| h.items().len());
            let name = package.name().unwrap_or_default();
            manifest::json_lock(name, package.key.range, key, &fields, u32::try_from(hashes).unwrap_or(u32::MAX), b);
        }
    }
    held
}
