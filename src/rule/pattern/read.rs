//! `match:` from YAML. Which fields there are depends on the subject; a key that does not fit is a fault.

use super::{Compare, Field, FlagWord, Form, Further, Matched, OriginTest, Pattern, Primary, Same, Subject, Switches, Tie, Unless};
use crate::catalog::fields::{Fault, Fields, Read, Value, list, named, nearest, one_of, text, texts, truth, word};
use crate::catalog::load::{arg_test, slot, test};
use crate::catalog::row::Test;
use crate::catalog::severity::Severities;
use crate::facts::{ImageRole, Level, RequirementFrom};
use crate::origin::{Mutable, Via, Who};

/// Subject words.
const SUBJECTS: [&str; 20] = [
    "sink",
    "call",
    "command",
    "action",
    "setting",
    "image",
    "script",
    "uses",
    "requirement",
    "permission",
    "env",
    "runner",
    "trigger",
    "secret-ref",
    "write",
    "expression",
    "workflow",
    "job",
    "stage",
    "step",
];

/// Reads `match:`.
pub fn pattern(value: &Value, known: &Severities) -> Read<Pattern> {
    let f = Fields::of(value, "`match`")?;
    let first = matched(&f, known)?;
    let and = f.each("and", |v| further(v, known))?;
    if and.len() > 2 {
        return Err(Fault::new("at most two further subjects; more needs a detector").under("and"));
    }
    let sink = matches!(first.subject, Subject::Sink { .. });
    let unless = f.each("unless", |v| unless(v, &first.subject, known))?;
    let doubts = f.each("doubts", |v| doubt(v, &first.subject))?;
    let primary = f.read("primary", primary)?;
    if primary == Some(Primary::Slot) && !sink {
        return Err(Fault::new("only a sink has a slot").under("primary"));
    }
    f.finish()?;
    Ok(Pattern { first, and, unless, doubts, primary })
}

fn matched(f: &Fields<'_>, known: &Severities) -> Read<Matched> {
    let given: Vec<&'static str> = SUBJECTS.into_iter().filter(|s| f.get(s).is_some()).collect();
    let word = match given.as_slice() {
        [one] => *one,
        [] => return Err(Fault::new(format!("a match needs a subject: one of {}", SUBJECTS.join(", ")))),
        more => return Err(Fault::new(format!("a match has one subject, this one has {}", more.join(" and ")))),
    };
    let subject = f.need(word, |v| subject(word, v, known))?;
    let fields = f.read("where", |v| fields(v, &subject))?.unwrap_or_default();
    Ok(Matched { subject, fields })
}

fn subject(word: &str, value: &Value, known: &Severities) -> Read<Subject> {
    let f = Fields::of(value, "the subject")?;
    let form = match word {
        "sink" => Some(Form::Any),
        "call" => Some(Form::Call),
        "command" => Some(Form::Command),
        "action" => Some(Form::Action),
        "setting" => Some(Form::Setting),
        "image" => Some(Form::Image),
        "script" => Some(Form::Script),
        _ => None,
    };
    let kinds = if form.is_some() { f.read("kind", |v| kinds(v, known))? } else { None };
    let out = match (form, kinds) {
        (Some(form), Some(kinds)) => Subject::Sink { form, kinds, flag: f.read("flag", text)? },
        (Some(Form::Any), None) => return Err(Fault::new("`sink` needs `kind`")),
        (Some(form @ (Form::Call | Form::Command | Form::Action)), None) => {
            let effect = f.read("effect", text)?;
            Subject::Effect { form, effect, ecosystem: f.read("ecosystem", text)? }
        }
        (Some(Form::Setting), None) => Subject::Setting(f.need("path", text)?),
        (Some(Form::Image), None) => Subject::Image(f.read("role", |v| several(v, &ROLES))?.unwrap_or_default()),
        (Some(Form::Script), None) => Subject::Script,
        (None, _) => match word {
            "uses" => Subject::Uses,
            "requirement" => Subject::Requirement(f.read("from", |v| several(v, &FROM))?.unwrap_or_default()),
            "permission" => {
                Subject::Permission(f.read("scope", texts)?.unwrap_or_default(), f.read("level", |v| several(v, &LEVELS))?.unwrap_or_default())
            }
            "env" => Subject::Env(f.read("name", text)?.unwrap_or_else(|| "*".to_owned())),
            "runner" => Subject::Runner,
            "trigger" => Subject::Trigger(f.read("event", texts)?.unwrap_or_default()),
            "secret-ref" => Subject::SecretRef,
            "write" => Subject::Write(f.read("channel", texts)?.unwrap_or_default()),
            "expression" => Subject::Expression(f.read("in", expression_places)?.unwrap_or_default()),
            "workflow" => Subject::Workflow,
            "job" => Subject::Job,
            "stage" => Subject::Stage,
            _ => Subject::Step,
        },
    };
    f.finish()?;
    Ok(out)
}

fn kinds(value: &Value, known: &Severities) -> Read<Vec<String>> {
    let kinds = texts(value)?;
    for kind in &kinds {
        if known.kind(kind).is_none() {
            let hint = nearest(kind, known.kinds()).map_or(String::new(), |k| format!("; did you mean `{k}`?"));
            return Err(Fault::new(format!("severity.yml has no kind `{kind}`{hint}")));
        }
    }
    Ok(kinds)
}

const ROLES: [(&str, ImageRole); 6] = [
    ("base", ImageRole::Base),
    ("copy-from", ImageRole::CopyFrom),
    ("container", ImageRole::Container),
    ("service", ImageRole::Service),
    ("action", ImageRole::Action),
    ("config", ImageRole::Config),
];
const FROM: [(&str, RequirementFrom); 5] = [
    ("requirements", RequirementFrom::Requirements),
    ("project", RequirementFrom::Project),
    ("lock", RequirementFrom::Lock),
    ("conda", RequirementFrom::Conda),
    ("command", RequirementFrom::Command),
];
const LEVELS: [(&str, Level); 3] = [("none", Level::None), ("read", Level::Read), ("write", Level::Write)];
const FLAGS: [(&str, FlagWord); 6] = [
    ("none", FlagWord::None),
    ("safe", FlagWord::Safe),
    ("unsafe", FlagWord::Unsafe),
    ("hole", FlagWord::Hole),
    ("unsettled", FlagWord::Unsettled),
    ("dynamic", FlagWord::Dynamic),
];
/// Kinds of files, as pages name them.
pub const PLACES: [&str; 9] = ["workflow", "action", "dockerfile", "shell", "make", "python", "notebook", "config", "manifest"];
const SAME: [(&str, Same); 5] =
    [("step", Same::Step), ("job", Same::Job), ("function", Same::Function), ("receiver", Same::Receiver), ("file", Same::File)];

fn several<T: Copy>(value: &Value, names: &[(&'static str, T)]) -> Read<Vec<T>> {
    list(value).iter().map(|v| one_of(v, names)).collect()
}

/// Parts of names of switches, `on:` and `off:`.
fn switches(value: &Value) -> Read<Switches> {
    let f = Fields::of(value, "`switched`")?;
    let read = Switches { on: f.read("on", texts)?.unwrap_or_default(), off: f.read("off", texts)?.unwrap_or_default() };
    f.finish()?;
    Ok(read)
}

/// `where:`. Which fields there are depends on the subject.
fn fields(value: &Value, subject: &Subject) -> Read<Vec<Field>> {
    let f = Fields::of(value, "`where`")?;
    let mut out = Vec::new();
    let places = |v: &Value| {
        let all = texts(v)?;
        match all.iter().find(|p| !PLACES.contains(&p.as_str())) {
            Some(p) => Err(Fault::new(format!("`{p}` is none of {}", PLACES.join(", ")))),
            None => Ok(all),
        }
    };
    out.extend(f.read("place", places)?.map(Field::Place));
    out.extend(f.read("test-code", truth)?.map(Field::TestCode));
    out.extend(f.read("test-file", truth)?.map(Field::TestFile));
    out.extend(f.read("put-back", truth)?.map(Field::PutBack));
    out.extend(f.read("started-by", |v| compares(v, &Who::NAMES))?.map(Field::StartedBy));
    match subject {
        Subject::Sink { .. } => {
            out.extend(f.read("name", origin)?.map(Field::Name));
            out.extend(f.read("bytes", origin)?.map(Field::Bytes));
            out.extend(f.read("flag", flag_words)?.map(Field::Flag));
            out.extend(f.read("slot", test)?.map(Field::Slot));
            out.extend(f.each("arg", arg_test)?.into_iter().map(Field::Arg));
            out.extend(f.read("subject", test)?.map(Field::Outside));
            out.extend(f.read("receiver.called", texts)?.map(Field::ReceiverCalled));
            out.extend(f.read("version", crate::catalog::fields::pairs)?.map(Field::Version));
            out.extend(f.read("conditional", truth)?.map(Field::Conditional));
            out.extend(f.read("own-callee", truth)?.map(Field::OwnCallee));
            out.extend(f.read("stated", truth)?.map(Field::Stated));
            out.extend(f.read("own-address", truth)?.map(Field::OwnAddress));
            out.extend(f.read("in-order", truth)?.map(Field::InOrder));
            out.extend(f.read("switched", switches)?.map(Field::Switched));
            out.extend(f.read("kind", texts)?.map(Field::Kind));
        }
        Subject::Effect { form, .. } => {
            out.extend(f.each("arg", arg_test)?.into_iter().map(Field::Arg));
            match form {
                Form::Command => out.extend(f.read("lenient", truth)?.map(Field::Lenient)),
                Form::Call => {
                    out.extend(f.read("handled", truth)?.map(Field::Handled));
                    out.extend(f.read("receiver.called", texts)?.map(Field::ReceiverCalled));
                }
                _ => {}
            }
        }
        Subject::Uses => {
            out.extend(f.read("name", test)?.map(Field::Called));
            out.extend(f.read("ref", test)?.map(Field::Ref));
            out.extend(f.read("form", texts)?.map(Field::Form));
            out.extend(f.read("bytes", origin)?.map(Field::Bytes));
        }
        Subject::Image(_) => {
            out.extend(f.read("name", test)?.map(Field::Called));
            out.extend(f.read("tag", test)?.map(Field::Tag));
            out.extend(f.read("bytes", origin)?.map(Field::Bytes));
        }
        Subject::Requirement(_) => {
            out.extend(f.read("name", test)?.map(Field::Called));
            out.extend(f.read("spec", test)?.map(Field::Spec));
            out.extend(f.read("url", test)?.map(Field::Url));
            out.extend(f.read("hashed", truth)?.map(Field::Hashed));
            out.extend(f.read("bytes", origin)?.map(Field::Bytes));
        }
        Subject::Permission(..) => out.extend(f.read("of", text)?.map(Field::Of)),
        Subject::Setting(_) | Subject::Env(_) => out.extend(f.read("value", test)?.map(Field::Value)),
        Subject::Runner => {
            out.extend(f.read("label", test)?.map(Field::Label));
            out.extend(f.read("hosted", truth)?.map(Field::Hosted));
        }
        Subject::Trigger(_) => {
            out.extend(f.read("who", |v| compares(v, &Who::NAMES))?.map(Field::Who));
            out.extend(f.read("privileged", truth)?.map(Field::Privileged));
        }
        Subject::SecretRef => out.extend(f.read("name", test)?.map(Field::Called)),
        Subject::Write(_) => out.extend(f.read("value", origin)?.map(Field::ValueOrigin)),
        Subject::Expression(_) => out.extend(f.read("name", origin)?.map(Field::Name)),
        Subject::Script => out.extend(f.read("language", texts)?.map(Field::Language)),
        Subject::Workflow | Subject::Job => {
            out.extend(f.read("permissions", given)?.map(Field::Permissions));
            if *subject == Subject::Job {
                out.extend(f.read("lenient", truth)?.map(Field::Lenient));
            }
        }
        Subject::Stage | Subject::Step => {}
    }
    f.finish()?;
    Ok(out)
}

fn given(value: &Value) -> Read<bool> {
    match test(value)? {
        Test::Present => Ok(true),
        Test::Absent => Ok(false),
        _ => Err(Fault::new("only `given: true` or `given: false` makes sense here")),
    }
}

fn flag_words(value: &Value) -> Read<Vec<FlagWord>> {
    match value.as_bool() {
        Some(true) => Ok(vec![FlagWord::Unsafe, FlagWord::Hole, FlagWord::Unsettled, FlagWord::Dynamic]),
        Some(false) => Ok(vec![FlagWord::None, FlagWord::Safe]),
        None => several(value, &FLAGS),
    }
}

fn compares<T: Copy>(value: &Value, names: &[(&'static str, T)]) -> Read<Vec<Compare<T>>> {
    texts(value)?
        .iter()
        .map(|word| {
            let (make, name): (fn(T) -> Compare<T>, &str) = match (word.strip_prefix(">="), word.strip_prefix("<=")) {
                (Some(name), _) => (Compare::AtLeast, name),
                (_, Some(name)) => (Compare::AtMost, name),
                _ => (Compare::Is, word),
            };
            Ok(make(named(name.trim(), names)?))
        })
        .collect()
}

fn origin(value: &Value) -> Read<OriginTest> {
    let f = Fields::of(value, "an origin")?;
    let out = OriginTest {
        who: f.read("who", |v| compares(v, &Who::NAMES))?.unwrap_or_default(),
        mutable: f.read("mutable", |v| compares(v, &Mutable::NAMES))?.unwrap_or_default(),
        via: f.read("via", |v| several(v, &Via::NAMES))?.unwrap_or_default(),
        not_via: f.read("not-via", |v| several(v, &Via::NAMES))?.unwrap_or_default(),
        open: f.read("open", truth)?,
        known: f.read("known", truth)?,
    };
    f.finish()?;
    Ok(out)
}

fn further(value: &Value, known: &Severities) -> Read<Further> {
    let f = Fields::of(value, "a further subject")?;
    let out = tied(&f, known)?;
    f.finish()?;
    Ok(out)
}

fn tied(f: &Fields<'_>, known: &Severities) -> Read<Further> {
    let matched = matched(f, known)?;
    let flag = |key| Ok::<bool, Fault>(f.read(key, truth)?.unwrap_or(false));
    let same = f.read("same", |v| one_of(v, &SAME))?;
    let tie = Tie { same, after: flag("after")?, before: flag("before")?, handler_of: flag("handler-of")?, decides: flag("decides")? };
    if tie.same.is_none() && !tie.handler_of && !tie.decides {
        return Err(Fault::new("a further subject is tied to the first: `same`, `handler-of` or `decides`"));
    }
    Ok(Further { matched, tie })
}

fn unless(value: &Value, first: &Subject, known: &Severities) -> Read<Unless> {
    let has_subject = ["same", "handler-of", "decides"].iter().any(|k| value.get(k).is_some());
    if has_subject { Ok(Unless::Further(further(value, known)?)) } else { Ok(Unless::Fields(fields(value, first)?)) }
}

/// `{ where: …, says: … }`
fn doubt(value: &Value, first: &Subject) -> Read<(Vec<Field>, Vec<String>)> {
    let f = Fields::of(value, "a doubt")?;
    let out = (f.need("where", |v| fields(v, first))?, f.need("says", texts)?);
    f.finish()?;
    Ok(out)
}

/// Where an expression may stand.
fn expression_places(value: &Value) -> Read<Vec<String>> {
    let places = texts(value)?;
    match places.iter().find(|p| !matches!(p.as_str(), "script" | "input" | "env")) {
        Some(other) => Err(Fault::new(format!("`{other}` is none of script, input, env"))),
        None => Ok(places),
    }
}

fn primary(value: &Value) -> Read<Primary> {
    Ok(match word(value) {
        Some("callee") => Primary::Callee,
        Some("slot") => Primary::Slot,
        Some("ref") => Primary::Ref,
        Some("value") => Primary::Value,
        Some("source") => Primary::Source,
        _ => Primary::Arg(slot(value)?),
    })
}
