//! What a text looks like: an example, a name, a reference, or something random enough to open a door. Knows no vendor and no language.

use super::verify::{decode, entropy, entropy_share};

/// Words that people write where a secret would stand.
const EXAMPLE_WORDS: [&str; 29] = [
    "example",
    "placeholder",
    "dummy",
    "sample",
    "changeme",
    "change_me",
    "change-me",
    "redacted",
    "insert",
    "replace",
    "yourtoken",
    "yourkey",
    "your_",
    "your-",
    "my_token",
    "mytoken",
    "token_here",
    "tokenhere",
    "key_here",
    "keyhere",
    "secret_here",
    "foobar",
    "notareal",
    "not_a_real",
    "not-a-real",
    "testtest",
    "fake",
    "xxxx",
    "deadbeef",
];

/// Whether a token is an example: a telling word, a character repeated, letters or digits in order.
pub fn is_example(token: &str) -> bool {
    let lower = token.to_ascii_lowercase();
    // In long tokens a short word turns up by chance.
    let least = if lower.len() > 80 { 6 } else { 4 };
    EXAMPLE_WORDS.iter().any(|w| w.len() >= least && lower.contains(w))
        || longest_run(lower.as_bytes(), 0) >= 6
        || longest_run(lower.as_bytes(), 1) >= 7
}

/// Longest stretch in which each byte is the one before plus `step`.
fn longest_run(bytes: &[u8], step: u8) -> usize {
    let (mut best, mut run) = (0, 0);
    let mut before = None;
    for byte in bytes {
        run = if before.map(|b: u8| b.wrapping_add(step)) == Some(*byte) && byte.is_ascii_alphanumeric() { run + 1 } else { 1 };
        best = best.max(run);
        before = Some(*byte);
    }
    best
}

/// Whether a text refers to something instead of being it: a variable, a template, a path, an address, a file.
pub fn is_reference(text: &str) -> bool {
    let starts = [
        "$",
        "%(",
        "{",
        "<",
        "[",
        "(",
        "/",
        "./",
        "../",
        "~/",
        "~",
        "@",
        "arn:",
        "projects/",
        "secret://",
        "vault:",
        "op://",
        "env:",
        "file:",
        "!",
        "-",
        "#",
        "*",
    ];
    let contains = ["${", "$(", "{{", "}}", "://", "<", ">", "...", "…", "***", "os.environ", "getenv", "process.env", "secrets.", "\\", "://"];
    // Base64 may begin as a path does.
    let digits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    if text.len() >= 40 && text.contains(['+', '=']) && text.bytes().all(digits) {
        return false;
    }
    let file = text
        .rsplit_once('.')
        .is_some_and(|(stem, ext)| !stem.is_empty() && (1..=5).contains(&ext.len()) && ext.bytes().all(|b| b.is_ascii_lowercase()));
    starts.iter().any(|s| text.starts_with(s))
        || contains.iter().any(|s| text.contains(s))
        || text.chars().any(|c| c.is_whitespace() || c.is_control())
        || file
}

/// Whether a text is made of words, numbers and separators: an identifier, a model name, a version, a date.
pub fn is_wordlike(text: &str) -> bool {
    let chunks: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|c| !c.is_empty()).collect();
    // The name of a constant or variable.
    let screaming = text.contains('_') && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if screaming && chunks.iter().all(|c| c.len() <= 12) {
        return true;
    }
    let word = |c: &str| {
        let letters = c.trim_end_matches(|d: char| d.is_ascii_digit());
        let digits = c.len() - letters.len();
        let plain = letters.bytes().all(|b| b.is_ascii_alphabetic()) && digits <= 4;
        // Capitals begin words; two small letters must follow each, or there are none.
        let capitals = letters.bytes().skip(1).filter(u8::is_ascii_uppercase).count();
        let all_caps = letters.bytes().all(|b| b.is_ascii_uppercase());
        plain && (all_caps || capitals * 3 <= letters.len())
    };
    let all_digits = |c: &str| c.bytes().all(|b| b.is_ascii_digit()) && c.len() <= 10;
    // `180g`, `7b`.
    let measure = |c: &str| {
        let unit = c.trim_start_matches(|d: char| d.is_ascii_digit());
        (1..=2).contains(&unit.len()) && c.len() <= 6 && unit.bytes().all(|b| b.is_ascii_alphabetic())
    };
    chunks.iter().all(|c| c.len() <= 3 || measure(c) || all_digits(c) || (word(c) && c.len() <= 24))
}

/// Eight-four-four-four-twelve hexadecimal digits.
pub fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|p| p.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(|p| p.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Algorithms whose results are written behind their name: what they give of a secret does not give it back.
const DIGESTS: [&str; 9] = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "pbkdf2", "scrypt", "argon2"];

/// Whether a text says itself that it opens nothing: a public key or certificate, or a digest behind the name of its algorithm.
pub fn is_public(text: &str) -> bool {
    let named = text.split_once([':', '$', '-', '=']).is_some_and(|(name, _)| DIGESTS.iter().any(|d| name.to_ascii_lowercase().starts_with(d)));
    named || is_public_key(text)
}

/// Whether a text is base64 of a public key: the key of a certificate or of an `authorized_keys` line. Private keys begin with a version or a magic word.
fn is_public_key(text: &str) -> bool {
    let Some(bytes) = text.as_bytes().get(..32).and_then(decode) else { return false };
    // A sequence whose first member is a sequence with the identifier of a kind of key, which is none of encryption.
    let past_length = |bytes: &[u8]| bytes.get(1).map(|l| if *l < 0x80 { 2 } else { 2 + usize::from(*l & 0x7f) });
    let body = bytes.first().filter(|b| **b == 0x30).and_then(|_| past_length(&bytes)).and_then(|at| bytes.get(at..));
    let kind = body.filter(|b| b.first() == Some(&0x30)).and_then(|b| b.get(past_length(b)?..));
    let spki = kind.is_some_and(|k| {
        k.first() == Some(&0x06) && !k.get(2..).is_some_and(|oid| oid.starts_with(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05]))
    });
    // A length, then the name of a kind of key.
    let wire =
        bytes.starts_with(&[0, 0, 0]) && bytes.get(4..).is_some_and(|name| ["ssh-", "ecdsa-", "sk-"].iter().any(|k| name.starts_with(k.as_bytes())));
    spki || wire
}

/// Whether a text is random enough to be a key or token that a machine made.
pub fn is_key(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
    (16..=512).contains(&bytes.len())
        && text.is_ascii()
        && !encodes_words(text)
        && letters >= 4
        && (digits >= 2 || is_mixed(text))
        && !(is_uuid(text) || is_example(text) || is_reference(text) || is_wordlike(text) || is_public(text))
        && entropy(bytes) >= 3.0
        && (entropy_share(bytes) >= 0.72 || entropy_share(behind_prefix(text)) >= 0.72)
}

/// Whether a text is base64 of what is no secret itself: words, an example, a reference.
fn encodes_words(text: &str) -> bool {
    let inner = decode(text.as_bytes())
        .and_then(|b| String::from_utf8(b).ok())
        .filter(|t| t.len() >= 6 && t.bytes().all(|b| b.is_ascii_graphic() || b == b' '));
    inner.is_some_and(|inner| is_example(&inner) || is_wordlike(&inner) || is_reference(&inner) || is_weak(&inner))
}

/// What follows the prefix by which a vendor marks its keys (`sk-`, `rw_`): its letters are none of the alphabet.
fn behind_prefix(text: &str) -> &[u8] {
    let rest = text.split_once(['-', '_']).filter(|(prefix, rest)| prefix.len() <= 6 && rest.len() >= 16).map(|(_, rest)| rest);
    rest.unwrap_or_default().as_bytes()
}

/// Whether a text holds a word that people take for a password, or such a word in disguise.
fn is_weak(text: &str) -> bool {
    let weak =
        ["password", "passwd", "secret", "admin", "test", "root", "user", "guest", "default", "1234", "qwerty", "demo", "local", "none", "null"];
    let lower = text.to_ascii_lowercase();
    let plain: String = lower
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            c => c,
        })
        .collect();
    weak.iter().any(|w| lower.contains(w) || plain.contains(w))
}

/// Whether the capitals of a text stand where no word begins, as chance puts them in a long text with few digits.
fn is_mixed(text: &str) -> bool {
    let letters = text.bytes().filter(u8::is_ascii_alphabetic);
    let (capitals, small): (Vec<u8>, Vec<u8>) = letters.partition(u8::is_ascii_uppercase);
    text.len() >= 20 && text.bytes().all(|b| b.is_ascii_alphanumeric()) && capitals.len().min(small.len()) * 4 >= text.len()
}

/// Whether a text may be a password that a person chose: mixed, not too short, no name and no example.
pub fn is_password(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has = |f: fn(&u8) -> bool| bytes.iter().any(f);
    let classes = [has(u8::is_ascii_digit), has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase), has(u8::is_ascii_punctuation)];
    (8..=128).contains(&bytes.len())
        && text.is_ascii()
        && has(u8::is_ascii_digit)
        && classes.iter().filter(|c| **c).count() >= 3
        && !is_weak(text)
        && !encodes_words(text)
        && !(is_uuid(text) || is_example(text) || is_reference(text) || is_public(text))
        && !is_wordlike(text)
        && entropy(bytes) >= 2.75
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_told_from_tokens() {
        for text in [
            "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "AKIAIOSFODNN7EXAMPLE",
            "your_api_key",
            "sk-abcdefghijklmnop",
            "ghp_0123456789",
            "my-DUMMY-key",
            "a_111111111",
        ] {
            assert!(is_example(text), "{text}");
        }
        for text in ["qPzLwXrTnVbYkHsDfGjMcAeRuIoWtQxZ", "9f86d081884c7d659a2feaa0c55ad015", "aab4Bcd9"] {
            assert!(!is_example(text), "{text}");
        }
    }

    #[test]
    fn keys_passwords_and_what_is_neither() {
        let table: &[(&str, bool, bool)] = &[
            ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", true, false),
            ("Zk3xPq9LmT7vRw2YbN5cHd8J", true, true),
            ("k9#mPq2$vX7z", false, true),
            ("Tr0ub4dor&3x", false, true),
            ("hunter2", false, false),
            ("password123!", false, false),
            ("123e4567-e89b-12d3-a456-426614174000", false, false),
            ("meta-llama/Llama-3.1-8B-Instruct", false, false),
            ("sagemaker-session-2024-01", false, false),
            ("<|endoftext|>", false, false),
            ("${HF_TOKEN}", false, false),
            ("AutoModelForCausalLM", false, false),
            ("/run/secrets/token1", false, false),
            ("projects/1234/secrets/x1/versions/2", false, false),
            ("https://api.host/v1/x9", false, false),
            ("MY_ENV_TOKEN_NAME_2", false, false),
            ("sk-9f86d081884c7d659a2feaa0c55ad015", true, true),
            ("/Zk3xPq9LmT7vRw2YbN5cHd8JtQe1AoUi+WsXzVb4MnKpL0==", true, true),
            ("NEMOTRON_4_340B_API_KEY", false, false),
            ("ysstsHMJ6RjmYrhBWCIi", true, true),
            ("jgxfGiyIENbCrGqOogBrzAHrI", true, false),
            ("service-key-9.json", false, false),
            ("org/model-180g-small-discriminator", false, false),
            ("cGxhY2Vob2xkZXItdG9rZW4=", false, false),
            ("Passw0rd9#xQ", false, false),
            ("this is a sentence 12", false, false),
            ("1.2.3-rc.4+build.5678", false, false),
            ("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", false, false),
            ("pbkdf2_sha256$260000$RIBXuDL7Dxtp$YlSXpfKtHF4vRIBXuDL7Dxtp", false, false),
            ("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo", false, false),
            ("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9", false, false),
            ("AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl", false, false),
            ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj", true, true),
        ];
        for (text, key, password) in table {
            assert_eq!((is_key(text), is_password(text)), (*key, *password), "{text}");
        }
    }
}
