//! What the Admin API does: who may, and the App's users from the outside (section 14).

mod devices;
mod session;
mod token;
mod users;

pub use session::{AdminGrant, AdminLogin};
pub use token::VerifiedToken;
pub use users::UserRecord;
