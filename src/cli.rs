//! The command line: arguments, and one module a sub-command.

pub mod serve;

use clap::{Parser, Subcommand};

/// Log many users of an App in at once, side by side, and keep their sessions alive.
#[derive(Debug, Parser)]
#[command(name = "idmux", version, about)]
pub struct Cli {
    /// Start on a throw-away local App with six users logged in; nothing stays on disk.
    #[arg(long)]
    pub demo: bool,

    /// What to do; without it, the terminal user interface.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a local App: an App Services compatible server on this machine.
    Serve(serve::ServeArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn arguments_do_not_conflict() {
        Cli::command().debug_assert();
    }
}
