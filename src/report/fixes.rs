//! What `pipevet fix` did, for people: file by file what was edited, what was not and why, and what is left for them to do. Computes nothing.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{count, escape};
use crate::fix::batch::Outcome;

/// A finding, and what became of its edits.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The file as shown.
    pub file: String,
    /// Its line before any edit.
    pub line: u32,
    /// Rule id.
    pub rule: String,
    /// What the edits do.
    pub title: String,
    /// What is left for a person to do.
    pub note: String,
    /// What became of them.
    pub outcome: Outcome,
}

/// How to write.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Nothing was written: what would be done.
    pub dry: bool,
    /// Findings whose edits are made only when unsafe ones are asked for.
    pub more: usize,
}

/// Writes the entries, by file and line, and the counts.
pub fn write(entries: &[Entry], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut files: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        files.entry(&entry.file).or_default().push(entry);
    }
    let mut notes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut counts = [0_usize; 3];
    let mut edited = 0;
    for (file, mut entries) in files {
        entries.sort_by_key(|e| (e.line, &e.rule, &e.title));
        writeln!(out, "{}", escape::visible(file))?;
        edited += usize::from(entries.iter().any(|e| e.outcome == Outcome::Made));
        for entry in entries {
            let (word, text, at) = match &entry.outcome {
                Outcome::Made if look.dry => ("to fix", entry.title.as_str(), 0),
                Outcome::Made => ("fixed", entry.title.as_str(), 0),
                Outcome::Refused(why) => ("not fixed", why.as_str(), 1),
                Outcome::Conflict => ("not fixed", "another edit stands in the same place; run again", 2),
            };
            counts[at] += 1;
            if at == 0 && !entry.note.is_empty() {
                *notes.entry(&entry.note).or_default() += 1;
            }
            writeln!(out, "  {:>5}  {word:9}  {}: {}", entry.line, entry.rule, escape::visible(text))?;
        }
    }
    for (note, n) in notes {
        writeln!(out, "Left to do ({n}): {}", escape::visible(note))?;
    }
    let [made, refused, conflicts] = counts;
    let verb = if look.dry { "would be fixed" } else { "fixed" };
    write!(out, "{} {verb} in {}", count(made, "finding", "findings"), count(edited, "file", "files"))?;
    if refused > 0 {
        write!(out, ", {refused} not")?;
    }
    if conflicts > 0 {
        write!(out, ", {conflicts} left for the next run")?;
    }
    if look.more > 0 {
        write!(out, ", {} more with --unsafe", look.more)?;
    }
    writeln!(out)
}
