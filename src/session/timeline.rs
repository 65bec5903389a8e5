//! What a user's timeline says: what happened, and the rule that decided what followed. It answers "why was I logged
//! out?", and holds no secret.

use super::{Entered, LoggedOut, Refresh, Refreshed};
use super::{Event, EventKind, FailureKind, LastRefresh, RefreshOutcome, Subject, TimelineEntry};
use crate::account::{Severity, UserKey};

impl LastRefresh {
    /// What an entry of the timeline says of a refresh; `None` where it is about something else, as a new session is.
    pub fn of(entry: &TimelineEntry) -> Option<Self> {
        Some(Self { at: entry.at, outcome: entry.refresh.clone()? })
    }
}

impl EventKind {
    /// Whether the timeline's entry of it decides how the last refresh of the session went: a refresh does, and a new
    /// session, which had none.
    pub fn decides_last_refresh(&self) -> bool {
        self.is::<Entered>() || self.is::<LoggedOut>() || self.refresh_outcome().is_some()
    }

    fn refresh_outcome(&self) -> Option<RefreshOutcome> {
        match self {
            Self::Done(_) => self.is::<Refreshed>().then_some(RefreshOutcome::Renewed),
            Self::RefreshPostponed { cause, .. } => Some(RefreshOutcome::Postponed(cause.clone())),
            Self::LogInRequired(_) => Some(RefreshOutcome::Ended),
            // One that somebody waited for: the failure is the answer.
            Self::Failed(failure) if failure.action == Refresh::NAME => match failure.kind {
                FailureKind::NotLoggedIn | FailureKind::Unknown | FailureKind::Vault | FailureKind::Input => {
                    None
                }
                _ => Some(RefreshOutcome::Postponed(failure.message.clone())),
            },
            _ => None,
        }
    }
}

impl Event {
    /// The event as its user's timeline keeps it; `None` for what did not happen to a user.
    pub fn timeline_entry(&self) -> Option<(&UserKey, TimelineEntry)> {
        let Subject::User { key, .. } = &self.subject else { return None };
        let (what, rule) = entry(&self.kind)?;
        let entry = TimelineEntry {
            at: self.at,
            severity: severity(&self.kind),
            what,
            rule: rule.into(),
            refresh: self.kind.refresh_outcome(),
        };
        Some((key, entry))
    }
}

fn severity(kind: &EventKind) -> Severity {
    match kind {
        EventKind::Done(done) => done.outcome().severity(),
        EventKind::RefreshPostponed { .. }
        | EventKind::AccessRefused { .. }
        | EventKind::ClockJumped { .. } => Severity::Warn,
        EventKind::LogInRequired(_) | EventKind::Failed(_) => Severity::Bad,
        _ => Severity::Plain,
    }
}

/// What happened and the rule that decided; `None` for what did not happen to the user.
fn entry(kind: &EventKind) -> Option<(String, &'static str)> {
    let (what, rule) = match kind {
        EventKind::Done(done) => return done.outcome().timeline(),
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
        EventKind::Failed(failure) => {
            (format!("could not {}: {}", failure.action, failure.message), "a failed request changes nothing")
        }
        EventKind::RecordSetAside { .. }
        | EventKind::Registered
        | EventKind::BrowserNeeded { .. }
        | EventKind::SkewLearnt { .. } => return None,
    };
    Some((what, rule))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{AppAlias, EndReason, UserId};
    use crate::session::Failure;
    use jiff::Timestamp;

    fn event(kind: EventKind) -> Event {
        let key = UserKey { app: AppAlias::new("shop"), id: UserId::new("u") };
        let subject = Subject::User { key, label: "u".into() };
        Event { at: Timestamp::UNIX_EPOCH, request: None, subject, kind }
    }

    // The kind: what is known to the disk, and shown as unknown after a restart.
    #[test]
    fn a_timeline_tells_how_the_last_renewal_went() {
        let failed = |kind, action| {
            EventKind::Failed(Failure { kind, action, message: "no answer".into(), hint: String::new() })
        };
        let put_off = || Some(RefreshOutcome::Postponed("no answer".into()));
        for (kind, outcome) in [
            (Refreshed.into(), Some(RefreshOutcome::Renewed)),
            (EventKind::RefreshPostponed { cause: "no answer".into(), retry_at: None }, put_off()),
            (
                EventKind::RefreshPostponed { cause: "no answer".into(), retry_at: Some(Timestamp::MAX) },
                put_off(),
            ),
            (failed(FailureKind::Unreachable, Refresh::NAME), put_off()),
            (EventKind::LogInRequired(EndReason::RefreshTokenExpired), Some(RefreshOutcome::Ended)),
            (Entered::LoggedIn { replaced: true }.into(), None),
        ] {
            let event = event(kind);
            assert!(event.kind.decides_last_refresh(), "{event:?}");
            let (_, entry) = event.timeline_entry().unwrap();
            assert_eq!(LastRefresh::of(&entry).map(|last| last.outcome), outcome, "{entry:?}");
        }
        for kind in [failed(FailureKind::NotLoggedIn, Refresh::NAME), failed(FailureKind::Refused, "link")] {
            assert!(!kind.decides_last_refresh());
        }
    }
}
