//! What differs between two trees of files: renames and added lines. Compares bytes; knows no language and no finding.

use std::collections::{BTreeMap, BTreeSet};

use imara_diff::{Algorithm, Diff, InternedInput};

use crate::source::{SourceFile, Sources};

/// Least share of equal lines, in hundredths, for a file to be another one's new name; what git takes by default.
const ALIKE: usize = 50;
/// Most pairs of files that are held against each other line by line.
const MOST_PAIRS: usize = 10_000;
/// Most bytes that are, all pairs together: a change of many large files is no rename, and must not hold a run up.
const MOST_BYTES: usize = 128 << 20;

/// Whether both trees hold the same files.
pub fn equal(head: &Sources, base: &Sources) -> bool {
    let same = |(h, b): (&SourceFile, &SourceFile)| h.uri == b.uri && h.kind == b.kind && h.bytes == b.bytes;
    head.files.len() == base.files.len() && head.unread == base.unread && head.files.iter().zip(&base.files).all(same)
}

/// Paths that only `head` has, with the paths that only `base` has and that they were: equal bytes first, then the most alike.
pub fn renamed(head: &Sources, base: &Sources) -> BTreeMap<String, String> {
    let paths = |of: &Sources| of.files.iter().map(|f| f.uri.clone()).collect::<BTreeSet<_>>();
    let (there, here) = (paths(base), paths(head));
    let mut gone: Vec<&SourceFile> = base.files.iter().filter(|f| !here.contains(&f.uri)).collect();
    let mut new: Vec<&SourceFile> = head.files.iter().filter(|f| !there.contains(&f.uri)).collect();
    let mut out = BTreeMap::new();
    let mut twins: BTreeMap<&[u8], Vec<&SourceFile>> = BTreeMap::new();
    gone.iter().filter(|g| !g.bytes.is_empty()).for_each(|g| twins.entry(&g.bytes).or_default().push(g));
    let mut moved: BTreeSet<&str> = BTreeSet::new();
    new.retain(|n| {
        let Some(same) = twins.get_mut(n.bytes.as_slice()).filter(|same| !same.is_empty()) else { return true };
        let at = same.iter().position(|g| n.uri.rsplit('/').next() == g.uri.rsplit('/').next()).unwrap_or_default();
        let was = same.remove(at);
        moved.insert(&was.uri);
        out.insert(n.uri.clone(), was.uri.clone());
        false
    });
    gone.retain(|g| !moved.contains(g.uri.as_str()));
    let bytes = |files: &[&SourceFile]| files.iter().map(|f| f.bytes.len()).sum::<usize>();
    let work = bytes(&new).saturating_mul(gone.len()).saturating_add(bytes(&gone).saturating_mul(new.len()));
    if new.len().saturating_mul(gone.len()) > MOST_PAIRS || work > MOST_BYTES {
        return out;
    }
    let mut pairs: Vec<(usize, &str, &str)> = new
        .iter()
        .flat_map(|n| gone.iter().filter(|g| g.kind == n.kind).map(|g| (alike(&g.bytes, &n.bytes), n.uri.as_str(), g.uri.as_str())))
        .filter(|(share, _, _)| *share >= ALIKE)
        .collect();
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.cmp(b)));
    let mut taken = BTreeSet::new();
    for (_, n, g) in pairs {
        if !out.contains_key(n) && taken.insert(g) {
            out.insert(n.to_owned(), g.to_owned());
        }
    }
    out
}

/// Hundredths of lines that two files share.
fn alike(base: &[u8], head: &[u8]) -> usize {
    let lines = |bytes: &[u8]| bytes.split(|b| *b == b'\n').count();
    let (before, after) = (lines(base), lines(head));
    // What differs too much in length cannot share enough.
    if before.min(after) * 100 < before.max(after) * ALIKE {
        return 0;
    }
    let input = InternedInput::new(base, head);
    let diff = Diff::compute(Algorithm::Histogram, &input);
    before.saturating_sub(diff.count_removals() as usize) * 100 / before.max(after)
}

/// Lines of `head` that `base` does not have, from 1, by path; files that are equal have none.
pub fn added(head: &Sources, base: &Sources, renamed: &BTreeMap<String, String>) -> BTreeMap<String, BTreeSet<u32>> {
    let there: BTreeMap<&str, &SourceFile> = base.files.iter().map(|f| (f.uri.as_str(), f)).collect();
    let mut out = BTreeMap::new();
    for file in &head.files {
        let was = there.get(renamed.get(&file.uri).unwrap_or(&file.uri).as_str()).map_or(&[] as &[u8], |f| &f.bytes);
        if was == file.bytes {
            continue;
        }
        out.insert(file.uri.clone(), new_lines(was, &file.bytes));
    }
    out
}

/// Lines of `head` that `base` does not have, from 1.
pub fn new_lines(base: &[u8], head: &[u8]) -> BTreeSet<u32> {
    let input = InternedInput::new(base, head);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    diff.hunks().flat_map(|h| h.after).map(|l| l + 1).collect()
}
