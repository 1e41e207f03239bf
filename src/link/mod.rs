//! Edges, one file per kind. Knows rows and facts, no rule.
