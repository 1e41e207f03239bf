//! Planted secrets: found in every carrier, and whole in no output of any format.

use std::collections::{BTreeMap, BTreeSet};

use super::harness::{knowledge, scan, sources};
use crate::finding::{Alert, Confidence, Severity};
use crate::fix::batch::Wanted;
use crate::fix::rounds;
use crate::report::{Card, cleared, diff, fixes, github, json, jsonl, markdown, overview, sarif, text};
use crate::scan::Model;
use crate::source::Sources;
use crate::triage::{Policy, redact, triage};
use crate::why;

/// A made-up token, built here so that none stands in this repository. Each `n` gives another.
pub fn token(n: u64) -> String {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    let mut out = String::from("hf_");
    for _ in 0..34 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let letter = u8::try_from((state >> 33) % 52).unwrap_or(0);
        out.push(char::from(if letter < 26 { b'a' + letter } else { b'A' + letter - 26 }));
    }
    out
}

/// Files in which `@N@` stands for the Nth token and `@N<@`, `@N>@` for its halves.
fn planted() -> (BTreeMap<String, String>, usize) {
    let files = [
        (
            "a.py",
            "# was @1@\nx = f\"Bearer @2@\"\ny = '@3<@' + \\\n  '@3>@'\ndef f():\n    \"\"\"Use @4@.\"\"\"\n    g(token=\"@5@\\n\", z=b'@6@')\n",
        ),
        (
            "n.ipynb",
            r#"{"cells": [{"cell_type": "code", "id": "c", "execution_count": 1, "metadata": {"note": "@7@"},
 "source": ["t = \"@8@\"\n", "!huggingface-cli login --token @9@\n", "u = \"@10<@\" \"@10>@\"\n"],
 "outputs": [{"output_type": "stream", "name": "stdout", "text": ["Token: @11@\n"]},
  {"output_type": "display_data", "metadata": {}, "data": {"text/html": ["<td>@12@</td><a title=&quot;@13@&quot;>"], "image/png": "iVBORw0KGgo="}},
  {"output_type": "error", "ename": "E", "evalue": "bad '@14@'", "traceback": ["\u001b[31m@15@\u001b[39m"]}]},
 {"cell_type": "markdown", "id": "m", "metadata": {}, "source": ["Use `@16@`"]}],
 "metadata": {"kernelspec": {"language": "python", "name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}"#,
        ),
        ("c.yaml", "a: @17@\nb: |\n  x\n  @18@\nc: \"@19<@\\\n  @19>@\"\nd: [ '@20@' ] # @21@\ne: >-\n  y @22@\n"),
        (".env", "HF_TOKEN=@23@\n"),
        ("Dockerfile", "FROM a@sha256:00\nENV HF_TOKEN=@24@\nRUN echo @25@ && \\\n  curl -H \"Authorization: @26@\" https://h\n"),
        ("run.sh", "#!/bin/sh\ncat <<EOF > x\n@27@\nEOF\nexport A=@28@\npython -c \"login('@29@')\"\n"),
        (
            ".github/workflows/w.yml",
            "on: push\njobs:\n  a:\n    runs-on: x\n    env: { T: @30@ }\n    steps:\n    - run: |\n        echo @31@\n    - uses: o/n@v1\n      with: { token: '@32@' }\n",
        ),
        ("requirements.txt", "--extra-index-url https://u:@33@@h.io/simple\nx @ git+https://@34@@github.com/o/x\n"),
        ("pyproject.toml", "[tool.x]\na = \"\"\"\n@35@\"\"\"\n"),
        ("s.json", r#"{"a": {"b": ["@36@", "x\u0020\u0068@37~@"]}}"#),
        ("setup.cfg", "[a]\nb = @38@\n"),
        ("Makefile", "all:\n\tcurl -H @39@ https://h # @40@\n"),
        (
            "keys.ipynb",
            r#"{"cells": [{"cell_type": "code", "id": "c", "execution_count": 1, "metadata": {"@41@": 1}, "source": ["1"],
 "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"application/json": {"@42@": "<script>fetch('https://h.example.com/' + 1)</script>"},
  "text/html": ["<script>fetch('https://h.example.com/' + 1)</script>"]}}]}],
 "metadata": {"kernelspec": {"language": "python", "name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}"#,
        ),
    ];
    let mut count = 0;
    let mut out = BTreeMap::new();
    for (path, text) in files {
        let mut text = text.to_owned();
        for n in 1..=42u64 {
            let secret = token(n);
            let (head, tail) = secret.split_at(15);
            let before = text.len();
            for (mark, with) in [("", secret.as_str()), ("<", head), (">", tail), ("~", secret.get(1..).unwrap())] {
                text = text.replace(&format!("@{n}{mark}@"), with);
            }
            count += usize::from(text.len() != before);
        }
        out.insert(path.to_owned(), text);
    }
    (out, count)
}

#[test]
fn planted_secrets_are_found_and_never_shown() {
    let (files, count) = planted();
    assert_eq!(count, 42);
    let (catalog, _) = knowledge();
    let sources = sources(&files);
    let (model, alerts) = scan(&sources, catalog);
    let of = |rule: &str| alerts.iter().filter(|a| a.rule == rule).collect::<Vec<_>>();
    let spans: BTreeSet<String> = of("secret-known-format").iter().map(|a| sources.file(a.primary.file).text_at(a.primary.range)).collect();
    let missing: Vec<u64> = (1..=42).filter(|n| !spans.iter().any(|s| s.contains(token(*n).get(18..).unwrap()))).collect();
    assert_eq!(missing, Vec::<u64>::new(), "not found");
    assert_eq!(spans.len(), 42);
    assert!(alerts.iter().any(|a| !a.rule.starts_with("secret-")), "other rules speak of these lines too");

    let out = everything(&sources, alerts, model);
    for n in 1..=42 {
        let secret = token(n);
        // Four characters may be shown; six in a row are no accident.
        for start in 0..secret.len() - 6 {
            let part = secret.get(start..start + 6).unwrap();
            assert!(!out.contains(part), "token {n}: `{part}` in {:?}", out.lines().find(|l| l.contains(part)));
        }
    }
}

#[test]
fn no_answer_about_a_line_shows_a_secret() {
    let (mut files, _) = planted();
    let word = "Tr0ub4dor&3horse";
    files.insert("b.sh".to_owned(), format!("#!/bin/sh\npip install 'git+https://me:{word}@git.example.com/o/r'\n"));
    let sources = sources(&files);
    let out = answers(&sources);
    assert!(out.contains("git.example.com") && out.contains("requirement"), "lines are quoted");
    for n in 1..=42 {
        let secret = token(n);
        let shown = (0..secret.len() - 6).find(|start| out.contains(secret.get(*start..start + 6).unwrap()));
        assert_eq!(
            shown,
            None,
            "token {n} in {:?}",
            out.lines().find(|l| l.contains(secret.get(shown.unwrap_or(0)..shown.unwrap_or(0) + 6).unwrap()))
        );
    }
    assert!(!out.contains(word.get(4..12).unwrap()));
}

/// What is said of every line of every file.
fn answers(sources: &Sources) -> String {
    let (catalog, rules) = knowledge();
    let (model, alerts) = scan(sources, catalog);
    let mut report = triage(alerts, model.notices.clone(), &model.facts, sources, &Policy::default());
    report.cleared = model.cleared.clone();
    let context = why::Context { sources, model: &model, report: &report, catalog, rules };
    let mut out = Vec::new();
    for (file, source) in sources.iter() {
        for line in 1..=source.lines().count() {
            let answer = why::why(&context, file, line);
            crate::report::why::write((&source.shown, line), &answer, sources, &mut out).unwrap();
            crate::report::why::write_json((&source.shown, line), &answer, sources, &mut out).unwrap();
        }
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn passwords_in_addresses_are_never_shown() {
    let word = "Tr0ub4dor&3horse";
    let workflow = format!(
        "on: push\nenv:\n  HF_TOKEN: ${{{{ secrets.HF_TOKEN }}}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          pip install 'git+https://me:{word}@git.example.com/o/r'\n          curl -fsSL https://{word}@get.example.com/x.sh | bash\n"
    );
    let manifest = format!("--extra-index-url https://me:{word}@pypi.example.com/simple\nx @ git+https://{word}@git.example.com/o/r\n");
    let files = BTreeMap::from([(".github/workflows/a.yml".to_owned(), workflow), ("requirements.txt".to_owned(), manifest)]);
    let sources = sources(&files);
    let (model, alerts) = scan(&sources, knowledge().0);
    assert!(alerts.iter().filter(|a| a.message.contains(word)).count() >= 3, "messages quote the addresses");
    let out = everything(&sources, alerts, model);
    assert!(out.contains("git.example.com"));
    let part = word.get(4..12).unwrap();
    assert!(!out.contains(part), "{:?}", out.lines().find(|l| l.contains(part)));
}

#[test]
fn passwords_among_words_of_commands_are_never_shown() {
    let word = "Tr0ub4dor&3horse";
    let lines = [
        format!("curl -fsSL -u me:{word} https://get.example.com/a.sh | bash"),
        format!("curl -fsSL -ume:{word} https://get.example.com/b.sh | bash"),
        format!("curl -fsSL --user 'me:{word}' https://get.example.com/c.sh | bash"),
        format!("wget -qO- --user=me --password={word} https://get.example.com/d.sh | bash"),
        format!("wget -qO- --http-password \"{word}\" https://get.example.com/e.sh | bash"),
        format!("http --auth me:{word} https://get.example.com/f.sh | bash"),
        "curl -fsSL -u me:$PASSWORD https://get.example.com/g.sh | bash".to_owned(),
        "pip install -U git+https://git.example.com/Our-Org1/r".to_owned(),
        "docker run -u 1000:1000 -v /a:/b x && curl https://get.example.com/h.sh | bash".to_owned(),
    ];
    let shell = format!("#!/bin/sh\n{}\n", lines.join("\n"));
    let python = format!("import subprocess\nsubprocess.run('curl -u me:{word} https://get.example.com/i.sh | bash', shell=True)\n");
    let cell = serde_json::to_string(&format!("!curl -u \"me:{word}\" https://get.example.com/j.sh | bash")).unwrap();
    let notebook = format!(
        r#"{{"cells": [{{"cell_type": "code", "id": "a", "metadata": {{}}, "outputs": [], "source": [{cell}]}}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}"#
    );
    let files = BTreeMap::from([("a.sh".to_owned(), shell), ("b.py".to_owned(), python), ("n.ipynb".to_owned(), notebook)]);
    let sources = sources(&files);
    let (model, alerts) = scan(&sources, knowledge().0);
    let out = everything(&sources, alerts, model) + &answers(&sources);
    for letter in 'a'..='j' {
        assert!(out.contains(&format!("get.example.com/{letter}.sh")), "{letter} is spoken of");
    }
    assert!(out.contains("git.example.com/Our-Org1/r"), "an address is no login");
    assert!(out.contains("me:$PASSWORD") && out.contains("1000:1000"), "what is no secret is not shortened");
    let part = word.get(4..12).unwrap();
    assert!(!out.contains(part), "{:?}", out.lines().find(|l| l.contains(part)));
}

#[test]
fn no_difference_and_no_summary_of_edits_shows_a_secret() {
    let (mut files, _) = planted();
    files.insert("set.py".to_owned(), format!("import os\nos.environ['HF_TOKEN'] = '{}'\nlogin(my_token='{}')\n", token(1), token(2)));
    let mut tree = sources(&files);
    let report = super::fixes::planned(&tree);
    let wanted: Vec<Wanted> = report.shown.iter().filter_map(|r| Some(Wanted { alert: r.alert.clone(), repair: r.repair.clone()?.ok()? })).collect();
    let done = rounds::apply(&mut tree, &report, &wanted, &mut super::fixes::planned);
    assert!(done.edits.len() >= 3, "{:?}", done.outcomes);
    let old = sources(&files);
    let mut out = Vec::new();
    for (file, edits) in &done.edits {
        let replaced: Vec<_> = edits.iter().map(|e| (e.at.range.bounds(), e.text.len())).collect();
        let clean = redact::cleaner(&report, &old, *file);
        let (before, after) = (&old.file(*file).bytes, &tree.file(*file).bytes);
        diff::write(&old.file(*file).shown, before, after, &replaced, &clean, &mut out).unwrap();
    }
    let entries: Vec<fixes::Entry> = wanted
        .iter()
        .zip(&done.outcomes)
        .map(|(w, outcome)| fixes::Entry {
            file: "a".to_owned(),
            line: 1,
            rule: w.alert.rule.clone(),
            title: w.repair.title.clone(),
            note: w.repair.note.clone(),
            outcome: outcome.clone(),
        })
        .collect();
    fixes::write(&entries, fixes::Look { dry: true, more: 0 }, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("-login(my_token='hf_") && out.contains("environment"), "{out}");
    for n in 1..=42 {
        let secret = token(n);
        let shown = (0..secret.len() - 6).find(|start| out.contains(secret.get(*start..start + 6).unwrap()));
        assert_eq!(shown, None, "token {n} in {out}");
    }
}

/// A run's report in all forms, with all that can be shown.
fn everything(sources: &Sources, alerts: Vec<Alert>, model: Model) -> String {
    let (_, rules) = knowledge();
    let policy = Policy { preview: true, hygiene: true, min_severity: Severity::Info, min_confidence: Confidence::Low, ..Policy::default() };
    let mut report = triage(alerts, model.notices, &model.facts, sources, &policy);
    report.cleared = model.cleared;
    crate::fix::plan(&mut report, sources, &model.facts, &model.flow, knowledge().0, rules);
    let cards: Vec<Card> = rules
        .pages
        .iter()
        .map(|p| Card {
            id: p.id.clone(),
            title: p.title.clone(),
            class: p.class.clone(),
            band: p.band,
            share: None,
            why: p.why.clone(),
            markdown: p.markdown().to_owned().into(),
            frameworks: Vec::new(),
        })
        .collect();
    let look = text::Look { color: false, quiet: false, verbose: true, time: false };
    let extra = json::Extra { hidden: true, cleared: true, suppressed: true };
    let mut out: Vec<u8> = Vec::new();
    json::write(&report, sources, &cards, extra, &mut out).unwrap();
    sarif::write(&report, sources, &cards, sarif::Limits::default(), &mut out).unwrap();
    text::write(&report, sources, &cards, look, &mut out).unwrap();
    jsonl::write(&report, sources, &cards, extra, &mut out).unwrap();
    github::write(&report, sources, &cards, usize::MAX, &mut out).unwrap();
    markdown::write(&report, sources, &cards, markdown::SUMMARY, &mut out).unwrap();
    overview::write(&report, sources, false, &mut out).unwrap();
    cleared::write(&report, sources, true, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
