//! Registrations whose user does not exist yet, as the Admin API sees them (sections 1.2 and 14.3).

use serde_json::{Map, Value};

use super::{Password, find_or_create, userpass};
use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::providers::{Provider, VerifiedIdentity};
use crate::local_app::store::{Registration, User};

impl App {
    /// Registrations nobody logged in with so far, confirmed or not, in order of their ids: at most `limit` of those
    /// after the id `after`.
    pub async fn pending_registrations(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Registration>, Failure> {
        self.store().read(move |tx| Ok(tx.registrations_without_user(after.as_deref(), limit)?)).await
    }

    /// Deletes a pending registration, so that the email is free again. That of a user goes with its user only.
    pub async fn delete_registration_by_email(&self, email: String) -> Result<(), Failure> {
        self.store()
            .write(move |tx| {
                let registration = tx.registration_by_email(&email)?.ok_or(Failure::UserNotFound)?;
                if tx.identity(Provider::LocalUserpass.name(), &registration.id)?.is_some() {
                    return Err(Failure::BadRequest(
                        "this registration belongs to a user; delete the user instead".to_owned(),
                    ));
                }
                tx.delete_registration(&registration.id)?;
                Ok(())
            })
            .await
    }

    /// Registers `email` and makes its user at once, without any confirmation. The user's first day counts as that of its
    /// last login.
    pub async fn create_confirmed_user(&self, email: String, password: Password) -> Result<User, Failure> {
        userpass(&self.config())?;
        let registration = self.new_registration(&email, &password).await?;
        let now = self.now();
        self.store()
            .write(move |tx| {
                if !tx.insert_registration(&registration)? {
                    return Err(Failure::NameInUse);
                }
                let data = Map::from_iter([("email".to_owned(), Value::from(email))]);
                let identity = VerifiedIdentity::given(Provider::LocalUserpass, registration.id, data);
                find_or_create(tx, &identity, now)
            })
            .await
    }
}
