use super::keys::{self, Key, Shape};
use super::*;
use crate::catalog::shipped::shipped;

fn severities() -> Severities {
    Severities::load("s", &shipped().severity).unwrap()
}

fn files(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn load(all: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let (path, _) = all[0];
    Config::load(&files(all), path, &severities()).map_err(|e| e.iter().map(ToString::to_string).collect())
}

const FULL: &str = r#"edition = "2026.11"
fail-on = "medium"
min-severity = "low"
min-confidence = "low"
mode = "observe"
preview = true
hygiene = true
pinning = "commit"
rules = ["own"]
extends = "shared.toml"

[rule.unpinned-action]
level = "high"
[rule.script-injection]
enabled = false

[trust]
orgs = ["acme", "acme-*"]
buckets = "s3://acme-data"
registries = ["ghcr.io/acme"]
indexes = ["https://pypi.acme.dev"]
actions = ["acme/*"]
runners = ["ephemeral-*"]
[trust.secrets]
HF_TOKEN = "read"
"HF_*" = "none"

[assets]
"HF_*_TOKEN" = "model-registry"
HF_EVAL_TOKEN = "other-secret"

[severity.data-only]
peer = "none"
[severity.deployment]
outsider = "low"

[[ignore]]
rule = "unpinned-action"
path = "examples/"
fingerprint = "0123ABCD"
reason = "shown on purpose"
until = 2027-01-31

[[row]]
call = "acme.load"
see = "us"
sink = { kind = "pickle-load", slot = [0, "f"], bytes = true }
"#;

#[test]
fn policy_is_read_with_places() {
    let config = load(&[("pipevet.toml", FULL), ("shared.toml", "")]).unwrap();
    assert_eq!((config.fail_on, config.min_severity, config.commit_pins), (None, Severity::Low, true), "who observes never fails");
    assert_eq!((config.level("unpinned-action"), config.enabled("script-injection"), config.enabled("x")), (Some(Severity::High), false, true));
    let rows: Vec<_> = config.rows.iter().map(|r| (r.subject.text(), r.line, r.user)).collect();
    let want = [("credential HF_EVAL_TOKEN", 30, true), ("credential HF_*_TOKEN", 29, true), ("call acme.load", 44, true)];
    assert_eq!(rows, want.map(|(subject, line, user)| (subject.to_owned(), line, user)));
    assert_eq!(
        config.unknown_rules(|id| id == "script-injection", |_| Some("x"))[0].to_string(),
        "pipevet.toml:12:7: there is no rule `unpinned-action`; did you mean `x`?"
    );
    let ignore = &config.ignores[0];
    assert_eq!(
        (ignore.path.as_deref(), ignore.fingerprint.as_deref(), ignore.until.as_deref()),
        (Some("examples"), Some("0123abcd"), Some("2027-01-31"))
    );
    assert_eq!(ignore.from.to_string(), "pipevet.toml:37");
    let trust = &config.trust;
    assert_eq!((trust.secret("HF_TOKEN"), trust.secret("HF_X"), trust.secret("X")), (Some("read"), Some("none"), None));
    for (name, yes) in [
        ("acme/model", true),
        ("acme-x/m", true),
        ("acme", false),
        ("evil/acme", false),
        ("s3://acme-data/x", true),
        ("s3://acme-data-2/x", false),
        ("hf://datasets/acme/d", true),
        ("https://github.com/acme/r", true),
        ("git+https://github.com/acme/r@main", true),
        ("https://evil.io/x/acme", false),
    ] {
        assert_eq!(trust.covers(name), yes, "{name}");
    }
    assert!(trust.image("ghcr.io/acme/x:1") && !trust.image("ghcr.io/acmexx"));
    let mut tables = severities();
    config.severity.iter().for_each(|(row, column, level)| tables.set(row, column, *level));
    let stranger = crate::origin::Who::Peer;
    assert_eq!((tables.path("deployment", stranger), tables.path("training-data", stranger)), (Severity::Low, Severity::Medium), "one asset alone");
    assert_eq!(tables.assets().collect::<Vec<_>>(), severities().assets().collect::<Vec<_>>(), "and the ranking stays");
}

#[test]
fn faults_name_key_and_place() {
    let cases = [
        ("fail_on = \"high\"\n", "1:1: the policy has no key `fail_on`; did you mean `fail-on`?"),
        ("x = \n", "1:5: "),
        ("[trust]\norg = []\n", "2:1: `[trust]` has no key `org`; did you mean `orgs`?"),
        ("a = 1\n", "1:1: the policy has no key `a`"),
        ("[rule.x]\nlevl = \"high\"\n", "2:1: `[rule.x]` has no key `levl`; did you mean `level`?"),
        ("\n[[row]]\ncall = \"a.b\"\nsee = \"x\"\nsink = { kind = \"shel\" }\n", "5:10: severity.yml has no kind `shel`"),
        ("[trust.secrets]\nHF_TOKEN = \"hunter2-Zq81xWv9kLmN\"\n", "2:1: `hun…` (20 characters) is none of read, none"),
        ("extends = \"hunter2-Zq81xWv9kLmN\"\n", "1:1: there is no file `p/h…` (22 characters)"),
        ("mode = \"obsrve\"\n", "1:1: `obsrve` is none of enforce, observe; did you mean `observe`?"),
        ("edition = 2026.11\n", "1:1: `edition` is a year and a month in quotes: \"2026.11\""),
        ("[trust]\norgs = [\"a\",\n  7]\n", "3:3: `trust.orgs` is a list of texts; this is a number"),
        ("[assets]\nHF = \"model-regstry\"\n", "2:1: `model-regstry` is none of "),
        ("[severity.deploymnt]\n", "1:11: the severity tables have no class or asset `deploymnt`; did you mean `deployment`?"),
        ("[severity.data-only]\npear = \"low\"\n", "2:1: `[severity.data-only]` has no column `pear`; did you mean `peer`?"),
        ("[severity.deployment]\nanyone = \"none\"\n", "2:1: `none` is none of info, low"),
        ("\n[[ignore]]\nrule = \"a\"\n", "2:1: `[[ignore]]` needs `reason`"),
        ("[[ignore]]\nrule = \"a\"\nreason = \" \"\n", "3:1: `ignore.reason` is empty"),
        ("[[ignore]]\nrule = \"a\"\nreason = \"b\"\nuntil = \"2027-02-30\"\n", "4:1: `ignore.until` is a day: \"2027-01-31\""),
        ("[ignore]\nrule = \"a\"\n", "1:2: write `[[ignore]]`, once for each"),
        ("extends = \"/etc/x.toml\"\n", "1:1: `/etc/x.toml` is no path from the directory of the policy"),
        ("rules = [\"../../x\"]\n", "1:10: `../../x` lies outside of the revision"),
        ("extends = [\"b.toml\"]\n", "1:12: there is no file `p/b.toml`"),
    ];
    for (text, want) in cases {
        let got = load(&[("p/pipevet.toml", text)]).unwrap_err().remove(0);
        assert!(got.strip_prefix("p/pipevet.toml:").unwrap().starts_with(want), "{text}: {got}");
    }
    assert_eq!(load(&[("pipevet.toml", "a = 1\nmode = 2\n")]).unwrap_err().len(), 2, "all faults are told at once");
    assert!(load(&[("pyproject.toml", "[tool.other]\nx = 1\n")]).unwrap().file.is_none());
    assert!(load(&[("pyproject.toml", "[tool.pipevet]\nx = 1\n")]).unwrap_err()[0].starts_with("pyproject.toml:2:1"));
}

#[test]
fn entries_of_extended_files_come_first_and_give_way_key_by_key() {
    let tree = [
        (
            "a/.github/pipevet.toml",
            "extends = [\"../org/one.toml\", \"two.toml\"]\nrules = [\"own\"]\n[trust]\norgs = [\"mine\"]\n[rule.x]\nenabled = false\n",
        ),
        (
            "org/one.toml",
            "extends = \"base/deep.toml\"\nfail-on = \"low\"\nmode = \"observe\"\nrules = \"r\"\n[trust]\norgs = [\"acme\"]\n[rule.x]\nlevel = \"low\"\n",
        ),
        ("a/two.toml", "mode = \"enforce\"\n[trust.secrets]\nT = \"read\"\n"),
        ("org/base/deep.toml", "hygiene = true\n[trust]\norgs = [\"deep\"]\n[trust.secrets]\nT = \"none\"\n"),
    ];
    let config = load(&tree).unwrap();
    assert_eq!((config.fail_on, config.hygiene), (Some(Severity::Low), true));
    assert_eq!(config.trust.orgs, ["deep", "acme", "mine"]);
    assert_eq!(config.rules, ["org/r", "a/own"], "each from the directory of its own file");
    assert_eq!((config.level("x"), config.enabled("x"), config.trust.secret("T")), (Some(Severity::Low), false, Some("read")));
    assert_eq!(config.tree.get("fail-on").unwrap().from.to_string(), "org/one.toml:2");
    let cycle = load(&[("a.toml", "extends = \"b.toml\"\n"), ("b.toml", "\nextends = [\"a.toml\"]\n")]).unwrap_err();
    assert_eq!(cycle, ["b.toml:2:12: `a.toml` extends itself by way of this"]);
    let names: Vec<(String, String)> = (0..12).map(|i| (format!("{i}.toml"), format!("extends = \"{}.toml\"\n", i + 1))).collect();
    let deep = load(&names.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect::<Vec<_>>()).unwrap_err();
    assert_eq!(deep, ["7.toml:1:1: more than 8 policy files extend one another"]);
    let fault = load(&[("a.toml", "extends = \"b.toml\"\n"), ("b.toml", "mood = 1\n")]).unwrap_err();
    assert_eq!(fault, ["b.toml:1:1: the policy has no key `mood`; did you mean `mode`?"]);
    // Twice the same is no cycle.
    load(&[("a.toml", "extends = [\"b.toml\", \"c.toml\"]\n"), ("b.toml", "extends = \"c.toml\"\n"), ("c.toml", "")]).unwrap();
}

#[test]
fn policy_is_looked_for_in_order_and_upwards() {
    let text = "preview = true\n";
    let find = |all: &[(&str, &str)], from: &str| Config::find(&files(all), from, &severities()).map(|c| c.file).map_err(|e| e[0].to_string());
    let broken = "[tool.x\n{{ template }}";
    assert_eq!(find(&[(".github/pipevet.toml", text), ("pyproject.toml", broken)], "a/b"), Ok(Some(".github/pipevet.toml".to_owned())));
    assert_eq!(find(&[("a/pyproject.toml", "[tool.pipevet]\n"), ("pipevet.toml", text)], "a/b"), Ok(Some("a/pyproject.toml".to_owned())));
    assert_eq!(find(&[("a/pyproject.toml", broken), ("a/b/x.toml", text)], "a/b"), Ok(None));
    assert!(find(&[("pyproject.toml", "[tool.pipevet\n")], "").unwrap_err().starts_with("pyproject.toml:1:"));
}

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&keys::schema(&severities())).unwrap()
}

fn json(text: &str) -> serde_json::Value {
    let tree = Node::read("x", text, false).unwrap().unwrap();
    serde_json::to_value(tree).unwrap()
}

/// A value for a key that is not its default.
fn sample(shape: &Shape) -> String {
    match shape {
        Shape::Truth => "true".to_owned(),
        Shape::Text => "\"x\"".to_owned(),
        Shape::Edition => "\"2026.10\"".to_owned(),
        Shape::Day => "2027-01-31".to_owned(),
        Shape::Fingerprint => "\"0123abcd\"".to_owned(),
        Shape::Texts => "[\"x\"]".to_owned(),
        Shape::OneOf(words) => format!("\"{}\"", words.last().unwrap()),
        Shape::Asset => "\"none\"".to_owned(),
        Shape::Table(keys) => table(keys),
        Shape::Map(_, Shape::Cells) => "{ data-only = { peer = \"info\" } }".to_owned(),
        Shape::Map(_, shape) => format!("{{ x = {} }}", sample(shape)),
        Shape::Cells => "{ peer = \"info\" }".to_owned(),
        Shape::Tables(keys) => format!("[{}]", table(keys)),
        Shape::Rows => "[{ call = \"x.y\", see = \"z\" }]".to_owned(),
    }
}

fn table(keys: &[Key]) -> String {
    format!("{{ {} }}", keys.iter().map(|k| format!("{} = {}", k.name, sample(&k.shape))).collect::<Vec<_>>().join(", "))
}

/// What a key does to what is read: `x = …` alone, against nothing.
fn told(name: &str, value: &str) -> String {
    let mut config = load(&[("pipevet.toml", &format!("{name} = {value}\n")), ("x", "[trust]\norgs = [\"of x\"]\n")]).unwrap();
    config.tree = Node::empty();
    format!("{config:?}")
}

#[test]
fn every_key_is_read_and_stands_in_the_schema() {
    let nothing = told("extends", "[]");
    let mut unread = Vec::new();
    for key in keys::POLICY {
        let text = format!("{} = {}\n", key.name, sample(&key.shape));
        let faults: Vec<String> = validator().iter_errors(&json(&text)).map(|e| e.to_string()).collect();
        assert!(faults.is_empty(), "{text}: {faults:?}");
        if told(key.name, &sample(&key.shape)) == nothing {
            unread.push(key.name.to_owned());
        }
        // The keys of tables, each alone.
        let (inner, open, close) = match &key.shape {
            Shape::Table(inner) => (*inner, "{", "}"),
            Shape::Map(_, Shape::Table(inner)) => (*inner, "{ x = {", "} }"),
            Shape::Tables(inner) => (*inner, "[{", "}]"),
            _ => continue,
        };
        for one in inner.iter().filter(|k| !k.required) {
            let needed = |with: &[&Key]| with.iter().map(|k| format!("{} = {}", k.name, sample_false(&k.shape))).collect::<Vec<_>>().join(", ");
            let always: Vec<&Key> = inner.iter().filter(|k| k.required).collect();
            let both: Vec<&Key> = always.iter().copied().chain([one]).collect();
            let (without, with) = (format!("{open}{}{close}", needed(&always)), format!("{open}{}{close}", needed(&both)));
            if told(key.name, &without) == told(key.name, &with) {
                unread.push(format!("{}.{}", key.name, one.name));
            }
        }
    }
    assert!(unread.is_empty(), "keys that change nothing: {unread:?}");
}

/// As [`sample`], but what is on by default is off.
fn sample_false(shape: &Shape) -> String {
    if matches!(shape, Shape::Truth) { "false".to_owned() } else { sample(shape) }
}

#[test]
fn the_schema_takes_what_is_read_and_nothing_else() {
    let validator = validator();
    assert!(validator.is_valid(&json(FULL)), "{:?}", validator.iter_errors(&json(FULL)).map(|e| e.to_string()).collect::<Vec<_>>());
    let wrong = [
        "fail_on = \"high\"\n",
        "mode = \"obsrve\"\n",
        "edition = 2026.11\n",
        "[trust]\norgs = [7]\n",
        "[assets]\nHF = \"model-regstry\"\n",
        "[severity.data-only]\npear = \"low\"\n",
        "[severity.deployment]\nanyone = \"none\"\n",
        "[[ignore]]\nrule = \"a\"\n",
        "[ignore]\nrule = \"a\"\nreason = \"b\"\n",
        "[[row]]\ncall = \"a.b\"\n",
        "[[row]]\ncall = \"a.b\"\nimage = \"c\"\nsee = \"x\"\n",
        "preview = \"yes\"\n",
    ];
    for text in wrong {
        assert!(!validator.is_valid(&json(text)), "the schema takes {text}");
        assert!(load(&[("pipevet.toml", text)]).is_err(), "the reader takes {text}");
    }
}

#[test]
fn defaults_are_those_of_a_run() {
    let (config, run) = (Config::default(), crate::triage::Policy::default());
    assert_eq!((config.fail_on, config.min_severity, config.min_confidence), (run.fail_on, run.min_severity, run.min_confidence));
    assert_eq!((config.preview, config.hygiene, config.commit_pins), (run.preview, run.hygiene, false));
}

/// Compares a generated file with what is committed, and rewrites it with `UPDATE=1`.
fn committed(path: &str, want: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::fs::read_to_string(&path).unwrap_or_default() != want {
        assert!(std::env::var_os("UPDATE").is_some(), "{} is out of date: UPDATE=1 cargo test config", path.display());
        std::fs::write(&path, want).unwrap();
    }
}

#[test]
fn the_committed_schema_and_table_are_current() {
    committed("pipevet.schema.json", &format!("{:#}\n", keys::schema(&severities())));
    let readme = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/README.md")).unwrap();
    let (before, rest) = readme.split_once("<!-- policy: begin -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- policy: end -->").unwrap();
    committed("rules/README.md", &format!("{before}<!-- policy: begin -->\n{}<!-- policy: end -->{after}", keys::markdown()));
}
