//! What a local App offers to whoever looks after it: its mailbox and its clock.

use std::fmt;

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::Provider;
use super::email_action::MailToken;

/// The way to an App's control API. Only a local App has one.
#[derive(Debug, Clone)]
pub struct ControlAccess {
    /// Where the API is: the App's own address, unless that leads through a proxy.
    pub base_url: Url,
    /// What it asks for.
    pub token: SecretString,
}

impl PartialEq for ControlAccess {
    fn eq(&self, other: &Self) -> bool {
        self.base_url == other.base_url && self.token.expose_secret() == other.token.expose_secret()
    }
}

impl Eq for ControlAccess {}

/// What a local App says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its version.
    pub version: String,
    /// How one can log in.
    pub providers: Vec<Provider>,
}

/// The clock of a local App, as it stood when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppClock {
    /// Its time.
    pub now: Timestamp,
    /// How far it is ahead of its machine's.
    pub offset: SignedDuration,
    /// Whether it stands still.
    pub frozen: bool,
}

/// What can be done to that clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockChange {
    /// Move it, forwards or back.
    Advance(SignedDuration),
    /// Set it.
    Set(Timestamp),
    /// Stop it, or let it run.
    Freeze(bool),
    /// Back to its machine's time, running.
    Reset,
}

/// Reads how far to move a clock: `61d`, `+1h 30min`, `-2 days`, `P1D`. A day is 24 hours, a week seven days.
pub fn parse_step(text: &str) -> Result<SignedDuration, StepError> {
    let text = text.trim();
    let span: Span = text.parse().map_err(|_| StepError)?;
    // What has no length without a calendar, a month, is refused here.
    let step = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| StepError)?;
    if step.is_zero() { Err(StepError) } else { Ok(step) }
}

/// The text does not say how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a length of time, such as 61d, 1h 30min or -2d")]
pub struct StepError;

/// What a mail is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailPurpose {
    /// To confirm a registration.
    Confirm,
    /// To set a new password.
    Reset,
}

impl fmt::Display for MailPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Confirm => "confirm",
            Self::Reset => "reset",
        })
    }
}

/// Whether a mail still leads anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// It does.
    Open,
    /// What it is for was done.
    Used,
    /// It is too old.
    Expired,
}

impl fmt::Display for MailState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Used => "used",
            Self::Expired => "expired",
        })
    }
}

/// A mail in the mailbox of a local App. Its link is there to be read by whoever looks after the App, and works once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its number.
    pub id: i64,
    /// When it was sent, by the App's clock.
    pub sent_at: Timestamp,
    /// What for.
    pub purpose: MailPurpose,
    /// To whom. Text from a server.
    pub email: String,
    /// Its subject. Text from a server.
    pub subject: String,
    /// Where it leads.
    pub link: MailLink,
    /// What the link carries.
    pub token: MailToken,
    /// How it went out. Text from a server.
    pub delivery: String,
    /// Whether it still leads anywhere.
    pub state: MailState,
}

/// The link of a mail; text from a server. It goes to a screen that asks for it, and into no log.
#[derive(Clone, PartialEq, Eq)]
pub struct MailLink(String);

impl MailLink {
    /// The link as it was sent.
    pub fn new(link: impl Into<String>) -> Self {
        Self(link.into())
    }

    /// The link, to be seen.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MailLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailLink(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_length_of_time_in_either_direction() {
        for (text, seconds) in [
            ("61d", 61 * 86_400),
            ("+61d", 61 * 86_400),
            (" 1h 30min ", 5400),
            ("-2 days", -2 * 86_400),
            ("P1D", 86_400),
            ("1w", 7 * 86_400),
        ] {
            assert_eq!(parse_step(text), Ok(SignedDuration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "soon", "61", "0s", "1 month", "9999999999999d"] {
            assert_eq!(parse_step(bad), Err(StepError), "{bad}");
        }
    }

    #[test]
    fn neither_token_nor_link_prints() {
        let access =
            ControlAccess { base_url: "http://127.0.0.1:1/".parse().unwrap(), token: "hunter2".into() };
        let link = MailLink::new("http://localhost/?token=hunter2");
        assert!(!format!("{access:?} {link:?}").contains("hunter2"));
    }
}
