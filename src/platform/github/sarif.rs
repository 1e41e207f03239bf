//! Upload of a SARIF log to code scanning. Knows GitHub's limit on its size and how it says what became of it, not what is in it.

use std::io::Write;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::json;

use super::failure::Purpose;
use super::{Failure, GitHub, Kind};

/// What is uploaded, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    /// The log, as JSON.
    pub sarif: &'a [u8],
    /// The commit it is about: 40 hex digits.
    pub commit: &'a str,
    /// `refs/heads/main`, `refs/pull/7/merge`, or `refs/pull/7/head` when the commit is that one.
    pub reference: &'a str,
}

/// What became of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processed {
    /// Its alerts are there.
    Complete,
    /// GitHub took it and was still at work when patience ended.
    Pending,
}

const PURPOSE: Purpose = Purpose { what: "upload the SARIF log", permission: "security-events: write", scanning: true };

/// GitHub refuses more than 10 MB, compressed.
const MOST_BYTES: usize = 10_000_000;

#[derive(Deserialize)]
struct Receipt {
    id: String,
}

#[derive(Deserialize)]
struct State {
    #[serde(default)]
    processing_status: String,
    #[serde(default)]
    errors: Option<Vec<String>>,
}

/// Uploads a log and waits until GitHub has read it. What GitHub finds wrong with it is the failure.
pub fn upload(github: &GitHub, log: &Log<'_>) -> Result<Processed, Failure> {
    let packed = packed(log.sarif).map_err(|e| Failure::new(Kind::TooLarge, PURPOSE, &e.to_string()))?;
    if packed.len() > MOST_BYTES {
        let said = format!("{} bytes compressed, and 10 MB is the most: scan fewer paths at once, or show less", packed.len());
        return Err(Failure::new(Kind::TooLarge, PURPOSE, &said));
    }
    let repository = &github.access.repository;
    let body = json!({ "commit_sha": log.commit, "ref": log.reference, "sarif": STANDARD.encode(&packed), "tool_name": "pipevet" });
    let receipt: Receipt = github.post(&format!("/repos/{repository}/code-scanning/sarifs"), &body, PURPOSE)?;
    // The id is put into an address.
    if receipt.id.is_empty() || !receipt.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(Failure::new(Kind::Server, PURPOSE, "the upload has no id"));
    }
    wait(github, &format!("/repos/{repository}/code-scanning/sarifs/{}", receipt.id))
}

fn wait(github: &GitHub, route: &str) -> Result<Processed, Failure> {
    let (mut pause, longest) = github.access.patience.processing;
    let started = Instant::now();
    loop {
        match github.get::<State>(route, PURPOSE) {
            Ok(state) if state.processing_status == "complete" => return Ok(Processed::Complete),
            Ok(state) if state.processing_status == "failed" => {
                let said = state.errors.unwrap_or_default().join("; ");
                let said = if said.is_empty() { "no reason is given".to_owned() } else { said };
                return Err(Failure::new(Kind::Refused, PURPOSE, &said));
            }
            // Right after the upload there may be nothing to see yet.
            Ok(_) => {}
            Err(failure) if failure.kind == Kind::Missing => {}
            Err(failure) => return Err(failure),
        }
        if started.elapsed().saturating_add(pause) > longest {
            return Ok(Processed::Pending);
        }
        github.pause(pause);
        pause = pause.saturating_mul(2).min(longest / 8);
    }
}

fn packed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
