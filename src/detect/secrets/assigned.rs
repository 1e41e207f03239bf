//! `secret-assigned-literal`: a literal given to a name that says secret, whichever language gives it.

use std::collections::{BTreeMap, BTreeSet};

use super::carriers::Carried;
use super::found::{Found, Spans, in_stage, is_test};
use super::hints::{Hints, Written};
use super::names::{of_vendor, opens, promise};
use super::standing::{Code, Standing};
use super::{lexical, shape, urls};
use crate::catalog::Catalog;
use crate::catalog::row::{Effect, Promise, RowId};
use crate::facts::{ArgName, Channel, FactId, FileFacts, Target, V, ValueId, What, Word};
use crate::source::{FileId, Kind, Range, SourceFile};
use crate::text::Text;

/// What the syntax of a file says.
#[derive(Clone, Copy)]
pub struct Syntax<'a> {
    /// Its facts.
    pub facts: &'a FileFacts,
    /// The rows that speak of a fact, as far as the file tells.
    pub rows: &'a dyn Fn(FactId) -> &'a [RowId],
}

/// Literals of one file that stand where a secret is expected.
pub fn assigned(id: FileId, file: &SourceFile, texts: &[Carried], syntax: Option<Syntax<'_>>, hints: &Hints, catalog: &Catalog) -> Vec<Found> {
    let mut out = urls::urls(id, file, texts);
    let mut spans = Spans::default();
    for found in &out {
        spans.take(found.range);
    }
    let mut found = |name: &str, range: Range, text: String, certain: bool, stands: &dyn Fn() -> Standing| {
        // Few texts have the shape of a secret; what a name promises takes a look at every row of names.
        // A UUID names things more often than it opens them: only under a vendor's own name.
        let own = shape::is_uuid(&text) && !shape::is_example(&text) && of_vendor(name, catalog);
        let (key, password) = (shape::is_key(&text) || own, shape::is_password(&text));
        if !key && !password {
            return;
        }
        let promised = if certain { Some(Promise::Key) } else { promise(name, catalog) };
        let fits = match promised {
            Some(Promise::Key) => key,
            Some(Promise::Password) => key || password,
            Some(Promise::Nothing) | None => false,
        };
        if !fits || spans.meet(range) {
            return;
        }
        let mut doubts = vec!["taken for a secret by its name and its shape".to_owned()];
        match stands() {
            Standing::Given => {}
            Standing::Comment => doubts.push("stands in a comment".to_owned()),
            Standing::Text => doubts.push("stands inside a longer text".to_owned()),
            Standing::Other => return,
        }
        if is_own_machine(file, range) {
            doubts.push("an address of this machine stands beside it".to_owned());
        }
        if file.kind == Kind::Prose {
            doubts.push("stands in documentation, where examples stand".to_owned());
        }
        if is_test(&file.path) {
            doubts.push("stands in test code".to_owned());
        }
        spans.take(range);
        let reaches = opens(name, catalog).map(str::to_owned);
        out.push(Found {
            file: id,
            range,
            text,
            name: name.to_owned(),
            cause: name.to_owned(),
            doubts,
            minor: false,
            made_for_tests: false,
            reaches,
        });
    };
    let given = || Standing::Given;
    let skimmed = matches!(file.kind, Kind::Python | Kind::Notebook);
    // Some were decoded for another reason.
    let may_give = |text: &Text| hints.may_give(Written::plain(text.as_str().as_bytes()));
    for carried in texts.iter().filter(|_| skimmed) {
        let text = &carried.text;
        let key = carried.key.as_deref();
        let code = file.kind == Kind::Python || matches!(key, Some("source" | "input"));
        let tree = Code::new(text.as_str());
        let skimmed = may_give(text);
        for g in skimmed.then(|| lexical::given(text)).into_iter().flatten() {
            let stands = || if code { tree.standing(g.start, g.start + g.text.len()) } else { Standing::Given };
            found(&g.name, g.range, g.text.clone(), false, &stands);
        }
        let lines = match key {
            Some("source" | "input") if skimmed => lexical::magics(text),
            Some(_) if skimmed => lexical::lines(text, false),
            _ => Vec::new(),
        };
        lines.into_iter().for_each(|g| found(&g.name, g.range, g.text, false, &given));
        for g in skimmed.then(|| lexical::bearers(text)).into_iter().flatten() {
            // A header is part of a text in any case; what counts is whether that is a comment.
            let stands = || match code.then(|| tree.standing(g.start, g.start + g.text.len())) {
                Some(Standing::Comment) => Standing::Comment,
                _ => Standing::Given,
            };
            found(&g.name, g.range, g.text.clone(), false, &stands);
        }
        if let Some(key) = key {
            found(key, text.whole(), text.as_str().to_owned(), false, &given);
        }
    }
    if matches!(file.kind, Kind::Plain | Kind::Shell | Kind::Make | Kind::Prose) {
        for text in texts.iter().map(|c| &c.text) {
            let headers = lexical::bearers(text);
            let lines = lexical::lines(text, file.kind == Kind::Plain);
            headers.into_iter().chain(lines).for_each(|g| found(&g.name, g.range, g.text, false, &given));
        }
    }
    if let Some(syntax) = syntax {
        for named in of_facts(syntax, catalog, skimmed) {
            for (range, text) in literals(syntax.facts, named.value, named.cut) {
                found(&named.name, range, text, named.certain, &given);
            }
        }
    }
    out.sort_by_key(|f| f.range);
    doubt_accounts(file, &mut out);
    out
}

/// Several accounts in one file, address and password of each, are made up more often than not: users for an example or a test.
fn doubt_accounts(file: &SourceFile, found: &mut [Found]) {
    let is_account = |f: &Found| {
        let (start, end) = ((f.range.start as usize).saturating_sub(NEAR), (f.range.end as usize + NEAR).min(file.bytes.len()));
        memchr::memchr(b'@', file.bytes.get(start..end).unwrap_or_default()).is_some()
    };
    let mut accounts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for f in found.iter().filter(|f| shape::is_password(&f.text) && is_account(f)) {
        accounts.entry(f.name.clone()).or_default().insert(f.text.clone());
    }
    for f in found.iter_mut() {
        if accounts.get(&f.name).is_some_and(|values| values.len() >= ACCOUNTS && values.contains(&f.text)) {
            f.doubts.push("several accounts with their passwords stand in this file, as made-up users do".to_owned());
        }
    }
}

/// So many accounts in one file are made up.
const ACCOUNTS: usize = 3;

/// Whether an address of the machine itself stands within some lines: what opens it may be made for it.
fn is_own_machine(file: &SourceFile, range: Range) -> bool {
    let (start, end) = ((range.start as usize).saturating_sub(NEAR), (range.end as usize + NEAR).min(file.bytes.len()));
    let beside = file.bytes.get(start..end).unwrap_or_default();
    ["localhost", "127.0.0.1", "0.0.0.0"].iter().any(|host| memchr::memmem::find(beside, host.as_bytes()).is_some())
}

/// How far beside a literal an address says something of it, in bytes.
const NEAR: usize = 200;

/// What facts give to names. Of Python only what a row calls a credential, and commands: all else is skimmed.
fn of_facts(Syntax { facts, rows }: Syntax<'_>, catalog: &Catalog, only_rows: bool) -> Vec<Given> {
    let mut given = Vec::new();
    for (fact, found) in facts.iter().filter(|(fact, _)| !in_stage(facts, *fact)) {
        if !only_rows || matches!(found.what, What::Command(_)) {
            of_fact(facts, fact, &mut given);
        }
        of_rows(facts, fact, catalog, rows(fact), &mut given);
    }
    for value in facts.values.iter().filter(|_| !only_rows) {
        if let V::Dict(entries, _) = &value.what {
            given.extend(entries.iter().filter_map(|(key, value)| Some(Given { name: text(facts, *key)?, value: *value, certain: false, cut: 0 })));
        }
    }
    given
}

/// A value under a name.
struct Given {
    name: String,
    value: ValueId,
    /// A row says that this argument is a credential.
    certain: bool,
    /// Bytes of the value before the secret (`NAME=`, `--token=`).
    cut: usize,
}

fn of_fact(facts: &FileFacts, id: FactId, out: &mut Vec<Given>) {
    let mut give = |name: String, value: ValueId, cut: usize| out.push(Given { name, value, certain: false, cut });
    match &facts.fact(id).what {
        What::Assignment { target, value } => match target {
            Target::Name(name) | Target::Global(name) | Target::Attr(_, name) => give(name.clone(), *value, 0),
            Target::Index(_, key) => give(text(facts, *key).unwrap_or_default(), *value, 0),
        },
        What::Call(call) => {
            let position = |n: u32| call.args.iter().find(|a| a.name == ArgName::Position(n)).map(|a| a.value);
            for arg in &call.args {
                if let ArgName::Keyword(name) = &arg.name {
                    give(name.clone(), arg.value, 0);
                }
            }
            // `getenv("X", "default")`, `setattr(o, "x", "…")`: a name, then its value.
            for n in 0..2 {
                if let (Some(name), Some(value)) = (position(n).and_then(|v| text(facts, v)), position(n + 1)) {
                    give(name, value, 0);
                }
            }
        }
        What::Function { params, .. } => {
            params.iter().filter_map(|p| Some((p.name.clone(), p.default?))).for_each(|(name, value)| give(name, value, 0));
        }
        What::Setting { path, value } => setting(facts, id, path, *value, &mut give),
        What::Input { name, default: Some(value), .. } => give(name.clone(), *value, 0),
        What::Uses { with, .. } => with.iter().for_each(|(name, value)| give(name.clone(), *value, 0)),
        What::Write { channel: Channel::Env(name) | Channel::Var(name) | Channel::RunnerEnv(Some(name)) | Channel::Output(Some(name)), value } => {
            give(name.clone(), *value, 0);
        }
        What::Command(command) => {
            command.env.iter().for_each(|(name, value)| give(name.clone(), *value, 0));
            options(facts, &command.words, &mut give);
        }
        _ => {}
    }
}

/// Arguments that rows call credentials.
fn of_rows(facts: &FileFacts, id: FactId, catalog: &Catalog, rows: &[RowId], out: &mut Vec<Given>) {
    for row in rows.iter().copied() {
        for effect in &catalog.row(row).effects {
            if let Effect::ConsumesCredential { slot: Some(slot), .. } = effect {
                let values = catalog.slot(facts, id, row, slot);
                let name = catalog.row(row).subject.name();
                out.extend(values.into_iter().map(|value| Given { name: name.clone(), value, certain: true, cut: 0 }));
            }
        }
    }
}

/// A setting's own key; `NAME=value` in a list; `value:` beside `name:` as container environments have it.
fn setting(facts: &FileFacts, id: FactId, path: &str, value: ValueId, give: &mut dyn FnMut(String, ValueId, usize)) {
    let last = path.rsplit('.').next().unwrap_or(path);
    if last == "value" {
        let before = id.0.checked_sub(1).map(|i| &facts.fact(FactId(i)).what);
        if let Some(What::Setting { path: sibling, value: name }) = before
            && sibling.strip_suffix("name") == path.strip_suffix("value")
        {
            give(text(facts, *name).unwrap_or_default(), value, 0);
        }
    } else if last.bytes().all(|b| b.is_ascii_digit()) {
        let item = text(facts, value).unwrap_or_default();
        if let Some((name, _)) = item.split_once('=').filter(|(n, _)| n.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))) {
            give(name.to_owned(), value, name.len() + 1);
        }
    } else {
        give(last.to_owned(), value, 0);
    }
}

/// `--token VALUE` and `--token=VALUE`.
fn options(facts: &FileFacts, words: &[Word], give: &mut dyn FnMut(String, ValueId, usize)) {
    for (i, word) in words.iter().enumerate().skip(1) {
        let [part] = word.parts.as_slice() else { continue };
        let Some(option) = text(facts, part.value).filter(|t| t.starts_with("--")) else { continue };
        match option.split_once('=') {
            Some((name, _)) => give(name.to_owned(), part.value, name.len() + 1),
            None => {
                if let Some([value]) = words.get(i + 1).map(|w| w.parts.as_slice()) {
                    give(option, value.value, 0);
                }
            }
        }
    }
}

fn text(facts: &FileFacts, value: ValueId) -> Option<String> {
    match &facts.value(value).what {
        V::Str(text) => Some(text.as_str().to_owned()),
        _ => None,
    }
}

/// The literal texts a value may have, with their places: itself, the parts of a join as one, each choice.
fn literals(facts: &FileFacts, value: ValueId, cut: usize) -> Vec<(Range, String)> {
    let found = facts.value(value);
    match &found.what {
        V::Str(text) => text.as_str().get(cut..).map(|t| (text.range(cut, text.len()), t.to_owned())).into_iter().collect(),
        V::Num(text) => vec![(found.range, text.clone())],
        V::Join(_) => facts.literal(value).and_then(|t| Some((found.range, t.get(cut..)?.to_owned()))).into_iter().collect(),
        V::Phi(choices) => choices.iter().filter(|c| !matches!(facts.value(**c).what, V::Phi(_))).flat_map(|c| literals(facts, *c, cut)).collect(),
        _ => Vec::new(),
    }
}
