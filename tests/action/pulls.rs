//! What a run tells whom: pull requests of the repository and of forks, the default branch, and runs that cannot finish.

use std::path::Path;

use serde_json::{Value, json};

use crate::runner::{Ran, Runner, commit, commit_lab, executable, git, pull_request, requests};
use crate::server::{FORK, REPOSITORY, Scanning, Server, WRITE};

/// A repository in which a change takes `lab` into a main branch that has its repaired twin; what is checked out is the merge, as for a pull request.
fn proposed(runner: &mut Runner, lab: &str, from: &str) -> [String; 3] {
    let at = runner.workspace();
    git(&at, &["init", "--quiet"]);
    let base = commit_lab(&at, &format!("{lab}-fixed"));
    git(&at, &["checkout", "--quiet", "-b", "feature"]);
    let head = commit_lab(&at, lab);
    merged(runner, from, &base, &head)
}

/// Checks out the merge of a change, and makes the event.
fn merged(runner: &mut Runner, from: &str, base: &str, head: &str) -> [String; 3] {
    let at = runner.workspace();
    git(&at, &["checkout", "--quiet", "--detach", base]);
    git(&at, &["merge", "--quiet", "--no-ff", "-m", "merge", head]);
    let merge = git(&at, &["rev-parse", "HEAD"]);
    runner.event("pull_request", "refs/pull/7/merge", &merge, &pull_request(from, base, head));
    [base.to_owned(), head.to_owned(), merge]
}

fn number(ran: &Ran, name: &str) -> usize {
    ran.output(name).parse().unwrap_or_else(|_| panic!("{name} is {}", ran.output(name)))
}

#[test]
fn a_change_from_a_fork_is_told_in_summary_annotations_and_exit_code_alone() {
    let server = Server::start();
    let mut runner = Runner::new(&server, FORK);
    proposed(&mut runner, "moving-checkpoint", "mallory/models");
    let ran = runner.run();
    let asked = requests("A change from a fork: a token that may only read", &ran, &server);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(number(&ran, "new") > 0 && ran.output("worse") == "0");
    assert!(["critical", "high"].contains(&ran.output("highest-severity")));
    assert!(asked.iter().all(|l| l.starts_with("GET ")), "{asked:?}");
    assert!(ran.log.contains("not uploaded to code scanning: this change comes from a fork"), "{}", ran.log);
    let annotations: Vec<&str> = ["error", "warning", "notice"].iter().flat_map(|c| ran.commands(c)).collect();
    assert!((1..=10).contains(&annotations.len()), "{}", ran.log);
    assert!(ran.log.ends_with("pipevet: this run fails: 6 of high confidence from level high on\n"), "{}", ran.log);
    assert!(annotations.iter().all(|a| a.contains("file=") && a.contains("line=")), "{annotations:?}");
    assert!(ran.summary.starts_with("## pipevet: this change adds"), "{}", ran.summary);
    let sarif: Value = serde_json::from_slice(&std::fs::read(ran.output("sarif-file")).unwrap()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    // What must be uploaded and may not be fails the step, after everything is told.
    let ran = runner.input("upload", "always").run();
    assert_eq!(ran.code, 2);
    assert!(ran.commands("error").iter().any(|l| l.contains("from a fork")) && number(&ran, "new") > 0, "{}", ran.log);
}

#[test]
fn a_change_of_the_repository_is_uploaded_and_commented_on_until_it_is_repaired() {
    let server = Server::start();
    let mut runner = Runner::new(&server, WRITE);
    let [base, head, merge] = proposed(&mut runner, "moving-checkpoint", REPOSITORY);
    let ran = runner.run();
    let asked = requests("A change of the repository: a token that may write", &ran, &server);
    assert_eq!(ran.code, 1, "{}", ran.log);
    let changed: Vec<&String> = asked.iter().filter(|l| !l.starts_with("GET ")).collect();
    assert_eq!(changed, ["POST /repos/octo/models/code-scanning/sarifs 202", "POST /repos/octo/models/issues/7/comments 201"]);
    assert!(ran.commands("error").is_empty() && ran.commands("warning").is_empty(), "code scanning annotates by itself: {}", ran.log);
    {
        let state = server.state();
        assert_eq!((&state.uploads[0].commit, state.uploads[0].reference.as_str()), (&merge, "refs/pull/7/merge"));
        assert!(!state.uploads[0].sarif["runs"][0]["results"].as_array().unwrap().is_empty());
        let comment = &state.comments[0].body;
        assert!(comment.contains("this change adds") && comment.contains("**Fix:**"), "{comment}");
    }
    // The head of the change is checked out, not its merge: what is uploaded is kept under that name.
    let at = runner.workspace();
    git(&at, &["checkout", "--quiet", &head]);
    let ran = runner.run();
    assert_eq!(ran.code, 1, "{}", ran.log);
    {
        let state = server.state();
        assert_eq!((&state.uploads[1].commit, state.uploads[1].reference.as_str()), (&head, "refs/pull/7/head"));
    }
    git(&at, &["checkout", "--quiet", &merge]);
    runner.run();
    server.asked();
    // Once more, nothing changed: one upload, and not a word.
    let ran = runner.run();
    assert_eq!((ran.code, server.changed()), (1, vec!["POST /repos/octo/models/code-scanning/sarifs 202".to_owned()]), "{}", ran.log);
    // The base moves on, and what the change does stays the same: no edit either.
    git(&at, &["checkout", "--quiet", "main"]);
    std::fs::write(at.join("run.sh"), "make train\n").unwrap();
    let later = commit(&at, "an aside");
    merged(&mut runner, REPOSITORY, &later, &head);
    let ran = runner.run();
    assert_eq!((ran.output("new"), server.changed().len()), ("7", 1), "{}", ran.log);
    // Repaired: the comment goes.
    git(&at, &["checkout", "--quiet", "feature"]);
    let head = commit_lab(&at, "moving-checkpoint-fixed");
    merged(&mut runner, REPOSITORY, &base, &head);
    let ran = runner.run();
    let asked = requests("The same change, repaired", &ran, &server);
    assert_eq!((ran.code, ran.output("new"), ran.output("highest-severity")), (0, "0", "none"), "{}", ran.log);
    assert!(asked.iter().any(|l| l.starts_with("DELETE ")), "{asked:?}");
    assert!(server.state().comments.is_empty());
}

#[test]
fn a_run_on_the_default_branch_uploads_and_never_fails() {
    let server = Server::start();
    let mut runner = Runner::new(&server, WRITE);
    let at = runner.workspace();
    git(&at, &["init", "--quiet"]);
    let commit = commit_lab(&at, "moving-checkpoint");
    let event = json!({ "ref": "refs/heads/main", "repository": { "full_name": REPOSITORY, "default_branch": "main" } });
    runner.event("push", "refs/heads/main", &commit, &event);
    let ran = runner.input("fail-on", "low").run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert!(number(&ran, "new") > 0, "without a base all that is shown is new");
    assert!(ran.log.contains("on the default branch none fails"), "{}", ran.log);
    assert_eq!(server.state().uploads[0].reference, "refs/heads/main");
    // A schedule says nothing of branches, and runs on the default one.
    runner.event("schedule", "refs/heads/main", &commit, &json!({ "schedule": "0 0 * * 0" }));
    assert_eq!(runner.run().code, 0);
    // Another branch fails; observing does not; and what is not what the run is for is not uploaded under its name.
    runner.event("push", "refs/heads/topic", &commit, &event);
    assert_eq!(runner.run().code, 1);
    assert_eq!(runner.input("mode", "observe").run().code, 0);
    server.asked();
    runner.event("push", "refs/heads/topic", &"0".repeat(40), &event);
    let ran = runner.run();
    assert!(ran.log.contains("is not what this run is for"), "{}", ran.log);
    assert!(server.changed().is_empty());
}

#[test]
fn a_base_that_is_not_here_ends_the_run_with_the_way_out_and_outputs() {
    let server = Server::start();
    let mut runner = Runner::new(&server, WRITE);
    let [base, head, merge] = proposed(&mut runner, "moving-checkpoint", REPOSITORY);
    // As actions/checkout leaves it by default: one commit.
    let full = runner.workspace();
    git(&full, &["branch", "merged", &merge]);
    let shallow = full.with_file_name("shallow clone");
    git(&full, &["clone", "--quiet", "--depth=1", "--branch=merged", &format!("file://{}", full.display()), &shallow.display().to_string()]);
    runner.vars.insert("GITHUB_WORKSPACE".to_owned(), shallow.display().to_string());
    runner.event("pull_request", "refs/pull/7/merge", &merge, &pull_request(REPOSITORY, &base, &head));
    let ran = runner.run();
    requests("A shallow clone", &ran, &server);
    assert_eq!(ran.code, 2, "{}", ran.log);
    assert!(ran.commands("error")[0].contains("fetch-depth"), "{}", ran.log);
    assert!(ran.summary.contains("fetch-depth"), "{}", ran.summary);
    for name in ["new", "worse", "fixed", "highest-severity"] {
        assert_eq!(ran.output(name), "unknown");
    }
    // Faults of the workflow are told the same way.
    let ran = runner.input("mode", "warn").run();
    assert!(ran.code == 2 && ran.commands("error")[0].contains("enforce, observe") && ran.output("new") == "unknown", "{}", ran.log);
    runner.input("mode", "").input("fail-on", "severe");
    let ran = runner.run();
    assert!(ran.code == 2 && ran.commands("error")[0].contains("severe"), "{}", ran.log);
}

#[test]
fn where_nothing_can_be_uploaded_the_run_says_why_and_annotates() {
    let server = Server::start();
    let mut runner = Runner::new(&server, WRITE);
    proposed(&mut runner, "moving-checkpoint", REPOSITORY);
    for (scanning, word) in [(Scanning::Off, "switch on code scanning"), (Scanning::NotPaid, "Code Security")] {
        server.state().scanning = scanning;
        let ran = runner.run();
        assert_eq!(ran.code, 1, "{}", ran.log);
        assert!(ran.log.contains("not uploaded to code scanning: ") && ran.log.contains(word), "{}", ran.log);
        assert!(!ran.commands("error").is_empty(), "{}", ran.log);
    }
    // A token that may do nothing, though the change is the repository's own.
    server.state().scanning = Scanning::On;
    server.state().comments.clear();
    runner.github.insert("token".to_owned(), FORK.to_owned());
    let ran = runner.run();
    assert!(ran.code == 1 && ran.log.contains("security-events: write") && ran.log.contains("pull-requests: write"), "{}", ran.log);
    runner.input("summary", "false").input("annotations", "false").input("comment", "never").input("upload", "never");
    let ran = runner.run();
    assert!(ran.code == 1 && ran.summary.is_empty() && ran.commands("error").is_empty(), "{}", ran.log);
    assert!(!ran.log.contains("comment"), "{}", ran.log);
}

#[test]
fn more_findings_than_a_log_may_annotate_become_a_check() {
    let server = Server::start();
    let mut runner = Runner::new(&server, WRITE);
    runner.input("upload", "never").input("comment", "never");
    let at = runner.workspace();
    git(&at, &["init", "--quiet"]);
    std::fs::write(at.join("pipevet.toml"), "preview = true\n").unwrap();
    let base = commit(&at, "policy");
    git(&at, &["checkout", "--quiet", "-b", "feature"]);
    std::fs::create_dir_all(at.join(".github/workflows")).unwrap();
    let steps: String = (0..60).map(|i| format!("      - run: echo {i} ${{{{ github.event.issue.title }}}}\n")).collect();
    let workflow = format!("on: issues\npermissions: write-all\njobs:\n  greet:\n    runs-on: ubuntu-latest\n    steps:\n{steps}");
    std::fs::write(at.join(".github/workflows/greet.yml"), workflow).unwrap();
    let head = commit(&at, "greet");
    merged(&mut runner, REPOSITORY, &base, &head);
    let ran = runner.run();
    assert_eq!((ran.code, number(&ran, "new")), (1, 60), "{}", ran.log);
    assert!(ran.commands("error").is_empty(), "{}", ran.log);
    {
        let state = server.state();
        assert_eq!(state.checks[0]["output"]["annotations"].as_array().unwrap().len(), 60);
        assert_eq!((&state.checks[0]["head_sha"], &state.checks[0]["conclusion"]), (&json!(head), &json!("failure")));
    }
    // A token that may not: ten, and no more.
    runner.github.insert("token".to_owned(), FORK.to_owned());
    let ran = runner.run();
    assert!(ran.log.contains("checks: write"), "{}", ran.log);
    assert_eq!(ran.commands("error").len(), 10, "{}", ran.log);
}

#[test]
fn what_was_dismissed_on_github_fails_no_run_and_stays_uploaded() {
    let server = Server::start();
    let mut runner = Runner::new(&server, WRITE);
    proposed(&mut runner, "moving-checkpoint", REPOSITORY);
    let ran = runner.run();
    assert_eq!(ran.code, 1);
    let results = server.state().uploads[0].sarif["runs"][0]["results"].as_array().unwrap().clone();
    let place = |r: &Value| r["locations"][0]["physicalLocation"].clone();
    server.state().alerts = results
        .iter()
        .enumerate()
        .map(|(i, r)| {
            json!({
                "number": i + 1, "state": "dismissed", "fixed_at": null, "dismissed_by": { "login": "alice" },
                "dismissed_reason": "won't fix", "dismissed_comment": null, "rule": { "id": r["ruleId"] },
                "most_recent_instance": {
                    "message": r["message"],
                    "location": { "path": place(r)["artifactLocation"]["uri"], "start_line": place(r)["region"]["startLine"] }
                }
            })
        })
        .collect();
    let ran = runner.run();
    assert_eq!((ran.code, ran.output("new"), ran.output("highest-severity")), (0, "0", "none"), "{}", ran.log);
    assert!(ran.log.contains("dismissed on GitHub by alice") && ran.summary.contains("alice"), "{}", ran.log);
    assert_eq!(server.state().uploads[1].sarif["runs"][0]["results"].as_array().unwrap().len(), results.len());
    // The same from a command line, which has to be told as whom and about what to ask.
    let check = |variables: &[(&str, &str)]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pipevet"));
        command.args(["check", "--respect-dismissals", "--format", "json", "--all"]).current_dir(runner.workspace()).env_clear();
        let done = command.envs(variables.iter().copied()).output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    let (address, who) = (server.address(), [("GITHUB_TOKEN", WRITE), ("GITHUB_REPOSITORY", REPOSITORY)]);
    let (_, json, _) = check(&[who[0], who[1], ("GITHUB_API_URL", &address)]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let hidden = json["hidden"].as_array().unwrap().iter().filter(|a| a["hidden"]["reason"] == "dismissed" && a["hidden"]["by"] == "alice");
    assert!(hidden.count() >= results.len(), "{:#}", json["hidden"]);
    for some in [&who[..1], &who[1..]] {
        let (code, _, said) = check(some);
        assert!(code == Some(2) && said.contains("set GITHUB_"), "{said}");
    }
    assert_eq!(runner.input("respect-dismissals", "false").run().code, 1);
    // Those that GitHub does not tell count, and the run says so.
    server.state().faults.push_back((403, Vec::new(), json!({ "message": "Resource not accessible by integration" })));
    let ran = runner.input("respect-dismissals", "true").run();
    assert!(ran.code == 1 && number(&ran, "new") > 0, "{}", ran.log);
}

#[test]
fn paths_with_spaces_one_on_each_line_and_a_tree_that_is_no_repository() {
    let server = Server::start();
    let mut runner = Runner::new(&server, WRITE);
    let at = runner.workspace();
    for lab in ["moving-checkpoint", "moving-checkpoint-fixed"] {
        let to = at.join(format!("my {lab}"));
        std::fs::create_dir_all(&to).unwrap();
        git(&to, &["init", "--quiet"]);
        commit_lab(&to, lab);
        std::fs::remove_dir_all(to.join(".git")).unwrap();
    }
    let trap = at.join("$(touch pwned)");
    std::fs::create_dir_all(&trap).unwrap();
    runner.event("push", "refs/heads/topic", &"1".repeat(40), &json!({ "repository": { "default_branch": "main" } }));
    let one = runner.input("paths", "my moving-checkpoint-fixed\n$(touch pwned)\n").run();
    assert_eq!((one.code, one.output("new")), (0, "0"), "{}", one.log);
    let both = runner.input("paths", "my moving-checkpoint-fixed\n  my moving-checkpoint\n\n").run();
    assert_eq!(both.code, 1, "{}", both.log);
    assert!(number(&both, "new") > 0);
    {
        let state = server.state();
        assert_eq!(state.uploads.len(), 2, "checked out without git, it is uploaded for what the run is for");
        let category = &state.uploads[1].sarif["runs"][0]["automationDetails"]["id"];
        assert_eq!(category, "pipevet/my moving-checkpoint-fixed+my moving-checkpoint/", "other paths, other alerts");
    }
    assert!(!Path::new(&at.join("pwned")).exists());
    // A program that is no pipevet ends the first step, and the second is not run.
    let broken = at.join("broken");
    std::fs::write(&broken, "#!/bin/sh\nexit 3\n").unwrap();
    executable(&broken);
    let ran = runner.input("binary-path", "broken").run();
    assert!(ran.code == 2 && ran.output("new").is_empty(), "{}", ran.log);
}

#[test]
fn text_of_a_change_is_no_command_in_the_log_and_no_markup_in_the_comment() {
    let server = Server::start();
    let mut runner = Runner::new(&server, WRITE);
    runner.input("upload", "never");
    let at = runner.workspace();
    git(&at, &["init", "--quiet"]);
    std::fs::write(at.join("pipevet.toml"), "preview = true\n").unwrap();
    let base = commit(&at, "policy");
    git(&at, &["checkout", "--quiet", "-b", "feature"]);
    std::fs::create_dir_all(at.join(".github/workflows")).unwrap();
    let evil = "::add-mask::everything ##[add-mask]x <!-- --> @octocat ![](https://evil.example/x) </details><script>";
    let workflow = format!(
        "on: issues\njobs:\n  \"x\\n{evil}\":\n    runs-on: ubuntu-latest\n    steps:\n      - name: \"{evil}\"\n        run: |\n          ::add-mask::x\n          \
         echo '{evil}' ${{{{ github.event.issue.title }}}}\n"
    );
    std::fs::write(at.join(".github/workflows/a\n::stop-commands::b,c %0A::error::x.yml"), &workflow).unwrap();
    std::fs::write(at.join(".github/workflows/plain.yml"), &workflow).unwrap();
    let head = commit(&at, evil);
    merged(&mut runner, REPOSITORY, &base, &head);
    let ran = runner.run();
    assert!(number(&ran, "new") >= 2, "{}", ran.log);
    for line in ran.log.lines() {
        let command = line.trim_start().starts_with("::");
        assert!(!command || line.starts_with("::error file=.github/workflows/") && line.matches("::").count() >= 2, "{line}");
        assert!(!line.contains("##["), "{line}");
    }
    let state = server.state();
    let comment = &state.comments[0].body;
    assert_eq!(comment.matches("<!--").count(), 1, "our marker alone: {comment}");
    assert!(!comment.contains("<script>"), "{comment}");
}
