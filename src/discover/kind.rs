//! Which front end reads a file, from its name and its first bytes alone. Opens nothing itself.

use std::path::Path;

use crate::source::Kind;

/// What the name of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The kind, settled.
    Kind(Kind),
    /// No extension: a first line that names an interpreter may still make it a script.
    AskShebang,
    /// Nothing pipevet reads.
    No,
}

/// Most bytes of a file that are read, by kind. Code is read to sizes no hand-written file reaches; generic data only while it can be configuration.
pub fn cap(kind: Kind) -> u64 {
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    match kind {
        Kind::Notebook => 64 * MIB,
        Kind::Python | Kind::Requirements => 4 * MIB,
        Kind::Yaml | Kind::Toml => 512 * KIB,
        Kind::Json => 256 * KIB,
        // A baseline of hashes grows with its tree.
        Kind::Plain => 8 * MIB,
        _ => 2 * MIB,
    }
}

/// Most bytes of a notebook that is read with its pictures.
pub const WHOLE_NOTEBOOK: u64 = 1 << 30;

/// Whether a file of this kind over its cap is simply data (counted together) rather than code that goes unread (named one by one).
pub fn is_generic(kind: Kind) -> bool {
    matches!(kind, Kind::Yaml | Kind::Json | Kind::Toml | Kind::Ini | Kind::Plain | Kind::Prose)
}

/// What the name says. `path` is the whole path, so that the two directories above the file count.
pub fn by_name(path: &Path) -> Named {
    let Some(name) = path.file_name().map(|n| n.to_string_lossy().to_lowercase()) else {
        return Named::No;
    };
    let extension = name.rsplit_once('.').map(|(_, e)| e);
    let folder = |up: usize| path.ancestors().nth(up).and_then(Path::file_name).map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let yaml = matches!(extension, Some("yml" | "yaml"));
    if yaml && folder(1) == "workflows" && folder(2) == ".github" {
        return Named::Kind(Kind::Workflow);
    }
    match name.as_str() {
        "action.yml" | "action.yaml" => return Named::Kind(Kind::Action),
        "gnumakefile" | "makefile" => return Named::Kind(Kind::Make),
        "pyproject.toml" => return Named::Kind(Kind::Pyproject),
        "setup.cfg" | "pip.conf" | "pip.ini" | ".pypirc" | ".comet.config" | ".s3cfg" | ".boto" => return Named::Kind(Kind::Ini),
        "config" | "config.local" if folder(1) == ".dvc" => return Named::Kind(Kind::Ini),
        "credentials" if folder(1) == ".aws" => return Named::Kind(Kind::Ini),
        // The model hub's own name for the file that `login` writes.
        "token" | "stored_tokens" if folder(1).trim_start_matches('.') == "huggingface" => return Named::Kind(Kind::Plain),
        "access_token" if folder(1) == ".kaggle" => return Named::Kind(Kind::Plain),
        ".envrc" => return Named::Kind(Kind::Shell),
        // `name=value` lines of a server.
        "config.properties" => return Named::Kind(Kind::Dotenv),
        _ => {}
    }
    if is_plain(&name, extension) {
        return Named::Kind(Kind::Plain);
    }
    if is_dockerfile(&name) {
        return Named::Kind(Kind::Dockerfile);
    }
    if name.starts_with(".env") || extension == Some("env") {
        return Named::Kind(Kind::Dotenv);
    }
    let is_manifest = ["requirements", "constraints"].iter().any(|w| name.contains(w) || folder(1) == *w);
    match extension {
        Some("py") => Named::Kind(Kind::Python),
        Some("ipynb") => Named::Kind(Kind::Notebook),
        Some("sh" | "bash" | "zsh" | "ksh" | "sbatch" | "slurm") => Named::Kind(Kind::Shell),
        Some("mk") => Named::Kind(Kind::Make),
        Some("txt" | "in") if is_manifest => Named::Kind(Kind::Requirements),
        Some("yml" | "yaml") => Named::Kind(Kind::Yaml),
        Some("json") => Named::Kind(Kind::Json),
        Some("toml") => Named::Kind(Kind::Toml),
        Some("ini" | "cfg") => Named::Kind(Kind::Ini),
        Some("md" | "rst") => Named::Kind(Kind::Prose),
        None => Named::AskShebang,
        Some(_) => Named::No,
    }
}

/// The kind a first line gives to a file without an extension.
pub fn by_shebang(head: &[u8]) -> Option<Kind> {
    let line = head.strip_prefix(b"#!")?.split(|b| *b == b'\n' || *b == b'\r').next()?;
    let line = String::from_utf8_lossy(line);
    // `env`, its options and assignments stand before the interpreter.
    let mut words = line.split_whitespace().map(|w| w.rsplit('/').next().unwrap_or(w)).filter(|w| !w.starts_with('-') && !w.contains('='));
    let first = words.next()?;
    let program = if first == "env" { words.next()? } else { first };
    let stem = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    match stem {
        "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh" => Some(Kind::Shell),
        "python" | "pypy" => Some(Kind::Python),
        "make" => Some(Kind::Make),
        _ => None,
    }
}

/// Narrows a kind by content: a conda environment is YAML with a `dependencies:` list under a telling name.
pub fn refine(kind: Kind, path: &str, bytes: &[u8]) -> Kind {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let telling =
        ["environment", "conda", "env"].iter().any(|w| name.starts_with(w) || name.contains(&format!("-{w}")) || name.contains(&format!("_{w}")));
    if kind == Kind::Yaml && telling && bytes.split(|b| *b == b'\n').any(|l| l.starts_with(b"dependencies:")) {
        return Kind::Conda;
    }
    kind
}

/// Lists by which other scanners know secrets that somebody looked at.
pub const LISTS: [&str; 3] = [".gitleaksignore", ".betterleaksignore", ".secrets.baseline"];

/// Files in which tools keep credentials, and the lists by which other scanners know them.
fn is_plain(name: &str, extension: Option<&str>) -> bool {
    const NAMES: [&str; 13] = [
        ".netrc",
        "_netrc",
        ".npmrc",
        ".yarnrc",
        ".git-credentials",
        ".pgpass",
        ".htpasswd",
        ".renviron",
        "clearml.conf",
        "trains.conf",
        "id_rsa",
        "id_ecdsa",
        "id_ed25519",
    ];
    NAMES.contains(&name) || LISTS.contains(&name) || matches!(extension, Some("tfvars" | "pem" | "key" | "ppk"))
}

fn is_dockerfile(name: &str) -> bool {
    let other = [
        ".md",
        ".txt",
        ".dockerignore",
        ".py",
        ".sh",
        ".yml",
        ".yaml",
        ".json",
        ".toml",
        ".ipynb",
        ".rs",
        ".go",
        ".js",
        ".ts",
        ".rb",
        ".java",
        ".c",
        ".h",
    ];
    if other.iter().any(|e| name.ends_with(e)) {
        return false;
    }
    ["dockerfile", "containerfile"].iter().any(|w| {
        name == *w
            || name.strip_prefix(w).is_some_and(|rest| rest.starts_with(['.', '-', '_']))
            || name.strip_suffix(w).is_some_and(|rest| rest.ends_with(['.', '-', '_']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[(&str, Named)] = &[
        ("/r/.github/workflows/eval.yaml", Named::Kind(Kind::Workflow)),
        ("/r/.github/workflows/nested/eval.yml", Named::Kind(Kind::Yaml)),
        ("/r/tools/action.yml", Named::Kind(Kind::Action)),
        ("/r/docker/Dockerfile.gpu", Named::Kind(Kind::Dockerfile)),
        ("/r/train.Dockerfile", Named::Kind(Kind::Dockerfile)),
        ("/r/Containerfile", Named::Kind(Kind::Dockerfile)),
        ("/r/Dockerfile.dockerignore", Named::No),
        ("/r/dockerfile_parse.py", Named::Kind(Kind::Python)),
        ("/r/src/dockerfile.rs", Named::No),
        ("/r/GNUmakefile", Named::Kind(Kind::Make)),
        ("/r/requirements-dev.txt", Named::Kind(Kind::Requirements)),
        ("/r/requirements/test.txt", Named::Kind(Kind::Requirements)),
        ("/r/notes.txt", Named::No),
        ("/r/model.onnx", Named::No),
        ("/r/src/lib.rs", Named::No),
        ("/r/data/train.csv", Named::No),
        ("/r/.env.local", Named::Kind(Kind::Dotenv)),
        ("/r/prod.env", Named::Kind(Kind::Dotenv)),
        ("/r/.envrc", Named::Kind(Kind::Shell)),
        ("/r/bin/train", Named::AskShebang),
        ("/r/model.safetensors", Named::No),
        ("/r/environment.yaml", Named::Kind(Kind::Yaml)),
        ("/r/conf/train.json", Named::Kind(Kind::Json)),
        ("/r/Cargo.toml", Named::Kind(Kind::Toml)),
        ("/r/pyproject.toml", Named::Kind(Kind::Pyproject)),
        ("/r/setup.cfg", Named::Kind(Kind::Ini)),
        ("/r/etc/pip.conf", Named::Kind(Kind::Ini)),
        ("/r/.pypirc", Named::Kind(Kind::Ini)),
        ("/r/.dvc/config.local", Named::Kind(Kind::Ini)),
        ("/r/home/.aws/credentials", Named::Kind(Kind::Ini)),
        ("/r/home/.cache/huggingface/token", Named::Kind(Kind::Plain)),
        ("/r/home/.kaggle/access_token", Named::Kind(Kind::Plain)),
        ("/r/.netrc", Named::Kind(Kind::Plain)),
        ("/r/infra/prod.auto.tfvars", Named::Kind(Kind::Plain)),
        ("/r/clearml.conf", Named::Kind(Kind::Plain)),
        ("/r/certs/server.pem", Named::Kind(Kind::Plain)),
        ("/r/.secrets.baseline", Named::Kind(Kind::Plain)),
        ("/r/eval.ipynb", Named::Kind(Kind::Notebook)),
        ("/r/job.sbatch", Named::Kind(Kind::Shell)),
        ("/r/rules.mk", Named::Kind(Kind::Make)),
        ("/r/constraints.in", Named::Kind(Kind::Requirements)),
        ("/r/README.md", Named::Kind(Kind::Prose)),
        ("/r/conf/train.ini", Named::Kind(Kind::Ini)),
        ("/r/weights.bin", Named::No),
    ];

    #[test]
    fn names_say_the_kind() {
        for (path, want) in NAMES {
            assert_eq!(by_name(Path::new(path)), *want, "{path}");
        }
    }

    /// A hook whose filter misses a kind would let commits pass unseen.
    #[test]
    fn hooks_run_for_every_name_that_says_a_kind() {
        let mut patterns = std::collections::BTreeSet::new();
        for manifest in [include_str!("../../.pre-commit-hooks.yaml"), include_str!("../../mirror/.pre-commit-hooks.yaml")] {
            let hooks: Vec<std::collections::BTreeMap<String, serde_yaml::Value>> = serde_yaml::from_str(manifest).unwrap();
            patterns.extend(hooks.iter().map(|h| h["files"].as_str().unwrap().to_owned()));
        }
        assert_eq!(patterns.len(), 1, "one pattern, the same in all hooks");
        let pattern = regex::Regex::new(patterns.first().unwrap()).unwrap();
        let (run, skipped): (Vec<_>, Vec<_>) = NAMES.iter().partition(|(path, _)| pattern.is_match(path.trim_start_matches("/r/")));
        assert!(skipped.iter().all(|(_, named)| *named == Named::No), "{skipped:?}");
        // Running once too often costs a moment; running for everything would make the filter worthless.
        assert!(skipped.len() >= 4 && run.iter().filter(|(_, named)| *named == Named::No).count() <= 2, "{run:?}");
    }

    #[test]
    fn first_lines_name_interpreters() {
        let table: &[(&str, Option<Kind>)] = &[
            ("#!/bin/sh\n", Some(Kind::Shell)),
            ("#!/usr/bin/env -S FOO=1 python3.12 -u\r\n", Some(Kind::Python)),
            ("#! /usr/bin/make -f\n", Some(Kind::Make)),
            ("#!/usr/bin/perl\n", None),
            ("#!", None),
            ("bash\n", None),
        ];
        for (head, want) in table {
            assert_eq!(by_shebang(head.as_bytes()), *want, "{head:?}");
        }
    }

    #[test]
    fn a_conda_environment_is_told_by_its_dependencies() {
        assert_eq!(refine(Kind::Yaml, "environment.yml", b"name: x\ndependencies:\n  - python\n"), Kind::Conda);
        assert_eq!(refine(Kind::Yaml, "environment.yml", b"name: x\n"), Kind::Yaml);
        assert_eq!(refine(Kind::Yaml, "Chart.yaml", b"dependencies:\n"), Kind::Yaml);
    }
}
