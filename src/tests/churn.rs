//! What a change is said to bring: edits that move, rename and insert bring nothing; breaking a way brings nothing new; a further way is worse.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;

use super::harness::{knowledge, scan, sources};
use crate::finding::{Change, Confidence, Report, Severity};
use crate::platform::changed;
use crate::source::Sources;
use crate::triage::compare::Snapshot;
use crate::triage::compare::apply::{Base, apply};
use crate::triage::{Policy, triage};

type Files = BTreeMap<String, String>;

fn everything() -> Policy {
    Policy { preview: true, hygiene: true, min_severity: Severity::Info, min_confidence: Confidence::Low, ..Policy::default() }
}

fn run(files: &Files) -> (Report, Snapshot, Sources) {
    let sources = sources(files);
    let (model, alerts) = scan(&sources, knowledge().0);
    let report = triage(alerts, Vec::new(), &model.facts, &sources, &everything());
    let snapshot = Snapshot::of(&report, &model.facts, &sources);
    (report, snapshot, sources)
}

/// The report of `head` held against `base`.
fn compared(base: &Files, head: &Files) -> (Report, Sources) {
    let (_, before, old) = run(base);
    let (mut report, now, sources) = run(head);
    let renamed = changed::renamed(&sources, &old);
    let added = changed::added(&sources, &old, &renamed);
    let base = Base { shown: "base".into(), snapshot: &before, renamed: &renamed, outsider: false, added: &added, policy: Vec::new() };
    apply(&mut report, &now, &base, &sources, &everything());
    (report, sources)
}

/// What a report says is not as it was, one line each.
fn news(report: &Report, sources: &Sources) -> Vec<String> {
    let changed = report.shown.iter().filter(|r| r.counts()).map(|r| {
        let file = sources.file(r.alert.primary.file);
        format!("{:?} {} {}:{} {}", r.change, r.alert.rule, file.path, file.lines().line(r.alert.primary.range.start), r.alert.cause)
    });
    let fixed = report.comparison.iter().flat_map(|c| &c.fixed).map(|f| format!("fixed {} {}:{} {}", f.rule, f.place.0, f.place.1, f.message));
    changed.chain(fixed).collect()
}

fn lab(name: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/labs").join(name);
    let mut out = Files::new();
    let mut todo = vec![root.clone()];
    while let Some(directory) = todo.pop() {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                todo.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                out.insert(path.strip_prefix(&root).unwrap().to_string_lossy().into_owned(), text);
            }
        }
    }
    out
}

fn labs() -> Vec<(String, Files)> {
    ["eval-bot", "moving-checkpoint"].into_iter().map(|n| (n.to_owned(), lab(n))).collect()
}

/// An edit that changes nothing of what can be reached.
#[derive(Clone, Debug)]
enum Edit {
    /// Comments above everything, as many lines.
    Above(usize, usize),
    /// A comment above the definition, key or instruction that begins a line.
    Between(usize, usize),
    /// Another name for a file, wherever it is named.
    RenameFile(usize),
    /// Another name for a function, wherever it is named.
    RenameFunction(usize),
    /// A function moves to a file of its own.
    MoveFunction(usize),
    /// A harmless step before the first of every job.
    InsertStep(usize),
    /// A harmless cell before the first.
    InsertCell(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let any = 0..1000usize;
    prop_oneof![
        (any.clone(), 1..9usize).prop_map(|(a, n)| Edit::Above(a, n)),
        (any.clone(), 0..1000usize).prop_map(|(a, b)| Edit::Between(a, b)),
        any.clone().prop_map(Edit::RenameFile),
        any.clone().prop_map(Edit::RenameFunction),
        any.clone().prop_map(Edit::MoveFunction),
        any.clone().prop_map(Edit::InsertStep),
        any.prop_map(Edit::InsertCell),
    ]
}

fn pick(files: &Files, n: usize, fits: impl Fn(&str) -> bool) -> Option<String> {
    let all: Vec<&String> = files.keys().filter(|p| fits(p)).collect();
    all.get(n.checked_rem(all.len())?).map(|p| (*p).clone())
}

fn commented(path: &str) -> bool {
    [".py", ".yml", "Makefile", "Dockerfile", "requirements.txt"].iter().any(|e| path.ends_with(e))
}

/// The (start, end, name) of functions at the margin of a Python text.
fn functions(text: &str) -> Vec<(usize, usize, String)> {
    let line = regex::Regex::new(r"(?m)^(?:def (\w+)|\S)").unwrap();
    let starts: Vec<(usize, Option<String>)> =
        line.captures_iter(text).map(|c| (c.get(0).unwrap().start(), c.get(1).map(|m| m.as_str().to_owned()))).collect();
    let ends = starts.iter().skip(1).map(|s| s.0).chain([text.len()]);
    starts.iter().zip(ends).filter_map(|((at, name), end)| Some((*at, end, name.clone()?))).collect()
}

fn replace_word(files: &mut Files, from: &str, to: &str) {
    // Names on a hub or in a string are not names of this tree.
    let word = regex::Regex::new(&format!(r#"(^|[^\w/"'-]){}\b"#, regex::escape(from))).unwrap();
    for (_, text) in files.iter_mut().filter(|(p, _)| !p.ends_with(".md")) {
        *text = word.replace_all(text, format!("${{1}}{to}")).into_owned();
    }
}

fn perform(files: &mut Files, edit: &Edit, nth: usize) {
    match edit {
        Edit::Above(a, lines) => {
            let Some(path) = pick(files, *a, commented) else { return };
            let text = files.get_mut(&path).unwrap();
            *text = format!("{}{text}", format!("# note {nth}\n").repeat(*lines));
        }
        Edit::Between(a, b) => {
            let Some(path) = pick(files, *a, |p| p.ends_with(".py") || p.ends_with("Dockerfile")) else { return };
            let text = files.get_mut(&path).unwrap();
            let begins = regex::Regex::new(r"(?m)^(def |import |from |RUN |COPY |FROM )").unwrap();
            let places: Vec<usize> = begins.find_iter(text).map(|m| m.start()).collect();
            let Some(at) = b.checked_rem(places.len()).map(|i| places[i]) else { return };
            text.insert_str(at, &format!("# note {nth}\n\n"));
        }
        Edit::RenameFile(a) => {
            let plain = |p: &str| p.starts_with(".github/workflows/") || p.ends_with(".py") && !p.ends_with("__init__.py") || p.ends_with(".ipynb");
            let Some(path) = pick(files, *a, plain) else { return };
            let (stem, extension) = path.rsplit_once('.').unwrap();
            let name = stem.rsplit('/').next().unwrap().to_owned();
            // The name of a workflow is no file name, and a package may have the name of a module.
            if !path.starts_with(".github/") {
                let directory = stem.rsplit_once('/').map_or("", |d| d.0).rsplit('/').next().unwrap().to_owned();
                for joint in [".", "/"] {
                    replace_word(files, &format!("{directory}{joint}{name}"), &format!("{directory}{joint}{name}_{nth}"));
                }
            }
            let text = files.remove(&path).unwrap();
            files.insert(format!("{stem}_{nth}.{extension}"), text);
        }
        Edit::RenameFunction(a) => {
            let Some(path) = pick(files, *a, |p| p.ends_with(".py")) else { return };
            let Some((_, _, name)) = functions(&files[&path]).into_iter().next() else { return };
            if !name.starts_with("test") && name != "main" {
                replace_word(files, &name, &format!("{name}_{nth}"));
            }
        }
        Edit::MoveFunction(a) => {
            let Some(path) = pick(files, *a, |p| p.ends_with(".py") && p.contains('/') && !p.ends_with("__init__.py") && !p.starts_with("tests"))
            else {
                return;
            };
            let text = files[&path].clone();
            let all = functions(&text);
            let Some((start, end, name)) = all.first().filter(|f| f.2 != "main").cloned() else { return };
            let (Some(before), Some(body), Some(after)) = (text.get(..start), text.get(start..end), text.get(end..)) else { return };
            // What calls others of its module stays with them.
            if all.iter().any(|f| f.2 != name && body.contains(&f.2)) {
                return;
            }
            // Its imports and constants go along.
            let imports: String = text.lines().take_while(|l| !l.starts_with("def ") && !l.starts_with("class ")).map(|l| format!("{l}\n")).collect();
            let stem = path.trim_end_matches(".py");
            let module = format!("{stem}_moved_{nth}");
            let import = format!("from {} import {name}\n\n\n", module.replace('/', "."));
            files.insert(format!("{module}.py"), format!("{imports}\n\n{body}"));
            files.insert(path, format!("{before}{import}{after}"));
        }
        Edit::InsertStep(a) => {
            let Some(path) = pick(files, *a, |p| p.starts_with(".github/workflows/")) else { return };
            let steps = regex::Regex::new(r"(?m)^(\s+)steps:\n").unwrap();
            let text = files.get_mut(&path).unwrap();
            *text = steps.replace_all(text, format!("${{0}}${{1}}  - name: Say {nth}\n${{1}}    run: echo {nth}\n")).into_owned();
        }
        Edit::InsertCell(a) => {
            let Some(path) = pick(files, *a, |p| p.ends_with(".ipynb")) else { return };
            let mut notebook: serde_json::Value = serde_json::from_str(&files[&path]).unwrap();
            let cell = serde_json::json!({ "cell_type": "code", "id": format!("new{nth}"), "metadata": {}, "outputs": [], "execution_count": null,
                "source": [format!("print({nth})\n")] });
            notebook["cells"].as_array_mut().unwrap().insert(0, cell);
            files.insert(path, serde_json::to_string_pretty(&notebook).unwrap());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn edits_that_move_and_insert_bring_nothing(edits in proptest::collection::vec(edit(), 1..6), which in 0..2usize) {
        let (name, base) = labs().swap_remove(which);
        let mut head = base.clone();
        edits.iter().enumerate().for_each(|(nth, e)| perform(&mut head, e, nth));
        let (report, sources) = compared(&base, &head);
        prop_assert!(report.shown.iter().any(|r| r.alert.severity >= Severity::High), "the lab is still vulnerable");
        let news = news(&report, &sources);
        prop_assert!(news.is_empty(), "{name}: {edits:?}\n{}", news.join("\n"));
    }
}

#[test]
fn a_fix_brings_nothing_new() {
    for (name, base) in labs() {
        let (report, sources) = compared(&base, &lab(&format!("{name}-fixed")));
        let news = news(&report, &sources);
        assert!(news.iter().all(|n| n.starts_with("fixed ")) && news.len() > 1, "{name}\n{}", news.join("\n"));
    }
}

#[test]
fn breaking_a_path_anywhere_makes_none_of_its_hops_new() {
    for (name, base) in labs() {
        let (report, _, tree) = run(&base);
        let hops: BTreeSet<(String, u32)> = report
            .shown
            .iter()
            .flat_map(|r| r.alert.paths.iter().flat_map(|p| &p.hops))
            .map(|h| (tree.file(h.at.file).path.clone(), tree.file(h.at.file).lines().line(h.at.range.start)))
            .collect();
        assert!(hops.len() > 5);
        for (path, line) in hops {
            let mut head = base.clone();
            let text = head.get_mut(&path).unwrap();
            *text = text.split_inclusive('\n').enumerate().filter(|(i, _)| i + 1 != line as usize).map(|(_, l)| l).collect();
            let (report, sources) = compared(&base, &head);
            let new: Vec<String> = news(&report, &sources).into_iter().filter(|n| n.starts_with("Some(New)")).collect();
            assert!(new.is_empty(), "{name} without {path}:{line}\n{}", new.join("\n"));
        }
    }
}

#[test]
fn a_second_way_to_a_known_asset_is_worse_and_shown_where_the_change_is() {
    let base = lab("moving-checkpoint");
    let mut head = base.clone();
    let second = base[".github/workflows/train.yml"].replace("name: train", "name: nightly").replace("schedule:\n    - cron: \"0 3 * * 1\"", "push:");
    head.insert(".github/workflows/nightly.yml".into(), second);
    let (report, sources) = compared(&base, &head);
    let known: Vec<_> = report.shown.iter().filter(|r| r.alert.cause == "acme-labs/encoder" && !r.alert.paths.is_empty()).collect();
    assert_eq!(known.len(), 1);
    assert!(matches!(&known[0].change, Some(Change::Worse(why)) if why.contains("second way")), "{:?}", known[0].change);
    assert_eq!(sources.file(known[0].alert.primary.file).path, ".github/workflows/nightly.yml", "a review shows what lies in the change");

    let base = lab("eval-bot");
    let with = |from: &str, to: &str| {
        let mut head = base.clone();
        let text = head.get_mut(".github/workflows/eval.yml").unwrap();
        assert!(text.contains(from));
        *text = text.replace(from, to);
        head
    };
    let of = |base: &Files, head: &Files| {
        let (report, _) = compared(base, head);
        let found = report.shown.into_iter().find(|r| r.alert.rule == "poisoned-pipeline-execution").unwrap();
        (found.change, report.failing)
    };
    let gated =
        with("if: github.event.issue.pull_request", "if: github.event.comment.author_association == 'MEMBER' && github.event.issue.pull_request");
    let (change, _) = of(&gated, &base);
    assert!(matches!(change, Some(Change::Worse(_) | Change::New)), "{change:?}: the check is gone");
    let wider = with("  issue_comment:\n    types: [created]\n", "  issue_comment:\n    types: [created]\n  pull_request_target:\n");
    let (change, failing) = of(&base, &wider);
    assert!(matches!(change, Some(Change::Worse(_) | Change::Unchanged)), "{change:?}");
    assert!(failing <= 2);
}

#[test]
fn another_version_in_the_same_place_is_the_same_and_another_owner_is_new() {
    let workflow = |uses: &str| {
        Files::from([(
            ".github/workflows/ci.yml".to_owned(),
            format!("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: {uses}\n"),
        )])
    };
    let base = workflow("acme-tools/scan@v3");
    let of = |head: &str| {
        let (report, sources) = compared(&base, &workflow(head));
        news(&report, &sources)
    };
    assert_eq!(of("acme-tools/scan@v4"), [""; 0]);
    let other = of("eve/scan@v3");
    assert!(other.iter().any(|n| n.starts_with("Some(New) unpinned-action")), "{other:?}");
    let pinned = of("acme-tools/scan@08c6903cd8c0fde910a37f88322edcfb5dd907a8");
    assert!(!pinned.is_empty() && pinned.iter().all(|n| n.starts_with("fixed ")), "{pinned:?}");
}

#[test]
fn an_ignore_that_goes_away_counts_and_one_of_an_outsider_does_not() {
    let with = |comment: &str| {
        Files::from([(
            "load.py".to_owned(),
            format!("import pickle, sys\n\n\ndef read():\n    return pickle.load(open(sys.argv[1], 'rb')){comment}\n"),
        )])
    };
    let (plain, ignored) = (with(""), with("  # pipevet: ignore[unsafe-pickle-load] only our own files"));
    let (report, sources) = compared(&ignored, &plain);
    assert!(matches!(report.shown[0].change, Some(Change::Worse(_))), "{:?}", news(&report, &sources));
    let (report, _) = compared(&plain, &ignored);
    let policy = &report.comparison.unwrap().policy;
    assert_eq!(
        policy.iter().map(|p| (p.place.0.as_str(), p.place.1, p.text.as_str())).collect::<Vec<_>>(),
        [("load.py", 5, "ignores unsafe-pickle-load: only our own files")]
    );
    assert!(report.shown.is_empty());
    // From a fork the comments of the base count, and no others.
    let (_, before, _) = run(&plain);
    let tree = super::harness::sources(&ignored);
    let (model, alerts) = scan(&tree, knowledge().0);
    let policy = Policy { comments: Some(before.accepted(&BTreeMap::new())), ..everything() };
    assert_eq!(triage(alerts, Vec::new(), &model.facts, &tree, &policy).shown.len(), 1);
}
