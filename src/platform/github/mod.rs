//! GitHub's REST interface, as far as a run needs it: logs, comments, annotations, dismissed alerts. Nothing asynchronous leaves this module, and it
//! knows no finding: it takes text and places, and hands back what GitHub says.

pub mod alerts;
pub mod checks;
mod client;
pub mod comment;
mod failure;
pub mod sarif;

use std::fmt;
use std::time::Duration;

pub use client::GitHub;
pub use failure::{Failure, Kind};

/// What it takes to talk to a repository. Nothing here is read from the environment.
#[derive(Clone, Debug)]
pub struct Access {
    /// Base address of the REST interface: `https://api.github.com`, or `https://HOST/api/v3` of an enterprise server.
    pub api: String,
    /// Who speaks.
    pub token: Token,
    /// `owner/name`.
    pub repository: String,
    /// Proxies between here and there.
    pub proxies: Proxies,
    /// How long to wait and how often to try.
    pub patience: Patience,
}

/// A token: printed nowhere, not even by `Debug`.
#[derive(Clone)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// Proxies in the form of the variables that usually hold them; empty: none. `no` lists hosts that are reached without one.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For all addresses, where the two below say nothing: `ALL_PROXY`.
    pub all: String,
    /// For `http:` addresses: `HTTP_PROXY`.
    pub http: String,
    /// For `https:` addresses: `HTTPS_PROXY`.
    pub https: String,
    /// Exceptions: `NO_PROXY`.
    pub no: String,
}

impl fmt::Debug for Proxies {
    // The address of a proxy may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").field("no", &self.no).finish_non_exhaustive()
    }
}

/// Bounds of waiting.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Longest time for one answer.
    pub answer: Duration,
    /// Most tries of one request.
    pub tries: u32,
    /// The first pause between two tries; each further one is twice as long.
    pub pause: Duration,
    /// The pause when GitHub has enough of our requests and does not say for how long; it asks for a minute.
    pub limited: Duration,
    /// Longest time for all tries of one request; a longer `Retry-After` ends them.
    pub total: Duration,
    /// The first pause while GitHub works on a log, and the longest time to wait for it.
    pub processing: (Duration, Duration),
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Patience {
            answer: seconds(60),
            tries: 4,
            pause: seconds(2),
            limited: seconds(60),
            total: seconds(180),
            processing: (seconds(2), seconds(120)),
        }
    }
}
