//! Rows: loading, validation, and what they say of a fact (`classify`). Knows facts; no rule and no graph.
//!
//! A row is found by the shape of its subject: exact names through an ordered map, patterns in a short list per kind. Which argument a slot means is
//! decided in `slot`, how a command line is read in `command`, what it runs inside in `unwrap`.

pub mod agent;
pub mod command;
pub mod effect;
pub mod fields;
pub mod glob;
mod indexes;
pub mod load;
mod lookup;
pub mod python;
pub mod row;
pub mod severity;
pub mod shipped;
pub mod slot;
pub mod unwrap;
#[cfg(test)]
pub mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::facts::{Channel, EntryKind, FactId, FileFacts, Target, V, What};
use crate::finding::Severity;
use crate::origin::Via;
use crate::outline::Wanted;
pub use fields::LoadError;
use lookup::Patterns;
use python::objects::Objects;
use row::{Effect, EntrySubject, Promise, Row, RowId, Subject};
use severity::Severities;
use slot::is_type;

/// All rows, indexed by subject.
#[derive(Debug, Default)]
pub struct Catalog {
    /// The rows; a [`RowId`] is an index here. Built-in ones first, by path and line, then a user's.
    pub rows: Vec<Row>,
    /// The severity tables.
    pub severities: Severities,
    /// Built-in rows that a user's row replaced: (subject, place of the user's row).
    pub overridden: Vec<(String, String)>,
    exact: FxHashMap<&'static str, FxHashMap<String, Vec<RowId>>>,
    /// Patterns of names, by subject word.
    globs: FxHashMap<&'static str, Patterns>,
    /// Rows by subject word.
    kinds: FxHashMap<&'static str, Vec<RowId>>,
    /// Last segments of names of calls that are written out.
    lasts: FxHashSet<String>,
    /// Last segments of calls that run code or call a function they are handed; none where a row leaves them open.
    unwrapped: Option<BTreeSet<String>>,
    commands: command::Known,
    wanted: OnceLock<Wanted>,
    /// Last name of a call that a row says is dangerous -> packages it belongs to.
    summaries: BTreeMap<String, BTreeSet<String>>,
    /// Last segments of what `assign` rows name.
    fields: BTreeSet<String>,
    /// Last segments of names that rows say something of when they are only read.
    read: BTreeSet<String>,
    /// Attributes and keys of results that rows leave out.
    excepted: BTreeSet<String>,
    /// Last segments of calls whose results are escaped for some kind of sink.
    escaping: BTreeSet<String>,
}

impl Catalog {
    /// What selection looks for; worked out once.
    pub fn wanted(&self) -> &Wanted {
        self.wanted.get_or_init(|| Wanted::new(self.names()))
    }
    /// The rows that are part of the program.
    pub fn builtin() -> Result<Catalog, Vec<LoadError>> {
        Catalog::load(&[], Vec::new())
    }
    /// Built-in rows, those of user files, given as (path as shown, content), and rows of a policy file.
    pub fn load(user: &[(String, String)], inline: Vec<Row>) -> Result<Catalog, Vec<LoadError>> {
        let severities = Severities::builtin().map_err(|e| vec![e])?;
        let mut rows = shipped::rows(&severities)?;
        rows.extend(load::files(user.iter().map(|(path, content)| (path.as_str(), content.as_str(), true)), &severities)?);
        rows.extend(inline);
        Catalog::of(rows, severities)
    }
    /// Only the rows of these files, as if they were built in: what tests of rows build on.
    pub fn load_only(files: &[(String, String)]) -> Result<Catalog, Vec<LoadError>> {
        let severities = Severities::builtin().map_err(|e| vec![e])?;
        let rows = load::files(files.iter().map(|(path, content)| (path.as_str(), content.as_str(), false)), &severities)?;
        Catalog::of(rows, severities)
    }
    /// A catalogue of these rows: applies overrides and builds the index.
    pub fn of(mut rows: Vec<Row>, severities: Severities) -> Result<Catalog, Vec<LoadError>> {
        let mut overridden = Vec::new();
        let mut errors = Vec::new();
        let wanted: Vec<(String, String, u32)> =
            rows.iter().filter_map(|r| r.overrides.clone().map(|o| (o, r.file.to_string(), r.line))).collect::<BTreeSet<_>>().into_iter().collect();
        for (subject, file, line) in wanted {
            let before = rows.len();
            rows.retain(|r| r.user || r.subject.text() != subject);
            if rows.len() == before {
                errors.push(LoadError { file, line, column: 1, text: format!("`overrides: {subject}` names no built-in row") });
            } else {
                overridden.push((subject, format!("{file}:{line}")));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut catalog = Catalog { rows, severities, overridden, ..Catalog::default() };
        catalog.index();
        Ok(catalog)
    }
    /// A row.
    pub fn row(&self, id: RowId) -> &Row {
        &self.rows[id.0 as usize]
    }
    /// All rows with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (RowId, &Row)> {
        self.rows.iter().enumerate().map(|(i, r)| (RowId(u32::try_from(i).unwrap_or(u32::MAX)), r))
    }
    /// Rows of a subject word (`call`, `gate`, `secret`), in order.
    pub fn of_kind<'c>(&'c self, kind: &'c str) -> impl Iterator<Item = (RowId, &'c Row)> + 'c {
        self.kinds.get(kind).into_iter().flatten().map(|id| (*id, self.row(*id)))
    }
    /// Whether rows may say of a call that ends in that name what it runs inside.
    fn may_unwrap(&self, last: &str) -> bool {
        self.unwrapped.as_ref().is_none_or(|names| names.contains(last))
    }

    /// What rows say of a fact: every row whose subject it is and whose `when:` holds, in catalogue order. Receivers are settled as far as this
    /// file alone tells; see [`Catalog::methods`] for the rest.
    pub fn classify(&self, facts: &FileFacts, objects: &Objects, id: FactId) -> Vec<RowId> {
        self.holding(facts, id, self.classify_words(facts, objects, id))
    }
    /// Those of rows that speak of a fact whose `when:` holds.
    pub(crate) fn holding(&self, facts: &FileFacts, id: FactId, mut rows: Vec<RowId>) -> Vec<RowId> {
        rows.retain(|r| self.row(*r).when.iter().all(|t| self.holds(facts, id, *r, t)));
        rows
    }

    /// What rows of another name say of a call that turned out to mean it.
    pub fn classify_as(&self, facts: &FileFacts, id: FactId, name: &str) -> Vec<RowId> {
        self.holding(facts, id, self.named("call", name))
    }
    /// What rows of methods say of a call whose object turned out to be of one of these types.
    pub fn classify_typed(&self, facts: &FileFacts, id: FactId, types: &[String]) -> Vec<RowId> {
        let What::Call(call) = &facts.fact(id).what else { return Vec::new() };
        let last = call.name.rsplit('.').next().unwrap_or(&call.name);
        let fits = self.methods(last).filter(|(_, r)| types.iter().any(|t| slot::is_type(r, t))).map(|m| m.0);
        self.holding(facts, id, fits.collect())
    }
    /// Whether rows speak of a method of that name by the type of its object.
    pub fn has_typed(&self, method: &str) -> bool {
        self.methods(method).any(|(_, r)| r.receiver.as_ref().is_some_and(|r| !r.types.is_empty()))
    }
    /// What rows speak of a fact, `when:` not asked: for what must be known before arguments can be read.
    pub(crate) fn classify_words(&self, facts: &FileFacts, objects: &Objects, id: FactId) -> Vec<RowId> {
        let mut found = self.subjects(facts, objects, id);
        found.sort_unstable();
        found.dedup();
        found
    }
    /// A command line as a row reads it: options with their values, operands, where an inner command begins.
    pub fn line(&self, facts: &FileFacts, id: FactId, row: RowId) -> Option<command::Line> {
        match &facts.fact(id).what {
            What::Command(command) => self.commands.line(self, facts, command, row),
            _ => None,
        }
    }

    fn subjects(&self, facts: &FileFacts, objects: &Objects, id: FactId) -> Vec<RowId> {
        match &facts.fact(id).what {
            What::Call(call) => {
                let mut found = self.calls(facts, objects, id, call);
                found.extend(self.environment(facts, id, &found));
                found
            }
            What::Assignment { target, .. } => {
                let mut found = self.assigned(facts, target);
                if let Target::Name(name) | Target::Global(name) | Target::Attr(_, name) = target
                    && self.fields.contains(name)
                {
                    found.extend(objects.targets(facts, id, target).iter().flat_map(|name| self.named("assign", name)));
                }
                found.extend(self.environment(facts, id, &found));
                found
            }
            What::Command(command) => {
                let mut found = self.commands.matching(self, facts, command);
                found.extend(command.env.iter().flat_map(|(name, _)| self.setting(name)));
                found
            }
            What::Uses { target, with } => {
                let Some(target) = facts.literal(*target) else { return Vec::new() };
                let name = target.split('@').next().unwrap_or("").trim_end_matches('/').to_ascii_lowercase();
                let known = self.named("action", &name);
                if !known.is_empty() || name.starts_with("./") || name.starts_with("$/") || name.starts_with("docker:") {
                    return known;
                }
                let shaped = self.of_kind("action-shape").filter(|(_, r)| match &r.subject {
                    Subject::ActionShape(inputs) => inputs.iter().all(|i| with.iter().any(|(k, _)| k.eq_ignore_ascii_case(i))),
                    _ => false,
                });
                shaped.map(|(id, _)| id).collect()
            }
            What::Image { reference, .. } => facts.literal(*reference).map_or(Vec::new(), |r| self.image(&r)),
            What::Setting { path, .. } => self.setting(path.strip_prefix("ENV.").unwrap_or(path)),
            What::Write { channel: Channel::Env(name) | Channel::Var(name), .. } => self.setting(name),
            What::Trigger { event, .. } => self.named("trigger", event),
            What::SecretRef { name } => self.credential(name).into_iter().collect(),
            What::Runner { labels, group } => {
                let words = labels.iter().chain(group).filter_map(|l| facts.literal(*l));
                words.flat_map(|l| self.named("runner", &l.to_ascii_lowercase())).collect()
            }
            What::Requirement(requirement) => self.named("package", &requirement.name),
            What::EntryMark { kind, name } => self.entries(facts, id, *kind, name),
            _ => Vec::new(),
        }
    }

    fn calls(&self, facts: &FileFacts, objects: &Objects, id: FactId, call: &crate::facts::Call) -> Vec<RowId> {
        let last = call.name.rsplit('.').next().unwrap_or(&call.name);
        let mut found = Vec::new();
        if call.is_javascript() {
            // Names of methods mean other things in another language.
            found = self.named("call", &call.name);
            found.retain(|row| self.row(*row).subject.name().starts_with(crate::facts::Call::JAVASCRIPT));
            return found;
        }
        if self.may_name("call", &call.name, last) {
            found = self.named("call", &call.name);
            if !call.name.contains('.') {
                found.extend(self.named("call", &format!("builtins.{}", call.name)));
            }
        }
        let known = !found.is_empty();
        if let Some(receiver) = call.receiver {
            let mut types = None;
            for (row, r) in self.methods(last) {
                let any = r.receiver.as_ref().is_none_or(|r| r.any || r.types.is_empty());
                let typed = types.get_or_insert_with(|| objects.types(facts, id, receiver)).iter().any(|t| is_type(r, t));
                if any || typed {
                    found.push(row);
                }
            }
        }
        // An object that is called is its method of that name.
        if found.is_empty() {
            let mut types = None;
            let called = self.methods("__call__");
            found.extend(
                called
                    .filter(|(_, r)| types.get_or_insert_with(|| objects.constructors(facts, id, call.callee)).iter().any(|t| is_type(r, t)))
                    .map(|c| c.0),
            );
        }
        found.retain(|row| {
            let words = &self.row(*row).corroborate;
            words.is_empty() || objects.imports(words)
        });
        // What any object may mean by a method does not keep a library from meaning more, nor does a row for all of a library stand in for one that names the call.
        if !known || found.iter().all(|r| self.row(*r).subject.name().ends_with("**")) {
            for row in self.exactly("suffix", last) {
                if let Subject::Suffix { name, corroborate } = &self.row(*row).subject {
                    let fits = call.name.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'));
                    if fits && corroborated(facts, corroborate) {
                        found.push(*row);
                    }
                }
            }
        }
        found
    }

    fn entries(&self, facts: &FileFacts, id: FactId, kind: EntryKind, name: &str) -> Vec<RowId> {
        let of_class = facts.fact(id).owner.is_some_and(|o| matches!(facts.fact(o).what, What::Class { .. }));
        // An ending says nothing of a name whose root is a library that other rows would name in full.
        let open = name.starts_with(['?', '.']);
        let ends = |pattern: &str| if pattern.starts_with('.') { open && name.ends_with(pattern) } else { glob::path(pattern, name) };
        let fits = |row: &Row| match (&row.subject, kind) {
            // What names a method marks a class; which of its methods flow settles.
            (Subject::Entry(EntrySubject::Decorator(d, member)), EntryKind::Decorator) => ends(d) && (member.is_some() == of_class),
            (Subject::Entry(EntrySubject::Base(b, _)), EntryKind::Base) => ends(b),
            _ => false,
        };
        self.of_kind("entry").filter(|(_, r)| fits(r)).map(|(id, _)| id).collect()
    }

    /// Rows of methods of a bare name. `classify` gives those whose receiver this file settles; flow may settle more.
    pub fn methods(&self, name: &str) -> impl Iterator<Item = (RowId, &Row)> {
        self.exactly("method", name).iter().map(|id| (*id, self.row(*id)))
    }
    /// Rows of names that end in a segment, whatever they begin with.
    pub fn suffixes(&self, last: &str) -> impl Iterator<Item = (RowId, &Row)> {
        self.exactly("suffix", last).iter().map(|id| (*id, self.row(*id)))
    }
    /// Rows of a qualified name, whether it is called or only read (a table of variables).
    pub fn qualified(&self, name: &str) -> Vec<RowId> {
        self.named("call", name)
    }
    /// Whether rows say what a function of a package does, seen from the package's own source: they hold wherever it is called, whatever its body says.
    pub fn stands_for(&self, path: &str, function: &str) -> bool {
        let name = function.strip_suffix(".__init__").unwrap_or(function);
        let packages = self.summaries.get(name.rsplit('.').next().unwrap_or(name));
        packages.is_some_and(|packages| path.split('/').any(|segment| packages.contains(segment)))
    }
    /// Whether a row speaks of a name that ends like this.
    pub fn reads(&self, last: &str) -> bool {
        self.read.contains(last)
    }
    /// The kinds of sinks for which the result of a call of that name holds no sign that means anything there.
    pub fn escapes(&self, name: &str) -> Vec<&str> {
        let last = name.rsplit('.').next().unwrap_or(name);
        if !self.escaping.contains(last) {
            return Vec::new();
        }
        let rows = self.named("call", name).into_iter().map(|id| self.row(id));
        rows.flat_map(|r| &r.effects)
            .filter_map(|e| if let Effect::Escapes(kinds) = e { Some(kinds) } else { None })
            .flatten()
            .map(String::as_str)
            .collect()
    }
    /// Whether a row leaves out an attribute or key of that name of what it gives.
    pub fn excepts(&self, name: &str) -> bool {
        self.excepted.contains(name)
    }
    /// Rows of an image reference; tag and digest do not count.
    pub fn image(&self, reference: &str) -> Vec<RowId> {
        self.named("image", image_name(reference))
    }
    /// Rows of a configuration path or an environment name.
    pub fn setting(&self, path: &str) -> Vec<RowId> {
        self.named("setting", &path.to_lowercase().replace('-', "_"))
    }
    /// The row that says what a secret or environment name opens: the first that matches, a user's before those of the program.
    pub fn credential(&self, name: &str) -> Option<RowId> {
        self.named("credential", &name.to_ascii_uppercase()).into_iter().min_by_key(|id| (!self.row(*id).user, *id))
    }
    /// What a name of these words promises of its value: the first row that matches decides.
    pub fn promise(&self, words: &str) -> Option<Promise> {
        let row = self.named("secret-name", words).into_iter().min().map(|id| self.row(id))?;
        row.effects.iter().find_map(|e| if let Effect::Promises(promise) = e { Some(*promise) } else { None })
    }
    /// Whether a name promises a key or a password.
    pub fn names_secret(&self, name: &str) -> bool {
        matches!(self.promise(&name.to_ascii_lowercase()), Some(Promise::Key | Promise::Password))
    }
    /// Whether a path ends in the name of a file that holds credentials.
    pub fn is_secret_file(&self, path: &str) -> bool {
        path.match_indices('/').map(|(at, _)| at + 1).chain([0]).any(|at| !self.named("secret-file", path.get(at..).unwrap_or_default()).is_empty())
    }
    /// The row of an event.
    pub fn trigger(&self, event: &str) -> Option<RowId> {
        self.named("trigger", event).first().copied()
    }
    /// Rows of a platform context.
    pub fn context(&self, path: &str) -> Vec<RowId> {
        self.named("context", &path.to_ascii_lowercase())
    }
    /// Rows of a runner label.
    pub fn runner(&self, label: &str) -> Vec<RowId> {
        self.named("runner", &label.to_ascii_lowercase())
    }
    /// What a tool of an agent can do, as rows say; none when no row names it.
    pub fn tool(&self, name: &str) -> Option<Vec<agent::Power>> {
        let rows = self.named("tool", &name.to_ascii_lowercase());
        let found: Vec<&Vec<agent::Power>> =
            rows.iter().flat_map(|id| &self.row(*id).effects).filter_map(|e| if let Effect::Powers(p) = e { Some(p) } else { None }).collect();
        (!found.is_empty()).then(|| found.into_iter().flatten().copied().collect())
    }
    /// Whether a tool of an agent gives it what people wrote.
    pub fn tool_reads(&self, name: &str) -> bool {
        let rows = self.named("tool", &name.to_ascii_lowercase());
        rows.iter().flat_map(|id| &self.row(*id).effects).any(|e| matches!(e, Effect::Returns { .. }))
    }
    /// Rows of what silences another tool, by a comment without its mark; what ends a line of a notebook is no part of it.
    pub fn silencers(&self, comment: &str) -> impl Iterator<Item = RowId> {
        let text = comment.split(['"', '\\']).next().unwrap_or_default().trim().to_ascii_lowercase();
        self.named("comment", &text).into_iter()
    }
    /// Accounts of the same owner as one, as rows say.
    pub fn accounts_beside(&self, account: &str) -> impl Iterator<Item = &str> {
        let rows = self.named("account", &account.to_ascii_lowercase());
        let effects = rows.into_iter().flat_map(|id| &self.row(id).effects);
        effects.filter_map(|e| if let Effect::BelongsTo(owners) = e { Some(owners) } else { None }).flatten().map(String::as_str)
    }
    /// Kind of a sink effect: its class in the tables.
    pub fn class_of(&self, kind: &str) -> Option<&str> {
        self.severities.kind(kind).map(|k| k.class.as_str())
    }
    /// Whether what reaches a sink of that kind runs as code.
    pub fn runs_code(&self, kind: &str) -> bool {
        matches!(self.class_of(kind), Some("code-execution" | "registry-code"))
    }
    /// Whether what reaches a sink of that kind is taken as data.
    pub fn takes_data(&self, kind: &str) -> bool {
        self.class_of(kind) == Some("data-only")
    }
    /// Labels of the sources that a kind of sink only counts with; none: it counts with any.
    pub fn only_from(&self, kind: &str) -> Option<Via> {
        self.severities.kind(kind).map(|k| k.from).filter(|from| *from != Via::default())
    }
    /// Ends of names of files that a kind of sink never reads.
    pub fn unlike(&self, kind: &str) -> &[String] {
        self.severities.kind(kind).map_or(&[], |k| k.unlike.as_slice())
    }
    /// All labels whose sources are followed forwards, because kinds of sinks count with them alone.
    pub fn followed(&self) -> Via {
        self.severities.kinds().filter_map(|kind| self.only_from(kind)).fold(Via::default(), Via::with)
    }
    /// Level of a path to an asset.
    pub fn path_severity(&self, asset: &str, who: crate::origin::Who) -> Severity {
        self.severities.path(asset, who)
    }
}

/// An image reference without scheme, tag and digest: `docker.io/library/python:3.12` is `python`.
pub fn image_name(reference: &str) -> &str {
    let plain = reference.split('@').next().unwrap_or(reference);
    let last = plain.rfind('/').map_or(0, |i| i + 1);
    let name = match plain.get(last..).and_then(|t| t.find(':')) {
        Some(colon) => plain.get(..last + colon).unwrap_or(plain),
        None => plain,
    };
    let name = name.strip_prefix("docker://").unwrap_or(name);
    let name = name.strip_prefix("docker.io/").or_else(|| name.strip_prefix("index.docker.io/")).unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

fn corroborated(facts: &FileFacts, words: &[String]) -> bool {
    facts.items.iter().any(|f| match &f.what {
        What::Import { module, name, .. } => {
            let root = module.split('.').next().unwrap_or(module);
            words.iter().any(|w| w == root || w == module || name.as_deref() == Some(w.as_str()))
        }
        _ => false,
    }) || facts.values.iter().any(|v| matches!(&v.what, V::Name(n) if words.iter().any(|w| n == w || n.split('.').next() == Some(w.as_str()))))
}

impl Subject {
    /// The subject word of the row format.
    pub fn kind(&self) -> &'static str {
        match self {
            Subject::Call(_) => "call",
            Subject::Method(_) => "method",
            Subject::Assign(_) => "assign",
            Subject::Suffix { .. } => "suffix",
            Subject::Command { .. } => "command",
            Subject::Action(_) => "action",
            Subject::ActionShape(_) => "action-shape",
            Subject::Image(_) => "image",
            Subject::Setting(_) => "setting",
            Subject::Entry(_) => "entry",
            Subject::Trigger(_) => "trigger",
            Subject::Context(_) => "context",
            Subject::Runner(_) => "runner",
            Subject::Credential(_) => "credential",
            Subject::Gate(_) => "gate",
            Subject::Package(_) => "package",
            Subject::Account(_) => "account",
            Subject::Index(_) => "index",
            Subject::Tool(_) => "tool",
            Subject::Comment(_) => "comment",
            Subject::Secret(_) => "secret",
            Subject::SecretName(_) => "secret-name",
            Subject::SecretFile(_) => "secret-file",
        }
    }
    /// The name alone, as an author would write it.
    pub fn name(&self) -> String {
        match self {
            Subject::Suffix { name, .. } => format!(".{name}"),
            Subject::Command { program, sub } => std::iter::once(program).chain(sub).cloned().collect::<Vec<_>>().join(" "),
            Subject::ActionShape(inputs) => inputs.join(", "),
            Subject::Entry(EntrySubject::Decorator(d, None)) => d.clone(),
            Subject::Entry(EntrySubject::Decorator(d, Some(m))) => format!("{d}.{m}"),
            Subject::Entry(EntrySubject::Base(b, m)) => format!("{b}.{m}"),
            Subject::Entry(EntrySubject::Function(f, n)) => format!("{f}:{n}"),
            Subject::Secret(format) => format.id.clone(),
            Subject::Call(n) | Subject::Method(n) | Subject::Assign(n) | Subject::Action(n) | Subject::Image(n) | Subject::Setting(n) => n.clone(),
            Subject::Trigger(n) | Subject::Context(n) | Subject::Runner(n) => n.clone(),
            Subject::Credential(n) | Subject::Gate(n) | Subject::Package(n) | Subject::Account(n) | Subject::Tool(n) => n.clone(),
            Subject::Comment(n) | Subject::SecretName(n) | Subject::SecretFile(n) | Subject::Index(n) => n.clone(),
        }
    }
    /// Word and name, as `overrides:` writes them: `call torch.load`.
    pub fn text(&self) -> String {
        format!("{} {}", self.kind(), self.name())
    }
}

impl Row {
    /// The flag that people set: the first that has a name.
    pub fn switch(&self) -> Option<&row::Flag> {
        self.flags.iter().find(|f| !f.name.is_empty())
    }
    /// What decides, for people: the switch, or the version where there is none.
    pub fn deciding(&self) -> String {
        self.switch().map_or_else(|| "the version".to_owned(), |f| format!("`{}`", f.name))
    }
    /// Whether an effect of this key is stated.
    pub fn has(&self, key: &str) -> bool {
        self.effects.iter().any(|e| e.key() == key)
    }
}

impl Effect {
    /// The effect word of the row format.
    pub fn key(&self) -> &'static str {
        match self {
            Effect::Sink { .. } => "sink",
            Effect::Returns { .. } => "returns",
            Effect::Passes { .. } => "passes",
            Effect::Reads { .. } => "reads",
            Effect::Writes { .. } => "writes",
            Effect::Mounts { .. } => "mounts",
            Effect::Executes { .. } => "executes",
            Effect::Wraps { .. } => "wraps",
            Effect::Isolates { .. } => "isolates",
            Effect::Publishes { .. } => "publishes",
            Effect::ConsumesCredential { .. } => "consumes-credential",
            Effect::Opens { .. } => "opens",
            Effect::Checks { .. } => "checks",
            Effect::Caps { .. } => "caps",
            Effect::RoundTripOf(_) => "round-trip-of",
            Effect::Escapes(_) => "escapes",
            Effect::Asks => "asks",
            Effect::InOrder => "in-order",
            Effect::Names(_) => "names",
            Effect::BelongsTo(_) => "belongs-to",
            Effect::Starts { .. } => "starts",
            Effect::Controlled { .. } => "controlled",
            Effect::Promises(_) => "promises",
            Effect::Hosted => "hosted",
            Effect::ReadsOnly => "reads-only",
            Effect::Installs { .. } => "installs",
            Effect::Enters { .. } => "enters",
            Effect::Calls { .. } => "calls",
            Effect::Agent(_) => "agent",
            Effect::Powers(_) => "powers",
            Effect::OptionsAct => "options-act",
            Effect::Cleans(_) => "cleans",
            Effect::Matches(_) => "matches",
            Effect::Selects { .. } => "selects",
            Effect::Dispatches { .. } => "dispatches",
            Effect::Admits { .. } => "admits",
        }
    }
}

#[cfg(test)]
mod tests;
