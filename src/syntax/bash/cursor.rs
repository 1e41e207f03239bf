//! The place in the text while reading: what the shell skips, what ends a word, what encloses.

use crate::source::Range;
use crate::syntax::bash::{Gap, Problem, Program};
use crate::text::Text;

/// What gap bytes are replaced by before reading: a byte that means nothing to the shell. A real one is told apart by its place.
pub const GAP: u8 = 1;

/// Constructs may be nested this deep; deeper ones are read flat.
const DEPTH: u32 = 64;

/// Problems kept of one text.
const PROBLEMS: usize = 32;

/// The bytes of a text with its gaps masked.
pub fn masked(text: &Text, gaps: &[Gap]) -> Vec<u8> {
    let mut bytes = text.as_str().as_bytes().to_vec();
    for gap in gaps {
        if let Some(stretch) = bytes.get_mut(gap.start..gap.end) {
            stretch.fill(GAP);
        }
    }
    bytes
}

/// What ends the list that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// One of these reserved words.
    Words(&'static [&'static str]),
    /// `)`.
    Paren,
    /// `;;`, `;&`, `;;&` or `esac`.
    Item,
    /// `}` where a statement could begin, whatever follows it.
    Brace,
}

/// A here-document whose body is yet to come.
#[derive(Debug)]
pub struct Pending {
    /// Where the body goes.
    pub index: usize,
    /// The line that ends it.
    pub delimiter: Vec<u8>,
    /// Whether the delimiter's own line ended in CRLF right behind it, so that a CR before the line end of the last line is no difference.
    pub cr: bool,
    /// No expansion in the body.
    pub quoted: bool,
    /// `<<-`: leading tabs are dropped.
    pub tabs: bool,
}

/// Reads one stretch of a text.
pub struct Reader<'a> {
    /// The text.
    pub text: &'a Text,
    /// Its gaps.
    pub gaps: &'a [Gap],
    /// Its masked bytes.
    pub bytes: &'a [u8],
    /// The next byte.
    pub pos: usize,
    /// One past the last byte to read.
    pub end: usize,
    /// How deep constructs are nested.
    pub depth: u32,
    /// What was read.
    pub out: Program,
    /// Number of here-document bodies read before this reader began.
    pub base: usize,
    /// Here-documents whose bodies begin after the next line end.
    pub pending: Vec<Pending>,
    /// What ends the enclosing lists, innermost last.
    pub stops: Vec<Stop>,
    /// Only blanks end words, and nothing is substituted but variables.
    pub plain: bool,
    /// The outermost quote (or the like) that did not close.
    pub unclosed: Option<usize>,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a Text, gaps: &'a [Gap], bytes: &'a [u8], part: std::ops::Range<usize>, base: usize) -> Self {
        Reader {
            text,
            gaps,
            bytes,
            pos: part.start,
            end: part.end.min(bytes.len()),
            depth: 0,
            out: Program::default(),
            base,
            pending: Vec::new(),
            stops: Vec::new(),
            plain: false,
            unclosed: None,
        }
    }
    /// The byte at a place, as it stands.
    pub fn byte(&self, at: usize) -> Option<u8> {
        if at < self.end { self.bytes.get(at).copied() } else { None }
    }
    /// The first place from `at` on that the shell sees: it drops NUL bytes and joins lines that end in a backslash.
    pub fn seen(&self, mut at: usize) -> usize {
        loop {
            at += match (self.byte(at), self.byte(at + 1), self.byte(at + 2)) {
                (Some(0), ..) => 1,
                (Some(b'\\'), Some(b'\n'), _) => 2,
                (Some(b'\\'), Some(b'\r'), Some(b'\n')) => 3,
                _ => return at,
            };
        }
    }
    /// The next byte the shell sees.
    pub fn peek(&mut self) -> Option<u8> {
        self.pos = self.seen(self.pos);
        self.byte(self.pos)
    }
    /// The byte after the next.
    pub fn second(&self) -> Option<u8> {
        self.byte(self.seen(self.seen(self.pos) + 1))
    }
    /// Steps over the next byte.
    pub fn step(&mut self) {
        self.pos = (self.seen(self.pos) + 1).min(self.end);
    }
    /// Steps over the next byte when it is `want`.
    pub fn eat(&mut self, want: u8) -> bool {
        let is = self.peek() == Some(want);
        if is {
            self.step();
        }
        is
    }
    /// The gap that covers a place.
    pub fn gap(&self, at: usize) -> Option<Gap> {
        let i = self.gaps.partition_point(|g| g.end <= at);
        self.gaps.get(i).copied().filter(|g| g.start <= at)
    }
    /// The file range of a stretch.
    pub fn range(&self, start: usize, end: usize) -> Range {
        self.text.range(start, end.max(start))
    }
    /// Whether the byte at a place is the CR of a CRLF line end (or of the text's last line).
    pub fn cr_of_line_end(&self, at: usize) -> bool {
        self.byte(at) == Some(b'\r') && matches!(self.byte(at + 1), Some(b'\n') | None)
    }
    /// Skips blanks between words.
    pub fn blanks(&mut self) {
        while let Some(c) = self.peek() {
            if c == b' ' || c == b'\t' || self.cr_of_line_end(self.pos) {
                self.step();
            } else {
                break;
            }
        }
    }
    /// Skips blanks, comments and line ends; the bodies of here-documents are read on the way.
    pub fn lines(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                Some(b'#') => self.comment(),
                Some(b'\n') => self.newline(),
                _ => return,
            }
        }
    }
    /// Steps over a line end and reads the here-documents that wait for it.
    pub fn newline(&mut self) {
        self.step();
        for pending in std::mem::take(&mut self.pending) {
            self.document(pending);
        }
    }
    /// Steps over a comment.
    pub fn comment(&mut self) {
        let start = self.pos;
        let rest = self.bytes.get(start..self.end).unwrap_or_default();
        self.pos += rest.iter().position(|c| *c == b'\n').unwrap_or(rest.len());
        let end = if self.pos > start && self.byte(self.pos - 1) == Some(b'\r') { self.pos - 1 } else { self.pos };
        self.out.comments.push(self.text.slice(start, end));
    }
    /// Whether a word ends at the next byte.
    pub fn at_delimiter(&mut self) -> bool {
        match self.peek() {
            None => true,
            Some(b' ' | b'\t' | b'\n') => true,
            Some(b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')') => !self.plain,
            Some(_) => self.cr_of_line_end(self.pos),
        }
    }
    /// The reserved word that stands next, if it is one.
    pub fn reserved(&mut self) -> Option<&'static str> {
        let mut at = self.seen(self.pos);
        let mut word = [0u8; 9];
        let mut len = 0;
        while let Some(c) = self.byte(at) {
            if matches!(c, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')') || self.cr_of_line_end(at) {
                break;
            }
            *word.get_mut(len)? = c;
            len += 1;
            at = self.seen(at + 1);
        }
        let word = word.get(..len)?;
        RESERVED.iter().find(|r| r.as_bytes() == word).copied()
    }
    /// Steps over a reserved word that [`Reader::reserved`] saw.
    pub fn skip_word(&mut self, word: &str) {
        for _ in 0..word.len() {
            self.step();
        }
    }
    /// Steps over a reserved word when it is next.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let is = self.reserved() == Some(RESERVED.iter().find(|r| **r == word).copied().unwrap_or_default());
        if is {
            self.skip_word(word);
        }
        is
    }
    /// Notes a problem.
    pub fn problem(&mut self, start: usize, end: usize, text: &'static str) {
        self.note(start, end, text, false);
    }
    fn note(&mut self, start: usize, end: usize, text: &'static str, limit: bool) {
        if self.out.problems.len() < PROBLEMS {
            let range = self.range(start, end.min(self.end));
            self.out.problems.push(Problem { range, text, limit });
        }
    }
    /// Notes text that does not close before the end.
    pub fn open_at(&mut self, at: usize) {
        self.unclosed = Some(self.unclosed.map_or(at, |o| o.min(at)));
        self.problem(at, at + 1, "a quote or bracket does not close");
    }
    /// One level deeper; false at the cap, where the caller must read flat.
    pub fn enter(&mut self) -> bool {
        if self.depth >= DEPTH {
            if !self.out.problems.iter().any(|p| p.limit) {
                self.note(self.pos, self.pos + 1, "shell constructs are nested too deep; the inner ones are read as plain commands", true);
            }
            return false;
        }
        self.depth += 1;
        true
    }
    /// Back from [`Reader::enter`].
    pub fn leave(&mut self) {
        self.depth -= 1;
    }
}

const RESERVED: [&str; 22] = [
    "!", "{", "}", "[[", "if", "then", "elif", "else", "fi", "while", "until", "for", "select", "do", "done", "case", "esac", "in", "function",
    "time", "coproc", "]]",
];
