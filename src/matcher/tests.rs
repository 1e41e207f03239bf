use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::detect;
use crate::finding::{Alert, Confidence, Severity};
use crate::rule::RuleSet;
use crate::scan;
use crate::source::{Kind, SourceFile, Sources};

/// Alerts of a page of our own over a tree, with the line of each.
fn alerts(class: &str, pattern: &str, files: &[(&str, Kind, &str)], policy: &str) -> Vec<(String, u32, Alert)> {
    of_rule("own", class, pattern, files, policy)
}

fn of_rule(rule: &str, class: &str, pattern: &str, files: &[(&str, Kind, &str)], policy: &str) -> Vec<(String, u32, Alert)> {
    let catalog = Catalog::builtin().unwrap();
    let page = format!(
        "---\nid: own\ntitle: T\n{class}\nband: high\nstatus: preview\nedition: \"2026.11\"\ntier: risk\nmatch:\n  {}\nmessage: \"{{origin}} {{name}} {{place}}\"\n\
         fix: f\n---\n# T\n## Why\nw\n## Impact\ni\n## Fix\nf\n## Examples\n```sh path=a.sh\nx # vet: own\n```\n",
        pattern.replace('\n', "\n  ")
    );
    let detectors: Vec<&str> = detect::TABLE.iter().map(|(n, _)| *n).collect();
    let rules = RuleSet::load(&[("own.md".into(), page)], &catalog, &detectors).unwrap();
    let config =
        Config::load(&std::collections::BTreeMap::from([("pipevet.toml".to_owned(), policy.to_owned())]), "pipevet.toml", &catalog.severities)
            .unwrap();
    let ordered: BTreeMap<&str, (Kind, &str)> = files.iter().map(|(p, k, t)| (*p, (*k, *t))).collect();
    let files = ordered.iter().map(|(p, (k, t))| SourceFile::new(*p, *k, t.as_bytes().to_vec())).collect();
    let sources = Sources { roots: vec![".".into()], files, ..Sources::default() };
    let (_, alerts) = scan::analyze(&sources, &catalog, &rules, &config, None);
    let place = |a: &Alert| {
        let file = sources.file(a.primary.file);
        (file.path.clone(), file.lines().line(a.primary.range.start))
    };
    alerts.into_iter().filter(|a| a.rule == rule).map(|a| (place(&a).0, place(&a).1, a)).collect()
}

fn lines(class: &str, pattern: &str, files: &[(&str, Kind, &str)]) -> Vec<u32> {
    alerts(class, pattern, files, "").iter().map(|a| a.1).collect()
}

const SETTING: &str = "class: setting\nlevel: low";
const WORKFLOW: &str = "on: [push, issues]\njobs:\n  a:\n    runs-on: self\n    permissions:\n      contents: write\n    steps:\n      - run: pip install x\n      - uses: o/n/p@v1\n  \
    b:\n    runs-on: ubuntu-latest\n    steps:\n      - run: pip install y && echo ${{ github.event.issue.title }}\n      - uses: ./local\n      - uses: o/n@0123456789012345678901234567890123456789\n";

#[test]
fn facts_are_matched_with_ties_and_exceptions() {
    let workflow = [("w.yml", Kind::Workflow, WORKFLOW)];
    let cases: [(&str, &[u32]); 14] = [
        ("uses: {}", &[9, 14, 15]),
        ("uses: {}\nwhere: { form: remote, bytes: { mutable: \">=release\", who: publisher } }", &[9]),
        ("uses: {}\nwhere: { name: \"o/*\", ref: { unlike: \"v*\" } }", &[15]),
        ("uses: {}\nunless: { form: local }", &[9, 15]),
        ("command: { effect: installs }", &[8, 13]),
        ("command: { effect: installs }\nand: { permission: { level: write }, same: job }", &[8]),
        ("command: { effect: installs }\nunless: { permission: { level: write }, same: job }", &[13]),
        ("command: { effect: installs }\nand: { uses: {}, same: job, before: true }", &[]),
        ("command: { effect: installs }\nand: { uses: {}, where: { form: local }, same: file, after: true }", &[8, 13]),
        ("expression: { in: script }\nwhere: { name: { who: anyone } }", &[13]),
        ("runner: {}\nwhere: { hosted: false }", &[4]),
        ("job: {}\nwhere: { permissions: { given: false } }", &[10]),
        ("trigger: {}\nwhere: { who: \">=peer\" }", &[1]),
        ("requirement: { from: command }\nwhere: { name: y }", &[13]),
    ];
    for (pattern, wanted) in cases {
        assert_eq!(lines(SETTING, pattern, &workflow), wanted, "{pattern}");
    }
}

#[test]
fn open_arguments_count_as_their_kind_says_and_trust_lowers() {
    let class = "class: code-execution";
    let pattern = "sink: { kind: pickle-load }\nwhere: { bytes: { who: \">=operator\" } }";
    let code = "import pickle\ndef load(data):\n    return pickle.loads(data)\ndef _private(data):\n    return pickle.loads(data)\n";
    let found = alerts(class, pattern, &[("lib.py", Kind::Python, code)], "");
    assert_eq!(found.iter().map(|a| a.1).collect::<Vec<_>>(), [3]);
    let alert = &found[0].2;
    assert_eq!((alert.severity, alert.confidence), (Severity::Info, Confidence::Medium));
    assert!(alert.message.starts_with("whoever supplies this value"), "{}", alert.message);

    let code = "from huggingface_hub import hf_hub_download\nimport torch\nm = torch.load(hf_hub_download('acme/m', 'm.pt'), weights_only=False)\n";
    let pattern = "sink: { kind: checkpoint-load }\nwhere: { flag: true, bytes: { who: \">=publisher\", mutable: \">=moving\" } }";
    let files = [("m.py", Kind::Python, code)];
    let found = alerts(class, pattern, &files, "");
    assert_eq!((found.len(), found[0].2.severity), (1, Severity::High));
    assert!(found[0].2.message.contains("acme/m"), "{}", found[0].2.message);
    assert!(alerts(class, pattern, &files, "[trust]\norgs = [\"acme\"]\n").is_empty());
    let tagged = [(
        "a.py",
        Kind::Python,
        "from transformers import AutoModel\nAutoModel.from_pretrained('acme/x', trust_remote_code=True, revision='v1.2')\n",
    )];
    let moving = "sink: { kind: remote-code-load }\nwhere: { bytes: { mutable: \">=moving\" } }";
    assert!(alerts(class, moving, &tagged, "").is_empty());
    assert_eq!(alerts(class, moving, &tagged, "pinning = \"commit\"\n").len(), 1);
    assert!(alerts(class, pattern, &files, "[rule.own]\nenabled = false\n").is_empty());
    assert_eq!(alerts(class, pattern, &files, "[rule.own]\nlevel = \"info\"\n")[0].2.severity, Severity::Info);
    let tests = alerts(class, pattern, &[("tests/test_m.py", Kind::Python, code)], "");
    assert_eq!((tests[0].2.severity, tests[0].2.confidence), (Severity::Medium, Confidence::Low));
}

#[test]
fn what_only_the_version_spoils_counts_less() {
    let pattern = "sink: { kind: checkpoint-load }\nwhere: { flag: [unsafe, hole], bytes: { who: \">=publisher\" } }";
    let level = |flag: &str| {
        let code = format!(
            "from huggingface_hub import hf_hub_download\nimport torch\ntorch.load(hf_hub_download('acme/m', 'm.pt'), weights_only={flag})\n"
        );
        let files = [("m.py", Kind::Python, code.as_str()), ("requirements.txt", Kind::Requirements, "torch==2.4.1\n")];
        alerts("class: code-execution", pattern, &files, "").first().map(|a| a.2.severity)
    };
    assert_eq!((level("False"), level("True")), (Some(Severity::High), Some(Severity::Medium)));
}

#[test]
fn policy_settles_what_paths_assume() {
    let bot = "on: pull_request\njobs:\n  a:\n    runs-on: [self-hosted, gpu]\n    steps:\n      - run: make\n";
    let release = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    env:\n      HF_TOKEN: ${{ secrets.HF_TOKEN }}\n    steps:\n      - uses: acme/setup@main\n";
    let files = [(".github/workflows/bot.yml", Kind::Workflow, bot), (".github/workflows/release.yml", Kind::Workflow, release)];
    let count = |rule: &str, policy: &str| of_rule(rule, SETTING, "runner: {}", &files, policy).len();
    assert_eq!((count("self-hosted-runner-exposed", ""), count("publish-credential-exposed", "")), (1, 1));
    assert_eq!(count("self-hosted-runner-exposed", "[trust]\nrunners = [\"self-hosted\"]\n"), 0);
    for policy in ["[trust]\norgs = [\"acme\"]\n", "[trust]\nactions = [\"acme/setup\"]\n", "[trust.secrets]\nHF_TOKEN = \"read\"\n"] {
        assert_eq!(count("publish-credential-exposed", policy), 0, "{policy}");
    }
}

#[test]
fn what_a_handler_does_is_tied_to_what_was_tried() {
    let code = "import torch, sys\ndef a(p):\n    try:\n        return torch.load(p, weights_only=True)\n    except Exception:\n        return torch.load(p, weights_only=False)\n\
                def b(p):\n    x = torch.load(p, weights_only=True)\n    try:\n        return g(x)\n    except Exception:\n        return torch.load(p, weights_only=False)\n";
    let pattern = "call: { kind: checkpoint-load }\nwhere: { flag: unsafe }\n";
    let tie = "{ call: { kind: checkpoint-load }, where: { flag: safe }, handler-of: true }";
    let project = ("requirements.txt", Kind::Requirements, "torch==2.10\n");
    let files = [("a.py", Kind::Python, code), project];
    assert_eq!(lines(SETTING, &format!("{pattern}and: {tie}"), &files), [6]);
    assert_eq!(lines(SETTING, &format!("{pattern}unless: {tie}"), &files), [12]);
}

#[test]
fn code_that_is_only_shown_is_told_by_its_folder() {
    for path in ["cookbook/rag/app.py", "Samples/a.py", "docs/a.py", "pkg/test_a.py", "conftest.py"] {
        assert!(super::is_test_path(path), "{path}");
    }
    for path in ["src/sampling/a.py", "pkg/contest.py", "samples.py"] {
        assert!(!super::is_test_path(path), "{path}");
    }
}

#[test]
fn tests_proper_are_one_more_doubt_than_examples_unless_something_runs_them() {
    let code = "import torch\nm = torch.hub.load('acme/scorer', 'tiny')\n";
    let doubts = |files: &[(&str, Kind, &str)], path: &str| -> Vec<usize> {
        let found = alerts("class: code-execution", "sink: { kind: remote-code-load }\nwhere: { flag: none }", files, "");
        found.into_iter().filter(|a| a.0 == path).map(|a| a.2.doubts.len()).collect()
    };
    let files = [("src/a.py", Kind::Python, code), ("examples/a.py", Kind::Python, code), ("tests/a.py", Kind::Python, code)];
    assert_eq!(doubts(&files, "src/a.py"), [0]);
    assert_eq!(doubts(&files, "examples/a.py"), [1]);
    assert_eq!(doubts(&files, "tests/a.py"), [2]);
    let job = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: python tests/a.py\n";
    let run = [("tests/a.py", Kind::Python, code), (".github/workflows/a.yml", Kind::Workflow, job)];
    assert_eq!(doubts(&run, "tests/a.py"), [0]);
}

#[test]
fn configuration_that_an_image_copies_counts_as_in_a_container() {
    let class = "class: exposure\nlevel: medium\nlevel-in: { config: low, code-listener: medium, copied: low }";
    let level = |files: &[(&str, Kind, &str)]| alerts(class, "sink: { kind: [listener, code-listener] }", files, "")[0].2.severity;
    let setting = ("serve/config.properties", Kind::Dotenv, "management_address=http://0.0.0.0:8081\n");
    let image = |path: &'static str, copy: &'static str| (path, Kind::Dockerfile, copy);
    assert_eq!(level(&[setting]), Severity::Medium);
    assert_eq!(level(&[setting, image("serve/Dockerfile", "FROM a\nCOPY config.properties /etc/\n")]), Severity::Low);
    assert_eq!(level(&[setting, image("serve/Dockerfile", "FROM a\nCOPY *.properties /etc/\n")]), Severity::Low);
    assert_eq!(level(&[setting, image("docker/Dockerfile", "FROM a\nADD . /app\n")]), Severity::Low);
    assert_eq!(level(&[setting, image("serve/Dockerfile", "FROM a\nCOPY --from=b /config.properties /etc/\n")]), Severity::Medium);
    assert_eq!(level(&[setting, image("serve/Dockerfile", "FROM a\nCOPY config.yaml /etc/\n")]), Severity::Medium);
    let environment = ("compose.yml", Kind::Yaml, "services:\n  a:\n    environment:\n      TS_MANAGEMENT_ADDRESS: http://0.0.0.0:8081\n");
    assert_eq!(level(&[environment]), Severity::Low);
}

#[test]
fn thousands_of_switches_and_checks_take_no_longer_than_their_number() {
    let time = |n: usize| {
        let mut code = "import torch, os\nfrom transformers import AutoModel\n".to_owned();
        for i in 0..n {
            code += &format!("if os.getenv('A{i}') != '1':\n    raise ValueError\ntorch.hub.load('acme/a{i}', 'b')\n");
            code += &format!("def f{i}(args):\n    d = {{}}\n    if args.trust_remote_code:\n        d['trust_remote_code'] = True\n");
            code += &format!("    if not args.on:\n        return None\n    return AutoModel.from_pretrained('acme/m{i}', **d)\n");
        }
        let pattern = "sink: { kind: remote-code-load }\nunless: [{ switched: { on: [trust], off: [safe] } }]";
        let start = std::time::Instant::now();
        let found = lines("class: code-execution", pattern, &[("a.py", Kind::Python, &code)]).len();
        (found, start.elapsed().as_secs_f64())
    };
    let (few, many) = (time(200), time(800));
    assert_eq!((few.0, many.0), (200, 800));
    assert!(many.1 < 12.0 * few.1.max(0.2), "{few:?} {many:?}");
}

#[test]
fn doubts_of_a_page_lower_the_confidence_of_what_they_speak_of() {
    let pattern =
        "sink: { kind: index }\ndoubts:\n  - where: { stated: false }\n    says: [one, two]\n  - where: { own-address: true }\n    says: own";
    let of = |code: &str| {
        let files = [("pyproject.toml", Kind::Pyproject, "[project]\nname = \"scorer\"\n"), ("a.sh", Kind::Shell, code)];
        let found = alerts(SETTING, pattern, &files, "");
        assert_eq!(found.len(), 1, "{code}");
        found[0].2.confidence
    };
    for (code, wanted) in [
        ("pip install --extra-index-url https://pypi.acme.example/simple x", Confidence::High),
        ("pip install --extra-index-url \"$INDEX\" x", Confidence::Low),
        ("INDEX=https://pypi.acme.example/simple\npip install --extra-index-url \"$INDEX\" x", Confidence::High),
        ("INDEX=https://pypi.acme.example/rocm-${VERSION}/simple\npip install --extra-index-url \"$INDEX\" x", Confidence::High),
        ("pip install --extra-index-url https://pypi.acme.example/scorer/ x", Confidence::Medium),
        ("pip install --extra-index-url https://scorer.acme.example/simple x", Confidence::Medium),
        ("pip install --extra-index-url https://u:scorer@pypi.acme.example/scorers x", Confidence::High),
    ] {
        assert_eq!(of(code), wanted, "{code}");
    }
}

#[test]
fn a_list_may_go_to_an_installer_that_asks_in_order() {
    let pattern = "sink: { kind: index }\ndoubts:\n  - where: { in-order: true }\n    says: [one, two]";
    let list = ("a/requirements.txt", Kind::Requirements, "--extra-index-url https://pypi.acme.example/simple\nx\n");
    for (script, wanted) in [
        ("pip install -r a/requirements.txt", Confidence::High),
        ("uv pip install -r a/requirements.txt", Confidence::Low),
        ("uv pip install -r a/requirements.txt\npip install -r a/requirements.txt", Confidence::High),
        ("uv pip install -r other.txt", Confidence::High),
        ("for f in $LISTS; do uv pip install -r \"$f\"; done", Confidence::Low),
        ("for f in $LISTS; do pip install -r \"$f\"; done", Confidence::High),
    ] {
        let found = alerts(SETTING, pattern, &[list, ("a.sh", Kind::Shell, script)], "");
        assert_eq!(found.iter().map(|f| f.2.confidence).collect::<Vec<_>>(), [wanted], "{script}");
    }
}

#[test]
fn thousands_of_indexes_in_one_file_are_looked_at_in_linear_time() {
    let code = |lines: usize| {
        let line = |i: usize| {
            let sets = format!("export PIP_EXTRA_INDEX_URL=https://pypi{i}.acme.example/simple");
            format!("{sets}\npip install --extra-index-url $BASE/a --extra-index-url $BASE --index-url $BASE x{i}\n")
        };
        "BASE=https://pypi.nvidia.com/simple\n".to_owned() + &(0..lines).map(line).collect::<String>()
    };
    let time = |lines: usize| {
        let code = code(lines);
        let begin = std::time::Instant::now();
        assert_eq!(alerts(SETTING, "sink: { kind: index }", &[("a.sh", Kind::Shell, &code)], "").len(), lines);
        begin.elapsed()
    };
    let (few, many) = (time(400), time(1600));
    assert!(many < few * 12 + std::time::Duration::from_secs(20), "{few:?}, then {many:?}");
}
