//! The App itself: its ids, its signing keys, its clock, its files.

use zeroize::Zeroizing;

use jiff::Timestamp;

use crate::local_app::app_id::AppId;

/// What an App is, fixed at its first start.
#[derive(Debug, Clone)]
pub struct AppFacts {
    /// The client app id.
    pub app_id: AppId,
    /// The App's id at the hosted service, of an Admin API path.
    pub internal_id: String,
    /// The project that it belongs to.
    pub group_id: String,
    /// What tokens name it by.
    pub domain_id: String,
}

/// A key that signs tokens of this App.
#[derive(Clone)]
pub struct SigningKey {
    /// Names it towards the administrator; tokens do not say which key signed them.
    pub id: String,
    pub key: Zeroizing<Vec<u8>>,
    pub created_at: Timestamp,
}
