//! `idmux lock` and `idmux unlock`: whether keys and tokens may be in memory.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::client::{Client, open};
use super::output::{self, Printed};
use super::problem::{Code, Problem};
use super::secret::{PassphraseArgs, Source};
use crate::folders::Folders;
use crate::session::{KeyChoice, KeySource, VaultError, VaultStatus, lock_vault};

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

/// Locks the vault for every idmux process. It takes no key, and no worker: whoever closes the vault need not be able to open
/// it.
pub fn lock(args: LockArgs) -> ExitCode {
    if args.json {
        output::for_scripts();
    }
    let locked = Folders::find().map_err(|error| Problem::new(Code::Failed, error.to_string(), "")).and_then(
        |folders| {
            lock_vault(&folders.vault()).map_err(|error| match error {
                VaultError::NoVault(_) => Problem::new(
                    Code::VaultNeedsKey,
                    error.to_string(),
                    "there is nothing to lock: nobody has logged in on this device yet",
                ),
                _ => Problem::new(
                    Code::Vault,
                    format!("the vault is not locked: {error}"),
                    "end every idmux process, so that keys and tokens leave the memory",
                ),
            })
        },
    );
    let printed = locked.and_then(|()| {
        Printed::either(args.json, &json!({ "vault": "locked" }), "the vault is locked").write()
    });
    match printed {
        Ok(()) => output::done(),
        Err(problem) => {
            output::report(&problem);
            problem.exit_code()
        }
    }
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
    client.name_losses();
    let key = match &status {
        VaultStatus::Open { key, .. } => key.to_string(),
        _ => String::new(),
    };
    let sentence = format!("the vault is open (key: {key})");
    Ok(Printed::either(args.json, &json!({ "vault": "open", "key": key }), &sentence))
}
