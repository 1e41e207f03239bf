//! A server that plays GitHub. It refuses what GitHub refuses, with GitHub's words, and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

pub const REPOSITORY: &str = "octo/models";
/// Tokens of a job: of a branch of the repository, and of a fork.
pub const WRITE: &str = "ghs_writeWRITEwriteWRITEwrite0123456789";
pub const FORK: &str = "ghs_forkFORKforkFORKforkFORK0123456789";
pub const BOT: &str = "github-actions[bot]";

pub struct Server {
    mock: MockServer,
    state: Arc<Mutex<State>>,
    // The server lives as long as its runtime.
    _runtime: tokio::runtime::Runtime,
}

/// Status, headers, body.
type Fault = (u16, Vec<(&'static str, String)>, Value);

#[derive(Default)]
pub struct State {
    /// Answers that are given before anything else.
    pub faults: VecDeque<Fault>,
    pub scanning: Scanning,
    /// Polls that say `pending` before a log is done.
    pub pending: usize,
    /// What is found wrong with the next log.
    pub errors: Vec<String>,
    pub uploads: Vec<Upload>,
    pub comments: Vec<Comment>,
    pub checks: Vec<Value>,
    pub alerts: Vec<Value>,
    /// Downloads by path.
    pub assets: BTreeMap<String, Vec<u8>>,
    /// `POST /repos/octo/models/… 201`, in order.
    pub log: Vec<String>,
    next: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Scanning {
    #[default]
    On,
    Off,
    NotPaid,
}

pub struct Upload {
    pub commit: String,
    pub reference: String,
    pub sarif: Value,
    pub polls: usize,
    pub errors: Vec<String>,
}

#[derive(Clone)]
pub struct Comment {
    pub id: u64,
    pub issue: u64,
    pub login: String,
    pub body: String,
}

impl Server {
    pub fn start() -> Server {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let state = Arc::new(Mutex::new(State { next: 1000, ..State::default() }));
        let mock = runtime.block_on(async {
            let mock = MockServer::start().await;
            Mock::given(matchers::any()).respond_with(Play(state.clone())).mount(&mock).await;
            mock
        });
        Server { mock, state, _runtime: runtime }
    }
    pub fn address(&self) -> String {
        self.mock.uri()
    }
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
    /// What was asked since the last call.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state().log)
    }
    /// The same, without what only reads.
    pub fn changed(&self) -> Vec<String> {
        self.asked().into_iter().filter(|line| !line.starts_with("GET ") && !line.contains("/graphql")).collect()
    }
}

struct Play(Arc<Mutex<State>>);

impl Respond for Play {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap();
        if let Some(bytes) = state.assets.get(request.url.path()).cloned() {
            state.log.push(format!("GET {} 200", request.url.path()));
            return ResponseTemplate::new(200).set_body_bytes(bytes);
        }
        let (status, headers, body) = state.faults.pop_front().unwrap_or_else(|| {
            let (status, body) = state.answer(request);
            (status, Vec::new(), body)
        });
        let query = request.url.query().map(|q| format!("?{q}")).unwrap_or_default();
        state.log.push(format!("{} {}{query} {status}", request.method, request.url.path()));
        let mut out = ResponseTemplate::new(status);
        for (name, value) in headers {
            out = out.insert_header(name, value.as_str());
        }
        match body {
            Value::Null => out,
            body => out.set_body_json(body),
        }
    }
}

fn said(status: u16, message: &str) -> (u16, Value) {
    (status, json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string() }))
}

fn not_accessible() -> (u16, Value) {
    said(403, "Resource not accessible by integration")
}

impl State {
    fn answer(&mut self, request: &Request) -> (u16, Value) {
        let path = request.url.path();
        if path.contains("/releases/download/") {
            return said(404, "Not Found");
        }
        let token = request.headers.get("authorization").and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
        let write = match token {
            Some(WRITE) => true,
            Some(FORK) => false,
            _ => return said(401, "Bad credentials"),
        };
        assert!(request.headers.get("user-agent").unwrap().to_str().unwrap().starts_with("pipevet/"), "GitHub refuses requests without a name");
        let body: Value = if request.body.is_empty() { Value::Null } else { serde_json::from_slice(&request.body).unwrap() };
        let query: BTreeMap<String, String> = request.url.query_pairs().into_owned().collect();
        let method = request.method.as_str();
        let path = path.strip_prefix("/api/v3").unwrap_or(path);
        if matches!(path, "/graphql" | "/api/graphql") {
            return (200, json!({ "data": { "viewer": { "login": BOT } } }));
        }
        let Some(route) = path.strip_prefix(&format!("/repos/{REPOSITORY}/")) else { return said(404, "Not Found") };
        let parts: Vec<&str> = route.split('/').collect();
        match (method, parts.as_slice()) {
            ("POST", ["code-scanning", "sarifs"]) => self.upload(&body, write),
            ("GET", ["code-scanning", "sarifs", id]) => self.processing(id),
            ("GET", ["code-scanning", "alerts"]) => match self.scanning {
                Scanning::On => page(&self.alerts, &query),
                Scanning::Off => said(404, "no analysis found"),
                Scanning::NotPaid => said(403, "Advanced Security must be enabled for this repository to use code scanning."),
            },
            ("GET", ["issues", number, "comments"]) => {
                let number: u64 = number.parse().unwrap();
                let list: Vec<Value> = self.comments.iter().filter(|c| c.issue == number).map(Comment::json).collect();
                page(&list, &query)
            }
            ("POST", ["issues", ..]) | ("PATCH" | "DELETE", ["issues", ..]) | ("POST" | "PATCH", ["check-runs", ..]) if !write => not_accessible(),
            ("POST", ["issues", number, "comments"]) => {
                if let Some(refused) = too_long(&body) {
                    return refused;
                }
                self.next += 1;
                let comment =
                    Comment { id: self.next, issue: number.parse().unwrap(), login: BOT.to_owned(), body: body["body"].as_str().unwrap().to_owned() };
                self.comments.push(comment.clone());
                (201, comment.json())
            }
            ("PATCH", ["issues", "comments", id]) => {
                if let Some(refused) = too_long(&body) {
                    return refused;
                }
                let Some(comment) = self.comments.iter_mut().find(|c| c.id.to_string() == *id) else { return said(404, "Not Found") };
                comment.body = body["body"].as_str().unwrap().to_owned();
                (200, comment.json())
            }
            ("DELETE", ["issues", "comments", id]) => {
                self.comments.retain(|c| c.id.to_string() != *id);
                (204, Value::Null)
            }
            ("POST", ["check-runs"]) => self.check(None, &body),
            ("PATCH", ["check-runs", id]) => self.check(id.parse().ok(), &body),
            _ => said(404, "Not Found"),
        }
    }

    fn upload(&mut self, body: &Value, write: bool) -> (u16, Value) {
        match self.scanning {
            Scanning::NotPaid => return said(403, "Advanced Security must be enabled for this repository to use code scanning."),
            Scanning::Off => return said(404, "Not Found"),
            Scanning::On if !write => return not_accessible(),
            Scanning::On => {}
        }
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let (commit, reference) = (text("commit_sha"), text("ref"));
        if commit.len() != 40 || !commit.bytes().all(|b| b.is_ascii_hexdigit()) {
            return said(422, "Invalid request.\n\nInvalid input: object is missing required key: commit_sha.");
        }
        if !(reference.starts_with("refs/heads/") || reference.starts_with("refs/tags/") || reference.starts_with("refs/pull/")) {
            return said(422, "Invalid request.\n\nref does not match /^refs\\/(heads|tags|pull)\\/.*$/.");
        }
        let Ok(packed) = base64::engine::general_purpose::STANDARD.decode(text("sarif")) else { return said(400, "Invalid base64 in sarif") };
        if packed.len() > 10_000_000 {
            return said(413, "Payload too large");
        }
        let mut bytes = Vec::new();
        if flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).is_err() {
            return said(400, "sarif is not gzip");
        }
        let Ok(sarif) = serde_json::from_slice::<Value>(&bytes) else { return said(400, "sarif is not JSON") };
        let mut errors = std::mem::take(&mut self.errors);
        errors.extend(wrong(&sarif));
        let id = format!("47177e22-5596-11eb-80a1-{:012}", self.uploads.len());
        self.uploads.push(Upload { commit, reference, sarif, polls: self.pending, errors });
        (202, json!({ "id": id, "url": format!("https://api.github.com/repos/{REPOSITORY}/code-scanning/sarifs/{id}") }))
    }

    fn processing(&mut self, id: &str) -> (u16, Value) {
        let number = id.rsplit('-').next().and_then(|n| n.parse::<usize>().ok());
        let Some(upload) = number.and_then(|n| self.uploads.get_mut(n)) else { return said(404, "Not Found") };
        if upload.polls > 0 {
            upload.polls -= 1;
            return (200, json!({ "processing_status": "pending" }));
        }
        if upload.errors.is_empty() {
            return (200, json!({ "processing_status": "complete", "analyses_url": "https://api.github.com/…" }));
        }
        (200, json!({ "processing_status": "failed", "errors": upload.errors }))
    }

    fn check(&mut self, id: Option<u64>, body: &Value) -> (u16, Value) {
        let annotations = body["output"]["annotations"].as_array().cloned().unwrap_or_default();
        if annotations.len() > 50 {
            return said(422, &format!("Invalid request.\n\nNo more than 50 items are allowed; {} were supplied.", annotations.len()));
        }
        for annotation in &annotations {
            let known = ["notice", "warning", "failure"].contains(&annotation["annotation_level"].as_str().unwrap_or_default());
            if !known || annotation["path"].as_str().is_none() || annotation["start_line"].as_u64().is_none_or(|l| l == 0) {
                return said(422, "Invalid request.\n\nAn annotation lacks a path, a line or a level.");
            }
        }
        match id.and_then(|id| self.checks.iter_mut().find(|c| c["id"] == json!(id))) {
            None if id.is_some() => said(404, "Not Found"),
            None => {
                self.next += 1;
                let mut check = body.clone();
                check["id"] = json!(self.next);
                self.checks.push(check.clone());
                (201, check)
            }
            Some(check) => {
                let mut all = check["output"]["annotations"].as_array().cloned().unwrap_or_default();
                all.extend(annotations);
                for (key, value) in body.as_object().unwrap() {
                    check[key] = value.clone();
                }
                check["output"]["annotations"] = Value::Array(all);
                (200, check.clone())
            }
        }
    }
}

impl Comment {
    fn json(&self) -> Value {
        let kind = if self.login.ends_with("[bot]") { "Bot" } else { "User" };
        json!({ "id": self.id, "user": { "login": self.login, "type": kind }, "body": self.body })
    }
}

fn too_long(body: &Value) -> Option<(u16, Value)> {
    (body["body"].as_str().unwrap_or_default().chars().count() > 65_536).then(|| {
        let error = json!({ "resource": "IssueComment", "code": "unprocessable", "field": "data", "message": "Body is too long (maximum is 65536 characters)" });
        (422, json!({ "message": "Validation Failed", "errors": [error], "documentation_url": "https://docs.github.com/rest" }))
    })
}

/// The asked-for page of a list, as GitHub cuts it.
fn page(list: &[Value], query: &BTreeMap<String, String>) -> (u16, Value) {
    let number = |key: &str, or: usize| query.get(key).and_then(|v| v.parse().ok()).unwrap_or(or);
    let size = number("per_page", 30).min(100);
    let from = (number("page", 1) - 1) * size;
    (200, Value::Array(list.iter().skip(from).take(size).cloned().collect()))
}

/// What code scanning finds wrong with a log.
fn wrong(sarif: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let runs = sarif["runs"].as_array().cloned().unwrap_or_default();
    if sarif["version"] != "2.1.0" || runs.is_empty() {
        out.push("not SARIF 2.1.0 with a run".to_owned());
    }
    if runs.len() > 20 {
        out.push("more than 20 runs".to_owned());
    }
    for run in &runs {
        let results = run["results"].as_array().cloned().unwrap_or_default();
        let rules = run["tool"]["driver"]["rules"].as_array().cloned().unwrap_or_default();
        if results.len() > 25_000 || rules.len() > 25_000 {
            out.push("more than 25000 results or rules".to_owned());
        }
        if rules.iter().any(|r| r["properties"]["tags"].as_array().is_some_and(|t| t.len() > 20)) {
            out.push("more than 20 tags on a rule".to_owned());
        }
        for result in &results {
            let place = &result["locations"][0]["physicalLocation"];
            if place.is_null() {
                out.push("locationFromSarifResult: expected at least one location".to_owned());
            } else if place["artifactLocation"]["uri"].as_str().is_none_or(|u| u.is_empty() || u.starts_with('/') || u.contains(":")) {
                out.push("locationFromSarifResult: expected artifact location".to_owned());
            }
        }
    }
    out
}
