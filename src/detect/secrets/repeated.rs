//! The same secret at several places of a file. What one edit removes is one finding: all that one output of a cell holds of it. Other places are findings
//! of their own, for each wants an edit of its own; they name each other, because the secret is revoked once. Tells nothing of the secret.

use std::collections::BTreeMap;

use crate::finding::{Hop, Location};
use crate::source::{FileId, Sources};

use super::found::{Found, Place};

/// Places that one finding names, at most.
const MOST: usize = 10;

/// For each secret the other places that its finding names, or nothing where another one's finding speaks for it.
pub fn repeated(all: &[Found], places: &[Place], vouched: &[Option<String>], sources: &Sources) -> Vec<Option<Vec<Hop>>> {
    let mut out: Vec<Option<Vec<Hop>>> = vec![Some(Vec::new()); all.len()];
    let mut by_value: BTreeMap<(FileId, &str), Vec<usize>> = BTreeMap::new();
    for (i, found) in all.iter().enumerate().filter(|(_, f)| !f.text.is_empty()) {
        by_value.entry((found.file, &found.text)).or_default().push(i);
    }
    let at = |i: usize| all.get(i).map(|f| Location { file: f.file, range: f.range });
    for same in by_value.into_values().filter(|s| s.len() > 1) {
        let mut speakers: BTreeMap<_, usize> = BTreeMap::new();
        let mut own: Vec<usize> = Vec::new();
        for i in same {
            let (Some(found), Some(place)) = (all.get(i), places.get(i)) else { continue };
            // Reports mask a secret as it stands in the file: another spelling speaks for itself.
            let spelled = sources.file(found.file).text_at(found.range);
            let key = place.output.map(|output| (output, spelled, &found.cause, vouched.get(i)));
            match key.map(|key| *speakers.entry(key).or_insert(i)).filter(|first| *first != i) {
                Some(first) => {
                    name(&mut out, first, at(i), "the same value, in the same output");
                    if let Some(slot) = out.get_mut(i) {
                        *slot = None;
                    }
                }
                None => own.push(i),
            }
        }
        let Some((first, others)) = own.split_first() else { continue };
        for i in others {
            name(&mut out, *first, at(*i), "the same value");
            name(&mut out, *i, at(*first), "the same value, for the first time");
        }
    }
    out
}

fn name(out: &mut [Option<Vec<Hop>>], of: usize, at: Option<Location>, text: &str) {
    let hops = out.get_mut(of).and_then(Option::as_mut).filter(|hops| hops.len() < MOST);
    if let (Some(hops), Some(at)) = (hops, at) {
        hops.push(Hop { at, text: text.to_owned() });
    }
}
