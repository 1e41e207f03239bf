//! What a subject of a page may be: each with its place, its origin and what messages may say of it.

use super::{Matcher, is_form, sources};
use crate::catalog::glob;
use crate::catalog::image_name;
use crate::catalog::row::{Effect, RowId};
use crate::facts::{Channel, ExprWhat, FileFacts, V, ValueId, What};
use crate::finding::Location;
use crate::flow::place::{brings, pin, version};
use crate::flow::{FlagState, SinkHit};
use crate::graph::Node;
use crate::origin::{Mutable, Origin, Via, Who};
use crate::rule::pattern::Subject;
use crate::rule::placeholders::Values;
use crate::source::FileId;

/// One fact or sink that a page may match.
pub(crate) struct Candidate<'a> {
    /// The fact.
    pub node: Node,
    /// The sink, where it is one.
    pub hit: Option<&'a SinkHit>,
    /// The row that speaks of it.
    pub row: Option<RowId>,
    /// Where an alert stands by default.
    pub at: Location,
    /// Where its ref, tag or version stands.
    pub reference: Option<Location>,
    /// Its value.
    pub value: Option<ValueId>,
    /// Origin of its name.
    pub name: Option<Origin>,
    /// Origin of its bytes, trust applied.
    pub bytes: Option<Origin>,
    /// What messages may say.
    pub values: Values,
    /// Doubts so far.
    pub doubts: Vec<String>,
}

impl<'a> Matcher<'a> {
    /// All candidates of a subject, in order.
    pub(super) fn candidates(&self, subject: &Subject) -> Vec<Candidate<'a>> {
        let mut out = Vec::new();
        if let Subject::Sink { form, kinds, flag } = subject {
            let mut hits: Vec<usize> = kinds.iter().filter_map(|k| self.sinks.get(k.as_str())).flatten().copied().collect();
            hits.sort_unstable();
            for hit in hits.into_iter().filter_map(|i| self.context.flow.hits.get(i)) {
                let row = self.context.catalog.row(hit.row);
                let flagged = flag.as_ref().is_none_or(|f| row.flags.iter().any(|have| have.name == *f));
                // What has no name cannot be pinned where it stands: it is the result of another load, told there.
                let loaded = self.context.catalog.takes_data(&hit.kind) && hit.bytes.who == Who::Publisher;
                let nameless = loaded && hit.subject.is_none() && self.literal(hit).is_none();
                if flagged && !nameless && is_form(*form, &self.context.facts.fact(hit.at).what) {
                    out.push(self.sink(hit));
                }
            }
            return out;
        }
        for node in sources(subject).iter().filter_map(|s| self.facts.get(s)).flatten() {
            self.of_fact(*node, subject, &mut out);
        }
        out
    }

    /// What a sink is given, where it stands there in full.
    pub(super) fn literal(&self, hit: &SinkHit) -> Option<String> {
        let facts = self.context.facts.file(hit.at.file);
        hit.slot.and_then(|v| facts.literal(v)).filter(|t| !t.trim().is_empty() && !t.contains('\n'))
    }

    fn sink(&self, hit: &'a SinkHit) -> Candidate<'a> {
        let mut values = Values::new();
        let row = self.context.catalog.row(hit.row);
        let facts = self.context.facts.file(hit.at.file);
        let fact = facts.fact(hit.at.fact);
        let callee = match &fact.what {
            What::Call(call) => call.name.trim_start_matches("?.").to_owned(),
            What::Command(c) => c.words.first().and_then(|w| facts.word(w)).unwrap_or_else(|| row.subject.name()),
            What::Uses { target, .. } => facts.literal(*target).unwrap_or_else(|| row.subject.name()),
            What::Setting { path, .. } => path.clone(),
            _ => row.subject.name(),
        };
        let python = matches!(fact.what, What::Call(_));
        // What is called is no name of what it gets: without one, messages say "it". A setting or an action is named by itself.
        let stands_for_itself = !matches!(fact.what, What::Call(_) | What::Command(_));
        let name = hit.subject.clone().or_else(|| self.literal(hit)).or_else(|| stands_for_itself.then(|| callee.clone()));
        if let Some(name) = &name {
            named(&mut values, name);
        }
        if hit.subject.is_none() {
            // What is only the callee, or a variable, has no owner.
            values.remove("owner");
        }
        values.insert("callee", callee);
        let switch = row.switch().map(|f| format!("{}={}", f.name, if python { capital(&f.safe) } else { f.safe.clone() }));
        // What settles the flag here, as the beginning of a sentence of advice; nothing where the row has none.
        let (unless, remedy) = match (&hit.flag, &switch) {
            (FlagState::Hole(floor), _) => (format!(", as this is no `{floor}`"), format!("require `{floor}`; ")),
            (FlagState::Unsettled(floor), None) => (format!(", unless `{floor}` is installed"), format!("require `{floor}`; ")),
            (FlagState::Unsettled(floor), Some(switch)) => {
                (format!(", unless `{floor}` is installed"), format!("require `{floor}` and say {switch}; "))
            }
            (_, Some(switch)) => (String::new(), format!("say {switch}; ")),
            _ => (String::new(), String::new()),
        };
        if let FlagState::Hole(floor) | FlagState::Unsettled(floor) = &hit.flag {
            values.insert("floor", floor.clone());
        }
        values.extend(switch.map(|s| ("flag", s)));
        values.extend([("unless", unless), ("remedy", remedy)]);
        Candidate {
            node: hit.at,
            hit: Some(hit),
            row: Some(hit.row),
            at: hit.place,
            reference: None,
            value: hit.slot,
            name: Some(hit.name),
            bytes: Some(self.trusted(hit.at, hit.bytes, hit.subject.as_deref())),
            values,
            doubts: hit.doubts.clone(),
        }
    }

    /// Whether a requirements file is what a compiler of lock files reads: `x.in` beside `x.txt`. What is installed stands in the other.
    fn is_compiled(&self, file: FileId) -> bool {
        let source = self.context.sources.file(file);
        let output = source.path.strip_suffix(".in").map(|stem| format!("{stem}.txt"));
        output.is_some_and(|path| self.context.index.at(source.root, &path).is_some())
    }

    /// Applies policy: what counts as pinned, a publisher that is trusted, and the project's own account: an address there, or an account of that name on the hub it uses.
    fn trusted(&self, node: Node, origin: Origin, subject: Option<&str>) -> Origin {
        let own = |s: &str| self.context.sources.is_own(node.file, s);
        if origin.who == Who::Publisher && subject.is_some_and(|s| s.contains("://") && own(s)) {
            return Origin { via: origin.via, known: origin.known, ..Origin::REPOSITORY };
        }
        // Another account of the project's owner.
        let beside = |s: &str| {
            let account = s.split('/').next().filter(|a| a.len() < s.len()).unwrap_or_default();
            // A project often keeps what it uploads under its own name.
            self.context.index.is_own_package(node.file, account)
                || self.context.catalog.accounts_beside(account).any(|owner| own(&format!("{owner}/{s}")))
        };
        let trusts = origin.who == Who::Publisher && subject.is_some_and(|s| self.context.config.trust.covers(s) || own(s) || beside(s));
        match origin.mutable {
            _ if trusts => Origin { who: Who::Operator, mutable: Mutable::Digest, ..origin },
            // Its publisher can still move a tag.
            Mutable::Release if self.context.config.commit_pins => Origin { mutable: Mutable::Moving, ..origin },
            _ => origin,
        }
    }

    fn of_fact(&self, node: Node, subject: &Subject, out: &mut Vec<Candidate<'a>>) {
        let facts = self.context.facts.file(node.file);
        let fact = facts.fact(node.fact);
        let at = |range| Location { file: node.file, range };
        let mut c = Candidate {
            node,
            hit: None,
            row: self.context.index.rows(self.context.catalog, node).map(|(id, _)| id).next(),
            at: at(fact.range),
            reference: None,
            value: None,
            name: None,
            bytes: None,
            values: Values::new(),
            doubts: Vec::new(),
        };
        let literal = |v: ValueId| facts.literal(v);
        match (subject, &fact.what) {
            (Subject::Uses, What::Uses { target, .. }) => {
                let Some(text) = literal(*target) else { return };
                let (name, reference) = text.split_once('@').map_or((text.as_str(), None), |(n, r)| (n, Some(r)));
                named(&mut c.values, name);
                c.values.extend(reference.map(|r| ("ref", r.to_owned())));
                (c.at, c.value) = (at(facts.value(*target).range), Some(*target));
                c.reference = reference.and_then(|r| tail(facts, *target, r.len())).map(at);
                let local = name.starts_with("./") || name.starts_with("$/");
                let origin = if local { Origin::REPOSITORY } else { Origin::publisher(reference.map_or(Mutable::Moving, pin)) };
                let own = !local && self.context.sources.is_own(node.file, name);
                c.bytes = Some(if own || self.context.config.trust.action(name) { Origin::OPERATOR } else { origin });
            }
            (Subject::Image(roles), What::Image { reference, role }) if roles.is_empty() || roles.contains(role) => {
                // A template's placeholder says nothing of what will stand there.
                let Some(text) = literal(*reference).filter(|t| !t.contains(['{', '%'])) else { return };
                let plain = text.strip_prefix("docker://").unwrap_or(&text);
                let digest = plain.contains("@sha256:");
                let name = image_name(plain);
                let before = plain.split('@').next().unwrap_or(plain);
                let tag = before.rsplit_once(':').map(|(_, t)| t).filter(|t| !t.contains('/'));
                named(&mut c.values, name);
                c.values.insert("ref", tag.unwrap_or("latest").to_owned());
                (c.at, c.value) = (at(facts.value(*reference).range), Some(*reference));
                c.reference = tag.and_then(|t| tail(facts, *reference, t.len())).map(at);
                let moves = if digest { Mutable::Digest } else { tag.map_or(Mutable::Moving, version) };
                let hostless = name.split_once('/').filter(|(host, _)| host.contains(['.', ':'])).map_or(name, |(_, rest)| rest);
                let own = self.context.index.is_own_image(node.file, plain) || self.context.sources.is_own(node.file, hostless);
                c.bytes = Some(if own || self.context.config.trust.image(before) { Origin::OPERATOR } else { Origin::publisher(moves) });
            }
            (Subject::Requirement(from), What::Requirement(r)) if from.is_empty() || from.contains(&r.from) => {
                let shown = if r.name.is_empty() { r.url.clone().unwrap_or_default() } else { r.name.clone() };
                named(&mut c.values, &shown);
                c.values.insert("ref", r.spec.clone());
                let origin = brings(r);
                let inside = |u: &str| self.context.config.trust.covers(u) || self.context.sources.is_own(node.file, u);
                let own = r.url.is_none() && self.context.index.is_own_package(node.file, &r.name);
                let compiled = self.is_compiled(node.file);
                c.bytes = Some(if own || compiled || r.url.as_deref().is_some_and(inside) { Origin::OPERATOR } else { origin });
                c.values.extend(r.url.as_deref().map(|u| ("value", u.trim_start_matches("git+").to_owned())));
            }
            (Subject::Permission(scopes, levels), What::Permission { scope, level }) => {
                if !(scopes.is_empty() || scopes.contains(scope)) || !(levels.is_empty() || levels.contains(level)) {
                    return;
                }
                let word = match level {
                    crate::facts::Level::None => "none",
                    crate::facts::Level::Read => "read",
                    crate::facts::Level::Write => "write",
                };
                let shown = if scope == "*" { "everything" } else { scope };
                c.values.extend([("scope", shown.to_owned()), ("level", word.to_owned()), ("name", shown.to_owned())]);
            }
            (Subject::Setting(path), What::Setting { path: have, value }) if path_fits(path, have) => {
                named(&mut c.values, have);
                c.values.extend(literal(*value).map(|v| ("value", v)));
                (c.at, c.value) = (at(facts.value(*value).range), Some(*value));
            }
            (Subject::Env(name), What::Write { channel: Channel::Env(have) | Channel::RunnerEnv(Some(have)), value }) => {
                if !glob::text(&name.to_ascii_uppercase(), &have.to_ascii_uppercase()) {
                    return;
                }
                named(&mut c.values, have);
                c.values.extend(literal(*value).map(|v| ("value", v)));
                (c.at, c.value) = (at(facts.value(*value).range), Some(*value));
            }
            (Subject::Env(name), What::Setting { path, value }) => {
                let Some(have) = path.strip_prefix("ENV.") else { return };
                if !glob::text(&name.to_ascii_uppercase(), &have.to_ascii_uppercase()) {
                    return;
                }
                named(&mut c.values, have);
                (c.at, c.value) = (at(facts.value(*value).range), Some(*value));
            }
            (Subject::Runner, What::Runner { labels, .. }) => {
                c.value = labels.first().copied();
                c.values.extend(c.value.and_then(literal).map(|l| ("name", l)));
                c.at = c.value.map_or(c.at, |v| at(facts.value(v).range));
            }
            (Subject::Trigger(events), What::Trigger { event, .. }) if events.is_empty() || events.contains(event) => {
                c.values.extend([("event", event.clone()), ("name", event.clone())]);
            }
            (Subject::SecretRef, What::SecretRef { name }) => named(&mut c.values, name),
            (Subject::Write(channels), What::Write { channel, value })
                if channels.is_empty() || channels.iter().any(|w| w == channel_word(channel)) =>
            {
                c.value = Some(*value);
            }
            (Subject::Effect { effect, ecosystem, .. }, _) => {
                let rows: Vec<(RowId, _)> = self.context.index.rows(self.context.catalog, node).collect();
                let fits = |e: &Effect| {
                    let same = effect.as_deref().is_none_or(|k| e.key() == k);
                    let eco = ecosystem.as_ref().is_none_or(|want| matches!(e, Effect::Installs { ecosystem, .. } if ecosystem == want));
                    same && eco
                };
                let found = rows.iter().find(|(_, r)| r.effects.iter().any(fits));
                let unasked = effect.is_none() && ecosystem.is_none();
                let Some(row) = found.map(|(id, _)| Some(*id)).or(unasked.then_some(None)) else { return };
                c.row = row;
                let head = match &fact.what {
                    What::Call(call) => Some(call.callee),
                    What::Command(command) => command.words.first().map(|w| w.value),
                    What::Uses { target, .. } => Some(*target),
                    _ => None,
                };
                c.at = head.map_or(c.at, |v| at(facts.value(v).range));
                let callee = self.context.sources.file(node.file).text_at(c.at.range);
                named(&mut c.values, &callee);
                c.values.insert("callee", callee);
            }
            (Subject::Expression(places), what) => return self.expressions(node, places, what, out),
            (Subject::Script, What::Script { text, .. }) => c.value = Some(*text),
            (Subject::Job, What::Job { id, .. }) => named(&mut c.values, id),
            (Subject::Workflow, What::Workflow { .. }) | (Subject::Stage, What::Stage { .. }) | (Subject::Step, What::Step { .. }) => {}
            _ => return,
        }
        out.push(c);
    }

    fn expressions(&self, node: Node, places: &[String], what: &What, out: &mut Vec<Candidate<'a>>) {
        let facts = self.context.facts.file(node.file);
        let (place, values): (&str, Vec<ValueId>) = match what {
            What::Script { text, .. } => ("script", vec![*text]),
            What::Uses { with, .. } => ("input", with.iter().map(|(_, v)| *v).collect()),
            What::Write { channel: Channel::Env(_), value } => ("env", vec![*value]),
            _ => return,
        };
        if !(places.is_empty() || places.iter().any(|p| p == place)) {
            return;
        }
        let parts = values.iter().flat_map(|v| match &facts.value(*v).what {
            V::Join(parts) => parts.clone(),
            _ => vec![*v],
        });
        for part in parts {
            let V::Expr(expr) = &facts.value(part).what else { continue };
            let mut contexts = Vec::new();
            collect(expr, &mut contexts, 0);
            let origin = contexts.iter().map(|c| self.context_origin(facts, c)).fold(Origin::PROGRAM, Origin::join);
            let mut values = Values::new();
            named(&mut values, contexts.first().map_or("", |c| c));
            let at = Location { file: node.file, range: facts.value(part).range };
            out.push(Candidate {
                node,
                hit: None,
                row: None,
                at,
                reference: None,
                value: Some(part),
                name: Some(origin),
                bytes: Some(origin),
                values,
                doubts: Vec::new(),
            });
        }
    }

    /// Who writes the text of a context in this file's events; text of a fixed shape cannot carry code and counts as the operator's.
    fn context_origin(&self, facts: &FileFacts, path: &str) -> Origin {
        let events: Vec<&str> =
            facts.items.iter().filter_map(|f| if let What::Trigger { event, .. } = &f.what { Some(event.as_str()) } else { None }).collect();
        let mut origin = Origin::PROGRAM;
        for row in self.context.catalog.context(path) {
            for effect in &self.context.catalog.row(row).effects {
                let Effect::Controlled { who, arbitrary, events: when, .. } = effect else { continue };
                if !when.is_empty() && !when.iter().any(|e| events.contains(&e.as_str())) {
                    continue;
                }
                let who = if *arbitrary { *who } else { (*who).min(Who::Operator) };
                let mutable = if who >= Who::Publisher { Mutable::Moving } else { Mutable::Digest };
                origin = origin.join(Origin { who, mutable, via: Via::PR_TEXT, ..Origin::PROGRAM });
            }
        }
        origin
    }
}

/// A truth value as Python writes it.
fn capital(word: &str) -> String {
    match word {
        "true" => "True".to_owned(),
        "false" => "False".to_owned(),
        other => other.to_owned(),
    }
}

/// Sets name and owner.
fn named(values: &mut Values, name: &str) {
    values.insert("name", name.to_owned());
    let owner = name.split("://").last().unwrap_or(name).split('/').next().unwrap_or(name);
    values.insert("owner", owner.to_owned());
}

/// The last `len` bytes of a literal's place.
fn tail(facts: &FileFacts, value: ValueId, len: usize) -> Option<crate::source::Range> {
    match &facts.value(value).what {
        V::Str(text) => Some(text.range(text.len().checked_sub(len)?, text.len())),
        _ => None,
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    let normal = |p: &str| p.to_lowercase().replace('-', "_");
    glob::path(&normal(pattern), &normal(path))
}

fn channel_word(channel: &Channel) -> &'static str {
    match channel {
        Channel::Env(_) => "env",
        Channel::RunnerEnv(_) => "runner-env",
        Channel::RunnerPath => "runner-path",
        Channel::Output(_) | Channel::JobOutput(_) => "output",
        Channel::File(_) | Channel::HostPath(_) => "file",
        Channel::Artifact(_) => "artifact",
        Channel::Cache(_) => "cache",
        _ => "other",
    }
}

/// Contexts of an expression whose text can be part of its value.
fn collect(expr: &crate::facts::Expr, out: &mut Vec<String>, depth: u32) {
    if depth > 100 {
        return;
    }
    match &expr.what {
        ExprWhat::Context(path) => out.push(path.clone()),
        ExprWhat::Call(name, args) if !matches!(name.as_str(), "contains" | "startswith" | "endswith" | "hashfiles") => {
            args.iter().for_each(|a| collect(a, out, depth + 1));
        }
        ExprWhat::Binary(op, a, b) if op == "||" || op == "&&" => {
            collect(a, out, depth + 1);
            collect(b, out, depth + 1);
        }
        ExprWhat::Index(a, _) => collect(a, out, depth + 1),
        _ => {}
    }
}
