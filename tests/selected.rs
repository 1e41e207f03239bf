//! A run that asks for secrets alone lets most of a tree go while it is read; what it says of them is what a whole run says.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

const RULES: &str = "secret-known-format,secret-assigned-literal";

/// Letters that nobody wrote: the same for the same seed.
fn letters(mut seed: u64, count: usize) -> String {
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let n = u8::try_from((seed >> 33) % 52).unwrap();
        char::from(if n < 26 { b'a' + n } else { b'A' + n - 26 })
    };
    (0..count).map(|_| next()).collect()
}

/// The findings of both rules.
fn secrets(at: &Path, arguments: &[&str]) -> Vec<serde_json::Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipevet"));
    command.args(["check", ".", "--no-ignore", "--all", "--format", "json", "--fail-on", "never"]).args(arguments).current_dir(at);
    for name in ["PIPEVET_CACHE_DIR", "GITHUB_ACTIONS", "GITHUB_EVENT_PATH", "GITHUB_EVENT_NAME"] {
        command.env_remove(name);
    }
    let report: serde_json::Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    report["alerts"].as_array().unwrap().iter().filter(|a| RULES.contains(a["rule"].as_str().unwrap())).cloned().collect()
}

#[test]
fn secrets_asked_for_alone_are_told_as_in_a_whole_run() {
    let at = std::env::temp_dir().canonicalize().unwrap().join(format!("pipevet-selected-{}", std::process::id()));
    std::fs::create_dir_all(at.join(".github/workflows")).unwrap();
    let job =
        "on: push\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: python publish.py\n";
    std::fs::write(at.join(".github/workflows/publish.yml"), job).unwrap();
    let (token, key) = (format!("hf_{}", letters(9, 34)), letters(5, 30));
    let script = format!(
        "from huggingface_hub import HfApi\nAPI_KEY = \"{key}\"\napi = HfApi(token=\"{token}\")\napi.upload_folder(repo_id=\"acme/scorer\", folder_path=\"out\")\n"
    );
    std::fs::write(at.join("publish.py"), script).unwrap();
    std::fs::write(at.join("other.py"), "print(\"nothing\")\n").unwrap();
    let (whole, alone) = (secrets(&at, &[]), secrets(&at, &["--select", RULES]));
    std::fs::remove_dir_all(&at).unwrap();
    assert_eq!(whole, alone);
    let rules: Vec<&str> = whole.iter().map(|a| a["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["secret-known-format", "secret-assigned-literal"]);
    // That a job runs the file says what the token opens.
    assert!(whole[0]["message"].as_str().unwrap().ends_with("can publish acme/scorer"), "{}", whole[0]["message"]);
    let text = serde_json::to_string(&whole).unwrap();
    assert!(!text.contains(&token) && !text.contains(&key), "a secret is told");
}
