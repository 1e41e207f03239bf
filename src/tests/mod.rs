//! Invariants of the whole tree.

mod cases;
mod harness;
mod labs;
mod leaks;
mod mutation;
mod rows;
mod tidy;
