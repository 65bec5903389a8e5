//! `idmux timeline`: what happened to a user, and the rule that decided.

use serde_json::{Value, json};

use super::client::Client;
use super::output::Printed;
use super::problem::Problem;
use super::table::table;
use super::target::UserTarget;
use crate::session::{Command, EventKind, TimelineEntry};

/// Arguments of `idmux timeline`.
#[derive(Debug, clap::Args)]
pub struct TimelineArgs {
    #[command(flatten)]
    user: UserTarget,
    /// Print an array for scripts.
    #[arg(long)]
    pub json: bool,
}

/// Prints a user's timeline, oldest first.
///
/// # Errors
/// When the user is not found, or the vault cannot be read.
pub async fn run(args: TimelineArgs, client: &mut Client<'_>) -> Result<Printed, Problem> {
    let user = args.user.find(&client.snapshot())?;
    let event = client.ask(Command::ReadTimeline { user: user.key.clone() }).await?;
    let EventKind::Timeline(entries) = event.kind else {
        return Err(Problem::unexpected_answer());
    };
    Ok(if args.json {
        Printed::json(&entries.iter().map(entry_json).collect())
    } else {
        let rows: Vec<_> = entries
            .into_iter()
            .map(|entry| [entry.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(), entry.what, entry.rule])
            .collect();
        Printed::text(table(["WHEN", "WHAT", "WHY"], &rows))
    })
}

fn entry_json(entry: &TimelineEntry) -> Value {
    json!({ "at": entry.at.to_string(), "what": entry.what, "rule": entry.rule })
}
