//! Ways from one job or workflow into another: artifacts, caches, machines that outlive a job, and calls that start workflows. Knows runs and rows, no rule.

pub mod artifacts;
pub mod caches;
pub mod names;
pub mod pivots;
pub(in crate::reach) mod sent;
