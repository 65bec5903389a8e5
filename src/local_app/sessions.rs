//! Sessions: opened by a login, renewed by a refresh token, ended by logout (section 5).

mod device;
#[cfg(fuzzing)]
pub mod fuzzing;
mod keys;
mod token;

use jiff::Timestamp;

use super::accounts::Admission;
use super::app::App;
use super::failure::Failure;
use super::ids;
use super::lifetimes::{Lifetimes, expiry};
use super::providers::{Provider, VerifiedIdentity};
use super::request::RequestFacts;
use super::store::{LiveSession, NewLogin, OpenedSession, Refusal, Session, UnitError};

use device::DeviceFacts;

pub use device::{Device, NO_DEVICE};
pub use token::{AccessToken, Grant, RefreshToken, TokenKind, TokenSigner, TokenTimes, unproven_user};

/// What a login answers with.
pub struct Login {
    pub user_id: String,
    pub device_id: String,
    pub access_token: String,
    pub refresh_token: String,
}

/// What a link answers with: an access token that goes with the refresh token the client has.
pub struct Link {
    pub user_id: String,
    pub device_id: String,
    pub access_token: String,
}

impl App {
    /// Opens a session for the user whom `identity` leads to.
    pub async fn log_in(
        &self,
        identity: VerifiedIdentity,
        device: Device,
        request: &RequestFacts,
    ) -> Result<Login, Failure> {
        let Admission { identity, new_user_id, turn: _turn } = self.admit(identity, request).await?;
        let now = self.now();
        let lifetimes = self.new_session_lifetimes();
        let (device_id, device) = device.into_id();
        let login = NewLogin {
            identity: identity.proven(),
            new_user_id,
            session_id: ids::oid(),
            device_id,
            device: device.map(DeviceFacts::into_map),
            now,
            expires_at: expiry(now, self.refresh_lifetime(lifetimes, identity.provider)),
            signing_key: self.signer().newest_key()?,
            lifetimes,
            custom_data: self.config().custom_user_data.namespace(),
        };
        let OpenedSession { session, custom_data, provider_id } = self.store().open_session(login).await?;
        let refresh_token = self.signer().refresh_token(&RefreshToken {
            session: &session,
            identity: &identity,
            provider_id: &provider_id,
            times: TokenTimes::until(now, session.expires_at),
        })?;
        let access_token = self.access_token(&session, custom_data.as_ref(), now)?;
        let Session { user_id, device_id, .. } = session;
        Ok(Login { user_id, device_id, access_token, refresh_token })
    }

    /// Adds `identity` to the user of an access token (section 4).
    pub async fn link(&self, grant: Grant, identity: VerifiedIdentity) -> Result<Link, Failure> {
        let now = self.now();
        let custom_data = self.config().custom_user_data.namespace();
        let linked = self.store().link_identity(grant.session_id, identity.proven(), now, custom_data).await;
        let LiveSession { session, custom_data } = linked.map_err(|error| match error {
            UnitError::Refused(Refusal::ProofGone) => Failure::InvalidLinkCredentials,
            other => other.into(),
        })?;
        self.warn_of_links_without_origins();
        let access_token = self.access_token(&session, custom_data.as_ref(), now)?;
        let Session { user_id, device_id, .. } = session;
        Ok(Link { user_id, device_id, access_token })
    }

    /// A new access token for the session of a refresh token, with the custom data of this moment.
    pub async fn refresh(&self, grant: Grant) -> Result<String, Failure> {
        let now = self.now();
        let custom_data = self.config().custom_user_data.namespace();
        let live = self.store().live_session(grant.session_id, now, custom_data).await?;
        self.access_token(&live.session, live.custom_data.as_ref(), now)
    }

    /// Ends the session of a refresh token. Access tokens already issued live on (section 5.6).
    pub async fn log_out(&self, grant: Grant) -> Result<(), Failure> {
        Ok(self.store().end_session(grant.session_id, self.now()).await?)
    }

    /// Judges an access token, and that its user exists.
    ///
    /// That of a session which was logged out, or of a disabled user, counts until it expires (sections 1.2 and 5.6).
    pub async fn access_grant(&self, token: &str) -> Result<Grant, Failure> {
        let grant = self.verify(token, TokenKind::Access).await?;
        let is_there = self.store().has_living_user(grant.user_id.clone(), self.now()).await?;
        if is_there { Ok(grant) } else { Err(Failure::INVALID_SESSION) }
    }

    /// Judges a refresh token. Whether its session is alive is judged where it is used, in one transaction with that.
    pub async fn refresh_grant(&self, token: &str) -> Result<Grant, Failure> {
        self.verify(token, TokenKind::Refresh).await
    }

    /// Judges a token, which another process may have signed with a key that this one has not seen.
    async fn verify(&self, token: &str, kind: TokenKind) -> Result<Grant, Failure> {
        match self.signer().verify(token, kind, self.now()) {
            Err(_) if self.signer().may_be_of_unknown_key(token) => {
                self.look_for_key().await?;
                self.signer().verify(token, kind, self.now())
            }
            outcome => outcome,
        }
    }

    /// Ends all sessions of a user; says how many. Access tokens already issued live on (section 5.6).
    pub async fn revoke_sessions(&self, user_id: String) -> Result<usize, Failure> {
        Ok(self.store().end_sessions_of(user_id).await?)
    }

    fn access_token(
        &self,
        session: &Session,
        user_data: Option<&bson::Document>,
        now: Timestamp,
    ) -> Result<String, Failure> {
        let lifetime = session.lifetimes.unwrap_or(self.lifetimes()).access;
        self.signer().access_token(&AccessToken { session, user_data, times: TokenTimes::new(now, lifetime) })
    }

    /// Anonymous sessions live 50 years at the hosted service; a lifetime that somebody chose holds for them too.
    fn refresh_lifetime(&self, own: Option<Lifetimes>, provider: Provider) -> std::time::Duration {
        let server = self.lifetimes().refresh;
        match own {
            Some(own) => own.refresh,
            None if provider == Provider::AnonUser && server == Lifetimes::default().refresh => {
                Lifetimes::ANONYMOUS_REFRESH
            }
            None => server,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::local_app::{Options, Storage};

    async fn app() -> App {
        App::open("shop-abcde".parse().unwrap(), Options::new("shop-abcde", Storage::Memory)).await.unwrap()
    }

    async fn log_in(app: &App, id: &str) -> Login {
        let identity = VerifiedIdentity::given(Provider::CustomFunction, id.to_owned(), Map::new());
        app.log_in(identity, Device::Absent, &RequestFacts::default()).await.unwrap()
    }

    async fn refresh(app: &App, login: &Login) -> Result<String, Failure> {
        app.refresh(app.refresh_grant(&login.refresh_token).await?).await
    }

    #[tokio::test]
    async fn revoking_ends_the_sessions_of_one_user_and_no_access_token() {
        let app = app().await;
        let (first, second, other) =
            (log_in(&app, "a").await, log_in(&app, "a").await, log_in(&app, "b").await);
        assert_eq!(app.revoke_sessions(first.user_id.clone()).await.unwrap(), 2);
        assert!(matches!(app.revoke_sessions("nobody".to_owned()).await, Err(Failure::UserNotFound)));
        for ended in [&first, &second] {
            let refused = refresh(&app, ended).await.unwrap_err();
            assert_eq!(refused.to_string(), Failure::SESSION_GONE.to_string());
            assert!(app.access_grant(&ended.access_token).await.is_ok());
        }
        assert_eq!(app.revoke_sessions(first.user_id).await.unwrap(), 0);
        assert!(refresh(&app, &other).await.is_ok());
        let again = log_in(&app, "a").await;
        assert!(refresh(&app, &again).await.is_ok());
    }

    #[tokio::test]
    async fn a_disabled_user_is_kept_out_until_it_is_enabled() {
        let app = app().await;
        let login = log_in(&app, "a").await;
        app.set_disabled(login.user_id.clone(), true).await.unwrap();
        let refused = refresh(&app, &login).await.unwrap_err();
        assert_eq!(refused.to_string(), Failure::SESSION_GONE.to_string());
        assert!(app.access_grant(&login.access_token).await.is_ok());
        let identity = VerifiedIdentity::given(Provider::CustomFunction, "a".to_owned(), Map::new());
        assert!(matches!(
            app.log_in(identity, Device::Absent, &RequestFacts::default()).await,
            Err(Failure::UserDisabled)
        ));
        app.set_disabled(login.user_id.clone(), false).await.unwrap();
        assert!(refresh(&app, &login).await.is_ok());
        assert!(matches!(app.set_disabled("nobody".to_owned(), true).await, Err(Failure::UserNotFound)));
    }
}
