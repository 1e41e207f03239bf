//! Dockerfiles as logical lines, by the builder's own rules: parser directives, continuations with comments and blank lines between them, and
//! here-documents. Knows no stage, no image and no shell.
//!
//! The builder has no grammar beyond lines, and neither has this reader: nothing that stands in one instruction (`<<<`, `1<<3`, a `[` at the start of a
//! line, a missing last line end) can make it lose the next one.

use crate::source::Range;
use crate::text::Text;

/// A Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct Dockerfile {
    /// `# syntax=` value.
    pub syntax: Option<Text>,
    /// The instructions in order.
    pub instructions: Vec<Instruction>,
    /// Places that the builder would refuse, with a sentence each.
    pub problems: Vec<(Range, &'static str)>,
}

/// An instruction.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// All of it, here-documents included.
    pub range: Range,
    /// In upper case.
    pub keyword: String,
    /// Where the keyword stands.
    pub head: Range,
    /// What follows it, as one line: continuations and the comments between them are gone.
    pub body: Text,
    /// Its here-documents.
    pub documents: Vec<Document>,
}

/// A here-document.
#[derive(Clone, Debug)]
pub struct Document {
    /// The delimiter, without quotes.
    pub name: String,
    /// Its lines.
    pub body: Text,
    /// The line that ends it.
    pub last: Text,
    /// `<<-`: leading tabs are dropped.
    pub tabs: bool,
    /// Where `<<NAME` stands in the instruction's body.
    pub mark: (usize, usize),
}

/// What the builder calls instructions.
const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Reads a Dockerfile.
pub fn parse(text: &Text) -> Dockerfile {
    let mut out = Dockerfile::default();
    let mut at = if text.as_str().starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut escape = '\\';
    while let Some((line, next)) = line(text, at) {
        let Some((name, value)) = directive(text.as_str().get(line.clone()).unwrap_or_default()) else { break };
        let start = line.end - value.len();
        match name.as_str() {
            "escape" => escape = value.chars().next().filter(|c| matches!(c, '\\' | '`')).unwrap_or('\\'),
            "syntax" => out.syntax = Some(text.slice(start, line.end)),
            _ => {}
        }
        at = next;
    }
    while let Some((first, next)) = line(text, at) {
        if skipped(text, &first) {
            at = next;
            continue;
        }
        at = instruction(text, first, next, escape, &mut out);
    }
    out
}

/// Reads the instruction whose first line is given; the start of the next line.
fn instruction(text: &Text, first: std::ops::Range<usize>, next: usize, escape: char, out: &mut Dockerfile) -> usize {
    let source = text.as_str();
    let start = first.start + leading_blanks(source.get(first.clone()).unwrap_or_default());
    let mut logical = Text::default();
    let (mut line_at, mut from, mut next) = (first, start, next);
    let mut end;
    loop {
        let content = source.get(from..line_at.end).unwrap_or_default();
        let kept = continued(content, escape);
        end = line_at.end;
        logical.append(&text.slice(from, from + kept.unwrap_or(content.len())));
        if kept.is_none() {
            break;
        }
        // Comments and blank lines between continued lines are not part of the instruction.
        let mut following = line(text, next);
        while let Some((range, after)) = following.clone().filter(|(range, _)| skipped(text, range)) {
            next = after;
            following = line(text, range.end.max(after));
        }
        let Some((range, after)) = following else { break };
        (from, line_at, next) = (range.start, range, after);
    }
    let keyword_len = logical.as_str().find(char::is_whitespace).unwrap_or(logical.len());
    let keyword = logical.as_str().get(..keyword_len).unwrap_or_default().to_ascii_uppercase();
    let head = logical.range(0, keyword_len);
    if !KEYWORDS.contains(&keyword.as_str()) {
        out.problems.push((text.range(start, end), "not an instruction of a Dockerfile"));
        return next;
    }
    let rest = logical.slice(keyword_len, logical.len());
    let body = rest.slice(leading_blanks(rest.as_str()), rest.as_str().trim_end().len());
    let mut documents = Vec::new();
    if takes_documents(&keyword, body.as_str()) {
        let mut after = next;
        for (mark, name, tabs) in marks(body.as_str()) {
            match document(text, after, &name, tabs) {
                Some((body, last, end)) => {
                    documents.push(Document { name, body, last, tabs, mark });
                    after = end;
                }
                // The builder refuses the file; another builder reads no here-document at all. Either way the following lines are instructions.
                None => out.problems.push((body.range(mark.0, mark.1), "a here-document does not end")),
            }
        }
        if after > next {
            next = after;
            end = after;
        }
    }
    out.instructions.push(Instruction { range: text.range(start, end), keyword, head, body, documents });
    next
}

/// The line at `at` without its end, and the start of the next.
fn line(text: &Text, at: usize) -> Option<(std::ops::Range<usize>, usize)> {
    let rest = text.as_str().as_bytes().get(at..).filter(|r| !r.is_empty())?;
    let n = rest.iter().position(|c| *c == b'\n');
    let end = at + n.unwrap_or(rest.len());
    let next = n.map_or(end, |n| at + n + 1);
    let cr = end > at && text.as_str().as_bytes().get(end - 1) == Some(&b'\r');
    Some((at..end - usize::from(cr), next))
}

fn leading_blanks(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Whether a line is blank or a comment.
fn skipped(text: &Text, line: &std::ops::Range<usize>) -> bool {
    let line = text.as_str().get(line.clone()).unwrap_or_default().trim_start();
    line.is_empty() || line.starts_with('#')
}

/// `# name=value` at the top of the file; the value is the end of the line.
fn directive(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.trim_start().strip_prefix('#')?.split_once('=')?;
    let name = name.trim();
    let known = !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric());
    known.then(|| (name.to_ascii_lowercase(), value.trim_start()))
}

/// How much of a line stands before the escape that continues it; `None` when it ends here.
fn continued(line: &str, escape: char) -> Option<usize> {
    let trimmed = line.trim_end_matches([' ', '\t']);
    let before = trimmed.strip_suffix(escape)?;
    // Two in a row are text.
    (!before.ends_with(escape)).then_some(before.len())
}

fn takes_documents(keyword: &str, body: &str) -> bool {
    let word = |w: &str| matches!(w, "RUN" | "COPY" | "ADD");
    word(keyword) || (keyword == "ONBUILD" && body.split_whitespace().next().is_some_and(|w| word(&w.to_ascii_uppercase())))
}

/// Words of the form `<<NAME`: place, name, whether tabs are dropped.
fn marks(body: &str) -> Vec<((usize, usize), String, bool)> {
    let mut out = Vec::new();
    for (start, end) in split(body) {
        let word = body.get(start..end).unwrap_or_default();
        let Some(rest) = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<") else { continue };
        let (tabs, rest) = rest.strip_prefix('-').map_or((false, rest), |r| (true, r));
        let name: String = rest.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
        if !name.is_empty() && !rest.contains('<') {
            out.push(((start, end), name, tabs));
        }
    }
    out
}

/// Words of a line: quotes keep blanks together.
pub fn split(body: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        if quote.is_none() && !escaped && c.is_whitespace() {
            if let Some(start) = start.take() {
                out.push((start, at));
            }
            continue;
        }
        start.get_or_insert(at);
        match (quote, c) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
    }
    out.extend(start.map(|s| (s, body.len())));
    out
}

/// The body and last line of a here-document that begins at `at`, and the start of the line after it.
fn document(text: &Text, at: usize, name: &str, tabs: bool) -> Option<(Text, Text, usize)> {
    let mut from = at;
    while let Some((range, next)) = line(text, from) {
        let content = text.as_str().get(range).unwrap_or_default().trim_end_matches('\r');
        let content = if tabs { content.trim_start_matches('\t') } else { content };
        if content == name {
            return Some((text.slice(at, from), text.slice(from, next), next));
        }
        from = next;
    }
    None
}

/// The strings of a JSON array, each decoded with its map; `None` when the text is anything else (the builder then takes it for shell).
pub fn strings(text: &Text) -> Option<Vec<Text>> {
    let bytes = text.as_str().as_bytes();
    let blank = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        at
    };
    let mut at = blank(0);
    if bytes.get(at) != Some(&b'[') {
        return None;
    }
    at = blank(at + 1);
    let mut out = Vec::new();
    if bytes.get(at) == Some(&b']') {
        return (blank(at + 1) == bytes.len()).then_some(out);
    }
    loop {
        let (string, end) = string(text, at)?;
        out.push(string);
        at = blank(end);
        match bytes.get(at)? {
            b',' => at = blank(at + 1),
            b']' => return (blank(at + 1) == bytes.len()).then_some(out),
            _ => return None,
        }
    }
}

/// The JSON string at `at`, and one past its closing quote.
fn string(text: &Text, at: usize) -> Option<(Text, usize)> {
    let bytes = text.as_str().as_bytes();
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let mut out = Text::default();
    let (mut from, mut at) = (at + 1, at + 1);
    loop {
        match bytes.get(at)? {
            b'"' => {
                out.append(&text.slice(from, at));
                if out.is_empty() {
                    out = Text::synthetic("", text.range(at, at));
                }
                return Some((out, at + 1));
            }
            b'\\' => {
                out.append(&text.slice(from, at));
                let hex = |at: usize| text.as_str().get(at..at + 4).and_then(|h| u32::from_str_radix(h, 16).ok());
                let (decoded, len) = match bytes.get(at + 1)? {
                    b'n' => ('\n', 2),
                    b't' => ('\t', 2),
                    b'r' => ('\r', 2),
                    b'b' => ('\u{8}', 2),
                    b'f' => ('\u{c}', 2),
                    c @ (b'"' | b'\\' | b'/') => (char::from(*c), 2),
                    b'u' => match (hex(at + 2)?, hex(at + 8)) {
                        (high @ 0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
                            (char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).unwrap_or('\u{fffd}'), 12)
                        }
                        (unit, _) => (char::from_u32(unit).unwrap_or('\u{fffd}'), 6),
                    },
                    _ => return None,
                };
                out.push(decoded.encode_utf8(&mut [0; 4]), text.range(at, at + len));
                at += len;
                from = at;
            }
            b'\n' => return None,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where an independent grammar reads a file without error, it sees the same instructions at the same places.
    #[test]
    fn an_independent_grammar_sees_the_same_instructions() {
        let code = "# syntax=docker/dockerfile:1\nARG A=b\nFROM a:1 AS x\n# c\nENV A=1 \\\n  B=2\n\nRUN a && \\\n# c\n  b\nRUN --mount=type=cache,target=/x <<EOF\nfrom y\nEOF\n\
                    COPY --from=x [\"a\", \"b\"]\nadd c d\nWORKDIR /x\nUSER u\nEXPOSE 80\nVOLUME /v\nLABEL a=b\nSTOPSIGNAL 9\nSHELL [\"sh\"]\nHEALTHCHECK CMD x\nONBUILD RUN y\n\
                    ENTRYPOINT [\"e\"]\nCMD c\n";
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_containerfile::LANGUAGE.into()).unwrap();
        let tree = parser.parse(code, None).unwrap();
        let root = tree.root_node();
        assert!(!root.has_error());
        let theirs: Vec<usize> = (0..root.named_child_count())
            .filter_map(|i| root.named_child(u32::try_from(i).unwrap()))
            .filter(|n| n.kind().ends_with("_instruction"))
            .map(|n| n.start_byte())
            .collect();
        let ours: Vec<usize> = parse(&Text::verbatim(code.as_bytes(), 0)).instructions.iter().map(|i| i.range.start as usize).collect();
        assert_eq!(ours, theirs);
        assert_eq!(ours.len(), 18);
    }

    #[test]
    fn strings_decode_with_their_places() {
        let text = Text::verbatim(br#"["a\"b", "\u00e9\ud83d\ude00", ""]"#, 100);
        let all = strings(&text).unwrap();
        assert_eq!(all.iter().map(Text::as_str).collect::<Vec<_>>(), ["a\"b", "\u{e9}\u{1f600}", ""]);
        assert_eq!(all[0].range(1, 2), Range::new(103, 105));
        for bad in ["[", "[\"a\"", "['a']", "[\"a\",]", "[a]", "[\"a\"] b", "[\"\\", "[\"\\u12"] {
            assert!(strings(&Text::verbatim(bad.as_bytes(), 0)).is_none(), "{bad}");
        }
    }
}
