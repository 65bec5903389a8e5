//! Plain domain types and rules: no I/O, no async, nobody else's types.

pub mod app;
pub mod credentials;
pub mod custom_data;
pub mod identity;
pub mod lifetime;
pub mod state;
pub mod token;
pub mod user;

pub use app::{App, AppAlias, CustomDataSource};
pub use credentials::{Credentials, DeviceId, FunctionPayload};
pub use custom_data::FieldPath;
pub use identity::{Identity, Provider};
pub use lifetime::{Lead, Lifetime};
pub use state::{EndReason, SessionState};
pub use token::{AccessToken, Claims, RefreshToken, Tokens};
pub use user::{Profile, UserId, UserKey};
