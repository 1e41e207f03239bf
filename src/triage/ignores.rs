//! Ignores, in comments and in the policy file: which alerts each covers, and which cover nothing. Decides by place, rule id and fingerprint alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::fields::nearest;
use crate::catalog::glob;
use crate::config::{Ignore, Origin};
use crate::extract::ignores::EVERY;
use crate::facts::FileFacts;
use crate::finding::{Location, Reported, VOUCHED};
use crate::graph::Facts;
use crate::notice::{Notice, NoticeKind};
use crate::source::{FileId, Kind, Range, SourceFile, Sources};
use crate::triage::fingerprint::Chains;
use crate::triage::{Policy, unwanted};

/// Most ignore comments of one file that count.
const MOST: usize = 2_000;

/// For each alert the reason of the comment that covers it, and a notice for each comment that is wrong or covers nothing.
pub fn apply(all: &[Reported], facts: &Facts, sources: &Sources, policy: &Policy) -> (Vec<Option<String>>, Vec<Notice>) {
    let mut reasons: Vec<Option<String>> = all.iter().map(|r| r.alert.data.get(VOUCHED).cloned()).collect();
    let mut notices = Vec::new();
    let mut by_file: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();
    for (i, reported) in all.iter().enumerate() {
        by_file.entry(reported.alert.primary.file).or_default().push(i);
    }
    let mut chains = Chains::new(facts);
    for ((file, source), local) in sources.iter().zip(&facts.files) {
        if local.ignores.is_empty() {
            continue;
        }
        let mut say = |range, kind, text: String| notices.push(Notice { file: Some(file), range: Some(range), kind, text });
        let covers = Covers::new(file, source, local);
        for (n, ignore) in local.ignores.iter().enumerate() {
            if n >= MOST {
                say(ignore.range, NoticeKind::Limit, format!("only the first {MOST} ignore comments of a file count"));
                break;
            }
            if ignore.rules.is_empty() {
                say(ignore.range, NoticeKind::Policy, "an ignore comment must name the rules it means: pipevet: ignore[rule-id] reason".to_owned());
            }
            let covered = covers.of(ignore.range, &mut chains);
            for rule in &ignore.rules {
                // Another tool's comment is not ours to find fault with, nor is a tag that means whatever may be found.
                let foreign = rule.contains('/') || rule == EVERY;
                if !foreign && !policy.rules.is_empty() && !policy.rules.contains_key(rule) {
                    say(ignore.range, NoticeKind::Policy, format!("this ignore comment names no rule that exists: {rule}"));
                    continue;
                }
                // An outsider's comment takes effect once it is merged.
                if policy.comments.as_ref().is_some_and(|known| !known.contains(&key(file, source, ignore.range, rule, &mut chains))) {
                    continue;
                }
                let mut used = false;
                for i in by_file.get(&file).into_iter().flatten() {
                    let alert = &all[*i].alert;
                    let meant = rule == EVERY || alert.rule == *rule || policy.aliases.get(rule).is_some_and(|ours| ours.contains(&alert.rule));
                    if meant && covered.iter().any(|c| c.start <= alert.primary.range.start && alert.primary.range.start < c.end.max(c.start + 1)) {
                        used = true;
                        reasons[*i].get_or_insert_with(|| ignore.reason.clone());
                    }
                }
                if !used && !foreign && !unwanted(rule, policy) {
                    say(ignore.range, NoticeKind::Policy, format!("this ignore comment covers no finding of {rule}"));
                }
            }
        }
    }
    for ignore in &policy.ignores {
        if let Some(text) = of_policy(ignore, all, sources, policy, &mut reasons) {
            notices.push(notice(&ignore.from, text, sources));
        }
    }
    (reasons, notices)
}

/// Applies an ignore of the policy file; what is wrong with it, if anything is.
fn of_policy(ignore: &Ignore, all: &[Reported], sources: &Sources, policy: &Policy, reasons: &mut [Option<String>]) -> Option<String> {
    if !policy.rules.is_empty() && !policy.rules.contains_key(&ignore.rule) {
        let hint = nearest(&ignore.rule, policy.rules.keys().map(String::as_str)).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        return Some(format!("this ignore names no rule that exists: {}{hint}", ignore.rule));
    }
    // Days are written so that their order is that of the texts.
    if let Some(until) = ignore.until.as_ref().filter(|until| !policy.today.is_empty() && **until < policy.today) {
        return Some(format!("this ignore of {} expired after {until}", ignore.rule));
    }
    let mut used = false;
    for (reported, reason) in all.iter().zip(reasons) {
        let file = || sources.file(reported.alert.primary.file);
        let named = ignore.fingerprint.as_ref().is_none_or(|f| reported.v1.starts_with(f.as_str()));
        if reported.alert.rule == ignore.rule && named && ignore.path.as_ref().is_none_or(|p| within(p, &file().uri, &policy.home)) {
            used = true;
            reason.get_or_insert_with(|| ignore.reason.clone());
        }
    }
    (!used && policy.whole && !unwanted(&ignore.rule, policy)).then(|| format!("this ignore covers no finding of {}", ignore.rule))
}

/// Whether a file, named from the top of the repository, is what a pattern means, lies in it, or matches it.
fn within(pattern: &str, file: &str, home: &str) -> bool {
    let file = if home.is_empty() { Some(file) } else { file.strip_prefix(home).and_then(|f| f.strip_prefix('/')) };
    file.is_some_and(|f| glob::text(pattern, f) || f.strip_prefix(pattern).is_some_and(|rest| rest.starts_with('/')))
}

/// A notice at a line of the policy: in the file where that is scanned as well, else in words.
fn notice(from: &Origin, text: String, sources: &Sources) -> Notice {
    let kind = NoticeKind::Policy;
    let Origin::File { file, line, .. } = from else { return Notice { file: None, range: None, kind, text } };
    match sources.iter().find(|(_, f)| f.shown == **file) {
        Some((id, source)) => Notice { file: Some(id), range: Some(source.lines().range(*line)), kind, text },
        None => Notice { file: None, range: None, kind, text: format!("{file}:{line}: {text}") },
    }
}

/// What an ignore comment is, wherever it moves in its file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommentKey {
    /// File, from the top of the repository.
    pub file: String,
    /// Names of the constructs around it, outermost first.
    pub constructs: Vec<String>,
    /// The rule it names.
    pub rule: String,
}

/// What an ignore comment says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Comment {
    /// Its line.
    pub line: u32,
    /// Its reason, as written.
    pub reason: String,
}

/// Every ignore comment of a tree.
pub fn comments(facts: &Facts, sources: &Sources) -> BTreeMap<CommentKey, Comment> {
    let mut chains = Chains::new(facts);
    let mut out = BTreeMap::new();
    for ((file, source), local) in sources.iter().zip(&facts.files) {
        for ignore in local.ignores.iter().take(MOST) {
            let line = source.lines().line(ignore.range.start);
            for rule in &ignore.rules {
                let key = key(file, source, ignore.range, rule, &mut chains);
                out.entry(key).or_insert_with(|| Comment { line, reason: ignore.reason.clone() });
            }
        }
    }
    out
}

fn key(file: FileId, source: &SourceFile, range: Range, rule: &str, chains: &mut Chains<'_>) -> CommentKey {
    CommentKey { file: source.uri.clone(), constructs: chains.names(Location { file, range }), rule: rule.to_owned() }
}

/// What comments of one file cover.
struct Covers<'a> {
    file: FileId,
    source: &'a SourceFile,
    local: &'a FileFacts,
    /// The outermost ignorable construct that begins on a line.
    begins: BTreeMap<u32, Range>,
}

impl<'a> Covers<'a> {
    fn new(file: FileId, source: &'a SourceFile, local: &'a FileFacts) -> Self {
        let mut begins: BTreeMap<u32, Range> = BTreeMap::new();
        for construct in local.constructs.iter().filter(|c| c.ignorable) {
            let line = source.lines().line(construct.range.start);
            let widest = begins.entry(line).or_insert(construct.range);
            if construct.range.len() > widest.len() {
                *widest = construct.range;
            }
        }
        Covers { file, source, local, begins }
    }
    /// The innermost ignorable construct around the comment, its own line, and, when it stands alone on its line, the next line and what begins there.
    fn of(&self, comment: Range, chains: &mut Chains<'_>) -> BTreeSet<Range> {
        let mut out = BTreeSet::new();
        let around = chains.around(Location { file: self.file, range: comment });
        let ignorable = around.iter().filter_map(|i| self.local.constructs.get(*i as usize)).find(|c| c.ignorable);
        out.extend(ignorable.map(|c| c.range));
        // A tag of a cell is no comment: it stands on no line of its own.
        if comment.is_empty() {
            return out;
        }
        let lines = self.source.lines();
        let line = lines.line(comment.start);
        let own = lines.range(line);
        // A notebook may be one line, and its cells share it.
        let within = ignorable.map(|c| c.range).filter(|_| self.source.kind == Kind::Notebook);
        out.insert(within.map_or(own, |c| Range { start: own.start.max(c.start), end: own.end.min(c.end).max(c.start) }));
        let before = Range { start: lines.range(line).start, end: comment.start };
        // In a notebook a line of code begins with the quote of its JSON string.
        let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'"' | b'\xef' | b'\xbb' | b'\xbf');
        let bytes = |range: Range| self.source.bytes.get(range.bounds()).unwrap_or_default();
        if bytes(before).iter().all(blank) {
            let is_comment = |n: &u32| bytes(lines.range(*n)).iter().find(|b| !blank(b)).is_some_and(|b| *b == b'#');
            if let Some(next) = (line + 1..=lines.count().min(line + 20)).find(|n| !is_comment(n)) {
                out.insert(lines.range(next));
                out.extend(self.begins.get(&next).copied());
            }
        }
        out
    }
}
