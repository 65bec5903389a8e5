//! Users and the identities that lead to them.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// One account.
#[derive(Debug, Clone)]
pub struct User {
    pub id: String,
    /// `normal`, `server` or `system` (section 1.2).
    pub kind: String,
    /// May neither log in nor refresh.
    pub disabled: bool,
    pub created_at: Timestamp,
    /// 1970 for one that never logged in.
    pub last_login_at: Timestamp,
}

/// Which users, and how many.
#[derive(Debug, Clone, Default)]
pub struct UserQuery {
    /// The last id of the page before.
    pub after: Option<String>,
    pub descending: bool,
    /// Only those that are, or are not, disabled.
    pub disabled: Option<bool>,
    /// Only those with an identity of one of these providers.
    pub providers: Option<Vec<&'static str>>,
    /// Only those whose id, email or name has this in it; the case of ASCII letters does not matter.
    pub search: Option<String>,
    pub limit: u32,
}

/// A link between a user and a provider.
#[derive(Debug, Clone)]
pub struct Identity {
    pub user_id: String,
    pub provider: String,
    /// Unique within the provider.
    pub id: String,
    /// What the provider says about the user.
    pub data: Map<String, Value>,
}
