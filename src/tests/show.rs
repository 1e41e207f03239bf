//! Facts and values in a few characters, as tests compare them.

use crate::cond::{CmpOp, CondId, CondWhat};
use crate::facts::{ArgName, Channel, ExprWhat, FactId, FileFacts, ParamKind, Target, V, ValueId, What};

/// A value; names are followed to what they hold.
pub fn value(f: &FileFacts, id: ValueId) -> String {
    nested(f, id, 0)
}

fn nested(f: &FileFacts, id: ValueId, depth: usize) -> String {
    if depth > 12 {
        return "…".into();
    }
    let one = |v: &ValueId| nested(f, *v, depth + 1);
    let all = |v: &[ValueId], sep: &str| v.iter().map(one).collect::<Vec<_>>().join(sep);
    let more = |open: &bool| if *open { ",*" } else { "" };
    match &f.value(id).what {
        V::Str(t) => format!("'{}'", t.as_str()),
        V::Num(n) => n.clone(),
        V::Bool(b) => b.to_string(),
        V::None => "None".into(),
        V::Param(n) => format!("${n}"),
        V::Ref(fact) => match &f.fact(*fact).what {
            What::Call(c) => format!("{}()", c.name),
            What::Assignment { value, .. } => one(value),
            other => format!("{other:?}"),
        },
        V::Name(n) => n.clone(),
        V::Attr(v, n) => format!("{}.{n}", one(v)),
        V::Index(v, k) => format!("{}[{}]", one(v), one(k)),
        V::Join(p) => all(p, "+"),
        V::Phi(p) => format!("{{{}}}", all(p, "|")),
        V::Dict(e, open) => {
            format!("{{{}{}}}", e.iter().map(|(k, v)| format!("{}:{}", one(k), one(v))).collect::<Vec<_>>().join(","), more(open))
        }
        V::List(p, open) => format!("[{}{}]", all(p, ","), more(open)),
        V::Func(fact) => match &f.fact(*fact).what {
            What::Function { name, .. } => format!("<{name}>"),
            _ => "<?>".into(),
        },
        V::Unknown(p) => format!("?({})", all(p, ",")),
        V::Subst(_) => "$()".into(),
        V::Env(n) => format!("${n}"),
        V::Expr(e) => match &e.what {
            ExprWhat::Context(c) => c.clone(),
            other => format!("{other:?}"),
        },
        V::FileRead(p) => format!("read({})", one(p)),
        other => format!("{other:?}"),
    }
}

/// A condition.
pub fn cond(f: &FileFacts, id: CondId) -> String {
    let all = |c: &[CondId], sep: &str| c.iter().map(|c| cond(f, *c)).collect::<Vec<_>>().join(sep);
    match &f.cond(id).what {
        CondWhat::And(c) => format!("({})", all(c, " and ")),
        CondWhat::Or(c) => format!("({})", all(c, " or ")),
        CondWhat::Not(c) => format!("!{}", cond(f, *c)),
        CondWhat::Atom(a, CmpOp::Truthy, _) => value(f, *a),
        CondWhat::Atom(a, op, b) => format!("{} {op:?} {}", value(f, *a), value(f, *b)),
        other => format!("{other:?}"),
    }
}

/// A call: name, arguments, condition.
pub fn call(f: &FileFacts, id: FactId) -> Option<String> {
    let fact = f.fact(id);
    let What::Call(call) = &fact.what else { return None };
    let args = call.args.iter().map(|a| match &a.name {
        ArgName::Position(_) => value(f, a.value),
        ArgName::Keyword(n) => format!("{n}={}", value(f, a.value)),
        ArgName::Rest => format!("*{}", value(f, a.value)),
        ArgName::KeywordRest => format!("**{}", value(f, a.value)),
    });
    let when = fact.when.map(|w| format!(" if {}", cond(f, w))).unwrap_or_default();
    Some(format!("{}({}){when}", call.name, args.collect::<Vec<_>>().join(", ")))
}

/// Any fact that a line of code holds.
pub fn fact(f: &FileFacts, id: FactId) -> Option<String> {
    let v = |id: &ValueId| value(f, *id);
    Some(match &f.fact(id).what {
        What::Call(_) => format!("call {}", call(f, id)?),
        What::Import { module, name, alias, level } => {
            let parts: Vec<&str> = [module.as_str(), name.as_deref().unwrap_or_default()].into_iter().filter(|p| !p.is_empty()).collect();
            format!("import {}{} as {alias}", ".".repeat(*level as usize), parts.join("."))
        }
        What::Assignment { target, value } => {
            let target = match target {
                Target::Name(n) => n.clone(),
                Target::Global(n) => format!("global {n}"),
                Target::Attr(base, n) => format!("{}.{n}", v(base)),
                Target::Index(base, key) => format!("{}[{}]", v(base), v(key)),
            };
            format!("assign {target} = {}", v(value))
        }
        What::Return { value } => format!("return {}", v(value)),
        What::Raise { value } => format!("raise {}", value.as_ref().map(v).unwrap_or_default()),
        What::Check { cond: c, on_fail } => format!("check {} {on_fail:?}", cond(f, *c)),
        What::Function { name, params, .. } => {
            let params = params.iter().map(|p| {
                let star = match p.kind {
                    ParamKind::Rest => "*",
                    ParamKind::KeywordRest => "**",
                    ParamKind::Plain | ParamKind::Keyword => "",
                };
                format!("{star}{}{}", p.name, p.default.as_ref().map(|d| format!("={}", v(d))).unwrap_or_default())
            });
            format!("function {name}({})", params.collect::<Vec<_>>().join(", "))
        }
        What::Class { name, bases } => format!("class {name}({})", bases.iter().map(v).collect::<Vec<_>>().join(", ")),
        What::EntryMark { kind, name } => format!("entry {kind:?} {name}"),
        What::Command(_) => format!("command {}", f.word_text(id)),
        What::Write { channel: Channel::Env(name) | Channel::Var(name), value } => format!("set {name} = {}", v(value)),
        What::Write { channel: Channel::Output(name), value } => format!("output {} = {}", name.as_deref().unwrap_or("?"), v(value)),
        What::Write { channel: Channel::RunnerEnv(name), value } => format!("env {} = {}", name.as_deref().unwrap_or("?"), v(value)),
        What::Write { channel: Channel::RunnerPath, value } => format!("path {}", v(value)),
        What::Write { channel: Channel::File(path) | Channel::HostPath(path), value } => format!("write {} = {}", v(path), v(value)),
        What::Setting { path, value } => format!("setting {path} = {}", v(value)),
        _ => return None,
    })
}
