//! Edits: `testdata/fix/*.md` says what stands in files before and after, byte for byte; every bad example of a page is rid of its finding or says why not;
//! what was edited once is not edited again.

use std::collections::{BTreeMap, BTreeSet};

use super::harness::{self, knowledge, sources};
use super::leaks::token;
use crate::finding::{Confidence, Report, Safety, Severity};
use crate::fix::{self, batch, rounds};
use crate::source::Sources;
use crate::triage::{Policy, triage};

/// All findings of a tree, with their edits.
pub fn planned(sources: &Sources) -> Report {
    let (catalog, rules) = knowledge();
    let (model, alerts) = harness::scan(sources, catalog);
    let policy = Policy { preview: true, hygiene: true, min_severity: Severity::Info, min_confidence: Confidence::Low, ..Policy::default() };
    let mut report = triage(alerts, model.notices, &model.facts, sources, &policy);
    fix::plan(&mut report, sources, &model.facts, &model.flow, catalog, rules);
    report
}

/// File, line, rule, and what became of its edits.
type Said = (String, u32, String, Result<(), String>);

/// Makes every edit that is known.
fn fixed(sources: &mut Sources) -> (Vec<Said>, batch::Batch) {
    let report = planned(sources);
    let (mut wanted, mut out) = (Vec::new(), Vec::new());
    for reported in &report.shown {
        let file = sources.file(reported.alert.primary.file);
        let place = (file.path.clone(), file.lines().line(reported.alert.primary.range.start), reported.alert.rule.clone());
        match reported.repair.clone() {
            None => {}
            Some(Err(why)) => out.push((place.0, place.1, place.2, Err(why))),
            Some(Ok(repair)) => wanted.push((place, batch::Wanted { alert: reported.alert.clone(), repair })),
        }
    }
    let (places, wanted): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
    let done = rounds::apply(sources, &report, &wanted, &mut planned);
    for (place, outcome) in places.into_iter().zip(&done.outcomes) {
        let said = match outcome {
            batch::Outcome::Made => Ok(()),
            batch::Outcome::Conflict => Err("conflict".to_owned()),
            batch::Outcome::Refused(why) => Err(why.clone()),
        };
        out.push((place.0, place.1, place.2, said));
    }
    out.sort();
    (out, done)
}

/// A tree before and after, and the places whose edits are refused with a reason that holds a word.
#[derive(Default)]
struct Case {
    title: String,
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
    refused: Vec<(String, u32, String)>,
    /// Places whose edits are made unseen, or only when asked for.
    safety: Vec<(String, u32, Safety)>,
}

fn cases(text: &str) -> Vec<Case> {
    let mut out: Vec<Case> = Vec::new();
    let mut open: Option<(Vec<String>, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some("")) => {
                let (info, mut body) = open.take().unwrap();
                let value = |key: &str| info.iter().filter_map(|w| w.strip_prefix(key)).map(str::to_owned).collect::<Vec<_>>();
                let case = out.last_mut().unwrap();
                if info.iter().any(|w| w == "crlf") {
                    body = body.replace('\n', "\r\n");
                }
                for path in value("path=") {
                    for one in value("refused=") {
                        let (line, word) = one.split_once(':').unwrap();
                        case.refused.push((path.clone(), line.parse().unwrap(), word.to_owned()));
                    }
                    for (key, safety) in [("safe=", Safety::Safe), ("unsafe=", Safety::Unsafe)] {
                        case.safety.extend(value(key).iter().map(|line| (path.clone(), line.parse().unwrap(), safety)));
                    }
                    let requirement = value("project=").join("\n");
                    if !requirement.is_empty() {
                        case.before.insert("requirements.txt".to_owned(), requirement);
                    }
                    case.before.insert(path, body.clone());
                }
                value("after=").into_iter().for_each(|path| drop(case.after.insert(path, body.clone())));
            }
            (Some((_, body)), _) => body.push_str(&format!("{line}\n")),
            (None, Some(info)) => open = Some((info.split(' ').map(str::to_owned).collect(), String::new())),
            (None, None) => {
                if let Some(title) = line.strip_prefix("### ") {
                    out.push(Case { title: title.to_owned(), ..Case::default() });
                }
            }
        }
    }
    out
}

/// Puts tokens in the place of their marks: none may stand in this repository.
fn with_tokens(text: &str) -> String {
    (1..10).fold(text.to_owned(), |text, n| {
        let secret = token(n);
        let (head, tail) = secret.split_at(15);
        text.replace(&format!("@{n}@"), &secret).replace(&format!("@{n}<@"), head).replace(&format!("@{n}>@"), tail)
    })
}

#[test]
fn files_are_edited_as_the_cases_say() {
    let mut faults = Vec::new();
    for path in super::cases::literate("fix") {
        let text = with_tokens(&std::fs::read_to_string(&path).unwrap());
        for case in cases(&text) {
            let name = format!("{}: {}", path.file_stem().unwrap().to_string_lossy(), case.title);
            let mut tree = sources(&case.before);
            if !case.safety.is_empty() {
                let planned = planned(&tree);
                let of = |r: &crate::finding::Reported| {
                    let file = tree.file(r.alert.primary.file);
                    let repair = r.repair.as_ref()?.as_ref().ok()?;
                    Some((file.path.clone(), file.lines().line(r.alert.primary.range.start), repair.safety))
                };
                let have: BTreeSet<_> = planned.shown.iter().filter_map(of).collect();
                let wanted: BTreeSet<_> = case.safety.iter().cloned().collect();
                if have != wanted {
                    faults.push(format!("{name}: {have:?} are planned, not {wanted:?}"));
                }
            }
            let (mut said, _) = fixed(&mut tree);
            for file in &tree.files {
                let wanted = case.after.get(&file.path).or(case.before.get(&file.path)).unwrap();
                let have = String::from_utf8_lossy(&file.bytes);
                if have != wanted.as_str() {
                    faults.push(format!("{name}: {}\n{have}\n--- wanted:\n{wanted}", file.path));
                }
            }
            said.retain(|(_, _, _, result)| result.is_err());
            for (file, line, word) in &case.refused {
                let at = said.iter().position(|(f, l, _, why)| f == file && l == line && why.as_ref().is_err_and(|w| w.contains(word.as_str())));
                match at {
                    Some(at) => drop(said.remove(at)),
                    None => faults.push(format!("{name}: {file}:{line} is not refused with `{word}`, but {said:?}")),
                }
            }
            said.into_iter().for_each(|s| faults.push(format!("{name}: refused {s:?}")));
            // A notebook is JSON, and what was edited once is not edited again.
            for file in tree.files.iter().filter(|f| f.path.ends_with(".ipynb")) {
                if let Err(e) = serde_json::from_slice::<serde_json::Value>(&file.bytes) {
                    faults.push(format!("{name}: {e}"));
                }
            }
            let again = fixed(&mut tree).1;
            if !again.edits.is_empty() {
                faults.push(format!("{name}: edited again: {:?}", again.edits));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n\n"));
}

#[test]
fn examples_of_pages_lose_their_findings_or_say_why_not() {
    let mut out = String::new();
    for page in knowledge().1.pages.iter().filter(|p| !p.edits.is_empty()) {
        for case in &page.examples {
            let mut tree = sources(&harness::files(case));
            let (said, done) = fixed(&mut tree);
            let left: BTreeSet<(String, u32)> = harness::places(&harness::scan(&tree, knowledge().0).1, &page.id, &tree);
            let mine: Vec<_> = said.into_iter().filter(|s| s.2 == page.id).collect();
            for (file, line, _, result) in &mine {
                let word = result.as_ref().map_or_else(|why| format!("not fixed: {why}"), |()| "fixed".to_owned());
                out.push_str(&format!("{}: {}: {file}:{line}: {word}\n", page.id, case.title));
            }
            let refused = mine.iter().filter(|s| s.3.is_err()).count();
            assert!(left.len() <= refused, "{}: {}: {left:?} is left", page.id, case.title);
            for (file, edits) in &done.edits {
                let same = batch::with_edits(&done.before[file], &[]);
                assert_eq!(same, done.before[file]);
                assert_eq!(batch::with_edits(&same, edits), tree.file(*file).bytes);
            }
        }
    }
    insta::assert_snapshot!("fixes", out);
}

#[test]
fn hostile_files_are_planned_for_within_bounds() {
    let deep = format!("hf_token = {}\"{}\"{}\n", "(".repeat(5_000), token(1), ")".repeat(5_000));
    let halves = token(2);
    let (head, tail) = halves.split_at(20);
    let sum = format!("other_token = \"{head}\" + \"{tail}\"{}\n", " + \"\"".repeat(5_000));
    let many: String = (3..1_003).map(|n| format!("t{n}_token = '{}'; print(os)\n", token(n))).collect();
    let cells: Vec<String> = (3..303)
        .map(|n| {
            format!(
                r#"{{"cell_type": "code", "source": ["t{n}_token = '{}'"], "outputs": [{{"output_type": "stream", "text": ["{}"]}}]}}"#,
                token(n),
                token(n)
            )
        })
        .collect();
    let notebook = format!(r#"{{"cells": [{}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}"#, cells.join(",\n"));
    for (path, text) in [("deep.py", deep), ("sum.py", sum), ("many.py", many), ("n.ipynb", notebook)] {
        let tree = sources(&BTreeMap::from([(path.to_owned(), text)]));
        let begin = std::time::Instant::now();
        let report = planned(&tree);
        let plans = report.shown.iter().filter(|r| matches!(r.repair, Some(Ok(_)))).count();
        assert!(plans <= 200, "{path}: {plans}");
        assert!(begin.elapsed().as_secs() < 60, "{path} took {:?}", begin.elapsed());
    }
}
