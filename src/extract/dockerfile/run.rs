//! What instructions run: shell form, exec form, here-documents.

use crate::extract::dockerfile::{Ran, Walk, after_word, one_word};
use crate::extract::shell;
use crate::facts::{Builder, Command, Language, V, What};
use crate::notice::NoticeKind;
use crate::source::Range;
use crate::syntax::dockerfile::{self as syntax, Instruction};
use crate::text::Text;

/// Instructions inside `ONBUILD` are followed this deep; the builder itself allows one.
const NESTED: usize = 4;

impl Walk {
    /// `text` is what follows the keyword and its flags.
    pub(super) fn run(&mut self, at: &Instruction, text: &Text, b: &mut Builder) -> Ran {
        if let Some(strings) = syntax::strings(text) {
            let words: Vec<_> = strings
                .into_iter()
                .map(|t| {
                    let value = b.text(t);
                    one_word(b.facts.value(value).range, value, true)
                })
                .collect();
            if words.is_empty() {
                return None;
            }
            return Some(b.add(text.whole(), What::Command(Command { words, cwd: self.state.cwd, ..Command::default() })));
        }
        if let [only] = at.documents.as_slice()
            && text.as_str().split_whitespace().count() == 1
            && text.len() == only.mark.1 - only.mark.0
        {
            // The here-document is the script; its first line may name what reads it.
            let body = if only.tabs { without_tabs(&only.body) } else { only.body.clone() };
            let language = shell::interpreter(body.as_str()).or(self.state.shell).unwrap_or(Language::Shell);
            return self.script(language, &body, b);
        }
        let mut whole = text.clone();
        if !at.documents.is_empty() {
            // The shell finds the bodies where it looks for them: on the lines that follow.
            let end = whole.whole().end as usize;
            whole.push("\n", Range::new(end, end));
            for document in &at.documents {
                whole.append(&document.body);
                whole.append(&document.last);
                if !document.last.as_str().ends_with('\n') {
                    let end = document.last.whole().end as usize;
                    whole.push("\n", Range::new(end, end));
                }
            }
        }
        if whole.as_str().trim().is_empty() {
            return None;
        }
        self.script(self.state.shell.unwrap_or(Language::Shell), &whole, b)
    }

    fn script(&mut self, language: Language, text: &Text, b: &mut Builder) -> Ran {
        Some(match language {
            Language::Shell => shell::script_in(text, &[], self.state.cwd, b),
            Language::Python => {
                let range = text.whole();
                let value = b.value(range, V::text(text.clone()));
                let script = b.add(range, What::Script { language, text: value });
                b.within(script, |b| crate::extract::python::snippet(text, &[], b));
                script
            }
            _ => {
                let range = text.whole();
                let value = b.value(range, V::text(text.clone()));
                b.add(range, What::Script { language, text: value })
            }
        })
    }

    /// `ONBUILD INSTRUCTION`: runs in the builds of others.
    pub(super) fn onbuild(&mut self, at: &Instruction, b: &mut Builder) {
        self.later(at, b);
        let words = syntax::split(at.body.as_str());
        let Some(keyword) = words.first().and_then(|(s, e)| at.body.as_str().get(*s..*e)) else { return };
        let Some(body) = after_word(&at.body, keyword) else { return };
        let head = at.body.range(0, keyword.len());
        let depth = at.body.as_str().split_whitespace().take_while(|w| w.eq_ignore_ascii_case("ONBUILD")).count();
        if depth > NESTED {
            return b.notice(at.range, NoticeKind::Limit, "instructions inside ONBUILD are followed only so far");
        }
        let moved = at.body.len() - body.len();
        let documents = at.documents.iter().cloned().map(|mut d| {
            d.mark = (d.mark.0.saturating_sub(moved), d.mark.1.saturating_sub(moved));
            d
        });
        let inner = Instruction { range: at.range, keyword: keyword.to_ascii_uppercase(), head, body: body.clone(), documents: documents.collect() };
        self.instruction(&inner, b);
    }
}

/// The text without the tabs its lines begin with.
fn without_tabs(text: &Text) -> Text {
    let mut out = Text::default();
    let mut at = 0;
    for line in text.as_str().split_inclusive('\n') {
        let tabs = line.len() - line.trim_start_matches('\t').len();
        out.append(&text.slice(at + tabs, at + line.len()));
        at += line.len();
    }
    out
}
