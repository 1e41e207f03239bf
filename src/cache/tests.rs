use std::path::Path;
use std::sync::LazyLock;

use super::*;
use crate::extract;

/// A directory that disappears with its guard.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let at = std::env::temp_dir().canonicalize().unwrap().join(format!("pipevet-cache-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&at);
        Place(at)
    }
    fn open(&self) -> Cache {
        Cache::open(self.0.clone(), &[PathBuf::from("/tree")]).unwrap()
    }
    fn files(&self, extension: &str) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = std::fs::read_dir(&self.0).unwrap().map(|e| e.unwrap().path()).collect();
        all.retain(|p| p.extension().is_some_and(|e| e == extension));
        all.sort();
        all
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const SCRIPT: &[u8] = b"pip install x\ncurl https://a.b/c | sh\n";
static FACTS: LazyLock<FileFacts> = LazyLock::new(|| extract::shell::file(SCRIPT));

fn key(n: usize) -> Key {
    Content::of(SCRIPT).key(Kind::Python, &[n])
}

#[test]
fn what_was_kept_is_there_in_the_next_run_and_nothing_else() {
    let place = Place::new("kept");
    let first = place.open();
    assert!(first.get(key(1)).is_none());
    first.put(key(1), &FACTS);
    assert_eq!(first.get(key(1)).as_ref(), Some(&*FACTS), "both sides of a comparison read the same files");
    first.save().unwrap();
    let second = place.open();
    assert_eq!(second.get(key(1)).as_ref(), Some(&*FACTS));
    let content = Content::of(SCRIPT);
    for other in [key(2), content.key(Kind::Python, &[]), content.key(Kind::Shell, &[1]), Content::of(b"x").key(Kind::Python, &[1])] {
        assert!(second.get(other).is_none());
    }
    // Another tree has a file of its own, and the key of the directory.
    let other = Cache::open(place.0.clone(), &[PathBuf::from("/other")]).unwrap();
    assert!(other.get(key(1)).is_none());
    other.put(key(2), &FACTS);
    other.save().unwrap();
    assert_eq!((place.files("facts").len(), place.files("part").len()), (2, 0));
    assert_eq!(place.open().get(key(1)).as_ref(), Some(&*FACTS));
    let memory = Cache::in_memory();
    memory.put(key(1), &FACTS);
    assert_eq!(memory.get(key(1)).as_ref(), Some(&*FACTS));
    memory.save().unwrap();
}

#[test]
fn damaged_foreign_and_forged_entries_are_not_there() {
    let place = Place::new("forged");
    let first = place.open();
    (0..3).for_each(|n| first.put(key(n), &FACTS));
    first.save().unwrap();
    let file = place.files("facts").remove(0);
    let good = std::fs::read(&file).unwrap();
    let found = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        let cache = place.open();
        (0..3).filter(|n| cache.get(key(*n)).inspect(|f| assert_eq!(f, &*FACTS)).is_some()).count()
    };
    assert_eq!(found(&good), 3);
    // Any one bit, and any length: at most what was damaged is missing, and what is found is what was kept.
    for at in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(found(&bad) < 3, "byte {at}");
        assert!(found(&good[..at]) < 3, "cut at {at}");
    }
    assert_eq!((found(b""), found(b"pvfacts1"), found(&[0xff; 4096])), (0, 0, 0));
    // Entries that change places: the value of one under the key of another.
    let size = (good.len() - 8) / 3;
    let mut swapped = good.clone();
    let (one, two) = (8 + 4, 8 + size + 4);
    (0..32).for_each(|i| swapped.swap(one + i, two + i));
    assert_eq!(found(&swapped), 1);
    // Written by somebody who does not know the key of this directory.
    let stranger = Place::new("stranger");
    let theirs = stranger.open();
    (0..3).for_each(|n| theirs.put(key(n), &FileFacts::default()));
    theirs.save().unwrap();
    assert_eq!(found(&std::fs::read(stranger.files("facts").remove(0)).unwrap()), 0);
    // A forged entry does not become a good one by being carried along.
    let cache = place.open();
    cache.put(key(7), &FACTS);
    cache.save().unwrap();
    assert!(place.open().get(key(0)).is_none() && place.open().get(key(7)).is_some());
}

#[test]
fn a_cache_lies_where_only_its_user_writes_and_in_no_scanned_tree() {
    let place = Place::new("place");
    let tree = place.0.join("tree");
    std::fs::create_dir_all(tree.join("sub")).unwrap();
    let open = |at: &Path| Cache::open(at.to_owned(), std::slice::from_ref(&tree)).map(drop);
    for inside in [tree.clone(), tree.join("sub"), tree.join("new/deep"), tree.join("sub/../new")] {
        assert!(open(&inside).unwrap_err().contains("lies in what is scanned"), "{}", inside.display());
    }
    assert!(!tree.join("new").exists(), "nothing was made there");
    open(&place.0.join("beside/deep")).unwrap();
    std::fs::write(place.0.join("beside/deep/key"), "short").unwrap();
    assert!(open(&place.0.join("beside/deep")).unwrap_err().contains("key"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |p: &Path, m: u32| std::fs::set_permissions(p, std::fs::Permissions::from_mode(m)).unwrap();
        std::os::unix::fs::symlink(&tree, place.0.join("link")).unwrap();
        assert!(open(&place.0.join("link/x")).unwrap_err().contains("lies in what is scanned"));
        let shared = place.0.join("shared");
        open(&shared).unwrap();
        let bits = |p: &Path| p.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((bits(&shared), bits(&shared.join("key"))), (0o700, 0o600));
        mode(&shared.join("key"), 0o644);
        assert!(open(&shared).unwrap_err().contains("others can read this key"));
        mode(&shared.join("key"), 0o600);
        mode(&shared, 0o777);
        assert!(open(&shared).unwrap_err().contains("others can write"));
    }
    let from = |pairs: &[(&str, &str)]| {
        let pairs: BTreeMap<String, PathBuf> = pairs.iter().map(|(k, v)| ((*k).to_owned(), PathBuf::from(v))).collect();
        default_directory(|name| pairs.get(name).cloned())
    };
    if cfg!(target_os = "linux") {
        assert_eq!(from(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c")]), Some("/c/pipevet".into()));
        assert_eq!(from(&[("HOME", "/h"), ("XDG_CACHE_HOME", "relative")]), Some("/h/.cache/pipevet".into()));
        assert_eq!(from(&[]), None);
    }
}

#[test]
fn entries_that_nothing_uses_are_forgotten() {
    let secret = [7; 32];
    let place = Place::new("old");
    std::fs::create_dir_all(&place.0).unwrap();
    let file = place.0.join("x.facts");
    let days = |old: &Old| old.entries().map(|e| e.day).collect::<Vec<_>>();
    let fresh = BTreeMap::from([(key(0), Arc::from([1])), (key(1), Arc::from([2]))]);
    std::fs::write(&file, pack::write(&Old::default(), |_| false, &fresh, 1000, &secret)).unwrap();
    let old = Old::read(&file);
    let (used, _) = old.find(key(0), &secret).unwrap();
    std::fs::write(&file, pack::write(&old, |at| at == used, &BTreeMap::new(), 1030, &secret)).unwrap();
    let mut both = days(&Old::read(&file));
    both.sort();
    assert_eq!(both, [1000, 1030]);
    std::fs::write(&file, pack::write(&Old::read(&file), |_| false, &BTreeMap::new(), 1031, &secret)).unwrap();
    let last = Old::read(&file);
    assert_eq!(days(&last), [1030]);
    assert_eq!(last.find(key(0), &secret).unwrap().1, [1], "and what is left is still signed");
}
