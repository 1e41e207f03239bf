//! Evaluates the `match:` of pages over facts, flow and rows. Knows no rule by name and reads no file.
//!
//! Facts are indexed once by kind, sinks by theirs, so that a page costs what it looks at and nothing more. Alerts come out in the order of pages, then
//! places.

mod candidate;
mod copied;
mod decides;
mod fields;
mod put_back;
mod switched;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::prelude::*;

use crate::catalog::row::{Effect, RowId, Verdict};
use crate::detect::Context;
use crate::detect::idle::Idle;
use crate::facts::{ValueId, What};
use crate::finding::{Alert, Confidence, Hop, Location, ONCE, Severity, TAKES_DATA};
use crate::flow::{FlagState, SinkHit};
use crate::graph::{EdgeKind, Node};
use crate::origin::{Origin, Who};
use crate::rule::pattern::{Form, Further, Pattern, Primary, Same, Subject, Tie, Unless};
use crate::rule::placeholders::fill;
use crate::rule::{By, COPIED, Page};
use crate::source::{FileId, Kind, Range};
use candidate::Candidate;
use copied::Copied;
use decides::Deciding;
use fields::Verdicts;
use switched::OnDemand;

pub use words::{origin_words, place_words};

/// What pages decided about sinks, by what tells a hit from others.
#[derive(Debug, Default)]
pub struct Decided {
    /// Hits that an alert tells.
    pub told: BTreeSet<HitKey>,
    /// Hits in test code, whose files nobody outside chooses.
    pub tests: BTreeSet<HitKey>,
}

/// The fact, where a finding stands, the row and its effect.
pub type HitKey = (Node, Location, RowId, u32);

/// What tells a hit from others.
pub fn hit_key(hit: &SinkHit) -> HitKey {
    (hit.at, hit.place, hit.row, hit.effect)
}

/// Alerts of the pages that are asked and have a `match:`, and what they decided.
pub fn run<'c>(context: &'c Context<'c>, asked: &(dyn Fn(&Page) -> bool + Sync)) -> (Vec<Alert>, Decided) {
    let matcher = Matcher::new(context);
    let of_page = |page: &'c Page| match &page.by {
        By::Match(pattern) => matcher.page(page, pattern),
        By::Detector(_) => Vec::new(),
    };
    let out = context.rules.pages.par_iter().filter(|p| asked(p)).flat_map_iter(of_page).collect();
    (out, matcher.decided.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Alerts of the pages that are asked: matched ones, then those of detectors; and what pages decided about sinks.
pub fn all(context: &Context<'_>, asked: &(dyn Fn(&Page) -> bool + Sync)) -> (Vec<Alert>, Decided) {
    let of_page = |page: &Page| match &page.by {
        By::Detector(name) => crate::detect::TABLE.iter().find(|(n, _)| n == name).map_or_else(Vec::new, |(_, detector)| detector(context)),
        By::Match(_) => Vec::new(),
    };
    // What looks for secrets shares the threads with all others and is waited for by none: who waits may take up a page that asks for them too.
    let waits = |page: &Page| crate::detect::is_of_secrets(page) && asked(page);
    let at_once = |page: &Page| if asked(page) && !waits(page) { of_page(page) } else { Vec::new() };
    let detected = || context.rules.pages.par_iter().map(at_once).collect::<Vec<Vec<Alert>>>();
    let look = || {
        if context.rules.pages.iter().any(waits) {
            context.secrets.look(context)
        }
    };
    let (((mut out, decided), mut detected), ()) = rayon::join(|| rayon::join(|| run(context, asked), detected), look);
    for (page, alerts) in context.rules.pages.iter().zip(&mut detected).filter(|(page, _)| waits(page)) {
        *alerts = of_page(page);
    }
    out.extend(detected.into_iter().flatten());
    let idle = Idle::of(context);
    out.retain(|a| context.config.enabled(&a.rule) && !idle.covers(context, a));
    for alert in &mut out {
        if let Some(level) = context.config.level(&alert.rule) {
            alert.severity = level;
        }
    }
    (out, decided)
}

/// Nodes by file.
type Others = BTreeMap<FileId, Vec<Node>>;

pub(crate) struct Matcher<'a> {
    context: &'a Context<'a>,
    /// Facts by kind of fact.
    facts: BTreeMap<&'static str, Vec<Node>>,
    /// Sinks by kind of sink.
    sinks: BTreeMap<&'a str, Vec<usize>>,
    /// Files that a job, script or image runs.
    run: BTreeSet<FileId>,
    decided: Mutex<Decided>,
    /// What is reached on demand, by file, as far as it was asked for.
    on_demand: Mutex<BTreeMap<FileId, Arc<OnDemand<'a>>>>,
    /// What image builds copy.
    copied: OnceLock<Copied>,
}

impl<'a> Matcher<'a> {
    fn new(context: &'a Context<'a>) -> Self {
        let mut facts: BTreeMap<&'static str, Vec<Node>> = BTreeMap::new();
        for (node, fact) in context.facts.nodes() {
            facts.entry(word(&fact.what)).or_default().push(node);
        }
        let mut sinks: BTreeMap<&'a str, Vec<usize>> = BTreeMap::new();
        for (i, hit) in context.flow.hits.iter().enumerate() {
            sinks.entry(hit.kind.as_str()).or_default().push(i);
        }
        let run = context.graph.edges.iter().filter(|e| e.kind == EdgeKind::Runs && e.from.file != e.to.file).map(|e| e.to.file).collect();
        Matcher { context, facts, sinks, run, decided: Mutex::default(), on_demand: Mutex::default(), copied: OnceLock::new() }
    }

    /// Takes down what a page decided; pages are asked side by side.
    fn decides(&self, what: impl FnOnce(&mut Decided)) {
        what(&mut self.decided.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn page(&self, page: &'a Page, pattern: &'a Pattern) -> Vec<Alert> {
        let mut out = Vec::new();
        // What further subjects may be does not depend on the first: found once, by file where the tie stays in one.
        let and: Vec<(&Further, Others)> = pattern.and.iter().map(|f| (f, self.others(f))).collect();
        let unless: Vec<(&Unless, Others)> = pattern
            .unless
            .iter()
            .map(|u| match u {
                Unless::Fields(_) => (u, Others::new()),
                Unless::Further(f) => (u, self.others(f)),
            })
            .collect();
        for candidate in self.candidates(&pattern.first.subject) {
            let verdicts = self.fields(&candidate, &pattern.first.fields);
            if !verdicts.hold || self.cancelled(&candidate, &unless) || !and.iter().all(|(f, others)| self.tied(&candidate, f, others)) {
                continue;
            }
            let key = candidate.hit.map(hit_key);
            let alert = self.alert(page, pattern, candidate, verdicts);
            self.decides(|decided| decided.told.extend(key.filter(|_| alert.is_some())));
            out.extend(alert);
        }
        out
    }

    fn others(&self, further: &Further) -> Others {
        let mut out = Others::new();
        for candidate in self.candidates(&further.matched.subject) {
            if self.fields(&candidate, &further.matched.fields).hold {
                out.entry(candidate.node.file).or_default().push(candidate.node);
            }
        }
        out
    }

    fn cancelled(&self, candidate: &Candidate<'a>, unless: &[(&Unless, Others)]) -> bool {
        unless.iter().any(|(u, others)| match u {
            Unless::Fields(fields) => {
                let verdicts = self.fields(candidate, fields);
                verdicts.hold && !verdicts.open
            }
            Unless::Further(further) => self.tied(candidate, further, others),
        })
    }

    fn tied(&self, first: &Candidate<'a>, further: &Further, others: &Others) -> bool {
        let near = others.get(&first.node.file);
        let facts = self.context.facts.file(first.node.file);
        let deciding = (further.tie.decides && near.is_some()).then(|| Deciding::of(facts, first.node.fact));
        let decides = |other: &Node| deciding.as_ref().is_none_or(|d| d.has(facts, other.fact));
        near.into_iter().flatten().any(|other| *other != first.node && decides(other) && self.is_tied(first.node, *other, &further.tie))
    }

    fn is_tied(&self, first: Node, other: Node, tie: &Tie) -> bool {
        let facts = self.context.facts;
        let place = |n: Node| facts.fact(n).range.start;
        let same = tie.same.is_none_or(|scope| first.file == other.file && self.share(first, other, scope));
        let handles = !tie.handler_of || {
            let file = facts.file(first.file);
            // The range of a `try` is that of what it tries.
            first.file == other.file && facts.fact(first).handler.is_some_and(|t| file.fact(t).range.contains(facts.fact(other).range))
        };
        same && handles && (!tie.after || place(other) > place(first)) && (!tie.before || place(other) < place(first))
    }

    fn share(&self, a: Node, b: Node, scope: Same) -> bool {
        let file = self.context.facts.file(a.file);
        if scope == Same::File {
            return true;
        }
        if scope == Same::Receiver {
            let receiver = |n: Node| match &self.context.facts.fact(n).what {
                What::Call(call) => call.receiver.map(|r| file.value(r).what.clone()),
                _ => None,
            };
            return receiver(a).is_some() && receiver(a) == receiver(b);
        }
        let wanted = |what: &What| match scope {
            Same::Step => matches!(what, What::Step { .. } | What::Cell { .. } | What::Script { .. }),
            Same::Job => matches!(what, What::Job { .. } | What::Stage { .. } | What::Template { .. }),
            _ => matches!(what, What::Function { .. } | What::Module { .. }),
        };
        let around = |n: Node| {
            if wanted(&file.fact(n.fact).what) { Some(n.fact) } else { file.owners(n.fact).find(|(_, f)| wanted(&f.what)).map(|(id, _)| id) }
        };
        around(a).is_some() && around(a) == around(b)
    }

    fn alert(&self, page: &Page, pattern: &Pattern, mut candidate: Candidate<'a>, verdicts: Verdicts) -> Option<Alert> {
        let severities = &self.context.catalog.severities;
        let origin = candidate.bytes;
        let mut severity = match page.level {
            Some(level) => self.stated(page, &candidate).unwrap_or(level),
            // Nobody chooses the files of a test from outside: it makes them, or the tree holds them.
            None if !verdicts.open && origin.is_none_or(|o| o.who <= Who::Operator) && self.is_test_code(candidate.node.file) => {
                self.decides(|decided| decided.tests.extend(candidate.hit.map(hit_key)));
                return None;
            }
            None => {
                let known = severities.risk(&page.class, origin.unwrap_or(Origin::PROGRAM));
                let open = match verdicts.verdict {
                    _ if !verdicts.open => None,
                    Verdict::Report => severities.open(&page.class),
                    Verdict::Info => Some(Severity::Info),
                    Verdict::Silent => None,
                };
                let level = known.max(open)?;
                match candidate.hit.map(|h| &h.flag) {
                    Some(FlagState::Unsettled(_)) => severities.unsettled(&page.class).map_or(level, |most| level.min(most)),
                    Some(FlagState::Hole(_)) => severities.holed(&page.class).map_or(level, |most| level.min(most)),
                    _ => level,
                }
            }
        };
        candidate.doubts.extend(verdicts.doubts);
        for (fields, says) in &pattern.doubts {
            if self.fields(&candidate, fields).hold {
                candidate.doubts.extend(says.iter().cloned());
            }
        }
        if self.is_test(candidate.node.file) {
            // A step less, where the table decides: the code is there, but nothing runs it.
            if page.level.is_none() && severity > Severity::Medium {
                severity = Severity::Medium;
            }
            candidate.doubts.push("it stands in tests, examples or benchmarks that no job runs".to_owned());
            // Examples are copied; a test reads what it chose itself, on the machine of whoever works on it.
            if self.is_test_code(candidate.node.file) {
                candidate.doubts.push("only who works on the tests runs it, with what the tests name".to_owned());
            }
        }
        candidate.doubts.sort();
        candidate.doubts.dedup();
        let primary = self.primary(&candidate, pattern.primary.as_ref());
        let file = self.context.sources.file(primary.file);
        candidate.values.insert("line", file.lines().line(primary.range.start).to_string());
        candidate.values.insert("place", place_words(self.context, candidate.hit.map_or(candidate.node, |h| h.place_at)));
        let who = if verdicts.open && origin.is_none_or(|o| o.who < Who::Publisher) { None } else { origin };
        candidate.values.entry("origin").or_insert_with(|| origin_words(who, candidate.hit.and_then(|h| h.subject.as_deref())));
        let mut data = BTreeMap::new();
        if let Some(hit) = candidate.hit {
            data.insert("kind".to_owned(), hit.kind.clone());
            if self.context.catalog.takes_data(&hit.kind) {
                data.insert(TAKES_DATA.to_owned(), String::new());
            }
            data.insert("row".to_owned(), self.context.catalog.row(hit.row).subject.text());
            data.extend(hit.slot.filter(|_| page.once).map(|slot| (ONCE.to_owned(), self.argument(hit, slot))));
        }
        if let Some(origin) = origin {
            data.insert("who".to_owned(), origin.who.name().to_owned());
            data.insert("mutable".to_owned(), origin.mutable.name().to_owned());
        }
        let text = file.text_at(primary.range).split_whitespace().collect::<Vec<_>>().join(" ");
        // The name belongs to the cause wherever the alert stands: another owner's action in the same step is another finding.
        let cause = match candidate.values.get("name").filter(|n| !n.is_empty() && !text.contains(n.as_str())) {
            Some(name) if pattern.primary == Some(Primary::Ref) => format!("{name}@{text}"),
            Some(name) => format!("{text} {name}"),
            None => text,
        };
        let mut hops = candidate.hit.map(|h| h.hops.clone()).unwrap_or_default();
        let at = self.first_line(candidate.at);
        if pattern.primary == Some(Primary::Source) && at != primary && !hops.iter().any(|h| self.first_line(h.at) == at) {
            hops.push(Hop { at, text: format!("`{}` runs it", candidate.values.get("callee").map_or("this", String::as_str)) });
        }
        Some(Alert {
            rule: page.id.clone(),
            tier: page.tier,
            severity,
            confidence: Confidence::after(candidate.doubts.len()),
            primary,
            cause,
            message: fill(&page.message, &candidate.values),
            fix: fill(&page.fix, &candidate.values),
            fine_if: if page.fine_if.contains("{owner}") && !candidate.values.contains_key("owner") {
                String::new()
            } else {
                fill(&page.fine_if, &candidate.values)
            },
            assumes: page.assumes.iter().map(|t| fill(t, &candidate.values)).collect(),
            doubts: candidate.doubts,
            paths: Vec::new(),
            related: hops.into_iter().filter(|h| h.at != primary).collect(),
            part_of: None,
            data,
        })
    }

    /// What a sink is given, by which the same is known again: what it holds, else as it is written.
    fn argument(&self, hit: &SinkHit, slot: ValueId) -> String {
        let range = self.context.facts.file(hit.at.file).value(slot).range;
        let written = || self.context.sources.file(hit.at.file).text_at(range).replace(['"', '\'', '{', '}'], "");
        hit.subject.clone().or_else(|| self.literal(hit)).unwrap_or_else(written)
    }

    /// The level that a page states for such a place: of configuration that an image build copies, else of that kind of sink, else of that kind of file.
    fn stated(&self, page: &Page, candidate: &Candidate<'a>) -> Option<Severity> {
        let of = |word: &str| page.level_in.iter().find(|(p, _)| p == word).map(|(_, level)| *level);
        let id = candidate.node.file;
        let place = kind_word(self.context.sources.file(id).kind);
        let is_copied = |_: &Severity| place == "config" && self.copied.get_or_init(|| Copied::of(self.context)).has(self.context, id);
        of(COPIED).filter(is_copied).or_else(|| of(&candidate.hit?.kind)).or_else(|| of(place))
    }

    /// Where an alert points: what the page says, else what the row says, else where the candidate stands.
    fn primary(&self, candidate: &Candidate<'a>, wanted: Option<&Primary>) -> Location {
        let node = candidate.node;
        let facts = self.context.facts.file(node.file);
        let of = |value| Location { file: node.file, range: facts.value(value).range };
        let moved = candidate.hit.is_some_and(|h| h.place_at != h.at);
        let place = match wanted {
            Some(Primary::Ref) => candidate.reference,
            Some(Primary::Value) => candidate.value.map(of),
            Some(Primary::Source) => candidate.hit.and_then(|h| h.hops.first()).map(|hop| hop.at),
            // What is to be edited stands at the sink, whoever supplies the value.
            Some(Primary::Callee) if moved => candidate.hit.map(|h| self.head(h.at)),
            Some(Primary::Slot) if !moved => candidate.hit.and_then(|h| h.slot).map(of),
            Some(Primary::Arg(slot)) if !moved => {
                candidate.row.and_then(|row| self.context.catalog.slot(facts, node.fact, row, slot).first().copied()).map(of)
            }
            _ => None,
        };
        self.first_line(place.filter(|p| !p.range.is_empty()).unwrap_or(candidate.at))
    }

    /// The callee of a call, the program of a command; else the whole fact.
    fn head(&self, node: Node) -> Location {
        let facts = self.context.facts.file(node.file);
        let fact = facts.fact(node.fact);
        let range = match &fact.what {
            What::Call(call) => facts.value(call.callee).range,
            What::Command(command) => command.words.first().map_or(fact.range, |w| w.range),
            _ => fact.range,
        };
        Location { file: node.file, range }
    }

    /// One narrow line: what is on the line on which the range begins.
    fn first_line(&self, at: Location) -> Location {
        let file = self.context.sources.file(at.file);
        let bytes = file.bytes.get(at.range.bounds()).unwrap_or_default();
        let end = bytes.iter().position(|b| *b == b'\n' || *b == b'\r').unwrap_or(bytes.len());
        Location { file: at.file, range: Range::new(at.range.start as usize, at.range.start as usize + end) }
    }

    fn is_test_code(&self, id: FileId) -> bool {
        let file = self.context.sources.file(id);
        matches!(file.kind, Kind::Python | Kind::Notebook) && crate::graph::paths::is_test(&file.path)
    }

    /// Tests, examples and benchmarks, unless something in the tree runs the file. The forge runs workflows, whatever they are called.
    fn is_test(&self, id: FileId) -> bool {
        let file = self.context.sources.file(id);
        is_test_path(&file.path) && !self.run.contains(&id) && !matches!(file.kind, Kind::Workflow | Kind::Action)
    }
}

/// Folders of code that nobody ships.
const SHOWN: &str = "test tests testing example examples benchmark benchmarks demo demos docs tutorials samples cookbook cookbooks";

/// Whether a path is that of a test, example or benchmark.
pub fn is_test_path(path: &str) -> bool {
    let mut segments = path.split('/').rev();
    let name = segments.next().unwrap_or("").to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or("");
    let named = stem.starts_with("test_") || stem.ends_with("_test") || stem == "conftest";
    named || segments.any(|s| SHOWN.split(' ').any(|folder| s.eq_ignore_ascii_case(folder)))
}

/// What a file is, as `place:` of a page names it.
pub(crate) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Workflow => "workflow",
        Kind::Action => "action",
        Kind::Dockerfile => "dockerfile",
        Kind::Shell => "shell",
        Kind::Make => "make",
        Kind::Python => "python",
        Kind::Notebook => "notebook",
        Kind::Requirements | Kind::Pyproject | Kind::Ini | Kind::Conda => "manifest",
        Kind::Yaml | Kind::Json | Kind::Toml | Kind::Dotenv | Kind::Plain | Kind::Prose => "config",
    }
}

fn word(what: &What) -> &'static str {
    match what {
        What::Call(_) => "call",
        What::Command(_) => "command",
        What::Uses { .. } => "uses",
        What::Image { .. } => "image",
        What::Requirement(_) => "requirement",
        What::Permission { .. } => "permission",
        What::Setting { .. } => "setting",
        What::Write { .. } => "write",
        What::Runner { .. } => "runner",
        What::Trigger { .. } => "trigger",
        What::SecretRef { .. } => "secret-ref",
        What::Script { .. } => "script",
        What::Workflow { .. } => "workflow",
        What::Job { .. } => "job",
        What::Stage { .. } => "stage",
        What::Step { .. } => "step",
        What::Output { .. } => "output",
        _ => "other",
    }
}

/// The words under which the facts of a subject are indexed.
fn sources(subject: &Subject) -> &'static [&'static str] {
    match subject {
        Subject::Sink { .. } => &[],
        Subject::Effect { form: Form::Call, .. } => &["call"],
        Subject::Effect { form: Form::Command, .. } => &["command"],
        Subject::Effect { .. } | Subject::Uses => &["uses"],
        Subject::Image(_) => &["image"],
        Subject::Requirement(_) => &["requirement"],
        Subject::Permission(..) => &["permission"],
        Subject::Setting(_) => &["setting"],
        Subject::Env(_) => &["write", "setting"],
        Subject::Runner => &["runner"],
        Subject::Trigger(_) => &["trigger"],
        Subject::SecretRef => &["secret-ref"],
        Subject::Write(_) => &["write"],
        Subject::Expression(_) => &["script", "uses", "write"],
        Subject::Script => &["script"],
        Subject::Workflow => &["workflow"],
        Subject::Job => &["job"],
        Subject::Stage => &["stage"],
        Subject::Step => &["step"],
    }
}

/// Whether the fact of a sink is of a form.
fn is_form(form: Form, what: &What) -> bool {
    match form {
        Form::Any => true,
        Form::Call => matches!(what, What::Call(_)),
        Form::Command => matches!(what, What::Command(_)),
        Form::Action => matches!(what, What::Uses { .. }),
        Form::Setting => matches!(what, What::Setting { .. } | What::Write { .. }),
        Form::Image => matches!(what, What::Image { .. }),
        Form::Script => matches!(what, What::Script { .. }),
    }
}

/// What the sink effect of a hit says of open and unknown origins.
pub(crate) fn verdicts(context: &Context<'_>, hit: &crate::flow::SinkHit) -> (Verdict, Verdict) {
    match context.catalog.row(hit.row).effects.get(hit.effect as usize) {
        Some(Effect::Sink { when_open, when_unknown, .. }) => (*when_open, *when_unknown),
        _ => (Verdict::Silent, Verdict::Silent),
    }
}

/// The word of a page for a flag's state.
pub(crate) fn flag_word(state: &FlagState) -> crate::rule::pattern::FlagWord {
    use crate::rule::pattern::FlagWord;
    match state {
        FlagState::None => FlagWord::None,
        FlagState::Safe => FlagWord::Safe,
        FlagState::Unsafe => FlagWord::Unsafe,
        FlagState::Hole(_) => FlagWord::Hole,
        FlagState::Unsettled(_) => FlagWord::Unsettled,
        FlagState::Dynamic => FlagWord::Dynamic,
    }
}

#[cfg(test)]
mod tests;
