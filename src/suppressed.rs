//! Dangerous calls, commands and settings beside a comment that silences another tool: what somebody decided not to hear of. None of these comments silences
//! pipevet; here they are listed, because such a line was looked at once, by whoever wrote the comment. Which comments are meant is said by `comment` rows.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::row::{Effect, Row, RowId};
use crate::detect::Context;
use crate::finding::{Alert, Cleared, ClearedKind, Location};
use crate::graph::Node;
use crate::source::{FileId, SourceFile};

/// Lines of one call that are looked at: comments stand at its beginning or its end.
const MOST_LINES: u32 = 200;

/// All such places, in order of the comment, then of what was done there.
pub fn suppressed(context: &Context, alerts: &[Alert]) -> Vec<Cleared> {
    let mut found: BTreeMap<(String, String), BTreeSet<Location>> = BTreeMap::new();
    let mut all: BTreeMap<String, BTreeSet<Location>> = BTreeMap::new();
    let mut known: Known = BTreeMap::new();
    for (node, rows) in context.index.classified() {
        let kinds: BTreeSet<&str> = rows.iter().filter_map(|id| sink(context, *id)).collect();
        if kinds.is_empty() {
            continue;
        }
        let at = Location { file: node.file, range: context.facts.fact(node).range };
        let file = context.sources.file(node.file);
        for row in comments(context, file, at, &mut known) {
            let what = format!("places beside `# {}`{}", row.subject.name(), owner(row));
            let reason = said(context, alerts, node, &kinds);
            all.entry(what.clone()).or_default().insert(at);
            found.entry((what, reason)).or_default().insert(at);
        }
    }
    let group = |((what, reason), places): ((String, String), BTreeSet<Location>)| {
        let of = all.get(&what).map_or(0, BTreeSet::len);
        Cleared { kind: ClearedKind::Suppressed, what, reason, of, places: places.into_iter().collect() }
    };
    found.into_iter().map(group).collect()
}

fn sink<'c>(context: &Context<'c>, id: RowId) -> Option<&'c str> {
    let catalog = context.catalog;
    catalog.row(id).effects.iter().find_map(|e| if let Effect::Sink { kind, .. } = e { Some(kind.as_str()) } else { None })
}

fn owner(row: &Row) -> String {
    let tools = row.effects.iter().find_map(|e| if let Effect::BelongsTo(tools) = e { Some(tools.join(", ")) } else { None });
    tools.map_or_else(String::new, |tools| format!(" of {tools}"))
}

/// What pipevet says of the place.
fn said(context: &Context, alerts: &[Alert], node: Node, kinds: &BTreeSet<&str>) -> String {
    let range = context.facts.fact(node).range;
    let there = |at: &Location| at.file == node.file && range.contains(at.range);
    let told = alerts.iter().filter(|a| there(&a.primary) || a.related.iter().any(|h| there(&h.at)));
    let rules: BTreeSet<String> = told.map(|a| format!("{} ({})", a.rule, a.severity.name())).collect();
    let kinds = kinds.iter().copied().collect::<Vec<_>>().join(", ");
    match rules.into_iter().collect::<Vec<_>>().as_slice() {
        [] => format!("{kinds}; no finding"),
        rules => format!("{kinds}; {}", rules.join(", ")),
    }
}

/// The rows of comments by file and line: a minified file has all that it holds on one line, which is read once.
type Known = BTreeMap<(FileId, u32), Vec<RowId>>;

/// The rows of comments on the lines of a place, and on a line of its own before it.
fn comments<'c>(context: &Context<'c>, file: &SourceFile, at: Location, known: &mut Known) -> Vec<&'c Row> {
    let lines = file.lines();
    let first = lines.line(at.range.start);
    let last = lines.line(at.range.end).min(first + MOST_LINES);
    let mut found: BTreeSet<RowId> = BTreeSet::new();
    for line in first.saturating_sub(1).max(1)..=last {
        let bytes = file.bytes.get(lines.range(line).bounds()).unwrap_or_default();
        if line < first && !bytes.trim_ascii_start().starts_with(b"#") {
            continue;
        }
        let of_line = || String::from_utf8_lossy(bytes).split('#').skip(1).flat_map(|comment| context.catalog.silencers(comment)).collect();
        found.extend(known.entry((at.file, line)).or_insert_with(of_line).iter().copied());
    }
    let mut out: Vec<&Row> = found.into_iter().map(|id| context.catalog.row(id)).collect();
    out.sort_by_key(|row| row.subject.name());
    out
}
