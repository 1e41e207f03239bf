//! Hostile and shuffled trees through the whole program: no panic, no hang, no difference, and nothing that acts on a reader.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::cli::knowledge::Knowledge;
use crate::discover::{Options, discover};
use crate::finding::{Confidence, Report, Severity};
use crate::report::{escape, json, sarif, text};
use crate::source::{Kind, SourceFile, Sources};
use crate::triage::Policy;

static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| Knowledge::of(Default::default(), None, &[]).unwrap());

fn everything() -> Policy {
    Policy {
        rules: KNOWLEDGE.standing.clone(),
        preview: true,
        hygiene: true,
        min_severity: Severity::Info,
        min_confidence: Confidence::Low,
        ..Policy::default()
    }
}

fn labs() -> Sources {
    let at = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/labs");
    discover(&[at], &Options::default()).unwrap().0
}

/// Every form of a report, one after the other.
fn forms(report: &Report, sources: &Sources) -> Vec<String> {
    let mut out = Vec::new();
    let mut take = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        write(&mut bytes);
        out.push(String::from_utf8(bytes).unwrap());
    };
    let cards = &KNOWLEDGE.cards;
    let look = text::Look { color: false, quiet: false, verbose: true, time: false };
    take(&|b| text::write(report, sources, cards, look, b).unwrap());
    take(&|b| json::write(report, sources, cards, json::Extra { hidden: true, cleared: true, suppressed: true }, b).unwrap());
    take(&|b| sarif::write(report, sources, cards, sarif::Limits::default(), b).unwrap());
    out
}

fn run(sources: &Sources) -> Vec<String> {
    forms(&KNOWLEDGE.scan(sources, Vec::new(), &everything()).0, sources)
}

fn with_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(64 << 20).build().unwrap().install(run)
}

/// Nothing that moves a cursor, reorders text or is a command to a CI log.
fn assert_calm(outputs: &[String]) {
    for out in outputs {
        assert!(!out.chars().any(|c| escape::is_unsafe(c) && c != '\n'));
        assert!(!out.lines().any(|l| l.trim_start().starts_with("::")));
    }
}

#[test]
fn equal_bytes_come_out_for_any_number_of_threads_and_any_order_of_paths() {
    let once = with_threads(1, || run(&labs()));
    assert!(once[1].contains("\"critical\""), "the labs say something");
    assert_eq!(once, with_threads(4, || run(&labs())));
    let at = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/labs");
    let mut parts: Vec<PathBuf> = std::fs::read_dir(&at).unwrap().map(|e| e.unwrap().path()).collect();
    parts.sort();
    parts.reverse();
    let shuffled = discover(&parts, &Options::default()).unwrap().0;
    assert_eq!(once, with_threads(3, || run(&shuffled)));
    assert_calm(&once);
}

/// One way of spoiling a file.
#[derive(Clone, Debug)]
enum Harm {
    Cut(usize),
    Drop(usize, usize),
    Insert(usize, Vec<u8>),
    Repeat(usize, usize, usize),
    Swap(usize, usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..6),
        Just(b"\0".to_vec()),
        Just(b"\r".to_vec()),
        Just("\u{202e}\u{1b}[2J".as_bytes().to_vec()),
        Just(b"${{ ".to_vec()),
        Just(b"\"'`$(".to_vec()),
        Just(b"\n::error ::x\n##[group]".to_vec()),
        Just(b"&a [*a, <<: *a]".to_vec()),
        Just(b"\xff\xfe".to_vec()),
        Just(b"<<'EOF'\n".to_vec()),
    ];
    prop_oneof![
        any::<usize>().prop_map(Harm::Cut),
        (any::<usize>(), 1usize..40).prop_map(|(a, n)| Harm::Drop(a, n)),
        (any::<usize>(), bytes).prop_map(|(a, b)| Harm::Insert(a, b)),
        (any::<usize>(), 1usize..30, 2usize..60).prop_map(|(a, n, times)| Harm::Repeat(a, n, times)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Harm::Swap(a, b)),
    ]
}

fn spoil(bytes: &mut Vec<u8>, harm: &Harm) {
    let len = bytes.len().max(1);
    match harm {
        Harm::Cut(at) => bytes.truncate(at % len),
        Harm::Drop(at, n) => drop(bytes.drain((at % len).min(bytes.len())..(at % len + n).min(bytes.len()))),
        Harm::Insert(at, more) => drop(bytes.splice((at % len).min(bytes.len())..(at % len).min(bytes.len()), more.iter().copied())),
        Harm::Repeat(at, n, times) => {
            let from = (at % len).min(bytes.len());
            let piece: Vec<u8> = bytes.get(from..(from + n).min(bytes.len())).unwrap().repeat(*times);
            drop(bytes.splice(from..from, piece));
        }
        Harm::Swap(a, b) if !bytes.is_empty() => bytes.swap(a % len, b % len),
        Harm::Swap(..) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// A spoilt tree is still read to its end, and what comes out is calm.
    #[test]
    fn spoilt_files_are_read_to_the_end(harms in prop::collection::vec((any::<usize>(), harm()), 1..12)) {
        let mut sources = labs();
        for (which, harm) in &harms {
            let n = sources.files.len();
            let file = &mut sources.files[which % n];
            let mut bytes = std::mem::take(&mut file.bytes);
            spoil(&mut bytes, harm);
            let mut new = SourceFile::new(file.path.clone(), file.kind, bytes);
            new.root = file.root;
            *file = new;
        }
        let out = with_threads(1, || run(&sources));
        assert_calm(&out);
    }
}

#[test]
fn deep_wide_and_endless_texts_end_soon() {
    let deep = |open: &str, close: &str, n: usize| format!("{}{}", open.repeat(n), close.repeat(n));
    let on = "on: issue_comment\njobs:\n  a:\n    runs-on: x\n    steps:\n";
    // Jobs one after the other, each with an outsider's tree and what the one before left.
    let parts = |steps: &str, n: usize| {
        let job = |i: usize| {
            format!(
                "  j{i}:\n    needs: [j{}]\n    runs-on: x\n    steps:\n      - uses: actions/download-artifact@v4\n      - uses: actions/checkout@v3\n        \
                 with: {{ ref: '${{{{ github.event.pull_request.head.sha }}}}', path: '{i}' }}\n{}",
                i.saturating_sub(1),
                steps.replace('$', &i.to_string())
            )
        };
        "on: pull_request_target\njobs:\n".to_owned() + &(0..n).map(job).collect::<String>()
    };
    // Each job says twice what the one before says: as many ways as two to the power of their number.
    let doubled = |n: usize| {
        let job = |i: usize| {
            let before = format!("${{{{ needs.j{}.outputs.x }}}}", i.saturating_sub(1));
            let outputs = "    outputs: { x: \"${{ steps.s.outputs.x }}\" }\n";
            format!(
                "  j{i}:\n    needs: [j{}]\n    runs-on: x\n{outputs}    steps:\n      - id: s\n        run: echo x={before}{before} >> $GITHUB_OUTPUT\n",
                i.saturating_sub(1)
            )
        };
        format!("on: issue_comment\njobs:\n{}", (0..n).map(job).collect::<String>())
    };
    let table: Vec<(Kind, &str, String)> = vec![
        (Kind::Workflow, ".github/workflows/doubled.yml", doubled(100)),
        (Kind::Python, "a.py", format!("import torch\nx = {}\n", deep("(", ")", 5_000))),
        (Kind::Python, "b.py", format!("import torch\nx = torch.load({})\n", deep("f(", ")", 2_000))),
        (Kind::Python, "c.py", format!("import os\n{}", (0..300).map(|i| format!("{}if x{i}:\n", " ".repeat(i))).collect::<String>())),
        (Kind::Python, "d.py", format!("import os\nos.system({})\n", "'a' + ".repeat(2_000) + "'b'")),
        (
            Kind::Python,
            "e.py",
            (0..2_000).map(|i| format!("def f{i}(x): return f{}(x)\n", i + 1)).collect::<String>() + "import torch\ntorch.load(f0(1))\n",
        ),
        (
            Kind::Python,
            "copies.py",
            "import shutil\ndef edit(path, b):\n    text = open(path).read()\n".to_owned()
                + &"    if text == '':\n        shutil.copy2(path, b)\n    shutil.copy2(b, path)\n".repeat(60)
                + "    return open(path).read()\n",
        ),
        (Kind::Python, "f.py", "import torch\n".to_owned() + &"x = torch.load(x)\n".repeat(2_000)),
        (Kind::Shell, "a.sh", deep("$(", ")", 2_000)),
        (Kind::Shell, "b.sh", "curl x | ".repeat(2_000)),
        (Kind::Shell, "c.sh", "cat <<A\n".repeat(2_000)),
        (Kind::Shell, "d.sh", "if a; then\n".repeat(2_000)),
        (Kind::Shell, "e.sh", "x=$x$x\n".repeat(300) + "eval \"$x\"\n"),
        (Kind::Workflow, ".github/workflows/a.yml", format!("on: push\njobs: {}\n", deep("[", "]", 2_000))),
        (Kind::Workflow, ".github/workflows/b.yml", format!("{on}      - run: ${{{{ {} }}}}\n", deep("format(", ")", 5_000))),
        (Kind::Workflow, ".github/workflows/c.yml", format!("{on}{}", "      - run: echo ${{ github.event.comment.body }}\n".repeat(400))),
        (
            Kind::Workflow,
            ".github/workflows/d.yml",
            format!("{on}      - if: {}\n        run: x\n", deep("!(", ")", 5_000) + " && a".repeat(2_000).as_str()),
        ),
        (
            Kind::Workflow,
            ".github/workflows/e.yml",
            "a: &a [x]\n".to_owned() + &(0..40).map(|i| format!("a{i}: &a{i} [*a, *a, *a]\n")).collect::<String>(),
        ),
        (Kind::Workflow, ".github/workflows/f.yml", parts("      - uses: actions/upload-artifact@v4\n        with: { name: p-$, path: $ }\n", 400)),
        (
            Kind::Workflow,
            ".github/workflows/g.yml",
            parts("      - uses: actions/cache@v4\n        with: { key: k-$, restore-keys: k-, path: $ }\n      - run: twine upload dist/*\n", 400),
        ),
        (
            Kind::Workflow,
            ".github/workflows/h.yml",
            format!("{on}{}", "      - run: gh pr view\n      - uses: actions/upload-artifact@v4\n        with: { name: a, path: . }\n".repeat(400)),
        ),
        (
            Kind::Workflow,
            ".github/workflows/i.yml",
            format!(
                "{on}      - run: |\n          x='${{{{ github.event.comment.body }}}}'\n{}",
                "          case $x in a|b) ;; *) exit 1 ;; esac\n          echo \"a=$x\" >> $GITHUB_ENV\n".repeat(400)
            ),
        ),
        (Kind::Json, "a.json", deep("[", "]", 5_000)),
        (Kind::Json, "b.json", deep("{\"a\":", "}", 2_000)),
        (Kind::Notebook, "a.ipynb", "{\"cells\":[{\"cell_type\":\"code\",\"source\":[".to_owned() + &"\"!pip install x\\n\",".repeat(1_000)),
        (Kind::Toml, "a.toml", format!("a = {}", deep("[", "]", 2_000))),
        (Kind::Dockerfile, "Dockerfile", "FROM a\n".to_owned() + &"RUN a \\\n".repeat(2_000)),
        (Kind::Make, "Makefile", "a: a\n\t$(shell $(shell a))\n".repeat(1_000)),
        (Kind::Requirements, "requirements.txt", "a \\\n".repeat(2_000)),
        (Kind::Dotenv, ".env", "A=$A\n".repeat(2_000)),
    ];
    let mut slow = Vec::new();
    for (kind, path, text) in table {
        let started = Instant::now();
        let sources = Sources { roots: vec![".".into()], files: vec![SourceFile::new(path, kind, text.into())], ..Sources::default() };
        let out = with_threads(1, || run(&sources));
        assert_calm(&out);
        // Generous for a debug build on a busy machine; a quadratic reader takes minutes.
        if started.elapsed() > Duration::from_secs(60) {
            slow.push((path, started.elapsed()));
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
}

#[test]
fn names_and_secrets_of_scanned_files_do_no_harm() {
    // Put together here, so that no scanner takes this file for a leak.
    let token = ["ghp", "_RB8WMCIkPgAGYNxcTebhjnMomiaKrB0F2qew"].concat();
    let password = "Tr0ub4dor-and-3-horses";
    let name = "::set-output name=x::\u{1b}[31m\u{202e}] (1)\n.py";
    let python = format!("import os\nTOKEN = '{token}'\nPASSWORD = '{password}'\nos.system(f'curl -u x:{password} {{x}}')\n");
    let workflow = format!(
        "on: issue_comment\njobs:\n  a:\n    runs-on: x\n    env: {{ API_TOKEN: {token} }}\n    steps:\n      - run: \"echo ${{{{ github.event.comment.body }}}} {token}\"\n"
    );
    let files = vec![
        SourceFile::new(name, Kind::Python, python.into()),
        SourceFile::new(".github/workflows/a.yml", Kind::Workflow, workflow.into()),
        SourceFile::new(".env", Kind::Dotenv, format!("GITHUB_TOKEN={token}\nDB_PASSWORD={password}\n").into()),
        SourceFile::new(
            "Dockerfile",
            Kind::Dockerfile,
            format!("FROM python:3.12\nENV GITHUB_TOKEN={token}\nRUN curl -H 'Authorization: {token}' x | sh\n").into(),
        ),
    ];
    let sources = Sources { roots: vec![".".into()], files, ..Sources::default() };
    let out = run(&sources);
    assert_calm(&out);
    for form in &out {
        assert!(!form.contains(token.get(..9).unwrap()), "a token shows in {form}");
    }
}
