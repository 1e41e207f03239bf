//! An `action.yml` to facts: composite, JavaScript and container actions. Knows no other file and no action by name.

use crate::extract::expressions::{self, Mentions};
use crate::extract::github::{each, environment_writes, open, outputs, owned, settings, steps};
use crate::facts::{Builder, FileFacts, ImageRole, TemplateKind, What};
use crate::notice::NoticeKind;
use crate::syntax::yaml::{Node, NodeKind};

/// The facts of an action's metadata file.
pub fn action(bytes: &[u8]) -> FileFacts {
    let mut b = Builder::default();
    for document in open(bytes, &mut b) {
        if matches!(document.kind, NodeKind::Map(_)) {
            template(&document, &mut b);
        } else if !document.is_null() {
            b.notice(document.range, NoticeKind::PartlyUnderstood, "no action: a mapping is expected");
        }
    }
    b.finish()
}

fn template(root: &Node, b: &mut Builder) {
    let name = root.get("name").and_then(Node::as_str).unwrap_or_default().to_owned();
    b.construct(root.range, name, false, |b| {
        let mut mentions = Mentions::new();
        let runs = match root.get("runs").and_then(|n| n.get("using")).and_then(Node::as_str).map(str::to_ascii_lowercase).as_deref() {
            Some("composite") => TemplateKind::Composite,
            Some("docker") => TemplateKind::Container,
            Some(using) if using.starts_with("node") => TemplateKind::JavaScript,
            _ => TemplateKind::Unknown,
        };
        let name = root.get("name").filter(|n| !n.is_null()).map(|n| expressions::value(n, &mut mentions, b));
        let template = owned(root.range, What::Template { runs, name }, mentions, b);
        b.within(template, |b| {
            each(root, "inputs").for_each(|n| crate::extract::github::inputs(n, b));
            for runs in each(root, "runs") {
                parts(runs, b);
            }
            each(root, "outputs").for_each(|n| outputs(n, b));
        });
    });
}

/// `runs:`, whatever it claims to be: an entry that does not fit is read all the same.
fn parts(runs: &Node, b: &mut Builder) {
    for entry in runs.entries() {
        match entry.name() {
            Some("using") | None => {}
            Some("steps") => steps::steps(&entry.value, &steps::Defaults::default(), b),
            Some("env") => environment_writes(&entry.value, b),
            Some("image") => match entry.value.text().filter(|t| t.as_str().starts_with("docker://")) {
                Some(text) => {
                    let reference = b.text(text.slice("docker://".len(), text.len()));
                    b.add(entry.value.range, What::Image { reference, role: ImageRole::Action });
                }
                // A Dockerfile beside the action.
                None => settings(&entry.value, "runs.image", b),
            },
            Some(other) => settings(&entry.value, &format!("runs.{other}"), b),
        }
    }
}
