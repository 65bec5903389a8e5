//! Where custom user data lives (section 7).

use crate::local_app::store::Namespace;

/// `auth/custom_user_data.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomUserData {
    /// Whether tokens carry a document at all.
    pub enabled: bool,
    /// Name of the MongoDB service.
    pub service: String,
    /// The database.
    pub database: String,
    /// The collection.
    pub collection: String,
    /// The field that holds the user's id.
    pub user_id_field: String,
    /// The function that runs before a new user is stored.
    pub on_user_creation_function: Option<String>,
}

impl CustomUserData {
    /// The collection that it is in, if tokens carry it.
    pub fn namespace(&self) -> Option<Namespace> {
        self.enabled
            .then(|| Namespace { database: self.database.clone(), collection: self.collection.clone() })
    }
}

impl Default for CustomUserData {
    fn default() -> Self {
        Self {
            enabled: true,
            service: "mongodb-atlas".to_owned(),
            database: "app".to_owned(),
            collection: "custom_user_data".to_owned(),
            user_id_field: "user_id".to_owned(),
            on_user_creation_function: None,
        }
    }
}
