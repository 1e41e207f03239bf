//! Walks what was asked for, tells kinds apart, and reads the files. Does the only reading of scanned trees; knows no language and no rule.
//!
//! The walk never follows a link out of its tree, never opens anything but regular files, and counts what it leaves out: silence is explained.

pub mod kind;
mod media;
pub mod tree;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::notice::{Notice, NoticeKind};
use crate::source::{Cuts, FileId, Kind, Range, SourceFile, Sources};
use walk::{Candidate, Left};

/// How to walk.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Read also what `.gitignore` names, virtual environments and `node_modules`.
    pub no_ignore: bool,
    /// What git knows of the repositories that are scanned; empty where there is none, or git objects are not read.
    pub tracked: Vec<Tracked>,
    /// Keep what is no text of notebooks: positions and bytes are then those of the file, as whoever writes it needs them.
    pub whole: bool,
    /// Leave out submodules and other repositories inside, which a revision holds no files of.
    pub one_repository: bool,
}

/// What git keeps of a repository: `.gitignore` hides none of it.
#[derive(Clone, Debug, Default)]
pub struct Tracked {
    /// Top of the repository, a real path.
    pub top: PathBuf,
    /// Files, from the top, `/` between segments.
    pub files: BTreeSet<PathBuf>,
    /// Directories that hold one of the files.
    pub directories: BTreeSet<PathBuf>,
}

impl Tracked {
    /// The tracked files of a repository.
    pub fn new(top: PathBuf, files: impl IntoIterator<Item = String>) -> Tracked {
        let files: BTreeSet<PathBuf> = files.into_iter().map(|f| top.join(f)).collect();
        let directories = files.iter().flat_map(|f| f.ancestors().skip(1).take_while(|d| *d != top)).map(Path::to_owned).collect();
        Tracked { top, files, directories }
    }
}

/// A path that was asked for and cannot be scanned.
#[derive(Debug)]
pub struct BadPath {
    /// As given.
    pub path: PathBuf,
    /// Why, for people.
    pub text: String,
}

impl fmt::Display for BadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.text)
    }
}

impl std::error::Error for BadPath {}

/// Finds and reads everything under `paths` that some front end reads. Files are ordered by root, then path, whatever the order of `paths`. A bad
/// path is an error; a bad file is a notice.
pub fn discover(paths: &[PathBuf], options: &Options) -> Result<(Sources, Vec<Notice>), BadPath> {
    sifted(paths, options, &|_| true)
}

/// As [`discover`]. Of notebooks and Python files that `keeps` does not want nothing is kept but their names: their bytes are gone before the next file is read.
pub fn sifted(paths: &[PathBuf], options: &Options, keeps: &Keeps<'_>) -> Result<(Sources, Vec<Notice>), BadPath> {
    let working = std::env::current_dir().and_then(|d| d.canonicalize()).unwrap_or_default();
    let mut found: BTreeMap<PathBuf, Candidate> = BTreeMap::new();
    let mut left = Left::default();
    for path in paths {
        let bad = |text: String| BadPath { path: path.clone(), text };
        let real = path.canonicalize().map_err(|e| bad(reason(&e)))?;
        let meta = real.metadata().map_err(|e| bad(reason(&e)))?;
        if meta.is_dir() {
            walk::directory(&real, options, &mut found, &mut left);
        } else if meta.is_file() {
            walk::single(&real, &mut found, &mut left);
        } else {
            return Err(bad("neither a file nor a directory".to_owned()));
        }
    }
    let lists = lists(&found, |location| Some((location.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?.len(), None)));
    Ok(collect(found, lists, left, &working, |candidate| sift(from_disk(candidate, options.whole), candidate, keeps)))
}

/// Whether anything is to be found in a file that was read.
pub type Keeps<'a> = dyn Fn(&SourceFile) -> bool + Sync + 'a;

/// A text with a NUL byte is kept: that is told.
fn sift(outcome: Outcome, candidate: &Candidate, keeps: &Keeps<'_>) -> Outcome {
    match outcome {
        Outcome::Read(kind @ (Kind::Notebook | Kind::Python), bytes, cuts) => {
            let mut file = SourceFile::new(slashed(&candidate.location), kind, bytes);
            if keeps(&file) || file.bytes.contains(&0) {
                file.bytes.shrink_to_fit();
                return Outcome::Read(kind, file.bytes, cuts);
            }
            media::give_back(file.bytes);
            Outcome::Read(kind, Vec::new(), Cuts::default())
        }
        other => other,
    }
}

/// The lists at the tops of repositories of which only a part was asked for. `find` gives length and object of a file that is there.
fn lists(found: &BTreeMap<PathBuf, Candidate>, find: impl Fn(&Path) -> Option<(u64, Option<String>)>) -> BTreeMap<PathBuf, Candidate> {
    let tops: BTreeSet<&PathBuf> = found.values().map(|c| &c.top).collect();
    let places = tops.into_iter().flat_map(|top| kind::LISTS.map(|name| (top, top.join(name))));
    let absent = places.filter(|(_, location)| !found.contains_key(location));
    let one = |(top, location): (&PathBuf, PathBuf)| {
        let (size, object) = find(&location)?;
        let candidate = Candidate { location: location.clone(), root: top.clone(), top: top.clone(), kind: Some(Kind::Plain), size, object };
        Some((location, candidate))
    };
    absent.filter_map(one).collect()
}

/// Reads candidates and the lists beside them.
fn collect(
    found: BTreeMap<PathBuf, Candidate>,
    lists: BTreeMap<PathBuf, Candidate>,
    left: Left,
    working: &Path,
    read: impl Fn(&Candidate) -> Outcome + Sync + Send,
) -> (Sources, Vec<Notice>) {
    let (mut sources, mut notices) = in_order(found, left, working, &read);
    let (beside, unread) = in_order(lists, Left::default(), working, &read);
    sources.lists = beside.files;
    notices.extend(unread);
    (sources, notices)
}

/// Reads candidates in parallel and puts them in order.
fn in_order(
    found: BTreeMap<PathBuf, Candidate>,
    left: Left,
    working: &Path,
    read: &(impl Fn(&Candidate) -> Outcome + Sync + Send),
) -> (Sources, Vec<Notice>) {
    let mut candidates: Vec<Candidate> = found.into_values().collect();
    candidates.sort_by(|a, b| (&a.root, &a.location).cmp(&(&b.root, &b.location)));
    let read: Vec<Outcome> = candidates.par_iter().map(read).collect();
    assemble(candidates, read, left, working)
}

/// What reading a candidate gave.
enum Outcome {
    Read(Kind, Vec<u8>, Cuts),
    /// Not for us after all: no interpreter line.
    Nothing,
    Pointer,
    TooLarge(Kind, u64),
    Unreadable(String),
}

fn from_disk(candidate: &Candidate, whole: bool) -> Outcome {
    let file = match std::fs::File::open(&candidate.location) {
        Ok(file) => file,
        Err(e) => return Outcome::Unreadable(reason(&e)),
    };
    let mut reader = std::io::BufReader::with_capacity(512, &file);
    let mut bytes = Vec::new();
    let kind = match candidate.kind {
        Some(kind) => kind,
        None => {
            if let Err(e) = reader.by_ref().take(256).read_to_end(&mut bytes) {
                return Outcome::Unreadable(reason(&e));
            }
            match kind::by_shebang(&bytes) {
                Some(kind) => kind,
                None => return Outcome::Nothing,
            }
        }
    };
    let cap = kind::cap(kind);
    if kind == Kind::Notebook && !whole {
        return media::read(reader, cap).map_or_else(|e| Outcome::Unreadable(reason(&e)), |stripped| text(kind, stripped, cap));
    }
    // With its pictures a notebook is larger than the text that counts.
    let cap = if kind == Kind::Notebook { kind::WHOLE_NOTEBOOK } else { cap };
    if candidate.size > cap {
        return Outcome::TooLarge(kind, candidate.size);
    }
    bytes.reserve(usize::try_from(candidate.size).unwrap_or_default());
    // A file may grow while it is read, and a size of zero may be a lie: the cap holds for what is read as well.
    if let Err(e) = reader.take(cap + 1).read_to_end(&mut bytes) {
        return Outcome::Unreadable(reason(&e));
    }
    text(kind, media::Stripped::whole(bytes), cap)
}

/// Whether bytes are text of a kind; the cap holds for what was read as well as for what was promised.
fn text(kind: Kind, stripped: media::Stripped, cap: u64) -> Outcome {
    let bytes = &stripped.bytes;
    if bytes.len() as u64 > cap || stripped.size > u64::from(u32::MAX) {
        return Outcome::TooLarge(kind, stripped.size);
    }
    if bytes.starts_with(b"version https://git-lfs.github.com/spec/") {
        return Outcome::Pointer;
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Outcome::Unreadable("UTF-16 text; only UTF-8 is read".to_owned());
    }
    // As Git does: a NUL near the start makes it no text. Later ones are kept, so that a trailing byte cannot hide a file.
    if memchr::memchr(0, bytes.get(..8000).unwrap_or(bytes)).is_some() {
        return Outcome::Unreadable("not text: it holds NUL bytes".to_owned());
    }
    Outcome::Read(kind, stripped.bytes, stripped.cuts)
}

fn assemble(candidates: Vec<Candidate>, read: Vec<Outcome>, mut left: Left, working: &Path) -> (Sources, Vec<Notice>) {
    let mut sources = Sources::default();
    let mut notices = Vec::new();
    let mut roots: Vec<PathBuf> = Vec::new();
    for (candidate, outcome) in candidates.into_iter().zip(read) {
        let shown = shown(&candidate.location, working);
        let mut say = |kind, text: String| notices.push(Notice { file: None, range: None, kind, text });
        match outcome {
            Outcome::Nothing => {}
            Outcome::Pointer => say(NoticeKind::LeftOut, format!("{shown} is a Git LFS pointer; its content is not here")),
            Outcome::TooLarge(kind, _) if kind::is_generic(kind) => left.data += 1,
            Outcome::TooLarge(kind, size) => {
                say(
                    NoticeKind::Limit,
                    format!("{shown} is left out: {} KiB, more than the {} KiB read of such files", size / 1024, kind::cap(kind) / 1024),
                );
            }
            Outcome::Unreadable(why) => say(NoticeKind::Unreadable, format!("{shown} is not read: {why}")),
            Outcome::Read(kind, bytes, cuts) => {
                if roots.last() != Some(&candidate.root) {
                    roots.push(candidate.root.clone());
                    sources.roots.push(self::shown(&candidate.root, working));
                    sources.owners.push(owner(&candidate.root));
                }
                let path = slashed(candidate.location.strip_prefix(&candidate.root).unwrap_or(&candidate.location));
                let nul = memchr::memchr(0, &bytes);
                let mut file = SourceFile::new(path, kind, bytes);
                file.kind = kind::refine(kind, &file.path, &file.bytes);
                file.cuts = cuts;
                file.root = u32::try_from(roots.len() - 1).unwrap_or(u32::MAX);
                file.uri = slashed(candidate.location.strip_prefix(&candidate.top).unwrap_or(&candidate.location));
                file.shown = shown;
                file.location = candidate.location;
                if let Some(at) = nul {
                    let id = FileId(u32::try_from(sources.files.len()).unwrap_or(u32::MAX));
                    let text = "NUL bytes stand in this text; programs disagree on what follows them".to_owned();
                    notices.push(Notice { file: Some(id), range: Some(Range::new(at, at + 1)), kind: NoticeKind::PartlyUnderstood, text });
                }
                sources.files.push(file);
            }
        }
    }
    for (root, location) in std::mem::take(&mut left.unread) {
        if let Some(root_index) = roots.iter().position(|r| *r == root) {
            let path = slashed(location.strip_prefix(&root).unwrap_or(&location));
            sources.unread.push((u32::try_from(root_index).unwrap_or(u32::MAX), path));
        }
    }
    sources.unread.sort();
    notices.extend(left.notices());
    (sources, notices)
}

/// A path for people: relative to the working directory where it lies inside, `.` for the directory itself.
fn shown(path: &Path, working: &Path) -> String {
    match path.strip_prefix(working) {
        Ok(rest) if rest.as_os_str().is_empty() => ".".to_owned(),
        Ok(rest) => slashed(rest),
        Err(_) => slashed(path),
    }
}

fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

/// Why something on disk cannot be read, for people.
pub fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;

/// The account in the address of a root's first remote: `https://host/owner/name.git`, `git@host:owner/name`. Read as text; git is not run.
fn owner(root: &Path) -> Option<String> {
    let mut text = String::new();
    let file = std::fs::File::open(root.join(".git").join("config")).ok()?;
    file.take(64 * 1024).read_to_string(&mut text).ok()?;
    let url = text.lines().find_map(|l| l.trim().strip_prefix("url")?.trim_start().strip_prefix('='))?.trim();
    let (host, path) = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        None => url.split_once(':')?,
    };
    let host = host.rsplit('@').next()?;
    let owner = path.trim_start_matches('/').split('/').next()?;
    (!owner.is_empty() && path.contains('/')).then(|| format!("{host}/{owner}"))
}
