//! Python where it stands: a file, a cell of a notebook, a text inside another file. Changes are said in the program's own text and made on the bytes of
//! the file, written as that file writes text. Knows no rule.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use crate::extract::notebook;
use crate::facts::{FileFacts, Language, V, What};
use crate::finding::{Edit, Location};
use crate::fix::head::{Head, is_import_of};
use crate::fix::literal::is_bound_otherwise;
use crate::source::{FileId, Kind, Range, SourceFile};
use crate::syntax::python::{Node, Tree, parse};
use crate::text::Text;

/// A replaced stretch of the program's text; `start == end` inserts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// First byte that goes.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// What stands there instead. Lines end in `\n`; the file's own line end is put in.
    pub text: String,
}

impl Change {
    /// A stretch goes.
    pub fn cut(start: usize, end: usize) -> Change {
        Change { start, end, text: String::new() }
    }
    /// A stretch is replaced.
    pub fn new(start: usize, end: usize, text: impl Into<String>) -> Change {
        Change { start, end, text: text.into() }
    }
}

/// A program with the way back to its file.
pub struct Carrier {
    /// Its file.
    pub file: FileId,
    /// As it stands.
    pub text: Text,
    /// What the grammar reads in it.
    pub tree: Tree,
    form: Form,
    asked: Asked,
}

/// What was asked of a program: many findings of it ask the same, and each answer takes a walk through all of it.
#[derive(Default)]
struct Asked {
    /// Names, and whether the program binds them otherwise than by an import.
    bound: RefCell<BTreeMap<String, bool>>,
    /// Modules, and where the first statement stands that imports them under their own name.
    imports: RefCell<BTreeMap<String, Option<usize>>>,
    head: OnceCell<Head>,
}

/// How the file writes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// It is the text.
    File,
    /// As strings of JSON.
    Json,
    /// Inside another language, which leaves its letters alone; between these quotes, if any.
    Inside(Option<u8>),
}

/// The programs of a file, in order. A text inside another file that is not written there letter by letter is none.
pub fn carriers(id: FileId, file: &SourceFile, facts: &FileFacts) -> Vec<Carrier> {
    match file.kind {
        Kind::Python => whole(id, file).into_iter().collect(),
        Kind::Notebook => {
            let cells = notebook::python(&file.bytes).into_iter();
            cells
                .filter_map(|(text, masked)| Some(Carrier { file: id, tree: parse(&masked)?, text, form: Form::Json, asked: Asked::default() }))
                .collect()
        }
        _ => inside(id, file, facts),
    }
}

fn whole(id: FileId, file: &SourceFile) -> Option<Carrier> {
    let text = Text::verbatim(&file.bytes, 0);
    Some(Carrier { file: id, tree: parse(text.as_str())?, text, form: Form::File, asked: Asked::default() })
}

/// Texts that were read as modules: of values, those that are the whole of one.
fn inside(id: FileId, file: &SourceFile, facts: &FileFacts) -> Vec<Carrier> {
    let python = |what: &What| matches!(what, What::Module { language: Language::Python });
    let modules: BTreeSet<Range> = facts.items.iter().filter(|f| python(&f.what)).map(|f| f.range).collect();
    let mut out: Vec<Carrier> = Vec::new();
    for value in &facts.values {
        let V::Str(text) = &value.what else { continue };
        let range = text.whole();
        if text.is_empty() || !modules.contains(&range) || out.iter().any(|c| c.text.whole() == range) || !is_verbatim(text, file) {
            continue;
        }
        let beside = |at: Option<u32>| at.and_then(|at| file.bytes.get(at as usize)).copied();
        let quote = beside(range.start.checked_sub(1)).filter(|b| matches!(b, b'"' | b'\'') && beside(Some(range.end)) == Some(*b));
        if let Some(tree) = parse(text.as_str()) {
            out.push(Carrier { file: id, tree, text: Text::clone(text), form: Form::Inside(quote), asked: Asked::default() });
        }
    }
    out
}

/// Whether each letter is the file's, line ends and the indentation before lines apart.
fn is_verbatim(text: &Text, file: &SourceFile) -> bool {
    let source = text.as_str();
    let mut at = 0;
    let mut from = None;
    for (start, end, place) in text.linear_runs() {
        let gap = file.bytes.get(from.unwrap_or(place)..place).unwrap_or_default();
        let blank = gap.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
        let skipped = source.get(at..start).unwrap_or_default();
        let fresh = start == 0 || gap.is_empty() || source.get(..start).is_some_and(|s| s.ends_with('\n'));
        if !blank || !fresh || !skipped.bytes().all(|b| b == b'\n') || file.bytes.get(place..place + end - start) != source.as_bytes().get(start..end)
        {
            return false;
        }
        (at, from) = (end, Some(place + end - start));
    }
    source.get(at..).is_some_and(|rest| rest.bytes().all(|b| b == b'\n'))
}

impl Carrier {
    /// The stretch of the text that stands at a range of the file.
    pub fn stretch(&self, range: Range) -> Option<(usize, usize)> {
        let start = self.text.position(range.start)?;
        let last = self.text.position(range.end.checked_sub(1)?)?;
        let mut end = last + 1;
        while !self.text.as_str().is_char_boundary(end) {
            end += 1;
        }
        // An escape may stand for a character of several bytes.
        while end < self.text.len() && self.text.range(end, end + 1) == self.text.range(last, last + 1) {
            end += 1;
        }
        (start < end).then_some((start, end))
    }
    /// Whether the program gives a name another meaning than that of a module.
    pub fn binds(&self, name: &str) -> bool {
        let known = self.asked.bound.borrow().get(name).copied();
        known.unwrap_or_else(|| {
            let found = is_bound_otherwise(self.tree.root(), name);
            self.asked.bound.borrow_mut().insert(name.to_owned(), found);
            found
        })
    }
    /// Where the module itself first imports another one under its own name.
    pub fn imports(&self, module: &str) -> Option<usize> {
        let known = self.asked.imports.borrow().get(module).copied();
        known.unwrap_or_else(|| {
            let found = self.tree.root().named().into_iter().find(|s| is_import_of(*s, module)).map(Node::start);
            self.asked.imports.borrow_mut().insert(module.to_owned(), found);
            found
        })
    }
    /// The statements of the module itself.
    pub fn head(&self) -> &Head {
        self.asked.head.get_or_init(|| Head::of(self.tree.root(), self.text.as_str()))
    }
    /// Whether it is a file of its own.
    pub fn is_file(&self) -> bool {
        self.form == Form::File
    }
    /// Whether it is one line of a command.
    pub fn is_line(&self) -> bool {
        matches!(self.form, Form::Inside(_)) && !self.text.as_str().contains('\n')
    }
    /// Its line end.
    pub fn newline(&self) -> &'static str {
        match self.text.as_str().find('\n') {
            Some(at) if self.text.as_str().get(..at).is_some_and(|s| s.ends_with('\r')) => "\r\n",
            None if self.text.as_str().contains('\r') => "\r",
            _ => "\n",
        }
    }
    /// The edit of the file that makes a change of the text, or why there is none.
    pub fn edit(&self, change: &Change, file: &SourceFile) -> Result<Edit, String> {
        let source = self.text.as_str();
        let text = if self.newline() == "\n" { change.text.clone() } else { change.text.replace('\n', self.newline()) };
        if let Form::Inside(Some(quote)) = self.form
            && text.bytes().any(|b| b == quote || matches!(b, b'\\' | b'$' | b'`'))
        {
            return Err("the program stands between quotes of another language, and the edit needs such quotes".to_owned());
        }
        if self.form == Form::File {
            return Ok(self.located(Range::new(change.start, change.end), text));
        }
        let (start, end) = (change.start, change.end);
        let starts = |at: usize| self.text.range(at, at + 1).start;
        let ends = |at: usize| self.text.range(at - 1, at).end;
        // Between the strings of a list, or before the indentation of a line, bytes of the file stand that the text does not have.
        let gap_at = |at: usize| at > 0 && at < source.len() && ends(at) != starts(at);
        let mut range = match (start == end, start == source.len()) {
            (true, true) if start > 0 => Range { start: ends(start), end: ends(start) },
            (true, _) => self.text.range(start, start),
            (false, _) => Range { start: starts(start), end: ends(end) },
        };
        if start < end && gap_at(end) && !text.ends_with('\n') {
            match gap_at(start) {
                // Whole lines go with what stands between them.
                true if text.is_empty() => range.start = ends(start),
                _ => range.end = starts(end),
            }
        } else if start < end && text.is_empty() && end == source.len() && gap_at(start) {
            range.start = ends(start);
        }
        if self.form == Form::Json && (start, end) == (0, source.len()) && text.is_empty() {
            range = listed(range, &file.bytes).unwrap_or(range);
        }
        let between = self.gap(start, file);
        // Whether letters of the text follow at once; else the file itself has what stands between two lines.
        let follows = end < source.len() && range.end == starts(end);
        // Behind the last line end a new line begins.
        let fresh = start == end && start > 0 && start == source.len() && source.ends_with('\n') && !text.is_empty();
        let mut out = if fresh { between.clone() } else { String::new() };
        let mut lines = text.split_inclusive('\n').peekable();
        while let Some(line) = lines.next() {
            match self.form {
                Form::Json => out.push_str(&escaped(line)),
                _ => out.push_str(&self.ended(line, file)),
            }
            if line.ends_with('\n') && (follows || lines.peek().is_some()) {
                out.push_str(&between);
            }
        }
        Ok(self.located(range, out))
    }

    fn located(&self, range: Range, text: String) -> Edit {
        Edit { at: Location { file: self.file, range }, text }
    }
    /// A line with the line end of the file around it.
    fn ended(&self, line: &str, file: &SourceFile) -> String {
        let first = self.text.as_str().find('\n').map(|at| self.text.range(at, at + 1));
        let own = first.and_then(|r| file.bytes.get(r.bounds())).filter(|b| *b == b"\r\n");
        match line.strip_suffix('\n') {
            Some(plain) if own.is_some() && !plain.ends_with('\r') => format!("{plain}\r\n"),
            _ => line.to_owned(),
        }
    }
    /// What the file writes between a line and the next one, as it does around `at`.
    fn gap(&self, at: usize, file: &SourceFile) -> String {
        let source = self.text.as_str();
        let raw = |start: u32, end: u32| file.bytes.get(start as usize..end as usize).map(|b| String::from_utf8_lossy(b).into_owned());
        let of = |line: usize| raw(self.text.range(line - 1, line).end, self.text.range(line, line + 1).start);
        let before = source.get(..at).and_then(|s| s.rfind('\n')).map(|i| i + 1).filter(|i| *i < source.len());
        let after = source.get(at..).and_then(|s| s.find('\n')).map(|i| at + i + 1).filter(|i| *i < source.len());
        if let Some(gap) = before.or(after).and_then(of) {
            return gap;
        }
        if self.form != Form::Json {
            // The only line: its own indentation.
            let start = self.text.range(0, 0).start;
            let lead = raw(file.lines().range(file.lines().line(start)).start, start).unwrap_or_default();
            return if lead.bytes().all(|b| matches!(b, b' ' | b'\t')) { lead } else { String::new() };
        }
        // The only line of a list: what stands before it stands between two.
        let open = self.text.range(0, 0).start.saturating_sub(1) as usize;
        let head = file.bytes.get(..open).unwrap_or_default();
        let blank = head.iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
        let white = head.get(head.len() - blank..).map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default();
        match head.get(..head.len() - blank).and_then(<[u8]>::last) {
            Some(b'[') if white.is_empty() => "\", \"".to_owned(),
            Some(b'[') => format!("\",{white}\""),
            _ => String::new(),
        }
    }
}

/// Strings with the inside of the list around them, where they are all of it.
fn listed(range: Range, bytes: &[u8]) -> Option<Range> {
    let before = bytes.get(..range.start as usize)?.strip_suffix(b"\"")?;
    let after = bytes.get(range.end as usize..)?.strip_prefix(b"\"")?;
    let (head, tail) = (before.trim_ascii_end(), after.trim_ascii_start());
    (head.ends_with(b"[") && tail.starts_with(b"]")).then(|| Range::new(head.len(), bytes.len() - tail.len()))
}

/// Text as it stands in a string of JSON.
fn escaped(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lines as the strings of a list, or as one string; what is none of the source must stay as it is.
    fn notebook(lines: &[String], form: usize) -> String {
        let strings: Vec<String> = lines.iter().map(|l| serde_json::to_string(l).unwrap()).collect();
        let source = match form {
            0 => format!("[\n    {}\n   ]", strings.join(",\n    ")),
            1 => format!("[{}]", strings.join(", ")),
            _ => serde_json::to_string(&lines.concat()).unwrap(),
        };
        format!("{{\"cells\": [{{\"cell_type\": \"code\", \"source\": {source}, \"outputs\": []}}], \"metadata\": {{}}}}\n")
    }

    fn program(file: &SourceFile) -> Carrier {
        carriers(FileId(0), file, &FileFacts::default()).into_iter().next().unwrap()
    }

    fn edited(carrier: &Carrier, file: &SourceFile, change: &Change) -> String {
        let edit = carrier.edit(change, file).unwrap();
        let mut bytes = file.bytes.clone();
        bytes.splice(edit.at.range.bounds(), edit.text.bytes());
        String::from_utf8(bytes).unwrap()
    }

    /// A stretch of a text at its characters' ends, and the text with it replaced.
    fn stretch(text: &str, a: usize, b: usize, with: &str) -> (Change, String) {
        let ends: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
        let (a, b) = (ends[a % ends.len()], ends[b % ends.len()]);
        let (start, end) = (a.min(b), a.max(b));
        (Change::new(start, end, with), format!("{}{with}{}", text.get(..start).unwrap(), text.get(end..).unwrap()))
    }

    proptest! {
        #[test]
        fn strings_of_json_read_as_the_changed_text(
            lines in prop::collection::vec("[a-c\"\\\\\u{e9}\u{1f600} ]{0,5}", 1..6),
            ended in any::<bool>(),
            form in 0usize..3,
            a in 0usize..40,
            b in 0usize..40,
            with in "[x\"\\n]{0,4}",
        ) {
            let last = lines.len() - 1;
            let lines: Vec<String> = lines.iter().enumerate().map(|(i, l)| if i == 0 { format!("v{l}") } else { l.clone() }).collect();
            let lines: Vec<String> = lines.iter().enumerate().map(|(i, l)| if i < last || ended { format!("{l}\n") } else { l.clone() }).collect();
            let text = lines.concat();
            prop_assume!(!text.is_empty());
            let file = SourceFile::new("n.ipynb", Kind::Notebook, notebook(&lines, form).into_bytes());
            let carrier = program(&file);
            prop_assert_eq!(carrier.text.as_str(), &text);
            let (change, wanted) = stretch(&text, a, b, &with);
            let after = edited(&carrier, &file, &change);
            let json: serde_json::Value = serde_json::from_str(&after).unwrap();
            let source = &json["cells"][0]["source"];
            let read = source.as_array().map_or_else(
                || source.as_str().unwrap().to_owned(),
                |all| all.iter().map(|l| l.as_str().unwrap()).collect(),
            );
            prop_assert_eq!(read, wanted, "{}", after);
            prop_assert_eq!(source.is_array(), form < 2);
        }

        #[test]
        fn indented_lines_read_as_the_changed_text(
            lines in prop::collection::vec("[a-c]{1,4}", 1..6),
            crlf in any::<bool>(),
            a in 0usize..40,
            b in 0usize..40,
            with in "(x|x\ny|\nz|w\n)?",
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let head = "run: |";
            let mut bytes = format!("{head}{end}");
            let mut text = Text::default();
            for line in &lines {
                bytes.push_str("    ");
                text.push(line, Range::new(bytes.len(), bytes.len() + line.len()));
                bytes.push_str(line);
                text.push("\n", Range::new(bytes.len(), bytes.len() + end.len()));
                bytes.push_str(end);
            }
            let source = text.as_str().to_owned();
            let file = SourceFile::new("w.yml", Kind::Workflow, bytes.into_bytes());
            let carrier = Carrier { file: FileId(0), tree: parse(&source).unwrap(), text, form: Form::Inside(None), asked: Asked::default() };
            prop_assert!(is_verbatim(&carrier.text, &file));
            let (change, wanted) = stretch(&source, a, b, &with);
            // A line end that is joined to the next line, or a text that loses its last one, is never asked for.
            prop_assume!(wanted.ends_with('\n') && !wanted.contains("\n\n") && !wanted.starts_with('\n'));
            let after = edited(&carrier, &file, &change);
            let body = after.strip_prefix(&format!("{head}{end}")).unwrap();
            let read: String = body.split_inclusive('\n').map(|l| l.strip_prefix("    ").unwrap_or("?").replace("\r\n", "\n")).collect();
            prop_assert_eq!(read, wanted, "{}", after);
            prop_assert_eq!(after.matches('\n').count(), if crlf { after.matches("\r\n").count() } else { after.matches('\n').count() });
        }
    }
}
