//! Row files to rows: subjects, examples and tests; effects are read in `effects`. The format is documented in `rules/README.md`.

mod effects;
pub mod format;

use std::sync::Arc;

use crate::catalog::fields::{
    Fault, Fields, LoadError, Read, Value, count, kind, list, mapping, nearest, number, one_of, pairs, text, texts, truth, word, yaml,
};
use crate::catalog::glob::alternatives;
use crate::catalog::row::{ArgTest, EntrySubject, Flag, Receiver, Row, RowExample, Said, SecretFormat, Slot, SlotName, Subject, Test};
use crate::catalog::severity::Severities;
use crate::syntax::yaml::{Entry, NodeKind};

/// Keys that name a subject.
pub const SUBJECTS: [&str; 23] = [
    "call",
    "method",
    "suffix",
    "command",
    "action",
    "action-shape",
    "image",
    "setting",
    "assign",
    "entry",
    "trigger",
    "context",
    "runner",
    "credential",
    "gate",
    "package",
    "account",
    "index",
    "tool",
    "comment",
    "secret",
    "secret-name",
    "secret-file",
];

/// Reads a row file. `file` is what errors and rows say; `user` marks rows that are not built in.
pub fn rows(file: &str, source: &str, user: bool, severities: &Severities) -> Result<Vec<Row>, Vec<LoadError>> {
    let value = yaml(file, source, 1).map_err(|e| vec![e])?;
    let items = match &value.kind {
        _ if value.is_null() => return Ok(Vec::new()),
        NodeKind::Seq(items) => items,
        _ => {
            let text = format!("a row file is a list of rows, not {}", kind(&value));
            return Err(vec![LoadError { file: file.to_owned(), line: 1, column: 1, text }]);
        }
    };
    let starts: Vec<u32> = (1..).zip(source.lines()).filter(|(_, l)| *l == "-" || l.starts_with("- ")).map(|(n, _)| n).collect();
    if starts.len() != items.len() {
        let text = "every row begins with `- ` in column 1, and nothing else does".to_owned();
        return Err(vec![LoadError { file: file.to_owned(), line: 1, column: 1, text }]);
    }
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    for (i, item) in items.iter().enumerate() {
        let line = starts.get(i).copied().unwrap_or(1);
        let end = starts.get(i + 1).copied().unwrap_or(u32::MAX);
        match row(item, (file, line), user, severities) {
            Ok(rows) => out.extend(rows),
            Err(fault) => errors.push(fault.place(file, source, line, end)),
        }
    }
    if errors.is_empty() { Ok(out) } else { Err(errors) }
}

/// Reads row files, given as (file, content, whether a user gave it), in order.
pub fn files<'f>(files: impl Iterator<Item = (&'f str, &'f str, bool)>, severities: &Severities) -> Result<Vec<Row>, Vec<LoadError>> {
    let (mut out, mut errors) = (Vec::new(), Vec::new());
    for (file, content, user) in files {
        match rows(file, content, user, severities) {
            Ok(rows) => out.extend(rows),
            Err(more) => errors.extend(more),
        }
    }
    if errors.is_empty() { Ok(out) } else { Err(errors) }
}

/// Reads one row; several when its subject has alternatives.
pub fn row(item: &Value, at: (&str, u32), user: bool, severities: &Severities) -> Read<Vec<Row>> {
    let fields = Fields::of(item, "a row")?;
    let given: Vec<&'static str> = SUBJECTS.into_iter().filter(|s| fields.has(s)).collect();
    let kind = match given.as_slice() {
        [one] => *one,
        [] => {
            let keys: Vec<&str> = item.entries().iter().filter_map(Entry::name).collect();
            let near = keys.iter().find_map(|k| nearest(k, SUBJECTS.into_iter()).map(|s| (k, s)));
            let hint = near.map_or(String::new(), |(k, s)| format!("; is `{k}` meant to be `{s}`?"));
            return Err(Fault::new(format!("a row needs a subject: one of {}{hint}", SUBJECTS.join(", "))));
        }
        [_, second, ..] => return Err(Fault::new(format!("a row has one subject, this one has {}", given.join(" and "))).under(second)),
    };
    let subjects = subjects(kind, &fields, user)?;
    let effects = effects::effects(&fields, severities)?;
    let said = Said {
        effects,
        valued: fields.read("valued", texts)?.unwrap_or_default(),
        leading: fields.read("options", |v| one_of(v, &[("anywhere", false), ("leading", true)]))?.unwrap_or(false),
        when: fields.each("when", arg_test)?,
        safe_when: fields.each("safe-when", arg_test)?,
        corroborate: if matches!(kind, "call" | "method") { fields.read("corroborate", texts)?.unwrap_or_default() } else { Vec::new() },
        receiver: fields.read("receiver", receiver)?,
        hardened_by: fields.read("hardened-by", texts)?.unwrap_or_default(),
        flags: fields.each("flag", flag)?,
        primary: fields.read("primary", slot)?,
        see: fields.need("see", text)?.into(),
        bad: fields.each("bad", example)?,
        ok: fields.each("ok", example)?,
        overrides: fields.read("overrides", text)?,
        file: at.0.to_owned().into(),
        line: at.1,
        user,
    };
    if said.see.trim().is_empty() {
        return Err(Fault::new("`see` says where the fact comes from").under("see"));
    }
    if kind == "method" && said.receiver.is_none() {
        return Err(Fault::new("a method needs `receiver:` (`any` when nothing is known of it)").under(kind));
    }
    if said.overrides.is_some() && !user {
        return Err(Fault::new("only a user's row overrides").under("overrides"));
    }
    fields.finish()?;
    let said = Arc::new(said);
    Ok(subjects.into_iter().map(|subject| Row { subject, said: Arc::clone(&said) }).collect())
}

fn subjects(kind: &'static str, fields: &Fields<'_>, user: bool) -> Read<Vec<Subject>> {
    let under = |e: Fault| e.under(kind);
    let value = fields.get(kind).ok_or_else(|| Fault::new("no subject"))?;
    let corroborate = if matches!(kind, "call" | "method") { None } else { fields.read("corroborate", texts)? };
    let format = format::format(kind, fields, user)?;
    if (kind == "suffix") != corroborate.is_some() {
        return Err(Fault::new("`suffix` and `corroborate` go together").under(kind));
    }
    if kind == "entry" {
        return entries(value).map_err(under);
    }
    if kind == "action-shape" {
        return Ok(vec![Subject::ActionShape(texts(value).map_err(under)?)]);
    }
    let mut out = Vec::new();
    for written in texts(value).map_err(under)? {
        if written.matches('{').count() > 4 {
            return Err(Fault::new("at most four alternatives in one subject").under(kind));
        }
        for name in alternatives(&written) {
            if name.trim().is_empty() {
                return Err(Fault::new("an empty subject").under(kind));
            }
            out.push(match kind {
                "call" => Subject::Call(name),
                "method" => Subject::Method(name),
                "suffix" => Subject::Suffix { name: name.trim_start_matches('.').to_owned(), corroborate: corroborate.clone().unwrap_or_default() },
                "command" => command(&name),
                "action" => Subject::Action(name.to_ascii_lowercase()),
                "image" => Subject::Image(name),
                "setting" => Subject::Setting(name),
                "assign" => Subject::Assign(name),
                "trigger" => Subject::Trigger(name),
                "context" => Subject::Context(name.to_ascii_lowercase()),
                "runner" => Subject::Runner(name.to_ascii_lowercase()),
                "credential" => Subject::Credential(name.to_ascii_uppercase()),
                "gate" => Subject::Gate(name),
                "secret-name" => Subject::SecretName(name),
                "secret-file" => Subject::SecretFile(name),
                "package" => Subject::Package(name.to_ascii_lowercase().replace('_', "-")),
                "account" => Subject::Account(name.to_ascii_lowercase()),
                "index" => Subject::Index(name.to_ascii_lowercase()),
                "tool" => Subject::Tool(name.to_ascii_lowercase()),
                "comment" => Subject::Comment(name.to_ascii_lowercase()),
                _ => Subject::Secret(Box::new(SecretFormat { id: name, ..format.clone() })),
            });
        }
    }
    Ok(out)
}

fn command(written: &str) -> Subject {
    let mut words = written.split_whitespace().map(str::to_owned);
    let program = words.next().unwrap_or_default();
    Subject::Command { program, sub: words.collect() }
}

fn entries(value: &Value) -> Read<Vec<Subject>> {
    let mut out = Vec::new();
    for item in list(value) {
        let fields = Fields::of(item, "`entry`")?;
        let get = |key| fields.read(key, texts).map(|t| t.map(expand));
        let parts = (get("decorator")?, get("base")?, get("method")?, get("file")?, get("function")?);
        fields.finish()?;
        let both = |a: &[String], b: &[String], make: fn(String, String) -> EntrySubject| -> Vec<EntrySubject> {
            a.iter().flat_map(|a| b.iter().map(move |b| make(a.clone(), b.clone()))).collect()
        };
        let found: Vec<EntrySubject> = match parts {
            (Some(d), None, None, None, None) => d.into_iter().map(|d| EntrySubject::Decorator(d, None)).collect(),
            (Some(d), None, Some(m), None, None) => both(&d, &m, |d, m| EntrySubject::Decorator(d, Some(m))),
            (None, Some(b), Some(m), None, None) => both(&b, &m, EntrySubject::Base),
            (None, None, None, Some(f), Some(n)) => both(&f, &n, EntrySubject::Function),
            _ => return Err(Fault::new("`entry` is `decorator`, `decorator` and `method`, `base` and `method`, or `file` and `function`")),
        };
        out.extend(found.into_iter().map(Subject::Entry));
    }
    Ok(out)
}

/// Reads a slot.
pub fn slot(value: &Value) -> Read<Slot> {
    if number(value).is_some() {
        return Ok(Slot::Arg(vec![SlotName::Position(count(value)?)]));
    }
    if let Some(word) = word(value) {
        return Ok(match word {
            "receiver" => Slot::Receiver,
            "callee" => Slot::Callee,
            "result" => Slot::Result,
            "stdin" => Slot::Stdin,
            "whole" => Slot::Whole,
            "" => return Err(Fault::new("an empty slot")),
            other => match (other.strip_suffix(".."), other.strip_prefix('=')) {
                (Some(n), _) if n.parse::<u32>().is_ok() => Slot::From(n.parse().unwrap_or(0)),
                (_, Some(name)) => Slot::Arg(vec![SlotName::Name(name.to_owned())]),
                _ => Slot::Arg(vec![SlotName::Name(other.to_owned())]),
            },
        });
    }
    let NodeKind::Seq(items) = &value.kind else {
        return Err(Fault::new(format!("a slot is a position, a name or a list of them, not {}", kind(value))));
    };
    let mut names = Vec::new();
    for item in items {
        match slot(item)? {
            Slot::Arg(more) => names.extend(more),
            Slot::Stdin => names.push(SlotName::Stdin),
            _ => return Err(Fault::new("a list of names in a slot holds positions, names and `stdin` only")),
        }
    }
    if names.is_empty() { Err(Fault::new("an empty slot")) } else { Ok(Slot::Arg(names)) }
}

/// Reads a list of slots.
pub fn slots(value: &Value) -> Read<Vec<Slot>> {
    list(value).iter().map(slot).collect()
}

/// Reads `{ slot: …, <test> }`.
pub fn arg_test(value: &Value) -> Read<ArgTest> {
    let fields = Fields::of(value, "a test")?;
    let slot = fields.need("slot", slot)?;
    let test = tests(&fields)?;
    fields.finish()?;
    let [test] = test.as_slice() else {
        return Err(Fault::new(
            "a test has one of given, is, is-not, like, unlike, literal, has, result-of, sets, fixed-host, same-publisher-as, shares-names-with, confined",
        ));
    };
    Ok(ArgTest { slot, test: test.clone() })
}

/// Reads a test without a slot: `{ is: x }`, or a bare text or list, which is `is`, or `like` when it has a `*`.
pub fn test(value: &Value) -> Read<Test> {
    if mapping(value).is_none() {
        let words = texts(value)?;
        return Ok(if words.iter().any(|w| w.contains('*')) { Test::Like(words) } else { Test::Is(words) });
    }
    let fields = Fields::of(value, "a test")?;
    let found = tests(&fields)?;
    fields.finish()?;
    let [test] = found.as_slice() else {
        return Err(Fault::new(
            "a test has one of given, is, is-not, like, unlike, literal, has, result-of, sets, fixed-host, same-publisher-as, shares-names-with, confined",
        ));
    };
    Ok(test.clone())
}

fn tests(fields: &Fields<'_>) -> Read<Vec<Test>> {
    let mut out = Vec::new();
    out.extend(fields.read("given", truth)?.map(|yes| if yes { Test::Present } else { Test::Absent }));
    out.extend(fields.read("is", texts)?.map(Test::Is));
    out.extend(fields.read("is-not", texts)?.map(Test::IsNot));
    out.extend(fields.read("like", texts)?.map(Test::Like));
    out.extend(fields.read("unlike", texts)?.map(Test::Unlike));
    out.extend(fields.read("has", texts)?.map(Test::Has));
    out.extend(fields.read("result-of", texts)?.map(|calls| Test::ResultOf(expand(calls))));
    out.extend(fields.read("sets", pairs)?.map(Test::Sets));
    out.extend(fields.read("wordless", truth)?.filter(|yes| *yes).map(|_| Test::Wordless));
    out.extend(fields.read("confined", truth)?.filter(|yes| *yes).map(|_| Test::Confined));
    out.extend(fields.read("same-publisher-as", slot)?.map(Test::SamePublisher));
    out.extend(fields.read("shares-names-with", slot)?.map(Test::SharesNames));
    out.extend(fields.read("fixed-host", truth)?.filter(|yes| *yes).map(|_| Test::FixedHost));
    out.extend(fields.read("lacks", texts)?.map(Test::Lacks));
    out.extend(fields.read("literal", truth)?.map(|yes| if yes { Test::Literal } else { Test::Dynamic }));
    Ok(out)
}

fn receiver(value: &Value) -> Read<Receiver> {
    if mapping(value).is_none() {
        let types = texts(value)?;
        let any = types == ["any"];
        return Ok(Receiver { types: if any { Vec::new() } else { expand(types) }, any, called: None });
    }
    let fields = Fields::of(value, "`receiver`")?;
    let types = expand(fields.read("type", texts)?.unwrap_or_default());
    let any = fields.read("any", truth)?.unwrap_or(false);
    let called = fields.read("called", texts)?;
    let arg = fields.read("arg", test)?;
    fields.finish()?;
    if types.is_empty() && !any && called.is_none() {
        return Err(Fault::new("`receiver` says `type`, `any` or `called`"));
    }
    if arg.is_some() && called.is_none() {
        return Err(Fault::new("`arg` tests the first argument of `called`").under("arg"));
    }
    Ok(Receiver { types, any, called: called.map(|c| (c, arg)) })
}

fn expand(names: Vec<String>) -> Vec<String> {
    names.iter().flat_map(|n| alternatives(n)).collect()
}

fn flag(value: &Value) -> Read<Flag> {
    let fields = Fields::of(value, "`flag`")?;
    let name = fields.read("name", text)?;
    let default_since = fields.read("default-since", pairs)?.unwrap_or_default();
    let settled = name.is_none() && default_since.is_empty();
    let flag = Flag {
        name: name.clone().unwrap_or_default(),
        safe: if name.is_some() { fields.need("safe", text)? } else { String::new() },
        default_since,
        honoured_since: fields.read("honoured-since", pairs)?.unwrap_or_default(),
        removed_since: fields.read("removed-since", pairs)?.unwrap_or_default(),
        holes: fields.each("holes", hole)?,
        default_safe: fields.read("default", |v| one_of(v, &[("safe", true), ("unsafe", false)]))?.unwrap_or(settled),
    };
    fields.finish()?;
    if flag.name.is_empty() && flag.holes.is_empty() && flag.default_since.is_empty() {
        return Err(Fault::new("a flag without a name says from which version a call is safe (`default-since`), or in which it is not (`holes`)"));
    }
    Ok(flag)
}

fn hole(value: &Value) -> Read<(std::collections::BTreeMap<String, String>, String)> {
    let mut all = pairs(value)?;
    let see = all.remove("see").unwrap_or_default();
    if all.is_empty() {
        return Err(Fault::new("a hole names a package and the versions it concerns"));
    }
    if let Some((package, _)) = all.iter().find(|(_, spec)| !spec.contains('<')) {
        return Err(Fault::new("a hole says where it ends: `<2.10`").under(package));
    }
    Ok((all, see))
}

fn example(value: &Value) -> Read<RowExample> {
    if let Some(code) = word(value) {
        return Ok(RowExample { code: code.to_owned(), project: Default::default(), rule: None, path: None });
    }
    let fields = Fields::of(value, "an example")?;
    let example = RowExample {
        code: fields.need("code", text)?,
        project: fields.read("project", pairs)?.unwrap_or_default(),
        rule: fields.read("rule", text)?,
        path: fields.read("path", text)?,
    };
    fields.finish()?;
    Ok(example)
}
