//! The lists of tools an agent may use, in the forms that agents take them: names with commas or white space between, arguments of a command line,
//! JSON or YAML of settings. Knows the grammar alone; what a tool can do is a matter of rows.

/// What a text lists, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Tools that may be used.
    pub allowed: Vec<String>,
    /// Tools that may not.
    pub denied: Vec<String>,
    /// Whether there was a list of allowed ones at all: an empty one allows nothing.
    pub limits: bool,
    /// Whether it names all tools there are (`--tools`), not those that need no question.
    pub all: bool,
}

/// Most tools of one list.
const MOST: usize = 512;
/// Deepest settings.
const DEEPEST: usize = 16;

/// Reads a text. `denies`: a bare list in it is one of denied tools.
pub fn read(text: &str, denies: bool) -> Listed {
    let mut out = Listed::default();
    let trimmed = text.trim();
    if trimmed.starts_with(['{', '[']) {
        // What an expression fills in is no part of the list: it stands for one word.
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(trimmed) {
            settings(&value, if denies { Some(true) } else { None }, &mut out, DEEPEST);
            return out;
        }
    }
    if trimmed.split_whitespace().any(|w| w.starts_with("--")) {
        arguments(trimmed, &mut out);
        return out;
    }
    let listed = entries(trimmed);
    if denies {
        out.denied = listed;
    } else {
        out.limits = true;
        out.allowed = listed;
    }
    out
}

/// What the name of an option or a key says of the list behind it: `Some(true)` denies.
fn meaning(name: &str) -> Option<bool> {
    let name = name.to_ascii_lowercase().replace(['-', '_'], "");
    if name.contains("disallow") || name.contains("deny") || name.contains("exclude") || name.contains("blocked") {
        Some(true)
    } else if name.contains("allow") || name == "core" || name == "coretools" || name == "tools" {
        Some(false)
    } else {
        None
    }
}

/// `--allowedTools "Bash(git:*),Edit" --max-turns 5`.
fn arguments(text: &str, out: &mut Listed) {
    let mut now = None;
    let mut from = 0;
    let mut parts: Vec<(Option<bool>, &str)> = Vec::new();
    for (at, word) in words(text) {
        let Some(option) = word.strip_prefix("--") else { continue };
        parts.push((now, text.get(from..at).unwrap_or_default()));
        let name = option.split('=').next().unwrap_or(option);
        now = meaning(name);
        out.all |= name == "tools";
        from = at + 2 + name.len();
    }
    parts.push((now, text.get(from..).unwrap_or_default()));
    for (meaning, values) in parts {
        let listed = || entries(values.trim_start_matches('='));
        match meaning {
            Some(true) => out.denied.extend(listed()),
            Some(false) => {
                out.limits = true;
                out.allowed.extend(listed());
            }
            None => {}
        }
    }
}

/// Words outside of quotes and brackets, with where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut out = Vec::new();
    let (mut quote, mut depth, mut begin) = (None, 0_u32, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, c) if c.is_whitespace() && depth == 0 => {
                if let Some(begin) = begin.take() {
                    out.push((begin, text.get(begin..at).unwrap_or_default()));
                }
                continue;
            }
            _ => {}
        }
        begin.get_or_insert(at);
    }
    if let Some(begin) = begin {
        out.push((begin, text.get(begin..).unwrap_or_default()));
    }
    out.into_iter()
}

/// `Bash(git status), Edit` and the same with line breaks: names, each with what stands in its brackets.
fn entries(text: &str) -> Vec<String> {
    let (mut out, mut depth, mut one) = (Vec::new(), 0_u32, String::new());
    let mut end = |one: &mut String| {
        let entry = one.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '-' | '[' | ']')).to_owned();
        one.clear();
        if !entry.is_empty() && out.len() < MOST {
            out.push(entry);
        }
    };
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '\n' => depth = 0,
            _ => {}
        }
        // White space parts names, but a bracket may follow one.
        if depth == 0 && (matches!(c, ',' | '\n' | '"' | '\'') || c.is_whitespace()) {
            end(&mut one);
        } else {
            one.push(c);
        }
    }
    end(&mut one);
    out
}

/// Lists under keys that say what they are: `permissions.allow`, `tools.core`, `excludeTools`.
fn settings(value: &serde_json::Value, meant: Option<bool>, out: &mut Listed, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                // An entry of its own, as `{ "bash": "allow" }`.
                match value.as_str() {
                    Some("allow") => {
                        out.limits = true;
                        out.allowed.push(key.clone());
                    }
                    Some("deny") => out.denied.push(key.clone()),
                    _ => settings(value, meaning(key).or(meant.filter(|_| !value.is_array())), out, depth),
                }
            }
        }
        serde_json::Value::Array(items) => {
            let texts = items.iter().filter_map(|i| i.as_str().map(str::to_owned)).take(MOST);
            match meant {
                Some(true) => out.denied.extend(texts),
                Some(false) => {
                    out.limits = true;
                    out.allowed.extend(texts);
                }
                None => {}
            }
            items.iter().filter(|i| !i.is_string()).for_each(|i| settings(i, meant, out, depth));
        }
        _ => {}
    }
}

/// A tool in the form rows name it: `bash(gh issue view)` for `Bash(gh issue view:*)`, `bash` for `Bash(*)`.
pub fn normal(entry: &str) -> String {
    let lower = entry.trim().to_ascii_lowercase();
    let Some((name, inner)) = lower.split_once('(') else { return lower };
    let inner = inner.trim_end_matches(')').trim();
    let command = inner.trim_end_matches(['*', ':', ' ']).trim();
    if command.is_empty() { name.to_owned() } else { format!("{name}({command})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_every_form() {
        /// Text, whether it is a list of denied ones, what it allows and denies, whether it limits.
        type Case = (&'static str, bool, &'static [&'static str], &'static [&'static str], bool);
        let table: &[Case] = &[
            ("Bash,Edit, mcp__github__create_issue", false, &["Bash", "Edit", "mcp__github__create_issue"], &[], true),
            ("Bash(gh issue view:*),Bash(git *)\nRead", false, &["Bash(gh issue view:*)", "Bash(git *)", "Read"], &[], true),
            ("Bash", true, &[], &["Bash"], false),
            ("--max-turns 5 --allowedTools \"Bash(gh pr diff:*),Edit\"", false, &["Bash(gh pr diff:*)", "Edit"], &[], true),
            ("--allowed-tools=Bash --disallowedTools 'WebFetch,Bash(rm:*)' --model x", false, &["Bash"], &["WebFetch", "Bash(rm:*)"], true),
            ("--allowedTools Edit Write Bash(ls:*) --model opus", false, &["Edit", "Write", "Bash(ls:*)"], &[], true),
            ("--model opus", false, &[], &[], false),
            ("--prompt 'say --allowedTools Bash'", false, &[], &[], false),
            (r#"{"permissions": {"allow": ["Bash(npm:*)"], "deny": ["WebFetch"]}, "model": "x"}"#, false, &["Bash(npm:*)"], &["WebFetch"], true),
            (r#"{"tools": {"core": ["run_shell_command(echo)"], "exclude": ["x"]}}"#, false, &["run_shell_command(echo)"], &["x"], true),
            (r#"{"coreTools": []}"#, false, &[], &[], true),
            (r#"{"permission": {"bash": "allow", "edit": "deny"}}"#, false, &["bash"], &["edit"], true),
            ("{ not json", false, &["{", "not", "json"], &[], true),
            ("", false, &[], &[], true),
        ];
        for (text, denies, allowed, denied, limits) in table {
            let found = read(text, *denies);
            assert_eq!(found.allowed, *allowed, "{text}");
            assert_eq!(found.denied, *denied, "{text}");
            assert_eq!(found.limits, *limits, "{text}");
        }
    }

    #[test]
    fn names_are_made_alike() {
        for (entry, want) in [
            ("Bash(gh issue view:*)", "bash(gh issue view)"),
            ("Bash(*)", "bash"),
            ("Bash(:*)", "bash"),
            ("Bash(git *)", "bash(git)"),
            ("Edit", "edit"),
            ("run_shell_command(echo)", "run_shell_command(echo)"),
            ("Bash(", "bash"),
        ] {
            assert_eq!(normal(entry), want, "{entry}");
        }
    }
}
