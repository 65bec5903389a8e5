//! Events, Apps and failures in words, each with its severity.

use jiff::Timestamp;

use super::keymap::{Action, Context, Keymap};
pub use crate::account::Severity as Tone;
use crate::account::{AppAlias, Provider, SessionState, Severity};
use crate::format;
pub use crate::format::{
    age, count, data_size, data_size_warning, moment, next_age_change, offset, spinner, state, time_of_day,
};
use crate::session::{
    AppView, Event, EventKind, Failure, FailureKind, RefreshOutcome, SetAside, Subject, UserView,
};

/// Where an App is: its base URL, or its id while that is not known.
pub fn app_place(app: &AppView) -> String {
    match &app.base_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => app.client_app_id.clone(),
    }
}

/// Why an App has no address here: the embedded one starts, any other was never given one.
pub fn no_address(app: &AppView) -> &'static str {
    if app.alias.as_str() == AppAlias::LOCAL { "starting…" } else { "no address known" }
}

/// What is the matter with an App; `None` where nothing is.
pub fn app_state(app: &AppView) -> Option<(Severity, String)> {
    if app.base_url.is_none() {
        return Some((Severity::Busy, no_address(app).into()));
    }
    let clock = app.local.as_ref().and_then(|local| local.clock);
    if clock.is_some_and(|clock| clock.frozen_at.is_some()) {
        return Some((Severity::Warn, "its clock stands still".into()));
    }
    app.skew.map(|ahead| (Severity::Warn, format!("its clock {}", offset(ahead))))
}

/// The state of a user's session in a sentence.
pub fn state_sentence(user: &UserView, keymap: &Keymap, now: Timestamp) -> String {
    let left = |end: &Timestamp| match format::left(*end, now) {
        over if over == "over" => "now".to_owned(),
        left => format!("in {left}"),
    };
    let retry = |at: &Option<Timestamp>| match at {
        Some(at) => format!("next try {}", left(at)),
        None => format!("press {} to try again", keymap.call(Context::Users, Action::Refresh)),
    };
    let log_in = keymap.call(Context::Users, Action::LogIn);
    match &user.state {
        SessionState::Active => match &user.next_refresh {
            Some(at) => format!("active, renews {}", left(at)),
            None => "active".to_owned(),
        },
        SessionState::Refreshing => "refreshing…".to_owned(),
        SessionState::RefreshDue { cause, retry_at } => {
            format!("offline: {cause}; {}", retry(retry_at))
        }
        SessionState::AccessExpired { cause, retry_at } => {
            format!("access token expired: {cause}; {}", retry(retry_at))
        }
        SessionState::LogInRequired(reason) => {
            format!("LOG IN AGAIN: {reason}. Press {log_in} in Users.")
        }
        SessionState::LoggedOut => format!("logged out. Press {log_in} in Users to log in."),
    }
}

/// What a pane of the selected user says where there is none.
pub fn no_user(keymap: &Keymap, is_locked: bool) -> String {
    if is_locked {
        return "The vault is locked.".into();
    }
    let log_in = keymap.call(Context::Users, Action::LogIn);
    format!("No user is selected. Press {log_in} in Users to log one in.")
}

/// When and how the last renewal ended.
pub fn last_refresh(user: &UserView) -> String {
    let Some(last) = &user.last_refresh else { return "not yet".to_owned() };
    let outcome = match &last.outcome {
        RefreshOutcome::Renewed => "renewed".to_owned(),
        RefreshOutcome::Postponed(cause) => format!("put off: {cause}"),
        RefreshOutcome::Ended => "session ended".to_owned(),
    };
    format!("{} {outcome}", time_of_day(last.at))
}

/// How long ago the last renewal ended and how, for a narrow column: `✓ 5 min`.
pub fn last_refresh_short(user: &UserView, now: Timestamp) -> (Severity, String) {
    let Some(last) = &user.last_refresh else { return (Severity::Plain, "-".to_owned()) };
    let severity = last.outcome.severity();
    (severity, format!("{} {}", format::glyph(severity), age(last.at, now)))
}

/// When what is left of one of a user's tokens reads otherwise.
pub fn next_token_change(user: &UserView, now: Timestamp) -> Option<Timestamp> {
    let tokens = [&user.access, &user.refresh].into_iter().flatten();
    tokens.filter_map(|token| format::next_left_change(token.lifetime?.expires, now)).min()
}

/// The providers of a user in at most `columns` columns: all of them, or the first and how many more.
pub fn providers(user: &UserView, columns: usize) -> String {
    let names: Vec<_> = user.providers().map(Provider::short_name).collect();
    let all = names.join("+");
    match names.as_slice() {
        [first, rest @ ..] if !rest.is_empty() && crate::text::width(&all) > columns => {
            format!("{first}+{}", rest.len())
        }
        _ => all,
    }
}

/// An event in words, with its severity.
pub fn event(event: &Event) -> (Severity, String) {
    let (tone, what) = happening(&event.kind);
    let who = match &event.subject {
        Subject::Device => return (tone, what),
        Subject::App { app, who: Some(who) } => format!("{who} at {app}"),
        Subject::App { app, who: None } => app.to_string(),
        Subject::User { label, .. } => label.clone(),
    };
    (tone, format!("{who}: {what}"))
}

/// What happened, without whom it concerns.
pub fn happening(kind: &EventKind) -> (Severity, String) {
    match kind {
        EventKind::Done(done) => (done.outcome().severity(), done.outcome().sentence()),
        EventKind::RecordSetAside { why } => {
            (Severity::Bad, format!("a damaged record was set aside: {why}"))
        }
        EventKind::Registered => (Severity::Good, "registered".into()),
        EventKind::BrowserNeeded { .. } => (Severity::Busy, "waits for the browser".into()),
        EventKind::RefreshPostponed { cause, retry_at } => {
            let next = match retry_at {
                Some(at) => format!("next try at {}", time_of_day(*at)),
                None => "nothing tries again by itself".into(),
            };
            (Severity::Warn, format!("renewal put off: {cause}; {next}"))
        }
        EventKind::LogInRequired(reason) => (Severity::Bad, format!("has to log in again: {reason}")),
        EventKind::AnswerDropped { what } => (Severity::Plain, format!("a late answer was dropped: {what}")),
        EventKind::Failed(failure) => (Severity::Bad, failed(failure)),
        EventKind::ChangedElsewhere => (Severity::Plain, "changed by another idmux".into()),
        EventKind::AccessRefused { action } => {
            (Severity::Warn, format!("the access token was refused ({action}); it is renewed once"))
        }
        EventKind::ClockJumped { by } => (Severity::Warn, format!("the clock jumped by {by:#}")),
        EventKind::SkewLearnt { by } => {
            (Severity::Warn, format!("the server's clock differs by {by:#}; lifetimes are corrected"))
        }
    }
}

/// What became of a copy: which of the two ways it went.
pub fn copied(name: &str, terminal: bool, tool: Option<&str>) -> (Severity, String) {
    match (tool, terminal) {
        (Some(tool), _) => (Severity::Good, format!("{name} is copied by {tool}")),
        (None, true) => {
            (Severity::Good, format!("{name} is copied, if the terminal lets programs do that (OSC 52)"))
        }
        (None, false) => (Severity::Warn, format!("{name} is not copied: there is no clipboard in reach")),
    }
}

/// A failure in one sentence or two.
pub fn failed(failure: &Failure) -> String {
    let Failure { action, message, hint, .. } = failure;
    let end = if hint.is_empty() || message.ends_with(['.', '!', '?']) { "" } else { "." };
    let gap = if hint.is_empty() { "" } else { " " };
    format!("could not {action}: {message}{end}{gap}{hint}")
}

/// What kind of failure it is, in a word or two.
pub fn failure_kind(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Unreachable => "unreachable",
        FailureKind::Credentials => "wrong credentials",
        FailureKind::Refused => "refused",
        FailureKind::ServerTrouble => "server trouble",
        FailureKind::NotLoggedIn => "not logged in",
        FailureKind::Garbage => "not the protocol",
        FailureKind::Address => "another address",
        FailureKind::Vault => "vault",
        FailureKind::Unknown => "unknown here",
        FailureKind::Input => "wrong input",
        FailureKind::TooShort => "token too short-lived",
        FailureKind::TimedOut => "took too long",
    }
}

/// Records that could not be read, in one line.
pub fn set_aside(records: &[SetAside]) -> Option<String> {
    let first = records.first()?;
    let more = match records.len() {
        1 => String::new(),
        len => format!(" (and {} more)", len - 1),
    };
    let records = count(records.len(), "damaged record");
    Some(format!("{records} set aside (`idmux doctor`): {}: {}{more}", first.record, first.why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_happened_and_what_to_do() {
        let mut failure = Failure {
            kind: FailureKind::Unreachable,
            action: "log in",
            message: "no answer from http://127.0.0.1:1".into(),
            hint: "Is the server running?".into(),
        };
        assert_eq!(
            failed(&failure),
            "could not log in: no answer from http://127.0.0.1:1. Is the server running?"
        );
        failure.hint.clear();
        assert_eq!(failed(&failure), "could not log in: no answer from http://127.0.0.1:1");
    }
}
