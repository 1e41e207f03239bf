//! Which program a command runs when its first word is no literal: a variable that the script itself set, a default, a path below a variable,
//! `$(command -v name)`. Nothing here is guessed beyond what the text says; several possibilities give several commands.

use std::collections::BTreeMap;

use crate::extract::shell::builtin;
use crate::facts::{Builder, Channel, Command, V, ValueId, What, Word, WordPart};
use crate::text::Text;

/// Texts, and lists, kept for one variable.
const TEXTS: usize = 4;

/// Words of a list that become words of a command.
const WORDS: usize = 64;

/// Facts before a script that are searched for what gives a variable.
const AROUND: usize = 10_000;

/// Literal texts, and lists of words, that the script gives its variables.
#[derive(Debug, Default)]
pub struct Variables {
    texts: BTreeMap<String, Vec<Text>>,
    lists: BTreeMap<String, Vec<Vec<ValueId>>>,
}

impl Variables {
    /// Notes what the facts from `first` on assign.
    pub fn note(&mut self, first: usize, b: &Builder) {
        for fact in b.facts.items.iter().skip(first) {
            let What::Write { channel: Channel::Var(name) | Channel::Env(name), value } = &fact.what else { continue };
            if let V::List(words, _) = &b.facts.value(*value).what {
                let known = self.lists.entry(name.clone()).or_default();
                // What is added to a list begins with no program.
                let begins = words.first().is_some_and(|w| !b.facts.literal(*w).is_some_and(|t| t.starts_with('-')));
                if known.len() < TEXTS && begins {
                    known.push(words.iter().take(WORDS).copied().collect());
                }
            }
            let mut texts = Vec::new();
            literals(*value, b, &mut texts);
            if texts.is_empty() {
                continue;
            }
            let known = self.texts.entry(name.clone()).or_default();
            for text in texts {
                if known.len() < TEXTS && known.iter().all(|k| k.as_str() != text.as_str()) {
                    known.push(text);
                }
            }
        }
    }

    /// What a variable may hold: what this script gave it, otherwise what stands around the script (`env:` of a step or job, `ENV` and `ARG` of a stage).
    fn texts(&self, name: &str, b: &Builder) -> Vec<Text> {
        if let Some(known) = self.texts.get(name) {
            return known.clone();
        }
        let mut owners = Vec::new();
        let mut owner = b.owner();
        while let Some(id) = owner {
            owners.push(id);
            owner = b.facts.fact(id).owner;
        }
        let mut out = Vec::new();
        for fact in b.facts.items.iter().rev().take(AROUND).filter(|f| f.owner.is_none_or(|o| owners.contains(&o))) {
            let value = match &fact.what {
                What::Write { channel: Channel::Env(n), value } if n == name => Some(*value),
                What::Setting { path, value } if path.strip_prefix("ENV.") == Some(name) => Some(*value),
                What::Input { name: n, default, .. } if n == name => *default,
                _ => None,
            };
            if let Some(value) = value {
                literals(value, b, &mut out);
            }
            if !out.is_empty() {
                break;
            }
        }
        out
    }

    /// What a command line may be with its program written out. Where a variable may be nothing, the line as it stands comes before the one that begins
    /// with the next word; true then: the last reading alone is what others read from.
    pub fn readings(&self, words: Vec<Word>, b: &mut Builder) -> (Vec<Vec<Word>>, bool) {
        let Some(first) = words.first() else { return (vec![words], false) };
        let [part] = first.parts.as_slice() else { return (self.joined(words, b), false) };
        let mut texts = Vec::new();
        let mut lists: &[Vec<ValueId>] = &[];
        match &b.facts.value(part.value).what {
            // Of `"${command[@]}"` the words of the list are the command.
            V::Env(name) => {
                texts = self.texts(name, b);
                lists = self.lists.get(name).map_or(&[], Vec::as_slice);
            }
            V::Phi(options) => {
                for option in options.clone() {
                    literals(option, b, &mut texts);
                    if let V::Env(name) = &b.facts.value(option).what {
                        texts.extend(self.texts(name, b));
                    }
                }
            }
            V::Subst(fact) => texts.extend(looked_up(*fact, b)),
            V::Param(_) | V::Unknown(_) | V::Name(_) | V::Expr(_) => {}
            _ => return (vec![words], false),
        }
        let part = *part;
        let rest = words.get(1..).unwrap_or_default().to_vec();
        let mut out: Vec<Vec<Word>> = Vec::new();
        for text in texts.into_iter().take(TEXTS) {
            let mut line = spelled(first, part, &text, b);
            line.extend(rest.iter().cloned());
            if !line.is_empty() && !out.contains(&line) {
                out.push(line);
            }
        }
        for list in lists {
            let word = |value: &ValueId| Word { range: first.range, value: *value, parts: vec![WordPart { value: *value, quoted: true }] };
            out.push(list.iter().map(word).chain(rest.iter().cloned()).collect());
        }
        // Unquoted and empty, a variable is no word at all: then the next one is the program.
        let plain = rest
            .first()
            .and_then(|w| b.facts.word(w))
            .is_some_and(|w| w.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '.' | '_')) && !w.contains(['=', ' ']));
        if out.is_empty() && !part.quoted && plain {
            return (vec![words, rest], true);
        }
        if out.is_empty() {
            out = vec![words];
        }
        (out, false)
    }

    /// Command lines whose program is put together of text and variables of which all is known: `"$dir/run.sh"`.
    fn joined(&self, words: Vec<Word>, b: &mut Builder) -> Vec<Vec<Word>> {
        let Some(first) = words.first() else { return vec![words] };
        let mut known = vec![String::new()];
        let mut quoted = false;
        for part in &first.parts {
            quoted |= part.quoted;
            let options: Vec<String> = match &b.facts.value(part.value).what {
                V::Env(name) => self.texts(name, b).iter().map(|t| t.as_str().to_owned()).collect(),
                _ => b.facts.literal(part.value).into_iter().collect(),
            };
            known = known.iter().flat_map(|head| options.iter().map(move |tail| format!("{head}{tail}"))).take(TEXTS).collect();
        }
        let all_literal = first.parts.iter().all(|p| !matches!(b.facts.value(p.value).what, V::Env(_)));
        if known.is_empty() || all_literal {
            return vec![words];
        }
        let (range, rest) = (first.range, words.get(1..).unwrap_or_default().to_vec());
        let mut line = |text: String| {
            let value = b.value(range, V::text(Text::synthetic(&text, range)));
            let word = Word { range, value, parts: vec![WordPart { value, quoted }] };
            std::iter::once(word).chain(rest.iter().cloned()).collect()
        };
        known.into_iter().map(&mut line).collect()
    }
}

/// The words that `text` is in place of the first word: all of them stand where it does.
fn spelled(word: &Word, part: WordPart, text: &Text, b: &mut Builder) -> Vec<Word> {
    let mut one = |text: &str| {
        let value = b.value(word.range, V::text(Text::synthetic(text, word.range)));
        Word { range: word.range, value, parts: vec![WordPart { value, quoted: part.quoted }] }
    };
    if part.quoted { vec![one(text.as_str())] } else { text.as_str().split_whitespace().map(one).collect() }
}

fn literals(value: ValueId, b: &Builder, out: &mut Vec<Text>) {
    match &b.facts.value(value).what {
        V::Str(text) => out.push(Text::clone(text)),
        V::Phi(options) => {
            for option in options.iter().take(TEXTS) {
                if let V::Str(text) = &b.facts.value(*option).what {
                    out.push(Text::clone(text));
                }
            }
        }
        _ => {}
    }
}

/// `$(command -v name)`.
fn looked_up(fact: crate::facts::FactId, b: &Builder) -> Option<Text> {
    let program = builtin::program(fact, b)?;
    let What::Command(Command { words, .. }) = &b.facts.fact(fact).what else { return None };
    if !matches!(program.as_str(), "command" | "type" | "which") {
        return None;
    }
    let name = words.get(1..)?.iter().rev().find_map(|w| b.facts.word(w).filter(|t| !t.starts_with('-')))?;
    Some(Text::synthetic(&name, b.facts.fact(fact).range))
}
