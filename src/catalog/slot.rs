//! Which argument a slot means, and tests of it, as far as one file tells. Knows rows and facts.

use std::collections::BTreeSet;

use super::Catalog;
use super::command::OptValue;
use super::glob;
use super::python::{assign, contents};
use super::row::{ArgTest, Row, RowId, Slot, SlotName, Subject, Test};
use crate::facts::{Arg, ArgName, Call, Channel, FactId, FileFacts, Stdin, Target, V, ValueId, What};
use crate::source::Range;

/// Definitions followed from a name to what it was given, at most.
const STEPS: usize = 12;
/// What stands for a part of a text that is not known.
pub const OPEN: char = '\u{fffc}';

/// What stands in a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    Absent,
    /// An option without value.
    Switch(Range),
    /// One value; several for a slot that takes the rest.
    Values(Vec<ValueId>),
    /// It may be given through `*args` or `**kwargs`.
    Unknown,
}

impl Catalog {
    /// The values in a slot of a fact that the row speaks of. None for a switch, for what is absent, and for results.
    pub fn slot(&self, facts: &FileFacts, id: FactId, row: RowId, slot: &Slot) -> Vec<ValueId> {
        match self.argument(facts, id, row, slot) {
            Argument::Values(values) => values,
            _ => Vec::new(),
        }
    }
    /// What stands in a slot.
    pub fn argument(&self, facts: &FileFacts, id: FactId, row: RowId, slot: &Slot) -> Argument {
        match &facts.fact(id).what {
            What::Call(_) | What::Assignment { .. } | What::Command(_) if matches!(self.row(row).subject, Subject::Setting(_)) => match slot {
                Slot::Arg(names) if !names.contains(&SlotName::Position(0)) => Argument::Absent,
                _ => self.exported(facts, id, row),
            },
            What::Call(call) => of_call(facts, call, slot),
            What::Assignment { target, value } => assign::argument(target, *value, slot),
            What::Command(command) => {
                let words = &command.words;
                let word = |i: usize| words.get(i).map(|w| w.value);
                match slot {
                    Slot::Callee => one(word(0)),
                    Slot::Stdin => match command.stdin {
                        Stdin::Text(v) | Stdin::File(v) => Argument::Values(vec![v]),
                        Stdin::Inherited | Stdin::Pipe(_) => Argument::Absent,
                    },
                    Slot::Arg(names) => {
                        let Some(line) = self.commands.line(self, facts, command, row) else { return Argument::Absent };
                        let found = names.iter().find_map(|name| match name {
                            SlotName::Position(n) => line.operands.get(*n as usize).and_then(|i| word(*i)).map(|v| Argument::Values(vec![v])),
                            SlotName::Stdin => match command.stdin {
                                Stdin::Text(v) | Stdin::File(v) => Some(Argument::Values(vec![v])),
                                Stdin::Inherited | Stdin::Pipe(_) => None,
                            },
                            SlotName::Name(name) => line.options.iter().rev().find(|o| o.name == *name).map(|o| match o.value {
                                OptValue::None => Argument::Switch(words.get(o.word).map_or(Range::default(), |w| w.range)),
                                OptValue::Word(i) => one(word(i)),
                                OptValue::Tail(i, skip) => one(tail(facts, id, i, skip).or_else(|| word(i))),
                            }),
                        });
                        found.unwrap_or(Argument::Absent)
                    }
                    Slot::From(n) => {
                        let Some(line) = self.commands.line(self, facts, command, row) else { return Argument::Absent };
                        many(line.operands.iter().skip(*n as usize).filter_map(|i| word(*i)).collect())
                    }
                    Slot::Receiver | Slot::Result | Slot::Whole => Argument::Absent,
                }
            }
            What::Uses { target, with } => match slot {
                Slot::Callee => Argument::Values(vec![*target]),
                Slot::Arg(names) => one(names.iter().find_map(|name| match name {
                    SlotName::Name(name) => with.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| *v),
                    SlotName::Position(_) | SlotName::Stdin => None,
                })),
                _ => Argument::Absent,
            },
            What::Image { reference, .. } => Argument::Values(vec![*reference]),
            What::Setting { path, value } => match slot {
                Slot::Arg(names) if !names.contains(&SlotName::Position(0)) => one(beside(facts, id, path, names)),
                _ => Argument::Values(vec![*value]),
            },
            What::Write { channel: Channel::Env(_) | Channel::Var(_), value } => match slot {
                Slot::Arg(names) if !names.contains(&SlotName::Position(0)) => Argument::Absent,
                _ => Argument::Values(vec![*value]),
            },
            What::Script { text, .. } => Argument::Values(vec![*text]),
            _ => Argument::Absent,
        }
    }
    /// Whether a test of a row holds for a fact; what is not known does not hold.
    pub fn holds(&self, facts: &FileFacts, id: FactId, row: RowId, test: &ArgTest) -> bool {
        holds(facts, &self.argument(facts, id, row, &test.slot), &test.test)
    }
    /// Whether one of the row's `safe-when` tests holds.
    pub fn safe_by(&self, facts: &FileFacts, id: FactId, row: RowId) -> Option<usize> {
        self.row(row).safe_when.iter().position(|t| self.holds(facts, id, row, t))
    }
}

/// How many facts before and after a setting are looked at for its neighbours.
const NEAR: usize = 256;

/// The setting of one of these names next to another, else next to what holds it: `name` and `revision` beside a switch, `options.revision` in a table
/// beside it.
fn beside(facts: &FileFacts, id: FactId, path: &str, names: &[SlotName]) -> Option<ValueId> {
    let level = |path: &str| path.rsplit_once('.').map_or(String::new(), |(parent, _)| parent.to_owned());
    let near: Vec<(&str, ValueId)> = facts
        .iter()
        .skip((id.0 as usize).saturating_sub(NEAR))
        .take(2 * NEAR)
        .filter_map(|(_, f)| if let What::Setting { path, value } = &f.what { Some((path.as_str(), *value)) } else { None })
        .collect();
    let own = level(path);
    let levels = if own.is_empty() { vec![own] } else { vec![own.clone(), level(&own)] };
    let same = |a: &str, b: &str| a.replace('-', "_").eq_ignore_ascii_case(&b.replace('-', "_"));
    levels.iter().find_map(|at| {
        names.iter().find_map(|name| {
            let SlotName::Name(name) = name else { return None };
            let wanted = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            near.iter().find(|(have, _)| same(have, &wanted)).map(|f| f.1)
        })
    })
}

/// Whether a test holds for what stands in a slot; what is not known does not hold.
pub fn holds(facts: &FileFacts, argument: &Argument, test: &Test) -> bool {
    let literals = match argument {
        Argument::Values(values) => values.iter().map(|v| literals(facts, *v)).collect::<Option<Vec<_>>>().map(|l| l.concat()),
        Argument::Switch(_) => Some(vec!["true".to_owned()]),
        Argument::Absent | Argument::Unknown => None,
    };
    let given = matches!(argument, Argument::Values(_) | Argument::Switch(_));
    let all = |ok: &dyn Fn(&str) -> bool| literals.as_ref().is_some_and(|l| !l.is_empty() && l.iter().all(|t| ok(t)));
    let any = |ok: &dyn Fn(&str) -> bool| literals.as_ref().is_some_and(|l| l.iter().any(|t| ok(t)));
    match test {
        Test::Present => given,
        Test::Absent => *argument == Argument::Absent,
        Test::Is(words) => all(&|t| words.iter().any(|w| same(w, t))),
        Test::IsNot(words) => given && !any(&|t| words.iter().any(|w| same(w, t))),
        Test::Like(globs) => match (literals.as_ref(), argument) {
            (None, Argument::Values(values)) => {
                let shapes: Option<Vec<Vec<String>>> = values.iter().map(|v| shapes(facts, *v)).collect();
                shapes.is_some_and(|s| !s.is_empty() && s.concat().iter().all(|t| globs.iter().any(|g| glob::text(g, t))))
            }
            _ => all(&|t| globs.iter().any(|g| glob::text(g, t))),
        },
        Test::Unlike(globs) => {
            let shaped = match (literals.as_ref(), argument) {
                (None, Argument::Values(values)) => values.iter().filter_map(|v| shape(facts, *v)).any(|t| globs.iter().any(|g| glob::text(g, &t))),
                _ => false,
            };
            given && !shaped && !any(&|t| globs.iter().any(|g| glob::text(g, t)))
        }
        Test::Literal => given && literals.is_some(),
        Test::Dynamic => given && literals.is_none(),
        Test::Wordless => all(&wordless),
        Test::FixedHost => match (literals.as_ref(), argument) {
            (None, Argument::Values(values)) => {
                let shapes: Option<Vec<Vec<String>>> = values.iter().map(|v| shapes(facts, *v)).collect();
                shapes.is_some_and(|s| !s.is_empty() && s.concat().iter().all(|t| fixed_host(t)))
            }
            _ => all(&fixed_host),
        },
        // What stands before it decides, functions of other files, and what variables hold: flow tells.
        Test::Confined | Test::SamePublisher(_) | Test::SharesNames(_) => false,
        Test::Has(globs) => matches!(argument, Argument::Values(values) if values.iter().any(|v| contents::has(facts, *v, globs))),
        Test::Sets(keywords) => match argument {
            Argument::Values(values) => keywords.iter().all(|(keyword, literal)| values.iter().any(|v| assign::sets(facts, *v, keyword, literal))),
            _ => false,
        },
        Test::ResultOf(calls) => matches!(argument, Argument::Values(values) if values.iter().any(|v| contents::is_result_of(facts, *v, calls))),
        Test::Lacks(globs) => {
            let held = |v: &ValueId| contents::texts(facts, *v).is_some_and(|all| !all.iter().any(|t| globs.iter().any(|g| glob::text(g, t))));
            matches!(argument, Argument::Values(values) if values.iter().all(held))
        }
    }
}

/// A text that is literal in part: what is not known is one character that only `*` and `?` match. `refs/pull/$N/head` has a shape, `$REF` has none.
pub fn shape(facts: &FileFacts, value: ValueId) -> Option<String> {
    let V::Join(parts) = &facts.value(assigned(facts, value)).what else { return constant(facts, value) };
    let known: Vec<Option<String>> = parts.iter().map(|p| constant(facts, *p)).collect();
    let says = known.iter().flatten().any(|t| t.chars().any(|c| c.is_ascii_alphanumeric()));
    says.then(|| known.into_iter().map(|t| t.unwrap_or_else(|| OPEN.to_string())).collect())
}

/// What the one assignment gave that a value is, where it is one.
fn assigned(facts: &FileFacts, value: ValueId) -> ValueId {
    let mut at = value;
    for _ in 0..STEPS {
        let V::Ref(fact) = &facts.value(at).what else { break };
        let What::Assignment { value, target: Target::Name(_) } = &facts.fact(*fact).what else { break };
        at = *value;
    }
    at
}

/// The text of a value: literal, or that of the one assignment it comes from.
fn constant(facts: &FileFacts, value: ValueId) -> Option<String> {
    let mut at = value;
    for _ in 0..STEPS {
        if let Some(text) = facts.literal(at) {
            return Some(text);
        }
        at = match &facts.value(at).what {
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, target: Target::Name(_) } => *value,
                _ => return None,
            },
            V::Name(name) => module_value(facts, name)?,
            _ => return None,
        };
    }
    None
}

/// What the module assigns to a name, when it does so once.
fn module_value(facts: &FileFacts, name: &str) -> Option<ValueId> {
    let mut all = facts.iter().filter_map(|(id, f)| match &f.what {
        What::Assignment { target: Target::Name(n), value } if n == name => Some((id, *value)),
        _ => None,
    });
    let (id, value) = all.next().filter(|_| all.next().is_none())?;
    let outer = facts.owners(id).all(|(_, f)| !matches!(f.what, What::Function { .. } | What::Class { .. }));
    outer.then_some(value)
}

/// The shapes of what a variable of a script is given there, of all that a list or dictionary in sight holds, else of the value itself.
pub fn shapes(facts: &FileFacts, value: ValueId) -> Option<Vec<String>> {
    let members: Option<Vec<ValueId>> = match &facts.value(value).what {
        V::List(items, false) => Some(items.clone()),
        V::Dict(entries, false) => Some(entries.iter().map(|e| e.1).collect()),
        V::Ref(fact) => match &facts.fact(*fact).what {
            What::Assignment { value, target: Target::Name(_) } => match &facts.value(*value).what {
                V::List(items, false) => Some(items.clone()),
                V::Dict(entries, false) => Some(entries.iter().map(|e| e.1).collect()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    if let Some(members) = members {
        let said: Option<Vec<Vec<String>>> = members.into_iter().map(|m| literals(facts, m).or_else(|| shape(facts, m).map(|s| vec![s]))).collect();
        return said.map(|s| s.concat()).filter(|s| !s.is_empty());
    }
    let V::Env(name) = &facts.value(value).what else { return shape(facts, value).map(|s| vec![s]) };
    let given = facts.items.iter().filter_map(|f| match &f.what {
        What::Write { channel: Channel::Var(n) | Channel::Env(n), value } if n == name => Some(shape(facts, *value)),
        _ => None,
    });
    given.collect::<Option<Vec<String>>>().filter(|g| !g.is_empty())
}

/// Whether a text passes a test.
pub fn holds_text(text: Option<&str>, test: &Test) -> bool {
    match (test, text) {
        (Test::Present | Test::Literal, t) => t.is_some(),
        (Test::Absent, t) => t.is_none(),
        (Test::Dynamic | Test::Confined | Test::SamePublisher(_) | Test::SharesNames(_), _) => false,
        (Test::Has(_) | Test::Lacks(_) | Test::ResultOf(_) | Test::Sets(_), _) => false,
        (Test::Wordless, Some(t)) => wordless(t),
        (Test::FixedHost, Some(t)) => fixed_host(t),
        (Test::Is(words), Some(t)) => words.iter().any(|w| same(w, t)),
        (Test::IsNot(words), Some(t)) => !words.iter().any(|w| same(w, t)),
        (Test::Like(globs), Some(t)) => globs.iter().any(|g| glob::text(g, t)),
        (Test::Unlike(globs), Some(t)) => !globs.iter().any(|g| glob::text(g, t)),
        (_, None) => false,
    }
}

/// Whether a text that is literal in part is an address whose host is literal and ends before anything else begins.
pub fn fixed_host(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    !host.is_empty() && ![scheme, host].iter().any(|part| part.contains(OPEN))
}

/// Whether a text has no letter, underscore or quote.
fn wordless(text: &str) -> bool {
    !text.chars().any(|c| c.is_alphabetic() || "_'\"`".contains(c))
}

/// Equality of a literal with a word of a row: truth values in any case, dotted names by their last segment too.
pub(super) fn same(word: &str, text: &str) -> bool {
    let truth = |w: &str| w.eq_ignore_ascii_case("true") || w.eq_ignore_ascii_case("false");
    word == text
        || (truth(word) && word.eq_ignore_ascii_case(text))
        || (!word.contains('.') && text.rsplit('.').next() == Some(word) && is_dotted(text))
}

fn is_dotted(text: &str) -> bool {
    text.split('.').all(|s| !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || c == '_') && !s.starts_with(|c: char| c.is_ascii_digit()))
}

/// The literal texts a value may have: through assignments of this file and alternatives. None when one of them is not literal. A dotted name
/// counts as its text.
pub fn literals(facts: &FileFacts, value: ValueId) -> Option<Vec<String>> {
    let mut out = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut todo = vec![value];
    while let Some(at) = todo.pop() {
        if !seen.insert(at) {
            continue;
        }
        if seen.len() > STEPS * 4 {
            return None;
        }
        match &facts.value(at).what {
            V::Phi(all) => todo.extend(all),
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, target: Target::Name(_) } => todo.push(*value),
                _ => return None,
            },
            V::Name(name) => {
                out.insert(name.clone());
            }
            V::None => {
                out.insert("none".to_owned());
            }
            V::Attr(_, _) => {
                out.insert(dotted(facts, at)?);
            }
            _ => {
                out.insert(facts.literal(at)?);
            }
        }
    }
    Some(out.into_iter().collect())
}

/// `a.b.c` of names and attributes.
pub fn dotted(facts: &FileFacts, value: ValueId) -> Option<String> {
    let mut parts = Vec::new();
    let mut at = value;
    loop {
        match &facts.value(at).what {
            V::Attr(base, name) => {
                parts.push(name.clone());
                at = *base;
            }
            V::Name(name) => {
                parts.push(name.clone());
                break;
            }
            _ => return None,
        }
        if parts.len() > 64 {
            return None;
        }
    }
    parts.reverse();
    Some(parts.join("."))
}

/// Whether a constructor or class name is one of the receiver's types.
pub fn is_type(row: &Row, name: &str) -> bool {
    row.receiver.as_ref().is_some_and(|r| r.types.iter().any(|t| t == name || glob::path(t, name)))
}

/// The value of what stands in a word after `skip` bytes, when `unwrap` has made one.
pub fn tail(facts: &FileFacts, command: FactId, word: usize, skip: usize) -> Option<ValueId> {
    let key = |t: &crate::facts::Tail| (t.command, t.word as usize, t.skip as usize);
    let at = facts.tails.binary_search_by(|t| key(t).cmp(&(command, word, skip))).ok()?;
    facts.tails.get(at).map(|t| t.value)
}

fn one(value: Option<ValueId>) -> Argument {
    value.map_or(Argument::Absent, |v| Argument::Values(vec![v]))
}

pub(super) fn many(values: Vec<ValueId>) -> Argument {
    if values.is_empty() { Argument::Absent } else { Argument::Values(values) }
}

fn of_call(facts: &FileFacts, call: &Call, slot: &Slot) -> Argument {
    match slot {
        Slot::Callee => Argument::Values(vec![call.callee]),
        Slot::Receiver => one(call.receiver),
        Slot::From(n) => {
            let rest = call.args.iter().filter(|a| matches!(a.name, ArgName::Rest) || matches!(a.name, ArgName::Position(p) if p >= *n));
            many(rest.map(|a| a.value).collect())
        }
        Slot::Arg(names) => {
            let found = names.iter().find_map(|name| match name {
                SlotName::Position(n) => positional(&call.args, *n),
                SlotName::Name(name) => match name.split_once('.') {
                    Some((outer, key)) => inside(facts, &call.args, outer, key),
                    None => keyword(facts, &call.args, name),
                },
                SlotName::Stdin => None,
            });
            found.unwrap_or_else(|| if hidden(facts, call, names) { Argument::Unknown } else { Argument::Absent })
        }
        Slot::Result | Slot::Stdin | Slot::Whole => Argument::Absent,
    }
}

fn positional(args: &[Arg], n: u32) -> Option<Argument> {
    let found = args.iter().find(|a| a.name == ArgName::Position(n))?;
    let after_rest = args.iter().take_while(|a| !std::ptr::eq(*a, found)).any(|a| a.name == ArgName::Rest);
    Some(if after_rest { Argument::Unknown } else { Argument::Values(vec![found.value]) })
}

/// The argument passed under a name, also from a dictionary in sight.
pub(super) fn keyword(facts: &FileFacts, args: &[Arg], name: &str) -> Option<Argument> {
    args.iter().find_map(|a| match &a.name {
        ArgName::Keyword(k) if k == name => Some(Argument::Values(vec![a.value])),
        ArgName::KeywordRest => {
            let all = dictionaries(facts, a.value)?;
            let found: Vec<ValueId> = all.iter().filter_map(|(entries, _)| entry(facts, entries, name)).collect();
            (!found.is_empty()).then_some(Argument::Values(found))
        }
        _ => None,
    })
}

/// What a dictionary that is given as one keyword says under a key: `model_kwargs.revision`.
fn inside(facts: &FileFacts, args: &[Arg], outer: &str, key: &str) -> Option<Argument> {
    let Argument::Values(given) = keyword(facts, args, outer)? else { return None };
    let mut found = Vec::new();
    let mut open = false;
    for value in given {
        match dictionaries(facts, value) {
            Some(all) => {
                open |= all.iter().any(|(_, open)| *open);
                found.extend(all.iter().filter_map(|(entries, _)| entry(facts, entries, key)));
            }
            None => open = true,
        }
    }
    if found.is_empty() { open.then_some(Argument::Unknown) } else { Some(Argument::Values(found)) }
}

/// The value of a key of a dictionary.
fn entry(facts: &FileFacts, entries: &[(ValueId, ValueId)], name: &str) -> Option<ValueId> {
    entries.iter().rev().find(|(k, _)| facts.literal(*k).as_deref() == Some(name)).map(|(_, v)| *v)
}

/// Entries of a dictionary, and whether more may be in it.
type Entries<'f> = (&'f [(ValueId, ValueId)], bool);

/// The dictionaries built in sight that a value may be; none when it may be something else.
fn dictionaries(facts: &FileFacts, value: ValueId) -> Option<Vec<Entries<'_>>> {
    let mut out = Vec::new();
    let mut todo = vec![value];
    for _ in 0..STEPS {
        let Some(value) = todo.pop() else { return Some(out) };
        match &facts.value(value).what {
            V::Dict(entries, open) => out.push((entries.as_slice(), *open)),
            V::Phi(options) => todo.extend(options),
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value, .. } => todo.push(*value),
                _ => return None,
            },
            _ => return None,
        }
    }
    None
}

/// Whether all keywords that a `**` value spreads out are written in this file.
pub fn in_sight(facts: &FileFacts, value: ValueId) -> bool {
    dictionaries(facts, value).is_some_and(|all| all.iter().all(|(_, open)| !open))
}

/// Whether `*args` or `**kwargs` could supply one of these names.
fn hidden(facts: &FileFacts, call: &Call, names: &[SlotName]) -> bool {
    call.args.iter().any(|a| match a.name {
        ArgName::Rest => names.iter().any(|n| matches!(n, SlotName::Position(_))),
        ArgName::KeywordRest => {
            names.iter().any(|n| matches!(n, SlotName::Name(_))) && dictionaries(facts, a.value).is_none_or(|all| all.iter().any(|(_, open)| *open))
        }
        _ => false,
    })
}
