//! A user of an App.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{AppAlias, Identity, Provider};

/// A user's id inside an App: an ObjectId in hex, chosen by the server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(String);

impl UserId {
    /// The id as the server gave it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What names a user everywhere: the App and the id within it. Nothing below the edges of the program knows a
/// "current" user.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserKey {
    /// The App.
    pub app: AppAlias,
    /// The user within the App.
    pub id: UserId,
}

impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.app, self.id)
    }
}

/// What `GET /auth/profile` says of a user (protocol document, section 6).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// `normal`, `server`, …
    pub user_type: String,
    /// Linked identities in order of addition.
    pub identities: Vec<Identity>,
    /// The union of what the identities' providers know: e-mail, name, picture, …
    pub data: Map<String, Value>,
}

impl Profile {
    /// The most telling name for the user: an e-mail address, else a name.
    pub fn name(&self) -> Option<&str> {
        ["email", "name"].iter().find_map(|key| self.data.get(*key)?.as_str()).filter(|name| !name.is_empty())
    }
}

/// What to call a user: the profile's name, else the provider and the end of the id, which is the part that differs
/// between users made in the same minute.
pub fn label(id: &UserId, provider: &Provider, profile: Option<&Profile>) -> String {
    if let Some(name) = profile.and_then(Profile::name) {
        return name.to_owned();
    }
    let id = id.as_str();
    let tail = id.char_indices().rev().nth(5).map_or(id, |(at, _)| &id[at..]);
    format!("{} …{tail}", provider.short_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_called_by_mail_then_name_then_provider_and_id() {
        let id = UserId::new("650000000000000000abcdef");
        let mut profile = Profile::default();
        assert_eq!(label(&id, &Provider::Anonymous, Some(&profile)), "anonymous …abcdef");
        profile.data.insert("name".into(), "Ada".into());
        assert_eq!(label(&id, &Provider::Anonymous, Some(&profile)), "Ada");
        profile.data.insert("email".into(), "ada@example.com".into());
        assert_eq!(label(&id, &Provider::Anonymous, Some(&profile)), "ada@example.com");
    }

    #[test]
    fn a_short_id_is_shown_whole() {
        assert_eq!(label(&UserId::new("é1"), &Provider::Anonymous, None), "anonymous …é1");
    }
}
