//! A literal that a program should be given: read from the environment instead, where that means the same. Knows the form of Python and no variable.

use crate::fix::carrier::{Carrier, Change};
use crate::fix::python::{Changed, argument, line_end};
use crate::rule::edits::ArgumentName;
use crate::syntax::python::Node;

/// The environment, as a page names it.
#[derive(Clone, Copy, Debug)]
pub struct Environment<'p> {
    /// The variable in which the vendor's own programs look for such a secret.
    pub variable: Option<&'p str>,
    /// The module: `os`.
    pub module: &'p str,
    /// Its table: `os.environ`.
    pub table: &'p str,
    /// Calls that look a variable up, with what to give when there is none.
    pub lookups: &'p [String],
    /// Calls that set a variable.
    pub setters: &'p [String],
}

/// The changes that read a literal from the environment, and the variable.
pub struct Read {
    /// What changes.
    pub changes: Vec<Change>,
    /// The variable that has to be set.
    pub variable: String,
    /// Where the name comes from.
    pub by: By,
}

/// Why a variable has its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// It was made up here.
    Choice,
    /// The program looked it up already.
    Lookup,
    /// The program set it, and does so no longer.
    Setter,
}

/// Takes the secret at a stretch of a program out. `name` is what it is called where nothing in the program says it; `earlier`: programs that ran before and
/// share its names.
pub fn read(carrier: &Carrier, earlier: &[&Carrier], start: usize, end: usize, name: &str, environment: Environment<'_>) -> Result<Read, String> {
    let root = carrier.tree.root();
    let literal = literal(root, start, end)?;
    let source = carrier.text.as_str();
    if let Some((statement, variable)) = setter(literal, environment) {
        let changes = removed(statement, source)?;
        return Ok(Read { changes, variable, by: By::Setter });
    }
    let place = place(literal)?;
    if let Place::Default(call) = place {
        let callee = call.field("function").map(Node::text).unwrap_or_default();
        let key = argument(call, &ArgumentName::Position(0));
        let variable = key.and_then(plain).filter(|k| !k.is_empty());
        match (key, variable, environment.lookups.iter().any(|l| l == callee)) {
            (Some(key), Some(variable), true) => {
                let said = format!("{}[{}]", environment.table, key.text());
                return Ok(Read { changes: vec![Change::new(call.start(), call.end(), said)], variable, by: By::Lookup });
            }
            _ if environment.lookups.iter().any(|l| l.rsplit('.').next() == callee.rsplit('.').next()) => {
                return Err("it is what a lookup falls back to: drop it there".to_owned());
            }
            _ => {}
        }
    }
    let variable = match (&place, environment.variable) {
        (Place::Named(target), _) if is_telling(target) => upper(target),
        (_, Some(variable)) => variable.to_owned(),
        _ => upper(name),
    };
    if variable.is_empty() {
        return Err("nothing says what the variable should be called".to_owned());
    }
    let quote = if opening(literal) == Some('\'') { '\'' } else { '"' };
    let mut changes = import(carrier, earlier, literal, environment.module)?;
    changes.push(Change::new(literal.start(), literal.end(), format!("{}[{quote}{variable}{quote}]", environment.table)));
    changes.sort();
    Ok(Read { changes, variable, by: By::Choice })
}

/// The whole literal whose text is a stretch: one string, or several that are one.
fn literal(root: Node<'_>, start: usize, end: usize) -> Result<Node<'_>, String> {
    let mut node = root.covering(start, end).ok_or("it stands in no expression")?;
    let mut best: Option<Node<'_>> = None;
    for _ in 0..DEPTH {
        match node.kind() {
            "string" | "concatenated_string" => best = Some(node),
            "binary_operator" if is_joined(node) => best = Some(node),
            "parenthesized_expression" if best.is_some() => {}
            "string_content" | "string_start" | "string_end" | "escape_sequence" => {}
            "comment" => return Err("it stands in a comment: take it out by hand".to_owned()),
            _ => break,
        }
        node = match node.parent() {
            Some(parent) => parent,
            None => break,
        };
    }
    let literal = best.ok_or("it is no string of its own")?;
    let mut parts = Vec::new();
    strings(literal, &mut parts);
    for part in &parts {
        let head: String = part.text().chars().take_while(|c| c.is_ascii_alphabetic()).collect();
        if head.to_ascii_lowercase().contains('b') {
            return Err("it is bytes, and the environment holds text".to_owned());
        }
        if part.named().iter().any(|c| c.kind() == "interpolation") {
            return Err("other values are put into the same text".to_owned());
        }
    }
    let inner = |part: &Node<'_>| {
        let named = part.named();
        let content: Vec<&Node<'_>> = named.iter().filter(|n| n.kind() == "string_content").collect();
        Some((content.first()?.start(), content.last()?.end()))
    };
    let mut inside = parts.iter().filter_map(inner);
    let first = inside.next().ok_or("it is no string of its own")?;
    let last = inside.next_back().unwrap_or(first);
    // The finding may be about the literal with its quotes.
    if (first.0, last.1) != (start, end) && (literal.start(), literal.end()) != (start, end) {
        return Err("more than the secret stands in the same text".to_owned());
    }
    Ok(literal)
}

/// Literals that are put together at most; longer sums are no secret.
const JOINED: usize = 200;

/// Whether an operator joins literals alone.
fn is_joined(node: Node<'_>) -> bool {
    let mut stack = vec![node];
    let mut seen = 0;
    while let Some(node) = stack.pop() {
        seen += 1;
        match node.kind() {
            _ if seen > JOINED => return false,
            "string" | "concatenated_string" => {}
            "binary_operator" if node.field("operator").is_some_and(|o| o.kind() == "+") => {
                stack.extend(node.field("left").into_iter().chain(node.field("right")))
            }
            _ => return false,
        }
    }
    true
}

fn strings<'t>(node: Node<'t>, out: &mut Vec<Node<'t>>) {
    let mut stack = vec![node];
    while let Some(node) = stack.pop() {
        if node.kind() == "string" {
            out.push(node);
        } else {
            stack.extend(node.named().into_iter().rev());
        }
    }
}

/// Brackets and operators around a literal that are looked through.
const DEPTH: usize = 32;

/// What a literal is given to.
enum Place<'t> {
    /// A variable, an argument or a key of this name.
    Named(String),
    /// An argument by position.
    Unnamed,
    /// The second argument of a call.
    Default(Node<'t>),
}

fn place(literal: Node<'_>) -> Result<Place<'_>, String> {
    let mut node = literal;
    for around in std::iter::successors(literal.parent(), |n| n.parent()).take(DEPTH) {
        let is = |field: &str| around.field(field).is_some_and(|n| n.start() == node.start() && n.end() == node.end());
        match around.kind() {
            "parenthesized_expression" | "conditional_expression" | "boolean_operator" => node = around,
            "assignment" | "named_expression" if is("right") || is("value") => {
                let target = around.field("left").or(around.field("name"));
                return Ok(target.and_then(target_name).map_or(Place::Unnamed, Place::Named));
            }
            "keyword_argument" if is("value") => return Ok(around.field("name").map_or(Place::Unnamed, |n| Place::Named(n.text().to_owned()))),
            "pair" if is("value") => return Ok(around.field("key").and_then(plain).map_or(Place::Unnamed, Place::Named)),
            "pair" => return Err("it is a key".to_owned()),
            "default_parameter" | "typed_default_parameter" => {
                return Err("a default is read where the function is defined: nobody could import the module without the variable".to_owned());
            }
            "argument_list" => {
                let call = around.parent().filter(|c| c.kind() == "call");
                let second = |c: &Node<'_>| argument(*c, &ArgumentName::Position(1)).is_some_and(|a| a.start() == node.start());
                return Ok(call.filter(second).map_or(Place::Unnamed, Place::Default));
            }
            "list" | "tuple" | "set" | "comparison_operator" | "return_statement" | "yield" | "await" => return Ok(Place::Unnamed),
            "expression_statement" => return Err("the text stands there by itself".to_owned()),
            _ => return Err("the program does more with the literal than hand it on".to_owned()),
        }
    }
    Err("it stands in no expression".to_owned())
}

/// The last name of a target.
fn target_name(target: Node<'_>) -> Option<String> {
    match target.kind() {
        "identifier" => Some(target.text().to_owned()),
        "attribute" => target.field("attribute").map(|n| n.text().to_owned()),
        "subscript" => target.field("subscript").and_then(plain),
        _ => None,
    }
}

/// The text of a plain string.
fn plain(node: Node<'_>) -> Option<String> {
    let content = node.named();
    let simple = node.kind() == "string" && content.iter().all(|n| matches!(n.kind(), "string_start" | "string_content" | "string_end"));
    simple.then(|| content.iter().filter(|n| n.kind() == "string_content").map(|n| n.text()).collect())
}

/// The statement that sets a variable of the environment to a literal, and the variable.
fn setter<'t>(literal: Node<'t>, environment: Environment<'_>) -> Option<(Node<'t>, String)> {
    let around = literal.parent()?;
    let (statement, key) = match around.kind() {
        "assignment" => {
            let target =
                around.field("left").filter(|t| t.kind() == "subscript" && t.field("value").is_some_and(|v| v.text() == environment.table))?;
            (around.parent()?, target.field("subscript").and_then(plain)?)
        }
        "argument_list" => {
            let call = around.parent().filter(|c| c.kind() == "call")?;
            let sets = call.field("function").is_some_and(|f| environment.setters.iter().any(|s| s == f.text()));
            let second = argument(call, &ArgumentName::Position(1)).is_some_and(|a| a.start() == literal.start());
            let key = argument(call, &ArgumentName::Position(0)).and_then(plain).filter(|_| sets && second)?;
            (call.parent()?, key)
        }
        _ => return None,
    };
    (statement.kind() == "expression_statement" && !key.is_empty()).then_some((statement, key))
}

/// A statement goes, with its lines, where something is left to run.
fn removed(statement: Node<'_>, source: &str) -> Changed {
    let block = statement.parent().ok_or("it stands in no block")?;
    if block.kind() != "module" && block.has_one() {
        return Err("nothing would be left of the block that it stands in".to_owned());
    }
    let before = source.as_bytes().get(..statement.start()).unwrap_or_default();
    let blank = before.iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let lead = statement.start() - blank;
    let fresh = lead == 0 || before.get(lead - 1).is_some_and(|b| matches!(b, b'\n' | b'\r'));
    match line_end(source, past_comment(source, statement.end())) {
        Some(end) if fresh => {
            // The last line of a text has no end of its own: it takes that of the line before.
            let last = end == source.len() && !source.ends_with(['\n', '\r']) && lead > 0;
            let ends = if source.get(..lead).is_some_and(|s| s.ends_with("\r\n")) { 2 } else { 1 };
            Ok(vec![Change::cut(if last { lead - ends } else { lead }, end)])
        }
        _ => Err("other statements stand on the same line".to_owned()),
    }
}

/// One past the comment that comes next on the line, if one does.
fn past_comment(source: &str, at: usize) -> usize {
    let rest = source.as_bytes().get(at..).unwrap_or_default();
    let blank = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    match rest.get(blank) {
        Some(b'#') => at + rest.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(rest.len()),
        _ => at,
    }
}

/// The import of the module, where the program does not have it yet; why it cannot be there.
fn import(carrier: &Carrier, earlier: &[&Carrier], literal: Node<'_>, module: &str) -> Changed {
    if std::iter::once(&carrier).chain(earlier).any(|c| c.binds(module)) {
        return Err(format!("`{module}` means something else in this program"));
    }
    let head = carrier.head();
    let top = head.statement(literal.start()).filter(|s| literal.end() <= s.end);
    // What stands in a function is read after the whole module.
    let until = top.filter(|s| !s.is_definition).map_or(usize::MAX, |s| s.start);
    if carrier.imports(module).is_some_and(|at| at < until) || earlier.iter().any(|c| c.imports(module).is_some()) {
        return Ok(Vec::new());
    }
    let source = carrier.text.as_str();
    let limit = top.map_or(usize::MAX, |s| s.start);
    let first = head.import.filter(|at| *at <= limit);
    let Some(before) = first.or(head.body) else { return Err("no place for an import was found".to_owned()) };
    let start = source.get(..before).and_then(|s| s.rfind(['\n', '\r'])).map_or(0, |i| i + 1);
    if source.get(start..before).is_some_and(|s| !s.trim_start_matches('\u{feff}').is_empty()) {
        return Err("no place for an import was found".to_owned());
    }
    let start = if first.is_none() { above_comments(source, start, carrier.is_file()) } else { start };
    let mark = if source.starts_with('\u{feff}') && start == 0 { '\u{feff}'.len_utf8() } else { 0 };
    let end = match first {
        _ if carrier.is_line() => "; ",
        None => "\n\n",
        Some(_) => "\n",
    };
    Ok(vec![Change::new(start + mark, start + mark, format!("import {module}{end}"))])
}

/// The first of the comment lines that stand directly above a line and speak of it. What begins a file speaks of the file; forms of notebooks have their
/// head in the first line.
fn above_comments(source: &str, at: usize, is_file: bool) -> usize {
    let mut start = at;
    while let Some(before) = source.get(..start).and_then(|s| s.strip_suffix('\n')) {
        let line = before.rfind(['\n', '\r']).map_or(0, |i| i + 1);
        let text = before.get(line..).unwrap_or_default().trim();
        let head = text.trim_start_matches('#').trim_start().starts_with(['@', '!', '%']);
        if !text.starts_with('#') || head {
            return start;
        }
        if line == 0 && is_file {
            return at;
        }
        start = line;
    }
    start
}

/// Whether a program binds the name in another way than by importing it.
pub fn is_bound_otherwise(root: Node<'_>, name: &str) -> bool {
    // Asking a node for its parent walks down from the root: parents are carried along.
    let mut stack: Vec<(Node<'_>, Option<Node<'_>>, Option<Node<'_>>)> = vec![(root, None, None)];
    while let Some((node, parent, above)) = stack.pop() {
        if node.kind() == "identifier" && node.text() == name {
            let of = |n: Option<Node<'_>>, field: &str, own: Node<'_>| n.and_then(|n| n.field(field)).is_some_and(|f| f.start() == own.start());
            let plain = match parent.map_or("", Node::kind) {
                "attribute" | "argument_list" => true,
                "keyword_argument" => of(parent, "value", node),
                "dotted_name" => match (above.map_or("", Node::kind), parent) {
                    ("import_statement", _) => true,
                    ("import_from_statement", Some(dotted)) => of(above, "module_name", dotted),
                    ("aliased_import", Some(dotted)) => of(above, "name", dotted),
                    _ => false,
                },
                _ => false,
            };
            if !plain {
                return true;
            }
        }
        stack.extend(node.named().into_iter().map(|child| (child, Some(node), parent)));
    }
    false
}

/// Words that say that something is secret, and not whose it is.
const ANYBODYS: [&str; 12] = ["ACCESS", "API", "APP", "AUTH", "CLIENT", "KEY", "MY", "PASSWORD", "PRIVATE", "SECRET", "TOKEN", "USER"];

/// Whether a name says more than that something is secret: `token` or `api_key` could be anybody's.
fn is_telling(name: &str) -> bool {
    let name = upper(name);
    name.contains('_') && name.split('_').any(|word| !word.is_empty() && !ANYBODYS.contains(&word) && !word.bytes().all(|b| b.is_ascii_digit()))
}

/// A name as variables of the environment are written.
fn upper(name: &str) -> String {
    let mut out = String::new();
    let mut low = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            // `apiKey` has two words.
            if c.is_ascii_uppercase() && low {
                out.push('_');
            }
            out.push(c.to_ascii_uppercase());
            low = c.is_ascii_lowercase() || c.is_ascii_digit();
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
            low = false;
        }
    }
    let out = out.trim_end_matches('_');
    if out.starts_with(|c: char| c.is_ascii_digit()) { format!("_{out}") } else { out.to_owned() }
}

/// The quote a literal begins with.
fn opening(literal: Node<'_>) -> Option<char> {
    literal.text().chars().find(|c| matches!(c, '"' | '\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_written_in_upper_case() {
        for (name, variable) in [
            ("api_key", "API_KEY"),
            ("openaiApiKey", "OPENAI_API_KEY"),
            ("huggingface-user-token", "HUGGINGFACE_USER_TOKEN"),
            ("--token", "TOKEN"),
            ("HF_TOKEN", "HF_TOKEN"),
        ] {
            assert_eq!(upper(name), variable);
        }
    }
}
