//! Invariants of the whole tree.

mod cases;
#[cfg(feature = "git")]
mod churn;
mod claims;
mod cleared;
mod demand;
mod fixes;
mod gates;
mod golden;
pub(crate) mod harness;
mod hostile;
mod labs;
mod leaks;
mod metamorphic;
mod mutation;
mod rewrite;
mod rows;
pub(crate) mod show;
mod tidy;
mod vouched;
mod why;
