//! `local-userpass`: an email address and a password (section 3.3).
//!
//! A login costs one hash, whether or not there is such an account, and says `unauthorized` either way: neither the words
//! nor the time tell a wrong password from an unknown email. (Registering and resets do tell, by the protocol: `name
//! already in use`, `user not found`.) Only the right password learns that a registration is not confirmed.

use super::{Payload, Proof, Provider, VerifiedIdentity, required_text};
use crate::local_app::accounts::Password;
use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::request::RequestFacts;
use crate::local_app::store::{PasswordChange, Registration, RegistrationKey};

/// Checks `username` and `password`. A wrong password and an unknown email cannot be told apart.
pub async fn verify(
    app: &App,
    payload: &Payload,
    request: &RequestFacts,
) -> Result<VerifiedIdentity, Failure> {
    let email = required_text(payload, "username")?.to_owned();
    let password = Password::new(required_text(payload, "password")?.to_owned());
    let registration = app.store().registration(RegistrationKey::Email(email)).await?;
    let registration = match registration {
        Some(registration)
            if registration.may_adopt_password(app.now()) && password.check_length().is_ok() =>
        {
            adopt(app, registration, password.clone(), request).await?
        }
        registration => check(app, registration, password.clone(), request).await?,
    };
    if !registration.confirmed {
        return Err(Failure::Unconfirmed);
    }
    let registration = upgraded(app, registration, password, request).await?;
    Ok(VerifiedIdentity {
        provider: Provider::LocalUserpass,
        id: registration.id.clone(),
        data: registration.profile_data(),
        proof: Proof::Password(registration),
    })
}

/// The registration, if this is its password.
async fn check(
    app: &App,
    registration: Option<Registration>,
    password: Password,
    request: &RequestFacts,
) -> Result<Registration, Failure> {
    let hash = registration.as_ref().map(|registration| registration.password_hash.clone());
    let matches = app.is_password(&password, hash, request).await?;
    registration.filter(|_| matches).ok_or(Failure::InvalidCredentials)
}

/// The registration with a hash of our own in place of one that was imported; a second hash, once.
async fn upgraded(
    app: &App,
    registration: Registration,
    password: Password,
    request: &RequestFacts,
) -> Result<Registration, Failure> {
    if !Password::is_foreign(&registration.password_hash) {
        return Ok(registration);
    }
    let hash = {
        let password = password.clone();
        app.hashing(request, move |_| password.hash()).await??
    };
    match app.store().upgrade_password(registration, hash).await? {
        PasswordChange::Done(registration) => Ok(registration),
        // Another log-in of this moment was first, or the password is another by now.
        PasswordChange::Overtaken(current) => check(app, current, password, request).await,
    }
}

/// Makes the password that of the account; of several at the same time, the first. A disabled user stays without.
async fn adopt(
    app: &App,
    registration: Registration,
    password: Password,
    request: &RequestFacts,
) -> Result<Registration, Failure> {
    let hash = {
        let password = password.clone();
        app.hashing(request, move |_| password.hash()).await??
    };
    match app.store().adopt_password(registration.id, hash, app.now()).await? {
        PasswordChange::Done(registration) => Ok(registration),
        // Somebody else was first; this may be the same password.
        PasswordChange::Overtaken(current) => check(app, current, password, request).await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::join_all;
    use jiff::SignedDuration;
    use serde_json::{Map, Value};

    use super::*;
    use crate::clock::ManualClock;
    use crate::local_app::accounts::OneTimeToken;
    use crate::local_app::sessions::Device;
    use crate::local_app::store::{Identity, ImportEntry, User};
    use crate::local_app::{Options, Storage};

    const EMAIL: &str = "a@example.com";

    async fn app() -> (Arc<App>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
        let options = Options { clock: clock.clone(), ..Options::new("shop-abcde", Storage::Memory) };
        (Arc::new(App::open("shop-abcde".parse().unwrap(), options).await.unwrap()), clock)
    }

    async fn verify(app: &App, password: &str) -> Result<VerifiedIdentity, Failure> {
        let credentials = [("username", EMAIL), ("password", password)];
        let payload = Map::from_iter(credentials.map(|(key, value)| (key.to_owned(), Value::from(value))));
        app.verify_identity(Provider::LocalUserpass, &payload, &RequestFacts::default()).await
    }

    fn adoptable(app: &App) -> Registration {
        let adopt_until = Some(app.now() + SignedDuration::from_hours(1));
        Registration { adopt_until, ..Registration::new(EMAIL, "", app.now()) }
    }

    /// An account as an import leaves it: without a password, which may be chosen for an hour.
    async fn import(app: &App, change: impl FnOnce(&mut Registration)) {
        let mut registration = adoptable(app);
        change(&mut registration);
        app.store().register(registration, None, None).await.unwrap();
    }

    #[track_caller]
    fn assert_refused(outcome: Result<VerifiedIdentity, Failure>) {
        assert!(matches!(outcome, Err(Failure::InvalidCredentials)), "{outcome:?}");
    }

    /// Hashing takes long, and happens outside of any transaction.
    #[tokio::test]
    async fn a_password_that_was_right_is_worth_nothing_once_its_registration_is_gone() {
        let (app, _) = app().await;
        let facts = RequestFacts::default();
        let password = || Password::new("correct horse".to_owned());
        app.register(EMAIL.to_owned(), password(), &facts).await.unwrap();
        let first = verify(&app, "correct horse").await.unwrap();
        let late = verify(&app, "correct horse").await.unwrap();
        let user = app.log_in(first, Device::Absent, &facts).await.unwrap();
        app.delete_user(user.user_id).await.unwrap();
        // The email is somebody else's by the time the slow login gets on.
        app.register(EMAIL.to_owned(), password(), &facts).await.unwrap();
        let outcome = app.log_in(late, Device::Absent, &facts).await;
        assert!(matches!(outcome, Err(Failure::InvalidCredentials)));
    }

    /// So that the time of the answer does not tell what there is.
    #[tokio::test]
    async fn every_login_costs_one_hash() {
        type Change = fn(&mut Registration);
        let stored = Password::new("correct horse".to_owned()).hash().unwrap();
        let changes: [(&str, Change); 5] = [
            ("adoptable", |_| {}),
            ("past the deadline", |own| own.adopt_until = Some(own.created_at)),
            ("never adoptable", |own| own.adopt_until = None),
            ("neither confirmed nor with a password", |own| own.confirmed = false),
            ("with a hash that nobody knows", |own| own.password_hash = "$1$unknown".to_owned()),
        ];
        for password in ["correct horse", "another horse", "short"] {
            let (nobody, _) = app().await;
            assert_refused(verify(&nobody, password).await);
            assert_eq!(nobody.hashes(), 1, "an unknown email, {password}");
            for (is_confirmed, name) in [(true, "confirmed"), (false, "unconfirmed")] {
                let (app, _) = app().await;
                let hash = stored.clone();
                import(&app, |own| (own.password_hash, own.confirmed) = (hash, is_confirmed)).await;
                let outcome = verify(&app, password).await;
                assert_eq!(
                    outcome.is_ok(),
                    is_confirmed && password == "correct horse",
                    "{name}, {password}"
                );
                assert_eq!(app.hashes(), 1, "{name}, {password}");
            }
            for (name, change) in changes {
                let (app, _) = app().await;
                import(&app, change).await;
                let outcome = verify(&app, password).await;
                assert_eq!(outcome.is_ok(), name == "adoptable" && password != "short", "{name}, {password}");
                assert_eq!(app.hashes(), 1, "{name}, {password}");
            }
        }
    }

    #[tokio::test]
    async fn the_first_password_within_the_deadline_becomes_the_accounts() {
        let (app, clock) = app().await;
        import(&app, |_| {}).await;
        // Not one that nobody may have.
        assert_refused(verify(&app, "short").await);
        verify(&app, "first password").await.unwrap();
        assert_refused(verify(&app, "second password").await);
        clock.advance(SignedDuration::from_hours(2));
        verify(&app, "first password").await.unwrap();
    }

    #[tokio::test]
    async fn without_a_deadline_or_after_it_only_a_reset_gives_a_password() {
        for deadline in [None, Some(SignedDuration::ZERO), Some(SignedDuration::from_secs(-1))] {
            let (app, _) = app().await;
            let until = deadline.map(|deadline| app.now() + deadline);
            import(&app, |registration| registration.adopt_until = until).await;
            for password in ["first password", ""] {
                assert_refused(verify(&app, password).await);
            }
            app.send_password_reset(EMAIL.to_owned()).await.unwrap();
            let mail = app.mails(None).await.unwrap().remove(0).mail;
            let token = OneTimeToken { id: mail.token_id, text: mail.token };
            app.reset_password(token, Password::new("by the reset".to_owned()), &RequestFacts::default())
                .await
                .unwrap();
            verify(&app, "by the reset").await.unwrap();
        }
    }

    #[tokio::test]
    async fn of_simultaneous_first_passwords_one_counts() {
        let (app, _) = app().await;
        import(&app, |_| {}).await;
        let passwords: Vec<_> = (0..6).map(|i| format!("password {}", i / 2)).collect();
        let outcomes = join_all(passwords.iter().map(|password| verify(&app, password))).await;
        let accepted: Vec<_> = passwords
            .iter()
            .zip(&outcomes)
            .filter(|(_, outcome)| outcome.is_ok())
            .map(|(own, _)| own)
            .collect();
        // Each was given twice, and both of the one that counts are right.
        assert_eq!(accepted.len(), 2, "{accepted:?}");
        assert_eq!(accepted[0], accepted[1]);
        verify(&app, accepted[0]).await.unwrap();
    }

    #[tokio::test]
    async fn neither_an_unconfirmed_registration_nor_a_disabled_user_adopts_a_password() {
        let (unconfirmed, _) = app().await;
        import(&unconfirmed, |registration| registration.confirmed = false).await;
        assert_refused(verify(&unconfirmed, "first password").await);

        let (app, _) = app().await;
        let now = app.now();
        let user = User {
            id: "610d81f929164593aa50e664".to_owned(),
            kind: "normal".to_owned(),
            disabled: true,
            created_at: now,
            last_login_at: now,
        };
        let identity = Identity {
            user_id: user.id.clone(),
            provider: "local-userpass".to_owned(),
            id: "610d81f929164593aa50e663".to_owned(),
            data: Map::new(),
        };
        let registration = Registration { id: identity.id.clone(), ..adoptable(&app) };
        let entry = ImportEntry {
            user,
            identities: vec![identity],
            registration: Some(registration.clone()),
            adopt_until: registration.adopt_until,
            reset: None,
        };
        app.store().import_users(vec![entry]).await.unwrap();
        assert!(matches!(verify(&app, "first password").await, Err(Failure::UserDisabled)));
        let stored =
            app.store().registration(RegistrationKey::Email(EMAIL.to_owned())).await.unwrap().unwrap();
        assert_eq!(stored.password_hash, "");
    }
}
