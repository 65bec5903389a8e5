//! `idmux timeline`: what happened to a user, and the rule that decided.

use serde_json::{Value, json};

use super::client::Client;
use super::output::Printed;
use super::problem::Problem;
use super::target::UserTarget;
use crate::format;
use crate::session::{self, TimelineEntry};

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
    let answer = client.ask(session::ReadTimeline { user: user.key.clone() }).await?;
    let entries = &answer.outcome.0;
    Ok(if args.json {
        Printed::json(&entries.iter().map(entry_json).collect())
    } else {
        let row = |entry: &TimelineEntry| [format::moment(entry.at), entry.what.clone(), entry.rule.clone()];
        let rows: Vec<_> = entries.iter().map(row).collect();
        Printed::text(format::table(["WHEN", "WHAT", "WHY"], &rows))
    })
}

fn entry_json(entry: &TimelineEntry) -> Value {
    json!({ "at": entry.at.to_string(), "what": entry.what, "rule": entry.rule })
}
