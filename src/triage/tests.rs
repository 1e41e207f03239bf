use super::*;
use crate::facts::{Construct, FileFacts, Ignore};
use crate::finding::{Hop, Location, Path};
use crate::notice::NoticeKind;
use crate::origin::Who;
use crate::source::{Kind, Range, SourceFile};

const TEXT: &str = "\
steps:
  # pipevet: ignore[alpha] reviewed
  - run: one
    name: x
  - run: two
    with: y # pipevet: ignore[alpha,beta] also
  - run: three
";

fn range(of: &str) -> Range {
    let at = TEXT.find(of).unwrap();
    Range::new(at, at + of.len())
}

fn place(of: &str) -> Location {
    Location { file: FileId(0), range: range(of) }
}

fn world() -> (Facts, Sources) {
    let construct =
        |from: &str, to: &str, name: &str, parent, ignorable| Construct { range: range(from).cover(range(to)), name: name.into(), parent, ignorable };
    let comment =
        |of: &str, rules: &[&str]| Ignore { range: range(of), rules: rules.iter().map(|r| (*r).to_owned()).collect(), reason: "reviewed".into() };
    let facts = FileFacts {
        constructs: vec![
            construct("steps", "three", "job", None, false),
            construct("run: one", "name: x", "first", Some(0), true),
            construct("run: two", "also", "second", Some(0), true),
            construct("run: three", "three", "third", Some(0), true),
        ],
        ignores: vec![comment("# pipevet: ignore[alpha] reviewed", &["alpha"]), comment("# pipevet: ignore[alpha,beta] also", &["alpha", "beta"])],
        ..FileFacts::default()
    };
    let sources = Sources { roots: vec![".".into()], files: vec![SourceFile::new("w.yml", Kind::Yaml, TEXT.into())], ..Sources::default() };
    (Facts { files: vec![facts] }, sources)
}

fn alert(rule: &str, of: &str, severity: Severity) -> Alert {
    Alert {
        rule: rule.into(),
        tier: Tier::Risk,
        severity,
        confidence: Confidence::High,
        primary: place(of),
        cause: of.into(),
        message: String::new(),
        fix: String::new(),
        fine_if: String::new(),
        assumes: Vec::new(),
        doubts: Vec::new(),
        paths: Vec::new(),
        related: Vec::new(),
        part_of: None,
        data: BTreeMap::new(),
    }
}

fn with_path(mut alert: Alert, hops: &[&str]) -> Alert {
    let hops = hops.iter().map(|h| Hop { at: place(h), text: (*h).to_owned() }).collect();
    alert.paths.push(Path { severity: alert.severity, who: Who::Anyone, asset: String::new(), gates: Vec::new(), hops });
    alert.tier = Tier::Path;
    alert
}

fn run(alerts: Vec<Alert>, policy: &Policy) -> Report {
    let (facts, sources) = world();
    triage(alerts, Vec::new(), &facts, &sources, policy)
}

fn shown(report: &Report) -> Vec<&str> {
    report.shown.iter().map(|r| r.alert.cause.as_str()).collect()
}

#[test]
fn a_comment_covers_its_step_or_the_one_below_and_nothing_else() {
    let alerts = ["one", "name: x", "two", "three"].map(|of| alert("alpha", of, Severity::High)).to_vec();
    let report = run(alerts, &Policy::default());
    assert_eq!(shown(&report), ["three"]);
    assert!(report.hidden.iter().all(|(_, why)| *why == Hidden::Ignored("reviewed".into())));
    let unused: Vec<_> = report.notices.iter().map(|n| (n.kind, n.text.as_str())).collect();
    assert_eq!(unused, [(NoticeKind::Policy, "this ignore comment covers no finding of beta")]);
    let unknown = Policy { rules: BTreeMap::from([("alpha".to_owned(), Standing::Stable)]), ..Policy::default() };
    assert!(run(Vec::new(), &unknown).notices.iter().any(|n| n.text == "this ignore comment names no rule that exists: beta"));
}

#[test]
fn fingerprints_survive_moves_and_tell_equals_apart() {
    let (facts, sources) = world();
    let same = || {
        let mut two = alert("gamma", "two", Severity::High);
        let mut three = alert("gamma", "with: y", Severity::High);
        two.cause = "a  b".into();
        three.cause = "a\nb".into();
        vec![three, two]
    };
    let got = fingerprint::identify(same(), &facts, &sources);
    assert_eq!(got[0].constructs, ["job", "second"]);
    assert_ne!(got[0].v1, got[1].v1, "equals are told apart by their order");
    let mut shifted = world();
    shifted.0.files[0].constructs.iter_mut().for_each(|c| c.range = Range::new(c.range.start as usize + 8, c.range.end as usize + 8));
    shifted.1.files[0] = SourceFile::new("other.yml", Kind::Yaml, format!("# above\n{TEXT}").into());
    let mut moved = same();
    moved.iter_mut().for_each(|a| a.primary.range = Range::new(a.primary.range.start as usize + 8, a.primary.range.end as usize + 8));
    let after = fingerprint::identify(moved, &shifted.0, &shifted.1);
    let ids = |v: &[Reported]| v.iter().map(|r| (r.v1.clone(), r.line_hash.clone())).collect::<Vec<_>>();
    assert_eq!(ids(&got), ids(&after));
    // Pinned: baselines hold these.
    assert_eq!(got[0].v1, "c7fbc4c4fcb858d1ce56bf7049143e14");
}

#[test]
fn a_path_absorbs_its_own_cause_and_marks_its_hops() {
    let path = with_path(alert("path", "two", Severity::Critical), &["two", "three"]);
    let weaker = with_path(alert("checkout", "two", Severity::High), &["two"]);
    let alerts = vec![path.clone(), weaker, alert("local", "two", Severity::High), alert("hop", "three", Severity::High)];
    let report = run(alerts.clone(), &Policy::default());
    let whole = report.shown[0].v1.clone();
    let rules: Vec<_> = report.shown.iter().map(|r| (r.alert.rule.as_str(), r.alert.part_of.clone())).collect();
    assert_eq!(rules, [("path", None), ("hop", Some(whole.clone()))]);
    assert!(report.hidden.iter().all(|(_, why)| *why == Hidden::Absorbed(whole.clone())));
    // A path that is switched off stands in for nothing.
    let without = Policy { ignore: vec!["path".into()], ..Policy::default() };
    assert!(run(alerts, &without).shown.iter().any(|r| r.alert.rule == "checkout"));
}

#[test]
fn a_download_that_a_path_runs_is_told_by_the_path() {
    let path = with_path(alert("path", "three", Severity::High), &["two", "three"]);
    let mut download = alert("download", "two", Severity::High);
    download.related.push(Hop { at: path.primary, text: "runs it".into() });
    let elsewhere = Alert { related: Vec::new(), ..download.clone() };
    let rules = |alerts: Vec<Alert>| run(alerts, &Policy::default()).shown.iter().map(|r| r.alert.rule.clone()).collect::<Vec<_>>();
    assert_eq!(rules(vec![path.clone(), download]), ["path"]);
    assert_eq!(rules(vec![path, elsewhere]).len(), 2);
}

#[test]
fn one_edit_for_code_and_data_of_a_call_is_told_once() {
    let mut code = alert("code", "two", Severity::High);
    let mut data = alert("data", "two", Severity::Medium);
    code.data.insert("mutable".into(), "moving".into());
    data.data.extend([("mutable".into(), "moving".into()), (TAKES_DATA.into(), String::new())]);
    let rules = |alerts: Vec<Alert>| run(alerts, &Policy::default()).shown.iter().map(|r| r.alert.rule.clone()).collect::<Vec<_>>();
    assert_eq!(rules(vec![code.clone(), data.clone()]), ["code"]);
    let elsewhere = Alert { primary: alert("data", "three", Severity::Medium).primary, ..data.clone() };
    assert_eq!(rules(vec![code.clone(), elsewhere]), ["code", "data"]);
    code.data.clear();
    assert_eq!(rules(vec![code, data]), ["code", "data"], "what says nothing of bytes is another matter");
}

#[test]
fn policy_hides_and_the_gate_counts_only_what_is_sure() {
    let mut unsure = alert("alpha", "three", Severity::Critical);
    unsure.confidence = Confidence::Medium;
    let mut pin = alert("pin", "three", Severity::Low);
    pin.tier = Tier::Hygiene;
    let low = alert("low", "three", Severity::Low);
    let new = alert("new", "three", Severity::High);
    let rules = ["alpha", "pin", "low", "beta"]
        .map(|r| (r.to_owned(), Standing::Stable))
        .into_iter()
        .chain([("new".to_owned(), Standing::Preview)])
        .collect();
    let policy = Policy { rules, ..Policy::default() };
    let alerts = vec![unsure, pin, low, new];
    let names = |p: &Policy| run(alerts.clone(), p).shown.iter().map(|r| r.alert.rule.clone()).collect::<Vec<_>>();
    assert_eq!(names(&policy), ["alpha"]);
    assert_eq!(run(alerts.clone(), &policy).failing, 0);
    assert_eq!(names(&Policy { preview: true, ..policy.clone() }), ["alpha", "new"]);
    assert_eq!(run(alerts.clone(), &Policy { preview: true, ..policy.clone() }).failing, 1);
    assert_eq!(names(&Policy { hygiene: true, ..policy.clone() }), ["alpha", "pin"]);
    assert_eq!(names(&Policy { select: vec!["pin".into()], ..policy.clone() }), ["pin"]);
    assert_eq!(names(&Policy { min_severity: Severity::Info, ..policy.clone() }), ["alpha", "low"]);
    assert_eq!(names(&Policy { min_confidence: Confidence::High, min_severity: Severity::Low, ..policy }), ["low"]);
}

#[test]
fn repeats_of_one_cause_are_one_alert_with_all_ways() {
    let once = with_path(alert("alpha", "three", Severity::High), &["one"]);
    let twice = with_path(alert("alpha", "three", Severity::Critical), &["two"]);
    let report = run(vec![once, twice], &Policy::default());
    assert_eq!(report.shown.len(), 1);
    assert_eq!(report.shown[0].alert.severity, Severity::Critical);
    assert_eq!(report.shown[0].alert.paths.len(), 2);
    assert_eq!(report.shown[0].path_v1.as_deref().map(|p| p.split(',').count()), Some(2));
}

#[test]
fn what_was_dismissed_on_github_is_hidden_by_whom_and_counts_no_more() {
    use super::dismissals::{Dismissal, dismiss};
    use crate::finding::Change;

    let speaking = |of: &str, message: &str| Alert { message: message.into(), ..alert("gamma", of, Severity::High) };
    let policy = Policy { rules: [("gamma".to_owned(), Standing::Stable)].into(), ..Policy::default() };
    let (_, sources) = world();
    let dismissal = |rule: &str, line: u32, message: &str| Dismissal {
        number: 1,
        rule: rule.into(),
        path: "w.yml".into(),
        line,
        message: message.into(),
        by: "alice".into(),
        reason: "won't fix".into(),
    };
    // Hidden causes of a report with three findings: `one` (line 3) and `two` (line 5) say the same, `three` (line 7) another thing.
    let hidden = |change: Option<Change>, dismissed: &[Dismissal]| {
        let alerts = vec![
            speaking("run: one", "Anyone [x] runs code."),
            speaking("run: two", "Anyone [x] runs code."),
            speaking("run: three", "A token leaks"),
        ];
        let mut report = run(alerts, &policy);
        report.shown.iter_mut().for_each(|r| r.change = change.clone());
        dismiss(&mut report, dismissed, &sources, &policy);
        assert_eq!(report.failing, report.shown.iter().filter(|r| r.counts()).count());
        assert_eq!(report.shown.len() + report.hidden.len(), 3);
        let by = Hidden::Dismissed { by: "alice".into(), reason: "won't fix".into() };
        report.hidden.iter().map(|(r, why)| (r.alert.cause.clone(), *why == by)).filter(|h| h.1).map(|h| h.0).collect::<Vec<_>>()
    };
    // As GitHub holds the message: escaped, with more lines.
    let message = "Anyone \\[x\\] runs code.\n1. [here](1)";
    assert_eq!(hidden(None, &[dismissal("gamma/high", 5, message)]), ["run: two"], "any band of the rule, and the one on that line");
    assert_eq!(hidden(Some(Change::New), &[dismissal("gamma", 5, message)]), ["run: two"], "an alert of the pull request itself");
    assert_eq!(hidden(None, &[dismissal("gamma", 4, message)]), [""; 0], "two say so: none is taken for the other");
    assert_eq!(hidden(None, &[dismissal("gamma", 1, "A token leaks")]), ["run: three"], "it moved, and is alone");
    assert_eq!(hidden(None, &[dismissal("gamma", 7, "worded anew")]), ["run: three"], "same line, other words");
    assert_eq!(hidden(Some(Change::New), &[dismissal("gamma", 7, "worded anew")]), [""; 0], "nobody has seen this one yet");
    assert_eq!(hidden(None, &[dismissal("gamma", 5, message), dismissal("gamma", 5, message)]), ["run: two"], "one dismissal, one finding");
    for (rule, path) in [("alpha", "w.yml"), ("gammaray", "w.yml"), ("gamma", "other.yml")] {
        assert_eq!(hidden(None, &[Dismissal { path: path.into(), ..dismissal(rule, 5, message) }]), [""; 0]);
    }
}

#[test]
fn comments_of_another_tool_cover_what_it_knows_by_another_name() {
    let (mut facts, sources) = world();
    facts.files[0].ignores[0].rules = vec!["zizmor/first-thing".into(), "zizmor/unheard-of".into()];
    facts.files[0].ignores.truncate(1);
    let rules = BTreeMap::from([("alpha".to_owned(), Standing::Stable)]);
    let aliases = BTreeMap::from([("zizmor/first-thing".to_owned(), BTreeSet::from(["alpha".to_owned()]))]);
    let run = |aliases| {
        triage(
            vec![alert("alpha", "run: one", Severity::High)],
            Vec::new(),
            &facts,
            &sources,
            &Policy { rules: rules.clone(), aliases, ..Policy::default() },
        )
    };
    let report = run(aliases);
    assert_eq!(report.hidden.iter().map(|h| h.1.clone()).collect::<Vec<_>>(), [Hidden::Ignored("reviewed".into())]);
    assert!(report.notices.is_empty(), "{:?}", report.notices);
    let report = run(BTreeMap::new());
    assert_eq!((report.shown.len(), report.notices.len()), (1, 0));
}

#[test]
fn ignores_of_the_policy_cover_by_place_and_fingerprint_and_go_stale() {
    use crate::config::{Ignore, Origin};
    let (facts, sources) = world();
    let from = |line| Origin::File { file: "pipevet.toml".into(), line, column: 1 };
    let ignore = |line, rule: &str, path: Option<&str>| Ignore {
        rule: rule.into(),
        path: path.map(str::to_owned),
        fingerprint: None,
        reason: format!("line {line}"),
        until: None,
        from: from(line),
    };
    let run = |ignores: Vec<Ignore>, whole: bool, home: &str| {
        let rules = [("gamma".to_owned(), Standing::Stable), ("delta".to_owned(), Standing::Stable)].into();
        let policy = Policy { rules, ignores, whole, home: home.into(), today: "2026-11-23".into(), ..Policy::default() };
        let alerts = vec![alert("gamma", "run: three", Severity::High), alert("gamma", "run: one", Severity::High)];
        let report = triage(alerts, Vec::new(), &facts, &sources, &policy);
        let notices = report.notices.iter().filter(|n| n.text.contains("this ignore ") && !n.text.contains("comment")).map(|n| n.text.clone());
        let fingerprint = report.shown.first().map(|r| r.v1.clone());
        (report.shown.len(), notices.collect::<Vec<_>>(), fingerprint)
    };
    let first = run(Vec::new(), true, "").2.unwrap();
    let one = Ignore { fingerprint: first.get(..8).map(str::to_owned), ..ignore(1, "gamma", None) };
    assert_eq!((run(vec![one], true, "").0, run(vec![ignore(1, "gamma", None)], true, "").0), (1, 0));
    let paths = [("w.yml", "", 0), ("*.yml", "", 0), ("w", "", 2), ("w.yml", "sub", 2), ("x.yml", "", 2)];
    for (path, home, shown) in paths {
        assert_eq!(run(vec![ignore(1, "gamma", Some(path))], true, home).0, shown, "{path} of {home}");
    }
    let told = |i: Ignore, whole| run(vec![i], whole, "").1;
    assert_eq!(told(ignore(3, "delta", None), true), ["pipevet.toml:3: this ignore covers no finding of delta"]);
    assert!(told(ignore(3, "delta", None), false).is_empty(), "a part of the tree says nothing of the rest");
    assert_eq!(told(ignore(4, "gama", None), false), ["pipevet.toml:4: this ignore names no rule that exists: gama; did you mean `gamma`?"]);
    let until = |day: &str| Ignore { until: Some(day.into()), ..ignore(5, "gamma", None) };
    assert!(told(until("2026-11-23"), true).is_empty(), "the last day counts");
    assert_eq!(told(until("2026-11-22"), true), ["pipevet.toml:5: this ignore of gamma expired after 2026-11-22"]);
    assert_eq!(run(vec![until("2026-11-22")], true, "").0, 2);
}

#[test]
fn one_decision_at_many_lines_is_told_once_and_each_place_keeps_its_identity() {
    let marked = |of: &str, value: &str| {
        let mut a = alert("alpha", of, Severity::Medium);
        a.data.insert(crate::finding::ONCE.into(), value.into());
        a
    };
    // The comments of this tree speak of other rules here.
    let policy = Policy { min_severity: Severity::Info, ..Policy::default() };
    let of = |alerts: Vec<Alert>| {
        let (mut facts, sources) = world();
        facts.files[0].ignores.clear();
        triage(alerts, Vec::new(), &facts, &sources, &policy)
    };
    let alone: BTreeMap<String, String> =
        ["one", "two", "three"].map(|l| (l.to_owned(), of(vec![marked(l, "x")]).shown[0].v1.clone())).into_iter().collect();
    let report = of(["one", "two", "three"].map(|l| marked(l, "x")).to_vec());
    assert_eq!((report.shown.len(), report.hidden.len()), (1, 2));
    let speaker = &report.shown[0];
    assert_eq!(Some(&speaker.v1), alone.values().min());
    assert_eq!(speaker.alert.related.len(), 2);
    assert!(speaker.alert.data.is_empty());
    assert!(report.hidden.iter().all(|(r, why)| *why == Hidden::Repeated(speaker.v1.clone()) && alone.values().any(|v| *v == r.v1)));
    // Another order of the same, other values, one that is surer.
    let backwards = of(["three", "two", "one"].map(|l| marked(l, "x")).to_vec());
    assert_eq!(backwards.shown[0].v1, speaker.v1);
    assert_eq!(of(vec![marked("one", "x"), marked("two", "y"), alert("alpha", "three", Severity::Medium)]).shown.len(), 3);
    let doubted = |of: &str| Alert { confidence: Confidence::Medium, ..marked(of, "x") };
    let sure = of(vec![doubted("one"), marked("two", "x"), doubted("three")]);
    assert_eq!(shown(&sure), ["two"]);
}
