//! How the program comes to the runner: what is downloaded, what it is held against, and what is never done instead.

use std::path::Path;
use std::process::Command;

use crate::runner::{Runner, commit_lab, git, requests};
use crate::server::{Server, WRITE};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn asset() -> String {
    format!("pipevet-{VERSION}-x86_64-unknown-linux-musl.tar.gz")
}

/// A runner without pipevet, and a server with a release; the action carries the checksum of what `carried` makes of the archive.
fn released(carried: impl Fn(&[u8]) -> Vec<u8>) -> (Server, Runner) {
    let server = Server::start();
    let mut runner = Runner::new(&server, WRITE);
    runner.inputs.clear();
    runner.input("download-base", &format!("{}/octo/pipevet/releases/download/", server.address()));
    runner.input("upload", "never");
    git(&runner.workspace(), &["init", "--quiet"]);
    commit_lab(&runner.workspace(), "eval-bot-fixed");
    runner.event("push", "refs/heads/topic", "", &serde_json::json!({ "repository": { "default_branch": "main" } }));
    // What the archive holds only calls the program under test, which is a hundred times as large.
    let directory = runner.programs.join(format!("pipevet-{VERSION}-x86_64-unknown-linux-musl"));
    std::fs::create_dir_all(&directory).unwrap();
    let inner = format!("{}/pipevet", directory.file_name().unwrap().to_string_lossy());
    runner.program(&inner, &format!("exec '{}' \"$@\"", env!("CARGO_BIN_EXE_pipevet")));
    let archive = runner.programs.join("archive.tar.gz");
    let packed = Command::new("tar").args(["-czf", "archive.tar.gz", &inner]).current_dir(&runner.programs).status().unwrap();
    assert!(packed.success());
    let bytes = std::fs::read(&archive).unwrap();
    std::fs::write(&archive, carried(&bytes)).unwrap();
    let sum = Command::new("sha256sum").arg(&archive).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    let sum = sum.trim_start_matches('\\').split(' ').next().unwrap();
    let zeros = "0".repeat(64);
    let lines = format!("{zeros}  pipevet-{VERSION}-aarch64-apple-darwin.tar.gz\n{sum}  {}\n", asset());
    std::fs::write(runner.action.join("action/checksums.txt"), lines).unwrap();
    server.state().assets.insert(format!("/octo/pipevet/releases/download/v{VERSION}/{}", asset()), bytes);
    // Whoever builds has lost: a download is never replaced by something else.
    runner.program("cargo", "echo 'CARGO WAS CALLED'; exit 9");
    (server, runner)
}

fn same(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

#[test]
fn the_release_of_the_action_is_downloaded_checked_and_run() {
    let (server, mut runner) = released(same);
    for reference in ["", "v0", "main", &format!("v{VERSION}"), VERSION] {
        runner.github.insert("action_ref".to_owned(), reference.to_owned());
        let ran = runner.run();
        assert_eq!(ran.code, 0, "{}", ran.log);
        assert!(ran.log.contains(&format!("of {} is right", asset())), "{}", ran.log);
        assert_eq!((ran.output("new"), ran.output("highest-severity")), ("0", "none"));
        assert!(Path::new(ran.output("sarif-file")).is_file());
        let asked = requests(&format!("A download, the action taken as `{reference}`"), &ran, &server);
        assert_eq!(asked.iter().filter(|l| l.contains("/releases/")).count(), 1);
    }
}

#[test]
fn a_wrong_checksum_ends_the_run_and_nothing_else_is_tried() {
    let (server, runner) = released(|bytes| [bytes, b"x"].concat());
    let ran = runner.run();
    assert_eq!(requests("A download that is not what the checksum says", &ran, &server).len(), 1);
    assert_eq!(ran.code, 2);
    assert!(ran.commands("error")[0].contains("is not what this action was released with"), "{}", ran.log);
    assert!(!ran.log.contains("CARGO") && !ran.log.contains("files read"), "{}", ran.log);
    assert_eq!(ran.output("sarif-file"), "");
}

#[test]
fn without_a_way_to_the_release_the_run_says_what_to_give() {
    let (server, mut runner) = released(same);
    runner.input("download-base", "http://127.0.0.1:9/releases");
    let ran = runner.run();
    assert_eq!(ran.code, 2);
    assert!(ran.commands("error")[0].contains("binary-path"), "{}", ran.log);
    assert!(!ran.log.contains("CARGO"), "{}", ran.log);
    // With the program on the runner nothing is asked for, and a path inside the workspace does.
    std::fs::copy(runner.programs.join(format!("pipevet-{VERSION}-x86_64-unknown-linux-musl/pipevet")), runner.workspace().join("my pipevet"))
        .unwrap();
    let ran = runner.input("binary-path", "my pipevet").run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert!(ran.log.contains("from binary-path"), "{}", ran.log);
    assert!(server.asked().iter().all(|l| !l.contains("/releases/")));
    let ran = runner.input("binary-path", "none").run();
    assert_eq!((ran.code, ran.commands("error").len()), (2, 1), "{}", ran.log);
}

#[test]
fn addresses_and_versions_that_nobody_meant_are_refused() {
    let (server, mut runner) = released(same);
    let usual = runner.inputs["download-base"].clone();
    for base in ["http://example.com/releases", "file:///etc", "http://127.0.0.1:1@example.com/", "http://localhost.example.com/", "ftp://127.0.0.1/"]
    {
        let ran = runner.input("download-base", base).run();
        assert_eq!(ran.code, 2, "{base}: {}", ran.log);
        assert!(ran.commands("error")[0].contains("download-base"), "{}", ran.log);
    }
    runner.input("download-base", &usual);
    for version in ["9.9.9", "../../../evil", "0.1.0 --x", "$(touch pwned)"] {
        let ran = runner.input("version", version).run();
        assert_eq!(ran.code, 2, "{version}: {}", ran.log);
        assert!(ran.commands("error")[0].contains("version"), "{}", ran.log);
    }
    assert!(server.asked().is_empty());
    assert!(!runner.workspace().join("pwned").exists());
}

#[test]
fn an_action_without_a_checksum_for_the_runner_is_built_from_its_own_source() {
    let (server, runner) = released(same);
    std::fs::remove_file(runner.action.join("action/checksums.txt")).unwrap();
    let program = env!("CARGO_BIN_EXE_pipevet");
    runner.program(
        "cargo",
        &format!(
            "printf '<%s>' \"$@\"\nwhile [ $# -gt 0 ]; do [ \"$1\" = --root ] && root=$2; shift; done\nmkdir -p \"$root/bin\"\n\
             printf '#!/bin/sh\\nexec {program} \"$@\"\\n' >\"$root/bin/pipevet\"; chmod +x \"$root/bin/pipevet\""
        ),
    );
    let ran = runner.run();
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert_eq!(ran.commands("notice").len(), 1);
    let (source, root) = (runner.action.display(), &runner.vars["RUNNER_TEMP"]);
    let called =
        format!("<install><--locked><--quiet><--path><{source}><--features><github><--root><{root}/pipevet><--target-dir><{root}/pipevet-build>");
    assert!(ran.log.contains(&called), "{}", ran.log);
    assert!(server.asked().iter().all(|l| !l.contains("/releases/")));
}

#[test]
fn an_attestation_that_does_not_hold_ends_the_run_and_one_that_cannot_be_asked_does_not() {
    let (_server, runner) = released(same);
    // Signed in; verifies with what the variable says.
    let gh = |answer: &str| {
        runner.program(
            "gh",
            &format!("case \"$1\" in auth) exit 0 ;; esac\n[ \"$*\" = \"${{*#*ghs_}}\" ] && [ -n \"$GH_TOKEN\" ] || exit 8\n{answer}"),
        );
        runner.run()
    };
    let ran = gh("[ \"$1 $2 $4 $5\" = 'attestation verify --repo octo/pipevet' ]");
    assert!(ran.code == 0 && ran.log.contains("by octo/pipevet holds"), "{}", ran.log);
    let ran = gh("echo 'Error: verifying with issuer \"sigstore.dev\"' >&2; exit 1");
    assert_eq!(ran.code, 2, "{}", ran.log);
    assert!(ran.commands("error")[0].contains("does not hold"), "{}", ran.log);
    let ran = gh("echo 'Get \"https://api.github.com/\": dial tcp: lookup api.github.com: no such host' >&2; exit 1");
    assert_eq!((ran.code, ran.commands("notice").len()), (0, 1), "{}", ran.log);
}
