//! Evaluates the `match:` of a page over facts, flow and reach.
