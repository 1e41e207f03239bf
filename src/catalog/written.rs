//! The files of `rules/` as they are written. The program has what was read of them when it was built; only that reading and tests see the files.

use std::io;
use std::path::Path;

/// What stands in the directory.
#[derive(Debug, Default)]
pub struct Written {
    /// Row files, sorted: a path below `rules/` and the content.
    pub rows: Vec<(String, String)>,
    /// Rule pages, sorted.
    pub pages: Vec<(String, String)>,
    /// The severity tables.
    pub severity: String,
    /// Ids and names of the frameworks that pages refer to.
    pub frameworks: String,
}

impl Written {
    /// Reads the directory `root`. What lies in it directly is for people, but for the tables.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn read(root: &Path) -> io::Result<Written> {
        let text = |path: &Path| std::fs::read_to_string(path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())));
        let (mut rows, mut pages) = (Vec::new(), Vec::new());
        let mut directories = vec![root.to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(&directory)? {
                let path = entry?.path();
                let list = match path.extension().and_then(|e| e.to_str()) {
                    _ if path.is_dir() => {
                        directories.push(path);
                        continue;
                    }
                    _ if directory == root => continue,
                    Some("yml") => &mut rows,
                    Some("md") => &mut pages,
                    _ => continue,
                };
                let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                list.push((below, text(&path)?));
            }
        }
        rows.sort();
        pages.sort();
        Ok(Written { rows, pages, severity: text(&root.join("severity.yml"))?, frameworks: text(&root.join("frameworks.json"))? })
    }
}
