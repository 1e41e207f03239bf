//! Git objects: trees and blobs of revisions, tracked files, what a change touches. Reads only; git itself is never run.
