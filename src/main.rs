//! The `idmux` program.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use idmux::cli::{Cli, Command, serve};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Serve(args)) => serve::run(args),
        None => ExitCode::SUCCESS,
    }
}
