//! What a row calls code becomes facts: the inner command of `sudo`, the text of `bash -c`, a list handed to a process API. Also what only rows can
//! tell of a command line: values inside words, and the packages an installer names. Knows rows and facts; finds no new file.

mod handed;
mod line;

use crate::catalog::Catalog;
use crate::catalog::command::OptValue;
use crate::catalog::python::objects::Objects;
use crate::catalog::row::{Effect, RowId, Slot, SlotName};
use crate::catalog::slot::Argument;
use crate::extract::{Hole, javascript, manifest, python, shell, windows};
use crate::facts::{
    Builder, Channel, Command, FactId, FileFacts, Language, Requirement, RequirementFrom, Tail, Target, V, ValueId, What, Word, WordPart,
};
use crate::notice::NoticeKind;
use crate::source::Range;
use crate::text::Text;

/// Wrappers inside wrappers that are followed.
const DEPTH: u8 = 8;
/// Inner commands and texts of one file.
const COUNT: usize = 4_000;

/// Effects of calls that this module follows.
pub(super) const UNWRAPPED: [&str; 3] = ["wraps", "calls", "installs"];

/// Adds everything that rows say runs inside, to depth 8, with a [`What::Wraps`] for each; then the requirements of install commands. Facts that stood
/// before keep their ids.
#[must_use]
pub fn unwrap(facts: FileFacts, catalog: &Catalog) -> FileFacts {
    unwrap_from(facts, 0, catalog)
}

/// The same of facts from `first` on: what stood before was looked at.
#[must_use]
pub fn unwrap_from(facts: FileFacts, first: usize, catalog: &Catalog) -> FileFacts {
    let mut facts = facts;
    let objects = Objects::of(&facts);
    let mut depth = vec![0u8; facts.items.len()];
    let mut at = first;
    let mut count = 0;
    while at < facts.items.len() {
        let id = FactId(u32::try_from(at).unwrap_or(u32::MAX));
        at += 1;
        let may = match &facts.fact(id).what {
            What::Call(call) => catalog.may_unwrap(call.name.rsplit('.').next().unwrap_or_default()),
            What::Command(_) | What::Uses { .. } => true,
            _ => false,
        };
        if !may {
            continue;
        }
        let rows = catalog.classify_words(&facts, &objects, id);
        if rows.is_empty() {
            continue;
        }
        tails(&mut facts, catalog, id, &rows);
        let rows = catalog.holding(&facts, id, rows);
        if count < COUNT {
            count += usize::from(requirements(&mut facts, catalog, id, &rows));
        }
        depth.resize(facts.items.len(), 0);
        if count < COUNT {
            let range = facts.fact(id).range;
            for call in handed::calls(&mut facts, catalog, id, &rows) {
                count += 1;
                let mut b = Builder::resume(facts, id);
                b.add(range, What::Call(call));
                facts = b.finish();
            }
            depth.resize(facts.items.len(), depth.get(id.0 as usize).copied().unwrap_or(0));
        }
        let inner = inner(&facts, catalog, id, &rows);
        let level = depth.get(id.0 as usize).copied().unwrap_or(0);
        for code in inner {
            if level >= DEPTH || count >= COUNT {
                let text = "commands inside commands are followed only so far";
                let range = facts.fact(id).range;
                if !facts.notices.iter().any(|n| n.kind == NoticeKind::Limit && n.text == text) {
                    facts.notices.push(crate::notice::LocalNotice { range, kind: NoticeKind::Limit, text: text.to_owned() });
                }
                break;
            }
            count += 1;
            facts = expand(facts, id, code);
            depth.resize(facts.items.len(), level + 1);
        }
    }
    facts
}

/// Code that a fact runs.
enum Code {
    /// An argument vector.
    Words(Command),
    /// A command line that no shell reads, the words that follow it, where it runs.
    Line(Text, Vec<Hole>, Vec<Word>, Option<ValueId>),
    /// Text of a language, with what is not literal in it, and where it runs.
    Text(Language, Text, Vec<Hole>, Option<ValueId>),
}

fn inner(facts: &FileFacts, catalog: &Catalog, id: FactId, rows: &[RowId]) -> Vec<Code> {
    let mut out = Vec::new();
    let mut seen = Vec::new();
    for row in rows {
        for effect in &catalog.row(*row).effects {
            let Effect::Wraps { argv_from, list, text, language, program, cwd } = effect else { continue };
            let first = list.as_ref().or(text.as_ref()).or(program.as_ref());
            let key = (*argv_from, first.map(|s| catalog.slot(facts, id, *row, s)), *language);
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            let at = |slot: &Option<Slot>| slot.as_ref().and_then(|s| catalog.slot(facts, id, *row, s).first().copied());
            if program.is_some() {
                let given = at(list).and_then(|v| words(facts, v)).map(|c| c.words).unwrap_or_default();
                let line = at(program).and_then(|v| text_of(facts, v));
                out.extend(line.map(|(text, holes)| Code::Line(text, holes, given, at(cwd))));
            } else if argv_from.is_some() {
                out.extend(argv(facts, catalog, id, *row).map(Code::Words));
            } else if let Some(slot) = list {
                out.extend(catalog.slot(facts, id, *row, slot).first().and_then(|v| words(facts, *v)).map(Code::Words));
            } else if let (Some(slot), Some(language)) = (text, language) {
                for value in catalog.slot(facts, id, *row, slot) {
                    if let Some((text, holes)) = text_of(facts, value) {
                        out.push(Code::Text(*language, text, holes, at(cwd)));
                    }
                }
            }
        }
    }
    out
}

fn expand(facts: FileFacts, owner: FactId, code: Code) -> FileFacts {
    let mut b = Builder::resume(facts, owner);
    let (range, inner) = match code {
        Code::Words(command) => {
            let range = command.words.iter().map(|w| w.range).reduce(Range::cover).unwrap_or_default();
            (range, b.add(range, What::Command(command)))
        }
        Code::Line(text, holes, rest, cwd) => {
            let mut words = line::words(&text, &holes, &mut b);
            words.extend(rest);
            let range = words.iter().map(|w| w.range).reduce(Range::cover).unwrap_or_default();
            (range, b.add(range, What::Command(Command { words, cwd, ..Command::default() })))
        }
        Code::Text(Language::Shell, text, holes, cwd) => (text.whole(), shell::script_in(&text, &holes, cwd, &mut b)),
        Code::Text(Language::Python, text, holes, _) => {
            let range = text.whole();
            let value = b.text(text.clone());
            let script = b.add(range, What::Script { language: Language::Python, text: value });
            b.within(script, |b| python::snippet(&text, &holes, b));
            (range, script)
        }
        Code::Text(Language::JavaScript, text, holes, _) => {
            let range = text.whole();
            let whole = shell::with_holes(&text, &holes, &mut b);
            let script = b.add(range, What::Script { language: Language::JavaScript, text: whole });
            b.within(script, |b| javascript::snippet(&text, &holes, b));
            (range, script)
        }
        Code::Text(language @ (Language::PowerShell | Language::Cmd), text, holes, cwd) if holes.is_empty() => {
            let range = text.whole();
            let value = b.text(text.clone());
            let script = b.add(range, What::Script { language, text: value });
            b.within(script, |b| shell::script_in(&windows::as_shell(&text, language), &holes, cwd, b));
            (range, script)
        }
        Code::Text(language, text, ..) => {
            let range = text.whole();
            let value = b.text(text);
            (range, b.add(range, What::Script { language, text: value }))
        }
    };
    b.add(range, What::Wraps { inner });
    b.finish()
}

/// The inner command of a wrapper: `NAME=value` words before its program are its environment.
fn argv(facts: &FileFacts, catalog: &Catalog, id: FactId, row: RowId) -> Option<Command> {
    let What::Command(outer) = &facts.fact(id).what else { return None };
    let line = catalog.line(facts, id, row)?;
    let mut words = outer.words.get(line.argv?..)?.iter().peekable();
    let mut env = Vec::new();
    while let Some(word) = words.peek() {
        let literal = word.parts.first().and_then(|p| facts.literal(p.value)).unwrap_or_default();
        let Some((name, rest)) = literal.split_once('=') else { break };
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain {
            break;
        }
        let value = match (rest.is_empty(), word.parts.as_slice()) {
            (true, [_, second]) => second.value,
            _ => word.value,
        };
        env.push((name.to_owned(), value));
        words.next();
    }
    let words: Vec<Word> = words.cloned().collect();
    (!words.is_empty()).then_some(Command { words, env, stdin: outer.stdin, cwd: outer.cwd, lenient: outer.lenient })
}

/// A list of words as a command; also a single text, which is a program without arguments.
fn words(facts: &FileFacts, value: ValueId) -> Option<Command> {
    let value = settled(facts, value);
    let items = match &facts.value(value).what {
        V::List(items, _) => items.clone(),
        V::Str(_) => vec![value],
        _ => return None,
    };
    let word = |v: &ValueId| Word { range: facts.value(*v).range, value: *v, parts: vec![WordPart { value: *v, quoted: true }] };
    let words: Vec<Word> = items.iter().map(|v| settled(facts, *v)).map(|v| word(&v)).collect();
    (!words.is_empty()).then(|| Command { words, ..Command::default() })
}

/// Follows a name to the one value it was given.
fn settled(facts: &FileFacts, mut value: ValueId) -> ValueId {
    for _ in 0..DEPTH {
        match &facts.value(value).what {
            V::Ref(fact) => match &facts.fact(*fact).what {
                What::Assignment { value: v, target: Target::Name(_) } => value = *v,
                _ => break,
            },
            _ => break,
        }
    }
    value
}

/// The text of a value, what is not literal masked by letters of the same length. None when nothing of it is literal.
fn text_of(facts: &FileFacts, value: ValueId) -> Option<(Text, Vec<Hole>)> {
    let mut text = Text::default();
    let mut holes = Vec::new();
    let mut literal = false;
    // Parts still to be added, last first: joins may nest as deep as the source.
    let mut todo = vec![settled(facts, value)];
    while let Some(at) = todo.pop() {
        let part = facts.value(at);
        match &part.what {
            V::Str(piece) => {
                literal |= !piece.as_str().trim().is_empty();
                text.append(piece);
            }
            V::Join(parts) => todo.extend(parts.iter().rev()),
            V::Num(_) | V::Bool(_) => text.push(&facts.literal(at).unwrap_or_default(), part.range),
            _ => {
                let inside = settled(facts, at);
                if inside != at && matches!(facts.value(inside).what, V::Str(_) | V::Join(_)) && todo.len() < 1_000 {
                    todo.push(inside);
                    continue;
                }
                let start = text.len();
                let mask = "x".repeat(part.range.len().clamp(1, 256));
                text.push(&mask, part.range);
                holes.push(Hole { start, end: text.len(), value: at });
            }
        }
    }
    literal.then_some((text, holes))
}

/// Makes values of `--name=value` and `-nvalue`.
fn tails(facts: &mut FileFacts, catalog: &Catalog, id: FactId, rows: &[RowId]) {
    let mut wanted: Vec<(usize, usize)> = Vec::new();
    for row in rows {
        let options = catalog.line(facts, id, *row).map(|l| l.options).unwrap_or_default();
        wanted.extend(options.iter().filter_map(|o| match o.value {
            OptValue::Tail(word, skip) => Some((word, skip)),
            _ => None,
        }));
    }
    wanted.sort_unstable();
    wanted.dedup();
    for (word, skip) in wanted {
        let What::Command(command) = &facts.fact(id).what else { return };
        let Some(found) = command.words.get(word) else { continue };
        let parts: Vec<ValueId> = found.parts.iter().map(|p| p.value).collect();
        let mut rest: Vec<ValueId> = Vec::new();
        let mut left = skip;
        let mut end: Option<Text> = None;
        for part in parts {
            if left == 0 {
                rest.push(part);
                continue;
            }
            let V::Str(text) = &facts.value(part).what else { continue };
            if text.len() <= left {
                left -= text.len();
                end = Some(text.slice(text.len(), text.len()));
                continue;
            }
            let cut = text.slice(left, text.len());
            left = 0;
            rest.push(add(facts, cut.whole(), V::text(cut)));
        }
        let value = match rest.as_slice() {
            [one] => *one,
            [] => match end.filter(|_| left == 0) {
                // `--token=`: nothing is a value, too.
                Some(nothing) => add(facts, nothing.whole(), V::text(nothing)),
                None => continue,
            },
            _ => {
                let range = rest.iter().map(|v| facts.value(*v).range).reduce(Range::cover).unwrap_or_default();
                add(facts, range, V::Join(rest))
            }
        };
        let tail = Tail { command: id, word: u32::try_from(word).unwrap_or(u32::MAX), skip: u32::try_from(skip).unwrap_or(u32::MAX), value };
        // Commands are met in the order of their ids, so this stays sorted.
        facts.tails.push(tail);
    }
}

fn add(facts: &mut FileFacts, range: Range, what: V) -> ValueId {
    let id = ValueId(u32::try_from(facts.values.len()).unwrap_or(u32::MAX));
    facts.values.push(crate::facts::Value { range, what });
    id
}

/// One [`What::Requirement`] for each package that an installer names; whether there were any.
fn requirements(facts: &mut FileFacts, catalog: &Catalog, id: FactId, rows: &[RowId]) -> bool {
    if !matches!(facts.fact(id).what, What::Command(_)) {
        return false;
    }
    let mut found: Vec<(Range, Requirement)> = Vec::new();
    for row in rows {
        for effect in &catalog.row(*row).effects {
            let Effect::Installs { from: Some(from), only, until, .. } = effect else { continue };
            let dated = until.as_ref().is_some_and(|slot| is_dated(facts, catalog, id, *row, slot));
            let Argument::Values(operands) = catalog.argument(facts, id, *row, &Slot::From(*from)) else { continue };
            for operand in operands.into_iter().take(if *only { 1 } else { usize::MAX }) {
                let Some(text) = facts.literal(operand) else { continue };
                found.extend(requirement(&text).map(|r| (facts.value(operand).range, Requirement { dated, ..r })));
            }
        }
    }
    found.dedup();
    if found.is_empty() {
        return false;
    }
    let mut b = Builder::resume(std::mem::take(facts), id);
    for (range, requirement) in found {
        b.add(range, What::Requirement(Box::new(requirement)));
    }
    *facts = b.finish();
    true
}

/// Whether an option or a variable around the command says up to which day releases count.
fn is_dated(facts: &FileFacts, catalog: &Catalog, id: FactId, row: RowId, until: &Slot) -> bool {
    let Slot::Arg(names) = until else { return false };
    let around: Vec<FactId> = facts.owners(id).map(|(owner, _)| owner).collect();
    let variable = |name: &SlotName| {
        let SlotName::Name(name) = name else { return false };
        facts.items.iter().any(|f| {
            matches!(&f.what, What::Write { channel: Channel::Env(n) | Channel::Var(n), .. } if n == name)
                && f.owner.is_some_and(|o| around.contains(&o))
        })
    };
    !matches!(catalog.argument(facts, id, row, until), Argument::Absent) || names.iter().any(variable)
}

/// Reads what an installer takes as an operand: a specifier, `name@1.0`, `@scope/name@1.0`, `git+https://…@ref`; a path of this tree is none.
fn requirement(text: &str) -> Option<Requirement> {
    if text.is_empty() || text.starts_with(['.', '/', '-', '$']) {
        return None;
    }
    let from = RequirementFrom::Command;
    // A version behind `@`, unless what follows is an address; a scope begins with one.
    let at = text.rfind('@').filter(|at| *at > 0 && !text.contains("://") && !text.contains(['=', '<', '>', ';']));
    let (name, version) = at.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""));
    if let Some(scope) = name.strip_prefix('@') {
        let plain = scope.split_once('/').is_some_and(|(_, n)| !n.is_empty() && !n.contains('/'));
        return plain.then(|| Requirement { name: name.to_owned(), spec: exact(version), from, ..Requirement::default() });
    }
    if at.is_some() {
        let plain = !name.contains('/');
        return plain.then(|| Requirement { name: name.to_owned(), spec: exact(version), from, ..Requirement::default() });
    }
    manifest::specifier(text).filter(|r| r.url.as_deref().is_none_or(|u| u.contains("://"))).map(|r| Requirement { from, ..r })
}

/// `@1.2.3` as a specifier; a tag or range after it moves.
fn exact(version: &str) -> String {
    let bare = version.trim_start_matches('@');
    if bare.starts_with(|c: char| c.is_ascii_digit()) && bare.contains('.') && !bare.contains(['x', '*']) {
        format!("=={bare}")
    } else {
        version.to_owned()
    }
}
