//! The one file that holds the entries of a tree: a heading, then for each entry its length, key, day, MAC and bytes. Bytes in, bytes out; no disk but the one
//! read. Everything in it may be damaged or forged.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::Key;

/// What a file begins with.
const HEADING: &[u8; 8] = b"pvfacts1";
/// Bytes of an entry before its value: length, key, day, MAC.
const FRONT: usize = 4 + 32 + 4 + 32;
/// Most bytes of a file.
pub const MOST: u64 = 512 << 20;
/// Days after which an entry that nothing used is forgotten.
const KEPT_DAYS: u32 = 30;

/// Entries of earlier runs, as read.
#[derive(Debug, Default)]
pub struct Old {
    bytes: Vec<u8>,
    /// By key.
    entries: Vec<Entry>,
}

/// Where an entry stands.
#[derive(Clone, Debug)]
pub struct Entry {
    key: Key,
    /// Day of its last use, counted from 1970.
    pub day: u32,
    mac: [u8; 32],
    value: Range<usize>,
}

impl Old {
    /// The entries of a file; none when it is missing, too large, or no such file. What follows the first entry that is cut short is not there.
    pub fn read(file: &Path) -> Old {
        let mut bytes = Vec::new();
        let read = std::fs::File::open(file).and_then(|f| f.take(MOST + 1).read_to_end(&mut bytes));
        if read.is_err() || bytes.len() as u64 > MOST || !bytes.starts_with(HEADING) {
            return Old::default();
        }
        let mut entries = Vec::new();
        let mut at = HEADING.len();
        while let Some((entry, end)) = entry(&bytes, at) {
            entries.push(entry);
            at = end;
        }
        entries.sort_by_key(|e| e.key);
        Old { bytes, entries }
    }
    /// All entries, by key.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
    /// The position and bytes of an entry that was written with this secret.
    pub fn find(&self, key: Key, secret: &[u8; 32]) -> Option<(usize, &[u8])> {
        let at = self.entries.binary_search_by_key(&key, |e| e.key).ok()?;
        let entry = self.entries.get(at)?;
        let value = self.bytes.get(entry.value.clone())?;
        // The comparison takes as long for any difference.
        (mac(secret, key, entry.day, value) == blake3::Hash::from(entry.mac)).then_some((at, value))
    }
}

fn entry(bytes: &[u8], at: usize) -> Option<(Entry, usize)> {
    let front = bytes.get(at..at.checked_add(FRONT)?)?;
    let (length, front) = front.split_first_chunk::<4>()?;
    let (key, front) = front.split_first_chunk::<32>()?;
    let (day, front) = front.split_first_chunk::<4>()?;
    let mac: [u8; 32] = front.try_into().ok()?;
    let start = at + FRONT;
    let end = start.checked_add(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    bytes.get(start..end)?;
    Some((Entry { key: Key(*key), day: u32::from_le_bytes(*day), mac, value: start..end }, end))
}

fn mac(secret: &[u8; 32], key: Key, day: u32, value: &[u8]) -> blake3::Hash {
    let mut hash = blake3::Hasher::new_keyed(secret);
    hash.update(&key.0);
    hash.update(&day.to_le_bytes());
    hash.update(value);
    hash.finalize()
}

/// A file of what is still wanted: what is fresh, then what is old by its last use, as far as there is room.
pub fn write(old: &Old, used: impl Fn(usize) -> bool, fresh: &BTreeMap<Key, Arc<[u8]>>, today: u32, secret: &[u8; 32]) -> Vec<u8> {
    let mut out = HEADING.to_vec();
    let mut push = |key: Key, day: u32, mac: &[u8; 32], value: &[u8]| {
        let Ok(length) = u32::try_from(value.len()) else { return };
        if (out.len() + FRONT + value.len()) as u64 > MOST {
            return;
        }
        out.extend(length.to_le_bytes());
        out.extend(key.0);
        out.extend(day.to_le_bytes());
        out.extend(mac);
        out.extend(value);
    };
    for (key, value) in fresh {
        push(*key, today, mac(secret, *key, today, value).as_bytes(), value);
    }
    let mut rest: Vec<(usize, &Entry)> = old.entries.iter().enumerate().filter(|(_, e)| !fresh.contains_key(&e.key)).collect();
    rest.sort_by_key(|(at, e)| (!used(*at), std::cmp::Reverse(e.day), e.key));
    for (at, entry) in rest {
        let Some(value) = old.bytes.get(entry.value.clone()) else { continue };
        if used(at) {
            push(entry.key, today, mac(secret, entry.key, today, value).as_bytes(), value);
        } else if entry.day.abs_diff(today) <= KEPT_DAYS {
            // Its MAC goes along as it is: a forged entry stays one.
            push(entry.key, entry.day, &entry.mac, value);
        }
    }
    out
}
