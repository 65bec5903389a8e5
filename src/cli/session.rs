//! What is done to the session of one user: `idmux refresh`, `logout`, `switch` and `remove`.

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::consent::{self, YesArgs};
use super::output::Printed;
use super::problem::Problem;
use super::target::{AppTarget, UserTarget};
use crate::account::UserKey;
use crate::session::{self, AnyOperation, Subject};

/// Arguments of a command that does something to one user.
#[derive(Debug, Args)]
pub struct UserArgs {
    #[command(flatten)]
    pub(super) user: UserTarget,
    /// Print an object for scripts.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of a command that ends the session of a user.
#[derive(Debug, Args)]
pub struct EndArgs {
    #[command(flatten)]
    pub(super) args: UserArgs,
    #[command(flatten)]
    yes: YesArgs,
}

impl EndArgs {
    /// Whether the command prints for scripts.
    pub fn json(&self) -> bool {
        self.args.json
    }
}

/// Arguments of `idmux switch`.
#[derive(Debug, Args)]
pub struct SwitchArgs {
    /// The user: label, e-mail address or id, or the beginning of one of them.
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    who: String,
    #[command(flatten)]
    app: AppTarget,
    /// Print an object for scripts.
    #[arg(long)]
    pub json: bool,
}

impl From<SwitchArgs> for UserArgs {
    fn from(args: SwitchArgs) -> Self {
        Self { user: UserTarget::named(args.who, args.app), json: args.json }
    }
}

/// What is done to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The access token is renewed.
    Refresh,
    /// The session ends; the user stays known.
    LogOut,
    /// The user becomes the current one of its app.
    Switch,
    /// The session ends, and the user is forgotten on this device.
    Remove,
}

impl Action {
    fn operation(self, user: UserKey) -> AnyOperation {
        match self {
            Self::Refresh => session::Refresh { user }.into(),
            Self::LogOut => session::LogOut { user }.into(),
            Self::Switch => session::MakeCurrent { user }.into(),
            Self::Remove => session::Remove { user }.into(),
        }
    }

    fn result(self) -> (&'static str, &'static str) {
        match self {
            Self::Refresh => ("refreshed", "access token renewed"),
            Self::LogOut => ("logged-out", "logged out"),
            Self::Switch => ("switched", "is the current user"),
            Self::Remove => ("removed", "removed from this device"),
        }
    }
}

/// Ends the session of one user; where the user is lost with it, only with consent.
///
/// # Errors
/// When nobody agreed, and as [`run`].
pub async fn end(end: EndArgs, action: Action, client: &mut Client<'_>) -> Result<Printed, Problem> {
    let user = end.args.user.find(&client.snapshot())?;
    if let Some(loss) = consent::lost_users(std::iter::once(&*user)) {
        consent::ask(end.yes, &loss).await?;
    }
    run(end.args, action, client).await
}

/// Does something to one user.
///
/// # Errors
/// When the user is not found, or the worker says that it failed.
pub async fn run(args: UserArgs, action: Action, client: &mut Client<'_>) -> Result<Printed, Problem> {
    let user = args.user.find(&client.snapshot())?;
    match action {
        Action::Refresh => client.reach(&user.key.app).await?,
        Action::LogOut | Action::Remove if user.state.is_logged_in() => {
            client.reach_if_possible(&user.key.app).await;
        }
        Action::LogOut | Action::Remove | Action::Switch => {}
    }
    let event = client.begin(action.operation(user.key.clone())).await?;
    printed(&event.subject, action.result(), args.json)
}

/// What happened to a user: by a name that does not change, and in words.
///
/// # Errors
/// When it concerns nobody, which is a mistake of the engine's.
pub fn printed(subject: &Subject, (result, words): (&str, &str), json: bool) -> Result<Printed, Problem> {
    let Subject::User { key, label } = subject else {
        return Err(Problem::unexpected_answer());
    };
    let object = json!({ "app": key.app.as_str(), "id": key.id.as_str(), "label": label, "result": result });
    Ok(Printed::either(json, &object, &format!("{label} of {}: {words} (id {})", key.app, key.id)))
}
