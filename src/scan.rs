//! The driver loop: outline, select, extract, unwrap, link, flow until nothing is new; then reach, rules, triage.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::cache::{Cache, Content};
use crate::catalog::{Catalog, unwrap};
use crate::cleared;
use crate::config::Config;
use crate::detect;
use crate::extract;
use crate::extract::python::Walked;
use crate::facts::FileFacts;
use crate::finding::{Alert, Cleared};
use crate::flow::tables::Tables;
use crate::flow::tables::local::Local;
use crate::flow::{self, Flow};
use crate::graph::imports::Imports;
use crate::graph::index::{FileIndex, Index, LeftOut};
use crate::graph::paths::{Paths, base};
use crate::graph::{Facts, Graph};
use crate::link;
use crate::matcher;
use crate::notice::{Notice, NoticeKind};
use crate::outline::{self, Ask, Asked, Outline, Part, Wanted};
use crate::reach::families::Families;
use crate::reach::{self, Reach};
use crate::rule::{Page, RuleSet};
use crate::source::{FileId, Kind, SourceFile, Sources};
use crate::suppressed;

/// Everything that is known before a rule is asked.
#[derive(Debug, Default)]
pub struct Model {
    /// Facts of all files.
    pub facts: Facts,
    /// Lookups.
    pub index: Index,
    /// Edges.
    pub graph: Graph,
    /// Origins and sink hits.
    pub flow: Flow,
    /// Jobs and what runs in them.
    pub reach: Reach,
    /// What was looked at and found harmless.
    pub cleared: Vec<Cleared>,
    /// What stands beside a comment that silences another tool.
    pub suppressed: Vec<Cleared>,
    /// What was not understood.
    pub notices: Vec<Notice>,
    /// Whether files that were let go unread matter to what was found after all: the whole tree tells more.
    pub short: bool,
}

/// Rounds of asking for more parts. Each round resolves names one call further away; what is wanted after the last is a notice. Over nine large packages
/// (196 MB) a sixth changed none of 1,141 findings.
const ROUNDS: usize = 5;

/// What selection looks for, worked out where the first file is that something is selected of.
type LookedFor<'w> = dyn Fn() -> &'w Wanted + Sync + 'w;

/// Builds the model of a tree. `wanted` decides which parts of Python files are looked at first; more are asked for as flow needs them. What `cache` holds is
/// not read again.
pub fn model(sources: &Sources, catalog: &Catalog, wanted: &Wanted, cache: Option<&Cache>) -> Model {
    model_of(sources, catalog, &|| wanted, &|_| true, cache)
}

/// As [`model`], of the files for which `is_read` holds; the others have no facts.
fn model_of(sources: &Sources, catalog: &Catalog, wanted: &LookedFor<'_>, is_read: &(dyn Fn(FileId) -> bool + Sync), cache: Option<&Cache>) -> Model {
    let id = |i: usize| FileId(u32::try_from(i).unwrap_or(u32::MAX));
    let outlined = |(i, f): (usize, &SourceFile)| (f.kind == Kind::Python && is_read(id(i))).then(|| outline::outline(&f.bytes));
    let outlines: Vec<Option<Outline>> = sources.files.par_iter().enumerate().map(outlined).collect();
    let contents: Vec<Content> = cache.map(|_| sources.files.par_iter().map(|f| Content::of(&f.bytes)).collect()).unwrap_or_default();
    let mut selected: Vec<Vec<Part>> = vec![Vec::new(); sources.files.len()];
    let mut walked: Vec<Option<Walked>> = sources.files.iter().map(|_| None).collect();
    let mut facts = Facts { files: vec![FileFacts::default(); sources.files.len()] };
    let mut named: Vec<Arc<FileIndex>> = vec![Arc::default(); sources.files.len()];
    let mut left_out: Vec<Arc<LeftOut>> = vec![Arc::default(); sources.files.len()];
    let mut local: Vec<Arc<Local>> = vec![Arc::default(); sources.files.len()];
    let paths = Arc::new(Paths::new(sources));
    let imports = Arc::new(Imports::new(&paths, &outlines));
    // What flow asked for in all rounds, and what of each file it asked for in the last.
    let mut settled: BTreeSet<(FileId, String, Ask)> = BTreeSet::new();
    let mut asked: BTreeMap<FileId, Asked> = BTreeMap::new();
    let mut model = Model::default();
    for round in 0..ROUNDS {
        let changed: Vec<(usize, FileIndex, Local, LeftOut)> = (sources.files.par_iter(), &mut selected, &mut walked, &mut facts.files)
            .into_par_iter()
            .enumerate()
            .filter_map(|(i, (file, selected, walked, facts))| {
                if !is_read(id(i)) {
                    return (round == 0).then(|| (i, FileIndex::default(), Local::default(), LeftOut::new()));
                }
                let blocks = match &outlines[i] {
                    // What a project needs stands in plain strings there.
                    Some(outline) if base(&file.path) == "setup.py" => outline.all(),
                    Some(outline) if round == 0 => outline::select(outline, &file.bytes, wanted()),
                    Some(outline) => outline::select_more(outline, &file.bytes, asked.get(&id(i))?, selected)?,
                    None if round == 0 => Vec::new(),
                    None => return None,
                };
                if outlines[i].is_some() && blocks == *selected {
                    if round == 0 {
                        *facts = extract::python::unread(&file.bytes);
                    }
                    return (round == 0).then(|| (i, FileIndex::default(), Local::default(), LeftOut::new()));
                }
                let kept = cache.zip(contents.get(i)).map(|(cache, content)| (cache, content.key(file.kind, &blocks)));
                let before = std::mem::take(facts);
                let stood = before.items.len();
                let more = match (&outlines[i], walked.take()) {
                    (Some(outline), Some(walked)) if kept.is_none() => extract::python::add(before, walked, &file.bytes, outline, selected, &blocks),
                    _ => None,
                };
                *facts = match more {
                    Some((more, after)) => {
                        *walked = Some(after);
                        unwrap::unwrap_from(more, stood, catalog)
                    }
                    None => {
                        let known = kept.and_then(|(cache, key)| cache.get(key));
                        let all = known.unwrap_or_else(|| {
                            let (all, after) = read(file, outlines[i].as_ref(), &blocks);
                            *walked = after;
                            if let Some((cache, key)) = kept {
                                cache.put(key, &all);
                            }
                            all
                        });
                        unwrap::unwrap(all, catalog)
                    }
                };
                facts.shrink();
                let names = FileIndex::new(file.kind, facts, catalog);
                let said = Local::new(facts);
                let left_out = outlines[i].as_ref().map(|o| outline::left_out(o, &blocks)).unwrap_or_default();
                *selected = blocks;
                Some((i, names, said, left_out))
            })
            .collect();
        if changed.is_empty() && round > 0 {
            break;
        }
        for (i, names, said, absent) in changed {
            named[i] = Arc::new(names);
            local[i] = Arc::new(said);
            left_out[i] = Arc::new(absent);
        }
        // Only the last round's is kept, and no two stand at once.
        model = Model::default();
        let mut index = Index::new(&paths, &imports, &facts, catalog, &named, &left_out);
        let tables = Tables::settled(&mut index, &facts, catalog, &local);
        let (graph, notices) = link::link(&index, &facts, catalog);
        let flow = flow::solve(round, &tables, &index, &facts, &graph, catalog);
        let new: Vec<&(FileId, String, Ask)> = flow.wanted.iter().filter(|w| !settled.contains(*w)).collect();
        asked = imports.asked(new.iter().map(|w| (w.0, w.1.as_str(), w.2)));
        let grew = !new.is_empty();
        settled.extend(new.into_iter().cloned().collect::<Vec<_>>());
        model.index = index;
        model.graph = graph;
        model.flow = flow;
        model.notices = notices;
        if !grew {
            break;
        }
        if round + 1 == ROUNDS {
            let text = "calls lead further than they were followed".to_owned();
            model.notices.push(Notice { file: None, range: None, kind: NoticeKind::Limit, text });
        }
    }
    drop((outlines, selected, walked, named, local));
    model.graph = link::with_calls(model.graph, &model.index, &facts, catalog);
    model.facts = facts;
    for (id, file) in sources.iter() {
        let local = &model.facts.file(id).notices;
        model.notices.extend(local.iter().map(|n| Notice { file: Some(id), range: Some(n.range), kind: n.kind, text: n.text.clone() }));
        let _ = file;
    }
    let families = Families::new(catalog, sources.files.len());
    let (index, facts, graph, flow) = (&model.index, &model.facts, &model.graph, &model.flow);
    let reach = reach::reach(reach::Context { sources, index, facts, graph, catalog, flow, families: &families });
    model.reach = Reach { families, ..reach };
    // What a job chooses by a call of a template is known when jobs are.
    model.flow.hits.extend(model.reach.chosen());
    model.flow.hits.sort();
    model.notices.append(&mut model.reach.notices);
    model.notices.sort();
    model.notices.dedup();
    model
}

/// The model of a tree and what every page says of it, policy applied to rules but nothing filtered.
pub fn analyze(sources: &Sources, catalog: &Catalog, rules: &RuleSet, config: &Config, cache: Option<&Cache>) -> (Model, Vec<Alert>) {
    conclude(sources, catalog, rules, config, model_of(sources, catalog, &|| catalog.wanted(), &|_| true, cache), &|_| true, BTreeSet::new())
}

/// As [`analyze`], looking at `wanted` first. What is found does not depend on it as long as all names of rows are in it.
pub fn analyze_for(
    sources: &Sources,
    catalog: &Catalog,
    rules: &RuleSet,
    config: &Config,
    wanted: &Wanted,
    cache: Option<&Cache>,
) -> (Model, Vec<Alert>) {
    conclude(sources, catalog, rules, config, model(sources, catalog, wanted, cache), &|_| true, BTreeSet::new())
}

/// As [`analyze`], for pages that look at texts alone: of notebooks and Python files only those are read in which one of them finds something.
pub fn analyze_texts(
    sources: &Sources,
    catalog: &Catalog,
    rules: &RuleSet,
    config: &Config,
    asked: &[&Page],
    cache: Option<&Cache>,
) -> (Model, Vec<Alert>) {
    let sieve = detect::Sieve::new(asked, catalog, config);
    let let_go = |(id, file): (FileId, &SourceFile)| (matches!(file.kind, Kind::Notebook | Kind::Python) && !sieve.keeps(file)).then_some(id);
    let unread: BTreeSet<FileId> = sources.iter().collect::<Vec<_>>().into_par_iter().filter_map(let_go).collect();
    let model = model_of(sources, catalog, &|| catalog.wanted(), &|id| !unread.contains(&id), cache);
    conclude(sources, catalog, rules, config, model, &|page| asked.iter().any(|p| p.id == page.id), unread)
}

/// What the pages that are asked say of a model. `unread`: files of which it is known already that no text of theirs matters to those pages.
fn conclude(
    sources: &Sources,
    catalog: &Catalog,
    rules: &RuleSet,
    config: &Config,
    model: Model,
    asked: &(dyn Fn(&Page) -> bool + Sync),
    unread: BTreeSet<FileId>,
) -> (Model, Vec<Alert>) {
    let partly = !unread.is_empty();
    let secrets = detect::secrets::Secrets::without(unread);
    let context = detect::Context {
        sources,
        facts: &model.facts,
        index: &model.index,
        graph: &model.graph,
        flow: &model.flow,
        reach: &model.reach,
        catalog,
        rules,
        config,
        secrets: &secrets,
    };
    let (alerts, decided) = matcher::all(&context, asked);
    let (cleared, suppressed) = rayon::join(|| cleared::cleared(&context, &alerts, &decided), || suppressed::suppressed(&context, &alerts));
    let short = partly && detect::secrets::is_joined(&context);
    let mut model = Model { cleared, suppressed, short, ..model };
    name_constructs(&mut model.facts, sources, rules, &alerts);
    (model, alerts)
}

/// What is found in the text of a Python file is named by what stands around it there, whichever parts of the file flow asked for.
fn name_constructs(facts: &mut Facts, sources: &Sources, rules: &RuleSet, alerts: &[Alert]) {
    let of_text = |a: &&Alert| sources.file(a.primary.file).kind == Kind::Python && rules.get(&a.rule).is_some_and(detect::is_of_texts);
    let files: BTreeSet<FileId> = alerts.iter().filter(of_text).map(|a| a.primary.file).collect();
    for id in files {
        let file = sources.file(id);
        let outline = outline::outline(&file.bytes);
        if let Some(facts) = facts.files.get_mut(id.0 as usize) {
            facts.constructs = read(file, Some(&outline), &outline.all()).0.constructs;
        }
    }
}

/// The facts of one file, by its kind, with what parts that are asked for later build on.
pub fn read(file: &SourceFile, outline: Option<&Outline>, blocks: &[usize]) -> (FileFacts, Option<Walked>) {
    let bytes = file.bytes.as_slice();
    if let (Kind::Python, Some(outline)) = (file.kind, outline) {
        let (facts, walked) = extract::python::read(bytes, outline, blocks);
        return (facts, Some(walked));
    }
    let facts = match file.kind {
        Kind::Workflow => extract::github::workflow(bytes),
        Kind::Action => extract::action::action(bytes),
        Kind::Dockerfile => extract::dockerfile::dockerfile(bytes),
        Kind::Shell => extract::shell::file(bytes),
        Kind::Make => extract::make::makefile(bytes),
        Kind::Python => FileFacts::default(),
        Kind::Notebook => extract::notebook::notebook(bytes),
        Kind::Json => extract::config::json(bytes),
        Kind::Requirements => extract::manifest::requirements(bytes),
        Kind::Pyproject => extract::manifest::pyproject(bytes),
        Kind::Ini => extract::manifest::ini(bytes),
        Kind::Conda => extract::manifest::conda(bytes),
        Kind::Yaml => extract::config::yaml(bytes),
        Kind::Toml => extract::config::toml(bytes),
        Kind::Dotenv => extract::config::dotenv(bytes),
        Kind::Plain | Kind::Prose => extract::ignores::of_hash_comments(bytes),
    };
    (facts, None)
}
