//! One pass over the bytes: tokens just far enough to find statements, blocks and identifiers. What a statement's head says is read by
//! [`super::head`], for the few statements whose head matters.

use super::head;
use super::{Assigned, Block, BlockKind, Method, Outline};
use crate::notice::{LocalNotice, NoticeKind};
use crate::source::Range;

const OTHER: u8 = 0;
pub(super) const WORD: u8 = 1;
pub(super) const DIGIT: u8 = 2;
const SPACE: u8 = 3;
pub(super) const LINE_END: u8 = 4;
pub(super) const OPEN: u8 = 5;
pub(super) const CLOSE: u8 = 6;
pub(super) const QUOTE: u8 = 7;
pub(super) const COMMENT: u8 = 8;
const BACKSLASH: u8 = 9;
pub(super) const SEPARATOR: u8 = 10;
pub(super) const HIGH: u8 = 11;

pub(super) static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [OTHER; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        table[i] = match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => WORD,
            b'0'..=b'9' => DIGIT,
            b' ' | b'\t' | 0x0c => SPACE,
            b'\n' | b'\r' => LINE_END,
            b'(' | b'[' | b'{' => OPEN,
            b')' | b']' | b'}' => CLOSE,
            b'"' | b'\'' => QUOTE,
            b'#' => COMMENT,
            b'\\' => BACKSLASH,
            b';' | b':' => SEPARATOR,
            128..=255 => HIGH,
            _ => OTHER,
        };
        i += 1;
    }
    table
}

/// A string that is a statement and has at least so many bytes is left out of what a grammar reads.
const DOCUMENTATION: usize = 48;

/// Hash of `bytes[start..end]`, eight bytes at a time.
pub(super) fn hash(bytes: &[u8], start: usize, end: usize) -> u32 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut h = (end - start) as u64;
    let mut at = start;
    while at < end {
        let n = (end - at).min(8);
        let word = match bytes.get(at..at + 8) {
            Some(eight) => {
                let mut buffer = [0; 8];
                buffer.copy_from_slice(eight);
                u64::from_le_bytes(buffer) & (u64::MAX >> (64 - 8 * n))
            }
            None => bytes.get(at..end).unwrap_or_default().iter().rev().fold(0, |word, b| word << 8 | u64::from(*b)),
        };
        h = (h.rotate_left(23) ^ word).wrapping_mul(K);
        at += n;
    }
    (h >> 32) as u32
}

/// A set of hashes that is emptied in constant time between blocks.
pub(super) struct Names {
    slots: Vec<(u32, u32)>,
    stamp: u32,
    list: Vec<u32>,
}

impl Names {
    pub(super) fn insert(&mut self, hash: u32) {
        let mask = self.slots.len() - 1;
        let mut at = (hash as usize).wrapping_mul(0x9e37_79b1) >> 7 & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.1 != self.stamp {
                *slot = (hash, self.stamp);
                self.list.push(hash);
                break;
            }
            if slot.0 == hash {
                return;
            }
            at = (at + 1) & mask;
        }
        if self.list.len() * 2 > self.slots.len() {
            let list = std::mem::take(&mut self.list);
            self.slots = vec![(0, 0); self.slots.len() * 4];
            self.stamp = 1;
            list.into_iter().for_each(|h| self.insert(h));
        }
    }
    fn take_sorted(&mut self) -> Vec<u32> {
        self.stamp += 1;
        let mut out = std::mem::take(&mut self.list);
        out.sort_unstable();
        self.list = Vec::with_capacity(out.len());
        out.shrink_to_fit();
        out
    }
}

/// One occurrence of a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) hash: u32,
    pub(super) start: usize,
    pub(super) end: usize,
    /// In a string that may be a name.
    pub(super) quoted: bool,
}

pub(super) struct Lexer<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    depth: usize,
    pub(super) names: Names,
    pub(super) non_ascii: bool,
    /// Short strings that stand one after the other, put together, and where the last of them ended.
    pub(super) joined: Vec<u8>,
    pub(super) joined_end: usize,
    /// Start, content and end of the last string without replacement fields.
    pub(super) string: (usize, usize, usize, usize),
    /// Where names stand, when that is asked for.
    pub(super) trace: Option<Vec<Seen>>,
    out: Outline,
    /// Start of the statement being read, its column, and its first word.
    start: usize,
    column: usize,
    word: (usize, usize),
    fresh: bool,
    /// The current block.
    open: Option<Open>,
    deepest: usize,
}

/// A block being read.
struct Open {
    start: usize,
    kind: Option<BlockKind>,
    decorated: bool,
    defines: Vec<String>,
    params: Vec<String>,
    bases: Vec<String>,
    decorators: Vec<String>,
    /// Of a class, what stands outside its methods.
    names: Vec<u32>,
    assigns: Vec<Assigned>,
    /// Of the method being read, or of the statement between methods.
    pending: Vec<Assigned>,
    body_column: Option<usize>,
    method: Option<(String, usize)>,
    method_start: Option<usize>,
}

impl Open {
    /// Ends a method, or what stands between methods.
    fn end_member(&mut self, end: usize, names: &mut Names, out: &mut Outline) {
        let (names, mut assigns) = (names.take_sorted(), std::mem::take(&mut self.pending));
        assigns.shrink_to_fit();
        match self.method.take() {
            Some((name, start)) => {
                let block = out.blocks.len();
                out.methods.push(Method { name, range: Range::new(start, end), block, names, assigns });
            }
            None => {
                if self.names.is_empty() {
                    self.names = names;
                } else {
                    self.names.extend(names);
                }
                self.assigns.extend(assigns);
            }
        }
    }
}

/// Every occurrence of a name in a stretch of a file, in order.
pub(super) fn trace(bytes: &[u8]) -> Vec<Seen> {
    let mut lexer = Lexer::new(bytes, 64);
    lexer.trace = Some(Vec::new());
    lexer.line_start();
    lexer.all();
    lexer.trace.unwrap_or_default()
}

pub(super) fn run(bytes: &[u8]) -> Outline {
    let mut lexer = Lexer::new(bytes, 4096);
    lexer.out.notices.extend(head::encoding_notice(bytes));
    lexer.line_start();
    lexer.all();
    let mut out = lexer.out;
    out.blocks.shrink_to_fit();
    out.methods.shrink_to_fit();
    out.imports.shrink_to_fit();
    out.documentation.shrink_to_fit();
    out
}

impl<'a> Lexer<'a> {
    fn new(bytes: &'a [u8], room: usize) -> Self {
        let names = Names { slots: vec![(0, 0); room], stamp: 1, list: Vec::new() };
        Lexer {
            bytes,
            at: if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 },
            depth: 0,
            names,
            non_ascii: false,
            joined: Vec::new(),
            joined_end: 0,
            string: (0, 0, 0, 0),
            trace: None,
            out: Outline::default(),
            start: 0,
            column: 0,
            word: (0, 0),
            fresh: true,
            open: None,
            deepest: 0,
        }
    }
}

impl Lexer<'_> {
    pub(super) fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn all(&mut self) {
        while let Some(&b) = self.bytes.get(self.at) {
            match CLASS[b as usize] {
                SPACE => self.at += 1,
                WORD => self.word(),
                HIGH => {
                    self.begin();
                    self.non_ascii = true;
                    self.word();
                }
                DIGIT => {
                    self.begin();
                    self.skip_word();
                }
                LINE_END => {
                    self.line_end();
                    if self.depth == 0 {
                        self.statement_end(self.at);
                        self.line_start();
                    }
                }
                OPEN => {
                    self.begin();
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                    self.at += 1;
                }
                CLOSE => {
                    self.depth = self.depth.saturating_sub(1);
                    self.at += 1;
                }
                QUOTE => {
                    self.begin();
                    self.string(self.at);
                }
                COMMENT => self.comment(),
                BACKSLASH => {
                    self.at += 1;
                    if CLASS[self.peek(0) as usize] == LINE_END {
                        self.line_end();
                    }
                }
                SEPARATOR => self.separator(b),
                _ => {
                    self.begin();
                    self.at += 1;
                }
            }
        }
        let end = self.bytes.len();
        self.at = end;
        if self.depth > 0 {
            let from = self.open.as_ref().map_or(self.start, |o| o.start);
            self.notice(from, end, "ends inside a bracket: the rest is read as one block");
        }
        self.statement_end(end);
        self.close(end);
        if self.out.blocks.is_empty() && end > 0 {
            self.open_block(0);
            self.close(end);
        }
    }

    pub(super) fn notice(&mut self, start: usize, end: usize, text: &str) {
        self.out.notices.push(LocalNotice { range: Range::new(start, end), kind: NoticeKind::PartlyUnderstood, text: text.to_owned() });
    }

    /// CR, LF and CRLF each end a line for Python.
    fn line_end(&mut self) {
        self.at += if self.peek(0) == b'\r' && self.peek(1) == b'\n' { 2 } else { 1 };
    }

    /// At the beginning of a logical line: measures the indent. A form feed starts the count anew.
    fn line_start(&mut self) {
        let mut column = 0;
        loop {
            match self.peek(0) {
                b' ' => column += 1,
                b'\t' => column = (column / 8 + 1) * 8,
                0x0c => column = 0,
                _ => break,
            }
            self.at += 1;
        }
        self.column = column;
        self.fresh = true;
        self.start = self.at;
        self.word = (self.at, self.at);
    }

    /// The first token of a statement: opens a block at column 0.
    #[inline]
    fn begin(&mut self) {
        if self.fresh {
            self.begin_statement();
        }
    }

    fn begin_statement(&mut self) {
        self.fresh = false;
        self.start = self.at;
        let word = self.bytes.get(self.at..self.at + head::word_len(self.bytes, self.at)).unwrap_or_default();
        let continues = matches!(word, b"else" | b"elif" | b"except" | b"finally");
        let decorated = self.open.as_ref().is_some_and(|o| o.decorated);
        if self.column == 0 && !(self.open.is_some() && (continues || decorated)) {
            self.close(self.at);
            self.open_block(self.at);
        }
        let (column, at) = (self.column, self.at);
        let Some(open) = &mut self.open else { return };
        if open.kind == Some(BlockKind::Class) && column > 0 {
            let body = *open.body_column.get_or_insert(column);
            if column <= body {
                // The names read so far are those of what ends here; decorators belong to the method that follows.
                if open.method.is_some() || open.method_start.is_none() {
                    open.end_member(at, &mut self.names, &mut self.out);
                }
                if word.is_empty() && self.bytes.get(at) == Some(&b'@') {
                    open.method_start.get_or_insert(at);
                }
            }
        }
    }

    fn open_block(&mut self, at: usize) {
        self.open = Some(Open {
            // A block owns the blank lines and comments above the first one.
            start: if self.out.blocks.is_empty() { 0 } else { at },
            kind: None,
            decorated: false,
            defines: Vec::new(),
            params: Vec::new(),
            bases: Vec::new(),
            decorators: Vec::new(),
            names: Vec::new(),
            assigns: Vec::new(),
            pending: Vec::new(),
            body_column: None,
            method: None,
            method_start: None,
        });
    }

    fn close(&mut self, end: usize) {
        let Some(mut open) = self.open.take() else { return };
        open.end_member(end, &mut self.names, &mut self.out);
        open.defines.sort();
        open.defines.dedup();
        // What a module lets out is named there, not used.
        if open.defines.iter().all(|d| d == "__all__") && open.kind == Some(BlockKind::Assign) {
            open.names.clear();
        }
        open.names.sort_unstable();
        open.names.dedup();
        // What is kept is kept long: no room to grow.
        for list in [&mut open.defines, &mut open.params, &mut open.bases, &mut open.decorators] {
            list.shrink_to_fit();
        }
        open.names.shrink_to_fit();
        open.assigns.shrink_to_fit();
        self.out.blocks.push(Block {
            range: Range::new(open.start, end),
            kind: open.kind.unwrap_or(BlockKind::Statement),
            defines: open.defines,
            params: open.params,
            bases: open.bases,
            decorators: open.decorators,
            names: open.names,
            assigns: open.assigns,
            non_ascii: std::mem::take(&mut self.non_ascii),
        });
    }

    fn separator(&mut self, b: u8) {
        self.begin();
        if self.depth == 0 {
            let word = self.bytes.get(self.word.0..self.word.1).unwrap_or_default();
            // `if x: import y` holds two statements; `x: int = 1` one.
            if b == b';' || (b == b':' && self.peek(1) != b'=' && head::is_compound(word)) {
                self.statement_end(self.at);
                self.at += 1;
                self.start = self.at;
                while self.peek(0) == b' ' {
                    self.at += 1;
                }
                self.start = self.at;
                self.word = (self.at, self.at + head::word_len(self.bytes, self.at));
                return;
            }
        }
        self.at += 1;
    }

    /// The statement `start..end` is complete: what its head says goes to the block.
    fn statement_end(&mut self, end: usize) {
        if self.fresh {
            return;
        }
        let bytes = self.bytes;
        let statement = bytes.get(self.start..end).unwrap_or_default();
        let range = Range::new(self.start, end);
        let block = self.out.blocks.len();
        if statement.trim_ascii().is_empty() {
            return;
        }
        let (string, content, close, string_end) = self.string;
        // Its own range must be all of the statement, whatever prefix and comment stand around it.
        if string == self.start
            && close - content >= DOCUMENTATION
            && string_end <= end
            && head::blank(statement, string_end - string) >= statement.len()
        {
            self.out.documentation.push(Range::new(content, close));
        }
        let Some(open) = &mut self.open else { return };
        let word_end = self.word.1.clamp(self.start, end);
        let mut word = bytes.get(self.start..word_end).unwrap_or_default();
        let mut after = word.len();
        if word == b"async" {
            let skip = head::blank(statement, after);
            let len = head::word_len(statement, skip);
            word = statement.get(skip..skip + len).unwrap_or_default();
            after = skip + len;
        }
        let top = self.column == 0;
        let first = open.kind.is_none();
        let in_body = open.body_column == Some(self.column);
        // Inside a function or class, names bound by assignment are not the module's.
        let module_scope = !matches!(open.kind, Some(BlockKind::Function | BlockKind::Class));
        let rest = statement.get(after..).unwrap_or_default();
        if open.kind == Some(BlockKind::Class) && !top {
            let own = in_body && open.method.is_none();
            open.pending.extend(head::assigned(statement, word, own).map(|name| Assigned { name: hash(name, 0, name.len()), statement: range }));
        }
        let kind = match word {
            b"def" | b"class" => {
                let name = head::identifier(rest);
                let is_class = word == b"class";
                if top && first {
                    open.defines.push(name);
                    if is_class {
                        open.bases = head::bases(rest);
                    } else {
                        open.params = head::params(rest);
                    }
                } else if module_scope {
                    open.defines.push(name);
                } else if open.kind == Some(BlockKind::Class) && in_body && !is_class {
                    let start = open.method_start.take().unwrap_or(self.start);
                    open.method = Some((name, start));
                } else if in_body {
                    open.method_start = None;
                }
                if is_class { BlockKind::Class } else { BlockKind::Function }
            }
            b"import" | b"from" => {
                let from = self.out.imports.len();
                head::imports(word == b"from", rest, range, block, &mut self.out.imports);
                if module_scope {
                    open.defines.extend(self.out.imports.iter().skip(from).filter(|i| !i.alias.is_empty()).map(|i| i.alias.clone()));
                }
                BlockKind::Import
            }
            b"global" => {
                open.defines.extend(head::list(rest));
                BlockKind::Statement
            }
            b"" if statement.first() == Some(&b'@') => {
                if top {
                    open.decorated = true;
                    open.decorators.push(head::dotted(statement.get(1..).unwrap_or_default()));
                    return;
                }
                BlockKind::Statement
            }
            _ if head::is_compound(word) => {
                if module_scope {
                    head::bound(rest, word == b"for", &mut open.defines);
                }
                BlockKind::Compound
            }
            _ => {
                let before = open.defines.len();
                if module_scope {
                    head::targets(statement, &mut open.defines);
                }
                if open.defines.len() > before { BlockKind::Assign } else { BlockKind::Statement }
            }
        };
        if top {
            open.decorated = false;
        }
        if first {
            open.kind = Some(kind);
        } else if top && open.kind != Some(kind) && matches!(open.kind, Some(BlockKind::Import | BlockKind::Assign | BlockKind::Statement)) {
            // `import a; b = a.c` on one line.
            open.kind = Some(BlockKind::Compound);
        }
    }

    #[inline]
    pub(super) fn word_end(&self, mut at: usize) -> usize {
        while let Some(&b) = self.bytes.get(at) {
            if !matches!(CLASS[b as usize], WORD | DIGIT | HIGH) {
                break;
            }
            at += 1;
        }
        at
    }

    pub(super) fn skip_word(&mut self) {
        self.at = self.word_end(self.at);
    }

    #[inline]
    fn word(&mut self) {
        let start = self.at;
        let mut at = start;
        let mut high = false;
        while let Some(&b) = self.bytes.get(at) {
            let class = CLASS[b as usize];
            if !matches!(class, WORD | DIGIT | HIGH) {
                break;
            }
            high |= class == HIGH;
            at += 1;
        }
        if self.fresh {
            self.begin_statement();
            self.word = (start, at);
        }
        if at - start <= 2 && matches!(self.bytes.get(at), Some(b'"' | b'\'')) && is_prefix(self.bytes.get(start..at).unwrap_or_default()) {
            self.at = at;
            self.string(start);
            return;
        }
        self.non_ascii |= high;
        self.name(hash(self.bytes, start, at), start, at, false);
        self.at = at;
    }

    /// A name stands here.
    #[inline]
    pub(super) fn name(&mut self, hash: u32, start: usize, end: usize, quoted: bool) {
        self.names.insert(hash);
        if let Some(trace) = &mut self.trace {
            trace.push(Seen { hash, start, end, quoted });
        }
    }

    pub(super) fn comment(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    }
}

pub(super) fn is_prefix(word: &[u8]) -> bool {
    word.iter().all(|b| matches!(b.to_ascii_lowercase(), b'r' | b'b' | b'u' | b'f' | b't'))
}
