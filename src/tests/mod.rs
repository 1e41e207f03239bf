//! Invariants of the whole tree.

mod cases;
mod harness;
mod labs;
mod rows;
mod tidy;
