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

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::app::App;
use super::config::{AppConfig, LocalUserpass, Offer};
use super::failure::Failure;
use super::providers::{Provider, VerifiedIdentity};
use super::store::{Identity, StoreError, Tx, User};

pub use api_keys::{Keys, NewKey, key_hash};
pub use creation::{Admission, Creations};
pub use foreign_hash::{FirebaseParameters, StoredHash, base64};
pub use one_time_token::OneTimeToken;
pub use password::Password;
pub use registration::check_email;

/// The type of users who log in themselves (section 1.2).
const NORMAL: &str = "normal";

/// What a user may know about itself (section 6).
pub struct Profile {
    pub user_id: String,
    pub kind: String,
    pub identities: Vec<ProfileIdentity>,
    /// The data of all identities together.
    pub data: Map<String, Value>,
}

/// An identity with the id of its provider's configuration.
pub struct ProfileIdentity {
    pub identity: Identity,
    pub provider_id: String,
}

impl App {
    pub async fn profile(&self, user_id: String) -> Result<Profile, Failure> {
        self.store()
            .read(move |tx| {
                let user = tx.user(&user_id)?.ok_or(Failure::INVALID_SESSION)?;
                let (identities, data) = identities(tx, &user_id)?;
                Ok(Profile { user_id, kind: user.kind, identities, data })
            })
            .await
    }

    /// Deletes the account with its identities, registrations and sessions; its documents stay (section 9).
    pub async fn delete_user(&self, user_id: String) -> Result<(), Failure> {
        self.store()
            .write(move |tx| {
                for identity in tx.identities_of(&user_id)? {
                    if identity.provider == Provider::LocalUserpass.name() {
                        tx.delete_registration(&identity.id)?;
                    }
                }
                if tx.delete_user(&user_id)? { Ok(()) } else { Err(Failure::INVALID_SESSION) }
            })
            .await
    }
}

/// A user's identities, and their data together.
pub fn identities(
    tx: &Tx<'_>,
    user_id: &str,
) -> Result<(Vec<ProfileIdentity>, Map<String, Value>), StoreError> {
    let mut data = Map::new();
    let mut identities = Vec::new();
    for identity in tx.identities_of(user_id)? {
        data.extend(identity.data.clone());
        let provider_id = tx.provider_id(&identity.provider)?.unwrap_or_default();
        identities.push(ProfileIdentity { identity, provider_id });
    }
    Ok((identities, data))
}

/// The user whom `identity` leads to, created with the id `new_user_id` if this is its first login.
pub fn find_or_create(
    tx: &Tx<'_>,
    identity: &VerifiedIdentity,
    new_user_id: String,
    now: Timestamp,
) -> Result<User, Failure> {
    if let Some(known) = tx.identity(identity.provider.name(), &identity.id)? {
        let user = tx.user(&known.user_id)?.ok_or(Failure::InvalidCredentials)?;
        if user.disabled {
            return Err(Failure::UserDisabled);
        }
        tx.note_login(&user.id, now)?;
        if known.data != identity.data {
            tx.replace_identity_data(identity.provider.name(), &identity.id, &identity.data)?;
        }
        return Ok(user);
    }
    if let Some(owner) = identity.owner() {
        let user = tx.user(owner)?.ok_or(Failure::InvalidCredentials)?;
        if user.disabled {
            return Err(Failure::UserDisabled);
        }
        tx.note_login(&user.id, now)?;
        attach(tx, &user.id, identity)?;
        return Ok(user);
    }
    let user = User {
        id: new_user_id,
        kind: NORMAL.to_owned(),
        disabled: false,
        created_at: now,
        last_login_at: now,
    };
    tx.insert_user(&user)?;
    attach(tx, &user.id, identity)?;
    Ok(user)
}

/// Makes `identity` one of the user's (section 4).
pub fn link(tx: &Tx<'_>, user_id: &str, identity: &VerifiedIdentity) -> Result<(), Failure> {
    let provider = identity.provider;
    match tx.identity(provider.name(), &identity.id)? {
        Some(known) if known.user_id == user_id => Ok(()),
        Some(_) => Err(Failure::IdentityTaken),
        None => {
            let second = provider == Provider::LocalUserpass
                && tx.identities_of(user_id)?.iter().any(|own| own.provider == provider.name());
            if second {
                return Err(Failure::SecondIdentity(provider.name()));
            }
            attach(tx, user_id, identity)
        }
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

pub fn attach(tx: &Tx<'_>, user_id: &str, identity: &VerifiedIdentity) -> Result<(), Failure> {
    tx.insert_identity(&Identity {
        user_id: user_id.to_owned(),
        provider: identity.provider.name().to_owned(),
        id: identity.id.clone(),
        data: identity.data.clone(),
    })?;
    Ok(())
}
