//! From a finding to the edits that remove it, on the bytes of the file. What kind of edit a rule has stands in its page; here is how each kind is made.
//! Whatever is not plainly right is refused with the reason. May see sources, facts, alerts, pages; decides nothing about findings and writes no file.

pub mod batch;
mod carrier;
mod head;
mod literal;
mod python;
pub mod rounds;
mod state;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use aho_corasick::AhoCorasick;

use crate::catalog::Catalog;
use crate::catalog::row::{Flag, Subject};
use crate::extract::notebook;
use crate::facts::What;
use crate::finding::{Alert, Edit, Location, Repair, Report, Safety};
use crate::flow::versions::Versions;
use crate::flow::{FlagState, Flow, SinkHit};
use crate::graph::Facts;
use crate::rule::edits::{EditKind, EditRule, SafeWhen};
use crate::rule::{By, Page, RuleSet};
use crate::source::{FileId, Kind, Range, Sources};
use crate::triage::redact;
use carrier::{Carrier, Change};

/// Findings of one file for which edits are planned: planning reads the file's program each time.
const MOST: usize = 200;

/// Letters of a secret that no name holds by accident.
const LETTERS: usize = 10;

/// Plans the edits for all that a report shows.
pub fn plan(report: &mut Report, sources: &Sources, facts: &Facts, flow: &Flow, catalog: &Catalog, rules: &RuleSet) {
    let planner = Planner::new(sources, facts, flow, catalog, rules);
    // Short ones are words that a name may well hold.
    let secrets: Vec<String> = redact::secrets(report, sources).into_iter().filter(|s| s.len() >= LETTERS).collect();
    let secrets = AhoCorasick::builder().ascii_case_insensitive(true).build(&secrets).ok().filter(|_| !secrets.is_empty());
    let mut counts: BTreeMap<FileId, usize> = BTreeMap::new();
    for reported in &mut report.shown {
        let count = counts.entry(reported.alert.primary.file).or_default();
        let Some(mut plan) = planner.plan(&reported.alert, *count < MOST) else { continue };
        *count += 1;
        // What a variable is called comes from the file: a name may be a secret itself.
        let says = |text: &String| secrets.as_ref().is_some_and(|s| s.is_match(text.as_str()));
        if plan.as_ref().is_ok_and(|r| says(&r.title) || r.edits.iter().any(|e| says(&e.text))) {
            plan = Err("the name that it would have is a secret itself".to_owned());
        }
        reported.repair = Some(plan);
    }
}

/// What planning looks at.
struct Planner<'a> {
    sources: &'a Sources,
    facts: &'a Facts,
    /// Sinks by where their findings stand.
    hits: BTreeMap<(FileId, u32), Vec<&'a SinkHit>>,
    versions: &'a Versions,
    catalog: &'a Catalog,
    rules: &'a RuleSet,
    /// Programs of the files that were looked at; a file has many findings.
    programs: RefCell<BTreeMap<FileId, Rc<Vec<Carrier>>>>,
    /// Outputs of notebooks.
    outputs: RefCell<BTreeMap<FileId, Rc<Outputs>>>,
    /// Variables that were given out, with the secret that each stands for.
    variables: RefCell<BTreeMap<(FileId, String), String>>,
}

/// Lists of outputs, each with its elements.
type Outputs = Vec<(Range, Vec<Range>)>;

/// What one kind of edit comes to: nothing, where the finding is not of its form.
type Made = Option<Result<Planned, String>>;

/// Edits of one kind.
struct Planned {
    title: String,
    edits: Vec<Edit>,
    /// What the page calls unsafe is safe here, and why.
    safe: Option<Calm>,
}

/// Why an edit that is unsafe elsewhere is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Calm {
    /// The versions of the project do so by default.
    Default,
    /// The program has nothing else there than what still works: nothing is left to do.
    Own,
}

impl Planned {
    fn new(title: String, edits: Vec<Edit>) -> Self {
        Planned { title, edits, safe: None }
    }
}

impl<'a> Planner<'a> {
    fn new(sources: &'a Sources, facts: &'a Facts, flow: &'a Flow, catalog: &'a Catalog, rules: &'a RuleSet) -> Self {
        let mut hits: BTreeMap<(FileId, u32), Vec<&'a SinkHit>> = BTreeMap::new();
        for hit in &flow.hits {
            hits.entry((hit.place.file, hit.place.range.start)).or_default().push(hit);
        }
        Planner {
            sources,
            facts,
            hits,
            versions: &flow.versions,
            catalog,
            rules,
            programs: RefCell::default(),
            outputs: RefCell::default(),
            variables: RefCell::default(),
        }
    }

    /// The edits that remove a finding; nothing when its rule has none.
    fn plan(&self, alert: &Alert, may: bool) -> Option<Result<Repair, String>> {
        let page = self.rules.get(&alert.rule).filter(|p| !p.edits.is_empty())?;
        if !may {
            return Some(Err(format!("edits are planned for {MOST} findings of a file at most")));
        }
        let mut refused = None;
        for rule in &page.edits {
            match self.made(alert, rule, page) {
                None => {}
                Some(Err(why)) => refused = refused.or(Some(why)),
                Some(Ok(Planned { title, mut edits, safe })) => {
                    edits.sort();
                    edits.dedup();
                    let safety = if safe.is_some() { Safety::Safe } else { rule.safety };
                    let note = if safe == Some(Calm::Own) { String::new() } else { rule.note.clone() };
                    return Some(Ok(Repair { title, safety, edits, note }));
                }
            }
        }
        Some(Err(refused.unwrap_or_else(|| "no edit is known for what stands there".to_owned())))
    }

    fn made(&self, alert: &Alert, rule: &EditRule, page: &Page) -> Made {
        match &rule.kind {
            EditKind::OutputCleared => self.cleared(alert.primary),
            EditKind::LiteralToEnvironment { module, table, lookups, setters } => {
                let variable = alert.data.get(redact::SECRET).and_then(|format| self.variable(format));
                let read = self.environment(alert, literal::Environment { variable, module, table, lookups, setters });
                Some(read.map(|(title, edits)| Planned::new(title, edits)))
            }
            _ => self.calls(alert, page, rule),
        }
    }

    /// Edits of the calls in which the finding lies.
    fn calls(&self, alert: &Alert, page: &Page, rule: &EditRule) -> Made {
        let EditRule { kind, unless, .. } = rule;
        let hits = self.hits(alert, page);
        let in_use = |file: FileId| self.programs(file).iter().any(|c| unless.iter().any(|word| c.text.as_str().contains(word.as_str())));
        if !unless.is_empty() && hits.iter().any(|h| in_use(h.at.file)) {
            return None;
        }
        let mut title = String::new();
        let mut edits = Vec::new();
        let mut seen = BTreeSet::new();
        // Safe is what is safe at each of the calls.
        let mut safe = Some(Calm::Own);
        for hit in hits.iter().filter(|h| seen.insert(h.at)) {
            match self.call(hit, kind)? {
                Ok((said, more)) => {
                    title = said;
                    edits.extend(more);
                }
                Err(why) => return Some(Err(why)),
            }
            safe = safe.min(rule.safe_when.as_ref().and_then(|when| self.calm(hit, when)));
        }
        (!edits.is_empty()).then_some(Ok(Planned { title, edits, safe }))
    }

    /// Why an edit that is unsafe elsewhere is safe at a call.
    fn calm(&self, hit: &SinkHit, when: &SafeWhen) -> Option<Calm> {
        let facts = self.facts.file(hit.at.file);
        if when.states.as_ref().is_some_and(|s| state::is_state(facts, hit.at.fact, hit.slot, s)) {
            return Some(Calm::Own);
        }
        let flag = self.catalog.row(hit.row).switch().filter(|_| when.default)?;
        matches!(self.versions.absent(hit.at.file, flag), FlagState::Safe | FlagState::Hole(_)).then_some(Calm::Default)
    }

    /// The sinks that a finding tells of.
    fn hits(&self, alert: &Alert, page: &Page) -> Vec<&'a SinkHit> {
        let By::Match(pattern) = &page.by else { return Vec::new() };
        let at = self.hits.get(&(alert.primary.file, alert.primary.range.start));
        // One finding may tell of several calls in a function that is called there.
        let of = |hit: &&&SinkHit| hit.flag != FlagState::Safe && pattern.kinds().any(|kind| *kind == hit.kind);
        at.into_iter().flatten().filter(of).copied().collect()
    }

    fn call(&self, hit: &SinkHit, kind: &EditKind) -> Option<Result<(String, Vec<Edit>), String>> {
        let fact = self.facts.fact(hit.at);
        let What::Call(call) = &fact.what else { return Some(Err("only calls in Python are edited".to_owned())) };
        let row = self.catalog.row(hit.row);
        let programs = self.programs(hit.at.file);
        let found = programs.iter().find_map(|c| {
            let (start, end) = c.stretch(fact.range)?;
            Some((c, python::call_at(c.tree.root(), start, end)?))
        });
        let Some((carrier, node)) = found else {
            return Some(Err("the call is not written in this file letter by letter".to_owned()));
        };
        let source = carrier.text.as_str();
        let (title, changes) = match kind {
            EditKind::CallRenamed { names, drop } => {
                let new = names.get(&call.name)?;
                let old = call.name.rsplit('.').next().unwrap_or(&call.name);
                (format!("call `{new}`"), python::rename(node, carrier.tree.root(), old, new, drop, source))
            }
            EditKind::ArgumentDropped => match self.flag(row.switch()) {
                Err(why) => return Some(Err(why)),
                Ok(flag) if !flag.default_safe => return Some(Err(format!("without `{}` the call is no safer", flag.name))),
                Ok(flag) => (format!("drop `{}`", flag.name), python::drop_named(node, &flag.name, source)),
            },
            EditKind::ArgumentSet => match (self.flag(row.switch()), &hit.flag) {
                (Err(why), _) => return Some(Err(why)),
                (_, FlagState::Hole(floor)) => return Some(Err(format!("only `{floor}` keeps to what is said"))),
                (Ok(flag), _) => {
                    let value = python_literal(&flag.safe);
                    (format!("say `{}={value}`", flag.name), python::set(node, &flag.name, value, source))
                }
            },
            _ => return None,
        };
        Some(changes.and_then(|c| self.edits(carrier, &c)).map(|edits| (title, edits)))
    }

    /// The argument that a flag of a row is.
    fn flag<'f>(&self, flag: Option<&'f Flag>) -> Result<&'f Flag, String> {
        let flag = flag.ok_or("no argument of the call decides")?;
        if flag.name.contains('.') { Err(format!("`{}` stands inside a dictionary", flag.name)) } else { Ok(flag) }
    }

    fn edits(&self, carrier: &Carrier, changes: &[Change]) -> Result<Vec<Edit>, String> {
        changes.iter().map(|c| carrier.edit(c, self.sources.file(carrier.file))).collect()
    }

    fn programs(&self, file: FileId) -> Rc<Vec<Carrier>> {
        let known = self.programs.borrow().get(&file).cloned();
        known.unwrap_or_else(|| {
            let read = Rc::new(carrier::carriers(file, self.sources.file(file), self.facts.file(file)));
            self.programs.borrow_mut().insert(file, read.clone());
            read
        })
    }

    /// Removes the output of a notebook's cell that holds a place.
    fn cleared(&self, at: Location) -> Made {
        let file = self.sources.file(at.file);
        if file.kind != Kind::Notebook {
            return None;
        }
        let (list, outputs) = self.outputs(at.file).iter().find(|(list, _)| list.contains(at.range))?.clone();
        let index = outputs.iter().position(|o| o.contains(at.range))?;
        let one = outputs.get(index)?;
        let next = outputs.get(index + 1);
        let before = index.checked_sub(1).and_then(|i| outputs.get(i));
        let range = match (before, next) {
            (_, Some(next)) => Range { start: one.start, end: next.start },
            (Some(before), None) => Range { start: before.end, end: one.end },
            (None, None) => Range { start: list.start + 1, end: list.end.saturating_sub(1) },
        };
        let whole = file.bytes.get(list.bounds()).is_some_and(|b| b.starts_with(b"[") && b.ends_with(b"]"));
        if !whole {
            return Some(Err("the list of outputs is not closed".to_owned()));
        }
        let edit = Edit { at: Location { file: at.file, range }, text: String::new() };
        Some(Ok(Planned::new("clear the output".to_owned(), vec![edit])))
    }

    fn outputs(&self, file: FileId) -> Rc<Outputs> {
        let known = self.outputs.borrow().get(&file).cloned();
        known.unwrap_or_else(|| {
            let read = Rc::new(notebook::outputs(&self.sources.file(file).bytes));
            self.outputs.borrow_mut().insert(file, read.clone());
            read
        })
    }

    /// The variable in which programs of a format's vendor look for it.
    fn variable(&self, format: &str) -> Option<&'a str> {
        self.catalog.iter().find_map(|(_, row)| match &row.subject {
            Subject::Secret(known) if known.id == format => known.environment.as_deref(),
            _ => None,
        })
    }

    /// Reads a secret from the environment.
    fn environment(&self, alert: &Alert, environment: literal::Environment<'_>) -> Result<(String, Vec<Edit>), String> {
        let file = alert.primary.file;
        let kind = self.sources.file(file).kind;
        let programs = self.programs(file);
        let found = programs.iter().enumerate().find_map(|(i, c)| Some((i, c, c.stretch(alert.primary.range)?)));
        let Some((index, carrier, (start, end))) = found else {
            return Err(match kind {
                Kind::Python | Kind::Notebook => "it stands in no Python of this file",
                _ => "only literals of Python are edited",
            }
            .to_owned());
        };
        let earlier: Vec<&Carrier> = if kind == Kind::Notebook { programs.iter().take(index).collect() } else { Vec::new() };
        let name = alert.data.get(redact::SECRET).map(String::as_str).unwrap_or_default();
        let secret = carrier.text.as_str().get(start..end).unwrap_or_default().to_owned();
        // Whether the variable stands for something else in this file.
        let taken = |said: &String| {
            let known = [format!("\"{said}\""), format!("'{said}'")];
            let there = programs.iter().any(|c| known.iter().any(|k| c.text.as_str().contains(k)));
            there || self.variables.borrow().get(&(file, said.clone())).is_some_and(|first| *first != secret)
        };
        // A file may hold two keys of one vendor: the second is called after its target.
        let variable = environment.variable.filter(|v| !taken(&(*v).to_owned()));
        let read = literal::read(carrier, &earlier, start, end, name, literal::Environment { variable, ..environment })?;
        let edits = self.edits(carrier, &read.changes)?;
        let said = &read.variable;
        if read.by == literal::By::Choice {
            if taken(said) {
                return Err(format!("`{said}` stands for another value in this file"));
            }
            self.variables.borrow_mut().insert((file, said.clone()), secret);
        }
        let title = match read.by {
            literal::By::Setter => format!("set `{said}` outside of the program"),
            _ => format!("read `{said}` from the environment"),
        };
        Ok((title, edits))
    }
}

/// A value of a row's flag as Python writes it.
fn python_literal(value: &str) -> &str {
    match value {
        "true" => "True",
        "false" => "False",
        "none" => "None",
        other => other,
    }
}
