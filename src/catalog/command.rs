//! How a command line is read: program, subcommands, options with and without value, operands. Which options take a value is known from rows.

use std::borrow::Cow;
use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Catalog;
use super::glob;
use super::row::{Effect, Executes, Pin, Row, RowId, Slot, SlotName, Subject, Test, Tree, Verdict};
use crate::facts::{Channel, Command, FileFacts, V, What};

/// What all command rows together say of a program's options.
#[derive(Debug, Default)]
pub struct Known {
    exact: FxHashMap<String, Vec<RowId>>,
    /// Patterns of names, by their first byte; those that begin with a sign under none.
    globs: FxHashMap<Option<u8>, Vec<(String, RowId)>>,
    /// Patterns of whole paths.
    paths: Vec<(String, RowId)>,
    /// Worked out when a command of the row is met: most programs of the rows are in no tree.
    options: FxHashMap<RowId, OnceLock<Options>>,
}

/// The options of a program with its subcommands, as its rows and those of its prefixes know them.
#[derive(Clone, Debug, Default)]
struct Options {
    valued: FxHashSet<String>,
    /// Options of one dash that are a word and no letters, and take no value.
    words: FxHashSet<String>,
    /// Options with a value that may stand before the subcommand.
    before: FxHashSet<String>,
    /// Options after whose value everything is an operand: they name the code that reads the rest.
    ends: FxHashSet<String>,
    leading: bool,
    argv_from: Option<u32>,
}

/// A command line as a row reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Options in order.
    pub options: Vec<Opt>,
    /// Operands: indices of words.
    pub operands: Vec<usize>,
    /// First word of an inner command, for rows that wrap one.
    pub argv: Option<usize>,
}

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opt {
    /// With its dashes.
    pub name: String,
    /// The word it stands in.
    pub word: usize,
    /// Its value.
    pub value: OptValue,
}

/// The value of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptValue {
    /// A switch.
    None,
    /// A word of its own.
    Word(usize),
    /// What follows in the same word, from this decoded byte on.
    Tail(usize, usize),
}

impl Known {
    /// From all rows of a catalogue.
    pub fn of<'r>(rows: impl Iterator<Item = (RowId, &'r Row)>) -> Known {
        let mut known = Known::default();
        for (id, row) in rows {
            let Subject::Command { program, .. } = &row.subject else { continue };
            if program.contains('/') {
                known.paths.push((program.clone(), id));
            } else if program.contains(['*', '?']) {
                known.globs.entry(first_byte(program)).or_default().push((program.clone(), id));
            } else {
                known.exact.entry(program.clone()).or_default().push(id);
            }
            known.options.insert(id, OnceLock::new());
        }
        known
    }
    /// What all rows of the program say of the options of one of them.
    fn options(&self, catalog: &Catalog, id: RowId) -> Option<&Options> {
        let Subject::Command { program, sub } = &catalog.row(id).subject else { return None };
        let work_out = || {
            let patterns =
                self.globs.get(&first_byte(program)).into_iter().flatten().chain(&self.paths).filter(|(p, _)| p == program).map(|(_, id)| *id);
            let mut options = Options::default();
            for row in self.exact.get(program).into_iter().flatten().copied().chain(patterns).map(|id| catalog.row(id)) {
                let Subject::Command { sub: other, .. } = &row.subject else { continue };
                if !sub.starts_with(other) {
                    continue;
                }
                let valued = valued_of(row);
                options.before.extend(valued.iter().cloned());
                options.valued.extend(valued.into_iter().filter(|v| other == sub || v.starts_with("--")));
                if other == sub {
                    options.words.extend(words_of(row));
                    options.ends.extend(ends_of(row));
                    options.leading |= row.leading;
                    let argv = row.effects.iter().find_map(|e| match e {
                        Effect::Wraps { argv_from, .. } => *argv_from,
                        _ => None,
                    });
                    options.argv_from = options.argv_from.or(argv);
                }
            }
            options
        };
        self.options.get(&id).map(|o| o.get_or_init(work_out))
    }
    /// Rows whose program and subcommands these words are; the longest subcommand wins over shorter ones of the same program only where it wraps
    /// nothing: all that fit are given.
    pub fn matching(&self, catalog: &Catalog, facts: &FileFacts, command: &Command) -> Vec<RowId> {
        // Of a program that is a value nothing is known but that it may be a path.
        let program = match facts.program(command) {
            Some(program) => program,
            None if is_computed(facts, command) => "/".to_owned(),
            None => return Vec::new(),
        };
        // Windows looks for a program in the directory first.
        let here = [".exe", ".bat", ".cmd", ".msi"].iter().any(|end| program.ends_with(end)) && !program.contains('/');
        let path = if here { format!("./{program}") } else { program.clone() };
        let name = base_name(&program);
        let exact = self.exact.get(name).into_iter().flatten().copied();
        let globs = [name.bytes().next(), None].into_iter().filter_map(|first| self.globs.get(&first)).flatten();
        let globs = globs.filter(|(p, _)| glob::text(p, name)).map(|(_, id)| *id);
        let paths = self.paths.iter().filter(|(p, _)| path.contains('/') && glob::text(p, &path)).map(|(_, id)| *id);
        // Most rows of a program with many subcommands speak of another one.
        let next = command.words.get(1).and_then(|w| facts.spelled(w)).filter(|w| !w.starts_with('-'));
        let may = |row: &Row| match (&row.subject, &next) {
            (Subject::Command { sub, .. }, Some(next)) => sub.first().is_none_or(|wanted| is_word(wanted, next)),
            _ => true,
        };
        exact.chain(globs).chain(paths).filter(|id| may(catalog.row(*id)) && self.begin(catalog, facts, command, *id).is_some()).collect()
    }
    /// Reads the words after program and subcommands as the row sees them.
    pub fn line(&self, catalog: &Catalog, facts: &FileFacts, command: &Command, id: RowId) -> Option<Line> {
        let (start, line) = self.begin(catalog, facts, command, id)?;
        Some(read(facts, command, start, self.options(catalog, id)?, line))
    }
    /// Index of the first word after program and subcommands, with the options that stand before the subcommand.
    fn begin(&self, catalog: &Catalog, facts: &FileFacts, command: &Command, id: RowId) -> Option<(usize, Line)> {
        let Subject::Command { sub, .. } = &catalog.row(id).subject else { return None };
        let mut line = Line::default();
        let mut at = 1;
        for wanted in sub {
            loop {
                let word = facts.spelled(command.words.get(at)?).unwrap_or_default();
                if is_word(wanted, &word) {
                    at += 1;
                    break;
                }
                let head = head(facts, command, at);
                if !head.starts_with('-') || head == "-" || head == "--" {
                    return None;
                }
                let known = self.options(catalog, id)?;
                at = option(&head, at, command.words.len(), (&known.before, &known.words), &mut line);
            }
        }
        Some((at, line))
    }
}

/// What all that a pattern matches begins with, if that is settled.
fn first_byte(pattern: &str) -> Option<u8> {
    pattern.bytes().next().filter(|b| !matches!(b, b'*' | b'?' | b'['))
}

/// Whether the program of a command is what a script computes or is handed, or what a program keeps under a name.
fn is_computed(facts: &FileFacts, command: &Command) -> bool {
    let value = command.words.first().map(|w| &facts.value(w.value).what);
    let of_shell = matches!(value, Some(V::Env(_) | V::Param(_) | V::Subst(_) | V::Phi(_) | V::Join(_) | V::Expr(_)));
    of_shell || matches!(value, Some(V::Name(_) | V::Ref(_) | V::Attr(..)))
}

fn is_word(wanted: &str, word: &str) -> bool {
    word == wanted || wanted.contains('*') && glob::text(wanted, word)
}

/// Last segment of a program's path, without `.exe`.
pub fn base_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

fn read(facts: &FileFacts, command: &Command, start: usize, known: &Options, mut line: Line) -> Line {
    let mut at = start;
    let mut open = true;
    while at < command.words.len() {
        if let Some(n) = known.argv_from.map(|n| n as usize)
            && line.operands.len() == n
            && (n > 0 || !open || !is_option(facts, command, at))
        {
            line.argv = Some(at);
            line.operands.extend(at..command.words.len());
            break;
        }
        // An array that operands follow holds options.
        if line.operands.is_empty() && is_array(facts, command, at) && (at + 1..command.words.len()).any(|i| !is_option(facts, command, i)) {
            at += 1;
            continue;
        }
        if !open || !is_option(facts, command, at) {
            line.operands.push(at);
            open &= !known.leading;
            at += 1;
            continue;
        }
        let head = head(facts, command, at);
        if head == "--" {
            open = false;
            at += 1;
            continue;
        }
        at = option(&head, at, command.words.len(), (&known.valued, &known.words), &mut line);
        if line.options.last().is_some_and(|o| known.ends.contains(&o.name)) {
            open = false;
        }
    }
    line
}

/// Whether a word is nothing but an array of the script.
fn is_array(facts: &FileFacts, command: &Command, at: usize) -> bool {
    let Some(V::Env(name)) = command.words.get(at).map(|w| &facts.value(w.value).what) else { return false };
    let list = |value| matches!(facts.value(value).what, V::List(..));
    facts.items.iter().any(|f| matches!(&f.what, What::Write { channel: Channel::Var(n), value } if n == name && list(*value)))
}

/// Reads the option at word `at`, with those that take a value; gives the index of the next word.
fn option(head: &str, at: usize, count: usize, (valued, words): (&FxHashSet<String>, &FxHashSet<String>), line: &mut Line) -> usize {
    let mut push = |name: &str, value| line.options.push(Opt { name: name.to_owned(), word: at, value });
    if let Some(equals) = head.find('=')
        && (head.starts_with("--") || valued.contains(head.get(..equals).unwrap_or("")))
    {
        push(head.get(..equals).unwrap_or(""), OptValue::Tail(at, equals + 1));
        return at + 1;
    }
    if valued.contains(head) {
        if at + 1 < count {
            push(head, OptValue::Word(at + 1));
            return at + 2;
        }
        push(head, OptValue::None);
        return at + 1;
    }
    if head.starts_with("--") || head.chars().count() == 2 || words.contains(head) {
        push(head, OptValue::None);
        return at + 1;
    }
    // A cluster: `-ec text`, `-n5`. The first letter that takes a value takes the rest of the word, or the next word.
    for (i, letter) in head.char_indices().skip(1) {
        let name = format!("-{letter}");
        let rest = i + letter.len_utf8();
        if valued.contains(&name) {
            if rest < head.len() {
                push(&name, OptValue::Tail(at, rest));
                return at + 1;
            }
            if at + 1 < count {
                push(&name, OptValue::Word(at + 1));
                return at + 2;
            }
        }
        push(&name, OptValue::None);
    }
    at + 1
}

/// The literal beginning of a word.
fn head<'f>(facts: &'f FileFacts, command: &Command, at: usize) -> Cow<'f, str> {
    let parts = command.words.get(at).map_or(&[][..], |w| &w.parts);
    match parts {
        [one] if let V::Str(text) = &facts.value(one.value).what => Cow::Borrowed(text.as_str()),
        _ => Cow::Owned(parts.iter().map_while(|p| facts.literal(p.value)).collect()),
    }
}

fn is_option(facts: &FileFacts, command: &Command, at: usize) -> bool {
    let head = head(facts, command, at);
    head.starts_with('-') && head != "-"
}

/// Options with a value, by what the row says of them.
fn valued_of(row: &Row) -> Vec<String> {
    let mut out = row.valued.clone();
    for effect in &row.effects {
        out.extend(effect.slots().into_iter().flat_map(option_names));
    }
    for test in row.when.iter().chain(&row.safe_when).filter(|t| !matches!(t.test, Test::Present | Test::Absent)) {
        out.extend(option_names(&test.slot));
    }
    out.extend(row.flags.iter().filter(|f| f.safe != "true" && f.safe != "false").map(|f| f.name.clone()));
    out
}

/// Options of one dash and several letters that the row asks for.
fn words_of(row: &Row) -> Vec<String> {
    let asked = row.when.iter().chain(&row.safe_when).flat_map(|t| option_names(&t.slot));
    asked.filter(|name| name.len() > 2 && !name.starts_with("--")).collect()
}

fn ends_of(row: &Row) -> Vec<String> {
    let code = row.effects.iter().filter_map(|e| match e {
        Effect::Wraps { text: Some(slot), .. } | Effect::Executes { what: Executes::Module(slot) | Executes::Text(slot) } => Some(slot),
        _ => None,
    });
    code.flat_map(option_names).collect()
}

fn option_names(slot: &Slot) -> Vec<String> {
    let Slot::Arg(names) = slot else { return Vec::new() };
    let named = names.iter().filter_map(|n| match n {
        SlotName::Name(n) if n.starts_with('-') => Some(n.clone()),
        _ => None,
    });
    named.collect()
}

impl Effect {
    /// Whether it is a sink that reports a parameter which others can set.
    pub fn reports_open(&self) -> bool {
        matches!(self, Effect::Sink { when_open: Verdict::Report, .. })
    }
    /// Whether it is a sink that tells of such a parameter at any level.
    pub fn tells_open(&self) -> bool {
        matches!(self, Effect::Sink { when_open: Verdict::Report | Verdict::Info, .. })
    }
    /// Every slot the effect names.
    pub fn slots(&self) -> Vec<&Slot> {
        match self {
            Effect::Sink { slot, .. } | Effect::Publishes { slot, .. } | Effect::ConsumesCredential { slot, .. } => slot.iter().collect(),
            Effect::Returns { pin: Pin::Revision(s) | Pin::Suffix(s) | Pin::Hash(s) | Pin::Version(s), .. } => vec![s],
            Effect::Passes { from, to } => from.iter().chain([to]).collect(),
            Effect::Reads { name, .. } => vec![name],
            Effect::Writes { name, value, .. } => std::iter::once(name).chain(value).collect(),
            Effect::Mounts { tree, at } => match tree {
                Tree::Checkout { repository: a, reference: b } | Tree::Clone { url: a, reference: b } => [a, b].into_iter().chain(at).collect(),
                Tree::Ref(s) | Tree::Fetched(s) | Tree::Archive(s) => std::iter::once(s).chain(at).collect(),
                Tree::Cache { key, restore } => std::iter::once(key).chain(restore).chain(at).collect(),
                Tree::Artifact { name, of, .. } => std::iter::once(name).chain(of).chain(at).collect(),
                Tree::PullRequest => at.iter().collect(),
            },
            Effect::Executes { what } => match what {
                Executes::File(s) | Executes::Module(s) | Executes::Text(s) | Executes::Notebook(s) | Executes::Address(s, _) => vec![s],
                Executes::Dockerfile(a, b) => vec![a, b],
                Executes::Elsewhere(there) => there.commit.iter().collect(),
                _ => Vec::new(),
            },
            Effect::Wraps { list, text, program, cwd, .. } => list.iter().chain(text).chain(program).chain(cwd).collect(),
            Effect::Checks { slot, .. } => vec![slot],
            Effect::Installs { manifest, until, .. } => manifest.iter().chain(until).collect(),
            Effect::Agent(agent) => agent.slots().collect(),
            Effect::Selects { slot, .. } => slot.iter().collect(),
            Effect::Matches(slot) => vec![slot],
            Effect::Dispatches { to, values, .. } => to.iter().chain(values).collect(),
            _ => Vec::new(),
        }
    }
}
