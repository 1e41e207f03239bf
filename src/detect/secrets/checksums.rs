//! Checksums that vendors put into their tokens. Knows no vendor.

/// The last six characters are the base-62 CRC32 of what stands between the last `_` and them.
pub fn crc32_base62(token: &[u8]) -> bool {
    let body = token.rsplit(|b| *b == b'_').next().unwrap_or(token);
    cut(body, 6).is_some_and(|(body, sum)| digits(crc32(body), 62, 6) == sum)
}

/// The last seven characters are the base-36 CRC32 of all before them.
pub fn crc32_base36(token: &[u8]) -> bool {
    cut(token, 7).is_some_and(|(body, sum)| digits(crc32(body), 36, 7).to_ascii_lowercase() == sum)
}

/// The last eight characters are the CRC32 of what stands before the last `_`, in hexadecimal, lowest byte first.
pub fn crc32_hex(token: &[u8]) -> bool {
    let Some((body, sum)) = cut(token, 8) else { return false };
    let hex: String = crc32(body.strip_suffix(b"_").unwrap_or(body)).to_le_bytes().iter().map(|b| format!("{b:02x}")).collect();
    sum.eq_ignore_ascii_case(hex.as_bytes())
}

fn cut(token: &[u8], sum: usize) -> Option<(&[u8], &[u8])> {
    token.split_at_checked(token.len().checked_sub(sum)?)
}

/// CRC-32 as in zip and PNG.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xedb8_8320 } else { c >> 1 }))
}

/// A number in so many digits, `0-9A-Za-z`.
fn digits(mut n: u32, base: u32, length: usize) -> Vec<u8> {
    let mut out = vec![b'0'; length];
    for digit in out.iter_mut().rev() {
        let d = u8::try_from(n % base).unwrap_or(0);
        *digit = match d {
            0..10 => b'0' + d,
            10..36 => b'A' + d - 10,
            _ => b'a' + d - 36,
        };
        n /= base;
    }
    out
}

/// Bech32 (BIP 173): what stands before the last `1`, and the characters behind it, of which the last six make the remainder one.
pub fn bech32(token: &[u8]) -> bool {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let token = token.to_ascii_lowercase();
    let Some(one) = token.iter().rposition(|b| *b == b'1') else { return false };
    let (name, data) = (token.get(..one).unwrap_or_default(), token.get(one + 1..).unwrap_or_default());
    let values: Option<Vec<u8>> = data.iter().map(|b| ALPHABET.iter().position(|a| a == b).and_then(|i| u8::try_from(i).ok())).collect();
    let Some(values) = values.filter(|v| v.len() > 6) else { return false };
    let name = name.iter().map(|b| b >> 5).chain([0]).chain(name.iter().map(|b| b & 31));
    name.chain(values).fold(1, remainder) == 1
}

/// One step of the division by the generator of Bech32.
fn remainder(sum: u32, value: u8) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = sum >> 25;
    let shifted = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
    GENERATOR.iter().enumerate().filter(|(i, _)| top >> i & 1 == 1).fold(shifted, |sum, (_, g)| sum ^ g)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_agree_with_published_examples() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        // The example of the vendor's announcement, of its own tests, of other scanners' tests, of the specification; each without its first letters in one.
        type Check = fn(&[u8]) -> bool;
        let table: [(Check, [&str; 2]); 5] = [
            (crc32_base62, ["ghp", "_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"]),
            (crc32_base36, ["glpat", "-bzox79Of-KE9FD2LjoXXF4CvyxA.01.0r0l8l6ir"]),
            (crc32_base36, ["glpat", "-bzox79Of-KE9FD2LjoXXF4CvyxA.0r03gxo7s"]),
            (crc32_hex, ["glsa", "_iNValIdinValiDinvalidinvalidinva_5b582697"]),
            (bech32, ["AGE-SECRET-KEY", "-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"]),
        ];
        for (check, parts) in table {
            let token = parts.concat();
            assert!(check(token.as_bytes()), "{token}");
            // No character may be another one.
            for at in [token.len() - 20, token.len() - 3] {
                let mut other = token.clone().into_bytes();
                other[at] = if other[at] == b'Q' || other[at] == b'q' { b'P' } else { b'q' };
                assert!(!check(&other), "{token} {at}");
            }
            for short in ["", "1", "x_12"] {
                assert!(!check(short.as_bytes()), "{short}");
            }
        }
    }
}
