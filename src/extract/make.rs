//! Makefiles to facts.

use crate::facts::FileFacts;

/// The facts of a Makefile.
pub fn makefile(_bytes: &[u8]) -> FileFacts {
    FileFacts::default()
}
