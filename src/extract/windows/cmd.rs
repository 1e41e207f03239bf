//! cmd.exe, line by line: `%NAME%` is a variable, `call` and `start` run what follows, `set` is an assignment. Blocks in parentheses are read as if they always ran;
//! loops are left out, since their variables are not.

use super::put;
use crate::text::Text;

/// The script as a shell would say it.
pub(super) fn as_shell(source: &Text) -> Text {
    let text = source.as_str();
    let (mut out, mut at) = (Text::default(), 0);
    for line in text.split('\n') {
        let (start, end) = (at, at + line.trim_end().len());
        at += line.len() + 1;
        // A remark is one to the end of its line, whatever stands in it.
        let first = line.trim_start_matches([' ', '\t', '@']);
        if first.starts_with("::")
            || first.get(..3).is_some_and(|w| w.eq_ignore_ascii_case("rem")) && !first.get(3..4).is_some_and(|c| c != " " && c != "\t")
        {
            continue;
        }
        for (from, to, then) in commands(text, start, end) {
            one(source, from, to, &mut out);
            put(&mut out, source, to, then);
        }
    }
    out
}

/// Commands of a line, and what stands between them and the next: `a & b` is one after the other.
fn commands(text: &str, start: usize, end: usize) -> Vec<(usize, usize, &'static str)> {
    let bytes = text.as_bytes();
    let (mut out, mut from, mut at, mut quoted) = (Vec::new(), start, start, false);
    while at < end {
        let next = bytes.get(at + 1).copied().filter(|_| at + 1 < end);
        let then = match (bytes.get(at), next) {
            (Some(b'^'), _) if !quoted => {
                at += 2;
                continue;
            }
            (Some(b'"'), _) => {
                quoted = !quoted;
                None
            }
            (Some(b'&'), Some(b'&')) if !quoted => Some(" && "),
            (Some(b'|'), Some(b'|')) if !quoted => Some(" || "),
            (Some(b'|'), _) if !quoted => Some(" | "),
            // `2>&1` is no end.
            (Some(b'&'), _) if !quoted && at.checked_sub(1).and_then(|b| bytes.get(b)) != Some(&b'>') => Some("\n"),
            _ => None,
        };
        if let Some(then) = then {
            out.push((from, at, then));
            at += usize::from(then.len() == 4);
            from = at + 1;
        }
        at += 1;
    }
    out.push((from.min(end), end, "\n"));
    out
}

/// One command: `call` and `start` run what follows, as a block does that begins or ends here.
fn one(source: &Text, mut start: usize, mut end: usize, out: &mut Text) {
    let text = source.as_str();
    let rest = |start: usize| text.get(start..end).unwrap_or_default();
    let mut started = false;
    loop {
        let word = rest(start).trim_start_matches([' ', '\t', '@', '(', ')']);
        start = end - word.len();
        let head = word.split_whitespace().next().unwrap_or_default();
        match head.to_ascii_lowercase().as_str() {
            "start" => {
                started = true;
                start += head.len();
            }
            "call" | "else" | "/wait" | "/b" | "/min" | "/max" => start += head.len(),
            // The first text in quotes is the title of the window, where something follows.
            _ if started && titled(word).is_some() => {
                started = false;
                start += titled(word).unwrap_or_default();
            }
            "if" => {
                let asked = failed(word);
                if asked {
                    put(out, source, start, "[ \"$?\" -ne 0 ] && ");
                }
                start = condition(word).map_or(end, |skipped| start + skipped);
            }
            _ => break,
        }
    }
    // What closes a block is no word.
    let body = text.get(start..end).unwrap_or_default();
    let mut closing = body.matches(')').count().saturating_sub(body.matches('(').count());
    while closing > 0 && text.get(start..end).is_some_and(|t| t.ends_with([')', ' ', '\t'])) {
        end -= 1;
        closing -= usize::from(text.as_bytes().get(end) == Some(&b')'));
    }
    let head = text.get(start..end).unwrap_or_default().split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    match head.as_str() {
        "" | "for" | "goto" | "echo." | "setlocal" | "endlocal" => {}
        _ if head.starts_with(':') => {}
        "set" => assignment(source, start + 3, end, out),
        // `exit /b 1` leaves the file.
        "exit" => {
            put(out, source, start, "exit ");
            let code = text.get(start + 4..end).unwrap_or_default().trim_start().trim_start_matches(['/', 'b', 'B', ' ', '\t']);
            inside(source, end - code.len(), end, false, out);
        }
        _ => {
            // The directory is searched before all others.
            if [".bat", ".cmd", ".exe"].iter().any(|ending| head.ends_with(ending)) && !head.contains(['/', '\\', '%', '"']) {
                put(out, source, start, "./");
            }
            inside(source, start, end, false, out);
        }
    }
}

/// Bytes of the text in quotes that a command begins with and that more follows.
fn titled(word: &str) -> Option<usize> {
    let close = word.strip_prefix('"')?.find('"')? + 2;
    word.get(close..).filter(|rest| !rest.trim().is_empty()).map(|_| close)
}

/// Whether `if …` asks whether the command before failed.
fn failed(line: &str) -> bool {
    let words: Vec<String> = line.split_whitespace().take(4).map(str::to_ascii_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(words.as_slice(), ["if", "errorlevel", "1", ..] | ["if", "%errorlevel%" | "!errorlevel!", "neq" | "gtr", "0", ..])
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

/// Words of a command line. Paths are written with `/`, and a caret takes what follows as it is.
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
            Some(b'^') if !quoted => {
                // What follows is no sign.
                let length = source.as_str().get(at + 1..end).and_then(|t| t.chars().next()).map_or(0, char::len_utf8);
                flush(out, from, at);
                put(out, source, at, "\\");
                from = at + 1;
                at += 1 + length;
                continue;
            }
            Some(b'"') if whole => ("\\\"".to_owned(), 1),
            Some(b'$' | b'`') => ("\\".to_owned(), 0),
            Some(b'\'' | b'(' | b')' | b';') if !quoted => ("\\".to_owned(), 0),
            Some(b'"') => {
                quoted = !quoted;
                at += 1;
                continue;
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
