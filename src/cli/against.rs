//! Which trees a run reads: the working tree alone, or a change and the base it is held against. Puts git objects and comparing together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::args::Check;
use super::disk::{Disk, slashed};
use super::knowledge::Origin;
use super::policy_changes::policy_changes;
use crate::config::{Config, Files};
use crate::discover::{self, Options, discover};
use crate::finding::PolicyChange;
use crate::notice::{Notice, NoticeKind};
use crate::platform::git::{Commit, Repository, Revision};
use crate::platform::{changed, event};
use crate::source::Sources;

/// What a change is held against.
pub struct Against {
    repository: Repository,
    /// The base; `None` is a repository without commits, in which everything is new.
    pub base: Option<Commit>,
    /// The revision that is scanned, when it is not the working tree.
    head: Option<Commit>,
    /// Whether the change is an outsider's, so that policy is the base's.
    pub outsider: bool,
    paths: Vec<PathBuf>,
}

/// Both trees of a comparison.
pub struct Trees {
    /// The change.
    pub head: Sources,
    /// What was left out of it.
    pub notices: Vec<Notice>,
    /// The base.
    pub base: Sources,
    /// Whether they hold the same files.
    pub equal: bool,
    /// Paths of the change and those they had in the base.
    pub renamed: BTreeMap<String, String>,
}

/// What to compare with: `--base`, else what the event of this run says; `None` when nothing does.
pub fn against(check: &Check) -> anyhow::Result<Option<Against>> {
    let change = event::of_this_run()?;
    if check.base.is_none() && change.is_none() {
        return Ok(None);
    }
    let mut repositories = Vec::new();
    for path in &check.paths {
        match Repository::around(path)? {
            Some(repository) => repositories.push(repository),
            None if check.base.is_none() => return Ok(None),
            None => bail!("--base compares revisions of a git repository, and {} lies in none", path.display()),
        }
    }
    let Some(repository) = repositories.pop() else { return Ok(None) };
    if let Some(other) = repositories.iter().find(|r| r.top != repository.top) {
        bail!("--base compares one repository, and these paths lie in two: {} and {}", other.top.display(), repository.top.display());
    }
    let asked = check.head.as_deref().unwrap_or("HEAD");
    let Some(head) = repository.commit(asked)? else {
        let paths = real(&check.paths)?;
        return Ok(Some(Against { repository, base: None, head: None, outsider: false, paths }));
    };
    let base = match (&check.base, &change) {
        (Some(revision), _) => match repository.commit(revision)? {
            Some(base) => Some(repository.start_of(&base, &head)?),
            None => None,
        },
        (None, Some(change)) => Some(start(&repository, change, &head)?),
        (None, None) => None,
    };
    let outsider = check.base_policy || change.as_ref().is_some_and(|c| c.fork);
    let paths = real(&check.paths)?;
    Ok(Some(Against { repository, base, head: check.head.as_ref().map(|_| head), outsider, paths }))
}

/// Where the change of an event starts. What is checked out for it is its merge into the target branch, unless the workflow says otherwise: the first
/// parent of that merge is then all that is needed, and the newest there is.
fn start(repository: &Repository, change: &event::Change, head: &Commit) -> anyhow::Result<Commit> {
    let parents = repository.parents(head);
    if let [first, second] = parents.as_slice()
        && change.head == second.to_string().as_str()
    {
        let found = repository.commit(&first.to_string());
        if let Ok(Some(commit)) = found {
            return Ok(Commit { shown: format!("{} ({})", change.base_ref, commit.shown), ..commit });
        }
        bail!(
            "the base of this change is not here, because this is a shallow clone: give actions/checkout `fetch-depth: 2` (or 0), so that the commit \
             before the change comes along"
        );
    }
    let Some(base) = repository.commit(&change.base)? else { bail!("the event names no base") };
    let base = Commit { shown: format!("{} ({})", change.base_ref, base.shown), ..base };
    repository.start_of(&base, head)
}

fn real(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    paths.iter().map(|p| p.canonicalize().map_err(|e| anyhow::anyhow!("{}: {e}", p.display()))).collect()
}

impl Against {
    /// The base, for people.
    pub fn shown(&self) -> String {
        self.base.as_ref().map_or_else(|| "a repository without commits".to_owned(), |c| c.shown.clone())
    }
    /// Finds the files of both sides.
    pub fn revisions(&self) -> anyhow::Result<Revisions<'_>> {
        let base = match &self.base {
            Some(commit) => self.repository.tree(commit)?,
            None => self.repository.nothing(),
        };
        let head = self.head.as_ref().map(|commit| self.repository.tree(commit)).transpose()?;
        Ok(Revisions { against: self, base, head })
    }
}

/// The files of both sides, not yet read.
pub struct Revisions<'a> {
    against: &'a Against,
    base: Revision<'a>,
    /// The revision that is scanned, when it is not the working tree.
    head: Option<Revision<'a>>,
}

impl Revisions<'_> {
    /// Where policy is read: an outsider's change has no say in it before it is merged.
    pub fn policy(&self) -> Origin<'_> {
        let top = self.against.repository.top.as_path();
        match &self.head {
            _ if self.against.outsider => Origin::Revision(&self.base, top),
            Some(head) => Origin::Revision(head, top),
            None => Origin::Disk,
        }
    }
    /// Reads both trees.
    pub fn trees(&self, check: &Check) -> anyhow::Result<Trees> {
        let Against { repository, paths, outsider, .. } = self.against;
        let options = Options { no_ignore: check.no_ignore, one_repository: true, whole: false, tracked: vec![repository.tracked()?] };
        let (base, _) = discover::tree::discover(&self.base, &repository.top, paths, &options);
        let (head, mut notices) = match &self.head {
            Some(head) => discover::tree::discover(head, &repository.top, paths, &options),
            None => discover(&check.paths, &options)?,
        };
        let equal = changed::equal(&head, &base);
        if equal && *outsider {
            let text = "what is checked out is the base itself: nothing of the change is compared (check out its head)".to_owned();
            notices.push(Notice { file: None, range: None, kind: NoticeKind::Policy, text });
        }
        let renamed = if equal { BTreeMap::new() } else { changed::renamed(&head, &base) };
        Ok(Trees { head, notices, base, equal, renamed })
    }
    /// What the change writes into files of policy, whether or not it has a say.
    pub fn policy_changes(&self, config: &Config) -> Vec<PolicyChange> {
        let disk = Disk::at(&self.against.repository.top);
        let head: &dyn Files = self.head.as_ref().map_or(&disk, |h| h);
        let top = &self.against.repository.top;
        let scanned: Vec<String> = self.against.paths.iter().map(|p| slashed(p.strip_prefix(top).unwrap_or(Path::new("")))).collect();
        policy_changes(&self.base, head, &scanned, &config.rules)
    }
}

/// What git keeps of the repositories around paths; a repository that cannot be read is a notice.
pub fn tracked(paths: &[PathBuf]) -> (Vec<discover::Tracked>, Vec<Notice>) {
    let mut out: Vec<discover::Tracked> = Vec::new();
    let mut notices = Vec::new();
    for path in paths {
        let found = match Repository::around(path) {
            Ok(Some(repository)) if out.iter().any(|t| t.top == repository.top) => continue,
            Ok(Some(repository)) => repository.tracked(),
            Ok(None) => continue,
            Err(e) => Err(e),
        };
        match found {
            Ok(tracked) => out.push(tracked),
            Err(e) => {
                let text = format!("what git keeps is not known, so .gitignore may hide some of it: {e:#}");
                notices.push(Notice { file: None, range: None, kind: NoticeKind::Unreadable, text });
            }
        }
    }
    (out, notices)
}
