//! GitHub, as the environment of a run describes it: the one place that knows the names of those variables. Knows no finding beyond what was dismissed.

use std::env;

use crate::finding::Report;
use crate::notice::{Notice, NoticeKind};
use crate::platform::github::{Access, GitHub, Patience, Proxies, Token, alerts};
use crate::source::Sources;
use crate::triage::{Policy, dismissals};

/// What it takes to talk to the repository of this run, if the environment says which and as whom.
pub fn access() -> anyhow::Result<Access> {
    let Some(token) = first(&["PIPEVET_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"]) else {
        anyhow::bail!("GitHub is asked as someone: set GITHUB_TOKEN (in the Action: `token`)");
    };
    let Some(repository) = first(&["GITHUB_REPOSITORY"]) else {
        anyhow::bail!("GitHub is asked about a repository: set GITHUB_REPOSITORY to owner/name");
    };
    let proxy = |upper: &str, lower: &str| first(&[upper, lower]).unwrap_or_default();
    Ok(Access {
        api: first(&["GITHUB_API_URL"]).unwrap_or_else(|| "https://api.github.com".to_owned()),
        token: Token(token),
        repository,
        proxies: Proxies {
            all: proxy("ALL_PROXY", "all_proxy"),
            http: proxy("HTTP_PROXY", "http_proxy"),
            https: proxy("HTTPS_PROXY", "https_proxy"),
            no: proxy("NO_PROXY", "no_proxy"),
        },
        patience: Patience::default(),
    })
}

/// Takes out of the report what people dismissed on GitHub. Where GitHub does not tell, everything counts, and a notice says why.
pub fn respect_dismissals(report: &mut Report, sources: &Sources, policy: &Policy) -> anyhow::Result<()> {
    let access = access()?;
    let reference = first(&["GITHUB_REF"]).filter(|r| r.starts_with("refs/pull/"));
    match GitHub::new(access).and_then(|github| alerts::dismissed(&github, reference.as_deref())) {
        Ok(dismissed) => dismissals::dismiss(report, &dismissed, sources, policy),
        Err(failure) => {
            let text = format!("what was dismissed on GitHub counts all the same: {failure}");
            report.notices.push(Notice { file: None, range: None, kind: NoticeKind::Policy, text });
            report.notices.sort();
        }
    }
    Ok(())
}

/// The first of these variables that is set and not empty.
pub fn first(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| env::var(name).ok().filter(|value| !value.trim().is_empty()))
}
