//! `pipevet explain`, `pipevet rules`, `pipevet config`: what a run would go by, for people and programs. Scans only where a policy accepts findings, to say
//! which of that is stale.

use serde_json::json;

use super::args::{Check, Choices, Config, Explain, ListFormat, Rules};
use super::knowledge::{Knowledge, Origin};
use super::output;
use crate::discover::{Options, discover};
use crate::notice::NoticeKind;
use crate::report::{Card, escape, policy};
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

/// Prints the policy that holds for paths.
pub fn config(config: &Config) -> anyhow::Result<u8> {
    let knowledge = Knowledge::load(&config.choices, &config.paths, Origin::Disk)?;
    let notices = if knowledge.config.ignores.is_empty() { Vec::new() } else { stale(config, &knowledge)? };
    let mut out = Vec::new();
    match config.format {
        ListFormat::Text => policy::text(&knowledge.config, &notices, config.origin, &mut out)?,
        ListFormat::Json => policy::json(&knowledge.config, &notices, &mut out)?,
    }
    output::deliver(&out, None)?;
    Ok(0)
}

/// What the policy says in vain, with its lines.
fn stale(config: &Config, knowledge: &Knowledge) -> anyhow::Result<Vec<String>> {
    let (sources, _) = discover(&config.paths, &Options::default())?;
    let check = Check { choices: config.choices.clone(), ..Check::default() };
    let (report, _) = knowledge.scan(&sources, Vec::new(), &super::check::policy(&check, knowledge)?);
    let said = report.notices.into_iter().filter(|n| n.kind == NoticeKind::Policy);
    Ok(said
        .map(|n| match (n.file, n.range) {
            (Some(file), Some(range)) => format!("{}:{}: {}", sources.file(file).shown, sources.file(file).lines().line(range.start), n.text),
            _ => n.text,
        })
        .collect())
}
