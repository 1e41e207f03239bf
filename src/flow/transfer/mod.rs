//! What a value means, by language: each file gives the solver the meaning of some forms. None knows a rule.

mod collections;
pub(in crate::flow) mod parts;
pub mod python;
pub mod rows;
pub mod shell;
pub mod workflow;
