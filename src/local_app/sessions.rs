//! Sessions: opened by a login, renewed by a refresh token, ended by logout (section 5).

mod device;
#[cfg(fuzzing)]
pub mod fuzzing;
mod keys;
mod token;

use jiff::Timestamp;

use super::accounts::{self, Admission};
use super::app::App;
use super::documents::custom_data;
use super::failure::Failure;
use super::housekeeping::is_aged_out;
use super::ids;
use super::lifetimes::{Lifetimes, expiry};
use super::providers::{Provider, VerifiedIdentity};
use super::request::RequestFacts;
use super::store::{OpenedWith, Session, Tx, User};

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
        let config = self.config();
        let expires_at = expiry(now, self.refresh_lifetime(lifetimes, identity.provider));
        let signing_key = self.signer().newest_key()?;
        let (session, user_data, identity, provider_id) = self
            .store()
            .write(move |tx| {
                if !identity.still_holds(tx)? {
                    return Err(Failure::InvalidCredentials);
                }
                let user = accounts::find_or_create(tx, &identity, new_user_id, now)?;
                let (device_id, facts) = device.into_id();
                if let Some(facts) = facts {
                    tx.note_device(&user.id, &device_id, facts.as_map(), now)?;
                }
                let opened_with = OpenedWith {
                    provider: identity.provider.name().to_owned(),
                    identity_id: identity.id.clone(),
                };
                let session = Session {
                    id: ids::oid(),
                    user_id: user.id,
                    device_id,
                    opened_at: now,
                    opened_with: Some(opened_with),
                    expires_at,
                    signing_key,
                    lifetimes,
                };
                tx.insert_session(&session)?;
                let user_data = custom_data::of(tx, &config.custom_user_data, &session.user_id)?;
                let provider_id = tx.provider_id(identity.provider.name())?.unwrap_or_default();
                Ok((session, user_data, identity, provider_id))
            })
            .await?;
        let refresh_token = self.signer().refresh_token(&RefreshToken {
            session: &session,
            identity: &identity,
            provider_id: &provider_id,
            times: TokenTimes::until(now, session.expires_at),
        })?;
        let access_token = self.access_token(&session, user_data.as_ref(), now)?;
        let Session { user_id, device_id, .. } = session;
        Ok(Login { user_id, device_id, access_token, refresh_token })
    }

    /// Adds `identity` to the user of an access token (section 4).
    pub async fn link(&self, grant: Grant, identity: VerifiedIdentity) -> Result<Link, Failure> {
        let now = self.now();
        let config = self.config();
        let (session, user_data) = self
            .store()
            .write(move |tx| {
                if !identity.still_holds(tx)? {
                    return Err(Failure::InvalidLinkCredentials);
                }
                // The answer carries a new access token, which a session that was logged out must not get.
                let session = live_session(tx, &grant, now)?;
                accounts::link(tx, &session.user_id, &identity)?;
                let user_data = custom_data::of(tx, &config.custom_user_data, &session.user_id)?;
                Ok::<_, Failure>((session, user_data))
            })
            .await?;
        self.warn_of_links_without_origins();
        let access_token = self.access_token(&session, user_data.as_ref(), now)?;
        let Session { user_id, device_id, .. } = session;
        Ok(Link { user_id, device_id, access_token })
    }

    /// A new access token for the session of a refresh token, with the custom data of this moment.
    pub async fn refresh(&self, grant: Grant) -> Result<String, Failure> {
        let now = self.now();
        let config = self.config();
        let (session, user_data) = self
            .store()
            .look_up(move |tx| {
                let session = live_session(tx, &grant, now)?;
                let user_data = custom_data::of(tx, &config.custom_user_data, &session.user_id)?;
                Ok::<_, Failure>((session, user_data))
            })
            .await?;
        self.access_token(&session, user_data.as_ref(), now)
    }

    /// Ends the session of a refresh token. Access tokens already issued live on (section 5.6).
    pub async fn log_out(&self, grant: Grant) -> Result<(), Failure> {
        let now = self.now();
        self.store()
            .write(move |tx| {
                live_session(tx, &grant, now)?;
                tx.delete_session(&grant.session_id)?;
                Ok(())
            })
            .await
    }

    /// Judges an access token, and that its user exists.
    ///
    /// That of a session which was logged out, or of a disabled user, counts until it expires (sections 1.2 and 5.6).
    pub async fn access_grant(&self, token: &str) -> Result<Grant, Failure> {
        let grant = self.verify(token, TokenKind::Access).await?;
        let user_id = grant.user_id.clone();
        let now = self.now();
        let is_there =
            self.store().look_up(move |tx| Ok::<_, Failure>(living_user(tx, &user_id, now)?.is_some()));
        if is_there.await? { Ok(grant) } else { Err(Failure::INVALID_SESSION) }
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

    /// Ends all sessions of a user; `None` if there is no such user. Access tokens already issued live on (section 5.6).
    pub async fn revoke_sessions(&self, user_id: String) -> Result<Option<usize>, Failure> {
        self.store()
            .write(move |tx| match tx.user(&user_id)? {
                Some(_) => Ok(Some(tx.delete_sessions_of(&user_id)?)),
                None => Ok(None),
            })
            .await
    }

    /// Keeps a user out, or lets it in again with the sessions that it had; false if there is no such user (section 1.2).
    pub async fn set_disabled(&self, user_id: String, disabled: bool) -> Result<bool, Failure> {
        self.store().write(move |tx| Ok(tx.set_disabled(&user_id, disabled)?)).await
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

/// The session of `grant`, unless it or its user has ended.
pub fn live_session(tx: &Tx<'_>, grant: &Grant, now: Timestamp) -> Result<Session, Failure> {
    match tx.session(&grant.session_id)? {
        Some((session, user)) if !user.disabled && !is_aged_out(tx, &user, now)? => Ok(session),
        _ => Err(Failure::SESSION_GONE),
    }
}

/// The user, unless it is gone, or anonymous and too old.
fn living_user(tx: &Tx<'_>, user_id: &str, now: Timestamp) -> Result<Option<User>, Failure> {
    match tx.user(user_id)? {
        Some(user) if is_aged_out(tx, &user, now)? => Ok(None),
        found => Ok(found),
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
        assert_eq!(app.revoke_sessions(first.user_id.clone()).await.unwrap(), Some(2));
        assert_eq!(app.revoke_sessions("nobody".to_owned()).await.unwrap(), None);
        for ended in [&first, &second] {
            let refused = refresh(&app, ended).await.unwrap_err();
            assert_eq!(refused.to_string(), Failure::SESSION_GONE.to_string());
            assert!(app.access_grant(&ended.access_token).await.is_ok());
        }
        assert_eq!(app.revoke_sessions(first.user_id).await.unwrap(), Some(0));
        assert!(refresh(&app, &other).await.is_ok());
        let again = log_in(&app, "a").await;
        assert!(refresh(&app, &again).await.is_ok());
    }

    #[tokio::test]
    async fn a_disabled_user_is_kept_out_until_it_is_enabled() {
        let app = app().await;
        let login = log_in(&app, "a").await;
        assert!(app.set_disabled(login.user_id.clone(), true).await.unwrap());
        let refused = refresh(&app, &login).await.unwrap_err();
        assert_eq!(refused.to_string(), Failure::SESSION_GONE.to_string());
        assert!(app.access_grant(&login.access_token).await.is_ok());
        let identity = VerifiedIdentity::given(Provider::CustomFunction, "a".to_owned(), Map::new());
        assert!(matches!(
            app.log_in(identity, Device::Absent, &RequestFacts::default()).await,
            Err(Failure::UserDisabled)
        ));
        assert!(app.set_disabled(login.user_id.clone(), false).await.unwrap());
        assert!(refresh(&app, &login).await.is_ok());
        assert!(!app.set_disabled("nobody".to_owned(), true).await.unwrap());
    }
}
