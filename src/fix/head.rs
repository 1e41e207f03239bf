//! The statements of a module itself, and where an import has its place among them. Knows no finding.

use crate::syntax::python::Node;

/// The statements of a module itself, and where it takes an import.
#[derive(Debug, Default)]
pub struct Head {
    statements: Vec<Statement>,
    /// The first import that is none of the future.
    pub import: Option<usize>,
    /// The first statement that need not stay before every import.
    pub body: Option<usize>,
}

/// A statement of a module itself.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    /// First byte.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// Whether it defines a function or a class.
    pub is_definition: bool,
}

impl Head {
    /// Reads a module.
    pub fn of(root: Node<'_>, source: &str) -> Head {
        let mut out = Head::default();
        for (i, statement) in root.named().into_iter().enumerate() {
            let (start, kind) = (statement.start(), statement.kind());
            let is_definition = matches!(kind, "function_definition" | "class_definition" | "decorated_definition");
            out.statements.push(Statement { start, end: statement.end(), is_definition });
            if !is_head(statement, i, source) {
                out.body = out.body.or(Some(start));
                out.import = out.import.or(Some(start).filter(|_| matches!(kind, "import_statement" | "import_from_statement")));
            }
        }
        out
    }
    /// The statement in which a byte lies.
    pub fn statement(&self, at: usize) -> Option<Statement> {
        let next = self.statements.partition_point(|s| s.start <= at);
        self.statements.get(next.checked_sub(1)?).copied().filter(|s| at < s.end)
    }
}

/// Whether a statement must stay before every import: the docstring, imports of the future, what IPython reads itself.
fn is_head(statement: Node<'_>, at: usize, source: &str) -> bool {
    let docstring = at == 0 && statement.kind() == "expression_statement" && statement.named().first().is_some_and(|n| n.kind() == "string");
    let magic = source.get(statement.start()..).is_some_and(|s| s.starts_with(['%', '!', '?']));
    docstring || magic || statement.kind() == "future_import_statement"
}

/// Whether a statement binds the module's own name.
pub fn is_import_of(statement: Node<'_>, module: &str) -> bool {
    statement.kind() == "import_statement"
        && statement.fields("name").iter().any(|n| n.kind() == "dotted_name" && n.text().split('.').next() == Some(module))
}
