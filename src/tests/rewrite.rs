//! Rewritings of small Python programs that change nothing of what they do: text to text, over a lexer of strings, comments and words.

use std::collections::{BTreeMap, BTreeSet};

/// Files by path.
pub type Tree = BTreeMap<String, String>;
/// A rewriting: the tree and which names became which. None where it does not apply.
type Rewriting = fn(&Tree) -> Option<(Tree, BTreeMap<String, String>)>;

/// All of them.
pub const ALL: &[(&str, Rewriting)] = &[
    ("renaming locals", rename),
    ("other spacing", space),
    ("arguments on lines of their own", explode),
    ("comments", comment),
    ("other quotes", quote),
    ("independent lines in another order", reorder),
    ("wrapping in a function", wrap),
    ("moving to another file", relocate),
    ("script to notebook", notebook),
];

/// A piece of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// A string with its prefix and quotes. Replacement fields of f-strings stand apart, as code.
    Text(String),
    Comment(String),
    /// White space, line breaks included.
    Space(String),
    Sign(char),
}

fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let from = at;
        let c = chars[at];
        let run = |at: usize, fits: &dyn Fn(char) -> bool| (at..chars.len()).find(|i| !fits(chars[*i])).unwrap_or(chars.len());
        let piece = |a: usize, b: usize| chars[a..b].iter().collect::<String>();
        if c.is_alphanumeric() || c == '_' {
            at = run(at, &|c| c.is_alphanumeric() || c == '_');
            if at - from <= 2 && matches!(chars.get(at), Some('"' | '\'')) {
                at = string(&chars, from, at, &mut out);
            } else {
                out.push(Token::Word(piece(from, at)));
            }
        } else if c == '"' || c == '\'' {
            at = string(&chars, at, at, &mut out);
        } else if c == '#' {
            at = run(at, &|c| c != '\n');
            out.push(Token::Comment(piece(from, at)));
        } else if c.is_whitespace() {
            at = run(at, &char::is_whitespace);
            out.push(Token::Space(piece(from, at)));
        } else {
            out.push(Token::Sign(c));
            at += 1;
        }
    }
    out
}

/// Reads a string whose prefix begins at `from` and whose quotes begin at `at`.
fn string(chars: &[char], from: usize, at: usize, out: &mut Vec<Token>) -> usize {
    let quote = chars[at];
    let triple = chars.get(at + 1) == Some(&quote) && chars.get(at + 2) == Some(&quote);
    let size = if triple { 3 } else { 1 };
    let formatted = chars[from..at].contains(&'f');
    let mut start = from;
    let mut i = at + size;
    while i < chars.len() {
        if chars[i] == '\\' {
            i += 2;
        } else if formatted && chars[i] == '{' && chars.get(i + 1) != Some(&'{') {
            let end = (i..chars.len()).find(|e| chars[*e] == '}').unwrap_or(chars.len() - 1);
            out.push(Token::Text(chars[start..=i].iter().collect()));
            out.extend(tokens(&chars[i + 1..end].iter().collect::<String>()));
            start = end;
            i = end + 1;
        } else if chars[i] == quote && (!triple || (chars.get(i + 1) == Some(&quote) && chars.get(i + 2) == Some(&quote))) {
            out.push(Token::Text(chars[start..i + size].iter().collect()));
            return i + size;
        } else {
            i += 1;
        }
    }
    out.push(Token::Text(chars[start..].iter().collect()));
    chars.len()
}

fn text(tokens: &[Token]) -> String {
    tokens
        .iter()
        .map(|t| match t {
            Token::Word(t) | Token::Text(t) | Token::Comment(t) | Token::Space(t) => t.clone(),
            Token::Sign(c) => c.to_string(),
        })
        .collect()
}

fn is_python(path: &str) -> bool {
    path.ends_with(".py")
}

/// Each Python file changed by `change`; none when nothing changed.
fn each(tree: &Tree, change: impl Fn(&str) -> String) -> Option<Tree> {
    let out: Tree = tree.iter().map(|(p, t)| (p.clone(), if is_python(p) { change(t) } else { t.clone() })).collect();
    (out != *tree).then_some(out)
}

/// Without the comments that mark lines for tests.
pub fn unmarked(text_: &str) -> String {
    text_
        .lines()
        .map(|l| {
            l.find("  # ").filter(|_| l.contains("# vet:") || l.contains("# origin:")).map_or(l, |at| l.get(..at).unwrap_or(l)).to_owned() + "\n"
        })
        .collect()
}

/// A cause with one kind of quotes and no space.
pub fn plain(cause: &str) -> String {
    cause.replace('\'', "\"").split_whitespace().collect()
}

/// Words replaced, strings left alone.
pub fn renamed(text_: &str, names: &BTreeMap<String, String>) -> String {
    let mut all = tokens(text_);
    for i in 0..all.len() {
        let after_point = i > 0 && all[i - 1] == Token::Sign('.');
        if let Token::Word(word) = &mut all[i]
            && !after_point
            && let Some(new) = names.get(word.as_str())
        {
            *word = new.clone();
        }
    }
    text(&all)
}

/// Names that a statement assigns, a loop or `with` binds, anywhere in a file; parameters and imports are left out, they may be named from outside.
fn locals(source: &str) -> BTreeSet<String> {
    let all = tokens(source);
    let code: Vec<&Token> = all.iter().filter(|t| !matches!(t, Token::Comment(_)) && !matches!(t, Token::Space(s) if !s.contains('\n'))).collect();
    let mut out = BTreeSet::new();
    let mut foreign = BTreeSet::new();
    let mut depth = 0;
    let mut head = true;
    for (i, token) in code.iter().enumerate() {
        let next = |n: usize| code.get(i + n).copied();
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth -= 1,
            Token::Word(word) => {
                let assigned = depth == 0 && head && next(1) == Some(&Token::Sign('=')) && next(2) != Some(&Token::Sign('='));
                let bound = i > 0 && matches!(code[i - 1], Token::Word(w) if w == "as" || w == "for") && !matches!(next(1), Some(Token::Sign('.')));
                if assigned || bound {
                    out.insert(word.clone());
                }
                // A keyword, an attribute and what is imported keep their names.
                let keyword = depth > 0 && next(1) == Some(&Token::Sign('=')) && next(2) != Some(&Token::Sign('='));
                let attribute = i > 0 && *code[i - 1] == Token::Sign('.');
                if keyword || attribute {
                    foreign.insert(word.clone());
                }
            }
            _ => {}
        }
        head = matches!(token, Token::Space(_));
    }
    for line in source.lines().map(str::trim).filter(|l| l.starts_with("import ") || l.starts_with("from ")) {
        foreign.extend(tokens(line).into_iter().filter_map(|t| if let Token::Word(w) = t { Some(w) } else { None }));
    }
    for line in source.lines().filter(|l| l.trim_start().starts_with("def ") || l.trim_start().starts_with("async def ")) {
        foreign.extend(tokens(line).into_iter().filter_map(|t| if let Token::Word(w) = t { Some(w) } else { None }));
    }
    out.retain(|n| !foreign.contains(n));
    out
}

fn rename(tree: &Tree) -> Option<(Tree, BTreeMap<String, String>)> {
    // What one file calls by a name another may import.
    let imported: BTreeSet<String> = tree
        .values()
        .flat_map(|t| t.lines().filter(|l| l.starts_with("from ")).flat_map(tokens))
        .filter_map(|t| if let Token::Word(w) = t { Some(w) } else { None })
        .collect();
    let own: BTreeSet<String> = tree.iter().filter(|(p, _)| is_python(p)).flat_map(|(_, t)| locals(t)).collect();
    let names: BTreeMap<String, String> = own.into_iter().filter(|n| !imported.contains(n)).map(|n| (n.clone(), format!("other_{n}"))).collect();
    Some((each(tree, |t| renamed(t, &names))?, names))
}

/// Spaces inside brackets and around commas and signs.
fn space(tree: &Tree) -> Option<(Tree, BTreeMap<String, String>)> {
    let change = |source: &str| {
        let mut out = String::new();
        for token in tokens(source) {
            match token {
                Token::Sign(c @ ('(' | '[')) => out.push_str(&format!("{c} ")),
                Token::Sign(c @ (')' | ']')) => out.push_str(&format!(" {c}")),
                Token::Sign(',') => out.push_str("  ,  "),
                other => out.push_str(&text(&[other])),
            }
        }
        out
    };
    Some((each(tree, change)?, BTreeMap::new()))
}

/// Every argument on a line of its own.
fn explode(tree: &Tree) -> Option<(Tree, BTreeMap<String, String>)> {
    let change = |source: &str| {
        let mut out = String::new();
        let mut open: Vec<bool> = Vec::new();
        let all = tokens(source);
        for (i, token) in all.iter().enumerate() {
            match token {
                Token::Sign('(') => {
                    let call = i > 0 && matches!(all[i - 1], Token::Word(_)) && all.get(i + 1) != Some(&Token::Sign(')'));
                    // A field of an f-string must not hold a line break in older versions.
                    let formatted = all[..i]
                        .iter()
                        .rev()
                        .take_while(|t| !matches!(t, Token::Space(s) if s.contains('\n')))
                        .any(|t| matches!(t, Token::Text(t) if t.ends_with('{')));
                    open.push(call && !formatted);
                    out.push_str(if call && !formatted { "(\n        " } else { "(" });
                }
                Token::Sign(')') => out.push_str(if open.pop() == Some(true) { "\n    )" } else { ")" }),
                Token::Sign(',') if open.last() == Some(&true) => out.push_str(",\n       "),
                other => out.push_str(&text(std::slice::from_ref(other))),
            }
        }
        out
    };
    Some((each(tree, change)?, BTreeMap::new()))
}

/// Comments above and behind lines; the dangerous names stand in them.
fn comment(tree: &Tree) -> Option<(Tree, BTreeMap<String, String>)> {
    let change = |source: &str| {
        let mut out = String::new();
        let mut depth = 0_i32;
        for line in source.lines() {
            let code = tokens(line);
            if depth == 0 && !line.trim().is_empty() {
                let indent: String = line.chars().take_while(|c| *c == ' ').collect();
                out.push_str(&format!("{indent}# pickle.loads(x), said once more\n"));
            }
            out.push_str(line);
            depth += code
                .iter()
                .map(|t| match t {
                    Token::Sign('(' | '[' | '{') => 1,
                    Token::Sign(')' | ']' | '}') => -1,
                    _ => 0,
                })
                .sum::<i32>();
            out.push_str(if line.trim().is_empty() { "\n" } else { "  # x = '(\n" });
        }
        out
    };
    Some((each(tree, change)?, BTreeMap::new()))
}

/// `'…'` for `"…"`.
fn quote(tree: &Tree) -> Option<(Tree, BTreeMap<String, String>)> {
    let change = |source: &str| {
        let mut all = tokens(source);
        for token in &mut all {
            let Token::Text(t) = token else { continue };
            let inner = t.trim_start_matches(|c: char| c.is_alphabetic());
            let plain =
                inner.len() >= 2 && inner.starts_with('"') && inner.ends_with('"') && !inner.starts_with("\"\"\"") && !inner.contains(['\'', '\\']);
            if plain && inner.matches('"').count() == 2 {
                *t = t.replace('"', "'");
            }
        }
        text(&all)
    };
    Some((each(tree, change)?, BTreeMap::new()))
}

/// Statements at the margin: lines of a text, with what is indented below them.
fn statements(source: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut depth = 0_i32;
    for line in source.split_inclusive('\n') {
        let begins = depth == 0 && !line.starts_with([' ', '\t', ')', ']', '}']) && !line.trim().is_empty();
        let goes_on = ["else", "elif", "except", "finally"].iter().any(|w| line.starts_with(w))
            || out
                .last()
                .is_some_and(|s| s.trim_start().starts_with('@') && !s.contains("\ndef ") && !s.contains("\nclass ") && !s.contains("\nasync "));
        if (begins && !goes_on) || out.is_empty() {
            out.push(String::new());
        }
        out.last_mut().unwrap().push_str(line);
        for token in tokens(line) {
            depth += match token {
                Token::Sign('(' | '[' | '{') => 1,
                Token::Sign(')' | ']' | '}') => -1,
                _ => 0,
            };
        }
    }
    out
}

fn is_import(statement: &str) -> bool {
    statement.starts_with("import ") || statement.starts_with("from ")
}

fn is_definition(statement: &str) -> bool {
    ["def ", "class ", "async def ", "@"].iter().any(|w| statement.starts_with(w))
}

/// Words and texts of a statement.
fn words(statement: &str) -> BTreeSet<String> {
    tokens(statement).into_iter().filter_map(|t| if let Token::Word(w) | Token::Text(w) = t { Some(w) } else { None }).collect()
}

/// Imports and neighbours that share no name change places.
fn reorder(tree: &Tree) -> Option<(Tree, BTreeMap<String, String>)> {
    let change = |source: &str| {
        let all = statements(source);
        let modules: BTreeSet<String> = all.iter().filter(|s| is_import(s)).flat_map(|s| words(s)).collect();
        let mut imports: Vec<String> = all.iter().filter(|s| is_import(s)).cloned().collect();
        imports.reverse();
        let mut rest: Vec<String> = all.into_iter().filter(|s| !is_import(s)).collect();
        let mut i = 0;
        while i + 1 < rest.len() {
            let own = |s: &str| words(s).into_iter().filter(|w| !modules.contains(w)).collect::<BTreeSet<_>>();
            let simple = |s: &str| s.trim_end().lines().count() == 1 && !s.starts_with(['@', '#']);
            if simple(&rest[i]) && simple(&rest[i + 1]) && own(&rest[i]).is_disjoint(&own(&rest[i + 1])) {
                rest.swap(i, i + 1);
                i += 1;
            }
            i += 1;
        }
        imports.concat() + &rest.concat()
    };
    Some((each(tree, change)?, BTreeMap::new()))
}

/// The statements of a script that are no imports and no definitions, as the body of a function; none when a definition needs them to stand at the margin.
fn wrapped(source: &str) -> Option<String> {
    let all = statements(source);
    let (imports, rest): (Vec<String>, Vec<String>) = all.into_iter().partition(|s| is_import(s));
    let (definitions, body): (Vec<String>, Vec<String>) = rest.into_iter().partition(|s| is_definition(s));
    if body.is_empty() || body.iter().any(|s| s.starts_with("if __name__")) {
        return None;
    }
    let bound = locals(&body.concat());
    if definitions.iter().any(|d| !words(d).is_disjoint(&bound)) {
        return None;
    }
    let indented: String = body.concat().lines().map(|l| if l.is_empty() { "\n".to_owned() } else { format!("    {l}\n") }).collect();
    Some(format!("{}\n{}\ndef main():\n{indented}\n\nmain()\n", imports.concat(), definitions.concat()))
}

/// A file that no other imports from.
fn program(tree: &Tree) -> Option<String> {
    let mut all = tree.keys().filter(|p| is_python(p) && !p.contains("__init__"));
    all.find(|p| {
        let stem = p.trim_end_matches(".py").rsplit('/').next().unwrap();
        tree.iter().filter(|(o, _)| o != p && is_python(o)).all(|(_, t)| !t.lines().filter(|l| is_import(l)).any(|l| words(l).contains(stem)))
    })
    .cloned()
}

fn wrap(tree: &Tree) -> Option<(Tree, BTreeMap<String, String>)> {
    let path = program(tree)?;
    let mut out = tree.clone();
    let source = wrapped(tree.get(&path)?)?;
    out.insert(path, source);
    Some((out, BTreeMap::new()))
}

/// What a program defines, moved to a module beside it; a program that only runs is wrapped first.
fn relocate(tree: &Tree) -> Option<(Tree, BTreeMap<String, String>)> {
    let path = program(tree)?;
    let source = tree.get(&path)?;
    let source = wrapped(source).unwrap_or_else(|| source.clone());
    let all = statements(&source);
    let (imports, rest): (Vec<String>, Vec<String>) = all.into_iter().partition(|s| is_import(s));
    let (definitions, body): (Vec<String>, Vec<String>) = rest.into_iter().partition(|s| is_definition(s));
    let name = regex::Regex::new(r"(?m)^(?:async def|def|class) (\w+)").unwrap();
    let names: Vec<&str> = definitions.iter().filter_map(|d| name.captures(d)).map(|c| c.get(1).unwrap().as_str()).collect();
    // What a definition needs of the program stays there.
    let bound = locals(&body.concat());
    if names.is_empty() || definitions.iter().any(|d| !words(d).is_disjoint(&bound)) || imports.iter().any(|i| i.starts_with("from .")) {
        return None;
    }
    let directory = path.rsplit_once('/').map_or(String::new(), |(d, _)| format!("{d}/"));
    let mut out = tree.clone();
    out.insert(format!("{directory}elsewhere.py"), format!("{}{}", imports.concat(), definitions.concat()));
    out.insert(path, format!("{}from elsewhere import {}\n\n{}", imports.concat(), names.join(", "), body.concat()));
    Some((out, BTreeMap::new()))
}

/// Each statement of a program in a cell of its own.
fn notebook(tree: &Tree) -> Option<(Tree, BTreeMap<String, String>)> {
    let path = program(tree)?;
    let source = tree.get(&path)?;
    if source.contains("__name__") || source.contains("from .") {
        return None;
    }
    let cells: Vec<String> = statements(source)
        .iter()
        .map(|s| {
            let lines: Vec<String> = s.trim_end().split_inclusive('\n').map(|l| serde_json::to_string(l).unwrap()).collect();
            format!("{{\"cell_type\": \"code\", \"metadata\": {{}}, \"outputs\": [], \"source\": [{}]}}", lines.join(",\n"))
        })
        .collect();
    let text = format!(
        "{{\"cells\": [\n{}\n], \"metadata\": {{\"kernelspec\": {{\"language\": \"python\"}}}}, \"nbformat\": 4, \"nbformat_minor\": 5}}\n",
        cells.join(",\n")
    );
    let mut out = tree.clone();
    out.remove(&path);
    out.insert(path.replace(".py", ".ipynb"), text);
    Some((out, BTreeMap::new()))
}

#[test]
fn pieces_make_the_whole() {
    let source = "x = f'{a}b' + rb\"\\\"c\" # d 'e\nif x:\n    '''y\n'''\n";
    assert_eq!(text(&tokens(source)), source);
    assert_eq!(statements(source).concat(), source);
    assert_eq!(renamed("x.x(f'{x} x', y=x)", &BTreeMap::from([("x".to_owned(), "z".to_owned())])), "z.x(f'{z} x', y=z)");
    assert_eq!(locals("a = f(b=1)\nfor c in d:\n    with e as g:\n        a.h = i\nimport j\nj = 1\n"), ["a", "c", "g"].map(str::to_owned).into());
}
