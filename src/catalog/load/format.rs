//! Token formats of row files: the keys of `secret` rows.

use crate::catalog::fields::{Fault, Fields, Read, Value, fraction, one_of, text, texts};
use crate::catalog::row::{SecretCheck, SecretFormat};
use regex::bytes::{Regex, RegexBuilder};

/// The pattern of a row, ready to match. ASCII alone: Unicode tables make patterns slow to compile, and no token needs them.
///
/// # Errors
/// When it is no regular expression, or one that takes more than 4 MiB.
pub fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).unicode(false).size_limit(4 << 20).build()
}

/// The keys of a `secret` row; other rows have none of them. `user` marks rows that are not built in.
pub fn format(kind: &'static str, fields: &Fields<'_>, user: bool) -> Read<SecretFormat> {
    let format = SecretFormat {
        id: String::new(),
        title: fields.read("title", text)?.unwrap_or_default(),
        keywords: fields.read("keywords", texts)?.unwrap_or_default(),
        pattern: fields.read("pattern", text)?.unwrap_or_default(),
        near: fields.read("near", texts)?.unwrap_or_default(),
        public: fields.read("public", texts)?.unwrap_or_default(),
        check: fields.read("check", |v| one_of(v, &CHECKS))?,
        entropy: fields.read("entropy", hundredths)?.unwrap_or(0),
        reaches: fields.read("reaches", text)?,
        environment: fields.read("environment", text)?,
        lives: fields.read("lives", text)?,
    };
    if kind != "secret" {
        let own = ["title", "keywords", "pattern", "near", "public", "check", "entropy", "reaches", "environment", "lives"];
        return match own.into_iter().find(|k| fields.has(k)) {
            Some(key) => Err(Fault::new(format!("`{key}` belongs to `secret` rows")).under(key)),
            None => Ok(format),
        };
    }
    if format.title.is_empty() || format.pattern.is_empty() || format.keywords.is_empty() {
        return Err(Fault::new("a secret needs `title`, `keywords` and `pattern`").under(kind));
    }
    for (key, words) in [("keywords", &format.keywords), ("near", &format.near), ("public", &format.public)] {
        if words.iter().any(String::is_empty) {
            return Err(Fault::new("an empty text stands everywhere").under(key));
        }
    }
    // Compiling takes longer than all else that loading does; that those built in compile is a test.
    if user {
        compile(&format.pattern).map_err(|e| Fault::new(format!("`pattern` is no regular expression: {e}")).under("pattern"))?;
    }
    let variable =
        |v: &str| v.starts_with(|c: char| c.is_ascii_uppercase()) && v.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if format.environment.as_deref().is_some_and(|v| !variable(v)) {
        return Err(Fault::new("`environment` is the name of a variable: capitals, digits and `_`").under("environment"));
    }
    Ok(format)
}

const CHECKS: [(&str, SecretCheck); 12] = [
    ("crc32-base62", SecretCheck::Crc32Base62),
    ("crc32-base36", SecretCheck::Crc32Base36),
    ("crc32-hex", SecretCheck::Crc32Hex),
    ("bech32", SecretCheck::Bech32),
    ("jwt", SecretCheck::Jwt),
    ("base64-json", SecretCheck::Base64Json),
    ("base64-text", SecretCheck::Base64Text),
    ("base64-of-64", SecretCheck::Base64Of64),
    ("base64-signed", SecretCheck::Base64Signed),
    ("macaroon", SecretCheck::Macaroon),
    ("sas", SecretCheck::Sas),
    ("pem", SecretCheck::Pem),
];

fn hundredths(value: &Value) -> Read<u32> {
    let n = fraction(value).filter(|n| (0.0..=8.0).contains(n)).ok_or_else(|| Fault::new("expected bits per character, 0 to 8"))?;
    // The bound above keeps the product far inside the type.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Ok((n * 100.0).round() as u32)
}
