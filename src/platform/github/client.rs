//! Requests to one repository: the connection (proxies and enterprise servers included), tries and pauses, answers as JSON. Knows no purpose of a request
//! beyond the words for its failure.

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector, proxy::Tunnel};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioExecutor;
use octocrab::service::middleware::auth_header::AuthHeaderLayer;
use octocrab::service::middleware::extra_headers::ExtraHeadersLayer;
use octocrab::{AuthState, Octocrab, OctocrabBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::failure::{Answer, Purpose};
use super::{Access, Failure, Kind};

/// A repository on GitHub.
pub struct GitHub {
    pub(super) access: Access,
    crab: Octocrab,
    runtime: Runtime,
}

const CONNECT: Purpose = Purpose { what: "begin", permission: "contents: read", scanning: false };

impl GitHub {
    /// Nothing is sent yet.
    pub fn new(mut access: Access) -> Result<GitHub, Failure> {
        // Secrets that were pasted often end with a line.
        access.token.0 = access.token.0.trim().to_owned();
        let wrong = |said: String| Failure::new(Kind::Unreachable, CONNECT, &said.replace(&access.token.0, "***"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| wrong(e.to_string()))?;
        let api: Uri = access.api.trim_end_matches('/').parse().map_err(|_| wrong(format!("`{}` is no address", access.api)))?;
        if api.authority().is_none() || !is_web(&api) {
            return Err(wrong(format!("`{}` is no address", access.api)));
        }
        let owner_and_name = access.repository.split('/').collect::<Vec<_>>();
        if owner_and_name.len() != 2 || owner_and_name.iter().any(|part| part.trim_matches('.').is_empty() || !part.bytes().all(is_name)) {
            return Err(wrong(format!("`{}` is no repository: owner/name is wanted", access.repository)));
        }
        let bearer = HeaderValue::from_str(&format!("Bearer {}", access.token.0));
        let mut bearer = bearer.map_err(|_| Failure::new(Kind::Unknown, CONNECT, "it holds characters that no token has"))?;
        bearer.set_sensitive(true);
        // The builder spawns a task into the runtime it is called in.
        let crab = runtime.block_on(async { connect(&access, api, bearer) }).map_err(wrong)?;
        Ok(GitHub { access, crab, runtime })
    }
    pub(super) fn get<T: DeserializeOwned>(&self, route: &str, purpose: Purpose) -> Result<T, Failure> {
        self.json(Method::GET, route, None, purpose)
    }
    pub(super) fn post<T: DeserializeOwned>(&self, route: &str, body: &Value, purpose: Purpose) -> Result<T, Failure> {
        self.json(Method::POST, route, Some(body), purpose)
    }
    pub(super) fn patch(&self, route: &str, body: &Value, purpose: Purpose) -> Result<(), Failure> {
        self.send(Method::PATCH, route, Some(body), purpose).map(drop)
    }
    pub(super) fn delete(&self, route: &str, purpose: Purpose) -> Result<(), Failure> {
        self.send(Method::DELETE, route, None, purpose).map(drop)
    }
    /// All pages of a list, up to a number of pages that no real list has.
    pub(super) fn pages<T: DeserializeOwned>(&self, route: &str, purpose: Purpose) -> Result<Vec<T>, Failure> {
        let mut all = Vec::new();
        let sign = if route.contains('?') { '&' } else { '?' };
        for page in 1..=MOST_PAGES {
            let items: Vec<T> = self.get(&format!("{route}{sign}per_page={PAGE}&page={page}"), purpose)?;
            let last = items.len() < PAGE;
            all.extend(items);
            if last {
                break;
            }
        }
        Ok(all)
    }
    /// Sleeps.
    pub(super) fn pause(&self, time: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    fn json<T: DeserializeOwned>(&self, method: Method, route: &str, body: Option<&Value>, purpose: Purpose) -> Result<T, Failure> {
        let bytes = self.send(method, route, body, purpose)?;
        serde_json::from_slice(&bytes).map_err(|e| Failure::new(Kind::Server, purpose, &format!("an answer that is not understood: {e}")))
    }

    /// Tries until there is an answer that another try would not change, or patience ends.
    fn send(&self, method: Method, route: &str, body: Option<&Value>, purpose: Purpose) -> Result<Vec<u8>, Failure> {
        let patience = self.access.patience;
        let started = Instant::now();
        let mut tries = 1;
        self.runtime.block_on(async {
            loop {
                let once = tokio::time::timeout(patience.answer, self.once(&method, route, body, purpose));
                let failure = match once.await {
                    Ok(Ok(bytes)) => return Ok(bytes),
                    Ok(Err(failure)) => failure,
                    Err(_) => Failure::new(Kind::Unreachable, purpose, &format!("no answer in {} seconds", patience.answer.as_secs())),
                };
                let first = if failure.kind == Kind::Limited { patience.limited } else { patience.pause };
                let wait = failure.wait.unwrap_or_else(|| first.saturating_mul(1 << (tries - 1).min(16)));
                if !failure.passing() || tries >= patience.tries || started.elapsed().saturating_add(wait) > patience.total {
                    return Err(failure);
                }
                tokio::time::sleep(wait).await;
                tries += 1;
            }
        })
    }

    async fn once(&self, method: &Method, route: &str, body: Option<&Value>, purpose: Purpose) -> Result<Vec<u8>, Failure> {
        let lost = |error: octocrab::Error| Failure::new(Kind::Unreachable, purpose, &self.safe(&chain(&error)));
        // An address of its own (GraphQL of an enterprise server) stays as it is.
        let address = if route.starts_with('/') { format!("{}{route}", self.access.api.trim_end_matches('/')) } else { route.to_owned() };
        let request = http::Request::builder().method(method).uri(address);
        let request = self.crab.build_request(request, body).map_err(lost)?;
        let response = self.crab.execute(request).await.map_err(lost)?;
        match octocrab::map_github_error(response).await {
            Ok(response) => Ok(self.crab.body_to_string(response).await.map_err(lost)?.into_bytes()),
            Err(octocrab::Error::GitHub { source, .. }) => {
                let details = source.errors.iter().flatten().filter_map(|e| e.get("message").or(Some(e))).filter_map(Value::as_str);
                let message = std::iter::once(source.message.as_str()).chain(details).collect::<Vec<_>>().join("; ");
                let headers = source.headers.unwrap_or_default();
                let exhausted = number(&headers, "x-ratelimit-remaining") == Some(0);
                let reset = number(&headers, "x-ratelimit-reset").filter(|_| exhausted).map(|at| at.saturating_sub(now()).max(1));
                let retry_after = number(&headers, "retry-after").or(reset);
                let message = self.safe(&message);
                let status = source.status_code.as_u16();
                Err(Failure::answered(&Answer { status, message: &message, retry_after, exhausted }, purpose))
            }
            Err(error) => Err(lost(error)),
        }
    }

    /// Text without the token: a server or proxy may send back what it was sent.
    fn safe(&self, text: &str) -> String {
        if self.access.token.0.is_empty() { text.to_owned() } else { text.replace(&self.access.token.0, "***") }
    }
}

/// Entries of one page, the most GitHub gives, and most pages that are read.
const PAGE: usize = 100;
const MOST_PAGES: usize = 50;

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._".contains(&byte)
}

fn is_web(address: &Uri) -> bool {
    address.scheme().is_some_and(|s| *s == Scheme::HTTP || *s == Scheme::HTTPS)
}

/// An error with its causes; the outer ones say little.
fn chain(error: &octocrab::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !texts.iter().any(|t| t.contains(&text)) {
            texts.push(text);
        }
        next = cause.source();
    }
    texts.join(": ")
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// A client for the one host that is ever spoken to, through its proxy if it has one. Redirects are not followed, so that the token stays there.
fn connect(access: &Access, api: Uri, bearer: HeaderValue) -> Result<Octocrab, String> {
    let p = &access.proxies;
    let matcher = Matcher::builder().all(p.all.clone()).http(p.http.clone()).https(p.https.clone()).no(p.no.clone()).build();
    let secure = || HttpsConnectorBuilder::new().with_native_roots().map_err(|e| format!("no root certificates of this machine could be read: {e}"));
    let mut direct = HttpConnector::new();
    direct.enforce_http(false);
    let Some(proxy) = matcher.intercept(&api) else {
        let connector: HttpsConnector<HttpConnector> = secure()?.https_or_http().enable_http1().wrap_connector(direct);
        return assemble(connector, api, bearer);
    };
    if !is_web(proxy.uri()) {
        return Err("only proxies with an http or https address are supported".to_owned());
    }
    let to_proxy = secure()?.https_or_http().enable_http1().wrap_connector(direct);
    let mut tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
    if let Some(credentials) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(credentials.clone());
    }
    assemble(secure()?.https_or_http().enable_http1().wrap_connector(tunnel), api, bearer)
}

fn assemble<C: Connect + Clone + Send + Sync + 'static>(connector: C, api: Uri, bearer: HeaderValue) -> Result<Octocrab, String> {
    let headers: Vec<(HeaderName, HeaderValue)> = vec![
        (http::header::USER_AGENT, HeaderValue::from_static(concat!("pipevet/", env!("CARGO_PKG_VERSION")))),
        (http::header::ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
    ];
    let client = Client::builder(TokioExecutor::new()).build(connector);
    OctocrabBuilder::new_empty()
        .with_service(client)
        .with_layer(&ExtraHeadersLayer::new(Arc::new(headers)))
        .with_layer(&AuthHeaderLayer::new(Some(bearer), api.clone(), api))
        .with_auth(AuthState::None)
        .build()
        .map_err(|e| e.to_string())
}
