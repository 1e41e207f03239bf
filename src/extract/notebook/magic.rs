//! What of a cell is not Python: `!command`, `%magic`, `%%magic`, `name?`. Found with a small lexer, so that a `!` inside a string or bracket is left
//! alone. Knows IPython's own words, no program: any other line magic is a command of that name.

use crate::extract::python::{Stop, StopWhat};
use crate::text::Text;

/// What a cell is, as its first line says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    /// Python in the notebook's process; the text begins behind a cell magic, if there was one.
    Python(usize),
    /// A shell script from this offset on.
    Shell(usize),
    /// Python in a process of its own.
    Apart(usize),
    /// A file is written: its name (as a stretch of the text) and where its content begins.
    File((usize, usize), usize),
    /// Something else.
    Other(usize),
}

/// Cell magics that run the cell as Python where it stands.
const PYTHON_CELLS: [&str; 12] = ["time", "timeit", "capture", "prun", "debug", "memit", "mprun", "heat", "px", "cache", "flake8", "mypy"];
/// Cell magics whose text is of no language read here.
const OTHER_CELLS: [&str; 12] = ["html", "HTML", "javascript", "js", "latex", "markdown", "svg", "SVG", "perl", "ruby", "R", "sql"];
/// Line magics before a Python statement.
const PYTHON_LINES: [&str; 7] = ["time", "timeit", "prun", "memit", "mprun", "lprun", "debug"];
/// Line magics that run nothing and start no program.
const QUIET_LINES: [&str; 40] = [
    "matplotlib",
    "pylab",
    "autoreload",
    "reset",
    "reset_selective",
    "who",
    "who_ls",
    "whos",
    "xdel",
    "pwd",
    "dirs",
    "pushd",
    "popd",
    "dhist",
    "bookmark",
    "history",
    "hist",
    "recall",
    "rerun",
    "save",
    "store",
    "config",
    "colors",
    "precision",
    "xmode",
    "pdb",
    "pinfo",
    "pinfo2",
    "pdoc",
    "pdef",
    "psource",
    "pfile",
    "page",
    "logstart",
    "logstop",
    "logon",
    "logoff",
    "automagic",
    "lsmagic",
    "quickref",
];

/// Reads the first line of a cell.
pub(super) fn body(source: &str) -> Body {
    let start = source.len() - source.trim_start().len();
    let rest = source.get(start..).unwrap_or_default();
    let line_end = start + rest.find('\n').map_or(rest.len(), |i| i + 1);
    let line = source.get(start..line_end).unwrap_or_default().trim_end();
    let Some(magic) = line.strip_prefix("%%") else {
        // Databricks writes `%sh` alone on the first line.
        if matches!(line, "%sh" | "%bash") {
            return Body::Shell(line_end);
        }
        return Body::Python(start);
    };
    let word: String = magic.chars().take_while(|c| !c.is_whitespace()).collect();
    let arguments = magic.get(word.len()..).unwrap_or_default();
    match word.as_str() {
        "bash" | "sh" | "!" | "sx" | "system" | "shell" => Body::Shell(line_end),
        "script" => {
            let program = arguments.split_whitespace().find(|w| !w.starts_with('-')).unwrap_or_default();
            match program.rsplit('/').next().unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
                "sh" | "bash" | "zsh" | "dash" | "ksh" => Body::Shell(line_end),
                "python" | "pypy" => Body::Apart(line_end),
                _ => Body::Other(line_end),
            }
        }
        "python" | "python2" | "python3" | "pypy" => Body::Apart(line_end),
        "writefile" | "file" => {
            let name = arguments.split_whitespace().find(|w| !w.starts_with('-')).unwrap_or_default();
            // The name is a stretch of the line: its place follows from the slices.
            let at = start + line.len() - magic.len() + arguments_offset(magic, name);
            let (name_start, name_end) = unquote(name);
            Body::File((at + name_start, at + name_end), line_end)
        }
        w if OTHER_CELLS.contains(&w) => Body::Other(line_end),
        w if PYTHON_CELLS.contains(&w) => Body::Python(line_end),
        // An unknown cell magic gets its text as it likes; most run it, and Python is read as Python.
        _ => match crate::syntax::python::parse(source.get(line_end..).unwrap_or_default()) {
            Some(tree) if !tree.root().broken() => Body::Python(line_end),
            _ => Body::Other(line_end),
        },
    }
}

fn arguments_offset(magic: &str, name: &str) -> usize {
    (name.as_ptr() as usize).saturating_sub(magic.as_ptr() as usize).min(magic.len())
}

/// Bounds of a word without the quotes around it.
fn unquote(word: &str) -> (usize, usize) {
    let quoted = word.len() >= 2 && (word.starts_with('"') && word.ends_with('"') || word.starts_with('\'') && word.ends_with('\''));
    if quoted { (1, word.len() - 1) } else { (0, word.len()) }
}

/// What a line of IPython says besides Python.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// The stretch that is no Python.
    pub start: usize,
    pub end: usize,
    pub what: LineWhat,
}

/// The forms of a [`Line`].
#[derive(Clone, Debug, PartialEq)]
pub(super) enum LineWhat {
    /// A command: where its text begins.
    Command(usize),
    /// `%cd`: where the directory stands.
    Directory(usize, usize),
    /// `%env NAME=value`: name, then where the value stands.
    Env(String, usize, usize),
    /// Nothing that runs.
    Quiet,
    /// Python follows: only the magic's own words are blanked.
    Prefix,
}

/// The lines of a Python cell that are not Python, from `from` on.
pub(super) fn lines(source: &str, from: usize) -> Vec<Line> {
    let bytes = source.as_bytes();
    let mut out = Vec::new();
    let mut at = from;
    // Each open bracket costs a look at all that follows.
    let mut lost = 0;
    while at < bytes.len() {
        let start = at + bytes.get(at..).unwrap_or_default().iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\x0c')).count();
        if let Some((line, next)) = magic_line(source, start) {
            out.push(line);
            at = next;
            continue;
        }
        at = match if lost < 20 { logical_end(bytes, start) } else { None } {
            Some(end) => end,
            // An open bracket or string: what follows on the next line is read as if it began anew.
            None => {
                lost += 1;
                physical_end(bytes, start)
            }
        };
    }
    out
}

fn physical_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.iter().position(|b| matches!(b, b'\n' | b'\r')) {
        Some(i) if rest.get(i) == Some(&b'\r') && rest.get(i + 1) == Some(&b'\n') => at + i + 2,
        Some(i) => at + i + 1,
        None => bytes.len(),
    }
}

/// Where the next logical line begins; `None` when this one never ends.
fn logical_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(&b) = bytes.get(at) {
        match b {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'#' => {
                at = physical_end(bytes, at);
                at -= usize::from(bytes.get(at.wrapping_sub(1)).is_some_and(|b| matches!(b, b'\n' | b'\r')));
                if at >= bytes.len() {
                    break;
                }
                continue;
            }
            b'\\' => at += 1,
            b'\n' | b'\r' if depth == 0 => return Some(physical_end(bytes, at)),
            b'"' | b'\'' => {
                at = string_end(bytes, at)?;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    (depth == 0).then_some(bytes.len())
}

/// Behind the string that begins at `at`; an f-string ends at its own quote here, which is right for all that stands on one line.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let quote = *bytes.get(at)?;
    let triple = bytes.get(at + 1) == Some(&quote) && bytes.get(at + 2) == Some(&quote);
    let mut i = at + if triple { 3 } else { 1 };
    while let Some(&b) = bytes.get(i) {
        if b == b'\\' {
            i += 2;
            continue;
        }
        if b == quote && (!triple || (bytes.get(i + 1) == Some(&quote) && bytes.get(i + 2) == Some(&quote))) {
            return Some(i + if triple { 3 } else { 1 });
        }
        if !triple && matches!(b, b'\n' | b'\r') {
            return Some(i);
        }
        i += 1;
    }
    None
}

/// The end of a magic line: a backslash before the line end continues it.
fn magic_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(&b) = bytes.get(at) {
        match b {
            b'\\' if matches!(bytes.get(at + 1), Some(b'\n')) => at += 2,
            b'\\' if bytes.get(at + 1) == Some(&b'\r') => at = physical_end(bytes, at + 1),
            b'\n' | b'\r' => break,
            _ => at += 1,
        }
    }
    at
}

fn magic_line(source: &str, start: usize) -> Option<(Line, usize)> {
    let bytes = source.as_bytes();
    let first = *bytes.get(start)?;
    let end = magic_end(bytes, start);
    let next = physical_end(bytes, end);
    let line = source.get(start..end)?;
    let whole = |what| Some((Line { start, end, what }, next));
    match first {
        b'!' => whole(LineWhat::Command(start + if line.starts_with("!!") { 2 } else { 1 })),
        b'%' if line.starts_with("%%") => None,
        b'%' => {
            let (line, to) = percent(source, start, end)?;
            // Python behind a magic is read on as Python, its further lines too.
            Some((line, to.unwrap_or(next)))
        }
        b'?' => whole(LineWhat::Quiet),
        _ => {
            let bare = line.split('#').next().unwrap_or_default().trim_end();
            if bare.ends_with('?') && !bare.contains(['"', '\'', '(']) {
                return whole(LineWhat::Quiet);
            }
            if let Some(at) = assigned(line) {
                let at = start + at;
                let rest = source.get(at..end)?;
                if rest.starts_with('!') {
                    let skip = if rest.starts_with("!!") { 2 } else { 1 };
                    return Some((Line { start: at, end, what: LineWhat::Command(at + skip) }, next));
                }
                return percent(source, at, end).map(|(line, to)| (line, to.unwrap_or(next)));
            }
            if automagic(line) {
                return whole(LineWhat::Command(start));
            }
            None
        }
    }
}

/// `%word rest`. The second part is where Python goes on, when it does.
fn percent(source: &str, start: usize, end: usize) -> Option<(Line, Option<usize>)> {
    let line = source.get(start..end)?;
    let magic = line.get(1..)?;
    let word: String = magic.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')).collect();
    let rest = magic.get(word.len()..)?;
    let gap = rest.len() - rest.trim_start().len();
    let argument = start + 1 + word.len() + gap;
    let trimmed_end = start + line.trim_end().len();
    let what = match word.as_str() {
        "" => return None,
        w if PYTHON_LINES.contains(&w) => {
            let mut at = argument;
            // Options and their values: `-n 10`, `-f name`.
            while let Some(option) = source.get(at..end).filter(|r| r.starts_with('-')) {
                let mut words = option.split_whitespace();
                let len = words.next().map_or(0, str::len);
                let value = words.next().filter(|v| len == 2 && v.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_'));
                let mut to = at + len;
                if let Some(value) = value {
                    to += source.get(to..end).and_then(|r| r.find(value)).unwrap_or(0) + value.len();
                }
                let rest = source.get(to..end).unwrap_or_default();
                at = to + rest.len() - rest.trim_start().len();
            }
            return Some((Line { start, end: at, what: LineWhat::Prefix }, Some(at)));
        }
        w if QUIET_LINES.contains(&w) => LineWhat::Quiet,
        "cd" => {
            let directory = source.get(argument..trimmed_end).unwrap_or_default();
            let (a, b) = unquote(directory);
            LineWhat::Directory(argument + a, argument + b)
        }
        "env" | "set_env" => {
            let text = source.get(argument..trimmed_end).unwrap_or_default();
            match text.find(|c: char| c == '=' || c.is_whitespace()) {
                Some(i) => {
                    let name = text.get(..i).unwrap_or_default().to_owned();
                    let value = text.get(i..).unwrap_or_default();
                    let skip = value.len() - value.trim_start_matches(|c: char| c == '=' || c.is_whitespace()).len();
                    let (a, b) = unquote(value.get(skip..).unwrap_or_default());
                    LineWhat::Env(name, argument + i + skip + a, argument + i + skip + b)
                }
                None => LineWhat::Quiet,
            }
        }
        // IPython's own that run code keep their sign: rows name them with it.
        "run" | "load" | "load_ext" | "reload_ext" | "loadpy" | "macro" | "alias" | "edit" => LineWhat::Command(start),
        "sx" | "system" | "sh" | "bash" => LineWhat::Command(argument),
        _ => LineWhat::Command(start + 1),
    };
    Some((Line { start, end, what }, None))
}

/// `names = !command` or `names = %magic`: where the sign stands.
fn assigned(line: &str) -> Option<usize> {
    let at = line.find('=')?;
    let left = line.get(..at)?;
    if left.is_empty() || !left.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ',' | ' ' | '.' | '*')) {
        return None;
    }
    let right = line.get(at + 1..)?;
    let gap = right.len() - right.trim_start().len();
    let sign = right.get(gap..)?;
    let magic = sign.starts_with('!') && !sign.starts_with("!=") || sign.starts_with('%') && sign.chars().nth(1).is_some_and(|c| c.is_alphabetic());
    magic.then_some(at + 1 + gap)
}

/// Two words in a row are no Python, unless the first is a keyword: IPython takes them for a magic or a program.
fn automagic(line: &str) -> bool {
    let first: String = line.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let rest = line.get(first.len()..).unwrap_or_default();
    let second: String = rest.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let starts = |w: &str| w.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    const KEYWORDS: [&str; 39] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
        "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
        "with", "yield", "match", "case", "type", "print",
    ];
    const OPERATORS: [&str; 9] = ["in", "is", "and", "or", "if", "else", "for", "not", "as"];
    starts(&first)
        && starts(&second)
        && rest.starts_with([' ', '\t'])
        && !KEYWORDS.contains(&first.as_str())
        && !OPERATORS.contains(&second.as_str())
        && first != "exec"
        // A quote right behind the second word makes it a string prefix.
        && !rest.trim_start().get(second.len()..).is_some_and(|r| r.starts_with(['"', '\'']) && second.len() <= 2)
}

/// The stops that let Python read the rest, each with its kind.
pub(super) fn stop(line: &Line, text: &Text) -> Stop {
    let what = match line.what {
        LineWhat::Command(from) => StopWhat::Shell(text.slice(from, line.end)),
        LineWhat::Directory(a, b) => StopWhat::Directory(text.slice(a, b)),
        LineWhat::Env(ref name, a, b) => StopWhat::Env(name.clone(), text.slice(a, b)),
        LineWhat::Quiet => StopWhat::Nothing,
        LineWhat::Prefix => StopWhat::Prefix,
    };
    Stop { start: line.start, end: line.end, what }
}
