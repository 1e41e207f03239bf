//! Lookups over all files: paths, Python modules, workflow names, console scripts, make targets, and which rows speak of which fact. Resolves names,
//! follows no flow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::catalog::row::{Effect, Row, RowId};
use crate::extract::manifest::normalised;
use crate::facts::{FactId, FileFacts, What};
use crate::graph::{Facts, Node, published};
use crate::outline::name_hash;
use crate::source::{FileId, Kind, Sources};

/// Lookups over all files.
#[derive(Debug, Default)]
pub struct Index {
    /// Rows that speak of a fact, in catalogue order.
    rows: BTreeMap<Node, Vec<RowId>>,
    /// (root, path) -> file.
    paths: BTreeMap<(u32, String), FileId>,
    /// (root, last segment of a path) -> files.
    bases: BTreeMap<(u32, String), Vec<FileId>>,
    /// (root, path) of files that are not read.
    unread: BTreeSet<(u32, String)>,
    /// Directories that hold a file, by root.
    dirs: BTreeSet<(u32, String)>,
    /// Root, path and kind of each file.
    files: Vec<(u32, String, Kind)>,
    /// (root, last segment of a module) -> files that could be it.
    modules: BTreeMap<(u32, String), Vec<FileId>>,
    /// (root, console script) -> module path and function as written.
    scripts: BTreeMap<(u32, String), String>,
    /// (root, name) of the packages that the tree itself is the source of.
    projects: BTreeSet<(u32, String)>,
    /// (root, account) of images that the tree itself pushes.
    accounts: BTreeSet<(u32, String)>,
    /// (root, workflow name as other workflows say it) -> file.
    workflows: BTreeMap<(u32, String), Vec<FileId>>,
    /// Functions and classes by qualified name in their file; the last definition wins, as at run time.
    definitions: BTreeMap<(FileId, String), FactId>,
    /// Names a module imports from another: (module, name there, leading dots).
    reexports: BTreeMap<(FileId, String), (String, String, u32)>,
    /// What a fact of a workflow or action owns directly: walks over steps ask again and again.
    owned: BTreeMap<Node, Vec<FactId>>,
    /// Uses and checks inside a step, at any depth.
    checks: BTreeMap<Node, Vec<FactId>>,
    /// What was not asked for, by file.
    left_out: Vec<Arc<LeftOut>>,
}

/// Sorted pairs of hashes: a name of the module, a member of it (0: none).
pub type LeftOut = Vec<(u32, u32)>;

/// What rows say of the facts of one file, in order; facts that no row speaks of are left out.
pub type FileRows = Vec<(FactId, Vec<RowId>)>;

/// Classifies every fact of a file. It depends on that file alone, so it is asked again only when the file's facts change.
pub fn classify(facts: &FileFacts, catalog: &Catalog) -> FileRows {
    let all = facts.iter().map(|(fact, _)| (fact, catalog.classify(facts, fact)));
    all.filter(|(_, rows)| !rows.is_empty()).collect()
}

impl Index {
    /// Reads names. `rows` are those of each file, as [`classify`] gives them; `left_out` what its facts leave out, as [`crate::outline::left_out`] says it.
    pub fn new(sources: &Sources, facts: &Facts, catalog: &Catalog, rows: &[FileRows], left_out: &[Arc<LeftOut>]) -> Self {
        let mut index = Index { left_out: left_out.to_vec(), ..Index::default() };
        for (root, path) in &sources.unread {
            index.unread.insert((*root, path.clone()));
            let mut dir = parent(path);
            while index.dirs.insert((*root, dir.to_owned())) && !dir.is_empty() {
                dir = parent(dir);
            }
        }
        for (id, file) in sources.iter() {
            index.files.push((file.root, file.path.clone(), file.kind));
            index.paths.insert((file.root, file.path.clone()), id);
            index.bases.entry((file.root, base(&file.path).to_owned())).or_default().push(id);
            let mut dir = parent(&file.path);
            while index.dirs.insert((file.root, dir.to_owned())) && !dir.is_empty() {
                dir = parent(dir);
            }
            if file.kind == Kind::Python {
                let stem = file.path.strip_suffix("/__init__.py").or_else(|| file.path.strip_suffix(".py")).unwrap_or(&file.path);
                index.modules.entry((file.root, base(stem).to_owned())).or_default().push(id);
            }
        }
        for ((id, _), rows) in sources.iter().zip(rows) {
            index.rows.extend(rows.iter().map(|(fact, rows)| (Node { file: id, fact: *fact }, rows.clone())));
        }
        for (node, fact) in facts.nodes() {
            let (root, path, kind) = &index.files[node.file.0 as usize];
            let root = *root;
            if matches!(kind, Kind::Workflow | Kind::Action) {
                if let Some(owner) = fact.owner {
                    index.owned.entry(Node { file: node.file, fact: owner }).or_default().push(node.fact);
                }
                if matches!(fact.what, What::Uses { .. } | What::Check { .. }) {
                    for (owner, _) in facts.file(node.file).owners(node.fact).filter(|(_, f)| matches!(f.what, What::Step { .. })) {
                        index.checks.entry(Node { file: node.file, fact: owner }).or_default().push(node.fact);
                    }
                }
            }
            match &fact.what {
                What::Workflow { name, .. } => {
                    let name = name.and_then(|n| facts.file(node.file).literal(n)).unwrap_or_else(|| path.clone());
                    index.workflows.entry((root, name)).or_default().push(node.file);
                }
                What::Setting { path: key, value }
                    if matches!(key.as_str(), "project.name" | "tool.poetry.name" | "metadata.name")
                        || key == "name" && base(path) == "package.json" =>
                {
                    index.projects.extend(facts.file(node.file).literal(*value).map(|n| (root, normalised(&n))));
                }
                What::Setting { path, value } if *kind == Kind::Pyproject => {
                    let script = path.strip_prefix("project.scripts.").or_else(|| path.strip_prefix("tool.poetry.scripts."));
                    if let (Some(script), Some(target)) = (script, facts.file(node.file).literal(*value)) {
                        index.scripts.insert((root, script.to_owned()), target);
                    }
                }
                What::Function { name, .. } | What::Class { name, .. } => {
                    index.definitions.insert((node.file, name.clone()), node.fact);
                }
                What::Import { module, name: Some(name), alias, level } => {
                    index.reexports.insert((node.file, alias.clone()), (module.clone(), name.clone(), *level));
                }
                _ => {}
            }
        }
        let accounts = published::accounts(&index.rows, facts, catalog);
        index.accounts = accounts.into_iter().map(|(file, account)| (index.root(file), account)).collect();
        index
    }
    /// Rows that speak of a fact.
    pub fn rows<'c>(&self, catalog: &'c Catalog, node: Node) -> impl Iterator<Item = (RowId, &'c Row)> {
        self.rows.get(&node).into_iter().flatten().map(|id| (*id, catalog.row(*id)))
    }
    /// Whether the tree of a file is the source of a package of that name.
    pub fn is_own_package(&self, file: FileId, name: &str) -> bool {
        self.projects.contains(&(self.root(file), normalised(name)))
    }
    /// Whether the tree of a file pushes images of the same account.
    pub fn is_own_image(&self, file: FileId, image: &str) -> bool {
        published::account(image).is_some_and(|a| self.accounts.contains(&(self.root(file), a.to_owned())))
    }
    /// What rows say a fact does.
    pub fn effects<'c>(&self, catalog: &'c Catalog, node: Node) -> impl Iterator<Item = &'c Effect> {
        self.rows(catalog, node).flat_map(|(_, row)| &row.effects)
    }
    /// Every classified fact, in order.
    pub fn classified(&self) -> impl Iterator<Item = (Node, &[RowId])> {
        self.rows.iter().map(|(n, r)| (*n, r.as_slice()))
    }
    /// What a fact owns directly, in order; known for workflows and actions only.
    pub fn owned(&self, node: Node) -> Option<&[FactId]> {
        matches!(self.kind(node.file), Kind::Workflow | Kind::Action).then(|| self.owned.get(&node).map(Vec::as_slice).unwrap_or_default())
    }
    /// Uses and checks inside a step of a workflow or action, at any depth, in order.
    pub fn checks(&self, step: Node) -> &[FactId] {
        self.checks.get(&step).map(Vec::as_slice).unwrap_or_default()
    }
    /// Whether a function of that name, or a method or field of a class, stands in a file and was not asked for.
    pub fn is_left_out(&self, file: FileId, name: &str, member: Option<&str>) -> bool {
        let key = (name_hash(name), member.map_or(0, name_hash));
        self.left_out.get(file.0 as usize).is_some_and(|l| l.binary_search(&key).is_ok())
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
    /// The file at a normalised path.
    pub fn at(&self, root: u32, path: &str) -> Option<FileId> {
        self.paths.get(&(root, path.to_owned())).copied()
    }
    /// Whether a file or directory of that path stands in the tree, read or not.
    pub fn exists(&self, root: u32, path: &str) -> bool {
        let key = (root, path.to_owned());
        self.paths.contains_key(&key) || self.unread.contains(&key) || self.dirs.contains(&key)
    }
    /// Whether a directory of that path holds a file.
    pub fn is_dir(&self, root: u32, path: &str) -> bool {
        self.dirs.contains(&(root, path.to_owned()))
    }
    /// Files whose path ends with `suffix` (whole segments), in order of their paths.
    pub fn ending(&self, root: u32, suffix: &str) -> Vec<FileId> {
        let tail = format!("/{suffix}");
        let named = self.bases.get(&(root, base(suffix).to_owned())).into_iter().flatten().copied();
        let mut out: Vec<FileId> = named.filter(|id| self.path(*id) == suffix || self.path(*id).ends_with(&tail)).collect();
        out.sort_by_key(|id| self.path(*id));
        out
    }
    /// The file of a dotted module, as imported from `from` with `level` leading dots. Among several, the one whose directory is nearest to the
    /// importer's, then the shortest path.
    pub fn module(&self, from: FileId, dotted: &str, level: u32) -> Option<FileId> {
        let (root, here, _) = self.files.get(from.0 as usize)?;
        if level > 0 {
            let mut dir = parent(here);
            for _ in 1..level {
                dir = parent(dir);
            }
            let path = join(dir, &dotted.replace('.', "/"));
            return self.at(*root, &format!("{path}.py")).or_else(|| self.at(*root, join(&path, "__init__.py").as_str()));
        }
        let last = dotted.rsplit('.').next()?;
        let tail = dotted.replace('.', "/");
        let mut best: Option<(usize, usize, FileId)> = None;
        for id in self.modules.get(&(*root, last.to_owned()))? {
            let path = self.path(*id);
            let stem = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py")).unwrap_or(path);
            let Some(prefix) = stem.strip_suffix(tail.as_str()) else { continue };
            if !(prefix.is_empty() || prefix.ends_with('/')) {
                continue;
            }
            let prefix = prefix.trim_end_matches('/');
            // A package's own directory is not an import root: `a/b/c.py` is `b.c` only if `a` is no package.
            if !prefix.is_empty() && prefix != parent(here) && self.at(*root, &format!("{prefix}/__init__.py")).is_some() {
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
    /// The function or class that a dotted name means, seen from a file: module by its longest prefix, then the name in it.
    pub fn definition(&self, from: FileId, dotted: &str) -> Option<Node> {
        let trimmed = dotted.trim_start_matches('.');
        let level = u32::try_from(dotted.len() - trimmed.len()).unwrap_or(0);
        let segments: Vec<&str> = trimmed.split('.').collect();
        for cut in (1..segments.len()).rev() {
            let Some(file) = self.module(from, &segments.get(..cut)?.join("."), level) else { continue };
            return self.local(file, &segments.get(cut..)?.join("."), MOST_REEXPORTS);
        }
        self.local(from, trimmed, MOST_REEXPORTS)
    }
    /// Modules that hand on one of these names: the module, what the name is there, the module that it comes from, and the name there.
    pub fn reexports_of(&self, names: &BTreeSet<&str>) -> impl Iterator<Item = (FileId, &str, FileId, &str)> {
        let of_name = self.reexports.iter().filter(|(_, (_, original, _))| names.contains(original.as_str()));
        of_name.filter_map(|((file, alias), (module, original, level))| {
            Some((*file, alias.as_str(), self.module(*file, module, *level)?, original.as_str()))
        })
    }
    /// Where a name of a module comes from when the module itself imports it: the module, and the name there.
    pub fn reexport(&self, file: FileId, name: &str) -> Option<(FileId, &str)> {
        let (module, original, level) = self.reexports.get(&(file, name.to_owned()))?;
        Some((self.module(file, module, *level)?, original))
    }
    /// The function or class of that qualified name in a file, re-exports followed up to `hops`.
    pub fn local(&self, file: FileId, name: &str, hops: u32) -> Option<Node> {
        if let Some(fact) = self.definitions.get(&(file, name.to_owned())) {
            return Some(Node { file, fact: *fact });
        }
        let head = name.split('.').next()?;
        let (module, original, level) = self.reexports.get(&(file, head.to_owned()))?;
        let target = self.module(file, module, *level)?;
        let rest = name.strip_prefix(head)?;
        self.local(target, &format!("{original}{rest}"), hops.checked_sub(1)?)
    }
    /// The `module:function` of a console script of the project.
    pub fn console_script(&self, root: u32, name: &str) -> Option<&str> {
        self.scripts.get(&(root, name.to_owned())).map(String::as_str)
    }
    /// Workflow files by the name other workflows use.
    pub fn workflow(&self, root: u32, name: &str) -> &[FileId] {
        self.workflows.get(&(root, name.to_owned())).map_or(&[], Vec::as_slice)
    }
    /// All workflow files.
    pub fn workflow_files(&self) -> impl Iterator<Item = FileId> {
        self.files.iter().enumerate().filter(|(_, f)| f.2 == Kind::Workflow).map(|(i, _)| FileId(u32::try_from(i).unwrap_or(u32::MAX)))
    }
    /// The first fact of a file: module, workflow, template or script.
    pub fn top(&self, facts: &Facts, file: FileId) -> Option<Node> {
        facts.files.get(file.0 as usize)?.items.first()?;
        Some(Node { file, fact: FactId(0) })
    }
}

/// Most modules that a name is handed through before its definition; a circle ends here.
pub const MOST_REEXPORTS: u32 = 8;

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
}
