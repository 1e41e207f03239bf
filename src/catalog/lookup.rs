//! How rows are found: exact names, patterns sorted by a segment that is plain, and what can be said of a name before any row is looked at.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::row::{Effect, Row, RowId, Subject};
use super::{Catalog, command, glob, image_name, unwrap};

/// Patterns with their rows, by the last segment that they end in, else by the first that they begin with, where one is plain.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    ends: FxHashMap<String, Vec<(String, RowId)>>,
    begins: FxHashMap<String, Vec<(String, RowId)>>,
    others: Vec<(String, RowId)>,
}

impl Catalog {
    pub(super) fn named(&self, kind: &'static str, name: &str) -> Vec<RowId> {
        let mut found: Vec<RowId> = self.exactly(kind, name).to_vec();
        let Some(patterns) = self.globs.get(kind) else { return found };
        let (dotted, apart) = (is_dotted(kind), separator(kind));
        let ends = apart.and_then(|c| name.rsplit(c).next()).and_then(|last| patterns.ends.get(last));
        let begins = apart.and_then(|c| name.split(c).next()).and_then(|root| patterns.begins.get(root));
        for (pattern, id) in patterns.others.iter().chain(ends.into_iter().flatten()).chain(begins.into_iter().flatten()) {
            if if dotted { glob::path(pattern, name) } else { glob::text(pattern, name) } {
                found.push(*id);
            }
        }
        found.sort_unstable();
        found
    }

    /// Whether a row of that kind can speak of a dotted name: most names end as none does.
    pub(super) fn may_name(&self, kind: &str, name: &str, last: &str) -> bool {
        let begins = |p: &Patterns| !p.others.is_empty() || name.split('.').next().is_some_and(|root| p.begins.contains_key(root));
        self.lasts.contains(last) || self.globs.get(kind).is_some_and(|p| p.ends.contains_key(last) || begins(p))
    }
    pub(super) fn exactly(&self, kind: &str, name: &str) -> &[RowId] {
        self.exact.get(kind).and_then(|k| k.get(name)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn index(&mut self) {
        let mut exact: FxHashMap<&'static str, FxHashMap<String, Vec<RowId>>> = FxHashMap::default();
        let mut globs: FxHashMap<&'static str, Patterns> = FxHashMap::default();
        let mut summaries: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut kinds: FxHashMap<&'static str, Vec<RowId>> = FxHashMap::default();
        let mut unwrapped = Some(BTreeSet::new());
        for (id, row) in self.iter() {
            let kind = row.subject.kind();
            kinds.entry(kind).or_default().push(id);
            if matches!(kind, "call" | "method" | "suffix") && row.effects.iter().any(|e| unwrap::UNWRAPPED.contains(&e.key())) {
                let name = row.subject.name();
                // What an object does when it is called goes by any name.
                match name.rsplit('.').next().filter(|last| !last.contains(['*', '?']) && *last != "__call__") {
                    Some(last) => unwrapped.iter_mut().for_each(|all| {
                        all.insert(last.to_owned());
                    }),
                    None => unwrapped = None,
                }
            }
            if row.effects.iter().any(|e| matches!(e, Effect::Sink { .. })) {
                let (name, packages) = match &row.subject {
                    Subject::Call(name) => {
                        (name.as_str(), name.split('.').next().filter(|root| *root != name).map(str::to_owned).into_iter().collect())
                    }
                    Subject::Suffix { name, corroborate } => (name.as_str(), corroborate.clone()),
                    _ => ("", Vec::new()),
                };
                let last = name.rsplit('.').next().unwrap_or(name);
                if !packages.is_empty() && !last.contains(['*', '?']) {
                    summaries.entry(last.to_owned()).or_default().extend(packages);
                }
            }
            let name = match &row.subject {
                Subject::Suffix { name, .. } => name.rsplit('.').next().unwrap_or(name).to_owned(),
                Subject::Setting(path) => path.to_lowercase().replace('-', "_"),
                Subject::Image(name) => image_name(name).to_owned(),
                Subject::Call(n) | Subject::Method(n) | Subject::Assign(n) | Subject::Action(n) | Subject::Trigger(n) | Subject::Context(n) => {
                    n.clone()
                }
                Subject::Runner(n) | Subject::Credential(n) | Subject::Package(n) | Subject::Account(n) | Subject::Gate(n) => n.clone(),
                Subject::Comment(n) | Subject::SecretName(n) | Subject::SecretFile(n) | Subject::Tool(n) => n.clone(),
                Subject::Command { .. } | Subject::ActionShape(_) | Subject::Entry(_) | Subject::Secret(_) | Subject::Index(_) => continue,
            };
            if name.contains(['*', '?']) && !matches!(row.subject, Subject::Suffix { .. }) {
                let plain = |segment: &&str| !segment.contains(['*', '?', '[']);
                let patterns = globs.entry(kind).or_default();
                let last = separator(kind).and_then(|c| name.rsplit_once(c)).map(|n| n.1).filter(plain);
                let root = separator(kind).and_then(|c| name.split_once(c)).map(|n| n.0).filter(plain);
                let list = match (last, root) {
                    (Some(last), _) => patterns.ends.entry(last.to_owned()).or_default(),
                    (None, Some(root)) => patterns.begins.entry(root.to_owned()).or_default(),
                    (None, None) => &mut patterns.others,
                };
                list.push((name, id));
            } else {
                exact.entry(kind).or_default().entry(name).or_default().push(id);
            }
        }
        (self.kinds, self.unwrapped) = (kinds, unwrapped);
        let commands = command::Known::of(self.iter());
        let last = |row: &Row| row.subject.name().rsplit('.').next().map(str::to_owned);
        self.read = self.of_kind("call").filter(|(_, r)| r.has("returns")).filter_map(|(_, r)| last(r)).collect();
        let left_out = |effect: &Effect| match effect {
            Effect::Returns { except, .. } => except.clone(),
            _ => Vec::new(),
        };
        self.excepted = self.iter().flat_map(|(_, r)| r.effects.iter().flat_map(left_out).collect::<Vec<_>>()).collect();
        self.escaping = self.of_kind("call").filter(|(_, r)| r.has("escapes")).filter_map(|(_, r)| last(r)).collect();
        self.lasts = self.of_kind("call").filter_map(|(_, r)| last(r)).collect();
        self.fields = self.of_kind("assign").filter_map(|(_, r)| last(r)).collect();
        (self.exact, self.globs, self.commands, self.summaries) = (exact, globs, commands, summaries);
    }
}

/// What parts the segments of names, where a plain segment at an end of a pattern tells most names that it does not match.
fn separator(kind: &str) -> Option<char> {
    match kind {
        "credential" => Some('_'),
        _ => is_dotted(kind).then_some('.'),
    }
}

/// Whether names of a subject word are matched segment by segment.
fn is_dotted(kind: &str) -> bool {
    matches!(kind, "call" | "assign" | "setting" | "context")
}
