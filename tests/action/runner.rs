//! A runner: it reads `action.yml`, fills in its expressions, and runs its steps the way GitHub's runner runs steps of a composite action.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use serde_yaml::Value as Yaml;

use crate::server::{REPOSITORY, Server};

/// A machine with the action on it, in directories whose names have spaces.
pub struct Runner {
    home: tempfile::TempDir,
    /// The action's own tree.
    pub action: PathBuf,
    /// Programs that come before those of the machine.
    pub programs: PathBuf,
    /// What the workflow gives.
    pub inputs: BTreeMap<String, String>,
    /// The `github` context, as far as the action reads it.
    pub github: BTreeMap<String, String>,
    /// Variables of the runner.
    pub vars: BTreeMap<String, String>,
}

/// What came of a run of the action.
pub struct Ran {
    /// Exit code of the step that failed, else 0.
    pub code: i32,
    /// All that the steps printed.
    pub log: String,
    /// Outputs of the action.
    pub outputs: BTreeMap<String, String>,
    /// Job summary.
    pub summary: String,
}

impl Runner {
    /// A runner on which the program under test is in place (`binary-path`) and GitHub is `server`.
    pub fn new(server: &Server, token: &str) -> Runner {
        let home = tempfile::Builder::new().prefix("a runner ").tempdir().unwrap();
        let at = |name: &str| {
            let path = home.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            path
        };
        let (action, programs) = (at("the action"), at("programs"));
        let tree = Path::new(env!("CARGO_MANIFEST_DIR"));
        std::fs::create_dir_all(action.join("action")).unwrap();
        for file in ["action.yml", "Cargo.toml", "action/install.sh"] {
            std::fs::copy(tree.join(file), action.join(file)).unwrap();
        }
        let vars = [
            ("CI", "true".to_owned()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_API_URL", server.address()),
            ("GITHUB_REPOSITORY", REPOSITORY.to_owned()),
            ("GITHUB_ACTION_PATH", action.display().to_string()),
            ("GITHUB_WORKSPACE", at("work space").display().to_string()),
            ("RUNNER_TEMP", at("temporary files").display().to_string()),
            ("RUNNER_OS", "Linux".to_owned()),
            ("RUNNER_ARCH", "X64".to_owned()),
            ("HOME", at("home").display().to_string()),
        ];
        let mut github = BTreeMap::from([("token".to_owned(), token.to_owned())]);
        github.insert("action_repository".to_owned(), "octo/pipevet".to_owned());
        github.insert("action_ref".to_owned(), "0123456789abcdef0123456789abcdef01234567".to_owned());
        let inputs = BTreeMap::from([("binary-path".to_owned(), env!("CARGO_BIN_EXE_pipevet").to_owned())]);
        let vars = vars.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        Runner { action, programs, inputs, github, vars, home }
    }

    pub fn workspace(&self) -> PathBuf {
        PathBuf::from(&self.vars["GITHUB_WORKSPACE"])
    }

    pub fn input(&mut self, name: &str, value: &str) -> &mut Runner {
        self.inputs.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A program of this name that is found first.
    pub fn program(&self, name: &str, script: &str) {
        let path = self.programs.join(name);
        std::fs::write(&path, format!("#!/bin/bash\n{script}\n")).unwrap();
        executable(&path);
    }

    /// The event that the run is for.
    pub fn event(&mut self, name: &str, reference: &str, commit: &str, event: &Value) {
        let file = self.home.path().join("event.json");
        std::fs::write(&file, event.to_string()).unwrap();
        for (key, value) in [("EVENT_NAME", name), ("REF", reference), ("SHA", commit), ("EVENT_PATH", &file.display().to_string())] {
            self.vars.insert(format!("GITHUB_{key}"), value.to_owned());
        }
    }

    /// Runs the steps of the action.
    pub fn run(&self) -> Ran {
        let text = std::fs::read_to_string(self.action.join("action.yml")).unwrap();
        let action: Yaml = serde_yaml::from_str(&text).unwrap();
        let declared = action["inputs"].as_mapping().unwrap();
        let names: Vec<&str> = declared.keys().map(|k| k.as_str().unwrap()).collect();
        assert!(self.inputs.keys().all(|i| names.contains(&i.as_str())), "inputs are {names:?}");
        let mut inputs = BTreeMap::new();
        for (name, input) in declared {
            let name = name.as_str().unwrap().to_owned();
            let default = self.filled(input["default"].as_str().unwrap(), &BTreeMap::new(), &BTreeMap::new());
            inputs.insert(name.clone(), self.inputs.get(&name).cloned().unwrap_or(default));
        }
        let mut ran = Ran { code: 0, log: String::new(), outputs: BTreeMap::new(), summary: String::new() };
        let mut steps: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (i, step) in action["runs"]["steps"].as_sequence().unwrap().iter().enumerate() {
            let script = step["run"].as_str().unwrap();
            assert!(!script.contains("${{"), "text of a workflow must not become part of a script: {script}");
            assert_eq!(step["shell"].as_str(), Some("bash"));
            if ran.code != 0 {
                continue;
            }
            let files: Vec<PathBuf> = ["step.sh", "output", "summary"].map(|f| self.home.path().join(format!("{i} {f}"))).to_vec();
            std::fs::write(&files[0], script).unwrap();
            files[1..].iter().for_each(|f| std::fs::write(f, "").unwrap());
            let mut command = Command::new("bash");
            command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&files[0]).current_dir(self.workspace()).env_clear();
            command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.programs.display()));
            command.envs(&self.vars).env("GITHUB_OUTPUT", &files[1]).env("GITHUB_STEP_SUMMARY", &files[2]);
            for (name, value) in step["env"].as_mapping().unwrap() {
                command.env(name.as_str().unwrap(), self.filled(value.as_str().unwrap(), &inputs, &steps));
            }
            let done = command.output().unwrap();
            ran.code = done.status.code().unwrap_or(-1);
            ran.log += &String::from_utf8(done.stdout).unwrap();
            ran.log += &String::from_utf8(done.stderr).unwrap();
            let summary = std::fs::read_to_string(&files[2]).unwrap();
            assert!(summary.len() <= 1 << 20, "GitHub drops a summary of more than 1 MiB");
            ran.summary += &summary;
            let written = std::fs::read_to_string(&files[1]).unwrap();
            let outputs = written.lines().map(|l| l.split_once('=').unwrap_or_else(|| panic!("no output: {l}")));
            let outputs = outputs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            steps.insert(step["id"].as_str().unwrap().to_owned(), outputs);
        }
        for (name, output) in action["outputs"].as_mapping().unwrap() {
            ran.outputs.insert(name.as_str().unwrap().to_owned(), self.filled(output["value"].as_str().unwrap(), &inputs, &steps));
        }
        for token in [self.github["token"].as_str(), "ghs_"] {
            assert!(!ran.log.contains(token) && !ran.summary.contains(token), "a token was printed:\n{}", ran.log);
        }
        ran
    }

    /// A value with its one expression filled in, if it is one.
    fn filled(&self, value: &str, inputs: &BTreeMap<String, String>, steps: &BTreeMap<String, BTreeMap<String, String>>) -> String {
        let Some(expression) = value.strip_prefix("${{").and_then(|v| v.strip_suffix("}}")) else {
            assert!(!value.contains("${{"), "an expression this runner does not know: {value}");
            return value.to_owned();
        };
        match expression.trim().split('.').collect::<Vec<_>>().as_slice() {
            ["inputs", name] => inputs[*name].clone(),
            ["github", name] => self.github[*name].clone(),
            // An output that was never written is empty.
            ["steps", id, "outputs", name] => steps.get(*id).and_then(|s| s.get(*name)).cloned().unwrap_or_default(),
            _ => panic!("an expression this runner does not know: {value}"),
        }
    }
}

impl Ran {
    pub fn output(&self, name: &str) -> &str {
        &self.outputs[name]
    }
    /// Lines that the runner takes for commands of this name.
    pub fn commands(&self, name: &str) -> Vec<&str> {
        self.log.lines().filter(|l| l.starts_with(&format!("::{name} "))).collect()
    }
}

/// Takes what a run asked for; all that came of it is written where `PIPEVET_TRANSCRIPTS` says, for people to read.
pub fn requests(title: &str, ran: &Ran, server: &Server) -> Vec<String> {
    use std::io::Write as _;
    let asked = server.asked();
    if let Some(path) = std::env::var_os("PIPEVET_TRANSCRIPTS") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        let outputs: String = ran.outputs.iter().map(|(k, v)| format!("{k}={v}\n")).collect();
        let comments: String = server.state().comments.iter().map(|c| format!("{}\n", c.body)).collect();
        let mut block = |name: &str, text: &str| writeln!(file, "{name}:\n\n~~~~~~\n{}\n~~~~~~\n", text.trim_end()).unwrap();
        block(&format!("## {title}\n\nExit code {}, outputs", ran.code), &outputs);
        block("Log", &ran.log);
        block("Requests that the server saw", &asked.join("\n"));
        block("Comments on the pull request", &comments);
        block("Job summary", &ran.summary);
    }
    asked
}

pub fn executable(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Runs git in a directory; what it printed.
pub fn git(at: &Path, arguments: &[&str]) -> String {
    let done = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(at)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// Replaces all files of a work tree by those of a lab and commits them; the commit.
pub fn commit_lab(at: &Path, lab: &str) -> String {
    for entry in std::fs::read_dir(at).unwrap().map(Result::unwrap).filter(|e| e.file_name() != ".git") {
        if entry.path().is_dir() { std::fs::remove_dir_all(entry.path()) } else { std::fs::remove_file(entry.path()) }.unwrap();
    }
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/labs").join(lab), at);
    commit(at, lab)
}

pub fn commit(at: &Path, message: &str) -> String {
    git(at, &["add", "--all", "--force"]);
    git(at, &["commit", "--quiet", "--allow-empty", "-m", message]);
    git(at, &["rev-parse", "HEAD"])
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { assert!(std::fs::copy(entry.path(), to).is_ok()) }
    }
}

/// What the event of a pull request says, as GitHub writes it.
pub fn pull_request(from: &str, base: &str, head: &str) -> Value {
    let repository = |name: &str| json!({ "full_name": name, "default_branch": "main", "fork": name != REPOSITORY, "private": false });
    json!({
        "action": "synchronize", "number": 7,
        "pull_request": {
            "number": 7, "state": "open", "title": "Score models of contributors", "user": { "login": "someone" },
            "head": { "ref": "feature", "sha": head, "repo": repository(from) },
            "base": { "ref": "main", "sha": base, "repo": repository(REPOSITORY) }
        },
        "repository": repository(REPOSITORY), "sender": { "login": "someone" }
    })
}
