//! Tokens: handed out, and refreshed.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::account::{AccessToken, RefreshToken, Severity, UserKey};
use crate::session::engine::Engine;
use crate::session::engine::user_session::WaitingRequest;
use crate::session::{Failure, FailureKind, Operation, Outcome, RequestId};

/// An access token that is valid for a while, refreshed once if need be.
#[derive(Debug, Clone)]
pub struct Token {
    /// The user.
    pub user: UserKey,
    /// How long it has to be valid.
    pub min_ttl: Duration,
}

impl Token {
    /// What is tried, for messages.
    pub const NAME: &str = "hand out an access token";
}

/// The access token that was asked for.
#[derive(Debug)]
pub struct TokenRead {
    /// The token.
    pub access: AccessToken,
    /// When it expires, by this machine's clock.
    pub expires: Option<Timestamp>,
}

impl Outcome for TokenRead {
    fn sentence(&self) -> String {
        "an access token was handed out".into()
    }

    fn is_answer(&self) -> bool {
        true
    }
}

impl Operation for Token {
    type Outcome = TokenRead;

    fn start(self, engine: &mut Engine, id: RequestId) {
        let Self { user, min_ttl } = self;
        let now = engine.present(&user.app);
        let Some(session) = engine.roster.get_mut(&user) else {
            return engine.fail(Some(id), &user, Failure::unknown(Self::NAME, "the user"));
        };
        let Some(tokens) = &session.tokens else {
            return engine.fail_logged_out(Some(id), &user, Self::NAME);
        };
        if session.is_valid_for(min_ttl, now) {
            let expires = session.access_lifetime().map(|life| life.expires);
            let read = TokenRead { access: tokens.access.clone(), expires };
            let subject = engine.subject(&user);
            return engine.tell(Some(id), subject, read);
        }
        if engine.backend(&user.app).is_none() {
            let failure = engine.no_app(Self::NAME, &user.app);
            return engine.fail(Some(id), &user, failure);
        }
        if let Some(session) = engine.roster.get_mut(&user) {
            session.waiting_requests.push(WaitingRequest::Token(id, min_ttl));
        }
        engine.start_refresh(&user);
    }
}

/// Even a fresh token does not live as long as was asked for, or is over when it arrives.
pub(in crate::session::engine) fn too_short(ttl: Duration, left: SignedDuration) -> Failure {
    let (asked, left) = (SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX), left.as_secs());
    let is_over = left <= 1;
    Failure {
        kind: FailureKind::TooShort,
        action: Token::NAME,
        message: match is_over {
            true => "a fresh access token is over, or about to be, when it arrives".into(),
            false => format!("a fresh access token is valid for {left}s, and {asked:#} were asked for"),
        },
        hint: match is_over {
            true => "check the clock of the server, and how long it lets access tokens live".into(),
            false => "ask for less; the App decides how long its access tokens live".into(),
        },
    }
}

/// Read the refresh token: whoever has it can go on with the session.
#[derive(Debug, Clone)]
pub struct ReadRefreshToken {
    /// The user.
    pub user: UserKey,
}

/// The refresh token that was asked for.
#[derive(Debug)]
pub struct RefreshTokenRead(pub RefreshToken);

impl Outcome for RefreshTokenRead {
    fn sentence(&self) -> String {
        "the refresh token was handed out".into()
    }
}

impl Operation for ReadRefreshToken {
    type Outcome = RefreshTokenRead;

    fn start(self, engine: &mut Engine, id: RequestId) {
        const ACTION: &str = "hand out the refresh token";
        let Self { user } = self;
        let Some(session) = engine.roster.get(&user) else {
            return engine.fail(Some(id), &user, Failure::unknown(ACTION, "the user"));
        };
        match session.tokens.as_ref().map(|tokens| tokens.refresh.clone()) {
            None => engine.fail_logged_out(Some(id), &user, ACTION),
            Some(None) => engine.fail(Some(id), &user, Failure::unknown(ACTION, "a refresh token")),
            Some(Some(refresh)) => {
                let subject = engine.subject(&user);
                engine.tell(Some(id), subject, RefreshTokenRead(refresh));
            }
        }
    }
}

/// Refresh the access token now.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// The user.
    pub user: UserKey,
}

impl Refresh {
    /// What is tried, for messages.
    pub const NAME: &str = "renew the access token";
}

/// The access token was refreshed.
#[derive(Debug)]
pub struct Refreshed;

impl Outcome for Refreshed {
    fn sentence(&self) -> String {
        "access token renewed".into()
    }

    fn severity(&self) -> Severity {
        Severity::Good
    }

    fn timeline(&self) -> Option<(String, &'static str)> {
        let rule = "a renewed token is stored before it is used; one renewal is on the wire at a time";
        Some((self.sentence(), rule))
    }
}

impl Operation for Refresh {
    type Outcome = Refreshed;

    fn start(self, engine: &mut Engine, id: RequestId) {
        let Self { user } = self;
        if engine.backend(&user.app).is_none() {
            let failure = engine.no_app(Self::NAME, &user.app);
            return engine.fail(Some(id), &user, failure);
        }
        match engine.roster.get_mut(&user) {
            None => engine.fail(Some(id), &user, Failure::unknown(Self::NAME, "the user")),
            Some(session) if session.tokens.is_none() => {
                engine.fail_logged_out(Some(id), &user, Self::NAME);
            }
            Some(session) => {
                session.waiting_requests.push(WaitingRequest::Refresh(id));
                engine.start_refresh(&user);
            }
        }
    }
}
