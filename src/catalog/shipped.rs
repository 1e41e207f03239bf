//! The rows and tables that are part of the program. `build.rs` reads them when it is built, so that no run does: reading them as they are written took half of
//! a run on a small tree. Tests read the directory itself, or the one that `PIPEVET_RULES` names, so that a row is tried without building the program again.

#[cfg(not(test))]
use std::sync::Arc;

use super::fields::LoadError;
use super::row::Row;
#[cfg(not(test))]
use super::row::{Said, Subject};
use super::severity::Severities;

impl Severities {
    /// The tables that are part of the program.
    pub fn builtin() -> Result<Severities, LoadError> {
        #[cfg(not(test))]
        return taken_down(include_bytes!(concat!(env!("OUT_DIR"), "/severities")));
        #[cfg(test)]
        return Severities::load("severity.yml", &shipped().severity);
    }
}

/// The rows that are part of the program, by path and line.
#[cfg(not(test))]
pub fn rows(_: &Severities) -> Result<Vec<Row>, Vec<LoadError>> {
    let all = include_bytes!(concat!(env!("OUT_DIR"), "/rows"));
    let read = || {
        let (count, mut rest) = postcard::take_from_bytes(all)?;
        let mut rows: Vec<Row> = Vec::with_capacity(count);
        while !rest.is_empty() {
            // One after the other: a list of all of them would be moved as it grows.
            let ((subjects, said), after): ((Vec<Subject>, Said), _) = postcard::take_from_bytes(rest)?;
            let said = Arc::new(said);
            rows.extend(subjects.into_iter().map(|subject| Row { subject, said: Arc::clone(&said) }));
            rest = after;
        }
        Ok(rows)
    };
    read().map_err(|e| vec![unreadable(&e)])
}

/// What `build.rs` took down. It is read by the program that it was written for and by no other, so it fits.
#[cfg(not(test))]
pub fn taken_down<T: serde::Deserialize<'static>>(bytes: &'static [u8]) -> Result<T, LoadError> {
    postcard::from_bytes(bytes).map_err(|e| unreadable(&e))
}

#[cfg(not(test))]
fn unreadable(why: &postcard::Error) -> LoadError {
    LoadError { file: "rules".to_owned(), line: 1, column: 1, text: why.to_string() }
}

#[cfg(test)]
pub use read::{rows, shipped};

#[cfg(test)]
mod read {
    use std::path::{Path, PathBuf};
    use std::sync::OnceLock;

    use super::super::load;
    use super::super::written::Written;
    use super::*;

    /// The files, read once.
    pub fn shipped() -> &'static Written {
        static FILES: OnceLock<Written> = OnceLock::new();
        let root = || std::env::var_os("PIPEVET_RULES").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), PathBuf::from);
        FILES.get_or_init(|| Written::read(&root()).unwrap())
    }

    /// As in the program.
    pub fn rows(severities: &Severities) -> Result<Vec<Row>, Vec<LoadError>> {
        load::files(shipped().rows.iter().map(|(path, text)| (path.as_str(), text.as_str(), false)), severities)
    }
}
