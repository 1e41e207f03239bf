//! What rows need to know of Python's forms: which words select a file, what an object was made by, what stands in a collection, what an assignment sets.

pub(super) mod assign;
pub(super) mod contents;
mod names;
pub mod objects;
