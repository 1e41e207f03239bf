//! Walks the paths, recognises kinds of file, applies caps. Knows no content beyond the first bytes.
