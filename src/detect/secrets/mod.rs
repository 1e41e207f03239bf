//! Secrets that stand in the tree. A token format that is recognised, a literal given to a name that says secret, a credential that an image keeps: one
//! detector each over one engine. No more than four characters and the length of a secret ever leave this module.

mod assigned;
mod carriers;
mod formats;
mod found;
mod image;
mod known;
mod names;
mod shape;
mod urls;
mod verify;

pub use formats::Formats;

/// How a secret is shown to people: its first characters, never more than four nor more than a sixth, and its length.
pub fn masked(secret: &str) -> String {
    let length = secret.chars().count();
    let shown: String = secret.chars().take((length / 6).min(4)).collect();
    format!("{shown}… ({length} characters)")
}

#[cfg(test)]
mod tests;
