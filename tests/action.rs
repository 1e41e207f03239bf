//! The Action and everything that talks to GitHub, against a server on this machine that plays GitHub: its limits, its refusals, its words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::string_slice)]

#[path = "action/client.rs"]
mod client;
#[cfg(target_os = "linux")]
#[path = "action/install.rs"]
mod install;
#[cfg(target_os = "linux")]
#[path = "action/pulls.rs"]
mod pulls;
#[cfg(target_os = "linux")]
#[path = "action/runner.rs"]
mod runner;
#[path = "action/server.rs"]
mod server;
