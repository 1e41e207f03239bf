//! Interprets jobs step by step: mounts, code execution, gates, credentials in reach; bounded, ordered paths. Knows no rule.
