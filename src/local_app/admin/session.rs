//! Sessions of the Admin API (section 14.1).
//!
//! The secret is the control token, whatever the name beside it. The hosted service's Admin API is an App of its own; so
//! is this one as far as tokens go: they name another domain and count at no client API, and the other way round. An
//! admin session ends with the control token that opened it, at the latest.

use sha2::{Digest, Sha256};

use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::ids;
use crate::local_app::lifetimes::{Lifetimes, expiry};
use crate::local_app::providers::{Provider, VerifiedIdentity};
use crate::local_app::sessions::{
    AccessToken, Grant, NO_DEVICE, RefreshToken, TokenKind, TokenSigner, TokenTimes,
};
use crate::local_app::store::{AdminSession, Session};

/// What a login at the Admin API answers with.
pub struct AdminLogin {
    pub access_token: String,
    pub refresh_token: String,
    pub user_id: String,
    pub device_id: &'static str,
}

/// Somebody who is logged in at the Admin API.
#[derive(Clone)]
pub struct AdminGrant {
    pub user_id: String,
    pub domain_id: String,
    pub username: String,
}

impl App {
    /// Opens an admin session for whoever has the control token.
    pub async fn admin_log_in(&self, username: String, secret: &str) -> Result<AdminLogin, Failure> {
        if !self.is_control_token(secret) {
            return Err(Failure::InvalidCredentials);
        }
        let now = self.now();
        let refresh_times = TokenTimes::new(now, Lifetimes::default().refresh);
        let stored = AdminSession {
            id: ids::oid(),
            username,
            secret_hash: self.control_token_hash(),
            expires_at: expiry(now, Lifetimes::default().refresh),
        };
        let session = self.admin_token_session(&stored.id)?;
        self.store().open_admin_session(stored, now).await?;
        let identity =
            VerifiedIdentity::given(Provider::LocalUserpass, session.user_id.clone(), serde_json::Map::new());
        let refresh_token = self.admin_signer().refresh_token(&RefreshToken {
            session: &session,
            identity: &identity,
            provider_id: &self.admin_id("provider"),
            times: refresh_times,
        })?;
        let access_token = self.admin_access_token(&session)?;
        Ok(AdminLogin { access_token, refresh_token, user_id: session.user_id, device_id: NO_DEVICE })
    }

    /// A new access token for the session of a refresh token.
    pub async fn admin_refresh(&self, refresh_token: &str) -> Result<String, Failure> {
        let grant = self.admin_signer().verify(refresh_token, TokenKind::Refresh, self.now())?;
        let session = self.live_admin_session(&grant).await?.ok_or(Failure::SESSION_GONE)?;
        self.admin_access_token(&self.admin_token_session(&session.id)?)
    }

    /// Ends the session of a refresh token, and with it its access tokens.
    pub async fn admin_log_out(&self, refresh_token: &str) -> Result<(), Failure> {
        let grant = self.admin_signer().verify(refresh_token, TokenKind::Refresh, self.now())?;
        let session = self.live_admin_session(&grant).await?.ok_or(Failure::SESSION_GONE)?;
        Ok(self.store().end_admin_session(session.id).await?)
    }

    /// Judges an access token of the Admin API, and that its session is alive.
    pub async fn admin_grant(&self, access_token: &str) -> Result<AdminGrant, Failure> {
        let signer = self.admin_signer();
        let grant = signer.verify(access_token, TokenKind::Access, self.now()).map_err(|failure| {
            // Clients would refresh, and come back with the same token (section 17.1).
            if signer.is_refresh_token(access_token) { Failure::RefreshTokenForAccess } else { failure }
        })?;
        let session = self.live_admin_session(&grant).await?.ok_or(Failure::INVALID_SESSION)?;
        Ok(AdminGrant {
            user_id: grant.user_id,
            domain_id: self.admin_id("domain"),
            username: session.username,
        })
    }

    async fn live_admin_session(&self, grant: &Grant) -> Result<Option<AdminSession>, Failure> {
        let session = self.store().admin_session(grant.session_id.clone()).await?;
        Ok(session.filter(|session| session.secret_hash == self.control_token_hash()))
    }

    fn admin_access_token(&self, session: &Session) -> Result<String, Failure> {
        let times = TokenTimes::new(self.now(), Lifetimes::default().access);
        self.admin_signer().access_token(&AccessToken { session, user_data: None, times })
    }

    /// An admin session as tokens show one. When it ends is in the token's own times.
    fn admin_token_session(&self, id: &str) -> Result<Session, Failure> {
        Ok(Session {
            id: id.to_owned(),
            user_id: self.admin_id("user"),
            device_id: NO_DEVICE.to_owned(),
            opened_at: self.now(),
            expires_at: self.now(),
            signing_key: self.signer().newest_key()?,
            opened_with: None,
            lifetimes: None,
        })
    }

    fn admin_signer(&self) -> TokenSigner {
        self.signer().in_domain(&self.admin_id("domain"))
    }

    /// An id of something that the Admin API has one of: the same at each start, another for each App.
    fn admin_id(&self, what: &str) -> String {
        let digest = Sha256::digest(format!("admin {what} {}", self.facts().domain_id).as_bytes());
        digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
    }
}
