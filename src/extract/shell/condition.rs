//! `[ … ]`, `test …` and `[[ … ]]` as conditions.

use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{Builder, Word};
use crate::source::Range;

/// Nesting of brackets and negations in one test.
const DEPTH: u32 = 40;

/// The condition that the words of a test state (without the brackets).
pub fn test(range: Range, words: &[Word], b: &mut Builder) -> CondId {
    let mut at = 0;
    let cond = either(words, &mut at, DEPTH, range, b);
    if at < words.len() { b.cond(range, CondWhat::Opaque) } else { cond }
}

fn is(words: &[Word], at: usize, options: &[&str], b: &Builder) -> bool {
    words.get(at).and_then(|w| b.facts.word(w)).is_some_and(|w| options.contains(&w.as_str()))
}

fn either(words: &[Word], at: &mut usize, depth: u32, range: Range, b: &mut Builder) -> CondId {
    let mut any = vec![both(words, at, depth, range, b)];
    while is(words, *at, &["-o", "||"], b) {
        *at += 1;
        any.push(both(words, at, depth, range, b));
    }
    combined(any, CondWhat::Or, range, b)
}

fn both(words: &[Word], at: &mut usize, depth: u32, range: Range, b: &mut Builder) -> CondId {
    let mut all = vec![one(words, at, depth, range, b)];
    while is(words, *at, &["-a", "&&"], b) {
        *at += 1;
        all.push(one(words, at, depth, range, b));
    }
    combined(all, CondWhat::And, range, b)
}

fn combined(mut conds: Vec<CondId>, how: fn(Vec<CondId>) -> CondWhat, range: Range, b: &mut Builder) -> CondId {
    match conds.pop() {
        Some(only) if conds.is_empty() => only,
        last => {
            conds.extend(last);
            b.cond(range, how(conds))
        }
    }
}

fn one(words: &[Word], at: &mut usize, depth: u32, range: Range, b: &mut Builder) -> CondId {
    let Some(word) = words.get(*at) else { return b.cond(range, CondWhat::Const(false)) };
    if depth == 0 {
        *at = words.len();
        return b.cond(range, CondWhat::Opaque);
    }
    let left = word.value;
    // A binary operator wins over everything a first word could be read as.
    if let (Some(op), Some(right)) = (words.get(*at + 1).and_then(|w| b.facts.word(w)), words.get(*at + 2)) {
        let pattern = b.facts.word(right).is_some_and(|r| r.contains(['*', '?', '[']) && right.parts.iter().any(|p| !p.quoted));
        let what = match op.as_str() {
            "=" | "==" if pattern => Some(CondWhat::Atom(left, CmpOp::Matches, right.value)),
            "=" | "==" | "-eq" => Some(CondWhat::Atom(left, CmpOp::Eq, right.value)),
            "!=" if pattern => {
                let matches = b.cond(word.range.cover(right.range), CondWhat::Atom(left, CmpOp::Matches, right.value));
                Some(CondWhat::Not(matches))
            }
            "!=" | "-ne" => Some(CondWhat::Atom(left, CmpOp::Ne, right.value)),
            "=~" => Some(CondWhat::Atom(left, CmpOp::Matches, right.value)),
            "-lt" | "-le" | "-gt" | "-ge" | "<" | ">" => Some(CondWhat::Atom(left, CmpOp::Order, right.value)),
            "-nt" | "-ot" | "-ef" => Some(CondWhat::Opaque),
            _ => None,
        };
        if let Some(what) = what {
            let range = word.range.cover(right.range);
            *at += 3;
            return b.cond(range, what);
        }
    }
    match b.facts.word(word).as_deref() {
        Some("!") => {
            *at += 1;
            let inner = one(words, at, depth - 1, range, b);
            let range = word.range.cover(b.facts.cond(inner).range);
            b.cond(range, CondWhat::Not(inner))
        }
        Some("(") => {
            *at += 1;
            let inner = either(words, at, depth - 1, range, b);
            if is(words, *at, &[")"], b) {
                *at += 1;
            }
            inner
        }
        Some(op) if op.len() == 2 && op.starts_with('-') && *at + 1 < words.len() => {
            let op = op.to_owned();
            let Some(operand) = words.get(*at + 1) else { return b.cond(range, CondWhat::Opaque) };
            let range = word.range.cover(operand.range);
            let truthy = CondWhat::Atom(operand.value, CmpOp::Truthy, operand.value);
            *at += 2;
            match op.as_str() {
                "-n" => b.cond(range, truthy),
                "-z" => {
                    let given = b.cond(range, truthy);
                    b.cond(range, CondWhat::Not(given))
                }
                _ => b.cond(range, CondWhat::Opaque),
            }
        }
        _ => {
            *at += 1;
            b.cond(word.range, CondWhat::Atom(left, CmpOp::Truthy, left))
        }
    }
}
