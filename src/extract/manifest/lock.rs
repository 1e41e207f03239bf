//! Lock files by their structure: what was resolved, from where, with how many hashes.

use super::pep508::normalised;
use super::push;
use crate::facts::{Builder, Requirement, RequirementFrom};
use crate::notice::NoticeKind;
use crate::source::Range;
use crate::syntax::toml::{Key, Node, Toml};

/// Adds the packages of a TOML lock (`[[package]]` or `[[packages]]` with name and version). Gives the key that held them, which is no setting.
pub(crate) fn toml_lock(root: &Node, b: &mut Builder) -> Option<&'static str> {
    let key = ["package", "packages"].into_iter().find(|k| root.get(k).is_some_and(|n| n.elements().iter().any(|p| p.get("name").is_some())))?;
    for package in root.get(key).map(Node::elements).unwrap_or_default() {
        if b.facts.items.len() >= super::MOST {
            b.notice(package.range, NoticeKind::Limit, "too many locked packages, the rest is left out");
            break;
        }
        let Some((name_key, name)) = package.entries().iter().find(|(k, _)| k.text == "name") else { continue };
        let text = |key: &str| package.get(key).and_then(Node::as_str);
        let url = source(package);
        let requirement = Requirement {
            name: normalised(name.as_str().unwrap_or_default()),
            spec: text("version").map(|v| format!("=={v}")).unwrap_or_default(),
            url,
            hashes: hashes(package),
            marker: text("marker").or_else(|| text("markers")).map(str::to_owned),
            group: None,
            from: RequirementFrom::Lock,
            dated: false,
        };
        push(place(name_key, name), requirement, b);
    }
    Some(key)
}

/// Adds one entry of a JSON lock (`default`/`develop`: name -> version, hashes, git, ref).
pub(crate) fn json_lock(name: &str, range: Range, group: &str, fields: &[(&str, &str)], hashes: u32, b: &mut Builder) {
    let text = |key: &str| fields.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
    let url = match text("git") {
        Some(url) => Some(format!("git+{url}{}", text("ref").map(|r| format!("@{r}")).unwrap_or_default())),
        None => text("file").or_else(|| text("path")).map(str::to_owned),
    };
    let requirement = Requirement {
        name: normalised(name),
        spec: text("version").unwrap_or_default().to_owned(),
        url,
        hashes,
        marker: text("markers").map(str::to_owned),
        group: Some(group.to_owned()),
        from: RequirementFrom::Lock,
        dated: false,
    };
    push(range, requirement, b);
}

fn place(key: &Key, value: &Node) -> Range {
    key.range.cover(value.range)
}

/// Where a locked package comes from when it is no index: a repository at a commit, an archive, a directory.
fn source(package: &Node) -> Option<String> {
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    // One tool writes the fields into the package itself, the others into a table.
    if let Some(url) = text(package, "git") {
        return Some(format!("git+{url}{}", text(package, "revision").map(|r| format!("@{r}")).unwrap_or_default()));
    }
    let table = ["source", "vcs", "archive", "directory"].into_iter().find_map(|k| package.get(k))?;
    if let Some(url) = text(table, "git") {
        // `https://host/x?rev=main#<commit>`: the fragment is what was resolved.
        let (address, commit) = url.split_once('#').map_or((url.as_str(), None), |(a, c)| (a, Some(c)));
        let address = address.split('?').next().unwrap_or(address);
        return Some(format!("git+{address}{}", commit.map(|c| format!("@{c}")).unwrap_or_default()));
    }
    let kind = text(table, "type");
    let url = text(table, "url").or_else(|| text(table, "path")).or_else(|| text(table, "directory")).or_else(|| text(table, "editable"))?;
    let commit = ["resolved_reference", "commit-id", "reference"].iter().find_map(|k| text(table, k));
    match kind.as_deref() {
        Some("git") => Some(format!("git+{url}{}", commit.map(|c| format!("@{c}")).unwrap_or_default())),
        Some("legacy") => None,
        _ => Some(url),
    }
}

/// Files with a hash, wherever the tool lists them.
fn hashes(package: &Node) -> u32 {
    let listed = |key: &str| package.get(key).map(Node::elements).unwrap_or_default();
    let has = |node: &&Node| {
        ["hash", "hashes", "sha256"].iter().any(|k| node.get(k).is_some()) || matches!(&node.what, Toml::Str(s) if s.as_str().contains(':'))
    };
    let files = ["wheels", "files", "hashes"].iter().flat_map(|k| listed(k)).filter(has).count();
    let single = ["sdist", "archive"].iter().filter_map(|k| package.get(k)).filter(has).count();
    u32::try_from(files + single).unwrap_or(u32::MAX)
}
