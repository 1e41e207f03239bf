//! Detectors that `match:` cannot say, one file each.

pub mod secrets;
