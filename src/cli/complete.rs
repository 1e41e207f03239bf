//! `pipevet completions`: from the definition of the command line to a script of a shell. Knows no option by name.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::args::Arguments;
use super::output;

/// Prints the script.
pub fn run(shell: Shell) -> anyhow::Result<u8> {
    let mut out = Vec::new();
    generate(shell, &mut Arguments::command(), "pipevet", &mut out);
    output::deliver(&out, None)?;
    Ok(0)
}
