//! Which fields of an answer a command prints: lists of names (`number,title`) and filters (`.[] | select(.draft) | .head.sha`). Knows the form of a filter
//! and what rows say of fields.

use crate::catalog::glob;
use crate::catalog::row::Effect;
use crate::graph::Node;
use crate::reach::Context;
use crate::reach::sources::Source;

/// What is printed of what goes through a command.
pub(super) enum Chosen {
    /// What the project itself chooses.
    Own,
    /// What has a fixed shape, whatever goes in.
    Plain,
    /// A field of a fixed shape.
    Number,
    /// A field that is the name of a branch.
    Branch,
    /// Text of one line.
    Line,
}

impl Chosen {
    /// What is left of a source: the thing an outsider picked, without text of theirs; nothing of what is the project's own.
    pub(super) fn of(&self, source: Source) -> Option<Source> {
        match self {
            Chosen::Own => None,
            // A number is one in an answer of the platform; a file may hold any text under that name.
            Chosen::Number | Chosen::Branch if source.file => Some(source),
            Chosen::Plain | Chosen::Number => Some(Source { arbitrary: false, lines: false, ..source }),
            Chosen::Branch => Some(Source { lines: false, branch: true, ..source }),
            Chosen::Line => Some(Source { lines: false, ..source }),
        }
    }
}

/// What a command picks, when all of it is fields that carry no text of an outsider.
pub(super) fn chosen(context: Context, node: Node) -> Option<Chosen> {
    let facts = context.facts.file(node.file);
    for (id, row) in context.index.rows(context.catalog, node) {
        for effect in &row.effects {
            if let Effect::Cleans(text) = effect {
                return Some(if *text { Chosen::Plain } else { Chosen::Line });
            }
            let Effect::Selects { slot, plain, own, branch } = effect else { continue };
            let given = slot.iter().find_map(|s| context.catalog.slot(facts, node.fact, id, s).into_iter().next());
            // A variable inside a filter stands for a text that is compared.
            let Some(text) = given.and_then(|v| facts.literal_parts(v)) else { continue };
            let paths = paths(&text);
            let fits = |globs: &[String], path: &String| globs.iter().any(|g| glob::text(g, path));
            if !paths.is_empty() && paths.iter().all(|p| fits(plain, p) || fits(own, p)) {
                return Some(if paths.iter().all(|p| fits(own, p)) { Chosen::Own } else { Chosen::Number });
            }
            if !paths.is_empty() && paths.iter().all(|p| fits(branch, p)) {
                return Some(Chosen::Branch);
            }
        }
    }
    None
}

/// Functions of a filter that hand on what comes before them.
const HANDS_ON: [&str; 11] = ["first", "last", "tostring", "tonumber", "join", "unique", "reverse", "add", "flatten", "ascii_downcase", "ltrimstr"];

/// Paths of the fields that a text names, in lower case: `head.sha`, `number`. Of a filter those behind its last pipe, or behind the one before where
/// that only hands on; none, when it is not understood.
fn paths(text: &str) -> Vec<String> {
    let text = text.trim();
    // A list of all that the filter inside gives.
    let text = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).filter(|t| t.contains('|')).unwrap_or(text);
    let parts = pipes(text);
    for part in parts.iter().rev() {
        let names = names(part);
        if names.iter().all(|n| HANDS_ON.contains(&n.as_str())) {
            continue;
        }
        return names.into_iter().filter(|n| !HANDS_ON.contains(&n.as_str())).collect();
    }
    Vec::new()
}

/// Parts between pipes that stand in no bracket and no text.
fn pipes(text: &str) -> Vec<&str> {
    let (mut out, mut from, mut depth, mut quoted) = (Vec::new(), 0, 0_u32, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            '|' if !quoted && depth == 0 => {
                out.push(text.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(text.get(from..).unwrap_or_default());
    out
}

/// Names joined by dots: `.head.sha` is one, `number,title` two. Indices and the dot in front are left out.
fn names(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut brackets = 0_u32;
    for c in text.chars() {
        let Some(last) = out.last_mut() else { break };
        match c {
            '[' => brackets += 1,
            ']' => brackets = brackets.saturating_sub(1),
            _ if brackets > 0 => {}
            c if c.is_ascii_alphanumeric() || c == '_' || c == '-' => last.push(c.to_ascii_lowercase()),
            '.' if !last.is_empty() => last.push('.'),
            '.' | '?' => {}
            _ if !last.is_empty() => out.push(String::new()),
            _ => {}
        }
    }
    let trimmed = out.into_iter().map(|n| n.trim_matches('.').to_owned());
    trimmed.filter(|n| !n.is_empty() && !n.bytes().all(|b| b.is_ascii_digit())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_name_what_they_print() {
        for (text, want) in [
            ("number,title", vec!["number", "title"]),
            (".number", vec!["number"]),
            (".[].number", vec!["number"]),
            (".[0].head.sha", vec!["head.sha"]),
            (".[] | select(.title | contains(\"x\")) | .number", vec!["number"]),
            (".files[] | .path", vec!["path"]),
            (".labels | map(.name) | join(\",\")", vec!["map", "name"]),
            (".head.ref | tostring", vec!["head.ref"]),
            ("\"\\(.number) \\(.title)\"", vec!["number", "title"]),
            ("[.[] | select(.x == \"\") | .number]", vec!["number"]),
            (".", vec![]),
        ] {
            assert_eq!(paths(text), want, "{text}");
        }
    }
}
