//! Why a place is an alert or is none, as text and as JSON. Knows no rule.

use std::io::{self, Write};

use serde::Serialize;

use super::json::Place;
use super::{escape, json, whole_place};
use crate::source::Sources;
use crate::why::{Topic, Why};

/// Writes the verdict and one line for each point.
pub fn write(place: (&str, u32), why: &Why, sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}:{}: {}", escape::visible(place.0), place.1, why.verdict)?;
    let mut last = None;
    for point in &why.points {
        let label = if last.replace(point.topic) == Some(point.topic) { "" } else { label(point.topic) };
        let at = point.at.map(|at| format!("  ({})", whole_place(at, sources))).unwrap_or_default();
        writeln!(out, "  {label:9} {}{at}", escape::visible(&point.text))?;
    }
    Ok(())
}

/// Writes the same as JSON, the shape `pipevet-why/1`.
pub fn write_json(place: (&str, u32), why: &Why, sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
    let point = |p: &crate::why::Point| PointOut {
        topic: p.topic,
        text: p.text.clone(),
        location: p.at.and_then(|at| json::place(at.file, at.range, sources)),
    };
    let whole =
        Whole { schema: "pipevet-why/1", file: place.0, line: place.1, verdict: &why.verdict, points: why.points.iter().map(point).collect() };
    escape::write_json(&whole, out)
}

#[derive(Serialize)]
struct Whole<'a> {
    schema: &'static str,
    file: &'a str,
    line: u32,
    verdict: &'a str,
    points: Vec<PointOut>,
}

#[derive(Serialize)]
struct PointOut {
    topic: Topic,
    text: String,
    location: Option<Place>,
}

fn label(topic: Topic) -> &'static str {
    match topic {
        Topic::Alert => "alert",
        Topic::Path => "path",
        Topic::Fact => "fact",
        Topic::Row => "row",
        Topic::Origin => "origin",
        Topic::Flag => "flag",
        Topic::Level => "level",
        Topic::Job => "job",
        Topic::Reached => "run by",
        Topic::Harmless => "harmless",
        Topic::Open => "open",
        Topic::Notice => "notice",
    }
}
