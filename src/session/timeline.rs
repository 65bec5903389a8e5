//! What a user's timeline says: what happened, and the rule that decided what followed. It answers "why was I logged
//! out?", and holds no secret.

use super::{Event, EventKind, Standing, Subject, TimelineEntry};
use crate::account::UserKey;

/// What is tried when a timeline is read.
pub const READ_TIMELINE: &str = "read the timeline";

impl Event {
    /// The event as its user's timeline keeps it; `None` for what did not happen to a user.
    pub fn timeline_entry(&self) -> Option<(&UserKey, TimelineEntry)> {
        let Subject::User { key, .. } = &self.subject else { return None };
        let (what, rule) = entry(&self.kind)?;
        let entry = TimelineEntry { at: self.at, standing: standing(&self.kind), what, rule: rule.into() };
        Some((key, entry))
    }
}

fn standing(kind: &EventKind) -> Standing {
    match kind {
        EventKind::LoggedIn { .. }
        | EventKind::Linked { .. }
        | EventKind::Refreshed
        | EventKind::ApiKeyCreated(_)
        | EventKind::ApiKeyEnabled { .. }
        | EventKind::CustomDataSet { .. }
        | EventKind::CustomDataUnset { .. }
        | EventKind::CustomDataWritten { .. } => Standing::Good,
        EventKind::RefreshPostponed { .. }
        | EventKind::AccessRefused { .. }
        | EventKind::ClockJumped { .. }
        | EventKind::CustomDataConflict { .. } => Standing::Warn,
        EventKind::LogInRequired(_) | EventKind::Failed(_) => Standing::Bad,
        _ => Standing::Plain,
    }
}

/// What happened and the rule that decided; `None` for what did not happen to the user.
fn entry(kind: &EventKind) -> Option<(String, &'static str)> {
    let (what, rule) = match kind {
        EventKind::LoggedIn { replaced: false } => ("logged in".into(), "a log-in counts when it is stored"),
        EventKind::LoggedIn { replaced: true } => (
            "logged in again".into(),
            "a new log-in replaces the session in place; answers to the former one are dropped",
        ),
        EventKind::Linked { provider } => {
            (format!("linked {provider}"), "the answer's access token replaces the one before")
        }
        EventKind::Refreshed => (
            "access token renewed".into(),
            "a renewed token is stored before it is used; one renewal is on the wire at a time",
        ),
        EventKind::ApiKeyCreated(new) => {
            (format!("API key {} made", new.key.name), "its secret is told once and kept nowhere")
        }
        EventKind::ApiKeyDeleted { name } => {
            (format!("API key {name} deleted"), "nobody logs in with it again")
        }
        EventKind::RefreshPostponed { cause, retry_at: Some(_) } => (
            format!("renewal put off: {cause}"),
            "what a server in trouble says does not end a session; tries back off, up to a minute apart",
        ),
        EventKind::RefreshPostponed { cause, retry_at: None } => (
            format!("renewal refused: {cause}"),
            "a refusal that is not about the session keeps it, and is not tried again by itself",
        ),
        EventKind::LogInRequired(reason) => (
            format!("session ended: {reason}"),
            "only a definite answer of the server that the grant is dead ends a session",
        ),
        EventKind::LoggedOut => ("logged out".into(), "the person asked; tokens are wiped at once"),
        EventKind::AccessRefused { action } => (
            format!("access token refused: {action}"),
            "a refused access token is renewed once, and the request repeated once",
        ),
        EventKind::AnswerDropped { what } => {
            (format!("late answer dropped: {what}"), "an answer counts only for the session that asked")
        }
        EventKind::ClockJumped { by } => (
            format!("this machine's clock jumped by {by:#}, or it slept"),
            "one session asks the server first; the others follow over half a minute",
        ),
        EventKind::ChangedElsewhere => {
            ("changed by another idmux".into(), "what was stored last stands, whoever stored it")
        }
        EventKind::CustomDataSet { path } => {
            (format!("custom data written: {path}"), "the token is renewed afterwards, so that it follows")
        }
        EventKind::CustomDataUnset { path } => {
            (format!("custom data removed: {path}"), "the token is renewed afterwards, so that it follows")
        }
        EventKind::CustomDataWritten { fields } => (
            format!("custom data written: {fields} field{}", if *fields == 1 { "" } else { "s" }),
            "the token is renewed afterwards, so that it follows",
        ),
        EventKind::CustomDataConflict { .. } => (
            "custom data not written: somebody else changed it meanwhile".into(),
            "what a person has not seen is never overwritten",
        ),
        EventKind::Failed(failure) => {
            (format!("could not {}: {}", failure.action, failure.message), "a failed request changes nothing")
        }
        EventKind::ApiKeyEnabled { name } => {
            (format!("API key {name} enabled"), "whoever has it can log in as the user again")
        }
        EventKind::ApiKeyDisabled { name } => (
            format!("API key {name} disabled"),
            "nobody logs in with it until it is enabled; sessions that it opened may end",
        ),
        EventKind::ConfirmationPending
        | EventKind::BrowserNeeded { .. }
        | EventKind::BrowserCameBack
        | EventKind::CustomDataRead(_)
        | EventKind::EmailActionDone(_)
        | EventKind::ApiKeysRead(_)
        | EventKind::AboutRead(_)
        | EventKind::ClockRead(_)
        | EventKind::ClockChanged(_)
        | EventKind::MailsRead(_)
        | EventKind::MailConfirmed { .. }
        | EventKind::MailsCleared
        | EventKind::VaultOpened { .. }
        | EventKind::RecordSetAside { .. }
        | EventKind::AppAdded
        | EventKind::AppChanged
        | EventKind::AppForgotten
        | EventKind::Locked
        | EventKind::Cancelled
        | EventKind::SkewLearnt { .. }
        | EventKind::Token { .. }
        | EventKind::RefreshToken(_)
        | EventKind::Timeline(_)
        | EventKind::Registered
        | EventKind::MadeCurrent
        | EventKind::Removed
        | EventKind::Deleted => return None,
    };
    Some((what, rule))
}
