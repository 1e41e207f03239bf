//! A workflow of GitHub Actions to facts. Every shape that the platform accepts is read; what it would refuse is read as far as it goes, with a notice.
//! Knows no other file, no action by name and no risk.

use crate::extract::expressions::{self, Mentions};
use crate::extract::ignores;
use crate::facts::{Builder, FactId, FileFacts, ImageRole, Level, ValueId, What};
use crate::notice::NoticeKind;
use crate::syntax::yaml::{self, Entry, Node, NodeKind};
use images::{image, image_of};

mod images;
mod scripts;
pub(crate) mod steps;
mod triggers;

pub(crate) use triggers::inputs;

#[cfg(test)]
mod tests;

/// The facts of a workflow file.
pub fn workflow(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    for document in open(bytes, &mut b) {
        if matches!(document.kind, NodeKind::Map(_)) {
            whole(&document, &mut b);
        } else if !document.is_null() {
            b.notice(document.range, NoticeKind::PartlyUnderstood, "no workflow: a mapping is expected");
        }
    }
    b.finish()
}

/// The documents of a YAML file; its notices and ignore comments go to the facts.
pub(crate) fn open(bytes: &[u8], b: &mut Builder) -> Vec<Node> {
    let file = yaml::read(bytes);
    b.facts.notices.extend(file.notices);
    for comment in &file.comments {
        ignores::record(comment.as_str(), comment.whole(), &mut b.facts);
        b.facts.ignores.extend(ignores::parse_other(comment.as_str(), comment.whole()));
    }
    file.documents
}

fn whole(root: &Node, b: &mut Builder) {
    let name = root.get("name").and_then(Node::as_str).unwrap_or_default().to_owned();
    b.construct(root.range, name, false, |b| {
        let mut mentions = Mentions::new();
        let name = root.get("name").filter(|n| !n.is_null()).map(|n| expressions::value(n, &mut mentions, b));
        let events: Vec<&Entry> = root.entries().iter().filter(|e| matches!(e.name(), Some("on" | "true" | "True" | "TRUE"))).collect();
        let callable = events.iter().any(|e| triggers::names(&e.value).any(|n| n == "workflow_call"));
        let workflow = b.add(root.range, What::Workflow { name, callable });
        b.within(workflow, |b| {
            expressions::mention(mentions, b);
            events.iter().for_each(|e| triggers::triggers(&e.value, b));
            each(root, "permissions").for_each(|n| permissions(n, b));
            each(root, "env").for_each(|n| environment_writes(n, b));
            let outer = steps::Defaults::default().overlaid(root.get("defaults"), b).knowing(root.get("env"), None);
            steps::default_shell(root.get("defaults"), b);
            for jobs in each(root, "jobs") {
                entries(jobs, "jobs", b).iter().for_each(|e| job(e, &outer, b));
            }
        });
    });
}

fn job(entry: &Entry, outer: &steps::Defaults, b: &mut Builder) {
    let (node, id) = (&entry.value, key(entry));
    if !matches!(node.kind, NodeKind::Map(_)) {
        return b.notice(entry.range(), NoticeKind::PartlyUnderstood, format!("the job `{id}` is no mapping"));
    }
    let range = if node.alias.is_some() || entry.merged.is_some() { node.range } else { entry.range() };
    b.construct(range, id.clone(), false, |b| {
        let mut mentions = Mentions::new();
        steps::conditional(node.get("if"), b, |b| {
            steps::condition_secrets(node.get("if"), &mut mentions);
            let defaults = outer.overlaid(node.get("defaults"), b).on(node.get("runs-on")).knowing(node.get("env"), node.get("strategy"));
            let needs = node.get("needs").map(strings).unwrap_or_default();
            let environment = node.get("environment").and_then(|n| if n.entries().is_empty() { Some(n) } else { n.get("name") });
            let environment = environment.filter(|n| !n.is_null()).map(|n| expressions::value(n, &mut mentions, b));
            let container = node.get("container").and_then(image_of).map(|n| expressions::value(n, &mut mentions, b));
            let strategy = node.get("strategy").and_then(|n| if n.scalar().is_some() { Some(n) } else { n.get("matrix") });
            let matrix = strategy.filter(|n| !n.is_null()).map(|n| expressions::value(n, &mut mentions, b));
            let what = What::Job {
                id,
                needs,
                environment,
                container,
                matrix,
                working_directory: defaults.directory,
                lenient: steps::lenient(node.get("continue-on-error")),
                secrets_inherit: node.get("secrets").and_then(Node::as_str) == Some("inherit"),
            };
            let job = b.add(range, what);
            b.within(job, |b| {
                expressions::mention(mentions, b);
                each(node, "permissions").for_each(|n| permissions(n, b));
                each(node, "runs-on").for_each(|n| runner(n, b));
                each(node, "container").for_each(|n| image(n, "container", ImageRole::Container, &defaults.constants, b));
                for services in each(node, "services") {
                    for e in entries(services, "services", b) {
                        image(&e.value, &format!("services.{}", key(e)), ImageRole::Service, &defaults.constants, b);
                    }
                }
                each(node, "env").for_each(|n| environment_writes(n, b));
                steps::default_shell(node.get("defaults"), b);
                let passed = node.get("secrets").filter(|n| n.as_str() != Some("inherit"));
                each(node, "uses").for_each(|n| steps::uses(n, &[("", node.get("with")), ("secrets.", passed)], b));
                each(node, "outputs").for_each(|n| outputs(n, b));
                each(node, "steps").for_each(|n| steps::steps(n, &defaults, b));
            });
        });
    });
}

/// All values of a key; more than one when it stands twice.
pub(crate) fn each<'a>(node: &'a Node, key: &'a str) -> impl Iterator<Item = &'a Node> {
    node.entries().iter().filter(move |e| e.name() == Some(key)).map(|e| &e.value)
}

/// The entries of a mapping. Anything else but null leaves a notice.
pub(crate) fn entries<'a>(node: &'a Node, what: &str, b: &mut Builder) -> &'a [Entry] {
    if !matches!(node.kind, NodeKind::Map(_)) && !node.is_null() {
        b.notice(node.place(), NoticeKind::PartlyUnderstood, format!("`{what}` is no mapping"));
    }
    node.entries()
}

/// The key of an entry as text.
pub(crate) fn key(entry: &Entry) -> String {
    entry.name().unwrap_or("?").to_owned()
}

/// A string or a list of strings; what is neither is left out.
pub(crate) fn strings(node: &Node) -> Vec<String> {
    let items = if node.scalar().is_some() { std::slice::from_ref(node) } else { node.items() };
    items.iter().filter_map(Node::as_str).map(str::to_owned).collect()
}

/// `env:` as writes, each owning the secrets its value names. An expression in place of the mapping writes unknown names (`*`).
pub(crate) fn environment_writes(node: &Node, b: &mut Builder) {
    if node.text().is_some() {
        return environment_write("*", node, node.range, b);
    }
    for entry in entries(node, "env", b) {
        environment_write(&key(entry), &entry.value, entry.range(), b);
    }
}

fn environment_write(name: &str, node: &Node, range: crate::source::Range, b: &mut Builder) {
    let mut mentions = Mentions::new();
    let value = expressions::value(node, &mut mentions, b);
    owned(range, What::Write { channel: crate::facts::Channel::Env(name.to_owned()), value }, mentions, b);
}

/// A fact that owns the secrets named in it.
pub(crate) fn owned(range: crate::source::Range, what: What, mentions: Mentions, b: &mut Builder) -> FactId {
    let fact = b.add(range, what);
    b.within(fact, |b| expressions::mention(mentions, b));
    fact
}

/// `outputs:` of a job, template or reusable workflow: a value each, or a mapping with `value:`.
pub(crate) fn outputs(node: &Node, b: &mut Builder) {
    for entry in entries(node, "outputs", b) {
        let source = if matches!(entry.value.kind, NodeKind::Map(_)) { entry.value.get("value") } else { Some(&entry.value) };
        if let Some(source) = source {
            let mut mentions = Mentions::new();
            let value = expressions::value(source, &mut mentions, b);
            owned(entry.range(), What::Output { name: key(entry), value }, mentions, b);
        }
    }
}

fn permissions(node: &Node, b: &mut Builder) {
    if let Some(text) = node.as_str() {
        let level = match text {
            "read-all" => Level::Read,
            "write-all" => Level::Write,
            _ => return b.notice(node.place(), NoticeKind::PartlyUnderstood, "permissions that are neither read-all, write-all nor a mapping"),
        };
        b.add(node.place(), What::Permission { scope: "*".to_owned(), level });
        return;
    }
    let entries = entries(node, "permissions", b);
    if entries.is_empty() {
        b.add(node.place(), What::Permission { scope: "*".to_owned(), level: Level::None });
    }
    for entry in entries {
        let level = match entry.value.as_str() {
            Some("read") => Level::Read,
            Some("none") => Level::None,
            Some("write") => Level::Write,
            _ => {
                b.notice(entry.range(), NoticeKind::PartlyUnderstood, "a permission that is neither read, write nor none");
                continue;
            }
        };
        b.add(entry.range(), What::Permission { scope: key(entry), level });
    }
}

fn runner(node: &Node, b: &mut Builder) {
    let mut mentions = Mentions::new();
    let (labels, group) = match &node.kind {
        NodeKind::Map(_) => (node.get("labels"), node.get("group")),
        _ => (Some(node), None),
    };
    let labels: Vec<ValueId> = match labels {
        Some(list) if list.scalar().is_none() => list.items().iter().map(|n| expressions::value(n, &mut mentions, b)).collect(),
        Some(one) if !one.is_null() => vec![expressions::value(one, &mut mentions, b)],
        _ => Vec::new(),
    };
    let group = group.map(|n| expressions::value(n, &mut mentions, b));
    owned(node.place(), What::Runner { labels, group }, mentions, b);
}

/// Every scalar below `node` as a setting.
pub(crate) fn settings(node: &Node, path: &str, b: &mut Builder) {
    match &node.kind {
        NodeKind::Scalar(_) => {
            let mut mentions = Mentions::new();
            let value = expressions::value(node, &mut mentions, b);
            owned(node.range, What::Setting { path: path.to_owned(), value }, mentions, b);
        }
        NodeKind::Seq(items) => items.iter().enumerate().for_each(|(i, n)| settings(n, &format!("{path}.{i}"), b)),
        NodeKind::Map(inner) => inner.iter().for_each(|e| settings(&e.value, &format!("{path}.{}", key(e)), b)),
    }
}
