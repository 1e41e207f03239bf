//! The Action and everything that talks to GitHub, against a server on this machine that plays GitHub: its limits, its refusals, its words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::string_slice)]

#[path = "action/client.rs"]
mod client;
#[path = "action/install.rs"]
mod install;
#[path = "action/pulls.rs"]
mod pulls;
#[path = "action/runner.rs"]
mod runner;
#[path = "action/server.rs"]
mod server;
