//! Secrets that leave the job in the open: sent to an address that is nobody's API, or printed in a form in which the mask of the log no longer finds them.

use super::carried::{Carried, Carriers};
use super::{files, told};
use crate::catalog::row::Effect;
use crate::detect::Context;
use crate::facts::{FactId, What};
use crate::finding::{Alert, Location, Severity};
use crate::graph::Node;
use crate::reach::assets::opens;
use crate::rule::placeholders::Values;
use crate::source::FileId;

/// Requests that carry the whole environment, all secrets, or a secret to a bare address or a service that shows whatever arrives. The cause is the command.
pub fn sent_out(context: &Context) -> Vec<Alert> {
    let Some(page) = context.rules.get("secret-sent-out") else { return Vec::new() };
    let mut out = Vec::new();
    for file in files(context) {
        let facts = context.facts.file(file);
        let mut carriers = None;
        for (id, fact) in facts.iter().filter(|(_, f)| matches!(f.what, What::Command(_))) {
            let Some(address) = address(context, Node { file, fact: id }) else { continue };
            if is_near(host(&address)) {
                continue;
            }
            let carried = carriers.get_or_insert_with(|| Carriers::new(facts)).of(id);
            let collects = collects(context, Node { file, fact: id }) || is_bare(host(&address));
            let Some(what) = worth(context, &carried, collects) else { continue };
            let values = Values::from([("name", what), ("value", host(&address).to_owned())]);
            out.push(told(context, page, Location { file, range: fact.range }, page.level.unwrap_or(Severity::High), &values, Vec::new()));
        }
    }
    out
}

/// What of it no API of a vendor needs.
fn worth(context: &Context, carried: &Carried, collects: bool) -> Option<String> {
    if carried.environment {
        return Some("the whole environment".to_owned());
    }
    if carried.secrets.contains("*") {
        return Some("every secret".to_owned());
    }
    stored(context, carried).filter(|_| collects)
}

/// The secret that opens something.
fn stored(context: &Context, carried: &Carried) -> Option<String> {
    carried.secrets.iter().find(|name| opens(context.reachable(), name) != "none").cloned()
}

/// Where a command sends what it is given, as far as that is literal.
fn address(context: &Context, node: Node) -> Option<String> {
    let facts = context.facts.file(node.file);
    for (id, row) in context.index.rows(context.catalog, node) {
        for effect in &row.effects {
            let Effect::Writes { channel, name, .. } = effect else { continue };
            if channel != "socket" {
                continue;
            }
            let value = context.catalog.slot(facts, node.fact, id, name).first().copied()?;
            return Some(crate::catalog::slot::shape(facts, value).unwrap_or_default());
        }
    }
    None
}

fn collects(context: &Context, node: Node) -> bool {
    context.index.effects(context.catalog, node).any(|e| matches!(e, Effect::Sink { kind, .. } if kind == "text-collected"))
}

/// The host of an address, without its port.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    rest.split(':').next().unwrap_or_default()
}

fn numbers(host: &str) -> Option<std::net::Ipv4Addr> {
    host.parse().ok()
}

/// The machine itself, or one of a private network.
fn is_near(host: &str) -> bool {
    host == "localhost" || numbers(host).is_some_and(|ip| ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified())
}

/// An address of numbers: no vendor's API has one.
fn is_bare(host: &str) -> bool {
    numbers(host).is_some()
}

/// Secrets that a command prints in another form. The cause is the command.
pub fn unmasked(context: &Context) -> Vec<Alert> {
    let Some(page) = context.rules.get("secret-unmasked-in-log") else { return Vec::new() };
    let mut out = Vec::new();
    for file in files(context) {
        let facts = context.facts.file(file);
        let mut carriers = None;
        for (id, fact) in facts.iter().filter(|(_, f)| matches!(f.what, What::Command(_))) {
            if !recodes(context, file, id) {
                continue;
            }
            let carriers = carriers.get_or_insert_with(|| Carriers::new(facts));
            let Some(name) = stored(context, &carriers.input_of(id)).filter(|_| carriers.is_printed(id)) else { continue };
            let values = Values::from([("name", name)]);
            out.push(told(context, page, Location { file, range: fact.range }, page.level.unwrap_or(Severity::Medium), &values, Vec::new()));
        }
    }
    out
}

fn recodes(context: &Context, file: FileId, fact: FactId) -> bool {
    context.index.effects(context.catalog, Node { file, fact }).any(|e| matches!(e, Effect::Sink { kind, .. } if kind == "text-recoded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_addresses() {
        for (address, want) in [
            ("https://user:pw@203.0.113.7:8080/x?y=1", "203.0.113.7"),
            ("203.0.113.7", "203.0.113.7"),
            ("http://localhost/x", "localhost"),
            ("https://api.example.com#f", "api.example.com"),
            ("", ""),
        ] {
            assert_eq!(host(address), want, "{address}");
        }
        assert!(is_bare("203.0.113.7") && !is_bare("api.example.com") && !is_bare("1.2.3"));
        assert!(is_near("127.0.0.1") && is_near("10.1.2.3") && is_near("192.168.0.4") && !is_near("203.0.113.7"));
    }
}
