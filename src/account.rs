//! Plain domain types and rules: no I/O, no async, nobody else's types.

pub mod api_key;
pub mod app;
pub mod browser;
pub mod credentials;
pub mod email_action;
pub mod grant;
pub mod identity;
pub mod lifetime;
pub mod local;
pub mod severity;
pub mod state;
pub mod token;
pub mod user;

pub use api_key::{ApiKey, ApiKeyId, NewApiKey};
pub use app::{
    App, AppAlias, AppTextError, CustomDataSource, check_client_app_id, parse_base_url, part_beside_address,
    without_secret_parts,
};
pub use browser::{BrowserAddress, RedirectUri};
pub use credentials::{Credentials, DeviceId, FunctionPayload, GoogleProof};
pub use email_action::{EmailAction, EmailActionDone, MailToken, ResetArguments};
pub use identity::{Identity, Provider};
pub use lifetime::{Lead, Lifetime, LifetimeSource};
pub use local::{About, AppClock, ClockChange, ControlAccess, Mail, MailLink, MailPurpose, MailState};
pub use severity::Severity;
pub use state::{EndReason, SessionState};
pub use token::{AccessToken, Claims, RefreshToken, Tokens};
pub use user::{Profile, UserId, UserKey};
