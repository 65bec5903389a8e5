//! Sessions: opened by a login, renewed by a refresh token, ended by logout (section 5).

mod device;
mod token;

use jiff::Timestamp;

use super::accounts;
use super::app::App;
use super::documents::custom_data;
use super::failure::Failure;
use super::ids;
use super::lifetimes::Lifetimes;
use super::providers::{Provider, VerifiedIdentity};
use super::store::{OpenedWith, Session, Tx};

pub use device::{Device, NO_DEVICE};
pub use token::{AccessToken, Grant, RefreshToken, TokenKind, TokenSigner, TokenTimes};

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
    pub async fn log_in(&self, identity: VerifiedIdentity, device: Device) -> Result<Login, Failure> {
        let now = self.now();
        let lifetimes = self.new_session_lifetimes();
        let config = self.config();
        let (session, user_data, identity, provider_id) = self
            .store()
            .write(move |tx| {
                if !identity.still_holds(tx)? {
                    return Err(Failure::InvalidCredentials);
                }
                let user = accounts::find_or_create(tx, &identity, now)?;
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
            times: TokenTimes::new(now, self.refresh_lifetime(&session, identity.provider)),
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
                let session = live_session(tx, &grant)?;
                accounts::link(tx, &session.user_id, &identity)?;
                let user_data = custom_data::of(tx, &config.custom_user_data, &session.user_id)?;
                Ok::<_, Failure>((session, user_data))
            })
            .await?;
        let access_token = self.access_token(&session, user_data.as_ref(), now)?;
        let Session { user_id, device_id, .. } = session;
        Ok(Link { user_id, device_id, access_token })
    }

    /// A new access token for the session of a refresh token, with the custom data of this moment.
    pub async fn refresh(&self, grant: Grant) -> Result<String, Failure> {
        let config = self.config();
        let (session, user_data) = self
            .store()
            .read(move |tx| {
                let session = live_session(tx, &grant)?;
                let user_data = custom_data::of(tx, &config.custom_user_data, &session.user_id)?;
                Ok::<_, Failure>((session, user_data))
            })
            .await?;
        self.access_token(&session, user_data.as_ref(), self.now())
    }

    /// Ends the session of a refresh token. Access tokens already issued live on (section 5.6).
    pub async fn log_out(&self, grant: Grant) -> Result<(), Failure> {
        self.store()
            .write(move |tx| {
                live_session(tx, &grant)?;
                tx.delete_session(&grant.session_id)?;
                Ok(())
            })
            .await
    }

    /// Judges an access token, and that its user exists.
    ///
    /// That of a session which was logged out, or of a disabled user, counts until it expires (sections 1.2 and 5.6).
    pub async fn access_grant(&self, token: &str) -> Result<Grant, Failure> {
        let grant = self.signer().verify(token, TokenKind::Access, self.now())?;
        let user_id = grant.user_id.clone();
        let user = self.store().read(move |tx| tx.user(&user_id)).await?;
        if user.is_some() { Ok(grant) } else { Err(Failure::INVALID_SESSION) }
    }

    /// Judges a refresh token. Whether its session is alive is judged where it is used, in one transaction with that.
    pub fn refresh_grant(&self, token: &str) -> Result<Grant, Failure> {
        self.signer().verify(token, TokenKind::Refresh, self.now())
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
    fn refresh_lifetime(&self, session: &Session, provider: Provider) -> std::time::Duration {
        let server = self.lifetimes().refresh;
        match session.lifetimes {
            Some(own) => own.refresh,
            None if provider == Provider::AnonUser && server == Lifetimes::default().refresh => {
                Lifetimes::ANONYMOUS_REFRESH
            }
            None => server,
        }
    }
}

/// The session of `grant`, unless it or its user has ended.
pub fn live_session(tx: &Tx<'_>, grant: &Grant) -> Result<Session, Failure> {
    let session = tx.session(&grant.session_id)?.ok_or(Failure::SESSION_GONE)?;
    let user = tx.user(&session.user_id)?.ok_or(Failure::SESSION_GONE)?;
    if user.disabled { Err(Failure::SESSION_GONE) } else { Ok(session) }
}
