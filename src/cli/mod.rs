//! Arguments, exit codes, the thread pool.
