//! Files and byte ranges: what is scanned, and where in it something stands. Knows nothing of languages.
//!
//! Every position in the program is a byte range of an original file. Lines and columns are computed late, and only for what is shown.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// A half-open range of bytes of one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Range {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Range {
    /// The range `start..end`; an end before the start is lifted to the start.
    pub fn new(start: usize, end: usize) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        Range { start, end: end.max(start) }
    }
    /// Length in bytes.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }
    /// Whether no byte is covered.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
    /// Whether `other` lies inside this range (equal ends count).
    pub fn contains(self, other: Range) -> bool {
        self.start <= other.start && other.end <= self.end
    }
    /// The smallest range that covers both.
    pub fn cover(self, other: Range) -> Range {
        Range { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
    /// As `usize` bounds, for slicing.
    pub fn bounds(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Index of a file in [`Sources`]. Files are ordered by root, then path, so the ids do not depend on the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// What reads a file. Decided by `discover` from the name and the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A GitHub Actions workflow.
    Workflow,
    /// An `action.yml` of any kind.
    Action,
    /// A Dockerfile or Containerfile.
    Dockerfile,
    /// A shell script.
    Shell,
    /// A Makefile.
    Make,
    /// Python source.
    Python,
    /// A Jupyter notebook.
    Notebook,
    /// `requirements*.txt` and constraints.
    Requirements,
    /// `pyproject.toml`.
    Pyproject,
    /// `setup.cfg`, `pip.conf`, `.pypirc`, `.dvc/config.local`.
    Ini,
    /// A conda environment file.
    Conda,
    /// Any other YAML.
    Yaml,
    /// Any other JSON.
    Json,
    /// Any other TOML.
    Toml,
    /// `.env` files: `NAME=value` lines.
    Dotenv,
    /// Text that holds credentials by the convention of its tool, and lists of other scanners; searched for secrets, of no other fact.
    Plain,
    /// Documentation: Markdown, reStructuredText. Searched for tokens whose form says enough, of no other fact.
    Prose,
}

/// One file as read.
#[derive(Debug)]
pub struct SourceFile {
    /// Path from its root, `/` between segments: what links are resolved against.
    pub path: String,
    /// Path as shown to people: relative to the working directory where the file lies inside it. Equals `path` for files from memory.
    pub shown: String,
    /// Path from the top of the repository, as SARIF needs it, not yet percent-encoded. Equals `path` for files from memory.
    pub uri: String,
    /// Where it lies on disk; used only by the layers that do I/O.
    pub location: PathBuf,
    /// Index into [`Sources::roots`]; links never cross roots.
    pub root: u32,
    /// What reads it.
    pub kind: Kind,
    /// Its bytes; those of a notebook without its media ([`SourceFile::cuts`]), else unchanged. None where nothing could be found in them (`discover::sifted`).
    pub bytes: Vec<u8>,
    /// What is left out of the bytes. Nothing that stands there is ever spoken of.
    pub cuts: Cuts,
    lines: OnceLock<LineIndex>,
}

/// A stretch that was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Where it stood: the kept bytes before it.
    pub at: usize,
    /// Its bytes, ASCII without line ends.
    pub length: usize,
}

/// All that was left out of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    /// Kept bytes before each, and all bytes left out up to and with it.
    list: Vec<(u32, u32)>,
}

impl Cuts {
    /// Adds one that stands behind all others.
    pub fn push(&mut self, cut: Cut) {
        let before = self.list.last().map_or(0, |c| c.1);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.list.push((number(cut.at), before.saturating_add(number(cut.length))));
    }
    /// The offset in the file of an offset in the kept bytes.
    pub fn original(&self, offset: u32) -> u32 {
        offset.saturating_add(self.before(offset))
    }
    /// Bytes left out before an offset of the kept bytes.
    fn before(&self, offset: u32) -> u32 {
        let n = self.list.partition_point(|c| c.0 <= offset);
        n.checked_sub(1).and_then(|i| self.list.get(i)).map_or(0, |c| c.1)
    }
}

impl SourceFile {
    /// A file from memory; tests and front ends of embedded text use it as well as `discover`.
    pub fn new(path: impl Into<String>, kind: Kind, bytes: Vec<u8>) -> Self {
        let path = path.into();
        SourceFile {
            location: PathBuf::from(&path),
            shown: path.clone(),
            uri: path.clone(),
            path,
            root: 0,
            kind,
            bytes,
            cuts: Cuts::default(),
            lines: OnceLock::new(),
        }
    }
    /// The same file with other bytes, all of them.
    #[must_use]
    pub fn with(&self, bytes: Vec<u8>) -> Self {
        SourceFile {
            path: self.path.clone(),
            shown: self.shown.clone(),
            uri: self.uri.clone(),
            location: self.location.clone(),
            root: self.root,
            kind: self.kind,
            bytes,
            cuts: Cuts::default(),
            lines: OnceLock::new(),
        }
    }
    /// The line index, computed on first use.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(&self.bytes))
    }
    /// Line and column of a byte, in the file as it is on disk.
    pub fn place(&self, offset: u32) -> Place {
        let place = self.lines().place(&self.bytes, offset);
        let line = self.lines().range(place.line).start;
        Place { column: place.column.saturating_add(self.cuts.before(offset) - self.cuts.before(line)), ..place }
    }
    /// The bytes at `range`, lossily as text; an out-of-bounds range gives what there is.
    pub fn text_at(&self, range: Range) -> String {
        let end = (range.end as usize).min(self.bytes.len());
        let start = (range.start as usize).min(end);
        String::from_utf8_lossy(self.bytes.get(start..end).unwrap_or_default()).into_owned()
    }
}

/// Everything that is scanned.
#[derive(Debug, Default)]
pub struct Sources {
    /// Project roots, as shown (`.` for the working directory).
    pub roots: Vec<String>,
    /// The `host/account` each root's repository belongs to, when its git configuration says. What that account publishes is no outsider's.
    pub owners: Vec<Option<String>>,
    /// The files; [`FileId`] is an index here.
    pub files: Vec<SourceFile>,
    /// Lists of what other scanners were told about, at the tops of repositories of which only a part was asked for. They are not judged themselves.
    pub lists: Vec<SourceFile>,
    /// Whether notebooks and Python files in which nothing was to be found were let go.
    pub sifted: bool,
    /// (root, path) of files that stand in the tree and are not read: data, models, pictures. Who writes the tree writes them.
    pub unread: Vec<(u32, String)>,
}

impl Sources {
    /// The file of an id.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }
    /// The account on a forge that a file's own repository belongs to.
    pub fn owner(&self, file: FileId) -> Option<&str> {
        let own = self.owners.get(self.file(file).root as usize)?.as_deref()?;
        own.split_once('/').map(|(_, owner)| owner)
    }
    /// Whether an address (also one of the forge's hosts for plain files), or an `owner/name` of the same forge, belongs to the account of the file's own repository.
    pub fn is_own(&self, file: FileId, name: &str) -> bool {
        let own = self.owners.get(self.file(file).root as usize).and_then(Option::as_deref);
        let Some((host, owner)) = own.and_then(|o| o.split_once('/')) else { return false };
        let path = match name.split_once("://") {
            Some((_, rest)) => {
                let rest = rest.split_once('@').filter(|(user, _)| !user.contains('/')).map_or(rest, |r| r.1);
                let same =
                    |h: &str| h.eq_ignore_ascii_case(host) || FILES_OF.iter().any(|(files, forge)| h.eq_ignore_ascii_case(files) && *forge == host);
                rest.split_once('/').filter(|(h, _)| same(h)).map(|r| r.1)
            }
            None => Some(name),
        };
        path.and_then(|p| p.split_once('/')).is_some_and(|(first, _)| first.eq_ignore_ascii_case(owner))
    }
    /// All ids with their files, in order.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(i, f)| (FileId(u32::try_from(i).unwrap_or(u32::MAX)), f))
    }
}

/// Hosts that serve the files of a forge's repositories, by owner and name as the forge does.
const FILES_OF: [(&str, &str); 3] =
    [("raw.githubusercontent.com", "github.com"), ("raw.github.com", "github.com"), ("codeload.github.com", "github.com")];

/// Line starts of a file. A lone CR, CRLF and LF each end a line.
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
    len: u32,
    /// Code points before each block of a text whose lines are long; none of what is no UTF-8.
    counts: OnceLock<Option<Vec<u32>>>,
}

/// Bytes of a block. Lines of notebooks may be as long as the file, and hold all that is found there.
const BLOCK: usize = 4 << 10;

/// A place for people: both 1-based.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: u32,
    /// Column in Unicode code points; a byte-order mark does not count.
    pub column: u32,
}

impl LineIndex {
    /// Scans for line ends.
    pub fn new(bytes: &[u8]) -> Self {
        let mut starts = vec![0];
        let mut at = 0;
        while at < bytes.len() {
            let step = match bytes[at] {
                b'\n' => 1,
                b'\r' if bytes.get(at + 1) == Some(&b'\n') => 2,
                b'\r' => 1,
                _ => {
                    at += 1;
                    continue;
                }
            };
            at += step;
            starts.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        LineIndex { starts, len: u32::try_from(bytes.len()).unwrap_or(u32::MAX), counts: OnceLock::new() }
    }
    /// 1-based line of a byte offset.
    pub fn line(&self, offset: u32) -> u32 {
        u32::try_from(self.starts.partition_point(|&s| s <= offset)).unwrap_or(u32::MAX).max(1)
    }
    /// Line and column of a byte offset.
    pub fn place(&self, bytes: &[u8], offset: u32) -> Place {
        let line = self.line(offset);
        let mut start = self.starts[line as usize - 1] as usize;
        if start == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
            start = 3;
        }
        let end = (offset as usize).clamp(start, bytes.len().max(start));
        Place { line, column: u32::try_from(self.code_points(bytes, start, end)).unwrap_or(u32::MAX - 1) + 1 }
    }
    /// Code points between two places.
    fn code_points(&self, bytes: &[u8], start: usize, end: usize) -> usize {
        let begins = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default().iter().filter(|b| **b & 0xc0 != 0x80).count();
        let count = || {
            let mut before = 0;
            let block = |block: &[u8]| {
                let here = before;
                before += u32::try_from(block.iter().filter(|b| **b & 0xc0 != 0x80).count()).unwrap_or(0);
                here
            };
            std::str::from_utf8(bytes).is_ok().then(|| bytes.chunks(BLOCK).map(block).collect())
        };
        let counts = if end - start > 2 * BLOCK { self.counts.get_or_init(count).as_ref() } else { None };
        let before = |counts: &Vec<u32>, at: usize| Some(*counts.get(at / BLOCK)? as usize + begins(at / BLOCK * BLOCK, at));
        let known = counts.and_then(|c| before(c, end)?.checked_sub(before(c, start)?));
        known.unwrap_or_else(|| String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default()).chars().count())
    }
    /// Number of lines (a final line end opens no further line unless bytes follow).
    pub fn count(&self) -> u32 {
        let n = u32::try_from(self.starts.len()).unwrap_or(u32::MAX);
        if n > 1 && self.starts.last() == Some(&self.len) { n - 1 } else { n }
    }
    /// Byte range of a 1-based line, its line end included.
    pub fn range(&self, line: u32) -> Range {
        let at = |i: u32| self.starts.get(i as usize).copied().unwrap_or(self.len);
        Range { start: at(line.saturating_sub(1)), end: at(line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_cr_lf_and_crlf() {
        let bytes = b"a\rb\r\nc\nd";
        let index = LineIndex::new(bytes);
        assert_eq!(index.count(), 4);
        assert_eq!([0, 1, 2, 5, 7].map(|o| index.line(o)), [1, 1, 2, 3, 4]);
        assert_eq!(LineIndex::new(b"a\n").count(), 1);
    }

    #[test]
    fn columns_of_long_lines_are_those_of_short_ones() {
        for text in ["aé😀".repeat(9_000), "é\n".to_owned() + &"éa".repeat(12_000)] {
            let index = LineIndex::new(text.as_bytes());
            for at in (0..text.len()).step_by(1_237).chain([text.len()]) {
                let start = text.as_bytes()[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
                let want = String::from_utf8_lossy(&text.as_bytes()[start..at]).chars().count();
                assert_eq!(index.place(text.as_bytes(), u32::try_from(at).unwrap()).column as usize, want + 1, "{at}");
            }
        }
    }

    #[test]
    fn columns_count_code_points_and_skip_a_byte_order_mark() {
        let bytes = "\u{feff}é=x".as_bytes();
        let index = LineIndex::new(bytes);
        assert_eq!(index.place(bytes, 3).column, 1);
        assert_eq!(index.place(bytes, 5).column, 2);
    }
}
