//! The texts of a notebook in which something may be written that is no code: sources, outputs, metadata, decoded as a reader sees them, without a tree and
//! without pictures, films and plots. Colours of a terminal and tags of HTML are taken out, so that a word they cut in two is whole again; the map still
//! leads to the file.

use std::cell::RefCell;

use crate::syntax::json::strings::{Step, Strings, walk, walk_with_keys};
use crate::text::Text;

/// Where in a notebook something stands, counted from one as people count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// The cell, none for what belongs to the whole notebook.
    pub cell: Option<u32>,
    /// The output of the cell.
    pub output: Option<u32>,
    /// The line of the cell's source or of the output's text.
    pub line: u32,
    /// Whether it is metadata rather than source or output.
    pub metadata: bool,
}

/// The key of Markdown and raw cells.
pub const PROSE: &str = "prose";

/// One text.
#[derive(Clone, Debug)]
pub struct Found {
    /// The key it stands under; [`PROSE`] for the source of a cell that is no code.
    pub key: String,
    /// The text.
    pub text: Text,
}

/// Keys shorter than this hold no secret.
const LONG: usize = 16;

/// Every text of a notebook that may matter, given its key and how it is written in the file, from its first string to its last. A long key is a text too: a
/// program may have used anything as one.
pub fn texts(bytes: &[u8], may_matter: &dyn Fn(&[u8], &[u8]) -> bool) -> Vec<Found> {
    let out = RefCell::new(Vec::new());
    // Keys stand in the order of the alphabet: the kind of a cell before its text.
    let mut code = true;
    // An escape may hide any letter; only those of plain letters could hide one that matters.
    let hidden = |raw: &[u8]| memchr::memmem::find(raw, b"\\u00").is_some();
    let mut named = |_: &[Step<'_>], strings: Strings<'_>| {
        let raw = strings.written();
        if raw.len() >= LONG && (may_matter(b"", raw) || hidden(raw)) {
            out.borrow_mut().push(Found { key: String::new(), text: plain(&strings.joined()) });
        }
    };
    walk_with_keys(bytes, &mut |path| is_text(path), &mut named, &mut |path, strings| {
        let name = key(path);
        if name == b"cell_type" {
            code = strings.raw().next() == Some(b"code");
            return;
        }
        let raw = strings.written();
        if may_matter(name, raw) || hidden(raw) {
            let key = if name == b"source" && !code { PROSE.to_owned() } else { String::from_utf8_lossy(name).into_owned() };
            out.borrow_mut().extend(decoded(path, strings).into_iter().map(|text| Found { key: key.clone(), text }));
        }
    });
    out.into_inner()
}

/// An output that a browser shows: HTML, a drawing, script.
#[derive(Clone, Debug)]
pub struct Markup {
    /// As written, tags and all.
    pub text: Text,
    /// Whether it is a page with tags; else script.
    pub is_html: bool,
}

/// The outputs of a notebook that a browser shows, of at most so many bytes, of which a string, as written in the file, may matter.
pub fn markup(bytes: &[u8], most: usize, may_matter: &dyn Fn(&[u8]) -> bool) -> Vec<Markup> {
    let mut out = Vec::new();
    walk(bytes, &mut |path| is_text(path), &mut |path, strings| {
        let name = key(path);
        let is_html = matches!(name, b"text/html" | b"html" | b"svg") || name.starts_with(b"image/svg");
        let shown = is_html || matches!(name, b"application/javascript" | b"javascript");
        let in_output = path.iter().any(|s| matches!(s, Step::Key(k) if *k == b"outputs"));
        if shown && in_output && strings.raw().map(<[u8]>::len).sum::<usize>() <= most && strings.raw().any(may_matter) {
            out.push(Markup { text: strings.joined(), is_html });
        }
    });
    out
}

/// Where a byte of a notebook stands.
pub fn spot(bytes: &[u8], at: u32) -> Spot {
    spots(bytes, &[at]).into_iter().next().unwrap_or_default()
}

/// Where bytes of a notebook stand, given in order.
pub fn spots(bytes: &[u8], all: &[u32]) -> Vec<Spot> {
    let out = RefCell::new(vec![Spot::default(); all.len()]);
    let found = |path: &[Step<'_>], strings: Strings<'_>| {
        let range = strings.range();
        let (first, last) = (all.partition_point(|at| *at < range.start), all.partition_point(|at| *at < range.end.max(range.start + 1)));
        if first >= last {
            return;
        }
        let number = |name: &[u8]| {
            path.windows(2).find_map(|pair| match pair {
                [Step::Key(key), Step::Item(n)] if *key == name => Some(n + 1),
                _ => None,
            })
        };
        // Items of a list have gone on counting up to its last one; a text counts from where it begins.
        let (mut line, mut done) = (1, range.start as usize);
        let mut parts = strings.parts.iter().copied().peekable();
        let under = |name: &[u8]| path.iter().any(|s| matches!(s, Step::Key(k) if *k == name));
        for (i, at) in all.iter().enumerate().take(last).skip(first) {
            let at = *at as usize;
            while let Some((start, end)) = parts.next_if(|(_, end)| *end <= at) {
                line += newlines(bytes, start.max(done), end);
                done = end;
            }
            if let Some((start, _)) = parts.peek() {
                line += newlines(bytes, (*start).max(done), at);
                done = done.max(at);
            }
            if let Some(spot) = out.borrow_mut().get_mut(i) {
                *spot = Spot { cell: number(b"cells"), output: number(b"outputs"), line, metadata: under(b"metadata") };
            }
        }
    };
    walk_with_keys(bytes, &mut |path| is_text(path), &mut |path, key| found(path, key), &mut |path, strings| found(path, strings));
    out.into_inner()
}

/// Ends of lines that the strings of a stretch stand for.
fn newlines(bytes: &[u8], start: usize, end: usize) -> u32 {
    let mut count = 0;
    let mut at = start;
    while let Some(found) = memchr::memchr(b'\\', bytes.get(at..end).unwrap_or_default()) {
        count += u32::from(bytes.get(at + found + 1) == Some(&b'n'));
        at += found + 2;
    }
    count
}

fn key<'b>(path: &[Step<'b>]) -> &'b [u8] {
    path.iter().rev().find_map(|s| if let Step::Key(key) = s { Some(*key) } else { None }).unwrap_or_default()
}

/// Whether the value of a key can be text that someone wrote: not pictures, films, plots, and not what programs name things by.
fn is_text(path: &[Step<'_>]) -> bool {
    let key = key(path);
    let media: [&[u8]; 7] =
        [b"audio/", b"video/", b"font/", b"application/pdf", b"application/octet-stream", b"application/vnd.plotly", b"application/vnd.bokeh"];
    let plots: [&[u8]; 2] = [b"application/vnd.vega", b"application/vnd.holoviews"];
    let picture = key.starts_with(b"image/") && !key.starts_with(b"image/svg");
    let old = matches!(key, b"png" | b"jpeg" | b"jpg" | b"pdf") && path.iter().any(|s| matches!(s, Step::Key(k) if *k == b"outputs"));
    let name = matches!(key, b"cell_id" | b"outputId" | b"model_id" | b"hash" | b"buffers" | b"output_type");
    !(picture || old || name || media.iter().chain(&plots).any(|m| key.starts_with(m)))
}

fn decoded(path: &[Step<'_>], strings: Strings<'_>) -> Vec<Text> {
    match key(path) {
        b"source" | b"input" | b"text" | b"text/plain" | b"text/markdown" | b"stdout" | b"stderr" => vec![plain(&strings.joined())],
        b"text/html" | b"html" | b"svg" => vec![without_tags(&strings.joined())],
        k if k.starts_with(b"image/svg") => vec![without_tags(&strings.joined())],
        _ => strings.lines().iter().map(plain).collect(),
    }
}

/// Without terminal colours.
fn plain(text: &Text) -> Text {
    let source = text.as_str();
    if !source.contains('\u{1b}') {
        return text.clone();
    }
    let mut out = Text::default();
    let mut from = 0;
    while let Some(at) = source.get(from..).and_then(|s| s.find('\u{1b}')).map(|i| from + i) {
        out.append(&text.slice(from, at));
        let rest = source.get(at + 1..).unwrap_or_default();
        // `ESC [ parameters letter`.
        let len =
            if rest.starts_with('[') { rest.bytes().take(32).position(|b| b.is_ascii_alphabetic() || b == b'~').map_or(1, |i| i + 1) } else { 0 };
        from = at + 1 + len;
    }
    out.append(&text.slice(from, text.len()));
    out
}

/// The text of HTML: brackets of tags become a space, the common entities their character.
fn without_tags(text: &Text) -> Text {
    let source = text.as_str();
    let mut out = Text::default();
    let (mut at, mut from) = (0, 0);
    let bytes = source.as_bytes();
    while let Some(&b) = bytes.get(at) {
        let rest = source.get(at..).unwrap_or_default();
        let found = match b {
            // What stands in a tag (`href`, `value`) is text as well.
            b'<' if rest.get(1..2).is_some_and(|c| c.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!'))) => Some((1, " ".to_owned())),
            b'>' => Some((1, " ".to_owned())),
            b'&' => entity(rest),
            _ => None,
        };
        match found {
            Some((len, with)) => {
                out.append(&text.slice(from, at));
                out.push(&with, text.range(at, at + len));
                at += len;
                from = at;
            }
            None => at += 1,
        }
    }
    out.append(&text.slice(from, text.len()));
    out
}

fn entity(rest: &str) -> Option<(usize, String)> {
    let end = rest.bytes().take(10).position(|b| b == b';')?;
    let name = rest.get(1..end)?;
    let c = match name {
        "quot" => '"',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((end + 1, c.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(source: &str) -> Vec<String> {
        let all = texts(source.as_bytes(), &|_, raw| !raw.is_empty());
        let shown = all.iter().map(|f| {
            let spot = spot(source.as_bytes(), f.text.whole().start);
            let place = [("cell", spot.cell), ("output", spot.output), ("line", Some(spot.line))];
            let place: Vec<String> = place.iter().filter_map(|(n, v)| Some(format!("{n} {}", (*v)?))).collect();
            format!("{}{}, {}: {:?}", place.join(" "), if spot.metadata { " metadata" } else { "" }, f.key, f.text.as_str())
        });
        shown.collect()
    }

    #[test]
    fn texts_as_a_reader_sees_them() {
        let source = r##"{"metadata": {"colab": {"name": "x.ipynb"}}, "cells": [
 {"cell_type": "markdown", "id": "a1", "metadata": {}, "source": ["# one\n", "two"], "attachments": {"p.png": {"image/png": "AAAA"}}},
 {"cell_type": "code", "id": "b2", "metadata": {"tags": ["t"]}, "source": "x = \"y\"", "outputs": [
  {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]},
  {"output_type": "display_data", "data": {"text/html": ["<td title=\"four\">f&quot;", "ive</td>"], "image/png": "AAAA", "application/vnd.plotly.v1+json": {"z": "no"}, "application/json": {"k": ["v"]}, "image/svg+xml": "<svg><text>s</text></svg>"}},
  {"output_type": "error", "ename": "E", "traceback": ["\u001b[0;31mse\u001b[0mven", "x"]}]}]}"##;
        let want = [
            "line 1 metadata, name: \"x.ipynb\"",
            "cell 1 line 1, id: \"a1\"",
            "cell 1 line 1, prose: \"# one\\ntwo\"",
            "cell 2 line 1, id: \"b2\"",
            "cell 2 line 1 metadata, tags: \"t\"",
            "cell 2 line 1, source: \"x = \\\"y\\\"\"",
            "cell 2 output 1 line 1, name: \"stdout\"",
            "cell 2 output 1 line 1, text: \"a\\nb\\n\"",
            "cell 2 output 2 line 1, text/html: \" td title=\\\"four\\\" f\\\"ive /td \"",
            "cell 2 output 2 line 1, : \"application/vnd.plotly.v1+json\"",
            "cell 2 output 2 line 1, : \"application/json\"",
            "cell 2 output 2 line 1, k: \"v\"",
            "cell 2 output 2 line 1, image/svg+xml: \" svg  text s /text  /svg \"",
            "cell 2 output 3 line 1, ename: \"E\"",
            "cell 2 output 3 line 1, traceback: \"seven\"",
            "cell 2 output 3 line 1, traceback: \"x\"",
        ];
        assert_eq!(show(source), want);
        assert_eq!(spot(source.as_bytes(), u32::try_from(source.find("two").unwrap()).unwrap()).line, 2);
    }

    #[test]
    fn the_old_format_and_broken_files() {
        let old = r#"{"worksheets": [{"cells": [{"cell_type": "code", "input": ["f(1)"], "outputs": [{"output_type": "pyout", "text": ["s"], "png": "AAAA"}]}]}]}"#;
        assert_eq!(show(old), ["cell 1 line 1, input: \"f(1)\"", "cell 1 output 1 line 1, text: \"s\""]);
        (0..old.len()).for_each(|cut| drop(show(old.get(..cut).unwrap())));
    }
}
