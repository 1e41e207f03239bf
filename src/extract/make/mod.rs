//! Makefiles to facts: variables, targets, and what their recipes run. Both sides of a conditional are read. Knows no program.
//!
//! A target is a [`What::Function`] with a [`What::Script`] for each line of its recipe (make starts a shell for each). A prerequisite is a setting
//! `needs.<target>`, included files are settings `include`, and the target that is made by default is the setting `default`. What `$(shell …)` runs while
//! make reads the file is a script outside every target.

use std::collections::BTreeMap;

use crate::extract::make::expand::Expanded;
use crate::extract::{ignores, shell};
use crate::facts::{Builder, Channel, FileFacts, Language, V, ValueId, What};
use crate::source::Range;
use crate::text::Text;

mod expand;
#[cfg(test)]
mod tests;

/// The facts of a Makefile.
pub fn makefile(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    let text = Text::verbatim(bytes, 0);
    let lines = logical_lines(&text, prefix(&text));
    let mut make = Make::default();
    make.variables(&lines);
    make.rules(&lines, &mut b);
    ignores::hash_comments(bytes, &mut b.facts);
    b.finish()
}

/// A line with its continuations.
struct Line {
    /// As written, continuations included; without the last line end.
    raw: Text,
    /// Begins with the recipe prefix.
    recipe: bool,
    /// Lines of a `define`.
    define: bool,
}

/// What the file says, gathered before its recipes are read: make reads all of it before it runs any.
#[derive(Default)]
pub(crate) struct Make {
    /// Definitions as written.
    defined: BTreeMap<String, Text>,
    oneshell: bool,
    goal: Option<Text>,
    /// Expansions so far; a cap keeps hostile definitions from growing.
    spent: usize,
}

/// A rule whose recipe is being gathered.
struct Rule {
    range: Range,
    targets: Vec<Text>,
    needs: Vec<Text>,
    recipe: Vec<Text>,
}

impl Make {
    /// First pass: definitions.
    fn variables(&mut self, lines: &[Line]) {
        let mut in_rule = false;
        for line in lines {
            if line.define {
                if let Some((name, body)) = definition_block(&line.raw) {
                    self.define(name, "=", body);
                }
                continue;
            }
            if line.recipe && in_rule {
                continue;
            }
            let text = joined(&line.raw);
            match statement(&text) {
                Statement::Assign { name, op, value, .. } => {
                    if name == ".DEFAULT_GOAL" {
                        self.goal = Some(value.clone());
                    }
                    self.define(name, op, value);
                }
                Statement::Rule { targets, .. } => {
                    in_rule = true;
                    self.oneshell |= targets.as_str().split_whitespace().any(|t| t == ".ONESHELL");
                }
                Statement::Other => {}
            }
        }
    }

    fn define(&mut self, name: String, op: &str, value: Text) {
        match (op, self.defined.get_mut(&name)) {
            ("+=", Some(before)) => {
                let end = value.whole().start as usize;
                before.push(" ", Range::new(end, end));
                before.append(&value);
            }
            // The first definition is as good a guess as a later conditional one.
            ("?=", Some(_)) | ("!=", _) => {}
            _ => {
                self.defined.insert(name, value);
            }
        }
    }

    /// Second pass: everything else, in order.
    fn rules(&mut self, lines: &[Line], b: &mut Builder) {
        let mut rule: Option<Rule> = None;
        let mut default: Option<Text> = None;
        for line in lines {
            if line.define {
                if let Some((name, body)) = definition_block(&line.raw) {
                    let value = b.text(body);
                    b.add(line.raw.whole(), What::Write { channel: Channel::Var(name), value });
                }
                continue;
            }
            if line.recipe
                && let Some(rule) = &mut rule
            {
                let start = line.raw.as_str().chars().next().map_or(0, char::len_utf8);
                rule.recipe.push(line.raw.slice(start, line.raw.len()));
                continue;
            }
            let text = joined(&line.raw);
            match statement(&text) {
                Statement::Assign { name, op, value, exported, target } => {
                    let range = text.whole();
                    let value = if op == "!=" {
                        let first = b.facts.items.len();
                        let Expanded { text, holes } = self.expand(&value, &[], b);
                        shell::script(&text, &holes, b);
                        shell::output_since(first, range, b)
                    } else {
                        self.value(&value, b)
                    };
                    if target.is_none() {
                        let channel = if exported { Channel::Env(name) } else { Channel::Var(name) };
                        b.add(range, What::Write { channel, value });
                    }
                }
                Statement::Rule { targets, needs, recipe } => {
                    self.flush(rule.take(), b);
                    let targets = words(&self.value_text(&targets, b));
                    let needs = words(&self.value_text(&needs, b));
                    if let Some(first) = targets.iter().find(|t| is_goal(t.as_str())) {
                        default.get_or_insert_with(|| first.clone());
                    }
                    rule = Some(Rule { range: text.whole(), targets, needs, recipe: recipe.into_iter().collect() });
                }
                Statement::Other => self.other(&text, b),
            }
        }
        self.flush(rule, b);
        if let Some(goal) = self.goal.take().or(default) {
            let range = goal.whole();
            let value = self.value(&goal, b);
            b.add(range, What::Setting { path: "default".to_owned(), value });
        }
    }

    /// `include`, `export NAME`, conditionals: what is expanded in them runs.
    fn other(&mut self, text: &Text, b: &mut Builder) {
        let parts = words(text);
        let value = self.value(text, b);
        if parts.first().is_some_and(|w| matches!(w.as_str(), "include" | "-include" | "sinclude")) && parts.len() > 1 {
            for file in parts.iter().skip(1) {
                let value = match &b.facts.value(value).what {
                    V::Str(_) => b.text(file.clone()),
                    _ => value,
                };
                b.add(file.whole(), What::Setting { path: "include".to_owned(), value });
            }
        }
    }

    fn flush(&mut self, rule: Option<Rule>, b: &mut Builder) {
        let Some(rule) = rule else { return };
        let Some(first) = rule.targets.iter().find(|t| is_goal(t.as_str()) || !rule.recipe.is_empty()).cloned() else { return };
        let name = first.as_str().to_owned();
        let end = rule.recipe.last().map_or(rule.range, Text::whole);
        b.construct(rule.range.cover(end), name.clone(), false, |b| {
            for need in rule.needs.iter().filter(|n| n.as_str() != "|") {
                let value = b.text(need.clone());
                b.add(need.whole(), What::Setting { path: format!("needs.{name}"), value });
            }
            let function = function(&name, first.whole(), b);
            let language = self.language();
            b.within(function, |b| {
                let mut lines = rule.recipe.clone();
                if self.oneshell {
                    lines = vec![joined_lines(&lines)];
                }
                let automatic = [("@", rule.targets.first()), ("<", rule.needs.first())];
                for line in &lines {
                    let name = line.as_str().split_whitespace().take(2).collect::<Vec<_>>().join(" ");
                    b.construct(line.whole(), name, true, |b| self.recipe(line, &automatic, language, b));
                }
            });
            // The other targets of the rule are made by the same recipe.
            for other in rule.targets.iter().filter(|t| is_goal(t.as_str()) && t.as_str() != name) {
                function_of_same(other, &first, b);
            }
        });
    }

    fn recipe(&mut self, line: &Text, automatic: &[(&str, Option<&Text>)], language: Language, b: &mut Builder) {
        let (prefix, body) = recipe_prefix(line);
        let before = b.facts.items.len();
        let expanded = self.expand(&body, automatic, b);
        // What a variable brings may be several lines, each with a prefix of its own: a canned recipe.
        let mut rest = expanded;
        let mut lenient = prefix.contains('-');
        if language != Language::Shell {
            let value = shell::with_holes(&rest.text, &rest.holes, b);
            let script = b.add(rest.text.whole(), What::Script { language, text: value });
            if language == Language::Python {
                b.within(script, |b| crate::extract::python::snippet(&rest.text, &rest.holes, b));
            }
            return;
        }
        if self.oneshell {
            shell::script(&rest.text, &rest.holes, b);
        } else {
            while !rest.text.is_empty() {
                let end = recipe_end(rest.text.as_str());
                let one = rest.take(end);
                let (prefix, start) = prefix_of(one.text.as_str());
                lenient |= prefix.contains('-');
                let one = one.from(start);
                if !one.text.as_str().trim().is_empty() {
                    shell::script(&one.text, &one.holes, b);
                }
            }
        }
        if lenient {
            for fact in b.facts.items.iter_mut().skip(before) {
                if let What::Command(command) = &mut fact.what {
                    command.lenient = true;
                }
            }
        }
    }

    /// The language of recipes: `SHELL`.
    fn language(&self) -> Language {
        let Some(shell) = self.defined.get("SHELL") else { return Language::Shell };
        let mut words = shell.as_str().split_whitespace();
        let program = words.next().filter(|w| !w.contains('$')).unwrap_or("sh");
        let program = if program.ends_with("/env") { words.next().unwrap_or("sh") } else { program };
        match shell::language(program) {
            Language::Other => Language::Shell,
            language => language,
        }
    }

    /// A text with its expansions, as one value.
    fn value(&mut self, text: &Text, b: &mut Builder) -> ValueId {
        let Expanded { text, holes } = self.expand(text, &[], b);
        shell::with_holes(&text, &holes, b)
    }

    fn value_text(&mut self, text: &Text, b: &mut Builder) -> Text {
        if !text.as_str().contains('$') {
            return text.clone();
        }
        let expanded = self.expand(text, &[], b);
        // What stays unknown is shown as it was written.
        if expanded.holes.is_empty() { expanded.text } else { text.clone() }
    }
}

fn function(name: &str, range: Range, b: &mut Builder) -> crate::facts::FactId {
    b.add(range, What::Function { name: name.to_owned(), params: Vec::new(), decorators: Vec::new(), public: false })
}

fn function_of_same(other: &Text, first: &Text, b: &mut Builder) {
    let value = b.text(first.clone());
    b.add(other.whole(), What::Setting { path: format!("needs.{}", other.as_str()), value });
    function(other.as_str(), other.whole(), b);
}

/// Whether a target can be what make makes when nothing is asked for.
fn is_goal(target: &str) -> bool {
    (!target.starts_with('.') || target.contains('/')) && !target.contains('%')
}

/// What recipe lines begin with: a tab, unless `.RECIPEPREFIX` says otherwise.
fn prefix(text: &Text) -> char {
    let line = text.as_str().lines().find_map(|l| l.trim_start().strip_prefix(".RECIPEPREFIX"));
    line.and_then(|l| l.split_once('=')).and_then(|(_, v)| v.trim().chars().next()).unwrap_or('\t')
}

/// Physical lines joined where a backslash says so, and `define` blocks as one.
fn logical_lines(text: &Text, prefix: char) -> Vec<Line> {
    let source = text.as_str();
    let mut out: Vec<Line> = Vec::new();
    let (mut at, mut block) = (0, None);
    let mut depth = 0usize;
    while at < source.len() {
        let start = at;
        let mut end;
        loop {
            let rest = source.get(at..).unwrap_or_default();
            let n = rest.find('\n').unwrap_or(rest.len());
            end = at + n;
            at = (end + 1).min(source.len());
            let line = source.get(start..end).unwrap_or_default().trim_end_matches('\r');
            let slashes = line.len() - line.trim_end_matches('\\').len();
            if slashes % 2 == 0 || at >= source.len() {
                end = start + line.len();
                break;
            }
        }
        let line = source.get(start..end).unwrap_or_default();
        let word = line.split_whitespace().find(|w| !matches!(*w, "export" | "override")).unwrap_or_default();
        if let Some(from) = block {
            depth = match word {
                "define" => depth + 1,
                "endef" => depth - 1,
                _ => depth,
            };
            if depth == 0 || at >= source.len() {
                out.push(Line { raw: text.slice(from, end), recipe: false, define: true });
                block = None;
            }
            continue;
        }
        let recipe = line.starts_with(prefix);
        if word == "define" && !recipe {
            (block, depth) = (Some(start), 1);
            continue;
        }
        let content = line.trim_start();
        if content.is_empty() || (content.starts_with('#') && !recipe) {
            continue;
        }
        out.push(Line { raw: text.slice(start, end), recipe, define: false });
    }
    out
}

/// The name and the lines of a `define` block.
fn definition_block(block: &Text) -> Option<(String, Text)> {
    let source = block.as_str();
    let head = source.split('\n').next()?;
    let name = head.split_whitespace().skip_while(|w| *w != "define").nth(1)?.trim_end_matches(['=', ':', '?', '+']).to_owned();
    let start = (head.len() + 1).min(source.len());
    let end = source.rfind('\n').filter(|e| *e > start).map_or(start, |e| e + 1);
    Some((name, block.slice(start, end)))
}

/// A line of make's own, its continuations as blanks and without its comment.
fn joined(raw: &Text) -> Text {
    let mut out = Text::default();
    let bytes = raw.as_str().as_bytes();
    let (mut from, mut at) = (0, 0);
    while let Some(c) = bytes.get(at) {
        match (c, bytes.get(at + 1), bytes.get(at + 2)) {
            (b'\\', Some(b'\n'), _) | (b'\\', Some(b'\r'), Some(b'\n')) => {
                let width = if bytes.get(at + 1) == Some(&b'\n') { 2 } else { 3 };
                out.append(&raw.slice(from, at));
                out.push(" ", raw.range(at, at + width));
                at += width;
                from = at;
            }
            (b'\\', Some(_), _) => at += 2,
            (b'#', ..) => break,
            _ => at += 1,
        }
    }
    let at = at.min(raw.len());
    out.append(&raw.slice(from, at));
    trimmed(&out)
}

fn trimmed(text: &Text) -> Text {
    let source = text.as_str();
    let start = source.len() - source.trim_start().len();
    text.slice(start, start + source.trim().len())
}

fn joined_lines(lines: &[Text]) -> Text {
    let mut out = Text::default();
    for line in lines {
        out.append(line);
        let end = line.whole().end as usize;
        out.push("\n", Range::new(end, end));
    }
    out
}

/// Blank-separated words.
fn words(text: &Text) -> Vec<Text> {
    let source = text.as_str();
    let mut out = Vec::new();
    let mut at = 0;
    for word in source.split_whitespace() {
        let start = source.get(at..).and_then(|rest| rest.find(word)).map_or(at, |n| at + n);
        at = start + word.len();
        out.push(text.slice(start, at));
    }
    out
}

enum Statement {
    Assign { name: String, op: &'static str, value: Text, exported: bool, target: Option<Text> },
    Rule { targets: Text, needs: Text, recipe: Option<Text> },
    Other,
}

/// What a line outside recipes is.
fn statement(line: &Text) -> Statement {
    let source = line.as_str();
    let first = source.split_whitespace().next().unwrap_or_default();
    if matches!(
        first,
        "ifdef" | "ifndef" | "ifeq" | "ifneq" | "else" | "endif" | "include" | "-include" | "sinclude" | "vpath" | "undefine" | "unexport"
    ) {
        return Statement::Other;
    }
    // The first `=` or `:` outside `$(…)` decides.
    let Some((at, op)) = operator(source) else { return Statement::Other };
    if op != ":" {
        return assignment(line, 0, at, op, None);
    }
    let targets = trimmed(&line.slice(0, at));
    let after = at + 1 + source.get(at + 1..).unwrap_or_default().bytes().take_while(|c| *c == b':').count();
    let rest = line.slice(after, line.len());
    if let Some((at, op)) = operator(rest.as_str())
        && op != ":"
        && !rest.as_str().get(..at).unwrap_or_default().contains(';')
    {
        return assignment(&rest, 0, at, op, Some(targets));
    }
    let (needs, recipe) = match rest.as_str().find(';') {
        Some(semicolon) => (rest.slice(0, semicolon), Some(rest.slice(semicolon + 1, rest.len()))),
        None => (rest.clone(), None),
    };
    // `targets: pattern: prerequisites`.
    let needs = match operator(needs.as_str()) {
        Some((at, ":")) => needs.slice(at + 1, needs.len()),
        _ => needs,
    };
    let targets = if targets.as_str().ends_with('&') { targets.slice(0, targets.len() - 1) } else { targets };
    Statement::Rule { targets, needs: trimmed(&needs), recipe }
}

fn assignment(line: &Text, start: usize, at: usize, op: &'static str, target: Option<Text>) -> Statement {
    let head = line.as_str().get(start..at).unwrap_or_default();
    let exported = head.split_whitespace().any(|w| w == "export");
    let name = head.split_whitespace().last().unwrap_or_default().to_owned();
    Statement::Assign { name, op, value: trimmed(&line.slice(at + op.len(), line.len())), exported, target }
}

/// The first operator outside references, with its place.
fn operator(line: &str) -> Option<(usize, &'static str)> {
    let mut depth = 0usize;
    let bytes = line.as_bytes();
    let mut at = 0;
    while let Some(c) = bytes.get(at) {
        match c {
            b'$' if matches!(bytes.get(at + 1), Some(b'(' | b'{')) => {
                depth += 1;
                at += 1;
            }
            b'(' | b'{' if depth > 0 => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            b'\\' => at += 1,
            _ => {
                let rest = line.get(at..).unwrap_or_default();
                if let Some(op) = [":::=", "::=", ":=", "?=", "+=", "!=", "="].into_iter().find(|op| rest.starts_with(op)) {
                    return Some((at, op));
                }
                if *c == b':' {
                    return Some((at, ":"));
                }
            }
        }
        at += 1;
    }
    None
}

/// `@`, `-` and `+` before a command, and where it begins.
fn prefix_of(line: &str) -> (&str, usize) {
    let start = line.len() - line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '@' | '-' | '+')).len();
    (line.get(..start).unwrap_or_default(), start)
}

fn recipe_prefix(line: &Text) -> (String, Text) {
    let (prefix, start) = prefix_of(line.as_str());
    (prefix.to_owned(), line.slice(start, line.len()))
}

/// One past the end of the first recipe line of a text.
fn recipe_end(text: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        let slashes = line.len() - line.trim_end_matches('\\').len();
        if slashes % 2 == 0 {
            break;
        }
    }
    at
}
