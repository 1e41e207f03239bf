//! What can go wrong with a request, as one sentence that says what to do. Knows the answers GitHub gives, no address and no token.

use std::fmt;
use std::time::Duration;

use crate::report::escape;

/// A request that failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: Kind,
    /// What GitHub, or the way there, says of it: one line, safe to print.
    pub said: String,
    /// What was tried.
    pub(super) purpose: Purpose,
    /// How long GitHub asks to wait.
    pub(super) wait: Option<Duration>,
}

/// Kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No answer, or no way there.
    Unreachable,
    /// Too many requests.
    Limited,
    /// GitHub is at fault: 5xx.
    Server,
    /// The token is none that GitHub knows.
    Unknown,
    /// The token may not do this.
    Denied,
    /// The repository has no code scanning.
    Disabled,
    /// There is nothing at this address, or the token may not see it.
    Missing,
    /// The repository stands elsewhere now.
    Moved,
    /// GitHub does not take what was sent.
    Refused,
    /// More than GitHub takes; found before anything is sent.
    TooLarge,
}

/// What a request is for, with what its sentences need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Purpose {
    /// With an infinitive: `upload the log`.
    pub what: &'static str,
    /// What the job's `permissions:` must hold for it.
    pub permission: &'static str,
    /// Whether it needs code scanning, whose absence is said in more than one way.
    pub scanning: bool,
}

/// An answer that is no success.
pub(super) struct Answer<'a> {
    pub status: u16,
    pub message: &'a str,
    /// `Retry-After`, or the time until the limit is reset, in seconds.
    pub retry_after: Option<u64>,
    /// Whether the answer says that no request is left.
    pub exhausted: bool,
}

impl Failure {
    pub(super) fn new(kind: Kind, purpose: Purpose, said: &str) -> Failure {
        let line: String = said.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ");
        let line = escape::visible(&line);
        let short: String = line.chars().take(MOST_SAID).collect();
        Failure { kind, said: if short == line { line } else { short + "…" }, purpose, wait: None }
    }
    pub(super) fn answered(answer: &Answer<'_>, purpose: Purpose) -> Failure {
        let said = answer.message.to_lowercase();
        let kind = match answer.status {
            401 => Kind::Unknown,
            // Limits and missing permissions have one status: the headers, else the words tell them apart.
            403 | 429 if answer.status == 429 || answer.retry_after.is_some() || answer.exhausted || said.contains("rate limit") => Kind::Limited,
            403 if purpose.scanning && (said.contains("must be enabled") || said.contains("not enabled")) => Kind::Disabled,
            403 => Kind::Denied,
            404 | 410 => Kind::Missing,
            301..=308 => Kind::Moved,
            413 => Kind::TooLarge,
            500.. => Kind::Server,
            _ => Kind::Refused,
        };
        Failure { wait: answer.retry_after.map(Duration::from_secs), ..Failure::new(kind, purpose, answer.message) }
    }
    /// Whether another try may help.
    pub(super) fn passing(&self) -> bool {
        matches!(self.kind, Kind::Unreachable | Kind::Limited | Kind::Server)
    }
}

/// Characters kept of what GitHub says.
const MOST_SAID: usize = 400;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Purpose { what, permission, scanning } = self.purpose;
        match self.kind {
            Kind::Unreachable => write!(f, "GitHub could not be reached to {what}: check network, proxy and GITHUB_API_URL")?,
            Kind::Limited => write!(f, "GitHub takes no more requests of this token for now, so pipevet could not {what}: run the job again later")?,
            Kind::Server => write!(f, "GitHub failed to {what}: run the job again later")?,
            Kind::Unknown => write!(f, "GitHub does not know the token that should {what}: give `token` one that is valid")?,
            Kind::Denied => write!(f, "the token may not {what}: give the job `permissions: {permission}`")?,
            Kind::Disabled => {
                write!(f, "the repository has no code scanning to {what}: switch on code scanning (Code Security, when private) in its settings")?;
            }
            Kind::Missing if scanning => {
                let advice = format!("switch on code scanning in the repository's settings, or give the job `permissions: {permission}`");
                write!(f, "GitHub shows this token no code scanning to {what}: {advice}")?;
            }
            Kind::Missing => write!(f, "GitHub shows this token nothing to {what}: give the job `permissions: {permission}`")?,
            Kind::Moved => write!(f, "the repository has moved, so pipevet could not {what}: use its new name")?,
            Kind::Refused => write!(f, "GitHub does not take what pipevet sent to {what}")?,
            Kind::TooLarge => write!(f, "this is more than GitHub takes to {what}")?,
        }
        if self.said.is_empty() { Ok(()) } else { write!(f, " ({})", self.said) }
    }
}

impl std::error::Error for Failure {}
