//! States and events in words, each with its tone and glyph.

use jiff::{SignedDuration, Timestamp};

use super::countdown;
use super::keymap::{Action, Context, Keymap};
use crate::account::{AppAlias, Provider, SessionState};
pub use crate::format::{moment, offset, time_of_day};
use crate::session::{
    AppView, Event, EventKind, Failure, FailureKind, RefreshOutcome, SetAside, Standing, Subject, UserView,
};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Neither good nor bad.
    Plain,
    /// It works.
    Good,
    /// It is on its way.
    Busy,
    /// It needs attention soon.
    Warn,
    /// It needs a person.
    Bad,
}

/// The tone, glyph and word of a session's state, for a narrow column. All three differ between states that differ.
pub fn state(state: &SessionState) -> (Tone, &'static str, &'static str) {
    match state {
        SessionState::Active => (Tone::Good, "●", "active"),
        SessionState::Refreshing => (Tone::Busy, "↻", "renewing"),
        SessionState::RefreshDue { .. } => (Tone::Warn, "◐", "offline"),
        SessionState::AccessExpired { .. } => (Tone::Bad, "○", "expired"),
        SessionState::LogInRequired(_) => (Tone::Bad, "✗", "LOG IN AGAIN"),
        SessionState::LoggedOut => (Tone::Plain, "-", "logged out"),
    }
}

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
pub fn app_state(app: &AppView) -> Option<(Tone, String)> {
    if app.base_url.is_none() {
        return Some((Tone::Busy, no_address(app).into()));
    }
    let clock = app.local.as_ref().and_then(|local| local.clock);
    if clock.is_some_and(|clock| clock.frozen_at.is_some()) {
        return Some((Tone::Warn, "its clock stands still".into()));
    }
    app.skew.map(|ahead| (Tone::Warn, format!("its clock {}", offset(ahead))))
}

/// The tone and glyph of something that happened. Both differ where the standing does.
pub fn standing(standing: Standing) -> (Tone, &'static str) {
    match standing {
        Standing::Plain => (Tone::Plain, "·"),
        Standing::Good => (Tone::Good, "✓"),
        Standing::Warn => (Tone::Warn, "!"),
        Standing::Bad => (Tone::Bad, "✗"),
    }
}

/// The state of a user's session in a sentence.
pub fn state_sentence(user: &UserView, keymap: &Keymap, now: Timestamp) -> String {
    let left = |end: &Timestamp| match countdown::left(*end, now) {
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
        SessionState::Refreshing => "renewing…".to_owned(),
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
pub fn last_refresh_short(user: &UserView, now: Timestamp) -> (Tone, String) {
    let Some(last) = &user.last_refresh else { return (Tone::Plain, "-".to_owned()) };
    let (tone, glyph) = match last.outcome {
        RefreshOutcome::Renewed => (Tone::Good, '✓'),
        RefreshOutcome::Postponed(_) => (Tone::Warn, '!'),
        RefreshOutcome::Ended => (Tone::Bad, '✗'),
    };
    (tone, format!("{glyph} {}", age(last.at, now)))
}

/// The providers of a user in at most `columns` columns: all of them, or the first and how many more.
pub fn providers(user: &UserView, columns: usize) -> String {
    let names: Vec<&str> = match user.identities() {
        [] => vec![user.provider.short_name()],
        identities => identities.iter().map(|identity| identity.provider.short_name()).collect(),
    };
    let all = names.join("+");
    match names.as_slice() {
        [first, rest @ ..] if !rest.is_empty() && crate::text::width(&all) > columns => {
            format!("{first}+{}", rest.len())
        }
        _ => all,
    }
}

/// What a provider is called where there is room.
pub fn provider(provider: &Provider) -> &str {
    provider.short_name()
}

/// An event in words, with its tone.
pub fn event(event: &Event) -> (Tone, String) {
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
pub fn happening(kind: &EventKind) -> (Tone, String) {
    match kind {
        EventKind::Done(done) => {
            let (tone, _) = standing(done.outcome().standing());
            (tone, done.outcome().sentence())
        }
        EventKind::RecordSetAside { why } => (Tone::Bad, format!("a damaged record was set aside: {why}")),
        EventKind::Registered => (Tone::Good, "registered".into()),
        EventKind::BrowserNeeded { .. } => (Tone::Busy, "waits for the browser".into()),
        EventKind::RefreshPostponed { cause, retry_at } => {
            let next = match retry_at {
                Some(at) => format!("next try at {}", time_of_day(*at)),
                None => "nothing tries again by itself".into(),
            };
            (Tone::Warn, format!("renewal put off: {cause}; {next}"))
        }
        EventKind::LogInRequired(reason) => (Tone::Bad, format!("has to log in again: {reason}")),
        EventKind::AnswerDropped { what } => (Tone::Plain, format!("a late answer was dropped: {what}")),
        EventKind::Failed(failure) => (Tone::Bad, failed(failure)),
        EventKind::ChangedElsewhere => (Tone::Plain, "changed by another idmux".into()),
        EventKind::AccessRefused { action } => {
            (Tone::Warn, format!("the access token was refused ({action}); it is renewed once"))
        }
        EventKind::ClockJumped { by } => (Tone::Warn, format!("the clock jumped by {by:#}")),
        EventKind::SkewLearnt { by } => {
            (Tone::Warn, format!("the server's clock differs by {by:#}; lifetimes are corrected"))
        }
    }
}

/// What became of a copy: which of the two ways it went.
pub fn copied(name: &str, terminal: bool, tool: Option<&str>) -> (Tone, String) {
    match (tool, terminal) {
        (Some(tool), _) => (Tone::Good, format!("{name} is copied by {tool}")),
        (None, true) => {
            (Tone::Good, format!("{name} is copied, if the terminal lets programs do that (OSC 52)"))
        }
        (None, false) => (Tone::Warn, format!("{name} is not copied: there is no clipboard in reach")),
    }
}

/// What fits into a header with some room for the rest of the token (protocol document, section 7).
const ADVISED_SIZE: usize = 16 * 1024;
/// From this size on it is said.
const NOTABLE_SIZE: usize = 12 * 1024;

/// How large custom data is, where that matters: its tone, and words for a title.
pub fn data_size(size: usize) -> Option<(Tone, String)> {
    let tone = if size >= ADVISED_SIZE { Tone::Bad } else { Tone::Warn };
    (size >= NOTABLE_SIZE).then(|| (tone, format!("! {} of 16 KB", kilobytes(size))))
}

/// What to think of before custom data of that size is written.
pub fn data_size_warning(size: usize) -> Option<(Tone, String)> {
    let has = kilobytes(size);
    match size {
        ..NOTABLE_SIZE => None,
        NOTABLE_SIZE..ADVISED_SIZE => Some((
            Tone::Warn,
            format!("! It would have {has} KB. At 16 KB a token with it no longer fits everywhere."),
        )),
        ADVISED_SIZE.. => Some((
            Tone::Bad,
            format!(
                "✗ It would have {has} KB, above the advised 16 KB. It travels in every request's header: servers and \
                 proxies may refuse them all, and this server may refuse the document."
            ),
        )),
    }
}

/// Kilobytes with one decimal, rounded down.
fn kilobytes(size: usize) -> String {
    format!("{}.{}", size / 1024, size % 1024 * 10 / 1024)
}

/// How long ago something was: `now`, `5 min`, `3 h`, `61 d`.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs();
    match seconds {
        ..MINUTE => "now".into(),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        DAY.. => format!("{} d", seconds / DAY),
    }
}

/// The first moment after `now` at which [`age`] gives another text.
pub fn next_age_change(at: Timestamp, now: Timestamp) -> Timestamp {
    let seconds = now.duration_since(at).as_secs();
    let step = match seconds {
        ..HOUR => MINUTE,
        HOUR..DAY => HOUR,
        DAY.. => DAY,
    };
    let next = (seconds.max(0) / step + 1) * step;
    at.saturating_add(SignedDuration::from_secs(next)).unwrap_or(Timestamp::MAX)
}

/// A failure in one sentence or two.
pub fn failed(failure: &Failure) -> String {
    let Failure { action, message, hint, .. } = failure;
    let end = if hint.is_empty() || message.ends_with(['.', '!', '?']) { "" } else { "." };
    let gap = if hint.is_empty() { "" } else { " " };
    format!("could not {action}: {message}{end}{gap}{hint}")
}

/// What turns while something in sight is on its way, a step a second.
pub fn spinner(now: Timestamp) -> &'static str {
    const STEPS: [&str; 4] = ["◐", "◓", "◑", "◒"];
    STEPS[now.as_second().rem_euclid(STEPS.len() as i64) as usize]
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

/// `1 user`, `2 users`.
pub fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::EndReason;
    use std::collections::HashSet;

    #[test]
    fn every_state_has_its_own_glyph_and_word() {
        let retry_at = Timestamp::UNIX_EPOCH;
        let states = [
            SessionState::Active,
            SessionState::Refreshing,
            SessionState::RefreshDue { cause: String::new(), retry_at: Some(retry_at) },
            SessionState::AccessExpired { cause: String::new(), retry_at: Some(retry_at) },
            SessionState::LogInRequired(EndReason::SessionRevoked),
            SessionState::LoggedOut,
        ];
        let glyphs: HashSet<_> = states.iter().map(|s| state(s).1).collect();
        let words: HashSet<_> = states.iter().map(|s| state(s).2).collect();
        assert_eq!((glyphs.len(), words.len()), (states.len(), states.len()));
    }

    #[test]
    fn an_age_changes_when_it_says_so() {
        let at = Timestamp::UNIX_EPOCH;
        for (seconds, text) in
            [(0, "now"), (59, "now"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (86_400, "1 d")]
        {
            let now = at + SignedDuration::from_secs(seconds);
            assert_eq!(age(at, now), text);
            let change = next_age_change(at, now);
            assert!(change > now);
            assert_ne!(age(at, change), text);
            assert_eq!(age(at, change - SignedDuration::from_secs(1)), text);
        }
        assert_eq!(age(at, at - SignedDuration::from_secs(5)), "now", "sent by a clock that was ahead");
    }

    #[test]
    fn an_offset_has_a_sign() {
        let offset = |seconds| offset(SignedDuration::from_secs(seconds));
        assert_eq!(
            (offset(0), offset(61 * DAY), offset(-90)),
            ("+0:00".into(), "+61d 0h".into(), "-1:30".into())
        );
    }

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
