//! Where policy is read from: a disk, or the tree of a revision. In a pull request from a fork it is the tree of the base, so nothing here assumes a disk.
//! Knows paths and no policy.

use crate::notice::said;

/// Most bytes of a policy file, page or row file.
pub const MOST: u64 = 4 << 20;

/// Files under one top directory. Paths are relative to it, with `/` between segments; the empty path is the top itself.
pub trait Files {
    /// The text of a file; `None` when there is none. An error, one clause for people, when it is there and is no text or cannot be read.
    fn read(&self, path: &str) -> Result<Option<String>, String>;
    /// What stands in a directory, sorted by name; links are left out. An error when there is no such directory.
    fn list(&self, directory: &str) -> Result<Vec<Entry>, String>;
    /// A path as people know it.
    fn shown(&self, path: &str) -> String {
        path.to_owned()
    }
    /// Whether a path may lead out of the top (`../shared/policy.toml`). A revision has no outside.
    fn has_outside(&self) -> bool {
        false
    }
}

impl<T: Files + ?Sized> Files for &T {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        (**self).read(path)
    }
    fn list(&self, directory: &str) -> Result<Vec<Entry>, String> {
        (**self).list(directory)
    }
    fn shown(&self, path: &str) -> String {
        (**self).shown(path)
    }
    fn has_outside(&self) -> bool {
        (**self).has_outside()
    }
}

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name alone.
    pub name: String,
    /// Whether it is a directory; else a file.
    pub directory: bool,
}

/// The directory that paths in a policy file start from: its own, or the one above `.github`.
pub fn home(file: &str) -> &str {
    let own = file.rsplit_once('/').map_or("", |(directory, _)| directory);
    match own.rsplit_once('/') {
        Some((above, ".github")) => above,
        None if own == ".github" => "",
        _ => own,
    }
}

/// A path of a policy file as faults quote it: whole where it looks like one.
pub fn said_path(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_file = name.rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && matches!(end, "toml" | "md" | "yml" | "yaml"));
    if is_file { format!("`{path}`") } else { said(path) }
}

/// `path`, as a policy file in `home` writes it, from the top of `files`. An error says why it cannot be meant.
pub fn resolve(files: &dyn Files, home: &str, path: &str) -> Result<String, String> {
    if path.starts_with(['/', '\\']) || path.get(1..2) == Some(":") {
        return Err(format!("{} is no path from the directory of the policy", said_path(path)));
    }
    let mut out: Vec<&str> = Vec::new();
    for segment in home.split('/').chain(path.split('/')) {
        match segment {
            "" | "." => {}
            ".." if out.last().is_some_and(|last| *last != "..") => drop(out.pop()),
            other => out.push(other),
        }
    }
    if out.first() == Some(&"..") && !files.has_outside() {
        return Err(format!("{} lies outside of the revision that policy is read from", said_path(path)));
    }
    Ok(out.join("/"))
}

/// Text files by name.
#[cfg(test)]
impl Files for std::collections::BTreeMap<String, String> {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        Ok(self.get(path).cloned())
    }
    fn list(&self, directory: &str) -> Result<Vec<Entry>, String> {
        let under = |path: &'_ String| -> Option<Entry> {
            let rest = if directory.is_empty() { path.as_str() } else { path.strip_prefix(directory)?.strip_prefix('/')? };
            Some(match rest.split_once('/') {
                Some((name, _)) => Entry { name: name.to_owned(), directory: true },
                None => Entry { name: rest.to_owned(), directory: false },
            })
        };
        let mut found: Vec<Entry> = self.keys().filter_map(under).collect();
        found.dedup();
        if found.is_empty() { Err("no such directory".to_owned()) } else { Ok(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn paths_start_from_the_directory_of_the_policy_and_stay_in_a_revision() {
        let homes = [("pipevet.toml", ""), (".github/pipevet.toml", ""), ("a/.github/p.toml", "a"), ("a/b/p.toml", "a/b"), ("../s/p.toml", "../s")];
        for (file, want) in homes {
            assert_eq!(home(file), want, "{file}");
        }
        let none = BTreeMap::new();
        let at = |home, path| resolve(&none, home, path);
        assert_eq!(at("a/b", "./../c//d.toml").unwrap(), "a/c/d.toml");
        for outside in ["../x", "../../x", "/etc/passwd", "C:\\x", "b/../../../x"] {
            assert!(at("a", outside).is_err() == (outside != "../x"), "{outside}");
        }
    }
}
