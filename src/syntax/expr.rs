//! Platform expressions (`${{ … }}`): found in texts, parsed to [`Expr`] with file ranges, lowered to conditions. The parser crate stays behind this
//! wall. Knows no context by meaning, only the functions and operators of the language.

use github_actions_expressions as gha;

use crate::cond::{CmpOp, CondId, CondWhat, Status};
use crate::facts::{Builder, Expr, ExprWhat, V, ValueId};
use crate::source::Range;
use crate::text::Text;

#[cfg(test)]
mod tests;

/// Chains of more operators than this are not parsed: the tree would be as deep as the chain. Nothing people write comes near.
const OPERATORS: usize = 600;

/// `${{ … }}` in a text, in bytes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The `$`.
    pub start: usize,
    /// Behind the last `}`.
    pub end: usize,
}

impl Fence {
    /// The expression without its fence.
    pub fn inner(self, text: &Text) -> Text {
        text.slice(self.start + 3, self.end.saturating_sub(2))
    }
}

/// All fenced expressions of a text, in order. Braces inside `'strings'` do not end one; an expression that would never end so is ended at the next
/// braces, and one without any is text.
pub fn fences(text: &str) -> Vec<Fence> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let (mut at, mut strings) = (0, true);
    while let Some(start) = text.get(at..).and_then(|t| t.find("${{")).map(|n| n + at) {
        let mut end = None;
        let (mut p, mut quoted) = (start + 3, false);
        while strings && p < bytes.len() {
            match bytes[p] {
                b'\'' => quoted = !quoted,
                b'}' if !quoted && bytes.get(p + 1) == Some(&b'}') => {
                    end = Some(p + 2);
                    break;
                }
                _ => {}
            }
            p += 1;
        }
        // One look to the end of the text is enough: after it, quotes are not trusted.
        strings &= end.is_some();
        let Some(end) = end.or_else(|| text.get(start + 3..).and_then(|t| t.find("}}")).map(|n| start + 5 + n)) else { break };
        out.push(Fence { start, end });
        at = end;
    }
    out
}

/// Parses an expression (without fence). What the grammar refuses becomes a call of `?` on the contexts that stand in it, or [`ExprWhat::Bad`] when
/// there are none.
pub fn parse(text: &Text) -> Expr {
    let source = text.as_str();
    let operators = source.bytes().filter(|b| matches!(b, b'&' | b'|' | b'<' | b'>' | b'=' | b'!')).count();
    if operators <= OPERATORS
        && let Ok(tree) = gha::Expr::parse(source)
    {
        return convert(&tree, text);
    }
    let contexts = loose_contexts(text);
    let what = if contexts.is_empty() { ExprWhat::Bad(source.trim().to_owned()) } else { ExprWhat::Call("?".to_owned(), contexts) };
    Expr { range: trimmed(text), what }
}

/// The condition of an `if:` as written, fenced or not. Nothing for an empty one. Text around a fence makes a string that is never empty: always true.
pub fn condition(text: &Text, b: &mut Builder) -> Option<CondId> {
    let source = text.as_str();
    if source.trim().is_empty() {
        return None;
    }
    let found = fences(source);
    let expr = match found.as_slice() {
        [] => parse(text),
        [one] if one.start == 0 && one.end == source.len() => parse(&one.inner(text)),
        many => {
            let covered: usize = many.iter().map(|f| f.end - f.start).sum();
            let what = if covered < source.len() { CondWhat::Const(true) } else { CondWhat::Opaque };
            return Some(b.cond(text.whole(), what));
        }
    };
    Some(lower(&expr, b))
}

/// The condition an expression states.
pub fn lower(expr: &Expr, b: &mut Builder) -> CondId {
    let what = match &expr.what {
        ExprWhat::Binary(op, l, r) => match op.as_str() {
            "&&" | "||" => {
                let mut sides = Vec::new();
                operands(expr, op, &mut sides);
                let sides = sides.into_iter().map(|e| lower(e, b)).collect();
                if op == "&&" { CondWhat::And(sides) } else { CondWhat::Or(sides) }
            }
            "==" => compare(l, CmpOp::Eq, r, b),
            "!=" => compare(l, CmpOp::Ne, r, b),
            _ => compare(l, CmpOp::Order, r, b),
        },
        ExprWhat::Not(inner) => CondWhat::Not(lower(inner, b)),
        ExprWhat::Call(name, args) => match (name.as_str(), args.as_slice()) {
            ("contains", [l, r]) => compare(l, CmpOp::Contains, r, b),
            ("startswith", [l, r]) => compare(l, CmpOp::StartsWith, r, b),
            ("endswith", [l, r]) => compare(l, CmpOp::EndsWith, r, b),
            ("success", []) => CondWhat::Status(Status::Success),
            ("failure", []) => CondWhat::Status(Status::Failure),
            ("always", []) => CondWhat::Status(Status::Always),
            ("cancelled", []) => CondWhat::Status(Status::Cancelled),
            ("?", _) => CondWhat::Opaque,
            _ => truthy(expr, b),
        },
        ExprWhat::Bool(value) => CondWhat::Const(*value),
        ExprWhat::Null => CondWhat::Const(false),
        ExprWhat::Str(text) => CondWhat::Const(!text.is_empty()),
        ExprWhat::Num(text) => CondWhat::Const(text.parse::<f64>() != Ok(0.0)),
        ExprWhat::Context(_) | ExprWhat::Index(..) => truthy(expr, b),
        ExprWhat::Bad(_) => CondWhat::Opaque,
    };
    b.cond(expr.range, what)
}

/// The value of an expression: literals as such, everything else whole.
pub fn value(expr: &Expr, b: &mut Builder) -> ValueId {
    let what = match &expr.what {
        ExprWhat::Str(s) => {
            let mut text = Text::default();
            // Without escapes the text stands between the quotes byte for byte.
            let inner = Range { start: expr.range.start + 1, end: expr.range.end.saturating_sub(1) };
            text.push(s, if inner.end.saturating_sub(inner.start) as usize == s.len() { inner } else { expr.range });
            V::text(text)
        }
        ExprWhat::Num(n) => V::Num(n.clone()),
        ExprWhat::Bool(value) => V::Bool(*value),
        ExprWhat::Null => V::None,
        _ => V::Expr(Box::new(expr.clone())),
    };
    b.value(expr.range, what)
}

/// Every context of an expression, outermost left first, with its range.
pub fn contexts<'a>(expr: &'a Expr, out: &mut Vec<(&'a str, Range)>) {
    match &expr.what {
        ExprWhat::Context(name) => out.push((name, expr.range)),
        ExprWhat::Call(_, args) => args.iter().for_each(|a| contexts(a, out)),
        ExprWhat::Not(inner) => contexts(inner, out),
        ExprWhat::Binary(_, l, r) | ExprWhat::Index(l, r) => {
            contexts(l, out);
            contexts(r, out);
        }
        ExprWhat::Str(_) | ExprWhat::Num(_) | ExprWhat::Bool(_) | ExprWhat::Null | ExprWhat::Bad(_) => {}
    }
}

fn operands<'a>(expr: &'a Expr, op: &str, out: &mut Vec<&'a Expr>) {
    match &expr.what {
        ExprWhat::Binary(o, l, r) if o == op => {
            operands(l, op, out);
            operands(r, op, out);
        }
        _ => out.push(expr),
    }
}

fn compare(l: &Expr, op: CmpOp, r: &Expr, b: &mut Builder) -> CondWhat {
    let (l, r) = (value(l, b), value(r, b));
    CondWhat::Atom(l, op, r)
}

fn truthy(expr: &Expr, b: &mut Builder) -> CondWhat {
    let v = value(expr, b);
    CondWhat::Atom(v, CmpOp::Truthy, v)
}

fn trimmed(text: &Text) -> Range {
    let s = text.as_str();
    let start = s.len() - s.trim_start().len();
    text.range(start, start.max(s.trim_end().len()))
}

fn convert(tree: &gha::SpannedExpr, text: &Text) -> Expr {
    let span = &tree.origin.span;
    let range = text.range(span.start, span.end);
    let boxed = |e: &gha::SpannedExpr| Box::new(convert(e, text));
    let what = match &tree.inner {
        gha::Expr::Literal(literal) => match literal {
            gha::literal::Literal::String(s) => ExprWhat::Str(s.to_string()),
            gha::literal::Literal::Number(_) => ExprWhat::Num(tree.origin.raw.trim_matches(['(', ')', ' ', '\t', '\r', '\n']).to_owned()),
            gha::literal::Literal::Boolean(value) => ExprWhat::Bool(*value),
            gha::literal::Literal::Null => ExprWhat::Null,
        },
        gha::Expr::Call(call) => return function(call, range, tree.origin.raw, text),
        gha::Expr::Context(context) => return path(&context.parts, range, text),
        gha::Expr::BinExpr(e) => ExprWhat::Binary(operator(&e.op).to_owned(), boxed(&e.lhs), boxed(&e.rhs)),
        gha::Expr::UnExpr { expr, .. } => ExprWhat::Not(boxed(expr)),
        gha::Expr::Identifier(name) => ExprWhat::Context(name.as_str().to_ascii_lowercase()),
        gha::Expr::Index(inner) => return convert(inner, text),
        gha::Expr::Star => ExprWhat::Context("*".to_owned()),
    };
    Expr { range, what }
}

fn function(call: &gha::call::Call, range: Range, raw: &str, text: &Text) -> Expr {
    let name = raw.trim_start_matches(['(', ' ', '\t', '\r', '\n']);
    let name = name.split(['(', ' ', '\t', '\r', '\n']).next().unwrap_or_default().to_ascii_lowercase();
    let args: Vec<Expr> = call.args.iter().map(|a| convert(a, text)).collect();
    Expr { range, what: ExprWhat::Call(name, args) }
}

fn operator(op: &gha::op::BinOp) -> &'static str {
    use gha::op::BinOp::{And, Eq, Ge, Gt, Le, Lt, Neq, Or};
    match op {
        And => "&&",
        Or => "||",
        Eq => "==",
        Neq => "!=",
        Gt => ">",
        Ge => ">=",
        Lt => "<",
        Le => "<=",
    }
}

/// A dotted path. Behind a name it is one context; behind a call or a group, an index for each part.
fn path(parts: &[gha::SpannedExpr], range: Range, text: &Text) -> Expr {
    let Some((head, rest)) = parts.split_first() else { return Expr { range, what: ExprWhat::Bad(String::new()) } };
    if let gha::Expr::Identifier(name) = &head.inner {
        let mut path = name.as_str().to_ascii_lowercase();
        for part in rest {
            path.push('.');
            path.push_str(&segment(part));
        }
        return Expr { range, what: ExprWhat::Context(path) };
    }
    let mut whole = convert(head, text);
    for part in rest {
        let key = match &part.inner {
            gha::Expr::Identifier(name) => {
                Expr { range: text.range(part.origin.span.start, part.origin.span.end), what: ExprWhat::Str(name.as_str().to_ascii_lowercase()) }
            }
            _ => convert(part, text),
        };
        whole = Expr { range, what: ExprWhat::Index(Box::new(whole), Box::new(key)) };
    }
    whole
}

fn segment(part: &gha::SpannedExpr) -> String {
    match &part.inner {
        gha::Expr::Identifier(name) => name.as_str().to_ascii_lowercase(),
        gha::Expr::Star => "*".to_owned(),
        gha::Expr::Index(inner) => match &inner.inner {
            gha::Expr::Star => "*".to_owned(),
            _ => constant(inner).map_or_else(|| "[?]".to_owned(), |s| s.to_ascii_lowercase()),
        },
        _ => "[?]".to_owned(),
    }
}

/// The text of an index that is fixed: a literal, or `format` of literals.
fn constant(expr: &gha::SpannedExpr) -> Option<String> {
    match &expr.inner {
        gha::Expr::Literal(literal) => Some(literal.as_str().into_owned()),
        gha::Expr::Call(call) if matches!(call.func, gha::call::Function::Format) => {
            let mut args = call.args.iter().map(|a| match &a.inner {
                gha::Expr::Literal(literal) => Some(literal.as_str().into_owned()),
                _ => None,
            });
            let mut out = args.next()??;
            for (i, arg) in args.enumerate() {
                out = out.replace(&format!("{{{i}}}"), &arg?);
            }
            Some(out)
        }
        _ => None,
    }
}

/// Contexts of a text that is no expression: dotted names outside strings that are not called.
fn loose_contexts(text: &Text) -> Vec<Expr> {
    let s = text.as_str();
    let bytes = s.as_bytes();
    let name_byte = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'*');
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'\'' {
            at += 1 + bytes[at + 1..].iter().position(|b| *b == b'\'').map_or(bytes.len(), |n| n + 1);
            continue;
        }
        if !bytes[at].is_ascii_alphabetic() && bytes[at] != b'_' {
            at += 1;
            continue;
        }
        let start = at;
        let mut path = String::new();
        loop {
            let end = at + bytes[at..].iter().take_while(|b| name_byte(b)).count();
            path.push_str(&s.get(at..end).unwrap_or_default().to_ascii_lowercase());
            at = end;
            // A look of bounded length, so that a row of open brackets is not read to the end again and again.
            let close = if bytes.get(at) == Some(&b'[') { bytes[at..].iter().take(200).position(|b| *b == b']') } else { None };
            let Some(index) = close.and_then(|n| s.get(at + 1..at + n)) else { break };
            let literal = index.trim().strip_prefix('\'').and_then(|i| i.strip_suffix('\''));
            path.push('.');
            path.push_str(&literal.map_or_else(|| "[?]".to_owned(), str::to_ascii_lowercase));
            at += index.len() + 2;
        }
        let called = s.get(at..).is_some_and(|r| r.trim_start().starts_with('('));
        if !called && !matches!(path.as_str(), "true" | "false" | "null") {
            out.push(Expr { range: text.range(start, at), what: ExprWhat::Context(path) });
        }
    }
    out
}
