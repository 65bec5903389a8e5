//! `idmux token`: an access token for a command substitution.

use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;
use serde_json::json;

use super::client::Client;
use super::output::{self, Printed};
use super::problem::Problem;
use super::target::UserTarget;
use crate::session::{self, TokenRead};

/// Arguments of `idmux token`.
#[derive(Debug, Args)]
pub struct TokenArgs {
    #[command(flatten)]
    user: UserTarget,

    /// How long the token has to be valid, as in 5m or 1h30m; it is renewed once if need be.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = min_ttl)]
    min_ttl: Duration,

    /// Print an object for scripts, with the token in it.
    #[arg(long)]
    pub json: bool,
}

/// Prints an access token, and nothing else.
///
/// # Errors
/// When the user is not found, or there is no such token.
pub async fn run(args: TokenArgs, client: &mut Client<'_>) -> Result<Printed, Problem> {
    let user = args.user.find(&client.snapshot())?;
    client.reach(&user.key.app).await?;
    client.look_at_clock(&user.key.app).await;
    let answer = client.ask(session::Token { user: user.key.clone(), min_ttl: args.min_ttl }).await?;
    let TokenRead { access, expires } = &*answer.outcome;
    if output::is_seen() {
        output::warn("whoever sees this token can act as the user until it expires");
    }
    let printed = Printed::word("access token", access.expose())?;
    Ok(if args.json {
        Printed::json(&json!({
            "app": user.key.app.as_str(),
            "id": user.key.id.as_str(),
            "label": user.label,
            "token": access.expose(),
            "expires": expires.map(|at| at.to_string()),
        }))
    } else {
        printed
    })
}

fn min_ttl(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration =
        text.parse().map_err(|_| "expected a time, as in 5m or 1h30m".to_owned())?;
    Duration::try_from(duration).map_err(|_| "a time that is not negative".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_time() {
        for (text, seconds) in [("5m", 300), ("0s", 0), ("1h30m", 5400), ("PT5S", 5)] {
            assert_eq!(min_ttl(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "5", "soon", "-5m"] {
            assert!(min_ttl(bad).is_err(), "{bad}");
        }
    }
}
