//! One user's session, as the worker holds it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::operation::Attempt;
use crate::account::{
    ApiKey, EndReason, Lead, Lifetime, Profile, Provider, SessionState, Tokens, UserKey, user,
};
use crate::data::ejson;
use crate::session::{LastRefresh, RequestId, SourceView, TokenView, UserView};
use crate::vault::UserRecord;

/// A server's clock is known to within two seconds: a token that lives no longer may be over at the server. Of one that lives
/// a few seconds in all, the last fifth.
const ABOUT_OVER: Lead = Lead { share: 0.2, longest: SignedDuration::from_secs(2) };

/// A user with session and secrets.
#[derive(Debug)]
pub struct UserSession {
    pub key: UserKey,
    /// Changes when the session is replaced or ended. An answer that carries another one is too late.
    pub generation: u64,
    pub provider: Provider,
    pub profile: Option<Profile>,
    /// The user's API keys, once they were read.
    pub api_keys: Option<Arc<[ApiKey]>>,
    /// Custom data at its source, once it was asked for.
    pub source: Option<Arc<SourceView>>,
    pub tokens: Option<Tokens>,
    pub state: SessionState,
    pub last_refresh: Option<LastRefresh>,
    /// Failed renewals in a row.
    pub failures: u32,
    /// When the next renewal is planned.
    pub next_refresh: Option<Timestamp>,
    /// Whether the next renewal has to be one of our own that begins from now on: custom data was written, and a token
    /// that somebody got before does not carry it.
    pub wants_fresh: bool,
    /// A record that another process stored while a renewal of ours was on the wire.
    pub stored_elsewhere: Option<UserRecord>,
    /// Requests that wait for the renewal on the wire.
    pub waiting_requests: Vec<WaitingRequest>,
    /// Operations that wait for a fresh access token.
    pub waiting_operations: Vec<Attempt>,
    /// How far the server's clock is ahead.
    skew: SignedDuration,
    access: Option<TokenView>,
    refresh: Option<TokenView>,
}

/// Somebody who waits for a renewal.
#[derive(Debug, Clone, Copy)]
pub enum WaitingRequest {
    /// For the renewal itself.
    Refresh(RequestId),
    /// For an access token that is valid so long.
    Token(RequestId, Duration),
}

impl WaitingRequest {
    /// The request.
    pub fn id(self) -> RequestId {
        match self {
            Self::Refresh(id) | Self::Token(id, _) => id,
        }
    }
}

impl UserSession {
    /// The session as the vault kept it, or as it was just opened.
    pub fn new(key: UserKey, generation: u64, record: UserRecord, skew: SignedDuration) -> Self {
        let state = match (&record.tokens, record.ended) {
            (Some(_), _) => SessionState::Active,
            (None, Some(reason)) => SessionState::LogInRequired(reason),
            (None, None) => SessionState::LoggedOut,
        };
        let mut session = Self {
            key,
            generation,
            provider: record.provider,
            profile: record.profile,
            api_keys: None,
            source: None,
            tokens: None,
            state,
            last_refresh: None,
            failures: 0,
            next_refresh: None,
            wants_fresh: false,
            stored_elsewhere: None,
            waiting_requests: Vec::new(),
            waiting_operations: Vec::new(),
            skew,
            access: None,
            refresh: None,
        };
        session.set_tokens(record.tokens);
        session
    }

    /// What the vault keeps.
    pub fn record(&self) -> UserRecord {
        UserRecord {
            provider: self.provider.clone(),
            profile: self.profile.clone(),
            tokens: self.tokens.clone(),
            ended: match &self.state {
                SessionState::LogInRequired(reason) => Some(reason.clone()),
                _ => None,
            },
        }
    }

    /// What a screen may show.
    pub fn view(&self) -> Arc<UserView> {
        Arc::new(UserView {
            key: self.key.clone(),
            label: self.label(),
            provider: self.provider.clone(),
            profile: self.profile.clone(),
            state: self.state.clone(),
            access: self.access.clone(),
            refresh: self.refresh.clone(),
            next_refresh: self.next_refresh,
            last_refresh: self.last_refresh.clone(),
            custom_data: self.access.as_ref().and_then(custom_data),
            source: self.source.clone(),
            api_keys: self.api_keys.clone(),
        })
    }

    /// What the user is called.
    pub fn label(&self) -> String {
        user::label(&self.key.id, &self.provider, self.profile.as_ref())
    }

    /// Puts tokens in place of the ones before; `None` wipes them.
    pub fn set_tokens(&mut self, tokens: Option<Tokens>) {
        let skew = self.skew;
        let view = |fingerprint, claims, life: Option<Lifetime>| {
            let lifetime = life.map(|life| life.by_clock_behind(skew));
            TokenView { lifetime, fingerprint, claims }
        };
        let access = |tokens: &Tokens| {
            view(tokens.access.fingerprint(), tokens.access.claims(), tokens.access_lifetime())
        };
        let refresh = |tokens: &Tokens| {
            let refresh = tokens.refresh.as_ref()?;
            Some(view(refresh.fingerprint(), refresh.claims(), tokens.refresh_lifetime()))
        };
        self.access = tokens.as_ref().map(access);
        self.refresh = tokens.as_ref().and_then(refresh);
        self.tokens = tokens;
    }

    /// Corrects the lifetimes for a server whose clock is ahead. An access token that seemed over may turn out good.
    pub fn correct_for(&mut self, skew: SignedDuration, now: Timestamp) {
        self.skew = skew;
        let tokens = self.tokens.take();
        self.set_tokens(tokens);
        if let SessionState::AccessExpired { cause, retry_at } = &self.state
            && self.has_live_access(now)
        {
            self.state = SessionState::RefreshDue { cause: cause.clone(), retry_at: *retry_at };
        }
    }

    /// Ends the session. The tokens are left to whoever tells the server.
    pub fn end(&mut self, state: SessionState) -> Option<Tokens> {
        let tokens = self.tokens.take();
        self.set_tokens(None);
        self.api_keys = None;
        self.source = None;
        self.state = state;
        self.next_refresh = None;
        self.wants_fresh = false;
        self.failures = 0;
        tokens
    }

    /// Whether the access token can be used at `now`. One without an expiry is used until it is refused.
    pub fn has_live_access(&self, now: Timestamp) -> bool {
        self.access.as_ref().is_some_and(|token| token.lifetime.is_none_or(|life| !life.is_over(now)))
    }

    /// When the access token has to be renewed.
    pub fn renewal_time(&self, lead: Lead, jitter: f64) -> Option<Timestamp> {
        self.access.as_ref()?.lifetime.map(|life| life.renewal_time(lead, jitter))
    }

    /// Takes everybody who waits.
    pub fn take_waiting(&mut self) -> (Vec<WaitingRequest>, Vec<Attempt>) {
        (std::mem::take(&mut self.waiting_requests), std::mem::take(&mut self.waiting_operations))
    }

    /// Whether the access token is valid for another `ttl` from `now`, and for more than what nobody can tell of a server's
    /// clock; one without an expiry always is.
    pub fn is_valid_for(&self, ttl: Duration, now: Timestamp) -> bool {
        let ttl = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX);
        let is_long = |life: Lifetime| {
            !life.is_over(now) && life.remaining(now) >= ttl.max(life.renewal_lead(ABOUT_OVER))
        };
        self.access.as_ref().is_some_and(|token| token.lifetime.is_none_or(is_long))
    }

    /// The access token's life.
    pub fn access_lifetime(&self) -> Option<Lifetime> {
        self.access.as_ref()?.lifetime
    }

    /// Why a session that the server refuses to renew has ended: an expiry that is visible in the token says more than
    /// the server's one answer for everything.
    pub fn end_reason(&self, said: EndReason, now: Timestamp) -> EndReason {
        let expired =
            self.refresh.as_ref().and_then(|token| token.lifetime).is_some_and(|life| life.is_over(now));
        if expired { EndReason::RefreshTokenExpired } else { said }
    }
}

/// Custom data as the access token carries it: claim `user_data`, Extended JSON (protocol document, section 7).
fn custom_data(access: &TokenView) -> Option<bson::Document> {
    access.claims.get("user_data")?.as_object().map(ejson::read_document)
}
