//! What the Admin API does: who may, and the App's users from the outside (section 14).

mod providers;
mod session;
mod settings;
mod token;
mod users;

pub use providers::ProviderEntry;
pub use session::{AdminGrant, AdminLogin};
pub use token::VerifiedToken;
