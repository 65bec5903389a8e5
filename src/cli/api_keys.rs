//! `idmux api-key`: the API keys of a user.

use clap::Subcommand;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::client::Client;
use super::consent::{self, YesArgs};
use super::output::{self, Printed};
use super::problem::{Code, Problem};
use super::session::{self, UserArgs};
use super::target::UserTarget;
use crate::account::api_key::check_key_name;
use crate::account::{ApiKey, UserKey};
use crate::format::table;
use crate::session::{AnyOperation, CreateApiKey, DeleteApiKey, ListApiKeys, SwitchApiKey, UserView};

/// Arguments of `idmux api-key`.
#[derive(Debug, Subcommand)]
pub enum ApiKeyCommand {
    /// List the user's keys.
    List(UserArgs),
    /// Make a key, and print it; nothing prints it a second time.
    Create {
        /// Its name.
        name: String,
        #[command(flatten)]
        user: UserArgs,
    },
    /// Let a key log in.
    Enable(KeyArgs),
    /// Keep a key from logging in.
    Disable(KeyArgs),
    /// Delete a key for good.
    Delete {
        #[command(flatten)]
        key: KeyArgs,
        #[command(flatten)]
        yes: YesArgs,
    },
}

/// What is done to one key.
#[derive(Debug, Clone, Copy)]
enum Change {
    Enable,
    Disable,
    Delete,
}

/// Arguments of a command about one key.
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    /// The key, by its name or its id.
    key: String,
    #[command(flatten)]
    user: UserArgs,
}

impl ApiKeyCommand {
    /// Whether the command prints for scripts.
    pub fn json(&self) -> bool {
        match self {
            Self::List(user) | Self::Create { user, .. } => user.json,
            Self::Enable(args) | Self::Disable(args) | Self::Delete { key: args, .. } => args.user.json,
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    /// When the user or the key is not found, or the server refuses.
    pub async fn run(self, client: &mut Client<'_>) -> Result<Printed, Problem> {
        match self {
            Self::List(args) => list(args, client).await,
            Self::Create { name, user } => create(name, user, client).await,
            Self::Enable(args) => change(args, Change::Enable, ("enabled", "enabled"), client).await,
            Self::Disable(args) => change(args, Change::Disable, ("disabled", "disabled"), client).await,
            Self::Delete { key, yes } => {
                let loss = format!(
                    "what uses the API key {} cannot log in again; disabling it can be undone, deleting it cannot",
                    key.key
                );
                consent::ask(yes, &loss).await?;
                change(key, Change::Delete, ("deleted", "deleted"), client).await
            }
        }
    }
}

async fn list(args: UserArgs, client: &mut Client<'_>) -> Result<Printed, Problem> {
    let user = find(&args.user, client).await?;
    let keys = read(user.key.clone(), client).await?;
    Ok(if args.json {
        Printed::json(&keys.iter().map(key_json).collect())
    } else {
        let state = |key: &ApiKey| if key.enabled { "enabled" } else { "disabled" };
        let rows: Vec<_> =
            (keys.iter()).map(|key| [key.name.clone(), state(key).to_owned(), key.id.to_string()]).collect();
        Printed::text(table(["NAME", "STATE", "ID"], &rows))
    })
}

async fn create(name: String, args: UserArgs, client: &mut Client<'_>) -> Result<Printed, Problem> {
    check_key_name(&name).map_err(|error| {
        Problem::new(Code::Input, format!("a key cannot be called {name}"), format!("it takes {error}"))
    })?;
    let user = find(&args.user, client).await?;
    let answer = client.ask(CreateApiKey { user: user.key.clone(), name }).await?;
    let new = &answer.outcome.0;
    if output::is_seen() {
        output::warn("whoever sees this key can log in as the user; it is not shown again");
    }
    Ok(if args.json {
        let mut json = key_json(&new.key);
        json["key"] = new.secret.expose_secret().into();
        Printed::json(&json)
    } else {
        Printed::word("API key", new.secret.expose_secret())?
    })
}

async fn change(
    args: KeyArgs,
    change: Change,
    (result, words): (&str, &str),
    client: &mut Client<'_>,
) -> Result<Printed, Problem> {
    let user = find(&args.user.user, client).await?;
    let keys = read(user.key.clone(), client).await?;
    let key = named(&keys, &args.key, &user)?;
    let (owner, id) = (user.key.clone(), key.id.clone());
    let operation: AnyOperation = match change {
        Change::Enable => SwitchApiKey { user: owner, key: id, enabled: true }.into(),
        Change::Disable => SwitchApiKey { user: owner, key: id, enabled: false }.into(),
        Change::Delete => DeleteApiKey { user: owner, key: id }.into(),
    };
    let event = client.begin(operation).await?;
    let printed =
        session::printed(&event.subject, (result, &format!("API key {} {words}", key.name)), false)?;
    if !args.user.json {
        return Ok(printed);
    }
    let mut json = json!({ "id": key.id.as_str(), "name": key.name });
    json["result"] = result.into();
    Ok(Printed::json(&json))
}

async fn find(user: &UserTarget, client: &mut Client<'_>) -> Result<std::sync::Arc<UserView>, Problem> {
    let user = user.find(&client.snapshot())?;
    client.reach(&user.key.app).await?;
    Ok(user)
}

async fn read(user: UserKey, client: &mut Client<'_>) -> Result<std::sync::Arc<[ApiKey]>, Problem> {
    let answer = client.ask(ListApiKeys { user }).await?;
    Ok(std::sync::Arc::clone(&answer.outcome.0))
}

fn named<'a>(keys: &'a [ApiKey], name: &str, user: &UserView) -> Result<&'a ApiKey, Problem> {
    keys.iter().find(|key| key.name == name || key.id.as_str() == name).ok_or_else(|| {
        let message = format!("{} has no API key {name}", user.label);
        Problem::new(Code::UnknownKey, message, "`idmux api-key list` lists all of them")
            .among(keys.iter().map(|key| key.name.clone()).collect())
    })
}

fn key_json(key: &ApiKey) -> Value {
    json!({ "id": key.id.as_str(), "name": key.name, "enabled": key.enabled })
}
