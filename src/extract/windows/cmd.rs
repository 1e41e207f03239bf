//! cmd.exe, line by line: `%NAME%` is a variable, `call` and `start` run what follows, `set` is an assignment. Blocks in parentheses are read as if they always ran;
//! loops are left out, since their variables are not.

use super::put;
use crate::text::Text;

/// The script as a shell would say it.
pub(super) fn as_shell(source: &Text) -> Text {
    let text = source.as_str();
    let (mut out, mut at) = (Text::default(), 0);
    for line in text.split('\n') {
        let mut start = at;
        at += line.len() + 1;
        let end = start + line.trim_end().len();
        let rest = |start: usize| text.get(start..end).unwrap_or_default();
        // What only begins or ends a block, hides the line or says how the next command is run.
        loop {
            let word = rest(start).trim_start_matches([' ', '\t', '@', '(', ')']);
            start = end - word.len();
            let head = word.split_whitespace().next().unwrap_or_default();
            match head.to_ascii_lowercase().as_str() {
                "call" | "else" | "start" | "/wait" | "/b" => start += head.len(),
                "if" => start = condition(word).map_or(end, |skipped| start + skipped),
                _ => break,
            }
        }
        let body = rest(start);
        let head = body.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        if body.is_empty() || body.starts_with(':') || matches!(head.as_str(), "rem" | "for" | "goto" | "echo." | "setlocal" | "endlocal") {
            continue;
        }
        if head == "set" {
            assignment(source, start + 3, end, &mut out);
        } else {
            command(source, start, end, &mut out);
        }
        put(&mut out, source, end, "\n");
    }
    out
}

/// Bytes of `if …` before the command that depends on it.
fn condition(line: &str) -> Option<usize> {
    let mut words = line.split_inclusive(char::is_whitespace).scan(0, |at, word| {
        let start = *at;
        *at += word.len();
        Some((start, word.trim().to_ascii_lowercase()))
    });
    let mut operands = 1;
    words.next();
    for (start, word) in words {
        match word.as_str() {
            "" | "not" | "/i" => {}
            "exist" | "defined" | "errorlevel" => operands = 1,
            "==" | "equ" | "neq" | "lss" | "leq" | "gtr" | "geq" => operands = 1,
            _ if operands == 0 => return Some(start),
            _ => operands -= 1,
        }
    }
    None
}

/// `set NAME=value`, `set "NAME=value"`: programs that are started see it.
fn assignment(source: &Text, start: usize, end: usize, out: &mut Text) {
    let text = source.as_str().get(start..end).unwrap_or_default();
    let body = text.trim_start_matches([' ', '\t', '"']);
    let Some((name, value)) = body.split_once('=') else { return };
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return;
    }
    let from = end - value.len();
    let quoted = text.trim_start().starts_with('"') && value.ends_with('"');
    put(out, source, start, "export ");
    out.append(&source.slice(end - body.len(), from));
    put(out, source, from, "\"");
    inside(source, from, end - usize::from(quoted), true, out);
    put(out, source, end, "\"");
}

/// A command line. Paths are written with `/`, and a caret takes what follows as it is.
fn command(source: &Text, start: usize, end: usize, out: &mut Text) {
    inside(source, start, end, false, out);
}

fn inside(source: &Text, start: usize, end: usize, whole: bool, out: &mut Text) {
    let bytes = source.as_str().as_bytes();
    let (mut at, mut quoted, mut from) = (start, whole, start);
    let flush = |out: &mut Text, from: usize, to: usize| {
        if from < to {
            out.append(&source.slice(from, to));
        }
    };
    while at < end {
        let hole = bytes.get(at..end).is_some_and(|rest| rest.starts_with(b"${{"));
        if hole {
            let rest = source.as_str().get(at..end).unwrap_or_default();
            at += rest.find("}}").map_or(rest.len(), |n| n + 2);
            continue;
        }
        let (with, skip) = match bytes.get(at) {
            Some(b'%') => match variable(source.as_str(), at, end) {
                Some((name, length)) => (if quoted { format!("${{{name}}}") } else { format!("\"${{{name}}}\"") }, length),
                None => ("%".to_owned(), 1),
            },
            Some(b'\\') => ("/".to_owned(), 1),
            Some(b'^') if !quoted => (String::new(), 1),
            Some(b'"') if whole => ("\\\"".to_owned(), 1),
            Some(b'$' | b'`') => ("\\".to_owned(), 0),
            Some(b'\'' | b'(' | b')' | b';') if !quoted => ("\\".to_owned(), 0),
            Some(b'"') => {
                quoted = !quoted;
                at += 1;
                continue;
            }
            // A line is a background job nowhere: `a & b` is one after the other.
            Some(b'&')
                if !quoted
                    && bytes.get(at + 1) != Some(&b'&')
                    && at.checked_sub(1).and_then(|b| bytes.get(b)).is_none_or(|b| !matches!(b, b'&' | b'>')) =>
            {
                (";".to_owned(), 1)
            }
            _ => {
                at += 1;
                continue;
            }
        };
        flush(out, from, at);
        put(out, source, at, &with);
        at += skip;
        from = at;
        if skip == 0 {
            at += 1;
        }
    }
    flush(out, from, at.min(end));
}

/// `%NAME%`, `%NAME:a=b%`, `%1`: the variable, and the bytes it takes.
fn variable(text: &str, at: usize, end: usize) -> Option<(String, usize)> {
    let rest = text.get(at + 1..end)?;
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return Some((rest.chars().take(1).collect(), 2));
    }
    let close = rest.find('%').filter(|n| *n < 200)?;
    let name = rest.get(..close)?.split(':').next()?;
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then(|| (name.to_owned(), close + 2))
}
