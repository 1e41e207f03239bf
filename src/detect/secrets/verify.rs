//! Structures of tokens that can be verified without asking anyone: checksums, encoded texts, keys, entropy. Knows no vendor.

use serde_json::{Map, Value};

use super::{checksums, shape};
use crate::catalog::row::SecretCheck;

/// A token as its pattern found it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'t> {
    /// All of it.
    pub whole: &'t [u8],
    /// The part that is random or encoded.
    pub body: &'t [u8],
    /// The bytes that follow it.
    pub after: &'t [u8],
}

/// What a structure says, when it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// What the token decodes to.
    pub text: String,
    /// The last day on which it is valid, `2026-11-23`.
    pub until: Option<String>,
    /// Why it may be less than it looks.
    pub doubt: Option<&'static str>,
    /// Whether its holder can do little with it.
    pub minor: bool,
    /// Bytes behind the token that are part of it.
    pub extra: usize,
}

impl Held {
    fn saying(text: impl Into<String>) -> Held {
        Held { text: text.into(), ..Held::default() }
    }
}

/// What the structure says, if it holds.
pub fn holds(check: SecretCheck, token: Candidate<'_>) -> Option<Held> {
    let plain = |holds: bool| holds.then(Held::default);
    match check {
        SecretCheck::Crc32Base62 => plain(checksums::crc32_base62(token.whole)),
        SecretCheck::Crc32Base36 => plain(checksums::crc32_base36(token.whole)),
        SecretCheck::Crc32Hex => plain(checksums::crc32_hex(token.whole)),
        SecretCheck::Bech32 => plain(checksums::bech32(token.whole)),
        SecretCheck::Jwt => jwt(token.whole),
        SecretCheck::Base64Json => json_object(token.body).map(|(_, text)| Held::saying(text)),
        SecretCheck::Base64Text => base64_text(token.body),
        SecretCheck::Base64Of64 => plain(is_canonical(token.body) && decode(token.body).is_some_and(|b| b.len() == 64)),
        SecretCheck::Base64Signed => signed_address(token.body),
        SecretCheck::Macaroon => macaroon(token.body),
        SecretCheck::Sas => sas(token.whole),
        SecretCheck::Pem => super::keys::pem(token.whole, token.after),
    }
}

/// Header and payload decode to JSON objects, and the header names an algorithm.
fn jwt(token: &[u8]) -> Option<Held> {
    let start = token.windows(3).position(|w| matches!(w, b"eyJ" | b"eyA" | b"ewo"))?;
    let mut parts = token.get(start..)?.split(|b| *b == b'.');
    let (header, _) = json_object(parts.next()?)?;
    let (payload, text) = json_object(parts.next()?)?;
    let signed = header.contains_key("alg") && parts.next().is_some_and(|s| s.len() >= 16);
    // What people make up to explain tokens is no token.
    (signed && !shape::is_example(&text)).then(|| {
        let until = payload.get("exp").and_then(|e| e.as_i64().or_else(|| e.as_f64().map(seconds)));
        Held { until: until.and_then(day), ..Held::saying(text) }
    })
}

#[allow(clippy::cast_possible_truncation)]
fn seconds(written: f64) -> i64 {
    // What is out of range becomes the last second there is.
    written as i64
}

/// The day of a second since 1970.
fn day(second: i64) -> Option<String> {
    jiff::Timestamp::from_second(second).ok()?.to_string().get(..10).map(str::to_owned)
}

fn json_object(base64: &[u8]) -> Option<(Map<String, Value>, String)> {
    let text = String::from_utf8(decode(base64)?).ok()?;
    Some((serde_json::from_str(&text).ok()?, text))
}

/// A readable text with `:` between its parts, the last of which could be a password. A part in the middle may be the second until which it is valid.
fn base64_text(body: &[u8]) -> Option<Held> {
    let text = String::from_utf8(decode(body)?).ok()?;
    let parts: Vec<&str> = text.split(':').collect();
    let readable = text.bytes().all(|b| b.is_ascii_graphic()) && parts.len() >= 2 && parts.iter().all(|p| !p.is_empty());
    let secret = parts.last().is_some_and(|p| p.len() >= 8 && !shape::is_example(p)) && !shape::is_reference(&text);
    let until = parts.iter().skip(1).rev().skip(1).filter(|p| p.len() == 10).find_map(|p| p.parse().ok()).filter(|s| *s > 0).and_then(day);
    (readable && secret).then(|| Held { until, ..Held::saying(text.as_str()) })
}

/// An address that is signed for some seconds from a moment on.
fn signed_address(body: &[u8]) -> Option<Held> {
    let text = String::from_utf8(decode(body)?).ok()?;
    let value = |name: &str| text.split(['&', '?']).find_map(|p| p.strip_prefix(name)?.strip_prefix('='));
    value("X-Amz-Credential")?;
    let from = value("X-Amz-Date")?;
    let part = |a: usize, b: usize| from.get(a..b);
    let moment = format!("{}-{}-{}T{}:{}:{}Z", part(0, 4)?, part(4, 6)?, part(6, 8)?, part(9, 11)?, part(11, 13)?, part(13, 15)?);
    let from: jiff::Timestamp = moment.parse().ok()?;
    let until = value("X-Amz-Expires").and_then(|s| s.parse::<i64>().ok()).and_then(|s| day(from.as_second().checked_add(s)?));
    Some(Held { until, ..Held::saying(text.as_str()) })
}

/// A version, then fields of a kind, a length and as many bytes; kind 0 ends a section and has neither. Location and identifier come first, the signature last.
fn macaroon(body: &[u8]) -> Option<Held> {
    let bytes = decode(body)?;
    let mut rest = bytes.strip_prefix(&[2])?;
    let mut location = None;
    let mut kinds = Vec::new();
    while let Some((kind, tail)) = rest.split_first() {
        kinds.push(*kind);
        rest = tail;
        if *kind == 0 {
            continue;
        }
        let (length, tail) = varint(rest)?;
        let (field, tail) = tail.split_at_checked(length)?;
        rest = tail;
        if kinds.len() == 1 {
            location = std::str::from_utf8(field).ok();
        }
        if *kind == 6 && (length != 32 || !rest.is_empty()) {
            return None;
        }
    }
    (kinds.starts_with(&[1, 2, 0]) && kinds.ends_with(&[0, 6])).then(|| Held::saying(location.unwrap_or_default()))
}

/// Seven bits in each byte, lowest first; the eighth says that more follow.
fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let length = bytes.iter().take(4).position(|b| b & 0x80 == 0)? + 1;
    let (own, rest) = bytes.split_at_checked(length)?;
    Some((own.iter().rev().fold(0, |n, b| n << 7 | usize::from(b & 0x7f)), rest))
}

/// A version that is a date, an HMAC of 32 bytes; `se` is the end, `sp` what it permits.
fn sas(query: &[u8]) -> Option<Held> {
    let text = std::str::from_utf8(query).ok()?.replace("&amp;", "&");
    let value = |name: &str| text.split(['&', '?']).find_map(|p| p.strip_prefix(name)?.strip_prefix('='));
    let date = |v: &str| {
        let shape = |(i, b): (usize, u8)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() };
        v.get(..10).filter(|d| d.bytes().enumerate().all(shape)).map(str::to_owned)
    };
    value("sv").and_then(date)?;
    let signature =
        value("sig")?.replace("%2B", "+").replace("%2b", "+").replace("%2F", "/").replace("%2f", "/").replace("%3D", "=").replace("%3d", "=");
    let holds = decode(signature.as_bytes()).is_some_and(|s| s.len() == 32);
    let reads = value("sp").is_some_and(|p| !p.is_empty() && p.bytes().all(|b| matches!(b, b'r' | b'l')));
    let doubt = reads.then_some("it lets its holder read and nothing else, as links to public data do");
    holds.then(|| Held { until: value("se").and_then(date), doubt, minor: reads, ..Held::default() })
}

/// Whether a byte can stand in base64 of one of its alphabets.
pub fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// Whether two padding characters are preceded by a character whose last four bits are none, as every encoder writes it.
fn is_canonical(text: &[u8]) -> bool {
    text.strip_suffix(b"==").and_then(<[u8]>::last).is_some_and(|b| matches!(b, b'A' | b'Q' | b'g' | b'w'))
}

/// Base64 of bytes, without padding.
pub fn encode(bytes: &[u8]) -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let n = chunk.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        (0..=chunk.len()).map(|i| char::from(digits[(n >> (18 - 6 * i) & 63) as usize])).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

/// Base64 of either alphabet, padding optional; nothing when a character is foreign.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut n) = (0u32, 0);
    for byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(digit);
        n += 6;
        if n >= 8 {
            n -= 8;
            out.push(u8::try_from((bits >> n) & 0xff).unwrap_or(0));
        }
    }
    Some(out)
}

/// Shannon entropy in bits per byte.
pub fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in text {
        counts[usize::from(*byte)] += 1;
    }
    let all = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX).max(1));
    counts.iter().filter(|c| **c > 0).map(|c| f64::from(*c) / all).map(|p| -p * p.log2()).sum()
}

/// The share of the entropy that random text of this length and alphabet could have at most; hexadecimal text is not held against base64's measure.
pub fn entropy_share(text: &[u8]) -> f64 {
    let has = |f: fn(&u8) -> bool| text.iter().any(f);
    let hex = text.iter().all(|b| b.is_ascii_hexdigit()) && !(has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase));
    let size = if hex {
        if has(u8::is_ascii_alphabetic) { 16 } else { 10 }
    } else {
        let other = |b: &u8| !b.is_ascii_alphanumeric();
        [(has(u8::is_ascii_digit), 10), (has(u8::is_ascii_lowercase), 26), (has(u8::is_ascii_uppercase), 26), (has(other), 4)]
            .iter()
            .filter_map(|(there, n)| there.then_some(*n))
            .sum()
    };
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let most = f64::from(size.min(length).max(2)).log2();
    entropy(text) / most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(check: SecretCheck, token: &str) -> Option<Held> {
        holds(check, Candidate { whole: token.as_bytes(), body: token.as_bytes(), after: b"" })
    }

    #[test]
    fn tokens_of_json_decode() {
        let header = encode(br#"{"alg":"HS256"}"#);
        let token = |payload: &str| [header.as_str(), &encode(payload.as_bytes()), "c2lnbmF0dXJlLXNpZ25hdHVyZQ"].join(".");
        let until = |payload: &str| held(SecretCheck::Jwt, &token(payload)).map(|h| h.until);
        assert_eq!(until(r#"{"sub":"1"}"#), Some(None));
        assert_eq!(until(r#"{"sub":"1","exp":1516239022}"#), Some(Some("2018-01-18".into())));
        assert_eq!(until(r#"{"sub":"1","exp":1516239022.75}"#), Some(Some("2018-01-18".into())));
        assert_eq!(until(r#"{"sub":"1","exp":1e300}"#), Some(None));
        assert_eq!(until(r#"{"sub":"1","exp":"soon"}"#), Some(None));
        assert_eq!(until(r#"{"sub":"1234567890","name":"John Doe"}"#), None);
        assert_eq!(held(SecretCheck::Jwt, "eyJhbGciOiJIUzI1NiJ9.eyJz.x"), None);
        assert_eq!(held(SecretCheck::Base64Json, "eyJhcGlfdXJsIjoiaHR0cHM6Ly9hIn0=").map(|h| h.text), Some(r#"{"api_url":"https://a"}"#.into()));
        assert_eq!(held(SecretCheck::Base64Json, "eyJhcGlfdXJs"), None);
    }

    #[test]
    fn encoded_texts_have_parts() {
        let until = |text: &str| held(SecretCheck::Base64Text, &encode(text.as_bytes())).map(|h| h.until);
        assert_eq!(until("robot:k9mPq2vX7z"), Some(None));
        assert_eq!(until("reftkn:01:1735036241:k9mPq2vX7z"), Some(Some("2024-12-24".into())));
        assert_eq!(until("reftkn:01:0000000000:k9mPq2vX7z"), Some(None));
        for no in ["robot", "robot:", ":k9mPq2vX7z", "robot:short", "user:${PASSWORD}", "user:your_password", "ro\tbot:k9mPq2vX7z"] {
            assert_eq!(until(no), None, "{no}");
        }
        let address = |tail: &str| encode(format!("bedrock.amazonaws.com/?Action=Call&X-Amz-Credential=A%2F1{tail}").as_bytes());
        let until = |tail: &str| held(SecretCheck::Base64Signed, &address(tail)).map(|h| h.until);
        assert_eq!(until("&X-Amz-Date=20250801T230000Z&X-Amz-Expires=43200"), Some(Some("2025-08-02".into())));
        assert_eq!(until("&X-Amz-Date=20250801T230000Z"), Some(None));
        assert_eq!(until("&X-Amz-Date=2025"), None);
        assert!(held(SecretCheck::Base64Of64, &(encode(&[7; 64]) + "==")).is_some());
        assert!(held(SecretCheck::Base64Of64, &(encode(&[7; 63]) + "==")).is_none());
        assert!(held(SecretCheck::Base64Of64, &("B".repeat(86) + "==")).is_none());
    }

    #[test]
    fn macaroons_are_read_to_their_end() {
        // As the format of version 2 is documented: location, identifier, a caveat, the signature.
        let section = |kind: u8, text: &[u8]| [&[kind, u8::try_from(text.len()).unwrap()], text].concat();
        let body =
            [vec![2], section(1, b"pypi.org"), section(2, &[b'7'; 36]), vec![0], section(2, b"[0, 1]"), vec![0, 0], section(6, &[9; 32])].concat();
        assert_eq!(held(SecretCheck::Macaroon, &encode(&body)).map(|h| h.text), Some("pypi.org".into()));
        for cut in [1, 10, body.len() - 1] {
            assert_eq!(held(SecretCheck::Macaroon, &encode(&body[..cut])), None, "{cut}");
        }
        assert_eq!(held(SecretCheck::Macaroon, &encode(&[&body[..], &[0]].concat())), None);
    }

    #[test]
    fn shared_signatures_say_how_long_and_for_what() {
        let sig = encode(&[7; 32]) + "%3D";
        let query = |sp: &str, se: &str| format!("sv=2023-01-03&st=2024-01-01&se={se}&sr=c&sp={sp}&sig={sig}");
        let found = held(SecretCheck::Sas, &query("racwd", "2024-05-09T00%3A00%3A00Z")).unwrap();
        assert_eq!((found.until.as_deref(), found.doubt), (Some("2024-05-09"), None));
        assert!(held(SecretCheck::Sas, &query("rl", "2024-05-09").replace('&', "&amp;")).unwrap().doubt.is_some());
        assert_eq!(held(SecretCheck::Sas, &query("r", "later")).unwrap().until, None);
        assert_eq!(held(SecretCheck::Sas, "sv=2023-01-03&sig=QUJD%3D"), None);
        assert_eq!(held(SecretCheck::Sas, &format!("sv=1&sig={sig}")), None);
    }

    #[test]
    fn entropy_is_measured_against_its_own_alphabet() {
        let table: &[(&str, bool)] = &[
            ("9f86d081884c7d659a2feaa0c55ad015", true),
            ("00000000000000000000000000000001", false),
            ("qPzLwXrTnVbYkHsDfGjMcAeRuIoWtQxZ", true),
            ("yourtokenhereyourtokenhereyourto", false),
        ];
        for (text, random) in table {
            assert_eq!(entropy_share(text.as_bytes()) > 0.75, *random, "{text} {}", entropy_share(text.as_bytes()));
        }
    }
}
