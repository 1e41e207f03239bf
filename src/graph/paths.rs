//! Where files lie: lookups by path, by the end of a path, and by the dotted name of a Python module. Built once for a tree; knows no fact.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use rustc_hash::FxHashMap;

use crate::source::{FileId, Kind, Sources};

/// Lookups by path over all files.
#[derive(Debug, Default)]
pub struct Paths {
    /// Root, path and kind of each file.
    files: Vec<(u32, String, Kind)>,
    /// Whether each is that of test code.
    tests: Vec<bool>,
    roots: Vec<Root>,
}

/// What lies under one root.
#[derive(Debug, Default)]
struct Root {
    files: HashMap<String, FileId>,
    /// Files by the last segment of their path, in order of their ids.
    bases: HashMap<String, Vec<FileId>>,
    /// Paths that are not read.
    unread: HashSet<String>,
    /// Directories that hold a file.
    directories: HashSet<String>,
    /// Last segment of a module -> files that could be it.
    modules: HashMap<String, Vec<FileId>>,
    /// What modules mean, by the directory of who imports them: as far as it was asked.
    meant: Mutex<Meant>,
}

/// Files by directory and dotted name.
type Meant = FxHashMap<Box<str>, FxHashMap<Box<str>, Option<FileId>>>;

impl Root {
    fn hold(&mut self, path: &str) {
        let mut directory = parent(path);
        while self.directories.insert(directory.to_owned()) && !directory.is_empty() {
            directory = parent(directory);
        }
    }
}

impl Paths {
    /// Reads the paths of a tree.
    pub fn new(sources: &Sources) -> Self {
        let mut out = Paths::default();
        for (root, path) in &sources.unread {
            let root = out.root_mut(*root);
            root.unread.insert(path.clone());
            root.hold(path);
        }
        for (id, file) in sources.iter() {
            out.files.push((file.root, file.path.clone(), file.kind));
            out.tests.push(is_test(&file.path));
            let root = out.root_mut(file.root);
            root.files.insert(file.path.clone(), id);
            root.bases.entry(base(&file.path).to_owned()).or_default().push(id);
            root.hold(&file.path);
            if file.kind == Kind::Python {
                root.modules.entry(base(stem(&file.path)).to_owned()).or_default().push(id);
            }
        }
        out
    }
    fn root_mut(&mut self, root: u32) -> &mut Root {
        let at = root as usize;
        if self.roots.len() <= at {
            self.roots.resize_with(at + 1, Root::default);
        }
        &mut self.roots[at]
    }
    fn under(&self, root: u32) -> Option<&Root> {
        self.roots.get(root as usize)
    }
    /// As [`is_test`], of a file.
    pub fn is_test(&self, file: FileId) -> bool {
        self.tests.get(file.0 as usize) == Some(&true)
    }
    /// Root of a file.
    pub fn root(&self, file: FileId) -> u32 {
        self.files[file.0 as usize].0
    }
    /// Path of a file from its root.
    pub fn path(&self, file: FileId) -> &str {
        &self.files[file.0 as usize].1
    }
    /// Kind of a file.
    pub fn kind(&self, file: FileId) -> Kind {
        self.files[file.0 as usize].2
    }
    /// All files of a kind, in order.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = FileId> {
        self.files.iter().enumerate().filter(move |(_, f)| f.2 == kind).map(|(i, _)| FileId(u32::try_from(i).unwrap_or(u32::MAX)))
    }
    /// The file at a normalised path.
    pub fn at(&self, root: u32, path: &str) -> Option<FileId> {
        self.under(root)?.files.get(path).copied()
    }
    /// Whether a file or directory of that path stands in the tree, read or not.
    pub fn exists(&self, root: u32, path: &str) -> bool {
        self.under(root).is_some_and(|r| r.files.contains_key(path) || r.unread.contains(path) || r.directories.contains(path))
    }
    /// Whether a directory of that path holds a file.
    pub fn is_dir(&self, root: u32, path: &str) -> bool {
        self.under(root).is_some_and(|r| r.directories.contains(path))
    }
    /// Files whose path ends with `suffix` (whole segments), in order of their paths.
    pub fn ending(&self, root: u32, suffix: &str) -> Vec<FileId> {
        let Some(under) = self.under(root) else { return Vec::new() };
        let named = under.bases.get(base(suffix)).into_iter().flatten().copied();
        let ends = |path: &str| path.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
        let mut out: Vec<FileId> = named.filter(|id| ends(self.path(*id))).collect();
        out.sort_by_key(|id| self.path(*id));
        out
    }
    /// The file of a dotted module, as imported from `from` with `level` leading dots. Among several, the one whose directory is nearest to the
    /// importer's, then the shortest path.
    pub fn module(&self, from: FileId, dotted: &str, level: u32) -> Option<FileId> {
        let (root, here, _) = self.files.get(from.0 as usize)?;
        if level > 0 {
            let mut directory = parent(here);
            for _ in 1..level {
                directory = parent(directory);
            }
            let path = join(directory, &dotted.replace('.', "/"));
            // `from . import f` names the package, never a file beside it.
            let file = if dotted.is_empty() { None } else { self.at(*root, &format!("{path}.py")) };
            return file.or_else(|| self.at(*root, join(&path, "__init__.py").as_str()));
        }
        let under = self.under(*root)?;
        let known = |meant: &Meant| meant.get(parent(here))?.get(dotted).copied();
        if let Some(known) = under.meant.lock().ok().and_then(|meant| known(&meant)) {
            return known;
        }
        let found = self.nearest(under, *root, here, dotted);
        if let Ok(mut meant) = under.meant.lock() {
            meant.entry(parent(here).into()).or_default().insert(dotted.into(), found);
        }
        found
    }
    fn nearest(&self, under: &Root, root: u32, here: &str, dotted: &str) -> Option<FileId> {
        let mut best: Option<(usize, usize, FileId)> = None;
        for id in under.modules.get(dotted.rsplit('.').next()?)? {
            let path = self.path(*id);
            let Some(prefix) = before_module(stem(path), dotted) else { continue };
            // A package's own directory is not an import root: `a/b/c.py` is `b.c` only if `a` is no package.
            if !prefix.is_empty() && prefix != parent(here) && self.at(root, &format!("{prefix}/__init__.py")).is_some() {
                continue;
            }
            let shared = prefix.split('/').zip(here.split('/')).take_while(|(a, b)| a == b).count();
            let key = (usize::MAX - shared, path.len(), *id);
            if best.is_none_or(|b| key < b) {
                best = Some(key);
            }
        }
        best.map(|b| b.2)
    }
}

/// What stands before the path of a module: `a/b/c` is `b.c` below `a`.
fn before_module<'p>(stem: &'p str, dotted: &str) -> Option<&'p str> {
    let at = stem.len().checked_sub(dotted.len())?;
    let tail = stem.as_bytes().get(at..)?;
    let same = tail.iter().zip(dotted.bytes()).all(|(a, b)| *a == if b == b'.' { b'/' } else { b });
    let prefix = stem.get(..at).filter(|_| same)?;
    (prefix.is_empty() || prefix.ends_with('/')).then(|| prefix.trim_end_matches('/'))
}

/// A module's path without what makes it a file.
fn stem(path: &str) -> &str {
    path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py")).unwrap_or(path)
}

/// The directory of a path; empty at the root.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |p| p.0)
}

/// The last segment.
pub fn base(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |p| p.1)
}

/// `dir/name` without a leading `/`, normalised: `.` and `..` are resolved; a path that leaves the root keeps its `..`.
pub fn join(dir: &str, name: &str) -> String {
    let absolute = name.starts_with('/');
    let mut out: Vec<&str> = Vec::new();
    let both = [if absolute { "" } else { dir }, name];
    for segment in both.iter().flat_map(|p| p.split('/')) {
        match segment {
            "" | "." => {}
            ".." if out.last().is_some_and(|s| *s != "..") => {
                out.pop();
            }
            s => out.push(s),
        }
    }
    let joined = out.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

/// Whether a path is that of test code proper: nobody passes it arguments, what it reads it made, and its calls prove nothing about others.
pub fn is_test(path: &str) -> bool {
    let file = base(path);
    file.starts_with("test_")
        || file.ends_with("_test.py")
        || file == "conftest.py"
        || path.split('/').any(|s| s == "tests" || s == "test" || s == "testing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised() {
        assert_eq!(join("", "./a/../b.py"), "b.py");
        assert_eq!(join("x/y", "../z"), "x/z");
        assert_eq!(join("", "../z"), "../z");
        assert_eq!(join("x", "/abs/./p"), "/abs/p");
        assert_eq!((parent("a/b/c"), base("a/b/c"), parent("c")), ("a/b", "c", ""));
    }

    #[test]
    fn a_module_stands_below_a_directory_that_is_no_part_of_its_name() {
        assert_eq!(before_module("src/pkg/util", "pkg.util"), Some("src"));
        assert_eq!(before_module("pkg/util", "pkg.util"), Some(""));
        assert_eq!(before_module("src/mypkg/util", "pkg.util"), None);
        assert_eq!(before_module("util", "pkg.util"), None);
    }
}
