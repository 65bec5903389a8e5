//! `local-userpass`: an email address and a password (section 3.3).
//!
//! A login costs one hash, whether or not there is such an account, and says `unauthorized` either way: neither the words
//! nor the time tell a wrong password from an unknown email. (Registering and resets do tell, by the protocol: `name
//! already in use`, `user not found`.) Only the right password learns that a registration is not confirmed.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Payload, Proof, Provider, VerifiedIdentity, required_text};
use crate::local_app::accounts::Password;
use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::store::{Registration, Tx};

/// Checks `username` and `password`. A wrong password and an unknown email cannot be told apart.
pub async fn verify(app: &App, payload: &Payload) -> Result<VerifiedIdentity, Failure> {
    let email = required_text(payload, "username")?.to_owned();
    let password = Password::new(required_text(payload, "password")?.to_owned());
    let registration = app.store().read(move |tx| tx.registration_by_email(&email)).await?;
    let registration = match registration {
        Some(registration) if may_adopt(&registration, app.now()) && password.check_length().is_ok() => {
            adopt(app, registration, password).await?
        }
        registration => check(app, registration, password).await?,
    };
    if !registration.confirmed {
        return Err(Failure::Unconfirmed);
    }
    Ok(VerifiedIdentity {
        provider: Provider::LocalUserpass,
        id: registration.id.clone(),
        data: data(&registration),
        proof: Proof::Password(registration),
    })
}

/// The registration, if this is its password.
async fn check(
    app: &App,
    registration: Option<Registration>,
    password: Password,
) -> Result<Registration, Failure> {
    let hash = registration.as_ref().map(|registration| registration.password_hash.clone());
    let matches = app.is_password(&password, hash).await?;
    registration.filter(|_| matches).ok_or(Failure::InvalidCredentials)
}

/// Whether an import left it to the account's owner to say the password at the next login.
fn may_adopt(registration: &Registration, now: Timestamp) -> bool {
    registration.confirmed
        && registration.password_hash.is_empty()
        && registration.adopt_until.is_some_and(|deadline| now < deadline)
}

/// Makes the password that of the account; of several at the same time, the first. A disabled user stays without.
async fn adopt(app: &App, registration: Registration, password: Password) -> Result<Registration, Failure> {
    let hash = {
        let password = password.clone();
        app.hashing(move || password.hash()).await??
    };
    let now = app.now();
    let (current, is_adopted) = app
        .store()
        .write(move |tx| {
            let Some(mut current) = tx.registration(&registration.id)? else { return Ok((None, false)) };
            if !may_adopt(&current, now) {
                return Ok((Some(current), false));
            }
            if let Some(identity) = tx.identity(Provider::LocalUserpass.name(), &current.id)?
                && tx.user(&identity.user_id)?.is_some_and(|user| user.disabled)
            {
                return Err(Failure::UserDisabled);
            }
            tx.set_password_hash(&current.id, &hash)?;
            current.password_hash = hash;
            current.adopt_until = None;
            Ok((Some(current), true))
        })
        .await?;
    match current {
        Some(registration) if is_adopted => Ok(registration),
        // Somebody else was first; this may be the same password.
        current => check(app, current, password).await,
    }
}

/// Whether the registration was neither deleted nor given another password since.
pub fn still_holds(tx: &Tx<'_>, verified: &Registration) -> Result<bool, Failure> {
    let current = tx.registration_by_email(&verified.email)?;
    Ok(current
        .is_some_and(|current| current.id == verified.id && current.password_hash == verified.password_hash))
}

/// The profile data of an email/password identity.
fn data(registration: &Registration) -> Map<String, Value> {
    Map::from_iter([("email".to_owned(), Value::from(registration.email.as_str()))])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::local_app::request::RequestFacts;
    use crate::local_app::sessions::Device;
    use crate::local_app::{Options, Storage};

    /// Hashing takes long, and happens outside of any transaction.
    #[tokio::test]
    async fn a_password_that_was_right_is_worth_nothing_once_its_registration_is_gone() {
        let options = Options::new("shop-abcde", Storage::Memory);
        let app = Arc::new(App::open("shop-abcde".parse().unwrap(), options).await.unwrap());
        let credentials = Map::from_iter(
            [("username", "a@example.com"), ("password", "correct horse")]
                .map(|(key, value)| (key.to_owned(), Value::from(value))),
        );
        let facts = RequestFacts::default();
        let password = || Password::new("correct horse".to_owned());
        app.register("a@example.com".to_owned(), password(), &facts).await.unwrap();
        let verify = async || {
            app.verify_identity(Provider::LocalUserpass, &credentials, &RequestFacts::default())
                .await
                .unwrap()
        };
        let (first, late) = (verify().await, verify().await);
        let user = app.log_in(first, Device::Absent).await.unwrap();
        app.delete_user(user.user_id).await.unwrap();
        // The email is somebody else's by the time the slow login gets on.
        app.register("a@example.com".to_owned(), password(), &facts).await.unwrap();
        let outcome = app.log_in(late, Device::Absent).await;
        assert!(matches!(outcome, Err(Failure::InvalidCredentials)));
    }
}
