//! References of make: `$(NAME)`, `$(function …)`, `$$`. Definitions replace them as text, since that is what the shell is given; what stays unknown is a
//! hole. What `$(shell …)` runs becomes facts.

use crate::extract::Hole;
use crate::extract::make::Make;
use crate::facts::{Builder, V, ValueId};
use crate::source::Range;
use crate::text::Text;

/// Definitions inside definitions.
const DEPTH: u32 = 8;
/// Bytes that all expansions of a file may add.
const SPENT: usize = 1 << 18;

/// A text whose references are replaced; what is not literal is a hole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expanded {
    pub text: Text,
    pub holes: Vec<Hole>,
}

impl Expanded {
    /// Splits off what stands before `at`.
    pub fn take(&mut self, at: usize) -> Expanded {
        let rest = self.clone().from(at);
        let before = Expanded { text: self.text.slice(0, at), holes: self.holes.iter().copied().filter(|h| h.end <= at).collect() };
        *self = rest;
        before
    }
    /// What stands from `at` on.
    pub fn from(self, at: usize) -> Expanded {
        let holes = self.holes.iter().filter(|h| h.start >= at).map(|h| Hole { start: h.start - at, end: h.end - at, value: h.value }).collect();
        Expanded { text: self.text.slice(at, self.text.len()), holes }
    }
    fn hole(&mut self, text: &Text, value: ValueId) {
        let start = self.text.len();
        // Never empty, and never more than one line, whatever the reference spans.
        let mask = "x".repeat(text.len().clamp(1, 64));
        self.text.push(&mask, text.whole());
        self.holes.push(Hole { start, end: self.text.len(), value });
    }
}

type Known<'a> = &'a [(&'a str, Option<&'a Text>)];

impl Make {
    /// Expands `text`; `known` are automatic variables and the arguments of a call.
    pub(super) fn expand(&mut self, text: &Text, known: Known, b: &mut Builder) -> Expanded {
        let mut out = Expanded::default();
        self.into(text, known, None, DEPTH, &mut out, b);
        out
    }

    /// Appends the expansion of `text`; all of it stands at `place` when it comes from a definition.
    fn into(&mut self, text: &Text, known: Known, place: Option<Range>, depth: u32, out: &mut Expanded, b: &mut Builder) {
        let bytes = text.as_str().as_bytes();
        let (mut from, mut at) = (0, 0);
        let literal = |out: &mut Expanded, start: usize, end: usize| match place {
            Some(range) => out.text.push(text.as_str().get(start..end).unwrap_or_default(), range),
            None => out.text.append(&text.slice(start, end)),
        };
        while let Some(c) = bytes.get(at) {
            if *c != b'$' {
                at += 1;
                continue;
            }
            literal(out, from, at);
            let end = match bytes.get(at + 1) {
                Some(b'$') => {
                    out.text.push("$", place.unwrap_or_else(|| text.range(at, at + 2)));
                    at + 2
                }
                Some(b'(' | b'{') => {
                    let end = closing(bytes, at + 1);
                    let whole = text.slice(at, end);
                    let inner = text.slice(at + 2, end.saturating_sub(1).max(at + 2));
                    self.reference(&inner, &placed(&whole, place), known, depth, out, b);
                    end
                }
                Some(_) => {
                    let mut end = at + 2;
                    while !text.as_str().is_char_boundary(end) {
                        end += 1;
                    }
                    self.reference(&text.slice(at + 1, end), &placed(&text.slice(at, end), place), known, depth, out, b);
                    end
                }
                None => at + 1,
            };
            at = end;
            from = end;
        }
        literal(out, from, bytes.len());
    }

    /// `inner` is what stands in the brackets, `whole` the reference with its place.
    fn reference(&mut self, inner: &Text, whole: &Text, known: Known, depth: u32, out: &mut Expanded, b: &mut Builder) {
        let range = whole.whole();
        let source = inner.as_str();
        let simple = !source.contains([' ', '\t', '$', ',']);
        if simple {
            // `$(NAME:a=b)` names NAME.
            let name = source.split(':').next().unwrap_or_default().trim();
            if let Some((_, value)) = known.iter().find(|(n, _)| *n == name) {
                return match value {
                    Some(value) => out.text.push(value.as_str(), range),
                    None => {
                        let value = b.value(range, V::Unknown(Vec::new()));
                        out.hole(whole, value);
                    }
                };
            }
            let definition = self.defined.get(name).cloned();
            if let Some(definition) = definition.filter(|d| depth > 0 && name == source && self.pay(d.len())) {
                return self.into(&definition, known, Some(range), depth - 1, out, b);
            }
            let named = name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') && !name.is_empty();
            let value = b.value(range, if named { V::Env(name.to_owned()) } else { V::Unknown(Vec::new()) });
            return out.hole(whole, value);
        }
        let verb_len = source.find([' ', '\t']).unwrap_or(source.len());
        let verb = source.get(..verb_len).unwrap_or_default();
        let rest = inner.slice((verb_len + 1).min(inner.len()), inner.len());
        if verb == "shell" && depth > 0 && self.pay(rest.len()) {
            let mut code = Expanded::default();
            self.into(&rest, known, None, depth - 1, &mut code, b);
            let first = b.facts.items.len();
            crate::extract::shell::script(&code.text, &code.holes, b);
            let value = crate::extract::shell::output_since(first, range, b);
            return out.hole(whole, value);
        }
        let arguments = arguments(&rest);
        if verb == "call"
            && let Some((name, args)) = arguments.split_first()
            && let Some(definition) = self.defined.get(name.as_str().trim()).cloned().filter(|d| depth > 0 && self.pay(d.len()))
        {
            const NUMBERS: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
            let mut inner: Vec<(&str, Option<&Text>)> = NUMBERS.iter().zip(args).map(|(n, a)| (*n, Some(a))).collect();
            inner.extend(known.iter().filter(|(n, _)| !NUMBERS.contains(n)));
            return self.into(&definition, &inner, Some(range), depth - 1, out, b);
        }
        // Any other function: what it is computed from, which is expanded first.
        let mut values = Vec::new();
        if depth > 0 && self.pay(rest.len()) {
            for argument in &arguments {
                let mut one = Expanded::default();
                self.into(argument, known, None, depth - 1, &mut one, b);
                values.push(crate::extract::shell::with_holes(&one.text, &one.holes, b));
            }
        }
        let value = b.value(range, V::Unknown(values));
        out.hole(whole, value);
    }

    fn pay(&mut self, bytes: usize) -> bool {
        self.spent = self.spent.saturating_add(bytes + 1);
        self.spent <= SPENT
    }
}

fn placed(whole: &Text, place: Option<Range>) -> Text {
    match place {
        Some(range) => Text::synthetic(whole.as_str(), range),
        None => whole.clone(),
    }
}

/// One past the bracket that closes the one at `at`; only brackets of its own kind count.
fn closing(bytes: &[u8], at: usize) -> usize {
    let (open, close) = if bytes.get(at) == Some(&b'(') { (b'(', b')') } else { (b'{', b'}') };
    let mut depth = 0usize;
    for (i, c) in bytes.iter().enumerate().skip(at) {
        if *c == open {
            depth += 1;
        } else if *c == close {
            depth -= 1;
            if depth == 0 {
                return i + 1;
            }
        }
    }
    bytes.len()
}

/// Arguments of a function: commas outside brackets separate them.
fn arguments(text: &Text) -> Vec<Text> {
    let mut out = Vec::new();
    let (mut from, mut depth) = (0, 0usize);
    for (at, c) in text.as_str().bytes().enumerate() {
        match c {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                out.push(text.slice(from, at));
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(text.slice(from, text.len()));
    out
}
