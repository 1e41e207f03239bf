//! The driver loop: discover, outline, select, extract, link, flow until nothing is new; then reach, rules, triage.
