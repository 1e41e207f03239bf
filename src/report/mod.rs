//! One file per format, pure: everything from scanned files is escaped for where it goes.
