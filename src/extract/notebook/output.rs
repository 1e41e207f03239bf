//! Outputs, metadata and other text of a notebook as literals. Colours of a terminal and tags of HTML are taken out, so that a token they cut in two is
//! whole again; the map still leads to the file.

use crate::facts::{Builder, LiteralPlace, V, What};
use crate::notice::NoticeKind;
use crate::syntax::yaml::{Node, NodeKind};
use crate::text::Text;

/// Longer outputs are cut.
const LONGEST: usize = 1 << 20;
/// Most scalars kept of one metadata or data tree.
const MOST: usize = 2_000;

/// A string, or a list of strings that stand for one.
pub(super) fn joined(node: &Node, separator: &str) -> Text {
    match &node.kind {
        NodeKind::Scalar(_) => node.text().cloned().unwrap_or_default(),
        NodeKind::Seq(items) => {
            let mut out = Text::default();
            for (i, item) in items.iter().enumerate() {
                if i > 0 && !separator.is_empty() {
                    out.push(separator, item.range);
                }
                if let Some(text) = item.text() {
                    out.append(text);
                }
            }
            out
        }
        NodeKind::Map(_) => Text::default(),
    }
}

/// The texts of one output of a cell.
pub(super) fn output(node: &Node, b: &mut Builder) {
    for entry in node.entries() {
        match entry.name().unwrap_or_default() {
            // Streams; in format 3 also the other kinds, by short name.
            "text" => literal(plain(&joined(&entry.value, "")), b),
            "html" => literal(without_tags(&joined(&entry.value, "")), b),
            "evalue" | "ename" | "latex" | "json" => literal(plain(&joined(&entry.value, "")), b),
            "traceback" => literal(plain(&joined(&entry.value, "\n")), b),
            "data" => {
                for data in entry.value.entries() {
                    let kind = data.name().unwrap_or_default();
                    match (&data.value.kind, kind) {
                        (NodeKind::Map(_), _) => scalars(&data.value, LiteralPlace::Output, b),
                        (_, "text/html") => literal(without_tags(&joined(&data.value, "")), b),
                        _ => literal(plain(&joined(&data.value, "")), b),
                    }
                }
            }
            "metadata" => scalars(&entry.value, LiteralPlace::Output, b),
            _ => {}
        }
    }
}

fn literal(text: Text, b: &mut Builder) {
    if text.is_empty() {
        return;
    }
    let text = if text.len() > LONGEST {
        b.notice(text.whole(), NoticeKind::Limit, "a very long output: only its beginning is read");
        text.slice(0, LONGEST)
    } else {
        text
    };
    let range = text.whole();
    let value = b.text(text);
    b.add(range, What::Literal { value, place: LiteralPlace::Output });
}

/// Every text in a tree.
pub(super) fn scalars(node: &Node, place: LiteralPlace, b: &mut Builder) {
    let mut stack = vec![node];
    let mut kept = 0;
    while let Some(node) = stack.pop() {
        match &node.kind {
            NodeKind::Scalar(_) => {
                let Some(text) = node.text().filter(|t| t.len() >= 8 && t.len() <= LONGEST) else { continue };
                kept += 1;
                if kept > MOST {
                    b.notice(node.range, NoticeKind::Limit, "too many values in metadata: the rest is left out");
                    return;
                }
                let value = b.value(node.range, V::Str(text.clone()));
                b.add(node.range, What::Literal { value, place });
            }
            NodeKind::Seq(items) => stack.extend(items.iter().rev()),
            NodeKind::Map(entries) => stack.extend(entries.iter().rev().map(|e| &e.value)),
        }
    }
}

/// Without terminal colours.
fn plain(text: &Text) -> Text {
    let source = text.as_str();
    if !source.contains('\u{1b}') {
        return text.clone();
    }
    let mut out = Text::default();
    let mut from = 0;
    while let Some(at) = source.get(from..).and_then(|s| s.find('\u{1b}')).map(|i| from + i) {
        out.append(&text.slice(from, at));
        let rest = source.get(at + 1..).unwrap_or_default();
        // `ESC [ parameters letter`.
        let len =
            if rest.starts_with('[') { rest.bytes().take(32).position(|b| b.is_ascii_alphabetic() || b == b'~').map_or(1, |i| i + 1) } else { 0 };
        from = at + 1 + len;
    }
    out.append(&text.slice(from, text.len()));
    out
}

/// The text of HTML: tags become a space, the common entities their character.
fn without_tags(text: &Text) -> Text {
    let source = text.as_str();
    let mut out = Text::default();
    let (mut at, mut from) = (0, 0);
    let bytes = source.as_bytes();
    while let Some(&b) = bytes.get(at) {
        let rest = source.get(at..).unwrap_or_default();
        let found = match b {
            b'<' if rest.get(1..2).is_some_and(|c| c.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!'))) => {
                rest.bytes().take(1_024).position(|b| b == b'>').map(|end| (end + 1, " ".to_owned()))
            }
            b'&' => entity(rest),
            _ => None,
        };
        match found {
            Some((len, with)) => {
                out.append(&text.slice(from, at));
                // What stands in a tag (`href`, `value`) is text as well.
                if with == " " {
                    attributes(text, at, at + len, &mut out);
                } else {
                    out.push(&with, text.range(at, at + len));
                }
                at += len;
                from = at;
            }
            None => at += 1,
        }
    }
    out.append(&text.slice(from, text.len()));
    out
}

/// The quoted values of a tag, each between spaces.
fn attributes(text: &Text, start: usize, end: usize, out: &mut Text) {
    out.push(" ", text.range(start, start + 1));
    let tag = text.as_str().get(start..end).unwrap_or_default();
    let mut at = 0;
    while let Some(open) = tag.get(at..).and_then(|t| t.find(['"', '\''])).map(|i| at + i) {
        let quote = tag.get(open..=open).unwrap_or_default();
        let Some(close) = tag.get(open + 1..).and_then(|t| t.find(quote)).map(|i| open + 1 + i) else { break };
        out.append(&text.slice(start + open + 1, start + close));
        out.push(" ", text.range(start + close, start + close + 1));
        at = close + 1;
    }
}

fn entity(rest: &str) -> Option<(usize, String)> {
    let end = rest.bytes().take(10).position(|b| b == b';')?;
    let name = rest.get(1..end)?;
    let c = match name {
        "quot" => '"',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    let with = c.to_string();
    // A space marks a tag; this one is a character.
    Some((end + 1, if c == ' ' { "\u{a0}".to_owned() } else { with }))
}
