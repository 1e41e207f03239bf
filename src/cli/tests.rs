use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};

use super::args::{Arguments, Command, Gate};
use super::output;

#[test]
fn the_definition_of_the_command_line_is_sound() {
    Arguments::command().debug_assert();
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
        (check.paths, check.fail_on)
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
