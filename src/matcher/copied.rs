//! Which files an image build of the tree copies: what they say holds in a container. Knows no rule.

use std::collections::BTreeSet;

use crate::detect::Context;
use crate::facts::What;
use crate::graph::paths::{join, parent};
use crate::source::{FileId, Kind};

/// Files and directories that are copied, by root. A build starts in the directory of its file or at the top, and which of the two is not said.
#[derive(Debug, Default)]
pub(super) struct Copied(BTreeSet<(u32, String)>);

impl Copied {
    pub fn of(context: &Context<'_>) -> Copied {
        let mut out = Copied::default();
        for (node, fact) in context.facts.nodes_of(|file| context.index.kind(file) == Kind::Dockerfile) {
            let What::Command(command) = &fact.what else { continue };
            let facts = context.facts.file(node.file);
            let words: Vec<Option<String>> = command.words.iter().map(|w| facts.literal(w.value)).collect();
            let Some((Some(program), [sources @ .., _])) = words.split_first() else { continue };
            let from = |w: &Option<String>| w.as_ref().is_some_and(|w| w.starts_with("--from"));
            if !matches!(program.as_str(), "COPY" | "ADD") || sources.iter().any(from) {
                continue;
            }
            let root = context.index.root(node.file);
            for source in sources.iter().flatten().filter(|s| !s.starts_with("--") && !s.contains("://")) {
                // Of a pattern its directory counts.
                let source = match source.find(['*', '?', '[']) {
                    Some(at) => parent(source.get(..at).unwrap_or_default()),
                    None => source.as_str(),
                };
                let source = source.trim_start_matches('/');
                for base in ["", parent(context.index.path(node.file))] {
                    out.0.insert((root, join(base, source)));
                }
            }
        }
        out
    }

    pub fn has(&self, context: &Context<'_>, id: FileId) -> bool {
        let root = context.index.root(id);
        let mut at = context.index.path(id);
        loop {
            if self.0.contains(&(root, at.to_owned())) {
                return true;
            }
            if at.is_empty() {
                return false;
            }
            at = parent(at);
        }
    }
}
