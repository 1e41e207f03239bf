//! Edits in the same place, one after the other: what had to wait for others is planned again on the edited tree, so that one run leaves nothing that a second
//! one would do. Writes nothing.

use std::collections::BTreeSet;

use super::batch::{Batch, Outcome, Wanted, found, moved, once};
use crate::finding::{Alert, Edit, Location, Report};
use crate::source::{FileId, Range, Sources};

/// How often edits are planned again.
const ROUNDS: usize = 8;

/// Makes edits in `sources`, in as many rounds as it takes. `report` is what a scan of it says; `scan` looks again, with edits planned; the last scan is that
/// of the tree as it is left.
pub fn apply(sources: &mut Sources, report: &Report, wanted: &[Wanted], scan: &mut dyn FnMut(&Sources) -> Report) -> Batch {
    let mut done = once(sources, report, wanted, scan);
    let mut alerts: Vec<Alert> = wanted.iter().map(|w| w.alert.clone()).collect();
    // The edits of the last round alone, and whether the last scan is that of a tree that was put back.
    let (mut made, mut stale) = (done.edits.clone(), false);
    for _ in 0..ROUNDS {
        let now = done.after.as_ref().unwrap_or(report);
        let mut again: Vec<(usize, Wanted)> = Vec::new();
        for (i, first) in wanted.iter().enumerate() {
            let (Some(alert), Some(outcome)) = (alerts.get_mut(i), done.outcomes.get_mut(i)) else { continue };
            if *outcome != Outcome::Conflict {
                continue;
            }
            let Location { file, range } = alert.primary;
            let at = moved(made.get(&file).map(Vec::as_slice).unwrap_or_default(), range.start);
            let Some(reported) = found(now, &alert.rule, file, at) else {
                // What was done there served this one too.
                *outcome = Outcome::Made;
                continue;
            };
            *alert = reported.alert.clone();
            let files: BTreeSet<FileId> = first.repair.edits.iter().map(|e| e.at.file).collect();
            match &reported.repair {
                // Only what was allowed the first time.
                Some(Ok(repair)) if repair.safety <= first.repair.safety && repair.edits.iter().all(|e| files.contains(&e.at.file)) => {
                    again.push((i, Wanted { alert: reported.alert.clone(), repair: repair.clone() }));
                }
                Some(Err(why)) => *outcome = Outcome::Refused(why.clone()),
                _ => *outcome = Outcome::Refused("after the other edits in this place none is known".to_owned()),
            }
        }
        if again.is_empty() {
            break;
        }
        let (at, again): (Vec<usize>, Vec<Wanted>) = again.into_iter().unzip();
        let next = once(sources, now, &again, scan);
        for (i, outcome) in at.into_iter().zip(next.outcomes) {
            if let Some(slot) = done.outcomes.get_mut(i) {
                *slot = outcome;
            }
        }
        for (file, bytes) in next.before {
            let length = done.before.entry(file).or_insert(bytes).len();
            let first = done.edits.remove(&file).unwrap_or_default();
            let then = next.edits.get(&file).map(Vec::as_slice).unwrap_or_default();
            done.edits.insert(file, composed(file, &first, then, length));
        }
        (made, stale) = (next.edits, next.after.is_none());
        done.after = next.after.or(done.after);
    }
    if stale && done.after.is_some() {
        done.after = Some(scan(sources));
    }
    done
}

/// A stretch of an edited text.
#[derive(Clone, Debug)]
enum Piece {
    /// As it was, from byte to byte of the first text.
    Kept(usize, usize),
    /// Put in.
    New(String),
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Piece::Kept(start, end) => end - start,
            Piece::New(text) => text.len(),
        }
    }
    fn split(self, at: usize) -> (Piece, Piece) {
        match self {
            Piece::Kept(start, end) => (Piece::Kept(start, start + at), Piece::Kept(start + at, end)),
            Piece::New(text) => {
                (Piece::New(text.get(..at).unwrap_or_default().to_owned()), Piece::New(text.get(at..).unwrap_or_default().to_owned()))
            }
        }
    }
}

/// Edits of a text and then of what they give, as edits of the text.
fn composed(file: FileId, first: &[Edit], then: &[Edit], length: usize) -> Vec<Edit> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = 0;
    for edit in first {
        let range = edit.at.range.bounds();
        pieces.extend([Piece::Kept(at, range.start), Piece::New(edit.text.clone())]);
        at = range.end;
    }
    pieces.push(Piece::Kept(at, length.max(at)));
    pieces.reverse();
    // The next so many bytes of the edited text.
    let mut take = |mut count: usize| {
        let mut out = Vec::new();
        while count > 0 {
            let Some(piece) = pieces.pop() else { break };
            if piece.len() <= count {
                count -= piece.len();
                out.push(piece);
            } else {
                let (head, tail) = piece.split(count);
                pieces.push(tail);
                out.push(head);
                count = 0;
            }
        }
        out
    };
    let mut all = Vec::new();
    let mut at = 0;
    for edit in then {
        let range = edit.at.range.bounds();
        all.extend(take(range.start - at));
        take(range.len());
        all.push(Piece::New(edit.text.clone()));
        at = range.end;
    }
    all.extend(take(usize::MAX));
    let mut out = Vec::new();
    let (mut at, mut text) = (0, String::new());
    for piece in all.into_iter().chain([Piece::Kept(length, length)]) {
        match piece {
            Piece::New(new) => text.push_str(&new),
            Piece::Kept(start, end) if start < end || start == length => {
                if at < start || !text.is_empty() {
                    out.push(Edit { at: Location { file, range: Range::new(at, start) }, text: std::mem::take(&mut text) });
                }
                at = end;
            }
            Piece::Kept(..) => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fix::batch::with_edits;

    /// Edits of a text of a length, in order, none over another.
    fn edits(length: usize, places: &[(usize, usize, String)]) -> Vec<Edit> {
        let mut at = 0;
        let mut out = Vec::new();
        for (skip, len, text) in places {
            let start = at + skip;
            let end = start + len;
            if end > length {
                break;
            }
            if *len > 0 || !text.is_empty() {
                out.push(Edit { at: Location { file: FileId(0), range: Range::new(start, end) }, text: text.clone() });
            }
            // Two that put something in one place would have no order.
            at = end + 1;
        }
        out
    }

    proptest! {
        #[test]
        fn composed_edits_give_what_one_after_the_other_does(
            old in "[a-e]{0,30}",
            first in prop::collection::vec((0usize..6, 0usize..5, "[v-z]{0,4}"), 0..5),
            then in prop::collection::vec((0usize..6, 0usize..5, "[V-Z]{0,4}"), 0..5),
        ) {
            let first = edits(old.len(), &first);
            let middle = with_edits(old.as_bytes(), &first);
            let then = edits(middle.len(), &then);
            let wanted = with_edits(&middle, &then);
            let both = composed(FileId(0), &first, &then, old.len());
            prop_assert!(both.windows(2).all(|p| p[0].at.range.end <= p[1].at.range.start));
            prop_assert_eq!(with_edits(old.as_bytes(), &both), wanted);
        }
    }
}
