//! Rows: loading, validation, and what they say of a fact (`classify`). Knows facts; no rule and no graph.

pub mod row;
