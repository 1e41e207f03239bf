//! Ignores, policy, absorption, fingerprints: filters, never computes.
