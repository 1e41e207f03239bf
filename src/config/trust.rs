//! What a project says is its own: owners, places, actions, runners, and what its secrets can do. Decides by names alone.

use std::collections::BTreeMap;

use super::node::Node;
use crate::catalog::glob;

/// Whom a project trusts; globs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Owners on model hubs and forges.
    pub orgs: Vec<String>,
    /// `s3://bucket/prefix` and the like.
    pub buckets: Vec<String>,
    /// Hosts or prefixes of image registries and of other downloads.
    pub registries: Vec<String>,
    /// Package indexes.
    pub indexes: Vec<String>,
    /// `owner/name` or `owner/*` of actions.
    pub actions: Vec<String>,
    /// Runner labels whose machines are thrown away after each job.
    pub runners: Vec<String>,
    /// Secret name -> `read` or `none`: what it can do at most.
    pub secrets: BTreeMap<String, String>,
}

impl Trust {
    /// What a checked table says.
    pub(super) fn of(table: &Node) -> Trust {
        let list = |key| table.get(key).map(Node::items).unwrap_or_default().iter().filter_map(Node::text).map(str::to_owned).collect();
        let secrets = table.get("secrets").into_iter().flat_map(Node::table);
        Trust {
            orgs: list("orgs"),
            buckets: list("buckets"),
            registries: list("registries"),
            indexes: list("indexes"),
            actions: list("actions"),
            runners: list("runners"),
            secrets: secrets.filter_map(|(name, n)| Some((name.to_owned(), n.text()?.to_owned()))).collect(),
        }
    }
    /// What a secret can do at most, `read` or `none`, when policy says: by its name, else by the longest glob that matches.
    pub fn secret(&self, name: &str) -> Option<&str> {
        let fits = self.secrets.iter().filter(|(pattern, _)| glob::text(pattern, name));
        self.secrets.get(name).or_else(|| fits.max_by_key(|(pattern, _)| pattern.len()).map(|(_, can)| can)).map(String::as_str)
    }
    /// Whether an outside name is trusted: a URL by bucket, registry or index, `owner/name` by owner.
    pub fn covers(&self, name: &str) -> bool {
        let plain = name.strip_prefix("git+").unwrap_or(name);
        let Some((scheme, rest)) = plain.split_once("://") else {
            let owner = plain.split('/').next().unwrap_or(plain);
            return plain.contains('/') && self.orgs.iter().any(|o| glob::text(o, owner));
        };
        if scheme == "hf" {
            return self.covers(rest.split_once('/').map_or(rest, |(kind, more)| if kind == "datasets" || kind == "spaces" { more } else { rest }));
        }
        let after_host = rest.split_once('/').map_or("", |(_, p)| p);
        let owner = after_host.split('/').next().unwrap_or("");
        let listed = self.buckets.iter().chain(&self.registries).chain(&self.indexes).any(|p| under(p, plain, rest));
        listed || (!owner.is_empty() && self.orgs.iter().any(|o| glob::text(o, owner)))
    }
    /// Whether an action is trusted.
    pub fn action(&self, name: &str) -> bool {
        let owner = name.split('/').next().unwrap_or(name);
        self.actions.iter().any(|a| glob::text(a, name) || a == owner) || self.orgs.iter().any(|o| glob::text(o, owner))
    }
    /// Whether an image is trusted, by registry and path without tag.
    pub fn image(&self, name: &str) -> bool {
        self.registries.iter().any(|r| under(r, name, name))
    }
    /// Whether a runner is thrown away after each job.
    pub fn runner(&self, label: &str) -> bool {
        self.runners.iter().any(|r| glob::text(r, label))
    }
}

/// Whether `name` (with or without its scheme) lies under a prefix or host, or matches a glob. `example.com` does not cover `example.com.evil`.
fn under(prefix: &str, whole: &str, without_scheme: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    if prefix.contains('*') {
        return glob::text(prefix, whole) || glob::text(prefix, without_scheme);
    }
    [whole, without_scheme].iter().any(|name| name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':', '?', '@'])))
}
