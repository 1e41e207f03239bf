//! Whether a run uses facts of earlier runs, and where they lie. The only place that knows the option and the variable.

use std::path::PathBuf;

use super::args::Check;
use super::disk::Disk;
use crate::cache::{Cache, default_directory};
use crate::finding::Report;
use crate::notice::{Notice, NoticeKind};

/// Names the directory of the cache, and switches it on, except where a change is compared.
const VARIABLE: &str = "PIPEVET_CACHE_DIR";

/// The cache that the call or the environment asks for. With a base only the call can: an entry decides what a file is taken to say, and whoever can write
/// entries must not be whoever is being looked at. Why there is none is a notice.
pub fn open(check: &Check, notices: &mut Vec<Notice>) -> Option<Cache> {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let directory = match &check.cache {
        Some(named) if !named.as_os_str().is_empty() => Some(named.clone()),
        Some(_) => variable(VARIABLE).or_else(|| default_directory(variable)),
        None => Some(variable(VARIABLE)?),
    };
    let tops = check.paths.iter().filter_map(|p| Disk::around(p)).map(|(disk, _)| disk.top().to_owned());
    let opened = match directory {
        Some(directory) => Cache::open(directory, &tops.collect::<Vec<_>>()),
        None => Err("no directory is known for it: name one with --cache=DIR".to_owned()),
    };
    opened.map_err(|why| notices.push(notice(format!("no cache is used: {why}")))).ok()
}

/// The cache of a comparison: both trees share most of their files, whether or not anything is kept.
#[cfg(feature = "git")]
pub fn for_comparison(check: &Check, notices: &mut Vec<Notice>) -> Cache {
    check.cache.as_ref().and_then(|_| open(check, notices)).unwrap_or_else(Cache::in_memory)
}

/// Keeps what was read for the next run.
pub fn save(cache: Option<&Cache>, report: &mut Report) {
    if let Some(Err(why)) = cache.map(Cache::save) {
        report.notices.push(notice(format!("nothing is kept for the next run: {why}")));
        report.notices.sort();
    }
}

fn notice(text: String) -> Notice {
    Notice { file: None, range: None, kind: NoticeKind::Limit, text }
}
