//! Saved outputs of notebooks that run script when the notebook is opened. Reads them as they are written, tags and all; knows no library by name.

use std::sync::OnceLock;

use regex::Regex;

use super::Context;
use super::hygiene::told;
use crate::extract::notebook::texts::{Markup, markup, spot};
use crate::finding::{Alert, Location};
use crate::rule::placeholders::Values;
use crate::source::{Kind, Range, SourceFile};

/// Longer outputs are plots with their whole library inside.
const LONGEST: usize = 64 << 10;

/// Outputs that run code in the kernel, load script from elsewhere, talk to a host, or begin by themselves. One alert for each output.
pub fn runs(context: &Context<'_>) -> Vec<Alert> {
    let Some(page) = context.rules.get("notebook-output-runs") else { return Vec::new() };
    let mut out = Vec::new();
    for (id, file) in context.sources.iter().filter(|(_, f)| f.kind == Kind::Notebook) {
        for found in markup(&file.bytes, LONGEST, &may_run) {
            let Some((what, start, end)) = first(&found) else { continue };
            let range = found.text.range(start, end);
            let spot = spot(&file.bytes, range.start);
            let mut values = Values::new();
            values.insert("name", what);
            values.insert("place", format!("output {} of cell {}", spot.output.unwrap_or(1), spot.cell.unwrap_or(1)));
            let mut alert = told(context, page, Location { file: id, range }, page.level.unwrap_or(page.band), &values, Vec::new());
            alert.primary.range = Range { start: range.start, end: range.end.max(range.start) };
            out.push(alert);
        }
    }
    out
}

/// Whether a file has one.
pub fn any(file: &SourceFile) -> bool {
    file.kind == Kind::Notebook && markup(&file.bytes, LONGEST, &may_run).iter().any(|found| first(found).is_some())
}

/// A cheap necessary condition, of the text as it is written in the file.
fn may_run(raw: &[u8]) -> bool {
    static WORDS: OnceLock<Option<aho_corasick::AhoCorasick>> = OnceLock::new();
    let words = ["kernel.execute", "<script", "fetch(", "XMLHttpRequest", "sendBeacon", "onerror", "onload"];
    let build = || aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok();
    WORDS.get_or_init(build).as_ref().is_some_and(|w| w.is_match(raw))
}

/// What an output does, worst first, and where.
fn first(found: &Markup) -> Option<(String, usize, usize)> {
    static FORMS: OnceLock<Vec<(&str, Regex)>> = OnceLock::new();
    let forms = FORMS.get_or_init(|| {
        let all = [
            ("runs code in the kernel", r"(?i)\bkernel\.execute\s*\("),
            ("loads script from another host", r#"(?is)<script\b[^>]{0,400}?\bsrc\s*=\s*["']?(?:https?:)?//[^\s"'>]+"#),
            ("sends to or loads from a host by script", r#"\b(?:fetch|sendBeacon)\s*\(\s*["'`](?:https?:)?//|\bnew\s+XMLHttpRequest\b"#),
            ("runs script that an element of the page begins", r"(?is)<[a-z]+\b[^>]{0,400}?\son(?:error|load)\s*="),
        ];
        all.into_iter().filter_map(|(what, form)| Some((what, Regex::new(form).ok()?))).collect()
    });
    let text = found.text.as_str();
    forms.iter().filter(|(_, form)| found.is_html || !form.as_str().contains('<')).find_map(|(what, form)| {
        let m = form.find(text)?;
        Some(((*what).to_owned(), m.start(), m.end()))
    })
}
