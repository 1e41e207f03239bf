//! Values that say the same: a script that gives one variable two thousand values of a few forms is asked about those forms.

use std::collections::BTreeMap;

use crate::facts::{Command, ExprWhat, FactId, FileFacts, Stdin, V, ValueId, What};

/// Writes of one form in one script that are kept.
const KEPT: usize = 4;
/// How deep a form goes.
const DEPTH: u32 = 6;
/// Parts of one value, and words of one command, that a form is made of.
const PARTS: usize = 32;

/// Of the writes of a variable those that say different things, in order.
pub(super) fn distinct(facts: &FileFacts, writes: &[FactId]) -> Vec<FactId> {
    let mut seen: BTreeMap<(Option<FactId>, String), usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for id in writes {
        let What::Write { value, .. } = &facts.fact(*id).what else { continue };
        let inside = facts.owners(*id).find(|(_, f)| matches!(f.what, What::Script { .. } | What::Step { .. })).map(|o| o.0);
        let count = seen.entry((inside, form(facts, *value, DEPTH))).or_default();
        *count += 1;
        if *count <= KEPT {
            kept.push(*id);
        }
    }
    kept
}

/// What a value is made of, places and numbers apart. What has no form is itself.
fn form(facts: &FileFacts, value: ValueId, depth: u32) -> String {
    let itself = || format!("#{}", value.0);
    let Some(depth) = depth.checked_sub(1) else { return itself() };
    match &facts.value(value).what {
        // Names of files that a pattern stands for are somebody's; other text is the script's own.
        V::Str(text) if text.as_str().contains(['*', '?', '[']) => text.as_str().to_owned(),
        V::Str(_) | V::Num(_) => "text".to_owned(),
        V::Env(name) => format!("${name}"),
        V::Param(n) => format!("${n}"),
        V::Name(name) => format!("@{name}"),
        V::Expr(expr) => match &expr.what {
            ExprWhat::Context(name) => format!("{{{name}}}"),
            _ => itself(),
        },
        V::FileRead(name) => format!("<{}", facts.literal(*name).unwrap_or_else(|| form(facts, *name, depth))),
        V::Subst(fact) => command(facts, *fact, depth),
        V::Join(parts) | V::Phi(parts) | V::Unknown(parts) | V::List(parts, _) if parts.len() <= PARTS => {
            let parts: Vec<String> = parts.iter().map(|p| form(facts, *p, depth)).collect();
            format!("({})", parts.join(" "))
        }
        _ => itself(),
    }
}

/// The words of a command and what goes into it.
fn command(facts: &FileFacts, fact: FactId, depth: u32) -> String {
    let (What::Command(Command { words, stdin, .. }), Some(depth)) = (&facts.fact(fact).what, depth.checked_sub(1)) else {
        return format!("!{}", fact.0);
    };
    if words.len() > PARTS {
        return format!("!{}", fact.0);
    }
    let word = |w: &crate::facts::Word| match facts.word(w) {
        Some(text) => text.chars().filter(|c| !c.is_ascii_digit()).collect(),
        None => form(facts, w.value, depth),
    };
    let words: Vec<String> = words.iter().map(word).collect();
    let from = match stdin {
        Stdin::Inherited => String::new(),
        Stdin::Pipe(before) => command(facts, *before, depth),
        Stdin::File(file) => format!("<{}", facts.literal(*file).unwrap_or_else(|| form(facts, *file, depth))),
        Stdin::Text(text) => form(facts, *text, depth),
    };
    format!("[{from}|{}]", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::shell;

    fn kept(script: &str) -> usize {
        let facts = shell::file(script.as_bytes());
        let writes: Vec<FactId> = facts.iter().filter(|(_, f)| matches!(f.what, What::Write { .. })).map(|f| f.0).collect();
        distinct(&facts, &writes).len()
    }

    #[test]
    fn what_says_the_same_is_kept_a_few_times() {
        assert_eq!(kept(&"x=\"$x$T\"\n".repeat(500)), KEPT);
        let views: String = (0..500).map(|i| format!("x=$(gh pr view {i} | jq .title)\n")).collect();
        assert_eq!(kept(&views), KEPT);
        assert_eq!(kept(&format!("{views}x=$T\nx=$(gh pr view 1 | jq .body)\nx=$(cat a)\nx=$(cat b)\nx=*.txt\n")), KEPT + 5);
    }
}
