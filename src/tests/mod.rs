//! Invariants of the whole tree.

mod cases;
mod harness;
mod labs;
mod mutation;
mod rows;
mod tidy;
