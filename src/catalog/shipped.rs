//! The files of `rules/` as the loaders take them: those built into the program. Tests read the directory itself, or the one that `PIPEVET_RULES` names, so that
//! a row or a page is tried without building the program again.

use std::borrow::Cow;
use std::sync::OnceLock;

/// A path below `rules/` and the content.
pub type File = (Cow<'static, str>, Cow<'static, str>);

/// What ships with the program.
#[derive(Debug)]
pub struct Shipped {
    /// Row files, sorted.
    pub rows: Vec<File>,
    /// Rule pages, sorted.
    pub pages: Vec<File>,
    /// The severity tables.
    pub severity: Cow<'static, str>,
    /// Ids and names of the frameworks that pages refer to.
    pub frameworks: Cow<'static, str>,
}

/// The files, read once.
pub fn shipped() -> &'static Shipped {
    static FILES: OnceLock<Shipped> = OnceLock::new();
    FILES.get_or_init(read)
}

#[cfg(not(test))]
fn read() -> Shipped {
    use super::builtin::{FRAMEWORKS, PAGES, ROWS, SEVERITY};
    let files = |list: &[(&'static str, &'static str)]| list.iter().map(|(path, text)| (Cow::Borrowed(*path), Cow::Borrowed(*text))).collect();
    Shipped { rows: files(ROWS), pages: files(PAGES), severity: Cow::Borrowed(SEVERITY), frameworks: Cow::Borrowed(FRAMEWORKS) }
}

#[cfg(test)]
fn read() -> Shipped {
    use std::path::{Path, PathBuf};

    let root = std::env::var_os("PIPEVET_RULES").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), PathBuf::from);
    let text = |path: &Path| Cow::Owned(std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())));
    let mut files = [("yml", Vec::new()), ("md", Vec::new())];
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for path in std::fs::read_dir(&directory).unwrap().flatten().map(|e| e.path()) {
            let kind = path.extension().and_then(|e| e.to_str()).map(str::to_owned);
            if path.is_dir() {
                directories.push(path);
            } else if let Some((_, list)) = files.iter_mut().find(|(k, _)| Some(*k) == kind.as_deref())
                && directory != root
            {
                let below = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                list.push((Cow::Owned(below), text(&path)));
            }
        }
    }
    let [(_, mut rows), (_, mut pages)] = files;
    rows.sort();
    pages.sort();
    Shipped { rows, pages, severity: text(&root.join("severity.yml")), frameworks: text(&root.join("frameworks.json")) }
}
