//! Names that say secret. Works on words of a name, whatever the language writes between them. Knows no vendor; vendors' names are `credential` rows.

use crate::catalog::Catalog;
use crate::catalog::row::Effect;

/// What a name promises of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// A password: people choose them.
    Password,
    /// A key or token: machines make them.
    Key,
}

/// Words that make a `token` something of language models, parsers or paging.
const HARMLESS_TOKENS: [&str; 46] = [
    "pad",
    "eos",
    "bos",
    "unk",
    "mask",
    "sep",
    "cls",
    "special",
    "image",
    "video",
    "audio",
    "next",
    "start",
    "end",
    "stop",
    "first",
    "last",
    "begin",
    "csrf",
    "page",
    "continuation",
    "max",
    "min",
    "num",
    "new",
    "think",
    "user",
    "system",
    "assistant",
    "role",
    "tool",
    "prefix",
    "suffix",
    "fim",
    "decoder",
    "forced",
    "blank",
    "word",
    "sub",
    "delimiter",
    "placeholder",
    "text",
    "input",
    "output",
    "cancellation",
    "xsrf",
];
/// Words before `key` that make it a secret.
const SECRET_KEYS: [&str; 14] = [
    "api",
    "access",
    "secret",
    "private",
    "auth",
    "account",
    "encryption",
    "signing",
    "master",
    "service",
    "subscription",
    "storage",
    "app",
    "admin",
];

/// What a name promises, if anything.
pub fn promise(name: &str, catalog: &Catalog) -> Option<Promise> {
    let words = words(name);
    let last = words.last()?.as_str();
    let before = words.len().checked_sub(2).and_then(|i| words.get(i)).map(String::as_str);
    match last {
        "password" | "passwd" | "passphrase" | "pwd" => Some(Promise::Password),
        "pass" if before.is_some() => Some(Promise::Password),
        "apikey" | "secretkey" | "accesskey" | "authtoken" | "accesstoken" | "apitoken" | "secret" | "credential" | "credentials" | "pat" => {
            Some(Promise::Key)
        }
        "token" => before.is_none_or(|b| !HARMLESS_TOKENS.contains(&b)).then_some(Promise::Key),
        "key" => (before.is_some_and(|b| SECRET_KEYS.contains(&b)) || opens(name, catalog)).then_some(Promise::Key),
        _ => None,
    }
}

/// Whether rows say that this environment name opens something.
fn opens(name: &str, catalog: &Catalog) -> bool {
    let upper = words(name).join("_").to_ascii_uppercase();
    let row = catalog.credential(&upper).map(|id| catalog.row(id));
    row.is_some_and(|row| row.effects.iter().any(|e| matches!(e, Effect::Opens { asset } if asset != "none")))
}

/// The words of a name in lower case: `hfApiToken`, `HF_API_TOKEN` and `hf-api.token` have the same.
pub fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut before = ' ';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_ascii_alphanumeric() {
            before = ' ';
            continue;
        }
        let hump = c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit())
            || c.is_ascii_uppercase() && before.is_ascii_uppercase() && chars.peek().is_some_and(char::is_ascii_lowercase);
        match out.last_mut() {
            Some(word) if before != ' ' && !hump => word.push(c.to_ascii_lowercase()),
            _ => out.push(c.to_ascii_lowercase().to_string()),
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_what_they_promise() {
        let catalog = Catalog::builtin().unwrap();
        let table: &[(&str, Option<Promise>)] = &[
            ("HF_TOKEN", Some(Promise::Key)),
            ("hfApiToken", Some(Promise::Key)),
            ("OPENAI_KEY", Some(Promise::Key)),
            ("api-key", Some(Promise::Key)),
            ("openai.api_key", Some(Promise::Key)),
            ("AWS_SECRET_ACCESS_KEY", Some(Promise::Key)),
            ("db_password", Some(Promise::Password)),
            ("DB_PASS", Some(Promise::Password)),
            ("pad_token", None),
            ("max_new_tokens", None),
            ("tokenizer", None),
            ("key", None),
            ("cache_key", None),
            ("secret_name", None),
            ("token_id", None),
            ("bypass", None),
            ("pass", None),
        ];
        for (name, want) in table {
            assert_eq!(promise(name, &catalog), *want, "{name}");
        }
        assert_eq!(words("myHFToken2X"), ["my", "hf", "token2", "x"]);
    }
}
