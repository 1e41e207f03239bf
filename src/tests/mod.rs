//! Invariants of the whole tree.

mod tidy;
