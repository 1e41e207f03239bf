//! Shapes of real scripts.
