//! `idmux users`: who is logged in, and for how long.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::Client;
use super::output::Printed;
use super::problem::Problem;
use super::target::AppTarget;
use crate::account::Provider;
use crate::format::{self, StateName};
use crate::session::{RefreshOutcome, Snapshot, TokenView, UserView};

/// Arguments of `idmux users`.
#[derive(Debug, Args)]
pub struct UsersArgs {
    /// Only the users of this app.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    app: Option<String>,
    /// Print an array for scripts.
    #[arg(long)]
    pub json: bool,
}

/// Lists the users.
///
/// # Errors
/// When the app is not known.
pub fn run(args: UsersArgs, client: &Client<'_>) -> Result<Printed, Problem> {
    let snapshot = client.snapshot();
    let app = args.app.map(|name| AppTarget::named(name).find(&snapshot)).transpose()?;
    let users = snapshot.users.iter().filter(|user| app.as_ref().is_none_or(|app| user.key.app == *app));
    let now = client.now();
    let present = |user: &UserView| snapshot.app(&user.key.app).map_or(now, |app| app.present(now));
    Ok(if args.json {
        Printed::json(&users.map(|user| user_json(&snapshot, user, present(user))).collect())
    } else {
        let rows: Vec<_> = users.map(|user| row(&snapshot, user, present(user))).collect();
        Printed::text(format::table(
            ["", "USER", "APP", "ID", "PROVIDERS", "STATE", "ACCESS", "REFRESH"],
            &rows,
        ))
    })
}

fn row(snapshot: &Snapshot, user: &UserView, now: Timestamp) -> [String; 8] {
    let providers: Vec<_> = user.providers().map(Provider::short_name).collect();
    let left = |token: &Option<TokenView>| match (token, expiry(token)) {
        (None, _) => "-".to_owned(),
        (Some(_), None) => "no end".to_owned(),
        (Some(_), Some(at)) => format::left(at, now),
    };
    [
        if snapshot.is_current(&user.key) { "*".into() } else { String::new() },
        user.label.clone(),
        user.key.app.to_string(),
        user.key.id.to_string(),
        providers.join("+"),
        state(user, now).word.to_owned(),
        left(&user.access),
        left(&user.refresh),
    ]
}

fn user_json(snapshot: &Snapshot, user: &UserView, now: Timestamp) -> Value {
    let providers: Vec<_> = user.providers().map(Provider::wire_name).collect();
    let at = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "app": user.key.app.as_str(),
        "id": user.key.id.as_str(),
        "label": user.label,
        "providers": providers,
        "state": state(user, now).token(),
        "reason": format::cause(&user.state),
        "access_expires": at(expiry(&user.access)),
        "refresh_expires": at(expiry(&user.refresh)),
        "last_refresh": user.last_refresh.as_ref().map(|last| {
            let (outcome, cause) = match &last.outcome {
                RefreshOutcome::Renewed => ("renewed", None),
                RefreshOutcome::Postponed(cause) => ("postponed", Some(cause)),
                RefreshOutcome::Ended => ("ended", None),
            };
            json!({ "at": last.at.to_string(), "outcome": outcome, "cause": cause })
        }),
        "current": snapshot.is_current(&user.key),
    })
}

fn expiry(token: &Option<TokenView>) -> Option<Timestamp> {
    token.as_ref()?.lifetime.map(|life| life.expires)
}

/// Between two commands nothing refreshes a token.
fn state(user: &UserView, now: Timestamp) -> StateName {
    let access = user.access.as_ref().and_then(|token| token.lifetime);
    format::state_at_rest(&user.state, access.as_ref(), now)
}
