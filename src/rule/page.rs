//! One page: front matter and Markdown to a [`Page`], with every rule of the format checked.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::edits::edit;
use super::examples;
use super::pattern;
use super::placeholders;
use super::{By, COPIED, Framework, Page, Precision, Status};
use crate::catalog::fields::{Fault, Fields, LoadError, Read, Value, count, fraction, mapping, named, nearest, one_of, pairs, text, texts, yaml};
use crate::catalog::severity::Severities;
use crate::finding::{Severity, Tier};

/// Longest message, in characters.
const MESSAGE: usize = 110;
/// Sections that every page has.
const SECTIONS: [&str; 4] = ["Why", "Impact", "Fix", "Examples"];

/// Levels as front matter writes them.
pub const LEVELS: [(&str, Severity); 5] =
    [("info", Severity::Info), ("low", Severity::Low), ("medium", Severity::Medium), ("high", Severity::High), ("critical", Severity::Critical)];
const TIERS: [(&str, Tier); 3] = [("path", Tier::Path), ("risk", Tier::Risk), ("hygiene", Tier::Hygiene)];
const STRIDE: [(&str, ()); 6] = [
    ("spoofing", ()),
    ("tampering", ()),
    ("repudiation", ()),
    ("information-disclosure", ()),
    ("denial-of-service", ()),
    ("elevation-of-privilege", ()),
];

/// Reads a page.
pub fn page(file: &str, source: &str, user: bool, known: &Severities, frameworks: &BTreeMap<String, Framework>) -> Result<Page, LoadError> {
    let whole = |text: &str| LoadError { file: file.to_owned(), line: 1, column: 1, text: text.to_owned() };
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let after = source.strip_prefix("---\n").or_else(|| source.strip_prefix("---\r\n"));
    let after = after.ok_or_else(|| whole("a page begins with front matter between two lines `---`"))?;
    let mut at = 0;
    let mut lines = 1;
    let mut end = None;
    for line in after.split_inclusive('\n') {
        lines += 1;
        if line.trim_end() == "---" {
            end = Some((at, at + line.len()));
            break;
        }
        at += line.len();
    }
    let Some((end, body)) = end else { return Err(whole("the front matter has no closing line `---`")) };
    let front = yaml(file, after.get(..end).unwrap_or(""), 2)?;
    let markdown = after.get(body..).unwrap_or("");
    let mut page = front_matter(&front, user, known, frameworks).map_err(|f| f.place(file, source, 2, lines))?;
    page.file = file.to_owned();
    page.body = source.len() - markdown.trim_start().len();
    page.text = source.to_owned().into();
    let stem = file.rsplit('/').next().and_then(|n| n.strip_suffix(".md")).unwrap_or(file);
    if stem != page.id {
        return Err(Fault::new(format!("the file is `{stem}.md`, the id is `{}`: they must agree", page.id))
            .under("id")
            .place(file, source, 2, lines));
    }
    check_body(&mut page, markdown, lines + 1).map_err(|(line, text)| LoadError { file: file.to_owned(), line, column: 1, text })?;
    Ok(page)
}

/// `{ dockerfile: low }`: kinds of files and the level of what stands in them.
fn levels_by_place(value: &Value, known: &Severities) -> Read<Vec<(String, Severity)>> {
    let read = |(place, level): (String, String)| {
        let is_known = pattern::PLACES.contains(&place.as_str()) || place == COPIED || known.kinds().any(|k| k == place);
        if !is_known {
            return Err(Fault::new(format!("`{place}` is no kind of sink and none of {}, {COPIED}", pattern::PLACES.join(", "))));
        }
        Ok((place, named(&level, &LEVELS)?))
    };
    pairs(value)?.into_iter().map(read).collect()
}

fn front_matter(front: &Value, user: bool, known: &Severities, frameworks: &BTreeMap<String, Framework>) -> Read<Page> {
    let f = Fields::of(front, "front matter")?;
    let id = f.need("id", kebab)?;
    let class = f.need("class", |v| class(v, known))?;
    let level = f.read("level", |v| one_of(v, &LEVELS))?;
    let stated = known.is_stated(&class);
    if level.is_some() && !stated {
        return Err(Fault::new(format!("the level of class `{class}` is decided by severity.yml")).under("level"));
    }
    let level_in = f.read("level-in", |v| levels_by_place(v, known))?.unwrap_or_default();
    if level.is_none() && !level_in.is_empty() {
        return Err(Fault::new("`level-in` changes a `level` that is stated").under("level-in"));
    }
    let pattern = f.read("match", |v| pattern::pattern(v, known))?;
    let detector = f.read("detector", text)?;
    if stated && level.is_none() && detector.is_none() {
        return Err(Fault::new(format!("pages of class `{class}` need `level`")));
    }
    let by = match (pattern, detector) {
        (Some(p), None) => By::Match(Box::new(p)),
        (None, Some(d)) => By::Detector(d),
        _ => return Err(Fault::new("a page has `match` or `detector`, and not both")),
    };
    let once = f.read("once-per", |v| one_of(v, &[("slot", true)]))?.unwrap_or(false);
    if once && !matches!(&by, By::Match(pattern) if matches!(pattern.first.subject, pattern::Subject::Sink { .. })) {
        return Err(Fault::new("only a sink has a slot").under("once-per"));
    }
    let edits = f.each("edit", edit)?;
    let plain = matches!(&by, By::Match(pattern) if pattern.primary.is_none());
    if !plain && edits.iter().any(|e| e.kind.is_of_calls()) {
        return Err(Fault::new("calls are edited where findings stand at them: by a `match` without `primary`").under("edit"));
    }
    let status = f.need("status", |v| one_of(v, &Status::NAMES))?;
    let precision = f.read("precision", precision)?;
    if status == Status::Stable && precision.is_none() && !user {
        return Err(Fault::new("a stable rule says what was measured: `precision`").under("status"));
    }
    let sentence = |v: &Value| {
        let t = text(v)?;
        placeholders::check(&t)?;
        Ok(t)
    };
    let message = f.need("message", sentence)?;
    if message.chars().count() > MESSAGE {
        return Err(Fault::new(format!("the message has {} characters, at most {MESSAGE} fit", message.chars().count())).under("message"));
    }
    let page = Page {
        id,
        title: f.need("title", text)?,
        class,
        level,
        level_in,
        band: f.need("band", |v| one_of(v, &LEVELS))?,
        status,
        edition: f.need("edition", edition)?,
        tier: f.need("tier", |v| one_of(v, &TIERS))?,
        precision,
        also_known_as: f.read("also-known-as", lists)?.unwrap_or_default(),
        stride: f.read("stride", |v| texts(v)?.iter().map(|w| named(w, &STRIDE).map(|()| w.clone())).collect())?.unwrap_or_default(),
        frameworks: f.read("frameworks", |v| framework_ids(v, frameworks))?.unwrap_or_default(),
        once,
        by,
        message,
        fix: f.need("fix", sentence)?,
        edits,
        fine_if: f.read("fine-if", sentence)?.unwrap_or_default(),
        assumes: f.each("assumes", sentence)?,
        text: Cow::default(),
        body: 0,
        why: String::new(),
        examples: Vec::new(),
        file: String::new(),
        user,
    };
    f.finish()?;
    Ok(page)
}

fn check_body(page: &mut Page, markdown: &str, first: u32) -> Result<(), (u32, String)> {
    if examples::title(markdown) != Some(page.title.as_str()) {
        return Err((first, format!("the first heading must be the title: `# {}`", page.title)));
    }
    for name in SECTIONS {
        if examples::section(markdown, name).is_none_or(|s| s.is_empty()) {
            return Err((first, format!("the section `## {name}` is missing or empty")));
        }
    }
    page.why = examples::section(markdown, "Why").unwrap_or_default();
    page.examples = examples::cases(markdown, first);
    let marks = || page.examples.iter().flat_map(|c| &c.files).flat_map(|f| f.marks.iter().map(move |m| (f.line + m.line - 1, m)));
    if let Some((line, mark)) = marks().find(|(_, m)| m.word != page.id && m.word != "path") {
        return Err((line, format!("`# vet: {}` in the page of `{}`", mark.word, page.id)));
    }
    if !marks().any(|(_, m)| m.word == page.id) {
        return Err((first, format!("no example has a line that must be reported: `# vet: {}`", page.id)));
    }
    Ok(())
}

fn kebab(value: &Value) -> Read<String> {
    let id = text(value)?;
    let ok = !id.is_empty() && id.split('-').all(|w| !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
    if ok { Ok(id) } else { Err(Fault::new(format!("`{id}` is not kebab-case"))) }
}

fn class(value: &Value, known: &Severities) -> Read<String> {
    let class = text(value)?;
    if known.classes().any(|c| c == class) {
        return Ok(class);
    }
    let hint = nearest(&class, known.classes()).map_or(String::new(), |c| format!("; did you mean `{c}`?"));
    Err(Fault::new(format!("severity.yml has no class `{class}`{hint}")))
}

fn edition(value: &Value) -> Read<String> {
    let edition = text(value)?;
    let ok =
        edition.len() == 7 && edition.split_once('.').is_some_and(|(y, m)| y.len() == 4 && (y.parse::<u16>().is_ok()) && m.parse::<u8>().is_ok());
    if ok { Ok(edition) } else { Err(Fault::new(format!("`{edition}` is no edition: year and month, \"2026.11\""))) }
}

fn lists(value: &Value) -> Read<BTreeMap<String, Vec<String>>> {
    let entries = mapping(value).ok_or_else(|| Fault::new("expected a mapping of lists"))?;
    entries.iter().map(|e| Ok((text(&e.key)?, texts(&e.value)?))).collect()
}

fn framework_ids(value: &Value, known: &BTreeMap<String, Framework>) -> Read<BTreeMap<String, Vec<String>>> {
    let all = lists(value)?;
    for (name, ids) in &all {
        let Some(framework) = known.get(name) else {
            let hint = nearest(name, known.keys().map(String::as_str)).map_or(String::new(), |k| format!("; did you mean `{k}`?"));
            return Err(Fault::new(format!("frameworks.json has no framework `{name}`{hint}")).under(name));
        };
        if let Some(id) = ids.iter().find(|id| !framework.ids.contains_key(*id)) {
            return Err(Fault::new(format!("frameworks.json has no `{id}` under `{name}`")).under(id));
        }
    }
    Ok(all)
}

fn precision(value: &Value) -> Read<Precision> {
    let f = Fields::of(value, "`precision`")?;
    let share = |v: &Value| fraction(v).filter(|s| (0.0..=1.0).contains(s)).ok_or_else(|| Fault::new("a share is a number from 0 to 1"));
    let out = Precision { share: f.need("share", share)?, of: f.need("of", count)?, corpus: f.need("corpus", text)?, date: f.need("date", text)? };
    f.finish()?;
    Ok(out)
}
