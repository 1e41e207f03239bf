//! The files of a revision, found and read as a walk on disk would, but from git objects. Knows what a tree holds, not how git keeps it.
//!
//! Nothing of a revision is ignored: what `.gitignore` names and git keeps all the same is part of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::kind::{self, Named};
use super::walk::{Candidate, Left};
use super::{Options, Outcome, collect, lists, media, text};
use crate::notice::Notice;
use crate::source::{Kind, Sources};

/// A revision's files.
pub trait Tree: Sync {
    /// Every file and link, sorted by path.
    fn entries(&self) -> &[Entry];
    /// Bytes of an object; an error says why there are none.
    fn read(&self, id: &str) -> Result<Vec<u8>, String>;
    /// Length of an object in bytes.
    fn size(&self, id: &str) -> Result<u64, String>;
}

/// A file or link of a revision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// From the top of the repository, `/` between segments.
    pub path: String,
    /// Whether it is a symbolic link; its object then holds the path it leads to.
    pub link: bool,
    /// Name of its object.
    pub id: String,
}

/// Finds and reads what lies under `paths` in a revision; paths are real ones inside `top`. Files keep the places they would have on disk.
pub fn discover(tree: &dyn Tree, top: &Path, paths: &[PathBuf], options: &Options) -> (Sources, Vec<Notice>) {
    let working = std::env::current_dir().and_then(|d| d.canonicalize()).unwrap_or_default();
    let mut found: BTreeMap<PathBuf, Candidate> = BTreeMap::new();
    let mut left = Left::default();
    let by_path: BTreeMap<&str, &Entry> = tree.entries().iter().map(|e| (e.path.as_str(), e)).collect();
    let marked: BTreeSet<&str> = tree.entries().iter().filter_map(|e| above(&e.path, ".github")).collect();
    let installed: BTreeSet<&str> = tree.entries().iter().filter_map(|e| e.path.strip_suffix("/pyvenv.cfg")).collect();
    let mut left_out: BTreeSet<&str> = BTreeSet::new();
    for entry in tree.entries() {
        let location = top.join(&entry.path);
        if !paths.iter().any(|p| location.starts_with(p)) {
            continue;
        }
        if !options.no_ignore
            && let Some(directory) = above(&entry.path, "node_modules").or_else(|| parents(&entry.path).find(|d| installed.contains(d)))
        {
            left_out.insert(directory);
            continue;
        }
        let root = parents(&entry.path).find(|d| marked.contains(d)).map_or_else(|| top.to_owned(), |d| top.join(d));
        let named = kind::by_name(&location);
        if entry.link {
            let Named::Kind(_) = named else { continue };
            let Some(real) = follow(tree, entry, &by_path) else {
                left.outside_links += 1;
                continue;
            };
            if kind::by_name(Path::new(&real.path)) == Named::No {
                take(tree, real, top, &root, named, &mut found);
            }
        } else if named == Named::No {
            left.unread.push((root, location));
        } else {
            take(tree, entry, top, &root, named, &mut found);
        }
    }
    left.environments += left_out.len();
    let lists = lists(&found, |location| {
        let path = location.strip_prefix(top).ok()?.to_str()?;
        let entry = by_path.get(path).filter(|e| !e.link)?;
        Some((tree.size(&entry.id).unwrap_or_default(), Some(entry.id.clone())))
    });
    collect(found, lists, left, &working, |candidate| from_object(tree, candidate))
}

fn take(tree: &dyn Tree, entry: &Entry, top: &Path, root: &Path, named: Named, found: &mut BTreeMap<PathBuf, Candidate>) {
    let kind = match named {
        Named::Kind(kind) => Some(kind),
        Named::AskShebang => None,
        Named::No => return,
    };
    let (location, size) = (top.join(&entry.path), tree.size(&entry.id).unwrap_or_default());
    let candidate = Candidate { location: location.clone(), root: root.to_owned(), top: top.to_owned(), kind, size, object: Some(entry.id.clone()) };
    found.insert(location, candidate);
}

fn from_object(tree: &dyn Tree, candidate: &Candidate) -> Outcome {
    if let Some(kind) = candidate.kind
        && candidate.size > kind::cap(kind)
    {
        return Outcome::TooLarge(kind, candidate.size);
    }
    // Without a kind of its own it is a script or nothing, and no script is larger than the cap of scripts.
    if candidate.kind.is_none() && candidate.size > kind::cap(Kind::Shell) {
        return Outcome::Nothing;
    }
    let bytes = match tree.read(candidate.object.as_deref().unwrap_or_default()) {
        Ok(bytes) => bytes,
        Err(why) => return Outcome::Unreadable(why),
    };
    match candidate.kind.or_else(|| kind::by_shebang(bytes.get(..256).unwrap_or(&bytes))) {
        Some(Kind::Notebook) => {
            let mut stripped = media::read(bytes.as_slice(), kind::cap(Kind::Notebook));
            stripped.iter_mut().for_each(|s| s.bytes.shrink_to_fit());
            stripped.map_or_else(|e| Outcome::Unreadable(super::reason(&e)), |stripped| text(Kind::Notebook, stripped, kind::cap(Kind::Notebook)))
        }
        Some(kind) => text(kind, media::Stripped::whole(bytes), kind::cap(kind)),
        None => Outcome::Nothing,
    }
}

/// Directories above a path, nearest first.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').map(|(at, _)| path.get(..at).unwrap_or_default())
}

/// The directory that holds a directory of this name on the way to a path; empty for the top.
fn above<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    parents(path).find_map(|d| if d == name { Some("") } else { d.strip_suffix(name)?.strip_suffix('/') })
}

/// Most links followed one after the other, as systems do.
const MOST_LINKS: usize = 40;

/// The file that a link leads to, inside the tree.
fn follow<'t>(tree: &dyn Tree, link: &'t Entry, by_path: &BTreeMap<&str, &'t Entry>) -> Option<&'t Entry> {
    let mut at = link;
    for _ in 0..MOST_LINKS {
        if !at.link {
            return Some(at);
        }
        let target = String::from_utf8(tree.read(&at.id).ok()?).ok()?;
        let mut segments: Vec<&str> = at.path.split('/').collect();
        segments.pop();
        for part in target.split('/') {
            match part {
                "" if target.starts_with('/') => return None,
                "" | "." => {}
                ".." => drop(segments.pop()?),
                part => segments.push(part),
            }
        }
        at = by_path.get(segments.join("/").as_str())?;
    }
    None
}
