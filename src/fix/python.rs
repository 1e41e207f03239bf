//! Changes of Python that a page may ask for: an argument dropped or given a value, another function called. Knows the language's form and no name.

use crate::fix::carrier::Change;
use crate::fix::literal::is_bound_otherwise;
use crate::rule::edits::ArgumentName;
use crate::syntax::python::Node;

/// Changes, or why there are none.
pub type Changed = Result<Vec<Change>, String>;

/// The call that is exactly a stretch of a text.
pub fn call_at(root: Node<'_>, start: usize, end: usize) -> Option<Node<'_>> {
    let mut node = root.covering(start, end)?;
    // `await f()` and parentheses have no bytes of their own on one side only; the call is the node or stands around its first name.
    for _ in 0..8 {
        if node.kind() == "call" && node.start() == start && node.end() == end {
            return Some(node);
        }
        node = if node.start() == start && node.end() == end { node.named().into_iter().next()? } else { node.parent()? };
    }
    None
}

/// The argument of a call: by keyword, or by position.
pub fn argument<'t>(call: Node<'t>, name: &ArgumentName) -> Option<Node<'t>> {
    let list = call.field("arguments")?;
    let named = |n: &Node<'t>| n.kind() == "keyword_argument";
    match name {
        ArgumentName::Keyword(word) => list.named().into_iter().find(|n| named(n) && n.field("name").is_some_and(|k| k.text() == word)),
        ArgumentName::Position(at) => {
            let arguments = list.named();
            let plain = arguments.iter().take_while(|n| !named(n) && !n.kind().ends_with("_splat"));
            plain.copied().nth(*at)
        }
    }
}

/// Whether a keyword may come from a dictionary that is unpacked.
fn is_open(call: Node<'_>) -> bool {
    call.field("arguments").is_some_and(|list| list.named().iter().any(|n| n.kind().ends_with("_splat")))
}

/// Whether an expression is a literal that says one thing.
fn is_literal(node: Node<'_>) -> bool {
    matches!(node.kind(), "true" | "false" | "none" | "integer" | "float")
        || node.kind() == "string" && node.named().iter().all(|c| c.kind() != "interpolation")
}

/// Takes an argument out, with its comma and the line that it leaves empty.
pub fn drop(call: Node<'_>, argument: Node<'_>, source: &str) -> Vec<Change> {
    let Some(list) = call.field("arguments") else { return Vec::new() };
    let parts = list.children();
    let Some(at) = parts.iter().position(|n| n.start() == argument.start() && n.end() == argument.end()) else { return Vec::new() };
    let before = parts.get(at.wrapping_sub(1)).copied();
    let after = parts.get(at + 1).copied();
    let comma = after.filter(|n| n.kind() == ",");
    let previous = before.filter(|n| n.kind() == ",");
    let others = parts.iter().filter(|n| !matches!(n.kind(), "(" | ")" | ",")).count();
    if let (1, Some(open), Some(close)) = (others, parts.first(), parts.last()) {
        return vec![Change::cut(open.end(), close.start())];
    }
    let end = comma.map_or(argument.end(), Node::end);
    let lead = blank_before(source, argument.start());
    let fresh = lead == 0 || source.as_bytes().get(lead - 1).is_some_and(|b| matches!(b, b'\n' | b'\r'));
    // A comment that comes last on the line speaks of what stands alone there.
    let comment = parts.get(at + 1 + usize::from(comma.is_some())).filter(|n| n.is_comment() && same_line(source, end, n.start()));
    let tail = line_end(source, comment.map_or(end, |c| c.end()));
    if let (true, Some(tail)) = (fresh, tail) {
        let mut out = vec![Change::cut(lead, tail)];
        // The last one without a comma: the one before it becomes the last.
        let last = comma.is_none().then(|| parts.get(..at).and_then(|b| b.iter().rev().find(|n| n.kind() == ","))).flatten();
        out.extend(last.map(|n| Change::cut(n.start(), n.end())));
        out.sort();
        return out;
    }
    let next = comma.and_then(|_| parts.get(at + 2)).filter(|n| n.kind() != ")" && !n.is_comment() && same_line(source, end, n.start()));
    match (next, previous, comma) {
        (Some(_), Some(previous), Some(comma)) if !fresh => return vec![Change::cut(previous.end(), comma.end())],
        (Some(next), ..) => return vec![Change::cut(argument.start(), next.start())],
        _ => {}
    }
    match (previous, comma) {
        (Some(previous), None) => vec![Change::cut(previous.start(), argument.end())],
        (Some(previous), Some(comma)) => vec![Change::cut(previous.end(), comma.end())],
        (None, _) => {
            let mut out = vec![Change::cut(lead, end)];
            let earlier = parts.get(..at).and_then(|b| b.iter().rev().find(|n| n.kind() == ",")).filter(|_| comma.is_none());
            out.extend(earlier.map(|n| Change::cut(n.start(), n.end())));
            out.sort();
            out
        }
    }
}

/// Drops an argument that has a literal value.
pub fn drop_named(call: Node<'_>, name: &str, source: &str) -> Changed {
    let Some(argument) = argument(call, &ArgumentName::Keyword(name.to_owned())) else {
        return Err(match is_open(call) {
            true => format!("`{name}` may stand in what is unpacked into the call"),
            false => format!("the call has no argument `{name}` of its own"),
        });
    };
    match argument.field("value") {
        Some(value) if is_literal(value) => Ok(drop(call, argument, source)),
        _ => Err(format!("what `{name}` is given is no literal")),
    }
}

/// Gives an argument a value.
pub fn set(call: Node<'_>, name: &str, value: &str, source: &str) -> Changed {
    if let Some(argument) = argument(call, &ArgumentName::Keyword(name.to_owned())) {
        return match argument.field("value") {
            Some(old) if old.text() == value => Err(format!("`{name}` is `{value}` already")),
            Some(old) if is_literal(old) => Ok(vec![Change::new(old.start(), old.end(), value)]),
            _ => Err(format!("what `{name}` is given is no literal")),
        };
    }
    if is_open(call) {
        return Err(format!("`{name}` may stand in what is unpacked into the call"));
    }
    let list = call.field("arguments").filter(|l| l.kind() == "argument_list").ok_or("the call has no list of arguments")?;
    let parts = list.children();
    let said = format!("{name}={value}");
    let Some(last) = list.named().last().copied() else {
        let open = parts.first().map_or(list.start(), |n| n.end());
        return Ok(vec![Change::new(open, open, said)]);
    };
    let after = |at: usize| parts.iter().find(|n| n.start() >= at && !n.is_comment());
    let comma = after(last.end()).filter(|n| n.kind() == ",");
    let lead = blank_before(source, last.start());
    let fresh = lead > 0 && source.as_bytes().get(lead - 1).is_some_and(|b| matches!(b, b'\n' | b'\r'));
    let end = comma.map_or(last.end(), |c| c.end());
    let comment = parts.iter().find(|n| n.is_comment() && n.start() >= end && same_line(source, end, n.start()));
    let line = comment.map_or(end, |c| c.end());
    // One argument to a line, and the bracket on its own: so does the new one.
    if fresh && line_end(source, line).is_some() {
        let indent = source.get(lead..last.start()).unwrap_or_default();
        let mut out = Vec::new();
        match comma {
            Some(_) => out.push(Change::new(line, line, format!("\n{indent}{said},"))),
            None if line == end => out.push(Change::new(end, end, format!(",\n{indent}{said}"))),
            None => out.extend([Change::new(end, end, ","), Change::new(line, line, format!("\n{indent}{said}"))]),
        }
        return Ok(out);
    }
    Ok(vec![match comma {
        Some(comma) => Change::new(comma.end(), comma.end(), format!(" {said},")),
        None => Change::new(last.end(), last.end(), format!(", {said}")),
    }])
}

/// Calls another function of the same module or object, and drops what it does not take.
pub fn rename(call: Node<'_>, root: Node<'_>, old: &str, new: &str, drops: &[ArgumentName], source: &str) -> Changed {
    let callee = call.field("function").ok_or("the call has no callee")?;
    let mut out = match callee.kind() {
        "attribute" => {
            let name = callee.field("attribute").filter(|n| n.text() == old).ok_or_else(|| format!("the callee is not called `{old}` here"))?;
            vec![Change::new(name.start(), name.end(), new)]
        }
        "identifier" => {
            let called = Change::new(callee.start(), callee.end(), new);
            match imported(root, callee, old, new)? {
                Some(import) => vec![Change::new(import, import, format!(", {new}")), called],
                None => vec![called],
            }
        }
        _ => return Err("the callee is computed".to_owned()),
    };
    let arguments: Vec<Node<'_>> = drops.iter().filter_map(|name| argument(call, name)).collect();
    if arguments.is_empty() && is_open(call) {
        return Err("arguments are unpacked into the call".to_owned());
    }
    // Two names of one argument are never both given.
    out.extend(arguments.first().map(|a| drop(call, *a, source)).unwrap_or_default());
    out.sort();
    Ok(out)
}

/// Where a further name is put into the one import that a callee comes from: behind the name; nowhere when it stands there already.
fn imported(root: Node<'_>, callee: Node<'_>, old: &str, new: &str) -> Result<Option<usize>, String> {
    let name = callee.text();
    let mut found = Vec::new();
    for statement in root.named().into_iter().filter(|s| s.kind() == "import_from_statement") {
        let items = statement.fields("name");
        for item in &items {
            let (of, bound) = match item.kind() {
                "aliased_import" => (item.field("name"), item.field("alias")),
                _ => (Some(*item), Some(*item)),
            };
            if bound.is_some_and(|b| b.text() == name) && of.is_some_and(|o| o.text() == old) {
                let there = items.iter().any(|i| i.kind() == "dotted_name" && i.text() == new);
                found.push((!there).then_some(item.end()));
            }
        }
    }
    match found.as_slice() {
        [Some(_)] if is_bound_otherwise(root, new) => Err(format!("`{new}` means something else in this program")),
        [one] => Ok(*one),
        _ => Err(format!("where `{name}` is imported is not plain: import the module and call its safe function")),
    }
}

fn blank_before(source: &str, at: usize) -> usize {
    let before = source.as_bytes().get(..at).unwrap_or_default();
    at - before.iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

fn same_line(source: &str, from: usize, to: usize) -> bool {
    source.as_bytes().get(from..to).is_some_and(|between| !between.iter().any(|b| matches!(b, b'\n' | b'\r')))
}

/// One past the line end that comes next, when nothing but blanks stands before it.
pub fn line_end(source: &str, at: usize) -> Option<usize> {
    let rest = source.as_bytes().get(at..)?;
    let blank = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    match rest.get(blank..)? {
        [b'\r', b'\n', ..] => Some(at + blank + 2),
        [b'\n' | b'\r', ..] => Some(at + blank + 1),
        [] => Some(at + blank),
        _ => None,
    }
}
