//! Words for places and origins, as messages use them.

use crate::detect::Context;
use crate::facts::What;
use crate::graph::Node;
use crate::origin::{Origin, Via, Who};
use crate::source::Kind;

/// Where something runs: "the job `eval`", "this notebook".
pub fn place_words(context: &Context<'_>, node: Node) -> String {
    let facts = context.facts.file(node.file);
    for (_, owner) in facts.owners(node.fact) {
        match &owner.what {
            What::Job { id, .. } => return format!("the job `{id}`"),
            What::Stage { name: Some(name), .. } => return format!("the image stage `{name}`"),
            What::Stage { .. } => return "this image build".to_owned(),
            _ => {}
        }
    }
    match context.sources.file(node.file).kind {
        Kind::Workflow => "this workflow",
        Kind::Action => "this action",
        Kind::Dockerfile => "this image build",
        Kind::Shell => "this script",
        Kind::Make => "this Makefile",
        Kind::Python => "this program",
        Kind::Notebook => "this notebook",
        Kind::Requirements => "this requirements file",
        Kind::Conda => "this environment",
        Kind::Pyproject | Kind::Ini => "this project",
        Kind::Yaml | Kind::Json | Kind::Toml | Kind::Dotenv | Kind::Plain | Kind::Prose => "what reads this file",
    }
    .to_owned()
}

/// Who can choose the bytes, in words. None: a caller that is not in sight.
pub fn origin_words(origin: Option<Origin>, subject: Option<&str>) -> String {
    let Some(origin) = origin else { return "whoever supplies this value".to_owned() };
    let via = |label| origin.via.has(label);
    match origin.who {
        Who::Anyone if via(Via::PR_TEXT) => "anyone who opens an issue or pull request".to_owned(),
        Who::Anyone if via(Via::FEEDBACK) => "anyone who leaves feedback".to_owned(),
        Who::Anyone if via(Via::POSTS) => "anyone who may post there".to_owned(),
        Who::Anyone if via(Via::REQUEST) => "anyone who sends a request".to_owned(),
        Who::Anyone if via(Via::LLM) => "whoever writes what the model reads".to_owned(),
        Who::Anyone if via(Via::SOCKET) => "anyone who can connect".to_owned(),
        Who::Anyone if via(Via::WEB) => "whoever sits on the network path".to_owned(),
        Who::Anyone => "anyone".to_owned(),
        Who::Peer => "any host that can connect".to_owned(),
        Who::Publisher => match subject {
            Some(name) if !name.is_empty() => format!("whoever can change `{name}`"),
            _ => "whoever publishes it".to_owned(),
        },
        Who::Operator => match subject {
            Some(name) if !name.is_empty() => format!("whoever can replace `{name}`"),
            _ => "whoever can choose or replace this data".to_owned(),
        },
        Who::Repository => "whoever can write to this repository".to_owned(),
        Who::Program => "this program".to_owned(),
    }
}
