//! Sessions, what is known of the installations that they come from, and log-ins that are under way in a browser.

use bson::Document;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Judged, Namespace, ProvenIdentity, Work};
use crate::local_app::lifetimes::Lifetimes;

/// Units of work on sessions.
pub trait SessionStore {
    /// Opens a session for the user whom an identity leads to; a user who is not there comes into being.
    fn open_session(&self, login: NewLogin) -> Judged<'_, OpenedSession>;

    /// Makes an identity one of the user's whose session this is (section 4). One that is so already stays.
    fn link_identity(
        &self,
        session_id: String,
        identity: ProvenIdentity,
        now: Timestamp,
        custom_data: Option<Namespace>,
    ) -> Judged<'_, LiveSession>;

    /// A session that has not ended, with the custom data of its user.
    fn live_session(
        &self,
        id: String,
        now: Timestamp,
        custom_data: Option<Namespace>,
    ) -> Judged<'_, LiveSession>;

    /// Ends a session.
    fn end_session(&self, id: String, now: Timestamp) -> Judged<'_, ()>;

    /// Ends all sessions of a user; says how many.
    fn end_sessions_of(&self, user_id: String) -> Judged<'_, usize>;

    /// The devices of a user, the one seen last first.
    fn devices_of(&self, user_id: String) -> Judged<'_, Vec<KnownDevice>>;

    /// Stores a session of the Admin API, and forgets those that have expired.
    fn open_admin_session(&self, session: AdminSession, now: Timestamp) -> Work<'_, ()>;

    fn admin_session(&self, id: String) -> Work<'_, Option<AdminSession>>;

    fn end_admin_session(&self, id: String) -> Work<'_, ()>;

    /// Remembers a log-in in a browser by the state that the provider will bring back, and forgets those whose time is over.
    fn begin_browser_login(
        &self,
        state: String,
        facts: String,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Work<'_, ()>;

    /// The facts of a log-in and until when they count. It is forgotten: a log-in comes back once.
    fn take_browser_login(&self, state: String) -> Work<'_, Option<(String, Timestamp)>>;
}

/// A log-in that was proved.
#[derive(Clone)]
pub struct NewLogin {
    pub identity: ProvenIdentity,
    /// The id of the user, if the log-in creates one.
    pub new_user_id: String,
    pub session_id: String,
    pub device_id: String,
    /// What is remembered of the device, if there is one.
    pub device: Option<NoteOfDevice>,
    pub now: Timestamp,
    pub expires_at: Timestamp,
    pub signing_key: String,
    pub lifetimes: Option<Lifetimes>,
    /// Where custom user data is.
    pub custom_data: Option<Namespace>,
}

impl NewLogin {
    /// The session that it opens for a user.
    pub fn session_of(&self, user_id: &str) -> Session {
        Session {
            id: self.session_id.clone(),
            user_id: user_id.to_owned(),
            device_id: self.device_id.clone(),
            opened_at: self.now,
            opened_with: Some(OpenedWith {
                provider: self.identity.provider.to_owned(),
                identity_id: self.identity.id.clone(),
            }),
            expires_at: self.expires_at,
            signing_key: self.signing_key.clone(),
            lifetimes: self.lifetimes,
        }
    }
}

/// What a client says of its installation.
pub type NoteOfDevice = Map<String, Value>;

/// A session that was just opened.
pub struct OpenedSession {
    pub session: Session,
    pub custom_data: Option<Document>,
    /// The id of the configuration of the identity's provider.
    pub provider_id: String,
}

/// A session that has not ended.
pub struct LiveSession {
    pub session: Session,
    pub custom_data: Option<Document>,
}

/// One log-in that was not logged out: what a refresh token stands for.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: String,
    pub user_id: String,
    pub device_id: String,
    pub opened_at: Timestamp,
    /// The identity that it was opened with; `None`: that was not remembered.
    pub opened_with: Option<OpenedWith>,
    /// When its refresh token ends.
    pub expires_at: Timestamp,
    /// The id of the key that signed its refresh token.
    pub signing_key: String,
    /// Lifetimes of this session alone; `None`: the server's.
    pub lifetimes: Option<Lifetimes>,
}

/// Names the identity that a session was opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedWith {
    pub provider: String,
    pub identity_id: String,
}

/// Devices of one user that are remembered; the one that was away longest goes first.
pub const DEVICES_OF_A_USER: u32 = 100;

/// An installation that a user logged in from.
#[derive(Debug, Clone)]
pub struct KnownDevice {
    pub id: String,
    /// As the client described it at its last login.
    pub facts: Map<String, Value>,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
}

/// One log-in at the Admin API that was not logged out.
#[derive(Debug, Clone)]
pub struct AdminSession {
    pub id: String,
    /// Whatever was given as name; the secret alone decides.
    pub username: String,
    /// SHA-256 of the secret that it was opened with.
    pub secret_hash: Vec<u8>,
    pub expires_at: Timestamp,
}
