//! API keys: a user's own, and the App's server keys. A key itself is not kept, only what it is recognised by.

use jiff::Timestamp;

/// A key without its secret.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// The id of the identity that it becomes.
    pub id: String,
    /// Whom it logs in: its owner, or the user that was made for a server key.
    pub user_id: String,
    /// Made by the Admin API for a server, not by a user for itself.
    pub is_server: bool,
    pub name: String,
    /// SHA-256 of the key.
    pub key_hash: Vec<u8>,
    pub disabled: bool,
    pub created_at: Timestamp,
}

/// Whose keys.
#[derive(Debug, Clone, Copy)]
pub enum KeyOwner<'a> {
    /// Those that this user made.
    User(&'a str),
    /// The App's server keys.
    Server,
}
