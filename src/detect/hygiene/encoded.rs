//! A script that stands in a file in coded form: it is decoded and run on the spot, so that nobody who reads the file sees what it does.

use super::told;
use crate::catalog::row::{Effect, Executes};
use crate::detect::Context;
use crate::facts::{FactId, FileFacts, Stdin, What};
use crate::finding::{Alert, Location, Severity};
use crate::graph::Node;
use crate::rule::placeholders::Values;

/// A text of fewer signs hides nothing worth the trouble.
const LEAST: usize = 24;

/// Interpreters that run what a coder makes of a literal. The cause is the decoding command.
pub fn encoded_script(context: &Context) -> Vec<Alert> {
    let Some(page) = context.rules.get("encoded-script-run") else { return Vec::new() };
    let mut out = Vec::new();
    for (node, fact) in context.facts.nodes() {
        let What::Command(command) = &fact.what else { continue };
        let Stdin::Pipe(from) = command.stdin else { continue };
        let facts = context.facts.file(node.file);
        let runs = context.index.effects(context.catalog, node).any(|e| matches!(e, Effect::Executes { what: Executes::Stdin }));
        if !runs || !decodes(context, Node { fact: from, ..node }) || input(facts, from).is_none_or(|text| text.trim().len() < LEAST) {
            continue;
        }
        let name = command.words.first().and_then(|w| facts.word(w)).unwrap_or_default();
        let at = Location { file: node.file, range: facts.fact(from).range };
        out.push(told(context, page, at, page.level.unwrap_or(Severity::High), &Values::from([("name", name)]), Vec::new()));
    }
    out
}

/// Whether a command makes plain text of coded text.
fn decodes(context: &Context, node: Node) -> bool {
    let rows = context.index.rows(context.catalog, node);
    rows.flat_map(|(_, row)| &row.effects).any(|e| matches!(e, Effect::Sink { kind, .. } if kind == "text-decoded"))
}

/// The literal text that a command is given: a here-document, or what `echo` or `printf` before it prints.
fn input(facts: &FileFacts, id: FactId) -> Option<String> {
    let What::Command(command) = &facts.fact(id).what else { return None };
    match command.stdin {
        Stdin::Text(text) => facts.literal(text),
        Stdin::Pipe(from) => {
            let What::Command(before) = &facts.fact(from).what else { return None };
            let words: Option<Vec<String>> = before.words.iter().map(|w| facts.word(w)).collect();
            let (program, rest) = words.as_ref()?.split_first()?;
            matches!(program.as_str(), "echo" | "printf").then(|| rest.concat())
        }
        _ => None,
    }
}
