//! What a failure says (protocol document, sections 5.3, 5.5 and 10).

use crate::account::EndReason;
use crate::backend::{BackendError, Verdict};

/// What the failure of a refresh says of the session. Only a definite answer in the protocol's own envelope ends it
/// (section 5.3): a page of a proxy with status 401 does not.
pub fn verdict(error: &BackendError) -> Verdict {
    use BackendError as E;
    match error {
        E::Unreachable { .. }
        | E::TimedOut { .. }
        | E::Garbage { .. }
        // The server may be set right.
        | E::Downgrade { .. } => Verdict::TryLater { after: None },
        E::Refused { code: Some(code), .. } if code == "UserDisabled" => {
            Verdict::Ended(EndReason::UserDisabled)
        }
        E::Refused { code: Some(code), .. } if code == "UserNotFound" => Verdict::Ended(EndReason::UserDeleted),
        E::Refused { status: 401, message, .. } if message.contains("password reset") => {
            Verdict::Ended(EndReason::PasswordReset)
        }
        E::Refused { status: 401, .. } => Verdict::Ended(EndReason::SessionRevoked),
        E::Refused { status: 408 | 425 | 429 | 500..=599, retry_after, .. } => {
            Verdict::TryLater { after: *retry_after }
        }
        E::Refused { .. }
        | E::OtherHost { .. }
        | E::NotTheSource { .. }
        | E::NotOffered { .. }
        | E::Browser(_) => Verdict::Refused,
    }
}

/// Whether the server refused the access token itself, so that a refresh may help (section 5.5).
pub fn refuses_access_token(error: &BackendError) -> bool {
    match error {
        BackendError::Refused { status: 401, code, message, .. } => {
            code.as_deref() == Some("InvalidSession")
                || message == "unauthorized"
                || message.starts_with("invalid session")
        }
        _ => false,
    }
}

/// Whether the server refused with this code.
pub fn has_code(error: &BackendError, expected: &str) -> bool {
    matches!(error, BackendError::Refused { code: Some(code), .. } if code == expected)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn refused(status: u16, code: Option<&str>, message: &str) -> BackendError {
        BackendError::Refused {
            status,
            code: code.map(str::to_owned),
            message: message.into(),
            retry_after: (status == 429).then_some(Duration::from_secs(7)),
        }
    }

    #[test]
    fn only_a_definite_answer_ends_a_session() {
        let ended = Verdict::Ended(EndReason::SessionRevoked);
        let later = Verdict::TryLater { after: None };
        let garbage = BackendError::Garbage { host: "h".into(), what: "a page".into() };
        for (error, verdict) in [
            (
                refused(401, Some("InvalidSession"), "invalid session: failed to find refresh token"),
                ended.clone(),
            ),
            (refused(401, None, "signature is invalid"), ended),
            (refused(401, Some("UserDisabled"), "disabled"), Verdict::Ended(EndReason::UserDisabled)),
            (refused(403, Some("Forbidden"), "no"), Verdict::Refused),
            (refused(404, None, "cannot find app"), Verdict::Refused),
            (refused(429, None, "slow down"), Verdict::TryLater { after: Some(Duration::from_secs(7)) }),
            (refused(500, None, "oops"), later.clone()),
            (garbage, later.clone()),
            (BackendError::TimedOut { host: "h".into() }, later),
        ] {
            assert_eq!(super::verdict(&error), verdict, "{error}");
        }
    }

    #[test]
    fn only_a_refused_access_token_asks_for_a_renewal() {
        assert!(refuses_access_token(&refused(401, Some("InvalidSession"), "x")));
        assert!(refuses_access_token(&refused(401, None, "unauthorized")));
        assert!(!refuses_access_token(&refused(401, Some("InvalidPassword"), "invalid username/password")));
        assert!(!refuses_access_token(&refused(403, Some("InvalidSession"), "x")));
    }
}
