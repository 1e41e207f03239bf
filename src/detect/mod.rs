//! Detectors that `match:` cannot say, one file each.
