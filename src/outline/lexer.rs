//! One pass over the bytes: tokens just far enough to find statements, blocks and identifiers. What a statement's head says is read by
//! [`super::head`], for the few statements whose head matters.

use super::head;
use super::{Block, BlockKind, Method, Outline};
use crate::notice::{LocalNotice, NoticeKind};
use crate::source::Range;

const OTHER: u8 = 0;
const WORD: u8 = 1;
const DIGIT: u8 = 2;
const SPACE: u8 = 3;
const LINE_END: u8 = 4;
const OPEN: u8 = 5;
const CLOSE: u8 = 6;
const QUOTE: u8 = 7;
const COMMENT: u8 = 8;
const BACKSLASH: u8 = 9;
const SEPARATOR: u8 = 10;
const HIGH: u8 = 11;

static CLASS: [u8; 256] = classes();

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
struct Names {
    slots: Vec<(u32, u32)>,
    stamp: u32,
    list: Vec<u32>,
}

impl Names {
    fn insert(&mut self, hash: u32) {
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
        out
    }
}

/// A string that the lexer is inside of: f-strings nest.
#[derive(Clone, Copy)]
struct Frame {
    quote: u8,
    triple: bool,
    /// Brackets open inside the replacement field, its own brace included; 0 while in the literal part.
    depth: u32,
    /// Nested literal parts: a format specification inside a field.
    spec: bool,
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    names: Names,
    non_ascii: bool,
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
    methods: Vec<Method>,
    body_column: Option<usize>,
    method: Option<(String, usize)>,
    method_start: Option<usize>,
}

pub(super) fn run(bytes: &[u8]) -> Outline {
    let names = Names { slots: vec![(0, 0); 4096], stamp: 1, list: Vec::new() };
    let mut lexer = Lexer {
        bytes,
        at: if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 },
        depth: 0,
        names,
        non_ascii: false,
        out: Outline::default(),
        start: 0,
        column: 0,
        word: (0, 0),
        fresh: true,
        open: None,
        deepest: 0,
    };
    lexer.out.notices.extend(head::encoding_notice(bytes));
    lexer.line_start();
    lexer.all();
    lexer.out
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
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

    fn notice(&mut self, start: usize, end: usize, text: &str) {
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
                if let Some((name, start)) = open.method.take() {
                    open.methods.push(Method { name, range: Range::new(start, at) });
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
            methods: Vec::new(),
            body_column: None,
            method: None,
            method_start: None,
        });
    }

    fn close(&mut self, end: usize) {
        let Some(mut open) = self.open.take() else { return };
        if let Some((name, start)) = open.method.take() {
            open.methods.push(Method { name, range: Range::new(start, end) });
        }
        open.defines.sort();
        open.defines.dedup();
        self.out.blocks.push(Block {
            range: Range::new(open.start, end),
            kind: open.kind.unwrap_or(BlockKind::Statement),
            defines: open.defines,
            params: open.params,
            bases: open.bases,
            decorators: open.decorators,
            methods: open.methods,
            names: self.names.take_sorted(),
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
    fn word_end(&self, mut at: usize) -> usize {
        while let Some(&b) = self.bytes.get(at) {
            if !matches!(CLASS[b as usize], WORD | DIGIT | HIGH) {
                break;
            }
            at += 1;
        }
        at
    }

    fn skip_word(&mut self) {
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
        self.names.insert(hash(self.bytes, start, at));
        self.at = at;
    }

    fn comment(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
    }

    /// A string whose prefix begins at `start` and whose opening quote is at `self.at`.
    fn string(&mut self, start: usize) {
        let prefix = self.bytes.get(start..self.at).unwrap_or_default();
        let formatted = prefix.iter().any(|b| matches!(b, b'f' | b'F' | b't' | b'T'));
        let raw = prefix.iter().any(|b| matches!(b, b'r' | b'R'));
        let (quote, triple) = self.opening();
        if formatted {
            self.formatted(Frame { quote, triple, depth: 0, spec: false });
            return;
        }
        let content = self.at;
        match self.plain_end(quote, triple) {
            Some(end) => {
                self.at = end + if triple { 3 } else { 1 };
                if end - content <= 100 {
                    self.string_names(content, end, raw);
                }
            }
            None => {
                let end = self.bytes.len();
                self.notice(start, end, "ends inside a string: the rest is read as one block");
                self.at = end;
            }
        }
    }

    /// Skips the opening quotes.
    fn opening(&mut self) -> (u8, bool) {
        let quote = self.peek(0);
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        self.at += if triple { 3 } else { 1 };
        (quote, triple)
    }

    /// Where the closing quotes of a string without replacement fields begin. A string in single quotes ends with its line.
    fn plain_end(&self, quote: u8, triple: bool) -> Option<usize> {
        let mut at = self.at;
        while let Some(&b) = self.bytes.get(at) {
            if b == quote {
                if !triple || (self.bytes.get(at + 1) == Some(&quote) && self.bytes.get(at + 2) == Some(&quote)) {
                    return Some(at);
                }
            } else if b == b'\\' {
                // Also in raw strings a backslash keeps the quote after it from closing.
                at += if self.bytes.get(at + 1) == Some(&b'\r') && self.bytes.get(at + 2) == Some(&b'\n') { 2 } else { 1 };
            } else if !triple && matches!(b, b'\n' | b'\r') {
                // Not Python. The line end is left in place so that what follows is read as statements.
                return Some(at.saturating_sub(1).max(self.at));
            }
            at += 1;
        }
        None
    }

    /// Names in a short string: `getattr(m, "load")`, `import_module("a.b")`.
    fn string_names(&mut self, start: usize, end: usize, raw: bool) {
        let content = self.bytes.get(start..end).unwrap_or_default();
        if content.iter().all(|b| matches!(CLASS[*b as usize], WORD | DIGIT) || *b == b'.' || *b == b':') {
            self.words_of(start, end);
        } else if !raw && content.contains(&b'\\') {
            let decoded = head::unescape(content);
            for word in decoded.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|w| !w.is_empty()) {
                self.names.insert(hash(word.as_bytes(), 0, word.len()));
            }
        }
    }

    fn words_of(&mut self, start: usize, end: usize) {
        let mut at = start;
        while at < end {
            let stop = self.word_end(at).min(end);
            if stop > at {
                self.names.insert(hash(self.bytes, at, stop));
            }
            at = stop + 1;
        }
    }

    /// An f-string: literal parts, replacement fields with any expression inside (quotes of the same kind too), nested format specifications.
    fn formatted(&mut self, first: Frame) {
        let begin = self.at;
        let mut stack = vec![first];
        while let Some(frame) = stack.last().copied() {
            let Some(&b) = self.bytes.get(self.at) else {
                self.notice(begin, self.at, "ends inside a string: the rest is read as one block");
                return;
            };
            if frame.depth == 0 || frame.spec {
                self.literal_part(b, frame, &mut stack);
            } else {
                self.field_part(b, frame, &mut stack);
            }
        }
    }

    fn literal_part(&mut self, b: u8, frame: Frame, stack: &mut Vec<Frame>) {
        let Some(top) = stack.last_mut() else { return };
        match b {
            b'{' if !frame.spec && self.peek(1) == b'{' => self.at += 2,
            b'{' => {
                if frame.spec {
                    stack.push(Frame { depth: 1, spec: false, ..frame });
                } else {
                    top.depth = 1;
                }
                self.at += 1;
            }
            b'}' if frame.spec => {
                top.spec = false;
                top.depth = 0;
                self.at += 1;
                self.leave_nested(stack);
            }
            // `\{x}` is a backslash and a field.
            b'\\' => self.at += if frame.spec || matches!(self.peek(1), b'{' | b'}') { 1 } else { 2 },
            _ if b == frame.quote && (!frame.triple || (self.peek(1) == b && self.peek(2) == b)) => {
                self.at += if frame.triple { 3 } else { 1 };
                // Fields of a format specification share the frame of their string: drop them all.
                while stack.pop().is_some_and(|f| f.spec) && stack.last().is_some_and(|f| f.spec) {}
            }
            b'\n' | b'\r' if !frame.triple => {
                // Not Python: the string is given up at its line end.
                stack.clear();
            }
            _ => self.at += 1,
        }
    }

    /// After a field closed: a field inside a format specification returns to it.
    fn leave_nested(&mut self, stack: &mut Vec<Frame>) {
        let nested = stack.len() > 1 && stack.get(stack.len() - 2).is_some_and(|f| f.spec);
        if nested && stack.last().is_some_and(|f| f.depth == 0) {
            stack.pop();
        }
    }

    fn field_part(&mut self, b: u8, frame: Frame, stack: &mut Vec<Frame>) {
        let Some(top) = stack.last_mut() else { return };
        match CLASS[b as usize] {
            WORD | HIGH => {
                let end = self.word_end(self.at);
                let word = self.bytes.get(self.at..end).unwrap_or_default();
                if word.len() <= 2 && matches!(self.bytes.get(end), Some(b'"' | b'\'')) && is_prefix(word) {
                    let formatted = word.iter().any(|b| matches!(b, b'f' | b'F' | b't' | b'T'));
                    let start = self.at;
                    self.at = end;
                    if formatted {
                        let (quote, triple) = self.opening();
                        stack.push(Frame { quote, triple, depth: 0, spec: false });
                    } else {
                        self.string(start);
                    }
                    return;
                }
                self.non_ascii |= !word.is_ascii();
                self.names.insert(hash(self.bytes, self.at, end));
                self.at = end;
            }
            DIGIT => self.skip_word(),
            OPEN => {
                top.depth += 1;
                self.at += 1;
            }
            CLOSE => {
                top.depth -= 1;
                self.at += 1;
                self.leave_nested(stack);
            }
            QUOTE => {
                // Before Python 3.12 the quote of the string itself could not stand in a field; a field that is cut by it is not Python either way.
                self.string(self.at);
            }
            COMMENT => self.comment(),
            SEPARATOR if b == b':' && frame.depth == 1 => {
                top.spec = true;
                self.at += 1;
            }
            _ => self.at += 1,
        }
    }
}

fn is_prefix(word: &[u8]) -> bool {
    word.iter().all(|b| matches!(b.to_ascii_lowercase(), b'r' | b'b' | b'u' | b'f' | b't'))
}
