//! Statements: lists, pipelines, compound commands, redirections.

use crate::syntax::bash::cursor::{Pending, Reader, Stop};
use crate::syntax::bash::word::For;
use crate::syntax::bash::{Join, Kind, Redirect, RedirectOp, Statement, Word};

impl Reader<'_> {
    /// Reads everything.
    pub fn program(&mut self) {
        if self.pos == 0 && self.bytes.starts_with("\u{feff}".as_bytes()) {
            self.pos = 3;
        }
        let body = self.list_to_end();
        self.out.body = body;
    }

    /// Reads statements to the end of the text, whatever stands between.
    pub fn list_to_end(&mut self) -> Vec<Statement> {
        let mut out = self.list();
        while self.pos < self.end && self.peek().is_some() {
            self.problem(self.pos, self.pos + 1, "unexpected in a shell script");
            self.step();
            out.append(&mut self.list());
        }
        out
    }

    /// Reads statements up to what ends an enclosing list.
    pub fn list(&mut self) -> Vec<Statement> {
        let mut out: Vec<Statement> = Vec::new();
        loop {
            self.lines();
            if self.peek().is_none() || self.stopped() {
                return out;
            }
            let at = self.pos;
            let statement = self.and_or();
            let found = statement.is_some();
            out.extend(statement);
            self.blanks();
            match self.peek() {
                Some(b'&') if found => {
                    self.step();
                    if let Some(last) = out.last_mut() {
                        last.background = true;
                    }
                }
                Some(b';') if found && !matches!(self.second(), Some(b';' | b'&')) => self.step(),
                _ if self.pos == at => {
                    self.problem(at, at + 1, "unexpected in a shell script");
                    self.step();
                }
                _ => {}
            }
        }
    }

    /// Whether an enclosing list ends here.
    fn stopped(&mut self) -> bool {
        match self.peek() {
            None => true,
            Some(b')') => self.stops.contains(&Stop::Paren),
            Some(b';') => matches!(self.second(), Some(b';' | b'&')) && self.stops.contains(&Stop::Item),
            Some(b'}') if self.stops.last() == Some(&Stop::Brace) => true,
            Some(_) => self.reserved().is_some_and(|word| {
                self.stops.iter().any(|s| match s {
                    Stop::Words(words) => words.contains(&word),
                    Stop::Item => word == "esac",
                    Stop::Paren | Stop::Brace => false,
                })
            }),
        }
    }

    fn until(&mut self, stop: Stop) -> Vec<Statement> {
        self.stops.push(stop);
        let body = self.list();
        self.stops.pop();
        body
    }

    fn and_or(&mut self) -> Option<Statement> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.blanks();
            let join = match (self.peek(), self.second()) {
                (Some(b'&'), Some(b'&')) => Join::And,
                (Some(b'|'), Some(b'|')) => Join::Or,
                _ => break,
            };
            self.step();
            self.step();
            self.lines();
            if self.stopped() {
                break;
            }
            let Some(next) = self.pipeline() else { break };
            rest.push((join, next));
        }
        let Some((_, last)) = rest.last() else { return Some(first) };
        let range = first.range.cover(last.range);
        Some(Statement { range, what: Kind::List(Box::new(first), rest), redirects: Vec::new(), background: false })
    }

    fn pipeline(&mut self) -> Option<Statement> {
        let start = self.pos;
        let mut not = false;
        loop {
            self.blanks();
            if self.eat_word("!") {
                not = !not;
            } else if self.eat_word("time") {
                self.blanks();
                while self.peek() == Some(b'-') && matches!(self.second(), Some(b'p' | b'-')) {
                    self.word(For::Command);
                    self.blanks();
                }
            } else {
                break;
            }
        }
        let first = self.command()?;
        let mut stages = Vec::new();
        let mut last = first.range;
        loop {
            self.blanks();
            if self.peek() != Some(b'|') || self.second() == Some(b'|') {
                break;
            }
            self.step();
            self.eat(b'&');
            self.lines();
            if self.stopped() {
                break;
            }
            let Some(next) = self.command() else { break };
            last = next.range;
            stages.push(next);
        }
        let mut out = first;
        if !stages.is_empty() {
            let range = out.range.cover(last);
            stages.insert(0, out);
            out = Statement { range, what: Kind::Pipeline(stages), redirects: Vec::new(), background: false };
        }
        if not {
            let range = self.range(start, start).cover(out.range);
            out = Statement { range, what: Kind::Not(Box::new(out)), redirects: Vec::new(), background: false };
        }
        Some(out)
    }

    fn command(&mut self) -> Option<Statement> {
        self.peek();
        let start = self.pos;
        let reserved = self.reserved();
        let opens = matches!(reserved, Some("{" | "[[" | "if" | "while" | "until" | "for" | "select" | "case" | "function" | "coproc"));
        if !opens && self.peek() != Some(b'(') {
            if matches!(reserved, Some("then" | "elif" | "else" | "fi" | "do" | "done" | "esac" | "}")) {
                let word = reserved.unwrap_or_default();
                self.problem(start, start + word.len(), "unexpected in a shell script");
                self.skip_word(word);
                return None;
            }
            return self.simple();
        }
        if !self.enter() {
            match reserved {
                Some(word) => self.skip_word(word),
                None => self.step(),
            }
            return None;
        }
        let word = reserved.unwrap_or_default();
        self.skip_word(word);
        let what = match word {
            "{" => Kind::Group(self.closed_by(start, "}")),
            "[[" => self.test(),
            "if" => self.if_(start),
            "while" | "until" => {
                let cond = self.until(Stop::Words(&["do"]));
                Kind::Loop { until: word == "until", cond, body: self.do_group(start) }
            }
            "for" | "select" => self.for_(start),
            "case" => self.case(start),
            "function" => {
                self.blanks();
                let name = self.word(For::Command).and_then(|w| w.literal()).unwrap_or_default();
                self.blanks();
                if self.eat(b'(') {
                    self.blanks();
                    self.eat(b')');
                }
                self.function(name)
            }
            "coproc" => {
                self.coproc_name();
                Kind::Group(self.command().into_iter().collect())
            }
            _ => self.parens(start),
        };
        self.leave();
        let mut end = self.pos;
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            let Some(redirect) = self.redirect() else { break };
            redirects.push(redirect);
            end = self.pos;
        }
        Some(Statement { range: self.range(start, end), what, redirects, background: false })
    }

    /// After `(`: a subshell or arithmetic.
    fn parens(&mut self, start: usize) -> Kind {
        self.step();
        if self.peek() == Some(b'(') && self.is_arithmetic(self.pos) {
            self.step();
            let inner = self.arithmetic(b'(', b')');
            self.eat(b')');
            return Kind::Arithmetic(inner);
        }
        let body = self.until(Stop::Paren);
        if !self.eat(b')') {
            self.problem(start, start + 1, "a subshell does not close");
        }
        Kind::Subshell(body)
    }

    fn closed_by(&mut self, start: usize, word: &'static str) -> Vec<Statement> {
        let stop: &'static [&'static str] = match word {
            "}" => &["}"],
            "done" => &["done"],
            _ => &["fi"],
        };
        let body = self.until(Stop::Words(stop));
        if !self.eat_word(word) {
            self.problem(start, start + 1, "a compound command does not close");
        }
        body
    }

    fn do_group(&mut self, start: usize) -> Vec<Statement> {
        self.lines();
        if self.eat_word("do") {
            self.closed_by(start, "done")
        } else if self.eat_word("{") {
            self.closed_by(start, "}")
        } else {
            self.problem(start, start + 1, "a loop without a body");
            Vec::new()
        }
    }

    fn if_(&mut self, start: usize) -> Kind {
        let mut arms = Vec::new();
        loop {
            let cond = self.until(Stop::Words(&["then"]));
            self.eat_word("then");
            let body = self.until(Stop::Words(&["elif", "else", "fi"]));
            arms.push((cond, body));
            if self.eat_word("elif") {
                continue;
            }
            let otherwise = if self.eat_word("else") {
                self.closed_by(start, "fi")
            } else {
                if !self.eat_word("fi") {
                    self.problem(start, start + 1, "a compound command does not close");
                }
                Vec::new()
            };
            return Kind::If(arms, otherwise);
        }
    }

    fn for_(&mut self, start: usize) -> Kind {
        self.blanks();
        if self.peek() == Some(b'(') && self.second() == Some(b'(') {
            self.step();
            self.step();
            let inner = self.arithmetic(b'(', b')');
            self.eat(b')');
            self.blanks();
            self.eat(b';');
            // What is expanded in the head runs too: it stands as a first statement of the body.
            let head = Statement { range: self.range(start, self.pos), what: Kind::Arithmetic(inner), redirects: Vec::new(), background: false };
            let mut body = vec![head];
            body.append(&mut self.do_group(start));
            return Kind::For { name: String::new(), words: Some(Vec::new()), body };
        }
        let name = self.word(For::Command).and_then(|w| w.literal()).unwrap_or_default();
        self.lines();
        let mut words = None;
        if self.eat_word("in") {
            words = Some(self.words());
        }
        self.blanks();
        self.eat(b';');
        Kind::For { name, words, body: self.do_group(start) }
    }

    /// Words up to the end of the command.
    fn words(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            match self.word(For::Command) {
                Some(word) => words.push(word),
                None => return words,
            }
        }
    }

    fn case(&mut self, start: usize) -> Kind {
        self.blanks();
        let subject = self.word(For::Command).unwrap_or_default();
        self.lines();
        if !self.eat_word("in") {
            self.open_at(start);
        }
        let mut items = Vec::new();
        loop {
            self.lines();
            if self.eat_word("esac") {
                break;
            }
            if self.peek().is_none() {
                self.problem(start, start + 1, "a compound command does not close");
                break;
            }
            let at = self.pos;
            self.eat(b'(');
            let mut patterns = Vec::new();
            loop {
                self.blanks();
                patterns.extend(self.word(For::Command));
                self.blanks();
                if !self.eat(b'|') {
                    break;
                }
            }
            if !self.eat(b')') {
                self.open_at(start);
            }
            let body = self.until(Stop::Item);
            items.push((patterns, body));
            if self.eat(b';') {
                self.eat(b';');
                self.eat(b'&');
            } else if self.pos == at {
                // Something that ends an outer construct: leave it to that one.
                break;
            }
        }
        Kind::Case(subject, items)
    }

    fn function(&mut self, name: String) -> Kind {
        self.lines();
        let body = if self.stopped() { None } else { self.command() };
        let body = body.unwrap_or(Statement {
            range: self.range(self.pos, self.pos),
            what: Kind::Group(Vec::new()),
            redirects: Vec::new(),
            background: false,
        });
        Kind::Function(name, Box::new(body))
    }

    /// `coproc NAME {`: steps over the name.
    fn coproc_name(&mut self) {
        self.blanks();
        let before = self.pos;
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == b'_') {
            self.step();
        }
        let named = self.pos > before && matches!(self.peek(), Some(b' ' | b'\t'));
        self.blanks();
        let opens = self.peek() == Some(b'(') || matches!(self.reserved(), Some("{" | "if" | "while" | "until" | "for" | "case" | "[["));
        if !(named && opens) {
            self.pos = before;
        }
    }

    /// After `[[`.
    fn test(&mut self) -> Kind {
        let start = self.pos;
        let mut words: Vec<Word> = Vec::new();
        loop {
            self.lines();
            if self.eat_word("]]") {
                break;
            }
            let Some(c) = self.peek() else {
                self.open_at(start.saturating_sub(2));
                break;
            };
            let regex = words.last().and_then(Word::literal).is_some_and(|w| w == "=~");
            if !regex && matches!(c, b'(' | b')' | b'<' | b'>' | b'&' | b'|') && !(matches!(c, b'<' | b'>') && self.second() == Some(b'(')) {
                let start = self.pos;
                self.step();
                if matches!(c, b'&' | b'|') {
                    self.eat(c);
                }
                let text = self.text.slice(start, self.pos);
                let range = text.whole();
                let part = crate::syntax::bash::Part { range, quoted: false, what: crate::syntax::bash::Piece::Text(text) };
                words.push(Word { range, parts: vec![part] });
                continue;
            }
            let purpose = if regex { For::Regex } else { For::Command };
            match self.word(purpose) {
                Some(word) => words.push(word),
                // `;` and the like cannot stand in a test: it ends here.
                None => {
                    self.open_at(start.saturating_sub(2));
                    break;
                }
            }
        }
        Kind::Test(words)
    }

    fn simple(&mut self) -> Option<Statement> {
        self.peek();
        let start = self.pos;
        let mut end = start;
        let (mut assigns, mut words, mut redirects) = (Vec::new(), Vec::<Word>::new(), Vec::new());
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect() {
                redirects.push(redirect);
                end = self.pos;
                continue;
            }
            match self.peek() {
                Some(b'#') => break,
                Some(b'(') if words.len() == 1 && assigns.is_empty() && redirects.is_empty() => {
                    self.step();
                    self.blanks();
                    if self.eat(b')') && self.enter() {
                        let name = words.first().and_then(Word::literal).unwrap_or_default();
                        let what = self.function(name);
                        self.leave();
                        let mut range = self.range(start, self.pos);
                        if let Kind::Function(_, body) = &what {
                            range = self.range(start, start).cover(body.range);
                        }
                        return Some(Statement { range, what, redirects, background: false });
                    }
                    break;
                }
                _ => {}
            }
            let Some(word) = self.word(For::Command) else { break };
            end = self.pos;
            match word.assignment().filter(|_| words.is_empty()) {
                Some(assign) => assigns.push(assign),
                None => words.push(word),
            }
        }
        if end == start {
            return None;
        }
        Some(Statement { range: self.range(start, end), what: Kind::Simple { assigns, words }, redirects, background: false })
    }

    /// Reads a redirection, if one stands here.
    fn redirect(&mut self) -> Option<Redirect> {
        let first = self.peek()?;
        let start = self.pos;
        // A descriptor: digits or `{name}` directly before the operator.
        let mut at = start;
        if first.is_ascii_digit() {
            while self.byte(at).is_some_and(|c| c.is_ascii_digit()) {
                at = self.seen(at + 1);
            }
        } else if first == b'{' {
            at = self.seen(at + 1);
            while self.byte(at).is_some_and(|c| c.is_ascii_alphanumeric() || c == b'_') {
                at = self.seen(at + 1);
            }
            if self.byte(at) != Some(b'}') {
                return None;
            }
            at = self.seen(at + 1);
        }
        let op = self.byte(at)?;
        let second = self.byte(self.seen(at + 1));
        let both = op == b'&' && at == start && second == Some(b'>');
        if !both && (!matches!(op, b'<' | b'>') || second == Some(b'(')) {
            return None;
        }
        let digits = self.bytes.get(start..at).and_then(|b| std::str::from_utf8(b).ok());
        // A descriptor that the shell chooses is none of the standard ones.
        let fd = if first == b'{' { Some(u32::MAX) } else { digits.and_then(|d| d.parse().ok()) };
        self.pos = at;
        self.step();
        let mut op = if op == b'<' { RedirectOp::Read } else { RedirectOp::Write };
        if both {
            self.step();
            self.eat(b'>');
            op = RedirectOp::WriteBoth;
        } else if op == RedirectOp::Read {
            if self.eat(b'<') {
                if self.eat(b'<') {
                    op = RedirectOp::String;
                } else {
                    let tabs = self.eat(b'-');
                    return Some(self.document_head(start, fd, tabs));
                }
            } else if self.eat(b'&') {
                op = RedirectOp::Duplicate;
            } else if self.eat(b'>') {
                op = RedirectOp::Write;
            }
        } else if !self.eat(b'>') && !self.eat(b'|') && self.eat(b'&') {
            op = RedirectOp::WriteBoth;
        }
        self.blanks();
        let target = self.word(For::Command).unwrap_or_default();
        if op == RedirectOp::WriteBoth && !both {
            let literal = target.literal();
            if literal.is_some_and(|t| t == "-" || (!t.is_empty() && t.trim_end_matches('-').bytes().all(|c| c.is_ascii_digit()))) {
                op = RedirectOp::Duplicate;
            }
        }
        Some(Redirect { range: self.range(start, self.pos), fd, op, target, body: None })
    }

    /// After `<<`: the delimiter, which is unquoted but never expanded.
    fn document_head(&mut self, start: usize, fd: Option<u32>, tabs: bool) -> Redirect {
        self.blanks();
        let from = self.pos;
        let mut delimiter = Vec::new();
        let mut quoted = false;
        while !self.at_delimiter() {
            let Some(c) = self.peek() else { break };
            let at = self.pos;
            match c {
                b'\\' => {
                    quoted = true;
                    delimiter.extend(self.byte(at + 1));
                    self.pos = (at + 2).min(self.end);
                }
                b'\'' | b'"' => {
                    quoted = true;
                    let rest = self.bytes.get(at + 1..self.end).unwrap_or_default();
                    let Some(n) = rest.iter().position(|b| *b == c) else {
                        self.open_at(at);
                        self.pos = self.end;
                        break;
                    };
                    delimiter.extend(rest.iter().take(n).filter(|b| **b != 0));
                    self.pos = at + n + 2;
                }
                b'$' if matches!(self.second(), Some(b'\'' | b'"')) => self.step(),
                _ => {
                    delimiter.push(c);
                    self.step();
                }
            }
        }
        let text = self.text.slice(from, self.pos);
        let target_range = text.whole();
        let part = crate::syntax::bash::Part { range: target_range, quoted: true, what: crate::syntax::bash::Piece::Text(text) };
        let cr = self.byte(self.pos) == Some(b'\r');
        let index = self.base + self.out.bodies.len();
        self.out.bodies.push(Word::default());
        self.pending.push(Pending { index, delimiter, cr, quoted, tabs });
        let target = Word { range: target_range, parts: vec![part] };
        Redirect { range: self.range(start, self.pos), fd, op: RedirectOp::Document, target, body: Some(index) }
    }
}
