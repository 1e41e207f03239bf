//! Who knows a name of a module: every import of every Python file, resolved to the file it means. Built once, from outlines alone, so that it speaks of files
//! nobody looked into; knows no fact.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::paths::Paths;
use crate::outline::{Ask, Asked, BlockKind, ImportedName, Outline, name_hash};
use crate::source::FileId;

/// Most modules that a name is handed through before its definition; a circle ends here.
pub const MOST_REEXPORTS: u32 = 8;

/// Classes and files that are looked at for who constructs a class: what more derive from is an interface, and whoever constructs that says little of it.
const MOST_CONSTRUCTED: usize = 64;

/// Classes that derive from one and are looked at for a field that it leaves open.
const MOST_DERIVED: usize = 2_000;

/// Pairs of a method and a class that inherits it that are asked for at once, for each class that has methods.
const MOST_INHERITED: usize = 1_000_000;

/// Modules that one file has all names of.
const MOST_STARRED: usize = 64;

/// Imports by the module they are from, and by the file they stand in. Names are hashes ([`name_hash`]): two that share one only ever select more.
#[derive(Debug, Default)]
pub struct Imports {
    /// Indexed by the file of a module.
    of: Vec<Vec<(FileId, Bound)>>,
    /// Indexed by file; sorted by the name bound there.
    by: Vec<Vec<Binding>>,
    /// Names that modules bind to something of a library, by file; sorted.
    outside: Vec<Vec<(u32, Box<str>)>>,
    /// Modules that a file imports, by file.
    of_file: Vec<Vec<FileId>>,
    /// Test files, whose uses say nothing of other files.
    tests: HashSet<FileId>,
    /// Modules whose names a file has all of, directly or through others, nearest first.
    stars: BTreeMap<FileId, Vec<FileId>>,
    /// Classes that name a class as their base, by its file and name.
    derived: FxHashMap<(FileId, u32), Vec<ClassName>>,
    /// Methods and fields of a class, sorted hashes.
    members: FxHashMap<(FileId, u32), Vec<u32>>,
}

/// A class of the top level of a module.
type ClassName = (FileId, Box<str>);

/// The name that an import binds in a file, the module it is from, and the name there where it is another one.
type Binding = (u32, FileId, Option<Box<str>>);

/// What an import binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bound {
    /// One name, and what it is called there.
    Name(u32, u32),
    /// All names.
    All,
    /// The module itself.
    Module,
}

impl Imports {
    /// Resolves every import.
    pub fn new(paths: &Paths, outlines: &[Option<Outline>]) -> Self {
        let found: Vec<Resolved> =
            outlines.par_iter().enumerate().map(|(i, o)| o.as_ref().map_or_else(Resolved::default, |o| resolve(paths, id(i), o))).collect();
        let mut out = Imports {
            of: vec![Vec::new(); outlines.len()],
            by: Vec::with_capacity(outlines.len()),
            outside: Vec::with_capacity(outlines.len()),
            of_file: Vec::with_capacity(outlines.len()),
            stars: BTreeMap::new(),
            tests: (0..outlines.len()).map(id).filter(|f| paths.is_test(*f)).collect(),
            ..Imports::default()
        };
        let of_star = |(i, r): (usize, &Resolved)| {
            let all: Vec<FileId> = r.bound.iter().filter(|(m, b)| *b == Bound::All && *m != id(i)).map(|(m, _)| *m).collect();
            (!all.is_empty()).then_some((id(i), all))
        };
        out.stars = follow_stars(&found.iter().enumerate().filter_map(of_star).collect());
        for (i, Resolved { bound, by, outside }) in found.into_iter().enumerate() {
            let mut modules: Vec<FileId> = Vec::new();
            for (module, bound) in bound {
                modules.push(module);
                if let Some(of) = out.of.get_mut(module.0 as usize) {
                    of.push((id(i), bound));
                }
            }
            modules.dedup();
            out.by.push(by);
            out.outside.push(outside);
            out.of_file.push(modules);
        }
        out.classes(paths, outlines);
        out
    }
    /// Reads which class derives from which, as far as names alone tell.
    fn classes(&mut self, paths: &Paths, outlines: &[Option<Outline>]) {
        let classes =
            |o: &'_ Outline| -> Vec<usize> { (0..o.blocks.len()).filter(|b| o.blocks.get(*b).is_some_and(|b| b.kind == BlockKind::Class)).collect() };
        for (file, outline) in outlines.iter().enumerate().filter_map(|(i, o)| o.as_ref().map(|o| (id(i), o))) {
            for (block, class) in classes(outline).into_iter().filter_map(|b| outline.blocks.get(b).map(|c| (b, c))) {
                let Some(name) = class.defines.first() else { continue };
                let methods =
                    outline.methods_of(block).flat_map(|(_, m)| std::iter::once(name_hash(&m.name)).chain(m.assigns.iter().map(|a| a.name)));
                let mut members: Vec<u32> = methods.chain(class.assigns.iter().map(|a| a.name)).collect();
                members.sort_unstable();
                members.dedup();
                self.members.insert((file, name_hash(name)), members);
            }
        }
        for (file, outline) in outlines.iter().enumerate().filter_map(|(i, o)| o.as_ref().map(|o| (id(i), o))) {
            for class in classes(outline).into_iter().filter_map(|b| outline.blocks.get(b)) {
                let Some(name) = class.defines.first() else { continue };
                let bases: Vec<(FileId, u32)> = class.bases.iter().filter_map(|base| self.class(paths, file, outline, base)).collect();
                for base in bases.into_iter().filter(|b| *b != (file, name_hash(name))) {
                    self.derived.entry(base).or_default().push((file, name.as_str().into()));
                }
            }
        }
    }
    /// The class of the tree that a name means in a file.
    fn class(&self, paths: &Paths, file: FileId, outline: &Outline, name: &str) -> Option<(FileId, u32)> {
        let (mut at, mut name) = match name.rsplit_once('.') {
            None => (file, name),
            Some((module, last)) => {
                let (head, rest) = module.split_once('.').map_or((module, None), |(head, rest)| (head, Some(rest)));
                let import = outline.imports.iter().rfind(|i| i.alias == head)?;
                let whole = [Some(import.module.as_str()).filter(|m| !m.is_empty()), import.name.as_deref(), rest];
                let whole: Vec<&str> = whole.into_iter().flatten().collect();
                // `import a.b` binds `a`.
                let written = import.name.is_none() && import.module.split('.').next() == Some(head);
                let module = if written { module.to_owned() } else { whole.join(".") };
                (paths.module(file, &module, import.level)?, last)
            }
        };
        for _ in 0..MOST_REEXPORTS {
            let found = |file: FileId| self.members.contains_key(&(file, name_hash(name))).then(|| (file, name_hash(name)));
            if let Some(class) = found(at) {
                return Some(class);
            }
            match self.origin(at, name) {
                Some(origin) => (at, name) = origin,
                None => return self.starred(at).iter().find_map(|module| found(*module)),
            }
        }
        None
    }
    /// Classes that derive from a class, directly or through others, nearest first.
    pub fn derived(&self, file: FileId, class: &str) -> Vec<(FileId, &str)> {
        let mut out: Vec<(FileId, &str)> = Vec::new();
        let mut seen = HashSet::from([(file, name_hash(class))]);
        let mut next = vec![(file, name_hash(class))];
        let mut at = 0;
        while let Some(class) = next.get(at).copied().filter(|_| out.len() < MOST_DERIVED) {
            at += 1;
            for (file, name) in self.derived.get(&class).into_iter().flatten() {
                let key = (*file, name_hash(name));
                if seen.insert(key) {
                    out.push((*file, name));
                    next.push(key);
                }
            }
        }
        out
    }
    /// Whether a class has a method or field of that name in its own body.
    pub fn has_member(&self, file: FileId, class: &str, member: &str) -> bool {
        self.members.get(&(file, name_hash(class))).is_some_and(|m| m.binary_search(&name_hash(member)).is_ok())
    }
    /// Where a name of a file comes from when an import binds it: the module of the tree, and the name there.
    pub fn origin<'n>(&'n self, file: FileId, name: &'n str) -> Option<(FileId, &'n str)> {
        let by = self.by.get(file.0 as usize)?;
        let hash = name_hash(name);
        // Of several the last in order of their files: as good as any, and always the same.
        let end = by.partition_point(|b| b.0 <= hash);
        let found = end.checked_sub(1).and_then(|at| by.get(at)).filter(|b| b.0 == hash)?;
        Some((found.1, found.2.as_deref().unwrap_or(name)))
    }
    /// What of a library a name of a module may be, by its qualified names: which of several imports binds it, the machine says.
    pub fn libraries(&self, file: FileId, name: &str) -> impl Iterator<Item = &str> {
        let hash = name_hash(name);
        let of = self.outside.get(file.0 as usize).map_or(&[][..], Vec::as_slice);
        of.iter().skip(of.partition_point(|b| b.0 < hash)).take_while(move |b| b.0 == hash).map(|b| &*b.1)
    }
    /// Modules whose names a file has all of.
    pub fn starred(&self, file: FileId) -> &[FileId] {
        self.stars.get(&file).map_or(&[], Vec::as_slice)
    }
    /// These files and all that they import, directly or through others.
    pub fn reached_from(&self, files: impl IntoIterator<Item = FileId>) -> HashSet<FileId> {
        let mut next: Vec<FileId> = files.into_iter().collect();
        let mut out: HashSet<FileId> = next.iter().copied().collect();
        while let Some(file) = next.pop() {
            next.extend(self.of_file.get(file.0 as usize).into_iter().flatten().copied().filter(|f| out.insert(*f)));
        }
        out
    }
    /// Where a name of a module is known, and as what: in the module itself, where it is imported, and where it is imported from there.
    pub fn knowing(&self, module: FileId, name: u32) -> BTreeSet<(FileId, u32)> {
        let mut out = BTreeSet::from([(module, name)]);
        let mut next = vec![(module, name)];
        for _ in 0..MOST_REEXPORTS {
            for (module, name) in std::mem::take(&mut next) {
                for (file, bound) in self.of.get(module.0 as usize).into_iter().flatten() {
                    let known = match bound {
                        Bound::Name(imported, alias) if *imported == name => (*file, *alias),
                        Bound::Name(..) => continue,
                        Bound::All => (*file, name),
                        // Known as an attribute of the module, and handed on with it alone.
                        Bound::Module => {
                            out.insert((*file, name));
                            continue;
                        }
                    };
                    if out.insert(known) {
                        next.push(known);
                    }
                }
            }
        }
        out
    }
    /// What is asked for of each file, from what is asked for of names: (module, `name` or `Class.member`, what of it).
    pub fn asked<'n>(&self, names: impl Iterator<Item = (FileId, &'n str, Ask)>) -> BTreeMap<FileId, Asked> {
        let mut out: BTreeMap<FileId, Asked> = BTreeMap::new();
        let mut members: BTreeMap<(FileId, u32), BTreeSet<Option<&str>>> = BTreeMap::new();
        let mut methods: BTreeMap<(FileId, &str), BTreeSet<&str>> = BTreeMap::new();
        // Of what derives from an interface only the calls are asked for, not who hands its objects on.
        let mut taken: BTreeMap<(FileId, u32), BTreeSet<&str>> = BTreeMap::new();
        for (module, name, ask) in names {
            let (head, member) = name.split_once('.').map_or((name, None), |(head, rest)| (head, rest.rsplit('.').next()));
            match (ask, member) {
                (Ask::Definition, _) => out.entry(module).or_default().definition(name),
                (Ask::Calls, Some(member)) => {
                    methods.entry((module, head)).or_default().insert(member);
                }
                _ => {
                    members.entry((module, name_hash(head))).or_default().insert(member);
                }
            }
        }
        for ((module, class), methods) in methods {
            let most = (MOST_INHERITED / methods.len().max(1)).max(MOST_CONSTRUCTED);
            for member in methods {
                let (mut inheriting, mut overriding) = self.inheriting(module, class, member, most);
                if member == "__init__" && inheriting.len() + overriding.len() > MOST_CONSTRUCTED {
                    inheriting.truncate(1);
                    overriding.clear();
                }
                let interface = inheriting.len() > MOST_CONSTRUCTED;
                for (n, class) in inheriting.into_iter().enumerate() {
                    match interface && n > 0 {
                        true => taken.entry(class).or_default().insert(member),
                        false => members.entry(class).or_default().insert(Some(member)),
                    };
                }
                // What stands in for it may call it.
                overriding.into_iter().for_each(|file| out.entry(file).or_default().member(member));
            }
        }
        for ((module, head), members) in members {
            for (file, bound) in self.users(module, head) {
                let asked = out.entry(file).or_default();
                members.iter().for_each(|member| asked.uses(bound, *member));
            }
        }
        for ((module, head), members) in taken {
            for (file, _) in self.users(module, head) {
                let asked = out.entry(file).or_default();
                members.iter().for_each(|member| asked.member(member));
            }
        }
        out
    }
    /// As [`Self::knowing`]; what tests know of other files says nothing of those.
    fn users(&self, module: FileId, name: u32) -> impl Iterator<Item = (FileId, u32)> {
        let counts = move |file: FileId| file == module || !self.tests.contains(&file) || self.tests.contains(&module);
        self.knowing(module, name).into_iter().filter(move |known| counts(known.0))
    }
    /// A class and what inherits a method of it, and the files of what derives from it and has a method of its own of that name.
    fn inheriting(&self, file: FileId, class: &str, method: &str, most: usize) -> (Vec<(FileId, u32)>, BTreeSet<FileId>) {
        let method = name_hash(method);
        let mut inheriting = vec![(file, name_hash(class))];
        let mut overriding = BTreeSet::new();
        let mut seen: HashSet<(FileId, u32)> = inheriting.iter().copied().collect();
        let mut at = 0;
        while let Some(class) = inheriting.get(at).copied().filter(|_| inheriting.len() < most) {
            at += 1;
            for (file, name) in self.derived.get(&class).into_iter().flatten() {
                let key = (*file, name_hash(name));
                if self.members.get(&key).is_some_and(|m| m.binary_search(&method).is_ok()) {
                    overriding.insert(*file);
                } else if seen.insert(key) {
                    inheriting.push(key);
                }
            }
        }
        (inheriting, overriding)
    }
}

/// What the imports of one file mean.
#[derive(Default)]
struct Resolved {
    /// Sorted.
    bound: Vec<(FileId, Bound)>,
    by: Vec<Binding>,
    outside: Vec<(u32, Box<str>)>,
}

/// The qualified name of what an import of a library binds in a module.
fn outside(import: &ImportedName) -> Option<String> {
    match import.name.as_deref() {
        Some("*") => None,
        Some(name) => Some(format!("{}.{name}", import.module)),
        // `import a.b` binds `a`.
        None if import.module.split('.').next() == Some(&import.alias) => Some(import.alias.clone()),
        None => Some(import.module.clone()),
    }
}

fn resolve(paths: &Paths, file: FileId, outline: &Outline) -> Resolved {
    let mut out = Resolved::default();
    for import in &outline.imports {
        let module = paths.module(file, &import.module, import.level);
        let of_module = outline.blocks.get(import.block).is_some_and(|b| !matches!(b.kind, BlockKind::Function | BlockKind::Class));
        if module.is_none() && import.level == 0 && of_module && !import.alias.is_empty() {
            out.outside.extend(outside(import).map(|name| (name_hash(&import.alias), name.into())));
        }
        match import.name.as_deref() {
            None => out.bound.extend(module.map(|m| (m, Bound::Module))),
            Some("*") => out.bound.extend(module.map(|m| (m, Bound::All))),
            Some(name) => {
                let alias = if import.alias.is_empty() { name } else { &import.alias };
                if let Some(module) = module {
                    out.bound.push((module, Bound::Name(name_hash(name), name_hash(alias))));
                    out.by.push((name_hash(alias), module, (alias != name).then(|| name.into())));
                }
                // `from package import module`.
                let whole = if import.module.is_empty() { name.to_owned() } else { format!("{}.{name}", import.module) };
                out.bound.extend(paths.module(file, &whole, import.level).map(|m| (m, Bound::Module)));
            }
        }
    }
    out.bound.sort_unstable();
    out.bound.dedup();
    out.by.sort_unstable();
    out.by.dedup();
    out.outside.sort_unstable();
    out.outside.dedup();
    out
}

/// Follows `from m import *` over modules.
fn follow_stars(direct: &BTreeMap<FileId, Vec<FileId>>) -> BTreeMap<FileId, Vec<FileId>> {
    let closure = |file: FileId| {
        let mut all: Vec<FileId> = Vec::new();
        let mut next = vec![file];
        let mut at = 0;
        while let Some(module) = next.get(at).copied().filter(|_| all.len() < MOST_STARRED) {
            at += 1;
            for origin in direct.get(&module).into_iter().flatten() {
                if *origin != file && !all.contains(origin) {
                    all.push(*origin);
                    next.push(*origin);
                }
            }
        }
        all
    };
    direct.keys().map(|file| (*file, closure(*file))).collect()
}

fn id(i: usize) -> FileId {
    FileId(u32::try_from(i).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outline::outline;
    use crate::source::{Kind, SourceFile, Sources};

    fn read(files: &[(&str, &str)]) -> (Paths, Imports) {
        let files = files.iter().map(|(path, text)| SourceFile::new(*path, Kind::Python, text.as_bytes().to_vec())).collect();
        let sources = Sources { roots: vec![".".to_owned()], files, ..Sources::default() };
        let outlines: Vec<Option<Outline>> = sources.files.iter().map(|f| Some(outline(&f.bytes))).collect();
        let paths = Paths::new(&sources);
        let imports = Imports::new(&paths, &outlines);
        (paths, imports)
    }

    #[test]
    fn names_are_known_wherever_imports_lead() {
        let (paths, imports) = read(&[
            ("pkg/__init__.py", "from .util import fetch as get\nfrom . import util\n"),
            ("pkg/util.py", "def fetch(): pass\n"),
            ("pkg/all.py", "from .util import *\n"),
            ("a.py", "from pkg import get\n"),
            ("b.py", "import pkg.util as u\n"),
            ("c.py", "import pkg\n"),
            ("d.py", "from pkg.all import fetch\n"),
            ("e.py", "from other import fetch\n"),
        ]);
        let util = paths.at(0, "pkg/util.py").unwrap();
        let names = [("fetch", name_hash("fetch")), ("get", name_hash("get"))];
        let known: Vec<(&str, &str)> = imports
            .knowing(util, name_hash("fetch"))
            .into_iter()
            .map(|(file, name)| (paths.path(file), names.iter().find(|n| n.1 == name).unwrap().0))
            .collect();
        let mut wanted = [
            ("pkg/__init__.py", "get"),
            ("pkg/__init__.py", "fetch"),
            ("pkg/util.py", "fetch"),
            ("pkg/all.py", "fetch"),
            ("a.py", "get"),
            ("b.py", "fetch"),
            ("c.py", "get"),
            ("d.py", "fetch"),
        ];
        let mut known = known;
        known.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(known, wanted);
        let a = paths.at(0, "a.py").unwrap();
        let package = paths.at(0, "pkg/__init__.py").unwrap();
        assert_eq!(imports.origin(a, "get"), Some((package, "get")));
        assert_eq!(imports.origin(package, "get"), Some((util, "fetch")));
        assert_eq!(imports.origin(a, "fetch"), None);
        let d = paths.at(0, "d.py").unwrap();
        assert!(imports.reached_from([d]).contains(&util) && !imports.reached_from([util]).contains(&d));
    }
}
