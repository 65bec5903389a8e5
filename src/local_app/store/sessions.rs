//! Sessions, what is known of the installations that they come from, and log-ins that are under way in a browser.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::local_app::lifetimes::Lifetimes;

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
