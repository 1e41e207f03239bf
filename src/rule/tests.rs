use super::*;
use crate::finding::Severity;
use crate::rule::placeholders::{Values, fill};

const GOOD: &str = "---\nid: a-b\ntitle: T\nclass: code-execution\nband: high\nstatus: preview\nedition: \"2026.11\"\ntier: risk\n\
    frameworks: { cwe: [CWE-502] }\nmatch:\n  uses: {}\n  where: { form: remote, bytes: { who: \">=publisher\", mutable: [release, moving] } }\n\
    message: \"{{x}} `{name}` in {place}\"\nfix: f\n---\n# T\n## Why\nw\n## Impact\ni\n## Fix\nf\n## Examples\n### One\n\
    ```yaml path=a.yml project=\"torch==2.1 x\"\na: 1\nb: 2 # vet: a-b\n```\n### Two\n```json path=n.ipynb vet=2:1:a-b\n{}\n```\n";

fn load(text: &str) -> Result<RuleSet, Vec<LoadError>> {
    let catalog = Catalog::load_only(&[]).unwrap();
    let frameworks = serde_json::from_str(&crate::catalog::shipped::shipped().frameworks).unwrap();
    page::page("x/a-b.md", text, true, &catalog.severities, &frameworks).map(|p| RuleSet { pages: vec![p], frameworks }).map_err(|e| vec![e])
}

#[test]
fn a_page_is_front_matter_text_and_tests() {
    let set = load(GOOD).unwrap();
    let page = set.get("a-b").unwrap();
    assert_eq!((page.band, page.why.as_str(), page.examples.len()), (Severity::High, "w", 2));
    let (one, two) = (&page.examples[0], &page.examples[1]);
    assert_eq!((one.title.as_str(), one.project.len(), one.files[0].text.as_str()), ("One", 2, "a: 1\nb: 2 # vet: a-b\n"));
    assert_eq!(GOOD.lines().nth(one.files[0].line as usize - 1), Some("a: 1"));
    assert_eq!((one.files[0].marks[0].line, two.files[0].marks[0].cell, two.files[0].marks[0].line), (2, Some(2), 1));
    assert_eq!(set.nearest("a-c"), Some("a-b"));
}

#[test]
fn faults_of_pages_name_their_place() {
    let cases = [
        ("tier: risk", "teir: risk", 8, "needs `tier`"),
        ("fix: f\n", "fix: f\nfine-of: x\n", 15, "did you mean `fine-if`"),
        ("fix: f\n", "fix: f\nedit: { kind: call-renmed, safety: safe }\n", 15, "did you mean `call-renamed`?"),
        ("fix: f\n", "fix: f\nedit: { kind: argument-set }\n", 15, "needs `safety`"),
        ("fix: f\n", "fix: f\nedit: { kind: argument-set, safety: safe, names: {} }\n", 15, "has no key `names`"),
        ("fix: f\n", "fix: f\nedit: { kind: call-renamed, safety: safe, names: { a.b: c.d } }\n", 15, "`c.d` is no name of a function"),
        ("fix: f\n", "fix: f\nedit: { kind: literal-to-environment, safety: safe, table: environ }\n", 15, "no name inside a module"),
        ("CWE-502", "CWE-9999", 9, "has no `CWE-9999`"),
        ("class: code-execution", "class: code-executon", 4, "did you mean"),
        ("class: code-execution", "class: setting", 2, "need `level`"),
        ("## Impact", "## Effect", 16, "`## Impact` is missing"),
        ("form: remote", "from: remote", 12, "`where` has no key `from`; did you mean `form`?"),
        ("\">=publisher\"", "\">=publishr\"", 12, "did you mean `publisher`?"),
        ("{name}", "{nam}", 13, "did you mean `{name}`?"),
        ("status: preview", "status: stable", 6, ""),
        (" # vet: a-b", "", 16, ""),
        ("id: a-b", "id: a-c", 2, "they must agree"),
        ("# T\n", "# U\n", 16, "first heading"),
    ];
    for (from, to, line, says) in cases {
        let text = GOOD.replacen(from, to, 1);
        match load(&text) {
            Err(errors) => {
                assert!(errors[0].text.contains(says), "{to}: {}", errors[0]);
                assert!(errors[0].line == line || says.starts_with("need") || says == "they must agree", "{to}: {}", errors[0]);
            }
            Ok(_) => assert!(says.is_empty(), "{to} was accepted"),
        }
    }
}

#[test]
fn edits_of_calls_need_findings_that_point_at_them() {
    let edit = GOOD.replacen("message:", "edit: { kind: argument-set, safety: safe }\nmessage:", 1);
    assert_eq!(load(&edit).unwrap().pages[0].edits.len(), 1);
    let errors = load(&edit.replacen("  uses: {}\n", "  uses: {}\n  primary: ref\n", 1)).unwrap_err();
    assert!(errors[0].line == 14 && errors[0].text.contains("`primary`"), "{}", errors[0]);
}

#[test]
fn placeholders_are_filled_and_braces_stay() {
    let values = Values::from([("name", "o/m".to_owned())]);
    assert_eq!(fill("{{a}} `{name}` {place} }", &values), "{a} `o/m` it }");
    assert!(placeholders::check("{").is_err());
}

#[test]
fn builtin_pages_load() {
    let catalog = Catalog::builtin().unwrap();
    let detectors: Vec<&str> = crate::detect::TABLE.iter().map(|(n, _)| *n).collect();
    if let Err(errors) = RuleSet::load(&[], &catalog, &detectors) {
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        panic!("{}", all.join("\n"));
    }
}
