//! Private keys in PEM: what stands between header and footer, and whether that is a key. Knows no vendor.

use super::verify::{Held, decode, entropy, is_base64};

/// Longest private key that is followed, in bytes of text.
const LONGEST_KEY: usize = 16 << 10;

/// A key, given its header and what follows: a body that decodes to a key, and a footer.
pub fn pem(header: &[u8], after: &[u8]) -> Option<Held> {
    let window = after.get(..LONGEST_KEY).unwrap_or(after);
    let footer = window.windows(9).position(|w| w == b"-----END ")?;
    let body = window.get(..footer)?;
    let dashes = window.get(footer + 9..)?.windows(5).position(|w| w == b"-----")?;
    let base64 = base64_of(body);
    let key = decode(&base64)?;
    let has = |text: &[u8], word: &[u8]| text.windows(word.len()).any(|w| w == word);
    // Before there was a format for it, keys were encrypted as a whole, and a header of theirs says so.
    let encrypted = if has(body, b"ENCRYPTED") { Some(true) } else { structure(header, &key, &has) };
    let doubt = encrypted?.then_some("it is encrypted: it takes its passphrase as well");
    (key.len() >= 40 && entropy(&base64) >= 4.0).then(|| Held { doubt, extra: footer + 9 + dashes + 5, ..Held::default() })
}

/// Base64 of a body. Lines may be joined by real or escaped line ends, and each may stand in quotes of its own.
fn base64_of(body: &[u8]) -> Vec<u8> {
    let mut base64 = Vec::with_capacity(body.len());
    let mut bytes = body.iter().copied().peekable();
    let mut header = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                while bytes.next_if_eq(&b'\\').is_some() {}
                header &= bytes.next_if(|b| matches!(b, b'n' | b'r' | b't')).is_none();
            }
            b'\n' => header = false,
            // A header: what stood before it on the line is its name, what follows its value.
            b':' => {
                base64.clear();
                header = true;
            }
            b if !header && is_base64(b) && !matches!(b, b'-' | b'_') => base64.push(b),
            _ => {}
        }
    }
    base64
}

/// Whether a key is encrypted; nothing when the bytes are no key of the kind that its header names.
fn structure(header: &[u8], key: &[u8], has: &dyn Fn(&[u8], &[u8]) -> bool) -> Option<bool> {
    if has(header, b"PGP") {
        // A packet: its first bit is set.
        return key.first().filter(|b| **b & 0x80 != 0).map(|_| false);
    }
    if let Some(rest) = key.strip_prefix(b"openssh-key-v1\0") {
        // The name of a cipher, behind its length.
        return Some(rest.get(4..8) != Some(b"none"));
    }
    // A sequence as long as the text: a version and the key, or the algorithm by which it is encrypted.
    let inside = sequence(key)?;
    match inside {
        [0x02, 0x01, 0 | 1, 0x02 | 0x04 | 0x30, ..] => Some(false),
        [0x30, ..] => Some(true),
        _ => None,
    }
}

/// The content of a DER sequence that ends where the bytes end.
fn sequence(der: &[u8]) -> Option<&[u8]> {
    let (length, rest) = der.strip_prefix(&[0x30])?.split_first()?;
    let (length, content) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x83 => {
            let (bytes, content) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b)), content)
        }
        _ => return None,
    };
    (content.len() == length).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::super::verify::encode;
    use super::*;

    /// No key: noise from a counter.
    fn noise(n: u32) -> Vec<u8> {
        (0..n).map(|i| (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect()
    }

    /// The body of a key and its footer, in lines with `separator` between them.
    fn text(key: &[u8], separator: &str) -> String {
        let lines: Vec<String> = encode(key).as_bytes().chunks(64).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
        format!("{separator}{}{separator}-----END PRIVATE KEY-----\"", lines.join(separator))
    }

    #[test]
    fn keys_need_a_body_that_is_one() {
        let pkcs8 = [&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20][..], &noise(32)].concat();
        let rsa = [&[0x30, 0x81, 0x96, 2, 1, 0, 2, 0x81, 0x40][..], &noise(144)].concat();
        let sec1 = [&[0x30, 0x77, 2, 1, 1, 4, 0x20][..], &noise(114)].concat();
        let sealed = [&[0x30, 0x76, 0x30, 0x40, 6, 9][..], &noise(114)].concat();
        let openssh = |cipher: &str| [b"openssh-key-v1\0\0\0\0\x04", cipher.as_bytes(), &noise(90)].concat();
        let pgp = [&[0x95][..], &noise(120)].concat();
        let table: [(&str, Vec<u8>, Option<bool>); 9] = [
            ("", pkcs8.clone(), Some(false)),
            ("RSA ", rsa, Some(false)),
            ("EC ", sec1, Some(false)),
            ("ENCRYPTED ", sealed, Some(true)),
            ("OPENSSH ", openssh("none"), Some(false)),
            ("OPENSSH ", openssh("aes256-ctr"), Some(true)),
            ("PGP ", pgp.clone(), Some(false)),
            ("", pgp, None),
            ("", pkcs8[..45].to_vec(), None),
        ];
        for (kind, key, encrypted) in table {
            for separator in ["\n", "\\n", "\\\\n\",\n \""] {
                let text = text(&key, separator);
                let found = pem(format!("-----BEGIN {kind}PRIVATE KEY-----").as_bytes(), text.as_bytes());
                assert_eq!(found.as_ref().map(|f| f.doubt.is_some()), encrypted, "{kind} {separator:?}");
                assert!(found.is_none_or(|f| f.extra == text.len() - 1), "{kind} {separator:?}");
            }
        }
        let old = format!("\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n{}", text(&noise(96), "\n"));
        assert!(pem(b"-----BEGIN RSA PRIVATE KEY-----", old.as_bytes()).is_some_and(|f| f.doubt.is_some()));
        assert_eq!(pem(b"-----BEGIN PRIVATE KEY-----", b"\n...\n-----END PRIVATE KEY-----"), None);
        assert_eq!(pem(b"-----BEGIN PRIVATE KEY-----", b"\nMII"), None);
    }
}
