//! `idmux users`: who is logged in, and for how long.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::client::Client;
use super::output::Printed;
use super::problem::Problem;
use super::table::table;
use super::target::AppTarget;
use crate::account::{Provider, SessionState};
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
        Printed::text(table(["", "USER", "APP", "ID", "PROVIDERS", "STATE", "ACCESS", "REFRESH"], &rows))
    })
}

fn row(snapshot: &Snapshot, user: &UserView, now: Timestamp) -> [String; 8] {
    let providers: Vec<_> = providers(user).into_iter().map(Provider::short_name).collect();
    let left = |token: &Option<TokenView>| match (token, expiry(token)) {
        (None, _) => "-".to_owned(),
        (Some(_), None) => "no end".to_owned(),
        (Some(_), Some(at)) => left(at.duration_since(now)),
    };
    [
        if snapshot.is_current(&user.key) { "*".into() } else { String::new() },
        user.label.clone(),
        user.key.app.to_string(),
        user.key.id.to_string(),
        providers.join("+"),
        state(user, now).0.replace('-', " "),
        left(&user.access),
        left(&user.refresh),
    ]
}

fn user_json(snapshot: &Snapshot, user: &UserView, now: Timestamp) -> Value {
    let (state, reason) = state(user, now);
    let providers: Vec<_> = providers(user).into_iter().map(Provider::wire_name).collect();
    let at = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "app": user.key.app.as_str(),
        "id": user.key.id.as_str(),
        "label": user.label,
        "providers": providers,
        "state": state,
        "reason": reason,
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

/// The providers in order of addition; before the profile was read, that of the log-in.
fn providers(user: &UserView) -> Vec<&Provider> {
    match user.identities() {
        [] => vec![&user.provider],
        identities => identities.iter().map(|identity| &identity.provider).collect(),
    }
}

fn expiry(token: &Option<TokenView>) -> Option<Timestamp> {
    token.as_ref()?.lifetime.map(|life| life.expires)
}

/// The state by a name that does not change, and what led to it.
fn state(user: &UserView, now: Timestamp) -> (&'static str, Option<String>) {
    match &user.state {
        // Nothing renews a token between two commands, so it may be over without anybody having tried.
        SessionState::Active if expiry(&user.access).is_some_and(|at| at <= now) => ("access-expired", None),
        SessionState::Active => ("active", None),
        SessionState::Refreshing => ("refreshing", None),
        SessionState::RefreshDue { cause, .. } => ("refresh-due", Some(cause.clone())),
        SessionState::AccessExpired { cause, .. } => {
            ("access-expired", Some(cause.clone()).filter(|cause| !cause.is_empty()))
        }
        SessionState::LogInRequired(reason) => ("log-in-required", Some(reason.to_string())),
        SessionState::LoggedOut => ("logged-out", None),
    }
}

/// What is left, in the largest unit that says enough.
fn left(left: SignedDuration) -> String {
    let seconds = left.as_secs();
    match seconds {
        ..=0 => "expired".into(),
        1..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_said_in_a_unit_that_says_enough() {
        for (seconds, text) in [
            (-5, "expired"),
            (0, "expired"),
            (1, "1 s"),
            (119, "119 s"),
            (120, "2 min"),
            (1799, "29 min"),
            (7200, "2 h"),
            (60 * 86_400 - 1, "59 d"),
        ] {
            assert_eq!(left(SignedDuration::from_secs(seconds)), text);
        }
    }
}
