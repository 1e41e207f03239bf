//! The effects of a row, from YAML. One function per effect key; the keys are documented in `rules/README.md`.

use super::{slot, slots};
use crate::catalog::agent;
use crate::catalog::fields::{Fault, Fields, Read, Value, count, labels, mapping, nearest, one_of, text, texts, truth, word};
use crate::catalog::row::{Effect, Elsewhere, Executes, Listing, Pin, Promise, Slot, SlotName, Strength, Tree, Verdict};
use crate::catalog::severity::Severities;
use crate::facts::Language;
use crate::origin::{Mutable, Who};

/// All effects of a row, in the order of this list.
pub fn effects(row: &Fields<'_>, known: &Severities) -> Read<Vec<Effect>> {
    let open = row.read("when-open", |v| one_of(v, &VERDICTS))?;
    let unknown = row.read("when-unknown", |v| one_of(v, &VERDICTS))?;
    let mut out = Vec::new();
    out.extend(row.each("sink", |v| sink(v, open, unknown, known))?);
    out.extend(row.each("returns", returns)?);
    if let Some(passes) = row.read("passes", passes)? {
        out.push(passes);
    }
    out.extend(row.each("reads", reads)?);
    out.extend(row.each("writes", writes)?);
    out.extend(row.each("mounts", mounts)?);
    out.extend(row.each("executes", executes)?);
    out.extend(row.each("wraps", wraps)?);
    let isolates = row.read("isolates", |v| one_of(v, &[("all", false), ("environment", true)]))?;
    out.extend(isolates.map(|workspace| Effect::Isolates { workspace }));
    for (key, effect) in [
        ("hosted", Effect::Hosted),
        ("reads-only", Effect::ReadsOnly),
        ("asks", Effect::Asks),
        ("options-act", Effect::OptionsAct),
        ("in-order", Effect::InOrder),
    ] {
        if row.read(key, truth)? == Some(true) {
            out.push(effect);
        }
    }
    out.extend(row.each("publishes", |v| publishes(v, known))?);
    out.extend(row.each("consumes-credential", |v| consumes(v, known))?);
    out.extend(row.each("opens", |v| Ok(Effect::Opens { asset: asset(v, known)? }))?);
    let promises = [("nothing", Promise::Nothing), ("password", Promise::Password), ("key", Promise::Key)];
    out.extend(row.read("promises", |v| one_of(v, &promises))?.map(Effect::Promises));
    out.extend(row.each("checks", checks)?);
    out.extend(row.each("caps", caps)?);
    out.extend(
        row.read("round-trip-of", texts)?
            .map(|names| Effect::RoundTripOf(names.iter().flat_map(|n| crate::catalog::glob::alternatives(n)).collect())),
    );
    out.extend(row.read("escapes", |v| escapes(v, known))?.map(Effect::Escapes));
    out.extend(row.read("names", |v| one_of(v, &[("kept", Listing::Kept), ("public", Listing::Public)]))?.map(Effect::Names));
    out.extend(row.read("belongs-to", texts)?.map(Effect::BelongsTo));
    out.extend(row.each("starts", starts)?);
    out.extend(row.each("controlled", controlled)?);
    out.extend(row.each("installs", installs)?);
    out.extend(row.each("enters", enters)?);
    out.extend(row.each("calls", calls)?);
    out.extend(row.read("agent", agent::agent)?.map(|a| Effect::Agent(Box::new(a))));
    out.extend(row.read("powers", agent::powers)?.map(Effect::Powers));
    out.extend(row.read("selects", selects)?);
    out.extend(row.read("dispatches", dispatches)?);
    out.extend(row.read("matches", slot)?.map(Effect::Matches));
    out.extend(row.read("cleans", |v| one_of(v, &[("text", true), ("lines", false)]))?.map(Effect::Cleans));
    out.extend(row.read("admits", admits)?);
    Ok(out)
}

const VERDICTS: [(&str, Verdict); 3] = [("report", Verdict::Report), ("info", Verdict::Info), ("silent", Verdict::Silent)];
const TEXTS: [(&str, bool); 2] = [("arbitrary", true), ("structured", false)];
const CHANNELS: [&str; 8] = ["file", "env", "output", "artifact", "cache", "socket", "runner-env", "bucket"];
const LANGUAGES: [(&str, Language); 5] = [
    ("shell", Language::Shell),
    ("python", Language::Python),
    ("powershell", Language::PowerShell),
    ("cmd", Language::Cmd),
    ("javascript", Language::JavaScript),
];

fn who(value: &Value) -> Read<Who> {
    one_of(value, &Who::NAMES)
}

fn asset(value: &Value, known: &Severities) -> Read<String> {
    let name = text(value)?;
    if known.knows_asset(&name) { Ok(name) } else { Err(unknown("asset", &name, known.assets())) }
}

fn unknown<'k>(what: &str, name: &str, known: impl Iterator<Item = &'k str>) -> Fault {
    let hint = nearest(name, known).map_or(String::new(), |k| format!("; did you mean `{k}`?"));
    Fault::new(format!("severity.yml has no {what} `{name}`{hint}"))
}

fn sink(value: &Value, open: Option<Verdict>, unknown_origin: Option<Verdict>, known: &Severities) -> Read<Effect> {
    let fields = Fields::of(value, "`sink`")?;
    let kind = fields.need("kind", text)?;
    let Some(defaults) = known.kind(&kind) else { return Err(unknown("kind", &kind, known.kinds()).under("kind")) };
    let effect = Effect::Sink {
        slot: fields.read("slot", slot)?,
        bytes: fields.read("bytes", truth)?.unwrap_or(false),
        when_open: fields.read("when-open", |v| one_of(v, &VERDICTS))?.or(open).unwrap_or(defaults.when_open),
        when_unknown: fields.read("when-unknown", |v| one_of(v, &VERDICTS))?.or(unknown_origin).unwrap_or(defaults.when_unknown),
        kind,
    };
    fields.finish()?;
    Ok(effect)
}

fn escapes(value: &Value, known: &Severities) -> Read<Vec<String>> {
    let kinds = texts(value)?;
    match kinds.iter().find(|k| known.kind(k).is_none()) {
        Some(kind) => Err(unknown("kind", kind, known.kinds())),
        None => Ok(kinds),
    }
}

fn returns(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`returns`")?;
    let who = fields.need("who", who)?;
    let fixed = fields.read("mutable", |v| one_of(v, &Mutable::NAMES))?;
    let from = fields.read("mutable-from", pin)?;
    let natural = if who >= Who::Publisher { Mutable::Moving } else { Mutable::Digest };
    let pin = match (fixed, from) {
        (Some(_), Some(_)) => return Err(Fault::new("`mutable` or `mutable-from`, not both").under("mutable-from")),
        (Some(m), None) => Pin::Fixed(m),
        (None, Some(pin)) => pin,
        (None, None) => Pin::Fixed(natural),
    };
    let effect = Effect::Returns {
        who,
        pin,
        via: fields.read("via", labels)?.unwrap_or_default(),
        path: fields.read("path", truth)?.unwrap_or(false),
        outputs: fields.read("outputs", texts)?.unwrap_or_default(),
        certain: fields.read("certain", truth)?.unwrap_or(false),
        except: fields.read("except", texts)?.unwrap_or_default(),
        arbitrary: fields.read("text", |v| one_of(v, &TEXTS))?.unwrap_or(true),
        subject: fields.read("subject", slot)?,
    };
    fields.finish()?;
    Ok(effect)
}

fn pin(value: &Value) -> Read<Pin> {
    let fields = Fields::of(value, "`mutable-from`")?;
    let all = [
        fields.read("revision", slot)?.map(Pin::Revision),
        fields.read("suffix", slot)?.map(Pin::Suffix),
        fields.read("hash", slot)?.map(Pin::Hash),
        fields.read("version", slot)?.map(Pin::Version),
    ];
    fields.finish()?;
    let mut given = all.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(pin), None) => Ok(pin),
        _ => Err(Fault::new("`mutable-from` has one of revision, suffix, hash, version")),
    }
}

fn passes(value: &Value) -> Read<Effect> {
    if mapping(value).is_none() {
        return Ok(Effect::Passes { from: slots(value)?, to: Slot::Result });
    }
    let fields = Fields::of(value, "`passes`")?;
    let effect = Effect::Passes { from: fields.need("from", slots)?, to: fields.read("to", slot)?.unwrap_or(Slot::Result) };
    fields.finish()?;
    Ok(effect)
}

fn channel(value: &Value) -> Read<String> {
    let name = text(value)?;
    if CHANNELS.contains(&name.as_str()) { Ok(name) } else { Err(Fault::new(format!("`{name}` is none of {}", CHANNELS.join(", ")))) }
}

fn reads(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`reads`")?;
    let effect = Effect::Reads { channel: fields.need("channel", channel)?, name: fields.need("name", slot)? };
    fields.finish()?;
    Ok(effect)
}

fn writes(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`writes`")?;
    let channel = fields.need("channel", channel)?;
    let (name, base) = (fields.read("name", slot)?, fields.read("basename", slot)?);
    let basename = base.is_some();
    let name = match (name, base) {
        (Some(name), None) | (None, Some(name)) => name,
        _ => return Err(Fault::new("`writes` has one of `name` and `basename`")),
    };
    let effect = Effect::Writes { channel, name, basename, value: fields.read("value", slot)?, unnamed: fields.read("unnamed", text)? };
    fields.finish()?;
    Ok(effect)
}

fn named(name: &str) -> Slot {
    Slot::Arg(vec![SlotName::Name(name.to_owned())])
}

fn mounts(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`mounts`")?;
    let kind = fields.need("tree", text)?;
    let get = |key: &'static str| fields.read(key, slot);
    let (repository, reference, url, name, key, file) = (get("repository")?, get("ref")?, get("url")?, get("name")?, get("key")?, get("file")?);
    let (at, of, restore) = (get("at")?, get("of")?, get("restore")?);
    let (forks, packed) = (fields.read("forks", truth)?.unwrap_or(false), fields.read("packed", truth)?.unwrap_or(false));
    fields.finish()?;
    let need = |slot: Option<Slot>, key: &str| slot.ok_or_else(|| Fault::new(format!("`tree: {kind}` needs `{key}`")));
    let tree = match kind.as_str() {
        "checkout" => {
            Tree::Checkout { repository: repository.unwrap_or_else(|| named("repository")), reference: reference.unwrap_or_else(|| named("ref")) }
        }
        "pull-request" => Tree::PullRequest,
        "fetched" => Tree::Fetched(need(reference, "ref")?),
        "clone" => Tree::Clone { url: need(url, "url")?, reference: need(reference, "ref")? },
        "ref" => Tree::Ref(need(reference, "ref")?),
        "artifact" => Tree::Artifact { name: need(name, "name")?, of, forks, packed },
        "cache" => Tree::Cache { key: need(key, "key")?, restore },
        "archive" => Tree::Archive(need(file, "file")?),
        _ => {
            return Err(
                Fault::new(format!("`{kind}` is none of checkout, pull-request, fetched, clone, ref, artifact, cache, archive")).under("tree")
            );
        }
    };
    Ok(Effect::Mounts { tree, at })
}

fn executes(value: &Value) -> Read<Effect> {
    if let Some(word) = word(value) {
        let names: [(&str, Executes); 4] =
            [("tree", Executes::Tree), ("stdin", Executes::Stdin), ("packages", Executes::Packages), ("console-script", Executes::ConsoleScript)];
        let found = names.iter().find(|(n, _)| *n == word).map(|(_, e)| e.clone());
        let what = found.ok_or_else(|| Fault::new(format!("`{word}` is none of tree, stdin, packages, console-script")))?;
        return Ok(Effect::Executes { what });
    }
    let fields = Fields::of(value, "`executes`")?;
    let docker = fields.read("dockerfile", slot)?;
    let context = fields.read("context", slot)?;
    let like = fields.read("like", texts)?.unwrap_or_else(|| vec!["*".to_owned()]);
    let all = [
        fields.read("file", slot)?.map(Executes::File),
        fields.read("module", slot)?.map(Executes::Module),
        fields.read("targets", count)?.map(Executes::Targets),
        fields.read("text", slot)?.map(Executes::Text),
        fields.read("notebook", slot)?.map(Executes::Notebook),
        docker.zip(context).map(|(file, context)| Executes::Dockerfile(file, context)),
        fields.read("address", slot)?.map(|at| Executes::Address(at, like)),
        elsewhere(&fields)?.map(|e| Executes::Elsewhere(Box::new(e))),
    ];
    fields.finish()?;
    let mut given = all.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(what), None) => Ok(Effect::Executes { what }),
        _ => Err(Fault::new("`executes` has one of file, module, targets, text, notebook, address, holds, or dockerfile with context")),
    }
}

/// What is run elsewhere, with what such a run holds.
fn elsewhere(fields: &Fields) -> Read<Option<Elsewhere>> {
    let Some(holds) = fields.read("holds", text)? else { return Ok(None) };
    let pulls = fields.read("pulls", texts)?.unwrap_or_default();
    Ok(Some(Elsewhere { commit: fields.read("commit", slot)?, pulls, holds, name: fields.need("name", text)? }))
}

fn wraps(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`wraps`")?;
    let argv_from = fields.read("argv-from", count)?;
    let list = fields.read("list", slot)?;
    let text = fields.read("text", slot)?;
    let language = fields.read("language", |v| one_of(v, &LANGUAGES))?;
    let program = fields.read("program", slot)?;
    let cwd = fields.read("cwd", slot)?;
    fields.finish()?;
    let forms = usize::from(argv_from.is_some()) + usize::from(list.is_some() || program.is_some()) + usize::from(text.is_some());
    if forms != 1 || text.is_some() != language.is_some() {
        return Err(Fault::new("`wraps` has `argv-from`, or `list` and `program` or one of them, or `text` with `language`"));
    }
    Ok(Effect::Wraps { argv_from, list, text, language, program, cwd })
}

fn publishes(value: &Value, known: &Severities) -> Read<Effect> {
    let fields = Fields::of(value, "`publishes`")?;
    let effect = Effect::Publishes { asset: fields.need("asset", |v| asset(v, known))?, slot: fields.read("slot", slot)? };
    fields.finish()?;
    Ok(effect)
}

fn consumes(value: &Value, known: &Severities) -> Read<Effect> {
    let fields = Fields::of(value, "`consumes-credential`")?;
    let effect = Effect::ConsumesCredential {
        asset: fields.need("asset", |v| asset(v, known))?,
        slot: fields.read("slot", slot)?,
        leaves: fields.read("leaves", truth)?.unwrap_or(false),
        outputs: fields.read("outputs", texts)?.unwrap_or_default(),
    };
    fields.finish()?;
    Ok(effect)
}

/// `operator`, or `{ who: operator, in: [events] }`.
fn admits(value: &Value) -> Read<Effect> {
    if mapping(value).is_none() {
        return Ok(Effect::Admits { who: who(value)?, events: Vec::new() });
    }
    let fields = Fields::of(value, "`admits`")?;
    let effect = Effect::Admits { who: fields.need("who", who)?, events: fields.need("in", texts)? };
    fields.finish()?;
    Ok(effect)
}

fn checks(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`checks`")?;
    let strengths = [("full", Strength::Full), ("weak", Strength::Weak), ("digest", Strength::Digest)];
    let strength = fields.read("strength", |v| one_of(v, &strengths))?.unwrap_or(Strength::Full);
    let effect = Effect::Checks { slot: fields.need("slot", slot)?, strength };
    fields.finish()?;
    Ok(effect)
}

fn caps(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`caps`")?;
    let effect = Effect::Caps {
        start: fields.read("start", who)?,
        code: fields.read("code", who)?,
        text: fields.read("text", who)?,
        residual: fields.read("residual", text)?.unwrap_or_default(),
        by: fields.read("by", texts)?.unwrap_or_default(),
        values: fields.read("values", texts)?.unwrap_or_default(),
        texts: fields.read("texts", texts)?.unwrap_or_default(),
        types: fields.read("types", texts)?.unwrap_or_default(),
    };
    fields.finish()?;
    Ok(effect)
}

fn selects(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`selects`")?;
    let lower = |v: &Value| texts(v).map(|all| all.iter().map(|t| t.to_ascii_lowercase()).collect());
    let effect = Effect::Selects {
        slot: fields.each("slot", slot)?,
        plain: fields.read("plain", lower)?.unwrap_or_default(),
        own: fields.read("own", lower)?.unwrap_or_default(),
        branch: fields.read("branch", lower)?.unwrap_or_default(),
    };
    fields.finish()?;
    Ok(effect)
}

fn dispatches(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`dispatches`")?;
    let effect = Effect::Dispatches { event: fields.need("event", text)?, to: fields.read("to", slot)?, values: fields.each("values", slot)? };
    fields.finish()?;
    Ok(effect)
}

fn starts(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`starts`")?;
    let effect = Effect::Starts {
        who: fields.need("who", who)?,
        privileged: fields.read("privileged", truth)?.unwrap_or(false),
        default_scope: fields.read("default-scope", truth)?.unwrap_or(false),
        types: fields.read("types", texts)?.unwrap_or_default(),
        head: fields.read("checkout", |v| one_of(v, &[("base", false), ("head", true)]))?.unwrap_or(false),
        added: fields.read("added", text)?,
    };
    fields.finish()?;
    Ok(effect)
}

fn controlled(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`controlled`")?;
    let effect = Effect::Controlled {
        who: fields.need("who", who)?,
        arbitrary: fields.read("text", |v| one_of(v, &TEXTS))?.unwrap_or(true),
        lines: fields.read("lines", truth)?.unwrap_or(false),
        events: fields.read("events", texts)?.unwrap_or_default(),
        values: fields.read("values", texts)?.unwrap_or_default(),
    };
    fields.finish()?;
    Ok(effect)
}

fn installs(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`installs`")?;
    let effect = Effect::Installs {
        from: fields.read("from", count)?,
        ecosystem: fields.need("ecosystem", text)?,
        manifest: fields.read("manifest", slot)?,
        only: fields.read("only", truth)?.unwrap_or(false),
        until: fields.read("until", slot)?,
    };
    fields.finish()?;
    Ok(effect)
}

fn enters(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`enters`")?;
    let effect = Effect::Enters {
        who: fields.need("who", who)?,
        via: fields.read("via", labels)?.unwrap_or_default(),
        except: fields.read("except", texts)?.unwrap_or_default(),
        except_types: fields.read("except-types", texts)?.unwrap_or_default(),
        slot: fields.read("slot", slot)?,
    };
    fields.finish()?;
    Ok(effect)
}

fn calls(value: &Value) -> Read<Effect> {
    let fields = Fields::of(value, "`calls`")?;
    let effect = Effect::Calls {
        function: fields.need("function", slot)?,
        args: fields.read("args", slot)?,
        list: fields.read("list", slot)?,
        keywords: fields.read("keywords", slot)?,
        each: fields.read("each", slot)?,
    };
    fields.finish()?;
    Ok(effect)
}
