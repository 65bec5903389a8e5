//! Registrations whose user does not exist yet (section 14.3).
//!
//! One that was confirmed stays among them until its first login, "Pending User Login".

use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::providers::Provider;
use crate::local_app::store::{Registration, Tx};

impl App {
    /// One page of pending registrations in order of id.
    pub async fn pending_registrations(
        &self,
        after: String,
        limit: u32,
    ) -> Result<Vec<Registration>, Failure> {
        Ok(self.store().read(move |tx| tx.pending_registrations(&after, limit)).await?)
    }

    /// Deletes a pending registration. That of a user is not one: the user is deleted instead.
    pub async fn delete_pending(&self, email: String) -> Result<(), Failure> {
        self.store()
            .write(move |tx| {
                let registration = pending(tx, &email)?;
                Ok(tx.delete_registration(&registration.id)?)
            })
            .await
    }
}

fn pending(tx: &Tx<'_>, email: &str) -> Result<Registration, Failure> {
    let registration = tx.registration_by_email(email)?.ok_or(Failure::UserNotFound)?;
    match tx.identity(Provider::LocalUserpass.name(), &registration.id)? {
        Some(_) => Err(Failure::UserNotFound),
        None => Ok(registration),
    }
}
