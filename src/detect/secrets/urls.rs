//! Passwords inside addresses: `scheme://user:password@host`.

use std::sync::OnceLock;

use regex::Regex;

use super::carriers::Carried;
use super::found::{Found, Spans, is_test};
use super::shape;
use crate::source::{FileId, SourceFile};

/// Addresses with a password of their own in one file.
pub fn urls(id: FileId, file: &SourceFile, texts: &[Carried]) -> Vec<Found> {
    let mut out: Vec<Found> = Vec::new();
    let mut spans = Spans::default();
    for text in texts.iter().map(|c| &c.text).filter(|t| may_match(t.as_str().as_bytes())) {
        let Some(pattern) = pattern() else { return Vec::new() };
        for captures in pattern.captures_iter(text.as_str()) {
            let (Some(scheme), Some(user), Some(password), Some(host)) = (captures.get(1), captures.get(2), captures.get(3), captures.get(4)) else {
                continue;
            };
            let range = text.range(password.start(), password.end());
            if !is_leak(user.as_str(), password.as_str(), host.as_str()) {
                continue;
            }
            let found = Found {
                file: id,
                range,
                text: password.as_str().to_owned(),
                name: format!("the password of a {}:// address", scheme.as_str()),
                cause: format!("{}://{}", scheme.as_str(), host.as_str()),
                doubts: if is_test(&file.path) { vec!["stands in test code".to_owned()] } else { Vec::new() },
                minor: false,
                made_for_tests: false,
                reaches: None,
            };
            if spans.take(range) {
                out.push(found);
            }
        }
    }
    out
}

fn pattern() -> Option<&'static Regex> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let text = r#"\b([a-z][a-z0-9+.-]{1,20})://([^\s:/@"'`<>{}$\\]{0,64}):([^\s:/@"'`<>{}$\\]{8,128})@([A-Za-z0-9.-]+)"#;
    PATTERN.get_or_init(|| Regex::new(text).ok()).as_ref()
}

/// A cheap necessary condition: what may be a user, and what may be a password, up to an `@`.
pub fn may_match(bytes: &[u8]) -> bool {
    let is_part =
        |b: &&u8| !matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b':' | b'/' | b'@' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'{' | b'}' | b'$' | b'\\');
    // Characters of up to four bytes.
    let part = |from: usize, most: usize| bytes.get(from..).unwrap_or_default().iter().take(4 * most + 1).take_while(is_part).count();
    memchr::memmem::find_iter(bytes, b"://").any(|at| {
        let user = at + 3 + part(at + 3, 64);
        let password = bytes.get(user) == Some(&b':');
        let end = user + 1 + if password { part(user + 1, 128) } else { 0 };
        password && end > user + 8 && bytes.get(end) == Some(&b'@')
    })
}

fn is_leak(user: &str, password: &str, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let nearby = !host.contains('.') || ["localhost", "127.", "0.0.0.0", "10.", "192.168."].iter().any(|h| host.starts_with(h));
    let example =
        ["example.", ".example", "host.docker.internal", "acme.", "domain.", "your"].iter().any(|h| host.contains(h)) || host.starts_with("host.");
    let secret = shape::is_key(password) || shape::is_password(password) && !nearby;
    secret && !example && user != password
}
