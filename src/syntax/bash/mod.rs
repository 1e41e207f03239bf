//! The grammar of POSIX shells and bash: text to a tree of statements whose words are already taken apart. Knows no program, no platform and no fact.
//!
//! The reader follows the shell's own rules where a guess would hide commands: line continuations anywhere outside single quotes, NUL bytes that the
//! shell drops, heredoc delimiters compared the way the shell compares them. It is one pass, it never backs up over more than one token, nesting is
//! capped and flattened beyond the cap, and after text that does not close it starts again on the next line, so no statement after it is lost.

use crate::source::Range;
use crate::text::Text;

mod ansi;
mod cursor;
mod heredoc;
mod statement;
mod word;

#[cfg(test)]
mod tests;

/// A stretch of the text that is no shell (an expression of the platform): it is one opaque part of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// First byte in the text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What the caller calls it.
    pub id: usize,
}

/// A whole text.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Statements in order.
    pub body: Vec<Statement>,
    /// Bodies of here-documents; [`Redirect::body`] is an index here.
    pub bodies: Vec<Word>,
    /// Comments, without their line ends.
    pub comments: Vec<Text>,
    /// What did not parse.
    pub problems: Vec<Problem>,
}

/// Something that did not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub range: Range,
    /// One sentence without a full stop.
    pub text: &'static str,
    /// Whether a cap was reached (otherwise the text is malformed).
    pub limit: bool,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// From its first to its last word or redirection; a here-document's body is not included.
    pub range: Range,
    /// What it is.
    pub what: Kind,
    /// Redirections of the statement as a whole.
    pub redirects: Vec<Redirect>,
    /// Followed by `&`.
    pub background: bool,
}

/// The forms of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Assignments and words.
    Simple {
        /// `NAME=value` before the first word.
        assigns: Vec<Assign>,
        /// Words; the first is the program.
        words: Vec<Word>,
    },
    /// `a | b | c`.
    Pipeline(Vec<Statement>),
    /// `a && b || c`, left to right.
    List(Box<Statement>, Vec<(Join, Statement)>),
    /// `! a`.
    Not(Box<Statement>),
    /// `{ …; }`.
    Group(Vec<Statement>),
    /// `( … )`.
    Subshell(Vec<Statement>),
    /// `if`/`elif` arms (condition, body), and `else`.
    If(Vec<(Vec<Statement>, Vec<Statement>)>, Vec<Statement>),
    /// `while`, or `until` when the flag is set.
    Loop {
        /// Runs until the condition holds.
        until: bool,
        /// The condition.
        cond: Vec<Statement>,
        /// The body.
        body: Vec<Statement>,
    },
    /// `for` and `select`. Without `in` the words are absent: the parameters.
    For {
        /// The variable; empty in the arithmetic form.
        name: String,
        /// What it runs over.
        words: Option<Vec<Word>>,
        /// The body.
        body: Vec<Statement>,
    },
    /// `case word in patterns) body ;; … esac`.
    Case(Word, Vec<(Vec<Word>, Vec<Statement>)>),
    /// A function.
    Function(String, Box<Statement>),
    /// `[[ … ]]`; operators are words too.
    Test(Vec<Word>),
    /// `(( … ))`: only what is expanded in it.
    Arithmetic(Vec<Part>),
}

/// How a list goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// `&&`.
    And,
    /// `||`.
    Or,
}

/// An assignment.
#[derive(Clone, Debug, PartialEq)]
pub struct Assign {
    /// Where it stands.
    pub range: Range,
    /// The variable, without a subscript.
    pub name: String,
    /// What is expanded in its subscript.
    pub index: Vec<Part>,
    /// The value.
    pub value: Word,
}

/// A word: parts that are joined without space.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Word {
    /// Where it stands, quotes included.
    pub range: Range,
    /// Its parts.
    pub parts: Vec<Part>,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Where it stands; text in quotes without them.
    pub range: Range,
    /// Whether it stands in quotes.
    pub quoted: bool,
    /// What it is.
    pub what: Piece,
}

/// The forms of a part.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Literal text after quote removal.
    Text(Text),
    /// A [`Gap`], by its id.
    Gap(usize),
    /// `$name`, `${name}`, `$1`, `$@`.
    Variable(String),
    /// `${name<op>operand}`; the operator is `-`, `=`, `?`, `+` (with or without colon) or `` (any other transformation).
    Expansion(String, &'static str, Vec<Part>),
    /// `$( … )` and backticks.
    Substitution(Vec<Statement>),
    /// `<( … )`; `>( … )` when the flag is set.
    Process(Vec<Statement>, bool),
    /// `$(( … ))`: what is expanded in it.
    Arithmetic(Vec<Part>),
    /// `( … )` of an array assignment.
    Array(Vec<Word>),
}

/// A redirection.
#[derive(Clone, Debug, PartialEq)]
pub struct Redirect {
    /// Where it stands.
    pub range: Range,
    /// The descriptor written before it.
    pub fd: Option<u32>,
    /// What it does.
    pub op: RedirectOp,
    /// File, string or descriptor; the delimiter of a here-document.
    pub target: Word,
    /// For a here-document its body in [`Program::bodies`].
    pub body: Option<usize>,
}

/// The forms of a redirection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectOp {
    /// `<`.
    Read,
    /// `>`, `>|`, `>>`, `<>`.
    Write,
    /// `&>`, `&>>`, `>& file`.
    WriteBoth,
    /// `<&n`, `>&n`.
    Duplicate,
    /// `<<`, `<<-`.
    Document,
    /// `<<<`.
    String,
}

impl Word {
    /// The text when every part is literal.
    pub fn literal(&self) -> Option<String> {
        let mut out = String::new();
        for part in &self.parts {
            match &part.what {
                Piece::Text(t) => out.push_str(t.as_str()),
                _ => return None,
            }
        }
        Some(out)
    }
    /// Splits `NAME=value`, `NAME+=value` and `NAME[index]=value`.
    pub fn assignment(&self) -> Option<Assign> {
        let first = self.parts.first().filter(|p| !p.quoted)?;
        let Piece::Text(text) = &first.what else { return None };
        let name_len = text.as_str().bytes().position(|c| !(c.is_ascii_alphanumeric() || c == b'_')).unwrap_or(text.len());
        let name = text.as_str().get(..name_len)?;
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        // The value begins after the first `=` that directly follows the name, a `+`, or the `]` of a subscript (whose text may be expanded).
        let (mut part, mut at) = (0, name_len);
        let rest = text.as_str().get(name_len..)?;
        if rest.starts_with('[') {
            (part, at) = self.parts.iter().enumerate().find_map(|(i, p)| match &p.what {
                Piece::Text(t) if !p.quoted => t.as_str().find("]=").or_else(|| t.as_str().find("]+=")).map(|at| (i, at + 1)),
                _ => None,
            })?;
        }
        let Piece::Text(text) = &self.parts.get(part)?.what else { return None };
        let rest = text.as_str().get(at..)?;
        let skip = if rest.starts_with('=') {
            1
        } else if rest.starts_with("+=") {
            2
        } else {
            return None;
        };
        let tail = text.slice(at + skip, text.len());
        let mut value = Word { range: Range { start: tail.whole().start, end: self.range.end }, parts: Vec::new() };
        if tail.is_empty() {
            value.range.start = self.parts.get(part + 1).map_or(self.range.end, |p| p.range.start.min(self.range.end));
        } else {
            value.parts.push(Part { range: tail.whole(), quoted: false, what: Piece::Text(tail) });
        }
        value.parts.extend(self.parts.iter().skip(part + 1).cloned());
        let index = self.parts.iter().take(part).filter(|p| !matches!(p.what, Piece::Text(_))).cloned().collect();
        Some(Assign { range: self.range, name: name.to_owned(), index, value })
    }
}

/// Reads a text. Gaps must be ordered and apart.
pub fn parse(text: &Text, gaps: &[Gap]) -> Program {
    let bytes = cursor::masked(text, gaps);
    let mut out = Program::default();
    let mut start = 0;
    // Each round but the last ends at text that does not close; rounds are capped so that hostile input stays linear.
    for round in 0.. {
        let mut reader = cursor::Reader::new(text, gaps, &bytes, start..bytes.len(), out.bodies.len());
        reader.program();
        let Some(open) = reader.unclosed else {
            out.append(reader.out);
            return out;
        };
        if round == ROUNDS {
            break;
        }
        let line_end = line_end(&bytes, open);
        let mut reader = cursor::Reader::new(text, gaps, &bytes, start..line_end, out.bodies.len());
        reader.program();
        out.append(reader.out);
        start = line_end;
        if start >= bytes.len() {
            return out;
        }
    }
    while start < bytes.len() {
        let end = line_end(&bytes, start);
        let mut reader = cursor::Reader::new(text, gaps, &bytes, start..end, out.bodies.len());
        reader.program();
        out.append(reader.out);
        start = end;
    }
    out
}

/// Reads a text as blank-separated words with quotes and `$name`, `${name…}`, but without any other shell syntax: what Dockerfile instructions hold.
pub fn words(text: &Text, gaps: &[Gap]) -> Vec<Word> {
    let bytes = cursor::masked(text, gaps);
    let mut reader = cursor::Reader::new(text, gaps, &bytes, 0..bytes.len(), 0);
    reader.plain = true;
    let mut out = Vec::new();
    while reader.peek().is_some() {
        reader.blanks();
        match reader.word(word::For::Command) {
            Some(word) => out.push(word),
            None => reader.step(),
        }
    }
    out
}

/// How often reading starts again after text that does not close.
const ROUNDS: usize = 6;

/// One past the line end that follows `at`.
fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes.iter().skip(at).position(|c| *c == b'\n').map_or(bytes.len(), |n| at + n + 1)
}

impl Program {
    fn append(&mut self, mut other: Program) {
        self.body.append(&mut other.body);
        self.bodies.append(&mut other.bodies);
        self.comments.append(&mut other.comments);
        self.problems.append(&mut other.problems);
    }
}
