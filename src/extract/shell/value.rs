//! Words to values.

use crate::extract::shell::walk::{Scope, Walk};
use crate::facts::{Builder, Channel, Command, FactId, Stdin, V, ValueId, What, Word, WordPart};
use crate::source::Range;
use crate::syntax::bash::{self, Kind, Part, Piece, RedirectOp, Statement};
use crate::text::Text;

/// A brace expansion gives at most this many words.
const WORDS: usize = 64;

impl Walk<'_> {
    /// A word; what is substituted in it is walked.
    pub fn word(&mut self, word: &bash::Word, b: &mut Builder) -> Word {
        let parts: Vec<WordPart> = word.parts.iter().map(|p| WordPart { value: self.part(p, b), quoted: p.quoted }).collect();
        let value = joined(word.range, &word.parts, &parts, b);
        Word { range: word.range, value, parts }
    }

    /// The words that words stand for: `{a,b}` is two.
    pub fn words(&mut self, words: &[bash::Word], b: &mut Builder) -> Vec<Word> {
        let open = |p: &Part| !p.quoted && matches!(&p.what, Piece::Text(t) if t.as_str().contains('{'));
        let mut out = Vec::with_capacity(words.len());
        for word in words {
            if word.parts.iter().any(open) {
                out.extend(braces(word).iter().map(|w| self.word(w, b)));
            } else {
                out.push(self.word(word, b));
            }
        }
        out
    }

    /// The value of a word that is no argument: an assigned text, a file name.
    pub fn value(&mut self, word: &bash::Word, b: &mut Builder) -> ValueId {
        self.word(word, b).value
    }

    /// A part.
    fn part(&mut self, part: &Part, b: &mut Builder) -> ValueId {
        let range = part.range;
        match &part.what {
            Piece::Text(text) if text.is_empty() => b.value(range, V::text(Text::synthetic("", range))),
            Piece::Text(text) => b.value(range, V::text(text.clone())),
            Piece::Gap(id) => match self.holes.get(*id) {
                Some(hole) => hole.value,
                None => b.value(range, V::Unknown(Vec::new())),
            },
            Piece::Variable(name) => b.value(range, variable(name)),
            Piece::Expansion(name, op, operand) => self.expansion(range, name, op, operand, b),
            Piece::Substitution(body) => self.substitution(range, body, b),
            Piece::Process(body, output) => self.process(range, body, *output, b),
            Piece::Arithmetic(parts) => {
                let values = parts.iter().map(|p| self.part(p, b)).collect();
                b.value(range, V::Unknown(values))
            }
            Piece::Array(words) => {
                let values = words.iter().map(|w| self.value(w, b)).collect();
                b.value(range, V::List(values, false))
            }
        }
    }

    fn expansion(&mut self, range: Range, name: &str, op: &str, operand: &[Part], b: &mut Builder) -> ValueId {
        let variable = b.value(range, variable(name));
        if op.is_empty() {
            let mut values = vec![variable];
            for part in operand {
                if !matches!(part.what, Piece::Text(_)) {
                    values.push(self.part(part, b));
                }
            }
            return b.value(range, V::Unknown(values));
        }
        let start = operand.first().map_or(range, |p| p.range);
        let whole = operand.last().map_or(range, |p| start.cover(p.range));
        let word = bash::Word { range: whole, parts: operand.to_vec() };
        let other = self.value(&word, b);
        match op {
            "?" => variable,
            "+" => {
                let nothing = b.value(range, V::text(Text::synthetic("", range)));
                b.value(range, V::Phi(vec![other, nothing]))
            }
            _ => {
                let either = b.value(range, V::Phi(vec![variable, other]));
                if op == "=" {
                    b.add(range, What::Write { channel: Channel::Var(name.to_owned()), value: either });
                }
                either
            }
        }
    }

    fn substitution(&mut self, range: Range, body: &[Statement], b: &mut Builder) -> ValueId {
        // `$(< file)` has no command at all.
        if let [Statement { what: Kind::Simple { assigns, words }, redirects, .. }] = body
            && let ([], [], [redirect]) = (assigns.as_slice(), words.as_slice(), redirects.as_slice())
            && redirect.op == RedirectOp::Read
        {
            let file = self.value(&redirect.target, b);
            return b.value(range, V::FileRead(file));
        }
        let inner = Scope { sink: None, piped: true, sub: true, ..self.scope.clone() };
        let outputs = self.scoped(inner, |walk| walk.list(body, b));
        if let [only] = outputs.as_slice()
            && let Some(file) = printed_file(*only, b)
        {
            return b.value(range, V::FileRead(file));
        }
        output(range, &outputs, b)
    }

    fn process(&mut self, range: Range, body: &[Statement], output: bool, b: &mut Builder) -> ValueId {
        let first = b.facts.items.len();
        let stdin = if output { Stdin::Inherited } else { self.scope.stdin };
        let inner = Scope { sink: None, piped: true, sub: true, stdin, ..self.scope.clone() };
        let outputs = self.scoped(inner, |walk| walk.list(body, b));
        if output {
            // Its input is the output of a command that has no fact yet; the command sets it.
            self.receivers.push(first..b.facts.items.len());
        }
        let last = || (first..b.facts.items.len()).rev().find(|i| b.facts.items.get(*i).is_some_and(|f| matches!(f.what, What::Command(_))));
        let fact = match outputs.last() {
            Some(fact) => Some(*fact),
            None => last().map(|i| FactId(u32::try_from(i).unwrap_or(u32::MAX))),
        };
        // Several commands that write into one pipe are joined; the pipe's name stands for each of them.
        if !output && outputs.len() > 1 {
            let names = outputs.iter().map(|f| b.value(range, V::Fifo(*f))).collect();
            return b.value(range, V::Phi(names));
        }
        match fact {
            Some(fact) => b.value(range, V::Fifo(fact)),
            None => b.value(range, V::Unknown(Vec::new())),
        }
    }
}

/// The value of what commands print together.
pub fn output(range: Range, outputs: &[FactId], b: &mut Builder) -> ValueId {
    match outputs {
        [] => b.value(range, V::Unknown(Vec::new())),
        [only] => b.value(range, V::Subst(*only)),
        many => {
            let values = many.iter().map(|f| b.value(range, V::Subst(*f))).collect();
            b.value(range, V::Join(values))
        }
    }
}

/// One value for the parts of a word: a single text when all of it is literal.
fn joined(range: Range, ast: &[Part], parts: &[WordPart], b: &mut Builder) -> ValueId {
    if let [only] = parts {
        return only.value;
    }
    let mut text = Text::default();
    for part in ast {
        let Piece::Text(t) = &part.what else {
            let values = parts.iter().map(|p| p.value).collect();
            return b.value(range, V::Join(values));
        };
        text.append(t);
    }
    b.value(range, V::text(text))
}

/// `$name`: a parameter, a special parameter, a variable.
fn variable(name: &str) -> V {
    match name.parse::<u32>() {
        Ok(n) if n > 0 => V::Param(n - 1),
        _ if name == "*" => V::Name("@".to_owned()),
        _ if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => V::Env(name.to_owned()),
        _ => V::Name(name.to_owned()),
    }
}

/// For `cat FILE` the file: it prints its bytes and nothing else.
fn printed_file(fact: FactId, b: &Builder) -> Option<ValueId> {
    let What::Command(Command { words, stdin: Stdin::Inherited, .. }) = &b.facts.fact(fact).what else { return None };
    let [program, file] = words.as_slice() else { return None };
    let literal = b.facts.word(file);
    (b.facts.word(program).as_deref() == Some("cat") && literal.is_none_or(|f| !f.starts_with('-'))).then_some(file.value)
}

/// The words that a word with `{a,b}` in it stands for.
fn braces(word: &bash::Word) -> Vec<bash::Word> {
    let mut done = Vec::new();
    let mut todo = vec![word.parts.clone()];
    while let Some(parts) = todo.pop() {
        match split(&parts) {
            Some(mut options) if done.len() + todo.len() + options.len() <= WORDS => {
                options.reverse();
                todo.append(&mut options);
            }
            _ => done.push(bash::Word { range: span(&parts).unwrap_or(word.range), parts }),
        }
    }
    done
}

fn span(parts: &[Part]) -> Option<Range> {
    let (first, last) = (parts.first()?, parts.last()?);
    Some(first.range.cover(last.range))
}

/// Expands the first `{…,…}` of unquoted text.
fn split(parts: &[Part]) -> Option<Vec<Vec<Part>>> {
    let marks: Vec<(usize, usize, u8)> = parts
        .iter()
        .enumerate()
        .filter(|(_, p)| !p.quoted)
        .flat_map(|(i, p)| match &p.what {
            Piece::Text(t) => t.as_str().bytes().enumerate().filter(|(_, c)| matches!(c, b'{' | b',' | b'}')).map(|(at, c)| (i, at, c)).collect(),
            _ => Vec::new(),
        })
        .collect();
    // The matching bracket of each opening one, and the commas directly inside it: one pass with a stack.
    let mut stack: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut best: Option<(usize, Vec<usize>)> = None;
    for (i, (_, _, c)) in marks.iter().enumerate() {
        match c {
            b'{' => stack.push((i, Vec::new())),
            b',' => {
                if let Some((_, commas)) = stack.last_mut() {
                    commas.push(i);
                }
            }
            _ => {
                let Some((open, mut commas)) = stack.pop() else { continue };
                if !commas.is_empty() && best.as_ref().is_none_or(|(b, _)| open < *b) {
                    commas.push(i);
                    best = Some((open, commas));
                }
            }
        }
    }
    let (open, ends) = best?;
    let place = |i: usize| marks.get(i).map(|(part, at, _)| (*part, *at));
    let (open, close) = (place(open)?, place(*ends.last()?)?);
    let mut out = Vec::new();
    let mut from = (open.0, open.1 + 1);
    for end in ends {
        let end = place(end)?;
        let mut option = cut(parts, (0, 0), open);
        option.extend(cut(parts, from, end));
        option.extend(cut(parts, (close.0, close.1 + 1), (parts.len(), 0)));
        out.push(option);
        from = (end.0, end.1 + 1);
    }
    Some(out)
}

/// The parts between two places (part, byte of its text).
fn cut(parts: &[Part], from: (usize, usize), to: (usize, usize)) -> Vec<Part> {
    let mut out = Vec::new();
    for (i, part) in parts.iter().enumerate().skip(from.0).take((to.0 + 1).saturating_sub(from.0)) {
        match &part.what {
            Piece::Text(text) if i == from.0 || i == to.0 => {
                let start = if i == from.0 { from.1 } else { 0 };
                let end = if i == to.0 { to.1 } else { text.len() };
                let text = text.slice(start, end.max(start));
                if !text.is_empty() {
                    out.push(Part { range: text.whole(), quoted: part.quoted, what: Piece::Text(text) });
                }
            }
            _ if i == to.0 => {}
            _ => out.push(part.clone()),
        }
    }
    out
}
