//! `local-userpass`: an email address and a password (section 3.3).

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
    let hash = registration.as_ref().map(|registration| registration.password_hash.clone());
    let matches = app.hashing(move || password.matches(hash.as_deref())).await?;
    match registration {
        Some(registration) if matches => Ok(VerifiedIdentity {
            provider: Provider::LocalUserpass,
            id: registration.id.clone(),
            data: data(&registration),
            proof: Proof::Password(registration),
        }),
        _ => Err(Failure::InvalidCredentials),
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
    use super::*;
    use crate::local_app::request::RequestFacts;
    use crate::local_app::sessions::Device;
    use crate::local_app::{Options, Storage};

    /// Hashing takes long, and happens outside of any transaction.
    #[tokio::test]
    async fn a_password_that_was_right_is_worth_nothing_once_its_registration_is_gone() {
        let options = Options::new("shop-abcde", Storage::Memory);
        let app = App::open("shop-abcde".parse().unwrap(), options).await.unwrap();
        let credentials = Map::from_iter(
            [("username", "a@example.com"), ("password", "correct horse")]
                .map(|(key, value)| (key.to_owned(), Value::from(value))),
        );
        let password = || Password::new("correct horse".to_owned());
        app.register("a@example.com".to_owned(), password()).await.unwrap();
        let verify = async || {
            app.verify_identity(Provider::LocalUserpass, &credentials, &RequestFacts::default())
                .await
                .unwrap()
        };
        let (first, late) = (verify().await, verify().await);
        let user = app.log_in(first, Device::Absent, &RequestFacts::default()).await.unwrap();
        app.delete_user(user.user_id).await.unwrap();
        // The email is somebody else's by the time the slow login gets on.
        app.register("a@example.com".to_owned(), password()).await.unwrap();
        let outcome = app.log_in(late, Device::Absent, &RequestFacts::default()).await;
        assert!(matches!(outcome, Err(Failure::InvalidCredentials)));
    }
}
