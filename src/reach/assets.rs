//! What is in reach of code that runs in a step: secrets of the job and of later steps, the token with its scopes, cloud roles, the machine.

use std::collections::BTreeMap;

use crate::catalog::row::Effect;
use crate::facts::{Channel, ExprWhat, FactId, FileFacts, Level, V, ValueId, What};
use crate::finding::Location;
use crate::graph::Node;
use crate::reach::instances::{Instance, children};
use crate::reach::made::Made;
use crate::reach::{Asset, Carrier, Context};

/// Asset kinds of token scopes.
const SCOPES: [(&str, &str); 10] = [
    ("contents", "repository-write"),
    ("packages", "container-registry"),
    ("id-token", "cloud-role"),
    ("deployments", "deployment"),
    ("pages", "deployment"),
    ("actions", "repository-write"),
    ("workflows", "repository-write"),
    ("attestations", "release"),
    ("pull-requests", "comment"),
    ("issues", "comment"),
];

/// What a step of a privileged job has in reach once code of somebody else runs in it. Sorted and without repeats.
///
/// `given` are the secrets of the job, `made` the credentials that its steps make.
pub fn of_step(
    context: Context,
    instance: &Instance,
    step: Node,
    (given, made): (&[Given], &[Made]),
    own_runner: Option<&(String, Location)>,
) -> Vec<Asset> {
    let mut out = Vec::new();
    if let Some((label, at)) = own_runner {
        let how = "the machine outlives the job".to_owned();
        out.push(Asset {
            kind: "self-hosted-host".to_owned(),
            name: label.clone(),
            how,
            carrier: Carrier::Machine,
            at: *at,
            assumed: false,
            onward: Vec::new(),
        });
    }
    if instance.state.privileged {
        let from = top_step(context, instance.job, step).map(|s| context.facts.file(instance.job.file).fact(s).order);
        out.extend(given.iter().filter_map(|g| g.asset(from)));
        out.extend(from.into_iter().flat_map(|from| made.iter().filter(move |m| m.is_there(from)).map(|m| m.asset.clone())));
        out.extend(token(context, instance));
    }
    out.sort();
    out.dedup_by(|a, b| a.kind == b.kind && a.name == b.name);
    out
}

/// A secret of a job: what it opens, and where it stands.
#[derive(Clone, Debug)]
pub struct Given {
    kind: String,
    name: String,
    /// Places of the steps it is given to, in order; none: the environment of the job.
    places: Vec<Place>,
}

/// The step something is given to, by its place in the job (none: all), and where that stands.
type Place = (Option<u32>, Location);

impl Given {
    /// The secret as code in a step at that place finds it.
    fn asset(&self, from: Option<u32>) -> Option<Asset> {
        let (first, from) = (self.places.first()?, from);
        let (place, at) = match (first.0, from) {
            (None, _) | (_, None) => *first,
            (_, Some(from)) => *self.places.get(self.places.partition_point(|(place, _)| place.is_some_and(|p| p < from)))?,
        };
        let how = match (place, from) {
            (None, _) => "is in the job's environment",
            (Some(_), None) => "is given to a step",
            (Some(place), Some(from)) if place > from => "is given to a later step",
            _ => "is given to this step",
        };
        let (kind, name, how) = (self.kind.clone(), self.name.clone(), how.to_owned());
        Some(Asset { kind, name, how, carrier: Carrier::Environment, at, assumed: false, onward: Vec::new() })
    }
}

/// Secrets of a job and its workflow, each kind and name once.
pub fn given(context: Context, job: Node) -> Vec<Given> {
    let facts = context.facts.file(job.file);
    let mut out: BTreeMap<(String, String), Vec<Place>> = BTreeMap::new();
    for (id, fact) in context.index.steps().secrets(job.file).iter().map(|id| (*id, facts.fact(*id))) {
        let What::SecretRef { name } = &fact.what else { continue };
        let mut place = None;
        for (owner, owner_fact) in facts.owners(id) {
            match &owner_fact.what {
                What::Step { .. } if owner_fact.owner == Some(job.fact) => place = Some(Some(owner_fact.order)),
                What::Job { .. } if owner == job.fact => {
                    place = place.or(Some(None));
                    break;
                }
                What::Job { .. } => {
                    place = None;
                    break;
                }
                What::Workflow { .. } => place = place.or(Some(None)),
                _ => {}
            }
        }
        let Some(place) = place.filter(|_| name != "GITHUB_TOKEN") else { continue };
        let kind = opened(context, Node { file: job.file, fact: id }, name);
        if kind != "none" {
            out.entry((kind, name.clone())).or_default().push((place, Location { file: job.file, range: fact.range }));
        }
    }
    let all = out.into_iter().map(|((kind, name), mut places)| {
        places.sort();
        Given { kind, name, places }
    });
    all.collect()
}

/// What a secret opens where it stands: by its name, else by the variable it is put into, else by what it is handed to.
fn opened(context: Context, mention: Node, name: &str) -> String {
    let facts = context.facts.file(mention.file);
    let by_name = named(context, name);
    if let Some(kind) = by_name.as_ref().filter(|kind| *kind != OTHER) {
        return kind.clone();
    }
    let fact = facts.fact(mention.fact);
    let otherwise = by_name.unwrap_or_else(|| OTHER.to_owned());
    let Some(owner) = fact.owner else { return otherwise };
    let node = Node { file: mention.file, fact: owner };
    let found = match &facts.fact(owner).what {
        What::Write { channel: Channel::Env(variable), .. } => named(context, variable),
        What::Uses { .. } => context.index.rows(context.catalog, node).find_map(|(id, row)| {
            row.effects.iter().find_map(|effect| {
                let Effect::ConsumesCredential { asset, slot: Some(slot), .. } = effect else { return None };
                let values = context.catalog.slot(facts, owner, id, slot);
                values.into_iter().any(|v| facts.value(v).range.contains(fact.range)).then(|| asset.clone())
            })
        }),
        _ => None,
    };
    found.unwrap_or(otherwise)
}

/// What is in reach with a secret of which nothing is known.
const OTHER: &str = "other-secret";

/// The step of the job that contains a fact (or called the template it stands in).
fn top_step(context: Context, job: Node, step: Node) -> Option<FactId> {
    if step.file != job.file {
        return None;
    }
    let facts = context.facts.file(job.file);
    std::iter::once((step.fact, facts.fact(step.fact)))
        .chain(facts.owners(step.fact))
        .find(|(_, f)| matches!(f.what, What::Step { .. }) && f.owner == Some(job.fact))
        .map(|(id, _)| id)
}

/// The asset a secret of that name opens; what no row names is another secret.
pub fn opens(context: Context, name: &str) -> String {
    named(context, name).unwrap_or_else(|| OTHER.to_owned())
}

/// The asset that a row says a secret or variable of that name opens.
fn named(context: Context, name: &str) -> Option<String> {
    let row = context.catalog.credential(name).map(|id| context.catalog.row(id));
    row.into_iter().flat_map(|r| &r.effects).find_map(|e| if let Effect::Opens { asset } = e { Some(asset.clone()) } else { None })
}

/// Scopes of the token: the job's block replaces the workflow's; none at all leaves the repository's default, which is assumed to write.
fn token(context: Context, instance: &Instance) -> Vec<Asset> {
    let facts = context.facts.file(instance.job.file);
    let mut scopes = granted(context, instance.job);
    // A called workflow never has more than its caller's job grants.
    for caller in &instance.callers {
        scopes = scopes.or_else(|| granted(context, *caller));
    }
    let Some(scopes) = scopes else {
        let limits = !instance.state.external;
        let at = Location { file: instance.job.file, range: facts.fact(instance.job.fact).range };
        let how = if limits { "no `permissions:` block limits the token" } else { "is whatever its workflow grants" }.to_owned();
        return vec![Asset {
            kind: "repository-write".to_owned(),
            name: if limits { "the default token" } else { "the caller's token" }.to_owned(),
            how,
            carrier: Carrier::Workspace,
            at,
            assumed: true,
            onward: Vec::new(),
        }];
    };
    let mut out = Vec::new();
    for (scope, level, at) in scopes {
        if level != Level::Write {
            continue;
        }
        for (name, kind) in SCOPES {
            if scope == name || (scope == "*" && name == "contents") {
                let name = if scope == "*" { "write-all".to_owned() } else { format!("{scope}: write") };
                let at = if at.range.is_empty() { Location { file: instance.job.file, range: facts.fact(instance.job.fact).range } } else { at };
                out.push(Asset {
                    kind: kind.to_owned(),
                    name,
                    how: "is granted to the job's token".to_owned(),
                    // Identities are asked for with what stands in the environment, and no file holds one.
                    carrier: if scope == "id-token" { Carrier::Environment } else { Carrier::Workspace },
                    at,
                    assumed: false,
                    onward: Vec::new(),
                });
            }
        }
    }
    out
}

type Scopes = Vec<(String, Level, Location)>;

/// What a job's own block grants, else its workflow's.
fn granted(context: Context, job: Node) -> Option<Scopes> {
    let facts = context.facts.file(job.file);
    let of = |owner: FactId| {
        let found: Scopes = children(context, Node { file: job.file, fact: owner })
            .into_iter()
            .filter_map(|n| match &facts.fact(n.fact).what {
                What::Permission { scope, level } => Some((scope.clone(), *level, Location { file: job.file, range: facts.fact(n.fact).range })),
                _ => None,
            })
            .collect();
        (!found.is_empty()).then_some(found)
    };
    of(job.fact).or_else(|| facts.fact(job.fact).owner.and_then(of))
}

/// Combinations of a matrix that are looked at, at most.
const COMBINATIONS: usize = 64;

/// A runner that no row knows to be thrown away: its labels and where they stand.
pub fn own_runner(context: Context, job: Node) -> Option<(String, Location)> {
    let facts = context.facts.file(job.file);
    let What::Job { matrix, .. } = &facts.fact(job.fact).what else { return None };
    let hosted = |name: &String| context.catalog.runner(name).into_iter().any(|id| context.catalog.row(id).effects.contains(&Effect::Hosted));
    for (_, fact) in facts.iter().filter(|(_, f)| f.owner == Some(job.fact)) {
        let What::Runner { labels, group } = &fact.what else { continue };
        let mut machines: Vec<Vec<String>> = vec![Vec::new()];
        for value in labels.iter().chain(group) {
            let choices = choices(facts, *matrix, *value);
            machines = machines.iter().flat_map(|m| choices.iter().map(|c| [m.clone(), c.clone()].concat())).take(COMBINATIONS).collect();
        }
        let own = machines.into_iter().find(|names| !names.is_empty() && !names.iter().any(&hosted));
        return own.map(|names| (names.join(", "), Location { file: job.file, range: fact.range }));
    }
    None
}

/// The labels a value may be, one list for each choice; none when an expression leaves it open.
fn choices(facts: &FileFacts, matrix: Option<ValueId>, value: ValueId) -> Vec<Vec<String>> {
    let words = |v: ValueId| match &facts.value(v).what {
        V::List(items, _) => items.iter().map(|i| facts.literal(*i)).collect::<Option<Vec<String>>>(),
        // `{ group: …, labels: … }`
        V::Dict(entries, _) => entries.iter().map(|(_, v)| facts.literal(*v)).collect(),
        _ => facts.literal(v).map(|l| vec![l]),
    };
    match (&facts.value(value).what, matrix) {
        (V::Expr(expr), Some(matrix)) => {
            let ExprWhat::Context(path) = &expr.what else { return Vec::new() };
            let Some(keys) = path.strip_prefix("matrix.") else { return Vec::new() };
            of_matrix(facts, matrix, keys).into_iter().filter_map(words).collect()
        }
        _ => words(value).into_iter().collect(),
    }
}

/// What a key of a matrix stands for: each value of its list, and what `include` adds.
fn of_matrix(facts: &FileFacts, matrix: ValueId, keys: &str) -> Vec<ValueId> {
    let (first, rest) = keys.split_once('.').unwrap_or((keys, ""));
    let V::Dict(entries, _) = &facts.value(matrix).what else { return Vec::new() };
    let items = |v: ValueId| match &facts.value(v).what {
        V::List(items, _) => items.clone(),
        _ => Vec::new(),
    };
    let under =
        |key: &str| entries.iter().filter(|(k, _)| facts.literal(*k).as_deref() == Some(key)).flat_map(|(_, v)| items(*v)).collect::<Vec<_>>();
    let listed = under(first).into_iter();
    let included = under("include").into_iter().flat_map(|i| field(facts, i, first));
    let found = listed.chain(included);
    if rest.is_empty() { found.collect() } else { found.flat_map(|v| rest.split('.').try_fold(v, |v, key| field(facts, v, key))).collect() }
}

fn field(facts: &FileFacts, of: ValueId, key: &str) -> Option<ValueId> {
    match &facts.value(of).what {
        V::Dict(entries, _) => entries.iter().find(|(k, _)| facts.literal(*k).as_deref() == Some(key)).map(|(_, v)| *v),
        _ => None,
    }
}
