use std::collections::BTreeMap;

use super::*;
use crate::finding::{
    Alert, Change, Cleared, ClearedKind, Comparison, Confidence, Edit, Fixed, Hidden, Hop, Path, PolicyChange, Repair, Reported, Safety, Tier,
};
use crate::notice::{Notice, NoticeKind};
use crate::origin::Who;
use crate::source::Kind;

const EVAL: &str = "\
on: issue_comment
jobs:
  eval:
    steps:
      - uses: actions/checkout@v6
        with:
          ref: refs/pull/${{ github.event.issue.number }}/head
      - run: python tools/eval.py
";
const HOSTILE: &str = "x = 1\nTOKEN = 'hunter2-0123456789abcdef'  # \u{202e}evil\u{1b}[31m\n";

fn card(id: &str, class: &str, band: Severity) -> Card {
    Card {
        id: id.into(),
        title: format!("what {id} is about"),
        class: class.into(),
        band,
        share: Some(0.93),
        why: "it matters".into(),
        markdown: "# Title\n\nWords.".into(),
        frameworks: vec![
            ("cwe".into(), (1..9).map(|n| format!("CWE-{n}")).collect()),
            ("mitre_atlas".into(), vec!["AML.T0010.003".into(), "AML.T2".into()]),
        ],
    }
}

fn cards() -> Vec<Card> {
    vec![card("poisoned-pipeline-execution", "path", Severity::Critical), card("secret-known-format", "secret", Severity::High)]
}

fn at(sources: &Sources, file: u32, of: &str) -> Location {
    let text = String::from_utf8_lossy(&sources.files[file as usize].bytes).into_owned();
    let start = text.find(of).unwrap();
    Location { file: FileId(file), range: Range::new(start, start + of.len()) }
}

fn alert(rule: &str, primary: Location, severity: Severity) -> Reported {
    let alert = Alert {
        rule: rule.into(),
        tier: Tier::Risk,
        severity,
        confidence: Confidence::High,
        primary,
        cause: "hunter2-0123456789abcdef".into(),
        message: "a key stands in the source; [see](1) \u{202e}".into(),
        fix: "revoke it".into(),
        fine_if: String::new(),
        assumes: Vec::new(),
        doubts: Vec::new(),
        paths: Vec::new(),
        related: Vec::new(),
        part_of: None,
        data: BTreeMap::new(),
    };
    Reported { alert, constructs: vec!["job".into()], v1: "00ff".into(), path_v1: None, line_hash: "abc:1".into(), change: None, repair: None }
}

fn sample() -> (Report, Sources) {
    let files = vec![
        SourceFile::new(".github/workflows/eval.yml", Kind::Workflow, EVAL.into()),
        SourceFile::new("tools/a b\u{202e}ü.py", Kind::Python, HOSTILE.into()),
    ];
    let sources = Sources { roots: vec![".".into()], files, ..Sources::default() };
    let mut path = alert("poisoned-pipeline-execution", at(&sources, 0, "refs/pull/${{ github.event.issue.number }}/head"), Severity::Critical);
    path.alert.tier = Tier::Path;
    path.alert.cause = "refs/pull/N/head".into();
    path.alert.message = "anyone who comments on a pull request can run code next to HF_TOKEN".into();
    path.alert.fix = "read the fork without secrets in one job, publish in a second one".into();
    path.alert.fine_if = "HF_TOKEN is read-only ([trust.secrets] HF_TOKEN = \"read\")".into();
    path.alert.assumes = vec!["the repository is public".into()];
    let hop = |of: &str, text: &str| Hop { at: at(&sources, 0, of), text: text.into() };
    let mut hops = vec![
        hop("issue_comment", "issue_comment: any GitHub user starts this"),
        hop("refs/pull/${{ github.event.issue.number }}/head", "checks out refs/pull/N/head; no check of the commenter before it"),
        hop("python tools/eval.py", "runs tools/eval.py of that checkout"),
    ];
    hops.push(Hop { at: at(&sources, 1, "TOKEN"), text: "HF_TOKEN is \u{1b}[2J in reach".into() });
    let second = Path { severity: Severity::High, who: Who::Peer, asset: "other-secret".into(), gates: Vec::new(), hops: hops[..2].to_vec() };
    path.alert.paths = vec![Path { severity: Severity::Critical, who: Who::Anyone, asset: "model-registry".into(), gates: Vec::new(), hops }, second];
    path.path_v1 = Some("0123456789abcdef".into());
    let secret = at(&sources, 1, "hunter2-0123456789abcdef");
    let mut once = alert("secret-known-format", secret, Severity::High);
    once.alert.confidence = Confidence::Medium;
    once.alert.doubts = vec!["the name is a guess".into()];
    let edits = vec![
        Edit { at: Location { file: FileId(1), range: Range::new(0, 0) }, text: "import os\n".into() },
        Edit { at: secret, text: "os.environ[\"X\"]".into() },
    ];
    once.repair = Some(Ok(Repair { title: "read `X` from the environment".into(), safety: Safety::Unsafe, edits, note: "revoke it first".into() }));
    let twice = alert("secret-known-format", at(&sources, 1, "0123456789abcdef"), Severity::Medium);
    let hidden = alert("secret-known-format", at(&sources, 1, "x = 1"), Severity::Low);
    let report = Report {
        shown: vec![path, once, twice],
        hidden: vec![(hidden.clone(), Hidden::Ignored("fine \u{202e}".into())), (hidden, Hidden::Preview)],
        notices: vec![
            Notice { file: None, range: None, kind: NoticeKind::LeftOut, text: "3 files left out".into() },
            Notice { file: Some(FileId(1)), range: Some(Range::new(6, 11)), kind: NoticeKind::PartlyUnderstood, text: "odd \u{9b}31m".into() },
        ],
        files: 2,
        elapsed_ms: 1234,
        failing: 1,
        cleared: vec![Cleared {
            kind: ClearedKind::Sink,
            what: "`torch.load`".into(),
            reason: "`weights_only` is safe here".into(),
            of: 3,
            places: vec![Location { file: FileId(1), range: Range::new(0, 1) }, Location { file: FileId(1), range: Range::new(6, 11) }],
        }],
        suppressed: vec![Cleared {
            kind: ClearedKind::Suppressed,
            what: "places beside `# nosec` of bandit".into(),
            reason: "pickle-load; no finding".into(),
            of: 1,
            places: vec![Location { file: FileId(1), range: Range::new(0, 1) }],
        }],
        comparison: None,
    };
    (report, sources)
}

fn text(look: text::Look) -> String {
    let (report, sources) = sample();
    let mut out = Vec::new();
    text::write(&report, &sources, &cards(), look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const PLAIN: text::Look = text::Look { color: false, quiet: false, verbose: false, time: true };

fn sarif(report: &Report, sources: &Sources) -> String {
    let mut out = Vec::new();
    sarif::write(report, sources, &cards(), sarif::Limits::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn json(hidden: bool) -> String {
    let (report, sources) = sample();
    let mut out = Vec::new();
    json::write(&report, &sources, &cards(), json::Extra { hidden, cleared: hidden, suppressed: hidden }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The sample against a base: one new, one worse, one unchanged, one fixed, one line of policy.
fn compared(base_policy: bool) -> (Report, Sources) {
    let (mut report, sources) = sample();
    let states = [Change::Worse("an approval is gone; @root".into()), Change::New, Change::Unchanged];
    report.shown.iter_mut().zip(states).for_each(|(r, c)| r.change = Some(c));
    let fixed = Fixed {
        severity: Severity::High,
        rule: "script-injection".into(),
        message: "anyone can run `x` <img src=y>".into(),
        place: ("a,b::c\u{202e}.yml".into(), 3),
        v1: "77aa".into(),
    };
    let policy = PolicyChange { place: ("pipevet.toml".into(), 4), text: "1 ignore: [click](http://x.io) @team".into() };
    report.comparison = Some(Comparison { base: "main (1a2b3c4d5e6f)".into(), fixed: vec![fixed], policy: vec![policy], base_policy });
    (report, sources)
}

fn markdown(report: &Report, sources: &Sources, limits: markdown::Limits) -> String {
    let mut out = Vec::new();
    markdown::write(report, sources, &cards(), limits, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn github(report: &Report, sources: &Sources, most: usize) -> String {
    let mut out = Vec::new();
    github::write(report, sources, &cards(), most, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const EVERYTHING: json::Extra = json::Extra { hidden: true, cleared: true, suppressed: true };

fn jsonl(report: &Report, sources: &Sources) -> String {
    let mut out = Vec::new();
    jsonl::write(report, sources, &cards(), EVERYTHING, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn validator() -> jsonschema::Validator {
    let schema: serde_json::Value = serde_json::from_slice(include_bytes!("../../testdata/schemas/sarif-2.1.0.json")).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn assert_valid(log: &str) {
    let log: serde_json::Value = serde_json::from_str(log).unwrap();
    let errors: Vec<String> = validator().iter_errors(&log).map(|e| format!("{e} at {}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn text_shows_line_way_fix_and_counts() {
    insta::assert_snapshot!("text", text(PLAIN));
    insta::assert_snapshot!("text-verbose", text(text::Look { quiet: true, verbose: true, ..PLAIN }));
}

#[test]
fn text_with_a_base_shows_what_changed_and_counts_the_rest() {
    let write = |base_policy, look| {
        let (report, sources) = compared(base_policy);
        let mut out = Vec::new();
        text::write(&report, &sources, &cards(), look, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    insta::assert_snapshot!("text-change", write(true, PLAIN));
    insta::assert_snapshot!("text-change-verbose", write(false, text::Look { quiet: true, verbose: true, ..PLAIN }));
}

fn overview(report: &Report, sources: &Sources) -> String {
    let mut out = Vec::new();
    overview::write(report, sources, false, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_first_screen_names_ways_edits_and_the_rest() {
    let (mut report, sources) = sample();
    insta::assert_snapshot!("overview", overview(&report, &sources));
    // One asset behind three causes: the line where it stands closes all three, and of the two that share a script that line closes two.
    let place = |of: &str| at(&sources, 0, of);
    let way = |cause: &str, hops: &[&str]| {
        let mut reported = alert("publish-credential-exposed", place(cause), Severity::High);
        reported.alert.message = format!("whoever can change `{cause}` can run code next to HF_TOKEN");
        reported.alert.fix = format!("pin {cause}");
        let hops = hops.iter().map(|h| Hop { at: place(h), text: format!("at {h}") }).collect();
        reported.alert.paths = vec![Path { severity: Severity::High, who: Who::Publisher, asset: "x".into(), gates: Vec::new(), hops }];
        reported
    };
    report.shown = vec![
        way("actions/checkout@v6", &["issue_comment", "actions/checkout@v6", "steps:"]),
        way("with:", &["issue_comment", "with:", "python tools/eval.py", "steps:"]),
        way("ref:", &["issue_comment", "ref:", "python tools/eval.py", "steps:"]),
    ];
    let screen = overview(&report, &sources);
    assert!(screen.contains("closes 3  .github/workflows/eval.yml:4: at steps:"), "the event that starts it is no edit: {screen}");
    report.shown[0].alert.paths[0].hops.truncate(2);
    let screen = overview(&report, &sources);
    assert!(screen.contains("closes 2  .github/workflows/eval.yml:4: at steps:"), "{screen}");
    assert!(screen.contains("closes 1  .github/workflows/eval.yml:5: at actions/checkout@v6"), "then the worst of the rest: {screen}");
    assert_eq!(screen.matches("\n  closes ").count(), 2, "{screen}");
    let empty = overview(&Report { files: 3, ..Report::default() }, &sources);
    assert_eq!(empty, "No way in found in 3 files\n\nNext: pipevet init writes a policy and a workflow that keep it so\n");
}

proptest::proptest! {
    #[test]
    fn the_first_screen_fits(seeds in proptest::collection::vec((0usize..5, 0usize..4, 0u32..40, "[a-z`/\u{4e00}\u{202e}\u{1b} @-]{0,160}"), 0..40), name in "[a-z/é\u{4e00}\u{202e}]{1,150}") {
        let (mut report, mut sources) = sample();
        sources.files[1].shown = name;
        report.shown = seeds
            .iter()
            .map(|(level, paths, offset, text)| {
                let level = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info][*level];
                let mut reported = alert(["a-rule", "b-rule", "c-rule"][paths % 3], Location { file: FileId(1), range: Range::new(*offset as usize, *offset as usize + 1) }, level);
                (reported.alert.message, reported.alert.fix) = (text.clone(), text.clone());
                let hop = |n: u32| Hop { at: Location { file: FileId(n % 2), range: Range::new((n * 9) as usize, (n * 9) as usize) }, text: text.clone() };
                let path = |n: usize| Path { severity: level, who: Who::Anyone, asset: text.clone(), gates: Vec::new(), hops: (0..n as u32 + offset % 5).map(hop).collect() };
                reported.alert.paths = (0..*paths).map(path).collect();
                reported
            })
            .collect();
        let first = report.hidden[0].0.clone();
        let kinds = [Hidden::Hygiene, Hidden::Below, Hidden::Policy, Hidden::Absorbed("x".into())];
        report.hidden.extend(kinds.map(|k| (first.clone(), k)));
        let kinds = [NoticeKind::Unreadable, NoticeKind::Limit, NoticeKind::DuplicateKey, NoticeKind::Unresolved, NoticeKind::Policy];
        report.notices.extend(kinds.map(|kind| Notice { file: None, range: None, kind, text: String::new() }));
        let screen = overview(&report, &sources);
        proptest::prop_assert!(screen.lines().count() <= overview::MOST_LINES, "{}", screen);
        for line in screen.lines() {
            proptest::prop_assert!(line.chars().count() <= overview::WIDTH, "{}", line);
            proptest::prop_assert!(!line.chars().any(escape::is_unsafe), "{}", line);
        }
        proptest::prop_assert!(screen.lines().last().unwrap().starts_with("Next: pipevet"), "nothing is cut off at the end: {}", screen);
    }
}

#[test]
fn cleared_places_are_counted_and_listed() {
    let (report, sources) = sample();
    let mut out = Vec::new();
    cleared::write(&report, &sources, false, &mut out).unwrap();
    insta::assert_snapshot!("cleared", String::from_utf8(out).unwrap());
}

#[test]
fn json_keeps_its_shape() {
    insta::assert_snapshot!("json", json(true));
    assert!(!json(false).contains("\"ignored\","));
}

#[test]
fn markdown_says_what_a_change_lets_whom_do() {
    let (report, sources) = sample();
    insta::assert_snapshot!("markdown", markdown(&report, &sources, markdown::SUMMARY));
    let (report, sources) = compared(true);
    insta::assert_snapshot!("markdown-change", markdown(&report, &sources, markdown::COMMENT));
    let (report, sources) = compared(false);
    assert!(markdown(&report, &sources, markdown::COMMENT).contains("### This change adds to policy\n"));
}

#[test]
fn workflow_commands_name_place_and_level() {
    let (report, sources) = sample();
    insta::assert_snapshot!("github", github(&report, &sources, 10));
    let (report, sources) = compared(true);
    let capped = github(&report, &sources, 1);
    assert_eq!(capped.lines().count(), 2, "one command, and one line for the other that counts: {capped}");
    assert!(capped.contains("pipevet: 1 finding more"), "{capped}");
}

#[test]
fn json_lines_share_names_with_json() {
    let (report, sources) = compared(false);
    let out = jsonl(&report, &sources);
    insta::assert_snapshot!("jsonl", out);
    let lines: Vec<serde_json::Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let records: Vec<&str> = lines.iter().map(|l| l["record"].as_str().unwrap()).collect();
    assert_eq!(records, ["alert", "alert", "alert", "alert", "alert", "fixed", "policy", "suppressed", "cleared", "notice", "notice", "summary"]);
    let mut whole = Vec::new();
    json::write(&report, &sources, &cards(), EVERYTHING, &mut whole).unwrap();
    let whole: serde_json::Value = serde_json::from_slice(&whole).unwrap();
    for (line, alert) in lines.iter().zip(whole["alerts"].as_array().unwrap()) {
        let mut line = line.as_object().unwrap().clone();
        assert_eq!((line.remove("id").as_ref(), line.remove("record").is_some()), (Some(&alert["fingerprints"]["pipevet/v1"]), true));
        assert_eq!(&serde_json::Value::Object(line), alert);
    }
}

#[test]
fn markdown_drops_whole_alerts_at_the_limit_and_counts_them() {
    let (mut report, sources) = compared(true);
    let first = report.shown[0].clone();
    report.shown = vec![first; 400];
    let all = markdown(&report, &sources, markdown::SUMMARY);
    assert_eq!(all.matches("### Critical: ").count(), 400);
    for limit in [1_500, 3_000, 9_000, 65_536] {
        let limits = markdown::Limits { characters: limit, ..markdown::COMMENT };
        let out = markdown(&report, &sources, limits);
        assert!(out.encode_utf16().count() <= limit, "{} of {limit}", out.len());
        let (full, short) = (out.matches("### Critical: ").count(), out.matches("\n- critical: ").count());
        let counted = out.split(" further finding").next().and_then(|t| t.rsplit('\n').next()).and_then(|n| n.parse::<usize>().ok());
        assert_eq!(full + short + counted.unwrap_or(0), 400, "{out}");
        // Every alert that is there is whole.
        assert_eq!(full, out.matches("**Assumes:** the repository is public").count());
        assert!(out.ends_with("files read. 2 notices on what was not understood: `pipevet check -v`.\n"), "{out}");
    }
}

proptest::proptest! {
    /// Whatever names and sentences hold: no line of a log becomes a command, no word of a comment more than a word or code.
    #[test]
    fn hostile_names_do_nothing_in_any_format(name in "[`@#<>&*_\\[\\](){}!|~$:,%./a1 \n\r\u{202e}\u{1b}'\"-]{1,40}") {
        let (mut report, mut sources) = compared(false);
        sources.files[1].shown = name.clone();
        sources.files[1].uri = name.clone();
        sources.files[1].path = name.clone();
        for reported in &mut report.shown {
            reported.change = Some(Change::Worse(name.clone()));
            let alert = &mut reported.alert;
            let texts = [&mut alert.message, &mut alert.fix, &mut alert.fine_if].into_iter().chain(&mut alert.assumes);
            texts.chain(alert.paths.iter_mut().flat_map(|p| &mut p.hops).map(|h| &mut h.text)).for_each(|t| *t = name.clone());
        }
        let comparison = report.comparison.as_mut().unwrap();
        comparison.base = name.clone();
        comparison.fixed[0].message = name.clone();
        comparison.policy[0].place.0 = name.clone();
        let log = github(&report, &sources, 10);
        proptest::prop_assert_eq!(log.lines().count(), 3);
        let is_command = |l: &str| l.starts_with("::error file=") && l.split("::").nth(1).unwrap().matches('=').count() == 6 + name.matches('=').count();
        proptest::prop_assert!(log.lines().filter(|l| l.starts_with("::error")).all(is_command), "{}", log);
        let comment = markdown(&report, &sources, markdown::COMMENT);
        let mut words = String::new();
        for event in pulldown_cmark::Parser::new_ext(&comment, pulldown_cmark::Options::all()) {
            use pulldown_cmark::{Event, Tag};
            match event {
                Event::Text(text) => words.push_str(&text),
                Event::Html(html) | Event::InlineHtml(html) => proptest::prop_assert!(html.contains("details>"), "{}", html),
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::CodeBlock(_) | Tag::BlockQuote(_) | Tag::Table(_) | Tag::Emphasis) => {
                    proptest::prop_assert!(false, "{:?} in {}", event, comment);
                }
                _ => {}
            }
        }
        proptest::prop_assert!(!words.contains(['@', '#', '<', '[', '*', '_', '`', '$', '\\']), "{} in {}", words, comment);
        for line in jsonl(&report, &sources).lines() {
            proptest::prop_assert!(serde_json::from_str::<serde_json::Value>(line).is_ok());
        }
        for out in [log, comment] {
            proptest::prop_assert!(!out.chars().any(|c| escape::is_unsafe(c) && c != '\n'));
        }
    }
}

#[test]
fn sarif_is_valid_and_says_what_github_reads() {
    let (report, sources) = sample();
    let log = sarif(&report, &sources);
    assert_valid(&log);
    let run = serde_json::from_str::<serde_json::Value>(&log).unwrap()["runs"][0].take();
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 10, "every level of every rule has a descriptor");
    for rule in rules {
        let number = &rule["properties"]["security-severity"];
        assert!(number.is_string() || rule["id"].as_str().unwrap().ends_with("/info"));
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
    }
    insta::assert_snapshot!("sarif-rule", serde_json::to_string_pretty(&rules[1]).unwrap());
    let mut rest = run.clone();
    rest["tool"]["driver"]["rules"].take();
    insta::assert_snapshot!("sarif-run", serde_json::to_string_pretty(&rest).unwrap());
    assert_eq!(rules[run["results"][1]["ruleIndex"].as_u64().unwrap() as usize]["id"], run["results"][1]["ruleId"]);
    assert_eq!(run["results"].as_array().unwrap().len(), 2, "two of one rule on one line are one result");
}

#[test]
fn sarif_caps_risks_and_names_the_rest() {
    let (mut report, mut sources) = sample();
    sources.files.push(SourceFile::new("many.py", Kind::Python, "x\n".repeat(150).into()));
    for line in 0..150 {
        report.shown.push(alert("secret-known-format", Location { file: FileId(2), range: Range::new(line * 2, line * 2 + 1) }, Severity::High));
    }
    report.shown.push(report.shown[0].clone());
    report.shown.last_mut().unwrap().alert.primary = at(&sources, 0, "jobs");
    let log = sarif(&report, &sources);
    assert_valid(&log);
    let run = serde_json::from_str::<serde_json::Value>(&log).unwrap()["runs"][0].take();
    assert_eq!(run["results"].as_array().unwrap().len(), 102, "100 risks, and every path");
    assert!(log.contains("51 further findings are not in this file (secret-known-format 51)"));
    let empty = sarif(&Report::default(), &Sources::default());
    assert_valid(&empty);
}

#[test]
fn no_output_acts_on_its_reader_or_shows_a_secret() {
    let (report, sources) = sample();
    let mut outputs = vec![text(PLAIN), text(text::Look { quiet: true, verbose: true, ..PLAIN }), json(true), sarif(&report, &sources)];
    for (report, sources) in [sample(), compared(true)] {
        let mut out = Vec::new();
        text::write(&report, &sources, &cards(), text::Look { verbose: true, ..PLAIN }, &mut out).unwrap();
        outputs.push(String::from_utf8(out).unwrap());
        outputs.push(sarif(&report, &sources));
        outputs.push(overview(&report, &sources));
        outputs.push(markdown(&report, &sources, markdown::COMMENT));
        outputs.push(jsonl(&report, &sources));
        // Its own commands are meant.
        outputs.push(github(&report, &sources, 10).replace("::error ", "").replace("::warning ", ""));
    }
    for out in outputs {
        let bad: Vec<char> = out.chars().filter(|c| escape::is_unsafe(*c) && *c != '\n').collect();
        assert!(bad.is_empty(), "{bad:?} in {out}");
        assert!(!out.contains("hunte"), "more than four characters of a secret in {out}");
        assert!(!out.lines().any(|l| l.trim_start().starts_with("::")));
    }
    assert!(text(text::Look { color: true, ..PLAIN }).contains("\u{1b}["));
}

#[test]
fn long_lines_are_cut_around_the_cause_and_odd_ranges_do_no_harm() {
    let line = format!("{}cause{}\n", "a".repeat(5000), "b".repeat(5000));
    let mut sources = Sources { roots: Vec::new(), files: vec![SourceFile::new("x.py", Kind::Python, line.into())], ..Sources::default() };
    sources.files.push(SourceFile::new("empty.py", Kind::Python, Vec::new()));
    sources.files.push(SourceFile::new("wide.py", Kind::Python, b"\xef\xbb\xbf\xff\xe9\tx\r\n\r\n".to_vec()));
    let ranges = [(0, 5000, 5005), (0, 0, 10_001), (0, 99_999, 100_000), (1, 0, 0), (2, 0, 3), (2, 3, 4), (2, 9, 10), (2, 8, 8)];
    let shown = ranges.map(|(file, start, end)| alert("r", Location { file: FileId(file), range: Range::new(start, end) }, Severity::High)).to_vec();
    let report = Report { shown, ..Report::default() };
    let mut out = Vec::new();
    text::write(&report, &sources, &[], PLAIN, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.lines().all(|l| l.chars().count() < 400));
    assert!(out.contains("aacausebb"));
    assert_valid(&sarif(&report, &sources));
}
