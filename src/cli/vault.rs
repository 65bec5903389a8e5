//! `idmux lock` and `idmux unlock`: whether keys and tokens may be in memory.

use clap::Args;
use serde_json::json;

use super::client::{Client, open};
use super::output::Printed;
use super::problem::Problem;
use super::secret::{PassphraseArgs, Source};
use crate::session::{Command, KeyChoice, KeySource, VaultStatus};

/// Arguments of `idmux lock`.
#[derive(Debug, Args)]
pub struct LockArgs {
    /// Print an object for scripts.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `idmux unlock`.
#[derive(Debug, Args)]
pub struct UnlockArgs {
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Print an object for scripts.
    #[arg(long)]
    pub json: bool,
}

/// Locks the vault for every idmux process.
///
/// # Errors
/// When there is no vault that could be locked.
pub async fn lock(args: LockArgs, client: &mut Client<'_>) -> Result<Printed, Problem> {
    let status = client.vault_status().await?;
    if !matches!(status, VaultStatus::Locked { .. }) {
        open(&status)?;
        client.ask(Command::Lock).await?;
    }
    Ok(Printed::either(args.json, &json!({ "vault": "locked" }), "the vault is locked"))
}

/// Opens the vault, for every idmux process.
///
/// # Errors
/// When the vault does not open.
pub async fn unlock(args: UnlockArgs, client: &mut Client<'_>) -> Result<Printed, Problem> {
    let mut status = client.vault_status().await?;
    if let VaultStatus::Locked { key, .. } = status.clone() {
        status = match key {
            KeySource::Passphrase => {
                client.open_with_passphrase(Source::from(&args.passphrase)).await?;
                client.vault_status().await?
            }
            KeySource::KeyFile(path) => client.try_key(KeyChoice::KeyFile(Some(path))).await?,
            KeySource::Keyring | KeySource::Memory => client.try_key(KeyChoice::Keyring).await?,
        };
    }
    open(&status)?;
    let key = match &status {
        VaultStatus::Open { key, .. } => key.to_string(),
        _ => String::new(),
    };
    let sentence = format!("the vault is open (key: {key})");
    Ok(Printed::either(args.json, &json!({ "vault": "open", "key": key }), &sentence))
}
