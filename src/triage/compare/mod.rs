//! What a change brings: findings of a tree held against those of its base. Matches by identity, never by line; knows no format and where neither
//! tree comes from.
//!
//! Two findings are one when they agree in file and `pipevet/v1`; else when that name is unique on both sides (code moved); else when only the
//! construct around them was renamed; else when only the version inside the cause changed. What is left over is new, or fixed.

pub mod apply;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::finding::{Change, Hidden, Path, Report, Reported, Severity};
use crate::graph::Facts;
use crate::origin::Who;
use crate::source::Sources;
use crate::triage::fingerprint::Chains;
use crate::triage::ignores::{self, Comment, CommentKey};

/// What comparing needs of a run: every finding, shown or not, and the names of what stands in their files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Findings in order of file and place.
    pub items: Vec<Item>,
    /// For each file with findings, every chain of construct names in it.
    pub constructs: BTreeMap<String, BTreeSet<Vec<String>>>,
    /// Ignore comments.
    pub comments: BTreeMap<CommentKey, Comment>,
}

/// One finding of a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// File, from the top of the repository.
    pub file: String,
    /// Line of the cause.
    pub line: u32,
    /// Rule id.
    pub rule: String,
    /// `pipevet/v1`.
    pub v1: String,
    /// Names of enclosing constructs, outermost first.
    pub constructs: Vec<String>,
    /// The cause, white space folded.
    pub cause: String,
    /// Level.
    pub severity: Severity,
    /// Its sentence.
    pub message: String,
    /// Its ways.
    pub routes: BTreeSet<Route>,
    /// Why it is not shown, if it is not.
    pub hidden: Option<Hidden>,
}

/// What makes a way another way: where it begins, who walks it, what it ends at, which gates hold. Steps in between may be rewritten freely.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Route {
    /// How bad this way alone is.
    pub severity: Severity,
    /// Who can walk it.
    pub who: Who,
    /// Asset kind; empty when nothing is in reach.
    pub asset: String,
    /// Families of gates, sorted.
    pub gates: Vec<String>,
    /// File of the first hop.
    pub file: String,
    /// What happens there.
    pub entry: String,
}

impl Snapshot {
    /// Takes down a triaged run.
    pub fn of(report: &Report, facts: &Facts, sources: &Sources) -> Snapshot {
        let all = report.shown.iter().map(|r| (r, None)).chain(report.hidden.iter().map(|(r, why)| (r, Some(why.clone()))));
        let mut in_order: Vec<(&Reported, Option<Hidden>)> = all.collect();
        in_order.sort_by_key(|(r, _)| (r.alert.primary, r.alert.rule.clone(), r.v1.clone()));
        let mut out = Snapshot { comments: ignores::comments(facts, sources), ..Snapshot::default() };
        let chains = Chains::new(facts);
        for (reported, hidden) in in_order {
            let Some(file) = sources.files.get(reported.alert.primary.file.0 as usize) else { continue };
            let item = item(reported, hidden, sources);
            out.constructs.entry(file.uri.clone()).or_insert_with(|| chains.all(reported.alert.primary.file));
            out.items.push(item);
        }
        out
    }
    /// Its ignore comments under the names that files have in the tree that is compared.
    pub fn accepted(&self, renamed: &BTreeMap<String, String>) -> BTreeSet<CommentKey> {
        let now: BTreeMap<&str, &str> = renamed.iter().map(|(head, base)| (base.as_str(), head.as_str())).collect();
        let name = |key: &CommentKey| now.get(key.file.as_str()).map_or_else(|| key.file.clone(), |f| (*f).to_owned());
        self.comments.keys().map(|key| CommentKey { file: name(key), ..key.clone() }).collect()
    }
}

/// A finding as a snapshot keeps it.
pub fn item(reported: &Reported, hidden: Option<Hidden>, sources: &Sources) -> Item {
    let alert = &reported.alert;
    let file = sources.files.get(alert.primary.file.0 as usize);
    Item {
        file: file.map(|f| f.uri.clone()).unwrap_or_default(),
        line: file.map_or(0, |f| f.lines().line(alert.primary.range.start)),
        rule: alert.rule.clone(),
        v1: reported.v1.clone(),
        constructs: reported.constructs.clone(),
        cause: alert.cause.split_whitespace().collect::<Vec<_>>().join(" "),
        severity: alert.severity,
        message: alert.message.clone(),
        routes: alert.paths.iter().map(|p| route(p, sources)).collect(),
        hidden,
    }
}

fn route(path: &Path, sources: &Sources) -> Route {
    let first = path.hops.first();
    let file = first.and_then(|h| sources.files.get(h.at.file.0 as usize)).map(|f| f.uri.clone()).unwrap_or_default();
    let entry = first.map(|h| h.text.clone()).unwrap_or_default();
    Route { severity: path.severity, who: path.who, asset: path.asset.clone(), gates: path.gates.clone(), file, entry }
}

/// For each finding of `head` the finding of `base` that it is. `renamed` leads from paths of `head` to those they had in `base`.
pub fn matched(head: &Snapshot, base: &Snapshot, renamed: &BTreeMap<String, String>) -> Vec<Option<usize>> {
    let file = |of: &Item| renamed.get(&of.file).unwrap_or(&of.file).clone();
    let mut pairs = Pairs { of_head: vec![None; head.items.len()], taken: vec![false; base.items.len()] };
    pairs.join(head, base, |i| Some((file(i), i.v1.clone())), |i| Some((i.file.clone(), i.v1.clone())), false);
    // Nothing of the base in the same place: the code went to another file.
    pairs.join(head, base, |i| Some(i.v1.clone()), |i| Some(i.v1.clone()), true);
    let none = BTreeSet::new();
    let known = |in_file: &str, of: &Snapshot, chain: &Vec<String>| of.constructs.get(in_file).unwrap_or(&none).contains(chain);
    let reverse: BTreeMap<&str, &str> = renamed.iter().map(|(h, b)| (b.as_str(), h.as_str())).collect();
    // A construct that the other side does not have was renamed: its findings are still the same, here or in another file.
    let new = |i: &Item| !known(&file(i), base, &i.constructs);
    let gone = |i: &Item| !known(reverse.get(i.file.as_str()).copied().unwrap_or(&i.file), head, &i.constructs);
    let (named, anywhere) = (|i: &Item| (i.rule.clone(), i.cause.clone()), true);
    pairs.join(head, base, |i| new(i).then(|| (file(i), named(i))), |i| gone(i).then(|| (i.file.clone(), named(i))), !anywhere);
    pairs.join(head, base, |i| new(i).then(|| named(i)), |i| gone(i).then(|| named(i)), anywhere);
    // The same thing in the same place, at another version.
    pairs.join(
        head,
        base,
        |i| subject(&i.cause).map(|s| (file(i), i.rule.clone(), s)),
        |i| subject(&i.cause).map(|s| (i.file.clone(), i.rule.clone(), s)),
        false,
    );
    pairs.of_head
}

struct Pairs {
    of_head: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl Pairs {
    /// Pairs what is left over on both sides and has the same key, in order; `unique` wants one on each side.
    fn join<K: Ord>(
        &mut self,
        head: &Snapshot,
        base: &Snapshot,
        of_head: impl Fn(&Item) -> Option<K>,
        of_base: impl Fn(&Item) -> Option<K>,
        unique: bool,
    ) {
        let open = base.items.iter().enumerate().filter(|(i, _)| !self.taken[*i]);
        let there = grouped(open.filter_map(|(i, item)| Some((of_base(item)?, i))));
        let open = head.items.iter().enumerate().filter(|(i, _)| self.of_head[*i].is_none());
        let here = grouped(open.filter_map(|(i, item)| Some((of_head(item)?, i))));
        for (key, mine) in here {
            let Some(theirs) = there.get(&key) else { continue };
            if unique && (mine.len() > 1 || theirs.len() > 1) {
                continue;
            }
            for (h, b) in mine.into_iter().zip(theirs) {
                self.of_head[h] = Some(*b);
                self.taken[*b] = true;
            }
        }
    }
}

fn grouped<K: Ord>(pairs: impl Iterator<Item = (K, usize)>) -> BTreeMap<K, Vec<usize>> {
    let mut out: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    pairs.for_each(|(key, i)| out.entry(key).or_default().push(i));
    out
}

/// A cause without the versions in it: `acme/scan@v3` and `acme/scan@v4` are one thing, and so are two releases in a path. `None` where none stands in it.
fn subject(cause: &str) -> Option<String> {
    // An address says what it is, however it is written around it.
    if let Some(address) = cause.split([' ', '"', '\'', ',']).find_map(|w| Some((w.find("://")?, w))) {
        let (from, word) = address;
        let start = word.get(..from)?.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '+').map_or(0, |i| i + 1);
        let plain = word.get(start..)?.split(['#', '?']).next()?;
        let host_ends = plain.get(from - start + 3..)?.find('/').map_or(plain.len(), |i| from - start + 3 + i);
        let (host, path) = plain.split_at_checked(host_ends)?;
        let path = path.split('@').next()?.trim_end_matches(".git");
        let kept: Vec<&str> = path.split('/').filter(|s| !is_release(s)).collect();
        return Some(format!("{host}{}", kept.join("/")));
    }
    let mut cut = false;
    let words: Vec<String> = cause
        .split(' ')
        .map(|word| {
            let at = word.char_indices().skip(1).find(|(i, c)| match c {
                '@' | '=' | '<' | '>' | '~' | '!' => true,
                ':' => !word.get(*i..).is_some_and(|rest| rest.starts_with("://")) && word.get(i + 1..).is_some_and(|rest| !rest.contains('/')),
                _ => false,
            });
            cut |= at.is_some();
            let name = at.and_then(|(i, _)| word.get(..i)).unwrap_or(word);
            let segments: Vec<&str> = name.split(['/', '_', '-']).map(|s| if is_release(s) { "" } else { s }).collect();
            cut |= segments.iter().zip(name.split(['/', '_', '-'])).any(|(kept, s)| *kept != s);
            segments.join("/")
        })
        .collect();
    cut.then(|| words.join(" "))
}

/// `1.2`, `v1.2.3rc1`: numbers with dots between them.
fn is_release(text: &str) -> bool {
    let rest = text.strip_prefix('v').unwrap_or(text);
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains('.') && rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+'))
}

/// How a finding stands against the one it was.
pub fn change(now: &Item, was: Option<&Item>) -> Change {
    let Some(was) = was else { return Change::New };
    if matches!(was.hidden, Some(Hidden::Ignored(_))) && now.hidden.is_none() {
        return Change::Worse("the comment that ignored it is gone".to_owned());
    }
    if now.severity > was.severity {
        return Change::Worse(format!("{} before, {} now", was.severity.name(), now.severity.name()));
    }
    if was.hidden == Some(Hidden::Below) && now.hidden.is_none() {
        return Change::Worse("it was too unsure to be shown before".to_owned());
    }
    // A way of the base stands for one of ours when it is at least as bad in every respect.
    let before = was.routes.iter().map(|r| r.severity).max().unwrap_or(was.severity);
    for route in now.routes.iter().rev().filter(|r| r.severity >= before) {
        let covers = |old: &&Route| old.asset == route.asset && old.severity >= route.severity;
        let same_asset: Vec<&Route> = was.routes.iter().filter(covers).collect();
        let of_who: Vec<&Route> = same_asset.iter().copied().filter(|old| old.who >= route.who).collect();
        let gated: Vec<&Route> = of_who.iter().copied().filter(|old| old.gates.iter().all(|g| route.gates.contains(g))).collect();
        if gated.iter().any(|old| old.entry == route.entry && (old.file == route.file || !still_begins(old, now))) {
            continue;
        }
        return Change::Worse(if was.routes.is_empty() {
            "an outsider now reaches it".to_owned()
        } else if same_asset.is_empty() {
            format!("it now leads to {}", route.asset)
        } else if of_who.is_empty() {
            "more people can walk it".to_owned()
        } else if gated.is_empty() {
            let lost = of_who.iter().flat_map(|old| &old.gates).find(|g| !route.gates.contains(g));
            format!("the check on it is gone: {}", lost.map_or("", String::as_str))
        } else {
            format!("a second way leads to it: {}", route.entry)
        });
    }
    Change::Unchanged
}

/// Whether a way of the base still begins where it did; if not, its file was renamed or rewritten.
fn still_begins(old: &Route, now: &Item) -> bool {
    now.routes.iter().any(|r| r.file == old.file && r.entry == old.entry)
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn versions_are_not_what_a_finding_is_about() {
        for (a, b) in [
            ("acme/scan@v3", "acme/scan@main"),
            ("nvidia/cuda:12.1-base", "nvidia/cuda:latest"),
            ("torch>=2.1", "torch>=2.2,<3"),
            ("git+https://github.com/acme/fast.git@main#egg=fast[x]", "fast[x] @ git+https://github.com/acme/fast@dev"),
            ("curl https://acme.io/v1.2/install.sh", "curl https://acme.io/v1.3.1/install.sh"),
        ] {
            assert!(subject(a).is_some());
            assert_eq!(subject(a), subject(b), "{a} {b}");
        }
        for (a, b) in [
            ("acme/scan@v3", "eve/scan@v3"),
            ("ghcr.io/acme/x:1", "ghcr.io/eve/x:1"),
            ("https://acme.io/a.sh", "https://eve.io/a.sh"),
            ("https://acme.io/a.sh", "https://acme.io/b.sh"),
            ("git+https://github.com/acme/fast", "git+https://github.com/eve/fast"),
        ] {
            assert_ne!(subject(a), subject(b), "{a} {b}");
        }
        assert_eq!(subject("torch.load"), None, "nothing else in the same file is the same");
    }
}
