//! Invariants of the whole tree.

mod cases;
#[cfg(feature = "git")]
mod churn;
mod cleared;
mod demand;
mod gates;
mod golden;
pub(crate) mod harness;
mod hostile;
mod labs;
mod leaks;
mod mutation;
mod rows;
mod tidy;
mod why;
