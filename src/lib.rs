//! pipevet reads a machine-learning repository the way an attacker would and says which paths lead from something an outsider controls to something
//! worth stealing or poisoning.
//!
//! # Layers
//!
//! A module may use its own row of this table and any row above it, never a row below. `tests/tidy.rs` reads this table and the `use crate::` lines.
//!
//! | layer | modules |
//! |---|---|
//! | 0 | source, text, notice |
//! | 1 | syntax, facts, cond, origin, finding |
//! | 2 | outline, extract, discover, cache, catalog, rule, config |
//! | 3 | graph |
//! | 4 | link |
//! | 5 | flow |
//! | 6 | reach |
//! | 7 | matcher, detect, cleared, suppressed |
//! | 8 | triage, fix |
//! | 9 | scan, why |
//! | 10 | report |
//! | 11 | platform, cli |

pub mod cache;
pub mod catalog;
pub mod cleared;
pub mod cli;
pub mod cond;
pub mod config;
pub mod detect;
pub mod discover;
pub mod extract;
pub mod facts;
pub mod finding;
pub mod fix;
pub mod flow;
pub mod graph;
pub mod link;
pub mod matcher;
pub mod notice;
pub mod origin;
pub mod outline;
#[cfg(feature = "git")]
pub mod platform;
pub mod reach;
pub mod report;
pub mod rule;
pub mod scan;
pub mod source;
pub mod suppressed;
pub mod syntax;
pub mod text;
pub mod triage;
pub mod why;

#[cfg(test)]
mod tests;
