//! Registrations whose user does not exist yet, as the Admin API sees them (sections 1.2 and 14.3).

use super::{Password, userpass};
use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::ids;
use crate::local_app::request::RequestFacts;
use crate::local_app::store::{Registration, RegistrationKey, User};

impl App {
    /// Registrations nobody logged in with so far, confirmed or not, in order of their ids: at most `limit` of those
    /// after the id `after`.
    pub async fn pending_registrations(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Registration>, Failure> {
        Ok(self.store().pending_registrations(after, limit).await?)
    }

    /// Deletes a pending registration, so that the email is free again. That of a user goes with its user only.
    pub async fn delete_registration_by_email(&self, email: String) -> Result<(), Failure> {
        Ok(self.store().delete_pending_registration(RegistrationKey::Email(email)).await?)
    }

    /// The same, by the registration's id.
    pub async fn delete_registration_by_id(&self, id: String) -> Result<(), Failure> {
        Ok(self.store().delete_pending_registration(RegistrationKey::Id(id)).await?)
    }

    /// Registers `email` and makes its user at once, without any confirmation. The user's first day counts as that of its
    /// last login.
    pub async fn create_confirmed_user(
        &self,
        email: String,
        password: Password,
        request: &RequestFacts,
    ) -> Result<User, Failure> {
        userpass(&self.config())?;
        let registration = self.new_registration(&email, &password, request).await?;
        Ok(self.store().register_user(registration, ids::oid()).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Map, Value};

    use super::*;
    use crate::local_app::config::{AppConfig, Confirmation, LocalUserpass, Mail, Offer, Providers};
    use crate::local_app::providers::Provider;
    use crate::local_app::sessions::Device;
    use crate::local_app::{Options, Storage};

    const PASSWORD: &str = "correct horse";

    /// An App that confirms by mail.
    async fn app() -> Arc<App> {
        let mail = Mail { url: "http://localhost/confirm".to_owned(), subject: String::new() };
        let userpass = LocalUserpass { confirmation: Confirmation::Mail(mail), ..LocalUserpass::default() };
        let providers = Providers { local_userpass: Offer::Enabled(userpass), ..Providers::default() };
        let config = AppConfig { providers, ..AppConfig::default() };
        let options = Options { config, ..Options::new("shop-abcde", Storage::Memory) };
        Arc::new(App::open("shop-abcde".parse().unwrap(), options).await.unwrap())
    }

    async fn register(app: &Arc<App>, email: &str) {
        let password = Password::new(PASSWORD.to_owned());
        app.register(email.to_owned(), password, &RequestFacts::default()).await.unwrap();
    }

    async fn log_in(app: &App, email: &str) -> Result<(), Failure> {
        let credentials = [("username", email), ("password", PASSWORD)];
        let payload = Map::from_iter(credentials.map(|(key, value)| (key.to_owned(), Value::from(value))));
        let identity =
            app.verify_identity(Provider::LocalUserpass, &payload, &RequestFacts::default()).await?;
        app.log_in(identity, Device::Absent, &RequestFacts::default()).await.map(drop)
    }

    async fn pending(app: &App) -> Vec<(String, bool)> {
        let all = app.pending_registrations(None, 50).await.unwrap();
        all.into_iter().map(|registration| (registration.email, registration.confirmed)).collect()
    }

    #[tokio::test]
    async fn a_registration_is_pending_until_the_first_login() {
        let app = app().await;
        let email = "a@example.com";
        register(&app, email).await;
        assert_eq!(pending(&app).await, [(email.to_owned(), false)]);
        app.confirm_registration_by_email(email.to_owned()).await.unwrap();
        assert_eq!(pending(&app).await, [(email.to_owned(), true)]);
        let again = app.confirm_registration_by_email(email.to_owned()).await;
        assert!(matches!(again, Err(Failure::AlreadyConfirmed)));
        log_in(&app, email).await.unwrap();
        assert_eq!(pending(&app).await, []);
        // It belongs to its user now.
        let deleted = app.delete_registration_by_email(email.to_owned()).await;
        assert!(matches!(deleted, Err(Failure::BadRequest(_))));
        log_in(&app, email).await.unwrap();
    }

    #[tokio::test]
    async fn pages_of_pending_registrations_follow_each_other() {
        let app = app().await;
        for number in 0..5 {
            register(&app, &format!("{number}@example.com")).await;
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = app.pending_registrations(after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            seen.extend(page.into_iter().map(|registration| registration.id));
        }
        let all = app.pending_registrations(None, 50).await.unwrap();
        assert_eq!(seen, all.iter().map(|registration| registration.id.clone()).collect::<Vec<_>>());
        assert_eq!(seen.len(), 5);
    }

    #[tokio::test]
    async fn a_deleted_registration_frees_its_email_and_spoils_its_token() {
        let app = app().await;
        let email = "a@example.com";
        register(&app, email).await;
        let token = app.send_confirmation_by_email(email.to_owned()).await.unwrap();
        app.delete_registration_by_email(email.to_owned()).await.unwrap();
        assert!(matches!(app.confirm(token).await, Err(Failure::UserpassTokenInvalid)));
        register(&app, email).await;
        let token = app.send_confirmation_by_email(email.to_owned()).await.unwrap();
        app.confirm(token).await.unwrap();
        log_in(&app, email).await.unwrap();
        let nobody = app.delete_registration_by_email("nobody@example.com".to_owned()).await;
        assert!(matches!(nobody, Err(Failure::UserNotFound)));
    }

    #[tokio::test]
    async fn a_user_that_is_created_logs_in_at_once_and_is_never_pending() {
        let app = app().await;
        let email = "a@example.com";
        let facts = RequestFacts::default();
        let create =
            |text: &str| app.create_confirmed_user(email.to_owned(), Password::new(text.to_owned()), &facts);
        assert!(matches!(create("short").await, Err(Failure::PasswordLength)));
        let user = create(PASSWORD).await.unwrap();
        assert_eq!(pending(&app).await, []);
        log_in(&app, email).await.unwrap();
        let profile = app.profile(user.id).await.unwrap();
        assert_eq!(profile.data()["email"], email);
        assert!(matches!(create(PASSWORD).await, Err(Failure::NameInUse)));
    }
}
