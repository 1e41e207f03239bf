//! Dockerfiles to facts: stages, the images they begin with, settings, and what `RUN`, `CMD` and their like run. Knows no image and no program.
//!
//! A stage owns an [`What::Image`] (none when it continues an earlier stage), `ENV` and `USER` as settings `ENV.NAME` and `USER`, `ARG` as
//! [`What::Input`], one [`What::Script`] for each `RUN` (a [`What::Command`] in exec form), and `COPY` and `ADD` as commands of that name. What runs when
//! a container starts (`CMD`, `ENTRYPOINT`, `HEALTHCHECK`) or in a later build (`ONBUILD`) is preceded by a setting of that name which covers it.

use std::collections::BTreeMap;

use crate::extract::{ignores, shell};
use crate::facts::{Builder, Channel, Command, FactId, FileFacts, ImageRole, Language, V, ValueId, What, Word, WordPart};
use crate::notice::NoticeKind;
use crate::source::Range;
use crate::syntax::bash::{self, Piece};
use crate::syntax::dockerfile::{self as syntax, Instruction};
use crate::text::Text;

mod run;

#[cfg(test)]
mod tests;

/// The facts of a Dockerfile.
pub fn dockerfile(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    let file = syntax::parse(&Text::verbatim(bytes, 0));
    for (range, text) in &file.problems {
        b.notice(*range, NoticeKind::PartlyUnderstood, *text);
    }
    if let Some(text) = file.syntax {
        let range = text.whole();
        let value = b.text(text);
        b.add(range, What::Setting { path: "syntax".to_owned(), value });
    }
    let mut walk = Walk::default();
    let first = file.instructions.iter().position(|i| i.keyword == "FROM").unwrap_or(file.instructions.len());
    let (head, stages) = file.instructions.split_at(first);
    for instruction in head {
        walk.ignorable(instruction, &mut b);
    }
    let mut rest = stages;
    while let [from, after @ ..] = rest {
        let len = after.iter().position(|i| i.keyword == "FROM").unwrap_or(after.len());
        let (body, next) = after.split_at(len);
        walk.stage(from, body, &mut b);
        rest = next;
    }
    ignores::hash_comments(bytes, &mut b.facts);
    b.finish()
}

/// What an earlier stage leaves to one that continues it.
#[derive(Clone, Default)]
struct State {
    cwd: Option<ValueId>,
    shell: Option<Language>,
}

#[derive(Default)]
struct Walk {
    /// Defaults of `ARG` before the first stage, and in the stage at hand.
    global: BTreeMap<String, Option<ValueId>>,
    args: BTreeMap<String, Option<ValueId>>,
    /// Stages so far by lower-case name.
    stages: Vec<(Option<String>, State)>,
    state: State,
    staged: bool,
}

impl Walk {
    fn stage(&mut self, from: &Instruction, body: &[Instruction], b: &mut Builder) {
        let (flags, rest) = flags(&from.body);
        let words = bash::words(&rest, &[]);
        let literal = |i: usize| words.get(i).and_then(bash::Word::literal);
        let name = literal(1).filter(|w| w.eq_ignore_ascii_case("as")).and_then(|_| literal(2));
        let index = u32::try_from(self.stages.len()).unwrap_or(u32::MAX);
        let range = body.last().map_or(from.range, |last| from.range.cover(last.range));
        let reference = words.first().map(|w| self.resolved(w, b));
        let text = reference.and_then(|r| b.facts.literal(r));
        let parent = text.as_deref().and_then(|t| self.find(t));
        self.state = parent.map(|i| self.stages.get(i).map(|s| s.1.clone()).unwrap_or_default()).unwrap_or_default();
        self.args = BTreeMap::new();
        self.staged = true;
        let shown = name.clone().unwrap_or_else(|| index.to_string());
        b.construct(range, shown, false, |b| {
            let stage = b.add(from.range, What::Stage { name: name.clone(), index });
            b.within(stage, |b| {
                b.construct(from.range, "FROM", true, |b| {
                    self.settings("FROM", &flags, b);
                    let Some(reference) = reference else { return };
                    let place = words.first().map_or(from.range, |w| w.range);
                    if parent.is_some() || text.as_deref() == Some("scratch") {
                        b.add(place, What::Setting { path: "FROM".to_owned(), value: reference });
                    } else {
                        b.add(place, What::Image { reference, role: ImageRole::Base });
                    }
                });
                for instruction in body {
                    self.ignorable(instruction, b);
                }
            });
        });
        self.stages.push((name.map(|n| n.to_lowercase()), self.state.clone()));
    }

    /// The stage that a name or index stands for.
    fn find(&self, name: &str) -> Option<usize> {
        let lower = name.to_lowercase();
        let named = self.stages.iter().rposition(|(n, _)| n.as_deref() == Some(lower.as_str()));
        named.or_else(|| name.parse::<usize>().ok().filter(|i| *i < self.stages.len()))
    }

    fn ignorable(&mut self, instruction: &Instruction, b: &mut Builder) {
        let words: Vec<&str> = instruction.body.as_str().split_whitespace().take(2).collect();
        let name = format!("{} {}", instruction.keyword, words.join(" "));
        b.construct(instruction.range, name.trim_end(), true, |b| self.instruction(instruction, b));
    }

    fn instruction(&mut self, at: &Instruction, b: &mut Builder) {
        match at.keyword.as_str() {
            "ARG" => self.arg(at, b),
            "ENV" => self.pairs("ENV", at, b),
            "LABEL" => self.pairs("LABEL", at, b),
            "RUN" => {
                let (flags, text) = flags(&at.body);
                self.mounts(&flags, b);
                self.settings("RUN", &flags, b);
                self.run(at, &text, b);
            }
            "COPY" | "ADD" => self.copy(at, b),
            "CMD" | "ENTRYPOINT" => {
                self.later(at, b);
                self.run(at, &at.body, b);
            }
            "HEALTHCHECK" => {
                let (flags, text) = flags(&at.body);
                self.later(at, b);
                self.settings("HEALTHCHECK", &flags, b);
                if let Some(rest) = after_word(&text, "CMD") {
                    self.run(at, &rest, b);
                }
            }
            "ONBUILD" => self.onbuild(at, b),
            "WORKDIR" => {
                let value = self.joined(at, b);
                self.setting("WORKDIR", at, value, b);
                self.state.cwd = Some(shell::below(b.facts.value(value).range, self.state.cwd, value, b));
            }
            "SHELL" => {
                self.state.shell = syntax::strings(&at.body).and_then(|words| words.first().map(|w| shell::language(w.as_str())));
                let value = b.text(at.body.clone());
                self.setting("SHELL", at, value, b);
            }
            "FROM" => {}
            keyword => {
                let value = self.joined(at, b);
                self.setting(keyword, at, value, b);
            }
        }
    }

    fn setting(&self, path: &str, at: &Instruction, value: ValueId, b: &mut Builder) {
        b.add(at.range, What::Setting { path: path.to_owned(), value });
    }

    /// Marks what does not run in this build.
    fn later(&self, at: &Instruction, b: &mut Builder) {
        let value = b.text(at.body.clone());
        self.setting(&at.keyword, at, value, b);
    }

    /// Flags as settings `KEYWORD.flag`.
    fn settings(&self, keyword: &str, flags: &[Flag], b: &mut Builder) {
        for flag in flags.iter().filter(|f| f.name != "mount") {
            let value = b.text(flag.value.clone());
            b.add(flag.range, What::Setting { path: format!("{keyword}.{}", flag.name), value });
        }
    }

    /// The whole body as one text with variables.
    fn joined(&mut self, at: &Instruction, b: &mut Builder) -> ValueId {
        let words = bash::words(&at.body, &[]);
        if let [only] = words.as_slice() {
            return self.word(only, b).value;
        }
        b.text(at.body.clone())
    }

    fn arg(&mut self, at: &Instruction, b: &mut Builder) {
        for word in bash::words(&at.body, &[]) {
            let (name, default) = match word.assignment() {
                Some(assign) => (assign.name.clone(), Some(self.word(&assign.value, b).value)),
                None => {
                    let name = word.literal().unwrap_or_default();
                    // Said again in a stage it has the default that it got before the first.
                    let default = self.global.get(&name).copied().flatten().filter(|_| self.staged);
                    (name, default)
                }
            };
            // What a default is made of is settled where it stands.
            let settled = word.assignment().map(|assign| self.resolved(&assign.value, b));
            let known = settled.or_else(|| self.global.get(&name).copied().flatten());
            let scope = if self.staged { &mut self.args } else { &mut self.global };
            scope.insert(name.clone(), known);
            b.add(word.range, What::Input { name, kind: None, default, required: false });
        }
    }

    /// `NAME=value …`, or the older `NAME value`.
    fn pairs(&mut self, keyword: &str, at: &Instruction, b: &mut Builder) {
        let words = bash::words(&at.body, &[]);
        let Some(first) = words.first() else { return };
        if first.assignment().is_none() && !first.parts.iter().any(|p| matches!(&p.what, Piece::Text(t) if t.as_str().contains('='))) {
            let name = first.literal().unwrap_or_default();
            let start = words.get(1).map_or(at.body.len(), |_| at.body.as_str().find(char::is_whitespace).unwrap_or(at.body.len()));
            let rest = at.body.slice(start, at.body.len());
            let rest = rest.slice(rest.len() - rest.as_str().trim_start().len(), rest.len());
            let range = rest.whole();
            let value = match words.as_slice() {
                [_, only] => self.word(only, b).value,
                _ => b.value(range, V::text(rest)),
            };
            return self.pair(keyword, first.range, name, value, b);
        }
        for word in words {
            match word.assignment() {
                Some(assign) => {
                    let value = self.word(&assign.value, b).value;
                    self.pair(keyword, word.range, assign.name, value, b);
                }
                // A label's name may hold dots and quotes.
                None => {
                    let whole = self.word(&word, b);
                    let text = b.facts.word(&whole).unwrap_or_default();
                    let Some((name, _)) = text.split_once('=') else { continue };
                    let name = name.to_owned();
                    let value = match &b.facts.value(whole.value).what {
                        V::Str(t) => t.slice(name.len() + 1, t.len()),
                        _ => continue,
                    };
                    let value = b.value(value.whole(), V::text(value));
                    self.pair(keyword, word.range, name, value, b);
                }
            }
        }
    }

    fn pair(&mut self, keyword: &str, range: Range, name: String, value: ValueId, b: &mut Builder) {
        if keyword == "ENV" {
            self.args.insert(name.clone(), Some(value));
        }
        b.add(range, What::Setting { path: format!("{keyword}.{name}"), value });
    }

    /// `COPY` and `ADD` as commands of that name; a here-document in place of a source is a file it writes.
    fn copy(&mut self, at: &Instruction, b: &mut Builder) {
        let (flags, rest) = flags(&at.body);
        let keyword = b.value(at.head, V::text(Text::synthetic(&at.keyword, at.head)));
        let mut words = vec![one_word(at.head, keyword, false)];
        for flag in &flags {
            let value = b.value(flag.range, V::text(flag.word.clone()));
            words.push(one_word(flag.range, value, false));
            if flag.name == "from" && !flag.value.is_empty() {
                self.copied_from(&flag.value, b);
            }
        }
        match syntax::strings(&rest) {
            Some(strings) => {
                for text in strings {
                    let value = b.text(text);
                    words.push(one_word(b.facts.value(value).range, value, true));
                }
            }
            None => {
                for word in bash::words(&rest, &[]) {
                    words.push(self.word(&word, b));
                }
            }
        }
        let target = words.last().map(|w| w.value);
        let command = b.add(at.range, What::Command(Command { words, cwd: self.state.cwd, ..Command::default() }));
        for document in &at.documents {
            let Some(file) = target else { break };
            let value = b.text(document.body.clone());
            b.within(command, |b| b.add(document.body.whole(), What::Write { channel: Channel::File(file), value }));
        }
    }

    /// `--from=…`: an image, unless it names a stage.
    fn copied_from(&mut self, from: &Text, b: &mut Builder) {
        let Some(word) = bash::words(from, &[]).into_iter().next() else { return };
        let reference = self.resolved(&word, b);
        if b.facts.literal(reference).and_then(|t| self.find(&t)).is_none() {
            b.add(word.range, What::Image { reference, role: ImageRole::CopyFrom });
        }
    }

    fn mounts(&mut self, flags: &[Flag], b: &mut Builder) {
        for flag in flags.iter().filter(|f| f.name == "mount") {
            let mut fields = BTreeMap::new();
            let mut at = 0;
            for field in flag.value.as_str().split(',') {
                if let Some((name, _)) = field.split_once('=') {
                    fields.insert(name.trim().trim_start_matches('"').to_ascii_lowercase(), flag.value.slice(at + name.len() + 1, at + field.len()));
                }
                at += field.len() + 1;
            }
            let text = |name: &str| fields.get(name).map(|t| t.as_str().trim_matches('"').to_owned());
            if text("type").as_deref() == Some("secret") {
                let target = text("target").or_else(|| text("dst")).or_else(|| text("destination"));
                let base = target.and_then(|t| t.rsplit('/').next().map(str::to_owned));
                if let Some(name) = text("id").or(base).or_else(|| text("env")) {
                    b.add(flag.range, What::SecretRef { name });
                }
            }
            if let Some(from) = fields.get("from") {
                self.copied_from(from, b);
            }
        }
    }

    /// A word with the variables of this place left as they are.
    fn word(&mut self, word: &bash::Word, b: &mut Builder) -> Word {
        shell::words(std::slice::from_ref(word), b).pop().unwrap_or_else(|| {
            let value = b.value(word.range, V::text(Text::synthetic("", word.range)));
            one_word(word.range, value, false)
        })
    }

    /// A word with the defaults of `ARG` in place of variables; its value stands where the first of them does when the word is nothing but one.
    fn resolved(&mut self, word: &bash::Word, b: &mut Builder) -> ValueId {
        let mut values = Vec::new();
        for part in &word.parts {
            values.push(match &part.what {
                Piece::Text(text) => b.text(text.clone()),
                Piece::Variable(name) => self.default_of(name, &[], part.range, b),
                Piece::Expansion(name, op, operand) if matches!(*op, "-" | "=") => self.default_of(name, operand, part.range, b),
                _ => b.value(part.range, V::Unknown(Vec::new())),
            });
        }
        if let [only] = values.as_slice() {
            return *only;
        }
        let mut whole = Text::default();
        for value in &values {
            match &b.facts.value(*value).what {
                V::Str(text) => whole.append(text),
                _ => return b.value(word.range, V::Join(values)),
            }
        }
        let first = values.first().map_or(word.range, |v| b.facts.value(*v).range);
        // One place is shown: the literal a reader would edit, or the word where it is written out.
        let range = if word.range.contains(first) { word.range } else { first };
        b.value(range, V::text(whole))
    }

    fn default_of(&mut self, name: &str, operand: &[bash::Part], range: Range, b: &mut Builder) -> ValueId {
        let scope = if self.args.contains_key(name) { &self.args } else { &self.global };
        if let Some(value) = scope.get(name).copied().flatten() {
            return value;
        }
        if operand.is_empty() {
            return b.value(range, V::Env(name.to_owned()));
        }
        self.resolved(&bash::Word { range, parts: operand.to_vec() }, b)
    }
}

fn one_word(range: Range, value: ValueId, quoted: bool) -> Word {
    Word { range, value, parts: vec![WordPart { value, quoted }] }
}

/// A `--name=value` before the arguments of an instruction.
struct Flag {
    range: Range,
    word: Text,
    name: String,
    value: Text,
}

/// The flags of an instruction, and what follows them.
fn flags(body: &Text) -> (Vec<Flag>, Text) {
    let mut out = Vec::new();
    for (start, end) in syntax::split(body.as_str()) {
        let word = body.slice(start, end);
        let Some(rest) = word.as_str().strip_prefix("--").filter(|r| !r.is_empty()) else {
            return (out, body.slice(start, body.len()));
        };
        let name = rest.split('=').next().unwrap_or_default().to_ascii_lowercase();
        let value = word.slice((name.len() + 3).min(word.len()), word.len());
        out.push(Flag { range: word.whole(), name, value, word });
    }
    (out, body.slice(body.len(), body.len()))
}

/// What follows a first word that equals `word` in any case.
fn after_word(text: &Text, word: &str) -> Option<Text> {
    let (start, end) = syntax::split(text.as_str()).first().copied()?;
    let is = text.as_str().get(start..end)?.eq_ignore_ascii_case(word);
    let rest = text.slice(end, text.len());
    is.then(|| rest.slice(rest.len() - rest.as_str().trim_start().len(), rest.len()))
}

/// The fact that ran last, for what reads it.
type Ran = Option<FactId>;
