//! What values mean by form alone, over all files: what they are made of, which functions and classes they are, what callers must have chosen, what functions
//! verify, which places are the same. Nothing here computes an origin.

mod addresses;
pub mod choices;
mod classes;
pub(in crate::flow) mod constants;
pub mod escaped;
pub mod escapes;
pub(in crate::flow) mod forward;
pub mod functions;
mod kin;
mod members;
mod own;
pub mod pairs;
pub mod spots;
pub(in crate::flow) mod starters;
pub(in crate::flow) mod undo;
pub(in crate::flow) mod validators;
pub(in crate::flow) mod variables;
