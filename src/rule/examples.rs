//! Examples in Markdown: fenced blocks with `path=`, grouped by heading; marks say which lines must be reported. Pages and literate tests share this.
//!
//! A line may end in several marks, `# vet: rule-id # origin: bytes=operator`. Literate tests (never pages) may claim more of a line than an alert:
//!
//! - `# fact: call torch.load('a', weights_only=false)`: a fact is read there that is written like this, or begins like this and goes on with a sign.
//!   `$0` is a parameter, `{a|b}` alternatives, `a+b` joined text, `?(a)` something computed from `a`.
//! - `# origin: pickle-load name=program bytes=publisher/moving`: a sink is told there (a finding stands there, shown or not) of which all of this holds:
//!   its kind; `name=` and `bytes=` with who and, after `/`, how mutable; `via=web`, `flag=unsafe`, `subject=org/name`; `open`, `unknown`,
//!   `doubts=2`. `none`: no sink is told there.
//! - `# summary: returns bytes=publisher/moving; returns <- a, b; a -> pickle-load; validates a`, at a `def`: what a call gives at least, which parameters are
//!   part of it (`nothing`), which sink in its body a parameter reaches, which parameter is checked before it comes back. At a `class`: `field data bytes=…`.
//! - `# level: low`: the findings of that line are of this level.

/// One small project and what must be found in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    /// The heading it stands under.
    pub title: String,
    /// 1-based line of the heading.
    pub line: u32,
    /// Its files.
    pub files: Vec<File>,
    /// Requirement lines that `project=` adds.
    pub project: Vec<String>,
}

/// A file of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Path in the project.
    pub path: String,
    /// Content.
    pub text: String,
    /// 1-based line of its first line in the page.
    pub line: u32,
    /// What is marked.
    pub marks: Vec<Mark>,
    /// What else is claimed of its lines.
    pub claims: Vec<Claim>,
}

/// What a literate test says of a line besides alerts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// 1-based line of the file.
    pub line: u32,
    /// `fact`, `origin`, `summary` or `level`.
    pub about: String,
    /// What must hold, without white space around it.
    pub text: String,
}

/// A mark: `# vet: word` at the end of a line, or `vet=cell:line:word` on the fence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Cell of a notebook, from 1.
    pub cell: Option<u32>,
    /// 1-based line of the file, or of the cell.
    pub line: u32,
    /// A rule id, or `path`.
    pub word: String,
}

/// A block of Markdown outside and inside fences.
enum Part<'t> {
    Heading(u32, usize, &'t str),
    Fence { line: u32, info: &'t str, text: String },
}

/// The cases of a Markdown text. Headings of level two and three begin a case; `first` is the 1-based line of the text's first line.
pub fn cases(markdown: &str, first: u32) -> Vec<Case> {
    let mut out: Vec<Case> = Vec::new();
    let mut open = Case::default();
    for part in parts(markdown, first) {
        match part {
            Part::Heading(line, level, title) => {
                if level <= 3 {
                    out.push(std::mem::take(&mut open));
                    open = Case { title: title.to_owned(), line, ..Case::default() };
                }
            }
            Part::Fence { line, info, text } => {
                let words = words(info);
                let get = |key: &str| words.iter().filter_map(move |w| w.strip_prefix(key)?.strip_prefix('=')).next();
                let Some(path) = get("path") else { continue };
                let (mut marks, mut claims) = (Vec::new(), Vec::new());
                for (line, (about, said)) in (1..).zip(text.lines()).flat_map(|(n, l)| trailing(l).into_iter().map(move |m| (n, m))) {
                    if about == "vet" {
                        let words = said.split(',').filter_map(|w| w.split_whitespace().next());
                        marks.extend(words.map(|word| Mark { cell: None, line, word: word.to_owned() }));
                    } else {
                        claims.push(Claim { line, about: about.to_owned(), text: said.to_owned() });
                    }
                }
                marks.extend(words.iter().filter_map(|w| w.strip_prefix("vet=")).filter_map(fence_mark));
                open.project.extend(get("project").into_iter().flat_map(str::split_whitespace).map(str::to_owned));
                open.files.push(File { path: path.to_owned(), text, line, marks, claims });
            }
        }
    }
    out.push(open);
    out.retain(|c| !c.files.is_empty());
    out
}

/// The text of a `## ` section, without its heading.
pub fn section(markdown: &str, name: &str) -> Option<String> {
    let mut fence: Option<String> = None;
    let mut inside = false;
    let mut found = false;
    let mut out = String::new();
    for line in markdown.lines() {
        toggle(line, &mut fence);
        if fence.is_none()
            && let Some(title) = line.strip_prefix("## ")
        {
            inside = title.trim() == name;
            found |= inside;
            continue;
        }
        if inside {
            out.push_str(line);
            out.push('\n');
        }
    }
    found.then(|| out.trim().to_owned())
}

/// The first heading of level one.
pub fn title(markdown: &str) -> Option<&str> {
    markdown.lines().find_map(|l| l.strip_prefix("# ")).map(str::trim)
}

fn parts(markdown: &str, first: u32) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    let mut fence: Option<String> = None;
    for (line, text) in (first..).zip(markdown.split_inclusive('\n')) {
        let bare = text.trim_end_matches(['\n', '\r']);
        let was = fence.is_some();
        let info = toggle(bare, &mut fence);
        match (was, fence.is_some()) {
            (false, true) => out.push(Part::Fence { line: line + 1, info, text: String::new() }),
            (true, true) => {
                if let Some(Part::Fence { text: body, .. }) = out.last_mut() {
                    body.push_str(text);
                }
            }
            (true, false) => {}
            (false, false) => {
                let level = bare.chars().take_while(|c| *c == '#').count();
                if (1..=6).contains(&level)
                    && let Some(title) = bare.get(level..).and_then(|t| t.strip_prefix(' '))
                {
                    out.push(Part::Heading(line, level, title.trim()));
                }
            }
        }
    }
    out
}

/// Opens or closes a fence; gives the info string of an opening line.
fn toggle<'t>(line: &'t str, fence: &mut Option<String>) -> &'t str {
    let ticks = line.chars().take_while(|c| *c == '`').count();
    if ticks < 3 {
        return "";
    }
    let info = line.get(ticks..).unwrap_or("").trim();
    match fence {
        Some(open) if ticks >= open.len() && info.is_empty() => *fence = None,
        Some(_) => {}
        None => *fence = Some("`".repeat(ticks)),
    }
    info
}

/// Words of an info string; `key="a b"` is one.
fn words(info: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in info.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => out.push(String::new()),
            c => {
                if let Some(last) = out.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    out
}

/// The marks at the end of a line: what each is about, and what it says.
fn trailing(line: &str) -> Vec<(&str, &str)> {
    let mut out = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.rfind("# ") {
        let said = rest.get(at + 2..).unwrap_or_default();
        let found = ["vet", "fact", "origin", "summary", "level"]
            .into_iter()
            .find_map(|about| Some((about, said.strip_prefix(about)?.strip_prefix(':')?.trim())));
        out.extend(found);
        rest = rest.get(..at).unwrap_or_default();
    }
    out
}

fn fence_mark(text: &str) -> Option<Mark> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        [cell, line, word] => Some(Mark { cell: Some(cell.parse().ok()?), line: line.parse().ok()?, word: (*word).to_owned() }),
        [line, word] => Some(Mark { cell: None, line: line.parse().ok()?, word: (*word).to_owned() }),
        _ => None,
    }
}
