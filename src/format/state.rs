//! States by their names.

use jiff::Timestamp;

use crate::account::{Lifetime, SessionState, Severity};

/// How a session's state is written: one name for the screen, the commands and plain mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateName {
    /// How it stands.
    pub severity: Severity,
    /// One column, which tells states apart where colours do not.
    pub glyph: &'static str,
    /// Its name, for a narrow column.
    pub word: &'static str,
}

impl StateName {
    /// The name for scripts: `log-in-again`.
    pub fn token(&self) -> String {
        self.word.to_lowercase().replace(' ', "-")
    }
}

/// The name of a session's state. Severity, glyph and word differ between states that differ.
pub fn state(state: &SessionState) -> StateName {
    let (severity, glyph, word) = match state {
        SessionState::Active => (Severity::Good, "●", "active"),
        SessionState::Refreshing => (Severity::Busy, "↻", "refreshing"),
        SessionState::RefreshDue { .. } => (Severity::Warn, "◐", "offline"),
        SessionState::AccessExpired { .. } => EXPIRED,
        SessionState::LogInRequired(_) => (Severity::Bad, "✗", "LOG IN AGAIN"),
        SessionState::LoggedOut => (Severity::Plain, "-", "logged out"),
    };
    StateName { severity, glyph, word }
}

const EXPIRED: (Severity, &str, &str) = (Severity::Bad, "○", "expired");

/// The name of a state at `now`, where nothing refreshes tokens: an access token may be over without a try to refresh it.
pub fn state_at_rest(session: &SessionState, access: Option<&Lifetime>, now: Timestamp) -> StateName {
    if *session == SessionState::Active && access.is_some_and(|life| life.is_over(now)) {
        let (severity, glyph, word) = EXPIRED;
        return StateName { severity, glyph, word };
    }
    state(session)
}

/// What led to a state, where something did.
pub fn cause(state: &SessionState) -> Option<String> {
    match state {
        SessionState::RefreshDue { cause, .. } | SessionState::AccessExpired { cause, .. } => {
            Some(cause.clone()).filter(|cause| !cause.is_empty())
        }
        SessionState::LogInRequired(reason) => Some(reason.to_string()),
        SessionState::Active | SessionState::Refreshing | SessionState::LoggedOut => None,
    }
}

/// The glyph of something that happened. It differs where the severity does.
pub fn glyph(severity: Severity) -> &'static str {
    match severity {
        Severity::Plain => "·",
        Severity::Good => "✓",
        Severity::Busy => "↻",
        Severity::Warn => "!",
        Severity::Bad => "✗",
    }
}

/// What turns while something in sight is on its way, a step a second.
pub fn spinner(now: Timestamp) -> &'static str {
    const STEPS: [&str; 4] = ["◐", "◓", "◑", "◒"];
    STEPS[now.as_second().rem_euclid(STEPS.len() as i64) as usize]
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
        let glyphs: HashSet<_> = states.iter().map(|s| state(s).glyph).collect();
        let words: HashSet<_> = states.iter().map(|s| state(s).word).collect();
        assert_eq!((glyphs.len(), words.len()), (states.len(), states.len()));
    }

    // The kind: one state by three names, one for each way to ask.
    #[test]
    fn scripts_read_the_names_that_people_read() {
        let life = Lifetime::new(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let ended = SessionState::LogInRequired(EndReason::SessionRevoked);
        assert_eq!(state(&ended).token(), "log-in-again");
        assert_eq!(state(&SessionState::LoggedOut).token(), "logged-out");
        let at_rest = |state: &SessionState| state_at_rest(state, Some(&life), life.expires).token();
        assert_eq!(
            (at_rest(&SessionState::Active), at_rest(&ended)),
            ("expired".into(), "log-in-again".into())
        );
        assert_eq!(state_at_rest(&SessionState::Active, None, life.expires).token(), "active");
    }
}
