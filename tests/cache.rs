//! The fact cache as its users meet it: whole runs of the program, alone and side by side. What is reported never depends on it.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A directory that disappears with its guard.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let at = std::env::temp_dir().canonicalize().unwrap().join(format!("pipevet-runs-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&at);
        std::fs::create_dir_all(&at).unwrap();
        Place(at)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn check(tree: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipevet"));
    command.args(["check", "--all", "--format", "json"]).args(more).arg(tree);
    // The event of the run these tests stand in is no matter of theirs.
    for name in ["PIPEVET_CACHE_DIR", "GITHUB_ACTIONS", "GITHUB_EVENT_PATH", "GITHUB_EVENT_NAME"] {
        command.env_remove(name);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ran(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn names(directory: &Path) -> Vec<String> {
    let mut all: Vec<String> = std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

fn labs(place: &Place) -> PathBuf {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().flatten() {
            let to = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() { copy(&entry.path(), &to) } else { assert!(std::fs::copy(entry.path(), to).is_ok()) }
        }
    }
    let tree = place.0.join("tree");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/labs"), &tree);
    tree
}

#[test]
fn off_cold_warm_and_damaged_runs_report_the_same_bytes() {
    let place = Place::new("same");
    let (tree, kept) = (labs(&place), place.0.join("kept"));
    let option = format!("--cache={}", kept.display());
    let off = ran(&check(&tree, &[]).output().unwrap());
    assert_eq!(off.0, Some(1), "{}", off.2);
    assert_eq!(names(&place.0), ["tree"], "off by default");
    let with = || ran(&check(&tree, &[&option]).output().unwrap());
    assert_eq!(with(), off, "cold");
    let files = names(&kept);
    assert_eq!((files.len(), files[1].as_str()), (2, "key"), "{files:?}");
    let file = kept.join(&files[0]);
    let before = std::fs::read(&file).unwrap();
    assert_eq!(with(), off, "warm");
    assert_eq!(std::fs::read(&file).unwrap(), before, "nothing new, nothing written");
    let mut damaged = before.clone();
    damaged.iter_mut().skip(100).step_by(97).for_each(|b| *b ^= 0x20);
    for bad in [damaged.as_slice(), &before[..before.len() / 2], b"", b"something else"] {
        std::fs::write(&file, bad).unwrap();
        assert_eq!(with(), off, "damaged");
    }
    // By the variable as well; a fresh tree keeps what it reads there.
    let by_variable = place.0.join("by-variable");
    assert_eq!(ran(&check(&tree, &[]).env("PIPEVET_CACHE_DIR", &by_variable).output().unwrap()), off);
    assert_eq!(names(&by_variable).len(), 2);
    // In the tree it is refused, and said.
    let inside = ran(&check(&tree, &[&format!("--cache={}", tree.join("kept").display())]).output().unwrap());
    assert_eq!(inside.0, off.0);
    assert!(inside.1.contains("it lies in what is scanned") && !tree.join("kept").exists());
}

#[test]
fn runs_side_by_side_share_a_cache() {
    let place = Place::new("beside");
    let (tree, kept) = (labs(&place), place.0.join("kept"));
    let option = format!("--cache={}", kept.display());
    let off = ran(&check(&tree, &[]).output().unwrap());
    let runs: Vec<_> = (0..4).map(|_| check(&tree, &[&option]).spawn().unwrap()).collect();
    for run in runs {
        assert_eq!(ran(&run.wait_with_output().unwrap()), off);
    }
    let left = names(&kept);
    assert_eq!((left.len(), left[1].as_str()), (2, "key"), "{left:?}");
    assert_eq!(ran(&check(&tree, &[&option]).output().unwrap()), off);
}
