//! The walk: which files are candidates, and what is left out. Looks at names and file types; opens only `.gitignore` files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::Options;
use super::kind::{self, Named};
use crate::notice::{Notice, NoticeKind};
use crate::source::Kind;

/// A file to read.
#[derive(Debug)]
pub struct Candidate {
    /// Real path, free of links in its directories.
    pub location: PathBuf,
    /// Project root: nearest directory above with `.git` or `.github`, else the scanned directory.
    pub root: PathBuf,
    /// Top of the repository (nearest `.git` at or above the scanned path), else the scanned directory: what SARIF paths start from.
    pub top: PathBuf,
    /// Settled by the name, or to be asked of the first line.
    pub kind: Option<Kind>,
    /// Bytes, as the directory says.
    pub size: u64,
    /// The git object that holds it, where it is not read from disk.
    pub object: Option<String>,
}

/// Counts of what was left out, told in one notice each.
#[derive(Debug, Default)]
pub struct Left {
    ignored_files: usize,
    ignored_directories: usize,
    /// Directories of installed packages.
    pub environments: usize,
    nested: usize,
    /// Links that lead nowhere inside.
    pub outside_links: usize,
    special: usize,
    unlisted: Vec<String>,
    unknown: Vec<String>,
    over: usize,
    /// Generic data files over their cap.
    pub data: usize,
    /// Root and path of files that nothing reads but that stand in the tree.
    pub unread: Vec<(PathBuf, PathBuf)>,
}

/// Most files taken up; a tree with more is no source tree.
const MOST_FILES: usize = 400_000;

/// Most paths of unread files kept.
const MOST_UNREAD: usize = 100_000;

/// Collects the candidates under a directory. `at` is a real path.
pub fn directory(at: &Path, options: &Options, found: &mut BTreeMap<PathBuf, Candidate>, left: &mut Left) {
    let top = nearest(at, &[".git"]).unwrap_or_else(|| at.to_owned());
    let root = nearest(at, &[".git", ".github"]).unwrap_or_else(|| at.to_owned());
    let rules = if options.no_ignore { None } else { above(&top, at) };
    let is_tracked =
        |path: &Path, is_dir: bool| options.tracked.iter().any(|t| if is_dir { t.directories.contains(path) } else { t.files.contains(path) });
    // In a directory that an ignore rule names, only what git keeps all the same is read.
    let mut todo = vec![(at.to_owned(), Rc::new(root), rules, false)];
    while let Some((directory, root, rules, only_tracked)) = todo.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else {
            left.unlisted.push(directory.to_string_lossy().into_owned());
            continue;
        };
        let mut entries: Vec<_> = entries.flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        let has = |name: &str| entries.iter().any(|e| e.file_name() == name);
        if has("pyvenv.cfg") && !options.no_ignore && directory != at {
            left.environments += 1;
            continue;
        }
        if options.one_repository && has(".git") && directory != top {
            left.nested += 1;
            continue;
        }
        let root = if has(".git") || has(".github") { Rc::new(directory.clone()) } else { root };
        let rules = if options.no_ignore { None } else { with(&directory, has(".gitignore"), has(".git"), rules) };
        for entry in entries {
            let path = entry.path();
            let Ok(file_type) = entry.file_type() else { continue };
            let is_dir = file_type.is_dir();
            if is_dir && entry.file_name() == ".git" {
                continue;
            }
            let named = if is_dir { Named::No } else { kind::by_name(&path) };
            if !is_dir && named == Named::No {
                if file_type.is_file()
                    && left.unread.len() < MOST_UNREAD
                    && (!(only_tracked || ignored(&rules, &path, false)) || is_tracked(&path, false))
                {
                    left.unread.push((root.as_ref().clone(), path));
                }
                continue;
            }
            let is_ignored = only_tracked || ignored(&rules, &path, is_dir);
            if is_ignored && !is_tracked(&path, is_dir) {
                left.ignored_directories += usize::from(is_dir);
                left.ignored_files += usize::from(!is_dir && named != Named::AskShebang);
                continue;
            }
            if is_dir {
                if entry.file_name() == "node_modules" && !options.no_ignore {
                    left.environments += 1;
                } else {
                    todo.push((path, Rc::clone(&root), rules.clone(), is_ignored));
                }
            } else if file_type.is_symlink() {
                link(&path, &root, &top, named, found, left);
            } else if file_type.is_file() {
                let size = entry.metadata().map(|m| m.len()).unwrap_or_default();
                take(path, &root, &top, named, size, found, left);
            } else if named != Named::AskShebang {
                left.special += 1;
            }
        }
    }
}

/// Takes one file that was named on the command line, ignore rules or not.
pub fn single(path: &Path, found: &mut BTreeMap<PathBuf, Candidate>, left: &mut Left) {
    let parent = path.parent().unwrap_or(path);
    let top = nearest(parent, &[".git"]).unwrap_or_else(|| parent.to_owned());
    let root = nearest(parent, &[".git", ".github"]).unwrap_or_else(|| parent.to_owned());
    let named = kind::by_name(path);
    if named == Named::No {
        left.unknown.push(path.to_string_lossy().into_owned());
        return;
    }
    let size = path.metadata().map(|m| m.len()).unwrap_or_default();
    take(path.to_owned(), &root, &top, named, size, found, left);
}

fn take(location: PathBuf, root: &Path, top: &Path, named: Named, size: u64, found: &mut BTreeMap<PathBuf, Candidate>, left: &mut Left) {
    let kind = match named {
        Named::Kind(kind) => Some(kind),
        Named::AskShebang => None,
        Named::No => return,
    };
    if found.len() >= MOST_FILES && !found.contains_key(&location) {
        left.over += 1;
        return;
    }
    let candidate = Candidate { location: location.clone(), root: root.to_owned(), top: top.to_owned(), kind, size, object: None };
    found.insert(location, candidate);
}

/// A link is read only where it gives a kind to a file of the same root that has none by its own name; anything else inside is read at its own place.
fn link(path: &Path, root: &Path, top: &Path, named: Named, found: &mut BTreeMap<PathBuf, Candidate>, left: &mut Left) {
    let Named::Kind(_) = named else { return };
    let Ok(real) = path.canonicalize() else {
        left.outside_links += 1;
        return;
    };
    if !real.starts_with(root) {
        left.outside_links += 1;
        return;
    }
    let Ok(meta) = real.metadata() else { return };
    if meta.is_file() && kind::by_name(&real) == Named::No {
        take(real, root, top, named, meta.len(), found, left);
    }
}

fn nearest(at: &Path, marks: &[&str]) -> Option<PathBuf> {
    at.ancestors().find(|d| marks.iter().any(|m| d.join(m).exists())).map(Path::to_owned)
}

/// Ignore rules of a directory, and of those above it.
struct Rules {
    own: Vec<Gitignore>,
    parent: Option<Rc<Rules>>,
}

/// The rules of the directories from the top of the repository down to the scanned directory, itself apart.
fn above(top: &Path, at: &Path) -> Option<Rc<Rules>> {
    let mut between: Vec<&Path> = at.ancestors().skip(1).take_while(|d| d.starts_with(top)).collect();
    between.reverse();
    between.into_iter().fold(None, |rules, d| with(d, d.join(".gitignore").is_file(), d.join(".git").exists(), rules))
}

fn with(directory: &Path, has_file: bool, has_git: bool, parent: Option<Rc<Rules>>) -> Option<Rc<Rules>> {
    let mut own = Vec::new();
    let mut load = |file: PathBuf| {
        let regular = file.symlink_metadata().is_ok_and(|m| m.is_file() && m.len() < 1 << 20);
        let mut builder = GitignoreBuilder::new(directory);
        if regular && builder.add(file).is_none() {
            own.extend(builder.build().ok().filter(|g| !g.is_empty()));
        }
    };
    if has_file {
        load(directory.join(".gitignore"));
    }
    if has_git {
        load(directory.join(".git").join("info").join("exclude"));
    }
    if own.is_empty() { parent } else { Some(Rc::new(Rules { own, parent })) }
}

fn ignored(rules: &Option<Rc<Rules>>, path: &Path, is_dir: bool) -> bool {
    let mut at = rules.as_ref();
    while let Some(rules) = at {
        for own in &rules.own {
            match own.matched(path, is_dir) {
                ignore::Match::Ignore(_) => return true,
                ignore::Match::Whitelist(_) => return false,
                ignore::Match::None => {}
            }
        }
        at = rules.parent.as_ref();
    }
    false
}

impl Left {
    /// One notice for each reason.
    pub fn notices(self) -> Vec<Notice> {
        let mut out = Vec::new();
        let mut say = |kind, text: String| out.push(Notice { file: None, range: None, kind, text });
        if self.ignored_files + self.ignored_directories > 0 {
            let (files, directories) = (count(self.ignored_files, "file"), count(self.ignored_directories, "directory"));
            say(NoticeKind::LeftOut, format!("{files} and {directories} named by .gitignore are left out; --no-ignore reads them"));
        }
        if self.environments > 0 {
            let n = count(self.environments, "directory");
            say(NoticeKind::LeftOut, format!("{n} of installed packages left out; --no-ignore reads them"));
        }
        if self.nested > 0 {
            let n =
                count(self.nested, "submodule or nested repository").replace("submodule or nested repositories", "submodules or nested repositories");
            say(NoticeKind::LeftOut, format!("{n} not compared: a revision of this repository holds no files of it"));
        }
        if self.outside_links > 0 {
            say(NoticeKind::LeftOut, format!("{} out of the tree, or to nothing, not followed", count(self.outside_links, "symbolic link")));
        }
        if self.special > 0 {
            say(NoticeKind::LeftOut, format!("{} not opened: pipes, sockets or devices", count(self.special, "special file")));
        }
        if self.data > 0 {
            say(NoticeKind::LeftOut, format!("{} too large to be configuration left out", count(self.data, "data file")));
        }
        if self.over > 0 {
            say(NoticeKind::Limit, format!("more than {MOST_FILES} files: {} left out", self.over));
        }
        for path in self.unlisted {
            say(NoticeKind::Unreadable, format!("{path} cannot be listed"));
        }
        for path in self.unknown {
            say(NoticeKind::LeftOut, format!("{path} is of no kind that pipevet reads"));
        }
        out
    }
}

fn count(n: usize, what: &str) -> String {
    match (n, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        _ => format!("{n} {what}s"),
    }
}
