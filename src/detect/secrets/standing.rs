//! How a literal stands in Python: given to a name, or only near one. Asked for the few literals that look like secrets, of the syntax tree.

use std::cell::OnceCell;

use crate::syntax::python::{Node, Tree, parse};

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

/// A source that may be asked about many of its literals; parsed when it is first asked.
pub struct Code<'s> {
    source: &'s str,
    tree: OnceCell<Option<Tree>>,
}

impl<'s> Code<'s> {
    /// A source.
    pub fn new(source: &'s str) -> Self {
        Code { source, tree: OnceCell::new() }
    }

    /// How the bytes `start..end` stand, the quotes around them left out.
    pub fn standing(&self, start: usize, end: usize) -> Standing {
        let line = memchr::memrchr(b'\n', self.source.as_bytes().get(..start).unwrap_or_default()).map_or(0, |i| i + 1);
        // Lines of IPython's own are no Python.
        if self.source.get(line..start).unwrap_or_default().trim_start().starts_with(['!', '%']) {
            return Standing::Given;
        }
        // What the parser gives up on is taken at its word.
        let Some(tree) = self.tree.get_or_init(|| parse(self.source)) else { return Standing::Given };
        if around(tree.root().covering(start, end)).any(Node::is_comment) {
            return Standing::Comment;
        }
        let Some(string) = around(tree.root().covering(start, end)).filter(|n| n.kind() == "string").last() else { return Standing::Given };
        // A prefix of two letters and three quotes on each side are no content.
        if string.end() - string.start() > end - start + 8 {
            return Standing::Text;
        }
        let mut child = string;
        for parent in around(string.parent()) {
            match parent.kind() {
                "concatenated_string"
                | "binary_operator"
                | "parenthesized_expression"
                | "conditional_expression"
                | "boolean_operator"
                | "call"
                | "attribute" => {}
                "argument_list" if is_value(parent, child) => return Standing::Given,
                "argument_list" if parent.named().len() == 1 => {}
                "assignment"
                | "augmented_assignment"
                | "named_expression"
                | "keyword_argument"
                | "pair"
                | "default_parameter"
                | "typed_default_parameter"
                | "ERROR" => return Standing::Given,
                _ => return Standing::Other,
            }
            child = parent;
        }
        Standing::Other
    }
}

/// Nodes around a literal that are looked at.
const DEPTH: usize = 60;

/// A node and those around it.
fn around(node: Option<Node<'_>>) -> impl Iterator<Item = Node<'_>> {
    std::iter::successors(node, |n| n.parent()).take(DEPTH)
}

/// Whether an argument follows one that names it: `getenv("HUB_KEY", "…")`. A single word in front of it names anything.
fn is_value(list: Node<'_>, argument: Node<'_>) -> bool {
    let arguments = list.named();
    let before = arguments.iter().position(|a| a.start() == argument.start()).and_then(|i| i.checked_sub(1));
    before.is_some_and(|i| arguments[i].kind() == "string" && arguments[i].text().contains(['_', '-']))
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
            ("getenv('A_K', 'SECRET')", Standing::Given),
            ("f('token', 'SECRET')", Standing::Other),
            ("if k == 'SECRET': pass", Standing::Other),
            ("for k in ['token', 'SECRET']: pass", Standing::Other),
            ("# k = 'SECRET'", Standing::Comment),
            ("'''say k = \"SECRET\" to all'''", Standing::Text),
            ("!run --key 'SECRET'\nx = 1", Standing::Given),
        ];
        for (source, want) in table {
            let start = source.find("SECRET").unwrap();
            assert_eq!(Code::new(source).standing(start, start + 6), want, "{source}");
        }
    }
}
