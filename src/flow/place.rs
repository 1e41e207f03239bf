//! What a literal name is: a URL, an id on a hub, a path on this machine; and what a dependency line brings. One decision, so that every language and row agrees on it. Knows no program
//! and no row.

use crate::facts::{Requirement, RequirementFrom};
use crate::origin::{Mutable, Origin, Via, Who};

/// What a literal name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A URL of a host. `plain`: without protection on the way.
    Url {
        /// Whether anyone on the way can change the bytes.
        plain: bool,
    },
    /// A URL of this machine.
    Loopback,
    /// `org/name` or `name` of a hub.
    Hub,
    /// A path.
    Path,
    /// Could be a directory or an id.
    Unclear,
    /// Prose, options, anything that is no name.
    Other,
}

/// Directory names under which projects keep their own files: `models/x` is more often a directory than an account.
const DIRECTORIES: [&str; 40] = [
    "artifact",
    "artifacts",
    "assets",
    "build",
    "cache",
    "checkpoint",
    "checkpoints",
    "ckpt",
    "ckpts",
    "config",
    "configs",
    "data",
    "dataset",
    "datasets",
    "dist",
    "exp",
    "experiments",
    "files",
    "fixtures",
    "lib",
    "local",
    "log",
    "logs",
    "model",
    "models",
    "out",
    "output",
    "outputs",
    "path",
    "pretrained",
    "resources",
    "results",
    "runs",
    "saved",
    "saved_models",
    "src",
    "temp",
    "test",
    "tmp",
    "weights",
];

/// Decides what a literal is. `exists` tells whether a scanned file or directory has that path.
pub fn of(text: &str, exists: impl Fn(&str) -> bool) -> Place {
    let text = text.trim();
    if text.is_empty() || text.len() > 400 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Place::Other;
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        // An address that ends where a value is due names nothing: who gives the value decides what is meant (`…/download?id=`).
        return if text.ends_with('=') { Place::Other } else { url(scheme, rest) };
    }
    if exists(text.trim_start_matches("./").trim_end_matches('/')) {
        return Place::Path;
    }
    let drive = text.as_bytes().get(1) == Some(&b':') && text.len() > 2;
    if text.starts_with(['/', '.', '~', '\\', '$']) || text.contains('\\') || text.ends_with('/') || drive {
        return Place::Path;
    }
    // A tag, branch or digest after the id does not change what it is.
    let id = text.split(['@', ':']).next().unwrap_or(text);
    if id.is_empty() || !id.chars().all(|c| c.is_alphanumeric() || "._-/".contains(c)) {
        return Place::Other;
    }
    let segments: Vec<&str> = id.split('/').collect();
    let last = segments.last().copied().unwrap_or_default();
    if segments.len() > 2 || looks_like_file(last) {
        return Place::Path;
    }
    if segments.len() == 2 && segments.first().is_some_and(|s| DIRECTORIES.contains(&s.to_ascii_lowercase().as_str())) {
        return Place::Unclear;
    }
    if segments.len() == 1 && DIRECTORIES.contains(&last.to_ascii_lowercase().as_str()) {
        return Place::Path;
    }
    if segments.len() == 1 && ["_dir", "_path", "-dir", "-path", "_folder", "_file"].iter().any(|e| last.to_ascii_lowercase().ends_with(e)) {
        return Place::Path;
    }
    Place::Hub
}

/// The bytes behind a literal that is used as a path or URL. `tracked`: that path stands in the scanned tree.
pub fn store(place: Place, tracked: bool) -> Origin {
    match place {
        Place::Url { plain: true } => Origin { who: Who::Anyone, mutable: Mutable::Moving, via: Via::WEB, ..Origin::PROGRAM },
        Place::Url { plain: false } => Origin { via: Via::WEB, ..Origin::publisher(Mutable::Moving) },
        _ if tracked => Origin::REPOSITORY,
        Place::Other => Origin::REPOSITORY,
        Place::Loopback | Place::Hub | Place::Path | Place::Unclear => Origin::OPERATOR,
    }
}

/// What the end of a name says of its mutability: `name@ref`, `name:ref`, `url#ref`.
pub fn suffix(text: &str) -> Mutable {
    let rest = text.split_once("://").map_or(text, |p| p.1);
    match rest.rfind(['@', '#', ':']) {
        Some(at) => pin(rest.get(at + 1..).unwrap_or_default()),
        None => Mutable::Moving,
    }
}

/// What a revision says: 40 or 64 hex digits (after an optional `sha256:`) fix the bytes; a version-shaped tag or a shortened commit is a release, since
/// only its publisher can make the same name mean something else; anything else moves.
pub fn pin(revision: &str) -> Mutable {
    let revision = revision.trim();
    if let Some((_, rest)) = revision.split_once("://") {
        // The host says nothing; the firmest segment of the path does: `…/raw/<commit>/x`, `…/releases/download/v1.2.3/x`.
        return rest.split(['?', '#']).next().unwrap_or_default().split('/').skip(1).map(named).min().unwrap_or(Mutable::Moving);
    }
    // Seven digits are the shortest git prints. In a path of a URL they would as well be an id or a date.
    let commit = |s: &str| (7..40).contains(&s.len()) && s.bytes().any(|b| b.is_ascii_digit()) && s.bytes().all(|b| b.is_ascii_hexdigit());
    if commit(revision) { Mutable::Release } else { exact(revision) }
}

/// What a segment of a path says: it may carry a version among other words, `tool-1.2.3-linux.sh`, or end in a ref, `name@main`.
fn named(segment: &str) -> Mutable {
    segment.split(['-', '_', '@']).map(exact).min().unwrap_or(Mutable::Moving).min(exact(segment))
}

/// What one name says, with no guess about shortened ones.
fn exact(revision: &str) -> Mutable {
    let hex = revision.rsplit(':').next().unwrap_or(revision);
    if (hex.len() == 40 || hex.len() == 64) && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Mutable::Digest;
    }
    let tag = revision.strip_prefix("refs/tags/").unwrap_or(revision);
    let body = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
    let mut parts = body.split('.');
    let versioned = parts.next().is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
        && parts.next().is_some_and(|p| p.starts_with(|c: char| c.is_ascii_digit()));
    if versioned { Mutable::Release } else { Mutable::Moving }
}

/// What a version argument says: an exact number is a release (its bytes are fixed by the registry's rules only), anything else moves.
pub fn version(text: &str) -> Mutable {
    let text = text.trim();
    let exact = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if exact { Mutable::Release } else { pin(text) }
}

/// Who can change what a dependency line brings.
pub fn brings(r: &Requirement) -> Origin {
    if r.hashes > 0 {
        return Origin::publisher(Mutable::Digest);
    }
    if let Some(url) = &r.url {
        let inside = url.starts_with(['.', '/']) || url.starts_with("file:");
        if inside {
            return Origin::REPOSITORY;
        }
        if url.contains("#sha256=") || url.contains("&sha256=") {
            return Origin::publisher(Mutable::Digest);
        }
        let path = url.split("://").last().unwrap_or(url).split('#').next().unwrap_or(url);
        let after_host = path.split_once('/').map_or("", |(_, p)| p);
        return Origin::publisher(after_host.rsplit_once('@').map_or(Mutable::Moving, |(_, r)| pin(r)));
    }
    // The last release allowed is a stated one: nothing uploaded later fits.
    let closed = r.spec.split(',').any(|s| s.trim().starts_with("<="));
    let exact = r.spec.trim().strip_prefix("===").or_else(|| r.spec.trim().strip_prefix("==")).or_else(|| r.spec.trim().strip_prefix('='));
    let fixed = exact.is_some_and(|v| !v.contains(['*', ',']));
    Origin::publisher(if fixed || closed || r.dated || r.from == RequirementFrom::Lock { Mutable::Release } else { Mutable::Moving })
}

fn url(scheme: &str, rest: &str) -> Place {
    let scheme = scheme.to_ascii_lowercase();
    if !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c)) {
        return Place::Other;
    }
    if ["file", "ipc", "inproc", "unix", "memory"].contains(&scheme.as_str()) {
        return Place::Path;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.is_empty() {
        // The beginning of an address, as programs keep it to compare with.
        return Place::Other;
    }
    let name = if host.starts_with('[') { host.split(']').next().unwrap_or(host) } else { host.split(':').next().unwrap_or(host) };
    if name.is_empty() {
        return Place::Other;
    }
    if name == "localhost" || name.starts_with("127.") || name == "[::1" {
        return Place::Loopback;
    }
    Place::Url { plain: scheme == "http" || scheme == "ftp" || scheme == "git+http" || scheme == "git" || scheme == "tcp" }
}

/// Whether the last segment ends in an extension: letters first, short, and no version number.
fn looks_like_file(last: &str) -> bool {
    let Some((stem, ext)) = last.rsplit_once('.') else { return false };
    let version = ext.starts_with(['v', 'V']) && ext.len() > 1 && ext.bytes().skip(1).all(|b| b.is_ascii_digit());
    !stem.is_empty()
        && (1..=12).contains(&ext.len())
        && ext.starts_with(|c: char| c.is_ascii_alphabetic())
        && ext.chars().all(|c| c.is_ascii_alphanumeric())
        && !version
}

/// Whether two addresses are plainly of one publisher: hosts that differ in their first label alone and share three more, or one host and the same first
/// segment of the path. `stable.repo.acme.com` and `nightly.repo.acme.com` are; `acme.pages.example` and `other.pages.example` may be anybody's.
pub fn is_same_publisher(a: &str, b: &str) -> bool {
    let parts = |address: &str| {
        let (_, rest) = address.split_once("://")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
        Some((host, path.split('/').next().unwrap_or_default().to_owned()))
    };
    let (Some((a, first)), Some((b, other))) = (parts(a), parts(b)) else { return false };
    let below = |host: &str| host.split_once('.').map(|(_, rest)| rest.to_owned()).filter(|rest| rest.split('.').count() >= 3);
    if a == b { first == other } else { below(&a).is_some_and(|rest| below(&b) == Some(rest)) }
}

/// Whether a URL is of a host that RFC 2606 and RFC 6761 keep for examples and tests: nobody serves anything there.
pub fn is_reserved(url: &str) -> bool {
    let host = url.split_once("://").map_or("", |(_, rest)| rest).split(['/', '?', '#', ':']).next().unwrap_or_default();
    let under = |name: &str| host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    ["example.com", "example.net", "example.org", "example", "test", "invalid"].iter().any(|name| under(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_urls_ids_or_paths() {
        let tree = ["assets/tiny", "conf.yaml"];
        let cases = [
            ("comet://", Place::Other),
            ("https://", Place::Other),
            ("org/name", Place::Hub),
            ("gpt2", Place::Hub),
            ("bert-base-uncased", Place::Hub),
            ("facebook/opt-1.3b", Place::Hub),
            ("Qwen/Qwen2.5-7B", Place::Hub),
            ("org/model.v2", Place::Hub),
            ("org/name:main", Place::Hub),
            ("org/name@0123456789012345678901234567890123456789", Place::Hub),
            ("./org/name", Place::Path),
            ("../x", Place::Path),
            ("/opt/models/x", Place::Path),
            ("~/x", Place::Path),
            ("C:\\models", Place::Path),
            ("model.pt", Place::Path),
            ("runs/exp1/best.ckpt", Place::Path),
            ("a/b/c", Place::Path),
            ("assets/tiny", Place::Path),
            ("conf.yaml", Place::Path),
            ("weights.h5", Place::Path),
            ("output_dir", Place::Path),
            ("checkpoints", Place::Path),
            ("models/llama", Place::Unclear),
            ("outputs/final", Place::Unclear),
            ("https://example.org/m.pt", Place::Url { plain: false }),
            ("https://example.org/get?id=", Place::Other),
            ("https://example.org/get?id=7", Place::Url { plain: false }),
            ("http://example.org/m.pt", Place::Url { plain: true }),
            ("s3://bucket/key", Place::Url { plain: false }),
            ("http://localhost:8000/x", Place::Loopback),
            ("http://user@127.0.0.1/x", Place::Loopback),
            ("http://localhost.evil.example/x", Place::Url { plain: true }),
            ("file:///tmp/x", Place::Path),
            ("comet://", Place::Other),
            ("https://", Place::Other),
            ("", Place::Other),
            ("a sentence about models", Place::Other),
            ("x=1;y", Place::Other),
        ];
        for (text, want) in cases {
            assert_eq!(of(text, |p| tree.contains(&p)), want, "{text}");
        }
    }

    #[test]
    fn revisions_are_digests_releases_or_moving() {
        let sha = "0123456789abcdef0123456789abcdef01234567";
        for (text, want) in [
            (sha, Mutable::Digest),
            ("v1.2", Mutable::Release),
            ("2.0.1", Mutable::Release),
            ("main", Mutable::Moving),
            ("0123abc", Mutable::Release),
            ("deadbeef", Mutable::Moving),
            ("https://gist.example.com/o/0123456789abcdef0123456789abcdef/raw/x.sh", Mutable::Moving),
            ("v1", Mutable::Moving),
            ("refs/pr/3", Mutable::Moving),
            ("", Mutable::Moving),
            ("https://raw.example.com/o/r/0123456789012345678901234567890123456789/x.sh", Mutable::Digest),
            ("https://h.example.com/o/r/releases/download/v1.2.3/x.sh?a=1.0", Mutable::Release),
            ("https://10.0.0.1/x.sh", Mutable::Moving),
            ("hf://datasets/o/n@0123456789012345678901234567890123456789/a.csv", Mutable::Digest),
            ("hf://datasets/o/n@main/a.csv", Mutable::Moving),
            ("https://h.example.com/tool-py39_4.12.0-Linux-x86_64.sh", Mutable::Release),
            ("https://h.example.com/setup_20.x", Mutable::Moving),
        ] {
            assert_eq!(pin(text), want, "{text}");
        }
        assert_eq!(suffix(&format!("org/name@{sha}")), Mutable::Digest);
        assert_eq!(suffix(&format!("git+https://h.example/o/r@{sha}")), Mutable::Digest);
        assert_eq!(suffix("img@sha256:0123456789012345678901234567890123456789012345678901234567890123"), Mutable::Digest);
        assert_eq!(suffix("https://h.example/o/r"), Mutable::Moving);
        assert_eq!(suffix("org/name:v1.2"), Mutable::Release);
    }

    #[test]
    fn addresses_of_one_publisher_share_more_than_a_host_that_many_share() {
        for (a, b) in [
            ("https://stable.repo.acme.com/whl/", "https://nightly.repo.acme.com/whl/"),
            ("https://h.example/acme/simple", "https://u:p@h.example/acme/nightly"),
        ] {
            assert!(is_same_publisher(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("https://acme.pages.example/simple", "https://other.pages.example/simple"),
            ("https://h.example/acme/simple", "https://h.example/other/simple"),
            ("https://pypi.acme.example/simple", "https://pypi.org/simple"),
            ("$A", "$A"),
        ] {
            assert!(!is_same_publisher(a, b), "{a} {b}");
        }
    }
}
