//! The `idmux` program.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    idmux::cli::main()
}
