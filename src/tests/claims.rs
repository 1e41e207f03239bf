//! What literate cases claim of lines besides alerts: facts, the origins of sinks, summaries. The grammar stands at `rule::examples`.

use super::harness::knowledge;
use super::show;
use crate::facts::{FileFacts, What};
use crate::finding::Alert;
use crate::flow::channels::Writers;
use crate::flow::resolve::functions;
use crate::flow::solver::{Cell, Solver, World};
use crate::flow::tables::Tables;
use crate::flow::tables::local::Local;
use crate::flow::value::Val;
use crate::flow::{FlagState, SinkHit};
use crate::graph::Node;
use crate::origin::{Mutable, Origin, Via, Who};
use crate::rule::examples::{Case, Claim};
use crate::scan::Model;
use crate::source::{FileId, Range, Sources};
use std::sync::Arc;

/// What does not hold, one sentence each.
pub fn unmet(case: &Case, tree: &Sources, model: &Model, alerts: &[Alert]) -> Vec<String> {
    let mut out = Vec::new();
    for file in &case.files {
        let Some((id, _)) = tree.iter().find(|(_, f)| f.path == file.path) else { continue };
        for claim in &file.claims {
            let said = match claim.about.as_str() {
                "fact" => fact(tree, model, id, claim),
                "origin" => origin(tree, model, id, claim),
                "level" => level(tree, alerts, id, claim),
                _ => summary(tree, model, id, claim),
            };
            out.extend(said.err().map(|said| format!("{}:{} {}: {} — {said}", file.path, claim.line, claim.about, claim.text)));
        }
    }
    out
}

fn line(tree: &Sources, file: FileId, range: Range) -> u32 {
    tree.file(file).lines().line(range.start)
}

fn fact(tree: &Sources, model: &Model, file: FileId, claim: &Claim) -> Result<(), String> {
    let facts = model.facts.file(file);
    let here = facts.iter().filter(|(_, f)| line(tree, file, f.range) == claim.line);
    let shown: Vec<String> = here.filter_map(|(id, _)| show::fact(facts, id)).collect();
    let begins = |shown: &String| {
        let rest = shown.strip_prefix(claim.text.as_str());
        rest.is_some_and(|r| !r.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.'))
    };
    if shown.iter().any(begins) { Ok(()) } else { Err(format!("there is {shown:?}")) }
}

fn level(tree: &Sources, alerts: &[Alert], file: FileId, claim: &Claim) -> Result<(), String> {
    let here = alerts.iter().filter(|a| a.primary.file == file && line(tree, file, a.primary.range) == claim.line);
    let levels: Vec<&str> = here.map(|a| a.severity.name()).collect();
    if !levels.is_empty() && levels.iter().all(|l| *l == claim.text) { Ok(()) } else { Err(format!("there is {levels:?}")) }
}

fn origin(tree: &Sources, model: &Model, file: FileId, claim: &Claim) -> Result<(), String> {
    let hits: Vec<&SinkHit> = model.flow.hits.iter().filter(|h| h.place.file == file && line(tree, file, h.place.range) == claim.line).collect();
    let told: Vec<String> = hits.iter().map(|h| tell(h)).collect();
    let met = if claim.text == "none" {
        hits.is_empty()
    } else {
        let words: Vec<&str> = claim.text.split_whitespace().collect();
        let mut met = false;
        for hit in hits {
            met |= words.iter().map(|w| word(hit, w)).collect::<Result<Vec<bool>, String>>()?.into_iter().all(|w| w);
        }
        met
    };
    if met { Ok(()) } else { Err(format!("there is {told:?}")) }
}

/// Whether one word of a claim holds for a hit.
fn word(hit: &SinkHit, word: &str) -> Result<bool, String> {
    let (key, value) = word.split_once('=').unwrap_or((word, ""));
    Ok(match key {
        "name" => is_origin(hit.name, value)?,
        "bytes" => is_origin(hit.bytes, value)?,
        "via" => hit.bytes.via.has(Via::named(value).ok_or_else(|| format!("there is no label `{value}`"))?),
        "subject" => hit.subject.as_deref() == Some(value),
        "flag" => flag(&hit.flag) == value,
        "doubts" => hit.doubts.len().to_string() == value,
        "open" => hit.bytes.open,
        "unknown" => !hit.bytes.known,
        kind if value.is_empty() && knowledge().0.class_of(kind).is_some() => hit.kind == kind,
        _ => return Err(format!("`{word}` means nothing")),
    })
}

/// `publisher/moving`, `publisher`.
fn is_origin(origin: Origin, text: &str) -> Result<bool, String> {
    let (who, mutable) = text.split_once('/').map_or((text, None), |(who, mutable)| (who, Some(mutable)));
    let known = Who::NAMES.iter().any(|(n, _)| *n == who) && mutable.is_none_or(|m| Mutable::NAMES.iter().any(|(n, _)| *n == m));
    if !known {
        return Err(format!("`{text}` is no origin"));
    }
    Ok(origin.who.name() == who && mutable.is_none_or(|m| origin.mutable.name() == m))
}

fn flag(state: &FlagState) -> &'static str {
    match state {
        FlagState::None => "none",
        FlagState::Safe => "safe",
        FlagState::Unsafe => "unsafe",
        FlagState::Hole(_) => "hole",
        FlagState::Unsettled(_) => "unsettled",
        FlagState::Dynamic => "dynamic",
    }
}

fn tell(hit: &SinkHit) -> String {
    let (open, unknown) = (if hit.bytes.open { " open" } else { "" }, if hit.bytes.known { "" } else { " unknown" });
    let subject = hit.subject.as_deref().map(|s| format!(" subject={s}")).unwrap_or_default();
    let via: String = Via::NAMES.iter().filter(|(_, v)| hit.bytes.via.has(*v)).map(|(n, _)| format!(" via={n}")).collect();
    let (name, bytes) = (show_origin(hit.name), show_origin(hit.bytes));
    format!("{} name={name} bytes={bytes}{via}{open}{unknown} flag={}{subject} doubts={:?}", hit.kind, flag(&hit.flag), hit.doubts)
}

fn show_origin(origin: Origin) -> String {
    format!("{}/{}", origin.who.name(), origin.mutable.name())
}

fn summary(tree: &Sources, model: &Model, file: FileId, claim: &Claim) -> Result<(), String> {
    let facts = model.facts.file(file);
    let fits = |what: &What| matches!(what, What::Function { .. } | What::Class { .. });
    let found = facts.iter().find(|(_, f)| fits(&f.what) && line(tree, file, f.range) == claim.line).map(|(fact, _)| Node { file, fact });
    let node = found.ok_or_else(|| "no function or class begins there".to_owned())?;
    let world = World { index: &model.index, facts: &model.facts, graph: &model.graph, catalog: knowledge().0 };
    let local: Vec<_> = world.facts.files.iter().map(|f| Arc::new(Local::new(f))).collect();
    let mut tables = Tables::new(world.index, world.facts, &local);
    functions::settle(&mut tables, world.index, world.facts, world.catalog);
    let writers = Writers::new(world, &tables);
    let mut solver = Solver::new(world, &tables, &writers);
    for part in claim.text.split(';').map(str::trim) {
        let said = if let Some(rest) = part.strip_prefix("returns <- ") {
            let val = solver.settled(|s| s.get(Cell::Return(node)));
            let mut names = params(facts, node, &val);
            names.sort();
            let mut wanted: Vec<String> = rest.split(',').map(|n| n.trim().to_owned()).filter(|n| n != "nothing").collect();
            wanted.sort();
            (names == wanted).then_some(()).ok_or(format!("returns <- {}", names.join(", ")))
        } else if let Some(rest) = part.strip_prefix("returns ") {
            let val = solver.settled(|s| s.get(Cell::Return(node)));
            holds(&val, rest)
        } else if let Some(rest) = part.strip_prefix("field ") {
            let (name, rest) = rest.split_once(' ').ok_or_else(|| format!("`{part}` means nothing"))?;
            let val = solver.settled(|s| s.get(Cell::Field(node, name.to_owned())));
            holds(&val, rest)
        } else if let Some(name) = part.strip_prefix("validates ") {
            let checked = solver.validates(node);
            let names: Vec<String> = checked.iter().filter_map(|i| param(facts, node, *i)).collect();
            names.iter().any(|n| n == name).then_some(()).ok_or(format!("validates {}", names.join(", ")))
        } else if let Some((name, kind)) = part.split_once(" -> ") {
            let sinks = solver.sinks(&(0..u32::MAX));
            let own = sinks.iter().filter(|(sink, needs)| sink.kind == kind && params(facts, node, &needs.value).iter().any(|n| n == name));
            (own.count() > 0).then_some(()).ok_or_else(|| "it reaches none".to_owned())
        } else {
            Err(format!("`{part}` means nothing"))
        };
        said?;
    }
    Ok(())
}

fn holds(val: &Val, text: &str) -> Result<(), String> {
    for word in text.split_whitespace() {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("`{word}` means nothing"))?;
        let origin = match key {
            "name" => val.name,
            "bytes" => val.bytes,
            _ => return Err(format!("`{word}` means nothing")),
        };
        if !is_origin(origin, value)? {
            return Err(format!("{key}={}", show_origin(origin)));
        }
    }
    Ok(())
}

fn param(facts: &FileFacts, node: Node, index: u32) -> Option<String> {
    match &facts.fact(node.fact).what {
        What::Function { params, .. } => params.get(index as usize).map(|p| p.name.clone()),
        _ => None,
    }
}

/// Parameters of a function that a value depends on.
fn params(facts: &FileFacts, node: Node, val: &Val) -> Vec<String> {
    let deps = val.deps.iter().filter(|d| d.of == node).map(|d| d.index);
    let mut indices: Vec<u32> = deps.chain(val.consts.params.iter().filter(|p| p.0 == node).map(|p| p.1)).collect();
    indices.sort_unstable();
    indices.dedup();
    indices.into_iter().filter_map(|i| param(facts, node, i)).collect()
}
