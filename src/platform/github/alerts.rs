//! Alerts that people dismissed on GitHub. Hands over what GitHub tells of them and matches nothing itself.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::failure::Purpose;
use super::{Failure, GitHub, Kind};
use crate::report::escape;
use crate::triage::dismissals::Dismissal;

const PURPOSE: Purpose = Purpose { what: "read dismissed alerts", permission: "security-events: read", scanning: true };

#[derive(Deserialize)]
struct Alert {
    number: u64,
    #[serde(default)]
    fixed_at: Option<String>,
    #[serde(default)]
    dismissed_by: Option<User>,
    #[serde(default)]
    dismissed_reason: Option<String>,
    #[serde(default)]
    dismissed_comment: Option<String>,
    rule: Rule,
    most_recent_instance: Instance,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    login: String,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(default)]
    id: Option<String>,
}

#[derive(Deserialize)]
struct Instance {
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    location: Option<Place>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    text: Option<String>,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    start_line: Option<u32>,
}

/// Dismissed alerts of pipevet on the default branch and on `reference` (`refs/pull/7/merge`), by their number; none where code scanning is off or
/// never ran. Those whose code is gone are left out: what stands there now is something else.
pub fn dismissed(github: &GitHub, reference: Option<&str>) -> Result<Vec<Dismissal>, Failure> {
    let route = format!("/repos/{}/code-scanning/alerts?state=dismissed&tool_name=pipevet", github.access.repository);
    let mut routes = vec![route.clone()];
    routes.extend(reference.map(|r| format!("{route}&ref={}", escape::uri(r))));
    let mut found = BTreeMap::new();
    for route in routes {
        match github.pages::<Alert>(&route, PURPOSE) {
            Ok(alerts) => found.extend(alerts.into_iter().filter(|a| a.fixed_at.is_none()).filter_map(|a| Some((a.number, dismissal(a)?)))),
            // Without code scanning, or before its first log, nobody can have dismissed anything.
            Err(failure) if failure.kind == Kind::Disabled => {}
            Err(failure) if failure.kind == Kind::Missing && failure.said.contains("no analysis found") => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(found.into_values().collect())
}

fn dismissal(alert: Alert) -> Option<Dismissal> {
    let Instance { message, location } = alert.most_recent_instance;
    let Place { path, start_line } = location?;
    Some(Dismissal {
        number: alert.number,
        rule: alert.rule.id?,
        path: path?,
        line: start_line?,
        message: message.and_then(|m| m.text).unwrap_or_default(),
        by: alert.dismissed_by.map(|u| u.login).unwrap_or_default(),
        reason: [alert.dismissed_reason, alert.dismissed_comment].into_iter().flatten().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(": "),
    })
}
