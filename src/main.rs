//! The `idmux` program.

#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use idmux::app;
use idmux::cli::Cli;

fn main() -> ExitCode {
    let mut cli = Cli::parse();
    let face = cli.face();
    match cli.command.take() {
        Some(command) => command.run(),
        None => match app::run(cli.start(), face) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // Standard error may be closed as well; there is nowhere else to say it.
                let _ = writeln!(std::io::stderr(), "idmux: {error}");
                ExitCode::FAILURE
            }
        },
    }
}
