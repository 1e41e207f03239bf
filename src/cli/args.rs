//! The shape of the command line. Knows nothing of what the options do.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{Node, Origin, What};
use crate::finding::{Confidence, Severity};

/// Finds the ways by which outsiders reach models, packages and secrets through a machine-learning repository.
#[derive(Debug, Parser)]
#[command(name = "pipevet", version, args_conflicts_with_subcommands = true, after_help = EXIT)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub check: Check,
}

const EXIT: &str =
    "Exit codes: 0 nothing to fail on, 1 findings that fail the gate (--fail-on), 2 wrong call, configuration or page, 4 internal error.";

const FIX_EXIT: &str = "Exit codes: 0 no finding that fails the gate is left, with --diff nothing would change; 1 one is left, with --diff something would \
                        change; 2 wrong call, configuration or page, or a file could not be written; 4 internal error.";

/// What to do; the first screen of `check` when nothing is said.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan directories and files and list what is found; without a command the first screen says where to begin
    #[command(after_help = EXIT)]
    Check(Check),
    /// Edit what is found so that it is gone, where an edit is known; what is not plainly right is refused, with the reason
    #[command(after_help = FIX_EXIT)]
    Fix(Fix),
    /// Print the policy that holds, and where it comes from
    Config(Config),
    /// Say why a place is an alert or is none: what stands there, where it comes from, what decided
    Why(Why),
    /// Write a commented policy and the workflow for pull requests; overwrites nothing
    Init(Init),
    /// Print the page of a rule, or the table of levels
    Explain(Explain),
    /// List the rules
    Rules(Rules),
    /// Print completions for a shell
    Completions(Completions),
    /// Take findings down in a file, so that only what is new or worse counts
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// What the GitHub Action does: scan, then upload, annotate and comment, by the variables of the runner
    #[command(after_help = EXIT)]
    Action,
}

#[derive(Clone, Debug, Default, Args)]
pub struct Check {
    /// Directories to scan, and files: what is found in them, by reading the whole repository that they lie in
    #[arg(value_name = "PATHS", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// What of [`Check::paths`] is reported, real paths; all when empty.
    #[arg(skip)]
    pub only: Vec<PathBuf>,
    /// Whether edits are planned, whatever the form of the report.
    #[arg(skip)]
    pub plans: bool,
    /// Form of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write the report to this file, in one piece or not at all (`-`: standard output)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub choices: Choices,
    /// Compare with this revision: only what is new or worse counts
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// With --base: scan this revision, not the working tree
    #[arg(long, value_name = "REV", requires = "base")]
    pub head: Option<String>,
    /// Take policy from the base alone, as for a change from a fork: what the change adds is listed
    #[arg(long, requires = "base")]
    pub base_policy: bool,
    /// The baseline [default: pipevet-baseline.json of what is scanned, or above it]
    #[arg(long, value_name = "FILE", conflicts_with = "no_baseline")]
    pub baseline: Option<PathBuf>,
    /// Count also what the baseline holds
    #[arg(long)]
    pub no_baseline: bool,
    /// Ask GitHub which alerts were dismissed there, and do not count them (GITHUB_TOKEN, GITHUB_REPOSITORY)
    #[arg(long)]
    pub respect_dismissals: bool,
    /// Read also what .gitignore names, and installed packages
    #[arg(long)]
    pub no_ignore: bool,
    /// Keep what was read for the next run, in this directory [default: $PIPEVET_CACHE_DIR, else that of the user for caches]
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub cache: Option<PathBuf>,
    /// When to colour
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// Threads [default: one for each processor]
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub jobs: Option<usize>,
    /// List what was looked at and found harmless, with the reasons, in place of the findings (-v: every place)
    #[arg(long)]
    pub cleared: bool,
    /// List dangerous calls beside comments that silence other tools (`# nosec`, `# noqa: S301`), in place of the findings (-v: every place)
    #[arg(long, conflicts_with = "cleared")]
    pub suppressed: bool,
    /// One line for each finding
    #[arg(long, short, conflicts_with = "verbose")]
    pub quiet: bool,
    /// List every notice and every hidden finding
    #[arg(long, short)]
    pub verbose: bool,
}

#[derive(Debug, Args)]
pub struct Fix {
    /// Directories and files to edit; a file is judged by the whole repository that it lies in
    #[arg(value_name = "PATHS", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Write nothing: print what would change, as a unified diff (secrets are masked)
    #[arg(long)]
    pub diff: bool,
    /// Also edits that a person should look at: programs may need something they did not need before
    #[arg(long = "unsafe")]
    pub unsafe_too: bool,
    #[command(flatten)]
    pub choices: Choices,
    /// The baseline: what it holds stays as it is [default: pipevet-baseline.json of what is scanned, or above it]
    #[arg(long, value_name = "FILE", conflicts_with = "no_baseline")]
    pub baseline: Option<PathBuf>,
    /// Edit also what the baseline holds
    #[arg(long)]
    pub no_baseline: bool,
    /// Read also what .gitignore names, and installed packages
    #[arg(long)]
    pub no_ignore: bool,
    /// Threads [default: one for each processor]
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub jobs: Option<usize>,
}

/// What a call says about policy; it wins over the policy file.
#[derive(Clone, Debug, Default, Args)]
pub struct Choices {
    /// The policy file [default: pipevet.toml, .github/pipevet.toml or pyproject.toml of what is scanned]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Fail from this level on, for findings of high confidence [default: high, or what pipevet.toml says]
    #[arg(long, value_name = "LEVEL", value_parser = gate)]
    pub fail_on: Option<Gate>,
    /// Show findings from this level on; paths are shown at any level [default: medium]
    #[arg(long, value_name = "LEVEL", value_parser = severity)]
    pub min_severity: Option<Severity>,
    /// Show findings from this confidence on: high, medium, low [default: medium]
    #[arg(long, value_name = "CONFIDENCE", value_parser = confidence)]
    pub min_confidence: Option<Confidence>,
    /// Only these rules
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Not these rules
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Also hygiene: pins, permissions, users
    #[arg(long)]
    pub hygiene: bool,
    /// Also rules that are not yet measured
    #[arg(long)]
    pub preview: bool,
    /// Everything: --hygiene --preview --min-severity info --min-confidence low; JSON then also holds what is hidden, and why
    #[arg(long)]
    pub all: bool,
    /// A directory of own rule pages and rows
    #[arg(long, value_name = "DIR")]
    pub rules: Vec<PathBuf>,
}

impl Choices {
    /// What the call says, as policy that lies on top of the file's.
    pub fn node(&self) -> Node {
        let text = |t: &str| What::Text(t.to_owned());
        let severity = |flag, s: Option<Severity>| s.map(|s| Node::flag(flag, text(s.name())));
        // A level that the call names is meant, whatever the mode.
        let gate = self.fail_on.map(|g| Node::flag("--fail-on", text(g.0.map_or("never", Severity::name))));
        let mode = self.fail_on.map(|_| Node::flag("--fail-on", text("enforce")));
        let all = |what| self.all.then(|| Node::flag("--all", what));
        let switch = |on: bool, flag| on.then(|| Node::flag(flag, What::Truth(true)));
        let directories = self.rules.iter().map(|d| Node::flag("--rules", What::Text(d.display().to_string()))).collect::<Vec<_>>();
        let rules = (!directories.is_empty()).then(|| Node::flag("--rules", What::List(directories)));
        let entries = [
            ("fail-on", gate),
            ("mode", mode),
            ("min-severity", severity("--min-severity", self.min_severity).or_else(|| all(text(Severity::Info.name())))),
            (
                "min-confidence",
                self.min_confidence.map(|c| Node::flag("--min-confidence", text(c.name()))).or_else(|| all(text(Confidence::Low.name()))),
            ),
            ("preview", switch(self.preview, "--preview").or_else(|| all(What::Truth(true)))),
            ("hygiene", switch(self.hygiene, "--hygiene").or_else(|| all(What::Truth(true)))),
            ("rules", rules),
        ];
        let entries = entries.into_iter().filter_map(|(key, node)| Some((key.to_owned(), node?)));
        Node { from: Origin::Default, what: What::Table(entries.collect()) }
    }
}

/// What to do with the baseline.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Take down all that is found now; reasons that stand in the old file stay
    Write(BaselineWrite),
    /// List entries that have no effect any more; fails when there are some
    Check(BaselineCheck),
    /// Remove entries that have no effect any more
    Prune(BaselineCheck),
}

#[derive(Debug, Args)]
pub struct BaselineWrite {
    /// Directories and files to scan
    #[arg(value_name = "PATHS", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Where to [default: the baseline there is, else pipevet-baseline.json at the top of the repository]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Why what is taken down may stay
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The last day on which it may, as 2027-01-31
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub until: Option<String>,
    #[command(flatten)]
    pub choices: Choices,
}

#[derive(Debug, Args)]
pub struct BaselineCheck {
    /// Directories and files to scan
    #[arg(value_name = "PATHS", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// The baseline [default: pipevet-baseline.json of what is scanned, or above it]
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    #[command(flatten)]
    pub choices: Choices,
}

#[derive(Debug, Args)]
pub struct Config {
    /// Directories and files whose policy it is
    #[arg(value_name = "PATHS", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Say of each value where it comes from: a default, a line of a file, an option
    #[arg(long)]
    pub origin: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    #[command(flatten)]
    pub choices: Choices,
}

#[derive(Debug, Args)]
pub struct Why {
    /// The place, as reports print it
    #[arg(value_name = "FILE:LINE")]
    pub place: String,
    /// Directories and files to scan [default: here, or the repository of the file]
    #[arg(value_name = "PATHS")]
    pub paths: Vec<PathBuf>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    #[command(flatten)]
    pub choices: Choices,
    /// Threads [default: one for each processor]
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub jobs: Option<usize>,
}

#[derive(Debug, Args)]
pub struct Init {
    /// A directory of the repository
    #[arg(value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
}

#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// A rule id, or `severity`
    #[arg(value_name = "RULE|severity")]
    pub what: String,
    /// A directory of own rule pages and rows
    #[arg(long, value_name = "DIR")]
    pub rules: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Rules {
    /// Form of the list
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
    /// A directory of own rule pages and rows
    #[arg(long, value_name = "DIR")]
    pub rules: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
    /// One JSON object on each line
    Jsonl,
    Sarif,
    /// Workflow commands: annotations in a run of GitHub Actions
    Github,
    /// For a job summary or a comment
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// The level from which a run fails; `None` is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate(pub Option<Severity>);

fn severity(text: &str) -> Result<Severity, String> {
    Severity::named(text).ok_or_else(|| "one of critical, high, medium, low, info".to_owned())
}

fn gate(text: &str) -> Result<Gate, String> {
    if text == "never" {
        return Ok(Gate(None));
    }
    Severity::named(text).map(|s| Gate(Some(s))).ok_or_else(|| "one of critical, high, medium, low, info, never".to_owned())
}

fn confidence(text: &str) -> Result<Confidence, String> {
    Confidence::named(text).ok_or_else(|| "one of high, medium, low".to_owned())
}

fn day(text: &str) -> Result<String, String> {
    text.parse::<jiff::civil::Date>().map(|d| d.to_string()).map_err(|_| "a day, as 2027-01-31".to_owned())
}

fn jobs(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| (1..=1024).contains(n)).ok_or_else(|| "a number from 1 to 1024".to_owned())
}
