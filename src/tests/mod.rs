//! Invariants of the whole tree.
