//! Git objects: trees and blobs of revisions, tracked files, which commit a change starts from. Reads only; git itself is never run, and of its
//! configuration only what the repository says of its own form.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::config::{self, Files};
use crate::discover::Tracked;
use crate::discover::tree::{Entry, Tree};

/// A repository on disk.
pub struct Repository {
    inner: gix::ThreadSafeRepository,
    /// Its top directory, a real path.
    pub top: PathBuf,
}

/// A commit, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its name.
    pub id: ObjectId,
    /// How it was asked for and its short name, for people: `main (1a2b3c4d5e6f)`.
    pub shown: String,
}

impl Repository {
    /// The repository that a directory or file lies in; `None` when it lies in none.
    pub fn around(path: &Path) -> anyhow::Result<Option<Repository>> {
        let real = path.canonicalize().with_context(|| path.display().to_string())?;
        let Some(top) = real.ancestors().find(|d| d.join(".git").exists()) else { return Ok(None) };
        // Nothing outside the repository has a say: no configuration of the machine or user, no variable.
        let inner = gix::ThreadSafeRepository::open_opts(top, gix::open::Options::isolated())
            .map_err(|e| anyhow::anyhow!("{}: not a git repository that can be read: {e}", top.display()))?;
        Ok(Some(Repository { inner, top: top.to_owned() }))
    }
    /// What git keeps in the working tree, by the index.
    pub fn tracked(&self) -> anyhow::Result<Tracked> {
        let index = self.inner.to_thread_local().index_or_empty()?;
        let paths = index.entries().iter().filter(|e| !e.mode.is_submodule()).map(|e| e.path(&index).to_str_lossy().into_owned());
        Ok(Tracked::new(self.top.clone(), paths))
    }
    /// The commit that a revision names. `HEAD` of a repository without commits is `None`.
    pub fn commit(&self, revision: &str) -> anyhow::Result<Option<Commit>> {
        let repository = self.inner.to_thread_local();
        if revision == "HEAD" && repository.head().is_ok_and(|h| h.is_unborn()) {
            return Ok(None);
        }
        let found = repository.rev_parse_single(revision.as_bytes().as_bstr()).ok().and_then(|id| id.object().ok()?.peel_to_commit().ok());
        match found {
            Some(commit) => Ok(Some(named(revision, commit.id))),
            None if self.is_shallow() => bail!(
                "the revision `{revision}` is not here, because this is a shallow clone; fetch it (`git fetch --deepen=100 origin`, or `fetch-depth: 0` \
                 at actions/checkout), then run again"
            ),
            None => bail!("there is no revision `{revision}` in {}", self.top.display()),
        }
    }
    /// Where a change to `head` that is meant for `base` starts: their merge base. Comparing with `base` itself would call everything fixed that
    /// landed there meanwhile.
    pub fn start_of(&self, base: &Commit, head: &Commit) -> anyhow::Result<Commit> {
        let repository = self.inner.to_thread_local();
        match repository.merge_base(base.id, head.id) {
            Ok(id) => match id {
                Some(id) if id == base.id => Ok(base.clone()),
                Some(id) => Ok(named(&format!("merge base of {}", base.shown), id.detach())),
                None if self.is_shallow() => bail!(self.shallow(base)),
                // Histories that share nothing have no better start than the other tree.
                None => Ok(base.clone()),
            },
            Err(_) if self.is_shallow() => bail!(self.shallow(base)),
            Err(e) => bail!("the history between {} and {} cannot be read: {e}", base.shown, head.shown),
        }
    }
    fn shallow(&self, base: &Commit) -> String {
        format!(
            "where this change left {} cannot be told, because this is a shallow clone; deepen it (`git fetch --unshallow`, or `fetch-depth: 0` at \
             actions/checkout), then run again",
            base.shown
        )
    }
    /// Whether commits of the history are left out of this clone.
    pub fn is_shallow(&self) -> bool {
        self.inner.to_thread_local().is_shallow().unwrap_or(false)
    }
    /// Parents of a commit, first first.
    pub fn parents(&self, commit: &Commit) -> Vec<ObjectId> {
        let repository = self.inner.to_thread_local();
        repository.find_commit(commit.id).map(|c| c.parent_ids().map(|p| p.detach()).collect()).unwrap_or_default()
    }
    /// The files of a commit.
    pub fn tree(&self, commit: &Commit) -> anyhow::Result<Revision<'_>> {
        let repository = self.inner.to_thread_local();
        let lost = || format!("the files of {} cannot be read; is this a partial clone?", commit.shown);
        let tree = repository.find_commit(commit.id).and_then(|c| c.tree()).with_context(lost)?;
        let records = tree.traverse().breadthfirst.files().with_context(lost)?;
        let mut entries: Vec<Entry> = records
            .into_iter()
            .filter(|e| e.mode.is_blob_or_symlink())
            .map(|e| Entry { path: e.filepath.to_str_lossy().into_owned(), link: e.mode.is_link(), id: e.oid.to_string() })
            // A tree that git made holds no such names; one that was made by hand leads nowhere outside.
            .filter(|e| e.path.split('/').all(|part| !matches!(part, "" | "." | "..")))
            .collect();
        entries.sort();
        Ok(Revision { repository: &self.inner, entries, shown: commit.shown.clone() })
    }
    /// The tree without a file: what a repository without commits is compared with.
    pub fn nothing(&self) -> Revision<'_> {
        Revision { repository: &self.inner, entries: Vec::new(), shown: "a repository without commits".to_owned() }
    }
}

fn named(asked: &str, id: ObjectId) -> Commit {
    let short = id.to_hex_with_len(12).to_string();
    let shown = if asked.starts_with(&short) { short } else { format!("{asked} ({short})") };
    Commit { id, shown }
}

/// The files of a commit, read as they are asked for.
pub struct Revision<'r> {
    repository: &'r gix::ThreadSafeRepository,
    entries: Vec<Entry>,
    shown: String,
}

/// Policy of a revision: what its tree holds, and nothing outside.
impl Files for Revision<'_> {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        let Ok(at) = self.entries.binary_search_by(|e| e.path.as_str().cmp(path)) else { return Ok(None) };
        let Some(entry) = self.entries.get(at).filter(|e| !e.link) else { return Ok(None) };
        if self.size(&entry.id)? > config::MOST {
            return Err(format!("is larger than {} MiB", config::MOST >> 20));
        }
        String::from_utf8(Tree::read(self, &entry.id)?).map(Some).map_err(|_| "is not UTF-8 text".to_owned())
    }
    fn list(&self, directory: &str) -> Result<Vec<config::Entry>, String> {
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let inside = self.entries.iter().filter(|e| !e.link).filter_map(|e| e.path.strip_prefix(&prefix));
        let names: BTreeSet<config::Entry> = inside
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => config::Entry { name: name.to_owned(), directory: true },
                None => config::Entry { name: rest.to_owned(), directory: false },
            })
            .collect();
        if names.is_empty() { Err(format!("there is no such directory in {}", self.shown)) } else { Ok(names.into_iter().collect()) }
    }
    fn shown(&self, path: &str) -> String {
        format!("{path} in {}", self.shown)
    }
}

impl Tree for Revision<'_> {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }
    fn read(&self, id: &str) -> Result<Vec<u8>, String> {
        let id = ObjectId::from_hex(id.as_bytes()).map_err(|e| e.to_string())?;
        let repository = self.repository.to_thread_local();
        let mut object = repository.find_object(id).map_err(|_| "its object is not here; is this a partial clone?".to_owned())?;
        Ok(std::mem::take(&mut object.data))
    }
    fn size(&self, id: &str) -> Result<u64, String> {
        let id = ObjectId::from_hex(id.as_bytes()).map_err(|e| e.to_string())?;
        Ok(self.repository.to_thread_local().find_header(id).map_err(|e| e.to_string())?.size())
    }
}
