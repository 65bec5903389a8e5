//! The user creation function: it runs before a new user is stored, and can keep that from happening (section 7).

use std::hash::{DefaultHasher, Hash, Hasher};

use bson::{Bson, Document};
use tokio::sync::{Mutex, MutexGuard};

use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::functions::user_object;
use crate::local_app::ids;
use crate::local_app::providers::VerifiedIdentity;
use crate::local_app::request::RequestFacts;
use crate::local_app::store::NORMAL;

/// Identities that come in at once for the first time wait for each other only if they share one of so many places.
const PLACES: usize = 64;

/// First logins with the same identity, one after the other: each user's creation function runs once.
pub struct Creations([Mutex<()>; PLACES]);

impl Default for Creations {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Creations {
    async fn turn(&self, identity: &VerifiedIdentity) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        (identity.provider, &identity.id).hash(&mut hasher);
        let place = hasher.finish() as usize % PLACES;
        self.0[place].lock().await
    }
}

/// A login that may create its user.
pub struct Admission<'a> {
    pub identity: VerifiedIdentity,
    /// The id of the user, if the login creates one.
    pub new_user_id: String,
    /// Held until the user is stored.
    pub turn: Option<MutexGuard<'a, ()>>,
}

impl App {
    /// Lets a login through, for which the App's user creation function runs if it leads to nobody yet.
    ///
    /// If the function fails, so does the login; the hosted service's error is unknown, here it is that of a failing
    /// authentication function. The function runs whether or not the App has custom user data.
    pub async fn admit(
        &self,
        identity: VerifiedIdentity,
        request: &RequestFacts,
    ) -> Result<Admission<'_>, Failure> {
        let new_user_id = ids::oid();
        let config = self.config();
        let Some(function) = &config.custom_user_data.on_user_creation_function else {
            return Ok(Admission { identity, new_user_id, turn: None });
        };
        let turn = self.creations().turn(&identity).await;
        if self.store().leads_to_user(identity.proven()).await? {
            return Ok(Admission { identity, new_user_id, turn: None });
        }
        let identities = [identity.proven().of_user(&new_user_id)];
        let user = user_object(&new_user_id, NORMAL, &identities, Document::new());
        self.run_hook(function, vec![Bson::Document(user)], request)
            .await
            .map_err(|failure| failure.at_login())?;
        Ok(Admission { identity, new_user_id, turn: Some(turn) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::local_app::config::Function;
    use crate::local_app::providers::Provider;
    use crate::local_app::sessions::Device;
    use crate::local_app::store::NewLogin;
    use crate::local_app::{Options, Storage};

    fn ada() -> VerifiedIdentity {
        VerifiedIdentity::given(Provider::CustomFunction, "ada".to_owned(), serde_json::Map::new())
    }

    async fn app_with(function: &str) -> App {
        let mut options = Options::new("shop-abcde", Storage::Memory);
        options.config.custom_user_data.on_user_creation_function = Some("create".to_owned());
        options.config.functions.insert("create".to_owned(), Function::new(function));
        App::open("shop-abcde".parse().unwrap(), options).await.unwrap()
    }

    #[tokio::test]
    async fn a_second_first_login_waits_for_the_first_and_finds_its_user() {
        let app = app_with("exports = () => {}").await;
        let request = RequestFacts::default();
        let first = app.admit(ada(), &request).await.unwrap();
        assert!(first.turn.is_some());
        let second = tokio::time::timeout(Duration::from_millis(50), app.admit(ada(), &request)).await;
        assert!(second.is_err(), "the second waits");
        drop(first);
        // The first gave up: it is the next one's turn to create the user.
        let created = app.log_in(ada(), Device::Absent, &request).await.unwrap();
        let later = app.admit(ada(), &request).await.unwrap();
        assert!(later.turn.is_none());
        assert_eq!(app.log_in(ada(), Device::Absent, &request).await.unwrap().user_id, created.user_id);
    }

    /// Another process that shares the data may be faster.
    #[tokio::test]
    async fn a_user_who_came_into_being_in_the_meantime_is_the_one() {
        let app = app_with("exports = () => {}").await;
        let admission = app.admit(ada(), &RequestFacts::default()).await.unwrap();
        // As another process does it.
        let other = admission.identity.proven();
        let log_in = |identity, new_user_id| NewLogin {
            identity,
            new_user_id,
            session_id: ids::oid(),
            device_id: String::new(),
            device: None,
            now: jiff::Timestamp::UNIX_EPOCH,
            expires_at: jiff::Timestamp::UNIX_EPOCH,
            signing_key: String::new(),
            lifetimes: None,
            custom_data: None,
        };
        let other = app.store().open_session(log_in(other, ids::oid())).await.unwrap();
        let Admission { identity, new_user_id, .. } = admission;
        let found = app.store().open_session(log_in(identity.proven(), new_user_id)).await.unwrap();
        assert_eq!(found.session.user_id, other.session.user_id);
    }
}
