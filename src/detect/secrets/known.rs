//! `secret-known-format`: a token whose vendor is plain from its form.

use super::Scanner;
use super::carriers::Carried;
use super::formats::Token;
use super::found::{Found, is_test, overlap};
use crate::source::{FileId, Range, SourceFile};

/// Tokens of one file, in order of place.
pub fn known(id: FileId, file: &SourceFile, texts: &[Carried], scanner: &Scanner<'_>) -> Vec<Found> {
    let mut out: Vec<(Found, Token)> = Vec::new();
    for text in texts.iter().map(|c| &c.text) {
        let bytes = text.as_str().as_bytes();
        for token in scanner.formats.scan(bytes) {
            if let Some(secret) = text.as_str().get(token.start..token.end) {
                out.push((found(id, file, text.range(token.start, token.end), secret.to_owned(), &token, scanner), token));
            }
        }
        if scanner.wrapped.may_match(bytes) {
            for (token, secret, start, end) in scanner.wrapped.scan(bytes, &scanner.formats) {
                out.push((found(id, file, text.range(start, end), secret, &token, scanner), token));
            }
        }
    }
    // One place may be read in several ways, and one token may fit two formats: the verified and the tighter reading stands.
    out.sort_by_key(|(f, t)| (!t.verified, f.range.len(), f.range.start, t.format));
    let mut kept: Vec<Found> = Vec::new();
    for (found, _) in out {
        if !kept.iter().any(|k| overlap(k, &found)) {
            kept.push(found);
        }
    }
    kept.sort_by_key(|f| f.range);
    kept
}

fn found(file: FileId, source: &SourceFile, range: Range, text: String, token: &Token, scanner: &Scanner<'_>) -> Found {
    let format = scanner.formats.get(token.format);
    let doubts = if is_test(&source.path) && !token.verified { vec!["stands in test code".to_owned()] } else { Vec::new() };
    Found { file, range, text, name: format.title.clone(), cause: format.id.clone(), doubts }
}
