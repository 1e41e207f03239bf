//! Notebooks to facts: cells in file order as one module, commands between the statements; outputs and metadata are no facts but [`texts`]. Knows the notebook
//! format (3 and 4) and IPython's own words; no program and no other file.

mod magic;
pub mod texts;

use crate::extract::ignores;
use crate::extract::python::{Lower, Unit, snippet};
use crate::extract::shell;
use crate::facts::{Builder, CellKind, Channel, FileFacts, Language, V, What};
use crate::notice::NoticeKind;
use crate::source::Range;
use crate::syntax::json;
use crate::syntax::yaml::Node;
use crate::text::Text;
use magic::Body;

/// A cell as read from the file.
struct Cell<'n> {
    node: &'n Node,
    kind: CellKind,
    id: Option<String>,
    count: Option<u32>,
    tags: Vec<String>,
    text: Text,
    body: Body,
}

/// The facts of a notebook.
pub fn notebook(bytes: &[u8]) -> FileFacts {
    let (documents, notices) = json::parse_joined(bytes, is_payload, is_lines);
    let mut b = Builder::default();
    b.facts.notices = notices;
    let whole = Range::new(0, bytes.len());
    let root = documents.first();
    let language = root.map_or(Language::Python, kernel);
    let module = b.add(whole, What::Module { language });
    b.enter(module);
    b.open(whole, "", false);
    if let Some(root) = root {
        let list = root.entries().iter().any(|e| matches!(e.name(), Some("cells" | "worksheets")));
        if !list {
            b.notice(whole, NoticeKind::PartlyUnderstood, "no cells: not read as a notebook");
        }
        let cells = cells(root, language);
        walk(&cells, module, language, &mut b);
    }
    b.shut();
    b.leave();
    b.finish()
}

/// The Python of each cell that has some: as it stands, and as the grammar reads it, with IPython's own words masked.
pub fn python(bytes: &[u8]) -> Vec<(Text, String)> {
    let (documents, _) = json::parse_joined(bytes, is_payload, is_lines);
    let Some(root) = documents.first() else { return Vec::new() };
    let code = |cell: Cell<'_>| match cell.body {
        Body::Python(from) | Body::Apart(from) => {
            let text = cell.text.slice(from, cell.text.len());
            let stops = magic::lines(text.as_str(), 0).iter().map(|l| magic::stop(l, &text)).collect();
            let masked = Unit::new(text.clone(), stops).text.as_str().to_owned();
            Some((text, masked))
        }
        _ => None,
    };
    cells(root, kernel(root)).into_iter().filter_map(code).collect()
}

/// The outputs of each cell, as elements of its list: the list, then its elements.
pub fn outputs(bytes: &[u8]) -> Vec<(Range, Vec<Range>)> {
    let (documents, _) = json::parse_joined(bytes, is_media, is_lines);
    let cells = documents.first().map(|root| cells(root, Language::Python)).unwrap_or_default();
    let lists = cells.iter().filter_map(|c| c.node.get("outputs"));
    lists.map(|list| (list.range, list.items().iter().map(|o| o.range).collect())).collect()
}

/// Keys of pictures and films.
fn is_media(key: &str) -> bool {
    key.contains('/') && !key.starts_with("text/")
}

/// Keys whose values are no code: most of the bytes of a notebook.
fn is_payload(key: &str) -> bool {
    matches!(key, "outputs" | "attachments" | "widgets")
}

/// Keys of what a cell says, line by line.
fn is_lines(key: &str) -> bool {
    matches!(key, "source" | "input")
}

/// The kernel's language; Python when nothing says otherwise.
fn kernel(root: &Node) -> Language {
    let metadata = root.get("metadata");
    let at = |path: [&str; 2]| metadata.and_then(|m| m.get(path[0])).and_then(|n| n.get(path[1])).and_then(Node::as_str);
    let name = at(["kernelspec", "language"]).or(at(["language_info", "name"])).or(at(["kernelspec", "name"]));
    let name = name.or(metadata.and_then(|m| m.get("language")).and_then(Node::as_str)).unwrap_or("python").to_ascii_lowercase();
    match name.as_str() {
        "bash" | "sh" | "zsh" | "shell" | "ksh" => Language::Shell,
        "javascript" | "typescript" | "deno" => Language::JavaScript,
        "powershell" | "pwsh" | ".net-powershell" => Language::PowerShell,
        n if n.contains("python") || n.is_empty() || n.starts_with("conda") || n.starts_with("venv") => Language::Python,
        "julia" | "r" | "ir" | "scala" | "java" | "ruby" | "go" | "rust" | "c++" | "c++17" | "haskell" | "sql" | "matlab" | "octave" | "c#"
        | "f#" | "perl" | "lua" | "kotlin" | "php" | "sas" | "stata" => Language::Other,
        // A kernel may have any name; a language of its own would be named in `language`.
        _ if at(["kernelspec", "language"]).is_none() && at(["language_info", "name"]).is_none() => Language::Python,
        _ => Language::Other,
    }
}

fn cells(root: &Node, language: Language) -> Vec<Cell<'_>> {
    let mut nodes: Vec<&Node> = Vec::new();
    for entry in root.entries() {
        match entry.name() {
            Some("cells") => nodes.extend(entry.value.items()),
            Some("worksheets") => nodes.extend(entry.value.items().iter().filter_map(|w| w.get("cells")).flat_map(Node::items)),
            _ => {}
        }
    }
    nodes.into_iter().map(|n| cell(n, language)).collect()
}

fn cell(node: &Node, language: Language) -> Cell<'_> {
    let kind = match node.get("cell_type").and_then(Node::as_str) {
        Some("code") | None => CellKind::Code,
        Some("raw") => CellKind::Raw,
        Some(_) => CellKind::Markdown,
    };
    // Format 3 has `input` in code cells.
    let mut text = Text::default();
    for source in node.entries().iter().filter(|e| matches!(e.name(), Some("source" | "input"))) {
        text.append(&joined(&source.value));
    }
    let number = |key: &str| node.get(key).and_then(Node::as_str).and_then(|n| n.parse().ok());
    let tags = node.get("metadata").and_then(|m| m.get("tags")).map(Node::items).unwrap_or_default();
    let own = node.get("language").and_then(Node::as_str);
    let python = language == Language::Python && own.is_none_or(|l| l.eq_ignore_ascii_case("python"));
    let body = match kind {
        CellKind::Code if python => magic::body(text.as_str()),
        CellKind::Code if language == Language::Shell => Body::Shell(0),
        _ => Body::Other(0),
    };
    Cell {
        node,
        kind,
        id: node.get("id").and_then(Node::as_str).map(str::to_owned),
        count: number("execution_count").or(number("prompt_number")),
        tags: tags.iter().filter_map(Node::as_str).map(str::to_owned).collect(),
        text,
        body,
    }
}

/// A string, or a list of strings that stand for one.
fn joined(node: &Node) -> Text {
    let mut out = node.text().cloned().unwrap_or_default();
    node.items().iter().filter_map(Node::text).for_each(|line| out.append(line));
    out
}

fn walk(cells: &[Cell<'_>], module: crate::facts::FactId, language: Language, b: &mut Builder) {
    let units: Vec<Option<Unit>> = cells
        .iter()
        .map(|cell| match cell.body {
            Body::Python(from) => {
                let text = cell.text.slice(from, cell.text.len());
                let stops = magic::lines(text.as_str(), 0).iter().map(|l| magic::stop(l, &text)).collect();
                Some(Unit::new(text, stops))
            }
            _ => None,
        })
        .collect();
    let mut lower = Lower::new(b, module, units.iter().flatten());
    for (i, (cell, unit)) in cells.iter().zip(&units).enumerate() {
        let index = u32::try_from(i + 1).unwrap_or(u32::MAX);
        let what = What::Cell { index, id: cell.id.clone(), kind: cell.kind, count: cell.count, tags: cell.tags.clone() };
        let range = cell.node.range;
        let fact = lower.b.add(range, what);
        lower.b.enter(fact);
        lower.b.open(range, name(cell), true);
        lower.b.facts.ignores.extend(cell.tags.iter().filter_map(|tag| ignores::parse_tag(tag, range)));
        let rest = |from: usize| cell.text.slice(from, cell.text.len());
        match (&cell.body, cell.kind) {
            (Body::Python(_), _) => {
                if let Some(unit) = unit {
                    lower.unit(unit);
                }
            }
            (Body::Shell(from), _) => {
                lower.shell(&rest(*from));
            }
            (Body::Apart(from), _) => {
                snippet(&rest(*from), &[], lower.b);
            }
            (Body::File((start, end), from), _) => {
                let path = lower.b.text(cell.text.slice(*start, *end));
                let path = lower.below(path);
                let value = lower.b.text(rest(*from));
                lower.b.add(cell.text.whole(), What::Write { channel: Channel::File(path), value });
            }
            (Body::Other(from), CellKind::Code) => {
                let text = lower.b.text(rest(*from));
                let language = if language == Language::Python { Language::Other } else { language };
                lower.b.add(cell.text.whole(), What::Script { language, text });
            }
            (Body::Other(_), _) => {}
        }
        lower.b.shut();
        lower.b.leave();
    }
    lower.finish();
}

/// What names a cell across edits: its id, else a hash of its first line that is not blank.
fn name(cell: &Cell<'_>) -> String {
    if let Some(id) = &cell.id {
        return id.clone();
    }
    let line = cell.text.as_str().lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
    // FNV-1a: small, and the same on every platform.
    let hash = line.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

impl Lower<'_, '_> {
    /// A shell script where the walk stands, in the directory that `%cd` left.
    pub(super) fn shell(&mut self, text: &Text) -> crate::facts::FactId {
        let holes = self.interpolations(text);
        shell::script_in(text, &holes, self.cwd, self.b)
    }

    /// `%run x.py` leaves the names of `x` behind.
    pub(super) fn runs_module(&mut self, text: &Text, range: Range) {
        let Some(rest) = text.as_str().strip_prefix("%run ") else { return };
        let file = rest.split_whitespace().find(|w| !w.starts_with('-')).unwrap_or_default();
        let Some(stem) = file.trim_start_matches("./").strip_suffix(".py") else { return };
        let module = stem.replace('/', ".");
        self.stars.push(module.clone());
        self.add(range, What::Import { module, name: Some("*".to_owned()), alias: "*".to_owned(), level: 0 });
    }

    /// A path below the directory that `%cd` left.
    fn below(&mut self, path: crate::facts::ValueId) -> crate::facts::ValueId {
        let absolute = matches!(&self.b.facts.value(path).what, V::Str(t) if t.as_str().starts_with(['/', '~', '$', '{']));
        match self.cwd {
            Some(cwd) if !absolute => {
                let range = self.b.facts.value(path).range;
                self.joined(range, &[cwd, path], Some("/"))
            }
            _ => path,
        }
    }

    /// `%cd`.
    pub(super) fn change_directory(&mut self, text: &Text) {
        let path = self.b.text(text.clone());
        self.cwd = if text.is_empty() { None } else { Some(self.below(path)) };
    }

    /// `{name}` and `$name` of IPython where `name` is a variable of the notebook.
    fn interpolations(&mut self, text: &Text) -> Vec<crate::extract::Hole> {
        let source = text.as_str();
        let bytes = source.as_bytes();
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(&c) = bytes.get(at) {
            let rest = source.get(at..).unwrap_or_default();
            let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum::<usize>();
            let found = match c {
                b'{' if at == 0 || bytes.get(at - 1) != Some(&b'$') => rest.bytes().take(200).position(|b| b == b'}').and_then(|close| {
                    let inner = rest.get(1..close)?;
                    let starts = inner.starts_with(|c: char| c.is_alphabetic() || c == '_');
                    (starts && !inner.contains([',', '\n', '{']))
                        .then(|| (close + 1, inner.get(..word(inner)).unwrap_or_default().to_owned(), word(inner) == inner.len()))
                }),
                b'$' => {
                    let name = rest.get(1..).unwrap_or_default();
                    let len = word(name);
                    let name = name.get(..len).unwrap_or_default();
                    // Upper-case names are the shell's unless the notebook has one.
                    (len > 0 && self.knows(name)).then(|| (len + 1, name.to_owned(), true))
                }
                _ => None,
            };
            match found {
                Some((len, name, exact)) => {
                    let range = text.range(at, at + len);
                    let read = self.read_name(&name, range);
                    let value = if exact { read } else { self.b.value(range, V::Unknown(vec![read])) };
                    out.push(crate::extract::Hole { start: at, end: at + len, value });
                    at += len;
                }
                None => at += 1,
            }
        }
        out
    }
}

#[cfg(test)]
mod tests;
