//! What outsiders left where a value reads it: files, names of files, outputs of a job that ran their code. Knows directories and steps, no context.

use crate::catalog::row::{Effect, Executes};
use crate::facts::{V, ValueId, What};
use crate::finding::{Hop, Location};
use crate::graph::Node;
use crate::graph::paths::join;
use crate::link::{Linker, place};
use crate::origin::Who;
use crate::reach::sources::{Held, MOST, Outside, Query, Source, job_of};

impl Query<'_> {
    /// An output that another job reads of a step in or behind which outsiders' code ran: it says what they like.
    pub(super) fn printed_there(&mut self, job: Node, order: u32, node: Node, output: &str, hops: &[Hop]) {
        let ran = |o: &&Outside| o.job == job && matches!(o.held, Held::Outputs { from } if from <= order);
        let Some(outside) = self.outside.iter().find(ran) else { return };
        let at = Location { file: node.file, range: self.context.facts.fact(node).range };
        let mut way: Vec<Hop> = outside.hops.iter().filter(|h| h.at != self.state.trigger).cloned().collect();
        way.push(Hop { at, text: format!("hands on the output {output}, which that code can set") });
        way.extend_from_slice(hops);
        let who = outside.who.min(self.state.who.max(Who::Operator));
        let name = outside.name.clone();
        self.out.insert(Source { file: true, ..Source::free(who, name, at, way) });
    }

    /// The bytes of a file, when it lies where an outsider wrote.
    pub(super) fn file(&mut self, node: Node, name: ValueId, hops: &[Hop]) {
        self.bytes(node, name, false, hops);
    }

    /// The same, if asked of artifacts alone.
    fn bytes(&mut self, node: Node, name: ValueId, artifacts: bool, hops: &[Hop]) {
        if self.outside.is_empty() {
            return;
        }
        let facts = self.facts(node.file);
        let (Some(job), Some(named)) = (job_of(facts, node), place::named(facts, name)) else { return };
        let linker = Linker { index: self.context.index, facts: self.context.facts, catalog: self.context.catalog };
        let path = match named {
            place::Named::Relative(p) => join(&place::directory(linker, node).unwrap_or_default(), &p),
            place::Named::Rooted(p) => join("", &p),
            _ => return,
        };
        let theirs = self.outside.iter().filter(|o| o.job == job).filter_map(|o| Some((o, o.directory()?)));
        let holding = theirs.filter(|(_, (dir, _))| dir.is_empty() || path.strip_prefix(dir).is_some_and(|r| r.starts_with('/')));
        let Some((outside, (dir, artifact))) = holding.max_by_key(|(_, (dir, _))| dir.len()) else { return };
        if artifacts && !artifact {
            return;
        }
        // Beside an artifact in the workspace lies the repository's own tree; a checkout takes its place.
        if artifact && dir.is_empty() && self.context.index.exists(self.context.index.root(node.file), &path) {
            return;
        }
        let at = Location { file: node.file, range: facts.value(name).range };
        let mut way: Vec<Hop> = outside.hops.iter().filter(|h| h.at != self.state.trigger).cloned().collect();
        way.push(Hop { at, text: format!("reads `{path}` of {}", outside.name) });
        way.extend_from_slice(hops);
        let who = outside.who.min(self.state.who.max(Who::Operator));
        let name = format!("`{path}` of {}", outside.name);
        self.out.insert(Source { file: true, ..Source::free(who, name, at, way) });
    }

    /// The bytes of files that a fact reads, or hands to a program of which nothing says what it prints: a script, an action that no row names.
    pub(super) fn read_by(&mut self, node: Node, hops: &[Hop]) {
        if self.outside.is_empty() {
            return;
        }
        let facts = self.facts(node.file);
        let rows: Vec<_> = self.context.index.rows(self.context.catalog, node).collect();
        for (id, row) in &rows {
            for effect in &row.effects {
                let Effect::Reads { channel, name } = effect else { continue };
                let names = if channel == "file" { self.context.catalog.slot(facts, node.fact, *id, name) } else { Vec::new() };
                names.into_iter().for_each(|name| self.file(node, name, hops));
            }
        }
        let runs = |e: &Effect| matches!(e, Effect::Executes { what: Executes::File(_) | Executes::Module(_) });
        let handed: Vec<ValueId> = match &facts.fact(node.fact).what {
            What::Uses { target, with } if rows.is_empty() && facts.literal(*target).is_some_and(|t| !t.starts_with(['.', '$'])) => {
                with.iter().map(|(_, v)| *v).collect()
            }
            What::Command(c) if rows.iter().any(|(_, row)| row.effects.iter().any(runs)) || facts.program(c).is_some_and(|p| p.contains('/')) => {
                c.words.iter().skip(1).map(|w| w.value).collect()
            }
            _ => return,
        };
        let before = std::mem::take(&mut self.out);
        // Of a tree it may just as well be the program itself.
        for value in handed.into_iter().take(MOST).filter(|v| facts.literal(*v).is_some_and(|t| is_path(&t))) {
            self.bytes(node, value, true, hops);
        }
        let found = std::mem::replace(&mut self.out, before);
        self.out.extend(found.into_iter().map(|s| Source { guess: true, ..s }));
    }

    /// Text of a tree: names of its files, its history. `below`: of this directory, seen from where the fact stands.
    pub(super) fn tree_here(&mut self, node: Node, below: &str, hops: &[Hop]) {
        if self.outside.is_empty() || below.starts_with(['/', '~']) {
            return;
        }
        let facts = self.facts(node.file);
        let Some(job) = job_of(facts, node) else { return };
        let linker = Linker { index: self.context.index, facts: self.context.facts, catalog: self.context.catalog };
        let here = join(&place::directory(linker, node).unwrap_or_default(), below);
        let theirs = self.outside.iter().filter(|o| o.job == job).filter_map(|o| Some((o, o.directory()?)));
        let holding = theirs.filter(|(_, (dir, artifact))| {
            let inside = here.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            dir.is_empty() && !artifact || !dir.is_empty() && inside
        });
        let Some((outside, _)) = holding.max_by_key(|(_, (dir, _))| dir.len()) else { return };
        let at = Location { file: node.file, range: facts.fact(node.fact).range };
        let name = format!("names and history of {}", outside.name);
        let mut way: Vec<Hop> = outside.hops.iter().filter(|h| h.at != self.state.trigger).cloned().collect();
        way.push(Hop { at, text: format!("prints {name}") });
        way.extend_from_slice(hops);
        let who = outside.who.min(self.state.who.max(Who::Operator));
        self.out.insert(Source { file: true, ..Source::free(who, name, at, way) });
    }

    /// A word that the shell replaces by the names of files that fit it.
    pub(super) fn expanded(&mut self, node: Node, value: ValueId, hops: &[Hop]) {
        if self.outside.is_empty() {
            return;
        }
        let facts = self.facts(node.file);
        let parts = match &facts.value(value).what {
            V::Phi(parts) => parts.clone(),
            _ => vec![value],
        };
        for text in parts.into_iter().take(MOST).filter_map(|v| facts.literal(v)) {
            let sign = text.find(['*', '?']).filter(|_| !text.contains(char::is_whitespace));
            if let Some(before) = sign.and_then(|at| text.get(..at)) {
                let below = before.rsplit_once('/').map_or("", |(dir, _)| dir);
                let below = if before.starts_with('/') { "/" } else { below };
                self.tree_here(node, below, hops);
            }
        }
    }
}

/// Whether a text can be meant as the path of a file: it has a directory or an ending, and is no number or option.
fn is_path(text: &str) -> bool {
    let plain = !text.is_empty() && !text.starts_with('-') && !text.contains(|c: char| c.is_whitespace() || matches!(c, '=' | '@' | ':' | '*'));
    let ends = text.rsplit_once('.').is_some_and(|(_, end)| end.starts_with(|c: char| c.is_ascii_alphabetic()));
    plain && (ends || text.contains('/'))
}
