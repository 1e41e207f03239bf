//! Small trees in memory through the whole pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::detect;
use crate::discover::kind;
use crate::finding::{Alert, VOUCHED};
use crate::outline::Wanted;
use crate::rule::RuleSet;
use crate::rule::examples::Case;
use crate::scan::{self, Model};
use crate::source::{SourceFile, Sources};

/// Built-in rows and pages, loaded once.
pub fn knowledge() -> (&'static Catalog, &'static RuleSet) {
    static LOADED: OnceLock<(Catalog, RuleSet)> = OnceLock::new();
    let (catalog, rules) = LOADED.get_or_init(|| {
        let catalog = Catalog::builtin().unwrap();
        let detectors: Vec<&str> = detect::TABLE.iter().map(|(n, _)| *n).collect();
        let rules = RuleSet::load(&[], &catalog, &detectors).unwrap();
        (catalog, rules)
    });
    (catalog, rules)
}

/// A tree from memory; files that nothing reads are left out.
pub fn sources(files: &BTreeMap<String, String>) -> Sources {
    let mut out = Sources { roots: vec![".".to_owned()], files: Vec::new(), ..Sources::default() };
    for (path, text) in files {
        let kind = match kind::by_name(Path::new(path)) {
            kind::Named::Kind(kind) => Some(kind),
            kind::Named::AskShebang => kind::by_shebang(text.as_bytes()),
            kind::Named::No => None,
        };
        if let Some(kind) = kind {
            let kind = kind::refine(kind, path, text.as_bytes());
            out.files.push(SourceFile::new(path.clone(), kind, text.clone().into_bytes()));
        } else {
            out.unread.push((0, path.clone()));
        }
    }
    out
}

/// All alerts of a tree that nobody vouches for.
pub fn scan(sources: &Sources, catalog: &Catalog) -> (Model, Vec<Alert>) {
    // For a look at what asking on demand loses.
    if std::env::var_os("PIPEVET_EVERYTHING").is_some() {
        return scan::analyze_for(sources, catalog, knowledge().1, &Config::default(), &Wanted::everything(), None);
    }
    let (model, mut alerts) = scan::analyze(sources, catalog, knowledge().1, &Config::default(), None);
    alerts.retain(|a| !a.data.contains_key(VOUCHED));
    (model, alerts)
}

/// The files of a case, requirements of its project added.
pub fn files(case: &Case) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = case.files.iter().map(|f| (f.path.clone(), f.text.clone())).collect();
    if !case.project.is_empty() {
        let lines = out.entry("requirements.txt".to_owned()).or_default();
        case.project.iter().for_each(|p| lines.push_str(&format!("{p}\n")));
    }
    out
}

/// (path, line) of the alerts of one rule.
pub fn places(alerts: &[Alert], rule: &str, sources: &Sources) -> BTreeSet<(String, u32)> {
    let of = |a: &&Alert| a.rule == rule;
    alerts
        .iter()
        .filter(of)
        .map(|a| {
            let file = sources.file(a.primary.file);
            (file.path.clone(), file.lines().line(a.primary.range.start))
        })
        .collect()
}

/// (path, line) of the marks of a case for one word.
pub fn marked(case: &Case, word: &str) -> BTreeSet<(String, u32)> {
    let mut out = BTreeSet::new();
    for file in &case.files {
        for mark in file.marks.iter().filter(|m| m.word == word) {
            let line = match mark.cell {
                Some(cell) => cell_line(&file.text, cell, mark.line),
                None => Some(mark.line),
            };
            out.insert((file.path.clone(), line.unwrap_or(0)));
        }
    }
    out
}

/// Line of a notebook file on which a line of a cell stands.
fn cell_line(text: &str, cell: u32, line: u32) -> Option<u32> {
    let (mut at, _) = text.match_indices("\"source\"").nth(cell as usize - 1)?;
    at += "\"source\"".len();
    let mut left = line;
    loop {
        let open = at + text.get(at..)?.find('"')?;
        left -= 1;
        if left == 0 {
            return u32::try_from(text.get(..open)?.matches('\n').count() + 1).ok();
        }
        let mut end = open + 1;
        while text.as_bytes().get(end)? != &b'"' {
            end += if text.as_bytes()[end] == b'\\' { 2 } else { 1 };
        }
        at = end + 1;
    }
}

/// What is wrong with a case, line by line. A `FP:` or `FN:` case states what is found today; when that changes, its heading must go.
pub fn check(case: &Case, rules: &[&str], name: &str, out: &mut Vec<String>) {
    let tree = sources(&files(case));
    let (model, alerts) = scan(&tree, knowledge().0);
    let title = &case.title;
    let mut fault = |text: String| out.push(format!("{name}:{}: {title}: {text}", case.line));
    for rule in rules {
        let (found, wanted) = (places(&alerts, rule, &tree), marked(case, rule));
        for (path, line) in wanted.difference(&found) {
            let other = |a: &&Alert| places(std::slice::from_ref(*a), &a.rule, &tree).contains(&(path.clone(), *line));
            let others: Vec<&str> = alerts.iter().filter(other).map(|a| a.rule.as_str()).collect();
            fault(format!("{path}:{line} is not reported as {rule}, but as {others:?}"));
        }
        found.difference(&wanted).for_each(|(path, line)| fault(format!("{path}:{line} is reported as {rule}")));
    }
    let hops: BTreeSet<(String, u32)> = alerts
        .iter()
        .filter(|a| rules.contains(&a.rule.as_str()))
        .flat_map(|a| a.paths.iter().flat_map(|p| &p.hops).chain(&a.related))
        .map(|h| {
            let file = tree.file(h.at.file);
            (file.path.clone(), file.lines().line(h.at.range.start))
        })
        .collect();
    marked(case, "path").difference(&hops).for_each(|(path, line)| fault(format!("{path}:{line} is no hop")));
    let ours: Vec<Alert> = alerts.iter().filter(|a| rules.contains(&a.rule.as_str())).cloned().collect();
    super::claims::unmet(case, &tree, &model, &ours).into_iter().for_each(fault);
}
