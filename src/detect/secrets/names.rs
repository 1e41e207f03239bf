//! Names that say secret. Works on words of a name, whatever the language writes between them. Knows none itself: they are `secret-name` rows, vendors' names `credential` rows.

use crate::catalog::Catalog;
use crate::catalog::row::{Effect, Promise, Row};

/// What a name promises, if anything. A key of no other kind counts where rows know what it opens.
pub fn promise(name: &str, catalog: &Catalog) -> Option<Promise> {
    let mut words = words(name);
    // One of several: `API_KEY_2`, `token1`.
    let number = |w: &str| w.bytes().all(|b| b.is_ascii_digit());
    if words.len() > 1 && words.last().is_some_and(|w| number(w)) {
        words.pop();
    }
    if let Some(last) = words.last_mut() {
        last.truncate(last.trim_end_matches(|c: char| c.is_ascii_digit()).len().max(1));
    }
    match catalog.promise(&words.join("_")) {
        Some(Promise::Nothing) => None,
        Some(promise) => Some(promise),
        None => (words.last().is_some_and(|w| w == "key") && opens(name, catalog).is_some()).then_some(Promise::Key),
    }
}

/// What the last words of names end in that promise something, numbers apart; none where a row leaves it open.
pub fn endings(catalog: &Catalog) -> Option<Vec<String>> {
    let promises = |row: &Row| row.effects.iter().any(|e| matches!(e, Effect::Promises(Promise::Key | Promise::Password)));
    // A key of any kind whose name a row of credentials has.
    let mut out = vec!["key".to_owned()];
    for (_, row) in catalog.of_kind("secret-name").filter(|(_, r)| promises(r)) {
        let name = row.subject.name();
        let last = name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().filter(|w| !w.is_empty())?;
        out.push(last.to_ascii_lowercase());
    }
    out.sort();
    out.dedup();
    Some(out)
}

/// The asset that rows say this environment name opens.
pub fn opens<'c>(name: &str, catalog: &'c Catalog) -> Option<&'c str> {
    let upper = words(name).join("_").to_ascii_uppercase();
    let row = catalog.credential(&upper).map(|id| catalog.row(id))?;
    row.effects.iter().find_map(|e| match e {
        Effect::Opens { asset } if asset != "none" => Some(asset.as_str()),
        _ => None,
    })
}

/// Whether a row knows this very name as that of a vendor's credential, not one that only ends as such names do.
pub fn of_vendor(name: &str, catalog: &Catalog) -> bool {
    let upper = words(name).join("_").to_ascii_uppercase();
    let row = catalog.credential(&upper).map(|id| catalog.row(id));
    opens(name, catalog).is_some() && row.is_some_and(|row| !row.subject.name().starts_with('*'))
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
            ("API_KEY_2", Some(Promise::Key)),
            ("hf_token1", Some(Promise::Key)),
            ("COSMOS_KEY", Some(Promise::Key)),
            ("bypass", None),
            ("pass", None),
        ];
        for (name, want) in table {
            assert_eq!(promise(name, &catalog), *want, "{name}");
        }
        assert!(of_vendor("PINECONE_API_KEY", &catalog) && !of_vendor("SESSION_TOKEN", &catalog));
        assert_eq!(words("myHFToken2X"), ["my", "hf", "token2", "x"]);
    }
}
