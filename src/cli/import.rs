//! `idmux app import-users`: the users of another App, into the data folder of a local one.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::data_folder::{self, DataFolderError};
use super::output::{self, Printed};
use super::problem::{Code, Problem};
use crate::data::ejson;
use crate::format::table;
use crate::local_app::{AppId, ImportReport, ImportRequest, Options, Storage, import_users, parse_lifetime};
use crate::text;

/// Arguments of `idmux app import-users`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// JSON: a list of users in the shape of the Admin API, or an object with one under `users`; - reads standard input.
    file: PathBuf,

    /// Client app id of the local App [default: the one whose data is there]
    #[arg(long, value_name = "ID")]
    app_id: Option<AppId>,

    /// Folder with its users; it may be served at the same time [default: in the data folder of idmux]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Print a code for each user without a password, to choose one with, once, within this time, as in 7d.
    #[arg(long, value_name = "TIME", value_parser = parse_lifetime)]
    reset_codes_for: Option<Duration>,

    /// Take the first password that is given at a log-in within this time, as in 30d, for that of a user without one.
    /// Whoever knows an email address can take the account of a user who has not logged in yet.
    #[arg(long, value_name = "TIME", value_parser = parse_lifetime)]
    adopt_passwords_for: Option<Duration>,

    /// Print an object for scripts.
    #[arg(long)]
    pub json: bool,
}

/// Imports the users, and says what became of them.
pub fn run(args: ImportArgs) -> ExitCode {
    let json = args.json;
    if json {
        output::for_scripts();
    }
    match import(args).and_then(|report| print(&report, json)) {
        Ok(()) => output::done(),
        Err(problem) => {
            output::report(&problem);
            problem.exit_code()
        }
    }
}

fn import(args: ImportArgs) -> Result<ImportReport, Problem> {
    let mut request = ImportRequest::parse(list(&args)?)
        .map_err(|error| input(&args, &error.to_string(), "the documentation shows an example"))?;
    request.reset_codes_for = args.reset_codes_for.or(request.reset_codes_for);
    request.adopt_passwords_for = args.adopt_passwords_for.or(request.adopt_passwords_for);
    let failed = |message: String| Problem::new(Code::Failed, message, "");
    let unclear = |error: DataFolderError| {
        let code = match error {
            DataFolderError::SeveralApps { .. } => Code::AppNeeded,
            DataFolderError::NoFolder(_) | DataFolderError::LocalApp(_) => Code::Failed,
        };
        Problem::new(code, error.to_string(), "")
    };
    let (folder, app_id) = data_folder::find(args.data, args.app_id).map_err(unclear)?;
    let options = Options::new(app_id.as_str(), Storage::Folder(folder));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(format!("cannot set up the process: {error}")))?;
    runtime.block_on(import_users(options, request)).map_err(|error| failed(error.to_string()))
}

/// The JSON of the file.
fn list(args: &ImportArgs) -> Result<Value, Problem> {
    let mut text = Vec::new();
    let read = if args.file.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut text).map(drop)
    } else {
        std::fs::read(&args.file).map(|read| text = read)
    };
    read.map_err(|error| input(args, &error.to_string(), "name a file that can be read"))?;
    let refused = |why: String| input(args, &why, "the file must be JSON");
    let text = String::from_utf8(text).map_err(|error| refused(error.to_string()))?;
    ejson::text::read(&text).map_err(|error| refused(error.to_string()))
}

fn input(args: &ImportArgs, what: &str, hint: &str) -> Problem {
    Problem::new(Code::Input, format!("cannot import {}: {what}", args.file.display()), hint)
}

/// Prints the report; a problem afterwards if somebody was refused.
fn print(report: &ImportReport, json: bool) -> Result<(), Problem> {
    let printed = if json {
        let value = serde_json::to_value(report)
            .map_err(|error| Problem::new(Code::Failed, error.to_string(), ""))?;
        Printed::json(&value)
    } else {
        Printed::text(sentences(report))
    };
    printed.write()?;
    match report.refused.len() {
        0 => Ok(()),
        count => Err(Problem::new(
            Code::Failed,
            format!("{count} of the users were refused; all others are imported"),
            "put right what is wrong with them and import the same list again: it changes nothing for the others",
        )),
    }
}

fn sentences(report: &ImportReport) -> String {
    let mut lines = vec![format!("imported: {}, here already: {}", report.imported, report.unchanged)];
    if let Some(until) = report.adopt_until {
        lines.push(format!("users without a password say one at their first log-in until {until}"));
    }
    for refusal in &report.refused {
        let id = refusal.id.as_deref().unwrap_or("without an id");
        let refused = format!("refused: number {} ({id}): {}", refusal.index, refusal.reason);
        lines.push(text::inert(&refused).into_owned());
    }
    let codes: Vec<_> = report
        .reset_codes
        .iter()
        .map(|code| {
            [text::inert(code.email()).into_owned(), code.token_id().to_owned(), code.token().to_owned()]
        })
        .collect();
    let mut all = lines.join("\n");
    if !codes.is_empty() {
        all.push('\n');
        all.push_str(&table(["EMAIL", "TOKEN ID", "TOKEN"], &codes));
    }
    all
}
