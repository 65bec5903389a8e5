//! The App's users from the outside (section 14.3).

use serde_json::{Map, Value};

use crate::local_app::accounts::{self, Password, ProfileIdentity};
use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::providers::Provider;
use crate::local_app::request::RequestFacts;
use crate::local_app::store::{StoreError, Tx, User, UserQuery};

/// The longest email that the Admin API takes for an existing user.
const LONGEST_NEW_EMAIL: usize = 128;

/// A user with all that the App knows of it.
pub struct UserRecord {
    pub user: User,
    pub identities: Vec<ProfileIdentity>,
    /// The data of all identities together.
    pub data: Map<String, Value>,
}

impl UserRecord {
    fn of(tx: &Tx<'_>, user: User) -> Result<Self, StoreError> {
        let (identities, data) = accounts::identities(tx, &user.id)?;
        Ok(Self { user, identities, data })
    }
}

impl App {
    /// One page of users in order of id.
    pub async fn users_page(&self, query: UserQuery) -> Result<Vec<UserRecord>, Failure> {
        let page = move |tx: &Tx<'_>| {
            let users = tx.users_page(&query)?.into_iter();
            users.map(|user| UserRecord::of(tx, user)).collect::<Result<_, StoreError>>()
        };
        Ok(self.store().read(page).await?)
    }

    /// How many users there are.
    pub async fn users_count(&self) -> Result<i64, Failure> {
        Ok(self.store().read(|tx| tx.users_count()).await?)
    }

    pub async fn user_record(&self, id: String) -> Result<UserRecord, Failure> {
        self.store()
            .read(move |tx| {
                let user = tx.user(&id)?.ok_or(Failure::UserNotFound)?;
                Ok(UserRecord::of(tx, user)?)
            })
            .await
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
        self.delete_user(id).await.map_err(|failure| match failure {
            Failure::InvalidSession(_) => Failure::UserNotFound,
            other => other,
        })
    }

    /// Lets a user log in and refresh, or not. Its sessions stay: they are of use again once it is enabled.
    pub async fn switch_user(&self, id: String, enabled: bool) -> Result<(), Failure> {
        if self.set_disabled(id, !enabled).await? { Ok(()) } else { Err(Failure::UserNotFound) }
    }

    /// Gives a user's email/password identity another email. Tokens that were mailed to the old one count no longer.
    pub async fn reset_email(&self, id: String, email: String) -> Result<(), Failure> {
        accounts::check_email(&email)?;
        if email.len() > LONGEST_NEW_EMAIL {
            return Err(Failure::InvalidEmail);
        }
        self.store()
            .write(move |tx| {
                tx.user(&id)?.ok_or(Failure::UserNotFound)?;
                let name = Provider::LocalUserpass.name();
                let identities = tx.identities_of(&id)?;
                let Some(mut identity) = identities.into_iter().find(|identity| identity.provider == name)
                else {
                    return Err(Failure::BadRequest("the user has no email/password identity".to_owned()));
                };
                if tx.registration_by_email(&email)?.is_some_and(|other| other.id != identity.id) {
                    return Err(Failure::NameInUse);
                }
                tx.set_registration_email(&identity.id, &email)?;
                tx.delete_userpass_tokens(&identity.id)?;
                identity.data.extend(email_data(&email));
                Ok(tx.replace_identity_data(name, &identity.id, &identity.data)?)
            })
            .await
    }
}

fn email_data(email: &str) -> Map<String, Value> {
    Map::from_iter([("email".to_owned(), Value::from(email))])
}
