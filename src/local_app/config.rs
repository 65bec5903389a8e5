//! The configuration of an App: what the hosted service kept in its `auth/` folder (section 11).
//!
//! Every local App has this one: anonymous and email/password logins, confirmed at once, and custom user data.

/// Where custom user data lives (section 7).
#[derive(Debug, Clone, Copy)]
pub struct CustomUserData {
    /// Name of the MongoDB service.
    pub service: &'static str,
    pub database: &'static str,
    pub collection: &'static str,
    /// The field that holds the user's id.
    pub user_id_field: &'static str,
}

/// Custom user data of a local App.
pub const CUSTOM_USER_DATA: CustomUserData = CustomUserData {
    service: "mongodb-atlas",
    database: "app",
    collection: "custom_user_data",
    user_id_field: "user_id",
};
