//! `idmux clock`: the clock of a local App.

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::client::Client;
use super::output::Printed;
use super::problem::Problem;
use super::target::AppTarget;
use crate::account::{ClockChange, local};
use crate::format;
use crate::session;

/// Arguments of `idmux clock`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ClockArgs {
    #[command(subcommand)]
    command: Option<ClockCommand>,
    #[command(flatten)]
    common: Common,
}

/// What to do with the clock.
#[derive(Debug, Subcommand)]
enum ClockCommand {
    /// Show it.
    Show(Common),
    /// Move it, forwards or back: every lifetime follows.
    Advance {
        /// How far, as in 61d, '1h 30min' or -2d.
        #[arg(value_parser = step, allow_hyphen_values = true)]
        step: SignedDuration,
        #[command(flatten)]
        common: Common,
    },
    /// Set it.
    Set {
        /// The instant, as in 2027-01-01T00:00:00Z.
        #[arg(value_parser = instant)]
        instant: Timestamp,
        #[command(flatten)]
        common: Common,
    },
    /// Stop it.
    Freeze(Common),
    /// Let it run again from where it stands.
    Run(Common),
    /// Back to its machine's time.
    Reset(Common),
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    app: AppTarget,
    /// Print an object for scripts.
    #[arg(long)]
    json: bool,
}

impl ClockArgs {
    fn common(&self) -> &Common {
        match &self.command {
            None => &self.common,
            Some(
                ClockCommand::Show(common)
                | ClockCommand::Advance { common, .. }
                | ClockCommand::Set { common, .. }
                | ClockCommand::Freeze(common)
                | ClockCommand::Run(common)
                | ClockCommand::Reset(common),
            ) => common,
        }
    }

    /// Whether the command prints for scripts.
    pub fn json(&self) -> bool {
        self.common().json
    }

    /// Runs the command.
    ///
    /// # Errors
    /// When idmux does not look after the app, or the app refuses.
    pub async fn run(self, client: &mut Client<'_>) -> Result<Printed, Problem> {
        let app = self.common().app.find(&client.snapshot())?;
        let change = match &self.command {
            None | Some(ClockCommand::Show(_)) => None,
            Some(ClockCommand::Advance { step, .. }) => Some(ClockChange::Advance(*step)),
            Some(ClockCommand::Set { instant, .. }) => Some(ClockChange::Set(*instant)),
            Some(ClockCommand::Freeze(_)) => Some(ClockChange::Freeze(true)),
            Some(ClockCommand::Run(_)) => Some(ClockChange::Freeze(false)),
            Some(ClockCommand::Reset(_)) => Some(ClockChange::Reset),
        };
        client.reach(&app).await?;
        let clock = match change {
            None => client.ask(session::ReadClock { app: app.clone() }).await?.outcome.0,
            Some(change) => client.ask(session::ChangeClock { app: app.clone(), change }).await?.outcome.0,
        };
        let json = json!({
            "app": app.as_str(),
            "now": clock.now.to_string(),
            "offset_seconds": clock.offset.as_secs(),
            "frozen": clock.frozen,
        });
        Ok(Printed::either(self.json(), &json, &format!("{app}: {}", format::clock(&clock))))
    }
}

fn step(text: &str) -> Result<SignedDuration, String> {
    local::parse_step(text).map_err(|error| format!("expected {error}"))
}

fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "expected an instant, as in 2027-01-01T00:00:00Z".into())
}
