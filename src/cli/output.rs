//! Where a report goes: standard output, or a file that appears whole or not at all. Knows no format.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;

use super::args::Color;

/// Writes `bytes` to a file (aside, then renamed over it) or to standard output.
pub fn deliver(bytes: &[u8], to: Option<&Path>) -> anyhow::Result<()> {
    match to.filter(|p| *p != Path::new("-")) {
        None => match io::stdout().lock().write_all(bytes).and_then(|()| io::stdout().flush()) {
            // A reader that has seen enough (`head`) is no error.
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("standard output"),
        },
        Some(path) => to_file(bytes, path).with_context(|| path.display().to_string()),
    }
}

fn to_file(bytes: &[u8], path: &Path) -> anyhow::Result<()> {
    // A device or pipe is written to, never replaced.
    if path.metadata().is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        return Ok(std::fs::OpenOptions::new().write(true).open(path)?.write_all(bytes)?);
    }
    anyhow::ensure!(!path.is_dir(), "is a directory");
    // Through a link the file behind it is replaced, not the link.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().context("names no file")?.to_string_lossy();
    let aside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = std::fs::OpenOptions::new().write(true).create_new(true).open(&aside).and_then(|mut file| {
        file.write_all(bytes)?;
        // Who may read and run it does not change with what it says.
        if let Ok(before) = path.metadata() {
            file.set_permissions(before.permissions())?;
        }
        file.sync_all()?;
        std::fs::rename(&aside, &path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&aside);
    }
    Ok(written?)
}

/// Whether to colour, by the option, the conventions of the environment and what is written to.
pub fn colored(color: Color, to: Option<&Path>) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0");
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if to.is_some_and(|p| p != Path::new("-")) || set("NO_COLOR") => false,
        Color::Auto if set("CLICOLOR_FORCE") || set("FORCE_COLOR") => true,
        Color::Auto => io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb"),
    }
}
