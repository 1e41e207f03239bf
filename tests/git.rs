//! Changes held against their base by the program itself, in repositories that git made: what counts, whose policy holds, and what is said when the
//! base is not there.
#![cfg(feature = "git")]
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

const LOADER: &str = "import pickle\nimport urllib.request\n\n\ndef read():\n    return pickle.load(urllib.request.urlopen('https://models.example.com/m.pkl'))\n\n\nread()\n";
const RISKY: &str = "name: ci\non: pull_request_target\njobs:\n  test:\n    runs-on: ubuntu-latest\n    env:\n      HF_TOKEN: ${{ secrets.HF_TOKEN }}\n    steps:\n      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8\n        with:\n          ref: ${{ github.event.pull_request.head.sha }}\n      - run: pip install -e .\n";

struct Repository {
    at: PathBuf,
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.at);
    }
}

impl Repository {
    fn new(name: &str) -> Repository {
        let at = std::env::temp_dir().join(format!("pipevet git {name} {}", std::process::id()));
        let _ = std::fs::remove_dir_all(&at);
        std::fs::create_dir_all(&at).unwrap();
        let repository = Repository { at };
        repository.git(&["init", "-q", "-b", "main"]);
        repository
    }
    fn git(&self, arguments: &[&str]) -> String {
        let out = Command::new("git")
            .current_dir(&self.at)
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "-c", "protocol.file.allow=always"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(out.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }
    fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.at.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }
    fn commit(&self, subject: &str) -> String {
        self.git(&["add", "-A", "-f"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", subject]);
        self.git(&["rev-parse", "HEAD"])
    }
}

struct Said {
    code: i32,
    json: Value,
    error: String,
}

impl Said {
    /// (rule, change) of the alerts.
    fn changes(&self) -> Vec<(String, String)> {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        self.json["alerts"].as_array().unwrap().iter().map(|a| (text(&a["rule"]), text(&a["change"]))).collect()
    }
    fn policy(&self) -> Vec<String> {
        let list = self.json["comparison"]["policy"].as_array().unwrap();
        list.iter().map(|p| format!("{}:{} {}", p["file"].as_str().unwrap(), p["line"], p["text"].as_str().unwrap())).collect()
    }
}

fn pipevet(at: &Path, arguments: &[&str], event: Option<&Value>) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipevet"));
    command.current_dir(at).args(["check", "--preview", "--format", "json"]).args(arguments);
    // The run that these tests are part of is no run of theirs.
    for (name, _) in std::env::vars().filter(|(n, _)| n.starts_with("GITHUB_")) {
        command.env_remove(name);
    }
    let file = at.with_extension("event.json");
    if let Some(event) = event {
        std::fs::write(&file, event.to_string()).unwrap();
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_PATH", &file);
    }
    let out = command.output().unwrap();
    let _ = std::fs::remove_file(&file);
    Said {
        code: out.status.code().unwrap(),
        json: serde_json::from_slice(&out.stdout).unwrap_or(Value::Null),
        error: String::from_utf8(out.stderr).unwrap(),
    }
}

fn event(from: &str, base: &str, head: &str) -> Value {
    json!({ "pull_request": { "number": 3, "head": { "sha": head, "ref": "change", "repo": { "full_name": from } },
        "base": { "sha": base, "ref": "main", "repo": { "full_name": "acme/scorer" } } } })
}

fn pair(rule: &str, change: &str) -> (String, String) {
    (rule.to_owned(), change.to_owned())
}

#[test]
fn only_what_a_change_brings_counts() {
    let repository = Repository::new("counts");
    repository.write("load.py", LOADER).write("pyproject.toml", "[project]\nname = \"scorer\"\n");
    let first = repository.commit("first");
    let said = pipevet(&repository.at, &["--base", "HEAD"], None);
    assert_eq!((said.code, said.changes()), (0, vec![pair("unsafe-pickle-load", "unchanged")]), "{}", said.error);
    repository.write(".github/workflows/ci.yml", RISKY);
    let said = pipevet(&repository.at, &["--base", "HEAD"], None);
    assert_eq!(said.code, 1);
    assert_eq!(said.changes(), [pair("poisoned-pipeline-execution", "new"), pair("unsafe-pickle-load", "unchanged")]);
    repository.commit("second");
    // Moved to another file, and the way taken out again: nothing is new, one thing is fixed.
    repository.git(&["mv", "load.py", "reader.py"]);
    std::fs::remove_file(repository.at.join(".github/workflows/ci.yml")).unwrap();
    let said = pipevet(&repository.at, &["--base", "HEAD"], None);
    assert_eq!((said.code, said.changes()), (0, vec![pair("unsafe-pickle-load", "unchanged")]));
    assert_eq!(said.json["comparison"]["fixed"][0]["rule"], "poisoned-pipeline-execution");
    // Revisions, whatever lies in the working tree.
    let said = pipevet(&repository.at, &["--base", &first, "--head", "HEAD"], None);
    assert_eq!(said.code, 1);
    assert_eq!(said.json["alerts"][0]["location"]["uri"], ".github/workflows/ci.yml");
    let said = pipevet(&repository.at, &["--base", "nowhere"], None);
    assert_eq!(said.code, 2);
    assert!(said.error.contains("there is no revision `nowhere`"), "{}", said.error);
}

#[test]
fn everything_is_new_before_the_first_commit() {
    let repository = Repository::new("unborn");
    repository.write(".github/workflows/ci.yml", RISKY).write("pyproject.toml", "[project]\nname = \"scorer\"\n");
    repository.git(&["add", "-A"]);
    let said = pipevet(&repository.at, &["--base", "HEAD"], None);
    assert_eq!((said.code, said.changes()), (1, vec![pair("poisoned-pipeline-execution", "new")]), "{}", said.error);
}

#[test]
fn what_landed_meanwhile_is_not_this_change() {
    let repository = Repository::new("meanwhile");
    repository.write(".github/workflows/ci.yml", RISKY).write("pyproject.toml", "[project]\nname = \"scorer\"\n");
    repository.commit("first");
    repository.git(&["checkout", "-q", "-b", "change"]);
    repository.write("load.py", LOADER);
    repository.commit("change");
    repository.git(&["checkout", "-q", "main"]);
    repository.write(".github/workflows/ci.yml", "name: ci\non: push\njobs: {}\n");
    repository.commit("fix on main");
    repository.git(&["checkout", "-q", "change"]);
    let said = pipevet(&repository.at, &["--base", "main"], None);
    assert_eq!(said.changes(), [pair("unsafe-pickle-load", "new"), pair("poisoned-pipeline-execution", "unchanged")]);
    assert_eq!(said.json["comparison"]["fixed"], json!([]), "main's fix is none of this change");
}

#[test]
fn a_shallow_clone_says_what_to_fetch() {
    let origin = Repository::new("origin");
    origin.write("load.py", LOADER);
    let base = origin.commit("first");
    origin.git(&["checkout", "-q", "-b", "change"]);
    origin.write(".github/workflows/ci.yml", RISKY).write("pyproject.toml", "[project]\nname = \"scorer\"\n");
    let head = origin.commit("change");
    origin.git(&["checkout", "-q", "main"]);
    origin.git(&["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    let clone = |depth: &str| {
        let to = Repository { at: origin.at.with_extension(format!("depth {depth}")) };
        let _ = std::fs::remove_dir_all(&to.at);
        origin.git(&["clone", "-q", "--depth", depth, &format!("file://{}", origin.at.display()), &to.at.to_string_lossy()]);
        to
    };
    let (one, two) = (clone("1"), clone("2"));
    let said = pipevet(&one.at, &[], Some(&event("acme/scorer", &base, &head)));
    assert_eq!((said.code, said.json), (2, Value::Null), "no fall-back to everything");
    assert!(said.error.contains("shallow clone") && said.error.contains("fetch-depth: 2"), "{}", said.error);
    let said = pipevet(&one.at, &["--base", &base], None);
    assert!(said.code == 2 && said.error.contains("fetch-depth: 0"), "{}", said.error);
    // The merge and the commit before it are all that is needed.
    let said = pipevet(&two.at, &[], Some(&event("acme/scorer", &base, &head)));
    assert_eq!((said.code, said.changes()), (1, vec![pair("poisoned-pipeline-execution", "new"), pair("unsafe-pickle-load", "unchanged")]));
    assert!(said.json["comparison"]["base"].as_str().unwrap().starts_with("main ("));
}

#[test]
fn policy_of_a_fork_takes_effect_after_the_merge() {
    let repository = Repository::new("fork");
    repository.write("pyproject.toml", "[project]\nname = \"scorer\"\n").write("pipevet.toml", "[trust]\norgs = [\"acme\"]\n");
    let base = repository.commit("first");
    repository.git(&["checkout", "-q", "-b", "change"]);
    let ignored = RISKY.replace("ref: ${{", "# pipevet: ignore[poisoned-pipeline-execution] trust me\n          ref: ${{");
    repository.write(".github/workflows/ci.yml", &ignored).write("pipevet.toml", "fail-on = \"never\"\n[trust]\norgs = [\"acme\", \"eve\"]\n");
    repository.write("rules/eve.yml", "- call: pickle.load\n  see: nothing\n");
    let head = repository.commit("change");
    let said = pipevet(&repository.at, &[], Some(&event("eve/scorer", &base, &head)));
    assert_eq!((said.code, said.changes()), (1, vec![pair("poisoned-pipeline-execution", "new")]), "{}", said.error);
    assert_eq!(said.json["comparison"]["policy_from_base"], true);
    assert_eq!(
        said.policy(),
        [
            "pipevet.toml:1 writes `fail-on = \"never\"`",
            "pipevet.toml:3 writes `orgs = [\"acme\", \"eve\"]`",
            ".github/workflows/ci.yml:11 ignores poisoned-pipeline-execution: trust me"
        ]
    );
    // From a branch of the same repository it is honoured, and listed.
    let said = pipevet(&repository.at, &[], Some(&event("acme/scorer", &base, &head)));
    assert_eq!((said.code, said.changes()), (0, vec![]), "{}", said.error);
    assert_eq!((said.policy().len(), &said.json["comparison"]["policy_from_base"]), (3, &json!(false)));
    // A policy that cannot be read is no way out either.
    repository.write("pipevet.toml", "fail-on = [\n");
    let head = repository.commit("broken");
    let said = pipevet(&repository.at, &["--config", "pipevet.toml"], Some(&event("eve/scorer", &base, &head)));
    assert_eq!(said.code, 1, "{}", said.error);
    assert_eq!(pipevet(&repository.at, &[], Some(&event("acme/scorer", &base, &head))).code, 2);
}

#[test]
fn what_git_keeps_is_read_whatever_gitignore_says() {
    let repository = Repository::new("ignore");
    repository.write(".gitignore", "vendored/\n*.local.py\n").write("vendored/load.py", LOADER).write("a.local.py", LOADER);
    repository.commit("kept all the same");
    repository.write("vendored/other.py", LOADER).write("b.local.py", LOADER);
    let files = |said: Said| {
        let mut files: Vec<String> =
            said.json["alerts"].as_array().unwrap().iter().map(|a| a["location"]["uri"].as_str().unwrap().to_owned()).collect();
        files.sort();
        files
    };
    assert_eq!(files(pipevet(&repository.at, &[], None)), ["a.local.py", "vendored/load.py"]);
    assert_eq!(files(pipevet(&repository.at, &["--base", "HEAD"], None)), ["a.local.py", "vendored/load.py"], "nothing new in what nobody keeps");
}

#[test]
fn a_baseline_holds_what_was_there_and_says_what_is_stale() {
    let repository = Repository::new("baseline");
    repository.write("load.py", LOADER).write(".github/workflows/ci.yml", RISKY).write("pyproject.toml", "[project]\nname = \"scorer\"\n");
    repository.commit("first");
    let run = |arguments: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_pipevet")).current_dir(&repository.at).arg("baseline").args(arguments).output().unwrap();
        (out.status.code().unwrap(), String::from_utf8(out.stdout).unwrap())
    };
    let file = repository.at.join("pipevet-baseline.json");
    assert_eq!(run(&["write", "--preview", "--reason", "before us"]).0, 0);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().filter(|l| l.contains("\"reason\":\"before us\"")).count(), 2, "one line for each finding\n{text}");
    let _: Value = serde_json::from_str(&text).unwrap();
    let said = pipevet(&repository.at, &[], None);
    assert_eq!((said.code, said.changes(), &said.json["summary"]["hidden"]["baselined"]), (0, vec![], &json!(2)));
    assert_eq!(pipevet(&repository.at, &["--no-baseline"], None).code, 1);
    // Lines above and another version change nothing; a second place is new.
    repository.write("load.py", &format!("# above\n\n{LOADER}")).write("more.py", &LOADER.replace("read", "again"));
    let said = pipevet(&repository.at, &[], None);
    assert_eq!(said.changes(), [pair("unsafe-pickle-load", "new")]);
    assert_eq!(run(&["check", "--preview"]).0, 0);
    std::fs::remove_file(repository.at.join(".github/workflows/ci.yml")).unwrap();
    let (code, listed) = run(&["check", "--preview"]);
    assert!(code == 1 && listed.contains("poisoned-pipeline-execution") && listed.contains("nothing of it is found any more"), "{listed}");
    assert_eq!(run(&["prune", "--preview"]).0, 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap().matches("\"rule\"").count(), 1);
    // Reasons stay when it is written anew; a day that is past does not hold.
    assert_eq!(run(&["write", "--preview", "--until", "2000-01-01"]).0, 0);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("before us") && text.matches("\"rule\"").count() == 2, "{text}");
    assert_eq!(pipevet(&repository.at, &[], None).changes().len(), 2);
    std::fs::write(&file, text.replace("\"rule\":", "\"rules\":")).unwrap();
    let said = pipevet(&repository.at, &[], None);
    assert!(said.code == 2 && said.error.contains("pipevet-baseline.json:4:"), "{}", said.error);
}

#[test]
fn a_file_says_what_is_shown_and_not_what_is_read() {
    let repository = Repository::new("file");
    repository.write(".github/workflows/ci.yml", RISKY).write("pyproject.toml", "[project]\nname = \"scorer\"\n");
    repository.write("load.py", LOADER).write("plain.py", "print(1)\n");
    repository.commit("first");
    let shown = |files: &[&str]| {
        let said = pipevet(&repository.at, files, None);
        (said.code, said.changes().into_iter().map(|c| c.0).collect::<Vec<_>>(), said.json["summary"]["files"].as_u64().unwrap())
    };
    assert_eq!(shown(&["load.py"]), (1, vec!["unsafe-pickle-load".to_owned()], 4));
    assert_eq!(shown(&[".github/workflows/ci.yml"]), (1, vec!["poisoned-pipeline-execution".to_owned()], 4));
    assert_eq!(shown(&["plain.py"]), (0, vec![], 4));
    assert_eq!(shown(&["plain.py", "load.py", ".github"]).1.len(), 2);
    assert_eq!(pipevet(&repository.at, &["none.py"], None).code, 2);
}
