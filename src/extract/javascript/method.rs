//! Methods of the language's own texts, lists and promises: what they give, and the functions they call.

use super::{Walk, pattern};
use crate::facts::{V, ValueId};
use crate::source::Range;
use crate::syntax::javascript::Node;

impl<'t> Walk<'t, '_> {
    /// What a method of a value gives.
    pub fn method(&mut self, object: Node<'t>, name: &str, base: ValueId, args: &[ValueId], range: Range) -> ValueId {
        let first = args.first().copied();
        match name {
            "map" | "flatMap" | "forEach" | "filter" | "find" | "findLast" | "every" | "sort" | "reduce" => {
                let each = self.element(base, range);
                let given = if name == "reduce" { vec![args.get(1).copied().unwrap_or(each), each] } else { vec![each] };
                let found = first.and_then(|f| self.closures.get(&f).copied());
                let made = found.and_then(|f| self.perhaps_inline(f, &given, range));
                match name {
                    "filter" | "sort" => base,
                    "find" | "findLast" => each,
                    "forEach" => self.value(range, V::None),
                    "every" => self.unknown(range, Vec::new()),
                    "reduce" => self.unknown(range, made.into_iter().chain([base]).collect()),
                    _ => match made {
                        Some(made) => self.value(range, V::List(vec![made], true)),
                        None => self.unknown(range, vec![base]),
                    },
                }
            }
            "then" => match first.and_then(|f| self.closures.get(&f).copied()) {
                Some(found) => {
                    let value = self.inline(found, &[base], range);
                    self.hand_over(args.get(1..).unwrap_or_default(), range);
                    value
                }
                None => base,
            },
            "catch" | "finally" => {
                let other = self.hand_over(args, range);
                let all = if name == "catch" { vec![base, other] } else { vec![base] };
                self.one_of(range, all)
            }
            "push" | "unshift" | "add" | "append" => {
                self.grow(object, base, args, range);
                self.unknown(range, Vec::new())
            }
            "match" | "matchAll" => self.matched(first, base, range),
            // `pattern.exec(text)`.
            "exec" => match first {
                Some(text) => self.matched(Some(base), text, range),
                None => self.unknown(range, vec![base]),
            },
            "replace" | "replaceAll" => {
                let cleans = first.and_then(|p| self.b.facts.literal(p)).is_some_and(|p| pattern::keeps_only_listed(&p));
                let put: Vec<ValueId> = args.iter().skip(1).copied().filter(|a| !matches!(self.what(*a), V::Str(_))).collect();
                let mut parts = vec![self.hand_over(&put, range)];
                if !cleans {
                    parts.push(base);
                }
                self.unknown(range, parts)
            }
            "indexOf" | "lastIndexOf" | "search" | "charCodeAt" | "getTime" | "toISOString" | "localeCompare" | "toFixed" => {
                self.unknown(range, Vec::new())
            }
            "trim" | "trimStart" | "trimEnd" | "toString" | "slice" | "reverse" | "flat" | "values" if args.is_empty() => base,
            _ => {
                let rest = self.hand_over(args, range);
                self.unknown(range, vec![base, rest])
            }
        }
    }

    /// What a pattern took out of a text.
    fn matched(&mut self, pattern: Option<ValueId>, text: ValueId, range: Range) -> ValueId {
        let listed = pattern.and_then(|p| self.b.facts.literal(p)).is_some_and(|p| !pattern::is_open(&p));
        self.unknown(range, if listed { Vec::new() } else { vec![text] })
    }

    /// A list that a name holds has more elements now.
    fn grow(&mut self, object: Node<'t>, base: ValueId, args: &[ValueId], range: Range) {
        const ELEMENTS: usize = 64;
        if object.kind() != "identifier" {
            return;
        }
        let more = match self.what(base).clone() {
            V::List(mut items, open) if items.len() < ELEMENTS => {
                items.extend(args);
                V::List(items, open)
            }
            _ => V::Unknown(std::iter::once(base).chain(args.iter().copied()).collect()),
        };
        let value = self.value(range, more);
        self.assign(object.text(), value);
    }
}
