//! `secret-known-format`: a token whose vendor is plain from its form.

use rayon::prelude::*;

use super::carriers;
use super::formats::{Formats, Token};
use super::found::{Found, is_allowed, is_test};
use crate::facts::FileFacts;
use crate::source::{FileId, Kind, SourceFile};
use crate::text::Text;

/// Tokens of all files, in order of file and place.
pub fn known<'f>(files: &[(FileId, &'f SourceFile, &'f FileFacts)], formats: &Formats<'_>) -> Vec<Found> {
    files.par_iter().flat_map_iter(|(id, file, facts)| in_file(*id, file, facts, formats)).collect()
}

pub fn in_file(id: FileId, file: &SourceFile, facts: &FileFacts, formats: &Formats<'_>) -> Vec<Found> {
    let mut out: Vec<(Found, Token)> = Vec::new();
    // Of JSON a string is a text; a format that spans several (a user and a key) is read from the file.
    let whole = (file.kind == Kind::Json && formats.may_match(&file.bytes)).then(|| Text::verbatim(&file.bytes, 0));
    for text in carriers::texts(file, facts, &|t| formats.may_match(t)).into_iter().chain(whole) {
        for token in formats.scan(&text, &file.bytes) {
            if let Some(found) = found(id, file, &text, &token, formats)
                && !is_allowed(file, found.range)
            {
                out.push((found, token));
            }
        }
    }
    // One place may be read in several ways, and one token may fit two formats: the verified and the tighter reading stands.
    out.sort_by_key(|(f, t)| (!t.verified, f.range.len(), f.range.start, t.format));
    let mut kept: Vec<Found> = Vec::new();
    for (found, _) in out {
        if !kept.iter().any(|k| super::found::overlap(k, &found)) {
            kept.push(found);
        }
    }
    kept.sort_by_key(|f| f.range);
    kept
}

fn found(file: FileId, source: &SourceFile, text: &Text, token: &Token, formats: &Formats<'_>) -> Option<Found> {
    let format = formats.get(token.format);
    let secret = text.as_str().get(token.start..token.end)?.to_owned();
    let range = text.range(token.start, token.end);
    let mut doubts = token.doubts.clone();
    if is_test(&source.path) && !token.verified {
        doubts.push("stands in test code".to_owned());
    }
    Some(Found { file, range, text: secret, name: format.title.clone(), cause: format.id.clone(), doubts, expired: token.expired })
}
