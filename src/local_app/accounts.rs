//! Users and their identities: how a proven identity leads to a user, the profile, the end of an account.

mod api_keys;
mod confirmation;
mod creation;
mod foreign_hash;
mod one_time_token;
mod password;
mod pending;
mod registration;
mod reset;
mod verdict;

use super::app::App;
use super::config::{AppConfig, LocalUserpass, Offer};
use super::failure::Failure;
use super::providers::Provider;
use super::store::{Refusal, UnitError, UserRecord};

pub use api_keys::{Keys, NewKey, key_hash};
pub use creation::{Admission, Creations};
pub use foreign_hash::{FirebaseParameters, StoredHash, base64};
pub use one_time_token::OneTimeToken;
pub use password::Password;
pub use registration::check_email;

impl App {
    /// What a user may know about itself (section 6).
    pub async fn profile(&self, user_id: String) -> Result<UserRecord, Failure> {
        self.store().user_record(user_id).await?.ok_or(Failure::INVALID_SESSION)
    }

    /// Deletes the account with its identities, registrations and sessions; its documents stay (section 9).
    pub async fn delete_user(&self, user_id: String) -> Result<(), Failure> {
        self.store().delete_user(user_id).await.map_err(|error| match error {
            UnitError::Refused(Refusal::UserNotFound) => Failure::INVALID_SESSION,
            other => other.into(),
        })
    }
}

/// How the App configures email/password, if one can log in with it.
fn userpass(config: &AppConfig) -> Result<&LocalUserpass, Failure> {
    let name = Provider::LocalUserpass.name();
    match &config.providers.local_userpass {
        Offer::Enabled(userpass) => Ok(userpass),
        Offer::Disabled(_) => Err(Failure::ProviderDisabled(name)),
        Offer::Absent => Err(Failure::ProviderNotFound(name.to_owned())),
    }
}
