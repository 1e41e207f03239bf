//! `pipevet fix` as its users meet it: what is written, what is not, what is said and how it ends.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory that disappears with its guard.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let at = std::env::temp_dir().canonicalize().unwrap().join(format!("pipevet-fix-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&at);
        std::fs::create_dir_all(&at).unwrap();
        Place(at)
    }
    fn write(&self, path: &str, text: &str) -> PathBuf {
        let at = self.0.join(path);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(&at, text).unwrap();
        at
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Exit code, standard output, standard error.
fn fix(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipevet"));
    command.arg("fix").args(arguments).current_dir(directory);
    for name in ["PIPEVET_CACHE_DIR", "GITHUB_ACTIONS", "GITHUB_EVENT_PATH", "GITHUB_EVENT_NAME"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

const CONFIG: &str = "import requests\nimport yaml\n\na = yaml.load(requests.get(\"https://configs.example.com/a.yml\").text, Loader=yaml.Loader)\n";
const SAFE: &str = "import requests\nimport yaml\n\na = yaml.safe_load(requests.get(\"https://configs.example.com/a.yml\").text)\n";
const LOAD: &str = "import torch\n\nw = torch.hub.load_state_dict_from_url(\"https://models.example.com/a.pth\")\n";

#[test]
fn safe_edits_are_made_and_unsafe_ones_are_counted() {
    let place = Place::new("safe");
    let (config, load) = (place.write("config.py", CONFIG), place.write("load.py", LOAD));
    let (code, out, _) = fix(&place.0, &[]);
    assert_eq!(std::fs::read_to_string(&config).unwrap(), SAFE);
    assert_eq!(std::fs::read_to_string(&load).unwrap(), LOAD);
    assert!(
        out.contains("config.py\n      4  fixed      unsafe-yaml-load: call `safe_load`\n1 finding fixed in 1 file, 1 more with --unsafe\n"),
        "{out}"
    );
    assert_eq!(code, Some(1), "a finding that fails the gate is left");
    let (code, out, _) = fix(&place.0, &["--unsafe"]);
    assert!(std::fs::read_to_string(&load).unwrap().contains(".pth\", weights_only=True)"));
    assert!(out.contains("load.py") && !out.contains("config.py"), "{out}");
    assert_eq!(code, Some(0));
    let (code, out, _) = fix(&place.0, &["--unsafe"]);
    assert_eq!((code, out.as_str()), (Some(0), "0 findings fixed in 0 files\n"));
}

#[test]
fn a_difference_writes_nothing_and_masks_secrets() {
    let place = Place::new("diff");
    let token = format!("hf_{}", "KGpOyQNcdOyZbkBFTFoOxtzHqSTZHEsviz");
    let config = place.write("config.py", CONFIG);
    let push = place.write("push.py", &format!("login(hf_token=\"{token}\")\n"));
    let (code, out, err) = fix(&place.0, &["--diff", "--preview", "--unsafe"]);
    assert_eq!(code, Some(1));
    assert_eq!(std::fs::read_to_string(&config).unwrap(), CONFIG);
    assert!(std::fs::read_to_string(&push).unwrap().contains(&token));
    assert!(out.starts_with("--- a/config.py\n+++ b/config.py\n@@ -1,4 +1,4 @@\n"), "{out}");
    assert!(
        out.contains("# push.py: ")
            && out.contains("-login(hf_token=\"hf_K…\")\n")
            && out.contains("+import os\n+\n+login(hf_token=os.environ[\"HF_TOKEN\"])\n"),
        "{out}"
    );
    assert!(!out.contains(token.get(8..16).unwrap()) && !err.contains(token.get(8..16).unwrap()));
    assert!(err.contains("2 findings would be fixed in 2 files") && err.contains("revoke the token first"), "{err}");
    assert_eq!(fix(&place.0, &["--diff", "--select", "unsafe-pickle-load"]).0, Some(0));
}

#[test]
fn only_what_lies_in_the_given_paths_is_edited() {
    let place = Place::new("paths");
    std::fs::create_dir(place.0.join(".git")).unwrap();
    let one = place.write("one.py", CONFIG);
    let two = place.write("two.py", CONFIG);
    assert_eq!(fix(&place.0, &["two.py"]).0, Some(0));
    assert_eq!(std::fs::read_to_string(one).unwrap(), CONFIG);
    assert_eq!(std::fs::read_to_string(two).unwrap(), SAFE);
}

#[test]
fn what_policy_hides_stays_as_it_is() {
    let place = Place::new("policy");
    let config = place.write("config.py", CONFIG);
    place.write("pipevet.toml", "[[ignore]]\nrule = \"unsafe-yaml-load\"\npath = \"config.py\"\nreason = \"ours\"\n");
    assert_eq!(fix(&place.0, &["--unsafe"]).0, Some(0));
    assert_eq!(std::fs::read_to_string(config).unwrap(), CONFIG);
}

#[cfg(unix)]
#[test]
fn permissions_stay_and_links_are_not_followed_out() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (place, outside) = (Place::new("links"), Place::new("outside"));
    let config = place.write("config.py", CONFIG);
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o750)).unwrap();
    let other = outside.write("other.py", CONFIG);
    symlink(&other, place.0.join("other.py")).unwrap();
    fix(&place.0, &[]);
    assert_eq!(std::fs::read_to_string(&config).unwrap(), SAFE);
    assert_eq!(std::fs::metadata(&config).unwrap().permissions().mode() & 0o777, 0o750);
    assert_eq!(std::fs::read_to_string(other).unwrap(), CONFIG);
    let names = std::fs::read_dir(&place.0).unwrap().count();
    assert_eq!(names, 2, "nothing is left beside the files");
}

#[test]
fn a_file_that_cannot_be_written_is_named_and_the_others_are_fixed() {
    let place = Place::new("unwritten");
    let (first, second) = (place.write("a.py", CONFIG), place.write("b.py", CONFIG));
    let mut only = std::fs::metadata(&first).unwrap().permissions();
    only.set_readonly(true);
    std::fs::set_permissions(&first, only).unwrap();
    let (code, out, err) = fix(&place.0, &[]);
    assert_eq!(code, Some(2), "{err}");
    assert_eq!(std::fs::read_to_string(&first).unwrap(), CONFIG);
    assert_eq!(std::fs::read_to_string(&second).unwrap(), SAFE);
    assert!(err.contains("a.py: is read-only") && !err.contains("b.py"), "{err}");
    assert!(
        out.contains("not fixed  unsafe-yaml-load: it could not be written: is read-only") && out.contains("1 finding fixed in 1 file, 1 not"),
        "{out}"
    );
}

#[test]
fn outputs_side_by_side_are_one_difference() {
    let place = Place::new("outputs");
    let token = ["hf_KGpOyQNcdOyZbkBF", "TFoOxtzHqSTZHEsviz"].concat();
    let other = ["hf_QGpOyQNcdOyZbkBF", "TFoOxtzHqSTZHEsviz"].concat();
    let outputs = [&token, &other].map(|t| format!("{{\"name\": \"stdout\", \"output_type\": \"stream\", \"text\": [\"{t}\"]}}")).join(",\n");
    let before = format!(
        "{{\"cells\": [{{\"cell_type\": \"code\", \"id\": \"a\", \"metadata\": {{}}, \"source\": [\"1\"], \"outputs\": [\n{outputs}\n]}}], \"metadata\": {{}}, \"nbformat\": 4, \"nbformat_minor\": 5}}\n"
    );
    let notebook = place.write("n.ipynb", &before);
    let (code, out, err) = fix(&place.0, &["--diff", "--unsafe"]);
    assert_eq!(code, Some(1));
    assert!(out.contains("+++ b/n.ipynb") && out.matches("\n-").count() >= 2 && !out.contains("KGpO"), "{out}");
    assert!(err.contains("2 findings would be fixed in 1 file"), "{err}");
    assert_eq!(std::fs::read_to_string(&notebook).unwrap(), before);
    let (code, out, _) = fix(&place.0, &["--unsafe"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(std::fs::read_to_string(&notebook).unwrap().contains("\"outputs\": []"), "{out}");
    let (_, out, _) = fix(&place.0, &["--unsafe"]);
    assert_eq!(out, "0 findings fixed in 0 files\n");
}
