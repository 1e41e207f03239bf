//! Reads the rows, tables and pages of `rules/` when the program is built, with the program's own readers, and writes down what was read: a run begins with that.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tree::catalog::fields::LoadError;
use tree::catalog::load;
use tree::catalog::row::{Said, Subject};
use tree::catalog::severity::Severities;
use tree::catalog::written::Written;
use tree::rule::{Framework, page};
// By these names the readers know each other.
use tree::{catalog, cond, facts, finding, notice, origin, source, syntax, text};

/// What of the program reads rows and pages.
#[path = "src"]
#[allow(dead_code, missing_docs, unused_imports)]
mod tree {
    pub mod cond;
    pub mod facts;
    pub mod finding;
    pub mod notice;
    pub mod origin;
    pub mod source;
    pub mod text;
    pub mod syntax {
        pub mod yaml;
    }
    pub mod catalog {
        pub mod agent;
        pub mod effect;
        pub mod fields;
        pub mod glob;
        pub mod load;
        pub mod row;
        pub mod severity;
        pub mod written;
    }
    pub mod rule {
        pub mod edits;
        pub mod examples;
        pub mod page;
        pub mod pattern;
        pub mod placeholders;
        mod shape;

        pub use shape::*;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("cargo says no {name}"));
    writeln!(std::io::stdout(), "cargo::rerun-if-changed=rules")?;
    let written = Written::read(&of("CARGO_MANIFEST_DIR")?.join("rules"))?;
    let out = of("OUT_DIR")?;
    let severities = Severities::load("severity.yml", &written.severity)?;
    let rows = load::files(written.rows.iter().map(|(path, text)| (path.as_str(), text.as_str(), false)), &severities).map_err(|e| told(&e))?;
    let frameworks: BTreeMap<String, Framework> = serde_json::from_str(&written.frameworks)?;
    let (mut pages, mut errors) = (Vec::new(), Vec::new());
    for (path, text) in &written.pages {
        match page::page(path, text, false, &severities, &frameworks) {
            Ok(page) => pages.push(page),
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(told(&errors).into());
    }
    take_down(&out.join("severities"), &severities)?;
    // Their number, then the rows; those of alternatives share what they say.
    let mut taken = postcard::to_allocvec(&rows.len())?;
    for group in rows.chunk_by(|a, b| Arc::ptr_eq(&a.said, &b.said)) {
        let subjects: Vec<&Subject> = group.iter().map(|row| &row.subject).collect();
        let said: &Said = &group[0].said;
        taken.extend(postcard::to_allocvec(&(subjects, said))?);
    }
    std::fs::write(out.join("rows"), taken)?;
    take_down(&out.join("pages"), &(frameworks, pages))
}

fn take_down(file: &Path, what: &impl serde::Serialize) -> Result<(), Box<dyn Error>> {
    Ok(std::fs::write(file, postcard::to_allocvec(what)?)?)
}

fn told(errors: &[LoadError]) -> String {
    errors.iter().map(|e| format!("rules/{e}")).collect::<Vec<_>>().join("\n")
}
