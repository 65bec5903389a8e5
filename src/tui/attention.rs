//! Whom a person has to look after: sessions that nothing renews any more, and renewals that fail again and again.
//!
//! Each is told once for each session and cause. What was so before idmux started causes no event, and is not told.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use crate::account::UserKey;
use crate::session::{Deleted, Entered, Event, EventKind, LoggedOut, Refreshed, Removed, Subject};

/// Renewals that fail one after another before a person is told: one lost packet needs nobody.
const FAILURES: u32 = 3;

/// Notifications are at least so far apart; what happens meanwhile is told together.
const APART: SignedDuration = SignedDuration::from_secs(10);

/// Why a person is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Cause {
    LogIn,
    Failing,
}

impl Cause {
    fn words(self) -> &'static str {
        match self {
            Self::LogIn => "has to log in again",
            Self::Failing => "cannot be renewed, try after try",
        }
    }
}

/// What was told, and what waits to be told.
#[derive(Debug, Default)]
pub struct Attention {
    failures: HashMap<UserKey, u32>,
    told: HashSet<(UserKey, Cause)>,
    /// The first that waits, in words, and how many wait with it.
    waiting: Option<(String, usize)>,
    last: Option<Timestamp>,
}

impl Attention {
    /// Takes in what happened.
    pub fn hear(&mut self, event: &Event) {
        let Subject::User { key, label } = &event.subject else { return };
        match &event.kind {
            EventKind::LogInRequired(_) => {
                self.failures.remove(key);
                self.need(key, label, Cause::LogIn);
            }
            EventKind::RefreshPostponed { retry_at, .. } => {
                let failures = self.failures.entry(key.clone()).or_default();
                *failures += 1;
                // Without a next try it is up to the person at once.
                if *failures >= FAILURES || retry_at.is_none() {
                    self.need(key, label, Cause::Failing);
                }
            }
            kind if kind.is::<Refreshed>()
                || kind.is::<Entered>()
                || kind.is::<LoggedOut>()
                || kind.is::<Removed>()
                || kind.is::<Deleted>() =>
            {
                self.failures.remove(key);
                for cause in [Cause::LogIn, Cause::Failing] {
                    self.told.remove(&(key.clone(), cause));
                }
            }
            _ => {}
        }
    }

    fn need(&mut self, key: &UserKey, label: &str, cause: Cause) {
        if !self.told.insert((key.clone(), cause)) {
            return;
        }
        match &mut self.waiting {
            Some((_, count)) => *count += 1,
            None => self.waiting = Some((format!("{label} ({}) {}", key.app, cause.words()), 1)),
        }
    }

    /// When the next notification is due; `None` where there is nothing to tell.
    pub fn due(&self) -> Option<Timestamp> {
        self.waiting.as_ref()?;
        let next = self.last.and_then(|last| last.checked_add(APART).ok());
        Some(next.unwrap_or(Timestamp::MIN))
    }

    /// What a person is to be told now.
    pub fn take(&mut self, now: Timestamp) -> Option<String> {
        if self.due()? > now {
            return None;
        }
        let (first, count) = self.waiting.take()?;
        self.last = Some(now);
        Some(match count {
            1 => first,
            _ => format!("{first}, and {} more need you", count - 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{AppAlias, EndReason, UserId};

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn event(user: &str, kind: EventKind) -> Event {
        let key = UserKey { app: AppAlias::new("local"), id: UserId::new(user) };
        let subject = Subject::User { key, label: format!("{user}@example.com") };
        Event { at: START, request: None, subject, kind }
    }

    fn ended() -> EventKind {
        EventKind::LogInRequired(EndReason::RefreshTokenExpired)
    }

    fn postponed() -> EventKind {
        EventKind::RefreshPostponed { cause: "no answer".into(), retry_at: Some(START) }
    }

    fn after(seconds: i64) -> Timestamp {
        START + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn the_end_of_a_session_is_told_once_until_there_is_a_new_one() {
        let mut attention = Attention::default();
        attention.hear(&event("ada", ended()));
        let said = attention.take(START).unwrap();
        assert_eq!(said, "ada@example.com (local) has to log in again");
        attention.hear(&event("ada", ended()));
        assert_eq!((attention.due(), attention.take(after(60))), (None, None));
        attention.hear(&event("ada", Entered::LoggedIn { replaced: true }.into()));
        attention.hear(&event("ada", ended()));
        assert!(attention.take(after(60)).is_some());
    }

    #[test]
    fn a_failure_is_told_when_it_repeats_and_one_that_only_a_person_ends_at_once() {
        let mut attention = Attention::default();
        for _ in 0..2 {
            attention.hear(&event("ada", postponed()));
        }
        attention.hear(&event("ada", Refreshed.into()));
        for _ in 0..2 {
            attention.hear(&event("ada", postponed()));
        }
        assert_eq!(attention.take(START), None);
        attention.hear(&event("ada", postponed()));
        assert!(attention.take(START).unwrap().contains("cannot be renewed"));
        attention.hear(&event("ada", postponed()));
        assert_eq!(attention.take(after(60)), None);
        let for_good = EventKind::RefreshPostponed { cause: "refused".into(), retry_at: None };
        attention.hear(&event("bob", for_good));
        assert!(attention.take(after(60)).is_some());
    }

    #[test]
    fn many_at_once_are_told_together() {
        let mut attention = Attention::default();
        attention.hear(&event("ada", ended()));
        assert!(attention.take(START).is_some());
        for user in ["bob", "eve", "joe"] {
            attention.hear(&event(user, ended()));
        }
        assert_eq!((attention.take(after(9)), attention.due()), (None, Some(after(10))));
        let said = attention.take(after(10)).unwrap();
        assert_eq!(said, "bob@example.com (local) has to log in again, and 2 more need you");
        assert_eq!(attention.due(), None);
    }
}
