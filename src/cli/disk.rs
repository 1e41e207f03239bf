//! The disk as a place that policy is read from. Knows paths and no policy.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::config::{Entry, Files, MOST};

/// The directories of one repository, or one directory.
#[derive(Debug)]
pub struct Disk {
    top: PathBuf,
    working: PathBuf,
}

impl Disk {
    /// The disk from this directory.
    pub fn at(directory: &Path) -> Disk {
        let top = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        Disk { top, working: std::env::current_dir().and_then(|d| d.canonicalize()).unwrap_or_default() }
    }
    /// The top, as a real path.
    pub fn top(&self) -> &Path {
        &self.top
    }
    /// The disk from the top of the repository that a path lies in (nearest `.git`, else its own directory), and that directory seen from the top.
    /// `None` when the path does not exist: whoever scans it says so.
    pub fn around(path: &Path) -> Option<(Disk, String)> {
        let real = path.canonicalize().ok()?;
        let directory = if real.is_dir() { real.as_path() } else { real.parent()? };
        let top = directory.ancestors().find(|d| d.join(".git").exists()).unwrap_or(directory);
        let inside = slashed(directory.strip_prefix(top).unwrap_or(directory));
        Some((Disk::at(top), inside))
    }
}

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        let whole = self.top.join(path);
        match whole.metadata() {
            // A pipe would be waited for without end.
            Ok(meta) if !meta.is_file() => Ok(None),
            Ok(meta) if meta.len() > MOST => Err(format!("is larger than {} MiB", MOST >> 20)),
            Ok(_) => std::fs::read_to_string(whole).map(Some).map_err(|e| e.to_string()),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(e) => Err(e.to_string()),
        }
    }
    fn list(&self, directory: &str) -> Result<Vec<Entry>, String> {
        let mut out = Vec::new();
        for entry in std::fs::read_dir(self.top.join(directory)).map_err(|e| e.to_string())? {
            let entry = entry.map_err(|e| e.to_string())?;
            let kind = entry.file_type().map_err(|e| e.to_string())?;
            if kind.is_dir() || kind.is_file() {
                out.push(Entry { name: entry.file_name().to_string_lossy().into_owned(), directory: kind.is_dir() });
            }
        }
        out.sort();
        Ok(out)
    }
    fn shown(&self, path: &str) -> String {
        let mut whole = self.top.clone();
        for segment in path.split('/') {
            match segment {
                ".." => _ = whole.pop(),
                name => whole.push(name),
            }
        }
        slashed(whole.strip_prefix(&self.working).unwrap_or(&whole))
    }
    fn has_outside(&self) -> bool {
        true
    }
}

/// A path with `/` between its segments.
pub fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}
