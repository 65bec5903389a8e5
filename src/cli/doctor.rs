//! `idmux doctor`: what of the vault is lost, until a person says that it may be forgotten.

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::output::Printed;
use super::problem::{Code, Problem};
use crate::folders::Folders;
use crate::session::{Command, SetAside, VaultStatus, check_vault};

/// Arguments of `idmux doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Forget what is lost: it is not named any more.
    #[arg(long)]
    forget: bool,
    /// Print an object for scripts.
    #[arg(long)]
    pub json: bool,
}

/// Says what is lost, and what SQLite finds wrong with the file.
///
/// # Errors
/// When the vault cannot be read.
pub async fn run(args: DoctorArgs, client: &mut Client<'_>) -> Result<Printed, Problem> {
    let lost = match client.vault_status().await? {
        VaultStatus::Open { set_aside, .. } => set_aside,
        _ => Vec::new(),
    };
    let failed = |error: String| Problem::new(Code::Vault, error, "");
    let file = Folders::find().map_err(|error| failed(error.to_string()))?.vault();
    let damage = check_vault(&file).map_err(|error| failed(error.to_string()))?;
    if args.forget && !lost.is_empty() {
        client.ask(Command::ForgetLost).await?;
    }
    let what = |lost: &SetAside| json!({ "record": lost.record.to_string(), "why": lost.why });
    let object = json!({
        "lost": lost.iter().map(what).collect::<Vec<_>>(),
        "damage": damage,
        "forgotten": args.forget,
    });
    let mut lines: Vec<_> = lost.iter().map(|lost| format!("lost: {}: {}", lost.record, lost.why)).collect();
    lines.extend(damage.iter().map(|damage| format!("damaged: {damage}")));
    lines.push(match (lines.is_empty(), args.forget) {
        (true, _) => "nothing of the vault is lost or damaged".into(),
        (false, true) => "what is lost is forgotten; users who are missing have to log in again".into(),
        (false, false) => "`idmux doctor --forget` forgets what is lost".into(),
    });
    Ok(if args.json {
        Printed::json(&object)
    } else {
        Printed::text(
            lines.iter().map(|line| crate::text::inert(line).into_owned()).collect::<Vec<_>>().join("\n"),
        )
    })
}
