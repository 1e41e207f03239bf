//! Facts that an earlier run read out of the same bytes. Off unless asked for; an entry that is missing, damaged, foreign or forged is simply not there.
//!
//! While a tree is scanned this is a lookup in memory: it is read from the disk before ([`Cache::open`]) and written after ([`Cache::save`]). Entries carry
//! a MAC whose key only this user can read, because whoever can write an entry decides what a file is taken to say. Knows no row and no rule.

mod pack;
mod place;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::extract;
use crate::facts::FileFacts;
use crate::source::Kind;
use pack::Old;
pub use place::default_directory;

/// What facts are found by: the bytes, what reads them and which parts of them, and who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key([u8; 32]);

/// A hash of bytes, taken once for all parts that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content([u8; 32]);

impl Content {
    /// The hash of a file.
    pub fn of(bytes: &[u8]) -> Content {
        Content(*blake3::hash(bytes).as_bytes())
    }
    /// The key of the facts of these parts, ascending (none for kinds that are read whole).
    pub fn key(self, kind: Kind, parts: &[usize]) -> Key {
        let mut hash = blake3::Hasher::new();
        hash.update(b"pipevet facts ");
        hash.update(env!("CARGO_PKG_VERSION").as_bytes());
        hash.update(&extract::VERSION.to_le_bytes());
        hash.update(&self.0);
        // The name of a kind says how often it occurs: no two are the beginning of one another with what follows.
        hash.update(format!("{kind:?}/").as_bytes());
        for part in parts {
            hash.update(&(*part as u64).to_le_bytes());
        }
        Key(*hash.finalize().as_bytes())
    }
}

/// Facts of one scanned tree, as far as they were read before or are read now.
#[derive(Debug, Default)]
pub struct Cache {
    place: Option<Place>,
    old: Old,
    used: Vec<AtomicBool>,
    fresh: Mutex<BTreeMap<Key, Arc<[u8]>>>,
}

/// Where entries are kept between runs.
#[derive(Debug)]
struct Place {
    directory: PathBuf,
    file: PathBuf,
    secret: [u8; 32],
}

impl Cache {
    /// The cache of a tree, `of` being its real path, in a directory that only this user can write; both are made where they are missing. An error says,
    /// for people, why there can be none.
    pub fn open(directory: PathBuf, of: &[PathBuf]) -> Result<Cache, String> {
        let directory = place::prepare(&directory, of)?;
        let secret = place::secret(&directory)?;
        let mut name = blake3::Hasher::new();
        for path in of {
            name.update(path.as_os_str().as_encoded_bytes());
            name.update(&[0]);
        }
        let name: String = name.finalize().to_hex().chars().take(32).collect();
        let file = directory.join(format!("{name}.facts"));
        let old = Old::read(&file);
        let used = old.entries().map(|_| AtomicBool::new(false)).collect();
        Ok(Cache { place: Some(Place { directory, file, secret }), old, used, fresh: Mutex::default() })
    }
    /// A cache that ends with the run: two revisions of one tree share most of their files.
    pub fn in_memory() -> Cache {
        Cache::default()
    }
    /// Facts that were read before.
    pub fn get(&self, key: Key) -> Option<FileFacts> {
        let old = self.place.as_ref().and_then(|p| self.old.find(key, &p.secret));
        if let Some((at, bytes)) = old {
            let facts = postcard::from_bytes(bytes).ok()?;
            self.used.get(at)?.store(true, Ordering::Relaxed);
            return Some(facts);
        }
        let fresh = self.fresh.lock().ok()?.get(&key).map(Arc::clone)?;
        postcard::from_bytes(&fresh).ok()
    }
    /// Keeps facts for the next run.
    pub fn put(&self, key: Key, facts: &FileFacts) {
        if let (Ok(bytes), Ok(mut fresh)) = (postcard::to_stdvec(facts), self.fresh.lock()) {
            fresh.insert(key, bytes.into());
        }
    }
    /// Writes what is new, and forgets what was not used for long. An error says, for people, what went wrong; nothing is lost by it but time.
    pub fn save(&self) -> Result<(), String> {
        let Some(Place { directory, file, secret }) = &self.place else { return Ok(()) };
        let today = place::today();
        let fresh = self.fresh.lock().map_err(|_| "a thread broke".to_owned())?;
        let used = |at: usize| self.used.get(at).is_some_and(|u| u.load(Ordering::Relaxed));
        // Days are brought up to date now and then, not in every run.
        let worn = self.old.entries().enumerate().any(|(at, e)| used(at) && e.day.abs_diff(today) >= 7);
        if fresh.is_empty() && !worn {
            return Ok(());
        }
        let bytes = pack::write(&self.old, used, &fresh, today, secret);
        place::replace(file, &bytes).map_err(|e| format!("{}: {e}", file.display()))?;
        place::prune(directory, file);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
