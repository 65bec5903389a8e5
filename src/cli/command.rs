//! The commands that go through a session worker.

use std::process::ExitCode;

use clap::Subcommand;

use super::client::Client;
use super::output::{self, Printed};
use super::problem::{Code, Problem};
use super::session::{Action, EndArgs, SwitchArgs, UserArgs};
use super::{
    api_keys, apps, browser, clock, doctor, email, login, mail, session, signals, timeline, token, users,
    vault,
};
use crate::app::command_line;
use crate::hidden_input;

/// A command to a session worker of its own.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// `idmux app`, which has a command beside these that needs no worker.
    #[command(skip)]
    App(apps::AppCommand),
    /// Log a user in; it becomes the current user of its app.
    Login(login::LoginArgs),
    /// Add an identity to a user, on the provider's own pages in the browser.
    Link(browser::LinkArgs),
    /// List the users with their sessions.
    Users(users::UsersArgs),
    /// Print an access token of a user.
    Token(token::TokenArgs),
    /// Renew the access token of a user.
    Refresh(UserArgs),
    /// End the session of a user, who stays known on this device. An anonymous user is lost with it.
    Logout(EndArgs),
    /// Make a user the current one of its app.
    Switch(SwitchArgs),
    /// Log a user out and forget it on this device. The account lives on, unless the user is anonymous.
    Remove(EndArgs),
    /// Show what happened to a user, and why.
    Timeline(timeline::TimelineArgs),
    /// Make API keys of a user, list, enable, disable and delete them.
    #[command(subcommand)]
    ApiKey(api_keys::ApiKeyCommand),
    /// Confirm a new account, or have its confirmation sent again.
    #[command(subcommand)]
    Confirm(email::ConfirmCommand),
    /// Set a new password without the old one.
    #[command(subcommand)]
    ResetPassword(email::ResetCommand),
    /// Show, move, stop and reset the clock of a local App.
    Clock(clock::ClockArgs),
    /// Read the mailbox of a local App, and confirm accounts by it.
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Open the vault again.
    Unlock(vault::UnlockArgs),
    /// Say what of the vault is lost or damaged, and let it be forgotten.
    Doctor(doctor::DoctorArgs),
}

impl SessionCommand {
    /// Runs the command to its end, and says how it went.
    pub fn run(self) -> ExitCode {
        if self.json() {
            output::for_scripts();
        }
        if let Self::Doctor(args) = &self
            && let Some(ended) = doctor::without_opening(args)
        {
            return ended;
        }
        let result = command_line::run(async |parts| {
            let ended = signals::end().map_err(|error| {
                Problem::new(Code::Failed, format!("cannot listen to signals: {error}"), "")
            })?;
            tokio::select! {
                result = self.perform(Client::new(parts)) => result,
                problem = ended => {
                    // Somebody may be typing a secret.
                    hidden_input::end();
                    Err(problem)
                }
            }
        });
        match result.unwrap_or_else(|error| Err(error.into())) {
            Ok(()) => output::done(),
            Err(problem) => {
                output::report(&problem);
                problem.exit_code()
            }
        }
    }

    /// Whether results and errors are for scripts.
    fn json(&self) -> bool {
        match self {
            Self::App(command) => command.json(),
            Self::Login(args) => args.json(),
            Self::Link(args) => args.json,
            Self::Users(args) => args.json,
            Self::Token(args) => args.json,
            Self::Refresh(args) => args.json,
            Self::Logout(args) | Self::Remove(args) => args.json(),
            Self::Switch(args) => args.json,
            Self::Timeline(args) => args.json,
            Self::ApiKey(command) => command.json(),
            Self::Confirm(command) => command.json(),
            Self::ResetPassword(command) => command.json(),
            Self::Clock(args) => args.json(),
            Self::Mail(command) => command.json(),
            Self::Unlock(args) => args.json,
            Self::Doctor(args) => args.json,
        }
    }

    async fn perform(self, mut client: Client<'_>) -> Result<(), Problem> {
        let opens_by_itself = matches!(self, Self::Unlock(_) | Self::Doctor(_));
        if !opens_by_itself {
            client.open_vault().await?;
        }
        let printed = self.ask(&mut client).await?;
        // A reader may keep its pipe full for ever; that must not keep an interrupt from being heard.
        let written = tokio::task::spawn_blocking(move || printed.write());
        written.await.unwrap_or_else(|_| Err(Problem::interrupted()))
    }

    async fn ask(self, client: &mut Client<'_>) -> Result<Printed, Problem> {
        match self {
            Self::App(command) => command.run(client).await,
            Self::Login(args) => args.run(client).await,
            Self::Link(args) => args.run(client).await,
            Self::Users(args) => users::run(args, client),
            Self::Token(args) => token::run(args, client).await,
            Self::Refresh(args) => session::run(args, Action::Refresh, client).await,
            Self::Logout(args) => session::end(args, Action::LogOut, client).await,
            Self::Switch(args) => session::run(args.into(), Action::Switch, client).await,
            Self::Remove(args) => session::end(args, Action::Remove, client).await,
            Self::Timeline(args) => timeline::run(args, client).await,
            Self::ApiKey(command) => command.run(client).await,
            Self::Confirm(command) => command.run(client).await,
            Self::ResetPassword(command) => command.run(client).await,
            Self::Clock(args) => args.run(client).await,
            Self::Mail(command) => command.run(client).await,
            Self::Unlock(args) => vault::unlock(args, client).await,
            Self::Doctor(args) => doctor::run(args, client).await,
        }
    }
}
