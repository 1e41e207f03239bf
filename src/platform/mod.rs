//! What lies outside a tree of files: git objects and GitHub. Knows no rule; only the command line calls it.

pub mod changed;
pub mod event;
pub mod git;
#[cfg(feature = "github")]
pub mod github;
