//! The App's users from the outside (section 14.3).

use crate::local_app::accounts::{self, Password};
use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::request::RequestFacts;
use crate::local_app::store::{KnownDevice, UserQuery, UserRecord};

/// The longest email that the Admin API takes for an existing user.
const LONGEST_NEW_EMAIL: usize = 128;

impl App {
    /// One page of users in order of id.
    pub async fn users_page(&self, query: UserQuery) -> Result<Vec<UserRecord>, Failure> {
        Ok(self.store().users(query).await?)
    }

    /// How many users there are.
    pub async fn users_count(&self) -> Result<u64, Failure> {
        Ok(self.store().users_count().await?)
    }

    pub async fn user_record(&self, id: String) -> Result<UserRecord, Failure> {
        self.store().user_record(id).await?.ok_or(Failure::UserNotFound)
    }

    /// The devices of a user, the one seen last first.
    pub async fn devices_of(&self, user_id: String) -> Result<Vec<KnownDevice>, Failure> {
        Ok(self.store().devices_of(user_id).await?)
    }

    /// Registers `email`, confirmed, with its user.
    pub async fn create_user(
        &self,
        email: String,
        password: Password,
        request: &RequestFacts,
    ) -> Result<UserRecord, Failure> {
        let user = self.create_confirmed_user(email, password, request).await?;
        self.user_record(user.id).await
    }

    /// Deletes a user as [`App::delete_user`] does.
    pub async fn remove_user(&self, id: String) -> Result<(), Failure> {
        Ok(self.store().delete_user(id).await?)
    }

    /// Keeps a user out, or lets it in again with the sessions that it had (section 1.2).
    pub async fn set_disabled(&self, id: String, disabled: bool) -> Result<(), Failure> {
        Ok(self.store().set_disabled(id, disabled).await?)
    }

    /// Gives a user's email/password identity another email. Tokens that were mailed to the old one count no longer.
    pub async fn reset_email(&self, id: String, email: String) -> Result<(), Failure> {
        accounts::check_email(&email)?;
        if email.len() > LONGEST_NEW_EMAIL {
            return Err(Failure::InvalidEmail);
        }
        Ok(self.store().change_email(id, email).await?)
    }
}
