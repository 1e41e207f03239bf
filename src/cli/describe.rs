//! `pipevet explain` and `pipevet rules`: pages for people. Scans nothing.

use serde_json::json;

use super::args::{Choices, Explain, ListFormat, Rules};
use super::knowledge::{Knowledge, Origin};
use super::output;
use crate::report::Card;
use crate::report::escape;
use crate::triage::Standing;

/// Prints a rule's page, or the table of levels.
pub fn explain(explain: &Explain) -> anyhow::Result<u8> {
    let knowledge = Knowledge::load(&Choices { rules: explain.rules.clone(), ..Choices::default() }, &[], Origin::Disk)?;
    let page = if explain.what == "severity" { knowledge.catalog.severities.explain() } else { page(knowledge.known(&explain.what)?) };
    // Own pages may come from the scanned tree: line by line they are made safe to print.
    let safe: String = page.lines().map(|l| escape::visible(l) + "\n").collect();
    output::deliver(safe.as_bytes(), None)?;
    Ok(0)
}

fn page(card: &Card) -> String {
    format!("{}: {}\n\n{}", card.id, card.title, card.markdown.trim_start())
}

/// Prints the list of rules.
pub fn rules(rules: &Rules) -> anyhow::Result<u8> {
    let knowledge = Knowledge::load(&Choices { rules: rules.rules.clone(), ..Choices::default() }, &[], Origin::Disk)?;
    let status = |card: &Card| match knowledge.standing.get(&card.id) {
        Some(Standing::Preview) => "preview",
        _ => "stable",
    };
    let mut out = Vec::new();
    match rules.format {
        ListFormat::Json => {
            let list: Vec<_> = knowledge
                .cards
                .iter()
                .map(|c| {
                    let frameworks: serde_json::Map<_, _> = c.frameworks.iter().map(|(k, ids)| (k.clone(), json!(ids))).collect();
                    json!({ "id": c.id, "title": c.title, "class": c.class, "band": c.band, "status": status(c), "precision": c.share, "frameworks": frameworks })
                })
                .collect();
            escape::write_json(&list, &mut out)?;
        }
        ListFormat::Text => {
            let width = knowledge.cards.iter().map(|c| c.id.len()).max().unwrap_or_default();
            for card in &knowledge.cards {
                let line = format!("{:width$}  {:8}  {:7}  {}\n", card.id, card.band.name(), status(card), escape::visible(&card.title));
                out.extend(line.into_bytes());
            }
        }
    }
    output::deliver(&out, None)?;
    Ok(0)
}
