//! Structures of tokens that can be verified without asking anyone: checksums, encoded JSON, PEM bodies, entropy. Knows no vendor.

use crate::catalog::row::SecretCheck;

/// Whether the structure holds. `token` is what the pattern matched, `after` the bytes that follow it (PEM bodies).
pub fn holds(check: SecretCheck, token: &[u8], after: &[u8]) -> bool {
    match check {
        SecretCheck::Crc32Base62 => crc32_base62(token),
        SecretCheck::Jwt => jwt(token),
        SecretCheck::Base64Json => json_object(token.rsplit(|b| !is_base64(*b)).next().unwrap_or(token)).is_some(),
        SecretCheck::Pem => pem_end(after).is_some(),
    }
}

/// The last six characters are the base-62 CRC32 of what stands between the last `_` and them.
fn crc32_base62(token: &[u8]) -> bool {
    let body = token.rsplit(|b| *b == b'_').next().unwrap_or(token);
    let Some((body, sum)) = body.len().checked_sub(6).and_then(|cut| body.split_at_checked(cut)) else { return false };
    base62(crc32(body)).as_slice() == sum
}

/// CRC-32 as in zip and PNG.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xedb8_8320 } else { c >> 1 }))
}

/// Six digits, `0-9A-Za-z`.
pub fn base62(mut n: u32) -> [u8; 6] {
    let mut out = [b'0'; 6];
    for digit in out.iter_mut().rev() {
        let d = u8::try_from(n % 62).unwrap_or(0);
        *digit = match d {
            0..10 => b'0' + d,
            10..36 => b'A' + d - 10,
            _ => b'a' + d - 36,
        };
        n /= 62;
    }
    out
}

/// Header and payload decode to JSON objects, and the header names an algorithm.
fn jwt(token: &[u8]) -> bool {
    let Some(start) = token.windows(3).position(|w| w == b"eyJ") else { return false };
    let mut parts = token.get(start..).unwrap_or_default().split(|b| *b == b'.');
    let header = parts.next().and_then(json_object).is_some_and(|h| h.contains_key("alg"));
    header && parts.next().is_some_and(|p| json_object(p).is_some()) && parts.next().is_some_and(|s| s.len() >= 16)
}

fn json_object(base64: &[u8]) -> Option<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_slice(&decode(base64)?).ok()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
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

/// Longest private key that is followed, in bytes of text.
const LONGEST_KEY: usize = 16 << 10;

/// Where the footer of a private key ends, given what follows its header: a body that decodes to a key must stand between.
pub fn pem_end(after: &[u8]) -> Option<usize> {
    let window = after.get(..LONGEST_KEY).unwrap_or(after);
    let footer = window.windows(9).position(|w| w == b"-----END ")?;
    let body = window.get(..footer)?;
    let mut base64 = Vec::with_capacity(body.len());
    // Lines may be joined by real or escaped line ends, and each may stand in quotes of its own.
    let mut bytes = body.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                while bytes.next_if_eq(&b'\\').is_some() {}
                bytes.next_if(|b| matches!(b, b'n' | b'r' | b't'));
            }
            b':' => base64.clear(),
            b if is_base64(b) && !matches!(b, b'-' | b'_') => base64.push(b),
            _ => {}
        }
    }
    let der = decode(&base64)?;
    let key = der.starts_with(b"\x30") || der.starts_with(b"openssh-key-v1") || der.first().is_some_and(|b| b & 0x80 != 0);
    let dashes = window.get(footer + 9..)?.windows(5).position(|w| w == b"-----")?;
    (key && der.len() >= 40 && entropy(&base64) >= 4.0).then_some(footer + 9 + dashes + 5)
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

    #[test]
    fn checksums_agree_with_the_published_example() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        // The example token of the vendor's announcement, without its prefix.
        let token = ["ghp", "_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"].concat();
        assert!(holds(SecretCheck::Crc32Base62, token.as_bytes(), b""));
        assert!(!holds(SecretCheck::Crc32Base62, token.replace("0mLq", "0mLp").as_bytes(), b""));
        assert!(!holds(SecretCheck::Crc32Base62, b"x_12", b""));
    }

    #[test]
    fn tokens_of_json_decode() {
        let token = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxIn0", "c2lnbmF0dXJlLXNpZ25hdHVyZQ"].join(".");
        assert!(holds(SecretCheck::Jwt, token.as_bytes(), b""));
        assert!(!holds(SecretCheck::Jwt, b"eyJhbGciOiJIUzI1NiJ9.eyJz.x", b""));
        assert!(holds(SecretCheck::Base64Json, b"eyJhcGlfdXJsIjoiaHR0cHM6Ly9hIn0=", b""));
        assert!(!holds(SecretCheck::Base64Json, b"eyJhcGlfdXJs", b""));
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

    #[test]
    fn keys_need_a_body_that_decodes() {
        // No key: a SEQUENCE tag and noise from a counter.
        let noise: Vec<u8> = std::iter::once(0x30).chain((0..120u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])).collect();
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut body = String::new();
        for chunk in noise.chunks(3) {
            let n = chunk.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
            (0..=chunk.len()).for_each(|i| body.push(char::from(digits[(n >> (18 - 6 * i) & 63) as usize])));
        }
        let end = "-----END PRIVATE KEY-----";
        for (sep, good) in [("\n", true), ("\\n", true), ("\\\\n\",\n \"", true)] {
            let text = format!(
                "{sep}{}{sep}{end}\"",
                body.as_bytes().chunks(64).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join(sep)
            );
            assert_eq!(pem_end(text.as_bytes()).map(|e| e == text.len() - 1), Some(good), "{sep:?}");
        }
        assert_eq!(pem_end(format!("\n...\n{end}").as_bytes()), None);
        assert_eq!(pem_end(b"\nMII"), None);
    }
}
