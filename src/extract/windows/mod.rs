//! Scripts of Windows as shells would say them: the same commands, words, variables and pipes, written so that one front end reads all. What has no counterpart
//! is a value that nobody knows. Knows the two languages and the names of their own commands, no program.

mod cmd;
mod powershell;

use crate::facts::Language;
use crate::text::Text;

#[cfg(test)]
mod tests;

/// A script in a language of Windows as a shell script; places stay those of the file.
pub fn as_shell(text: &Text, language: Language) -> Text {
    match language {
        Language::Cmd => cmd::as_shell(text),
        _ => powershell::as_shell(text),
    }
}

/// What nobody knows, as a word.
const UNKNOWN: &str = "\"$!\"";

/// Text that stands nowhere, beside a place of the script.
fn put(out: &mut Text, source: &Text, at: usize, text: &str) {
    if source.is_empty() {
        return;
    }
    let at = at.min(source.len() - 1);
    out.append(&Text::synthetic(text, source.range(at, at + 1)));
}
