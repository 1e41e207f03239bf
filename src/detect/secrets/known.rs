//! `secret-known-format`: a token whose vendor is plain from its form.

use super::Scanner;
use super::carriers::Carried;
use super::formats::Token;
use super::found::{Found, Spans, is_test};
use crate::catalog::row::SecretCheck;
use crate::source::{FileId, Kind, Range, SourceFile};
use crate::text::Text;

/// What the formats say of a file.
pub struct Known {
    /// Tokens, in order of place.
    pub found: Vec<Found>,
    /// Where they stand, and where something has the form of a token and says itself that it is none: a wrong checksum, a published example.
    pub told: Spans,
}

/// Tokens of one file.
pub fn known(id: FileId, file: &SourceFile, texts: &[Carried], scanner: &Scanner<'_, '_>) -> Known {
    let mut all: Vec<(Found, Token)> = Vec::new();
    let mut refuted = Vec::new();
    // Of JSON a string is a text; a format that spans several (a user and a key) is read from the file.
    let whole = (file.kind == Kind::Json && scanner.formats.may_match(&file.bytes)).then(|| Text::verbatim(&file.bytes, 0));
    for text in texts.iter().map(|c| &c.text).chain(&whole) {
        for token in scanner.formats.scan(text, &file.bytes, &mut refuted) {
            if let Some(secret) = text.as_str().get(token.start..token.end) {
                all.push((found(id, file, text.range(token.start, token.end), secret.to_owned(), &token, scanner), token));
            }
        }
        if scanner.wrapped.may_match(text.as_str().as_bytes()) {
            for (token, secret, range) in scanner.wrapped.scan(text, &file.bytes, scanner.formats) {
                all.push((found(id, file, range, secret, &token, scanner), token));
            }
        }
    }
    // One place may be read in several ways, and one token may fit two formats: the verified and the tighter reading stands.
    all.sort_by_key(|(f, t)| (!t.verified, f.range.len(), f.range.start, t.format));
    let mut spans = Spans::default();
    let mut kept: Vec<Found> = all.into_iter().map(|(found, _)| found).filter(|f| spans.take(f.range)).collect();
    kept.sort_by_key(|f| f.range);
    for range in refuted {
        spans.take(range);
    }
    Known { found: kept, told: spans }
}

fn found(file: FileId, source: &SourceFile, range: Range, text: String, token: &Token, scanner: &Scanner<'_, '_>) -> Found {
    let format = scanner.formats.get(token.format);
    let mut doubts = token.doubts.clone();
    // That a key parses does not say what it opens.
    let made_for_tests = format.check == Some(SecretCheck::Pem);
    if is_test(&source.path) && (!token.verified || made_for_tests) {
        doubts.push("stands in test code".to_owned());
    }
    Found {
        file,
        range,
        text,
        name: format.title.clone(),
        cause: format.id.clone(),
        doubts,
        minor: token.minor,
        made_for_tests,
        reaches: format.reaches.clone(),
    }
}
