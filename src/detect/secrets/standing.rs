//! How a literal stands in Python: given to a name, or only near one. Asked for the few literals that look like secrets, of the syntax tree.

use crate::syntax::python::{Node, parse};

/// What the syntax tree says of a stretch of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A value that a name is given.
    Given,
    /// Part of a comment.
    Comment,
    /// Part of a longer string: a documentation string, a query, a file that the program writes.
    Text,
    /// Something else: an item of a list, an operand of a comparison.
    Other,
}

/// How the bytes `start..end` stand in a source, the quotes around them left out.
pub fn standing(source: &str, start: usize, end: usize) -> Standing {
    let line = source.get(..start).unwrap_or_default().rfind('\n').map_or(0, |i| i + 1);
    // Lines of IPython's own are no Python.
    if source.get(line..start).unwrap_or_default().trim_start().starts_with(['!', '%']) {
        return Standing::Given;
    }
    // What the parser gives up on is taken at its word.
    let Some(tree) = parse(source) else { return Standing::Given };
    let mut chain = vec![tree.root()];
    while let Some(node) = chain.last().and_then(|n| n.children().into_iter().find(|c| c.start() <= start && end <= c.end())) {
        chain.push(node);
    }
    if chain.iter().any(|n| n.is_comment()) {
        return Standing::Comment;
    }
    let Some(string) = chain.iter().position(|n| n.kind() == "string") else { return Standing::Given };
    // A prefix of two letters and three quotes on each side are no content.
    if chain[string].end() - chain[string].start() > end - start + 8 {
        return Standing::Text;
    }
    let mut child = chain[string];
    for parent in chain[..string].iter().rev() {
        match parent.kind() {
            "concatenated_string" | "binary_operator" | "parenthesized_expression" | "conditional_expression" | "boolean_operator" | "call" | "attribute" => {}
            "argument_list" if is_value(*parent, child) => return Standing::Given,
            "argument_list" if parent.named().len() == 1 => {}
            "assignment" | "augmented_assignment" | "named_expression" | "keyword_argument" | "pair" | "default_parameter" | "typed_default_parameter"
            | "ERROR" => return Standing::Given,
            _ => return Standing::Other,
        }
        child = *parent;
    }
    Standing::Other
}

/// Whether an argument follows one that names it: `getenv("KEY", "…")`.
fn is_value(list: Node<'_>, argument: Node<'_>) -> bool {
    let arguments = list.named();
    let before = arguments.iter().position(|a| a.start() == argument.start()).and_then(|i| i.checked_sub(1));
    before.is_some_and(|i| arguments[i].kind() == "string")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_how_they_stand() {
        let table = [
            ("a = 'SECRET'", Standing::Given),
            ("a: str = ('SECRET')", Standing::Given),
            ("o['k'] = f'SECRET'", Standing::Given),
            ("f(k='SECRET')", Standing::Given),
            ("{'k': 'SECRET'}", Standing::Given),
            ("def f(k='SECRET'): pass", Standing::Given),
            ("k = x or 'SECRET'", Standing::Given),
            ("k = Secret('SECRET')", Standing::Given),
            ("getenv('K', 'SECRET')", Standing::Given),
            ("if k == 'SECRET': pass", Standing::Other),
            ("for k in ['token', 'SECRET']: pass", Standing::Other),
            ("# k = 'SECRET'", Standing::Comment),
            ("'''say k = \"SECRET\" to all'''", Standing::Text),
            ("!run --key 'SECRET'\nx = 1", Standing::Given),
        ];
        for (source, want) in table {
            let start = source.find("SECRET").unwrap();
            assert_eq!(standing(source, start, start + 6), want, "{source}");
        }
    }
}
