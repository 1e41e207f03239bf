//! Where entries lie: a directory that only this user can write, a secret beside them, and files that are replaced whole. Knows no entry.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Name of the file that holds the key of the MACs.
const SECRET: &str = "key";
/// How often a key that is just being made is looked at.
const TRIES: usize = 40;
/// Most bytes that the files of all trees take.
const MOST_OF_ALL: u64 = 2 << 30;
/// After which time a file that nothing wrote is removed.
const KEPT: Duration = Duration::from_secs(60 * 24 * 60 * 60);
/// After which time a file that was never finished is removed.
const UNFINISHED: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a cache lies when nobody says: below the directory of the user for such things, from the variables of the environment.
pub fn default_directory(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name| variable(name).filter(|p| p.is_absolute());
    let home = absolute("HOME");
    let base = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        absolute("XDG_CACHE_HOME").or_else(|| home.map(|h| h.join("Library").join("Caches")))
    } else {
        absolute("XDG_CACHE_HOME").or_else(|| home.map(|h| h.join(".cache")))
    };
    base.map(|b| b.join("pipevet"))
}

/// The directory, made when it is missing, as a real path. It must lie in none of the scanned paths, and nobody else may be able to write to it.
pub fn prepare(directory: &Path, scanned: &[PathBuf]) -> Result<PathBuf, String> {
    let wrong = |why: &str| format!("{}: {why}", directory.display());
    // Nothing is made inside a scanned tree: what is there already decides where a missing directory would lie.
    let standing = std::path::absolute(directory).map_err(|e| wrong(&e.to_string()))?;
    let standing = standing.ancestors().find_map(|a| a.canonicalize().ok()).unwrap_or_default();
    let inside = |path: &Path| scanned.iter().any(|s| path.starts_with(s));
    let refused = "it lies in what is scanned, where anybody's change could bring entries along";
    if inside(&standing) {
        return Err(wrong(refused));
    }
    make(directory).map_err(|e| wrong(&e.to_string()))?;
    let real = directory.canonicalize().map_err(|e| wrong(&e.to_string()))?;
    if inside(&real) {
        return Err(wrong(refused));
    }
    if open_to_others(&real, 0o022) {
        return Err(wrong("others can write to it"));
    }
    Ok(real)
}

#[cfg(unix)]
fn make(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

#[cfg(unix)]
fn open_to_others(path: &Path, bits: u32) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().map_or(true, |m| m.permissions().mode() & bits != 0)
}

#[cfg(not(unix))]
fn open_to_others(_: &Path, _: u32) -> bool {
    false
}

/// The key of the MACs: that of the directory, or a new one. Of several runs that begin at once one makes it.
pub fn secret(directory: &Path) -> Result<[u8; 32], String> {
    let file = directory.join(SECRET);
    let wrong = |why: String| format!("{}: {why}", file.display());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&file) {
        Ok(mut made) => {
            let mut secret = [0; 32];
            getrandom::fill(&mut secret).map_err(|e| wrong(e.to_string()))?;
            made.write_all(&secret).and_then(|()| made.sync_all()).map_err(|e| wrong(e.to_string()))?;
            Ok(secret)
        }
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            if open_to_others(&file, 0o077) {
                return Err(wrong("others can read this key; remove it".to_owned()));
            }
            // Another run may have made the file and not yet filled it.
            for _ in 0..TRIES {
                let mut bytes = Vec::new();
                File::open(&file).and_then(|f| f.take(33).read_to_end(&mut bytes)).map_err(|e| wrong(e.to_string()))?;
                match <[u8; 32]>::try_from(bytes) {
                    Ok(secret) => return Ok(secret),
                    Err(bytes) if bytes.len() > 32 => break,
                    Err(_) => std::thread::sleep(Duration::from_millis(5)),
                }
            }
            Err(wrong("this is no key; remove it".to_owned()))
        }
        Err(e) => Err(wrong(e.to_string())),
    }
}

/// Puts bytes in the place of a file, whole or not at all; of several runs the last one wins.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut number = [0; 8];
    getrandom::fill(&mut number).map_err(io::Error::other)?;
    let aside = file.with_extension(format!("{:016x}.part", u64::from_le_bytes(number)));
    let written =
        OpenOptions::new().write(true).create_new(true).open(&aside).and_then(|mut f| f.write_all(bytes)).and_then(|()| fs::rename(&aside, file));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written
}

/// Removes files of trees that were not scanned for long or, oldest first, what is too much; never `own`. Whatever fails is left for the next time.
pub fn prune(directory: &Path, own: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    let now = SystemTime::now();
    let mut files: Vec<(Duration, u64, PathBuf)> = Vec::new();
    for path in entries.flatten().map(|e| e.path()).filter(|p| p != own) {
        let extension = path.extension().and_then(|e| e.to_str());
        let Ok(meta) = path.symlink_metadata() else { continue };
        let age = meta.modified().ok().and_then(|m| now.duration_since(m).ok()).unwrap_or_default();
        match extension {
            Some("part") if age > UNFINISHED => drop(fs::remove_file(&path)),
            Some("facts") if age > KEPT => drop(fs::remove_file(&path)),
            Some("facts") => files.push((age, meta.len(), path)),
            _ => {}
        }
    }
    files.sort();
    let mut total = own.metadata().map_or(0, |m| m.len());
    for (_, size, path) in files {
        total += size;
        if total > MOST_OF_ALL {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Days since 1970.
pub fn today() -> u32 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs() / (24 * 60 * 60)).unwrap_or(u32::MAX)
}
