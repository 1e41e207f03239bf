use std::sync::Arc;

use super::tables::local::Local;
use super::*;
use crate::catalog::unwrap::unwrap;
use crate::extract;
use crate::graph::imports::Imports;
use crate::graph::index::FileIndex;
use crate::graph::paths::Paths;
use crate::link;
use crate::outline;
use crate::source::{Kind, SourceFile, Sources};

fn kind(path: &str) -> Kind {
    match path.rsplit(['.', '/']).next().unwrap_or_default() {
        "py" => Kind::Python,
        "sh" => Kind::Shell,
        "txt" => Kind::Requirements,
        "Dockerfile" => Kind::Dockerfile,
        _ if path.ends_with("action.yml") => Kind::Action,
        _ if path.contains("workflows/") => Kind::Workflow,
        _ => Kind::Yaml,
    }
}

/// Flow over files given as (path, text), every block of every file read.
fn flow(files: &[(&str, &str)]) -> (Sources, Flow) {
    let (sources, flow) = asked(files, 0);
    (sources, flow)
}

/// As [`flow`], after asking for every fact in an order that `seed` decides.
fn asked(files: &[(&str, &str)], seed: u64) -> (Sources, Flow) {
    let mut files: Vec<SourceFile> = files.iter().map(|(p, t)| SourceFile::new(*p, kind(p), t.as_bytes().to_vec())).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let sources = Sources { roots: vec![".".into()], files, ..Sources::default() };
    let catalog = Catalog::builtin().unwrap();
    let read = |f: &SourceFile| match f.kind {
        Kind::Python => {
            let o = outline::outline(&f.bytes);
            extract::python::module(&f.bytes, &o, &o.all())
        }
        Kind::Shell => extract::shell::file(&f.bytes),
        Kind::Requirements => extract::manifest::requirements(&f.bytes),
        Kind::Workflow => extract::github::workflow(&f.bytes),
        Kind::Action => extract::action::action(&f.bytes),
        Kind::Dockerfile => extract::dockerfile::dockerfile(&f.bytes),
        _ => extract::config::yaml(&f.bytes),
    };
    let facts = Facts { files: sources.files.iter().map(|f| unwrap(read(f), &catalog)).collect() };
    let named: Vec<_> = facts.files.iter().zip(&sources.files).map(|(f, file)| Arc::new(FileIndex::new(file.kind, f, &catalog))).collect();
    let local: Vec<_> = facts.files.iter().map(|f| Arc::new(Local::new(f))).collect();
    let outlines: Vec<_> = sources.files.iter().map(|f| (f.kind == Kind::Python).then(|| outline::outline(&f.bytes))).collect();
    let paths = Arc::new(Paths::new(&sources));
    let imports = Arc::new(Imports::new(&paths, &outlines));
    let mut index = Index::new(&paths, &imports, &facts, &catalog, &named, &[]);
    let tables = Tables::settled(&mut index, &facts, &catalog, &local);
    let (graph, _) = link::link(&index, &facts, &catalog);
    if seed == 0 {
        let flow = solve(0, &tables, &index, &facts, &graph, &catalog);
        return (sources, flow);
    }
    let versions = Versions::new(&index, &facts);
    let world = World { index: &index, facts: &facts, graph: &graph, catalog: &catalog };
    let writers = Writers::new(world, &tables);
    let mut solver = Solver::new(world, &tables, &writers);
    let mut nodes: Vec<(u64, Node)> = facts
        .nodes()
        .map(|(n, _)| ((seed ^ (u64::from(n.fact.0) << 8 | u64::from(n.file.0))).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29), n))
        .collect();
    nodes.sort_unstable();
    for (_, node) in nodes {
        solver.fact(node);
    }
    let sinks = solver.sinks(&(0..u32::MAX));
    let entries = entries::entries(&mut solver);
    let mut lifted = lift::lift(&mut solver, &versions, &entries, &sinks);
    lift::once(&mut lifted.hits);
    let notices = lift::notices(&solver, &lifted.cut);
    (sources, Flow { hits: lifted.hits, wanted: solver.wanted, versions, harmless: Vec::new(), notices })
}

fn name<T: serde::Serialize>(value: T) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

/// Hits in a few words: place, kind, bytes, flag, subject.
fn hits(files: &[(&str, &str)], kinds: &[&str]) -> Vec<String> {
    let (sources, flow) = flow(files);
    let mut out = Vec::new();
    for hit in &flow.hits {
        if !kinds.is_empty() && !kinds.contains(&hit.kind.as_str()) {
            continue;
        }
        let file = sources.file(hit.place.file);
        let line = file.lines().line(hit.place.range.start);
        let b = hit.bytes;
        let bytes = format!("{}/{}{}{}", name(b.who), name(b.mutable), if b.open { " open" } else { "" }, if b.known { "" } else { " unknown" });
        let flag = match &hit.flag {
            FlagState::None => String::new(),
            f => format!(" {f:?}").to_lowercase(),
        };
        let subject = hit.subject.as_deref().map(|s| format!(" {s}")).unwrap_or_default();
        let at = if files.len() == 1 { String::new() } else { format!("{}:", file.path) };
        out.push(format!("{at}{line} {} {bytes}{flag}{subject}", hit.kind));
    }
    out
}

const LOADS: &[&str] = &["checkpoint-load", "pickle-load", "socket-load", "yaml-load", "dynamic-code", "shell", "script-run", "remote-code-load"];

/// (code, what reaches which sink). No line: nothing worth a word.
const PYTHON: &[(&str, &str)] = &[
    // Downloads.
    ("torch.load(hf_hub_download('o/m', 'x.pt'), weights_only=False)", "1 checkpoint-load publisher/moving unsafe o/m"),
    ("p = hf_hub_download('o/m', 'x.pt', revision='SHA')\ntorch.load(p, weights_only=False)", "2 checkpoint-load repository/digest unsafe"),
    ("p = snapshot_download('o/m')\ntorch.load(os.path.join(p, 'x.pt'), weights_only=False)", "2 checkpoint-load publisher/moving unsafe o/m"),
    ("pickle.loads(requests.get('https://h.example/x').content)", "1 pickle-load publisher/moving https://h.example/x"),
    ("pickle.loads(requests.get('http://h.example/x').content)", "1 pickle-load anyone/moving http://h.example/x"),
    ("u = 'https://h.example'\nexec(requests.get(f'{u}/x').text)", "2 dynamic-code publisher/moving https://h.example/x"),
    (
        "urllib.request.urlretrieve('https://h.example/x.pkl', 'x.pkl')\npickle.load(open('x.pkl', 'rb'))",
        "2 pickle-load publisher/moving https://h.example/x.pkl",
    ),
    (
        "with open('x.pkl', 'wb') as f:\n    f.write(requests.get('https://h.example/x').content)\npickle.load(open('x.pkl', 'rb'))",
        "3 pickle-load publisher/moving https://h.example/x",
    ),
    // Names decide.
    ("M = 'org/model'\nAutoModel.from_pretrained(M, trust_remote_code=True)", "2 remote-code-load publisher/moving unsafe org/model"),
    ("AutoModel.from_pretrained('org/model', trust_remote_code=True, revision='SHA')", "1 remote-code-load repository/digest unsafe org/model"),
    (
        "REV = 'main'\nAutoModel.from_pretrained('org/model', trust_remote_code=True, revision=REV)",
        "2 remote-code-load publisher/moving unsafe org/model",
    ),
    ("AutoModel.from_pretrained('org/model', trust_remote_code=False)", "1 remote-code-load publisher/moving safe org/model"),
    ("AutoModel.from_pretrained('outputs/final', trust_remote_code=True)", "1 remote-code-load operator/digest unknown unsafe outputs/final"),
    ("AutoModel.from_pretrained(args.model_path, trust_remote_code=True)", "1 remote-code-load program/digest unknown unsafe"),
    ("kw = {'trust_remote_code': True}\nAutoModel.from_pretrained('org/model', **kw)", "2 remote-code-load publisher/moving unsafe org/model"),
    (
        "def f(**kw):\n    return AutoModel.from_pretrained(kw.get('tokenizer', 'x'), trust_remote_code=True)",
        "2 remote-code-load operator/digest open unknown unsafe",
    ),
    // Operators.
    ("a = argparse.ArgumentParser().parse_args()\ntorch.load(a.ckpt, weights_only=False)", "2 checkpoint-load operator/digest unsafe"),
    ("pickle.loads(os.environ['X'])", "1 pickle-load operator/digest"),
    // Open worlds.
    ("def load(path):\n    return torch.load(path, weights_only=False)", "2 checkpoint-load program/digest open unsafe"),
    ("def _load(path):\n    return torch.load(path, weights_only=False)\n_load('a.pt')", "2 checkpoint-load operator/digest unsafe a.pt"),
    ("def load(path, weights_only=False):\n    return torch.load(path, weights_only=weights_only)", "2 checkpoint-load program/digest open unsafe"),
    // The outermost call that supplies an outside value.
    (
        "def load(path):\n    return torch.load(path, weights_only=False)\nload(hf_hub_download('o/m', 'x.pt'))\nload('local.pt')",
        "2 checkpoint-load operator/digest unsafe local.pt; 3 checkpoint-load publisher/moving unsafe o/m",
    ),
    (
        "def load(name, rev=None, trust=False):\n    return AutoModel.from_pretrained(name, revision=rev, trust_remote_code=trust)\nload('org/m', trust=True)\nload('org/m', 'SHA', trust=True)",
        "2 remote-code-load repository/digest unsafe org/m; 3 remote-code-load publisher/moving unsafe org/m",
    ),
    (
        "class A:\n    def __init__(self, path):\n        self.path = path\n    def load(self):\n        return torch.load(self.path, weights_only=False)\nA('https://h.example/x.pt').load()",
        "6 checkpoint-load publisher/moving unsafe https://h.example/x.pt",
    ),
    (
        "def get(u):\n    return requests.get(u).content\npickle.loads(get('https://h.example/x'))",
        "3 pickle-load publisher/moving https://h.example/x",
    ),
    // Entries, peers, models of language.
    ("@app.post('/x')\ndef f(body: bytes):\n    return pickle.loads(body)", "3 pickle-load anyone/moving"),
    ("s = zmq.Context().socket(zmq.PULL)\ns.bind('tcp://*:5555')\ns.recv_pyobj()", "3 socket-load peer/moving"),
    ("s = zmq.Context().socket(zmq.PULL)\ns.bind('tcp://127.0.0.1:5555')\ns.recv_pyobj()", ""),
    ("r = openai.OpenAI().chat.completions.create(model='m', messages=[])\nexec(r.choices[0].message.content)", "2 dynamic-code anyone/moving"),
    ("from unittest import mock\n@mock.patch('a.b')\ndef test_f(body):\n    return pickle.loads(body)", "4 pickle-load program/digest open"),
    // Quiet on good code.
    ("pickle.loads(pickle.dumps({}))", ""),
    ("def f(x):\n    b = pickle.dumps(x)\n    return pickle.loads(b)", ""),
    ("torch.save(requests.get('https://h.example/x').json(), 'a.pt')\ntorch.load('a.pt', weights_only=False)", ""),
    ("b = io.BytesIO()\ntorch.save(m, b)\nb.seek(0)\ntorch.load(b, weights_only=False)", ""),
    ("with open(p, 'wb') as f:\n    pickle.dump(x, f)\nwith open(p, 'rb') as f:\n    pickle.load(f)", ""),
    ("with tempfile.TemporaryDirectory() as d:\n    m.save_pretrained(d)\n    AutoModel.from_pretrained(d, trust_remote_code=True)", ""),
    (
        "d = requests.get('https://h.example/x').content\nif hashlib.sha256(d).hexdigest() != 'abc':\n    raise ValueError()\npickle.loads(d)",
        "4 pickle-load repository/digest",
    ),
    (
        "d = requests.get('https://h.example/x').content\nif hashlib.sha256(d).hexdigest() != 'abc':\n    print('bad')\npickle.loads(d)",
        "4 pickle-load publisher/moving https://h.example/x",
    ),
    // A digest of the file itself, computed in sight or by a function of the tree.
    (
        "urllib.request.urlretrieve('https://h.example/x', 'x')\nwith open('x', 'rb') as f:\n    if hashlib.sha256(f.read()).hexdigest() != 'abc':\n        raise ValueError()\npickle.load(open('x', 'rb'))",
        "5 pickle-load repository/digest",
    ),
    (
        "def digest(p):\n    h = hashlib.sha256()\n    h.update(open(p, 'rb').read())\n    return h.hexdigest()\nurllib.request.urlretrieve('https://h.example/x', 'x')\nif digest('x') != 'abc':\n    raise ValueError()\npickle.load(open('x', 'rb'))",
        "8 pickle-load repository/digest",
    ),
    (
        "def check(p, want):\n    if hashlib.sha256(open(p, 'rb').read()).hexdigest() != want:\n        raise ValueError()\nurllib.request.urlretrieve('https://h.example/x', 'x')\ncheck('x', 'abc')\npickle.load(open('x', 'rb'))",
        "6 pickle-load repository/digest",
    ),
    (
        "def check(p, want):\n    if hashlib.sha256(open(p, 'rb').read()).hexdigest() != want:\n        print('other')\nurllib.request.urlretrieve('https://h.example/x', 'x')\ncheck('x', 'abc')\npickle.load(open('x', 'rb'))",
        "6 pickle-load publisher/moving https://h.example/x",
    ),
    (
        "def size(p):\n    if len(open(p, 'rb').read()) == 0:\n        raise ValueError()\nurllib.request.urlretrieve('https://h.example/x', 'x')\nsize('x')\npickle.load(open('x', 'rb'))",
        "6 pickle-load publisher/moving https://h.example/x",
    ),
    // Archives that seem to come out of each other.
    (
        "def one():\n    shutil.unpack_archive('d/x.tar', 'd')\n    return pickle.load(open('d/x', 'rb'))\ndef other():\n    shutil.unpack_archive('d/y.tar', 'd')",
        "3 pickle-load operator/digest",
    ),
    // An address says itself what fixes it; one that nobody fetches is no entry of a hub.
    (
        "pandas.read_pickle('https://h.example/o/r/raw/SHA/x.pkl')",
        "1 pickle-load repository/digest https://h.example/o/r/raw/0123456789012345678901234567890123456789/x.pkl",
    ),
    (
        "about = {'path': name, 'see': 'https://papers.example/1'}\nAutoModel.from_pretrained(about[key], trust_remote_code=True)",
        "2 remote-code-load program/digest unknown unsafe",
    ),
    ("yaml.load(open('c.yaml'), Loader=yaml.SafeLoader)", ""),
    ("def test(tmp_path):\n    torch.save(m, tmp_path / 'a.pt')\n    torch.load(tmp_path / 'a.pt', weights_only=False)", ""),
];

const IMPORTS: &str = "import argparse, hashlib, io, openai, os, pandas, pickle, requests, shutil, tempfile, torch, urllib.request, yaml, zmq; from huggingface_hub import hf_hub_download, snapshot_download; from transformers import AutoModel; ";

#[test]
fn origins_reach_sinks() {
    let mut wrong = Vec::new();
    for (code, expected) in PYTHON {
        let code = format!("{IMPORTS}{}", code.replace("SHA", "0123456789012345678901234567890123456789"));
        let code = code.replacen("; def", "\ndef", 1).replacen("; class", "\nclass", 1).replacen("; @", "\n@", 1).replacen("; with", "\nwith", 1);
        // Compound statements cannot follow on one line: their lines count from the next.
        let shift = u32::from(code.starts_with(&format!("{}\n", IMPORTS.trim_end_matches("; "))));
        let mut got: Vec<String> = hits(&[("m.py", &code)], LOADS);
        for line in &mut got {
            let (n, rest) = line.split_once(' ').unwrap();
            *line = format!("{} {rest}", n.parse::<u32>().unwrap() - shift);
        }
        got.sort();
        if got.join("; ") != *expected {
            wrong.push(format!("{code}\n  want {expected}\n  got  {}", got.join("; ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// (name, files, what reaches which sink).
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);

const FILES: &[Case] = &[
    (
        "pasted text",
        &[(
            ".github/workflows/a.yml",
            "on: issues\njobs:\n  j:\n    runs-on: x\n    steps:\n      - run: |\n          echo ${{ github.event.issue.title }}\n          echo ${{ github.event.issue.number }} ${{ github.sha }}\n",
        )],
        "7 script anyone/moving github.event.issue.title",
    ),
    (
        "not that event",
        &[(".github/workflows/a.yml", "on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n      - run: echo ${{ github.event.issue.title }}\n")],
        "",
    ),
    (
        "through env and back",
        &[(
            ".github/workflows/a.yml",
            "on: issues\njobs:\n  j:\n    runs-on: x\n    env:\n      T: ${{ github.event.issue.title }}\n    steps:\n      - run: echo ${{ env.T }}\n      - run: echo \"$T\"\n",
        )],
        "8 script anyone/moving github.event.issue.title",
    ),
    (
        "through a step's output",
        &[(
            ".github/workflows/a.yml",
            "on: issues\njobs:\n  j:\n    runs-on: x\n    steps:\n      - id: s\n        env:\n          T: ${{ github.event.issue.title }}\n        run: echo \"t=$T\" >> $GITHUB_OUTPUT\n      - run: echo ${{ steps.s.outputs.t }}\n",
        )],
        "10 script anyone/moving github.event.issue.title",
    ),
    (
        "through a job's output",
        &[(
            ".github/workflows/a.yml",
            "on: issues\njobs:\n  a:\n    runs-on: x\n    outputs:\n      t: ${{ github.event.issue.title }}\n    steps:\n      - run: true\n  b:\n    needs: a\n    runs-on: x\n    steps:\n      - run: echo ${{ needs.a.outputs.t }}\n",
        )],
        "13 script anyone/moving github.event.issue.title",
    ),
    (
        "an input of an action",
        &[
            (
                ".github/workflows/a.yml",
                "on: issues\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: ./act\n        with:\n          t: ${{ github.event.issue.title }}\n      - uses: ./act\n        with:\n          t: fixed\n",
            ),
            (
                "act/action.yml",
                "name: a\ninputs:\n  t:\n    required: true\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      run: echo ${{ inputs.t }}\n",
            ),
        ],
        ".github/workflows/a.yml:6 script anyone/moving github.event.issue.title",
    ),
    ("a piped download", &[("a.sh", "curl -sL https://h.example/i.sh | bash\n")], "1 script-run publisher/moving https://h.example/i.sh"),
    ("a piped download over http", &[("a.sh", "curl -sL http://h.example/i.sh | bash\n")], "1 script-run anyone/moving http://h.example/i.sh"),
    ("a stored download", &[("a.sh", "curl -o i.sh https://h.example/i.sh\nbash i.sh\n")], "2 script-run publisher/moving https://h.example/i.sh"),
    (
        "a stored download, by redirection",
        &[("a.sh", "curl https://h.example/i.sh > i.sh\nbash i.sh\n")],
        "2 script-run publisher/moving https://h.example/i.sh",
    ),
    ("wget names the file", &[("a.sh", "wget https://h.example/i.sh\nsh ./i.sh\n")], "2 script-run publisher/moving https://h.example/i.sh"),
    (
        "a variable names it",
        &[("a.sh", "URL=https://h.example/i.sh\ncurl -o i.sh \"$URL\"\nbash i.sh\n")],
        "3 script-run publisher/moving https://h.example/i.sh",
    ),
    (
        "a checked download",
        &[("a.sh", "set -e\ncurl -o i.sh https://h.example/i.sh\necho 'abc  i.sh' | sha256sum -c -\nbash i.sh\n")],
        "4 script-run repository/digest i.sh",
    ),
    ("a process substitution", &[("a.sh", "bash <(curl -sL https://h.example/i.sh)\n")], "1 script-run publisher/moving https://h.example/i.sh"),
    ("a file of the tree", &[("a.sh", "bash tools/b.sh\n"), ("tools/b.sh", "true\n")], "a.sh:1 script-run repository/digest tools/b.sh"),
    (
        "a step downloads, the next runs",
        &[(
            ".github/workflows/a.yml",
            "on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n      - run: curl -o i.sh https://h.example/i.sh\n      - run: bash i.sh\n  k:\n    runs-on: x\n    steps:\n      - run: bash i.sh\n",
        )],
        "11 script-run operator/digest i.sh; 7 script-run publisher/moving https://h.example/i.sh",
    ),
    (
        "versions settle the default",
        &[("m.py", "import torch\ntorch.load('a.pt')\n"), ("requirements.txt", "torch>=2.10\n")],
        "m.py:2 checkpoint-load operator/digest safe a.pt",
    ),
    (
        "versions too old",
        &[("m.py", "import torch\ntorch.load('a.pt')\n"), ("requirements.txt", "torch==2.1\n")],
        "m.py:2 checkpoint-load operator/digest unsafe a.pt",
    ),
    (
        "a hole",
        &[("m.py", "import torch\ntorch.load('a.pt', weights_only=True)\n"), ("requirements.txt", "torch>=2.6,<2.9\n")],
        "m.py:2 checkpoint-load operator/digest hole(\"torch>=2.10\") a.pt",
    ),
    (
        "the nearest project decides",
        &[("p/m.py", "import torch\ntorch.load('a.pt')\n"), ("p/requirements.txt", "torch>=2.10\n"), ("requirements.txt", "torch==2.1\n")],
        "p/m.py:2 checkpoint-load operator/digest safe a.pt",
    ),
    (
        "a folder of requirements speaks for what holds it",
        &[("p/m.py", "import torch\ntorch.load('a.pt')\n"), ("requirements/gpu/base.txt", "torch==2.1\n")],
        "p/m.py:2 checkpoint-load operator/digest unsafe a.pt",
    ),
    (
        "a setup script states versions",
        &[("m.py", "import torch\ntorch.load('a.pt')\n"), ("setup.py", "deps = ['torch >= 2.10', 'x==1']\nsetup(install_requires=deps)\n")],
        "m.py:2 checkpoint-load operator/digest safe a.pt",
    ),
    (
        "a call across files",
        &[
            ("pkg/__init__.py", ""),
            ("pkg/a.py", "import torch\ndef load(p):\n    return torch.load(p, weights_only=False)\n"),
            ("pkg/b.py", "from .a import load\nfrom huggingface_hub import hf_hub_download\nURL = 'o/m'\nload(hf_hub_download(URL, 'x.pt'))\n"),
            ("c.py", "from pkg.a import load\nload('x.pt')\n"),
        ],
        "pkg/a.py:3 checkpoint-load operator/digest unsafe x.pt; pkg/b.py:4 checkpoint-load publisher/moving unsafe o/m",
    ),
    (
        "a constant of another file",
        &[
            ("conf.py", "MODEL = 'org/m'\n"),
            ("m.py", "import conf\nfrom transformers import AutoModel\nAutoModel.from_pretrained(conf.MODEL, trust_remote_code=True)\n"),
        ],
        "m.py:3 remote-code-load publisher/moving unsafe org/m",
    ),
    (
        "callers in tests close nothing",
        &[
            ("m.py", "import torch\ndef load(p):\n    return torch.load(p, weights_only=False)\n"),
            ("tests/test_m.py", "from m import load\ndef test_load(tmp_path):\n    load('fixture.pt')\n"),
        ],
        "m.py:3 checkpoint-load program/digest open unsafe",
    ),
];

#[test]
fn origins_cross_files_and_languages() {
    let mut wrong = Vec::new();
    let kinds: Vec<&str> = LOADS.iter().copied().chain(["script"]).collect();
    for (name, files, expected) in FILES {
        let mut got = hits(files, &kinds);
        got.sort();
        if got.join("; ") != *expected {
            wrong.push(format!("{name}\n  want {expected}\n  got  {}", got.join("; ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_order_of_questions_changes_nothing() {
    let together: String =
        PYTHON.iter().enumerate().map(|(i, (code, _))| format!("def case{i}():\n    {}\n", code.replace('\n', "\n    "))).collect();
    let loops = "def a(x):\n    while x:\n        x = b(x) + 'y'\n    return x\ndef b(x):\n    return a(x) or requests.get('https://h.example/x').text\nclass C:\n    def __init__(self):\n        self.p = self.q\n    def m(self, p):\n        self.q = self.p or p\n        exec(self.q)\nC().m(a('z'))\nexec(b('z'))\n";
    let whole = format!("{}\n{together}{loops}", IMPORTS.trim_end_matches("; "));
    for files in [vec![("m.py", whole.as_str())], FILES.iter().flat_map(|c| c.1.iter().copied()).collect()] {
        let (_, first) = asked(&files, 0);
        for seed in 1..4 {
            let (_, other) = asked(&files, seed);
            assert_eq!(first.hits, other.hits);
        }
    }
}

#[test]
fn long_chains_and_circles_end() {
    let mut code = String::from("import pickle, requests\na = requests.get('https://h.example/x').text\n");
    for _ in 0..600 {
        code.push_str("a = a + a\nif a:\n    a = f(a, a)\n");
    }
    for i in 0..100 {
        code.push_str(&format!("def f{i}(x):\n    y = f{}(x + x)\n    return f{}(y)\n", (i + 1) % 100, (i + 7) % 100));
    }
    code.push_str("pickle.loads(a)\npickle.loads(f0(a))\n");
    let got = hits(&[("m.py", &code)], LOADS);
    assert!(got.iter().any(|h| h.contains("pickle-load publisher/moving unknown")), "{got:?}");
}

#[test]
fn callers_that_are_not_followed_are_told() {
    let program = |callers: usize| {
        let calls: String = (0..callers).map(|i| format!("def f{i}(path{i}):\n    _load(path{i})\n")).collect();
        format!("import pickle\ndef _load(path):\n    return pickle.load(open(path, 'rb'))\n{calls}")
    };
    let told =
        |callers: usize| flow(&[("a.py", &program(callers))]).1.notices.iter().any(|n| n.text.starts_with("too many ways lead through `_load`"));
    assert_eq!([told(lift::MAX_WAYS), told(lift::MAX_WAYS + 1)], [false, true]);
}
