//! `idmux keys`: what every key of the terminal user interface does.

use std::process::ExitCode;

use clap::Args;

use super::output;
use super::problem::Problem;
use crate::app::{AppError, keys};
use crate::format::table;

/// Arguments of `idmux keys`.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// Print a page of documentation.
    #[arg(long)]
    markdown: bool,
}

/// Prints the keys in force.
pub fn run(args: KeysArgs) -> ExitCode {
    match print(&args) {
        Ok(page) => output::print(page),
        Err(error) => {
            let problem = Problem::from(error);
            output::report(&problem);
            problem.exit_code()
        }
    }
}

fn print(args: &KeysArgs) -> Result<String, AppError> {
    if args.markdown {
        return keys::markdown();
    }
    // The places are a long list at times, and do no harm at the end.
    let rows: Vec<_> =
        keys::rows()?.into_iter().map(|[place, action, keys, what]| [keys, what, action, place]).collect();
    Ok(table(["KEYS", "WHAT IT DOES", "ACTION", "PLACE"], &rows))
}
