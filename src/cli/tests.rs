use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser, ValueEnum};

use super::args::{Arguments, Choices, Command, Gate};
use super::knowledge::{Knowledge, Origin};
use super::output;

#[test]
fn the_definition_of_the_command_line_is_sound() {
    Arguments::command().debug_assert();
    for shell in clap_complete::Shell::value_variants() {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut Arguments::command(), "pipevet", &mut script);
        assert!(String::from_utf8(script).unwrap().contains("cleared"), "{shell}");
    }
}

#[test]
fn check_is_what_nothing_said_means() {
    let paths = |line: &str| {
        let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
        let check = match arguments.command {
            None => arguments.check,
            Some(Command::Check(check)) => check,
            _ => panic!("no check"),
        };
        (check.paths, check.choices.fail_on)
    };
    assert_eq!(paths("pipevet").0, [PathBuf::from(".")]);
    assert_eq!(paths("pipevet a b").0, ["a", "b"].map(PathBuf::from));
    assert_eq!(paths("pipevet check a --fail-on never"), (vec![PathBuf::from("a")], Some(Gate(None))));
    for wrong in ["pipevet --jobs 0", "pipevet --min-severity bad", "pipevet explain", "pipevet --format html", "pipevet -q -v"] {
        assert!(Arguments::try_parse_from(wrong.split(' ')).is_err(), "{wrong}");
    }
}

#[test]
fn a_report_file_appears_whole_or_not_at_all() {
    let at = std::env::temp_dir().join(format!("pipevet-output-{}", std::process::id()));
    std::fs::create_dir_all(&at).unwrap();
    let file = at.join("out.sarif");
    std::fs::write(&file, "old").unwrap();
    output::deliver(b"new", Some(&file)).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"new");
    assert!(output::deliver(b"x", Some(&at)).is_err());
    assert!(output::deliver(b"x", Some(&at.join("none/out"))).is_err());
    assert_eq!(std::fs::read_dir(&at).unwrap().count(), 1, "nothing is left beside it");
    if Path::new("/dev/null").exists() {
        output::deliver(b"x", Some(Path::new("/dev/null"))).unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
    std::fs::remove_dir_all(&at).unwrap();
}

#[test]
fn faults_in_own_rules_name_file_and_line_and_misspelt_rules_the_nearest() {
    let at = std::env::temp_dir().join(format!("pipevet-rules-{}", std::process::id()));
    std::fs::create_dir_all(&at).unwrap();
    let with = |at: &Path| Choices { rules: vec![at.to_owned()], ..Choices::default() };
    std::fs::write(at.join("rows.yml"), "- call: a.b\n  see: x\n\n- call: a.c\n  see: x\n  sinc: {}\n").unwrap();
    std::fs::write(at.join("page.md"), "---\nid: own\ntitel: x\n---\n").unwrap();
    let error = Knowledge::load(&with(&at), &[], Origin::Disk).unwrap_err().to_string();
    assert!(error.contains("rows.yml:6:"), "{error}");
    std::fs::remove_file(at.join("rows.yml")).unwrap();
    let error = Knowledge::load(&with(&at), &[], Origin::Disk).unwrap_err().to_string();
    assert!(error.contains("page.md:"), "{error}");
    std::fs::remove_dir_all(&at).unwrap();
    let knowledge = Knowledge::load(&Choices::default(), &[], Origin::Disk).unwrap();
    let error = knowledge.known("script-injektion").unwrap_err().to_string();
    assert!(error.contains("`script-injection`"), "{error}");
}

#[test]
fn policy_is_found_above_what_is_scanned_and_its_paths_start_from_it() {
    let at = std::env::temp_dir().canonicalize().unwrap().join(format!("pipevet-policy-{}", std::process::id()));
    let write = |path: &str, text: &str| {
        std::fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
        std::fs::write(at.join(path), text).unwrap();
    };
    write("repo/.git/HEAD", "");
    write("repo/pyproject.toml", "[project]\nname = \"{{ template }}\"\n[tool.other\n");
    write("repo/.github/pipevet.toml", "rules = [\"own\", \"../beside\"]\n");
    write("repo/own/deep/rows.yml", "- call: acme.load\n  see: x\n  sink: { kind: pickle-load, slot: 0 }\n");
    write("repo/own/README.md", "no page");
    write("beside/rows.yml", "- call: acme.read\n  see: x\n  sink: { kind: pickle-load, slot: 0 }\n");
    write("repo/sub/a.py", "");
    write("other.toml", "fail-on = \"never\"\n");
    for scanned in ["repo", "repo/sub", "repo/sub/a.py"] {
        let knowledge = Knowledge::load(&Choices::default(), &[at.join(scanned)], Origin::Disk).unwrap();
        let own: Vec<_> = knowledge.catalog.rows.iter().filter(|r| r.user).map(|r| r.subject.text()).collect();
        assert_eq!(own, ["call acme.load", "call acme.read"], "{scanned}");
    }
    let named = Choices { config: Some(at.join("other.toml")), ..Choices::default() };
    assert_eq!(Knowledge::load(&named, &[at.join("repo")], Origin::Disk).unwrap().config.fail_on, None);
    let named = Choices { config: Some(at.join("none.toml")), ..Choices::default() };
    assert!(Knowledge::load(&named, &[at.join("repo")], Origin::Disk).is_err());
    std::fs::remove_dir_all(&at).unwrap();
}

#[test]
fn policy_says_what_secrets_are_worth_and_how_bad_it_is() {
    let at = std::env::temp_dir().canonicalize().unwrap().join(format!("pipevet-worth-{}", std::process::id()));
    std::fs::create_dir_all(at.join(".github/workflows")).unwrap();
    let release = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    permissions: {}\n    env:\n      HF_EVAL_TOKEN: ${{ secrets.HF_EVAL_TOKEN }}\n    \
         steps:\n      - uses: acme/setup@main\n";
    std::fs::write(at.join(".github/workflows/release.yml"), release).unwrap();
    let found = |policy: &str| {
        std::fs::write(at.join("pipevet.toml"), policy).unwrap();
        let knowledge = Knowledge::load(&Choices { all: true, ..Choices::default() }, std::slice::from_ref(&at), Origin::Disk).unwrap();
        let (sources, notices) = crate::discover::discover(std::slice::from_ref(&at), &crate::discover::Options::default()).unwrap();
        let policy = super::check::policy(&super::args::Check::default(), &knowledge).unwrap();
        let report = knowledge.scan(&sources, notices, &policy).0;
        let shown = report.shown.iter().filter(|r| r.alert.rule == "publish-credential-exposed");
        let told = report.notices.iter().filter(|n| n.text.contains("ignore")).count();
        (shown.map(|r| r.alert.severity.name()).collect::<Vec<_>>(), told)
    };
    assert_eq!(found("").0, ["high"]);
    assert!(found("[assets]\n\"HF_EVAL_*\" = \"other-secret\"\n").0.is_empty());
    assert!(found("[assets]\nHF_EVAL_TOKEN = \"none\"\n").0.is_empty());
    assert_eq!(found("[assets]\n\"HF_*\" = \"none\"\nHF_EVAL_TOKEN = \"release\"\n").0, ["high"], "a whole name says more than a glob");
    assert_eq!(found("[severity.model-registry]\noutsider = \"critical\"\n").0, ["critical"]);
    let ignore = "[[ignore]]\nrule = \"publish-credential-exposed\"\npath = \".github/workflows\"\nreason = \"x\"\n";
    assert_eq!(found(ignore), (vec![], 0));
    assert_eq!(found(&ignore.replace(".github/workflows", "src")), (vec!["high"], 1));
    std::fs::remove_dir_all(&at).unwrap();
}

#[test]
fn init_writes_a_policy_that_loads_and_a_workflow_that_nothing_is_said_of() {
    let at = std::env::temp_dir().canonicalize().unwrap().join(format!("pipevet-init-{}", std::process::id()));
    std::fs::create_dir_all(at.join("sub/deep")).unwrap();
    std::fs::create_dir_all(at.join(".git/refs/remotes/origin")).unwrap();
    std::fs::write(at.join(".git/refs/remotes/origin/HEAD"), "ref: refs/remotes/origin/trunk\n").unwrap();
    let init = || super::init::run(&super::args::Init { directory: at.join("sub/deep") });
    assert_eq!(init().unwrap(), 0);
    let policy = std::fs::read_to_string(at.join("pipevet.toml")).unwrap();
    let workflow = std::fs::read_to_string(at.join(".github/workflows/pipevet.yml")).unwrap();
    assert!(workflow.contains("branches: [\"trunk\"]") && !workflow.contains("@BRANCH") && !workflow.contains("@ACTION"), "{workflow}");
    let knowledge = super::knowledge::Knowledge::load(&super::args::Choices::default(), std::slice::from_ref(&at), Origin::Disk).unwrap();
    assert!(knowledge.config.edition.is_some() && knowledge.newer().is_empty(), "{policy}");
    // Every default and example that is written out is one: with the marks taken off the policy still loads.
    let live: String = policy.lines().map(|l| l.strip_prefix('#').filter(|l| !l.starts_with(' ')).unwrap_or(l).to_owned() + "\n").collect();
    std::fs::write(at.join("pipevet.toml"), &live).unwrap();
    super::knowledge::Knowledge::load(&super::args::Choices::default(), std::slice::from_ref(&at), Origin::Disk).unwrap();

    let files = std::collections::BTreeMap::from([(".github/workflows/pipevet.yml".to_owned(), workflow)]);
    let sources = crate::tests::harness::sources(&files);
    let (_, alerts) = crate::tests::harness::scan(&sources, crate::tests::harness::knowledge().0);
    assert!(alerts.is_empty(), "{alerts:#?}");

    // A second run overwrites nothing, and a link does not lead it out of the repository.
    std::fs::remove_file(at.join(".github/workflows/pipevet.yml")).unwrap();
    std::fs::write(at.join(".github/workflows/pipevet.yml"), "mine").unwrap();
    init().unwrap();
    assert_eq!(std::fs::read_to_string(at.join(".github/workflows/pipevet.yml")).unwrap(), "mine");
    assert_eq!(std::fs::read_to_string(at.join("pipevet.toml")).unwrap(), live);
    #[cfg(unix)]
    {
        let outside = at.with_extension("outside");
        std::fs::create_dir_all(&outside).unwrap();
        std::fs::remove_dir_all(at.join(".github")).unwrap();
        std::os::unix::fs::symlink(&outside, at.join(".github")).unwrap();
        assert!(init().unwrap_err().to_string().contains("leads out of the repository"));
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
        std::fs::remove_dir_all(&outside).unwrap();
    }
    std::fs::remove_dir_all(&at).unwrap();
}
