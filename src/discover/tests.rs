use super::*;

/// A tree in the temporary directory that disappears with its guard.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
        let at = std::env::temp_dir().canonicalize().unwrap().join(format!("pipevet-discover-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&at);
        for (path, bytes) in files {
            let path = at.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        Tree(at)
    }
    fn scan(&self, options: &Options) -> (Sources, Vec<Notice>) {
        discover(std::slice::from_ref(&self.0), options).unwrap()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn paths(sources: &Sources) -> Vec<&str> {
    sources.files.iter().map(|f| f.path.as_str()).collect()
}

#[test]
fn ignore_rules_are_honoured_and_counted() {
    let tree = Tree::new(
        "ignore",
        &[
            (".git/config", b""),
            (".gitignore", b"*.sh\n!keep.sh\n/out/\n"),
            ("drop.sh", b"x"),
            ("keep.sh", b"x"),
            ("out/a.py", b"x"),
            ("sub/.gitignore", b"!drop.sh\n"),
            ("sub/drop.sh", b"x"),
            ("venv/pyvenv.cfg", b""),
            ("venv/lib/a.py", b"x"),
            ("notes.doc", b"x"),
        ],
    );
    let (sources, notices) = tree.scan(&Options::default());
    assert_eq!(paths(&sources), ["keep.sh", "sub/drop.sh"]);
    let texts: Vec<_> = notices.iter().map(|n| n.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "1 file and 1 directory named by .gitignore are left out; --no-ignore reads them",
            "1 directory of installed packages left out; --no-ignore reads them"
        ]
    );
    let (sources, notices) = tree.scan(&Options { no_ignore: true, ..Options::default() });
    assert_eq!(paths(&sources), ["drop.sh", "keep.sh", "out/a.py", "sub/drop.sh", "venv/lib/a.py", "venv/pyvenv.cfg"]);
    assert!(notices.is_empty());
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_read() {
    let huge = vec![b'x'; 2 * 1024 * 1024 + 1];
    let tree = Tree::new(
        "unreadable",
        &[
            ("a.py", b"print()\n"),
            ("lfs.ipynb", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
            ("wide.yml", b"\xff\xfea\0"),
            ("bin.sh", b"\x7fELF\0"),
            ("late.sh", &[vec![b'a'; 9000], vec![0]].concat()),
            ("huge.sh", &huge),
            ("data.json", &huge),
            ("tool", b"#!/usr/bin/env bash\necho\n"),
            ("README", b"no interpreter"),
        ],
    );
    let (sources, notices) = tree.scan(&Options::default());
    assert_eq!(paths(&sources), ["a.py", "late.sh", "tool"]);
    assert_eq!(sources.files[2].bytes, b"#!/usr/bin/env bash\necho\n");
    let kinds: Vec<_> = notices.iter().map(|n| n.kind).collect();
    use NoticeKind::{LeftOut, Limit, PartlyUnderstood, Unreadable};
    assert_eq!(kinds, [Unreadable, Limit, PartlyUnderstood, LeftOut, Unreadable, LeftOut], "{notices:#?}");
}

#[cfg(unix)]
#[test]
fn links_pipes_and_loops_are_not_followed() {
    let outside = Tree::new("outside", &[("secret.py", b"x")]);
    let tree = Tree::new("links", &[("sub/a.py", b"x"), ("docker/prod.image", b"FROM x\n")]);
    let link = |to: &Path, at: &str| std::os::unix::fs::symlink(to, tree.0.join(at)).unwrap();
    link(&outside.0.join("secret.py"), "secret.py");
    link(&outside.0, "out.py");
    link(&tree.0, "sub/loop");
    link(&tree.0.join("sub/a.py"), "again.py");
    link(&tree.0.join("docker/prod.image"), "Dockerfile");
    link(Path::new("gone"), "gone.sh");
    let piped = std::process::Command::new("mkfifo").arg(tree.0.join("pipe.sh")).status().is_ok_and(|s| s.success());
    let (sources, notices) = tree.scan(&Options::default());
    assert_eq!(paths(&sources), ["docker/prod.image", "sub/a.py"]);
    assert_eq!(sources.files[0].kind, Kind::Dockerfile);
    let texts: Vec<_> = notices.iter().map(|n| n.text.as_str()).collect();
    assert_eq!(texts.first(), Some(&"3 symbolic links out of the tree, or to nothing, not followed"));
    assert_eq!(texts.len(), 1 + usize::from(piped));
}

#[test]
fn projects_inside_are_roots_and_order_does_not_depend_on_arguments() {
    let tree = Tree::new(
        "roots",
        &[
            ("z.py", b"x"),
            ("labs/b/.github/workflows/w.yml", b"on: push\n"),
            ("labs/a/.github/workflows/w.yml", b"on: push\n"),
            ("labs/a/run.py", b"x"),
        ],
    );
    let (sources, _) = tree.scan(&Options::default());
    let got: Vec<_> = sources.files.iter().map(|f| (f.root, f.path.as_str(), f.uri.as_str())).collect();
    let want = [
        (0, "z.py", "z.py"),
        (1, ".github/workflows/w.yml", "labs/a/.github/workflows/w.yml"),
        (1, "run.py", "labs/a/run.py"),
        (2, ".github/workflows/w.yml", "labs/b/.github/workflows/w.yml"),
    ];
    assert_eq!(got, want);
    let many = [tree.0.join("labs/b"), tree.0.clone(), tree.0.join("z.py")];
    let (again, _) = discover(&many, &Options::default()).unwrap();
    assert_eq!(paths(&again), paths(&sources));
    assert!(discover(&[tree.0.join("nowhere")], &Options::default()).is_err());
}

#[test]
fn the_owner_of_a_repository_is_read_from_its_first_remote() {
    for (url, want) in [
        ("https://example.com/acme/scorer.git", Some("example.com/acme")),
        ("git@example.com:acme/scorer", Some("example.com/acme")),
        ("ssh://git@example.com/acme/scorer", Some("example.com/acme")),
        ("/srv/mirrors/scorer", None),
    ] {
        let tree = Tree::new(
            "owner",
            &[(".git/config", format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {url}\n").as_bytes()), ("a.py", b"x = 1\n")],
        );
        let (sources, _) = tree.scan(&Options::default());
        assert_eq!(sources.owners.first().cloned().flatten().as_deref(), want, "{url}");
        let own = |name: &str| sources.is_own(crate::source::FileId(0), name);
        assert_eq!(own("git+https://git@example.com/Acme/tools.git@main"), want.is_some());
        assert_eq!(own("acme/tools"), want.is_some());
        assert!(!own("git+https://example.org/acme/tools.git") && !own("acmes/tools") && !own("acme"));
    }
}

#[test]
fn lists_at_the_top_are_read_beside_a_part() {
    let list: &[u8] = b"sub/a.py:x:1\n";
    let tree =
        Tree::new("lists", &[(".git/config", b""), (".gitleaksignore", list), ("sub/a.py", b"x"), ("sub/.secrets.baseline", b"{}"), ("b.py", b"x")]);
    let of = |path: &str| discover(&[tree.0.join(path)], &Options::default()).unwrap().0;
    for part in ["sub", "sub/a.py"] {
        let sources = of(part);
        let lists: Vec<(&str, &str, &[u8])> = sources.lists.iter().map(|f| (f.path.as_str(), f.uri.as_str(), f.bytes.as_slice())).collect();
        assert_eq!(lists, [(".gitleaksignore", ".gitleaksignore", list)], "{part}");
        assert!(!paths(&sources).contains(&".gitleaksignore"), "it was not asked for: {part}");
    }
    let whole = of("");
    assert!(whole.lists.is_empty() && paths(&whole).contains(&".gitleaksignore"));
}
