//! Lookups over all files: paths, Python modules, workflow names, console scripts, make targets, and which rows speak of which fact. Resolves names,
//! follows no flow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;

use crate::catalog::Catalog;
use crate::catalog::python::objects::Objects;
use crate::catalog::row::{Effect, Row, RowId};
use crate::extract::manifest::normalised;
use crate::facts::{FactId, FileFacts, What};
use crate::graph::imports::{Imports, MOST_REEXPORTS};
use crate::graph::paths::{Paths, base};
use crate::graph::steps::{OfFile, Steps};
use crate::graph::{Facts, Node, published};
use crate::origin::Who;
use crate::outline::name_hash;
use crate::source::{FileId, Kind};

/// Lookups over all files.
#[derive(Debug, Default)]
pub struct Index {
    /// What each file says by itself.
    files: Vec<Arc<FileIndex>>,
    /// Where files lie.
    paths: Arc<Paths>,
    /// Who imports what.
    imports: Arc<Imports>,
    /// (root, console script) -> module path and function as written.
    scripts: BTreeMap<(u32, String), String>,
    /// (root, name) of the packages that the tree itself is the source of.
    projects: BTreeSet<(u32, String)>,
    /// (root, account) of images that the tree itself pushes.
    accounts: BTreeSet<(u32, String)>,
    /// (root, workflow name as other workflows say it) -> file.
    workflows: BTreeMap<(u32, String), Vec<FileId>>,
    /// By file: rows that speak of facts by more than their own file tells, with those that it tells.
    beyond: Vec<BTreeMap<FactId, Vec<RowId>>>,
    /// What was not asked for, by file.
    left_out: Vec<Arc<LeftOut>>,
    /// What dotted names mean, by the file that says them: as far as it was asked. The same few are said again and again.
    meant: Vec<Mutex<FxHashMap<Box<str>, Option<Node>>>>,
}

/// Sorted pairs of hashes: a name of the module, a member of it (0: none).
pub type LeftOut = Vec<(u32, u32)>;

/// What one file says of names and rows. It depends on that file alone, so it is asked for again only when the file's facts change.
#[derive(Debug, Default)]
pub struct FileIndex {
    /// Rows that speak of a fact, in catalogue order; facts that no row speaks of are left out.
    pub rows: Vec<(FactId, Vec<RowId>)>,
    /// Functions and classes by qualified name; the last definition wins, as at run time.
    definitions: FxHashMap<String, FactId>,
    /// Names imported from another module: that module, the name there, leading dots.
    reexports: FxHashMap<String, (String, String, u32)>,
    /// Inside a workflow or action.
    pub(super) steps: OfFile,
}

impl FileIndex {
    /// Classifies every fact of a file of that kind and takes down its names.
    pub fn new(kind: Kind, facts: &FileFacts, catalog: &Catalog) -> Self {
        let mut out = FileIndex::default();
        if matches!(kind, Kind::Workflow | Kind::Action) {
            out.steps = OfFile::new(facts);
        }
        let objects = Objects::of(facts);
        for (id, fact) in facts.iter() {
            let rows = catalog.classify(facts, &objects, id);
            if !rows.is_empty() {
                out.rows.push((id, rows));
            }
            match &fact.what {
                What::Function { name, .. } | What::Class { name, .. } => {
                    out.definitions.insert(name.clone(), id);
                }
                What::Import { module, name: Some(name), alias, level } => {
                    out.reexports.insert(alias.clone(), (module.clone(), name.clone(), *level));
                }
                _ => {}
            }
        }
        out
    }
    /// Rows that speak of a fact.
    pub fn of(&self, fact: FactId) -> &[RowId] {
        self.rows.binary_search_by_key(&fact, |r| r.0).ok().and_then(|i| self.rows.get(i)).map_or(&[], |r| &r.1)
    }
}

impl Index {
    /// Reads what files say of each other. `files` is what each says by itself; `left_out` what its facts leave out, as [`crate::outline::left_out`] says it.
    pub fn new(
        paths: &Arc<Paths>,
        imports: &Arc<Imports>,
        facts: &Facts,
        catalog: &Catalog,
        files: &[Arc<FileIndex>],
        left_out: &[Arc<LeftOut>],
    ) -> Self {
        let mut index =
            Index { paths: paths.clone(), imports: imports.clone(), files: files.to_vec(), left_out: left_out.to_vec(), ..Index::default() };
        index.meant.resize_with(files.len(), Mutex::default);
        index.beyond.resize_with(files.len(), BTreeMap::new);
        // Of Python all of it is said file by file.
        for (node, fact) in facts.nodes_of(|file| paths.kind(file) != Kind::Python) {
            let (root, path, kind) = (paths.root(node.file), paths.path(node.file), paths.kind(node.file));
            match &fact.what {
                What::Workflow { name, .. } => {
                    let name = name.and_then(|n| facts.file(node.file).literal(n)).unwrap_or_else(|| path.to_owned());
                    index.workflows.entry((root, name)).or_default().push(node.file);
                }
                What::Setting { path: key, value }
                    if matches!(key.as_str(), "project.name" | "tool.poetry.name" | "metadata.name")
                        || key == "name" && base(path) == "package.json" =>
                {
                    index.projects.extend(facts.file(node.file).literal(*value).map(|n| (root, normalised(&n))));
                }
                What::Setting { path, value } if kind == Kind::Pyproject => {
                    let script = path.strip_prefix("project.scripts.").or_else(|| path.strip_prefix("tool.poetry.scripts."));
                    if let (Some(script), Some(target)) = (script, facts.file(node.file).literal(*value)) {
                        index.scripts.insert((root, script.to_owned()), target);
                    }
                }
                _ => {}
            }
        }
        let accounts = published::accounts(files, facts, catalog);
        index.accounts = accounts.into_iter().map(|(file, account)| (index.root(file), account)).collect();
        index
    }
    /// Rows that speak of a fact.
    pub fn rows<'c>(&self, catalog: &'c Catalog, node: Node) -> impl Iterator<Item = (RowId, &'c Row)> {
        self.rows_of(node).iter().map(|id| (*id, catalog.row(*id)))
    }
    /// Rows that speak of a fact.
    pub fn rows_of(&self, node: Node) -> &[RowId] {
        match self.beyond_in(node.file).and_then(|more| more.get(&node.fact)) {
            Some(rows) => rows,
            None => self.own_rows(node),
        }
    }
    /// Rows that speak of a fact as far as its own file tells.
    pub fn own_rows(&self, node: Node) -> &[RowId] {
        self.files.get(node.file.0 as usize).map_or(&[], |f| f.of(node.fact))
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
    /// Who gets past the own refusal of an action in an event; `None`: it turns nobody away.
    pub fn admits(&self, catalog: &Catalog, node: Node, event: &str) -> Option<Who> {
        admits(self.effects(catalog, node), event)
    }
    /// Every classified fact: those of each file in order, then those that more than their file tells.
    pub fn classified(&self) -> impl Iterator<Item = (Node, &[RowId])> {
        let own = self.files.iter().enumerate().flat_map(|(i, f)| {
            let file = FileId(u32::try_from(i).unwrap_or(u32::MAX));
            f.rows.iter().map(move |(fact, rows)| (Node { file, fact: *fact }, rows.as_slice()))
        });
        let more = (0..)
            .map(FileId)
            .zip(&self.beyond)
            .flat_map(|(file, more)| more.iter().map(move |(fact, rows)| (Node { file, fact: *fact }, rows.as_slice())));
        own.filter(|(node, _)| !self.is_beyond(*node)).chain(more)
    }
    /// Classified facts of a file: its own, then those that more than their file tells.
    pub fn classified_in(&self, file: FileId) -> impl Iterator<Item = Node> {
        let own = self.files.get(file.0 as usize).into_iter().flat_map(|f| &f.rows).map(move |(fact, _)| Node { file, fact: *fact });
        let more = self.beyond_in(file).into_iter().flatten().map(move |(fact, _)| Node { file, fact: *fact });
        own.filter(|node| !self.is_beyond(*node)).chain(more)
    }
    fn beyond_in(&self, file: FileId) -> Option<&BTreeMap<FactId, Vec<RowId>>> {
        self.beyond.get(file.0 as usize)
    }
    fn is_beyond(&self, node: Node) -> bool {
        self.beyond_in(node.file).is_some_and(|more| more.contains_key(&node.fact))
    }
    /// What a fact owns directly, in order; known for workflows and actions only.
    pub fn owned(&self, node: Node) -> Option<&[FactId]> {
        matches!(self.kind(node.file), Kind::Workflow | Kind::Action).then(|| self.steps().owned(node))
    }
    /// Uses and checks inside a step of a workflow or action, at any depth, in order.
    pub fn checks(&self, step: Node) -> &[FactId] {
        self.steps().checks(step)
    }
    /// Whether a function of that name, or a method or field of a class, stands in a file and was not asked for.
    pub fn is_left_out(&self, file: FileId, name: &str, member: Option<&str>) -> bool {
        let key = (name_hash(name), member.map_or(0, name_hash));
        self.left_out.get(file.0 as usize).is_some_and(|l| l.binary_search(&key).is_ok())
    }
    /// Imports of all Python files, looked into or not.
    pub fn imports(&self) -> &Imports {
        &self.imports
    }
    /// Root of a file.
    pub fn root(&self, file: FileId) -> u32 {
        self.paths.root(file)
    }
    /// Path of a file from its root.
    pub fn path(&self, file: FileId) -> &str {
        self.paths.path(file)
    }
    /// Whether a file is test code proper: see [`crate::graph::paths::is_test`].
    pub fn is_test(&self, file: FileId) -> bool {
        self.paths.is_test(file)
    }
    /// Kind of a file.
    pub fn kind(&self, file: FileId) -> Kind {
        self.paths.kind(file)
    }
    /// The file at a normalised path.
    pub fn at(&self, root: u32, path: &str) -> Option<FileId> {
        self.paths.at(root, path)
    }
    /// Whether a file or directory of that path stands in the tree, read or not.
    pub fn exists(&self, root: u32, path: &str) -> bool {
        self.paths.exists(root, path)
    }
    /// Whether a directory of that path holds a file.
    pub fn is_dir(&self, root: u32, path: &str) -> bool {
        self.paths.is_dir(root, path)
    }
    /// Files whose path ends with `suffix` (whole segments), in order of their paths.
    pub fn ending(&self, root: u32, suffix: &str) -> Vec<FileId> {
        self.paths.ending(root, suffix)
    }
    /// The file of a dotted module, as [`Paths::module`] finds it.
    pub fn module(&self, from: FileId, dotted: &str, level: u32) -> Option<FileId> {
        self.paths.module(from, dotted, level)
    }
    /// The function or class that a dotted name means, seen from a file: module by its longest prefix, then the name in it.
    pub fn definition(&self, from: FileId, dotted: &str) -> Option<Node> {
        let kept = self.meant.get(from.0 as usize).filter(|_| dotted.contains('.'));
        if let Some(known) = kept.and_then(|k| k.lock().ok()?.get(dotted).copied()) {
            return known;
        }
        let found = self.found(from, dotted);
        if let Some(mut kept) = kept.and_then(|k| k.lock().ok()) {
            kept.insert(dotted.into(), found);
        }
        found
    }
    fn found(&self, from: FileId, dotted: &str) -> Option<Node> {
        let trimmed = dotted.trim_start_matches('.');
        let level = u32::try_from(dotted.len() - trimmed.len()).unwrap_or(0);
        for (cut, _) in trimmed.rmatch_indices('.') {
            let Some(file) = self.module(from, trimmed.get(..cut)?, level) else { continue };
            return self.local(file, trimmed.get(cut + 1..)?, MOST_REEXPORTS);
        }
        if level > 0 {
            // `from . import f`: the package defines it, or hands it on.
            return self.local(self.module(from, "", level)?, trimmed, MOST_REEXPORTS);
        }
        self.local(from, trimmed, MOST_REEXPORTS)
    }
    /// The function or class of that qualified name in a file, re-exports followed up to `hops`.
    pub fn local(&self, file: FileId, name: &str, hops: u32) -> Option<Node> {
        let own = self.files.get(file.0 as usize)?;
        if let Some(fact) = own.definitions.get(name) {
            return Some(Node { file, fact: *fact });
        }
        let head = name.split('.').next()?;
        // A module that only hands a name on was not looked into.
        let (target, original) = match own.reexports.get(head).map(|(module, original, level)| (self.module(file, module, *level), original)) {
            Some((target, original)) => (target?, original.as_str()),
            None => match self.imports.origin(file, head) {
                Some(origin) => origin,
                None => {
                    // All that a module of the tree defines came with a star.
                    let defines = |m: &&FileId| {
                        let theirs = self.files.get(m.0 as usize);
                        theirs.is_some_and(|f| f.definitions.contains_key(name) || f.reexports.contains_key(head))
                    };
                    let origin = self.starred(file).iter().find(defines).filter(|_| !head.starts_with('_'))?;
                    (*origin, head)
                }
            },
        };
        let rest = name.strip_prefix(head)?;
        self.local(target, &format!("{original}{rest}"), hops.checked_sub(1)?)
    }
    /// Modules of the tree whose names a file has all of, directly or through others, nearest first.
    pub fn starred(&self, file: FileId) -> &[FileId] {
        self.imports.starred(file)
    }
    /// Rows that speak of a fact besides those that its own file tells.
    pub fn speak(&mut self, node: Node, more: &[RowId]) {
        let mut rows = self.rows_of(node).to_vec();
        rows.extend(more);
        rows.sort_unstable();
        rows.dedup();
        if let Some(more) = self.beyond.get_mut(node.file.0 as usize) {
            more.insert(node.fact, rows);
        }
    }
    /// The `module:function` of a console script of the project.
    pub fn console_script(&self, root: u32, name: &str) -> Option<&str> {
        self.scripts.get(&(root, name.to_owned())).map(String::as_str)
    }
    /// Lookups inside workflows and actions.
    pub fn steps(&self) -> Steps<'_> {
        Steps { files: &self.files }
    }
    /// Workflow files by the name other workflows use.
    pub fn workflow(&self, root: u32, name: &str) -> &[FileId] {
        self.workflows.get(&(root, name.to_owned())).map_or(&[], Vec::as_slice)
    }
    /// All workflow files.
    pub fn workflow_files(&self) -> impl Iterator<Item = FileId> {
        self.paths.of_kind(Kind::Workflow)
    }
    /// The first fact of a file: module, workflow, template or script.
    pub fn top(&self, facts: &Facts, file: FileId) -> Option<Node> {
        facts.files.get(file.0 as usize)?.items.first()?;
        Some(Node { file, fact: FactId(0) })
    }
}

/// The same of effects that speak of one action.
pub fn admits<'e>(effects: impl Iterator<Item = &'e Effect>, event: &str) -> Option<Who> {
    let of = |e: &Effect| match e {
        Effect::Admits { who, events } if events.is_empty() || events.iter().any(|e| e == event) => Some(*who),
        _ => None,
    };
    effects.filter_map(of).min()
}
